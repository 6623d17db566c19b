//! Which rule of its encoding a malformed sequence breaks. It must never decide whether a sequence is malformed: the decoder does.

use super::encoding::Encoding;
use super::hex;

/// Why a sequence is malformed. Bytes are those of the sequence, and where the rule needs them those after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// UTF-8: a continuation byte (80..BF) without a lead byte before it.
    Continuation(u8),
    /// UTF-8: a continuation byte of a sequence that its lead byte has already made malformed.
    Rest(u8),
    /// UTF-8: a longer form than needed (RFC 3629, section 3).
    Overlong(Vec<u8>),
    /// UTF-8: a surrogate, U+D800..U+DFFF, which only UTF-16 has (RFC 3629, section 3).
    Surrogate(Vec<u8>),
    /// UTF-8: beyond U+10FFFF, where Unicode ends.
    BeyondUnicode(Vec<u8>),
    /// UTF-8: a byte that no character has: C0, C1, F5..FF.
    Never(u8),
    /// A sequence that ends before it is complete.
    CutShort {
        /// Its bytes.
        bytes: Vec<u8>,
        /// How many bytes its first ones announce.
        announced: usize,
    },
    /// A byte that begins no character.
    NeverFirst(u8),
    /// The first byte of a pair, and nothing after it.
    NoTrail(u8),
    /// A second (or third) byte that cannot follow the bytes before it.
    BadTrail {
        /// The bytes before it.
        lead: Vec<u8>,
        /// The byte that cannot follow.
        trail: u8,
    },
    /// A sequence of the right form that the encoding's table has no character for.
    Unassigned(Vec<u8>),
    /// GB18030: begins like four bytes (81..FE, 30..39) and does not go on like them (81..FE, 30..39).
    BadFour(Vec<u8>),
    /// UTF-16: the first half of a pair without the second.
    LoneHigh(u16),
    /// UTF-16: the second half of a pair without the first.
    LoneLow(u16),
    /// UTF-16: one byte left over at the end.
    OddByte(u8),
    /// One byte per character: a byte without a character in the table.
    NoCharacter(u8),
    /// ISO-2022-JP: ESC that begins no known switch.
    BadEscape(Vec<u8>),
    /// ISO-2022-JP: a switch followed by another one at once, with nothing to be read by it.
    UselessSwitch,
    /// ISO-2022-JP: a byte that its seven bits do not have, or not in the character set switched to.
    NotInSet(u8),
}

/// The longest sequence whose bytes are named.
const MOST: usize = 4;

impl Fault {
    /// The rule that `sequence` breaks, which the decoder of `encoding` calls malformed. `earlier` are the bytes before it in the stream
    /// and `later` those after it, as many as are known; four of each are enough.
    pub fn of(encoding: Encoding, earlier: &[u8], sequence: &[u8], later: &[u8]) -> Self {
        let Some(first) = sequence.first().copied() else { return Self::Unassigned(Vec::new()) };
        let all: Vec<u8> = sequence.iter().chain(later).take(MOST).copied().collect();
        if encoding.is_single_byte() {
            Self::NoCharacter(first)
        } else if encoding == Encoding::UTF_8 {
            utf_8(earlier, sequence, &all)
        } else if encoding == Encoding::UTF_16LE {
            utf_16(sequence, u16::from_le_bytes)
        } else if encoding == Encoding::UTF_16BE {
            utf_16(sequence, u16::from_be_bytes)
        } else if encoding.reader() == Some(encoding_rs::ISO_2022_JP) {
            iso_2022_jp(sequence, &all)
        } else {
            pair(encoding, sequence, &all)
        }
    }

    /// The rule's name, for translations.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Continuation(_) => "continuation",
            Self::Rest(_) => "rest",
            Self::Overlong(_) => "overlong",
            Self::Surrogate(_) => "surrogate",
            Self::BeyondUnicode(_) => "beyond_unicode",
            Self::Never(_) => "never",
            Self::CutShort { .. } => "cut_short",
            Self::NeverFirst(_) => "never_first",
            Self::NoTrail(_) => "no_trail",
            Self::BadTrail { .. } => "bad_trail",
            Self::Unassigned(_) => "unassigned",
            Self::BadFour(_) => "bad_four",
            Self::LoneHigh(_) => "lone_high",
            Self::LoneLow(_) => "lone_low",
            Self::OddByte(_) => "odd_byte",
            Self::NoCharacter(_) => "no_character",
            Self::BadEscape(_) => "bad_escape",
            Self::UselessSwitch => "useless_switch",
            Self::NotInSet(_) => "not_in_set",
        }
    }

    /// What the words of the rule have places for, by name.
    pub fn values(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Continuation(byte)
            | Self::Rest(byte)
            | Self::Never(byte)
            | Self::NeverFirst(byte)
            | Self::NoTrail(byte)
            | Self::OddByte(byte)
            | Self::NoCharacter(byte)
            | Self::NotInSet(byte) => vec![("bytes", hex::spaced(&[*byte]))],
            Self::Overlong(bytes)
            | Self::Surrogate(bytes)
            | Self::BeyondUnicode(bytes)
            | Self::Unassigned(bytes)
            | Self::BadFour(bytes)
            | Self::BadEscape(bytes) => vec![("bytes", hex::spaced(bytes))],
            Self::CutShort { bytes, announced } => {
                vec![("bytes", hex::spaced(bytes)), ("announced", announced.to_string()), ("came", bytes.len().to_string())]
            }
            Self::BadTrail { lead, trail } => vec![("lead", hex::spaced(lead)), ("trail", hex::spaced(&[*trail]))],
            Self::LoneHigh(unit) | Self::LoneLow(unit) => vec![("unit", format!("{unit:04X}"))],
            Self::UselessSwitch => Vec::new(),
        }
    }
}

/// How many bytes a lead byte of UTF-8 announces; 0 for a byte that is none.
fn announced(lead: u8) -> usize {
    match lead {
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF7 => 4,
        _ => 0,
    }
}

fn is_continuation(byte: &u8) -> bool {
    matches!(byte, 0x80..=0xBF)
}

fn utf_8(earlier: &[u8], sequence: &[u8], all: &[u8]) -> Fault {
    let lead = all.first().copied().unwrap_or_default();
    if is_continuation(&lead) {
        let continuations = earlier.iter().rev().take(3).take_while(|byte| is_continuation(byte)).count();
        let before = earlier.len().checked_sub(continuations + 1).and_then(|at| earlier.get(at..)).unwrap_or_default();
        let belongs = before.first().is_some_and(|lead| announced(*lead) > continuations + 1);
        let refused = matches!(before, [0xF5..=0xF7, ..]) || utf_8_refused(&[before, sequence].concat()).is_some();
        return if belongs && refused { Fault::Rest(lead) } else { Fault::Continuation(lead) };
    }
    let length = 1 + all.iter().skip(1).take(announced(lead).saturating_sub(1)).take_while(|byte| is_continuation(byte)).count();
    let form = all.get(..length).unwrap_or_default();
    match utf_8_refused(form) {
        Some(fault) => fault,
        None if matches!(lead, 0xC0 | 0xC1 | 0xF5..) => Fault::Never(lead),
        None => Fault::CutShort { bytes: sequence.to_vec(), announced: announced(lead) },
    }
}

/// Why a lead byte and its continuations are no character, if their first two bytes say so.
fn utf_8_refused(form: &[u8]) -> Option<Fault> {
    match form {
        [0xC0 | 0xC1, 0x80..=0xBF, ..] | [0xE0, 0x80..=0x9F, ..] | [0xF0, 0x80..=0x8F, ..] => {
            Some(Fault::Overlong(form.to_vec()))
        }
        [0xED, 0xA0..=0xBF, ..] => Some(Fault::Surrogate(form.to_vec())),
        [0xF4, 0x90..=0xBF, ..] => Some(Fault::BeyondUnicode(form.to_vec())),
        [0xF5..=0xF7, 0x80..=0xBF, 0x80..=0xBF, 0x80..=0xBF] => Some(Fault::BeyondUnicode(form.to_vec())),
        _ => None,
    }
}

fn utf_16(sequence: &[u8], unit: fn([u8; 2]) -> u16) -> Fault {
    match sequence {
        [first, second] => match unit([*first, *second]) {
            unit @ 0xD800..=0xDBFF => Fault::LoneHigh(unit),
            unit => Fault::LoneLow(unit),
        },
        // A first half and one byte of its second, at the end.
        [first, second, _] => Fault::LoneHigh(unit([*first, *second])),
        _ => Fault::OddByte(sequence.first().copied().unwrap_or_default()),
    }
}

fn iso_2022_jp(sequence: &[u8], all: &[u8]) -> Fault {
    match (sequence, all) {
        ([0x1B, ..], _) => Fault::BadEscape(all.get(..3).unwrap_or(all).to_vec()),
        ([lead @ 0x21..=0x7E, trail], _) if matches!(trail, 0x21..=0x7E) => Fault::Unassigned(vec![*lead, *trail]),
        ([lead, trail], _) => Fault::BadTrail { lead: vec![*lead], trail: *trail },
        ([lead @ 0x21..=0x7E], [_, 0x1B, ..] | [_]) => Fault::NoTrail(*lead),
        _ => Fault::NotInSet(sequence.first().copied().unwrap_or_default()),
    }
}

/// GBK, GB18030, Big5, Shift_JIS and EUC. An ASCII byte that cannot follow is given back by the decoder, so it is not in the sequence.
fn pair(encoding: Encoding, sequence: &[u8], all: &[u8]) -> Fault {
    let first = all.first().copied().unwrap_or_default();
    if !encoding.begins_pair(first) {
        return Fault::NeverFirst(first);
    }
    let Some(second) = all.get(1).copied() else { return Fault::NoTrail(first) };
    if encoding.has_four_bytes() && second.is_ascii_digit() {
        return match (sequence.len(), all.get(2)) {
            (4, _) => Fault::Unassigned(sequence.to_vec()),
            (1, Some(0x81..=0xFE)) => Fault::BadFour(all.to_vec()),
            (1, Some(_)) => Fault::BadFour(all.get(..3).unwrap_or(all).to_vec()),
            // At the very end nothing contradicts it, it only stops.
            (length, _) => Fault::CutShort { bytes: all.get(..length.max(2)).unwrap_or(all).to_vec(), announced: 4 },
        };
    }
    if !encoding.ends_pair(first, second) {
        return Fault::BadTrail { lead: vec![first], trail: second };
    }
    if encoding == Encoding::EUC_JP && first == 0x8F {
        return match all.get(2).copied() {
            None => Fault::CutShort { bytes: sequence.to_vec(), announced: 3 },
            Some(0xA1..=0xFE) => Fault::Unassigned(all.get(..3).unwrap_or(all).to_vec()),
            Some(third) => Fault::BadTrail { lead: vec![first, second], trail: third },
        };
    }
    Fault::Unassigned(vec![first, second])
}

impl Encoding {
    /// Whether a byte begins a character of several bytes in GBK, GB18030, Big5, Shift_JIS or EUC (WHATWG's decoders).
    fn begins_pair(self, byte: u8) -> bool {
        if self.has_four_bytes() { matches!(byte, 0x81..=0xFE) } else { self.is_lead(byte) }
    }

    /// Whether a byte can be the second of a pair that begins with `lead`.
    fn ends_pair(self, lead: u8, byte: u8) -> bool {
        match byte {
            _ if self.has_four_bytes() => matches!(byte, 0x40..=0x7E | 0x80..=0xFE),
            _ if self == Self::BIG5 => matches!(byte, 0x40..=0x7E | 0xA1..=0xFE),
            _ if self == Self::SHIFT_JIS => matches!(byte, 0x40..=0x7E | 0x80..=0xFC),
            _ if self == Self::EUC_JP && lead == 0x8E => matches!(byte, 0xA1..=0xDF),
            _ if self == Self::EUC_JP => matches!(byte, 0xA1..=0xFE),
            // EUC-KR.
            _ => matches!(byte, 0x41..=0xFE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::cells::{Content, Excerpt, cells};
    use super::*;

    /// The faults of the bytes alone, each as `key(values)`.
    fn faults(label: &str, bytes: &[u8]) -> String {
        let cells = cells(Encoding::for_label(label).unwrap(), &Excerpt::whole(bytes));
        let faults =
            cells.into_iter().filter_map(|cell| if let Content::Invalid(fault) = cell.content { Some(fault) } else { None });
        let shown = faults.map(|fault| {
            let values: Vec<String> = fault.values().into_iter().map(|(_, value)| value).collect();
            format!("{}({})", fault.key(), values.join("|"))
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn one_case_per_rule() {
        for (label, bytes, expected) in [
            ("utf-8", &b"a\x80"[..], "continuation(80)"),
            ("utf-8", b"\xE4\xBD\xA0\x80", "continuation(80)"),
            ("utf-8", b"\xC0\x80", "overlong(C0 80) rest(80)"),
            ("utf-8", b"\xE0\x80\xAF", "overlong(E0 80 AF) rest(80) rest(AF)"),
            ("utf-8", b"\xF0\x82\x82\xAC\x80", "overlong(F0 82 82 AC) rest(82) rest(82) rest(AC) continuation(80)"),
            ("utf-8", b"\xED\xA0\xBD", "surrogate(ED A0 BD) rest(A0) rest(BD)"),
            ("utf-8", b"\xF4\x90\x80\x80", "beyond_unicode(F4 90 80 80) rest(90) rest(80) rest(80)"),
            ("utf-8", b"\xF5\x80\x80\x80", "beyond_unicode(F5 80 80 80) rest(80) rest(80) rest(80)"),
            ("utf-8", b"\xC0a", "never(C0)"),
            ("utf-8", b"\xFF\xFE", "never(FF) never(FE)"),
            ("utf-8", b"\xE4\xBDa", "cut_short(E4 BD|3|2)"),
            ("utf-8", b"\xF0\x9F\x98", "cut_short(F0 9F 98|4|3)"),
            ("gbk", b"\xC4", "no_trail(C4)"),
            ("gbk", b"\xC4\n", "bad_trail(C4|0A)"),
            ("gbk", b"\xC4\x7F", "bad_trail(C4|7F)"),
            ("gbk", b"\xC4\xFF", "bad_trail(C4|FF)"),
            ("gbk", b"\xFF", "never_first(FF)"),
            ("gb18030", b"\x81\x30\x20", "bad_four(81 30 20)"),
            ("gb18030", b"\x81\x30\x81\x20", "bad_four(81 30 81 20) bad_trail(81|20)"),
            ("gb18030", b"\x84\x31\xA5\x30", "unassigned(84 31 A5 30)"),
            ("gb18030", b"\x81\x30\x81", "cut_short(81 30 81|4|3)"),
            ("big5", b"\xA7", "no_trail(A7)"),
            ("big5", b"\xA7\x80", "bad_trail(A7|80)"),
            ("big5", b"\x81\x40", "unassigned(81 40)"),
            ("big5", b"\x80\xFF", "never_first(80) never_first(FF)"),
            ("shift_jis", b"\xA0\xFD", "never_first(A0) never_first(FD)"),
            ("shift_jis", b"\x82\x20", "bad_trail(82|20)"),
            ("shift_jis", b"\x85\x40", "unassigned(85 40)"),
            ("euc-jp", b"\x80", "never_first(80)"),
            ("euc-jp", b"\x8E\xE0", "bad_trail(8E|E0)"),
            ("euc-jp", b"\x8F\xA1", "cut_short(8F A1|3|2)"),
            ("euc-jp", b"\x8F\xA1\xA1", "unassigned(8F A1 A1)"),
            ("euc-jp", b"\x8F\xB0\x20", "bad_trail(8F B0|20)"),
            ("euc-kr", b"\xB0\x20", "bad_trail(B0|20)"),
            ("euc-kr", b"\xC9\xA1", "unassigned(C9 A1)"),
            ("utf-16le", b"\x3D\xD8a\0", "lone_high(D83D)"),
            ("utf-16be", b"\xDE\0\0a", "lone_low(DE00)"),
            ("utf-16le", b"a\0b", "odd_byte(62)"),
            ("windows-1253", b"\xAA", "no_character(AA)"),
            ("iso-2022-jp", b"\x1B$A", "bad_escape(1B 24 41)"),
            ("iso-2022-jp", b"\x1B$B\x1B(B", "useless_switch()"),
            ("iso-2022-jp", b"\xA4", "not_in_set(A4)"),
            ("iso-2022-jp", b"\x1B(I\x7F", "not_in_set(7F)"),
            ("iso-2022-jp", b"\x1B$B$\x1B(B", "no_trail(24)"),
            ("iso-2022-jp", b"\x1B$B$\n", "bad_trail(24|0A)"),
            ("iso-2022-jp", b"\x1B$B\x29\x21", "unassigned(29 21)"),
        ] {
            assert_eq!(faults(label, bytes), expected, "{label} {bytes:02X?}");
        }
    }
}
