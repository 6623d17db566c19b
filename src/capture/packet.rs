//! A packet as it was seen on an interface: its headers as fields, and its bytes. Must never follow a stream (`follow` does) and never
//! guess: what a header does not say is `None`.

use crate::session::timestamp::Timestamp;
use std::fmt;
use std::net::SocketAddr;
use std::ops::Range;

mod read;

#[cfg(test)]
mod tests;

/// One IP packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// When the system took it in or sent it out.
    pub at: Timestamp,
    /// The sender; port 0 where the packet has none.
    pub source: SocketAddr,
    /// The receiver; port 0 where the packet has none.
    pub destination: SocketAddr,
    /// Time to live, or IPv6's hop limit.
    pub hops: u8,
    /// IPv4's identification (RFC 791); IPv6 has one in fragments alone.
    pub identification: Option<u16>,
    /// Whether it is the first fragment of a larger packet. Later fragments have no ports and are not packets here.
    pub fragment: Fragment,
    /// What it carries.
    pub body: Body,
    /// Its bytes from the IP header on, as many as were captured.
    pub bytes: Box<[u8]>,
    /// Its length on the wire, in bytes from the IP header on.
    pub length: usize,
    /// Where the payload of TCP, UDP or ICMP stands in `bytes`.
    payload: Range<usize>,
}

/// Whether a packet is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fragment {
    /// It is.
    Whole,
    /// More fragments follow.
    First,
}

/// What an IP packet carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A segment (RFC 9293 section 3.1).
    Tcp(Segment),
    /// A datagram (RFC 768).
    Udp(Datagram),
    /// A report about another packet (RFC 792, RFC 4443).
    Icmp(Report),
}

/// TCP's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The number of its first byte, or of its SYN.
    pub sequence: u32,
    /// The number of the byte that the sender waits for; only with ACK.
    pub acknowledgment: Option<u32>,
    /// SYN, ACK and the like.
    pub flags: Flags,
    /// The window field as it stands there, not yet scaled.
    pub window: u16,
    /// The checksum as it stands there. On loopback, and where the card computes it, it is not the final one.
    pub checksum: u16,
    /// What stands behind the fixed part.
    pub options: Vec<TcpOption>,
    /// Bytes of data.
    pub length: usize,
}

/// The eight flags of a TCP header, as its byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u8);

/// An option of a TCP header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TcpOption {
    /// The largest segment that its sender takes (RFC 9293 section 3.2).
    Mss(u16),
    /// By how many bits the window is shifted (RFC 7323 section 2).
    WindowScale(u8),
    /// Selective acknowledgements are understood (RFC 2018).
    SackPermitted,
    /// Ranges that arrived beyond a hole (RFC 2018): from, to.
    Sack(Vec<(u32, u32)>),
    /// The sender's clock, and the peer's as last seen (RFC 7323 section 3).
    Timestamps(u32, u32),
    /// Another one: its kind and its content.
    Other(u8, Vec<u8>),
}

/// UDP's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// The length field: header and data.
    pub field: u16,
    /// The checksum as it stands there; 0 is none.
    pub checksum: u16,
    /// Bytes of data.
    pub length: usize,
}

/// An ICMP message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its type.
    pub kind: u8,
    /// Its code.
    pub code: u8,
    /// What it says, where this program has words for it.
    pub says: Says,
    /// The packet that it is about.
    pub about: Option<Quoted>,
}

/// What an ICMP message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// No socket has that port.
    PortUnreachable,
    /// The host can't be reached.
    HostUnreachable,
    /// No way to the network.
    NetworkUnreachable,
    /// The protocol is not known there.
    ProtocolUnreachable,
    /// It is too large and must not be fragmented; the largest that goes, where it is told.
    TooLarge(Option<u32>),
    /// A filter forbids it.
    Prohibited,
    /// It travelled through too many routers.
    TimeExceeded,
    /// Something else.
    Other,
}

/// What an ICMP message quotes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// Its IP protocol number.
    pub protocol: u8,
    /// Its sender.
    pub source: SocketAddr,
    /// Its receiver.
    pub destination: SocketAddr,
}

impl Flags {
    /// No more data from the sender.
    pub const FIN: u8 = 0x01;
    /// Sequence numbers begin.
    pub const SYN: u8 = 0x02;
    /// The connection is over.
    pub const RST: u8 = 0x04;
    /// Hand the data over now.
    pub const PSH: u8 = 0x08;
    /// The acknowledgement number counts.
    pub const ACK: u8 = 0x10;
    /// The urgent pointer counts.
    pub const URG: u8 = 0x20;
    /// Congestion was seen (RFC 3168).
    pub const ECE: u8 = 0x40;
    /// The congestion window was reduced (RFC 3168).
    pub const CWR: u8 = 0x80;

    /// Whether all flags of a mask are set.
    pub fn has(self, mask: u8) -> bool {
        self.0 & mask == mask
    }

    /// `SYN, ACK`: the set flags in the order in which they are usually said.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        const ORDER: [(u8, &str); 8] = [
            (Flags::SYN, "SYN"),
            (Flags::FIN, "FIN"),
            (Flags::RST, "RST"),
            (Flags::PSH, "PSH"),
            (Flags::ACK, "ACK"),
            (Flags::URG, "URG"),
            (Flags::ECE, "ECE"),
            (Flags::CWR, "CWR"),
        ];
        ORDER.into_iter().filter(move |(flag, _)| self.has(*flag)).map(|(_, word)| word)
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = self.words();
        words.next().map_or(Ok(()), |first| f.write_str(first))?;
        words.try_for_each(|word| write!(f, ", {word}"))
    }
}

impl fmt::Display for TcpOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mss(bytes) => write!(f, "MSS={bytes}"),
            Self::WindowScale(bits) => write!(f, "WS={bits} (×{})", 1u32 << (*bits).min(14)),
            Self::SackPermitted => f.write_str("SACK_PERM"),
            Self::Sack(ranges) => {
                f.write_str("SACK=")?;
                let mut first = true;
                for (from, to) in ranges {
                    write!(f, "{}{from}-{to}", if first { "" } else { ", " })?;
                    first = false;
                }
                Ok(())
            }
            Self::Timestamps(own, echoed) => write!(f, "TSval={own} TSecr={echoed}"),
            Self::Other(kind, content) => write!(f, "option {kind} ({} B)", content.len()),
        }
    }
}

impl Segment {
    /// How far the sequence numbers go with it: its data, and one each for SYN and FIN.
    pub fn span(&self) -> u32 {
        let marks = u32::from(self.flags.has(Flags::SYN)) + u32::from(self.flags.has(Flags::FIN));
        (self.length as u32).wrapping_add(marks)
    }

    /// By how many bits its sender's windows will be shifted, where it says so; at most 14 (RFC 7323 section 2.3).
    pub fn window_scale(&self) -> Option<u8> {
        self.options
            .iter()
            .find_map(|option| if let TcpOption::WindowScale(bits) = option { Some((*bits).min(14)) } else { None })
    }
}

impl Packet {
    /// The data that it carries, as much as was captured.
    pub fn payload(&self) -> &[u8] {
        self.bytes.get(self.payload.clone()).unwrap_or_default()
    }

    /// Where that stands in its bytes.
    pub fn payload_range(&self) -> Range<usize> {
        self.payload.clone()
    }

    /// Its TCP header, if it is a segment.
    pub fn segment(&self) -> Option<&Segment> {
        if let Body::Tcp(segment) = &self.body { Some(segment) } else { None }
    }
}
