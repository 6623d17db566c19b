//! Periodic sending, timed by the network thread and not by frames. Must never send: it says when.

use super::outbox::Reporter;
use crate::session::command::Message;
use crate::session::event::What;
use std::time::Duration;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

/// How long the word that a repetition has ended waits for its last message to be written.
const LAST_WORD_AFTER: Duration = Duration::from_millis(10);

/// A repetition under way.
pub struct Repeat {
    message: Message,
    ticks: Interval,
    left: Option<u64>,
    sent: u64,
    /// When the end may be told, once the last message is out.
    last_by: Instant,
}

impl Repeat {
    /// Starts one; the first message is due at once. A pause under 1 ms becomes 1 ms, the timer's step.
    pub fn new(message: Message, every: Duration, times: Option<u64>) -> Self {
        let mut ticks = interval(every.max(Duration::from_millis(1)));
        // A late tick is not followed by a burst: the receiver would see a pattern that the user did not ask for.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        Self { message, ticks, left: times, sent: 0, last_by: Instant::now() }
    }

    /// How many were due so far.
    pub fn sent(&self) -> u64 {
        self.sent
    }
}

/// Waits for the next message that is due; `None` when the last one has been. Without a repetition it waits forever.
pub async fn due(repeat: &mut Option<Repeat>) -> Option<Message> {
    let Some(repeat) = repeat else { return std::future::pending().await };
    if repeat.left == Some(0) {
        // The connection writes the last message first, so that its row stands before the word that it was the last.
        tokio::time::sleep_until(repeat.last_by).await;
        return None;
    }
    repeat.ticks.tick().await;
    repeat.left = repeat.left.map(|left| left - 1);
    repeat.last_by = Instant::now() + LAST_WORD_AFTER;
    repeat.sent += 1;
    Some(repeat.message.clone())
}

/// Ends a repetition whose last message was due and reached nobody: it does not count.
pub async fn unreached(reporter: &Reporter, repetition: &mut Option<Repeat>) {
    if let Some(repeat) = repetition {
        repeat.sent = repeat.sent.saturating_sub(1);
    }
    ended(reporter, repetition).await;
}

/// Ends a repetition, if there is one, and says how many were queued.
pub async fn ended(reporter: &Reporter, repetition: &mut Option<Repeat>) {
    if let Some(ended) = repetition.take() {
        reporter.report(What::RepeatEnded { sent: ended.sent() }).await;
    }
}
