//! Names that outlive what they name: sessions and the connections in them. Knows nothing else.

use super::address::Address;
use serde::{Deserialize, Serialize};

/// One session, that is one tab of the window or one run of the headless twin. Never reused within a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId(pub u64);

/// One TCP connection of a session. Never reused: a client that comes back from the same port is a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ConnectionId(pub u32);

/// The other end: where it is, and for a connection which one it is. The peer of a datagram is its address alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Peer {
    /// Where the other end is.
    pub address: Address,
    /// The connection; `None` for datagrams.
    pub connection: Option<ConnectionId>,
}

impl Peer {
    /// The other end of a connection.
    pub fn connected(connection: ConnectionId, address: Address) -> Self {
        Self { address, connection: Some(connection) }
    }

    /// The source or destination of a datagram.
    pub fn datagram(address: Address) -> Self {
        Self { address, connection: None }
    }
}
