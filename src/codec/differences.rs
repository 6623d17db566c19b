//! What is worth knowing about a text in its encoding: where systems that say they speak the same encoding do not. It must never say
//! what the tables do not bear out (each claim is checked against encoding_rs), and never change how anything is read.

use std::ops::Range;

use super::cells::{Cell, Content};
use super::character::code_point;
use super::encode::gb2312_cell;
use super::encoding::Encoding;
use super::hex;

/// Something worth knowing, and the bytes that it is about: its first occurrence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is.
    pub kind: Kind,
    /// Its bytes, counted as in [`Cell::bytes`].
    pub bytes: Range<isize>,
}

/// The text of a cell and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// One character, or two code points of one pair.
    pub text: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What may differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// GB2312 holds all of a text in GBK or GB18030.
    Gb2312Enough,
    /// A character that GB2312 lacks and GBK has. Nothing here needs GB18030.
    NeedsGbk(Sample),
    /// A character that takes four bytes: GBK lacks it.
    NeedsGb18030(Sample),
    /// A pair whose character GB18030-2022 moved out of private use.
    MovedIn2022 {
        /// The character now.
        sample: Sample,
        /// What it was before 2022.
        before: char,
    },
    /// A private-use character: a pair that is the user's own to define.
    PrivateUse(Sample),
    /// € as 80, in GBK's kin: code page 936 of Windows.
    Euro936,
    /// € as A2 E3, in GBK's kin.
    EuroGb18030,
    /// € as A3 E1, in Big5.
    EuroBig5,
    /// € as 80, in most Windows code pages.
    EuroWindows,
    /// € as A4, in ISO-8859-15 and a few others.
    EuroLatin9,
    /// A character of Big5 outside of its own table: of Hong Kong's supplement or a vendor's.
    Big5Extension(Sample),
    /// A byte 80..9F of windows-1252.
    Windows1252(Sample),
    /// A byte 80..9F of ISO-8859-1, a control character there.
    Latin1Control {
        /// The byte.
        byte: u8,
        /// What it is in windows-1252.
        windows: char,
    },
    /// A byte order mark in the encoding read.
    Bom(Vec<u8>),
    /// A byte order mark of another encoding.
    BomOfOther {
        /// The mark.
        bytes: Vec<u8>,
        /// Whose it is.
        of: Encoding,
    },
    /// 5C in Shift_JIS: a backslash or a yen sign.
    Yen,
    /// 7E in Shift_JIS: a tilde or an overline.
    Overline,
}

impl Kind {
    /// Its name, for translations.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Gb2312Enough => "gb2312_enough",
            Self::NeedsGbk(_) => "needs_gbk",
            Self::NeedsGb18030(_) => "needs_gb18030",
            Self::MovedIn2022 { .. } => "moved_in_2022",
            Self::PrivateUse(_) => "private_use",
            Self::Euro936 => "euro_936",
            Self::EuroGb18030 => "euro_gb18030",
            Self::EuroBig5 => "euro_big5",
            Self::EuroWindows => "euro_windows",
            Self::EuroLatin9 => "euro_latin9",
            Self::Big5Extension(_) => "big5_extension",
            Self::Windows1252(_) => "windows_1252",
            Self::Latin1Control { .. } => "latin1_control",
            Self::Bom(_) => "bom",
            Self::BomOfOther { .. } => "bom_of_other",
            Self::Yen => "yen",
            Self::Overline => "overline",
        }
    }

    /// What its words have places for, by name.
    pub fn values(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::NeedsGbk(sample) | Self::NeedsGb18030(sample) | Self::Big5Extension(sample) | Self::Windows1252(sample) => {
                vec![("character", sample.text.clone()), ("bytes", hex::spaced(&sample.bytes))]
            }
            Self::MovedIn2022 { sample, before } => vec![
                ("character", sample.text.clone()),
                ("code", sample.text.chars().map(code_point).collect()),
                ("bytes", hex::spaced(&sample.bytes)),
                ("before", code_point(*before)),
            ],
            Self::PrivateUse(sample) => {
                vec![("code", sample.text.chars().map(code_point).collect()), ("bytes", hex::spaced(&sample.bytes))]
            }
            Self::Latin1Control { byte, windows } => vec![("bytes", hex::spaced(&[*byte])), ("character", windows.to_string())],
            Self::Bom(bytes) => vec![("bytes", hex::spaced(bytes))],
            Self::BomOfOther { bytes, of } => vec![("bytes", hex::spaced(bytes)), ("encoding", of.to_string())],
            _ => Vec::new(),
        }
    }
}

/// The pairs that GB18030-2022 moved from private use to where Unicode has the character by now, and what they were before: those for
/// which the WHATWG encoder still takes the private-use character.
const MOVED: [([u8; 2], char); 18] = [
    ([0xA6, 0xD9], '\u{E78D}'),
    ([0xA6, 0xDA], '\u{E78E}'),
    ([0xA6, 0xDB], '\u{E78F}'),
    ([0xA6, 0xDC], '\u{E790}'),
    ([0xA6, 0xDD], '\u{E791}'),
    ([0xA6, 0xDE], '\u{E792}'),
    ([0xA6, 0xDF], '\u{E793}'),
    ([0xA6, 0xEC], '\u{E794}'),
    ([0xA6, 0xED], '\u{E795}'),
    ([0xA6, 0xF3], '\u{E796}'),
    ([0xFE, 0x59], '\u{E81E}'),
    ([0xFE, 0x61], '\u{E826}'),
    ([0xFE, 0x66], '\u{E82B}'),
    ([0xFE, 0x67], '\u{E82C}'),
    ([0xFE, 0x6D], '\u{E832}'),
    ([0xFE, 0x7E], '\u{E843}'),
    ([0xFE, 0x90], '\u{E854}'),
    ([0xFE, 0xA0], '\u{E864}'),
];

/// U+FEFF in the encodings that have it.
const MARKS: [(&[u8], Encoding); 4] = [
    (b"\xEF\xBB\xBF", Encoding::UTF_8),
    (b"\xFF\xFE", Encoding::UTF_16LE),
    (b"\xFE\xFF", Encoding::UTF_16BE),
    (b"\x84\x31\x95\x33", Encoding::GB18030),
];

/// What is worth knowing about these cells of `bytes`, each kind once, in the order in which they occur. Of GB2312, GBK and GB18030 only
/// the character is named that needs the largest of them. A byte order mark is one only where `bytes` are the beginning of a stream or
/// a datagram: of others, whoever asks leaves it out.
pub fn differences(encoding: Encoding, cells: &[Cell], bytes: &[u8]) -> Vec<Difference> {
    let mut found: Vec<Difference> = Vec::new();
    if let Some((mark, of)) = MARKS.iter().find(|(mark, _)| bytes.starts_with(mark)) {
        let fits = *of == encoding || (encoding.has_four_bytes() && *of == Encoding::GB18030);
        let kind = if fits { Kind::Bom(mark.to_vec()) } else { Kind::BomOfOther { bytes: mark.to_vec(), of: *of } };
        found.push(Difference { kind, bytes: 0..mark.len() as isize });
    }
    for cell in cells {
        if let Some(sample) = sample(cell, bytes)
            && let Some(kind) = difference(encoding, &sample)
            && !found.iter().any(|other| other.kind.key() == kind.key())
        {
            found.push(Difference { kind, bytes: cell.bytes.clone() });
        }
    }
    if encoding.has_four_bytes() {
        keep_the_largest(&mut found, cells);
    }
    found
}

/// The text and the bytes of a cell that lies wholly within `bytes`.
fn sample(cell: &Cell, bytes: &[u8]) -> Option<Sample> {
    let text = match &cell.content {
        Content::Character(character) => character.to_string(),
        Content::Characters(text) => text.clone(),
        Content::Switch | Content::Invalid(_) | Content::Unfinished => return None,
    };
    let range = usize::try_from(cell.bytes.start).ok()?..usize::try_from(cell.bytes.end).ok()?;
    Some(Sample { text, bytes: bytes.get(range)?.to_vec() })
}

fn difference(encoding: Encoding, sample: &Sample) -> Option<Kind> {
    let bytes = sample.bytes.as_slice();
    if encoding.has_four_bytes() {
        gb(sample)
    } else if encoding == Encoding::BIG5 {
        big5(sample)
    } else if encoding == Encoding::SHIFT_JIS {
        match bytes {
            [0x5C] => Some(Kind::Yen),
            [0x7E] => Some(Kind::Overline),
            [0xF0..=0xF9, _] => private_use(sample),
            _ => None,
        }
    } else if encoding == Encoding::LATIN_1 {
        let byte = bytes.first().copied().filter(|byte| matches!(byte, 0x80..=0x9F))?;
        let windows = in_windows_1252(byte)?;
        Some(Kind::Latin1Control { byte, windows })
    } else if encoding.is_single_byte() {
        match (sample.text.as_str(), bytes) {
            ("€", [0x80]) => Some(Kind::EuroWindows),
            ("€", [0xA4]) => Some(Kind::EuroLatin9),
            (_, [byte @ 0x80..=0x9F]) if encoding == Encoding::WINDOWS_1252 => {
                in_windows_1252(*byte).map(|_| Kind::Windows1252(sample.clone()))
            }
            _ => private_use(sample),
        }
    } else {
        None
    }
}

fn gb(sample: &Sample) -> Option<Kind> {
    match sample.bytes.as_slice() {
        [0x80] => Some(Kind::Euro936),
        [0xA2, 0xE3] => Some(Kind::EuroGb18030),
        // The mark has words of its own.
        [_, _, _, _] if sample.text == "\u{FEFF}" => None,
        [_, _, _, _] => Some(Kind::NeedsGb18030(sample.clone())),
        [lead, trail] if !gb2312_cell(*lead, *trail) => {
            let moved = MOVED.iter().find(|(pair, _)| pair == &[*lead, *trail]);
            let moved = moved.map(|(_, before)| Kind::MovedIn2022 { sample: sample.clone(), before: *before });
            moved.or_else(|| private_use(sample)).or_else(|| Some(Kind::NeedsGbk(sample.clone())))
        }
        _ => None,
    }
}

/// Big5 itself: A140..A3BF symbols, A440..C67E and C940..F9D5 hanzi (Taiwan's Institute for Information Industry, 1984).
fn big5(sample: &Sample) -> Option<Kind> {
    let [lead, trail] = sample.bytes.as_slice() else { return None };
    match u16::from_be_bytes([*lead, *trail]) {
        0xA3E1 => Some(Kind::EuroBig5),
        0xA140..=0xA3BF | 0xA440..=0xC67E | 0xC940..=0xF9D5 => None,
        _ => Some(Kind::Big5Extension(sample.clone())),
    }
}

fn private_use(sample: &Sample) -> Option<Kind> {
    let is_private = |character: char| matches!(character, '\u{E000}'..='\u{F8FF}');
    sample.text.chars().all(is_private).then(|| Kind::PrivateUse(sample.clone()))
}

/// The character of a byte in windows-1252; `None` where it has none but the control character of ISO-8859-1.
fn in_windows_1252(byte: u8) -> Option<char> {
    let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(std::slice::from_ref(&byte));
    text.chars().next().filter(|character| *character != char::from(byte))
}

/// GB2312 ⊂ GBK ⊂ GB18030: what needs the larger one makes the others needless to say; a text that needs neither is GB2312.
fn keep_the_largest(found: &mut Vec<Difference>, cells: &[Cell]) {
    let needs = |found: &[Difference], key: &str| found.iter().any(|one| one.kind.key() == key);
    if needs(found, "needs_gb18030") {
        found.retain(|one| one.kind.key() != "needs_gbk");
    }
    // Any of the others is beyond GB2312 too.
    let multibyte = |cell: &&Cell| matches!(&cell.content, Content::Character(character) if !character.is_ascii());
    if found.is_empty()
        && let (Some(first), Some(last)) = (cells.iter().find(multibyte), cells.iter().rev().find(multibyte))
    {
        found.push(Difference { kind: Kind::Gb2312Enough, bytes: first.bytes.start..last.bytes.end });
    }
}

#[cfg(test)]
mod tests {
    use super::super::cells::{Excerpt, cells};
    use super::*;

    fn shown(label: &str, bytes: &[u8]) -> String {
        let encoding = Encoding::for_label(label).unwrap();
        let one = |one: Difference| {
            let values: Vec<String> = one.kind.values().into_iter().map(|(_, value)| value).collect();
            format!("{}@{}..{}({})", one.kind.key(), one.bytes.start, one.bytes.end, values.join("|"))
        };
        let found = differences(encoding, &cells(encoding, &Excerpt::whole(bytes)), bytes);
        found.into_iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn worth_knowing() {
        for (label, bytes, expected) in [
            ("gbk", &b"a\xC4\xE3\xBA\xC3b"[..], "gb2312_enough@1..5()"),
            ("gbk", b"abc", ""),
            ("gbk", b"\xD6\xEC\xE9\x46\xBB\xF9\xE9\x46", "needs_gbk@2..4(镕|E9 46)"),
            ("gb18030", b"\xE9\x46\x95\x34\xB2\x35", "needs_gb18030@2..6(𠮷|95 34 B2 35)"),
            ("gb18030", b"\xA6\xD9", "moved_in_2022@0..2(︐|U+FE10|A6 D9|U+E78D)"),
            ("gb18030", b"\xAA\xA1", "private_use@0..2(U+E000|AA A1)"),
            ("gbk", b"5\x80", "euro_936@1..2()"),
            ("gb18030", b"5\xA2\xE3", "euro_gb18030@1..3()"),
            ("big5", b"\xA3\xE1", "euro_big5@0..2()"),
            ("windows-1252", b"\x80\x93\x81", "euro_windows@0..1() windows_1252@1..2(“|93)"),
            ("iso-8859-15", b"\xA4", "euro_latin9@0..1()"),
            ("iso-8859-1", b"\xE9\x80\x81", "latin1_control@1..2(80|€)"),
            ("big5", b"\xA7\x41\xF9\xD5", ""),
            ("big5", b"\xA7\x41\x88\x62", "big5_extension@2..4(\u{CA}\u{304}|88 62)"),
            ("big5", b"\xF9\xD6", "big5_extension@0..2(碁|F9 D6)"),
            ("big5", b"\xC6\xA1", "big5_extension@0..2(①|C6 A1)"),
            ("utf-8", b"\xEF\xBB\xBFa", "bom@0..3(EF BB BF)"),
            ("gbk", b"\xEF\xBB\xBFa", "bom_of_other@0..3(EF BB BF|UTF-8) needs_gbk@2..4(縜|BF 61)"),
            ("utf-16le", b"\xFF\xFEa\0", "bom@0..2(FF FE)"),
            ("utf-16be", b"\xFF\xFE\0a", "bom_of_other@0..2(FF FE|UTF-16LE)"),
            ("gb18030", b"\x84\x31\x95\x33", "bom@0..4(84 31 95 33)"),
            ("shift_jis", b"C:\\~", "yen@2..3() overline@3..4()"),
            ("shift_jis", b"\xF0\x40", "private_use@0..2(U+E000|F0 40)"),
            ("utf-8", b"\\~\xE2\x82\xAC", ""),
        ] {
            assert_eq!(shown(label, bytes), expected, "{label} {bytes:02X?}");
        }
    }

    fn read(encoding: &'static encoding_rs::Encoding, bytes: &[u8]) -> String {
        encoding.decode_without_bom_handling(bytes).0.into_owned()
    }

    fn written(encoding: &'static encoding_rs::Encoding, text: &str) -> Vec<u8> {
        encoding.encode(text).0.into_owned()
    }

    /// What the words say, asked of the tables.
    #[test]
    fn the_claims_are_true() {
        use encoding_rs::{BIG5, GB18030, GBK, ISO_8859_15, SHIFT_JIS, WINDOWS_1252};
        assert_eq!((written(GBK, "€"), written(GB18030, "€")), (vec![0x80], vec![0xA2, 0xE3]));
        assert_eq!((read(GBK, b"\x80"), read(GB18030, b"\x80"), read(GBK, b"\xA2\xE3")), ("€".into(), "€".into(), "€".into()));
        assert!(Encoding::GB2312.encode("€").is_err());
        assert_eq!((written(WINDOWS_1252, "€"), written(ISO_8859_15, "€")), (vec![0x80], vec![0xA4]));
        assert_eq!((read(WINDOWS_1252, b"\xA4"), Encoding::LATIN_1.encode("¤").unwrap()), ("¤".into(), vec![0xA4]));
        assert!(Encoding::LATIN_1.encode("€").is_err());
        assert_eq!(written(BIG5, "€"), [0xA3, 0xE1]);
        assert_eq!((written(SHIFT_JIS, "¥"), written(SHIFT_JIS, "‾")), (b"\\".to_vec(), b"~".to_vec()));
        assert!(Encoding::SHIFT_JIS.encode("¥").is_err() && Encoding::SHIFT_JIS.encode("‾").is_err());
        for (pair, before) in MOVED {
            assert_eq!(written(GB18030, &before.to_string()), pair);
            assert!(Encoding::GB18030.encode(&before.to_string()).is_err());
            let now = read(GB18030, &pair);
            assert!(!('\u{E000}'..='\u{F8FF}').contains(&now.chars().next().unwrap()));
            assert_eq!(Encoding::GB18030.encode(&now).unwrap(), pair);
        }
        for (mark, encoding) in MARKS {
            assert_eq!(encoding.encode("\u{FEFF}").unwrap(), mark);
        }
        // Of all of Unicode, just these private-use characters are refused by GB18030, and these pairs are all that moved.
        let refused =
            (0xE000..=0xF8FF).filter_map(char::from_u32).filter(|one| Encoding::GB18030.encode(&one.to_string()).is_err());
        let mut moved: Vec<char> = MOVED.iter().map(|(_, before)| *before).collect();
        moved.push('\u{E5E5}');
        moved.sort_unstable();
        assert_eq!(refused.collect::<Vec<_>>(), moved);
    }

    /// The smallest of the three that is named is the smallest that encodes.
    #[test]
    fn the_smallest_of_three_is_the_smallest_that_encodes() {
        for code in (0x80..0x1_0000_u32).chain(0x2_0000..0x2_0100) {
            let Some(character) = char::from_u32(code) else { continue };
            let Ok(bytes) = Encoding::GB18030.encode(&character.to_string()) else { continue };
            if matches!(character, '€' | '\u{FEFF}') {
                continue;
            }
            let alone = Cell { bytes: 0..bytes.len() as isize, content: Content::Character(character) };
            let found = differences(Encoding::GB18030, &[alone], &bytes);
            let fits = |encoding: Encoding| encoding.encode(&character.to_string()).is_ok();
            let expected: &[&str] = match () {
                () if fits(Encoding::GB2312) => &["gb2312_enough"],
                () if fits(Encoding::GBK) => &["needs_gbk", "moved_in_2022", "private_use"],
                () => &["needs_gb18030"],
            };
            assert!(expected.contains(&found[0].kind.key()), "{character} {bytes:02X?} {found:?}");
        }
    }

    /// Outside of Big5's own table is, among others, all that its encoder does not write.
    #[test]
    fn what_big5_does_not_write_is_an_extension() {
        for code in 0x8140..=0xFEFE_u16 {
            let bytes = code.to_be_bytes();
            let text = read(encoding_rs::BIG5, &bytes);
            if text.contains('\u{FFFD}') || bytes[1] < 0x40 || (0x7F..=0xA0).contains(&bytes[1]) {
                continue;
            }
            let own = big5(&Sample { text: text.clone(), bytes: bytes.to_vec() }).is_none();
            if bytes[0] < 0xA1 {
                assert!(!own && Encoding::BIG5.encode(&text).ok().as_deref() != Some(&bytes[..]), "{bytes:02X?}");
            } else if own {
                assert!(Encoding::BIG5.encode(&text).is_ok(), "{bytes:02X?} {text}");
            }
        }
    }
}
