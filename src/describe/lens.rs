//! What the encoding lens tells of single characters, in words. It must never decide what is told.

use crate::codec::character;
use crate::codec::differences::Difference;
use crate::codec::encoding::Encoding;
use crate::codec::fault::Fault;
use crate::i18n::Language;
use std::fmt::Display;

/// The rule that a malformed sequence breaks.
pub fn fault(language: Language, fault: &Fault) -> String {
    words(language, &format!("fault.{}", fault.key()), &fault.values())
}

/// Something worth knowing about a text in its encoding.
pub fn difference(language: Language, difference: &Difference) -> String {
    words(language, &format!("difference.{}", difference.kind.key()), &difference.kind.values())
}

/// A character: its code point and name, its block, and what is special about it; a line each.
pub fn character(language: Language, character: char) -> Vec<String> {
    let mut lines = vec![format!("{}  {}", character::code_point(character), character::name(character))];
    match (character::block_key(character), character::block(character)) {
        (Some(key), _) => lines.push(language.tr(&format!("block.{key}")).into_owned()),
        (None, Some(name)) => lines.push(name.to_owned()),
        (None, None) => {}
    }
    if let Some(peculiarity) = character::peculiarity(character) {
        lines.push(language.tr(&format!("peculiarity.{}", peculiarity.key())).into_owned());
    }
    lines
}

/// That an encoding lacks a character, and which ones have it.
pub fn lacking(language: Language, encoding: Encoding, character: char, able: &[Encoding]) -> String {
    let able: Vec<&str> = able.iter().map(|encoding| encoding.name()).collect();
    let able = able.join(if language == Language::Chinese { "、" } else { ", " });
    let code = character::code_point(character);
    language.tr_with("lens.lacking", &[("encoding", &encoding), ("character", &character), ("code", &code), ("able", &able)])
}

fn words(language: Language, key: &str, values: &[(&'static str, String)]) -> String {
    let values: Vec<(&str, &dyn Display)> = values.iter().map(|(name, value)| (*name, value as &dyn Display)).collect();
    language.tr_with(key, &values)
}
