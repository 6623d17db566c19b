//! What to open: roles, addresses, socket options. Parsed once by whoever asks, valid afterwards. Must never open anything.

use super::address::{Endpoint, UnixPath};
use super::impairment::Impairment;
use super::reply::Reply;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// The kinds of session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Connects to one peer.
    TcpClient,
    /// Listens and accepts many.
    TcpServer,
    /// Sends and receives datagrams.
    Udp,
    /// Forwards between those who connect to it and one target.
    Relay,
    /// Connects to one Unix-domain stream socket.
    UnixClient,
    /// Listens on a Unix-domain stream socket.
    UnixServer,
    /// Sends and receives Unix-domain datagrams.
    UnixDatagram,
}

impl Role {
    /// Those that this system has, in the order of menus.
    #[cfg(unix)]
    pub const HERE: &'static [Self] =
        &[Self::TcpClient, Self::TcpServer, Self::Udp, Self::Relay, Self::UnixClient, Self::UnixServer, Self::UnixDatagram];
    /// Those that this system has, in the order of menus.
    #[cfg(not(unix))]
    pub const HERE: &'static [Self] = &[Self::TcpClient, Self::TcpServer, Self::Udp, Self::Relay];

    /// Whether it connects to one peer.
    pub fn is_client(self) -> bool {
        matches!(self, Self::TcpClient | Self::UnixClient)
    }

    /// Whether it accepts many, whom it can send to one by one.
    pub fn is_server(self) -> bool {
        matches!(self, Self::TcpServer | Self::UnixServer)
    }

    /// Whether it sends messages with boundaries, which may be empty.
    pub fn is_datagram(self) -> bool {
        matches!(self, Self::Udp | Self::UnixDatagram)
    }

    /// Whether its places are paths.
    pub fn is_unix(self) -> bool {
        matches!(self, Self::UnixClient | Self::UnixServer | Self::UnixDatagram)
    }
}

/// Everything needed to open one session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SessionSpec {
    /// See [`TcpClientSpec`].
    TcpClient(TcpClientSpec),
    /// See [`TcpServerSpec`].
    TcpServer(TcpServerSpec),
    /// See [`UdpSpec`].
    Udp(UdpSpec),
    /// See [`RelaySpec`].
    Relay(RelaySpec),
    /// See [`UnixClientSpec`].
    UnixClient(UnixClientSpec),
    /// See [`UnixServerSpec`].
    UnixServer(UnixServerSpec),
    /// See [`UnixDatagramSpec`].
    UnixDatagram(UnixDatagramSpec),
}

impl SessionSpec {
    /// Which it is.
    pub fn role(&self) -> Role {
        match self {
            Self::TcpClient(_) => Role::TcpClient,
            Self::TcpServer(_) => Role::TcpServer,
            Self::Udp(_) => Role::Udp,
            Self::Relay(_) => Role::Relay,
            Self::UnixClient(_) => Role::UnixClient,
            Self::UnixServer(_) => Role::UnixServer,
            Self::UnixDatagram(_) => Role::UnixDatagram,
        }
    }
}

/// On or off, where a bare `bool` argument would say nothing at the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Switch {
    /// Enabled.
    On,
    /// Disabled.
    #[default]
    Off,
}

impl Switch {
    /// `true` when on.
    pub fn is_on(self) -> bool {
        self == Self::On
    }
}

impl From<bool> for Switch {
    fn from(on: bool) -> Self {
        if on { Self::On } else { Self::Off }
    }
}

/// Options of every TCP socket of a session. `None` leaves the system's value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TcpOptions {
    /// TCP_NODELAY: send small segments at once (RFC 9293 section 3.7.4 is Nagle's algorithm, which it turns off).
    pub no_delay: Switch,
    /// SO_KEEPALIVE: probe after this much silence.
    pub keep_alive: Option<Duration>,
    /// SO_RCVBUF in bytes.
    pub receive_buffer: Option<u32>,
    /// SO_SNDBUF in bytes.
    pub send_buffer: Option<u32>,
    /// What to do when the peer has sent its FIN.
    pub after_peer_fin: AfterPeerFin,
    /// How it reads.
    #[serde(default)]
    pub reading: Reading,
}

/// How a socket is read: as fast and as much as it goes, unless someone wants to see what happens otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The most that one read takes, in bytes; `None` for as much as there is room for. A datagram that is longer is cut, and that is told.
    pub size: Option<u32>,
    /// How long it rests after each read; `None` for not at all.
    pub pause: Option<Duration>,
    /// Whether it does not read at all. What arrives waits in the system's buffer; when that is full, TCP's window is closed, and datagrams
    /// are dropped and counted.
    #[serde(default)]
    pub held: Switch,
}

/// What a connection does once the peer will send no more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AfterPeerFin {
    /// Send what is queued, then close this side too. What people expect of a tool.
    #[default]
    Close,
    /// Stay in CLOSE_WAIT and go on sending until the user closes.
    StayOpen,
}

/// A TCP client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TcpClientSpec {
    /// Where to connect.
    pub remote: Endpoint,
    /// The local address and port to connect from; `None` lets the system choose.
    pub local: Option<SocketAddr>,
    /// For each address tried.
    pub connect_timeout: Duration,
    /// Whether to come back after a failure or a loss.
    pub reconnect: Option<Backoff>,
    /// Socket options.
    pub options: TcpOptions,
    /// Answers given without being asked.
    pub reply: Option<Reply>,
}

/// How long to wait before each new try: doubling from `first` up to `longest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backoff {
    /// Before the first new try.
    pub first: Duration,
    /// The waits stop growing here.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(500), longest: Duration::from_secs(30) }
    }
}

impl Backoff {
    /// The wait before try number `attempt` (from 1).
    pub fn wait(self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(16);
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }
}

/// A TCP server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TcpServerSpec {
    /// Where to listen; port 0 lets the system choose.
    pub local: SocketAddr,
    /// `listen`'s second argument. On Linux it bounds the accept queue (and is itself clamped by `net.core.somaxconn`).
    pub backlog: u32,
    /// SO_REUSEADDR: listen although connections of an earlier run are still in TIME_WAIT.
    pub reuse_address: Switch,
    /// Options of every accepted socket.
    pub options: TcpOptions,
    /// Answers given without being asked.
    pub reply: Option<Reply>,
}

/// The backlog offered by default: a full accept queue costs a client a second (its SYN is sent again after 1 s).
pub const DEFAULT_BACKLOG: u32 = 4096;

/// A UDP socket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UdpSpec {
    /// Where to bind; port 0 lets the system choose.
    pub local: SocketAddr,
    /// Where datagrams go unless the send says otherwise.
    pub remote: Option<Endpoint>,
    /// SO_BROADCAST: without it a datagram to a broadcast address is refused (EACCES).
    pub broadcast: Switch,
    /// Groups joined at the start.
    pub groups: Vec<Membership>,
    /// IP_TTL / IPV6_UNICAST_HOPS, and the same for multicast; `None` leaves the system's (64, multicast 1).
    pub time_to_live: Option<u8>,
    /// IP_MULTICAST_LOOP: whether this machine's own members receive what is sent from here.
    pub multicast_loop: Switch,
    /// SO_REUSEADDR, so that several programs can join a group on one port.
    pub reuse_address: Switch,
    /// SO_RCVBUF in bytes; `None` asks for [`DEFAULT_UDP_BUFFER`].
    pub receive_buffer: Option<u32>,
    /// SO_SNDBUF in bytes.
    pub send_buffer: Option<u32>,
    /// How it reads.
    #[serde(default)]
    pub reading: Reading,
    /// Answers given without being asked.
    pub reply: Option<Reply>,
}

/// A relay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RelaySpec {
    /// What it forwards.
    pub protocol: Protocol,
    /// Where it listens; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Where it forwards to.
    pub to: Endpoint,
    /// What it does to what passes.
    #[serde(default)]
    pub impairment: Impairment,
}

/// The two transport protocols.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// RFC 9293.
    #[default]
    Tcp,
    /// RFC 768.
    Udp,
}

/// A client of a Unix-domain stream socket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnixClientSpec {
    /// Where to connect.
    pub path: UnixPath,
    /// Where to bind before that; `None` for nowhere, as most clients do: then the server sees no name.
    #[serde(default)]
    pub local: Option<UnixPath>,
    /// Whether a socket file that stands there and that nobody has any more is replaced.
    #[serde(default)]
    pub replace_stale: Switch,
    /// What to do when the peer has shut its side.
    pub after_peer_fin: AfterPeerFin,
    /// Whether to come back after a failure or a loss.
    pub reconnect: Option<Backoff>,
    /// Answers given without being asked.
    pub reply: Option<Reply>,
}

/// A server on a Unix-domain stream socket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnixServerSpec {
    /// Where to listen.
    pub path: UnixPath,
    /// `listen`'s second argument.
    pub backlog: u32,
    /// Whether a socket file that nobody listens on any more is replaced.
    pub replace_stale: Switch,
    /// What to do when a peer has shut its side.
    pub after_peer_fin: AfterPeerFin,
    /// Answers given without being asked.
    pub reply: Option<Reply>,
}

/// A Unix-domain datagram socket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnixDatagramSpec {
    /// Where to bind; `None` for nowhere: then nobody can answer.
    pub path: Option<UnixPath>,
    /// Where datagrams go unless the send says otherwise.
    pub remote: Option<UnixPath>,
    /// Whether a socket file that nobody has bound any more is replaced.
    pub replace_stale: Switch,
    /// SO_SNDBUF in bytes, which bounds a datagram's length (unix(7)).
    #[serde(default)]
    pub send_buffer: Option<u32>,
    /// Answers given without being asked.
    pub reply: Option<Reply>,
}

/// What a UDP session asks the system to hold for it: with the default of about 208 KiB the kernel drops first under a burst.
pub const DEFAULT_UDP_BUFFER: u32 = 4 << 20;

/// The largest UDP payload over IPv4: 65,535 less 20 bytes of IP and 8 of UDP header (RFC 768, RFC 791).
pub const LARGEST_DATAGRAM: usize = 65_507;

/// A multicast group and the interface to join it on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Membership {
    /// 224.0.0.0/4 or ff00::/8.
    pub group: IpAddr,
    /// The interface's name or one of its addresses; `None` lets the system choose.
    pub interface: Option<String>,
}

/// What is wrong with a typed group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a multicast group (224.0.0.0 to 239.255.255.255, or ff00::/8)")]
pub struct NotAGroup(pub String);

impl Membership {
    /// Reads `GROUP` or `GROUP@INTERFACE`.
    ///
    /// # Errors
    /// When the group is not a multicast address.
    pub fn parse(text: &str) -> Result<Self, NotAGroup> {
        let text = text.trim();
        let (group, interface) = match text.split_once('@') {
            Some((group, interface)) => (group, Some(interface.trim())),
            None => (text, None),
        };
        let group: IpAddr = group.trim().parse().map_err(|_| NotAGroup(group.to_owned()))?;
        if !group.is_multicast() {
            return Err(NotAGroup(group.to_string()));
        }
        Ok(Self { group, interface: interface.filter(|name| !name.is_empty()).map(str::to_owned) })
    }
}

impl std::fmt::Display for Membership {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.interface {
            Some(interface) => write!(f, "{}@{interface}", self.group),
            None => write!(f, "{}", self.group),
        }
    }
}

/// One of this machine's network interfaces, for the address lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// `eth0`.
    pub name: String,
    /// The system's number for it.
    pub index: u32,
    /// Its addresses with their prefix lengths.
    pub addresses: Vec<(IpAddr, u8)>,
    /// Whether it is up.
    pub up: bool,
    /// Whether it is the loopback.
    pub loopback: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_stop_growing() {
        let backoff = Backoff { first: Duration::from_millis(500), longest: Duration::from_secs(3) };
        let waits: Vec<u128> = (1..=5).map(|attempt| backoff.wait(attempt).as_millis()).collect();
        assert_eq!(waits, [500, 1000, 2000, 3000, 3000]);
        assert_eq!(backoff.wait(u32::MAX), backoff.longest);
    }

    #[test]
    fn groups() {
        assert_eq!(Membership::parse("239.1.2.3@lo").unwrap().to_string(), "239.1.2.3@lo");
        assert_eq!(Membership::parse("ff02::1").unwrap().interface, None);
        assert_eq!(Membership::parse("10.0.0.1"), Err(NotAGroup("10.0.0.1".into())));
        assert_eq!(Membership::parse("x@y"), Err(NotAGroup("x".into())));
    }
}
