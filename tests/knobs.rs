//! The knobs of sessions on real loopback sockets: how they read, write and accept, and that nothing is lost by it in silence.

#[path = "support/bench.rs"]
mod bench;

use bench::{Bench, PATIENCE, client, server, udp};
use sockscope::session::command::{Action, Message, Target};
use sockscope::session::event::{Unsent, What};
use sockscope::session::id::{Peer, SessionId};
use sockscope::session::knob::{Buffers, Knob, Parts};
use sockscope::session::spec::{Reading, SessionSpec, Switch};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::num::NonZeroU32;
use std::time::Duration;

fn parts(size: u32, gap: Duration) -> Parts {
    Parts { size: NonZeroU32::new(size).unwrap(), gap }
}

fn in_parts(bytes: &[u8], size: u32, gap: Duration) -> Action {
    Action::SendInParts { message: Message { bytes: bytes.into(), target: Target::Everyone }, parts: parts(size, gap) }
}

fn turned(bench: &mut Bench, session: SessionId) -> Knob {
    bench.wait(session, |what| match what {
        What::Turned(knob) => Some(*knob),
        _ => None,
    })
}

fn sized(size: u32) -> Reading {
    Reading { size: Some(size), ..Reading::default() }
}

/// A server that reads in this way, and a plain client of it.
fn reader(bench: &mut Bench, reading: Reading) -> (SessionId, TcpStream) {
    let mut spec = server("127.0.0.1:0");
    spec.options.reading = reading;
    let session = bench.open(SessionSpec::TcpServer(spec));
    let peer = TcpStream::connect(bench.listening(session)).unwrap();
    bench.joined(session);
    (session, peer)
}

/// Some bytes that are the same nowhere.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place / 251 + place % 251) as u8).collect()
}

// ---- reading

#[test]
fn a_read_takes_as_much_as_was_asked_for() {
    let mut bench = Bench::new();
    let (session, mut peer) = reader(&mut bench, sized(5));
    peer.write_all(b"hello world!").unwrap();
    let reads: Vec<Vec<u8>> = (0..3).map(|_| bench.received(session).1).collect();
    assert_eq!(reads, [&b"hello"[..], b" worl", b"d!"]);
    // Changed while it is open, and told.
    bench.act(session, Action::SetReading(Reading::default()));
    assert_eq!(turned(&mut bench, session), Knob::Reading(Reading::default()));
    peer.write_all(b"hello world!").unwrap();
    assert_eq!(bench.received(session).1, b"hello world!");
    bench.finish();
}

#[test]
fn a_connection_that_was_there_hears_of_it_and_one_that_comes_too() {
    let mut bench = Bench::new();
    let (session, mut first) = reader(&mut bench, Reading::default());
    bench.act(session, Action::SetReading(sized(2)));
    turned(&mut bench, session);
    let mut second = TcpStream::connect(first.peer_addr().unwrap()).unwrap();
    bench.joined(session);
    for peer in [&mut first, &mut second] {
        peer.write_all(b"abc").unwrap();
        assert_eq!((bench.received(session).1, bench.received(session).1), (b"ab".to_vec(), b"c".to_vec()));
    }
    bench.finish();
}

#[test]
fn a_slow_reader_loses_nothing() {
    let mut bench = Bench::new();
    let reading = Reading { size: Some(1000), pause: Some(Duration::from_millis(1)), ..Reading::default() };
    let mut spec = server("127.0.0.1:0");
    spec.options.reading = reading;
    // A small buffer, so that the writer meets a closed window.
    spec.options.receive_buffer = Some(4096);
    let slow = bench.open(SessionSpec::TcpServer(spec));
    let address = bench.listening(slow);
    let fast = bench.open(SessionSpec::TcpClient(client(address)));
    bench.connected(fast);
    let bytes = pattern(150_000);
    bench.act(fast, in_parts(&bytes, 3000, Duration::ZERO));
    bench.receives(slow, &bytes);
    bench.finish();
}

#[test]
fn what_is_not_read_waits_and_closes_the_window() {
    let mut bench = Bench::new();
    let (session, mut peer) = reader(&mut bench, Reading { held: Switch::On, ..Reading::default() });
    peer.set_nonblocking(true).unwrap();
    // Far more than the buffers of both ends: someone who reads would take all of it.
    let mut written = Vec::new();
    let block = pattern(64 << 10);
    loop {
        assert!(written.len() < 256 << 20, "the window stays open");
        match peer.write(&block) {
            Ok(count) => written.extend_from_slice(&block[..count]),
            Err(problem) if problem.kind() == ErrorKind::WouldBlock => break,
            Err(problem) => panic!("{problem}"),
        }
    }
    bench.act(session, Action::SetReading(Reading::default()));
    // The word that it reads again comes before anything that it has read.
    let first = bench.wait(session, |what| match what {
        What::Received { .. } => Some("read"),
        What::Turned(Knob::Reading(_)) => Some("turned"),
        _ => None,
    });
    assert_eq!(first, "turned");
    bench.receives(session, &written);
    bench.finish();
}

#[test]
fn one_can_read_again_in_the_middle_of_a_long_rest() {
    let mut bench = Bench::new();
    let hour = Duration::from_secs(3600);
    let (session, mut peer) = reader(&mut bench, Reading { size: Some(1), pause: Some(hour), ..Reading::default() });
    peer.write_all(b"abc").unwrap();
    assert_eq!(bench.received(session).1, b"a");
    bench.act(session, Action::SetReading(Reading::default()));
    bench.receives(session, b"bc");
    bench.finish();
}

#[test]
fn a_datagram_that_is_longer_than_the_read_is_cut_and_the_loss_is_told() {
    let mut bench = Bench::new();
    let mut spec = udp("127.0.0.1:0");
    spec.reading = sized(4);
    let session = bench.open(SessionSpec::Udp(spec));
    let address = bench.bound(session);
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let cut = |bench: &mut Bench| {
        bench.wait(session, |what| match what {
            What::Truncated { peer, kept, whole } => Some((*peer, *kept, *whole)),
            // Were it not told at once, the next datagram would be here first.
            What::Received { bytes, .. } if bytes.len() != 4 => panic!("not told"),
            _ => None,
        })
    };
    for datagram in [&b"0123456789"[..], b"abcd", b"ab"] {
        peer.send_to(datagram, address).unwrap();
    }
    assert_eq!(bench.received(session).1, b"0123");
    let from = Peer::datagram(peer.local_addr().unwrap().into());
    let whole = cfg!(target_os = "linux").then_some(10);
    assert_eq!(cut(&mut bench), (from, 4, whole));
    // One that fits exactly is whole.
    assert_eq!(bench.received(session).1, b"abcd");
    let next = bench.wait(session, |what| match what {
        What::Received { bytes, .. } => Some(bytes.to_vec()),
        What::Truncated { .. } => panic!("it was whole"),
        _ => None,
    });
    assert_eq!(next, b"ab");
    bench.finish();
}

#[test]
fn datagrams_wait_while_nothing_is_read_and_rest_between_reads() {
    let mut bench = Bench::new();
    let mut spec = udp("127.0.0.1:0");
    spec.reading.held = Switch::On;
    let session = bench.open(SessionSpec::Udp(spec));
    let address = bench.bound(session);
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    for number in 0..5 {
        peer.send_to(format!("{number}").as_bytes(), address).unwrap();
    }
    let rests = Reading { pause: Some(Duration::from_millis(1)), ..Reading::default() };
    bench.act(session, Action::SetReading(rests));
    let first = bench.wait(session, |what| match what {
        What::Received { .. } => Some("read"),
        What::Turned(_) => Some("turned"),
        _ => None,
    });
    assert_eq!(first, "turned");
    for number in 0..5 {
        assert_eq!(bench.received(session).1, format!("{number}").as_bytes());
    }
    bench.finish();
}

// ---- writing

fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[test]
fn parts_leave_in_order_each_with_a_record_and_what_is_behind_them_waits() {
    for gap in [Duration::ZERO, Duration::from_millis(2)] {
        let (mut bench, (listener, address)) = (Bench::new(), listen());
        let session = bench.open(SessionSpec::TcpClient(client(address)));
        bench.connected(session);
        let (mut peer, _) = listener.accept().unwrap();
        peer.set_read_timeout(Some(PATIENCE)).unwrap();
        bench.act(session, in_parts(b"0123456789", 3, gap));
        bench.send(session, b"end");
        let sent: Vec<Vec<u8>> = (0..5).map(|_| bench.sent(session).1).collect();
        assert_eq!(sent, [&b"012"[..], b"345", b"678", b"9", b"end"]);
        let mut bytes = [0; 13];
        peer.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"0123456789end");
        bench.finish();
    }
}

#[test]
fn a_close_between_two_parts_tells_what_did_not_leave() {
    let (mut bench, (listener, address)) = (Bench::new(), listen());
    let session = bench.open(SessionSpec::TcpClient(client(address)));
    bench.connected(session);
    let (_peer, _) = listener.accept().unwrap();
    bench.act(session, in_parts(b"0123456789", 3, Duration::from_secs(3600)));
    assert_eq!(bench.sent(session).1, b"012");
    bench.act(session, Action::Close);
    let partly = bench.wait(session, |what| match what {
        What::SentPartly { sent, length, .. } => Some((*sent, *length)),
        What::Sent { bytes, .. } => panic!("sent again: {bytes:?}"),
        _ => None,
    });
    assert_eq!(partly, (3, 10));
    assert_eq!(bench.closed(session).sent, 3);
    bench.finish();
}

#[test]
fn a_server_writes_parts_to_every_client() {
    let mut bench = Bench::new();
    let session = bench.open(SessionSpec::TcpServer(server("127.0.0.1:0")));
    let address = bench.listening(session);
    let mut peers: Vec<TcpStream> = (0..2).map(|_| TcpStream::connect(address).unwrap()).collect();
    for _ in 0..2 {
        bench.joined(session);
    }
    bench.act(session, in_parts(b"abcde", 2, Duration::ZERO));
    for peer in &mut peers {
        peer.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut bytes = [0; 5];
        peer.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"abcde");
    }
    bench.finish();
}

#[test]
fn a_part_of_a_message_is_a_datagram_of_its_own() {
    for gap in [Duration::ZERO, Duration::from_millis(2)] {
        let mut bench = Bench::new();
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
        peer.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut spec = udp("127.0.0.1:0");
        spec.remote = Some(peer.local_addr().unwrap().into());
        let session = bench.open(SessionSpec::Udp(spec));
        bench.bound(session);
        bench.act(session, in_parts(b"0123456789", 4, gap));
        let mut buffer = [0; 64];
        for expected in [&b"0123"[..], b"4567", b"89"] {
            let (length, _) = peer.recv_from(&mut buffer).unwrap();
            assert_eq!(&buffer[..length], expected);
            assert_eq!(bench.sent(session).1, expected);
        }
        bench.finish();
    }
}

#[test]
fn datagrams_that_had_not_left_when_it_was_closed_are_told() {
    let mut bench = Bench::new();
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut spec = udp("127.0.0.1:0");
    spec.remote = Some(peer.local_addr().unwrap().into());
    let session = bench.open(SessionSpec::Udp(spec));
    bench.bound(session);
    bench.act(session, in_parts(b"0123456789", 4, Duration::from_secs(3600)));
    assert_eq!(bench.sent(session).1, b"0123");
    bench.act(session, Action::Close);
    let unsent = bench.wait(session, |what| match what {
        What::Unsent { messages, bytes, .. } => Some((*messages, *bytes)),
        _ => None,
    });
    assert_eq!(unsent, (1, 6));
    bench.closed(session);
    bench.finish();
}

/// A message in very many parts holds nothing up: the socket is read, a close is heard, and each byte has left or is told.
#[test]
fn a_burst_of_parts_lets_other_work_have_its_turn() {
    const LENGTH: usize = 3 << 20;
    let mut bench = Bench::new();
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut spec = udp("127.0.0.1:0");
    spec.remote = Some(peer.local_addr().unwrap().into());
    let session = bench.open(SessionSpec::Udp(spec));
    let address = bench.bound(session);
    let refused = |bench: &mut Bench| {
        bench.wait(session, |what| match what {
            What::Unsent { messages, bytes, reason, .. } => Some((*messages, *bytes, *reason)),
            _ => None,
        })
    };
    bench.act(session, in_parts(&vec![0; 5 << 20], 1, Duration::ZERO));
    bench.act(session, in_parts(&pattern(LENGTH), 1, Duration::ZERO));
    assert_eq!(refused(&mut bench), (1, 5 << 20, Unsent::QueueFull));
    bench.send(session, b"behind them");
    peer.send_to(b"heard", address).unwrap();
    assert_eq!(bench.received(session).1, b"heard");
    bench.act(session, Action::Close);
    let (messages, bytes, reason) = refused(&mut bench);
    assert_eq!((messages, reason), (2, Unsent::Ended));
    assert_eq!(bench.closed(session).sent + bytes, LENGTH as u64 + 11);
    bench.finish();
}

/// What is sent after a message in parts comes after all of them, more than one batch too.
#[test]
fn what_is_sent_behind_parts_comes_behind_them() {
    let mut bench = Bench::new();
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut spec = udp("127.0.0.1:0");
    spec.remote = Some(peer.local_addr().unwrap().into());
    let session = bench.open(SessionSpec::Udp(spec));
    bench.bound(session);
    let bytes = pattern(1000);
    bench.act(session, in_parts(&bytes, 3, Duration::ZERO));
    bench.send(session, b"end");
    for part in bytes.chunks(3) {
        assert_eq!(bench.sent(session).1, part);
    }
    assert_eq!(bench.sent(session).1, b"end");
    bench.finish();
}

#[test]
fn parts_for_nobody_are_told() {
    let mut bench = Bench::new();
    let session = bench.open(SessionSpec::TcpServer(server("127.0.0.1:0")));
    bench.listening(session);
    bench.act(session, in_parts(b"abc", 1, Duration::ZERO));
    assert_eq!(bench.trouble(session).cause.word(), "not-connected");
    // And of a session that is not open.
    bench.act(session, Action::Close);
    bench.closed(session);
    bench.act(session, in_parts(b"abc", 1, Duration::ZERO));
    assert_eq!(bench.trouble(session).cause.word(), "not-connected");
    bench.finish();
}

// ---- accepting

#[test]
fn clients_wait_in_the_accept_queue_and_all_come_when_it_goes_on() {
    let mut bench = Bench::new();
    let mut spec = server("127.0.0.1:0");
    // The queue holds backlog + 1 on Linux; the SYN of the next is dropped, and comes again after a second.
    spec.backlog = 1;
    let session = bench.open(SessionSpec::TcpServer(spec));
    let address = bench.listening(session);
    bench.act(session, Action::SetAccepting(Switch::Off));
    assert_eq!(turned(&mut bench, session), Knob::Accepting(Switch::Off));
    // These two are connected for all they know.
    let early: Vec<TcpStream> = (0..2).map(|_| TcpStream::connect(address).unwrap()).collect();
    let late: Vec<_> = (0..2).map(|_| std::thread::spawn(move || TcpStream::connect(address).unwrap())).collect();
    bench.act(session, Action::SetAccepting(Switch::On));
    let first = bench.wait(session, |what| match what {
        What::PeerJoined { .. } => Some("joined"),
        What::Turned(Knob::Accepting(Switch::On)) => Some("turned"),
        _ => None,
    });
    assert_eq!(first, "turned", "nobody was accepted before");
    let mut joined: Vec<SocketAddr> = (0..4).map(|_| bench.joined(session).address.ip().unwrap()).collect();
    let late: Vec<TcpStream> = late.into_iter().map(|client| client.join().unwrap()).collect();
    let mut all: Vec<SocketAddr> = early.iter().chain(&late).map(|client| client.local_addr().unwrap()).collect();
    joined.sort();
    all.sort();
    assert_eq!(joined, all);
    bench.finish();
}

// ---- options

#[test]
fn buffers_and_nagle_can_be_changed_while_it_is_open() {
    let mut bench = Bench::new();
    let (session, _peer) = reader(&mut bench, Reading::default());
    bench.act(session, Action::SetNoDelay(Switch::Off));
    assert_eq!(turned(&mut bench, session), Knob::NoDelay(Switch::Off));
    bench.act(session, Action::SetBuffers(Buffers { receive: Some(16_384), send: None }));
    let Knob::Buffers { peer: Some(_), receive, send } = turned(&mut bench, session) else { panic!("another knob") };
    // The system may grant more than was asked for; Linux doubles it.
    assert!((16_384..=65_536).contains(&receive) && send > 0, "{receive} {send}");
    let stands = bench.until("the model knows", |model| {
        let knobs = model.session(session)?.knobs;
        knobs.buffers.map(|buffers| (knobs.no_delay, buffers))
    });
    assert_eq!(stands, (Switch::Off, (receive, send)));
    let datagrams = bench.open(SessionSpec::Udp(udp("127.0.0.1:0")));
    bench.bound(datagrams);
    bench.act(datagrams, Action::SetBuffers(Buffers { receive: Some(16_384), send: Some(16_384) }));
    let Knob::Buffers { peer: None, receive, send } = turned(&mut bench, datagrams) else { panic!("another knob") };
    assert!(receive >= 16_384 && send >= 16_384, "{receive} {send}");
    bench.finish();
}
