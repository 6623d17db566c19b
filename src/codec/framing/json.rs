//! Frames that are JSON values (RFC 8259), one after another, with or without line ends between them. It must never be a validator: it
//! looks only for where a value ends, and for signs that one lost its end, so that one bad message does not swallow those after it.
//!
//! 1. Blanks before a value belong to its frame. The record separator of RFC 7464 is a blank.
//! 2. An object or array ends with its last bracket, a string with its quotation mark, `true`, `false` and `null` with their last letter;
//!    a number only with the byte after it, which is not its own.
//! 3. A byte that cannot begin a value begins a frame that is no JSON: up to its line end, or to the next `{` or `[`.
//! 4. Inside a value, a byte that JSON has no place for ends the frame before it: a control character in a string (one that lost its end
//!    does not reach past the line), a sign that is none, an opening bracket where a comma would have to stand (the value before lost its
//!    own bracket).

use super::{End, Inside, LIMIT, LONGEST};

/// The value under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Json {
    mode: Mode,
    /// Brackets that are open.
    depth: u32,
    /// The last byte outside strings that is no blank.
    before: u8,
    /// How often the value was cut at the limit.
    pieces: u16,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    /// Nothing but blanks so far.
    #[default]
    Blank,
    /// Between brackets, outside strings.
    Structure,
    String,
    /// After a backslash in a string.
    Escape,
    Number,
    /// So many letters of one of [`WORDS`].
    Word {
        word: u8,
        letters: u8,
    },
    /// No JSON.
    Junk,
}

/// What stands for itself.
const WORDS: [&[u8]; 3] = [b"true", b"false", b"null"];

/// What a byte means for the frame under way.
enum Verdict {
    More,
    EndsBefore(End),
    EndsAfter(End),
}

use Verdict::{EndsAfter, EndsBefore, More};

pub(super) fn step(inside: &mut Inside, window: &[u8]) -> (usize, Option<End>) {
    let mut json = match inside {
        Inside::Json(json) => *json,
        _ => Json::default(),
    };
    for (place, byte) in window.iter().enumerate() {
        match json.take(*byte) {
            More => {}
            EndsBefore(why) => return (place, Some(why)),
            EndsAfter(why) => return (place + 1, Some(why)),
        }
    }
    *inside = Inside::Json(json);
    (window.len(), None)
}

impl Json {
    /// The frame ends at the limit: what goes on after it, if it is still the same value.
    pub fn after_cut(self) -> Option<Self> {
        let pieces = self.pieces + 1;
        let is_value = matches!(self.mode, Mode::Structure | Mode::String | Mode::Escape);
        (is_value && u64::from(pieces) * (LIMIT as u64) < LONGEST).then_some(Self { pieces, ..self })
    }

    /// What it is if nothing follows.
    pub fn finish(&self) -> Option<End> {
        match self.mode {
            Mode::Blank => None,
            Mode::Number => Some(End::Complete),
            Mode::Junk => Some(End::NotJson),
            _ => Some(End::Unfinished),
        }
    }

    fn take(&mut self, byte: u8) -> Verdict {
        match self.mode {
            Mode::Blank => self.begin(byte),
            Mode::Structure => self.structure(byte),
            Mode::String | Mode::Escape => self.string(byte),
            Mode::Number if is_of_number(byte) => More,
            Mode::Number => EndsBefore(End::Complete),
            Mode::Word { word, letters } => self.word(word, letters, byte),
            Mode::Junk => match byte {
                b'\n' => EndsAfter(End::NotJson),
                b'{' | b'[' => EndsBefore(End::NotJson),
                _ => More,
            },
        }
    }

    fn begin(&mut self, byte: u8) -> Verdict {
        self.before = byte;
        self.mode = match byte {
            _ if is_blank(byte) => Mode::Blank,
            b'{' | b'[' => {
                self.depth = 1;
                Mode::Structure
            }
            b'"' => Mode::String,
            b'-' | b'0'..=b'9' => Mode::Number,
            b't' => Mode::Word { word: 0, letters: 1 },
            b'f' => Mode::Word { word: 1, letters: 1 },
            b'n' => Mode::Word { word: 2, letters: 1 },
            _ => Mode::Junk,
        };
        More
    }

    fn structure(&mut self, byte: u8) -> Verdict {
        match byte {
            _ if is_blank(byte) => return More,
            b'"' => self.mode = Mode::String,
            b'{' | b'[' if matches!(self.before, b'[' | b',' | b':') => self.depth = self.depth.saturating_add(1),
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    return EndsAfter(End::Complete);
                }
            }
            b',' | b':' | b'a'..=b'z' => {}
            _ if is_of_number(byte) => {}
            _ => return EndsBefore(End::NotJson),
        }
        self.before = byte;
        More
    }

    fn string(&mut self, byte: u8) -> Verdict {
        match byte {
            0..0x20 => return EndsBefore(End::NotJson),
            _ if self.mode == Mode::Escape => self.mode = Mode::String,
            b'\\' => self.mode = Mode::Escape,
            b'"' if self.depth == 0 => return EndsAfter(End::Complete),
            b'"' => self.mode = Mode::Structure,
            _ => {}
        }
        More
    }

    fn word(&mut self, word: u8, letters: u8, byte: u8) -> Verdict {
        let expected = WORDS.get(usize::from(word)).copied().unwrap_or_default();
        if expected.get(usize::from(letters)) != Some(&byte) {
            self.mode = Mode::Junk;
            return self.take(byte);
        }
        let letters = letters + 1;
        if usize::from(letters) == expected.len() {
            return EndsAfter(End::Complete);
        }
        self.mode = Mode::Word { word, letters };
        More
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x1E)
}

fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')
}
