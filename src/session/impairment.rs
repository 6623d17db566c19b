//! What a relay does to what passes through it: drop, repeat, delay, reorder; slow down, cut up, stall, reset. Seeded and pure: every
//! decision follows from the seed, the way and the datagram's number (or the byte's place in the stream), never from time, from the sizes
//! of reads or from who asks. Must never send: it says what leaves, and when.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `fate` | the dice: what is decided about a datagram |
//! | `datagrams` | datagrams on their way, both ways of one conversation |
//! | `stream` | the bytes of one way of a TCP connection |
//! | `share` | percentages as they are typed |
//! | `draft` | all of it as it is typed in the window |
//!
//! Times are [`Duration`]s since any moment that the caller sticks to.

mod datagrams;
mod draft;
mod fate;
mod share;
mod stream;

use super::id::Peer;
use serde::{Deserialize, Serialize};
use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

pub use datagrams::{Datagrams, Leaving, Turn};
pub use draft::{ImpairmentDraft, Knob, MILLIS, PIECES, PLACES, RATES};
pub use share::{NotAShare, Share};
pub use stream::{Step, Stop, Stream};

/// What a relay does to what passes. The default does nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Impairment {
    /// The same seed decides the same.
    pub seed: u64,
    /// Datagrams that do not leave.
    pub drop: Share,
    /// Datagrams that leave twice.
    pub repeat: Share,
    /// Datagrams that wait until the next one has overtaken them.
    pub reorder: Share,
    /// How much later everything leaves.
    pub delay: Duration,
    /// How much later still, at most; another amount for each datagram. It changes no order: that is [`Impairment::reorder`]'s alone.
    pub jitter: Duration,
    /// How a stream is cut up.
    pub rechunk: Option<Rechunk>,
    /// Bytes of a stream that leave in a second, each way of each connection.
    pub rate: Option<NonZeroU64>,
    /// When a stream stalls.
    pub stall: Option<Stall>,
    /// After how many bytes of one way both ends of a connection are reset.
    pub reset: Option<u64>,
}

impl Impairment {
    /// Whether everything passes as it comes. A seed alone does nothing.
    pub fn does_nothing(&self) -> bool {
        *self == Self { seed: self.seed, ..Self::default() }
    }
}

/// No write crosses a multiple of `size`, so none is longer, and where the cuts are does not depend on what was read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rechunk {
    /// Bytes in a piece.
    pub size: NonZeroU32,
    /// What passes between two pieces. Without it TCP may deliver them together again, as it may always.
    pub pause: Duration,
}

/// A pause between two pieces that is long enough for a receiver that reads at once to get them one by one.
pub const DEFAULT_PAUSE: Duration = Duration::from_millis(10);

/// A stream stops for a while, once, as soon as so many of its bytes have left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stall {
    /// The bytes before it.
    pub after: u64,
    /// How long.
    pub pause: Duration,
}

/// Which way something goes through a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// From the client to the target.
    ToTarget,
    /// From the target to the client.
    ToClient,
}

impl Way {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::ToTarget, Self::ToClient];

    /// The word in JSON lines.
    pub fn word(self) -> &'static str {
        match self {
            Self::ToTarget => "to-target",
            Self::ToClient => "to-client",
        }
    }

    /// The way back.
    pub fn other(self) -> Self {
        match self {
            Self::ToTarget => Self::ToClient,
            Self::ToClient => Self::ToTarget,
        }
    }

    /// 0 and 1, for tables of both.
    pub fn index(self) -> usize {
        match self {
            Self::ToTarget => 0,
            Self::ToClient => 1,
        }
    }
}

/// What was done to a datagram, or to the bytes of one read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impaired {
    /// Where it came from.
    pub from: Peer,
    /// Where it goes, or would have gone.
    pub to: Peer,
    /// Which way that is.
    pub way: Way,
    /// Which datagram or bytes.
    pub spot: Spot,
    /// How many bytes.
    pub length: u64,
    /// What, in this order. Never empty.
    pub done: Vec<Done>,
}

impl Impaired {
    /// The client's end.
    pub fn client(&self) -> Peer {
        match self.way {
            Way::ToTarget => self.from,
            Way::ToClient => self.to,
        }
    }
}

/// Which datagram or bytes of a way are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spot {
    /// The datagram with this number, from 1.
    Datagram(u64),
    /// The bytes that begin here, from 0.
    Stream(u64),
}

/// One thing that a relay does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Done {
    /// It does not leave.
    Dropped,
    /// It does not leave, because too much waits already; that is no decision of the seed.
    Overflowed,
    /// It leaves so much later.
    Delayed(Duration),
    /// It leaves twice.
    Repeated,
    /// It waits until the next one has overtaken it.
    HeldBack,
    /// It was held back, and nothing came in time to overtake it.
    NotOvertaken,
    /// It leaves in so many pieces at least.
    Cut(u64),
    /// It leaves at no more than so many bytes a second.
    Slowed(u64),
    /// From here on nothing leaves for so long.
    Stalled(Duration),
    /// Here both ends are reset.
    Reset,
}

impl Done {
    /// The word in JSON lines, and the end of its wording's key.
    pub fn word(self) -> &'static str {
        match self {
            Self::Dropped => "dropped",
            Self::Overflowed => "overflowed",
            Self::Delayed(_) => "delayed",
            Self::Repeated => "repeated",
            Self::HeldBack => "held-back",
            Self::NotOvertaken => "not-overtaken",
            Self::Cut(_) => "cut",
            Self::Slowed(_) => "slowed",
            Self::Stalled(_) => "stalled",
            Self::Reset => "reset",
        }
    }

    /// Whether bytes are lost by it.
    pub fn loses(self) -> bool {
        matches!(self, Self::Dropped | Self::Overflowed)
    }
}

/// How often each thing was done in a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Datagrams that did not leave by decision.
    pub dropped: u64,
    /// Datagrams that did not leave because too much waited.
    pub overflowed: u64,
    /// What left later.
    pub delayed: u64,
    /// Datagrams that left twice.
    pub repeated: u64,
    /// Datagrams that were overtaken.
    pub reordered: u64,
    /// Reads that left in pieces.
    pub cut: u64,
    /// Streams that stalled.
    pub stalled: u64,
    /// Connections that were reset.
    pub reset: u64,
}

impl Tally {
    /// Counts what was done.
    pub fn count(&mut self, done: &[Done]) {
        for one in done {
            match one {
                Done::Dropped => self.dropped += 1,
                Done::Overflowed => self.overflowed += 1,
                Done::Delayed(_) => self.delayed += 1,
                Done::Repeated => self.repeated += 1,
                Done::HeldBack => self.reordered += 1,
                Done::NotOvertaken => self.reordered = self.reordered.saturating_sub(1),
                Done::Cut(_) => self.cut += 1,
                Done::Stalled(_) => self.stalled += 1,
                Done::Reset => self.reset += 1,
                // Every byte is slowed down alike: there is nothing to count.
                Done::Slowed(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nothing_overtook_was_not_reordered() {
        let mut tally = Tally::default();
        tally.count(&[Done::Delayed(Duration::ZERO), Done::HeldBack]);
        tally.count(&[Done::HeldBack, Done::Repeated]);
        tally.count(&[Done::NotOvertaken]);
        assert_eq!(tally, Tally { delayed: 1, repeated: 1, reordered: 1, ..Tally::default() });
    }

    #[test]
    fn an_impairment_of_an_older_version_still_reads() {
        let read: Impairment = serde_json::from_str(r#"{"seed":7,"drop":100000,"unknown":1}"#).unwrap();
        assert_eq!((read.seed, read.drop, read.rate), (7, "10".parse().unwrap(), None));
        let text = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<Impairment>(&text).unwrap(), read);
    }
}
