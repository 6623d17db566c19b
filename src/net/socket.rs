//! Sockets made and set up, before anything travels. Must never read or write one.

use super::calls::{self, Trace};
use super::error;
use crate::session::address::Address;
use crate::session::failure::{Failure, Operation, OptionName};
use crate::session::spec::TcpOptions;
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// A non-blocking socket of the address's family.
pub fn new(address: SocketAddr, kind: Type, trace: &mut Trace) -> Result<Socket, Failure> {
    let (protocol, words) = if kind == Type::DGRAM {
        (Protocol::UDP, "SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_UDP")
    } else {
        (Protocol::TCP, "SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP")
    };
    let make = || -> io::Result<Socket> {
        let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    };
    let arguments = format!("{}, {words}", calls::family(address));
    trace.socket(&arguments, make).map_err(|problem| error::at(Operation::Socket, address, &problem))
}

/// Sets the options of a connected or connecting TCP socket.
///
/// # Errors
/// `Option` with the option's name.
pub fn apply(socket: &SockRef<'_>, options: &TcpOptions, address: impl Into<Address>, trace: &mut Trace) -> Result<(), Failure> {
    let address = address.into();
    let named = |name: &'static str| move |problem: io::Error| error::at(Operation::Option(OptionName(name)), address, &problem);
    let no_delay = options.no_delay.is_on();
    let set = trace.option("SOL_TCP, TCP_NODELAY", u8::from(no_delay), || socket.set_tcp_nodelay(no_delay));
    set.map_err(named("TCP_NODELAY"))?;
    if let Some(idle) = options.keep_alive {
        let probes = TcpKeepalive::new().with_time(idle).with_interval(probe_interval(idle));
        // With it TCP_KEEPIDLE and TCP_KEEPINTVL.
        let set = trace.option("SOL_SOCKET, SO_KEEPALIVE", 1, || socket.set_tcp_keepalive(&probes));
        set.map_err(named("SO_KEEPALIVE"))?;
    }
    if let Some(bytes) = options.receive_buffer {
        let set = trace.option("SOL_SOCKET, SO_RCVBUF", bytes, || socket.set_recv_buffer_size(bytes as usize));
        set.map_err(named("SO_RCVBUF"))?;
    }
    if let Some(bytes) = options.send_buffer {
        let set = trace.option("SOL_SOCKET, SO_SNDBUF", bytes, || socket.set_send_buffer_size(bytes as usize));
        set.map_err(named("SO_SNDBUF"))?;
    }
    Ok(())
}

/// Probes follow each other faster than the silence that starts them (RFC 9293 section 3.8.4 leaves it open), within 1 s to 75 s.
fn probe_interval(idle: Duration) -> Duration {
    (idle / 4).clamp(Duration::from_secs(1), Duration::from_secs(75))
}
