//! A session that was read from a file instead of being recorded: the same records in a spool, the same model, nothing added any more.
//! Must never know which kind of file it was.

use super::shelf::Shelf;
use super::spool::Spool;
use crate::session::event::{SessionEvent, What};
use crate::session::id::{ConnectionId, SessionId};
use crate::session::timestamp::Timestamp;
use crate::traffic::filing::Streams;
use crate::traffic::log::{Keeping, Log};
use crate::traffic::model::{Connection, Session};
use crate::traffic::record::{Entry, Record, RecordId};
use std::collections::BTreeMap;
use std::io;

/// Bytes that are written at once.
const BATCH: u64 = 1 << 20;
/// Connections that are listed, the first ones; those of all others are in the records all the same.
const LISTED: usize = 10_000;

/// A session that was read, whole and read-only.
pub struct Opened {
    /// As the model shows it.
    pub session: Session,
    /// Its records.
    pub spool: Spool,
    /// What would come next in its streams.
    pub streams: Streams,
}

/// A session that is being read.
pub struct Reading {
    session: Session,
    /// Connections that have ended. They are listed, for to choose among them is all that is left to do with them.
    ended: BTreeMap<ConnectionId, Connection>,
    next: RecordId,
}

impl Default for Reading {
    /// Nothing was read yet.
    fn default() -> Self {
        Self {
            session: Session { log: Log::new(Keeping::OnDisk), ..Session::default() },
            ended: BTreeMap::new(),
            next: RecordId(0),
        }
    }
}

impl Reading {
    /// The next record; `None` for one that this program can't read.
    pub fn record(&mut self, id: RecordId, record: Option<&Record>) {
        if let Some(record) = record {
            self.keep_ended(record);
            self.session.take(&event_of(record));
            self.session.conversations.note(id, record);
        }
        self.session.log.pass(id, record);
        self.next = RecordId(id.0 + 1);
    }

    /// Everything was read.
    pub fn finish(mut self, spool: Spool) -> Opened {
        self.end_all();
        self.session.rest();
        self.session.connections = self.ended;
        Opened { session: self.session, spool, streams: Streams::starting_at(self.next) }
    }
}

impl Reading {
    /// Puts aside the connections that this record ends.
    fn keep_ended(&mut self, record: &Record) {
        let Entry::Note(what) = &record.entry else { return };
        match &**what {
            What::PeerLeft { peer, .. } => {
                if let Some((id, gone)) = peer.connection.and_then(|id| self.session.connections.remove_entry(&id)) {
                    self.put_aside(id, gone);
                }
            }
            What::Opening { .. } | What::Connected { .. } | What::Closed { .. } | What::Failed(_) => self.end_all(),
            _ => {}
        }
    }

    fn end_all(&mut self) {
        for (id, gone) in std::mem::take(&mut self.session.connections) {
            self.put_aside(id, gone);
        }
    }

    fn put_aside(&mut self, id: ConnectionId, gone: Connection) {
        if self.ended.len() < LISTED {
            self.ended.insert(id, gone);
        }
    }
}

/// The event that left a record.
fn event_of(record: &Record) -> SessionEvent {
    let what = match &record.entry {
        Entry::Data(data) => match data.origin {
            Some(origin) => What::Sent { peer: data.peer, bytes: data.bytes.clone(), origin },
            None => What::Received { peer: data.peer, bytes: data.bytes.clone() },
        },
        Entry::Note(what) => (**what).clone(),
    };
    SessionEvent { session: SessionId(0), at: record.at, what }
}

/// Copies what a file tells into a spool of this run.
pub struct Transcript {
    reading: Reading,
    streams: Streams,
    spool: Spool,
    shelf: Shelf,
    session: SessionId,
    limit: u64,
}

impl Transcript {
    /// For `session`, at most `limit` bytes on disk.
    pub fn new(shelf: &Shelf, session: SessionId, limit: u64) -> Self {
        let spool = Spool::new(shelf.session(session), super::archive::segment_size(limit));
        Self { reading: Reading::default(), streams: Streams::default(), spool, shelf: shelf.clone(), session, limit }
    }

    /// The next thing that happened.
    ///
    /// # Errors
    /// When it can't be written, or there is no room left within the limit ([`io::ErrorKind::QuotaExceeded`]).
    pub fn event(&mut self, at: Timestamp, what: What) -> io::Result<()> {
        let event = SessionEvent { session: SessionId(0), at, what };
        let Some((id, record)) = self.streams.file(&event) else { return Ok(()) };
        self.reading.record(id, Some(&record));
        self.spool.append(id, &record);
        if self.spool.waiting() >= BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.shelf.make()?;
        self.shelf.mark_copy(self.session)?;
        self.spool.flush()?;
        if self.spool.size() > self.limit { Err(io::ErrorKind::QuotaExceeded.into()) } else { Ok(()) }
    }

    /// Everything was read.
    ///
    /// # Errors
    /// When the rest can't be written; then nothing is left of it.
    pub fn finish(mut self) -> io::Result<Opened> {
        if let Err(problem) = self.flush() {
            self.cancel();
            return Err(problem);
        }
        Ok(self.reading.finish(self.spool))
    }

    /// Gives up, and deletes what was written.
    pub fn cancel(mut self) {
        self.spool.clear();
    }
}
