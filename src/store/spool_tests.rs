//! A spool against a plain list: whatever is appended, flushed, refused by the disk, dropped and cleared, what is kept reads back as it
//! was written, and takes the room on disk that is said.

use super::entry::tests::{any_record, bytes_of, same};
use super::index::Index;
use super::recover;
use super::spool::Spool;
use crate::traffic::log::Lost;
use crate::traffic::record::{Record, RecordId};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// A file on a disk that takes only so many more bytes.
pub(super) struct Narrow<'a> {
    pub file: &'a mut File,
    pub room: &'a mut Option<u64>,
}

impl Write for Narrow<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(room) = self.room else { return self.file.write(bytes) };
        if *room == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let count = self.file.write(&bytes[..bytes.len().min(usize::try_from(*room).unwrap())])?;
        *room -= count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Where a record of the list is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Waiting,
    Kept,
    Gone,
}

#[derive(Clone, Debug)]
enum Step {
    Append(Vec<Record>),
    Flush { room: Option<u64> },
    GiveUp,
    DropOldest,
    DropOnly,
    Clear,
    Sizes(u64, u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => proptest::collection::vec(any_record(), 1..6).prop_map(Step::Append),
        6 => Just(Step::Flush { room: None }),
        3 => (0u64..9000).prop_map(|room| Step::Flush { room: Some(room) }),
        1 => Just(Step::GiveUp),
        2 => Just(Step::DropOldest),
        1 => Just(Step::DropOnly),
        1 => Just(Step::Clear),
        1 => (100u64..20_000, 100u64..5_000).prop_map(|(segment, page)| Step::Sizes(segment, page)),
    ];
    proptest::collection::vec(step, 1..40)
}

fn on_disk(folder: &Path) -> u64 {
    let Ok(files) = std::fs::read_dir(folder) else { return 0 };
    files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
}

/// What a spool should have.
#[derive(Default)]
struct List(Vec<(Record, State)>);

impl List {
    fn turn(&mut self, from: State, to: State) -> Lost {
        self.turn_before(Some(RecordId(u64::MAX)), from, to)
    }

    /// Those before this record that are in one state are in another.
    fn turn_before(&mut self, next: Option<RecordId>, from: State, to: State) -> Lost {
        let mut lost = Lost::default();
        let before = next.map_or(0, |next| next.0 as usize);
        for (record, state) in self.0.iter_mut().take(before).filter(|(_, state)| *state == from) {
            *state = to;
            lost += count(record);
        }
        lost
    }

    fn waiting(&self) -> u64 {
        self.0.iter().filter(|(_, state)| *state == State::Waiting).map(|(record, _)| bytes_of(record).len() as u64).sum()
    }

    /// Every record that the index gives, with any wish for bytes, is as it was written, and every record that should be there is.
    fn check(&self, index: &Index, want: u64) {
        let mut buffer = Vec::new();
        for (id, (_, state)) in self.0.iter().enumerate() {
            let next_kept = (id..self.0.len()).find(|next| self.0[*next].1 == State::Kept);
            let Some(span) = index.span(RecordId(id as u64), want) else {
                assert_eq!(next_kept, None, "record {id}");
                continue;
            };
            if *state == State::Kept {
                assert!(span.first.0 <= id as u64 && (id as u64) < span.next.0);
            } else {
                assert_eq!(Some(span.first.0 as usize), next_kept, "behind record {id}");
            }
            span.read(&mut buffer).unwrap();
            let mut next = span.first.0;
            for (at, raw) in span.entries(&buffer) {
                let (record, state) = &self.0[at.0 as usize];
                assert_eq!((at.0, *state), (next, State::Kept));
                assert!(same(&raw.record().unwrap(), record), "record {}", at.0);
                next += 1;
            }
            assert_eq!(next, span.next.0);
        }
    }
}

fn count(record: &Record) -> Lost {
    Lost { records: 1, bytes: record.data().map_or(0, |data| data.bytes.len() as u64) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn what_is_kept_is_what_was_written(steps in steps(), want in prop_oneof![Just(1u64), 1u64..30_000]) {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("1");
        let mut spool = Spool::new(folder.clone(), 8_000);
        spool.set_sizes(8_000, 1_000);
        let index = spool.index().clone();
        let mut list = List::default();
        for step in steps {
            match step {
                Step::Append(records) => for record in records {
                    spool.append(RecordId(list.0.len() as u64), &record);
                    list.0.push((record, State::Waiting));
                },
                Step::Flush { room } => {
                    spool.room = room;
                    match spool.flush() {
                        Ok(()) => { list.turn(State::Waiting, State::Kept); }
                        Err(problem) => {
                            prop_assert!(room.is_some() && problem.kind() == io::ErrorKind::StorageFull);
                            // What found room before that is there.
                            list.turn_before(index.next(), State::Waiting, State::Kept);
                        }
                    }
                }
                Step::GiveUp => if let Some(gone) = spool.drop_waiting() {
                    prop_assert_eq!(gone.lost, list.turn_before(Some(gone.next), State::Waiting, State::Gone));
                },
                Step::DropOldest | Step::DropOnly => {
                    let gone = if matches!(step, Step::DropOldest) { spool.drop_oldest() } else { spool.drop_only() };
                    if let Some(gone) = gone {
                        prop_assert_eq!(gone.lost, list.turn_before(Some(gone.next), State::Kept, State::Gone));
                    }
                }
                Step::Clear => {
                    spool.clear();
                    list.turn(State::Waiting, State::Gone);
                    list.turn(State::Kept, State::Gone);
                }
                Step::Sizes(segment, page) => spool.set_sizes(segment, page),
            }
            prop_assert_eq!((spool.size(), spool.waiting()), (on_disk(&folder), list.waiting()));
        }
        list.check(&index, want);
        // The program ends by whatever means: what waited is gone, the rest is there.
        drop(spool);
        if folder.exists() {
            list.turn(State::Waiting, State::Gone);
            let (opened, cut) = recover::open(&folder, |_| true).unwrap();
            prop_assert_eq!(cut, 0);
            list.check(opened.spool.index(), want);
        }
    }
}

/// The same ones every time.
pub(crate) fn some_records(count: usize) -> Vec<Record> {
    let mut runner = TestRunner::deterministic();
    proptest::collection::vec(any_record(), count).new_tree(&mut runner).unwrap().current()
}

#[test]
fn room_made_by_others_is_used_by_the_same_file() {
    let root = tempfile::tempdir().unwrap();
    let mut spool = Spool::new(root.path().join("1"), 1 << 20);
    let records: Vec<Record> = some_records(20);
    for (id, record) in records.iter().enumerate() {
        spool.append(RecordId(id as u64), record);
        spool.room = Some(60);
        assert!(spool.flush().is_err());
        spool.room = None;
        spool.flush().unwrap();
    }
    assert_eq!(std::fs::read_dir(root.path().join("1")).unwrap().count(), 1);
    let list = List(records.into_iter().map(|record| (record, State::Kept)).collect());
    list.check(spool.index(), 1);
}

#[cfg(unix)]
#[test]
fn a_file_that_somebody_deleted_is_followed_by_a_new_one() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("1");
    let mut spool = Spool::new(folder.clone(), 1 << 20);
    let records: Vec<Record> = some_records(4);
    for (id, record) in records.iter().enumerate() {
        if id == 2 {
            std::fs::remove_dir_all(&folder).unwrap();
        }
        spool.append(RecordId(id as u64), record);
        spool.flush().unwrap();
    }
    let list = List(records.into_iter().map(|record| (record, State::Kept)).collect());
    list.check(spool.index(), 1);
    let (opened, _) = recover::open(&folder, |_| true).unwrap();
    assert_eq!(opened.session.log.first(), RecordId(2));
}
