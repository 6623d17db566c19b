//! What waits to be sent to one TCP peer, bounded in bytes. Must never touch the socket.

use super::steering::Steering;
use crate::session::command::End;
use crate::session::event::Origin;
use crate::session::knob::Parts;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Bytes that may wait for one peer. At the bound a message is refused whole and the user is told;
/// a single message larger than this is taken when nothing else waits. Each message counts [`OVERHEAD`] more than its bytes.
pub const SEND_BOUND: usize = 4 << 20;
/// What a message costs besides its bytes: its place in the queue and the counters of its shared bytes. Without it a bound in bytes
/// would let millions of short messages wait.
pub const OVERHEAD: usize = 64;
/// An automatic answer makes the connection stop reading above this, so that a peer that never reads cannot make the queue grow.
const REPLY_HIGH_WATER: usize = SEND_BOUND / 4;
/// How long a close waits for a peer that does not take what was queued before.
const CLOSE_PATIENCE: Duration = Duration::from_millis(800);

/// The next thing to do.
pub enum Next {
    /// Send this.
    Bytes(Arc<[u8]>, Origin),
    /// Send this in parts.
    Parts(Arc<[u8]>, Origin, Parts),
    /// Send FIN.
    HalfClose,
    /// Close.
    Close,
}

#[derive(Default)]
struct Inner {
    items: VecDeque<Next>,
    bytes: usize,
    /// Refused because the queue was full.
    full: Refused,
    /// Refused because the end had been asked for or had come.
    late: Refused,
    close_by: Option<Instant>,
    reset: bool,
    ended: bool,
}

/// Messages that were not taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// How many.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Refused {
    /// Counts one more.
    pub fn add(&mut self, bytes: usize) {
        self.messages += 1;
        self.bytes += bytes as u64;
    }

    /// The count so far, which begins anew; `None` when there is nothing to tell.
    pub fn take(&mut self) -> Option<Self> {
        let taken = std::mem::take(self);
        (taken.messages > 0).then_some(taken)
    }
}

/// The queue, shared by the connection's task and whoever sends to it (all on the network thread).
#[derive(Default)]
pub struct SendQueue {
    /// What steers the connection comes the way that its messages come, so that one wait hears of both.
    pub steering: Steering,
    inner: RefCell<Inner>,
    changed: Notify,
}

impl SendQueue {
    /// Queues a message, or counts it as refused.
    pub fn push(&self, bytes: Arc<[u8]>, origin: Origin) {
        let length = bytes.len();
        self.add(Next::Bytes(bytes, origin), length);
    }

    /// Queues a message that leaves in parts; it waits, and is refused, as one.
    pub fn push_parts(&self, bytes: Arc<[u8]>, origin: Origin, parts: Parts) {
        let length = bytes.len();
        self.add(Next::Parts(bytes, origin, parts), length);
    }

    fn add(&self, item: Next, length: usize) {
        let mut inner = self.inner.borrow_mut();
        let cost = length + OVERHEAD;
        if inner.close_by.is_some() || inner.ended {
            inner.late.add(length);
        } else if inner.bytes > 0 && inner.bytes + cost > SEND_BOUND {
            inner.full.add(length);
        } else {
            inner.bytes += cost;
            inner.items.push_back(item);
        }
        drop(inner);
        self.changed.notify_one();
    }

    /// The connection is to look at what steers it.
    pub fn wake(&self) {
        self.changed.notify_one();
    }

    /// Queues an end. A reset does not wait its turn.
    pub fn end(&self, how: End) {
        let mut inner = self.inner.borrow_mut();
        match how {
            End::Reset => inner.reset = true,
            End::HalfClose => inner.items.push_back(Next::HalfClose),
            End::Close if inner.close_by.is_none() => {
                inner.close_by = Some(Instant::now() + CLOSE_PATIENCE);
                inner.items.push_back(Next::Close);
            }
            End::Close => {}
        }
        drop(inner);
        self.changed.notify_one();
    }

    /// Takes the next item; a message's bytes go on counting until [`SendQueue::left`].
    pub fn next(&self) -> Option<Next> {
        self.inner.borrow_mut().items.pop_front()
    }

    /// A message of so many bytes has left, or never will.
    pub fn left(&self, bytes: usize) {
        let mut inner = self.inner.borrow_mut();
        inner.bytes = inner.bytes.saturating_sub(bytes + OVERHEAD);
    }

    /// What the full queue refused since the last call; asked again only when it may be told without a row per message.
    pub fn take_full(&self) -> Option<Refused> {
        self.inner.borrow_mut().full.take()
    }

    /// The connection has ended: from now on every message comes too late.
    pub fn ended(&self) {
        self.inner.borrow_mut().ended = true;
    }

    /// What the end overtook: what still waits, and what came too late. Empties the queue.
    pub fn abandon(&self) -> Option<Refused> {
        let mut inner = self.inner.borrow_mut();
        let mut left = std::mem::take(&mut inner.late);
        for item in inner.items.drain(..) {
            if let Next::Bytes(bytes, _) | Next::Parts(bytes, ..) = item {
                left.add(bytes.len());
            }
        }
        left.take()
    }

    /// Whether the connection should stop reading while it answers automatically.
    pub fn is_high(&self) -> bool {
        self.inner.borrow().bytes > REPLY_HIGH_WATER
    }

    /// Whether RST was asked for.
    pub fn is_reset(&self) -> bool {
        self.inner.borrow().reset
    }

    /// When to close even though not everything left.
    pub fn close_by(&self) -> Option<Instant> {
        self.inner.borrow().close_by
    }

    /// Waits for the next push or end. A call made before the wait is not missed.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(length: usize) -> Arc<[u8]> {
        vec![0; length].into()
    }

    #[test]
    fn a_full_queue_refuses_whole_messages_and_counts_them() {
        let queue = SendQueue::default();
        queue.push(message(SEND_BOUND), Origin::User);
        queue.push(message(10), Origin::User);
        queue.push(message(20), Origin::Reply);
        assert_eq!(queue.take_full(), Some(Refused { messages: 2, bytes: 30 }));
        assert_eq!(queue.take_full(), None);
        assert!(matches!(queue.next(), Some(Next::Bytes(..))));
        queue.push(message(10), Origin::User);
        assert!(queue.take_full().is_some(), "a message in the writer's hand still counts");
        queue.left(SEND_BOUND);
        queue.push(message(2 * SEND_BOUND), Origin::User);
        assert_eq!(queue.take_full(), None, "an oversized message is taken when nothing else waits");
    }

    #[tokio::test]
    async fn what_was_queued_leaves_before_the_close_and_nothing_after_it() {
        let queue = SendQueue::default();
        queue.push(message(1), Origin::User);
        queue.end(End::Close);
        queue.push(message(7), Origin::User);
        assert!(matches!(queue.next(), Some(Next::Bytes(..))));
        assert!(matches!(queue.next(), Some(Next::Close)));
        assert!(queue.next().is_none());
        assert_eq!(queue.take_full(), None, "it was not full");
        assert_eq!(queue.abandon(), Some(Refused { messages: 1, bytes: 7 }));
        assert!(queue.close_by().is_some());
    }

    #[test]
    fn short_messages_fill_the_queue_too() {
        let queue = SendQueue::default();
        let places = SEND_BOUND / (1 + OVERHEAD);
        (0..places + 5).for_each(|_| queue.push(message(1), Origin::User));
        assert_eq!(queue.take_full(), Some(Refused { messages: 5, bytes: 5 }));
        assert!(queue.is_high());
        while let Some(Next::Bytes(bytes, _)) = queue.next() {
            queue.left(bytes.len());
        }
        assert_eq!(queue.inner.borrow().bytes, 0);
    }

    #[test]
    fn what_comes_after_the_end_is_counted_until_the_last_look() {
        let queue = SendQueue::default();
        queue.push(message(1), Origin::User);
        queue.ended();
        assert_eq!(queue.abandon(), Some(Refused { messages: 1, bytes: 1 }));
        queue.push(message(2), Origin::Reply);
        assert_eq!(queue.abandon(), Some(Refused { messages: 1, bytes: 2 }));
        assert_eq!((queue.abandon(), queue.take_full()), (None, None));
    }
}
