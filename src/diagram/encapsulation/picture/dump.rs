//! The bytes of a frame, sixteen in a line; those of a field are one part. Must never leave a byte out.

use super::super::frame::Frame;
use super::super::subject::Truth;
use super::super::words;
use super::{BYTES, CAPTION, LINE, Mark, Pen, area, ink_of, ink_of_value};
use crate::codec::hex;
use crate::diagram::scene::{Anchor, Face, Ink, Scale, width_of};
use crate::i18n::Language;
use std::ops::Range;

/// Bytes in a line.
const COLUMNS: usize = 16;
/// Room for the offset.
const OFFSET: f32 = 40.0;
/// Between bytes and letters.
const BESIDE: f32 = 10.0;

/// Draws it with its top left at a place.
pub(super) fn draw(pen: &mut Pen, language: Language, frame: &Frame, (left, top): (f32, f32)) {
    let cell = width_of("0", Face::Mono, Scale::Caption);
    let bytes_at = |column: usize| left + OFFSET + (column * 3) as f32 * cell;
    let letters_at = |column: usize| left + OFFSET + (COLUMNS * 3) as f32 * cell + BESIDE + column as f32 * cell;
    pen.words((left, top + LINE / 2.0), Anchor::Left, language.tr("encap.dump"), CAPTION);
    let y_of = |line: usize| top + (line + 1) as f32 * LINE;
    for span in &frame.layers {
        for (line, columns) in lines(&span.bytes) {
            let (x, width) = (bytes_at(columns.start) - 2.0, (columns.len() * 3) as f32 * cell);
            pen.square(area(x, y_of(line) + 1.0, width, LINE - 2.0), Some(ink_of(span.layer)), None);
        }
    }
    for field in &frame.fields {
        let hint = words::hint(language, frame, field);
        for (line, columns) in lines(&field.bytes()) {
            let y = y_of(line) + 1.0;
            let width = (columns.len() * 3) as f32 * cell;
            let mark = Mark::Field(field.kind);
            pen.part(area(bytes_at(columns.start) - 2.0, y, width, LINE - 2.0), (None, None), mark, hint.clone());
            let width = columns.len() as f32 * cell;
            pen.part(area(letters_at(columns.start), y, width, LINE - 2.0), (None, None), mark, hint.clone());
        }
    }
    let truths = truths(frame);
    for (line, bytes) in frame.bytes.chunks(COLUMNS).enumerate() {
        let y = y_of(line) + LINE / 2.0;
        pen.words((left, y), Anchor::Left, format!("{:04X}", line * COLUMNS), BYTES.ink(Ink::Weak));
        let truth = |column: usize| truths.get(line * COLUMNS + column).copied().unwrap_or(Truth::Real);
        let mut from = 0;
        while from < bytes.len() {
            let run = (from..bytes.len()).take_while(|column| truth(*column) == truth(from)).count();
            let own = &bytes[from..from + run];
            let look = BYTES.ink(ink_of_value(truth(from)));
            pen.words((bytes_at(from), y), Anchor::Left, hex::spaced(own), look);
            let letters: String =
                own.iter().map(|byte| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' }).collect();
            pen.words((letters_at(from), y), Anchor::Left, letters, look.ink(Ink::Weak));
            from += run;
        }
    }
}

/// A byte of which one bit is an example is one.
fn truths(frame: &Frame) -> Vec<Truth> {
    let mut truths = vec![Truth::Real; frame.bytes.len()];
    for field in &frame.fields {
        for truth in truths.iter_mut().take(field.bytes().end).skip(field.bytes().start) {
            *truth = field.truth.max(*truth);
        }
    }
    truths
}

/// The lines that bytes stand in, and which columns of each.
fn lines(bytes: &Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> {
    let bytes = bytes.clone();
    let lines = bytes.start / COLUMNS..bytes.end.div_ceil(COLUMNS);
    lines.map(move |line| {
        let start = line * COLUMNS;
        (line, bytes.start.max(start) - start..bytes.end.min(start + COLUMNS) - start)
    })
}
