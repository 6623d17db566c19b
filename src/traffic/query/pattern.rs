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

    /// How many bytes before a record, and after it, have a say in what touches it: at most [`LONGEST`] and a few to see how they are read.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::record::Direction::{Received, Sent};

    fn text(typed: &str) -> Pattern {
        Pattern { typed: typed.to_owned(), ..Pattern::default() }
    }

    #[test]
    fn nothing_typed_asks_for_nothing() {
        for (kind, typed) in [(Kind::Text, ""), (Kind::Hex, " ,\n"), (Kind::Regex, "")] {
            let pattern = Pattern { kind, typed: typed.to_owned(), ignore_case: false };
            assert!(Query::compile(&pattern, Encoding::UTF_8, Encoding::GBK).unwrap().is_none());
        }
        assert!(Query::compile(&text(" "), Encoding::UTF_8, Encoding::GBK).unwrap().is_some());
    }

    #[test]
    fn each_direction_has_its_encoding() {
        let query = Query::compile(&text("好"), Encoding::UTF_8, Encoding::GBK).unwrap().unwrap();
        assert_eq!(query.find_in("好".as_bytes(), Received).first(), Some(&(0..3)));
        assert_eq!(query.find_in(b"\xBA\xC3", Sent).first(), Some(&(0..2)));
        assert!(query.find_in(b"\xBA\xC3", Received).is_empty());
        let query = Query::compile(&text("好"), Encoding::LATIN_1, Encoding::GBK).unwrap().unwrap();
        assert!(query.find_in("好".as_bytes(), Received).is_empty());
        assert_eq!(query.find_in(b"\xBA\xC3", Sent).first(), Some(&(0..2)));
        let error = Query::compile(&text("a🌏"), Encoding::LATIN_1, Encoding::GBK).unwrap_err();
        assert_eq!(error.values()[..2], [("encoding", "ISO-8859-1".to_owned()), ("character", "🌏".to_owned())]);
    }

    /// What is typed, in which encoding, in which bytes, and where it is found.
    type Row = (&'static str, Encoding, &'static [u8], &'static [(usize, usize)]);

    #[test]
    fn text_is_found_between_characters_only() {
        let table: [Row; 10] = [
            // B0 A1 is 啊; its halves stand across 鞍 B0 B0 and ¡ A1 A1.
            ("啊", Encoding::GBK, b"\xB0\xB0\xA1\xA1\xB0\xA1", &[(4, 6)]),
            ("A", Encoding::GBK, b"\x82\x41A", &[(2, 3)]),
            // A lead byte that nothing can follow does not take the digit with it.
            ("1", Encoding::GBK, b"\xFF1", &[(1, 2)]),
            // Nor the beginning of a character of four bytes, once it does not go on as one.
            ("1", Encoding::GBK, b"\x811", &[]),
            ("1", Encoding::GBK, b"\x811\x81\x41", &[(1, 2)]),
            ("\n", Encoding::SHIFT_JIS, b"\x83\n", &[(1, 2)]),
            ("a", Encoding::UTF_16LE, b"\0a\0a\0", &[]),
            ("a", Encoding::UTF_16LE, b"a\0\0a", &[(0, 2)]),
            ("A", Encoding::UTF_16LE, b"\x3D\xD8A\0", &[(2, 4)]),
            ("あ", Encoding::for_label("iso-2022-jp").unwrap(), b"\x1B$B$\"$$\x1B(B", &[(0, 5)]),
        ];
        for (typed, encoding, bytes, expected) in table {
            let query = Query::compile(&text(typed), encoding, encoding).unwrap().unwrap();
            let found = query.find_in(bytes, Received).into_iter().map(|range| (range.start, range.end));
            assert_eq!(found.collect::<Vec<_>>(), expected, "{typed} in {encoding}");
        }
    }

    #[test]
    fn too_long_for_what_is_kept() {
        let long = "a".repeat(LONGEST);
        assert!(Query::compile(&text(&long), Encoding::UTF_8, Encoding::UTF_8).is_ok());
        for encoding in [Encoding::UTF_8, Encoding::UTF_16LE] {
            let error = Query::compile(&text(&(long.clone() + "a")), encoding, encoding).unwrap_err();
            assert_eq!(error, QueryError::TooLong(LONGEST));
        }
    }

    #[test]
    fn a_settings_file_may_leave_things_out() {
        assert_eq!(serde_json::from_str::<Pattern>("{}").unwrap(), Pattern::default());
        let pattern = Pattern { kind: Kind::Hex, typed: "4?".into(), ignore_case: true };
        assert_eq!(serde_json::from_str::<Pattern>(&serde_json::to_string(&pattern).unwrap()).unwrap(), pattern);
    }
}
