//! Projector mode: everything larger and with more contrast, and the whole screen. Must never change what the user chose for the screen
//! itself.

use super::App;
use crate::ui::intent::Change;
use egui::{Key, Modifiers, Ui, ViewportCommand};

impl App {
    /// F11 turns it on with the whole screen, and off again.
    pub(super) fn project(&mut self, ui: &Ui) {
        if !ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::F11)) {
            return;
        }
        let on = !self.settings.projector;
        self.change(Change::Projector(on), ui.ctx());
        ui.ctx().send_viewport_cmd(ViewportCommand::Fullscreen(on));
        // The next frame has the new size; this one is drawn at the old.
        ui.ctx().request_repaint();
    }
}
