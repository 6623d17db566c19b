//! The lessons by chapter, each with what one knows at its end. Must never begin one that this system can't do.

use super::Wish;
use crate::i18n::Language;
use crate::lesson::library::Library;
use crate::lesson::script::{Lesson, Topic};
use crate::ui::intent::Intent;
use crate::ui::theme::{self, size, space};
use crate::ui::widget::control::{self, palette};
use crate::ui::widget::field;
use egui::accesskit::Role as Access;
use egui::{Frame, Label, RichText, ScrollArea, Sense, Stroke, Ui, UiBuilder, WidgetInfo};
use egui_material_icons::icons::ICON_CHECK;
use std::collections::BTreeSet;
use std::sync::Arc;

/// ```text
/// 套接字与调用
/// ┌ 电话与信                      ✓ ┐
/// │ 同一句话，用 TCP 和 UDP 各送一次…  │
/// └──────────────────────────────┘
/// ```
pub fn show(library: Option<&Library>, ui: &mut Ui, language: Language, done: &BTreeSet<String>, intents: &mut Vec<Intent>) {
    let colors = palette(ui);
    let Some(library) = library else {
        ui.label(RichText::new(language.tr("lessons.reading")).color(colors.weak));
        return;
    };
    ui.add(Label::new(RichText::new(language.tr("lessons.what")).size(size::CAPTION_TEXT).color(colors.weak)).wrap());
    ui.add_space(space::SMALL);
    ScrollArea::vertical().id_salt("lesson-list").auto_shrink(false).show(ui, |ui| {
        for topic in Topic::ALL {
            let of_topic: Vec<&Arc<Lesson>> = library.lessons.iter().filter(|lesson| lesson.topic == topic).collect();
            if of_topic.is_empty() {
                continue;
            }
            field::caption(ui, &language.tr(topic.key()));
            for lesson in of_topic {
                if card(ui, language, lesson, done.contains(&lesson.id)) {
                    intents.push(Intent::Lesson(Wish::Begin(lesson.clone())));
                }
            }
            ui.add_space(space::SMALL);
        }
        for problem in &library.problems {
            ui.add(Label::new(RichText::new(problem.told(language)).color(colors.error)).wrap());
        }
    });
}

/// One lesson; `true` when it is to begin.
fn card(ui: &mut Ui, language: Language, lesson: &Lesson, done: bool) -> bool {
    let colors = palette(ui);
    let met = lesson.needs.are_met();
    let title = lesson.title.of(language);
    let name = if done { language.tr_with("lessons.done", &[("title", &title)]) } else { title.to_owned() };
    let response = ui
        .scope_builder(
            UiBuilder::new().id_salt(("lesson", &lesson.id)).sense(if met { Sense::click() } else { Sense::hover() }),
            |ui| {
                let active = met && (ui.response().hovered() || ui.response().has_focus());
                let fill = if active { colors.hovered } else { colors.card };
                let line = if active { Stroke::new(1.0, colors.accent) } else { theme::line(colors) };
                Frame::new().fill(fill).stroke(line).corner_radius(size::CORNER).inner_margin(space::SMALL).show(ui, |ui| {
                    ui.set_width(ui.available_width());
                    ui.style_mut().interaction.selectable_labels = false;
                    ui.spacing_mut().item_spacing.y = space::TINY / 2.0;
                    ui.horizontal(|ui| {
                        let color = if met { colors.strong } else { colors.weak };
                        ui.add(Label::new(RichText::new(title).color(color)).truncate());
                        if done {
                            ui.label(control::icon(ICON_CHECK).color(colors.ok));
                        }
                    });
                    let goal = lesson.goal.of(language).replace('`', "");
                    ui.add(Label::new(RichText::new(goal).size(size::CAPTION_TEXT).color(colors.weak)).wrap());
                    if let Some(key) = lesson.needs.key().filter(|_| !met) {
                        let needs = language.tr(key).into_owned();
                        ui.add(Label::new(RichText::new(needs).size(size::CAPTION_TEXT).color(colors.warning)).wrap());
                    }
                });
            },
        )
        .response;
    response.widget_info(|| WidgetInfo::labeled(Access::Button, met, &name));
    response.clicked()
}
