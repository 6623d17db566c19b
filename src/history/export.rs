//! Rows of a session into a file: all of them, those that a filter admits, or those that are selected; on a thread of its own, with
//! progress and cancel. Memory does not grow with the rows. Must never leave half a file behind.

use super::direct::Direct;
use super::errand::{Answer, Errand};
use super::walk::{History, Step};
use crate::capture::export::{Export, Form};
use crate::capture::save::save;
use crate::codec::framing::End;
use crate::session::address::Address;
use crate::session::event::What;
use crate::session::id::ConnectionId;
use crate::traffic::frames::Row;
use crate::traffic::record::{Data, Entry, Record, RecordId};
use crate::traffic::scan::Scanner;
use crate::traffic::view::{Chosen, RowKey};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, ErrorKind, Write};
use std::ops::{ControlFlow, Range};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Bytes gathered before they are written.
const GATHERED: usize = 64 << 10;

/// Which rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Rows {
    /// All, whether a filter hides them or not.
    #[default]
    All,
    /// Those that the filter admits.
    Filtered,
    /// These.
    Selected(BTreeSet<RowKey>),
}

/// What is to be written, and where.
pub struct Order {
    /// Out of what.
    pub history: History,
    /// The view's filter and framing. It must have seen every record up to `end`.
    pub scanner: Option<Arc<Mutex<Scanner>>>,
    /// The record that comes after the last one to be written.
    pub end: RecordId,
    /// Which rows.
    pub rows: Rows,
    /// As what.
    pub form: Form,
    /// This end of each peer of datagrams, where it is known.
    pub locals: Arc<BTreeMap<Address, Address>>,
    /// The file.
    pub path: PathBuf,
    /// Whether it may replace one of that name; if not, that is [`ErrorKind::AlreadyExists`].
    pub replace: bool,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows in the file.
    pub rows: u64,
    /// Records, or with framing rows, that should be in it and are not kept any more.
    pub missing: u64,
}

#[derive(Default)]
struct Shared {
    done: AtomicU64,
    total: AtomicU64,
    cancel: AtomicBool,
}

/// An export under way. Dropping it gives it up.
pub struct Exporting {
    shared: Arc<Shared>,
    errand: Option<Errand<io::Result<Written>>>,
}

impl Exporting {
    /// Starts it; `wake` is called once it has ended.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(order: Order, wake: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = shared.clone();
        let errand = Errand::start("export", move || Job::new(order, theirs).run(), wake)?;
        Ok(Self { shared, errand: Some(errand) })
    }

    /// Records, or with framing rows, that were looked at, of how many.
    pub fn progress(&self) -> (u64, u64) {
        (self.shared.done.load(Ordering::Relaxed), self.shared.total.load(Ordering::Relaxed))
    }

    /// Gives it up; its outcome is then [`ErrorKind::Interrupted`], unless it was done already.
    pub fn cancel(&self) {
        self.shared.cancel.store(true, Ordering::Relaxed);
    }

    /// What became of it, once it has ended; `None` in it when it ended unexpectedly.
    pub fn outcome(&mut self) -> Option<Option<io::Result<Written>>> {
        match self.errand.as_mut()?.answer() {
            Answer::Coming => None,
            Answer::Is(outcome) => Some(Some(outcome)),
            Answer::Broken => Some(None),
        }
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Option<io::Result<Written>> {
        self.errand.take().and_then(Errand::finish)
    }
}

impl Drop for Exporting {
    fn drop(&mut self) {
        self.cancel();
    }
}

/// Who is chosen: by record, or with framing by frame.
enum Pick {
    All,
    Only(Chosen),
}

impl Pick {
    fn holds(&self, key: u64) -> bool {
        match self {
            Self::All => true,
            Self::Only(chosen) => chosen.contains(RowKey(key)),
        }
    }

    /// How many of these are chosen, however many there are.
    fn count(&self, keys: Range<u64>) -> u64 {
        match self {
            Self::All => keys.end.saturating_sub(keys.start),
            Self::Only(chosen) => chosen.position(RowKey(keys.end)).saturating_sub(chosen.position(RowKey(keys.start))),
        }
    }
}

/// What the thread does.
struct Job {
    order: Order,
    shared: Arc<Shared>,
    written: Written,
    local: Option<Address>,
    peers: HashMap<ConnectionId, Address>,
}

impl Job {
    fn new(order: Order, shared: Arc<Shared>) -> Self {
        // Notes that went to stay within the budget can't tell these any more.
        let known = order.history.with_session(|session| {
            let peers = session.connections.iter().map(|(id, connection)| (*id, connection.local)).collect();
            (session.local, peers)
        });
        let (local, peers) = known.unwrap_or_default();
        Self { order, shared, written: Written::default(), local, peers }
    }

    fn run(mut self) -> io::Result<Written> {
        let path = self.order.path.clone();
        if !self.order.replace && path.is_file() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        save(&path, |file| self.write(file))?;
        Ok(self.written)
    }

    fn write(&mut self, file: &mut dyn Write) -> io::Result<()> {
        let mut out = Out { file, gathered: Vec::new() };
        let mut export = Export::new(self.order.form.clone(), None);
        export.header(&mut out.gathered);
        let pick = self.pick();
        let scanner = self.order.scanner.clone().filter(|scanner| scanner.lock().frames().is_some());
        match scanner {
            // A capture is made of records whatever the rows are, and so are the bytes of a direction unless some rows are chosen.
            Some(scanner) => match (&self.order.form, &pick) {
                (Form::Pcapng, Pick::Only(frames)) => {
                    let records = self.records_of(&scanner, frames)?;
                    self.records(&mut export, &Pick::Only(records), &mut out)?;
                }
                (Form::Pcapng | Form::Raw(_), Pick::All) => self.records(&mut export, &pick, &mut out)?,
                _ => self.frames(&scanner, &mut export, &pick, &mut out)?,
            },
            None => self.records(&mut export, &pick, &mut out)?,
        }
        out.end()
    }

    fn pick(&mut self) -> Pick {
        match &mut self.order.rows {
            Rows::All => Pick::All,
            Rows::Filtered => {
                let admitted = self.order.scanner.as_ref().and_then(|scanner| scanner.lock().admitted().cloned());
                admitted.map_or(Pick::All, Pick::Only)
            }
            Rows::Selected(keys) => {
                let mut chosen = Chosen::default();
                std::mem::take(keys).into_iter().for_each(|key| chosen.insert(key));
                Pick::Only(chosen)
            }
        }
    }

    fn begin(&self, total: u64) {
        self.shared.done.store(0, Ordering::Relaxed);
        self.shared.total.store(total, Ordering::Relaxed);
    }

    /// Another one was looked at.
    fn step(&self) -> io::Result<()> {
        self.shared.done.fetch_add(1, Ordering::Relaxed);
        if self.shared.cancel.load(Ordering::Relaxed) { Err(ErrorKind::Interrupted.into()) } else { Ok(()) }
    }

    /// Writes by records. What is not chosen is walked through all the same: it tells the ends of connections, and what a character that
    /// is cut in two begins with.
    fn records(&mut self, export: &mut Export, pick: &Pick, out: &mut Out<'_>) -> io::Result<()> {
        let history = self.order.history.clone();
        let all = history.range();
        if history.with_session(|_| ()).is_none() {
            return Err(io::Error::other("the session was closed"));
        }
        let range = all.start..self.order.end.0.max(all.start);
        self.begin(range.end - range.start);
        let mut outcome = Ok(());
        history.walk(range, |step| {
            outcome = match step {
                Step::Record(id, record) => self.record(export, pick.holds(id.0), (id, &record), out),
                Step::Missing(gone) => {
                    self.written.missing += pick.count(gone);
                    Ok(())
                }
            };
            if outcome.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        outcome
    }

    fn record(
        &mut self,
        export: &mut Export,
        chosen: bool,
        (id, record): (RecordId, &Record),
        out: &mut Out<'_>,
    ) -> io::Result<()> {
        self.step()?;
        self.learn(record);
        let before = out.gathered.len();
        // A log's writer keeps the state of each stream; a capture must not have what was not chosen.
        let told = chosen || matches!((&self.order.form, &record.entry), (Form::Log(_), entry) if is_of_stream(entry));
        if told {
            let local = record.data().and_then(|data| self.local_of(data));
            export.record(id, record, local, &mut out.gathered);
        }
        self.count(chosen, before, out)
    }

    /// Keeps what was written for a row that is chosen.
    fn count(&mut self, chosen: bool, before: usize, out: &mut Out<'_>) -> io::Result<()> {
        if !chosen {
            out.gathered.truncate(before);
        } else if out.gathered.len() > before {
            self.written.rows += 1;
        }
        out.flush()
    }

    /// What a note tells of this end of connections, whether it is chosen or not.
    fn learn(&mut self, record: &Record) {
        let Entry::Note(what) = &record.entry else { return };
        match &**what {
            What::Listening { local } | What::Bound { local, .. } => self.local = Some(*local),
            other => {
                self.peers.extend(other.begun().and_then(|(peer, local)| Some((peer.connection?, local))));
            }
        }
    }

    fn local_of(&self, data: &Data) -> Option<Address> {
        match data.peer.connection {
            Some(id) => self.peers.get(&id).copied().or(self.local),
            None => self.order.locals.get(&data.peer.address).copied().or(self.local),
        }
    }

    /// Writes by frames, and behind them, where all rows are wanted, what nothing has ended yet.
    fn frames(&mut self, scanner: &Mutex<Scanner>, export: &mut Export, pick: &Pick, out: &mut Out<'_>) -> io::Result<()> {
        let records = Direct::new(self.order.history.clone());
        self.each_frame(scanner, &records, |job, key, row| {
            let chosen = pick.holds(key);
            let Some(record) = row.record(&records) else {
                job.written.missing += u64::from(chosen);
                return Ok(());
            };
            let before = out.gathered.len();
            export.frame(&record, row.end().unwrap_or(End::Complete), &mut out.gathered);
            job.count(chosen, before, out)
        })?;
        if matches!(pick, Pick::All) {
            let ends = scanner.lock().frames().map(|frames| frames.ends());
            let open = ends.map(|ends| ends.frames(&records)).unwrap_or_default();
            for frame in open {
                let Some(record) = frame.as_record(&records) else { continue };
                let before = out.gathered.len();
                export.frame(&record, frame.end, &mut out.gathered);
                self.count(true, before, out)?;
            }
        }
        Ok(())
    }

    /// The records that these frames are in.
    fn records_of(&mut self, scanner: &Mutex<Scanner>, chosen: &Chosen) -> io::Result<Chosen> {
        let records = Direct::new(self.order.history.clone());
        let mut found = Chosen::default();
        self.each_frame(scanner, &records, |_, key, row| {
            if chosen.contains(RowKey(key)) {
                match row {
                    Row::Record(id) => found.insert(RowKey(id.0)),
                    Row::Frame(frame) => frame.parts.iter().for_each(|(id, _)| found.insert(RowKey(id.0))),
                }
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Every frame that there was when this began, in order, a chunk at a time.
    fn each_frame(
        &mut self,
        scanner: &Mutex<Scanner>,
        records: &Direct,
        mut each: impl FnMut(&mut Self, u64, Row) -> io::Result<()>,
    ) -> io::Result<()> {
        let all = scanner.lock().frames().map(|frames| frames.rows()).unwrap_or_default();
        self.begin(all.end - all.start);
        let mut next = all.start;
        while next < all.end {
            let (chunk, rows) = chunk_at(scanner, next, records);
            let Some(rows) = rows else {
                // Its records went meanwhile, and so did it.
                self.written.missing += chunk.end.min(all.end) - next;
                next = chunk.end;
                continue;
            };
            for (key, row) in (chunk.start..).zip(rows).filter(|(key, _)| (next..all.end).contains(key)) {
                self.step()?;
                each(self, key, row)?;
            }
            next = chunk.end;
        }
        Ok(())
    }
}

/// The chunk of frames around a row: the numbers of its rows, and the rows; or the rest where there is none any more. The scanner is not
/// held while records are read.
fn chunk_at(scanner: &Mutex<Scanner>, row: u64, records: &Direct) -> (Range<u64>, Option<Vec<Row>>) {
    let gone = |until: u64| (row..until.max(row + 1), None);
    let (chunk, start) = match scanner.lock().frames() {
        Some(frames) => (frames.excerpt(row), frames.rows().start),
        None => (None, u64::MAX),
    };
    let Some(chunk) = chunk else { return gone(start) };
    let mut rows = Vec::new();
    let whole = chunk.each(chunk.rows(), records, |_, row| rows.push(row));
    (chunk.rows(), whole.map(|()| rows))
}

/// Whether it changes what is known of a stream of bytes.
fn is_of_stream(entry: &Entry) -> bool {
    match entry {
        Entry::Data(data) => data.peer.stream().is_some(),
        Entry::Note(_) => true,
    }
}

/// Bytes on their way to the file.
struct Out<'a> {
    file: &'a mut dyn Write,
    gathered: Vec<u8>,
}

impl Out<'_> {
    fn flush(&mut self) -> io::Result<()> {
        if self.gathered.len() >= GATHERED { self.end() } else { Ok(()) }
    }

    fn end(&mut self) -> io::Result<()> {
        self.file.write_all(&self.gathered)?;
        self.gathered.clear();
        Ok(())
    }
}

#[cfg(test)]
#[path = "export_tests.rs"]
mod tests;
