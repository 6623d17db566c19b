//! One misreading undone: a text written back in the encoding it was wrongly read in, and those bytes read in another. It must never
//! decide whether that was a good idea: it counts bits and says what they are.

use super::super::decoder::Piece;
use super::super::encoding::Encoding;
use super::super::hex;
use super::ordinary::Ordinary;
use super::table::Writer;

/// Bits of a word that is left as it was among others that are undone.
const LEFT: f32 = 4.0;
/// The mark of bytes that some programs put where they have no character.
const BOX: char = '□';
const BOM: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// A text in pieces that can be undone one by one.
pub(super) struct Words<'a> {
    words: Vec<Word<'a>>,
    /// Bits of the whole.
    pub(super) bits: f32,
}

struct Word<'a> {
    text: &'a str,
    bits: f32,
    /// Whether there is nothing to undo.
    plain: bool,
}

/// A text undone.
#[derive(Clone, Debug, Default)]
pub(super) struct Undone {
    /// With U+FFFD for what is lost.
    pub(super) text: String,
    /// How ordinary it is, what could not be undone included.
    pub(super) bits: f32,
    /// Bytes that are gone, at least.
    pub(super) lost: usize,
    /// U+FFFD that were in the bytes: somebody had replaced malformed bytes before this misreading.
    pub(super) replaced: usize,
    /// Bits of what was thrown away, which no story has for nothing.
    pub(super) waste: f32,
    /// How many marks may follow for bytes that are counted as lost already.
    pub(super) owed: usize,
}

/// A part of a word in bytes.
enum Part {
    Bytes(Vec<u8>),
    /// Bytes that somebody replaced by a mark.
    Lost,
    /// A character that the wrong encoding never reads, so it was not misread.
    Kept(char),
}

impl<'a> Words<'a> {
    /// Cuts a text where no character of several bytes can reach across: at ASCII signs that are second bytes nowhere.
    pub(super) fn of(ordinary: &Ordinary, text: &'a str) -> Self {
        let mut words = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let apart = is_apart(first);
            let end = rest.find(|character| is_apart(character) != apart).unwrap_or(rest.len());
            let (text, after) = rest.split_at(end);
            words.push(Word { text, bits: ordinary.bits(text), plain: text.is_ascii() && !has_byte_escape(text) });
            rest = after;
        }
        let bits = words.iter().map(|word| word.bits).sum();
        Self { words, bits }
    }

    /// The words as the bytes they had in the encoding they were wrongly read in; `None` when hardly any were.
    pub(super) fn written_back(&self, read: Encoding) -> Option<Coded<'_>> {
        let writer = Writer::new(read);
        let parts: Vec<Option<Vec<Part>>> =
            self.words.iter().map(|word| if word.plain { None } else { bytes_of(writer, word.text, false) }).collect();
        parts.iter().any(Option::is_some).then_some(Coded { words: &self.words, parts, writer })
    }
}

/// Words with their bytes.
pub(super) struct Coded<'a> {
    words: &'a [Word<'a>],
    parts: Vec<Option<Vec<Part>>>,
    writer: Writer,
}

impl Coded<'_> {
    /// The bytes read in another encoding, word by word, each only where that reads better; `None` when it does nowhere.
    pub(super) fn read(&self, ordinary: &Ordinary, written: Encoding) -> Option<Undone> {
        let mut undone = Undone::default();
        let mut any = false;
        for (word, parts) in self.words.iter().zip(&self.parts) {
            let better = parts.as_ref().and_then(|parts| self.better(ordinary, word, parts, written));
            match better {
                Some(one) => {
                    any = true;
                    undone.add(&one);
                }
                None => undone.keep(word.text, word.bits + if word.plain { 0.0 } else { LEFT }),
            }
        }
        any.then_some(undone)
    }

    /// The word undone, if that is no worse: whole, or between its punctuation when only a part of it was misread.
    fn better(&self, ordinary: &Ordinary, word: &Word<'_>, parts: &[Part], written: Encoding) -> Option<Undone> {
        let whole = decode(parts, written).map(|one| one.weighed(ordinary, word.bits + LEFT));
        let sound = whole.as_ref().is_some_and(|one| one.lost == 0);
        let split = if sound { None } else { self.between_punctuation(ordinary, word.text, written) };
        // A box is a character of its own in most tables.
        let boxed = (!sound && word.text.contains(BOX)).then(|| bytes_of(self.writer, word.text, true)).flatten();
        let boxed = boxed.and_then(|parts| decode(&parts, written)).map(|one| one.weighed(ordinary, word.bits + LEFT));
        let best = [whole, split, boxed].into_iter().flatten().min_by(|a, b| a.bits.total_cmp(&b.bits))?;
        (best.bits <= word.bits + LEFT).then_some(best)
    }

    fn between_punctuation(&self, ordinary: &Ordinary, text: &str, written: Encoding) -> Option<Undone> {
        text.contains(is_punctuation).then_some(())?;
        let mut undone = Undone::default();
        let mut any = false;
        for part in text.split_inclusive(is_punctuation) {
            let words = part.trim_end_matches(is_punctuation);
            let bits = ordinary.bits(words);
            let one = bytes_of(self.writer, words, false)
                .and_then(|parts| decode(&parts, written))
                .map(|one| one.weighed(ordinary, bits));
            match one.filter(|one| one.bits + LEFT < bits) {
                Some(one) => {
                    any = true;
                    undone.add(&one);
                }
                None => undone.keep(words, bits),
            }
            let mark = part.get(words.len()..).unwrap_or_default();
            undone.keep(mark, ordinary.bits(mark));
        }
        undone.bits += LEFT;
        any.then_some(undone)
    }
}

impl Undone {
    fn add(&mut self, other: &Self) {
        self.text.push_str(&other.text);
        self.bits += other.bits;
        self.lost += other.lost;
        self.replaced += other.replaced;
        self.waste += other.waste;
    }

    fn keep(&mut self, text: &str, bits: f32) {
        self.text.push_str(text);
        self.bits += bits;
    }

    /// Counts its bits, as far as they matter.
    fn weighed(mut self, ordinary: &Ordinary, most: f32) -> Self {
        self.bits = ordinary.bits_within(&self.text, most) + self.waste;
        self
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.owed = 0;
    }

    /// Somebody's mark for a byte.
    fn mark(&mut self) {
        match self.owed.checked_sub(1) {
            Some(owed) => self.owed = owed,
            None => self.gap(1),
        }
    }

    /// Malformed bytes of which `missing` more would have made characters.
    fn malformed(&mut self, bad: &[u8], missing: usize) {
        // Nothing is wasted of a sequence that was cut.
        self.waste += bad.len() as f32 * if missing > 0 { 4.0 } else { 10.0 };
        let first = !self.text.ends_with(char::REPLACEMENT_CHARACTER);
        self.gap(missing.max(usize::from(first)));
        self.owed = missing;
    }

    /// A place where bytes are gone. Places that touch are one.
    fn gap(&mut self, bytes: usize) {
        self.lost += bytes;
        if !self.text.ends_with(char::REPLACEMENT_CHARACTER) {
            self.text.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

/// ASCII that is no second byte in GBK, GB18030, Big5, Shift_JIS and EUC (which begin at 30), and no mark of a lost byte.
fn is_apart(character: char) -> bool {
    matches!(character, '\0'..='/' | ':'..='>')
}

fn is_punctuation(character: char) -> bool {
    matches!(
        character,
        '，' | '。' | '：' | '；' | '、' | '！' | '？' | '（' | '）' | '【' | '】' | '《' | '》' | '“' | '”' | '「' | '」'
    )
}

/// A byte that a program could not read and wrote as `\xHH`, as this one does.
fn byte_escape(text: &str) -> Option<u8> {
    let digits = text.strip_prefix("\\x")?.as_bytes();
    let byte = hex::value(*digits.first()?)? << 4 | hex::value(*digits.get(1)?)?;
    (byte >= 0x80).then_some(byte)
}

fn has_byte_escape(text: &str) -> bool {
    text.match_indices("\\x").any(|(at, _)| text.get(at..).and_then(byte_escape).is_some())
}

/// The bytes of a word; `None` when most of it was never read in this encoding. A box may be a mark of a lost byte.
fn bytes_of(writer: Writer, word: &str, boxes_are_marks: bool) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut bytes = Vec::with_capacity(word.len());
    let (mut kept, mut written) = (0_usize, 0_usize);
    let mut rest = word;
    while let Some(character) = rest.chars().next() {
        if let Some(byte) = byte_escape(rest) {
            bytes.push(byte);
            written += 1;
            rest = rest.get(4..).unwrap_or_default();
            continue;
        }
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
        let part = match character {
            char::REPLACEMENT_CHARACTER => Part::Lost,
            BOX if boxes_are_marks => Part::Lost,
            _ => match writer.bytes(character) {
                Some(found) => {
                    written += usize::from(!character.is_ascii());
                    bytes.extend_from_slice(found.as_slice());
                    continue;
                }
                None if character == BOX => Part::Lost,
                None => {
                    kept += 1;
                    Part::Kept(character)
                }
            },
        };
        if !bytes.is_empty() {
            parts.push(Part::Bytes(std::mem::take(&mut bytes)));
        }
        parts.push(part);
    }
    if !bytes.is_empty() {
        parts.push(Part::Bytes(bytes));
    }
    (written > 0 && kept <= written).then_some(parts)
}

/// The bytes read strictly, or with marks where the text shows that bytes are gone. Its bits are not counted yet.
fn decode(parts: &[Part], written: Encoding) -> Option<Undone> {
    let mut undone = Undone::default();
    let marked = parts.iter().any(|part| match part {
        Part::Lost => true,
        Part::Bytes(bytes) => bytes.contains(&b'?'),
        Part::Kept(_) => false,
    });
    for part in parts {
        match part {
            Part::Lost => undone.mark(),
            Part::Kept(character) => undone.push(character.encode_utf8(&mut [0; 4])),
            Part::Bytes(bytes) => {
                let mut bytes = bytes.as_slice();
                // A mark of UTF-8 before bytes of another encoding: files put together.
                if let Some(after) = bytes.strip_prefix(&BOM).filter(|_| written != Encoding::UTF_8 && undone.text.is_empty()) {
                    undone.push("\u{FEFF}");
                    bytes = after;
                }
                match strictly(written, bytes) {
                    Some(text) => undone.push(&text),
                    None => leniently(&mut undone, written, bytes, marked)?,
                }
            }
        }
    }
    undone.replaced = match () {
        () if written == Encoding::UTF_8 => undone.replaced + parts.iter().map(replacements).sum::<usize>(),
        () => 0,
    };
    let said = undone.text.chars().any(|character| !character.is_ascii() && character != char::REPLACEMENT_CHARACTER);
    (said || undone.replaced > 0 || undone.lost == 0).then_some(undone)
}

/// How many U+FFFD are written in UTF-8.
fn replacements(part: &Part) -> usize {
    match part {
        Part::Bytes(bytes) => bytes.windows(3).filter(|three| *three == [0xEF, 0xBF, 0xBD]).count(),
        _ => 0,
    }
}

pub(super) fn strictly(encoding: Encoding, bytes: &[u8]) -> Option<String> {
    let text = encoding.reader()?.decode_without_bom_handling_and_without_replacement(bytes)?;
    Some(text.into_owned())
}

/// UTF-8 shows where it is damaged; other encodings do only at the end, or where a mark stands.
fn leniently(undone: &mut Undone, written: Encoding, bytes: &[u8], marked: bool) -> Option<()> {
    let utf_8 = written == Encoding::UTF_8;
    if utf_8 && is_wreck(bytes) {
        return None;
    }
    let pieces = (bytes.len() > 1).then(|| written.decode(bytes))?;
    let last = pieces.len() - 1;
    let mut gap = false;
    for (place, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Text(text) => {
                undone.push(if gap { text.strip_prefix('?').unwrap_or(text) } else { text });
                gap = false;
            }
            Piece::Invalid(_) if !utf_8 && !marked && place != last => return None,
            Piece::Invalid(bad) => {
                gap = true;
                match bad.as_slice() {
                    [0xEF, 0xBB] if utf_8 && undone.text.is_empty() => undone.push("\u{FEFF}"),
                    [0xEF, 0xBF] if utf_8 => {
                        undone.replaced += 1;
                        undone.push("\u{FFFD}");
                    }
                    bad => undone.malformed(bad, if utf_8 { missing(bad) } else { usize::from(bad.len() == 1) }),
                }
            }
        }
    }
    Some(())
}

/// Whether there is more damage than UTF-8 in the bytes.
fn is_wreck(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|character| !character.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    bad > good + 1
}

/// How many bytes a malformed sequence of UTF-8 lacks after it; 0 when its beginning is what it lacks.
fn missing(bad: &[u8]) -> usize {
    let needed: usize = match bad.first() {
        Some(0xC2..=0xDF) => 2,
        Some(0xE0..=0xEF) => 3,
        Some(0xF0..=0xF4) => 4,
        _ => 0,
    };
    needed.saturating_sub(bad.len())
}
