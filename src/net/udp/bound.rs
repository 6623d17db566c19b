//! A UDP socket bound with its options, and its multicast groups. Must never read or write a datagram.

use super::super::calls::{self, Trace};
use super::super::owner::Protocol;
use super::super::{error, interface, socket};
use crate::session::call::Function;
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
pub async fn bind(spec: &UdpSpec, trace: &mut Trace) -> Result<UdpSocket, Failure> {
    let made = socket::new(spec.local, Type::DGRAM, trace)?;
    let option =
        |name: &'static str| move |problem: io::Error| error::at(Operation::Option(OptionName(name)), spec.local, &problem);
    let (reuse, broadcast) = (spec.reuse_address.is_on(), spec.broadcast.is_on());
    let set = trace.option("SOL_SOCKET, SO_REUSEADDR", u8::from(reuse), || made.set_reuse_address(reuse));
    set.map_err(option("SO_REUSEADDR"))?;
    let set = trace.option("SOL_SOCKET, SO_BROADCAST", u8::from(broadcast), || made.set_broadcast(broadcast));
    set.map_err(option("SO_BROADCAST"))?;
    let receive = spec.receive_buffer.unwrap_or(DEFAULT_UDP_BUFFER);
    let set = trace.option("SOL_SOCKET, SO_RCVBUF", receive, || made.set_recv_buffer_size(receive as usize));
    set.map_err(option("SO_RCVBUF"))?;
    if let Some(bytes) = spec.send_buffer {
        let set = trace.option("SOL_SOCKET, SO_SNDBUF", bytes, || made.set_send_buffer_size(bytes as usize));
        set.map_err(option("SO_SNDBUF"))?;
    }
    if spec.local.is_ipv6() && spec.local.ip().is_unspecified() {
        // Both families, whatever the system's default is, as for a TCP server.
        trace.option("SOL_IPV6, IPV6_V6ONLY", 0, || made.set_only_v6(false)).map_err(option("IPV6_V6ONLY"))?;
    }
    let looped = spec.multicast_loop.is_on();
    if spec.local.is_ipv4() {
        let set = trace.option("SOL_IP, IP_MULTICAST_LOOP", u8::from(looped), || made.set_multicast_loop_v4(looped));
        set.map_err(option("IP_MULTICAST_LOOP"))?;
    } else {
        let set = trace.option("SOL_IPV6, IPV6_MULTICAST_LOOP", u8::from(looped), || made.set_multicast_loop_v6(looped));
        set.map_err(option("IPV6_MULTICAST_LOOP"))?;
    }
    if let Some(hops) = spec.time_to_live.map(u32::from) {
        if spec.local.is_ipv4() {
            trace.option("SOL_IP, IP_TTL", hops, || made.set_ttl_v4(hops)).map_err(option("IP_TTL"))?;
            let set = trace.option("SOL_IP, IP_MULTICAST_TTL", hops, || made.set_multicast_ttl_v4(hops));
            set.map_err(option("IP_MULTICAST_TTL"))?;
        } else {
            let set = trace.option("SOL_IPV6, IPV6_UNICAST_HOPS", hops, || made.set_unicast_hops_v6(hops));
            set.map_err(option("IPV6_UNICAST_HOPS"))?;
            let set = trace.option("SOL_IPV6, IPV6_MULTICAST_HOPS", hops, || made.set_multicast_hops_v6(hops));
            set.map_err(option("IPV6_MULTICAST_HOPS"))?;
        }
    }
    let arguments = calls::address(spec.local.into());
    if let Err(problem) = trace.call(Function::Bind, &arguments, || made.bind(&spec.local.into())) {
        return Err(error::at_local(Operation::Bind, spec.local, Protocol::Udp, &problem).await);
    }
    // Groups are reached through the interface that the user bound to; without this the routing table decides.
    // After the bind, which has the better words for an address that is not this machine's.
    if let IpAddr::V4(address) = spec.local.ip()
        && !address.is_unspecified()
        && !address.is_multicast()
    {
        let set = trace.option("SOL_IP, IP_MULTICAST_IF", address, || made.set_multicast_if_v4(&address));
        match set {
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
    trace: &mut Trace,
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
            let joins = operation == Operation::Join;
            let name = if joins { "IP_ADD_MEMBERSHIP" } else { "IP_DROP_MEMBERSHIP" };
            let arguments = format!("SOL_IP, {name}, {{imr_multiaddr=inet_addr(\"{group}\"), imr_ifindex={index}}}, 12");
            let done = trace.call(Function::SetSockOpt, &arguments, || {
                if joins { socket.join_multicast_v4_n(&group, &on) } else { socket.leave_multicast_v4_n(&group, &on) }
            });
            // What goes to the group should leave where the group was joined.
            if operation == Operation::Join && index != 0 && !address.is_unspecified() {
                done.and_then(|()| socket.set_multicast_if_v4(&address))
            } else {
                done
            }
        }
        IpAddr::V6(group) => {
            let joins = operation == Operation::Join;
            let name = if joins { "IPV6_JOIN_GROUP" } else { "IPV6_LEAVE_GROUP" };
            let arguments = format!("SOL_IPV6, {name}, {{ipv6mr_multiaddr=\"{group}\", ipv6mr_interface={index}}}, 20");
            let done = trace.call(Function::SetSockOpt, &arguments, || {
                if joins { socket.join_multicast_v6(&group, index) } else { socket.leave_multicast_v6(&group, index) }
            });
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
