//! What is wrong with a typed message, in words. It must never decide what to do about it.

use crate::codec::encoding::Encoding;
use crate::codec::escape::EscapeErrorKind;
use crate::codec::hex::HexErrorKind;
use crate::codec::message::MessageError;
use crate::i18n::Language;

/// Encodings named as a way out; more would hide the answer.
const NAMED: usize = 6;

/// Why text makes no message, with the place.
pub fn message_error(language: Language, error: &MessageError) -> String {
    match error {
        MessageError::Unmappable(error) => {
            let able: Vec<&str> = error.encodings.iter().take(NAMED).map(|encoding: &Encoding| encoding.name()).collect();
            language.tr_with(
                "message.unmappable",
                &[
                    ("encoding", &error.encoding),
                    ("character", &visible(error.character)),
                    ("code", &format!("{:04X}", u32::from(error.character))),
                    ("place", &(error.index + 1)),
                    ("encodings", &able.join(", ")),
                ],
            )
        }
        MessageError::Escape(error) => match &error.kind {
            EscapeErrorKind::Unmappable(unmappable) => message_error(language, &MessageError::Unmappable(unmappable.clone())),
            kind => {
                let why = match kind {
                    EscapeErrorKind::Unknown(character) => {
                        language.tr_with("message.escape_unknown", &[("character", &visible(*character))])
                    }
                    EscapeErrorKind::Unfinished => language.tr("message.escape_unfinished").into_owned(),
                    EscapeErrorKind::BadByte => language.tr("message.escape_byte").into_owned(),
                    EscapeErrorKind::BadCharacter | EscapeErrorKind::Unmappable(_) => {
                        language.tr("message.escape_character").into_owned()
                    }
                };
                language.tr_with("message.at_byte", &[("why", &why), ("place", &(error.range.start + 1))])
            }
        },
        MessageError::Hex(error) => {
            let why = match error.kind {
                HexErrorKind::OddDigits => language.tr("message.hex_odd").into_owned(),
                HexErrorKind::Foreign(character) => {
                    language.tr_with("message.hex_foreign", &[("character", &visible(character))])
                }
                HexErrorKind::MissingDigits => language.tr("message.hex_missing").into_owned(),
            };
            let values: &[(&str, &dyn std::fmt::Display)] = &[("why", &why), ("line", &error.line), ("column", &error.column)];
            language.tr_with("message.at_column", values)
        }
    }
}

/// A character as it can stand in a sentence.
fn visible(character: char) -> String {
    let mut text = String::new();
    crate::codec::visible::push_visible(&mut text, character);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::message::{Input, LineEnding, compose};

    #[test]
    fn every_mistake_says_what_and_where() {
        let table = [
            ("ab🌏", Input::Text, "U+1F30F", "GB18030", "3"),
            ("\\q", Input::Escaped, "\\q", "1", "1"),
            ("ab\\", Input::Escaped, "\\\\", "3", "3"),
            ("\\x1", Input::Escaped, "\\x", "1", "1"),
            ("\\u{}", Input::Escaped, "\\u", "1", "1"),
            ("a\\u{1F30F}", Input::Escaped, "U+1F30F", "GB18030", "2"),
            ("123", Input::Hex, "1", "1", "1"),
            ("12 zz", Input::Hex, "z", "4", "4"),
            ("0x", Input::Hex, "0x", "1", "1"),
        ];
        for language in [Language::Chinese, Language::English] {
            for (text, input, what, able, place) in table {
                let error = compose(text, input, Encoding::GBK, LineEnding::None).unwrap_err();
                let told = message_error(language, &error);
                assert!(told.contains(what) && told.contains(able) && told.contains(place), "{text}: {told}");
                assert!(!told.contains("%{"), "{told}");
            }
        }
    }
}
