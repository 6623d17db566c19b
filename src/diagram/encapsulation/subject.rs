//! A message that is wrapped, and what is known of its way. Must never guess what it does not know: that is an example.

use etherparse::{IpHeaders, PacketHeaders, TransportHeader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

/// Addresses that stand for one that is not known (RFC 5737, RFC 3849), and a port (RFC 6335, the first of the dynamic ones).
const EXAMPLE_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const EXAMPLE_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
const EXAMPLE_PORT: u16 = 49_152;

/// Whether a value is that of the real packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Truth {
    /// It is, or must be.
    Real,
    /// It may be another one there.
    Example,
}

/// One end of the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Address and port.
    pub address: SocketAddr,
    /// Whether the address is known.
    pub host: Truth,
    /// Whether the port is.
    pub port: Truth,
}

/// What carries the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// One datagram.
    Udp,
    /// A stream, of which so many bytes came before.
    Tcp {
        /// Bytes that went the same way earlier.
        offset: u64,
    },
}

/// A message and its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// From where.
    pub source: End,
    /// To where; of the same family.
    pub destination: End,
    /// By what.
    pub transport: Transport,
    /// The message.
    pub payload: Arc<[u8]>,
    /// The packet that carried all of it, if it was captured.
    pub captured: Option<Captured>,
}

/// What the headers of a captured packet say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// Its IP header.
    pub ip: IpHeaders,
    /// Its UDP or TCP header.
    pub transport: TransportHeader,
}

impl Subject {
    /// A message from this end to a peer, or with `Way::FromPeer` the other way. `local` is this end as far as the system tells it.
    pub fn new(local: Option<SocketAddr>, peer: SocketAddr, way: Way, transport: Transport, payload: Arc<[u8]>) -> Self {
        // What a socket for both families calls ::ffff:10.0.0.1 travels as IPv4.
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let port = |port: u16| if port == 0 { (EXAMPLE_PORT, Truth::Example) } else { (port, Truth::Real) };
        let (number, known) = port(peer.port());
        let far = End { address: SocketAddr::new(peer.ip(), number), host: Truth::Real, port: known };
        let (host, host_known) = this_end(local, peer.ip());
        let (number, known) = port(local.map_or(0, |local| local.port()));
        let near = End { address: SocketAddr::new(host, number), host: host_known, port: known };
        let (source, destination) = match way {
            Way::ToPeer => (near, far),
            Way::FromPeer => (far, near),
        };
        Self { source, destination, transport, payload, captured: None }
    }

    /// The same, with what a packet that carried it says. A packet that did not carry all of it, or by other ports, says nothing.
    pub fn with_packet(mut self, captured: Option<Captured>) -> Self {
        self.captured = captured.filter(|captured| captured.carried(&self));
        self
    }

    /// Whether it is the same message, whatever packets were captured.
    pub fn is_same(&self, other: &Self) -> bool {
        let of = |subject: &Self| (subject.source, subject.destination, subject.transport);
        of(self) == of(other) && self.payload == other.payload
    }

    /// Whether it travels over IPv4.
    pub fn is_v4(&self) -> bool {
        self.source.address.is_ipv4()
    }

    /// Whether it never leaves this machine.
    pub fn is_loopback(&self) -> bool {
        self.source.address.ip().is_loopback() || self.destination.address.ip().is_loopback()
    }

    /// Bytes of the IP header of an unfragmented packet.
    pub fn ip_header(&self) -> usize {
        match (&self.captured, self.is_v4()) {
            (Some(captured), _) => captured.ip.header_len(),
            (None, true) => 20,
            (None, false) => 40,
        }
    }

    /// Bytes of the UDP or TCP header.
    pub fn transport_header(&self) -> usize {
        match (&self.captured, self.transport) {
            (Some(captured), _) => captured.transport.header_len(),
            (None, Transport::Udp) => 8,
            (None, Transport::Tcp { .. }) => 20,
        }
    }
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From this end.
    ToPeer,
    /// To this end.
    FromPeer,
}

impl Captured {
    /// What the headers of an IP packet say; `None` where it is no UDP and no TCP, or only a part.
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let headers = PacketHeaders::from_ip_slice(packet).ok()?;
        let ip = headers.net.and_then(|net| match net {
            etherparse::NetHeaders::Ipv4(header, extensions) => Some(IpHeaders::Ipv4(header, extensions)),
            etherparse::NetHeaders::Ipv6(header, extensions) => Some(IpHeaders::Ipv6(header, extensions)),
            etherparse::NetHeaders::Arp(_) => None,
        })?;
        let transport = headers.transport?;
        let whole = matches!(transport, TransportHeader::Udp(_) | TransportHeader::Tcp(_)) && !ip.is_fragmenting_payload();
        // Extension headers would be bytes without a field.
        let plain = match &ip {
            IpHeaders::Ipv4(_, extensions) => extensions.is_empty(),
            IpHeaders::Ipv6(_, extensions) => extensions.is_empty(),
        };
        (whole && plain).then_some(Self { ip, transport })
    }

    /// Whether by addresses, ports and length it carried all of a message. Of what it carried only the headers are kept here.
    pub fn carried(&self, subject: &Subject) -> bool {
        let (source, destination, length) = match &self.ip {
            IpHeaders::Ipv4(header, _) => {
                let length = usize::from(header.total_len).saturating_sub(header.header_len());
                (IpAddr::from(header.source), IpAddr::from(header.destination), length)
            }
            IpHeaders::Ipv6(header, _) => {
                (IpAddr::from(header.source), IpAddr::from(header.destination), usize::from(header.payload_length))
            }
        };
        let (ports, is_tcp) = match &self.transport {
            TransportHeader::Udp(header) => ((header.source_port, header.destination_port), false),
            TransportHeader::Tcp(header) => ((header.source_port, header.destination_port), true),
            _ => return false,
        };
        let same = |end: &End, ip: IpAddr, port: u16| {
            (end.host == Truth::Example || end.address.ip() == ip) && (end.port == Truth::Example || end.address.port() == port)
        };
        same(&subject.source, source, ports.0)
            && same(&subject.destination, destination, ports.1)
            && is_tcp == matches!(subject.transport, Transport::Tcp { .. })
            && length == self.transport.header_len() + subject.payload.len()
    }
}

/// The address of this end towards a peer.
fn this_end(local: Option<SocketAddr>, peer: IpAddr) -> (IpAddr, Truth) {
    let known = local.map(|local| local.ip().to_canonical());
    match (known, peer) {
        (Some(ip), _) if !ip.is_unspecified() && ip.is_ipv4() == peer.is_ipv4() => (ip, Truth::Real),
        // Bound to any address, it answers a loopback peer from loopback.
        (_, IpAddr::V4(ip)) if ip.is_loopback() => (Ipv4Addr::LOCALHOST.into(), Truth::Real),
        (_, IpAddr::V6(ip)) if ip.is_loopback() => (Ipv6Addr::LOCALHOST.into(), Truth::Real),
        (_, IpAddr::V4(_)) => (EXAMPLE_V4.into(), Truth::Example),
        (_, IpAddr::V6(_)) => (EXAMPLE_V6.into(), Truth::Example),
    }
}
