//! Typed text with escapes (`\r \n \x00`) into bytes. It must never guess: an escape it does not know is an error with its place.

use std::ops::Range;

use super::encode::Unmappable;
use super::encoding::Encoding;

/// Why a text with escapes has no bytes, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (at byte {start} of the text)", start = .range.start)]
pub struct EscapeError {
    /// The offending part of the typed text, in bytes of its UTF-8.
    pub range: Range<usize>,
    /// What is wrong with it.
    pub kind: EscapeErrorKind,
}

/// What is wrong with an escape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EscapeErrorKind {
    /// A backslash before a character that makes no escape.
    #[error("\\{0} is no escape")]
    Unknown(char),
    /// A backslash at the end of the text.
    #[error("a backslash at the end; a backslash itself is \\\\")]
    Unfinished,
    /// `\x` without two hex digits.
    #[error("\\x needs two hex digits")]
    BadByte,
    /// `\u` without `{`, one to six hex digits and `}`, or a number that is no character.
    #[error("\\u needs the number of a character, like \\u{{4E2D}}")]
    BadCharacter,
    /// A character, typed or escaped, that the encoding cannot express. Its places are those in the typed text.
    #[error("{0}")]
    Unmappable(Unmappable),
}

/// A stretch of what was typed.
enum Segment {
    /// Characters to encode, and where in the typed text each of them stands.
    Text(String, Vec<Range<usize>>),
    /// Bytes as they are.
    Bytes(Vec<u8>),
}

/// The bytes of `text`, in which
/// `\r \n \t \0 \a \b \f \v \e \\ \' \"` and `\u{4E2D}` are characters, encoded like the typed ones (so `\n` is `0A 00` in UTF-16LE), and
/// `\xHH` is one byte, whatever the encoding.
///
/// # Errors
/// The first unknown or incomplete escape; if there is none, the first character that `encoding` cannot express.
pub fn parse(text: &str, encoding: Encoding) -> Result<Vec<u8>, EscapeError> {
    let segments = split(text)?;
    let mut bytes = Vec::with_capacity(text.len());
    for segment in &segments {
        match segment {
            Segment::Bytes(raw) => bytes.extend_from_slice(raw),
            Segment::Text(part, places) => match encoding.encode(part) {
                Ok(encoded) => bytes.extend_from_slice(&encoded),
                Err(error) => return Err(unmappable(text, &segments, places, error)),
            },
        }
    }
    Ok(bytes)
}

/// Turns the place of a refused character in its segment into its place in the typed text.
fn unmappable(text: &str, segments: &[Segment], places: &[Range<usize>], error: Unmappable) -> EscapeError {
    let range = places.get(error.index).cloned().unwrap_or(0..text.len());
    let whole: String = segments
        .iter()
        .filter_map(|segment| match segment {
            Segment::Text(part, _) => Some(part.as_str()),
            Segment::Bytes(_) => None,
        })
        .collect();
    let typed = Unmappable {
        index: text.get(..range.start).unwrap_or_default().chars().count(),
        byte_offset: range.start,
        encodings: super::encode::able(&whole, error.encoding),
        ..error
    };
    EscapeError { range, kind: EscapeErrorKind::Unmappable(typed) }
}

fn split(text: &str) -> Result<Vec<Segment>, EscapeError> {
    let mut segments = Vec::new();
    let mut place = 0;
    while let Some(rest) = text.get(place..).filter(|rest| !rest.is_empty()) {
        let start = place;
        let Some(escape) = rest.strip_prefix('\\') else {
            let length = rest.chars().next().map_or(1, char::len_utf8);
            add_character(&mut segments, rest.chars().next(), start..start + length);
            place += length;
            continue;
        };
        let (item, length) =
            read_escape(escape).map_err(|(kind, length)| EscapeError { range: start..start + 1 + length, kind })?;
        place += 1 + length;
        match item {
            Item::Character(character) => add_character(&mut segments, Some(character), start..place),
            Item::Byte(byte) => match segments.last_mut() {
                Some(Segment::Bytes(bytes)) => bytes.push(byte),
                _ => segments.push(Segment::Bytes(vec![byte])),
            },
        }
    }
    Ok(segments)
}

fn add_character(segments: &mut Vec<Segment>, character: Option<char>, range: Range<usize>) {
    let Some(character) = character else { return };
    match segments.last_mut() {
        Some(Segment::Text(text, places)) => {
            text.push(character);
            places.push(range);
        }
        _ => segments.push(Segment::Text(character.to_string(), vec![range])),
    }
}

enum Item {
    Character(char),
    Byte(u8),
}

/// Reads what follows a backslash: the item and how long it is, or what is wrong and how much of it.
fn read_escape(rest: &str) -> Result<(Item, usize), (EscapeErrorKind, usize)> {
    let Some(letter) = rest.chars().next() else { return Err((EscapeErrorKind::Unfinished, 0)) };
    let character = match letter {
        'r' => '\r',
        'n' => '\n',
        't' => '\t',
        '0' => '\0',
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0C',
        'v' => '\x0B',
        'e' => '\x1B',
        '\\' | '\'' | '"' => letter,
        'x' => {
            let digits = rest.bytes().skip(1).take(2).take_while(u8::is_ascii_hexdigit).count();
            let byte = rest.get(1..3).filter(|_| digits == 2).and_then(|two| u8::from_str_radix(two, 16).ok());
            return byte.map(|byte| (Item::Byte(byte), 3)).ok_or((EscapeErrorKind::BadByte, 1 + digits));
        }
        'u' => return read_code_point(rest),
        other => return Err((EscapeErrorKind::Unknown(other), other.len_utf8())),
    };
    Ok((Item::Character(character), 1))
}

/// Reads `u{4E2D}`.
fn read_code_point(rest: &str) -> Result<(Item, usize), (EscapeErrorKind, usize)> {
    let Some(after) = rest.strip_prefix("u{") else { return Err((EscapeErrorKind::BadCharacter, 1)) };
    let digits = after.bytes().take_while(u8::is_ascii_hexdigit).count();
    let closed = after.get(digits..).is_some_and(|after| after.starts_with('}'));
    let length = 2 + digits + usize::from(closed);
    let number = after.get(..digits).filter(|_| closed && digits <= 6).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let character = number.and_then(char::from_u32);
    character.map(|character| (Item::Character(character), length)).ok_or((EscapeErrorKind::BadCharacter, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn understood() {
        for (label, text, bytes) in [
            ("utf-8", r#"a\r\n\t\0\\\'\""#, &b"a\r\n\t\0\\'\""[..]),
            ("utf-8", r"\a\b\f\v\e", b"\x07\x08\x0C\x0B\x1B"),
            ("utf-8", r"\x00\xfF1", b"\x00\xFF1"),
            ("gbk", r"\u{4f60}好\xC4", b"\xC4\xE3\xBA\xC3\xC4"),
            ("utf-16le", r"a\n\x01", b"a\0\n\0\x01"),
            ("utf-8", r"\u{1F600}", "😀".as_bytes()),
        ] {
            assert_eq!(parse(text, Encoding::for_label(label).unwrap()).as_deref(), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn refused() {
        use EscapeErrorKind::{BadByte, BadCharacter, Unfinished, Unknown};
        for (text, range, kind) in [
            (r"好\q", 3..5, Unknown('q')),
            (r"\好", 0..4, Unknown('好')),
            ("a\\", 1..2, Unfinished),
            (r"\x1", 0..3, BadByte),
            (r"\x", 0..2, BadByte),
            (r"\x好", 0..2, BadByte),
            (r"\x1好", 0..3, BadByte),
            (r"\u4E2D", 0..2, BadCharacter),
            (r"\u{}", 0..4, BadCharacter),
            (r"\u{D800}", 0..8, BadCharacter),
            (r"\u{110000}", 0..10, BadCharacter),
            (r"\u{4E2D", 0..7, BadCharacter),
        ] {
            assert_eq!(parse(text, Encoding::UTF_8), Err(EscapeError { range, kind }), "{text}");
        }
    }

    #[test]
    fn unmappable_is_placed_in_the_typed_text() {
        let error = parse(r"\n好\x00\u{1F600}好", Encoding::GBK).unwrap_err();
        assert_eq!(error.range, 9..18);
        let EscapeErrorKind::Unmappable(inner) = error.kind else { panic!("{error}") };
        assert_eq!((inner.character, inner.index, inner.byte_offset), ('😀', 7, 9));
        assert_eq!(inner.encodings, [Encoding::UTF_8, Encoding::GB18030, Encoding::UTF_16LE, Encoding::UTF_16BE]);
    }
}
