//! The records of one session, the newest within a budget. Must never drop one without counting it.

use super::record::{Record, RecordId, Records};
use std::collections::{BTreeSet, VecDeque};

/// What had to go to stay within the memory budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evicted {
    /// How many records.
    pub records: u64,
    /// Their payload.
    pub bytes: u64,
}

/// The most ends of streams that are remembered, ended streams included; 16 MB at the worst. At the bound the oldest are forgotten:
/// then the bytes of a character that such a stream began and never ended are not marked in the text view.
const ENDS: usize = 1 << 20;

/// A session's records in order.
#[derive(Default)]
pub struct Log {
    records: VecDeque<Record>,
    first: u64,
    cost: usize,
    evicted: Evicted,
    /// The last record of every stream so far.
    ends: BTreeSet<RecordId>,
}

impl Log {
    /// Takes in the next record. Returns what it costs.
    pub fn push(&mut self, record: Record) -> usize {
        if let Some(data) = record.data().filter(|data| data.peer.connection.is_some()) {
            if let Some(previous) = data.previous {
                self.ends.remove(&previous);
            }
            self.ends.insert(self.next());
            if self.ends.len() > ENDS {
                self.ends.pop_first();
            }
        }
        let cost = record.cost();
        self.cost += cost;
        self.records.push_back(record);
        cost
    }

    /// Drops the oldest record and counts it. Returns what that freed.
    pub fn evict(&mut self) -> usize {
        let Some(record) = self.records.pop_front() else { return 0 };
        self.first += 1;
        self.evicted.records += 1;
        self.evicted.bytes += record.data().map_or(0, |data| data.bytes.len() as u64);
        let cost = record.cost();
        self.cost -= cost;
        cost
    }

    /// Forgets everything so far, because the user asked; that is no loss. Returns what that freed.
    pub fn clear(&mut self) -> usize {
        self.first = self.next().0;
        self.records.clear();
        self.ends.clear();
        self.records.shrink_to(1024);
        self.evicted = Evicted::default();
        std::mem::take(&mut self.cost)
    }

    /// A record by its number; `None` when it is gone or not yet there.
    pub fn in_memory(&self, id: RecordId) -> Option<&Record> {
        let index = id.0.checked_sub(self.first)?;
        self.records.get(usize::try_from(index).ok()?)
    }

    /// The number of the oldest record that is still here.
    pub fn first(&self) -> RecordId {
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
    pub fn evicted(&self) -> Evicted {
        self.evicted
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
