//! Captured packets between the two ends, in order, and which of the concluded ones they confirm. Must never confirm by anything but what
//! stands in a packet.

use super::step::{Again, Captured, End, Mark, Segment, Step};
use crate::capture::caught::{Caught, Packets};
use crate::capture::follow::Novelty;
use crate::capture::packet::{Body, Flags, Packet as Raw, Says};
use crate::describe::grouped;
use crate::diagram::scene::Certainty;
use crate::session::ends::names;
use crate::session::id::ConnectionId;
use crate::session::timestamp::Timestamp;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;

/// How far around a step its packet is looked for: a packet has the system's time, a record that of this program, which may come to it
/// late.
const NEAR: i64 = 2_000_000;
/// Packets looked at for one step.
const MOST: usize = 512;

/// From where sequence numbers are counted where they are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Numbers {
    /// From the SYN, which is 0.
    #[default]
    Relative,
    /// As they stand in the packet.
    Absolute,
}

/// The two ends whose packets are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Between {
    /// The own end; `None` while its port is not known.
    pub own: Option<SocketAddr>,
    /// The other end; `None` for whoever.
    pub other: Option<SocketAddr>,
    /// In which connection of the own session.
    pub talk: Option<ConnectionId>,
}

/// A packet between the two ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Packet {
    /// Who sent it.
    sender: End,
    /// In which connection of the own session.
    talk: Option<ConnectionId>,
    /// What of it confirms others.
    kind: Kind,
    /// The packet itself.
    caught: Arc<Caught>,
}

impl Between {
    /// Who of the two sent a packet; `None` where it is not between them.
    fn sender(&self, packet: &Raw) -> Option<End> {
        let (source, destination) = match &packet.body {
            // A report comes from the system of whoever the packet it is about was sent to, and from no port.
            Body::Icmp(report) => report.about.map(|about| (about.destination, about.source))?,
            Body::Tcp(_) | Body::Udp(_) => (packet.source, packet.destination),
        };
        let is = |end: Option<SocketAddr>, address| end.is_none_or(|end| names(end, address));
        if is(self.own, source) && is(self.other, destination) {
            Some(End::Own)
        } else if is(self.other, source) && is(self.own, destination) {
            Some(End::Other)
        } else {
            None
        }
    }
}

impl Kind {
    fn of(caught: &Caught) -> Self {
        match &caught.packet.body {
            Body::Tcp(segment) => {
                let has = |flag| segment.flags.has(flag).into();
                let bytes =
                    caught.meaning.filter(|meaning| meaning.counted == crate::capture::follow::Counted::FromSyn).map(|meaning| {
                        // The SYN has number 0, so the first byte of the stream has 1.
                        let start = u64::from(meaning.sequence.saturating_sub(1));
                        start..start + segment.length as u64
                    });
                let (syn, ack, fin, rst) = (has(Flags::SYN), has(Flags::ACK), has(Flags::FIN), has(Flags::RST));
                Self::Tcp { syn, ack, fin, rst, bytes }
            }
            Body::Udp(datagram) => Self::Udp(datagram.length as u64),
            Body::Icmp(report) if report.says == Says::PortUnreachable => Self::Unreachable,
            Body::Icmp(_) => Self::Other,
        }
    }
}

/// What is written at a packet.
fn written(caught: &Caught, numbers: Numbers) -> Captured {
    let again = match caught.meaning.map(|meaning| meaning.novelty) {
        Some(Novelty::Retransmission | Novelty::FillsHole | Novelty::KeepAlive) => Again::Retransmitted,
        Some(Novelty::New | Novelty::Ahead | Novelty::DuplicateAck) | None => Again::First,
    };
    match &caught.packet.body {
        Body::Tcp(segment) => {
            let meaning = caught.meaning;
            let (sequence, acknowledgment) = match (numbers, meaning) {
                (Numbers::Relative, Some(meaning)) => (meaning.sequence, meaning.acknowledgment),
                (Numbers::Relative, None) | (Numbers::Absolute, _) => (segment.sequence, segment.acknowledgment),
            };
            let window = meaning.and_then(|meaning| meaning.window).unwrap_or(u32::from(segment.window));
            let mut figures = format!("seq={sequence}");
            if let Some(acknowledgment) = acknowledgment {
                figures.push_str(&format!(" ack={acknowledgment}"));
            }
            if segment.length > 0 {
                figures.push_str(&format!(" len={}", segment.length));
            }
            figures.push_str(&format!(" win={window}"));
            let options: Vec<String> = segment.options.iter().map(ToString::to_string).collect();
            let acknowledged = segment.acknowledgment.map_or_else(String::new, |number| format!(" ack={number}"));
            let details = format!("{figures}; {}{acknowledged} win={}; {}", segment.sequence, segment.window, options.join(", "));
            let flags = segment.flags.to_string();
            Captured { flags, figures, details, bytes: segment.length as u64, again }
        }
        Body::Udp(datagram) => Captured {
            flags: "UDP".into(),
            figures: format!("{} B", grouped(datagram.length as u64)),
            details: format!("length={} checksum=0x{:04x}", datagram.field, datagram.checksum),
            bytes: datagram.length as u64,
            again,
        },
        Body::Icmp(report) => {
            let figures = match report.says {
                Says::PortUnreachable => "port unreachable".into(),
                Says::HostUnreachable => "host unreachable".into(),
                Says::NetworkUnreachable => "network unreachable".into(),
                Says::ProtocolUnreachable => "protocol unreachable".into(),
                Says::TooLarge(Some(bytes)) => format!("too large: at most {bytes} B"),
                Says::TooLarge(None) => "too large".into(),
                Says::Prohibited => "prohibited".into(),
                Says::TimeExceeded => "time exceeded".into(),
                Says::Other => String::new(),
            };
            let details = format!("type={} code={}", report.kind, report.code);
            Captured { flags: "ICMP".into(), figures, details, bytes: 0, again }
        }
    }
}

/// What a packet is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A segment.
    Tcp {
        /// SYN.
        syn: Flag,
        /// ACK.
        ack: Flag,
        /// FIN.
        fin: Flag,
        /// RST.
        rst: Flag,
        /// The bytes of the stream in it; `None` where the beginning of the connection was not captured, so that no one can count.
        bytes: Option<Range<u64>>,
    },
    /// A datagram of so many bytes.
    Udp(u64),
    /// Port unreachable.
    Unreachable,
    /// Anything else.
    Other,
}

/// Whether a flag of the header is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// It is.
    Set,
    /// It is not.
    Clear,
}

impl From<bool> for Flag {
    fn from(set: bool) -> Self {
        if set { Self::Set } else { Self::Clear }
    }
}

/// Packets that one frame looks at: a capture holds some 90,000.
const AT_ONCE: u64 = 4096;

/// The packets between two ends, in the order of their times.
#[derive(Clone, Debug, Default)]
pub struct Wire {
    packets: Vec<Packet>,
    between: Vec<Between>,
    /// When the capture began: another one numbers anew.
    began: Option<Timestamp>,
    /// The next that was not looked at.
    next: u64,
    /// How numbers are written.
    numbers: Numbers,
}

impl Wire {
    /// Takes in what was captured since the last time, 4,096 packets at most; of other ends, or of another capture, everything anew.
    /// Whether there is more to take.
    pub fn take(&mut self, packets: &Packets, between: &[Between], numbers: Numbers) -> bool {
        self.numbers = numbers;
        if self.between != between || self.began != packets.began() || packets.next() < self.next {
            (self.between, self.began, self.next) = (between.to_vec(), packets.began(), 0);
            self.packets.clear();
        }
        let known = packets.numbers();
        self.packets.retain(|packet| packet.caught.number >= known.start);
        let end = known.end.min(self.next.max(known.start) + AT_ONCE);
        for caught in packets.range(self.next..end) {
            let found = self.between.iter().find_map(|ends| Some((ends.sender(&caught.packet)?, ends.talk)));
            if let Some((sender, talk)) = found {
                let packet = Packet { sender, talk, kind: Kind::of(caught), caught: caught.clone() };
                // They come nearly in order.
                let place = self.packets.partition_point(|before| before.caught.packet.at <= caught.packet.at);
                self.packets.insert(place, packet);
            }
        }
        self.next = end;
        end < known.end
    }

    /// Forgets everything: nothing is captured any more.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether nothing was captured.
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Those after one moment and up to another.
    pub fn between(&self, after: Option<Timestamp>, until: Option<Timestamp>) -> &[Packet] {
        let before = |moment: Timestamp| self.packets.partition_point(|packet| packet.caught.packet.at <= moment);
        let (start, end) = (after.map_or(0, before), until.map_or(self.packets.len(), before));
        self.packets.get(start..end.max(start)).unwrap_or_default()
    }

    /// Whether a packet shows what a step concludes or saw.
    pub fn confirms(&self, step: &Step) -> bool {
        let (Some(signal), Some(sender)) = (&step.signal, step.sender()) else { return false };
        let around = |by: i64| Some(Timestamp(step.at.0.saturating_add(by)));
        let near = self.between(around(-NEAR), around(NEAR)).iter();
        let ours = near.filter(|packet| {
            packet.sender == sender && (packet.talk == step.talk || step.talk.is_none() || packet.talk.is_none())
        });
        ours.take(MOST).any(|packet| shows(&packet.kind, &signal.segment))
    }

    /// The steps of these packets.
    pub fn steps(&self, packets: &[Packet]) -> impl Iterator<Item = Step> {
        packets.iter().map(|packet| {
            let step = packet.step();
            let mut step = step.sending(Segment::Captured(Box::new(written(&packet.caught, self.numbers))));
            if let Some(signal) = &mut step.signal {
                signal.certainty = Certainty::Observed;
            }
            step
        })
    }
}

impl Packet {
    /// A step without anything at its place.
    pub fn step(&self) -> Step {
        let Caught { number, packet, .. } = &*self.caught;
        Step::new(self.sender, packet.at, Mark::Packet(*number)).of(self.talk)
    }
}

fn shows(kind: &Kind, segment: &Segment) -> bool {
    let set = Flag::Set;
    match (kind, segment) {
        (Kind::Tcp { syn, ack, .. }, Segment::Syn | Segment::SynAgain) => *syn == set && *ack != set,
        (Kind::Tcp { syn, ack, .. }, Segment::SynAck) => *syn == set && *ack == set,
        (Kind::Tcp { syn, ack, rst, .. }, Segment::Ack) => *ack == set && *syn != set && *rst != set,
        (Kind::Tcp { fin, .. }, Segment::Fin) => *fin == set,
        (Kind::Tcp { rst, .. }, Segment::Reset) => *rst == set,
        (Kind::Tcp { bytes: Some(range), .. }, Segment::Data { offset, bytes }) => {
            range.start < offset + bytes && *offset < range.end
        }
        // Without the beginning any that carries bytes is as good as another.
        (Kind::Tcp { bytes: None, syn, .. }, Segment::Data { .. }) => *syn != set,
        (Kind::Udp(length), Segment::Datagram(bytes)) => *length == bytes.len() as u64,
        (Kind::Unreachable, Segment::Unreachable) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::record::RecordId;
    use etherparse::PacketBuilder;

    const OWN: &str = "127.0.0.1:5";
    const OTHER: &str = "127.0.0.1:80";

    fn tcp(at: i64, flags: &str, sequence: u32, payload: &[u8]) -> Raw {
        let mut builder = PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64).tcp(5, 80, sequence, 512);
        for flag in flags.chars() {
            builder = match flag {
                'S' => builder.syn(),
                'A' => builder.ack(1),
                'F' => builder.fin(),
                _ => builder.rst(),
            };
        }
        let mut bytes = Vec::new();
        builder.write(&mut bytes, payload).unwrap();
        Raw::parse(Timestamp(at), &bytes).unwrap()
    }

    fn udp(at: i64, payload: &[u8]) -> Raw {
        let mut bytes = Vec::new();
        PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64).udp(5, 80).write(&mut bytes, payload).unwrap();
        Raw::parse(Timestamp(at), &bytes).unwrap()
    }

    fn wire(packets: Vec<Raw>) -> Wire {
        let mut caught = Packets::default();
        packets.into_iter().for_each(|packet| caught.push(packet));
        let between = Between { own: Some(OWN.parse().unwrap()), other: Some(OTHER.parse().unwrap()), talk: None };
        let mut wire = Wire::default();
        wire.take(&caught, &[between], Numbers::Relative);
        wire
    }

    #[test]
    fn a_packet_confirms_what_it_shows_and_nothing_else() {
        let step = Step::new(End::Own, Timestamp(1_000), Mark::Record(End::Own, RecordId(0)));
        let syn = || tcp(900, "S", 99, b"");
        let table = [
            (vec![syn()], Segment::Syn, true),
            (vec![tcp(900, "SA", 99, b"")], Segment::Syn, false),
            (vec![tcp(900, "SA", 99, b"")], Segment::SynAck, true),
            (vec![syn(), tcp(950, "A", 100, b"01234")], Segment::Data { offset: 4, bytes: 3 }, true),
            (vec![syn(), tcp(950, "A", 100, b"01234")], Segment::Data { offset: 5, bytes: 3 }, false),
            (vec![tcp(950, "FA", 100, b"")], Segment::Fin, true),
            (vec![tcp(950, "RA", 100, b"")], Segment::Reset, true),
            (vec![tcp(950, "RA", 100, b"")], Segment::Ack, false),
            (vec![udp(950, b"abc")], Segment::Datagram(vec![0; 3].into()), true),
            (vec![udp(950, b"abc")], Segment::Datagram(vec![0; 4].into()), false),
        ];
        for (packets, segment, expected) in table {
            let wire = wire(packets.clone());
            assert_eq!(wire.confirms(&step.clone().sending(segment.clone())), expected, "{segment:?} by {packets:?}");
            assert!(!wire.confirms(&step.clone().getting(segment)), "it came from the other end");
        }
        let late = wire(vec![tcp(10_000_000, "S", 99, b"")]);
        assert!(!late.confirms(&step.sending(Segment::Syn)), "that was another time");
    }

    #[test]
    fn numbers_are_written_as_they_are_or_from_the_syn() {
        let mut wire = wire(vec![tcp(0, "S", 4_000_000_000, b""), tcp(1, "A", 4_000_000_001, b"hi")]);
        let figures = |wire: &Wire| -> Vec<String> {
            let steps = wire.steps(wire.between(None, None));
            steps.map(|step| crate::diagram::ladder::words::arrow(&step.signal.unwrap().segment)).collect()
        };
        assert_eq!(figures(&wire), ["SYN  seq=0 win=512", "ACK  seq=1 ack=1 len=2 win=512"]);
        wire.numbers = Numbers::Absolute;
        assert_eq!(figures(&wire)[1], "ACK  seq=4000000001 ack=1 len=2 win=512");
    }
}
