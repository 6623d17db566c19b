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
                    ui.horizontal(|ui| {
                        ui.selectable_value(value, *encoding, encoding.name());
                        if let Some((_, key)) = NOTES.iter().find(|(known, _)| known == encoding) {
                            ui.label(RichText::new(fields.tr(key)).size(size::CAPTION_TEXT).color(palette(ui).weak));
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

/// What a name alone does not tell, as keys.
const NOTES: [(Encoding, &str); 5] = [
    (Encoding::GBK, "encoding.gbk"),
    (Encoding::GB2312, "encoding.gb2312"),
    (Encoding::GB18030, "encoding.gb18030"),
    (Encoding::BIG5, "encoding.big5"),
    (Encoding::LATIN_1, "encoding.latin_1"),
];
