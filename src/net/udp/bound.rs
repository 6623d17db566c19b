//! A UDP socket bound with its options, and its multicast groups. Must never read or write a datagram.

use super::super::owner::Protocol;
use super::super::{error, interface, socket};
use crate::session::failure::{Cause, Failure, Operation, OptionName};
use crate::session::spec::{DEFAULT_UDP_BUFFER, Membership, UdpSpec};
use socket2::{InterfaceIndexOrAddress, SockRef, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::net::UdpSocket;

/// Binds a socket as asked.
///
/// # Errors
/// The option or the address that the system refused.
pub async fn bind(spec: &UdpSpec) -> Result<UdpSocket, Failure> {
    let made = socket::new(spec.local, Type::DGRAM)?;
    let option =
        |name: &'static str| move |problem: io::Error| error::at(Operation::Option(OptionName(name)), spec.local, &problem);
    made.set_reuse_address(spec.reuse_address.is_on()).map_err(option("SO_REUSEADDR"))?;
    made.set_broadcast(spec.broadcast.is_on()).map_err(option("SO_BROADCAST"))?;
    let receive = spec.receive_buffer.unwrap_or(DEFAULT_UDP_BUFFER);
    made.set_recv_buffer_size(receive as usize).map_err(option("SO_RCVBUF"))?;
    if let Some(bytes) = spec.send_buffer {
        made.set_send_buffer_size(bytes as usize).map_err(option("SO_SNDBUF"))?;
    }
    if spec.local.is_ipv6() && spec.local.ip().is_unspecified() {
        // Both families, whatever the system's default is, as for a TCP server.
        made.set_only_v6(false).map_err(option("IPV6_V6ONLY"))?;
    }
    let looped = spec.multicast_loop.is_on();
    if spec.local.is_ipv4() {
        made.set_multicast_loop_v4(looped).map_err(option("IP_MULTICAST_LOOP"))?;
    } else {
        made.set_multicast_loop_v6(looped).map_err(option("IPV6_MULTICAST_LOOP"))?;
    }
    if let Some(hops) = spec.time_to_live.map(u32::from) {
        if spec.local.is_ipv4() {
            made.set_ttl_v4(hops).map_err(option("IP_TTL"))?;
            made.set_multicast_ttl_v4(hops).map_err(option("IP_MULTICAST_TTL"))?;
        } else {
            made.set_unicast_hops_v6(hops).map_err(option("IPV6_UNICAST_HOPS"))?;
            made.set_multicast_hops_v6(hops).map_err(option("IPV6_MULTICAST_HOPS"))?;
        }
    }
    if let Err(problem) = made.bind(&spec.local.into()) {
        return Err(error::at_local(Operation::Bind, spec.local, Protocol::Udp, &problem).await);
    }
    // Groups are reached through the interface that the user bound to; without this the routing table decides.
    // After the bind, which has the better words for an address that is not this machine's.
    if let IpAddr::V4(address) = spec.local.ip()
        && !address.is_unspecified()
        && !address.is_multicast()
    {
        match made.set_multicast_if_v4(&address) {
            // A broadcast address can be bound and is no interface's own; then the routing table decides.
            Err(problem) if problem.kind() == io::ErrorKind::AddrNotAvailable => {}
            other => other.map_err(option("IP_MULTICAST_IF"))?,
        }
    }
    UdpSocket::from_std(made.into()).map_err(|problem| error::at(Operation::Bind, spec.local, &problem))
}

/// Joins or leaves a group.
pub async fn change_membership(
    socket: &UdpSocket,
    local: SocketAddr,
    operation: Operation,
    membership: &Membership,
) -> Result<(), Failure> {
    let failure = |cause, os_code| Failure { operation, address: membership.to_string(), cause, os_code };
    let wanted = membership.clone();
    // It reads the system's list of interfaces, which may take its time.
    let found = tokio::task::spawn_blocking(move || interface::of_membership(&wanted)).await.ok().flatten();
    let (index, address) = found.ok_or_else(|| failure(Cause::AddressNotAvailable, None))?;
    let socket = SockRef::from(socket);
    let result = match membership.group {
        IpAddr::V4(group) => {
            let on = if index == 0 {
                InterfaceIndexOrAddress::Address(default_interface(local))
            } else {
                InterfaceIndexOrAddress::Index(index)
            };
            let done = match operation {
                Operation::Join => socket.join_multicast_v4_n(&group, &on),
                _ => socket.leave_multicast_v4_n(&group, &on),
            };
            // What goes to the group should leave where the group was joined.
            if operation == Operation::Join && index != 0 && !address.is_unspecified() {
                done.and_then(|()| socket.set_multicast_if_v4(&address))
            } else {
                done
            }
        }
        IpAddr::V6(group) => {
            let done = match operation {
                Operation::Join => socket.join_multicast_v6(&group, index),
                _ => socket.leave_multicast_v6(&group, index),
            };
            if operation == Operation::Join && index != 0 { done.and_then(|()| socket.set_multicast_if_v6(index)) } else { done }
        }
    };
    result.map_err(|problem| failure(error::cause(&problem, operation, None), problem.raw_os_error()))
}

/// Without a choice a group is joined on the interface that the user bound to.
fn default_interface(local: SocketAddr) -> Ipv4Addr {
    match local.ip() {
        IpAddr::V4(address) if !address.is_multicast() => address,
        _ => Ipv4Addr::UNSPECIFIED,
    }
}
