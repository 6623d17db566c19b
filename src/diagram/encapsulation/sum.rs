//! The Internet checksum, worked out as one would on paper (RFC 1071): the 16-bit words, their sum, the carries folded in, the complement.
//! Must never say what the field on the wire holds: a card may fill it in later.

use super::fields::Kind;
use std::net::IpAddr;

/// Words of a message that are listed; all of them are added.
const LISTED: usize = 48;

/// Whose checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Whose {
    /// The header of IPv4.
    Ipv4,
    /// The UDP datagram.
    Udp,
    /// The TCP segment.
    Tcp,
}

/// What some words of it are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    /// The pseudo-header's source address.
    Source,
    /// The pseudo-header's destination address.
    Destination,
    /// The pseudo-header's zeros and protocol.
    Protocol,
    /// The pseudo-header's length.
    Length,
    /// Fields of the header itself; the checksum is 0 while it is worked out.
    Fields(Vec<Kind>),
    /// The message. An odd last byte has a zero after it.
    Payload,
}

/// Some words and their sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What they are.
    pub of: Of,
    /// They; of a long message the first.
    pub words: Vec<u16>,
    /// How many there are.
    pub count: usize,
    /// What they add up to.
    pub sum: u32,
}

/// A checksum and how it comes about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// Whose.
    pub whose: Whose,
    /// All that is added.
    pub parts: Vec<Part>,
    /// What it adds up to.
    pub total: u32,
    /// The sum each time that its upper 16 bits were added to its lower ones; the last has none above.
    pub folded: Vec<u32>,
    /// The complement of that.
    pub complement: u16,
    /// What is sent: in UDP a 0 would say that there is none, so it is sent as `FFFF` (RFC 768).
    pub result: u16,
}

impl Part {
    /// Words of bytes, the first ones listed.
    pub fn new(of: Of, bytes: &[u8]) -> Self {
        let words = || bytes.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]));
        Self { of, words: words().take(LISTED).collect(), count: bytes.len().div_ceil(2), sum: words().map(u32::from).sum() }
    }
}

impl Sum {
    /// Adds parts up. At most 65,535 bytes and a pseudo-header: the total fits.
    pub fn new(whose: Whose, parts: Vec<Part>) -> Self {
        let total: u32 = parts.iter().map(|part| part.sum).sum();
        let mut folded = Vec::new();
        let mut sum = total;
        while sum > 0xFFFF {
            sum = (sum >> 16) + (sum & 0xFFFF);
            folded.push(sum);
        }
        let complement = !(sum as u16);
        let result = if whose == Whose::Udp && complement == 0 { 0xFFFF } else { complement };
        Self { whose, parts, total, folded, complement, result }
    }

    /// The sum with nothing above its lower 16 bits.
    pub fn sum(&self) -> u16 {
        !self.complement
    }
}

/// The pseudo-header of UDP and TCP: over IPv4 (RFC 768, RFC 9293) or IPv6 (RFC 8200).
pub fn pseudo_header(source: IpAddr, destination: IpAddr, protocol: u8, length: usize) -> Vec<Part> {
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => vec![
            Part::new(Of::Source, &source.octets()),
            Part::new(Of::Destination, &destination.octets()),
            Part::new(Of::Protocol, &[0, protocol]),
            // Fragments included, no datagram is longer than 16 bits say.
            Part::new(Of::Length, &(length as u16).to_be_bytes()),
        ],
        (source, destination) => {
            let octets = |ip: IpAddr| match ip {
                IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
                IpAddr::V6(ip) => ip.octets(),
            };
            vec![
                Part::new(Of::Source, &octets(source)),
                Part::new(Of::Destination, &octets(destination)),
                Part::new(Of::Length, &(length as u32).to_be_bytes()),
                Part::new(Of::Protocol, &[0, 0, 0, protocol]),
            ]
        }
    }
}
