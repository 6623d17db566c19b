//! What the encoding lens tells of single characters, in words. It must never decide which rule is broken.

use crate::codec::fault::Fault;
use crate::i18n::Language;
use std::fmt::Display;

/// The rule that a malformed sequence breaks.
pub fn fault(language: Language, fault: &Fault) -> String {
    words(language, &format!("fault.{}", fault.key()), &fault.values())
}

fn words(language: Language, key: &str, values: &[(&'static str, String)]) -> String {
    let values: Vec<(&str, &dyn Display)> = values.iter().map(|(name, value)| (*name, value as &dyn Display)).collect();
    language.tr_with(key, &values)
}
