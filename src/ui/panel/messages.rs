//! 飞秋: a page of a session's tab. Must never do more than a screenful of work in a frame.

use crate::session::id::SessionId;
use crate::traffic::record::RecordId;
use crate::ui::intent::Intent;
use crate::ui::page::PageLook;
use crate::ui::session::{SessionTab, Surroundings};
use egui::Ui;

/// What the page keeps from one frame to the next.
#[derive(Default)]
pub struct Messages {}

impl Messages {
    /// Takes out of the model what this frame shows; the records for it that are not at hand.
    pub fn look(&mut self, _look: &PageLook<'_>) -> Vec<(SessionId, RecordId)> {
        Vec::new()
    }
}

/// The page, in the room of the log.
pub fn show(_tab: &mut SessionTab, _ui: &mut Ui, _around: &Surroundings<'_>, _intents: &mut Vec<Intent>) {}
