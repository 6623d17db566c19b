//! Datagrams out of a Unix-domain socket: how long the next one is, and whether a read has cut it. Must never report: it returns what it
//! saw.

use super::place_of;
use crate::session::address::UnixPath;
use std::io;
use tokio::net::UnixDatagram;

/// Room for any datagram where the system does not tell its length beforehand; such systems allow far shorter ones (macOS: 2,048 bytes
/// unless raised).
pub const LARGEST: usize = 256 << 10;

/// One datagram as read.
pub struct Arrival {
    /// What was kept of it.
    pub bytes: Vec<u8>,
    /// Its source.
    pub from: UnixPath,
    /// Whether it was longer, and the rest is gone.
    pub is_cut: bool,
}

/// The length of the datagram that a read would take next, without waiting; `None` where the system does not tell.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn next_length(socket: &UnixDatagram) -> io::Result<Option<usize>> {
    use nix::sys::socket::{MsgFlags, recv};
    use std::os::fd::AsRawFd;
    let look = || Ok(recv(socket.as_raw_fd(), &mut [], MsgFlags::MSG_PEEK | MsgFlags::MSG_TRUNC)?);
    socket.try_io(tokio::io::Interest::READABLE, look).map(Some)
}

/// The length of the datagram that a read would take next; `None` where the system does not tell.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn next_length(_socket: &UnixDatagram) -> io::Result<Option<usize>> {
    Ok(None)
}

/// Throws the next datagram away without waiting, and tells its length. It asks the system and not tokio, which may not have heard of it.
///
/// # Errors
/// `WouldBlock` when there is none.
pub fn discard(socket: &UnixDatagram) -> io::Result<usize> {
    use nix::sys::socket::{MsgFlags, recv};
    use std::os::fd::AsRawFd;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let (mut buffer, flags) = ([0; 0], MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_TRUNC);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let (mut buffer, flags) = (vec![0; LARGEST], MsgFlags::MSG_DONTWAIT);
    Ok(recv(socket.as_raw_fd(), &mut buffer, flags)?)
}

/// Reads one datagram without waiting, and keeps at most so many bytes of it.
pub fn try_receive(socket: &UnixDatagram, room: usize) -> io::Result<Arrival> {
    // One byte more tells whether there were more. (recvmsg would tell too, but nix 0.31 panics where the sender has no name.)
    let mut bytes = vec![0; room + 1];
    let (length, from) = socket.try_recv_from(&mut bytes)?;
    bytes.truncate(length.min(room));
    Ok(Arrival { bytes, from: place_of(&from), is_cut: length > room })
}
