//! Every session's spool within the disk budget. Must never block anything but the thread that writes, and never lose a record without
//! counting it.
//!
//! At the bound, and when the disk takes no more, the user's choice decides:
//! 1. *Drop the oldest*: the oldest segment of the largest spool goes. When that does not help (others filled the disk), records wait in
//!    memory up to [`PATIENCE`] bytes, and beyond that they are counted as missing; the live view goes on.
//! 2. *Stop reading*: what is read already is kept waiting and written when there is room; the gate stays closed until then.

use super::index::Index;
use super::shelf::Shelf;
use super::spool::Spool;
use crate::session::event::What;
use crate::session::failure::{Cause, Failure, Operation};
use crate::session::id::SessionId;
use crate::session::storage::{AtLimit, Storage};
use crate::session::timestamp::Timestamp;
use crate::traffic::log::{Holding, Lost};
use crate::traffic::model::Storage as Status;
use crate::traffic::record::{Record, RecordId};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Disk for the records of all sessions together, unless the user chose otherwise.
pub const DEFAULT_LIMIT: u64 = 4 << 30;
/// Bytes of a segment: what is dropped at once. Smaller where the budget is small.
const SEGMENT: u64 = 64 << 20;
const SMALLEST_SEGMENT: u64 = 256 << 10;
/// Bytes that wait in memory while the disk takes none.
const PATIENCE: u64 = 8 << 20;
/// What may still arrive after the gate was closed: the credit of the way to the recorder, and some.
const HEADROOM: u64 = 24 << 20;
/// How soon a write that failed is tried again, in microseconds.
const RETRY: u64 = 500_000;

/// What an archive is made with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder of all runs.
    pub root: PathBuf,
    /// Bytes on disk.
    pub limit: u64,
    /// What happens there.
    pub at_limit: AtLimit,
}

/// The reading ends.
#[derive(Clone, Default)]
pub struct Readers(Arc<Mutex<HashMap<SessionId, Arc<Index>>>>);

impl Readers {
    /// The records of a session.
    pub fn of(&self, session: SessionId) -> Option<Arc<Index>> {
        self.0.lock().get(&session).cloned()
    }
}

struct Kept {
    spool: Spool,
    dropped: Lost,
    missing: Lost,
    failing: Option<Failure>,
    /// It was read from a file and does not grow: the budget does not take it away.
    pinned: bool,
}

/// See the module.
pub struct Archive {
    options: Options,
    shelf: Shelf,
    spools: BTreeMap<SessionId, Kept>,
    readers: Readers,
    held: bool,
    /// Sessions whose oldest records went since it was last asked.
    shrunk: BTreeSet<SessionId>,
    /// While something fails: when the next try is due.
    retry_at: Option<Timestamp>,
}

impl Archive {
    /// Nothing is written before the first record.
    pub fn new(options: Options, started: Timestamp) -> Self {
        let shelf = Shelf::new(&options.root, started);
        Self {
            options,
            shelf,
            spools: BTreeMap::new(),
            readers: Readers::default(),
            held: false,
            shrunk: BTreeSet::new(),
            retry_at: None,
        }
    }

    /// For everyone who reads.
    pub fn readers(&self) -> &Readers {
        &self.readers
    }

    /// Another budget from now on.
    pub fn set_limit(&mut self, limit: u64, at_limit: AtLimit) {
        self.options.limit = limit;
        self.options.at_limit = at_limit;
    }

    /// Whether reading must stop.
    pub fn is_held(&self) -> bool {
        self.held
    }

    /// Whether [`Archive::flush`] must be called again soon though nothing new has come.
    pub fn is_waiting(&self) -> bool {
        self.held || self.retry_at.is_some()
    }

    /// Takes a record; it is on disk after the next flush.
    pub fn append(&mut self, session: SessionId, id: RecordId, record: &Record) {
        let Self { options, shelf, spools, readers, .. } = self;
        let kept = spools.entry(session).or_insert_with(|| {
            let spool = Spool::new(shelf.session(session), segment_size(options.limit));
            readers.0.lock().insert(session, spool.index().clone());
            Kept { spool, dropped: Lost::default(), missing: Lost::default(), failing: None, pinned: false }
        });
        kept.spool.append(id, record);
    }

    /// Forgets a session's records because the user asked; that is no loss.
    pub fn clear(&mut self, session: SessionId) {
        if let Some(kept) = self.spools.get_mut(&session) {
            kept.spool.clear();
            kept.dropped = Lost::default();
            kept.missing = Lost::default();
        }
    }

    /// Forgets a session.
    pub fn forget(&mut self, session: SessionId) {
        if let Some(mut kept) = self.spools.remove(&session) {
            kept.spool.clear();
            self.readers.0.lock().remove(&session);
        }
    }

    /// Takes over a session that was read from a file.
    pub fn adopt(&mut self, session: SessionId, mut spool: Spool) {
        if self.shelf.make().is_ok() {
            spool.move_to(self.shelf.session(session));
        }
        self.readers.0.lock().insert(session, spool.index().clone());
        let kept = Kept { spool, dropped: Lost::default(), missing: Lost::default(), failing: None, pinned: true };
        self.spools.insert(session, kept);
    }

    /// Writes what waits, and keeps to the budget. What the sessions' logs are to tell of it.
    pub fn flush(&mut self, now: Timestamp) -> Vec<(SessionId, What)> {
        let mut news = Vec::new();
        if self.retry_at.is_none_or(|at| now >= at || now.micros_since(at) == 0 && at.micros_since(now) > 2 * RETRY) {
            self.retry_at = None;
            self.write(&mut news);
            if self.spools.values().any(|kept| kept.failing.is_some()) {
                self.retry_at = Some(Timestamp(now.0.saturating_add_unsigned(RETRY)));
            }
        }
        self.keep_to_limit();
        self.hold_or_release(&mut news);
        news
    }

    fn write(&mut self, news: &mut Vec<(SessionId, What)>) {
        let sessions: Vec<SessionId> =
            self.spools.iter().filter(|(_, kept)| kept.spool.waiting() > 0).map(|(session, _)| *session).collect();
        for session in sessions {
            let mut written = self.try_write(session);
            // Room made by what is oldest is room for what is new.
            while self.options.at_limit == AtLimit::DropOldest && written.as_ref().is_err_and(is_full) && self.drop_oldest() {
                written = self.try_write(session);
            }
            let path = self.shelf.session(session).display().to_string();
            let Some(kept) = self.spools.get_mut(&session) else { continue };
            match written {
                Ok(()) if kept.failing.take().is_some() => {
                    let Lost { records, bytes } = std::mem::take(&mut kept.missing);
                    news.push((session, What::Storage(Storage::Resumed { records, bytes })));
                }
                Ok(()) => {}
                Err(problem) => {
                    if kept.failing.is_none() {
                        let failure = failure(path, &problem);
                        kept.failing = Some(failure.clone());
                        news.push((session, What::Trouble(failure)));
                    }
                    if self.options.at_limit == AtLimit::DropOldest && kept.spool.waiting() > PATIENCE {
                        kept.missing += kept.spool.drop_waiting();
                    }
                }
            }
        }
    }

    fn try_write(&mut self, session: SessionId) -> io::Result<()> {
        self.shelf.make()?;
        self.spools.get_mut(&session).map_or(Ok(()), |kept| kept.spool.flush())
    }

    /// Drops the oldest segment of the largest spool; `false` when no spool has more than one.
    fn drop_oldest(&mut self) -> bool {
        let live = self.spools.iter().filter(|(_, kept)| !kept.pinned);
        let mut sizes: Vec<(u64, SessionId)> = live.map(|(session, kept)| (kept.spool.size(), *session)).collect();
        sizes.sort_by(|one, other| other.cmp(one));
        for (_, session) in sizes {
            if let Some(kept) = self.spools.get_mut(&session)
                && let Some(dropped) = kept.spool.drop_oldest()
            {
                kept.dropped += dropped;
                self.shrunk.insert(session);
                return true;
            }
        }
        false
    }

    fn used(&self) -> u64 {
        self.spools.values().map(|kept| kept.spool.size()).sum()
    }

    fn keep_to_limit(&mut self) {
        if self.options.at_limit == AtLimit::DropOldest {
            while self.used() > self.options.limit && self.drop_oldest() {}
        }
    }

    fn hold_or_release(&mut self, news: &mut Vec<(SessionId, What)>) {
        let limit = self.options.limit;
        let full = self.used() >= limit - HEADROOM.min(limit / 4);
        let stuck = self.spools.values().any(|kept| kept.failing.is_some() && kept.spool.waiting() > PATIENCE / 2);
        let held = self.options.at_limit == AtLimit::StopReading && (full || stuck);
        if held != self.held {
            self.held = held;
            let storage = if held { Storage::Held { limit } } else { Storage::Released };
            news.extend(self.spools.keys().map(|session| (*session, What::Storage(storage))));
        }
    }

    /// How it stands.
    pub fn status(&self) -> Status {
        let failing = self.spools.values().find_map(|kept| kept.failing.clone());
        Status { used: self.used(), limit: self.options.limit, held: self.held, failing }
    }

    /// The sessions whose oldest records went since the last call, and what they have now.
    pub fn take_shrunk(&mut self) -> Vec<(SessionId, Holding)> {
        let shrunk = std::mem::take(&mut self.shrunk);
        let holding = |session: SessionId| {
            let kept = self.spools.get(&session)?;
            Some((session, Holding { first: kept.spool.index().first()?, dropped: kept.dropped }))
        };
        shrunk.into_iter().filter_map(holding).collect()
    }

    /// Where the spools of this run are.
    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// The run ends as it should: nothing stays on disk.
    pub fn delete(mut self) {
        for kept in self.spools.values_mut() {
            kept.spool.clear();
        }
        self.shelf.delete();
    }
}

/// At most a sixteenth of the budget goes at once.
pub fn segment_size(limit: u64) -> u64 {
    (limit / 16).clamp(SMALLEST_SEGMENT, SEGMENT)
}

/// Whether there is no room, whoever's limit it is.
pub fn is_full(problem: &io::Error) -> bool {
    matches!(problem.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

fn failure(address: String, problem: &io::Error) -> Failure {
    let cause = match problem.kind() {
        _ if is_full(problem) => Cause::DiskFull,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::NotADirectory => Cause::NotWritable,
        _ => Cause::Other(problem.to_string()),
    };
    Failure { operation: Operation::Store, address, cause, os_code: problem.raw_os_error() }
}
