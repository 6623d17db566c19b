//! Every record of a session in order, from disk where it is there and else from memory. For threads of their own: it reads files and
//! waits for the model's lock. Must never be called in a frame.

use crate::recorder::Look;
use crate::session::id::SessionId;
use crate::store::archive::Readers;
use crate::store::index::Index;
use crate::traffic::model::Session;
use crate::traffic::record::{Record, RecordId};
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
    /// Records that are not kept: they went, could not be written, or can't be read any more.
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

    /// Walks through these records in order until `each` breaks. What can't be read is a step like any other.
    pub fn walk(&self, range: Range<u64>, each: impl FnMut(Step) -> ControlFlow<()>) {
        walk(&|| self.index(), &|id, end| self.slice_of_memory(id, end), range, each);
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
/// where to go on. What can't be read is missing.
pub(super) fn walk(
    index: &dyn Fn() -> Option<Arc<Index>>,
    memory: &dyn Fn(u64, u64) -> (Vec<Step>, u64),
    range: Range<u64>,
    mut each: impl FnMut(Step) -> ControlFlow<()>,
) {
    let mut buffer = Vec::new();
    let mut id = range.start;
    let mut want = READ;
    while id < range.end {
        let after = match index().and_then(|index| index.span(RecordId(id), want)) {
            Some(span) if span.first.0 <= id => {
                let read = span.read(&mut buffer);
                let entries = if read.is_ok() { &buffer[..] } else { &[] };
                let mut after = id;
                for (at, raw) in span.entries(entries).skip_while(|(at, _)| at.0 < id).take_while(|(at, _)| at.0 < range.end) {
                    after = at.0 + 1;
                    let step = raw.record().map_or(Step::Missing(at.0..after), |record| Step::Record(at, record));
                    if each(step).is_break() {
                        return;
                    }
                }
                if after == id && want > 1 {
                    // Of what was read at once only part may be damaged: what is missing is told by the smallest step there is.
                    want = 1;
                    continue;
                }
                want = READ;
                if after == id {
                    // The rest may be read: one bad place on the disk must not cost what is behind it.
                    after = span.next.0.min(range.end);
                    if each(Step::Missing(id..after)).is_break() {
                        return;
                    }
                }
                after
            }
            later => {
                let end = later.map_or(range.end, |span| span.first.0).min(range.end);
                let (slice, after) = memory(id, end);
                for step in slice {
                    if each(step).is_break() {
                        return;
                    }
                }
                after
            }
        };
        id = after;
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::store::spool::Spool;
    use crate::store::spool_tests::some_records;
    use std::os::unix::fs::FileExt;

    /// Every record's number, and what is missing.
    fn walked(spool: &Spool, range: Range<u64>) -> (Vec<u64>, Vec<(u64, u64)>) {
        let (mut read, mut missing) = (Vec::new(), Vec::new());
        let none = |id, end| (vec![Step::Missing(id..end)], end);
        walk(&|| Some(spool.index().clone()), &none, range, |step| {
            match step {
                Step::Record(id, _) => read.push(id.0),
                Step::Missing(gone) => missing.push((gone.start, gone.end)),
            }
            ControlFlow::Continue(())
        });
        (read, missing)
    }

    #[test]
    fn what_cannot_be_read_is_missing_and_the_rest_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(folder.path().to_owned(), 1 << 20);
        spool.set_sizes(1 << 20, 1_000);
        let records = some_records(60);
        for id in 0..60 {
            spool.append(RecordId(id), &records[id as usize]);
        }
        spool.flush().unwrap();
        assert_eq!(walked(&spool, 0..60), ((0..60).collect(), vec![]));

        // In the middle of a page a record's length is nonsense.
        let (path, page) = spool.index().with(|segments| (segments[0].path.clone(), segments[0].points[2..4].to_vec()));
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all_at(&[0xFF; 64], page[0].at).unwrap();
        let (begin, end) = (page[0].id, page[1].id);
        assert_eq!(walked(&spool, 0..60), ((0..begin).chain(end..60).collect(), vec![(begin, end)]));
        assert_eq!(walked(&spool, 0..begin + 1), ((0..begin).collect(), vec![(begin, begin + 1)]));

        // The end of the file is gone: reading fails.
        file.set_len(page[1].at).unwrap();
        let (read, missing) = walked(&spool, 0..60);
        assert_eq!(read, (0..begin).collect::<Vec<_>>());
        assert_eq!(missing.iter().map(|(start, end)| end - start).sum::<u64>(), 60 - begin);
        assert!(missing.windows(2).all(|two| two[0].1 == two[1].0));
    }
}
