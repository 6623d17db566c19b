//! Pictures of the page of TCP's states, and what is read aloud in it, with samples made by hand. `UPDATE_SNAPSHOTS=1 cargo test --test
//! window_states` takes them anew.

mod support;

use egui::{Rangef, Theme};
use egui_kittest::kittest::Queryable as _;
use sockscope::i18n::Language::{self, Chinese, English};
use sockscope::session::ends::{Ends, Protocol};
use sockscope::session::event::What;
use sockscope::session::id::SessionId;
use sockscope::session::sample::{Agreed, Held, Path, Sample, TcpState, Timer};
use sockscope::session::spec::Role;
use sockscope::session::timestamp::Timestamp;
use sockscope::session::trail::Watch;
use sockscope::ui::page::TabPage;
use sockscope::ui::panel::states::Subject;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use support::stage::{Stage, connection, crowding};

const SERVER: &str = "127.0.0.1:9000";
const CLIENT: &str = "127.0.0.1:51512";
const WINDOW: [f32; 2] = [1180.0, 820.0];
/// All of the diagram and its figures.
const WHOLE: [f32; 2] = [1180.0, 1500.0];

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// One end as the system tells it.
fn sample(local: &str, remote: &str, state: TcpState) -> Sample {
    let path = Path {
        round_trip: Some(Duration::from_micros(31)),
        round_trip_variation: Some(Duration::from_micros(15)),
        shortest_round_trip: Some(Duration::from_micros(12)),
        retransmit_after: Duration::from_millis(201),
        congestion_window: 10,
        slow_start_threshold: None,
        segment_size: 32_768,
        mtu: 65_535,
        unacknowledged: 0,
        lost: 0,
        retransmitted: 0,
        not_sent: Some(0),
        peer_window: Some(65_536),
        agreed: Agreed(7),
    };
    Sample {
        state: Some(state),
        receive_queue: Some(12),
        send_queue: Some(0),
        held: Some(Held::Program),
        retries: Some(0),
        congestion_control: Some("cubic".into()),
        path: Some(path),
        ..Sample::new(Timestamp(0), Protocol::Tcp, at(local), Some(at(remote)))
    }
}

fn listener(waiting: u32) -> Sample {
    let (receive_queue, send_queue) = (Some(waiting), Some(5));
    Sample {
        state: Some(TcpState::Listen),
        receive_queue,
        send_queue,
        ..Sample::new(Timestamp(0), Protocol::Tcp, at(SERVER), None)
    }
}

/// What is known after these samples, a second between each.
fn watch(moments: Vec<Vec<Sample>>) -> Watch {
    let ends = Ends::Local { protocol: Protocol::Tcp, local: at(SERVER) };
    moments.into_iter().enumerate().fold(Watch::default(), |watch, (second, mut samples)| {
        let at = Timestamp(second as i64 * 1_000_000);
        samples.iter_mut().for_each(|sample| sample.at = at);
        watch.after(at, &[ends], samples)
    })
}

/// A client that closed first and waits; its server is gone.
fn time_wait() -> (Watch, Timestamp) {
    let both = |client, server| vec![listener(0), sample(CLIENT, SERVER, client), sample(SERVER, CLIENT, server)];
    let mut last = sample(CLIENT, SERVER, TcpState::TimeWait);
    (last.held, last.path, last.retries) = (Some(Held::System), None, Some(0));
    (last.receive_queue, last.timer) = (Some(0), Some((Timer::TimeWait, Duration::from_secs(60))));
    let moments = vec![
        both(TcpState::Established, TcpState::Established),
        both(TcpState::FinWait2, TcpState::CloseWait),
        vec![listener(0), last],
    ];
    (watch(moments), Timestamp(15_000_000))
}

/// A server that forgot to close, and clients that nobody accepts.
fn forgotten() -> (Watch, Timestamp) {
    let both = vec![listener(6), sample(CLIENT, SERVER, TcpState::FinWait2), sample(SERVER, CLIENT, TcpState::CloseWait)];
    let open = vec![listener(0), sample(CLIENT, SERVER, TcpState::Established), sample(SERVER, CLIENT, TcpState::Established)];
    (watch(vec![open, both.clone(), both.clone(), both.clone(), both]), Timestamp(4_000_000))
}

fn stage(language: Language, theme: Theme, role: Role, (watch, now): (Watch, Timestamp)) -> (Stage, SessionId) {
    let mut stage = Stage::new(language, theme);
    let id = stage.tab(role, |_| {});
    stage.opens(id);
    match role {
        Role::TcpClient => {
            stage.happens(id, What::Connected { peer: connection(1, SERVER), local: at(CLIENT).into() });
        }
        _ => {
            stage.happens(id, What::Listening { local: at(SERVER).into() });
            stage.happens(id, What::PeerJoined { peer: connection(1, CLIENT), local: at(SERVER).into() });
        }
    }
    let tab = stage.tabs.get_mut(&id).unwrap();
    tab.page = TabPage::States;
    tab.states.instead = Some((Arc::new(watch), now));
    (stage, id)
}

fn check(name: &str, stage: Stage, points: [f32; 2]) {
    let mut harness = stage.harness(points, 1.0);
    // The picture scrolls; what stands around it must have its place.
    let mut wrong = crowding(&harness, &[Rangef::EVERYTHING]);
    wrong.retain(|line| !line.contains("role: Label") && !line.contains("role: ListItem"));
    wrong.extend(harness.try_snapshot(name).err().map(|problem| problem.to_string()));
    assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
}

#[test]
fn the_one_that_closed_first_waits() {
    check("states_time_wait_zh_light", stage(Chinese, Theme::Light, Role::TcpClient, time_wait()).0, WHOLE);
    check("states_time_wait_en_dark", stage(English, Theme::Dark, Role::TcpClient, time_wait()).0, WINDOW);
}

#[test]
fn a_forgotten_close_and_a_full_queue() {
    check("states_forgotten_zh_dark", stage(Chinese, Theme::Dark, Role::TcpServer, forgotten()).0, WHOLE);
    check("states_forgotten_en_light", stage(English, Theme::Light, Role::TcpServer, forgotten()).0, WHOLE);
}

#[test]
fn states_and_ways_are_read_aloud() {
    let (stage, _) = stage(English, Theme::Light, Role::TcpClient, time_wait());
    let harness = stage.harness(WHOLE, 1.0);
    let count = |text: &str| harness.query_all_by_label_contains(text).count();
    assert!(count("This end 127.0.0.1:51512 is here") > 0);
    assert!(count("FIN-WAIT-2 → TIME-WAIT") > 0);
    assert!(count("47 s left") > 0);
    // The peer is gone, and what it was in before is still told.
    assert!(count("Other end 127.0.0.1:9000 was here") > 0);
}

#[test]
fn what_has_no_states_says_what_it_has() {
    let mut stage = Stage::new(English, Theme::Light);
    let id = stage.tab(Role::Udp, |_| {});
    let tab = stage.tabs.get_mut(&id).unwrap();
    tab.page = TabPage::States;
    tab.states.subject = Subject::Udp;
    tab.states.listener = Some(at(SERVER));
    let mut socket = Sample::new(Timestamp(0), Protocol::Udp, at(SERVER), None);
    (socket.receive_queue, socket.dropped) = (Some(4608), Some(12));
    tab.states.watch = Arc::new(Watch { samples: vec![socket], ..Watch::default() });
    let harness = stage.harness(WINDOW, 1.0);
    harness.get_by_label_contains("UDP has no states");
    harness.get_by_label("4,608 B");
    harness.get_by_label("12");
    assert_eq!(harness.query_all_by_label("Unknown here").count(), 3);
}
