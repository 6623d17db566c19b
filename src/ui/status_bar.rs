//! The bar under a session: state, counters, rates, losses. Must never count anything itself.

use super::intent::Intent;
use super::session::{SessionTab, Surroundings};
use super::theme::size;
use super::widget::control::{self, palette};
use super::widget::spark;
use crate::describe::{grouped, size_text};
use crate::session::command::Action;
use crate::session::spec::Role;
use egui::{RichText, Ui};
use egui_material_icons::icons::ICON_RESTART_ALT;

/// `● 已监听   RX 12 条 345 B 1.2 KB/s ▂▃▅   TX 10 条 300 B   丢失 0   复位计数`
pub fn show(tab: &SessionTab, ui: &mut Ui, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
    let colors = palette(ui);
    let reading = &tab.glance.reading;
    let narrow = ui.available_width() < size::NARROW;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        ui.horizontal(|ui| {
            control::dot(ui, tab.glance.state);
            let color = control::state_color(colors, tab.glance.state);
            ui.label(RichText::new(around.language.tr(tab.state_key())).color(color));
        });
        let counted = |key: &str, count: crate::traffic::meter::Count, rate: u64| {
            let text = around.language.tr_with(key, &[("records", &grouped(count.records)), ("bytes", &size_text(count.bytes))]);
            if rate > 0 { format!("{text}  {}/s", size_text(rate)) } else { text }
        };
        let received = counted("status.received", reading.received, reading.rates.0);
        let exact = |bytes: u64| format!("{} B", grouped(bytes));
        ui.label(RichText::new(received).color(colors.received)).on_hover_text(exact(reading.received.bytes));
        let sent = counted("status.sent", reading.sent, reading.rates.1);
        ui.label(RichText::new(sent).color(colors.sent)).on_hover_text(exact(reading.sent.bytes));
        if tab.draft.role == Role::Udp && (tab.about.is_none() || reading.lost > 0) {
            let lost = around.language.tr_with("status.lost", &[("count", &grouped(reading.lost))]);
            let color = if reading.lost > 0 { colors.error } else { colors.weak };
            ui.label(RichText::new(lost).color(color)).on_hover_text(around.language.tr("status.lost_hint"));
        }
        if tab.about.is_some() {
            return;
        }
        let name = around.language.tr("status.reset");
        let response = if narrow {
            control::bare(ui, ICON_RESTART_ALT, &name)
        } else {
            spark::show(ui, &reading.history, &around.language.tr("status.history"));
            let button = egui::Button::new((control::icon(ICON_RESTART_ALT).size(size::CONTROL_TEXT), name.to_string()))
                .frame_when_inactive(false);
            let response = ui.add(button);
            response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, &*name));
            response
        };
        if response.on_hover_text(around.language.tr("status.reset_hint")).clicked() {
            intents.push(Intent::To(tab.id, Action::ResetCounters));
        }
    });
}
