//! Where the lanes come from: the records of a session and of the one at its other end, a window of them. Must never read more records
//! in a frame than a window holds, nor wait for one.

use crate::codec::framing::Rule;
use crate::diagram::lanes::{Arrived, Chunk, Cut, Datagrams, Frames, Lane, MOST_CHUNKS, Stream, frames};
use crate::history::at_hand::{AtHand, Found};
use crate::session::address::Address;
use crate::session::event::What;
use crate::session::id::{ConnectionId, SessionId};
use crate::session::timestamp::Timestamp;
use crate::store::pages::Pages;
use crate::traffic::model::Model;
use crate::traffic::record::{Data, Direction, Entry, Record, RecordId, Records};
use std::collections::VecDeque;

/// Records that are looked through at most for the next one of a stream: those between may be of other connections.
const SCAN: u64 = 2048;
/// Records between the moment at which a datagram was sent and its arrival on this machine, its own included.
const ARRIVES_WITHIN: u64 = 4;
/// The most reads beside the writes of a window: small reads are many.
const MOST_READS: usize = 4 * MOST_CHUNKS;

/// One end of what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Its session.
    pub session: SessionId,
    /// Its connection there; `None` for datagrams.
    pub connection: Option<ConnectionId>,
}

/// Which part of the log is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Anchor {
    /// The newest, and on with it.
    #[default]
    Newest,
    /// What ends with this record of the leading lane.
    At(RecordId),
}

/// The window of one lane.
#[derive(Default)]
pub struct Window {
    /// Its chunks in order.
    pub chunks: Vec<Chunk>,
    /// Whether there are older ones.
    pub has_older: bool,
    /// Whether it reaches the newest.
    pub is_newest: bool,
}

/// What was not at hand: records of a session, to be asked for.
pub type Wanted = Vec<(SessionId, RecordId)>;

/// Looks for records, and notes which are not at hand.
pub struct Sight<'a> {
    model: &'a Model,
    pages: &'a Pages,
    wanted: Wanted,
    tails: Tails,
    /// A session of which records from this one on are not to be seen: a replay has not come to them.
    until: Option<(SessionId, RecordId)>,
}

/// The newest records of the streams that were looked at last: between them and the next there may be any number of other connections'.
pub type Tails = Vec<(End, Direction, RecordId)>;

/// Streams whose newest record is remembered.
const TAILS: usize = 8;

impl<'a> Sight<'a> {
    /// Looks into the model and what is at hand from disk.
    pub fn new(model: &'a Model, pages: &'a Pages, tails: Tails, until: Option<(SessionId, RecordId)>) -> Self {
        Self { model, pages, wanted: Vec::new(), tails, until }
    }

    /// The number behind the newest record of a session that may be seen.
    fn next(&self, id: SessionId) -> Option<RecordId> {
        let next = self.model.session(id)?.log.next();
        let until = self.until.filter(|(session, _)| *session == id).map(|(_, until)| until);
        Some(until.map_or(next, |until| until.min(next)))
    }

    /// What was not at hand, and what is remembered for the next look.
    pub fn end(self) -> (Wanted, Tails) {
        (self.wanted, self.tails)
    }

    /// Whether something was not at hand, so that the picture is not whole.
    pub fn is_short(&self) -> bool {
        !self.wanted.is_empty()
    }

    fn look(&mut self, id: SessionId, record: RecordId) -> Option<Record> {
        let session = self.model.session(id)?;
        let records = AtHand::new(&session.log, self.pages, id);
        match records.look(record) {
            Found::Record(record) => Some(*record),
            Found::Missing => None,
            Found::Coming => {
                self.wanted.push((id, record));
                None
            }
        }
    }

    /// The newest record of a stream before `end`, within a scan; or the newest that was known before.
    fn newest(&mut self, at: End, direction: Direction, end: RecordId) -> Option<RecordId> {
        let known =
            self.tails.iter().position(|(end, way, _)| (*end, *way) == (at, direction)).map(|place| self.tails.remove(place));
        let known = known.map(|(_, _, record)| record);
        let first = self.model.session(at.session)?.log.first();
        let still = known.filter(|known| *known >= first && *known < end);
        let found = self.scan(at, direction, end).or(still.filter(|_| !self.is_short()));
        if let Some(newest) = found.max(known) {
            self.tails.push((at, direction, newest));
            if self.tails.len() > TAILS {
                self.tails.remove(0);
            }
        }
        found
    }

    fn scan(&mut self, at: End, direction: Direction, end: RecordId) -> Option<RecordId> {
        let session = self.model.session(at.session)?;
        let first = session.log.first().0.max(end.0.saturating_sub(SCAN));
        for id in (first..end.0).rev() {
            let record = self.look(at.session, RecordId(id));
            if self.is_short() {
                return None;
            }
            if record.as_ref().and_then(Record::data).is_some_and(|data| is_of(data, at, direction)) {
                return Some(RecordId(id));
            }
        }
        None
    }

    /// The next records of a stream from `start` on, within a scan: that which is so many further, or the last one found.
    pub fn later(&mut self, at: End, direction: Direction, start: RecordId, count: usize) -> Option<RecordId> {
        let next = self.next(at.session)?.0;
        let mut found = None;
        let mut left = count;
        for id in start.0..next.min(start.0 + SCAN) {
            let record = self.look(at.session, RecordId(id));
            if self.is_short() {
                return None;
            }
            if record.as_ref().and_then(Record::data).is_some_and(|data| is_of(data, at, direction)) {
                found = Some(RecordId(id));
                left -= 1;
                if left == 0 {
                    break;
                }
            }
        }
        found
    }

    /// The window of a stream that ends with a record, or with the newest: `most` chunks, back to the place `back_to`.
    pub fn window(&mut self, at: End, direction: Direction, anchor: Anchor, (most, back_to): (usize, u64)) -> Window {
        let Some(session) = self.model.session(at.session) else { return Window::default() };
        let Some(next) = self.next(at.session) else { return Window::default() };
        let end = match anchor {
            Anchor::Newest => next,
            Anchor::At(record) => RecordId(record.0 + 1),
        };
        let Some(mut id) = self.newest(at, direction, end) else {
            return Window { is_newest: anchor == Anchor::Newest, ..Window::default() };
        };
        let is_newest = anchor == Anchor::Newest || !session.log.continues(id);
        let mut chunks = VecDeque::new();
        let mut has_older = false;
        while let Some(record) = self.look(at.session, id) {
            let Some(data) = record.data() else { break };
            // An empty write leaves no mark in a stream.
            if !data.bytes.is_empty() {
                chunks.push_front(Chunk { record: id, at: record.at, offset: data.offset, bytes: data.bytes.clone() });
            }
            let Some(previous) = data.previous.filter(|previous| *previous >= session.log.first()) else { break };
            if chunks.len() >= most || data.offset <= back_to {
                has_older = true;
                break;
            }
            id = previous;
        }
        Window { chunks: chunks.into(), has_older, is_newest }
    }

    /// The record of a session that stands at a moment: the first that is not older. By halves, for a log may be long.
    fn at_moment(&mut self, id: SessionId, moment: Timestamp) -> Option<RecordId> {
        let log = &self.model.session(id)?.log;
        let (mut low, mut high) = (log.first().0, self.next(id)?.0);
        while low < high {
            let middle = low + (high - low) / 2;
            let record = self.look(id, RecordId(middle));
            if self.is_short() {
                return None;
            }
            // A record that could not be kept tells no time; the next one to it will.
            match record {
                Some(record) if record.at < moment => low = middle + 1,
                Some(_) => high = middle,
                None => low = middle + 1,
            }
        }
        Some(RecordId(low))
    }

    /// The reads that belong to a window of writes: those of its bytes.
    pub fn reads_of(&mut self, at: End, writes: &Window, anchor: Anchor) -> Window {
        let Some((first, last)) = writes.chunks.first().zip(writes.chunks.last()) else { return Window::default() };
        let (begin, end) = (first.offset, last.end());
        let anchor = match anchor {
            Anchor::Newest => Anchor::Newest,
            Anchor::At(_) if writes.is_newest => Anchor::Newest,
            Anchor::At(_) => {
                // Read at the moment at which it was written, or after it.
                let Some(from) = self.at_moment(at.session, last.at) else { return Window::default() };
                match self.reaching(at, from, end) {
                    Some(record) => Anchor::At(record),
                    None => Anchor::Newest,
                }
            }
        };
        self.window(at, Direction::Received, anchor, (MOST_READS, begin))
    }

    /// The writes that belong to a window of reads.
    pub fn writes_of(&mut self, at: End, reads: &Window, anchor: Anchor) -> Window {
        let Some((first, last)) = reads.chunks.first().zip(reads.chunks.last()) else {
            // Nothing has been read yet; what was written is all there is.
            return self.window(at, Direction::Sent, Anchor::Newest, (MOST_CHUNKS, 0));
        };
        let anchor = match anchor {
            Anchor::Newest => Anchor::Newest,
            Anchor::At(_) if reads.is_newest => Anchor::Newest,
            Anchor::At(_) => match self.at_moment(at.session, last.at) {
                Some(record) => Anchor::At(RecordId(record.0.saturating_sub(1))),
                None => return Window::default(),
            },
        };
        self.window(at, Direction::Sent, anchor, (MOST_CHUNKS, first.offset))
    }

    /// The first record of a stream of reads from `start` on that reaches a place, or the last within a scan.
    fn reaching(&mut self, at: End, start: RecordId, place: u64) -> Option<RecordId> {
        let next = self.next(at.session)?.0;
        let mut found = None;
        for id in start.0.saturating_sub(1)..next.min(start.0 + SCAN) {
            let record = self.look(at.session, RecordId(id));
            if self.is_short() {
                return None;
            }
            let Some(data) = record.as_ref().and_then(Record::data).filter(|data| is_of(data, at, Direction::Received)) else {
                continue;
            };
            found = Some(RecordId(id));
            if data.offset + data.bytes.len() as u64 >= place {
                break;
            }
        }
        found
    }

    /// The newest datagrams of a session with another address, one way, each with what was told of it being cut.
    pub fn datagrams(
        &mut self,
        id: SessionId,
        (direction, with): (Direction, Option<Address>),
        end: RecordId,
    ) -> (Vec<Arrived>, bool) {
        let Some(session) = self.model.session(id) else { return (Vec::new(), false) };
        let first = session.log.first().0.max(end.0.saturating_sub(SCAN));
        let mut found = VecDeque::new();
        let mut cut: Option<(Address, Cut)> = None;
        for number in (first..end.0).rev() {
            let record = RecordId(number);
            let Some(entry) = self.look(id, record) else {
                if self.is_short() {
                    break;
                }
                continue;
            };
            match &entry.entry {
                Entry::Note(what) => {
                    if let What::Truncated { peer, whole, .. } = &**what {
                        cut = Some((peer.address, Cut { whole: *whole }));
                    }
                }
                Entry::Data(data) => {
                    // It is told just behind the datagram.
                    let cut = cut.take().filter(|(from, _)| *from == data.peer.address).map(|(_, cut)| cut);
                    if data.direction == direction && with.is_none_or(|with| with == data.peer.address) {
                        let chunk = Chunk { record, at: entry.at, offset: 0, bytes: data.bytes.clone() };
                        found.push_front(Arrived { chunk, cut });
                    }
                }
            }
            if found.len() >= MOST_CHUNKS {
                return (found.into(), true);
            }
        }
        (found.into(), first > session.log.first().0)
    }
}

fn is_of(data: &Data, at: End, direction: Direction) -> bool {
    data.direction == direction && data.peer.connection == at.connection && at.connection.is_some()
}

/// Numbers of the chunks of a lane: they stay as the window moves, as long as it moves in steps that overlap.
#[derive(Default)]
pub struct Numbering {
    /// The lane, and the records of the last window with the number of the first.
    last: Option<(End, Direction, Vec<RecordId>, u64)>,
}

impl Numbering {
    /// The number of the first chunk of a window.
    pub fn first(&mut self, at: End, direction: Direction, chunks: &[Chunk], begins: bool) -> u64 {
        let records: Vec<RecordId> = chunks.iter().map(|chunk| chunk.record).collect();
        let number = self.number(at, direction, &records, begins);
        self.last = Some((at, direction, records, number));
        number
    }

    fn number(&self, at: End, direction: Direction, records: &[RecordId], begins: bool) -> u64 {
        let Some(first) = records.first().filter(|_| !begins) else { return 1 };
        if let Some((end, way, known, number)) = &self.last
            && (*end, *way) == (at, direction)
        {
            if let Ok(index) = known.binary_search(first) {
                return number + index as u64;
            }
            if let Some(index) = known.first().and_then(|known| records.binary_search(known).ok()) {
                return number.saturating_sub(index as u64).max(1);
            }
        }
        // Nobody counted those before it. The record's own number is not smaller than how many there were.
        first.0 + 1
    }
}

/// What a stream is shown of.
pub struct StreamEnds {
    /// Who writes, if it is a session here.
    pub writer: Option<End>,
    /// Who reads.
    pub reader: Option<End>,
    /// Whether the connection is up.
    pub open: bool,
    /// `127.0.0.1:50000 → 127.0.0.1:9000`.
    pub title: String,
}

/// A stream's window, put together.
pub struct Gathered<P> {
    /// The part.
    pub part: P,
    /// Whether there is more before it.
    pub has_older: bool,
    /// Whether it reaches the newest.
    pub is_newest: bool,
}

/// Gathers one way of a connection. The leading lane is that of the tab: its writes when it writes, else its reads.
pub fn stream(
    sight: &mut Sight<'_>,
    ends: &StreamEnds,
    (leading, anchor): (Direction, Anchor),
    rule: &Rule,
    numbering: &mut Numbering,
) -> Gathered<Stream> {
    let most = (MOST_CHUNKS, 0);
    let (mut writes, reads) = match (ends.writer, ends.reader, leading) {
        (Some(writer), Some(reader), Direction::Sent) => {
            let writes = sight.window(writer, Direction::Sent, anchor, most);
            let reads = sight.reads_of(reader, &writes, anchor);
            (Some(writes), Some(reads))
        }
        (Some(writer), Some(reader), Direction::Received) => {
            let reads = sight.window(reader, Direction::Received, anchor, most);
            let writes = sight.writes_of(writer, &reads, anchor);
            (Some(writes), Some(reads))
        }
        (writer, reader, _) => (
            writer.map(|writer| sight.window(writer, Direction::Sent, anchor, most)),
            reader.map(|reader| sight.window(reader, Direction::Received, anchor, most)),
        ),
    };
    if let (Some(writes), Some(reads)) = (&mut writes, &reads)
        && !reads.is_newest
    {
        // Where the window of reads ends before the last read there is, what was written behind it is not unread, but out of view.
        let read = reads.chunks.last().map_or(0, Chunk::end);
        writes.chunks.retain(|write| write.end() <= read);
    }
    let found = match &reads {
        Some(reads) => frames(rule, &reads.chunks),
        None => Frames::Off,
    };
    let (first, way) = match (&writes, &reads) {
        (Some(writes), _) => (ends.writer.zip(Some(writes)), Direction::Sent),
        (None, reads) => (ends.reader.zip(reads.as_ref()), Direction::Received),
    };
    let first_number = first.map_or(1, |(end, window)| {
        let begins = window.chunks.first().is_none_or(|chunk| chunk.offset == 0);
        numbering.first(end, way, &window.chunks, begins)
    });
    let has_older = [&writes, &reads].into_iter().flatten().any(|window| window.has_older);
    let leading = if leading == Direction::Sent { &writes } else { &reads };
    let is_newest = leading.as_ref().is_none_or(|window| window.is_newest);
    let lane = |end: Option<End>, window: Option<Window>| {
        end.zip(window).map(|(end, window)| Lane { session: end.session, chunks: window.chunks })
    };
    let part = Stream {
        title: ends.title.clone(),
        writes: lane(ends.writer, writes),
        reads: lane(ends.reader, reads),
        first_number,
        frames: found,
        open: ends.open,
    };
    Gathered { part, has_older, is_newest }
}

/// What datagrams are shown of: sessions and the address at their other end.
pub struct DatagramEnds {
    /// Who sends, if it is a session here, and to which address.
    pub sender: Option<(SessionId, Option<Address>)>,
    /// Who receives, and from which.
    pub receiver: Option<(SessionId, Option<Address>)>,
    /// `127.0.0.1:50000 → 127.0.0.1:9000`.
    pub title: String,
}

/// Gathers datagrams one way; the anchor is a record of the session `own`.
pub fn datagrams(
    sight: &mut Sight<'_>,
    ends: &DatagramEnds,
    (own, anchor): (SessionId, Anchor),
    numbering: &mut Numbering,
) -> Gathered<Datagrams> {
    let moment = match anchor {
        Anchor::Newest => None,
        Anchor::At(record) => sight.look(own, record).map(|record| record.at),
    };
    let mut has_older = false;
    let mut lane = |sight: &mut Sight<'_>, side: Option<(SessionId, Option<Address>)>, direction: Direction| {
        let (session, with) = side?;
        let newest = sight.next(session)?;
        let end = match (anchor, moment) {
            (Anchor::Newest, _) | (Anchor::At(_), None) => newest,
            (Anchor::At(record), Some(_)) if session == own => RecordId(record.0 + 1),
            // It arrived at the moment at which it was sent, or just after it.
            (Anchor::At(_), Some(moment)) => RecordId(sight.at_moment(session, moment)?.0 + ARRIVES_WITHIN).min(newest),
        };
        let (found, older) = sight.datagrams(session, (direction, with), end);
        has_older |= older;
        Some((session, found))
    };
    let sent = lane(sight, ends.sender, Direction::Sent);
    let received = lane(sight, ends.receiver, Direction::Received);
    let sent = sent.map(|(session, found)| Lane { session, chunks: found.into_iter().map(|sent| sent.chunk).collect() });
    let received = received.map(|(session, chunks)| Lane { session, chunks });
    let first = sent.as_ref().map_or(1, |lane: &Lane<Chunk>| {
        let end = End { session: lane.session, connection: None };
        numbering.first(end, Direction::Sent, &lane.chunks, !has_older)
    });
    let part = Datagrams::new(ends.title.clone(), sent, received, first);
    Gathered { part, has_older, is_newest: anchor == Anchor::Newest }
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod source_tests;
