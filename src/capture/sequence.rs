//! One direction of a captured TCP connection: segments in the order of their numbers (RFC 9293 section 3.4). Bytes sent again are
//! dropped, bytes that came too early wait, and what never came is a hole. Must never know whose bytes they are.

use crate::session::timestamp::Timestamp;
use std::collections::BTreeMap;

/// Bytes that wait for a hole to be filled, at most; beyond that it is taken for one that the capture never had.
const MOST_WAITING: usize = 1 << 20;
/// Segments that wait, at most.
const MOST_SEGMENTS: usize = 1024;

/// A part of the stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Part {
    /// These bytes, captured then.
    Bytes(Timestamp, Vec<u8>),
    /// So many bytes that the capture does not have.
    Hole(Timestamp, u64),
}

/// A direction's stream so far.
#[derive(Default)]
pub struct Sequence {
    /// The number of the byte that comes next; `None` before the first segment.
    next: Option<u32>,
    /// How many bytes, holes included, came before it.
    passed: u64,
    waiting: BTreeMap<u64, (Timestamp, Vec<u8>)>,
    waiting_bytes: usize,
    /// Where the FIN stands.
    fin: Option<u64>,
    finished: bool,
    /// Payload bytes that came.
    pub received: u64,
    /// Bytes that came again.
    pub repeated: u64,
}

impl Sequence {
    /// A SYN: the first byte has the number after it.
    pub fn begin(&mut self, syn: u32) {
        self.next = Some(syn.wrapping_add(1));
    }

    /// Whether anything is known of this direction.
    pub fn is_begun(&self) -> bool {
        self.next.is_some()
    }

    /// Takes in a segment; `more` is how many of its bytes the capture cut off.
    pub fn take(&mut self, at: Timestamp, number: u32, payload: &[u8], more: u64, out: &mut Vec<Part>) {
        let next = *self.next.get_or_insert(number);
        let Some((start, payload)) = self.place(number.wrapping_sub(next), payload) else { return };
        if start > self.passed {
            self.wait(start, at, payload);
        } else if !payload.is_empty() {
            self.pass(at, payload.to_vec(), out);
        }
        if more > 0 && start <= self.passed && start + payload.len() as u64 >= self.passed {
            out.push(Part::Hole(at, more));
            self.advance(more);
        }
        self.release(out);
        while self.waiting_bytes > MOST_WAITING || self.waiting.len() > MOST_SEGMENTS {
            self.jump(out);
        }
    }

    /// Where a segment begins in the stream, and what of it is new. `ahead` is the distance from the next number, in the arithmetic of
    /// sequence numbers: what is more than 2 GiB ahead lies behind.
    fn place<'a>(&mut self, ahead: u32, payload: &'a [u8]) -> Option<(u64, &'a [u8])> {
        let ahead = i64::from(ahead.cast_signed());
        if ahead >= 0 {
            return Some((self.passed + ahead.unsigned_abs(), payload));
        }
        let old = usize::try_from(ahead.unsigned_abs()).ok()?;
        let new = payload.get(old..).unwrap_or_default();
        self.repeated += (payload.len() - new.len()) as u64;
        (!new.is_empty()).then_some((self.passed, new))
    }

    fn wait(&mut self, start: u64, at: Timestamp, payload: &[u8]) {
        if payload.is_empty() {
            return;
        }
        let before = self.waiting.get(&start).map_or(0, |(_, bytes)| bytes.len());
        if payload.len() > before {
            self.waiting_bytes = self.waiting_bytes + payload.len() - before;
            self.waiting.insert(start, (at, payload.to_vec()));
        }
        self.repeated += before.min(payload.len()) as u64;
    }

    fn pass(&mut self, at: Timestamp, bytes: Vec<u8>, out: &mut Vec<Part>) {
        self.received += bytes.len() as u64;
        self.advance(bytes.len() as u64);
        out.push(Part::Bytes(at, bytes));
    }

    fn advance(&mut self, length: u64) {
        self.passed += length;
        self.next = self.next.map(|next| next.wrapping_add(length as u32));
    }

    /// Passes on what has waited for the bytes before it.
    fn release(&mut self, out: &mut Vec<Part>) {
        while let Some(entry) = self.waiting.first_entry()
            && *entry.key() <= self.passed
        {
            let (start, (at, mut bytes)) = entry.remove_entry();
            self.waiting_bytes -= bytes.len();
            let old = usize::try_from(self.passed - start).unwrap_or(usize::MAX).min(bytes.len());
            self.repeated += old as u64;
            bytes.drain(..old);
            if !bytes.is_empty() {
                self.pass(at, bytes, out);
            }
        }
    }

    /// Gives up the bytes before the first that waits.
    fn jump(&mut self, out: &mut Vec<Part>) {
        let Some((start, (at, _))) = self.waiting.first_key_value() else { return };
        let (hole, at) = (*start - self.passed, *at);
        out.push(Part::Hole(at, hole));
        self.advance(hole);
        self.release(out);
    }

    /// The receiver says that it has everything before this number: a hole before it is one in the capture, not in the stream.
    pub fn acknowledged(&mut self, number: u32, out: &mut Vec<Part>) {
        while let Some(next) = self.next
            && let Ok(ahead) = u64::try_from(number.wrapping_sub(next).cast_signed())
            && let Some((start, _)) = self.waiting.first_key_value()
            && *start < self.passed + ahead
        {
            self.jump(out);
        }
    }

    /// Gives up every hole.
    pub fn give_up(&mut self, out: &mut Vec<Part>) {
        while !self.waiting.is_empty() {
            self.jump(out);
        }
    }

    /// A FIN after this payload.
    pub fn finish(&mut self, number: u32, length: usize) {
        let Some(next) = self.next else { return };
        let ahead = i64::from(number.wrapping_sub(next).cast_signed()) + length as i64;
        self.fin.get_or_insert(self.passed.saturating_add_signed(ahead));
    }

    /// Whether the FIN has been reached just now; once.
    pub fn has_just_finished(&mut self) -> bool {
        let now = !self.finished && self.fin.is_some_and(|fin| fin <= self.passed);
        self.finished |= now;
        now
    }

    /// Whether the FIN has been reached.
    pub fn is_finished(&self) -> bool {
        self.finished
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp(micros)
    }

    /// The bytes of a list of segments after a SYN, with each hole as `[n]`.
    fn joined(first: u32, segments: &[(u32, &str)]) -> String {
        let mut sequence = Sequence::default();
        sequence.begin(first.wrapping_sub(1));
        let mut parts = Vec::new();
        for (offset, payload) in segments {
            sequence.take(at(0), first.wrapping_add(*offset), payload.as_bytes(), 0, &mut parts);
        }
        sequence.give_up(&mut parts);
        shown(&parts)
    }

    fn shown(parts: &[Part]) -> String {
        parts
            .iter()
            .map(|part| match part {
                Part::Bytes(_, bytes) => String::from_utf8(bytes.clone()).unwrap(),
                Part::Hole(_, length) => format!("[{length}]"),
            })
            .collect()
    }

    #[test]
    fn order_repetition_and_holes() {
        let table: [(&[(u32, &str)], &str); 8] = [
            (&[(0, "ab"), (2, "cd")], "abcd"),
            (&[(2, "cd"), (0, "ab")], "abcd"),
            (&[(0, "ab"), (0, "ab"), (1, "bc")], "abc"),
            (&[(0, "ab"), (5, "fg")], "ab[3]fg"),
            (&[(0, "ab"), (5, "fg"), (9, "j"), (2, "cde")], "abcdefg[2]j"),
            (&[(3, "d"), (3, "de"), (0, "abcd")], "abcde"),
            // A keep-alive repeats the last byte.
            (&[(0, "ab"), (1, "?"), (2, "cd")], "abcd"),
            (&[(0, ""), (0, "a")], "a"),
        ];
        for (segments, expected) in table {
            for first in [0, 1000, u32::MAX - 1, u32::MAX] {
                assert_eq!(joined(first, segments), expected, "{segments:?} from {first}");
            }
        }
    }

    #[test]
    fn an_acknowledged_hole_is_told_at_once() {
        let mut sequence = Sequence::default();
        sequence.begin(99);
        let mut parts = Vec::new();
        sequence.take(at(0), 100, b"ab", 0, &mut parts);
        sequence.take(at(0), 105, b"fg", 0, &mut parts);
        sequence.acknowledged(102, &mut parts);
        assert_eq!(shown(&parts), "ab");
        sequence.acknowledged(107, &mut parts);
        assert_eq!(shown(&parts), "ab[3]fg");
    }

    #[test]
    fn what_was_cut_off_is_a_hole() {
        let mut sequence = Sequence::default();
        let mut parts = Vec::new();
        sequence.take(at(0), 7, b"ab", 3, &mut parts);
        sequence.take(at(0), 12, b"fg", 0, &mut parts);
        sequence.finish(14, 0);
        assert_eq!(shown(&parts), "ab[3]fg");
        assert!(sequence.has_just_finished() && !sequence.has_just_finished());
    }

    proptest! {
        /// Any segments of a text, in any order, some twice: the text, once they are all there.
        #[test]
        fn any_order_is_the_stream(text in "[a-z]{1,60}", cuts in proptest::collection::vec((0usize..60, 1usize..9), 0..40), first: u32) {
            let mut sequence = Sequence::default();
            sequence.begin(first.wrapping_sub(1));
            let mut parts = Vec::new();
            let pieces = cuts.iter().map(|(start, length)| (start % text.len(), *length));
            for (start, length) in pieces.chain((0..text.len()).rev().map(|start| (start, 1))) {
                let piece = &text[start..text.len().min(start + length)];
                sequence.take(at(0), first.wrapping_add(start as u32), piece.as_bytes(), 0, &mut parts);
            }
            prop_assert_eq!(shown(&parts), text);
        }

        /// Whatever numbers come: no panic, and memory within its bound.
        #[test]
        fn hostile_numbers(segments in proptest::collection::vec((any::<u32>(), 0usize..100, any::<u32>(), any::<bool>()), 0..2000)) {
            let mut sequence = Sequence::default();
            let mut parts = Vec::new();
            for (number, length, acknowledged, fin) in segments {
                sequence.take(at(0), number, &vec![0; length], u64::from(acknowledged % 7), &mut parts);
                sequence.acknowledged(acknowledged, &mut parts);
                if fin { sequence.finish(number, length); }
                sequence.has_just_finished();
                prop_assert!(sequence.waiting.len() <= MOST_SEGMENTS);
            }
            sequence.give_up(&mut parts);
        }
    }
}
