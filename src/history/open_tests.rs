//! Files of every kind opened, and what is left when they can't be.

use super::*;
use crate::capture::pcapng;
use crate::session::event::{EndedBy, Ending, Origin as Sender, SessionEvent};
use crate::session::id::{ConnectionId, Peer};
use crate::session::spec::Role;
use crate::store::spool::Spool;
use crate::traffic::filing::Streams;
use crate::traffic::record::Record;
use std::fs;

const ROOM: u64 = 1 << 30;

/// A server with two clients, one of which stays, and a datagram.
fn story() -> Vec<What> {
    let local = "127.0.0.1:9000".parse().unwrap();
    let spec = Box::new(crate::session::draft::Draft::new(Role::TcpServer).spec().unwrap());
    let peer = |number: u32| Peer::connected(ConnectionId(number), format!("127.0.0.1:{}", 50_000 + number).parse().unwrap());
    let received = |number: u32, text: &str| What::Received { peer: peer(number), bytes: text.as_bytes().into() };
    vec![
        What::Opening { spec },
        What::Listening { local },
        What::PeerJoined { peer: peer(1), local },
        received(1, "你好"),
        What::PeerJoined { peer: peer(2), local },
        received(2, "two\n"),
        What::Sent { peer: peer(1), bytes: b"answer".as_slice().into(), origin: Sender::User },
        What::PeerLeft { peer: peer(1), ending: Ending { by: EndedBy::PeerFin, received: 6, sent: 6 } },
        received(2, "three"),
    ]
}

/// The records of the story, one each millisecond.
pub(in crate::history) fn records() -> Vec<(RecordId, Record)> {
    let mut streams = Streams::default();
    let file = |(index, what): (usize, What)| {
        let at = Timestamp(1_784_593_234_093_000 + index as i64 * 1_000);
        streams.file(&SessionEvent { session: SessionId(1), at, what }).unwrap()
    };
    story().into_iter().enumerate().map(file).collect()
}

/// The story as our own capture.
pub(in crate::history) fn own_capture() -> Vec<u8> {
    let mut writer = pcapng::Writer::new();
    let mut bytes = Vec::new();
    writer.header(&mut bytes);
    for (id, record) in records() {
        writer.record(id, &record, &mut bytes);
    }
    bytes
}

fn place(root: &Path, room: u64) -> Place {
    Place { session: SessionId(7), shelf: Shelf::new(root, Timestamp(1)), room, zone: TimeZone::UTC }
}

fn open(root: &Path, path: &Path, room: u64) -> Result<Whole, Failed> {
    Opening::start(Source::File(path.to_owned()), place(root, room), || {}).unwrap().finish()
}

/// Every record as it can be told apart.
fn told(index: &Index) -> Vec<String> {
    let mut told = Vec::new();
    let mut next = index.first().unwrap();
    while let Some(span) = index.span(next, u64::MAX) {
        let mut buffer = Vec::new();
        span.read(&mut buffer).unwrap();
        told.extend(span.entries(&buffer).map(|(id, raw)| format!("{id:?} {:?}", raw.record().unwrap())));
        next = span.next;
    }
    told
}

#[test]
fn our_own_capture_is_opened_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.pcapng");
    fs::write(&path, own_capture()).unwrap();
    let Whole { opened, about } = open(folder.path(), &path, ROOM).unwrap();
    let expected: Vec<String> = records().iter().map(|(id, record)| format!("{id:?} {record:?}")).collect();
    assert_eq!(told(opened.spool.index()), expected);
    assert_eq!((about.records, about.size), (9, fs::metadata(&path).unwrap().len()));
    assert_eq!(about.span, Some((Timestamp(1_784_593_234_093_000), Timestamp(1_784_593_234_101_000))));
    assert!(matches!(about.origin, Origin::File { kind: Kind::Own, encoding: None, .. }));
    let listed: Vec<(u32, u64, u64)> = opened.session.connections.iter().map(|(id, it)| (id.0, it.received, it.sent)).collect();
    assert_eq!(listed, [(1, 6, 6), (2, 9, 0)], "those that have ended too");
}

#[test]
fn a_log_of_another_encoding_is_read_in_that_which_fits_its_lengths() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.txt");
    // Written in UTF-8, sent in GBK: four bytes for two characters.
    fs::write(&path, "[2026-07-21 08:20:34.093]# RECV ASCII/4 <<<\n你好\n\n").unwrap();
    let whole = open(folder.path(), &path, ROOM).unwrap();
    assert!(told(whole.opened.spool.index())[0].contains("[196, 227, 186, 195]"), "{:?}", told(whole.opened.spool.index()));
    assert!(matches!(whole.about.origin, Origin::File { kind: Kind::NetAssist, encoding: Some(it), .. } if it == Encoding::GBK));
    assert_eq!(whole.about.summary.misfits, 0);
}

#[test]
fn what_does_not_fit_or_is_no_capture_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.pcapng");
    fs::write(&path, own_capture()).unwrap();
    let root = folder.path().join("spool");
    let files = || {
        let mut folders = vec![root.clone()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { files.push(path) }
            }
        }
        files.retain(|path| path.file_name().is_some_and(|name| name != "lock"));
        files
    };
    assert!(matches!(open(&root, &path, 10), Err(Failed::TooLarge(size)) if size == own_capture().len() as u64));
    assert_eq!(files(), Vec::<PathBuf>::new());
    fs::write(&path, "nothing of ours").unwrap();
    assert!(matches!(open(&root, &path, ROOM), Err(Failed::Reading(CaptureError::Unknown { .. }))));
    assert!(matches!(open(&root, folder.path(), ROOM), Err(Failed::Reading(CaptureError::Io(_)))));
    assert!(matches!(open(&root, &path.join("x"), ROOM), Err(Failed::Reading(CaptureError::Io(_)))));
    assert_eq!(files(), Vec::<PathBuf>::new());
}

#[test]
fn an_opening_that_is_dropped_deletes_its_copy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.pcapng");
    fs::write(&path, own_capture()).unwrap();
    let place = place(folder.path(), ROOM);
    let copy = place.shelf.session(place.session);
    let (woken, waiting) = crossbeam_channel::bounded(1);
    let opening = Opening::start(Source::File(path), place, move || woken.send(()).unwrap()).unwrap();
    waiting.recv().unwrap();
    assert_eq!(recover::segments(&copy).unwrap().len(), 1);
    drop(opening);
    assert!(recover::segments(&copy).unwrap().is_empty());
}

#[test]
fn a_copy_is_not_offered_after_a_crash_and_what_was_left_is_again() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("own.pcapng");
    fs::write(&path, own_capture()).unwrap();
    drop(open(root.path(), &path, ROOM).unwrap());
    assert!(crate::history::left::Left::find(root.path()).is_none());

    let left = Shelf::new(root.path(), Timestamp(2));
    left.make().unwrap();
    let mut spool = Spool::new(left.session(SessionId(3)), 1 << 20);
    for (id, record) in records() {
        spool.append(id, &record);
    }
    spool.flush().unwrap();
    let size = spool.size();
    drop((spool, left));
    for run in 0..2_i64 {
        let found = crate::history::left::Left::find(root.path()).unwrap();
        assert_eq!((found.sessions, found.bytes), (1, size), "{run}");
        let run_of_now = Place { shelf: Shelf::new(root.path(), Timestamp(10 + run)), ..place(root.path(), ROOM) };
        let runs = found.into_runs();
        let source = Source::Left(runs[0].sessions[0].clone());
        let whole = Opening::start(source, run_of_now, || {}).unwrap().finish().unwrap();
        assert_eq!(told(whole.opened.spool.index()).len(), 9);
        let Origin::Left { number, spec, local } = &whole.about.origin else { panic!() };
        assert_eq!((*number, spec.as_ref().unwrap().role()), (if run == 0 { 3 } else { 7 }, Role::TcpServer));
        assert_eq!(*local, Some("127.0.0.1:9000".parse().unwrap()));
        for run in runs {
            run.delete().unwrap();
        }
    }
}

#[test]
fn records_that_are_not_there_are_not_counted() {
    let root = tempfile::tempdir().unwrap();
    let left = Shelf::new(root.path(), Timestamp(2));
    left.make().unwrap();
    let mut spool = Spool::new(left.session(SessionId(3)), 1 << 20);
    let all = records();
    for (id, record) in &all {
        // Between the second and the fifth the disk took nothing.
        if !(2..5).contains(&id.0) {
            spool.append(*id, record);
        }
        if id.0 < 5 {
            spool.flush().unwrap();
        }
    }
    spool.flush().unwrap();
    let source = Source::Left(left.session(SessionId(3)));
    let whole = Opening::start(source, place(root.path(), ROOM), || {}).unwrap().finish().unwrap();
    assert_eq!(whole.about.records, all.len() as u64 - 3);
}
