//! Frames of the encapsulation as Wireshark reads them: headers, checksums, fragments put together, segments in order.

use sockscope::diagram::encapsulation::carrier::carrier;
use sockscope::diagram::encapsulation::fields::Kind;
use sockscope::diagram::encapsulation::frame::Frame;
use sockscope::diagram::encapsulation::pieces::Plan;
use sockscope::diagram::encapsulation::subject::{Subject, Transport, Truth, Way};
use sockscope::os::packets::Sniffer;
use sockscope::recorder::now;
use sockscope::session::ends::{Ends, Protocol};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::channel;

fn subject(v6: bool, transport: Transport, payload: &[u8]) -> Subject {
    let (local, peer) = if v6 { ("[fe80::1]:40000", "[fe80::2]:9999") } else { ("10.0.0.2:40000", "10.0.0.9:9999") };
    Subject::new(Some(local.parse().unwrap()), peer.parse().unwrap(), Way::ToPeer, transport, payload.into())
}

fn frames(subject: &Subject, mtu: usize) -> Vec<Vec<u8>> {
    let plan = Plan::new(subject, mtu).unwrap();
    (0..plan.count()).map(|index| Frame::new(subject, &plan, index).bytes).collect()
}

/// A classic capture file of Ethernet frames that have their checksum at the end.
fn capture(path: &Path, frames: &[Vec<u8>]) {
    let mut file = Vec::new();
    // Magic, version 2.4, zone, accuracy, longest, link type Ethernet with “4 bytes of checksum follow” (draft-ietf-opsawg-pcap).
    for number in [0xA1B2_C3D4_u32, 0x0004_0002, 0, 0, 65_535, 1 | 1 << 26 | 2 << 28] {
        file.extend_from_slice(&number.to_le_bytes());
    }
    for (index, frame) in frames.iter().enumerate() {
        let length = frame.len() as u32;
        for number in [1, index as u32, length, length] {
            file.extend_from_slice(&number.to_le_bytes());
        }
        file.extend_from_slice(frame);
    }
    std::fs::write(path, file).unwrap();
}

/// What tshark says of every frame, a column per field; `None` where there is no tshark.
fn tshark(frames: &[Vec<u8>], fields: &[&str]) -> Option<Vec<Vec<String>>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frames.pcap");
    capture(&path, frames);
    let mut command = Command::new("tshark");
    command.arg("-r").arg(&path).args(["-T", "fields", "-E", "separator=|", "-n"]);
    let checks = ["ip.check_checksum:TRUE", "udp.check_checksum:TRUE", "tcp.check_checksum:TRUE", "eth.check_fcs:TRUE"];
    for check in checks.into_iter().chain(["tcp.relative_sequence_numbers:FALSE", "ip.defragment:TRUE"]) {
        command.args(["-o", check]);
    }
    for field in fields {
        command.args(["-e", field]);
    }
    let output = match command.output() {
        Ok(output) => output,
        Err(problem) if problem.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("tshark is not installed: skipped");
            return None;
        }
        Err(problem) => panic!("{problem}"),
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.lines().map(|line| line.split('|').map(str::to_owned).collect()).collect())
}

#[test]
fn wireshark_finds_every_checksum_good() {
    let payloads: [&[u8]; 4] = [b"", b"x", "你好，世界".as_bytes(), &[0xFF; 1400]];
    let mut all = Vec::new();
    let mut expected = Vec::new();
    for payload in payloads {
        for v6 in [false, true] {
            for transport in [Transport::Udp, Transport::Tcp { offset: 12 }] {
                all.extend(frames(&subject(v6, transport, payload), 1500));
                // 1 is “good”; IPv6 has no checksum of its own.
                let ip = if v6 { "" } else { "1" };
                let [udp, tcp] = if transport == Transport::Udp { ["1", ""] } else { ["", "1"] };
                expected.push(["1", ip, udp, tcp, ""].map(str::to_owned).to_vec());
            }
        }
    }
    let fields = ["eth.fcs.status", "ip.checksum.status", "udp.checksum.status", "tcp.checksum.status", "_ws.malformed"];
    if let Some(seen) = tshark(&all, &fields) {
        assert_eq!(seen, expected);
    }
}

#[test]
fn wireshark_reads_the_fields_as_they_are_shown() {
    let udp = frames(&subject(false, Transport::Udp, b"hello"), 1500);
    let fields =
        ["eth.src", "eth.dst", "ip.src", "ip.dst", "ip.ttl", "ip.len", "udp.srcport", "udp.dstport", "udp.length", "data.data"];
    if let Some(seen) = tshark(&udp, &fields) {
        let expected =
            ["02:00:00:00:00:01", "02:00:00:00:00:02", "10.0.0.2", "10.0.0.9", "64", "33", "40000", "9999", "13", "68656c6c6f"];
        assert_eq!(seen, [expected.map(str::to_owned)]);
    }
    let tcp = frames(&subject(true, Transport::Tcp { offset: 12 }, b"hello"), 1500);
    let fields =
        ["ipv6.src", "ipv6.hlim", "ipv6.plen", "tcp.seq_raw", "tcp.ack_raw", "tcp.flags.str", "tcp.len", "tcp.window_size_value"];
    if let Some(seen) = tshark(&tcp, &fields) {
        assert_eq!(seen[0][..5], ["fe80::1", "64", "25", "1013", "2001"].map(str::to_owned));
        assert!(seen[0][5].ends_with("AP···"), "{:?}", seen[0]);
        assert_eq!(seen[0][6..], ["5", "64240"].map(str::to_owned));
    }
}

#[test]
fn wireshark_puts_fragments_together() {
    let payload: Vec<u8> = (0..5000_u32).map(|index| (index % 251) as u8).collect();
    for (v6, mtu, lengths) in [(false, 1500, vec![1480, 1480, 1480, 568]), (true, 1280, vec![1232, 1232, 1232, 1232, 80])] {
        let all = frames(&subject(v6, Transport::Udp, &payload), mtu);
        assert_eq!(all.len(), lengths.len());
        let reassembled = if v6 { "ipv6.reassembled.length" } else { "ip.reassembled.length" };
        let count = if v6 { "ipv6.fragment.count" } else { "ip.fragment.count" };
        let more = if v6 { "ipv6.fraghdr.more" } else { "ip.flags.mf" };
        let fields = [reassembled, count, "udp.length", "udp.checksum.status", "data.data", more];
        let Some(seen) = tshark(&all, &fields) else { return };
        let last = seen.last().unwrap();
        let whole = 8 + payload.len();
        assert_eq!(last[..4], [whole.to_string(), lengths.len().to_string(), whole.to_string(), "1".into()], "v6: {v6}");
        let hex: String = payload.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(last[4], hex, "v6: {v6}");
        let flags: Vec<bool> = seen.iter().map(|row| row[5] == "1" || row[5] == "True").collect();
        assert_eq!(flags, (1..=lengths.len()).map(|number| number < lengths.len()).collect::<Vec<_>>());
    }
}

#[test]
fn wireshark_sees_segments_follow_one_another() {
    let all = frames(&subject(false, Transport::Tcp { offset: 0 }, &[0x5A; 4000]), 1500);
    let fields = ["tcp.seq_raw", "tcp.len", "tcp.checksum.status", "tcp.flags.push", "tcp.analysis.flags"];
    if let Some(seen) = tshark(&all, &fields) {
        let expected = [["1001", "1460", "1", "0"], ["2461", "1460", "1", "0"], ["3921", "1080", "1", "1"]];
        let told: Vec<Vec<String>> = seen.iter().map(|row| row[..4].to_vec()).collect();
        let told: Vec<Vec<String>> = told
            .into_iter()
            .map(|row| row.into_iter().map(|cell| cell.replace("True", "1").replace("False", "0")).collect())
            .collect();
        assert_eq!(told, expected.map(|row| row.map(str::to_owned).to_vec()));
        assert!(seen.iter().all(|row| row[4].is_empty()), "{seen:?}");
    }
}

/// Loopback's own packets, where this program may capture: what is drawn around a message is what was around it.
#[test]
fn what_is_captured_on_loopback_is_what_is_drawn() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.local_addr().unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let bound = socket.local_addr().unwrap();
    let ends = [Ends::Local { protocol: Protocol::Tcp, local: server }, Ends::Local { protocol: Protocol::Udp, local: bound }];
    let (told, news) = channel();
    let Ok(sniffer) = Sniffer::start(
        &ends,
        Box::new(move || {
            told.send(()).ok();
        }),
    ) else {
        eprintln!("capturing is not allowed: skipped");
        return;
    };
    let mut client = TcpStream::connect(server).unwrap();
    let (mut accepted, _) = listener.accept().unwrap();
    let mut read = [0; 5];
    for _ in 0..2 {
        // The same bytes twice: only their place in the stream tells which packet had which.
        client.write_all(b"hello").unwrap();
        accepted.read_exact(&mut read).unwrap();
    }
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    sender.send_to(b"datagram", bound).unwrap();
    let at = now();
    let carried = |payload: &[u8], count: usize| {
        let packets = sniffer.packets().lock();
        packets.range(packets.numbers()).filter(|caught| caught.packet.payload() == payload).count() == count
    };
    while !(carried(b"hello", 2) && carried(b"datagram", 1)) {
        news.recv().unwrap();
    }
    let packets = sniffer.packets().lock();
    let all = || packets.range(packets.numbers()).map(|caught| &**caught);
    let first = all().find_map(|caught| caught.packet.segment().map(|segment| segment.sequence)).unwrap();
    let from_client = |offset| {
        let transport = Transport::Tcp { offset };
        Subject::new(Some(server), client.local_addr().unwrap(), Way::FromPeer, transport, (*b"hello").into())
    };
    let datagram = Subject::new(Some(bound), sender.local_addr().unwrap(), Way::FromPeer, Transport::Udp, (*b"datagram").into());
    for (message, number) in [(from_client(0), Some(1)), (from_client(5), Some(6)), (datagram, None)] {
        let captured = carrier(&message, (Way::FromPeer, at), all());
        assert!(captured.is_some(), "{message:?}");
        let message = message.with_packet(captured);
        let frame = Frame::new(&message, &Plan::new(&message, 1500).unwrap(), 0);
        let packet = 14..14 + message.ip_header() + message.transport_header() + message.payload.len();
        assert!(all().any(|caught| *caught.packet.bytes == frame.bytes[packet.clone()]), "{message:?}");
        let sequence = frame.field(Kind::Sequence).map(|field| (frame.number(field) as u32).wrapping_sub(first));
        assert_eq!(sequence, number);
        assert_eq!(frame.field(Kind::TimeToLive).unwrap().truth, Truth::Real);
    }
    // What did not travel so was not captured so.
    assert_eq!(carrier(&from_client(3), (Way::FromPeer, at), all()), None);
}
