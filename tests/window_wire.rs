//! What the system knows, in the window, over real sockets: the states of both ends, and the packets between them; in both languages.

mod support;

use egui::accesskit::Role;
use sockscope::capture::{self, Kind, Options};
use sockscope::codec::encoding::Encoding;
use sockscope::session::event::What;
use support::{LANGUAGES, Side, Window};

fn pair(language: sockscope::i18n::Language) -> Window {
    let mut window = Window::open(language);
    window.press("pair.tcp", Side::Any);
    let connected = window.tr("note.connected").split('%').next().unwrap().to_owned();
    window.wait_for_row(Side::Right, connected.trim());
    window
}

/// What is said of an end: `本端 127.0.0.1:5  TIME-WAIT`.
fn stands(window: &Window, key: &str, state: &str) -> bool {
    let begin = window.tr(key).split('%').next().unwrap().to_owned();
    let says = |text: &str| text.starts_with(&begin) && text.contains(&format!("  {state}"));
    window.all().iter().any(|seen| seen.role == Role::Label && says(seen.text()))
}

// Elsewhere the sockets of the other end may be told by another name; the states of Linux are known.
#[cfg(target_os = "linux")]
#[test]
fn both_ends_of_a_pair_are_lit_and_the_one_that_closes_first_waits() {
    for language in LANGUAGES {
        let mut window = pair(language);
        window.press("page.states", Side::Left);
        window.until("both established", |window| {
            stands(window, "states.ours", "ESTABLISHED") && stands(window, "states.theirs", "ESTABLISHED")
        });
        window.press("network.half_close", Side::Right);
        window.until("the client waits", |window| stands(window, "states.theirs", "TIME-WAIT"));
        assert!(stands(&window, "states.ours", "CLOSED"), "{}", window.told());
        let begin = window.tr("states.is_here").split("%{time}").nth(1).unwrap().to_owned();
        assert!(begin.is_empty() || window.reads(&begin));
        // The other page of the pair tells the same from its side.
        window.press("page.states", Side::Right);
        window.until("this end waits", |window| stands(window, "states.ours", "TIME-WAIT"));
    }
}

#[test]
fn packets_are_captured_and_saved_or_it_is_said_how_to_be_allowed() {
    for language in LANGUAGES {
        let folder = tempfile::tempdir().unwrap();
        let mut window = pair(language);
        window.press("page.ladder", Side::Right);
        window.press("packets.capture", Side::Right);
        if window.find(&[Role::Button], &window.tr("packets.capturing"), Side::Right).is_empty() {
            let system = if cfg!(target_os = "linux") { "sudo setcap cap_net_raw+ep /" } else { "Wireshark" };
            assert!(window.reads(system), "{}", window.told());
            continue;
        }
        window.fill(&window.tr("send.box"), "captured", Side::Right);
        window.press("send.button", Side::Right);
        window.press("network.close", Side::Right);
        // Data and its acknowledgement, two FINs and at least one acknowledgement more.
        let count = |window: &Window| {
            let (before, after) =
                window.tr("packets.count").split_once("%{count}").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
            let counts = window
                .all()
                .into_iter()
                .filter_map(|seen| seen.text().strip_prefix(&before)?.strip_suffix(&after)?.parse::<u32>().ok());
            counts.max().unwrap_or(0)
        };
        window.until("enough packets", |window| count(window) >= 5);
        let path = folder.path().join("报文.pcapng");
        window.press("packets.save", Side::Right);
        window.fill(&window.tr("save.path"), &path.display().to_string(), Side::Any);
        window.press("hand_out.save", Side::Any);
        window.until("it is saved", |_| path.exists());
        let options = Options { encoding: Encoding::UTF_8, zone: jiff::tz::TimeZone::UTC };
        let read = capture::open(std::fs::File::open(&path).unwrap(), &options).unwrap();
        assert_eq!(read.kind(), Kind::Pcapng);
        let bytes: Vec<u8> = read
            .filter_map(|seen| match seen.unwrap().what {
                What::Received { bytes, .. } | What::Sent { bytes, .. } => Some(bytes.to_vec()),
                _ => None,
            })
            .flatten()
            .collect();
        assert_eq!(bytes, b"captured");
        // Ending it leaves what there is.
        window.press("packets.capturing", Side::Right);
        assert!(count(&window) >= 5 && window.find(&[Role::Button], &window.tr("packets.capture"), Side::Right).len() == 1);
    }
}
