//! What the app does about encapsulation: the panel under the tabs, in the place of the lens. Must never capture a packet itself.

use super::App;
use crate::session::id::SessionId;
use crate::traffic::model::Model;
use crate::traffic::record::RecordId;
use crate::ui::intent::Intent;
use egui::Ui;

impl App {
    pub(super) fn show_encapsulation(&mut self, ui: &mut Ui, intents: &mut Vec<Intent>) {
        if self.settings.encapsulation && !self.settings.lens {
            let language = self.language();
            self.encapsulation.panel(ui, language, intents);
        }
    }

    /// Shows or hides it. The foot of the window has room for one panel.
    pub(super) fn open_encapsulation(&mut self, shown: bool) {
        self.settings.encapsulation = shown;
        self.settings.lens &= !shown;
    }

    /// Shows the selected record.
    pub(super) fn encapsulate(&mut self) {
        self.open_encapsulation(true);
        if let Some(tab) = self.focused.and_then(|id| self.tabs.get_mut(&id)) {
            tab.reveal_selected();
        }
    }

    /// Gives it the selected row of the tab in front.
    pub(super) fn look_at_encapsulation(&mut self, model: &Model, wanted: &mut Vec<(SessionId, RecordId)>) {
        if self.settings.encapsulation {
            let tab = self.focused.and_then(|id| self.tabs.get(&id));
            wanted.extend(self.encapsulation.look(tab, model, &self.pages));
        }
    }
}
