//! The lesson under way: what is said, asked, predicted, done, observed and explained. Must never say what happened before it did.

use super::{Doing, Wish, prose};
use crate::i18n::Language;
use crate::lesson::report::sign;
use crate::lesson::run::{Asked, Played, Run, Shown, Stage, Verdict};
use crate::lesson::script::Page;
use crate::ui::intent::Intent;
use crate::ui::theme::{self, size, space};
use crate::ui::widget::control::{self, palette};
use egui::accesskit::Role as Access;
use egui::{Color32, Frame, Grid, Label, RichText, ScrollArea, Sense, Stroke, Ui, UiBuilder, WidgetInfo};
use egui_material_icons::icons::{
    ICON_ARROW_BACK, ICON_CHEVRON_LEFT, ICON_CHEVRON_RIGHT, ICON_DOWNLOAD, ICON_PLAY_ARROW, ICON_REPLAY, ICON_SKIP_NEXT,
    ICON_VISIBILITY,
};

/// ```text
/// [← 全部课程]  [⟲ 重来]
/// 电话与信
/// ‹ 第 2 步，共 4 步 ›
/// title, text, question
/// ○ one   ○ another
/// [▶ 动手]
/// observed beside predicted, explanation
/// [时序图 · 客户端]           [下一步]
/// ```
pub(super) fn show(doing: &mut Doing, ui: &mut Ui, language: Language, intents: &mut Vec<Intent>) {
    let colors = palette(ui);
    let tr = |key: &str| language.tr(key).into_owned();
    let lesson = doing.run.lesson().clone();
    ui.horizontal(|ui| {
        if control::quiet(ui, ICON_ARROW_BACK, &tr("lessons.leave")).on_hover_text(tr("lessons.leave_hint")).clicked() {
            intents.push(Intent::Lesson(Wish::Leave));
        }
        if control::quiet(ui, ICON_REPLAY, &tr("lessons.restart")).on_hover_text(tr("lessons.restart_hint")).clicked() {
            intents.push(Intent::Lesson(Wish::Begin(lesson.clone())));
        }
    });
    ui.add_space(space::TINY);
    let title = RichText::new(lesson.title.of(language)).size(size::TITLE_TEXT).color(colors.strong);
    ui.add(Label::new(title).wrap());
    pager(doing, ui, language);
    ui.add_space(space::TINY);
    let shown = doing.shown;
    ScrollArea::vertical().id_salt(("lesson-step", shown)).auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = space::SMALL;
        step(doing, ui, language, intents);
    });
}

/// `‹ 第 2 步，共 4 步 ›`
fn pager(doing: &mut Doing, ui: &mut Ui, language: Language) {
    let colors = palette(ui);
    let steps = doing.run.lesson().steps.len();
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::TINY;
        ui.add_enabled_ui(doing.shown > 0, |ui| {
            if control::bare(ui, ICON_CHEVRON_LEFT, &language.tr("lessons.back")).clicked() {
                doing.shown -= 1;
            }
        });
        let text = language.tr_with("lessons.step", &[("step", &(doing.shown + 1)), ("steps", &steps)]);
        ui.label(RichText::new(text).color(colors.weak));
        ui.add_enabled_ui(doing.shown < doing.run.step(), |ui| {
            if control::bare(ui, ICON_CHEVRON_RIGHT, &language.tr("lessons.forward")).clicked() {
                doing.shown += 1;
            }
        });
    });
}

fn step(doing: &mut Doing, ui: &mut Ui, language: Language, intents: &mut Vec<Intent>) {
    let colors = palette(ui);
    let shown = doing.shown;
    let current = shown == doing.run.step();
    let stage = if current { doing.run.stage() } else { Stage::Revealed };
    let (Some(step), Some(played)) = (doing.run.lesson().steps.get(shown).cloned(), doing.run.played().get(shown).cloned())
    else {
        return;
    };
    ui.add(Label::new(RichText::new(step.title.of(language)).strong().color(colors.strong)).wrap());
    if stage == Stage::Beginning {
        ui.label(RichText::new(language.tr("lessons.preparing")).color(colors.weak));
        return;
    }
    prose::text(ui, played.text.of(language));
    if let Some(asked) = &played.asked {
        prose::line(ui, asked.ask.of(language), colors.strong);
        choices(&mut doing.run, ui, language, asked, (&played, stage));
    }
    match stage {
        Stage::Beginning => {}
        Stage::Asking => go(&mut doing.run, ui, language, &played, step.deeds.is_empty()),
        Stage::Doing => {
            ui.label(RichText::new(language.tr("lessons.doing")).color(colors.weak));
        }
        Stage::Revealed => {
            revealed(ui, language, &played);
            pages(&doing.run, ui, language, shown, intents);
            onward(doing, ui, language, intents);
        }
    }
}

/// The answers, of which one can be chosen until it is done; afterwards the one that came true is marked.
fn choices(run: &mut Run, ui: &mut Ui, language: Language, asked: &Asked, (played, stage): (&Played, Stage)) {
    let colors = palette(ui);
    let open = stage == Stage::Asking;
    for (number, choice) in asked.choices.iter().enumerate() {
        let chosen = played.chosen == Some(number);
        let came_true = played.revealed && played.observed == Some(number);
        let text = choice.of(language);
        let sense = if open { Sense::click() } else { Sense::hover() };
        let builder = UiBuilder::new().id_salt(("choice", run.step(), number)).sense(sense);
        let response = ui
            .scope_builder(builder, |ui| {
                let active = open && (ui.response().hovered() || ui.response().has_focus());
                let (fill, line) = match (came_true, chosen) {
                    (true, _) => (colors.card, Stroke::new(1.0, colors.ok)),
                    (false, true) => (colors.selected, Stroke::new(1.0, colors.accent)),
                    (false, false) if active => (colors.hovered, Stroke::new(1.0, colors.accent)),
                    (false, false) => (colors.card, theme::line(colors)),
                };
                Frame::new().fill(fill).stroke(line).corner_radius(size::CORNER).inner_margin(space::SMALL).show(ui, |ui| {
                    ui.set_width(ui.available_width());
                    ui.style_mut().interaction.selectable_labels = false;
                    ui.horizontal_top(|ui| {
                        ui.spacing_mut().item_spacing.x = space::SMALL;
                        let mark = match (came_true, chosen) {
                            (true, _) => RichText::new("✓").color(colors.ok),
                            (false, true) => RichText::new("●").color(colors.accent_text),
                            (false, false) => RichText::new("○").color(colors.weak),
                        };
                        ui.label(mark);
                        prose::line(ui, text, colors.text);
                    });
                });
            })
            .response;
        response.widget_info(|| WidgetInfo::selected(Access::RadioButton, open, chosen, text.replace('`', "")));
        if response.clicked() {
            run.predict(number);
        }
    }
}

/// `[▶ 动手]`, once a prediction was made; whoever has none may look all the same.
fn go(run: &mut Run, ui: &mut Ui, language: Language, played: &Played, only_look: bool) {
    let word = language.tr(if only_look { "lessons.work_out" } else { "lessons.go" });
    if played.asked.is_none() || played.chosen.is_some() {
        if control::primary(ui, ICON_PLAY_ARROW, &word).clicked() {
            run.go();
        }
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(language.tr("lessons.predict_first")).color(palette(ui).weak));
        if control::quiet(ui, ICON_SKIP_NEXT, &language.tr("lessons.skip")).clicked() {
            run.go();
        }
    });
}

/// What was predicted beside what happened, what else was looked at, and the explanation.
fn revealed(ui: &mut Ui, language: Language, played: &Played) {
    let colors = palette(ui);
    if let Some(asked) = &played.asked {
        let (key, color) = match (played.chosen, played.observed) {
            (_, None) => ("lessons.none_came_true", colors.warning),
            (None, Some(_)) => ("lessons.this_came_true", colors.text),
            (Some(chosen), Some(observed)) if chosen == observed => ("lessons.as_predicted", colors.ok),
            (Some(_), Some(_)) => ("lessons.otherwise", colors.text),
        };
        ui.add(Label::new(RichText::new(language.tr(key)).color(color)).wrap());
        if played.observed.is_some_and(|observed| observed != asked.expected) {
            ui.add(Label::new(RichText::new(language.tr("lessons.not_as_usual")).color(colors.warning)).wrap());
        }
    }
    if let Some(trouble) = &played.trouble {
        ui.add(Label::new(RichText::new(trouble.of(language)).color(colors.error)).wrap());
    }
    if !played.findings.is_empty() {
        findings(ui, language, &played.findings);
    }
    prose::text(ui, played.explain.of(language));
}

/// A line for each: what it is, what it came to, and whether that is as it should be.
fn findings(ui: &mut Ui, language: Language, findings: &[Shown]) {
    let colors = palette(ui);
    Frame::new().fill(colors.card).stroke(theme::line(colors)).corner_radius(size::CORNER).inner_margin(space::SMALL).show(
        ui,
        |ui| {
            ui.set_width(ui.available_width());
            let half = (ui.available_width() - space::LARGE - 2.0 * space::SMALL) / 2.0;
            Grid::new("findings").num_columns(3).min_col_width(0.0).spacing([space::SMALL, space::TINY]).show(ui, |ui| {
                for Shown { label, value, verdict } in findings {
                    let (sign, color) = mark(*verdict, ui);
                    ui.label(RichText::new(sign).color(color));
                    let cell = |ui: &mut Ui, text: &str, color: Color32| {
                        ui.scope(|ui| {
                            ui.set_max_width(half);
                            prose::line(ui, text, color);
                        });
                    };
                    cell(ui, label.of(language), colors.weak);
                    cell(ui, value.of(language), colors.text);
                    ui.end_row();
                }
            });
        },
    );
}

fn mark(verdict: Option<Verdict>, ui: &Ui) -> (&'static str, Color32) {
    let colors = palette(ui);
    match verdict {
        None => (" ", colors.weak),
        Some(verdict @ Verdict::Holds) => (sign(verdict), colors.ok),
        Some(verdict @ Verdict::Fails) => (sign(verdict), colors.error),
        Some(verdict @ Verdict::Unknown) => (sign(verdict), colors.warning),
    }
}

/// The pages that show it: `[时序图 · 客户端]`
fn pages(run: &Run, ui: &mut Ui, language: Language, shown: usize, intents: &mut Vec<Intent>) {
    let lesson = run.lesson();
    let Some(step) = lesson.steps.get(shown).filter(|step| !step.look.is_empty()) else { return };
    ui.horizontal_wrapped(|ui| {
        for look in &step.look {
            let (Some(end), Some(session)) = (lesson.ends.get(look.end), run.session(look.end)) else { continue };
            let page = language.tr(page_key(look.page));
            let word = language.tr_with("lessons.look", &[("page", &page), ("end", &end.title.of(language))]);
            if control::quiet(ui, ICON_VISIBILITY, &word).clicked() {
                intents.push(Intent::Lesson(Wish::Look(session, look.page)));
            }
        }
    });
}

fn page_key(page: Page) -> &'static str {
    match page {
        Page::Log => "page.log",
        Page::Ladder => "page.ladder",
        Page::States => "page.states",
        Page::Lanes => "page.lanes",
        Page::Calls => "page.calls",
        Page::Messages => "page.messages",
    }
}

/// `[下一步]`, or at the end what can be taken away.
fn onward(doing: &mut Doing, ui: &mut Ui, language: Language, intents: &mut Vec<Intent>) {
    if doing.shown < doing.run.step() {
        return;
    }
    if !doing.run.is_over() {
        if control::primary(ui, ICON_CHEVRON_RIGHT, &language.tr("lessons.next")).clicked() {
            doing.run.next();
            doing.shown = doing.run.step();
        }
        return;
    }
    let lesson = doing.run.lesson().clone();
    let colors = palette(ui);
    ui.add(Label::new(RichText::new(language.tr("lessons.over")).color(colors.strong)).wrap());
    ui.horizontal_wrapped(|ui| {
        if control::quiet(ui, ICON_DOWNLOAD, &language.tr("lessons.save"))
            .on_hover_text(language.tr("lessons.save_hint"))
            .clicked()
        {
            intents.push(Intent::Lesson(Wish::Save));
        }
        if control::primary(ui, ICON_ARROW_BACK, &language.tr("lessons.finish")).clicked() {
            intents.push(Intent::Lesson(Wish::Done(lesson.id.clone())));
        }
    });
}
