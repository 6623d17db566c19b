//! Opening a capture, a log or what another run left: read on a thread of its own into a session of this run, with progress and cancel.
//! Must never leave half of one behind, nor change a file of the user's.

use super::errand::{Answer, Errand};
use crate::capture::{self, CaptureError, Kind, Summary};
use crate::codec::encoding::Encoding;
use crate::session::address::Address;
use crate::session::event::What;
use crate::session::id::SessionId;
use crate::session::spec::SessionSpec;
use crate::session::timestamp::Timestamp;
use crate::store::index::Index;
use crate::store::opened::{Opened, Transcript};
use crate::store::recover;
use crate::store::shelf::Shelf;
use crate::traffic::record::RecordId;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How much of a log is looked at to guess what its text was sent in.
const PROBE: u64 = 1 << 20;
/// Peers of datagrams whose other end is remembered.
const MOST_PEERS: usize = 1 << 16;

/// What is to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A capture or a log.
    File(PathBuf),
    /// The folder of a session that another run left.
    Left(PathBuf),
}

impl Source {
    /// Where it is.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Left(path) => path,
        }
    }
}

/// Where it goes.
pub struct Place {
    /// As which session.
    pub session: SessionId,
    /// Where the records of this run are.
    pub shelf: Shelf,
    /// Bytes that may be written there.
    pub room: u64,
    /// In which zone a log's times are.
    pub zone: TimeZone,
}

/// What was opened.
pub struct Whole {
    /// The session.
    pub opened: Opened,
    /// What it was read from.
    pub about: About,
}

/// What a session was read from.
#[derive(Clone, Debug)]
pub struct About {
    /// What it is.
    pub origin: Origin,
    /// Its bytes on disk, when it was read.
    pub size: u64,
    /// Records in it.
    pub records: u64,
    /// The times of the first and the last.
    pub span: Option<(Timestamp, Timestamp)>,
    /// What was left out.
    pub summary: Summary,
    /// This end of each peer of datagrams, where the file says it: their records do not.
    pub locals: Arc<BTreeMap<Address, Address>>,
}

/// What a session was read from.
#[allow(clippy::large_enum_variant, reason = "there is one per tab that was read from somewhere")]
#[derive(Clone, Debug)]
pub enum Origin {
    /// A file of the user's.
    File {
        /// Where.
        path: PathBuf,
        /// What it turned out to be.
        kind: Kind,
        /// What the text of a log was read in; `None` where bytes are in the file.
        encoding: Option<Encoding>,
    },
    /// The records of a run that did not end as it should.
    Left {
        /// Which session of that run.
        number: u64,
        /// As it was opened last, where its records tell.
        spec: Option<SessionSpec>,
        /// Its own address.
        local: Option<Address>,
    },
}

/// Why it was not opened.
#[derive(Debug)]
pub enum Failed {
    /// It can't be read, or is something else.
    Reading(CaptureError),
    /// It can't be copied to the records of this run.
    Writing(io::Error),
    /// It needs more room than is left of the disk budget; its size.
    TooLarge(u64),
    /// It was given up.
    Cancelled,
    /// The thread ended unexpectedly.
    Broken,
}

#[derive(Default)]
struct Shared {
    done: AtomicU64,
    total: AtomicU64,
    cancel: AtomicBool,
}

/// One that is being opened. Dropping it gives it up.
pub struct Opening {
    shared: Arc<Shared>,
    errand: Option<Errand<Result<Whole, Failed>>>,
}

impl Opening {
    /// Starts it; `wake` is called once it has ended.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(source: Source, place: Place, wake: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let job = Job { source, place, shared: shared.clone() };
        let errand = Errand::start("open", move || job.run(), wake)?;
        Ok(Self { shared, errand: Some(errand) })
    }

    /// Bytes read, of how many.
    pub fn progress(&self) -> (u64, u64) {
        (self.shared.done.load(Ordering::Relaxed), self.shared.total.load(Ordering::Relaxed))
    }

    /// Gives it up; it ends soon.
    pub fn cancel(&self) {
        self.shared.cancel.store(true, Ordering::Relaxed);
    }

    /// What became of it, once it has ended.
    pub fn outcome(&mut self) -> Option<Result<Whole, Failed>> {
        match self.errand.as_mut()?.answer() {
            Answer::Coming => None,
            Answer::Is(outcome) => Some(outcome),
            Answer::Broken => Some(Err(Failed::Broken)),
        }
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Result<Whole, Failed> {
        self.errand.take().and_then(Errand::finish).unwrap_or(Err(Failed::Broken))
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        self.cancel();
        if let Some(Ok(whole)) = self.errand.take().and_then(Errand::finish) {
            // Nobody takes it over.
            whole.discard();
        }
    }
}

impl Whole {
    /// Deletes the copy of a file. What another run left stays where it is now, and is offered again.
    pub fn discard(mut self) {
        if matches!(self.about.origin, Origin::File { .. }) {
            self.opened.spool.clear();
        }
    }
}

struct Job {
    source: Source,
    place: Place,
    shared: Arc<Shared>,
}

impl Job {
    fn run(&self) -> Result<Whole, Failed> {
        match &self.source {
            Source::File(path) => self.file(path),
            Source::Left(folder) => self.left(folder),
        }
    }

    fn is_cancelled(&self) -> bool {
        self.shared.cancel.load(Ordering::Relaxed)
    }

    fn file(&self, path: &Path) -> Result<Whole, Failed> {
        let file = file(path).map_err(reading)?;
        let size = file.metadata().map_err(reading)?.len();
        self.shared.total.store(size, Ordering::Relaxed);
        let mut encoding = probe(file).map_err(reading)?;
        let (mut copy, mut read) = self.copy(path, encoding, size)?;
        if read.kind == Kind::NetAssist && read.summary.misfits > 0 {
            // The lengths that the log tells are those of another encoding: that which fits better is right.
            let other = if encoding == Encoding::GBK { Encoding::UTF_8 } else { Encoding::GBK };
            if self.pass(path, other, None)?.summary.misfits < read.summary.misfits {
                self.give_up(copy);
                encoding = other;
                (copy, read) = self.copy(path, encoding, size)?;
            }
        }
        let opened = copy.finish().map_err(|problem| {
            self.clear_away();
            writing(problem, size)
        })?;
        let encoding = (read.kind == Kind::NetAssist).then_some(encoding);
        let origin = Origin::File { path: path.to_owned(), kind: read.kind, encoding };
        Ok(Whole { about: about(origin, size, &opened, read.summary, read.locals), opened })
    }

    /// Copies what a file tells; nothing is left of a copy that does not become whole.
    fn copy(&self, path: &Path, encoding: Encoding, size: u64) -> Result<(Transcript, Passed), Failed> {
        let mut copy = Transcript::new(&self.place.shelf, self.place.session, self.place.room);
        match self.pass(path, encoding, Some(&mut copy)) {
            Ok(read) => Ok((copy, read)),
            Err(failed) => {
                self.give_up(copy);
                Err(match failed {
                    Failed::Writing(problem) => writing(problem, size),
                    other => other,
                })
            }
        }
    }

    fn give_up(&self, copy: Transcript) {
        copy.cancel();
        self.clear_away();
    }

    fn clear_away(&self) {
        // The files are gone; an empty folder that stays harms nobody.
        std::fs::remove_dir_all(self.place.shelf.session(self.place.session)).ok();
    }

    /// Reads a file once.
    fn pass(&self, path: &Path, encoding: Encoding, mut copy: Option<&mut Transcript>) -> Result<Passed, Failed> {
        let options = capture::Options { encoding, zone: self.place.zone.clone() };
        let mut capture = capture::open(file(path).map_err(reading)?, &options).map_err(Failed::Reading)?;
        let mut locals = BTreeMap::new();
        while let Some(seen) = capture.next() {
            let seen = seen.map_err(Failed::Reading)?;
            if self.is_cancelled() {
                return Err(Failed::Cancelled);
            }
            self.shared.done.store(capture.position(), Ordering::Relaxed);
            if let (Some(local), What::Received { peer, .. } | What::Sent { peer, .. }) = (seen.local, &seen.what)
                && peer.connection.is_none()
                && locals.len() < MOST_PEERS
            {
                locals.insert(peer.address, local);
            }
            if let Some(copy) = &mut copy {
                copy.event(seen.at, seen.what).map_err(Failed::Writing)?;
            }
        }
        Ok(Passed { kind: capture.kind(), summary: *capture.summary(), locals })
    }

    fn left(&self, folder: &Path) -> Result<Whole, Failed> {
        let size = recover::segments(folder).map_err(reading)?.iter().map(|(_, path)| size_of(path)).sum();
        self.shared.total.store(size, Ordering::Relaxed);
        let (mut opened, cut) = recover::open(folder, |done| {
            self.shared.done.store(done, Ordering::Relaxed);
            !self.is_cancelled()
        })
        .map_err(|problem| if self.is_cancelled() { Failed::Cancelled } else { reading(problem) })?;
        // To the records of this run, so that whatever ends this run they are found again, once.
        self.place.shelf.make().map_err(Failed::Writing)?;
        let to = self.place.shelf.session(self.place.session);
        opened.spool.move_to(to.clone());
        if opened.spool.index().with(|segments| segments.iter().any(|segment| !segment.path.starts_with(&to))) {
            opened.spool.move_to(folder.to_owned());
            return Err(Failed::Writing(io::Error::other("the records can't be moved there")));
        }
        let number = folder.file_name().and_then(|name| name.to_str()?.parse().ok()).unwrap_or(0);
        let origin = Origin::Left { number, spec: opened.session.spec.clone(), local: opened.session.local };
        let summary = Summary { cut, ..Summary::default() };
        Ok(Whole { about: about(origin, size, &opened, summary, BTreeMap::new()), opened })
    }
}

/// What a pass over a file found.
struct Passed {
    kind: Kind,
    summary: Summary,
    locals: BTreeMap<Address, Address>,
}

fn reading(problem: io::Error) -> Failed {
    Failed::Reading(problem.into())
}

fn writing(problem: io::Error, size: u64) -> Failed {
    // A limit of the file system's has a number, ours has none.
    let ours = problem.kind() == io::ErrorKind::QuotaExceeded && problem.raw_os_error().is_none();
    if ours { Failed::TooLarge(size) } else { Failed::Writing(problem) }
}

fn size_of(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |data| data.len())
}

fn file(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    // A folder can be opened, and then not be read.
    if file.metadata()?.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(file) }
}

/// In what a log's text was probably sent: what the log is written in, UTF-8 or the code page of a Chinese system.
fn probe(file: File) -> io::Result<Encoding> {
    let mut head = Vec::new();
    file.take(PROBE).read_to_end(&mut head)?;
    let is_utf8 = match std::str::from_utf8(&head) {
        Ok(_) => true,
        // Cut in the middle of a character.
        Err(problem) => problem.error_len().is_none(),
    };
    Ok(if is_utf8 { Encoding::UTF_8 } else { Encoding::GBK })
}

fn about(origin: Origin, size: u64, opened: &Opened, summary: Summary, locals: BTreeMap<Address, Address>) -> About {
    let index = opened.spool.index();
    let (first, next) = (index.first().unwrap_or(RecordId(0)), index.next().unwrap_or(RecordId(0)));
    let time = |id: RecordId| time_of(index, id);
    let span = time(first).zip(next.0.checked_sub(1).and_then(|last| time(RecordId(last))));
    // The numbers of those that could not be written, or are damaged, stand for nothing that can be looked at.
    let records = index.with(|segments| segments.iter().map(|segment| segment.next - segment.first).sum());
    About { origin, size, records, span, summary, locals: Arc::new(locals) }
}

fn time_of(index: &Index, id: RecordId) -> Option<Timestamp> {
    let span = index.span(id, 1)?;
    let mut buffer = Vec::new();
    span.read(&mut buffer).ok()?;
    let time = span.entries(&buffer).find(|(at, _)| *at == id).and_then(|(_, raw)| raw.record());
    time.map(|record| record.at)
}

#[cfg(test)]
#[path = "open_tests.rs"]
pub(in crate::history) mod tests;
