//! Costs of pairs of characters, found in some nanoseconds. It must never know what the characters are.

use super::cost::Cost;

/// A table of pairs; half of its places at most are taken, and a pair stands at its own place or soon after.
pub(super) struct Pairs {
    places: Vec<(u32, u8)>,
}

/// No pair: the second is never NUL.
const NONE: u32 = 0;

fn key(first: char, second: char) -> u32 {
    (u32::from(first) << 16) | (u32::from(second) & 0xFFFF)
}

impl Pairs {
    /// Of the same pair the cheapest is kept.
    pub(super) fn new(pairs: &[(char, char, Cost)]) -> Self {
        let length = (pairs.len() * 2 + 1).next_power_of_two();
        let mut table = Self { places: vec![(NONE, u8::MAX); length] };
        for (first, second, cost) in pairs {
            let key = key(*first, *second);
            let at = table.place(key);
            if let Some(place) = table.places.get_mut(at) {
                *place = (key, place.1.min(u8::try_from(*cost).unwrap_or(u8::MAX)));
            }
        }
        table
    }

    /// What the second costs after the first, if they are a pair.
    pub(super) fn cost(&self, first: char, second: char) -> Option<Cost> {
        let key = key(first, second);
        self.places.get(self.place(key)).filter(|(found, _)| *found == key).map(|(_, cost)| Cost::from(*cost))
    }

    /// Where the pair is, or would be.
    fn place(&self, key: u32) -> usize {
        let mask = self.places.len() - 1;
        // Multiplied by 2^32 over the golden ratio, the upper bits are well mixed.
        let mut at = (key.wrapping_mul(0x9E37_79B9) >> 12) as usize & mask;
        while self.places.get(at).is_some_and(|(found, _)| *found != key && *found != NONE) {
            at = (at + 1) & mask;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_found_and_others_are_not() {
        let letters: Vec<char> = ('一'..='丿').collect();
        let pairs: Vec<(char, char, Cost)> = letters.windows(2).map(|two| (two[0], two[1], u32::from(two[0]) % 100)).collect();
        let table = Pairs::new(&[pairs.clone(), vec![('a', 'b', 9), ('a', 'b', 7)]].concat());
        for (first, second, cost) in pairs {
            assert_eq!(table.cost(first, second), Some(cost));
            assert_eq!(table.cost(second, first), None);
        }
        assert_eq!(table.cost('a', 'b'), Some(7));
        assert_eq!(Pairs::new(&[]).cost('a', 'b'), None);
    }
}
