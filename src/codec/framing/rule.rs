//! The rules by which bytes become frames, and their words. It must never apply one.

use super::counted::{Endian, Length, Width};
use super::{LIMIT, LONGEST};
use crate::codec::encoding::Encoding;
use crate::codec::escape::{self, EscapeError};
use crate::codec::hex;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The longest delimiter, in bytes.
pub const LONGEST_DELIMITER: usize = 256;
/// The most bytes before a length.
pub const LONGEST_OFFSET: u16 = 4096;
/// The longest silence, in milliseconds: a day.
pub const LONGEST_IDLE: u32 = 86_400_000;

/// How bytes become frames. Written, stored and typed in these words:
///
/// | words | a frame is |
/// | --- | --- |
/// | `none` | what one read, datagram or send gave |
/// | `line` | up to and with a line feed (0A); a carriage return before it belongs to it, one alone ends nothing |
/// | `fixed:N` | N bytes |
/// | `length:WIDTH[be\|le][,offset=N][,adjust=N]` | as long as it says itself: N bytes, then a number of 1, 2, 4 or 8 bytes (big-endian unless `le`), then as many bytes as the number, plus `adjust`. `length:2be,offset=2,adjust=-4`: the number at byte 2 counts the whole frame |
/// | `delimiter:HEX`, `delimiter:ESCAPES` | up to and with these bytes: `delimiter:0D0A` or, with a backslash in it, `delimiter:\r\n` (characters as UTF-8) |
/// | `idle:MS` | what came without a silence of so many milliseconds |
/// | `json` | a JSON value |
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Rule {
    /// By read: no framing.
    #[default]
    None,
    /// By line. UTF-16 has line ends of two bytes, which is a delimiter.
    Line,
    /// By a fixed number of bytes.
    Fixed(NonZeroU32),
    /// By a length prefix.
    Length(Length),
    /// By what stands at the end, one byte at least.
    Delimiter(Vec<u8>),
    /// By silence, in milliseconds.
    Idle(NonZeroU32),
    /// By JSON value.
    Json,
}

/// Why words are no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// It begins with none of the words.
    #[error("{0:?} is no framing rule (none, line, fixed:N, length:WIDTH, delimiter:BYTES, idle:MS, json)")]
    Unknown(String),
    /// A number that is none, or out of its range.
    #[error("{text:?} is no whole number from {from} to {to}")]
    BadNumber {
        /// What stands there.
        text: String,
        /// The least.
        from: i64,
        /// The most.
        to: i64,
    },
    /// A width other than 1, 2, 4 or 8 bytes, or a byte order other than `be` or `le`.
    #[error("{0:?} is no width (1, 2, 4 or 8, then be or le)")]
    BadWidth(String),
    /// After the width, something other than `offset=N` and `adjust=N`.
    #[error("{0:?} is neither offset=N nor adjust=N")]
    BadOption(String),
    /// A delimiter of no bytes, or of neither hex digits nor escapes.
    #[error("{0:?} is neither hex digits (0D0A) nor text with a backslash (\\r\\n)")]
    BadDelimiter(String),
    /// A delimiter with an escape that is none.
    #[error("{0}")]
    BadEscape(EscapeError),
    /// A delimiter of too many bytes.
    #[error("a delimiter has at most {LONGEST_DELIMITER} bytes")]
    LongDelimiter,
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let text = text.trim();
        let unknown = || RuleError::Unknown(text.to_owned());
        match text {
            "none" => return Ok(Self::None),
            "line" => return Ok(Self::Line),
            "json" => return Ok(Self::Json),
            _ => {}
        }
        let (word, rest) = text.split_once(':').ok_or_else(unknown)?;
        match word {
            "fixed" => positive(rest, LONGEST as u32).map(Self::Fixed),
            "idle" => positive(rest, LONGEST_IDLE).map(Self::Idle),
            "length" => length(rest).map(Self::Length),
            "delimiter" => delimiter(rest).map(Self::Delimiter),
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => formatter.write_str("none"),
            Self::Line => formatter.write_str("line"),
            Self::Json => formatter.write_str("json"),
            Self::Fixed(length) => write!(formatter, "fixed:{length}"),
            Self::Idle(millis) => write!(formatter, "idle:{millis}"),
            Self::Delimiter(bytes) => write!(formatter, "delimiter:{}", hex::compact(bytes)),
            Self::Length(Length { offset, width, endian, adjust }) => {
                let order = if *endian == Endian::Big { "be" } else { "le" };
                write!(formatter, "length:{}{order}", width.bytes())?;
                if *offset != 0 {
                    write!(formatter, ",offset={offset}")?;
                }
                if *adjust != 0 {
                    write!(formatter, ",adjust={adjust}")?;
                }
                Ok(())
            }
        }
    }
}

impl TryFrom<String> for Rule {
    type Error = RuleError;

    fn try_from(text: String) -> Result<Self, RuleError> {
        text.parse()
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.to_string()
    }
}

fn positive(text: &str, most: u32) -> Result<NonZeroU32, RuleError> {
    let number = number(text, 1..=i64::from(most))?;
    u32::try_from(number).ok().and_then(NonZeroU32::new).ok_or_else(|| RuleError::Unknown(text.to_owned()))
}

fn number(text: &str, range: RangeInclusive<i64>) -> Result<i64, RuleError> {
    let bad = || RuleError::BadNumber { text: text.to_owned(), from: *range.start(), to: *range.end() };
    text.trim().parse().ok().filter(|number| range.contains(number)).ok_or_else(bad)
}

fn length(text: &str) -> Result<Length, RuleError> {
    let mut parts = text.split(',').map(str::trim);
    let first = parts.next().unwrap_or_default();
    let (digits, endian) = match (first.strip_suffix("be"), first.strip_suffix("le")) {
        (Some(digits), _) => (digits, Endian::Big),
        (None, Some(digits)) => (digits, Endian::Little),
        (None, None) => (first, Endian::Big),
    };
    let width = Width::ALL.into_iter().find(|width| width.bytes().to_string() == digits);
    let width = width.ok_or_else(|| RuleError::BadWidth(first.to_owned()))?;
    let mut length = Length { offset: 0, width, endian, adjust: 0 };
    // Beyond the longest whole no adjustment makes sense.
    let most = LONGEST as i64;
    for part in parts {
        match part.split_once('=') {
            Some(("offset", value)) => length.offset = number(value, 0..=i64::from(LONGEST_OFFSET))? as u16,
            Some(("adjust", value)) => length.adjust = number(value, -most..=most)?,
            _ => return Err(RuleError::BadOption(part.to_owned())),
        }
    }
    Ok(length)
}

/// Hex digits, or with a backslash in it characters and escapes: `AB` is one byte and never two letters.
fn delimiter(text: &str) -> Result<Vec<u8>, RuleError> {
    let bytes = if text.contains('\\') {
        escape::parse(text, Encoding::UTF_8).map_err(RuleError::BadEscape)?
    } else {
        hex::parse(text).unwrap_or_default()
    };
    match bytes.len() {
        0 => Err(RuleError::BadDelimiter(text.to_owned())),
        length if length > LONGEST_DELIMITER => Err(RuleError::LongDelimiter),
        _ => Ok(bytes),
    }
}

// A whole header fits into a frame.
const _: () = assert!((LONGEST_OFFSET as usize) + 8 < LIMIT);
