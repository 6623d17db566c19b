//! Layers one inside the other, a row each, beside what they are called in three models. Must never draw to scale: a header of 20 bytes and
//! a message of 60,000 have to stand side by side.

use super::super::fields::Layer;
use super::super::frame::Frame;
use super::super::words;
use super::{CAPTION, Mark, NORMAL, Pen, area, fit, ink_of};
use crate::diagram::scene::{Anchor, Face, Ink, Scale};
use crate::i18n::Language;

/// Widths of the columns: three models and the unit.
const COLUMNS: [f32; 4] = [120.0, 88.0, 90.0, 84.0];
/// Height of a row.
const ROW: f32 = 27.0;
/// Widths of boxes: a header, the message, the end of the frame.
const HEADER: f32 = 104.0;
const MESSAGE: f32 = 160.0;
const END: f32 = 112.0;

/// Keys of the names of a row, by column.
type Names = [&'static str; 4];

/// Draws it with its top left at a place; how high it is.
pub(super) fn draw(pen: &mut Pen, language: Language, frame: &Frame, (left, top): (f32, f32)) -> f32 {
    let heads = ["encap.osi", "encap.five", "encap.four", "encap.unit"];
    let mut x = left;
    for (key, width) in heads.into_iter().zip(COLUMNS) {
        pen.words((x, top + ROW / 2.0), Anchor::Left, language.tr(key), CAPTION);
        x += width;
    }
    let bars = x;
    let has = |layer: Layer| frame.layers.iter().any(|span| span.layer == layer);
    let unit = match (has(Layer::Udp), has(Layer::Tcp)) {
        (true, _) => "encap.unit_udp",
        (_, true) => "encap.unit_tcp",
        // A later fragment has no header of its own.
        _ => "encap.unit_part",
    };
    let rows: [(Names, usize); 4] = [
        (["encap.osi_7", "encap.five_5", "encap.four_4", "encap.unit_7"], 0),
        (["encap.osi_4", "encap.five_4", "encap.four_3", unit], 1),
        (["encap.osi_3", "encap.five_3", "encap.four_2", "encap.unit_3"], 2),
        (["encap.osi_2", "encap.five_2", "encap.four_1", "encap.unit_2"], 3),
    ];
    let mut y = top + ROW;
    for (names, depth) in rows {
        pen.rule((left, y), bars - left - 8.0);
        row_names(pen, language, names, (left, y));
        for span in &frame.layers {
            if depth_of(span.layer) > depth {
                continue;
            }
            let (x, width) = place(span.layer);
            let bytes = language.tr_with("encap.bytes", &[("count", &span.bytes.len())]);
            let name = words::layer(language, span.layer);
            let own = depth_of(span.layer) == depth;
            let fill = if own { ink_of(span.layer) } else { Ink::Card };
            let edge = if own { ink_of(span.layer) } else { Ink::Weak };
            let hint = format!("{name}  {bytes}\n{}", language.tr(about(span.layer)));
            pen.part(area(bars + x, y + 3.0, width, ROW - 6.0), (Some(fill), Some(edge)), Mark::Layer(span.layer), hint);
            let text = fit(&format!("{name} {bytes}"), width - 8.0, Face::Plain, Scale::Caption);
            let look = CAPTION.ink(if own { Ink::Strong } else { Ink::Weak });
            pen.words((bars + x + width / 2.0, y + ROW / 2.0), Anchor::Middle, text, look);
        }
        y += ROW;
    }
    pen.rule((left, y), bars - left - 8.0);
    row_names(pen, language, ["encap.osi_1", "encap.five_1", "encap.four_1", "encap.unit_1"], (left, y));
    let length = frame.bytes.len();
    let bits = language.tr_with("encap.bits", &[("bytes", &length), ("bits", &(length * 8))]);
    pen.words((bars, y + ROW / 2.0), Anchor::Left, bits, NORMAL);
    y + ROW - top
}

fn row_names(pen: &mut Pen, language: Language, names: Names, (left, y): (f32, f32)) {
    let mut x = left;
    for (key, width) in names.into_iter().zip(COLUMNS) {
        let text = fit(&language.tr(key), width - 6.0, Face::Plain, Scale::Caption);
        pen.words((x, y + ROW / 2.0), Anchor::Left, text, CAPTION.ink(Ink::Normal));
        x += width;
    }
}

/// Which row a layer's own bytes first stand in.
fn depth_of(layer: Layer) -> usize {
    match layer {
        Layer::Application => 0,
        Layer::Udp | Layer::Tcp => 1,
        Layer::Ipv4 | Layer::Ipv6 => 2,
        Layer::Ethernet | Layer::EthernetEnd => 3,
    }
}

/// Where its box begins, and how wide it is.
fn place(layer: Layer) -> (f32, f32) {
    match layer {
        Layer::Ethernet => (0.0, HEADER),
        Layer::Ipv4 | Layer::Ipv6 => (HEADER, HEADER),
        Layer::Udp | Layer::Tcp => (2.0 * HEADER, HEADER),
        Layer::Application => (3.0 * HEADER, MESSAGE),
        Layer::EthernetEnd => (3.0 * HEADER + MESSAGE, END),
    }
}

fn about(layer: Layer) -> &'static str {
    match layer {
        Layer::Application => "encap.layer_about.application",
        Layer::Udp => "encap.layer_about.udp",
        Layer::Tcp => "encap.layer_about.tcp",
        Layer::Ipv4 => "encap.layer_about.ipv4",
        Layer::Ipv6 => "encap.layer_about.ipv6",
        Layer::Ethernet => "encap.layer_about.ethernet",
        Layer::EthernetEnd => "encap.layer_about.ethernet_end",
    }
}
