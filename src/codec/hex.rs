//! Bytes as hex digits: what people type and paste, and what is shown. It must never guess: text that is not clearly hex is an error
//! with its place.

use std::ops::Range;

const UPPER: &[u8; 16] = b"0123456789ABCDEF";
const LOWER: &[u8; 16] = b"0123456789abcdef";
/// How many bytes a line of [`dump`] holds.
const COLUMNS: usize = 16;

/// Why a text is not hex, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {kind}")]
pub struct HexError {
    /// The offending part of the text, in bytes of its UTF-8.
    pub range: Range<usize>,
    /// Its line, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
    /// What is wrong with it.
    pub kind: HexErrorKind,
}

impl HexError {
    /// An error at a part of `text`, for those that read hex with more in it than this file does.
    pub fn at(text: &str, range: Range<usize>, kind: HexErrorKind) -> Self {
        error(text, range, kind)
    }
}

/// What is wrong with a text that should be hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HexErrorKind {
    /// An odd number of digits, more than one, without a separator: which byte has only one digit?
    #[error("an odd number of hex digits")]
    OddDigits,
    /// A character that is neither a hex digit nor a separator.
    #[error("{0:?} is no hex digit")]
    Foreign(char),
    /// `0x` or `\x` without digits after it.
    #[error("no hex digits after the prefix")]
    MissingDigits,
}

/// Reads hex as people type and paste it.
///
/// 1. A text that has the shape of a dump as a whole, of `xxd`, `hexdump -C`, `od -A x -t x1`, Wireshark or tcpdump: its offsets and its
///    characters at the right are not data. Never guessed: the offsets must agree with the number of bytes.
/// 2. Otherwise digits with separators: blanks, line breaks, `,` `;` `:` `-` `_` and their Chinese forms, `{}` `[]`, and the prefixes
///    `0x` and `\x`. A separator delimits bytes, so `0 1 2` is 00 01 02; digits together are an even number, or one.
///
/// # Errors
/// The first place that is neither.
pub fn parse(text: &str) -> Result<Vec<u8>, HexError> {
    match super::dump::read(text) {
        Some(bytes) => Ok(bytes),
        None => parse_plain(text),
    }
}

fn parse_plain(text: &str) -> Result<Vec<u8>, HexError> {
    let source = text.as_bytes();
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut place = 0;
    while let Some(rest) = text.get(place..) {
        let Some(next) = rest.chars().next() else { break };
        if is_separator(next) {
            place += next.len_utf8();
            continue;
        }
        let start = place;
        let prefixed = is_prefix(rest.as_bytes());
        if prefixed {
            place += 2;
        }
        let digits = run_length(source.get(place..).unwrap_or_default());
        let end = place + digits;
        match digits {
            0 if prefixed => return Err(error(text, start..end, HexErrorKind::MissingDigits)),
            0 => return Err(error(text, start..start + next.len_utf8(), HexErrorKind::Foreign(next))),
            1 => bytes.extend(source.get(place).and_then(|digit| value(*digit))),
            _ if digits % 2 == 1 => return Err(error(text, place..end, HexErrorKind::OddDigits)),
            _ => push_pairs(&mut bytes, source.get(place..end).unwrap_or_default()),
        }
        place = end;
    }
    Ok(bytes)
}

/// How many hex digits begin `rest`, without a `0x` that begins after an even number of them (`0x010x02`).
fn run_length(rest: &[u8]) -> usize {
    let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let prefix_inside = digits > 1 && digits % 2 == 1 && rest.get(digits - 1..).is_some_and(is_prefix);
    if prefix_inside { digits - 1 } else { digits }
}

fn is_prefix(rest: &[u8]) -> bool {
    matches!(rest, [b'0' | b'\\', b'x' | b'X', ..])
}

/// Whether a character only stands between typed bytes.
pub fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, ',' | ';' | ':' | '-' | '_' | '{' | '}' | '[' | ']' | '，' | '；' | '：' | '、')
}

/// Appends the bytes of an even number of digits; a byte that is no digit has been excluded by the caller.
pub(super) fn push_pairs(bytes: &mut Vec<u8>, digits: &[u8]) {
    bytes.extend(digits.chunks_exact(2).filter_map(|pair| match pair {
        [high, low] => Some(value(*high)? << 4 | value(*low)?),
        _ => None,
    }));
}

/// What a hex digit is worth.
pub const fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn error(text: &str, range: Range<usize>, kind: HexErrorKind) -> HexError {
    let before = text.get(..range.start).unwrap_or_default();
    let mut line = 1;
    let mut line_start = 0;
    for (place, byte) in before.bytes().enumerate() {
        // A lone \r ends a line too, as old devices write.
        if byte == b'\n' || byte == b'\r' && text.as_bytes().get(place + 1) != Some(&b'\n') {
            line += 1;
            line_start = place + 1;
        }
    }
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    HexError { range, line, column, kind }
}

/// Two digits of every byte, one after the other.
const fn pairs(digits: &[u8; 16]) -> [[u8; 2]; 256] {
    let mut table = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    table
}

static UPPER_PAIRS: [[u8; 2]; 256] = pairs(UPPER);
static LOWER_PAIRS: [[u8; 2]; 256] = pairs(LOWER);

/// Appends a byte as two upper-case digits.
pub(super) fn push_upper(text: &mut String, byte: u8) {
    text.extend(UPPER_PAIRS[usize::from(byte)].map(char::from));
}

/// Appends a byte as two lower-case digits.
pub(super) fn push_lower(text: &mut String, byte: u8) {
    text.extend(LOWER_PAIRS[usize::from(byte)].map(char::from));
}

/// `48 65 6C`.
pub fn spaced(bytes: &[u8]) -> String {
    let mut text = Vec::with_capacity(bytes.len() * 3);
    for byte in bytes {
        let [high, low] = UPPER_PAIRS[usize::from(*byte)];
        text.extend_from_slice(&[high, low, b' ']);
    }
    text.pop();
    ascii(text)
}

/// `48656c`, in lower case, as scripts expect it.
pub fn compact(bytes: &[u8]) -> String {
    let mut text = Vec::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.extend_from_slice(&LOWER_PAIRS[usize::from(*byte)]);
    }
    ascii(text)
}

/// The text of bytes that are ASCII by construction; checked because `unsafe` is forbidden, and fast enough.
fn ascii(text: Vec<u8>) -> String {
    String::from_utf8(text).unwrap_or_default()
}

/// Lines of offset, 16 bytes and their ASCII characters, in the layout of `hexdump -C` with upper-case digits;
/// `first_offset` is the offset of the first byte. [`parse`] reads it back.
pub fn dump(bytes: &[u8], first_offset: u64) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(COLUMNS) * 79);
    for (row, line) in bytes.chunks(COLUMNS).enumerate() {
        let offset = first_offset.wrapping_add((row * COLUMNS) as u64);
        text.push_str(&format!("{offset:08X} "));
        for column in 0..COLUMNS {
            text.push_str(if column == COLUMNS / 2 { "  " } else { " " });
            match line.get(column) {
                Some(byte) => push_upper(&mut text, *byte),
                None => text.push_str("  "),
            }
        }
        text.push_str("  |");
        text.extend(line.iter().map(|byte| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' }));
        text.push_str("|\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type() {
        for (text, bytes) in [
            ("", &b""[..]),
            (" \r\n\t", b""),
            ("DEADBEEF", b"\xDE\xAD\xBE\xEF"),
            ("de ad be ef", b"\xDE\xAD\xBE\xEF"),
            ("0 1 2", b"\x00\x01\x02"),
            ("0x01", b"\x01"),
            ("0X1,0x2", b"\x01\x02"),
            ("\\x01\\x02", b"\x01\x02"),
            ("0x0D0A", b"\r\n"),
            ("0x010x02", b"\x01\x02"),
            ("{0x01, 0x02}", b"\x01\x02"),
            ("{ 0x01,\n  0x02,\n};", b"\x01\x02"),
            ("01-02-03", b"\x01\x02\x03"),
            ("01:02:03", b"\x01\x02\x03"),
            ("01;02；03，04", b"\x01\x02\x03\x04"),
            ("0000 48 69", b"\x00\x00\x48\x69"),
            ("48656c6c6f20\n776f726c64\n", b"Hello world"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn refusals() {
        use HexErrorKind::{Foreign, MissingDigits, OddDigits};
        for (text, range, line, column, kind) in [
            ("123", 0..3, 1, 1, OddDigits),
            ("00 123 00", 3..6, 1, 4, OddDigits),
            ("0x123", 2..5, 1, 3, OddDigits),
            ("12 G4", 3..4, 1, 4, Foreign('G')),
            ("00\r\n0x", 4..6, 2, 1, MissingDigits),
            ("\\x \\x01", 0..2, 1, 1, MissingDigits),
            ("\\n", 0..1, 1, 1, Foreign('\\')),
            ("01，好", 5..8, 1, 4, Foreign('好')),
            ("01\r02\n3x", 7..8, 3, 2, Foreign('x')),
            ("10x02", 2..3, 1, 3, Foreign('x')),
        ] {
            assert_eq!(parse(text), Err(HexError { range, line, column, kind }), "{text}");
        }
        assert_eq!(parse("12 G4").unwrap_err().to_string(), "line 1, column 4: 'G' is no hex digit");
    }

    #[test]
    fn shown() {
        assert_eq!(spaced(b"Hel\xFF"), "48 65 6C FF");
        assert_eq!(compact(b"Hel\xFF"), "48656cff");
        assert_eq!((spaced(b""), compact(b""), dump(b"", 0)), Default::default());
        let expected = "0000ABC0  48 65 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |He..............|\n\
                        0000ABD0  FF                                                |.|\n";
        assert_eq!(dump(b"He\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xFF", 0xABC0), expected);
    }
}
