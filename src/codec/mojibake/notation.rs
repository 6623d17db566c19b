//! Text that is not garbled but written with ASCII: escapes, percent signs, references, quoted-printable, hex. It must never take
//! ordinary text for them: what they stand for must be text too.

use super::super::encoding::Encoding;
use super::super::hex;
use super::ordinary::Ordinary;
use super::recode::strictly;
use super::table::WINDOWS_1251;

/// How something is written with ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Notation {
    /// `\xE4\xBD\xA0`: bytes, as C and Python write them.
    ByteEscape,
    /// `\344\275\240`: bytes in octal, as C, Git and ls write them.
    Octal,
    /// `\u4F60`, `\u{4F60}`, `\U00004F60`, `%u4F60`: characters, as JSON, Java, Rust and Python write them.
    CharacterEscape,
    /// `%E4%BD%A0`: bytes, as URLs have them (RFC 3986).
    Percent,
    /// `&#20320;` and `&#x4F60;`: characters, as HTML and XML write them.
    Reference,
    /// `=E4=BD=A0`: bytes, as mail has them (RFC 2045).
    QuotedPrintable,
    /// `E4 BD A0`: bytes.
    Hex,
}

impl Notation {
    /// Every notation.
    pub const ALL: [Self; 7] =
        [Self::ByteEscape, Self::Octal, Self::CharacterEscape, Self::Percent, Self::Reference, Self::QuotedPrintable, Self::Hex];

    /// Its name, for scripts and translations.
    pub fn key(self) -> &'static str {
        match self {
            Self::ByteEscape => "byte_escape",
            Self::Octal => "octal",
            Self::CharacterEscape => "character_escape",
            Self::Percent => "percent",
            Self::Reference => "reference",
            Self::QuotedPrintable => "quoted_printable",
            Self::Hex => "hex",
        }
    }

    /// What stands at the beginning of `rest`, and how long it is.
    fn item(self, rest: &str) -> Option<(Item, usize)> {
        match self {
            Self::ByteEscape => two_digits(rest, "\\x"),
            Self::Percent => two_digits(rest, "%"),
            Self::QuotedPrintable => two_digits(rest, "="),
            Self::Octal => {
                let digits = rest.strip_prefix('\\')?.get(..3)?;
                let value =
                    digits.bytes().all(|digit| matches!(digit, b'0'..=b'7')).then(|| u8::from_str_radix(digits, 8).ok())??;
                Some((Item::Byte(value), 4))
            }
            Self::CharacterEscape => {
                let (digits, length) = match () {
                    () if rest.starts_with("\\u{") => until(rest, 3, '}')?,
                    () if rest.starts_with("\\u") || rest.starts_with("%u") => (rest.get(2..6)?, 6),
                    () if rest.starts_with("\\U") => (rest.get(2..10)?, 10),
                    () => return None,
                };
                Some((Item::Unit(number(digits, 16)?), length))
            }
            Self::Reference => {
                let hex = rest.starts_with("&#x") || rest.starts_with("&#X");
                let (digits, length) = until(rest.strip_prefix("&#").map(|_| rest)?, if hex { 3 } else { 2 }, ';')?;
                Some((Item::Unit(number(digits, if hex { 16 } else { 10 })?), length))
            }
            Self::Hex => None,
        }
    }
}

/// What a text says that is written with ASCII.
pub(super) struct Said {
    /// How it is written.
    pub(super) notation: Notation,
    /// What its bytes are in; `None` when characters are written.
    pub(super) escaped: Option<Encoding>,
    /// What it says.
    pub(super) text: String,
}

/// A part of a text.
enum Run {
    Text(String),
    Bytes(Vec<u8>),
}

enum Item {
    Byte(u8),
    /// A character, or half of one in UTF-16, as JSON writes what lies beyond the BMP.
    Unit(u32),
}

fn two_digits(rest: &str, prefix: &str) -> Option<(Item, usize)> {
    let digits = rest.strip_prefix(prefix)?.as_bytes();
    let byte = hex::value(*digits.first()?)? << 4 | hex::value(*digits.get(1)?)?;
    Some((Item::Byte(byte), prefix.len() + 2))
}

fn until(rest: &str, from: usize, end: char) -> Option<(&str, usize)> {
    let digits = rest.get(from..)?.split_once(end)?.0;
    (digits.len() <= 8).then_some((digits, from + digits.len() + 1))
}

fn number(digits: &str, radix: u32) -> Option<u32> {
    // from_str_radix takes a sign.
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, radix).ok())?
}

/// How a text is written, and what it says.
pub(super) fn read(ordinary: &Ordinary, text: &str) -> Option<Said> {
    // A garbled text may hold a `\xHH` or two; that is the search's.
    let mut said = Notation::ALL.into_iter().filter(|_| text.is_ascii() || text.contains("&#") || text.contains("\\u"));
    said.find_map(|notation| {
        let (escaped, text) = plain(ordinary, notation, text)?;
        Some(Said { notation, escaped, text })
    })
}

fn plain(ordinary: &Ordinary, notation: Notation, text: &str) -> Option<(Option<Encoding>, String)> {
    if notation == Notation::Hex {
        return dumped(ordinary, text);
    }
    let runs = runs(notation, text)?;
    let said = text_of(ordinary, &runs)?;
    // `%20` and `\x0D` stand in ordinary text; what is hidden must be more.
    let beyond = |text: &str| text.chars().filter(|character| !character.is_ascii()).count();
    (beyond(&said.1) > beyond(text)).then_some(said)
}

/// The text with what stands for something replaced by that; `None` when it stands for nothing that can be.
fn runs(notation: Notation, text: &str) -> Option<Vec<Run>> {
    let mut runs = Vec::new();
    let mut units: Vec<u16> = Vec::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let item = notation.item(rest);
        if !matches!(item, Some((Item::Unit(_), _))) {
            end_units(&mut runs, &mut units)?;
        }
        let length = match item {
            Some((Item::Byte(byte), length)) => {
                match runs.last_mut() {
                    Some(Run::Bytes(bytes)) => bytes.push(byte),
                    _ => runs.push(Run::Bytes(vec![byte])),
                }
                length
            }
            Some((Item::Unit(number), length)) => {
                match u16::try_from(number) {
                    Ok(unit) => units.push(unit),
                    Err(_) => units.extend_from_slice(char::from_u32(number)?.encode_utf16(&mut [0; 2])),
                }
                length
            }
            // A soft line break of quoted-printable.
            None if notation == Notation::QuotedPrintable && (rest.starts_with("=\n") || rest.starts_with("=\r\n")) => {
                rest = rest.split_once('\n').map_or("", |(_, after)| after);
                continue;
            }
            None => {
                push(&mut runs, next.encode_utf8(&mut [0; 4]));
                next.len_utf8()
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    end_units(&mut runs, &mut units)?;
    Some(runs)
}

fn push(runs: &mut Vec<Run>, text: &str) {
    match runs.last_mut() {
        Some(Run::Text(said)) => said.push_str(text),
        _ => runs.push(Run::Text(text.to_owned())),
    }
}

fn end_units(runs: &mut Vec<Run>, units: &mut Vec<u16>) -> Option<()> {
    if !units.is_empty() {
        push(runs, &String::from_utf16(units).ok()?);
        units.clear();
    }
    Some(())
}

/// What the runs say, all bytes in one encoding: UTF-8 if they can be, else what is most ordinary, if it is ordinary at all.
fn text_of(ordinary: &Ordinary, runs: &[Run]) -> Option<(Option<Encoding>, String)> {
    let has_bytes = runs.iter().any(|run| matches!(run, Run::Bytes(_)));
    if let Some(text) = all_in(Encoding::UTF_8, runs) {
        return Some((has_bytes.then_some(Encoding::UTF_8), text));
    }
    let likely = [Encoding::GBK, Encoding::BIG5, Encoding::SHIFT_JIS, Encoding::EUC_KR, *WINDOWS_1251, Encoding::WINDOWS_1252];
    let texts = likely.into_iter().filter_map(|encoding| Some((Some(encoding), all_in(encoding, runs)?)));
    let best = texts.min_by(|(_, a), (_, b)| ordinary.bits(a).total_cmp(&ordinary.bits(b)))?;
    is_ordinary(ordinary, best.0?, runs).then_some(best)
}

/// Whether what the bytes say is ordinary text.
fn is_ordinary(ordinary: &Ordinary, encoding: Encoding, runs: &[Run]) -> bool {
    /// Bits per character: any tag, DEADBEEF for one, is some rare hanzi in GBK, with 17 bits each; ordinary ones have six to nine.
    const ORDINARY: f32 = 12.0;
    let bytes = runs.iter().filter(|run| matches!(run, Run::Bytes(_)));
    let text: String = bytes.filter_map(|run| all_in(encoding, std::slice::from_ref(run))).collect();
    // Nor does anyone write a capital within a word, as FF D8 FF E0 is in windows-1251.
    let capital = text.chars().zip(text.chars().skip(1)).any(|(a, b)| !a.is_ascii() && a.is_lowercase() && b.is_uppercase());
    !capital && ordinary.bits(&text) <= ORDINARY * text.chars().count() as f32
}

fn all_in(encoding: Encoding, runs: &[Run]) -> Option<String> {
    let said = |run: &Run| match run {
        Run::Text(text) => Some(text.clone()),
        Run::Bytes(bytes) => strictly(encoding, bytes),
    };
    runs.iter().map(said).collect()
}

/// The text of a hex dump. Numbers, dates and addresses are hex too, so it must save bits.
fn dumped(ordinary: &Ordinary, text: &str) -> Option<(Option<Encoding>, String)> {
    /// Bits that it must save.
    const SAVED: f32 = 20.0;
    let bytes = hex::parse(text).ok().filter(|bytes| bytes.len() > 2)?;
    let (escaped, said) = text_of(ordinary, &[Run::Bytes(bytes)])?;
    let clean = !said.chars().any(|character| character.is_control() && !character.is_ascii_whitespace());
    (clean && ordinary.bits(&said) + SAVED < ordinary.bits(text)).then_some((escaped, said))
}
