//! What became of boundaries, in numbers and then in words. Must never call a boundary kept that was not seen on both sides.

use super::datagrams::{Datagrams, Fate, Slot};
use super::stream::Turn;
use crate::describe::{grouped, size_text};
use crate::diagram::scene::Ink;
use crate::i18n::Language;

/// What became of the boundaries of one turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One write, one read.
    Kept,
    /// Several writes, one read.
    Coalesced,
    /// One write, several reads.
    Split,
    /// Several of both, and no boundary in common.
    Shifted,
}

impl Kind {
    /// What became of so many writes and reads.
    pub fn of(writes: usize, reads: usize) -> Self {
        match (writes, reads) {
            (..=1, ..=1) => Self::Kept,
            (_, ..=1) => Self::Coalesced,
            (..=1, _) => Self::Split,
            _ => Self::Shifted,
        }
    }
}

/// What became of the boundaries of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tally {
    /// Of a stream.
    Stream {
        /// Whether both lanes are seen.
        both: bool,
        /// Whether the connection is up.
        open: bool,
        /// Writes.
        writes: usize,
        /// Reads.
        reads: usize,
        /// Turns of each kind, in the order of [`Kind`].
        turns: [usize; 4],
        /// Bytes written and not read.
        unread: u64,
    },
    /// Of datagrams.
    Datagrams {
        /// Whether both lanes are seen.
        both: bool,
        /// Sent.
        sent: usize,
        /// Received, repeated ones included.
        received: usize,
        /// Missing.
        missing: usize,
        /// Arrived more than once.
        repeated: usize,
        /// Arrived behind one that was sent later.
        late: usize,
        /// Cut by a receive buffer that was too small.
        cut: usize,
    },
}

impl Tally {
    pub(super) fn stream(both: bool, open: bool) -> Self {
        Self::Stream { both, open, writes: 0, reads: 0, turns: [0; 4], unread: 0 }
    }

    pub(super) fn datagrams(both: bool) -> Self {
        Self::Datagrams { both, sent: 0, received: 0, missing: 0, repeated: 0, late: 0, cut: 0 }
    }

    pub(super) fn add(&mut self, turn: &Turn) {
        if let Self::Stream { writes, reads, turns, unread, .. } = self {
            *writes += turn.writes;
            *reads += turn.reads;
            *unread += turn.unread;
            // What nobody has read yet has no kind yet.
            if turn.whole && turn.unread == 0 {
                turns[Kind::of(turn.writes, turn.reads) as usize] += 1;
            }
        }
    }

    pub(super) fn add_slot(&mut self, datagrams: &Datagrams, slot: &Slot) {
        let Self::Datagrams { sent, received, missing, repeated, late, cut, .. } = self else { return };
        let is_cut = |index: &usize| datagrams.received_at(*index).is_some_and(|arrived| arrived.cut.is_some());
        match slot {
            Slot::Received(index) => {
                *received += 1;
                *cut += usize::from(is_cut(index));
            }
            Slot::Sent(_, fate) => {
                *sent += 1;
                match fate {
                    Fate::Arrived(indices) => {
                        *received += indices.len();
                        *repeated += indices.len() - 1;
                        *late += usize::from(indices.first().is_some_and(|first| datagrams.is_late(*first)));
                        *cut += indices.iter().filter(|index| is_cut(index)).count();
                    }
                    Fate::Missing => *missing += 1,
                    Fate::OnItsWay | Fate::Unseen => {}
                }
            }
        }
    }

    /// How the verdict is to be taken.
    pub(super) fn ink(&self) -> Ink {
        match self {
            Self::Stream { both: false, .. } | Self::Datagrams { both: false, .. } => Ink::Strong,
            Self::Stream { turns: [kept, 0, 0, 0], .. } if *kept > 0 => Ink::Ok,
            Self::Stream { turns: [0, 0, 0, 0], .. } => Ink::Strong,
            Self::Stream { .. } => Ink::Warning,
            Self::Datagrams { missing, cut, .. } if missing + cut > 0 => Ink::Error,
            Self::Datagrams { repeated, late, .. } if repeated + late > 0 => Ink::Warning,
            Self::Datagrams { sent, received, .. } if sent == received => Ink::Ok,
            Self::Datagrams { .. } => Ink::Strong,
        }
    }

    /// The key of why it came so; `None` where there is nothing to explain.
    pub(super) fn why(&self) -> Option<&'static str> {
        match self {
            Self::Stream { both: false, .. } | Self::Datagrams { both: false, .. } => None,
            Self::Stream { turns: [_, 0, 0, 0], unread: 0, .. } => Some("lanes.why_kept"),
            Self::Stream { turns: [_, coalesced, 0, 0], .. } if *coalesced > 0 => Some("lanes.why_coalesced"),
            Self::Stream { turns: [_, 0, split, 0], .. } if *split > 0 => Some("lanes.why_split"),
            Self::Stream { turns: [_, 0, 0, 0], .. } => Some("lanes.why_unread"),
            Self::Stream { .. } => Some("lanes.why_shifted"),
            Self::Datagrams { cut, .. } if *cut > 0 => Some("lanes.why_cut"),
            Self::Datagrams { missing, .. } if *missing > 0 => Some("lanes.why_missing"),
            Self::Datagrams { .. } => Some("lanes.why_datagrams"),
        }
    }

    /// The verdict in one line.
    pub fn words(&self, language: Language) -> String {
        match self {
            Self::Stream { .. } => self.stream_words(language),
            Self::Datagrams { .. } => self.datagram_words(language),
        }
    }

    fn stream_words(&self, language: Language) -> String {
        let Self::Stream { both, open, writes, reads, turns, unread } = self else { return String::new() };
        let count = |number: &usize| grouped(*number as u64);
        let told = |key: &str| language.tr_with(key, &[("writes", &count(writes)), ("reads", &count(reads))]);
        if !both {
            return told(if *writes > 0 { "lanes.verdict_writes_alone" } else { "lanes.verdict_reads_alone" });
        }
        let [kept, coalesced, split, shifted] = turns;
        let mut text = match (kept, coalesced, split, shifted) {
            (0, 0, 0, 0) if *unread > 0 && *reads > 0 => told("lanes.verdict_partly"),
            (0, 0, 0, 0) if *unread > 0 => told("lanes.verdict_unread"),
            (0, 0, 0, 0) => told("lanes.verdict_middle"),
            (1, 0, 0, 0) => told("lanes.verdict_one"),
            (_, 0, 0, 0) => told("lanes.verdict_kept"),
            (0, 1, 0, 0) => told("lanes.verdict_coalesced"),
            (0, 0, 1, 0) => told("lanes.verdict_split"),
            (0, 0, 0, 1) => told("lanes.verdict_shifted"),
            _ => {
                let parts = [
                    ("lanes.turns_kept", kept),
                    ("lanes.turns_coalesced", coalesced),
                    ("lanes.turns_split", split),
                    ("lanes.turns_shifted", shifted),
                ];
                let parts = parts.into_iter().filter(|(_, count)| **count > 0);
                let parts: Vec<String> = parts.map(|(key, number)| language.tr_with(key, &[("count", &count(number))])).collect();
                format!("{} ({})", told("lanes.verdict_mixed"), parts.join(" · "))
            }
        };
        if *unread > 0 {
            let key = if *open { "lanes.unread_open" } else { "lanes.unread_ended" };
            text.push_str(" · ");
            text.push_str(&language.tr_with(key, &[("bytes", &size_text(*unread))]));
        }
        text
    }

    fn datagram_words(&self, language: Language) -> String {
        let Self::Datagrams { both, sent, received, missing, repeated, late, cut } = self else { return String::new() };
        let count = |number: &usize| grouped(*number as u64);
        let told = |key: &str| language.tr_with(key, &[("sent", &count(sent)), ("received", &count(received))]);
        if !both {
            return told(if *sent > 0 { "lanes.verdict_sent_alone" } else { "lanes.verdict_received_alone" });
        }
        let whole = sent == received && [missing, repeated, late, cut].iter().all(|number| **number == 0);
        if whole {
            return told("lanes.verdict_datagrams_kept");
        }
        let parts = [
            ("lanes.datagrams_missing", missing),
            ("lanes.datagrams_cut", cut),
            ("lanes.datagrams_repeated", repeated),
            ("lanes.datagrams_late", late),
        ];
        let parts = parts.into_iter().filter(|(_, count)| **count > 0);
        let parts: Vec<String> = parts.map(|(key, number)| language.tr_with(key, &[("count", &count(number))])).collect();
        let told = told("lanes.verdict_datagrams");
        if parts.is_empty() { told } else { format!("{told} · {}", parts.join(" · ")) }
    }
}
