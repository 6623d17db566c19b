//! What unknown bytes may say, in every likely encoding, ranked, with the reason. It must never know where the bytes come from.
//!
//! | file | what it answers |
//! | --- | --- |
//! | `cost` | the unit: how surprising a text is |
//! | `hanzi` | how common hanzi are, alone and in words |
//! | `pairs` | costs of pairs of characters |
//! | `scripts` | how common kana, hangul and letters are, alone and in pairs |
//! | `tongue` | what a character costs in a text of one kind |
//! | `weigh` | what bytes cost in one encoding, or as no text |
//! | `reading` | how bytes read in one way, and what is in that |
//! | `reason` | why a reading is likely or not |
//! | `settle` | what would settle it |
//!
//! Bytes are weighed as text of every kind in every encoding, and as no text. What costs less is likelier, by twice for each bit;
//! [`judge`] makes shares of that, and [`settled`] asks only for the best.

mod cost;
mod hanzi;
mod pairs;
mod reading;
mod reason;
mod scripts;
mod settle;
mod tongue;
mod weigh;

use super::encoding::Encoding;
use cost::{BIT, Cost};
use reading::{Signs, text_of};
use weigh::{HOPELESS, Track, Way, Weight, is_utf_16, weigh, weigh_binary};

pub(super) use hanzi::is_hanzi;
pub use reason::Reason;
pub use settle::Settle;

/// What bytes may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Guess {
    /// Text in an encoding.
    Text(Encoding),
    /// No text.
    Binary,
}

/// One reading of the bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// What they may be.
    pub guess: Guess,
    /// How they read then, with `\xHH` for an undecodable byte.
    pub text: String,
    /// How many malformed sequences there are.
    pub errors: usize,
    /// A character at the start or at the end is only half here, which is counted among them.
    pub cut: bool,
    /// How likely this reading is, 0 to 1. Encodings that read the bytes alike share one reading and so one confidence.
    pub confidence: f32,
    /// Why.
    pub reason: Reason,
    /// The smallest of GB2312, GBK and GB18030 that holds the text, when it may be Chinese in that family.
    pub smallest: Option<Encoding>,
}

/// The strongest other reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rival {
    /// What the bytes would be.
    pub guess: Guess,
    /// How they would read, from where it differs: a dozen characters.
    pub excerpt: String,
    /// What speaks for it or against it.
    pub reason: Reason,
}

/// What bytes are, and how sure that is.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// How many bytes were given.
    pub length: usize,
    /// Every likely reading, best first; never empty. The same confidence: in menu order, [`Guess::Binary`] last.
    pub candidates: Vec<Candidate>,
    /// The strongest reading that is not the best one's. When none is likely, there is none beside ASCII, no text or nothing, and else
    /// what one would confuse the best with.
    pub rival: Option<Rival>,
    /// What would settle it.
    pub settle: Settle,
}

/// What is always tried, in menu order. GB18030 joins when characters of four bytes are there, as otherwise GBK reads the same;
/// ISO-2022-JP when its escape sequences are; and what chardetng thinks of that is none of these.
const TRIED: [&str; 12] = [
    "UTF-8",
    "GBK",
    "Big5",
    "UTF-16LE",
    "UTF-16BE",
    "windows-1252",
    "ISO-8859-1",
    "Shift_JIS",
    "EUC-JP",
    "EUC-KR",
    "KOI8-R",
    "windows-1251",
];
/// So many bytes are judged; more change nothing.
pub const JUDGED: usize = 4096;
/// Of one bit, so much counts: characters depend on each other more than pairs tell, so what they say together is less than the sum.
/// Measured: with it, of the guesses with nine in ten of confidence some nine in ten are right (`tests/detection.rs`).
const TEMPER: f32 = 0.6;
/// A reading that begins within a character is taken for an encoding's when it is a million times likelier.
const CLEARLY: Cost = 20 * BIT;
/// It takes as long for each byte as all else here together, and learns little from more.
const FOR_CHARDETNG: usize = 512;
/// Enough to stay with a guess.
const SURE: f32 = 0.9;
/// From so many characters beyond ASCII on, more of the same would not help.
const MANY: usize = 8;
/// A rival that is less likely is none; then the encodings met daily are named instead, as these are what one confuses.
const WORTH_NAMING: f32 = 0.05;
const DAILY: [Encoding; 3] = [Encoding::GBK, Encoding::BIG5, Encoding::UTF_8];
/// So many malformed sequences at most are explained by a cut at the start and at the end.
const CUT_ERRORS: usize = 3;
/// What a rival's excerpt has at most, in characters.
const EXCERPT: usize = 12;

/// The bits that a hanzi takes after `before`, in the kind of text that has it most: simplified, traditional, Japanese.
pub(super) fn hanzi_bits(before: char, character: char) -> f32 {
    let kinds = [&hanzi::SIMPLIFIED, &hanzi::TRADITIONAL, &hanzi::JAPANESE];
    kinds.map(|kind| cost::in_bits(kind.cost(before, character))).into_iter().fold(f32::MAX, f32::min)
}

/// The bits that a hangul syllable takes after `before`.
pub(super) fn hangul_bits(before: char, character: char) -> f32 {
    scripts::KOREAN.cost(before, character).map_or(UNKNOWN_HANGUL, cost::in_bits)
}

/// A syllable that Korean hardly uses: one of 8,800.
const UNKNOWN_HANGUL: f32 = 20.0;

/// Every likely reading of the bytes, best first: [`Verdict::candidates`].
pub fn rank(bytes: &[u8]) -> Vec<Candidate> {
    judge(bytes).candidates
}

/// A candidate that is being made, with what it is made from.
struct Reading {
    way: Way,
    weight: Weight,
    candidate: Candidate,
}

/// What the bytes are, in every likely reading. The first [`JUDGED`] bytes are judged; the texts are of all. It takes
/// some tens of microseconds for a line and less than a millisecond for 4 KiB, so not for each row of each frame; the bytes may begin
/// and end within a character.
pub fn judge(bytes: &[u8]) -> Verdict {
    let sample = bytes.get(..JUDGED).unwrap_or(bytes);
    let binary = if bytes.is_empty() { Cost::MAX / 4 } else { weigh_binary(sample) };
    let weighed = weighed(sample);
    let least = weighed.iter().map(|(_, weight)| weight.cost).min().unwrap_or(0);
    let mut readings = Vec::new();
    for (way, weight) in weighed {
        let one = reading(bytes, way, weight, weight.cost <= least.saturating_add(HOPELESS));
        if one.candidate.smallest == Some(Encoding::GB18030) {
            let guess = Guess::Text(Encoding::GB18030);
            readings.push(Reading { way, weight, candidate: Candidate { guess, ..one.candidate.clone() } });
        }
        readings.push(one);
    }
    let confidence = share_confidence(&mut readings, binary);
    // Stable: the order above decides between equals.
    readings.sort_by(|a, b| b.candidate.confidence.total_cmp(&a.candidate.confidence));
    let is_text = readings.first().is_some_and(|first| first.candidate.confidence >= confidence);
    give_reasons(sample, &mut readings, is_text);
    let weight = readings.first().map(|first| first.weight);
    let mut candidates: Vec<Candidate> = readings.into_iter().map(|reading| reading.candidate).collect();
    let place = candidates.iter().position(|one| one.confidence < confidence).unwrap_or(candidates.len());
    candidates.insert(place, no_text(bytes, confidence, reason::of_binary(sample, !is_text)));
    let rival = rival(sample, &candidates);
    let settle = settle(sample, &candidates, weight);
    Verdict { length: bytes.len(), candidates, rival, settle }
}

fn no_text(bytes: &[u8], confidence: f32, reason: Reason) -> Candidate {
    let text = super::hex::spaced(bytes);
    Candidate { guess: Guess::Binary, text, errors: 0, cut: false, confidence, reason, smallest: None }
}

/// What each encoding worth trying costs, in its best way.
fn weighed(sample: &[u8]) -> Vec<(Way, Weight)> {
    let mut all = tried(sample);
    all.extend(chardetng_guess(sample).filter(|other| !all.contains(other)));
    let (mut track, mut scratch) = (Track::default(), room(sample));
    all.into_iter().map(|encoding| best_way(sample, encoding, &mut track, &mut scratch)).collect()
}

/// What the bytes are, if that is sure enough to stay with it; never for ASCII alone, which says nothing about what will come. Of a
/// longer sample the first [`JUDGED`] bytes count. It makes no text and takes some
/// fifty microseconds for 200 bytes.
pub fn settled(sample: &[u8]) -> Option<Guess> {
    let sample = sample.get(..JUDGED).unwrap_or(sample);
    if sample.is_ascii() && !sample.contains(&0) && !sample.contains(&0x1B) {
        return None;
    }
    let mut scratch = room(sample);
    let mut weights = vec![(Guess::Binary, weigh_binary(sample), None)];
    let mut track = Track::default();
    // Latin-1 reads as windows-1252 does, or has control characters.
    for encoding in tried(sample).into_iter().filter(|encoding| *encoding != Encoding::LATIN_1) {
        let (_, weight) = best_way(sample, encoding, &mut track, &mut scratch);
        weights.push((Guess::Text(encoding), weight.cost, Some(weight)));
    }
    let (guess, cost, weight) = *weights.iter().min_by_key(|(_, cost, _)| *cost)?;
    let others: f32 = weights.iter().filter(|(other, ..)| *other != guess).map(|(_, other, _)| likelihood(*other, cost)).sum();
    let tells =
        weight.is_none_or(|weight| weight.beyond_ascii > 0 || matches!(guess, Guess::Text(encoding) if is_utf_16(encoding)));
    // Asked last, as it takes longest: an encoding that is not among those tried.
    let cheaper = |other: Encoding| best_way(sample, other, &mut track, &mut scratch).1.cost < cost;
    let sure = tells && 1.0 / (1.0 + others) >= SURE;
    (sure && !chardetng_guess(sample).is_some_and(cheaper)).then_some(guess)
}

fn room(sample: &[u8]) -> String {
    // UTF-8 takes at most three bytes for one of another encoding; a sample is read in parts.
    String::with_capacity(sample.len().min(256) * 3 + 16)
}

/// The encodings to try for these bytes, in menu order.
fn tried(sample: &[u8]) -> Vec<Encoding> {
    let escapes = sample.windows(3).any(|three| matches!(three, b"\x1B$B" | b"\x1B$@" | b"\x1B(J" | b"\x1B(I"));
    TRIED.into_iter().chain(escapes.then_some("ISO-2022-JP")).filter_map(Encoding::for_label).collect()
}

/// What chardetng thinks of, which knows languages that we do not: Greek, Thai, Vietnamese….
fn chardetng_guess(sample: &[u8]) -> Option<Encoding> {
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    let from = sample.iter().position(|byte| *byte >= 0x80).unwrap_or(0);
    let enough = sample.get(from..).unwrap_or_default().iter().take(FOR_CHARDETNG).copied().collect::<Vec<u8>>();
    let beyond_ascii = detector.feed(&enough, false);
    let guess = detector.guess(None, chardetng::Utf8Detection::Deny);
    beyond_ascii.then(|| Encoding::for_label(guess.name())).flatten()
}

/// A sample may begin with the second byte of a character.
fn ways(sample: &[u8], encoding: Encoding) -> (Way, Option<Way>) {
    let whole = Way { encoding, skip: 0 };
    let high = sample.first().is_some_and(|byte| *byte >= 0x80);
    let half = is_utf_16(encoding) || high && encoding.can_be_misread();
    (whole, (half && sample.len() > 1).then_some(Way { encoding, skip: 1 }))
}

fn best_way(sample: &[u8], encoding: Encoding, track: &mut Track, scratch: &mut String) -> (Way, Weight) {
    let (whole, half) = ways(sample, encoding);
    let mut weighed = |way: Way| (way, weigh(sample, way, track, scratch));
    let (whole, half) = (weighed(whole), half.map(&mut weighed));
    // Shown is what other tools would show, unless the other is clearly better.
    half.filter(|(_, weight)| weight.cost.saturating_add(CLEARLY) < whole.1.cost).unwrap_or(whole)
}

fn reading(bytes: &[u8], way: Way, weight: Weight, is_likely: bool) -> Reading {
    let (text, errors) = text_of(bytes, way);
    // What a cut explains is at most one sequence at the start and one at the end, of a byte or two each.
    let cut = weight.cut && (1..=CUT_ERRORS).contains(&errors);
    let smallest = if is_likely { smallest(way.encoding, &text) } else { None };
    let guess = Guess::Text(way.encoding);
    let candidate = Candidate { guess, text, errors, cut, confidence: 0.0, reason: Reason::Possible, smallest };
    Reading { way, weight, candidate }
}

/// Says of each reading what speaks for it, if it is the best or reads as that does, or else what speaks against it. They are sorted.
fn give_reasons(sample: &[u8], readings: &mut [Reading], is_text: bool) {
    let signs: Vec<Signs> = readings.iter().map(|one| Signs::of(sample, one.way, &one.weight)).collect();
    let best = readings.first().map(|best| (best.way.encoding, best.candidate.text.clone())).zip(signs.first());
    for (one, signs) in readings.iter_mut().zip(&signs) {
        let candidate = &mut one.candidate;
        let encoding = one.way.encoding;
        candidate.reason = match &best {
            _ if sample.is_empty() => Reason::Empty,
            Some(((best, text), of_best)) if is_text && *text != candidate.text => {
                reason::against(candidate.errors, (encoding, signs), Some((*best, of_best)))
            }
            _ if !is_text => reason::against(candidate.errors, (encoding, signs), None),
            _ => reason::in_favour(sample, encoding, &candidate.text, signs),
        };
    }
}

/// How likely a reading is beside the best one, 0 to 1.
fn likelihood(cost: Cost, best: Cost) -> f32 {
    (-TEMPER * cost.saturating_sub(best) as f32 / BIT as f32).exp2()
}

/// Shares one whole among the readings and no text, whose share it gives back. Encodings that read alike have their reading's share,
/// which is that of the likeliest of them.
fn share_confidence(readings: &mut [Reading], binary: Cost) -> f32 {
    let best = readings.iter().map(|one| one.weight.cost).chain([binary]).min().unwrap_or(0);
    // Of each different text the first place, and the least cost.
    let mut texts: Vec<(usize, Cost)> = Vec::new();
    let mut groups = Vec::new();
    for (place, one) in readings.iter().enumerate() {
        let same =
            |(first, _): &(usize, Cost)| readings.get(*first).is_some_and(|first| first.candidate.text == one.candidate.text);
        let group = texts.iter().position(same).unwrap_or(texts.len());
        match texts.get_mut(group) {
            Some((_, least)) => *least = (*least).min(one.weight.cost),
            None => texts.push((place, one.weight.cost)),
        }
        groups.push(group);
    }
    let whole = likelihood(binary, best) + texts.iter().map(|(_, cost)| likelihood(*cost, best)).sum::<f32>();
    for (one, group) in readings.iter_mut().zip(groups) {
        let cost = texts.get(group).map_or(one.weight.cost, |(_, least)| *least);
        one.candidate.confidence = likelihood(cost, best) / whole;
    }
    likelihood(binary, best) / whole
}

fn smallest(encoding: Encoding, text: &str) -> Option<Encoding> {
    if encoding != Encoding::GBK || !text.chars().any(hanzi::is_hanzi) {
        return None;
    }
    // What is undecodable is ASCII here.
    let holds = |encoding: &Encoding| encoding.try_encode(text).is_ok();
    [Encoding::GB2312, Encoding::GBK].into_iter().find(holds).or(Some(Encoding::GB18030))
}

fn rival(sample: &[u8], candidates: &[Candidate]) -> Option<Rival> {
    let best = candidates.first()?;
    if sample.is_empty() || matches!(best.reason, Reason::AsciiOnly { .. }) {
        return None;
    }
    // No text is a rival when more speaks for it than that any bytes may be none.
    let no_text = |one: &Candidate| one.confidence >= 1.0 - SURE && one.reason != Reason::Possible;
    let other = |one: &&Candidate| if one.guess == Guess::Binary { no_text(one) } else { one.text != best.text };
    let others: Vec<&Candidate> = candidates.iter().skip(1).filter(other).collect();
    let strong = others.iter().find(|one| one.confidence >= WORTH_NAMING);
    if strong.is_none() && (best.guess == Guess::Binary || matches!(best.reason, Reason::AsciiMostly { .. })) {
        return None;
    }
    let daily = || DAILY.iter().find_map(|daily| others.iter().find(|one| one.guess == Guess::Text(*daily)));
    let rival = strong.or_else(daily).or(others.first())?;
    let alike = if best.guess == Guess::Binary { "" } else { best.text.as_str() };
    // The same cannot speak for one and against the other.
    let reason = match best.guess {
        _ if rival.reason.key() != best.reason.key() => rival.reason.clone(),
        Guess::Text(_) => Reason::LessUsual,
        Guess::Binary => Reason::Unlikely,
    };
    Some(Rival { guess: rival.guess, excerpt: excerpt(&rival.text, alike), reason })
}

/// The text from where it differs from the best one.
fn excerpt(text: &str, best: &str) -> String {
    let alike = text.chars().zip(best.chars()).take_while(|(one, other)| one == other).count();
    let mut excerpt = String::new();
    if alike > 0 {
        excerpt.push('…');
    }
    excerpt.extend(text.chars().skip(alike).take(EXCERPT));
    if text.chars().nth(alike + EXCERPT).is_some() {
        excerpt.push('…');
    }
    excerpt
}

fn settle(sample: &[u8], candidates: &[Candidate], weight: Option<Weight>) -> Settle {
    let Some(best) = candidates.first() else { return Settle::Nothing };
    let beyond_ascii = weight.map_or(0, |weight| weight.beyond_ascii);
    let sure = best.confidence >= SURE;
    let alike = candidates.iter().skip(1).find(|one| one.text == best.text).map(|one| one.guess);
    match (best.guess, alike) {
        _ if sample.is_empty() => Settle::MoreData,
        (Guess::Text(_), _) if matches!(best.reason, Reason::AsciiOnly { .. } | Reason::AsciiMostly { .. }) => {
            Settle::BeyondAscii
        }
        // GBK is decoded as GB18030 is (WHATWG), but no device that only has GBK writes its characters of four bytes.
        (Guess::Text(best), Some(Guess::Text(other))) if sure && (best, other) != (Encoding::GB18030, Encoding::GBK) => {
            Settle::SameReading { best, other }
        }
        _ if sure => Settle::Nothing,
        (Guess::Text(_), _) if weight.is_some_and(|weight| weight.cut) => Settle::OtherHalf,
        (Guess::Text(_), _) if beyond_ascii >= MANY => Settle::KnownWord,
        (Guess::Text(_), _) if beyond_ascii > 0 => Settle::MoreBytes { characters: beyond_ascii },
        _ => Settle::MoreData,
    }
}

#[cfg(test)]
mod tests;
