//! What our packets carry beside their bytes, so that they read back as the records that they were made of. Must never hold what the
//! packet itself says already.
//!
//! ```text
//!  0       enterprise number 32473, in the section's byte order
//!  4       "sockscope"
//! 13  u8   0 made up, 1 a piece that the next packet continues, 2 a whole record or its last piece
//! 14  u8   0 received, 1 sent by the user, 2 by a repetition, 3 by an automatic answer
//! 15  u8   1 when the next four bytes are the number of a connection, 0 for datagrams; 2 more between Unix-domain sockets
//! 16  u32  the connection
//! 20  u64  the record's number
//! 28       nothing, or the peer where the packet's addresses do not say it: IPv6 address, u16 port, u32 flow, u32 zone.
//!          Between Unix-domain sockets the places of the peer and, where it is known, of this end: for each a u8 length, and so many bytes
//!          of `sun_path`; an empty one is a socket without a name, and its number follows (u32)
//! ```
//!
//! Numbers are little-endian whatever the section is, so that a tool that copies them need not know them.

use crate::session::address::{Address, UnixPath};
use crate::session::event::Origin;
use crate::session::id::{ConnectionId, Peer};
use crate::traffic::record::RecordId;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};

/// RFC 5612: the private enterprise number for examples in documents.
pub const PEN: u32 = 32473;
/// What tells ours from other people's examples.
pub const MAGIC: &[u8] = b"sockscope";

/// The length of a mark without a peer.
const SHORT: usize = 15;
/// The length of one with a peer that has an IP address.
const WITH_IP: usize = SHORT + 26;
/// The length of one with two places of Unix-domain sockets, each at most 107 bytes and its length.
pub const LONGEST: usize = SHORT + 2 * 108;
/// Added where it is about Unix-domain sockets.
const UNIX: u8 = 2;

/// Where the ends are, as far as the packet does not say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// The packet says it.
    InPacket,
    /// The peer: an address with a zone, or IPv4 written as IPv6.
    Ip(SocketAddrV6),
    /// Unix-domain sockets, which have no packets: those are made up, addresses and all.
    Unix {
        /// The peer.
        peer: UnixPath,
        /// This end, where it is known.
        local: Option<UnixPath>,
    },
}

/// Which part of a record a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// None: a handshake, an acknowledgement, an end.
    MadeUp,
    /// The next packet continues it.
    More,
    /// The whole, or the last piece.
    Last,
}

/// What stands beside a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Which part of a record it is.
    pub part: Part,
    /// Who asked for the send; `None` for what was received.
    pub origin: Option<Origin>,
    /// The connection; `None` for datagrams.
    pub connection: Option<ConnectionId>,
    /// The record's number.
    pub record: RecordId,
    /// Where the ends are.
    pub ends: Ends,
}

impl Mark {
    /// The mark of a packet to or from a peer; `local` is this end, where it is known.
    pub fn new(part: Part, record: RecordId, peer: Peer, local: Option<Address>, origin: Option<Origin>) -> Self {
        let is_special = |v6: &SocketAddrV6| v6.scope_id() != 0 || v6.flowinfo() != 0 || v6.ip().to_canonical().is_ipv4();
        let ends = match peer.address {
            Address::Ip(SocketAddr::V6(v6)) if is_special(&v6) => Ends::Ip(v6),
            Address::Ip(_) => Ends::InPacket,
            Address::Unix(peer) => {
                let local = match local {
                    Some(Address::Unix(local)) => Some(local),
                    Some(Address::Ip(_)) | None => None,
                };
                Ends::Unix { peer, local }
            }
        };
        Self { part, origin, connection: peer.connection, record, ends }
    }

    /// Its bytes and how many of them there are; without number and magic.
    pub fn encode(&self) -> ([u8; LONGEST], usize) {
        let mut bytes = [0; LONGEST];
        let part = match self.part {
            Part::MadeUp => 0,
            Part::More => 1,
            Part::Last => 2,
        };
        let origin = match self.origin {
            None => 0,
            Some(Origin::User) => 1,
            Some(Origin::Repeat) => 2,
            Some(Origin::Reply) => 3,
            Some(Origin::Relayed) => 4,
        };
        let unix = if matches!(self.ends, Ends::Unix { .. }) { UNIX } else { 0 };
        bytes[..3].copy_from_slice(&[part, origin, u8::from(self.connection.is_some()) + unix]);
        bytes[3..7].copy_from_slice(&self.connection.map_or(0, |id| id.0).to_le_bytes());
        bytes[7..15].copy_from_slice(&self.record.0.to_le_bytes());
        match self.ends {
            Ends::InPacket => (bytes, SHORT),
            Ends::Ip(peer) => {
                bytes[15..31].copy_from_slice(&peer.ip().octets());
                bytes[31..33].copy_from_slice(&peer.port().to_le_bytes());
                bytes[33..37].copy_from_slice(&peer.flowinfo().to_le_bytes());
                bytes[37..41].copy_from_slice(&peer.scope_id().to_le_bytes());
                (bytes, WITH_IP)
            }
            Ends::Unix { peer, local } => {
                let mut end = SHORT;
                for place in [Some(peer), local].into_iter().flatten() {
                    end = encode_place(place, &mut bytes, end);
                }
                (bytes, end)
            }
        }
    }

    /// Reads what follows the magic; `None` where it is no mark of ours, or one of a later version.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (kinds, rest) = bytes.split_first_chunk::<3>()?;
        let (connection, rest) = rest.split_first_chunk::<4>()?;
        let (record, rest) = rest.split_first_chunk::<8>()?;
        let [part, origin, connected] = *kinds;
        let part = match part {
            0 => Part::MadeUp,
            1 => Part::More,
            2 => Part::Last,
            _ => return None,
        };
        let origin = match origin {
            0 => None,
            1 => Some(Origin::User),
            2 => Some(Origin::Repeat),
            3 => Some(Origin::Reply),
            4 => Some(Origin::Relayed),
            _ => return None,
        };
        if connected > 1 + UNIX {
            return None;
        }
        let ends = if connected & UNIX == 0 {
            decode_ip(rest).map_or(Ends::InPacket, Ends::Ip)
        } else {
            let (peer, rest) = decode_place(rest)?;
            Ends::Unix { peer, local: decode_place(rest).map(|(local, _)| local) }
        };
        let connection = (connected & 1 == 1).then_some(ConnectionId(u32::from_le_bytes(*connection)));
        Some(Self { part, origin, connection, record: RecordId(u64::from_le_bytes(*record)), ends })
    }
}

/// Writes a place at `start`; gives back where it ends.
fn encode_place(place: UnixPath, bytes: &mut [u8; LONGEST], start: usize) -> usize {
    let number = place.number().to_le_bytes();
    let content = if place.is_unnamed() { number.as_slice() } else { place.as_bytes() };
    bytes[start] = u8::try_from(place.as_bytes().len()).unwrap_or(0);
    let end = start + 1 + content.len();
    bytes[start + 1..end].copy_from_slice(content);
    end
}

/// A place and what follows it.
fn decode_place(bytes: &[u8]) -> Option<(UnixPath, &[u8])> {
    let (length, rest) = bytes.split_first()?;
    if *length == 0 {
        let (number, rest) = rest.split_first_chunk::<4>()?;
        return Some((UnixPath::numbered(u32::from_le_bytes(*number)), rest));
    }
    let (path, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((UnixPath::from_bytes(path).ok()?, rest))
}

fn decode_ip(bytes: &[u8]) -> Option<SocketAddrV6> {
    let (ip, rest) = bytes.split_first_chunk::<16>()?;
    let (port, rest) = rest.split_first_chunk::<2>()?;
    let (flow, rest) = rest.split_first_chunk::<4>()?;
    let (zone, _) = rest.split_first_chunk::<4>()?;
    let (flow, zone) = (u32::from_le_bytes(*flow), u32::from_le_bytes(*zone));
    Some(SocketAddrV6::new(Ipv6Addr::from(*ip), u16::from_le_bytes(*port), flow, zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_reads_back() {
        let plain: SocketAddr = "127.0.0.1:9".parse().unwrap();
        let zoned = SocketAddr::V6(SocketAddrV6::new("fe80::1".parse().unwrap(), 7, 1, 2));
        let mapped: SocketAddr = "[::ffff:10.0.0.1]:9".parse().unwrap();
        for part in [Part::MadeUp, Part::More, Part::Last] {
            for origin in [None, Some(Origin::User), Some(Origin::Repeat), Some(Origin::Reply)] {
                for peer in [
                    Peer::datagram(plain.into()),
                    Peer::connected(ConnectionId(u32::MAX), zoned.into()),
                    Peer::datagram(mapped.into()),
                ] {
                    let mark = Mark::new(part, RecordId(1 << 40), peer, Some(plain.into()), origin);
                    assert_eq!(mark.ends == Ends::InPacket, peer.address == plain);
                    let (bytes, length) = mark.encode();
                    assert_eq!(Mark::decode(&bytes[..length]), Some(mark));
                    assert_eq!(Mark::decode(&bytes[..SHORT - 1]), None);
                }
            }
        }
    }

    #[test]
    fn places_of_unix_domain_sockets_read_back() {
        let place = |text: &str| UnixPath::shown(text).unwrap();
        let longest = UnixPath::from_bytes(&[b'/'; 107]).unwrap();
        for peer in [place("/tmp/x.sock"), place("@name"), place(""), place("#70000"), longest] {
            for local in [None, Some(place("")), Some(place("/tmp/y")), Some(longest)] {
                for peer in [Peer::datagram(peer.into()), Peer::connected(ConnectionId(7), peer.into())] {
                    let mark = Mark::new(Part::Last, RecordId(3), peer, local.map(Address::Unix), None);
                    let (bytes, length) = mark.encode();
                    assert_eq!(Mark::decode(&bytes[..length]), Some(mark));
                    for cut in SHORT..length {
                        assert_ne!(Mark::decode(&bytes[..cut]), Some(mark), "cut at {cut}");
                    }
                }
            }
        }
    }
}
