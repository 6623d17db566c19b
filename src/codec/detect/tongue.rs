//! What a character costs in a text of one kind: simplified Chinese, Russian…. It must never know bytes or encodings.

use super::cost::{BIT, Cost, bits};
use super::hanzi::{self, is_hanzi};
use super::scripts;

/// A kind of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tongue {
    /// Simplified Chinese.
    Simplified,
    /// Traditional Chinese.
    Traditional,
    /// Japanese.
    Japanese,
    /// Korean.
    Korean,
    /// Russian and its kin.
    Cyrillic,
    /// French, German….
    Western,
    /// Any other script of one byte per character: Greek, Thai….
    Other,
}

/// A malformed sequence, which text hardly has: once in a million characters, and its bytes are any bytes.
pub(super) const MALFORMED: Cost = bits(20);
/// What text never has: control characters but the known ones, private use, noncharacters.
const NEVER: Cost = bits(26);
/// SOH, STX and ETX, with which some protocols frame their text.
const FRAME: Cost = bits(11);
/// BEL, BS, VT and FF, which terminals, printers and IPMSG know.
const FORMAT: Cost = bits(14);
/// Any other control character.
const CONTROL: Cost = bits(17);
/// Characters other than hanzi that cost more are strange in a text.
const FITS: Cost = bits(13);
/// A character of a script that the text is not in.
const FOREIGN: Cost = bits(18);

/// What ASCII costs in text, alike in every tongue: small letters are 40 % of it, digits 20 %, the blank 4 %. After a letter or digit of
/// the same kind half a bit less, as they come in words and numbers.
pub(super) fn ascii(before: char, character: char) -> Cost {
    let cost = match character {
        'a' | 'c' | 'd' | 'e' | 'h' | 'i' | 'l' | 'n' | 'o' | 'r' | 's' | 't' | 'u' => 42,
        'a'..='z' => 54,
        '0'..='9' => 48,
        'A'..='Z' => 58,
        ' ' => 36,
        '.' | ',' | ':' | ';' | '-' | '_' | '/' | '=' | '"' | '\'' | '(' | ')' | '[' | ']' | '{' | '}' | '+' | '*' | '#'
        | '?' | '!' => 60,
        '!'..='~' => 76,
        '\n' if before == '\r' => 8,
        '\r' | '\n' | '\t' => 52,
        '\x1B' => 64,
        // At the end of strings in C, and filling fields.
        '\0' if before == '\0' => 8,
        '\0' if !is_control(before) => 48,
        '\x01'..='\x03' => FRAME,
        '\x07' | '\x08' | '\x0B' | '\x0C' => FORMAT,
        _ => CONTROL,
    };
    cost - BIT / 2 + in_a_word(before, character)
}

/// Letters and digits come in words and numbers: what goes on costs half a bit less than what begins, and what changes within a word
/// more, most of all a capital after a small letter.
fn in_a_word(before: char, character: char) -> Cost {
    let small = |c: char| c.is_ascii_lowercase();
    let capital = |c: char| c.is_ascii_uppercase();
    let digit = |c: char| c.is_ascii_digit();
    match character {
        _ if !character.is_ascii_alphanumeric() || !before.is_ascii_alphanumeric() => BIT / 2,
        _ if small(before) && capital(character) => 3 * BIT,
        _ if digit(before) && !digit(character) => 2 * BIT,
        _ if !digit(before) && digit(character) => 3 * BIT / 2,
        _ => 0,
    }
}

/// What it costs that an ASCII character touches a hanzi: capitals and digits do now and then, small letters hardly ever.
fn touching(ascii: char) -> Cost {
    match ascii {
        'a'..='z' => 3 * BIT,
        'A'..='Z' => 3 * BIT / 2,
        '0'..='9' => BIT / 2,
        _ => 0,
    }
}

/// Characters that text has not: controls but for blanks, private use, noncharacters.
pub(super) fn is_control(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' | '\x1B' => false,
        '\u{E000}'..='\u{F8FF}' | '\u{FFF0}'..='\u{FFFF}' | '\u{F0000}'..='\u{10FFFF}' => true,
        '\0'..='\x1F' | '\x7F'..='\u{9F}' => true,
        _ => false,
    }
}

/// Small letters of the capitals of Russian and Western Europe, quicker than Unicode's tables.
fn small(letter: char) -> char {
    let step = match letter {
        '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{DE}' | '\u{410}'..='\u{42F}' => 0x20,
        '\u{400}'..='\u{40F}' => 0x50,
        'Œ' => 1,
        'Ÿ' => return 'ÿ',
        _ => 0,
    };
    char::from_u32(u32::from(letter) + step).unwrap_or(letter)
}

/// Whether Unicode calls it alphabetic, quicker for what fills most of the first plane.
fn is_letter(character: char) -> bool {
    match character {
        '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}' => true,
        '\u{E000}'..='\u{F8FF}' => false,
        _ => character.is_alphabetic(),
    }
}

fn is_cyrillic(character: char) -> bool {
    matches!(character, '\u{400}'..='\u{45F}')
}

impl Tongue {
    /// What an ASCII character costs more in this kind of text, after one that is not ASCII, or at all.
    pub(super) fn beside(self, before: char, character: char) -> Cost {
        let letter = character.is_ascii_alphabetic();
        match self {
            Self::Cyrillic if letter => 2 * BIT,
            _ if before.is_ascii() || !is_letter(before) => 0,
            Self::Simplified | Self::Traditional | Self::Japanese if character == ' ' => 3 * BIT / 2,
            Self::Simplified | Self::Traditional | Self::Japanese | Self::Korean => touching(character),
            Self::Western if character.is_ascii_uppercase() || character.is_ascii_digit() => 2 * BIT,
            _ => 0,
        }
    }

    /// What a character beyond ASCII costs after `before`.
    pub(super) fn cost(self, before: char, character: char) -> Cost {
        match character {
            _ if is_control(character) => NEVER,
            '\u{FEFF}' => bits(10),
            _ if is_hanzi(character) => self.hanzi(before, character),
            '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FA}' | 'ー' => self.kana(before, character),
            '\u{3000}'..='\u{303F}'
            | '\u{FF01}'..='\u{FF5E}'
            | '—'
            | '…'
            | '“'
            | '”'
            | '‘'
            | '’'
            | '·'
            | '・'
            | '℃'
            | '￥'
            | '«'
            | '»'
            | '°' => self.punctuation(character),
            // In Shift_JIS they are single bytes, so any bytes are many of them.
            '\u{FF61}'..='\u{FF9F}' => {
                if self == Self::Japanese {
                    bits(14)
                } else {
                    bits(22)
                }
            }
            '\u{AC00}'..='\u{D7A3}' => self.hangul(before, character),
            '\u{400}'..='\u{45F}' => self.cyrillic(before, character),
            '\u{80}'..='\u{17F}' | '€' => self.western(before, character),
            '★' | '☆' | '✓' | '✔' | '☀' | '☎' | '\u{1F300}'..='\u{1FAFF}' => bits(14),
            '\u{2600}'..='\u{27BF}' => bits(17),
            _ => self.other(before, character),
        }
    }

    /// Whether ordinary text of this kind has the character.
    pub(super) fn fits(self, before: char, character: char) -> bool {
        self.cost(before, character) < if is_hanzi(character) { FOREIGN } else { FITS }
    }

    fn hanzi(self, before: char, character: char) -> Cost {
        // Few blanks stand between hanzi.
        let beside = if before == ' ' { BIT } else { touching(before) };
        match self {
            Self::Simplified => hanzi::SIMPLIFIED.cost(before, character) + beside,
            Self::Traditional => hanzi::TRADITIONAL.cost(before, character) + beside,
            Self::Japanese => hanzi::JAPANESE.cost(before, character) + beside,
            // Korean has hanja in brackets, now and then.
            Self::Korean => bits(21),
            Self::Cyrillic | Self::Western | Self::Other => bits(27),
        }
    }

    fn kana(self, before: char, character: char) -> Cost {
        if self != Self::Japanese {
            return FOREIGN;
        }
        let is_katakana = |c: char| matches!(c, '\u{30A1}'..='\u{30FC}');
        let cost = scripts::KANA.cost(before, character).unwrap_or(FOREIGN);
        // Words in katakana are long, and begin less often than they go on.
        match (is_katakana(before), is_katakana(character)) {
            (true, true) => cost.saturating_sub(bits(2)),
            (false, true) => cost + BIT,
            _ => cost,
        }
    }

    /// The punctuation of Chinese and Japanese, in bits: the comma is 4 % of a text, the stop 2 %, the others less.
    fn punctuation(self, character: char) -> Cost {
        let chinese = matches!(self, Self::Simplified | Self::Traditional);
        if !chinese && self != Self::Japanese {
            return match character {
                '“' | '”' | '’' | '«' | '»' | '—' | '…' | '°' => bits(10),
                '·' | '‘' => bits(12),
                _ => FOREIGN,
            };
        }
        bits(match character {
            '，' if chinese => 5,
            '。' => 6,
            '、' if !chinese => 6,
            '、' | '：' | '！' | '？' | '（' | '）' => 8,
            '「' | '」' if self != Self::Simplified => 8,
            '“' | '”' if self == Self::Simplified => 8,
            '；' | '《' | '》' | '…' | '—' | '\u{3000}' | '【' | '】' | '“' | '”' => 10,
            '℃' | '·' | '・' | '￥' | '‘' | '’' | '『' | '』' | '「' | '」' | '°' | '～' => 11,
            '０'..='９' | '，' | '％' => 12,
            _ => 15,
        })
    }

    fn hangul(self, before: char, character: char) -> Cost {
        match self {
            // The syllables beyond KS X 1001 are 8822.
            Self::Korean => scripts::KOREAN.cost(before, character).unwrap_or(bits(22)) + touching(before),
            _ => bits(22),
        }
    }

    /// Capitals begin words, or make the whole of one: never one after a small letter.
    fn cyrillic(self, before: char, character: char) -> Cost {
        if self != Self::Cyrillic {
            return FOREIGN;
        }
        let letter = small(character);
        let cost = scripts::CYRILLIC.cost(small(before), letter).unwrap_or(bits(14));
        let upper = character != letter;
        let capital_before = is_cyrillic(before) && small(before) != before;
        let capitals = match before {
            _ if upper && is_cyrillic(before) && !capital_before => bits(9),
            _ if upper && capital_before => bits(2),
            _ if upper => bits(4),
            _ if before.is_ascii_alphabetic() => bits(9),
            _ if matches!(before, '\u{C0}'..='\u{3FF}') => bits(8),
            _ => 0,
        };
        cost + capitals
    }

    /// Letters of Western Europe stand among ASCII letters, as small ones; two in a row are rare.
    fn western(self, before: char, character: char) -> Cost {
        if self != Self::Western {
            return if self == Self::Other { self.other(before, character) } else { FOREIGN };
        }
        let letter = small(character);
        let Some(cost) = scripts::LATIN.alone(letter) else {
            return match character {
                '\u{A0}' | '€' | '£' | '§' | '©' | '®' | '²' | '³' | '½' | '¿' | '¡' | 'º' | 'ª' | '±' | 'µ' => {
                    bits(13)
                }
                '\u{100}'..='\u{17F}' => bits(15),
                _ => bits(16),
            };
        };
        let upper = character != letter;
        let letter_before = matches!(before, '\u{C0}'..='\u{17F}');
        let small_before = before.is_ascii_lowercase() || letter_before && small(before) == before;
        cost + match before {
            _ if upper && small_before => bits(8),
            _ if upper => bits(4),
            _ if before.is_ascii_lowercase() => 0,
            _ if before.is_ascii_uppercase() => BIT,
            _ if letter_before => bits(4),
            _ => bits(2),
        }
    }

    /// Scripts without a table of ours: what begins one is rare, what goes on in one is not.
    fn other(self, before: char, character: char) -> Cost {
        let block = |c: char| u32::from(c) / 0x80;
        let letters = || is_letter(character) && is_letter(before);
        let goes_on = block(before) == block(character) && (u32::from(character) < 0x2000 || letters());
        match (self, goes_on) {
            (Self::Other, true) => 52,
            (Self::Other, false) => bits(9),
            (_, true) => 60,
            (_, false) => bits(21),
        }
    }
}
