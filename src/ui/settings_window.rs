//! The window's own settings. Must never hold a control that does nothing.

use super::theme::{self, space};
use super::widget::control::palette;
use super::widget::field::{self, Fields};
use crate::i18n::Language;
use crate::settings::{SendKey, Settings, Theme};
use egui::{Modal, Ui};

/// Draws the dialogue; `false` when it was closed.
pub fn show(ui: &mut Ui, settings: &mut Settings, language: Language) -> bool {
    let tr = |key: &str| language.tr(key).into_owned();
    let mut open = true;
    let modal = Modal::new(egui::Id::unique("settings")).frame(theme::dialogue(ui.style())).show(ui.ctx(), |ui| {
        ui.set_width(WIDTH);
        ui.heading(tr("settings.title"));
        ui.add_space(space::SMALL);
        contents(ui, settings, language);
        ui.add_space(space::SMALL);
        if ui.button(tr("settings.close")).clicked() {
            open = false;
        }
    });
    open && !modal.should_close()
}

/// Room for the longest label and choice.
const WIDTH: f32 = 380.0;

fn contents(ui: &mut Ui, settings: &mut Settings, language: Language) {
    let fields = Fields { language, problems: &[] };
    let tr = |key: &str| fields.tr(key);
    let languages =
        [(None, tr("settings.system")), (Some(Language::Chinese), "中文".into()), (Some(Language::English), "English".into())];
    fields.choice(ui, "settings.language", &mut settings.language, &languages);
    let themes =
        [(Theme::System, tr("settings.system")), (Theme::Light, tr("settings.light")), (Theme::Dark, tr("settings.dark"))];
    fields.choice(ui, "settings.theme", &mut settings.theme, &themes);
    let zooms = [0.8_f32, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0].map(|zoom| (zoom, format!("{:.0} %", zoom * 100.0)));
    fields.choice(ui, "settings.zoom", &mut settings.zoom, &zooms);
    let keys = [(SendKey::CtrlEnter, tr("settings.ctrl_enter")), (SendKey::Enter, tr("settings.enter"))];
    fields.choice(ui, "settings.send_key", &mut settings.send_key, &keys);
    let memories = [16_u32, 64, 256, 1024].map(|mib| (mib, format!("{mib} MiB")));
    fields.choice(ui, "settings.memory", &mut settings.memory_mib, &memories);
    field::beneath(ui, &tr("settings.memory_hint"), palette(ui).weak);
}
