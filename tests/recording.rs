//! Recording to a file on real sockets: what is in the file is what the model shows, whenever it began and whatever the disk does.

#[path = "support/bench.rs"]
mod bench;
#[path = "support/captured.rs"]
mod captured;
#[path = "support/small_disk.rs"]
mod small_disk;

use bench::{Bench, PATIENCE, client, server, udp};
use captured::{followed, line, lines, tshark};
use small_disk::SmallDisk;
use sockscope::history::walk::{History, Step};
use sockscope::recorder::{Order, Request, now};
use sockscope::session::command::{Action, End};
use sockscope::session::event::What;
use sockscope::session::failure::{Cause, Failure, Operation};
use sockscope::session::id::SessionId;
use sockscope::session::recording::{Begin, Existing, Phase, RecordingStatus};
use sockscope::session::spec::SessionSpec;
use sockscope::session::storage::{AtLimit, Storage};
use sockscope::store::archive;
use sockscope::traffic::model::Model;
use sockscope::traffic::record::{Entry, Record};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

fn on_disk(root: &Path, budget: usize) -> Bench {
    let root = root.join("spool");
    let archive = archive::Options { root, limit: archive::DEFAULT_LIMIT, at_limit: AtLimit::DropOldest };
    Bench::keeping(budget, Some(archive), |_| {})
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Asks for a recording and waits for the answer.
fn record(bench: &Bench, session: SessionId, path: &Path, existing: Existing, from: Begin) -> Result<(), Failure> {
    let (answer, answered) = crossbeam_channel::bounded(1);
    let order = Order { session, path: path.to_owned(), existing, from, answer };
    assert!(bench.engine().requests().send(Request::Record(order)).is_ok());
    answered.recv_timeout(PATIENCE).unwrap()
}

fn begin(bench: &Bench, session: SessionId, path: &Path, from: Begin) {
    record(bench, session, path, Existing::Keep, from).unwrap();
}

/// Ends a recording; how it stood before.
fn stop(bench: &Bench, session: SessionId) -> RecordingStatus {
    let before = status(bench, session, |status| Some(status.clone()));
    assert!(bench.engine().requests().send(Request::StopRecording(session)).is_ok());
    bench.until("the end of the recording", |model| model.session(session)?.recording.is_none().then_some(()));
    before
}

fn status<T>(bench: &Bench, session: SessionId, wanted: impl Fn(&RecordingStatus) -> Option<T>) -> T {
    bench.until("the recording", |model| wanted(model.session(session)?.recording.as_ref()?))
}

fn live(bench: &Bench, session: SessionId) -> RecordingStatus {
    status(bench, session, |status| (status.phase == Phase::Live).then(|| status.clone()))
}

fn next(bench: &Bench, session: SessionId) -> u64 {
    bench.engine().look().wait().session(session).unwrap().log.next().0
}

/// The records of a session from this one on, as [`captured::lines`] gives them.
fn model(bench: &Bench, session: SessionId, from: u64) -> Vec<String> {
    let engine = bench.engine();
    let history = History::new(engine.look().clone(), engine.readers().clone(), session);
    let mut all = Vec::new();
    let each = |step| match step {
        Step::Record(_, record) => {
            all.push(told(&record));
            ControlFlow::Continue(())
        }
        Step::Missing(gone) => panic!("{gone:?} are missing"),
    };
    history.walk(from..history.range().end, each);
    all
}

fn told(record: &Record) -> String {
    match &record.entry {
        Entry::Note(what) => line(record.at.0, what),
        Entry::Data(data) => {
            let (peer, bytes) = (data.peer, data.bytes.clone());
            let what = match data.origin {
                Some(origin) => What::Sent { peer, bytes, origin },
                None => What::Received { peer, bytes },
            };
            line(record.at.0, &what)
        }
    }
}

fn same(file: &Path, expected: &[String]) {
    let (found, cut) = lines(file);
    let differs = found.iter().zip(expected).position(|(one, other)| one != other);
    assert!(found == expected, "{} of {} records, the first other one is {differs:?}", found.len(), expected.len());
    assert_eq!(cut, 0);
}

fn noise(length: usize, mut seed: u32) -> Vec<u8> {
    (0..length)
        .map(|_| {
            seed ^= seed << 13;
            seed ^= seed >> 17;
            seed ^= seed << 5;
            seed as u8
        })
        .collect()
}

/// A server with one client that has said so much.
fn heard(bench: &mut Bench, bytes: &[u8]) -> (SessionId, SocketAddr, TcpStream) {
    let session = bench.open(SessionSpec::TcpServer(server("127.0.0.1:0")));
    let address = bench.listening(session);
    let mut peer = connect(address);
    peer.write_all(bytes).unwrap();
    bench.receives(session, bytes);
    (session, address, peer)
}

// ---- where it begins

#[test]
fn from_now_on_in_the_middle_of_connections() {
    let folder = tempfile::tempdir().unwrap();
    let (mut bench, file) = (Bench::new(), folder.path().join("now.pcapng"));
    let (session, address, mut peer) = heard(&mut bench, &noise(100_000, 1));
    bench.joined_later(session);
    bench.send(session, &noise(70_000, 2));
    peer.read_exact(&mut vec![0; 70_000]).unwrap();
    bench.sent(session);
    begin(&bench, session, &file, Begin::Now);
    let first = next(&bench, session);
    assert_eq!((lines(&file).0.len(), live(&bench, session).records), (0, 0));
    if let Some(text) = tshark(&file, &[]) {
        assert_eq!(text, "", "an empty recording is a capture of nothing");
    }
    let (ours, theirs) = (noise(80_000, 3), noise(150_000, 4));
    bench.send(session, &ours);
    bench.sent(session);
    peer.write_all(&theirs).unwrap();
    bench.receives(session, &theirs);
    let mut second = connect(address);
    second.write_all(b"who came later").unwrap();
    bench.receives(session, b"who came later");
    drop((peer, second));
    bench.left(session);
    bench.left(session);
    // What was heard of is in the file, and a moment later in the model too, which tells how the recording stands.
    bench.until("both gone", |model| model.session(session)?.connections.is_empty().then_some(()));
    let status = stop(&bench, session);
    let expected = model(&bench, session, first);
    assert_eq!((status.records, status.missing), (expected.len() as u64, 0));
    assert_eq!(status.bytes, std::fs::metadata(&file).unwrap().len());
    same(&file, &expected);
    if let Some(followed) = followed(&file, 0) {
        assert!(followed == (ours, theirs), "tshark follows the connection that was there before");
        let lost = tshark(&file, &["-Y", "tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment"]).unwrap();
        assert_eq!(lost, "");
    }
    // What comes after the end is in no file.
    peer_says(&mut bench, session, address);
    same(&file, &expected);
    bench.finish();
}

fn peer_says(bench: &mut Bench, session: SessionId, address: SocketAddr) {
    connect(address).write_all(b"unheard of").unwrap();
    bench.receives(session, b"unheard of");
}

/// A peer that sends noise until it is told to stop, and then says how much it was.
fn flood(address: SocketAddr) -> (Arc<AtomicBool>, std::thread::JoinHandle<()>) {
    let stop = Arc::new(AtomicBool::new(false));
    let (asked, mut peer) = (stop.clone(), connect(address));
    let block = noise(1 << 16, 5);
    let job = move || {
        let mut place = 0;
        while !asked.load(Ordering::SeqCst) {
            place = (place + 4099) % (block.len() / 2);
            peer.write_all(&block[place..place + 20_000]).unwrap();
        }
    };
    (stop, std::thread::spawn(job))
}

fn heard_more(model: &Model, session: SessionId, than: u64) -> Option<()> {
    (model.session(session)?.meter.read(now()).received.bytes > than).then_some(())
}

#[test]
fn from_the_beginning_while_more_arrives() {
    for budget in [1 << 20, 256 << 20] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("all.pcapng");
        let mut bench = on_disk(folder.path(), budget);
        let session = bench.open(SessionSpec::TcpServer(server("127.0.0.1:0")));
        let (stop_flood, flood) = flood(bench.listening(session));
        // More than the recorder copies by itself.
        bench.until("enough", |model| heard_more(model, session, 24 << 20));
        begin(&bench, session, &file, Begin::FirstRecord);
        status(&bench, session, |status| matches!(status.phase, Phase::CatchingUp { done, total } if done < total).then_some(()));
        bench.until("more", |model| heard_more(model, session, 32 << 20));
        stop_flood.store(true, Ordering::SeqCst);
        flood.join().unwrap();
        bench.left(session);
        live(&bench, session);
        bench.close(session);
        bench.until("closed in the model too", |model| (!model.session(session)?.state.is_live()).then_some(()));
        let status = stop(&bench, session);
        let expected = model(&bench, session, 0);
        assert_eq!((status.records, status.missing), (expected.len() as u64, 0));
        same(&file, &expected);
        bench.finish();
    }
}

#[test]
fn from_the_beginning_of_what_memory_holds() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("all.pcapng");
    let mut bench = Bench::new();
    let (session, _, peer) = heard(&mut bench, &noise(4 << 20, 6));
    let lost = bench.engine().look().wait().session(session).unwrap().log.lost().records;
    assert!(lost > 0);
    let first = bench.engine().look().wait().session(session).unwrap().log.first().0;
    begin(&bench, session, &file, Begin::FirstRecord);
    assert_eq!(live(&bench, session).missing, lost, "what memory had no room for is not kept silent about");
    drop(peer);
    bench.left(session);
    let (found, _) = lines(&file);
    // The model forgets while the file grows.
    let now = bench.engine().look().wait().session(session).unwrap().log.first().0;
    assert_eq!(found[(now - first) as usize..], model(&bench, session, now));
    bench.finish();
}

#[test]
fn what_is_cleared_meanwhile_is_in_the_file() {
    for budget in [1 << 20, 256 << 20] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("all.pcapng");
        let mut bench = on_disk(folder.path(), budget);
        let (session, _, mut peer) = heard(&mut bench, &noise(24 << 20, 7));
        let before = model(&bench, session, 0);
        let cleared = next(&bench, session);
        begin(&bench, session, &file, Begin::FirstRecord);
        bench.act(session, Action::Clear);
        bench.until("the clear", |model| (model.session(session)?.log.first().0 == cleared).then_some(()));
        peer.write_all(b"and then").unwrap();
        bench.receives(session, b"and then");
        bench.act(session, Action::Clear);
        peer.write_all(b"and again").unwrap();
        bench.receives(session, b"and again");
        assert_eq!(live(&bench, session).missing, 0);
        stop(&bench, session);
        let (found, _) = lines(&file);
        assert!(found[..before.len()] == before, "{} records of {}", found.len(), before.len());
        let rest = &found[before.len()..];
        assert_eq!(rest.len(), 2, "{rest:?}");
        assert_eq!(rest[1..], model(&bench, session, cleared + 1));
        drop(peer);
        bench.finish();
    }
}

#[test]
fn a_copy_is_cut_short_by_stop_and_by_the_end_of_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = on_disk(folder.path(), 1 << 20);
    let (session, _, peer) = heard(&mut bench, &noise(64 << 20, 8));
    let all = model(&bench, session, 0);
    let (stopped, ended) = (folder.path().join("stopped.pcapng"), folder.path().join("ended.pcapng"));
    begin(&bench, session, &stopped, Begin::FirstRecord);
    stop(&bench, session);
    let (found, cut) = lines(&stopped);
    assert!(found.len() < all.len() && all.starts_with(&found) && cut == 0, "{} of {}", found.len(), all.len());
    begin(&bench, session, &ended, Begin::FirstRecord);
    let start = Instant::now();
    drop(peer);
    bench.finish();
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    let (found, cut) = lines(&ended);
    let count = found.len().min(all.len());
    assert!(found[..count] == all[..count] && cut == 0);
}

#[test]
fn a_session_that_is_opened_again_goes_on_in_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("twice.pcapng");
    let mut bench = on_disk(folder.path(), 1 << 20);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let spec = SessionSpec::TcpClient(client(listener.local_addr().unwrap()));
    // Before anything has happened to it.
    let session = SessionId(1);
    begin(&bench, session, &file, Begin::Now);
    live(&bench, session);
    assert_eq!(bench.open(spec.clone()), session);
    let (peer, _) = listener.accept().unwrap();
    bench.connected(session);
    bench.send(session, b"once");
    bench.sent(session);
    drop(peer);
    bench.closed(session);
    bench.act(session, Action::Clear);
    bench.act(session, Action::Open(spec));
    let (_peer, _) = listener.accept().unwrap();
    bench.connected(session);
    bench.send(session, b"twice");
    bench.sent(session);
    bench.close(session);
    // The tab is closed: that ends the recording too.
    bench.act(session, Action::Forget);
    bench.until("the end of the session", |model| model.session(session).is_none().then_some(()));
    let (found, _) = lines(&file);
    let count = |word: &str| found.iter().filter(|line| line.contains(word)).count();
    assert_eq!((count(" Opening"), count(" Connected"), count(" Sent"), count(" Closed")), (2, 2, 2, 2), "{found:?}");
    if let Some((first, _)) = followed(&file, 1) {
        assert_eq!(first, b"twice");
    }
    bench.finish();
}

#[test]
fn datagrams_and_what_was_lost_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("udp.pcapng");
    let mut bench = on_disk(folder.path(), 1 << 20);
    let session = bench.open(SessionSpec::Udp(udp("127.0.0.1:0")));
    let to = bench.bound(session);
    begin(&bench, session, &file, Begin::FirstRecord);
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for number in 0..20_000u32 {
        sender.send_to(&number.to_le_bytes(), to).unwrap();
    }
    bench.end(session, End::Close);
    bench.close(session);
    stop(&bench, session);
    same(&file, &model(&bench, session, 0));
    bench.finish();
}

// ---- what can go wrong

#[test]
fn a_file_that_cannot_be_recorded_to_is_refused_with_its_cause() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::new();
    let (session, _, peer) = heard(&mut bench, b"x");
    let there = folder.path().join("there");
    std::fs::write(&there, b"precious").unwrap();
    let refused = |path: &Path, session| record(&bench, session, path, Existing::Keep, Begin::Now).unwrap_err();
    let failure = refused(&there, session);
    assert_eq!((failure.operation, failure.cause), (Operation::Record, Cause::FileExists));
    assert_eq!(failure.address, there.display().to_string());
    assert_eq!(refused(&folder.path().join("no/such/folder"), session).cause, Cause::FileGone);
    assert_eq!(refused(&there.join("below"), session).cause, Cause::NotWritable);
    assert_eq!(std::fs::read(&there).unwrap(), b"precious");
    let replace = |path: &Path, session| record(&bench, session, path, Existing::Replace, Begin::Now);
    assert_eq!(replace(folder.path(), session).unwrap_err().cause, Cause::IsFolder);
    if cfg!(unix) {
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        // It has no reader: to open it would wait for ever.
        assert_eq!(replace(&pipe, session).unwrap_err().cause, Cause::NotAFile);
        assert_eq!(refused(&pipe, session).cause, Cause::NotAFile);
    }
    replace(&there, session).unwrap();
    // Neither twice, nor two sessions into one file.
    assert_eq!(replace(&folder.path().join("other"), session).unwrap_err().cause, Cause::FileInUse);
    assert_eq!(replace(&there, SessionId(9)).unwrap_err().cause, Cause::FileInUse);
    let around = folder.path().join(".").join("there");
    assert_eq!(replace(&around, SessionId(9)).unwrap_err().cause, Cause::FileInUse);
    assert_eq!(lines(&there), (vec![], 0));
    // Deleted, it is made anew by the recording that has it.
    std::fs::remove_file(&there).unwrap();
    assert_eq!(replace(&there, SessionId(9)).unwrap_err().cause, Cause::FileInUse);
    assert_eq!(replace(&around, SessionId(9)).unwrap_err().cause, Cause::FileInUse);
    assert!(!folder.path().join("other").exists());
    stop(&bench, session);
    drop(peer);
    bench.finish();
}

#[test]
fn a_full_disk_is_told_and_what_fits_again_is_written() {
    let Some(disk) = SmallDisk::mount(16 << 10) else { return };
    let mut bench = Bench::keeping(64 << 20, None, |_| {});
    let (session, _, mut peer) = heard(&mut bench, b"first");
    let file = disk.path("full.pcapng");
    begin(&bench, session, &file, Begin::FirstRecord);
    let ballast = disk.fill();
    // What can be kept meanwhile comes into the file later, and nothing is missing.
    peer.write_all(&noise(1 << 20, 9)).unwrap();
    let failure = bench.trouble(session);
    assert_eq!((failure.operation, failure.cause.clone()), (Operation::Record, Cause::DiskFull));
    assert_eq!(failure.address, file.display().to_string());
    status(&bench, session, |status| matches!(&status.phase, Phase::Failing(known) if *known == failure).then_some(()));
    bench.receives_so_much(session, 1 << 20);
    assert_eq!(lines(&file).1, 0, "no half of a record is left in it");
    std::fs::remove_file(ballast).unwrap();
    assert_eq!(bench.resumed(session), 0);
    live(&bench, session);
    same(&file, &model(&bench, session, 0));
    // More than can be kept is missing, and counted.
    let ballast = disk.fill();
    peer.write_all(&noise(12 << 20, 10)).unwrap();
    bench.trouble(session);
    bench.receives_so_much(session, 12 << 20);
    std::fs::remove_file(ballast).unwrap();
    drop(peer);
    bench.left(session);
    let missing = bench.resumed(session);
    assert!(missing > 0);
    let status = live(&bench, session);
    assert_eq!(status.missing, missing);
    let (found, all) = (lines(&file).0, model(&bench, session, 0));
    assert_eq!(found.len() as u64 + missing, all.len() as u64);
    let mut rest = all.iter();
    assert!(found.iter().all(|one| rest.any(|other| one == other)), "what is there stands in its order");
    bench.finish();
}

#[cfg(unix)]
#[test]
fn a_file_that_vanishes_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("below");
    std::fs::create_dir(&below).unwrap();
    let (file, moved) = (below.join("it.pcapng"), folder.path().join("moved.pcapng"));
    let mut bench = Bench::keeping(64 << 20, None, |_| {});
    let (session, _, mut peer) = heard(&mut bench, b"first");
    begin(&bench, session, &file, Begin::FirstRecord);
    // One that has another name now is the same file.
    std::fs::rename(&file, &moved).unwrap();
    peer.write_all(b"moved").unwrap();
    bench.receives(session, b"moved");
    let written = live(&bench, session).records;
    same(&moved, &model(&bench, session, 0));
    std::fs::remove_file(&moved).unwrap();
    std::fs::remove_dir(&below).unwrap();
    peer.write_all(b"gone").unwrap();
    let failure = bench.trouble(session);
    assert_eq!((failure.cause, failure.address), (Cause::FileGone, file.display().to_string()));
    std::fs::create_dir(&below).unwrap();
    assert_eq!(bench.resumed(session), written, "what was in the file is not there any more");
    live(&bench, session);
    same(&file, &model(&bench, session, written));
    drop(peer);
    bench.finish();
}

#[test]
fn nothing_is_shown_before_it_is_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("now.pcapng");
    let (sender, shown) = mpsc::channel();
    let seen = file.clone();
    let mut bench = Bench::keeping(64 << 20, None, move |what| {
        if let What::Received { bytes, .. } = what {
            sender.send((bytes.len(), std::fs::metadata(&seen).map_or(0, |data| data.len()))).unwrap();
        }
    });
    let session = SessionId(1);
    begin(&bench, session, &file, Begin::FirstRecord);
    bench.open(SessionSpec::TcpServer(server("127.0.0.1:0")));
    let mut peer = connect(bench.listening(session));
    let mut total = 0;
    for round in 0..200 {
        peer.write_all(&noise(1000, round + 1)).unwrap();
    }
    while total < 200_000 {
        let (length, written) = shown.recv_timeout(PATIENCE).unwrap();
        total += length;
        assert!(written >= total as u64, "{total} bytes are shown, {written} are in the file");
    }
    drop(peer);
    bench.finish();
}

trait Waits {
    /// Received bytes until there are so many.
    fn receives_so_much(&mut self, session: SessionId, count: usize);
    /// How many records are missing, once a recording goes on.
    fn resumed(&mut self, session: SessionId) -> u64;
    /// Someone who joined, after what came from them.
    fn joined_later(&mut self, session: SessionId);
}

impl Waits for Bench {
    fn receives_so_much(&mut self, session: SessionId, count: usize) {
        self.until("as many bytes", |model| {
            let connections = &model.session(session)?.connections;
            connections.values().any(|connection| connection.received >= count as u64).then_some(())
        });
    }

    fn resumed(&mut self, session: SessionId) -> u64 {
        self.wait(session, |what| match what {
            What::Storage(Storage::Recording { records, .. }) => Some(*records),
            _ => None,
        })
    }

    fn joined_later(&mut self, session: SessionId) {
        self.until("a client", |model| (!model.session(session)?.connections.is_empty()).then_some(()));
    }
}
