//! A row per encoding: its name, how likely it is, and its characters in boxes above exactly their bytes. The names stay in view while the
//! boxes scroll. Must never lay out a row that is not in view.

use super::Lens;
use super::seen::{Row, Seen};
use crate::codec::encoding::Encoding;
use crate::describe;
use crate::i18n::Language;
use crate::ui::theme::{self, Palette, size, space};
use crate::ui::widget::boxes::{self, Strip};
use crate::ui::widget::control::palette;
use crate::ui::widget::hover;
use egui::accesskit::Role;
use egui::{Align2, Id, Rect, Response, Sense, StrokeKind, Ui, UiBuilder, WidgetInfo, pos2, vec2};

/// Width of the names.
const NAMES: f32 = 208.0;
/// Width of the bar that shows how likely an encoding is.
const BAR: f32 = 44.0;
/// Room for `100 %` beside it.
const PERCENT: f32 = 40.0;
/// Height of one row.
const ROW: f32 = boxes::HEIGHT + space::TINY;

impl Lens {
    pub(super) fn table(&mut self, ui: &mut Ui, language: Language, seen: &Seen) {
        let applied = self.to_apply(seen);
        let view = ui.clip_rect();
        for (index, row) in seen.rows.iter().enumerate() {
            let notes = notes_height(row, applied);
            let strip = Strip {
                cells: &row.cells,
                bytes: &seen.drawn,
                start: seen.start,
                own: 0..seen.length,
                picked: self.picked.clone(),
                lacking: &[],
            };
            let (rect, _) = ui.allocate_exact_size(vec2(NAMES + strip.width() + space::LARGE, ROW + notes), Sense::hover());
            let names = Rect::from_min_size(pos2(view.left(), rect.top()), vec2(NAMES - space::SMALL, ROW));
            // The keyboard reaches also the names that are not in view, and brings them there.
            let name = ui.interact(names, Id::unique(("lens-name", index)), Sense::click());
            if name.gained_focus() {
                ui.scroll_to_rect(names, None);
            }
            if name.clicked() {
                self.chosen = row.encoding;
            }
            let chosen = row.encoding.is_some() && applied == row.encoding;
            name.widget_info(|| {
                let percent = (row.candidate.confidence * 100.0).round();
                let reason = describe::reason(language, &row.candidate.reason);
                let told = format!("{} {percent} % {reason}", describe::guess(language, row.candidate.guess));
                WidgetInfo::selected(Role::ListBoxOption, true, chosen, &told)
            });
            if !view.intersects(rect) {
                continue;
            }
            let place = Rect::from_min_size(rect.min + vec2(NAMES, 0.0), vec2(strip.width(), boxes::HEIGHT));
            let mut child = ui.new_child(UiBuilder::new().max_rect(place).id_salt(("strip", index)));
            child.set_clip_rect(view.with_min_x(view.left() + NAMES).intersect(ui.clip_rect()));
            let (response, under) = strip.show(&mut child, Id::unique(("lens-strip", index)));
            let told = format!("{} {}", describe::guess(language, row.candidate.guess), row.candidate.text);
            response.widget_info(|| WidgetInfo::labeled(Role::Row, true, &told));
            self.pick(&strip, &response, place, row, under);
            if let Some((encoding, cell)) = row.encoding.zip(under.and_then(|index| row.cells.get(index))) {
                response.on_hover_ui_at_pointer(|ui| hover::show(ui, language, encoding, cell, (&seen.drawn, seen.start)));
            }
            draw_name(ui, language, name, row, chosen);
            if notes > 0.0 {
                let below = Rect::from_min_size(pos2(view.left() + NAMES, place.bottom()), vec2(view.width() - NAMES, notes));
                differences(ui, language, below, row);
            }
        }
    }

    /// A drag over bytes selects them, a click on a box its bytes, and another click there all again.
    fn pick(&mut self, strip: &Strip<'_>, response: &Response, place: Rect, row: &Row, under: Option<usize>) {
        let own = |byte: isize| byte.clamp(strip.own.start, strip.own.end - 1);
        if response.clicked()
            && let Some(cell) = under.and_then(|index| row.cells.get(index))
        {
            let bytes = cell.bytes.start.max(strip.own.start)..cell.bytes.end.min(strip.own.end);
            self.picked = Some(bytes).filter(|bytes| !bytes.is_empty() && self.picked.as_ref() != Some(bytes));
        }
        let Some(pointer) = response.interact_pointer_pos() else { return };
        let byte = own(strip.byte_at(place, pointer.x));
        if response.drag_started() {
            // Where the button went down, and not where the pointer had come to when that was seen to be a drag.
            let origin = response.ctx.input(|input| input.pointer.press_origin()).unwrap_or(pointer);
            self.anchor = Some(own(strip.byte_at(place, origin.x)));
        }
        if let Some(anchor) = self.anchor.filter(|_| response.dragged()) {
            self.picked = Some(anchor.min(byte)..anchor.max(byte) + 1);
        }
        if response.drag_stopped() {
            self.anchor = None;
        }
    }
}

/// The name, how likely it is, and why. A click on it, Enter or the space bar choose it for the buttons above.
fn draw_name(ui: &Ui, language: Language, response: Response, row: &Row, chosen: bool) {
    let colors = palette(ui);
    let rect = response.rect;
    let painter = ui.painter_at(ui.clip_rect().intersect(rect.expand2(vec2(space::SMALL, 0.0))));
    let ground = if chosen {
        colors.selected
    } else if response.hovered() {
        colors.hovered
    } else {
        colors.panel
    };
    painter.rect_filled(rect.expand2(vec2(space::SMALL, 0.0)), 0.0, colors.panel);
    painter.rect_filled(rect.shrink2(vec2(0.0, 1.0)), size::CORNER, ground);
    if response.has_focus() {
        painter.rect_stroke(rect.shrink2(vec2(0.0, 1.0)), size::CORNER, theme::stroke(colors.accent), StrokeKind::Inside);
    }
    let left = rect.left() + space::SMALL;
    let first = rect.top() + ROW * 0.28;
    let second = rect.top() + ROW * 0.72;
    let name = theme::font(size::CONTROL_TEXT);
    painter.text(pos2(left, first), Align2::LEFT_CENTER, describe::guess(language, row.candidate.guess), name, colors.strong);
    bar(&painter, pos2(rect.right() - space::SMALL, first), row.candidate.confidence, colors);
    let reason = describe::reason(language, &row.candidate.reason);
    let mut job = egui::text::LayoutJob::simple_singleline(reason.clone(), theme::font(size::CAPTION_TEXT), colors.weak);
    job.wrap = egui::text::TextWrapping::truncate_at_width(rect.width() - 2.0 * space::SMALL);
    let galley = painter.layout_job(job);
    painter.galley(pos2(left, second - galley.size().y / 2.0), galley, colors.weak);
    response.on_hover_text(reason);
}

fn bar(painter: &egui::Painter, right: egui::Pos2, confidence: f32, colors: &Palette) {
    let text = format!("{:.0} %", confidence * 100.0);
    painter.text(right, Align2::RIGHT_CENTER, text, theme::font(size::CAPTION_TEXT), colors.text);
    let place = Rect::from_min_size(pos2(right.x - BAR - PERCENT, right.y - 2.0), vec2(BAR, 4.0));
    painter.rect_filled(place, 2.0, colors.line);
    let color = if confidence >= 0.9 {
        colors.ok
    } else if confidence >= 0.5 {
        colors.accent
    } else {
        colors.weak
    };
    painter.rect_filled(place.with_max_x(place.left() + BAR * confidence.clamp(0.0, 1.0)), 2.0, color);
}

/// What is worth knowing stands beneath the row that is chosen.
fn notes_height(row: &Row, applied: Option<Encoding>) -> f32 {
    if row.encoding.is_some() && applied == row.encoding { row.differences.len() as f32 * size::ROW } else { 0.0 }
}

fn differences(ui: &Ui, language: Language, rect: Rect, row: &Row) {
    let colors = palette(ui);
    let painter = ui.painter_at(rect.intersect(ui.clip_rect()));
    for (line, difference) in row.differences.iter().enumerate() {
        let text = describe::difference(language, difference);
        let at = pos2(rect.left(), rect.top() + (line as f32 + 0.5) * size::ROW);
        painter.circle_filled(at + vec2(space::TINY, 0.0), 2.0, colors.accent);
        painter.text(at + vec2(space::MEDIUM, 0.0), Align2::LEFT_CENTER, text, theme::font(size::CAPTION_TEXT), colors.text);
    }
}
