//! Everything that reads, against a plain list of what was recorded: records in memory, on disk and in holes that a failing disk left,
//! with small budgets everywhere. What is read is what was recorded, and every record is kept, counted as gone, or counted as missing.

use super::at_hand::{AtHand, Found};
use super::direct::Direct;
use super::walk::{History, Step};
use crate::recorder::Look;
use crate::session::event::{Event, SessionEvent, What};
use crate::session::id::{ConnectionId, Peer, SessionId};
use crate::session::storage::{AtLimit, Storage};
use crate::session::timestamp::Timestamp;
use crate::store::archive::{Archive, Options, Sizes};
use crate::store::pages::Pages;
use crate::traffic::filing::{Filed, Filing};
use crate::traffic::model::{Keeping, Model};
use crate::traffic::record::{Record, RecordId, Records};
use parking_lot::Mutex;
use proptest::prelude::*;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const SESSION: SessionId = SessionId(1);
const OTHER: SessionId = SessionId(2);
const SIZES: Sizes = Sizes { page: 500, smallest_segment: 2_000, patience: 4_000, overdraft: 1 << 20 };

#[derive(Clone, Debug)]
enum Act {
    /// Records of these sizes in one slice, a few of them another session's.
    Record(Vec<usize>),
    Clear,
    /// The disk stops taking records, or takes them again.
    Disk(bool),
    Wait,
    Limit(u64, AtLimit),
    Memory(usize),
    /// Some of the records are asked for, so that pages of what was are at hand later.
    Look(Vec<prop::sample::Index>),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let at_limit = prop_oneof![3 => Just(AtLimit::DropOldest), 1 => Just(AtLimit::StopReading)];
    let act = prop_oneof![
        10 => proptest::collection::vec(0usize..900, 1..8).prop_map(Act::Record),
        1 => Just(Act::Clear),
        2 => any::<bool>().prop_map(Act::Disk),
        3 => Just(Act::Wait),
        1 => (8_000u64..30_000, at_limit).prop_map(|(limit, at_limit)| Act::Limit(limit, at_limit)),
        1 => (0usize..20_000).prop_map(Act::Memory),
        3 => proptest::collection::vec(any::<prop::sample::Index>(), 1..6).prop_map(Act::Look),
    ];
    proptest::collection::vec(act, 1..60)
}

/// What the recorder does, by hand.
struct Recording {
    root: PathBuf,
    filing: Filing,
    archive: Archive,
    model: Arc<Mutex<Model>>,
    history: History,
    pages: Pages,
    now: i64,
    /// Everything that the session ever recorded, and where it was cleared last.
    all: Vec<Record>,
    cleared: u64,
    /// Missing since then as its log tells it.
    told_missing: u64,
    slice: Vec<Filed>,
}

impl Recording {
    fn new(root: PathBuf) -> Self {
        let options = Options { root: root.join("spool"), limit: 12_000, at_limit: AtLimit::DropOldest };
        let archive = Archive::with_sizes(options, Timestamp(5), SIZES);
        let model = Arc::new(Mutex::new(Model::new(6_000, Keeping::OnDisk)));
        let history = History::new(Look::at(model.clone()), archive.readers().clone(), SESSION);
        let pages = Pages::start(archive.readers().clone(), Box::new(|| {})).unwrap();
        let filing = Filing::default();
        Self { root, filing, archive, model, history, pages, now: 10, all: vec![], cleared: 0, told_missing: 0, slice: vec![] }
    }

    fn file(&mut self, session: SessionId, what: What) {
        if let What::Storage(Storage::Resumed { records, .. }) = &what
            && session == SESSION
        {
            self.told_missing += records;
        }
        let filed = self.filing.file(Event::Session(SessionEvent { session, at: Timestamp(self.now), what }));
        let Event::Session(event) = &filed.event else { return };
        match (&filed.record, &event.what) {
            (Some((id, record)), _) => {
                self.archive.append(session, *id, record);
                if session == SESSION {
                    self.all.push(record.clone());
                }
            }
            (None, What::Cleared) => {
                self.archive.clear(session);
                self.cleared = self.all.len() as u64;
                self.told_missing = 0;
            }
            (None, _) => {}
        }
        self.slice.push(filed);
    }

    fn record(&mut self) {
        let mut rounds = 0;
        loop {
            let news = self.archive.flush(Timestamp(self.now));
            if news.is_empty() {
                break;
            }
            rounds += 1;
            assert!(rounds < 5, "news without an end: {news:?}");
            for (session, what) in news {
                self.file(session, what);
            }
        }
        let mut model = self.model.lock();
        for filed in self.slice.drain(..) {
            model.apply(filed);
        }
        model.set_storage(self.archive.status());
        for (session, holding) in self.archive.take_shrunk() {
            model.shrink(session, holding);
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Record(sizes) => {
                for (place, size) in sizes.into_iter().enumerate() {
                    let peer = Peer::connected(ConnectionId(place as u32 % 2), "127.0.0.1:9".parse().unwrap());
                    let session = if size % 7 == 0 { OTHER } else { SESSION };
                    let bytes = vec![(self.all.len() % 251) as u8; size];
                    self.file(session, What::Received { peer, bytes: bytes.into() });
                }
            }
            Act::Clear => self.file(SESSION, What::Cleared),
            Act::Disk(works) => self.set_disk(works),
            Act::Wait => self.now += 600_000,
            Act::Limit(limit, at_limit) => self.archive.set_limit(limit, at_limit),
            Act::Memory(budget) => self.model.lock().set_budget(budget),
            Act::Look(places) => {
                for place in places {
                    if !self.all.is_empty() {
                        self.at_hand(place.index(self.all.len()) as u64);
                    }
                }
            }
        }
        self.record();
    }

    /// A disk that fails is a file in place of the session's folder: what is open already goes on, what is new does not.
    fn set_disk(&mut self, works: bool) {
        let folder = self.archive.shelf().session(SESSION);
        let aside = self.root.join("aside");
        if works && folder.is_file() {
            std::fs::remove_file(&folder).unwrap();
            if aside.exists() {
                std::fs::rename(&aside, &folder).unwrap();
            }
        } else if !works && !folder.is_file() && folder.parent().is_some_and(|run| run.exists()) {
            if folder.exists() {
                std::fs::rename(&folder, &aside).unwrap();
            }
            std::fs::write(&folder, "").unwrap();
        }
    }

    /// A record as a frame gets it, when it waits for its pages.
    fn at_hand(&self, id: u64) -> Option<Record> {
        for _ in 0..2 {
            let model = self.model.lock();
            let log = &model.session(SESSION)?.log;
            let at_hand = AtHand::new(log, &self.pages, SESSION);
            match at_hand.look(RecordId(id)) {
                Found::Record(record) => return Some(*record),
                Found::Missing => return None,
                Found::Coming => {}
            }
            let wanted = at_hand.wanted();
            drop(model);
            self.pages.ask(wanted.into_iter().map(|id| (SESSION, id)));
            self.pages.wait(Duration::from_secs(20));
        }
        panic!("record {id} was asked for and did not come");
    }

    fn is_same(&self, id: u64, record: &Record) -> bool {
        format!("{record:?}") == format!("{:?}", self.all[id as usize])
    }

    /// Everything that reads finds the same, and the books balance.
    fn check(&self) {
        if self.model.lock().session(SESSION).is_none() {
            return;
        }
        let (range, lost, in_memory) = {
            let model = self.model.lock();
            let log = &model.session(SESSION).unwrap().log;
            (log.first().0..log.next().0, log.lost(), log.oldest_in_memory().0)
        };
        assert_eq!(range.end, self.all.len() as u64);
        assert_eq!(lost.records + (range.end - range.start), range.end - self.cleared, "kept and gone are all there were");
        let gone = &self.all[self.cleared as usize..range.start as usize];
        let bytes: usize = gone.iter().filter_map(|record| Some(record.data()?.bytes.len())).sum();
        assert_eq!(lost.bytes, bytes as u64);
        let index = self.archive.readers().of(SESSION);
        let on_disk = |id: u64| {
            let span = index.as_ref().and_then(|index| index.span(RecordId(id), 1));
            span.is_some_and(|span| span.first.0 <= id)
        };
        let failing = self.model.lock().storage().failing.is_some();
        let not_on_disk = range.clone().filter(|id| !on_disk(*id)).count() as u64;
        if !failing {
            assert_eq!(not_on_disk, self.archive.in_holes(SESSION));
            assert!(not_on_disk <= self.told_missing);
        }
        let direct = Direct::new(self.history.clone());
        let mut next = range.start;
        let mut see = |id: u64, record: Option<Record>| {
            assert_eq!(id, next, "every record once, in order");
            next += 1;
            assert_eq!(record.is_some(), on_disk(id) || id >= in_memory, "record {id}");
            if let Some(record) = &record {
                assert!(self.is_same(id, record), "record {id}");
            }
            for other in [direct.get(RecordId(id)), self.at_hand(id)] {
                assert_eq!(other.is_some(), record.is_some(), "record {id}");
                assert!(other.is_none_or(|other| self.is_same(id, &other)), "record {id}");
            }
        };
        self.history.walk(range.clone(), |step| {
            match step {
                Step::Record(id, record) => see(id.0, Some(record)),
                Step::Missing(ids) => ids.for_each(|id| see(id, None)),
            }
            ControlFlow::Continue(())
        });
        assert_eq!(next, range.end);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_books_balance(acts in acts()) {
        let root = tempfile::tempdir().unwrap();
        let mut recording = Recording::new(root.path().to_owned());
        for act in acts {
            recording.act(act);
        }
        recording.check();
        // The disk comes back, and what was missing by then is told.
        recording.set_disk(true);
        recording.act(Act::Wait);
        recording.check();
        prop_assert!(recording.model.lock().storage().failing.is_none());
        recording.archive.delete();
        prop_assert_eq!(std::fs::read_dir(root.path().join("spool")).map_or(0, Iterator::count), 0);
    }
}
