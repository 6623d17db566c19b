//! What a typed message sends: input mode, encoding and line ending together. It must never know where the message goes.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::encode::Unmappable;
use super::encoding::Encoding;
use super::escape::{self, EscapeError};
use super::hex::{self, HexError};

/// How typed text is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// As the characters that they are.
    #[default]
    Text,
    /// As hex digits ([`hex::parse`]).
    Hex,
    /// As characters with escapes ([`escape::parse`]).
    Escaped,
}

/// What is appended to a message, and in [`Input::Text`] what each typed line break becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineEnding {
    /// Nothing is appended; typed line breaks are LF.
    #[default]
    None,
    /// `0A`.
    Lf,
    /// `0D`.
    Cr,
    /// `0D 0A`.
    CrLf,
}

impl LineEnding {
    /// The characters appended to a message.
    pub fn text(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Lf => "\n",
            Self::Cr => "\r",
            Self::CrLf => "\r\n",
        }
    }
}

/// Why typed text makes no message. Nothing of it may be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// It is not hex.
    #[error(transparent)]
    Hex(#[from] HexError),
    /// An escape is wrong.
    #[error(transparent)]
    Escape(EscapeError),
    /// The encoding cannot express a character. Its places are those in the typed text.
    #[error(transparent)]
    Unmappable(Unmappable),
}

impl MessageError {
    /// The part of the typed `text` to mark, in bytes of its UTF-8; always within it and between characters.
    pub fn range(&self, text: &str) -> Range<usize> {
        let range = match self {
            Self::Hex(error) => error.range.clone(),
            Self::Escape(error) => error.range.clone(),
            Self::Unmappable(error) => error.byte_offset..error.byte_offset + error.character.len_utf8(),
        };
        // The text may have been edited since.
        if text.get(range.clone()).is_some() { range } else { text.len()..text.len() }
    }
}

/// The bytes to send for a typed message.
///
/// 1. [`Input::Text`]: each typed line break (`\n` or `\r\n`) goes out as the ending, or as LF when there is none.
/// 2. [`Input::Hex`] and [`Input::Escaped`]: as typed.
/// 3. The ending is appended once, in the encoding (in UTF-16 it is two bytes per character).
///
/// # Errors
/// What is wrong with the text. An unmappable character is [`MessageError::Unmappable`], or in escaped text
/// [`escape::EscapeErrorKind::Unmappable`] inside [`MessageError::Escape`], whose range may be that of an escape.
pub fn compose(text: &str, input: Input, encoding: Encoding, ending: LineEnding) -> Result<Vec<u8>, MessageError> {
    let mut bytes = match input {
        Input::Hex => hex::parse(text)?,
        Input::Escaped => escape::parse(text, encoding).map_err(MessageError::Escape)?,
        Input::Text => lines(text, encoding, ending)?,
    };
    bytes.extend_from_slice(&encoding.encode(ending.text()).map_err(MessageError::Unmappable)?);
    Ok(bytes)
}

fn lines(text: &str, encoding: Encoding, ending: LineEnding) -> Result<Vec<u8>, MessageError> {
    let line_break = if ending == LineEnding::None { "\n" } else { ending.text() };
    let line_break = encoding.encode(line_break).map_err(MessageError::Unmappable)?;
    let mut bytes = Vec::with_capacity(text.len() + 2);
    let mut start = 0;
    // Line by line, so that the place of an error needs no mapping back.
    for typed in text.split_inclusive('\n') {
        let (line, broken) = match typed.strip_suffix('\n') {
            Some(line) => (line.strip_suffix('\r').unwrap_or(line), true),
            None => (typed, false),
        };
        let encoded = encoding.encode(line).map_err(|error| MessageError::Unmappable(error.within(text, start)))?;
        bytes.extend_from_slice(&encoded);
        if broken {
            bytes.extend_from_slice(&line_break);
        }
        start += typed.len();
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn composed() {
        use Input::{Escaped, Hex, Text};
        use LineEnding::{Cr, CrLf, Lf, None};
        for (text, input, label, ending, bytes) in [
            ("你好", Text, "gbk", None, &b"\xC4\xE3\xBA\xC3"[..]),
            ("a\r\nb\nc", Text, "utf-8", None, b"a\nb\nc"),
            ("a\r\nb\n", Text, "utf-8", CrLf, b"a\r\nb\r\n\r\n"),
            ("a\nb", Text, "utf-8", Cr, b"a\rb\r"),
            ("a\nb", Text, "utf-16be", CrLf, b"\0a\0\r\0\n\0b\0\r\0\n"),
            ("", Text, "utf-8", Lf, b"\n"),
            ("01\n02", Hex, "utf-8", CrLf, b"\x01\x02\r\n"),
            ("01", Hex, "utf-16le", Lf, b"\x01\n\0"),
            ("a\n\\x00", Escaped, "utf-8", Cr, b"a\n\0\r"),
        ] {
            assert_eq!(compose(text, input, Encoding::for_label(label).unwrap(), ending).as_deref(), Ok(bytes), "{text:?}");
        }
    }

    #[test]
    fn marked() {
        for (text, input, range) in [
            ("好\r\na😀b", Input::Text, 6..10),
            (r"好\u{1F600}", Input::Escaped, 3..12),
            ("00 0g", Input::Hex, 4..5),
            ("a\\", Input::Escaped, 1..2),
        ] {
            let error = compose(text, input, Encoding::GBK, LineEnding::CrLf).unwrap_err();
            assert_eq!(error.range(text), range, "{text:?}");
            assert!(text.get(range).is_some());
            assert_eq!(error.range(""), 0..0);
        }
        let Err(MessageError::Unmappable(error)) = compose("好\r\na😀b", Input::Text, Encoding::GBK, LineEnding::Lf) else {
            panic!()
        };
        assert_eq!((error.index, error.byte_offset), (4, 6));
    }

    #[test]
    fn stored() {
        assert_eq!(serde_json::to_string(&(LineEnding::CrLf, Input::Escaped)).unwrap(), r#"["cr_lf","escaped"]"#);
    }
}
