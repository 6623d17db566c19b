//! Search, filter and framing in the window, over real sockets: what is found is marked, what is hidden is not lost, and rows can be
//! cut anew at any time.

mod support;

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use sockscope::i18n::Language;
use sockscope::settings::Settings;
use std::io::Write;
use std::net::TcpStream;
use support::{LANGUAGES, ROOMY, Side, Window};

/// A server session and a client of it that has sent these, a read each.
fn received(settings: Settings, language: Language, messages: &[&[u8]]) -> (Window, TcpStream) {
    let mut window = Window::with(Settings { language: Some(language), ..settings }, ROOMY);
    window.press("role.tcp_server", Side::Any);
    window.fill(&window.tr("network.local_port"), "0", Side::Any);
    window.press("network.open", Side::Any);
    let listening = window.wait_for_row(Side::Any, "127.0.0.1:");
    let port: u16 = listening.rsplit(':').next().unwrap().trim().parse().unwrap();
    let mut peer = TcpStream::connect(("127.0.0.1", port)).unwrap();
    peer.set_nodelay(true).unwrap();
    for (index, message) in messages.iter().enumerate() {
        peer.write_all(message).unwrap();
        let count = language.tr_with("status.received", &[("records", &(index + 1)), ("bytes", &"")]);
        window.wait_for(count.trim_end());
    }
    (window, peer)
}

fn data_rows(window: &Window) -> Vec<String> {
    window.rows(Side::Any).into_iter().filter(|row| row.starts_with('←')).collect()
}

fn selected(window: &Window) -> Vec<String> {
    let all = window.all().into_iter();
    all.filter(|seen| seen.role == Role::ListItem && seen.on).map(|seen| seen.label).collect()
}

#[test]
fn a_search_goes_through_all_rows_and_across_reads() {
    for language in LANGUAGES {
        let parts: [&[u8]; 4] = ["找 针".as_bytes(), b"none", b"half a nee", b"dle, a needle"];
        let (mut window, _peer) = received(Settings::default(), language, &parts);
        window.key(Key::F, Modifiers::COMMAND);
        window.fill(&window.tr("find.field"), "needle", Side::Any);
        window.wait_for(&language.tr_with("find.count", &[("count", &2)]));
        window.key(Key::F3, Modifiers::NONE);
        assert!(selected(&window)[0].contains("half a nee"), "{:?}", selected(&window));
        window.wait_for("1 / 2");
        window.key(Key::F3, Modifiers::NONE);
        window.wait_for("2 / 2");
        assert!(selected(&window)[0].contains("dle, a needle"));
        window.key(Key::F3, Modifiers::NONE);
        window.wait_for("1 / 2");
        window.key(Key::F3, Modifiers::SHIFT);
        window.wait_for("2 / 2");
        // Another kind, and what cannot be understood says so and where.
        window.fill(&window.tr("find.field"), "针", Side::Any);
        window.wait_for(&language.tr_with("find.count", &[("count", &1)]));
        let kind = window.find(&[Role::ComboBox], &window.tr("find.kind"), Side::Any);
        window.click_on(&kind[0]);
        let hex = window.find(&[Role::Button], &window.tr("find.hex"), Side::Any);
        window.click_on(&hex[0]);
        window.fill(&window.tr("find.field"), "e9 9? 8", Side::Any);
        window.until("a complaint", |window| !window.reads(&language.tr_with("find.count", &[("count", &1)])));
        window.fill(&window.tr("find.field"), "e9 9? ??", Side::Any);
        window.wait_for(&language.tr_with("find.count", &[("count", &1)]));
    }
}

#[test]
fn a_filter_hides_rows_follows_new_ones_and_is_cleared() {
    for language in LANGUAGES {
        let (mut window, mut peer) = received(Settings::default(), language, &[b"keep 1", b"drop", b"keep 2"]);
        window.press("filter.open", Side::Any);
        window.fill(&window.tr("filter.pattern"), "KEEP", Side::Any);
        window.until("nothing", |window| data_rows(window).is_empty());
        let ignore = window.tr("find.ignore_case");
        window.click(&ignore, Side::Any);
        window.until("two rows", |window| data_rows(window).len() == 2);
        peer.write_all(b"keep 3").unwrap();
        window.until("a third row", |window| data_rows(window).len() == 3);
        window.fill(&window.tr("filter.longest"), "x", Side::Any);
        assert!(window.reads("x"), "{}", window.told());
        window.until("a wrong filter hides nothing", |window| data_rows(window).len() == 4);
        window.fill(&window.tr("filter.longest"), "", Side::Any);
        window.until("three rows", |window| data_rows(window).len() == 3);
        // What is cleared is no row any more, and what comes next is.
        window.press("receive.clear", Side::Any);
        window.until("no row", |window| data_rows(window).is_empty());
        for (count, message) in [(1, "keep 4"), (1, "drop")] {
            peer.write_all(message.as_bytes()).unwrap();
            window.until(message, |window| data_rows(window).len() == count);
        }
        peer.write_all(b"keep 5").unwrap();
        window.until("two rows", |window| data_rows(window).len() == 2);
        window.press("filter.clear", Side::Any);
        window.until("every row", |window| data_rows(window).iter().any(|row| row.contains("drop")));
    }
}

#[test]
fn rows_are_cut_anew_at_any_time() {
    for language in LANGUAGES {
        let parts: [&[u8]; 3] = ["一行\n第".as_bytes(), "二行\n".as_bytes(), b"login: "];
        let (mut window, mut peer) = received(Settings::default(), language, &parts);
        assert_eq!(data_rows(&window).len(), 3);
        window.choose(&window.tr("framing.title"), 0, &window.tr("framing.line"), Side::Any);
        window.until("lines", |window| data_rows(window).iter().any(|row| row.contains("第二行")));
        let rows = data_rows(&window);
        assert_eq!(rows.len(), 3, "{rows:?}");
        // A prompt without a line end is seen, and said to be unfinished.
        assert!(rows[2].contains("login: ") && rows[2].contains(&window.tr("framing.unfinished")), "{rows:?}");
        peer.write_all(b"root\n").unwrap();
        window.wait_for_row(Side::Any, "login: root");
        window.choose(&window.tr("framing.title"), 0, &window.tr("framing.fixed"), Side::Any);
        window.fill(&window.tr("framing.size"), "", Side::Any);
        // What is not right yet changes nothing.
        window.until("rows of eight bytes", |window| data_rows(window)[0].contains(" 8 B "));
        window.fill(&window.tr("framing.size"), "7", Side::Any);
        window.until("rows of seven bytes", |window| data_rows(window)[0].contains(" 7 B "));
        window.choose(&window.tr("framing.title"), 0, &window.tr("framing.read"), Side::Any);
        window.until("the reads again", |window| data_rows(window).len() == 4);
    }
}

#[test]
fn what_left_memory_is_read_from_disk_wherever_one_scrolls() {
    // 4 MiB is the least memory; 40 messages of 256 KiB are more than twice that.
    let settings = Settings { memory_mib: 4, ..Settings::default() };
    let (mut window, mut peer) = received(settings, Language::English, &[b"the very first"]);
    let block = vec![b'x'; 256 << 10];
    for _ in 0..40 {
        peer.write_all(&block).unwrap();
    }
    window.wait_for("10.5 MB");
    peer.write_all(b"the very last").unwrap();
    window.wait_for_row(Side::Any, "the very last");
    let last = window.wait_for_row(Side::Any, "the very last");
    window.click(&last, Side::Any);
    window.key(Key::Home, Modifiers::NONE);
    window.wait_for_row(Side::Any, "the very first");
    // A search finds what is only on disk, and what is only there can be copied.
    window.key(Key::F, Modifiers::COMMAND);
    window.fill(&window.tr("find.field"), "very", Side::Any);
    // The last one is selected, so the next is around the end.
    window.wait_for("2 / 2");
    window.key(Key::F3, Modifiers::NONE);
    window.row_menu(Side::Any, "the very first", "copy.hex");
    assert_eq!(window.take_copied().as_deref(), Some("74 68 65 20 76 65 72 79 20 66 69 72 73 74"));
}

#[test]
fn the_reader_stays_where_he_was_when_a_filter_goes() {
    let lines: Vec<String> =
        (0..300).map(|number| format!("{number:03} {}", if number == 150 { "needle" } else { "hay" })).collect();
    let messages: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
    let (mut window, _peer) = received(Settings::default(), Language::English, &messages);
    window.press("filter.open", Side::Any);
    window.fill(&window.tr("filter.pattern"), "needle", Side::Any);
    window.until("the one row", |window| data_rows(window).len() == 1);
    let found = window.wait_for_row(Side::Any, "150 needle");
    window.click(&found, Side::Any);
    window.press("receive.follow", Side::Any);
    window.press("filter.clear", Side::Any);
    window.wait_for_row(Side::Any, "149 hay");
    assert!(data_rows(&window).iter().any(|row| row.contains("151 hay")), "{:?}", data_rows(&window));
}
