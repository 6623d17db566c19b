//! Recording in the window, by what can be read on it, in both languages, over real sockets.

#[path = "support/captured.rs"]
mod captured;
mod support;

use captured::received;
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use sockscope::i18n::Language;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;
use support::{LANGUAGES, Side, Window};

/// A window with a connected client, and its peer.
fn connected(language: Language) -> (Window, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut window = Window::open(language);
    window.press("role.tcp_client", Side::Any);
    window.fill(&window.tr("network.remote_port"), &port.to_string(), Side::Any);
    window.press("network.open", Side::Any);
    let (peer, _) = listener.accept().unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    window.wait_for(&window.tr("network.half_close"));
    (window, peer)
}

fn says(window: &mut Window, peer: &mut TcpStream, text: &str) {
    peer.write_all(text.as_bytes()).unwrap();
    window.wait_for_row(Side::Any, text);
}

/// Opens the dialogue and names the file.
fn choose(window: &mut Window, from: &str, path: &Path) {
    window.press("receive.record", Side::Any);
    window.press(from, Side::Any);
    window.fill(&window.tr("save.path"), &path.display().to_string(), Side::Any);
}

fn recording(window: &mut Window, path: &Path) {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let begin = window.tr("record.live").split('%').next().unwrap().to_owned();
    window.wait_for(&format!("{begin}{name}"));
}

/// Presses one of the two buttons that end a recording: that in the settings, or that in the status bar.
fn stop(window: &mut Window, which: usize) {
    let buttons = window.find(&[Role::Button], &window.tr("record.stop"), Side::Any);
    assert_eq!(buttons.len(), 2, "{}", window.told());
    window.click_on(&buttons[which]);
    window.wait_for(&window.tr("receive.record"));
    assert!(window.find(&[Role::Button], &window.tr("record.stop"), Side::Any).is_empty());
}

#[test]
fn a_session_is_recorded_from_now_on_or_from_the_beginning() {
    for language in LANGUAGES {
        let folder = tempfile::tempdir().unwrap();
        let (mut window, mut peer) = connected(language);
        says(&mut window, &mut peer, "before");
        for (which, from, expected) in [(0, "record.now", "after"), (1, "record.all", "beforeafterbehind")] {
            let path = folder.path().join(format!("录制 {which}.pcapng"));
            choose(&mut window, from, &path);
            window.press("record.begin", Side::Any);
            recording(&mut window, &path);
            says(&mut window, &mut peer, ["after", "behind"][which]);
            stop(&mut window, which);
            assert_eq!(String::from_utf8(received(&path).0).unwrap(), expected);
        }
    }
}

#[test]
fn a_file_that_is_there_is_replaced_only_when_the_user_says_so() {
    for language in LANGUAGES {
        let folder = tempfile::tempdir().unwrap();
        let (mut window, mut peer) = connected(language);
        let (there, other) = (folder.path().join("there.pcapng"), folder.path().join("other.pcapng"));
        std::fs::write(&there, b"precious").unwrap();
        choose(&mut window, "record.now", &there);
        window.press("record.begin", Side::Any);
        window.wait_for(&window.tr("cause.file-exists"));
        assert_eq!(window.find(&[Role::Button], &window.tr("record.replace"), Side::Any).len(), 1);
        // Another name is another question.
        window.fill(&window.tr("save.path"), &other.display().to_string(), Side::Any);
        assert!(!window.reads(&window.tr("cause.file-exists")) && !window.reads(&window.tr("record.replace")));
        window.fill(&window.tr("save.path"), &there.display().to_string(), Side::Any);
        window.press("record.begin", Side::Any);
        window.wait_for(&window.tr("record.replace"));
        assert_eq!(std::fs::read(&there).unwrap(), b"precious");
        window.press("record.replace", Side::Any);
        recording(&mut window, &there);
        says(&mut window, &mut peer, "new");
        stop(&mut window, 1);
        assert_eq!(received(&there).0, b"new");
        assert!(!other.exists());
    }
}

#[test]
fn a_path_that_cannot_be_recorded_to_says_why_and_can_be_corrected() {
    for language in LANGUAGES {
        let folder = tempfile::tempdir().unwrap();
        let (mut window, mut peer) = connected(language);
        choose(&mut window, "record.all", &folder.path().join("no/such.pcapng"));
        window.press("record.begin", Side::Any);
        window.wait_for(&window.tr("cause.file-gone"));
        let path = folder.path().join("such.pcapng");
        window.fill(&window.tr("save.path"), &path.display().to_string(), Side::Any);
        window.press("record.begin", Side::Any);
        recording(&mut window, &path);
        says(&mut window, &mut peer, "corrected");
        // While it can't be written the status bar and the log say so.
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        says(&mut window, &mut peer, "in vain");
        let begin = window.tr("record.failing").split('%').next().unwrap().to_owned();
        window.wait_for(&begin);
        window.wait_for_row(Side::Any, &window.tr("cause.file-gone"));
        std::fs::remove_dir(&path).unwrap();
        recording(&mut window, &path);
        stop(&mut window, 0);
        assert_eq!(received(&path).0, b"in vain");
    }
}

#[test]
fn all_of_it_by_keyboard() {
    let folder = tempfile::tempdir().unwrap();
    let (mut window, mut peer) = connected(Language::English);
    let focus = |window: &mut Window, name: &str| {
        for _ in 0..80 {
            if window.focused() == name {
                return;
            }
            window.key(Key::Tab, Modifiers::NONE);
        }
        panic!("{name} was not reached; there is:\n{}", window.told());
    };
    let words = ["receive.record", "record.now", "record.stop"].map(|key| window.tr(key));
    focus(&mut window, &words[0]);
    window.key(Key::Space, Modifiers::NONE);
    focus(&mut window, &words[1]);
    window.key(Key::Space, Modifiers::NONE);
    // The dialogue is there to be typed in.
    let path = folder.path().join("typed.pcapng");
    window.until("the focus", |window| window.focused() == window.tr("save.path"));
    window.key(Key::A, Modifiers::COMMAND);
    window.event(egui::Event::Text(path.display().to_string()));
    window.key(Key::Enter, Modifiers::NONE);
    recording(&mut window, &path);
    peer.write_all(b"typed").unwrap();
    window.wait_for_row(Side::Any, "typed");
    focus(&mut window, &words[2]);
    window.key(Key::Space, Modifiers::NONE);
    window.wait_for(&words[0]);
    assert_eq!(received(&path).0, b"typed");
    drop(window);
    peer.read_to_end(&mut Vec::new()).ok();
}
