//! Who holds a local address, where the system tells. Must never be asked on the network thread itself: it reads all of /proc.

use crate::session::failure::Owner;
use netstat2::{AddressFamilyFlags, ProtocolFlags, ProtocolSocketInfo, TcpState, get_sockets_info};
use std::net::SocketAddr;

/// TCP or UDP.
#[derive(Clone, Copy)]
pub enum Protocol {
    /// Listening TCP sockets.
    Tcp,
    /// UDP sockets.
    Udp,
}

/// The process that holds `address` or a wildcard over it; `None` when the system does not tell (another user's process).
pub fn find(address: SocketAddr, protocol: Protocol) -> Option<Owner> {
    let flags = match protocol {
        Protocol::Tcp => ProtocolFlags::TCP,
        Protocol::Udp => ProtocolFlags::UDP,
    };
    let sockets = get_sockets_info(AddressFamilyFlags::IPV4 | AddressFamilyFlags::IPV6, flags).ok()?;
    let pid = sockets
        .iter()
        .filter(|socket| match &socket.protocol_socket_info {
            ProtocolSocketInfo::Tcp(tcp) => tcp.state == TcpState::Listen,
            ProtocolSocketInfo::Udp(_) => true,
        })
        .filter(|socket| {
            let held = socket.local_addr();
            socket.local_port() == address.port()
                && (held == address.ip() || held.is_unspecified() || address.ip().is_unspecified())
        })
        .find_map(|socket| socket.associated_pids.first().copied())?;
    Some(Owner { pid, name: process_name(pid) })
}

/// The process's name, where the system keeps it in a file.
pub fn process_name(pid: u32) -> Option<String> {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(name.trim().to_owned())
}
