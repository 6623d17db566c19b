//! How much of standard input may be on its way: a file piped in must not be refused by a full send queue. Pure. It must never hold up
//! a server for one client that does not read: the fastest client sets the pace.

use crate::session::id::ConnectionId;
use std::collections::{HashMap, VecDeque};

/// Bytes on their way at most, a quarter of what a send queue takes, so that automatic answers have room beside them.
/// A longer message goes alone.
const WINDOW: usize = 1 << 20;

/// What a message counts besides its bytes, as in the send queues: a million one-byte lines fill those long before 1 MiB.
const OVERHEAD: usize = 64;

/// What is on its way.
#[derive(Default)]
pub struct Pace {
    /// The lengths of the messages that not even the fastest peer is through with.
    lengths: VecDeque<usize>,
    bytes: usize,
    /// How many messages went before those.
    over: u64,
    /// Each client of a server: how many messages it is through with, and how many that were for it alone come first.
    clients: HashMap<ConnectionId, Progress>,
}

struct Progress {
    over: u64,
    own: u64,
}

impl Pace {
    /// Whether a message of so many bytes may go now.
    pub fn has_room(&self, length: usize) -> bool {
        self.lengths.is_empty() || self.bytes + length + OVERHEAD <= WINDOW
    }

    /// Whether everything is through.
    pub fn is_idle(&self) -> bool {
        self.lengths.is_empty()
    }

    /// A message for everyone is on its way.
    pub fn offer(&mut self, length: usize) {
        let cost = length + OVERHEAD;
        self.lengths.push_back(cost);
        self.bytes += cost;
    }

    /// A client has joined; so many messages are on their way to it alone.
    pub fn join(&mut self, client: ConnectionId, own: u64) {
        let over = self.over + self.lengths.len() as u64;
        self.clients.insert(client, Progress { over, own });
    }

    /// A client has left. Without clients nothing is on its way.
    pub fn leave(&mut self, client: ConnectionId) {
        self.clients.remove(&client);
        if self.clients.is_empty() {
            self.release(self.lengths.len() as u64);
        }
    }

    /// So many messages are over for a client of a server, or (`None`, or a client's only connection) for everyone.
    pub fn over(&mut self, client: Option<ConnectionId>, messages: u64) {
        let Some(progress) = client.and_then(|client| self.clients.get_mut(&client)) else { return self.release(messages) };
        let own = messages.min(progress.own);
        progress.own -= own;
        progress.over += messages - own;
        let ahead = progress.over.saturating_sub(self.over);
        self.release(ahead);
    }

    fn release(&mut self, messages: u64) {
        for _ in 0..messages {
            let Some(length) = self.lengths.pop_front() else { return };
            self.bytes -= length;
            self.over += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: ConnectionId = ConnectionId(1);
    const B: ConnectionId = ConnectionId(2);

    #[test]
    fn one_peer_takes_what_is_offered() {
        let mut pace = Pace::default();
        assert!(pace.has_room(WINDOW * 9), "a long message goes alone");
        pace.offer(WINDOW);
        assert!(!pace.has_room(1));
        pace.over(Some(A), 1);
        assert!(pace.is_idle());
        pace.over(None, 5);
        assert!(pace.is_idle(), "more endings than messages do no harm");
    }

    #[test]
    fn the_fastest_client_sets_the_pace() {
        let mut pace = Pace::default();
        pace.join(A, 1);
        pace.offer(WINDOW);
        pace.join(B, 0);
        pace.over(Some(A), 1);
        assert!(!pace.is_idle(), "its greeting came first");
        pace.over(Some(A), 1);
        assert!(pace.is_idle());
        pace.offer(WINDOW);
        pace.over(Some(B), 1);
        assert!(pace.is_idle(), "who joined later was not meant by the first");
        pace.offer(7);
        pace.leave(A);
        assert!(!pace.is_idle());
        pace.leave(B);
        assert!(pace.is_idle());
    }
}
