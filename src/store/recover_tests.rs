//! Spools as a killed program, a full disk or a hostile hand leaves them: whatever it is, opening gives every record before the first
//! damage of a file, says how much is left out, and never panics.

use super::entry::tests::{any_record, bytes_of, same};
use super::opened::Opened;
use super::recover;
use super::spool::{MAGIC, Spool};
use super::spool_tests::some_records;
use crate::codec::decoder::escaped;
use crate::codec::encoding::Encoding;
use crate::session::draft::Draft;
use crate::session::event::{EndedBy, Ending, Event, SessionEvent, What};
use crate::session::id::{ConnectionId, Peer, SessionId};
use crate::session::spec::Role;
use crate::session::state::State;
use crate::session::timestamp::Timestamp;
use crate::traffic::filing::Filing;
use crate::traffic::log::Keeping;
use crate::traffic::model::Model;
use crate::traffic::record::{Record, RecordId, Records};
use crate::traffic::text;
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder with one segment of these bytes behind what a segment begins with.
fn folder_with(bytes: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 0, bytes);
    folder
}

fn write(folder: &Path, first: u64, bytes: &[u8]) -> PathBuf {
    let path = folder.join(format!("{first:020}.spool"));
    std::fs::write(&path, [&MAGIC[..], bytes].concat()).unwrap();
    path
}

fn open(folder: &Path) -> (Opened, u64) {
    recover::open(folder, |_| true).unwrap()
}

/// Every record on disk with its number.
fn records_of(opened: &Opened) -> Vec<(u64, Option<Record>)> {
    let index = opened.spool.index();
    let mut found = Vec::new();
    let mut buffer = Vec::new();
    let mut next = RecordId(0);
    while let Some(span) = index.span(next, 1 << 20) {
        span.read(&mut buffer).unwrap();
        found.extend(span.entries(&buffer).map(|(id, raw)| (id.0, raw.record())));
        next = span.next;
    }
    found
}

fn assert_prefix(opened: &Opened, records: &[Record], whole: usize) {
    let found = records_of(opened);
    assert_eq!(found.len(), whole);
    for (place, (id, record)) in found.iter().enumerate() {
        assert!(*id == place as u64 && same(record.as_ref().unwrap(), &records[place]), "record {place}");
    }
    assert_eq!((opened.session.log.first().0, opened.session.log.next().0), (0, whole as u64));
}

#[test]
fn cut_at_every_byte_of_its_tail() {
    let mut records = some_records(40);
    // The last ones are short, so that every byte of several is tried.
    records.sort_by_key(|record| std::cmp::Reverse(bytes_of(record).len()));
    let entries: Vec<Vec<u8>> = records.iter().map(bytes_of).collect();
    let all = entries.concat();
    let tail: usize = entries[entries.len() - 4..].iter().map(Vec::len).sum();
    let folder = folder_with(&all);
    let file = std::fs::OpenOptions::new().write(true).open(folder.path().join("00000000000000000000.spool")).unwrap();
    for cut in 0..=tail {
        let left = all.len() - cut;
        file.set_len((MAGIC.len() + left) as u64).unwrap();
        let mut end = 0;
        let whole = entries
            .iter()
            .take_while(|entry| {
                end += entry.len();
                end <= left
            })
            .count();
        let kept: usize = entries[..whole].iter().map(Vec::len).sum();
        let (opened, cut) = open(folder.path());
        assert_prefix(&opened, &records, whole);
        assert_eq!(cut, (left - kept) as u64);
        assert_eq!(opened.spool.size(), (MAGIC.len() + kept) as u64);
    }
}

#[test]
fn a_file_that_was_killed_as_it_began() {
    for left in 0..MAGIC.len() {
        let records = some_records(3);
        let folder = folder_with(&records.iter().flat_map(bytes_of).collect::<Vec<u8>>());
        std::fs::write(folder.path().join("00000000000000000003.spool"), &MAGIC[..left]).unwrap();
        let (opened, cut) = open(folder.path());
        assert_prefix(&opened, &records, 3);
        assert_eq!(cut, left as u64);
    }
}

#[test]
fn zeros_behind_the_last_record() {
    let records = some_records(5);
    let bytes: Vec<u8> = records.iter().flat_map(bytes_of).collect();
    for zeros in [1, 7, 63, 64, 65, 5000] {
        let (opened, cut) = open(folder_with(&[&bytes[..], &vec![0; zeros]].concat()).path());
        assert_prefix(&opened, &records, 5);
        assert_eq!(cut, zeros as u64);
    }
}

#[test]
fn folders_that_are_no_spools() {
    let folder = tempfile::tempdir().unwrap();
    let (opened, cut) = open(folder.path());
    assert_eq!((records_of(&opened).len(), cut), (0, 0));
    std::fs::write(folder.path().join("readme.txt"), "hello").unwrap();
    std::fs::write(folder.path().join("7.spool"), "this is another program's").unwrap();
    std::fs::write(folder.path().join(format!("{}.spool", u64::MAX)), MAGIC).unwrap();
    let (opened, cut) = open(folder.path());
    assert_eq!((records_of(&opened).len(), cut), (0, 25));
    assert!(recover::open(&folder.path().join("none"), |_| true).is_err());
    assert!(recover::open(&folder.path().join("readme.txt"), |_| true).is_err());
}

#[test]
fn a_hole_in_the_middle_is_a_hole_and_no_more() {
    let records = some_records(9);
    let bytes = |range: std::ops::Range<usize>| records[range].iter().flat_map(bytes_of).collect::<Vec<u8>>();
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 0, &bytes(0..3));
    write(folder.path(), 6, &bytes(6..9));
    let (opened, _) = open(folder.path());
    let ids: Vec<u64> = records_of(&opened).iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [0, 1, 2, 6, 7, 8]);
    assert_eq!((opened.session.log.first().0, opened.session.log.next().0), (0, 9));
    // The one in the middle with a byte turned: what stands before it is there, and so is the next file.
    let mut middle = bytes(3..6);
    let length = bytes_of(&records[3]).len();
    middle[length + 20] ^= 1;
    write(folder.path(), 3, &middle);
    let (opened, cut) = open(folder.path());
    let ids: Vec<u64> = records_of(&opened).iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [0, 1, 2, 3, 6, 7, 8]);
    assert_eq!(cut, (middle.len() - length) as u64);
}

#[test]
fn what_stands_in_two_files_counts_once() {
    let records = some_records(6);
    let bytes = |range: std::ops::Range<usize>| records[range].iter().flat_map(bytes_of).collect::<Vec<u8>>();
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 0, &bytes(0..5));
    write(folder.path(), 3, &bytes(3..6));
    let (opened, cut) = open(folder.path());
    assert_prefix(&opened, &records, 6);
    assert_eq!(cut, bytes(3..5).len() as u64);
}

#[test]
fn opening_can_be_given_up() {
    let records = some_records(3);
    let folder = folder_with(&records.iter().flat_map(bytes_of).collect::<Vec<u8>>());
    let given_up = recover::open(folder.path(), |_| false);
    assert!(given_up.is_err_and(|problem| problem.kind() == std::io::ErrorKind::Interrupted));
}

proptest! {
    #[test]
    fn any_file_can_be_opened(records in proptest::collection::vec(any_record(), 0..4), noise in proptest::collection::vec(any::<u8>(), 0..300),
        first in prop_oneof![0u64..5, any::<u64>()], turned in any::<prop::sample::Index>()) {
        let mut bytes: Vec<u8> = records.iter().flat_map(bytes_of).collect();
        bytes.extend(noise);
        if !bytes.is_empty() {
            let place = turned.index(bytes.len());
            bytes[place] ^= 0x41;
        }
        let folder = folder_with(&bytes);
        write(folder.path(), first, &bytes);
        let (opened, cut) = open(folder.path());
        let on_disk: u64 = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
        prop_assert!(opened.spool.size() + cut <= on_disk);
        for (id, _) in records_of(&opened) {
            // As a window would show it.
            let all = All(&opened);
            text::of_record(&all, RecordId(id), Encoding::UTF_8, 4096);
        }
    }
}

/// The records of what was opened, by number.
struct All<'a>(&'a Opened);

impl Records for All<'_> {
    fn get(&self, id: RecordId) -> Option<Record> {
        records_of(self.0).into_iter().find(|(at, _)| *at == id.0)?.1
    }

    fn continues(&self, id: RecordId) -> bool {
        self.0.session.log.continues(id)
    }
}

/// Files events, writes them to a spool as the recorder does, and takes them into a model.
struct Recorded {
    filing: Filing,
    model: Model,
    spool: Spool,
}

const SESSION: SessionId = SessionId(1);

impl Recorded {
    fn event(&mut self, at: i64, what: What) {
        let filed = self.filing.file(Event::Session(SessionEvent { session: SESSION, at: Timestamp(at), what }));
        if let Some((id, record)) = &filed.record {
            self.spool.append(*id, record);
            self.spool.flush().unwrap();
        }
        self.model.apply(filed);
    }
}

fn peer(connection: u32) -> Peer {
    Peer::connected(ConnectionId(connection), "127.0.0.1:9".parse().unwrap())
}

#[test]
fn an_opened_session_is_what_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (filing, model) = (Filing::default(), Model::new(1 << 20, Keeping::OnDisk));
    // A record per segment.
    let mut before = Recorded { filing, model, spool: Spool::new(folder.path().to_owned(), 1) };
    let spec = Box::new(Draft::new(Role::TcpServer).spec().unwrap());
    before.event(1, What::Opening { spec: spec.clone() });
    let local = "127.0.0.1:80".parse().unwrap();
    before.event(2, What::Listening { local });
    for connection in [1, 2] {
        before.event(3, What::PeerJoined { peer: peer(connection), local });
    }
    // A character cut in three, with another stream in between, and one that is never ended.
    for (connection, bytes) in [(1, &b"a\xe4"[..]), (2, b"\xe5\xa5"), (1, b"\xbd"), (1, b"\xa0b"), (2, b"\xbd\xe4\xbd")] {
        before.event(4, What::Received { peer: peer(connection), bytes: bytes.into() });
    }
    before.event(5, What::Sent { peer: peer(2), bytes: b"hello"[..].into(), origin: crate::session::event::Origin::Reply });
    before.event(6, What::PeerLeft { peer: peer(1), ending: Ending { by: EndedBy::PeerFin, received: 5, sent: 0 } });
    let (opened, cut) = open(folder.path());
    assert_eq!(cut, 0);
    let then = before.model.session(SESSION).unwrap();
    let now = &opened.session;
    assert_eq!(now.meter.read(Timestamp(7)), then.meter.read(Timestamp(7)));
    assert_eq!((now.spec.as_ref(), now.local), (Some(&*spec), Some(local)));
    assert_eq!((now.log.first(), now.log.next()), (then.log.first(), then.log.next()));
    // Nothing goes on in what is only looked at; its connections are listed, to choose among them.
    assert_eq!(now.state, State::Closed);
    let listed: Vec<(u32, u64, u64)> = now.connections.iter().map(|(id, it)| (id.0, it.received, it.sent)).collect();
    assert_eq!(listed, [(1, 5, 0), (2, 5, 5)]);
    let all = All(&opened);
    for id in (then.log.first().0..then.log.next().0).map(RecordId) {
        assert!(same(&all.get(id).unwrap(), then.log.in_memory(id).unwrap()));
        assert_eq!(now.log.continues(id), then.log.continues(id), "{id:?}");
        let shown = |records: &dyn Fn() -> Vec<crate::codec::decoder::Piece>| escaped(&records());
        let (one, other) = (
            shown(&|| text::of_record(&all, id, Encoding::UTF_8, 100)),
            shown(&|| text::of_record(&then.log, id, Encoding::UTF_8, 100)),
        );
        assert_eq!(one, other);
    }
    let shown: String = (4..9).map(|id| escaped(&text::of_record(&all, RecordId(id), Encoding::UTF_8, 100))).collect();
    assert_eq!(shown, "a你b好\\xE4\\xBD");
    // What would come next has the next number, and begins new streams.
    let mut streams = opened.streams;
    let event =
        SessionEvent { session: SESSION, at: Timestamp(8), what: What::Received { peer: peer(2), bytes: b"x"[..].into() } };
    let (id, record) = streams.file(&event).unwrap();
    assert_eq!((id, record.data().unwrap().previous), (then.log.next(), None));
}

#[test]
fn what_a_newer_program_wrote_is_passed_over() {
    let records = some_records(3);
    let mut bytes: Vec<u8> = records.iter().flat_map(bytes_of).collect();
    let mut strange = bytes_of(&records[0]);
    strange[16] = 9;
    let sum = crc32fast::hash(&strange[8..]);
    strange[4..8].copy_from_slice(&sum.to_le_bytes());
    bytes.extend(strange);
    let (opened, cut) = open(folder_with(&bytes).path());
    assert_eq!((records_of(&opened).len(), records_of(&opened)[3].1.is_none(), cut), (4, true, 0));
    assert_eq!(opened.session.log.next(), RecordId(4));
    let mut streams = opened.streams;
    let event = SessionEvent { session: SESSION, at: Timestamp(8), what: What::PeerFinished { peer: peer(2) } };
    assert_eq!(streams.file(&event).unwrap().0, RecordId(4));
}
