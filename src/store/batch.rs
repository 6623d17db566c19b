//! Records on their way to disk: encoded once, written with one call, large payloads from where they are. Must never know the file.

use super::entry::{self, Encoded};
use super::index::Point;
use crate::traffic::log::Lost;
use crate::traffic::record::{Record, RecordId};
use std::io::{self, IoSlice, Write};
use std::sync::Arc;

/// A payload from this size on is written from where it is instead of being copied beside its header.
const BY_REFERENCE: usize = 4 << 10;

/// A piece of a batch: bytes of its buffer, or a payload where it is.
enum Piece {
    Buffered(usize),
    Payload(Arc<[u8]>),
}

/// Records in a row that wait to be written.
#[derive(Default)]
pub struct Batch {
    /// The first of them.
    pub first: u64,
    buffer: Vec<u8>,
    pieces: Vec<Piece>,
    /// Their bytes.
    pub size: u64,
    /// How many, and their payload.
    pub count: Lost,
    /// Points in it, relative to its begin.
    pub points: Vec<Point>,
}

impl Batch {
    /// The record after the last.
    pub fn next(&self) -> u64 {
        self.first + self.count.records
    }

    /// Adds the next record, if asked for with a point at its begin. Returns its bytes.
    pub fn push(&mut self, id: RecordId, record: &Record, with_point: bool) -> u64 {
        if self.size == 0 {
            self.first = id.0;
        }
        if with_point {
            self.points.push(Point { id: id.0, at: self.size });
        }
        let Encoded { header, front } = entry::encode(record);
        self.buffered(&header);
        self.buffered(&front);
        let mut length = front.len();
        if let Some(data) = record.data() {
            self.count.bytes += data.bytes.len() as u64;
            if data.bytes.len() < BY_REFERENCE {
                self.buffered(&data.bytes);
            } else {
                self.pieces.push(Piece::Payload(data.bytes.clone()));
            }
            length += data.bytes.len();
        }
        let size = (entry::HEADER + length) as u64;
        self.size += size;
        self.count.records += 1;
        size
    }

    fn buffered(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        match self.pieces.last_mut() {
            Some(Piece::Buffered(length)) => *length += bytes.len(),
            _ => self.pieces.push(Piece::Buffered(bytes.len())),
        }
    }

    /// Empties it and keeps its memory, within reason.
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.buffer.shrink_to(1 << 20);
        self.pieces.clear();
        self.points.clear();
        self.size = 0;
        self.count = Lost::default();
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn write_to(&self, file: &mut impl Write) -> io::Result<()> {
        let mut rest = &self.buffer[..];
        let mut slices: Vec<IoSlice<'_>> = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            slices.push(IoSlice::new(match piece {
                Piece::Buffered(length) => {
                    let (these, others) = rest.split_at(*length);
                    rest = others;
                    these
                }
                Piece::Payload(bytes) => bytes,
            }));
        }
        let mut slices = &mut slices[..];
        while !slices.is_empty() {
            match file.write_vectored(slices) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => IoSlice::advance_slices(&mut slices, count),
                Err(problem) if problem.kind() == io::ErrorKind::Interrupted => {}
                Err(problem) => return Err(problem),
            }
        }
        Ok(())
    }
}
