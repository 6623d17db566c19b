//! What the system tells about a UDP socket beyond its datagrams: how many it dropped, and ICMP errors. Linux tells; elsewhere
//! the plain calls must do. Must never report: it returns what it saw.

use std::net::SocketAddr;

/// One datagram as read.
pub struct Arrival {
    /// Its length; the bytes are in the caller's buffer.
    pub length: usize,
    /// How much of it did not fit into the buffer and is gone.
    pub cut: Option<Cut>,
    /// Its source.
    pub from: SocketAddr,
    /// Datagrams dropped by the system since the socket was made, where it tells.
    pub dropped: Option<u32>,
}

/// A datagram that was longer than the buffer.
pub struct Cut {
    /// How long it was, where the system tells.
    pub whole: Option<usize>,
}

/// An ICMP error that came back for a datagram sent earlier.
pub struct Returned {
    /// Where that datagram was going.
    pub to: SocketAddr,
    /// The system's number for the error.
    pub os_code: i32,
}

#[cfg(target_os = "linux")]
mod linux {
    use super::{Arrival, Cut, Returned};
    use crate::net::family::as_shown;
    use nix::sys::socket::sockopt::{Ipv4RecvErr, Ipv6RecvErr, RxqOvfl};
    use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt};
    use std::io::{self, IoSliceMut};
    use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
    use std::os::fd::AsRawFd;
    use tokio::io::Interest;
    use tokio::net::UdpSocket;

    fn plain(address: Option<SockaddrStorage>) -> Option<SocketAddr> {
        let address = address?;
        if let Some(v4) = address.as_sockaddr_in() {
            return Some(SocketAddrV4::from(*v4).into());
        }
        address.as_sockaddr_in6().map(|v6| as_shown(SocketAddrV6::from(*v6).into()))
    }

    /// Asks for drop counts (SO_RXQ_OVFL) and for ICMP errors with their addresses (IP_RECVERR).
    pub fn enable(socket: &UdpSocket, local: SocketAddr) -> io::Result<()> {
        setsockopt(socket, RxqOvfl, &1)?;
        if local.is_ipv6() {
            setsockopt(socket, Ipv6RecvErr, &true)?;
            // What comes back for IPv4 targets has a switch of its own. A socket for IPv6 alone may refuse it: it has no such targets.
            setsockopt(socket, Ipv4RecvErr, &true).ok();
        } else {
            setsockopt(socket, Ipv4RecvErr, &true)?;
        }
        Ok(())
    }

    /// Reads one datagram without waiting.
    pub fn try_receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<Arrival> {
        let room = buffer.len();
        socket.try_io(Interest::READABLE, || {
            let mut parts = [IoSliceMut::new(buffer)];
            let mut control = nix::cmsg_space!(u32);
            // With MSG_TRUNC it returns how long the datagram was, also where the buffer is shorter (recv(2)).
            let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_TRUNC;
            let message = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags)?;
            let dropped = message.cmsgs()?.find_map(|item| match item {
                ControlMessageOwned::RxqOvfl(count) => Some(count),
                _ => None,
            });
            let from = plain(message.address).ok_or(io::ErrorKind::InvalidData)?;
            let whole = message.bytes;
            Ok(Arrival { length: whole.min(room), cut: (whole > room).then_some(Cut { whole: Some(whole) }), from, dropped })
        })
    }

    /// Takes one ICMP error from the socket's error queue without waiting.
    pub fn try_returned(socket: &UdpSocket) -> Option<Returned> {
        // Asked through tokio first, so that an empty queue ends the socket's readiness for errors: it would wake for ever.
        // Then the socket itself, because a send meets the error before epoll has told of it.
        let told = socket.try_io(Interest::ERROR, || receive_error(socket));
        told.or_else(|_| receive_error(socket)).ok()
    }

    fn receive_error(socket: &UdpSocket) -> io::Result<Returned> {
        let mut nothing = [0; 64];
        let mut parts = [IoSliceMut::new(&mut nothing)];
        let mut control = nix::cmsg_space!([u8; 128]);
        let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
        let message = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags)?;
        let to = plain(message.address).ok_or(io::ErrorKind::InvalidData)?;
        let os_code = message.cmsgs()?.find_map(|item| match item {
            ControlMessageOwned::Ipv4RecvErr(error, _) | ControlMessageOwned::Ipv6RecvErr(error, _) => Some(error.ee_errno),
            _ => None,
        });
        Ok(Returned { to, os_code: os_code.and_then(|code| i32::try_from(code).ok()).unwrap_or(0) })
    }

    /// The drop count as `/proc/net/udp` has it (its last column), for drops after which no datagram came any more.
    pub fn dropped(socket: &UdpSocket) -> Option<u32> {
        let inode = nix::sys::stat::fstat(socket).ok()?.st_ino.to_string();
        ["/proc/self/net/udp", "/proc/self/net/udp6"].iter().find_map(|table| {
            let text = std::fs::read_to_string(table).ok()?;
            let line = text.lines().skip(1).find(|line| line.split_whitespace().nth(9) == Some(&inode))?;
            line.split_whitespace().last()?.parse().ok()
        })
    }
}

#[cfg(target_os = "linux")]
pub use linux::{dropped, enable, try_receive, try_returned};

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use super::{Arrival, Cut, Returned};
    use crate::net::family::as_shown;
    use std::io;
    use std::net::SocketAddr;
    use tokio::net::UdpSocket;

    /// No datagram is longer.
    const LARGEST: usize = 65_535;

    pub fn enable(_socket: &UdpSocket, _local: SocketAddr) -> io::Result<()> {
        Ok(())
    }

    pub fn try_receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<Arrival> {
        let room = buffer.len();
        if room >= LARGEST {
            let (length, from) = socket.try_recv_from(buffer)?;
            return Ok(Arrival { length, cut: None, from: as_shown(from), dropped: None });
        }
        // One byte more than was asked for tells whether there was more; how much, nobody tells.
        let mut roomy = vec![0; room + 1];
        let (length, from) = socket.try_recv_from(&mut roomy)?;
        let kept = length.min(room);
        buffer[..kept].copy_from_slice(&roomy[..kept]);
        let cut = (length > room).then_some(Cut { whole: None });
        Ok(Arrival { length: kept, cut, from: as_shown(from), dropped: None })
    }

    pub fn try_returned(_socket: &UdpSocket) -> Option<Returned> {
        None
    }

    pub fn dropped(_socket: &UdpSocket) -> Option<u32> {
        None
    }
}

#[cfg(not(target_os = "linux"))]
pub use elsewhere::{dropped, enable, try_receive, try_returned};
