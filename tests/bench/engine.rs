//! How fast the engine records, beside a bare loop over the same sockets in the same run: `cargo bench`. It prints ratios, because
//! machines are noisy; it asserts only what must hold on any machine, that the books balance. Loopback only, bounded in count.

use sockscope::recorder::{Engine, Options};
use sockscope::session::command::{Action, Command};
use sockscope::session::draft::{Draft, ReplyChoice};
use sockscope::session::event::{SessionEvent, What};
use sockscope::session::id::{ConnectionId, Peer, SessionId};
use sockscope::session::spec::Role;
use sockscope::session::storage::AtLimit;
use sockscope::session::timestamp::Timestamp;
use sockscope::store::spool::Spool;
use sockscope::store::{archive, recover};
use sockscope::traffic::filing::Streams;
use sockscope::traffic::meter::Reading;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Bytes of the TCP flood.
const FLOOD: usize = 1 << 30;
/// Messages of 32 bytes.
const MESSAGES: usize = 200_000;
/// Datagrams of 64 bytes.
const DATAGRAMS: usize = 200_000;
/// Round trips.
const TRIPS: usize = 10_000;
/// Runs of each; the median is printed.
const RUNS: usize = 5;
/// The one session of an engine here.
const SESSION: SessionId = SessionId(1);

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    let scale = if std::env::args().any(|arg| arg == "--bench") { 1 } else { 1000 };
    let runs = if scale == 1 { RUNS } else { 1 };
    println!("{:<36}{:>14}{:>14}{:>9}", "", "bare loop", "engine", "ratio");
    let flood = FLOOD / scale;
    let (bare, engine) = pairs(runs, || bare_tcp(flood, 64 << 10, false), || engine_tcp(flood, 64 << 10, false));
    row("TCP, 64 KiB writes, GB/s", rate(flood, bare) / 1e9, rate(flood, engine) / 1e9);
    let (bare, engine) = pairs(runs, || bare_file(flood, 64 << 10), || engine_disk(flood, 64 << 10, false));
    row("the same to disk, GB/s", rate(flood, bare) / 1e9, rate(flood, engine) / 1e9);
    let count = MESSAGES / scale;
    let (bare, engine) = pairs(runs, || bare_tcp(count * 32, 32, true), || engine_tcp(count * 32, 32, true));
    row("TCP, 32 B messages, thousand/s", rate(count, bare) / 1e3, rate(count, engine) / 1e3);
    let (bare, engine) = pairs(runs, || bare_tcp(count * 32, 32, true), || engine_disk(count * 32, 32, true));
    row("the same to disk, thousand/s", rate(count, bare) / 1e3, rate(count, engine) / 1e3);
    for (name, size) in [("opening a left spool, 64 KiB, GB/s", 64 << 10), ("the same, 64 B, GB/s", 64)] {
        let (_folder, spool, bytes) = left_spool(flood / 4, size);
        let (bare, engine) = pairs(runs, || bare_reading(&spool), || opening(&spool));
        row(name, rate(bytes, bare) / 1e9, rate(bytes, engine) / 1e9);
    }
    let count = DATAGRAMS / scale;
    for (size, part) in [(64, 1), (1400, 10)] {
        let (bare, engine) = pairs(runs, || bare_udp(count / part, size), || engine_udp(count / part, size));
        row(&format!("UDP, {size} B flat out, fraction kept"), bare, engine);
    }
    let trips = TRIPS / scale;
    for (name, part) in [("p50", 0.5), ("p99", 0.99)] {
        let (bare, engine) = pairs(runs, || bare_echo(trips, part), || engine_echo(trips, part));
        row(&format!("echo of 64 B, {name} in µs"), bare, engine);
    }
}

/// The medians of two measurements, taken in turns so that both see the same machine.
fn pairs(runs: usize, mut bare: impl FnMut() -> f64, mut engine: impl FnMut() -> f64) -> (f64, f64) {
    let (mut left, mut right): (Vec<f64>, Vec<f64>) = (0..runs).map(|_| (bare(), engine())).unzip();
    left.sort_by(f64::total_cmp);
    right.sort_by(f64::total_cmp);
    (left[runs / 2], right[runs / 2])
}

fn row(name: &str, bare: f64, engine: f64) {
    println!("{name:<36}{bare:>14.3}{engine:>14.3}{:>9.2}", engine / bare);
}

fn rate(amount: usize, seconds: f64) -> f64 {
    amount as f64 / seconds
}

/// Sends `total` bytes in writes of `size` on a thread of its own.
fn send_tcp(to: SocketAddr, total: usize, size: usize, no_delay: bool) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut stream = TcpStream::connect(to).unwrap();
        stream.set_nodelay(no_delay).unwrap();
        let block = vec![b'x'; size];
        for _ in 0..total / size {
            stream.write_all(&block).unwrap();
        }
    })
}

fn bare_tcp(total: usize, size: usize, no_delay: bool) -> f64 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let start = Instant::now();
    let sender = send_tcp(listener.local_addr().unwrap(), total, size, no_delay);
    let (mut stream, _) = listener.accept().unwrap();
    let mut buffer = vec![0; 256 << 10];
    while stream.read(&mut buffer).unwrap() > 0 {}
    let seconds = start.elapsed().as_secs_f64();
    sender.join().unwrap();
    seconds
}

/// The plain loop that every recorder is measured by: read 256 KiB, write it to a file.
fn bare_file(total: usize, size: usize) -> f64 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut file = tempfile::tempfile_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let start = Instant::now();
    let sender = send_tcp(listener.local_addr().unwrap(), total, size, false);
    let (mut stream, _) = listener.accept().unwrap();
    let mut buffer = vec![0; 256 << 10];
    loop {
        match stream.read(&mut buffer).unwrap() {
            0 => break,
            count => file.write_all(&buffer[..count]).unwrap(),
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    sender.join().unwrap();
    seconds
}

fn engine_disk(total: usize, size: usize, no_delay: bool) -> f64 {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let root = folder.path().to_owned();
    let archive = archive::Options { root, limit: archive::DEFAULT_LIMIT, at_limit: AtLimit::DropOldest };
    engine_tcp_into(Some(archive), total, size, no_delay)
}

fn engine_tcp(total: usize, size: usize, no_delay: bool) -> f64 {
    engine_tcp_into(None, total, size, no_delay)
}

fn engine_tcp_into(archive: Option<archive::Options>, total: usize, size: usize, no_delay: bool) -> f64 {
    let (engine, local) = open_into(archive, Draft { local_port: "0".into(), ..Draft::new(Role::TcpServer) });
    let start = Instant::now();
    let sender = send_tcp(local, total, size, no_delay);
    let expected = (total / size * size) as u64;
    wait(&engine, |reading| reading.received.bytes == expected);
    let seconds = start.elapsed().as_secs_f64();
    sender.join().unwrap();
    engine.shut_down();
    seconds
}

/// A spool of so many bytes in records of this size, as a run leaves it that was killed; and its bytes on disk.
fn left_spool(total: usize, size: usize) -> (TempDir, PathBuf, usize) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("1");
    let mut spool = Spool::new(path.clone(), 64 << 20);
    let mut streams = Streams::default();
    let (peer, bytes) = (Peer::connected(ConnectionId(1), "127.0.0.1:9".parse().unwrap()), vec![b'x'; size].into());
    let event = SessionEvent { session: SESSION, at: Timestamp(0), what: What::Received { peer, bytes } };
    for _ in 0..total / size {
        let (id, record) = streams.file(&event).unwrap();
        spool.append(id, &record);
        if spool.waiting() >= 1 << 20 {
            spool.flush().unwrap();
        }
    }
    spool.flush().unwrap();
    let bytes = usize::try_from(spool.size()).unwrap();
    (folder, path, bytes)
}

fn bare_reading(folder: &Path) -> f64 {
    let start = Instant::now();
    let mut buffer = vec![0; 1 << 20];
    for file in std::fs::read_dir(folder).unwrap() {
        let mut file = File::open(file.unwrap().path()).unwrap();
        while file.read(&mut buffer).unwrap() > 0 {}
    }
    start.elapsed().as_secs_f64()
}

fn opening(folder: &Path) -> f64 {
    let start = Instant::now();
    let (_, cut) = recover::open(folder, |_| true).unwrap();
    assert_eq!(cut, 0);
    start.elapsed().as_secs_f64()
}

fn send_udp(to: SocketAddr, count: usize, size: usize) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut datagram = vec![0; size];
    for number in 0..count {
        datagram[..8].copy_from_slice(&number.to_le_bytes());
        socket.send_to(&datagram, to).unwrap();
    }
}

fn bare_udp(count: usize, size: usize) -> f64 {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).unwrap();
    socket.set_recv_buffer_size(4 << 20).unwrap();
    socket.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
    let socket: UdpSocket = socket.into();
    socket.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let to = socket.local_addr().unwrap();
    let sender = std::thread::spawn(move || send_udp(to, count, size));
    let mut buffer = [0; 2048];
    let mut kept = 0;
    while socket.recv_from(&mut buffer).is_ok() {
        kept += 1;
    }
    sender.join().unwrap();
    f64::from(kept) / count as f64
}

fn engine_udp(count: usize, size: usize) -> f64 {
    let (engine, local) = open(Draft { remote_host: String::new(), remote_port: String::new(), ..Draft::new(Role::Udp) });
    send_udp(local, count, size);
    // Sent is recorded or a gap, always.
    wait(&engine, |reading| reading.received.records + reading.lost == count as u64);
    let kept = reading(&engine).received.records as f64 / count as f64;
    engine.shut_down();
    kept
}

fn bare_echo(trips: usize, part: f64) -> f64 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        let mut buffer = [0; 2048];
        while let Ok(count) = stream.read(&mut buffer) {
            if count == 0 || stream.write_all(&buffer[..count]).is_err() {
                return;
            }
        }
    });
    let time = round_trips(to, trips, part);
    server.join().unwrap();
    time
}

fn engine_echo(trips: usize, part: f64) -> f64 {
    let (engine, local) =
        open(Draft { local_port: "0".into(), reply: ReplyChoice::Echo, no_delay: true, ..Draft::new(Role::TcpServer) });
    let time = round_trips(local, trips, part);
    engine.shut_down();
    time
}

/// The round trip of 64 bytes that so many of all are faster than, in microseconds.
fn round_trips(to: SocketAddr, trips: usize, part: f64) -> f64 {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = [7; 64];
    let mut times: Vec<f64> = (0..trips.max(1))
        .map(|_| {
            let start = Instant::now();
            stream.write_all(&buffer).unwrap();
            stream.read_exact(&mut buffer).unwrap();
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[((times.len() - 1) as f64 * part) as usize]
}

/// An engine with one open session, and where that is.
fn open(draft: Draft) -> (Engine, SocketAddr) {
    open_into(None, draft)
}

fn open_into(archive: Option<archive::Options>, draft: Draft) -> (Engine, SocketAddr) {
    let engine = Engine::start(Options { budget: 64 << 20, archive, tap: None, wake: Box::new(|| {}) }).unwrap();
    engine.commands().send(Command::To(SESSION, Action::Open(draft.spec().unwrap()))).unwrap();
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let local = engine.look().wait().session(SESSION).and_then(|session| session.local?.ip());
        if let Some(local) = local {
            return (engine, local);
        }
        assert!(Instant::now() < deadline, "the session did not open");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn reading(engine: &Engine) -> Reading {
    let model = engine.look().wait();
    model.session(SESSION).map(|session| session.meter.read(sockscope::recorder::now())).unwrap_or_default()
}

fn wait(engine: &Engine, done: impl Fn(&Reading) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !done(&reading(engine)) {
        assert!(Instant::now() < deadline, "the books do not balance: {:?}", reading(engine));
        std::thread::sleep(Duration::from_millis(1));
    }
}
