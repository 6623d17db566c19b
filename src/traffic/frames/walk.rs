//! One pass over a session's records, in order: which bytes of which stream make a frame. The one place that knows which records go on
//! with a stream and which end it. It must never keep more of a stream than its incomplete frame, and nothing of one that has ended.

use crate::codec::framing::{End, Splitter, State};
use crate::session::event::{Origin, What};
use crate::session::id::{ConnectionId, Peer};
use crate::session::timestamp::Timestamp;
use crate::traffic::record::{Data, Direction, Entry, Record, RecordId};
use std::collections::BTreeMap;
use std::ops::Range;

/// A stream: one direction of one connection.
pub(super) type Key = (ConnectionId, Direction);

/// What a pass keeps of the bytes of an incomplete frame: where they are, or themselves, or nothing.
pub(super) trait Gather: Default {
    /// More of them: those of this record in this range.
    fn add(&mut self, id: RecordId, bytes: &[u8], range: Range<usize>);
}

/// Nothing is kept: frames are only counted.
impl Gather for () {
    fn add(&mut self, _: RecordId, _: &[u8], _: Range<usize>) {}
}

/// The bytes themselves.
impl Gather for Vec<u8> {
    fn add(&mut self, _: RecordId, bytes: &[u8], range: Range<usize>) {
        self.extend_from_slice(&bytes[range]);
    }
}

/// Where a stream with an incomplete frame stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tail {
    /// In the rule's terms.
    pub state: State,
    /// Its last record so far.
    pub last: RecordId,
    pub peer: Peer,
    /// That record's.
    pub origin: Option<Origin>,
    /// How many bytes the stream has so far.
    pub length: u64,
}

/// A stream with an incomplete frame, and what was kept of that.
pub(super) struct Open<G> {
    pub tail: Tail,
    pub gathered: G,
}

/// A frame that has ended.
pub(super) struct Done<G> {
    /// The time of its last byte.
    pub at: Timestamp,
    pub direction: Direction,
    pub peer: Peer,
    /// Who asked for its last byte, where it was sent.
    pub origin: Option<Origin>,
    /// How many bytes of the stream come before it.
    pub offset: u64,
    pub end: End,
    pub gathered: G,
}

/// The streams that have an incomplete frame.
#[derive(Default)]
pub(super) struct Walk<G> {
    pub open: BTreeMap<Key, Open<G>>,
}

impl<G: Gather> Walk<G> {
    /// Takes in the next record and hands over the frames that it ends, in order.
    pub fn record(&mut self, splitter: &Splitter, id: RecordId, record: &Record, done: &mut impl FnMut(Done<G>)) {
        let Entry::Data(data) = &record.entry else {
            for key in self.touched(record) {
                if let Some(open) = self.open.remove(&key) {
                    open.finish(splitter, key.1, done);
                }
            }
            return;
        };
        let Some(connection) = data.peer.stream() else { return datagram(splitter, id, record.at, data, done) };
        let key = (connection, data.direction);
        let mut open = self.open.remove(&key).unwrap_or_else(|| Open::new(id, data));
        open.take(splitter, id, record.at, data, done);
        if !open.tail.state.is_fresh() {
            self.open.insert(key, open);
        }
    }

    /// The streams with an incomplete frame that this record goes on with or ends, in order.
    /// Which notes end streams is told in [`crate::traffic::filing`].
    pub fn touched(&self, record: &Record) -> Vec<Key> {
        let of = |connection: Option<ConnectionId>| {
            let both = connection.into_iter().flat_map(|id| [(id, Direction::Received), (id, Direction::Sent)]);
            both.filter(|key| self.open.contains_key(key)).collect()
        };
        match &record.entry {
            Entry::Data(data) => {
                let mut keys: Vec<Key> = of(data.peer.connection);
                keys.retain(|(_, direction)| *direction == data.direction);
                keys
            }
            Entry::Note(what) => match &**what {
                What::PeerLeft { peer, .. } => of(peer.connection),
                What::Opening { .. } | What::Closed { .. } | What::Failed(_) => self.open.keys().copied().collect(),
                _ => Vec::new(),
            },
        }
    }
}

impl<G: Gather> Open<G> {
    fn new(id: RecordId, data: &Data) -> Self {
        let tail = Tail { state: State::default(), last: id, peer: data.peer, origin: data.origin, length: data.offset };
        Self { tail, gathered: G::default() }
    }

    /// Takes in the bytes of the stream's next record.
    fn take(&mut self, splitter: &Splitter, id: RecordId, at: Timestamp, data: &Data, done: &mut impl FnMut(Done<G>)) {
        let Self { tail, gathered } = self;
        let earlier = *tail;
        let mut offset = earlier.frame_offset();
        let mut from = 0;
        splitter.push(&mut tail.state, &data.bytes, at.0, &mut |cut| {
            if cut.end > from {
                gathered.add(id, &data.bytes, from..cut.end);
            }
            // A frame that these bytes only showed to have ended is as old as its own.
            let (at, origin) = if cut.end == 0 { (earlier.at(), earlier.origin) } else { (at, data.origin) };
            let (direction, peer, gathered) = (data.direction, data.peer, std::mem::take(gathered));
            done(Done { at, direction, peer, origin, offset, end: cut.why, gathered });
            from = cut.end;
            offset = earlier.length + cut.end as u64;
        });
        if from < data.bytes.len() {
            gathered.add(id, &data.bytes, from..data.bytes.len());
        }
        tail.last = id;
        tail.origin = data.origin;
        tail.length += data.bytes.len() as u64;
    }

    /// The stream has ended: its incomplete frame is one, if it has any bytes.
    pub fn finish(self, splitter: &Splitter, direction: Direction, done: &mut impl FnMut(Done<G>)) {
        if let Some(end) = splitter.finish(&self.tail.state) {
            done(self.ended(direction, end));
        }
    }

    /// The incomplete frame as one that has ended.
    pub fn ended(self, direction: Direction, end: End) -> Done<G> {
        let Self { tail, gathered } = self;
        let (at, offset) = (tail.at(), tail.frame_offset());
        Done { at, direction, peer: tail.peer, origin: tail.origin, offset, end, gathered }
    }
}

impl Tail {
    /// The time of the last bytes.
    fn at(&self) -> Timestamp {
        Timestamp(self.state.last())
    }

    /// How many bytes of the stream come before the incomplete frame.
    fn frame_offset(&self) -> u64 {
        self.length.saturating_sub(self.state.pending() as u64)
    }
}

/// A datagram is a stream of its own, and never invisible: an empty one is an empty frame, and so is one that has only blanks.
fn datagram<G: Gather>(splitter: &Splitter, id: RecordId, at: Timestamp, data: &Data, done: &mut impl FnMut(Done<G>)) {
    let mut open = Open::new(id, data);
    let mut any = false;
    let mut seen = |frame| {
        any = true;
        done(frame);
    };
    open.take(splitter, id, at, data, &mut seen);
    if let Some(end) = splitter.finish(&open.tail.state) {
        return seen(open.ended(data.direction, end));
    }
    if !any {
        let end = if data.bytes.is_empty() { End::Complete } else { End::Unfinished };
        let mut gathered = G::default();
        gathered.add(id, &data.bytes, 0..data.bytes.len());
        let Data { direction, peer, origin, .. } = *data;
        done(Done { at, direction, peer, origin, offset: 0, end, gathered });
    }
}
