//! What the system knows besides what the sockets of this program tell: states and queues of sockets, packets, who listens, names. It must
//! never open, read or write a session's socket: that is `net`'s.

pub mod filter;
pub mod gate;
pub mod interfaces;
pub mod listeners;
pub mod packets;
pub mod resolve;
pub mod sampler;
pub mod sock_diag;
pub mod sockets;
