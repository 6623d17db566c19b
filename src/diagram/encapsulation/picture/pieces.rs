//! The pieces that a link cuts a message into, a line each, and how much of all is not the message. Must never draw more lines than can be
//! read: of very many the first.

use super::super::overhead::{Overhead, frame_of};
use super::super::pieces::{Cut, FRAGMENT_HEADER, Piece, Plan, UNIT};
use super::super::subject::Subject;
use super::{BYTES, CAPTION, GAP, LINE, Mark, NORMAL, Pen, area};
use crate::describe::grouped;
use crate::diagram::scene::{Anchor, Ink, Scene};
use crate::i18n::Language;

/// Lines at most.
const MOST: usize = 2_000;
/// Height of a line.
const ROW: f32 = 24.0;
/// Where columns end, and where the strip of places begins.
const COLUMNS: [f32; 6] = [36.0, 170.0, 250.0, 300.0, 380.0, 470.0];
const STRIP: f32 = 490.0;
/// How wide the strip is.
const WIDE: f32 = 440.0;
/// Width and height of the bar of shares.
const BAR: (f32, f32) = (930.0, 22.0);

/// Draws them.
pub fn pieces(language: Language, subject: &Subject, plan: &Plan) -> Scene<Mark> {
    let mut pen = Pen::new();
    let mut y = shares(&mut pen, language, &Overhead::of(subject, plan));
    y += GAP;
    let told = [
        ("mtu", &plan.mtu as &dyn std::fmt::Display),
        ("count", &plan.count()),
        ("ip", &subject.ip_header()),
        ("own", &subject.transport_header()),
        ("most", &most(plan)),
    ];
    let key = match plan.cut {
        Cut::Whole => "encap.cut_whole",
        Cut::Fragments(_) if subject.is_v4() => "encap.cut_fragments",
        Cut::Fragments(_) => "encap.cut_fragments_v6",
        Cut::Segments(_) => "encap.cut_segments",
    };
    pen.words((0.0, y + LINE / 2.0), Anchor::Left, language.tr_with(key, &told), NORMAL);
    y += LINE + GAP / 2.0;
    let fragments = matches!(plan.cut, Cut::Fragments(_));
    let offset = if fragments { "encap.column_offset" } else { "encap.column_start" };
    let more = if fragments { "encap.column_more" } else { "encap.column_push" };
    let heads = ["encap.column_number", offset, "encap.column_data", more, "encap.column_packet", "encap.column_frame"];
    for (key, x) in heads.into_iter().zip(COLUMNS) {
        pen.words((x, y + LINE / 2.0), Anchor::Right, language.tr(key), CAPTION);
    }
    pen.words((STRIP, y + LINE / 2.0), Anchor::Left, language.tr("encap.column_place"), CAPTION);
    y += LINE;
    for (index, piece) in plan.pieces().take(MOST).enumerate() {
        row(&mut pen, language, (subject, plan), (index, &piece), y);
        y += ROW;
    }
    if plan.count() > MOST {
        let text = language.tr_with("encap.more_pieces", &[("count", &grouped((plan.count() - MOST) as u64))]);
        pen.words((0.0, y + ROW / 2.0), Anchor::Left, text, CAPTION);
    }
    pen.done()
}

/// The most that a piece carries.
fn most(plan: &Plan) -> usize {
    match plan.cut {
        Cut::Whole => plan.total,
        Cut::Fragments(most) | Cut::Segments(most) => most,
    }
}

/// `#  offset  bytes  MF  packet  frame  ▆▆▆▆`
fn row(pen: &mut Pen, language: Language, (subject, plan): (&Subject, &Plan), (index, piece): (usize, &Piece), y: f32) {
    let carried = piece.data.len();
    let (offset, flag, packet) = match plan.cut {
        Cut::Fragments(_) => {
            let extra = if subject.is_v4() { 0 } else { FRAGMENT_HEADER };
            let units = piece.data.start / UNIT;
            let flag = if piece.more { "1" } else { "0" };
            (format!("{units} × 8 = {}", piece.data.start), flag, subject.ip_header() + extra + carried)
        }
        Cut::Segments(_) => {
            let flag = if piece.more { "—" } else { "PSH" };
            (format!("+{}", piece.data.start), flag, subject.ip_header() + subject.transport_header() + carried)
        }
        Cut::Whole => {
            let packet = subject.ip_header() + subject.transport_header() + subject.payload.len();
            ("0".to_owned(), "—", packet)
        }
    };
    let texts =
        [(index + 1).to_string(), offset, carried.to_string(), flag.to_owned(), packet.to_string(), frame_of(packet).to_string()];
    let told = [("number", &(index + 1) as &dyn std::fmt::Display), ("from", &piece.data.start), ("to", &piece.data.end)];
    let hint = language.tr_with("encap.piece_hint", &told);
    pen.part(area(0.0, y, STRIP + WIDE, ROW), (None, None), Mark::Piece(index), hint);
    for (text, x) in texts.into_iter().zip(COLUMNS) {
        pen.words((x, y + ROW / 2.0), Anchor::Right, text, BYTES);
    }
    let scale = WIDE / plan.total.max(1) as f32;
    let (x, width) = (STRIP + piece.data.start as f32 * scale, (carried as f32 * scale).max(1.0));
    let ink = Ink::Series((index % 8) as u8);
    pen.square(area(x, y + 4.0, width, ROW - 8.0), Some(ink), Some(ink));
}

/// A bar with the share of each layer, and the figures.
fn shares(pen: &mut Pen, language: Language, overhead: &Overhead) -> f32 {
    let parts = [
        (overhead.link, "encap.share_link", 7),
        (overhead.network, "encap.share_network", 0),
        (overhead.transport, "encap.share_transport", 2),
        (overhead.payload, "encap.share_payload", 4),
    ];
    let percent = format!("{:.1}", overhead.percent());
    let total = [("total", &grouped(overhead.total() as u64) as &dyn std::fmt::Display), ("percent", &percent)];
    pen.words((0.0, LINE / 2.0), Anchor::Left, language.tr_with("encap.overhead", &total), NORMAL.ink(Ink::Strong));
    let (mut x, mut words) = (0.0, 0.0);
    for (bytes, key, number) in parts {
        let width = BAR.0 * (overhead.share(bytes) / 100.0) as f32;
        let ink = Ink::Series(number);
        if width > 0.0 {
            pen.square(area(x, LINE, width, BAR.1), Some(ink), Some(ink));
        }
        x += width;
        let share = format!("{:.1}", overhead.share(bytes));
        let told = [("count", &grouped(bytes as u64) as &dyn std::fmt::Display), ("percent", &share)];
        pen.square(area(words + 1.0, LINE + BAR.1 + 8.0, 9.0, 9.0), Some(ink), Some(ink));
        pen.words((words + 16.0, LINE + BAR.1 + 12.5), Anchor::Left, language.tr_with(key, &told), CAPTION.ink(Ink::Normal));
        words += BAR.0 / 4.0;
    }
    let y = LINE + BAR.1 + 32.0;
    pen.words((0.0, y), Anchor::Left, language.tr("encap.facts"), CAPTION);
    y + LINE / 2.0
}
