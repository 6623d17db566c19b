//! What tells the encoding of each stream: its first bytes that are not plain ASCII, and what they were judged to be, once. Shared between
//! the recorder, which adds, and whoever looks. Must never hold its lock while anything but a short text is judged.

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
/// Streams that are judged; those after them are read as if nothing told.
const MOST_STREAMS: usize = 16_384;

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
    judged: u64,
}

#[derive(Default)]
struct Head {
    bytes: Vec<u8>,
    /// The ends of some of the pieces that came, each a good deal after the one before: what is judged ends there, so that the answer does
    /// not depend on when somebody asks.
    ends: Vec<usize>,
    /// How many of the ends were tried.
    tried: usize,
    guess: Option<Guess>,
}

impl Head {
    /// Tries the ends that were not tried yet. Whether that settled it.
    fn judge(&mut self) -> bool {
        while self.guess.is_none()
            && let Some(end) = self.ends.get(self.tried)
        {
            self.tried += 1;
            let settled = self.bytes.get(..*end).and_then(detect::settled);
            // After a binary head there may come text. At the end of what is kept there is nothing more to wait for.
            self.guess = settled.filter(|guess| *guess != Guess::Binary).or((*end >= ENOUGH).then_some(Guess::Binary));
            if self.guess.is_some() {
                return true;
            }
        }
        false
    }
}

impl Heads {
    /// The next bytes of a stream, or the next datagram of a peer.
    pub fn push(&self, stream: Stream, bytes: &[u8]) {
        // A zero is how Latin letters look in UTF-16.
        let telling = |byte: &u8| *byte >= 0x80 || *byte == 0 || *byte == 0x1B;
        let Some(first) = bytes.iter().position(telling) else { return };
        let mut inner = self.0.lock();
        let room = inner.streams.len() < MOST_STREAMS;
        let head = match inner.streams.get_mut(&stream) {
            Some(head) => head,
            None if room => inner.streams.entry(stream).or_default(),
            None => return,
        };
        let left = ENOUGH.saturating_sub(head.bytes.len());
        if head.guess.is_some() || left == 0 {
            return;
        }
        // What stands before the first telling byte of all is ASCII, which tells nothing; an even start keeps the pairs of UTF-16 together.
        // Later a character that was begun may go on here.
        let from = if head.bytes.is_empty() { first.saturating_sub(BEFORE) / 2 * 2 } else { 0 };
        head.bytes.extend(bytes.iter().skip(from).take(left));
        let last = head.ends.last().copied().unwrap_or_default();
        if head.bytes.len() >= (last + last / 4).max(last + 1) || head.bytes.len() == ENOUGH {
            head.ends.push(head.bytes.len());
        }
    }

    /// What a stream is: judged when it is first asked for and enough has come, and from then on the same.
    pub fn judged(&self, stream: Stream) -> Judged {
        let mut inner = self.0.lock();
        let Some(head) = inner.streams.get_mut(&stream) else { return Judged::NotYet { seen: 0 } };
        let settled = head.judge();
        let seen = if head.guess.is_some() { head.tried.checked_sub(1).and_then(|last| head.ends.get(last)) } else { None };
        let seen = seen.copied().unwrap_or(head.bytes.len());
        let judged = match head.guess {
            None => Judged::NotYet { seen },
            Some(Guess::Text(encoding)) => Judged::Text { encoding, seen },
            Some(Guess::Binary) => Judged::Unclear { seen },
        };
        inner.judged += u64::from(settled);
        judged
    }

    /// The bytes that a stream is judged by.
    pub fn bytes(&self, stream: Stream) -> Vec<u8> {
        self.0.lock().streams.get(&stream).map(|head| head.bytes.clone()).unwrap_or_default()
    }

    /// How many streams were judged so far: where it is the same, every stream is still read as before.
    pub fn count(&self) -> u64 {
        self.0.lock().judged
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
        if inner.streams.remove(&stream).is_some_and(|head| head.guess.is_some()) {
            inner.judged += 1;
        }
    }

    /// Whether both are the beginnings of the same session.
    pub fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
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
        assert_eq!(heads.count(), 3);
        // Later bytes change nothing, until it is asked to forget.
        heads.push(stream(1), "服务器".as_bytes());
        assert!(matches!(heads.judged(stream(1)), Judged::Text { encoding, .. } if encoding == Encoding::GBK));
        heads.forget(stream(1));
        assert_eq!((heads.judged(stream(1)), heads.count()), (Judged::NotYet { seen: 0 }, 4));
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
}
