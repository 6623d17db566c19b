//! The bytes of a stream into text, read by read, with every undecodable byte kept. It must never know who reads or when, and never
//! eat or sniff a byte order mark.

use encoding_rs::DecoderResult;

use super::encoding::Encoding;

/// A part of decoded bytes. Two [`Piece::Text`] never stand side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Decoded characters.
    Text(String),
    /// One malformed sequence, as the WHATWG decoder cuts it, with exactly its bytes.
    Invalid(Vec<u8>),
}

/// The text of `pieces` with each undecodable byte as `\xHH`.
pub fn escaped(pieces: &[Piece]) -> String {
    let mut text = String::with_capacity(pieces.iter().map(Piece::shown_len).sum());
    for piece in pieces {
        match piece {
            Piece::Text(part) => text.push_str(part),
            Piece::Invalid(bytes) => {
                for byte in bytes {
                    text.push_str("\\x");
                    super::hex::push_upper(&mut text, *byte);
                }
            }
        }
    }
    text
}

impl Piece {
    /// How many bytes [`escaped`] needs for it.
    fn shown_len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Invalid(bytes) => bytes.len() * 4,
        }
    }
}

/// The longest that a character begun and not ended can be: three bytes, of GB18030, UTF-8 or UTF-16.
const LONGEST_PENDING: usize = 3;
/// How far back a malformed sequence can begin: two escape sequences of ISO-2022-JP, the first one useless.
const HISTORY: usize = 8;
/// The room for text after an error, in bytes. Each call of encoding_rs touches every page of a string's spare room, so among many
/// errors a large one would cost its size each time (8 MiB of garbage took 98 s).
const SMALL: usize = 4096;
/// ISO-2022-JP's switches begin with it.
const ESC: u8 = 0x1B;

/// Decodes one stream. What it puts out does not depend on how the stream is cut into pushes.
pub struct Decoder {
    encoding: Encoding,
    /// `None`: ISO 8859-1, which needs none.
    inner: Option<encoding_rs::Decoder>,
    /// The last bytes taken in, at most [`HISTORY`], because a malformed sequence may begin in an earlier push.
    recent: Vec<u8>,
    /// How many bytes at the end of `recent` belong to a character not ended.
    open: usize,
}

impl Decoder {
    pub(super) fn new(encoding: Encoding) -> Self {
        Self { encoding, inner: fresh(encoding), recent: Vec::with_capacity(HISTORY), open: 0 }
    }

    /// The encoding it decodes.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The characters that these bytes complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Piece> {
        let mut output = Output::new(self.room(bytes.len()));
        self.feed(bytes, &mut output);
        output.finish()
    }

    /// The stream has ended: a character not ended is malformed. The decoder then begins afresh.
    pub fn finish(&mut self) -> Vec<Piece> {
        let mut output = Output::new(0);
        self.end(&mut output);
        output.finish()
    }

    /// The bytes of the character begun and not ended, at most three.
    pub fn pending(&self) -> &[u8] {
        self.recent.get(self.recent.len() - self.open..).unwrap_or_default()
    }

    pub(super) fn decode_whole(mut self, bytes: &[u8]) -> Vec<Piece> {
        let mut output = Output::new(self.room(bytes.len()));
        self.feed(bytes, &mut output);
        self.end(&mut output);
        output.finish()
    }

    fn feed(&mut self, bytes: &[u8], output: &mut Output) {
        if self.inner.is_none() {
            output.text.push_str(&encoding_rs::mem::decode_latin1(bytes));
            return;
        }
        if self.encoding.is_single_byte() {
            self.run(bytes, false, output);
            return;
        }
        if self.ends_a_character(bytes) {
            self.run(bytes, false, output);
            self.open = 0;
            return;
        }
        // encoding_rs does not say how much of a character it holds back. So the bulk goes in at once, and the last
        // bytes, which are all that can be held back, one by one: a byte that puts something out closes what was open.
        let bulk = bytes.len().saturating_sub(LONGEST_PENDING + 1);
        let (bulk, tail) = bytes.split_at(bulk);
        if !bulk.is_empty() {
            self.run(bulk, false, output);
        }
        for byte in tail {
            self.step(*byte, output);
        }
    }

    /// Whether the last of these bytes show, without decoding them, that no character is open after them. Most reads end so, and then
    /// all goes in at once.
    fn ends_a_character(&self, bytes: &[u8]) -> bool {
        if self.is_iso_2022_jp() {
            return false;
        }
        if self.encoding == Encoding::UTF_8 {
            return matches!(
                bytes,
                [.., 0..=0x7F] | [.., 0xC0..=0xDF, 0x80..=0xBF] | [.., 0xE0..=0xEF, 0x80..=0xBF, 0x80..=0xBF]
            );
        }
        let high = match bytes {
            [.., _, high] if self.encoding == Encoding::UTF_16LE => high,
            [.., high, _] if self.encoding == Encoding::UTF_16BE => high,
            // A digit may be the second byte of four in GBK and its kin; all else below 40 is never but a character of its own.
            [.., 0..=0x7F, b'0'..=b'9'] => return true,
            [.., last] => return *last < 0x40 && !last.is_ascii_digit() && bytes.len() > 1,
            [] => return false,
        };
        // What is open is odd where the place in the stream is; a high surrogate waits for the low one.
        (self.open + bytes.len()).is_multiple_of(2) && !matches!(high, 0xD8..=0xDB)
    }

    /// Takes in one byte and finds out how much is open after it.
    fn step(&mut self, byte: u8, output: &mut Output) {
        let seen = self.run(&[byte], false, output);
        self.open = match seen {
            _ if self.is_iso_2022_jp() => self.open_iso_2022_jp(byte, seen),
            Seen::Nothing => (self.open + 1).min(LONGEST_PENDING),
            Seen::Text => 0,
            Seen::Malformed { after } => after,
        };
    }

    /// ISO-2022-JP alone has bytes that put out nothing and are complete: its escape sequences.
    fn open_iso_2022_jp(&self, byte: u8, seen: Seen) -> usize {
        let after_escape = self.recent.ends_with(&[ESC, b'(', byte]) || self.recent.ends_with(&[ESC, b'$', byte]);
        match seen {
            _ if byte == ESC => 1,
            _ if after_escape => 0,
            Seen::Nothing => self.open + 1,
            Seen::Text => 0,
            Seen::Malformed { after } => after,
        }
    }

    fn is_iso_2022_jp(&self) -> bool {
        self.encoding.reader() == Some(encoding_rs::ISO_2022_JP)
    }

    fn end(&mut self, output: &mut Output) {
        self.run(&[], true, output);
        self.inner = fresh(self.encoding);
        self.recent.clear();
        self.open = 0;
    }

    /// How many bytes of text these bytes become, as a first guess: two bytes of Chinese become three of UTF-8.
    fn room(&self, bytes: usize) -> usize {
        if self.encoding == Encoding::UTF_8 { bytes } else { bytes + bytes / 2 }
    }

    /// Feeds `bytes` to encoding_rs and says what came out last.
    fn run(&mut self, bytes: &[u8], last: bool, output: &mut Output) -> Seen {
        let Some(inner) = &mut self.inner else { return Seen::Nothing };
        let mut seen = Seen::Nothing;
        let mut read = 0;
        loop {
            let before = output.text.len();
            let rest = bytes.get(read..).unwrap_or_default();
            let (result, taken) = inner.decode_to_string_without_replacement(rest, &mut output.text, last);
            read += taken;
            if output.text.len() > before {
                seen = Seen::Text;
            }
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => output.grow(bytes.len() - read),
                DecoderResult::Malformed(length, after) => {
                    let (length, after) = (usize::from(length), usize::from(after));
                    output.invalid(sequence(&self.recent, bytes.get(..read).unwrap_or_default(), length, after));
                    seen = Seen::Malformed { after: after + bytes.len() - read };
                }
            }
        }
        remember(&mut self.recent, bytes);
        seen
    }
}

/// What a run put out last.
#[derive(Clone, Copy)]
enum Seen {
    Nothing,
    Text,
    /// A malformed sequence, with so many bytes taken in after it.
    Malformed {
        after: usize,
    },
}

fn fresh(encoding: Encoding) -> Option<encoding_rs::Decoder> {
    encoding.reader().map(encoding_rs::Encoding::new_decoder_without_bom_handling)
}

/// The `length` bytes that end `after` bytes before the end of `recent` followed by `read`.
fn sequence(recent: &[u8], read: &[u8], length: usize, after: usize) -> Vec<u8> {
    let mut tail: Vec<u8> = Vec::with_capacity(length);
    let end = (recent.len() + read.len()).saturating_sub(after);
    for place in end.saturating_sub(length)..end {
        let byte = match place.checked_sub(recent.len()) {
            None => recent.get(place),
            Some(place) => read.get(place),
        };
        tail.extend(byte);
    }
    debug_assert_eq!(tail.len(), length, "a malformed sequence began before the history kept");
    tail
}

/// Appends `bytes` to the history and forgets what is too old.
fn remember(recent: &mut Vec<u8>, bytes: &[u8]) {
    let kept = bytes.get(bytes.len().saturating_sub(HISTORY)..).unwrap_or_default();
    let excess = (recent.len() + kept.len()).saturating_sub(HISTORY);
    recent.drain(..excess.min(recent.len()));
    recent.extend_from_slice(kept);
}

/// The pieces being put out: `text` is the one under way.
struct Output {
    pieces: Vec<Piece>,
    text: String,
}

impl Output {
    fn new(room: usize) -> Self {
        // The rest is encoding_rs's margin for one character.
        Self { pieces: Vec::new(), text: String::with_capacity(room + 16) }
    }

    /// Makes room: at least for a few characters, at most for what the bytes left can become.
    fn grow(&mut self, bytes_left: usize) {
        self.text.reserve(self.text.len().max(SMALL).min(bytes_left * 3 + 16));
    }

    /// Closes the text under way and adds a malformed sequence.
    fn invalid(&mut self, bytes: Vec<u8>) {
        if self.text.capacity() > SMALL {
            let text = std::mem::replace(&mut self.text, String::with_capacity(SMALL));
            self.push_text(text);
        } else if !self.text.is_empty() {
            self.pieces.push(Piece::Text(self.text.as_str().to_owned()));
            self.text.clear();
        }
        self.pieces.push(Piece::Invalid(bytes));
    }

    fn push_text(&mut self, mut text: String) {
        if !text.is_empty() {
            if text.capacity() > 2 * text.len() {
                text.shrink_to_fit();
            }
            self.pieces.push(Piece::Text(text));
        }
    }

    fn finish(mut self) -> Vec<Piece> {
        let text = std::mem::take(&mut self.text);
        self.push_text(text);
        self.pieces
    }
}
