//! How much bytes, read in one encoding, look like ordinary text. It must never compare two encodings.

use super::decoder::Piece;
use super::detect::Reason;
use super::encoding::Encoding;
use super::hanzi::{self, Level};

/// So many characters beyond ASCII are judged; more change nothing.
const JUDGED: usize = 2000;

/// What one reading is like.
pub(super) struct Likeness {
    /// 0 to 1.
    pub confidence: f32,
    /// What decided.
    pub reason: Reason,
    /// Malformed sequences.
    pub errors: usize,
    /// Characters beyond ASCII.
    pub beyond_ascii: usize,
    /// See [`super::detect::Candidate::smallest`].
    pub smallest: Option<Encoding>,
}

/// Counts over a reading.
#[derive(Default)]
struct Counts {
    characters: usize,
    beyond_ascii: usize,
    controls: usize,
    errors: usize,
    /// Errors that a cut at the start or the end explains.
    cut: usize,
    hanzi: usize,
    common_hanzi: usize,
    fitting: usize,
    judged: usize,
    /// Sum of the weights of the judged characters.
    weight: f32,
    bom: bool,
}

impl Likeness {
    /// Judges `pieces`, which are `bytes` read in `encoding`.
    pub(super) fn of(bytes: &[u8], encoding: Encoding, pieces: &[Piece]) -> Self {
        let counts = count(encoding, pieces);
        let (confidence, reason) = judge(bytes, encoding, &counts);
        let smallest = smallest(encoding, pieces, &counts);
        Self { confidence, reason, errors: counts.errors, beyond_ascii: counts.beyond_ascii, smallest }
    }
}

fn count(encoding: Encoding, pieces: &[Piece]) -> Counts {
    let mut counts = Counts::default();
    for (place, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Invalid(_) => {
                counts.errors += 1;
                // The first or the last sequence may be half of a character whose other half is in another datagram or read;
                // the second half of one in UTF-8 is up to three sequences.
                let first = if encoding == Encoding::UTF_8 { place < 3 && counts.characters == 0 } else { place == 0 };
                counts.cut += usize::from(first || place + 1 == pieces.len());
            }
            Piece::Text(text) => {
                counts.bom |= place == 0 && text.starts_with('\u{FEFF}');
                count_text(encoding, text, &mut counts);
            }
        }
    }
    counts
}

fn count_text(encoding: Encoding, text: &str, counts: &mut Counts) {
    // NUL at the end, or between fields, is what C programs and IPMSG send.
    let mut before = ' ';
    let mut characters = text.trim_end_matches('\0').chars().peekable();
    while let Some(character) = characters.next() {
        counts.characters += 1;
        counts.controls += usize::from(is_control(character));
        if !character.is_ascii() {
            counts.beyond_ascii += 1;
            if counts.judged < JUDGED {
                let after = characters.peek().copied().unwrap_or(' ');
                judge_character(encoding, before, character, after, counts);
            }
        }
        before = character;
    }
}

fn is_control(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' | '\x1B' => false,
        // Private use and what no text has.
        '\u{E000}'..='\u{F8FF}' | '\u{FFF0}'..='\u{FFFF}' | '\u{F0000}'..='\u{10FFFF}' => true,
        _ => character.is_control(),
    }
}

/// How well a character beyond ASCII fits ordinary text of the encoding, 0 to 1.
fn judge_character(encoding: Encoding, before: char, character: char, after: char, counts: &mut Counts) {
    if character == '\u{FEFF}' {
        return;
    }
    let weight = if hanzi::is_hanzi(character) {
        counts.hanzi += 1;
        let level = hanzi::level(character, encoding);
        counts.common_hanzi += usize::from(matches!(level, Level::Frequent | Level::First));
        hanzi_weight(encoding, level)
    } else {
        other_weight(encoding, before, character, after)
    };
    counts.judged += 1;
    counts.fitting += usize::from(weight >= 0.5);
    counts.weight += weight;
}

fn hanzi_weight(encoding: Encoding, level: Level) -> f32 {
    let korean = encoding == Encoding::EUC_KR;
    match level {
        _ if korean => 0.1,
        Level::Frequent => 1.0,
        Level::First if is_japanese(encoding) => 0.5,
        Level::First => 0.6,
        Level::Second => 0.15,
        // Japanese has forms of its own, which GB 2312 lacks; traditional text in UTF-16 too.
        Level::Outside if is_japanese(encoding) => 0.35,
        Level::Outside if is_utf_16(encoding) => 0.25,
        Level::Outside => 0.05,
    }
}

fn other_weight(encoding: Encoding, before: char, character: char, after: char) -> f32 {
    let single = encoding.is_single_byte();
    match character {
        // Punctuation of Chinese and Japanese.
        '，' | '。' | '！' | '？' | '：' | '；' | '、' | '（' | '）' | '《' | '》' | '「' | '」' | '『' | '』' | '【' | '】' => {
            1.0
        }
        '“' | '”' | '‘' | '’' | '—' | '…' | '–' => 0.8,
        '·' | '×' | '°' | '℃' | '￥' | '〇' => 0.6,
        '\u{FF01}'..='\u{FF5E}' | '　' => 0.5,
        // Bytes A1..DF are half-width katakana in Shift_JIS, so Chinese bytes make many of them.
        '\u{FF61}'..='\u{FF9F}' => 0.1,
        '\u{3041}'..='\u{30FF}' => {
            if is_japanese(encoding) || is_unicode(encoding) {
                1.0
            } else {
                0.3
            }
        }
        '\u{AC00}'..='\u{D7A3}' => hangul_weight(encoding, character),
        _ if single && character.is_alphabetic() => single_byte_letter(before, character, after),
        _ if single => {
            if before.is_alphabetic() && !before.is_ascii() {
                0.05
            } else {
                0.4
            }
        }
        // Accented letters and Cyrillic, Greek in UTF-8; in the East Asian tables they are rare.
        '\u{C0}'..='\u{FF}' | '\u{391}'..='\u{3C9}' | '\u{410}'..='\u{44F}' | 'ё' => {
            if is_unicode(encoding) {
                0.9
            } else {
                0.15
            }
        }
        // Emoji.
        '\u{1F300}'..='\u{1FAFF}' => 0.8,
        _ if encoding == Encoding::UTF_8 => 0.4,
        _ => 0.05,
    }
}

fn hangul_weight(encoding: Encoding, character: char) -> f32 {
    let korean = encoding == Encoding::EUC_KR || is_unicode(encoding);
    match hanzi::is_frequent_hangul(character) {
        _ if !korean => 0.1,
        true => 1.0,
        // UTF-16 reads a sixth of random units as hangul.
        false if is_utf_16(encoding) => 0.1,
        false => 0.4,
    }
}

/// A letter of Western Europe stands among ASCII letters, one of Cyrillic among its own, with capitals only at the start of a word. Chinese
/// bytes read so are neither.
fn single_byte_letter(before: char, character: char, after: char) -> f32 {
    if before == character && after == character {
        return 0.0;
    }
    if matches!(character, '\u{400}'..='\u{45F}') {
        let own = |other: char| matches!(other, '\u{400}'..='\u{45F}');
        let steps_up = before.is_lowercase() && character.is_uppercase();
        let steps_down = own(before) && before.is_uppercase() && character.is_lowercase();
        return match () {
            () if steps_up => 0.0,
            // The whole of it in capitals is rarer.
            () if steps_down => 0.4,
            () if own(before) || own(after) => {
                if character.is_uppercase() && before.is_uppercase() {
                    0.4
                } else {
                    0.75
                }
            }
            () => 0.3,
        };
    }
    let alone = !is_beyond_ascii_letter(before) && !is_beyond_ascii_letter(after);
    let in_word = before.is_ascii_alphabetic() || after.is_ascii_alphabetic();
    match (alone, in_word) {
        (true, true) if character.is_lowercase() || !before.is_ascii_lowercase() => 0.85,
        (true, _) => 0.35,
        (false, true) if character.is_lowercase() => 0.5,
        (false, _) => 0.1,
    }
}

fn is_beyond_ascii_letter(character: char) -> bool {
    !character.is_ascii() && !matches!(character, '‘' | '’' | '“' | '”' | '–' | '—' | '…' | '\u{A0}')
}

fn is_japanese(encoding: Encoding) -> bool {
    encoding == Encoding::SHIFT_JIS || encoding == Encoding::EUC_JP || encoding.reader() == Some(encoding_rs::ISO_2022_JP)
}

fn is_utf_16(encoding: Encoding) -> bool {
    encoding == Encoding::UTF_16LE || encoding == Encoding::UTF_16BE
}

fn is_unicode(encoding: Encoding) -> bool {
    is_utf_16(encoding) || encoding == Encoding::UTF_8
}

fn share(part: usize, whole: usize) -> f32 {
    part as f32 / whole.max(1) as f32
}

fn judge(bytes: &[u8], encoding: Encoding, counts: &Counts) -> (f32, Reason) {
    if bytes.is_empty() {
        return (if encoding == Encoding::UTF_8 { 1.0 } else { 0.5 }, Reason::Empty);
    }
    if counts.characters + counts.errors == 0 {
        return (0.02, Reason::ControlBytes { count: bytes.len(), total: bytes.len() });
    }
    // Of the bytes, so that one control weighs the same beside short and long characters.
    let width = if is_utf_16(encoding) { 2 } else { 1 };
    let control_share = share(counts.controls * width, bytes.len());
    let calm = (1.0 - 2.5 * control_share).max(0.0);
    // A cut character is a third of an error.
    let wrong = counts.errors as f32 - counts.cut as f32 * 0.67;
    let sound = (1.0 - 3.0 * wrong / (counts.beyond_ascii + counts.errors).max(1) as f32).max(0.0);
    let quality = counts.weight / counts.judged.max(1) as f32;
    let base = match () {
        () if counts.beyond_ascii + counts.errors == 0 => return ascii(bytes, encoding, counts, calm),
        () if counts.bom && counts.errors == 0 => 0.9 + 0.1 * calm,
        () if encoding == Encoding::UTF_8 && counts.beyond_ascii > 0 => utf_8(bytes, quality),
        // Few characters prove little.
        () if encoding == Encoding::UTF_8 => 0.0,
        () if is_utf_16(encoding) => utf_16(counts, quality),
        // Its escape sequences are proof enough.
        () if encoding.reader() == Some(encoding_rs::ISO_2022_JP) => 0.97,
        () => quality * counts.judged as f32 / (counts.judged as f32 + 0.6) * prior(encoding),
    };
    let confidence = base * calm * sound;
    (confidence, reason(encoding, counts, control_share))
}

fn ascii(bytes: &[u8], encoding: Encoding, counts: &Counts, calm: f32) -> (f32, Reason) {
    // Such as `a\0b\0` in UTF-16: zero bytes are its proof.
    if is_utf_16(encoding) {
        return (
            0.98 * calm * counts.characters as f32 / (counts.characters as f32 + 0.2),
            Reason::Script { fitting: counts.characters - counts.controls, total: counts.characters },
        );
    }
    // ESC $ is how ISO-2022-JP and its kin turn to characters of two bytes.
    let switches = bytes.windows(2).any(|two| two == [0x1B, b'$']);
    let confidence = if encoding == Encoding::UTF_8 && !switches { calm } else { 0.9 * calm };
    let reason = if counts.controls > 0 { controls(counts) } else { Reason::AsciiOnly { total: bytes.len() } };
    (confidence, reason)
}

/// Valid UTF-8 hardly happens by chance; only a text all of two-byte characters may be GBK (`模` is `ģ`).
fn utf_8(bytes: &[u8], quality: f32) -> f32 {
    let long = bytes.iter().any(|byte| *byte >= 0xE0);
    if long { 0.99 } else { 0.5 + 0.49 * quality }
}

/// Without zero bytes or a mark, only hanzi that are nearly all frequent prove UTF-16, because any bytes are some text in it.
fn utf_16(counts: &Counts, quality: f32) -> f32 {
    let ascii = counts.characters - counts.beyond_ascii;
    let weight = (counts.weight + ascii as f32) / (counts.judged + ascii).max(1) as f32;
    let all = counts.characters as f32;
    let strict = if quality < 0.6 && counts.beyond_ascii > ascii { 0.6 } else { 1.0 };
    0.95 * weight * strict * all / (all + 0.6)
}

/// How likely an encoding is before looking, where this tool is used.
fn prior(encoding: Encoding) -> f32 {
    match encoding {
        _ if encoding == Encoding::GBK => 1.0,
        _ if encoding == Encoding::LATIN_1 => 0.7,
        _ if encoding.is_single_byte() => 0.85,
        _ => 0.97,
    }
}

fn controls(counts: &Counts) -> Reason {
    Reason::ControlBytes { count: counts.controls, total: counts.characters }
}

fn reason(encoding: Encoding, counts: &Counts, control_share: f32) -> Reason {
    let rare = counts.hanzi - counts.common_hanzi;
    match () {
        () if counts.bom => Reason::Bom,
        () if counts.errors > counts.cut || counts.errors > 0 && counts.beyond_ascii == 0 => {
            Reason::Errors { count: counts.errors }
        }
        () if control_share > 0.1 => controls(counts),
        () if encoding == Encoding::UTF_8 && counts.errors == 0 => Reason::Utf8Valid { multibyte: counts.beyond_ascii },
        () if counts.errors > 0 => Reason::Errors { count: counts.errors },
        () if counts.hanzi > 0 && counts.hanzi * 2 >= counts.judged && rare * 3 > counts.hanzi => {
            Reason::RareHanzi { rare, total: counts.hanzi }
        }
        () if counts.hanzi > 0 && counts.hanzi * 2 >= counts.judged => {
            Reason::CommonHanzi { common: counts.common_hanzi, total: counts.hanzi }
        }
        () if counts.judged > 0 => Reason::Script { fitting: counts.fitting, total: counts.judged },
        () => Reason::Possible,
    }
}

fn smallest(encoding: Encoding, pieces: &[Piece], counts: &Counts) -> Option<Encoding> {
    if encoding != Encoding::GBK || counts.hanzi == 0 {
        return None;
    }
    let holds = |encoding: &Encoding| {
        pieces.iter().all(|piece| match piece {
            Piece::Text(text) => encoding.try_encode(text).is_ok(),
            Piece::Invalid(_) => true,
        })
    };
    [Encoding::GB2312, Encoding::GBK].into_iter().find(holds).or(Some(Encoding::GB18030))
}

/// How likely bytes are no text: by their control characters, and by what the best text leaves.
pub(super) fn binary_likeness(bytes: &[u8], best_text: f32) -> (f32, Reason) {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let data = bytes.get(..end).unwrap_or_default();
    let count = data.iter().filter(|byte| matches!(byte, 0..=8 | 11 | 12 | 14..=26 | 28..=31 | 127)).count();
    if bytes.is_empty() {
        return (0.0, Reason::Empty);
    }
    if data.is_empty() {
        return (0.95, Reason::ControlBytes { count: bytes.len(), total: bytes.len() });
    }
    let reason = if count > 0 { Reason::ControlBytes { count, total: bytes.len() } } else { Reason::Possible };
    // Mostly printable ASCII without any control is some text, even when its encoding is not known.
    let printable = data.iter().filter(|byte| matches!(byte, b' '..=b'~')).count();
    let texty = if count == 0 { (share(printable, data.len()) - 0.5).max(0.0) * 1.2 } else { 0.0 };
    (((1.0 - best_text) * (1.0 - texty)).clamp(0.0, 0.98), reason)
}
