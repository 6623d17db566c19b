//! The relay in the window: its form and what is wrong with it, its knobs while it runs, its conversations, and its pictures.

mod support;

use egui::{Rangef, Theme};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use sockscope::i18n::Language::{self, Chinese, English};
use sockscope::session::draft::Draft;
use sockscope::session::event::{Dialled, EndedBy, Ending, Origin, What};
use sockscope::session::id::{ConnectionId, Peer, SessionId};
use sockscope::session::impairment::{Done, Impaired, Spot, Way};
use sockscope::session::spec::{Protocol, Role};
use sockscope::ui::page::TabPage;
use sockscope::ui::theme::size;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::Duration;
use support::stage::{Stage, connection, crowding};
use support::{LANGUAGES, Side, Window};

const POINTS: [f32; 2] = [1180.0, 820.0];
const LISTEN: &str = "127.0.0.1:9001";
const TARGET: &str = "127.0.0.1:9000";

/// Compares the picture and looks whether everything has its place.
fn check(name: &str, stage: Stage, points: [f32; 2]) {
    let mut harness = stage.harness(points, 1.0);
    let mut wrong = crowding(&harness, &[Rangef::new(0.0, size::COLUMN)]);
    wrong.extend(harness.try_snapshot(name).err().map(|problem| problem.to_string()));
    assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
}

fn flow(number: u32, address: &str) -> Peer {
    Peer::flow(ConnectionId(number), address.parse().unwrap())
}

fn udp_relay(stage: &mut Stage, typed: impl FnOnce(&mut Draft)) -> SessionId {
    stage.tab(Role::Relay, |draft| {
        draft.relayed = Protocol::Udp;
        draft.impairment.seed = "7".into();
        draft.impairment.drop = "20".into();
        draft.impairment.repeat = "5".into();
        draft.impairment.delay = "120".into();
        typed(draft);
    })
}

/// Two clients whose datagrams are dropped, repeated and delayed.
fn busy(language: Language, theme: Theme) -> Stage {
    let mut stage = Stage::new(language, theme);
    let relay = udp_relay(&mut stage, |_| {});
    stage.opens(relay);
    stage.happens(relay, What::Bound { local: LISTEN.parse().unwrap(), receive_buffer: 4 << 20 });
    let set = stage.tabs[&relay].draft.impairment.impairment(Protocol::Udp).unwrap();
    stage.happens(relay, What::ImpairmentSet(set));
    let conversations = [(1, "127.0.0.1:51512", "127.0.0.1:40001"), (3, "127.0.0.1:51513", "127.0.0.1:40002")];
    for (number, address, local) in conversations {
        let (client, target) = (flow(number, address), flow(number + 1, TARGET));
        stage.happens(relay, What::PeerJoined { peer: client, local: LISTEN.parse().unwrap() });
        stage.happens(relay, What::Dialled(Box::new(Dialled { client, target, local: local.parse().unwrap() })));
        let mut pass = |from: Peer, to: Peer, way, number, text: &str, done: &[Done]| {
            stage.receives(relay, from, text.as_bytes());
            let length = text.len() as u64;
            if !done.is_empty() {
                stage.happens(
                    relay,
                    What::Impaired(Box::new(Impaired {
                        from,
                        to,
                        way,
                        spot: Spot::Datagram(number),
                        length,
                        done: done.to_vec(),
                    })),
                );
            }
            if !done.contains(&Done::Dropped) {
                let bytes = text.as_bytes().into();
                stage.happens(relay, What::Sent { peer: to, bytes, origin: Origin::Relayed });
            }
        };
        let late = Done::Delayed(Duration::from_millis(120));
        pass(client, target, Way::ToTarget, 1, "你好，第一个", &[late]);
        pass(client, target, Way::ToTarget, 2, "second", &[Done::Dropped]);
        pass(client, target, Way::ToTarget, 3, "third", &[late, Done::HeldBack]);
        pass(target, client, Way::ToClient, 1, "the answer", &[late, Done::Repeated]);
    }
    stage
}

#[test]
fn pictures() {
    for (theme, look) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        for (language, tongue) in [(Chinese, "zh"), (English, "en")] {
            let mut form = Stage::new(language, theme);
            form.tab(Role::Relay, |draft| draft.impairment.rechunk = "x".into());
            let id = *form.tabs.keys().next().unwrap();
            form.tabs.get_mut(&id).unwrap().check();
            check(&format!("relay_form_{tongue}_{look}"), form, POINTS);
            check(&format!("relay_busy_{tongue}_{look}"), busy(language, theme), POINTS);
        }
    }
    // A small window, and knobs that are not in force yet.
    let mut changed = busy(English, Theme::Light);
    let id = *changed.tabs.keys().next().unwrap();
    changed.tabs.get_mut(&id).unwrap().draft.impairment.drop = "30".into();
    check("relay_unapplied_en_light", changed, [1024.0, 640.0]);
}

#[test]
fn the_picture_says_what_was_done() {
    let harness = busy(English, Theme::Light).harness(POINTS, 1.0);
    let label = |part: &str| assert!(harness.query_all_by_label_contains(part).count() > 0, "{part}");
    label("Impaired: dropped 2, repeated 2, reordered 2, delayed 6");
    label("In force: drops 20 %, repeats 5 %, delays by 120 ms, seed 7");
    label("127.0.0.1:51512 → 127.0.0.1:9000  #2, 6 B: dropped");
    label("127.0.0.1:51513 → 127.0.0.1:9000");
    label("← 127.0.0.1:51512 ⇢ 127.0.0.1:9000 6 B  second");
    label("→ 127.0.0.1:9000 ⇢ 127.0.0.1:51513 10 B  the answer");
}

/// A window with an open relay to a port of this machine, and where it listens.
fn open(language: Language, to: u16, protocol: &str) -> (Window, u16) {
    let mut window = Window::open(language);
    window.press("top.new", Side::Any);
    // The first page offers no relay: this is the menu's.
    window.press("role.relay", Side::Any);
    window.segment(protocol, 0, Side::Any);
    window.fill(&window.tr("relay.listen_port"), "0", Side::Any);
    window.fill(&window.tr("relay.to_port"), &to.to_string(), Side::Any);
    window.press("network.open", Side::Any);
    let open = window.wait_for_row(Side::Any, "127.0.0.1:");
    let digits = open.rsplit_once("127.0.0.1:").unwrap().1;
    let port = digits.split(|other: char| !other.is_ascii_digit()).next().unwrap().parse().unwrap();
    (window, port)
}

#[test]
fn a_relay_is_opened_and_its_knobs_are_turned_while_it_runs() {
    for language in LANGUAGES {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (mut window, port) = open(language, listener.local_addr().unwrap().port(), "relay.tcp");
        assert!(window.find(&[egui::accesskit::Role::MultilineTextInput], &window.tr("send.box"), Side::Any).is_empty());
        window.wait_for(&window.tr("relay.no_sending"));
        let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        let mut pass = |said: &[u8]| {
            client.write_all(said).unwrap();
            let mut heard = vec![0; said.len()];
            server.read_exact(&mut heard).unwrap();
            assert_eq!(heard, said);
        };
        pass(b"whole");
        window.wait_for_row(Side::Any, "B  whole");
        assert!(window.find(&[egui::accesskit::Role::Button], &window.tr("relay.apply"), Side::Any).is_empty());
        window.fill(&window.tr("relay.rechunk"), "2", Side::Any);
        window.wait_for(&window.tr("relay.unapplied"));
        window.press("relay.apply", Side::Any);
        let pieces = language.tr_with("relay.does_cut", &[("size", &2), ("ms", &10)]);
        window.wait_for_row(Side::Any, &pieces);
        window.until("in force", |window| !window.reads(&window.tr("relay.unapplied")));
        pass(b"abcdef");
        window.wait_for(&language.tr_with("relay.done-cut", &[("pieces", &4)]));
        window.wait_for(&language.tr_with("relay.counted", &[("what", &language.tr_with("relay.count_cut", &[("count", &1)]))]));
        window.press("network.close", Side::Any);
        window.wait_for_row(Side::Any, &window.tr("ended.us"));
    }
}

#[test]
fn a_conversation_is_chosen_with_both_of_its_ends() {
    let target = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = target.local_addr().unwrap();
    let (mut window, port) = open(English, address.port(), "relay.udp");
    let clients = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
    let mut buffer = [0; 64];
    for (number, client) in clients.iter().enumerate() {
        client.send_to(format!("from {number}").as_bytes(), ("127.0.0.1", port)).unwrap();
        let (_, from) = target.recv_from(&mut buffer).unwrap();
        target.send_to(format!("to {number}").as_bytes(), from).unwrap();
        client.recv_from(&mut buffer).unwrap();
        window.wait_for_row(Side::Any, &format!("to {number}"));
    }
    let name = format!("{} → {address}", clients[0].local_addr().unwrap());
    window.click(&name, Side::Any);
    window.until("the other one is filtered out", |window| !window.rows(Side::Any).iter().any(|row| row.contains("  from 1")));
    let bytes: Vec<String> =
        window.rows(Side::Any).into_iter().filter(|row| row.contains("  from") || row.contains("  to ")).collect();
    assert_eq!(bytes.len(), 4, "read and written, at both ends: {bytes:?}");
}

#[test]
fn a_wrong_knob_says_so_beside_itself_and_nothing_opens() {
    for language in LANGUAGES {
        let mut window = Window::open(language);
        window.press("top.new", Side::Any);
        window.press("role.relay", Side::Any);
        window.segment("relay.udp", 0, Side::Any);
        window.fill(&window.tr("relay.drop"), "101", Side::Any);
        window.wait_for(&language.tr_with("relay.not_a_share", &[("text", &"101")]));
        assert!(!window.control(&window.tr("network.open"), Side::Any).enabled);
        // The other protocol does not have it.
        window.segment("relay.tcp", 0, Side::Any);
        window.settle();
        assert!(window.control(&window.tr("network.open"), Side::Any).enabled);
    }
}

/// What can be read of the ladder of a tab.
fn ladder(mut stage: Stage) -> Vec<String> {
    stage.tabs.values_mut().for_each(|tab| tab.page = TabPage::Ladder);
    let harness = stage.harness(POINTS, 1.0);
    harness.root().children_recursive().filter_map(|node| node.accesskit_node().label()).collect()
}

#[test]
fn the_ladder_shows_one_connection_of_a_conversation_at_a_time() {
    let mut stage = Stage::new(English, Theme::Light);
    let relay = stage.tab(Role::Relay, |_| {});
    stage.opens(relay);
    let (client, target) = (connection(1, "127.0.0.1:51512"), connection(2, TARGET));
    stage.happens(relay, What::Listening { local: LISTEN.parse().unwrap() });
    stage.happens(relay, What::PeerJoined { peer: client, local: LISTEN.parse().unwrap() });
    stage.happens(relay, What::Dialled(Box::new(Dialled { client, target, local: "127.0.0.1:40001".parse().unwrap() })));
    stage.receives(relay, client, b"hello");
    stage.happens(relay, What::Sent { peer: target, bytes: b"hello"[..].into(), origin: Origin::Relayed });
    let told = ladder(stage);
    let with = |part: &str| told.iter().any(|label| label.contains(part));
    assert!(with("recv 5 B") && !with("send 5 B"), "the client's connection alone: {told:#?}");
}

#[test]
fn datagrams_on_a_ladder_have_no_handshake_and_no_end() {
    let mut stage = busy(English, Theme::Light);
    let id = *stage.tabs.keys().next().unwrap();
    for peer in [flow(1, "127.0.0.1:51512"), flow(2, TARGET)] {
        stage.happens(id, What::PeerLeft { peer, ending: Ending { by: EndedBy::Us, received: 1, sent: 1 } });
    }
    let told = ladder(stage);
    assert!(told.iter().any(|label| label.contains("UDP")), "{told:#?}");
    for segment in ["SYN", "FIN", "ACK\n", "RST"] {
        assert!(!told.iter().any(|label| label.contains(segment)), "{segment}: {told:#?}");
    }
}
