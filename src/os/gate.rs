//! Which packets may be kept: those of a session's own ends and no others. Pure, and the last word after the kernel's filter.
//!
//! 1. Ends whose own port is known let through exactly what is theirs.
//! 2. Before a client is connected, its port is not known, and what goes to the same server may be another program's. Such packets are
//!    held back until the port is known: then those of that port go through, and the others are thrown away unseen. So it is with a port
//!    that was asked for and may be another program's.
//! 3. A connection that never came about has no known port in the end. What was held of it goes through when the server refuses it, or
//!    when its SYN is sent again without an answer: those packets carry nothing but the attempt.
//! 4. A packet that passes several interfaces (a bridge and a card) counts where its conversation was seen first.
//! 5. An end that is any address of this machine is one of those that it has. What it only passes on, for a container or another machine,
//!    comes in and goes out too, but neither to nor from an address of its own.

use crate::capture::packet::{Body, Flags, Packet, Says};
use crate::session::ends::{Ends, Protocol};
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Bytes that are held back at most; then the oldest are thrown away. They are not counted as lost: whose they are is not known.
const MOST_HELD: usize = 1 << 20;
/// What a packet takes besides its bytes, about.
const OVERHEAD: usize = 320;
/// Conversations whose interface is remembered; the oldest is forgotten.
const MOST_PLACES: usize = 1024;

/// The last look at each packet.
#[derive(Debug, Default)]
pub struct Gate {
    ends: Vec<Ends>,
    own: HashSet<IpAddr>,
    held: VecDeque<(Packet, Way)>,
    bytes: usize,
    places: BTreeMap<Pair, usize>,
    order: VecDeque<Pair>,
}

/// Where a packet was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The number of the interface.
    pub interface: usize,
    /// Which way it went there.
    pub way: Way,
}

/// Which way a packet goes: then it is known which of its addresses is this machine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Into this machine.
    In,
    /// Out of it.
    Out,
    /// From itself to itself.
    Within,
}

/// Both ends, the lower first.
type Pair = (SocketAddr, SocketAddr);

impl Gate {
    /// These are this machine's addresses from now on, those that reach it with others of its network among them. Until it is told, none is.
    pub fn know(&mut self, own: HashSet<IpAddr>) {
        self.own = own;
    }

    /// Lets through what is of these ends from now on. Of what was held back, those that are of them now come out.
    pub fn aim(&mut self, ends: &[Ends]) -> Vec<Packet> {
        self.ends = ends.to_vec();
        let held = std::mem::take(&mut self.held);
        self.bytes = 0;
        let mut out = Vec::new();
        for (packet, way) in held {
            match self.verdict(&packet, way) {
                Verdict::Ours => out.push(packet),
                Verdict::Perhaps => self.hold(packet, way),
                Verdict::Foreign => {}
            }
        }
        out
    }

    /// What comes through with a packet that was seen somewhere: nothing, itself, or it and what was held before it.
    pub fn pass(&mut self, packet: Packet, place: Place) -> Vec<Packet> {
        let verdict = self.verdict(&packet, place.way);
        if verdict == Verdict::Foreign || !self.is_first_place(&packet, place.interface) {
            return Vec::new();
        }
        if verdict == Verdict::Ours {
            return vec![packet];
        }
        let pair = pair(&packet);
        let shows_attempt = self.shows_attempt(&packet);
        self.hold(packet, place.way);
        if !shows_attempt {
            return Vec::new();
        }
        let (out, left): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.held).into_iter().partition(|(held, _)| self::pair(held) == pair);
        self.bytes = left.iter().map(|(held, _)| cost(held)).sum();
        self.held = left.into();
        out.into_iter().map(|(packet, _)| packet).collect()
    }

    fn verdict(&self, packet: &Packet, way: Way) -> Verdict {
        let Some((protocol, (from, to))) = protocol(packet).zip(Some(route(packet))) else { return Verdict::Foreign };
        // A report goes the other way than the packet that it is about.
        let way = match (&packet.body, way) {
            (Body::Icmp(_), Way::In) => Way::Out,
            (Body::Icmp(_), Way::Out) => Way::In,
            (_, way) => way,
        };
        let passed_on = match way {
            Way::Out => !self.is_own(from.ip()),
            Way::In => !self.is_own(to.ip()),
            Way::Within => false,
        };
        let is_of = |ends: &&Ends| match way {
            _ if passed_on && ends.is_anywhere() => false,
            Way::Out => ends.hold(protocol, from, to),
            Way::In => ends.hold(protocol, to, from),
            Way::Within => ends.hold(protocol, from, to) || ends.hold(protocol, to, from),
        };
        let mut verdict = Verdict::Foreign;
        for ends in self.ends.iter().filter(is_of) {
            match ends {
                Ends::Both { .. } | Ends::Local { .. } => return Verdict::Ours,
                Ends::Remote { .. } | Ends::Asked { .. } => verdict = Verdict::Perhaps,
            }
        }
        verdict
    }

    /// Whether what is sent to it reaches this machine: one of its addresses, all in a network, or a group.
    fn is_own(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        ip.is_multicast() || ip == IpAddr::V4(Ipv4Addr::BROADCAST) || self.own.contains(&ip)
    }

    /// Whether it shows that the held attempt it belongs to came to nothing: refused, or asked again without an answer.
    fn shows_attempt(&self, packet: &Packet) -> bool {
        let pair = pair(packet);
        let mut held = self.held.iter().map(|(held, _)| held).filter(|held| self::pair(held) == pair);
        match &packet.body {
            Body::Tcp(segment) => {
                let only_opening = held.all(|held| held.segment().is_some_and(is_opening));
                let answers = segment.flags.has(Flags::RST) && segment.length == 0;
                let again = is_opening(segment) && self.held.iter().any(|(held, _)| self::pair(held) == pair);
                only_opening && (answers || again)
            }
            Body::Icmp(report) => report.says != Says::Other && held.all(|held| held.segment().is_some_and(is_opening)),
            Body::Udp(_) => false,
        }
    }

    fn hold(&mut self, packet: Packet, way: Way) {
        self.bytes += cost(&packet);
        self.held.push_back((packet, way));
        while self.bytes > MOST_HELD
            && let Some((oldest, _)) = self.held.pop_front()
        {
            self.bytes -= cost(&oldest);
        }
    }

    fn is_first_place(&mut self, packet: &Packet, interface: usize) -> bool {
        let pair = pair(packet);
        if let Some(place) = self.places.get(&pair) {
            return *place == interface;
        }
        self.places.insert(pair, interface);
        self.order.push_back(pair);
        if self.order.len() > MOST_PLACES
            && let Some(oldest) = self.order.pop_front()
        {
            self.places.remove(&oldest);
        }
        true
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ours,
    Perhaps,
    Foreign,
}

fn is_opening(segment: &crate::capture::packet::Segment) -> bool {
    segment.flags.has(Flags::SYN) && !segment.flags.has(Flags::ACK) && segment.length == 0
}

fn cost(packet: &Packet) -> usize {
    packet.bytes.len() + OVERHEAD
}

/// Over what; of an ICMP message, what it is about went over.
fn protocol(packet: &Packet) -> Option<Protocol> {
    match &packet.body {
        Body::Tcp(_) => Some(Protocol::Tcp),
        Body::Udp(_) => Some(Protocol::Udp),
        Body::Icmp(report) => match report.about?.protocol {
            6 => Some(Protocol::Tcp),
            17 => Some(Protocol::Udp),
            _ => None,
        },
    }
}

/// From where to where; of an ICMP message, that of what it is about.
fn route(packet: &Packet) -> (SocketAddr, SocketAddr) {
    match &packet.body {
        Body::Tcp(_) | Body::Udp(_) => (packet.source, packet.destination),
        Body::Icmp(report) => report.about.map_or((packet.source, packet.destination), |about| (about.source, about.destination)),
    }
}

/// The ends of its conversation.
fn pair(packet: &Packet) -> Pair {
    let (one, other) = route(packet);
    (one.min(other), one.max(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::timestamp::Timestamp;
    use etherparse::{PacketBuilder, TcpHeader};

    /// Between a port of this machine and 10.0.0.2:80: out or in, flags as letters, length.
    fn packet(port: u16, line: &str, length: usize) -> Packet {
        let out = line.starts_with('>');
        let (from, to) = if out { (port, 80) } else { (80, port) };
        let mut header = TcpHeader::new(from, to, 1, 1);
        (header.syn, header.ack, header.rst) = (line.contains('S'), line.contains('A'), line.contains('R'));
        let ([here, there], mut bytes) = ([[10, 0, 0, 1], [10, 0, 0, 2]], Vec::new());
        let builder = if out { PacketBuilder::ipv4(here, there, 9) } else { PacketBuilder::ipv4(there, here, 9) };
        builder.tcp_header(header).write(&mut bytes, &vec![0; length]).unwrap();
        Packet::parse(Timestamp(0), &bytes).unwrap()
    }

    fn at(interface: usize, line: &str) -> Place {
        Place { interface, way: if line.starts_with('>') { Way::Out } else { Way::In } }
    }

    fn pass(gate: &mut Gate, port: u16, line: &str, length: usize) -> Vec<Packet> {
        gate.pass(packet(port, line, length), at(1, line))
    }

    #[test]
    fn a_server_on_every_address_has_nothing_to_do_with_another_machine_s() {
        let mut gate = anywhere("0.0.0.0:80", &["10.0.0.1", "10.0.0.2"]);
        // Another program speaks to port 80 of another machine.
        assert!(pass(&mut gate, 5, ">S", 0).is_empty() && pass(&mut gate, 5, "<SA", 0).is_empty());
        // Another machine speaks to ours.
        for (line, way) in [(">S", Way::In), ("<SA", Way::Out), (">A", Way::Within)] {
            assert_eq!(gate.pass(packet(6, line, 0), Place { interface: 1, way }).len(), 1, "{line}");
        }
    }

    /// For a server on every address of a machine that has these.
    fn anywhere(local: &str, own: &[&str]) -> Gate {
        let mut gate = Gate::default();
        gate.know(own.iter().map(|ip| ip.parse().unwrap()).collect());
        let local = local.parse().unwrap();
        gate.aim(&[Protocol::Tcp, Protocol::Udp].map(|protocol| Ends::Local { protocol, local }));
        gate
    }

    fn datagram(from: &str, to: &str) -> Packet {
        let [from, to]: [SocketAddr; 2] = [from, to].map(|end| end.parse().unwrap());
        let mut bytes = Vec::new();
        let builder = match (from.ip(), to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => PacketBuilder::ipv4(from.octets(), to.octets(), 9),
            (IpAddr::V6(from), IpAddr::V6(to)) => PacketBuilder::ipv6(from.octets(), to.octets(), 9),
            _ => panic!("{from} {to}"),
        };
        builder.udp(from.port(), to.port()).write(&mut bytes, b"x").unwrap();
        Packet::parse(Timestamp(0), &bytes).unwrap()
    }

    #[test]
    fn what_this_machine_only_passes_on_is_not_of_a_server_on_every_address() {
        let own = ["10.0.0.1", "10.0.0.255", "172.17.0.1", "fe80::1", "2001:db8::1"];
        let table = [
            // A container asks another machine's server, and is answered.
            ("172.17.0.2:9", "8.8.8.8:53", Way::In, false),
            ("8.8.8.8:53", "172.17.0.2:9", Way::Out, false),
            ("[2001:db8::2]:9", "[2001:db8:1::8]:53", Way::In, false),
            ("[2001:db8:1::8]:53", "[2001:db8::2]:9", Way::Out, false),
            // It asks ours.
            ("172.17.0.2:9", "172.17.0.1:53", Way::In, true),
            ("172.17.0.1:53", "172.17.0.2:9", Way::Out, true),
            ("[2001:db8::2]:9", "[2001:db8::1]:53", Way::In, true),
            ("[2001:db8::1]:53", "[2001:db8::2]:9", Way::Out, true),
            // Someone asks all of a network, or a group.
            ("10.0.0.2:9", "10.0.0.255:53", Way::In, true),
            ("10.0.0.2:9", "255.255.255.255:53", Way::In, true),
            ("10.0.0.2:9", "224.0.0.251:53", Way::In, true),
            ("[fe80::2]:9", "[ff02::fb]:53", Way::In, true),
            // A machine has more loopback addresses than it names.
            ("127.0.0.1:9", "127.0.0.2:53", Way::Within, true),
        ];
        for (from, to, way, expected) in table {
            let seen = anywhere("[::]:53", &own).pass(datagram(from, to), Place { interface: 1, way });
            assert_eq!(!seen.is_empty(), expected, "{from} {to} {way:?}");
        }
    }

    fn remote() -> Ends {
        Ends::Remote { protocol: Protocol::Tcp, remote: "10.0.0.2:80".parse().unwrap() }
    }

    fn both(port: u16) -> Ends {
        let local = SocketAddr::new([10, 0, 0, 1].into(), port);
        Ends::Both { protocol: Protocol::Tcp, local, remote: "10.0.0.2:80".parse().unwrap() }
    }

    #[test]
    fn what_another_program_sends_to_the_same_server_is_never_seen() {
        let mut gate = Gate::default();
        gate.aim(&[remote()]);
        for (port, line, length) in
            [(5, ">S", 0), (6, ">A", 90), (5, "<SA", 0), (7, ">S", 0), (7, "<SA", 0), (5, ">A", 3), (7, ">A", 9), (7, "<AR", 0)]
        {
            assert!(pass(&mut gate, port, line, length).is_empty(), "{port} {line}");
        }
        let released = gate.aim(&[both(5)]);
        assert_eq!(released.len(), 3);
        assert!(released.iter().all(|packet| packet.source.port() == 5 || packet.destination.port() == 5));
        assert!(gate.held.is_empty());
        assert!(pass(&mut gate, 7, ">A", 9).is_empty());
        assert_eq!(pass(&mut gate, 5, ">A", 9).len(), 1);
    }

    #[test]
    fn an_attempt_that_comes_to_nothing_is_seen() {
        let mut gate = Gate::default();
        gate.aim(&[remote()]);
        assert!(pass(&mut gate, 5, ">S", 0).is_empty());
        assert_eq!(pass(&mut gate, 5, "<AR", 0).len(), 2);
        assert!(pass(&mut gate, 6, ">S", 0).is_empty());
        assert_eq!(pass(&mut gate, 6, ">S", 0).len(), 2);
    }

    #[test]
    fn a_packet_on_its_way_through_two_interfaces_is_one() {
        let mut gate = Gate::default();
        gate.aim(&[both(5)]);
        assert_eq!(gate.pass(packet(5, ">S", 0), at(3, ">S")).len(), 1);
        assert!(gate.pass(packet(5, ">S", 0), at(2, ">S")).is_empty());
        assert_eq!(gate.pass(packet(5, "<SA", 0), at(3, "<SA")).len(), 1);
    }

    #[test]
    fn what_is_held_is_bounded() {
        let mut gate = Gate::default();
        gate.aim(&[remote()]);
        for _ in 0..100 {
            pass(&mut gate, 5, ">A", 30_000);
        }
        assert!(gate.bytes <= MOST_HELD && gate.held.len() > 20, "{}", gate.held.len());
        assert_eq!(gate.aim(&[]).len(), 0);
        assert_eq!((gate.bytes, gate.held.len()), (0, 0));
    }
}
