//! What unknown bytes may say, in every likely encoding, ranked, with the reason. It must never know where the bytes come from.

use std::fmt;

use super::decoder::escaped;
use super::encoding::Encoding;
use super::likeness::{Likeness, binary_likeness};

/// What bytes may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Guess {
    /// Text in an encoding.
    Text(Encoding),
    /// No text.
    Binary,
}

/// One reading of the bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// What they may be.
    pub guess: Guess,
    /// How they read then, with `\xHH` for an undecodable byte.
    pub text: String,
    /// How many malformed sequences there are.
    pub errors: usize,
    /// How likely it is, 0 to 1.
    pub confidence: f32,
    /// Why.
    pub reason: Reason,
    /// The smallest of GB2312, GBK and GB18030 that holds the text, when it is Chinese in that family.
    pub smallest: Option<Encoding>,
}

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

/// What is always tried. GB18030 joins when four-byte characters are there, because otherwise GBK reads the same.
const TRIED: [Encoding; 11] = [
    Encoding::UTF_8,
    Encoding::GBK,
    Encoding::BIG5,
    Encoding::UTF_16LE,
    Encoding::UTF_16BE,
    Encoding::SHIFT_JIS,
    Encoding::EUC_JP,
    Encoding::EUC_KR,
    Encoding::WINDOWS_1252,
    Encoding::KOI8_R,
    Encoding::LATIN_1,
];
/// chardetng learns no more from more.
const MOST_FOR_CHARDETNG: usize = 64 * 1024;
/// How much of the doubt about its favourite chardetng takes away. It has statistics of languages that we have not, but it
/// was made for web pages, whose shortest texts are longer than a datagram's.
const CHARDETNG_VOICE: f32 = 0.2;

/// Every likely reading of the bytes, best first. The same confidence: in menu order, [`Guess::Binary`] last.
///
/// 1. All ASCII is UTF-8 first, though all read it alike.
/// 2. Valid UTF-8 with characters of several bytes comes before GBK: `你好` in UTF-8 is `浣犲ソ` in GBK, but hardly any GBK text
///    is valid UTF-8.
/// 3. Others by what share of their characters is common in the script they are for, less for errors and controls, and less for few
///    characters. chardetng is one voice.
/// 4. Binary is what bytes are with many control characters, or when no text is likely.
pub fn rank(bytes: &[u8]) -> Vec<Candidate> {
    let favourite = chardetng_guess(bytes);
    let mut tried = TRIED.to_vec();
    if let Some(favourite) = favourite.filter(|favourite| !tried.contains(favourite)) {
        tried.push(favourite);
    }
    let mut list: Vec<Candidate> =
        tried.into_iter().map(|encoding| candidate(bytes, encoding, favourite == Some(encoding))).collect();
    let four_bytes = list.iter().find(|one| one.smallest == Some(Encoding::GB18030)).cloned();
    if let Some(mut gb18030) = four_bytes {
        gb18030.guess = Guess::Text(Encoding::GB18030);
        list.insert(1, gb18030);
    }
    let best_text = list.iter().map(|one| one.confidence).fold(0.0, f32::max);
    let (confidence, reason) = binary_likeness(bytes, best_text);
    list.push(Candidate { guess: Guess::Binary, text: super::hex::spaced(bytes), errors: 0, confidence, reason, smallest: None });
    // Stable: the order above decides between equals.
    list.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    list
}

fn candidate(bytes: &[u8], encoding: Encoding, favourite: bool) -> Candidate {
    let pieces = encoding.decode(bytes);
    let likeness = Likeness::of(bytes, encoding, &pieces);
    let mut confidence = likeness.confidence;
    if favourite && likeness.beyond_ascii > 1 {
        confidence += (1.0 - confidence) * CHARDETNG_VOICE * confidence;
    }
    Candidate {
        guess: Guess::Text(encoding),
        text: escaped(&pieces),
        errors: likeness.errors,
        confidence,
        reason: likeness.reason,
        smallest: likeness.smallest,
    }
}

/// chardetng's favourite if it is not UTF-8, of which we judge ourselves. `cn`: what this tool's users meet.
fn chardetng_guess(bytes: &[u8]) -> Option<Encoding> {
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Allow);
    let enough = bytes.get(..MOST_FOR_CHARDETNG);
    // A text cut by us has not ended.
    let beyond_ascii = detector.feed(enough.unwrap_or(bytes), enough.is_none());
    let guess = detector.guess(Some(b"cn"), chardetng::Utf8Detection::Deny);
    // Ukrainian is all that KOI8-U adds, and chardetng names no KOI8-R.
    let guess = if guess == encoding_rs::KOI8_U { encoding_rs::KOI8_R } else { guess };
    (beyond_ascii || guess == encoding_rs::ISO_2022_JP).then(|| Encoding::for_label(guess.name())).flatten()
}
