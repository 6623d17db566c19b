//! What a TCP packet means beside those before it: relative numbers, the real window, repetitions. Must never look at data, and never
//! wait: each packet is told about as it comes, whatever comes later.

use super::packet::{Flags, Packet, Segment};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

/// Connections that are followed at once; the one that was silent longest is forgotten and, if it goes on, followed anew from there.
const MOST_FLOWS: usize = 4096;
/// Holes that are remembered per direction; older ones are forgotten, and what fills them then counts as repeated.
const MOST_HOLES: usize = 64;

/// What a TCP packet means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// Its sequence number, counted from its direction's SYN, which has 0. Without a SYN (`counted` says so) the first packet seen has 1.
    pub sequence: u32,
    /// Its acknowledgement number, counted likewise; `None` without ACK, or while nothing was seen of the other direction.
    pub acknowledgment: Option<u32>,
    /// From where numbers are counted.
    pub counted: Counted,
    /// The window in bytes; `None` where the handshake was not seen, so that its scale is not known.
    pub window: Option<u32>,
    /// Whether it brings something new.
    pub novelty: Novelty,
}

/// From where relative numbers are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// From the SYN.
    FromSyn,
    /// From the first packet that was seen.
    FromFirstSeen,
}

/// Whether a packet brings something new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Novelty {
    /// Data, SYN or FIN that come next; or nothing but an acknowledgement.
    New,
    /// All of it was seen before: it was sent again.
    Retransmission,
    /// It begins beyond what was seen: something between was lost, or comes later.
    Ahead,
    /// It fills a hole: it was overtaken, or was lost and is sent again.
    FillsHole,
    /// One byte or none just before what comes next, to hear whether the peer is there (RFC 9293 section 3.8.4).
    KeepAlive,
    /// The same acknowledgement once more, without data (RFC 5681 section 2).
    DuplicateAck,
}

/// Follows connections.
#[derive(Debug, Default)]
pub struct Follower {
    flows: BTreeMap<(SocketAddr, SocketAddr), Flow>,
    order: VecDeque<(SocketAddr, SocketAddr)>,
}

#[derive(Debug, Default)]
struct Flow {
    /// That from the lower address, and that from the higher.
    ways: [Way; 2],
}

/// One direction.
#[derive(Debug, Default)]
struct Way {
    /// The number that counts as 0.
    base: Option<(u32, Counted)>,
    /// The number after the last that was seen.
    next: u32,
    /// What is missing below that.
    holes: VecDeque<(u32, u32)>,
    scale: Scale,
    /// The last acknowledgement and window, to tell duplicates.
    said: Option<(u32, u16)>,
}

/// By how many bits a window is shifted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Scale {
    /// No SYN was seen.
    #[default]
    Unknown,
    /// The SYN had no such option: then neither direction is scaled.
    Absent,
    Bits(u8),
}

impl Follower {
    /// What a packet means after all before it; `None` for what is not TCP.
    pub fn follow(&mut self, packet: &Packet) -> Option<Meaning> {
        let segment = packet.segment()?;
        let (source, destination) = (packet.source, packet.destination);
        let (key, way) = if source <= destination { ((source, destination), 0) } else { ((destination, source), 1) };
        if !self.flows.contains_key(&key) {
            if self.order.len() >= MOST_FLOWS
                && let Some(oldest) = self.order.pop_front()
            {
                self.flows.remove(&oldest);
            }
            self.order.push_back(key);
        }
        let flow = self.flows.entry(key).or_default();
        // A new connection between the same two ports begins with a SYN of another number.
        let syn = segment.flags.has(Flags::SYN);
        let opens = syn && !segment.flags.has(Flags::ACK);
        if opens && flow.ways[way].base.is_some_and(|(base, _)| base != segment.sequence) {
            *flow = Flow::default();
        }
        let [low, high] = &mut flow.ways;
        let (mine, theirs) = if way == 0 { (low, high) } else { (high, low) };
        Some(mine.meaning(segment, theirs))
    }
}

impl Way {
    fn meaning(&mut self, segment: &Segment, theirs: &mut Way) -> Meaning {
        let syn = segment.flags.has(Flags::SYN);
        let (base, counted) = match self.base {
            Some((base, Counted::FromSyn)) => (base, Counted::FromSyn),
            _ if syn => {
                self.next = segment.sequence;
                (segment.sequence, Counted::FromSyn)
            }
            Some(known) => known,
            None => {
                self.next = segment.sequence;
                (segment.sequence.wrapping_sub(1), Counted::FromFirstSeen)
            }
        };
        self.base = Some((base, counted));
        if syn {
            self.scale = segment.window_scale().map_or(Scale::Absent, Scale::Bits);
        }
        if let (None, Some(number)) = (theirs.base, segment.acknowledgment.filter(|_| !segment.flags.has(Flags::RST))) {
            // Nothing was seen of the other direction yet: what this end waits for is the next that comes.
            theirs.base = Some((number.wrapping_sub(1), Counted::FromFirstSeen));
            theirs.next = number;
        }
        let acknowledged = segment.acknowledgment.zip(theirs.base);
        let novelty = self.novelty(segment, theirs);
        self.take(segment);
        Meaning {
            sequence: segment.sequence.wrapping_sub(base),
            acknowledgment: acknowledged.map(|(number, (base, _))| number.wrapping_sub(base)),
            counted,
            window: self.window(segment, theirs),
            novelty,
        }
    }

    fn novelty(&self, segment: &Segment, theirs: &Way) -> Novelty {
        let (from, span) = (segment.sequence, segment.span());
        let to = from.wrapping_add(span);
        let marks = segment.flags.has(Flags::SYN) || segment.flags.has(Flags::FIN);
        if segment.flags.has(Flags::RST) {
            return Novelty::New;
        }
        if from.wrapping_add(1) == self.next && span <= 1 && !marks && !segment.flags.has(Flags::PSH) {
            return Novelty::KeepAlive;
        }
        if span == 0 {
            let again = segment.acknowledgment.is_some_and(|number| self.said == Some((number, segment.window)));
            // It answers what came again or too early; an idle connection's acknowledgements are not duplicates.
            let owed = segment.acknowledgment.is_some_and(|number| before(number, theirs.next));
            return if again && owed { Novelty::DuplicateAck } else { Novelty::New };
        }
        if before(self.next, from) {
            return Novelty::Ahead;
        }
        if before(self.next, to) {
            return Novelty::New;
        }
        let fills = self.holes.iter().any(|(start, end)| before(from, *end) && before(*start, to));
        if fills { Novelty::FillsHole } else { Novelty::Retransmission }
    }

    fn take(&mut self, segment: &Segment) {
        if let Some(number) = segment.acknowledgment {
            self.said = Some((number, segment.window));
        }
        let span = segment.span();
        if span == 0 || segment.flags.has(Flags::RST) {
            return;
        }
        let (from, to) = (segment.sequence, segment.sequence.wrapping_add(span));
        if before(self.next, from) {
            self.holes.push_back((self.next, from));
            if self.holes.len() > MOST_HOLES {
                self.holes.pop_front();
            }
        }
        let mut left = VecDeque::new();
        for (start, end) in std::mem::take(&mut self.holes) {
            if before(start, from) && before(from, end) {
                left.push_back((start, from));
            }
            if before(to, end) && before(start, to) {
                left.push_back((to, end));
            }
            if !before(from, end) || !before(start, to) {
                left.push_back((start, end));
            }
        }
        self.holes = left;
        if before(self.next, to) {
            self.next = to;
        }
    }

    /// The window in bytes: that of a SYN is never scaled, that of others only if both SYNs agreed (RFC 7323 section 2.2).
    fn window(&self, segment: &Segment, theirs: &Way) -> Option<u32> {
        let field = u32::from(segment.window);
        if segment.flags.has(Flags::SYN) {
            return Some(field);
        }
        match (self.scale, theirs.scale) {
            (Scale::Bits(bits), Scale::Bits(_)) => Some(field << bits),
            (Scale::Absent, _) | (_, Scale::Absent) => Some(field),
            (Scale::Unknown, _) | (_, Scale::Unknown) => None,
        }
    }
}

/// Whether one sequence number comes before another, round the end of 32 bits (RFC 9293 section 3.4).
fn before(one: u32, other: u32) -> bool {
    (one.wrapping_sub(other) as i32) < 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::timestamp::Timestamp;
    use etherparse::{PacketBuilder, TcpHeader, TcpOptionElement};
    use proptest::prelude::*;

    /// Who sends, flags as letters, sequence, acknowledgement, length.
    type Line = (char, &'static str, u32, u32, usize);

    fn packet((who, flags, sequence, acknowledgment, length): Line) -> Packet {
        let (from, to) = if who == 'c' { (5000, 80) } else { (80, 5000) };
        let mut header = TcpHeader::new(from, to, sequence, 100);
        (header.syn, header.ack) = (flags.contains('S'), flags.contains('A'));
        (header.fin, header.rst, header.psh) = (flags.contains('F'), flags.contains('R'), flags.contains('P'));
        header.acknowledgment_number = acknowledgment;
        if flags.contains('S') {
            header.set_options(&[TcpOptionElement::WindowScale(4)]).unwrap();
        }
        let mut bytes = Vec::new();
        PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64).tcp_header(header).write(&mut bytes, &vec![0; length]).unwrap();
        Packet::parse(Timestamp(0), &bytes).unwrap()
    }

    fn meanings(lines: &[Line]) -> Vec<Meaning> {
        let mut follower = Follower::default();
        lines.iter().map(|line| follower.follow(&packet(*line)).unwrap()).collect()
    }

    #[test]
    fn a_whole_connection_round_the_end_of_the_numbers() {
        let c = u32::MAX - 2;
        let lines = [
            ('c', "S", c, 0, 0),
            ('s', "SA", 500, c.wrapping_add(1), 0),
            ('c', "A", c.wrapping_add(1), 501, 0),
            ('c', "PA", c.wrapping_add(1), 501, 10),
            ('s', "A", 501, c.wrapping_add(11), 0),
            ('c', "FA", c.wrapping_add(11), 501, 0),
            ('s', "FA", 501, c.wrapping_add(12), 0),
            ('c', "A", c.wrapping_add(12), 502, 0),
        ];
        let told = meanings(&lines);
        let numbers: Vec<_> = told.iter().map(|meaning| (meaning.sequence, meaning.acknowledgment)).collect();
        let expected =
            [(0, None), (0, Some(1)), (1, Some(1)), (1, Some(1)), (1, Some(11)), (11, Some(1)), (1, Some(12)), (12, Some(2))];
        assert_eq!(numbers, expected);
        assert!(told.iter().all(|meaning| meaning.novelty == Novelty::New && meaning.counted == Counted::FromSyn), "{told:?}");
        assert_eq!((told[0].window, told[2].window), (Some(100), Some(1600)));
    }

    #[test]
    fn what_comes_again_is_told_apart() {
        use Novelty::{Ahead, DuplicateAck, FillsHole, KeepAlive, New, Retransmission};
        let table: [(&[Line], &[Novelty]); 4] = [
            (&[('c', "S", 9, 0, 0), ('c', "S", 9, 0, 0)], &[New, Retransmission]),
            // Sent again because its acknowledgement was lost.
            (&[('c', "PA", 10, 1, 5), ('c', "PA", 10, 1, 5), ('s', "A", 1, 15, 0)], &[New, Retransmission, New]),
            // The first of two is overtaken; the receiver asks for it twice.
            (
                &[('c', "PA", 5, 1, 5), ('s', "A", 1, 10, 0), ('c', "PA", 15, 1, 5), ('s', "A", 1, 10, 0), ('c', "PA", 10, 1, 5)],
                &[New, New, Ahead, DuplicateAck, FillsHole],
            ),
            (
                &[('c', "PA", 10, 1, 5), ('c', "A", 14, 1, 0), ('c', "A", 14, 1, 1), ('s', "A", 1, 15, 0)],
                &[New, KeepAlive, KeepAlive, New],
            ),
        ];
        for (lines, expected) in table {
            let told: Vec<Novelty> = meanings(lines).iter().map(|meaning| meaning.novelty).collect();
            assert_eq!(told, expected, "{lines:?}");
        }
    }

    #[test]
    fn the_same_ports_again_are_a_new_connection() {
        let told = meanings(&[('c', "S", 9, 0, 0), ('s', "SA", 1, 10, 0), ('c', "S", 70_000, 0, 0), ('c', "PA", 70_001, 1, 3)]);
        assert_eq!((told[2].sequence, told[2].novelty, told[3].sequence), (0, Novelty::New, 1));
    }

    #[test]
    fn without_the_handshake_nothing_is_claimed() {
        let told = meanings(&[('c', "PA", 1000, 77, 3), ('s', "A", 77, 1003, 0)]);
        assert_eq!((told[0].sequence, told[0].acknowledgment, told[0].window), (1, Some(1), None));
        assert_eq!((told[0].counted, told[1].sequence, told[1].acknowledgment), (Counted::FromFirstSeen, 1, Some(4)));
    }

    proptest! {
        /// Segments in order, each possibly sent again at once, are new once and repeated after.
        #[test]
        fn each_byte_is_new_once(start in any::<u32>(), pieces in proptest::collection::vec((1usize..50, 0usize..3), 1..40)) {
            let mut follower = Follower::default();
            follower.follow(&packet(('c', "S", start, 0, 0))).unwrap();
            let mut next = start.wrapping_add(1);
            for (length, again) in pieces {
                for time in 0..=again {
                    let told = follower.follow(&packet(('c', "PA", next, 0, length))).unwrap();
                    prop_assert_eq!(told.novelty, if time == 0 { Novelty::New } else { Novelty::Retransmission });
                }
                next = next.wrapping_add(length as u32);
            }
        }
    }
}
