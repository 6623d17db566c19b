//! Frames that end with certain bytes. It must never miss a delimiter because two reads, or a cut at the limit, tear it apart.

use super::{End, Inside};
use memchr::memmem::Finder;

/// A delimiter made ready to be looked for.
#[derive(Debug)]
pub(super) struct Needle {
    bytes: Vec<u8>,
    finder: Finder<'static>,
    /// For each length of a match begun, how long the next shorter one is that ends in the same place (Knuth, Morris and Pratt).
    shorter: Vec<usize>,
}

impl Needle {
    /// `bytes` has at least one.
    pub fn new(bytes: &[u8]) -> Self {
        let mut needle = Self { bytes: bytes.to_vec(), finder: Finder::new(bytes).into_owned(), shorter: vec![0] };
        let mut matched = 0;
        for byte in bytes.iter().skip(1) {
            matched = needle.next(matched, *byte);
            needle.shorter.push(matched);
        }
        needle
    }

    pub fn step(&self, inside: &mut Inside, window: &[u8]) -> (usize, Option<End>) {
        let mut matched = match inside {
            Inside::Matched(matched) => usize::from(*matched),
            _ => 0,
        };
        let mut taken = 0;
        // Byte by byte while a match is under way.
        while matched > 0
            && let Some(byte) = window.get(taken)
        {
            taken += 1;
            matched = self.next(matched, *byte);
            if matched == self.bytes.len() {
                return (taken, Some(End::Complete));
            }
        }
        // The rest at full speed.
        let rest = &window[taken..];
        if matched == 0 {
            if let Some(place) = self.finder.find(rest) {
                return (taken + place + self.bytes.len(), Some(End::Complete));
            }
            let tail = rest.len().saturating_sub(self.bytes.len() - 1);
            matched = rest[tail..].iter().fold(0, |matched, byte| self.next(matched, *byte));
        }
        *inside = if matched == 0 { Inside::Start } else { Inside::Matched(matched as u16) };
        (window.len(), None)
    }

    /// How much of the delimiter stands at the end, after one more byte.
    fn next(&self, mut matched: usize, byte: u8) -> usize {
        loop {
            if self.bytes.get(matched) == Some(&byte) {
                return matched + 1;
            }
            match matched.checked_sub(1) {
                Some(before) => matched = self.shorter[before],
                None => return 0,
            }
        }
    }
}
