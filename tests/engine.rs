//! The engine on real loopback sockets, with plain sockets as peers: every ending, every refusal, and books that balance under flood.

#[path = "support/bench.rs"]
mod bench;

use bench::{Bench, PATIENCE, client, ids, only, server, udp};
use socket2::{Domain, SockRef, Socket, Type};
use sockscope::codec::encoding::Encoding;
use sockscope::session::address::Endpoint;
use sockscope::session::command::{Action, End, Message, Selection, Target};
use sockscope::session::event::{Ending, Origin, Place, Unsent, What};
use sockscope::session::failure::{Cause, Operation};
use sockscope::session::reply::Reply;
use sockscope::session::spec::{AfterPeerFin, Backoff, Membership, SessionSpec, Switch};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn accept(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn plain_udp(address: &str) -> UdpSocket {
    let socket = UdpSocket::bind(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn read_exactly(stream: &mut TcpStream, expected: &[u8]) {
    let mut bytes = vec![0; expected.len()];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(bytes, expected);
}

fn read_rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

fn reset(stream: TcpStream) {
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
}

fn told(ending: &Ending) -> (&'static str, u64, u64) {
    (ending.by.word(), ending.received, ending.sent)
}

fn repeat(bytes: &[u8], every: u64, times: Option<u64>) -> Action {
    let message = Message { bytes: bytes.into(), target: Target::Everyone };
    Action::Repeat { message, every: Duration::from_millis(every), times }
}

// ---- a client from connect to end

#[test]
fn a_client_talks_half_closes_and_hears_the_rest() {
    let (mut bench, (listener, address)) = (Bench::new(), listen());
    let session = bench.open(SessionSpec::TcpClient(client(address)));
    let mut peer = accept(&listener);
    let (seen, local) = bench.connected(session);
    assert_eq!((seen.address, local), (address.into(), peer.peer_addr().unwrap()));
    bench.send(session, b"hello");
    bench.send(session, b"");
    bench.end(session, End::HalfClose);
    assert_eq!(read_rest(&mut peer), b"hello");
    assert_eq!(bench.sent(session).1, b"hello");
    bench.wait(session, |what| matches!(what, What::Finished { .. }).then_some(()));
    // After our FIN a send cannot leave, and says so.
    bench.send(session, b"too late");
    assert_eq!(bench.trouble(session).cause, Cause::BrokenPipe);
    peer.write_all(b"still heard").unwrap();
    bench.receives(session, b"still heard");
    drop(peer);
    assert_eq!(told(&bench.closed(session)), ("peer-fin", 11, 5));
    bench.finish();
}

#[test]
fn a_peer_that_finishes_first() {
    let (mut bench, (listener, address)) = (Bench::new(), listen());
    let mut spec = client(address);
    spec.options.after_peer_fin = AfterPeerFin::StayOpen;
    let session = bench.open(SessionSpec::TcpClient(spec));
    let mut peer = accept(&listener);
    peer.write_all(b"bye").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    bench.receives(session, b"bye");
    bench.wait(session, |what| matches!(what, What::PeerFinished { .. }).then_some(()));
    bench.send(session, b"not yet");
    read_exactly(&mut peer, b"not yet");
    bench.end(session, End::HalfClose);
    assert_eq!(told(&bench.closed(session)), ("peer-fin", 3, 7));
    assert_eq!(read_rest(&mut peer), b"");
    bench.finish();
}

#[test]
fn nobody_listens() {
    let mut bench = Bench::new();
    let (listener, address) = listen();
    drop(listener);
    let session = bench.open(SessionSpec::TcpClient(client(address)));
    let failure = bench.failed(session);
    assert_eq!((failure.operation, failure.cause, failure.address), (Operation::Connect, Cause::Refused, address.to_string()));
    assert!(failure.os_code.is_some());
    // The same session can be opened again.
    bench.act(session, Action::Open(SessionSpec::TcpClient(client(address))));
    assert_eq!(bench.failed(session).cause, Cause::Refused);
    bench.finish();
}

/// An address that answers no SYN: a listener whose accept queue is full. `None` where the system does not drop them.
fn black_hole() -> Option<(Socket, Vec<Socket>, SocketAddr)> {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap().as_socket().unwrap();
    let mut held = Vec::new();
    for _ in 0..4 {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        if socket.connect_timeout(&address.into(), Duration::from_millis(200)).is_err() {
            return Some((listener, held, address));
        }
        held.push(socket);
    }
    println!("skipped: this system answers although the accept queue is full");
    None
}

#[test]
fn a_connect_that_nobody_answers_times_out_and_can_be_cancelled() {
    let Some((_listener, _held, address)) = black_hole() else { return };
    let mut bench = Bench::new();
    let mut spec = client(address);
    spec.connect_timeout = Duration::from_millis(200);
    let session = bench.open(SessionSpec::TcpClient(spec));
    let failure = bench.failed(session);
    assert_eq!((failure.operation, failure.cause), (Operation::Connect, Cause::TimedOut));

    let session = bench.open(SessionSpec::TcpClient(client(address)));
    bench.wait(session, |what| matches!(what, What::Trying { .. }).then_some(()));
    bench.send(session, b"x");
    assert_eq!(bench.trouble(session).cause, Cause::NotConnected);
    let start = Instant::now();
    assert_eq!(told(&bench.close(session)), ("cancelled", 0, 0));
    assert!(start.elapsed() < Duration::from_secs(1));
    bench.finish();
}

#[test]
fn a_name_becomes_rows() {
    let (mut bench, (listener, address)) = (Bench::new(), listen());
    let remote = Endpoint::parse(&format!("localhost:{}", address.port())).unwrap();
    let session = bench.open(SessionSpec::TcpClient(client(remote)));
    let found = bench.wait(session, |what| match what {
        What::Resolved { host, addresses } => Some((host.clone(), addresses.clone())),
        _ => None,
    });
    assert!(found.0 == "localhost" && found.1.contains(&address), "{found:?}");
    // The name may mean ::1 first, where nobody listens: that is a row too, and the next address is tried.
    for tried in &found.1 {
        let remote = bench.wait(session, |what| match what {
            What::Trying { remote } => Some(*remote),
            _ => None,
        });
        assert_eq!(remote, *tried);
        if remote == address {
            break;
        }
        bench.wait(session, |what| matches!(what, What::TryFailed(_)).then_some(()));
    }
    let _peer = accept(&listener);
    assert_eq!(bench.connected(session).0.address, address);
    bench.close(session);
    bench.finish();
}

#[test]
fn a_name_that_nobody_has() {
    let mut bench = Bench::new();
    let remote = Endpoint::parse("no-such-host.invalid:9").unwrap();
    let session = bench.open(SessionSpec::TcpClient(client(remote.clone())));
    let failure = bench.failed(session);
    assert_eq!((failure.operation, failure.address.as_str()), (Operation::Resolve, "no-such-host.invalid"));
    // For a datagram it is a row, and the session goes on.
    let session = bench.open(SessionSpec::Udp(udp("127.0.0.1:0")));
    let local = bench.bound(session);
    bench.send_to(session, b"x", Target::Address(remote));
    assert_eq!(bench.trouble(session).operation, Operation::Resolve);
    plain_udp("127.0.0.1:0").send_to(b"alive", local).unwrap();
    bench.receives(session, b"alive");
    bench.finish();
}

#[test]
fn a_client_comes_back() {
    let (mut bench, (listener, address)) = (Bench::new(), listen());
    drop(listener);
    let mut spec = client(address);
    spec.reconnect = Some(Backoff { first: Duration::from_millis(20), longest: Duration::from_millis(60) });
    let session = bench.open(SessionSpec::TcpClient(spec));
    let retry = |bench: &mut Bench| {
        bench.wait(session, |what| match what {
            What::Retrying { after, attempt } => Some((*attempt, after.as_millis())),
            _ => None,
        })
    };
    assert_eq!([retry(&mut bench), retry(&mut bench), retry(&mut bench)], [(1, 20), (2, 40), (3, 60)]);
    let listener = TcpListener::bind(address).unwrap();
    let mut peer = accept(&listener);
    let first = bench.connected(session).0;
    peer.write_all(b"one").unwrap();
    bench.receives(session, b"one");
    drop(peer);
    let (left, ending) = bench.left(session);
    assert_eq!((left, told(&ending)), (first, ("peer-fin", 3, 0)));
    assert_eq!(retry(&mut bench).0, 1, "a connection that was up starts the waits afresh");
    let _peer = accept(&listener);
    let second = bench.connected(session).0;
    assert_ne!(first.connection, second.connection);
    bench.send(session, b"two!");
    bench.sent(session);
    assert_eq!(told(&bench.close(session)), ("us", 3, 4), "the session's ending counts both connections");
    bench.finish();
}

#[test]
fn resets_from_both_sides() {
    let (mut bench, (listener, address)) = (Bench::new(), listen());
    let session = bench.open(SessionSpec::TcpClient(client(address)));
    let mut peer = accept(&listener);
    peer.write_all(b"abc").unwrap();
    bench.receives(session, b"abc");
    reset(peer);
    assert_eq!(told(&bench.closed(session)), ("peer-reset", 3, 0));

    let session = bench.open(SessionSpec::TcpClient(client(address)));
    let mut peer = accept(&listener);
    bench.connected(session);
    bench.end(session, End::Reset);
    assert_eq!(told(&bench.closed(session)), ("our-reset", 0, 0));
    assert_eq!(peer.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    bench.finish();
}

#[test]
fn a_close_sends_what_was_queued_before() {
    let (mut bench, (listener, address)) = (Bench::new(), listen());
    let session = bench.open(SessionSpec::TcpClient(client(address)));
    let mut peer = accept(&listener);
    bench.connected(session);
    let block = vec![b'x'; 3 << 20];
    bench.send(session, &block);
    bench.act(session, Action::Close);
    assert_eq!(read_rest(&mut peer).len(), block.len());
    assert_eq!(told(&bench.closed(session)), ("us", 0, block.len() as u64));

    // A peer that does not read cannot hold up a close; what did not leave is told.
    let session = bench.open(SessionSpec::TcpClient(client(address)));
    let peer = accept(&listener);
    bench.connected(session);
    let block = vec![b'x'; 64 << 20];
    bench.send(session, &block);
    bench.act(session, Action::Close);
    let (sent, length) = bench.wait(session, |what| match what {
        What::SentPartly { sent, length, .. } => Some((*sent, *length)),
        _ => None,
    });
    assert!(sent > 0 && sent < length && length == block.len() as u64);
    assert_eq!(told(&bench.closed(session)), ("us", 0, sent));
    drop(peer);
    bench.finish();
}

#[test]
fn an_open_session_cannot_be_opened_and_a_closed_one_sends_nothing() {
    let (mut bench, (listener, address)) = (Bench::new(), listen());
    let session = bench.open(SessionSpec::TcpClient(client(address)));
    let _peer = accept(&listener);
    bench.connected(session);
    bench.act(session, Action::Open(SessionSpec::TcpClient(client(address))));
    assert_eq!(bench.trouble(session).cause, Cause::Busy);
    bench.close(session);
    bench.send(session, b"x");
    assert_eq!(bench.trouble(session).cause, Cause::NotConnected);
    bench.finish();
}

// ---- a server and its clients

#[test]
fn a_thousand_clients_one_some_or_all() {
    let mut bench = Bench::new();
    let session = bench.open(SessionSpec::TcpServer(server("127.0.0.1:0")));
    let address = bench.listening(session);
    let mut streams: Vec<TcpStream> = Vec::new();
    let mut peers = Vec::new();
    for _ in 0..1000 {
        let stream = connect(address);
        let peer = bench.joined(session);
        assert_eq!(peer.address, stream.local_addr().unwrap());
        streams.push(stream);
        peers.push(peer);
    }
    bench.send_to(session, b"one", only(&peers[7..8]));
    bench.send_to(session, b"some", only(&peers[5..9]));
    bench.send(session, b"all");
    for (place, stream) in streams.iter_mut().enumerate() {
        let expected: &[u8] = match place {
            7 => b"onesomeall",
            5..9 => b"someall",
            _ => b"all",
        };
        read_exactly(stream, expected);
    }
    for stream in &mut streams {
        stream.write_all(b"up").unwrap();
    }
    for _ in 0..1000 {
        assert_eq!(bench.received(session).1, b"up");
    }
    bench.act(session, Action::End { connections: Selection::Only(ids(&peers[7..8])), how: End::Close });
    assert_eq!(read_rest(&mut streams[7]), b"");
    let (left, ending) = bench.left(session);
    assert_eq!((left, told(&ending)), (peers[7], ("us", 2, 10)));
    bench.act(session, Action::End { connections: Selection::Only(ids(&peers[8..9])), how: End::Reset });
    assert_eq!(streams[8].read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    let start = Instant::now();
    bench.act(session, Action::Close);
    for _ in 0..999 {
        bench.left(session);
    }
    // The session's own ending counts every client: "one" once, "some" four times, "all" and "up" a thousand times.
    assert_eq!(told(&bench.closed(session)), ("us", 2000, 3 + 16 + 3000));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(read_rest(&mut streams[0]), b"");
    bench.finish();
}

#[test]
fn a_client_that_never_reads_stalls_nobody_and_the_books_balance() {
    let mut bench = Bench::new();
    let session = bench.open(SessionSpec::TcpServer(server("127.0.0.1:0")));
    let address = bench.listening(session);
    let _stalled = connect(address);
    let stalled = bench.joined(session);
    let mut reader = connect(address);
    bench.joined(session);
    let block = vec![b'x'; 64 << 10];
    let messages = 400;
    for _ in 0..messages {
        bench.send(session, &block);
        read_exactly(&mut reader, &block);
    }
    bench.act(session, Action::Close);
    // Every message to the client that never reads was sent, or sent in part, or told as not sent.
    let (mut whole, mut unsent, mut refused) = (0, 0, 0);
    loop {
        let done = bench.wait(session, |what| match what {
            What::Sent { peer, bytes, .. } if *peer == stalled && bytes.len() == block.len() => Some((1, 0, 0, false)),
            What::SentPartly { peer, .. } if *peer == stalled => Some((1, 0, 0, false)),
            What::Unsent { peer: Some(peer), messages, reason, .. } if *peer == stalled => {
                Some((0, *messages, if *reason == Unsent::QueueFull { *messages } else { 0 }, false))
            }
            What::Closed { .. } => Some((0, 0, 0, true)),
            _ => None,
        });
        whole += done.0;
        unsent += done.1;
        refused += done.2;
        if done.3 {
            break;
        }
    }
    assert_eq!(whole + unsent, messages, "sent {whole}, not sent {unsent}");
    assert!(refused > 0, "the queue has a bound");
    bench.finish();
}

#[test]
fn answers() {
    let fixed: Arc<[u8]> = Encoding::GBK.encode("收到").unwrap().into();
    let table: [(Reply, &[u8], &[u8]); 3] = [
        (Reply::Echo, b"\xc4\xe3\xff", b"\xc4\xe3\xff"),
        (Reply::Upper(Encoding::GBK), b"a\x81\x61\xc4\xe3", b"A\x81\x61\xc4\xe3"),
        (Reply::Fixed(fixed), b"?", b"\xca\xd5\xb5\xbd"),
    ];
    let mut bench = Bench::new();
    for (reply, asked, answered) in table {
        let mut spec = server("127.0.0.1:0");
        spec.reply = Some(reply.clone());
        let session = bench.open(SessionSpec::TcpServer(spec));
        let mut peer = connect(bench.listening(session));
        peer.write_all(asked).unwrap();
        read_exactly(&mut peer, answered);
        bench.wait(session, |what| matches!(what, What::Sent { origin: Origin::Reply, .. }).then_some(()));

        let mut spec = udp("127.0.0.1:0");
        spec.reply = Some(reply);
        let session = bench.open(SessionSpec::Udp(spec));
        let local = bench.bound(session);
        let peer = plain_udp("127.0.0.1:0");
        peer.send_to(asked, local).unwrap();
        let mut buffer = [0; 100];
        let length = peer.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], answered);
    }
    // Chat goes to all the others; switched off while open, nothing is answered.
    let mut spec = server("127.0.0.1:0");
    spec.reply = Some(Reply::Chat);
    let session = bench.open(SessionSpec::TcpServer(spec));
    let address = bench.listening(session);
    let mut streams: Vec<TcpStream> = (0..3).map(|_| connect(address)).collect();
    for _ in 0..3 {
        bench.joined(session);
    }
    streams[1].write_all(b"hi").unwrap();
    read_exactly(&mut streams[0], b"hi");
    read_exactly(&mut streams[2], b"hi");
    bench.act(session, Action::SetReply(None));
    // Commands are done in order: when this has arrived, nothing is answered any more.
    bench.send(session, b"off");
    streams.iter_mut().for_each(|stream| read_exactly(stream, b"off"));
    streams[0].write_all(b"alone").unwrap();
    bench.wait(session, |what| matches!(what, What::Received { bytes, .. } if **bytes == *b"alone").then_some(()));
    bench.send(session, b"end");
    read_exactly(&mut streams[1], b"end");
    bench.finish();
}

#[test]
fn an_echo_to_a_peer_that_never_reads_stops_reading_and_loses_nothing() {
    let mut bench = Bench::new();
    let mut spec = server("127.0.0.1:0");
    spec.reply = Some(Reply::Echo);
    let session = bench.open(SessionSpec::TcpServer(spec));
    let mut peer = connect(bench.listening(session));
    let mut writer = peer.try_clone().unwrap();
    let total = 32 << 20;
    let writing = std::thread::spawn(move || {
        let block = vec![b'e'; 1 << 16];
        (0..total / block.len()).for_each(|_| writer.write_all(&block).unwrap());
        writer.shutdown(Shutdown::Write).unwrap();
    });
    assert_eq!(read_rest(&mut peer).len(), total);
    writing.join().unwrap();
    assert_eq!(told(&bench.left(session).1), ("peer-fin", total as u64, total as u64));
    bench.finish();
}

// ---- addresses

#[test]
fn an_address_in_use_names_its_owner() {
    let mut bench = Bench::new();
    let (_listener, address) = listen();
    let session = bench.open(SessionSpec::TcpServer(server(&address.to_string())));
    let tcp = bench.failed(session);
    let held = plain_udp("127.0.0.1:0");
    let session = bench.open(SessionSpec::Udp(udp(&held.local_addr().unwrap().to_string())));
    for failure in [tcp, bench.failed(session)] {
        assert_eq!(failure.operation, Operation::Bind);
        let Cause::AddressInUse(owner) = &failure.cause else { panic!("{failure:?}") };
        if cfg!(target_os = "linux") {
            assert_eq!(owner.as_ref().map(|owner| owner.pid), Some(std::process::id()));
        }
    }
    bench.finish();
}

#[test]
fn an_address_of_another_machine() {
    let mut bench = Bench::new();
    for spec in [SessionSpec::TcpServer(server("203.0.113.7:0")), SessionSpec::Udp(udp("203.0.113.7:0"))] {
        let session = bench.open(spec);
        let failure = bench.failed(session);
        assert_eq!((failure.operation, failure.cause), (Operation::Bind, Cause::AddressNotAvailable));
    }
    bench.finish();
}

#[test]
fn over_ipv6_too() {
    if UdpSocket::bind("[::1]:0").is_err() {
        println!("skipped: no IPv6 here");
        return;
    }
    let mut bench = Bench::new();
    let session = bench.open(SessionSpec::TcpServer(server("[::1]:0")));
    let address = bench.listening(session);
    let other = bench.open(SessionSpec::TcpClient(client(address)));
    bench.joined(session);
    bench.connected(other);
    bench.send(other, b"six");
    bench.receives(session, b"six");
    let session = bench.open(SessionSpec::Udp(udp("[::1]:0")));
    let local = bench.bound(session);
    plain_udp("[::1]:0").send_to(b"six", local).unwrap();
    let (peer, bytes) = bench.received(session);
    assert!(peer.address.ip().is_some_and(|address| address.is_ipv6()) && bytes == b"six");
    bench.send_to(session, b"back", Target::LastSender);
    assert_eq!(bench.sent(session).0, peer);
    let nobody = plain_udp("[::1]:0").local_addr().unwrap();
    bench.send_to(session, b"x", Target::Address(nobody.into()));
    assert_eq!(bench.trouble(session).cause, Cause::PortUnreachable);
    bench.finish();
}

// ---- datagrams

#[test]
fn datagrams_of_every_size() {
    let mut bench = Bench::new();
    let session = bench.open(SessionSpec::Udp(udp("127.0.0.1:0")));
    let local = bench.bound(session);
    let peer = plain_udp("127.0.0.1:0");
    let from = peer.local_addr().unwrap();
    let mut buffer = vec![0; 1 << 16];
    for size in [0, 1, 1472, 1473, 9000, 65_506, 65_507] {
        let bytes: Vec<u8> = (0..size).map(|place| place as u8).collect();
        peer.send_to(&bytes, local).unwrap();
        let (source, received) = bench.received(session);
        assert!(source.address == from && received == bytes, "{size}");
        bench.send_to(session, &bytes, Target::LastSender);
        let length = peer.recv(&mut buffer).unwrap();
        assert!(buffer[..length] == bytes, "{size}");
        assert_eq!(bench.sent(session).1.len(), size);
    }
    bench.send_to(session, &vec![0; 65_508], Target::LastSender);
    let failure = bench.trouble(session);
    assert_eq!((failure.operation, failure.cause), (Operation::Send, Cause::MessageTooLong { length: 65_508 }));
    bench.send_to(session, b"goes on", Target::LastSender);
    assert_eq!(bench.sent(session).1, b"goes on");
    bench.finish();
}

#[test]
fn targets_that_are_not_there() {
    let mut bench = Bench::new();
    let session = bench.open(SessionSpec::Udp(udp("127.0.0.1:0")));
    bench.bound(session);
    bench.send(session, b"x");
    assert_eq!(bench.trouble(session).cause, Cause::NoTarget);
    bench.send_to(session, b"x", Target::LastSender);
    assert_eq!(bench.trouble(session).cause, Cause::NoSender);
    let session = bench.open(SessionSpec::TcpServer(server("127.0.0.1:0")));
    bench.listening(session);
    bench.send(session, b"x");
    assert_eq!(bench.trouble(session).cause, Cause::NotConnected);
    bench.finish();
}

#[test]
fn a_port_that_nobody_has_is_a_row_and_the_session_goes_on() {
    let mut bench = Bench::new();
    let session = bench.open(SessionSpec::Udp(udp("127.0.0.1:0")));
    let local = bench.bound(session);
    let gone = plain_udp("127.0.0.1:0").local_addr().unwrap();
    for _ in 0..3 {
        bench.send_to(session, b"anyone?", Target::Address(gone.into()));
        let failure = bench.trouble(session);
        assert_eq!((failure.cause, failure.address), (Cause::PortUnreachable, gone.to_string()));
    }
    let peer = plain_udp("127.0.0.1:0");
    peer.send_to(b"here", local).unwrap();
    bench.receives(session, b"here");
    bench.send_to(session, b"hello", Target::LastSender);
    let mut buffer = [0; 10];
    assert_eq!(peer.recv(&mut buffer).unwrap(), 5);
    assert_eq!(told(&bench.close(session)).0, "us");
    bench.finish();
}

#[test]
fn a_broadcast_needs_its_switch() {
    let mut bench = Bench::new();
    let session = bench.open(SessionSpec::Udp(udp("0.0.0.0:0")));
    let everyone = || Target::Address(Endpoint::parse("255.255.255.255:9").unwrap());
    bench.bound(session);
    bench.send_to(session, b"x", everyone());
    let failure = bench.trouble(session);
    assert_eq!(failure.cause, Cause::BroadcastNotPermitted);
    assert!(failure.os_code.is_some(), "the system's own error");
    bench.act(session, Action::SetBroadcast(Switch::On));
    bench.wait(session, |what| matches!(what, What::BroadcastSet(Switch::On)).then_some(()));
    bench.send_to(session, b"x", everyone());
    let refused = bench.wait(session, |what| match what {
        What::Sent { .. } => Some(None),
        What::Trouble(failure) => Some(Some(failure.cause.clone())),
        _ => None,
    });
    assert_ne!(refused, Some(Cause::BroadcastNotPermitted));
    bench.finish();
}

#[test]
fn groups_on_the_loopback() {
    let mut bench = Bench::new();
    let session = bench.open(SessionSpec::Udp(udp("0.0.0.0:0")));
    let port = bench.bound(session).port();
    let group = Membership::parse("239.255.77.7@lo").unwrap();
    bench.act(session, Action::Join(group.clone()));
    let joined = bench.wait(session, |what| match what {
        What::GroupJoined(_) => Some(true),
        What::Trouble(_) => Some(false),
        _ => None,
    });
    let sender = Socket::new(Domain::IPV4, Type::DGRAM, None).unwrap();
    sender.set_multicast_if_v4(&Ipv4Addr::LOCALHOST).unwrap();
    let to: SocketAddr = SocketAddr::from((Ipv4Addr::new(239, 255, 77, 7), port));
    if !joined || sender.send_to(b"to the group", &to.into()).is_err() {
        println!("skipped: no multicast on this loopback");
        return;
    }
    bench.receives(session, b"to the group");
    bench.act(session, Action::Leave(group));
    bench.wait(session, |what| matches!(what, What::GroupLeft(_)).then_some(()));
    bench.act(session, Action::Join(Membership::parse("239.1.1.1@no-such-interface").unwrap()));
    let failure = bench.trouble(session);
    assert_eq!((failure.operation, failure.cause), (Operation::Join, Cause::AddressNotAvailable));
    bench.finish();
}

// ---- again and again

#[test]
fn a_repetition_counts() {
    let mut bench = Bench::new();
    let peer = plain_udp("127.0.0.1:0");
    let mut spec = udp("127.0.0.1:0");
    spec.remote = Some(peer.local_addr().unwrap().into());
    let session = bench.open(SessionSpec::Udp(spec));
    bench.bound(session);
    bench.act(session, repeat(b"tick", 5, Some(5)));
    bench.wait(session, |what| matches!(what, What::RepeatStarted { times: Some(5), .. }).then_some(()));
    for _ in 0..5 {
        let origin = bench.wait(session, |what| match what {
            What::Sent { origin, .. } => Some(*origin),
            _ => None,
        });
        assert_eq!(origin, Origin::Repeat);
    }
    let ended = |what: &What| match what {
        What::RepeatEnded { sent } => Some(*sent),
        _ => None,
    };
    assert_eq!(bench.wait(session, ended), 5);
    bench.act(session, repeat(b"tock", 1, None));
    bench.sent(session);
    bench.act(session, Action::StopRepeat);
    let told = bench.wait(session, ended);
    bench.act(session, repeat(b"x", 1000, None));
    bench.close(session);
    peer.set_nonblocking(true).unwrap();
    let (mut arrived, mut buffer) = (0, [0; 10]);
    while let Ok(length) = peer.recv(&mut buffer) {
        arrived += u64::from(length == 4);
    }
    assert_eq!(arrived, 5 + told);
    bench.finish();
}

// ---- defects that a review found

#[test]
fn a_session_that_is_opened_again_numbers_its_connections_on() {
    let mut bench = Bench::new();
    let session = bench.open(SessionSpec::TcpServer(server("127.0.0.1:0")));
    let _one = connect(bench.listening(session));
    let first = bench.joined(session);
    bench.close(session);
    bench.act(session, Action::Open(SessionSpec::TcpServer(server("127.0.0.1:0"))));
    let _two = connect(bench.listening(session));
    assert_ne!(bench.joined(session).connection, first.connection);
    bench.finish();
}

#[test]
fn every_send_behind_a_close_is_told() {
    const SENDS: u64 = 300;
    let (mut bench, (listener, address)) = (Bench::new(), listen());
    for spec in [
        SessionSpec::TcpClient(client(address)),
        SessionSpec::TcpServer(server("127.0.0.1:0")),
        SessionSpec::Udp(udp("127.0.0.1:0")),
    ] {
        let is_client = matches!(spec, SessionSpec::TcpClient(_));
        let session = bench.open(spec);
        let _peer = is_client.then(|| (accept(&listener), bench.connected(session)));
        bench.act(session, Action::Close);
        for _ in 0..SENDS {
            bench.send(session, b"x");
        }
        let mut told = 0;
        let mut ended = false;
        while told < SENDS {
            let (more, end) = bench.wait(session, |what| match what {
                What::Unsent { messages, reason, .. } => Some((*messages, *reason == Unsent::QueueFull)),
                What::Trouble(failure) if failure.cause == Cause::NotConnected => Some((1, false)),
                What::Closed { .. } => Some((0, false)),
                _ => None,
            });
            assert!(!end, "the queue was not full");
            told += more;
            ended |= more == 0;
        }
        assert_eq!(told, SENDS);
        if !ended {
            bench.closed(session);
        }
    }
    bench.finish();
}

#[test]
fn a_client_comes_back_to_a_peer_that_resets_at_once() {
    let (mut bench, (listener, address)) = (Bench::new(), listen());
    let mut spec = client(address);
    spec.reconnect = Some(Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(1) });
    let session = bench.open(SessionSpec::TcpClient(spec));
    for _ in 0..300 {
        reset(accept(&listener));
        let failed = bench.wait(session, |what| match what {
            What::Retrying { .. } => Some(None),
            What::Failed(failure) => Some(Some(failure.clone())),
            _ => None,
        });
        assert_eq!(failed, None);
    }
    bench.close(session);
    bench.finish();
}

#[test]
fn a_dual_stack_socket_talks_ipv4_and_hears_of_its_errors() {
    if UdpSocket::bind("[::]:0").is_err() {
        println!("skipped: no IPv6 here");
        return;
    }
    let mut bench = Bench::new();
    let session = bench.open(SessionSpec::Udp(udp("[::]:0")));
    let port = bench.bound(session).port();
    let gone = plain_udp("127.0.0.1:0").local_addr().unwrap();
    bench.send_to(session, b"anyone?", Target::Address(gone.into()));
    assert_eq!(bench.sent(session).0.address, gone);
    if cfg!(target_os = "linux") {
        let failure = bench.trouble(session);
        assert_eq!((failure.cause, failure.address), (Cause::PortUnreachable, gone.to_string()));
    }
    // An IPv4 peer is shown as what it is, and is answered.
    let peer = plain_udp("127.0.0.1:0");
    peer.send_to(b"four", (Ipv4Addr::LOCALHOST, port)).unwrap();
    let (from, bytes) = bench.received(session);
    assert_eq!((from.address, bytes.as_slice()), (peer.local_addr().unwrap().into(), &b"four"[..]));
    bench.send_to(session, b"back", Target::LastSender);
    assert_eq!(peer.recv(&mut [0; 10]).unwrap(), 4);
    assert_eq!(bench.sent(session).0, from);
    bench.finish();
}

#[test]
fn a_server_closes_at_once_although_a_client_has_just_come() {
    let mut bench = Bench::new();
    for _ in 0..60 {
        let session = bench.open(SessionSpec::TcpServer(server("127.0.0.1:0")));
        let address = bench.listening(session);
        let _stream = connect(address);
        let start = Instant::now();
        bench.close(session);
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    }
    bench.finish();
}

#[test]
fn a_repetition_to_nobody_ends_and_says_so() {
    let mut bench = Bench::new();
    let ended = |what: &What| match what {
        What::RepeatEnded { sent } => Some(*sent),
        _ => None,
    };
    let session = bench.open(SessionSpec::TcpServer(server("127.0.0.1:0")));
    bench.listening(session);
    bench.act(session, repeat(b"x", 1, None));
    assert_eq!(bench.trouble(session).cause, Cause::NotConnected);
    assert_eq!(bench.wait(session, ended), 0);
    let session = bench.open(SessionSpec::Udp(udp("127.0.0.1:0")));
    bench.bound(session);
    bench.act(session, repeat(b"x", 1, None));
    assert_eq!(bench.trouble(session).cause, Cause::NoTarget);
    assert_eq!(bench.wait(session, ended), 0);
    bench.finish();
}

#[test]
fn refused_datagrams_are_summed_up() {
    const SENDS: u64 = 600;
    let mut bench = Bench::new();
    let session = bench.open(SessionSpec::Udp(udp("127.0.0.1:0")));
    bench.bound(session);
    let peer = plain_udp("127.0.0.1:0");
    let remote = Endpoint::parse(&format!("localhost:{}", peer.local_addr().unwrap().port())).unwrap();
    let start = Instant::now();
    for _ in 0..SENDS {
        // While the name is looked up they wait, up to the bound.
        bench.send_to(session, &[0; 60_000], Target::Address(remote.clone()));
    }
    let (mut told, mut rows) = (0, 0);
    while told < SENDS {
        let (messages, row) = bench.wait(session, |what| match what {
            What::Sent { .. } => Some((1, 0)),
            What::Unsent { messages, reason: Unsent::QueueFull, .. } => Some((*messages, 1)),
            _ => None,
        });
        told += messages;
        rows += row;
    }
    assert_eq!(told, SENDS);
    assert!(rows <= 2 + start.elapsed().as_millis() / 500, "{rows} rows");
    bench.finish();
}

#[test]
fn a_half_close_that_meets_a_reset_is_a_reset() {
    let (mut bench, (listener, address)) = (Bench::new(), listen());
    for _ in 0..200 {
        let session = bench.open(SessionSpec::TcpClient(client(address)));
        let mut peer = accept(&listener);
        bench.connected(session);
        peer.write_all(b"abc").unwrap();
        reset(peer);
        bench.end(session, End::HalfClose);
        assert_eq!(told(&bench.closed(session)), ("peer-reset", 3, 0));
    }
    bench.finish();
}

// ---- floods

/// A number for bytes in order: FNV-1a, enough to see that not one is missing, doubled or moved.
struct Sum(u64);

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}

#[test]
fn a_tcp_flood_is_recorded_to_the_last_byte() {
    const TOTAL: usize = 48 << 20;
    let sum = Arc::new(Mutex::new((Sum(0), 0)));
    let mut bench = Bench::with({
        let sum = sum.clone();
        move |what| {
            if let What::Received { bytes, .. } = what {
                let mut sum = sum.lock().unwrap();
                sum.0.add(bytes);
                sum.1 += bytes.len();
            }
        }
    });
    let session = bench.open(SessionSpec::TcpServer(server("127.0.0.1:0")));
    let mut peer = connect(bench.listening(session));
    let mut expected = Sum(0);
    let mut block = vec![0; 1 << 16];
    for round in 0..TOTAL / block.len() {
        block.iter_mut().enumerate().for_each(|(place, byte)| *byte = (place * 31 + round * 7 + place / 251) as u8);
        expected.add(&block);
        peer.write_all(&block).unwrap();
    }
    drop(peer);
    assert_eq!(told(&bench.left(session).1), ("peer-fin", TOTAL as u64, 0));
    let sum = sum.lock().unwrap();
    assert!(sum.1 == TOTAL && sum.0.0 == expected.0);
    let look = bench.engine().look().clone();
    {
        let model = look.wait();
        let reading = model.session(session).unwrap().meter.read(sockscope::recorder::now());
        assert_eq!(reading.received.bytes, TOTAL as u64);
    }
    bench.finish();
}

/// Counts what a UDP session has recorded and what it has missed.
#[derive(Default)]
struct Books {
    recorded: AtomicU64,
    missed_by_us: AtomicU64,
    missed_by_kernel: AtomicU64,
}

impl Books {
    fn note(&self, what: &What) {
        match what {
            What::Received { .. } => self.recorded.fetch_add(1, Ordering::SeqCst),
            What::Gap { datagrams, place: Place::Sockscope, .. } => self.missed_by_us.fetch_add(*datagrams, Ordering::SeqCst),
            What::Gap { datagrams, place: Place::Kernel, .. } => self.missed_by_kernel.fetch_add(*datagrams, Ordering::SeqCst),
            _ => 0,
        };
    }

    fn all(&self) -> (u64, u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::SeqCst);
        (read(&self.recorded), read(&self.missed_by_us), read(&self.missed_by_kernel))
    }

    fn total(&self) -> u64 {
        let (recorded, by_us, by_kernel) = self.all();
        recorded + by_us + by_kernel
    }
}

/// Sends so many datagrams as fast as it can; each must be counted once.
fn flood(to: SocketAddr, count: u64, size: usize) {
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let block = vec![b'f'; size];
    for _ in 0..count {
        // A full send buffer blocks; any other refusal would be a datagram that was never sent.
        sender.send_to(&block, to).unwrap();
    }
}

#[test]
fn a_udp_flood_is_recorded_or_counted_as_lost() {
    const COUNT: u64 = 100_000;
    let books = Arc::new(Books::default());
    let mut bench = Bench::with({
        let books = books.clone();
        move |what| books.note(what)
    });
    let session = bench.open(SessionSpec::Udp(udp("127.0.0.1:0")));
    let local = bench.bound(session);
    flood(local, COUNT, 200);
    // The close comes while datagrams still wait in the system's buffer: those had arrived, and count too.
    bench.close(session);
    assert_eq!(books.total(), COUNT, "{:?}", books.all());
    bench.finish();
}

/// A bench whose recorder stands still at the first datagram until the gate is opened.
fn behind_a_gate(books: &Arc<Books>) -> (Bench, impl FnOnce()) {
    let gate = Arc::new((Mutex::new(true), Condvar::new()));
    let (books, shared) = (books.clone(), gate.clone());
    let bench = Bench::with(move |what| {
        if matches!(what, What::Received { .. }) {
            let shut = shared.0.lock().unwrap();
            drop(shared.1.wait_while(shut, |shut| *shut).unwrap());
        }
        books.note(what);
    });
    let open = move || {
        *gate.0.lock().unwrap() = false;
        gate.1.notify_all();
    };
    (bench, open)
}

#[test]
fn datagrams_that_arrived_before_a_close_are_counted() {
    const COUNT: u64 = 30_000;
    let books = Arc::new(Books::default());
    let (mut bench, open_gate) = behind_a_gate(&books);
    let session = bench.open(SessionSpec::Udp(udp("127.0.0.1:0")));
    let local = bench.bound(session);
    flood(local, COUNT, 100);
    // By now the session waits for the recorder, and thousands of datagrams wait in the system's buffer.
    bench.act(session, Action::Close);
    open_gate();
    bench.closed(session);
    assert_eq!(books.total(), COUNT, "{:?}", books.all());
    bench.finish();
}

#[test]
fn a_udp_flood_beyond_what_can_be_kept_leaves_gaps_that_balance() {
    const COUNT: u64 = 60_000;
    let books = Arc::new(Books::default());
    let (mut bench, open_gate) = behind_a_gate(&books);
    let session = bench.open(SessionSpec::Udp(udp("127.0.0.1:0")));
    let local = bench.bound(session);
    flood(local, COUNT, 1000);
    open_gate();
    let start = Instant::now();
    while books.total() < COUNT && start.elapsed() < PATIENCE {
        bench.wait(session, |what| matches!(what, What::Received { .. } | What::Gap { .. }).then_some(()));
    }
    let (recorded, by_us, by_kernel) = books.all();
    assert_eq!(recorded + by_us + by_kernel, COUNT, "recorded {recorded}, missed {by_us}, dropped {by_kernel}");
    assert!(recorded > 0 && by_us + by_kernel > 0, "recorded {recorded}, missed {by_us}, dropped {by_kernel}");
    let look = bench.engine().look().clone();
    bench.close(session);
    let lost = look.wait().session(session).unwrap().meter.read(sockscope::recorder::now()).lost;
    assert_eq!(lost, by_us + by_kernel, "the status bar says the same");
    bench.finish();
}

#[test]
fn shutting_down_under_flood_takes_less_than_two_seconds() {
    let mut bench = Bench::new();
    let tcp = bench.open(SessionSpec::TcpServer(server("127.0.0.1:0")));
    let mut spec = server("127.0.0.1:0");
    spec.reply = Some(Reply::Echo);
    let echo = bench.open(SessionSpec::TcpServer(spec));
    let datagrams = bench.open(SessionSpec::Udp(udp("127.0.0.1:0")));
    let (tcp, echo, datagrams) = (bench.listening(tcp), bench.listening(echo), bench.bound(datagrams));
    let stop = Arc::new(AtomicBool::new(false));
    let mut floods = Vec::new();
    for address in [tcp, echo, tcp] {
        let (stop, mut peer) = (stop.clone(), connect(address));
        floods.push(std::thread::spawn(move || {
            let block = vec![b'x'; 1 << 16];
            // It ends when the engine closes the connection.
            while !stop.load(Ordering::SeqCst) && peer.write_all(&block).is_ok() {}
        }));
    }
    let sender = plain_udp("127.0.0.1:0");
    floods.push(std::thread::spawn({
        let stop = stop.clone();
        move || {
            while !stop.load(Ordering::SeqCst) {
                sender.send_to(&[b'u'; 500], datagrams).ok();
            }
        }
    }));
    // The floods are under way.
    let sessions: Vec<_> = bench.engine().look().wait().sessions().map(|(id, _)| id).collect();
    for session in sessions {
        bench.received(session);
    }
    let start = Instant::now();
    bench.finish();
    let took = start.elapsed();
    stop.store(true, Ordering::SeqCst);
    floods.into_iter().for_each(|flood| flood.join().unwrap());
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn an_echo_never_answers_its_own_datagrams() {
    for local in ["127.0.0.1:0", "0.0.0.0:0"] {
        let mut bench = Bench::new();
        let session = bench.open(SessionSpec::Udp(sockscope::session::spec::UdpSpec { reply: Some(Reply::Echo), ..udp(local) }));
        let own = SocketAddr::new("127.0.0.1".parse().unwrap(), bench.bound(session).port());
        bench.send_to(session, b"to myself", Target::Address(own.into()));
        bench.receives(session, b"to myself");
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        peer.send_to(b"from another", own).unwrap();
        let mut answer = [0; 64];
        let length = peer.recv(&mut answer).unwrap();
        assert_eq!(&answer[..length], b"from another");
        // The very next that arrived: not one's own words again.
        assert_eq!(bench.received(session).1, b"from another", "{local}");
        bench.close(session);
        bench.finish();
    }
}
