//! 乱码诊断: garbled text, how it came about, and what of it can be had back. Must never change the text that was typed, nor make a frame
//! wait for a long one: a thread examines that.

use super::Subject;
use crate::codec::mojibake::{Diagnosis, Outcome, Report, Verdict, diagnose};
use crate::describe;
use crate::i18n::Language;
use crate::ui::theme::{self, size, space};
use crate::ui::widget::control::{self, palette};
use crossbeam_channel::{Receiver, TryRecvError, bounded};
use egui::{Label, RichText, ScrollArea, TextEdit, Ui};
use egui_material_icons::icons::{ICON_CONTENT_COPY, ICON_SOUTH};

/// The page.
#[derive(Default)]
pub struct Doctor {
    text: String,
    report: Option<Examined>,
    /// What a thread is examining.
    coming: Option<Receiver<Examined>>,
    /// Whether the selected row is to be examined as soon as it is there.
    wants_row: bool,
}

/// A text, and what is the matter with it.
type Examined = (String, Report);

/// Lines of the field for garbled text.
const LINES: usize = 3;
/// The longest text, in bytes, that is examined within a frame; 4,000 characters take longer than one.
const AT_ONCE: usize = 256;

impl Doctor {
    /// Examines the selected row next.
    pub fn take_row(&mut self) {
        self.wants_row = true;
    }

    /// The whole page; `selected` can be examined by one click.
    pub fn show(&mut self, ui: &mut Ui, language: Language, selected: Option<&Subject>) {
        let colors = palette(ui);
        let hint = language.tr("lens.doctor_paste").into_owned();
        ScrollArea::vertical().id_salt("doctor-text").max_height(LINES as f32 * size::ROW).show(ui, |ui| {
            let edit = TextEdit::multiline(&mut self.text).desired_rows(LINES - 1).hint_text(hint).desired_width(f32::INFINITY);
            let response = ui.add(edit);
            let name = language.tr("lens.doctor_box").into_owned();
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(name));
        });
        let row = selected.and_then(|subject| subject.place.as_ref()).map(|place| &place.text).filter(|text| !text.is_empty());
        if let Some(text) = row.filter(|_| self.wants_row) {
            self.wants_row = false;
            self.text.clone_from(text);
        }
        ui.add_enabled_ui(row.is_some(), |ui| {
            let take = control::quiet(ui, ICON_SOUTH, &language.tr("lens.doctor_take_row"));
            if take.on_hover_text(language.tr("lens.doctor_take_row_hint")).clicked()
                && let Some(text) = row
            {
                self.text.clone_from(text);
            }
        });
        if self.text.trim().is_empty() {
            ui.label(RichText::new(language.tr("lens.doctor_empty")).color(colors.weak));
            return;
        }
        self.examine(ui);
        // While another text is being examined, what was found out about the last one stands.
        let Some((text, report)) = &self.report else { return };
        ScrollArea::vertical().id_salt("doctor-report").auto_shrink(false).show(ui, |ui| {
            let whole = describe::mojibake_report(language, report);
            for told in whole.into_iter().chain(describe::mojibake_part(language, report)) {
                ui.add(Label::new(RichText::new(told).color(colors.strong)).wrap());
            }
            if let Verdict::Garbled(diagnoses) = &report.verdict {
                for (index, found) in diagnoses.iter().enumerate() {
                    diagnosis(ui, language, text, found, index);
                }
            }
        });
    }
}

impl Doctor {
    /// Sees to it that there is a report on the text: at once, or soon. One thread at a time examines, the text as it then stands.
    fn examine(&mut self, ui: &Ui) {
        match self.coming.as_ref().map(Receiver::try_recv) {
            Some(Ok(examined)) => (self.report, self.coming) = (Some(examined), None),
            Some(Err(TryRecvError::Disconnected)) => self.coming = None,
            Some(Err(TryRecvError::Empty)) | None => {}
        }
        let is_new = self.report.as_ref().is_none_or(|(examined, _)| *examined != self.text);
        if !is_new || self.text.len() > AT_ONCE && (self.coming.is_some() || self.begin(ui)) {
            return;
        }
        self.coming = None;
        self.report = Some((self.text.clone(), diagnose(&self.text)));
    }

    /// Starts a thread for a long text; `false` when the system gives none.
    fn begin(&mut self, ui: &Ui) -> bool {
        let (sender, receiver) = bounded(1);
        let (text, ctx) = (self.text.clone(), ui.ctx().clone());
        let job = move || {
            let report = diagnose(&text);
            sender.send((text, report)).ok();
            ctx.request_repaint();
        };
        // Not joined: it ends by itself within a moment.
        let started = std::thread::Builder::new().name("doctor".into()).spawn(job).is_ok();
        self.coming = started.then_some(receiver);
        started
    }
}

/// One explanation: what happened, what it said, and what to do.
fn diagnosis(ui: &mut Ui, language: Language, garbled: &str, found: &Diagnosis, index: usize) {
    let colors = palette(ui);
    theme::card(colors).inner_margin(space::SMALL).show(ui, |ui| {
        ui.set_width(ui.available_width());
        let story = describe::mojibake_story(language, found) + &describe::mojibake_confidence(language, found);
        ui.add(Label::new(RichText::new(story).color(colors.text)).wrap());
        if let Some(text) = found.text() {
            ui.horizontal_wrapped(|ui| {
                let color = if matches!(found.outcome, Outcome::Recovered(_)) { colors.ok } else { colors.warning };
                let shown = RichText::new(text).font(theme::font(size::TITLE_TEXT)).color(color);
                ui.add(Label::new(shown).wrap().selectable(true));
                ui.push_id(index, |ui| {
                    if control::bare(ui, ICON_CONTENT_COPY, &language.tr("lens.doctor_copy")).clicked() {
                        ui.ctx().copy_text(text.to_owned());
                    }
                });
            });
        }
        let advice = describe::mojibake(language, garbled, found).advice;
        let end = format!("{}{}{advice}", describe::mojibake_outcome(language, &found.outcome), language.tr("doctor.then"));
        ui.add(Label::new(RichText::new(end).size(size::CAPTION_TEXT).color(colors.weak)).wrap());
    });
}
