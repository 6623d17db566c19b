//! The encapsulation in the window: its pictures, the same on every machine; and, with real sockets on this machine, how it is reached, what
//! it says and how it becomes a file.

mod support;

use egui::accesskit::Role as Access;
use egui::{Key, Modifiers, Rangef, Theme};
use egui_kittest::kittest::Queryable as _;
use etherparse::{PacketBuilder, TcpOptionElement};
use parking_lot::Mutex;
use sockscope::capture::caught::Packets;
use sockscope::capture::packet::Packet;
use sockscope::diagram::encapsulation::fields::Kind;
use sockscope::diagram::encapsulation::picture::Mark;
use sockscope::i18n::Language::{self, Chinese, English};
use sockscope::session::event::What;
use sockscope::session::id::{Peer, SessionId};
use sockscope::session::spec::Role;
use sockscope::session::timestamp::Timestamp;
use sockscope::traffic::view::RowKey;
use sockscope::ui::panel::encapsulation::{Encapsulation, Page};
use std::net::UdpSocket;
use std::sync::Arc;
use support::stage::{Stage, connection, crowding};
use support::{LANGUAGES, Side, Window};

/// Room for a window and half of it for the panel.
const POINTS: [f32; 2] = [1360.0, 1000.0];

/// Room for all of a small frame.
const TALL: [f32; 2] = [1360.0, 1600.0];

/// A UDP socket that got a long datagram after a short one; the row that is selected.
fn udp(language: Language, theme: Theme, row: u64) -> (Stage, SessionId) {
    let mut stage = Stage::new(language, theme);
    let id = stage.tab(Role::Udp, |_| {});
    stage.opens(id);
    stage.happens(id, What::Bound { local: "192.168.1.10:2425".parse().unwrap(), receive_buffer: 4 << 20 });
    let peer = Peer::datagram("192.168.1.20:2425".parse().unwrap());
    stage.receives(id, peer, "1:100:学生:PC-07:32:你好".as_bytes());
    stage.sends(id, peer, &[0x5A; 4000]);
    stage.tabs.get_mut(&id).unwrap().selection.last = Some(RowKey(row));
    (stage, id)
}

/// A client and what it sent on loopback.
fn tcp(language: Language, theme: Theme) -> (Stage, SessionId) {
    let mut stage = Stage::new(language, theme);
    let id = stage.tab(Role::TcpClient, |draft| draft.remote_port = "9000".into());
    let peer = connection(1, "127.0.0.1:9000");
    stage.opens(id);
    stage.happens(id, What::Connected { peer, local: "127.0.0.1:51512".parse().unwrap() });
    stage.sends(id, peer, b"hello, sockets");
    stage.tabs.get_mut(&id).unwrap().selection.last = Some(RowKey(2));
    (stage, id)
}

fn check(name: &str, (mut stage, id): (Stage, SessionId), points: [f32; 2], set: impl FnOnce(&mut Encapsulation)) {
    let mut encapsulation = Encapsulation::default();
    set(&mut encapsulation);
    stage.encapsulation = Some((id, encapsulation));
    let mut harness = stage.harness(points, 1.0);
    // The picture scrolls within its panel, and the tile above it may be too low for everything.
    let mut wrong = crowding(&harness, &[Rangef::EVERYTHING]);
    wrong.retain(|line| !line.contains("role: Label") || line.starts_with("overlap"));
    wrong.extend(harness.try_snapshot(name).err().map(|problem| problem.to_string()));
    assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
}

#[test]
fn layers_fields_and_bytes() {
    check("encapsulation_udp_zh_light", udp(Chinese, Theme::Light, 2), TALL, |panel| {
        panel.choose(Some(Mark::Field(Kind::UdpChecksum)));
    });
    check("encapsulation_tcp_en_dark", tcp(English, Theme::Dark), TALL, |panel| {
        panel.choose(Some(Mark::Field(Kind::Sequence)));
    });
}

/// The client again, whose packets were captured: the checksum was left to the card.
fn captured(language: Language, theme: Theme) -> (Stage, SessionId) {
    let (mut stage, id) = tcp(language, theme);
    let at = Timestamp(1_784_593_234_093_000);
    let mut packets = Packets::default();
    for (sequence, payload) in [(3_000_000_000, &b""[..]), (3_000_000_001, b"hello, sockets")] {
        let mut header = etherparse::TcpHeader::new(51512, 9000, sequence, 512);
        (header.syn, header.ack, header.psh) = (payload.is_empty(), !payload.is_empty(), !payload.is_empty());
        header.acknowledgment_number = if header.ack { 1_234_567_890 } else { 0 };
        header.set_options(&[TcpOptionElement::Noop, TcpOptionElement::Noop, TcpOptionElement::Timestamp(77, 66)]).unwrap();
        let mut bytes = Vec::new();
        PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64).tcp_header(header).write(&mut bytes, payload).unwrap();
        bytes[36..38].copy_from_slice(&[0xFE, 0x36]);
        packets.push(Packet::parse(at, &bytes).unwrap());
    }
    stage.tabs.get_mut(&id).unwrap().capture.packets = Some(Arc::new(Mutex::new(packets)));
    (stage, id)
}

#[test]
fn a_captured_packet_makes_its_headers_real() {
    check("encapsulation_captured_zh_light", captured(Chinese, Theme::Light), TALL, |_| {});
    check("encapsulation_captured_sums_en_dark", captured(English, Theme::Dark), TALL, |panel| panel.open(Page::Sums));
}

#[test]
fn bytes_that_never_left_the_kernel_have_no_headers() {
    for language in LANGUAGES {
        let mut stage = Stage::new(language, Theme::Light);
        let id = stage.tab(Role::UnixDatagram, |_| {});
        let peer = Peer::datagram("unix:/run/peer.sock".parse().unwrap());
        stage.receives(id, peer, b"hello");
        stage.tabs.get_mut(&id).unwrap().selection.last = Some(RowKey(0));
        stage.encapsulation = Some((id, Encapsulation::default()));
        let harness = stage.harness(POINTS, 1.0);
        let told = |key: &str| harness.query_by_label(&language.tr(key)).is_some();
        assert!(told("encap.unix") && !told("encap.mtu"));
    }
}

#[test]
fn checksums_worked_out() {
    check("encapsulation_sums_en_light", udp(English, Theme::Light, 2), POINTS, |panel| panel.open(Page::Sums));
    check("encapsulation_sums_zh_dark", tcp(Chinese, Theme::Dark), POINTS, |panel| panel.open(Page::Sums));
}

#[test]
fn pieces_and_overhead() {
    check("encapsulation_pieces_zh_light", udp(Chinese, Theme::Light, 3), POINTS, |panel| panel.open(Page::Pieces));
    check("encapsulation_pieces_en_dark", udp(English, Theme::Dark, 3), POINTS, |panel| {
        panel.open(Page::Pieces);
        panel.set_mtu(576);
    });
}

#[test]
fn a_small_window() {
    check("encapsulation_small_zh_dark", udp(Chinese, Theme::Dark, 3), [1024.0, 640.0], |_| {});
}

/// A window with a UDP socket that got a datagram, which is selected; and who sent it.
fn received(language: Language, payload: &[u8]) -> (Window, UdpSocket, u16) {
    let mut window = Window::open(language);
    window.press("role.udp", Side::Any);
    window.fill(&window.tr("network.local_port"), "0", Side::Any);
    window.press("network.open", Side::Any);
    let row = window.wait_for_row(Side::Any, "127.0.0.1:");
    let from = row.find("127.0.0.1:").unwrap();
    let address: String = row[from..].chars().take_while(|c| c.is_ascii_digit() || ".:".contains(*c)).collect();
    let address: std::net::SocketAddr = address.parse().unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(payload, address).unwrap();
    let row = window.wait_for_row(Side::Any, "←");
    window.row_menu(Side::Any, &row, "encap.look");
    (window, socket, address.port())
}

/// Parts of the picture, as they are read aloud.
fn parts(window: &Window) -> Vec<String> {
    window.all().into_iter().filter(|seen| seen.role == Access::ListBoxOption).map(|seen| seen.label).collect()
}

#[test]
fn a_record_is_shown_inside_its_headers() {
    for language in LANGUAGES {
        let (mut window, socket, port) = received(language, b"hello");
        let from = socket.local_addr().unwrap().port();
        let starts = |window: &Window, text: String| parts(window).iter().any(|part| part.starts_with(&text));
        for (key, value) in [
            ("encap.field.source_port", from.to_string()),
            ("encap.field.destination_port", port.to_string()),
            ("encap.field.udp_length", "13".into()),
            ("encap.field.protocol", "17 UDP".into()),
        ] {
            let text = format!("{}  {value}", language.tr(key));
            window.until(&text, |window| starts(window, text.clone()));
        }
        // Every part has a name, and the keyboard reaches it and chooses it.
        assert!(parts(&window).iter().all(|part| !part.is_empty()));
        let chosen = |window: &Window| {
            window.all().iter().find(|seen| seen.role == Access::ListBoxOption && seen.on).map(|it| it.label.clone())
        };
        assert_eq!(chosen(&window), None);
        let name = format!("{}  ", language.tr("encap.field.time_to_live"));
        for _ in 0..200 {
            window.key(Key::Tab, Modifiers::NONE);
            if window.focused().starts_with(&name) {
                break;
            }
        }
        window.key(Key::Space, Modifiers::NONE);
        assert!(chosen(&window).is_some_and(|label| label.starts_with(&name)), "{:?} {}", chosen(&window), window.focused());
        // The lens has the same place.
        window.press("top.lens", Side::Any);
        window.until("the lens", |window| parts(window).iter().all(|part| !part.starts_with(&name)));
        assert!(window.settings().lens && !window.settings().encapsulation);
        window.press("encap.title", Side::Any);
        window.until("the encapsulation", |window| starts(window, name.clone()));
        assert!(!window.settings().lens && window.settings().encapsulation);
    }
}

#[test]
fn a_piece_is_chosen_in_the_list_of_pieces() {
    for language in LANGUAGES {
        let (mut window, _socket, _) = received(language, &[7; 4000]);
        window.segment("encap.page_pieces", 0, Side::Any);
        let second = language.tr_with("encap.piece_hint", &[("number", &2), ("from", &1480), ("to", &2960)]);
        window.until("the second piece", |window| parts(window).contains(&second));
        let seen = window.all().into_iter().find(|seen| seen.label == second).unwrap();
        window.click_on(&seen);
        let told = language.tr_with("encap.piece", &[("number", &2), ("count", &3)]);
        window.wait_for(&told);
        let offset = format!("{}  185 × 8 = 1480", language.tr("encap.field.fragment_offset"));
        window.until("its offset", |window| parts(window).iter().any(|part| part.starts_with(&offset)));
        window.press("encap.piece_before", Side::Any);
        window.wait_for(&language.tr_with("encap.piece", &[("number", &1), ("count", &3)]));
    }
}

#[test]
fn the_picture_becomes_a_file() {
    let folder = tempfile::tempdir().unwrap();
    for (number, language) in LANGUAGES.into_iter().enumerate() {
        let (mut window, _socket, port) = received(language, b"hello");
        let path = folder.path().join(format!("封装 {number}.svg"));
        let save = |window: &mut Window| {
            window.press("hand_out.svg", Side::Any);
            window.fill(&window.tr("save.path"), &path.display().to_string(), Side::Any);
            window.press("hand_out.save", Side::Any);
        };
        save(&mut window);
        let saved = language.tr_with("hand_out.saved", &[("path", &path.display())]);
        window.wait_for(&saved);
        let text = std::fs::read_to_string(&path).unwrap();
        let document = roxmltree::Document::parse(&text).unwrap();
        let texts: Vec<&str> =
            document.descendants().filter(|node| node.has_tag_name("text")).filter_map(|node| node.text()).collect();
        for expected in [port.to_string(), "17 UDP".into(), "68 65 6C 6C 6F".into(), "127.0.0.1".into()] {
            assert!(texts.iter().any(|text| text.contains(&expected)), "{expected}: {texts:?}");
        }
        // One that is there is replaced when the user says so.
        std::fs::write(&path, "old").unwrap();
        save(&mut window);
        window.wait_for(&window.tr("save.exists"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        window.press("save.replace", Side::Any);
        window.until("the dialogue to close", |window| !window.reads(&window.tr("save.exists")));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        // What can't be written is told, and nothing is lost.
        window.press("hand_out.svg", Side::Any);
        window.fill(&window.tr("save.path"), "/nonexistent/folder/a.svg", Side::Any);
        window.press("hand_out.save", Side::Any);
        window.wait_for(&window.tr("save.no_folder"));
        window.press("save.cancel", Side::Any);
    }
}
