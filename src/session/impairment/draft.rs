//! An impairment as it is typed in the window: it may be wrong, and is kept as it is. Must never correct what was typed.

use super::super::draft::{Field, Problem, Reading, Reason};
use super::super::spec::Protocol;
use super::{DEFAULT_PAUSE, Impairment, Rechunk, Share, Stall};
use serde::{Deserialize, Serialize};
use std::num::{NonZeroU32, NonZeroU64};
use std::ops::RangeInclusive;
use std::time::Duration;

/// The knobs of a relay, each as it was typed. Empty means none of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImpairmentDraft {
    /// A whole number.
    pub seed: String,
    /// Percent.
    pub drop: String,
    /// Percent.
    pub repeat: String,
    /// Percent.
    pub reorder: String,
    /// Milliseconds.
    pub delay: String,
    /// Milliseconds.
    pub jitter: String,
    /// Bytes in a piece.
    pub rechunk: String,
    /// Milliseconds between two pieces.
    pub pause: String,
    /// Bytes a second.
    pub rate: String,
    /// Bytes before a stall.
    pub stall_after: String,
    /// Milliseconds that it takes.
    pub stall_for: String,
    /// Bytes before a reset.
    pub reset: String,
}

/// One of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Knob {
    /// Which dice.
    Seed,
    /// Datagrams that do not leave.
    Drop,
    /// Datagrams that leave twice.
    Repeat,
    /// Datagrams that are overtaken.
    Reorder,
    /// How much later.
    Delay,
    /// How much later still, at most.
    Jitter,
    /// Bytes in a piece.
    Rechunk,
    /// Between two pieces.
    Pause,
    /// Bytes a second.
    Rate,
    /// Bytes before a stall.
    StallAfter,
    /// How long it takes.
    StallFor,
    /// Bytes before a reset.
    Reset,
}

/// Milliseconds of a delay, a jitter, a pause or a stall: up to ten minutes.
pub const MILLIS: RangeInclusive<u64> = 0..=600_000;
/// Bytes in a piece.
pub const PIECES: RangeInclusive<u64> = 1..=65_536;
/// Bytes a second.
pub const RATES: RangeInclusive<u64> = 1..=1_000_000_000_000;
/// Bytes before something happens.
pub const PLACES: RangeInclusive<u64> = 0..=1_000_000_000_000_000;

impl Default for ImpairmentDraft {
    fn default() -> Self {
        let none = String::new;
        Self {
            seed: "1".into(),
            drop: none(),
            repeat: none(),
            reorder: none(),
            delay: none(),
            jitter: none(),
            rechunk: none(),
            pause: DEFAULT_PAUSE.as_millis().to_string(),
            rate: none(),
            stall_after: none(),
            stall_for: none(),
            reset: none(),
        }
    }
}

impl Knob {
    /// The knobs that a protocol has, in the order in which they are shown.
    pub fn of(protocol: Protocol) -> &'static [Self] {
        match protocol {
            Protocol::Udp => &[Self::Drop, Self::Repeat, Self::Reorder, Self::Delay, Self::Jitter, Self::Seed],
            Protocol::Tcp => {
                &[Self::Delay, Self::Rate, Self::Rechunk, Self::Pause, Self::StallAfter, Self::StallFor, Self::Reset]
            }
        }
    }
}

impl ImpairmentDraft {
    /// What was typed for a knob.
    pub fn value(&mut self, knob: Knob) -> &mut String {
        match knob {
            Knob::Seed => &mut self.seed,
            Knob::Drop => &mut self.drop,
            Knob::Repeat => &mut self.repeat,
            Knob::Reorder => &mut self.reorder,
            Knob::Delay => &mut self.delay,
            Knob::Jitter => &mut self.jitter,
            Knob::Rechunk => &mut self.rechunk,
            Knob::Pause => &mut self.pause,
            Knob::Rate => &mut self.rate,
            Knob::StallAfter => &mut self.stall_after,
            Knob::StallFor => &mut self.stall_for,
            Knob::Reset => &mut self.reset,
        }
    }

    /// What a relay for this protocol is to do. What the protocol does not have is not looked at: it may wait there for the other one.
    ///
    /// # Errors
    /// Every field that is wrong.
    pub fn impairment(&self, protocol: Protocol) -> Result<Impairment, Vec<Problem>> {
        let mut reading = Reading::default();
        match self.read(&mut reading, protocol) {
            Some(impairment) if reading.problems.is_empty() => Ok(impairment),
            _ => Err(reading.problems),
        }
    }

    pub(in crate::session) fn read(&self, reading: &mut Reading, protocol: Protocol) -> Option<Impairment> {
        let delay = millis(reading, Knob::Delay, &self.delay);
        match protocol {
            Protocol::Udp => {
                let seed = reading.number(Field::Knob(Knob::Seed), &self.seed, 0..=u64::MAX);
                let drop = share(reading, Knob::Drop, &self.drop);
                let repeat = share(reading, Knob::Repeat, &self.repeat);
                let reorder = share(reading, Knob::Reorder, &self.reorder);
                let jitter = millis(reading, Knob::Jitter, &self.jitter);
                Some(Impairment {
                    seed: seed?,
                    drop: drop?,
                    repeat: repeat?,
                    reorder: reorder?,
                    delay: delay?,
                    jitter: jitter?,
                    ..Impairment::default()
                })
            }
            Protocol::Tcp => {
                let mut number = |knob, text: &str, range| reading.optional(Field::Knob(knob), text, range);
                let rate = number(Knob::Rate, &self.rate, RATES).and_then(NonZeroU64::new);
                let size = number(Knob::Rechunk, &self.rechunk, PIECES);
                let size = size.and_then(|size| NonZeroU32::new(u32::try_from(size).ok()?));
                let pause = size.and(number(Knob::Pause, &self.pause, MILLIS)).unwrap_or(0);
                let rechunk = size.map(|size| Rechunk { size, pause: Duration::from_millis(pause) });
                let reset = number(Knob::Reset, &self.reset, PLACES);
                let after = number(Knob::StallAfter, &self.stall_after, PLACES);
                // A stall needs both, and one that takes no time is none.
                let stall = match after {
                    Some(after) => {
                        let lasts = reading.number(Field::Knob(Knob::StallFor), &self.stall_for, 1..=*MILLIS.end());
                        lasts.map(|lasts| Stall { after, pause: Duration::from_millis(lasts) })
                    }
                    None => None,
                };
                Some(Impairment { delay: delay?, rechunk, rate, stall, reset, ..Impairment::default() })
            }
        }
    }
}

fn millis(reading: &mut Reading, knob: Knob, text: &str) -> Option<Duration> {
    if text.trim().is_empty() {
        return Some(Duration::ZERO);
    }
    reading.number(Field::Knob(knob), text, MILLIS).map(Duration::from_millis)
}

fn share(reading: &mut Reading, knob: Knob, text: &str) -> Option<Share> {
    if text.trim().is_empty() {
        return Some(Share::default());
    }
    reading.take(Field::Knob(knob), text.parse().map_err(Reason::NotAShare))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_typed_does_nothing() {
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            let impairment = ImpairmentDraft::default().impairment(protocol).unwrap();
            assert!(impairment.does_nothing(), "{impairment:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_and_what_the_protocol_lacks_is_left_alone() {
        let draft = ImpairmentDraft {
            seed: "x".into(),
            drop: "101".into(),
            delay: "600001".into(),
            rechunk: "0".into(),
            stall_after: "5".into(),
            ..ImpairmentDraft::default()
        };
        let fields = |protocol| -> Vec<Field> {
            draft.impairment(protocol).unwrap_err().into_iter().map(|problem| problem.field).collect()
        };
        assert_eq!(fields(Protocol::Udp), [Knob::Delay, Knob::Seed, Knob::Drop].map(Field::Knob));
        assert_eq!(fields(Protocol::Tcp), [Knob::Delay, Knob::Rechunk, Knob::StallFor].map(Field::Knob));
    }

    #[test]
    fn what_was_typed_is_what_is_done() {
        let draft = ImpairmentDraft {
            seed: "7".into(),
            drop: "12.5".into(),
            delay: "20".into(),
            jitter: "5".into(),
            rechunk: "3".into(),
            pause: "0".into(),
            rate: "1000".into(),
            stall_after: "10".into(),
            stall_for: "300".into(),
            reset: "50".into(),
            ..ImpairmentDraft::default()
        };
        let udp = draft.impairment(Protocol::Udp).unwrap();
        let expected = Impairment {
            seed: 7,
            drop: "12.5".parse().unwrap(),
            delay: Duration::from_millis(20),
            jitter: Duration::from_millis(5),
            ..Impairment::default()
        };
        assert_eq!(udp, expected);
        let tcp = draft.impairment(Protocol::Tcp).unwrap();
        assert_eq!(tcp.rechunk, NonZeroU32::new(3).map(|size| Rechunk { size, pause: Duration::ZERO }));
        assert_eq!(tcp.stall, Some(Stall { after: 10, pause: Duration::from_millis(300) }));
        assert_eq!((tcp.rate, tcp.reset, tcp.drop), (NonZeroU64::new(1000), Some(50), Share::default()));
    }
}
