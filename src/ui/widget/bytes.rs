//! Bytes and text made visible: what does not decode is `\xHH` in the warning colour, what cannot be seen is escaped in the weak one.
//! Must never lay out more than a line shows.

use crate::codec::decoder::Piece;
use crate::codec::hex;
use crate::traffic::format::push_visible;
use crate::traffic::text::Span;
use crate::ui::theme::{self, Palette};
use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, FontId};
use std::ops::Range;

/// A line of the log under construction.
pub struct Line {
    job: LayoutJob,
    font: FontId,
    /// Behind what is pushed now.
    ground: Color32,
}

impl Line {
    /// An empty line that is cut at so many points.
    pub fn new(width: f32) -> Self {
        let mut job = LayoutJob::default();
        job.wrap.max_width = width.max(1.0);
        job.wrap.max_rows = 1;
        job.wrap.break_anywhere = true;
        Self { job, font: theme::mono(), ground: Color32::TRANSPARENT }
    }

    /// The same for words instead of bytes.
    pub fn prose(width: f32) -> Self {
        Self { font: theme::font(theme::size::CONTROL_TEXT), ..Self::new(width) }
    }

    /// The same in the letters of captions.
    pub fn caption(width: f32) -> Self {
        Self { font: theme::font(theme::size::CAPTION_TEXT), ..Self::new(width) }
    }

    /// Adds text as it is.
    pub fn push(&mut self, text: &str, color: Color32) {
        self.push_on(text, color, self.ground);
    }

    /// The same on a ground of its own.
    fn push_on(&mut self, text: &str, color: Color32, ground: Color32) {
        let format = TextFormat { background: ground, ..TextFormat::simple(self.font.clone(), color) };
        self.job.append(text, 0.0, format);
    }

    /// Adds text in which some characters are marked; the ranges are in bytes of the text.
    pub fn push_marked(&mut self, text: &str, marks: impl IntoIterator<Item = Range<usize>>, color: Color32, palette: &Palette) {
        let mut from = 0;
        for mark in marks {
            let mark = mark.start.clamp(from, text.len())..mark.end.clamp(from, text.len());
            self.push(text.get(from..mark.start).unwrap_or_default(), color);
            self.push_on(text.get(mark.clone()).unwrap_or_default(), palette.strong, palette.marked);
            from = mark.end;
        }
        self.push(text.get(from..).unwrap_or_default(), color);
    }

    /// Adds decoded characters, up to so many: a line holds no more, and laying out what is cut off costs time.
    pub fn push_spans(&mut self, spans: &[Span], most: usize, color: Color32, palette: &Palette) {
        let mut left = most;
        for span in spans {
            self.ground = if span.marked { palette.marked } else { Color32::TRANSPARENT };
            let color = if span.marked { palette.strong } else { color };
            match &span.piece {
                Piece::Invalid(bytes) => {
                    let text: String = bytes.iter().take(left).map(|byte| format!("\\x{byte:02X}")).collect();
                    left = left.saturating_sub(text.len());
                    self.push(&text, palette.warning);
                }
                Piece::Text(text) => left = self.push_text(text, left, color, palette.weak),
            }
            if left == 0 {
                break;
            }
        }
        self.ground = Color32::TRANSPARENT;
    }

    fn push_text(&mut self, text: &str, most: usize, color: Color32, invisible: Color32) -> usize {
        let mut left = most;
        let mut plain = String::new();
        let mut shown = String::new();
        for character in text.chars().take(most) {
            shown.clear();
            push_visible(&mut shown, character);
            if shown.len() == character.len_utf8() {
                plain.push(character);
            } else {
                self.push(&std::mem::take(&mut plain), color);
                self.push(&shown, invisible);
            }
            left = left.saturating_sub(shown.chars().count());
        }
        self.push(&plain, color);
        left
    }

    /// The finished line.
    pub fn finish(self) -> LayoutJob {
        self.job
    }
}

/// Hex of as many bytes as fit a line.
pub fn hex_line(bytes: &[u8], most: usize) -> String {
    let mut text = hex::spaced(&bytes[..bytes.len().min(most)]);
    if bytes.len() > most {
        text.push_str(" …");
    }
    text
}

/// One line of a dump: offset and hex columns, padded so that the text column lines up.
pub fn dump_columns(offset: usize, bytes: &[u8], columns: usize) -> String {
    let mut text = format!("{offset:04X}  ");
    for index in 0..columns {
        match bytes.get(index) {
            Some(byte) => text.push_str(&format!("{byte:02X} ")),
            None => text.push_str("   "),
        }
        if index + 1 == columns / 2 {
            text.push(' ');
        }
    }
    text.push(' ');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_dump_line_is_as_wide_as_a_full_one() {
        let full = dump_columns(0, &[0; 16], 16);
        assert_eq!(dump_columns(16, b"ab", 16).len(), full.len());
        assert!(full.starts_with("0000  00 00"));
    }
}
