//! Checksums worked out: every word, the sum, the carries, the complement; each in a column of its own. Must never claim that the field on
//! the wire holds the result.

use super::super::frame::Frame;
use super::super::sum::{Of, Part, Sum, Whose};
use super::super::words;
use super::{BYTES, CAPTION, GAP, LINE, Look, Mark, NORMAL, Pen, area, fit};
use crate::diagram::scene::{Anchor, Face, Ink, Scale, Scene};
use crate::i18n::Language;

/// Width of a column.
const COLUMN: f32 = 590.0;
/// Room for what words are.
const NAMES: f32 = 220.0;
/// Words in a line.
const WORDS: usize = 8;
/// Where sums stand: their right end.
const SUMS: f32 = COLUMN - 2.0 * GAP;

/// Draws those that the frame has.
pub fn sums(language: Language, frame: &Frame) -> Scene<Mark> {
    let mut pen = Pen::new();
    pen.words((0.0, LINE / 2.0), Anchor::Left, language.tr("encap.sum_rule"), CAPTION);
    for (index, sum) in frame.sums.iter().enumerate() {
        let offloaded = frame.offloaded.filter(|_| sum.whose != Whose::Ipv4);
        column(&mut pen, language, (index, sum), offloaded, (index as f32 * COLUMN, LINE + GAP / 2.0));
    }
    pen.done()
}

fn column(pen: &mut Pen, language: Language, (index, sum): (usize, &Sum), offloaded: Option<u16>, (left, top): (f32, f32)) {
    let title = match sum.whose {
        Whose::Ipv4 => "encap.sum_ipv4",
        Whose::Udp => "encap.sum_udp",
        Whose::Tcp => "encap.sum_tcp",
    };
    let mut y = top;
    pen.words((left, y + LINE / 2.0), Anchor::Left, language.tr(title), NORMAL.ink(Ink::Strong));
    y += LINE + 2.0;
    for (number, part) in sum.parts.iter().enumerate() {
        y += a_part(pen, language, part, Mark::Part(index, number), (left, y));
    }
    pen.rule((left, y + 2.0), SUMS);
    y += 4.0;
    let hex = |value: u32| if value > 0xFFFF { format!("0x{value:X}") } else { format!("0x{value:04X}") };
    let mut step = |key: &str, text: String, look: Look| {
        pen.words((left, y + LINE / 2.0), Anchor::Left, language.tr(key), CAPTION.ink(Ink::Normal));
        pen.words((left + SUMS, y + LINE / 2.0), Anchor::Right, text, look);
        y += LINE;
    };
    step("encap.sum_total", hex(sum.total), BYTES);
    let mut before = sum.total;
    for folded in &sum.folded {
        step("encap.sum_fold", format!("0x{:04X} + 0x{:X} = {}", before & 0xFFFF, before >> 16, hex(*folded)), BYTES);
        before = *folded;
    }
    let ok = BYTES.ink(Ink::Accent);
    step("encap.sum_complement", format!("~0x{:04X} = 0x{:04X}", sum.sum(), sum.complement), ok);
    if sum.result != sum.complement {
        step("encap.sum_zero", format!("0x{:04X}", sum.result), ok);
    }
    step("encap.sum_check", check(sum), BYTES.ink(Ink::Ok));
    if let Some(seen) = offloaded {
        step("encap.sum_offloaded", format!("0x{seen:04X}"), BYTES.ink(Ink::Warning));
    } else if sum.whose != Whose::Ipv4 {
        pen.words((left, y + LINE / 2.0), Anchor::Left, language.tr("encap.sum_offload"), CAPTION);
    }
}

/// What the receiver adds up: the same words and the checksum itself.
fn check(sum: &Sum) -> String {
    let mut all = u32::from(sum.sum()) + u32::from(sum.result);
    while all > 0xFFFF {
        all = (all >> 16) + (all & 0xFFFF);
    }
    format!("0x{:04X} + 0x{:04X} → 0x{all:04X}", sum.sum(), sum.result)
}

fn a_part(pen: &mut Pen, language: Language, part: &Part, mark: Mark, (left, top): (f32, f32)) -> f32 {
    let name = match &part.of {
        Of::Source => pseudo(language, "encap.field.source_address"),
        Of::Destination => pseudo(language, "encap.field.destination_address"),
        Of::Protocol => pseudo(language, "encap.field.protocol"),
        Of::Length => pseudo(language, "encap.length"),
        Of::Fields(kinds) => kinds.iter().map(|kind| words::name(language, *kind)).collect::<Vec<_>>().join(", "),
        Of::Payload => language.tr("encap.payload").into_owned(),
    };
    let lines = part.words.len().div_ceil(WORDS).max(1);
    let more = part.count > part.words.len();
    let height = (lines + usize::from(more)) as f32 * LINE;
    let hint =
        language.tr_with("encap.sum_part", &[("name", &name), ("count", &part.count), ("sum", &format!("0x{:X}", part.sum))]);
    pen.part(area(left - 2.0, top, SUMS + 4.0, height), (None, None), mark, hint);
    let shown = fit(&name, NAMES - 8.0, Face::Plain, Scale::Caption);
    pen.words((left, top + LINE / 2.0), Anchor::Left, shown, CAPTION);
    for (line, words) in part.words.chunks(WORDS).enumerate() {
        let text = words.iter().map(|word| format!("{word:04X}")).collect::<Vec<_>>().join(" ");
        pen.words((left + NAMES, top + (line as f32 + 0.5) * LINE), Anchor::Left, text, BYTES);
    }
    if more {
        let text = language.tr_with("encap.sum_more", &[("count", &(part.count - part.words.len()))]);
        pen.words((left + NAMES, top + (lines as f32 + 0.5) * LINE), Anchor::Left, text, CAPTION);
    }
    // One word is its own sum.
    if part.count > 1 {
        let sum = format!("+ 0x{:X}", part.sum);
        pen.words((left + SUMS, top + height - LINE / 2.0), Anchor::Right, sum, BYTES.ink(Ink::Weak));
    }
    height
}

fn pseudo(language: Language, key: &str) -> String {
    language.tr_with("encap.pseudo", &[("name", &language.tr(key))])
}
