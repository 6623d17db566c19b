//! The window's own settings. Must never hold a control that does nothing.

use super::theme::{self, size, space};
use super::widget::control::palette;
use super::widget::field::{self, Fields};
use crate::i18n::Language;
use crate::session::storage::AtLimit;
use crate::settings::{SendKey, Settings, Theme};
use crate::store::shelf;
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
const WIDTH: f32 = 440.0;

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
    fields.check(ui, "settings.projector", "settings.projector_hint", &mut settings.projector);
    let keys = [(SendKey::CtrlEnter, tr("settings.ctrl_enter")), (SendKey::Enter, tr("settings.enter"))];
    fields.choice(ui, "settings.send_key", &mut settings.send_key, &keys);
    let memories = [16_u32, 64, 256, 1024].map(|mib| (mib, format!("{mib} MiB")));
    fields.choice(ui, "settings.memory", &mut settings.memory_mib, &memories);
    let disks = [
        (0, tr("settings.disk_none")),
        (1024, "1 GiB".into()),
        (4096, "4 GiB".into()),
        (16_384, "16 GiB".into()),
        (65_536, "64 GiB".into()),
        (262_144, "256 GiB".into()),
    ];
    fields.choice(ui, "settings.disk", &mut settings.disk_mib, &disks);
    if settings.disk_mib == 0 {
        field::beneath(ui, &tr("settings.disk_none_hint"), palette(ui).weak);
        return;
    }
    let at_limit = [(AtLimit::DropOldest, tr("settings.drop_oldest")), (AtLimit::StopReading, tr("settings.stop_reading"))];
    fields.choice(ui, "settings.at_limit", &mut settings.at_limit, &at_limit);
    let hint = match settings.at_limit {
        AtLimit::DropOldest => "settings.drop_oldest_hint",
        AtLimit::StopReading => "settings.stop_reading_hint",
    };
    field::beneath(ui, &tr(hint), palette(ui).weak);
    folder(ui, settings, &fields);
}

/// Where records are written; from the next start on, because those of this run are where they are.
fn folder(ui: &mut Ui, settings: &mut Settings, fields: &Fields<'_>) {
    let default = shelf::default_root().map_or_else(String::new, |root| root.display().to_string());
    let mut typed = settings.records_folder.as_ref().map_or_else(String::new, |folder| folder.display().to_string());
    field::labelled(ui, &fields.tr("settings.folder"), |ui, id| {
        let edit = egui::TextEdit::singleline(&mut typed)
            .hint_text(&default)
            .desired_width(ui.available_width())
            .min_size(egui::vec2(0.0, size::CONTROL))
            .align(egui::Align2::LEFT_CENTER);
        if ui.add(edit).labelled_by(id).on_hover_text(&default).changed() {
            settings.records_folder = (!typed.trim().is_empty()).then(|| typed.trim().into());
        }
    });
    field::beneath(ui, &fields.tr("settings.folder_hint"), palette(ui).weak);
}
