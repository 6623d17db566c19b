//! The records of one session, the newest within a budget. Must never drop one without counting it.

use super::record::{Record, RecordId, Records};
use std::collections::{BTreeSet, VecDeque};

/// Records that are gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// How many.
    pub records: u64,
    /// Their payload.
    pub bytes: u64,
}

impl std::ops::AddAssign for Lost {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.bytes += other.bytes;
    }
}

/// What a session has on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The oldest record that is kept.
    pub first: RecordId,
    /// What went to stay within the budget.
    pub dropped: Lost,
}

/// Where the records are that memory has no room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keeping {
    /// Nowhere: what leaves memory is gone.
    #[default]
    InMemory,
    /// On disk.
    OnDisk,
}

/// The most ends of streams that are remembered, ended streams included; 16 MB at the worst. At the bound the oldest are forgotten:
/// then the bytes of a character that such a stream began and never ended are not marked in the text view.
const ENDS: usize = 1 << 20;

/// A session's records in order.
#[derive(Default)]
pub struct Log {
    records: VecDeque<Record>,
    /// The number of the oldest record in memory.
    first: u64,
    /// The number of the oldest record that is kept anywhere.
    kept: u64,
    keeping: Keeping,
    cost: usize,
    lost: Lost,
    /// The last record of every stream so far.
    ends: BTreeSet<RecordId>,
}

impl Log {
    /// An empty log.
    pub fn new(keeping: Keeping) -> Self {
        Self { keeping, ..Self::default() }
    }

    /// Takes in the next record. Returns what it costs.
    pub fn push(&mut self, record: Record) -> usize {
        self.note_end(self.next(), &record);
        let cost = record.cost();
        self.cost += cost;
        self.records.push_back(record);
        cost
    }

    fn note_end(&mut self, id: RecordId, record: &Record) {
        if let Some(data) = record.data().filter(|data| data.peer.stream().is_some()) {
            if let Some(previous) = data.previous {
                self.ends.remove(&previous);
            }
            self.ends.insert(id);
            if self.ends.len() > ENDS {
                self.ends.pop_first();
            }
        }
    }

    /// Drops the oldest record from memory, and counts it where it is nowhere else. Returns what that freed.
    pub fn evict(&mut self) -> usize {
        let Some(record) = self.records.pop_front() else { return 0 };
        self.first += 1;
        if self.keeping == Keeping::InMemory {
            self.kept = self.first;
            self.lost += Lost { records: 1, bytes: record.data().map_or(0, |data| data.bytes.len() as u64) };
        }
        let cost = record.cost();
        self.cost -= cost;
        cost
    }

    /// The oldest records on disk went.
    pub fn shrink(&mut self, holding: Holding) {
        self.kept = holding.first.0.min(self.next().0);
        self.lost = holding.dropped;
        self.ends = self.ends.split_off(&holding.first);
    }

    /// Forgets everything so far, because the user asked; that is no loss. Returns what that freed.
    pub fn clear(&mut self) -> usize {
        self.first = self.next().0;
        self.kept = self.first;
        self.records.clear();
        self.ends.clear();
        self.records.shrink_to(1024);
        self.lost = Lost::default();
        std::mem::take(&mut self.cost)
    }

    /// A record by its number; `None` when it is gone or not yet there.
    pub fn in_memory(&self, id: RecordId) -> Option<&Record> {
        let index = id.0.checked_sub(self.first)?;
        self.records.get(usize::try_from(index).ok()?)
    }

    /// The number of the oldest record that is kept, in memory or on disk.
    pub fn first(&self) -> RecordId {
        RecordId(self.kept)
    }

    /// The number of the oldest record in memory.
    pub fn oldest_in_memory(&self) -> RecordId {
        RecordId(self.first)
    }

    /// The number that the next record will get.
    pub fn next(&self) -> RecordId {
        RecordId(self.first + self.records.len() as u64)
    }

    /// What it holds in memory, in bytes.
    pub fn cost(&self) -> usize {
        self.cost
    }

    /// What had to go.
    pub fn lost(&self) -> Lost {
        self.lost
    }

    /// The next record of a log whose records are all on disk, as it was read from there; `None` for one that can't be read.
    pub fn pass(&mut self, id: RecordId, record: Option<&Record>) {
        if self.first == 0 {
            self.kept = id.0;
        }
        self.first = id.0 + 1;
        if let Some(record) = record {
            self.note_end(id, record);
        }
    }
}

impl Records for Log {
    fn get(&self, id: RecordId) -> Option<Record> {
        self.in_memory(id).cloned()
    }

    fn continues(&self, id: RecordId) -> bool {
        !self.ends.contains(&id)
    }
}
