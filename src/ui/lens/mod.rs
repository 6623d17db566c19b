//! 编码对照: what bytes say in every encoding, a box per character above exactly its bytes; the verdict, and the way to apply it; and what
//! is wrong with garbled text. Must never change what is recorded, nor choose an encoding by itself.
//!
//! | file | what it shows |
//! | --- | --- |
//! | `subject` | which bytes, and what stands around them |
//! | `seen` | what was found out about them, once |
//! | `head` | the verdict, and the buttons that apply it |
//! | `table` | a row per encoding |
//! | `doctor` | garbled text, and how it came about |

mod doctor;
mod head;
mod seen;
mod subject;
mod table;

use super::intent::{Change, Intent};
use super::session::SessionTab;
use super::theme::{size, space};
use super::widget::control::{self, palette};
use super::widget::field;
use crate::codec::encoding::Encoding;
use crate::codec::hex;
use crate::codec::message::MessageError;
use crate::describe;
use crate::history::at_hand::AtHand;
use crate::i18n::Language;
use crate::session::id::SessionId;
use crate::store::pages::Pages;
use crate::traffic::model::Model;
use crate::traffic::record::RecordId;
use egui::{
    Align, Frame, Key, Layout, Margin, Modifiers, Panel, Rect, RichText, ScrollArea, TextEdit, Ui, UiBuilder, pos2, vec2,
};
use egui_material_icons::icons::ICON_CLOSE;
use seen::Seen;
use std::ops::Range;
use subject::{Place, Subject};

/// What the lens looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Page {
    /// The selected row.
    #[default]
    Selected,
    /// What tells the encoding of its whole stream.
    Stream,
    /// Bytes typed or pasted as hex.
    Typed,
    /// Garbled text.
    Doctor,
}

/// The panel.
#[derive(Default)]
pub struct Lens {
    /// What it looks at.
    page: Page,
    /// The selected row, as the last look found it.
    selected: Option<Subject>,
    /// The beginning of its stream.
    stream: Option<Subject>,
    /// Whether the selected row tells of something that happened, and has no bytes.
    on_note: bool,
    typed: String,
    /// What was typed when it was last read, and what it is.
    read: Option<(String, Result<Subject, MessageError>)>,
    seen: Option<Seen>,
    /// Selected bytes; `None` for all.
    picked: Option<Range<isize>>,
    /// Where a selection began.
    anchor: Option<isize>,
    /// The encoding that the buttons apply; `None` for the verdict's.
    chosen: Option<Encoding>,
    doctor: doctor::Doctor,
}

impl Lens {
    /// Turns to a page; the doctor then begins with the selected row.
    pub fn open(&mut self, page: Page) {
        self.page = page;
        if page == Page::Doctor {
            self.doctor.take_row();
        }
    }

    /// Takes out of the model the selected row of the tab in front; the records for it that are not at hand.
    pub fn look(&mut self, tab: Option<&SessionTab>, model: &Model, pages: &Pages) -> Vec<(SessionId, RecordId)> {
        (self.selected, self.stream, self.on_note) = (None, None, false);
        let Some((tab, key)) = tab.and_then(|tab| Some((tab, tab.selection.last?))) else { return Vec::new() };
        let Some(session) = model.session(tab.id).filter(|_| self.page != Page::Typed) else { return Vec::new() };
        let records = AtHand::new(&session.log, pages, tab.id);
        let row = SessionTab::rows_of(tab.scanner.as_deref(), &[key], &records);
        let found = row.first().and_then(|row| Subject::of_row(&records, row, tab.id, &tab.encodings()));
        self.on_note = found.is_none() && row.first().is_some_and(|row| row.record(&records).is_some());
        let sample = |place: &Place| session.heads.bytes(place.stream);
        self.stream = found.clone().and_then(|found| found.place.as_ref().map(sample).map(|sample| found.of_stream(sample)));
        self.selected = found;
        records.wanted().into_iter().map(|record| (tab.id, record)).collect()
    }

    /// The panel at the foot of the window.
    pub fn panel(&mut self, ui: &mut Ui, language: Language, intents: &mut Vec<Intent>) {
        let most = (ui.available_height() - size::LENS_LEAST).max(size::LENS_LEAST);
        Panel::bottom("lens")
            .frame(Frame::new().fill(palette(ui).panel).inner_margin(Margin::symmetric(12, 8)))
            .resizable(true)
            .default_size(size::LENS.min(ui.available_height() * 0.4).max(size::LENS_LEAST))
            .size_range(size::LENS_LEAST..=most)
            .show(ui, |ui| self.show(ui, language, intents));
    }

    fn show(&mut self, ui: &mut Ui, language: Language, intents: &mut Vec<Intent>) {
        ui.set_min_size(ui.available_size());
        self.bar(ui, language, intents);
        ui.add_space(space::TINY);
        let subject = match self.page {
            Page::Doctor => {
                self.doctor.show(ui, language, self.selected.as_ref());
                return;
            }
            Page::Selected => self.selected.clone(),
            Page::Stream => self.stream.clone(),
            Page::Typed => self.typed(ui, language),
        };
        let Some(subject) = subject.filter(|subject| !subject.bytes.is_empty()) else {
            if self.page != Page::Typed {
                let key = match self.page {
                    _ if self.on_note => "lens.empty_note",
                    Page::Stream if self.selected.is_some() => "lens.empty_stream",
                    _ => "lens.empty",
                };
                ui.label(RichText::new(language.tr(key)).color(palette(ui).weak));
            }
            return;
        };
        if self.seen.as_ref().is_none_or(|seen| !seen.is_of(&subject)) {
            // Other bytes: what was selected in the old ones means nothing here.
            self.picked = None;
            self.chosen = None;
            self.anchor = None;
        }
        // The button may come up where there is nothing to hear it.
        if !ui.input(|input| input.pointer.any_down()) {
            self.anchor = None;
        }
        if self.picked.is_some()
            && !ui.ctx().text_edit_focused()
            && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape))
        {
            self.picked = None;
        }
        let mut seen = self.seen.take().filter(|seen| seen.is_of(&subject)).unwrap_or_else(|| Seen::of(&subject));
        if self.anchor.is_none() {
            seen.pick(self.picked.clone());
        }
        // Where the panel is low, what stands over the table scrolls with it.
        ScrollArea::both().id_salt("lens").auto_shrink(false).show(ui, |ui| {
            let view = ui.clip_rect();
            let place =
                Rect::from_min_max(pos2(view.left(), ui.cursor().top()), pos2(view.right() - size::SCROLL_BAR, f32::INFINITY));
            let mut head = ui.new_child(UiBuilder::new().max_rect(place).layout(Layout::top_down(Align::Min)));
            self.head(&mut head, language, &subject, &seen, intents);
            ui.allocate_space(vec2(0.0, head.min_rect().height()));
            self.table(ui, language, &seen);
        });
        self.seen = Some(seen);
    }

    /// `[所选记录 | 整条流 | 输入字节 | 乱码诊断]                                        ×`
    fn bar(&mut self, ui: &mut Ui, language: Language, intents: &mut Vec<Intent>) {
        let tr = |key: &str| language.tr(key).into_owned();
        ui.horizontal(|ui| {
            ui.label(RichText::new(tr("lens.title")).size(size::TITLE_TEXT).color(palette(ui).strong));
            ui.add_space(space::SMALL);
            ui.scope(|ui| {
                ui.set_max_width(size::READABLE.min(ui.available_width() - 2.0 * size::HEAD));
                let pages = [
                    (Page::Selected, tr("lens.selected"), tr("lens.selected_hint")),
                    (Page::Stream, tr("lens.stream"), tr("lens.stream_hint")),
                    (Page::Typed, tr("lens.typed"), tr("lens.typed_hint")),
                    (Page::Doctor, tr("lens.doctor"), tr("lens.doctor_hint")),
                ];
                control::segments(ui, &mut self.page, &pages);
            });
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if control::bare(ui, ICON_CLOSE, &tr("lens.close")).clicked() {
                    intents.push(Intent::Settings(Change::Lens(false)));
                }
            });
        });
    }

    /// The field for hex; what it says.
    fn typed(&mut self, ui: &mut Ui, language: Language) -> Option<Subject> {
        let hint = language.tr("lens.typed_example").into_owned();
        ScrollArea::vertical().id_salt("lens-typed").max_height(size::CONTROL * 2.0).show(ui, |ui| {
            let edit = TextEdit::multiline(&mut self.typed).desired_rows(1).hint_text(hint).font(super::theme::mono());
            let response = ui.add(edit.desired_width(f32::INFINITY));
            let name = language.tr("lens.typed_label").into_owned();
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(name));
        });
        if self.read.as_ref().is_none_or(|(typed, _)| *typed != self.typed) {
            let read = hex::parse(&self.typed).map(|bytes| Subject::typed(&bytes)).map_err(MessageError::Hex);
            self.read = Some((self.typed.clone(), read));
        }
        let (_, read) = self.read.as_ref()?;
        if let Err(error) = read {
            field::beneath(ui, &describe::message_error(language, error), palette(ui).error);
        }
        read.clone().ok()
    }
}
