//! What the app does about encapsulation: the panel under the tabs, in the place of the lens. Must never capture a packet itself.

use super::App;
use crate::capture::caught::Caught;
use crate::history::at_hand::AtHand;
use crate::session::id::SessionId;
use crate::traffic::model::Model;
use crate::traffic::record::RecordId;
use crate::ui::intent::Intent;
use crate::ui::session::SessionTab;
use egui::Ui;
use std::sync::Arc;

/// Packets before and after a record's moment among which its own is looked for. Bytes may wait to be read while others come.
const AROUND: u64 = 512;

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

    /// The packets that were captured around the moment of a tab's selected row.
    fn captured_around(&self, tab: &SessionTab, model: &Model) -> Vec<Arc<Caught>> {
        let (Some(packets), Some(key), Some(session)) = (&tab.capture.packets, tab.selection.last, model.session(tab.id)) else {
            return Vec::new();
        };
        let records = AtHand::new(&session.log, &self.pages, tab.id);
        let row = SessionTab::rows_of(tab.scanner.as_deref(), &[key], &records);
        let Some(record) = row.first().and_then(|row| row.record(&records)) else { return Vec::new() };
        let packets = packets.lock();
        let middle = packets.since(record.at);
        packets.range(middle.saturating_sub(AROUND)..middle + AROUND).cloned().collect()
    }

    /// Gives it the selected row of the tab in front.
    pub(super) fn look_at_encapsulation(&mut self, model: &Model, wanted: &mut Vec<(SessionId, RecordId)>) {
        if self.settings.encapsulation {
            let tab = self.focused.and_then(|id| self.tabs.get(&id));
            let around = tab.map(|tab| self.captured_around(tab, model)).unwrap_or_default();
            // The latest first: of what was sent again, that is what arrived.
            let packets = around.iter().rev().map(|caught| &*caught.packet.bytes);
            wanted.extend(self.encapsulation.look(tab, model, &self.pages, packets));
        }
    }
}
