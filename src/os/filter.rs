//! The program that the kernel runs over every packet, so that only those of given ends are captured (classic BPF, as in bpf(4) and
//! Linux's filter.rst). Pure: it makes instructions and gives them to nobody.
//!
//! It sees packets from their IP header on (a cooked socket). What it lets through is checked again afterwards, because it may let
//! through a little more: an ICMP message is told by the ports that it quotes, whatever its type; and for an end that is any address of
//! this machine, what the machine only passes on goes in and out as well.
//!
//! Not captured: later fragments of a packet, which have no ports; IPv6 with extension headers; ICMP in IPv4 with options.

use crate::session::ends::{Ends, Protocol};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// One instruction: operation, jumps if true and if not, operand.
pub type Instruction = (u16, u8, u8, u32);

/// The most ends that one program is made for; the kernel takes 4,096 instructions, and the ends of one conversation need at most 124.
pub const MOST_ENDS: usize = 32;

/// Load a word, half a word or a byte at a fixed place.
const LOAD_WORD: u16 = 0x20;
const LOAD_HALF: u16 = 0x28;
const LOAD_BYTE: u16 = 0x30;
/// Load half a word at the index register plus an offset.
const LOAD_HALF_INDEXED: u16 = 0x48;
/// Put four times the low half of a byte, which is the length of an IPv4 header, into the index register.
const INDEX_HEADER: u16 = 0xB1;
const AND: u16 = 0x54;
const JUMP_EQUAL: u16 = 0x15;
const RETURN: u16 = 0x06;
/// Where the kernel's own facts about a packet stand: its kind (3 is to another machine's card, 4 is outgoing) and its interface.
const KIND: u32 = 0xFFFF_F004;
const INTERFACE: u32 = 0xFFFF_F008;
const OVERHEARD: u32 = 3;
const OUTGOING: u32 = 4;
/// How many bytes of a packet are captured: all of any.
const WHOLE: u32 = 1 << 18;

/// A program that lets nothing through.
pub const NOTHING: [Instruction; 1] = [(RETURN, 0, 0, 0)];

/// A program for these ends. Of the two times that a packet passes a loopback interface (its number is given) one is taken.
///
/// What is addressed to another machine's card is never taken: an interface that listens to all hears it, but no socket here does. On a
/// bridge a packet to this machine may be so at first; it is then seen again, as to this machine, where the bridge hands it over.
pub fn program(ends: &[Ends], loopback: u32) -> Vec<Instruction> {
    let mut program = vec![
        (LOAD_WORD, 0, 0, KIND),
        (JUMP_EQUAL, 3, 0, OVERHEARD),
        (JUMP_EQUAL, 0, 3, OUTGOING),
        (LOAD_WORD, 0, 0, INTERFACE),
        (JUMP_EQUAL, 0, 1, loopback),
        (RETURN, 0, 0, 0),
    ];
    for ends in ends.iter().take(MOST_ENDS) {
        for (from, to, sender) in [(ends.local(), ends.remote(), Side::Here), (ends.remote(), ends.local(), Side::There)] {
            for family in [Family::V4, Family::V6] {
                let way = Way { protocol: ends.protocol(), from: from.map(canonical), to: to.map(canonical) };
                if way.is_of(family) {
                    // A report about a packet goes the other way.
                    for guard in guards(*ends, sender) {
                        way.carried(family, (*guard, loopback), &mut program);
                    }
                    for guard in guards(*ends, sender.other()) {
                        way.quoted(family, (*guard, loopback), &mut program);
                    }
                }
            }
        }
    }
    program.push((RETURN, 0, 0, 0));
    program
}

/// Who sends a packet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// This machine, from the end that is ours.
    Here,
    /// Someone else.
    There,
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::Here => Self::There,
            Self::There => Self::Here,
        }
    }
}

/// Which way a packet must pass.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guard {
    /// Any.
    Any,
    /// Out of this machine.
    Out,
    /// Into it, or from itself to itself.
    In,
    /// From itself to itself.
    Within,
}

/// One of these must hold. An end that is any address of this machine is told from another machine's by the way that the packet goes.
fn guards(ends: Ends, sender: Side) -> &'static [Guard] {
    match (ends.is_anywhere(), sender) {
        (false, _) => &[Guard::Any],
        (true, Side::Here) => &[Guard::Out, Guard::Within],
        (true, Side::There) => &[Guard::In],
    }
}

/// Which IP.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    V4,
    V6,
}

/// One direction of a conversation.
struct Way {
    protocol: Protocol,
    from: Option<SocketAddr>,
    to: Option<SocketAddr>,
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Tests that all must hold: what is loaded, and what it must be.
#[derive(Default)]
struct Tests(Vec<(Vec<Instruction>, u32)>);

impl Tests {
    fn of(&mut self, load: Instruction, value: u32) {
        self.0.push((vec![load], value));
    }

    fn masked(&mut self, load: Instruction, mask: u32, value: u32) {
        self.0.push((vec![load, (AND, 0, 0, mask)], value));
    }

    fn address(&mut self, at: u32, ip: IpAddr) {
        match ip {
            IpAddr::V4(ip) => self.of((LOAD_WORD, 0, 0, at), ip.to_bits()),
            IpAddr::V6(ip) => {
                for (index, part) in words(ip).into_iter().enumerate() {
                    self.of((LOAD_WORD, 0, 0, at + 4 * index as u32), part);
                }
            }
        }
    }

    fn guard(&mut self, (guard, loopback): (Guard, u32)) {
        match guard {
            Guard::Any => {}
            Guard::Out => self.of((LOAD_WORD, 0, 0, KIND), OUTGOING),
            // What comes in is to this machine, to all or to a group: 0 to 2. What is overheard, 3, did not get here.
            Guard::In => self.masked((LOAD_WORD, 0, 0, KIND), OUTGOING, 0),
            Guard::Within => self.of((LOAD_WORD, 0, 0, INTERFACE), loopback),
        }
    }

    /// Lets the packet through if they hold, else goes on behind.
    fn write(self, out: &mut Vec<Instruction>) {
        let mut left: usize = self.0.iter().map(|(loads, _)| loads.len() + 1).sum::<usize>() + 1;
        for (loads, value) in self.0 {
            left -= loads.len() + 1;
            out.extend(loads);
            // Fewer than forty instructions are left at most.
            out.push((JUMP_EQUAL, 0, left as u8, value));
        }
        out.push((RETURN, 0, 0, WHOLE));
    }
}

fn words(ip: Ipv6Addr) -> [u32; 4] {
    let bits = ip.to_bits();
    [96, 64, 32, 0].map(|shift| (bits >> shift) as u32)
}

impl Way {
    /// Whether both ends can be of a family. `[::]` is any address of either, `0.0.0.0` any of its own.
    fn is_of(&self, family: Family) -> bool {
        [self.from, self.to].into_iter().flatten().all(|end| match end.ip() {
            IpAddr::V4(_) => family == Family::V4,
            IpAddr::V6(ip) => family == Family::V6 || ip.is_unspecified(),
        })
    }

    fn number(&self) -> u32 {
        match self.protocol {
            Protocol::Tcp => 6,
            Protocol::Udp => 17,
        }
    }

    /// Tests of the IP header that begins at `at`, but for its first byte.
    fn ip(&self, family: Family, at: u32, tests: &mut Tests) {
        let (protocol, source, destination) = match family {
            Family::V4 => (9, 12, 16),
            Family::V6 => (6, 8, 24),
        };
        tests.of((LOAD_BYTE, 0, 0, at + protocol), self.number());
        for (place, end) in [(source, self.from), (destination, self.to)] {
            if let Some(ip) = end.map(|end| end.ip()).filter(|ip| !ip.is_unspecified()) {
                tests.address(at + place, ip);
            }
        }
    }

    /// Tests of the ports behind the IP header that begins at `at`.
    fn ports(&self, family: Family, at: u32, tests: &mut Tests) {
        let mut first = true;
        for (place, end) in [(0, self.from), (2, self.to)] {
            let Some(end) = end else { continue };
            match family {
                Family::V4 => {
                    let mut loads = Vec::new();
                    if std::mem::take(&mut first) {
                        loads.push((INDEX_HEADER, 0, 0, at));
                    }
                    loads.push((LOAD_HALF_INDEXED, 0, 0, at + place));
                    tests.0.push((loads, end.port().into()));
                }
                Family::V6 => tests.of((LOAD_HALF, 0, 0, at + 40 + place), end.port().into()),
            }
        }
    }

    fn carried(&self, family: Family, guard: (Guard, u32), out: &mut Vec<Instruction>) {
        let mut tests = Tests::default();
        tests.guard(guard);
        match family {
            Family::V4 => {
                tests.masked((LOAD_BYTE, 0, 0, 0), 0xF0, 0x40);
                // The place of a fragment: only the first has ports.
                tests.masked((LOAD_HALF, 0, 0, 6), 0x1FFF, 0);
            }
            Family::V6 => tests.masked((LOAD_BYTE, 0, 0, 0), 0xF0, 0x60),
        }
        self.ip(family, 0, &mut tests);
        self.ports(family, 0, &mut tests);
        tests.write(out);
    }

    /// ICMP messages that quote such a packet: eight bytes of ICMP, then its IP header.
    fn quoted(&self, family: Family, guard: (Guard, u32), out: &mut Vec<Instruction>) {
        let mut tests = Tests::default();
        tests.guard(guard);
        let at = match family {
            Family::V4 => {
                tests.of((LOAD_BYTE, 0, 0, 0), 0x45);
                tests.of((LOAD_BYTE, 0, 0, 9), 1);
                tests.masked((LOAD_BYTE, 0, 0, 28), 0xF0, 0x40);
                28
            }
            Family::V6 => {
                tests.masked((LOAD_BYTE, 0, 0, 0), 0xF0, 0x60);
                tests.of((LOAD_BYTE, 0, 0, 6), 58);
                tests.masked((LOAD_BYTE, 0, 0, 48), 0xF0, 0x60);
                48
            }
        };
        self.ip(family, at, &mut tests);
        self.ports(family, at, &mut tests);
        tests.write(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::{Icmpv4Type, PacketBuilder, TcpHeader, icmpv4};
    use proptest::prelude::*;

    /// What the kernel does with a program: how much of a packet it takes.
    fn run(program: &[Instruction], packet: &[u8], kind: u32, interface: u32) -> u32 {
        let (mut a, mut x, mut at) = (0u32, 0u32, 0usize);
        let load = |place: u32, length: usize| -> Option<u32> {
            let bytes = packet.get(place as usize..place as usize + length)?;
            Some(bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
        };
        loop {
            let (code, yes, no, k) = program[at];
            at += 1;
            let loaded = match code {
                LOAD_WORD if k == KIND => Some(kind),
                LOAD_WORD if k == INTERFACE => Some(interface),
                LOAD_WORD => load(k, 4),
                LOAD_HALF => load(k, 2),
                LOAD_BYTE => load(k, 1),
                LOAD_HALF_INDEXED => load(x + k, 2),
                INDEX_HEADER => load(k, 1).map(|byte| (byte & 0xF) * 4),
                AND => Some(a & k),
                JUMP_EQUAL => {
                    at += usize::from(if a == k { yes } else { no });
                    continue;
                }
                RETURN => return k,
                other => panic!("{other:#x}"),
            };
            // A load beyond the packet ends the program, and the packet is not taken.
            let Some(value) = loaded else { return 0 };
            if code == INDEX_HEADER { x = value } else { a = value }
        }
    }

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn packet(protocol: Protocol, from: SocketAddr, to: SocketAddr) -> Vec<u8> {
        let mut bytes = Vec::new();
        let builder = match (from.ip(), to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => PacketBuilder::ipv4(from.octets(), to.octets(), 9),
            (IpAddr::V6(from), IpAddr::V6(to)) => PacketBuilder::ipv6(from.octets(), to.octets(), 9),
            _ => panic!("{from} {to}"),
        };
        match protocol {
            Protocol::Tcp => builder.tcp_header(TcpHeader::new(from.port(), to.port(), 1, 1)).write(&mut bytes, b"x").unwrap(),
            Protocol::Udp => builder.udp(from.port(), to.port()).write(&mut bytes, b"x").unwrap(),
        }
        bytes
    }

    fn takes(ends: Ends, bytes: &[u8]) -> bool {
        run(&program(&[ends], 1), bytes, 0, 1) == WHOLE
    }

    #[test]
    fn loopback_is_seen_once_and_what_is_overheard_never() {
        let ends = Ends::Local { protocol: Protocol::Udp, local: at("127.0.0.1:5") };
        let bytes = packet(Protocol::Udp, at("127.0.0.1:9"), at("127.0.0.1:5"));
        let program = program(&[ends], 1);
        let table = [(0, 1, WHOLE), (OUTGOING, 1, 0), (OUTGOING, 2, WHOLE), (0, 2, WHOLE), (OVERHEARD, 2, 0)];
        for (kind, interface, expected) in table {
            assert_eq!(run(&program, &bytes, kind, interface), expected, "{kind} {interface}");
        }
        assert_eq!(run(&NOTHING, &bytes, 0, 1), 0);
    }

    #[test]
    fn an_icmp_message_is_known_by_what_it_quotes() {
        let ends = Ends::Both { protocol: Protocol::Udp, local: at("10.0.0.1:5"), remote: at("10.0.0.2:9") };
        let wrap = |quoted: &[u8]| {
            let mut bytes = Vec::new();
            let port = Icmpv4Type::DestinationUnreachable(icmpv4::DestUnreachableHeader::Port);
            PacketBuilder::ipv4([10, 0, 0, 2], [10, 0, 0, 1], 9).icmpv4(port).write(&mut bytes, quoted).unwrap();
            bytes
        };
        assert!(takes(ends, &wrap(&packet(Protocol::Udp, at("10.0.0.1:5"), at("10.0.0.2:9")))));
        assert!(!takes(ends, &wrap(&packet(Protocol::Udp, at("10.0.0.1:6"), at("10.0.0.2:9")))));
        assert!(!takes(ends, &wrap(&packet(Protocol::Tcp, at("10.0.0.1:5"), at("10.0.0.2:9")))));
    }

    fn address() -> impl Strategy<Value = SocketAddr> {
        let ip = prop::sample::select(vec!["127.0.0.1", "10.0.0.1", "10.0.0.2", "::1", "fe80::1", "fe80::2"]);
        (ip, 1u16..4).prop_map(|(ip, port)| SocketAddr::new(ip.parse().unwrap(), port))
    }

    fn bound() -> impl Strategy<Value = SocketAddr> {
        let any = prop::sample::select(vec!["0.0.0.0", "::"]);
        prop_oneof![address(), (any, 1u16..4).prop_map(|(ip, port)| SocketAddr::new(ip.parse().unwrap(), port))]
    }

    fn protocol() -> impl Strategy<Value = Protocol> {
        prop::sample::select(vec![Protocol::Tcp, Protocol::Udp])
    }

    fn ends() -> impl Strategy<Value = Ends> {
        prop_oneof![
            (protocol(), address(), address()).prop_map(|(protocol, local, remote)| Ends::Both { protocol, local, remote }),
            (protocol(), bound()).prop_map(|(protocol, local)| Ends::Local { protocol, local }),
            (protocol(), address()).prop_map(|(protocol, remote)| Ends::Remote { protocol, remote }),
        ]
    }

    /// Whether some of the ends hold a packet that is seen on an interface on its way in or out.
    fn held(list: &[Ends], protocol: Protocol, (from, to): (SocketAddr, SocketAddr), (kind, interface): (u32, u32)) -> bool {
        let hold = |here, there| list.iter().take(MOST_ENDS).any(|ends| ends.hold(protocol, here, there));
        match (kind, interface) {
            (OVERHEARD, _) => false,
            // Of the two times there, the first is not taken.
            (OUTGOING, 1) => false,
            (_, 1) => hold(from, to) || hold(to, from),
            (OUTGOING, _) => hold(from, to),
            _ => hold(to, from),
        }
    }

    /// A packet's ends, and the interface and the way that such a packet passes.
    fn passing() -> impl Strategy<Value = ((SocketAddr, SocketAddr), (u32, u32))> {
        let within = [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("10.0.0.1", "10.0.0.1"), ("10.0.0.1", "10.0.0.2")];
        let outside = [("10.0.0.1", "10.0.0.2"), ("10.0.0.2", "10.0.0.1"), ("fe80::1", "fe80::2"), ("fe80::2", "fe80::1")];
        let routes: Vec<_> = within.map(|route| (route, 1)).into_iter().chain(outside.map(|route| (route, 2))).collect();
        let ports = (1u16..4, 1u16..4);
        (prop::sample::select(routes), ports, prop::sample::select(vec![0, 2, OVERHEARD, OUTGOING])).prop_map(
            |(((from, to), interface), (one, other), kind)| {
                let end = |ip: &str, port| SocketAddr::new(ip.parse().unwrap(), port);
                ((end(from, one), end(to, other)), (kind, interface))
            },
        )
    }

    proptest! {
        #[test]
        fn it_takes_exactly_what_the_ends_hold(
            list in proptest::collection::vec(ends(), 0..40),
            protocol in protocol(),
            ((from, to), place) in passing(),
        ) {
            let program = program(&list, 1);
            prop_assert!(program.len() <= 4096, "{}", program.len());
            let taken = run(&program, &packet(protocol, from, to), place.0, place.1) == WHOLE;
            prop_assert_eq!(taken, held(&list, protocol, (from, to), place));
        }
    }
}
