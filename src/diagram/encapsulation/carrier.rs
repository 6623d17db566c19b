//! Which captured packet carried a message. Must never take one for another: where two could have, none is said to have.
//!
//! 1. It has the message's addresses and ports and exactly its bytes.
//! 2. A segment has the message's place in the stream. Where the capture did not see the SYN no place is known, and no segment is taken.
//! 3. A datagram was seen shortly before it was received, or just when it was sent, and no other with these bytes was then.

use super::subject::{Captured, Subject, Transport, Way};
use crate::capture::caught::Caught;
use crate::capture::follow::Counted;
use crate::session::timestamp::Timestamp;

/// How long a datagram may lie in the socket before it is read, in microseconds.
const LIES: i64 = 2_000_000;
/// How far the clock of a packet and that of its record may be apart.
const APART: i64 = 50_000;

/// The packet that carried a message which went this way and was recorded then.
pub fn carrier<'a>(
    subject: &Subject,
    (way, at): (Way, Timestamp),
    packets: impl Iterator<Item = &'a Caught>,
) -> Option<Captured> {
    let mut found: Option<&Caught> = None;
    for caught in packets {
        let packet = &caught.packet;
        let ends = (packet.source, packet.destination) == (subject.source.address, subject.destination.address);
        if !ends || packet.payload() != &*subject.payload {
            continue;
        }
        match subject.transport {
            Transport::Udp => {
                let before = if way == Way::FromPeer { LIES } else { APART };
                if !(at.0 - before..=at.0 + APART).contains(&packet.at.0) {
                    continue;
                }
                if found.is_some() {
                    return None;
                }
            }
            Transport::Tcp { offset } => {
                let (Some(meaning), Some(segment)) = (caught.meaning, packet.segment()) else { continue };
                // The SYN has the number 0. Without it no place is known, and the same bytes may have gone before the capture began.
                if meaning.counted != Counted::FromSyn || meaning.sequence != (offset as u32).wrapping_add(1) {
                    continue;
                }
                let again = |first: &Caught| first.packet.segment().is_some_and(|first| first.sequence == segment.sequence);
                match found {
                    Some(first) if again(first) => continue,
                    Some(_) => return None,
                    None => {}
                }
            }
        }
        found = Some(caught);
    }
    Captured::parse(&found?.packet.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::caught::Packets;
    use crate::capture::packet::Packet;
    use etherparse::PacketBuilder;

    const AT: i64 = 10_000_000;

    fn subject(transport: Transport, payload: &[u8]) -> Subject {
        let local = Some("10.0.0.2:40000".parse().unwrap());
        Subject::new(local, "10.0.0.9:9000".parse().unwrap(), Way::ToPeer, transport, payload.into())
    }

    fn udp(at: i64, hops: u8, payload: &[u8]) -> Packet {
        let mut bytes = Vec::new();
        PacketBuilder::ipv4([10, 0, 0, 2], [10, 0, 0, 9], hops).udp(40000, 9000).write(&mut bytes, payload).unwrap();
        Packet::parse(Timestamp(at), &bytes).unwrap()
    }

    fn tcp(syn: bool, sequence: u32, payload: &[u8]) -> Packet {
        let mut bytes = Vec::new();
        let packet = PacketBuilder::ipv4([10, 0, 0, 2], [10, 0, 0, 9], 64).tcp(40000, 9000, sequence, 500);
        let packet = if syn { packet.syn() } else { packet.ack(1).psh() };
        packet.write(&mut bytes, payload).unwrap();
        Packet::parse(Timestamp(AT), &bytes).unwrap()
    }

    fn found(subject: &Subject, way: Way, list: Vec<Packet>) -> Option<Captured> {
        let mut packets = Packets::default();
        list.into_iter().for_each(|packet| packets.push(packet));
        carrier(subject, (way, Timestamp(AT)), packets.range(packets.numbers()).map(|caught| &**caught))
    }

    fn hops(captured: Option<Captured>) -> Option<u8> {
        captured.map(|captured| captured.ip.ipv4().unwrap().0.time_to_live)
    }

    fn sequence(captured: Option<Captured>) -> Option<u32> {
        captured.map(|captured| captured.transport.tcp().unwrap().sequence_number)
    }

    #[test]
    fn a_datagram_is_the_only_one_of_its_time() {
        let message = subject(Transport::Udp, b"ping");
        let to = Way::ToPeer;
        assert_eq!(hops(found(&message, to, vec![udp(AT - 10, 7, b"ping"), udp(AT, 8, b"pong")])), Some(7));
        assert_eq!(hops(found(&message, to, vec![udp(AT - 9_000_000, 6, b"ping"), udp(AT, 7, b"ping")])), Some(7));
        assert_eq!(found(&message, to, vec![udp(AT - 10, 7, b"ping"), udp(AT, 8, b"ping")]), None);
        assert_eq!(found(&message, to, vec![udp(AT - 1_000_000, 7, b"ping")]), None);
        assert_eq!(hops(found(&message, Way::FromPeer, vec![udp(AT - 1_000_000, 7, b"ping")])), Some(7));
        assert_eq!(found(&message, to, vec![]), None);
    }

    #[test]
    fn a_segment_is_told_by_its_place_in_the_stream() {
        let message = subject(Transport::Tcp { offset: 4 }, b"ping");
        let syn = || tcp(true, u32::MAX - 2, b"");
        let at = |offset: u32, bytes| tcp(false, (u32::MAX - 1).wrapping_add(offset), bytes);
        let all = vec![syn(), at(0, b"ping"), at(4, b"ping"), at(8, b"ping"), at(4, b"ping")];
        assert_eq!(sequence(found(&message, Way::ToPeer, all)), Some((u32::MAX - 1).wrapping_add(4)));
        // What travelled in other pieces has no carrier.
        assert_eq!(found(&message, Way::ToPeer, vec![syn(), at(0, b"pingping")]), None);
        // Without the SYN nobody knows its place: the same may have been said before the capture began.
        assert_eq!(found(&message, Way::ToPeer, vec![at(4, b"ping"), at(4, b"ping")]), None);
        assert_eq!(found(&message, Way::ToPeer, vec![at(0, b"ping"), at(4, b"ping")]), None);
    }
}
