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
        let (garbled, text) = difference(garbled, text);
        what.push(language.tr_with("doctor.change", &[("garbled", &garbled), ("text", &text)]));
    }
    what.push(mojibake_outcome(language, &diagnosis.outcome));
    let (between, end) = if language == Language::Chinese { ("：", "。") } else { (": ", ". ") };
    let told = what.pop().unwrap_or_default();
    Told { what: format!("{}{end}{told}", what.join(between)), advice: advice(language, diagnosis) }
}

/// How sure a diagnosis is, in brackets, to stand behind its story. Never 100 %: it is a judgement.
pub fn mojibake_confidence(language: Language, diagnosis: &Diagnosis) -> String {
    let percent = format!("{:.0}", (diagnosis.confidence * 100.0).clamp(0.0, 99.0));
    language.tr_with("doctor.confidence", &[("percent", &percent)])
}

/// What happened, alone, and in which lines.
pub fn mojibake_story(language: Language, diagnosis: &Diagnosis) -> String {
    let story = whole_story(language, diagnosis);
    match diagnosis.lines.as_slice() {
        [] => story,
        [line] => language.tr_with("doctor.in_line", &[("line", line), ("story", &story)]),
        [line, ..] => {
            let count = diagnosis.lines.len();
            language.tr_with("doctor.in_lines", &[("line", line), ("count", &count), ("story", &story)])
        }
    }
}

fn whole_story(language: Language, diagnosis: &Diagnosis) -> String {
    let Some(notation) = diagnosis.notation else { return chain(language, diagnosis) };
    let encoding = diagnosis.escaped.unwrap_or(Encoding::UTF_8);
    let notation = language.tr_with(notation_key(notation), &[("encoding", &encoding)]);
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
        (Outcome::Recovered(_), []) => match (diagnosis.notation, &diagnosis.escaped) {
            (Some(Notation::ByteEscape), Some(encoding)) => with("doctor.advice_byte_escape", encoding),
            (_, Some(encoding)) => with("doctor.advice_escaped_bytes", encoding),
            (_, None) => language.tr("doctor.advice_escaped").into_owned(),
        },
        (Outcome::Partly { .. }, []) => language.tr("doctor.advice_resend").into_owned(),
        (_, [first, _, ..]) => with("doctor.advice_layered", &first.written),
        (_, [first]) if diagnosis.notation.is_some() => with("doctor.advice_layered", &first.written),
        (Outcome::Recovered(_), [first]) => with("doctor.advice_receive", &first.written),
        (Outcome::Partly { .. }, [first]) => with("doctor.advice_lost", &first.written),
    }
}

/// Both texts from where the first line begins that is not the same, or from the blank before the difference when that is far in.
fn difference(garbled: &str, text: &str) -> (String, String) {
    let same = garbled.chars().zip(text.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    let before = garbled.get(..same).unwrap_or_default();
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let far = before.get(line..).and_then(|begun| begun.char_indices().rev().nth(SHOWN / 2));
    // No blank before it: from a little before the difference.
    let from = match far {
        Some((at, _)) => before.rfind(' ').map_or(line + at, |blank| (blank + 1).max(line + at)),
        None => line,
    };
    let cut = if far.is_some() { "…" } else { "" };
    let shown = |text: &str| format!("{cut}{}", beginning(text.get(from..).unwrap_or_default()));
    (shown(garbled), shown(text))
}

/// The beginning of a text, safe for a line.
fn beginning(text: &str) -> String {
    let mut line = String::new();
    let first = text.split(['\r', '\n']).next().unwrap_or_default();
    first.chars().take(SHOWN).for_each(|character| push_visible(&mut line, character));
    if first.chars().nth(SHOWN).is_some() || !text.get(first.len()..).unwrap_or_default().trim().is_empty() {
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
                "先把不是 UTF-8 的字节当 UTF-8 读，每个无法解码的字节被替换为 U+FFFD（编码为 EF BF BD），再把它当 GBK 读。\
                至少 2 个原字节已丢失，无法恢复 | 请让发送方按正确的编码重发",
            ),
            (
                "浣犲ソ鍚?",
                "这是 UTF-8 的字节被当作 GBK 读：浣犲ソ鍚? → 你好�。至少丢失 1 个字节（� 处），其余已恢复 | \
                请把接收编码设为 UTF-8；丢失的字节请让发送方重发",
            ),
            (
                "%E4%BD%A0",
                "这是百分号编码（URL）的 UTF-8 字节，不是乱码：%E4%BD%A0 → 你。可以完整恢复 | 请先还原成字节，再按 UTF-8 解码",
            ),
            (
                "\\xC4\\xE3\\xBA\\xC3",
                "这是写成 \\xHH 的 GBK 字节，不是乱码：\\xC4\\xE3\\xBA\\xC3 → 你好。可以完整恢复 | \
                请把接收编码设为 GBK；若发送方发的就是 \\xHH，请先还原成字节",
            ),
            ("\\u4F60", "这是写成 \\uXXXX 的字符，不是乱码：\\u4F60 → 你。可以完整恢复 | 请先反转义，再显示或使用"),
            ("你好", "看起来是正常文本，没有乱码"),
        ] {
            assert_eq!(told(Language::Chinese, garbled), words);
        }
        let english =
            "Here UTF-8 bytes were read as GBK: 浣犲ソ → 你好. All of it can be recovered | Set the receiving encoding to UTF-8";
        assert_eq!(told(Language::English, "浣犲ソ"), english);
        assert_eq!(
            told(Language::English, "\\xC4\\xE3\\xBA\\xC3"),
            "Not garbled, but GBK bytes written as \\xHH: \\xC4\\xE3\\xBA\\xC3 → 你好. All of it can be recovered | \
            Set the receiving encoding to GBK; if the sender itself writes \\xHH, turn that back into bytes first"
        );
        for garbled in
            ["烫烫烫", "屯屯屯", "葺葺葺", "���", "䠀攀氀氀漀", "Ã¤Â½Â Ã¥Â¥Â½", "\\u00e4\\u00bd\\u00a0\\u00e5\\u00a5\\u00bd"]
        {
            for language in [Language::Chinese, Language::English] {
                assert!(!told(language, garbled).contains("%{") && !told(language, garbled).contains("doctor."), "{garbled}");
            }
        }
    }

    #[test]
    fn single_lines_are_named_and_shown() {
        let plain = "2026-11-21 14:00:11 [INFO] device ok\n".repeat(8) + &"[INFO] 设备 温度 正常\n".repeat(8);
        let one = format!("{plain}2026-11-21 14:09:11 [WARN] 浣犲ソ code 7\n");
        let many = format!("{one}浣犲ソ\n");
        let fate = "这是 UTF-8 的字节被当作 GBK 读：…浣犲ソ code 7";
        assert!(told(Language::Chinese, &one).starts_with(&format!("第 17 行：{fate} → …你好 code 7。")));
        assert!(told(Language::Chinese, &many).starts_with(&format!("第 17 行起，共 2 行：{fate}… → …你好 code 7…。")));
        assert!(told(Language::English, &one).starts_with("Line 17. Here UTF-8 bytes were read as GBK: …浣犲ソ code 7 → "));
        assert!(told(Language::English, &many).starts_with("2 lines, the first is line 17. Here UTF-8 bytes"));
    }

    #[test]
    fn how_sure_it_is() {
        let Verdict::Garbled(list) = diagnose("浣犲ソ").verdict else { panic!("healthy") };
        let mut found = list.into_iter().next().unwrap();
        for (confidence, english, chinese) in [
            (0.0, " (0 % sure)", "（把握 0 %）"),
            (0.95, " (95 % sure)", "（把握 95 %）"),
            (1.0, " (99 % sure)", "（把握 99 %）"),
        ] {
            found.confidence = confidence;
            assert_eq!(mojibake_confidence(Language::English, &found), english);
            assert_eq!(mojibake_confidence(Language::Chinese, &found), chinese);
        }
    }
}
