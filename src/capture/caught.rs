//! The packets that a capture holds: the newest within a bound, each with what it means. Must never wait, and never forget in silence.

use super::follow::{Follower, Meaning};
use super::packet::Packet;
use crate::session::timestamp::Timestamp;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

/// Bytes of packets that are kept, overhead included: some minutes of a lesson, or the last second of a flood.
const MOST_BYTES: usize = 32 << 20;
/// What a packet takes besides its bytes, about.
const OVERHEAD: usize = 320;

/// A packet with its number and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caught {
    /// Its number since the capture began, from 0. It stays when older packets go.
    pub number: u64,
    /// The packet.
    pub packet: Packet,
    /// What it means in its connection; `None` for what is not TCP.
    pub meaning: Option<Meaning>,
    /// Packets that were lost just before it, because the system's queue was full.
    pub lost_before: u64,
}

/// The packets of one capture. Bound: 32 MiB; the oldest go, and are counted.
#[derive(Debug, Default)]
pub struct Packets {
    list: VecDeque<Arc<Caught>>,
    first: u64,
    bytes: usize,
    follower: Follower,
    /// When it began.
    began: Option<Timestamp>,
    lost: u64,
    /// Lost since the last packet.
    lost_since: u64,
    /// Whether it has ended, and by what.
    ended: Option<String>,
}

impl Packets {
    /// Takes a packet in.
    pub fn push(&mut self, packet: Packet) {
        let meaning = self.follower.follow(&packet);
        self.bytes += cost(&packet);
        let lost_before = std::mem::take(&mut self.lost_since);
        self.began.get_or_insert(packet.at);
        self.list.push_back(Arc::new(Caught { number: self.next(), packet, meaning, lost_before }));
        while self.bytes > MOST_BYTES
            && let Some(oldest) = self.list.pop_front()
        {
            self.bytes -= cost(&oldest.packet);
            self.first += 1;
        }
    }

    /// Counts packets that the system had to drop.
    pub fn lose(&mut self, packets: u64) {
        self.lost = self.lost.saturating_add(packets);
        self.lost_since = self.lost_since.saturating_add(packets);
    }

    /// Says why no more will come.
    pub fn end(&mut self, reason: String) {
        self.ended.get_or_insert(reason);
    }

    /// The numbers of the packets that there are.
    pub fn numbers(&self) -> Range<u64> {
        self.first..self.next()
    }

    /// The number of the next packet, which is how many there have been.
    pub fn next(&self) -> u64 {
        self.first + self.list.len() as u64
    }

    /// Packets that went to stay within the bound.
    pub fn forgotten(&self) -> u64 {
        self.first
    }

    /// Packets that the system dropped because they were not taken fast enough.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// When the first came.
    pub fn began(&self) -> Option<Timestamp> {
        self.began
    }

    /// Why no more come, if something went wrong.
    pub fn ended(&self) -> Option<&str> {
        self.ended.as_deref()
    }

    /// A packet by its number.
    pub fn get(&self, number: u64) -> Option<&Arc<Caught>> {
        self.list.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    /// Those of a range of numbers that there are, in order.
    pub fn range(&self, numbers: Range<u64>) -> impl DoubleEndedIterator<Item = &Arc<Caught>> {
        let at = |number: u64| usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX).min(self.list.len());
        let (from, to) = (at(numbers.start), at(numbers.end));
        self.list.range(from..to.max(from))
    }

    /// The number of the first packet at or after a moment. Packets of several processors may come a little out of order; then it is one
    /// close by.
    pub fn since(&self, at: Timestamp) -> u64 {
        self.first + self.list.partition_point(|caught| caught.packet.at < at) as u64
    }
}

fn cost(packet: &Packet) -> usize {
    packet.bytes.len() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::PacketBuilder;

    fn datagram(at: i64, length: usize) -> Packet {
        let mut bytes = Vec::new();
        PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64).udp(1, 2).write(&mut bytes, &vec![0; length]).unwrap();
        Packet::parse(Timestamp(at), &bytes).unwrap()
    }

    #[test]
    fn the_oldest_go_and_are_counted() {
        let mut packets = Packets::default();
        for at in 0..1000 {
            packets.push(datagram(at, 60_000));
        }
        let kept = packets.numbers();
        assert_eq!((kept.end, packets.forgotten()), (1000, kept.start));
        assert!(kept.start > 400 && packets.bytes <= MOST_BYTES, "{kept:?}");
        assert_eq!(packets.get(kept.start - 1), None);
        assert_eq!(packets.get(999).unwrap().packet.at, Timestamp(999));
        assert_eq!(
            packets.range(0..kept.start + 2).map(|caught| caught.number).collect::<Vec<_>>(),
            [kept.start, kept.start + 1]
        );
        assert_eq!(
            (packets.since(Timestamp(990)), packets.since(Timestamp(0)), packets.range(2000..3000).count()),
            (990, kept.start, 0)
        );
    }

    #[test]
    fn a_loss_stands_before_the_packet_after_it() {
        let mut packets = Packets::default();
        packets.push(datagram(0, 1));
        packets.lose(3);
        packets.lose(2);
        packets.push(datagram(1, 1));
        packets.push(datagram(2, 1));
        assert_eq!(packets.range(0..9).map(|caught| caught.lost_before).collect::<Vec<_>>(), [0, 5, 0]);
        assert_eq!(packets.lost(), 5);
    }
}
