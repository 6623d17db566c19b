//! Records on disk, written by the engine from real sockets: budgets, held peers, disks that are full or take nothing, and ends in the
//! midst of it. Every byte is recorded, or counted as dropped or missing.

#[path = "support/bench.rs"]
mod bench;

use bench::{Bench, PATIENCE, server, udp};
use sockscope::history::walk::{History, Step};
use sockscope::recorder::Request;
use sockscope::session::command::Action;
use sockscope::session::event::{Place, SessionEvent, What};
use sockscope::session::failure::{Cause, Operation};
use sockscope::session::id::{ConnectionId, Peer, SessionId};
use sockscope::session::spec::SessionSpec;
use sockscope::session::storage::{AtLimit, Storage};
use sockscope::session::timestamp::Timestamp;
use sockscope::store::spool::Spool;
use sockscope::store::{archive, recover};
use sockscope::traffic::filing::Streams;
use sockscope::traffic::log::Lost;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The smallest budget.
const TINY: u64 = 1 << 20;
/// What is dropped at once within it.
const SEGMENT: u64 = 256 << 10;

/// The bytes of a stream of counters from `offset` on.
fn pattern(offset: u64, length: usize) -> Vec<u8> {
    (offset..offset + length as u64).map(|at| (at / 8).to_le_bytes()[(at % 8) as usize]).collect()
}

fn options(root: &Path, limit: u64, at_limit: AtLimit) -> Option<archive::Options> {
    Some(archive::Options { root: root.to_owned(), limit, at_limit })
}

fn on_disk(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let size = |path: &Path| if path.is_dir() { on_disk(path) } else { path.metadata().map_or(0, |data| data.len()) };
    entries.map(|entry| size(&entry.unwrap().path())).sum()
}

/// Sends so many bytes of the pattern on a thread of its own; it ends early when the connection does.
fn flood(to: SocketAddr, total: u64) -> JoinHandle<TcpStream> {
    let mut stream = TcpStream::connect(to).unwrap();
    std::thread::spawn(move || {
        let mut sent = 0;
        while sent < total {
            let block = pattern(sent, (total - sent).min(1 << 16) as usize);
            if stream.write_all(&block).is_err() {
                break;
            }
            sent += block.len() as u64;
        }
        stream
    })
}

fn history(bench: &Bench, session: SessionId) -> History {
    History::new(bench.engine().look().clone(), bench.engine().readers().clone(), session)
}

/// What can be read back of a session with one connection.
#[derive(Default)]
struct ReadBack {
    kept: Lost,
    missing: u64,
    /// Offsets in the stream: of the first byte, and behind the last.
    from: Option<u64>,
    to: u64,
}

/// Reads all of it, and compares each byte with the pattern.
fn read_back(bench: &Bench, session: SessionId) -> ReadBack {
    let history = history(bench, session);
    let mut read = ReadBack::default();
    history.walk(history.range(), |step| {
        match step {
            Step::Record(_, record) => {
                read.kept += Lost { records: 1, bytes: 0 };
                if let Some(data) = record.data().filter(|data| data.origin.is_none()) {
                    assert!(*data.bytes == *pattern(data.offset, data.bytes.len()), "at {}", data.offset);
                    read.kept.bytes += data.bytes.len() as u64;
                    read.from.get_or_insert(data.offset);
                    read.to = data.offset + data.bytes.len() as u64;
                }
            }
            Step::Missing(ids) => read.missing += ids.end - ids.start,
        }
        ControlFlow::Continue(())
    });
    read
}

/// Waits until the model has counted so many received bytes.
fn until_received(bench: &Bench, session: SessionId, bytes: u64) {
    bench.until("all received", |model| {
        let reading = model.session(session)?.meter.read(sockscope::recorder::now());
        (reading.received.bytes == bytes).then_some(())
    });
}

fn storage(what: &What) -> Option<Storage> {
    if let What::Storage(storage) = what { Some(*storage) } else { None }
}

fn is_store_trouble(what: &What) -> bool {
    matches!(what, What::Trouble(failure) if failure.operation == Operation::Store)
}

#[test]
fn a_flood_through_a_tiny_budget_is_counted_to_the_byte() {
    const TOTAL: u64 = 20 << 20;
    let root = tempfile::tempdir().unwrap();
    let most = Arc::new(AtomicU64::new(0));
    let mut bench = Bench::recording(options(root.path(), TINY, AtLimit::DropOldest), {
        let (most, root) = (most.clone(), root.path().to_owned());
        // Between two batches, when the recorder has done what it does.
        move |_| {
            most.fetch_max(on_disk(&root), Ordering::SeqCst);
        }
    });
    let session = bench.open(SessionSpec::TcpServer(server("127.0.0.1:0")));
    let sender = flood(bench.listening(session), TOTAL);
    until_received(&bench, session, TOTAL);
    assert!(most.load(Ordering::SeqCst) <= TINY + SEGMENT);
    let (lost, range) = bench.until("what went is counted", |model| {
        let log = &model.session(session)?.log;
        Some((log.lost(), log.first().0..log.next().0))
    });
    assert_eq!(lost.records, range.start, "the first rows are those that went");
    let read = read_back(&bench, session);
    assert_eq!((read.kept.records, read.missing), (range.end - range.start, 0));
    assert_eq!(lost.bytes + read.kept.bytes, TOTAL);
    assert_eq!((read.from, read.to), (Some(lost.bytes), TOTAL));
    assert!(read.kept.bytes > TINY / 2, "{} kept", read.kept.bytes);
    drop(sender.join().unwrap());
    bench.finish();
    assert_eq!(on_disk(root.path()), 0);
}

/// A peer that never blocks: it writes until the system takes no more.
struct Pusher {
    stream: TcpStream,
    sent: u64,
}

impl Pusher {
    fn new(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).unwrap();
        stream.set_nonblocking(true).unwrap();
        Self { stream, sent: 0 }
    }

    /// `false` when the system takes no more before `total` bytes are sent.
    fn push(&mut self, total: u64) -> bool {
        while self.sent < total {
            match self.stream.write(&pattern(self.sent, (total - self.sent).min(1 << 16) as usize)) {
                Ok(count) => self.sent += count as u64,
                Err(problem) if problem.kind() == ErrorKind::WouldBlock => return false,
                Err(problem) => panic!("{problem}"),
            }
        }
        true
    }
}

/// Pushes until reading is held and the peer with it.
fn push_until_held(bench: &mut Bench, session: SessionId, pusher: &mut Pusher) {
    loop {
        assert!(!pusher.push(1 << 30), "the peer was never held");
        // The system's buffers are full: sooner or later the engine reads from them, or says that it does not.
        if let Some(Storage::Held { .. }) = next(bench, session) {
            return;
        }
    }
}

/// Waits for bytes, or for what is said about storage.
fn next(bench: &mut Bench, session: SessionId) -> Option<Storage> {
    bench.wait(session, |what| match what {
        What::Received { .. } => Some(None),
        other => storage(other).map(Some),
    })
}

/// Goes once round the network thread: what it was about to read it has read by then.
fn round(bench: &mut Bench, session: SessionId, peer: &mut TcpStream) {
    bench.send(session, b"still here");
    assert_eq!(bench.sent(session).1, b"still here");
    peer.set_nonblocking(false).unwrap();
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut buffer = [0; 10];
    peer.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"still here");
    peer.set_nonblocking(true).unwrap();
}

#[test]
fn a_peer_is_held_at_the_budget_and_nothing_is_lost() {
    let root = tempfile::tempdir().unwrap();
    let seen = Arc::new(Mutex::new(0u64));
    let mut bench = Bench::recording(options(root.path(), TINY, AtLimit::StopReading), {
        let seen = seen.clone();
        move |what| {
            if let What::Received { bytes, .. } = what {
                let mut seen = seen.lock().unwrap();
                assert!(**bytes == *pattern(*seen, bytes.len()));
                *seen += bytes.len() as u64;
            }
        }
    });
    let session = bench.open(SessionSpec::TcpServer(server("127.0.0.1:0")));
    let mut pusher = Pusher::new(bench.listening(session));
    push_until_held(&mut bench, session, &mut pusher);
    round(&mut bench, session, &mut pusher.stream);
    assert!(!pusher.push(1 << 30), "the peer is held");
    let before = *seen.lock().unwrap();
    // Commands work, and still nothing is read.
    round(&mut bench, session, &mut pusher.stream);
    round(&mut bench, session, &mut pusher.stream);
    assert_eq!(*seen.lock().unwrap(), before);
    assert!(before < pusher.sent);
    assert!(bench.engine().look().wait().storage().held);
    let total = pusher.sent + (4 << 20);
    bench.act(session, Action::Clear);
    let mut released = 0;
    while *seen.lock().unwrap() < total {
        pusher.push(total);
        match next(&mut bench, session) {
            Some(Storage::Held { .. }) => bench.act(session, Action::Clear),
            Some(Storage::Released) => released += 1,
            _ => {}
        }
    }
    assert!(released > 0);
    assert_eq!(*seen.lock().unwrap(), total);
    bench.finish();
}

#[test]
fn a_held_session_closes_at_once_and_so_does_the_engine() {
    for whole in [false, true] {
        let root = tempfile::tempdir().unwrap();
        let mut bench = Bench::recording(options(root.path(), TINY, AtLimit::StopReading), |_| {});
        let session = bench.open(SessionSpec::TcpServer(server("127.0.0.1:0")));
        let datagrams = bench.open(SessionSpec::Udp(udp("127.0.0.1:0")));
        let local = bench.bound(datagrams);
        let sender = flood(bench.listening(session), u64::MAX);
        let stop = Arc::new(AtomicU64::new(0));
        let shower = std::thread::spawn({
            let stop = stop.clone();
            move || {
                let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
                while stop.load(Ordering::SeqCst) == 0 {
                    socket.send_to(&[b'u'; 500], local).ok();
                }
            }
        });
        while !matches!(next(&mut bench, session), Some(Storage::Held { .. })) {}
        let start = Instant::now();
        if whole {
            bench.finish();
        } else {
            bench.close(session);
            assert!(bench.engine().look().wait().storage().held);
            bench.finish();
        }
        let took = start.elapsed();
        stop.store(1, Ordering::SeqCst);
        shower.join().unwrap();
        drop(sender.join().unwrap());
        assert!(took < Duration::from_secs(2), "{took:?}");
        assert_eq!(on_disk(root.path()), 0);
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
    }
}

/// Datagrams that were recorded and those that were not, and the rows that tell of the latter.
#[derive(Default)]
struct Books {
    recorded: AtomicU64,
    missed: AtomicU64,
    rows: AtomicU64,
}

#[test]
fn datagrams_while_reading_is_held_are_counted() {
    const COUNT: u64 = 30_000;
    let root = tempfile::tempdir().unwrap();
    let books = Arc::new(Books::default());
    let mut bench = Bench::recording(options(root.path(), TINY, AtLimit::StopReading), {
        let books = books.clone();
        move |what| match what {
            What::Received { .. } => _ = books.recorded.fetch_add(1, Ordering::SeqCst),
            What::Gap { datagrams, place, .. } => {
                books.missed.fetch_add(*datagrams, Ordering::SeqCst);
                books.rows.fetch_add(u64::from(*place == Place::Sockscope), Ordering::SeqCst);
            }
            _ => {}
        }
    });
    let session = bench.open(SessionSpec::Udp(udp("127.0.0.1:0")));
    let local = bench.bound(session);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let start = Instant::now();
    for _ in 0..COUNT {
        socket.send_to(&[b'd'; 200], local).unwrap();
    }
    let sum = || books.recorded.load(Ordering::SeqCst) + books.missed.load(Ordering::SeqCst);
    while sum() < COUNT {
        bench.wait(session, |what| matches!(what, What::Received { .. } | What::Gap { .. }).then_some(()));
    }
    let took = start.elapsed();
    assert_eq!(sum(), COUNT);
    assert!(bench.engine().look().wait().storage().held);
    let rows = books.rows.load(Ordering::SeqCst);
    // A row for each burst would fill the disk that has no room.
    assert!(u128::from(rows) <= 3 + took.as_millis() / 100, "{rows} rows in {took:?}");
    bench.close(session);
    assert_eq!(sum(), COUNT);
    bench.finish();
}

/// Counts what is said about storage, beside the bytes.
#[derive(Default)]
struct Said {
    troubles: AtomicU64,
    resumed: Mutex<Vec<Lost>>,
}

impl Said {
    fn hear(&self, what: &What) {
        if is_store_trouble(what) {
            self.troubles.fetch_add(1, Ordering::SeqCst);
        }
        if let Some(Storage::Resumed { records, bytes }) = storage(what) {
            self.resumed.lock().unwrap().push(Lost { records, bytes });
        }
    }
}

#[test]
fn a_folder_that_cannot_be_written_costs_what_is_said_and_no_more() {
    const TOTAL: u64 = 24 << 20;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("spool");
    std::fs::write(&root, "a file in the place of the folder").unwrap();
    let said = Arc::new(Said::default());
    let mut bench = Bench::recording(options(&root, 256 << 20, AtLimit::DropOldest), {
        let said = said.clone();
        move |what| said.hear(what)
    });
    let session = bench.open(SessionSpec::TcpServer(server("127.0.0.1:0")));
    let failure = bench.trouble(session);
    assert_eq!((failure.operation, failure.cause), (Operation::Store, Cause::NotWritable));
    let sender = flood(bench.listening(session), TOTAL);
    // The live view goes on.
    until_received(&bench, session, TOTAL);
    let read = read_back(&bench, session);
    assert!(read.to == TOTAL && read.missing > 0, "what memory holds is there, and nothing else");
    assert!(bench.engine().look().wait().storage().failing.is_some());
    std::fs::remove_file(&root).unwrap();
    bench.wait(session, |what| matches!(storage(what), Some(Storage::Resumed { .. })).then_some(()));
    bench.until("the disk is well again", |model| model.storage().failing.is_none().then_some(()));
    assert_eq!(said.troubles.load(Ordering::SeqCst), 1, "it is told once");
    let resumed = said.resumed.lock().unwrap().clone();
    assert_eq!(resumed.len(), 1);
    // On disk is the rest, to the byte; memory still has some of those that are missing there.
    let index = bench.engine().readers().of(session).unwrap();
    let (mut kept, mut buffer, mut at) = (Lost::default(), Vec::new(), sockscope::traffic::record::RecordId(0));
    while let Some(span) = index.span(at, 1 << 20) {
        span.read(&mut buffer).unwrap();
        span.entries(&buffer).for_each(|(_, raw)| kept += Lost { records: 1, bytes: raw.data_len() });
        at = span.next;
    }
    assert_eq!(kept.bytes + resumed[0].bytes, TOTAL);
    assert_eq!(kept.records + resumed[0].records, at.0);
    assert!(resumed[0].bytes > 0);
    drop(sender.join().unwrap());
    bench.finish();
}

#[test]
fn a_folder_that_cannot_be_written_holds_the_peer_if_so_chosen_and_costs_nothing() {
    const TOTAL: u64 = 48 << 20;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("spool");
    std::fs::write(&root, "").unwrap();
    let said = Arc::new(Said::default());
    let mut bench = Bench::recording(options(&root, 256 << 20, AtLimit::StopReading), {
        let said = said.clone();
        move |what| said.hear(what)
    });
    let session = bench.open(SessionSpec::TcpServer(server("127.0.0.1:0")));
    let mut pusher = Pusher::new(bench.listening(session));
    push_until_held(&mut bench, session, &mut pusher);
    round(&mut bench, session, &mut pusher.stream);
    assert!(pusher.sent < TOTAL, "it was held by {}", pusher.sent);
    std::fs::remove_file(&root).unwrap();
    bench.wait(session, |what| matches!(storage(what), Some(Storage::Released)).then_some(()));
    while !pusher.push(TOTAL) {
        next(&mut bench, session);
    }
    until_received(&bench, session, TOTAL);
    assert_eq!(*said.resumed.lock().unwrap(), [Lost::default()], "none is missing");
    assert_eq!(said.troubles.load(Ordering::SeqCst), 1);
    let read = read_back(&bench, session);
    assert_eq!((read.kept.bytes, read.missing, read.from), (TOTAL, 0, Some(0)));
    bench.finish();
}

/// A disk of four megabytes, as long as this value lives.
#[cfg(target_os = "linux")]
struct SmallDisk(tempfile::TempDir);

#[cfg(target_os = "linux")]
impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=4m", "sockscope-test"]).arg(folder.path());
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        if !mounted {
            println!("skipped: this user may not mount a small disk");
        }
        mounted.then_some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, in case a failed test still has files open.
        std::process::Command::new("umount").arg("-l").arg(self.0.path()).output().ok();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_costs_the_oldest() {
    const TOTAL: u64 = 24 << 20;
    let Some(disk) = SmallDisk::mount() else { return };
    let said = Arc::new(Said::default());
    let mut bench = Bench::recording(options(disk.path(), 1 << 30, AtLimit::DropOldest), {
        let said = said.clone();
        move |what| said.hear(what)
    });
    let session = bench.open(SessionSpec::TcpServer(server("127.0.0.1:0")));
    let sender = flood(bench.listening(session), TOTAL);
    until_received(&bench, session, TOTAL);
    let lost = bench.until("what went is counted", |model| Some(model.session(session)?.log.lost()));
    let read = read_back(&bench, session);
    assert_eq!(read.missing, 0);
    assert_eq!(lost.bytes + read.kept.bytes, TOTAL);
    assert_eq!((read.from, read.to), (Some(lost.bytes), TOTAL));
    assert!(read.kept.bytes > 2 << 20, "most of the disk is used: {}", read.kept.bytes);
    assert_eq!((said.troubles.load(Ordering::SeqCst), said.resumed.lock().unwrap().len()), (0, 0), "nothing is wrong with that");
    drop(sender.join().unwrap());
    bench.finish();
    assert_eq!(on_disk(disk.path()), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_others_filled_costs_what_is_said() {
    const TOTAL: u64 = 24 << 20;
    let Some(disk) = SmallDisk::mount() else { return };
    let filler = disk.path().join("filler");
    assert!(std::fs::write(&filler, vec![1; 5 << 20]).is_err());
    let said = Arc::new(Said::default());
    let mut bench = Bench::recording(options(disk.path(), 1 << 30, AtLimit::DropOldest), {
        let said = said.clone();
        move |what| said.hear(what)
    });
    let session = bench.open(SessionSpec::TcpServer(server("127.0.0.1:0")));
    let failure = bench.trouble(session);
    assert_eq!((failure.operation, failure.cause), (Operation::Store, Cause::DiskFull));
    let local = bench.listening(session);
    let sender = flood(local, TOTAL);
    until_received(&bench, session, TOTAL);
    std::fs::remove_file(&filler).unwrap();
    bench.wait(session, |what| matches!(storage(what), Some(Storage::Resumed { .. })).then_some(()));
    bench.until("the disk is well again", |model| model.storage().failing.is_none().then_some(()));
    assert_eq!(said.troubles.load(Ordering::SeqCst), 1);
    assert!(said.resumed.lock().unwrap()[0].bytes > 0);
    // It is recorded on as if nothing had been.
    let more = flood(local, 1 << 20);
    until_received(&bench, session, TOTAL + (1 << 20));
    let index = bench.engine().readers().of(session).unwrap();
    assert_eq!(index.next(), bench.until("the log's end", |model| Some(Some(model.session(session)?.log.next()))));
    drop((sender.join().unwrap(), more.join().unwrap()));
    bench.finish();
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_holds_the_peer_if_so_chosen_and_costs_nothing() {
    let Some(disk) = SmallDisk::mount() else { return };
    let said = Arc::new(Said::default());
    let seen = Arc::new(AtomicU64::new(0));
    let mut bench = Bench::recording(options(disk.path(), 1 << 30, AtLimit::StopReading), {
        let (said, seen) = (said.clone(), seen.clone());
        move |what| {
            said.hear(what);
            if let What::Received { bytes, .. } = what {
                assert!(**bytes == *pattern(seen.load(Ordering::SeqCst), bytes.len()));
                seen.fetch_add(bytes.len() as u64, Ordering::SeqCst);
            }
        }
    });
    let session = bench.open(SessionSpec::TcpServer(server("127.0.0.1:0")));
    let mut pusher = Pusher::new(bench.listening(session));
    push_until_held(&mut bench, session, &mut pusher);
    round(&mut bench, session, &mut pusher.stream);
    let failing = bench.until("it is said why", |model| model.storage().failing.clone());
    assert_eq!(failing.cause, Cause::DiskFull);
    let read = read_back(&bench, session);
    assert!(read.from == Some(0) && read.kept.bytes > 3 << 20, "what was written before is there");
    let total = pusher.sent + (2 << 20);
    bench.act(session, Action::Clear);
    while seen.load(Ordering::SeqCst) < total {
        pusher.push(total);
        if let Some(Storage::Held { .. }) = next(&mut bench, session) {
            bench.act(session, Action::Clear);
        }
    }
    until_received(&bench, session, total);
    assert!(said.resumed.lock().unwrap().iter().all(|lost| *lost == Lost::default()), "none is missing");
    bench.finish();
}

#[test]
fn shutting_down_while_nothing_can_be_written_takes_less_than_two_seconds() {
    for at_limit in [AtLimit::DropOldest, AtLimit::StopReading] {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("spool");
        std::fs::write(&root, "").unwrap();
        let mut bench = Bench::recording(options(&root, 256 << 20, at_limit), |_| {});
        let session = bench.open(SessionSpec::TcpServer(server("127.0.0.1:0")));
        let sender = flood(bench.listening(session), u64::MAX);
        bench.received(session);
        let start = Instant::now();
        bench.finish();
        let took = start.elapsed();
        drop(sender.join().unwrap());
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
}

#[test]
fn a_session_that_was_left_is_read_with_and_without_an_archive() {
    let folder = tempfile::tempdir().unwrap();
    let left = folder.path().join("left");
    let mut spool = Spool::new(left.clone(), 1 << 20);
    let mut streams = Streams::default();
    for number in 0..100u64 {
        let peer = Peer::connected(ConnectionId(1), "127.0.0.1:9".parse().unwrap());
        let what = What::Received { peer, bytes: pattern(number * 8, 8).into() };
        let (id, record) = streams.file(&SessionEvent { session: SessionId(3), at: Timestamp(0), what }).unwrap();
        spool.append(id, &record);
    }
    spool.flush().unwrap();
    drop(spool);
    let root = folder.path().join("root");
    for archive in [None, options(&root, 256 << 20, AtLimit::DropOldest)] {
        let bench = Bench::recording(archive, |_| {});
        let (opened, _) = recover::open(&left, |_| true).unwrap();
        let session = SessionId(77);
        assert!(bench.engine().requests().send(Request::Adopt(session, Box::new(opened))).is_ok());
        bench.until("it is there", |model| model.session(session).map(|_| ()));
        let read = read_back(&bench, session);
        assert_eq!((read.kept.bytes, read.missing, read.from), (800, 0, Some(0)));
        bench.act(session, Action::Forget);
        bench.until("it is gone", |model| model.session(session).is_none().then_some(()));
        assert!(bench.engine().readers().of(session).is_none());
        bench.finish();
    }
    assert!(!root.exists() || on_disk(&root) == 0);
}
