//! A framing rule as its user has typed it: kind by kind, so that going through the kinds loses nothing.
//! Must never judge what was typed: [`Rule`] does.

use crate::codec::framing::{Rule, RuleError};
use serde::{Deserialize, Serialize};

/// How bytes become rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FramingKind {
    /// One row per read, datagram or send.
    #[default]
    Read,
    /// By line.
    Line,
    /// By a fixed number of bytes.
    Fixed,
    /// By a length prefix.
    Length,
    /// By what stands at the end.
    Delimiter,
    /// By silence.
    Idle,
    /// By JSON value.
    Json,
}

/// Everything typed about it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct FramingDraft {
    /// Which kind is chosen.
    pub kind: FramingKind,
    /// Bytes of a frame.
    pub fixed: String,
    /// Bytes of the length: 1, 2, 4 or 8.
    pub width: u8,
    /// Whether its least significant byte comes first.
    pub little_endian: bool,
    /// Bytes before it.
    pub offset: String,
    /// What is added to it.
    pub adjust: String,
    /// Hex or escapes.
    pub delimiter: String,
    /// Milliseconds.
    pub idle: String,
}

impl Default for FramingDraft {
    fn default() -> Self {
        Self {
            kind: FramingKind::Read,
            fixed: "8".into(),
            width: 2,
            little_endian: false,
            offset: "0".into(),
            adjust: "0".into(),
            delimiter: "\\r\\n".into(),
            idle: "100".into(),
        }
    }
}

impl FramingDraft {
    /// The rule, in the words of the command line.
    fn words(&self) -> String {
        match self.kind {
            FramingKind::Read => "none".into(),
            FramingKind::Line => "line".into(),
            FramingKind::Fixed => format!("fixed:{}", self.fixed.trim()),
            FramingKind::Length => {
                let order = if self.little_endian { "le" } else { "be" };
                let or_zero = |typed: &str| if typed.trim().is_empty() { "0".to_owned() } else { typed.trim().to_owned() };
                format!("length:{}{order},offset={},adjust={}", self.width, or_zero(&self.offset), or_zero(&self.adjust))
            }
            FramingKind::Delimiter => format!("delimiter:{}", self.delimiter.trim()),
            FramingKind::Idle => format!("idle:{}", self.idle.trim()),
            FramingKind::Json => "json".into(),
        }
    }

    /// The rule that was typed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn rule(&self) -> Result<Rule, RuleError> {
        self.words().parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_a_rule_as_it_comes() {
        use FramingKind::{Delimiter, Fixed, Idle, Json, Length, Line, Read};
        let table = [
            (Read, "none"),
            (Line, "line"),
            (Fixed, "fixed:8"),
            (Length, "length:2be"),
            (Delimiter, "delimiter:0d0a"),
            (Idle, "idle:100"),
            (Json, "json"),
        ];
        for (kind, words) in table {
            let draft = FramingDraft { kind, ..FramingDraft::default() };
            assert_eq!(draft.rule().map(|rule| rule.to_string()), Ok(words.to_owned()));
        }
        assert!(FramingDraft { kind: Fixed, fixed: "x".into(), ..FramingDraft::default() }.rule().is_err());
    }
}
