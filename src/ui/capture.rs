//! Capturing a session's packets, as its tab knows it: the switch, why it can't be, and what there is. Must never start a capture: it
//! puts an intent out, and the app does.

use super::hand_out::{Contents, HandOut};
use super::intent::Intent;
use super::theme::size;
use super::widget::control::{self, palette};
use crate::capture::caught::Packets;
use crate::describe::{self, grouped};
use crate::i18n::Language;
use crate::session::ends::Ends;
use crate::session::failure::Failure;
use crate::session::id::SessionId;
use crate::session::spec::Switch;
use egui::accesskit::Role;
use egui::{Button, Label, Response, RichText, Ui, WidgetInfo, vec2};
use egui_material_icons::icons::{ICON_DOWNLOAD, ICON_RADAR};
use parking_lot::Mutex;
use std::sync::Arc;

/// What a tab knows of its capture.
#[derive(Default)]
pub struct Capture {
    /// Whether it runs.
    pub running: Switch,
    /// Why it could not begin, the last time.
    pub failure: Option<Failure>,
    /// What was captured, since it last began: locked for a moment by the thread that captures, and to be locked for a moment only.
    pub packets: Option<Arc<Mutex<Packets>>>,
    /// The session's ends in the last frame.
    pub ends: Vec<Ends>,
    /// The ends that were asked for when it was last opened, until they are its own.
    pub opening: Vec<Ends>,
}

/// A button of an icon and a word that is on or off.
fn switch(ui: &mut Ui, word: &str, running: Switch) -> Response {
    let color = if running.is_on() { palette(ui).accent_text } else { palette(ui).text };
    let label = (control::icon(ICON_RADAR).color(color), RichText::new(word).color(color));
    let button = Button::new(label).selected(running.is_on()).min_size(vec2(0.0, size::CONTROL));
    let response = ui.add(button);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, running.is_on(), word));
    response
}

impl Capture {
    /// `[◎ 抓包] 12 个包，丢失 0   [⤓ 存为 pcapng…]`, and in a line below why it can't be.
    pub fn bar(&self, ui: &mut Ui, id: SessionId, language: Language, intents: &mut Vec<Intent>) {
        let on = self.running == Switch::On;
        let switch = switch(ui, &language.tr(if on { "packets.capturing" } else { "packets.capture" }), self.running);
        if switch.on_hover_text(language.tr("packets.capture_hint")).clicked() {
            intents.push(Intent::Capture(id, if on { Switch::Off } else { Switch::On }));
        }
        let Some(packets) = &self.packets else { return };
        let packets = packets.lock();
        let (count, lost, forgotten) = (packets.next(), packets.lost(), packets.forgotten());
        let ended = packets.ended().map(str::to_owned);
        drop(packets);
        ui.label(RichText::new(language.tr_with("packets.count", &[("count", &grouped(count))])).color(palette(ui).weak));
        for (number, key) in [(lost, "packets.lost"), (forgotten, "packets.forgotten")] {
            if number > 0 {
                let text = language.tr_with(key, &[("count", &grouped(number))]);
                ui.label(RichText::new(text).color(palette(ui).warning));
            }
        }
        if let Some(reason) = ended {
            ui.label(RichText::new(language.tr_with("packets.ended", &[("reason", &reason)])).color(palette(ui).error));
        }
        let save = control::quiet_if(ui, count > 0, ICON_DOWNLOAD, &language.tr("packets.save"));
        if save.on_hover_text(language.tr("packets.save_hint")).clicked() {
            intents.push(Intent::HandOut(self.hand_out()));
        }
    }

    /// Why it can't be, and what to do about it, in a line of its own.
    pub fn refusal(&self, ui: &mut Ui, language: Language) {
        if let Some(failure) = &self.failure {
            let text = RichText::new(describe::with_advice(language, failure)).color(palette(ui).error);
            ui.add(Label::new(text).wrap().selectable(true));
        }
    }

    /// What was captured, as a file.
    fn hand_out(&self) -> HandOut {
        let list: Vec<_> = self
            .packets
            .iter()
            .flat_map(|packets| {
                let packets = packets.lock();
                packets.range(packets.numbers()).cloned().collect::<Vec<_>>()
            })
            .collect();
        HandOut { subject: "packets".to_owned(), ending: "pcapng", contents: Contents::Packets(list) }
    }
}
