//! Whose traffic, and the state of whose sockets, is looked at: the ends of a conversation, as far as they are known. Must never look.

pub use super::spec::Protocol;
use std::net::SocketAddr;

/// The ends of one conversation, or of all that one socket has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ends {
    /// One conversation.
    Both {
        /// Over what.
        protocol: Protocol,
        /// This end.
        local: SocketAddr,
        /// The other end.
        remote: SocketAddr,
    },
    /// Whoever talks to this socket of ours: one that listens, or one for datagrams. An unspecified address is any of this machine's.
    Local {
        /// Over what.
        protocol: Protocol,
        /// Where it is bound.
        local: SocketAddr,
    },
    /// The same for an address that a socket of ours is asked to take and may not get: another program may have it.
    Asked {
        /// Over what.
        protocol: Protocol,
        /// Where it is to be bound.
        local: SocketAddr,
    },
    /// A conversation that is about to begin with that end; which local port it will have is not known yet.
    Remote {
        /// Over what.
        protocol: Protocol,
        /// Where it will go.
        remote: SocketAddr,
    },
}

impl Ends {
    /// Over what.
    pub fn protocol(self) -> Protocol {
        match self {
            Self::Both { protocol, .. }
            | Self::Local { protocol, .. }
            | Self::Asked { protocol, .. }
            | Self::Remote { protocol, .. } => protocol,
        }
    }

    /// This end, where it is known.
    pub fn local(self) -> Option<SocketAddr> {
        match self {
            Self::Both { local, .. } | Self::Local { local, .. } | Self::Asked { local, .. } => Some(local),
            Self::Remote { .. } => None,
        }
    }

    /// The other end, where there is one.
    pub fn remote(self) -> Option<SocketAddr> {
        match self {
            Self::Both { remote, .. } | Self::Remote { remote, .. } => Some(remote),
            Self::Local { .. } | Self::Asked { .. } => None,
        }
    }

    /// Whether a conversation is of it between `here`, an address of this machine, and `there`, which may be one too.
    ///
    /// An unspecified address is any of this machine's and of no other's: a server on `0.0.0.0:80` has nothing to do with what another
    /// program says to port 80 of another machine.
    pub fn hold(self, protocol: Protocol, here: SocketAddr, there: SocketAddr) -> bool {
        let way = |near: SocketAddr, far: SocketAddr| {
            self.local().is_none_or(|local| names(local, near)) && self.remote().is_none_or(|remote| names(remote, far))
        };
        let turned = !self.is_anywhere() || is_within(here, there);
        self.protocol() == protocol && (way(here, there) || turned && way(there, here))
    }

    /// Whether this end is any address of this machine.
    pub fn is_anywhere(self) -> bool {
        self.local().is_some_and(|local| local.ip().to_canonical().is_unspecified())
    }

    /// Whether a socket that is bound and has no other end is at one of its ends.
    pub fn is_at(self, protocol: Protocol, bound: SocketAddr) -> bool {
        let same = |end: SocketAddr| names(end, bound) || names(bound, end);
        // What listens everywhere here does not listen at another machine's address.
        let here = |remote: SocketAddr| match self.local() {
            Some(local) => is_within(local, remote) || names(remote, bound),
            None => remote.ip().to_canonical().is_loopback() || names(remote, bound),
        };
        self.protocol() == protocol
            && (self.local().is_some_and(same) || self.remote().is_some_and(|remote| same(remote) && here(remote)))
    }
}

/// Whether both ends are on one machine: the other is a loopback address, or this one itself.
fn is_within(here: SocketAddr, there: SocketAddr) -> bool {
    let (here, there) = (here.ip().to_canonical(), there.ip().to_canonical());
    there.is_loopback() || here == there
}

/// Whether `address` is what `named` names: the same port, and the same address or any. What a dual-stack socket calls `::ffff:10.0.0.1`
/// is `10.0.0.1`, and `[::]` is every address of both families; a zone tells addresses apart only where both have one.
pub fn names(named: SocketAddr, address: SocketAddr) -> bool {
    if named.port() != address.port() {
        return false;
    }
    let (ip, other) = (named.ip().to_canonical(), address.ip().to_canonical());
    if ip.is_unspecified() {
        return ip.is_ipv6() || other.is_ipv4();
    }
    ip == other
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn who_is_meant() {
        let both = |local, remote| Ends::Both { protocol: Protocol::Tcp, local: at(local), remote: at(remote) };
        let local = |local| Ends::Local { protocol: Protocol::Tcp, local: at(local) };
        let remote = |remote| Ends::Remote { protocol: Protocol::Tcp, remote: at(remote) };
        let table = [
            (both("127.0.0.1:5", "127.0.0.1:80"), "127.0.0.1:5", "127.0.0.1:80", true),
            (both("127.0.0.1:5", "127.0.0.1:80"), "127.0.0.1:80", "127.0.0.1:5", true),
            (both("127.0.0.1:5", "127.0.0.1:80"), "127.0.0.1:6", "127.0.0.1:80", false),
            (both("[::ffff:10.0.0.1]:5", "10.0.0.2:80"), "10.0.0.2:80", "10.0.0.1:5", true),
            (local("127.0.0.1:80"), "127.0.0.1:80", "127.0.0.1:7", true),
            (local("127.0.0.1:80"), "127.0.0.2:80", "127.0.0.1:7", false),
            (local("0.0.0.0:80"), "127.0.0.2:80", "127.0.0.1:7", true),
            (local("0.0.0.0:80"), "127.0.0.1:7", "127.0.0.2:80", true),
            (local("0.0.0.0:80"), "10.0.0.1:7", "10.0.0.1:80", true),
            // Another program, on its way to another machine.
            (local("0.0.0.0:80"), "10.0.0.1:7", "10.0.0.2:80", false),
            (local("10.0.0.1:80"), "10.0.0.1:7", "10.0.0.2:80", false),
            (local("0.0.0.0:80"), "[::1]:80", "[::1]:7", false),
            (local("[::]:80"), "127.0.0.2:80", "127.0.0.1:7", true),
            (local("[::]:80"), "[::1]:7", "[::1]:80", true),
            (remote("10.0.0.2:80"), "10.0.0.1:5", "10.0.0.2:80", true),
            (remote("10.0.0.2:80"), "10.0.0.1:80", "10.0.0.2:5", false),
        ];
        for (ends, one, other, expected) in table {
            assert_eq!(ends.hold(Protocol::Tcp, at(one), at(other)), expected, "{ends:?} {one} {other}");
            assert!(!ends.hold(Protocol::Udp, at(one), at(other)));
        }
    }

    #[test]
    fn who_listens_at_one_of_the_ends() {
        let tcp = Protocol::Tcp;
        let both = |local, remote| Ends::Both { protocol: tcp, local: at(local), remote: at(remote) };
        let table = [
            (both("127.0.0.1:5", "127.0.0.1:80"), "0.0.0.0:80", true),
            (both("127.0.0.1:5", "127.0.0.1:80"), "127.0.0.1:80", true),
            (both("127.0.0.1:5", "127.0.0.1:80"), "127.0.0.2:80", false),
            (both("10.0.0.1:5", "10.0.0.1:80"), "[::]:80", true),
            // That port of another machine.
            (both("10.0.0.1:5", "10.0.0.2:80"), "0.0.0.0:80", false),
            (Ends::Local { protocol: tcp, local: at("0.0.0.0:80") }, "0.0.0.0:80", true),
            (Ends::Remote { protocol: tcp, remote: at("127.0.0.1:80") }, "0.0.0.0:80", true),
            (Ends::Remote { protocol: tcp, remote: at("10.0.0.2:80") }, "0.0.0.0:80", false),
        ];
        for (ends, bound, expected) in table {
            assert_eq!(ends.is_at(tcp, at(bound)), expected, "{ends:?} {bound}");
        }
    }
}
