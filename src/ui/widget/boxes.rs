//! Characters in boxes, each above exactly its bytes; what does not decode is boxed in the warning colour. Must never lay out a box that is
//! not in view.

use super::control::palette;
use crate::codec::cells::{Cell, Content};
use crate::codec::character::abbreviation;
use crate::codec::visible::push_visible;
use crate::ui::theme::{self, Palette, size};
use egui::{Align2, Color32, CornerRadius, Rect, Response, Sense, StrokeKind, Ui, pos2, vec2};
use std::ops::Range;

/// Width of one byte in hex, in points.
pub const BYTE: f32 = 23.0;
/// Height of a box and the bytes beneath it.
pub const HEIGHT: f32 = BOX + LINE;
/// Height of a box.
const BOX: f32 = 24.0;
/// Height of the bytes.
const LINE: f32 = 15.0;

/// What is drawn in one row.
pub struct Strip<'a> {
    /// The boxes, in order.
    pub cells: &'a [Cell],
    /// The bytes from [`Strip::start`] on.
    pub bytes: &'a [u8],
    /// Where they begin: below zero are bytes that stand before what is looked at.
    pub start: isize,
    /// What is looked at; what stands around it is drawn weakly.
    pub own: Range<isize>,
    /// Selected bytes.
    pub picked: Option<Range<isize>>,
    /// The boxes whose characters have no bytes: where those would be stands `??`.
    pub lacking: &'a [usize],
}

impl Strip<'_> {
    /// How wide it is.
    pub fn width(&self) -> f32 {
        self.bytes.len() as f32 * BYTE
    }

    /// Draws the part that is in view; the response is that of the whole, and the index that of the box under the pointer.
    pub fn show(&self, ui: &mut Ui, id: egui::Id) -> (Response, Option<usize>) {
        let (rect, _) = ui.allocate_exact_size(vec2(self.width(), HEIGHT), Sense::hover());
        let seen = ui.clip_rect().intersect(rect);
        // For the pointer alone: a row of boxes is no place to stop at on the way through the controls.
        let response = ui.interact(rect, id, Sense::CLICK | Sense::DRAG);
        if !seen.is_positive() {
            return (response, None);
        }
        let colors = palette(ui);
        let painter = ui.painter_at(seen);
        let x = |byte: isize| rect.left() + (byte - self.start) as f32 * BYTE;
        let first = self.byte_at(rect, seen.left());
        let last = self.byte_at(rect, seen.right());
        if let Some(picked) = &self.picked {
            let place = Rect::from_min_max(pos2(x(picked.start), rect.top()), pos2(x(picked.end), rect.bottom()));
            painter.rect_filled(place, 0.0, colors.selected);
        }
        let from = self.cells.partition_point(|cell| cell.bytes.end <= first);
        let under = response.hover_pos().map(|pointer| self.byte_at(rect, pointer.x));
        let mut hovered = None;
        for (index, cell) in self.cells.iter().enumerate().skip(from).take_while(|(_, cell)| cell.bytes.start <= last) {
            let place = Rect::from_min_max(pos2(x(cell.bytes.start), rect.top()), pos2(x(cell.bytes.end), rect.top() + BOX));
            let own = cell.bytes.start < self.own.end && self.own.start < cell.bytes.end;
            if under.is_some_and(|byte| cell.bytes.contains(&byte)) {
                hovered = Some(index);
            }
            let look = Look { own, hovered: hovered == Some(index), lacking: self.lacking.contains(&index) };
            draw(&painter, place.shrink(1.0), &cell.content, look, colors);
        }
        for byte in first.max(self.start)..=last {
            let Some(value) = usize::try_from(byte - self.start).ok().and_then(|index| self.bytes.get(index)) else { break };
            let color = if self.own.contains(&byte) { colors.text } else { colors.weak };
            let center = pos2(x(byte) + BYTE / 2.0, rect.top() + BOX + LINE / 2.0);
            let lacks = |index: &usize| self.cells.get(*index).is_some_and(|cell| cell.bytes.contains(&byte));
            let (text, color) = match self.lacking.iter().any(lacks) {
                true => ("??".to_owned(), colors.error),
                false => (format!("{value:02X}"), color),
            };
            painter.text(center, Align2::CENTER_CENTER, text, theme::small_mono(), color);
        }
        (response, hovered)
    }

    /// The byte at a place on the screen.
    pub fn byte_at(&self, rect: Rect, x: f32) -> isize {
        self.start + ((x - rect.left()) / BYTE).floor() as isize
    }
}

/// How a box is drawn.
struct Look {
    /// It is of what is looked at, and not around it.
    own: bool,
    hovered: bool,
    lacking: bool,
}

fn draw(painter: &egui::Painter, place: Rect, content: &Content, look: Look, colors: &Palette) {
    let Look { own, hovered, lacking } = look;
    let (text, color, wrong) = match content {
        Content::Character(character) => match abbreviation(*character) {
            Some(name) => (name.to_owned(), colors.weak, false),
            None => {
                let mut text = String::new();
                push_visible(&mut text, *character);
                // What cannot be drawn is named: the code point fits a box, its escape does not.
                match text.len() == character.len_utf8() {
                    true => (text, colors.strong, false),
                    false => (format!("{:04X}", u32::from(*character)), colors.weak, false),
                }
            }
        },
        Content::Characters(text) => (text.clone(), colors.strong, false),
        Content::Switch => ("⇧".to_owned(), colors.weak, false),
        Content::Invalid(_) => ("×".to_owned(), colors.warning, true),
        Content::Unfinished => ("…".to_owned(), colors.warning, true),
    };
    let color = if own || wrong { color } else { colors.weak };
    let color = if lacking { colors.error } else { color };
    let line = match () {
        () if lacking => colors.error,
        () if wrong => colors.warning,
        () if hovered => colors.accent,
        () => colors.line,
    };
    let fill = if own { colors.card } else { Color32::TRANSPARENT };
    painter.rect(place, CornerRadius::same(size::CORNER / 2), fill, theme::stroke(line), StrokeKind::Inside);
    // NUL and its kin stand in the box of one byte.
    let font = match text.chars().count() {
        1 => theme::font(size::BOX_TEXT),
        0 | 2 => theme::font(size::CAPTION_TEXT),
        _ if place.width() < 2.0 * BYTE - 2.0 => theme::font(size::TINY_TEXT),
        _ => theme::font(size::CAPTION_TEXT),
    };
    painter.with_clip_rect(place.expand(1.0).intersect(painter.clip_rect())).text(
        place.center(),
        Align2::CENTER_CENTER,
        text,
        font,
        color,
    );
}
