//! 时序图: the ladder of a conversation, with a life-line for each of the two programs, time running down, every call on its own side and
//! between them what travelled. Solid was observed, dashed was inferred. Pure: records, calls and captured packets in, a picture out. Must
//! never ask a socket, a file or the clock, and never do more than a screenful of work, however many records there are.
//!
//! | file | what it answers |
//! | --- | --- |
//! | `step` | what stands on the ladder |
//! | `told` | what the calls of a session tell of its connections |
//! | `infer` | what a record or a call tells about what travelled: the numbered rules |
//! | `pair` | which session is the other end |
//! | `wire` | captured packets, and what they confirm |
//! | `window` | the part around the records in view: each with what happened before it |
//! | `join` | what left and what arrived, joined to arrows |
//! | `words` | what is written, in both languages |
//! | `paint` | the picture |

pub mod infer;
pub mod join;
pub mod paint;
pub mod pair;
pub mod step;
pub mod told;
pub mod window;
pub mod wire;
pub mod words;

#[cfg(test)]
mod tests;

pub use infer::Acks;
pub use step::{End, Mark};

/// How time is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Spacing {
    /// Every line as far from the next; longer pauses are written down.
    #[default]
    Even,
    /// As time went by, in points per millisecond; what would be longer than a screen is shortened, and says so.
    Time(f32),
}
