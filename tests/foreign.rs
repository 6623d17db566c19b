//! Other people's captures, made here byte by byte: classic and pcapng, either byte order, every link type, and the ways in which TCP on
//! a wire differs from a stream.

use etherparse::{EtherType, IpFragOffset, IpNumber, Ipv4Header, LinuxSllPacketType, PacketBuilder, SingleVlanHeader, VlanId};
use proptest::prelude::*;
use sockscope::capture::{Capture, Kind, Options, Summary, open};
use sockscope::codec::encoding::Encoding;
use sockscope::session::event::What;
use sockscope::session::timestamp::Timestamp;
use std::io::Cursor;

const CLIENT: [u8; 4] = [10, 0, 0, 1];
const SERVER: [u8; 4] = [10, 0, 0, 9];
const ETHERNET: u32 = 1;
const RAW: u32 = 101;

fn read(file: &[u8]) -> Capture {
    open(Cursor::new(file.to_vec()), &Options { encoding: Encoding::UTF_8, zone: jiff::tz::TimeZone::UTC }).unwrap()
}

/// What a capture tells, a line for each event.
fn story(file: &[u8]) -> (Vec<String>, Summary) {
    let mut capture = read(file);
    let lines = capture.by_ref().map(|seen| told(&seen.unwrap().what)).collect();
    (lines, *capture.summary())
}

fn told(what: &What) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match what {
        What::Connected { peer, local } => format!("connected {local} > {}", peer.address),
        What::PeerJoined { peer, local } => format!("joined {} > {local}", peer.address),
        What::Received { peer, bytes } => format!("< {} {}", id(peer), text(bytes)),
        What::Sent { peer, bytes, .. } => format!("> {} {}", id(peer), text(bytes)),
        What::Gap { bytes, place, .. } => format!("gap {} {}", bytes.unwrap(), place.word()),
        What::PeerFinished { .. } => "peer finished".into(),
        What::Finished { .. } => "finished".into(),
        What::PeerLeft { ending, .. } => format!("left {} {}/{}", ending.by.word(), ending.received, ending.sent),
        What::TryFailed(failure) => format!("failed {} {}", failure.cause.word(), failure.address),
        other => format!("{other:?}"),
    }
}

fn id(peer: &sockscope::session::id::Peer) -> String {
    peer.connection.map_or_else(|| peer.address.to_string(), |id| format!("#{}", id.0))
}

// ---- frames

/// A TCP segment from the client (`>`) or the server (`<`), as in `"> S 99 -"`, `"< SA 500 100"`, `"> PA 100 501 text"`.
fn segment(line: &str) -> Vec<u8> {
    let parts: Vec<&str> = line.splitn(5, ' ').collect();
    let payload = parts.get(4).copied().unwrap_or_default();
    let ours = parts[0] == ">";
    let (from, to, from_port, to_port) = if ours { (CLIENT, SERVER, 5000, 80) } else { (SERVER, CLIENT, 80, 5000) };
    let mut tcp = PacketBuilder::ipv4(from, to, 64).tcp(from_port, to_port, parts[2].parse().unwrap(), 1000);
    for flag in parts[1].chars() {
        tcp = match flag {
            'S' => tcp.syn(),
            'F' => tcp.fin(),
            'R' => tcp.rst(),
            'P' => tcp.psh(),
            _ => tcp,
        };
    }
    if let Ok(number) = parts[3].parse() {
        tcp = tcp.ack(number);
    }
    let mut packet = Vec::new();
    tcp.write(&mut packet, payload.as_bytes()).unwrap();
    packet
}

fn datagram(payload: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    PacketBuilder::ipv4(CLIENT, SERVER, 64).udp(5000, 53).write(&mut packet, payload).unwrap();
    packet
}

// ---- files

#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    Little,
    Big,
}

fn put32(order: Order, number: u32, out: &mut Vec<u8>) {
    out.extend(if order == Order::Little { number.to_le_bytes() } else { number.to_be_bytes() });
}

fn put16(order: Order, number: u16, out: &mut Vec<u8>) {
    out.extend(if order == Order::Little { number.to_le_bytes() } else { number.to_be_bytes() });
}

/// A classic capture; each packet has its seconds, fraction, and how much of it was captured.
fn classic(order: Order, magic: u32, link: u32, packets: &[(u32, u32, &[u8], usize)]) -> Vec<u8> {
    let mut file = Vec::new();
    put32(order, magic, &mut file);
    put16(order, 2, &mut file);
    put16(order, 4, &mut file);
    for number in [0, 0, 65_535, link] {
        put32(order, number, &mut file);
    }
    for (seconds, fraction, packet, captured) in packets {
        for number in [*seconds, *fraction, *captured as u32, packet.len() as u32] {
            put32(order, number, &mut file);
        }
        file.extend_from_slice(&packet[..*captured]);
    }
    file
}

fn raw(packets: &[Vec<u8>]) -> Vec<u8> {
    let packets: Vec<(u32, u32, &[u8], usize)> = packets.iter().map(|packet| (7, 8, packet.as_slice(), packet.len())).collect();
    classic(Order::Little, 0xA1B2_C3D4, RAW, &packets)
}

fn block(order: Order, kind: u32, body: &[u8], out: &mut Vec<u8>) {
    let length = 12 + body.len().next_multiple_of(4) as u32;
    put32(order, kind, out);
    put32(order, length, out);
    out.extend_from_slice(body);
    out.resize(out.len().next_multiple_of(4), 0);
    put32(order, length, out);
}

fn section(order: Order, out: &mut Vec<u8>) {
    let mut body = Vec::new();
    put32(order, 0x1A2B_3C4D, &mut body);
    put16(order, 1, &mut body);
    put16(order, 0, &mut body);
    body.extend([0xFF; 8]);
    block(order, 0x0A0D_0D0A, &body, out);
}

fn interface(order: Order, link: u16, options: &[(u16, Vec<u8>)], out: &mut Vec<u8>) {
    let mut body = Vec::new();
    put16(order, link, &mut body);
    body.extend([0; 6]);
    push_options(order, options, &mut body);
    block(order, 1, &body, out);
}

fn push_options(order: Order, options: &[(u16, Vec<u8>)], body: &mut Vec<u8>) {
    for (code, value) in options {
        put16(order, *code, body);
        put16(order, value.len() as u16, body);
        body.extend_from_slice(value);
        body.resize(body.len().next_multiple_of(4), 0);
    }
}

fn enhanced(order: Order, interface: u32, time: u64, packet: &[u8], options: &[(u16, Vec<u8>)], out: &mut Vec<u8>) {
    let mut body = Vec::new();
    for number in [interface, (time >> 32) as u32, time as u32, packet.len() as u32, packet.len() as u32] {
        put32(order, number, &mut body);
    }
    body.extend_from_slice(packet);
    body.resize(body.len().next_multiple_of(4), 0);
    push_options(order, options, &mut body);
    block(order, 6, &body, out);
}

// ---- tests

#[test]
fn classic_files_in_every_order_and_resolution() {
    let packet = datagram(b"hello");
    for order in [Order::Little, Order::Big] {
        for (magic, fraction) in [(0xA1B2_C3D4, 123_456), (0xA1B2_3C4D, 123_456_789)] {
            let file = classic(order, magic, RAW, &[(1_700_000_000, fraction, &packet, packet.len())]);
            let mut capture = read(&file);
            assert_eq!(capture.kind(), Kind::Pcap);
            let seen = capture.next().unwrap().unwrap();
            assert_eq!(seen.at, Timestamp(1_700_000_000_123_456), "{order:?} {magic:X}");
            assert_eq!(told(&seen.what), "> 10.0.0.9:53 hello");
            assert!(capture.next().is_none());
            assert_eq!((capture.position(), *capture.summary()), (file.len() as u64, Summary::default()));
        }
    }
}

#[test]
fn every_link_type() {
    let ip = datagram(b"hello");
    let mut ethernet = Vec::new();
    PacketBuilder::ethernet2([1; 6], [2; 6]).ipv4(CLIENT, SERVER, 64).udp(5000, 53).write(&mut ethernet, b"hello").unwrap();
    // Short frames are padded to 60 bytes; the padding is no payload.
    ethernet.resize(60, 0xEE);
    let mut vlan = Vec::new();
    let tag = SingleVlanHeader { vlan_id: VlanId::try_new(7).unwrap(), ..SingleVlanHeader::default() };
    PacketBuilder::ethernet2([1; 6], [2; 6])
        .vlan(etherparse::VlanHeader::Single(tag))
        .ipv4(CLIENT, SERVER, 64)
        .udp(5000, 53)
        .write(&mut vlan, b"hello")
        .unwrap();
    let mut cooked = Vec::new();
    PacketBuilder::linux_sll(LinuxSllPacketType::OUTGOING, 6, [1, 2, 3, 4, 5, 6, 0, 0])
        .ipv4(CLIENT, SERVER, 64)
        .udp(5000, 53)
        .write(&mut cooked, b"hello")
        .unwrap();
    let protocol = EtherType::IPV4.0.to_be_bytes();
    let cooked2 = [&protocol[..], &[0; 18], &ip].concat();
    let (null, swapped) = ([&[2, 0, 0, 0], &ip[..]].concat(), [&[0, 0, 0, 2], &ip[..]].concat());
    let table = [
        (ETHERNET, ethernet),
        (ETHERNET, vlan),
        (113, cooked),
        (276, cooked2),
        (RAW, ip.clone()),
        (12, ip.clone()),
        (228, ip),
        (0, null),
        (108, swapped),
    ];
    for (link, frame) in table {
        let file = classic(Order::Little, 0xA1B2_C3D4, link, &[(1, 2, &frame, frame.len())]);
        assert_eq!(story(&file), (vec!["> 10.0.0.9:53 hello".to_owned()], Summary::default()), "link type {link}");
    }
    let mut v6 = Vec::new();
    let ends = ["2001:db8::1", "2001:db8::9"].map(|ip| ip.parse::<std::net::Ipv6Addr>().unwrap().octets());
    PacketBuilder::ipv6(ends[0], ends[1], 64).udp(5000, 53).write(&mut v6, b"hello").unwrap();
    let arp = [[0xFF; 12].as_slice(), &EtherType::ARP.0.to_be_bytes(), &[0; 28]].concat();
    let file = classic(Order::Big, 0xA1B2_C3D4, 229, &[(1, 2, &v6, v6.len())]);
    assert_eq!(story(&file).0, ["> [2001:db8::9]:53 hello"]);
    let file = classic(Order::Big, 0xA1B2_C3D4, ETHERNET, &[(1, 2, &arp, arp.len())]);
    assert_eq!(story(&file), (vec![], Summary { others: 1, ..Summary::default() }));
    let file = classic(Order::Big, 0xA1B2_C3D4, 147, &[(1, 2, &arp, arp.len())]);
    assert_eq!(story(&file).1.others, 1, "an unknown link type");
}

#[test]
fn what_tcp_does_on_a_wire() {
    let open = ["> S 99 -", "< SA 499 100", "> A 100 500"];
    let table: [(&[&str], &[&str]); 9] = [
        // From the first word to the last, the client first.
        (
            &["> PA 100 500 hello", "< A 500 105", "< PA 500 105 world", "> FA 105 505", "< FA 505 106", "> A 106 506"],
            &["> #1 hello", "< #1 world", "finished", "left us 5/5"],
        ),
        (&["< FA 500 100", "> PA 100 501 rest", "> FA 104 501"], &["peer finished", "> #1 rest", "left peer-fin 0/4"]),
        // Sent again, in part or whole; in the wrong order.
        (&["> PA 100 500 ab", "> PA 100 500 ab", "> PA 101 500 bcd"], &["> #1 ab", "> #1 cd"]),
        (&["> PA 102 500 cd", "> PA 100 500 ab"], &["> #1 ab", "> #1 cd"]),
        // Never captured, but acknowledged; or never heard of again.
        (&["> PA 103 500 d", "< A 500 104", "> PA 104 500 e"], &["gap 3 capture", "> #1 d", "> #1 e"]),
        (&["> PA 103 500 d", "> RA 104 500"], &["gap 3 capture", "> #1 d", "left our-reset 0/1"]),
        (&["> PA 103 500 d"], &["gap 3 capture", "> #1 d"]),
        (&["< RA 500 100"], &["left peer-reset 0/0"]),
        // The port is used again, without an end.
        (&["> S 7000 -", "< SA 8000 7001", "> PA 7001 8001 new"], &["connected 10.0.0.1:5000 > 10.0.0.9:80", "> #2 new"]),
    ];
    for (lines, expected) in table {
        let packets: Vec<Vec<u8>> = open.iter().chain(lines).map(|line| segment(line)).collect();
        let (seen, _) = story(&raw(&packets));
        assert_eq!(seen[0], "connected 10.0.0.1:5000 > 10.0.0.9:80");
        assert_eq!(seen[1..], *expected, "{lines:?}");
    }
    let refused = [segment("> S 99 -"), segment("> S 99 -"), segment("< RA 0 100")];
    assert_eq!(story(&raw(&refused)).0, ["failed refused 10.0.0.9:80"]);
    // Begun before the capture: told with the first bytes; the first sender is this end.
    let middle = [segment("< A 500 100"), segment("< PA 500 100 x"), segment("> R 100 -")];
    assert_eq!(story(&raw(&middle)).0, ["connected 10.0.0.9:80 > 10.0.0.1:5000", "> #1 x", "left peer-reset 0/1"]);
    let wraps =
        [segment("> S 4294967294 -"), segment("< SA 1 4294967295"), segment("> PA 4294967295 2 ab"), segment("> PA 1 2 cd")];
    assert_eq!(story(&raw(&wraps)).0[1..], ["> #1 ab", "> #1 cd"]);
}

#[test]
fn what_was_cut_off_is_told() {
    let (datagram, tcp) = (datagram(b"hello, world"), segment("> PA 100 500 hello, world"));
    let next = segment("> PA 112 500 !");
    let packets: [(u32, u32, &[u8], usize); 3] =
        [(1, 0, &datagram, datagram.len() - 7), (1, 0, &tcp, tcp.len() - 7), (1, 0, &next, next.len())];
    let (seen, summary) = story(&classic(Order::Little, 0xA1B2_C3D4, RAW, &packets));
    let expected = [
        "> 10.0.0.9:53 hello",
        "gap 7 capture",
        "connected 10.0.0.1:5000 > 10.0.0.9:80",
        "> #1 hello",
        "gap 7 capture",
        "> #1 !",
    ];
    assert_eq!(seen, expected);
    assert_eq!((summary.truncated, summary.missing), (2, 14));
    // A file that ends within a packet.
    let file = raw(&[datagram.clone(), datagram]);
    let (seen, summary) = story(&file[..file.len() - 3]);
    assert_eq!((seen.len(), summary.cut), (1, 16 + 40 - 3));
}

#[test]
fn fragments_are_put_together() {
    let payload: Vec<u8> = (0..100).map(|number| b'a' + number % 26).collect();
    let whole = datagram(&payload);
    let (header, body) = (Ipv4Header::from_slice(&whole).unwrap().0, &whole[20..]);
    let fragment = |from: usize, to: usize| {
        let mut header = header.clone();
        header.identification = 77;
        header.dont_fragment = false;
        header.more_fragments = to < body.len();
        header.fragment_offset = IpFragOffset::try_new((from / 8) as u16).unwrap();
        header.protocol = IpNumber::UDP;
        header.set_payload_len(to - from).unwrap();
        header.header_checksum = header.calc_header_checksum();
        [header.to_bytes().as_slice(), &body[from..to]].concat()
    };
    let pieces = [fragment(48, 108), fragment(0, 48)];
    let (seen, summary) = story(&raw(&pieces));
    assert_eq!(seen, [format!("> 10.0.0.9:53 {}", String::from_utf8_lossy(&payload))]);
    assert_eq!(summary, Summary::default());
    let (seen, summary) = story(&raw(&pieces[..1]));
    assert_eq!((seen.len(), summary.fragments), (0, 1));
}

#[test]
fn pcapng_with_sections_interfaces_and_resolutions() {
    let packet = datagram(b"hello");
    let mut framed = vec![0; 12];
    framed.extend(EtherType::IPV4.0.to_be_bytes());
    framed.extend_from_slice(&packet);
    for order in [Order::Little, Order::Big] {
        let eight = |number: u64| if order == Order::Little { number.to_le_bytes() } else { number.to_be_bytes() }.to_vec();
        let mut file = Vec::new();
        section(order, &mut file);
        interface(order, ETHERNET as u16, &[(9, vec![9])], &mut file);
        interface(order, RAW as u16, &[(9, vec![0x80 | 10]), (14, eight(1000))], &mut file);
        interface(order, RAW as u16, &[], &mut file);
        enhanced(order, 0, 1_700_000_000_123_456_789, &framed, &[], &mut file);
        enhanced(order, 1, 5 * 1024 + 512, &packet, &[], &mut file);
        enhanced(order, 2, 42, &packet, &[], &mut file);
        // Statistics; a simple packet, which has no time; an interface that there is not; the other order in a new section.
        block(order, 5, &[0; 12], &mut file);
        let mut simple = Vec::new();
        put32(order, framed.len() as u32, &mut simple);
        simple.extend_from_slice(&framed);
        block(order, 3, &simple, &mut file);
        enhanced(order, 9, 42, &packet, &[], &mut file);
        let other = if order == Order::Little { Order::Big } else { Order::Little };
        section(other, &mut file);
        interface(other, RAW as u16, &[], &mut file);
        enhanced(other, 0, 43, &packet, &[], &mut file);
        let mut capture = read(&file);
        assert_eq!(capture.kind(), Kind::Pcapng);
        let times: Vec<i64> = capture.by_ref().map(|seen| seen.unwrap().at.0).collect();
        assert_eq!(times, [1_700_000_000_123_456, 1_005_500_000, 42, 42, 43], "{order:?}");
        assert_eq!(*capture.summary(), Summary { unread: 1, ..Summary::default() });
    }
}

#[test]
fn the_capture_may_say_which_way() {
    let packets = [segment("> S 99 -"), segment("< SA 499 100"), segment("> PA 100 500 hello")];
    let mut file = Vec::new();
    section(Order::Little, &mut file);
    interface(Order::Little, RAW as u16, &[], &mut file);
    for (packet, way) in packets.iter().zip([1u32, 2, 1]) {
        enhanced(Order::Little, 0, 1, packet, &[(2, way.to_le_bytes().to_vec())], &mut file);
    }
    enhanced(Order::Little, 0, 1, &datagram(b"in"), &[(2, 1u32.to_le_bytes().to_vec())], &mut file);
    assert_eq!(story(&file).0, ["joined 10.0.0.1:5000 > 10.0.0.9:80", "< #1 hello", "< 10.0.0.1:5000 in"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Damaged captures of either kind: no panic, and an end.
    #[test]
    fn damaged(damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12), cut: prop::sample::Index, kind in 0usize..4) {
        let lines = ["> S 99 -", "< SA 499 100", "> PA 100 500 hello", "< PA 500 105 world", "> PA 110 505 x", "< FA 505 111"];
        let packets: Vec<Vec<u8>> = lines.iter().map(|line| segment(line)).chain([datagram(b"datagram")]).collect();
        let order = if kind % 2 == 0 { Order::Little } else { Order::Big };
        let mut file = Vec::new();
        if kind < 2 {
            let packets: Vec<(u32, u32, &[u8], usize)> = packets.iter().map(|packet| (1, 2, packet.as_slice(), packet.len())).collect();
            file = classic(order, 0xA1B2_C3D4, RAW, &packets);
        } else {
            section(order, &mut file);
            interface(order, RAW as u16, &[(9, vec![9]), (14, vec![1; 8])], &mut file);
            for packet in &packets {
                enhanced(order, 0, 1 << 50, packet, &[(2, vec![1, 0, 0, 0])], &mut file);
            }
        }
        for (at, byte) in damage {
            let at = at.index(file.len());
            file[at] = byte;
        }
        file.truncate(cut.index(file.len()) + 1);
        if let Ok(capture) = open(Cursor::new(file), &Options { encoding: Encoding::GBK, zone: jiff::tz::TimeZone::UTC }) {
            prop_assert!(capture.count() < 10_000);
        }
    }
}
