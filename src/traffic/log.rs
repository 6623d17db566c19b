//! The records of one session, the newest within a budget. Must never drop one without counting it.

use super::record::{Direction, Entry, Record, RecordId};
use crate::session::event::What;
use crate::session::id::ConnectionId;
use std::collections::{HashMap, VecDeque};

/// What had to go to stay within the memory budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evicted {
    /// How many records.
    pub records: u64,
    /// Their payload.
    pub bytes: u64,
}

/// The end of a stream so far.
#[derive(Clone, Copy)]
struct Tail {
    last: RecordId,
    length: u64,
}

/// A session's records in order.
#[derive(Default)]
pub struct Log {
    records: VecDeque<Record>,
    first: u64,
    cost: usize,
    evicted: Evicted,
    tails: HashMap<(ConnectionId, Direction), Tail>,
}

impl Log {
    /// Takes a record in and gives it its place in its stream. Returns what it costs.
    pub fn push(&mut self, mut record: Record) -> usize {
        let id = RecordId(self.next().0);
        match &mut record.entry {
            Entry::Data(data) => {
                if let Some(connection) = data.peer.connection {
                    let tail = self.tails.get(&(connection, data.direction)).copied();
                    if let Some(tail) = tail {
                        Self::continue_at(&mut self.records, self.first, tail.last);
                    }
                    data.previous = tail.map(|tail| tail.last);
                    data.offset = tail.map_or(0, |tail| tail.length);
                    let length = data.offset + data.bytes.len() as u64;
                    self.tails.insert((connection, data.direction), Tail { last: id, length });
                }
            }
            // An ended connection gets no more bytes.
            Entry::Note(what) => match &**what {
                What::PeerLeft { peer, .. } => {
                    if let Some(connection) = peer.connection {
                        self.tails.remove(&(connection, Direction::Received));
                        self.tails.remove(&(connection, Direction::Sent));
                    }
                }
                // Nor does any connection of a session that has ended; a client's only one is not told to have left.
                What::Opening { .. } | What::Closed { .. } | What::Failed(_) => self.tails.clear(),
                _ => {}
            },
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
        self.records.shrink_to(1024);
        self.evicted = Evicted::default();
        std::mem::take(&mut self.cost)
    }

    /// A record by its number; `None` when it is gone or not yet there.
    pub fn get(&self, id: RecordId) -> Option<&Record> {
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

    /// Notes in a record that its stream goes on after it.
    fn continue_at(records: &mut VecDeque<Record>, first: u64, id: RecordId) {
        let index = id.0.checked_sub(first).and_then(|index| usize::try_from(index).ok());
        if let Some(Record { entry: Entry::Data(data), .. }) = index.and_then(|index| records.get_mut(index)) {
            data.continues = true;
        }
    }
}
