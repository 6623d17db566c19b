//! The list of encodings, the Chinese ones on top. Must never decode.

use super::control::palette;
use super::field::labelled;
use crate::codec::encoding::Encoding;
use crate::ui::theme::{size, space};
use egui::{RichText, Ui};

/// How many stand above the line: UTF-8, GBK, GB2312, GB18030, Big5, UTF-16LE, UTF-16BE, Latin-1.
const COMMON: usize = 8;

/// A drop-down of every encoding. Returns whether it changed. `salt` tells it from the other one in the column, which has the same
/// label in some languages.
pub fn choose(ui: &mut Ui, salt: &str, label: &str, hint: &str, value: &mut Encoding) -> bool {
    let before = *value;
    labelled(ui, label, |ui, id| {
        egui::ComboBox::from_id_salt(salt)
            .width(ui.available_width() - space::SMALL)
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
            .on_hover_text(hint);
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
