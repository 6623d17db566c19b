//! Captures, what a crash left, and exports in the window, by what can be read on it, in both languages.

mod support;

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use sockscope::capture::pcapng;
use sockscope::i18n::Language;
use sockscope::session::draft::Draft;
use sockscope::session::event::{EndedBy, Ending, Origin, SessionEvent, What};
use sockscope::session::id::{ConnectionId, Peer, SessionId};
use sockscope::session::spec::Role as Kind;
use sockscope::session::timestamp::Timestamp;
use sockscope::settings::{Loaded, Settings};
use sockscope::store::shelf::Shelf;
use sockscope::store::spool::Spool;
use sockscope::traffic::filing::Streams;
use sockscope::traffic::record::{Record, RecordId};
use std::net::UdpSocket;
use std::path::Path;
use support::{LANGUAGES, ROOMY, Side, Window};

fn peer(number: u32) -> Peer {
    Peer::connected(ConnectionId(number), format!("127.0.0.1:{}", 50_000 + number).parse().unwrap())
}

/// A server with two clients.
fn records() -> Vec<(RecordId, Record)> {
    let local = "127.0.0.1:9000".parse().unwrap();
    let received = |number: u32, text: &str| What::Received { peer: peer(number), bytes: text.as_bytes().into() };
    let story = [
        What::Opening { spec: Box::new(Draft::new(Kind::TcpServer).spec().unwrap()) },
        What::Listening { local },
        What::PeerJoined { peer: peer(1), local },
        What::PeerJoined { peer: peer(2), local },
        received(1, "你好"),
        received(2, "second client"),
        What::Sent { peer: peer(1), bytes: b"answer".as_slice().into(), origin: Origin::User },
        What::PeerLeft { peer: peer(1), ending: Ending { by: EndedBy::PeerFin, received: 6, sent: 6 } },
    ];
    let mut streams = Streams::default();
    let file = |(index, what): (usize, What)| {
        let at = Timestamp(1_784_593_234_093_000 + index as i64 * 137_000);
        streams.file(&SessionEvent { session: SessionId(1), at, what }).unwrap()
    };
    story.into_iter().enumerate().map(file).collect()
}

fn write_capture(path: &Path) {
    let mut writer = pcapng::Writer::new();
    let mut bytes = Vec::new();
    writer.header(&mut bytes);
    for (id, record) in records() {
        writer.record(id, &record, &mut bytes);
    }
    std::fs::write(path, bytes).unwrap();
}

/// What a run that was killed left below `root`.
fn leave_spool(root: &Path, session: SessionId) {
    let shelf = Shelf::new(root, Timestamp(1_784_593_234_093_000));
    shelf.make().unwrap();
    let mut spool = Spool::new(shelf.session(session), 1 << 20);
    for (id, record) in records() {
        spool.append(id, &record);
    }
    spool.flush().unwrap();
}

fn window_over(language: Language, root: &Path) -> Window {
    let settings = Settings { language: Some(language), records_folder: Some(root.to_owned()), ..Settings::default() };
    Window::start(Loaded { settings, damaged: None }, None, ROOMY)
}

#[test]
fn our_own_capture_opens_as_a_tab_for_looking_alone() {
    for language in LANGUAGES {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace.pcapng");
        write_capture(&path);
        let mut window = Window::open(language);
        // The button, a path, Enter.
        window.press("top.open", Side::Any);
        window.fill(&window.tr("save.path"), &path.display().to_string(), Side::Any);
        window.key(Key::Enter, Modifiers::NONE);
        window.wait_for_row(Side::Any, "你好");
        for part in ["trace.pcapng", &window.tr("file.state"), &window.tr("file.own"), &window.tr("file.read_only")] {
            assert!(window.reads(part), "{part}: {}", window.told());
        }
        for gone in ["network.open", "send.button", "receive.clear", "receive.pause", "status.reset"] {
            assert!(!window.all().iter().any(|seen| seen.text() == window.tr(gone)), "{gone}: {}", window.told());
        }
        assert_eq!(window.rows(Side::Any).len(), 8);

        // Its connections are a filter.
        window.wait_for(&language.tr_with("clients.title_past", &[("count", &2)]));
        window.click("127.0.0.1:9000 ⇄ 127.0.0.1:50002", Side::Any);
        window.until("the filter", |window| !window.reads("你好") && window.reads("second client"));
        window.press("clients.all", Side::Any);
        window.wait_for_row(Side::Any, "你好");

        // Each direction is read in what its streams tell, until another encoding is chosen for it.
        let [received, sent] = ["receive.encoding", "file.sent_encoding"].map(|key| window.tr(key));
        let chosen = |window: &Window, name: &str| window.find(&[Role::ComboBox], name, Side::Any)[0].value.clone();
        window.choose(&received, 0, "UTF-8", Side::Any);
        assert_eq!((chosen(&window, &received), chosen(&window, &sent)), ("UTF-8".into(), window.tr("encoding.auto")));
        window.choose(&sent, 0, "GBK", Side::Any);
        window.choose(&received, 0, &window.tr("encoding.auto"), Side::Any);
        assert_eq!((chosen(&window, &received), chosen(&window, &sent)), (window.tr("encoding.auto"), "GBK".into()));

        // And its views are as everywhere.
        window.segment("receive.hex", 0, Side::Any);
        window.wait_for_row(Side::Any, "E4 BD A0 E5 A5 BD");

        // Nothing of it is remembered, and it is gone with its tab.
        window.click(&language.tr_with("tab.close", &[("title", &"trace.pcapng")]), Side::Any);
        window.wait_for(&window.tr("welcome.title"));
    }
}

/// A file as the system hands it over when it is dropped.
#[derive(Debug)]
struct Dropped(std::path::PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("nobody reads it here".into())
    }
}

#[test]
fn files_that_are_dropped_open_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["one.pcapng", "two.pcapng", "three.pcapng"].map(|name| folder.path().join(name));
    paths.iter().for_each(|path| write_capture(path));
    let mut window = Window::open(Language::Chinese);
    window.drop_files(paths.map(|path| std::sync::Arc::new(Dropped(path)) as egui::DroppedFileHandle));
    let tabs = |window: &Window| window.all().iter().filter(|seen| seen.role == Role::Tab).count();
    window.until("three tabs", |window| tabs(window) == 3);
    window.wait_for_row(Side::Any, "你好");
    // Their records are this run's, and go with their tabs.
    let settings = window.settings();
    assert!(settings.sessions.is_empty());
    for name in ["one.pcapng", "two.pcapng", "three.pcapng"] {
        window.click(&Language::Chinese.tr_with("tab.close", &[("title", &name)]), Side::Any);
    }
    window.wait_for(&window.tr("welcome.title"));
    window.until("no records on disk", |window| spools(window.settings().records_folder.as_ref().unwrap()) == 0);
}

/// Files of records below a folder.
fn spools(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries
        .map(|path| if path.is_dir() { spools(&path) } else { usize::from(path.extension().is_some_and(|it| it == "spool")) })
        .sum()
}

#[test]
fn a_netassist_log_opens_in_the_encoding_that_it_was_sent_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.log");
    let mut log = b"[2026-07-21 08:20:34.093]# RECV ASCII/4 <<<\r\n".to_vec();
    log.extend([0xC4, 0xE3, 0xBA, 0xC3]);
    log.extend(b"\r\n\r\n[2026-07-21 08:20:35.093]# SEND HEX/2 >>>\r\n01 FF\r\n\r\n");
    std::fs::write(&path, log).unwrap();
    let mut window = Window::open(Language::English);
    window.open_file(&path);
    window.wait_for_row(Side::Any, "你好");
    assert!(window.reads("NetAssist log"), "{}", window.told());
    assert!(window.rows(Side::Any).iter().any(|row| row.starts_with('→') && row.contains(" 2 B ")));
}

#[test]
fn what_cannot_be_opened_says_why_and_makes_no_tab() {
    for language in LANGUAGES {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no.pcapng");
        let mut window = Window::open(language);
        window.open_file(&path);
        window.wait_for(&window.tr("capture.not_found"));
        assert!(window.reads(&path.display().to_string()));
        window.press("notice.close", Side::Any);
        std::fs::write(&path, "nothing of ours").unwrap();
        window.open_file(&path);
        window.wait_for("6E 6F 74 68");
        assert!(window.reads(&window.tr("welcome.title")));

        let settings = Settings { language: Some(language), disk_mib: 0, ..Settings::default() };
        let mut window = Window::with(settings, ROOMY);
        write_capture(&path);
        window.open_file(&path);
        window.wait_for(&language.tr_with("open.no_disk", &[("path", &path.display())]));
    }
}

#[test]
fn what_a_crash_left_is_offered_and_opened_once() {
    for language in LANGUAGES {
        let root = tempfile::tempdir().unwrap();
        leave_spool(root.path(), SessionId(3));
        let mut window = window_over(language, root.path());
        window.press("recovery.open", Side::Any);
        window.wait_for_row(Side::Any, "你好");
        let name = format!("{} 127.0.0.1:9000", window.tr("role.tcp_server"));
        let title = language.tr_with("file.title_recovered", &[("name", &name)]);
        assert_eq!(window.find(&[Role::Tab], &title, Side::Any).len(), 1, "{}", window.told());
        assert!(window.reads(&window.tr("file.recovered")) && window.reads(&window.tr("file.goes")));
        assert!(window.find(&[Role::Button], &window.tr("recovery.open"), Side::Any).is_empty());

        // Ended by a signal it is there again, and so it is when the window was closed over it; not once its own tab was.
        window.end_by_signal();
        let mut again = window_over(language, root.path());
        again.press("recovery.open", Side::Any);
        again.wait_for_row(Side::Any, "second client");
        drop(again);
        let mut last = window_over(language, root.path());
        last.press("recovery.open", Side::Any);
        last.wait_for_row(Side::Any, "second client");
        last.click(&language.tr_with("tab.close", &[("title", &title)]), Side::Any);
        last.wait_for(&last.tr("welcome.title"));
        drop(last);
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
    }
}

#[test]
fn a_part_that_is_damaged_is_kept_and_told() {
    for language in LANGUAGES {
        let root = tempfile::tempdir().unwrap();
        leave_spool(root.path(), SessionId(3));
        let run = std::fs::read_dir(root.path()).unwrap().next().unwrap().unwrap().path();
        let damaged = run.join("3").join("00000000000000000100.spool");
        std::fs::write(&damaged, "SKSPXXL1 and records behind it").unwrap();
        let mut window = window_over(language, root.path());
        window.press("recovery.open", Side::Any);
        window.wait_for_row(Side::Any, "你好");
        window.wait_for(&language.tr_with("recovery.part_kept", &[("path", &run.join("3").display())]));
        assert!(damaged.exists());
    }
}

#[test]
fn what_a_crash_left_can_wait_and_is_deleted_only_when_asked_twice() {
    for language in LANGUAGES {
        let root = tempfile::tempdir().unwrap();
        leave_spool(root.path(), SessionId(3));
        let runs = || std::fs::read_dir(root.path()).unwrap().count();
        let mut window = window_over(language, root.path());
        window.wait_for(&window.tr("recovery.later"));
        // Another that runs at the same time is not offered it.
        let other = window_over(language, root.path());
        assert!(!other.reads(&window.tr("recovery.later")));
        drop(other);
        window.press("recovery.later", Side::Any);
        assert!(!window.reads(&window.tr("recovery.later")));
        drop(window);
        assert_eq!(runs(), 1);

        let mut window = window_over(language, root.path());
        window.press("recovery.discard", Side::Any);
        window.press("recovery.keep", Side::Any);
        window.press("recovery.discard", Side::Any);
        assert_eq!(runs(), 1);
        window.press("recovery.delete", Side::Any);
        window.until("the end of it", |_| runs() == 0);
    }
}

#[test]
fn filtered_rows_are_exported_and_read_back() {
    for language in LANGUAGES {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace.pcapng");
        write_capture(&path);
        let mut window = Window::open(language);
        window.open_file(&path);
        window.wait_for_row(Side::Any, "你好");
        window.press("filter.open", Side::Any);
        window.fill(&window.tr("filter.pattern"), "second", Side::Any);
        window.until("the filter", |window| !window.reads("你好"));
        window.press("receive.save", Side::Any);
        let offered = language.tr_with("save.filtered", &[("count", &1)]);
        window.until(&offered, |window| window.all().iter().any(|seen| seen.value == offered));
        let out = folder.path().join("out.txt");
        window.fill(&window.tr("save.path"), &out.display().to_string(), Side::Any);
        window.press("save.save", Side::Any);
        window.wait_for(&out.display().to_string());
        let saved = std::fs::read_to_string(&out).unwrap();
        assert_eq!(saved.lines().count(), 1, "{saved}");
        assert!(saved.contains("second client"), "{saved}");
        window.press("notice.close", Side::Any);

        // A file that is there is replaced when that is wanted, and the ending follows the format.
        window.press("receive.save", Side::Any);
        window.fill(&window.tr("save.path"), &out.display().to_string(), Side::Any);
        window.press("save.save", Side::Any);
        window.wait_for(&window.tr("save.exists"));
        window.choose(&window.tr("save.rows"), 0, &language.tr_with("save.all", &[("count", &8)]), Side::Any);
        window.choose(&window.tr("save.format"), 0, &window.tr("format.pcapng"), Side::Any);
        let copy = out.with_extension("pcapng");
        assert_eq!(window.field(&window.tr("save.path"), Side::Any).value, copy.display().to_string());
        window.press("save.save", Side::Any);
        window.wait_for(&copy.display().to_string());
        window.until("the file", |_| copy.exists());
        assert_eq!(std::fs::read(&copy).unwrap(), std::fs::read(&path).unwrap());
        window.press("receive.save", Side::Any);
        window.fill(&window.tr("save.path"), &out.display().to_string(), Side::Any);
        window.press("save.save", Side::Any);
        window.press("save.replace", Side::Any);
        window.wait_for(&out.display().to_string());
    }
}

#[test]
fn a_signal_leaves_the_records_of_open_sessions_for_the_next_start() {
    let root = tempfile::tempdir().unwrap();
    let language = Language::English;
    let mut window = window_over(language, root.path());
    window.press("role.udp", Side::Any);
    window.press("network.open", Side::Any);
    let row = window.wait_for_row(Side::Any, "Bound to 127.0.0.1:");
    let port: u16 = row.split("127.0.0.1:").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    UdpSocket::bind("127.0.0.1:0").unwrap().send_to("over the week-end".as_bytes(), ("127.0.0.1", port)).unwrap();
    window.wait_for_row(Side::Any, "over the week-end");
    window.end_by_signal();
    let mut next = window_over(language, root.path());
    next.press("recovery.open", Side::Any);
    next.wait_for_row(Side::Any, "over the week-end");
}
