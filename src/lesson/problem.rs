//! What is wrong with a lesson's file: where, and what, for the teacher who wrote it. Must never be a panic or half a lesson.

use super::both::Both;
use crate::i18n::Language;
use std::fmt;
use std::ops::Range;

/// One thing wrong with one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LessonError {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1; `None` where it is about the whole file.
    pub line: Option<usize>,
    /// What.
    pub problem: Problem,
}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It can't be read; the system's words.
    Unreadable(String),
    /// It is not TOML; the reader's words.
    NotToml(String),
    /// A key that there is not here.
    UnknownKey {
        /// Which.
        key: String,
        /// Those that there are.
        known: String,
    },
    /// A key that must be there.
    Missing(String),
    /// A value of the wrong kind; the reader's words.
    WrongKind(String),
    /// A word out of a list.
    UnknownWord {
        /// Of which key.
        key: &'static str,
        /// Which.
        word: String,
        /// Those that there are.
        known: String,
    },
    /// An end that is named and not there.
    UnknownEnd {
        /// Which.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// A name that can't be one, or is there already.
    BadName(String),
    /// Something that this kind of end does not have, or a key that says nothing here.
    NotHere(String),
    /// A text without its other language, or empty.
    OneLanguage(&'static str),
    /// An expression or a text with figures.
    Figure {
        /// As written.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A question without two choices, or without exactly one that is expected.
    Choices,
    /// The addresses or options of an end can't be opened; the field's words in both languages.
    Spec(Both),
    /// Nothing happens in it.
    Empty,
}

impl Problem {
    /// The end of its wording's key.
    fn key(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "lesson_file.unreadable",
            Self::NotToml(_) => "lesson_file.not_toml",
            Self::UnknownKey { .. } => "lesson_file.unknown_key",
            Self::Missing(_) => "lesson_file.missing",
            Self::WrongKind(_) => "lesson_file.wrong_kind",
            Self::UnknownWord { .. } => "lesson_file.unknown_word",
            Self::UnknownEnd { .. } => "lesson_file.unknown_end",
            Self::BadName(_) => "lesson_file.bad_name",
            Self::NotHere(_) => "lesson_file.not_here",
            Self::OneLanguage(_) => "lesson_file.one_language",
            Self::Figure { .. } => "lesson_file.figure",
            Self::Choices => "lesson_file.choices",
            Self::Spec(_) => "lesson_file.spec",
            Self::Empty => "lesson_file.empty",
        }
    }

    /// In words.
    pub fn told(&self, language: Language) -> String {
        let one = |name: &str, value: &dyn fmt::Display| language.tr_with(self.key(), &[(name, value)]);
        match self {
            Self::Unreadable(text) | Self::NotToml(text) | Self::WrongKind(text) => one("reason", text),
            Self::Missing(key) | Self::NotHere(key) => one("key", key),
            Self::OneLanguage(key) => one("key", key),
            Self::BadName(name) => one("name", name),
            Self::Spec(text) => one("reason", &text.of(language)),
            Self::UnknownKey { key, known } => language.tr_with(self.key(), &[("key", key), ("known", known)]),
            Self::UnknownWord { key, word, known } => {
                language.tr_with(self.key(), &[("key", key), ("word", word), ("known", known)])
            }
            Self::UnknownEnd { name, known } => language.tr_with(self.key(), &[("name", name), ("known", known)]),
            Self::Figure { text, reason } => language.tr_with(self.key(), &[("text", text), ("reason", reason)]),
            Self::Choices | Self::Empty => language.tr(self.key()).into_owned(),
        }
    }
}

impl LessonError {
    /// `echo.toml:12: …`: the file, the line and what is wrong.
    pub fn told(&self, language: Language) -> String {
        let problem = self.problem.told(language);
        match self.line {
            Some(line) => {
                language.tr_with("lesson_file.at_line", &[("file", &self.file), ("line", &line), ("problem", &problem)])
            }
            None => language.tr_with("lesson_file.in_file", &[("file", &self.file), ("problem", &problem)]),
        }
    }
}

impl fmt::Display for LessonError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.told(Language::English))
    }
}

impl std::error::Error for LessonError {}

/// A problem and the part of the file that it is about.
#[derive(Debug)]
pub struct Found {
    /// In bytes; `None` for the whole file.
    pub place: Option<Range<usize>>,
    /// What.
    pub problem: Problem,
}

impl Found {
    /// With the file's name, and the line instead of the bytes.
    pub fn within(self, file: &str, text: &str) -> LessonError {
        let line = self.place.map(|place| 1 + text.bytes().take(place.start).filter(|byte| *byte == b'\n').count());
        LessonError { file: file.to_owned(), line, problem: self.problem }
    }

    /// What the TOML reader said.
    pub fn of(error: &toml::de::Error) -> Self {
        let said = error.message().lines().next().unwrap_or_default().to_owned();
        let quoted = || said.split('`').nth(1).unwrap_or_default().to_owned();
        let problem = if said.starts_with("unknown field") {
            // "unknown field `x`, expected one of `a`, `b`"
            let known = said.split('`').skip(3).step_by(2).collect::<Vec<_>>().join(", ");
            Problem::UnknownKey { key: quoted(), known }
        } else if said.starts_with("missing field") {
            Problem::Missing(quoted())
        } else if said.starts_with("invalid type") || said.starts_with("invalid value") {
            Problem::WrongKind(said)
        } else {
            Problem::NotToml(said)
        };
        Self { place: error.span(), problem }
    }
}
