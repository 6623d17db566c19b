//! Which of the engine's events the driver acts on, in the few words that it needs. It must never carry data: that is the printer's.

use crate::session::event::{Origin, SessionEvent, What};
use crate::session::failure::{Cause, Failure, Operation};
use crate::session::id::ConnectionId;

/// Something that the driver acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// A server listens.
    Listening,
    /// A client is connected, or a UDP socket is bound.
    Up,
    /// A server's client has joined.
    Joined(ConnectionId),
    /// Something was received.
    Heard,
    /// So many messages of ours to this peer are over, sent or not.
    Over(Option<ConnectionId>, u64),
    /// A client's peer will send no more.
    PeerFinished,
    /// A server's client has left.
    Left(ConnectionId),
    /// The repetition has ended.
    RepeatEnded,
    /// The session has ended as it should.
    Closed,
    /// The session has ended because the network said no.
    Refused,
}

/// The signal in an event.
pub fn of(event: &SessionEvent) -> Option<Signal> {
    Some(match &event.what {
        What::Listening { .. } => Signal::Listening,
        What::Connected { .. } | What::Bound { .. } => Signal::Up,
        What::PeerJoined { peer, .. } => Signal::Joined(peer.connection?),
        What::Received { .. } => Signal::Heard,
        What::Sent { peer, origin: Origin::User, .. } => Signal::Over(peer.connection, 1),
        What::Unsent { peer, messages, .. } => Signal::Over(peer.and_then(|peer| peer.connection), *messages),
        // What ICMP tells of a datagram comes after it was sent, and counts no second time.
        What::Trouble(Failure { cause: Cause::PortUnreachable, .. }) => return None,
        What::Trouble(failure) if matches!(failure.operation, Operation::Send | Operation::Resolve) => Signal::Over(None, 1),
        What::PeerFinished { .. } => Signal::PeerFinished,
        What::PeerLeft { peer, .. } => Signal::Left(peer.connection?),
        What::RepeatEnded { .. } => Signal::RepeatEnded,
        What::Closed { ending } if ending.by.is_orderly() => Signal::Closed,
        What::Closed { .. } | What::Failed(_) => Signal::Refused,
        _ => return None,
    })
}
