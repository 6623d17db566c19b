//! From a captured frame to the TCP or UDP packet in it, through Ethernet (and VLAN), Linux "cooked" headers, BSD loopback or nothing.
//! Must never follow a stream: each packet is looked at alone, but for the fragments of one.

use super::fragments::Fragments;
use etherparse::{EtherType, Ipv6ExtensionSlice, LaxNetSlice, LaxSlicedPacket, TcpSlice, TransportSlice, UdpSlice, ip_number};
use std::net::{IpAddr, SocketAddr};

/// A TCP or UDP packet.
#[derive(Debug)]
pub struct Packet<'a> {
    /// The sender.
    pub source: SocketAddr,
    /// The receiver.
    pub destination: SocketAddr,
    /// Its kind.
    pub transport: Transport,
    /// The payload, as much as was captured.
    pub payload: &'a [u8],
    /// Payload bytes that the packet had and the capture has not.
    pub missing: u64,
}

/// TCP's header, as much as is needed of it, or that it is UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A datagram.
    Udp,
    /// A segment.
    Tcp(Segment),
}

/// What a TCP header says (RFC 9293 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The number of its first byte, or of its SYN.
    pub sequence: u32,
    /// The number of the byte that the sender waits for, where it says so.
    pub acknowledgment: Option<u32>,
    /// It opens its direction.
    pub syn: bool,
    /// It ends its direction.
    pub fin: bool,
    /// It ends the connection.
    pub rst: bool,
}

/// Why a frame shows no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPacket {
    /// It is neither TCP nor UDP, or is not understood.
    Other,
    /// It is a fragment; the packet is not whole yet.
    Fragment,
}

/// The packet in a frame of a link type (the numbers of tcpdump.org/linktypes.html). A fragment that makes its packet whole yields
/// that, with the payload in `whole`.
///
/// # Errors
/// Why there is none.
pub fn packet<'a>(link: i32, frame: &'a [u8], fragments: &mut Fragments, whole: &'a mut Vec<u8>) -> Result<Packet<'a>, NoPacket> {
    let sliced = slice(link, frame).ok_or(NoPacket::Other)?;
    let (net, expected) = match &sliced.net {
        Some(LaxNetSlice::Ipv4(ip)) => {
            let header = ip.header();
            let expected = usize::from(header.total_len()).saturating_sub(header.slice().len());
            ((IpAddr::V4(header.source_addr()), IpAddr::V4(header.destination_addr())), expected)
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            let header = ip.header();
            let expected = usize::from(header.payload_length()).saturating_sub(ip.extensions().slice().len());
            ((IpAddr::V6(header.source_addr()), IpAddr::V6(header.destination_addr())), expected)
        }
        _ => return Err(NoPacket::Other),
    };
    let carried = sliced.net.as_ref().and_then(LaxNetSlice::ip_payload_ref).ok_or(NoPacket::Other)?;
    let missing = expected.saturating_sub(carried.payload.len()) as u64;
    if carried.fragmented {
        // A fragment that was cut off can't be put where it belongs.
        if carried.incomplete {
            fragments.lose();
            return Err(NoPacket::Fragment);
        }
        let (key, offset, more) = fragment(&sliced, net).ok_or(NoPacket::Other)?;
        *whole = fragments.add(key, offset, more, carried.ip_number, carried.payload).ok_or(NoPacket::Fragment)?;
        return transport(net, carried.ip_number.0, whole, 0).ok_or(NoPacket::Other);
    }
    match &sliced.transport {
        Some(TransportSlice::Tcp(tcp)) => Ok(of_tcp(net, tcp, missing)),
        Some(TransportSlice::Udp(udp)) => Ok(of_udp(net, udp, missing)),
        _ => Err(NoPacket::Other),
    }
}

fn slice(link: i32, frame: &[u8]) -> Option<LaxSlicedPacket<'_>> {
    match link {
        // Ethernet.
        1 => LaxSlicedPacket::from_ethernet(frame).ok(),
        // BSD loopback: the address family, in the byte order of a machine that nobody remembers. The IP version says the same.
        0 | 108 => LaxSlicedPacket::from_ip(frame.get(4..)?).ok(),
        // Raw IP: its own number, those of IPv4 and IPv6 alone, and two that old systems wrote instead.
        12 | 14 | 101 | 228 | 229 => LaxSlicedPacket::from_ip(frame).ok(),
        // Linux cooked, version 1: the protocol stands last of 16 bytes; version 2: first of 20.
        113 => Some(LaxSlicedPacket::from_ether_type(ether_type(frame, 14)?, frame.get(16..)?)),
        276 => Some(LaxSlicedPacket::from_ether_type(ether_type(frame, 0)?, frame.get(20..)?)),
        _ => None,
    }
}

fn ether_type(frame: &[u8], at: usize) -> Option<EtherType> {
    let bytes = frame.get(at..at + 2)?;
    Some(EtherType(u16::from_be_bytes([*bytes.first()?, *bytes.last()?])))
}

/// What fragments of one packet have in common: both ends, the protocol and the sender's number for the packet.
pub type Key = (IpAddr, IpAddr, u8, u32);

fn fragment(sliced: &LaxSlicedPacket, (source, destination): (IpAddr, IpAddr)) -> Option<(Key, etherparse::IpFragOffset, bool)> {
    match sliced.net.as_ref()? {
        LaxNetSlice::Ipv4(ip) => {
            let header = ip.header();
            let key = (source, destination, header.protocol().0, header.identification().into());
            Some((key, header.fragments_offset(), header.more_fragments()))
        }
        LaxNetSlice::Ipv6(ip) => ip.extensions().clone().into_iter().find_map(|extension| match extension {
            Ipv6ExtensionSlice::Fragment(header) => {
                let key = (source, destination, header.next_header().0, header.identification());
                Some((key, header.fragment_offset(), header.more_fragments()))
            }
            _ => None,
        }),
        LaxNetSlice::Arp(_) => None,
    }
}

fn transport(net: (IpAddr, IpAddr), protocol: u8, bytes: &[u8], missing: u64) -> Option<Packet<'_>> {
    if protocol == ip_number::TCP.0 {
        Some(of_tcp(net, &TcpSlice::from_slice(bytes).ok()?, missing))
    } else if protocol == ip_number::UDP.0 {
        Some(of_udp(net, &UdpSlice::from_slice_lax(bytes).ok()?, missing))
    } else {
        None
    }
}

fn of_tcp<'a>((source, destination): (IpAddr, IpAddr), tcp: &TcpSlice<'a>, missing: u64) -> Packet<'a> {
    let segment = Segment {
        sequence: tcp.sequence_number(),
        acknowledgment: tcp.ack().then(|| tcp.acknowledgment_number()),
        syn: tcp.syn(),
        fin: tcp.fin(),
        rst: tcp.rst(),
    };
    Packet {
        source: SocketAddr::new(source, tcp.source_port()),
        destination: SocketAddr::new(destination, tcp.destination_port()),
        transport: Transport::Tcp(segment),
        payload: tcp.payload(),
        missing,
    }
}

fn of_udp<'a>((source, destination): (IpAddr, IpAddr), udp: &UdpSlice<'a>, missing: u64) -> Packet<'a> {
    Packet {
        source: SocketAddr::new(source, udp.source_port()),
        destination: SocketAddr::new(destination, udp.destination_port()),
        transport: Transport::Udp,
        payload: udp.payload(),
        missing,
    }
}
