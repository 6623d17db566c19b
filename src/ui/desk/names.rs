//! What a name stands for: every address as this machine's resolver gives them, in its order, and how a resolver finds them. Must never
//! wait for it.

use super::asking::{Asking, Heard};
use super::{compact, explained, fact, remark, typed};
use crate::describe;
use crate::diagram::names::scene;
use crate::i18n::Language;
use crate::os::resolve::{Resolved, Unresolved, resolve};
use crate::session::subnet::range_of;
use crate::ui::scene_view;
use crate::ui::theme::{size, space};
use crate::ui::widget::control::{self, palette};
use crate::ui::widget::field::caption;
use egui::{Key, Label, RichText, Sense, Ui, vec2};
use egui_material_icons::icons::{ICON_CLOSE, ICON_TRAVEL_EXPLORE};
use std::time::Duration;

/// What came of a question.
pub type Outcome = Result<Resolved, Unresolved>;

/// The page.
pub struct Names {
    /// The name.
    pub name: String,
    /// What was asked last, and what came of it.
    pub outcome: Option<(String, Outcome)>,
    asking: Option<(String, Asking<Outcome>)>,
    trouble: Option<String>,
}

impl Default for Names {
    fn default() -> Self {
        Self { name: "localhost".into(), outcome: None, asking: None, trouble: None }
    }
}

/// How often a wait is shown anew.
const TICK: Duration = Duration::from_millis(200);

impl Names {
    /// ```text
    /// 域名 [localhost]        [解析]
    /// 1  ::1         IPv6  环回    ← 客户端先连它
    /// 2  127.0.0.1   IPv4  环回
    /// ```
    pub fn show(&mut self, ui: &mut Ui, language: Language) {
        let tr = |key: &str| language.tr(key).into_owned();
        self.listen(ui, language);
        let field = typed(ui, &tr("desk.name"), &mut self.name, "www.example.com", None);
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let empty = self.name.trim().is_empty();
        ui.horizontal(|ui| match &self.asking {
            Some((name, asking)) => {
                let waited = match asking.heard(ui.ctx()) {
                    Heard::Waiting(seconds) => seconds,
                    Heard::Answer(_) | Heard::Broken => 0.0,
                };
                let waited = format!("{waited:.1}");
                let told = language.tr_with("desk.resolving", &[("name", name), ("seconds", &waited)]);
                let cancelled = control::quiet(ui, ICON_CLOSE, &tr("desk.cancel")).clicked();
                ui.label(RichText::new(told).color(palette(ui).weak));
                ui.ctx().request_repaint_after(TICK);
                if cancelled {
                    self.asking = None;
                }
            }
            None => {
                let pressed = ui.add_enabled_ui(!empty, |ui| control::primary(ui, ICON_TRAVEL_EXPLORE, &tr("desk.resolve")));
                if (pressed.inner.clicked() || entered) && !empty {
                    self.ask(ui);
                }
            }
        });
        if let Some(trouble) = &self.trouble {
            ui.label(RichText::new(trouble).color(palette(ui).error));
        }
        if let Some((name, outcome)) = &self.outcome {
            ui.add_space(space::SMALL);
            match outcome {
                Ok(resolved) => {
                    ui.scope(|ui| answers(ui, language, name, resolved));
                }
                Err(unresolved) => unanswered(ui, language, unresolved),
            }
        }
        ui.add_space(space::MEDIUM);
        caption(ui, &tr("desk.how_names"));
        path(ui, language, &self.name);
    }

    fn ask(&mut self, ui: &Ui) {
        let name = self.name.trim().to_owned();
        let asked = name.clone();
        match Asking::start(ui.ctx(), "resolve", move || resolve(&asked)) {
            Ok(asking) => (self.asking, self.trouble) = (Some((name, asking)), None),
            Err(trouble) => self.trouble = Some(trouble),
        }
    }

    fn listen(&mut self, ui: &Ui, language: Language) {
        let Some((name, asking)) = &self.asking else { return };
        match asking.heard(ui.ctx()) {
            Heard::Waiting(_) => {}
            Heard::Answer(outcome) => (self.outcome, self.asking) = (Some((name.clone(), outcome)), None),
            Heard::Broken => (self.trouble, self.asking) = (Some(language.tr("desk.broken").into_owned()), None),
        }
    }
}

fn millis(took: Duration) -> String {
    format!("{:.1} ms", took.as_secs_f64() * 1000.0)
}

fn answers(ui: &mut Ui, language: Language, name: &str, resolved: &Resolved) {
    let colors = palette(ui);
    compact(ui);
    let values: [(&str, &dyn std::fmt::Display); 3] =
        [("name", &name), ("count", &resolved.addresses.len()), ("took", &millis(resolved.took))];
    explained(ui, &language.tr_with("desk.resolved", &values));
    for (index, address) in resolved.addresses.iter().enumerate() {
        let family = if address.is_ipv4() { "IPv4" } else { "IPv6" };
        let used_for = language.tr(range_of(*address).used_for.key());
        fact(ui, &format!("{}   {family}", index + 1), &format!("{address}   {used_for}"));
        if index == 0 {
            let first = language.tr("desk.dialled_first");
            ui.label(RichText::new(first).size(size::CAPTION_TEXT).color(colors.accent_text));
        }
    }
    remark(ui, &language.tr("desk.order_note"));
}

fn unanswered(ui: &mut Ui, language: Language, unresolved: &Unresolved) {
    let colors = palette(ui);
    let told = describe::failure(language, &unresolved.failure);
    ui.add(Label::new(RichText::new(told.what).color(colors.error)).wrap());
    ui.add(Label::new(RichText::new(told.advice).color(colors.text)).wrap());
    remark(ui, &format!("{}   ({})", unresolved.told, millis(unresolved.took)));
}

/// How a name is looked up, as it is taught.
fn path(ui: &mut Ui, language: Language, name: &str) {
    let picture = scene(language, name);
    let zoom = (ui.available_width() / picture.width).min(1.0);
    ui.add_space(space::SMALL);
    let (rect, _) = ui.allocate_exact_size(vec2(picture.width, picture.height) * zoom, Sense::hover());
    scene_view::show_at(ui, &language.tr("desk.how_names"), &picture, (rect.min, zoom), None);
    remark(ui, &language.tr("desk.path.dashed"));
    for key in ["desk.names_recursive", "desk.names_iterative", "desk.names_cached"] {
        explained(ui, &language.tr(key));
    }
}
