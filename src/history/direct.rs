//! Records by number, read where they are, for a job on a thread of its own. Must never be used in a frame: it reads files.

use super::walk::History;
use crate::store::index::Index;
use crate::traffic::record::{Record, RecordId, Records};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

/// Pages that are kept, so that neighbours and what stands before them in their streams are not read again.
const PAGES: usize = 8;

/// The records of one session.
pub struct Direct {
    history: History,
    index: Option<Arc<Index>>,
    pages: RefCell<VecDeque<(RecordId, Vec<Option<Record>>)>>,
}

impl Direct {
    /// Reads this history.
    pub fn new(history: History) -> Self {
        let index = history.index();
        Self { history, index, pages: RefCell::default() }
    }

    fn in_pages(&self, id: RecordId) -> Option<Option<Record>> {
        let pages = self.pages.borrow();
        let of = |(first, records): &(RecordId, Vec<Option<Record>>)| {
            let index = usize::try_from(id.0.checked_sub(first.0)?).ok()?;
            records.get(index).cloned()
        };
        pages.iter().find_map(of)
    }

    fn read(&self, id: RecordId) -> Option<()> {
        let span = self.index.as_ref()?.span(id, 1).filter(|span| span.first <= id)?;
        let mut buffer = Vec::new();
        span.read(&mut buffer).ok()?;
        let records = span.entries(&buffer).map(|(_, raw)| raw.record()).collect();
        let mut pages = self.pages.borrow_mut();
        // A page that has grown replaces what it was.
        pages.retain(|(first, _)| *first != span.first);
        pages.push_front((span.first, records));
        pages.truncate(PAGES);
        Some(())
    }
}

impl Records for Direct {
    fn get(&self, id: RecordId) -> Option<Record> {
        if let Some(found) = self.in_pages(id) {
            return found;
        }
        match self.read(id) {
            Some(()) => self.in_pages(id)?,
            None => self.history.with_session(|session| session.log.in_memory(id).cloned())?,
        }
    }

    fn continues(&self, id: RecordId) -> bool {
        self.history.with_session(|session| session.log.continues(id)).unwrap_or(false)
    }
}
