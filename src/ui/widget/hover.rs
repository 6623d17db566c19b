//! One box in full: code point, name, block and bytes; or the rule that its bytes break. Must never look anything up but what is hovered.

use super::control::palette;
use crate::codec::cells::{Cell, Content};
use crate::codec::encoding::Encoding;
use crate::codec::hex;
use crate::describe;
use crate::i18n::Language;
use crate::ui::theme::size;
use egui::{RichText, Ui};

/// The tooltip of a box; its bytes are among those given, which begin at `start`.
pub fn show(ui: &mut Ui, language: Language, encoding: Encoding, cell: &Cell, (bytes, start): (&[u8], isize)) {
    let colors = palette(ui);
    ui.set_max_width(size::READABLE);
    match &cell.content {
        Content::Character(character) => lines(ui, language, *character),
        Content::Characters(text) => text.chars().for_each(|character| lines(ui, language, character)),
        Content::Switch => {
            ui.label(language.tr("lens.switch"));
        }
        Content::Invalid(fault) => {
            ui.label(RichText::new(describe::fault(language, fault)).color(colors.warning));
        }
        Content::Unfinished => {
            ui.label(RichText::new(language.tr("lens.unfinished")).color(colors.warning));
        }
    }
    let place = |byte: isize| usize::try_from(byte - start).unwrap_or_default();
    let bytes = bytes.get(place(cell.bytes.start)..place(cell.bytes.end)).unwrap_or_default();
    let text = language
        .tr_with("lens.bytes_of", &[("encoding", &encoding), ("bytes", &hex::spaced(bytes)), ("from", &cell.bytes.start)]);
    ui.label(RichText::new(text).size(size::CAPTION_TEXT).color(colors.weak));
}

/// The tooltip of a typed character that the encoding lacks.
pub fn lacking(ui: &mut Ui, language: Language, encoding: Encoding, character: char, able: &[Encoding]) {
    ui.set_max_width(size::READABLE);
    lines(ui, language, character);
    let color = palette(ui).error;
    ui.label(RichText::new(describe::lacking(language, encoding, character, able)).color(color));
}

/// What there is to say about a character: the first line strong.
fn lines(ui: &mut Ui, language: Language, character: char) {
    let colors = palette(ui);
    for (index, line) in describe::character(language, character).into_iter().enumerate() {
        ui.label(RichText::new(line).color(if index == 0 { colors.strong } else { colors.text }));
    }
}
