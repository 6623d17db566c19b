//! What looks garbled and never was text, or is none any more: memory that nothing was written to, bytes that were replaced. It must
//! never try to have anything back.

use super::{Diagnosis, Outcome, Why};

/// What filled memory looks like: the byte; the character that two of them are in GBK; the one that each is in code page 1252. (Microsoft's
/// C runtime, /RTC1 and the debug heap.)
const FILLS: [(u8, char, char); 3] = [(0xCC, '烫', 'Ì'), (0xCD, '屯', 'Í'), (0xDD, '葺', 'Ý')];
/// 烫烫 is a word.
const ENOUGH: usize = 3;

/// Memory that nothing was written to, and the text without it.
pub(super) fn filled(text: &str) -> Option<(Diagnosis, String)> {
    FILLS.into_iter().find_map(|(byte, pair, single)| {
        let count = (2 * longest(text, pair)).max(longest(text, single));
        (count >= 2 * ENOUGH).then(|| (gone(Why::Filled { byte, count }, 0.98), text.replace([pair, single], "")))
    })
}

/// Bytes that were replaced, and nothing else says what they were.
pub(super) fn replaced(text: &str) -> Option<Diagnosis> {
    let count = text.matches(char::REPLACEMENT_CHARACTER).count();
    let left = text.chars().any(|character| !character.is_ascii() && character != char::REPLACEMENT_CHARACTER);
    match count {
        0 => None,
        lost if left && is_text(text) => {
            let outcome = Outcome::Partly { text: text.to_owned(), lost };
            Some(Diagnosis::new(outcome, 0.95))
        }
        count => Some(gone(Why::Replaced { count }, 0.98)),
    }
}

/// Whether more is left than is marked as lost.
pub(super) fn is_text(text: &str) -> bool {
    let lost = text.matches(char::REPLACEMENT_CHARACTER).count();
    lost <= text.chars().filter(|character| !character.is_ascii() && *character != char::REPLACEMENT_CHARACTER).count()
        || lost == 0
}

fn gone(why: Why, confidence: f32) -> Diagnosis {
    Diagnosis::new(Outcome::Gone(why), confidence)
}

/// The longest run of a character.
fn longest(text: &str, wanted: char) -> usize {
    text.split(|character| character != wanted).map(|run| run.chars().count()).max().unwrap_or(0)
}
