//! The twin's relay between plain sockets and other people's tools, on loopback: what passes, what is done to it, how ends and failures of one
//! side reach the other, and that the same seed does the same.

#[path = "support/twin.rs"]
mod twin;

use serde_json::Value;
use socket2::SockRef;
use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use twin::{PATIENCE, Twin, port_of, run};

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}")).to_owned()
}

fn words(value: &Value) -> Vec<String> {
    value["done"].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

fn accept(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn udp() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// A relay over TCP to this target.
fn relay(to: &str, options: &[&str]) -> (Twin, u16) {
    let twin = Twin::start(&[&["relay", "--listen", "127.0.0.1:0", "--to", to, "--format", "jsonl"], options].concat());
    let port = twin.port();
    (twin, port)
}

fn relay_udp(to: SocketAddr, options: &[&str]) -> (Twin, u16) {
    relay(&to.to_string(), &[&["--udp"], options].concat())
}

/// The parsed lines up to the first with this event, which comes last.
fn until(twin: &Twin, event: &str) -> Vec<Value> {
    let mut lines = Vec::new();
    loop {
        let line: Value = serde_json::from_str(&twin.line()).unwrap();
        let is_last = line["event"] == event;
        lines.push(line);
        if is_last {
            return lines;
        }
    }
}

fn read_exactly(stream: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

fn read_rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

/// What was read before the connection was reset.
fn read_to_reset(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => panic!("FIN, not RST, after {bytes:?}"),
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            Err(problem) => {
                assert_eq!(problem.kind(), ErrorKind::ConnectionReset, "{problem}");
                return bytes;
            }
        }
    }
}

/// Resets instead of closing.
fn reset(stream: TcpStream) {
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
}

/// Ends the relay and gives the rest of its lines.
fn ended(twin: Twin) -> Vec<Value> {
    twin.signal("INT");
    let end = twin.end();
    assert_eq!(end.code, 0, "{end:?}");
    end.out.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The payloads of the lines with this event, in order.
fn payloads(lines: &[Value], event: &str) -> Vec<String> {
    lines.iter().filter(|line| line["event"] == event).map(|line| text(line, "text")).collect()
}

// ---- TCP

#[test]
fn both_directions_are_one_conversation_with_both_ends_of_each() {
    let (listener, target) = listen();
    let (twin, port) = relay(&target, &[]);
    let mut client = connect(port);
    let mut server = accept(&listener);
    let (client_end, relay_end) = (client.local_addr().unwrap().to_string(), format!("127.0.0.1:{port}"));
    let upstream = server.peer_addr().unwrap().to_string();
    client.write_all("你好".as_bytes()).unwrap();
    assert_eq!(read_exactly(&mut server, 6), "你好".as_bytes());
    server.write_all(b"OK").unwrap();
    assert_eq!(read_exactly(&mut client, 2), b"OK");
    drop(client);
    assert_eq!(read_rest(&mut server), b"");
    drop(server);
    let seen = [until(&twin, "peer-left"), until(&twin, "peer-left")].concat();
    let told: Vec<(String, String, String)> =
        seen.iter().map(|line| (text(line, "event"), text(line, "local"), text(line, "peer"))).collect();
    let line = |event: &str, local: &String, peer: &String| (event.to_owned(), local.clone(), peer.clone());
    let expected = [
        line("peer-joined", &relay_end, &client_end),
        line("dialled", &upstream, &client_end),
        line("data", &relay_end, &client_end),
        line("sent", &upstream, &target),
        line("data", &upstream, &target),
        line("sent", &relay_end, &client_end),
        line("peer-left", &relay_end, &client_end),
        line("peer-left", &upstream, &target),
    ];
    assert_eq!(told, expected, "{seen:#?}");
    assert_eq!(text(&seen[1], "target"), target);
    assert_eq!([&seen[6], &seen[7]].map(|left| text(left, "by")), ["peer-fin", "us"]);
    assert_eq!(
        [&seen[6], &seen[7]].map(|left| (left["received"].as_u64(), left["sent"].as_u64())),
        [(Some(6), Some(2)), (Some(2), Some(6))]
    );
    let closed = ended(twin).pop().unwrap();
    assert_eq!(
        (text(&closed, "event"), closed["received"].as_u64(), closed["sent"].as_u64()),
        ("closed".into(), Some(8), Some(8))
    );
}

#[test]
fn a_half_close_goes_through_and_the_answer_comes_back() {
    let (listener, target) = listen();
    let (twin, port) = relay(&target, &[]);
    let mut client = connect(port);
    let mut server = accept(&listener);
    client.write_all(b"all of it").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_rest(&mut server), b"all of it");
    server.write_all(b"the answer").unwrap();
    drop(server);
    assert_eq!(read_rest(&mut client), b"the answer");
    until(&twin, "peer-left");
    ended(twin);
}

#[test]
fn a_target_that_is_down_is_told_and_the_client_is_reset() {
    let (listener, target) = listen();
    drop(listener);
    let (twin, port) = relay(&target, &[]);
    for _ in 0..2 {
        let mut client = connect(port);
        assert_eq!(read_to_reset(&mut client), b"");
        let failed = twin.event("failed");
        assert_eq!(
            (text(&failed, "op"), text(&failed, "cause"), text(&failed, "address")),
            ("connect".into(), "refused".into(), target.clone())
        );
        assert!(!text(&failed, "advice").is_empty());
        assert_eq!(text(&twin.event("peer-left"), "by"), "our-reset");
    }
    ended(twin);
}

#[test]
fn a_reset_of_either_end_reaches_the_other_behind_what_was_sent() {
    let (listener, target) = listen();
    let (twin, port) = relay(&target, &[]);
    let mut client = connect(port);
    let mut server = accept(&listener);
    client.write_all(b"before").unwrap();
    assert_eq!(read_exactly(&mut server, 6), b"before");
    reset(client);
    assert_eq!(read_to_reset(&mut server), b"");
    let ends = [twin.event("peer-left"), twin.event("peer-left")].map(|left| text(&left, "by"));
    assert_eq!(ends, ["peer-reset", "our-reset"]);
    let mut client = connect(port);
    let mut server = accept(&listener);
    server.write_all(b"last words").unwrap();
    // They are with the relay before the reset is.
    assert_eq!(text(&twin.event("data"), "text"), "last words");
    reset(server);
    assert_eq!(read_to_reset(&mut client), b"last words");
    let ends = [twin.event("peer-left"), twin.event("peer-left")].map(|left| text(&left, "by"));
    assert_eq!(ends, ["our-reset", "peer-reset"]);
    ended(twin);
}

#[test]
fn a_client_that_is_gone_before_the_target_answers_costs_nobody_anything() {
    let (listener, target) = listen();
    let (twin, port) = relay(&target, &[]);
    drop(connect(port));
    let mut server = accept(&listener);
    assert_eq!(read_rest(&mut server), b"");
    // The way back is still open: the client has only finished sending.
    server.write_all(b"too late").unwrap();
    drop(server);
    twin.event("peer-left");
    twin.event("peer-left");
    let mut client = connect(port);
    let mut server = accept(&listener);
    client.write_all(b"next").unwrap();
    assert_eq!(read_exactly(&mut server, 4), b"next");
    ended(twin);
}

#[test]
fn what_is_cut_up_leaves_in_pieces_and_comes_together() {
    let (listener, target) = listen();
    let (twin, port) = relay(&target, &["--rechunk", "3"]);
    let mut client = connect(port);
    let mut server = accept(&listener);
    client.write_all(b"hello world").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_rest(&mut server), b"hello world");
    drop(server);
    let seen = until(&twin, "peer-left");
    assert_eq!(payloads(&seen, "data"), ["hello world"]);
    assert_eq!(payloads(&seen, "sent"), ["hel", "lo ", "wor", "ld"]);
    let cut = seen.iter().find(|line| line["event"] == "impaired").unwrap();
    assert_eq!((words(cut), cut["pieces"].as_u64(), cut["offset"].as_u64()), (vec!["cut".into()], Some(4), Some(0)));
    ended(twin);
}

#[test]
fn a_rate_comes_as_even_pieces_in_their_order() {
    let (listener, target) = listen();
    let (twin, port) = relay(&target, &["--rate", "1000"]);
    let mut client = connect(port);
    let mut server = accept(&listener);
    let said: Vec<u8> = (0..100u8).map(|number| b'a' + number % 26).collect();
    client.write_all(&said).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_rest(&mut server), said);
    drop(server);
    let seen = until(&twin, "peer-left");
    let sent = payloads(&seen, "sent");
    assert!(
        sent.iter().all(|piece| piece.len() == 20) && sent.concat().as_bytes() == said,
        "a fiftieth of a second each: {sent:?}"
    );
    let slowed = seen.iter().find(|line| line["event"] == "impaired").unwrap();
    assert_eq!((words(slowed), slowed["rate"].as_u64()), (vec!["slowed".into()], Some(1000)));
    ended(twin);
}

#[test]
fn a_stall_stands_at_its_place_in_the_stream() {
    let (listener, target) = listen();
    let (twin, port) = relay(&target, &["--stall", "4:50"]);
    let mut client = connect(port);
    let mut server = accept(&listener);
    client.write_all(b"abcdefgh").unwrap();
    assert_eq!(read_exactly(&mut server, 8), b"abcdefgh");
    drop(client);
    assert_eq!(read_rest(&mut server), b"");
    drop(server);
    let seen = until(&twin, "peer-left");
    let order: Vec<String> = seen.iter().map(|line| text(line, "event")).collect();
    let first = order.iter().position(|event| event == "sent").unwrap();
    assert_eq!(order[first..first + 3], ["sent", "impaired", "sent"]);
    assert_eq!(payloads(&seen, "sent"), ["abcd", "efgh"]);
    let stall = &seen[first + 1];
    assert_eq!((words(stall), stall["offset"].as_u64(), stall["stall_ms"].as_u64()), (vec!["stalled".into()], Some(4), Some(50)));
    ended(twin);
}

#[test]
fn a_reset_comes_after_exactly_so_many_bytes() {
    let (listener, target) = listen();
    let (twin, port) = relay(&target, &["--reset", "5"]);
    let mut client = connect(port);
    let mut server = accept(&listener);
    client.write_all(b"hello world").unwrap();
    assert_eq!(read_to_reset(&mut server), b"hello");
    assert_eq!(read_to_reset(&mut client), b"");
    let seen = until(&twin, "peer-left");
    assert_eq!(payloads(&seen, "sent"), ["hello"]);
    let impaired = seen.iter().find(|line| line["event"] == "impaired").unwrap();
    assert_eq!(
        (words(impaired), impaired["offset"].as_u64(), text(impaired, "way")),
        (vec!["reset".into()], Some(5), "to-target".into())
    );
    let unsent = seen.iter().find(|line| line["event"] == "failed").unwrap();
    assert_eq!((text(unsent, "cause"), unsent["bytes"].as_u64()), ("ended".into(), Some(6)), "what did not leave is told");
    assert_eq!(text(seen.last().unwrap(), "by"), "our-reset");
    ended(twin);
}

#[test]
fn what_waits_when_the_relay_ends_is_told() {
    let (listener, target) = listen();
    let (twin, port) = relay(&target, &["--delay", "600000"]);
    let mut client = connect(port);
    let _server = accept(&listener);
    client.write_all(b"patience").unwrap();
    let impaired = twin.event("impaired");
    assert_eq!((words(&impaired), impaired["delay_ms"].as_u64()), (vec!["delayed".into()], Some(600_000)));
    let rest = ended(twin);
    let unsent = rest.iter().find(|line| line["event"] == "failed").unwrap();
    assert_eq!((text(unsent, "cause"), unsent["bytes"].as_u64(), text(unsent, "peer")), ("ended".into(), Some(8), target));
}

#[test]
fn a_receiver_that_does_not_read_makes_the_sender_wait_and_loses_nothing() {
    let (listener, target) = listen();
    let (twin, port) = relay(&target, &["--quiet"]);
    let mut client = connect(port);
    let mut server = accept(&listener);
    let length = 32 << 20;
    let sender = std::thread::spawn(move || {
        let block: Vec<u8> = (0..=250u8).cycle().take(1 << 20).collect();
        for _ in 0..length / block.len() {
            client.write_all(&block).unwrap();
        }
    });
    // All of it would fit into no buffer on the way: it only arrives because the sender waits for the receiver.
    let block: Vec<u8> = (0..=250u8).cycle().take(1 << 20).collect();
    for _ in 0..length / block.len() {
        assert!(read_exactly(&mut server, block.len()) == block);
    }
    sender.join().unwrap();
    assert_eq!(read_rest(&mut server), b"");
    drop(server);
    ended(twin);
}

#[test]
fn many_clients_each_hear_their_own_answers() {
    let (listener, target) = listen();
    let (twin, port) = relay(&target, &["--rechunk", "2:0"]);
    let echo: JoinHandle<()> = std::thread::spawn(move || {
        let clients: Vec<JoinHandle<()>> = (0..40)
            .map(|_| {
                let mut stream = accept(&listener);
                std::thread::spawn(move || {
                    let said = read_rest(&mut stream);
                    stream.write_all(&said).unwrap();
                })
            })
            .collect();
        clients.into_iter().for_each(|client| client.join().unwrap());
    });
    let clients: Vec<JoinHandle<()>> = (0..40)
        .map(|number| {
            std::thread::spawn(move || {
                let mut stream = connect(port);
                let said = format!("client number {number} speaking");
                stream.write_all(said.as_bytes()).unwrap();
                stream.shutdown(Shutdown::Write).unwrap();
                assert_eq!(read_rest(&mut stream), said.as_bytes());
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().unwrap());
    echo.join().unwrap();
    let rest = ended(twin);
    let left = rest.iter().filter(|line| line["event"] == "peer-left").count();
    assert_eq!(left, 80);
}

// ---- UDP

/// What a relay did to the datagrams of one client.
struct Run {
    /// Number, way and what was done, of each that something was done to.
    fates: Vec<(u64, String, Vec<String>)>,
    /// What left, in order.
    sent: Vec<String>,
    /// What the target got, in order.
    got: Vec<String>,
}

fn run_udp(count: u32, options: &[&str]) -> Run {
    let target = udp();
    let (twin, port) = relay_udp(target.local_addr().unwrap(), options);
    let client = udp();
    let (mut lines, mut got) = (Vec::new(), Vec::new());
    for number in 1..=count {
        client.send_to(number.to_string().as_bytes(), ("127.0.0.1", port)).unwrap();
    }
    // All are in the relay's buffer, which has room for them: however slow this machine is, none waits long for the next one.
    for _ in 1..=count {
        lines.extend(until(&twin, "data"));
    }
    lines.extend(ended(twin));
    target.set_nonblocking(true).unwrap();
    let mut buffer = [0; 64];
    while let Ok(length) = target.recv(&mut buffer) {
        got.push(String::from_utf8(buffer[..length].to_vec()).unwrap());
    }
    let impaired = lines.iter().filter(|line| line["event"] == "impaired");
    let fates = impaired.map(|line| (line["number"].as_u64().unwrap(), text(line, "way"), words(line))).collect();
    Run { fates, sent: payloads(&lines, "sent"), got }
}

#[test]
fn the_same_seed_does_the_same() {
    let options = |seed| ["--seed", seed, "--drop", "20", "--repeat", "15", "--reorder", "10"];
    let [one, same, other] = ["7", "7", "8"].map(|seed| run_udp(100, &options(seed)));
    assert_eq!(one.fates, same.fates);
    assert_eq!(one.got, same.got);
    assert_ne!(one.fates, other.fates);
    assert_eq!(one.sent, one.got, "what is said to have left is what came");
    let count = |word: &str| one.fates.iter().filter(|(_, _, done)| done.iter().any(|done| done == word)).count();
    assert!(count("dropped") > 5 && count("repeated") > 5 && count("held-back") > 2, "{:?}", one.fates);
    // The last one may have been held back when the relay ended.
    let waiting = usize::from(one.got.len() + count("dropped") != 100 + count("repeated"));
    assert_eq!(one.got.len() + waiting, 100 - count("dropped") + count("repeated"), "in = out + dropped - repeats");
    assert!(!one.got.is_sorted_by_key(|number| number.parse::<u32>().unwrap()), "{:?}", one.got);
}

#[test]
fn everything_dropped_is_nothing_sent() {
    let Run { fates, sent, got } = run_udp(20, &["--drop", "100"]);
    assert_eq!((fates.len(), sent.len(), got.len()), (20, 0, 0));
    assert!(fates.iter().all(|(_, way, done)| way == "to-target" && done == &["dropped"]));
}

#[test]
fn nothing_asked_for_is_nothing_done() {
    let Run { fates, sent, got } = run_udp(20, &["--seed", "9"]);
    let all: Vec<String> = (1..=20).map(|number| number.to_string()).collect();
    assert_eq!((fates.len(), sent, got), (0, all.clone(), all));
}

#[test]
fn a_delay_keeps_the_order_and_is_told_for_each() {
    let target = udp();
    let (twin, port) = relay_udp(target.local_addr().unwrap(), &["--delay", "20", "--jitter", "30", "--seed", "3"]);
    let client = udp();
    for number in 0..10 {
        client.send_to(&[number], ("127.0.0.1", port)).unwrap();
    }
    let mut buffer = [0; 64];
    for number in 0..10 {
        assert_eq!((target.recv(&mut buffer).unwrap(), buffer[0]), (1, number));
    }
    let delays: BTreeSet<String> = (0..10).map(|_| twin.event("impaired")["delay_ms"].to_string()).collect();
    assert!(delays.len() > 5, "each has its own: {delays:?}");
    assert!(delays.iter().all(|delay| (20.0..=50.0).contains(&delay.parse::<f64>().unwrap())), "{delays:?}");
    ended(twin);
}

#[test]
fn each_client_hears_its_own_answers_from_a_socket_of_its_own() {
    let target = udp();
    let (twin, port) = relay_udp(target.local_addr().unwrap(), &[]);
    let clients = [udp(), udp(), udp()];
    let mut ways = Vec::new();
    let mut buffer = [0; 64];
    for (number, client) in clients.iter().enumerate() {
        client.send_to(format!("from {number}").as_bytes(), ("127.0.0.1", port)).unwrap();
        let (length, from) = target.recv_from(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], format!("from {number}").as_bytes());
        ways.push(from);
    }
    assert_eq!(ways.iter().collect::<BTreeSet<_>>().len(), 3);
    for (number, way) in ways.iter().enumerate().rev() {
        target.send_to(format!("to {number}").as_bytes(), way).unwrap();
    }
    for (number, client) in clients.iter().enumerate() {
        let (length, from) = client.recv_from(&mut buffer).unwrap();
        assert_eq!((&buffer[..length], from.port()), (format!("to {number}").as_bytes(), port));
    }
    let lines = ended(twin);
    let answers = lines.iter().filter(|line| line["event"] == "data" && text(line, "text").starts_with("to "));
    let locals: BTreeSet<String> = answers.map(|line| text(line, "local")).collect();
    assert_eq!(locals.len(), 3, "each answer came to another socket");
    assert!(!locals.contains(&format!("127.0.0.1:{port}")));
}

#[test]
fn answers_that_wait_when_the_relay_ends_are_all_read() {
    let target = udp();
    let (twin, port) = relay_udp(target.local_addr().unwrap(), &[]);
    let client = udp();
    client.send_to(b"hello", ("127.0.0.1", port)).unwrap();
    let (_, way) = target.recv_from(&mut [0; 64]).unwrap();
    // It wakes to the answers and to its end at once.
    twin.signal("STOP");
    for number in 0..1000 {
        target.send_to(format!("answer {number}").as_bytes(), way).unwrap();
    }
    twin.signal("INT");
    twin.signal("CONT");
    let end = twin.end();
    assert_eq!(end.code, 0, "{end:?}");
    let lines: Vec<Value> = end.out.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answers = |event| payloads(&lines, event).iter().filter(|payload| payload.starts_with("answer ")).count();
    assert_eq!((answers("data"), answers("sent")), (1000, 1000));
}

#[test]
fn a_target_without_a_socket_is_told_and_the_relay_goes_on() {
    let target = udp();
    let address = target.local_addr().unwrap();
    drop(target);
    let (twin, port) = relay_udp(address, &[]);
    let client = udp();
    client.send_to(b"anyone?", ("127.0.0.1", port)).unwrap();
    let failed = twin.event("failed");
    assert_eq!((text(&failed, "cause"), text(&failed, "address")), ("port-unreachable".into(), address.to_string()));
    let target = UdpSocket::bind(address).unwrap();
    target.set_read_timeout(Some(PATIENCE)).unwrap();
    client.send_to(b"now?", ("127.0.0.1", port)).unwrap();
    let mut buffer = [0; 64];
    assert_eq!(target.recv(&mut buffer).unwrap(), 4);
    ended(twin);
}

#[test]
fn the_client_that_was_silent_longest_makes_room() {
    let target = udp();
    let (twin, port) = relay_udp(target.local_addr().unwrap(), &[]);
    let clients: Vec<UdpSocket> = (0..129).map(|_| udp()).collect();
    let mut buffer = [0; 64];
    for client in &clients {
        client.send_to(b"hello", ("127.0.0.1", port)).unwrap();
        target.recv(&mut buffer).unwrap();
    }
    let left = twin.event("peer-left");
    assert_eq!((text(&left, "peer"), text(&left, "by")), (clients[0].local_addr().unwrap().to_string(), "idle".into()));
    // It is welcome again.
    clients[0].send_to(b"again", ("127.0.0.1", port)).unwrap();
    let (length, from) = target.recv_from(&mut buffer).unwrap();
    assert_eq!(&buffer[..length], b"again");
    target.send_to(b"answer", from).unwrap();
    assert_eq!(clients[0].recv(&mut buffer).unwrap(), 6);
    ended(twin);
}

#[test]
fn an_empty_datagram_and_the_largest_pass_whole() {
    let target = udp();
    let (twin, port) = relay_udp(target.local_addr().unwrap(), &[]);
    let client = udp();
    let largest = vec![7; 65_507];
    for payload in [&[][..], &largest] {
        client.send_to(payload, ("127.0.0.1", port)).unwrap();
        let mut buffer = vec![0; 65_536];
        let length = target.recv(&mut buffer).unwrap();
        assert!(buffer[..length] == *payload);
    }
    ended(twin);
}

// ---- the twin's words

#[test]
fn a_record_of_a_relay_reads_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("relay.pcapng");
    let file = file.to_str().unwrap();
    for udp_too in [false, true] {
        let lines = if udp_too {
            let target = udp();
            let (twin, port) = relay_udp(target.local_addr().unwrap(), &["--record", file, "--drop", "50"]);
            let client = udp();
            for number in 0..10 {
                client.send_to(&[b'0' + number], ("127.0.0.1", port)).unwrap();
                twin.event("data");
            }
            ended(twin)
        } else {
            let (listener, target) = listen();
            let (twin, port) = relay(&target, &["--record", file, "--rechunk", "3:0"]);
            let mut client = connect(port);
            let mut server = accept(&listener);
            client.write_all(b"hello world").unwrap();
            assert_eq!(read_exactly(&mut server, 11), b"hello world");
            ended(twin)
        };
        let whole = run(&["convert", file, "-", "--format", "jsonl"], "");
        assert_eq!(whole.code, 0, "{whole:?}");
        let whole: Vec<Value> = whole.out.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(whole.iter().any(|line| line["event"] == "impaired" || udp_too), "{whole:#?}");
        // The end of what was printed is the end of what was recorded, line by line.
        let events = |lines: &[Value]| -> Vec<Value> { lines.to_vec() };
        assert_eq!(events(&whole)[whole.len() - lines.len()..], events(&lines));
    }
}

#[test]
fn a_relay_to_itself_is_refused() {
    let (listener, own) = listen();
    drop(listener);
    let end = run(&["relay", "--listen", &own, "--to", &own, "--udp", "--format", "jsonl"], "");
    assert!(end.code == 1 && end.out.iter().any(|line| line.contains("own-address")), "{end:?}");
    let (twin, port) = {
        let twin = Twin::start(&["relay", "--listen", &own, "--to", &own, "--format", "jsonl"]);
        let port = twin.port();
        (twin, port)
    };
    assert_eq!(read_to_reset(&mut connect(port)), b"");
    assert_eq!(text(&twin.event("failed"), "cause"), "own-address");
    ended(twin);
}

#[test]
fn json_lines_read_back_with_both_ends_of_each_conversation() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("relay.jsonl");
    let target = udp();
    let (twin, port) = relay_udp(target.local_addr().unwrap(), &[]);
    let clients = [udp(), udp()];
    for client in &clients {
        client.send_to(b"x", ("127.0.0.1", port)).unwrap();
        twin.event("sent");
    }
    let said = clients.map(|client| client.send_to("你".as_bytes(), ("127.0.0.1", port)).map(|_| twin.event("sent")).unwrap());
    assert_ne!(said[0]["local"], said[1]["local"]);
    let listening =
        format!(r#"{{"event":"listening","at":"2026-01-01T00:00:00Z","local":"127.0.0.1:{port}","receive_buffer":1}}"#);
    let lines = ended(twin);
    let all: Vec<String> = [listening].into_iter().chain(said.iter().chain(&lines).map(Value::to_string)).collect();
    std::fs::write(&file, all.join("\n") + "\n").unwrap();
    let read = run(&["convert", file.to_str().unwrap(), "-", "--format", "jsonl"], "");
    assert_eq!(read.code, 0, "{read:?}");
    let read: Vec<Value> = read.out.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (payloads(&read, "sent"), read.iter().filter(|line| line["event"] == "peer-left").count()),
        (vec!["你".into(), "你".into()], 4)
    );
}

#[test]
fn a_count_ends_it() {
    let target = udp();
    let (twin, port) = relay_udp(target.local_addr().unwrap(), &["--count", "2"]);
    let client = udp();
    for _ in 0..2 {
        client.send_to(b"x", ("127.0.0.1", port)).unwrap();
    }
    assert_eq!(twin.end().code, 0);
}

#[test]
fn an_address_in_use_is_refused_and_so_is_a_name_that_is_none() {
    let (_listener, taken) = listen();
    let end = run(&["relay", "--listen", &taken, "--to", "127.0.0.1:9", "--format", "jsonl"], "");
    assert_eq!(end.code, 1, "{end:?}");
    assert!(end.out.iter().any(|line| line.contains("address-in-use")), "{end:?}");
    let end = run(&["relay", "--listen", ":0", "--to", "no.such.name.invalid:9", "--udp", "--format", "jsonl"], "");
    assert_eq!(end.code, 1, "{end:?}");
    assert!(end.out.iter().any(|line| line.contains("resolve")), "{end:?}");
    assert_eq!(run(&["relay", "--listen", ":0", "--to", "127.0.0.1:9", "--drop", "5"], "").code, 2);
}

#[test]
fn people_read_what_was_done() {
    let (listener, target) = listen();
    let twin = Twin::start(&["relay", "--listen", "127.0.0.1:0", "--to", &target, "--rechunk", "3", "--delay", "1"]);
    let port = port_of(&twin.note("Listening on"));
    twin.note("Impairment: delays by 1 ms, in pieces of 3 B, 10 ms apart");
    let mut client = connect(port);
    let mut server = accept(&listener);
    client.write_all(b"hello").unwrap();
    assert_eq!(read_exactly(&mut server, 5), b"hello");
    let (from, note) = (client.local_addr().unwrap(), twin.note("cut into"));
    assert!(note.contains(&format!("{from} → {target}  5 B from byte 0 on: delayed by 1 ms, cut into 2 pieces")), "{note}");
    twin.signal("INT");
    assert_eq!(twin.end().code, 0);
}

// ---- other people's tools

/// Whether a tool is installed; says so when it is not.
fn has(tool: &str) -> bool {
    let found = Command::new(tool).arg("-h").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        println!("skipped: {tool} is not installed");
    }
    found
}

#[test]
fn python_talks_to_ncat_and_socat_through_it() {
    // It does not finish sending first: ncat forgets what its program still has to say once its peer has.
    let client = "import socket,sys\n\
        s=socket.create_connection(('127.0.0.1',int(sys.argv[1])),timeout=20)\n\
        s.sendall('你好'.encode('gbk'))\n\
        d=b''\n\
        while len(d)<4: d+=s.recv(100) or sys.exit('only '+repr(d))\n\
        sys.stdout.buffer.write(d)";
    let servers = [
        ("ncat", vec!["-k", "-l", "127.0.0.1", "PORT", "--exec", "/bin/cat"]),
        ("socat", vec!["TCP-LISTEN:PORT,bind=127.0.0.1,fork", "EXEC:cat"]),
    ];
    for (tool, args) in servers {
        if !has(tool) || !has("python3") {
            continue;
        }
        // A port that is free now: these tools do not say which one they got.
        let port = listen().0.local_addr().unwrap().port();
        let args: Vec<String> = args.iter().map(|arg| arg.replace("PORT", &port.to_string())).collect();
        let _server = Server(Command::new(tool).args(&args).spawn().unwrap());
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "{tool} does not listen");
            std::thread::yield_now();
        }
        let (twin, relay_port) = relay(&format!("127.0.0.1:{port}"), &["--rechunk", "1:0"]);
        let said = Command::new("python3").args(["-c", client, &relay_port.to_string()]).output().unwrap();
        assert_eq!(said.stdout, b"\xc4\xe3\xba\xc3", "{tool}: {}", String::from_utf8_lossy(&said.stderr));
        ended(twin);
    }
}

/// A tool that serves until the test is over.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}
