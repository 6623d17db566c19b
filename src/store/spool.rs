//! Every record of one session on disk, in segments: appended in batches, the oldest segment dropped whole. One `write` per batch and
//! no buffer of our own left behind: what was flushed survives the end of the program by whatever means, though not a power cut, which
//! may take what the system had not yet written (some 30 seconds). Must never lose a batch that could not be written without being told to.

use super::entry;
use super::index::{Index, PAGE, Point, Segment};
use crate::traffic::log::Lost;
use crate::traffic::record::{Entry, Record, RecordId};
use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How a segment begins.
pub const MAGIC: &[u8; 8] = b"SKSPOOL1";
/// The ending of a segment's file.
pub const ENDING: &str = "spool";
/// A payload from this size on is written from where it is instead of being copied beside its header.
const BY_REFERENCE: usize = 4 << 10;
/// What a probe of the disk writes: room for what is told when records are written again.
const PROBE: usize = 64 << 10;

/// A piece of a batch: bytes of its buffer, or a payload where it is.
enum Piece {
    Buffered(usize),
    Payload(Arc<[u8]>),
}

/// Records that wait for the next flush.
#[derive(Default)]
struct Batch {
    first: u64,
    buffer: Vec<u8>,
    pieces: Vec<Piece>,
    size: u64,
    count: Lost,
    /// Points in it, relative to its begin.
    points: Vec<Point>,
}

/// Records in a row that were dropped.
pub struct Dropped {
    /// The records.
    pub lost: Lost,
    /// The record after the last of them.
    pub next: RecordId,
    /// Their bytes, on disk or on the way there.
    pub size: u64,
}

/// The writing end.
pub struct Spool {
    folder: PathBuf,
    segment_size: u64,
    /// Bytes between two points.
    page: u64,
    index: Arc<Index>,
    batch: Batch,
    since_point: u64,
    /// The newest segment's file. Readers have it open for themselves: on Windows a read moves the place where the next write would go.
    writing: Option<File>,
    /// Whether the last write failed, so that the file may end in part of an entry.
    torn: bool,
    /// In tests: the bytes that the disk still takes.
    #[cfg(test)]
    pub(super) room: Option<u64>,
}

impl Spool {
    /// A spool in this folder, which is made when it is needed.
    pub fn new(folder: PathBuf, segment_size: u64) -> Self {
        Self {
            folder,
            segment_size,
            page: PAGE,
            index: Arc::default(),
            batch: Batch::default(),
            since_point: 0,
            writing: None,
            torn: false,
            #[cfg(test)]
            room: None,
        }
    }

    /// Other sizes from now on; the newest segment ends where it is when it is larger already.
    pub fn set_sizes(&mut self, segment_size: u64, page: u64) {
        self.segment_size = segment_size;
        self.page = page;
    }

    /// A spool of segments that were read from disk, to which nothing is added.
    pub fn of(folder: PathBuf, segments: Vec<Segment>) -> Self {
        let spool = Self::new(folder, 0);
        spool.index.with(|index| index.extend(segments));
        spool
    }

    /// Moves its files to another folder of the same disk. A file that can't be moved stays where it is and is read from there.
    pub fn move_to(&mut self, folder: PathBuf) {
        if folder == self.folder || std::fs::create_dir_all(&folder).is_err() {
            return;
        }
        self.index.with(|segments| {
            for segment in segments {
                if let Some(name) = segment.path.file_name() {
                    let path = folder.join(name);
                    if std::fs::rename(&segment.path, &path).is_ok() {
                        segment.path = path;
                    }
                }
            }
        });
        self.folder = folder;
    }

    /// For reading.
    pub fn index(&self) -> &Arc<Index> {
        &self.index
    }

    /// Bytes that wait for a flush.
    pub fn waiting(&self) -> u64 {
        self.batch.size
    }

    /// Puts a record into the batch; `id` is the number after the last one's.
    pub fn append(&mut self, id: RecordId, record: &Record) {
        let batch = &mut self.batch;
        if batch.pieces.is_empty() {
            batch.first = id.0;
        }
        if self.since_point >= self.page {
            batch.points.push(Point { id: id.0, at: batch.size });
            self.since_point = 0;
        }
        let (header, note) = entry::encode(record);
        batch.buffered(&header);
        let length = match (&record.entry, note) {
            (Entry::Data(data), _) => {
                batch.count.bytes += data.bytes.len() as u64;
                if data.bytes.len() < BY_REFERENCE {
                    batch.buffered(&data.bytes);
                } else {
                    batch.pieces.push(Piece::Payload(data.bytes.clone()));
                }
                data.bytes.len()
            }
            (Entry::Note(_), note) => {
                let note = note.unwrap_or_default();
                batch.buffered(&note);
                note.len()
            }
        };
        let size = (entry::HEADER + length) as u64;
        batch.size += size;
        batch.count.records += 1;
        self.since_point += size;
    }

    /// Writes the batch. What fails stays in the batch and is tried again by the next flush.
    ///
    /// # Errors
    /// Whatever the system says about the folder, the file or the write.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.batch.pieces.is_empty() {
            return Ok(());
        }
        self.write().inspect_err(|_| self.trim())?;
        let batch = &mut self.batch;
        self.index.with(|segments| {
            if let Some(segment) = segments.back_mut() {
                let base = segment.size;
                let points = batch.points.iter().map(|point| Point { id: point.id, at: base + point.at });
                // The first record of a file has its point already.
                segment.points.extend(points.filter(|point| point.id > segment.first));
                segment.size += batch.size;
                segment.payload += batch.count.bytes;
                segment.next = batch.first + batch.count.records;
            }
        });
        batch.clear();
        Ok(())
    }

    /// Gives up what waits, because it can't be written. The records are missing on disk from then on.
    pub fn drop_waiting(&mut self) -> Dropped {
        let Batch { first, count: lost, size, .. } = self.batch;
        self.batch.clear();
        Dropped { lost, next: RecordId(first + lost.records), size }
    }

    /// Finds out whether the disk takes something again, while nothing waits.
    ///
    /// # Errors
    /// Whatever the system says about the folder, the file or the write.
    pub fn probe(&self) -> io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let path = self.folder.join("probe");
        let written = std::fs::write(&path, [0; PROBE]);
        remove(&path);
        written
    }

    /// Deletes the oldest segment, unless it is the only one; what was in it.
    pub fn drop_oldest(&mut self) -> Option<Dropped> {
        let oldest = self.index.with(|segments| if segments.len() > 1 { segments.pop_front() } else { None })?;
        Some(dropped(&oldest))
    }

    /// Deletes the only segment, unless there is nothing in it; what was in it.
    pub fn drop_only(&mut self) -> Option<Dropped> {
        let only = self.index.with(|segments| {
            let is_only = segments.len() == 1 && segments.front().is_some_and(|only| only.next > only.first);
            if is_only { segments.pop_front() } else { None }
        })?;
        self.writing = None;
        Some(dropped(&only))
    }

    /// Deletes everything.
    pub fn clear(&mut self) {
        self.batch.clear();
        self.writing = None;
        let all = self.index.with(std::mem::take);
        for segment in all {
            remove(&segment.path);
        }
    }

    /// Bytes on disk.
    pub fn size(&self) -> u64 {
        self.index.size()
    }

    fn end(&self) -> u64 {
        self.index.with(|segments| segments.back().map_or(0, |segment| segment.size))
    }

    fn write(&mut self) -> io::Result<()> {
        if !self.has_open_segment() {
            self.begin_segment()?;
        }
        let end = self.torn.then(|| self.end());
        let Some(file) = &mut self.writing else { return Err(io::ErrorKind::NotFound.into()) };
        if let Some(end) = end {
            file.set_len(end)?;
            file.seek(SeekFrom::Start(end))?;
        }
        self.torn = true;
        #[cfg(test)]
        write_all(&mut super::spool_tests::Narrow { file, room: &mut self.room }, &self.batch)?;
        #[cfg(not(test))]
        write_all(file, &self.batch)?;
        self.torn = false;
        Ok(())
    }

    /// Takes away what a write that failed has left behind the last whole entry: it is room on a full disk, and the next batch may go
    /// elsewhere. Where that fails it is tried again by the next write.
    fn trim(&mut self) {
        let end = self.end();
        if self.torn
            && let Some(file) = &mut self.writing
        {
            self.torn = file.set_len(end).and_then(|()| file.seek(SeekFrom::Start(end))).is_err();
        }
    }

    /// Whether the batch goes into the newest file: unless that is full or gone, or records are missing between it and the batch.
    fn has_open_segment(&self) -> bool {
        let (first, limit) = (self.batch.first, self.segment_size);
        let fits = |segments: &mut VecDeque<Segment>| {
            segments.back().is_some_and(|newest| newest.next == first && (newest.size < limit || newest.next == newest.first))
        };
        self.writing.as_ref().is_some_and(|file| !is_deleted(file)) && self.index.with(fits)
    }

    fn begin_segment(&mut self) -> io::Result<()> {
        self.trim();
        std::fs::create_dir_all(&self.folder)?;
        let first = self.batch.first;
        let path = self.folder.join(format!("{first:020}.{ENDING}"));
        let begun = begin(&path).inspect_err(|_| remove(&path));
        let (writing, reading) = begun?;
        self.writing = Some(writing);
        self.torn = false;
        let size = MAGIC.len() as u64;
        // The batch counts its own points from its begin; the first record of a file always has one.
        let points = vec![Point { id: first, at: size }];
        let segment = Segment { file: Arc::new(reading), path, first, next: first, size, payload: 0, points };
        self.index.with(|segments| {
            // One that was begun and never got a record, because the disk was full, is of no use any more.
            if let Some(empty) = segments.pop_back_if(|newest| newest.next == newest.first)
                && empty.path != segment.path
            {
                remove(&empty.path);
            }
            segments.push_back(segment);
        });
        Ok(())
    }
}

fn dropped(segment: &Segment) -> Dropped {
    remove(&segment.path);
    let lost = Lost { records: segment.next - segment.first, bytes: segment.payload };
    Dropped { lost, next: RecordId(segment.next), size: segment.size }
}

/// A new segment's file, to write and to read.
fn begin(path: &Path) -> io::Result<(File, File)> {
    let mut writing = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    writing.write_all(MAGIC)?;
    Ok((writing, File::open(path)?))
}

/// Whether somebody has deleted a file that is open here: then what is written to it is not there after this program's end.
#[cfg(unix)]
pub(super) fn is_deleted(file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    file.metadata().is_ok_and(|data| data.nlink() == 0)
}

/// The system does not tell; it also does not let open files vanish that easily.
#[cfg(not(unix))]
pub(super) fn is_deleted(_: &File) -> bool {
    false
}

impl Batch {
    fn buffered(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        match self.pieces.last_mut() {
            Some(Piece::Buffered(length)) => *length += bytes.len(),
            _ => self.pieces.push(Piece::Buffered(bytes.len())),
        }
    }

    fn clear(&mut self) {
        self.buffer.clear();
        self.buffer.shrink_to(1 << 20);
        self.pieces.clear();
        self.points.clear();
        self.size = 0;
        self.count = Lost::default();
    }
}

fn write_all(file: &mut impl Write, batch: &Batch) -> io::Result<()> {
    let mut rest = &batch.buffer[..];
    let mut slices: Vec<IoSlice<'_>> = Vec::with_capacity(batch.pieces.len());
    for piece in &batch.pieces {
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

/// A file that can't be deleted takes room until the program ends and its folder is cleared; nothing else depends on it.
fn remove(path: &Path) {
    std::fs::remove_file(path).ok();
}
