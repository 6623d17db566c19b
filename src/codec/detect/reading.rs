//! How bytes read in one way: the text, and what speaks for it or against it. It must never compare two readings.

use encoding_rs::DecoderResult;

use super::super::decoder::Piece;
use super::super::hex;
use super::cost::{Cost, bits};
use super::hanzi::{self, Hanzi, is_hanzi};
use super::tongue::{MALFORMED, Tongue, ascii, is_control};
use super::weigh::{Way, Weight, is_utf_16};

/// How much text the room for it grows by at least, in bytes.
const ROOM: usize = 64;
/// What a malformed byte is written as: `\xHH`.
const ESCAPED: usize = 4;

/// How bytes read, with `\xHH` for an undecodable byte, and how many malformed sequences there are: what
/// [`escaped`](super::super::decoder::escaped) makes of the pieces, without making them.
pub(super) fn text_of(bytes: &[u8], way: Way) -> (String, usize) {
    let (before, rest) = bytes.split_at(way.skip.min(bytes.len()));
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 2 + ROOM);
    push_escaped(&mut text, before);
    let mut errors = usize::from(!before.is_empty());
    let Some(reader) = way.encoding.reader() else {
        text.push_str(&encoding_rs::mem::decode_latin1(rest));
        return (text, errors);
    };
    let mut decoder = reader.new_decoder_without_bom_handling();
    let mut at = 0;
    loop {
        let (result, read) = decoder.decode_to_string_without_replacement(rest.get(at..).unwrap_or_default(), &mut text, true);
        at += read;
        match result {
            DecoderResult::InputEmpty => return (text, errors),
            DecoderResult::OutputFull => text.reserve((rest.len() - at) * 2 + ROOM),
            DecoderResult::Malformed(length, after) => {
                let end = at.saturating_sub(usize::from(after));
                push_escaped(&mut text, rest.get(end.saturating_sub(usize::from(length))..end).unwrap_or_default());
                errors += 1;
            }
        }
    }
}

fn push_escaped(text: &mut String, bytes: &[u8]) {
    text.reserve(bytes.len() * ESCAPED);
    for byte in bytes {
        text.push_str("\\x");
        hex::push_upper(text, *byte);
    }
}

/// So many bytes are looked at for reasons; shares of more would be the same.
const LOOKED: usize = 256;
/// So much of what stands before the first byte beyond ASCII.
const LEAD: usize = 64;
/// The most characters of a word that is named.
const WORD: usize = 4;

/// What is in a reading's part that tells most.
#[derive(Clone, Debug, Default)]
pub(super) struct Signs {
    /// Characters.
    pub characters: usize,
    /// Control and unassigned ones, and what they cost.
    pub controls: (usize, Cost),
    /// Hanzi, and what they cost.
    pub hanzi: (usize, Cost),
    /// Hanzi of the lists, which are nearly all that text has.
    pub common: usize,
    /// Listed words: how many, and the longest.
    pub words: (usize, String),
    /// Characters beyond ASCII.
    pub judged: usize,
    /// Those that text of this kind has.
    pub fitting: usize,
    /// What the malformed sequences cost.
    pub malformed: Cost,
    /// What all other characters cost.
    pub others: Cost,
}

impl Signs {
    /// The signs in a reading of `sample`.
    pub(super) fn of(sample: &[u8], way: Way, weight: &Weight) -> Self {
        let high = sample.iter().position(|byte| *byte >= 0x80).filter(|_| !is_utf_16(way.encoding)).unwrap_or(0);
        let from = high.saturating_sub(LEAD).max(way.skip);
        let part = sample.get(from..).unwrap_or_default();
        let part = part.get(..LOOKED).unwrap_or(part);
        let mut signs = Self::default();
        let pieces = way.encoding.decode(part);
        let last = pieces.len().saturating_sub(1);
        for (place, piece) in pieces.iter().enumerate() {
            match piece {
                // NUL fills a field up after a text, and nothing else.
                Piece::Text(text) if text.trim_end_matches('\0').is_empty() => signs.read(text, weight.tongue),
                Piece::Text(text) => signs.read(text.trim_end_matches('\0'), weight.tongue),
                // A character that is cut at an end is no error.
                Piece::Invalid(_) if place == last || weight.cut && place == 0 => {}
                Piece::Invalid(bytes) => signs.malformed += MALFORMED + bits(8) * bytes.len() as Cost,
            }
        }
        signs
    }

    fn read(&mut self, text: &str, tongue: Tongue) {
        let table: &Hanzi = match tongue {
            Tongue::Traditional => &hanzi::TRADITIONAL,
            Tongue::Japanese => &hanzi::JAPANESE,
            _ => &hanzi::SIMPLIFIED,
        };
        let mut before = ' ';
        let mut word = String::new();
        for character in text.chars() {
            self.characters += 1;
            let cost = if character.is_ascii() { ascii(before, character) } else { tongue.cost(before, character) };
            let into = match character {
                _ if is_control(character) => &mut self.controls,
                _ if is_hanzi(character) => &mut self.hanzi,
                _ => &mut (0, 0),
            };
            *into = (into.0 + 1, into.1 + cost);
            if !is_control(character) && !is_hanzi(character) {
                self.others += cost;
            }
            if !character.is_ascii() {
                self.judged += 1;
                self.fitting += usize::from(tongue.fits(before, character));
            }
            self.common += usize::from(is_hanzi(character) && table.is_common(character));
            self.join(&mut word, before, character, table);
            before = character;
        }
    }

    /// Lengthens the word that ends with `before`, or begins another.
    fn join(&mut self, word: &mut String, before: char, character: char, table: &Hanzi) {
        if !table.are_word(before, character) {
            word.clear();
            return;
        }
        if word.is_empty() || word.chars().count() == WORD {
            word.clear();
            word.push(before);
            self.words.0 += 1;
        }
        word.push(character);
        if word.len() > self.words.1.len() {
            self.words.1.clone_from(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::decoder::escaped;
    use super::super::super::encoding::Encoding;
    use super::*;

    /// The text is what the decoder and [`escaped`] make together.
    #[test]
    fn the_text_is_that_of_the_pieces() {
        let mut seed = 7_u64;
        let mut next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as u8
        };
        for name in [
            "UTF-8",
            "GBK",
            "Big5",
            "UTF-16LE",
            "UTF-16BE",
            "ISO-8859-1",
            "windows-1253",
            "Shift_JIS",
            "EUC-JP",
            "EUC-KR",
            "ISO-2022-JP",
        ] {
            let encoding = Encoding::for_label(name).unwrap();
            for length in 0..400 {
                // Escape sequences as well.
                let bytes: Vec<u8> = (0..length % 67)
                    .map(|_| [next(), b"\x1B$B(J"[usize::from(next()) % 5]][usize::from(next() % 4 / 3)])
                    .collect();
                let pieces = encoding.decode(&bytes);
                let errors = pieces.iter().filter(|piece| matches!(piece, Piece::Invalid(_))).count();
                assert_eq!(text_of(&bytes, Way { encoding, skip: 0 }), (escaped(&pieces), errors), "{name} {bytes:02X?}");
            }
        }
        let cut = text_of(b"\xE3\xBA\xC3", Way { encoding: Encoding::GBK, skip: 1 });
        assert_eq!(cut, ("\\xE3好".to_owned(), 1));
    }
}
