//! The page of IP Messenger and FeiQ (飞秋): what a row says, what can be said, and the bot, over real datagrams; and pictures of it.

mod support;

use egui::{Rangef, Theme};
use sockscope::codec::encoding::Encoding;
use sockscope::i18n::Language::{self, Chinese, English};
use sockscope::session::event::{Place, What};
use sockscope::session::id::{Peer, SessionId};
use sockscope::session::messenger::Preset;
use sockscope::session::spec::Role;
use sockscope::traffic::view::RowKey;
use sockscope::ui::page::TabPage;
use sockscope::ui::theme::size;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;
use support::stage::{Stage, crowding};
use support::{LANGUAGES, Side, Window};

const WINDOW: [f32; 2] = [1180.0, 760.0];

fn check(name: &str, stage: Stage, points: [f32; 2], pixels_per_point: f32) {
    let mut harness = stage.harness(points, pixels_per_point);
    let mut wrong = crowding(&harness, &[Rangef::EVERYTHING]);
    wrong.extend(harness.try_snapshot(name).err().map(|problem| problem.to_string()));
    assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
}

/// The vectors as they are on the wire, and what their rows say.
fn vectors() -> Vec<(Vec<u8>, [&'static str; 4])> {
    let gbk = |text: &str| Encoding::GBK.encode(text).unwrap();
    vec![
        (b"1:100:shirouzu:jupiter:32:Hello".to_vec(), ["100", "shirouzu@jupiter", "SENDMSG", "Hello"]),
        (gbk("1:1001:zhang:PC-01:288:你好，飞秋\0"), ["1001", "zhang@PC-01", "SENDMSG|SENDCHECK", "你好，飞秋"]),
        (b"1:7:li:PC-02:33:1001\0".to_vec(), ["7", "li@PC-02", "RECVMSG", "1001"]),
        (
            "1:1001:zhang:PC-01:8388896:你好，飞秋\0".as_bytes().to_vec(),
            ["1001", "zhang@PC-01", "SENDMSG|SENDCHECK|UTF8", "你好，飞秋"],
        ),
        (gbk("1:1:zhang:PC-01:257:张三\0研发部\0"), ["1", "zhang@PC-01", "BR_ENTRY|ABSENCE", "张三   [研发部]"]),
        (
            b"1_lbt6_0#128#000C29DCD6D7#0#0#0#4001#9:1508920396:Apple:WIN-SMFIBLTAL72:6291457:Apple\0".to_vec(),
            ["1508920396", "Apple@WIN-SMFIBLTAL72", "BR_ENTRY|FILEATTACH|ENCRYPT", "Apple"],
        ),
        (
            gbk("1:1002:zhang:PC-01:2097440:见附件\x000:a::b.txt:1f4:5f000000:1:\u{7}\0"),
            ["1002", "zhang@PC-01", "SENDMSG|SENDCHECK|FILEATTACH", "a:b.txt"],
        ),
        (gbk("1:9:zhang:PC-01:2:张三\0"), ["9", "zhang@PC-01", "BR_EXIT", "张三"]),
        (gbk("1:10:zhang:PC-01:32:时间 10:30:00\0"), ["10", "zhang@PC-01", "SENDMSG", "时间 10:30:00"]),
        (b"1:11:zhang:PC-01:209:\0".to_vec(), ["11", "zhang@PC-01", "FEIQ_KNOCK", ""]),
    ]
}

fn messages(language: Language, theme: Theme) -> (Stage, SessionId) {
    let mut stage = Stage::new(language, theme);
    let udp = stage.tab(Role::Udp, |draft| {
        draft.local_port = "2425".into();
        draft.remote_port = "2425".into();
        draft.messenger.user = "zhang".into();
        draft.messenger.host = "PC-01".into();
        draft.messenger.text = "你好，飞秋".into();
        draft.messenger.last_packet = 2_000_000_000;
    });
    stage.opens(udp);
    stage.happens(udp, What::Bound { local: "127.0.0.1:2425".parse().unwrap(), receive_buffer: 4 << 20 });
    let peer = Peer::datagram("192.168.1.20:2425".parse().unwrap());
    for (index, (bytes, _)) in vectors().into_iter().enumerate() {
        if index % 3 == 2 {
            stage.sends(udp, peer, &bytes);
        } else {
            stage.receives(udp, peer, &bytes);
        }
    }
    // What is none is not here; what claims to be one is, with the reason, and so is a loss.
    stage.receives(udp, peer, b"hello");
    stage.receives(udp, peer, b"1:x:zhang:PC-01:32:hi");
    stage.happens(udp, What::Gap { datagrams: 3, bytes: None, place: Place::Kernel });
    let tab = stage.tabs.get_mut(&udp).unwrap();
    tab.page = TabPage::Messages;
    tab.selection.rows.insert(RowKey(3));
    tab.selection.last = Some(RowKey(3));
    (stage, udp)
}

#[test]
fn pictures_of_the_messages() {
    for (language, theme, name) in [(Chinese, Theme::Light, "zh_light"), (English, Theme::Dark, "en_dark")] {
        check(&format!("messages_{name}"), messages(language, theme).0, WINDOW, 1.0);
        let (mut stage, udp) = messages(language, theme);
        let typed = &mut stage.tabs.get_mut(&udp).unwrap().draft.messenger;
        typed.preset = Preset::Files;
        check(&format!("messages_file_{name}"), stage, [1024.0, 640.0], 1.0);
        let mut stage = Stage::new(language, theme);
        let udp = stage.tab(Role::Udp, |_| {});
        stage.tabs.get_mut(&udp).unwrap().page = TabPage::Messages;
        check(&format!("messages_empty_{name}"), stage, [1024.0, 640.0], 1.0);
    }
    check("messages_zh_light_2x", messages(Chinese, Theme::Light).0, size::WINDOW_MIN, 2.0);
}

/// A UDP session that is open on a free port and shows its messages, and a peer that waits for answers.
fn opened(language: Language) -> (Window, SocketAddr, UdpSocket) {
    let mut window = Window::open(language);
    window.press("role.udp", Side::Any);
    window.fill(&window.tr("network.local_port"), "0", Side::Any);
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let port = peer.local_addr().unwrap().port();
    window.fill(&window.tr("network.remote_port"), &port.to_string(), Side::Any);
    window.press("network.open", Side::Any);
    let row = window.wait_for_row(Side::Any, "127.0.0.1:");
    let from = row.find("127.0.0.1:").unwrap();
    let address: String = row[from..].chars().take_while(|c| c.is_ascii_digit() || ".:".contains(*c)).collect();
    (window, address.parse().unwrap(), peer)
}

#[test]
fn every_vector_is_a_row_with_its_fields() {
    for language in LANGUAGES {
        let (mut window, address, peer) = opened(language);
        window.segment("page.messages", 0, Side::Any);
        peer.send_to(b"not a message", address).unwrap();
        for (bytes, fields) in vectors() {
            peer.send_to(&bytes, address).unwrap();
            window.until(fields[2], |window| {
                window.rows(Side::Any).iter().any(|row| row.starts_with('←') && fields.iter().all(|field| row.contains(field)))
            });
        }
        peer.send_to(b"1:x:a:b:32:hi", address).unwrap();
        window.wait_for_row(Side::Any, &window.tr("card.fault.not_u32"));
        assert_eq!(window.rows(Side::Any).len(), vectors().len() + 1, "{:?}", window.rows(Side::Any));
        // A row that is selected here is selected in the log, which has the others too.
        let knock = window.wait_for_row(Side::Any, "FEIQ_KNOCK");
        window.click(&knock, Side::Any);
        window.segment("page.log", 0, Side::Any);
        window.wait_for_row(Side::Any, "not a message");
        let selected: Vec<_> =
            window.all().into_iter().filter(|seen| seen.role == egui::accesskit::Role::ListItem && seen.on).collect();
        assert_eq!(selected.len(), 1);
        assert!(selected[0].label.contains(":209:"), "{selected:?}");
    }
}

#[test]
fn what_is_said_is_the_protocols_datagram_and_numbers_grow() {
    for language in LANGUAGES {
        let (mut window, _, peer) = opened(language);
        window.segment("page.messages", 0, Side::Any);
        window.fill(&window.tr("messenger.user"), "zhang", Side::Any);
        window.fill(&window.tr("messenger.host"), "PC-01", Side::Any);
        window.fill(&window.tr("messenger.text"), "你好，飞秋", Side::Any);
        let mut buffer = [0; 2048];
        let mut receive = |window: &mut Window| {
            window.press("send.button", Side::Any);
            let length = peer.recv(&mut buffer).unwrap();
            buffer[..length].to_vec()
        };
        let number = |bytes: &[u8]| String::from_utf8_lossy(bytes).split(':').nth(1).unwrap().parse::<u32>().unwrap();
        let first = receive(&mut window);
        assert_eq!(first, Encoding::GBK.encode(&format!("1:{}:zhang:PC-01:288:你好，飞秋\0", number(&first))).unwrap());
        window.click("UTF-8", Side::Any);
        let second = receive(&mut window);
        assert_eq!(second, format!("1:{}:zhang:PC-01:8388896:你好，飞秋\0", number(&second)).as_bytes());
        assert!(number(&second) > number(&first));
        window.choose(&window.tr("messenger.preset"), 0, &window.tr("messenger.knock"), Side::Any);
        let third = receive(&mut window);
        assert_eq!(third, format!("1:{}:zhang:PC-01:209:\0", number(&third)).as_bytes());
        // A name with a colon would end its field: it says so, and nothing can be sent.
        window.fill(&window.tr("messenger.user"), "a:b", Side::Any);
        window.wait_for(&language.tr_with("messenger.not_a_name", &[("text", &"a:b")]));
        assert!(!window.control(&window.tr("send.button"), Side::Any).enabled);
    }
}

/// From the row's menu: the number, and to whom.
#[test]
fn a_message_is_acknowledged_by_hand() {
    for language in LANGUAGES {
        let (mut window, address, _) = opened(language);
        window.segment("page.messages", 0, Side::Any);
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        peer.send_to(&vectors()[1].0, address).unwrap();
        window.wait_for_row(Side::Any, "SENDMSG|SENDCHECK");
        let mut rows = window.all().into_iter().filter(|seen| seen.role == egui::accesskit::Role::ListItem);
        let row = rows.next_back().unwrap();
        window.click_at(row.rect.center(), egui::PointerButton::Secondary, egui::Modifiers::NONE);
        window.click(&language.tr_with("messenger.acknowledge_this", &[("packet", &1001)]), Side::Any);
        window.press("send.button", Side::Any);
        let mut buffer = [0; 2048];
        let length = peer.recv(&mut buffer).unwrap();
        let said = String::from_utf8_lossy(&buffer[..length]).into_owned();
        assert!(said.ends_with(":student:sockscope:33:1001\0"), "{said}");
    }
}

#[test]
fn all_of_the_network_is_offered_only_where_broadcasts_are_allowed() {
    for language in LANGUAGES {
        let (mut window, _, _peer) = opened(language);
        window.segment("page.messages", 0, Side::Any);
        let all = language.tr_with("messenger.to_all", &[("address", &"255.255.255.255:2425")]);
        let offered = |window: &mut Window| {
            let list = window.find(&[egui::accesskit::Role::ComboBox], &window.tr("send.target"), Side::Any)[0].clone();
            window.click_on(&list);
            let offered = window.reads(&all);
            window.key(egui::Key::Escape, egui::Modifiers::NONE);
            offered
        };
        assert!(!offered(&mut window));
        window.press("network.broadcast", Side::Any);
        // The box shows what the socket has, not what was clicked.
        window.until("the switch to be on", |window| window.control(&window.tr("network.broadcast"), Side::Any).on);
        assert!(offered(&mut window));
    }
}

#[test]
fn the_bot_is_chosen_among_the_answers_and_acknowledges() {
    for language in LANGUAGES {
        let (mut window, address, peer) = opened(language);
        window.choose(&window.tr("send_settings.reply"), 0, &window.tr("reply.ipmsg"), Side::Any);
        window.segment("page.messages", 0, Side::Any);
        window.fill(&window.tr("messenger.user"), "li", Side::Any);
        window.fill(&window.tr("messenger.host"), "PC-02", Side::Any);
        peer.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let mut buffer = [0; 2048];
        // The socket may not have heard yet of the last letter that was typed: it is asked until it has, each time under a new number.
        let answered = (1001..1201).any(|packet: u32| {
            window.step();
            let asked = Encoding::GBK.encode(&format!("1:{packet}:zhang:PC-01:288:你好，飞秋\0")).unwrap();
            peer.send_to(&asked, address).unwrap();
            let answer = peer.recv(&mut buffer).map(|length| String::from_utf8_lossy(&buffer[..length]).into_owned());
            answer.is_ok_and(|answer| answer.contains(":li:PC-02:33:10"))
        });
        assert!(answered);
        window.wait_for_row(Side::Any, "li@PC-02  RECVMSG");
    }
}
