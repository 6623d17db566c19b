//! Datagrams on their way through a relay, both ways of one client's conversation. Pure: it is told the time.
//! Must never lose one without saying so.

use super::fate::{self, Fate};
use super::{Done, Impairment, Way};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Bytes that may wait, both ways together, each datagram counting [`OVERHEAD`] more than its payload. At the bound a datagram that would
/// have to wait is thrown away, and told as [`Done::Overflowed`].
const BOUND: usize = 1 << 20;
/// What a datagram costs besides its payload.
const OVERHEAD: usize = 64;
/// How long a datagram that is held back waits for another to overtake it. Where nothing comes it must not wait for ever: a program
/// that asks and waits for the answer would send nothing more.
const HELD_FOR: Duration = Duration::from_millis(500);

/// A datagram that leaves now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// Which way.
    pub way: Way,
    /// Its number, from 1.
    pub number: u64,
    /// Its payload.
    pub bytes: Arc<[u8]>,
    /// Whether that is its turn.
    pub turn: Turn,
}

/// How a datagram leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// After all that came before it.
    Own,
    /// Once more.
    Again,
    /// It was held back, and the one that came after it has left.
    Overtaken,
    /// It was held back, and nothing came in time.
    Alone,
}

struct Waiting {
    due: Duration,
    number: u64,
    bytes: Arc<[u8]>,
    turn: Turn,
    repeated: bool,
}

/// One way.
#[derive(Default)]
struct Lane {
    /// The number of the latest one.
    number: u64,
    /// Those that leave in turn. Their times never go back.
    queue: VecDeque<Waiting>,
    /// The latest one, while nothing has come to overtake it.
    held_back: Option<Waiting>,
    /// Whether the latest that was not dropped was to be held back: then the next one overtakes it and is not held back itself. Kept apart
    /// from `held_back`, which time can empty, so that decisions do not depend on it.
    overtaking: bool,
    last_due: Duration,
}

/// Both ways of one conversation.
#[derive(Default)]
pub struct Datagrams {
    impairment: Impairment,
    lanes: [Lane; 2],
    waiting: usize,
}

impl Datagrams {
    /// Nothing is on its way yet.
    pub fn new(impairment: Impairment) -> Self {
        Self { impairment, ..Self::default() }
    }

    /// From the next datagram on this holds. Those that wait leave as was decided.
    pub fn set(&mut self, impairment: Impairment) {
        self.impairment = impairment;
    }

    /// Takes in a datagram: its number, and what is done to it (nothing, if it leaves as it came).
    pub fn push(&mut self, way: Way, bytes: Arc<[u8]>, now: Duration) -> (u64, Vec<Done>) {
        let lane = &mut self.lanes[way.index()];
        lane.number += 1;
        let number = lane.number;
        let Fate { dropped, repeated, held_back, jitter } = fate::of(&self.impairment, way, number);
        if dropped {
            return (number, vec![Done::Dropped]);
        }
        let delay = self.impairment.delay.saturating_add(jitter);
        let held_back = held_back && !lane.overtaking;
        let cost = bytes.len() + OVERHEAD;
        if self.waiting + cost > BOUND && self.waiting > 0 {
            return (number, vec![Done::Overflowed]);
        }
        lane.overtaking = held_back;
        let due = now.saturating_add(delay).max(lane.last_due);
        lane.last_due = due;
        self.waiting += cost;
        let waiting = Waiting { due, number, bytes, turn: Turn::Own, repeated };
        if held_back {
            lane.held_back = Some(waiting);
        } else {
            lane.queue.push_back(waiting);
            // What this one overtakes leaves right behind it.
            lane.queue.extend(lane.held_back.take().map(|overtaken| Waiting { due, turn: Turn::Overtaken, ..overtaken }));
        }
        let mut done = Vec::new();
        if !delay.is_zero() {
            done.push(Done::Delayed(delay));
        }
        if repeated {
            done.push(Done::Repeated);
        }
        if held_back {
            done.push(Done::HeldBack);
        }
        (number, done)
    }

    /// When the next one leaves; `None` when nothing waits.
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.lanes.iter().filter_map(Lane::next_due).min()
    }

    /// The next one that leaves by now, the earliest first. Called until there is none.
    pub fn pop(&mut self, now: Duration) -> Option<Leaving> {
        let due = |way: &Way| self.lanes[way.index()].next_due();
        let way = Way::BOTH.into_iter().filter(|way| due(way).is_some_and(|due| due <= now)).min_by_key(due)?;
        let lane = &mut self.lanes[way.index()];
        let Waiting { number, bytes, turn, repeated, .. } = lane.take(now)?;
        if repeated {
            let again = Waiting { due: now, number, bytes: bytes.clone(), turn: Turn::Again, repeated: false };
            // Directly behind it, before one that it has overtaken.
            lane.queue.push_front(again);
        } else {
            self.waiting = self.waiting.saturating_sub(bytes.len() + OVERHEAD);
        }
        Some(Leaving { way, number, bytes, turn })
    }

    /// How many wait, and their bytes: what is lost if the conversation ends now.
    pub fn left(&self, way: Way) -> (u64, u64) {
        let lane = &self.lanes[way.index()];
        let all = lane.queue.iter().chain(&lane.held_back).filter(|waiting| waiting.turn != Turn::Again);
        all.fold((0, 0), |(count, bytes), waiting| (count + 1, bytes + waiting.bytes.len() as u64))
    }
}

impl Lane {
    fn next_due(&self) -> Option<Duration> {
        let held_back = self.held_back.as_ref().map(|waiting| waiting.due.saturating_add(HELD_FOR));
        let queued = self.queue.front().map(|waiting| waiting.due);
        match (queued, held_back) {
            (Some(queued), Some(held_back)) => Some(queued.min(held_back)),
            (queued, held_back) => queued.or(held_back),
        }
    }

    /// Takes out the next one that is due.
    fn take(&mut self, now: Duration) -> Option<Waiting> {
        if self.queue.front().is_some_and(|first| first.due <= now) {
            return self.queue.pop_front();
        }
        self.held_back.take().map(|waiting| Waiting { turn: Turn::Alone, ..waiting })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn payload(number: u64) -> Arc<[u8]> {
        number.to_le_bytes().as_slice().into()
    }

    fn leaving(datagrams: &mut Datagrams, now: Duration) -> Vec<(u64, Turn)> {
        std::iter::from_fn(|| datagrams.pop(now)).map(|leaving| (leaving.number, leaving.turn)).collect()
    }

    fn shares(drop: &str, repeat: &str, reorder: &str) -> Impairment {
        let [drop, repeat, reorder] = [drop, repeat, reorder].map(|share| share.parse().unwrap());
        Impairment { seed: 4, drop, repeat, reorder, ..Impairment::default() }
    }

    #[test]
    fn without_impairment_all_leaves_at_once_as_it_came() {
        let mut datagrams = Datagrams::default();
        for number in 1..=5 {
            assert_eq!(datagrams.push(Way::ToTarget, payload(number), ms(0)), (number, vec![]));
        }
        let order: Vec<(u64, Turn)> = (1..=5).map(|number| (number, Turn::Own)).collect();
        assert_eq!(leaving(&mut datagrams, ms(0)), order);
        assert_eq!((datagrams.poll_timeout(), datagrams.waiting), (None, 0));
    }

    #[test]
    fn everything_overtaken_comes_in_swapped_pairs() {
        let mut datagrams = Datagrams::new(Impairment { delay: ms(30), ..shares("0", "0", "100") });
        for number in 1..=5 {
            datagrams.push(Way::ToTarget, payload(number), ms(number));
        }
        assert_eq!(leaving(&mut datagrams, ms(20)), []);
        let (own, over) = (Turn::Own, Turn::Overtaken);
        assert_eq!(leaving(&mut datagrams, ms(40)), [(2, own), (1, over), (4, own), (3, over)]);
        // The last one has nothing to wait for, and does not wait for ever.
        assert_eq!(datagrams.left(Way::ToTarget), (1, 8));
        let due = datagrams.poll_timeout().unwrap();
        assert_eq!((due, leaving(&mut datagrams, due)), (ms(35) + HELD_FOR, vec![(5, Turn::Alone)]));
        // That it had to leave changes nothing for those behind it.
        assert_eq!(datagrams.push(Way::ToTarget, payload(6), ms(900)).1, [Done::Delayed(ms(30))]);
        assert_eq!(datagrams.push(Way::ToTarget, payload(7), ms(900)).1, [Done::Delayed(ms(30)), Done::HeldBack]);
    }

    #[test]
    fn what_leaves_twice_leaves_twice_in_a_row() {
        let mut datagrams = Datagrams::new(shares("0", "100", "100"));
        for number in 1..=2 {
            assert_eq!(datagrams.push(Way::ToClient, payload(number), ms(0)).1[0], Done::Repeated);
        }
        let expected = [(2, Turn::Own), (2, Turn::Again), (1, Turn::Overtaken), (1, Turn::Again)];
        assert_eq!(leaving(&mut datagrams, ms(0)), expected);
        assert_eq!(datagrams.waiting, 0);
    }

    #[test]
    fn too_much_that_waits_is_thrown_away_and_told() {
        let mut datagrams = Datagrams::new(Impairment { delay: ms(1000), ..Impairment::default() });
        let large: Arc<[u8]> = vec![0; 60_000].into();
        let fates: Vec<Vec<Done>> = (0..20).map(|_| datagrams.push(Way::ToTarget, large.clone(), ms(0)).1).collect();
        let lost = fates.iter().filter(|done| **done == [Done::Overflowed]).count();
        assert_eq!((lost, datagrams.left(Way::ToTarget).0), (3, 17));
        assert!(datagrams.waiting <= BOUND);
    }

    #[test]
    fn jitter_changes_no_order() {
        let mut datagrams = Datagrams::new(Impairment { jitter: ms(100), ..Impairment::default() });
        (1..=50).for_each(|number| drop(datagrams.push(Way::ToTarget, payload(number), ms(number))));
        let order: Vec<u64> = leaving(&mut datagrams, ms(1000)).into_iter().map(|(number, _)| number).collect();
        assert_eq!(order, (1..=50).collect::<Vec<u64>>());
    }

    fn any_impairment() -> impl Strategy<Value = Impairment> {
        let share = || (0u32..=1_000_000).prop_map(crate::session::impairment::Share::from);
        (any::<u64>(), share(), share(), share(), 0u64..200, 0u64..200).prop_map(
            |(seed, drop, repeat, reorder, delay, jitter)| Impairment {
                seed,
                drop,
                repeat,
                reorder,
                delay: ms(delay),
                jitter: ms(jitter),
                ..Impairment::default()
            },
        )
    }

    proptest! {
        /// in = out + dropped − repeats, whatever comes when; and nothing leaves that did not come.
        #[test]
        fn the_books_balance(impairment in any_impairment(), ways in proptest::collection::vec((any::<bool>(), 0u64..50), 0..200)) {
            let mut datagrams = Datagrams::new(impairment);
            let (mut now, mut came, mut lost, mut again, mut out) = (ms(0), 0, 0, 0, Vec::new());
            for (to_target, pause) in ways {
                now += ms(pause);
                out.extend(std::iter::from_fn(|| datagrams.pop(now)));
                let way = if to_target { Way::ToTarget } else { Way::ToClient };
                let (_, done) = datagrams.push(way, payload(came), now);
                came += 1;
                lost += u64::from(done.iter().any(|done| done.loses()));
                again += u64::from(done.contains(&Done::Repeated));
            }
            while let Some(due) = datagrams.poll_timeout() {
                out.extend(std::iter::from_fn(|| datagrams.pop(due)));
            }
            prop_assert_eq!(came, out.len() as u64 + lost - again);
            prop_assert_eq!(out.iter().filter(|leaving| leaving.turn == Turn::Again).count() as u64, again);
            prop_assert_eq!(datagrams.waiting, 0);
            let mut seen = std::collections::BTreeSet::new();
            prop_assert!(out.iter().filter(|leaving| leaving.turn != Turn::Again).all(|leaving| seen.insert((leaving.way.index(), leaving.number))));
        }

        /// The same seed, the same fates and the same order, however the two ways interleave and whenever they come (within what a
        /// datagram is held back for).
        #[test]
        fn the_same_seed_does_the_same(impairment in any_impairment(), pauses in proptest::collection::vec((0u64..9, 0u64..9, 0usize..3), 1..60)) {
            let run = |late: bool| {
                let mut datagrams = Datagrams::new(impairment);
                let (mut now, mut fates, mut order) = (ms(0), Vec::new(), Vec::new());
                for (number, (early, tardy, back)) in pauses.iter().enumerate() {
                    now += ms(if late { *tardy } else { *early });
                    fates.push(datagrams.push(Way::ToTarget, payload(number as u64), now));
                    for _ in 0..if late { *back } else { 0 } {
                        datagrams.push(Way::ToClient, payload(0), now);
                    }
                    order.extend(std::iter::from_fn(|| datagrams.pop(now)));
                }
                while let Some(due) = datagrams.poll_timeout() {
                    order.extend(std::iter::from_fn(|| datagrams.pop(due)));
                }
                order.retain(|leaving| leaving.way == Way::ToTarget);
                let order: Vec<(u64, Arc<[u8]>)> = order.into_iter().map(|leaving| (leaving.number, leaving.bytes)).collect();
                (fates, order)
            };
            prop_assert_eq!(run(false), run(true));
        }
    }
}
