//! Names that outlive what they name: sessions and the connections in them. Knows nothing else.

use super::address::Address;
use serde::{Deserialize, Serialize};

/// One session, that is one tab of the window or one run of the headless twin. Never reused within a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId(pub u64);

/// One connection of a session, or one end of a relay's datagrams ([`Peer::flow`]). Never reused: a client that comes back from the same
/// port is a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ConnectionId(pub u32);

/// The bit in a number that tells the end of a relay's datagrams from a connection, also in what was written to disk.
const DATAGRAMS: u32 = 1 << 31;

/// The other end: where it is, and for a connection which one it is. The peer of a datagram is its address alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Peer {
    /// Where the other end is.
    pub address: Address,
    /// The connection; `None` for datagrams that are not a relay's.
    pub connection: Option<ConnectionId>,
}

impl Peer {
    /// The other end of a connection.
    pub fn connected(connection: ConnectionId, address: Address) -> Self {
        Self { address, connection: Some(connection) }
    }

    /// One end of a relay's datagrams. It has a number as a connection has, because a relay has a socket of its own for each client: two
    /// clients' datagrams come from the same target to different sockets.
    pub fn flow(number: ConnectionId, address: Address) -> Self {
        Self { address, connection: Some(ConnectionId(number.0 | DATAGRAMS)) }
    }

    /// The connection whose bytes are one stream; `None` for datagrams, of which each stands alone.
    pub fn stream(&self) -> Option<ConnectionId> {
        self.connection.filter(|id| id.0 & DATAGRAMS == 0)
    }

    /// The source or destination of a datagram.
    pub fn datagram(address: Address) -> Self {
        Self { address, connection: None }
    }
}
