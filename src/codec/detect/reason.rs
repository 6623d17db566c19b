//! Why a reading is likely or not, as numbers that words are made of. It must never decide which one is best.

use std::fmt;

use super::super::decoder::Piece;
use super::super::encoding::Encoding;
use super::hanzi::{self, Hanzi, is_hanzi};
use super::tongue::{Tongue, is_control};
use super::weigh::Weight;

/// Why a reading is likely or not. Every number is a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nothing at all.
    Empty,
    /// ASCII alone: every encoding reads it alike.
    AsciiOnly {
        /// How many characters.
        total: usize,
    },
    /// Valid UTF-8 with characters of several bytes, which hardly happens by chance.
    Utf8Valid {
        /// How many of them.
        multibyte: usize,
    },
    /// A byte order mark stands first.
    Bom,
    /// Malformed sequences.
    Errors {
        /// How many.
        count: usize,
    },
    /// Most of its hanzi are common ones.
    CommonHanzi {
        /// Hanzi of level 1 of GB 2312, or of Big5.
        common: usize,
        /// All hanzi.
        total: usize,
    },
    /// Many of its hanzi are rare ones.
    RareHanzi {
        /// Hanzi that are not common.
        rare: usize,
        /// All hanzi.
        total: usize,
    },
    /// Characters of the script that this encoding is for.
    Script {
        /// How many of them.
        fitting: usize,
        /// All characters judged, which are those beyond ASCII if there are any.
        total: usize,
    },
    /// Control or unassigned characters, which text does not have.
    ControlBytes {
        /// How many.
        count: usize,
        /// Of how many.
        total: usize,
    },
    /// It can be read so, and nothing more speaks for it.
    Possible,
}

impl Reason {
    /// The reason's name, for translations.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::AsciiOnly { .. } => "ascii_only",
            Self::Utf8Valid { .. } => "utf8_valid",
            Self::Bom => "bom",
            Self::Errors { .. } => "errors",
            Self::CommonHanzi { .. } => "common_hanzi",
            Self::RareHanzi { .. } => "rare_hanzi",
            Self::Script { .. } => "script",
            Self::ControlBytes { .. } => "control_bytes",
            Self::Possible => "possible",
        }
    }

    /// The reason's numbers by name, for translations.
    pub fn numbers(&self) -> Vec<(&'static str, usize)> {
        match *self {
            Self::Empty | Self::Bom | Self::Possible => Vec::new(),
            Self::AsciiOnly { total } => vec![("total", total)],
            Self::Utf8Valid { multibyte } => vec![("multibyte", multibyte)],
            Self::Errors { count } => vec![("count", count)],
            Self::CommonHanzi { common, total } => vec![("common", common), ("total", total)],
            Self::RareHanzi { rare, total } => vec![("rare", rare), ("total", total)],
            Self::Script { fitting, total } => vec![("fitting", fitting), ("total", total)],
            Self::ControlBytes { count, total } => vec![("count", count), ("total", total)],
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("there are no bytes"),
            Self::AsciiOnly { total } => write!(f, "all {total} bytes are ASCII, which reads alike in every encoding"),
            Self::Utf8Valid { multibyte } => {
                write!(f, "valid UTF-8 with {multibyte} multi-byte characters, which hardly happens by chance")
            }
            Self::Bom => f.write_str("a byte order mark stands first"),
            Self::Errors { count } => write!(f, "{count} malformed sequences"),
            Self::CommonHanzi { common, total } => write!(f, "{common} of {total} hanzi are common ones"),
            Self::RareHanzi { rare, total } => write!(f, "{rare} of {total} hanzi are rare ones"),
            Self::Script { fitting, total } => write!(f, "{fitting} of {total} judged characters are usual in this encoding"),
            Self::ControlBytes { count, total } => write!(f, "{count} of {total} characters are control or unassigned ones"),
            Self::Possible => f.write_str("it can be read so, and nothing more speaks for it"),
        }
    }
}

/// The reason for a reading of `bytes` that is `pieces`.
pub(super) fn of_text(bytes: &[u8], encoding: Encoding, pieces: &[Piece], weight: &Weight) -> Reason {
    let errors = pieces.iter().filter(|piece| matches!(piece, Piece::Invalid(_))).count();
    let texts = || pieces.iter().filter_map(|piece| if let Piece::Text(text) = piece { Some(text.as_str()) } else { None });
    let counts = Counts::of(texts(), weight.tongue);
    let bom = texts().next().is_some_and(|text| text.starts_with('\u{FEFF}'));
    let Counts { characters, controls, hanzi, common, fitting, judged } = counts;
    match () {
        () if bytes.is_empty() => Reason::Empty,
        () if bom => Reason::Bom,
        // What a cut explains is no error.
        () if errors > 0 && !(weight.cut && errors <= 3) => Reason::Errors { count: errors },
        () if controls * 10 > characters => Reason::ControlBytes { count: controls, total: characters },
        () if bytes.is_ascii() && judged == 0 && controls > 0 => Reason::ControlBytes { count: controls, total: characters },
        () if bytes.is_ascii() && judged == 0 => Reason::AsciiOnly { total: bytes.len() },
        () if encoding == Encoding::UTF_8 && judged > 0 => Reason::Utf8Valid { multibyte: judged },
        () if hanzi > 0 && hanzi * 2 >= judged && (hanzi - common) * 3 > hanzi => {
            Reason::RareHanzi { rare: hanzi - common, total: hanzi }
        }
        () if hanzi > 0 && hanzi * 2 >= judged => Reason::CommonHanzi { common, total: hanzi },
        () if judged > 0 => Reason::Script { fitting, total: judged },
        () => Reason::Possible,
    }
}

/// The reason for no text: control bytes, if there are any.
pub(super) fn of_binary(bytes: &[u8]) -> Reason {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let count = bytes.iter().take(end).filter(|byte| matches!(byte, 0..=8 | 11 | 12 | 14..=26 | 28..=31 | 127)).count();
    match count {
        _ if bytes.is_empty() => Reason::Empty,
        _ if end == 0 => Reason::ControlBytes { count: bytes.len(), total: bytes.len() },
        0 => Reason::Possible,
        count => Reason::ControlBytes { count, total: bytes.len() },
    }
}

/// So many characters are counted; a share of more would be the same.
const COUNTED: usize = 400;

/// Counts over a reading's beginning.
#[derive(Default)]
struct Counts {
    characters: usize,
    controls: usize,
    hanzi: usize,
    /// Hanzi of the lists and of the first level of the tables.
    common: usize,
    /// Characters that text of this kind has.
    fitting: usize,
    /// All beyond ASCII.
    judged: usize,
}

impl Counts {
    fn of<'a>(texts: impl Iterator<Item = &'a str>, tongue: Tongue) -> Self {
        let table: &Hanzi = match tongue {
            Tongue::Traditional => &hanzi::TRADITIONAL,
            Tongue::Japanese => &hanzi::JAPANESE,
            _ => &hanzi::SIMPLIFIED,
        };
        let mut counts = Self::default();
        for text in texts {
            let mut before = ' ';
            for character in text.trim_end_matches('\0').chars().take(COUNTED.saturating_sub(counts.characters)) {
                counts.characters += 1;
                counts.controls += usize::from(is_control(character));
                if !character.is_ascii() {
                    counts.judged += 1;
                    counts.fitting += usize::from(tongue.fits(before, character));
                }
                if is_hanzi(character) {
                    counts.hanzi += 1;
                    counts.common += usize::from(table.is_common(character));
                }
                before = character;
            }
        }
        counts
    }
}
