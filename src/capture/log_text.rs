//! The text of a log as the bytes that it stood for. Must never know how a log writes its headers.

use super::Seen;
use super::flow::Told;
use super::netassist::filled;
use crate::codec::decoder::escaped;
use crate::codec::encoding::Encoding;
use crate::traffic::record::Direction;
use std::collections::VecDeque;

/// What the start of a character that a record cuts in two can be: three bytes, of GB18030, UTF-8 or UTF-16.
const LONGEST_START: usize = 3;
/// Records that may wait for one that lacks bytes.
const MOST_WAITING: usize = 1024;
/// How long `\xHH` is.
const ESCAPE: usize = 4;

/// From the file's encoding to that of the bytes.
pub struct Text {
    encoding: Encoding,
    /// GBK once a payload was no UTF-8.
    file: Encoding,
}

impl Text {
    /// For bytes in this encoding.
    pub fn new(encoding: Encoding) -> Self {
        Self { encoding, file: Encoding::UTF_8 }
    }

    /// Whether a payload can't be all of what its header promises. A log whose encoding was not guessed right has other lengths, so the
    /// file's own bytes count too: rather a record that ends too early than one that swallows the rest of the log.
    pub fn lacks(&self, length: Option<usize>, payload: &[u8]) -> bool {
        let Some(length) = length.filter(|length| *length <= super::input::LARGEST) else { return false };
        payload.len() + LONGEST_START < length
    }

    /// The bytes of a payload that stands for `length` bytes, and for `owed` more that belong to the records before it.
    ///
    /// # Errors
    /// The file's own bytes, where the text has a character that the encoding lacks.
    pub fn bytes(&mut self, payload: &[u8], length: Option<usize>, owed: usize) -> Result<Vec<u8>, Vec<u8>> {
        if self.file == Encoding::UTF_8 && std::str::from_utf8(payload).is_err() {
            self.file = Encoding::GBK;
        }
        let length = length.map(|length| length.saturating_add(owed));
        let fits = |bytes: &[u8]| length.is_none_or(|length| bytes.len() == length);
        // No text at all: the bytes are in the file as they were.
        if self.file == self.encoding && fits(payload) {
            return Ok(payload.to_vec());
        }
        let text = escaped(&self.file.decode(payload));
        let encoded = |text: &str| self.encoding.encode(text).map_err(|_| payload.to_vec());
        let plain = encoded(&text)?;
        if fits(&plain) {
            return Ok(plain);
        }
        // A tool on the way may have changed line ends.
        let unix = text.replace("\r\n", "\n");
        if unix != text
            && let Ok(unix) = encoded(&unix)
            && length == Some(unix.len())
        {
            return Ok(unix);
        }
        Ok(self.unescaped(&text, plain.len() - length.unwrap_or(0).min(plain.len()))?.unwrap_or(plain))
    }

    /// The bytes of a text in which `\xHH` are bytes, as many of them as the text is too long; those of control characters, which our
    /// export never writes so, last. `None` where there are none.
    fn unescaped(&self, text: &str, surplus: usize) -> Result<Option<Vec<u8>>, Vec<u8>> {
        // What an escape as text costs more than as a byte.
        let cost = self.encoding.encode("\\xFF").map_or(ESCAPE, |bytes| bytes.len()).saturating_sub(1).max(1);
        let wanted = surplus.div_ceil(cost);
        let mut escapes: Vec<(usize, u8)> =
            text.match_indices("\\x").filter_map(|(at, _)| Some((at, value(text, at)?))).collect();
        // A decoder calls no ASCII undecodable, but for what follows the first byte of a pair.
        escapes.sort_by_key(|(_, byte)| byte.is_ascii());
        escapes.truncate(wanted);
        escapes.sort_unstable();
        if escapes.is_empty() {
            return Ok(None);
        }
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = 0;
        let encode = |range: &str| self.encoding.encode(range).map_err(|_| text.as_bytes().to_vec());
        for (at, byte) in escapes {
            bytes.extend(encode(text.get(rest..at).unwrap_or_default())?);
            bytes.push(byte);
            rest = at + ESCAPE;
        }
        bytes.extend(encode(text.get(rest..).unwrap_or_default())?);
        Ok(Some(bytes))
    }
}

fn value(text: &str, at: usize) -> Option<u8> {
    let digits = text.get(at + 2..at + ESCAPE)?;
    let is_ours = digits.bytes().all(|digit| digit.is_ascii_digit() || (b'A'..=b'F').contains(&digit));
    if is_ours { u8::from_str_radix(digits, 16).ok() } else { None }
}

/// Cuts the text of each direction where its records were cut: a record that ends within a character has less text than bytes, and the
/// next one of its direction more.
#[derive(Default)]
pub struct Cutter {
    /// Records in the order of the log; the first lacks bytes.
    waiting: VecDeque<Waiting>,
}

struct Waiting {
    seen: Seen,
    direction: Direction,
    bytes: Vec<u8>,
    /// How many bytes come with a later record.
    lacks: usize,
}

impl Cutter {
    /// How many bytes the next record of a direction has for those before it.
    pub fn owed(&self, direction: Direction) -> usize {
        self.waiting.iter().filter(|waiting| waiting.direction == direction).map(|waiting| waiting.lacks).sum()
    }

    /// Adds a record with the bytes of its text and the length that it had; without a length it is what it is.
    pub fn push(&mut self, direction: Direction, seen: Seen, bytes: Vec<u8>, length: Option<usize>, told: &mut Told) {
        let owed = self.owed(direction);
        let length = length.unwrap_or(bytes.len());
        let is_start = |text: usize| text <= length && length - text <= LONGEST_START;
        let mut bytes = bytes;
        match bytes.len().checked_sub(owed) {
            // What the records before lack comes first, if this one then lacks no more than the start of a character.
            Some(rest) if is_start(rest) => {
                let own = bytes.split_off(owed);
                let mut content = bytes.into_iter();
                for earlier in self.waiting.iter_mut().filter(|waiting| waiting.direction == direction) {
                    earlier.bytes.extend(content.by_ref().take(earlier.lacks));
                    earlier.lacks = 0;
                }
                bytes = own;
            }
            // Within a character: it has no text at all.
            None if bytes.is_empty() && owed + length <= LONGEST_START => {}
            _ => self.give_up(direction, told),
        }
        let lacks = if is_start(bytes.len()) { length - bytes.len() } else { 0 };
        told.summary.misfits += u64::from(bytes.len() + lacks != length);
        self.waiting.push_back(Waiting { seen, direction, bytes, lacks });
        if self.waiting.len() > MOST_WAITING {
            self.flush(told);
        }
        self.release(told);
    }

    /// Tells what is complete.
    fn release(&mut self, told: &mut Told) {
        while let Some(waiting) = self.waiting.pop_front_if(|waiting| waiting.lacks == 0) {
            told.out.push_back(filled(waiting.seen, waiting.bytes));
        }
    }

    /// What is lacking will not come.
    fn give_up(&mut self, direction: Direction, told: &mut Told) {
        for waiting in self.waiting.iter_mut().filter(|waiting| waiting.direction == direction && waiting.lacks > 0) {
            waiting.lacks = 0;
            told.summary.misfits += 1;
        }
    }

    /// Tells all, complete or not.
    pub fn flush(&mut self, told: &mut Told) {
        self.give_up(Direction::Received, told);
        self.give_up(Direction::Sent, told);
        self.release(told);
    }
}
