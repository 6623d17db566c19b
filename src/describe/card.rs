//! Protocol cards in words: a tree as lines. It must never leave a field out or decide what is shown of one.

use crate::codec::card::{Card, Name, Node, Protocol, Words};
use crate::i18n::Language;
use std::fmt::Display;
use std::ops::Range;

/// A field of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How many fields it is part of: 0 at the top.
    pub depth: usize,
    /// What it is called.
    pub name: String,
    /// What it says.
    pub value: String,
    /// What that means.
    pub note: Option<String>,
    /// What is wrong with it.
    pub fault: Option<String>,
    /// Its bytes. Where it has none of its own, those of the field that it is part of, so that there is something to show.
    pub bytes: Range<usize>,
}

/// The fields of a card in order, parents before their parts.
pub fn card_lines(language: Language, card: &Card) -> Vec<Line> {
    let mut lines = Vec::new();
    for node in &card.nodes {
        push(language, node, 0, &node.bytes, &mut lines);
    }
    lines
}

/// Why the bytes do not fit the card's protocol, if they do not.
pub fn card_problem(language: Language, card: &Card) -> Option<String> {
    card.problem.as_ref().map(|problem| card_words(language, problem))
}

/// The name of a protocol.
pub fn protocol_name(language: Language, protocol: Protocol) -> String {
    language.tr(protocol.words_key()).into_owned()
}

/// Words of a card or of what composes messages.
pub fn card_words(language: Language, words: &Words) -> String {
    let values: Vec<(&str, &dyn Display)> = words.values.iter().map(|(place, value)| (*place, value as &dyn Display)).collect();
    language.tr_with(&words.key, &values)
}

fn push(language: Language, node: &Node, depth: usize, parent: &Range<usize>, lines: &mut Vec<Line>) {
    let words = |words: &Words| card_words(language, words);
    let bytes = if node.bytes.is_empty() { parent.clone() } else { node.bytes.clone() };
    let name = match &node.name {
        Name::Words(name) => words(name),
        Name::Own(name) => name.clone().into_owned(),
    };
    let note = node.note.as_ref().map(words);
    let fault = node.fault.as_ref().map(words);
    lines.push(Line { depth, name, value: node.value.clone(), note, fault, bytes: bytes.clone() });
    for child in &node.children {
        push(language, child, depth + 1, &bytes, lines);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::card::read;
    use crate::codec::encoding::Encoding;

    #[test]
    fn a_card_in_lines() {
        let card = read(Protocol::IpMsg, b"1:2:a:b:288:x\xC4", Encoding::GBK);
        let shown = |language| {
            let one = |line: Line| {
                let more = [line.note, line.fault].into_iter().flatten().map(|words| format!(" / {words}")).collect::<String>();
                format!(
                    "{}{} = {} [{}..{}]{more}",
                    "  ".repeat(line.depth),
                    line.name,
                    line.value,
                    line.bytes.start,
                    line.bytes.end
                )
            };
            card_lines(language, &card).into_iter().map(one).collect::<Vec<_>>()
        };
        let chinese = shown(Language::Chinese);
        assert_eq!(chinese[..4], ["版本 = 1 [0..1]", "报文编号 = 2 [2..3]", "用户 = a [4..5]", "主机 = b [6..7]"]);
        let command = ["命令 = 288 = 0x120 [8..11]", "  命令字 = 0x20 SENDMSG [8..11]", "  选项 = 0x100 SENDCHECK [8..11]"];
        assert_eq!(chinese[4..7], command);
        assert!(chinese[7].starts_with("正文 = x\\xC4 [12..14] / ") && !chinese[7].contains("fault."), "{}", chinese[7]);
        assert_eq!(shown(Language::English)[1], "Packet number = 2 [2..3]");
        assert_eq!(card_problem(Language::English, &card), None);
        let short = read(Protocol::IpMsg, b"1:2", Encoding::GBK);
        assert_eq!(card_problem(Language::Chinese, &short).as_deref(), Some("字段不足：需要 5 个冒号，只有 1 个"));
        assert_eq!(protocol_name(Language::Chinese, Protocol::IpMsg), "飞鸽传书（飞秋）");
    }
}
