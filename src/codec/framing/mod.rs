//! How the bytes of one stream fall into frames, by a rule that the user chooses and may change afterwards. It must never keep a
//! byte, never depend on how the stream was cut into reads (but for [`Rule::Idle`], which is about just that), and never grow:
//! everything that it remembers of a stream is a [`State`] of some forty bytes, which can be stored and gone on from.
//!
//! What holds for every rule:
//! 1. Frames, and the bytes still pending after them, are the stream: no byte is left out or comes twice. What ends a frame
//!    (a line end, a delimiter) belongs to it; whoever shows it may trim.
//! 2. No frame is longer than [`LIMIT`], so that a peer which never ends one cannot eat memory. A longer one comes in pieces, each but
//!    the last marked [`End::Cut`]; the rule holds for the whole. By [`Rule::None`] alone a frame is a read, whatever its length.
//! 3. No frame is empty.

mod counted;
mod json;
mod needle;
mod rule;
#[cfg(test)]
mod tests;

pub use counted::{Endian, Length, Width};
pub use rule::{LONGEST_DELIMITER, LONGEST_IDLE, LONGEST_OFFSET, Rule, RuleError};

use needle::Needle;

/// The longest frame, in bytes.
pub const LIMIT: usize = 64 << 10;
/// The longest that a fixed length, a length prefix or a JSON value may make of pieces of [`LIMIT`]. A length beyond it is taken for
/// bytes that are no length at all, and a JSON value beyond it for one that lost its end.
pub const LONGEST: u64 = 16 << 20;

/// Why a frame ends where it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// As the rule says.
    Complete,
    /// It reached [`LIMIT`]; what follows goes on with it.
    Cut,
    /// Its length prefix says less than its own header, or more than [`LONGEST`]: the frame is the header alone.
    BadLength,
    /// These bytes are not JSON.
    NotJson,
    /// Nothing more came.
    Unfinished,
}

impl End {
    /// The word in JSON lines.
    pub fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Cut => "cut",
            Self::BadLength => "bad-length",
            Self::NotJson => "not-json",
            Self::Unfinished => "unfinished",
        }
    }
}

/// The end of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// How many of the bytes just given belong to it or to those before it; 0 where only the next bytes showed that it had ended.
    pub end: usize,
    /// Why it ends there.
    pub why: End,
}

/// Where one stream stands. A new stream has the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Bytes of the incomplete frame.
    pending: u32,
    /// When the last bytes came, in microseconds.
    last: i64,
    inside: Inside,
}

/// What a rule remembers of the frame under way. It outlives a [`End::Cut`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Inside {
    /// Nothing.
    #[default]
    Start,
    /// The bytes of a length prefix so far.
    Header { value: u64 },
    /// A frame of which so many bytes are still to come.
    Body { left: u64 },
    /// So many bytes of a delimiter.
    Matched(u16),
    /// A JSON value.
    Json(json::Json),
}

impl State {
    /// How many bytes the incomplete frame has so far.
    pub fn pending(&self) -> usize {
        self.pending as usize
    }

    /// When the last bytes came, in microseconds.
    pub fn last(&self) -> i64 {
        self.last
    }

    /// Whether nothing has begun: whatever comes next is framed as if it were the first of its stream.
    pub fn is_fresh(&self) -> bool {
        self.pending == 0 && self.inside == Inside::Start
    }

    /// A frame ended at [`LIMIT`]: what the rest of it needs stays.
    fn cut(&mut self) {
        self.pending = 0;
        match &self.inside {
            Inside::Header { .. } => self.inside = Inside::Start,
            Inside::Json(json) => self.inside = json.after_cut().map_or(Inside::Start, Inside::Json),
            _ => {}
        }
    }
}

/// A rule made ready. One serves every stream; each stream has its own [`State`].
#[derive(Debug)]
pub struct Splitter(Way);

#[derive(Debug)]
enum Way {
    Reads,
    Line,
    Fixed(u64),
    Length(Length),
    Needle(Box<Needle>),
    Idle { gap: i64 },
    Json,
}

impl Splitter {
    /// Makes a rule ready.
    pub fn new(rule: &Rule) -> Self {
        Self(match rule {
            Rule::None => Way::Reads,
            Rule::Line => Way::Line,
            Rule::Fixed(length) => Way::Fixed(length.get().into()),
            Rule::Length(length) => Way::Length(*length),
            // Nothing would be found everywhere.
            Rule::Delimiter(delimiter) if delimiter.is_empty() => Way::Reads,
            Rule::Delimiter(delimiter) => Way::Needle(Box::new(Needle::new(delimiter))),
            Rule::Idle(millis) => Way::Idle { gap: i64::from(millis.get()) * 1000 },
            Rule::Json => Way::Json,
        })
    }

    /// Takes in the next bytes of a stream and tells the end of every frame that they end, in order.
    pub fn push(&self, state: &mut State, bytes: &[u8], at_micros: i64, cut: &mut impl FnMut(Cut)) {
        if bytes.is_empty() {
            return;
        }
        if state.pending > 0 && self.deadline(state).is_some_and(|deadline| deadline <= at_micros) {
            cut(Cut { end: 0, why: End::Complete });
            *state = State::default();
        }
        state.last = at_micros;
        if matches!(self.0, Way::Reads) {
            cut(Cut { end: bytes.len(), why: End::Complete });
            return;
        }
        let mut taken = 0;
        while taken < bytes.len() {
            // Never past the limit; every step takes in something or ends a frame, so that this ends.
            let room = LIMIT.saturating_sub(state.pending());
            let window = &bytes[taken..bytes.len().min(taken + room)];
            let (used, end) = self.step(state, window);
            taken += used;
            state.pending += used as u32;
            match end {
                Some(why) => {
                    // A frame whose last piece was cut just before what ends it has nothing left.
                    if state.pending > 0 {
                        cut(Cut { end: taken, why });
                    }
                    state.pending = 0;
                    state.inside = Inside::Start;
                }
                None if state.pending() >= LIMIT => {
                    cut(Cut { end: taken, why: End::Cut });
                    state.cut();
                }
                None => {}
            }
        }
    }

    /// How many bytes of `window` the frame under way takes, and why it ends after them, if it does. All of them where it does not.
    fn step(&self, state: &mut State, window: &[u8]) -> (usize, Option<End>) {
        match &self.0 {
            Way::Reads | Way::Idle { .. } => (window.len(), None),
            Way::Line => match memchr::memchr(b'\n', window) {
                Some(place) => (place + 1, Some(End::Complete)),
                None => (window.len(), None),
            },
            Way::Fixed(length) => counted::fixed(*length, &mut state.inside, window),
            Way::Length(length) => length.step(&mut state.inside, state.pending as usize, window),
            Way::Needle(needle) => needle.step(&mut state.inside, window),
            Way::Json => json::step(&mut state.inside, window),
        }
    }

    /// When the incomplete frame ends if nothing more comes until then, in microseconds; only silence has such a moment.
    pub fn deadline(&self, state: &State) -> Option<i64> {
        match self.0 {
            Way::Idle { gap } if state.pending > 0 => Some(state.last.saturating_add(gap)),
            _ => None,
        }
    }

    /// What the pending bytes are if the stream ends here; `None` where there are none that make a frame (blanks after a JSON value).
    pub fn finish(&self, state: &State) -> Option<End> {
        if state.pending == 0 {
            return None;
        }
        match (&self.0, &state.inside) {
            (Way::Idle { .. }, _) => Some(End::Complete),
            (_, Inside::Json(json)) => json.finish(),
            _ => Some(End::Unfinished),
        }
    }
}
