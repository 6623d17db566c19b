//! Turns that follow each other without a pause, and so belong to one thing that someone did. Must never look at bytes.

use super::datagrams::Datagrams;
use super::stream::Stream;
use super::tally::Tally;
use crate::session::timestamp::Timestamp;
use std::ops::Range;

/// A silence of this many microseconds ends an exchange: longer than the gaps that one chooses between writes, shorter than a
/// person takes to look at what came of them.
pub const PAUSE: u64 = 1_500_000;

/// What stands together in the picture, with a verdict of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// When it began.
    pub at: Timestamp,
    /// Of a stream its place there, of datagrams the indices of those sent (and, behind them, of those that nobody here sent).
    pub range: Range<u64>,
    /// What became of its boundaries.
    pub tally: Tally,
}

/// The exchanges of a stream.
pub(super) fn of_stream(stream: &Stream) -> Vec<Exchange> {
    let mut exchanges: Vec<Exchange> = Vec::new();
    let mut last: Option<Timestamp> = None;
    let both = stream.writes.is_some() && stream.reads.is_some();
    for turn in stream.turns() {
        // A hole where records are gone is no place to go on either.
        let goes_on = exchanges.last().is_some_and(|open| open.range.end == turn.range.start)
            && last.is_some_and(|last| turn.begun.micros_since(last) < PAUSE);
        last = last.max(Some(turn.ended));
        if !goes_on {
            exchanges.push(Exchange {
                at: turn.begun,
                range: turn.range.start..turn.range.start,
                tally: Tally::stream(both, stream.open),
            });
        }
        if let Some(open) = exchanges.last_mut() {
            open.range.end = turn.range.end;
            open.tally.add(&turn);
        }
    }
    exchanges
}

/// The exchanges of datagrams.
pub(super) fn of_datagrams(datagrams: &Datagrams) -> Vec<Exchange> {
    let mut exchanges: Vec<Exchange> = Vec::new();
    let mut last: Option<Timestamp> = None;
    for (index, slot) in datagrams.slots().iter().enumerate() {
        let (begun, ended) = datagrams.times(slot);
        let goes_on = last.is_some_and(|last| begun.micros_since(last) < PAUSE);
        last = last.max(Some(ended));
        let index = index as u64;
        if !goes_on || exchanges.is_empty() {
            let known = datagrams.sent.is_some() && datagrams.received.is_some();
            exchanges.push(Exchange { at: begun, range: index..index, tally: Tally::datagrams(known) });
        }
        if let Some(open) = exchanges.last_mut() {
            open.range.end = index + 1;
            open.tally.add_slot(datagrams, slot);
        }
    }
    exchanges
}
