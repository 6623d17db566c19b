//! Captured packets as what a socket would have told: connections that begin, bytes in order, connections that end. Must never show
//! bytes twice, and never hide that some are missing.
//!
//! 1. This end of a flow is its initiator (the sender of the first SYN, or of the first packet that was captured), unless the capture
//!    says which way its packets went.
//! 2. Each TCP connection is a new [`ConnectionId`]; a SYN after its end, or with another number, begins a new one on the same ports.
//! 3. A record is a TCP segment's new bytes: segments that were sent again are not shown again, those that came too early are shown in
//!    their place. Bytes that the capture does not have are a [`What::Gap`].
//! 4. A connection whose SYN is refused is [`What::TryFailed`]. Those that were open before the capture are told when their first bytes
//!    come, those that are open at its end have no end.

use super::link::{Packet, Segment, Transport};
use super::sequence::{Part, Sequence};
use super::{Seen, Summary};
use crate::session::event::{EndedBy, Ending, Origin, Place, What};
use crate::session::failure::{Cause, Failure, Operation};
use crate::session::id::{ConnectionId, Peer};
use crate::session::timestamp::Timestamp;
use crate::traffic::record::Direction;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

/// Flows that are remembered. Beyond that those that have ended are forgotten, and if none has, all: their bytes go on as new flows.
const MOST: usize = 1 << 16;

/// Two ends, the smaller address first, so that both directions have one name.
type Pair = (SocketAddr, SocketAddr);

/// Every flow of a capture.
#[derive(Default)]
pub struct Flows {
    tcp: HashMap<Pair, Connection>,
    /// Which end of a pair is this one.
    udp: HashMap<Pair, SocketAddr>,
    next: u32,
}

struct Connection {
    peer: Peer,
    local: SocketAddr,
    /// Who opened it: we, or the peer.
    opener: Direction,
    /// The number of the opener's SYN.
    syn: Option<u32>,
    ours: Sequence,
    theirs: Sequence,
    first_to_finish: Option<Direction>,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// A SYN, or less, was seen.
    Opening,
    /// It was told that it is open.
    Open,
    Ended,
}

/// Where what is seen goes.
pub struct Told<'a> {
    /// The events so far.
    pub out: &'a mut VecDeque<Seen>,
    /// What was left out so far.
    pub summary: &'a mut Summary,
}

impl Told<'_> {
    fn tell(&mut self, at: Timestamp, local: SocketAddr, what: What) {
        self.out.push_back(Seen { at, what, local: Some(local.into()) });
    }

    fn bytes(&mut self, at: Timestamp, local: SocketAddr, peer: Peer, direction: Direction, bytes: Vec<u8>) {
        let bytes = bytes.into();
        let what = match direction {
            Direction::Received => What::Received { peer, bytes },
            Direction::Sent => What::Sent { peer, bytes, origin: Origin::User },
        };
        self.tell(at, local, what);
    }

    fn gap(&mut self, at: Timestamp, local: SocketAddr, missing: u64) {
        self.summary.missing += missing;
        self.tell(at, local, What::Gap { datagrams: 0, bytes: Some(missing), place: Place::Capture });
    }
}

impl Flows {
    /// Takes in a packet; `way` is its direction where the capture says it.
    pub fn take(&mut self, at: Timestamp, packet: &Packet, way: Option<Direction>, told: &mut Told) {
        let pair = (packet.source.min(packet.destination), packet.source.max(packet.destination));
        if packet.missing > 0 {
            told.summary.truncated += 1;
        }
        match packet.transport {
            Transport::Udp => self.datagram(at, pair, packet, way, told),
            Transport::Tcp(segment) => self.segment(at, pair, packet, segment, way, told),
        }
    }

    fn datagram(&mut self, at: Timestamp, pair: Pair, packet: &Packet, way: Option<Direction>, told: &mut Told) {
        if self.udp.len() >= MOST {
            self.udp.clear();
        }
        let local = match way {
            Some(way) => this_end(packet, way),
            None => *self.udp.entry(pair).or_insert(packet.source),
        };
        let (direction, peer) =
            if packet.source == local { (Direction::Sent, packet.destination) } else { (Direction::Received, packet.source) };
        told.bytes(at, local, Peer::datagram(peer.into()), direction, packet.payload.to_vec());
        if packet.missing > 0 {
            told.gap(at, local, packet.missing);
        }
    }

    fn segment(&mut self, at: Timestamp, pair: Pair, packet: &Packet, segment: Segment, way: Option<Direction>, told: &mut Told) {
        let opens = segment.syn && segment.acknowledgment.is_none();
        let known = self.tcp.get(&pair);
        // A SYN that is sent again has its number again.
        let is_new = known.is_none_or(|known| opens && (known.stage == Stage::Ended || known.syn != Some(segment.sequence)));
        if is_new {
            // The last words of a connection that nobody knows begin none.
            if segment.rst {
                return;
            }
            self.make_room(told);
            if let Some(mut old) = self.tcp.remove(&pair) {
                old.give_up(told);
            }
            let connection = self.begin(packet, segment, way);
            self.tcp.insert(pair, connection);
        }
        if let Some(connection) = self.tcp.get_mut(&pair) {
            connection.take(at, packet, segment, told);
        }
    }

    fn make_room(&mut self, told: &mut Told) {
        if self.tcp.len() < MOST {
            return;
        }
        self.tcp.retain(|_, connection| connection.stage != Stage::Ended);
        if self.tcp.len() >= MOST / 2 {
            self.end(told);
        }
    }

    fn begin(&mut self, packet: &Packet, segment: Segment, way: Option<Direction>) -> Connection {
        // Of a handshake's second packet alone the receiver is the opener.
        let opener_sent_it = !(segment.syn && segment.acknowledgment.is_some());
        let (opener, other) =
            if opener_sent_it { (packet.source, packet.destination) } else { (packet.destination, packet.source) };
        let local = way.map_or(opener, |way| this_end(packet, way));
        let (peer, opener) = if local == opener { (other, Direction::Sent) } else { (opener, Direction::Received) };
        self.next = self.next.wrapping_add(1);
        Connection {
            peer: Peer::connected(ConnectionId(self.next), peer.into()),
            local,
            opener,
            syn: (segment.syn && opener_sent_it).then_some(segment.sequence),
            ours: Sequence::default(),
            theirs: Sequence::default(),
            first_to_finish: None,
            stage: Stage::Opening,
        }
    }

    /// The capture has ended: bytes that wait for others are shown after a gap.
    pub fn end(&mut self, told: &mut Told) {
        let mut connections: Vec<Connection> = std::mem::take(&mut self.tcp).into_values().collect();
        connections.sort_by_key(|connection| connection.peer.connection);
        for mut connection in connections {
            connection.give_up(told);
        }
    }
}

/// This end of a packet that went this way.
fn this_end(packet: &Packet, way: Direction) -> SocketAddr {
    match way {
        Direction::Received => packet.destination,
        Direction::Sent => packet.source,
    }
}

impl Connection {
    fn sequence(&mut self, direction: Direction) -> &mut Sequence {
        match direction {
            Direction::Received => &mut self.theirs,
            Direction::Sent => &mut self.ours,
        }
    }

    fn take(&mut self, at: Timestamp, packet: &Packet, segment: Segment, told: &mut Told) {
        let direction = if packet.source == self.local { Direction::Sent } else { Direction::Received };
        if self.stage == Stage::Ended {
            return;
        }
        if segment.rst {
            self.reset(at, direction, told);
            return;
        }
        let mut first = segment.sequence;
        if segment.syn {
            if !self.sequence(direction).is_begun() {
                self.sequence(direction).begin(segment.sequence);
            }
            first = first.wrapping_add(1);
        }
        let answered = segment.syn && segment.acknowledgment.is_some();
        if self.stage == Stage::Opening && (answered || !packet.payload.is_empty()) {
            self.stage = Stage::Open;
            let (peer, local) = (self.peer, self.local.into());
            let what = match self.opener {
                Direction::Sent => What::Connected { peer, local },
                Direction::Received => What::PeerJoined { peer, local },
            };
            told.tell(at, self.local, what);
        }
        let mut parts = Vec::new();
        if let Some(number) = segment.acknowledgment {
            let mut other = Vec::new();
            self.sequence(direction.opposite()).acknowledged(number, &mut other);
            self.tell_parts(direction.opposite(), other, told);
            // The other side may have finished behind a hole.
            self.finished(at, direction.opposite(), told);
        }
        if !packet.payload.is_empty() || packet.missing > 0 {
            let repeated = self.sequence(direction).repeated;
            self.sequence(direction).take(at, first, packet.payload, packet.missing, &mut parts);
            told.summary.repeated += self.sequence(direction).repeated - repeated;
            self.tell_parts(direction, parts, told);
        }
        if segment.fin {
            if !self.sequence(direction).is_begun() {
                self.sequence(direction).begin(first.wrapping_sub(1));
            }
            self.sequence(direction).finish(first, packet.payload.len());
        }
        self.finished(at, direction, told);
    }

    fn tell_parts(&mut self, direction: Direction, parts: Vec<Part>, told: &mut Told) {
        for part in parts {
            match part {
                Part::Bytes(at, bytes) => told.bytes(at, self.local, self.peer, direction, bytes),
                Part::Hole(at, missing) => told.gap(at, self.local, missing),
            }
        }
    }

    fn finished(&mut self, at: Timestamp, direction: Direction, told: &mut Told) {
        if self.stage == Stage::Ended || !self.sequence(direction).has_just_finished() || self.stage != Stage::Open {
            return;
        }
        let first = *self.first_to_finish.get_or_insert(direction);
        let peer = self.peer;
        if !self.sequence(direction.opposite()).is_finished() {
            let what = match direction {
                Direction::Received => What::PeerFinished { peer },
                Direction::Sent => What::Finished { peer },
            };
            told.tell(at, self.local, what);
            return;
        }
        self.leave(at, if first == Direction::Received { EndedBy::PeerFin } else { EndedBy::Us }, told);
    }

    fn reset(&mut self, at: Timestamp, direction: Direction, told: &mut Told) {
        self.give_up(told);
        match (self.stage, direction) {
            (Stage::Opening, Direction::Received) if self.opener == Direction::Sent && self.syn.is_some() => {
                let address = self.peer.address.to_string();
                let failure = Failure { operation: Operation::Connect, address, cause: Cause::Refused, os_code: None };
                told.tell(at, self.local, What::TryFailed(failure));
            }
            (Stage::Open, Direction::Received) => self.leave(at, EndedBy::PeerReset, told),
            (Stage::Open, Direction::Sent) => self.leave(at, EndedBy::OurReset, told),
            _ => {}
        }
        self.stage = Stage::Ended;
    }

    fn leave(&mut self, at: Timestamp, by: EndedBy, told: &mut Told) {
        self.stage = Stage::Ended;
        let ending = Ending { by, received: self.theirs.received, sent: self.ours.received };
        told.tell(at, self.local, What::PeerLeft { peer: self.peer, ending });
    }

    fn give_up(&mut self, told: &mut Told) {
        for direction in [Direction::Received, Direction::Sent] {
            let mut parts = Vec::new();
            self.sequence(direction).give_up(&mut parts);
            self.tell_parts(direction, parts, told);
        }
    }
}
