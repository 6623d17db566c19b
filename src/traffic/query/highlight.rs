//! Which bytes of a record belong to a match, also to one that begins before the record or ends after it. Must never look at more of a
//! long record than is shown of it.

use super::align::Aligner;
use super::pattern::Query;
use super::scan::{Manner, Scan};
use crate::codec::encoding::Encoding;
use crate::traffic::heads::Stream;
use crate::traffic::record::{Data, RecordId, Records};
use crate::traffic::text::{bytes_before, data_of};
use std::ops::Range;

/// The most ranges that are told of one record; matches beyond are not marked.
const MOST_RANGES: usize = 1000;
/// The most bytes of one record that are looked at, from its beginning.
const MOST_BYTES: usize = 64 << 10;
/// The most bytes of matches that are walked through: where 4 KiB of zeros are sought among zeros, each place is a match of 4 KiB.
const MOST_WALKED: usize = 16 << 20;

/// A record's bytes and what stands around them in their stream.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// Whose bytes.
    pub stream: Stream,
    /// Bytes of the stream just before; more than [`Query::reach`] help to find where characters begin.
    pub before: &'a [u8],
    /// How many bytes of the stream come before `before`.
    pub offset: u64,
    /// The record's own.
    pub bytes: &'a [u8],
    /// Bytes of the stream just after; more than [`Query::reach`] are of no use.
    pub after: &'a [u8],
}

impl Query {
    /// The parts of a record that belong to a match, in order and apart from each other. `after` is what follows in its stream, as far as
    /// it is at hand: the records after it are not known to it.
    pub fn highlights(&self, records: &impl Records, id: RecordId, after: &[u8]) -> Vec<Range<usize>> {
        let Some(data) = data_of(records, id) else { return Vec::new() };
        let Some((_, scan)) = self.scan((data.peer, data.direction)) else { return Vec::new() };
        let before = look_back(scan, records, &data);
        self.highlights_in(&Surroundings {
            stream: (data.peer, data.direction),
            before: &before,
            offset: data.offset - before.len() as u64,
            bytes: &data.bytes,
            after: if data.peer.stream().is_some() { after } else { &[] },
        })
    }

    /// The same for bytes that are at hand.
    pub fn highlights_in(&self, place: &Surroundings<'_>) -> Vec<Range<usize>> {
        let Some((_, scan)) = self.scan(place.stream) else { return Vec::new() };
        let shown = place.bytes.len().min(MOST_BYTES);
        let (bytes, rest) = place.bytes.split_at(shown);
        if !scan.crosses() {
            return walk(scan, bytes, 0..bytes.len());
        }
        let begin = match aligned(scan) {
            Some(encoding) => {
                let early = place.before.len().saturating_sub(scan.reach());
                encoding.safe_start(place.before.get(..early).unwrap_or_default(), place.offset).unwrap_or(0)
            }
            None => place.before.len().saturating_sub(scan.reach()),
        };
        let before = place.before.get(begin..).unwrap_or_default();
        let after = if rest.is_empty() { place.after } else { rest };
        let after = after.get(..scan.reach()).unwrap_or(after);
        walk(scan, &[before, bytes, after].concat(), before.len()..before.len() + bytes.len())
    }

    /// The parts of bytes that stand alone, a frame for example, which belong to a match.
    pub fn find_in(&self, bytes: &[u8], stream: Stream) -> Vec<Range<usize>> {
        self.highlights_in(&Surroundings { stream, before: &[], offset: 0, bytes, after: &[] })
    }
}

#[cfg(test)]
impl Query {
    /// The same of some peer.
    pub(super) fn find_going(&self, bytes: &[u8], direction: crate::traffic::record::Direction) -> Vec<Range<usize>> {
        let peer = crate::session::id::Peer::datagram("127.0.0.1:9".parse().unwrap());
        self.find_in(bytes, (peer, direction))
    }
}

fn aligned(scan: &Scan) -> Option<Encoding> {
    match scan.manner() {
        Manner::Every(aligned) => aligned,
        Manner::Disjoint => None,
    }
}

/// The bytes before a record that matter: as far as a match reaches, and further to a place that is certainly between two characters.
fn look_back(scan: &Scan, records: &impl Records, data: &Data) -> Vec<u8> {
    if !scan.crosses() {
        return Vec::new();
    }
    let mut wanted = scan.reach() + if aligned(scan).is_some() { 64 } else { 0 };
    loop {
        let before = bytes_before(records, data, 0, wanted);
        let Some(encoding) = aligned(scan) else { return before };
        let offset = data.offset - before.len() as u64;
        let early = before.get(..before.len().saturating_sub(scan.reach())).unwrap_or_default();
        if before.len() < wanted || wanted > MOST_BYTES || encoding.safe_start(early, offset).is_some() {
            return before;
        }
        wanted *= 4;
    }
}

/// The parts of `own` that belong to matches in all of `bytes`, of which the first begins a character.
fn walk(scan: &Scan, bytes: &[u8], own: Range<usize>) -> Vec<Range<usize>> {
    let mut aligner = aligned(scan).map(|encoding| Aligner::new(encoding, &[], bytes));
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut walked = 0;
    let mut from = own.start.saturating_sub(scan.reach());
    while walked < MOST_WALKED
        && let Some(found) = scan.find(bytes, from)
        && found.start < own.end
    {
        walked += found.len();
        from = if scan.manner() == Manner::Disjoint { found.end } else { found.start + 1 };
        if found.end <= own.start || aligner.as_mut().is_some_and(|aligner| !aligner.begins(&found)) {
            continue;
        }
        let part = found.start.max(own.start) - own.start..found.end.min(own.end) - own.start;
        let is_full = ranges.len() == MOST_RANGES;
        match ranges.last_mut() {
            // Two matches side by side are two, two that overlap are marked as one.
            Some(last) if part.start < last.end => last.end = last.end.max(part.end),
            _ if is_full => break,
            _ => ranges.push(part),
        }
    }
    ranges
}
