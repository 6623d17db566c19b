//! Typed hex with wildcards as a tree: `4?` is any byte from 40 to 4F, `??` any byte at all. Must never guess what an unpaired digit means.

use crate::codec::hex::{self, HexError, HexErrorKind};
use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, Hir};

/// The bytes that `text` may be: without a `?` whatever is hex elsewhere in this program, dumps included; else pairs of digits and `?`,
/// with the same separators between them.
///
/// # Errors
/// The first place that is neither.
pub(super) fn tree(text: &str) -> Result<Hir, HexError> {
    if !text.contains('?') {
        return Ok(Hir::literal(hex::parse(text)?));
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let start = text.len() - rest.len();
        if hex::is_separator(next) {
            rest = rest.get(next.len_utf8()..).unwrap_or_default();
            continue;
        }
        let length = rest.bytes().take_while(|byte| is_nibble(*byte)).count();
        let run = rest.get(..length).unwrap_or_default();
        if run.is_empty() {
            return Err(HexError::at(text, start..start + next.len_utf8(), HexErrorKind::Foreign(next)));
        }
        match run.as_bytes() {
            // One digit alone is a byte below 16, as elsewhere; one `?` alone could be a nibble or a byte.
            [digit] if *digit != b'?' => parts.push(byte(b'0', *digit)),
            run if run.len() % 2 == 1 => return Err(HexError::at(text, start..start + length, HexErrorKind::OddDigits)),
            run => parts.extend(run.chunks_exact(2).filter_map(|pair| match pair {
                [high, low] => Some(byte(*high, *low)),
                _ => None,
            })),
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(Hir::concat(parts))
}

fn is_nibble(byte: u8) -> bool {
    byte == b'?' || byte.is_ascii_hexdigit()
}

/// A byte of two nibbles, either of which may be a `?`.
fn byte(high: u8, low: u8) -> Hir {
    let ranges: Vec<ClassBytesRange> = match (hex::value(high), hex::value(low)) {
        (Some(high), Some(low)) => return Hir::literal([high << 4 | low]),
        (Some(high), None) => vec![ClassBytesRange::new(high << 4, high << 4 | 15)],
        (None, Some(low)) => (0..16).map(|high| ClassBytesRange::new(high << 4 | low, high << 4 | low)).collect(),
        (None, None) => vec![ClassBytesRange::new(0, 255)],
    };
    Hir::class(Class::Bytes(ClassBytes::new(ranges)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_digits_and_question_marks() {
        for (typed, same_as) in [("4? ??,?f", "4???\n?F"), ("5 ??", "05 ??"), ("AA-??", "aa??"), ("?? ??", "????")] {
            assert_eq!(tree(typed), tree(same_as), "{typed}");
        }
    }

    #[test]
    fn refusals() {
        use HexErrorKind::{Foreign, OddDigits};
        for (typed, line, column, kind) in [
            ("?", 1, 1, OddDigits),
            ("00 4??", 1, 4, OddDigits),
            ("??\n 4G", 2, 3, Foreign('G')),
            ("?? 好", 1, 4, Foreign('好')),
            ("123", 1, 1, OddDigits),
        ] {
            let error = tree(typed).unwrap_err();
            assert_eq!((error.line, error.column, error.kind), (line, column, kind), "{typed}");
        }
    }
}
