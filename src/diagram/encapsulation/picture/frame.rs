//! A frame: its layers above, its fields and its bytes beneath, side by side where there is room.

use super::super::frame::Frame;
use super::super::subject::Subject;
use super::{CAPTION, GAP, LINE, Mark, Pen, area, dump, layers, table};
use crate::diagram::scene::{Anchor, Face, Ink, Scale, Scene, width_of};
use crate::i18n::Language;

/// Width of the dump.
const DUMP: f32 = 490.0;
/// How wide it is with both side by side.
pub const WIDE: f32 = table::WIDTH + 2.0 * GAP + DUMP;
/// Size of the samples in the legend.
const SAMPLE: f32 = 10.0;

/// Draws it; `room` is how wide the picture may be without having to be scrolled.
pub fn frame(language: Language, subject: &Subject, frame: &Frame, room: f32) -> Scene<Mark> {
    let mut pen = Pen::new();
    let mut y = layers::draw(&mut pen, language, frame, (0.0, 0.0)) + GAP / 2.0;
    y += legend(&mut pen, language, subject, y) + GAP / 2.0;
    let fields = table::draw(&mut pen, language, frame, (0.0, y));
    let beside = room >= WIDE;
    let place = if beside { (table::WIDTH + 2.0 * GAP, y) } else { (0.0, y + fields + GAP) };
    dump::draw(&mut pen, language, frame, place);
    pen.done()
}

/// What plain and grey mean here, and what is not as it looks.
fn legend(pen: &mut Pen, language: Language, subject: &Subject, top: f32) -> f32 {
    let seen = if subject.captured.is_some() { "encap.legend_captured" } else { "encap.legend_real" };
    let (mut x, mut y) = (1.0, top);
    for (fill, ink, key) in [(Ink::Series(0), Ink::Strong, seen), (Ink::Card, Ink::Weak, "encap.legend_example")] {
        let text = language.tr(key);
        pen.square(area(x, y + (LINE - SAMPLE) / 2.0, SAMPLE, SAMPLE), Some(fill), Some(Ink::Weak));
        x += SAMPLE + 8.0;
        pen.words((x, y + LINE / 2.0), Anchor::Left, text.clone(), CAPTION.ink(ink));
        x += width_of(&text, Face::Plain, Scale::Caption) + 2.0 * GAP;
    }
    y += LINE;
    if subject.is_loopback() {
        pen.words((0.0, y + LINE / 2.0), Anchor::Left, language.tr("encap.loopback"), CAPTION.ink(Ink::Warning));
        y += LINE;
    }
    y - top
}
