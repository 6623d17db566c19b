//! The records that a frame shows, as far as they are at hand: memory first, then pages from disk. What is not at hand is noted, so that
//! it can be asked for and the frame looked at again. Must never wait.

use crate::session::id::SessionId;
use crate::store::pages::Pages;
use crate::traffic::log::Log;
use crate::traffic::record::{Record, RecordId, Records};
use std::cell::RefCell;

/// A look for a record.
pub enum Found {
    /// Here it is.
    Record(Box<Record>),
    /// It is on its way from disk.
    Coming,
    /// It could not be written, or can't be read.
    Missing,
}

/// The records of one session during one frame.
pub struct AtHand<'a> {
    log: &'a Log,
    pages: &'a Pages,
    session: SessionId,
    wanted: RefCell<Vec<RecordId>>,
}

impl<'a> AtHand<'a> {
    /// Looks into this log and these pages.
    pub fn new(log: &'a Log, pages: &'a Pages, session: SessionId) -> Self {
        Self { log, pages, session, wanted: RefCell::default() }
    }

    /// Looks for a record that is kept.
    pub fn look(&self, id: RecordId) -> Found {
        if let Some(record) = self.log.in_memory(id) {
            return Found::Record(Box::new(record.clone()));
        }
        if id < self.log.first() || id >= self.log.next() {
            return Found::Missing;
        }
        match self.pages.get(self.session, id) {
            Some(Some(record)) => Found::Record(Box::new(record)),
            Some(None) => Found::Missing,
            None => {
                self.wanted.borrow_mut().push(id);
                Found::Coming
            }
        }
    }

    /// What was looked for and is not at hand yet.
    pub fn wanted(self) -> Vec<RecordId> {
        self.wanted.into_inner()
    }
}

impl Records for AtHand<'_> {
    fn get(&self, id: RecordId) -> Option<Record> {
        match self.look(id) {
            Found::Record(record) => Some(*record),
            Found::Coming | Found::Missing => None,
        }
    }

    fn continues(&self, id: RecordId) -> bool {
        self.log.continues(id)
    }
}
