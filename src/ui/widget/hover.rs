//! One box in full: code point, name, block and bytes; or the rule that its bytes break. Must never look anything up but what is hovered.

use super::control::palette;
use crate::codec::cells::{Cell, Content};
use crate::codec::encoding::Encoding;
use crate::codec::hex;
use crate::describe;
use crate::i18n::Language;
use crate::ui::theme::{self, size};
use egui::{RichText, Ui};

/// The tooltip of a box; its bytes are among those given, which begin at `start`.
pub fn show(ui: &mut Ui, language: Language, encoding: Encoding, cell: &Cell, (bytes, start): (&[u8], isize)) {
    let colors = palette(ui);
    ui.set_max_width(size::READABLE);
    match &cell.content {
        Content::Character(character) => characters(ui, language, &[*character]),
        Content::Characters(text) => characters(ui, language, &text.chars().collect::<Vec<_>>()),
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
    ui.label(RichText::new(text).font(theme::small_mono()).color(colors.weak));
}
fn characters(ui: &mut Ui, _language: Language, all: &[char]) {
    for character in all {
        ui.label(format!("U+{:04X}", u32::from(*character)));
    }
}
