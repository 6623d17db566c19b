//! Every session's spool within the disk budget. Must never block anything but the thread that writes, and never lose a record without
//! counting it.
//!
//! At the bound, and when the disk takes no more, the user's choice decides:
//! 1. *Drop the oldest*: the oldest segment of the largest spool goes. When that does not help (others filled the disk), records wait in
//!    memory up to `PATIENCE` bytes, and beyond that they are counted as missing; the live view goes on.
//! 2. *Stop reading*: what is read already is kept waiting and written when there is room; the gate stays closed until then. What does
//!    not come from reading (a repetition goes on) is counted as missing when it would be more than `OVERDRAFT`.

use super::index::{Index, PAGE};
use super::kept::{Failing, Kept};
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
/// Segments that a budget is divided into.
const SEGMENTS: u64 = 16;
const SMALLEST_SEGMENT: u64 = 256 << 10;
/// The smallest budget is so many of them.
const SMALLEST_SEGMENTS: u64 = 4;
/// Bytes of all sessions together that wait in memory while the disk takes none.
const PATIENCE: u64 = 8 << 20;
/// What may still arrive after the gate was closed: the credit of the way to the recorder, and some.
const HEADROOM: u64 = 24 << 20;
/// What may wait in memory, and what may be on disk beyond the budget, although reading has stopped.
const OVERDRAFT: u64 = 2 * HEADROOM;

/// What tests have smaller, so that little is enough to come to every bound.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    /// Bytes between two points.
    pub page: u64,
    pub smallest_segment: u64,
    pub patience: u64,
    pub overdraft: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { page: PAGE, smallest_segment: SMALLEST_SEGMENT, patience: PATIENCE, overdraft: OVERDRAFT }
    }
}

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

    /// From now on these are a session's records; none when it is gone.
    pub fn set(&self, session: SessionId, index: Option<Arc<Index>>) {
        let mut all = self.0.lock();
        match index {
            Some(index) => all.insert(session, index),
            None => all.remove(&session),
        };
    }
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
    /// What the disk held when it was full: it may be less than the budget.
    found_full_at: u64,
    /// Of a segment just now.
    segment: u64,
    sizes: Sizes,
}

impl Archive {
    /// Nothing is written before the first record.
    pub fn new(options: Options, started: Timestamp) -> Self {
        Self::with_sizes(options, started, Sizes::default())
    }

    pub(crate) fn with_sizes(mut options: Options, started: Timestamp, sizes: Sizes) -> Self {
        options.limit = options.limit.max(SMALLEST_SEGMENTS * sizes.smallest_segment);
        let shelf = Shelf::new(&options.root, started);
        Self {
            options,
            shelf,
            spools: BTreeMap::new(),
            readers: Readers::default(),
            held: false,
            shrunk: BTreeSet::new(),
            found_full_at: u64::MAX,
            segment: 0,
            sizes,
        }
    }

    /// For everyone who reads.
    pub fn readers(&self) -> &Readers {
        &self.readers
    }

    /// Another budget from now on.
    pub fn set_limit(&mut self, limit: u64, at_limit: AtLimit) {
        self.options.limit = limit.max(SMALLEST_SEGMENTS * self.sizes.smallest_segment);
        self.options.at_limit = at_limit;
        self.found_full_at = u64::MAX;
        self.fit_segments();
    }

    /// Brings every spool's segments to the size that is right for so many sessions and this budget: they share it, and a segment is the
    /// least that each of them keeps.
    fn fit_segments(&mut self) {
        let sessions = self.spools.values().filter(|kept| !kept.pinned).count() as u64;
        let share = self.options.limit.min(self.found_full_at) / sessions.max(1);
        self.segment = (share / SEGMENTS).clamp(self.sizes.smallest_segment, SEGMENT);
        for kept in self.spools.values_mut() {
            kept.spool.set_sizes(self.segment, self.sizes.page);
        }
    }

    /// Bytes to write at once at most, so that no segment becomes much larger than it should.
    pub fn batch(&self) -> usize {
        usize::try_from(self.segment).unwrap_or(usize::MAX)
    }

    /// Whether reading must stop.
    pub fn is_held(&self) -> bool {
        self.held
    }

    /// Whether [`Archive::flush`] must be called again soon though nothing new has come.
    pub fn is_waiting(&self) -> bool {
        self.spools.values().any(|kept| kept.failing.is_some())
    }

    /// Takes a record; it is on disk after the next flush.
    pub fn append(&mut self, session: SessionId, id: RecordId, record: &Record) {
        if !self.spools.contains_key(&session) {
            let spool = Spool::new(self.shelf.session(session), SMALLEST_SEGMENT);
            self.readers.set(session, Some(spool.index().clone()));
            self.spools.insert(session, Kept::new(spool, false));
            self.fit_segments();
        }
        if let Some(kept) = self.spools.get_mut(&session) {
            kept.spool.append(id, record);
        }
    }

    /// Forgets a session's records because the user asked; that is no loss.
    pub fn clear(&mut self, session: SessionId) {
        if let Some(kept) = self.spools.get_mut(&session) {
            kept.clear();
        }
    }

    /// Forgets a session.
    pub fn forget(&mut self, session: SessionId) {
        if let Some(mut kept) = self.spools.remove(&session) {
            kept.spool.clear();
            self.readers.set(session, None);
            self.fit_segments();
        }
    }

    /// Takes over a session that was read from a file.
    pub fn adopt(&mut self, session: SessionId, mut spool: Spool) {
        if self.shelf.make().is_ok() {
            spool.move_to(self.shelf.session(session));
        }
        self.readers.set(session, Some(spool.index().clone()));
        self.spools.insert(session, Kept::new(spool, true));
    }

    /// Writes what waits, and keeps to the budget. What the sessions' logs are to tell of it.
    pub fn flush(&mut self, now: Timestamp) -> Vec<(SessionId, What)> {
        let mut news = Vec::new();
        let sessions: Vec<SessionId> =
            self.spools.iter().filter(|(_, kept)| kept.has_work(now)).map(|(session, _)| *session).collect();
        for session in sessions {
            let written = self.write(session);
            self.note(session, written, now, &mut news);
        }
        self.give_up();
        self.keep_to_limit();
        self.hold_or_release(&mut news);
        news
    }

    /// Writes a session's records. Room made by what is oldest is room for what is new.
    fn write(&mut self, session: SessionId) -> io::Result<()> {
        let mut written = self.try_write(session);
        if self.options.at_limit == AtLimit::DropOldest && written.as_ref().is_err_and(is_full) {
            self.found_full_at = self.live();
            self.fit_segments();
            // When this much does not make room, it is others that fill the disk.
            let enough = SMALLEST_SEGMENT + self.spools.get(&session).map_or(0, |kept| kept.spool.waiting());
            let mut freed = 0;
            while written.as_ref().is_err_and(is_full) && freed < enough {
                let Some(size) = self.drop_oldest(true) else { break };
                freed += size;
                written = self.try_write(session);
            }
        }
        written
    }

    fn try_write(&mut self, session: SessionId) -> io::Result<()> {
        self.shelf.make()?;
        if self.options.at_limit == AtLimit::StopReading && self.live() >= self.options.limit + self.sizes.overdraft {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let Some(kept) = self.spools.get_mut(&session) else { return Ok(()) };
        if kept.spool.waiting() > 0 { kept.spool.flush() } else { kept.spool.probe() }
    }

    /// Remembers how a write went, and tells of it when that has changed.
    fn note(&mut self, session: SessionId, written: io::Result<()>, now: Timestamp, news: &mut Vec<(SessionId, What)>) {
        let path = self.shelf.session(session);
        let Some(kept) = self.spools.get_mut(&session) else { return };
        match written {
            Ok(()) if kept.failing.take().is_some() => {
                let Lost { records, bytes } = std::mem::take(&mut kept.missing);
                news.push((session, What::Storage(Storage::Resumed { records, bytes })));
            }
            Ok(()) => {}
            Err(problem) => {
                let failure = failure(path.display().to_string(), &problem);
                if kept.failing.is_none() {
                    news.push((session, What::Trouble(failure.clone())));
                }
                kept.failing = Some(Failing { failure, tried: now });
            }
        }
    }

    fn failing(&self) -> impl Iterator<Item = (SessionId, &Kept)> {
        self.spools.iter().filter(|(_, kept)| kept.failing.is_some()).map(|(session, kept)| (*session, kept))
    }

    /// Bytes that wait in memory because the disk does not take them.
    pub(super) fn stuck(&self) -> u64 {
        self.failing().map(|(_, kept)| kept.spool.waiting()).sum()
    }

    /// Counts what memory has no room for as missing: the oldest of the largest pile.
    fn give_up(&mut self) {
        let patience = match self.options.at_limit {
            AtLimit::DropOldest => self.sizes.patience,
            AtLimit::StopReading => self.sizes.overdraft,
        };
        while self.stuck() > patience {
            let largest = self.failing().max_by_key(|(_, kept)| kept.spool.waiting()).map(|(session, _)| session);
            let Some(kept) = largest.and_then(|session| self.spools.get_mut(&session)) else { return };
            kept.give_up();
        }
    }

    /// Drops the oldest segment of the largest spool, a spool's only one just where it must be; the bytes that it had.
    fn drop_oldest(&mut self, only_too: bool) -> Option<u64> {
        let live = self.spools.iter().filter(|(_, kept)| !kept.pinned);
        let mut sizes: Vec<(u64, SessionId)> = live.map(|(session, kept)| (kept.spool.size(), *session)).collect();
        sizes.sort_by(|one, other| other.cmp(one));
        for only_too in if only_too { &[false, true][..] } else { &[false] } {
            for (_, session) in &sizes {
                if let Some(freed) = self.spools.get_mut(session).and_then(|kept| kept.drop_oldest(*only_too)) {
                    self.shrunk.insert(*session);
                    return Some(freed);
                }
            }
        }
        None
    }

    /// What counts against the budget. What was opened can't be dropped to make room and must not stop reading either: it has a bound of
    /// its own, before it is opened.
    fn live(&self) -> u64 {
        self.spools.values().filter(|kept| !kept.pinned).map(|kept| kept.spool.size()).sum()
    }

    fn keep_to_limit(&mut self) {
        if self.options.at_limit == AtLimit::DropOldest {
            // A session alone keeps its newest segment however large one record is; many sessions share the budget.
            let several = self.spools.values().filter(|kept| !kept.pinned && kept.spool.size() > 0).nth(1).is_some();
            while self.live() > self.options.limit && self.drop_oldest(several).is_some() {}
        }
    }

    fn hold_or_release(&mut self, news: &mut Vec<(SessionId, What)>) {
        let limit = self.options.limit;
        let full = self.live() >= limit - HEADROOM.min(limit / 4);
        let held = self.options.at_limit == AtLimit::StopReading && (full || self.stuck() > self.sizes.patience / 2);
        self.held = held;
        let storage = if held { Storage::Held { limit } } else { Storage::Released };
        // A session that begins meanwhile reads nothing either, and is told why.
        for (session, kept) in self.spools.iter_mut().filter(|(_, kept)| !kept.pinned && kept.told_held != held) {
            kept.told_held = held;
            news.push((*session, What::Storage(storage)));
        }
    }

    /// How it stands.
    pub fn status(&self) -> Status {
        let failing = self.failing().find_map(|(_, kept)| Some(kept.failing.as_ref()?.failure.clone()));
        let used = self.spools.values().map(|kept| kept.spool.size()).sum();
        Status { used, live: self.live(), limit: self.options.limit, held: self.held, failing }
    }

    /// The sessions whose oldest records went since the last call, and what they have now.
    pub fn take_shrunk(&mut self) -> Vec<(SessionId, Holding)> {
        let shrunk = std::mem::take(&mut self.shrunk);
        let holding = |session: SessionId| {
            let kept = self.spools.get(&session)?;
            Some((session, Holding { first: kept.first, dropped: kept.dropped }))
        };
        shrunk.into_iter().filter_map(holding).collect()
    }

    #[cfg(test)]
    pub(crate) fn in_holes(&self, session: SessionId) -> u64 {
        self.spools.get(&session).map_or(0, Kept::in_holes)
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
    (limit / SEGMENTS).clamp(SMALLEST_SEGMENT, SEGMENT)
}

/// Whether there is no room, whoever's limit it is.
pub fn is_full(problem: &io::Error) -> bool {
    matches!(problem.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

fn failure(address: String, problem: &io::Error) -> Failure {
    let cause = match problem.kind() {
        _ if is_full(problem) => Cause::DiskFull,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Cause::NotWritable,
        // Something else stands where a folder should.
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => Cause::NotWritable,
        _ => Cause::Other(problem.to_string()),
    };
    Failure { operation: Operation::Store, address, cause, os_code: problem.raw_os_error() }
}
