//! Why a typed pattern cannot be searched for, with its place. Must never decide where it is shown.

use crate::codec::encoding::{Encoding, Unmappable};
use crate::codec::hex::{HexError, HexErrorKind};
use crate::codec::visible::push_visible;

/// Why a typed pattern cannot be searched for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// Neither direction's encoding has a character; the one of what is received tells.
    #[error(transparent)]
    Unmappable(#[from] Unmappable),
    /// Not hex, nor hex with `?`.
    #[error(transparent)]
    Hex(#[from] HexError),
    /// Not a regex. The message is the library's own.
    #[error("line {line}, column {column}: {message}")]
    Regex {
        /// Its line, from 1.
        line: usize,
        /// Its column in characters, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// A character class with a character of more than one byte, in an encoding other than UTF-8.
    #[error("line {line}, column {column}: in {encoding} a class cannot hold a character beyond ASCII")]
    Class {
        /// Its line, from 1.
        line: usize,
        /// Its column in characters, from 1.
        column: usize,
        /// The encoding.
        encoding: Encoding,
    },
    /// More bytes than can be found across records.
    #[error("the pattern is longer than {0} bytes")]
    TooLong(usize),
    /// A regex that would need too much memory.
    #[error("the regex needs too much memory")]
    TooBig,
}

impl QueryError {
    /// The key of its wording in the locale files.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Unmappable(_) => "query.unmappable",
            Self::Hex(error) => match error.kind {
                HexErrorKind::OddDigits => "query.hex_odd",
                HexErrorKind::Foreign(_) => "query.hex_foreign",
                HexErrorKind::MissingDigits => "query.hex_missing",
            },
            Self::Regex { .. } => "query.regex",
            Self::Class { .. } => "query.class",
            Self::TooLong(_) => "query.too_long",
            Self::TooBig => "query.too_big",
        }
    }

    /// What fills the places of its wording.
    pub fn values(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Unmappable(error) => vec![
                ("encoding", error.encoding.to_string()),
                ("character", visible(error.character)),
                ("place", (error.index + 1).to_string()),
            ],
            Self::Hex(error) => {
                let mut values = place(error.line, error.column);
                if let HexErrorKind::Foreign(character) = error.kind {
                    values.push(("character", visible(character)));
                }
                values
            }
            Self::Regex { line, column, message } => {
                let mut values = place(*line, *column);
                values.push(("message", message.clone()));
                values
            }
            Self::Class { line, column, encoding } => {
                let mut values = place(*line, *column);
                values.push(("encoding", encoding.to_string()));
                values
            }
            Self::TooLong(most) => vec![("most", most.to_string())],
            Self::TooBig => Vec::new(),
        }
    }
}

fn place(line: usize, column: usize) -> Vec<(&'static str, String)> {
    vec![("line", line.to_string()), ("column", column.to_string())]
}

fn visible(character: char) -> String {
    let mut text = String::new();
    push_visible(&mut text, character);
    text
}
