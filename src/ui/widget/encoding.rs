//! The list of encodings, the Chinese ones on top. Must never decode.

use super::control::palette;
use super::field::{Fields, labelled};
use crate::codec::encoding::Encoding;
use crate::i18n::Language;
use crate::traffic::encodings::Choice;
use crate::ui::theme::size;
use egui::{RichText, Ui};

/// How many stand above the line: UTF-8, GBK, GB2312, GB18030, Big5, UTF-16LE, UTF-16BE, Latin-1.
const COMMON: usize = 8;

/// A drop-down of every encoding; label and hint are keys. Returns whether one was chosen.
pub fn choose(ui: &mut Ui, fields: &Fields<'_>, words: (&str, &str), value: &mut Encoding) -> bool {
    let mut choice = Choice::Fixed(*value);
    let chosen = list(ui, fields, words, &mut choice, false);
    *value = choice.otherwise();
    chosen
}

/// The same with "auto" on top.
pub fn choose_or_auto(ui: &mut Ui, fields: &Fields<'_>, words: (&str, &str), value: &mut Choice) -> bool {
    list(ui, fields, words, value, true)
}

/// What a choice is called.
pub fn choice_name(language: Language, choice: Choice) -> String {
    match choice {
        Choice::Fixed(encoding) => encoding.name().to_owned(),
        Choice::Auto(otherwise) => language.tr_with("encoding.auto_else", &[("encoding", &otherwise)]),
    }
}

fn list(ui: &mut Ui, fields: &Fields<'_>, (label, hint): (&str, &str), value: &mut Choice, with_auto: bool) -> bool {
    let mut chosen = false;
    labelled(ui, &fields.tr(label), |ui, id| {
        egui::ComboBox::from_id_salt(label)
            .width(ui.available_width())
            .selected_text(match *value {
                Choice::Fixed(encoding) => encoding.name().to_owned(),
                Choice::Auto(_) => fields.tr("encoding.auto"),
            })
            .truncate()
            .show_ui(ui, |ui| {
                if with_auto {
                    let on = matches!(value, Choice::Auto(_));
                    let auto = ui.selectable_label(on, fields.tr("encoding.auto")).on_hover_text(fields.tr("encoding.auto_hint"));
                    if auto.clicked() {
                        *value = Choice::Auto(value.otherwise());
                        chosen = true;
                    }
                    ui.separator();
                }
                for (index, encoding) in Encoding::all().iter().enumerate() {
                    if index == COMMON {
                        ui.separator();
                    }
                    ui.horizontal(|ui| {
                        if ui.selectable_label(*value == Choice::Fixed(*encoding), encoding.name()).clicked() {
                            *value = Choice::Fixed(*encoding);
                            chosen = true;
                        }
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
    chosen
}

/// What a name alone does not tell, as keys.
const NOTES: [(Encoding, &str); 5] = [
    (Encoding::GBK, "encoding.gbk"),
    (Encoding::GB2312, "encoding.gb2312"),
    (Encoding::GB18030, "encoding.gb18030"),
    (Encoding::BIG5, "encoding.big5"),
    (Encoding::LATIN_1, "encoding.latin_1"),
];
