//! Which bytes the lens looks at, and what stands around them. Must never hold more of a record than it shows.

use crate::codec::decoder::escaped;
use crate::codec::encoding::Encoding;
use crate::session::id::SessionId;
use crate::traffic::encodings::{Because, Encodings};
use crate::traffic::frames::Row;
use crate::traffic::heads::Stream;
use crate::traffic::record::{RecordId, Records};
use crate::traffic::text::Around;

/// Bytes that are looked at.
pub const SHOWN: usize = 1 << 10;
/// Bytes before them from which a decoder finds its place.
const BEFORE: usize = 64;
/// Bytes after them that may end a character.
const AFTER: usize = 3;

/// Bytes and where they are from.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// Their place, where they are of a session.
    pub place: Option<Place>,
    /// What stands around them in their stream.
    pub around: Around,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// How many there are in all.
    pub total: usize,
    /// How many bytes of the stream come before them.
    pub offset: u64,
    /// Whether nothing can follow: what is not ended there is malformed.
    pub ends: bool,
}

/// Where bytes of a session stand.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Whose.
    pub session: SessionId,
    /// The record, or the first of a frame.
    pub record: RecordId,
    /// Peer and direction.
    pub stream: Stream,
    /// What they are read in now.
    pub encoding: Encoding,
    /// Why.
    pub because: Because,
    /// How they read now.
    pub text: String,
}

impl Subject {
    /// Bytes that were typed or pasted.
    pub fn typed(bytes: &[u8]) -> Self {
        Self {
            place: None,
            around: Around::default(),
            bytes: bytes.iter().copied().take(SHOWN).collect(),
            total: bytes.len(),
            offset: 0,
            ends: bytes.len() <= SHOWN,
        }
    }

    /// A row, as far as it is at hand; `None` for a note.
    pub fn of_row(records: &impl Records, row: &Row, session: SessionId, encodings: &Encodings) -> Option<Self> {
        let record = row.record(records)?;
        let data = record.data()?;
        let first = row.first_record()?;
        let encoding = encodings.of(first, data);
        let (skip, after) = match row {
            Row::Record(_) => (0, if data.bytes.len() <= SHOWN { AFTER } else { 0 }),
            Row::Frame(frame) => (frame.parts.first().map_or(0, |(_, range)| range.start as usize), 0),
        };
        let mut around = Around::of(records, first, skip, (BEFORE, after));
        if let Some(beyond) = data.bytes.get(SHOWN..) {
            around.after.splice(.., beyond.iter().copied().take(AFTER));
        }
        let ends = data.peer.stream().is_none() && data.bytes.len() <= SHOWN;
        let bytes = data.bytes.get(..SHOWN).unwrap_or(&data.bytes).to_vec();
        let text = row.reading(records, encoding).map_or_else(String::new, |reading| escaped(&reading.text(SHOWN)));
        let place = Place {
            session,
            record: first,
            stream: (data.peer, data.direction),
            encoding,
            because: encodings.because(first, data),
            text,
        };
        Some(Self { place: Some(place), around, bytes, total: data.bytes.len(), offset: data.offset, ends })
    }

    /// What tells the encoding of the whole stream that a row belongs to.
    pub fn of_stream(self, sample: Vec<u8>) -> Self {
        Self { around: Around::default(), offset: 0, total: sample.len(), bytes: sample, ends: false, ..self }
    }

    /// The same bytes, wherever they are from.
    pub fn same_bytes(&self, other: &Self) -> bool {
        (&self.bytes, &self.around, self.offset, self.ends) == (&other.bytes, &other.around, other.offset, other.ends)
    }
}
