//! What our packets carry beside their bytes, so that they read back as the records that they were made of. Must never hold what the
//! packet itself says already.
//!
//! ```text
//!  0       enterprise number 32473, in the section's byte order
//!  4       "sockscope"
//! 13  u8   0 made up, 1 a piece that the next packet continues, 2 a whole record or its last piece
//! 14  u8   0 received, 1 sent by the user, 2 by a repetition, 3 by an automatic answer
//! 15  u8   1 when the next four bytes are the number of a connection, 0 for datagrams
//! 16  u32  the connection
//! 20  u64  the record's number
//! 28       nothing, or the peer where the packet's addresses do not say it: IPv6 address, u16 port, u32 flow, u32 zone
//! ```
//!
//! Numbers are little-endian whatever the section is, so that a tool that copies them need not know them.

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
/// The length of a mark with one.
pub const LONGEST: usize = SHORT + 26;

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
    /// The peer, where the packet does not say it: an address with a zone, or IPv4 written as IPv6.
    pub peer: Option<SocketAddrV6>,
}

impl Mark {
    /// The mark of a packet to or from a peer.
    pub fn new(part: Part, record: RecordId, peer: Peer, origin: Option<Origin>) -> Self {
        let special = match peer.address.ip() {
            Some(SocketAddr::V6(v6)) if v6.scope_id() != 0 || v6.flowinfo() != 0 || v6.ip().to_canonical().is_ipv4() => Some(v6),
            _ => None,
        };
        Self { part, origin, connection: peer.connection, record, peer: special }
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
        bytes[..3].copy_from_slice(&[part, origin, self.connection.is_some().into()]);
        bytes[3..7].copy_from_slice(&self.connection.map_or(0, |id| id.0).to_le_bytes());
        bytes[7..15].copy_from_slice(&self.record.0.to_le_bytes());
        let Some(peer) = self.peer else { return (bytes, SHORT) };
        bytes[15..31].copy_from_slice(&peer.ip().octets());
        bytes[31..33].copy_from_slice(&peer.port().to_le_bytes());
        bytes[33..37].copy_from_slice(&peer.flowinfo().to_le_bytes());
        bytes[37..41].copy_from_slice(&peer.scope_id().to_le_bytes());
        (bytes, LONGEST)
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
        let connection = (connected == 1).then_some(ConnectionId(u32::from_le_bytes(*connection)));
        Some(Self { part, origin, connection, record: RecordId(u64::from_le_bytes(*record)), peer: decode_peer(rest) })
    }
}

fn decode_peer(bytes: &[u8]) -> Option<SocketAddrV6> {
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
                    let mark = Mark::new(part, RecordId(1 << 40), peer, origin);
                    assert_eq!(mark.peer.is_some(), peer.address != plain);
                    let (bytes, length) = mark.encode();
                    assert_eq!(Mark::decode(&bytes[..length]), Some(mark));
                    assert_eq!(Mark::decode(&bytes[..SHORT - 1]), None);
                }
            }
        }
    }
}
