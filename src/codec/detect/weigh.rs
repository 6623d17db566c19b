//! What bytes cost when they are read in one encoding, or as no text at all. It must never compare.

use encoding_rs::DecoderResult;

use super::super::encoding::Encoding;
use super::cost::{BIT, Cost, bits};
use super::tongue::{MALFORMED, Tongue, ascii};

/// One way to read bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    /// In which encoding.
    pub encoding: Encoding,
    /// So many bytes at the start belong to a character whose beginning is not here.
    pub skip: usize,
}

/// What the bytes cost in a way of reading.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weight {
    /// All of it, with what the encoding costs before looking.
    pub cost: Cost,
    /// Characters beyond ASCII.
    pub beyond_ascii: usize,
    /// A character at the start or at the end is only half here.
    pub cut: bool,
    /// The kind of text it is most likely then.
    pub tongue: Tongue,
}

/// The kinds of text in an encoding, and what each costs before looking: where this tool is used, most text is simplified Chinese.
fn tongues(encoding: Encoding) -> &'static [(Tongue, Cost)] {
    const UNICODE: &[(Tongue, Cost)] = &[
        (Tongue::Simplified, BIT / 2),
        (Tongue::Traditional, 3 * BIT),
        (Tongue::Western, 4 * BIT),
        (Tongue::Japanese, 4 * BIT),
        (Tongue::Korean, 5 * BIT),
        (Tongue::Cyrillic, 5 * BIT),
    ];
    match encoding.name() {
        "UTF-8" | "UTF-16LE" | "UTF-16BE" => UNICODE,
        "GBK" | "GB18030" => &[(Tongue::Simplified, 0), (Tongue::Traditional, 8 * BIT)],
        "Big5" => &[(Tongue::Traditional, 0)],
        "Shift_JIS" | "EUC-JP" | "ISO-2022-JP" => &[(Tongue::Japanese, 0)],
        "EUC-KR" => &[(Tongue::Korean, 0)],
        "KOI8-R" | "KOI8-U" | "windows-1251" | "IBM866" | "ISO-8859-5" | "x-mac-cyrillic" => &[(Tongue::Cyrillic, 0)],
        "windows-1253" | "windows-1255" | "windows-1256" | "windows-874" | "ISO-8859-6" | "ISO-8859-7" | "ISO-8859-8"
        | "ISO-8859-8-I" => &[(Tongue::Other, 0)],
        _ => &[(Tongue::Western, 0)],
    }
}

/// How unlikely an encoding is before looking, in bits, where this tool is used: half of what is met is UTF-8 or ASCII, a quarter GBK,
/// and of the others one in a hundred or fewer. UTF-16 without a mark is rarer still, and reads anything.
pub(super) fn prior(encoding: Encoding) -> Cost {
    bits(match encoding.name() {
        "UTF-8" => 1,
        "GBK" | "GB18030" => 2,
        "Big5" => 4,
        "windows-1252" => 6,
        "ISO-8859-1" | "Shift_JIS" | "EUC-KR" | "windows-1251" => 7,
        "EUC-JP" | "ISO-2022-JP" | "KOI8-R" => 8,
        "UTF-16LE" => 9,
        "UTF-16BE" => 10,
        _ => 14,
    })
}

/// Whether it is UTF-16.
pub(super) fn is_utf_16(encoding: Encoding) -> bool {
    encoding == Encoding::UTF_16LE || encoding == Encoding::UTF_16BE
}

/// A character whose other half is elsewhere: one sample in some dozens begins or ends so, and its bytes are any bytes.
const CUT: Cost = bits(8);
/// The same for a reading that begins one byte later: another look at the same bytes, which must pay for being one.
const SKIP: Cost = bits(9);
const ANY_BYTE: Cost = bits(8);
/// What stands before the first character, and after an error.
const START: char = '\u{1}';
/// The most bytes of half a character.
const HALF: usize = 3;
/// After so many bytes it is asked whether to go on.
const PART: usize = 64;
/// What is so much dearer than the best has one chance in 2^50.
pub(super) const HOPELESS: Cost = bits(50);

/// The costs of a text that is being read, in all the tongues of its encoding.
struct Scale {
    /// What is the same in all.
    shared: Cost,
    costs: [Cost; 6],
    tongues: &'static [(Tongue, Cost)],
    before: char,
    beyond_ascii: usize,
    characters: usize,
    cut: bool,
}

impl Scale {
    fn new(encoding: Encoding) -> Self {
        let tongues = tongues(encoding);
        let mut costs = [Cost::MAX / 2; 6];
        for (cost, (_, prior)) in costs.iter_mut().zip(tongues) {
            *cost = *prior;
        }
        Self { shared: prior(encoding), costs, tongues, before: START, beyond_ascii: 0, characters: 0, cut: false }
    }

    fn character(&mut self, character: char) {
        self.characters += 1;
        if character.is_ascii() {
            self.shared += ascii(self.before, character);
            if !self.before.is_ascii() || character.is_ascii_alphabetic() {
                for (cost, (tongue, _)) in self.costs.iter_mut().zip(self.tongues) {
                    *cost += tongue.beside(self.before, character);
                }
            }
        } else {
            self.beyond_ascii += 1;
            for (cost, (tongue, _)) in self.costs.iter_mut().zip(self.tongues) {
                *cost += tongue.cost(self.before, character);
            }
        }
        self.before = character;
    }

    /// A malformed sequence of `length` bytes, which was known to be one after `at` bytes.
    fn malformed(&mut self, encoding: Encoding, bytes: &[u8], at: usize, length: usize) {
        // The second part of a character in UTF-8 is bytes that can begin none.
        let last = at.checked_sub(1).and_then(|last| bytes.get(last));
        let continuation = last.is_some_and(|byte| matches!(byte, 0x80..=0xBF));
        let begins = encoding == Encoding::UTF_8 && self.characters == 0 && at <= HALF && continuation;
        let ends = at == bytes.len() && !encoding.is_single_byte();
        self.shared += ANY_BYTE * length as Cost;
        match () {
            () if begins && self.cut => {}
            () if begins || ends => self.shared += CUT,
            () => self.shared += MALFORMED,
        }
        self.cut |= begins || ends;
        self.before = START;
    }

    /// The weight, when `seen` of `all` bytes have been weighed.
    fn weight(&self, all: usize, seen: usize) -> Weight {
        let (cost, tongue) = self.best();
        let cost = (u64::from(cost) * all as u64 / seen.max(1) as u64).min(u64::from(Cost::MAX / 4)) as Cost;
        Weight { cost, beyond_ascii: self.beyond_ascii, cut: self.cut, tongue }
    }

    fn best(&self) -> (Cost, Tongue) {
        let all = self.costs.iter().zip(self.tongues).map(|(cost, (tongue, _))| (*cost, *tongue));
        let (cost, tongue) = all.min_by_key(|(cost, _)| *cost).unwrap_or((0, Tongue::Western));
        (self.shared.saturating_add(cost), tongue)
    }
}

/// What the best reading so far had cost after each [`PART`]. A reading that is hopelessly dearer at the same place is weighed no further.
#[derive(Default)]
pub(super) struct Track(Vec<Cost>);

impl Track {
    /// Whether a reading that has come so far may still be the best.
    fn passes(&mut self, part: usize, cost: Cost) -> bool {
        match self.0.get_mut(part) {
            Some(least) => {
                *least = (*least).min(cost);
                cost <= least.saturating_add(HOPELESS)
            }
            None => {
                self.0.push(cost);
                true
            }
        }
    }
}

/// What `bytes` cost in a way of reading. Where it is hopeless it stops, and takes the rest for as dear as what it has seen. `scratch`
/// is room for text, whose content is lost.
pub(super) fn weigh(bytes: &[u8], way: Way, track: &mut Track, scratch: &mut String) -> Weight {
    let mut scale = Scale::new(way.encoding);
    scale.cut = way.skip > 0;
    if scale.cut {
        scale.shared += SKIP + ANY_BYTE * way.skip as Cost;
    }
    let rest = bytes.get(way.skip..).unwrap_or_default();
    let mut decoder = way.encoding.reader().map(encoding_rs::Encoding::new_decoder_without_bom_handling);
    let mut at = 0;
    loop {
        let number = at / PART;
        let end = ((number + 1) * PART).min(rest.len());
        let part = rest.get(at..end).unwrap_or_default();
        let Some(decoder) = &mut decoder else {
            part.iter().for_each(|byte| scale.character(char::from(*byte)));
            at = end;
            if at == rest.len() || !track.passes(number, scale.best().0) {
                return scale.weight(rest.len(), at);
            }
            continue;
        };
        scratch.clear();
        let (result, read) = decoder.decode_to_string_without_replacement(part, scratch, end == rest.len());
        at += read;
        scratch.chars().for_each(|character| scale.character(character));
        match result {
            DecoderResult::Malformed(length, _) => scale.malformed(way.encoding, rest, at, usize::from(length)),
            DecoderResult::InputEmpty if at == rest.len() => return scale.weight(1, 1),
            DecoderResult::InputEmpty | DecoderResult::OutputFull => {}
        }
        if at == end && at < rest.len() && !track.passes(number, scale.best().0) {
            return scale.weight(rest.len(), at);
        }
    }
}

/// What bytes cost as no text: the least of any bytes, and such as protocols are made of.
pub(super) fn weigh_binary(bytes: &[u8]) -> Cost {
    let any = ANY_BYTE.saturating_mul(Cost::try_from(bytes.len()).unwrap_or(Cost::MAX));
    // One bit to say which of the three, two for one of three periods more.
    let columns = [2, 4, 8].into_iter().map(|period| columns(bytes, period) + 3 * BIT).min().unwrap_or(any);
    // One sample in eight is no text, and hardly one in a hundred that is all printable ASCII.
    let printable = bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\r' | b'\n'));
    bits(if printable { 7 } else { 3 }) + any.min(fields(bytes) + BIT).min(columns)
}

/// Fields of numbers: a fifth of the bytes is 00 (and more than half after another 00), a quarter 01 to 0F, a thirtieth FF, and printable
/// bytes follow each other.
fn fields(bytes: &[u8]) -> Cost {
    let printable = |byte: u8| matches!(byte, b' '..=b'~');
    let mut before = 0xAA;
    let mut cost: Cost = 0;
    for byte in bytes {
        cost = cost.saturating_add(match byte {
            0 if before == 0 => 7,
            0 => 18,
            1..=0x0F => 47,
            0xFF => 40,
            _ if *byte == before => 48,
            // A small number of two bytes.
            _ if before == 0 => 62,
            _ if printable(*byte) && printable(before) => 62,
            _ => 71,
        });
        before = *byte;
    }
    cost
}

/// Numbers of two, four or eight bytes, one after the other: in a third of the bytes they are as large as the one before, or nearly.
fn columns(bytes: &[u8], period: usize) -> Cost {
    let pairs = bytes.iter().zip(bytes.iter().skip(period));
    let first = ANY_BYTE * Cost::try_from(period.min(bytes.len())).unwrap_or(0);
    pairs.fold(first, |cost, (before, byte)| {
        cost.saturating_add(match before.abs_diff(*byte) {
            0 => 16,
            1 => 34,
            _ => 69,
        })
    })
}
