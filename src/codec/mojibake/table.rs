//! Characters back into the bytes they were read from, by the decoder's own tables. It must never judge what the bytes mean.
//!
//! The encoders of encoding_rs look hanzi up by walking through their tables (microseconds each) and refuse what only a decoder knows
//! (Big5's Hong Kong supplement); a doctor that undoes a reading hundreds of times needs the decoder's table turned round.

use std::sync::LazyLock;

use super::super::encoding::Encoding;

/// What a decoder makes of one and two bytes, sorted by the character. A code below 0x100 is one byte.
struct Reverse {
    pairs: Vec<(char, u16)>,
    /// GB18030's sequences of four bytes, as their number in a row from 81 30 81 30.
    fours: Vec<(char, u16)>,
}

/// Windows code page 1251, Russian.
pub(super) static WINDOWS_1251: LazyLock<Encoding> = LazyLock::new(|| labelled("windows-1251"));
/// Windows code page 1250, Central Europe.
pub(super) static WINDOWS_1250: LazyLock<Encoding> = LazyLock::new(|| labelled("windows-1250"));
/// DOS code page 866, Russian consoles.
pub(super) static IBM866: LazyLock<Encoding> = LazyLock::new(|| labelled("ibm866"));
/// Mac OS Roman.
pub(super) static MACINTOSH: LazyLock<Encoding> = LazyLock::new(|| labelled("macintosh"));

fn labelled(label: &str) -> Encoding {
    Encoding::for_label(label).unwrap_or(Encoding::UTF_8)
}

static TABLES: LazyLock<Vec<(Encoding, Reverse)>> = LazyLock::new(|| {
    [
        Encoding::GBK,
        Encoding::BIG5,
        Encoding::SHIFT_JIS,
        Encoding::EUC_JP,
        Encoding::EUC_KR,
        Encoding::WINDOWS_1252,
        Encoding::KOI8_R,
        *WINDOWS_1251,
        *WINDOWS_1250,
        *IBM866,
        *MACINTOSH,
    ]
    .into_iter()
    .map(|encoding| (encoding, Reverse::of(encoding)))
    .collect()
});

/// The bytes of a character.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bytes {
    buffer: [u8; 4],
    length: usize,
}

impl Bytes {
    fn of(bytes: &[u8]) -> Self {
        let mut buffer = [0; 4];
        buffer.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Self { buffer, length: bytes.len().min(4) }
    }

    /// The bytes.
    pub(super) fn as_slice(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }
}

/// Writes characters back in one encoding.
#[derive(Clone, Copy)]
pub(super) struct Writer {
    encoding: Encoding,
    table: Option<&'static Reverse>,
}

impl Writer {
    /// A writer for an encoding; one without a table writes nothing.
    pub(super) fn new(encoding: Encoding) -> Self {
        let table = TABLES.iter().find(|(one, _)| *one == encoding).map(|(_, table)| table);
        Self { encoding, table }
    }

    /// The bytes that this character was read from; `None` when the encoding never reads it.
    pub(super) fn bytes(self, character: char) -> Option<Bytes> {
        if character.is_ascii() {
            return Some(Bytes::of(&[character as u8]));
        }
        if self.encoding == Encoding::LATIN_1 {
            return u8::try_from(character).ok().map(|byte| Bytes::of(&[byte]));
        }
        let table = self.table?;
        if let Some(found) = lookup(&table.pairs, character) {
            let [high, low] = found.to_be_bytes();
            return Some(if high == 0 { Bytes::of(&[low]) } else { Bytes::of(&[high, low]) });
        }
        // Many programs read the five bytes that code page 1252 lacks, and some all of 80..9F, as Latin-1 has them.
        if self.encoding == Encoding::WINDOWS_1252 && matches!(character, '\u{80}'..='\u{9F}') {
            return u8::try_from(character).ok().map(|byte| Bytes::of(&[byte]));
        }
        lookup(&table.fours, character).map(|place| Bytes::of(&four(u32::from(place)))).or_else(|| self.beyond_bmp(character))
    }

    fn beyond_bmp(self, character: char) -> Option<Bytes> {
        let linear = (self.encoding == Encoding::GBK).then(|| u32::from(character).checked_sub(0x1_0000))??;
        Some(Bytes::of(&four(linear + 189_000)))
    }
}

fn lookup(sorted: &[(char, u16)], wanted: char) -> Option<u16> {
    let place = sorted.binary_search_by_key(&wanted, |(character, _)| *character).ok()?;
    sorted.get(place).map(|(_, found)| *found)
}

/// The sequence of four bytes with this number (GB18030: digits of base 126, 10, 126, 10).
fn four(number: u32) -> [u8; 4] {
    let digit = |value: u32, from: u8| from + value as u8;
    [
        digit(number / 12_600 % 126, 0x81),
        digit(number / 1260 % 10, 0x30),
        digit(number / 10 % 126, 0x81),
        digit(number % 10, 0x30),
    ]
}

impl Reverse {
    fn of(encoding: Encoding) -> Self {
        let mut codes: Vec<u16> = (0x80..=0xFF).collect();
        if !encoding.is_single_byte() {
            codes.extend((0x81..=0xFE).flat_map(|lead: u16| (0x40..=0xFE).map(move |trail| lead << 8 | trail)));
        }
        let bytes = |code: &u16| match code.to_be_bytes() {
            [0, one] => vec![one],
            two => two.to_vec(),
        };
        let mut pairs = read(encoding, &codes, bytes);
        settle(encoding, &mut pairs);
        let numbers: Vec<u16> = if encoding == Encoding::GBK { (0..39_420).collect() } else { Vec::new() };
        let mut fours = read(encoding, &numbers, |number| four(u32::from(*number)).to_vec());
        fours.sort_unstable();
        Self { pairs, fours }
    }
}

/// The characters that single codes are, in one run of the decoder: a line end, which is in no character, parts them.
fn read(encoding: Encoding, codes: &[u16], bytes: impl Fn(&u16) -> Vec<u8>) -> Vec<(char, u16)> {
    let Some(reader) = encoding.reader() else { return Vec::new() };
    let mut all = Vec::with_capacity(codes.len() * 5);
    for code in codes {
        all.extend(bytes(code));
        all.push(b'\n');
    }
    let (text, _) = reader.decode_without_bom_handling(&all);
    text.split('\n').zip(codes).filter_map(|(line, code)| Some((one(line)?, *code))).collect()
}

/// The one character of a line.
fn one(line: &str) -> Option<char> {
    let mut characters = line.chars();
    let first = characters.next().filter(|character| *character != char::REPLACEMENT_CHARACTER)?;
    characters.next().is_none().then_some(first)
}

/// Sorts; of several codes with one character the encoder's own stays.
fn settle(encoding: Encoding, pairs: &mut Vec<(char, u16)>) {
    pairs.sort_unstable();
    let mut kept: Vec<(char, u16)> = Vec::with_capacity(pairs.len());
    for (character, code) in pairs.drain(..) {
        match kept.last_mut() {
            Some(last) if last.0 == character => {
                if own_code(encoding, character) == Some(code) {
                    last.1 = code;
                }
            }
            _ => kept.push((character, code)),
        }
    }
    *pairs = kept;
}

fn own_code(encoding: Encoding, character: char) -> Option<u16> {
    match encoding.try_encode(character.encode_utf8(&mut [0; 4])).ok()?.as_slice() {
        [one] => Some(u16::from(*one)),
        [lead, trail] => Some(u16::from_be_bytes([*lead, *trail])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_written_back() {
        for (encoding, text) in [
            (Encoding::GBK, "浣犲ソ锟斤拷€é\u{E5C5}"),
            (Encoding::GBK, "ñ𠮷😀\u{80}"),
            (Encoding::BIG5, "歡迎"),
            (Encoding::SHIFT_JIS, "接続ｱ①"),
            (Encoding::EUC_KR, "연결똠"),
            (Encoding::WINDOWS_1252, "€“é\u{81}"),
            (Encoding::KOI8_R, "Привет"),
        ] {
            let writer = Writer::new(encoding);
            let bytes: Vec<u8> = text.chars().flat_map(|c| writer.bytes(c).unwrap_or_default().as_slice().to_vec()).collect();
            let reader = encoding.reader().unwrap();
            assert_eq!(reader.decode_without_bom_handling(&bytes).0, text, "{encoding}");
        }
        assert_eq!(Writer::new(Encoding::BIG5).bytes('们'), None);
        assert_eq!(Writer::new(Encoding::WINDOWS_1252).bytes('\u{85}').unwrap().as_slice(), b"\x85");
    }
}
