//! What reading a capture left out, in numbers and in words. Must never decide what is left out.

use crate::i18n::Language;
use std::fmt::Display;

/// What was read of a capture and not shown. All zero for one that was read whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Bytes at the end that make no whole block, packet or line: the file was cut there, or is damaged from there on.
    pub cut: u64,
    /// Packets that are neither TCP nor UDP, or have a link type or header that is not understood.
    pub others: u64,
    /// Packets of which the capture kept only a part (its snapshot length).
    pub truncated: u64,
    /// Payload bytes that the capture does not have: cut off, or never captured. A gap stands in their place.
    pub missing: u64,
    /// Bytes that TCP sent again; they are shown once.
    pub repeated: u64,
    /// IP fragments that could not be put together.
    pub fragments: u64,
    /// Blocks or lines that are not understood.
    pub unread: u64,
    /// Records of a log whose text does not have the length that its header tells: probably another encoding.
    pub misfits: u64,
}

impl Summary {
    /// A sentence for each thing that was left out, the weightiest first. Bytes sent again are no loss and have none.
    pub fn warnings(&self, language: Language) -> Vec<String> {
        let counts = [
            ("capture.cut", self.cut),
            ("capture.missing", self.missing),
            ("capture.misfits", self.misfits),
            ("capture.truncated", self.truncated),
            ("capture.fragments", self.fragments),
            ("capture.unread", self.unread),
            ("capture.others", self.others),
        ];
        let told = |(key, count): &(&str, u64)| language.tr_with(key, &[("count", count as &dyn Display)]);
        counts.iter().filter(|(_, count)| *count > 0).map(told).collect()
    }
}
