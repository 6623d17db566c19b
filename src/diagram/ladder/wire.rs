//! Captured packets between the two ends, in order, and which of the concluded ones they confirm. Must never confirm by anything but what
//! stands in a packet.

use super::step::{Captured, End, Mark, Segment, Step};
use crate::diagram::scene::Certainty;
use crate::session::id::ConnectionId;
use crate::session::timestamp::Timestamp;
use std::ops::Range;

/// How far around a step its packet is looked for: a packet has the system's time, a record that of this program, which may come to it
/// late.
const NEAR: i64 = 2_000_000;
/// Packets looked at for one step.
const MOST: usize = 512;

/// A packet between the two ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Packet {
    /// Its number in the capture.
    pub number: u64,
    /// When the system saw it.
    pub at: Timestamp,
    /// Who sent it.
    pub sender: End,
    /// In which connection of the own session.
    pub talk: Option<ConnectionId>,
    /// What of it confirms others.
    pub kind: Kind,
    /// What it says.
    pub words: Captured,
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

/// The packets between two ends, in the order of their times.
#[derive(Clone, Debug, Default)]
pub struct Wire {
    packets: Vec<Packet>,
}

impl Wire {
    /// Puts them in order.
    pub fn new(mut packets: Vec<Packet>) -> Self {
        packets.sort_by_key(|packet| packet.at);
        Self { packets }
    }

    /// Whether nothing was captured.
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Those after one moment and up to another.
    pub fn between(&self, after: Option<Timestamp>, until: Option<Timestamp>) -> &[Packet] {
        let start = after.map_or(0, |after| self.packets.partition_point(|packet| packet.at <= after));
        let end = until.map_or(self.packets.len(), |until| self.packets.partition_point(|packet| packet.at <= until));
        self.packets.get(start..end.max(start)).unwrap_or_default()
    }

    /// Whether a packet shows what a step concludes or saw.
    pub fn confirms(&self, step: &Step) -> bool {
        let (Some(signal), Some(sender)) = (&step.signal, step.sender()) else { return false };
        let near = self.between(Some(Timestamp(step.at.0.saturating_sub(NEAR))), Some(Timestamp(step.at.0.saturating_add(NEAR))));
        let mut near = near.iter().filter(|packet| packet.sender == sender && (packet.talk == step.talk || step.talk.is_none()));
        near.by_ref().take(MOST).any(|packet| shows(&packet.kind, &signal.segment))
    }

    /// The steps of these packets.
    pub fn steps(packets: &[Packet]) -> impl Iterator<Item = Step> {
        packets.iter().map(|packet| {
            let step = Step::new(packet.sender, packet.at, Mark::Packet(packet.number)).of(packet.talk);
            let mut step = step.sending(Segment::Captured(Box::new(packet.words.clone())));
            if let Some(signal) = &mut step.signal {
                signal.certainty = Certainty::Observed;
            }
            step
        })
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
    use super::super::step::{Again, Says};
    use super::*;
    use crate::traffic::record::RecordId;

    fn packet(at: i64, sender: End, kind: Kind) -> Packet {
        let words = Captured { flags: String::new(), figures: String::new(), bytes: 0, again: Again::First };
        Packet { number: 0, at: Timestamp(at), sender, talk: None, kind, words }
    }

    fn tcp(flags: &str, bytes: Range<u64>) -> Kind {
        let has = |flag: char| flags.contains(flag).into();
        Kind::Tcp { syn: has('S'), ack: has('A'), fin: has('F'), rst: has('R'), bytes: Some(bytes) }
    }

    #[test]
    fn a_packet_confirms_what_it_shows_and_nothing_else() {
        let step = Step::new(End::Own, Timestamp(1_000), Mark::Record(End::Own, RecordId(0))).saying(Says::Nothing);
        let table = [
            (tcp("S", 0..0), Segment::Syn, true),
            (tcp("SA", 0..0), Segment::Syn, false),
            (tcp("SA", 0..0), Segment::SynAck, true),
            (tcp("A", 0..5), Segment::Data { offset: 4, bytes: 3 }, true),
            (tcp("A", 0..5), Segment::Data { offset: 5, bytes: 3 }, false),
            (tcp("FA", 5..5), Segment::Fin, true),
            (tcp("RA", 5..5), Segment::Reset, true),
            (tcp("RA", 5..5), Segment::Ack, false),
            (Kind::Udp(3), Segment::Datagram(vec![0; 3].into()), true),
            (Kind::Udp(3), Segment::Datagram(vec![0; 4].into()), false),
            (Kind::Unreachable, Segment::Unreachable, true),
        ];
        for (kind, segment, expected) in table {
            let wire = Wire::new(vec![packet(1_001, End::Own, kind.clone())]);
            assert_eq!(wire.confirms(&step.clone().sending(segment.clone())), expected, "{kind:?} {segment:?}");
            assert!(!wire.confirms(&step.clone().getting(segment)), "it came from the wrong end");
        }
        let late = Wire::new(vec![packet(10_000_000, End::Own, tcp("S", 0..0))]);
        assert!(!late.confirms(&step.sending(Segment::Syn)), "that was another time");
    }
}
