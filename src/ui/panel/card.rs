//! 协议卡片: what the bytes of the selected record say by a protocol, field by field. Must never be worked out in a frame in which neither
//! the record nor the choice has changed.

use crate::codec::card::{Card, Hint, Protocol, read_with, recognise};
use crate::codec::encoding::Encoding;
use crate::codec::hex;
use crate::describe::{self, Line};
use crate::i18n::Language;
use crate::ui::theme::{self, size, space};
use crate::ui::widget::control::palette;
use crate::ui::widget::field;
use egui::{Align, ComboBox, Label, Layout, RichText, Ui, vec2};
use std::sync::Arc;

/// Bytes of a record that a card reads; no card has more fields than fit in them.
const MOST: usize = 64 << 10;
/// Bytes of a field that its tooltip shows.
const SHOWN: usize = 48;

/// The card of the inspector.
#[derive(Default)]
pub struct Cards {
    /// By which protocol bytes are read; `None` for the one that fits.
    chosen: Option<Protocol>,
    read: Option<Read>,
}

/// Bytes, and what is needed to read them.
#[derive(Clone, PartialEq)]
pub struct Asked {
    /// The bytes.
    pub bytes: Arc<[u8]>,
    /// What text in them is read in.
    pub encoding: Encoding,
    /// What is known besides.
    pub hint: Hint,
}

struct Read {
    asked: Asked,
    chosen: Option<Protocol>,
    language: Language,
    card: Option<Card>,
    lines: Vec<Line>,
}

impl Read {
    fn new(asked: &Asked, chosen: Option<Protocol>, language: Language) -> Self {
        let bytes = asked.bytes.get(..MOST).unwrap_or(&asked.bytes);
        let protocol = chosen.or_else(|| recognise(bytes, &asked.hint).into_iter().next());
        let card = protocol.map(|protocol| read_with(protocol, bytes, asked.encoding, &asked.hint));
        let lines = card.as_ref().map_or_else(Vec::new, |card| describe::card_lines(language, card));
        Self { asked: asked.clone(), chosen, language, card, lines }
    }
}

impl Cards {
    /// The choice, and the fields.
    pub fn show(&mut self, ui: &mut Ui, language: Language, asked: &Asked) {
        let fresh = |read: &Read| read.asked == *asked && read.chosen == self.chosen && read.language == language;
        if !self.read.as_ref().is_some_and(fresh) {
            self.read = Some(Read::new(asked, self.chosen, language));
        }
        self.choose(ui, language);
        let Some(read) = &self.read else { return };
        let colors = palette(ui);
        let Some(card) = &read.card else {
            ui.label(RichText::new(language.tr("cards.none")).size(size::CAPTION_TEXT).color(colors.weak));
            return;
        };
        ui.add(Label::new(RichText::new(&card.summary).color(colors.strong)).wrap());
        if let Some(problem) = describe::card_problem(language, card) {
            ui.add(Label::new(RichText::new(problem).color(colors.warning)).wrap());
        }
        ui.scope(|ui| {
            for line in &read.lines {
                field_line(ui, line, &read.asked.bytes);
            }
        });
    }

    /// `协议卡片                         [自动 ▾]`
    fn choose(&mut self, ui: &mut Ui, language: Language) {
        ui.horizontal(|ui| {
            field::caption(ui, &language.tr("cards.title"));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let auto = language.tr("cards.auto").into_owned();
                let name = |protocol| describe::protocol_name(language, protocol);
                let shown = match (self.chosen, self.read.as_ref().and_then(|read| read.card.as_ref())) {
                    (Some(protocol), _) => name(protocol),
                    (None, Some(card)) => language.tr_with("cards.auto_is", &[("protocol", &name(card.protocol))]),
                    (None, None) => auto.clone(),
                };
                let combo = ComboBox::from_id_salt("card").selected_text(shown).truncate().show_ui(ui, |ui| {
                    ui.selectable_value(&mut self.chosen, None, auto);
                    for protocol in Protocol::all() {
                        ui.selectable_value(&mut self.chosen, Some(*protocol), name(*protocol));
                    }
                });
                let words = language.tr("cards.choose").into_owned();
                ui.ctx().accesskit_node_builder(combo.response.id, |node| node.set_label(words.clone()));
                combo.response.on_hover_text(words);
            });
        });
    }
}

/// A field: its name, what it says, what that means, and what is wrong with it; its bytes when hovered.
fn field_line(ui: &mut Ui, line: &Line, bytes: &[u8]) {
    let colors = palette(ui);
    ui.spacing_mut().interact_size.y = size::ROW - space::TINY;
    let response = ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(space::TINY, 0.0);
        ui.add_space(line.depth as f32 * space::MEDIUM);
        ui.label(RichText::new(&line.name).size(size::CAPTION_TEXT).color(colors.weak));
        if !line.value.is_empty() {
            ui.label(RichText::new(&line.value).font(theme::small_mono()).color(colors.text));
        }
        if let Some(note) = &line.note {
            ui.label(RichText::new(note).size(size::CAPTION_TEXT).color(colors.accent_text));
        }
        if let Some(fault) = &line.fault {
            ui.label(RichText::new(fault).size(size::CAPTION_TEXT).color(colors.warning));
        }
    });
    response.response.on_hover_ui(|ui| {
        let own = bytes.get(line.bytes.clone()).unwrap_or_default();
        let more = if own.len() > SHOWN { " …" } else { "" };
        let text = format!("{}–{}   {}{more}", line.bytes.start, line.bytes.end, hex::spaced(own.get(..SHOWN).unwrap_or(own)));
        ui.label(RichText::new(text).font(theme::small_mono()));
    });
}
