//! The unit in which readings are weighed: how surprising a text is, in eighths of a bit. It must never know a language.
//!
//! Bytes that are read in an encoding are as likely as the text they give; a character that ordinary text has once in 1024 costs ten
//! bits. Every model here spreads one whole probability, so the costs of two readings of the same bytes can be compared, however many
//! characters each makes of them, and so can those of a text and of no text at all (8 bits per byte).

/// A surprise, in eighths of a bit.
pub(super) type Cost = u32;

/// One bit.
pub(super) const BIT: Cost = 8;

/// So many bits.
pub(super) const fn bits(number: Cost) -> Cost {
    number * BIT
}

/// The same as a number of bits.
pub(super) fn in_bits(cost: Cost) -> f32 {
    cost as f32 / BIT as f32
}

/// The cost at a rank of a list that is sorted by use: milestones of (rank, bits), straight lines between them over the logarithm
/// of the rank.
pub(super) fn by_rank(rank: usize, milestones: &[(f32, f32)]) -> Cost {
    let place = (rank as f32 + 1.0).log2();
    let mut before = (0.0, milestones.first().map_or(0.0, |first| first.1));
    for (milestone, cost) in milestones {
        let here = (milestone.log2(), *cost);
        if place <= here.0 {
            let part = if here.0 > before.0 { (place - before.0) / (here.0 - before.0) } else { 1.0 };
            return eighths(before.1 + (here.1 - before.1) * part);
        }
        before = here;
    }
    eighths(before.1)
}

fn eighths(bits: f32) -> Cost {
    (bits * BIT as f32).round() as Cost
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_have_prices_between_the_milestones() {
        let milestones = [(1.0, 4.0), (4.0, 6.0), (16.0, 10.0)];
        for (rank, cost) in [(0, 32), (1, 40), (3, 48), (7, 64), (15, 80), (1000, 80)] {
            assert_eq!(by_rank(rank, &milestones), cost, "{rank}");
        }
    }
}
