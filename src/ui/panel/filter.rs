//! 筛选: which rows of all the history are shown. Must never drop a record: it is a view.

use super::find::{name_it, outline, pattern_choices, pattern_field, scanned, wrong};
use crate::describe::grouped;
use crate::i18n::Language;
use crate::traffic::query::{DirectionChoice, Field, FilterDraft};
use crate::ui::session::{SessionTab, Surroundings};
use crate::ui::theme::size;
use crate::ui::widget::control::{self, palette};
use egui::{RichText, TextEdit, Ui, vec2};
use egui_material_icons::icons::{ICON_FILTER_ALT, ICON_FILTER_ALT_OFF};

/// ```text
/// 🝖 [ bytes ] [文本 ▾] ☐ 忽略大小写 ☐ 不含   方向 [全部 ▾]   对端 [      ]   长度 [   ] – [   ]   时间 [      ] – [      ]
/// 显示 12 / 10,000 行   [清除筛选]
/// ```
pub fn show(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>) {
    if !tab.filter_open && tab.filter == FilterDraft::default() {
        return;
    }
    let language = around.language;
    ui.horizontal_wrapped(|ui| {
        if tab.filter_open {
            fields(tab, ui, language);
        }
        if tab.filter != FilterDraft::default() {
            result(tab, ui, language);
        }
    });
    for problem in &tab.filter_problems {
        wrong(ui, &problem.words(language));
    }
}

fn fields(tab: &mut SessionTab, ui: &mut Ui, language: Language) {
    let tr = |key: &str| language.tr(key).into_owned();
    let is_wrong = |field: Field| tab.filter_problems.iter().any(|problem| problem.field == field);
    ui.label(control::icon(ICON_FILTER_ALT).color(palette(ui).weak));
    pattern_field(ui, language, "filter.pattern", &mut tab.filter.pattern, is_wrong(Field::Pattern));
    pattern_choices(ui, language, ("filter", tab.id.0), &mut tab.filter.pattern);
    ui.checkbox(&mut tab.filter.invert, tr("filter.invert")).on_hover_text(tr("filter.invert_hint"));
    direction(ui, language, tab.id.0, &mut tab.filter.direction);
    let filter = &mut tab.filter;
    let fields = [
        ("filter.peer", "filter.peer_hint", &mut filter.peer, Field::Peer, 132.0),
        ("filter.shortest", "filter.length_hint", &mut filter.shortest, Field::Shortest, 72.0),
        ("filter.longest", "filter.length_hint", &mut filter.longest, Field::Longest, 72.0),
        ("filter.from", "filter.time_hint", &mut filter.from, Field::From, 84.0),
        ("filter.to", "filter.time_hint", &mut filter.to, Field::To, 84.0),
    ];
    for (name, hint, value, field, width) in fields {
        small_field(ui, language, (name, hint), value, (width, is_wrong(field)));
    }
}

/// How many rows pass, and the way back to all of them.
fn result(tab: &mut SessionTab, ui: &mut Ui, language: Language) {
    // The button first: it is what makes its line as high as the others.
    if control::quiet(ui, ICON_FILTER_ALT_OFF, &language.tr("filter.clear")).clicked() {
        tab.filter = FilterDraft::default();
    }
    if let Some((shown, all)) = tab.glance.sought.and_then(|sought| sought.admitted) {
        let mut told = language.tr_with("filter.count", &[("shown", &grouped(shown)), ("all", &grouped(all))]);
        if let Some(percent) = scanned(tab) {
            told = format!("{told}  {}", language.tr_with("find.scanning", &[("percent", &percent)]));
        }
        ui.label(RichText::new(told).size(size::CAPTION_TEXT).color(palette(ui).weak));
    }
}

fn direction(ui: &mut Ui, language: Language, salt: u64, chosen: &mut DirectionChoice) {
    let tr = |key: &str| language.tr(key).into_owned();
    let choices = [
        (DirectionChoice::Both, "filter.both"),
        (DirectionChoice::Received, "filter.received"),
        (DirectionChoice::Sent, "filter.sent"),
    ];
    let shown = choices.iter().find(|(choice, _)| choice == chosen).map_or("filter.both", |(_, key)| key);
    let combo = egui::ComboBox::from_id_salt(("direction", salt)).width(72.0).selected_text(tr(shown)).show_ui(ui, |ui| {
        for (choice, key) in choices {
            ui.selectable_value(chosen, choice, tr(key));
        }
    });
    name_it(ui, combo.response.on_hover_text(tr("filter.direction")).id, tr("filter.direction"));
}

/// A field whose name stands in it while it is empty.
fn small_field(ui: &mut Ui, language: Language, (name, hint): (&str, &str), value: &mut String, (width, wrong): (f32, bool)) {
    let edit = TextEdit::singleline(value)
        .hint_text(language.tr(name))
        .desired_width(width)
        .min_size(vec2(0.0, size::CONTROL))
        .align(egui::Align2::LEFT_CENTER);
    // Added as it is: what has a place of its own does not wrap into the next line.
    let field = ui.add(edit).on_hover_text(language.tr(hint));
    outline(ui, &field, wrong);
    name_it(ui, field.id, language.tr(name).into_owned());
}
