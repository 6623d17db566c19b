//! One record as bytes on disk: a header of fixed size, then the payload (a note is JSON). Pure: no files.
//! Must never trust what it reads: a cut or damaged entry is told from a whole one.
//!
//! | at | size | what (little-endian) |
//! | --- | --- | --- |
//! | 0 | 4 | bytes of the whole entry |
//! | 4 | 4 | CRC-32 of everything after this field |
//! | 8 | 8 | time, microseconds since 1970 |
//! | 16 | 1 | kind: 0 received, 1 sent, 2 sent by a repetition, 3 sent as an answer, 4 note, 5 sent by a relay; 0x80 added: with a connection |
//! | 17 | 1 | address family: 0 none, 1 a Unix-domain place, whose bytes stand before the payload; 4, 6 |
//! | 18 | 2 | port; of a Unix-domain place how many bytes it has |
//! | 20 | 4 | connection |
//! | 24 | 4 | IPv6 scope; of a Unix-domain socket without a name its number |
//! | 28 | 4 | 0 |
//! | 32 | 16 | address |
//! | 48 | 8 | bytes of the stream before this record |
//! | 56 | 8 | the record before it in its stream; all ones for none |

use crate::session::address::{Address, UnixPath};
use crate::session::event::{Origin, What};
use crate::session::id::{ConnectionId, Peer};
use crate::session::timestamp::Timestamp;
use crate::traffic::record::{Data, Direction, Entry, Record, RecordId};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// Bytes of a header.
pub const HEADER: usize = 64;
/// The largest payload that a reader believes in: four times the largest message that can be sent.
const LARGEST: usize = 64 << 20;
/// The longest stream that a reader believes in: 34 years at 1 GB/s.
const LONGEST: u64 = 1 << 60;
const WITH_CONNECTION: u8 = 0x80;
const NOTE: u8 = 4;
/// The family of Unix-domain sockets, as the system numbers it.
const UNIX: u8 = 1;
const NO_RECORD: u64 = u64::MAX;

/// What stands before a record's own bytes; of a note it is all.
pub struct Encoded {
    /// The header.
    pub header: [u8; HEADER],
    /// The peer's place, if that is one of a Unix-domain socket; or the note.
    pub front: Vec<u8>,
}

/// A record's header and what follows it before the record's own bytes.
pub fn encode(record: &Record) -> Encoded {
    let mut header = [0; HEADER];
    header[8..16].copy_from_slice(&record.at.0.to_le_bytes());
    header[56..].copy_from_slice(&NO_RECORD.to_le_bytes());
    let front = match &record.entry {
        Entry::Data(data) => {
            write_data(&mut header, data);
            match data.peer.address {
                Address::Unix(place) => place.as_bytes().to_vec(),
                Address::Ip(_) => Vec::new(),
            }
        }
        Entry::Note(what) => {
            header[16] = NOTE;
            // Only a map with keys that are no words could fail, and there is none.
            serde_json::to_vec(what).unwrap_or_default()
        }
    };
    let payload: &[u8] = record.data().map_or(&[], |data| &data.bytes);
    let size = u32::try_from(HEADER + front.len() + payload.len()).unwrap_or(u32::MAX);
    header[..4].copy_from_slice(&size.to_le_bytes());
    let checksum = checksum(&header, &[&front, payload]);
    header[4..8].copy_from_slice(&checksum.to_le_bytes());
    Encoded { header, front }
}

fn write_data(header: &mut [u8; HEADER], data: &Data) {
    header[16] = match data.origin {
        None => 0,
        Some(Origin::User) => 1,
        Some(Origin::Repeat) => 2,
        Some(Origin::Reply) => 3,
        Some(Origin::Relayed) => 5,
    };
    // Direction and origin say the same twice: what is sent has one.
    if data.direction == Direction::Sent && data.origin.is_none() {
        header[16] = 1;
    }
    if let Some(ConnectionId(connection)) = data.peer.connection {
        header[16] |= WITH_CONNECTION;
        header[20..24].copy_from_slice(&connection.to_le_bytes());
    }
    match data.peer.address {
        Address::Unix(place) => {
            header[17] = UNIX;
            header[18..20].copy_from_slice(&u16::try_from(place.as_bytes().len()).unwrap_or(0).to_le_bytes());
            header[24..28].copy_from_slice(&place.number().to_le_bytes());
        }
        Address::Ip(SocketAddr::V4(address)) => {
            header[17] = 4;
            header[18..20].copy_from_slice(&address.port().to_le_bytes());
            header[32..36].copy_from_slice(&address.ip().octets());
        }
        Address::Ip(SocketAddr::V6(address)) => {
            header[17] = 6;
            header[18..20].copy_from_slice(&address.port().to_le_bytes());
            header[24..28].copy_from_slice(&address.scope_id().to_le_bytes());
            header[32..48].copy_from_slice(&address.ip().octets());
        }
    }
    header[48..56].copy_from_slice(&data.offset.to_le_bytes());
    let previous = data.previous.map_or(NO_RECORD, |id| id.0);
    header[56..].copy_from_slice(&previous.to_le_bytes());
}

fn checksum(header: &[u8; HEADER], rest: &[&[u8]]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&header[8..]);
    rest.iter().for_each(|part| hasher.update(part));
    hasher.finalize()
}

/// An entry where it was read, nothing copied.
pub struct Raw<'a> {
    header: &'a [u8; HEADER],
    payload: &'a [u8],
}

/// What stands at the beginning of some bytes.
pub enum Parsed<'a> {
    /// An entry of this many bytes.
    Whole(Raw<'a>, usize),
    /// An entry that goes on after the end of the bytes.
    Cut,
    /// No entry.
    Damaged,
}

/// How much of an entry is believed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Written by this process: the header's length is right.
    Own,
    /// Found on disk: the checksum decides.
    Found,
}

/// Reads the entry at the beginning of `bytes`.
pub fn parse(bytes: &[u8], trust: Trust) -> Parsed<'_> {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() else { return Parsed::Cut };
    let size = u32_at(header, 0) as usize;
    if !(HEADER..=HEADER + LARGEST).contains(&size) {
        return Parsed::Damaged;
    }
    let Some(payload) = rest.get(..size - HEADER) else { return Parsed::Cut };
    if trust == Trust::Found && checksum(header, &[payload]) != u32_at(header, 4) {
        return Parsed::Damaged;
    }
    Parsed::Whole(Raw { header, payload }, size)
}

fn u32_at(header: &[u8; HEADER], at: usize) -> u32 {
    u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
}

fn u64_at(header: &[u8; HEADER], at: usize) -> u64 {
    u64::from(u32_at(header, at)) | u64::from(u32_at(header, at + 4)) << 32
}

impl Raw<'_> {
    /// Payload bytes of data; 0 for a note.
    pub fn data_len(&self) -> u64 {
        if self.is_note() { 0 } else { self.payload.len().saturating_sub(self.place_len()) as u64 }
    }

    /// Bytes of the whole entry.
    pub fn size(&self) -> u64 {
        (HEADER + self.payload.len()) as u64
    }

    /// How many bytes of the payload are the peer's place.
    fn place_len(&self) -> usize {
        if self.header[17] == UNIX { usize::from(self.port()) } else { 0 }
    }

    fn port(&self) -> u16 {
        u16::from_le_bytes([self.header[18], self.header[19]])
    }

    fn is_note(&self) -> bool {
        self.header[16] & !WITH_CONNECTION == NOTE
    }

    /// The record; `None` for one that a newer program wrote and this one does not know.
    pub fn record(&self) -> Option<Record> {
        let at = Timestamp(i64::from_le_bytes(u64_at(self.header, 8).to_le_bytes()));
        let entry = if self.is_note() {
            Entry::Note(Box::new(serde_json::from_slice::<What>(self.payload).ok()?))
        } else {
            Entry::Data(self.data()?)
        };
        Some(Record { at, entry })
    }

    fn data(&self) -> Option<Data> {
        let origin = match self.header[16] & !WITH_CONNECTION {
            0 => None,
            1 => Some(Origin::User),
            2 => Some(Origin::Repeat),
            3 => Some(Origin::Reply),
            5 => Some(Origin::Relayed),
            _ => return None,
        };
        let direction = if origin.is_none() { Direction::Received } else { Direction::Sent };
        let connection = (self.header[16] & WITH_CONNECTION != 0).then(|| ConnectionId(u32_at(self.header, 20)));
        let previous = u64_at(self.header, 56);
        let offset = u64_at(self.header, 48);
        // No stream is that long; whoever adds to this need not think of what a file may claim.
        if offset >= LONGEST {
            return None;
        }
        Some(Data {
            direction,
            peer: Peer { address: self.address()?, connection },
            bytes: self.payload.get(self.place_len()..)?.into(),
            origin,
            previous: (previous != NO_RECORD).then_some(RecordId(previous)),
            offset,
        })
    }

    fn address(&self) -> Option<Address> {
        let port = self.port();
        let address = match self.header[17] {
            UNIX => {
                return match self.place_len() {
                    0 => Some(UnixPath::numbered(u32_at(self.header, 24)).into()),
                    length => UnixPath::from_bytes(self.payload.get(..length)?).ok().map(Address::Unix),
                };
            }
            4 => {
                let octets: [u8; 4] = self.header[32..36].try_into().ok()?;
                SocketAddr::new(IpAddr::V4(Ipv4Addr::from(octets)), port)
            }
            6 => {
                let octets: [u8; 16] = self.header[32..48].try_into().ok()?;
                SocketAddr::V6(SocketAddrV6::new(Ipv6Addr::from(octets), port, 0, u32_at(self.header, 24)))
            }
            _ => return None,
        };
        Some(address.into())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::session::event::{EndedBy, Ending, Place};
    use proptest::prelude::*;

    /// Any record that can be.
    pub(in crate::store) fn any_record() -> impl Strategy<Value = Record> {
        let place = proptest::collection::vec(any::<u8>(), 0..108).prop_map(|bytes| UnixPath::from_bytes(&bytes).unwrap());
        let address = prop_oneof![
            any::<([u8; 4], u16)>().prop_map(|(ip, port)| SocketAddr::from((ip, port)).into()),
            any::<([u8; 16], u16, u32)>()
                .prop_map(|(ip, port, scope)| Address::Ip(SocketAddrV6::new(ip.into(), port, 0, scope).into())),
            place.prop_map(Address::Unix),
            any::<u32>().prop_map(|number| UnixPath::numbered(number).into()),
        ];
        let origin = prop_oneof![
            Just(None),
            Just(Some(Origin::User)),
            Just(Some(Origin::Repeat)),
            Just(Some(Origin::Reply)),
            Just(Some(Origin::Relayed))
        ];
        let bytes =
            prop_oneof![proptest::collection::vec(any::<u8>(), 0..40), proptest::collection::vec(any::<u8>(), 3000..5000)];
        let data = (address, proptest::option::of(any::<u32>()), origin, bytes, 0..LONGEST, proptest::option::of(0u64..u64::MAX));
        let data = data.prop_map(|(address, connection, origin, bytes, offset, previous)| {
            let direction = if origin.is_some() { Direction::Sent } else { Direction::Received };
            let peer = Peer { address, connection: connection.map(ConnectionId) };
            Entry::Data(Data { direction, peer, bytes: bytes.into(), origin, previous: previous.map(RecordId), offset })
        });
        let peer = Peer::connected(ConnectionId(7), "[fe80::1%3]:9".parse().unwrap_or_else(|_| "[fe80::1]:9".parse().unwrap()));
        let note = prop_oneof![
            any::<u64>().prop_map(|datagrams| What::Gap { datagrams, bytes: None, place: Place::Kernel }),
            any::<(u64, u64)>()
                .prop_map(|(received, sent)| What::Closed { ending: Ending { by: EndedBy::PeerReset, received, sent } }),
            Just(What::PeerFinished { peer }),
        ];
        let entry = prop_oneof![4 => data, 1 => note.prop_map(|what| Entry::Note(Box::new(what)))];
        (any::<i64>(), entry).prop_map(|(at, entry)| Record { at: Timestamp(at), entry })
    }

    pub(in crate::store) fn same(one: &Record, other: &Record) -> bool {
        format!("{one:?}") == format!("{other:?}")
    }

    pub(in crate::store) fn bytes_of(record: &Record) -> Vec<u8> {
        let Encoded { header, front } = encode(record);
        [&header[..], &front, record.data().map_or(&[], |data| &data.bytes)].concat()
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(record in any_record(), behind in proptest::collection::vec(any::<u8>(), 0..10)) {
            let mut bytes = bytes_of(&record);
            let length = bytes.len();
            bytes.extend(behind);
            match parse(&bytes, Trust::Found) {
                Parsed::Whole(raw, size) => {
                    prop_assert_eq!(size, length);
                    prop_assert!(same(&raw.record().unwrap(), &record));
                }
                _ => prop_assert!(false),
            }
        }

        #[test]
        fn cut_or_changed_is_noticed(record in any_record(), place in any::<prop::sample::Index>(), bit in 0u8..8) {
            let mut bytes = bytes_of(&record);
            let place = place.index(bytes.len());
            prop_assert!(matches!(parse(&bytes[..place], Trust::Found), Parsed::Cut));
            bytes[place] ^= 1 << bit;
            prop_assert!(!matches!(parse(&bytes, Trust::Found), Parsed::Whole(..)));
        }

        #[test]
        fn anything_can_be_parsed(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for trust in [Trust::Own, Trust::Found] {
                if let Parsed::Whole(raw, _) = parse(&bytes, trust) {
                    raw.record();
                }
            }
        }
    }
}
