//! Feeds a scanner with every record there is, and with those that come, on a thread of its own. Must never hold the scanner's lock for
//! longer than a slice.

use super::direct::Direct;
use super::walk::{History, Step};
use crate::traffic::record::{RecordId, Records};
use crate::traffic::scan::Scanner;
use parking_lot::{Condvar, Mutex};
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Records and bytes that are pushed under one lock: about a millisecond.
const SLICE: usize = 1024;
const SLICE_BYTES: usize = 512 << 10;

/// What the thread is told.
#[derive(Default)]
struct Orders {
    /// There may be more.
    more: bool,
    stop: bool,
    /// The first slice is in, or there was none.
    begun: bool,
}

struct Shared {
    orders: Mutex<Orders>,
    changed: Condvar,
}

/// The feeding of one scanner. Dropping it ends it.
pub struct Feed {
    scanner: Arc<Mutex<Scanner>>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Feed {
    /// Starts it; `wake` is called when there is something new to look at.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(history: History, scanner: Arc<Mutex<Scanner>>, wake: Box<dyn Fn() + Send>) -> io::Result<Self> {
        let shared = Arc::new(Shared { orders: Mutex::default(), changed: Condvar::new() });
        let thread = std::thread::Builder::new().name("scan".into()).spawn({
            let (shared, scanner) = (shared.clone(), scanner.clone());
            move || shared.run(&history, &scanner, &*wake)
        })?;
        Ok(Self { scanner, shared, thread: Some(thread) })
    }

    /// Whether it feeds this scanner.
    pub fn feeds(&self, scanner: &Arc<Mutex<Scanner>>) -> bool {
        Arc::ptr_eq(&self.scanner, scanner)
    }

    /// Waits until the first slice is in, at most so long: a first screen nearly always comes with the frame that asked.
    pub fn wait(&self, patience: Duration) {
        let mut orders = self.shared.orders.lock();
        self.shared.changed.wait_while_for(&mut orders, |orders| !orders.begun, patience);
    }

    /// Tells it to end. Dropping it waits for that; [`Feed::has_ended`] says when there is nothing to wait for.
    pub fn stop(&self) {
        self.shared.orders.lock().stop = true;
        self.shared.changed.notify_all();
    }

    /// Whether its thread has ended.
    pub fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Says that there may be more.
    pub fn more(&self) {
        self.shared.orders.lock().more = true;
        self.shared.changed.notify_all();
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

impl Shared {
    fn begin(&self) {
        self.orders.lock().begun = true;
        self.changed.notify_all();
    }

    fn run(&self, history: &History, scanner: &Mutex<Scanner>, wake: &dyn Fn()) {
        let records = Direct::new(history.clone());
        loop {
            let all = history.range();
            let from = {
                let mut scanner = scanner.lock();
                scanner.skip_to(RecordId(all.start));
                scanner.forget_before(RecordId(all.start));
                scanner.next().0
            };
            let mut slice = Vec::new();
            let mut bytes = 0;
            history.walk(from..all.end, |step| {
                bytes += match &step {
                    Step::Record(_, record) => record.cost(),
                    Step::Missing(_) => 0,
                };
                slice.push(step);
                if slice.len() >= SLICE || bytes >= SLICE_BYTES {
                    bytes = 0;
                    push(scanner, slice.drain(..));
                    settle(scanner, &records, || !self.orders.lock().stop);
                    self.begin();
                    wake();
                }
                if self.orders.lock().stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            push(scanner, slice.drain(..));
            settle(scanner, &records, || !self.orders.lock().stop);
            self.begin();
            wake();
            let mut orders = self.orders.lock();
            while !orders.more && !orders.stop {
                self.changed.wait(&mut orders);
            }
            orders.more = false;
            if orders.stop {
                return;
            }
        }
    }
}

fn push(scanner: &Mutex<Scanner>, steps: impl Iterator<Item = Step>) {
    let mut scanner = scanner.lock();
    for step in steps {
        match step {
            Step::Record(id, record) => scanner.push(id, &record),
            Step::Missing(gone) => scanner.skip_to(RecordId(gone.end)),
        }
    }
}

/// Sieves the frames that what was pushed has made. Records are read without the scanner's lock: whoever draws may hold the model's and
/// wait for the scanner's.
fn settle(scanner: &Mutex<Scanner>, records: &impl Records, go_on: impl Fn() -> bool) {
    while go_on() {
        let Some(task) = scanner.lock().task() else { return };
        let sieved = task.run(records);
        scanner.lock().take(sieved);
    }
}
