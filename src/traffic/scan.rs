//! What a view asks of all rows: how bytes fall into rows, which of them a filter admits and which a search finds. It is fed every record
//! in order, by a thread or a test, and answers at any time for what it has seen. Pure. Must never keep a record.

use super::record::{Record, RecordId};
use super::view::{Chosen, RowKey};
use crate::session::id::ConnectionId;
use std::collections::BTreeSet;

/// What is asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Question {
    /// The records of these connections alone, and those about the whole session; `None` for all.
    pub connections: Option<BTreeSet<ConnectionId>>,
}

impl Question {
    /// Whether there is anything to find out.
    pub fn is_idle(&self) -> bool {
        *self == Self::default()
    }
}

/// See the module.
pub struct Scanner {
    question: Question,
    admitted: Option<Chosen>,
    next: RecordId,
}

impl Scanner {
    /// Starts before the first record.
    pub fn new(question: Question) -> Self {
        let admitted = question.connections.is_some().then(Chosen::default);
        Self { question, admitted, next: RecordId(0) }
    }

    /// What is asked.
    pub fn question(&self) -> &Question {
        &self.question
    }

    /// The first record that it has not seen.
    pub fn next(&self) -> RecordId {
        self.next
    }

    /// The rows that the filter admits; `None` for all.
    pub fn admitted(&self) -> Option<&Chosen> {
        self.admitted.as_ref()
    }

    /// The next record.
    pub fn push(&mut self, id: RecordId, record: &Record) {
        self.next = RecordId(id.0 + 1);
        let admits = match (&self.question.connections, record.peer()) {
            (None, _) | (_, None) => true,
            (Some(chosen), Some(peer)) => peer.connection.is_none_or(|id| chosen.contains(&id)),
        };
        if let Some(admitted) = self.admitted.as_mut().filter(|_| admits) {
            admitted.insert(RowKey(id.0));
        }
    }

    /// Records before this are gone, or can't be read.
    pub fn skip_to(&mut self, id: RecordId) {
        self.next = self.next.max(id);
    }

    /// Records before this are gone.
    pub fn forget_before(&mut self, first: RecordId) {
        if let Some(admitted) = &mut self.admitted {
            admitted.forget_before(RowKey(first.0));
        }
    }
}
