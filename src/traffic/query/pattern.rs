//! What was typed to be searched for, and its compiled form: one scanner per encoding, because each stream may have its own.
//! Must never know records.

use super::error::QueryError;
use super::scan::{LONGEST, Manner, Scan};
use super::{expression, letters, nibbles};
use crate::codec::encoding::Encoding;
use crate::codec::hex;
use crate::traffic::encodings::Encodings;
use crate::traffic::heads::Stream;
use crate::traffic::record::Direction;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, OnceLock};

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
    /// One for each encoding that something is read in and that has every character of it; a single one where the encoding does not matter.
    scans: Arc<[(Encoding, Scan)]>,
    /// For the others, which a stream may be judged to be in later; compiled when the first record of such a stream comes.
    later: Arc<Later>,
    encodings: Encodings,
}

#[derive(Debug, Default)]
struct Later {
    pattern: Pattern,
    scans: Vec<(Encoding, OnceLock<Option<Scan>>)>,
}

impl Query {
    /// Compiles a pattern for a view that reads its streams so. `None` for an empty pattern. A character that only one of the encodings
    /// has can only be found where that is read. A record that is read otherwise than its stream is searched as its stream.
    ///
    /// # Errors
    /// What is wrong with it, and where. That a pattern is too much for the encoding of a single stream is no error.
    pub fn compile(pattern: &Pattern, encodings: &Encodings) -> Result<Option<Self>, QueryError> {
        if pattern.is_empty() {
            return Ok(None);
        }
        // Bytes are the same in every encoding.
        let encodings =
            if pattern.kind == Kind::Hex { Encodings::fixed(Encoding::UTF_8, Encoding::UTF_8) } else { encodings.clone() };
        let chosen = [Direction::Received, Direction::Sent].map(|direction| encodings.choice(direction).otherwise());
        let mut scans = Vec::new();
        let mut refused = None;
        for encoding in encodings.possible() {
            match pattern.scan(encoding) {
                Ok(scan) => scans.push((encoding, scan)),
                Err(error) if matches!(error, QueryError::Unmappable(_)) || !chosen.contains(&encoding) => {
                    refused = refused.or(Some(error));
                }
                Err(error) => return Err(error),
            }
        }
        let mut later = Later::default();
        if encodings.is_auto() {
            later.pattern = pattern.clone();
            let others = Encoding::all().iter().filter(|other| scans.iter().all(|(known, _)| known != *other));
            later.scans = others.map(|encoding| (*encoding, OnceLock::new())).collect();
        }
        match refused {
            Some(error) if scans.is_empty() && !encodings.is_auto() => Err(error),
            _ => Ok(Some(Self { scans: scans.into(), later: Arc::new(later), encodings })),
        }
    }

    /// How many bytes before a record, and after it, have a say in what touches it: at most [`LONGEST`] and a few to see how they are read.
    pub fn reach(&self) -> usize {
        let later = self.later.scans.iter().filter_map(|(_, scan)| scan.get()?.as_ref());
        self.scans.iter().map(|(_, scan)| scan).chain(later).map(Scan::reach).max().unwrap_or_default()
    }

    /// How a stream is searched, and in which encoding; `None` where nothing of it can match.
    pub(super) fn scan(&self, stream: Stream) -> Option<(Encoding, &Scan)> {
        let encoding = self.encodings.of_stream_for_good(stream);
        if let Some((known, scan)) = self.scans.iter().find(|(known, _)| *known == encoding) {
            return Some((*known, scan));
        }
        let (known, scan) = self.later.scans.iter().find(|(known, _)| *known == encoding)?;
        Some((*known, scan.get_or_init(|| self.later.pattern.scan(encoding).ok()).as_ref()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::id::{ConnectionId, Peer};
    use crate::traffic::encodings::{Choice, Pins};
    use crate::traffic::heads::Heads;
    use crate::traffic::record::Direction::{Received, Sent};

    fn text(typed: &str) -> Pattern {
        Pattern { typed: typed.to_owned(), ..Pattern::default() }
    }

    #[test]
    fn nothing_typed_asks_for_nothing() {
        for (kind, typed) in [(Kind::Text, ""), (Kind::Hex, " ,\n"), (Kind::Regex, "")] {
            let pattern = Pattern { kind, typed: typed.to_owned(), ignore_case: false };
            assert!(Query::compile(&pattern, &Encodings::fixed(Encoding::UTF_8, Encoding::GBK)).unwrap().is_none());
        }
        assert!(Query::compile(&text(" "), &Encodings::fixed(Encoding::UTF_8, Encoding::GBK)).unwrap().is_some());
    }

    #[test]
    fn each_direction_has_its_encoding() {
        let query = Query::compile(&text("好"), &Encodings::fixed(Encoding::UTF_8, Encoding::GBK)).unwrap().unwrap();
        assert_eq!(query.find_going("好".as_bytes(), Received).first(), Some(&(0..3)));
        assert_eq!(query.find_going(b"\xBA\xC3", Sent).first(), Some(&(0..2)));
        assert!(query.find_going(b"\xBA\xC3", Received).is_empty());
        let query = Query::compile(&text("好"), &Encodings::fixed(Encoding::LATIN_1, Encoding::GBK)).unwrap().unwrap();
        assert!(query.find_going("好".as_bytes(), Received).is_empty());
        assert_eq!(query.find_going(b"\xBA\xC3", Sent).first(), Some(&(0..2)));
        let error = Query::compile(&text("a🌏"), &Encodings::fixed(Encoding::LATIN_1, Encoding::GBK)).unwrap_err();
        assert_eq!(error.values()[..2], [("encoding", "ISO-8859-1".to_owned()), ("character", "🌏".to_owned())]);
    }

    #[test]
    fn each_stream_has_its_encoding() {
        let peer = |number| Peer::connected(ConnectionId(number), "127.0.0.1:9".parse().unwrap());
        let mut pins = Pins::default();
        pins.pin_stream((peer(2), Received), Some(Encoding::GBK));
        let pinned = Encodings::fixed(Encoding::UTF_8, Encoding::UTF_8).with(&pins);
        let heads = Heads::default();
        let said = "服务器已经启动正在等待客户端的连接";
        heads.push((peer(2), Received), &Encoding::GBK.encode(said).unwrap());
        heads.judged((peer(2), Received));
        let auto = Encodings::new(Choice::Auto(Encoding::UTF_8), Choice::Fixed(Encoding::UTF_8), &heads);
        for encodings in [pinned, auto] {
            let query = Query::compile(&text("好"), &encodings).unwrap().unwrap();
            for (peer, bytes, found) in [
                (peer(1), "好".as_bytes(), true),
                (peer(2), "好".as_bytes(), false),
                (peer(1), b"\xBA\xC3", false),
                (peer(2), b"\xBA\xC3", true),
            ] {
                assert_eq!(!query.find_in(bytes, (peer, Received)).is_empty(), found, "{encodings:?} {peer:?} {bytes:?}");
            }
        }
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
            let query = Query::compile(&text(typed), &Encodings::fixed(encoding, encoding)).unwrap().unwrap();
            let found = query.find_going(bytes, Received).into_iter().map(|range| (range.start, range.end));
            assert_eq!(found.collect::<Vec<_>>(), expected, "{typed} in {encoding}");
        }
    }

    #[test]
    fn too_long_for_what_is_kept() {
        let long = "a".repeat(LONGEST);
        assert!(Query::compile(&text(&long), &Encodings::fixed(Encoding::UTF_8, Encoding::UTF_8)).is_ok());
        for encoding in [Encoding::UTF_8, Encoding::UTF_16LE] {
            let error = Query::compile(&text(&(long.clone() + "a")), &Encodings::fixed(encoding, encoding)).unwrap_err();
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
