//! Search and filter over a session's history: what was typed becomes a tree, a scanner and a sieve, which are fed the records in order.
//! Must never know where records are kept, who asks, or when: bytes, zone and the day are arguments.
//!
//! | file | what it answers |
//! | --- | --- |
//! | [`pattern`] | what was typed, and its compiled form |
//! | `letters`, `nibbles`, `expression` | text, hex and regexes as trees over bytes |
//! | `scan` | one compiled pattern for one encoding |
//! | `align` | whether a match begins between two characters |
//! | [`finder`], `stream` | which records a match touches, also across records |
//! | [`highlight`] | which bytes of a record belong to a match |
//! | [`conditions`], [`address`] | everything but the pattern |
//! | [`sieve`] | all together: which records are shown |
//! | [`draft`], [`moment`] | the filter as typed, and what is wrong with it |
//!
//! # What a match is
//!
//! 1. Text and hex are found **everywhere**, also where two matches overlap, so it does not matter where a search began.
//! 2. A regex is found as regexes are, from left to right without overlap. Matches of nothing are not hits.
//! 3. The bytes of one connection and direction are one stream, however they were cut into records: a match may cross up to [`LONGEST`]
//!    bytes of them. It never crosses streams, nor the end of one; a datagram is searched alone.
//! 4. A stream is searched in the encoding that it is read in. Where that is told after some of it was searched, it has to be searched
//!    again ([`Encodings::is_outdated`](crate::traffic::encodings::Encodings::is_outdated)).
//! 5. A regex with `^`, `$` or `\b` looks at each record alone: there the edges of a record are edges.

mod align;
mod expression;
mod letters;
mod nibbles;
mod scan;
mod stream;

pub mod address;
pub mod conditions;
pub mod draft;
pub mod error;
pub mod finder;
pub mod highlight;
pub mod moment;
pub mod pattern;
pub mod sieve;

pub use conditions::{Conditions, Verdict, Wanted};
pub use draft::{DirectionChoice, Field, FieldProblem, FilterDraft, Reading};
pub use error::QueryError;
pub use finder::{Chunk, Finder};
pub use pattern::{Kind, Pattern, Query};
pub use scan::LONGEST;
pub use sieve::{Change, Sieve};

#[cfg(test)]
mod naive_tests;
