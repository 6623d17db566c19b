//! 边界: what was written above, what was read below, the same bytes in the same colour; a stream beside datagrams. Must never know
//! whose sockets they were, nor who draws: it is handed chunks of bytes and hands out a [`Scene`](super::scene::Scene).
//!
//! | part | what it is |
//! | --- | --- |
//! | [`Stream`], [`turns`] | writes and reads of one way of a connection, laid over each other |
//! | [`Datagrams`], [`Fate`] | datagrams sent, and what became of each |
//! | [`Frames`] | what the program sees that frames the stream by a rule: the cure |
//! | [`Tally`] | what became of boundaries, in numbers and in words |
//! | [`picture`] | all of it drawn, as far as it is in view |
//!
//! What holds:
//! 1. In a stream the same place is the same byte: writes and reads are laid over each other by their offset (RFC 9293 section 3.4:
//!    every octet has its number, and there is no other mark in a stream). So a write's bytes stand straight below it.
//! 2. A *turn* goes from a place where both a write and a read begin to the next place where both end. One write and one read: the
//!    boundary was kept, by chance. Several writes in one read: 粘包. One write in several reads: 拆包. Else boundaries were shifted.
//! 3. Turns make an *exchange* until nothing happens for [`PAUSE`]; each has its own verdict.
//! 4. What was written and nobody has read yet is drawn dashed: that it waits is inferred.
//! 5. A datagram received is the earliest one sent that has the same bytes and has not arrived yet; one that was cut, of the rest the
//!    next behind that which arrived before it that begins with what was kept. One that has the bytes of a datagram that has arrived already was repeated. One sent that has not arrived although
//!    a later one has is missing, and drawn dashed, because nobody saw it go.

mod datagrams;
mod draw;
mod exchange;
mod frames;
mod layout;
mod stream;
mod tally;
#[cfg(test)]
mod tests;

pub use datagrams::{Arrived, Cut, Datagrams, Fate, Slot};
pub use exchange::{Exchange, PAUSE};
pub use frames::{Framed, Frames, frames};
pub use layout::{Plan, Style, fitting_scale, picture, step_scale};
pub use stream::{Stream, Turn, turns};
pub use tally::{Kind, Tally};

use crate::session::id::SessionId;
use crate::session::timestamp::Timestamp;
use crate::traffic::record::RecordId;
use std::ops::Range;
use std::sync::Arc;

/// The most chunks of one lane that a picture is made of; the rest is reached by moving the view. A screenful holds some hundred.
pub const MOST_CHUNKS: usize = 400;

/// One write, read or datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Its record in its session's log.
    pub record: RecordId,
    /// When it was seen.
    pub at: Timestamp,
    /// How many bytes of its stream come before it; 0 for datagrams.
    pub offset: u64,
    /// Exactly these.
    pub bytes: Arc<[u8]>,
}

impl Chunk {
    /// Its place in its stream.
    pub fn range(&self) -> Range<u64> {
        self.offset..self.end()
    }

    /// The place after its last byte.
    pub fn end(&self) -> u64 {
        self.offset + self.bytes.len() as u64
    }
}

/// What a block stands for, so that it can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// The session whose log has the record.
    pub session: SessionId,
    /// The record; of a frame, that which completed it.
    pub record: RecordId,
    /// Of a frame, where in its stream it begins: several may have come in one read.
    pub frame: Option<u64>,
}

impl Mark {
    /// Stands for a record.
    pub fn of(session: SessionId, record: RecordId) -> Self {
        Self { session, record, frame: None }
    }
}

/// One lane: chunks in order, and whose they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane<C> {
    /// The session that wrote or read them.
    pub session: SessionId,
    /// In the order in which it did.
    pub chunks: Vec<C>,
}

/// One way of a connection, or datagrams one way.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Bytes without boundaries.
    Stream(Stream),
    /// Boundaries, and no promises.
    Datagrams(Datagrams),
}
