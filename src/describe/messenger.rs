//! Why nothing can be said to a program of IP Messenger yet, in words. It must never decide what to do about it.

use super::message_error;
use crate::codec::card::ipmsg::ComposeError;
use crate::codec::message::MessageError;
use crate::i18n::Language;
use crate::session::messenger::NotYet;
use std::fmt::Display;

/// What is still wrong with a message.
pub fn messenger_problem(language: Language, problem: &NotYet) -> String {
    if let NotYet::Compose(ComposeError::Unmappable(lacking)) = problem {
        return message_error(language, &MessageError::Unmappable(lacking.clone()));
    }
    let (key, values) = problem.words().unwrap_or_default();
    let values: Vec<(&str, &dyn Display)> = values.iter().map(|(name, value)| (*name, value as &dyn Display)).collect();
    language.tr_with(&key, &values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::messenger::{MessengerDraft, Preset};
    use crate::session::timestamp::Timestamp;

    #[test]
    fn every_mistake_has_words_in_both_languages() {
        type Change = fn(&mut MessengerDraft);
        let table: [(Change, &str); 6] = [
            (|draft| draft.user = "a:b".into(), "a:b"),
            (|draft| draft.text = "🌏".into(), "U+1F30F"),
            (|draft| draft.text = "a\0b".into(), "NUL"),
            (|draft| draft.version = "2".into(), "version"),
            (|draft| (draft.preset, draft.text) = (Preset::Acknowledge, "x7".into()), "x7"),
            (|draft| draft.preset = Preset::Files, ""),
        ];
        for language in [Language::Chinese, Language::English] {
            for (change, part) in table {
                let mut draft = MessengerDraft::default();
                change(&mut draft);
                let told = messenger_problem(language, &draft.datagram(Timestamp(0)).unwrap_err());
                assert!(told.contains(part) && !told.contains("%{") && !told.contains("messenger."), "{told}");
            }
        }
    }
}
