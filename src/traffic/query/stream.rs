//! The end of one stream while it is searched: the bytes that a later record may complete to a match, and whose they are. Must never
//! keep more than a match can use.

use super::align::Aligner;
use super::scan::{Manner, Scan};
use crate::codec::encoding::Encoding;
use crate::traffic::record::RecordId;
use std::collections::VecDeque;
use std::ops::Range;

/// A record up to this length is copied behind the bytes before it and searched together with them; of a longer one only the beginning.
const SMALL: usize = 4 << 10;
/// So many bytes too many are kept before they are moved out of the way, so that short records do not move them each time.
const SLACK: usize = 512;

/// A record whose bytes are among those kept.
struct Segment {
    id: RecordId,
    /// Where in the stream it ends.
    end: u64,
    /// Whether nobody need hear of it again.
    told: bool,
}

/// The end of one stream.
#[derive(Default)]
pub(super) struct Stream {
    /// Its last bytes. The first of them begins a character, if the pattern asks for that.
    bytes: Vec<u8>,
    /// Where in the stream they begin.
    start: u64,
    segments: VecDeque<Segment>,
    /// Where among them the search goes on, for matches without overlap.
    resume: usize,
    /// When it was last used, counted in records.
    pub used: u64,
    /// What it is read in.
    encoding: Option<Encoding>,
}

/// The next record of a stream.
pub(super) struct Next<'a> {
    pub id: RecordId,
    /// How many bytes of the stream come before it.
    pub offset: u64,
    pub bytes: &'a [u8],
    /// Whether nobody asks for this record, only for what it completes.
    pub told: bool,
}

/// Where the search goes on after a match. One that begins before what a later match can use has all the bytes that it could ever have: to
/// go on within it would find matches that overlap it.
fn again_from(scan: &Scan, found: &Range<usize>, reach_back: usize) -> usize {
    if scan.may_grow(found) && found.start >= reach_back { found.start } else { found.end }
}

impl Stream {
    /// What it costs in memory, in bytes.
    pub fn cost(&self) -> usize {
        size_of::<Self>() + self.bytes.capacity() + self.segments.capacity() * size_of::<Segment>() + 64
    }

    /// What it is read in from now on; what was kept for another encoding is forgotten.
    pub fn read_in(&mut self, encoding: Encoding) {
        if self.encoding != Some(encoding) {
            *self = Self { used: self.used, encoding: Some(encoding), ..Self::default() };
        }
    }

    /// Searches the next record, and tells each record that a match touches, once.
    pub fn take(&mut self, scan: &Scan, next: &Next<'_>, hits: &mut impl FnMut(RecordId)) {
        if self.start + self.bytes.len() as u64 != next.offset {
            // The records between are gone; what was before them touches nothing after.
            *self = Self { start: next.offset, used: self.used, encoding: self.encoding, ..Self::default() };
        }
        let known = self.bytes.len();
        let end = next.offset + next.bytes.len() as u64;
        self.segments.push_back(Segment { id: next.id, end, told: next.told });
        let head = if next.bytes.len() <= SMALL { next.bytes } else { next.bytes.get(..scan.reach()).unwrap_or(next.bytes) };
        self.bytes.extend_from_slice(head);
        match scan.manner() {
            Manner::Every(aligned) => self.every(scan, aligned, known, next, hits),
            Manner::Disjoint => self.disjoint(scan, known, next, hits),
        }
    }

    /// Searches a record that is a stream of its own.
    pub fn alone(scan: &Scan, next: &Next<'_>, hits: &mut impl FnMut(RecordId)) {
        let mut aligner = match scan.manner() {
            Manner::Every(Some(encoding)) => Some(Aligner::new(encoding, &[], next.bytes)),
            Manner::Every(None) | Manner::Disjoint => None,
        };
        if scan.find_that(next.bytes, 0, |found| aligner.as_mut().is_none_or(|aligner| aligner.begins(found))).is_some() {
            hits(next.id);
        }
    }

    fn every(&mut self, scan: &Scan, aligned: Option<Encoding>, known: usize, next: &Next<'_>, hits: &mut impl FnMut(RecordId)) {
        let before = self.bytes.get(..known).unwrap_or_default();
        let mut aligner = aligned.map(|encoding| Aligner::new(encoding, before, next.bytes));
        let mut begins = |found: &Range<usize>| aligner.as_mut().is_none_or(|aligner| aligner.begins(found));
        // The first match that uses the new bytes is the one that begins first, so no other touches more records.
        let head = self.bytes.len() - known;
        let from = known.saturating_sub(scan.reach());
        let mut late: Vec<Range<usize>> = Vec::new();
        let mut found = scan.find_that(&self.bytes, from, |found| {
            let counts = found.end + scan.hindsight() > known && begins(found);
            if counts && found.end <= known {
                // It was there before, and only these bytes show it.
                late.push(found.clone());
            }
            counts && found.end > known
        });
        if found.is_none() && head < next.bytes.len() && !next.told {
            found = scan
                .find_that(next.bytes, 0, |found| begins(&(known + found.start..known + found.end)))
                .map(|found| known + found.start..known + found.end);
        }
        // Only bytes that a later match can use stay, from a place between two characters.
        let mut keep = (known + next.bytes.len()).saturating_sub(scan.reach());
        let is_long = head < next.bytes.len();
        if let Some(encoding) = aligned
            && (is_long || keep > SLACK)
        {
            keep = Aligner::new(encoding, before, next.bytes).boundary(keep);
        }
        for found in late.iter().chain(&found) {
            self.touch(found, hits);
        }
        if is_long {
            self.replace(keep, known, next.bytes);
        } else if keep > SLACK {
            self.forget(keep);
        }
    }

    /// The search goes on from the beginning of the last match, because more bytes may make it longer. Those before it stay as they are.
    fn disjoint(&mut self, scan: &Scan, known: usize, next: &Next<'_>, hits: &mut impl FnMut(RecordId)) {
        let length = known + next.bytes.len();
        let is_long = self.bytes.len() < length;
        let reach_back = length.saturating_sub(scan.reach());
        let mut from = self.resume;
        let mut resume = from;
        while let Some(found) = scan.find(&self.bytes, from) {
            if is_long && found.start >= known {
                break;
            }
            self.touch(&found, hits);
            from = found.end;
            resume = again_from(scan, &found, reach_back);
        }
        if !is_long {
            self.resume = resume.max(reach_back);
            if self.resume > SLACK {
                self.forget(self.resume);
            }
            return;
        }
        // Once the record is known to be touched, what counts is only what the next one may complete.
        from = if next.told { from.max(reach_back) } else { from };
        while let Some(found) = scan.find(next.bytes, from.saturating_sub(known)) {
            let found = known + found.start..known + found.end;
            self.touch(&found, hits);
            from = found.end.max(reach_back);
            resume = again_from(scan, &found, reach_back);
        }
        self.replace(resume.max(reach_back), known, next.bytes);
        self.resume = 0;
    }

    /// Tells the records of these bytes.
    fn touch(&mut self, found: &Range<usize>, hits: &mut impl FnMut(RecordId)) {
        let (start, end) = (self.start + found.start as u64, self.start + found.end as u64);
        let first = self.segments.partition_point(|segment| segment.end <= start);
        let mut begins = start;
        for segment in self.segments.range_mut(first..) {
            if begins >= end {
                return;
            }
            // A record of no bytes lies between two places and is touched by nothing.
            if !segment.told && segment.end > begins {
                segment.told = true;
                hits(segment.id);
            }
            begins = segment.end;
        }
    }

    /// Forgets the bytes before `keep`.
    fn forget(&mut self, keep: usize) {
        self.bytes.drain(..keep.min(self.bytes.len()));
        self.resume = self.resume.saturating_sub(keep);
        self.forget_segments(keep);
    }

    /// Keeps what is after `keep`, counted over the bytes kept so far and those of the record, of which only the head was copied.
    fn replace(&mut self, keep: usize, known: usize, bytes: &[u8]) {
        match keep.checked_sub(known) {
            Some(keep) => {
                self.bytes.clear();
                self.bytes.extend_from_slice(bytes.get(keep..).unwrap_or_default());
            }
            None => {
                self.bytes.truncate(known);
                self.bytes.drain(..keep);
                self.bytes.extend_from_slice(bytes);
            }
        }
        self.forget_segments(keep);
    }

    fn forget_segments(&mut self, keep: usize) {
        self.start += keep as u64;
        while self.segments.front().is_some_and(|segment| segment.end <= self.start) {
            self.segments.pop_front();
        }
    }
}
