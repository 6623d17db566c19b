//! What stands on the ladder: steps at one of its two life-lines, and what travels between them. Must never know where on paper.

use crate::diagram::scene::Certainty;
use crate::session::address::Address;
use crate::session::event::What;
use crate::session::id::ConnectionId;
use crate::session::timestamp::Timestamp;
use crate::traffic::record::{Direction, RecordId};
use std::sync::Arc;

/// One of the two programs that talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// The session that the ladder is of.
    Own,
    /// The other one: seen from inside where it is a session too, else only by what comes from it.
    Other,
}

impl End {
    /// The other of the two.
    pub fn opposite(self) -> Self {
        match self {
            Self::Own => Self::Other,
            Self::Other => Self::Own,
        }
    }
}

/// What is selected when a part of the ladder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// A record of one of the sessions.
    Record(End, RecordId),
    /// A call of one of the sessions, by its number.
    Call(End, u64),
    /// A captured packet, by its number.
    Packet(u64),
}

/// A line of the ladder: something that happened at one of its ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// At which.
    pub end: End,
    /// When.
    pub at: Timestamp,
    /// What it belongs to.
    pub mark: Mark,
    /// In which connection of the own session; `None` for datagrams and for what is about no connection.
    pub talk: Option<ConnectionId>,
    /// What stands beside the life-line.
    pub says: Says,
    /// What leaves or arrives with it.
    pub signal: Option<Signal>,
}

/// What stands beside a life-line.
#[derive(Clone, Debug, PartialEq)]
pub enum Says {
    /// Nothing: the system did it by itself.
    Nothing,
    /// A call and what came of it.
    Call {
        /// `connect(7, 127.0.0.1:9000)`.
        text: String,
        /// `0`, or `-1 ECONNREFUSED`.
        result: String,
        /// Whether it failed.
        failed: Failed,
    },
    /// A message was sent.
    Send(u64),
    /// One read or one datagram.
    Receive(u64),
    /// A datagram to or from someone who is not the other end.
    Aside(Direction, u64, Address),
    /// Anything else that the log tells.
    Note(Note),
    /// So many steps of this end are not shown here.
    More(u64),
}

/// Whether a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// It did.
    Yes,
    /// It did not.
    No,
}

/// What the log tells. Equal only to itself: events hold what can't be compared.
#[derive(Clone, Debug)]
pub struct Note(pub Arc<What>);

impl PartialEq for Note {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Which way something travels, seen from the end at which the step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It leaves here.
    Leaves,
    /// It arrives here.
    Arrives,
}

/// Something that travels.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// Which way.
    pub way: Way,
    /// What.
    pub segment: Segment,
    /// Whether its travelling was seen, as far as this step alone tells.
    pub certainty: Certainty,
}

/// What travels.
#[derive(Clone, Debug, PartialEq)]
pub enum Segment {
    /// The first of the three.
    Syn,
    /// The same again, because nothing came back.
    SynAgain,
    /// The second.
    SynAck,
    /// The third, and every other that carries nothing.
    Ack,
    /// A part of the stream: from which byte, and how many.
    Data {
        /// Bytes of the stream before it.
        offset: u64,
        /// Its length.
        bytes: u64,
    },
    /// The end of a stream.
    Fin,
    /// The end of a connection.
    Reset,
    /// A datagram, by its payload.
    Datagram(Arc<[u8]>),
    /// ICMP: no socket has that port.
    Unreachable,
    /// A packet that was captured.
    Captured(Box<Captured>),
}

/// What a captured packet is, in the words of those who read packets.
#[derive(Clone, Debug, PartialEq)]
pub struct Captured {
    /// `SYN, ACK`, `UDP`, `ICMP port unreachable`.
    pub flags: String,
    /// What follows: sequence numbers, window, options.
    pub figures: String,
    /// All of its figures, as they stand in it too.
    pub details: String,
    /// Payload bytes.
    pub bytes: u64,
    /// Whether the same bytes went before.
    pub again: Again,
}

/// Whether a segment is sent for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// The first time.
    First,
    /// Once more.
    Retransmitted,
}

impl Step {
    /// One at an end, with nothing beside it and nothing travelling.
    pub fn new(end: End, at: Timestamp, mark: Mark) -> Self {
        Self { end, at, mark, talk: None, says: Says::Nothing, signal: None }
    }

    /// The same in a connection.
    pub fn of(self, talk: Option<ConnectionId>) -> Self {
        Self { talk, ..self }
    }

    /// The same with something beside it.
    pub fn saying(self, says: Says) -> Self {
        Self { says, ..self }
    }

    /// The same with something that must have left.
    pub fn sending(self, segment: Segment) -> Self {
        self.with(Way::Leaves, segment, Certainty::Inferred)
    }

    /// The same with something that must have come.
    pub fn getting(self, segment: Segment) -> Self {
        self.with(Way::Arrives, segment, Certainty::Inferred)
    }

    /// The same with something whose bytes came.
    pub fn receiving(self, segment: Segment) -> Self {
        self.with(Way::Arrives, segment, Certainty::Observed)
    }

    fn with(self, way: Way, segment: Segment, certainty: Certainty) -> Self {
        Self { signal: Some(Signal { way, segment, certainty }), ..self }
    }

    /// Who sends what travels with this step.
    pub fn sender(&self) -> Option<End> {
        self.signal.as_ref().map(|signal| match signal.way {
            Way::Leaves => self.end,
            Way::Arrives => self.end.opposite(),
        })
    }
}
