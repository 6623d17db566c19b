//! Unix-domain sockets (unix(7)): streams, and datagrams that the system does not lose. Must never know TCP or UDP.
//!
//! | file | what it answers |
//! | --- | --- |
//! | `client`, `server` | stream sessions: how their ends come to be; the rest is what TCP sessions do |
//! | `datagram`, `arrival`, `sending` | datagram sessions |
//! | `bound` | a place is taken, or why not |
//! | `file` | what stands at a path, and how our file goes again |
//! | `owner` | which process holds a place |
//! | `error` | the system's errors, told apart |

mod arrival;
mod bound;
mod client;
mod datagram;
mod error;
mod file;
mod owner;
mod sending;
mod server;

use crate::session::address::UnixPath;
use socket2::SockAddr;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

pub use client::run as client;
pub use datagram::run as datagram;
pub use file::{SocketFile, remove_all};
pub use server::run as server;

/// As the system's calls take it.
///
/// # Errors
/// `InvalidInput` where this system's addresses have no room for it.
fn address_of(place: UnixPath) -> io::Result<SockAddr> {
    SockAddr::unix(OsStr::from_bytes(place.as_bytes()))
}

/// The path of its file; `None` for an abstract name and for nothing.
fn file_of(place: UnixPath) -> Option<PathBuf> {
    let is_path = !place.is_unnamed() && !place.is_abstract();
    is_path.then(|| Path::new(OsStr::from_bytes(place.as_bytes())).to_owned())
}

/// Where a socket is, as tokio tells it. The system tells no place that does not fit.
pub fn place_of(address: &tokio::net::unix::SocketAddr) -> UnixPath {
    let bytes = match (address.as_pathname(), address.as_abstract_name()) {
        (Some(path), _) => path.as_os_str().as_bytes().to_vec(),
        (None, Some(name)) => [b"\0", name].concat(),
        (None, None) => Vec::new(),
    };
    UnixPath::from_bytes(&bytes).unwrap_or(UnixPath::UNNAMED)
}
