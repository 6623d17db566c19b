//! Which rows a view shows: all of them or those that a filter admits, up to where it was paused or a replay has come. Must never change
//! or drop a record.

use super::record::RecordId;
use roaring::RoaringTreemap;
use std::ops::Range;

/// A row's name, which it keeps while others come and go: its record's number, or with framing its frame's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey(pub u64);

/// Rows chosen out of a long list: those that a filter admits, or that a search found. A megabyte for ten million.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    keys: RoaringTreemap,
    /// How many were taken off the front, because the log has lost them. Positions go on counting them.
    gone: u64,
}

impl Chosen {
    /// Adds a row.
    pub fn insert(&mut self, key: RowKey) {
        self.keys.insert(key.0);
    }

    /// Takes rows out again.
    pub fn remove(&mut self, keys: Range<u64>) {
        self.keys.remove_range(keys);
    }

    /// Forgets those before `first`, which are gone.
    pub fn forget_before(&mut self, first: RowKey) {
        if self.keys.min().is_some_and(|oldest| oldest < first.0) {
            self.gone += self.keys.remove_range(..first.0);
        }
    }

    /// Whether a row is chosen.
    pub fn contains(&self, key: RowKey) -> bool {
        self.keys.contains(key.0)
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.keys.len()
    }

    /// The positions of those before `end`. A row keeps its position while it exists, unless an older one is chosen later.
    pub fn positions(&self, end: RowKey) -> Range<u64> {
        let before = if end.0 == 0 { 0 } else { self.keys.rank(end.0 - 1) };
        self.gone..self.gone + before
    }

    /// The row at a position.
    pub fn at(&self, position: u64) -> Option<RowKey> {
        self.keys.select(position.checked_sub(self.gone)?).map(RowKey)
    }

    /// The position of a row, or of the next one after it.
    pub fn position(&self, key: RowKey) -> u64 {
        self.positions(key).end
    }

    /// Those of them that are among others too.
    pub fn among(&self, others: &Chosen) -> Chosen {
        Chosen { keys: &self.keys & &others.keys, gone: 0 }
    }

    /// The next after `key`, or the one before it.
    pub fn next(&self, key: Option<RowKey>, way: Way) -> Option<RowKey> {
        match (way, key) {
            (Way::Forward, None) => self.keys.min(),
            (Way::Forward, Some(key)) => self.keys.select(self.keys.rank(key.0)),
            (Way::Back, None) => self.keys.max(),
            (Way::Back, Some(RowKey(0))) => None,
            (Way::Back, Some(key)) => self.keys.rank(key.0 - 1).checked_sub(1).and_then(|index| self.keys.select(index)),
        }
        .map(RowKey)
    }
}

/// Which way a search goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To newer rows.
    Forward,
    /// To older rows.
    Back,
}

/// A view's own place in the list of all rows.
#[derive(Default)]
pub struct View {
    paused_at: Option<RowKey>,
    until: Option<RecordId>,
}

impl View {
    /// Shows the records before this as if there were no others; `None` shows all.
    pub fn set_until(&mut self, until: Option<RecordId>) {
        self.until = until;
    }

    /// The first record that is not shown, where a replay has come.
    pub fn until(&self) -> Option<RecordId> {
        self.until
    }

    /// The records that may be shown, out of those that are kept.
    pub fn records(&self, kept: Range<u64>) -> Range<u64> {
        let end = self.until.map_or(kept.end, |until| until.0.clamp(kept.start, kept.end));
        kept.start..end
    }

    /// Stops at the newest of these rows, or goes on.
    pub fn set_paused(&mut self, all: &Range<u64>, paused: bool) {
        self.paused_at = paused.then_some(RowKey(all.end));
    }

    /// Whether it is paused.
    pub fn is_paused(&self) -> bool {
        self.paused_at.is_some()
    }

    /// How many rows wait behind the pause.
    pub fn waiting(&self, all: &Range<u64>) -> u64 {
        self.paused_at.map_or(0, |at| all.end.saturating_sub(at.0.max(all.start)))
    }

    /// The positions that there are now, out of all rows and those that are admitted.
    pub fn positions(&self, all: &Range<u64>, admitted: Option<&Chosen>) -> Range<u64> {
        let end = self.paused_at.map_or(all.end, |at| at.0.min(all.end)).max(all.start);
        match admitted {
            None => all.start..end,
            Some(admitted) => admitted.positions(RowKey(end)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_hides_and_never_drops() {
        let mut admitted = Chosen::default();
        for key in [0, 2, 4] {
            admitted.insert(RowKey(key));
        }
        let view = View::default();
        assert_eq!(view.positions(&(0..5), None), 0..5);
        assert_eq!(view.positions(&(0..5), Some(&admitted)), 0..3);
        assert_eq!(admitted.at(2), Some(RowKey(4)));
        admitted.forget_before(RowKey(1));
        assert_eq!(view.positions(&(1..5), Some(&admitted)), 1..3, "a row keeps its position when an older one goes");
        assert_eq!((admitted.at(0), admitted.at(1)), (None, Some(RowKey(2))));
        assert_eq!((admitted.position(RowKey(4)), admitted.position(RowKey(3))), (2, 2));
    }

    #[test]
    fn a_paused_view_counts_what_waits() {
        let mut view = View::default();
        view.set_paused(&(0..2), true);
        assert_eq!((view.positions(&(0..4), None), view.waiting(&(0..4))), (0..2, 2));
        assert_eq!((view.positions(&(3..4), None), view.waiting(&(3..4))), (3..3, 1));
        view.set_paused(&(0..4), false);
        assert_eq!((view.positions(&(0..4), None), view.waiting(&(0..4))), (0..4, 0));
    }

    #[test]
    fn a_replay_shows_what_was_there_by_then() {
        let mut view = View::default();
        assert_eq!(view.records(3..9), 3..9);
        for (until, shown) in [(0, 3..3), (3, 3..3), (5, 3..5), (9, 3..9), (99, 3..9)] {
            view.set_until(Some(RecordId(until)));
            assert_eq!(view.records(3..9), shown);
        }
        view.set_until(None);
        assert_eq!(view.records(3..9), 3..9);
    }

    #[test]
    fn searching_goes_both_ways_and_ends() {
        let mut found = Chosen::default();
        for key in [3, 7] {
            found.insert(RowKey(key));
        }
        let table = [
            (None, Way::Forward, Some(3)),
            (Some(3), Way::Forward, Some(7)),
            (Some(0), Way::Forward, Some(3)),
            (Some(7), Way::Forward, None),
            (None, Way::Back, Some(7)),
            (Some(7), Way::Back, Some(3)),
            (Some(5), Way::Back, Some(3)),
            (Some(3), Way::Back, None),
            (Some(0), Way::Back, None),
        ];
        for (from, way, next) in table {
            assert_eq!(found.next(from.map(RowKey), way), next.map(RowKey), "{from:?} {way:?}");
        }
    }
}
