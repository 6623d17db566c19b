//! The one enum that drives the button, the tab's dot and the log. Must never hold more than the state.

use super::event::What;
use super::spec::Role;

/// Where a session stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum State {
    /// Not opened, or ended as it should.
    #[default]
    Closed,
    /// Resolving, connecting, or waiting before the next try.
    Connecting,
    /// A TCP client is connected, or a UDP socket is bound.
    Open,
    /// One direction of a TCP client is shut.
    HalfClosed,
    /// A TCP server listens.
    Listening,
    /// Ended by an error.
    Failed,
}

impl State {
    /// Whether the session holds a socket or is about to: the button says "close".
    pub fn is_live(self) -> bool {
        !matches!(self, Self::Closed | Self::Failed)
    }

    /// The key of its word in the locale files.
    pub fn key(self) -> &'static str {
        match self {
            Self::Closed => "state.closed",
            Self::Connecting => "state.connecting",
            Self::Open => "state.open",
            Self::HalfClosed => "state.half_closed",
            Self::Listening => "state.listening",
            Self::Failed => "state.failed",
        }
    }

    /// The state after `what` has happened to a session of this role.
    pub fn after(self, role: Role, what: &What) -> Self {
        let is_client = role.is_client();
        match what {
            What::Opening { .. } | What::Retrying { .. } => Self::Connecting,
            What::Connected { .. } | What::Bound { .. } => Self::Open,
            What::Listening { .. } => Self::Listening,
            What::PeerFinished { .. } | What::Finished { .. } if is_client => Self::HalfClosed,
            What::Closed { .. } => Self::Closed,
            What::Failed(_) => Self::Failed,
            _ => self,
        }
    }
}
