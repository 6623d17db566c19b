//! The only place with sockets and tokio: commands in, events out, on one thread. Must never see records, the window or the CLI.
//!
//! Why a single-threaded runtime: one thread reads loopback TCP faster than tokio's multi-threaded scheduler does,
//! and its tasks can share a server's table of connections without a lock.

mod automation;
mod calls;
mod clock;
mod connection;
mod error;
mod family;
mod hub;
mod interface;
mod outbox;
mod owner;
mod queue;
mod relay;
mod repeat;
mod resolve;
mod socket;
mod steering;
mod stream;
mod tcp_client;
mod tcp_server;
mod udp;
#[cfg(unix)]
mod unix;

pub use clock::now;
pub use hub::{Busy, Handle, Net};
pub use outbox::{Credit, Gate, Outbox, Parcel};
#[cfg(unix)]
pub use unix::remove_all as remove_socket_files;

/// There are none on this system.
#[cfg(not(unix))]
pub fn remove_socket_files() {}
