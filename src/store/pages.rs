//! The records that frames want and memory no longer holds: read by a thread of their own and kept while they are looked at, so that no
//! frame ever reads a file. Must never hold more than `BUDGET`.

use super::archive::Readers;
use crate::session::id::SessionId;
use crate::traffic::record::{Record, RecordId};
use parking_lot::{Condvar, Mutex};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Memory for pages, in bytes; at the bound the page that was looked at longest ago goes.
const BUDGET: usize = 24 << 20;
/// Pages that may be asked for at once: a screenful is in one or two, and what its characters begin in a few more.
const MOST_WANTED: usize = 64;

/// A page that is at hand.
struct Page {
    records: Vec<Option<Record>>,
    cost: usize,
    /// When it was last looked at.
    used: u64,
    /// It stands for a record that was not on disk, but may yet be written.
    not_yet: bool,
}

#[derive(Default)]
struct State {
    pages: BTreeMap<(SessionId, RecordId), Page>,
    cost: usize,
    clock: u64,
    wanted: Vec<(SessionId, RecordId)>,
    /// Whether the thread is reading.
    reading: bool,
    stop: bool,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    readers: Readers,
    wake: Box<dyn Fn() + Send + Sync>,
}

/// See the module.
pub struct Pages {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Pages {
    /// Starts the thread; `wake` is called when something that was asked for has come.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(readers: Readers, wake: Box<dyn Fn() + Send + Sync>) -> io::Result<Self> {
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new(), readers, wake });
        let thread = std::thread::Builder::new().name("pages".into()).spawn({
            let shared = shared.clone();
            move || shared.run()
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// A record, if its page is at hand. The inner `None` is a record that can't be read.
    pub fn get(&self, session: SessionId, id: RecordId) -> Option<Option<Record>> {
        let mut state = self.shared.state.lock();
        state.clock += 1;
        let now = state.clock;
        let (key, page) = state.pages.range_mut((session, RecordId(0))..=(session, id)).next_back()?;
        page.used = now;
        let index = usize::try_from(id.0 - key.1.0).ok()?;
        let found = page.records.get(index).cloned()?;
        let is_written = || self.shared.readers.of(session).and_then(|index| index.next()).is_some_and(|next| id < next);
        // Disks that took nothing come back: then it is worth another look.
        if page.not_yet && is_written() { None } else { Some(found) }
    }

    /// Asks for the pages of these records, in place of those asked for before.
    pub fn ask(&self, wanted: impl IntoIterator<Item = (SessionId, RecordId)>) {
        let mut state = self.shared.state.lock();
        state.wanted.clear();
        state.wanted.extend(wanted.into_iter().take(MOST_WANTED));
        // Taken from the back.
        state.wanted.reverse();
        self.shared.changed.notify_all();
    }

    /// Waits until all that was asked for has come, at most so long.
    pub fn wait(&self, patience: Duration) {
        let mut state = self.shared.state.lock();
        self.shared.changed.wait_while_for(&mut state, |state| state.reading || !state.wanted.is_empty(), patience);
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.shared.state.lock().stop = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

impl Shared {
    fn run(&self) {
        let mut buffer = Vec::new();
        // Whether something has come since the last wake. The last of what is wanted may be at hand by then, as part of a page that came
        // for another, so the wake can't hang on that one being read.
        let mut fresh = false;
        let mut state = self.state.lock();
        while !state.stop {
            let Some((session, id)) = state.wanted.pop() else {
                if std::mem::take(&mut fresh) {
                    (self.wake)();
                }
                self.changed.wait(&mut state);
                continue;
            };
            if state.has(session, id) {
                self.changed.notify_all();
                continue;
            }
            state.reading = true;
            drop(state);
            let (first, page) = self.read(session, id, &mut buffer);
            state = self.state.lock();
            state.reading = false;
            state.keep(session, first, page);
            fresh = true;
            self.changed.notify_all();
        }
    }

    /// A page from disk; of one that can't be read each record is one that can't.
    fn read(&self, session: SessionId, id: RecordId, buffer: &mut Vec<u8>) -> (RecordId, Page) {
        let index = self.readers.of(session);
        let span = index.as_ref().and_then(|index| index.span(id, 1));
        let Some(span) = span.filter(|span| span.first <= id) else {
            // Missing on disk: it could not be written, or not yet.
            let not_yet = index.and_then(|index| index.next()).is_none_or(|next| id >= next);
            return (id, Page { records: vec![None], cost: size_of::<Option<Record>>(), used: 0, not_yet });
        };
        let mut records: Vec<Option<Record>> = Vec::new();
        if span.read(buffer).is_ok() {
            records.extend(span.entries(buffer).map(|(_, raw)| raw.record()));
        }
        records.resize(usize::try_from(span.next.0 - span.first.0).unwrap_or(0), None);
        let cost = records.iter().map(|record| record.as_ref().map_or(size_of::<Option<Record>>(), Record::cost)).sum();
        (span.first, Page { records, cost, used: 0, not_yet: false })
    }
}

impl State {
    fn has(&self, session: SessionId, id: RecordId) -> bool {
        let page = self.pages.range((session, RecordId(0))..=(session, id)).next_back();
        page.is_some_and(|(key, page)| !page.not_yet && id.0 - key.1.0 < page.records.len() as u64)
    }

    fn keep(&mut self, session: SessionId, first: RecordId, page: Page) {
        self.clock += 1;
        // In place of what it has grown from, and of those of its records that were not there yet.
        let next = RecordId(first.0 + page.records.len() as u64);
        let old: Vec<_> = self.pages.range((session, first)..(session, next)).map(|(key, _)| *key).collect();
        for key in old {
            self.drop_page(key);
        }
        self.cost += page.cost;
        self.pages.insert((session, first), Page { used: self.clock, ..page });
        while self.cost > BUDGET && self.pages.len() > 1 {
            let Some(oldest) = self.pages.iter().min_by_key(|(_, page)| page.used).map(|(key, _)| *key) else { return };
            self.drop_page(oldest);
        }
    }

    fn drop_page(&mut self, key: (SessionId, RecordId)) {
        if let Some(page) = self.pages.remove(&key) {
            self.cost -= page.cost;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::spool::Spool;
    use crate::store::spool_tests::some_records;
    use std::sync::mpsc;

    #[test]
    fn rows_of_one_page_wake_once_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(folder.path().to_owned(), 1 << 20);
        for (id, record) in some_records(3).iter().enumerate() {
            spool.append(RecordId(id as u64), record);
        }
        spool.flush().unwrap();
        let readers = Readers::default();
        let session = SessionId(1);
        readers.set(session, Some(spool.index().clone()));
        let (woken, wakes) = mpsc::channel();
        let pages = Pages::start(readers, Box::new(move || woken.send(()).unwrap_or_default())).unwrap();
        for _ in 0..2 {
            pages.ask((0..3).map(|id| (session, RecordId(id))));
            pages.wait(Duration::from_secs(10));
            assert!((0..3).all(|id| pages.get(session, RecordId(id)).is_some_and(|record| record.is_some())));
        }
        assert!(wakes.recv_timeout(Duration::from_secs(10)).is_ok(), "who asked is told");
        assert!(wakes.recv_timeout(Duration::from_millis(50)).is_err(), "and of what was at hand already nobody");
    }
}
