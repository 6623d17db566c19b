//! The thread that asks the system about sockets while someone looks at them, and stops when nobody does. Must never make a frame wait.

use super::sockets::Sockets;
use crate::session::ends::Ends;
use crate::session::timestamp::Timestamp;
use crate::session::trail::Watch;
use parking_lot::{Condvar, Mutex};
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often the system is asked: five times in a second shows most of what people do by hand, and costs nothing.
const EVERY: Duration = Duration::from_millis(200);
/// After this long without a look nobody is looking any more.
const ATTENTION: Duration = Duration::from_secs(2);

/// Called when there is something new to see.
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
    /// Swapped whole, so that the lock is held for no longer than that.
    watch: Mutex<Arc<Watch>>,
}

#[derive(Default)]
struct Wanted {
    ends: Vec<Ends>,
    /// Until when someone looks.
    until: Option<Instant>,
    /// Whether what is wanted has changed since it was last asked for.
    fresh: bool,
    stop: bool,
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

    /// Says that someone looks at these ends now, and yields what is known of them. What was known of others before stays known while
    /// they are among those that are looked at.
    pub fn look(&self, ends: &[Ends]) -> Arc<Watch> {
        let mut wanted = self.shared.wanted.lock();
        if wanted.ends != ends {
            wanted.ends = ends.to_vec();
            wanted.fresh = true;
        }
        let now = Instant::now();
        let slept = wanted.until.is_none_or(|until| until < now);
        wanted.until = Some(now + ATTENTION);
        if wanted.fresh || slept {
            self.shared.bell.notify_one();
        }
        drop(wanted);
        Arc::clone(&self.shared.watch.lock())
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

/// The ends to ask for; `None` when it is over.
fn wait(shared: &Shared, asked: Option<Instant>) -> Option<Vec<Ends>> {
    let mut wanted = shared.wanted.lock();
    loop {
        if wanted.stop {
            return None;
        }
        let now = Instant::now();
        let looking = wanted.until.is_some_and(|until| now < until) && !wanted.ends.is_empty();
        let due = asked.map_or(now, |asked| asked + EVERY);
        if looking && (wanted.fresh || now >= due) {
            wanted.fresh = false;
            return Some(wanted.ends.clone());
        }
        if looking {
            shared.bell.wait_until(&mut wanted, due);
        } else {
            shared.bell.wait(&mut wanted);
        }
    }
}

fn run(shared: &Shared, clock: Clock, wake: &Wake) {
    let mut sockets = None;
    let mut asked = None;
    while let Some(ends) = wait(shared, asked) {
        asked = Some(Instant::now());
        let before = Arc::clone(&shared.watch.lock());
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
        *shared.watch.lock() = Arc::new(after);
        wake();
    }
}
