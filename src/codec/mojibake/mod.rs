//! The mojibake doctor (乱码诊断): which misreadings made a garbled text, what of it can be had back, and what cannot. It must never call
//! clean text garbled, and never invent a byte that is gone.
//!
//! | file | what it answers |
//! | --- | --- |
//! | `table` | which bytes a character was read from |
//! | `ordinary` | how ordinary a text looks, in bits |
//! | `recode` | one misreading undone |
//! | `search` | which misreadings, one after the other, explain a text |
//! | `lines` | which lines are garbled where the whole is not |
//! | `notation` | escapes, percent signs, references and hex that stand for bytes or characters |
//! | `traces` | what looks garbled and never was text: replaced bytes, filled memory |

mod lines;
mod notation;
mod ordinary;
mod recode;
mod search;
mod table;
mod traces;

use std::borrow::Cow;

use super::encoding::Encoding;
pub use notation::Notation;
use notation::Said;
use ordinary::Ordinary;
use search::Found;

/// How many characters of a text are looked at.
pub const MOST: usize = 4000;
/// Explanations that are told at most.
const TOLD: usize = 4;
/// How many bits make one half as likely as another. The bits of neighbours are not independent, so it is more than one.
const HALVING: f32 = 3.0;
/// What is less likely is not told.
const LEAST: f32 = 0.03;
/// Bits per character beyond ASCII from which a text is no ordinary one.
const STRANGE: f32 = 17.5;

/// One misreading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Step {
    /// What the bytes were written in.
    pub written: Encoding,
    /// What they were wrongly read as.
    pub read: Encoding,
}

/// What became of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnosis {
    /// What it was written as, if it was escaped.
    pub notation: Option<Notation>,
    /// What the bytes behind the notation are in; `None` without one, and when it stands for characters.
    pub escaped: Option<Encoding>,
    /// The lines that it is about, from 1, when it is not about the whole text; else empty.
    pub lines: Vec<usize>,
    /// The misreadings, the first one first. Empty when it was not misread.
    pub chain: Vec<Step>,
    /// What can be had back.
    pub outcome: Outcome,
    /// How likely it is, 0 to 1; of several lines, that of the least likely.
    pub confidence: f32,
}

/// What can be had back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All of it.
    Recovered(String),
    /// Some of it.
    Partly {
        /// With U+FFFD wherever something is gone.
        text: String,
        /// How many bytes are gone, at least.
        lost: usize,
    },
    /// Nothing.
    Gone(Why),
}

/// Why nothing can be had back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// Each malformed byte or sequence was replaced by U+FFFD, which is EF BF BD in UTF-8.
    Replaced {
        /// How many U+FFFD there are: so many bytes are gone, at least.
        count: usize,
    },
    /// It never was text: memory of a debug build of Microsoft's C runtime.
    Filled {
        /// What the memory is filled with: CC a fresh stack, CD a fresh heap, DD what was freed.
        byte: u8,
        /// How many such bytes.
        count: usize,
    },
}

/// What a doctor says.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What the text is.
    pub verdict: Verdict,
    /// How many characters were looked at: all, or the first [`MOST`].
    pub looked: usize,
    /// How many there are.
    pub total: usize,
}

/// What a text is.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Ordinary text.
    Healthy,
    /// Garbled or escaped: how, the likeliest first, at least one. Those about single lines do not exclude each other, and what mends
    /// most lines comes first.
    Garbled(Vec<Diagnosis>),
    /// No ordinary text, and nothing explains it.
    Unknown,
}

/// What a diagnosis rests on, with what is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// One misreading, all bytes there.
    Misread,
    /// Several misreadings on top of each other.
    Layered {
        /// How many.
        layers: usize,
    },
    /// UTF-16 with its bytes in the other order.
    Swapped,
    /// Some bytes are gone.
    Lost {
        /// How many, at least.
        lost: usize,
    },
    /// [`Why::Replaced`].
    Replaced {
        /// How many U+FFFD.
        count: usize,
    },
    /// [`Why::Filled`].
    Filled {
        /// How many bytes.
        count: usize,
    },
    /// No misreading: bytes or characters written with ASCII.
    Escaped,
}

impl Reason {
    /// The reason's name, for translations.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Misread => "misread",
            Self::Layered { .. } => "layered",
            Self::Swapped => "swapped",
            Self::Lost { .. } => "lost",
            Self::Replaced { .. } => "replaced",
            Self::Filled { .. } => "filled",
            Self::Escaped => "escaped",
        }
    }

    /// The reason's numbers by name, for translations.
    pub fn numbers(&self) -> Vec<(&'static str, usize)> {
        match *self {
            Self::Misread | Self::Swapped | Self::Escaped => Vec::new(),
            Self::Layered { layers } => vec![("layers", layers)],
            Self::Lost { lost } => vec![("lost", lost)],
            Self::Replaced { count } | Self::Filled { count } => vec![("count", count)],
        }
    }
}

impl Diagnosis {
    /// About a whole text that was neither escaped nor misread, so far.
    fn new(outcome: Outcome, confidence: f32) -> Self {
        Self { notation: None, escaped: None, lines: Vec::new(), chain: Vec::new(), outcome, confidence }
    }

    /// What it rests on.
    pub fn reason(&self) -> Reason {
        let wide = |encoding: Encoding| encoding == Encoding::UTF_16LE || encoding == Encoding::UTF_16BE;
        match (&self.outcome, self.chain.as_slice()) {
            (Outcome::Gone(Why::Replaced { count }), _) => Reason::Replaced { count: *count },
            (Outcome::Gone(Why::Filled { count, .. }), _) => Reason::Filled { count: *count },
            (Outcome::Partly { lost, .. }, _) => Reason::Lost { lost: *lost },
            (Outcome::Recovered(_), []) => Reason::Escaped,
            (Outcome::Recovered(_), [step]) if wide(step.written) && wide(step.read) => Reason::Swapped,
            (Outcome::Recovered(_), [_]) => Reason::Misread,
            (Outcome::Recovered(_), steps) => Reason::Layered { layers: steps.len() },
        }
    }

    /// Whether all of it was had back.
    pub fn is_whole(&self) -> bool {
        matches!(self.outcome, Outcome::Recovered(_))
    }

    /// How many bytes are gone, at least. Filled memory has lost none: there was nothing.
    pub fn lost(&self) -> usize {
        match self.outcome {
            Outcome::Recovered(_) | Outcome::Gone(Why::Filled { .. }) => 0,
            Outcome::Partly { lost, .. } => lost,
            Outcome::Gone(Why::Replaced { count }) => count,
        }
    }

    /// What was had back, if anything.
    pub fn text(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Recovered(text) | Outcome::Partly { text, .. } => Some(text),
            Outcome::Gone(_) => None,
        }
    }
}

const ORDINARY: Ordinary = Ordinary;

/// What happened to a text. The first [`MOST`] characters are looked at, and only they are had back.
pub fn diagnose(text: &str) -> Report {
    let end = text.char_indices().nth(MOST).map_or(text.len(), |(at, _)| at);
    let part = text.get(..end).unwrap_or(text);
    let total = text.chars().count();
    Report { verdict: verdict(part), looked: total.min(MOST), total }
}

fn verdict(text: &str) -> Verdict {
    // Filled memory is no text, so it is not judged as such.
    let (mut told, rest) = match traces::filled(text) {
        Some((filled, rest)) => (vec![filled], Cow::Owned(rest)),
        None => (Vec::new(), Cow::Borrowed(text)),
    };
    let text = rest.as_ref();
    match notation::read(&ORDINARY, text) {
        Some(said) => told.extend(behind_notation(said)),
        None => told.extend(misreadings(text)),
    }
    if told.is_empty() {
        told.extend(traces::replaced(text));
    }
    match () {
        () if !told.is_empty() => Verdict::Garbled(told),
        () if is_strange(text) => Verdict::Unknown,
        () => Verdict::Healthy,
    }
}

/// What was escaped may have been garbled before.
fn behind_notation(Said { notation, escaped, text }: Said) -> Vec<Diagnosis> {
    let mut inner = misreadings(&text);
    if inner.is_empty() {
        inner.push(Diagnosis::new(outcome_of(text, 0, 0), 0.95));
    }
    inner.into_iter().map(|one| Diagnosis { notation: Some(notation), escaped, ..one }).collect()
}

/// How the text was misread; else, how some of its lines were.
fn misreadings(text: &str) -> Vec<Diagnosis> {
    let whole: Vec<Diagnosis> = explained(text, search::MARGIN)
        .into_iter()
        .map(|(confidence, Found { chain, undone, .. })| {
            let outcome = outcome_of(undone.text, undone.lost, undone.replaced);
            Diagnosis { chain, ..Diagnosis::new(outcome, confidence) }
        })
        .collect();
    if whole.is_empty() { lines::judge(text) } else { whole }
}

/// The chains that save more than `margin` bits, each with how likely it is, the likeliest first.
fn explained(text: &str, margin: f32) -> Vec<(f32, Found)> {
    if text.is_ascii() && !text.contains('\0') {
        return Vec::new();
    }
    let (bits, found) = search::search(&ORDINARY, text);
    // What is no text itself explains nothing.
    let sound =
        |found: &Found| found.undone.replaced > 0 || !is_strange(&found.undone.text) && traces::is_text(&found.undone.text);
    let good: Vec<Found> = found.into_iter().filter(|found| found.total + margin < bits).filter(sound).take(TOLD).collect();
    let Some(best) = good.first().map(|found| found.total) else { return Vec::new() };
    let weight = |total: f32| ((best - total) / HALVING).exp2();
    let sum: f32 = weight(bits) + good.iter().map(|found| weight(found.total)).sum::<f32>();
    let told = good.into_iter().map(|found| (weight(found.total) / sum, found));
    told.filter(|(confidence, _)| *confidence >= LEAST).collect()
}

fn outcome_of(text: String, lost: usize, replaced: usize) -> Outcome {
    // A mark that the misreading showed belongs to the bytes and not to the text.
    let text = text.strip_prefix('\u{FEFF}').map_or_else(|| text.clone(), str::to_owned);
    let left = text.chars().any(|character| !character.is_ascii() && character != char::REPLACEMENT_CHARACTER);
    match lost + replaced {
        0 => Outcome::Recovered(text),
        count if replaced > 0 && !left => Outcome::Gone(Why::Replaced { count }),
        lost => Outcome::Partly { text, lost },
    }
}

/// Whether nobody writes so.
fn is_strange(text: &str) -> bool {
    let beyond: Vec<&str> = text.split(|character: char| character.is_ascii()).filter(|part| !part.is_empty()).collect();
    let count: usize = beyond.iter().map(|part| part.chars().count()).sum();
    let bits: f32 = beyond.iter().map(|part| ORDINARY.bits(part)).sum();
    let controls = text.chars().filter(|character| character.is_control() && !character.is_ascii_whitespace()).count();
    controls * 4 > text.chars().count() || count > 1 && bits > STRANGE * count as f32
}

#[cfg(test)]
mod tests;
