//! What the system says beside what `ss` says, and every state that a program can stand still in.

use super::sample;
use crate::session::ends::{Ends, Protocol};
use crate::session::sample::{Held, Sample, TcpState, Timer};
use crate::session::timestamp::Timestamp;
use socket2::{Domain, SockRef, Socket, Type};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::time::Duration;

fn local(protocol: Protocol, local: SocketAddr) -> Ends {
    Ends::Local { protocol, local }
}

fn samples(ends: Ends) -> Vec<Sample> {
    sample(&[ends], Timestamp(7)).unwrap()
}

/// The sample of one end, as soon as it is as wanted.
fn until(ends: Ends, local: SocketAddr, remote: Option<SocketAddr>, wanted: impl Fn(&Sample) -> bool) -> Sample {
    loop {
        let found = samples(ends).into_iter().find(|sample| sample.local == local && sample.remote == remote);
        if let Some(sample) = found.filter(|sample| wanted(sample)) {
            return sample;
        }
        std::thread::yield_now();
    }
}

/// What `ss` calls a state.
fn ss_name(state: TcpState) -> &'static str {
    match state {
        TcpState::Listen => "LISTEN",
        TcpState::SynSent => "SYN-SENT",
        TcpState::SynReceived => "SYN-RECV",
        TcpState::Established => "ESTAB",
        TcpState::FinWait1 => "FIN-WAIT-1",
        TcpState::FinWait2 => "FIN-WAIT-2",
        TcpState::CloseWait => "CLOSE-WAIT",
        TcpState::Closing => "CLOSING",
        TcpState::LastAck => "LAST-ACK",
        TcpState::TimeWait => "TIME-WAIT",
        TcpState::Closed => "UNCONN",
    }
}

/// The state, both queues and the whole line.
type Line = (String, [u32; 2], String);

/// `ss`'s lines about a port, by both ends. `None` where there is no `ss`.
fn ss(port: u16) -> Option<BTreeMap<(String, String), Line>> {
    let filter = format!("( sport = :{port} or dport = :{port} )");
    let told = Command::new("ss").args(["-tanoiH", "--oneline", &filter]).output().ok()?;
    let text = String::from_utf8(told.stdout).unwrap();
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [state, receive, send, local, remote, ..] = words[..] else { panic!("{line}") };
        let queues = [receive, send].map(|queue| queue.parse().unwrap());
        ((local.to_owned(), remote.to_owned()), (state.to_owned(), queues, line.to_owned()))
    };
    Some(text.lines().map(line).collect())
}

/// Whether `ss` says the same of every socket.
fn compare(port: u16, found: &[Sample]) {
    let Some(theirs) = ss(port) else { return };
    assert_eq!(found.len(), theirs.len(), "{found:?} {theirs:?}");
    for sample in found {
        let remote = sample.remote.map_or_else(|| "0.0.0.0:*".to_owned(), |remote| remote.to_string());
        let (state, queues, line) = &theirs[&(sample.local.to_string(), remote)];
        assert_eq!(state, ss_name(sample.state.unwrap()), "{line}");
        assert_eq!(*queues, [sample.receive_queue.unwrap(), sample.send_queue.unwrap()], "{line}");
        if let Some(path) = &sample.path {
            let has = |text: String| assert!(line.split_whitespace().any(|word| word == text), "{text} in {line}");
            has(format!("cwnd:{}", path.congestion_window));
            has(format!("mss:{}", path.segment_size));
            has(format!("pmtu:{}", path.mtu));
            has(sample.congestion_control.clone().unwrap());
            // Milliseconds, three digits after the point without closing zeros.
            let rtt = path.round_trip.unwrap().as_micros();
            assert!(line.contains(&format!("rtt:{}", f64::from(u32::try_from(rtt).unwrap()) / 1000.0)), "{rtt} in {line}");
        }
    }
}

#[test]
fn every_state_that_lasts_is_told_as_ss_tells_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.local_addr().unwrap();
    let ends = local(Protocol::Tcp, server);
    let mut client = TcpStream::connect(server).unwrap();
    let (mut accepted, peer) = listener.accept().unwrap();
    let state = |wanted| move |sample: &Sample| sample.state == Some(wanted);

    let listening = until(ends, server, None, state(TcpState::Listen));
    assert_eq!((listening.receive_queue, listening.path, listening.at), (Some(0), None, Timestamp(7)));
    let open = until(ends, peer, Some(server), state(TcpState::Established));
    assert_eq!(open.held, Some(Held::Program));
    assert!(open.path.unwrap().agreed.words().any(|word| word == "SACK"));
    client.write_all(b"twelve bytes").unwrap();
    let waiting = until(ends, server, Some(peer), |sample| sample.receive_queue == Some(12));
    assert_eq!(waiting.state, Some(TcpState::Established));
    until(ends, peer, Some(server), |sample| sample.send_queue == Some(0));
    compare(server.port(), &samples(ends));

    client.shutdown(Shutdown::Write).unwrap();
    until(ends, peer, Some(server), state(TcpState::FinWait2));
    until(ends, server, Some(peer), state(TcpState::CloseWait));
    compare(server.port(), &samples(ends));

    accepted.read_exact(&mut [0; 12]).unwrap();
    drop(accepted);
    let last = until(ends, peer, Some(server), state(TcpState::TimeWait));
    let (timer, left) = last.timer.unwrap();
    assert_eq!(timer, Timer::TimeWait);
    assert!(left > Duration::from_secs(30) && left <= Duration::from_secs(60), "{left:?}");
    assert_eq!(last.held, Some(Held::System));
    compare(server.port(), &samples(ends));
}

#[test]
fn the_accept_queue_fills_to_its_bound() {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
    socket.listen(1).unwrap();
    let server = socket.local_addr().unwrap().as_socket().unwrap();
    let ends = local(Protocol::Tcp, server);
    // Linux takes one more than the backlog (tcp_v4_conn_request compares with >).
    let clients: Vec<Socket> = (0..4)
        .map(|_| {
            let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            client.set_nonblocking(true).unwrap();
            client.connect(&server.into()).unwrap_err();
            client
        })
        .collect();
    let full = until(ends, server, None, |sample| sample.receive_queue == Some(2));
    assert_eq!(full.send_queue, Some(1));
    let found = samples(ends);
    let waiting = found.iter().filter(|sample| sample.local == server && sample.remote.is_some());
    assert!(waiting.clone().count() >= 2 && waiting.clone().all(|sample| sample.held == Some(Held::System)), "{found:?}");
    // Those beyond the bound have no answer; their SYN is sent again.
    let stuck = found.iter().find(|sample| sample.state == Some(TcpState::SynSent)).unwrap();
    assert!(matches!(stuck.timer, Some((Timer::Retransmission, left)) if left <= Duration::from_secs(4)), "{stuck:?}");
    drop(clients);
}

#[test]
fn both_ends_are_found_and_no_one_else() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let remote = listener.local_addr().unwrap();
    let [client, _other] = [(); 2].map(|()| TcpStream::connect(remote).unwrap());
    let ends = Ends::Both { protocol: Protocol::Tcp, local: client.local_addr().unwrap(), remote };
    let found = samples(ends);
    let of: Vec<_> = found.iter().map(|sample| (sample.local, sample.remote)).collect();
    assert_eq!(of.len(), 3, "{of:?}");
    for wanted in [(remote, None), (remote, Some(client.local_addr().unwrap())), (client.local_addr().unwrap(), Some(remote))] {
        assert!(of.contains(&wanted), "{wanted:?} in {of:?}");
    }
    // What has a connection to the same server may be anyone's.
    let found = samples(Ends::Remote { protocol: Protocol::Tcp, remote });
    assert!(found.iter().all(|sample| sample.state == Some(TcpState::Listen)), "{found:?}");
}

#[test]
fn a_dual_stack_socket_s_connection_has_its_real_addresses() {
    let Ok(listener) = TcpListener::bind("[::]:0") else { return };
    let port = listener.local_addr().unwrap().port();
    let Ok(client) = TcpStream::connect(("127.0.0.1", port)) else { return };
    let mut found = samples(local(Protocol::Tcp, listener.local_addr().unwrap()));
    // The port may have been another test's a moment ago.
    found.retain(|sample| sample.state != Some(TcpState::TimeWait));
    let remote = client.local_addr().unwrap();
    assert!(
        found.iter().any(|sample| sample.remote == Some(remote) && sample.local.to_string() == format!("127.0.0.1:{port}")),
        "{found:?}"
    );
    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
fn a_datagram_socket_has_queues_and_no_state() {
    let [receiver, sender] = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
    SockRef::from(&receiver).set_recv_buffer_size(4096).unwrap();
    let at = receiver.local_addr().unwrap();
    for _ in 0..40 {
        sender.send_to(&[0; 1000], at).unwrap();
    }
    let full = until(local(Protocol::Udp, at), at, None, |sample| sample.dropped.is_some_and(|count| count > 0));
    assert_eq!((full.state, full.path, full.retries), (None, None, None));
    assert!(full.receive_queue.unwrap() > 0 && full.receive_buffer.unwrap() >= 4096, "{full:?}");
}
