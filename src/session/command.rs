//! What the window and the twin can ask of the network thread: one closed enum. Must never know how it is done.

use super::address::{Endpoint, UnixPath};
use super::id::{ConnectionId, SessionId};
use super::impairment::Impairment;
use super::knob::{Buffers, Parts};
use super::reply::Reply;
use super::spec::{Membership, Reading, SessionSpec, Switch};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// A request to the network thread.
#[allow(clippy::large_enum_variant, reason = "nearly all of them are of the large kind")]
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// To one session.
    To(SessionId, Action),
    /// List this machine's interfaces; answered by an event.
    ListInterfaces,
    /// End every session and the thread.
    ShutDown,
}

impl Command {
    /// The bytes that the command carries, for the bound of the command queue.
    pub fn weight(&self) -> usize {
        match self {
            Self::To(_, Action::Send(message) | Action::SendInParts { message, .. } | Action::Repeat { message, .. }) => {
                message.bytes.len()
            }
            _ => 0,
        }
    }
}

/// What one session is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Open it. Only a session that is not live can be opened.
    Open(SessionSpec),
    /// End it, whatever it does now: a connect under way is cancelled.
    Close,
    /// Queue a message.
    Send(Message),
    /// Queue a message that is written in parts; as datagrams each part is one.
    SendInParts {
        /// What.
        message: Message,
        /// How.
        parts: Parts,
    },
    /// Queue a message again and again, timed by the network thread.
    Repeat {
        /// What.
        message: Message,
        /// The pause between two of them, at least 1 ms.
        every: Duration,
        /// How often; `None` until stopped.
        times: Option<u64>,
    },
    /// End the repetition.
    StopRepeat,
    /// End connections of the session.
    End {
        /// Which.
        connections: Selection,
        /// In which way.
        how: End,
    },
    /// Change the automatic answer.
    SetReply(Option<Reply>),
    /// Change SO_BROADCAST of an open UDP socket.
    SetBroadcast(Switch),
    /// Read in this way from now on.
    SetReading(Reading),
    /// Change TCP_NODELAY of every connection.
    SetNoDelay(Switch),
    /// Take connections from the accept queue, or leave them there (a server).
    SetAccepting(Switch),
    /// Do this to what passes from now on (a relay).
    SetImpairment(Impairment),
    /// Ask for other buffers for every socket of the session.
    SetBuffers(Buffers),
    /// Join a multicast group.
    Join(Membership),
    /// Leave a multicast group.
    Leave(Membership),
    /// Forget the records so far.
    Clear,
    /// Start the counters from zero.
    ResetCounters,
    /// Close it and forget everything about it: its tab is gone.
    Forget,
}

/// Bytes and whom they are for.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Exactly what leaves.
    pub bytes: Arc<[u8]>,
    /// To whom.
    pub target: Target,
}

/// Whom a message is for.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// The peer of a client, every client of a server, the remote address of a UDP session.
    Everyone,
    /// Some clients of a server.
    Connections(BTreeSet<ConnectionId>),
    /// This address (UDP).
    Address(Endpoint),
    /// This place (Unix-domain datagrams).
    Path(UnixPath),
    /// Whoever sent the last datagram (UDP).
    LastSender,
}

/// Some or all connections of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Every one.
    All,
    /// These.
    Only(BTreeSet<ConnectionId>),
}

/// The three ways to end a TCP connection from this side (RFC 9293 sections 3.6 and 3.5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Send what is queued, then FIN, then close.
    Close,
    /// Send what is queued, then FIN; go on receiving (`shutdown(SHUT_WR)`).
    HalfClose,
    /// RST at once (`SO_LINGER` 0).
    Reset,
}
