//! Which rows a log by frames has and where they are. It must never keep anything per row or record: only, for each chunk of records,
//! how many rows it makes and where its streams stood before it.

use super::walk::{Key, Open, Tail, Walk};
use super::{Frame, Part, Row};
use crate::codec::framing::{End, Rule, Splitter};
use crate::traffic::record::{Record, RecordId, Records};
use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

/// The most incomplete frames that [`FrameIndex::unfinished`] gives: more than a screenful.
const UNFINISHED: usize = 64;

/// A chunk that keeps the starts of more streams than this grows beyond its records: 16 for each stream at the usual limits.
const RECORD_SHARES: u64 = 64;
/// The same for its payload: 2 KiB for each stream.
const BYTE_SHARES: usize = 128;

/// How large a chunk becomes before the next begins. What is looked at is framed again chunk by chunk, so that this is what a look costs.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Records.
    pub records: u64,
    /// Their payload.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { records: 1024, bytes: 256 << 10 }
    }
}

/// Consecutive records.
struct Chunk {
    first: RecordId,
    /// The number after its last record.
    next: RecordId,
    /// The number of its first row.
    row: u64,
    rows: u64,
    /// The streams that had an incomplete frame before it and go on or end in it.
    starts: Vec<(Key, Tail)>,
}

/// The rows of a session's log by one rule. Another rule is another index, made by pushing the records again.
pub struct FrameIndex {
    splitter: Arc<Splitter>,
    limits: Limits,
    walk: Walk<()>,
    chunks: VecDeque<Chunk>,
    /// How many chunks are gone.
    dropped: usize,
    /// The number of the next row.
    next_row: u64,
    /// The number of the next record.
    next: RecordId,
    /// Records before this are gone.
    first: RecordId,
    /// The payload of the last chunk.
    filled: usize,
    /// The streams that the last chunk has met.
    met: BTreeSet<Key>,
}

impl FrameIndex {
    /// An index without rows.
    pub fn new(rule: &Rule, limits: Limits) -> Self {
        Self {
            splitter: Arc::new(Splitter::new(rule)),
            limits,
            walk: Walk::default(),
            chunks: VecDeque::new(),
            dropped: 0,
            next_row: 0,
            next: RecordId(0),
            first: RecordId(0),
            filled: 0,
            met: BTreeSet::new(),
        }
    }

    /// Takes in the next record. The first may have any number; those after it follow one by one, but for [`Self::skip_to`].
    pub fn push(&mut self, id: RecordId, record: &Record) {
        // Where many streams go on, a chunk grows with them, so that what is kept of them stays small beside what they carry.
        let full = |chunk: &Chunk| {
            let streams = chunk.starts.len() as u64;
            id.0 - chunk.first.0 >= self.limits.records.max(streams * self.limits.records / RECORD_SHARES)
                || self.filled >= self.limits.bytes.max(streams as usize * self.limits.bytes / BYTE_SHARES)
        };
        if self.chunks.back().is_none_or(|chunk| full(chunk) || chunk.next != id) {
            self.chunks.push_back(Chunk { first: id, next: id, row: self.next_row, rows: 0, starts: Vec::new() });
            self.filled = 0;
            self.met.clear();
        }
        let Some(chunk) = self.chunks.back_mut() else { return };
        let begun = self.walk.touched(record);
        for key in &begun {
            if !self.met.contains(key) {
                chunk.starts.extend(self.walk.open.get(key).map(|open| (*key, open.tail)));
            }
        }
        self.met.extend(begun);
        let mut rows = 0;
        self.walk.record(&self.splitter, id, record, &mut |_| rows += 1);
        match record.data() {
            Some(data) => {
                self.filled += data.bytes.len();
                self.met.extend(data.peer.stream().map(|connection| (connection, data.direction)));
            }
            None => rows += 1,
        }
        chunk.rows += rows;
        chunk.next = RecordId(id.0 + 1);
        self.next_row += rows;
        self.next = RecordId(id.0 + 1);
    }

    /// The records before `id` that were not pushed are missing. What was open before the hole stays without an end and is no row.
    pub fn skip_to(&mut self, id: RecordId) {
        if id > self.next {
            self.walk = Walk::default();
            self.next = id;
        }
    }

    /// The number that the next record will have, once there is one.
    pub fn next(&self) -> RecordId {
        self.next
    }

    /// The numbers of the rows that there are.
    pub fn rows(&self) -> Range<u64> {
        self.chunks.front().map_or(self.next_row, |chunk| chunk.row)..self.next_row
    }

    /// The chunk that has a row. Chunks are numbered from 0 and keep their numbers.
    pub fn chunk_of(&self, row: u64) -> Option<usize> {
        let after = self.chunks.partition_point(|chunk| chunk.row <= row);
        let place = after.checked_sub(1)?;
        let chunk = self.chunks.get(place)?;
        (row < chunk.row + chunk.rows).then_some(self.dropped + place)
    }

    /// The chunk that has a record.
    pub fn chunk_of_record(&self, id: RecordId) -> Option<usize> {
        let after = self.chunks.partition_point(|chunk| chunk.first <= id);
        let place = after.checked_sub(1).filter(|_| id < self.next)?;
        Some(self.dropped + place)
    }

    /// The numbers of the rows of a chunk. The last chunk gets more until the next begins.
    pub fn rows_of(&self, chunk: usize) -> Option<Range<u64>> {
        let chunk = self.chunks.get(chunk.checked_sub(self.dropped)?)?;
        Some(chunk.row..chunk.row + chunk.rows)
    }

    /// The rows of a chunk; `None` when a record is not at hand. Short frames can make it some hundred thousand rows: what shows a
    /// screenful asks for [`Self::rows_at`].
    pub fn frames(&self, chunk: usize, records: &impl Records) -> Option<Vec<Row>> {
        self.within(chunk, self.rows_of(chunk)?, records)
    }

    /// The rows with these numbers, as far as there are such; `None` when a record is not at hand. Costs a pass over each chunk that has
    /// one of them.
    pub fn rows_at(&self, wanted: Range<u64>, records: &impl Records) -> Option<Vec<Row>> {
        let mut rows = Vec::new();
        let mut next = wanted.start.max(self.rows().start);
        while next < wanted.end
            && let Some(chunk) = self.chunk_of(next)
        {
            rows.extend(self.within(chunk, next..wanted.end, records)?);
            next = self.rows_of(chunk)?.end;
        }
        Some(rows)
    }

    /// The chunk that has a row, taken out so that it can be framed without this index at hand.
    pub fn excerpt(&self, row: u64) -> Option<Excerpt> {
        self.excerpt_of(self.chunk_of(row)?)
    }

    fn excerpt_of(&self, chunk: usize) -> Option<Excerpt> {
        let chunk = self.chunks.get(chunk.checked_sub(self.dropped)?)?;
        Some(Excerpt {
            splitter: self.splitter.clone(),
            kept: self.first,
            records: chunk.first.0..chunk.next.0,
            rows: chunk.row..chunk.row + chunk.rows,
            starts: chunk.starts.clone(),
        })
    }

    /// The rows of a chunk that have these numbers.
    fn within(&self, chunk: usize, wanted: Range<u64>, records: &impl Records) -> Option<Vec<Row>> {
        let mut rows = Vec::new();
        self.excerpt_of(chunk)?.each(wanted, records, |_, row| rows.push(row))?;
        Some(rows)
    }

    /// The frames that are still incomplete at the end of the log, so that a prompt without a line end can be seen: the most recent, 64 at
    /// most, in the order of their last bytes. Costs a look at every stream that has one; those not at hand are left out.
    pub fn unfinished(&self, records: &impl Records) -> Vec<Frame> {
        self.ends().frames(records)
    }

    /// The number of the first row that these records before `until` have not made; `None` when a record is not at hand. Costs a pass
    /// over one chunk.
    pub fn row_before(&self, until: RecordId, records: &impl Records) -> Option<u64> {
        let Some(chunk) = self.chunk_of_record(until) else { return Some(self.next_row) };
        self.excerpt_of(chunk).map_or(Some(self.rows().start), |excerpt| excerpt.row_before(until, records))
    }

    /// What is incomplete at the end of the log, taken out so that it can be read without this index at hand.
    pub fn ends(&self) -> Ends {
        let mut open: Vec<(Key, Tail)> = self.walk.open.iter().map(|(key, open)| (*key, open.tail)).collect();
        open.retain(|(_, tail)| self.splitter.finish(&tail.state).is_some());
        open.sort_unstable_by_key(|(_, tail)| tail.last);
        Ends { kept: self.first, recent: open.split_off(open.len().saturating_sub(UNFINISHED)) }
    }

    /// The records before this are gone. A chunk goes with the first of its records; the rows of the others keep their numbers.
    pub fn forget_before(&mut self, first: RecordId) {
        self.first = self.first.max(first);
        while self.chunks.front().is_some_and(|chunk| chunk.first < self.first) {
            self.chunks.pop_front();
            self.dropped += 1;
        }
    }
}

/// A chunk of rows and all that is needed to frame it again, but for its records. Whoever frames it holds no lock on the index: records
/// may have to be read from disk, or waited for.
#[derive(Clone)]
pub struct Excerpt {
    splitter: Arc<Splitter>,
    /// Records before this are gone.
    kept: RecordId,
    records: Range<u64>,
    rows: Range<u64>,
    starts: Vec<(Key, Tail)>,
}

impl Excerpt {
    /// The numbers of its rows.
    pub fn rows(&self) -> Range<u64> {
        self.rows.clone()
    }

    /// The number of the first row that its records before `until` have not made; `None` when a record is not at hand.
    pub fn row_before(&self, until: RecordId, records: &impl Records) -> Option<u64> {
        let mut walk: Walk<Vec<Part>> = Walk::default();
        for (key, tail) in &self.starts {
            walk.open.insert(*key, reopened(self.kept, tail, records)?);
        }
        let mut number = self.rows.start;
        for id in (self.records.start..self.records.end.min(until.0)).map(RecordId) {
            let record = records.get(id)?;
            walk.record(&self.splitter, id, &record, &mut |_| number += 1);
            number += u64::from(record.data().is_none());
        }
        Some(number)
    }

    /// Hands over the rows with these numbers, one pass over the chunk at most; `None` when a record is not at hand.
    pub fn each(&self, wanted: Range<u64>, records: &impl Records, mut row: impl FnMut(u64, Row)) -> Option<()> {
        let mut walk: Walk<Vec<Part>> = Walk::default();
        for (key, tail) in &self.starts {
            walk.open.insert(*key, reopened(self.kept, tail, records)?);
        }
        let mut number = self.rows.start;
        let mut add = |found: Row| {
            if wanted.contains(&number) {
                row(number, found);
            }
            number += 1;
            number < wanted.end
        };
        let mut more = true;
        for id in self.records.clone().map(RecordId) {
            if !more {
                break;
            }
            let record = records.get(id)?;
            walk.record(&self.splitter, id, &record, &mut |done| more = add(Row::Frame(done.into())));
            if record.data().is_none() {
                more = add(Row::Record(id));
            }
        }
        Some(())
    }
}

/// The streams that end in an incomplete frame.
pub struct Ends {
    kept: RecordId,
    recent: Vec<(Key, Tail)>,
}

impl Ends {
    /// These frames; those not at hand are left out.
    pub fn frames(&self, records: &impl Records) -> Vec<Frame> {
        let frame = |(key, tail): &(Key, Tail)| Some(reopened(self.kept, tail, records)?.ended(key.1, End::Unfinished).into());
        self.recent.iter().filter_map(frame).collect()
    }
}

/// A stream as it stood, with its incomplete frame's parts found backwards.
fn reopened(kept: RecordId, tail: &Tail, records: &impl Records) -> Option<Open<Vec<Part>>> {
    let mut parts: Vec<Part> = Vec::new();
    let mut missing = tail.state.pending();
    let mut wanted = Some(tail.last);
    // What is gone is not waited for: the frame is shown without its beginning.
    while missing > 0
        && let Some(id) = wanted.filter(|id| *id >= kept)
    {
        let record = records.get(id)?;
        let data = record.data()?;
        let taken = data.bytes.len().min(missing);
        parts.push((id, (data.bytes.len() - taken) as u32..data.bytes.len() as u32));
        missing -= taken;
        wanted = data.previous;
    }
    parts.reverse();
    Some(Open { tail: *tail, gathered: parts })
}
