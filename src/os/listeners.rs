//! Who listens on this machine: every port that is open to be connected or sent to, and the process that holds it where the system tells.
//! Must never be asked on a thread that others wait for: it reads all of /proc.

use crate::session::failure::Owner;
use netstat2::{AddressFamilyFlags, ProtocolFlags, ProtocolSocketInfo, TcpState, get_sockets_info};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// How a port is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// Listening.
    Tcp,
    /// Bound.
    Udp,
}

impl Transport {
    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        }
    }
}

/// An open port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// How it is reached.
    pub transport: Transport,
    /// Its address and port; unspecified means every address of the family.
    pub address: SocketAddr,
    /// The processes that hold it. Empty where the system does not tell: another user's.
    pub owners: Vec<Owner>,
}

/// All of them, by port.
///
/// # Errors
/// What the system says, in its own words.
pub fn list() -> Result<Vec<Listener>, String> {
    let families = AddressFamilyFlags::IPV4 | AddressFamilyFlags::IPV6;
    let sockets = get_sockets_info(families, ProtocolFlags::TCP | ProtocolFlags::UDP).map_err(|problem| problem.to_string())?;
    let mut names: BTreeMap<u32, Option<String>> = BTreeMap::new();
    let mut listeners: Vec<Listener> = Vec::new();
    for socket in sockets {
        let transport = match &socket.protocol_socket_info {
            ProtocolSocketInfo::Tcp(tcp) if tcp.state == TcpState::Listen => Transport::Tcp,
            ProtocolSocketInfo::Tcp(_) => continue,
            ProtocolSocketInfo::Udp(_) => Transport::Udp,
        };
        let mut owner = |pid: &u32| Owner { pid: *pid, name: names.entry(*pid).or_insert_with(|| process_name(*pid)).clone() };
        let owners = socket.associated_pids.iter().map(&mut owner).collect();
        let address = SocketAddr::new(socket.local_addr(), socket.local_port());
        listeners.push(Listener { transport, address, owners });
    }
    listeners.sort_by_key(|listener| (listener.address.port(), listener.transport, listener.address));
    listeners.dedup();
    Ok(listeners)
}

/// The process's name, where the system keeps it in a file.
fn process_name(pid: u32) -> Option<String> {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, UdpSocket};

    #[test]
    fn ones_own_sockets_are_among_them_with_ones_own_process() {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let all = list().unwrap();
        for (transport, address) in [(Transport::Tcp, tcp.local_addr().unwrap()), (Transport::Udp, udp.local_addr().unwrap())] {
            let found = all.iter().find(|listener| (listener.transport, listener.address) == (transport, address)).unwrap();
            assert!(found.owners.iter().any(|owner| owner.pid == std::process::id()), "{found:?}");
        }
        assert!(all.windows(2).all(|pair| pair[0].address.port() <= pair[1].address.port()));
    }
}
