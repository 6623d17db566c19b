//! Short words over the lower edge of the window: good ones go by themselves, bad ones when they are dismissed. Must never move what is
//! below them, and never ask for an answer.

use super::theme::{self, size, space};
use super::widget::control::{self, palette};
use crate::i18n::Language;
use egui::{Align2, Area, Label, Order, RichText, Ui, vec2};
use egui_material_icons::icons::ICON_CLOSE;

/// The most at once; the oldest go.
const MOST: usize = 4;
/// How long a good one stays, in seconds.
const STAYS: f64 = 6.0;

/// What there is to say.
#[derive(Default)]
pub struct Notices(Vec<Notice>);

struct Notice {
    text: String,
    bad: bool,
    /// When it goes; set when it is first shown.
    until: Option<f64>,
}

impl Notices {
    /// Something went well.
    pub fn good(&mut self, text: impl Into<String>) {
        self.push(text.into(), false);
    }

    /// Something did not.
    pub fn bad(&mut self, text: impl Into<String>) {
        self.push(text.into(), true);
    }

    fn push(&mut self, text: String, bad: bool) {
        self.0.retain(|notice| notice.text != text);
        self.0.push(Notice { text, bad, until: None });
        let surplus = self.0.len().saturating_sub(MOST);
        self.0.drain(..surplus);
    }

    /// Draws them over everything else.
    pub fn show(&mut self, ui: &Ui, language: Language) {
        let now = ui.input(|input| input.time);
        for notice in self.0.iter_mut().filter(|notice| !notice.bad) {
            let until = *notice.until.get_or_insert(now + STAYS);
            if until > now {
                ui.request_repaint_after(std::time::Duration::from_secs_f64(until - now));
            }
        }
        self.0.retain(|notice| notice.until.is_none_or(|until| until > now));
        if self.0.is_empty() {
            return;
        }
        let close = language.tr("notice.close");
        let width = (ui.ctx().content_rect().width() - 2.0 * space::HUGE).min(size::READABLE);
        let area = Area::new(egui::Id::unique("notices")).order(Order::Foreground);
        area.anchor(Align2::CENTER_BOTTOM, vec2(0.0, -space::HUGE * 1.5)).show(ui.ctx(), |ui| {
            let colors = palette(ui);
            self.0.retain(|notice| {
                let color = if notice.bad { colors.error } else { colors.ok };
                let frame = theme::card(colors).stroke(egui::Stroke::new(1.0, color)).inner_margin(space::SMALL);
                let shown = frame.shadow(ui.visuals().popup_shadow).show(ui, |ui| {
                    ui.horizontal(|ui| {
                        ui.set_width(width);
                        let keep = !control::bare(ui, ICON_CLOSE, &close).clicked();
                        ui.add(Label::new(RichText::new(&notice.text).color(color)).wrap());
                        keep
                    })
                    .inner
                });
                shown.inner
            });
        });
    }
}
