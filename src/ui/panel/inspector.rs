//! 检查器: the selected record in full: who, when, its bytes, and its text in the common encodings. Must never hold more of a record than
//! it shows.

use super::card::{Asked, Cards};
use crate::codec::card::{Hint, Transport};
use crate::codec::decoder::Piece;
use crate::codec::encoding::Encoding;
use crate::codec::framing::Rule;
use crate::describe;
use crate::describe::grouped;
use crate::i18n::Language;
use crate::session::address::Address;
use crate::traffic::format::one_line;
use crate::traffic::frames::Row;
use crate::traffic::record::{Data, Direction, Entry, Record, Records};
use crate::ui::intent::Intent;
use crate::ui::lens::Page;
use crate::ui::session::SessionTab;
use crate::ui::theme::{self, size, space};
use crate::ui::widget::bytes::dump_columns;
use crate::ui::widget::control::{self, palette};
use crate::ui::widget::field;
use egui::{Align, Label, Layout, RichText, ScrollArea, Ui, UiBuilder, vec2};
use egui_material_icons::icons::{ICON_FONT_DOWNLOAD, ICON_LAYERS};
use jiff::tz::TimeZone;

/// Bytes of a record that are shown; saving gives all.
const SHOWN: usize = 4 << 10;
/// Bytes read in each encoding.
const READ: usize = 600;
/// The encodings tried: those at the top of the list, without the two that read like GBK.
const ENCODINGS: [Encoding; 6] =
    [Encoding::UTF_8, Encoding::GBK, Encoding::BIG5, Encoding::UTF_16LE, Encoding::UTF_16BE, Encoding::LATIN_1];

/// The record that the inspector shows.
pub struct Inspected {
    record: Record,
    dump: String,
    readings: Vec<(Encoding, Vec<Piece>)>,
    card: Option<Asked>,
}

impl Inspected {
    /// Takes out of the log what is shown.
    pub fn of(records: &impl Records, row: &Row, tab: &SessionTab) -> Option<Self> {
        let record = row.record(records)?;
        let card = record.data().zip(row.first_record()).map(|(data, id)| Asked {
            bytes: data.bytes.clone(),
            encoding: tab.encodings().of(id, data),
            hint: hint(data, tab),
        });
        let (dump, readings) = match record.data() {
            None => (String::new(), Vec::new()),
            Some(data) => {
                let shown = &data.bytes[..data.bytes.len().min(SHOWN)];
                let read = |encoding| row.reading(records, encoding).map_or_else(Vec::new, |reading| reading.text(READ));
                let readings = ENCODINGS.iter().map(|encoding| (*encoding, read(*encoding))).collect();
                (dump_text(shown), readings)
            }
        };
        Some(Self { record, dump, readings, card })
    }
}

/// What is known about bytes besides themselves.
fn hint(data: &Data, tab: &SessionTab) -> Hint {
    let (peer, local) = (data.peer.address.port(), tab.glance.local.and_then(Address::port));
    let (source, destination) = match data.direction {
        Direction::Received => (peer, local),
        Direction::Sent => (local, peer),
    };
    let transport = if data.peer.stream().is_some() { Transport::Stream } else { Transport::Datagram };
    let framing = match tab.rule {
        Rule::Length(length) => Some(length),
        _ => None,
    };
    Hint { transport: Some(transport), source, destination, framing }
}

/// Bytes in a line of the dump: as many as the panel has room for.
const COLUMNS: usize = 8;

fn dump_text(bytes: &[u8]) -> String {
    let lines = bytes.chunks(COLUMNS).enumerate().map(|(index, line)| {
        let seen = line.iter().map(|byte| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' });
        dump_columns(index * COLUMNS, line, COLUMNS) + &seen.collect::<String>()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The whole panel.
pub fn show(
    ui: &mut Ui,
    (inspected, cards): (Option<&Inspected>, &mut Cards),
    language: Language,
    zone: &TimeZone,
    intents: &mut Vec<Intent>,
) {
    let colors = palette(ui);
    // A panel is as wide as what is in it, and an empty one would stay narrow.
    ui.set_min_width(ui.available_width());
    ui.label(RichText::new(language.tr("inspector.title")).size(size::TITLE_TEXT).color(colors.strong));
    let Some(inspected) = inspected else {
        ui.label(RichText::new(language.tr("inspector.empty")).color(colors.weak));
        return;
    };
    ScrollArea::vertical().id_salt("inspector").auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = space::TINY;
        let record = &inspected.record;
        line(ui, &language.tr("inspector.time"), &record.at.date_and_clock(zone));
        match &record.entry {
            Entry::Note(what) => {
                if let Some((told, _)) = describe::note(language, what) {
                    ui.add(Label::new(told).wrap());
                }
            }
            Entry::Data(data) => {
                let key = match data.direction {
                    Direction::Received => "inspector.from",
                    Direction::Sent => "inspector.to",
                };
                line(ui, &language.tr(key), &data.peer.address.to_string());
                line(ui, &language.tr("inspector.length"), &format!("{} B", grouped(data.bytes.len() as u64)));
                if data.peer.stream().is_some() {
                    line(ui, &language.tr("inspector.offset"), &grouped(data.offset));
                }
                ui.add_space(space::SMALL);
                ui.horizontal(|ui| {
                    field::caption(ui, &language.tr("inspector.bytes"));
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        let layers = control::bare(ui, ICON_LAYERS, &language.tr("encap.look"));
                        if layers.on_hover_text(language.tr("encap.hint")).clicked() {
                            intents.push(Intent::Encapsulate);
                        }
                    });
                });
                dump(ui, &inspected.dump);
                if data.bytes.len() > SHOWN {
                    let text = language.tr_with("inspector.cut", &[("shown", &grouped(SHOWN as u64))]);
                    ui.label(RichText::new(text).size(size::CAPTION_TEXT).color(colors.weak));
                }
                ui.add_space(space::SMALL);
                if let Some(asked) = &inspected.card {
                    cards.show(ui, language, asked);
                    ui.add_space(space::SMALL);
                }
                ui.horizontal(|ui| {
                    field::caption(ui, &language.tr("inspector.readings"));
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        let lens = control::bare(ui, ICON_FONT_DOWNLOAD, &language.tr("lens.title"));
                        if lens.on_hover_text(language.tr("top.lens_hint")).clicked() {
                            intents.push(Intent::Lens(Page::Selected));
                        }
                    });
                });
                for (encoding, pieces) in &inspected.readings {
                    reading(ui, *encoding, pieces);
                }
            }
        }
    });
}

fn line(ui: &mut Ui, label: &str, value: &str) {
    ui.horizontal(|ui| {
        ui.set_height(size::ROW);
        let (_, room) = ui.allocate_space(vec2(size::LABEL, size::ROW));
        let left = Layout::left_to_right(Align::Center);
        ui.new_child(UiBuilder::new().max_rect(room).layout(left)).label(RichText::new(label).color(palette(ui).weak));
        ui.add(Label::new(RichText::new(value).monospace()).truncate());
    });
}

fn dump(ui: &mut Ui, dump: &str) {
    theme::card(palette(ui)).fill(palette(ui).field).inner_margin(space::SMALL).show(ui, |ui| {
        ScrollArea::horizontal().id_salt("inspector-dump").show(ui, |ui| {
            ui.add(Label::new(RichText::new(dump).font(theme::small_mono())).extend());
        });
    });
}

fn reading(ui: &mut Ui, encoding: Encoding, pieces: &[Piece]) {
    let colors = palette(ui);
    let clean = pieces.iter().all(|piece| matches!(piece, Piece::Text(_)));
    ui.label(RichText::new(encoding.name()).size(size::CAPTION_TEXT).color(if clean { colors.ok } else { colors.warning }));
    ui.add(Label::new(RichText::new(one_line(pieces)).font(theme::mono()).color(colors.text)).wrap());
}
