//! What is lit, solid and dashed, and what is said, for connections as the system told them.

use super::*;
use crate::diagram::scene::{Certainty, Ink, Shape};
use crate::session::ends::{Ends, Protocol};
use crate::session::sample::{Held, Timer};
use std::time::Duration;

const SERVER: &str = "127.0.0.1:80";
const CLIENT: &str = "127.0.0.1:5";

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn sample(second: i64, local: &str, remote: Option<&str>, state: TcpState) -> Sample {
    let moment = Timestamp(second * 1_000_000);
    Sample { state: Some(state), ..Sample::new(moment, Protocol::Tcp, at(local), remote.map(at)) }
}

/// What is known after these samples, one list per second.
fn watch(seconds: Vec<Vec<Sample>>) -> Watch {
    let ends = Ends::Both { protocol: Protocol::Tcp, local: at(CLIENT), remote: at(SERVER) };
    seconds
        .into_iter()
        .enumerate()
        .fold(Watch::default(), |watch, (second, samples)| watch.after(Timestamp(second as i64 * 1_000_000), &[ends], samples))
}

/// A client that was seen in these states, one per second, beside what listens.
fn client(states: &[TcpState]) -> Watch {
    let listener = || sample(0, SERVER, None, TcpState::Listen);
    watch(states.iter().map(|state| vec![listener(), sample(0, CLIENT, Some(SERVER), *state)]).collect())
}

fn ways(watch: &Watch) -> Vec<(&'static str, Certainty)> {
    let trail = watch.trail(at(CLIENT), at(SERVER)).unwrap();
    gone(trail).into_iter().map(|gone| (TRANSITIONS[gone.way].key, gone.certainty)).collect()
}

/// The states that a client was seen in, and the ways that it must have gone.
type Case<'a> = (&'a [TcpState], &'a [(&'static str, Certainty)]);

#[test]
fn what_was_not_seen_is_dashed_or_not_there() {
    use Certainty::{Inferred, Observed};
    use TcpState::{CloseWait, Closed, Established, FinWait1, FinWait2, LastAck, SynReceived, SynSent, TimeWait};
    let opened = [("states.by_connect", Inferred), ("states.by_syn_ack", Inferred)];
    assert_eq!(ways(&client(&[Established])), opened);
    let table: [Case<'_>; 6] = [
        (&[SynSent, Established], &[("states.by_connect", Inferred), ("states.by_syn_ack", Observed)]),
        // From ESTABLISHED to TIME-WAIT there are three ways, and only their beginning is the same.
        (&[Established, TimeWait], &[opened[0], opened[1], ("states.by_close", Inferred)]),
        (
            &[Established, FinWait1, FinWait2, TimeWait, Closed],
            &[
                opened[0],
                opened[1],
                ("states.by_close", Observed),
                ("states.by_fin_acked", Observed),
                ("states.by_fin_last", Observed),
                ("states.by_time", Inferred),
            ],
        ),
        (
            &[Established, CloseWait, LastAck],
            &[opened[0], opened[1], ("states.by_fin", Observed), ("states.by_close_last", Observed)],
        ),
        // Gone from ESTABLISHED: it may have been reset.
        (&[Established, Closed], &opened),
        // Both connected at once, and that was seen.
        (
            &[SynSent, SynReceived, Established],
            &[("states.by_connect", Inferred), ("states.by_both", Observed), ("states.by_ack", Observed)],
        ),
    ];
    for (states, expected) in table {
        assert_eq!(ways(&client(states)), expected, "{states:?}");
    }
}

#[test]
fn how_it_began_is_not_inferred_where_that_is_not_known() {
    let watch = watch(vec![vec![sample(0, CLIENT, Some(SERVER), TcpState::Established)]]);
    assert_eq!(ways(&watch), []);
}

#[test]
fn ways_join_the_boxes_they_name() {
    for way in TRANSITIONS {
        for (place, (x, y)) in [(way.from, way.line[0]), (way.to, way.line[1])] {
            let area = place.area();
            let near = x >= area.at.x - 1.0
                && x <= area.at.x + area.width + 1.0
                && y >= area.at.y - 1.0
                && y <= area.at.y + area.height + 1.0;
            assert!(near, "{} {x} {y} {area:?}", way.key);
        }
    }
    let scene = Picture::default().scene(Language::English);
    for item in &scene.items {
        let area = item.shape.bounds();
        assert!(area.at.x >= 0.0 && area.at.x + area.width <= scene.width, "{item:?}");
    }
}

fn texts(scene: &Scene<Mark>) -> Vec<&str> {
    let words =
        scene.items.iter().filter_map(|item| if let Shape::Words { text, .. } = &item.shape { Some(&**text) } else { None });
    words.collect()
}

#[test]
fn time_wait_counts_down_and_says_who_waits() {
    let mut waiting = sample(1, CLIENT, Some(SERVER), TcpState::TimeWait);
    waiting.timer = Some((Timer::TimeWait, Duration::from_secs(59)));
    waiting.held = Some(Held::System);
    let watch = watch(vec![vec![sample(0, CLIENT, Some(SERVER), TcpState::Established)], vec![waiting]]);
    let picture = Picture::of(&watch, Some((at(CLIENT), at(SERVER))), None, Timestamp(18_000_000));
    let scene = picture.whole_scene(Language::English);
    let texts = texts(&scene);
    assert!(texts.contains(&"42 s left"), "{texts:?}");
    assert!(texts.iter().any(|text| text.starts_with("This end 127.0.0.1:5 closed first")), "{texts:?}");
    assert!(texts.contains(&"Unknown here"));
}

#[test]
fn a_forgotten_close_is_remarked_after_two_seconds() {
    let told = |seconds: usize| {
        let states: Vec<_> = (0..=seconds).map(|_| vec![sample(0, SERVER, Some(CLIENT), TcpState::CloseWait)]).collect();
        let picture = Picture::of(&watch(states), Some((at(SERVER), at(CLIENT))), None, Timestamp(0));
        texts(&picture.whole_scene(Language::English)).iter().any(|text| text.contains("has not called close"))
    };
    assert_eq!([1, 2].map(told), [false, true]);
}

#[test]
fn a_full_queue_is_a_warning() {
    let told = |length| {
        let mut listener = sample(0, SERVER, None, TcpState::Listen);
        (listener.receive_queue, listener.send_queue) = (Some(length), Some(5));
        let picture = Picture::of(&watch(vec![vec![listener]]), None, Some(at(SERVER)), Timestamp(0));
        let scene = picture.scene(Language::English);
        scene.items.iter().any(|item| matches!(item.shape, Shape::Words { ink: Ink::Warning, .. }))
    };
    assert_eq!([0, 5, 6].map(told), [false, false, true]);
}

#[test]
fn both_ends_of_a_loopback_pair_are_drawn() {
    let both = vec![
        sample(0, SERVER, None, TcpState::Listen),
        sample(0, CLIENT, Some(SERVER), TcpState::FinWait2),
        sample(0, SERVER, Some(CLIENT), TcpState::CloseWait),
    ];
    let picture = Picture::of(&watch(vec![both]), Some((at(CLIENT), at(SERVER))), None, Timestamp(0));
    assert_eq!(picture.ends.iter().map(|end| end.whose).collect::<Vec<_>>(), [Whose::Ours, Whose::Theirs]);
    assert!(picture.listener.is_some() && picture.counts.is_empty());
}
