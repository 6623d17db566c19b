//! Frames as they become complete, for a log that is only written out. It must never keep more than the incomplete frame of each open
//! stream, which has a limit.

use super::record;
use super::walk::{Done, Key, Walk};
use crate::codec::framing::{End, Rule, Splitter};
use crate::session::timestamp::Timestamp;
use crate::traffic::record::{Data, Direction, Record, RecordId};

/// Turns received records into frames. What was sent, and notes, stay as they are.
pub struct Assembler {
    splitter: Splitter,
    walk: Walk<Vec<u8>>,
}

impl Assembler {
    /// Begins with this rule.
    pub fn new(rule: &Rule) -> Self {
        Self { splitter: Splitter::new(rule), walk: Walk::default() }
    }

    /// Takes in a record and hands over the rows that it completes, in order, each with why it ends. What is no frame is complete.
    pub fn push(&mut self, record: Record, row: &mut impl FnMut(Record, End)) {
        let is_sent = record.data().is_some_and(|data| data.direction == Direction::Sent);
        if !is_sent {
            // Only who looks back needs to know which record it was.
            self.walk.record(&self.splitter, RecordId(0), &record, &mut |done| hand_over(done, row));
        }
        if is_sent || record.data().is_none() {
            row(record, End::Complete);
        }
    }

    /// When the next frame ends by silence; `None` where none does.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.walk.open.values().filter_map(|open| self.splitter.deadline(&open.tail.state)).min().map(Timestamp)
    }

    /// Hands over the frames that silence has ended by now.
    pub fn expire(&mut self, now: Timestamp, row: &mut impl FnMut(Record, End)) {
        let is_over = |at: Option<i64>| at.is_some_and(|at| at <= now.0);
        let silent = self.walk.open.iter().filter(|(_, open)| is_over(self.splitter.deadline(&open.tail.state)));
        let silent: Vec<Key> = silent.map(|(key, _)| *key).collect();
        for key in silent {
            if let Some(open) = self.walk.open.remove(&key) {
                hand_over(open.ended(key.1, End::Complete), row);
            }
        }
    }
}

fn hand_over(done: Done<Vec<u8>>, row: &mut impl FnMut(Record, End)) {
    let Done { at, direction, peer, origin, offset, end, gathered } = done;
    row(record(at, Data { direction, peer, bytes: gathered.into(), origin, previous: None, offset }), end);
}
