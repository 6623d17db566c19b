//! What the network thread reports: one closed enum. Every opened session ends in exactly one `Closed` or `Failed`.
//! Must never know who listens.

use super::address::Address;
use super::call::Call;
use super::credentials::Credentials;
use super::failure::Failure;
use super::id::{Peer, SessionId};
use super::impairment::{Impaired, Impairment};
use super::knob::Knob;
use super::spec::{Interface, Membership, SessionSpec, Switch};
use super::storage::Storage;
use super::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// One report.
#[allow(
    clippy::large_enum_variant,
    reason = "nearly all of them are of the large kind, and an allocation for each would cost more"
)]
#[derive(Clone, Debug)]
pub enum Event {
    /// About a session.
    Session(SessionEvent),
    /// The answer to `ListInterfaces`.
    Interfaces(Vec<Interface>),
}

/// Something happened to a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SessionEvent {
    /// To which.
    pub session: SessionId,
    /// When it was seen.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// What can happen to a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum What {
    /// It is being opened, with this.
    Opening {
        /// As asked.
        spec: Box<SessionSpec>,
    },
    /// A name became addresses.
    Resolved {
        /// The name.
        host: String,
        /// In the order in which they are tried.
        addresses: Vec<SocketAddr>,
    },
    /// A connect to this address begins.
    Trying {
        /// Which address.
        remote: SocketAddr,
    },
    /// That connect failed; the next address is tried, if there is one.
    TryFailed(Failure),
    /// A client is connected.
    Connected {
        /// The server.
        peer: Peer,
        /// This end.
        local: Address,
    },
    /// A client waits before it tries again.
    Retrying {
        /// How long.
        after: Duration,
        /// Which try comes next, from 1.
        attempt: u32,
    },
    /// A server listens.
    Listening {
        /// The real address, also when port 0 was asked for.
        local: Address,
    },
    /// A UDP socket is bound.
    Bound {
        /// The real address, also when port 0 was asked for.
        local: Address,
        /// SO_RCVBUF as the system granted it, in bytes.
        receive_buffer: usize,
    },
    /// A server accepted a client.
    PeerJoined {
        /// The client.
        peer: Peer,
        /// This end of the connection.
        local: Address,
    },
    /// A relay has reached its target for a client: what comes from either end goes on to the other.
    Dialled(Box<Dialled>),
    /// Who is at the other end of a Unix-domain socket, as the system tells.
    PeerIs {
        /// The other end.
        peer: Peer,
        /// Who that is.
        credentials: Credentials,
    },
    /// One read, or one datagram.
    Received {
        /// From whom.
        peer: Peer,
        /// Exactly these.
        bytes: Arc<[u8]>,
    },
    /// One message (or the part of it that left).
    Sent {
        /// To whom.
        peer: Peer,
        /// What the system took.
        bytes: Arc<[u8]>,
        /// Who asked for it.
        origin: Origin,
    },
    /// Datagrams that arrived and could not be kept.
    Gap {
        /// How many.
        datagrams: u64,
        /// Their payload; `None` where only the system knows.
        bytes: Option<u64>,
        /// Who dropped them.
        place: Place,
    },
    /// The datagram just before this was longer than what was read of it: the rest is gone.
    Truncated {
        /// From whom.
        peer: Peer,
        /// How many bytes were kept.
        kept: u64,
        /// How many it had, where the system tells.
        whole: Option<u64>,
    },
    /// The peer sent its FIN and this side stays open.
    PeerFinished {
        /// Who.
        peer: Peer,
    },
    /// This side sent its FIN and goes on receiving.
    Finished {
        /// To whom.
        peer: Peer,
    },
    /// A connection ended while its session goes on.
    PeerLeft {
        /// Which.
        peer: Peer,
        /// Why, and after how much.
        ending: Ending,
    },
    /// Messages of which nothing left.
    Unsent {
        /// For whom.
        peer: Option<Peer>,
        /// How many messages.
        messages: u64,
        /// How many bytes.
        bytes: u64,
        /// Why.
        reason: Unsent,
    },
    /// Something went wrong and the session goes on: a send that failed, a port unreachable, an option refused.
    Trouble(Failure),
    /// A message was cut short: only the first `sent` of `length` bytes left.
    SentPartly {
        /// For whom.
        peer: Peer,
        /// How many left.
        sent: u64,
        /// How many there were.
        length: u64,
    },
    /// A repetition began.
    RepeatStarted {
        /// The pause.
        every: Duration,
        /// How often; `None` until stopped.
        times: Option<u64>,
    },
    /// A repetition ended.
    RepeatEnded {
        /// How many were queued.
        sent: u64,
    },
    /// SO_BROADCAST was changed.
    BroadcastSet(Switch),
    /// How it reads, writes or accepts was changed.
    Turned(Knob),
    /// A multicast group was joined.
    GroupJoined(Membership),
    /// A multicast group was left.
    GroupLeft(Membership),
    /// A relay does this to what passes from now on.
    ImpairmentSet(Impairment),
    /// What a relay did to a datagram, or to the bytes of a read.
    Impaired(Box<Impaired>),
    /// Something about keeping the records on disk.
    Storage(Storage),
    /// A socket call was made. It leaves no record: the log has what came of it.
    Called(Call),
    /// The records so far were asked to be forgotten.
    Cleared,
    /// The counters start from zero.
    CountersReset,
    /// The session is gone and nobody will ask for it again.
    Forgotten,
    /// The session ended by an error.
    Failed(Failure),
    /// The session ended.
    Closed {
        /// Why, and after how much.
        ending: Ending,
    },
}

/// The way of one client through a relay.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dialled {
    /// For whom.
    pub client: Peer,
    /// The target.
    pub target: Peer,
    /// This end towards the target.
    pub local: Address,
}

impl What {
    /// The other end of a connection that has begun, or of a relay's datagrams, and this end of it.
    pub fn begun(&self) -> Option<(Peer, Address)> {
        match self {
            Self::Connected { peer, local } | Self::PeerJoined { peer, local } => Some((*peer, *local)),
            Self::Dialled(dialled) => Some((dialled.target, dialled.local)),
            _ => None,
        }
    }
}

/// Who asked for bytes to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// The user, or a script.
    User,
    /// A repetition.
    Repeat,
    /// The automatic answer.
    Reply,
    /// The other end of a relay's conversation: it came from there.
    Relayed,
}

/// Why a message did not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unsent {
    /// The peer's send queue was full: it reads too slowly.
    QueueFull,
    /// The connection ended first.
    Ended,
    /// An answer to a sender whose socket has no name.
    Nameless,
}

impl Unsent {
    /// The word in JSON lines, and the end of its wording's key.
    pub fn word(self) -> &'static str {
        match self {
            Self::QueueFull => "queue-full",
            Self::Ended => "ended",
            Self::Nameless => "nameless",
        }
    }
}

/// Who dropped datagrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// The system: the socket's receive buffer was full.
    Kernel,
    /// This program: its own queue was full.
    Sockscope,
    /// The capture that this was read from: it does not have them. For a stream the number of packets is unknown, and 0.
    Capture,
}

impl Place {
    /// The word in JSON lines.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Sockscope => "sockscope",
            Self::Capture => "capture",
        }
    }
}

/// Why a connection or session ended, and after how many bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ending {
    /// Who or what ended it.
    pub by: EndedBy,
    /// Payload bytes received in its life.
    pub received: u64,
    /// Payload bytes sent in its life.
    pub sent: u64,
}

/// Who or what ended a connection.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum EndedBy {
    /// This side closed it.
    Us,
    /// This side gave up connecting.
    Cancelled,
    /// This side reset it.
    OurReset,
    /// The peer's FIN.
    PeerFin,
    /// The peer's RST.
    PeerReset,
    /// This side forgot it: it was silent longest, and another needed the place.
    Idle,
    /// The peer's end of a Unix-domain socket, where no FIN travels.
    PeerClosed,
    /// The same, although it had not read everything.
    PeerClosedUnread,
    /// No answer for too long: retransmissions or keep-alive probes gave up.
    TimedOut,
    /// Another error.
    Error(Failure),
}

impl EndedBy {
    /// The word in JSON lines, and the key of its wording.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Us => "us",
            Self::Cancelled => "cancelled",
            Self::OurReset => "our-reset",
            Self::PeerFin => "peer-fin",
            Self::PeerReset => "peer-reset",
            Self::Idle => "idle",
            Self::PeerClosed => "peer-closed",
            Self::PeerClosedUnread => "peer-closed-unread",
            Self::TimedOut => "timeout",
            Self::Error(_) => "error",
        }
    }

    /// Whether the connection ended as connections should.
    pub fn is_orderly(&self) -> bool {
        matches!(self, Self::Us | Self::Cancelled | Self::OurReset | Self::PeerFin | Self::PeerClosed | Self::Idle)
    }
}
