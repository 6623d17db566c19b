//! Capture files against other people's eyes: what we write is opened by tshark (skipped, and said so, where it is not installed).

use sockscope::capture::pcapng::Writer;
use sockscope::capture::{Kind, Options, open};
use sockscope::codec::encoding::Encoding;
use sockscope::i18n::Language;
use sockscope::session::address::Address;
use sockscope::session::event::{EndedBy, Ending, Origin, Place, SessionEvent, What};
use sockscope::session::id::{ConnectionId, Peer, SessionId};
use sockscope::session::timestamp::Timestamp;
use sockscope::traffic::filing::Streams;
use sockscope::traffic::record::{Record, RecordId};
use std::io::Write;
use std::process::Command;

/// 2026-07-21 08:20:34.093001 UTC.
const START: i64 = 1_784_622_034_093_001;

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn tcp(connection: u32, text: &str) -> Peer {
    Peer::connected(ConnectionId(connection), address(text))
}

fn received(peer: Peer, bytes: &[u8]) -> What {
    What::Received { peer, bytes: bytes.into() }
}

fn sent(peer: Peer, bytes: &[u8]) -> What {
    What::Sent { peer, bytes: bytes.into(), origin: Origin::User }
}

fn ending(by: EndedBy) -> Ending {
    Ending { by, received: 0, sent: 0 }
}

/// Events a millisecond apart, as the records that they leave.
fn records(events: &[What]) -> Vec<(RecordId, Record)> {
    let mut streams = Streams::default();
    let event = |(index, what): (usize, &What)| SessionEvent {
        session: SessionId(1),
        at: Timestamp(START + index as i64 * 1000),
        what: what.clone(),
    };
    events.iter().enumerate().map(event).filter_map(|event| streams.file(&event)).collect()
}

fn pcapng(events: &[What]) -> Vec<u8> {
    let mut writer = Writer::new();
    let mut file = Vec::new();
    writer.header(&mut file);
    for (id, record) in records(events) {
        writer.record(id, &record, &mut file);
    }
    file
}

/// What tshark says of a file; `None` where there is no tshark.
fn tshark(file: &[u8], args: &[&str]) -> Option<String> {
    let mut part = tempfile::Builder::new().suffix(".pcapng").tempfile().unwrap();
    part.write_all(file).unwrap();
    let checks = ["tcp", "ip", "udp"].map(|protocol| format!("{protocol}.check_checksum:TRUE"));
    let output = Command::new("tshark")
        .args(["-n", "-o", &checks[0], "-o", &checks[1], "-o", &checks[2], "-r"])
        .arg(part.path())
        .args(args)
        .output();
    let Ok(output) = output else {
        println!("skipped: tshark is not installed");
        return None;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    let complaints: Vec<&str> = said.lines().filter(|line| !line.contains("could be dangerous")).collect();
    assert!(output.status.success() && complaints.is_empty(), "{complaints:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Both directions of a stream as `follow,raw` prints them: hex lines, indented for the second direction.
fn followed(text: &str) -> (Vec<u8>, Vec<u8>) {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let side = if line.starts_with('\t') { &mut second } else { &mut first };
        let line = line.trim();
        if line.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            side.extend((0..line.len()).step_by(2).map(|at| u8::from_str_radix(&line[at..at + 2], 16).unwrap()));
        }
    }
    (first, second)
}

fn noise(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761).max(1);
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as u8
        })
        .collect()
}

fn client_session() -> (Vec<What>, Vec<u8>, Vec<u8>) {
    let peer = tcp(7, "192.0.2.7:5555");
    let (small, large, answer) = (b"hello, here is a client".to_vec(), noise(200_001, 1), noise(70_000, 2));
    let events = vec![
        What::Trying { remote: peer.address.ip().unwrap() },
        What::Connected { peer, local: address("192.0.2.1:50000") },
        sent(peer, &small),
        received(peer, &answer),
        sent(peer, &large),
        received(peer, b"end"),
        What::PeerFinished { peer },
        What::Closed { ending: ending(EndedBy::PeerFin) },
    ];
    (events, [small, large].concat(), [answer, b"end".to_vec()].concat())
}

#[test]
fn tshark_follows_a_client() {
    let (events, ours, theirs) = client_session();
    let file = pcapng(&events);
    let Some(text) = tshark(&file, &["-q", "-z", "follow,tcp,raw,0"]) else { return };
    assert!(followed(&text) == (ours, theirs), "the bytes are not the same");
    let expert = tshark(&file, &["-q", "-z", "expert"]).unwrap();
    for bad in ["Errors", "Warns", "Malformed", "Checksum", "MSS"] {
        assert!(!expert.contains(bad), "{expert}");
    }
    let times = tshark(&file, &["-Y", "tcp.len > 0", "-T", "fields", "-e", "frame.time_epoch"]).unwrap();
    assert!(times.starts_with("1784622034.095001"), "{times}");
    let directions = tshark(&file, &["-Y", "tcp.len > 0", "-T", "fields", "-e", "frame.packet_flags_direction"]).unwrap();
    assert_eq!(directions.split_whitespace().next(), Some("0x00000002"), "{directions}");
}

#[test]
fn tshark_sees_two_connections_from_one_port() {
    let (first, second) = (tcp(1, "[2001:db8::9]:4000"), tcp(2, "[2001:db8::9]:4000"));
    let local = address("[2001:db8::1]:80");
    let mut events = vec![What::Listening { local: address("[::]:80") }];
    for (peer, by) in [(first, EndedBy::PeerFin), (second, EndedBy::PeerReset)] {
        events.push(What::PeerJoined { peer, local });
        events.push(received(peer, b"hello"));
        events.push(sent(peer, b"world"));
        events.push(What::PeerLeft { peer, ending: ending(by) });
    }
    let file = pcapng(&events);
    let Some(streams) = tshark(&file, &["-Y", "tcp.len > 0", "-T", "fields", "-e", "tcp.stream"]) else { return };
    assert_eq!(streams.split_whitespace().collect::<Vec<_>>(), ["0", "0", "1", "1"]);
    let expert = tshark(&file, &["-q", "-z", "expert"]).unwrap();
    assert!(!expert.contains("Errors") && !expert.contains("Malformed"), "{expert}");
}

#[test]
fn tshark_sees_every_datagram_and_what_was_lost() {
    let local = address("0.0.0.0:50001");
    let events = [
        What::Bound { local, receive_buffer: 1 },
        received(Peer::datagram(address("127.0.0.1:50002")), &noise(65_507, 3)),
        received(Peer::datagram(address("10.0.0.9:50003")), b""),
        What::Gap { datagrams: 12, bytes: None, place: Place::Kernel },
        sent(Peer::datagram(address("10.0.0.9:50003")), b"x"),
    ];
    let file = pcapng(&events);
    let fields = ["-Y", "udp", "-T", "fields", "-e", "ip.src", "-e", "ip.dst", "-e", "udp.length", "-e", "frame.drop_count"];
    let Some(table) = tshark(&file, &fields) else { return };
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows[0], ["127.0.0.1", "127.0.0.1", "65515", ""]);
    assert_eq!(rows[1], ["10.0.0.9", "0.0.0.0", "8", ""]);
    assert_eq!(rows[2][..3], ["0.0.0.0", "10.0.0.9", "9"]);
    let hierarchy = tshark(&file, &["-q", "-z", "io,phs"]).unwrap();
    assert!(hierarchy.contains("udp") && !hierarchy.contains("malformed"), "{hierarchy}");
    let status = tshark(&file, &["-Y", "udp.checksum.status == 0 || ip.checksum.status == 0"]).unwrap();
    assert_eq!(status, "");
}

#[test]
fn tshark_sees_the_hole_of_a_record_that_was_left_out() {
    let (events, ..) = client_session();
    let records = records(&events);
    let (mut writer, mut file) = (Writer::new(), Vec::new());
    writer.header(&mut file);
    // All but the client's first record.
    for (id, record) in records.iter().filter(|(id, _)| *id != RecordId(2)) {
        writer.record(*id, record, &mut file);
    }
    let Some(lost) = tshark(&file, &["-Y", "tcp.analysis.lost_segment", "-T", "fields", "-e", "tcp.seq"]) else { return };
    assert_eq!(lost.split_whitespace().collect::<Vec<_>>(), ["24"], "23 bytes and the SYN come before");
}

/// Our file as tshark writes it: a classic pcap has neither our marks nor our notes, a pcapng keeps them.
#[test]
fn what_tshark_writes_is_read() {
    let (events, ours, theirs) = client_session();
    let file = pcapng(&events);
    for (format, filter, kind) in [("pcap", "ip", Kind::Pcap), ("pcapng", "", Kind::Pcapng)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("written");
        let Some(_) = tshark(&file, &["-F", format, "-Y", filter, "-w", path.to_str().unwrap()]) else { return };
        let options = Options { encoding: Encoding::UTF_8, zone: jiff::tz::TimeZone::UTC };
        let mut capture = open(std::fs::File::open(&path).unwrap(), &options).unwrap();
        let (mut sent, mut received, mut rows) = (Vec::new(), Vec::new(), 0);
        let mut notes = Vec::new();
        for seen in capture.by_ref() {
            match seen.unwrap().what {
                What::Sent { bytes, .. } => sent.extend_from_slice(&bytes),
                What::Received { bytes, .. } => received.extend_from_slice(&bytes),
                other => {
                    notes.push(format!("{other:?}"));
                    continue;
                }
            }
            rows += 1;
        }
        assert!(sent == ours && received == theirs, "{format}");
        assert!(capture.summary().warnings(Language::English).is_empty(), "{format}");
        if kind == Kind::Pcapng {
            assert_eq!((rows, notes.len()), (4, 4), "as it was recorded: {notes:?}");
        } else {
            assert_eq!((rows, capture.kind()), (8, kind), "as it was in packets");
            assert!(notes[0].starts_with("Connected") && notes.last().unwrap().starts_with("PeerLeft"), "{notes:?}");
        }
    }
}
