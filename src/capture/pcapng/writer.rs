//! Records into pcapng, one after the other, into a vector. Each call appends whole blocks: a file that is cut anywhere is good up to
//! its last whole block. Must never wait, and never write to a file itself.

use super::block::{self, Beside, INBOUND, OUTBOUND};
use super::mark::{Mark, Part};
use super::packet::{self, LARGEST_DATAGRAM, LARGEST_SEGMENT, Route, local_for, on_the_wire, stand_in, stand_in_for};
use super::stream::Stream;
use crate::i18n::Language;
use crate::session::address::{Address, UnixPath};
use crate::session::event::{Dialled, EndedBy, What};
use crate::session::id::{ConnectionId, Peer};
use crate::session::timestamp::Timestamp;
use crate::traffic::record::{Data, Direction, Entry, Record, RecordId};
use etherparse::TcpHeader;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// A note as it stands in a Custom Block.
#[derive(Serialize, Deserialize)]
pub(super) struct Note<W> {
    /// When.
    pub at: Timestamp,
    /// What; borrowed to write, owned when read.
    pub what: W,
}

/// Writes the records of one session.
///
/// A recording from the session's start learns this end's addresses from the notes. One that starts later is told them with
/// [`Writer::bound`], [`Writer::knows`] and [`Writer::goes_on`] first.
#[derive(Default)]
pub struct Writer {
    local: Option<Address>,
    streams: BTreeMap<ConnectionId, Stream>,
    /// This end of a relay's datagrams, by their number.
    flows: BTreeMap<ConnectionId, SocketAddr>,
    /// Datagrams lost since the last packet.
    dropped: u64,
}

/// Where packets of one moment and record go.
struct Moment<'a> {
    at: Timestamp,
    id: RecordId,
    dropped: &'a mut u64,
    out: &'a mut Vec<u8>,
}

impl Writer {
    /// A writer that knows nothing of its session yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends what stands at a file's beginning.
    pub fn header(&self, out: &mut Vec<u8>) {
        let comment = [Language::Chinese.tr("capture.comment"), Language::English.tr("capture.comment")].join("\n");
        let application = concat!("sockscope ", env!("CARGO_PKG_VERSION"));
        block::header(application, &comment, out);
    }

    /// The session's own address: where it listens, is bound, or connected from.
    pub fn bound(&mut self, local: Address) {
        self.local = Some(local);
    }

    /// A connection that was there before the recording, and this end of it. One that is known changes nothing, nor do the peers of
    /// datagrams.
    pub fn knows(&mut self, peer: Peer, local: Address) {
        self.flows(peer, local);
        if let Some(id) = peer.stream() {
            self.streams.entry(id).or_insert_with(|| Stream::new(id, Some(stand_in(local)), stand_in_for(peer)));
        }
    }

    /// The same, of which so many bytes went each way before the recording.
    pub fn goes_on(&mut self, peer: Peer, local: Address, received: u64, sent: u64) {
        self.flows(peer, local);
        if let Some(id) = peer.stream() {
            self.streams.entry(id).or_insert_with(|| Stream::going_on(id, stand_in(local), stand_in_for(peer), received, sent));
        }
    }

    /// This end of a relay's datagrams; nothing for a connection.
    fn flows(&mut self, peer: Peer, local: Address) {
        if peer.stream().is_none() {
            self.flows.extend(peer.connection.map(|id| (id, stand_in(local))));
        }
    }

    /// Appends a record.
    pub fn record(&mut self, id: RecordId, record: &Record, out: &mut Vec<u8>) {
        match &record.entry {
            Entry::Data(data) => self.data(record.at, id, data, out),
            Entry::Note(what) => {
                note(record.at, what, out);
                self.happened(record.at, id, what, out);
            }
        }
    }

    fn data(&mut self, at: Timestamp, id: RecordId, data: &Data, out: &mut Vec<u8>) {
        let known = self.local;
        // Where nothing is known of this end, it is at least of the peer's kind.
        let local = known.or(data.peer.address.ip().is_none().then_some(Address::Unix(UnixPath::UNNAMED))).map(stand_in);
        let mut moment = Moment { at, id, dropped: &mut self.dropped, out };
        let Some(connection) = data.peer.stream() else {
            let peer = on_the_wire(stand_in_for(data.peer));
            let own = data.peer.connection.and_then(|id| self.flows.get(&id).copied());
            let local = local_for(own.or(local), peer);
            let route = match data.direction {
                Direction::Received => Route { source: peer, destination: local },
                Direction::Sent => Route { source: local, destination: peer },
            };
            // The system never hands over more than fits. A log that was read may: its record is then several packets.
            for (piece, part) in pieces(&data.bytes, LARGEST_DATAGRAM) {
                let mark = Mark::new(part, id, data.peer, known, data.origin);
                moment.packet(data.direction, &mark, |out| packet::udp(route, piece, out).is_ok());
            }
            return;
        };
        let stream = self.streams.entry(connection).or_insert_with(|| Stream::new(connection, local, stand_in_for(data.peer)));
        let route = stream.route(data.direction);
        let mut offset = data.offset;
        for (piece, part) in pieces(&data.bytes, LARGEST_SEGMENT) {
            let mut header = stream.data(data.direction, offset, piece.len());
            header.psh = part == Part::Last;
            offset += piece.len() as u64;
            let mark = Mark::new(part, id, data.peer, known, data.origin);
            moment.packet(data.direction, &mark, |out| packet::tcp(route, header, piece, out).is_ok());
        }
        if let Some(acknowledgement) = stream.acknowledge(data.direction) {
            moment.made_up(stream, data.peer, acknowledgement);
        }
    }

    /// The packets that the network will have sent when this happened, and what it tells of this end.
    fn happened(&mut self, at: Timestamp, id: RecordId, what: &What, out: &mut Vec<u8>) {
        let mut moment = Moment { at, id, dropped: &mut self.dropped, out };
        match what {
            What::Listening { local } | What::Bound { local, .. } => self.local = Some(*local),
            What::Connected { peer, local } => {
                self.local = Some(*local);
                begin(&mut self.streams, &mut moment, *peer, *local, Direction::Sent);
            }
            what if what.begun().is_some_and(|(peer, _)| peer.stream().is_none()) => {
                what.begun().into_iter().for_each(|(peer, local)| self.flows(peer, local));
            }
            What::PeerJoined { peer, local } => begin(&mut self.streams, &mut moment, *peer, *local, Direction::Received),
            What::Dialled(dialled) => {
                let Dialled { target, local, .. } = **dialled;
                begin(&mut self.streams, &mut moment, target, local, Direction::Sent);
            }
            What::PeerFinished { peer } => finish(&mut self.streams, &mut moment, *peer, Direction::Received),
            What::Finished { peer } => finish(&mut self.streams, &mut moment, *peer, Direction::Sent),
            What::PeerLeft { peer, ending } => {
                peer.connection.map(|id| self.flows.remove(&id));
                if let Some(mut stream) = peer.connection.and_then(|id| self.streams.remove(&id)) {
                    moment.end(&mut stream, *peer, &ending.by);
                }
            }
            What::Closed { ending } => {
                for (id, mut stream) in std::mem::take(&mut self.streams) {
                    let peer = Peer::connected(id, stream.route(Direction::Sent).destination.into());
                    moment.end(&mut stream, peer, &ending.by);
                }
            }
            What::Opening { .. } | What::Failed(_) => {
                self.streams.clear();
                self.flows.clear();
            }
            What::Gap { datagrams, .. } => self.dropped = self.dropped.saturating_add(*datagrams),
            _ => {}
        }
    }
}

fn begin(streams: &mut BTreeMap<ConnectionId, Stream>, moment: &mut Moment, peer: Peer, local: Address, opener: Direction) {
    let Some(id) = peer.stream() else { return };
    let mut stream = Stream::new(id, Some(stand_in(local)), stand_in_for(peer));
    for packet in stream.handshake(opener) {
        moment.made_up(&stream, peer, packet);
    }
    streams.insert(id, stream);
}

fn finish(streams: &mut BTreeMap<ConnectionId, Stream>, moment: &mut Moment, peer: Peer, direction: Direction) {
    if let Some(stream) = peer.connection.and_then(|id| streams.get_mut(&id))
        && let Some(fin) = stream.finish(direction)
    {
        moment.made_up(stream, peer, fin);
    }
}

/// A note, exactly as it is. One that cannot be written as JSON does not exist; it would be left out.
fn note(at: Timestamp, what: &What, out: &mut Vec<u8>) {
    if let Ok(json) = serde_json::to_vec(&Note { at, what }) {
        block::custom(&json, out);
    }
}

/// The pieces of a record's bytes; an empty record has one empty piece.
fn pieces(bytes: &[u8], largest: usize) -> impl Iterator<Item = (&[u8], Part)> {
    let count = bytes.len().div_ceil(largest).max(1);
    (0..count).map(move |index| {
        let end = bytes.len().min((index + 1) * largest);
        let piece = bytes.get(index * largest..end).unwrap_or_default();
        (piece, if index + 1 == count { Part::Last } else { Part::More })
    })
}

impl Moment<'_> {
    fn packet(&mut self, direction: Direction, mark: &Mark, bytes: impl FnOnce(&mut Vec<u8>) -> bool) {
        let (encoded, length) = mark.encode();
        let direction = match direction {
            Direction::Received => INBOUND,
            Direction::Sent => OUTBOUND,
        };
        let beside = Beside { at: self.at, direction, dropped: std::mem::take(self.dropped), mark: &encoded[..length] };
        block::packet(&beside, self.out, bytes);
    }

    fn made_up(&mut self, stream: &Stream, peer: Peer, (direction, header): (Direction, TcpHeader)) {
        let mark = Mark::new(Part::MadeUp, self.id, peer, None, None);
        let route = stream.route(direction);
        self.packet(direction, &mark, |out| packet::tcp(route, header, &[], out).is_ok());
    }

    /// How the connection ended on the wire, as far as its end tells.
    fn end(&mut self, stream: &mut Stream, peer: Peer, by: &EndedBy) {
        match by {
            EndedBy::Us => {
                if let Some(fin) = stream.finish(Direction::Sent) {
                    self.made_up(stream, peer, fin);
                }
            }
            EndedBy::PeerFin | EndedBy::PeerClosed => {
                for direction in [Direction::Received, Direction::Sent] {
                    if let Some(fin) = stream.finish(direction) {
                        self.made_up(stream, peer, fin);
                    }
                }
                let last = stream.last(Direction::Received);
                self.made_up(stream, peer, last);
            }
            EndedBy::OurReset => {
                let reset = stream.reset(Direction::Sent);
                self.made_up(stream, peer, reset);
            }
            EndedBy::PeerReset | EndedBy::PeerClosedUnread => {
                let reset = stream.reset(Direction::Received);
                self.made_up(stream, peer, reset);
            }
            // Nothing is known to have travelled then.
            EndedBy::Cancelled | EndedBy::Idle | EndedBy::TimedOut | EndedBy::Error(_) => {}
        }
    }
}
