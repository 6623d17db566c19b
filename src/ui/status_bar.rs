//! The bar under a session: state, counters, rates, losses. Must never count anything itself.

use super::intent::Intent;
use super::session::{SessionTab, Surroundings};
use super::theme::{size, space};
use super::widget::control::{self, palette};
use super::widget::spark;
use crate::describe::{self, grouped, size_text};
use crate::i18n::Language;
use crate::session::command::Action;
use crate::session::id::SessionId;
use crate::session::recording::{Phase, RecordingStatus};
use crate::session::spec::{Protocol, Role};
use egui::{RichText, Ui};
use egui_material_icons::icons::{ICON_RESTART_ALT, ICON_STOP_CIRCLE};

/// Characters of a file's name.
const LONGEST_NAME: usize = 40;

/// `● 已监听   RX 12 条 345 B 1.2 KB/s ▂▃▅   TX 10 条 300 B   丢失 0   复位计数   ● ■ 正在录制 a.pcapng，1.2 MB`
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
        if let Some(what) = describe::tally(around.language, &tab.glance.tally) {
            let text = RichText::new(around.language.tr_with("relay.counted", &[("what", &what)])).color(colors.warning);
            ui.label(text).on_hover_text(around.language.tr("relay.counted_hint"));
        }
        let datagrams = tab.draft.role == Role::Udp || tab.draft.role == Role::Relay && tab.draft.relayed == Protocol::Udp;
        if datagrams && (tab.about.is_none() || reading.lost > 0) {
            let lost = around.language.tr_with("status.lost", &[("count", &grouped(reading.lost))]);
            let color = if reading.lost > 0 { colors.error } else { colors.weak };
            ui.label(RichText::new(lost).color(color)).on_hover_text(around.language.tr("status.lost_hint"));
        }
        storage(ui, around, narrow);
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
        if let Some(recording) = &tab.glance.recording {
            self::recording((tab.id, recording), ui, narrow, around.language, intents);
        }
    });
}

/// What is on disk of all sessions together; in colour while something is wrong with it.
fn storage(ui: &mut Ui, around: &Surroundings<'_>, narrow: bool) {
    let colors = palette(ui);
    let storage = around.storage;
    let (used, limit) = (size_text(storage.used), size_text(storage.limit));
    let tr = |key: &str| around.language.tr_with(key, &[("used", &used), ("limit", &limit)]);
    let (text, hint, color) = match &storage.failing {
        Some(failure) => {
            let told = describe::failure(around.language, failure);
            (tr("status.disk_failing"), format!("{}\n{}", told.what, told.advice), colors.error)
        }
        None if storage.held => (tr("status.disk_held"), tr("status.disk_held_hint"), colors.warning),
        None if storage.used > 0 && !narrow => (tr("status.disk"), tr("status.disk_hint"), colors.weak),
        None => return,
    };
    ui.label(RichText::new(text).color(color)).on_hover_text(hint);
}

/// `● ■ sockscope-2026.pcapng 1.2 MB`; the dot is red, and all of it while nothing can be written.
fn recording(
    (id, status): (SessionId, &RecordingStatus),
    ui: &mut Ui,
    narrow: bool,
    language: Language,
    intents: &mut Vec<Intent>,
) {
    let colors = palette(ui);
    let name = short(&status.path.file_name().unwrap_or(status.path.as_os_str()).to_string_lossy());
    let size = size_text(status.bytes);
    let (text, color) = match &status.phase {
        Phase::CatchingUp { done, total } => {
            let percent = u128::from(*done) * 100 / u128::from(*total).max(1);
            (language.tr_with("record.catching_up", &[("name", &name), ("size", &size), ("percent", &percent)]), colors.text)
        }
        Phase::Live => (language.tr_with("record.live", &[("name", &name), ("size", &size)]), colors.text),
        Phase::Failing(failure) => {
            let reason = describe::cause_text(language, &failure.cause);
            (language.tr_with("record.failing", &[("name", &name), ("reason", &reason)]), colors.error)
        }
    };
    let values: &[(&str, &dyn std::fmt::Display)] =
        &[("path", &status.path.display()), ("records", &grouped(status.records)), ("bytes", &grouped(status.bytes))];
    let mut hint = language.tr_with("record.status_hint", values);
    let missing = (status.missing > 0).then(|| language.tr_with("record.missing", &[("count", &grouped(status.missing))]));
    if let Some(missing) = &missing {
        hint = format!("{hint}\n{missing}");
    }
    if let Phase::Failing(failure) = &status.phase {
        hint = format!("{hint}\n{}", describe::with_advice(language, failure));
    }
    if narrow {
        ui.end_row();
    }
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::TINY;
        control::light(ui, colors.error);
        // Where there is little room the words are what can be cut.
        if control::bare(ui, ICON_STOP_CIRCLE, &language.tr("record.stop")).clicked() {
            intents.push(Intent::StopRecording(id));
        }
        let text = match missing {
            Some(missing) if !matches!(status.phase, Phase::Failing(_)) => format!("{text} — {missing}"),
            _ => text,
        };
        let color = if status.missing > 0 { colors.error } else { color };
        ui.add(egui::Label::new(RichText::new(text).color(color)).truncate()).on_hover_text(hint);
    });
}

/// A name that leaves room for the rest of the bar; the whole one is in the tooltip.
fn short(name: &str) -> String {
    let count = name.chars().count();
    if count <= LONGEST_NAME {
        return name.to_owned();
    }
    let half = LONGEST_NAME / 2;
    let (begin, end): (String, String) = (name.chars().take(half).collect(), name.chars().skip(count - half).collect());
    format!("{begin}…{end}")
}
