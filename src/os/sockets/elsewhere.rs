//! Asking the other systems: addresses and states, which is what all of them tell. Their queues and timers are unknown here.

use super::{MOST_SOCKETS, belongs, failed};
use crate::session::ends::{Ends, Protocol};
use crate::session::failure::Failure;
use crate::session::sample::{Sample, TcpState};
use crate::session::timestamp::Timestamp;
use netstat2::{AddressFamilyFlags, ProtocolFlags, ProtocolSocketInfo, get_sockets_info};
use std::io;
use std::net::SocketAddr;

/// A way to ask.
pub struct Sockets;

impl Sockets {
    /// Opens it.
    ///
    /// # Errors
    /// None here.
    pub fn open() -> Result<Self, Failure> {
        Ok(Self)
    }

    /// What the system says about the sockets of these ends now.
    ///
    /// # Errors
    /// `inspect`, with what the system said.
    pub fn sample(&mut self, ends: &[Ends], at: Timestamp) -> Result<Vec<Sample>, Failure> {
        let families = AddressFamilyFlags::IPV4 | AddressFamilyFlags::IPV6;
        let sockets = get_sockets_info(families, ProtocolFlags::TCP | ProtocolFlags::UDP);
        let sockets = sockets.map_err(|problem| failed(&io::Error::other(problem.to_string())))?;
        let samples = sockets.iter().map(|socket| match &socket.protocol_socket_info {
            ProtocolSocketInfo::Tcp(tcp) => {
                let local = SocketAddr::new(tcp.local_addr.to_canonical(), tcp.local_port);
                let remote = SocketAddr::new(tcp.remote_addr.to_canonical(), tcp.remote_port);
                let remote = (remote.port() != 0).then_some(remote);
                Sample { state: state(tcp.state), ..Sample::new(at, Protocol::Tcp, local, remote) }
            }
            ProtocolSocketInfo::Udp(udp) => {
                let local = SocketAddr::new(udp.local_addr.to_canonical(), udp.local_port);
                Sample::new(at, Protocol::Udp, local, None)
            }
        });
        Ok(samples.filter(|sample| belongs(sample, ends)).take(MOST_SOCKETS).collect())
    }
}

fn state(state: netstat2::TcpState) -> Option<TcpState> {
    use netstat2::TcpState as Theirs;
    Some(match state {
        Theirs::Listen => TcpState::Listen,
        Theirs::SynSent => TcpState::SynSent,
        Theirs::SynReceived => TcpState::SynReceived,
        Theirs::Established => TcpState::Established,
        Theirs::FinWait1 => TcpState::FinWait1,
        Theirs::FinWait2 => TcpState::FinWait2,
        Theirs::CloseWait => TcpState::CloseWait,
        Theirs::Closing => TcpState::Closing,
        Theirs::LastAck => TcpState::LastAck,
        Theirs::TimeWait => TcpState::TimeWait,
        Theirs::Closed | Theirs::DeleteTcb => TcpState::Closed,
        Theirs::Unknown => return None,
    })
}
