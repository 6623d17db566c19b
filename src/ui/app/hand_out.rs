//! What the app does about hand-outs: it asks where to, and tells where they are. Must never write one itself.

use super::App;
use crate::ui::hand_out::{HandOut, Saved, Saving};
use egui::Ui;

impl App {
    pub(super) fn begin_hand_out(&mut self, hand_out: HandOut) {
        self.hand_out = Some(Saving::new(hand_out, &self.stamp()));
    }

    /// The dialogue.
    pub(super) fn ask_hand_out(&mut self, ui: &mut Ui) {
        let language = self.language();
        let Some(mut saving) = self.hand_out.take() else { return };
        match saving.show(ui, language) {
            Saved::Open => self.hand_out = Some(saving),
            Saved::Cancelled => {}
            Saved::Done(path) => self.notices.good(language.tr_with("hand_out.saved", &[("path", &path.display())])),
        }
    }
}
