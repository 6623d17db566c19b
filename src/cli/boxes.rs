//! Characters above exactly their bytes, in lines for a terminal. It must never judge a reading.

use super::table::width;
use crate::codec::cells::{Cell, Content, Excerpt, cells};
use crate::codec::character::abbreviation;
use crate::codec::differences::differences;
use crate::codec::encoding::Encoding;
use crate::codec::hex;
use crate::codec::visible::push_visible;
use crate::describe;
use crate::i18n::Language;
use serde_json::{Value, json};

/// Bytes that are drawn, from the first.
pub const MOST: usize = 48;
/// Cells of the terminal in a line.
const WIDTH: usize = 76;

/// The reading of bytes in an encoding: boxes, and beneath them what does not decode and what is worth knowing.
pub fn lines(language: Language, encoding: Encoding, bytes: &[u8]) -> Vec<String> {
    let shown = bytes.get(..MOST).unwrap_or(bytes);
    let cells = cells_of(encoding, bytes, shown);
    let (mut above, mut below) = (String::from("│"), String::from("│"));
    let mut lines = Vec::new();
    for cell in &cells {
        let (face, bytes) = (face(&cell.content), hex::spaced(bytes_of(cell, shown)));
        let wide = width(&face).max(width(&bytes));
        if width(&above) + wide > WIDTH {
            lines.extend([std::mem::replace(&mut above, "│".into()), std::mem::replace(&mut below, "│".into())]);
        }
        for (line, text) in [(&mut above, &face), (&mut below, &bytes)] {
            line.push_str(text);
            line.push_str(&" ".repeat(wide - width(text)));
            line.push('│');
        }
    }
    lines.extend([above, below]);
    lines.extend(cells.iter().filter_map(|cell| match &cell.content {
        Content::Invalid(fault) => Some(format!("× {}", describe::fault(language, fault))),
        _ => None,
    }));
    lines.extend(differences(encoding, &cells, shown).iter().map(|told| format!("· {}", describe::difference(language, told))));
    lines
}

/// The same as JSON: the bytes of each character in hex, and its text, or the rule that they break.
pub fn json(encoding: Encoding, bytes: &[u8]) -> Value {
    let shown = bytes.get(..MOST).unwrap_or(bytes);
    let cells = cells_of(encoding, bytes, shown);
    let cell = |cell: &Cell| {
        let hex = hex::spaced(bytes_of(cell, shown));
        match &cell.content {
            Content::Character(character) => json!({ "hex": hex, "text": character.to_string() }),
            Content::Characters(text) => json!({ "hex": hex, "text": text }),
            Content::Switch => json!({ "hex": hex, "text": "" }),
            Content::Invalid(fault) => json!({ "hex": hex, "fault": fault.key() }),
            Content::Unfinished => json!({ "hex": hex, "fault": "unfinished" }),
        }
    };
    Value::Array(cells.iter().map(cell).collect())
}

fn cells_of(encoding: Encoding, bytes: &[u8], shown: &[u8]) -> Vec<Cell> {
    let after = bytes.get(shown.len()..).unwrap_or_default();
    cells(encoding, &Excerpt { after: after.get(..3).unwrap_or(after), ends: after.len() <= 3, ..Excerpt::whole(shown) })
}

fn bytes_of<'a>(cell: &Cell, bytes: &'a [u8]) -> &'a [u8] {
    let place = |byte: isize| usize::try_from(byte).unwrap_or_default().min(bytes.len());
    bytes.get(place(cell.bytes.start)..place(cell.bytes.end)).unwrap_or_default()
}

/// What stands in a box, in one piece and as wide as it is drawn.
fn face(content: &Content) -> String {
    match content {
        Content::Character(character) => match abbreviation(*character) {
            Some(name) => name.to_owned(),
            None => visible(&character.to_string()),
        },
        Content::Characters(text) => visible(text),
        Content::Switch => "⇧".into(),
        Content::Invalid(_) => "×".into(),
        Content::Unfinished => "…".into(),
    }
}

/// A mark that is drawn over the character before it gets one of its own, or it would stand on the edge of the box.
fn visible(text: &str) -> String {
    let mut face = String::new();
    text.chars().for_each(|character| push_visible(&mut face, character));
    if width(&face) == 0 { format!("◌{face}") } else { face }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of every kind in every encoding: the edges of the boxes stand above each other, and a terminal gets nothing but text.
    #[test]
    fn boxes_line_up_and_hold_no_control_characters() {
        let samples: [&[u8]; 8] = [
            b"",
            b"\x1B[31m\x07\x9B\x85\r\n\0",
            "e\u{301}\u{202E}\u{200D}👨‍👩‍👧\u{AD}".as_bytes(),
            b"\x88\x62\x88\x64",
            b"\x81\x30\x81",
            b"\x1B$B$\"\x1B(B",
            b"\x3D\xD8\x4D\xDC",
            &[0xE4; 200],
        ];
        for bytes in samples {
            for encoding in Encoding::all() {
                let lines = lines(Language::English, *encoding, bytes);
                assert!(lines.iter().all(|line| !line.chars().any(char::is_control)), "{encoding} {lines:?}");
                let boxes: Vec<&String> = lines.iter().filter(|line| line.starts_with('│')).collect();
                for pair in boxes.chunks(2) {
                    assert_eq!(width(pair[0]), width(pair[1]), "{encoding} {pair:?}");
                    assert!(width(pair[0]) <= WIDTH + 12, "{encoding} {pair:?}");
                }
            }
        }
        let big5 = lines(Language::English, Encoding::BIG5, b"\x88\x62");
        assert_eq!((width(&big5[0]), width(&big5[1])), (7, 7), "{big5:?}");
        assert_eq!(face(&Content::Character('\u{301}')), "◌\u{301}");
    }
}
