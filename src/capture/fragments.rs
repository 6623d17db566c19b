//! IP fragments put together (RFC 791, RFC 8200). Must never hold more than a bound: a capture may hold fragments without end.

use super::link::Key;
use etherparse::defrag::IpDefragBuf;
use etherparse::{IpFragOffset, IpNumber};
use std::collections::{HashMap, VecDeque};

/// Packets that may wait for fragments; each is at most 64 KiB. The one that has waited longest goes first.
const MOST: usize = 256;

/// Packets of which some fragments are there.
#[derive(Default)]
pub struct Fragments {
    waiting: HashMap<Key, Waiting>,
    /// In the order in which they began; may name packets that are whole by now.
    order: VecDeque<(Key, u64)>,
    next: u64,
    lost: u64,
}

struct Waiting {
    buffer: IpDefragBuf,
    begun: u64,
    seen: u64,
}

impl Fragments {
    /// Adds a fragment; the packet's payload when it is whole.
    pub fn add(&mut self, key: Key, offset: IpFragOffset, more: bool, protocol: IpNumber, payload: &[u8]) -> Option<Vec<u8>> {
        if !self.waiting.contains_key(&key) {
            self.make_room();
            self.order.push_back((key, self.next));
        }
        let next = &mut self.next;
        let waiting = self.waiting.entry(key).or_insert_with(|| {
            *next += 1;
            Waiting { buffer: IpDefragBuf::new(protocol, Vec::new(), Vec::new()), begun: *next - 1, seen: 0 }
        });
        waiting.seen += 1;
        if waiting.buffer.add(offset, more, payload).is_err() {
            self.lost += 1;
            waiting.seen -= 1;
            return None;
        }
        if !waiting.buffer.is_complete() {
            return None;
        }
        self.waiting.remove(&key).map(|waiting| waiting.buffer.take_bufs().0)
    }

    fn make_room(&mut self) {
        // Names of packets that are whole by now stand for nothing.
        while self.waiting.len() >= MOST || self.order.len() >= MOST * 4 {
            let Some((key, begun)) = self.order.pop_front() else { return };
            if self.waiting.get(&key).is_some_and(|waiting| waiting.begun == begun)
                && let Some(waiting) = self.waiting.remove(&key)
            {
                self.lost += waiting.seen;
            }
        }
    }

    /// Counts a fragment that can't be used.
    pub fn lose(&mut self) {
        self.lost += 1;
    }

    /// Fragments that made no packet, those that still wait included.
    pub fn lost(&self) -> u64 {
        self.lost + self.waiting.values().map(|waiting| waiting.seen).sum::<u64>()
    }
}
