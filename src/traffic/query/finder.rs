//! Which records a match touches, fed with the data in order. Must never copy more of a long record than its ends, and never keep more
//! than `MOST` bytes, however many streams there are.
//!
//! Beyond `MOST` the ends of the streams that were silent longest are forgotten: of those streams the matches that cross from a record
//! before that moment to one after it are not found. That takes thousands of connections, none of which has ended.

use super::pattern::Query;
use super::stream::{Next, Stream};
use crate::session::event::What;
use crate::session::id::{ConnectionId, Peer};
use crate::traffic::record::{Data, Direction, RecordId};
use std::collections::HashMap;

/// What is kept of all streams, in bytes.
const MOST: usize = 16 << 20;

/// The data of one record, wherever its bytes are.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// Which way.
    pub direction: Direction,
    /// From or to whom; a datagram has no connection.
    pub peer: Peer,
    /// How many bytes of the stream come before it.
    pub offset: u64,
    /// The bytes.
    pub bytes: &'a [u8],
}

impl<'a> From<&'a Data> for Chunk<'a> {
    fn from(data: &'a Data) -> Self {
        Self { direction: data.direction, peer: data.peer, offset: data.offset, bytes: &data.bytes }
    }
}

/// Finds the records that a match touches: in which it begins, goes on or ends.
pub struct Finder {
    query: Query,
    streams: HashMap<(ConnectionId, Direction), Stream>,
    /// What the streams cost.
    held: usize,
    /// Records seen, the clock by which a stream is called silent.
    seen: u64,
}

impl Finder {
    /// A finder that has seen nothing.
    pub fn new(query: Query) -> Self {
        Self { query, streams: HashMap::new(), held: 0, seen: 0 }
    }

    /// What it looks for.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// Takes in the next record and tells each record that is now known to be touched, once: this one, and earlier ones of its stream
    /// in which a match began that this one ends. So what is told is not in order.
    pub fn push(&mut self, id: RecordId, chunk: Chunk<'_>, hits: &mut impl FnMut(RecordId)) {
        self.feed(id, chunk, Asked::For, hits);
    }

    /// The same for a record that nobody asks for, but which may complete a match in one that somebody does.
    pub fn pass(&mut self, id: RecordId, chunk: Chunk<'_>, hits: &mut impl FnMut(RecordId)) {
        self.feed(id, chunk, Asked::NotFor, hits);
    }

    /// Ends the streams that a note says have ended.
    pub fn note(&mut self, what: &What) {
        match what {
            What::PeerLeft { peer, .. } => {
                if let Some(connection) = peer.connection {
                    self.ended(connection);
                }
            }
            What::Opening { .. } | What::Closed { .. } | What::Failed(_) => self.all_ended(),
            _ => {}
        }
    }

    /// A connection has ended, both ways.
    pub fn ended(&mut self, connection: ConnectionId) {
        for direction in [Direction::Received, Direction::Sent] {
            if let Some(stream) = self.streams.remove(&(connection, direction)) {
                self.held -= stream.cost();
            }
        }
    }

    /// Every connection has ended.
    pub fn all_ended(&mut self) {
        self.streams.clear();
        self.held = 0;
    }

    fn feed(&mut self, id: RecordId, chunk: Chunk<'_>, asked: Asked, hits: &mut impl FnMut(RecordId)) {
        let Some((encoding, scan)) = self.query.scan((chunk.peer, chunk.direction)) else { return };
        let told = asked == Asked::NotFor;
        let connection = match chunk.peer.stream() {
            Some(connection) if scan.crosses() => connection,
            _ => {
                if !told {
                    let next = Next { id, offset: 0, bytes: chunk.bytes, told };
                    Stream::alone(scan, &next, hits);
                }
                return;
            }
        };
        self.seen += 1;
        let stream = self.streams.entry((connection, chunk.direction)).or_insert_with(|| {
            let stream = Stream::default();
            self.held += stream.cost();
            stream
        });
        let before = stream.cost();
        // What was kept for another encoding may begin within a character of this one.
        stream.read_in(encoding);
        stream.used = self.seen;
        stream.take(scan, &Next { id, offset: chunk.offset, bytes: chunk.bytes, told }, hits);
        self.held = self.held + stream.cost() - before;
        if self.held > MOST {
            self.forget_silent();
        }
    }

    /// Forgets the half of the streams that was silent longer, so that this is not done for each record.
    fn forget_silent(&mut self) {
        let mut used: Vec<u64> = self.streams.values().map(|stream| stream.used).collect();
        used.sort_unstable();
        let Some(middle) = used.get(used.len() / 2).copied() else { return };
        self.streams.retain(|_, stream| stream.used > middle);
        self.held = self.streams.values().map(Stream::cost).sum();
    }
}

/// Whether a record is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    For,
    NotFor,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::encoding::Encoding;
    use crate::traffic::encodings::Encodings;
    use crate::traffic::query::{Kind, Pattern};

    fn finder(kind: Kind, typed: &str, encoding: Encoding) -> Finder {
        let pattern = Pattern { kind, typed: typed.to_owned(), ignore_case: false };
        Finder::new(Query::compile(&pattern, &Encodings::fixed(encoding, encoding)).unwrap().unwrap())
    }

    fn chunk(connection: u32, offset: u64, bytes: &[u8]) -> Chunk<'_> {
        let peer = Peer::connected(ConnectionId(connection), "127.0.0.1:9".parse().unwrap());
        Chunk { direction: Direction::Received, peer, offset, bytes }
    }

    #[test]
    fn thousands_of_streams_stay_within_the_bound() {
        let mut finder = finder(Kind::Regex, "a.*b", Encoding::UTF_8);
        let bytes = [b'x'; LENGTH];
        const LENGTH: usize = 8 << 10;
        for connection in 0..10_000 {
            finder.push(RecordId(0), chunk(connection, 0, &bytes), &mut |_| panic!("nothing is there"));
            assert!(finder.held <= MOST);
        }
        assert_eq!(finder.held, finder.streams.values().map(Stream::cost).sum::<usize>());
        assert!(finder.streams.len() > 1000);
        finder.all_ended();
        assert_eq!(finder.held, 0);
    }

    #[test]
    fn one_stream_keeps_no_more_than_a_match_can_use() {
        for (kind, typed) in [(Kind::Regex, "a.*b"), (Kind::Text, "好好好"), (Kind::Hex, "?1 ?2 ?3")] {
            let mut finder = finder(kind, typed, Encoding::GBK);
            let mut offset = 0;
            for (number, length) in [1, 3, 64, 4096, 4097, 70_000].into_iter().cycle().take(600).enumerate() {
                finder.push(RecordId(number as u64), chunk(0, offset, &vec![0xC4; length]), &mut |_| {});
                offset += length as u64;
            }
            assert!(finder.held < 64 << 10, "{typed}: {}", finder.held);
        }
    }

    /// Not a blank nor a digit far and wide, and each record begins in the middle of a character.
    #[test]
    fn long_records_without_a_place_to_begin() {
        let mut finder = finder(Kind::Text, "啊", Encoding::GBK);
        let mut hits = Vec::new();
        let filler = b"\xB0\xB0".repeat(50_000);
        let stream = [&filler[..], b"\xB0\xA1", &filler, b"\xB0", b"\xA1\xB0\xA1"].concat();
        let mut offset = 0;
        for (number, bytes) in stream.chunks(33_333).enumerate() {
            finder.push(RecordId(number as u64), chunk(0, offset, bytes), &mut |hit| hits.push(hit.0));
            offset += bytes.len() as u64;
        }
        assert_eq!(hits, [3, 6]);
    }

    #[test]
    fn a_hole_in_the_stream_joins_nothing() {
        let mut finder = finder(Kind::Text, "ab", Encoding::UTF_8);
        finder.push(RecordId(0), chunk(0, 0, b"a"), &mut |_| panic!("nothing is there"));
        finder.push(RecordId(2), chunk(0, 2, b"b"), &mut |_| panic!("nothing is there"));
    }

    /// In the whole the matches are `ab` and `ab`; `b1a` lies across both of them.
    #[test]
    fn a_match_that_can_grow_no_more_is_not_searched_within() {
        let mut finder = finder(Kind::Regex, "ab|b1a", Encoding::GBK);
        let mut hits = Vec::new();
        for (at, byte) in b"ab1ab".iter().enumerate() {
            finder.push(RecordId(at as u64), chunk(0, at as u64, &[*byte]), &mut |hit| hits.push(hit.0));
        }
        assert_eq!(hits, [0, 1, 3, 4]);
    }

    /// `81 BA`, `BA BA`, and a `BA` that the blank breaks off: the second `BA BA` is no character, though what follows reads as one.
    #[test]
    fn a_character_that_only_seems_to_begin_is_none() {
        let mut finder = finder(Kind::Text, "汉", Encoding::GBK);
        let mut hits = Vec::new();
        for (at, byte) in b"\x81\xBA\xBA\xBA\xBA ".iter().enumerate() {
            finder.push(RecordId(at as u64), chunk(0, at as u64, &[*byte]), &mut |hit| hits.push(hit.0));
        }
        assert_eq!(hits, [2, 3]);
    }

    #[test]
    fn the_longest_text_one_byte_at_a_time() {
        let typed = "ab".repeat(crate::traffic::query::LONGEST / 2);
        let mut finder = finder(Kind::Text, &typed, Encoding::UTF_8);
        let mut hits = Vec::new();
        for (at, byte) in format!("xa{typed}x").bytes().enumerate() {
            finder.push(RecordId(at as u64), chunk(0, at as u64, &[byte]), &mut |hit| hits.push(hit.0));
        }
        assert_eq!(hits, (2..2 + typed.len() as u64).collect::<Vec<_>>());
    }
}
