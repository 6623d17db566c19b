//! Frames as etherparse reads them, checksums as etherparse works them out, and pieces put together again.

use super::fields::{Kind, Layer};
use super::frame::Frame;
use super::overhead::{Overhead, frame_of};
use super::picture::{self, Mark};
use super::pieces::{Cut, Plan, TooLong, least_mtu};
use super::subject::{Captured, Subject, Transport, Truth, Way};
use super::sum::{Of, Whose};
use super::words;
use crate::i18n::Language;
use etherparse::defrag::IpDefragBuf;
use etherparse::{IpNumber, NetHeaders, PacketBuilder, PacketHeaders, SlicedPacket, TransportHeader};
use proptest::prelude::*;
use std::net::SocketAddr;
use std::sync::Arc;

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn subject(v6: bool, transport: Transport, payload: &[u8]) -> Subject {
    let (local, peer) = if v6 { ("[fe80::1]:40000", "[fe80::2]:9000") } else { ("10.0.0.2:40000", "10.0.0.9:9000") };
    Subject::new(Some(address(local)), address(peer), Way::ToPeer, transport, payload.into())
}

fn frames(subject: &Subject, mtu: usize) -> Vec<Frame> {
    let plan = Plan::new(subject, mtu).unwrap();
    (0..plan.count()).map(|index| Frame::new(subject, &plan, index)).collect()
}

/// A frame without its checksum, which etherparse does not know.
fn parsed(frame: &Frame) -> PacketHeaders<'_> {
    PacketHeaders::from_ethernet_slice(&frame.bytes[..frame.bytes.len() - 4]).unwrap()
}

fn says(frame: &Frame, kind: Kind) -> String {
    words::value(Language::English, frame, frame.field(kind).unwrap_or_else(|| panic!("no {kind:?}")))
}

#[test]
fn fields_say_what_the_headers_say() {
    let frame = &frames(&subject(false, Transport::Udp, b"hello"), 1500)[0];
    let headers = parsed(frame);
    let link = headers.link.clone().unwrap().ethernet2().unwrap();
    assert_eq!(says(frame, Kind::MacSource), "02:00:00:00:00:01");
    assert_eq!((link.source, link.destination), ([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]));
    let Some(NetHeaders::Ipv4(ip, _)) = headers.net else { panic!() };
    let Some(TransportHeader::Udp(udp)) = headers.transport else { panic!() };
    let table = [
        (Kind::EtherType, "0x0800 IPv4".to_owned()),
        (Kind::Version, "4".into()),
        (Kind::HeaderLength, "5 × 4 = 20 B".into()),
        (Kind::TotalLength, ip.total_len.to_string()),
        (Kind::Identification, format!("0x{:04X}", ip.identification)),
        (Kind::IpFlags, "DF".into()),
        (Kind::FragmentOffset, "0".into()),
        (Kind::TimeToLive, ip.time_to_live.to_string()),
        (Kind::Protocol, "17 UDP".into()),
        (Kind::HeaderChecksum, format!("0x{:04X}", ip.calc_header_checksum())),
        (Kind::SourceAddress, "10.0.0.2".into()),
        (Kind::DestinationAddress, "10.0.0.9".into()),
        (Kind::SourcePort, "40000".into()),
        (Kind::DestinationPort, "9000".into()),
        (Kind::UdpLength, "13".into()),
        (Kind::UdpChecksum, format!("0x{:04X}", udp.calc_checksum_ipv4(&ip, b"hello").unwrap())),
        (Kind::Payload, "5 B".into()),
    ];
    for (kind, expected) in table {
        assert_eq!(says(frame, kind), expected, "{kind:?}");
    }
    assert_eq!(ip.header_checksum, ip.calc_header_checksum());
    // 14 + 20 + 8 + 5 is less than 60: zeros, then the checksum.
    assert_eq!((frame.bytes.len(), says(frame, Kind::Padding)), (64, "13 B".into()));
}

#[test]
fn tcp_and_ipv6_too() {
    let frame = &frames(&subject(true, Transport::Tcp { offset: 100 }, b"hello"), 1500)[0];
    let headers = parsed(frame);
    let Some(NetHeaders::Ipv6(ip, _)) = headers.net else { panic!() };
    let Some(TransportHeader::Tcp(tcp)) = headers.transport else { panic!() };
    assert_eq!(tcp.checksum, tcp.calc_checksum_ipv6(&ip, b"hello").unwrap());
    assert_eq!((ip.payload_length, ip.next_header), (25, IpNumber::TCP));
    // The SYN has a number too.
    assert_eq!((tcp.sequence_number, tcp.ack, tcp.psh), (1101, true, true));
    assert_eq!(
        [Kind::Sequence, Kind::TcpFlags, Kind::DataOffset].map(|kind| says(frame, kind)),
        ["1101", "ACK PSH", "5 × 4 = 20 B"]
    );
    assert_eq!([Kind::SourceAddress, Kind::NextHeader].map(|kind| says(frame, kind)), ["fe80::1", "6 TCP"]);
}

#[test]
fn every_bit_belongs_to_one_field_and_every_byte_to_one_layer() {
    for v6 in [false, true] {
        for transport in [Transport::Udp, Transport::Tcp { offset: 0 }] {
            for frame in frames(&subject(v6, transport, &[7; 5000]), 1500) {
                let mut at = 0;
                for field in &frame.fields {
                    assert_eq!(field.bits.start, at, "{field:?}");
                    at = field.bits.end;
                }
                assert_eq!(at, frame.bytes.len() * 8);
                let mut at = 0;
                for span in &frame.layers {
                    assert_eq!(span.bytes.start, at, "{span:?}");
                    at = span.bytes.end;
                }
                assert_eq!(at, frame.bytes.len());
            }
        }
    }
}

#[test]
fn what_is_real_and_what_is_an_example() {
    let truth = |frame: &Frame, kind| frame.field(kind).unwrap().truth;
    let udp = &frames(&subject(false, Transport::Udp, b"x"), 1500)[0];
    for kind in [Kind::SourceAddress, Kind::UdpChecksum, Kind::UdpLength, Kind::TotalLength, Kind::Protocol, Kind::Payload] {
        assert_eq!(truth(udp, kind), Truth::Real, "{kind:?}");
    }
    for kind in [Kind::MacSource, Kind::Identification, Kind::TimeToLive, Kind::HeaderChecksum, Kind::Fcs, Kind::IpFlags] {
        assert_eq!(truth(udp, kind), Truth::Example, "{kind:?}");
    }
    let tcp = &frames(&subject(false, Transport::Tcp { offset: 0 }, b"x"), 1500)[0];
    // A stream's bytes may have travelled in other pieces, and its header may have had options.
    let unseen = [Kind::Sequence, Kind::Acknowledgment, Kind::Window, Kind::TcpChecksum, Kind::TcpFlags];
    for kind in unseen.into_iter().chain([Kind::DataOffset, Kind::TotalLength, Kind::FragmentOffset]) {
        assert_eq!(truth(tcp, kind), Truth::Example, "{kind:?}");
    }
    // So do pieces: the link has another MTU, perhaps. The datagram itself is what it is.
    let fragment = &frames(&subject(true, Transport::Udp, &[1; 3000]), 1500)[0];
    for kind in [Kind::PayloadLength, Kind::FragmentOffset, Kind::FragmentMore, Kind::NextHeader] {
        assert_eq!(truth(fragment, kind), Truth::Example, "{kind:?}");
    }
    assert_eq!([Kind::UdpLength, Kind::UdpChecksum].map(|kind| truth(fragment, kind)), [Truth::Real; 2]);
    // Bound to any address: towards loopback it is known, else it is one for documentation.
    let any = Some(address("0.0.0.0:5000"));
    let near = Subject::new(any, address("127.0.0.1:9"), Way::FromPeer, Transport::Udp, Arc::default());
    assert_eq!((near.destination.address, near.destination.host), (address("127.0.0.1:5000"), Truth::Real));
    assert!(near.is_loopback());
    let far = Subject::new(any, address("10.0.0.9:9"), Way::ToPeer, Transport::Udp, Arc::default());
    assert_eq!((far.source.address, far.source.host), (address("192.0.2.1:5000"), Truth::Example));
    let frame = &frames(&far, 1500)[0];
    assert_eq!(
        [Kind::SourceAddress, Kind::UdpChecksum, Kind::UdpLength].map(|kind| truth(frame, kind)),
        [Truth::Example, Truth::Example, Truth::Real]
    );
    // What a socket for both families says travels as IPv4.
    let mapped = Some(address("[::ffff:10.0.0.2]:5"));
    let mapped = Subject::new(mapped, address("[::ffff:10.0.0.9]:6"), Way::ToPeer, Transport::Udp, Arc::default());
    assert!(mapped.is_v4() && mapped.source.host == Truth::Real);
}

#[test]
fn a_captured_packet_makes_examples_real() {
    let build = PacketBuilder::ipv4([10, 0, 0, 2], [10, 0, 0, 9], 17).tcp(40000, 9000, 4_000_000_000, 321).ack(77).psh();
    let mut packet = Vec::new();
    build.write(&mut packet, b"hello").unwrap();
    let captured = Captured::parse(&packet).unwrap();
    let message = subject(false, Transport::Tcp { offset: 0 }, b"hello");
    let seen = message.clone().with_packet(Some(captured.clone()));
    let frame = &frames(&seen, 1500)[0];
    assert_eq!(frame.bytes[14..14 + packet.len()], packet[..]);
    let expected = ["17", "4000000000", "77", "321"];
    assert_eq!([Kind::TimeToLive, Kind::Sequence, Kind::Acknowledgment, Kind::Window].map(|kind| says(frame, kind)), expected);
    let example = |field: &&super::frame::Field| field.truth == Truth::Example;
    let examples: Vec<Kind> = frame.fields.iter().filter(example).map(|field| field.kind).collect();
    let ethernet = [Kind::MacDestination, Kind::MacSource, Kind::EtherType, Kind::Padding, Kind::Fcs];
    assert_eq!(examples, ethernet[..], "of the link nothing is ever seen");
    assert_eq!(frame.offloaded, None);
    // A checksum that was left to the card stands as it was captured, beside the right one.
    let mut left = packet.clone();
    left[36..38].copy_from_slice(&[0xFE, 0x28]);
    let left = message.clone().with_packet(Captured::parse(&left));
    let frame = &frames(&left, 1500)[0];
    assert_eq!((frame.offloaded, says(frame, Kind::TcpChecksum)), (Some(0xFE28), "0xFE28".into()));
    assert_eq!(frame.sums[1].result.to_be_bytes(), packet[36..38]);
    // Another message, other ports or half of it: it says nothing.
    for other in [subject(false, Transport::Tcp { offset: 0 }, b"hell"), subject(false, Transport::Udp, b"hello")] {
        assert_eq!(other.with_packet(Some(captured.clone())).captured, None);
    }
    assert_eq!(Captured::parse(b"nonsense"), None);
}

#[test]
fn pieces_by_the_book() {
    // 1,472 bytes fit into one frame of Ethernet; one more does not.
    let udp = |length: usize, mtu| Plan::new(&subject(false, Transport::Udp, &vec![1; length]), mtu).unwrap();
    assert_eq!(udp(1472, 1500).cut, Cut::Whole);
    let plan = udp(1473, 1500);
    assert_eq!((plan.cut, plan.count()), (Cut::Fragments(1480), 2));
    assert_eq!([plan.piece(0).data, plan.piece(1).data], [0..1480, 1480..1481]);
    let most = udp(65_507, 1500);
    assert_eq!((most.count(), most.piece(44).data), (45, 65_120..65_515));
    let long = subject(false, Transport::Udp, &vec![1; 65_508]);
    assert_eq!(Plan::new(&long, 1500), Err(TooLong { length: 65_508, most: 65_507 }));
    let tcp = |v6, length: usize, mtu| Plan::new(&subject(v6, Transport::Tcp { offset: 0 }, &vec![1; length]), mtu).unwrap();
    assert_eq!((tcp(false, 1460, 1500).cut, tcp(false, 1461, 1500).cut), (Cut::Whole, Cut::Segments(1460)));
    assert_eq!((tcp(true, 1440, 1500).cut, tcp(true, 1441, 1500).cut), (Cut::Whole, Cut::Segments(1440)));
    assert_eq!((tcp(true, 5000, 68).mtu, tcp(false, 5000, 68).cut), (1280, Cut::Segments(28)));
    let frames = frames(&subject(false, Transport::Udp, &[1; 3000]), 1500);
    let flags: Vec<[String; 2]> =
        frames.iter().map(|frame| [Kind::IpFlags, Kind::FragmentOffset].map(|kind| says(frame, kind))).collect();
    let expected = [["MF", "0"], ["MF", "185 × 8 = 1480"], ["0", "370 × 8 = 2960"]];
    assert_eq!(flags, expected.map(|pair| pair.map(str::to_owned)));
    assert!(frames[0].field(Kind::UdpLength).is_some() && frames[1].field(Kind::UdpLength).is_none());
    assert_eq!(
        frames[1].layers.iter().map(|span| span.layer).collect::<Vec<_>>(),
        [Layer::Ethernet, Layer::Ipv4, Layer::Application, Layer::EthernetEnd]
    );
}

#[test]
fn overhead_by_the_book() {
    let of = |subject: &Subject, mtu| Overhead::of(subject, &Plan::new(subject, mtu).unwrap());
    let one = of(&subject(false, Transport::Udp, b"x"), 1500);
    // 14 + 20 + 8 + 1, filled up to 60, and 4.
    assert_eq!(one, Overhead { payload: 1, transport: 8, network: 20, link: 35 });
    assert_eq!((one.total(), format!("{:.1}", one.percent())), (64, "98.4".into()));
    let full = of(&subject(false, Transport::Tcp { offset: 0 }, &[1; 1460]), 1500);
    assert_eq!((full.total(), format!("{:.2}", full.percent())), (1518, "3.82".into()));
    assert_eq!(frame_of(1500), 1518);
}

#[test]
fn a_checksum_by_hand() {
    // RFC 1071, section 3.
    let sum = super::sum::Sum::new(
        Whose::Tcp,
        vec![super::sum::Part::new(Of::Payload, &[0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7])],
    );
    assert_eq!((sum.total, sum.folded, sum.complement), (0x2DDF0, vec![0xDDF2], 0x220D));
    let zero = super::sum::Sum::new(Whose::Udp, vec![super::sum::Part::new(Of::Payload, &[0xFF, 0xFF])]);
    assert_eq!((zero.complement, zero.result), (0, 0xFFFF));
}

#[test]
fn pictures_hold_every_field_and_byte_and_their_lines_are_bounded() {
    for language in [Language::Chinese, Language::English] {
        let subject = subject(false, Transport::Udp, &[0x41; 3000]);
        let plan = Plan::new(&subject, 1500).unwrap();
        let frame = Frame::new(&subject, &plan, 0);
        for room in [400.0, 2000.0] {
            let scene = picture::frame(language, &subject, &frame, room);
            for field in &frame.fields {
                let marked = scene.items.iter().filter(|item| item.mark == Some(Mark::Field(field.kind)));
                assert!(marked.clone().count() >= 2, "{:?} is a box, or bytes and letters", field.kind);
                assert!(marked.clone().all(|item| item.hint.as_ref().is_some_and(|hint| !hint.contains("encap."))), "{field:?}");
            }
        }
        assert!(picture::sums(language, &frame).items.len() > 40);
        let pieces = picture::pieces(language, &subject, &plan);
        let marks: Vec<Mark> = pieces.items.iter().filter_map(|item| item.mark).collect();
        assert_eq!(marks, [0, 1, 2].map(Mark::Piece));
        let long = Subject { payload: vec![1; 1 << 20].into(), transport: Transport::Tcp { offset: 0 }, ..subject };
        let plan = Plan::new(&long, 68).unwrap();
        assert!(plan.count() > 30_000 && picture::pieces(language, &long, &plan).items.len() < 20_000);
    }
}

/// A datagram put together from its frames as a receiver does.
fn reassembled(frames: &[Frame]) -> Vec<u8> {
    let mut whole = IpDefragBuf::new(IpNumber::UDP, Vec::new(), Vec::new());
    // Fragments may come in any order.
    for frame in frames.iter().rev() {
        let sliced = SlicedPacket::from_ethernet(&frame.bytes[..frame.bytes.len() - 4]).unwrap();
        let (offset, more, payload) = match sliced.net.unwrap() {
            etherparse::NetSlice::Ipv4(ip) => {
                (ip.header().fragments_offset(), ip.header().more_fragments(), ip.payload().payload.to_vec())
            }
            etherparse::NetSlice::Ipv6(ip) => {
                let fragment = ip.extensions().clone().into_iter().find_map(|extension| match extension {
                    etherparse::Ipv6ExtensionSlice::Fragment(fragment) => Some(fragment.to_header()),
                    _ => None,
                });
                let fragment = fragment.unwrap();
                (fragment.fragment_offset, fragment.more_fragments, ip.payload().payload.to_vec())
            }
            etherparse::NetSlice::Arp(_) => unreachable!(),
        };
        whole.add(offset, more, &payload).unwrap();
    }
    assert!(whole.is_complete());
    whole.take_bufs().0
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_datagram_in_fragments_is_whole_again(v6: bool, payload in prop::collection::vec(any::<u8>(), 0..20_000), mtu in 0_usize..10_000) {
        let subject = subject(v6, Transport::Udp, &payload);
        let plan = Plan::new(&subject, mtu).unwrap();
        let frames = frames(&subject, mtu);
        for (index, frame) in frames.iter().enumerate() {
            let packet = 14..frame.bytes.len() - 4;
            prop_assert!(packet.len() <= plan.mtu.max(46), "{} over {}", packet.len(), plan.mtu);
            prop_assert_eq!(plan.piece(index).data.start % 8, 0);
        }
        let sent: usize = frames.iter().map(|frame| frame.bytes.len()).sum();
        prop_assert_eq!(Overhead::of(&subject, &plan).total(), sent);
        if matches!(plan.cut, Cut::Fragments(_)) {
            let whole = reassembled(&frames);
            prop_assert_eq!(&whole[8..], &payload[..]);
            prop_assert_eq!(u16::from_be_bytes([whole[4], whole[5]]) as usize, whole.len());
        } else {
            prop_assert_eq!(parsed(&frames[0]).payload.slice().get(..payload.len()).unwrap_or_default(), &payload[..]);
        }
    }

    #[test]
    fn a_stream_in_segments_is_whole_again(v6: bool, payload in prop::collection::vec(any::<u8>(), 1..9_000), mtu in 0_usize..10_000, offset: u64) {
        let subject = subject(v6, Transport::Tcp { offset }, &payload);
        let plan = Plan::new(&subject, mtu).unwrap();
        let mut whole = Vec::new();
        let mut sequence = None;
        let frames = frames(&subject, mtu);
        let sent: usize = frames.iter().map(|frame| frame.bytes.len()).sum();
        prop_assert_eq!(Overhead::of(&subject, &plan).total(), sent);
        for frame in frames {
            let headers = parsed(&frame);
            let Some(TransportHeader::Tcp(tcp)) = headers.transport else { panic!() };
            let data = &payload[frame.piece.data.clone()];
            prop_assert!(sequence.is_none_or(|next| next == tcp.sequence_number));
            sequence = Some(tcp.sequence_number.wrapping_add(data.len() as u32));
            prop_assert_eq!(tcp.psh, whole.len() + data.len() == payload.len());
            let seen = headers.payload.slice();
            prop_assert_eq!(&seen[..data.len()], data);
            whole.extend_from_slice(data);
        }
        prop_assert_eq!(whole, payload);
        prop_assert!(plan.mtu >= least_mtu(&subject));
    }

    #[test]
    fn checksums_are_those_of_etherparse(v6: bool, is_tcp: bool, payload in prop::collection::vec(any::<u8>(), 0..1_400)) {
        let transport = if is_tcp { Transport::Tcp { offset: 9 } } else { Transport::Udp };
        let frame = &frames(&subject(v6, transport, &payload), 1500)[0];
        let headers = parsed(frame);
        let sum = frame.sums.last().unwrap();
        let expected = match (headers.net.clone().unwrap(), headers.transport.clone().unwrap()) {
            (NetHeaders::Ipv4(ip, _), TransportHeader::Udp(udp)) => udp.calc_checksum_ipv4(&ip, &payload).unwrap(),
            (NetHeaders::Ipv6(ip, _), TransportHeader::Udp(udp)) => udp.calc_checksum_ipv6(&ip, &payload).unwrap(),
            (NetHeaders::Ipv4(ip, _), TransportHeader::Tcp(tcp)) => tcp.calc_checksum_ipv4(&ip, &payload).unwrap(),
            (NetHeaders::Ipv6(ip, _), TransportHeader::Tcp(tcp)) => tcp.calc_checksum_ipv6(&ip, &payload).unwrap(),
            _ => unreachable!(),
        };
        prop_assert_eq!(sum.result, expected);
        let words: usize = sum.parts.iter().map(|part| part.count).sum();
        let pseudo = if v6 { 40 } else { 12 };
        let header = if is_tcp { 20 } else { 8 };
        prop_assert_eq!(words, (pseudo + header + payload.len()).div_ceil(2));
        prop_assert_eq!(sum.parts.iter().map(|part| part.sum).sum::<u32>(), sum.total);
        if let Some(NetHeaders::Ipv4(ip, _)) = headers.net {
            prop_assert_eq!(frame.sums[0].result, ip.calc_header_checksum());
        }
    }

    #[test]
    fn whatever_was_captured_does_no_harm(packet in prop::collection::vec(any::<u8>(), 0..200), payload in prop::collection::vec(any::<u8>(), 0..64)) {
        let subject = subject(false, Transport::Udp, &payload).with_packet(Captured::parse(&packet));
        frames(&subject, 68);
    }

    #[test]
    fn options_of_captured_headers_have_their_place(words in 0_usize..=10, hops: u8) {
        let mut build = etherparse::TcpHeader::new(40000, 9000, 5, 6);
        build.set_options_raw(&vec![1; words * 4]).unwrap();
        let mut packet = Vec::new();
        PacketBuilder::ipv4([10, 0, 0, 2], [10, 0, 0, 9], hops).tcp_header(build).write(&mut packet, b"hello").unwrap();
        let seen = subject(false, Transport::Tcp { offset: 0 }, b"hello").with_packet(Captured::parse(&packet));
        prop_assert!(seen.captured.is_some());
        for mtu in [68, 1500] {
            for frame in frames(&seen, mtu) {
                prop_assert_eq!(frame.field(Kind::TcpOptions).is_some(), words > 0);
                let last = frame.fields.last().unwrap();
                prop_assert_eq!(last.bits.end, frame.bytes.len() * 8);
                if mtu == 1500 {
                    prop_assert_eq!(&frame.bytes[14..14 + packet.len()], &packet[..]);
                }
                let ip = parsed(&frame).net;
                let is_v4 = matches!(ip, Some(NetHeaders::Ipv4(..)));
                prop_assert!(is_v4);
            }
        }
    }
}
