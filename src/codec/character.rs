//! About one character: its code point, its Unicode name and block, and what is special about it. It must never know how it was encoded.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// The names of U+0000..U+001F with their abbreviations (ISO/IEC 6429; Unicode lists them as aliases, because a control has no name).
const CONTROLS: [&str; 32] = [
    "NUL (NULL)",
    "SOH (START OF HEADING)",
    "STX (START OF TEXT)",
    "ETX (END OF TEXT)",
    "EOT (END OF TRANSMISSION)",
    "ENQ (ENQUIRY)",
    "ACK (ACKNOWLEDGE)",
    "BEL (ALERT)",
    "BS (BACKSPACE)",
    "TAB (CHARACTER TABULATION)",
    "LF (LINE FEED)",
    "VT (LINE TABULATION)",
    "FF (FORM FEED)",
    "CR (CARRIAGE RETURN)",
    "SO (SHIFT OUT)",
    "SI (SHIFT IN)",
    "DLE (DATA LINK ESCAPE)",
    "DC1 (DEVICE CONTROL ONE, XON)",
    "DC2 (DEVICE CONTROL TWO)",
    "DC3 (DEVICE CONTROL THREE, XOFF)",
    "DC4 (DEVICE CONTROL FOUR)",
    "NAK (NEGATIVE ACKNOWLEDGE)",
    "SYN (SYNCHRONOUS IDLE)",
    "ETB (END OF TRANSMISSION BLOCK)",
    "CAN (CANCEL)",
    "EM (END OF MEDIUM)",
    "SUB (SUBSTITUTE)",
    "ESC (ESCAPE)",
    "FS (INFORMATION SEPARATOR FOUR)",
    "GS (INFORMATION SEPARATOR THREE)",
    "RS (INFORMATION SEPARATOR TWO)",
    "US (INFORMATION SEPARATOR ONE)",
];

/// What is special about a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peculiarity {
    /// A control character of ASCII.
    Control,
    /// A control character of ISO 8859 (U+0080..U+009F), which in text is nearly always a byte read in the wrong encoding.
    LatinControl,
    /// U+FEFF: a byte order mark where it stands first.
    ByteOrderMark,
    /// U+FFFD: someone before had bytes that could not be decoded.
    Replacement,
    /// Its meaning is agreed between two sides, not in Unicode.
    PrivateUse,
    /// Never a character (U+FFFE, U+FFFF, U+FDD0..).
    Noncharacter,
    /// No character yet in this version of Unicode.
    Unassigned,
    /// Seen only by what it does to others.
    Invisible,
    /// Stands over or under the one before it.
    Combining,
}

impl Peculiarity {
    /// Its name, for translations.
    pub fn key(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::LatinControl => "latin_control",
            Self::ByteOrderMark => "byte_order_mark",
            Self::Replacement => "replacement",
            Self::PrivateUse => "private_use",
            Self::Noncharacter => "noncharacter",
            Self::Unassigned => "unassigned",
            Self::Invisible => "invisible",
            Self::Combining => "combining",
        }
    }
}

/// The code point as Unicode writes it: `U+4F60`.
pub fn code_point(character: char) -> String {
    format!("U+{:04X}", u32::from(character))
}

/// The Unicode name: `CJK UNIFIED IDEOGRAPH-4F60`, `LF (LINE FEED)`. What has none gets the label that Unicode gives it (section 4.8),
/// such as `<private-use-E000>`.
pub fn name(character: char) -> String {
    let code = u32::from(character);
    if let Some(control) = CONTROLS.get(code as usize) {
        return (*control).to_owned();
    }
    if character == '\u{7F}' {
        return "DEL (DELETE)".to_owned();
    }
    if let Some(name) = unicode_names2::name(character) {
        return name.to_string();
    }
    let label = match peculiarity(character) {
        Some(Peculiarity::LatinControl) => "control",
        Some(Peculiarity::PrivateUse) => "private-use",
        Some(Peculiarity::Noncharacter) => "noncharacter",
        Some(Peculiarity::Unassigned) => "reserved",
        // Newer than the table of names.
        _ => "unnamed",
    };
    format!("<{label}-{code:04X}>")
}

/// The abbreviation of a character that cannot be seen by itself: `NUL`, `LF`, `DEL` (ANSI X3.4), and `SP` for the space.
pub fn abbreviation(character: char) -> Option<&'static str> {
    match character {
        ' ' => Some("SP"),
        '\u{7F}' => Some("DEL"),
        _ => CONTROLS.get(u32::from(character) as usize).and_then(|name| name.split(' ').next()),
    }
}

/// The English name of its Unicode block, if it is in one.
pub fn block(character: char) -> Option<&'static str> {
    unicode_blocks::find_unicode_block(character).map(|block| block.name())
}

/// The key of its block among those that have words in every language, for translations: the blocks that this tool's users meet.
pub fn block_key(character: char) -> Option<&'static str> {
    Some(match u32::from(character) {
        0x0000..=0x007F => "basic_latin",
        0x0080..=0x00FF => "latin_1",
        0x0100..=0x024F => "latin_extended",
        0x02B0..=0x02FF => "modifiers",
        0x0300..=0x036F => "combining",
        0x0370..=0x03FF => "greek",
        0x0400..=0x052F => "cyrillic",
        0x0590..=0x05FF => "hebrew",
        0x0600..=0x06FF => "arabic",
        0x0E00..=0x0E7F => "thai",
        0x1100..=0x11FF | 0x3130..=0x318F | 0xA960..=0xA97F | 0xD7B0..=0xD7FF => "hangul_jamo",
        0x2000..=0x206F => "punctuation",
        0x20A0..=0x20CF => "currency",
        0x2100..=0x214F => "letterlike",
        0x2150..=0x218F => "number_forms",
        0x2190..=0x21FF => "arrows",
        0x2200..=0x22FF => "mathematical",
        0x2460..=0x24FF => "enclosed",
        0x2500..=0x257F => "box_drawing",
        0x2580..=0x25FF => "shapes",
        0x2600..=0x27BF => "symbols",
        0x2E80..=0x2FDF => "cjk_radicals",
        0x3000..=0x303F => "cjk_punctuation",
        0x3040..=0x309F => "hiragana",
        0x30A0..=0x30FF => "katakana",
        0x3100..=0x312F => "bopomofo",
        0x3200..=0x33FF => "cjk_letters",
        0x3400..=0x4DBF => "cjk_a",
        0x4E00..=0x9FFF => "cjk",
        0xAC00..=0xD7AF => "hangul",
        0xE000..=0xF8FF | 0xF0000..=0x10FFFF => "private_use",
        0xF900..=0xFAFF => "cjk_compatibility",
        0xFE30..=0xFE4F => "cjk_forms",
        0xFF00..=0xFFEF => "fullwidth",
        0x1F300..=0x1FAFF => "emoji",
        0x20000..=0x2A6DF => "cjk_b",
        0x2A700..=0x2EE5F | 0x30000..=0x323AF => "cjk_rare",
        0x2F800..=0x2FA1F => "cjk_compatibility",
        _ => return None,
    })
}

/// Every key of [`block_key`].
pub const BLOCK_KEYS: [&str; 37] = [
    "basic_latin",
    "latin_1",
    "latin_extended",
    "modifiers",
    "combining",
    "greek",
    "cyrillic",
    "hebrew",
    "arabic",
    "thai",
    "hangul_jamo",
    "punctuation",
    "currency",
    "letterlike",
    "number_forms",
    "arrows",
    "mathematical",
    "enclosed",
    "box_drawing",
    "shapes",
    "symbols",
    "cjk_radicals",
    "cjk_punctuation",
    "hiragana",
    "katakana",
    "bopomofo",
    "cjk_letters",
    "cjk_a",
    "cjk",
    "hangul",
    "private_use",
    "cjk_compatibility",
    "cjk_forms",
    "fullwidth",
    "emoji",
    "cjk_b",
    "cjk_rare",
];

/// What is special about the character, if anything is.
pub fn peculiarity(character: char) -> Option<Peculiarity> {
    match character {
        '\u{FEFF}' => return Some(Peculiarity::ByteOrderMark),
        '\u{FFFD}' => return Some(Peculiarity::Replacement),
        '\u{80}'..='\u{9F}' => return Some(Peculiarity::LatinControl),
        _ => {}
    }
    let code = u32::from(character);
    match character.general_category() {
        GeneralCategory::Control => Some(Peculiarity::Control),
        GeneralCategory::PrivateUse => Some(Peculiarity::PrivateUse),
        _ if code & 0xFFFE == 0xFFFE || (0xFDD0..=0xFDEF).contains(&code) => Some(Peculiarity::Noncharacter),
        GeneralCategory::Unassigned => Some(Peculiarity::Unassigned),
        GeneralCategory::Format | GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator => {
            Some(Peculiarity::Invisible)
        }
        GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark => Some(Peculiarity::Combining),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_characters() {
        for (character, code, called, block_name, special) in [
            ('你', "U+4F60", "CJK UNIFIED IDEOGRAPH-4F60", Some("CJK Unified Ideographs"), None),
            ('𠮷', "U+20BB7", "CJK UNIFIED IDEOGRAPH-20BB7", Some("CJK Unified Ideographs Extension B"), None),
            ('A', "U+0041", "LATIN CAPITAL LETTER A", Some("Basic Latin"), None),
            ('한', "U+D55C", "HANGUL SYLLABLE HAN", Some("Hangul Syllables"), None),
            ('あ', "U+3042", "HIRAGANA LETTER A", Some("Hiragana"), None),
            ('😀', "U+1F600", "GRINNING FACE", Some("Emoticons"), None),
            ('\n', "U+000A", "LF (LINE FEED)", Some("Basic Latin"), Some(Peculiarity::Control)),
            ('\0', "U+0000", "NUL (NULL)", Some("Basic Latin"), Some(Peculiarity::Control)),
            ('\u{7F}', "U+007F", "DEL (DELETE)", Some("Basic Latin"), Some(Peculiarity::Control)),
            ('\u{80}', "U+0080", "<control-0080>", Some("Latin-1 Supplement"), Some(Peculiarity::LatinControl)),
            (
                '\u{FEFF}',
                "U+FEFF",
                "ZERO WIDTH NO-BREAK SPACE",
                Some("Arabic Presentation Forms-B"),
                Some(Peculiarity::ByteOrderMark),
            ),
            ('\u{FFFD}', "U+FFFD", "REPLACEMENT CHARACTER", Some("Specials"), Some(Peculiarity::Replacement)),
            ('\u{E5E5}', "U+E5E5", "<private-use-E5E5>", Some("Private Use Area"), Some(Peculiarity::PrivateUse)),
            ('\u{FFFE}', "U+FFFE", "<noncharacter-FFFE>", Some("Specials"), Some(Peculiarity::Noncharacter)),
            ('\u{378}', "U+0378", "<reserved-0378>", Some("Greek and Coptic"), Some(Peculiarity::Unassigned)),
            ('\u{200B}', "U+200B", "ZERO WIDTH SPACE", Some("General Punctuation"), Some(Peculiarity::Invisible)),
            ('\u{304}', "U+0304", "COMBINING MACRON", Some("Combining Diacritical Marks"), Some(Peculiarity::Combining)),
        ] {
            assert_eq!((code_point(character).as_str(), name(character).as_str()), (code, called));
            assert_eq!((block(character), peculiarity(character)), (block_name, special), "{code}");
        }
    }

    /// What has a name is no label, and every block's key is in the list. The tables need not be of the same version of Unicode.
    #[test]
    fn every_character_has_a_name_or_a_label() {
        let mut met = std::collections::BTreeSet::new();
        let mut unnamed = 0;
        for character in '\0'..=char::MAX {
            met.extend(block_key(character));
            let label = matches!(
                peculiarity(character),
                Some(Peculiarity::LatinControl | Peculiarity::PrivateUse | Peculiarity::Noncharacter | Peculiarity::Unassigned)
            );
            let name = name(character);
            assert!(!label || name.starts_with('<'), "{}", code_point(character));
            unnamed += usize::from(name.starts_with("<unnamed"));
        }
        assert!(unnamed < 20_000, "{unnamed} characters have no name");
        assert_eq!(met, BLOCK_KEYS.into_iter().collect());
    }
}
