//! Why a reading is likely or not, as numbers and words that sentences are made of. It must never decide which one is best.

use super::super::encoding::Encoding;
use super::cost::Cost;
use super::reading::Signs;
use super::weigh::{is_utf_16, prior};

/// Why a reading is likely or not. Every number is a count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nothing at all.
    Empty,
    /// ASCII alone: every encoding but UTF-16 reads it alike.
    AsciiOnly {
        /// How many characters.
        total: usize,
    },
    /// ASCII, with some control characters that text hardly has.
    AsciiMostly {
        /// How many.
        count: usize,
        /// Of how many.
        total: usize,
    },
    /// UTF-16 of ASCII alone: every second byte is 00.
    EverySecondZero,
    /// Characters of several bytes in UTF-8, which hardly come by chance.
    Utf8Valid {
        /// How many of them.
        multibyte: usize,
    },
    /// A byte order mark stands first.
    Bom,
    /// A word that everyone uses.
    Word {
        /// The word.
        example: String,
    },
    /// Words that everyone uses.
    Words {
        /// How many, two or more.
        count: usize,
        /// One of them.
        example: String,
    },
    /// Most of its hanzi are common ones.
    CommonHanzi {
        /// Hanzi that nearly all text is made of.
        common: usize,
        /// All hanzi.
        total: usize,
    },
    /// Characters that a text of this kind usually has.
    Script {
        /// How many of them.
        fitting: usize,
        /// All characters beyond ASCII.
        total: usize,
    },
    /// It is the best of what there is, and no more speaks for it.
    NothingBetter,
    /// For no text: it reads as likely text in no encoding.
    NoText,
    /// Against it: malformed sequences.
    Errors {
        /// How many.
        count: usize,
    },
    /// Against it, and for no text: control or unassigned characters, which text does not have.
    ControlBytes {
        /// How many.
        count: usize,
        /// Of how many.
        total: usize,
    },
    /// Against it: many of its hanzi are rare ones.
    RareHanzi {
        /// Hanzi that are not common.
        rare: usize,
        /// All hanzi.
        total: usize,
    },
    /// Against it: common hanzi that make no word.
    NoWords,
    /// Against it: characters beyond ASCII that a text of this kind hardly has, or not there.
    Strange {
        /// How many.
        strange: usize,
        /// All characters beyond ASCII.
        total: usize,
    },
    /// Against it: its characters are less common, or less so beside each other, than those of the best reading.
    LessUsual,
    /// Against it where no text is the best: a text, but not a likely one.
    Unlikely,
    /// Against it: it reads as well, but the encoding is met much less.
    RareEncoding,
    /// For no text: nothing but that any bytes may be none.
    Possible,
}

impl Reason {
    /// The reason's name, for translations, and for programs: `reason_key` of `sockscope decode --format jsonl`, so none may change.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::AsciiOnly { .. } => "ascii_only",
            Self::AsciiMostly { .. } => "ascii_mostly",
            Self::EverySecondZero => "every_second_zero",
            Self::Utf8Valid { .. } => "utf8_valid",
            Self::Bom => "bom",
            Self::Word { .. } => "word",
            Self::Words { .. } => "words",
            Self::CommonHanzi { .. } => "common_hanzi",
            Self::Script { .. } => "script",
            Self::NothingBetter => "nothing_better",
            Self::NoText => "no_text",
            Self::Errors { .. } => "errors",
            Self::ControlBytes { .. } => "control_bytes",
            Self::RareHanzi { .. } => "rare_hanzi",
            Self::NoWords => "no_words",
            Self::Strange { .. } => "strange",
            Self::LessUsual => "less_usual",
            Self::Unlikely => "unlikely",
            Self::RareEncoding => "rare_encoding",
            Self::Possible => "possible",
        }
    }

    /// What stands in its words, by name, for translations.
    pub fn values(&self) -> Vec<(&'static str, String)> {
        let number = |name: &'static str, number: usize| (name, number.to_string());
        match self {
            Self::Empty | Self::Bom | Self::NothingBetter | Self::NoText | Self::NoWords => Vec::new(),
            Self::EverySecondZero | Self::LessUsual | Self::Unlikely | Self::RareEncoding | Self::Possible => Vec::new(),
            Self::AsciiOnly { total } => vec![number("total", *total)],
            Self::AsciiMostly { count, total } => vec![number("count", *count), number("total", *total)],
            Self::Utf8Valid { multibyte } => vec![number("multibyte", *multibyte)],
            Self::Word { example } => vec![("example", example.clone())],
            Self::Words { count, example } => vec![number("count", *count), ("example", example.clone())],
            Self::CommonHanzi { common, total } => vec![number("common", *common), number("total", *total)],
            Self::Script { fitting, total } => vec![number("fitting", *fitting), number("total", *total)],
            Self::Errors { count } => vec![number("count", *count)],
            Self::ControlBytes { count, total } => vec![number("count", *count), number("total", *total)],
            Self::RareHanzi { rare, total } => vec![number("rare", *rare), number("total", *total)],
            Self::Strange { strange, total } => vec![number("strange", *strange), number("total", *total)],
        }
    }
}

/// Hanzi for each listed word at most, when words are what speaks for them.
const FOR_A_WORD: usize = 8;

/// What speaks for a reading of `sample` as `text` in `encoding`.
pub(super) fn in_favour(sample: &[u8], encoding: Encoding, text: &str, signs: &Signs) -> Reason {
    let Signs { characters, common, judged, fitting, .. } = *signs;
    let (hanzi, controls) = (signs.hanzi.0, signs.controls.0);
    let of_hanzi = hanzi > 0 && hanzi * 2 >= judged;
    let (words, example) = (signs.words.0, signs.words.1.clone());
    match () {
        () if sample.is_empty() => Reason::Empty,
        () if text.starts_with('\u{FEFF}') => Reason::Bom,
        () if is_utf_16(encoding) && judged == 0 && controls == 0 => Reason::EverySecondZero,
        () if sample.is_ascii() && judged == 0 && controls > 0 => Reason::AsciiMostly { count: controls, total: characters },
        () if sample.is_ascii() && judged == 0 => Reason::AsciiOnly { total: sample.len() },
        () if encoding == Encoding::UTF_8 && continuation_bytes(text) >= TWO => Reason::Utf8Valid { multibyte: judged },
        () if of_hanzi && words == 1 && hanzi <= FOR_A_WORD => Reason::Word { example },
        () if of_hanzi && words > 1 && hanzi <= words * FOR_A_WORD => Reason::Words { count: words, example },
        () if of_hanzi && common * 2 >= hanzi => Reason::CommonHanzi { common, total: hanzi },
        () if judged > 0 && fitting * 2 >= judged => Reason::Script { fitting, total: judged },
        () => Reason::NothingBetter,
    }
}

/// One byte that goes on as UTF-8 wants it may be chance; two hardly are.
const TWO: usize = 2;

/// How many bytes after their first the characters have, as far as it matters.
fn continuation_bytes(text: &str) -> usize {
    text.chars().filter(|character| !character.is_ascii()).take(TWO).map(|character| character.len_utf8() - 1).sum()
}

/// What speaks most against a reading beside the best one, which is `None` for no text.
pub(super) fn against(errors: usize, this: (Encoding, &Signs), best: Option<(Encoding, &Signs)>) -> Reason {
    let (encoding, signs) = this;
    let more = |of: fn(&Signs) -> Cost| of(signs).saturating_sub(best.map_or(0, |(_, best)| of(best)));
    let rarer = best.map_or(0, |(best, _)| prior(encoding).saturating_sub(prior(best)));
    let undecodable = Reason::Errors { count: errors };
    if signs.characters == 0 && errors > 0 {
        return undecodable;
    }
    let most = [
        (rarer, Reason::RareEncoding),
        (more(|signs| signs.others), of_others(signs)),
        (more(|signs| signs.hanzi.1), of_hanzi(signs)),
        (more(|signs| signs.controls.1), Reason::ControlBytes { count: signs.controls.0, total: signs.characters }),
        (more(|signs| signs.malformed), undecodable.clone()),
    ];
    let most = most.into_iter().filter(|(cost, _)| *cost > 0).max_by_key(|(cost, _)| *cost).map(|(_, reason)| reason);
    // What was looked at is alike: it differs further on.
    match most.unwrap_or(if errors > 0 { undecodable } else { Reason::LessUsual }) {
        Reason::LessUsual if best.is_none() => Reason::Unlikely,
        reason => reason,
    }
}

fn of_others(signs: &Signs) -> Reason {
    let strange = signs.judged.saturating_sub(signs.fitting);
    if strange * 3 > signs.judged { Reason::Strange { strange, total: signs.judged } } else { Reason::LessUsual }
}

fn of_hanzi(signs: &Signs) -> Reason {
    let hanzi = signs.hanzi.0;
    let rare = hanzi.saturating_sub(signs.common);
    match () {
        () if rare * 3 > hanzi => Reason::RareHanzi { rare, total: hanzi },
        () if hanzi > 1 && signs.words.0 == 0 => Reason::NoWords,
        () => Reason::LessUsual,
    }
}

/// The share of control bytes from which on they speak for no text.
const TELLING: usize = 8;

/// The reason for no text: control bytes, if there are many.
pub(super) fn of_binary(bytes: &[u8], is_best: bool) -> Reason {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let count = bytes.iter().take(end).filter(|byte| matches!(byte, 0..=8 | 11 | 12 | 14..=26 | 28..=31 | 127)).count();
    match count {
        _ if bytes.is_empty() => Reason::Empty,
        _ if end == 0 => Reason::ControlBytes { count: bytes.len(), total: bytes.len() },
        _ if count * TELLING >= bytes.len() => Reason::ControlBytes { count, total: bytes.len() },
        _ if is_best => Reason::NoText,
        _ => Reason::Possible,
    }
}
