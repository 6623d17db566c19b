//! Which bytes make which character. It must never read differently from [`Decoder`], never leave a byte out, and never know where the
//! bytes are shown.

use std::ops::Range;

use super::decoder::{Decoder, Piece};
use super::encoding::Encoding;
use super::fault::Fault;

/// Bytes of a stream, and what stands around them: a character may be cut by a read.
#[derive(Clone, Copy, Debug)]
pub struct Excerpt<'a> {
    /// The bytes just before in the same stream, some 64 of them; more help only where a long text has no space, digit or line break.
    /// Empty at the stream's start and for a datagram.
    pub before: &'a [u8],
    /// The bytes asked about.
    pub bytes: &'a [u8],
    /// The bytes that follow; three are enough.
    pub after: &'a [u8],
    /// Where in the stream `bytes[0]` is. It decides which byte is the first of a pair in UTF-16.
    pub stream_offset: u64,
    /// Whether nothing ever follows `after`: the end of a datagram, or of a stream that has ended. What is not ended there is malformed.
    pub ends: bool,
}

impl<'a> Excerpt<'a> {
    /// Bytes that stand alone, such as a datagram: their cells say what [`Encoding::decode`] says.
    pub fn whole(bytes: &'a [u8]) -> Self {
        Self { before: &[], bytes, after: &[], stream_offset: 0, ends: true }
    }
}

/// One character or one malformed sequence, and exactly its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Its bytes, counted from the excerpt's `bytes[0]`: the start is negative when it began in `before`, the end is beyond
    /// `bytes.len()` when it ends in `after`.
    pub bytes: Range<isize>,
    /// What they are.
    pub content: Content,
}

/// What the bytes of a cell are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A character.
    Character(char),
    /// One sequence that is two code points: Big5's 8862, 8864, 88A3 and 88A5.
    Characters(String),
    /// An escape sequence of ISO-2022-JP, which switches the character set and is no character.
    Switch,
    /// A malformed sequence, as the WHATWG decoder cuts it.
    Invalid(Fault),
    /// A part of a character whose other bytes are not here: begun, and nothing has ended it yet. Also the second half of a UTF-16 unit
    /// whose first half is not known.
    Unfinished,
}

/// The cells that the excerpt's bytes fall into, in order: every byte is in exactly one of them. Takes time in proportion to the bytes.
///
/// When nothing in `before` proves where a character begins (see [`Encoding::safe_start`]), `bytes[0]` is taken for a beginning, as it
/// is for a row's text; in UTF-16 the first even place of the stream is.
pub fn cells(encoding: Encoding, excerpt: &Excerpt<'_>) -> Vec<Cell> {
    if excerpt.bytes.is_empty() {
        return Vec::new();
    }
    let before = excerpt.before;
    let before_offset = excerpt.stream_offset.saturating_sub(before.len() as u64);
    let begin = match encoding.safe_start(before, before_offset) {
        Some(start) => start,
        None if is_utf_16(encoding) && excerpt.stream_offset % 2 == 1 => before.len() + 1,
        None => before.len(),
    };
    let input = [before, excerpt.bytes, excerpt.after].concat();
    let end = before.len() + excerpt.bytes.len();
    let mut walk = Walk::new(encoding, &input, begin.min(end));
    if begin > before.len() && end > before.len() {
        walk.cells.push((before.len()..before.len() + 1, Content::Unfinished));
    }
    walk.go_past(end, excerpt.ends);
    let shift = before.len() as isize;
    let inside = |range: &Range<usize>| range.start < end && range.end > before.len();
    let found = walk.cells.into_iter().filter(|(range, _)| inside(range));
    found.map(|(range, content)| Cell { bytes: range.start as isize - shift..range.end as isize - shift, content }).collect()
}

/// How long an escape sequence of ISO-2022-JP is.
const SWITCH: usize = 3;

fn is_utf_16(encoding: Encoding) -> bool {
    encoding == Encoding::UTF_16LE || encoding == Encoding::UTF_16BE
}

/// A decoder fed byte by byte, and what it made of each.
struct Walk<'a> {
    decoder: Decoder,
    input: &'a [u8],
    /// The first byte not fed yet.
    next: usize,
    /// The first byte that is in no cell yet.
    start: usize,
    cells: Vec<(Range<usize>, Content)>,
}

impl<'a> Walk<'a> {
    fn new(encoding: Encoding, input: &'a [u8], begin: usize) -> Self {
        Self { decoder: encoding.decoder(), input, next: begin, start: begin, cells: Vec::new() }
    }

    /// Feeds all bytes before `end`, and those after it that it takes to know what the last of these belong to.
    fn go_past(&mut self, end: usize, ends: bool) {
        while self.next < end || self.is_open() {
            let Some(byte) = self.input.get(self.next) else { break };
            self.next += 1;
            let pieces = self.decoder.push(std::slice::from_ref(byte));
            self.settle(pieces, self.next - self.decoder.pending().len());
        }
        if self.start < self.next {
            if ends {
                let pieces = self.decoder.finish();
                self.settle(pieces, self.next);
            } else {
                self.cells.push((self.start..self.next, Content::Unfinished));
            }
        }
    }

    /// Whether what follows can still change the last cell: a character is begun, or a switch may turn out to be useless.
    fn is_open(&self) -> bool {
        self.start < self.next || matches!(self.cells.last(), Some((_, Content::Switch)))
    }

    /// The bytes up to `end` are complete, and these pieces are what they say.
    fn settle(&mut self, pieces: Vec<Piece>, end: usize) {
        let last = pieces.len().saturating_sub(1);
        for (place, piece) in pieces.into_iter().enumerate() {
            match piece {
                // What is followed by more was given back, a byte each.
                Piece::Text(text) if place < last => self.characters(&text, self.start + text.chars().count()),
                Piece::Text(text) => self.characters(&text, end),
                Piece::Invalid(bytes) => self.invalid(bytes.len()),
            }
        }
        if self.start < end {
            // Bytes that are complete and say nothing: only ISO-2022-JP has them.
            self.take(end, Content::Switch);
        }
    }

    /// The characters of the bytes up to `end`. One byte ends at most one character of several bytes; what stands before it was taken
    /// for a part of another one and is given back, a byte each.
    fn characters(&mut self, text: &str, end: usize) {
        let bytes = end.saturating_sub(self.start);
        if self.decoder.encoding() == Encoding::BIG5 && !text.is_ascii() && text.chars().nth(1).is_some() {
            self.take(end, Content::Characters(text.to_owned()));
            return;
        }
        debug_assert!(text.chars().count() <= bytes, "more characters than bytes");
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let until = if characters.peek().is_some() { self.start + 1 } else { end };
            self.take(until, Content::Character(character));
        }
    }

    fn invalid(&mut self, length: usize) {
        // Only the second of two switches shows that the first one was useless. No other sequence that long is malformed in ISO-2022-JP.
        if length == SWITCH
            && let Some((_, content @ Content::Switch)) = self.cells.last_mut()
        {
            *content = Content::Invalid(Fault::UselessSwitch);
            return;
        }
        let range = self.start..self.start + length;
        let earlier = self.input.get(..range.start).unwrap_or_default();
        let sequence = self.input.get(range.clone()).unwrap_or_default();
        let later = self.input.get(range.end..).unwrap_or_default();
        let fault = Fault::of(self.decoder.encoding(), earlier, sequence, later);
        self.take(range.end, Content::Invalid(fault));
    }

    fn take(&mut self, end: usize, content: Content) {
        self.cells.push((self.start..end, content));
        self.start = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cells as `41=A C480=!`: bytes and character, `!` malformed, `>` a switch, `…` unfinished.
    fn shown(label: &str, excerpt: &Excerpt<'_>) -> String {
        let all = [excerpt.before, excerpt.bytes, excerpt.after].concat();
        let at = |place: isize| (place + excerpt.before.len() as isize) as usize;
        let one = |cell: Cell| {
            let content = match cell.content {
                Content::Character(character) => character.to_string(),
                Content::Characters(text) => text,
                Content::Switch => ">".to_owned(),
                Content::Invalid(_) => "!".to_owned(),
                Content::Unfinished => "…".to_owned(),
            };
            format!("{}={content}", super::super::hex::compact(&all[at(cell.bytes.start)..at(cell.bytes.end)]).to_uppercase())
        };
        let found = cells(Encoding::for_label(label).unwrap(), excerpt);
        found.into_iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn bytes_of_characters() {
        for (label, bytes, expected) in [
            ("utf-8", &b"a\xE4\xBD\xA0\xF0\x9F\x98\x80"[..], "61=a E4BDA0=你 F09F9880=😀"),
            ("utf-8", b"\xE4\xBDa\xC0\x80\xE4", "E4BD=! 61=a C0=! 80=! E4=!"),
            ("gbk", b"\xC4\xE3a\x80", "C4E3=你 61=a 80=€"),
            ("gb18030", b"\x95\x34\xB2\x35\x81\x30\x81x", "9534B235=𠮷 81=! 30=0 8178=亁"),
            ("gb18030", b"\x81\x30\x80\x81\x30\x81\x30", "81=! 30=0 80=€ 81308130=\u{80}"),
            ("big5", b"\xA7\x41\x88\x62\x88\x20", "A741=你 8862=\u{CA}\u{304} 88=! 20= "),
            ("shift_jis", b"\x82\xA0\xB1\x5C", "82A0=あ B1=ｱ 5C=\\"),
            ("euc-jp", b"\x8F\xB0\xA1\x8E\xB1", "8FB0A1=丂 8EB1=ｱ"),
            ("utf-16le", b"a\0\x3D\xD8\0\xDE\x3D\xD8b\0c", "6100=a 3DD800DE=😀 3DD8=! 6200=b 63=!"),
            ("iso-2022-jp", b"\x1B$B$\"\x1B(Ba", "1B2442=> 2422=あ 1B2842=> 61=a"),
            ("iso-2022-jp", b"\x1B$B\x1B(Ba\x1B(", "1B2442=! 1B2842=> 61=a 1B=! 28=("),
            ("iso-2022-jp", b"\x1B(I\x1B(x1", "1B2849=> 1B=! 28=ｨ 78=! 31=ｱ"),
            ("latin1", b"\xE9\x80", "E9=é 80=\u{80}"),
        ] {
            assert_eq!(shown(label, &Excerpt::whole(bytes)), expected, "{label} {bytes:02X?}");
        }
    }

    #[test]
    fn characters_cut_by_reads() {
        for (label, before, bytes, after, offset, expected) in [
            ("utf-8", &b"a\xE4"[..], &b"\xBD\xA0b\xE5"[..], &b"\xA5\xBDc"[..], 9, "E4BDA0=你 62=b E5A5BD=好"),
            ("utf-8", b"", b"\xE4\xBD", b"", 0, "E4BD=…"),
            ("utf-8", b"", b"\xBD\xA0", b"", 9, "BD=! A0=!"),
            ("gb18030", b" \x95", b"\x34\xB2", b"\x35", 40, "9534B235=𠮷"),
            ("gb18030", b"", b"\x95\x34", b"\xB2", 0, "9534B2=…"),
            ("gb18030", b" \x81", b"0", b"\x20", 40, "30=0"),
            ("utf-16le", b"\x3D\xD8\x00", b"\xDEa\0\x3D", b"\xD8\0\xDE", 7, "3DD800DE=😀 6100=a 3DD800DE=😀"),
            ("utf-16le", b"", b"\x4Fa\0", b"", 7, "4F=… 6100=a"),
            ("utf-16be", b"", b"\0aN", b"", 6, "0061=a 4E=…"),
            ("iso-2022-jp", b"\x1B$B$", b"\"\x1B(B", b"\x1B$B", 80, "2422=あ 1B2842=!"),
            ("iso-2022-jp", b"$\"", b"$\"", b"", 80, "24=$ 22=\""),
            // Nothing says whose second byte it may be: the row's own start is taken for a beginning.
            ("gbk", b"\xC4\xE3\xBA", b"\xC3\xC4\xE3", b"", 80, "C3C4=媚 E3=…"),
            ("gbk", b" \xC4\xE3\xBA", b"\xC3\xC4\xE3", b"", 80, "BAC3=好 C4E3=你"),
        ] {
            let excerpt = Excerpt { before, bytes, after, stream_offset: offset, ends: false };
            assert_eq!(shown(label, &excerpt), expected, "{label} {before:02X?} {bytes:02X?} {after:02X?}");
        }
    }
}
