//! 乱码诊断: garbled text, how it came about, and what of it can be had back. Must never change the text that was typed.

use super::Subject;
use crate::codec::mojibake::{Diagnosis, Outcome, Report, Verdict, diagnose};
use crate::describe;
use crate::i18n::Language;
use crate::ui::theme::{self, size, space};
use crate::ui::widget::control::{self, palette};
use egui::{Label, RichText, ScrollArea, TextEdit, Ui};
use egui_material_icons::icons::{ICON_CONTENT_COPY, ICON_SOUTH};

/// The page.
#[derive(Default)]
pub struct Doctor {
    text: String,
    report: Option<(String, Report)>,
    /// Whether the selected row is to be examined as soon as it is there.
    wants_row: bool,
}

/// Lines of the field for garbled text.
const LINES: usize = 3;

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
        if self.report.as_ref().is_none_or(|(examined, _)| *examined != self.text) {
            self.report = Some((self.text.clone(), diagnose(&self.text)));
        }
        let Some((_, report)) = &self.report else { return };
        ScrollArea::vertical().id_salt("doctor-report").auto_shrink(false).show(ui, |ui| {
            let whole = describe::mojibake_report(language, report);
            for told in whole.into_iter().chain(describe::mojibake_part(language, report)) {
                ui.add(Label::new(RichText::new(told).color(colors.strong)).wrap());
            }
            if let Verdict::Garbled(diagnoses) = &report.verdict {
                for (index, found) in diagnoses.iter().enumerate() {
                    diagnosis(ui, language, &self.text, found, index);
                }
            }
        });
    }
}

/// One explanation: what happened, what it said, and what to do.
fn diagnosis(ui: &mut Ui, language: Language, garbled: &str, found: &Diagnosis, index: usize) {
    let colors = palette(ui);
    theme::card(colors).inner_margin(space::SMALL).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.add(Label::new(RichText::new(describe::mojibake_story(language, found)).color(colors.text)).wrap());
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
