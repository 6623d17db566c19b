//! 查找: text, hex or a regex in all of the history, found as it is typed, gone through with F3. Must never search itself.

use crate::describe::grouped;
use crate::i18n::Language;
use crate::traffic::query::{Kind, Pattern, QueryError};
use crate::traffic::view::Way;
use crate::ui::session::{SessionTab, Surroundings};
use crate::ui::theme::size;
use crate::ui::widget::control::{self, palette};
use egui::{Key, Modifiers, RichText, TextEdit, Ui, vec2};
use egui_material_icons::icons::{ICON_CLOSE, ICON_KEYBOARD_ARROW_DOWN, ICON_KEYBOARD_ARROW_UP, ICON_SEARCH};

/// The search bar of a tab.
#[derive(Clone, Debug, Default)]
pub struct Finding {
    /// Whether it is shown; a search that is not shown finds nothing.
    pub open: bool,
    /// What is searched for.
    pub pattern: Pattern,
    /// Whether its field gets the keyboard with the next frame.
    pub focus: bool,
}

impl Finding {
    /// Shows it, ready to type.
    pub fn open(&mut self) {
        self.open = true;
        self.focus = true;
    }
}

/// ```text
/// 🔍 [ what ]  [文本 ▾] ☐ 忽略大小写  ↑ ↓  3 / 120   ×
/// ```
pub fn show(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>) {
    let language = around.language;
    let tr = |key: &str| language.tr(key).into_owned();
    let mut way = None;
    ui.horizontal_wrapped(|ui| {
        ui.label(control::icon(ICON_SEARCH).color(palette(ui).weak));
        let field = pattern_field(ui, language, "find.field", &mut tab.finding.pattern, tab.search_problem.is_some());
        if std::mem::take(&mut tab.finding.focus) {
            field.request_focus();
        }
        if field.lost_focus() {
            let (enter, shift) = ui.input(|input| (input.key_pressed(Key::Enter), input.modifiers.shift));
            if enter {
                way = Some(if shift { Way::Back } else { Way::Forward });
                field.request_focus();
            }
            if ui.input(|input| input.key_pressed(Key::Escape)) {
                tab.finding.open = false;
            }
        }
        pattern_choices(ui, language, ("find", tab.id.0), &mut tab.finding.pattern);
        if control::bare(ui, ICON_KEYBOARD_ARROW_UP, &tr("find.previous")).clicked() {
            way = Some(Way::Back);
        }
        if control::bare(ui, ICON_KEYBOARD_ARROW_DOWN, &tr("find.next")).clicked() {
            way = Some(Way::Forward);
        }
        if let Some(told) = told(tab, language) {
            ui.label(RichText::new(told).size(size::CAPTION_TEXT).color(palette(ui).weak));
        }
        if control::bare(ui, ICON_CLOSE, &tr("find.close")).clicked() {
            tab.finding.open = false;
        }
    });
    if let Some(problem) = &tab.search_problem {
        wrong(ui, &problem_text(problem, language));
    }
    if let Some(way) = way {
        tab.find(way);
        ui.request_repaint();
    }
}

/// How many there are and which of them is selected; and how much has been looked through.
fn told(tab: &SessionTab, language: Language) -> Option<String> {
    let sought = tab.glance.sought?;
    let found = sought.found?;
    let count = match sought.at {
        Some(at) => format!("{} / {}", grouped(at), grouped(found)),
        None => language.tr_with("find.count", &[("count", &grouped(found))]),
    };
    Some(match scanned(tab) {
        Some(percent) => format!("{count}  {}", language.tr_with("find.scanning", &[("percent", &percent)])),
        None => count,
    })
}

/// The part of the history that has been looked through, in percent; `None` once that is all of it.
pub fn scanned(tab: &SessionTab) -> Option<u64> {
    let sought = tab.glance.sought?;
    (sought.done < sought.total).then(|| sought.done * 100 / sought.total.max(1))
}

/// A query's problem in words.
fn problem_text(problem: &QueryError, language: Language) -> String {
    let values = problem.values();
    let values: Vec<(&str, &dyn std::fmt::Display)> =
        values.iter().map(|(name, value)| (*name, value as &dyn std::fmt::Display)).collect();
    language.tr_with(problem.key(), &values)
}

/// A complaint under a bar.
pub fn wrong(ui: &mut Ui, text: &str) {
    ui.add(egui::Label::new(RichText::new(text).size(size::CAPTION_TEXT).color(palette(ui).error)).wrap());
}

/// Where a pattern is typed; outlined while it is wrong.
pub fn pattern_field(ui: &mut Ui, language: Language, name: &str, pattern: &mut Pattern, wrong: bool) -> egui::Response {
    let hint = match pattern.kind {
        Kind::Text => name,
        Kind::Hex => "find.hint_hex",
        Kind::Regex => "find.hint_regex",
    };
    let edit = TextEdit::singleline(&mut pattern.typed)
        .hint_text(language.tr(hint))
        .desired_width(FIELD)
        .min_size(vec2(0.0, size::CONTROL))
        .align(egui::Align2::LEFT_CENTER);
    let field = ui.add(edit);
    outline(ui, &field, wrong);
    name_it(ui, field.id, language.tr(name).into_owned());
    field
}

/// The outline of a field whose contents are wrong.
pub fn outline(ui: &Ui, field: &egui::Response, wrong: bool) {
    if wrong {
        ui.painter().rect_stroke(field.rect, size::CORNER, (1.0, palette(ui).error), egui::StrokeKind::Inside);
    }
}

/// Width of a field for a pattern.
const FIELD: f32 = 180.0;

/// What kind of pattern it is, and whether the case of letters matters.
pub fn pattern_choices(ui: &mut Ui, language: Language, salt: (&str, u64), pattern: &mut Pattern) {
    let tr = |key: &str| language.tr(key).into_owned();
    let kinds = [(Kind::Text, "find.text"), (Kind::Hex, "find.hex"), (Kind::Regex, "find.regex")];
    let shown = kinds.iter().find(|(kind, _)| *kind == pattern.kind).map_or("find.text", |(_, key)| key);
    let combo = egui::ComboBox::from_id_salt(("kind", salt)).width(64.0).selected_text(tr(shown)).show_ui(ui, |ui| {
        for (kind, key) in kinds {
            ui.selectable_value(&mut pattern.kind, kind, tr(key));
        }
    });
    name_it(ui, combo.response.on_hover_text(tr("find.kind_hint")).id, tr("find.kind"));
    if pattern.kind != Kind::Hex {
        ui.checkbox(&mut pattern.ignore_case, tr("find.ignore_case")).on_hover_text(tr("find.ignore_case_hint"));
    }
}

/// Gives a field or drop-down whose name is not drawn beside it its name for those who listen.
pub fn name_it(ui: &Ui, id: egui::Id, name: String) {
    ui.ctx().accesskit_node_builder(id, |node| node.set_label(name));
}

/// The keys of the tab in front: Ctrl+F, F3 and Shift+F3.
pub fn keys(tab: &mut SessionTab, ui: &Ui) {
    if ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::F)) {
        tab.finding.open();
    }
    if ui.input_mut(|input| input.consume_key(Modifiers::SHIFT, Key::F3)) {
        tab.find(Way::Back);
        ui.request_repaint();
    }
    if ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::F3)) {
        if tab.finding.open {
            tab.find(Way::Forward);
            ui.request_repaint();
        } else {
            tab.finding.open();
        }
    }
}
