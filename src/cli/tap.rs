//! What sees every event on the recorder's thread: it prints, and tells the driver what to act on. It must never act itself.

use super::printer::{Printer, Progress};
use super::signal::{self, Signal};
use crate::session::event::{Event, SessionEvent};
use crossbeam_channel::Sender;
use parking_lot::Mutex;
use std::io::{Stderr, Stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The printer, which the driver flushes and adds its own events to.
pub type Output = Arc<Mutex<Printer<Stdout, Stderr>>>;

/// What the recorder's thread tells the driver.
pub enum Told {
    /// See [`Signal`].
    Signal(Signal),
    /// There is something to hand over.
    News,
    /// See [`Progress`].
    Progress(Progress),
}

/// The tap. What it waits for holds up the network: nobody reading standard output makes a TCP peer wait.
/// `flushed` is set by the driver when it has handed over all that it was told of.
pub fn new(output: Output, flushed: Arc<AtomicBool>, told: Sender<Told>) -> crate::recorder::Tap {
    let mut tap = Tap { output, flushed, told, heard: false, progress: Progress::Open };
    Box::new(move |event| {
        if let Event::Session(event) = event {
            tap.see(event);
        }
    })
}

struct Tap {
    output: Output,
    flushed: Arc<AtomicBool>,
    told: Sender<Told>,
    heard: bool,
    progress: Progress,
}

impl Tap {
    fn see(&mut self, event: &SessionEvent) {
        let progress = self.output.lock().take(event);
        if self.flushed.swap(false, Ordering::AcqRel) {
            self.tell(Told::News);
        }
        match signal::of(event) {
            // Only the first changes anything, and a flood needs no signals.
            Some(Signal::Heard) if self.heard => {}
            Some(signal) => {
                self.heard |= signal == Signal::Heard;
                self.tell(Told::Signal(signal));
            }
            None => {}
        }
        if progress != self.progress {
            self.progress = progress;
            self.tell(Told::Progress(progress));
        }
    }

    /// A driver that is gone has ended the session and acts on nothing more.
    fn tell(&self, told: Told) {
        self.told.send(told).ok();
    }
}
