//! Packets of every kind read from their bytes, and bytes of every kind.

use super::read::options_of;
use super::*;
use etherparse::{Icmpv4Type, Icmpv6Type, PacketBuilder, TcpHeader, TcpOptionElement, icmpv4, icmpv6};
use proptest::prelude::*;

const AT: Timestamp = Timestamp(1_000_000);

fn tcp(header: TcpHeader, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 2], 64).tcp_header(header).write(&mut bytes, payload).unwrap();
    bytes
}

fn unreachable(quoted: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let port = Icmpv4Type::DestinationUnreachable(icmpv4::DestUnreachableHeader::Port);
    PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64).icmpv4(port).write(&mut bytes, quoted).unwrap();
    bytes
}

#[test]
fn a_segment_with_options() {
    let mut header = TcpHeader::new(50_000, 80, 0xFFFF_FFFE, 512);
    (header.syn, header.ack, header.acknowledgment_number) = (true, true, 7);
    let options = [
        TcpOptionElement::MaximumSegmentSize(65_495),
        TcpOptionElement::SelectiveAcknowledgementPermitted,
        TcpOptionElement::Timestamp(9, 8),
        TcpOptionElement::Noop,
        TcpOptionElement::WindowScale(7),
    ];
    header.set_options(&options).unwrap();
    let packet = Packet::parse(AT, &tcp(header, b"hi")).unwrap();
    assert_eq!((packet.source, packet.destination), ("127.0.0.1:50000".parse().unwrap(), "127.0.0.2:80".parse().unwrap()));
    let segment = packet.segment().unwrap();
    assert_eq!((segment.sequence, segment.acknowledgment, segment.window), (0xFFFF_FFFE, Some(7), 512));
    assert_eq!((segment.flags.to_string(), segment.span(), segment.window_scale()), ("SYN, ACK".to_owned(), 3, Some(7)));
    let told: Vec<String> = segment.options.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["MSS=65495", "SACK_PERM", "TSval=9 TSecr=8", "WS=7 (×128)"]);
    assert_eq!((packet.payload(), packet.length), (&b"hi"[..], packet.bytes.len()));
}

#[test]
fn datagrams_of_both_families() {
    for v6 in [false, true] {
        let builder = match v6 {
            false => PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 3),
            true => PacketBuilder::ipv6([1; 16], [2; 16], 3),
        };
        let mut bytes = Vec::new();
        builder.udp(1, 2).write(&mut bytes, &[5; 9]).unwrap();
        let packet = Packet::parse(AT, &bytes).unwrap();
        assert!(matches!(packet.body, Body::Udp(Datagram { field: 17, length: 9, .. })), "{packet:?}");
        assert_eq!((packet.payload(), packet.hops, packet.fragment), (&[5; 9][..], 3, Fragment::Whole));
    }
}

#[test]
fn an_icmp_message_names_the_packet_it_is_about() {
    let mut sent = Vec::new();
    PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 9], 64).udp(4000, 9).write(&mut sent, b"lost").unwrap();
    // The whole packet, or the eight bytes that RFC 792 asks for.
    for quoted in [&sent[..], &sent[..28]] {
        let packet = Packet::parse(AT, &unreachable(quoted)).unwrap();
        let Body::Icmp(report) = &packet.body else { panic!("{packet:?}") };
        assert_eq!((report.kind, report.code, report.says), (3, 3, Says::PortUnreachable));
        let about = report.about.unwrap();
        assert_eq!((about.protocol, about.source.port(), about.destination), (17, 4000, "127.0.0.9:9".parse().unwrap()));
    }
    let mut bytes = Vec::new();
    let port = Icmpv6Type::DestinationUnreachable(icmpv6::DestUnreachableCode::Port);
    let mut sent = Vec::new();
    PacketBuilder::ipv6([1; 16], [2; 16], 64).udp(4000, 9).write(&mut sent, b"lost").unwrap();
    PacketBuilder::ipv6([2; 16], [1; 16], 64).icmpv6(port).write(&mut bytes, &sent).unwrap();
    let packet = Packet::parse(AT, &bytes).unwrap();
    let Body::Icmp(report) = &packet.body else { panic!("{packet:?}") };
    assert_eq!((report.says, report.about.unwrap().destination.port()), (Says::PortUnreachable, 9));
}

#[test]
fn of_fragments_the_first_alone_is_a_packet() {
    let mut bytes = Vec::new();
    PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 3).udp(1, 2).write(&mut bytes, &[5; 64]).unwrap();
    bytes[6] = 0x20;
    let first = Packet::parse(AT, &bytes).unwrap();
    assert_eq!((first.fragment, first.source.port(), first.payload().len()), (Fragment::First, 1, 64));
    bytes[7] = 9;
    assert_eq!(Packet::parse(AT, &bytes), None);
}

#[test]
fn odd_options_end_the_list_and_nothing_else() {
    let table: [(&[u8], usize); 6] = [
        (&[1, 1, 0, 9], 0),
        (&[2, 4, 5, 0xB4], 1),
        (&[2, 0, 0, 0], 0),
        (&[2, 1, 0, 0], 0),
        (&[254, 4, 1, 2], 1),
        (&[3, 3, 7, 8, 200, 0, 0, 0], 1),
    ];
    for (bytes, count) in table {
        assert_eq!(options_of(bytes).len(), count, "{bytes:?}");
    }
}

proptest! {
    #[test]
    fn whatever_the_bytes_reading_them_ends(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Some(packet) = Packet::parse(AT, &bytes) {
            prop_assert!(packet.payload().len() <= bytes.len());
        }
    }

    #[test]
    fn nor_does_a_broken_packet(flips in proptest::collection::vec((0usize..90, any::<u8>()), 0..6), cut in 0usize..110) {
        let mut header = TcpHeader::new(1, 2, 3, 4);
        header.set_options(&[TcpOptionElement::MaximumSegmentSize(1), TcpOptionElement::WindowScale(3)]).unwrap();
        let whole = unreachable(&tcp(header, &[7; 40]));
        let inner = tcp(TcpHeader::new(1, 2, 3, 4), &[7; 40]);
        for mut bytes in [whole, inner] {
            for (at, value) in &flips {
                if let Some(byte) = bytes.get_mut(*at) { *byte ^= value; }
            }
            bytes.truncate(cut);
            if let Some(packet) = Packet::parse(AT, &bytes) {
                prop_assert!(packet.payload().len() <= bytes.len());
            }
        }
    }
}
