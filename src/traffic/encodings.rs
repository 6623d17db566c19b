//! What each record's bytes are read in: as chosen for the direction, or for one peer, or one record, or as each stream itself tells. Must
//! never read anything itself.

use super::heads::{Heads, Judged, Stream};
use super::record::{Data, Direction, RecordId};
use crate::codec::encoding::Encoding;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the bytes of a direction are read in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// This.
    Fixed(Encoding),
    /// What each stream was judged to be; where that is not known, this.
    Auto(Encoding),
}

impl Choice {
    /// The encoding where nothing is known of a stream.
    pub fn otherwise(self) -> Encoding {
        match self {
            Self::Fixed(encoding) | Self::Auto(encoding) => encoding,
        }
    }
}

/// Why a record is read in its encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// It was chosen for the record.
    Record,
    /// It was chosen for its peer.
    Peer,
    /// It was chosen for the direction.
    Direction,
    /// "Auto" was chosen, and so was the stream judged.
    Auto(Judged),
}

/// What the records of a session are read in. Cloning is cheap. Two are equal when the same was chosen.
#[derive(Clone, Debug)]
pub struct Encodings {
    received: Choice,
    sent: Choice,
    streams: Arc<BTreeMap<Stream, Encoding>>,
    records: Arc<BTreeMap<RecordId, (Direction, Encoding)>>,
    heads: Heads,
    /// [`Heads::corrected`] when this was made.
    corrected: u64,
}

impl Encodings {
    /// Two choices, and nothing chosen for any peer.
    pub fn new(received: Choice, sent: Choice, heads: &Heads) -> Self {
        let own = Self { received, sent, streams: Arc::default(), records: Arc::default(), heads: heads.clone(), corrected: 0 };
        Self { corrected: if own.is_auto() { heads.corrected() } else { 0 }, ..own }
    }

    /// Two encodings for everything.
    pub fn fixed(received: Encoding, sent: Encoding) -> Self {
        Self::new(Choice::Fixed(received), Choice::Fixed(sent), &Heads::default())
    }

    /// The same with what was chosen for peers and records.
    pub fn with(self, pins: &Pins) -> Self {
        Self { streams: pins.streams.clone(), records: pins.records.clone(), ..self }
    }

    /// The same without what was chosen for single records, as a search reads them.
    pub fn of_streams_alone(self) -> Self {
        Self { records: Arc::default(), ..self }
    }

    /// What was chosen for a direction.
    pub fn choice(&self, direction: Direction) -> Choice {
        match direction {
            Direction::Received => self.received,
            Direction::Sent => self.sent,
        }
    }

    /// What a record is read in; its number, or that of the first record of a frame.
    pub fn of(&self, id: RecordId, data: &Data) -> Encoding {
        self.records.get(&id).map_or_else(|| self.of_stream((data.peer, data.direction)), |(_, encoding)| *encoding)
    }

    /// What a stream is read in, but for the records for which something else was chosen.
    pub fn of_stream(&self, stream: Stream) -> Encoding {
        self.read_by(stream, Heads::judged)
    }

    /// The same for one who keeps what is found by it: [`Encodings::is_outdated`] tells when that is not right any more.
    pub fn of_stream_for_good(&self, stream: Stream) -> Encoding {
        self.read_by(stream, Heads::relied_on)
    }

    fn read_by(&self, stream: Stream, judged: impl FnOnce(&Heads, Stream) -> Judged) -> Encoding {
        if let Some(chosen) = self.streams.get(&stream) {
            return *chosen;
        }
        match self.choice(stream.1) {
            Choice::Fixed(encoding) => encoding,
            Choice::Auto(otherwise) => match judged(&self.heads, stream) {
                Judged::Text { encoding, .. } => encoding,
                Judged::NotYet { .. } | Judged::Unclear { .. } => otherwise,
            },
        }
    }

    /// Whether a stream was told after something had been found without knowing.
    pub fn is_outdated(&self) -> bool {
        self.is_auto() && self.heads.corrected() != self.corrected
    }

    /// Why a record is read so.
    pub fn because(&self, id: RecordId, data: &Data) -> Because {
        let stream = (data.peer, data.direction);
        match self.choice(data.direction) {
            _ if self.records.contains_key(&id) => Because::Record,
            _ if self.streams.contains_key(&stream) => Because::Peer,
            Choice::Fixed(_) => Because::Direction,
            Choice::Auto(_) => Because::Auto(self.heads.judged(stream)),
        }
    }

    /// Whether something is read otherwise than its direction says.
    pub fn is_mixed(&self) -> bool {
        self.is_auto() || !self.streams.is_empty() || !self.records.is_empty()
    }

    /// Whether streams are judged.
    pub fn is_auto(&self) -> bool {
        [self.received, self.sent].iter().any(|choice| matches!(choice, Choice::Auto(_)))
    }

    /// Every encoding that a stream is read in, as far as it is known; another stream may be judged to be in another one later.
    pub fn possible(&self) -> Vec<Encoding> {
        let mut all = vec![self.received.otherwise(), self.sent.otherwise()];
        all.extend(self.streams.values());
        if self.is_auto() {
            all.extend(self.heads.encodings());
        }
        let mut known = Vec::new();
        all.retain(|encoding| {
            let is_new = !known.contains(encoding);
            known.push(*encoding);
            is_new
        });
        all
    }
}

impl PartialEq for Encodings {
    fn eq(&self, other: &Self) -> bool {
        (self.received, self.sent) == (other.received, other.sent)
            && self.streams == other.streams
            && self.records == other.records
            && (!self.is_auto() || self.heads.same(&other.heads))
    }
}

/// What was chosen for single peers and records.
#[derive(Clone, Debug, Default)]
pub struct Pins {
    streams: Arc<BTreeMap<Stream, Encoding>>,
    records: Arc<BTreeMap<RecordId, (Direction, Encoding)>>,
}

impl Pins {
    /// Reads a peer's bytes, of one direction, in an encoding; `None` as its direction says.
    pub fn pin_stream(&mut self, stream: Stream, encoding: Option<Encoding>) {
        let streams = Arc::make_mut(&mut self.streams);
        match encoding {
            Some(encoding) => streams.insert(stream, encoding),
            None => streams.remove(&stream),
        };
    }

    /// Reads one record in an encoding; `None` as its stream.
    pub fn pin_record(&mut self, record: RecordId, direction: Direction, encoding: Option<Encoding>) {
        let records = Arc::make_mut(&mut self.records);
        match encoding {
            Some(encoding) => records.insert(record, (direction, encoding)),
            None => records.remove(&record),
        };
    }

    /// Takes back what was chosen for the peers and records of a direction, because something is chosen for all of it.
    pub fn clear(&mut self, direction: Direction) {
        Arc::make_mut(&mut self.streams).retain(|(_, way), _| *way != direction);
        Arc::make_mut(&mut self.records).retain(|_, (way, _)| *way != direction);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::id::{ConnectionId, Peer};

    fn data(connection: u32) -> Data {
        let peer = Peer::connected(ConnectionId(connection), "127.0.0.1:9".parse().unwrap());
        Data { direction: Direction::Received, peer, bytes: b"\xC4\xE3"[..].into(), origin: None, previous: None, offset: 0 }
    }

    #[test]
    fn the_nearest_choice_counts() {
        let (one, two) = (data(1), data(2));
        let mut pins = Pins::default();
        let plain = Encodings::fixed(Encoding::UTF_8, Encoding::BIG5);
        assert_eq!((plain.of(RecordId(0), &one), plain.because(RecordId(0), &one)), (Encoding::UTF_8, Because::Direction));
        pins.pin_stream((one.peer, Direction::Received), Some(Encoding::GBK));
        pins.pin_record(RecordId(7), Direction::Received, Some(Encoding::LATIN_1));
        let pinned = plain.clone().with(&pins);
        assert_ne!(plain, pinned);
        for (id, data, encoding, because) in [
            (6, &one, Encoding::GBK, Because::Peer),
            (7, &one, Encoding::LATIN_1, Because::Record),
            (6, &two, Encoding::UTF_8, Because::Direction),
        ] {
            assert_eq!((pinned.of(RecordId(id), data), pinned.because(RecordId(id), data)), (encoding, because));
        }
        pins.clear(Direction::Received);
        assert_eq!(plain.clone().with(&pins), plain);
    }

    #[test]
    fn auto_follows_each_stream() {
        let heads = Heads::default();
        let (one, two) = (data(1), data(2));
        let auto = || Encodings::new(Choice::Auto(Encoding::UTF_8), Choice::Fixed(Encoding::UTF_8), &heads);
        let before = auto();
        assert_eq!(before.of(RecordId(0), &one), Encoding::UTF_8);
        let said = Encoding::GBK.encode("服务器已经启动正在等待客户端的连接").unwrap();
        heads.push((one.peer, Direction::Received), &said);
        assert_eq!((before.of(RecordId(0), &one), before.of(RecordId(1), &two)), (Encoding::GBK, Encoding::UTF_8));
        // Who only looked has nothing to correct.
        assert_eq!((before.is_outdated(), before == auto()), (false, true));
        // Who kept what it found in a stream that was not told yet has.
        heads.push((two.peer, Direction::Received), &said[..2]);
        assert_eq!(before.of_stream_for_good((two.peer, Direction::Received)), Encoding::UTF_8);
        heads.push((two.peer, Direction::Received), &said[2..]);
        assert_eq!(before.of(RecordId(1), &two), Encoding::GBK);
        assert_eq!((before.is_outdated(), auto().is_outdated()), (true, false));
    }
}
