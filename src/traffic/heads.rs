//! What tells the encoding of each stream: its first bytes that are not plain ASCII, and what they were judged to be, once. Shared between
//! the recorder, which adds, and whoever looks. Must never hold its lock while anything is judged.

use super::record::Direction;
use crate::codec::detect::{self, Guess};
use crate::codec::encoding::Encoding;
use crate::session::id::Peer;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// One peer and one direction: for TCP a connection's half, for UDP what one address sends.
pub type Stream = (Peer, Direction);

/// Bytes kept of one stream; they are enough to judge by.
const ENOUGH: usize = 256;
/// Plain ASCII kept before the first telling byte, for its words.
const BEFORE: usize = 16;
/// Streams that are known, about 600 bytes each. Beyond that the half that was silent longest is forgotten: where one of those goes on, it
/// is judged anew.
const MOST_STREAMS: usize = 16_384;
/// Bytes that are looked at in one go for the first telling one.
const PIECE: usize = 256;

/// What a stream was judged to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// Too little has come: nothing beyond ASCII, or not enough of it.
    NotYet {
        /// Telling bytes and what stands between them, so far.
        seen: usize,
    },
    /// Text in an encoding, by so many bytes.
    Text {
        /// Which.
        encoding: Encoding,
        /// How many bytes it was judged by.
        seen: usize,
    },
    /// No text, or none that can be told.
    Unclear {
        /// How many bytes it was judged by.
        seen: usize,
    },
}

/// The beginnings of a session's streams. Clones share them.
#[derive(Clone, Default)]
pub struct Heads(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    streams: HashMap<Stream, Head>,
    /// The stream that the last bytes were of, if it takes no more: a flood of one stream need not be looked up.
    done: Option<Stream>,
    /// How many streams were told otherwise than somebody relied on.
    corrected: u64,
    /// Reads so far, the clock by which a stream is called silent.
    clock: u64,
}

#[derive(Default)]
struct Head {
    bytes: Vec<u8>,
    /// The ends of some of the pieces that came, each a good deal after the one before: what is judged ends there, so that the answer does
    /// not depend on when somebody asks.
    ends: Vec<u16>,
    /// How many of the ends were tried.
    tried: usize,
    guess: Option<Guess>,
    /// Whether somebody has gone on without an answer, as one who searches does.
    relied: bool,
    /// When it was last heard of.
    heard: u64,
}

/// What of a head is judged while it is free for others.
struct Trial {
    bytes: Vec<u8>,
    ends: Vec<u16>,
    tried: usize,
    guess: Option<Guess>,
}

impl Head {
    /// Whether it takes no more bytes.
    fn is_done(&self) -> bool {
        self.guess.is_some() || self.bytes.len() >= ENOUGH
    }

    /// What is to be judged, if anything new is.
    fn trial(&self) -> Option<Trial> {
        let new = self.guess.is_none() && self.tried < self.ends.len();
        new.then(|| Trial { bytes: self.bytes.clone(), ends: self.ends.clone(), tried: self.tried, guess: None })
    }

    /// Takes over what a trial found, if it was of this head and nobody was faster.
    fn take(&mut self, trial: Trial) {
        if self.guess.is_none() && self.tried < trial.tried && self.bytes.starts_with(&trial.bytes) {
            (self.tried, self.guess) = (trial.tried, trial.guess);
        }
    }

    fn judged(&self) -> Judged {
        let seen = if self.guess.is_some() { self.tried.checked_sub(1).and_then(|last| self.ends.get(last)) } else { None };
        let seen = seen.map_or(self.bytes.len(), |end| usize::from(*end));
        match self.guess {
            None => Judged::NotYet { seen },
            Some(Guess::Text(encoding)) => Judged::Text { encoding, seen },
            Some(Guess::Binary) => Judged::Unclear { seen },
        }
    }
}

impl Trial {
    /// Tries the ends that were not tried yet, until one settles it.
    fn run(mut self) -> Self {
        while self.guess.is_none()
            && let Some(end) = self.ends.get(self.tried).map(|end| usize::from(*end))
        {
            self.tried += 1;
            let settled = self.bytes.get(..end).and_then(detect::settled);
            // After a binary head there may come text. At the end of what is kept there is nothing more to wait for.
            self.guess = settled.filter(|guess| *guess != Guess::Binary).or((end >= ENOUGH).then_some(Guess::Binary));
        }
        self
    }
}

impl Heads {
    /// The next bytes of a stream, or the next datagram of a peer. Once a stream has shown enough it costs a look into a table at most.
    pub fn push(&self, stream: Stream, bytes: &[u8]) {
        {
            let mut inner = self.0.lock();
            inner.clock += 1;
            if inner.done == Some(stream) {
                return;
            }
            let clock = inner.clock;
            if let Some(head) = inner.streams.get_mut(&stream) {
                head.heard = clock;
                if head.is_done() {
                    // The one before was heard of until now.
                    let before = inner.done.replace(stream);
                    if let Some(head) = before.and_then(|before| inner.streams.get_mut(&before)) {
                        head.heard = clock;
                    }
                    return;
                }
            }
        }
        let Some(first) = first_telling(bytes) else { return };
        let mut inner = self.0.lock();
        if inner.streams.len() >= MOST_STREAMS && !inner.streams.contains_key(&stream) {
            inner.forget_silent();
        }
        let clock = inner.clock;
        let head = inner.streams.entry(stream).or_default();
        head.heard = clock;
        let left = ENOUGH.saturating_sub(head.bytes.len());
        // What stands before the first telling byte of all is ASCII, which tells nothing; an even start keeps the pairs of UTF-16 together.
        // Later a character that was begun may go on here.
        let from = if head.bytes.is_empty() { first.saturating_sub(BEFORE) / 2 * 2 } else { 0 };
        head.bytes.extend(bytes.iter().skip(from).take(left));
        let length = head.bytes.len();
        let last = head.ends.last().copied().map_or(0, usize::from);
        if length >= (last + last / 4).max(last + 1) || length == ENOUGH {
            head.ends.extend(u16::try_from(length));
        }
        if length == ENOUGH {
            head.bytes.shrink_to_fit();
        }
    }

    /// What a stream is: judged when it is first asked for and enough has come, and from then on the same.
    pub fn judged(&self, stream: Stream) -> Judged {
        self.answer(stream, false)
    }

    /// The same for one who goes on without an answer: where it comes later, [`Heads::corrected`] counts it.
    pub fn relied_on(&self, stream: Stream) -> Judged {
        self.answer(stream, true)
    }

    fn answer(&self, stream: Stream, relied: bool) -> Judged {
        let trial = {
            let mut inner = self.0.lock();
            let Some(head) = inner.streams.get_mut(&stream) else { return Judged::NotYet { seen: 0 } };
            match head.trial() {
                Some(trial) => trial,
                None => {
                    head.relied |= relied && head.guess.is_none();
                    return head.judged();
                }
            }
        };
        // Whoever judges does it alone: the recorder does not wait for it.
        let trial = trial.run();
        let mut inner = self.0.lock();
        let Some(head) = inner.streams.get_mut(&stream) else { return Judged::NotYet { seen: 0 } };
        let was_open = head.guess.is_none();
        head.take(trial);
        let judged = head.judged();
        let corrected = was_open && head.relied && matches!(judged, Judged::Text { .. });
        head.relied |= relied && head.guess.is_none();
        inner.corrected += u64::from(corrected);
        judged
    }

    /// The bytes that a stream is judged by.
    pub fn bytes(&self, stream: Stream) -> Vec<u8> {
        self.0.lock().streams.get(&stream).map(|head| head.bytes.clone()).unwrap_or_default()
    }

    /// How many streams were told to be text after somebody had relied on not knowing, or have to be told anew: where it is the same,
    /// whatever was found is still right.
    pub fn corrected(&self) -> u64 {
        self.0.lock().corrected
    }

    /// Every encoding that some stream was judged to be in.
    pub fn encodings(&self) -> Vec<Encoding> {
        let mut known = Vec::new();
        for head in self.0.lock().streams.values() {
            if let Some(Guess::Text(encoding)) = head.guess
                && !known.contains(&encoding)
            {
                known.push(encoding);
            }
        }
        known
    }

    /// Judges a stream anew, by what comes from now on.
    pub fn forget(&self, stream: Stream) {
        let mut inner = self.0.lock();
        let Some(head) = inner.streams.get_mut(&stream) else { return };
        // What came before stays, and is read as whatever will be told of what comes.
        *head = Head { relied: true, heard: head.heard, ..Head::default() };
        inner.done = None;
        inner.corrected += 1;
    }

    /// Whether both are the beginnings of the same session.
    pub fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Inner {
    /// Forgets the half of the streams that was silent longer, so that this is not done for each new one.
    fn forget_silent(&mut self) {
        // It was heard of all the time.
        if let Some(head) = self.done.take().and_then(|done| self.streams.get_mut(&done)) {
            head.heard = self.clock;
        }
        let mut heard: Vec<u64> = self.streams.values().map(|head| head.heard).collect();
        heard.sort_unstable();
        let Some(middle) = heard.get(heard.len() / 2).copied() else { return };
        self.streams.retain(|_, head| head.heard > middle);
    }
}

/// Where the first byte is that tells something of the encoding. A zero is how Latin letters look in UTF-16.
fn first_telling(bytes: &[u8]) -> Option<usize> {
    let telling = |byte: &u8| *byte >= 0x80 || *byte == 0 || *byte == 0x1B;
    // A whole piece at a time, without a way out of it, which a processor does for many bytes at once.
    let piece = bytes.chunks(PIECE).position(|piece| piece.iter().fold(false, |any, byte| any | telling(byte)))?;
    let from = piece * PIECE;
    bytes.iter().skip(from).position(telling).map(|place| from + place)
}

impl fmt::Debug for Heads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heads").field("streams", &self.0.lock().streams.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::id::ConnectionId;

    fn stream(connection: u32) -> Stream {
        (Peer::connected(ConnectionId(connection), "127.0.0.1:9".parse().unwrap()), Direction::Received)
    }

    fn text(label: &str) -> Encoding {
        Encoding::for_label(label).unwrap()
    }

    #[test]
    fn each_stream_is_judged_once_enough_has_come() {
        let heads = Heads::default();
        heads.push(stream(1), b"AT+OK\r\n");
        assert_eq!(heads.judged(stream(1)), Judged::NotYet { seen: 0 });
        for (connection, label) in [(1, "gbk"), (2, "utf-8"), (3, "big5")] {
            let said = if label == "big5" {
                "伺服器已經啟動正在等待用戶端的連線"
            } else {
                "服务器已经启动正在等待客户端的连接"
            };
            for character in said.chars() {
                heads.push(stream(connection), &text(label).encode(&character.to_string()).unwrap());
            }
            let judged = heads.judged(stream(connection));
            assert!(matches!(judged, Judged::Text { encoding, .. } if encoding == text(label)), "{label}: {judged:?}");
        }
        // Later bytes change nothing, until it is asked to forget.
        heads.push(stream(1), "服务器".as_bytes());
        assert!(matches!(heads.judged(stream(1)), Judged::Text { encoding, .. } if encoding == Encoding::GBK));
        heads.forget(stream(1));
        assert_eq!((heads.judged(stream(1)), heads.corrected()), (Judged::NotYet { seen: 0 }, 1));
    }

    #[test]
    fn what_is_no_text_is_called_unclear_in_the_end() {
        let heads = Heads::default();
        for round in 0..100u8 {
            heads.push(stream(1), &[0xC3, round, 0x00, 0xFF, round.wrapping_mul(7), 0x81]);
        }
        assert!(matches!(heads.judged(stream(1)), Judged::Unclear { .. }));
    }

    #[test]
    fn a_long_text_before_the_first_telling_byte_costs_nothing() {
        let heads = Heads::default();
        let mut bytes = vec![b'a'; 100_001];
        bytes.extend("服务器已经启动正在等待客户端的连接".as_bytes());
        heads.push(stream(1), &bytes);
        assert!(matches!(heads.judged(stream(1)), Judged::Text { encoding, .. } if encoding == Encoding::UTF_8));
    }

    #[test]
    fn only_an_answer_that_somebody_did_without_is_a_correction() {
        let gbk = text("gbk").encode("服务器已经启动正在等待客户端的连接").unwrap();
        let heads = Heads::default();
        heads.push(stream(1), &gbk);
        assert!(matches!(heads.relied_on(stream(1)), Judged::Text { .. }));
        assert_eq!(heads.corrected(), 0);
        let (begun, rest) = gbk.split_at(2);
        for (connection, relied) in [(2, false), (3, true)] {
            heads.push(stream(connection), begun);
            let ask = if relied { Heads::relied_on } else { Heads::judged };
            assert_eq!(ask(&heads, stream(connection)), Judged::NotYet { seen: 2 });
            heads.push(stream(connection), rest);
            assert!(matches!(heads.judged(stream(connection)), Judged::Text { .. }));
            assert_eq!(heads.corrected(), u64::from(relied));
        }
    }

    /// However the asking falls between the pushes, a stream is judged by the same bytes.
    #[test]
    fn it_does_not_matter_when_somebody_asks() {
        let gbk = text("gbk").encode("温度：二十三点五摄氏度，湿度：百分之四十").unwrap();
        let judged = |asks: u32| {
            let heads = Heads::default();
            for (index, piece) in gbk.chunks(3).enumerate() {
                heads.push(stream(1), piece);
                if asks >> (index % 32) & 1 == 1 {
                    heads.judged(stream(1));
                }
            }
            heads.judged(stream(1))
        };
        for asks in [1, 2, 0x5555_5555, 0x8000_0001, 0xF0F0_F0F0, u32::MAX] {
            assert_eq!(judged(asks), judged(0), "{asks:x}");
        }
    }

    #[test]
    fn a_flood_of_peers_keeps_out_neither_those_that_speak_on_nor_those_that_come() {
        let heads = Heads::default();
        let gbk = text("gbk").encode("服务器已经启动正在等待客户端的连接").unwrap();
        for connection in 1..100_000 {
            heads.push(stream(0), &gbk);
            heads.push(stream(connection), b"\xC4\xE3");
        }
        assert!(heads.0.lock().streams.len() <= MOST_STREAMS);
        heads.push(stream(100_000), &gbk);
        for known in [0, 100_000] {
            assert!(matches!(heads.judged(stream(known)), Judged::Text { encoding, .. } if encoding == Encoding::GBK), "{known}");
        }
    }

    #[test]
    fn the_first_telling_byte() {
        for at in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            for told in [0u8, 0x1B, 0x80, 0xFF] {
                let mut bytes = vec![b'a'; 4 * PIECE];
                bytes[at] = told;
                assert_eq!(first_telling(&bytes), Some(at));
            }
        }
        assert_eq!((first_telling(&[b'a'; 1000]), first_telling(b"")), (None, None));
    }

    /// A stream that has shown enough and is pushed again and again takes bytes anew once it was forgotten.
    #[test]
    fn a_flood_of_one_stream_is_no_other_after_it_is_forgotten() {
        let heads = Heads::default();
        let said = "服务器已经启动，正在等待客户端的连接请求，请输入设备编号";
        for _ in 0..20 {
            heads.push(stream(1), &text("gbk").encode(said).unwrap());
        }
        assert!(matches!(heads.judged(stream(1)), Judged::Text { encoding, .. } if encoding == Encoding::GBK));
        heads.forget(stream(1));
        for _ in 0..20 {
            heads.push(stream(1), said.as_bytes());
        }
        assert!(matches!(heads.judged(stream(1)), Judged::Text { encoding, .. } if encoding == Encoding::UTF_8));
    }
}
