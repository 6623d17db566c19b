//! Copies what a session had recorded before its recording began, on a thread of its own, until it has come so near to the present that
//! the recorder can do the rest between two slices. Must never hold up the recorder, and never copy a record twice.

use super::capture_file::CaptureFile;
use super::walk::{History, Step, walk};
use crate::session::id::SessionId;
use crate::store::index::Index;
use crate::traffic::record::{Record, RecordId};
use crossbeam_channel::{Sender, bounded};
use parking_lot::Mutex;
use std::io;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

/// Bytes written at once.
const CHUNK: usize = 1 << 20;
/// A round of so few records or bytes shows that the copy is as fast as the session: then the recorder takes over.
const NEAR: (u64, u64) = (1024, 1 << 20);

/// What was before the present: the history, and what a clear has taken from it since. Cheap to clone.
#[derive(Clone)]
pub struct Past {
    history: History,
    first: u64,
    frozen: Arc<Mutex<Vec<Arc<Frozen>>>>,
}

/// A session's records before a clear.
struct Frozen {
    end: u64,
    index: Option<Arc<Index>>,
    /// Those that are on no disk, with the number of the first.
    first: u64,
    memory: Vec<Record>,
}

impl Frozen {
    fn in_memory(&self, id: u64, end: u64) -> (Vec<Step>, u64) {
        let place = id.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
        match place.and_then(|place| self.memory.get(place)) {
            Some(record) => (vec![Step::Record(RecordId(id), record.clone())], id + 1),
            None => {
                let after = if id < self.first && !self.memory.is_empty() { end.min(self.first) } else { end };
                (vec![Step::Missing(id..after)], after)
            }
        }
    }
}

impl Past {
    /// Of this history, from the record `first` on.
    pub fn new(history: History, first: u64) -> Self {
        Self { history, first, frozen: Arc::default() }
    }

    /// Its first record.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// The user clears the log in a moment: what is to be copied must still be found.
    pub fn freeze(&self) {
        let index = self.history.index().map(|index| Arc::new(index.frozen()));
        let on_disk = index.as_ref().and_then(|index| index.next()).unwrap_or(RecordId(0));
        let frozen = self.history.with_session(|session| {
            let (first, end) = (session.log.oldest_in_memory().max(on_disk).0, session.log.next().0);
            let memory = (first..end).filter_map(|id| session.log.in_memory(RecordId(id)).cloned()).collect();
            Frozen { end, index, first, memory }
        });
        self.frozen.lock().extend(frozen.map(Arc::new));
    }

    fn walk(&self, range: Range<u64>, each: &mut dyn FnMut(Step) -> ControlFlow<()>) {
        let mut id = range.start;
        while id < range.end {
            let frozen = self.frozen.lock().iter().find(|frozen| frozen.end > id).cloned();
            let (before, mut broken) = (id, false);
            match frozen {
                Some(frozen) => {
                    let end = range.end.min(frozen.end);
                    walk(&|| frozen.index.clone(), &|id, end| frozen.in_memory(id, end), id..end, |step| {
                        let flow = each(step);
                        broken = flow.is_break();
                        flow
                    });
                    id = end;
                }
                None => {
                    id = range.end;
                    self.history.walk(before..range.end, |step| {
                        if let Step::Missing(gone) = &step
                            && self.frozen.lock().iter().any(|frozen| frozen.end > gone.start)
                        {
                            // Cleared while this went on: the rest is found there.
                            id = gone.start;
                            return ControlFlow::Break(());
                        }
                        let flow = each(step);
                        broken = flow.is_break();
                        flow
                    });
                }
            }
            if broken {
                return;
            }
        }
    }

    /// Copies these records into a file, and flushes it. Stops early when `enough` of so many bytes says so. Where to go on.
    fn copy(&self, file: &mut CaptureFile, range: Range<u64>, enough: &mut dyn FnMut(u64, u64, &CaptureFile) -> bool) -> Copied {
        let (mut next, mut bytes, mut problem) = (range.start, 0, None);
        self.walk(range, &mut |step| {
            match step {
                Step::Record(id, record) => {
                    bytes += record.cost() as u64;
                    file.append(id, &record);
                    next = id.0 + 1;
                }
                Step::Missing(gone) => {
                    file.miss(gone.end - gone.start);
                    next = gone.end;
                }
            }
            if file.waiting() >= CHUNK
                && let Err(cause) = file.flush()
            {
                problem = Some(cause);
                return ControlFlow::Break(());
            }
            if enough(next, bytes, file) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if problem.is_none() {
            problem = file.flush().err();
        }
        Copied { next, bytes, problem }
    }

    /// Copies all that there is, unless that is more than so many bytes.
    pub fn copy_at_most(&self, file: &mut CaptureFile, next: u64, most: u64) -> Copied {
        self.copy(file, next..self.end(), &mut |_, bytes, _| bytes >= most)
    }

    /// The number that the next record will get.
    pub fn end(&self) -> u64 {
        self.history.range().end
    }
}

/// What a copy has come to.
pub struct Copied {
    /// The record that comes next.
    pub next: u64,
    /// What the records weigh.
    bytes: u64,
    /// Why it could not go on.
    pub problem: Option<io::Error>,
}

/// How far it is, for those who look.
#[derive(Default)]
struct Progress {
    cancel: AtomicBool,
    next: AtomicU64,
    records: AtomicU64,
    bytes: AtomicU64,
    missing: AtomicU64,
}

impl Progress {
    fn show(&self, next: u64, file: &CaptureFile) {
        let show = |number: &AtomicU64, value: u64| number.store(value, Ordering::Relaxed);
        show(&self.next, next);
        show(&self.records, file.written().records);
        show(&self.bytes, file.size());
        show(&self.missing, file.missing().records);
    }

    fn run(&self, past: &Past, mut file: CaptureFile, mut next: u64) -> (CaptureFile, Copied) {
        loop {
            let from = next;
            let cancelled = || self.cancel.load(Ordering::Relaxed);
            let copied = past.copy(&mut file, from..past.end(), &mut |next, _, file| {
                self.show(next, file);
                cancelled()
            });
            next = copied.next;
            self.show(next, &file);
            let near = next - from <= NEAR.0 && copied.bytes <= NEAR.1;
            if near || cancelled() || copied.problem.is_some() {
                return (file, copied);
            }
        }
    }
}

/// A copy under way.
pub struct CatchUp {
    thread: JoinHandle<Option<(CaptureFile, Copied)>>,
    progress: Arc<Progress>,
}

impl CatchUp {
    /// Goes on with the record `next`; `ended` gets the session when the recorder can take over, or something went wrong.
    ///
    /// # Errors
    /// When the system gives no thread; the file comes back.
    pub fn start(
        past: Past,
        file: CaptureFile,
        next: u64,
        ended: (Sender<SessionId>, SessionId),
    ) -> Result<Self, (Box<CaptureFile>, io::Error)> {
        let progress = Arc::new(Progress::default());
        progress.show(next, &file);
        // Where no thread can be had, the file is not lost with it.
        let (hand, handed) = bounded(1);
        let job = {
            let progress = progress.clone();
            move || {
                let done = handed.recv().ok().map(|file| progress.run(&past, file, next));
                let (ended, session) = ended;
                ended.send(session).ok();
                done
            }
        };
        match std::thread::Builder::new().name("record-past".into()).spawn(job) {
            Ok(thread) => {
                // It waits for nothing else.
                hand.send(file).ok();
                Ok(Self { thread, progress })
            }
            Err(problem) => Err((Box::new(file), problem)),
        }
    }

    /// The record that comes next.
    pub fn next(&self) -> u64 {
        self.progress.next.load(Ordering::Relaxed)
    }

    /// Of the file: its records, its size, and what is missing.
    pub fn seen(&self) -> (u64, u64, u64) {
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let Progress { records, bytes, missing, .. } = &*self.progress;
        (read(records), read(bytes), read(missing))
    }

    /// Asks it to end; it does within a chunk.
    pub fn cancel(&self) {
        self.progress.cancel.store(true, Ordering::Relaxed);
    }

    /// Waits for its end; `None` when it broke off in the middle, and the file with it.
    pub fn join(self) -> Option<(CaptureFile, Copied)> {
        self.thread.join().ok().flatten()
    }
}
