//! Lines under the top bar, each until it is dismissed. Must never cover anything, and never ask for an answer.

use super::widget::control::{self, palette};
use crate::i18n::Language;
use egui::{Frame, Label, Margin, Panel, RichText, Ui};
use egui_material_icons::icons::ICON_CLOSE;

/// The most lines at once; the oldest go.
const MOST: usize = 4;

/// What there is to say.
#[derive(Default)]
pub struct Notices(Vec<Notice>);

struct Notice {
    text: String,
    bad: bool,
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
        self.0.push(Notice { text, bad });
        let surplus = self.0.len().saturating_sub(MOST);
        self.0.drain(..surplus);
    }

    /// Draws them; takes no room while there are none.
    pub fn show(&mut self, ui: &mut Ui, language: Language) {
        if self.0.is_empty() {
            return;
        }
        let colors = palette(ui);
        let close = language.tr("notice.close");
        Panel::top("notices").frame(Frame::new().fill(colors.card).inner_margin(Margin::symmetric(12, 4))).show(ui, |ui| {
            self.0.retain(|notice| {
                let line = ui.horizontal(|ui| {
                    let keep = !control::bare(ui, ICON_CLOSE, &close).clicked();
                    let color = if notice.bad { colors.error } else { colors.ok };
                    ui.add(Label::new(RichText::new(&notice.text).color(color)).truncate()).on_hover_text(&notice.text);
                    keep
                });
                line.inner
            });
        });
    }
}
