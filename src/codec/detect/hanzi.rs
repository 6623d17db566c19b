//! How common hanzi are, alone and in words of two, in simplified, traditional and Japanese text. It must never judge a whole text.

use std::sync::LazyLock;

use super::cost::{BIT, Cost, bits, by_rank};
use super::pairs::Pairs;

/// The hanzi that have a cost of their own: U+4E00 to U+9FFF.
const FIRST: u32 = 0x4E00;
const LAST: u32 = 0x9FFF;
/// What U+3400 to U+4DBF and all beyond the first plane cost: one in a hundred thousand of ordinary text, among some 60,000.
const REMOTE: Cost = bits(27);

/// How often text has the hanzi of a rank, in bits. Known of modern Chinese: the first hanzi is 4 % of all, the first 100 are 42 %, 500
/// are 75 %, 1000 are 89 %, 2000 are 97 %, 3000 are 99.2 %. Half a bit more, as some 30 % of text is no hanzi.
const CHINESE: [(f32, f32); 10] = [
    (1.0, 5.1),
    (10.0, 7.1),
    (50.0, 8.8),
    (100.0, 9.4),
    (300.0, 10.6),
    (500.0, 11.3),
    (1000.0, 12.7),
    (1500.0, 13.7),
    (2000.0, 14.7),
    (3000.0, 16.2),
];
/// The same of Japanese, a third of which is hanzi.
const KANJI: [(f32, f32); 4] = [(1.0, 7.8), (100.0, 10.0), (400.0, 11.8), (900.0, 14.0)];
/// What words of two hanzi are: the word of rank r is about 0.04 / (r + 20) of all pairs, in bits at some ranks.
const WORDS: [(f32, f32); 5] = [(1.0, 9.0), (20.0, 10.0), (100.0, 11.5), (500.0, 13.7), (2000.0, 15.6)];
/// Nothing follows for certain.
const LEAST: Cost = 6;
/// A form that is not the first in `variants.txt` is used a quarter as much.
const SECOND_FORM: Cost = 2 * BIT;
/// From this on, a hanzi stands in no word of the lists.
const IN_NO_WORD: Cost = bits(18);
/// Below this, a hanzi is a common one: all in the lists, which are 99 % of text. The tables' first levels have 700 to 2400 rarer ones.
const COMMON: Cost = bits(17);

/// The hanzi of one kind of text.
pub(super) struct Hanzi {
    costs: Vec<u8>,
    /// Two hanzi that are a word, and what the second then costs.
    pairs: Pairs,
}

/// Simplified Chinese.
pub(super) static SIMPLIFIED: LazyLock<Hanzi> = LazyLock::new(|| {
    // The rest of level 1 of GB/T 2312 (some 750) is 0.6 % of text, level 2 (3008) 0.3 %, all others of GBK 0.05 %.
    let mut hanzi = Hanzi::new(bits(25));
    hanzi.cells(encoding_rs::GBK, 0xD8..=0xF7, 0xA1..=0xFE, bits(20));
    hanzi.cells(encoding_rs::GBK, 0xB0..=0xD7, 0xA1..=0xFE, bits(17));
    for (rank, character) in HANZI.iter().enumerate() {
        hanzi.set(*character, by_rank(rank, &CHINESE));
    }
    hanzi.raise(listed(NETWORK), &CHINESE);
    hanzi.words(WORD_LIST.split_whitespace().map(|word| vec![word.chars().collect()]));
    hanzi
});

/// Traditional Chinese: the simplified lists in its forms, and words of its own.
pub(super) static TRADITIONAL: LazyLock<Hanzi> = LazyLock::new(|| {
    // Big5 has 5401 hanzi in level 1, of which 2400 are not in the list, and 7652 in level 2.
    let mut hanzi = Hanzi::new(bits(25));
    for trails in [0x40..=0x7E, 0xA1..=0xFE] {
        hanzi.cells(encoding_rs::BIG5, 0xC9..=0xF9, trails.clone(), bits(22));
        hanzi.cells(encoding_rs::BIG5, 0xA4..=0xC6, trails, bits(18));
    }
    for (rank, character) in HANZI.iter().enumerate() {
        for (place, form) in forms(*character).into_iter().enumerate() {
            let cost = by_rank(rank, &CHINESE) + if place > 0 { SECOND_FORM } else { 0 };
            if cost < hanzi.alone(form) {
                hanzi.set(form, cost);
            }
        }
    }
    hanzi.raise(listed(NETWORK).filter_map(|character| forms(character).into_iter().next()), &CHINESE);
    let own = OWN_WORDS.split_whitespace().map(|word| vec![word.chars().collect()]);
    let shared = WORD_LIST.split_whitespace().map(|word| {
        let mut all = vec![Vec::new()];
        for character in word.chars() {
            let forms = forms(character);
            all = all.iter().flat_map(|start| forms.iter().map(move |form| [start.as_slice(), &[*form]].concat())).collect();
        }
        all
    });
    // The lists have their own ranks: they are taken in turns.
    let mut own = own;
    let mut both = Vec::new();
    for word in shared {
        both.push([word, own.next().unwrap_or_default()].concat());
    }
    hanzi.words(both.into_iter());
    hanzi
});

/// Japanese.
pub(super) static JAPANESE: LazyLock<Hanzi> = LazyLock::new(|| {
    // JIS X 0208 has 2965 hanzi in level 1, of which 2300 are not in the list, and 3390 in level 2.
    let mut hanzi = Hanzi::new(bits(26));
    hanzi.cells(encoding_rs::EUC_JP, 0xD0..=0xF4, 0xA1..=0xFE, bits(22));
    hanzi.cells(encoding_rs::EUC_JP, 0xB0..=0xCF, 0xA1..=0xFE, bits(17));
    let mut rank = 0;
    for character in listed(KANJI_LIST) {
        let cost = by_rank(rank, &KANJI);
        if cost < hanzi.alone(character) {
            hanzi.set(character, cost);
            rank += 1;
        }
    }
    hanzi
});

const KANJI_LIST: &str = include_str!("../../../assets/detect/kanji.txt");
const NETWORK: &str = include_str!("../../../assets/detect/network.txt");
static WORD_LIST: LazyLock<String> = LazyLock::new(|| lines(include_str!("../../../assets/detect/words.txt")));
static OWN_WORDS: LazyLock<String> = LazyLock::new(|| lines(include_str!("../../../assets/detect/words_traditional.txt")));
/// Without what stands there twice.
static HANZI: LazyLock<Vec<char>> = LazyLock::new(|| {
    let mut seen = vec![false; (LAST - FIRST + 1) as usize];
    let new =
        |character: &char| index(*character).and_then(|at| seen.get_mut(at)).is_some_and(|seen| !std::mem::replace(seen, true));
    listed(include_str!("../../../assets/detect/hanzi.txt")).filter(new).collect()
});
/// A simplified hanzi and its traditional forms, sorted by the former.
static VARIANTS: LazyLock<Vec<(char, Vec<char>)>> = LazyLock::new(|| {
    let all = lines(include_str!("../../../assets/detect/variants.txt"));
    let mut pairs: Vec<(char, Vec<char>)> = Vec::new();
    for group in all.split_whitespace() {
        let mut characters = group.chars();
        if let Some(simplified) = characters.next() {
            pairs.push((simplified, characters.collect()));
        }
    }
    pairs.sort();
    pairs
});

/// A list without its comment.
fn lines(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join(" ")
}

fn listed(text: &str) -> impl Iterator<Item = char> {
    text.lines().filter(|line| !line.starts_with('#')).flat_map(str::chars)
}

fn forms(simplified: char) -> Vec<char> {
    match VARIANTS.binary_search_by_key(&simplified, |(simplified, _)| *simplified) {
        Ok(at) => VARIANTS.get(at).map_or_else(Vec::new, |(_, forms)| forms.clone()),
        Err(_) => vec![simplified],
    }
}

fn index(character: char) -> Option<usize> {
    let code = u32::from(character);
    (FIRST..=LAST).contains(&code).then(|| (code - FIRST) as usize)
}

/// Whether it is a Chinese character.
pub(in crate::codec) fn is_hanzi(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

impl Hanzi {
    fn new(cost: Cost) -> Self {
        let length = (LAST - FIRST + 1) as usize;
        Self { costs: vec![u8::try_from(cost).unwrap_or(u8::MAX); length], pairs: Pairs::new(&[]) }
    }

    fn set(&mut self, character: char, cost: Cost) {
        if let Some(place) = index(character).and_then(|at| self.costs.get_mut(at)) {
            *place = u8::try_from(cost).unwrap_or(u8::MAX);
        }
    }

    /// The hanzi in these cells of a table of two bytes.
    fn cells(
        &mut self,
        table: &'static encoding_rs::Encoding,
        leads: std::ops::RangeInclusive<u8>,
        trails: std::ops::RangeInclusive<u8>,
        cost: Cost,
    ) {
        let bytes: Vec<u8> = leads.flat_map(|lead| trails.clone().flat_map(move |trail| [lead, trail])).collect();
        for character in table.decode_without_bom_handling(&bytes).0.chars() {
            self.set(character, cost);
        }
    }

    /// Counts these as if they stood at the 300th place at least.
    fn raise(&mut self, characters: impl Iterator<Item = char>, milestones: &[(f32, f32)]) {
        let most = by_rank(300, milestones);
        for character in characters {
            if self.alone(character) > most {
                self.set(character, most);
            }
        }
    }

    /// Words by rank, each in all its forms. A word of three is two pairs.
    fn words(&mut self, words: impl Iterator<Item = Vec<Vec<char>>>) {
        let mut pairs = Vec::new();
        for (rank, forms) in words.enumerate() {
            let word = by_rank(rank, &WORDS);
            for form in forms {
                for two in form.windows(2) {
                    if let [first, second] = *two {
                        let cost = word.saturating_sub(self.alone(first)).max(LEAST).min(self.alone(second));
                        pairs.push((first, second, cost));
                    }
                }
            }
        }
        self.pairs = Pairs::new(&pairs);
    }

    /// What a hanzi costs that follows nothing known.
    fn alone(&self, character: char) -> Cost {
        index(character).and_then(|at| self.costs.get(at)).map_or(REMOTE, |cost| Cost::from(*cost))
    }

    /// What a hanzi costs after `before`.
    pub(super) fn cost(&self, before: char, character: char) -> Cost {
        let alone = self.alone(character);
        if alone >= IN_NO_WORD || index(before).is_none() {
            return alone;
        }
        self.pairs.cost(before, character).unwrap_or(alone)
    }

    /// Whether ordinary text has it.
    pub(super) fn is_common(&self, character: char) -> bool {
        self.alone(character) < COMMON
    }

    /// Whether the two are a listed word, or a part of one.
    pub(super) fn are_word(&self, before: char, character: char) -> bool {
        index(before).is_some() && index(character).is_some() && self.pairs.cost(before, character).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_ones_are_cheap() {
        let dear = |hanzi: &Hanzi, text: &str| text.chars().map(|c| hanzi.alone(c)).collect::<Vec<_>>();
        assert!(dear(&SIMPLIFIED, "的我温浣犲").is_sorted(), "{:?}", dear(&SIMPLIFIED, "的我温浣犲"));
        assert!(dear(&TRADITIONAL, "的這網体").is_sorted(), "{:?}", dear(&TRADITIONAL, "的這網体"));
        assert!(dear(&JAPANESE, "日温綿囍").is_sorted(), "{:?}", dear(&JAPANESE, "日温綿囍"));
        assert!(SIMPLIFIED.cost('温', '度') < SIMPLIFIED.alone('度'));
        assert!(TRADITIONAL.cost('溫', '度') < TRADITIONAL.alone('度'));
        assert!(TRADITIONAL.cost('頭', '髮') < TRADITIONAL.alone('髮'), "a form of its own");
        assert!(SIMPLIFIED.are_word('温', '度') && !SIMPLIFIED.are_word('度', '温'));
        assert!(
            SIMPLIFIED.is_common('啊')
                && !TRADITIONAL.is_common('斕')
                && !SIMPLIFIED.is_common('浣')
                && !SIMPLIFIED.is_common('們')
        );
    }

    /// What all hanzi together take is no more than one whole.
    #[test]
    fn the_probability_is_not_spent_twice() {
        for hanzi in [&SIMPLIFIED, &TRADITIONAL, &JAPANESE] {
            let sum: f32 = hanzi.costs.iter().map(|cost| (-f32::from(*cost) / BIT as f32).exp2()).sum();
            assert!((0.3..1.0).contains(&sum), "{sum}");
        }
    }
}
