//! Datagrams sent and datagrams received, matched. Must never take one for another that has other bytes.

use super::{Chunk, Lane, Mark};
use crate::session::timestamp::Timestamp;
use std::collections::{HashMap, VecDeque};

/// A datagram as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// What was kept of it.
    pub chunk: Chunk,
    /// Whether the receive buffer was too small for it.
    pub cut: Option<Cut>,
}

/// A datagram of which not everything was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// How many bytes it had, where the system tells.
    pub whole: Option<u64>,
}

/// Datagrams from one socket to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Datagrams {
    /// `127.0.0.1:50000 → 127.0.0.1:9000`.
    pub title: String,
    /// What was sent; `None` where another program sends.
    pub sent: Option<Lane<Chunk>>,
    /// What arrived; `None` where another program receives.
    pub received: Option<Lane<Arrived>>,
    /// The number of the first one sent, from 1.
    pub first_number: u64,
    slots: Vec<Slot>,
}

/// What became of a datagram that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrived, as these of those received; more than once if it was repeated.
    Arrived(Vec<usize>),
    /// It has not arrived, although one that was sent later has.
    Missing,
    /// It has not arrived, and none that was sent later has.
    OnItsWay,
    /// Whoever receives is another program.
    Unseen,
}

/// A place in the picture: a datagram sent and what became of it, or one that arrived and was not sent in the view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Sent.
    Sent(usize, Fate),
    /// Received only.
    Received(usize),
}

impl Datagrams {
    /// Matches what was sent with what was received.
    pub fn new(title: String, sent: Option<Lane<Chunk>>, received: Option<Lane<Arrived>>, first_number: u64) -> Self {
        let slots = slots(sent.as_ref(), received.as_ref());
        Self { title, sent, received, first_number, slots }
    }

    /// Its places in the order of sending, those that nobody here sent behind those sent before them.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    pub(super) fn sent_at(&self, index: usize) -> Option<&Chunk> {
        self.sent.as_ref()?.chunks.get(index)
    }

    pub(super) fn received_at(&self, index: usize) -> Option<&Arrived> {
        self.received.as_ref()?.chunks.get(index)
    }

    /// The number of one sent.
    pub(super) fn number(&self, index: usize) -> u64 {
        self.first_number + index as u64
    }

    /// How many bytes a place is wide.
    pub(super) fn length(&self, slot: usize) -> usize {
        match self.slots.get(slot) {
            Some(Slot::Sent(index, _)) => self.sent_at(*index).map_or(0, |chunk| chunk.bytes.len()),
            Some(Slot::Received(index)) => self.received_at(*index).map_or(0, |arrived| arrived.chunk.bytes.len()),
            None => 0,
        }
    }

    /// Whether a place has this record.
    pub(super) fn has(&self, slot: usize, mark: Mark) -> bool {
        let sent = |index: usize| {
            let of = self.sent.as_ref().is_some_and(|lane| lane.session == mark.session);
            of && self.sent_at(index).is_some_and(|chunk| chunk.record == mark.record)
        };
        let received = |index: usize| {
            let of = self.received.as_ref().is_some_and(|lane| lane.session == mark.session);
            of && self.received_at(index).is_some_and(|arrived| arrived.chunk.record == mark.record)
        };
        match self.slots.get(slot) {
            Some(Slot::Sent(index, Fate::Arrived(indices))) => sent(*index) || indices.iter().any(|index| received(*index)),
            Some(Slot::Sent(index, Fate::Missing | Fate::OnItsWay | Fate::Unseen)) => sent(*index),
            Some(Slot::Received(index)) => received(*index),
            None => false,
        }
    }

    /// When the first and the last of a place was seen.
    pub(super) fn times(&self, slot: &Slot) -> (Timestamp, Timestamp) {
        let arrived = |index: usize| self.received_at(index).map(|arrived| arrived.chunk.at);
        match slot {
            Slot::Received(index) => {
                let at = arrived(*index).unwrap_or_default();
                (at, at)
            }
            Slot::Sent(index, fate) => {
                let begun = self.sent_at(*index).map(|chunk| chunk.at).unwrap_or_default();
                let last = match fate {
                    Fate::Arrived(indices) => indices.iter().filter_map(|index| arrived(*index)).max(),
                    Fate::Missing | Fate::OnItsWay | Fate::Unseen => None,
                };
                (begun, last.map_or(begun, |last| last.max(begun)))
            }
        }
    }

    /// Whether one that was received overtook another: one that was sent later had arrived before it.
    pub(super) fn is_late(&self, received: usize) -> bool {
        let sender = |received: usize| {
            self.slots.iter().find_map(|slot| match slot {
                Slot::Sent(sent, Fate::Arrived(indices)) if indices.first() == Some(&received) => Some(*sent),
                _ => None,
            })
        };
        let Some(own) = sender(received) else { return false };
        self.slots.iter().any(|slot| match slot {
            Slot::Sent(sent, Fate::Arrived(indices)) => *sent > own && indices.first().is_some_and(|first| *first < received),
            _ => false,
        })
    }
}

fn slots(sent: Option<&Lane<Chunk>>, received: Option<&Lane<Arrived>>) -> Vec<Slot> {
    let all_sent = sent.map_or(&[][..], |lane| &lane.chunks);
    let all_received = received.map_or(&[][..], |lane| &lane.chunks);
    let (arrivals, strangers) = matched(all_sent, all_received);
    let last_arrived = arrivals.iter().rposition(|indices| !indices.is_empty());
    let mut strangers = strangers.into_iter().peekable();
    let mut slots = Vec::with_capacity(all_sent.len() + strangers.len());
    for (place, indices) in arrivals.into_iter().enumerate() {
        while let Some(stranger) = strangers.next_if(|index| all_received[*index].chunk.at < all_sent[place].at) {
            slots.push(Slot::Received(stranger));
        }
        let fate = match indices.is_empty() {
            false => Fate::Arrived(indices),
            true if received.is_none() => Fate::Unseen,
            true if last_arrived.is_some_and(|last| place < last) => Fate::Missing,
            true => Fate::OnItsWay,
        };
        slots.push(Slot::Sent(place, fate));
    }
    slots.extend(strangers.map(Slot::Received));
    slots
}

/// As which of those received each one sent arrived, and which of those received nobody here sent. Whole ones first: their bytes say more
/// than a beginning does.
fn matched(sent: &[Chunk], received: &[Arrived]) -> (Vec<Vec<usize>>, Vec<usize>) {
    let mut arrivals: Vec<Vec<usize>> = vec![Vec::new(); sent.len()];
    // As which of those sent each arrived.
    let mut places: Vec<Option<usize>> = vec![None; received.len()];
    let mut waiting: HashMap<&[u8], VecDeque<usize>> = HashMap::new();
    for (place, chunk) in sent.iter().enumerate() {
        waiting.entry(&chunk.bytes).or_default().push_back(place);
    }
    let mut arrived: HashMap<&[u8], usize> = HashMap::new();
    for (index, datagram) in received.iter().enumerate().filter(|(_, datagram)| datagram.cut.is_none()) {
        let bytes: &[u8] = &datagram.chunk.bytes;
        let again = arrived.get(bytes).copied();
        if let Some(place) = waiting.get_mut(bytes).and_then(VecDeque::pop_front).or(again) {
            arrived.insert(bytes, place);
            arrivals[place].push(index);
            places[index] = Some(place);
        }
    }
    for (index, datagram) in received.iter().enumerate() {
        let Some(cut) = &datagram.cut else { continue };
        // Behind the one that arrived before it, where there is one; datagrams mostly come in order.
        let after = places[..index].iter().rev().find_map(|place| *place).map_or(0, |place| place + 1);
        let fits = |place: &usize| arrivals[*place].is_empty() && is_beginning(&datagram.chunk.bytes, cut, &sent[*place].bytes);
        if let Some(place) = (after..sent.len()).find(fits).or_else(|| (0..after).find(fits)) {
            arrivals[place].push(index);
            places[index] = Some(place);
        }
    }
    let strangers = places.iter().enumerate().filter(|(_, place)| place.is_none()).map(|(index, _)| index).collect();
    (arrivals, strangers)
}

/// Whether what was kept is the beginning of a datagram that was sent, and its length the one that the system told.
fn is_beginning(kept: &[u8], cut: &Cut, whole: &[u8]) -> bool {
    whole.len() > kept.len() && whole.starts_with(kept) && cut.whole.is_none_or(|told| told == whole.len() as u64)
}
