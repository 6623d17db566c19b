//! What the system knows besides what the sockets of this program tell: states and queues of sockets, packets, who listens, names. It must
//! never open, read or write a session's socket: that is `net`'s.
//!
//! | file | what it answers |
//! | --- | --- |
//! | [`sockets`], [`sock_diag`] | states, queues and timers of sockets, asked once; and Linux's messages about them |
//! | [`sampler`] | the same, again and again while someone looks |
//! | [`packets`] | the packets of a session's own ports, where the user may capture |
//! | [`filter`], [`gate`] | which packets the kernel hands over, and which of those may be kept |

pub mod filter;
pub mod gate;
pub mod interfaces;
pub mod listeners;
pub mod packets;
pub mod resolve;
pub mod sampler;
pub mod sock_diag;
pub mod sockets;
