//! Every record of a session in order, from disk where it is there and else from memory. For threads of their own: it reads files and
//! waits for the model's lock. Must never be called in a frame.

use crate::recorder::Look;
use crate::session::id::SessionId;
use crate::store::archive::Readers;
use crate::store::index::Index;
use crate::traffic::model::Session;
use crate::traffic::record::{Record, RecordId};
use std::io;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

/// Bytes read at once.
const READ: u64 = 1 << 20;
/// Records copied out of memory under one lock.
const SLICE: u64 = 256;

/// A session's records. Cheap to clone.
#[derive(Clone)]
pub struct History {
    look: Look,
    readers: Readers,
    session: SessionId,
}

/// What a walk comes by.
pub enum Step {
    /// A record.
    Record(RecordId, Record),
    /// Records that are not kept: they went, or could not be written.
    Missing(Range<u64>),
}

impl History {
    /// The records of a session.
    pub fn new(look: Look, readers: Readers, session: SessionId) -> Self {
        Self { look, readers, session }
    }

    /// Looks at the session as the model has it; `None` when it is gone.
    pub fn with_session<T>(&self, act: impl FnOnce(&Session) -> T) -> Option<T> {
        self.look.wait().session(self.session).map(act)
    }

    /// Its records on disk.
    pub fn index(&self) -> Option<Arc<Index>> {
        self.readers.of(self.session)
    }

    /// The numbers of what is kept.
    pub fn range(&self) -> Range<u64> {
        self.with_session(|session| session.log.first().0..session.log.next().0).unwrap_or(0..0)
    }

    /// Walks through these records in order until `each` breaks.
    ///
    /// # Errors
    /// When a file can't be read.
    pub fn walk(&self, range: Range<u64>, each: impl FnMut(Step) -> ControlFlow<()>) -> io::Result<()> {
        walk(&|| self.index(), &|id, end| self.slice_of_memory(id, end), range, each)
    }

    /// What memory has of these records, a slice at most, and what it does not.
    fn slice_of_memory(&self, id: u64, end: u64) -> (Vec<Step>, u64) {
        let to = end.min(id + SLICE);
        let copy = |session: &Session| {
            let record = |at| session.log.in_memory(RecordId(at)).map(|record| Step::Record(RecordId(at), record.clone()));
            let found: Vec<Step> = (id..to).filter_map(record).collect();
            let oldest = session.log.oldest_in_memory().0;
            (found, oldest)
        };
        match self.with_session(copy) {
            Some((found, _)) if found.len() as u64 == to - id => (found, to),
            Some((found, oldest)) if found.is_empty() && oldest > id && oldest < end => (vec![Step::Missing(id..oldest)], oldest),
            Some((found, _)) if found.is_empty() => (vec![Step::Missing(id..end)], end),
            // Some of them: those that memory lost while this walked are missing before the first.
            Some((mut found, oldest)) => {
                if oldest > id {
                    found.insert(0, Step::Missing(id..oldest));
                }
                (found, to)
            }
            None => (vec![Step::Missing(id..end)], end),
        }
    }
}

/// Walks through records that are on disk in `index`, and those that are not in `memory`: that gives what it has from a record on, and
/// where to go on.
///
/// # Errors
/// When a file can't be read.
pub(super) fn walk(
    index: &dyn Fn() -> Option<Arc<Index>>,
    memory: &dyn Fn(u64, u64) -> (Vec<Step>, u64),
    range: Range<u64>,
    mut each: impl FnMut(Step) -> ControlFlow<()>,
) -> io::Result<()> {
    let mut buffer = Vec::new();
    let mut id = range.start;
    while id < range.end {
        let after = match index().and_then(|index| index.span(RecordId(id), READ)) {
            Some(span) if span.first.0 <= id => {
                span.read(&mut buffer)?;
                let mut after = id;
                for (at, raw) in span.entries(&buffer).skip_while(|(at, _)| at.0 < id).take_while(|(at, _)| at.0 < range.end) {
                    after = at.0 + 1;
                    let step = raw.record().map_or(Step::Missing(at.0..after), |record| Step::Record(at, record));
                    if each(step).is_break() {
                        return Ok(());
                    }
                }
                if after == id {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "the records on disk are damaged"));
                }
                after
            }
            later => {
                let end = later.map_or(range.end, |span| span.first.0).min(range.end);
                let (slice, after) = memory(id, end);
                for step in slice {
                    if each(step).is_break() {
                        return Ok(());
                    }
                }
                after
            }
        };
        id = after;
    }
    Ok(())
}
