//! Datagrams on their way out of a Unix-domain socket: at once where they can, else in turn, receiver by receiver. Must never read.
//!
//! 1. A receiver whose queue is full makes the send fail with EAGAIN (ENOBUFS elsewhere). Its datagrams wait in order; those for others
//!    go past them.
//! 2. epoll tells a socket that is not connected nothing of other sockets' queues, so they are tried again after a pause that grows.
//! 3. At the bound a message is refused, counted and told.

use super::super::outbox::Reporter;
use super::super::queue::{OVERHEAD, Refused};
use super::{address_of, error};
use crate::session::address::UnixPath;
use crate::session::event::{Origin, Unsent, What};
use crate::session::failure::{Cause, Operation};
use crate::session::id::Peer;
use crate::session::knob::Parts;
use nix::libc;
use socket2::SockRef;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixDatagram;
use tokio::time::Instant;

/// Bytes that may wait to be sent.
const SEND_BOUND: usize = 4 << 20;
/// Above this automatic answers stop the reading that makes them.
const REPLY_HIGH_WATER: usize = SEND_BOUND / 4;
/// Parts of messages sent to one receiver before other work gets its turn.
const BATCH: usize = 64;
/// How often refused messages are summed up into one row.
const REFUSAL_ROW_EVERY: Duration = Duration::from_millis(500);
/// The pauses before datagrams that wait are tried again: short enough that a receiver that reads is never idle for long, and twenty
/// looks a second at one that does not read.
const PAUSES: std::ops::RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_millis(50);

/// What became of a message.
#[derive(PartialEq)]
pub enum Queued {
    /// It was sent, or waits, or was refused, and each of that is told.
    Somewhere,
    /// There is nobody to send it to, which is told.
    Nowhere,
}

/// A message that waits for its receiver or for its turn.
struct Waiting {
    bytes: Arc<[u8]>,
    origin: Origin,
    /// How it is cut, if it is: each part is a datagram.
    parts: Option<Parts>,
    /// Where the next part begins.
    from: usize,
}

impl Waiting {
    /// The datagram that is next, and where it ends.
    fn next(&self) -> (Arc<[u8]>, usize) {
        match self.parts {
            None => (self.bytes.clone(), self.bytes.len()),
            Some(parts) => {
                let end = parts.end(self.from, self.bytes.len());
                (Arc::from(&self.bytes[self.from..end]), end)
            }
        }
    }
}

/// Why sending to one receiver stopped.
#[derive(Clone, Copy, PartialEq)]
enum Stopped {
    /// Nothing waits for it any more.
    Empty,
    /// It takes nothing now.
    Full,
    /// Other work gets its turn.
    Batch,
}

/// A message that leaves in parts with pauses between them.
struct Parted {
    bytes: Arc<[u8]>,
    to: UnixPath,
    parts: Parts,
    /// Where the next part begins.
    from: usize,
    due: Instant,
}

/// What one try did.
#[derive(PartialEq)]
enum Tried {
    /// It left, or failed, and that is told.
    Over,
    /// The receiver takes nothing now.
    Full,
}

/// What waits and what was refused.
pub struct Outgoing {
    reporter: Reporter,
    waiting: BTreeMap<UnixPath, VecDeque<Waiting>>,
    parted: VecDeque<Parted>,
    /// With what each message costs besides its bytes.
    waiting_bytes: usize,
    try_at: Option<Instant>,
    pause: Duration,
    full: Refused,
    /// Answers to senders without a name.
    nameless: Refused,
    tell_at: Option<Instant>,
    sent: u64,
}

impl Outgoing {
    /// Nothing waits.
    pub fn new(reporter: Reporter) -> Self {
        Self {
            reporter,
            waiting: BTreeMap::new(),
            parted: VecDeque::new(),
            waiting_bytes: 0,
            try_at: None,
            pause: *PAUSES.start(),
            full: Refused::default(),
            nameless: Refused::default(),
            tell_at: None,
            sent: 0,
        }
    }

    /// Payload bytes that left.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Whether so much waits that no more answers should be made.
    pub fn is_high(&self) -> bool {
        self.waiting_bytes > REPLY_HIGH_WATER
    }

    /// Sends at once where nothing waits for that receiver and it takes it. Else it waits, within the bound.
    pub async fn send(&mut self, socket: &UnixDatagram, bytes: Arc<[u8]>, to: UnixPath, origin: Origin) {
        if to.is_unnamed() {
            self.nameless.add(bytes.len());
            self.tell_at.get_or_insert_with(Instant::now);
            return;
        }
        if !self.waiting.contains_key(&to) && self.attempt(socket, &bytes, to, origin).await == Tried::Over {
            return;
        }
        let cost = bytes.len() + OVERHEAD;
        if self.waiting_bytes > 0 && self.waiting_bytes + cost > SEND_BOUND {
            self.full.add(bytes.len());
            // The first one is told at once, those of the next while in one row.
            self.tell_at.get_or_insert_with(Instant::now);
            return;
        }
        self.waiting_bytes += cost;
        self.waiting.entry(to).or_default().push_back(Waiting { bytes, origin, parts: None, from: 0 });
        self.try_at.get_or_insert_with(|| Instant::now() + *PAUSES.start());
    }

    /// Sends a message in parts: in its turn and a batch at a time, or with pauses between them. At the bound it is refused as a whole.
    pub async fn send_in_parts(&mut self, socket: &UnixDatagram, bytes: Arc<[u8]>, to: UnixPath, parts: Parts) {
        if to.is_unnamed() {
            self.nameless.add(bytes.len());
            self.tell_at.get_or_insert_with(Instant::now);
            return;
        }
        let cost = bytes.len() + OVERHEAD;
        if self.waiting_bytes > 0 && self.waiting_bytes + cost > SEND_BOUND {
            self.full.add(bytes.len());
            self.tell_at.get_or_insert_with(Instant::now);
            return;
        }
        self.waiting_bytes += cost;
        if !parts.gap.is_zero() {
            self.parted.push_back(Parted { bytes, to, parts, from: 0, due: Instant::now() });
            return;
        }
        let whole = Waiting { bytes, origin: Origin::User, parts: Some(parts), from: 0 };
        if let Some(queue) = self.waiting.get_mut(&to) {
            queue.push_back(whole);
            return;
        }
        let mut queue = VecDeque::from([whole]);
        let (stopped, _) = self.send_queue(socket, to, &mut queue).await;
        if stopped != Stopped::Empty {
            self.waiting.insert(to, queue);
            let at = Instant::now() + if stopped == Stopped::Full { *PAUSES.start() } else { Duration::ZERO };
            self.try_at = Some(self.try_at.map_or(at, |before| before.min(at)));
        }
    }

    /// Sends the part that is due.
    async fn send_part(&mut self, socket: &UnixDatagram) {
        let Some(parted) = self.parted.front_mut() else { return };
        let end = parted.parts.end(parted.from, parted.bytes.len());
        let (part, to) = (Arc::from(&parted.bytes[parted.from..end]), parted.to);
        parted.from = end;
        parted.due = Instant::now() + parted.parts.gap;
        let length = parted.bytes.len();
        if end >= length {
            self.parted.pop_front();
            self.waiting_bytes -= length + OVERHEAD;
        }
        self.send(socket, part, to, Origin::User).await;
    }

    async fn attempt(&mut self, socket: &UnixDatagram, bytes: &Arc<[u8]>, to: UnixPath, origin: Origin) -> Tried {
        // Not through tokio, which would wait for an event that does not come.
        let done = address_of(to).and_then(|address| SockRef::from(socket).send_to(bytes, &address));
        match done {
            Ok(_) => {
                self.sent += bytes.len() as u64;
                let what = What::Sent { peer: Peer::datagram(to.into()), bytes: bytes.clone(), origin };
                self.reporter.report_bytes(what, bytes.len()).await;
            }
            Err(problem) if is_full(&problem) => return Tried::Full,
            Err(problem) => {
                let mut failure = error::at(Operation::Send, to, &problem);
                if problem.raw_os_error() == Some(libc::EMSGSIZE) {
                    let buffer = SockRef::from(socket).send_buffer_size().unwrap_or(0);
                    failure.cause = Cause::BeyondBuffer { length: bytes.len(), buffer };
                }
                self.reporter.report(What::Trouble(failure)).await;
            }
        }
        Tried::Over
    }

    /// Waits until there is something to do: datagrams to be tried again, parts to be sent, or refusals to be told.
    pub async fn due(&self) {
        let part = self.parted.front().map(|parted| parted.due);
        match [self.try_at, self.tell_at, part].into_iter().flatten().min() {
            // The timer's steps of a millisecond would be long between two batches.
            Some(moment) if moment <= Instant::now() => {}
            Some(moment) => tokio::time::sleep_until(moment).await,
            None => std::future::pending().await,
        }
    }

    /// Does what is due.
    pub async fn push_on(&mut self, socket: &UnixDatagram) {
        let now = Instant::now();
        if self.try_at.is_some_and(|at| at <= now) {
            self.try_waiting(socket).await;
            // A receiver that takes everything would never let the thread hear what else there is.
            tokio::task::yield_now().await;
        }
        if self.parted.front().is_some_and(|parted| parted.due <= now) {
            self.send_part(socket).await;
        }
        if self.tell_at.is_some_and(|at| at <= now) {
            self.tell_refused().await;
        }
    }

    async fn try_waiting(&mut self, socket: &UnixDatagram) {
        let (mut any_left, mut any_ready) = (false, false);
        let mut still = BTreeMap::new();
        for (to, mut queue) in std::mem::take(&mut self.waiting) {
            let (stopped, left) = self.send_queue(socket, to, &mut queue).await;
            any_left |= left;
            any_ready |= stopped == Stopped::Batch;
            if stopped != Stopped::Empty {
                still.insert(to, queue);
            }
        }
        self.waiting = still;
        self.pause = if any_left { *PAUSES.start() } else { (self.pause * 2).min(*PAUSES.end()) };
        let after = if any_ready { Duration::ZERO } else { self.pause };
        self.try_at = (!self.waiting.is_empty()).then(|| Instant::now() + after);
    }

    /// Sends what waits for one receiver until it takes no more; of parts a batch. With it, whether anything left.
    async fn send_queue(&mut self, socket: &UnixDatagram, to: UnixPath, queue: &mut VecDeque<Waiting>) -> (Stopped, bool) {
        let (mut any_left, mut parts) = (false, 0);
        while let Some(first) = queue.front_mut() {
            if parts == BATCH {
                return (Stopped::Batch, any_left);
            }
            let (bytes, end) = first.next();
            if self.attempt(socket, &bytes, to, first.origin).await == Tried::Full {
                return (Stopped::Full, any_left);
            }
            any_left = true;
            parts += usize::from(first.parts.is_some());
            first.from = end;
            let length = first.bytes.len();
            if end >= length {
                self.waiting_bytes -= length + OVERHEAD;
                queue.pop_front();
            }
        }
        (Stopped::Empty, any_left)
    }

    /// Tells what was refused since the last time, and looks again later; quiet when nothing was.
    async fn tell_refused(&mut self) {
        self.tell_at = None;
        for (refused, reason) in [(self.full.take(), Unsent::QueueFull), (self.nameless.take(), Unsent::Nameless)] {
            if let Some(Refused { messages, bytes }) = refused {
                self.tell_at = Some(Instant::now() + REFUSAL_ROW_EVERY);
                self.reporter.report(What::Unsent { peer: None, messages, bytes, reason }).await;
            }
        }
    }

    /// The last try, and the word about what never left.
    pub async fn abandon(&mut self, socket: &UnixDatagram) {
        self.try_waiting(socket).await;
        self.tell_refused().await;
        let mut left = Refused::default();
        // A message of which parts have left counts with the rest of it.
        self.parted.drain(..).for_each(|parted| left.add(parted.bytes.len() - parted.from));
        std::mem::take(&mut self.waiting)
            .into_values()
            .flatten()
            .for_each(|waiting| left.add(waiting.bytes.len() - waiting.from));
        if let Some(Refused { messages, bytes }) = left.take() {
            self.reporter.report(What::Unsent { peer: None, messages, bytes, reason: Unsent::Ended }).await;
        }
    }
}

/// Whether the receiver's queue, or our own buffer, has no room just now.
fn is_full(problem: &io::Error) -> bool {
    problem.kind() == ErrorKind::WouldBlock || problem.raw_os_error() == Some(libc::ENOBUFS)
}
