//! One session's spool in the archive, and how it fares: what went, what could not be written, whether it fails. Must never decide what
//! goes: the archive does.

use super::spool::{Dropped, Spool};
use crate::session::failure::Failure;
use crate::session::timestamp::Timestamp;
use crate::traffic::log::Lost;
use crate::traffic::record::RecordId;
use std::collections::VecDeque;

/// How soon a write that failed is tried again, in microseconds.
const RETRY: u64 = 500_000;

/// Why records can't be written.
pub struct Failing {
    /// Why.
    pub failure: Failure,
    /// When it was last tried.
    pub tried: Timestamp,
}

/// A session's spool and how it fares.
pub struct Kept {
    /// Its records.
    pub spool: Spool,
    /// What went to stay within the budget.
    pub dropped: Lost,
    /// The record after that.
    pub first: RecordId,
    /// What could not be written since it fails.
    pub missing: Lost,
    /// What could never be written, hole by hole with its first record. At most one stands before each segment.
    holes: VecDeque<(RecordId, Lost)>,
    /// While it fails.
    pub failing: Option<Failing>,
    /// Whether its log was told that reading is held.
    pub told_held: bool,
    /// It was read from a file and does not grow: the budget does not take it away.
    pub pinned: bool,
}

impl Kept {
    /// Nothing has happened to it yet.
    pub fn new(spool: Spool, pinned: bool) -> Self {
        let (dropped, missing) = (Lost::default(), Lost::default());
        let holes = VecDeque::new();
        Self { spool, dropped, first: RecordId(0), missing, holes, failing: None, told_held: false, pinned }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.spool.clear();
        self.dropped = Lost::default();
        self.missing = Lost::default();
        self.holes.clear();
        // Whether it fails still is for the next record to find out.
        self.failing = None;
    }

    /// Counts the oldest of what waits as missing.
    pub fn give_up(&mut self) {
        let Some(Dropped { lost, next, .. }) = self.spool.drop_waiting() else { return };
        self.missing += lost;
        let first = RecordId(next.0 - lost.records);
        match self.holes.back_mut() {
            Some((begin, hole)) if begin.0 + hole.records == first.0 => *hole += lost,
            _ => self.holes.push_back((first, lost)),
        }
    }

    /// Whether a write may be tried; a clock that was set back must not put it off.
    fn is_due(&self, now: Timestamp) -> bool {
        self.failing.as_ref().is_none_or(|failing| now < failing.tried || now.micros_since(failing.tried) >= RETRY)
    }

    /// Whether there is something to write or to try now.
    pub fn has_work(&self, now: Timestamp) -> bool {
        self.is_due(now) && (self.spool.waiting() > 0 || self.failing.is_some())
    }

    /// Drops the oldest segment, the only one where that is asked for; the bytes that it had.
    pub fn drop_oldest(&mut self, only_too: bool) -> Option<u64> {
        let gone = self.spool.drop_oldest().or_else(|| if only_too { self.spool.drop_only() } else { None })?;
        self.dropped += gone.lost;
        self.first = gone.next;
        // What is missing before it goes with it; the log begins behind both.
        while let Some((_, hole)) = self.holes.pop_front_if(|(begin, _)| *begin < gone.next) {
            self.dropped += hole;
        }
        Some(gone.size)
    }

    /// Records that are kept nowhere although none before them was dropped.
    #[cfg(test)]
    pub fn in_holes(&self) -> u64 {
        self.holes.iter().map(|(_, hole)| hole.records).sum()
    }
}
