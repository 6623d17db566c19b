//! Texts of lessons, drawn: paragraphs, lists, and names of calls and bytes in letters of one width. Must never change a word of them.

use crate::lesson::prose::{Word, blocks};
use crate::ui::theme::{self, size, space};
use crate::ui::widget::control::palette;
use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, FontId, Label, RichText, Ui};

/// A whole text.
pub fn text(ui: &mut Ui, text: &str) {
    let color = palette(ui).text;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = space::SMALL;
        for block in blocks(text) {
            let job = job(ui, &block.words, color);
            if block.item {
                ui.horizontal_top(|ui| {
                    ui.spacing_mut().item_spacing.x = space::TINY;
                    ui.label(RichText::new("•").color(palette(ui).weak));
                    ui.add(Label::new(job).wrap());
                });
            } else {
                ui.add(Label::new(job).wrap());
            }
        }
    });
}

/// One line, in a colour.
pub fn line(ui: &mut Ui, text: &str, color: Color32) {
    let words: Vec<Word<'_>> = blocks(text).into_iter().flat_map(|block| block.words).collect();
    let job = job(ui, &words, color);
    ui.add(Label::new(job).wrap());
}

/// The words of a line, those of one width set off.
pub fn job(ui: &Ui, words: &[Word<'_>], color: Color32) -> LayoutJob {
    let colors = palette(ui);
    let mut job = LayoutJob::default();
    let format = |font_id: FontId, background: Color32| TextFormat {
        font_id,
        color,
        background,
        // Texts that are read, not glanced at, need air between their lines.
        line_height: Some(size::ROW),
        ..TextFormat::default()
    };
    for word in words {
        match word {
            Word::Plain(text) => job.append(text, 0.0, format(theme::font(size::CONTROL_TEXT), Color32::TRANSPARENT)),
            Word::Code(text) => job.append(text, 0.0, format(theme::mono(), colors.field)),
        }
    }
    job
}
