//! The thread that asks the system about sockets while someone looks at them, and stops when nobody does. Must never make a frame wait.

use super::sockets::Sockets;
use crate::session::ends::Ends;
use crate::session::timestamp::Timestamp;
use crate::session::trail::Watch;
use parking_lot::{Condvar, Mutex};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often the system is asked: five times in a second shows most of what people do by hand, and costs nothing.
const EVERY: Duration = Duration::from_millis(200);
/// After this long without a look nobody is looking any more.
const ATTENTION: Duration = Duration::from_secs(2);

/// Called when there is something new to see; not when nothing but time went on.
pub type Wake = Box<dyn Fn() + Send>;
/// What time it is.
pub type Clock = fn() -> Timestamp;

/// The thread, which ends and is joined when this is dropped.
pub struct Sampler {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    wanted: Mutex<Wanted>,
    bell: Condvar,
    /// What is known for each who looks. Swapped whole, so that the lock is held for no longer than that.
    watches: Mutex<BTreeMap<u64, Arc<Watch>>>,
}

#[derive(Default)]
struct Wanted {
    looks: BTreeMap<u64, Looking>,
    stop: bool,
}

/// Someone who looks, or did.
struct Looking {
    ends: Vec<Ends>,
    /// Until when.
    until: Instant,
    /// When the system was asked for it last; `None` when what is wanted has changed since.
    asked: Option<Instant>,
}

impl Sampler {
    /// Starts the thread. It asks nothing before someone looks.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(clock: Clock, wake: Wake) -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let thread = thread::Builder::new().name("sampler".into()).spawn({
            let shared = Arc::clone(&shared);
            move || run(&shared, clock, &wake)
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Says that `who` (a session, by its number) looks at these ends now, and yields what is known of them. What was known before stays
    /// known until it is forgotten.
    pub fn look(&self, who: u64, ends: &[Ends]) -> Arc<Watch> {
        let now = Instant::now();
        let mut wanted = self.shared.wanted.lock();
        let entry = wanted.looks.entry(who).or_insert_with(|| Looking { ends: Vec::new(), until: now, asked: None });
        let slept = entry.until <= now;
        if entry.ends != ends {
            (entry.ends, entry.asked) = (ends.to_vec(), None);
        }
        entry.until = now + ATTENTION;
        if entry.asked.is_none() || slept {
            self.shared.bell.notify_one();
        }
        drop(wanted);
        self.shared.watches.lock().entry(who).or_default().clone()
    }

    /// Forgets one who will not look again.
    pub fn forget(&self, who: u64) {
        self.shared.wanted.lock().looks.remove(&who);
        self.shared.watches.lock().remove(&who);
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.shared.wanted.lock().stop = true;
        self.shared.bell.notify_one();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// Who is to be asked for next, and for which ends; `None` when it is over.
fn next(shared: &Shared) -> Option<(u64, Vec<Ends>)> {
    let mut wanted = shared.wanted.lock();
    loop {
        if wanted.stop {
            return None;
        }
        let now = Instant::now();
        let due = |look: &Looking| look.asked.map_or(now, |asked| asked + EVERY);
        let looking = wanted.looks.iter_mut().filter(|(_, look)| now < look.until && !look.ends.is_empty());
        match looking.min_by_key(|(_, look)| due(look)) {
            Some((who, look)) if due(look) <= now => {
                look.asked = Some(now);
                return Some((*who, look.ends.clone()));
            }
            Some((_, look)) => {
                let due = due(look);
                shared.bell.wait_until(&mut wanted, due);
            }
            None => shared.bell.wait(&mut wanted),
        }
    }
}

fn run(shared: &Shared, clock: Clock, wake: &Wake) {
    let mut sockets = None;
    while let Some((who, ends)) = next(shared) {
        let Some(before) = shared.watches.lock().get(&who).cloned() else { continue };
        let told = match &mut sockets {
            Some(open) => Sockets::sample(open, &ends, clock()),
            None => Sockets::open().and_then(|open| sockets.insert(open).sample(&ends, clock())),
        };
        let after = match told {
            Ok(samples) => before.after(clock(), &ends, samples),
            Err(failure) => {
                // An answer may still be on its way to the old one.
                sockets = None;
                Watch { failure: Some(failure), ..Watch::clone(&before) }
            }
        };
        let news = after.differs(&before);
        // Forgotten meanwhile: then nobody wants it.
        if let Some(watch) = shared.watches.lock().get_mut(&who) {
            *watch = Arc::new(after);
        }
        if news {
            wake();
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
