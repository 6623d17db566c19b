//! The message in boxes under the send box: its characters above exactly the bytes that would leave. Must never be worked out in a frame
//! in which the message has not changed.

use crate::codec::cells::{Cell, Content, Excerpt, cells};
use crate::codec::encoding::Encoding;
use crate::codec::message::{Input, MessageError};
use crate::codec::typed::{Typed, typed_cells};
use crate::i18n::Language;
use crate::session::draft::Draft;
use crate::ui::session::SessionTab;
use crate::ui::theme::space;
use crate::ui::widget::boxes::{self, Strip};
use crate::ui::widget::bytes::hex_line;
use crate::ui::widget::hover;
use egui::{ScrollArea, Ui};
use std::sync::Arc;

/// Height of the boxes, their bytes and a scroll bar.
pub const HEIGHT: f32 = boxes::HEIGHT + space::SMALL;
/// Bytes that are read aloud.
const PREVIEW: usize = 48;
/// Bytes whose characters are shown in boxes.
const BOXED: usize = 256;

/// The characters of a message and their bytes; those of a character that the encoding lacks are made up.
#[derive(Default)]
pub struct Boxed {
    cells: Vec<Cell>,
    bytes: Vec<u8>,
    /// Which of them the encoding lacks, and which encodings have them.
    lacking: Vec<usize>,
    able: Vec<Vec<Encoding>>,
}

impl Boxed {
    /// What would leave, or what can't. Nothing for a message that is no bytes at all.
    pub fn of(draft: &Draft, bytes: &Result<Arc<[u8]>, MessageError>) -> Self {
        match bytes {
            Ok(bytes) => {
                let shown = bytes.get(..BOXED).unwrap_or(bytes);
                let excerpt = Excerpt { ends: shown.len() == bytes.len(), ..Excerpt::whole(shown) };
                Self { cells: cells(draft.send_encoding, &excerpt), bytes: shown.to_vec(), ..Self::default() }
            }
            Err(MessageError::Unmappable(_)) if draft.input == Input::Text => Self::of_typed(draft),
            Err(_) => Self::default(),
        }
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    fn of_typed(draft: &Draft) -> Self {
        let mut boxed = Self::default();
        for typed in typed_cells(draft.send_encoding, &draft.message, BOXED) {
            let start = boxed.bytes.len() as isize;
            match typed.content {
                Typed::Bytes(bytes) => boxed.bytes.extend(bytes),
                Typed::Missing(able) => {
                    boxed.lacking.push(boxed.cells.len());
                    boxed.able.push(able);
                    boxed.bytes.extend([0; 2]);
                }
            }
            let bytes = start..boxed.bytes.len() as isize;
            boxed.cells.push(Cell { bytes, content: Content::Character(typed.character) });
        }
        boxed
    }
}

/// The boxes, in a line that scrolls.
pub fn show(ui: &mut Ui, tab: &SessionTab, language: Language, boxed: &Boxed) {
    let Boxed { cells, bytes, lacking, able } = boxed;
    let strip = Strip { cells, bytes, start: 0, own: 0..bytes.len() as isize, picked: None, lacking };
    let encoding = tab.draft.send_encoding;
    let area = ScrollArea::horizontal().id_salt(("send-boxes", tab.id.0)).auto_shrink(false).max_height(HEIGHT);
    area.show(ui, |ui| {
        let (response, under) = strip.show(ui, egui::Id::unique(("send-boxes", tab.id.0)));
        // What has no bytes is not among them.
        let whole = if lacking.is_empty() { hex_line(bytes, PREVIEW) } else { String::new() };
        let name = format!("{} {whole}", language.tr("send.boxes"));
        response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Row, true, &*name));
        let Some((index, cell)) = under.and_then(|index| Some((index, cells.get(index)?))) else { return };
        let able = lacking.iter().position(|lacks| *lacks == index).and_then(|place| able.get(place));
        response.on_hover_ui_at_pointer(|ui| match (able, &cell.content) {
            (Some(able), Content::Character(character)) => hover::lacking(ui, language, encoding, *character, able),
            _ => hover::show(ui, language, encoding, cell, (bytes, 0)),
        });
    });
}
