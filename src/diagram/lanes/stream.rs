//! One way of a connection: writes and reads laid over each other by their place in the stream. Must never guess what it was not given:
//! a lane that cannot be seen from here is `None`.

use super::frames::Frames;
use super::{Chunk, Lane};
use crate::session::timestamp::Timestamp;
use std::ops::Range;

/// One way of a connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    /// `127.0.0.1:50000 → 127.0.0.1:9000`.
    pub title: String,
    /// What was written, by offset and without empty chunks; `None` where another program writes.
    pub writes: Option<Lane<Chunk>>,
    /// What was read; `None` where another program reads.
    pub reads: Option<Lane<Chunk>>,
    /// The number of the first of the writes (of the reads, where those are all there is), from 1: numbers and colours stay as the view
    /// moves on.
    pub first_number: u64,
    /// What the reader sees by the rule of framing.
    pub frames: Frames,
    /// Whether more may still be read. What a connection that has ended did not deliver stays unread.
    pub open: bool,
}

/// The smallest stretch of a stream in which boundaries of both lanes begin and end together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Its place in the stream.
    pub range: Range<u64>,
    /// Whether all of it is seen: a record that is gone, or on its way, may have a boundary.
    pub whole: bool,
    /// How many writes it has.
    pub writes: usize,
    /// How many reads.
    pub reads: usize,
    /// Bytes at its end that were written and not read yet.
    pub unread: u64,
    /// When its first byte was seen.
    pub begun: Timestamp,
    /// When its last was.
    pub ended: Timestamp,
}

impl Stream {
    /// What it is drawn from: the writes where there are any, for colours and numbers are theirs.
    pub(super) fn leading(&self) -> &[Chunk] {
        self.writes.as_ref().or(self.reads.as_ref()).map_or(&[], |lane| &lane.chunks)
    }

    pub(super) fn written(&self) -> &[Chunk] {
        self.writes.as_ref().map_or(&[], |lane| &lane.chunks)
    }

    pub(super) fn read(&self) -> &[Chunk] {
        self.reads.as_ref().map_or(&[], |lane| &lane.chunks)
    }

    /// The number of the leading chunk at an index.
    pub(super) fn number(&self, index: usize) -> u64 {
        self.first_number + index as u64
    }

    /// Its turns, in order.
    pub fn turns(&self) -> Vec<Turn> {
        match (&self.writes, &self.reads) {
            (Some(writes), Some(reads)) => turns(&writes.chunks, &reads.chunks),
            // With one lane alone nothing can be compared: each chunk stands for itself.
            (Some(writes), None) => writes.chunks.iter().map(|chunk| alone(chunk, 1, 0)).collect(),
            (None, Some(reads)) => reads.chunks.iter().map(|chunk| alone(chunk, 0, 1)).collect(),
            (None, None) => Vec::new(),
        }
    }
}

fn alone(chunk: &Chunk, writes: usize, reads: usize) -> Turn {
    Turn { range: chunk.range(), whole: true, writes, reads, unread: 0, begun: chunk.at, ended: chunk.at }
}

/// The turns of two lanes whose chunks are in order. What comes before both lanes have begun, as far as the view reaches, is left out.
pub fn turns(writes: &[Chunk], reads: &[Chunk]) -> Vec<Turn> {
    let mut turns = Vec::new();
    let (mut w, mut r) = (0, 0);
    let mut floor = 0;
    loop {
        let begin = begin(writes, reads, (&mut w, &mut r), floor);
        let Some(first) = writes.get(w) else { return turns };
        let seen = reads.get(r).map_or(first.at, |read| read.at.min(first.at));
        let mut turn =
            Turn { range: begin.0..first.end(), whole: begin.1, writes: 1, reads: 0, unread: 0, begun: seen, ended: first.at };
        w += 1;
        let mut read_to = begin.0;
        while read_to != turn.range.end {
            if read_to < turn.range.end {
                match reads.get(r) {
                    Some(read) if read.offset <= read_to => {
                        (r, read_to, turn.reads) = (r + 1, read.end(), turn.reads + 1);
                        turn.ended = turn.ended.max(read.at);
                    }
                    // It was read, but the record of that is gone.
                    Some(_) => {
                        (turn.whole, read_to) = (false, turn.range.end);
                    }
                    None => {
                        turn.unread = turn.range.end - read_to;
                        read_to = turn.range.end;
                    }
                }
            } else {
                match writes.get(w).filter(|write| write.offset == turn.range.end) {
                    Some(write) => {
                        (w, turn.range.end, turn.writes) = (w + 1, write.end(), turn.writes + 1);
                        turn.ended = turn.ended.max(write.at);
                    }
                    // It was read, and the writer's record of it is gone, or still on its way.
                    None => (turn.whole, turn.range.end) = (false, read_to),
                }
            }
        }
        floor = turn.range.end;
        turns.push(turn);
    }
}

/// Goes to the next place from `floor` on that both lanes reach, and tells it: whether both begin there is the second answer. Where no more
/// is read, that is the next write.
fn begin(writes: &[Chunk], reads: &[Chunk], (w, r): (&mut usize, &mut usize), floor: u64) -> (u64, bool) {
    *w += writes[*w..].iter().take_while(|write| write.end() <= floor).count();
    while let (Some(write), Some(read)) = (writes.get(*w), reads.get(*r)) {
        if write.end() <= read.offset {
            *w += 1;
        } else if read.end() <= write.offset {
            *r += 1;
        } else {
            let begin = write.offset.max(read.offset);
            return (begin.max(floor), write.offset == read.offset && begin >= floor);
        }
    }
    writes.get(*w).map_or((floor, true), |write| (write.offset.max(floor), write.offset >= floor))
}
