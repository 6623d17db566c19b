//! The dice: what is decided about a datagram, from the seed, the way and its number alone. Must never remember a draw.
//!
//! Each datagram has a block of ChaCha8's output to itself: the seed is the key, the way the stream, the number the block. So a draw needs no
//! state, the draws of one datagram move no other's, and turning a knob leaves all other decisions as they were.

use super::{Impairment, Way};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::time::Duration;

/// 32-bit words in a block of ChaCha.
const BLOCK: u128 = 16;

/// What is decided about one datagram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fate {
    pub dropped: bool,
    pub repeated: bool,
    pub held_back: bool,
    /// Besides the delay that all have.
    pub jitter: Duration,
}

/// Decides about the datagram with this number, from 1. Each client's conversation has numbers of its own, so what happens to one does not
/// depend on when another one speaks.
pub fn of(impairment: &Impairment, way: Way, number: u64) -> Fate {
    let Impairment { seed, drop, repeat, reorder, jitter, .. } = *impairment;
    if drop.is_none() && repeat.is_none() && reorder.is_none() && jitter.is_zero() {
        return Fate::default();
    }
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let mut dice = ChaCha8Rng::from_seed(key);
    dice.set_stream(way.index() as u64);
    dice.set_word_pos(u128::from(number) * BLOCK);
    // Every datagram draws all four, in this order.
    let [for_drop, for_repeat, for_reorder, for_jitter] = [(); 4].map(|()| dice.next_u32());
    let micros = u64::try_from(jitter.as_micros()).unwrap_or(u64::MAX);
    // From 0 to `jitter`, both included.
    let micros = (u128::from(for_jitter) * (u128::from(micros) + 1)) >> 32;
    Fate {
        dropped: drop.takes(for_drop),
        repeated: repeat.takes(for_repeat),
        held_back: reorder.takes(for_reorder),
        jitter: Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dropped(impairment: &Impairment, way: Way) -> Vec<u64> {
        (1..=40).filter(|number| of(impairment, way, *number).dropped).collect()
    }

    fn with(seed: u64, drop: &str) -> Impairment {
        Impairment { seed, drop: drop.parse().unwrap(), ..Impairment::default() }
    }

    /// Written down, so that a new version of anything cannot change what a lesson shows. The numbers are of another implementation of ChaCha8
    /// (RFC 8439's block function with 8 rounds, a 64-bit counter and a 64-bit stream).
    #[test]
    fn a_seed_means_the_same_for_ever() {
        assert_eq!(dropped(&with(1, "20"), Way::ToTarget), [4, 6, 7, 11, 19, 28, 29, 31, 32, 34, 35]);
        assert_eq!(dropped(&with(1, "20"), Way::ToClient), [5, 15, 18, 20, 22, 26, 28, 29, 32, 35]);
    }

    #[test]
    fn a_larger_share_drops_the_same_and_more() {
        let [few, many] = ["10", "30"].map(|share| dropped(&with(5, share), Way::ToTarget));
        assert!(few.iter().all(|number| many.contains(number)) && few.len() < many.len(), "{few:?} {many:?}");
    }

    #[test]
    fn one_knob_does_not_move_another() {
        let plain = with(9, "25");
        let all = Impairment {
            repeat: "50".parse().unwrap(),
            reorder: "50".parse().unwrap(),
            jitter: Duration::from_millis(9),
            delay: Duration::from_millis(5),
            ..plain
        };
        assert_eq!(dropped(&plain, Way::ToTarget), dropped(&all, Way::ToTarget));
        let jitters: Vec<Duration> = (1..200).map(|number| of(&all, Way::ToTarget, number).jitter).collect();
        assert!(jitters.iter().all(|jitter| *jitter <= all.jitter) && jitters.iter().any(|jitter| *jitter > all.jitter / 2));
    }

    #[test]
    fn shares_come_out_as_asked() {
        let impairment = with(3, "10");
        let count = (1..=10_000).filter(|number| of(&impairment, Way::ToTarget, *number).dropped).count();
        assert!((900..1100).contains(&count), "{count}");
    }
}
