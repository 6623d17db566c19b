//! The way from the network thread to the recorder: a bounded channel whose parcels carry their own credit.
//! Must never know what the recorder does with them.
//!
//! A parcel holds at least [`FLOOR`] bytes of credit and there are [`PLACES`] floors in the budget and the reserve, so the channel can never be
//! full while a credit is held: `post` never waits and never fails while the recorder lives. Dropping the parcel returns its credit.
//! At the bound TCP stops reading (the peer's window closes: nothing is lost) and UDP counts what it must throw away.

use super::clock;
use crate::session::event::{Event, SessionEvent, What};
use crate::session::id::SessionId;
use crate::session::timestamp::Timestamp;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// Bytes that may be on their way to the recorder. Enough for 16 ms of loopback TCP at 1 GB/s, small beside the store's budget.
const BUDGET: usize = 16 << 20;
/// Bytes that only datagrams and their gaps may take. While TCP connections wait for the budget, the semaphore hands every permit that
/// comes back to them; without this a flood on one connection would cost quiet UDP sessions their datagrams.
const RESERVE: usize = 4 << 20;
/// Floors in the budget.
const SLOTS: usize = 16 << 10;
/// What even an empty parcel holds.
const FLOOR: usize = BUDGET / SLOTS;
/// Parcels that may be on their way.
const PLACES: usize = SLOTS + RESERVE / FLOOR;

/// An event and the credit that it holds until the recorder has applied it.
pub struct Parcel {
    /// What happened.
    pub event: Event,
    /// Given back when it is dropped.
    pub credit: Credit,
}

/// Stops and starts the reading of every session. What is on its way already still arrives.
pub struct Gate(watch::Sender<bool>);

impl Gate {
    /// Stops reading, or goes on.
    pub fn hold(&self, held: bool) {
        self.0.send_if_modified(|now| std::mem::replace(now, held) != held);
    }
}

/// The right to put so many bytes on the way.
pub struct Credit(Option<OwnedSemaphorePermit>);

impl Credit {
    /// Gives back what is not needed after all: less was read than could have been.
    pub fn shrink(&mut self, bytes: usize) {
        if let Some(permit) = &mut self.0 {
            let surplus = permit.num_permits().saturating_sub(bytes.max(FLOOR));
            drop(permit.split(surplus));
        }
    }
}

/// The sending end.
#[derive(Clone)]
pub struct Outbox {
    channel: Sender<Parcel>,
    budget: Arc<Semaphore>,
    reserve: Arc<Semaphore>,
    held: watch::Receiver<bool>,
}

impl Outbox {
    /// Both ends, and the gate.
    pub fn new() -> (Self, Receiver<Parcel>, Gate) {
        let (channel, inbox) = bounded(PLACES);
        let (gate, held) = watch::channel(false);
        let (budget, reserve) = (Arc::new(Semaphore::new(BUDGET)), Arc::new(Semaphore::new(RESERVE)));
        (Self { channel, budget, reserve, held }, inbox, Gate(gate))
    }

    /// Whether nothing may be read from a socket just now.
    pub fn is_held(&self) -> bool {
        *self.held.borrow()
    }

    /// Waits until reading may go on.
    pub async fn released(&self) {
        // A recorder that is gone holds nobody.
        self.held.clone().wait_for(|held| !held).await.ok();
    }

    fn price(bytes: usize) -> u32 {
        u32::try_from(bytes.clamp(FLOOR, BUDGET / 4)).unwrap_or(u32::MAX)
    }

    /// Waits until so many bytes may be put on the way.
    pub async fn credit(&self, bytes: usize) -> Credit {
        // The semaphore is never closed, so the only error cannot come; without a permit the parcel would just not be counted.
        Credit(self.budget.clone().acquire_many_owned(Self::price(bytes)).await.ok())
    }

    /// The same for a datagram, without waiting; `None` when the recorder is behind.
    pub fn try_credit(&self, bytes: usize) -> Option<Credit> {
        if self.is_held() {
            return None;
        }
        let take = |from: &Arc<Semaphore>| from.clone().try_acquire_many_owned(Self::price(bytes)).ok();
        take(&self.budget).or_else(|| take(&self.reserve)).map(|permit| Credit(Some(permit)))
    }

    /// For a gap between datagrams: it waits for other datagrams at most.
    pub async fn gap_credit(&self) -> Credit {
        match self.budget.clone().try_acquire_many_owned(Self::price(FLOOR)) {
            Ok(permit) => Credit(Some(permit)),
            Err(_) => Credit(self.reserve.clone().acquire_many_owned(Self::price(FLOOR)).await.ok()),
        }
    }

    /// Puts an event on its way. A recorder that is gone wants no events: then the process is ending and the event is dropped.
    pub fn post(&self, event: Event, credit: Credit) {
        self.channel.try_send(Parcel { event, credit }).ok();
    }
}

/// An outbox that knows for which session it speaks.
#[derive(Clone)]
pub struct Reporter {
    session: SessionId,
    outbox: Outbox,
}

impl Reporter {
    /// Speaks for `session`.
    pub fn new(session: SessionId, outbox: Outbox) -> Self {
        Self { session, outbox }
    }

    /// For waiting for credit before a read.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Reports with credit in hand.
    pub fn post(&self, what: What, credit: Credit) {
        self.post_of(clock::now(), what, credit);
    }

    fn post_of(&self, at: Timestamp, what: What, credit: Credit) {
        let event = SessionEvent { session: self.session, at, what };
        self.outbox.post(Event::Session(event), credit);
    }

    /// Reports something small that was then.
    pub async fn report_of(&self, at: Timestamp, what: What) {
        let credit = self.outbox.credit(FLOOR).await;
        self.post_of(at, what, credit);
    }

    /// Reports something small, waiting for the recorder where it is behind.
    pub async fn report(&self, what: What) {
        let credit = self.outbox.credit(FLOOR).await;
        self.post(what, credit);
    }

    /// Reports a gap between datagrams, which must not stand behind TCP connections that wait.
    pub async fn report_gap(&self, what: What) {
        let credit = self.outbox.gap_credit().await;
        self.post(what, credit);
    }

    /// Reports something that carries bytes.
    pub async fn report_bytes(&self, what: What, bytes: usize) {
        let credit = self.outbox.credit(bytes).await;
        self.post(what, credit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::task::Poll;
    use std::time::Duration;

    fn note() -> Event {
        Event::Interfaces(Vec::new())
    }

    #[test]
    fn the_channel_is_never_full_while_credit_is_held() {
        let (outbox, inbox, _gate) = Outbox::new();
        let mut posted = 0;
        while let Some(credit) = outbox.try_credit(1) {
            outbox.post(note(), credit);
            posted += 1;
        }
        assert_eq!(posted, PLACES);
        assert_eq!(inbox.len(), PLACES);
        drop(inbox.recv());
        assert!(outbox.try_credit(1).is_some(), "a received parcel gives its credit back");
    }

    #[tokio::test]
    async fn tcp_that_waits_costs_no_datagram() {
        let (outbox, _inbox, _gate) = Outbox::new();
        let mut held = vec![];
        while outbox.budget.available_permits() > 0 {
            held.push(outbox.credit(BUDGET / 4).await);
        }
        let waiting = outbox.credit(64 << 10);
        tokio::pin!(waiting);
        assert!(std::future::poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context).is_pending())).await);
        held.pop();
        assert!(outbox.try_credit(100).is_some(), "a datagram");
        let gap = tokio::time::timeout(Duration::from_secs(1), outbox.gap_credit()).await;
        assert!(gap.is_ok(), "a gap");
        waiting.await;
    }

    #[test]
    fn credit_shrinks_to_what_was_read() {
        let (outbox, _inbox, _gate) = Outbox::new();
        let mut credit = outbox.try_credit(BUDGET / 4).unwrap();
        assert_eq!(outbox.budget.available_permits(), BUDGET - BUDGET / 4);
        credit.shrink(5000);
        assert_eq!(outbox.budget.available_permits(), BUDGET - 5000);
        credit.shrink(0);
        assert_eq!(outbox.budget.available_permits(), BUDGET - FLOOR);
        drop(credit);
        assert_eq!(outbox.budget.available_permits(), BUDGET);
    }
}
