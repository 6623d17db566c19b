//! What unknown bytes are, in words: the verdict, its reason against the strongest rival, and what would settle it. For the window and
//! the twin. It must never judge itself.

use crate::codec::detect::{Guess, Reason, Rival, Settle, Verdict};
use crate::codec::visible::push_visible;
use crate::i18n::Language;
use std::fmt::Display;

/// What the bytes most likely are, why rather than the strongest rival, and what would settle it when it is open: some sentences in one
/// line.
pub fn verdict(language: Language, verdict: &Verdict) -> String {
    let Some(best) = verdict.candidates.first() else { return String::new() };
    let length = verdict.length;
    let what = match (best.guess, best.smallest) {
        _ if length == 0 => return language.tr("verdict.nothing").into_owned(),
        (Guess::Binary, _) => language.tr_with("verdict.binary", &[("length", &length)]),
        (Guess::Text(encoding), Some(smallest)) if smallest != encoding => {
            language.tr_with("verdict.smallest", &[("length", &length), ("encoding", &encoding), ("smallest", &smallest)])
        }
        (Guess::Text(encoding), _) => language.tr_with("verdict.text", &[("length", &length), ("encoding", &encoding)]),
    };
    let why = because(language, &best.reason, verdict.rival.as_ref());
    let settle = settle(language, &verdict.settle);
    let values: [(&str, &dyn Display); 3] = [("what", &what), ("why", &why), ("settle", &settle)];
    match verdict.settle {
        Settle::Nothing => language.tr_with("verdict.settled", &values[..2]),
        _ => language.tr_with("verdict.open", &values),
    }
}

/// The reason for the best reading, with what the strongest rival would read.
fn because(language: Language, best: &Reason, rival: Option<&Rival>) -> String {
    let why = reason(language, best);
    match rival {
        None => why,
        Some(Rival { guess: Guess::Text(encoding), excerpt, reason: rival }) => {
            let mut shown = String::new();
            excerpt.chars().for_each(|character| push_visible(&mut shown, character));
            let against = reason(language, rival);
            let values: [(&str, &dyn Display); 4] =
                [("why", &why), ("rival", encoding), ("excerpt", &shown), ("against", &against)];
            language.tr_with("verdict.rival", &values)
        }
        Some(Rival { guess: Guess::Binary, reason: rival, .. }) => {
            language.tr_with("verdict.rival_binary", &[("why", &why), ("against", &reason(language, rival))])
        }
    }
}

/// Why one reading is likely or not.
pub fn reason(language: Language, reason: &Reason) -> String {
    let numbers = reason.numbers();
    let values: Vec<(&str, &dyn Display)> = numbers.iter().map(|(name, number)| (*name, number as &dyn Display)).collect();
    language.tr_with(&format!("reason.{}", reason.key()), &values)
}

/// What would settle it.
pub fn settle(language: Language, settle: &Settle) -> String {
    let values = settle.values();
    let values: Vec<(&str, &dyn Display)> = values.iter().map(|(name, value)| (*name, value as &dyn Display)).collect();
    language.tr_with(&format!("settle.{}", settle.key()), &values)
}

/// What a reading is called.
pub fn guess(language: Language, guess: Guess) -> String {
    match guess {
        Guess::Text(encoding) => encoding.name().to_owned(),
        Guess::Binary => language.tr("verdict.no_text").into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::detect::judge;

    #[test]
    fn the_verdict_names_the_rival_and_its_reading() {
        let table: [(&[u8], &str, &str); 7] = [
            ("你好，世界".as_bytes(), "UTF-8", "浣犲ソ"),
            (b"\xC4\xE3\xBA\xC3\xA3\xAC\xC7\xEB\xCE\xCA", "GBK", "GB2312"),
            (b"AT+OK\r\n", "UTF-8", "ASCII"),
            (b"", "", ""),
            (b"\x01\x03\x00\x00\x00\x0A\xC5\xCD", "8", ""),
            ("我是".as_bytes(), "UTF-8", "GBK"),
            ("温度25℃".as_bytes().get(1..).unwrap(), "UTF-8", ""),
        ];
        for language in [Language::Chinese, Language::English] {
            for (bytes, first, second) in table {
                let told = verdict(language, &judge(bytes));
                assert!(told.contains(first) && told.contains(second) && !told.contains("%{"), "{bytes:02X?}: {told}");
                assert!(!told.is_empty() && !told.contains('\n'));
            }
        }
    }
}
