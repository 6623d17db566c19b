//! Text into bytes, strictly: what an encoding cannot express is refused with its place. It must never replace a character.

use encoding_rs::EncoderResult;

use super::encoding::{Encoding, Kind};

/// A character that an encoding cannot express. Nothing of the text may be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{encoding} cannot express {character:?} (U+{code:04X}), character {place} of the text", code = u32::from(*.character), place = .index + 1)]
pub struct Unmappable {
    /// The character.
    pub character: char,
    /// Which character of the text it is, from 0.
    pub index: usize,
    /// Where it begins in the text, in bytes of its UTF-8.
    pub byte_offset: usize,
    /// The encoding that refused.
    pub encoding: Encoding,
    /// Common encodings that could express the whole text, in menu order. The Unicode encodings are always among them
    /// (GB18030 lacks a few private-use characters), so it is never empty.
    pub encodings: Vec<Encoding>,
}

impl Unmappable {
    /// The same refusal seen from a longer text, of which the refused one is a part beginning at byte `start`.
    pub(super) fn within(mut self, whole: &str, start: usize) -> Self {
        let before = whole.get(..start).unwrap_or_default();
        self.index += before.chars().count();
        self.byte_offset += before.len();
        self.encodings = able(whole, self.encoding);
        self
    }
}

/// What [`Unmappable::encodings`] may name.
const COMMON: [Encoding; 12] = [
    Encoding::UTF_8,
    Encoding::GBK,
    Encoding::GB18030,
    Encoding::BIG5,
    Encoding::UTF_16LE,
    Encoding::UTF_16BE,
    Encoding::LATIN_1,
    Encoding::WINDOWS_1252,
    Encoding::SHIFT_JIS,
    Encoding::EUC_JP,
    Encoding::EUC_KR,
    Encoding::KOI8_R,
];

/// The common encodings, but `except`, that can express all of `text`.
pub(super) fn able(text: &str, except: Encoding) -> Vec<Encoding> {
    COMMON.into_iter().filter(|encoding| *encoding != except && encoding.try_encode(text).is_ok()).collect()
}

impl Encoding {
    /// The bytes of `text`, without a byte order mark.
    ///
    /// # Errors
    /// The first character that the encoding cannot express. A character that the WHATWG encoder would turn into another one
    /// is refused too (`¥` into `\` in Shift_JIS and EUC-JP, `−` U+2212 into `－`, private-use characters in GB18030-2022),
    /// because the other side would read something that was not typed.
    pub fn encode(self, text: &str) -> Result<Vec<u8>, Unmappable> {
        self.try_encode(text).map_err(|byte_offset| Unmappable {
            character: text.get(byte_offset..).and_then(|rest| rest.chars().next()).unwrap_or(char::REPLACEMENT_CHARACTER),
            index: text.get(..byte_offset).unwrap_or_default().chars().count(),
            byte_offset,
            encoding: self,
            encodings: able(text, self),
        })
    }

    /// As [`Encoding::encode`]; the error is where the refused character begins.
    pub(super) fn try_encode(self, text: &str) -> Result<Vec<u8>, usize> {
        match self.0 {
            _ if self == Self::UTF_8 => Ok(text.as_bytes().to_vec()),
            // encoding_rs has no UTF-16 encoder: asked for one, it writes UTF-8.
            _ if self == Self::UTF_16LE => Ok(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            _ if self == Self::UTF_16BE => Ok(text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
            Kind::Latin1 => text.char_indices().map(|(at, c)| u8::try_from(c).map_err(|_| at)).collect(),
            Kind::Gb2312 => encode_gb2312(text),
            Kind::Whatwg(inner) => encode_table(inner, text),
        }
    }
}

/// Encodes by an encoding_rs table and checks that it reads back as the same text.
fn encode_table(inner: &'static encoding_rs::Encoding, text: &str) -> Result<Vec<u8>, usize> {
    let bytes = match encode_unchecked(inner, text) {
        Ok(bytes) => bytes,
        Err(at) => {
            // The first refusal counts, and one that only reading back finds may come before.
            encode_table(inner, text.get(..at).unwrap_or_default())?;
            return Err(at);
        }
    };
    if inner.is_single_byte() || inner.decode_without_bom_handling(&bytes).0 == text {
        return Ok(bytes);
    }
    for (at, character) in text.char_indices() {
        let mut buffer = [0; 4];
        let alone: &str = character.encode_utf8(&mut buffer);
        let bytes = encode_unchecked(inner, alone).map_err(|_| at)?;
        if inner.decode_without_bom_handling(&bytes).0 != alone {
            return Err(at);
        }
    }
    // No character alone is changed, but all together are. No table does that; if one did, refusing is the safe side.
    Err(0)
}

fn encode_unchecked(inner: &'static encoding_rs::Encoding, text: &str) -> Result<Vec<u8>, usize> {
    let mut encoder = inner.new_encoder();
    // A guess that fits nearly always: no legacy encoding but GB18030 needs more bytes than UTF-8, save for a few escapes.
    let mut bytes = Vec::with_capacity(text.len() + 16);
    let mut rest = text;
    loop {
        let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(rest, &mut bytes, true);
        match result {
            EncoderResult::InputEmpty => return Ok(bytes),
            EncoderResult::OutputFull => {
                rest = rest.get(read..).unwrap_or_default();
                bytes.reserve(rest.len().max(16) * 2);
            }
            // The character named by encoding_rs is not always the one in the text (ISO-2022-JP names U+FFFD for ESC),
            // so only its place is taken: the last character read.
            EncoderResult::Unmappable(_) => {
                let end = text.len() - rest.len() + read;
                let before = text.get(..end).unwrap_or_default();
                return Err(before.char_indices().next_back().map_or(0, |(at, _)| at));
            }
        }
    }
}

fn encode_gb2312(text: &str) -> Result<Vec<u8>, usize> {
    let mut bytes = encode_unchecked(encoding_rs::GBK, text);
    let encoded = match &bytes {
        Ok(all) => all.as_slice(),
        Err(_) => &[],
    };
    // Character by character only when something is wrong: either GBK has refused, or a pair is outside GB 2312.
    if bytes.is_err() || !all_gb2312(encoded) {
        for (at, character) in text.char_indices() {
            if !is_gb2312(character) {
                bytes = Err(at);
                break;
            }
        }
    }
    bytes
}

/// Whether GB/T 2312-1980 (or ASCII) has the character, by the mapping of the WHATWG standard.
fn is_gb2312(character: char) -> bool {
    let mut buffer = [0; 4];
    encode_unchecked(encoding_rs::GBK, character.encode_utf8(&mut buffer)).is_ok_and(|bytes| all_gb2312(&bytes))
}

fn all_gb2312(bytes: &[u8]) -> bool {
    let mut bytes = bytes.iter().copied();
    while let Some(lead) = bytes.next() {
        if lead < 0x80 {
            continue;
        }
        match bytes.next() {
            Some(trail) if gb2312_cell(lead, trail) => {}
            _ => return false,
        }
    }
    true
}

/// The assigned cells of GB/T 2312-1980: 682 symbols and 6763 hanzi. GBK put characters of its own into the gaps.
pub(super) const fn gb2312_cell(lead: u8, trail: u8) -> bool {
    match lead {
        0xA1 | 0xA3 => matches!(trail, 0xA1..=0xFE),
        0xA2 => matches!(trail, 0xB1..=0xE2 | 0xE5..=0xEE | 0xF1..=0xFC),
        0xA4 => matches!(trail, 0xA1..=0xF3),
        0xA5 => matches!(trail, 0xA1..=0xF6),
        0xA6 => matches!(trail, 0xA1..=0xB8 | 0xC1..=0xD8),
        0xA7 => matches!(trail, 0xA1..=0xC1 | 0xD1..=0xF1),
        0xA8 => matches!(trail, 0xA1..=0xBA | 0xC5..=0xE9),
        0xA9 => matches!(trail, 0xA4..=0xEF),
        0xD7 => matches!(trail, 0xA1..=0xF9),
        0xB0..=0xF7 => matches!(trail, 0xA1..=0xFE),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What encoding_rs alone makes of a character, if it reads back as the same one.
    fn judged(encoding: Encoding, character: char) -> Option<Vec<u8>> {
        let mut buffer = [0; 4];
        let text: &str = character.encode_utf8(&mut buffer);
        let Some(inner) = encoding.reader() else { return u8::try_from(character).ok().map(|byte| vec![byte]) };
        let mut bytes = [0; 16];
        let (result, _, written) = inner.new_encoder().encode_from_utf8_without_replacement(text, &mut bytes, true);
        let bytes = &bytes[..written];
        let faithful = result == EncoderResult::InputEmpty && inner.decode_without_bom_handling(bytes).0 == text;
        (faithful && (encoding != Encoding::GB2312 || all_gb2312(bytes))).then(|| bytes.to_vec())
    }

    fn agrees(encoding: Encoding, character: char) {
        let mut buffer = [0; 4];
        let ours = encoding.try_encode(character.encode_utf8(&mut buffer));
        assert_eq!(ours, judged(encoding, character).ok_or(0), "{encoding} U+{:04X}", u32::from(character));
    }

    /// Every character is written as encoding_rs writes it, or refused where encoding_rs refuses it or would turn it into another one.
    /// UTF-16 has no encoder there; it is looked at in `tests/encodings.rs`.
    fn all_of(encodings: impl Iterator<Item = Encoding>, most: char) {
        for encoding in encodings.filter(|one| ![Encoding::UTF_16LE, Encoding::UTF_16BE].contains(one)) {
            ('\0'..=most).for_each(|character| agrees(encoding, character));
        }
    }

    #[test]
    fn every_character_in_one_byte() {
        // Their tables end long before the Basic Multilingual Plane does; beyond it a few of each kind are enough.
        let one_byte = || Encoding::all().iter().copied().filter(|one| one.is_single_byte());
        all_of(one_byte(), '\u{FFFF}');
        for encoding in one_byte() {
            ('\u{10000}'..=char::MAX).step_by(251).for_each(|character| agrees(encoding, character));
        }
    }

    #[test]
    fn every_character_in_the_chinese_encodings() {
        all_of([Encoding::GBK, Encoding::GB2312, Encoding::GB18030, Encoding::BIG5].into_iter(), char::MAX);
    }

    #[test]
    fn every_character_in_the_other_encodings() {
        let chinese = [Encoding::GBK, Encoding::GB2312, Encoding::GB18030, Encoding::BIG5];
        let others = Encoding::all().iter().copied().filter(|one| !one.is_single_byte() && !chinese.contains(one));
        all_of(others, char::MAX);
    }
}
