//! What is wrong with the words of a framing rule, in words. It must never know where they were typed.

use crate::codec::framing::{LONGEST_DELIMITER, RuleError};
use crate::codec::message::MessageError;
use crate::i18n::Language;

/// Why words are no framing rule.
pub fn rule_error(language: Language, error: &RuleError) -> String {
    match error {
        RuleError::Unknown(text) => language.tr_with("frame.unknown", &[("text", text)]),
        RuleError::BadNumber { text, from, to } => {
            language.tr_with("frame.bad_number", &[("text", text), ("from", from), ("to", to)])
        }
        RuleError::BadWidth(text) => language.tr_with("frame.bad_width", &[("text", text)]),
        RuleError::BadOption(text) => language.tr_with("frame.bad_option", &[("text", text)]),
        RuleError::BadDelimiter(text) => language.tr_with("frame.bad_delimiter", &[("text", text)]),
        RuleError::BadEscape(error) => super::message_error(language, &MessageError::Escape(error.clone())),
        RuleError::LongDelimiter => language.tr_with("frame.long_delimiter", &[("most", &LONGEST_DELIMITER)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::framing::Rule;

    #[test]
    fn every_mistake_names_what_is_wrong() {
        let long = format!("delimiter:{}", "00".repeat(300));
        let table = [
            ("lines", "lines"),
            ("fixed:0", "16777216"),
            ("length:3", "“3”"),
            ("length:2,skip=1", "skip=1"),
            ("delimiter:END", "\\r\\n"),
            ("delimiter:\\q", "\\q"),
            (&long, "256"),
        ];
        for language in [Language::Chinese, Language::English] {
            for (words, part) in table {
                let error = words.parse::<Rule>().unwrap_err();
                let told = rule_error(language, &error);
                assert!(told.contains(part) && !told.contains("%{"), "{words}: {told}");
            }
        }
    }
}
