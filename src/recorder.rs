//! The engine: the network thread, the recorder thread that writes its events to disk and applies them to the model, and the waker.
//! The window and the twin both stand on it and see nothing below. Must never wait for whoever looks at the model.

mod capture_file;
mod catch_up;
mod recording;
pub mod walk;

use crate::net::{Busy, Credit, Gate, Handle, Net, Parcel};
pub use crate::net::{now, remove_socket_files};
use crate::session::command::Command;
use crate::session::event::{Event, SessionEvent, What};
use crate::session::id::SessionId;
use crate::session::storage::AtLimit;
use crate::session::timestamp::Timestamp;
use crate::store::archive::{self, Archive, Readers};
use crate::store::opened::Opened;
use crate::store::shelf::Shelf;
use crate::traffic::filing::{Filed, Filing};
use crate::traffic::model::{Keeping, Model};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded, select};
use parking_lot::{Mutex, MutexGuard};
pub use recording::Order;
use recording::Recordings;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Events applied under one lock: about a millisecond of work, so that a frame that wants to look never waits long.
const SLICE: usize = 512;
/// Bytes in a slice: enough for one large write, little beside the credit that they hold up meanwhile.
const SLICE_BYTES: usize = 1 << 20;
/// How often the disk is tried again while it takes nothing, or looked at while reading is held.
const DISK_RETRY: Duration = Duration::from_millis(500);
/// Requests that may wait for the recorder.
const REQUESTS: usize = 64;
/// How long a frame waits for the model before it draws what it drew last.
const FRAME_PATIENCE: Duration = Duration::from_millis(2);

/// Sees every event, in order, after it was written to disk and before the model does. What it takes its time over holds up the network,
/// which is the point: the twin's standard output then pushes back on TCP instead of losing lines.
pub type Tap = Box<dyn FnMut(&Event) + Send>;

/// Called when there is something new to look at; at most once until someone has looked.
pub type Wake = Box<dyn Fn() + Send + Sync>;

/// What an engine is started with.
pub struct Options {
    /// Bytes of memory for records.
    pub budget: usize,
    /// Where every record is written; without it the newest in memory are all there is.
    pub archive: Option<archive::Options>,
    /// Sees every event.
    pub tap: Option<Tap>,
    /// Called when there is something new.
    pub wake: Wake,
}

/// The running engine.
pub struct Engine {
    net: Net,
    recorder: JoinHandle<()>,
    commands: Commands,
    look: Look,
    requests: Requests,
    readers: Readers,
    shelf: Option<Shelf>,
    delete: Arc<AtomicBool>,
}

/// What the recorder is asked to do besides recording.
pub enum Request {
    /// Other limits from now on.
    Limits {
        /// Bytes of memory for records.
        memory: usize,
        /// Bytes on disk.
        disk: u64,
        /// What happens there.
        at_limit: AtLimit,
    },
    /// Takes over a session that was read from a file.
    Adopt(SessionId, Box<Opened>),
    /// Records a session to a capture file.
    Record(Order),
    /// Ends that; the file is complete then.
    StopRecording(SessionId),
}

/// Where requests go in. Cheap to clone; never waits.
#[derive(Clone)]
pub struct Requests(Sender<Request>);

impl Requests {
    /// Queues a request.
    ///
    /// # Errors
    /// Gives it back when too many wait.
    pub fn send(&self, request: Request) -> Result<(), Box<Request>> {
        match self.0.try_send(request) {
            Ok(()) => Ok(()),
            // The engine is ending, and with it all that could be asked for.
            Err(TrySendError::Disconnected(_)) => Ok(()),
            Err(TrySendError::Full(request)) => Err(Box::new(request)),
        }
    }
}

/// Where commands go in. Cheap to clone; never waits.
#[derive(Clone)]
pub struct Commands(Handle);

impl Commands {
    /// Queues a command.
    ///
    /// # Errors
    /// Gives the command back when the queue is full; nothing of it will happen.
    pub fn send(&self, command: Command) -> Result<(), Box<Command>> {
        self.0.send(command).map_err(|Busy(command)| command)
    }
}

/// The way to look at the model. Cheap to clone.
#[derive(Clone)]
pub struct Look {
    model: Arc<Mutex<Model>>,
    waker: Arc<Waker>,
}

impl Look {
    /// The model, unless the recorder holds it for longer than a frame can wait. From now on news wake again.
    pub fn glance(&self) -> Option<MutexGuard<'_, Model>> {
        self.waker.asleep.store(true, Ordering::Release);
        self.model.try_lock_for(FRAME_PATIENCE)
    }

    /// A look at a model that no recorder fills.
    #[cfg(test)]
    pub(crate) fn at(model: Arc<Mutex<Model>>) -> Self {
        Self { model, waker: Arc::new(Waker { asleep: AtomicBool::new(true), wake: Box::new(|| {}) }) }
    }

    /// The model, however long it takes: for work outside frames, such as saving.
    pub fn wait(&self) -> MutexGuard<'_, Model> {
        self.model.lock()
    }
}

/// Wakes whoever looks, once per look.
struct Waker {
    asleep: AtomicBool,
    wake: Wake,
}

impl Waker {
    fn news(&self) {
        if self.asleep.swap(false, Ordering::AcqRel) {
            (self.wake)();
        }
    }
}

impl Engine {
    /// Starts both threads.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(options: Options) -> io::Result<Self> {
        let (net, inbox, gate) = Net::start()?;
        let keeping = if options.archive.is_some() { Keeping::OnDisk } else { Keeping::InMemory };
        let model = Arc::new(Mutex::new(Model::new(options.budget, keeping)));
        let waker = Arc::new(Waker { asleep: AtomicBool::new(true), wake: options.wake });
        let look = Look { model, waker };
        let archive = options.archive.map(|options| Archive::new(options, now()));
        let shelf = archive.as_ref().map(|archive| archive.shelf().clone());
        let readers = archive.as_ref().map(|archive| archive.readers().clone()).unwrap_or_default();
        let (requests, asked) = bounded(REQUESTS);
        let delete = Arc::new(AtomicBool::new(false));
        let recorder = Recorder {
            inbox,
            asked,
            look: look.clone(),
            tap: options.tap,
            gate,
            filing: Filing::default(),
            archive,
            delete: delete.clone(),
            readers: readers.clone(),
            recordings: Recordings::new(look.clone(), readers.clone()),
            slice: Vec::new(),
        };
        let recorder = std::thread::Builder::new().name("recorder".into()).spawn(move || recorder.run())?;
        let commands = Commands(net.handle());
        Ok(Self { net, recorder, commands, look, requests: Requests(requests), readers, shelf, delete })
    }

    /// Where commands go in.
    pub fn commands(&self) -> &Commands {
        &self.commands
    }

    /// The way to look at the model.
    pub fn look(&self) -> &Look {
        &self.look
    }

    /// Where requests to the recorder go in.
    pub fn requests(&self) -> &Requests {
        &self.requests
    }

    /// The records on disk.
    pub fn readers(&self) -> &Readers {
        &self.readers
    }

    /// Where this run's records are on disk; `None` where none are written.
    pub fn shelf(&self) -> Option<&Shelf> {
        self.shelf.as_ref()
    }

    /// Ends every session, lets the recorder take in all that was still on its way, and joins both threads. The records on disk go.
    pub fn shut_down(self) {
        self.delete.store(true, Ordering::Release);
        self.leave();
    }

    /// The same, and the records stay on disk: nobody said that they are not needed any more, so the next start offers them.
    pub fn leave(self) {
        self.net.shut_down();
        self.recorder.join().ok();
    }
}

/// The recorder thread.
struct Recorder {
    inbox: Receiver<Parcel>,
    asked: Receiver<Request>,
    look: Look,
    tap: Option<Tap>,
    gate: Gate,
    filing: Filing,
    archive: Option<Archive>,
    /// Whether the records on disk go when this ends.
    delete: Arc<AtomicBool>,
    readers: Readers,
    recordings: Recordings,
    /// What is on its way into the model, with the credit that goes back as it is in.
    slice: Vec<(Filed, Option<Credit>)>,
}

impl Recorder {
    /// Records until the network thread has ended and everything that it sent is in.
    fn run(mut self) {
        loop {
            let is_waiting = self.archive.as_ref().is_some_and(Archive::is_waiting);
            let patience = [is_waiting.then_some(DISK_RETRY), self.recordings.patience()];
            let patience = patience.into_iter().flatten().min().unwrap_or(Duration::MAX);
            let mut parcel = None;
            select! {
                recv(self.inbox) -> came => match came {
                    Ok(came) => parcel = Some(came),
                    Err(_) => break,
                },
                recv(self.asked) -> request => match request {
                    Ok(request) => self.answer(request),
                    // The engine is being shut down; what is on its way still comes.
                    Err(_) => self.asked = crossbeam_channel::never(),
                },
                recv(self.recordings.caught()) -> session => if let Ok(session) = session {
                    self.recordings.take_over(session, now());
                },
                default(patience) => {}
            }
            // What was asked for before something happened holds for it: whoever opens a session after a wish to record it finds all of
            // it in the file.
            while let Ok(request) = self.asked.try_recv() {
                self.answer(request);
            }
            self.recordings.tend(now());
            if let Some(parcel) = parcel {
                self.take(parcel);
            }
            self.record();
        }
        self.recordings.finish(now());
        self.recordings.show(&mut self.look.model.lock());
        if let Some(archive) = self.archive.take().filter(|_| self.delete.load(Ordering::Acquire)) {
            archive.delete();
        }
    }

    /// Files a parcel and as much behind it as one slice holds.
    fn take(&mut self, first: Parcel) {
        let mut bytes = 0;
        let most = self.archive.as_ref().map_or(SLICE_BYTES, |archive| SLICE_BYTES.min(archive.batch()));
        let mut next = Some(first);
        while let Some(Parcel { event, credit }) = next {
            bytes += event_size(&event);
            self.file(event, Some(credit));
            let full = self.slice.len() >= SLICE || bytes >= most;
            next = if full { None } else { self.inbox.try_recv().ok() };
        }
    }

    /// Gives an event its place, and its record to the archive and the recording.
    fn file(&mut self, event: Event, credit: Option<Credit>) {
        if let Event::Session(SessionEvent { session, what: What::Cleared, .. }) = &event
            && self.recordings.past(*session).is_some()
        {
            // What a recording still wants to copy must be there to be kept for it.
            self.record();
            if let Some(past) = self.recordings.past(*session) {
                past.freeze();
            }
        }
        let filed = self.filing.file(event);
        if let (None, Event::Session(SessionEvent { session, what: What::Forgotten, .. })) = (&self.archive, &filed.event) {
            self.readers.set(*session, None);
        }
        if let Event::Session(event) = &filed.event {
            match (&filed.record, &event.what) {
                (Some((id, record)), _) => self.recordings.append(event.session, *id, record),
                (None, What::Forgotten) => self.recordings.stop(event.session),
                (None, _) => {}
            }
        }
        if let (Some(archive), Event::Session(event)) = (&mut self.archive, &filed.event) {
            match (&filed.record, &event.what) {
                (Some((id, record)), _) => archive.append(event.session, *id, record),
                (None, What::Cleared) => archive.clear(event.session),
                (None, What::Forgotten) => archive.forget(event.session),
                (None, _) => {}
            }
        }
        self.slice.push((filed, credit));
    }

    /// Writes the slice, then shows it: what has been seen is on disk.
    fn record(&mut self) {
        loop {
            let news = self.write(now());
            if news.is_empty() {
                break;
            }
            // What is told of it is a record too, and is written before it is shown; that changes nothing more to tell of.
            let at = now();
            for (session, what) in news {
                self.file(Event::Session(SessionEvent { session, at, what }), None);
            }
        }
        if let Some(tap) = &mut self.tap {
            for (filed, _) in &self.slice {
                tap(&filed.event);
            }
        }
        let mut model = self.look.model.lock();
        // A parcel's credit goes back as it is dropped, that is when its event is in.
        for (filed, _credit) in self.slice.drain(..) {
            model.apply(filed);
        }
        if let Some(archive) = &mut self.archive {
            model.set_storage(archive.status());
            for (session, holding) in archive.take_shrunk() {
                model.shrink(session, holding);
            }
        }
        self.recordings.show(&mut model);
        // Handed over fairly: a frame that waits gets it now and not after the flood.
        MutexGuard::unlock_fair(model);
        self.look.waker.news();
    }

    /// Writes what waits; what is to be told of it.
    fn write(&mut self, at: Timestamp) -> Vec<(SessionId, What)> {
        let mut news = self.recordings.flush(at);
        if let Some(archive) = &mut self.archive {
            news.extend(archive.flush(at));
            self.gate.hold(archive.is_held());
        }
        news
    }

    fn answer(&mut self, request: Request) {
        match request {
            Request::Limits { memory, disk, at_limit } => {
                self.look.model.lock().set_budget(memory);
                if let Some(archive) = &mut self.archive {
                    archive.set_limit(disk, at_limit);
                }
            }
            Request::Adopt(id, opened) => {
                let Opened { session, spool, streams } = *opened;
                match &mut self.archive {
                    Some(archive) => archive.adopt(id, spool),
                    // Where nothing is written, what was written before can still be read where it is.
                    None => self.readers.set(id, Some(spool.index().clone())),
                }
                self.filing.adopt(id, streams);
                self.look.model.lock().adopt(id, session);
            }
            Request::Record(order) => self.recordings.begin(order, now()),
            Request::StopRecording(id) => {
                self.recordings.stop(id);
                self.look.model.lock().set_recording(id, None);
            }
        }
    }
}

/// What an event weighs in a slice.
fn event_size(event: &Event) -> usize {
    match event {
        Event::Session(SessionEvent { what: What::Received { bytes, .. } | What::Sent { bytes, .. }, .. }) => bytes.len(),
        _ => 0,
    }
}
