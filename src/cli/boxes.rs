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

fn face(content: &Content) -> String {
    match content {
        Content::Character(character) => match abbreviation(*character) {
            Some(name) => name.to_owned(),
            None => {
                let mut face = String::new();
                push_visible(&mut face, *character);
                face
            }
        },
        Content::Characters(text) => text.clone(),
        Content::Switch => "⇧".into(),
        Content::Invalid(_) => "×".into(),
        Content::Unfinished => "…".into(),
    }
}
