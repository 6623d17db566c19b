//! What a capture is read from: bytes in order, counted, in portions that never exceed a bound, whatever a length field claims. Must
//! never know what they mean.

use std::io::{self, BufRead, BufReader, Cursor, Read};

/// The most that any block or packet is read into memory. What claims to be larger is skipped.
pub const LARGEST: usize = 16 << 20;

/// The longest line, and the most text that is read of one record: 4 MiB of bytes that are no text, each as `\\xHH` in JSON beside its
/// hex, are 28 MiB.
pub const LONGEST: usize = 64 << 20;

/// Bytes in order.
pub struct Input {
    read: BufReader<Box<dyn Read + Send>>,
    position: u64,
}

impl Input {
    /// Looks at up to `length` first bytes, which are then read again.
    ///
    /// # Errors
    /// When reading fails.
    pub fn open(mut read: impl Read + Send + 'static, length: u64) -> io::Result<(Vec<u8>, Self)> {
        let mut head = Vec::new();
        read.by_ref().take(length).read_to_end(&mut head)?;
        let all: Box<dyn Read + Send> = Box::new(Cursor::new(head.clone()).chain(read));
        Ok((head, Self { read: BufReader::with_capacity(1 << 18, all), position: 0 }))
    }

    /// How many bytes have been read.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Appends `length` bytes, fewer only at the end; says whether all were there. Memory grows as they come, not as they are claimed.
    ///
    /// # Errors
    /// When reading fails.
    pub fn append(&mut self, length: usize, into: &mut Vec<u8>) -> io::Result<bool> {
        let read = self.read.by_ref().take(length as u64).read_to_end(into)?;
        self.position += read as u64;
        Ok(read == length)
    }

    /// Passes over `length` bytes, fewer only at the end; says how many.
    ///
    /// # Errors
    /// When reading fails.
    pub fn skip(&mut self, length: u64) -> io::Result<u64> {
        let skipped = io::copy(&mut self.read.by_ref().take(length), &mut io::sink())?;
        self.position += skipped;
        Ok(skipped)
    }

    /// Appends a line with its line end, or [`LONGEST`] bytes of a longer one; `false` when there is nothing more.
    ///
    /// # Errors
    /// When reading fails.
    pub fn line(&mut self, into: &mut Vec<u8>) -> io::Result<bool> {
        let read = self.read.by_ref().take(LONGEST as u64).read_until(b'\n', into)?;
        self.position += read as u64;
        Ok(read > 0)
    }
}
