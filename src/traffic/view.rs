//! Which records a view shows, and their row numbers: all of them, or those of the chosen peers; up to where it was paused.
//! Must never change or drop a record: it is a filter.

use super::log::Log;
use super::record::{Record, RecordId};
use crate::session::id::ConnectionId;
use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;

/// Records looked at in one step, so that no frame waits for a long log.
const STEP: u64 = 100_000;

/// Which peers are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// Every record.
    #[default]
    All,
    /// The records of these connections, and those about the whole session.
    Only(BTreeSet<ConnectionId>),
}

impl Filter {
    fn admits(&self, record: &Record) -> bool {
        match (self, record.peer()) {
            (Self::All, _) | (_, None) => true,
            (Self::Only(chosen), Some(peer)) => peer.connection.is_none_or(|id| chosen.contains(&id)),
        }
    }
}

/// A view's own place in a log.
#[derive(Default)]
pub struct View {
    filter: Filter,
    /// The records admitted so far; unused without a filter.
    admitted: VecDeque<RecordId>,
    /// How many were taken off the front of `admitted`, because the log has lost them.
    gone: u64,
    /// The first record not yet looked at.
    next: u64,
    paused_at: Option<RecordId>,
}

impl View {
    /// Shows these peers from now on.
    pub fn set_filter(&mut self, filter: Filter) {
        if self.filter != filter {
            *self = Self { filter, paused_at: self.paused_at, ..Self::default() };
        }
    }

    /// Which peers are shown.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Stops at the newest record, or goes on.
    pub fn set_paused(&mut self, log: &Log, paused: bool) {
        self.paused_at = paused.then(|| log.next());
    }

    /// Whether it is paused.
    pub fn is_paused(&self) -> bool {
        self.paused_at.is_some()
    }

    /// How many records wait behind the pause.
    pub fn waiting(&self, log: &Log) -> u64 {
        self.paused_at.map_or(0, |at| log.next().0.saturating_sub(at.0.max(log.first().0)))
    }

    /// Brings the row numbers up to date, a step at most. `true` when there is more to do.
    pub fn advance(&mut self, log: &Log) -> bool {
        if self.filter == Filter::All {
            return false;
        }
        while self.admitted.front().is_some_and(|id| *id < log.first()) {
            self.admitted.pop_front();
            self.gone += 1;
        }
        let from = self.next.max(log.first().0);
        let to = log.next().0.min(from + STEP);
        for id in (from..to).map(RecordId) {
            if log.in_memory(id).is_some_and(|record| self.filter.admits(record)) {
                self.admitted.push_back(id);
            }
        }
        self.next = to;
        to < log.next().0
    }

    /// The numbers of the rows that there are now. A row keeps its number while it exists.
    pub fn rows(&self, log: &Log) -> Range<u64> {
        let end = self.paused_at.unwrap_or(log.next());
        match self.filter {
            Filter::All => log.first().0..end.0.max(log.first().0),
            Filter::Only(_) => {
                let shown = self.admitted.partition_point(|id| *id < end);
                self.gone..self.gone + shown as u64
            }
        }
    }

    /// The record of a row.
    pub fn record(&self, row: u64) -> Option<RecordId> {
        match self.filter {
            Filter::All => Some(RecordId(row)),
            Filter::Only(_) => self.admitted.get(usize::try_from(row.checked_sub(self.gone)?).ok()?).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::event::{SessionEvent, What};
    use crate::session::id::{Peer, SessionId};
    use crate::session::timestamp::Timestamp;

    fn log_of(connections: &[u32]) -> Log {
        let mut log = Log::default();
        for connection in connections {
            let peer = Peer::connected(ConnectionId(*connection), "127.0.0.1:9".parse().unwrap());
            let what = What::Received { peer, bytes: [1][..].into() };
            log.push(Record::of(&SessionEvent { session: SessionId(1), at: Timestamp(0), what }).unwrap());
        }
        log
    }

    #[test]
    fn a_filter_hides_and_never_drops() {
        let mut log = log_of(&[1, 2, 1, 3, 1]);
        let mut view = View::default();
        assert_eq!(view.rows(&log), 0..5);
        view.set_filter(Filter::Only(BTreeSet::from([ConnectionId(1)])));
        assert!(!view.advance(&log));
        assert_eq!(view.rows(&log), 0..3);
        assert_eq!(view.record(2), Some(RecordId(4)));
        log.evict();
        view.advance(&log);
        assert_eq!(view.rows(&log), 1..3, "a row keeps its number when an older one is evicted");
        assert_eq!(view.record(1), Some(RecordId(2)));
        view.set_filter(Filter::All);
        assert_eq!(view.rows(&log), 1..5);
    }

    #[test]
    fn a_paused_view_counts_what_waits() {
        let mut log = log_of(&[1, 2]);
        let mut view = View::default();
        view.set_paused(&log, true);
        for record in [log.in_memory(RecordId(0)).unwrap().clone(), log.in_memory(RecordId(1)).unwrap().clone()] {
            log.push(record);
        }
        assert_eq!(view.rows(&log), 0..2);
        assert_eq!(view.waiting(&log), 2);
        view.set_paused(&log, false);
        assert_eq!((view.rows(&log), view.waiting(&log)), (0..4, 0));
    }
}
