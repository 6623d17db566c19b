//! The encoding lens, "auto" and the doctor, in the window, through labels; real sockets on this machine.

mod support;

use egui::accesskit::Role;
use egui::{Event, Key, Modifiers};
use sockscope::codec::encoding::Encoding;
use sockscope::i18n::Language;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use support::{LANGUAGES, Side, Window};

const SIMPLIFIED: &str = "服务器已经启动，正在等待客户端的连接";

fn server(language: Language) -> (Window, SocketAddr) {
    let mut window = Window::open(language);
    window.press("role.tcp_server", Side::Any);
    window.fill(&window.tr("network.local_port"), "0", Side::Any);
    window.press("network.open", Side::Any);
    let note = language.tr_with("note.listening", &[("local", &"127.0.0.1:")]);
    let row = window.wait_for_row(Side::Any, &note[..note.find("127.0.0.1:").unwrap() + 10]);
    let from = row.find("127.0.0.1:").unwrap();
    let address: String = row[from..].chars().take_while(|c| c.is_ascii_digit() || ".:".contains(*c)).collect();
    (window, address.parse().unwrap())
}

fn says(peer: &mut TcpStream, label: &str, text: &str) {
    peer.write_all(&Encoding::for_label(label).unwrap().encode(text).unwrap()).unwrap();
}

/// The rows with this text in them.
fn rows_with(window: &Window, part: &str) -> Vec<String> {
    window.rows(Side::Any).into_iter().filter(|row| row.contains(part)).collect()
}

/// The encodings in the lens, best first.
fn verdicts(window: &Window) -> Vec<String> {
    window.all().into_iter().filter(|seen| seen.role == Role::ListBoxOption).map(|seen| seen.label).collect()
}

#[test]
fn auto_reads_each_client_as_what_it_sends() {
    for language in LANGUAGES {
        let (mut window, address) = server(language);
        let mut peers: Vec<TcpStream> = (0..3).map(|_| TcpStream::connect(address).unwrap()).collect();
        for (peer, label) in peers.iter_mut().zip(["utf-8", "gbk", "utf-8"]) {
            says(peer, label, SIMPLIFIED);
        }
        window.until("three rows", |window| window.rows(Side::Any).iter().filter(|row| row.starts_with('←')).count() == 3);
        // What was chosen stays until "auto" is.
        assert_eq!(rows_with(&window, SIMPLIFIED).len(), 2, "{:?}", window.rows(Side::Any));
        window.choose(&window.tr("receive.encoding"), 0, &window.tr("encoding.auto"), Side::Any);
        window.until("all of them", |window| rows_with(window, SIMPLIFIED).len() == 3);
        // A row that is read otherwise than the direction says so.
        assert_eq!(rows_with(&window, "  GBK").len(), 1, "{:?}", window.rows(Side::Any));
        // It holds for what comes later, however short.
        says(&mut peers[1], "gbk", "好");
        window.until("a short row", |window| rows_with(window, "好").len() == 1);
        // And another choice is for all of them again.
        window.choose(&window.tr("receive.encoding"), 0, "Big5", Side::Any);
        window.until("none of them", |window| rows_with(window, SIMPLIFIED).is_empty());
    }
}

#[test]
fn an_encoding_is_applied_to_a_row_a_peer_a_direction_and_the_session() {
    for language in LANGUAGES {
        let (mut window, address) = server(language);
        let mut peers: Vec<TcpStream> = (0..2).map(|_| TcpStream::connect(address).unwrap()).collect();
        for peer in &mut peers {
            for number in 0..2 {
                says(peer, "gbk", &format!("第{number}条：{SIMPLIFIED}"));
                let count = window.rows(Side::Any).iter().filter(|row| row.starts_with('←')).count();
                window.until("a row", |window| window.rows(Side::Any).iter().filter(|row| row.starts_with('←')).count() > count);
            }
        }
        assert!(rows_with(&window, SIMPLIFIED).is_empty());
        let first = window.rows(Side::Any).into_iter().find(|row| row.starts_with('←')).unwrap();
        window.row_menu(Side::Any, &first, "lens.look");
        window.wait_for(&language.tr_with("lens.read_in", &[("encoding", &"GBK")]));
        for (key, right) in [("lens.for_record", 1), ("lens.for_peer", 2), ("lens.for_received", 4)] {
            window.press(key, Side::Any);
            window.until(key, |window| rows_with(window, SIMPLIFIED).len() == right);
        }
        window.choose(&window.tr("receive.encoding"), 0, "UTF-8", Side::Any);
        window.press("lens.for_record", Side::Any);
        window.until("a row", |window| rows_with(window, SIMPLIFIED).len() == 1);
        window.press("lens.take_back", Side::Any);
        window.until("UTF-8 again", |window| rows_with(window, SIMPLIFIED).is_empty());
        window.press("lens.for_session", Side::Any);
        window.until("the session", |window| rows_with(window, SIMPLIFIED).len() == 4);
    }
}

#[test]
fn bytes_that_are_typed_are_judged() {
    for language in LANGUAGES {
        let mut window = Window::open(language);
        window.press("top.lens", Side::Any);
        window.segment("lens.typed", 0, Side::Any);
        window.fill(&window.tr("lens.typed_label"), "E4 BD A0 E5 A5", Side::Any);
        window.until("a verdict", |window| !verdicts(window).is_empty());
        window.fill(&window.tr("lens.typed_label"), "E4 BD A0 E5 A5 BD", Side::Any);
        window.until("the reading", |window| window.reads("UTF-8 你好"));
        assert!(verdicts(&window)[0].starts_with("UTF-8 "), "{}", window.told());
        assert!(window.reads("浣犲ソ"), "the other reading is quoted: {}", window.told());
        // What is wrong is said, and what was typed stays.
        window.fill(&window.tr("lens.typed_label"), "E4 BDA", Side::Any);
        window.until("what is wrong", |window| verdicts(window).is_empty());
        assert_eq!(window.field(&window.tr("lens.typed_label"), Side::Any).value, "E4 BDA");
    }
}

#[test]
fn the_doctor_gives_back_what_can_be_had() {
    for language in LANGUAGES {
        let mut window = Window::open(language);
        window.press("top.lens", Side::Any);
        window.segment("lens.doctor", 0, Side::Any);
        window.fill(&window.tr("lens.doctor_box"), "浣犲ソ锛屼笘鐣", Side::Any);
        window.until("the text", |window| window.reads("你好，世"));
        window.fill(&window.tr("lens.doctor_box"), "锟斤拷锟斤拷", Side::Any);
        window.until("no text", |window| !window.reads("你好"));
    }
}

/// Bytes typed into the lens, and their verdict.
fn typed(language: Language, hex: &str) -> Window {
    let mut window = Window::open(language);
    window.press("top.lens", Side::Any);
    window.segment("lens.typed", 0, Side::Any);
    window.fill(&window.tr("lens.typed_label"), hex, Side::Any);
    window.until("a verdict", |window| !verdicts(window).is_empty());
    window
}

#[test]
fn the_keyboard_reaches_every_encoding_and_chooses_one() {
    let mut window = typed(Language::English, "E4 BD A0 E5 A5 BD");
    let all = verdicts(&window);
    let is_chosen = |window: &Window, name: &str| {
        window.all().iter().any(|seen| seen.role == Role::ListBoxOption && seen.label == name && seen.on)
    };
    assert!(is_chosen(&window, &all[0]));
    let focused = window.focused();
    // Out of the field, through the names in order; also those that are not in view.
    let mut reached = Vec::new();
    for _ in 0..all.len() + 20 {
        window.key(Key::Tab, Modifiers::NONE);
        let name = window.focused();
        if all.contains(&name) {
            reached.push(name);
        }
        if reached.len() == all.len() {
            break;
        }
    }
    assert_eq!(reached, all, "from {focused}");
    for key in [Key::Space, Key::Enter] {
        let last = window.focused();
        window.key(key, Modifiers::NONE);
        assert!(is_chosen(&window, &last), "{key:?}");
        // What the keyboard is at is in view.
        let seen = window.all().into_iter().find(|seen| seen.role == Role::ListBoxOption && seen.label == last).unwrap();
        let lens = window.all().into_iter().find(|seen| seen.text() == window.tr("lens.title")).unwrap();
        assert!(seen.rect.top() > lens.rect.bottom() && window.ctx().content_rect().contains(seen.rect.center()), "{seen:?}");
        window.key(Key::Tab, Modifiers::SHIFT);
    }
}

#[test]
fn escape_takes_back_which_bytes_are_selected() {
    for language in LANGUAGES {
        let mut window = typed(language, "41 E4 BD A0 E5 A5 BD");
        let strip = window.all().into_iter().find(|seen| seen.role == Role::Row && seen.label == "UTF-8 A你好").unwrap();
        let at = strip.rect.left_top() + egui::vec2(60.0, 8.0);
        window.click_at(at, egui::PointerButton::Primary, Modifiers::NONE);
        let picked = language.tr_with("lens.picked", &[("from", &1), ("count", &3)]);
        window.until("a selection", |window| window.reads(&picked));
        window.key(Key::Escape, Modifiers::NONE);
        window.until("all bytes", |window| !window.reads(&picked));
    }
}

#[test]
fn a_long_text_is_examined_beside_the_frames() {
    let mut window = Window::open(Language::English);
    window.press("top.lens", Side::Any);
    window.segment("lens.doctor", 0, Side::Any);
    let garbled = "浣犲ソ锛屼笘鐣岋紝浠婂ぉ澶╂皵寰堝ソ锛屾垜浠嚭鍘昏蛋璧板惂銆".repeat(60);
    window.fill(&window.tr("lens.doctor_box"), &garbled, Side::Any);
    window.until("the text", |window| window.reads("你好，世界，今天天气很好"));
    // Another text, typed while one is examined or not: the last word is about the last text.
    window.key(Key::A, Modifiers::COMMAND);
    window.event(Event::Text("浣犲ソ锛屼笘鐣".into()));
    window.until("the short text", |window| window.reads("你好，世") && !window.reads("今天天气很好"));
}

/// A client says a little, and only later enough to tell its encoding; the other one says it in another encoding.
#[test]
fn a_search_finds_what_was_said_before_its_encoding_was_told() {
    let language = Language::Chinese;
    let (mut window, address) = server(language);
    window.choose(&window.tr("receive.encoding"), 0, &window.tr("encoding.auto"), Side::Any);
    window.key(Key::F, Modifiers::COMMAND);
    window.fill(&window.tr("find.field"), "好", Side::Any);
    let mut peers: Vec<TcpStream> = (0..2).map(|_| TcpStream::connect(address).unwrap()).collect();
    says(&mut peers[0], "utf-8", "好");
    says(&mut peers[1], "gbk", "好");
    window.until("two rows", |window| window.rows(Side::Any).iter().filter(|row| row.starts_with('←')).count() == 2);
    window.wait_for(&language.tr_with("find.count", &[("count", &1)]));
    says(&mut peers[1], "gbk", &format!("{SIMPLIFIED}，很好"));
    window.wait_for(&language.tr_with("find.count", &[("count", &3)]));
}
