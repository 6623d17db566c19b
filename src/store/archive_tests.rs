//! The archive's policies without sockets, on a disk that fails because a file stands where a folder should.

use super::archive::{Archive, Options, Sizes};
use super::recover;
use super::shelf::leftovers;
use super::spool_tests::some_records;
use crate::session::event::What;
use crate::session::failure::{Cause, Failure, Operation};
use crate::session::id::SessionId;
use crate::session::storage::{AtLimit, Storage};
use crate::session::timestamp::Timestamp;
use crate::traffic::record::{Data, Entry, Record, RecordId};
use std::path::PathBuf;
use tempfile::TempDir;

const SIZES: Sizes = Sizes { page: 500, smallest_segment: 1_000, patience: 20_000, overdraft: 500_000 };
const ONE: SessionId = SessionId(1);
const LIMIT: u64 = 100_000;

struct Desk {
    folder: TempDir,
    archive: Archive,
    now: i64,
    records: Vec<Record>,
    /// The number of the next record of each session.
    next: [u64; 100],
}

impl Desk {
    fn new(at_limit: AtLimit) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { root: folder.path().join("spool"), limit: LIMIT, at_limit };
        let archive = Archive::with_sizes(options, Timestamp(5), SIZES);
        Self { folder, archive, now: 1_000_000, records: some_records(50), next: [0; 100] }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("spool")
    }

    fn append(&mut self, session: SessionId, count: usize) {
        for _ in 0..count {
            let next = &mut self.next[session.0 as usize];
            self.archive.append(session, RecordId(*next), &self.records[*next as usize % self.records.len()]);
            *next += 1;
        }
    }

    /// What is told, each word of it.
    fn flush(&mut self) -> Vec<(SessionId, What)> {
        self.archive.flush(Timestamp(self.now))
    }

    fn words(&mut self) -> Vec<String> {
        let word = |(_, what)| match what {
            What::Storage(storage) => storage.word().to_owned(),
            What::Trouble(Failure { operation: Operation::Store, cause: Cause::NotWritable, .. }) => "trouble".to_owned(),
            other => panic!("{other:?}"),
        };
        self.flush().into_iter().map(word).collect()
    }

    fn break_disk(&self) {
        std::fs::write(self.root(), "").unwrap();
    }

    fn mend_disk(&self) {
        std::fs::remove_file(self.root()).unwrap();
    }

    fn later(&mut self) {
        self.now += 500_000;
    }
}

#[test]
fn many_sessions_share_the_budget() {
    let mut desk = Desk::new(AtLimit::DropOldest);
    let largest = 6_000;
    for round in 0..200 {
        desk.append(SessionId(round % 90), 1 + round as usize % 3);
        assert!(desk.words().is_empty());
        let used = desk.archive.status().used;
        assert!(used <= LIMIT, "round {round}: {used}");
    }
    // The disk says the same.
    let folder = desk.archive.shelf().session(ONE);
    let run = folder.parent().unwrap();
    let files = (0..90).filter_map(|session| std::fs::read_dir(run.join(session.to_string())).ok()).flatten();
    let sum: u64 = files.map(|file| file.unwrap().metadata().unwrap().len()).sum();
    assert_eq!(sum, desk.archive.status().used);
    assert!(sum > LIMIT - 3 * largest, "and no more goes than must: {sum}");
}

#[test]
fn memory_is_bounded_at_every_moment_while_the_disk_fails() {
    let mut desk = Desk::new(AtLimit::DropOldest);
    desk.break_disk();
    desk.append(ONE, 1);
    assert_eq!(desk.words(), ["trouble"]);
    // No time passes, so nothing is tried; what comes meanwhile is bounded all the same, in all sessions together.
    for round in 0..60 {
        desk.append(SessionId(1 + round % 3), 10);
        for word in desk.words() {
            assert_eq!(word, "trouble", "once for each session");
        }
        assert!(desk.archive.stuck() <= SIZES.patience);
    }
    desk.later();
    assert!(desk.words().is_empty(), "it is told once");
    desk.mend_disk();
    assert!(desk.words().is_empty(), "it is not tried without a pause");
    desk.later();
    let mut missing = 0;
    for (_, what) in desk.flush() {
        let What::Storage(Storage::Resumed { records, .. }) = what else { panic!("{what:?}") };
        missing += records;
    }
    let kept: u64 = (1..4)
        .filter_map(|session| {
            let index = desk.archive.readers().of(SessionId(session))?;
            Some(index.next()?.0 - index.first()?.0)
        })
        .sum();
    assert_eq!(missing + kept, 601);
    assert!(!desk.archive.is_waiting());
}

#[test]
fn a_disk_that_comes_back_is_noticed_without_a_new_record() {
    let mut desk = Desk::new(AtLimit::DropOldest);
    desk.break_disk();
    let entry =
        Entry::Data(Data { bytes: vec![0; 30_000].into(), ..desk.records.iter().find_map(Record::data).unwrap().clone() });
    desk.archive.append(ONE, RecordId(0), &Record { at: Timestamp(0), entry });
    assert_eq!(desk.words(), ["trouble"]);
    assert_eq!(desk.archive.stuck(), 0, "one record is more than may wait");
    assert!(desk.archive.is_waiting());
    desk.later();
    assert!(desk.words().is_empty());
    desk.mend_disk();
    desk.later();
    assert_eq!(desk.words(), ["resumed"]);
    assert!(!desk.archive.is_waiting() && desk.archive.status().failing.is_none());
}

#[test]
fn a_clock_that_was_set_back_puts_nothing_off() {
    let mut desk = Desk::new(AtLimit::DropOldest);
    desk.break_disk();
    desk.append(ONE, 1);
    assert_eq!(desk.words(), ["trouble"]);
    desk.mend_disk();
    desk.now -= 700_000;
    assert_eq!(desk.words(), ["resumed"]);
}

#[test]
fn clearing_and_forgetting_end_a_failure() {
    for forget in [false, true] {
        let mut desk = Desk::new(AtLimit::DropOldest);
        desk.break_disk();
        desk.append(ONE, 60);
        assert_eq!(desk.words(), ["trouble"]);
        if forget {
            desk.archive.forget(ONE)
        } else {
            desk.archive.clear(ONE)
        }
        assert!(desk.words().is_empty());
        assert!(!desk.archive.is_waiting() && desk.archive.status().failing.is_none());
        // What comes next finds out for itself, and what was cleared is no loss.
        desk.append(ONE, 1);
        assert_eq!(desk.words(), ["trouble"]);
        desk.mend_disk();
        desk.later();
        let news = desk.flush();
        assert!(matches!(news[..], [(_, What::Storage(Storage::Resumed { records: 0, bytes: 0 }))]), "{news:?}");
    }
}

#[test]
fn one_session_that_fails_holds_up_no_other() {
    let mut desk = Desk::new(AtLimit::DropOldest);
    desk.append(SessionId(2), 1);
    desk.flush();
    std::fs::write(desk.archive.shelf().session(ONE), "").unwrap();
    desk.append(ONE, 1);
    assert_eq!(desk.words(), ["trouble"]);
    desk.append(SessionId(2), 3);
    assert!(desk.words().is_empty());
    assert_eq!(desk.archive.readers().of(SessionId(2)).unwrap().next(), Some(RecordId(4)));
}

#[test]
fn what_reading_did_not_bring_is_bounded_too_while_reading_is_held() {
    let mut desk = Desk::new(AtLimit::StopReading);
    desk.append(ONE, 60);
    assert_eq!(desk.words(), ["held"]);
    assert!(desk.archive.is_held());
    // A session that begins now is told why it reads nothing.
    desk.append(SessionId(2), 1);
    assert_eq!(desk.words(), ["held"]);
    // A repetition goes on for as long as it likes.
    let overdraft = SIZES.overdraft;
    let size = desk.archive.status().used / 60;
    for _ in 0..3 * overdraft / size / 20 {
        desk.append(ONE, 20);
        for (_, what) in desk.flush() {
            assert!(matches!(&what, What::Trouble(failure) if failure.cause == Cause::DiskFull), "{what:?}");
        }
        assert!(desk.archive.stuck() <= overdraft);
    }
    assert!(desk.archive.status().used <= LIMIT + overdraft + 20 * 6_000);
    desk.archive.clear(ONE);
    assert_eq!(desk.words(), ["released", "released"]);
}

#[test]
fn a_session_from_a_file_is_neither_dropped_nor_told() {
    let mut desk = Desk::new(AtLimit::DropOldest);
    desk.append(ONE, 10);
    desk.flush();
    let left = desk.archive.shelf().session(ONE);
    // Its folder, as if another run had left it.
    let folder = desk.folder.path().join("left");
    std::fs::rename(&left, &folder).unwrap();
    desk.archive.forget(ONE);
    let (opened, _) = recover::open(&folder, |_| true).unwrap();
    desk.archive.adopt(SessionId(5), opened.spool);
    desk.archive.set_limit(4_000, AtLimit::DropOldest);
    desk.append(SessionId(2), 40);
    assert!(desk.words().is_empty());
    let index = desk.archive.readers().of(SessionId(5)).unwrap();
    assert_eq!((index.first(), index.next()), (Some(RecordId(0)), Some(RecordId(10))));
    assert!(desk.archive.shelf().session(SessionId(5)).exists());
    desk.archive.set_limit(4_000, AtLimit::StopReading);
    desk.append(SessionId(2), 40);
    let told: Vec<SessionId> = desk.flush().into_iter().map(|(session, _)| session).collect();
    assert_eq!(told, [SessionId(2)]);
}

#[test]
fn what_was_opened_takes_no_room_from_what_is_recorded() {
    for at_limit in [AtLimit::DropOldest, AtLimit::StopReading] {
        let mut desk = Desk::new(at_limit);
        desk.append(ONE, 10);
        desk.flush();
        let folder = desk.folder.path().join("left");
        std::fs::rename(desk.archive.shelf().session(ONE), &folder).unwrap();
        desk.archive.forget(ONE);
        let (opened, _) = recover::open(&folder, |_| true).unwrap();
        desk.archive.adopt(SessionId(5), opened.spool);
        let size = desk.archive.status().used;
        // What was opened is all that there may be, and more than it.
        desk.archive.set_limit(size, at_limit);
        desk.append(SessionId(2), 3);
        assert!(desk.words().is_empty(), "{at_limit:?}");
        let status = desk.archive.status();
        assert!(!status.held && status.used == size + status.live && status.live > 0, "{at_limit:?}: {status:?}");
        assert_eq!(desk.archive.readers().of(SessionId(2)).unwrap().first(), Some(RecordId(0)), "{at_limit:?}");
        for _ in 0..20 {
            desk.append(SessionId(2), 1);
            desk.flush();
        }
        let live = desk.archive.status().live;
        match at_limit {
            AtLimit::DropOldest => assert!(live <= size.max(4 * SIZES.smallest_segment), "the budget holds for it: {live}"),
            AtLimit::StopReading => assert!(desk.archive.is_held()),
        }
    }
}

#[test]
fn a_session_that_cannot_be_moved_is_read_where_it_is() {
    let mut desk = Desk::new(AtLimit::DropOldest);
    desk.append(ONE, 10);
    desk.flush();
    let folder = desk.folder.path().join("left");
    std::fs::rename(desk.archive.shelf().session(ONE), &folder).unwrap();
    desk.archive.forget(ONE);
    let (opened, _) = recover::open(&folder, |_| true).unwrap();
    std::fs::write(desk.archive.shelf().session(SessionId(5)), "").unwrap();
    desk.archive.adopt(SessionId(5), opened.spool);
    let index = desk.archive.readers().of(SessionId(5)).unwrap();
    let mut buffer = Vec::new();
    index.span(RecordId(3), 1).unwrap().read(&mut buffer).unwrap();
    assert!(folder.exists());
    assert!(desk.words().is_empty());
}

#[cfg(unix)]
#[test]
fn a_root_that_somebody_deletes_is_told_and_made_again() {
    let mut desk = Desk::new(AtLimit::DropOldest);
    desk.append(ONE, 10);
    assert!(desk.words().is_empty());
    std::fs::remove_dir_all(desk.root()).unwrap();
    desk.append(ONE, 1);
    let news = desk.flush();
    assert!(matches!(&news[..], [(ONE, What::Trouble(failure))] if failure.operation == Operation::Store), "{news:?}");
    desk.later();
    assert_eq!(desk.words(), ["resumed"]);
    // What was deleted is still read by those who had it open; what came after is there for the next start.
    let index = desk.archive.readers().of(ONE).unwrap();
    assert_eq!((index.first(), index.next()), (Some(RecordId(0)), Some(RecordId(11))));
    let root = desk.root();
    // As if this run had been killed: its lock is gone, its folder is not.
    drop(desk.archive);
    let left = leftovers(&root);
    assert_eq!(left.len(), 1);
    let (opened, _) = recover::open(&left[0].sessions()[0], |_| true).unwrap();
    assert_eq!(opened.session.log.first(), RecordId(10));
}
