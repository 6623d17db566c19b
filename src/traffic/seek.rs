//! The place of a moment in a long list of records: how many were there by then. A look at a record is told one at a time, for it may have
//! to come from disk first; two dozen looks find the place among ten million. Pure. Must never look itself.

use super::record::RecordId;
use crate::session::timestamp::Timestamp;
use std::ops::Range;

/// A search for the first record after a moment.
///
/// Records stand in the order in which they were seen. Where a capture's clock was set back, the place that is found is one at which an
/// earlier moment stands before a later one; one is always found.
#[derive(Clone, Debug)]
pub struct Seek {
    moment: Timestamp,
    /// The place is not before this.
    low: u64,
    /// Nor behind this.
    high: u64,
    /// Where to look first: near the last place, in growing steps.
    guess: Option<Guess>,
    /// Records that can't be read, from here on up to where the next look is.
    hole: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Guess {
    at: u64,
    stride: u64,
    /// Which way the steps go: whether what was looked at was after the moment.
    after: Option<bool>,
}

/// How much longer each step is than the one before.
const GROWTH: u64 = 4;

impl Seek {
    /// Searches among these records, beginning at a place that is probably near: a replay moves a little at a time.
    pub fn new(moment: Timestamp, records: &Range<u64>, near: RecordId) -> Self {
        let guess = Guess { at: near.0, stride: 1, after: None };
        Self { moment, low: records.start, high: records.end.max(records.start), guess: Some(guess), hole: None }
    }

    /// The moment that is searched for.
    pub fn moment(&self) -> Timestamp {
        self.moment
    }

    /// The record to look at next; `None` once the place is found.
    pub fn wanted(&self) -> Option<RecordId> {
        let last = self.high.checked_sub(1).filter(|last| *last >= self.low)?;
        let middle = self.low + (self.high - self.low) / 2;
        Some(RecordId(self.guess.map_or(middle, |guess| guess.at.clamp(self.low, last))))
    }

    /// The place: the records before this are not after the moment. `None` while it is not found.
    pub fn found(&self) -> Option<RecordId> {
        self.wanted().is_none().then_some(RecordId(self.low))
    }

    /// When the wanted record was seen; `None` where it can't be read: then the next one that can be stands for it.
    pub fn tell(&mut self, at: Option<Timestamp>) {
        let Some(RecordId(place)) = self.wanted() else { return };
        let Some(at) = at else {
            let first = *self.hole.get_or_insert(place);
            if place + 1 >= self.high {
                (self.high, self.hole, self.guess) = (first, None, None);
            } else {
                self.guess = Some(Guess { at: place + 1, stride: 1, after: None });
            }
            return;
        };
        let after = at > self.moment;
        let hole = self.hole.take();
        if after {
            self.high = hole.unwrap_or(place).max(self.low);
        } else {
            self.low = place + 1;
        }
        // Steps go on while they go one way; then the place is between the last two.
        self.guess = self.guess.filter(|guess| hole.is_none() && guess.after.is_none_or(|was| was == after)).map(|guess| Guess {
            at: if after { place.saturating_sub(guess.stride) } else { place.saturating_add(guess.stride) },
            stride: guess.stride.saturating_mul(GROWTH),
            after: Some(after),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The place, and how many looks it took.
    fn sought(times: &[Option<i64>], moment: i64, near: u64) -> (u64, usize) {
        let mut seek = Seek::new(Timestamp(moment), &(0..times.len() as u64), RecordId(near));
        for looks in 0.. {
            let Some(wanted) = seek.wanted() else { return (seek.found().unwrap().0, looks) };
            assert!(looks < 10 * times.len() + 10, "it does not end");
            seek.tell(times[wanted.0 as usize].map(Timestamp));
        }
        unreachable!()
    }

    #[test]
    fn ten_million_records_need_two_dozen_looks_and_a_small_move_a_few() {
        let mut seek = Seek::new(Timestamp(7_654_321), &(0..10_000_000), RecordId(0));
        let mut looks = 0;
        while let Some(wanted) = seek.wanted() {
            looks += 1;
            seek.tell(Some(Timestamp(wanted.0 as i64)));
        }
        assert_eq!(seek.found(), Some(RecordId(7_654_322)));
        assert!(looks < 40, "{looks}");
        let times: Vec<Option<i64>> = (0..100_000).map(Some).collect();
        for (moment, near) in [(50_003, 50_000), (49_990, 50_000), (50_000, 50_001)] {
            let (place, looks) = sought(&times, moment, near);
            assert_eq!(place, moment as u64 + 1);
            assert!(looks <= 10, "{looks}");
        }
    }

    #[test]
    fn the_ends_and_nothing_at_all() {
        assert_eq!(sought(&[], 5, 3).0, 0);
        let times = [Some(10), Some(20), Some(20), Some(30)];
        for (moment, place) in [(9, 0), (10, 1), (19, 1), (20, 3), (29, 3), (30, 4), (99, 4)] {
            for near in 0..6 {
                assert_eq!(sought(&times, moment, near).0, place, "{moment} from {near}");
            }
        }
    }

    proptest! {
        #[test]
        fn as_counting_them_finds_it(mut times in prop::collection::vec(0_i64..50, 0..60), moment in -5_i64..60, near in 0_u64..80) {
            times.sort_unstable();
            let expected = times.iter().filter(|at| **at <= moment).count() as u64;
            let times: Vec<Option<i64>> = times.into_iter().map(Some).collect();
            prop_assert_eq!(sought(&times, moment, near).0, expected);
        }

        /// A place is always found; where those that can be read are in order, it parts them at the moment.
        #[test]
        fn holes_are_stepped_over(times in prop::collection::vec(prop::option::of(0_i64..50), 0..60), moment in -5_i64..60, near in 0_u64..80) {
            let (place, _) = sought(&times, moment, near);
            prop_assert!(place <= times.len() as u64);
            let mut sorted: Vec<i64> = times.iter().flatten().copied().collect();
            sorted.sort_unstable();
            let mut rest = sorted.into_iter();
            let ordered: Vec<Option<i64>> = times.iter().map(|at| at.and_then(|_| rest.next())).collect();
            let (place, _) = sought(&ordered, moment, near);
            let (before, behind) = ordered.split_at(place as usize);
            prop_assert!(before.iter().flatten().all(|at| *at <= moment));
            prop_assert!(behind.iter().flatten().all(|at| *at > moment));
        }
    }
}
