//! The recordings of sessions to files that the user named: who is being recorded, and what happens when a file can't be written. Each
//! record is in the file before it is shown, or the log says that it is not. Must never hold up the recorder for longer than a write.
//!
//! ```text
//!                   ┌─────────────── caught up ───────────────┐
//! Begin::FirstRecord ─► CatchingUp (a thread has the file) ─► Live ◄─ Begin::Now
//!                            ▲                  │ write failed  ▲ │ write failed: what waits is kept, up to a bound
//!                            └─ every 500 ms ─ Behind           └─┘ and tried again every 500 ms
//! ```

use super::Look;
use super::capture_file::{CaptureFile, failure, same_name};
use super::catch_up::{CatchUp, Past};
use super::walk::History;
use crate::session::event::What;
use crate::session::failure::Failure;
use crate::session::id::SessionId;
use crate::session::recording::{Begin, Existing, Phase, RecordingStatus};
use crate::session::storage::Storage;
use crate::session::timestamp::Timestamp;
use crate::store::archive::Readers;
use crate::traffic::log::Lost;
use crate::traffic::model::{Model, Session};
use crate::traffic::record::{Record, RecordId};
use crossbeam_channel::{Receiver, Sender, after, select, unbounded};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Bytes that wait in memory while the file takes none.
const PATIENCE: usize = 8 << 20;
/// How soon a write that failed is tried again, in microseconds.
const RETRY: u64 = 500_000;
/// What the recorder copies itself to finish what a thread began: a few milliseconds.
const INLINE: u64 = 4 << 20;
/// How often a copy's progress is looked at.
const PROGRESS: Duration = Duration::from_millis(100);
/// How long a copy may go on when the program ends.
const GRACE: Duration = Duration::from_millis(300);

/// A wish to record a session.
pub struct Order {
    /// Which.
    pub session: SessionId,
    /// To which file.
    pub path: PathBuf,
    /// What happens to one that is there.
    pub existing: Existing,
    /// From where on.
    pub from: Begin,
    /// Told whether it has begun.
    pub answer: Sender<Result<(), Failure>>,
}

/// Who has the file.
enum State {
    Live(CaptureFile),
    CatchingUp(CatchUp, Past),
    /// It failed while it was catching up; the record that comes next.
    Behind(CaptureFile, u64, Past),
    /// Nobody: while one state becomes another, and when a copy broke off.
    Nobody,
}

struct Recording {
    path: Arc<Path>,
    state: State,
    trouble: Trouble,
}

/// What keeps a file from being written.
#[derive(Default)]
struct Trouble {
    failing: Option<Failure>,
    /// What was missing in the file when that began.
    missing_before: Lost,
    /// When the next try is due, while it fails.
    retry_at: Option<Timestamp>,
}

impl Trouble {
    /// Whether to try. A clock that was set back must not stop that for long.
    fn is_due(&self, now: Timestamp) -> bool {
        self.retry_at.is_none_or(|at| now >= at || at.micros_since(now) > 2 * RETRY)
    }

    /// A write failed: the first time the log tells of it.
    fn failed(&mut self, path: &Path, problem: &io::Error, missing_before: Lost, now: Timestamp) -> Option<What> {
        self.retry_at = Some(Timestamp(now.0.saturating_add_unsigned(RETRY)));
        if self.failing.is_some() {
            return None;
        }
        self.missing_before = missing_before;
        let failure = failure(path, problem);
        self.failing = Some(failure.clone());
        Some(What::Trouble(failure))
    }

    /// A write did not fail: after some that did the log tells what they cost.
    fn worked(&mut self, missing: Lost) -> Option<What> {
        self.retry_at = None;
        self.failing.take()?;
        let Lost { records, bytes } = self.missing_before;
        Some(What::Storage(Storage::Recording { records: missing.records - records, bytes: missing.bytes - bytes }))
    }
}

/// See the module.
pub struct Recordings {
    look: Look,
    readers: Readers,
    recordings: BTreeMap<SessionId, Recording>,
    caught: (Sender<SessionId>, Receiver<SessionId>),
    news: Vec<(SessionId, What)>,
}

impl Recordings {
    /// Nothing is being recorded.
    pub fn new(look: Look, readers: Readers) -> Self {
        Self { look, readers, recordings: BTreeMap::new(), caught: unbounded(), news: Vec::new() }
    }

    /// Begins one. Everything filed so far must be in the model.
    pub fn begin(&mut self, order: Order, now: Timestamp) {
        let Order { session, path, existing, from, answer } = order;
        // Also to a file that was deleted meanwhile: the recording that has it makes it anew. Not every system locks it.
        let name = same_name(&path);
        let mut others = self.recordings.values();
        let created = if self.recordings.contains_key(&session) || others.any(|other| same_name(&other.path) == name) {
            Err(ErrorKind::ResourceBusy.into())
        } else {
            CaptureFile::create(&path, existing)
        };
        let begun = created.map_err(|problem| failure(&path, &problem)).map(|mut file| {
            let history = History::new(self.look.clone(), self.readers.clone(), session);
            history.with_session(|session| introduce(session, from, &mut file));
            let first = history.range().start;
            let recording = Recording { path: file.path().clone(), state: State::Nobody, trouble: Trouble::default() };
            self.recordings.insert(session, recording);
            match from {
                Begin::Now => self.set(session, State::Live(file)),
                Begin::FirstRecord => self.advance(session, file, first, Past::new(history, first), now),
            }
        });
        // Whoever asked may be gone.
        answer.send(begun).ok();
    }

    fn set(&mut self, session: SessionId, state: State) {
        if let Some(recording) = self.recordings.get_mut(&session) {
            recording.state = state;
        }
    }

    /// Copies what is left of the past, or has a thread do it. Everything filed so far must be in the model.
    fn advance(&mut self, session: SessionId, mut file: CaptureFile, next: u64, past: Past, now: Timestamp) {
        let copied = past.copy_at_most(&mut file, next, INLINE);
        if let Some(problem) = copied.problem {
            return self.fall_behind(session, State::Behind(file, copied.next, past), &problem, now);
        }
        if let Some(recording) = self.recordings.get_mut(&session) {
            let told = recording.trouble.worked(file.missing());
            self.news.extend(told.map(|what| (session, what)));
        }
        if copied.next >= past.end() {
            return self.set(session, State::Live(file));
        }
        match CatchUp::start(past.clone(), file, copied.next, (self.caught.0.clone(), session)) {
            Ok(thread) => self.set(session, State::CatchingUp(thread, past)),
            Err((file, problem)) => self.fall_behind(session, State::Behind(*file, copied.next, past), &problem, now),
        }
    }

    fn fall_behind(&mut self, session: SessionId, state: State, problem: &io::Error, now: Timestamp) {
        if let Some(recording) = self.recordings.get_mut(&session) {
            let missing = if let State::Behind(file, ..) = &state { file.missing() } else { Lost::default() };
            let told = recording.trouble.failed(&recording.path, problem, missing, now);
            self.news.extend(told.map(|what| (session, what)));
            recording.state = state;
        }
    }

    /// Threads that have ended say so here.
    pub fn caught(&self) -> &Receiver<SessionId> {
        &self.caught.1
    }

    /// Takes a file over from the thread that has copied the past. Everything filed so far must be in the model.
    pub fn take_over(&mut self, session: SessionId, now: Timestamp) {
        let Some(recording) = self.recordings.get_mut(&session) else { return };
        match std::mem::replace(&mut recording.state, State::Nobody) {
            State::CatchingUp(thread, past) => match thread.join() {
                Some((file, copied)) => match copied.problem {
                    Some(problem) => self.fall_behind(session, State::Behind(file, copied.next, past), &problem, now),
                    None => self.advance(session, file, copied.next, past, now),
                },
                None => self.fall_behind(session, State::Nobody, &ErrorKind::Interrupted.into(), now),
            },
            // The last word of a thread that was waited for before.
            other => recording.state = other,
        }
    }

    /// Goes on with the copies that have ended or failed. Everything filed so far must be in the model.
    pub fn tend(&mut self, now: Timestamp) {
        while let Ok(session) = self.caught.1.try_recv() {
            self.take_over(session, now);
        }
        let is_due = |(_, recording): &(&SessionId, &Recording)| {
            matches!(recording.state, State::Behind(..)) && recording.trouble.is_due(now)
        };
        let due: Vec<SessionId> = self.recordings.iter().filter(is_due).map(|(session, _)| *session).collect();
        for session in due {
            let Some(recording) = self.recordings.get_mut(&session) else { continue };
            if let State::Behind(file, next, past) = std::mem::replace(&mut recording.state, State::Nobody) {
                self.advance(session, file, next, past, now);
            }
        }
    }

    /// How soon it must be looked at again though nothing has happened; `None` where that is not needed.
    pub fn patience(&self) -> Option<Duration> {
        let patience = |recording: &Recording| match (&recording.state, &recording.trouble.failing) {
            (State::CatchingUp(..), _) => Some(PROGRESS),
            (_, Some(_)) => Some(Duration::from_micros(RETRY)),
            _ => None,
        };
        self.recordings.values().filter_map(patience).min()
    }

    /// Takes a record; it is in the file after the next flush. While a thread copies, it will come by it.
    pub fn append(&mut self, session: SessionId, id: RecordId, record: &Record) {
        if let Some(Recording { state: State::Live(file), .. }) = self.recordings.get_mut(&session) {
            file.append(id, record);
        }
    }

    /// What of a session is still to be copied; it must be told before that is cleared.
    pub fn past(&self, session: SessionId) -> Option<&Past> {
        match &self.recordings.get(&session)?.state {
            State::CatchingUp(_, past) | State::Behind(_, _, past) => Some(past),
            State::Live(_) | State::Nobody => None,
        }
    }

    /// Ends one. The file is complete up to here; where a copy is under way, up to there.
    pub fn stop(&mut self, session: SessionId) {
        if let Some(mut recording) = self.recordings.remove(&session) {
            recording.end();
        }
    }

    /// Writes what waits; what the sessions' logs are to tell of it.
    pub fn flush(&mut self, now: Timestamp) -> Vec<(SessionId, What)> {
        for (session, Recording { path, state, trouble }) in &mut self.recordings {
            let State::Live(file) = state else { continue };
            if file.waiting() > 0 && trouble.is_due(now) {
                let missing = file.missing();
                let told = match file.flush() {
                    Ok(()) => trouble.worked(file.missing()),
                    Err(problem) => trouble.failed(path, &problem, missing, now),
                };
                self.news.extend(told.map(|what| (*session, what)));
            }
            if trouble.failing.is_some() && file.waiting() > PATIENCE {
                file.drop_waiting();
            }
        }
        std::mem::take(&mut self.news)
    }

    /// Shows how they stand.
    pub fn show(&self, model: &mut Model) {
        for (session, recording) in &self.recordings {
            let next = model.session(*session).map_or(0, |session| session.log.next().0);
            model.set_recording(*session, Some(recording.status(next)));
        }
    }

    /// The program ends: copies may go on for a moment, and the files are complete.
    pub fn finish(&mut self, now: Timestamp) {
        let deadline = after(GRACE);
        let caught = self.caught.1.clone();
        while self.recordings.values().any(|recording| matches!(recording.state, State::CatchingUp(..))) {
            select! {
                recv(caught) -> session => self.take_over(session.unwrap_or(SessionId(0)), now),
                recv(deadline) -> _ => break,
            }
        }
        for recording in self.recordings.values_mut() {
            recording.end();
        }
    }
}

impl Recording {
    fn status(&self, next: u64) -> RecordingStatus {
        let (records, bytes, missing) = match &self.state {
            State::Live(file) | State::Behind(file, ..) => (file.written().records, file.size(), file.missing().records),
            State::CatchingUp(thread, _) => thread.seen(),
            State::Nobody => (0, 0, 0),
        };
        let phase = match (&self.state, &self.trouble.failing) {
            (_, Some(failure)) => Phase::Failing(failure.clone()),
            (State::CatchingUp(thread, past), None) => {
                Phase::CatchingUp { done: thread.next().saturating_sub(past.first()), total: next.saturating_sub(past.first()) }
            }
            _ => Phase::Live,
        };
        RecordingStatus { path: self.path.clone(), records, bytes, missing, phase }
    }

    /// Writes what can be written, counts what can't, and keeps the file for its numbers alone.
    fn end(&mut self) {
        self.state = match std::mem::replace(&mut self.state, State::Nobody) {
            State::Live(mut file) => {
                if file.flush().is_err() {
                    file.drop_waiting();
                }
                State::Live(file)
            }
            State::Behind(file, next, past) => State::Live(left_behind(file, next, &past)),
            State::CatchingUp(thread, past) => {
                thread.cancel();
                thread.join().map_or(State::Nobody, |(file, copied)| State::Live(left_behind(file, copied.next, &past)))
            }
            State::Nobody => State::Nobody,
        };
    }
}

/// A file whose copy ends before it has caught up.
fn left_behind(mut file: CaptureFile, next: u64, past: &Past) -> CaptureFile {
    if file.flush().is_err() {
        file.drop_waiting();
    }
    file.miss(past.end().saturating_sub(next));
    file
}

/// Tells a file what there was before its first record.
fn introduce(session: &Session, from: Begin, file: &mut CaptureFile) {
    if from == Begin::FirstRecord {
        file.miss(session.log.lost().records);
        // Then its own notes tell it everything.
        if session.log.first() == RecordId(0) {
            return;
        }
    }
    if let Some(local) = session.local {
        file.writer().bound(local);
    }
    for connection in session.connections.values() {
        match from {
            Begin::Now => file.writer().goes_on(connection.peer, connection.local, connection.received, connection.sent),
            // How much went before the first record that is kept is not known any more.
            Begin::FirstRecord => file.writer().knows(connection.peer, connection.local),
        }
    }
}
