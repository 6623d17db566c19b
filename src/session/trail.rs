//! The states that connections were seen in, one sample after the other. Must never fill in what was not seen: a diagram may, dashed.

use super::ends::{Ends, Protocol};
use super::failure::Failure;
use super::sample::{Sample, TcpState};
use super::timestamp::Timestamp;
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

/// One end and the other.
type Pair = (SocketAddr, SocketAddr);

/// Connections whose states are remembered, more than are sampled at once. Those that are gone longest are forgotten first.
const MOST_TRAILS: usize = 8192;
/// States of one connection that are remembered; there are ten before it comes to its end.
const MOST_STEPS: usize = 16;

/// What the system said about the sockets that someone looks at, the last time and before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Watch {
    /// When it was asked last; `None` before the first time.
    pub at: Option<Timestamp>,
    /// What it said then.
    pub samples: Vec<Sample>,
    /// The states of each connection so far, the latest connection last.
    pub trails: Vec<Trail>,
    /// Why it can't be asked.
    pub failure: Option<Failure>,
}

/// The states of one end of a connection in the order in which they were seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    /// That end.
    pub local: SocketAddr,
    /// The other.
    pub remote: SocketAddr,
    /// How it came about.
    pub opener: Opener,
    /// Its states; never empty. A connection that the system does not list any more has come to `Closed`.
    pub steps: Vec<Step>,
}

/// A state, and when it was seen first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The state.
    pub state: TcpState,
    /// When it was seen first. It came about between the sample before and this.
    pub since: Timestamp,
    /// When it was seen last.
    pub until: Timestamp,
}

/// How one end of a connection came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opener {
    /// It called `connect`.
    Active,
    /// It was accepted from a listener.
    Passive,
    /// That was not seen.
    Unknown,
}

impl Trail {
    /// The present state, or the last that was seen.
    pub fn last(&self) -> Step {
        self.steps.last().copied().unwrap_or(Step {
            state: TcpState::Closed,
            since: Timestamp::default(),
            until: Timestamp::default(),
        })
    }
}

impl Watch {
    /// What is known after the system was asked about these ends once more. What is known of others stays as it was.
    #[must_use]
    pub fn after(&self, at: Timestamp, ends: &[Ends], samples: Vec<Sample>) -> Self {
        let mut trails = self.trails.clone();
        let listed: HashSet<Pair> = samples.iter().filter_map(|sample| Some((sample.local, sample.remote?))).collect();
        let asked = |trail: &&mut Trail| ends.iter().any(|ends| ends.hold(Protocol::Tcp, trail.local, trail.remote));
        for trail in trails.iter_mut().filter(asked).filter(|trail| !listed.contains(&(trail.local, trail.remote))) {
            step(&mut trail.steps, TcpState::Closed, at);
        }
        // The last of those between the same ends.
        let mut known: HashMap<Pair, usize> =
            trails.iter().enumerate().map(|(index, trail)| ((trail.local, trail.remote), index)).collect();
        let listening = listening(&samples);
        for sample in &samples {
            let (Some(remote), Some(state), Protocol::Tcp) = (sample.remote, sample.state, sample.protocol) else { continue };
            let pair = (sample.local, remote);
            match known.get(&pair).and_then(|index| trails.get_mut(*index)) {
                Some(trail) if !begins_anew(trail.last().state, state) => step(&mut trail.steps, state, at),
                _ => {
                    let opener = if state == TcpState::SynSent { Opener::Active } else { opener(&listening, pair) };
                    let steps = vec![Step { state, since: at, until: at }];
                    known.insert(pair, trails.len());
                    trails.push(Trail { local: sample.local, remote, opener, steps });
                }
            }
        }
        let mut surplus = trails.len().saturating_sub(MOST_TRAILS);
        trails.retain(|trail| {
            let goes = surplus > 0 && trail.last().state == TcpState::Closed;
            surplus -= usize::from(goes);
            !goes
        });
        trails.drain(..surplus);
        Self { at: Some(at), samples, trails, failure: None }
    }

    /// Whether there is something else to see than before. That time goes on is nothing to see: whoever counts it down knows it himself.
    pub fn differs(&self, before: &Self) -> bool {
        let timeless = |sample: &Sample| {
            let timer = sample.timer.map(|(timer, _)| (timer, Duration::ZERO));
            Sample { at: Timestamp::default(), timer, ..sample.clone() }
        };
        let samples = |watch: &Self| watch.samples.iter().map(timeless).collect::<Vec<_>>();
        let states = |trail: &Trail| trail.steps.iter().map(|step| step.state).collect::<Vec<_>>();
        let trails = |watch: &Self| watch.trails.iter().map(states).collect::<Vec<_>>();
        self.at.is_none() != before.at.is_none()
            || self.failure != before.failure
            || trails(self) != trails(before)
            || samples(self) != samples(before)
    }

    /// The last trail of one end.
    pub fn trail(&self, local: SocketAddr, remote: SocketAddr) -> Option<&Trail> {
        self.trails.iter().rev().find(|trail| trail.local == local && trail.remote == remote)
    }

    /// What was said last about one end.
    pub fn sample(&self, local: SocketAddr, remote: SocketAddr) -> Option<&Sample> {
        self.samples.iter().find(|sample| sample.local == local && sample.remote == Some(remote))
    }
}

fn step(steps: &mut Vec<Step>, state: TcpState, at: Timestamp) {
    match steps.last_mut() {
        // Only what is seen lasts: the end of a connection was seen once.
        Some(last) if last.state == state => {
            if state != TcpState::Closed {
                last.until = at;
            }
        }
        _ => {
            if steps.len() >= MOST_STEPS {
                steps.remove(0);
            }
            steps.push(Step { state, since: at, until: at });
        }
    }
}

/// Whether a state after another is of a new connection between the same ends.
fn begins_anew(before: TcpState, state: TcpState) -> bool {
    let beginning = matches!(state, TcpState::SynSent | TcpState::SynReceived | TcpState::Established);
    before == TcpState::Closed || (before == TcpState::TimeWait && beginning)
}

/// The ports that are listened on.
fn listening(samples: &[Sample]) -> HashSet<u16> {
    let listeners = samples.iter().filter(|sample| sample.state == Some(TcpState::Listen));
    listeners.map(|sample| sample.local.port()).collect()
}

/// Who listens on the port of one end accepts; the other end of it has connected.
fn opener(listening: &HashSet<u16>, (local, remote): Pair) -> Opener {
    match (listening.contains(&local.port()), listening.contains(&remote.port())) {
        (true, false) => Opener::Passive,
        (false, true) => Opener::Active,
        _ => Opener::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::sample::Timer;
    use TcpState::{Closed, Established, FinWait2, Listen, SynSent, TimeWait};

    fn sample(at: i64, local: u16, remote: u16, state: TcpState) -> Sample {
        let end = |port: u16| SocketAddr::new([127, 0, 0, 1].into(), port);
        let remote = (remote > 0).then(|| end(remote));
        Sample { state: Some(state), ..Sample::new(Timestamp(at), Protocol::Tcp, end(local), remote) }
    }

    fn after(watch: &Watch, at: i64, samples: Vec<Sample>) -> Watch {
        let all = Ends::Local { protocol: Protocol::Tcp, local: "0.0.0.0:80".parse().unwrap() };
        watch.after(Timestamp(at), &[all], samples)
    }

    #[test]
    fn what_is_not_asked_for_stays_as_it_was() {
        let watch = after(&Watch::default(), 0, vec![sample(0, 5, 80, Established)]);
        let other = Ends::Local { protocol: Protocol::Tcp, local: "0.0.0.0:81".parse().unwrap() };
        let watch = watch.after(Timestamp(1), &[other], vec![sample(1, 81, 0, Listen)]);
        assert_eq!(watch.trails[0].last().state, Established);
    }

    #[test]
    fn states_follow_each_other_until_the_end() {
        let mut watch = Watch::default();
        for (at, state) in [(0, SynSent), (1, Established), (2, Established), (3, FinWait2), (4, TimeWait)] {
            watch = after(&watch, at, vec![sample(at, 5, 80, state)]);
        }
        watch = after(&after(&watch, 5, Vec::new()), 6, Vec::new());
        let [trail] = &watch.trails[..] else { panic!("{watch:?}") };
        let seen: Vec<_> = trail.steps.iter().map(|step| (step.state, step.since.0, step.until.0)).collect();
        assert_eq!(seen, [(SynSent, 0, 0), (Established, 1, 2), (FinWait2, 3, 3), (TimeWait, 4, 4), (Closed, 5, 5)]);
        assert_eq!(trail.opener, Opener::Active);
    }

    #[test]
    fn the_same_ends_again_are_a_new_trail() {
        let mut watch = Watch::default();
        for (at, state) in [(0, Established), (1, TimeWait), (2, SynSent)] {
            watch = after(&watch, at, vec![sample(at, 5, 80, state)]);
        }
        assert_eq!(watch.trails.len(), 2);
        let end = |port: u16| SocketAddr::new([127, 0, 0, 1].into(), port);
        assert_eq!(watch.trail(end(5), end(80)).unwrap().steps.len(), 1);
    }

    #[test]
    fn time_that_goes_on_is_no_news() {
        let left = |at: i64, seconds: u64| {
            let timer = Some((Timer::TimeWait, Duration::from_secs(seconds)));
            vec![Sample { timer, ..sample(at, 5, 80, TimeWait) }]
        };
        let first = after(&Watch::default(), 0, left(0, 60));
        let second = after(&first, 1_000_000, left(1_000_000, 59));
        let third = after(&second, 2_000_000, Vec::new());
        assert!(first.differs(&Watch::default()) && !second.differs(&first) && third.differs(&second));
        // The first answer is news, also when there is nothing.
        assert!(after(&Watch::default(), 0, Vec::new()).differs(&Watch::default()));
    }

    #[test]
    fn who_listens_has_accepted() {
        let samples = vec![sample(0, 80, 0, Listen), sample(0, 80, 5, Established), sample(0, 5, 80, Established)];
        let watch = after(&Watch::default(), 0, samples);
        assert_eq!(watch.trails.iter().map(|trail| trail.opener).collect::<Vec<_>>(), [Opener::Passive, Opener::Active]);
    }

    #[test]
    fn trails_are_bounded_and_the_living_stay() {
        let mut watch = Watch::default();
        for round in 0..9u16 {
            let each = (0..1000).map(|port| sample(0, 1000 + 1000 * round + port, 80, Established));
            let samples = std::iter::once(sample(0, 9, 80, Established)).chain(each).collect();
            watch = after(&watch, round.into(), samples);
        }
        assert_eq!(watch.trails.len(), MOST_TRAILS);
        assert!(watch.trails.iter().any(|trail| trail.local.port() == 9));
    }
}
