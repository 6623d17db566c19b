//! A packet read from its bytes, which may be anything. Must never panic, and never read what is not there.

use super::{Body, Datagram, Flags, Fragment, Packet, Quoted, Report, Says, Segment, TcpOption};
use crate::session::timestamp::Timestamp;
use etherparse::{IpFragOffset, Ipv6ExtensionSlice, LaxIpSlice, LaxNetSlice, LaxSlicedPacket, icmpv4, icmpv6, ip_number};
use std::net::{IpAddr, SocketAddr};

impl Packet {
    /// Reads a packet that begins with its IP header; what stands behind it is padding, and left away. `None` for what is neither TCP,
    /// UDP nor an ICMP message, for later fragments, and for what is cut off within its headers.
    pub fn parse(at: Timestamp, bytes: &[u8]) -> Option<Self> {
        let sliced = LaxSlicedPacket::from_ip(bytes).ok()?;
        let ((source, destination), hops, identification, told) = match sliced.net.as_ref()? {
            LaxNetSlice::Ipv4(ip) => {
                let header = ip.header();
                let ends = (IpAddr::V4(header.source_addr()), IpAddr::V4(header.destination_addr()));
                (ends, header.ttl(), Some(header.identification()), usize::from(header.total_len()))
            }
            LaxNetSlice::Ipv6(ip) => {
                let header = ip.header();
                let ends = (IpAddr::V6(header.source_addr()), IpAddr::V6(header.destination_addr()));
                (ends, header.hop_limit(), None, header.slice().len() + usize::from(header.payload_length()))
            }
            LaxNetSlice::Arp(_) => return None,
        };
        let (offset, more) = fragment(sliced.net.as_ref()?);
        if offset.value() > 0 {
            return None;
        }
        let carried = sliced.net.as_ref()?.ip_payload_ref()?;
        let start = place(bytes, carried.payload)?;
        let end = start + carried.payload.len();
        // A packet that the card is to split may say 0 (Linux, BIG TCP); then what there is counts.
        let length = told.max(end);
        let (ports, body, head) = match carried.ip_number {
            ip_number::TCP => segment(carried.payload, length - end)?,
            ip_number::UDP => datagram(carried.payload)?,
            ip_number::ICMP => ((0, 0), Body::Icmp(report(carried.payload, Family::V4)?), 8),
            ip_number::IPV6_ICMP => ((0, 0), Body::Icmp(report(carried.payload, Family::V6)?), 8),
            _ => return None,
        };
        Some(Self {
            at,
            source: SocketAddr::new(source, ports.0),
            destination: SocketAddr::new(destination, ports.1),
            hops,
            identification,
            fragment: if more { Fragment::First } else { Fragment::Whole },
            body,
            bytes: bytes.get(..end)?.into(),
            length,
            payload: (start + head).min(end)..end,
        })
    }
}

/// Which ICMP.
#[derive(Clone, Copy)]
enum Family {
    V4,
    V6,
}

/// Where a part of `bytes` begins in it.
fn place(bytes: &[u8], part: &[u8]) -> Option<usize> {
    let offset = (part.as_ptr() as usize).checked_sub(bytes.as_ptr() as usize)?;
    (offset + part.len() <= bytes.len()).then_some(offset)
}

fn fragment(net: &LaxNetSlice<'_>) -> (IpFragOffset, bool) {
    let none = (IpFragOffset::ZERO, false);
    match net {
        LaxNetSlice::Ipv4(ip) => (ip.header().fragments_offset(), ip.header().more_fragments()),
        LaxNetSlice::Ipv6(ip) => ip
            .extensions()
            .clone()
            .into_iter()
            .find_map(|extension| match extension {
                Ipv6ExtensionSlice::Fragment(header) => Some((header.fragment_offset(), header.more_fragments())),
                _ => None,
            })
            .unwrap_or(none),
        LaxNetSlice::Arp(_) => none,
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// The ports, the header and its length; `cut` bytes of data were not captured.
fn segment(bytes: &[u8], cut: usize) -> Option<((u16, u16), Body, usize)> {
    let head = usize::from(*bytes.get(12)? >> 4) * 4;
    let options = bytes.get(20..head)?;
    let flags = Flags(*bytes.get(13)?);
    let segment = Segment {
        sequence: long(bytes, 4)?,
        acknowledgment: long(bytes, 8).filter(|_| flags.has(Flags::ACK)),
        flags,
        window: word(bytes, 14)?,
        checksum: word(bytes, 16)?,
        options: options_of(options),
        length: bytes.len() - head + cut,
    };
    Some(((word(bytes, 0)?, word(bytes, 2)?), Body::Tcp(segment), head))
}

/// Options by kind and length (RFC 9293 section 3.2); one that is cut off ends them.
pub(super) fn options_of(mut rest: &[u8]) -> Vec<TcpOption> {
    let mut options = Vec::new();
    while let Some((&kind, after)) = rest.split_first() {
        match kind {
            0 => break,
            1 => {
                rest = after;
                continue;
            }
            _ => {}
        }
        let Some(content) = after.first().and_then(|length| rest.get(2..usize::from(*length))) else { break };
        rest = rest.get(2 + content.len()..).unwrap_or_default();
        options.push(match (kind, content.len()) {
            (2, 2) => TcpOption::Mss(word(content, 0).unwrap_or(0)),
            (3, 1) => TcpOption::WindowScale(content.first().copied().unwrap_or(0)),
            (4, 0) => TcpOption::SackPermitted,
            (5, length) if length > 0 && length.is_multiple_of(8) => {
                TcpOption::Sack(content.chunks_exact(8).filter_map(|pair| Some((long(pair, 0)?, long(pair, 4)?))).collect())
            }
            (8, 8) => TcpOption::Timestamps(long(content, 0).unwrap_or(0), long(content, 4).unwrap_or(0)),
            _ => TcpOption::Other(kind, content.to_vec()),
        });
    }
    options
}

fn datagram(bytes: &[u8]) -> Option<((u16, u16), Body, usize)> {
    let datagram = Datagram { field: word(bytes, 4)?, checksum: word(bytes, 6)?, length: bytes.len() - 8 };
    Some(((word(bytes, 0)?, word(bytes, 2)?), Body::Udp(datagram), 8))
}

fn report(bytes: &[u8], family: Family) -> Option<Report> {
    let (kind, code, rest) = (*bytes.first()?, *bytes.get(1)?, long(bytes, 4)?.to_be_bytes());
    let (says, quotes) = match family {
        Family::V4 => v4_says(kind, code, rest),
        Family::V6 => v6_says(kind, code, rest),
    };
    let about = bytes.get(8..).filter(|_| quotes).and_then(quoted);
    Some(Report { kind, code, says, about })
}

/// What it says, and whether it quotes a packet.
fn v4_says(kind: u8, code: u8, rest: [u8; 4]) -> (Says, bool) {
    use icmpv4::DestUnreachableHeader as Header;
    // Type 3, destination unreachable; type 11, time exceeded; 4, 5 and 12 quote too (RFC 792).
    match kind {
        3 => {
            let [_, _, high, low] = rest;
            let says = match Header::from_values(code, u16::from_be_bytes([high, low])) {
                Some(Header::Port) => Says::PortUnreachable,
                Some(Header::Host | Header::HostUnknown | Header::Isolated) => Says::HostUnreachable,
                Some(Header::Network | Header::NetworkUnknown) => Says::NetworkUnreachable,
                Some(Header::Protocol) => Says::ProtocolUnreachable,
                Some(Header::FragmentationNeeded { next_hop_mtu }) => {
                    Says::TooLarge(Some(u32::from(next_hop_mtu)).filter(|mtu| *mtu > 0))
                }
                Some(Header::NetworkProhibited | Header::HostProhibited | Header::FilterProhibited) => Says::Prohibited,
                Some(_) | None => Says::Other,
            };
            (says, true)
        }
        11 => (Says::TimeExceeded, true),
        4 | 5 | 12 => (Says::Other, true),
        _ => (Says::Other, false),
    }
}

fn v6_says(kind: u8, code: u8, rest: [u8; 4]) -> (Says, bool) {
    use icmpv6::DestUnreachableCode as Code;
    // Messages below 128 are errors and quote the packet (RFC 4443 section 2.1).
    let says = match (kind, Code::from_u8(code)) {
        (1, Some(Code::Port)) => Says::PortUnreachable,
        (1, Some(Code::Address)) => Says::HostUnreachable,
        (1, Some(Code::NoRoute | Code::RejectRoute)) => Says::NetworkUnreachable,
        (1, Some(Code::Prohibited | Code::SourceAddressFailedPolicy)) => Says::Prohibited,
        (2, _) => Says::TooLarge(Some(u32::from_be_bytes(rest))),
        (3, _) => Says::TimeExceeded,
        _ => Says::Other,
    };
    (says, kind < 128)
}

/// The ends of a quoted packet, of which eight bytes behind the IP header are enough (RFC 792).
fn quoted(bytes: &[u8]) -> Option<Quoted> {
    let (ip, _) = LaxIpSlice::from_slice(bytes).ok()?;
    let (source, destination) = match &ip {
        LaxIpSlice::Ipv4(ip) => (IpAddr::V4(ip.header().source_addr()), IpAddr::V4(ip.header().destination_addr())),
        LaxIpSlice::Ipv6(ip) => (IpAddr::V6(ip.header().source_addr()), IpAddr::V6(ip.header().destination_addr())),
    };
    let carried = ip.payload();
    let (from, to) = if matches!(carried.ip_number, ip_number::TCP | ip_number::UDP) {
        (word(carried.payload, 0)?, word(carried.payload, 2)?)
    } else {
        (0, 0)
    };
    Some(Quoted {
        protocol: carried.ip_number.0,
        source: SocketAddr::new(source, from),
        destination: SocketAddr::new(destination, to),
    })
}
