//! Where decoding may begin in the middle of a stream. It must never guess: what the bytes do not prove is `None`.

use super::encoding::{Encoding, Kind};

impl Encoding {
    /// Where a fresh decoder may begin, so that after these bytes it is in the state of one that has read the whole stream:
    /// `bytes` are those just before a place of interest, and `stream_offset` is where in the stream `bytes[0]` is.
    ///
    /// It is the largest such index (but for ISO-2022-JP, which begins at the last escape sequence): what is left is one
    /// character begun and not ended, or nothing. `None` when these bytes do not tell; more of them may. With
    /// `stream_offset` 0 the answer is always `Some`.
    ///
    /// The rule: look back for a place where every decoder is between two characters, whatever came before; decode from there
    /// and see what is left open.
    /// 1. One byte per character: everywhere.
    /// 2. UTF-16: an even place in the stream, but not between two surrogates.
    /// 3. UTF-8: before a byte that is no continuation, or after three continuations, because no character has more.
    /// 4. GBK, GB18030: after a byte that can be no part of a character but its last one: all below 80 but digits, 80 and FF;
    ///    or after two digits, because a digit is never first nor third in a character of four.
    /// 5. Big5, Shift_JIS, EUC: after a byte that can never be but the last of a character.
    /// 6. ISO-2022-JP: at a complete escape sequence.
    pub fn safe_start(self, bytes: &[u8], stream_offset: u64) -> Option<usize> {
        if self.is_single_byte() {
            return Some(bytes.len());
        }
        if self == Self::UTF_16LE || self == Self::UTF_16BE {
            return self.utf_16_start(bytes, stream_offset);
        }
        let begin = if stream_offset == 0 { Some(0) } else { None };
        if self.reader() == Some(encoding_rs::ISO_2022_JP) {
            return last_escape(bytes).or(begin);
        }
        let known = self.boundary(bytes).or(begin)?;
        let mut decoder = self.decoder();
        decoder.push(bytes.get(known..).unwrap_or_default());
        Some(bytes.len() - decoder.pending().len())
    }

    /// Whether the bytes of a character can stand where no such character is: across two others, as in GBK, or at an odd place, as in
    /// UTF-16. Not so for one byte per character, nor for UTF-8. ISO-2022-JP needs the escape sequence before, which no look at a place
    /// in the middle can find cheaply, so it is not counted.
    pub fn can_be_misread(self) -> bool {
        !self.is_single_byte() && self != Self::UTF_8 && self.reader() != Some(encoding_rs::ISO_2022_JP)
    }

    /// How many bytes after a character may still show that it does not stand there. GBK and its kin have characters of four bytes with
    /// digits in them: in `81 31` the `1` is part of one until a byte comes that cannot go on with it, and then it was a `1`.
    pub fn hindsight(self) -> usize {
        if self.has_four_bytes() { 2 } else { 0 }
    }

    /// Whether it is GBK or one of its kin, which are all read as GB18030.
    pub(super) fn has_four_bytes(self) -> bool {
        self.0 == Kind::Gb2312 || self == Self::GBK || self == Self::GB18030
    }

    /// The last place known to be between two characters.
    fn boundary(self, bytes: &[u8]) -> Option<usize> {
        if self == Self::UTF_8 {
            let continuations = bytes.iter().rev().take(3).take_while(|byte| is_continuation(**byte)).count();
            return match bytes.len().checked_sub(continuations) {
                _ if continuations == 3 => Some(bytes.len()),
                None | Some(0) => None,
                Some(after) => Some(after - 1),
            };
        }
        if self.has_four_bytes() {
            let ends = |place: usize, byte: u8| match byte {
                b'0'..=b'9' => place.checked_sub(1).and_then(|before| bytes.get(before)).is_some_and(u8::is_ascii_digit),
                _ => byte <= 0x80 || byte == 0xFF,
            };
            let last = bytes.iter().enumerate().rev().find(|(place, byte)| ends(*place, **byte));
            return last.map(|(place, _)| place + 1);
        }
        bytes.iter().rposition(|byte| !self.is_lead(*byte)).map(|place| place + 1)
    }

    /// Whether a byte can be any but the last of a character in an encoding of rule 5 (WHATWG's decoders).
    pub(super) fn is_lead(self, byte: u8) -> bool {
        if self == Self::SHIFT_JIS {
            matches!(byte, 0x81..=0x9F | 0xE0..=0xFC)
        } else if self == Self::EUC_JP {
            matches!(byte, 0x8E | 0x8F | 0xA1..=0xFE)
        } else {
            // Big5 and EUC-KR.
            matches!(byte, 0x81..=0xFE)
        }
    }

    fn utf_16_start(self, bytes: &[u8], stream_offset: u64) -> Option<usize> {
        let odd_start = usize::from(stream_offset % 2 == 1);
        // The last even place of the stream within `bytes`.
        let even = match bytes.len().checked_sub(odd_start) {
            Some(length) => odd_start + length / 2 * 2,
            None => return None,
        };
        let unit = match even.checked_sub(2).and_then(|start| bytes.get(start..even)) {
            Some([first, second]) if self == Self::UTF_16LE => u16::from_le_bytes([*first, *second]),
            Some([first, second]) => u16::from_be_bytes([*first, *second]),
            // The unit before is not among these bytes; at the start of the stream there is none.
            _ => return (stream_offset == 0).then_some(even),
        };
        let first_of_pair = (0xD800..0xDC00).contains(&unit);
        Some(if first_of_pair { even - 2 } else { even })
    }
}

const fn is_continuation(byte: u8) -> bool {
    matches!(byte, 0x80..=0xBF)
}

/// Where the last complete escape sequence of ISO-2022-JP begins. ESC is never part of a character, so there every decoder
/// is about to read an escape sequence, and after it is in the state that it names.
fn last_escape(bytes: &[u8]) -> Option<usize> {
    let known: [&[u8]; 5] = [b"\x1B(B", b"\x1B(J", b"\x1B(I", b"\x1B$@", b"\x1B$B"];
    bytes.windows(3).rposition(|window| known.contains(&window))
}
