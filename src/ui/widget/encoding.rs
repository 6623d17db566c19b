//! The list of encodings, the Chinese ones on top. Must never decode.

use super::control::palette;
use super::field::{Fields, labelled};
use crate::codec::encoding::Encoding;
use crate::ui::theme::size;
use egui::{RichText, Ui};

/// How many stand above the line: UTF-8, GBK, GB2312, GB18030, Big5, UTF-16LE, UTF-16BE, Latin-1.
const COMMON: usize = 8;

/// A drop-down of every encoding; label and hint are keys. Returns whether it changed.
pub fn choose(ui: &mut Ui, fields: &Fields<'_>, (label, hint): (&str, &str), value: &mut Encoding) -> bool {
    let before = *value;
    labelled(ui, &fields.tr(label), |ui, id| {
        egui::ComboBox::from_id_salt(label)
            .width(ui.available_width())
            .selected_text(value.name())
            .truncate()
            .show_ui(ui, |ui| {
                for (index, encoding) in Encoding::all().iter().enumerate() {
                    if index == COMMON {
                        ui.separator();
                    }
                    let note = note(*encoding);
                    ui.horizontal(|ui| {
                        ui.selectable_value(value, *encoding, encoding.name());
                        if !note.is_empty() {
                            ui.label(RichText::new(note).size(size::CAPTION_TEXT).color(palette(ui).weak));
                        }
                    });
                }
            })
            .response
            .labelled_by(id)
            .on_hover_text(fields.tr(hint));
    });
    *value != before
}

/// What a name alone does not tell.
fn note(encoding: Encoding) -> &'static str {
    NOTES.iter().find(|(known, _)| *known == encoding).map_or("", |(_, note)| note)
}

const NOTES: [(Encoding, &str); 5] = [
    (Encoding::GBK, "简体 · CP936"),
    (Encoding::GB2312, "简体 · 6,763 字"),
    (Encoding::GB18030, "简体 · Unicode"),
    (Encoding::BIG5, "繁體"),
    (Encoding::LATIN_1, "Latin-1"),
];
