//! The main job without a display (being written).
use crate::i18n::Language;
/// Runs it.
pub fn run(_: Language) -> u8 {
    super::REFUSED
}
