//! What the mojibake doctor found, in words: what happened, what can be had back, what to do. It must never decide any of it.

use super::Told;
use crate::codec::encoding::Encoding;
use crate::codec::mojibake::{Diagnosis, Notation, Outcome, Reason, Report, Step, Verdict, Why};
use crate::codec::visible::push_visible;
use crate::i18n::Language;

/// How much of a text stands in a sentence, in characters.
const SHOWN: usize = 40;

/// One line about the whole: for a text with nothing to tell, and for one that was too long. `None` when the diagnoses say all.
pub fn mojibake_report(language: Language, report: &Report) -> Option<String> {
    match report.verdict {
        Verdict::Healthy => Some(language.tr("doctor.healthy").into_owned()),
        Verdict::Unknown => Some(language.tr("doctor.unknown").into_owned()),
        Verdict::Garbled(_) => None,
    }
}

/// That only a part was looked at, if so.
pub fn mojibake_part(language: Language, report: &Report) -> Option<String> {
    let values: &[(&str, &dyn std::fmt::Display)] = &[("looked", &report.looked), ("total", &report.total)];
    (report.looked < report.total).then(|| language.tr_with("doctor.looked", values))
}

/// A diagnosis of `garbled`: what happened, with both texts and what can be had back; and the next step.
pub fn mojibake(language: Language, garbled: &str, diagnosis: &Diagnosis) -> Told {
    let mut what = vec![mojibake_story(language, diagnosis)];
    if let Some(text) = diagnosis.text() {
        what.push(language.tr_with("doctor.change", &[("garbled", &beginning(garbled)), ("text", &beginning(text))]));
    }
    what.push(mojibake_outcome(language, &diagnosis.outcome));
    let (between, end) = if language == Language::Chinese { ("：", "。") } else { (": ", ". ") };
    let told = what.pop().unwrap_or_default();
    Told { what: format!("{}{end}{told}", what.join(between)), advice: advice(language, diagnosis) }
}

/// What happened, alone.
pub fn mojibake_story(language: Language, diagnosis: &Diagnosis) -> String {
    let Some(notation) = diagnosis.notation else { return chain(language, diagnosis) };
    let notation = language.tr(notation_key(notation)).into_owned();
    if diagnosis.chain.is_empty() {
        return language.tr_with("doctor.story_escaped", &[("notation", &notation)]);
    }
    let story = chain(language, diagnosis);
    language.tr_with("doctor.story_escaped_garbled", &[("notation", &notation), ("story", &story)])
}

fn chain(language: Language, diagnosis: &Diagnosis) -> String {
    let step = |step: &Step| language.tr_with("doctor.step", &[("written", &step.written), ("read", &step.read)]);
    match (&diagnosis.outcome, diagnosis.chain.as_slice()) {
        (Outcome::Gone(Why::Filled { byte, .. }), _) => language
            .tr(match byte {
                0xCC => "doctor.story_stack",
                0xCD => "doctor.story_heap",
                _ => "doctor.story_freed",
            })
            .into_owned(),
        (Outcome::Gone(Why::Replaced { .. }), [.., last]) => {
            language.tr_with("doctor.story_replaced_then", &[("read", &last.read)])
        }
        (_, []) => language.tr("doctor.story_replaced").into_owned(),
        (_, [Step { written, read }]) if diagnosis.reason() == Reason::Swapped => {
            language.tr_with("doctor.story_swapped", &[("written", written), ("read", read)])
        }
        (_, [one]) => language.tr_with("doctor.story_one", &[("step", &step(one))]),
        (_, [one, two]) => language.tr_with("doctor.story_two", &[("first", &step(one)), ("second", &step(two))]),
        (_, [one, two, three, ..]) => {
            language.tr_with("doctor.story_three", &[("first", &step(one)), ("second", &step(two)), ("third", &step(three))])
        }
    }
}

fn notation_key(notation: Notation) -> &'static str {
    match notation {
        Notation::ByteEscape => "doctor.notation_byte_escape",
        Notation::Octal => "doctor.notation_octal",
        Notation::CharacterEscape => "doctor.notation_character_escape",
        Notation::Percent => "doctor.notation_percent",
        Notation::Reference => "doctor.notation_reference",
        Notation::QuotedPrintable => "doctor.notation_quoted_printable",
        Notation::Hex => "doctor.notation_hex",
    }
}

/// What can be had back, alone.
pub fn mojibake_outcome(language: Language, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Recovered(_) => language.tr("doctor.recovered").into_owned(),
        Outcome::Partly { lost, .. } => language.tr_with("doctor.partly", &[("lost", lost)]),
        Outcome::Gone(Why::Replaced { count }) => language.tr_with("doctor.gone_replaced", &[("count", count)]),
        Outcome::Gone(Why::Filled { count, .. }) => language.tr_with("doctor.gone_filled", &[("count", count)]),
    }
}

/// The next step.
fn advice(language: Language, diagnosis: &Diagnosis) -> String {
    let with = |key: &str, encoding: &Encoding| language.tr_with(key, &[("encoding", encoding)]);
    match (&diagnosis.outcome, diagnosis.chain.as_slice()) {
        (Outcome::Gone(Why::Filled { .. }), _) => language.tr("doctor.advice_filled").into_owned(),
        (Outcome::Gone(Why::Replaced { .. }), _) => language.tr("doctor.advice_resend").into_owned(),
        (Outcome::Recovered(_), []) => language.tr("doctor.advice_escaped").into_owned(),
        (Outcome::Partly { .. }, []) => language.tr("doctor.advice_resend").into_owned(),
        (_, [first, _, ..]) => with("doctor.advice_layered", &first.written),
        (_, [first]) if diagnosis.notation.is_some() => with("doctor.advice_layered", &first.written),
        (Outcome::Recovered(_), [first]) => with("doctor.advice_receive", &first.written),
        (Outcome::Partly { .. }, [first]) => with("doctor.advice_lost", &first.written),
    }
}

/// The beginning of a text, safe for a line.
fn beginning(text: &str) -> String {
    let mut line = String::new();
    text.chars().take(SHOWN).for_each(|character| push_visible(&mut line, character));
    if text.chars().nth(SHOWN).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::mojibake::diagnose;

    fn told(language: Language, garbled: &str) -> String {
        let report = diagnose(garbled);
        match &report.verdict {
            Verdict::Garbled(list) => {
                let Told { what, advice } = mojibake(language, garbled, &list[0]);
                format!("{what} | {advice}")
            }
            _ => mojibake_report(language, &report).unwrap(),
        }
    }

    #[test]
    fn plain_words() {
        for (garbled, words) in [
            ("浣犲ソ", "这是 UTF-8 的字节被当作 GBK 读：浣犲ソ → 你好。可以完整恢复 | 请把接收编码设为 UTF-8"),
            (
                "锟斤拷",
                "先把不是 UTF-8 的字节当 UTF-8 读（每处坏字节变成 U+FFFD，写出为 EF BF BD），再把它当 GBK 读。至少 2 个原字节已丢失，\
                无法恢复 | 请让发送方按正确的编码重发",
            ),
            (
                "浣犲ソ鍚?",
                "这是 UTF-8 的字节被当作 GBK 读：浣犲ソ鍚? → 你好�。至少丢失 1 个字节（� 处），其余已恢复 | \
                请把接收编码设为 UTF-8；丢失的字节请让发送方重发",
            ),
            ("%E4%BD%A0", "这不是乱码，而是百分号编码（URL）：%E4%BD%A0 → 你。可以完整恢复 | 不是乱码，由对方按此格式解码即可"),
            ("你好", "看起来是正常文本，没有乱码"),
        ] {
            assert_eq!(told(Language::Chinese, garbled), words);
        }
        let english =
            "Here UTF-8 bytes were read as GBK: 浣犲ソ → 你好. All of it can be recovered | Set the receiving encoding to UTF-8";
        assert_eq!(told(Language::English, "浣犲ソ"), english);
        for garbled in
            ["烫烫烫", "屯屯屯", "葺葺葺", "���", "䠀攀氀氀漀", "Ã¤Â½Â Ã¥Â¥Â½", "\\u00e4\\u00bd\\u00a0\\u00e5\\u00a5\\u00bd"]
        {
            for language in [Language::Chinese, Language::English] {
                assert!(!told(language, garbled).contains("%{") && !told(language, garbled).contains("doctor."), "{garbled}");
            }
        }
    }
}
