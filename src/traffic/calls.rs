//! The socket calls of a session, the newest within a bound. Must never drop one without counting it.

use super::record::RecordId;
use crate::session::call::Call;
use crate::session::timestamp::Timestamp;
use std::collections::VecDeque;

/// Memory for the calls of one session; at the bound the oldest go, counted. Some 20,000 calls.
const BOUND: usize = 4 << 20;

/// A call and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// When it was made.
    pub at: Timestamp,
    /// The record before which it stands in the log.
    pub before: RecordId,
    /// The call.
    pub call: Call,
}

/// A session's calls in order.
#[derive(Default)]
pub struct Calls {
    calls: VecDeque<Placed>,
    cost: usize,
    lost: u64,
}

impl Calls {
    /// Takes in the next.
    pub fn push(&mut self, placed: Placed) {
        self.cost += placed.call.cost();
        self.calls.push_back(placed);
        while self.cost > BOUND
            && let Some(gone) = self.calls.pop_front()
        {
            self.cost -= gone.call.cost();
            self.lost += 1;
        }
    }

    /// Forgets them, because the user asked; that is no loss.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The number of the oldest that is kept, counted from the first there was.
    pub fn first(&self) -> u64 {
        self.lost
    }

    /// How many there were.
    pub fn next(&self) -> u64 {
        self.lost + self.calls.len() as u64
    }

    /// A call by its number; `None` when it is gone or not yet there.
    pub fn get(&self, number: u64) -> Option<&Placed> {
        self.calls.get(usize::try_from(number.checked_sub(self.lost)?).ok()?)
    }

    /// The first call that stands before no record older than this one.
    pub fn at_record(&self, record: RecordId) -> u64 {
        self.lost + self.calls.partition_point(|placed| placed.before < record) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::call::{Function, Returned};
    use std::time::Duration;

    fn placed(before: u64, arguments: &str) -> Placed {
        let call = Call {
            function: Function::Bind,
            descriptor: Some(7),
            connection: None,
            arguments: arguments.into(),
            result: Returned::Value(0),
            took: Duration::ZERO,
        };
        Placed { at: Timestamp(0), before: RecordId(before), call }
    }

    #[test]
    fn the_oldest_go_and_are_counted() {
        let mut calls = Calls::default();
        for number in 0..10 {
            calls.push(placed(number, &"x".repeat(1 << 20)));
        }
        assert_eq!((calls.first(), calls.next()), (7, 10));
        assert!(calls.get(6).is_none());
        assert_eq!(calls.get(7).unwrap().before, RecordId(7));
        assert_eq!(calls.at_record(RecordId(8)), 8);
        assert_eq!(calls.at_record(RecordId(0)), 7);
    }
}
