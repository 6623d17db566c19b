//! Whether a match of text begins between two characters of its stream. Must never decode a byte twice, however many matches it judges,
//! nor more than it must.

use crate::codec::decoder::{Decoder, Piece};
use crate::codec::encoding::Encoding;
use std::borrow::Cow;
use std::ops::Range;

/// How far before a match to look for a place that is certainly between two characters, before all is decoded.
const LOOK_BACK: [usize; 3] = [64, 512, 4096];

/// Judges matches in the joined bytes of `before` and `after`, from left to right. The first of them begins between two characters.
pub(super) struct Aligner<'a> {
    encoding: Encoding,
    before: &'a [u8],
    after: &'a [u8],
    decoder: Decoder,
    at: usize,
}

impl<'a> Aligner<'a> {
    pub fn new(encoding: Encoding, before: &'a [u8], after: &'a [u8]) -> Self {
        Self { encoding, before, after, decoder: encoding.decoder(), at: 0 }
    }

    /// Whether a character begins where `found` does. Cheap while each `found` begins after the one before.
    pub fn begins(&mut self, found: &Range<usize>) -> bool {
        self.move_to(found.start);
        let pending = self.decoder.pending();
        let seen_after = found.end + self.encoding.hindsight();
        pending.is_empty() || self.breaks_off(pending, &self.slice(found.start..seen_after))
    }

    /// The last place between two characters at or before `place`.
    pub fn boundary(&mut self, place: usize) -> usize {
        self.move_to(place);
        place - self.decoder.pending().len()
    }

    /// Whether the character begun by `pending` is broken off by what follows, so that its bytes, or the last ones of them, are malformed
    /// and those that follow are read as they are by themselves: in Big5 an `81` and then `1`.
    fn breaks_off(&self, pending: &[u8], follows: &[u8]) -> bool {
        let joined = [pending, follows].concat();
        let mut decoder = self.encoding.decoder();
        // Where the characters and malformed sequences end, one after the other, until one ends where `follows` begins.
        let mut end = 0;
        for (index, byte) in joined.iter().enumerate() {
            let mut pieces = decoder.push(&[*byte]).into_iter().peekable();
            while let Some(piece) = pieces.next() {
                let (whole, last) = match piece {
                    Piece::Invalid(bytes) => (0, bytes.len()),
                    // What a decoder reads again after a malformed sequence is ASCII, one byte each; the last one takes what is left.
                    Piece::Text(text) => {
                        let before = text.chars().count().saturating_sub(1);
                        let left = (index + 1).saturating_sub(decoder.pending().len() + end + before);
                        (before, if pieces.peek().is_none() { left } else { 1 })
                    }
                };
                if (end + 1..=end + whole).contains(&pending.len()) || end + whole + last == pending.len() {
                    return true;
                }
                end += whole + last;
            }
            if end > pending.len() {
                return false;
            }
        }
        false
    }

    fn move_to(&mut self, place: usize) {
        if place < self.at {
            self.decoder = self.encoding.decoder();
            self.at = 0;
        }
        for back in LOOK_BACK {
            if place.saturating_sub(self.at) <= back {
                break;
            }
            let start = place - back;
            // The first byte of all begins a character, so a place counted from it is as good as one counted from the stream's start.
            if let Some(safe) = self.encoding.safe_start(&self.slice(start..place), start as u64) {
                self.decoder = self.encoding.decoder();
                self.at = start + safe;
                break;
            }
        }
        for part in self.parts(self.at..place) {
            self.decoder.push(part);
        }
        self.at = place;
    }

    fn parts(&self, range: Range<usize>) -> [&'a [u8]; 2] {
        let middle = self.before.len();
        let end = range.end.min(middle + self.after.len());
        let first = self.before.get(range.start.min(middle)..end.min(middle));
        let second = self.after.get(range.start.saturating_sub(middle)..end.saturating_sub(middle));
        [first.unwrap_or_default(), second.unwrap_or_default()]
    }

    fn slice(&self, range: Range<usize>) -> Cow<'a, [u8]> {
        match self.parts(range) {
            [first, []] => Cow::Borrowed(first),
            [[], second] => Cow::Borrowed(second),
            both => Cow::Owned(both.concat()),
        }
    }
}
