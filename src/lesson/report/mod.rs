//! How a lesson went, for others to read. Must never say more than happened.

mod html;
mod json;
mod pictures;
mod plain;

pub use html::page;
pub use json::line;
pub use pictures::{Picture, draw};
pub use plain::{step, summary};

use super::run::{Played, Verdict};
use crate::i18n::Language;

/// What was predicted, in a word or two: the answer that was chosen, or that the lesson expects. `None` where nothing was asked.
fn predicted(played: &Played, language: Language) -> Option<&str> {
    let asked = played.asked.as_ref()?;
    Some(asked.choices.get(played.chosen.unwrap_or(asked.expected))?.of(language))
}

/// What came true of it; `None` where nothing was asked.
fn observed(played: &Played, language: Language) -> Option<String> {
    let asked = played.asked.as_ref()?;
    let choice = played.observed.and_then(|observed| asked.choices.get(observed));
    Some(choice.map_or_else(|| language.tr("lesson.none_of_these").into_owned(), |choice| choice.of(language).to_owned()))
}

/// The sign of a verdict, which stands beside its word or its label.
pub fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "✓",
        Verdict::Fails => "✗",
        Verdict::Unknown => "?",
    }
}
