//! Records as text for the clipboard. Must never be asked for more than a clipboard should hold.

use super::intent::CopyAs;
use crate::codec::decoder::escaped;
use crate::codec::encoding::Encoding;
use crate::codec::{hex, literal};
use crate::describe;
use crate::i18n::Language;
use crate::traffic::encodings::Encodings;
use crate::traffic::frames::Row;
use crate::traffic::record::{Entry, Records};

/// Text that one copy may hold; more belongs into a file.
const LARGEST: usize = 16 << 20;

/// More than a clipboard should hold: 16 MiB.
#[derive(Debug)]
pub struct TooLarge;

/// The records' bytes in the chosen form, a line or block each. Where there are bytes, notes between them are left out; notes alone are
/// copied as their words. Records that are gone are left out.
///
/// # Errors
/// When it would be more than 16 MiB.
pub fn text(
    records: &impl Records,
    rows: &[Row],
    encodings: &Encodings,
    how: CopyAs,
    language: Language,
) -> Result<String, TooLarge> {
    let is_data = |row: &Row| match row {
        Row::Record(id) => records.get(*id).is_some_and(|record| record.entry.is_data()),
        Row::Frame(_) => true,
    };
    let has_data = rows.iter().any(is_data);
    let mut parts: Vec<String> = Vec::new();
    let mut length = 0;
    for row in rows {
        let part = match (row.record(records).map(|record| record.entry), how) {
            (Some(Entry::Data(data)), CopyAs::Text) => row
                .reading(records, row.first_record().map_or(Encoding::UTF_8, |id| encodings.of(id, &data)))
                .map_or_else(String::new, |reading| escaped(&reading.text(usize::MAX))),
            (Some(Entry::Data(data)), CopyAs::Hex) => hex::spaced(&data.bytes),
            (Some(Entry::Data(data)), CopyAs::C) => literal::c_array(&data.bytes),
            (Some(Entry::Data(data)), CopyAs::Python) => literal::python_bytes(&data.bytes),
            (Some(Entry::Note(what)), CopyAs::Text) if !has_data => match describe::note(language, &what) {
                Some((told, _)) => told,
                None => continue,
            },
            (Some(Entry::Note(_)), _) | (None, _) => continue,
        };
        length += part.len();
        if length > LARGEST {
            return Err(TooLarge);
        }
        parts.push(part);
    }
    Ok(parts.join("\n"))
}
