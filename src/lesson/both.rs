//! A text in both languages. Must never hold one without the other.

use crate::i18n::Language;
use serde::Deserialize;

/// The same said in Chinese and in English.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Both {
    /// 简体中文.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Both {
    /// In this language.
    pub fn of(&self, language: Language) -> &str {
        match language {
            Language::Chinese => &self.zh,
            Language::English => &self.en,
        }
    }

    /// Made for each language in turn.
    pub fn from_fn(make: impl Fn(Language) -> String) -> Self {
        Self { zh: make(Language::Chinese), en: make(Language::English) }
    }

    /// Made for each language in turn, unless that fails.
    ///
    /// # Errors
    /// What `make` says, of the first language that it cannot be made for.
    pub fn try_from_fn<E>(make: impl Fn(Language) -> Result<String, E>) -> Result<Self, E> {
        Ok(Self { zh: make(Language::Chinese)?, en: make(Language::English)? })
    }

    /// Whether one of them is missing.
    pub fn is_missing(&self) -> bool {
        self.zh.trim().is_empty() || self.en.trim().is_empty()
    }
}
