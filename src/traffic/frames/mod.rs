//! The log by frames instead of reads: a view that can be switched at any time, because the records stay what they are. It must never
//! keep bytes, nor anything per frame or record: a chunk of records is framed again when it is looked at.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`Frame`], [`Row`] | what a row shows |
//! | [`FrameIndex`] | which rows there are, and where; for logs that can be looked at anywhere |
//! | [`Assembler`] | rows one after another, as they become complete; for what is only written out |
//!
//! What is a row, and in which order:
//! 1. A frame is a row at the record that completes it; a frame that the next record of its stream only shows to have ended (silence,
//!    a JSON number) is a row just before what that record completes.
//! 2. A note is a row. The incomplete frames of the streams that it ends are rows just before it, in the order of the connections.
//! 3. A datagram is framed on its own; what is left of it is its last frame. It is one row at least.

mod assembler;
mod index;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;
mod walk;

pub use assembler::Assembler;
pub use index::{Excerpt, FrameIndex, Limits};

use super::record::{Data, Direction, Entry, Record, RecordId, Records};
use super::text::Reading;
use crate::codec::encoding::Encoding;
use crate::codec::framing::End;
use crate::session::event::Origin;
use crate::session::id::Peer;
use crate::session::timestamp::Timestamp;
use std::ops::Range;
use walk::{Done, Gather};

/// Some of the bytes of a record.
pub type Part = (RecordId, Range<u32>);

/// A row of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A record: any without framing, a note with it.
    Record(RecordId),
    /// Bytes.
    Frame(Frame),
}

impl Row {
    /// The row as a record; `None` when one of its records is not at hand.
    pub fn record(&self, records: &impl Records) -> Option<Record> {
        match self {
            Self::Record(id) => records.get(*id),
            Self::Frame(frame) => frame.as_record(records),
        }
    }

    /// Its bytes as text; `None` for a note, and when one of its records is not at hand.
    pub fn reading(&self, records: &impl Records, encoding: Encoding) -> Option<Reading> {
        match self {
            Self::Record(id) => Reading::of_record(records, *id, encoding),
            Self::Frame(frame) => Reading::of_frame(records, frame, encoding),
        }
    }

    /// The record that its first byte is in; `None` for a frame of nothing.
    pub fn first_record(&self) -> Option<RecordId> {
        match self {
            Self::Record(id) => Some(*id),
            Self::Frame(frame) => frame.parts.first().map(|(id, _)| *id),
        }
    }

    /// Why its bytes end; `None` for a record, which is what one read, datagram or send gave.
    pub fn end(&self) -> Option<End> {
        match self {
            Self::Record(_) => None,
            Self::Frame(frame) => Some(frame.end),
        }
    }
}

/// Bytes that belong together, and where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// When its last byte was seen.
    pub at: Timestamp,
    /// Which way.
    pub direction: Direction,
    /// From or to whom.
    pub peer: Peer,
    /// Who asked for its last byte to be sent; `None` for what was received.
    pub origin: Option<Origin>,
    /// How many bytes of the stream come before it.
    pub offset: u64,
    /// Its bytes, in order. The first may be missing where older records are gone.
    pub parts: Vec<Part>,
    /// Why it ends.
    pub end: End,
}

impl Frame {
    /// How many bytes it has.
    pub fn length(&self) -> usize {
        self.parts.iter().map(|(_, range)| range.len()).sum()
    }

    /// The record that its last byte is in.
    pub fn last_record(&self) -> Option<RecordId> {
        self.parts.last().map(|(id, _)| *id)
    }

    /// Its bytes; `None` when a record is not at hand.
    pub fn bytes(&self, records: &impl Records) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(self.length());
        for (id, range) in &self.parts {
            let record = records.get(*id)?;
            bytes.extend_from_slice(record.data()?.bytes.get(range.start as usize..range.end as usize)?);
        }
        Some(bytes)
    }

    /// The frame as a record that stands alone, for what writes and shows records; `None` when one of its own is not at hand.
    /// Its text alone may need what stands before it: see [`super::text::Reading::of_frame`].
    pub fn as_record(&self, records: &impl Records) -> Option<Record> {
        let bytes = self.bytes(records)?;
        let Self { at, direction, peer, origin, offset, .. } = *self;
        Some(record(at, Data { direction, peer, bytes: bytes.into(), origin, previous: None, offset }))
    }
}

fn record(at: Timestamp, data: Data) -> Record {
    Record { at, entry: Entry::Data(data) }
}

/// Where the bytes are. No record has 4 GiB.
impl Gather for Vec<Part> {
    fn add(&mut self, id: RecordId, _: &[u8], range: Range<usize>) {
        self.push((id, range.start as u32..range.end as u32));
    }
}

impl From<Done<Vec<Part>>> for Frame {
    fn from(done: Done<Vec<Part>>) -> Self {
        let Done { at, direction, peer, origin, offset, end, gathered: parts } = done;
        Self { at, direction, peer, origin, offset, parts, end }
    }
}
