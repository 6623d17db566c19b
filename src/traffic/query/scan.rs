//! One compiled pattern for one encoding, and how far it reaches. Must never keep a byte of what it scans.

use super::error::QueryError;
use crate::codec::encoding::Encoding;
use regex_automata::Input;
use regex_automata::meta::{BuildError, Config, Regex};
use regex_syntax::hir::Hir;
use std::ops::Range;

/// The most bytes of earlier records that a match may use, and so the longest text or hex that can be typed.
pub const LONGEST: usize = 4 << 10;
/// What a compiled regex may need: enough for a hundred `\w` over all of Unicode, and little enough to be matched in reasonable time.
const MOST: usize = 1 << 20;
/// What matching it may keep, per thread.
const MOST_CACHE: usize = 2 << 20;

/// Which matches count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// Each place where the pattern fits, also where two overlap; in this encoding only between two characters.
    Every(Option<Encoding>),
    /// From left to right, without overlap.
    Disjoint,
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    regex: Regex,
    manner: Manner,
    longest: usize,
    crosses: bool,
}

impl Scan {
    /// Compiles a tree.
    ///
    /// # Errors
    /// It would need too much memory, or text or hex is longer than can be found.
    pub fn new(tree: &Hir, manner: Manner) -> Result<Self, QueryError> {
        let longest = tree.properties().maximum_len();
        if manner != Manner::Disjoint && longest.is_none_or(|longest| longest > LONGEST) {
            return Err(QueryError::TooLong(LONGEST));
        }
        let config = Config::new()
            .utf8_empty(false)
            .nfa_size_limit(Some(MOST))
            .onepass_size_limit(Some(MOST))
            .dfa_size_limit(Some(MOST))
            .hybrid_cache_capacity(MOST_CACHE);
        let regex = Regex::builder().configure(config).build_from_hir(tree).map_err(|error| too_big(&error))?;
        let longest = longest.unwrap_or(usize::MAX);
        // A pattern of one byte crosses nothing, unless that byte may be the second half of a character.
        let one_byte = longest <= 1 && !matches!(manner, Manner::Every(Some(_)));
        let crosses = tree.properties().look_set().is_empty() && !one_byte;
        Ok(Self { regex, manner, longest, crosses })
    }

    pub fn manner(&self) -> Manner {
        self.manner
    }

    /// Whether what comes before a record and after it matters; otherwise each record is searched alone.
    pub fn crosses(&self) -> bool {
        self.crosses
    }

    /// How many bytes before a record, and after it, have a say in what touches it.
    pub fn reach(&self) -> usize {
        if self.crosses { self.longest.saturating_sub(1).min(LONGEST) + self.hindsight() } else { 0 }
    }

    /// How many bytes after a match may still show that it is one.
    pub fn hindsight(&self) -> usize {
        match self.manner {
            Manner::Every(Some(encoding)) => encoding.hindsight(),
            Manner::Every(None) | Manner::Disjoint => 0,
        }
    }

    /// Whether a match that ends where the bytes so far end may be longer once there are more.
    pub fn may_grow(&self, found: &Range<usize>) -> bool {
        found.len() < self.longest
    }

    /// The first match at or after `from` that is not of nothing.
    pub fn find(&self, bytes: &[u8], mut from: usize) -> Option<Range<usize>> {
        // `^` alone is found everywhere and is no hit anywhere.
        while from <= bytes.len() && self.longest > 0 {
            let found = self.regex.search(&Input::new(bytes).range(from..))?.range();
            if !found.is_empty() {
                return Some(found);
            }
            from = found.end + 1;
        }
        None
    }

    /// The first match at or after `from` that is a right one, whether or not it overlaps one that is not.
    pub fn find_that(
        &self,
        bytes: &[u8],
        mut from: usize,
        mut is_right: impl FnMut(&Range<usize>) -> bool,
    ) -> Option<Range<usize>> {
        loop {
            let found = self.find(bytes, from)?;
            if is_right(&found) {
                return Some(found);
            }
            from = found.start + 1;
        }
    }
}

/// Trees come from a parser that has refused what is wrong, so all that is left is their size.
fn too_big(error: &BuildError) -> QueryError {
    match error.syntax_error() {
        Some(error) => QueryError::Regex { line: 1, column: 1, message: error.to_string() },
        None => QueryError::TooBig,
    }
}
