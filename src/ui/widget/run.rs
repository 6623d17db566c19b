//! A long list that keeps its place: moved by wheel, keys and a bar, followed to its end. Must never know what its rows are.

use super::control::palette;
use super::rows::{Move, Place};
use crate::ui::theme::size;
use egui::accesskit::Role as Access;
use egui::{EventFilter, Id, Key, Modifiers, Rect, Response, Sense, Ui, WidgetInfo, pos2, vec2};
use std::ops::Range;

/// Where a list stands.
#[derive(Default)]
pub struct Run {
    /// Its place.
    pub place: Place,
    /// A move that the next look makes.
    pub movement: Option<Move>,
    /// The height of its rows' room in the last frame, in points.
    pub height: f32,
    /// The width of that room.
    pub width: f32,
}

impl Run {
    /// A list that stands at its beginning.
    pub fn at_the_beginning() -> Self {
        let mut run = Self::default();
        run.place.set_follow(false);
        run
    }

    /// Hears wheel and keys in the list's room; `name` is what the list is called. The room without the scroll bar.
    pub fn room(&mut self, ui: &mut Ui, view: Rect, id: Id, name: &str) -> (Rect, Response) {
        let list = ui.interact(view, id, Sense::click());
        list.widget_info(|| WidgetInfo::labeled(Access::List, true, name));
        if list.contains_pointer() {
            let wheel = ui.input(|input| input.smooth_scroll_delta().y);
            if wheel != 0.0 {
                self.go(ui, Move::By(-wheel));
            }
        }
        if list.has_focus() {
            // The arrow keys move the list, not the focus.
            let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
            self.keys(ui);
        }
        if list.clicked() {
            list.request_focus();
        }
        let inner = Rect::from_min_max(view.min, pos2(view.right() - size::SCROLL_BAR, view.bottom()));
        (self.width, self.height) = (inner.width(), inner.height());
        (inner, list)
    }

    fn keys(&mut self, ui: &Ui) {
        let table = [
            (Key::PageUp, Move::Pages(-1.0)),
            (Key::PageDown, Move::Pages(1.0)),
            (Key::Home, Move::To(0.0)),
            (Key::End, Move::End),
            (Key::ArrowUp, Move::By(-size::ROW)),
            (Key::ArrowDown, Move::By(size::ROW)),
        ];
        for (key, movement) in table {
            if ui.input_mut(|input| input.consume_key(Modifiers::NONE, key)) {
                self.go(ui, movement);
            }
        }
    }

    /// Moves it in the next frame.
    pub fn go(&mut self, ui: &Ui, movement: Move) {
        self.movement = Some(movement);
        // The place is settled when the next frame looks.
        ui.request_repaint();
    }

    /// The bar at the right edge of its room.
    pub fn bar(&mut self, ui: &Ui, view: Rect, id: Id, rows: &Range<u64>, shown: usize) {
        let colors = palette(ui);
        let track = Rect::from_min_max(pos2(view.right() - size::SCROLL_BAR, view.top()), view.max);
        let (above, part) = self.place.bar(rows, shown.max(1));
        if part >= 1.0 {
            return;
        }
        let length = ((f64::from(track.height()) * part) as f32).max(size::ROW);
        let free = track.height() - length;
        let response = ui.interact(track, id, Sense::click_and_drag());
        if let Some(pointer) = response.interact_pointer_pos()
            && (response.dragged() || response.clicked())
        {
            let part = (pointer.y - track.top() - length / 2.0) / free.max(1.0);
            self.go(ui, Move::To(f64::from(part)));
        }
        let at = pos2(track.left() + 2.0, track.top() + free * above as f32);
        let thumb = Rect::from_min_size(at, vec2(size::SCROLL_BAR - 4.0, length));
        let color = if response.hovered() || response.dragged() { colors.weak } else { colors.line };
        ui.painter().rect_filled(thumb, size::SCROLL_BAR / 2.0, color);
    }
}
