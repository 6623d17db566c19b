//! What was typed to be searched for, and its compiled form: one scanner per direction, because each direction has its own encoding.
//! Must never know records.

use super::error::QueryError;
use super::scan::{LONGEST, Manner, Scan};
use super::{expression, letters, nibbles};
use crate::codec::encoding::Encoding;
use crate::codec::hex;
use crate::traffic::record::Direction;
use serde::{Deserialize, Serialize};

/// How a typed pattern is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// As it stands, in the view's encoding.
    #[default]
    Text,
    /// As bytes in hex; `4?`, `?4` and `??` stand for any.
    Hex,
    /// As a regular expression over bytes.
    Regex,
}

/// A pattern as typed. Empty asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pattern {
    /// How to read it.
    pub kind: Kind,
    /// What was typed.
    pub typed: String,
    /// Whether A finds a, in every alphabet. Of no use in hex.
    pub ignore_case: bool,
}

impl Pattern {
    /// Whether nothing is asked for: an empty pattern, or hex of separators alone. Blanks are text.
    pub fn is_empty(&self) -> bool {
        match self.kind {
            Kind::Hex => self.typed.chars().all(hex::is_separator),
            Kind::Text | Kind::Regex => self.typed.is_empty(),
        }
    }

    fn scan(&self, encoding: Encoding) -> Result<Scan, QueryError> {
        if self.typed.len() > 4 * LONGEST {
            return Err(QueryError::TooLong(LONGEST));
        }
        match self.kind {
            Kind::Text => {
                let tree = letters::tree(&self.typed, encoding, self.ignore_case)?;
                Scan::new(&tree, Manner::Every(Some(encoding).filter(|encoding| encoding.can_be_misread())))
            }
            Kind::Hex => Scan::new(&nibbles::tree(&self.typed)?, Manner::Every(None)),
            Kind::Regex => Scan::new(&expression::tree(&self.typed, encoding, self.ignore_case)?, Manner::Disjoint),
        }
    }
}

/// A pattern that can be searched for. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Query {
    received: Option<Scan>,
    sent: Option<Scan>,
}

impl Query {
    /// Compiles a pattern for a view that reads what was received and what was sent in these encodings. `None` for an empty pattern.
    /// A character that only one of the two encodings has can only be found in its direction.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn compile(pattern: &Pattern, receive: Encoding, send: Encoding) -> Result<Option<Self>, QueryError> {
        if pattern.is_empty() {
            return Ok(None);
        }
        let received = pattern.scan(receive);
        if receive == send || pattern.kind == Kind::Hex {
            let scan = received?;
            return Ok(Some(Self { received: Some(scan.clone()), sent: Some(scan) }));
        }
        let (received, sent) = match (received, pattern.scan(send)) {
            (Err(QueryError::Unmappable(_)), Ok(sent)) => (None, Some(sent)),
            (Ok(received), Err(QueryError::Unmappable(_))) => (Some(received), None),
            (received, sent) => (Some(received?), Some(sent?)),
        };
        Ok(Some(Self { received, sent }))
    }

    /// How many bytes before a record, and after it, a match that touches it may use: at most [`LONGEST`].
    pub fn reach(&self, direction: Direction) -> usize {
        self.scan(direction).map_or(0, Scan::reach)
    }

    pub(super) fn scan(&self, direction: Direction) -> Option<&Scan> {
        match direction {
            Direction::Received => self.received.as_ref(),
            Direction::Sent => self.sent.as_ref(),
        }
    }
}
