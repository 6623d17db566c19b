//! A header as the standards draw it: 32 bits in a row (of Ethernet all), a box per field. Must never draw the message: that is in the dump.

use super::super::fields::{Kind, Layer};
use super::super::frame::{Field, Frame, Span};
use super::super::subject::Truth;
use super::super::words;
use super::{BYTES, CAPTION, GAP, LINE, Mark, Pen, area, fit, ink_of, ink_of_value};
use crate::diagram::scene::{Anchor, Face, Ink, Scale};
use crate::i18n::Language;

/// Width of a bit.
pub(super) const BIT: f32 = 19.5;
/// Bits in a row.
const BITS: usize = 32;
/// Height of a row.
const ROW: f32 = 37.0;
/// Rows of options that are drawn: there are at most 10.
const MOST_ROWS: usize = 12;

/// How wide it is.
pub(super) const WIDTH: f32 = BIT * BITS as f32;

/// Draws all headers, the outermost first; how high that is.
pub(super) fn draw(pen: &mut Pen, language: Language, frame: &Frame, (left, top): (f32, f32)) -> f32 {
    let mut y = top;
    for span in &frame.layers {
        if span.layer == Layer::Application {
            continue;
        }
        let bytes = language.tr_with("encap.bytes", &[("count", &span.bytes.len())]);
        let title = format!("{}  {bytes}", words::layer(language, span.layer));
        pen.words((left, y + LINE / 2.0), Anchor::Left, title, CAPTION.ink(ink_of(span.layer)));
        y += LINE;
        y += header(pen, language, frame, span, (left, y)) + GAP / 2.0;
    }
    y - top
}

fn header(pen: &mut Pen, language: Language, frame: &Frame, span: &Span, (left, top): (f32, f32)) -> f32 {
    let first = span.bytes.start * 8;
    // Ethernet's addresses are no multiple of 32 bits: its header is one row.
    let bits = match span.layer {
        Layer::Ethernet | Layer::EthernetEnd => span.bytes.len() * 8,
        Layer::Application | Layer::Udp | Layer::Tcp | Layer::Ipv4 | Layer::Ipv6 => BITS,
    };
    let bit = WIDTH / bits.max(1) as f32;
    let mut rows = 0;
    for field in frame.fields.iter().filter(|field| field.layer == span.layer && span_has(span, field)) {
        let mut from = field.bits.start - first;
        let end = field.bits.end - first;
        let mut is_first = true;
        while from < end {
            let row = from / bits;
            if row >= MOST_ROWS {
                break;
            }
            let to = end.min((row + 1) * bits);
            let x = left + (from % bits) as f32 * bit;
            let y = top + row as f32 * ROW;
            let width = (to - from) as f32 * bit;
            square(pen, language, frame, field, (x, y, width));
            if is_first {
                name(pen, language, frame, field, (x, y, width));
            }
            is_first = false;
            rows = rows.max(row + 1);
            from = to;
        }
    }
    rows as f32 * ROW
}

/// A field belongs to the span whose bytes it is among; what follows a packet is of the same layer as what precedes it.
fn span_has(span: &Span, field: &Field) -> bool {
    span.bytes.start * 8 <= field.bits.start && field.bits.end <= span.bytes.end * 8
}

fn square(pen: &mut Pen, language: Language, frame: &Frame, field: &Field, (x, y, width): (f32, f32, f32)) {
    let fill = match field.truth {
        Truth::Real => ink_of(field.layer),
        Truth::Example => Ink::Card,
    };
    let hint = words::hint(language, frame, field);
    pen.part(area(x, y, width, ROW), (Some(fill), Some(Ink::Weak)), Mark::Field(field.kind), hint);
}

fn name(pen: &mut Pen, language: Language, frame: &Frame, field: &Field, (x, y, width): (f32, f32, f32)) {
    let middle = x + width / 2.0;
    let name = fit(&words::name(language, field.kind), width - 4.0, Face::Plain, Scale::Caption);
    pen.words((middle, y + ROW * 0.28), Anchor::Middle, name, CAPTION);
    let value = words::value(language, frame, field);
    // Of a number that has no room for how it comes about, the number alone.
    let short = || value.split(' ').next().unwrap_or_default().to_owned();
    let value = match fit(&value, width - 4.0, Face::Mono, Scale::Caption) {
        cut if cut.ends_with('…') && matches!(field.kind, Kind::HeaderLength | Kind::DataOffset) => short(),
        cut => cut,
    };
    pen.words((middle, y + ROW * 0.7), Anchor::Middle, value, BYTES.ink(ink_of_value(field.truth)));
}
