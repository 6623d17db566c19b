//! Where each record of a session lies on disk, and the way to read it. Shared by the one that writes and all that read; the lock is
//! held for a look only, never while a file is read. Memory is a point per 256 KiB, not per record.

use super::entry::{self, Parsed, Raw, Trust};
use crate::traffic::record::RecordId;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Bytes between two points: what is read and decoded to show one row, a fraction of a millisecond.
pub const PAGE: u64 = 256 << 10;

/// A place in a segment from which entries can be read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The record that begins here.
    pub id: u64,
    /// Where, in bytes from the start of the file.
    pub at: u64,
}

/// One file of a spool: records without a hole between them.
#[derive(Clone)]
pub struct Segment {
    /// The file, open for reading alone; it stays readable for those that hold it after it was deleted.
    pub file: Arc<File>,
    /// Where it is.
    pub path: PathBuf,
    /// Its first record.
    pub first: u64,
    /// The record after its last.
    pub next: u64,
    /// Bytes that are whole entries.
    pub size: u64,
    /// Payload in them.
    pub payload: u64,
    /// Places to read from; the first is at the first record.
    pub points: Vec<Point>,
}

/// A session's segments, oldest first.
#[derive(Default)]
pub struct Index(Mutex<VecDeque<Segment>>);

/// Some records in a row in one file.
#[derive(Clone)]
pub struct Span {
    /// The first of them.
    pub first: RecordId,
    /// The one after the last.
    pub next: RecordId,
    file: Arc<File>,
    from: u64,
    to: u64,
}

impl Index {
    /// Looks at or changes the segments. Only the spool that writes them changes them.
    pub fn with<T>(&self, act: impl FnOnce(&mut VecDeque<Segment>) -> T) -> T {
        act(&mut self.0.lock())
    }

    /// What it has now, for someone who reads on though the spool forgets it: files stay readable while they are held.
    pub fn frozen(&self) -> Self {
        Self(Mutex::new(self.with(|segments| segments.clone())))
    }

    /// The oldest record that is kept; `None` when there is none.
    pub fn first(&self) -> Option<RecordId> {
        self.with(|segments| segments.front().map(|segment| RecordId(segment.first)))
    }

    /// The record after the newest that is kept.
    pub fn next(&self) -> Option<RecordId> {
        self.with(|segments| segments.back().map(|segment| RecordId(segment.next)))
    }

    /// Bytes on disk.
    pub fn size(&self) -> u64 {
        self.with(|segments| segments.iter().map(|segment| segment.size).sum())
    }

    /// The records around `id`, or after it where it is missing: from the nearest point on, `want` bytes or a little more.
    /// `None` when there is none from there on.
    pub fn span(&self, id: RecordId, want: u64) -> Option<Span> {
        self.with(|segments| {
            // Usually there are some twenty, but a disk that takes records only now and then leaves one for each time.
            let from = segments.partition_point(|segment| segment.next <= id.0);
            // The newest may have been begun and have nothing yet.
            let segment = segments.range(from..).find(|segment| segment.next > segment.first)?;
            let begin = segment.points.partition_point(|point| point.id <= id.0).saturating_sub(1);
            let from = *segment.points.get(begin)?;
            let until = segment.points[begin + 1..].iter().find(|point| point.at - from.at >= want);
            let end = until.copied().unwrap_or(Point { id: segment.next, at: segment.size });
            Some(Span { first: RecordId(from.id), next: RecordId(end.id), file: segment.file.clone(), from: from.at, to: end.at })
        })
    }
}

impl Span {
    /// Reads its bytes over what is in `buffer`.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn read(&self, buffer: &mut Vec<u8>) -> io::Result<()> {
        buffer.resize(usize::try_from(self.to - self.from).map_err(io::Error::other)?, 0);
        read_at(&self.file, buffer, self.from)
    }

    /// The entries in bytes that [`Span::read`] gave.
    pub fn entries<'a>(&self, mut bytes: &'a [u8]) -> impl Iterator<Item = (RecordId, Raw<'a>)> {
        let ids = (self.first.0..self.next.0).map(RecordId);
        ids.map_while(move |id| match entry::parse(bytes, Trust::Own) {
            Parsed::Whole(raw, size) => {
                bytes = &bytes[size..];
                Some((id, raw))
            }
            Parsed::Cut | Parsed::Damaged => None,
        })
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, at)
}

#[cfg(windows)]
fn read_at(file: &File, mut buffer: &mut [u8], mut at: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, buffer, at)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                buffer = &mut buffer[count..];
                at += count as u64;
            }
        }
    }
    Ok(())
}
