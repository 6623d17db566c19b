//! The engine on real Unix-domain sockets, with plain sockets as peers: ends, queues that fill, and nothing lost between them.
#![cfg(unix)]

#[path = "support/bench.rs"]
mod bench;

use bench::{Bench, PATIENCE, only};
use socket2::{Domain, SockAddr, Socket, Type};
use sockscope::session::address::UnixPath;
use sockscope::session::command::{Action, End, Message, Selection, Target};
use sockscope::session::event::{Ending, Unsent, What};
use sockscope::session::failure::Cause;
use sockscope::session::knob::{Buffers, Knob, Parts};
use sockscope::session::reply::Reply;
use sockscope::session::spec::{
    AfterPeerFin, Backoff, Reading, SessionSpec, Switch, UnixClientSpec, UnixDatagramSpec, UnixServerSpec,
};
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sock");
    (folder, path)
}

fn place(path: &Path) -> UnixPath {
    UnixPath::parse(path.to_str().unwrap()).unwrap()
}

fn client(path: &Path) -> UnixClientSpec {
    let (local, replace_stale, after_peer_fin) = (None, Switch::Off, AfterPeerFin::Close);
    UnixClientSpec { path: place(path), local, replace_stale, after_peer_fin, reconnect: None, reply: None }
}

fn server(path: &Path) -> UnixServerSpec {
    let (replace_stale, after_peer_fin) = (Switch::Off, AfterPeerFin::Close);
    UnixServerSpec { path: place(path), backlog: 128, replace_stale, after_peer_fin, reply: None }
}

fn datagram(path: Option<&Path>, remote: Option<&Path>) -> UnixDatagramSpec {
    let (path, remote) = (path.map(place), remote.map(place));
    UnixDatagramSpec { path, remote, replace_stale: Switch::Off, send_buffer: None, reply: None }
}

fn connect(path: &Path) -> UnixStream {
    let stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn accept(listener: &UnixListener) -> UnixStream {
    let (stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn plain(path: &Path) -> UnixDatagram {
    let socket = UnixDatagram::bind(path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn told(ending: &Ending) -> (&'static str, u64, u64) {
    (ending.by.word(), ending.received, ending.sent)
}

fn is_listening(what: &What) -> Option<()> {
    matches!(what, What::Listening { .. }).then_some(())
}

fn is_connected(what: &What) -> Option<()> {
    matches!(what, What::Connected { .. }).then_some(())
}

fn is_bound(what: &What) -> Option<()> {
    matches!(what, What::Bound { .. }).then_some(())
}

#[test]
fn each_side_finishes_by_itself() {
    let ((_folder, path), mut bench) = (folder(), Bench::new());
    let listener = UnixListener::bind(&path).unwrap();
    let session = bench.open(SessionSpec::UnixClient(UnixClientSpec { after_peer_fin: AfterPeerFin::StayOpen, ..client(&path) }));
    let mut peer = accept(&listener);
    peer.write_all(b"bye").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    bench.receives(session, b"bye");
    bench.wait(session, |what| matches!(what, What::PeerFinished { .. }).then_some(()));
    bench.send(session, b"not yet");
    bench.end(session, End::HalfClose);
    let mut rest = Vec::new();
    peer.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"not yet");
    assert_eq!(told(&bench.closed(session)), ("peer-closed", 3, 7));
    bench.finish();
}

/// There is no RST: whoever asks for one gets a close that waits for nothing.
#[test]
fn one_client_of_several_is_ended_at_once() {
    let ((_folder, path), mut bench) = (folder(), Bench::new());
    let session = bench.open(SessionSpec::UnixServer(server(&path)));
    bench.wait(session, is_listening);
    let mut first = connect(&path);
    let one = bench.joined(session);
    let mut second = connect(&path);
    let other = bench.joined(session);
    assert_ne!(one.address, other.address);
    let connections = Selection::Only(bench::ids(&[one]));
    bench.act(session, Action::End { connections, how: End::Reset });
    assert_eq!(first.read(&mut [0; 9]).unwrap(), 0);
    let (left, ending) = bench.left(session);
    assert_eq!((left, told(&ending)), (one, ("us", 0, 0)));
    bench.send_to(session, b"you alone", only(&[other]));
    let mut bytes = [0; 9];
    second.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"you alone");
    bench.close(session);
    assert!(!path.exists());
    bench.finish();
}

#[test]
fn a_client_comes_back_under_its_own_name() {
    let ((folder, path), mut bench) = (folder(), Bench::new());
    let own = folder.path().join("own.sock");
    let backoff = Backoff { first: Duration::from_millis(5), longest: Duration::from_millis(20) };
    let spec = UnixClientSpec { local: Some(place(&own)), ..client(&path) };
    let session = bench.open(SessionSpec::UnixClient(spec.clone()));
    assert_eq!(bench.failed(session).cause, Cause::NoSocket);
    assert!(!own.exists(), "nothing is left of an attempt");
    let session = bench.open(SessionSpec::UnixClient(UnixClientSpec { reconnect: Some(backoff), ..spec }));
    for _ in 0..2 {
        let listener = UnixListener::bind(&path).unwrap();
        let (peer, address) = listener.accept().unwrap();
        assert_eq!(address.as_pathname(), Some(own.as_path()));
        bench.wait(session, is_connected);
        // First, so that it does not come back to this one.
        drop(listener);
        std::fs::remove_file(&path).unwrap();
        drop(peer);
        let (_, ending) = bench.left(session);
        assert_eq!(ending.by.word(), "peer-closed");
    }
    bench.close(session);
    assert!(!own.exists());
    bench.finish();
}

/// Its file goes with the connection, and not with the next attempt: meanwhile its number could be another file's.
#[test]
fn the_file_of_a_client_goes_with_its_connection() {
    let ((folder, path), mut bench) = (folder(), Bench::new());
    let own = folder.path().join("own.sock");
    let never = Backoff { first: Duration::from_secs(3600), longest: Duration::from_secs(3600) };
    let spec = UnixClientSpec { local: Some(place(&own)), reconnect: Some(never), ..client(&path) };
    let listener = UnixListener::bind(&path).unwrap();
    let session = bench.open(SessionSpec::UnixClient(spec));
    let peer = accept(&listener);
    bench.wait(session, is_connected);
    assert!(own.exists());
    drop(peer);
    bench.left(session);
    assert!(!own.exists());
    bench.close(session);
    bench.finish();
}

/// A listener that accepts nobody and whose queue is full.
fn full(path: &Path) -> (Socket, Vec<UnixStream>) {
    let listener = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    listener.bind(&SockAddr::unix(path).unwrap()).unwrap();
    listener.listen(1).unwrap();
    let mut waiting = Vec::new();
    loop {
        let one = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        one.set_nonblocking(true).unwrap();
        match one.connect(&SockAddr::unix(path).unwrap()) {
            Ok(()) => waiting.push(one.into()),
            Err(problem) if problem.kind() == ErrorKind::WouldBlock => return (listener, waiting),
            Err(problem) => panic!("{problem}"),
        }
    }
}

/// Linux refuses at once where TCP would be silent; here the client waits all the same, and a close ends the wait.
#[cfg(target_os = "linux")]
#[test]
fn a_full_accept_queue_is_waited_for() {
    let ((_folder, path), mut bench) = (folder(), Bench::new());
    let (listener, waiting) = full(&path);
    let session = bench.open(SessionSpec::UnixClient(client(&path)));
    let given_up = bench.open(SessionSpec::UnixClient(client(&path)));
    bench.wait(given_up, |what| matches!(what, What::Opening { .. }).then_some(()));
    assert_eq!(bench.close(given_up).by.word(), "cancelled");
    let mut accepted = Vec::new();
    for _ in 0..=waiting.len() {
        accepted.push(listener.accept().unwrap().0);
    }
    bench.wait(session, is_connected);
    bench.close(session);
    bench.finish();
}

/// A place at which everything that passes waits until it is opened.
#[derive(Default)]
struct Barrier {
    open: Mutex<bool>,
    changed: Condvar,
}

impl Barrier {
    fn pass(&self) {
        let open = self.changed.wait_while(self.open.lock().unwrap(), |open| !*open).unwrap();
        drop(open);
    }

    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.changed.notify_all();
    }
}

/// While the recorder is behind, the senders wait: what was sent is what is recorded, without a gap.
#[test]
fn datagrams_are_lossless_while_the_recorder_is_behind() {
    let ((_folder, path), barrier) = (folder(), Arc::<Barrier>::default());
    let gate = barrier.clone();
    let mut bench = Bench::with(move |what| {
        if matches!(what, What::Received { .. }) {
            gate.pass();
        }
    });
    let session = bench.open(SessionSpec::UnixDatagram(datagram(Some(&path), None)));
    bench.wait(session, is_bound);
    let sender = UnixDatagram::unbound().unwrap();
    sender.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let message = |number: u32| [&number.to_le_bytes()[..], &[7; 60_000]].concat();
    let mut sent = 0;
    // Until everything on the way is full.
    while sender.send_to(&message(sent), &path).is_ok() {
        sent += 1;
        assert!(sent < 100_000, "nobody made the sender wait");
    }
    assert!(sent > 10, "only {sent} fit");
    barrier.open();
    sender.set_write_timeout(Some(PATIENCE)).unwrap();
    sender.send_to(&message(sent), &path).unwrap();
    for number in 0..=sent {
        let (_, bytes) = bench.received(session);
        assert!(bytes == message(number), "{number} is another one, or was cut");
    }
    bench.close(session);
    let rest = bench.finish();
    assert!(!rest.values().flatten().any(|what| matches!(what, What::Gap { .. })));
}

#[test]
fn a_receiver_that_does_not_read_holds_up_no_other() {
    let ((folder, path), mut bench) = (folder(), Bench::new());
    let (slow, lively) = (plain(&path), folder.path().join("lively"));
    let receiver = plain(&lively);
    let session = bench.open(SessionSpec::UnixDatagram(datagram(None, None)));
    bench.wait(session, is_bound);
    const MESSAGES: u32 = 3_000;
    for number in 0..MESSAGES {
        bench.send_to(session, &number.to_le_bytes(), Target::Path(place(&path)));
    }
    bench.send_to(session, b"past them", Target::Path(place(&lively)));
    let mut buffer = [0; 64];
    assert_eq!(receiver.recv(&mut buffer).unwrap(), 9);
    for number in 0..MESSAGES {
        assert_eq!(slow.recv(&mut buffer).unwrap(), 4);
        assert_eq!(buffer[..4], number.to_le_bytes());
    }
    let ending = bench.close(session);
    assert_eq!(ending.sent, u64::from(4 * MESSAGES + 9));
    bench.finish();
}

#[test]
fn what_waits_is_bounded_and_what_never_left_is_told() {
    let ((_folder, path), mut bench) = (folder(), Bench::new());
    let receiver = plain(&path);
    let session = bench.open(SessionSpec::UnixDatagram(datagram(None, Some(&path))));
    bench.wait(session, is_bound);
    const MESSAGES: u64 = 100;
    for _ in 0..MESSAGES {
        bench.send(session, &[1; 100_000]);
    }
    bench.act(session, Action::Close);
    let rest = bench.finish();
    let (mut sent, mut full, mut ended) = (0, 0, 0);
    for what in rest.values().flatten() {
        match what {
            What::Sent { .. } => sent += 1,
            What::Unsent { messages, reason: Unsent::QueueFull, .. } => full += messages,
            What::Unsent { messages, reason: Unsent::Ended, .. } => ended += messages,
            _ => {}
        }
    }
    // The receiver's queue holds a few, ours 4 MiB, and each message is in one of the three.
    assert_eq!(sent + full + ended, MESSAGES, "{sent} sent, {full} refused, {ended} left behind");
    assert!(sent > 0 && full > 0 && (1..=42).contains(&ended), "{sent} sent, {full} refused, {ended} left behind");
    drop(receiver);
}

#[test]
fn the_members_of_a_chat_hear_each_other() {
    let ((folder, path), mut bench) = (folder(), Bench::new());
    let spec = UnixDatagramSpec { reply: Some(Reply::Chat), ..datagram(Some(&path), None) };
    let session = bench.open(SessionSpec::UnixDatagram(spec));
    bench.wait(session, is_bound);
    let members: Vec<UnixDatagram> = ["a", "b"].map(|name| plain(&folder.path().join(name))).into();
    members[0].send_to(b"anyone?", &path).unwrap();
    bench.receives(session, b"anyone?");
    members[1].send_to(b"me", &path).unwrap();
    let mut buffer = [0; 9];
    assert_eq!(members[0].recv(&mut buffer).unwrap(), 2);
    // Whoever has no name listens in vain, and is no member.
    UnixDatagram::unbound().unwrap().send_to(b"psst", &path).unwrap();
    for member in &members {
        assert_eq!(member.recv(&mut buffer).unwrap(), 4);
    }
    bench.close(session);
    bench.finish();
}

#[test]
fn a_repetition_counts_what_it_sent() {
    let ((_folder, path), mut bench) = (folder(), Bench::new());
    let receiver = plain(&path);
    let session = bench.open(SessionSpec::UnixDatagram(datagram(None, Some(&path))));
    bench.wait(session, is_bound);
    let message = Message { bytes: b"tick"[..].into(), target: Target::Everyone };
    bench.act(session, Action::Repeat { message, every: Duration::from_millis(1), times: Some(3) });
    let sent = bench.wait(session, |what| match what {
        What::RepeatEnded { sent } => Some(*sent),
        _ => None,
    });
    assert_eq!(sent, 3);
    for _ in 0..3 {
        assert_eq!(receiver.recv(&mut [0; 9]).unwrap(), 4);
    }
    bench.close(session);
    bench.finish();
}

/// A flood from both kinds while everything is taken down: it ends soon, in order, and no file stays.
#[test]
fn a_flood_does_not_hold_up_the_end() {
    let ((folder, path), mut bench) = (folder(), Bench::new());
    let datagrams = folder.path().join("datagrams");
    let streams = bench.open(SessionSpec::UnixServer(UnixServerSpec { reply: Some(Reply::Echo), ..server(&path) }));
    let messages = bench.open(SessionSpec::UnixDatagram(datagram(Some(&datagrams), None)));
    bench.wait(streams, is_listening);
    bench.wait(messages, is_bound);
    let stop = Arc::new(AtomicBool::new(false));
    let mut stream = connect(&path);
    stream.set_write_timeout(Some(Duration::from_millis(50))).unwrap();
    let sender = UnixDatagram::unbound().unwrap();
    sender.set_write_timeout(Some(Duration::from_millis(50))).unwrap();
    let (stopped, target) = (stop.clone(), datagrams.clone());
    let flood = std::thread::spawn(move || {
        while !stopped.load(Ordering::Relaxed) {
            // Nobody reads the echo, so the stream fills; then it is closed, and the path is gone.
            stream.write_all(&[1; 10_000]).ok();
            sender.send_to(&[2; 10_000], &target).ok();
        }
    });
    bench.received(streams);
    bench.received(messages);
    let rest = bench.finish();
    stop.store(true, Ordering::Relaxed);
    flood.join().unwrap();
    let ends = rest.values().flatten().filter(|what| matches!(what, What::Closed { .. })).count();
    assert_eq!(ends, 2);
    assert!(!path.exists() && !datagrams.exists());
}

// ---- knobs

#[test]
fn a_read_that_is_too_small_cuts_a_datagram_and_tells_how_much() {
    let ((_folder, path), mut bench) = (folder(), Bench::new());
    let session = bench.open(SessionSpec::UnixDatagram(datagram(Some(&path), None)));
    bench.wait(session, is_bound);
    let set = |reading| Action::SetReading(reading);
    bench.act(session, set(Reading { size: Some(4), ..Reading::default() }));
    bench.wait(session, |what| matches!(what, What::Turned(_)).then_some(()));
    let sender = UnixDatagram::unbound().unwrap();
    sender.send_to(b"0123456789", &path).unwrap();
    sender.send_to(b"abcd", &path).unwrap();
    bench.receives(session, b"0123");
    let cut = bench.wait(session, |what| match what {
        What::Truncated { kept, whole, .. } => Some((*kept, *whole)),
        _ => None,
    });
    assert_eq!(cut, (4, cfg!(target_os = "linux").then_some(10)));
    bench.receives(session, b"abcd");
    // Not read at all: it waits, whole, until reading goes on.
    bench.act(session, set(Reading { held: Switch::On, ..Reading::default() }));
    bench.wait(session, |what| matches!(what, What::Turned(_)).then_some(()));
    sender.send_to(b"0123456789", &path).unwrap();
    bench.act(session, set(Reading { pause: Some(Duration::from_millis(1)), ..Reading::default() }));
    bench.receives(session, b"0123456789");
    bench.close(session);
    let rest = bench.finish();
    assert!(!rest.values().flatten().any(|what| matches!(what, What::Truncated { .. })));
}

#[test]
fn a_message_in_parts_is_several_datagrams_in_order() {
    let ((_folder, path), mut bench) = (folder(), Bench::new());
    let receiver = plain(&path);
    let session = bench.open(SessionSpec::UnixDatagram(datagram(None, Some(&path))));
    bench.wait(session, is_bound);
    let size = std::num::NonZeroU32::new(4).unwrap();
    for gap in [Duration::ZERO, Duration::from_millis(1)] {
        let message = Message { bytes: b"0123456789"[..].into(), target: Target::Everyone };
        bench.act(session, Action::SendInParts { message, parts: Parts { size, gap } });
        let mut buffer = [0; 64];
        for expected in [&b"0123"[..], b"4567", b"89"] {
            let length = receiver.recv(&mut buffer).unwrap();
            assert_eq!(&buffer[..length], expected);
        }
    }
    bench.act(session, Action::SetBuffers(Buffers { receive: None, send: Some(50_000) }));
    let granted = bench.wait(session, |what| match what {
        What::Turned(Knob::Buffers { send, .. }) => Some(*send),
        _ => None,
    });
    assert!(granted >= 50_000, "{granted}");
    bench.send(session, &vec![0; usize::try_from(granted).unwrap() + 1]);
    let cause = bench.trouble(session).cause;
    assert!(matches!(cause, Cause::BeyondBuffer { buffer, .. } if buffer as u64 == granted), "{cause:?}");
    bench.close(session);
    bench.finish();
}

/// A message in very many parts holds nothing up: a close is heard, and each byte has left, in order, or is told.
#[test]
fn a_burst_of_parts_lets_other_work_have_its_turn() {
    const LENGTH: usize = 3 << 20;
    let ((folder, path), mut bench) = (folder(), Bench::new());
    let own = folder.path().join("own");
    let receiver = plain(&path);
    let session = bench.open(SessionSpec::UnixDatagram(datagram(Some(&own), Some(&path))));
    bench.wait(session, is_bound);
    let reads = std::thread::spawn(move || {
        let (mut buffer, mut count) = ([0; 64], 0_u64);
        while receiver.recv(&mut buffer).unwrap() == 1 && buffer[0] == (count % 251) as u8 {
            count += 1;
        }
        count
    });
    let bytes: Arc<[u8]> = (0..LENGTH).map(|place| (place % 251) as u8).collect();
    let parts = Parts { size: std::num::NonZeroU32::new(1).unwrap(), gap: Duration::ZERO };
    bench.act(session, Action::SendInParts { message: Message { bytes, target: Target::Everyone }, parts });
    let sender = UnixDatagram::unbound().unwrap();
    sender.send_to(b"heard", &own).unwrap();
    bench.receives(session, b"heard");
    bench.act(session, Action::Close);
    let unsent = bench.wait(session, |what| match what {
        What::Unsent { messages, bytes, reason: Unsent::Ended, .. } => Some((*messages, *bytes)),
        _ => None,
    });
    let sent = bench.closed(session).sent;
    assert_eq!((unsent.0, sent + unsent.1), (1, LENGTH as u64));
    sender.send_to(b"end", &path).unwrap();
    assert_eq!(reads.join().unwrap(), sent);
    bench.finish();
}

/// What only TCP has changes nothing, and is no failure.
#[test]
fn knobs_of_a_stream_without_segments() {
    let ((_folder, path), mut bench) = (folder(), Bench::new());
    let session = bench.open(SessionSpec::UnixServer(server(&path)));
    bench.wait(session, is_listening);
    let mut peer = connect(&path);
    bench.joined(session);
    bench.act(session, Action::SetNoDelay(Switch::On));
    bench.act(session, Action::SetReading(Reading { size: Some(2), ..Reading::default() }));
    bench.wait(session, |what| matches!(what, What::Turned(Knob::Reading(_))).then_some(()));
    peer.write_all(b"abcde").unwrap();
    let reads: Vec<Vec<u8>> = (0..3).map(|_| bench.received(session).1).collect();
    assert_eq!(reads, [&b"ab"[..], b"cd", b"e"]);
    bench.close(session);
    let rest = bench.finish();
    assert!(!rest.values().flatten().any(|what| matches!(what, What::Trouble(_))), "{rest:?}");
}
