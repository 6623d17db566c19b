//! What the app does about encodings: the lens under the tabs, and what it asks for. Must never choose an encoding by itself.

use super::App;
use crate::session::id::SessionId;
use crate::traffic::model::Model;
use crate::traffic::record::RecordId;
use crate::ui::intent::Intent;
use egui::Ui;

impl App {
    pub(super) fn show_lens(&mut self, ui: &mut Ui, intents: &mut Vec<Intent>) {
        if self.settings.lens {
            let language = self.language();
            self.lens.panel(ui, language, intents);
        }
    }

    /// Shows or hides the lens. The foot of the window has room for one panel.
    pub(super) fn open_lens(&mut self, shown: bool) {
        self.settings.lens = shown;
        self.settings.encapsulation &= !shown;
    }

    /// Gives the lens the selected row of the tab in front.
    pub(super) fn look_through_lens(&mut self, model: &Model, wanted: &mut Vec<(SessionId, RecordId)>) {
        if self.settings.lens {
            let tab = self.focused.and_then(|id| self.tabs.get(&id));
            wanted.extend(self.lens.look(tab, model, &self.pages));
        }
    }

    /// Carries out what the lens asks for.
    pub(super) fn read_otherwise(&mut self, intent: Intent) {
        match intent {
            Intent::Lens(page) => {
                self.open_lens(true);
                self.lens.open(page);
                if let Some(tab) = self.focused.and_then(|id| self.tabs.get_mut(&id)) {
                    tab.reveal_selected();
                }
            }
            Intent::Read(id, scope, encoding) => {
                if let Some(tab) = self.tabs.get_mut(&id) {
                    tab.read_in(scope, encoding);
                }
            }
            Intent::JudgeAgain(id, stream) => {
                if let Some(tab) = self.tabs.get(&id) {
                    tab.heads.forget(stream);
                }
            }
            _ => {}
        }
    }
}
