//! `--record` as a subprocess: the file is whole however the twin ends, and after `kill -9` it holds everything that was printed.

#[path = "support/captured.rs"]
mod captured;
#[path = "support/small_disk.rs"]
mod small_disk;
#[path = "support/twin.rs"]
mod twin;

use captured::{followed, lines, received, tshark};
use serde_json::Value;
use small_disk::SmallDisk;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use twin::{PATIENCE, Twin, port_of, run};

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

/// The words of the notes in a file, and the bytes that were received.
fn held(file: &Path) -> (Vec<String>, Vec<u8>) {
    let (found, cut) = lines(file);
    assert_eq!(cut, 0, "{}", file.display());
    let word = |line: &String| line.split([' ', '(']).nth(1).unwrap_or_default().to_owned();
    (found.iter().map(word).collect(), received(file).0)
}

#[test]
fn a_whole_session_from_its_first_event_to_its_last() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("它.pcapng");
    let path = file.to_str().unwrap();
    let (listener, address) = listen();
    std::fs::write(&file, b"what was there is replaced").unwrap();
    let twin = Twin::start(&["tcp-client", &address, "--record", path, "--send", "hello", "--format", "jsonl"]);
    let (mut peer, _) = listener.accept().unwrap();
    let answer: Vec<u8> = (0..200_000u32).map(|number| (number * 7 / 3) as u8).collect();
    peer.write_all(&answer).unwrap();
    peer.read_exact(&mut [0; 5]).unwrap();
    drop(peer);
    twin.event("closed");
    assert_eq!(twin.end().code, 0);
    let (notes, bytes) = held(&file);
    assert!(bytes == answer);
    assert_eq!((notes.first().unwrap().as_str(), notes.last().unwrap().as_str()), ("Opening", "Closed"), "{notes:?}");
    for wanted in ["Trying", "Connected", "Sent"] {
        assert!(notes.iter().any(|note| note == wanted), "{wanted} is not among {notes:?}");
    }
    if let Some((ours, theirs)) = followed(&file, 0).or(None) {
        let (ours, theirs) = if ours == b"hello" { (ours, theirs) } else { (theirs, ours) };
        assert!(ours == b"hello" && theirs == answer, "tshark sees other bytes");
    }
}

#[test]
fn every_way_to_end_leaves_a_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let ends: [(&str, &[&str], Option<&str>); 4] = [
        ("int", &[], Some("INT")),
        ("term", &[], Some("TERM")),
        ("count", &["--count", "2"], None),
        ("for", &["--for", "0.6"], None),
    ];
    for (name, options, signal) in ends {
        let file = folder.path().join(name);
        let words = ["udp", "--bind", ":0", "--format", "jsonl", "--record", file.to_str().unwrap()];
        let twin = Twin::start(&[&words, options].concat());
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = ("127.0.0.1", twin.port());
        for datagram in ["one", "two"] {
            sender.send_to(datagram.as_bytes(), to).unwrap();
            twin.event("data");
        }
        if let Some(signal) = signal {
            twin.signal(signal);
        }
        let end = twin.end();
        assert_eq!((end.code, end.notes), (0, vec![]), "{name}");
        let (notes, bytes) = held(&file);
        assert_eq!((bytes.as_slice(), notes.last().unwrap().as_str()), (&b"onetwo"[..], "Closed"), "{name}: {notes:?}");
        tshark(&file, &[]);
    }
}

#[test]
fn a_broken_pipe_leaves_a_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pipe");
    let (reader, writer) = std::io::pipe().unwrap();
    let twin = Twin::spawn(&["udp", "--bind", ":0", "--record", file.to_str().unwrap()], Stdio::from(writer));
    let note = twin.note("Bound to");
    drop(reader);
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    sender.send_to(b"x", note.split_whitespace().nth(4).unwrap()).unwrap();
    assert_eq!(twin.end().code, 0);
    let (notes, bytes) = held(&file);
    assert_eq!((bytes.as_slice(), notes.last().unwrap().as_str()), (&b"x"[..], "Closed"));
}

#[test]
fn a_connect_that_was_refused_is_recorded_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("refused");
    let (listener, address) = listen();
    drop(listener);
    let end = run(&["tcp-client", &address, "--record", file.to_str().unwrap()], "");
    assert_eq!((end.code, held(&file).0), (1, ["Opening", "Trying", "Failed"].map(str::to_owned).to_vec()));
}

#[test]
fn what_cannot_be_recorded_to_is_said_before_anything_happens() {
    let folder = tempfile::tempdir().unwrap();
    let (listener, address) = listen();
    listener.set_nonblocking(true).unwrap();
    let below = folder.path().join("no/such.pcapng").display().to_string();
    let table = [
        (below.as_str(), 1, ["Could not record to", "is not there", "record to another one"]),
        (folder.path().to_str().unwrap(), 1, ["Could not record to", "that is a folder", "Type a file name"]),
        ("/dev/null", 1, ["Could not record to", "a pipe or a device", "Type the name of a file"]),
        ("-", 2, ["--record", "name of a file", "standard output"]),
    ];
    for (path, code, parts) in table {
        let end = run(&["tcp-client", &address, "--record", path], "");
        assert_eq!((end.code, end.out.len(), end.notes.len()), (code, 0, 1), "{:?}", end.notes);
        for part in parts {
            assert!(end.notes[0].contains(part), "{part:?} is not in {:?}", end.notes);
        }
    }
    assert!(listener.accept().is_err(), "nobody connected");
}

#[test]
fn a_full_disk_is_said_and_the_session_goes_on() {
    let Some(disk) = SmallDisk::mount(512) else { return };
    let file = disk.path("full");
    let twin = Twin::start(&["tcp-server", ":0", "--format", "jsonl", "--record", file.to_str().unwrap()]);
    let mut peer = connect(twin.port());
    peer.write_all(b"fits").unwrap();
    twin.event("data");
    disk.fill();
    let mut said = 0;
    let failed = loop {
        // Until it fits no more into what is left of the last page.
        peer.write_all(&[b'x'; 1000]).unwrap();
        said += 1000;
        let value: Value = serde_json::from_str(&twin.line()).unwrap();
        if value["event"] == "failed" {
            break value;
        }
    };
    assert_eq!((failed["op"].as_str(), failed["cause"].as_str()), (Some("record"), Some("disk-full")));
    assert_eq!(failed["address"].as_str(), file.to_str());
    assert!(failed["advice"].as_str().unwrap().contains("Free some space"), "{failed}");
    drop(peer);
    twin.event("peer-left");
    twin.signal("INT");
    let end = twin.end();
    assert_eq!(end.code, 1, "it did not do all that it was asked for");
    assert!(end.notes.iter().any(|note| note.contains("missing in")), "{:?}", end.notes);
    let (bytes, cut) = received(&file);
    assert!(bytes.starts_with(b"fits") && bytes.len() < said + 4 && cut == 0);
    tshark(&file, &[]);
}

// ---- kill -9

/// Random numbers that are the same in every run (xorshift).
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// A server that records and prints, not held by anything when it is killed.
struct Victim {
    child: Child,
    port: u16,
}

impl Victim {
    fn start(file: &Path, format: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sockscope"))
            .args(["tcp-server", "127.0.0.1:0", "--lang", "en", "--format", format, "--record"])
            .arg(file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        if format == "raw" {
            BufReader::new(child.stderr.take().unwrap()).read_line(&mut said).unwrap();
        } else {
            // Byte by byte: what comes behind it must stay in the pipe.
            let out = child.stdout.as_mut().unwrap();
            let mut byte = [0];
            while byte[0] != b'\n' && out.read(&mut byte).unwrap() == 1 {
                said.push(char::from(byte[0]));
            }
        }
        let local = said.split(['"', ' ', '\n']).find(|word| word.starts_with("127.0.0.1:")).unwrap_or_else(|| panic!("{said}"));
        Self { child, port: port_of(local) }
    }

    fn kill(&mut self) {
        // SIGKILL.
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// The byte at each place of what is sent.
fn pattern(seed: u64, place: u64) -> u8 {
    let mixed = (place ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 56) as u8
}

fn patterned(seed: u64, from: u64, length: usize) -> Vec<u8> {
    (from..from + length as u64).map(|place| pattern(seed, place)).collect()
}

/// What the file must hold: everything that was printed, nothing that was not sent, in order.
fn check(file: &Path, printed: &[u8], sent: &[u8], round: u64) {
    let (held, cut) = received(file);
    assert!(held.len() >= printed.len(), "round {round}: {} bytes were printed, the file has {}", printed.len(), held.len());
    assert!(held[..printed.len()] == *printed, "round {round}: what was printed is not what is in the file");
    assert!(sent.starts_with(&held), "round {round}: it is not what was sent");
    assert!(cut < 2 << 20, "round {round}: {cut} bytes are cut off");
}

#[test]
fn killed_under_flood_the_file_holds_all_that_was_printed() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Seeded(0x5EED_0001);
    let sent = Arc::new(patterned(1, 0, 8 << 20));
    for round in 0..14 {
        let file = folder.path().join(format!("{round}.pcapng"));
        let mut victim = Victim::start(&file, "raw");
        let mut peer = connect(victim.port);
        let all = sent.clone();
        let sender = std::thread::spawn(move || {
            // It ends when there is nobody any more.
            for block in all.chunks(60_000) {
                if peer.write_all(block).is_err() {
                    return;
                }
            }
            // All was sent before the kill came; the connection stays until then.
            peer.read_to_end(&mut Vec::new()).ok();
        });
        let mut out = victim.child.stdout.take().unwrap();
        let until = random.below(6 << 20);
        let mut printed = Vec::new();
        let mut block = vec![0; 1 << 16];
        while (printed.len() as u64) < until {
            let count = out.read(&mut block).unwrap();
            assert!(count > 0, "round {round}: it ended by itself");
            printed.extend_from_slice(&block[..count]);
        }
        victim.kill();
        // What is still in the pipe was printed too.
        out.read_to_end(&mut printed).unwrap();
        sender.join().unwrap();
        check(&file, &printed, &sent, round);
        std::fs::remove_file(&file).unwrap();
    }
}

#[test]
fn killed_at_a_low_rate_the_file_holds_all_that_was_printed() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Seeded(0x5EED_0002);
    for round in 0..8 {
        let file = folder.path().join(format!("{round}.pcapng"));
        let seed = random.below(u64::MAX);
        let mut victim = Victim::start(&file, "jsonl");
        let mut peer = connect(victim.port);
        let out = BufReader::new(victim.child.stdout.take().unwrap());
        let (ask, asked) = std::sync::mpsc::channel();
        let printing = std::thread::spawn(move || {
            let mut printed = Vec::new();
            for line in out.lines() {
                let value: Value = serde_json::from_str(&line.unwrap()).unwrap();
                if value["event"] == "data" {
                    let hex = value["hex"].as_str().unwrap();
                    printed.extend((0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()));
                    // Nobody listens any more after the kill.
                    ask.send(printed.len()).ok();
                }
            }
            printed
        });
        let (count, mut sent) = (3 + random.below(20), 0);
        for _ in 0..count {
            let message = patterned(seed, sent, 1 + random.below(200) as usize);
            sent += message.len() as u64;
            peer.write_all(&message).unwrap();
            // About two hundred a second; in every other round each is killed as soon as it is printed.
            while round % 2 == 0 && asked.recv_timeout(PATIENCE).unwrap() < sent as usize {}
            std::thread::park_timeout(Duration::from_millis(5));
        }
        victim.kill();
        let printed = printing.join().unwrap();
        check(&file, &printed, &patterned(seed, 0, sent as usize), round);
        assert!(round % 2 == 1 || printed.len() as u64 == sent, "round {round}");
    }
}
