//! What a capture is read from: bytes in order, counted, in portions that never exceed a bound, whatever a length field claims. Must
//! never know what they mean.

use std::io::{self, BufRead, BufReader, Cursor, Read};

/// The most that any block, line or record is read into memory. What claims to be larger is skipped or cut.
pub const LARGEST: usize = 16 << 20;

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

    /// Appends a line with its line end, or [`LARGEST`] bytes of a longer one; `false` when there is nothing more.
    ///
    /// # Errors
    /// When reading fails.
    pub fn line(&mut self, into: &mut Vec<u8>) -> io::Result<bool> {
        let read = self.read.by_ref().take(LARGEST as u64).read_until(b'\n', into)?;
        self.position += read as u64;
        Ok(read > 0)
    }
}
