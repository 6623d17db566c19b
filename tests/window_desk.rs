//! The address desk, projector mode and replay: what can be read and done in the real window, and pictures of hand-made answers.

mod support;

use egui::accesskit::Role as Access;
use egui::{Key, Modifiers, Rangef, Theme};
use sockscope::capture::{Kind, Summary};
use sockscope::history::open::{About, Origin};
use sockscope::i18n::Language::{self, Chinese, English};
use sockscope::os::interfaces::Card;
use sockscope::os::listeners::{Listener, Transport};
use sockscope::os::resolve::{Resolved, Unresolved};
use sockscope::session::draft::Draft;
use sockscope::session::event::What;
use sockscope::session::failure::{Cause, Failure, Operation, Owner};
use sockscope::session::id::SessionId;
use sockscope::session::spec::Role;
use sockscope::session::subnet::Subnet;
use sockscope::session::timestamp::Timestamp;
use sockscope::settings::Settings;
use sockscope::traffic::query::FilterDraft;
use sockscope::ui::desk::{Desk, Page};
use sockscope::ui::theme::{Contrast, size};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use support::stage::{Stage, connection, crowding};
use support::{LANGUAGES, ROOMY, Side, Window};

const WINDOW: [f32; 2] = [1024.0, 640.0];
const WIDE: [f32; 2] = [1280.0, 820.0];

fn check(name: &str, stage: Stage, points: [f32; 2], pixels_per_point: f32) {
    let mut harness = stage.harness(points, pixels_per_point);
    // Pages of the desk scroll, and so do columns.
    let mut wrong = crowding(&harness, &[Rangef::EVERYTHING]);
    wrong.extend(harness.try_snapshot(name).err().map(|problem| problem.to_string()));
    assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
}

/// A desk on a page, with answers as a system would give them.
fn desk(page: Page) -> Desk {
    let mut desk = Desk { page, ..Desk::default() };
    let net = |text: &str| Subnet::parse(text, "").unwrap();
    let card = Card {
        name: "lo".into(),
        index: 1,
        mac: None,
        mtu: Some(65_536),
        addresses: vec![net("127.0.0.1/8"), net("::1/128")],
        gateways: Vec::new(),
        gateway_mac: None,
        resolvers: Vec::new(),
        up: true,
        loopback: true,
        default: false,
    };
    let ethernet = Card {
        name: "eth0".into(),
        index: 2,
        mac: Some([0x00, 0x0C, 0x29, 0xDC, 0xD6, 0xD7]),
        mtu: Some(1500),
        addresses: vec![net("192.168.1.10/24"), net("fe80::20c:29ff:fedc:d6d7/64")],
        gateways: vec!["192.168.1.1".parse().unwrap()],
        gateway_mac: Some([0x5C, 0xE2, 0x8C, 1, 2, 3]),
        resolvers: vec!["192.168.1.1".parse().unwrap(), "223.5.5.5".parse().unwrap()],
        loopback: false,
        default: true,
        ..card.clone()
    };
    let down =
        Card { name: "wlan0".into(), index: 3, mtu: None, addresses: Vec::new(), up: false, default: false, ..ethernet.clone() };
    let down = Card { gateways: Vec::new(), resolvers: Vec::new(), mac: None, ..down };
    desk.interfaces.found = Some(vec![card, ethernet, down]);
    let listener = |transport, address: &str, owner: Option<(u32, &str)>| Listener {
        transport,
        address: address.parse().unwrap(),
        owners: owner.map(|(pid, name)| Owner { pid, name: Some(name.into()) }).into_iter().collect(),
    };
    desk.ports.found = Some(Ok(vec![
        listener(Transport::Tcp, "0.0.0.0:22", None),
        listener(Transport::Udp, "127.0.0.53:53", None),
        listener(Transport::Tcp, "[::]:80", Some((812, "nginx"))),
        listener(Transport::Udp, "0.0.0.0:2425", Some((4321, "sockscope"))),
        listener(Transport::Tcp, "127.0.0.1:9000", Some((4321, "sockscope"))),
    ]));
    desk
}

fn localhost() -> (String, Result<Resolved, Unresolved>) {
    let addresses = vec!["::1".parse().unwrap(), "127.0.0.1".parse().unwrap()];
    ("localhost".into(), Ok(Resolved { addresses, took: Duration::from_micros(412) }))
}

fn unknown_name() -> (String, Result<Resolved, Unresolved>) {
    let name = "no-such-host.invalid".to_owned();
    let failure = Failure { operation: Operation::Resolve, address: name.clone(), cause: Cause::NameNotFound, os_code: None };
    let failure = Box::new(failure);
    let told = "failed to lookup address information: Name or service not known".into();
    (name, Err(Unresolved { failure, told, took: Duration::from_millis(31) }))
}

fn with_desk(language: Language, theme: Theme, desk: Desk) -> Stage {
    let mut stage = Stage::new(language, theme);
    stage.desk = Some(desk);
    stage
}

const LOOKS: [(Language, Theme, &str); 2] = [(Chinese, Theme::Light, "zh_light"), (English, Theme::Dark, "en_dark")];

#[test]
fn pictures_of_the_desk() {
    for (language, theme, name) in LOOKS {
        check(&format!("desk_calculator_{name}"), with_desk(language, theme, desk(Page::Calculator)), WIDE, 1.0);
        check(&format!("desk_interfaces_{name}"), with_desk(language, theme, desk(Page::Interfaces)), WIDE, 1.0);
        let mut ports = desk(Page::Ports);
        ports.ports.wanted = "2425".into();
        check(&format!("desk_ports_{name}"), with_desk(language, theme, ports), WINDOW, 1.0);
        let mut names = desk(Page::Names);
        names.names.outcome = Some(localhost());
        check(&format!("desk_names_{name}"), with_desk(language, theme, names), WINDOW, 1.0);
    }
    let mut v6 = desk(Page::Calculator);
    (v6.calculator.address, v6.calculator.mask) = ("2001:db8:12:34::1".into(), "64".into());
    (v6.calculator.other, v6.calculator.gateway) = ("2001:db8:12:35::9".into(), "fe80::1".into());
    check("desk_ipv6_en_light", with_desk(English, Theme::Light, v6), WINDOW, 1.0);
    let mut wrong = desk(Page::Calculator);
    wrong.calculator.mask = "255.0.255.0".into();
    check("desk_wrong_zh_dark", with_desk(Chinese, Theme::Dark, wrong), WINDOW, 1.0);
    let mut names = desk(Page::Names);
    names.names.outcome = Some(unknown_name());
    check("desk_unknown_name_zh_light_2x", with_desk(Chinese, Theme::Light, names), size::WINDOW_MIN, 2.0);
}

const SERVER: &str = "127.0.0.1:9000";
const CLIENT: &str = "127.0.0.1:51512";

fn pair(language: Language, theme: Theme) -> Stage {
    let mut stage = Stage::new(language, theme);
    let [server, client] = stage.pair((Role::TcpServer, |_: &mut Draft| {}), (Role::TcpClient, |_: &mut Draft| {}));
    let (to_client, to_server) = (connection(1, CLIENT), connection(1, SERVER));
    stage.opens(server);
    stage.happens(server, What::Listening { local: SERVER.parse().unwrap() });
    stage.opens(client);
    stage.happens(client, What::Connected { peer: to_server, local: CLIENT.parse().unwrap() });
    stage.happens(server, What::PeerJoined { peer: to_client, local: SERVER.parse().unwrap() });
    stage.sends(client, to_server, "你好".as_bytes());
    stage.receives(server, to_client, "你好".as_bytes());
    stage
}

/// A projector of 1280×720: at one and a half times the size that is 853×480 points.
#[test]
fn pictures_on_a_projector() {
    for (language, theme, name) in LOOKS {
        let mut stage = pair(language, theme);
        stage.contrast = Contrast::High;
        check(&format!("projector_{name}"), stage, [1280.0 / 1.5, 720.0 / 1.5], 1.5);
        let mut stage = with_desk(language, theme, desk(Page::Calculator));
        stage.contrast = Contrast::High;
        check(&format!("projector_desk_{name}"), stage, [1280.0 / 1.5, 720.0 / 1.5], 1.5);
    }
}

/// A capture of ten rows, one each second.
fn capture(language: Language, theme: Theme) -> (Stage, SessionId, Timestamp) {
    let mut stage = Stage::new(language, theme);
    let begin = stage.moment();
    let (first, last) = (stage.after(begin, 1), stage.after(begin, 10));
    let about = About {
        origin: Origin::File { path: "/home/user/课堂.pcapng".into(), kind: Kind::Pcapng, encoding: None },
        size: 1_234,
        records: 10,
        span: Some((first, last)),
        summary: Summary::default(),
        locals: Arc::default(),
    };
    let id = stage.file(about);
    let peer = connection(1, CLIENT);
    for number in 0..10 {
        stage.receives(id, peer, format!("第 {number} 行\n").as_bytes());
    }
    let middle = stage.after(begin, 5);
    (stage, id, middle)
}

fn rows(harness: &egui_kittest::Harness<'_, Stage>) -> Vec<String> {
    use egui_kittest::kittest::NodeT as _;
    let nodes = harness.root().children_recursive();
    nodes
        .map(|node| node.accesskit_node())
        .filter(|node| node.role() == Access::ListItem)
        .filter_map(|node| node.label())
        .collect()
}

#[test]
fn a_replay_shows_what_was_there_by_the_moment() {
    let (mut stage, id, middle) = capture(Chinese, Theme::Light);
    stage.tabs.get_mut(&id).unwrap().replay.go_to(middle);
    check("replay_zh_light", stage, WINDOW, 1.0);
    let (mut stage, id, middle) = capture(English, Theme::Dark);
    stage.tabs.get_mut(&id).unwrap().replay.go_to(middle);
    check("replay_en_dark_2x", stage, size::WINDOW_MIN, 2.0);
    // By the moment there are five rows; with lines or a filter, those of them that count; and everything at the end.
    for (change, shown) in [
        ((|_: &mut Draft, _: &mut FilterDraft| {}) as fn(&mut Draft, &mut FilterDraft), 5),
        (|draft, _| draft.framing.kind = sockscope::session::framing::FramingKind::Line, 5),
        (|_, filter| filter.pattern.typed = "3".into(), 1),
        (|_, filter| filter.pattern.typed = "7".into(), 0),
    ] {
        let (mut stage, id, middle) = capture(English, Theme::Light);
        let tab = stage.tabs.get_mut(&id).unwrap();
        change(&mut tab.draft, &mut tab.filter);
        tab.replay.go_to(middle);
        let mut harness = stage.harness(WIDE, 1.0);
        assert_eq!(rows(&harness).len(), shown, "{:?}", rows(&harness));
        harness.state_mut().tabs.get_mut(&id).unwrap().replay.show_all();
        harness.run();
        let all = if shown == 5 { 10 } else { 1 };
        assert_eq!(rows(&harness).len(), all, "{:?}", rows(&harness));
    }
}

#[test]
fn playing_goes_on_to_the_end_by_the_clock_and_row_by_row() {
    let (stage, id, middle) = capture(English, Theme::Light);
    let mut harness = stage.harness(WIDE, 1.0);
    let tab = |harness: &mut egui_kittest::Harness<'_, Stage>| harness.state_mut().tabs.get_mut(&id).unwrap().replay.is_playing();
    harness.state_mut().tabs.get_mut(&id).unwrap().replay.go_to(middle);
    harness.run();
    use egui_kittest::kittest::Queryable as _;
    harness.get_by_label("Play").click();
    harness.run();
    assert!(tab(&mut harness));
    assert_eq!(rows(&harness).len(), 5);
    for expected in 6..10 {
        harness.state_mut().pass(1);
        harness.run();
        assert_eq!(rows(&harness).len(), expected);
    }
    harness.state_mut().pass(1);
    harness.run();
    assert_eq!(rows(&harness).len(), 10);
    assert!(!tab(&mut harness), "at the end it has stopped");
}

// ---- the real window

fn with(settings: Settings, language: Language) -> Window {
    Window::with(Settings { language: Some(language), ..settings }, ROOMY)
}

#[test]
fn the_desk_opens_calculates_and_is_remembered() {
    for language in LANGUAGES {
        let mut window = with(Settings::default(), language);
        window.press("desk.title", Side::Any);
        window.fill(&window.tr("desk.address"), "192.168.1.130", Side::Any);
        window.fill(&window.tr("desk.mask"), "26", Side::Any);
        for part in ["192.168.1.128/26", "192.168.1.191", "192.168.1.129", "192.168.1.190", "62 = 2^6 − 2", "RFC 1918"] {
            window.wait_for(part);
        }
        window.fill(&window.tr("desk.other"), "192.168.1.200", Side::Any);
        window.fill(&window.tr("desk.gateway"), "192.168.1.129", Side::Any);
        let values: [(&str, &dyn std::fmt::Display); 2] = [("other", &"192.168.1.200"), ("gateway", &"192.168.1.129")];
        window.wait_for(&language.tr_with("desk.hop.gateway", &values));
        window.fill(&window.tr("desk.other"), "192.168.1.180", Side::Any);
        window.wait_for(&language.tr_with("desk.hop.direct", &[("other", &"192.168.1.180")]));
        // A wrong mask says so beside itself and keeps what was typed.
        window.fill(&window.tr("desk.mask"), "255.0.255.0", Side::Any);
        window.wait_for(&language.tr_with("desk.error.holes", &[("mask", &"255.0.255.0")]));
        assert_eq!(window.field(&window.tr("desk.mask"), Side::Any).value, "255.0.255.0");
        assert!(window.settings().desk);
        window.press("desk.close", Side::Any);
        assert!(!window.settings().desk);
    }
}

#[test]
fn the_desk_knows_this_machine() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    for language in LANGUAGES {
        let mut window = with(Settings { desk: true, ..Settings::default() }, language);
        window.segment("desk.interfaces", 0, Side::Any);
        window.wait_for("127.0.0.1/8");
        // The loopback's address goes into the calculator.
        window.click(&language.tr_with("desk.calculate", &[("address", &"127.0.0.1")]), Side::Any);
        window.wait_for("127.255.255.255");
        window.segment("desk.ports", 0, Side::Any);
        window.fill(&window.tr("desk.find_port"), &port.to_string(), Side::Any);
        let row = window.wait_for_row(Side::Any, &format!("127.0.0.1:{port}"));
        assert!(row.contains(&std::process::id().to_string()), "{row}");
        window.fill(&window.tr("desk.find_port"), "443", Side::Any);
        window.wait_for("HTTPS");
        window.wait_for(&window.tr("desk.part.well_known"));
        window.segment("desk.names", 0, Side::Any);
        window.press("desk.resolve", Side::Any);
        window.wait_for("127.0.0.1");
        window.wait_for(&window.tr("desk.dialled_first"));
    }
}

#[test]
fn a_projector_enlarges_and_keeps_the_users_own_size() {
    let mut window = with(Settings { zoom: 1.1, ..Settings::default() }, English);
    assert_eq!(window.ctx().zoom_factor(), 1.1);
    window.key(Key::F11, Modifiers::NONE);
    assert!((window.ctx().zoom_factor() - 1.65).abs() < 0.001, "{}", window.ctx().zoom_factor());
    assert_eq!((window.settings().projector, window.settings().zoom), (true, 1.1));
    window.key(Key::F11, Modifiers::NONE);
    assert_eq!((window.ctx().zoom_factor(), window.settings().projector, window.settings().zoom), (1.1, false, 1.1));
    let window = with(Settings { projector: true, ..Settings::default() }, English);
    assert_eq!((window.ctx().zoom_factor(), window.settings().zoom), (1.5, 1.0));
}

/// A log of so many rows, one each second.
fn long_log(path: &std::path::Path, rows: u32) {
    let mut log = String::new();
    for number in 0..rows {
        let (hours, minutes, seconds) = (number / 3600, number / 60 % 60, number % 60);
        let text = format!("row {number}.");
        let head = format!("[2026-07-21 {hours:02}:{minutes:02}:{seconds:02}.000]# RECV ASCII/{} <<<", text.len());
        log.push_str(&format!("{head}\r\n{text}\r\n\r\n"));
    }
    std::fs::write(path, log).unwrap();
}

/// None of the records of a file are in memory: the place of a moment is found among pages that come from disk.
#[test]
fn a_file_is_replayed_from_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.log");
    long_log(&path, 20_000);
    let mut window = with(Settings::default(), English);
    window.open_file(&path);
    window.wait_for_row(Side::Any, "row 0.");
    let slider = window.find(&[Access::Slider], "Moment", Side::Any)[0].clone();
    window.click_at(slider.rect.center(), egui::PointerButton::Primary, Modifiers::NONE);
    // The newest row that is shown is of the middle, and stands at the end.
    let newest = |window: &Window| -> u32 {
        let rows = window.rows(Side::Any);
        let number = rows.last().and_then(|row| row.rsplit("row ").next()).map(|number| number.trim_end_matches('.').to_owned());
        number.and_then(|number| number.parse().ok()).unwrap_or_default()
    };
    window.until("the middle", |window| (9_800..10_200).contains(&newest(window)));
    let middle = newest(&window);
    window.choose("Speed of the replay", 0, "Row by row", Side::Any);
    window.press("replay.play", Side::Any);
    window.until("some rows more", |window| (middle + 3..middle + 2_000).contains(&newest(window)));
    window.press("replay.pause", Side::Any);
    // A search finds what is shown, and nothing of what is yet to come.
    window.key(Key::F, Modifiers::COMMAND);
    window.fill(&window.tr("find.field"), "row 19999.", Side::Any);
    window.wait_for(&English.tr_with("find.count", &[("count", &0)]));
    window.press("replay.all", Side::Any);
    window.wait_for(&English.tr_with("find.count", &[("count", &1)]));
    window.key(Key::End, Modifiers::NONE);
    window.key(Key::F3, Modifiers::NONE);
    window.wait_for_row(Side::Any, "row 19999.");
}
