//! Every panel of the window, by what can be read on it, in both languages, over real sockets.

mod support;

use egui::accesskit::Role;
use egui::{Event, ImeEvent, Key, Modifiers};
use sockscope::i18n::Language;
use sockscope::settings::{self, SendKey, Settings, Theme};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::{LANGUAGES, ROOMY, Side, Window};

#[test]
fn the_first_start_offers_the_loopback_pair() {
    for language in LANGUAGES {
        let window = Window::open(language);
        for key in ["welcome.title", "welcome.subtitle", "welcome.pair_tcp", "welcome.tip"] {
            assert!(window.reads(&window.tr(key)), "{key}: {}", window.told());
        }
        for key in ["pair.tcp", "pair.udp", "role.tcp_client", "role.tcp_server", "role.udp"] {
            assert!(window.control(&window.tr(key), Side::Any).enabled, "{key}");
        }
    }
}

#[test]
fn one_click_makes_a_connected_pair_and_text_goes_both_ways() {
    for language in LANGUAGES {
        for (pair, said) in [("pair.tcp", "你好，TCP"), ("pair.udp", "你好，UDP")] {
            let mut window = Window::open(language);
            window.press(pair, Side::Any);
            let open = if pair == "pair.tcp" { "state.listening" } else { "state.open" };
            for state in [open, "state.open"] {
                window.wait_for(&window.tr(state));
            }
            for (from, to) in [(Side::Right, Side::Left), (Side::Left, Side::Right)] {
                let text = format!("{said} {from:?}");
                let button = window.tr("send.button");
                window.write(&text, from);
                window.until("a message that may leave", |window| window.control(&button, from).enabled);
                window.click(&button, from);
                let sent = window.wait_for_row(from, &text);
                let received = window.wait_for_row(to, &text);
                assert!(sent.starts_with('→') && received.starts_with('←'), "{sent} / {received}");
                assert!(received.contains(&format!(" {} B ", text.len())), "{received}");
            }
        }
    }
}

/// A client session that is connected to `peer`'s end.
fn connected(language: Language) -> (Window, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut window = client_to(language, port);
    window.press("network.open", Side::Any);
    let (peer, _) = listener.accept().unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    window.wait_for(&window.tr("network.half_close"));
    (window, peer)
}

/// A client session that is not open yet.
fn client_to(language: Language, port: u16) -> Window {
    let mut window = Window::open(language);
    window.press("role.tcp_client", Side::Any);
    window.fill(&window.tr("network.remote_port"), &port.to_string(), Side::Any);
    window
}

/// A server or UDP session that is open on a free port, and its address.
fn bound(language: Language, role: &str, note: &str) -> (Window, SocketAddr) {
    let mut window = Window::open(language);
    window.press(role, Side::Any);
    window.fill(&window.tr("network.local_port"), "0", Side::Any);
    window.press("network.open", Side::Any);
    let note = language.tr_with(note, &[("local", &"127.0.0.1:")]);
    let row = window.wait_for_row(Side::Any, &note[..note.find("127.0.0.1:").unwrap() + 10]);
    let from = row.find("127.0.0.1:").unwrap();
    let address: String = row[from..].chars().take_while(|c| c.is_ascii_digit() || ".:".contains(*c)).collect();
    (window, address.parse().unwrap())
}

fn read_exactly(peer: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    peer.read_exact(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_refused_client_says_what_where_why_and_what_next() {
    for language in LANGUAGES {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut window = client_to(language, port);
        window.press("network.open", Side::Any);
        window.wait_for(&window.tr("state.failed"));
        for part in
            [window.tr("op.connect"), format!("127.0.0.1:{port}"), window.tr("cause.refused"), window.tr("advice.refused")]
        {
            let told = window.all().into_iter().any(|seen| seen.role == Role::Label && seen.value.contains(&part));
            assert!(told, "{part}: {}", window.told());
            assert!(window.rows(Side::Any).iter().any(|row| row.contains(&part)), "{part}: {:?}", window.rows(Side::Any));
        }
        assert!(window.control(&window.tr("network.open"), Side::Any).enabled, "it can be tried again");
    }
}

#[test]
fn a_wrong_field_says_so_beside_itself_and_keeps_what_was_typed() {
    for language in LANGUAGES {
        let mut window = Window::open(language);
        window.press("role.tcp_client", Side::Any);
        let open = window.tr("network.open");
        let table = [
            ("network.remote_host", "a b", "127.0.0.1", "address.bad_host"),
            ("network.remote_host", "", "localhost", "address.no_host"),
            ("network.remote_port", "70000", "9000", "address.bad_port"),
            ("network.remote_port", "0", "9000", "address.port_zero"),
            ("network.remote_port", "", "9000", "address.no_port"),
        ];
        for (field, wrong, right, why) in table {
            let field = window.tr(field);
            window.fill(&field, wrong, Side::Any);
            let seen = window.field(&field, Side::Any);
            assert_eq!(seen.value, wrong, "{field}");
            let why = language.tr_with(why, &[("text", &wrong)]);
            let told = window.find(&[Role::Label], &why, Side::Any);
            assert_eq!(told.len(), 1, "{why}: {}", window.told());
            let gap = told[0].rect.top() - seen.rect.bottom();
            assert!((0.0..16.0).contains(&gap), "{why} stands {gap} below its field");
            assert!(!window.control(&open, Side::Any).enabled, "{field}: {wrong}");
            window.fill(&field, right, Side::Any);
            assert!(window.control(&open, Side::Any).enabled, "{field}: {right}");
        }
    }
}

#[test]
fn hex_is_read_as_people_paste_it_and_never_guessed() {
    for language in LANGUAGES {
        let (mut window, mut peer) = connected(language);
        window.segment("send_settings.hex", 1, Side::Any);
        let send = window.tr("send.button");
        window.write("0 1 2", Side::Any);
        assert!(window.reads("00 01 02") && window.reads("3 B"), "{}", window.told());
        window.click(&send, Side::Any);
        assert_eq!(read_exactly(&mut peer, 3), [0, 1, 2]);
        for (typed, key) in [("123", "message.hex_odd"), ("12 zz", "message.hex_foreign")] {
            window.write(typed, Side::Any);
            let why = language.tr_with(key, &[("character", &"z")]);
            assert!(window.reads(&why), "{why}: {}", window.told());
            assert!(!window.control(&send, Side::Any).enabled, "{typed}");
            assert_eq!(window.field(&window.tr("send.box"), Side::Any).value, typed);
        }
    }
}

#[test]
fn a_character_that_the_encoding_lacks_is_refused_with_the_encodings_that_have_it() {
    for language in LANGUAGES {
        let (mut window, _peer) = connected(language);
        let encoding = window.tr("send_settings.encoding");
        let which = window.find(&[Role::ComboBox], &encoding, Side::Any).len() - 1;
        window.choose(&encoding, which, "GBK", Side::Any);
        window.write("地球🌏", Side::Any);
        let values: [(&str, &dyn std::fmt::Display); 5] =
            [("encoding", &"GBK"), ("character", &"🌏"), ("code", &"1F30F"), ("place", &3), ("encodings", &"UTF-8, GB18030")];
        let why = language.tr_with("message.unmappable", &values);
        assert!(window.reads(&why), "{why}: {}", window.told());
        let send = window.tr("send.button");
        assert!(!window.control(&send, Side::Any).enabled);
        window.write("地球", Side::Any);
        assert!(window.reads("B5 D8 C7 F2") && window.control(&send, Side::Any).enabled, "{}", window.told());
    }
}

#[test]
fn another_encoding_changes_what_was_received_before() {
    for language in LANGUAGES {
        let (mut window, mut peer) = connected(language);
        // 你好 in GBK, cut in the middle of the second character.
        peer.write_all(&[0xC4, 0xE3, 0xBA]).unwrap();
        window.wait_for_row(Side::Any, " 3 B ");
        peer.write_all(&[0xC3, b'!']).unwrap();
        window.wait_for_row(Side::Any, " 2 B ");
        let data = |window: &Window| window.rows(Side::Any).into_iter().filter(|row| row.starts_with('←')).collect::<String>();
        assert!(data(&window).contains("\\xC4"), "{}", data(&window));
        window.choose(&window.tr("receive.encoding"), 0, "GBK", Side::Any);
        let read = data(&window);
        assert!(read.contains('你') && read.contains('好') && !read.contains("\\x"), "{read}");

        window.segment("receive.hex", 0, Side::Any);
        assert!(data(&window).contains("C4 E3 BA") && !data(&window).contains('你'), "{}", data(&window));
        window.segment("receive.both", 0, Side::Any);
        assert!(data(&window).contains("0000  C4 E3 BA") && data(&window).contains('你'), "{}", data(&window));
        window.segment("receive.text", 0, Side::Any);
        assert!(!data(&window).contains("C4 E3"), "{}", data(&window));
    }
}

#[test]
fn pausing_holds_the_display_and_counts_what_waits() {
    for language in LANGUAGES {
        let (mut window, mut peer) = connected(language);
        window.press("receive.pause", Side::Any);
        peer.write_all(b"while paused").unwrap();
        let waiting = language.tr_with("log.paused", &[("count", &1)]);
        window.wait_for(&waiting);
        assert!(!window.reads("while paused"), "{:?}", window.rows(Side::Any));
        window.click(&waiting, Side::Any);
        window.wait_for_row(Side::Any, "while paused");
        assert!(!window.control(&window.tr("receive.pause"), Side::Any).on);

        window.press("receive.clear", Side::Any);
        window.wait_for(&window.tr("log.empty_live"));
        assert!(window.rows(Side::Any).is_empty());
        peer.write_all(b"afterwards").unwrap();
        window.wait_for_row(Side::Any, "afterwards");
    }
}

#[test]
fn a_chosen_client_is_filter_and_target_and_nothing_of_the_others_is_lost() {
    for language in LANGUAGES {
        let (mut window, address) = bound(language, "role.tcp_server", "note.listening");
        let mut peers: Vec<TcpStream> = (0..3).map(|_| TcpStream::connect(address).unwrap()).collect();
        let name = |peer: &TcpStream| peer.local_addr().unwrap().to_string();
        for (index, peer) in peers.iter_mut().enumerate() {
            peer.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            peer.write_all(format!("from {index}").as_bytes()).unwrap();
            window.wait_for_row(Side::Any, &format!("from {index}"));
        }
        window.wait_for(&language.tr_with("clients.title", &[("count", &3)]));
        window.click(&name(&peers[1]), Side::Any);
        window.until("the filter", |window| !window.reads("from 0") && window.reads("from 1"));
        assert!(window.reads("from 1") && !window.reads("from 2"), "{:?}", window.rows(Side::Any));
        assert!(window.reads(&language.tr_with("send.to_chosen", &[("count", &1)])), "{}", window.told());

        peers[0].write_all(b"unseen").unwrap();
        window.write("only you", Side::Any);
        window.press("send.button", Side::Any);
        assert_eq!(read_exactly(&mut peers[1], 8), b"only you");
        assert!(!window.reads("unseen"));

        window.press("clients.all", Side::Any);
        for part in ["from 0", "from 1", "from 2", "unseen", "only you"] {
            window.wait_for_row(Side::Any, part);
        }
        // The others got nothing of it: the next that they get is the message for all.
        window.write("everyone", Side::Any);
        window.press("send.button", Side::Any);
        for peer in &mut peers {
            assert_eq!(read_exactly(peer, 8), b"everyone");
        }

        let disconnect = language.tr_with("clients.disconnect", &[("remote", &name(&peers[2]))]);
        window.click(&disconnect, Side::Any);
        assert_eq!(peers[2].read(&mut [0; 8]).unwrap(), 0);
        window.wait_for(&language.tr_with("clients.title", &[("count", &2)]));
    }
}

/// Asks until there is an answer: what a click changed may reach the network thread later than what was asked.
fn answer(peer: &mut TcpStream, question: &str) -> [u8; 6] {
    peer.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let mut answer = [0; 6];
    for _ in 0..30 {
        peer.write_all(question.as_bytes()).unwrap();
        if peer.read_exact(&mut answer).is_ok() {
            return answer;
        }
    }
    panic!("no answer to {question}");
}

#[test]
fn an_echo_is_answered_while_the_session_is_open() {
    for language in LANGUAGES {
        let (mut window, mut peer) = connected(language);
        window.choose(&window.tr("send_settings.reply"), 0, &window.tr("reply.echo"), Side::Any);
        assert_eq!(answer(&mut peer, "回声"), "回声".as_bytes());
        window.choose(&window.tr("send_settings.reply"), 0, &window.tr("reply.fixed"), Side::Any);
        window.fill(&window.tr("send_settings.reply_text"), "固定", Side::Any);
        assert_eq!(answer(&mut peer, "x"), "固定".as_bytes());
    }
}

#[test]
fn a_message_is_repeated_as_often_as_asked() {
    for language in LANGUAGES {
        let (mut window, mut peer) = connected(language);
        window.write("tick", Side::Any);
        window.fill(&window.tr("send.every"), "x", Side::Any);
        assert!(!window.control(&window.tr("send.repeat"), Side::Any).enabled);
        window.fill(&window.tr("send.every"), "5", Side::Any);
        window.fill(&window.tr("send.times"), "3", Side::Any);
        window.press("send.repeat", Side::Any);
        assert_eq!(read_exactly(&mut peer, 12), b"tickticktick");
        window.wait_for_row(Side::Any, &language.tr_with("note.repeat_ended", &[("sent", &3)]));

        window.fill(&window.tr("send.times"), "", Side::Any);
        window.press("send.repeat", Side::Any);
        window.press("send.stop", Side::Any);
        window.until("the end", |window| !window.find(&[Role::Button], &window.tr("send.repeat"), Side::Any).is_empty());
    }
}

#[test]
fn the_arrow_keys_bring_back_what_was_sent() {
    for language in LANGUAGES {
        let (mut window, _peer) = connected(language);
        for text in ["first", "第二条"] {
            window.write(text, Side::Any);
            window.key(Key::Enter, Modifiers::COMMAND);
            window.wait_for_row(Side::Any, text);
        }
        window.write("not sent", Side::Any);
        let name = window.tr("send.box");
        for (key, text) in [
            (Key::ArrowUp, "第二条"),
            (Key::ArrowUp, "first"),
            (Key::ArrowUp, "first"),
            (Key::ArrowDown, "第二条"),
            (Key::ArrowDown, "not sent"),
        ] {
            window.key(key, Modifiers::NONE);
            assert_eq!(window.field(&name, Side::Any).value, text, "{key:?}");
        }
        window.press("send.history", Side::Any);
        window.click("first", Side::Any);
        assert_eq!(window.field(&name, Side::Any).value, "first");
    }
}

#[test]
fn enter_sends_where_the_settings_say_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = Settings { language: Some(Language::English), send_key: SendKey::Enter, ..Settings::default() };
    let mut window = Window::with(settings, ROOMY);
    window.press("role.tcp_client", Side::Any);
    window.fill("Remote port", &listener.local_addr().unwrap().port().to_string(), Side::Any);
    window.press("network.open", Side::Any);
    let (mut peer, _) = listener.accept().unwrap();
    window.wait_for("Half-close");
    window.write("one", Side::Any);
    window.key(Key::Enter, Modifiers::SHIFT);
    window.event(Event::Text("two".into()));
    window.key(Key::Enter, Modifiers::NONE);
    assert_eq!(read_exactly(&mut peer, 7), b"one\ntwo");
    assert_eq!(window.field("Message", Side::Any).value, "one\ntwo");
}

#[test]
fn language_and_theme_change_with_a_click() {
    let mut window = Window::open(Language::Chinese);
    window.click("中/EN", Side::Any);
    window.expect_language(Language::English);
    assert!(window.reads(&window.tr("welcome.title")), "{}", window.told());
    assert_eq!(window.settings().language, Some(Language::English));
    let before = window.ctx().theme();
    window.press("top.theme", Side::Any);
    window.step();
    assert_ne!(window.ctx().theme(), before);
    window.press("top.theme", Side::Any);
    window.step();
    assert_eq!(window.ctx().theme(), before);
}

#[test]
fn the_settings_hold_what_they_say() {
    for language in LANGUAGES {
        let mut window = Window::open(language);
        window.press("top.settings", Side::Any);
        window.choose(&window.tr("settings.theme"), 0, &window.tr("settings.dark"), Side::Any);
        assert_eq!((window.settings().theme, window.ctx().theme()), (Theme::Dark, egui::Theme::Dark));
        window.choose(&window.tr("settings.send_key"), 0, &window.tr("settings.enter"), Side::Any);
        assert_eq!(window.settings().send_key, SendKey::Enter);
        window.choose(&window.tr("settings.memory"), 0, "256 MiB", Side::Any);
        assert_eq!(window.settings().memory_mib, 256);
        window.choose(&window.tr("settings.zoom"), 0, "125 %", Side::Any);
        window.settle();
        assert_eq!((window.settings().zoom, window.ctx().zoom_factor()), (1.25, 1.25));
        let other = if language == Language::Chinese { ("English", Language::English) } else { ("中文", Language::Chinese) };
        window.choose(&window.tr("settings.language"), 0, other.0, Side::Any);
        window.expect_language(other.1);
        window.press("settings.close", Side::Any);
        assert!(window.find(&[Role::Button], &window.tr("settings.close"), Side::Any).is_empty());
        assert!(window.reads(&window.tr("welcome.title")));
    }
}

#[test]
fn closing_a_tab_closes_its_socket() {
    for language in LANGUAGES {
        let (mut window, mut peer) = connected(language);
        let title = format!("{} {}", window.tr("role.tcp_client"), peer.local_addr().unwrap());
        window.click(&language.tr_with("tab.close", &[("title", &title)]), Side::Any);
        assert_eq!(peer.read(&mut [0; 8]).unwrap(), 0);
        assert!(window.reads(&window.tr("welcome.title")), "the first page is back");
    }
}

#[test]
fn the_three_ways_to_end_a_connection_look_different_to_the_peer() {
    for language in LANGUAGES {
        let (mut window, mut peer) = connected(language);
        window.press("network.half_close", Side::Any);
        assert_eq!(peer.read(&mut [0; 8]).unwrap(), 0);
        window.wait_for(&window.tr("state.half_closed"));
        peer.write_all(b"still heard").unwrap();
        window.wait_for_row(Side::Any, "still heard");
        assert!(!window.control(&window.tr("send.button"), Side::Any).enabled);

        let (mut window, mut peer) = connected(language);
        window.press("network.reset", Side::Any);
        assert_eq!(peer.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::ConnectionReset);
        window.wait_for_row(Side::Any, &window.tr("ended.our-reset"));

        let (mut window, mut peer) = connected(language);
        window.press("network.close", Side::Any);
        assert_eq!(peer.read(&mut [0; 8]).unwrap(), 0);
        window.wait_for_row(Side::Any, &window.tr("ended.us"));

        let (mut window, peer) = connected(language);
        drop(peer);
        window.wait_for_row(Side::Any, &window.tr("ended.peer-fin"));
        window.wait_for(&window.tr("state.closed"));
    }
}

#[test]
fn damaged_settings_are_told_and_never_stop_the_start() {
    for language in LANGUAGES {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        std::fs::write(&path, "{ broken").unwrap();
        let mut loaded = settings::load(&path);
        loaded.settings.language = Some(language);
        let (kept, _) = loaded.damaged.clone().unwrap();
        let mut window = Window::start(loaded, Some(path), ROOMY);
        assert!(window.reads(&kept.display().to_string()), "{}", window.told());
        window.press("notice.close", Side::Any);
        assert!(!window.reads(&kept.display().to_string()));
    }
}

#[test]
fn a_row_is_copied_as_text_hex_c_and_python() {
    for language in LANGUAGES {
        let (mut window, mut peer) = connected(language);
        peer.write_all("网\r\n".as_bytes()).unwrap();
        window.wait_for_row(Side::Any, "网");
        for (key, text) in [
            ("copy.text", "网\r\n"),
            ("copy.hex", "E7 BD 91 0D 0A"),
            ("copy.c", "{0xE7, 0xBD, 0x91, 0x0D, 0x0A}"),
            ("copy.python", r"b'\xe7\xbd\x91\r\n'"),
        ] {
            window.row_menu(Side::Any, "网", key);
            assert_eq!(window.take_copied().as_deref(), Some(text), "{key}");
        }
        let row = window.wait_for_row(Side::Any, "网");
        window.click(&row, Side::Any);
        window.event(Event::Copy);
        assert_eq!(window.take_copied().as_deref(), Some("网\r\n"));
    }
}

#[test]
fn the_log_follows_the_end_until_someone_scrolls_up() {
    for language in LANGUAGES {
        let (mut window, address) = bound(language, "role.udp", "note.bound");
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
        let send = |number: usize| peer.send_to(format!("datagram {number:03}").as_bytes(), address).unwrap();
        (0..100).for_each(|number| {
            send(number);
        });
        window.wait_for_row(Side::Any, "datagram 099");
        let follow = window.tr("receive.follow");
        assert!(!window.reads("datagram 000") && window.control(&follow, Side::Any).on);
        let row = window.wait_for_row(Side::Any, "datagram 098");
        window.click(&row, Side::Any);
        window.key(Key::PageUp, Modifiers::NONE);
        window.until("a page further up", |window| !window.reads("datagram 099"));
        assert!(!window.control(&follow, Side::Any).on);
        let before = window.rows(Side::Any);
        send(100);
        window.wait_for(&language.tr_with("status.received", &[("records", &101), ("bytes", &"1.2 KB")]));
        assert_eq!(window.rows(Side::Any), before, "new rows do not move a reader");
        window.press("log.to_end", Side::Any);
        window.wait_for_row(Side::Any, "datagram 100");
        assert!(window.control(&follow, Side::Any).on);
    }
}

#[test]
fn an_input_method_types_chinese() {
    for language in LANGUAGES {
        let (mut window, mut peer) = connected(language);
        window.write("", Side::Any);
        window.event(Event::Ime(ImeEvent::Preedit { text: "ni hao".into(), active_range_chars: None }));
        window.event(Event::Ime(ImeEvent::Commit("你好".into())));
        assert_eq!(window.field(&window.tr("send.box"), Side::Any).value, "你好");
        window.key(Key::Enter, Modifiers::COMMAND);
        assert_eq!(read_exactly(&mut peer, 6), "你好".as_bytes());
    }
}

#[test]
fn the_log_is_saved_as_netassist_writes_it() {
    for language in LANGUAGES {
        let (mut window, mut peer) = connected(language);
        peer.write_all("收到".as_bytes()).unwrap();
        window.wait_for_row(Side::Any, "收到");
        window.write("sent", Side::Any);
        window.press("send.button", Side::Any);
        window.wait_for_row(Side::Any, "sent");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("日志.log");
        window.press("receive.save", Side::Any);
        window.choose(&window.tr("save.format"), 0, &window.tr("format.netassist_text"), Side::Any);
        window.fill(&window.tr("save.path"), &path.display().to_string(), Side::Any);
        window.press("save.save", Side::Any);
        window.until("the file", |_| path.exists());
        window.wait_for(&path.display().to_string());
        let saved = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = saved.lines().collect();
        assert_eq!(lines.len(), 6, "{saved}");
        assert!(lines[0].starts_with('[') && lines[0].ends_with("]# RECV ASCII/6 <<<"), "{saved}");
        assert!(lines[3].starts_with('[') && lines[3].ends_with("]# SEND ASCII/4 >>>"), "{saved}");
        assert_eq!((lines[1], lines[2], lines[4], lines[5]), ("收到", "", "sent", ""));
        assert_eq!(lines[0].len(), "[2026-07-21 08:20:34.093]# RECV ASCII/6 <<<".len());
    }
}

#[test]
fn a_path_that_cannot_be_written_says_why_and_can_be_corrected() {
    let (mut window, mut peer) = connected(Language::English);
    peer.write_all(b"kept").unwrap();
    window.wait_for_row(Side::Any, "kept");
    window.press("receive.save", Side::Any);
    window.choose(&window.tr("save.format"), 0, &window.tr("format.raw"), Side::Any);
    window.fill("File", "/nowhere/at/all.bin", Side::Any);
    window.press("save.save", Side::Any);
    window.wait_for("Could not write /nowhere/at/all.bin");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("raw.bin");
    window.fill("File", &path.display().to_string(), Side::Any);
    window.press("save.save", Side::Any);
    window.wait_for("saved to");
    assert_eq!(std::fs::read(&path).unwrap(), b"kept");
}

#[test]
fn a_udp_end_answers_whoever_sent_last() {
    for language in LANGUAGES {
        let (mut window, address) = bound(language, "role.udp", "note.bound");
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        peer.send_to(b"who is there?", address).unwrap();
        window.wait_for_row(Side::Any, "who is there?");
        window.choose(&window.tr("send.target"), 0, &window.tr("send.to_last"), Side::Any);
        window.write("我", Side::Any);
        window.press("send.button", Side::Any);
        let mut bytes = [0; 16];
        let (length, from) = peer.recv_from(&mut bytes).unwrap();
        assert_eq!((&bytes[..length], from), ("我".as_bytes(), address));
    }
}

#[test]
fn the_inspector_shows_the_row_that_was_clicked() {
    for language in LANGUAGES {
        let (mut window, mut peer) = connected(language);
        peer.write_all(&[0xC4, 0xE3]).unwrap();
        let row = window.wait_for_row(Side::Any, " 2 B ");
        window.press("top.inspector", Side::Any);
        assert!(window.reads(&window.tr("inspector.empty")));
        window.click(&row, Side::Any);
        window.wait_for(&window.tr("inspector.readings"));
        assert!(window.reads("你"), "{}", window.told());
    }
}

#[test]
fn a_protocol_card_reads_what_was_received_and_can_be_chosen() {
    for language in LANGUAGES {
        let (mut window, mut peer) = connected(language);
        // A Modbus/TCP request: ten registers from 107 of unit 17.
        peer.write_all(&[0x00, 0x01, 0x00, 0x00, 0x00, 0x06, 0x11, 0x03, 0x00, 0x6B, 0x00, 0x0A]).unwrap();
        let row = window.wait_for_row(Side::Any, " 12 B ");
        window.press("top.inspector", Side::Any);
        window.click(&row, Side::Any);
        window.until("the card", |window| window.reads("107"));
        let card = window.tr("cards.choose");
        let modbus = language.tr_with("cards.auto_is", &[("protocol", &window.tr("card.protocol.modbus"))]);
        let chosen = |window: &Window| window.find(&[Role::ComboBox], &card, Side::Any)[0].value.clone();
        assert_eq!(chosen(&window), modbus);
        window.choose(&card, 0, "DNS", Side::Any);
        // A word that stands nowhere else.
        let function = window.tr("card.field.function");
        window.until("another card", |window| !window.reads(&function));
        assert_eq!(chosen(&window), "DNS");
    }
}

#[test]
fn nothing_is_drawn_while_nothing_happens() {
    let (open, _peer) = connected(Language::English);
    let (listening, _) = bound(Language::English, "role.tcp_server", "note.listening");
    let closed = client_to(Language::English, 9000);
    let mut pair = Window::open(Language::English);
    pair.press("pair.tcp", Side::Any);
    pair.wait_for_row(Side::Right, "Connected to");
    let welcome = Window::open(Language::English);
    let windows = [("welcome", welcome), ("closed", closed), ("open", open), ("listening", listening), ("pair", pair)];
    let mut windows = windows.map(|(what, window)| {
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = asked.clone();
        window.ctx().set_request_repaint_callback(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        (what, window, asked)
    });
    // Whatever the start or the last click began comes to an end: the list of interfaces takes its time.
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        for (_, window, asked) in &mut windows {
            window.until("rest", |window| window.next_frame() == Duration::MAX);
            asked.store(0, Ordering::Relaxed);
        }
        std::thread::sleep(Duration::from_secs(1));
        let restless: Vec<_> = windows.iter().filter(|(_, _, asked)| asked.load(Ordering::Relaxed) > 0).collect();
        if restless.is_empty() {
            break;
        }
        assert!(Instant::now() < end, "{}: someone asks for a frame again and again", restless[0].0);
    }
    // No frame runs meanwhile, so every wish comes from another thread.
    std::thread::sleep(Duration::from_secs(2));
    for (what, window, asked) in &mut windows {
        assert_eq!(asked.load(Ordering::Relaxed), 0, "{what}: someone asked for a frame");
        for _ in 0..60 {
            window.step();
            assert_eq!(
                window.next_frame(),
                Duration::MAX,
                "{what}: a frame asks for another: {:?}",
                window.ctx().repaint_causes()
            );
        }
    }
}

#[test]
fn news_wake_the_window() {
    let (mut window, mut peer) = connected(Language::English);
    window.until("rest", |window| window.next_frame() == Duration::MAX);
    let (sender, receiver) = std::sync::mpsc::channel();
    window.ctx().set_request_repaint_callback(move |info| {
        sender.send(info.delay).ok();
    });
    peer.write_all(b"news").unwrap();
    let delay = receiver.recv_timeout(Duration::from_secs(5)).unwrap();
    assert!(delay <= Duration::from_millis(50), "{delay:?}");
    window.wait_for_row(Side::Any, "news");
}

#[test]
fn every_row_can_be_taken_at_once_and_copied() {
    let (mut window, address) = bound(Language::English, "role.udp", "note.bound");
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    for text in ["one", "two", "three"] {
        peer.send_to(text.as_bytes(), address).unwrap();
    }
    let row = window.wait_for_row(Side::Any, "three");
    window.click(&row, Side::Any);
    window.key(Key::A, Modifiers::COMMAND);
    window.event(Event::Copy);
    assert_eq!(window.take_copied().as_deref(), Some("one\ntwo\nthree"));
}

#[test]
fn a_message_for_a_client_that_left_goes_to_nobody_else() {
    let language = Language::English;
    let (mut window, address) = bound(language, "role.tcp_server", "note.listening");
    let mut stays = TcpStream::connect(address).unwrap();
    let leaves = TcpStream::connect(address).unwrap();
    let name = leaves.local_addr().unwrap().to_string();
    window.wait_for(&language.tr_with("clients.title", &[("count", &2)]));
    window.click(&name, Side::Any);
    window.write("for the one who left", Side::Any);
    drop(leaves);
    window.wait_for(&language.tr_with("clients.title", &[("count", &1)]));
    assert!(!window.control(&window.tr("send.button"), Side::Any).enabled, "{}", window.told());
    window.press("clients.all", Side::Any);
    assert!(window.control(&window.tr("send.button"), Side::Any).enabled, "{}", window.told());
    window.press("send.button", Side::Any);
    stays.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    assert_eq!(read_exactly(&mut stays, 20), b"for the one who left");
}

#[test]
fn a_range_under_a_filter_holds_only_what_is_shown() {
    let language = Language::English;
    let (mut window, address) = bound(language, "role.tcp_server", "note.listening");
    let mut shown = TcpStream::connect(address).unwrap();
    let mut hidden = TcpStream::connect(address).unwrap();
    for (peer, text) in [(0, "first"), (1, "secret"), (0, "last")] {
        let peer = if peer == 0 { &mut shown } else { &mut hidden };
        peer.write_all(text.as_bytes()).unwrap();
        window.wait_for_row(Side::Any, text);
    }
    window.click(&shown.local_addr().unwrap().to_string(), Side::Any);
    window.until("the filter", |window| !window.reads("secret") && window.reads("first"));
    let row = |window: &Window, part: &str| {
        let rows = window.all().into_iter();
        rows.filter(|seen| seen.role == Role::ListItem).find(|seen| seen.text().contains(part)).unwrap()
    };
    let first = row(&window, "first");
    window.click_on(&first);
    let last = row(&window, "last");
    window.click_at(last.rect.center(), egui::PointerButton::Primary, egui::Modifiers::SHIFT);
    window.event(egui::Event::Copy);
    assert_eq!(window.take_copied().as_deref(), Some("first\nlast"));
}

#[test]
fn a_note_is_copied_as_its_words() {
    let language = Language::Chinese;
    let (mut window, address) = bound(language, "role.tcp_server", "note.listening");
    let told = language.tr_with("note.listening", &[("local", &address)]);
    window.row_menu(Side::Any, &told, "copy.text");
    assert_eq!(window.take_copied(), Some(told));
}

#[test]
fn the_top_bar_makes_a_pair_with_one_click_and_the_other_kind_with_two() {
    for language in LANGUAGES {
        let mut window = Window::open(language);
        window.press("top.pair", Side::Any);
        window.wait_for(&window.tr("state.listening"));
        window.wait_for(&window.tr("role.tcp_client"));
        window.press("top.pair_more", Side::Any);
        window.press("pair.udp", Side::Any);
        let ends =
            |window: &Window| window.all().iter().filter(|seen| seen.role == Role::Tab && seen.text().contains("UDP")).count();
        window.until("two UDP ends", |window| ends(window) == 2);
    }
}
