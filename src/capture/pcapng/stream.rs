//! The numbers of one TCP connection as its made-up packets have them (RFC 9293). Must never write a packet itself.

use super::packet::{LARGEST_SEGMENT, Route, local_for, on_the_wire};
use crate::session::id::ConnectionId;
use crate::traffic::record::Direction;
use etherparse::{TcpHeader, TcpOptions};
use std::net::SocketAddr;

/// The window that every packet offers, and the shift of the handshake: 1 GiB, so that Wireshark never thinks a sender stalled.
const WINDOW: u16 = u16::MAX;
const WINDOW_SHIFT: u8 = 14;
/// How much may travel one way before an acknowledgement is made up for it. Wireshark can only order less than 2 GiB in flight.
const ACKNOWLEDGE_AFTER: u64 = 16 << 20;

/// One direction of a connection.
#[derive(Clone, Copy, Debug, Default)]
struct Side {
    /// The number of its SYN.
    first: u32,
    /// Payload bytes up to the end of what was recorded.
    length: u64,
    /// Payload bytes that the other side has acknowledged.
    acknowledged: u64,
    finished: bool,
}

impl Side {
    /// The number of the byte at an offset; SYN takes one.
    fn number(&self, offset: u64) -> u32 {
        self.first.wrapping_add(1).wrapping_add(offset as u32)
    }

    /// The number that comes next; FIN takes one.
    fn next(&self) -> u32 {
        self.number(self.length).wrapping_add(self.finished.into())
    }
}

/// A connection.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    local: SocketAddr,
    peer: SocketAddr,
    ours: Side,
    theirs: Side,
}

impl Stream {
    /// A connection of which nothing was seen yet.
    ///
    /// Its first numbers follow from its name: a client that comes back from the same port must have others, or Wireshark takes its
    /// SYN for a repeated one.
    pub fn new(id: ConnectionId, local: Option<SocketAddr>, peer: SocketAddr) -> Self {
        let peer = on_the_wire(peer);
        let first = id.0.wrapping_mul(0x9E37_79B1);
        let ours = Side { first, ..Side::default() };
        let theirs = Side { first: first ^ 0x5555_5555, ..Side::default() };
        Self { local: local_for(local, peer), peer, ours, theirs }
    }

    /// A connection of which so many bytes went each way before the first packet.
    pub fn going_on(id: ConnectionId, local: SocketAddr, peer: SocketAddr, received: u64, sent: u64) -> Self {
        let mut stream = Self::new(id, Some(local), peer);
        for (side, length) in [(&mut stream.theirs, received), (&mut stream.ours, sent)] {
            (side.length, side.acknowledged) = (length, length);
        }
        stream
    }

    /// From where to where its packets go.
    pub fn route(&self, direction: Direction) -> Route {
        match direction {
            Direction::Received => Route { source: self.peer, destination: self.local },
            Direction::Sent => Route { source: self.local, destination: self.peer },
        }
    }

    fn sides(&mut self, direction: Direction) -> (&mut Side, &mut Side) {
        match direction {
            Direction::Received => (&mut self.theirs, &mut self.ours),
            Direction::Sent => (&mut self.ours, &mut self.theirs),
        }
    }

    /// The three packets that open it, the first one in this direction.
    pub fn handshake(&mut self, direction: Direction) -> [(Direction, TcpHeader); 3] {
        let (opener, other) = self.sides(direction);
        let mut syn = TcpHeader::new(0, 0, opener.first, WINDOW);
        syn.syn = true;
        syn.options = options();
        let mut answer = TcpHeader::new(0, 0, other.first, WINDOW);
        (answer.syn, answer.ack) = (true, true);
        answer.acknowledgment_number = opener.number(0);
        answer.options = options();
        let mut done = TcpHeader::new(0, 0, opener.number(0), WINDOW);
        done.ack = true;
        done.acknowledgment_number = other.number(0);
        [(direction, syn), (direction.opposite(), answer), (direction, done)]
    }

    /// The header of bytes at an offset of their direction.
    pub fn data(&mut self, direction: Direction, offset: u64, length: usize) -> TcpHeader {
        let (side, _) = self.sides(direction);
        let number = side.number(offset);
        side.length = side.length.max(offset + length as u64);
        self.plain(direction, number)
    }

    /// An acknowledgement of what went in this direction, when it is time for one.
    pub fn acknowledge(&mut self, direction: Direction) -> Option<(Direction, TcpHeader)> {
        let (side, _) = self.sides(direction);
        if side.length - side.acknowledged < ACKNOWLEDGE_AFTER {
            return None;
        }
        side.acknowledged = side.length;
        let back = direction.opposite();
        let number = self.sides(back).0.next();
        Some((back, self.plain(back, number)))
    }

    /// The FIN of a direction, unless it was there before.
    pub fn finish(&mut self, direction: Direction) -> Option<(Direction, TcpHeader)> {
        let (side, _) = self.sides(direction);
        if side.finished {
            return None;
        }
        let number = side.next();
        side.finished = true;
        let mut header = self.plain(direction, number);
        header.fin = true;
        Some((direction, header))
    }

    /// The RST of a direction.
    pub fn reset(&mut self, direction: Direction) -> (Direction, TcpHeader) {
        let number = self.sides(direction).0.next();
        let mut header = self.plain(direction, number);
        header.rst = true;
        (direction, header)
    }

    /// The last acknowledgement of a direction.
    pub fn last(&mut self, direction: Direction) -> (Direction, TcpHeader) {
        let number = self.sides(direction).0.next();
        (direction, self.plain(direction, number))
    }

    fn plain(&mut self, direction: Direction, number: u32) -> TcpHeader {
        let (_, other) = self.sides(direction);
        let mut header = TcpHeader::new(0, 0, number, WINDOW);
        header.ack = true;
        header.acknowledgment_number = other.next();
        // Every packet acknowledges all that came before it.
        other.acknowledged = other.length;
        header
    }
}

/// What both SYNs offer: segments as large as ours are (RFC 9293 section 3.7.1), and a window beyond 64 KiB (RFC 7323).
fn options() -> TcpOptions {
    let [high, low] = (LARGEST_SEGMENT as u16).to_be_bytes();
    TcpOptions::from([2, 4, high, low, 1, 3, 3, WINDOW_SHIFT])
}
