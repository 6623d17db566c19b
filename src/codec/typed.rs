//! Typed text character by character, as it would be sent: the bytes of each, or which encodings have it. It must never replace a
//! character, and never know what is sent where.

use std::ops::Range;

use super::encode::able;
use super::encoding::Encoding;

/// One typed character in an encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedCell {
    /// The character.
    pub character: char,
    /// Where it stands in the text, in bytes of its UTF-8.
    pub range: Range<usize>,
    /// Its bytes, or that it has none.
    pub content: Typed,
}

/// What a typed character becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// These bytes. In ISO-2022-JP they begin with the switch that the character needs, and those of the last character end with the
    /// one back to ASCII; so the bytes of all characters are the bytes of the text.
    Bytes(Vec<u8>),
    /// None: the encoding lacks it. These common encodings have it, in menu order; the Unicode ones are always among them.
    Missing(Vec<Encoding>),
}

/// The first `most` characters of `text` in `encoding`.
pub fn typed_cells(encoding: Encoding, text: &str, most: usize) -> Vec<TypedCell> {
    let mut state = State::default();
    let mut cells: Vec<TypedCell> = Vec::new();
    for (at, character) in text.char_indices().take(most) {
        let range = at..at + character.len_utf8();
        let alone = text.get(range.clone()).unwrap_or_default();
        let content = match encoding.try_encode(alone) {
            Ok(bytes) if encoding.reader() == Some(encoding_rs::ISO_2022_JP) => Typed::Bytes(state.go_on(&bytes)),
            Ok(bytes) => Typed::Bytes(bytes),
            Err(_) => Typed::Missing(able(alone, encoding)),
        };
        cells.push(TypedCell { character, range, content });
    }
    let last =
        cells.iter_mut().rev().find_map(|cell| if let Typed::Bytes(bytes) = &mut cell.content { Some(bytes) } else { None });
    if let Some(bytes) = last {
        bytes.extend(state.end());
    }
    cells
}

/// The character set that ISO-2022-JP has been switched to.
#[derive(Default)]
struct State {
    /// Its escape sequence; `None` for ASCII, where each text begins and ends.
    set: Option<[u8; 3]>,
}

const TO_ASCII: [u8; 3] = *b"\x1B(B";
const TO_ROMAN: [u8; 3] = *b"\x1B(J";

impl State {
    /// The bytes of a character after those before it, from its bytes alone: a switch, the character, and the switch back to ASCII.
    fn go_on(&mut self, alone: &[u8]) -> Vec<u8> {
        let Some((switch, rest)) = alone.split_first_chunk::<3>().filter(|(switch, _)| switch.first() == Some(&0x1B)) else {
            // JIS-Roman has all of ASCII but these two, so the others do not switch back from it.
            let stays = self.set == Some(TO_ROMAN) && !matches!(alone, b"\\" | b"~");
            let mut bytes = if stays { Vec::new() } else { self.end() };
            bytes.extend_from_slice(alone);
            return bytes;
        };
        let own = rest.strip_suffix(&TO_ASCII).unwrap_or(rest);
        let mut bytes = Vec::new();
        if self.set != Some(*switch) {
            self.set = Some(*switch);
            bytes.extend_from_slice(switch);
        }
        bytes.extend_from_slice(own);
        bytes
    }

    /// The switch back to ASCII, if it is needed.
    fn end(&mut self) -> Vec<u8> {
        if self.set.take().is_some() { TO_ASCII.to_vec() } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_typed_characters() {
        let shown = |label: &str, text: &str| {
            let cells = typed_cells(Encoding::for_label(label).unwrap(), text, 10);
            let one = |cell: &TypedCell| match &cell.content {
                Typed::Bytes(bytes) => super::super::hex::compact(bytes).to_uppercase(),
                Typed::Missing(encodings) => format!("{encodings:?}"),
            };
            cells.iter().map(one).collect::<Vec<_>>().join(" ")
        };
        for (label, text, expected) in [
            ("gbk", "你a€", "C4E3 61 80"),
            ("gb18030", "𠮷", "9534B235"),
            ("iso-2022-jp", "aあいb", "61 1B24422422 2424 1B284262"),
            ("iso-2022-jp", "あ", "1B244224221B2842"),
            ("iso-2022-jp", "¥a~", "1B284A5C 61 1B28427E"),
            ("iso-2022-jp", "あ¥あ", "1B24422422 1B284A5C 1B244224221B2842"),
            ("latin1", "é你", "E9 [UTF-8, GBK, GB18030, Big5, UTF-16LE, UTF-16BE]"),
        ] {
            assert_eq!(shown(label, text), expected, "{label} {text}");
        }
        assert_eq!(typed_cells(Encoding::UTF_8, "a你b", 2)[1].range, 1..4);
        assert_eq!(typed_cells(Encoding::UTF_8, "a你b", 2).len(), 2);
    }
}
