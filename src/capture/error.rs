//! Why a file can't be read or written, and in words, for window and twin alike. Must never say which file: whoever asks knows it.

use crate::codec::hex;
use crate::i18n::Language;
use std::io::{self, ErrorKind};

/// Why a file can't be read.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The system could not read it.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It is something else; its first bytes, at most sixteen.
    #[error("neither a capture nor a log; it begins with {first:02X?}")]
    Unknown {
        /// The first bytes.
        first: Vec<u8>,
    },
}

impl CaptureError {
    /// What was found, and what can be opened.
    pub fn told(&self, language: Language) -> String {
        match self {
            Self::Io(problem) => system(language, problem),
            Self::Empty => language.tr("capture.empty").into_owned(),
            Self::Unknown { first } => language.tr_with("capture.unknown", &[("first", &hex::spaced(first))]),
        }
    }
}

/// The system's reasons that people meet, in their language; of all others its own words.
pub fn system(language: Language, problem: &io::Error) -> String {
    match problem.kind() {
        ErrorKind::NotFound => language.tr("capture.not_found").into_owned(),
        ErrorKind::PermissionDenied => language.tr("save.no_permission").into_owned(),
        ErrorKind::IsADirectory => language.tr("save.is_folder").into_owned(),
        _ => problem.to_string(),
    }
}
