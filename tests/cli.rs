//! The binary as a subprocess, against plain sockets and other people's tools: the words, the output and the exit codes that scripts
//! depend on.

#[path = "support/twin.rs"]
mod twin;

use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use twin::{End, PATIENCE, Twin, port_of, run};

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

fn udp() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn read_exactly(stream: &mut TcpStream, expected: &[u8]) {
    let mut bytes = vec![0; expected.len()];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(bytes, expected);
}

fn read_rest(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}")).to_owned()
}

// ---- the contract's lines

#[test]
fn a_server_reports_everything_in_json_lines() {
    let mut twin = Twin::start(&["tcp-server", ":0", "--format", "jsonl", "--encoding", "gbk", "--send", "你好"]);
    let port = twin.port();
    let mut peer = connect(port);
    let from = peer.local_addr().unwrap().to_string();
    let joined = twin.event("peer-joined");
    assert_eq!((text(&joined, "peer"), text(&joined, "local")), (from.clone(), format!("127.0.0.1:{port}")));
    let sent = twin.event("sent");
    assert_eq!((text(&sent, "hex"), text(&sent, "text"), sent["len"].as_u64()), ("c4e3bac3".into(), "你好".into(), Some(4)));
    read_exactly(&mut peer, b"\xc4\xe3\xba\xc3");
    // A character cut in two: the texts in a row are the stream's text.
    peer.write_all(b"a\xc4").unwrap();
    let first = twin.event("data");
    peer.write_all(b"\xe3\xc4").unwrap();
    let second = twin.event("data");
    assert_eq!((text(&first, "text"), text(&second, "text")), ("a".into(), "你".into()));
    assert_eq!((text(&first, "hex"), text(&first, "peer")), ("61c4".into(), from.clone()));
    // RFC 3339 with microseconds.
    let at = text(&first, "at");
    assert!(at.len() == 32 && at.as_bytes()[19] == b'.' && at.as_bytes()[10] == b'T', "{at}");
    twin.say("再见🌏\n");
    let failed = twin.event("failed");
    assert_eq!((text(&failed, "op"), text(&failed, "cause")), ("encode".into(), "unencodable".into()));
    assert!(text(&failed, "message").contains("character 3") && text(&failed, "message").contains("GB18030"), "{failed}");
    assert!(!text(&failed, "advice").is_empty() && failed["os_code"].is_null());
    twin.say("再见\n");
    assert_eq!(text(&twin.event("sent"), "text"), "再见");
    read_exactly(&mut peer, b"\xd4\xd9\xbc\xfb");
    drop(peer);
    let left = twin.event("peer-left");
    assert_eq!((text(&left, "by"), left["received"].as_u64(), left["sent"].as_u64()), ("peer-fin".into(), Some(4), Some(8)));
    assert_eq!(text(&left, "rest"), "\\xC4", "what no character completes is not lost");
    twin.signal("INT");
    twin.event("closed");
    assert_eq!(twin.end().code, 0);
}

#[test]
fn a_client_half_closes_at_the_end_of_its_input() {
    let (listener, address) = listen();
    let mut twin = Twin::start(&["tcp-client", &address, "--format", "jsonl", "--line-ending", "crlf"]);
    let (mut peer, _) = listener.accept().unwrap();
    twin.event("connected");
    twin.say("one\ntwo");
    twin.end_input();
    assert_eq!(read_rest(peer.try_clone().unwrap()), b"one\r\ntwo\r\n");
    peer.write_all("still heard".as_bytes()).unwrap();
    assert_eq!(text(&twin.event("data"), "text"), "still heard");
    drop(peer);
    let closed = twin.event("closed");
    assert_eq!(
        (text(&closed, "by"), closed["received"].as_u64(), closed["sent"].as_u64()),
        ("peer-fin".into(), Some(11), Some(10))
    );
    assert_eq!(twin.end().code, 0);
}

#[test]
fn what_is_piped_in_leaves_although_the_peer_finished_first() {
    let (listener, address) = listen();
    let mut twin = Twin::start(&["tcp-client", &address, "--format", "jsonl", "--line-ending", "lf"]);
    let (mut peer, _) = listener.accept().unwrap();
    peer.write_all(b"that is all").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    assert_eq!(text(&twin.event("data"), "text"), "that is all");
    let lines: String = (0..20_000).map(|number| format!("{number}\n")).collect();
    let mut stdin = twin.take_stdin();
    let fed = lines.clone();
    let feeder = std::thread::spawn(move || stdin.write_all(fed.as_bytes()).unwrap());
    assert!(read_rest(peer) == lines.as_bytes());
    feeder.join().unwrap();
    assert_eq!(text(&twin.event("closed"), "by"), "peer-fin");
    assert_eq!(twin.end().code, 0);
    // Without anything more to say, a client ends with its peer, though its input stays open.
    let twin = Twin::start(&["tcp-client", &address, "--format", "jsonl"]);
    drop(listener.accept().unwrap());
    assert_eq!(text(&twin.event("closed"), "by"), "peer-fin");
    assert_eq!(twin.end().code, 0);
}

#[test]
fn the_end_of_input_as_asked() {
    let (listener, address) = listen();
    let twin = Twin::start(&["tcp-client", &address, "--eof", "close", "--send", "x"]);
    let (peer, _) = listener.accept().unwrap();
    let mut twin = twin;
    twin.end_input();
    assert_eq!(read_rest(peer), b"x");
    assert_eq!(twin.end().code, 0);

    let mut twin = Twin::start(&["tcp-client", &address, "--eof", "keep", "--format", "jsonl", "--count", "1"]);
    let (mut peer, _) = listener.accept().unwrap();
    twin.end_input();
    twin.event("connected");
    peer.write_all(b"after").unwrap();
    assert_eq!(text(&twin.event("data"), "text"), "after");
    assert_eq!(twin.end().code, 0);
}

#[test]
fn refused_is_an_event_with_cause_and_advice_and_exit_1() {
    let (listener, address) = listen();
    drop(listener);
    let end = run(&["tcp-client", &address, "--format", "jsonl"], "never sent\n");
    assert_eq!(end.code, 1);
    let failed: Value = serde_json::from_str(end.out.last().unwrap()).unwrap();
    assert_eq!(
        (text(&failed, "event"), text(&failed, "op"), text(&failed, "cause")),
        ("failed".into(), "connect".into(), "refused".into())
    );
    assert_eq!(text(&failed, "address"), address);
    assert!(failed["os_code"].is_i64() && !text(&failed, "advice").is_empty());

    let End { code, out, notes } = run(&["tcp-client", &address], "");
    assert_eq!((code, out.len()), (1, 0));
    assert!(notes.last().unwrap().contains("connection refused"), "{notes:?}");
}

#[test]
fn an_address_in_use_names_its_owner() {
    let (_listener, address) = listen();
    let end = run(&["tcp-server", &address, "--format", "jsonl"], "");
    let failed: Value = serde_json::from_str(end.out.last().unwrap()).unwrap();
    assert_eq!((end.code, text(&failed, "op"), text(&failed, "cause")), (1, "bind".into(), "address-in-use".into()));
    if cfg!(target_os = "linux") {
        assert_eq!(failed["owner_pid"].as_u64(), Some(std::process::id().into()));
    }
}

#[test]
fn a_reset_by_the_peer_ends_a_client_with_1() {
    let (listener, address) = listen();
    let twin = Twin::start(&["tcp-client", &address, "--format", "jsonl"]);
    let (peer, _) = listener.accept().unwrap();
    twin.event("connected");
    socket2::SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
    drop(peer);
    assert_eq!(text(&twin.event("closed"), "by"), "peer-reset");
    assert_eq!(twin.end().code, 1);
}

// ---- datagrams

#[test]
fn datagrams_one_by_one_and_a_port_that_nobody_has() {
    let peer = udp();
    let to = peer.local_addr().unwrap().to_string();
    let mut twin = Twin::start(&["udp", "--to", &to, "--format", "jsonl", "--send", "first"]);
    let local = text(&twin.event("listening"), "local");
    let mut buffer = [0; 100];
    let (length, from) = peer.recv_from(&mut buffer).unwrap();
    assert_eq!((&buffer[..length], from.to_string()), (&b"first"[..], local.clone()));
    peer.send_to(b"", &local).unwrap();
    assert_eq!(twin.event("data")["len"].as_u64(), Some(0));
    peer.send_to(b"\xe4", &local).unwrap();
    assert_eq!(text(&twin.event("data"), "text"), "\\xE4", "a datagram stands alone");
    peer.send_to(b"\xbd\xa0", &local).unwrap();
    assert_eq!(text(&twin.event("data"), "text"), "\\xBD\\xA0");
    drop(peer);
    twin.say("gone?\n");
    let failed = twin.event("failed");
    assert_eq!((text(&failed, "cause"), text(&failed, "address")), ("port-unreachable".into(), to));
    // The session goes on, and does not spin on an error that was already told.
    let before = cpu_ticks(twin.pid());
    let start = Instant::now();
    let again = UdpSocket::bind("127.0.0.1:0").unwrap();
    twin.say("still there\n");
    assert_eq!(text(&twin.event("failed"), "cause"), "port-unreachable");
    while start.elapsed() < Duration::from_millis(500) {
        again.send_to(b"tick", &local).unwrap();
        assert_eq!(text(&twin.event("data"), "text"), "tick");
        std::thread::park_timeout(Duration::from_millis(50));
    }
    if let (Some(before), Some(after)) = (before, cpu_ticks(twin.pid())) {
        assert!(after - before < 25, "{} ticks of 10 ms in half a second of nearly nothing", after - before);
    }
    twin.signal("TERM");
    assert_eq!(twin.end().code, 0);
}

/// Processor time used, where the system tells.
fn cpu_ticks(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
}

#[test]
fn a_line_without_a_remote_goes_to_the_last_sender() {
    let mut twin = Twin::start(&["udp", "--bind", ":0", "--format", "jsonl"]);
    let port = twin.port();
    twin.say("hello\n");
    twin.note("nobody to send to yet");
    let peer = udp();
    peer.send_to(b"who is there", ("127.0.0.1", port)).unwrap();
    let mut buffer = [0; 100];
    let length = peer.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..length], b"hello");
    twin.event("sent");
    twin.signal("INT");
    assert_eq!(twin.end().code, 0);
}

/// 服务器已经启动正在等待客户端的连接 in GBK.
const SIMPLIFIED: &str = "服务器已经启动正在等待客户端的连接";
const SIMPLIFIED_GBK: &[u8] = b"\xb7\xfe\xce\xf1\xc6\xf7\xd2\xd1\xbe\xad\xc6\xf4\xb6\xaf\xd5\xfd\xd4\xda\xb5\xc8\xb4\xfd\xbf\xcd\xbb\xa7\xb6\xcb\xb5\xc4\xc1\xac\xbd\xd3";

#[test]
fn auto_reads_each_sender_of_datagrams_in_its_encoding() {
    let twin = Twin::start(&["udp", "--bind", ":0", "--format", "jsonl", "--recv-encoding", "auto", "--encoding", "latin1"]);
    let port = twin.port();
    let (gbk, utf_8) = (udp(), udp());
    // Plain ASCII and a little tell nothing: the other encoding counts.
    gbk.send_to(b"AT\xe9", ("127.0.0.1", port)).unwrap();
    assert_eq!(text(&twin.event("data"), "text"), "ATé");
    for (socket, bytes) in [(&utf_8, SIMPLIFIED.as_bytes()), (&udp(), SIMPLIFIED_GBK), (&utf_8, "好".as_bytes())] {
        socket.send_to(bytes, ("127.0.0.1", port)).unwrap();
        let data = twin.event("data");
        let expected = if bytes.len() == 3 { "好" } else { SIMPLIFIED };
        assert_eq!((text(&data, "text"), data["len"].as_u64()), (expected.into(), Some(bytes.len() as u64)));
    }
    twin.signal("INT");
    assert_eq!(twin.end().code, 0);
}

#[test]
fn auto_reads_each_client_of_a_server_in_its_encoding() {
    let twin = Twin::start(&["tcp-server", ":0", "--format", "jsonl", "--recv-encoding", "auto"]);
    let port = twin.port();
    let mut clients: Vec<TcpStream> = (0..2).map(|_| connect(port)).collect();
    for (client, (bytes, cut)) in clients.iter_mut().zip([(SIMPLIFIED_GBK, 33), (SIMPLIFIED.as_bytes(), 50)]) {
        // The last character comes in two parts.
        client.write_all(&bytes[..cut]).unwrap();
        let first = twin.event("data");
        client.write_all(&bytes[cut..]).unwrap();
        assert_eq!(text(&first, "text") + &text(&twin.event("data"), "text"), SIMPLIFIED);
    }
    clients[0].write_all(b"\xba\xc3").unwrap();
    assert_eq!(text(&twin.event("data"), "text"), "好");
    twin.signal("INT");
    assert_eq!(twin.end().code, 0);
}

#[test]
fn a_message_too_long_for_a_datagram_fails_and_the_session_goes_on() {
    let peer = udp();
    let to = peer.local_addr().unwrap().to_string();
    let mut twin = Twin::start(&["udp", "--to", &to, "--format", "jsonl", "--eof", "close"]);
    twin.say(&format!("{}\nshort\n", "x".repeat(65_508)));
    let failed = twin.event("failed");
    assert_eq!((text(&failed, "op"), text(&failed, "cause")), ("send".into(), "message-too-long".into()));
    twin.end_input();
    assert_eq!(text(&twin.event("sent"), "text"), "short");
    assert_eq!(twin.end().code, 0);
}

#[test]
fn a_group_behind_a_unicast_address_is_warned_of_once() {
    let end = run(&["udp", "--bind", "127.0.0.1:0", "--join", "239.9.9.9", "--join", "239.9.9.8", "--eof", "close"], "");
    let warnings: Vec<_> = end.notes.iter().filter(|note| note.contains("receives nothing sent to group")).collect();
    assert_eq!(warnings.len(), 1, "{:?}", end.notes);
}

// ---- options

#[test]
fn count_stops_after_exactly_so_many_records() {
    let twin = Twin::start(&["udp", "--bind", ":0", "--format", "jsonl", "--count", "3", "--reply", "echo"]);
    let port = twin.port();
    let peer = udp();
    for number in 0..10 {
        // The session may be over before the last of them.
        peer.send_to(format!("{number}").as_bytes(), ("127.0.0.1", port)).ok();
    }
    let end = twin.end();
    let events: Vec<Value> = end.out.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let data: Vec<&str> =
        events.iter().filter(|event| event["event"] == "data").map(|event| event["text"].as_str().unwrap()).collect();
    assert_eq!((end.code, data), (0, vec!["0", "1", "2"]));
    assert_eq!(events.last().unwrap()["event"], "closed");
}

#[test]
fn for_stops_after_a_time() {
    let start = Instant::now();
    let end = run(&["tcp-server", ":0", "--for", "0.3"], "");
    assert_eq!(end.code, 0);
    assert!(start.elapsed() >= Duration::from_millis(300));
    assert!(end.notes[0].contains("Listening on 127.0.0.1:"), "{:?}", end.notes);
}

#[test]
fn every_sends_the_last_message_again_and_input_waits_for_it() {
    let (listener, address) = listen();
    let mut twin = Twin::start(&["tcp-client", &address, "--send", "login;", "--send", "beat;", "--every", "20", "--times", "3"]);
    twin.end_input();
    let (peer, _) = listener.accept().unwrap();
    assert_eq!(read_rest(peer), b"login;beat;beat;beat;");
    assert_eq!(twin.end().code, 0);

    let mut twin = Twin::start(&["tcp-client", &address, "--every", "20", "--times", "2", "--input", "escaped"]);
    twin.say("tick\\r\\n\nonce\n");
    twin.end_input();
    let (peer, _) = listener.accept().unwrap();
    let bytes = read_rest(peer);
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!((text.matches("tick\r\n").count(), text.matches("once").count()), (2, 1), "{text}");
    assert_eq!(twin.end().code, 0);
}

#[test]
fn replies() {
    let table: [(&[&str], &[u8], &[u8]); 4] = [
        (&["--reply", "echo"], b"\x00\xff", b"\x00\xff"),
        (&["--reply", "upper", "--encoding", "gbk"], b"a\x81\x61", b"A\x81\x61"),
        (&["--reply", "text:\u{6536}\u{5230}", "--encoding", "gbk", "--line-ending", "lf"], b"x", b"\xca\xd5\xb5\xbd\n"),
        (&["--reply", "text:ok", "--send-encoding", "utf-16le"], b"x", b"o\0k\0"),
    ];
    for (options, asked, answered) in table {
        let twin = Twin::start(&[&["tcp-server", ":0", "--format", "jsonl"], options].concat());
        let mut peer = connect(twin.port());
        peer.write_all(asked).unwrap();
        read_exactly(&mut peer, answered);
    }
    let twin = Twin::start(&["tcp-server", ":0", "--format", "jsonl", "--reply", "chat"]);
    let port = twin.port();
    let (mut one, mut two) = (connect(port), connect(port));
    twin.event("peer-joined");
    twin.event("peer-joined");
    one.write_all(b"hi").unwrap();
    read_exactly(&mut two, b"hi");
    two.write_all(b"ho").unwrap();
    read_exactly(&mut one, b"ho");
}

#[test]
fn raw_is_the_received_bytes_alone() {
    let twin = Twin::start(&["tcp-server", "127.0.0.1:0", "--format", "raw", "--send", "greeting"]);
    let note = twin.note("Listening on");
    let mut peer = connect(port_of(note.split_whitespace().last().unwrap()));
    read_exactly(&mut peer, b"greeting");
    peer.write_all(b"only this\n").unwrap();
    assert_eq!(twin.line(), "only this");
    twin.signal("INT");
    let end = twin.end();
    assert_eq!((end.code, end.out), (0, vec![]));
}

#[test]
fn the_formats_for_people() {
    let table: [(&str, &[&str]); 4] = [
        ("text", &["← 127.0.0.1:", " 3 B  \\0a\\n"]),
        ("hex", &["← 127.0.0.1:", " 3 B  00 61 0A"]),
        ("both", &["00 61 0A", "|.a.|"]),
        ("netassist", &["# RECV ASCII/3 <<<"]),
    ];
    for (format, parts) in table {
        let twin = Twin::start(&["udp", "--bind", ":0", "--format", format, "--count", "1"]);
        let note = twin.note("Bound to");
        let local = note.split_whitespace().nth(4).unwrap().to_owned();
        udp().send_to(b"\0a\n", local).unwrap();
        let end = twin.end();
        let out = end.out.join("\n");
        for part in parts {
            assert!(out.contains(part), "{format}: {part:?} is not in {out:?}");
        }
    }
    let twin = Twin::start(&["udp", "--bind", ":0", "--quiet", "--count", "1"]);
    let note = twin.note("Bound to");
    udp().send_to(b"x", note.split_whitespace().nth(4).unwrap()).unwrap();
    let end = twin.end();
    assert_eq!((end.code, end.out), (0, vec![]));
}

// ---- frames

#[test]
fn lines_are_rows_however_they_are_read() {
    let twin = Twin::start(&["tcp-server", ":0", "--format", "jsonl", "--encoding", "gbk", "--frame", "line", "--reply", "echo"]);
    let mut peer = connect(twin.port());
    // Each echo shows that a read is over: the character, and the line, is cut in two.
    for read in [&b"\xc4"[..], b"\xe3\xba", b"\xc3\r\n\xca\xc0\xbd\xe7\n$ "] {
        peer.write_all(read).unwrap();
        read_exactly(&mut peer, read);
    }
    let first = twin.event("data");
    assert_eq!((text(&first, "text"), text(&first, "hex")), ("你好\r\n".into(), "c4e3bac30d0a".into()));
    assert_eq!((first["len"].as_u64(), first.get("end")), (Some(6), None));
    assert_eq!(text(&twin.event("data"), "text"), "世界\n");
    drop(peer);
    // A prompt without a line end is not lost: it stands before the note that ends its stream.
    let prompt = twin.event("data");
    assert_eq!((text(&prompt, "text"), text(&prompt, "end")), ("$ ".into(), "unfinished".into()));
    twin.event("peer-left");
    twin.signal("INT");
    let end = twin.end();
    assert!(!end.out.iter().any(|line| line.contains("\"data\"")), "{:?}", end.out);
}

#[test]
fn each_rule_over_a_real_connection() {
    let long = [vec![b'x'; 100_000], b"\n".to_vec()].concat();
    /// The length of a frame and how its text begins.
    type Start = (usize, &'static str);
    let table: [(&str, &[u8], &[Start]); 7] = [
        ("line", &long, &[(65_536, "x"), (34_465, "x")]),
        ("fixed:3", b"abcdefg", &[(3, "abc"), (3, "def"), (1, "g")]),
        ("length:2be,offset=1,adjust=-3", b"A\0\x05hiB\0\x03", &[(5, "A\0\u{5}hi"), (3, "B\0\u{3}")]),
        ("delimiter:\\r\\n", "一\r\n二\r\n".as_bytes(), &[(5, "一\r\n"), (5, "二\r\n")]),
        ("delimiter:7c", b"a|b|", &[(2, "a|"), (2, "b|")]),
        ("json", "{\"名\":[1]} {}\n".as_bytes(), &[(11, "{\"名\":[1]}"), (3, " {}")]),
        ("none", b"ab\n", &[(3, "ab\n")]),
    ];
    for (rule, bytes, expected) in table {
        let twin = Twin::start(&["tcp-server", ":0", "--format", "jsonl", "--frame", rule]);
        let mut peer = connect(twin.port());
        peer.write_all(bytes).unwrap();
        drop(peer);
        for (length, start) in expected {
            let data = twin.event("data");
            assert_eq!(data["len"].as_u64(), Some(*length as u64), "{rule}: {data}");
            assert!(text(&data, "text").starts_with(start), "{rule}: {data}");
        }
        twin.event("peer-left");
    }
}

#[test]
fn silence_ends_a_frame_though_nothing_more_comes() {
    let twin = Twin::start(&["tcp-server", ":0", "--format", "jsonl", "--frame", "idle:40", "--count", "2"]);
    let mut peer = connect(twin.port());
    peer.write_all("你".as_bytes()).unwrap();
    assert_eq!(text(&twin.event("data"), "text"), "你");
    peer.write_all("好".as_bytes()).unwrap();
    assert_eq!(text(&twin.event("data"), "text"), "好");
    assert_eq!(twin.end().code, 0, "the second is the last that was asked for");
}

#[test]
fn a_count_is_of_frames_and_datagrams_are_framed_alone() {
    let twin = Twin::start(&["udp", "--bind", ":0", "--format", "jsonl", "--frame", "line", "--count", "3"]);
    let port = twin.port();
    let peer = udp();
    for datagram in ["one\ntw", "o\nfour\n"] {
        peer.send_to(datagram.as_bytes(), ("127.0.0.1", port)).unwrap();
    }
    let texts: Vec<String> = (0..3).map(|_| text(&twin.event("data"), "text")).collect();
    assert_eq!(texts, ["one\n", "tw", "o\n"]);
    let end = twin.end();
    assert!(end.code == 0 && !end.out.iter().any(|line| line.contains("four")), "{:?}", end.out);
}

#[test]
fn raw_waits_for_no_frame() {
    let twin = Twin::start(&["tcp-server", "127.0.0.1:0", "--format", "raw", "--frame", "fixed:1000"]);
    twin.note("--frame changes nothing");
    let note = twin.note("Listening on");
    let mut peer = connect(port_of(note.split_whitespace().last().unwrap()));
    peer.write_all(b"at once\n").unwrap();
    assert_eq!(twin.line(), "at once");
}

// ---- how it ends

#[test]
fn a_broken_pipe_ends_cleanly() {
    let (reader, writer) = std::io::pipe().unwrap();
    let twin = Twin::spawn(&["udp", "--bind", ":0"], Stdio::from(writer));
    let note = twin.note("Bound to");
    drop(reader);
    udp().send_to(b"x", note.split_whitespace().nth(4).unwrap()).unwrap();
    let end = twin.end();
    assert_eq!(end.code, 0);
    assert!(!end.notes.iter().any(|note| note.contains("panicked")), "{:?}", end.notes);
}

#[test]
fn ctrl_c_ends_even_while_nobody_reads_standard_output() {
    let (reader, writer) = std::io::pipe().unwrap();
    let twin = Twin::spawn(&["tcp-server", ":0", "--format", "raw"], Stdio::from(writer));
    let note = twin.note("Listening on");
    let mut peer = connect(port_of(note.split_whitespace().last().unwrap()));
    peer.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    let block = vec![7; 1 << 16];
    while peer.write_all(&block).is_ok() {}
    let start = Instant::now();
    twin.signal("INT");
    assert_eq!(twin.end().code, 0);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    drop(reader);
}

#[test]
fn wrong_usage_is_2() {
    let table: &[&[&str]] = &[
        &["nonsense"],
        &["tcp-client"],
        &["tcp-client", "127.0.0.1"],
        &["tcp-client", "127.0.0.1:0"],
        &["tcp-client", "127.0.0.1:70000"],
        &["tcp-server", "example.com:1"],
        &["tcp-server", ":0", "--encoding", "klingon"],
        &["tcp-server", ":0", "--times", "3"],
        &["tcp-server", ":0", "--reply", "shout"],
        &["tcp-server", ":0", "--reply", "text:🌏", "--encoding", "gbk"],
        &["tcp-server", ":0", "--format", "xml"],
        &["tcp-server", ":0", "--count", "0"],
        &["tcp-server", ":0", "--frame", "lines"],
        &["tcp-server", ":0", "--frame", "fixed:0"],
        &["udp", "--join", "10.0.0.1"],
        &["udp", "--eof", "half-close"],
        &["decode", "zz"],
        &["decode", "@/does/not/exist"],
        &["convert", "a"],
        &["convert", "a", "b.unknown"],
        &["convert", "a", "b.csv", "--encoding", "nonsense"],
    ];
    for args in table {
        let end = run(args, "");
        assert_eq!((end.code, end.out.len()), (2, 0), "{args:?}");
        assert!(!end.notes.is_empty(), "{args:?} says nothing");
    }
    let later: &[&[&str]] = &[&["tcp-client", "127.0.0.1:1", "--checksum", "crc16"]];
    for args in later {
        let end = run(args, "");
        assert_eq!((end.code, end.out.len()), (2, 0), "{args:?}");
        assert!(end.notes[0].contains("not available yet"), "{args:?}: {:?}", end.notes);
    }
}

// ---- lessons

#[test]
fn lessons_are_listed_and_done() {
    let end = run(&["lesson", "list", "--format", "jsonl"], "");
    assert_eq!(end.code, 0);
    let listed: Vec<Value> = end.out.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(listed.len() >= 17, "{}", listed.len());
    assert_eq!(listed[0]["lesson"], "phone-and-letter");
    let end = run(&["lesson", "list"], "");
    assert!(end.out.iter().any(|line| line.starts_with("  echo ")), "{:?}", end.out);

    let end = run(&["lesson", "run", "echo", "--format", "jsonl"], "");
    assert_eq!(end.code, 0, "{:?}", end.notes);
    let steps: Vec<Value> = end.out.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(steps.len(), 4);
    for (number, step) in steps.iter().enumerate() {
        assert_eq!((&step["lesson"], &step["step"], &step["holds"]), (&json!("echo"), &json!(number + 1), &json!(true)));
        assert_eq!(step["predicted"], step["observed"], "{step}");
    }
    let end = run(&["lesson", "run", "echo"], "");
    assert_eq!(end.out[0], "Echo, the first server");
    assert_eq!(end.out.last().unwrap(), "4 steps, everything as expected");
}

#[test]
fn a_lesson_of_an_unknown_name_is_answered_with_those_like_it() {
    let end = run(&["lesson", "run", "ecko"], "");
    assert_eq!((end.code, end.out.len()), (2, 0));
    assert!(end.notes[0].contains("did you mean: echo"), "{:?}", end.notes);
    let end = run(&["lesson", "run", "qqqqq"], "");
    assert_eq!(end.code, 2);
    assert!(end.notes[0].contains("lesson list"), "{:?}", end.notes);
}

#[test]
fn a_teachers_file_is_done_and_a_claim_that_does_not_hold_is_status_1() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    let lesson = |claim: &str| {
        format!(
            r#"topic = "own"
title = {{ zh = "自己的", en = "My own" }}
goal = {{ zh = "试试", en = "Try" }}
[[end]]
name = "here"
role = "udp"
[[step]]
title = {{ zh = "一", en = "One" }}
text = {{ zh = "打开", en = "Open" }}
do = [{{ open = "here" }}]
reveal = [{{ zh = "端口", en = "Port", value = "here.port", holds = "{claim}" }}]
explain = {{ zh = "好", en = "Good" }}
"#
        )
    };
    let path = file.to_str().unwrap();
    std::fs::write(&file, lesson("here.port > 0")).unwrap();
    assert_eq!(run(&["lesson", "run", path], "").code, 0);
    std::fs::write(&file, lesson("here.port == 0")).unwrap();
    let end = run(&["lesson", "run", path, "--format", "jsonl"], "");
    assert_eq!(end.code, 1);
    assert_eq!(serde_json::from_str::<Value>(&end.out[0]).unwrap()["holds"], json!(false));
    // What is wrong with a file is told with its line.
    std::fs::write(&file, lesson("here.prot > 0")).unwrap();
    let end = run(&["lesson", "run", path], "");
    assert_eq!((end.code, end.out.len()), (2, 0));
    assert!(end.notes[0].contains("mine.toml, line 11: ") && end.notes[0].contains("here.prot"), "{:?}", end.notes);
    let page = folder.path().join("page.html");
    std::fs::write(&file, lesson("here.port > 0")).unwrap();
    let end = run(&["lesson", "run", path, "--format", "html", "--out", page.to_str().unwrap()], "");
    assert_eq!((end.code, end.out.len()), (0, 0), "{:?}", end.notes);
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("My own") && page.contains("自己的"));
    // Nothing in it comes from elsewhere.
    for outside in ["<script", "src=", "href=", "url(", "@import", "<link"] {
        assert!(!page.contains(outside), "{outside}");
    }
}

// ---- piped input

#[test]
fn a_long_pipe_arrives_whole_though_the_peer_is_slow() {
    let (listener, address) = listen();
    let mut twin = Twin::start(&["tcp-client", &address, "--line-ending", "lf", "--quiet"]);
    let (peer, _) = listener.accept().unwrap();
    let lines: String = (0..100_000).map(|number| format!("line number {number} of a long pipe, 中文也有\n")).collect();
    let mut stdin = twin.take_stdin();
    let fed = lines.clone();
    let feeder = std::thread::spawn(move || stdin.write_all(fed.as_bytes()).unwrap());
    // Long enough for every queue on the way to be full.
    std::thread::park_timeout(Duration::from_millis(500));
    assert!(read_rest(peer) == lines.as_bytes(), "it did not arrive as it was sent");
    feeder.join().unwrap();
    let end = twin.end();
    assert_eq!(end.code, 0);
    assert!(!end.notes.iter().any(|note| note.contains("Not sent")), "{:?}", end.notes);
}

#[test]
fn a_line_that_is_no_text_fails_alone() {
    let (listener, address) = listen();
    let mut twin = Twin::start(&["tcp-client", &address, "--format", "jsonl"]);
    let (peer, _) = listener.accept().unwrap();
    twin.say_bytes(b"ab\xff\ngood\n");
    twin.end_input();
    let failed = twin.event("failed");
    assert_eq!((text(&failed, "op"), text(&failed, "cause")), ("encode".into(), "unencodable".into()));
    assert!(text(&failed, "message").contains("from byte 3 on"), "{failed}");
    assert_eq!(read_rest(peer), b"good");
}

// ---- decode and demo

#[test]
fn decode_ranks_and_reasons() {
    let end = run(&["decode", "--format", "jsonl", "C4E3", "BAC3"], "");
    let lines: Vec<Value> = end.out.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((end.code, text(&lines[0], "encoding"), text(&lines[0], "text")), (0, "GBK".into(), "你好".into()));
    assert_eq!((text(&lines[0], "smallest"), lines[0]["errors"].as_u64()), ("GB2312".into(), Some(0)));
    let sure = |line: &Value| line["confidence"].as_f64().unwrap();
    assert!(lines.windows(2).all(|pair| sure(&pair[0]) >= sure(&pair[1])), "best first");
    assert!(lines.iter().all(|line| (0.0..=1.0).contains(&sure(line)) && !text(line, "reason").contains("%{")));
    assert!(lines.iter().any(|line| line["encoding"] == "binary"));

    let end = run(&["decode", "--format", "jsonl"], "你好，世界");
    let best: Value = serde_json::from_str(&end.out[0]).unwrap();
    assert_eq!((text(&best, "encoding"), text(&best, "text")), ("UTF-8".into(), "你好，世界".into()), "standard input is bytes");

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("数据.bin");
    std::fs::write(&path, b"\xb0\xa1\xb0\xa2\xc4\xe3\xba\xc3").unwrap();
    let end = run(&["decode", &format!("@{}", path.display())], "");
    assert!(end.out[0].contains("8 B, most likely GBK"), "{:?}", end.out);
    assert!(end.out.iter().any(|line| line.contains("啊阿你好")), "{:?}", end.out);
}

#[test]
fn decode_says_what_happened_to_a_garbled_text() {
    let end = run(&["decode", "--garbled", "浣犲ソ", "--format", "jsonl"], "");
    let best: Value = serde_json::from_str(&end.out[0]).unwrap();
    assert_eq!((end.code, text(&best, "text"), best["recovered"].as_bool()), (0, "你好".into(), Some(true)));
    let step = &best["chain"][0];
    assert_eq!(
        (text(step, "written"), text(step, "read"), text(&best, "reason_key")),
        ("UTF-8".into(), "GBK".into(), "misread".into())
    );
    assert!(best["confidence"].as_f64().unwrap() > 0.9 && best["lost"] == 0, "{best}");

    let end = run(&["decode", "--garbled", "-"], "2026-11-21 INFO 浣犲ソ鍚?\n");
    assert!(end.out[0].contains("2026-11-21 INFO 你好\u{FFFD}. Bytes gone, at least: 1"), "{:?}", end.out);
    assert!(end.out[1].contains("Set the receiving encoding to UTF-8"), "{:?}", end.out);

    let end = run(&["decode", "--garbled", "锟斤拷", "--format", "jsonl"], "");
    let best: Value = serde_json::from_str(&end.out[0]).unwrap();
    assert_eq!((&best["text"], best["lost"].as_u64(), text(&best, "reason_key")), (&Value::Null, Some(2), "replaced".into()));

    for (healthy, key) in [("你好，世界", "healthy"), ("ꙮꚙ꛰ꛯ", "unknown")] {
        let end = run(&["decode", "--garbled", healthy, "--format", "jsonl"], "");
        let only: Value = serde_json::from_str(&end.out[0]).unwrap();
        assert_eq!((end.code, end.out.len(), text(&only, "reason_key")), (0, 1, key.into()));
    }
    let end = run(&["decode", "--garbled", "\\xC4\\xE3\\xBA\\xC3", "--format", "jsonl"], "");
    let best: Value = serde_json::from_str(&end.out[0]).unwrap();
    assert_eq!((text(&best, "text"), text(&best, "encoding")), ("你好".into(), "GBK".into()));
    for (given, typed) in [("", ""), ("  ", ""), ("-", ""), ("-", "\n")] {
        let end = run(&["decode", "--garbled", given], typed);
        assert!(end.code == 2 && end.out.is_empty(), "{given:?}: {:?}", end.out);
        assert!(end.notes.iter().any(|note| note.contains("there is no text to look at")), "{:?}", end.notes);
    }
    let end = run(&["decode", "--garbled", "-"], &"浣犲ソ".repeat(2000));
    assert!(end.code == 0 && end.notes.iter().any(|note| note.contains("4000 of 6000")), "{:?}", end.notes);
}

#[test]
fn the_demo_shows_what_each_end_saw() {
    let end = run(&["demo"], "");
    let out = end.out.join("\n");
    assert_eq!(end.code, 0, "{:?}", end.notes);
    for part in ["GBK", "UTF-8", "TCP", "UDP", "C4 E3 BA ", "你  (BA waits", "All as expected"] {
        assert!(out.contains(part), "{part:?} is not in:\n{out}");
    }
    let chinese = Command::new(env!("CARGO_BIN_EXE_sockscope")).args(["demo", "--lang", "zh"]).output().unwrap();
    assert!(chinese.status.success());
    assert!(String::from_utf8(chinese.stdout).unwrap().contains("全部符合预期"));
}

// ---- other people's tools

/// Whether a tool is installed; says so when it is not.
fn has(tool: &str) -> bool {
    let found = Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        println!("skipped: {tool} is not installed");
    }
    found
}

/// Runs a tool with this input, and gives its output.
fn tool(name: &str, args: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(name).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap().stdout
}

#[test]
fn ncat_as_the_peer() {
    if !has("ncat") {
        return;
    }
    let twin = Twin::start(&["tcp-server", ":0", "--format", "jsonl", "--encoding", "gbk", "--reply", "echo"]);
    let port = twin.port().to_string();
    assert_eq!(tool("ncat", &["127.0.0.1", &port], b"\xc4\xe3\xba\xc3"), b"\xc4\xe3\xba\xc3");
    assert_eq!(text(&twin.event("data"), "text"), "你好");
    twin.event("peer-left");
}

#[test]
fn socat_as_the_peer() {
    if !has("socat") {
        return;
    }
    let twin = Twin::start(&["udp", "--bind", ":0", "--format", "jsonl", "--reply", "upper"]);
    let to = format!("UDP:127.0.0.1:{}", twin.port());
    assert_eq!(tool("socat", &["-t", "2", "-", &to], b"abc"), b"ABC");
    let twin = Twin::start(&["tcp-server", "[::1]:0", "--format", "jsonl", "--reply", "echo"]);
    let to = format!("TCP6:[::1]:{}", twin.port());
    assert_eq!(tool("socat", &["-t", "2", "-", &to], b"over IPv6"), b"over IPv6");
}

#[test]
fn python_as_the_peer() {
    if !has("python3") {
        return;
    }
    let program = "import socket,sys\n\
        s=socket.create_server(('127.0.0.1',0)); print(s.getsockname()[1],flush=True)\n\
        c,_=s.accept(); d=c.recv(100); c.sendall(d.decode('gb18030').upper().encode('gb18030')); c.close()";
    let mut python = Command::new("python3").args(["-c", program]).stdout(Stdio::piped()).spawn().unwrap();
    let mut port = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(python.stdout.take().unwrap()), &mut port).unwrap();
    let address: SocketAddr = format!("127.0.0.1:{}", port.trim()).parse().unwrap();
    let twin =
        Twin::start(&["tcp-client", &address.to_string(), "--format", "jsonl", "--encoding", "gb18030", "--send", "龘abc🌏"]);
    assert_eq!(text(&twin.event("data"), "text"), "龘ABC🌏");
    assert_eq!(text(&twin.event("closed"), "by"), "peer-fin");
    assert_eq!(twin.end().code, 0);
    python.wait().unwrap();
}

#[test]
fn a_half_closed_peer_is_still_answered() {
    let twin = Twin::start(&["tcp-server", ":0", "--format", "jsonl", "--reply", "echo"]);
    let mut peer = connect(twin.port());
    let block = vec![b'x'; 300_000];
    peer.write_all(&block).unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    assert!(read_rest(peer) == block);
    assert_eq!(text(&twin.event("peer-left"), "by"), "peer-fin");
}
