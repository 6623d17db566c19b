//! The text of one record anywhere in the log: its stream is decoded from the nearest safe place before it. Must never decode more
//! than is looked at, and must never change what is kept.

use super::frames::Frame;
use super::record::{Data, Entry, RecordId, Records};
use crate::codec::decoder::{Decoder, Piece};
use crate::codec::encoding::Encoding;

/// Bytes looked back at first; nearly always enough.
const LOOK_BACK: usize = 64;
/// The most that is looked back for a place that is certainly between two characters. Beyond it the record's own start is taken for
/// one: 64 KiB of double-byte text without a single space, line break or digit before it.
const LONGEST_LOOK_BACK: usize = 64 << 10;

/// The characters that a record's first `limit` bytes complete. The last record of a stream so far, or a datagram, also shows the bytes
/// of a character that it begins and nothing has ended, as undecodable.
pub fn of_record(records: &impl Records, id: RecordId, encoding: Encoding, limit: usize) -> Vec<Piece> {
    let Some(data) = data_of(records, id) else { return Vec::new() };
    let mut decoder = decoder_at(records, &data, encoding);
    let shown = data.bytes.len().min(limit);
    let mut pieces = decoder.push(&data.bytes[..shown]);
    if shown == data.bytes.len() && is_end(records, id, &data) {
        pieces.extend(decoder.finish());
    }
    pieces
}

/// The same, cut into lines of `columns` bytes: each line has the characters that its bytes complete.
pub fn lines_of_record(records: &impl Records, id: RecordId, encoding: Encoding, columns: usize, most: usize) -> Vec<Vec<Piece>> {
    let Some(data) = data_of(records, id) else { return Vec::new() };
    let mut decoder = decoder_at(records, &data, encoding);
    let mut lines: Vec<Vec<Piece>> = data.bytes.chunks(columns).take(most).map(|line| decoder.push(line)).collect();
    if data.bytes.len() <= columns * most
        && is_end(records, id, &data)
        && let Some(last) = lines.last_mut()
    {
        last.extend(decoder.finish());
    }
    lines
}

/// The characters that a frame's first `limit` bytes complete, read on from what stands before it in its stream: a rule may cut a
/// character in two (`fixed:3` in GBK). Empty when one of its records is not at hand.
pub fn of_frame(records: &impl Records, frame: &Frame, encoding: Encoding, limit: usize) -> Vec<Piece> {
    let mut decoder: Option<Decoder> = None;
    let mut pieces = Vec::new();
    let mut left = limit;
    for (place, (id, range)) in frame.parts.iter().enumerate() {
        let Some(data) = data_of(records, *id) else { return Vec::new() };
        let range = range.start as usize..range.end as usize;
        let Some(part) = data.bytes.get(range.clone()) else { return Vec::new() };
        let decoder = decoder.get_or_insert_with(|| decoder_within(records, &data, range.start, encoding));
        let shown = part.len().min(left);
        join(&mut pieces, decoder.push(&part[..shown]));
        left -= shown;
        let all_shown = shown == part.len() && place + 1 == frame.parts.len();
        if all_shown && range.end == data.bytes.len() && is_end(records, *id, &data) {
            join(&mut pieces, decoder.finish());
        }
    }
    pieces
}

/// The same, cut into lines of `columns` bytes, `most` of them.
pub fn lines_of_frame(records: &impl Records, frame: &Frame, encoding: Encoding, columns: usize, most: usize) -> Vec<Vec<Piece>> {
    let (Some((id, range)), Some(bytes)) = (frame.parts.first(), frame.bytes(records)) else { return Vec::new() };
    let Some(data) = data_of(records, *id) else { return Vec::new() };
    let mut decoder = decoder_within(records, &data, range.start as usize, encoding);
    let mut lines: Vec<Vec<Piece>> = bytes.chunks(columns).take(most).map(|line| decoder.push(line)).collect();
    let ends_stream = frame.parts.last().is_some_and(|(id, range)| {
        data_of(records, *id).is_some_and(|data| range.end as usize == data.bytes.len() && is_end(records, *id, &data))
    });
    if bytes.len() <= columns * most
        && ends_stream
        && let Some(last) = lines.last_mut()
    {
        last.extend(decoder.finish());
    }
    lines
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

/// A decoder in the state that it has at the record's first byte.
pub fn decoder_at(records: &impl Records, data: &Data, encoding: Encoding) -> Decoder {
    decoder_within(records, data, 0, encoding)
}

/// A decoder in the state that it has after `skip` bytes of the record.
fn decoder_within(records: &impl Records, data: &Data, skip: usize, encoding: Encoding) -> Decoder {
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
fn bytes_before(records: &impl Records, data: &Data, skip: usize, wanted: usize) -> Vec<u8> {
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

fn data_of(records: &impl Records, id: RecordId) -> Option<Data> {
    match records.get(id)?.entry {
        Entry::Data(data) => Some(data),
        Entry::Note(_) => None,
    }
}

/// Whether no later record can complete a character that this one begins.
fn is_end(records: &impl Records, id: RecordId, data: &Data) -> bool {
    data.peer.connection.is_none() || !records.continues(id)
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
