//! Which misreadings, one after the other, explain a text: breadth first over pairs of encodings. It must never call a text garbled
//! whose explanation needs more bits than itself.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::super::encoding::Encoding;
use super::Step;
use super::ordinary::Ordinary;
use super::recode::{Undone, Words, strictly};
use super::table::{IBM866, MACINTOSH, WINDOWS_1250, WINDOWS_1251, Writer};

/// Misreadings on top of each other; more are not met.
const DEPTH: usize = 3;
/// Bits that an explanation must save before anything is called misread, once more too.
pub(super) const MARGIN: f32 = 4.0;
/// Texts that a next misreading is looked for behind.
const BEAM: usize = 3;
/// How many times the bits of the best of them one may need.
const NEAR: f32 = 1.25;

/// An explanation.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// The first misreading first.
    pub(super) chain: Vec<Step>,
    /// What was there before.
    pub(super) undone: Undone,
    /// Bits of the text and of the story.
    pub(super) total: f32,
}

/// What wrong readings there are: in these encodings…
static READ: LazyLock<[Encoding; 11]> = LazyLock::new(|| {
    [
        Encoding::GBK,
        Encoding::WINDOWS_1252,
        Encoding::LATIN_1,
        Encoding::BIG5,
        Encoding::SHIFT_JIS,
        Encoding::EUC_KR,
        Encoding::EUC_JP,
        *WINDOWS_1251,
        Encoding::KOI8_R,
        *IBM866,
        *MACINTOSH,
    ]
});
/// …of bytes written in these.
static WRITTEN: LazyLock<[Encoding; 11]> = LazyLock::new(|| {
    [
        Encoding::UTF_8,
        Encoding::GBK,
        Encoding::BIG5,
        Encoding::SHIFT_JIS,
        Encoding::EUC_JP,
        Encoding::EUC_KR,
        Encoding::WINDOWS_1252,
        *WINDOWS_1251,
        Encoding::KOI8_R,
        *IBM866,
        *WINDOWS_1250,
    ]
});

/// Every explanation that was found, best first; and the bits of the text as it is.
pub(super) fn search(ordinary: &Ordinary, text: &str) -> (f32, Vec<Found>) {
    let words = Words::of(ordinary, text);
    let mut all: Vec<Found> = Vec::new();
    let mut front = vec![Found { chain: Vec::new(), undone: Undone { text: text.to_owned(), ..Undone::default() }, total: 0.0 }];
    for depth in 0..DEPTH {
        let mut next: Vec<Found> = front.iter().flat_map(|from| behind(ordinary, from, depth)).collect();
        best_of_each(&mut next);
        // What is written again, is written in UTF-8 nowadays; and the right one is far ahead of the others in bits.
        let again = |found: &&Found| found.chain.first().is_some_and(|step| step.written == Encoding::UTF_8);
        let open = |found: &&Found| found.undone.replaced == 0 && !found.undone.text.is_ascii();
        let again: Vec<&Found> = next.iter().filter(again).filter(open).take(BEAM).collect();
        let near = again.first().map_or(0.0, |first| first.total * NEAR);
        front = again.into_iter().filter(|found| found.total <= near).cloned().collect();
        all.append(&mut next);
    }
    best_of_each(&mut all);
    (words.bits, all)
}

/// Sorts, and keeps one explanation of each text.
fn best_of_each(list: &mut Vec<Found>) {
    list.sort_by(|a, b| a.total.total_cmp(&b.total));
    let mut seen = HashSet::new();
    list.retain(|found| seen.insert(found.undone.text.clone()));
}

/// Every text that one misreading turns into that of `from`.
fn behind(ordinary: &Ordinary, from: &Found, depth: usize) -> Vec<Found> {
    let text = from.undone.text.as_str();
    let words = Words::of(ordinary, text);
    let mended = if depth == 0 { mend(text) } else { None };
    let mended = mended.as_ref().map(|text| Words::of(ordinary, text));
    let mut found = Vec::new();
    for read in *READ {
        let western = read == Encoding::WINDOWS_1252 || read == Encoding::LATIN_1;
        let Some(coded) = words.written_back(read) else { continue };
        let mended =
            mended.as_ref().filter(|_| western).and_then(|words| words.written_back(read)?.read(ordinary, Encoding::UTF_8));
        let others = WRITTEN.iter().filter(|written| **written != read);
        let undone = others.filter_map(|written| Some((*written, coded.read(ordinary, *written)?)));
        let undone = undone.chain(mended.map(|undone| (Encoding::UTF_8, undone)));
        found.extend(undone.map(|(written, undone)| from.before(Step { written, read }, undone, text)));
    }
    for (written, read) in wide_pairs(text) {
        if let Some(undone) = wide(ordinary, text, written, read) {
            found.push(from.before(Step { written, read }, undone, text));
        }
    }
    // A second misreading must explain what the first left, not adorn it.
    found.retain(|one| depth == 0 || one.total + MARGIN < from.total);
    found
}

impl Found {
    fn before(&self, step: Step, mut undone: Undone, text: &str) -> Self {
        let mut chain = vec![step];
        chain.extend_from_slice(&self.chain);
        undone.lost += self.undone.lost;
        undone.replaced += self.undone.replaced;
        let story: f32 = chain.iter().map(|step| surprise(*step, text)).sum();
        let total = undone.bits + self.undone.waste + story;
        undone.waste += self.undone.waste;
        Self { chain, undone, total }
    }
}

/// How many bits it takes to say that this happened.
fn surprise(step: Step, text: &str) -> f32 {
    let Step { written, read } = step;
    let cyrillic = |one: Encoding| one == *WINDOWS_1251 || one == Encoding::KOI8_R || one == *IBM866;
    let western = |one: Encoding| one == Encoding::WINDOWS_1252 || one == Encoding::LATIN_1;
    let utf_16 = |one: Encoding| one == Encoding::UTF_16LE || one == Encoding::UTF_16BE;
    // Latin-1 itself is read where there are characters of it that code page 1252 has not.
    let c1 = text.chars().any(|character| matches!(character, '\u{80}'..='\u{9F}'));
    let which = match () {
        () if read == Encoding::LATIN_1 && !c1 => 1.0,
        () if read == Encoding::WINDOWS_1252 && c1 => 1.0,
        () => 0.0,
    };
    which
        + match () {
            () if utf_16(written) && utf_16(read) => 8.0,
            () if read == Encoding::UTF_16LE => 16.0,
            () if utf_16(read) => 20.0,
            () if utf_16(written) => 8.0,
            () if written == Encoding::UTF_8 && (read == Encoding::GBK || western(read)) => 6.0,
            () if written == Encoding::UTF_8 => 8.0,
            () if written == Encoding::GBK && western(read) => 8.0,
            () if cyrillic(written) && cyrillic(read) => 8.0,
            () if western(written) || written == *WINDOWS_1250 => 11.0,
            () if cyrillic(written) && western(read) => 9.0,
            () if cyrillic(written) => 12.0,
            () if read == Encoding::GBK || western(read) => 9.0,
            () if written == Encoding::GBK && read == Encoding::BIG5 => 7.0,
            () if written == Encoding::GBK && !cyrillic(read) => 9.0,
            () => 12.0,
        }
}

/// The pairs with UTF-16 that are worth a look.
fn wide_pairs(text: &str) -> Vec<(Encoding, Encoding)> {
    let (low, high) = (Encoding::UTF_16LE, Encoding::UTF_16BE);
    let mut pairs = Vec::new();
    let marked = text.starts_with("ÿþ") || text.starts_with("þÿ");
    if text.contains('\0') || marked {
        let bytes = text.trim_start_matches(char::REPLACEMENT_CHARACTER).is_ascii();
        let read = if bytes { &[Encoding::UTF_8][..] } else { &[Encoding::LATIN_1, Encoding::WINDOWS_1252] };
        pairs.extend(read.iter().flat_map(|read| [(low, *read), (high, *read)]));
    } else if !text.is_ascii() {
        pairs.extend([(low, high), (high, low), (Encoding::UTF_8, low), (Encoding::UTF_8, high), (Encoding::GBK, low)]);
    }
    pairs
}

/// Undoes a misreading from or to UTF-16, which has no words that could be undone alone.
fn wide(ordinary: &Ordinary, text: &str, written: Encoding, read: Encoding) -> Option<Undone> {
    let mut bytes = Vec::with_capacity(text.len());
    match () {
        () if read == Encoding::UTF_16LE || read == Encoding::UTF_16BE => bytes = read.try_encode(text).ok()?,
        () => {
            // The mark FF FE is no UTF-8, so a reader of UTF-8 replaced it.
            let text = text.trim_start_matches(char::REPLACEMENT_CHARACTER);
            let writer = Writer::new(read);
            for character in text.chars() {
                // ASCII, if it was read as UTF-8.
                bytes.extend_from_slice(writer.bytes(character)?.as_slice());
            }
        }
    }
    // The last zero is what a paste loses first.
    if bytes.len() % 2 == 1 && written == Encoding::UTF_16LE {
        bytes.push(0);
    }
    let text = strictly(written, &bytes)?;
    let bits = ordinary.bits(&text);
    Some(Undone { text, bits, ..Undone::default() })
}

/// A no-break space that pasting turned into a plain one, put back where UTF-8 read as code page 1252 needs a byte A0.
fn mend(text: &str) -> Option<String> {
    let writer = Writer::new(Encoding::WINDOWS_1252);
    let byte = |character: char| writer.bytes(character).and_then(|bytes| bytes.as_slice().first().copied());
    let mut mended = String::with_capacity(text.len());
    let mut open = 0;
    let mut any = false;
    for character in text.chars() {
        let read = byte(character);
        let space = character == ' ' && open > 0;
        open = match read {
            _ if space => open - 1,
            Some(0x80..=0xBF) if open > 0 => open - 1,
            Some(0xC2..=0xDF) => 1,
            Some(0xE0..=0xEF) => 2,
            Some(0xF0..=0xF4) => 3,
            _ => 0,
        };
        any |= space;
        mended.push(if space { '\u{A0}' } else { character });
    }
    any.then_some(mended)
}
