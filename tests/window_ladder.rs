//! Pictures of the ladder and of the calls, from a model made by hand. `UPDATE_SNAPSHOTS=1 cargo test --test window_ladder` takes them anew.

mod support;

use egui::accesskit::Role as Access;
use egui::{Rangef, Theme};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use sockscope::i18n::Language::{self, Chinese, English};
use sockscope::session::call::{Call, Function, Returned};
use sockscope::session::event::{EndedBy, Ending, Place, What};
use sockscope::session::failure::{Cause, Failure, Operation};
use sockscope::session::id::{Peer, SessionId};
use sockscope::session::spec::Role;
use sockscope::ui::page::TabPage;
use sockscope::ui::panel::calls::View;
use sockscope::ui::theme::size;
use std::time::Duration;
use support::stage::{Stage, connection, crowding};
use support::{Side, Window};

/// One as most people have it.
const TALL: [f32; 2] = [1180.0, 820.0];
/// One in which all of the conversation has room.
const WHOLE: [f32; 2] = [1180.0, 1160.0];
const SERVER: &str = "127.0.0.1:9000";
const CLIENT: &str = "127.0.0.1:51512";

fn check(name: &str, stage: Stage, points: [f32; 2]) {
    let mut harness = stage.harness(points, 1.0);
    // The column scrolls, and what the picture shows of itself is for the picture to place.
    let scrolled = [Rangef::new(0.0, size::COLUMN), Rangef::new(size::COLUMN, f32::INFINITY)];
    let mut wrong = crowding(&harness, &scrolled);
    wrong.retain(|problem| !problem.contains("ListBoxOption") && !problem.contains("role: Label"));
    wrong.extend(harness.try_snapshot(name).err().map(|problem| problem.to_string()));
    assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
}

/// A call of a session, as its net thread tells it.
fn calls(stage: &mut Stage, session: SessionId, function: Function, arguments: &str, result: i64) {
    call_of(stage, session, None, (function, arguments, result));
}

fn call_of(stage: &mut Stage, session: SessionId, peer: Option<Peer>, (function, arguments, result): (Function, &str, i64)) {
    let call = Call {
        function,
        descriptor: Some(if session == SessionId(1) { 8 } else { 11 }),
        connection: peer.and_then(|peer| peer.connection),
        arguments: arguments.into(),
        result: Returned::Value(result),
        took: Duration::from_micros(14),
    };
    stage.happens(session, What::Called(call));
}

const ADDRESS: &str = r#"{sa_family=AF_INET, sin_port=htons(9000), sin_addr=inet_addr("127.0.0.1")}, 16"#;

/// A server and its client: opened, a greeting that is read in two parts, an answer, and the client closes first.
fn talk(language: Language, theme: Theme) -> (Stage, [SessionId; 2]) {
    let mut stage = Stage::new(language, theme);
    let server = stage.tab(Role::TcpServer, |_| {});
    let client = stage.tab(Role::TcpClient, |_| {});
    let (to_client, to_server) = (connection(2, CLIENT), connection(1, SERVER));
    stage.opens(server);
    calls(&mut stage, server, Function::Socket, "AF_INET, SOCK_STREAM, IPPROTO_TCP", 8);
    calls(&mut stage, server, Function::Bind, ADDRESS, 0);
    calls(&mut stage, server, Function::Listen, "4096", 0);
    stage.happens(server, What::Listening { local: address(SERVER) });
    stage.opens(client);
    stage.happens(client, What::Trying { remote: SERVER.parse().unwrap() });
    calls(&mut stage, client, Function::Socket, "AF_INET, SOCK_STREAM, IPPROTO_TCP", 11);
    calls(&mut stage, client, Function::SetSockOpt, "SOL_TCP, TCP_NODELAY, [0], 4", 0);
    calls(&mut stage, client, Function::Connect, ADDRESS, 0);
    stage.happens(client, What::Connected { peer: to_server, local: address(CLIENT) });
    call_of(&mut stage, server, Some(to_client), (Function::Accept, ADDRESS, 12));
    stage.happens(server, What::PeerJoined { peer: to_client, local: address(SERVER) });
    stage.sends(client, to_server, "你好，世界\r\n".as_bytes());
    stage.receives(server, to_client, &"你好，世界\r\n".as_bytes()[..4]);
    stage.receives(server, to_client, &"你好，世界\r\n".as_bytes()[4..]);
    stage.sends(server, to_client, b"OK\r\n");
    stage.receives(client, to_server, b"OK\r\n");
    call_of(&mut stage, client, Some(to_server), (Function::Shutdown, "SHUT_WR", 0));
    call_of(&mut stage, client, Some(to_server), (Function::Close, "", 0));
    stage.happens(client, What::Closed { ending: Ending { by: EndedBy::Us, received: 4, sent: 17 } });
    call_of(&mut stage, server, Some(to_client), (Function::Recv, "\"\", 65536, 0", 0));
    call_of(&mut stage, server, Some(to_client), (Function::Close, "", 0));
    let ending = Ending { by: EndedBy::PeerFin, received: 17, sent: 4 };
    stage.happens(server, What::PeerLeft { peer: to_client, ending });
    (stage, [server, client])
}

fn address(text: &str) -> sockscope::session::address::Address {
    text.parse::<std::net::SocketAddr>().unwrap().into()
}

fn page(stage: &mut Stage, id: SessionId, page: TabPage) {
    stage.tabs.get_mut(&id).unwrap().page = page;
}

#[test]
fn a_pair() {
    for (name, language, theme) in [("zh_light", Chinese, Theme::Light), ("en_dark", English, Theme::Dark)] {
        let (mut stage, [_, client]) = talk(language, theme);
        page(&mut stage, client, TabPage::Ladder);
        check(&format!("ladder_pair_{name}"), stage, WHOLE);
    }
}

/// A client alone: refused, and what a UDP socket did not see.
#[test]
fn a_client_alone() {
    let mut stage = Stage::new(English, Theme::Light);
    let client = stage.tab(Role::TcpClient, |_| {});
    stage.opens(client);
    stage.happens(client, What::Trying { remote: SERVER.parse().unwrap() });
    let failure = |cause| Failure { operation: Operation::Connect, address: SERVER.into(), cause, os_code: Some(111) };
    stage.happens(client, What::TryFailed(failure(Cause::Refused)));
    stage.happens(client, What::Trying { remote: SERVER.parse().unwrap() });
    stage.happens(client, What::Connected { peer: connection(1, SERVER), local: address(CLIENT) });
    stage.sends(client, connection(1, SERVER), b"hello");
    stage.receives(client, connection(1, SERVER), b"world");
    stage.happens(client, What::Closed { ending: Ending { by: EndedBy::PeerReset, received: 5, sent: 5 } });
    page(&mut stage, client, TabPage::Ladder);
    check("ladder_alone_en_light", stage, TALL);
}

#[test]
fn datagrams_of_which_one_is_lost() {
    let mut stage = Stage::new(Chinese, Theme::Dark);
    let [one, other] = ["9001", "9002"].map(|port| {
        stage.tab(Role::Udp, |draft| {
            draft.local_port = port.into();
            draft.remote_port = if port == "9001" { "9002".into() } else { "9001".into() };
        })
    });
    let (here, there) = ("127.0.0.1:9001", "127.0.0.1:9002");
    let peer = |text: &str| Peer::datagram(text.parse::<std::net::SocketAddr>().unwrap().into());
    for (id, local) in [(one, here), (other, there)] {
        stage.opens(id);
        stage.happens(id, What::Bound { local: address(local), receive_buffer: 4 << 20 });
    }
    stage.sends(one, peer(there), b"first");
    stage.receives(other, peer(here), b"first");
    stage.sends(one, peer(there), b"second, which is lost");
    stage.sends(one, peer(there), b"third");
    stage.happens(other, What::Gap { datagrams: 1, bytes: None, place: Place::Kernel });
    stage.receives(other, peer(here), b"third");
    stage.sends(other, peer(here), b"thanks");
    stage.receives(one, peer(there), b"thanks");
    page(&mut stage, other, TabPage::Ladder);
    check("ladder_udp_zh_dark", stage, TALL);
}

/// An arrow is chosen by its name, and so is its record.
#[test]
fn an_arrow_is_a_stop_of_the_keyboard_with_its_story() {
    let (mut stage, [_, client]) = talk(English, Theme::Light);
    page(&mut stage, client, TabPage::Ladder);
    let harness = stage.harness(WHOLE, 1.0);
    let names: Vec<String> = harness.root().children_recursive().filter_map(|node| node.accesskit_node().label()).collect();
    for part in ["connect(", "recv 4 B", "send 17 B", "close("] {
        assert!(names.iter().any(|name| name.contains(part)), "{part} is missing in {names:#?}");
    }
    assert!(harness.query_by_label("True time").is_some());
}

#[test]
fn the_calls() {
    for (name, language, theme) in [("zh_light", Chinese, Theme::Light), ("en_dark", English, Theme::Dark)] {
        let (mut stage, [server, client]) = talk(language, theme);
        page(&mut stage, client, TabPage::Calls);
        check(&format!("calls_client_{name}"), stage, TALL);
        let (mut stage, [again, _]) = talk(language, theme);
        assert_eq!(server, again);
        page(&mut stage, server, TabPage::Calls);
        stage.tabs.get_mut(&server).unwrap().calls.view = View::Python;
        sockscope::ui::tiles::remove(&mut stage.tree, client);
        stage.tabs.remove(&client);
        check(&format!("calls_program_{name}"), stage, TALL);
    }
}

/// In the real window: what is chosen on the ladder is selected in the log, and back.
#[test]
fn the_ladder_and_the_log_select_the_same_record() {
    let mut window = Window::open(English);
    window.press("pair.tcp", Side::Any);
    for state in ["state.listening", "state.open"] {
        window.wait_for(&window.tr(state));
    }
    let button = window.tr("send.button");
    for text in ["hello", "once more"] {
        window.write(text, Side::Right);
        window.until("a message that may leave", |window| window.control(&button, Side::Right).enabled);
        window.click(&button, Side::Right);
        window.wait_for_row(Side::Left, text);
    }
    let ladder = window.tr("page.ladder");
    window.click(&ladder, Side::Right);
    let stop = |window: &Window, part: &str| {
        let all = window.all().into_iter();
        all.filter(|seen| seen.role == Access::ListBoxOption).find(|seen| seen.label.starts_with(part))
    };
    for part in ["connect(", "send 5 B", "recv 5 B"] {
        window.until(part, |window| stop(window, part).is_some());
    }
    let sent = stop(&window, "send 5 B").unwrap();
    assert!(sent.label.contains("Solid"), "both ends saw it: {}", sent.label);
    window.click_on(&sent);
    window.until("the arrow is chosen", |window| stop(window, "send 5 B").is_some_and(|seen| seen.on));
    let log = window.tr("page.log");
    window.click(&log, Side::Right);
    let selected = |window: &Window, part: &str| {
        window.all().iter().any(|seen| seen.role == Access::ListItem && seen.on && seen.label.contains(part))
    };
    window.until("its record is selected", |window| selected(window, "hello"));
    // And back: another row, and the ladder shows that one.
    let other = window
        .all()
        .into_iter()
        .find(|seen| seen.role == Access::ListItem && seen.label.contains("once more") && seen.rect.left() > 800.0);
    window.click_on(&other.expect("the row of the second message"));
    window.click(&ladder, Side::Right);
    window.until("the second arrow is chosen", |window| stop(window, "send 9 B").is_some_and(|seen| seen.on));
    let calls = window.tr("page.calls");
    window.click(&calls, Side::Left);
    window.until("the server's calls", |window| {
        let rows = window.rows(Side::Left);
        ["socket(", "bind(", "listen(", "accept(", "recv("].iter().all(|call| rows.iter().any(|row| row.contains(call)))
    });
    window.click("Python", Side::Left);
    window.until("the program", |window| window.all().iter().any(|seen| seen.value.contains("listener.accept()")));
}
