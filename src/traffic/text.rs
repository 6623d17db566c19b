//! The text of one record anywhere in the log: its stream is decoded from the nearest safe place before it. Must never decode more
//! than is looked at, and must never change what is kept.

use super::frames::Frame;
use super::record::{Data, Entry, RecordId, Records};
use crate::codec::decoder::{Decoder, Piece};
use crate::codec::encoding::Encoding;
use std::ops::Range;
use std::sync::Arc;

/// Bytes looked back at first; nearly always enough.
const LOOK_BACK: usize = 64;
/// The most that is looked back for a place that is certainly between two characters. Beyond it the record's own start is taken for
/// one: 64 KiB of double-byte text without a single space, line break or digit before it.
const LONGEST_LOOK_BACK: usize = 64 << 10;

/// Some characters, and whether they belong to what is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The characters.
    pub piece: Piece,
    /// Whether they are to be marked.
    pub marked: bool,
}

/// The bytes of a row, and a decoder that stands at the first of them.
pub struct Reading {
    decoder: Decoder,
    bytes: Arc<[u8]>,
    /// Whether nothing later can complete a character that they begin.
    ends: bool,
}

impl Reading {
    /// The bytes of a record; `None` for a note, and when it is not at hand.
    pub fn of_record(records: &impl Records, id: RecordId, encoding: Encoding) -> Option<Self> {
        let data = data_of(records, id)?;
        let decoder = decoder_at(records, &data, 0, encoding);
        Some(Self { decoder, ends: is_end(records, id, &data), bytes: data.bytes })
    }

    /// The bytes of a frame, read on from what stands before it in its stream: a rule may cut a character in two (`fixed:3` in GBK).
    /// `None` when one of its records is not at hand.
    pub fn of_frame(records: &impl Records, frame: &Frame, encoding: Encoding) -> Option<Self> {
        let Some(((first, range), (last, end))) = frame.parts.first().zip(frame.parts.last()) else {
            return Some(Self { decoder: encoding.decoder(), bytes: Arc::default(), ends: true });
        };
        let data = data_of(records, *first)?;
        let decoder = decoder_at(records, &data, range.start as usize, encoding);
        let data = data_of(records, *last)?;
        let ends = end.end as usize == data.bytes.len() && is_end(records, *last, &data);
        Some(Self { decoder, bytes: frame.bytes(records)?.into(), ends })
    }

    /// The characters that the first `limit` bytes complete. At the end of a stream so far, and of a datagram, also the bytes of a
    /// character that is begun and that nothing has ended, as undecodable.
    pub fn text(mut self, limit: usize) -> Vec<Piece> {
        let shown = self.bytes.len().min(limit);
        let mut pieces = self.decoder.push(&self.bytes[..shown]);
        if shown == self.bytes.len() && self.ends {
            join(&mut pieces, self.decoder.finish());
        }
        pieces
    }

    /// The same in lines of `columns` bytes, `most` of them: each has the characters that its bytes complete. Those completed by bytes in
    /// the ranges of `marks`, which are in order, are marked.
    pub fn lines(mut self, columns: usize, most: usize, marks: &[Range<usize>]) -> Vec<Vec<Span>> {
        let mut lines = Vec::new();
        let mut marks = marks.iter().peekable();
        for (index, line) in self.bytes.chunks(columns).take(most).enumerate() {
            let (mut at, end) = (index * columns, index * columns + line.len());
            let mut spans = Vec::new();
            while at < end {
                while marks.next_if(|mark| mark.end <= at).is_some() {}
                let (until, marked) = match marks.peek() {
                    Some(mark) if mark.start <= at => (mark.end.min(end), true),
                    Some(mark) => (mark.start.min(end), false),
                    None => (end, false),
                };
                let pieces = self.decoder.push(&self.bytes[at..until]);
                spans.extend(pieces.into_iter().map(|piece| Span { piece, marked }));
                at = until;
            }
            lines.push(spans);
        }
        if self.bytes.len() <= columns.saturating_mul(most)
            && self.ends
            && let Some(last) = lines.last_mut()
        {
            last.extend(self.decoder.finish().into_iter().map(|piece| Span { piece, marked: false }));
        }
        lines
    }
}

/// The characters that a record's first `limit` bytes complete.
pub fn of_record(records: &impl Records, id: RecordId, encoding: Encoding, limit: usize) -> Vec<Piece> {
    Reading::of_record(records, id, encoding).map_or_else(Vec::new, |reading| reading.text(limit))
}

/// What stands around some bytes in their stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// Just before.
    pub before: Vec<u8>,
    /// Just after.
    pub after: Vec<u8>,
}

/// Records that are looked through for what follows one in its stream.
const LOOK_AHEAD: u64 = 16;

impl Around {
    /// Around a record, or around what begins at the byte `skip` of it: up to so many bytes before, and after the record, as far as they
    /// are at hand. Nothing stands around a datagram.
    pub fn of(records: &impl Records, id: RecordId, skip: usize, (before, after): (usize, usize)) -> Self {
        let Some(data) = data_of(records, id).filter(|data| data.peer.stream().is_some()) else { return Self::default() };
        let before = bytes_before(records, &data, skip.min(data.bytes.len()), before);
        let mut following = Vec::new();
        for later in (id.0 + 1..=id.0 + LOOK_AHEAD).map(RecordId) {
            let missing = after - following.len();
            if missing == 0 {
                break;
            }
            match data_of(records, later) {
                Some(next) if next.previous.is_some() && next.peer == data.peer && next.direction == data.direction => {
                    following.extend(next.bytes.iter().take(missing));
                }
                _ => {}
            }
        }
        Self { before, after: following }
    }
}

/// Appends pieces; text goes on with text.
fn join(pieces: &mut Vec<Piece>, more: Vec<Piece>) {
    for piece in more {
        match (pieces.last_mut(), piece) {
            (Some(Piece::Text(text)), Piece::Text(more)) => text.push_str(&more),
            (_, piece) => pieces.push(piece),
        }
    }
}

/// A decoder in the state that it has after `skip` bytes of the record.
fn decoder_at(records: &impl Records, data: &Data, skip: usize, encoding: Encoding) -> Decoder {
    let mut decoder = encoding.decoder();
    if data.previous.is_none() && skip == 0 {
        return decoder;
    }
    let mut wanted = LOOK_BACK;
    loop {
        let before = bytes_before(records, data, skip, wanted);
        let complete = before.len() < wanted;
        let start_offset = data.offset.wrapping_add(skip as u64).wrapping_sub(before.len() as u64);
        if let Some(start) = encoding.safe_start(&before, start_offset) {
            decoder.push(&before[start..]);
            return decoder;
        }
        if complete {
            // Lost before this: the oldest byte that is left is taken for the start of a character.
            decoder.push(&before);
            return decoder;
        }
        if wanted >= LONGEST_LOOK_BACK {
            return decoder;
        }
        wanted *= 4;
    }
}

/// Up to `wanted` bytes of the stream just before the byte `skip` of `data`; fewer where the stream or what is left of it begins.
pub(super) fn bytes_before(records: &impl Records, data: &Data, skip: usize, wanted: usize) -> Vec<u8> {
    let own = &data.bytes[skip.saturating_sub(wanted)..skip];
    let mut reversed: Vec<Data> = Vec::new();
    let mut missing = wanted - own.len();
    let mut previous = data.previous;
    while missing > 0
        && let Some(earlier) = previous.and_then(|id| data_of(records, id))
    {
        missing = missing.saturating_sub(earlier.bytes.len());
        // In a file that was tampered with a record may claim to stand before itself.
        previous = earlier.previous.filter(|before| previous.is_some_and(|this| *before < this));
        reversed.push(earlier);
    }
    let mut bytes: Vec<u8> = reversed.iter().rev().flat_map(|part| part.bytes.iter().copied()).collect();
    bytes.extend_from_slice(own);
    bytes.drain(..bytes.len().saturating_sub(wanted));
    bytes
}

/// A record, if it is data.
pub(super) fn data_of(records: &impl Records, id: RecordId) -> Option<Data> {
    match records.get(id)?.entry {
        Entry::Data(data) => Some(data),
        Entry::Note(_) => None,
    }
}

/// Whether no later record can complete a character that this one begins.
fn is_end(records: &impl Records, id: RecordId, data: &Data) -> bool {
    data.peer.stream().is_none() || !records.continues(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::decoder::escaped;
    use crate::session::draft::Draft;
    use crate::session::event::{EndedBy, Ending, SessionEvent, What};
    use crate::session::failure::{Cause, Failure, Operation};
    use crate::session::id::{ConnectionId, Peer, SessionId};
    use crate::session::spec::Role;
    use crate::session::timestamp::Timestamp;
    use crate::traffic::filing::Streams;
    use crate::traffic::log::Log;
    use crate::traffic::record::Record;
    use proptest::prelude::*;

    /// A log and what files for it.
    #[derive(Default)]
    struct Filed {
        log: Log,
        streams: Streams,
    }

    fn push(filed: &mut Filed, connection: u32, bytes: &[u8]) {
        let peer = Peer::connected(ConnectionId(connection), "127.0.0.1:9".parse().unwrap());
        note(filed, What::Received { peer, bytes: bytes.into() });
    }

    fn note(filed: &mut Filed, what: What) {
        let event = SessionEvent { session: SessionId(1), at: Timestamp(0), what };
        let (_, record) = filed.streams.file(&event).unwrap();
        filed.log.push(record);
    }

    fn shown(Filed { log, .. }: &Filed, encoding: Encoding, connection: u32) -> String {
        (log.first().0..log.next().0)
            .map(RecordId)
            .filter(|id| {
                log.in_memory(*id).and_then(Record::peer).is_some_and(|peer| peer.connection == Some(ConnectionId(connection)))
            })
            .map(|id| escaped(&of_record(log, id, encoding, usize::MAX)))
            .collect()
    }

    proptest! {
        /// A character cut in two (or four) by TCP is shown whole, at any byte, in any encoding, with another stream in between.
        #[test]
        fn rows_join_to_the_stream(text in "[你好世界a-c 汉字㐀𠀀\n]{0,60}", cuts in proptest::collection::vec(1usize..5, 1..80), encoding in 0usize..8) {
            let encoding = Encoding::all()[encoding];
            let kept: String = text.chars().filter(|c| encoding.encode(&c.to_string()).is_ok()).collect();
            let bytes = encoding.encode(&kept).unwrap();
            let mut log = Filed::default();
            let mut rest = &bytes[..];
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break; }
                let (now, later) = rest.split_at((*cut).min(rest.len()));
                push(&mut log, 1, now);
                push(&mut log, 2, b"\xc4");
                rest = later;
            }
            prop_assert_eq!(shown(&log, encoding, 1), kept);
        }
    }

    #[test]
    fn a_session_that_is_opened_again_does_not_continue_the_old_stream() {
        let failure = Failure { operation: Operation::Connect, address: String::new(), cause: Cause::Refused, os_code: None };
        for end in [What::Closed { ending: Ending { by: EndedBy::Us, received: 1, sent: 0 } }, What::Failed(failure)] {
            let mut log = Filed::default();
            push(&mut log, 1, b"\xc4");
            note(&mut log, end);
            let spec = Draft::new(Role::TcpClient).spec().unwrap();
            note(&mut log, What::Opening { spec: Box::new(spec) });
            // Even if the connection's number were the same.
            push(&mut log, 1, b"\xe3 ok");
            assert_eq!(shown(&log, Encoding::GBK, 1), "\\xC4\\xE3 ok");
        }
    }

    #[test]
    fn a_character_that_nothing_ends_is_shown_as_bytes() {
        let mut log = Filed::default();
        push(&mut log, 1, "好".as_bytes());
        push(&mut log, 1, b"\xe4\xbd");
        assert_eq!(shown(&log, Encoding::UTF_8, 1), "好\\xE4\\xBD");
        push(&mut log, 1, b"\xa0");
        assert_eq!(shown(&log, Encoding::UTF_8, 1), "好你");
    }
}
