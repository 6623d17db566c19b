//! The engine: the network thread, the recorder thread that applies its events to the model, and the waker. The window and the twin
//! both stand on it and see nothing below. Must never wait for whoever looks at the model.

pub use crate::net::now;
use crate::net::{Busy, Handle, Net, Parcel};
use crate::session::command::Command;
use crate::session::event::Event;
use crate::traffic::filing::Filing;
use crate::traffic::model::Model;
use crossbeam_channel::Receiver;
use parking_lot::{Mutex, MutexGuard};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Events applied under one lock: about a millisecond of work, so that a frame that wants to look never waits long.
const SLICE: usize = 512;
/// How long a frame waits for the model before it draws what it drew last.
const FRAME_PATIENCE: Duration = Duration::from_millis(2);

/// Sees every event, in order, before the model does. What it takes its time over holds up the network, which is the point: the twin's
/// standard output then pushes back on TCP instead of losing lines.
pub type Tap = Box<dyn FnMut(&Event) + Send>;

/// Called when there is something new to look at; at most once until someone has looked.
pub type Wake = Box<dyn Fn() + Send + Sync>;

/// What an engine is started with.
pub struct Options {
    /// Bytes of memory for records.
    pub budget: usize,
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
        let (net, inbox) = Net::start()?;
        let model = Arc::new(Mutex::new(Model::new(options.budget)));
        let waker = Arc::new(Waker { asleep: AtomicBool::new(true), wake: options.wake });
        let look = Look { model, waker };
        let recorder = std::thread::Builder::new().name("recorder".into()).spawn({
            let look = look.clone();
            let mut tap = options.tap;
            move || record(&inbox, &look, &mut tap)
        })?;
        let commands = Commands(net.handle());
        Ok(Self { net, recorder, commands, look })
    }

    /// Where commands go in.
    pub fn commands(&self) -> &Commands {
        &self.commands
    }

    /// The way to look at the model.
    pub fn look(&self) -> &Look {
        &self.look
    }

    /// Ends every session, lets the recorder take in all that was still on its way, and joins both threads.
    pub fn shut_down(self) {
        self.net.shut_down();
        self.recorder.join().ok();
    }
}

/// Applies events until the network thread has ended and everything that it sent is in.
fn record(inbox: &Receiver<Parcel>, look: &Look, tap: &mut Option<Tap>) {
    let mut slice: Vec<Parcel> = Vec::with_capacity(SLICE);
    let mut filing = Filing::default();
    while let Ok(first) = inbox.recv() {
        slice.push(first);
        slice.extend(inbox.try_iter().take(SLICE - 1));
        if let Some(tap) = tap {
            for parcel in &slice {
                tap(&parcel.event);
            }
        }
        let mut model = look.model.lock();
        // A parcel's credit goes back as it is dropped, that is when its event is in.
        for parcel in slice.drain(..) {
            model.apply(filing.file(parcel.event));
        }
        // Handed over fairly: a frame that waits gets it now and not after the flood.
        MutexGuard::unlock_fair(model);
        look.waker.news();
    }
}
