//! Labelled fields on one grid: the label stands left, the field fills the rest, and what is wrong stands beneath at once.
//! Must never clear what was typed.

use super::control::palette;
use crate::i18n::Language;
use crate::session::draft::{Field, Problem, Reason};
use crate::ui::theme::{size, space};
use egui::{Align, Layout, Response, RichText, TextEdit, Ui, UiBuilder, vec2};

/// What the fields of a panel share.
pub struct Fields<'a> {
    /// For labels and problems.
    pub language: Language,
    /// What is wrong with the draft.
    pub problems: &'a [Problem],
}

/// What is wrong, in words.
pub fn problem_text(language: Language, reason: &Reason) -> String {
    match reason {
        Reason::Address(problem) => language.tr_with(problem.key(), &[("text", &problem.quoted())]),
        Reason::Path(problem) => crate::describe::path_error(language, problem),
        Reason::NotANumber(range) => language.tr_with("field.not_a_number", &[("from", range.start()), ("to", range.end())]),
        Reason::NotAShare(problem) => language.tr_with("relay.not_a_share", &[("text", &problem.0)]),
        Reason::NotAGroup(problem) => language.tr_with("address.not_a_group", &[("text", &problem.0)]),
        Reason::NotAName(problem) => language.tr_with("messenger.not_a_name", &[("text", &problem.0)]),
        Reason::Message(problem) => crate::describe::message_error(language, problem),
    }
}

/// A group's caption.
pub fn caption(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).size(size::CAPTION_TEXT).color(palette(ui).weak).strong());
}

/// A line with a label at the left and contents that fill the rest. Both have their room taken for them, so that no content can make
/// its card wider than the others.
pub fn labelled<R>(ui: &mut Ui, label: &str, add: impl FnOnce(&mut Ui, egui::Id) -> R) -> R {
    let (_, room) = ui.allocate_space(vec2(ui.available_width(), size::CONTROL));
    let (left, right) = room.split_left_right_at_x(room.left() + size::LABEL);
    let line = Layout::left_to_right(Align::Center);
    let mut child = ui.new_child(UiBuilder::new().max_rect(left).layout(line));
    let id = child.add(egui::Label::new(label).truncate()).id;
    let rest = right.with_min_x(right.left() + space::TINY);
    let mut child = ui.new_child(UiBuilder::new().max_rect(rest).layout(line));
    child.spacing_mut().item_spacing.x = space::TINY;
    add(&mut child, id)
}

/// A hint or complaint beneath a field.
pub fn beneath(ui: &mut Ui, text: &str, color: egui::Color32) {
    ui.horizontal(|ui| {
        ui.add_space(size::LABEL + space::TINY);
        ui.add(egui::Label::new(RichText::new(text).size(size::CAPTION_TEXT).color(color)).wrap());
    });
}

impl Fields<'_> {
    /// The words of a key.
    pub fn tr(&self, key: &str) -> String {
        self.language.tr(key).into_owned()
    }

    /// A text field; `unit` stands inside it at the end.
    pub fn text(&self, ui: &mut Ui, label: &str, field: Field, value: &mut String, unit: &str) -> Response {
        let response =
            labelled(ui, &self.tr(label), |ui, id| self.edit(ui, value, unit, ui.available_width(), field).labelled_by(id));
        self.problem(ui, field);
        response
    }

    /// The field alone, outlined in the error colour while it is wrong.
    pub fn edit(&self, ui: &mut Ui, value: &mut String, unit: &str, width: f32, field: Field) -> Response {
        let colors = palette(ui);
        let wrong = self.problems.iter().any(|problem| problem.field == field);
        ui.scope(|ui| {
            if wrong {
                let widgets = &mut ui.visuals_mut().widgets;
                for widget in [&mut widgets.inactive, &mut widgets.hovered, &mut widgets.active, &mut widgets.noninteractive] {
                    widget.bg_stroke = egui::Stroke::new(1.0, colors.error);
                }
            }
            let mut edit = TextEdit::singleline(value)
                .desired_width(width)
                .min_size(vec2(0.0, size::CONTROL))
                .align(egui::Align2::LEFT_CENTER);
            if !unit.is_empty() {
                edit = edit.suffix(RichText::new(unit).color(colors.weak));
            }
            ui.add(edit)
        })
        .inner
    }

    /// What is wrong with a field, beneath it.
    pub fn problem(&self, ui: &mut Ui, field: Field) {
        if let Some(problem) = self.problems.iter().find(|problem| problem.field == field) {
            beneath(ui, &problem_text(self.language, &problem.reason), palette(ui).error);
        }
    }

    /// A box to tick, with a tooltip.
    pub fn check(&self, ui: &mut Ui, label: &str, hint: &str, value: &mut bool) -> Response {
        ui.checkbox(value, self.tr(label)).on_hover_text(self.tr(hint))
    }

    /// A drop-down of a few choices. Returns whether it changed.
    pub fn choice<T: Copy + PartialEq>(&self, ui: &mut Ui, label: &str, value: &mut T, choices: &[(T, String)]) -> bool {
        let before = *value;
        let shown = choices.iter().find(|(choice, _)| *choice == before).map_or("", |(_, word)| word);
        labelled(ui, &self.tr(label), |ui, id| {
            egui::ComboBox::from_id_salt(label)
                .width(ui.available_width())
                .selected_text(shown)
                .truncate()
                .show_ui(ui, |ui| {
                    for (choice, word) in choices {
                        ui.selectable_value(value, *choice, word);
                    }
                })
                .response
                .labelled_by(id);
        });
        *value != before
    }
}
