//! How ordinary a text looks: about how many bits a reader who knows the world's writing would need for it. It must never know
//! encodings as the cause of anything, only characters and their neighbours.
//!
//! Two readings of the same bytes have different numbers of characters (`你` is `ä½\u{A0}`), so shares cannot be compared; sums of bits can:
//! what needs fewer is the likelier. The numbers are rounded from letter frequencies of the languages and from the levels of the tables.

use super::super::detect::{hangul_bits, hanzi_bits, is_hanzi};

/// Bits of a place where something is lost.
pub(super) const LOST: f32 = 13.0;

/// The most that a hanzi takes: names and rare words are ordinary text too.
const RAREST: f32 = 17.4;

/// The writing a character belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    /// Digits, signs, blanks.
    None,
    Latin,
    Cyrillic,
    Greek,
    Han,
    Kana,
    HalfKana,
    Hangul,
    /// Another alphabet, by its block of 128 code points.
    Other(u32),
}

/// How ordinary texts look.
pub(super) struct Ordinary;

impl Ordinary {
    /// The bits of a text that stands between blanks.
    pub(super) fn bits(&self, text: &str) -> f32 {
        self.bits_within(text, f32::MAX)
    }

    /// The same, as far as they are not more than `most`: beyond it, some number above it.
    pub(super) fn bits_within(&self, text: &str, most: f32) -> f32 {
        let mut sum = 0.0;
        let mut before = (' ', ' ');
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let after = characters.peek().copied().unwrap_or(' ');
            sum += self.character(before, character, after);
            if sum > most {
                break;
            }
            before = (before.1, character);
        }
        sum
    }

    /// The bits of one character after two others and before one.
    fn character(&self, (second, before): (char, char), character: char, after: char) -> f32 {
        if character.is_ascii() {
            return ascii(before, character);
        }
        let (script, earlier) = (script(character), script(before));
        let own = match script {
            Script::Latin => latin(before, character, after),
            Script::Cyrillic => cyrillic(second, before, character),
            Script::Han => hanzi_bits(before, character).min(RAREST),
            Script::Kana => kana(before, character, after),
            Script::HalfKana => {
                if earlier == Script::HalfKana {
                    7.0
                } else {
                    13.0
                }
            }
            Script::Hangul => hangul_bits(before, character),
            Script::Greek if matches!(character, 'α'..='ω' | 'Α'..='Ω' | 'ά'..='ώ') => {
                let steps_up = before.is_lowercase() && character.is_uppercase();
                if earlier == Script::Greek && !steps_up { 6.0 } else { 10.0 }
            }
            Script::Greek | Script::Other(_) => {
                if earlier == script {
                    7.0
                } else {
                    12.0
                }
            }
            Script::None => sign(before, character),
        };
        own + change(earlier, script)
    }
}

fn script(character: char) -> Script {
    match character {
        _ if character.is_ascii_alphabetic() => Script::Latin,
        _ if character.is_ascii() => Script::None,
        'ª' | 'º' | '×' | '÷' => Script::None,
        '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}' => Script::Latin,
        '\u{370}'..='\u{3FF}' => Script::Greek,
        '\u{400}'..='\u{52F}' => Script::Cyrillic,
        '\u{3041}'..='\u{3096}' | '\u{309D}'..='\u{30FE}' => Script::Kana,
        '\u{FF66}'..='\u{FF9F}' => Script::HalfKana,
        '\u{AC00}'..='\u{D7A3}' => Script::Hangul,
        '々' | '〇' => Script::Han,
        _ if is_hanzi(character) => Script::Han,
        '\u{530}'..='\u{1CFF}' if character.is_alphanumeric() => Script::Other(u32::from(character) >> 7),
        _ => Script::None,
    }
}

/// What it costs that one writing follows another without a blank.
fn change(from: Script, to: Script) -> f32 {
    match (from, to) {
        _ if from == to => 0.0,
        (Script::None, _) | (_, Script::None) => 0.0,
        (Script::Han, Script::Kana) | (Script::Kana, Script::Han) => 0.0,
        (Script::Latin, Script::Han | Script::Kana | Script::Hangul)
        | (Script::Han | Script::Kana | Script::Hangul, Script::Latin) => 3.0,
        (Script::Han, Script::Hangul) | (Script::Hangul, Script::Han) => 4.0,
        _ => 7.0,
    }
}

fn ascii(before: char, character: char) -> f32 {
    match character {
        ' ' => 3.0,
        '\n' | '\r' | '\t' => 4.0,
        '0'..='9' => 4.5,
        'A'..='Z' | 'a'..='z' => {
            let case = match character.is_uppercase() {
                true if before.is_lowercase() => 6.0,
                true => 2.0,
                false => 0.0,
            };
            case + match character.to_ascii_lowercase() {
                'e' | 't' | 'a' | 'o' | 'i' | 'n' | 's' | 'r' | 'h' | 'l' => 4.0,
                'k' | 'x' | 'j' | 'q' | 'z' => 7.5,
                _ => 5.3,
            }
        }
        '\u{1B}' => 10.0,
        _ if character.is_control() => 22.0,
        _ => 6.0,
    }
}

/// Letters of Western, Central European and Vietnamese writing: among ASCII letters, with capitals at the start of a word.
fn latin(before: char, character: char, after: char) -> f32 {
    let own = match character {
        'é' | 'è' | 'à' | 'ç' | 'ê' | 'â' | 'î' | 'ô' | 'û' | 'ù' | 'ë' | 'ï' | 'œ' | 'ä' | 'ö' | 'ü' | 'ß' | 'ñ' | 'á' | 'í'
        | 'ó' | 'ú' | 'ã' | 'õ' | 'å' | 'ø' | 'æ' => 7.5,
        'É' | 'À' | 'Ç' | 'Ê' | 'Ä' | 'Ö' | 'Ü' | 'Á' | 'Í' | 'Ó' | 'Ú' | 'Å' | 'Ø' | 'Ñ' => 9.5,
        '\u{1EA0}'..='\u{1EF9}' | 'ơ' | 'ư' | 'đ' | 'ă' => return 8.5,
        '\u{100}'..='\u{17F}' => 9.5,
        '\u{C0}'..='\u{FF}' => 10.5,
        _ => 15.0,
    };
    let beyond = |other: char| !other.is_ascii() && script(other) == Script::Latin;
    // Umlauts in a row are what people test encodings with.
    let umlaut = |other: char| matches!(other, 'ä' | 'ö' | 'ü' | 'Ä' | 'Ö' | 'Ü' | 'ß');
    let crowded = if beyond(before) && !(umlaut(before) && umlaut(character)) { 4.0 } else { 0.0 };
    let case = if before.is_lowercase() && character.is_uppercase() { 6.0 } else { 0.0 };
    let alone = !before.is_alphabetic() && !after.is_alphabetic() && !matches!(character, 'à' | 'é' | 'À' | 'ó' | 'è');
    own + crowded + case + if alone { 3.0 } else { 0.0 }
}

fn cyrillic(second: char, before: char, character: char) -> f32 {
    let small = character.to_lowercase().next().unwrap_or(character);
    let own = match small {
        'о' | 'е' | 'а' | 'и' | 'н' | 'т' | 'с' | 'р' | 'в' | 'л' => 3.9,
        'к' | 'м' | 'д' | 'п' | 'у' | 'я' | 'ы' | 'ь' | 'г' | 'з' | 'б' | 'ч' | 'й' => 5.5,
        'х' | 'ж' | 'ш' | 'ю' | 'ц' | 'щ' | 'э' | 'ф' | 'ъ' | 'ё' | 'і' | 'ї' | 'є' => 7.5,
        'ґ' | 'ў' | 'ј' => 10.0,
        _ => 13.0,
    };
    let letters = |other: char| script(other) == Script::Cyrillic;
    let case = match character.is_uppercase() {
        true if before.is_lowercase() => 10.0,
        true if letters(before) => 1.0,
        true => 2.5,
        // The second capital was one too many.
        false if letters(before) && before.is_uppercase() && letters(second) => 5.0,
        false if !letters(before) => 1.0,
        false => 0.0,
    };
    own + case
}

fn kana(before: char, character: char, after: char) -> f32 {
    let own = |other: char| script(other) == Script::Kana;
    let katakana = matches!(character, '\u{30A0}'..='\u{30FF}');
    match (own(before), own(after)) {
        (true, _) => 6.0,
        (false, true) => 7.5,
        // One alone, between hanzi.
        (false, false) if katakana => 13.0,
        (false, false) => 8.0,
    }
}

/// What is neither letter nor ASCII.
fn sign(before: char, character: char) -> f32 {
    match character {
        '，' | '。' | '！' | '？' | '：' | '；' | '、' | '（' | '）' | '《' | '》' | '「' | '」' | '『' | '』' | '【' | '】' => {
            6.5
        }
        '’' if before.is_alphabetic() => 6.0,
        '“' | '”' | '‘' | '’' | '—' | '…' | '–' => 7.0,
        '\u{3000}' | '・' | '〜' | '～' => 8.0,
        '\u{FF01}'..='\u{FF5E}' => 9.0,
        '«' | '»' | '€' | '¥' | '£' | '•' | '°' | '\u{A0}' => 9.0,
        '·' | '×' | '℃' | '￥' | '©' | '®' | '™' | '№' | 'µ' | '±' | '§' | '²' | '³' | '„' | '¿' | '¡' => {
            10.5
        }
        '\u{2500}'..='\u{259F}' if before == character => 2.0,
        '\u{2500}'..='\u{259F}' if matches!(before, '\u{2500}'..='\u{259F}') => 7.0,
        '\u{2190}'..='\u{22FF}' | '\u{2460}'..='\u{24FF}' | '\u{2160}'..='\u{217F}' => 10.5,
        '\u{25A0}'..='\u{27BF}' | '\u{1F000}'..='\u{1FAFF}' => 10.0,
        '\u{FE0F}' | '\u{200D}' => 3.0,
        '\u{FEFF}' if before == ' ' => 6.0,
        '\u{2500}'..='\u{259F}' | '\u{3000}'..='\u{31FF}' => 12.0,
        // Circled syllables and squared units.
        '\u{3200}'..='\u{33FF}' => 16.0,
        '\u{A1}'..='\u{BF}' | '÷' | '\u{2000}'..='\u{206F}' => 13.0,
        char::REPLACEMENT_CHARACTER => LOST,
        // Controls, private use, and what no text has.
        '\u{E000}'..='\u{F8FF}' | '\u{FFF0}'..='\u{FFFF}' | '\u{F0000}'..='\u{10FFFF}' => 22.0,
        _ if character.is_control() => 22.0,
        '\u{300}'..='\u{36F}' => 9.0,
        '\u{2100}'..='\u{214F}' => 12.0,
        _ => 18.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_needs_fewer_bits_than_its_misreading() {
        let ordinary = Ordinary;
        for (right, wrong) in [
            ("你好", "浣犲ソ"),
            ("你好", "ä½\u{A0}å¥½"),
            ("你好", "ÄãºÃ"),
            ("Привет", "оПХБЕР"),
            ("Привет", "РџСЂРёРІРµС‚"),
            ("café", "cafÃ©"),
            ("Hello", "䠀攀氀氀漀"),
        ] {
            assert!(
                ordinary.bits(right) + 12.0 < ordinary.bits(wrong),
                "{right} {} {wrong} {}",
                ordinary.bits(right),
                ordinary.bits(wrong)
            );
        }
    }
}
