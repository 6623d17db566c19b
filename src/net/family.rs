//! IPv4 peers of IPv6 sockets: as they are shown, and as the socket takes them. Must never know which socket it is.

use std::net::SocketAddr;

/// An IPv4 peer of an IPv6 socket as people know it: `127.0.0.1` and not `::ffff:127.0.0.1` (RFC 4291 section 2.5.5.2).
pub fn as_shown(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V6(v6) => match v6.ip().to_ipv4_mapped() {
            Some(ip) => SocketAddr::new(ip.into(), v6.port()),
            None => address,
        },
        SocketAddr::V4(_) => address,
    }
}

/// The same address as the socket's family takes it: only Linux lets an IPv6 socket send to a plain IPv4 address.
pub fn as_sent(address: SocketAddr, socket: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if socket.is_ipv6() => SocketAddr::new(v4.ip().to_ipv6_mapped().into(), v4.port()),
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv4_peers_of_an_ipv6_socket() {
        let read = |text: &str| text.parse::<SocketAddr>().unwrap();
        let (v4, mapped, v6) = (read("127.0.0.1:9"), read("[::ffff:127.0.0.1]:9"), read("[::1]:9"));
        assert_eq!([v4, mapped, v6].map(as_shown), [v4, v4, v6]);
        assert_eq!([v4, v6].map(|to| as_sent(to, v6)), [mapped, v6]);
        assert_eq!([v4, v6].map(|to| as_sent(to, v4)), [v4, v6], "the system says that it can't");
    }
}
