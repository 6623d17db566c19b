//! One IP packet with a made-up header. Must never split a payload: it is handed one that fits.

use crate::session::address::{Address, UnixPath};
use crate::session::id::{ConnectionId, Peer};
use etherparse::err::packet::BuildWriteError;
use etherparse::{PacketBuilder, TcpHeader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Hops left, as most systems send it.
const HOPS: u8 = 64;
/// The most payload of a TCP packet: 65,535 less the headers of IPv4 and TCP without options; IPv6 could carry 20 bytes more.
pub const LARGEST_SEGMENT: usize = 65_535 - 20 - 20;
/// The most payload of a UDP packet (RFC 768, RFC 791).
pub const LARGEST_DATAGRAM: usize = crate::session::spec::LARGEST_DATAGRAM;

/// From where to where; both of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The sender.
    pub source: SocketAddr,
    /// The receiver.
    pub destination: SocketAddr,
}

/// Appends a UDP packet.
///
/// # Errors
/// When the payload is larger than [`LARGEST_DATAGRAM`].
pub fn udp(route: Route, payload: &[u8], out: &mut Vec<u8>) -> Result<(), BuildWriteError> {
    let (source, destination) = (route.source.port(), route.destination.port());
    match (route.source.ip(), route.destination.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            PacketBuilder::ipv4(from.octets(), to.octets(), HOPS).udp(source, destination).write(out, payload)
        }
        (from, to) => {
            let (from, to) = (v6(from).octets(), v6(to).octets());
            PacketBuilder::ipv6(from, to, HOPS).udp(source, destination).write(out, payload)
        }
    }
}

/// Appends a TCP packet; the ports and the checksum of `header` are filled in here.
///
/// # Errors
/// When the payload is larger than [`LARGEST_SEGMENT`] (less the header's options).
pub fn tcp(route: Route, mut header: TcpHeader, payload: &[u8], out: &mut Vec<u8>) -> Result<(), BuildWriteError> {
    (header.source_port, header.destination_port) = (route.source.port(), route.destination.port());
    match (route.source.ip(), route.destination.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            PacketBuilder::ipv4(from.octets(), to.octets(), HOPS).tcp_header(header).write(out, payload)
        }
        (from, to) => {
            let (from, to) = (v6(from).octets(), v6(to).octets());
            PacketBuilder::ipv6(from, to, HOPS).tcp_header(header).write(out, payload)
        }
    }
}

fn v6(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}

/// The peer's address as packets have it: what a dual-stack socket calls `::ffff:10.0.0.1` travels as IPv4.
pub fn on_the_wire(peer: SocketAddr) -> SocketAddr {
    SocketAddr::new(peer.ip().to_canonical(), peer.port())
}

/// What stands in packets for the ends of Unix-domain sockets, which have none: a corner of the loopback network that nobody uses (85 is
/// the letter U), this end as `.1` and the peer as `.2`.
const UNIX_LOCAL: Ipv4Addr = Ipv4Addr::new(127, 85, 0, 1);
const UNIX_PEER: Ipv4Addr = Ipv4Addr::new(127, 85, 0, 2);

/// This end as packets have it.
pub fn stand_in(local: Address) -> SocketAddr {
    match local {
        Address::Ip(address) => address,
        Address::Unix(path) => (UNIX_LOCAL, made_up_port(path)).into(),
    }
}

/// A peer as packets have it. Each connection of a Unix-domain socket has a port of its own, so that Wireshark can tell and follow them.
pub fn stand_in_for(peer: Peer) -> SocketAddr {
    match (peer.address, peer.connection) {
        (Address::Ip(address), _) => address,
        (Address::Unix(_), Some(ConnectionId(id))) => (UNIX_PEER, (id % u32::from(u16::MAX)) as u16 + 1).into(),
        (Address::Unix(path), None) => (UNIX_PEER, made_up_port(path)).into(),
    }
}

/// The same port for the same place, never 0; two places may share one.
fn made_up_port(path: UnixPath) -> u16 {
    let hash = path.as_bytes().iter().fold(path.number(), |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(*byte)));
    (hash % u32::from(u16::MAX)) as u16 + 1
}

/// This end's address in packets to or from `peer` (as [`on_the_wire`]). Where the socket is bound to any address, the one that the
/// system chose is not known: a loopback peer leaves only loopback, for all others the unspecified address says that it is unknown.
pub fn local_for(local: Option<SocketAddr>, peer: SocketAddr) -> SocketAddr {
    let port = local.map_or(0, |local| local.port());
    let known = local.map(|local| local.ip().to_canonical());
    let ip = match known {
        Some(ip) if !ip.is_unspecified() && ip.is_ipv4() == peer.is_ipv4() => ip,
        _ => match peer.ip() {
            IpAddr::V4(ip) if ip.is_loopback() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_loopback() => Ipv6Addr::LOCALHOST.into(),
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        },
    };
    SocketAddr::new(ip, port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_this_end() {
        let table = [
            (Some("10.0.0.2:5"), "10.0.0.9:80", "10.0.0.2:5"),
            (Some("0.0.0.0:5"), "127.0.0.1:80", "127.0.0.1:5"),
            (Some("0.0.0.0:5"), "10.0.0.9:80", "0.0.0.0:5"),
            (Some("[::]:5"), "10.0.0.9:80", "0.0.0.0:5"),
            (Some("[::]:5"), "[::1]:80", "[::1]:5"),
            (Some("[::ffff:10.0.0.2]:5"), "10.0.0.9:80", "10.0.0.2:5"),
            (None, "127.0.0.1:80", "127.0.0.1:0"),
            (None, "[2001:db8::1]:80", "[::]:0"),
        ];
        for (local, peer, expected) in table {
            let local = local.map(|local| local.parse().unwrap());
            assert_eq!(local_for(local, peer.parse().unwrap()), expected.parse().unwrap(), "{local:?} {peer}");
        }
    }
}
