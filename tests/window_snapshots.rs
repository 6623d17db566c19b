//! Pictures of the window, the same on every machine: a model made by hand, drawn by the CPU. `UPDATE_SNAPSHOTS=1 cargo test --test
//! window_snapshots` takes them anew; look at each before it is committed. In each of them nothing is cut off or over another thing.

mod support;

use egui::{Rangef, Theme};
use sockscope::capture::export::Kind as Format;
use sockscope::capture::{Kind as Origins, Summary};
use sockscope::codec::encoding::Encoding;
use sockscope::codec::message::Input;
use sockscope::history::open::{About, Origin};
use sockscope::i18n::Language::{self, Chinese, English};
use sockscope::session::draft::{Draft, Shown};
use sockscope::session::event::{EndedBy, Ending, Place, What};
use sockscope::session::failure::{Cause, Failure, Operation, Owner};
use sockscope::session::framing::FramingKind;
use sockscope::session::id::{Peer, SessionId};
use sockscope::session::spec::Role;
use sockscope::session::timestamp::Timestamp;
use sockscope::traffic::query::{Kind, Pattern};
use sockscope::traffic::view::RowKey;
use sockscope::ui::lens::{Lens, Page};
use sockscope::ui::recovery::Found;
use sockscope::ui::save::{Offer, Save, Scope};
use sockscope::ui::theme::size;
use std::sync::Arc;
use support::stage::{Stage, connection, crowding};

/// The least window that nothing may be wrong in.
const WINDOW: [f32; 2] = [1024.0, 640.0];
/// One as most people have it.
const TALL: [f32; 2] = [1180.0, 820.0];

/// Compares the picture and looks whether everything has its place.
fn check(name: &str, stage: Stage, points: [f32; 2], pixels_per_point: f32) {
    let room = if stage.inspected.is_some() { points[0] - size::INSPECTOR } else { points[0] };
    let tiles = if stage.tabs.len() > 1 { vec![0.0, room / 2.0] } else { vec![0.0] };
    let folded = room / (tiles.len() as f32) < size::NARROW && !stage.tabs.values().any(|tab| tab.drawer);
    let mut scrolled = vec![Rangef::new(room, f32::INFINITY)];
    if !folded {
        scrolled.extend(tiles.iter().map(|left| Rangef::new(*left, left + size::COLUMN)));
    }
    if stage.lens.is_some() {
        // Above the lens the tile may be too low for everything; then it scrolls.
        scrolled.push(Rangef::EVERYTHING);
    }
    let mut harness = stage.harness(points, pixels_per_point);
    let mut wrong = crowding(&harness, &scrolled);
    wrong.extend(harness.try_snapshot(name).err().map(|problem| problem.to_string()));
    assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
}

const SERVER: &str = "127.0.0.1:9000";
const CLIENT: &str = "127.0.0.1:51512";

/// A server and its client, after a talk in GBK that cut a character in two.
fn tcp_pair(language: Language, theme: Theme) -> (Stage, [SessionId; 2]) {
    let mut stage = Stage::new(language, theme);
    let gbk = |draft: &mut Draft| {
        draft.receive_encoding = Encoding::GBK;
        draft.send_encoding = Encoding::GBK;
    };
    let left = move |draft: &mut Draft| {
        gbk(draft);
        draft.message = "收到".into();
    };
    let right = move |draft: &mut Draft| {
        gbk(draft);
        draft.message = "温度 23.5 ℃".into();
    };
    let [server, client] = stage.pair((Role::TcpServer, left), (Role::TcpClient, right));
    let (to_client, to_server) = (connection(1, CLIENT), connection(1, SERVER));
    stage.opens(server);
    stage.happens(server, What::Listening { local: SERVER.parse().unwrap() });
    stage.opens(client);
    stage.happens(client, What::Trying { remote: SERVER.parse().unwrap() });
    stage.happens(client, What::Connected { peer: to_server, local: CLIENT.parse().unwrap() });
    stage.happens(server, What::PeerJoined { peer: to_client, local: SERVER.parse().unwrap() });
    let text = Encoding::GBK.encode("你好，世界\r\n").unwrap();
    stage.sends(client, to_server, &text);
    stage.receives(server, to_client, &text[..3]);
    stage.receives(server, to_client, &text[3..]);
    stage.sends(server, to_client, b"OK\r\n");
    stage.receives(client, to_server, b"OK\r\n");
    stage.receives(client, to_server, &[0xFF, 0x00, b'A']);
    (stage, [server, client])
}

/// Three clients, one of them chosen, and what they sent in hex and text.
fn server_with_clients(language: Language, theme: Theme) -> Stage {
    let mut stage = Stage::new(language, theme);
    let server = stage.tab(Role::TcpServer, |draft| {
        draft.shown = Shown::Both;
        draft.input = Input::Hex;
        draft.message = "01 03 00 00 00 0A C5 CD".into();
    });
    stage.opens(server);
    stage.happens(server, What::Listening { local: SERVER.parse().unwrap() });
    let peers: Vec<Peer> = [(1, CLIENT), (2, "127.0.0.1:51514"), (3, "[2001:db8::7]:40000")]
        .map(|(number, address)| connection(number, address))
        .into();
    for peer in &peers {
        stage.happens(server, What::PeerJoined { peer: *peer, local: SERVER.parse().unwrap() });
    }
    stage.receives(server, peers[0], "GET / HTTP/1.1\r\nHost: 本机.测试\r\n\r\n".as_bytes());
    stage.receives(server, peers[1], &[0x01, 0x03, 0x14, 0x00, 0x2A, 0xFF]);
    stage.sends(server, peers[0], b"HTTP/1.1 204 No Content\r\n\r\n");
    stage.receives(server, peers[2], &(0u8..=255).collect::<Vec<u8>>());
    stage
}

fn udp_with_trouble(language: Language, theme: Theme) -> Stage {
    let mut stage = Stage::new(language, theme);
    let udp = stage.tab(Role::Udp, |draft| {
        draft.local_port = "9001".into();
        draft.remote_port = "9002".into();
        draft.send_encoding = Encoding::GBK;
        draft.message = "地球🌏".into();
    });
    let peer = Peer::datagram("127.0.0.1:9002".parse().unwrap());
    stage.opens(udp);
    stage.happens(udp, What::Bound { local: "127.0.0.1:9001".parse().unwrap(), receive_buffer: 4 << 20 });
    stage.sends(udp, peer, "有人吗？".as_bytes());
    let failure = |operation, cause, os_code| Failure { operation, address: "127.0.0.1:9002".into(), cause, os_code };
    stage.happens(udp, What::Trouble(failure(Operation::Receive, Cause::PortUnreachable, Some(111))));
    stage.receives(udp, peer, "在的".as_bytes());
    stage.receives(udp, peer, &[]);
    stage.happens(udp, What::Gap { datagrams: 12, bytes: None, place: Place::Kernel });
    stage.happens(udp, What::Trouble(failure(Operation::Send, Cause::MessageTooLong { length: 70_000 }, Some(90))));
    stage
}

#[test]
fn welcome() {
    check("welcome_zh_light", Stage::new(Chinese, Theme::Light), WINDOW, 1.0);
    check("welcome_en_dark", Stage::new(English, Theme::Dark), WINDOW, 1.0);
}

#[test]
fn pair() {
    check("pair_zh_light", tcp_pair(Chinese, Theme::Light).0, WINDOW, 1.0);
    check("pair_en_dark", tcp_pair(English, Theme::Dark).0, WINDOW, 1.0);
}

#[test]
fn drawer() {
    let (mut stage, [server, client]) = tcp_pair(English, Theme::Light);
    for id in [server, client] {
        stage.tabs.get_mut(&id).unwrap().drawer = true;
    }
    check("drawer_en_light", stage, WINDOW, 1.0);
}

#[test]
fn server() {
    check("server_en_light", server_with_clients(English, Theme::Light), WINDOW, 1.0);
    check("server_zh_dark", server_with_clients(Chinese, Theme::Dark), WINDOW, 1.0);
}

#[test]
fn smallest_window_at_twice_the_size() {
    check("server_zh_light_2x", server_with_clients(Chinese, Theme::Light), size::WINDOW_MIN, 2.0);
}

#[test]
fn udp() {
    check("udp_zh_light", udp_with_trouble(Chinese, Theme::Light), WINDOW, 1.0);
    check("udp_en_dark", udp_with_trouble(English, Theme::Dark), WINDOW, 1.0);
}

#[test]
fn failed() {
    for (name, language, theme) in [("failed_en_light", English, Theme::Light), ("failed_zh_dark", Chinese, Theme::Dark)] {
        let mut stage = Stage::new(language, theme);
        let server = stage.tab(Role::TcpServer, |_| {});
        stage.opens(server);
        let owner = Owner { pid: 4321, name: Some("python3".into()) };
        let cause = Cause::AddressInUse(Some(owner));
        let failure = Failure { operation: Operation::Listen, address: SERVER.into(), cause, os_code: Some(98) };
        stage.happens(server, What::Failed(failure));
        let tab = stage.tabs.get_mut(&server).unwrap();
        tab.draft.backlog = "many".into();
        tab.check();
        check(name, stage, WINDOW, 1.0);
    }
}

/// A server whose lines are searched and filtered.
fn searched(language: Language, theme: Theme) -> Stage {
    let mut stage = Stage::new(language, theme);
    let server = stage.tab(Role::TcpServer, |draft| draft.framing.kind = FramingKind::Length);
    let peer = connection(1, CLIENT);
    stage.opens(server);
    stage.happens(server, What::Listening { local: SERVER.parse().unwrap() });
    stage.happens(server, What::PeerJoined { peer, local: SERVER.parse().unwrap() });
    for text in ["温度 21.5", "状态 OK", "error 42", "湿度 40", "no error"] {
        let framed = [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat();
        let (one, other) = framed.split_at(framed.len() / 2);
        stage.receives(server, peer, one);
        stage.receives(server, peer, other);
    }
    stage.receives(server, peer, &[0, 9, b'r']);
    let tab = stage.tabs.get_mut(&server).unwrap();
    tab.finding.open = true;
    tab.finding.pattern = Pattern { kind: Kind::Text, typed: "error".into(), ignore_case: true };
    tab.filter_open = true;
    tab.filter.peer = "10.0.0.0/99".into();
    stage
}

#[test]
fn search_filter_and_framing() {
    check("search_zh_light", searched(Chinese, Theme::Light), WINDOW, 1.0);
    check("search_en_dark", searched(English, Theme::Dark), WINDOW, 1.0);
    let mut stage = searched(Chinese, Theme::Light);
    for tab in stage.tabs.values_mut() {
        tab.filter.peer = "127.0.0.1".into();
        tab.filter.pattern.typed = "o".into();
    }
    check("filter_zh_light", stage, WINDOW, 1.0);
}

#[test]
fn inspected() {
    for (name, language, theme) in [("inspector_zh_light", Chinese, Theme::Light), ("inspector_en_dark", English, Theme::Dark)] {
        let mut stage = Stage::new(language, theme);
        let client = stage.tab(Role::TcpClient, |draft| draft.remote_host = "192.168.1.20".into());
        let peer = connection(1, "192.168.1.20:9000");
        stage.opens(client);
        stage.happens(client, What::Connected { peer, local: CLIENT.parse().unwrap() });
        stage.receives(client, peer, &Encoding::GBK.encode("温度传感器：正常").unwrap());
        stage.happens(client, What::PeerFinished { peer });
        stage.happens(client, What::Closed { ending: Ending { by: EndedBy::PeerFin, received: 16, sent: 0 } });
        let selection = &mut stage.tabs.get_mut(&client).unwrap().selection;
        selection.rows.insert(RowKey(2));
        selection.last = Some(RowKey(2));
        stage.inspected = Some(client);
        check(name, stage, WINDOW, 1.0);
    }
}

/// A server that reads UTF-8, two clients of which one sends GBK, and the lens on what that one sent.
fn under_the_lens(language: Language, theme: Theme, encoding: Encoding, row: u64, page: Page) -> Stage {
    let mut stage = Stage::new(language, theme);
    let server = stage.tab(Role::TcpServer, |draft| draft.receive_encoding = encoding);
    stage.opens(server);
    stage.happens(server, What::Listening { local: SERVER.parse().unwrap() });
    let peers = [connection(1, CLIENT), connection(2, "127.0.0.1:51514")];
    for peer in &peers {
        stage.happens(server, What::PeerJoined { peer: *peer, local: SERVER.parse().unwrap() });
    }
    let gbk = |text: &str| Encoding::GBK.encode(text).unwrap();
    // A read ends in the middle of a character.
    let (first, second) = (gbk("温度：25℃，朱镕基\r\n"), gbk("你好，世界"));
    stage.receives(server, peers[0], &[&first[..], &second[..1]].concat());
    stage.receives(server, peers[0], &[&second[1..], &[0xFF]].concat());
    stage.receives(server, peers[1], "服务器已经启动，等待客户端".as_bytes());
    let selection = &mut stage.tabs.get_mut(&server).unwrap().selection;
    selection.rows.insert(RowKey(row));
    selection.last = Some(RowKey(row));
    let mut lens = Lens::default();
    lens.open(page);
    stage.lens = Some((server, lens));
    stage
}

/// What a FeiQ datagram says, field by field.
#[test]
fn a_protocol_card() {
    for (language, theme, name) in [(Chinese, Theme::Light, "zh_light"), (English, Theme::Dark, "en_dark")] {
        let mut stage = Stage::new(language, theme);
        let udp = stage.tab(Role::Udp, |draft| {
            draft.local_port = "2425".into();
            draft.receive_encoding = Encoding::GBK;
        });
        stage.opens(udp);
        stage.happens(udp, What::Bound { local: "127.0.0.1:2425".parse().unwrap(), receive_buffer: 4 << 20 });
        let said = Encoding::GBK.encode("1:1001:zhang:PC-01:288:你好，飞秋\0").unwrap();
        stage.receives(udp, Peer::datagram("127.0.0.1:51515".parse().unwrap()), &said);
        let selection = &mut stage.tabs.get_mut(&udp).unwrap().selection;
        selection.rows.insert(RowKey(2));
        selection.last = Some(RowKey(2));
        stage.inspected = Some(udp);
        check(&format!("card_{name}"), stage, TALL, 1.0);
    }
}

#[test]
fn the_lens() {
    for (language, theme, name) in [(Chinese, Theme::Light, "zh_light"), (English, Theme::Dark, "en_dark")] {
        let stage = under_the_lens(language, theme, Encoding::UTF_8, 4, Page::Selected);
        check(&format!("lens_{name}"), stage, TALL, 1.0);
        let stage = under_the_lens(language, theme, Encoding::UTF_8, 5, Page::Selected);
        check(&format!("lens_cut_{name}"), stage, WINDOW, 1.0);
        let stage = under_the_lens(language, theme, Encoding::GBK, 6, Page::Doctor);
        check(&format!("lens_doctor_{name}"), stage, TALL, 1.0);
    }
    let stage = under_the_lens(Chinese, Theme::Dark, Encoding::GBK, 6, Page::Stream);
    check("lens_stream_zh_dark", stage, TALL, 1.0);
    let stage = under_the_lens(English, Theme::Light, Encoding::GBK, 6, Page::Selected);
    check("lens_en_light_2x", stage, size::WINDOW_MIN, 2.0);
}

/// What goes out stands in boxes; a character that the encoding lacks says so.
#[test]
fn what_is_sent_in_boxes() {
    for (language, theme, name) in [(Chinese, Theme::Dark, "zh_dark"), (English, Theme::Light, "en_light")] {
        let mut stage = Stage::new(language, theme);
        stage.tab(Role::TcpClient, |draft| {
            draft.send_encoding = Encoding::GBK;
            draft.message = "温度 25℃，🌏 €\n".into();
        });
        check(&format!("send_boxes_{name}"), stage, TALL, 1.0);
    }
}

#[test]
fn settings() {
    for (name, language, theme) in [("settings_zh_light", Chinese, Theme::Light), ("settings_en_dark", English, Theme::Dark)] {
        let mut stage = Stage::new(language, theme);
        stage.settings_open = true;
        check(name, stage, WINDOW, 1.0);
    }
}

/// Someone's capture of a web server, cut at its end.
fn capture(language: Language, theme: Theme) -> Stage {
    let mut stage = Stage::new(language, theme);
    let (first, last) = (1_784_593_234_093_000, 1_784_593_294_511_000);
    let about = About {
        origin: Origin::File {
            path: "/home/user/Documents/网关抓包-2026-07-21.pcapng".into(),
            kind: Origins::Pcapng,
            encoding: None,
        },
        size: 1_234_567,
        records: 10_345,
        span: Some((Timestamp(first), Timestamp(last))),
        summary: Summary { cut: 96, missing: 1_448, repeated: 2_896, ..Summary::default() },
        locals: Arc::default(),
    };
    let id = stage.file(about);
    let peers = [connection(1, CLIENT), connection(2, "192.168.1.20:40000")];
    let local = "192.168.1.9:80".parse().unwrap();
    for peer in peers {
        stage.happens(id, What::PeerJoined { peer, local });
    }
    stage.receives(id, peers[0], "GET /状态 HTTP/1.1\r\nHost: 本机.测试\r\n\r\n".as_bytes());
    stage.receives(id, peers[1], b"POST / HTTP/1.1\r\n\r\n");
    stage.sends(id, peers[0], b"HTTP/1.1 204 No Content\r\n\r\n");
    stage.happens(id, What::Gap { datagrams: 0, bytes: Some(1_448), place: Place::Capture });
    stage
}

#[test]
fn captures() {
    check("capture_zh_light", capture(Chinese, Theme::Light), WINDOW, 1.0);
    check("capture_en_dark", capture(English, Theme::Dark), WINDOW, 1.0);
    check("capture_zh_light_2x", capture(Chinese, Theme::Light), size::WINDOW_MIN, 2.0);
}

#[test]
fn left_by_a_crash() {
    for (language, theme, name) in [(Chinese, Theme::Light, "zh_light"), (English, Theme::Dark, "en_dark")] {
        let found = Found { sessions: 3, bytes: 1_234_567_890, started: Some(Timestamp(1_784_593_234_093_000)) };
        let mut stage = Stage::new(language, theme);
        stage.left = Some((found, false));
        check(&format!("recovery_{name}"), stage, WINDOW, 1.0);
        let mut stage = capture(language, theme);
        stage.left = Some((found, true));
        stage.reading = Some(("长名字的抓包文件-2026-07-21-16-20-34.pcapng".into(), (123_456_789, 1_234_567_890), 2));
        check(&format!("recovery_sure_{name}"), stage, WINDOW, 1.0);
    }
}

#[test]
fn exporting() {
    for (language, theme, name) in [(Chinese, Theme::Light, "zh_light"), (English, Theme::Dark, "en_dark")] {
        let mut stage = server_with_clients(language, theme);
        let offer = Offer { all: 10_000_000, filtered: Some(1_234), selected: 3, framed: true, seen: 100 };
        let id = *stage.tabs.keys().next().unwrap();
        let mut save = Save::new(id, &offer, "2026-07-21-16-20-34");
        save.choose(Format::Pcapng, Scope::Filtered, "/home/user/Documents/sockscope-2026-07-21-16-20-34.pcapng");
        stage.save = Some((save, offer));
        check(&format!("export_{name}"), stage, WINDOW, 1.0);
    }
}

#[test]
fn refused_in_a_narrow_tile() {
    let (mut stage, [server, client]) = tcp_pair(English, Theme::Light);
    stage.tabs.get_mut(&server).unwrap().draft.message = "地球🌏".into();
    let tab = stage.tabs.get_mut(&client).unwrap();
    tab.draft.input = Input::Hex;
    tab.draft.message = "01 03 zz".into();
    check("refused_en_light", stage, WINDOW, 1.0);
}

/// 1024×640 at a scale of 200 % leaves half of each: too low for everything, so it scrolls; it never lies over one another.
#[test]
fn half_of_the_least_window_scrolls_and_overlaps_nowhere() {
    for language in [Chinese, English] {
        let stages = [
            ("server", server_with_clients(language, Theme::Light)),
            ("udp", udp_with_trouble(language, Theme::Light)),
            ("welcome", Stage::new(language, Theme::Light)),
            ("capture", capture(language, Theme::Light)),
        ];
        for (name, stage) in stages {
            let harness = stage.harness([WINDOW[0] / 2.0, WINDOW[1] / 2.0], 2.0);
            let wrong: Vec<String> = crowding(&harness, &[]).into_iter().filter(|line| line.starts_with("overlap")).collect();
            assert!(wrong.is_empty(), "{name} {language:?}:\n{}", wrong.join("\n"));
        }
    }
}
