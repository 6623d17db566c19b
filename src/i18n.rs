//! Words in two languages, from `assets/locales/`. Imports nothing of ours; must never hold a sentence itself.

use rust_i18n::t;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt::Display;

/// The languages that there are words in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Language {
    /// 简体中文.
    #[serde(rename = "zh-CN")]
    Chinese,
    /// English.
    #[serde(rename = "en")]
    English,
}

impl Language {
    /// What the system speaks: Chinese for any `zh…`, English for all else.
    pub fn of_system() -> Self {
        match sys_locale::get_locale() {
            Some(locale) if locale.starts_with("zh") => Self::Chinese,
            _ => Self::English,
        }
    }

    /// The name of its file in `assets/locales/`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    /// The words of a key.
    pub fn tr(self, key: &str) -> Cow<'_, str> {
        t!(key, locale = self.code())
    }

    /// The words of a key with its `%{name}` places filled in.
    pub fn tr_with(self, key: &str, values: &[(&str, &dyn Display)]) -> String {
        let names: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
        let texts: Vec<String> = values.iter().map(|(_, value)| value.to_string()).collect();
        rust_i18n::replace_patterns(&self.tr(key), &names, &texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_places() {
        assert_eq!(Language::Chinese.tr("send.button"), "发送");
        assert_eq!(Language::English.tr("send.button"), "Send");
        let told = Language::English.tr_with("note.listening", &[("local", &"127.0.0.1:9")]);
        assert!(told.contains("127.0.0.1:9"), "{told}");
    }
}
