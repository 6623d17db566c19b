//! Asking where a session is to be recorded to. The recorder makes the file and says whether it could; one that is there is replaced only
//! when the user has said so. Must never write to the file.

use super::path_field::PathField;
use super::theme::{self, space};
use super::widget::control::{self, palette};
use crate::describe;
use crate::i18n::Language;
use crate::recorder::{Order, Request, Requests};
use crate::session::failure::{Cause, Failure};
use crate::session::id::SessionId;
use crate::session::recording::{Begin, Existing};
use crossbeam_channel::{Receiver, TryRecvError, bounded};
use egui::{Modal, RichText, Ui};
use egui_material_icons::icons::ICON_RADIO_BUTTON_CHECKED;
use std::time::Duration;

/// Width of the dialogue.
const WIDTH: f32 = 460.0;
/// How soon the recorder's answer is looked for.
const SOON: Duration = Duration::from_millis(20);

/// A recording from the question to its first record.
pub struct Record {
    session: SessionId,
    from: Begin,
    path: PathField,
    /// The file is there, and the button says what it does to it.
    replaces: bool,
    answer: Option<Receiver<Result<(), Failure>>>,
    failed: Option<String>,
}

/// What became of the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It is still open.
    Open,
    /// It is answered, or taken back.
    Over,
}

impl Record {
    /// Asks where to record.
    pub fn new(session: SessionId, from: Begin, stamp: &str) -> Self {
        let path = PathField::new(&format!("sockscope-{stamp}.pcapng"));
        Self { session, from, path, replaces: false, answer: None, failed: None }
    }

    /// Draws the dialogue.
    pub fn show(&mut self, ui: &mut Ui, language: Language, requests: Option<&Requests>) -> Asked {
        if self.take_answer(ui, language) == Asked::Over {
            return Asked::Over;
        }
        let mut asked = Asked::Open;
        let modal = Modal::new(egui::Id::unique("record")).frame(theme::dialogue(ui.style())).show(ui.ctx(), |ui| {
            ui.set_width(WIDTH);
            let title = match self.from {
                Begin::Now => "record.title_now",
                Begin::FirstRecord => "record.title_all",
            };
            ui.heading(language.tr(title));
            let touched = self.path.show(ui, language, self.answer.is_none());
            if touched.changed {
                (self.failed, self.replaces) = (None, false);
            }
            match &self.failed {
                Some(failed) => ui.add(egui::Label::new(RichText::new(failed).color(palette(ui).error)).wrap()),
                None => ui.add(egui::Label::new(RichText::new(language.tr("record.hint")).color(palette(ui).weak)).wrap()),
            };
            ui.add_space(space::SMALL);
            ui.horizontal(|ui| {
                let may = self.answer.is_none() && self.path.is_ready();
                let word = language.tr(if self.replaces { "record.replace" } else { "record.begin" });
                let begin = ui.add_enabled_ui(may, |ui| control::primary(ui, ICON_RADIO_BUTTON_CHECKED, &word));
                // Enter in the field answers the question that was asked, not the one that comes.
                if begin.inner.clicked() || may && touched.entered && !self.replaces {
                    self.ask(language, requests);
                }
                if ui.button(language.tr("save.cancel")).clicked() {
                    asked = Asked::Over;
                }
            });
        });
        // One that was asked for goes on; its answer is seen in the status bar.
        if modal.should_close() { Asked::Over } else { asked }
    }

    fn ask(&mut self, language: Language, requests: Option<&Requests>) {
        let (answer, answered) = bounded(1);
        let replace = self.replaces || self.path.may_replace();
        let existing = if replace { Existing::Replace } else { Existing::Keep };
        let order = Order { session: self.session, path: self.path.path(), existing, from: self.from, answer };
        self.failed = None;
        match requests.map(|requests| requests.send(Request::Record(order))) {
            Some(Ok(())) => self.answer = Some(answered),
            Some(Err(_)) | None => self.failed = Some(language.tr("save.busy").into_owned()),
        }
    }

    fn take_answer(&mut self, ui: &Ui, language: Language) -> Asked {
        let Some(answer) = &self.answer else { return Asked::Open };
        match answer.try_recv() {
            Ok(Ok(())) | Err(TryRecvError::Disconnected) => return Asked::Over,
            Ok(Err(failure)) => {
                self.answer = None;
                self.replaces = failure.cause == Cause::FileExists;
                self.failed = Some(describe::with_advice(language, &failure));
            }
            Err(TryRecvError::Empty) => ui.ctx().request_repaint_after(SOON),
        }
        Asked::Open
    }
}
