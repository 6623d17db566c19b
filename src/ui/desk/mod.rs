//! 地址: the address desk: a calculator for networks, this machine's interfaces, who listens, and names. Must never ask the system in a
//! frame: threads do, and what they bring is drawn when it is there.

mod asking;
mod calculator;
mod interfaces;
mod names;
mod ports;

pub use calculator::Calculator;
pub use interfaces::Interfaces;
pub use names::Names;
pub use ports::Ports;

use super::intent::{Change, Intent};
use super::theme::{size, space};
use super::widget::control::{self, palette};
use super::widget::field;
use crate::i18n::Language;
use egui::{Align, Frame, Label, Layout, Panel, Response, RichText, ScrollArea, TextEdit, Ui, vec2};
use egui_material_icons::icons::ICON_CLOSE;
use std::fmt::Display;

/// What the desk shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Page {
    /// Networks, masks and the way to another host.
    #[default]
    Calculator,
    /// What this machine has.
    Interfaces,
    /// Who listens.
    Ports,
    /// What a name stands for.
    Names,
}

/// The panel.
#[derive(Default)]
pub struct Desk {
    /// Which page is shown.
    pub page: Page,
    /// Networks, masks and the way to another host.
    pub calculator: Calculator,
    /// What this machine has.
    pub interfaces: Interfaces,
    /// Who listens.
    pub ports: Ports,
    /// What a name stands for.
    pub names: Names,
}

/// Where the desk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Beside the tabs.
    Beside,
    /// In their place: there is no room for both.
    Instead,
}

impl Place {
    /// Where there is room in so wide a window.
    pub fn of(width: f32) -> Self {
        if width < size::NARROW + size::DESK { Self::Instead } else { Self::Beside }
    }
}

impl Desk {
    /// The panel at the right of the window.
    pub fn panel(&mut self, ui: &mut Ui, language: Language, intents: &mut Vec<Intent>) {
        Panel::right("desk")
            .frame(Frame::new().fill(palette(ui).panel).inner_margin(12))
            .default_size(size::DESK)
            .size_range(size::DESK_LEAST..=(ui.available_width() - size::COLUMN).max(size::DESK_LEAST))
            .show(ui, |ui| self.show(ui, language, intents));
    }

    /// In place of the tabs.
    pub fn page(&mut self, ui: &mut Ui, language: Language, intents: &mut Vec<Intent>) {
        ui.set_min_size(ui.available_size());
        ui.vertical(|ui| {
            // Lines across a whole window are hard to read.
            ui.set_max_width(ui.available_width().min(size::DESK_MOST));
            self.show(ui, language, intents);
        });
    }

    /// ```text
    /// 地址                                                        ×
    /// [ 计算器 | 本机接口 | 端口 | 域名 ]
    /// ```
    pub fn show(&mut self, ui: &mut Ui, language: Language, intents: &mut Vec<Intent>) {
        let tr = |key: &str| language.tr(key).into_owned();
        ui.set_min_width(ui.available_width());
        ui.horizontal(|ui| {
            ui.label(RichText::new(tr("desk.title")).size(size::TITLE_TEXT).color(palette(ui).strong));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if control::bare(ui, ICON_CLOSE, &tr("desk.close")).clicked() {
                    intents.push(Intent::Settings(Change::Desk(false)));
                }
            });
        });
        let pages = [
            (Page::Calculator, tr("desk.calculator"), tr("desk.calculator_hint")),
            (Page::Interfaces, tr("desk.interfaces"), tr("desk.interfaces_hint")),
            (Page::Ports, tr("desk.ports"), tr("desk.ports_hint")),
            (Page::Names, tr("desk.names"), tr("desk.names_hint")),
        ];
        control::segments(ui, &mut self.page, &pages);
        ui.add_space(space::TINY);
        match self.page {
            // Its rows are many, so it scrolls by itself.
            Page::Ports => self.ports.show(ui, language),
            Page::Calculator => scrolled(ui, |ui| self.calculator.show(ui, language)),
            Page::Names => scrolled(ui, |ui| self.names.show(ui, language)),
            Page::Interfaces => {
                if let Some(chosen) = scrolled(ui, |ui| self.interfaces.show(ui, language)) {
                    self.calculator.take(&chosen);
                    self.page = Page::Calculator;
                }
            }
        }
    }
}

fn scrolled<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    ScrollArea::vertical().id_salt("desk").auto_shrink(false).show(ui, add).inner
}

/// The width of a fact's name.
const FACT: f32 = 132.0;

/// Lines close to each other.
fn compact(ui: &mut Ui) {
    ui.spacing_mut().item_spacing.y = space::TINY;
    ui.spacing_mut().interact_size.y = size::ROW;
}

/// A line with a name and a value that can be copied.
fn fact(ui: &mut Ui, name: &str, value: &str) -> Response {
    let colors = palette(ui);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::TINY;
        let width = FACT.min(ui.available_width() / 2.0);
        let (_, room) = ui.allocate_space(vec2(width, size::ROW));
        let layout = Layout::left_to_right(Align::Center);
        let mut child = ui.new_child(egui::UiBuilder::new().max_rect(room).layout(layout));
        child.add(Label::new(RichText::new(name).color(colors.weak)).truncate());
        ui.add(Label::new(RichText::new(value).monospace().color(colors.text)).wrap())
    })
    .inner
}

/// A field with its name, and beneath it what is wrong.
fn typed(ui: &mut Ui, name: &str, value: &mut String, hint: &str, problem: Option<&str>) -> Response {
    let response = field::labelled(ui, name, |ui, id| {
        let edit = TextEdit::singleline(value)
            .hint_text(hint.to_owned())
            .desired_width(ui.available_width())
            .min_size(vec2(0.0, size::CONTROL))
            .align(egui::Align2::LEFT_CENTER)
            .font(super::theme::mono());
        ui.add(edit).labelled_by(id)
    });
    if let Some(problem) = problem {
        field::beneath(ui, problem, palette(ui).error);
    }
    response
}

/// A sentence of explanation.
fn explained(ui: &mut Ui, text: &str) {
    ui.add(Label::new(RichText::new(text).color(palette(ui).text)).wrap());
}

/// A smaller one.
fn remark(ui: &mut Ui, text: &str) {
    ui.add(Label::new(RichText::new(text).size(size::CAPTION_TEXT).color(palette(ui).weak)).wrap());
}

/// The words of a key whose places are filled with texts.
fn filled(language: Language, key: &str, values: &[(&'static str, String)]) -> String {
    let values: Vec<(&str, &dyn Display)> = values.iter().map(|(name, value)| (*name, value as &dyn Display)).collect();
    language.tr_with(key, &values)
}
