//! The little chart of the last half minute. Must never show a time that it has no figures for.

use super::control::palette;
use egui::{Sense, Ui, pos2, vec2};

/// Width and height in points.
const SIZE: egui::Vec2 = vec2(72.0, 16.0);

/// Draws bars, the newest at the right.
pub fn show(ui: &mut Ui, history: &[u64], name: &str) {
    let (rect, response) = ui.allocate_exact_size(SIZE, Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, name));
    response.on_hover_text(name);
    let Some(highest) = history.iter().copied().max().filter(|highest| *highest > 0) else { return };
    let color = palette(ui).accent_text;
    let step = rect.width() / history.len() as f32;
    for (index, bytes) in history.iter().enumerate().filter(|(_, bytes)| **bytes > 0) {
        let height = (rect.height() * (*bytes as f32 / highest as f32)).max(1.0);
        let x = rect.left() + step * index as f32;
        let bar = egui::Rect::from_min_max(pos2(x, rect.bottom() - height), pos2(x + step, rect.bottom()));
        ui.painter().rect_filled(bar, 0.0, color);
    }
}
