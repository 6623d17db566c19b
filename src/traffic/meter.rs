//! Counters and rates of one session. Must never ask the clock: moments are arguments.

use super::record::Direction;
use crate::session::timestamp::Timestamp;
use std::collections::VecDeque;

/// The width of a bucket of the rate history.
const BUCKET_MICROS: i64 = 250_000;
/// Buckets that make up "now": one second.
const RATE_BUCKETS: i64 = 4;
/// Buckets kept: the half minute that the little chart shows.
const BUCKETS: usize = 120;

/// Records and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How many.
    pub records: u64,
    /// Their payload.
    pub bytes: u64,
}

impl Count {
    fn add(&mut self, bytes: u64) {
        self.records += 1;
        self.bytes += bytes;
    }
}

/// What the status bar shows of one session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// Received since the counters were reset.
    pub received: Count,
    /// Sent since then.
    pub sent: Count,
    /// Datagrams lost since then.
    pub lost: u64,
    /// Bytes per second, in and out.
    pub rates: (u64, u64),
    /// Bytes in each quarter second of the last half minute, oldest first, both directions together.
    pub history: Vec<u64>,
}

#[derive(Clone, Copy, Default)]
struct Bucket {
    number: i64,
    received: u64,
    sent: u64,
}

/// Counts one session's traffic.
#[derive(Default)]
pub struct Meter {
    received: Count,
    sent: Count,
    lost: u64,
    buckets: VecDeque<Bucket>,
}

impl Meter {
    /// Bytes went by.
    pub fn count(&mut self, direction: Direction, bytes: u64, at: Timestamp) {
        match direction {
            Direction::Received => self.received.add(bytes),
            Direction::Sent => self.sent.add(bytes),
        }
        let number = at.0.div_euclid(BUCKET_MICROS);
        // A clock that was set back must not lose bytes: they count into the newest bucket.
        if self.buckets.back().is_none_or(|last| last.number < number) {
            self.buckets.push_back(Bucket { number, ..Bucket::default() });
            if self.buckets.len() > BUCKETS {
                self.buckets.pop_front();
            }
        }
        if let Some(bucket) = self.buckets.back_mut() {
            match direction {
                Direction::Received => bucket.received += bytes,
                Direction::Sent => bucket.sent += bytes,
            }
        }
    }

    /// Datagrams were lost.
    pub fn lose(&mut self, datagrams: u64) {
        // A file that was tampered with can say anything.
        self.lost = self.lost.saturating_add(datagrams);
    }

    /// Starts the counters from zero; the rates go on.
    pub fn reset(&mut self) {
        self.received = Count::default();
        self.sent = Count::default();
        self.lost = 0;
    }

    /// What to show at this moment.
    pub fn read(&self, now: Timestamp) -> Reading {
        let present = now.0.div_euclid(BUCKET_MICROS);
        let recent = self.buckets.iter().filter(|bucket| bucket.number > present - RATE_BUCKETS);
        let rates = recent.fold((0, 0), |(received, sent), bucket| (received + bucket.received, sent + bucket.sent));
        let mut history = vec![0; BUCKETS];
        for bucket in &self.buckets {
            let age = present - bucket.number;
            if let Some(index) = usize::try_from(age).ok().and_then(|age| (BUCKETS - 1).checked_sub(age)) {
                history[index] = bucket.received + bucket.sent;
            }
        }
        Reading { received: self.received, sent: self.sent, lost: self.lost, rates, history }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_of_the_last_second_and_fade() {
        let second = 1_000_000;
        let mut meter = Meter::default();
        meter.count(Direction::Received, 100, Timestamp(10 * second));
        meter.count(Direction::Received, 50, Timestamp(10 * second + 900_000));
        meter.count(Direction::Sent, 7, Timestamp(10 * second + 900_000));
        assert_eq!(meter.read(Timestamp(10 * second + 900_000)).rates, (150, 7));
        assert_eq!(meter.read(Timestamp(11 * second + 500_000)).rates, (50, 7));
        assert_eq!(meter.read(Timestamp(12 * second)).rates, (0, 0));
        assert_eq!(meter.read(Timestamp(12 * second)).history.iter().sum::<u64>(), 157);
        meter.reset();
        assert_eq!(meter.read(Timestamp(12 * second)).received, Count::default());
    }

    #[test]
    fn a_clock_set_back_loses_nothing() {
        let mut meter = Meter::default();
        meter.count(Direction::Sent, 1, Timestamp(9_000_000));
        meter.count(Direction::Sent, 1, Timestamp(1_000_000));
        assert_eq!(meter.read(Timestamp(9_000_000)).rates, (0, 2));
    }
}
