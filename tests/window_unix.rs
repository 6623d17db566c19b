//! Unix-domain sockets in the window: the forms in pictures, and a pair over real sockets, by what can be read on it.
#![cfg(unix)]

mod support;

use egui::accesskit::Role as Access;
use egui::{Rangef, Theme};
use sockscope::i18n::Language::{self, Chinese, English};
use sockscope::session::address::UnixPath;
use sockscope::session::credentials::Credentials;
use sockscope::session::draft::Draft;
use sockscope::session::event::{EndedBy, Ending, Unsent, What};
use sockscope::session::failure::{Cause, Failure, Operation};
use sockscope::session::id::{ConnectionId, Peer};
use sockscope::session::spec::Role;
use sockscope::ui::theme::size;
use std::os::unix::net::UnixListener;
use support::stage::{Stage, crowding};
use support::{LANGUAGES, Side, Window};

const SERVER: &str = "/run/user/1000/课堂.sock";
const WINDOW: [f32; 2] = [1180.0, 820.0];

/// Compares the picture and looks whether everything has its place.
fn check(name: &str, stage: Stage) {
    let tiles = if stage.tabs.len() > 1 { vec![0.0, WINDOW[0] / 2.0] } else { vec![0.0] };
    let scrolled: Vec<Rangef> = tiles.iter().map(|left| Rangef::new(*left, left + size::COLUMN)).collect();
    let mut harness = stage.harness(WINDOW, 1.0);
    let mut wrong = crowding(&harness, &scrolled);
    wrong.extend(harness.try_snapshot(name).err().map(|problem| problem.to_string()));
    assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
}

fn place(text: &str) -> UnixPath {
    UnixPath::shown(text).unwrap()
}

fn credentials(process: u32, name: &str) -> Credentials {
    Credentials { process: Some(process), name: Some(name.into()), user: 1000, group: 1000 }
}

/// A server with clients without names, and one that has one.
fn server(language: Language, theme: Theme) -> Stage {
    let mut stage = Stage::new(language, theme);
    let server = stage.tab(Role::UnixServer, |draft| draft.path = SERVER.into());
    stage.opens(server);
    let local = place(SERVER).into();
    stage.happens(server, What::Listening { local });
    let names = [(1, "#1", "socat"), (2, "#2", "python3"), (3, "/run/user/1000/client.sock", "sockscope")];
    for (number, name, program) in names {
        let peer = Peer::connected(ConnectionId(number), place(name).into());
        stage.happens(server, What::PeerJoined { peer, local });
        stage.happens(server, What::PeerIs { peer, credentials: credentials(4000 + number, program) });
        stage.receives(server, peer, format!("我是 {program}\n").as_bytes());
    }
    let first = Peer::connected(ConnectionId(1), place("#1").into());
    stage.sends(server, first, "收到".as_bytes());
    stage.happens(server, What::PeerFinished { peer: first });
    let ending = Ending { by: EndedBy::PeerClosed, received: 20, sent: 6 };
    stage.happens(server, What::PeerLeft { peer: first, ending });
    stage
}

/// A pair side by side, as it opens: the list of clients in a tile that is narrower than a path is long.
fn pair(language: Language, theme: Theme) -> Stage {
    let mut stage = Stage::new(language, theme);
    let folder = "/tmp/sockscope-Ab3dEf/一个相当长的文件夹名字";
    let (server_path, client_path) = (format!("{folder}/server.sock"), format!("{folder}/client.sock"));
    let path = server_path.clone();
    let left = move |draft: &mut Draft| draft.path = path;
    let path = server_path.clone();
    let right = move |draft: &mut Draft| draft.path = path;
    let [server, client] = stage.pair((Role::UnixServer, left), (Role::UnixClient, right));
    let (at_server, at_client) = (place(&server_path), place(&client_path));
    let to_client = Peer::connected(ConnectionId(1), at_client.into());
    let to_server = Peer::connected(ConnectionId(2), at_server.into());
    stage.opens(server);
    stage.happens(server, What::Listening { local: at_server.into() });
    stage.opens(client);
    stage.happens(client, What::Connected { peer: to_server, local: at_client.into() });
    stage.happens(server, What::PeerJoined { peer: to_client, local: at_server.into() });
    stage.happens(server, What::PeerIs { peer: to_client, credentials: credentials(27205, "sockscope") });
    stage.sends(client, to_server, b"hello");
    stage.receives(server, to_client, b"hello");
    stage
}

/// A client that is connected, and a datagram socket that could not be bound: the file is stale.
fn client_and_datagrams(language: Language, theme: Theme) -> Stage {
    let mut stage = Stage::new(language, theme);
    let client = |draft: &mut Draft| {
        draft.path = SERVER.into();
        draft.message = "你好".into();
    };
    let datagrams = |draft: &mut Draft| {
        draft.path = "@房间".into();
        draft.remote_path = format!("/tmp/{}", "长".repeat(40));
    };
    let [client, datagrams] = stage.pair((Role::UnixClient, client), (Role::UnixDatagram, datagrams));
    let peer = Peer::connected(ConnectionId(9), place(SERVER).into());
    stage.opens(client);
    stage.happens(client, What::Connected { peer, local: UnixPath::UNNAMED.into() });
    stage.happens(client, What::PeerIs { peer, credentials: credentials(4711, "python3") });
    stage.receives(client, peer, "欢迎\n".as_bytes());
    stage.happens(client, What::Finished { peer });
    let failure =
        Failure { operation: Operation::Bind, address: "unix:/tmp/a.sock".into(), cause: Cause::StaleSocket, os_code: Some(98) };
    let spec = Box::new(Draft::new(Role::UnixDatagram).spec().unwrap());
    stage.happens(datagrams, What::Opening { spec });
    stage.happens(datagrams, What::Failed(failure));
    stage
}

/// A datagram socket with a wrong path in the form, after it was bound and heard from a socket without a name.
fn datagrams(language: Language, theme: Theme) -> Stage {
    let mut stage = Stage::new(language, theme);
    let datagrams = stage.tab(Role::UnixDatagram, |draft| draft.remote_path = format!("/tmp/{}", "长".repeat(40)));
    let spec = Box::new(Draft::new(Role::UnixDatagram).spec().unwrap());
    stage.happens(datagrams, What::Opening { spec });
    stage.happens(datagrams, What::Bound { local: place("/tmp/sockscope.sock").into(), receive_buffer: 212_992 });
    stage.receives(datagrams, Peer::datagram(UnixPath::UNNAMED.into()), "谁？".as_bytes());
    let (messages, bytes, reason) = (1, 6, Unsent::Nameless);
    stage.happens(datagrams, What::Unsent { peer: None, messages, bytes, reason });
    let peer = Peer::datagram(place("/tmp/左边.sock").into());
    stage.receives(datagrams, peer, b"ping");
    stage.sends(datagrams, peer, b"PING");
    let cause = Cause::BeyondBuffer { length: 300_000, buffer: 212_992 };
    let address = "unix:/tmp/左边.sock".into();
    stage.happens(datagrams, What::Trouble(Failure { operation: Operation::Send, address, cause, os_code: Some(90) }));
    stage
}

#[test]
fn forms() {
    for (language, theme, name) in [(Chinese, Theme::Light, "zh_light"), (English, Theme::Dark, "en_dark")] {
        check(&format!("unix_server_{name}"), server(language, theme));
        check(&format!("unix_client_{name}"), client_and_datagrams(language, theme));
        check(&format!("unix_pair_{name}"), pair(language, theme));
        check(&format!("unix_datagram_{name}"), datagrams(language, theme));
    }
}

#[test]
fn a_pair_talks_with_one_click_and_leaves_nothing_behind() {
    for language in LANGUAGES {
        let mut window = Window::open(language);
        window.press("top.pair_more", Side::Any);
        window.press("unix.pair", Side::Any);
        window.wait_for(&window.tr("network.half_close"));
        // Each end knows the other by its name.
        let joined = window.wait_for_row(Side::Left, "client.sock");
        assert!(joined.contains("unix:/"), "{joined}");
        let at = joined.find("unix:").unwrap() + "unix:".len();
        let path: String = joined[at..].chars().take_while(|c| !c.is_whitespace()).collect();
        let folder = std::path::Path::new(&path).parent().unwrap().to_owned();
        assert!(folder.join("server.sock").exists() && folder.join("client.sock").exists(), "{joined}");
        // No RST between Unix-domain sockets.
        assert!(window.find(&[Access::Button], &window.tr("network.reset"), Side::Any).is_empty(), "{}", window.told());
        window.write("走 Unix 域套接字", Side::Right);
        window.click(&window.tr("send.button"), Side::Right);
        window.wait_for_row(Side::Left, "走 Unix 域套接字");
        window.click(&window.tr("network.half_close"), Side::Right);
        // The server closes too, and tells it without a word of FIN.
        window.wait_for_row(Side::Left, &window.tr("ended.peer-closed"));
        drop(window);
        assert!(!folder.exists());
    }
}

#[test]
fn a_stale_file_is_replaced_once_the_box_is_ticked() {
    for language in LANGUAGES {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.sock");
        drop(UnixListener::bind(&path).unwrap());
        let mut window = Window::open(language);
        window.press("top.new", Side::Any);
        window.press("role.unix_server", Side::Any);
        window.fill(&window.tr("unix.path"), &"长".repeat(40), Side::Any);
        assert!(window.reads("120") && window.reads("107"), "{}", window.told());
        window.fill(&window.tr("unix.path"), path.to_str().unwrap(), Side::Any);
        window.press("network.open", Side::Any);
        window.wait_for(&window.tr("cause.stale-socket"));
        window.wait_for(&window.tr("advice.bind-stale-socket"));
        window.press("unix.replace_stale", Side::Any);
        window.press("network.open", Side::Any);
        window.wait_for(&window.tr("state.listening"));
        assert!(std::os::unix::net::UnixStream::connect(&path).is_ok());
        window.press("network.close", Side::Any);
        window.wait_for(&window.tr("state.closed"));
        assert!(!path.exists());
    }
}
