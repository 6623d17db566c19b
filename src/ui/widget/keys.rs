//! Keys that mean something of their own in a widget. Must never take a key that was pressed with more than was asked for.

use egui::{Event, Key, Modifiers, Ui};

/// Whether the key was pressed with exactly these modifiers, and takes it away if so. egui's own `consume_key` lets Shift and Alt pass:
/// Shift+Enter would be Enter.
pub fn pressed(ui: &Ui, modifiers: Modifiers, key: Key) -> bool {
    ui.input_mut(|input| {
        let before = input.events.len();
        input.events.retain(|event| match event {
            Event::Key { key: pressed_key, pressed: true, modifiers: held, .. } => {
                *pressed_key != key || !held.matches_exact(modifiers)
            }
            _ => true,
        });
        input.events.len() < before
    })
}
