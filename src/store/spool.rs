//! Every record of one session on disk, in segments: appended in batches, the oldest segment dropped whole. One `write` per batch and
//! no buffer of our own left behind: what was flushed survives the end of the program by whatever means, though not a power cut, which
//! may take what the system had not yet written (some 30 seconds). Must never lose a batch that could not be written without being told to.

use super::batch::Batch;
use super::index::{Index, PAGE, Point, Segment};
use crate::traffic::log::Lost;
use crate::traffic::record::{Record, RecordId};
use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How a segment begins.
pub const MAGIC: &[u8; 8] = b"SKSPOOL1";
/// The ending of a segment's file.
pub const ENDING: &str = "spool";
/// Bytes of a batch, or less where segments are smaller: on a disk that is nearly full, part of what waits may find room.
const BATCH: u64 = 1 << 20;
/// What a probe of the disk writes: room for what is told when records are written again.
const PROBE: usize = 64 << 10;

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
    /// What waits for a flush, oldest first; the newest is being filled.
    batches: VecDeque<Batch>,
    waiting: u64,
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
            batches: VecDeque::new(),
            waiting: 0,
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
        self.waiting
    }

    /// Puts a record into a batch; `id` is the number after the last one's.
    pub fn append(&mut self, id: RecordId, record: &Record) {
        let most = self.segment_size.min(BATCH);
        if self.batches.back().is_none_or(|newest| newest.size >= most) {
            self.batches.push_back(Batch::default());
        }
        let Some(batch) = self.batches.back_mut() else { return };
        let with_point = self.since_point >= self.page;
        let size = batch.push(id, record, with_point);
        self.since_point = size + if with_point { 0 } else { self.since_point };
        self.waiting += size;
    }

    /// Writes what waits, batch by batch. What fails stays and is tried again by the next flush.
    ///
    /// # Errors
    /// Whatever the system says about the folder, the file or the write.
    pub fn flush(&mut self) -> io::Result<()> {
        while let Some(mut batch) = self.batches.pop_front() {
            if batch.size == 0 {
                self.batches.push_front(batch);
                break;
            }
            if let Err(problem) = self.write(&batch) {
                self.trim();
                self.batches.push_front(batch);
                return Err(problem);
            }
            self.index.with(|segments| {
                if let Some(segment) = segments.back_mut() {
                    let base = segment.size;
                    let points = batch.points.iter().map(|point| Point { id: point.id, at: base + point.at });
                    // The first record of a file has its point already.
                    segment.points.extend(points.filter(|point| point.id > segment.first));
                    segment.size += batch.size;
                    segment.payload += batch.count.bytes;
                    segment.next = batch.next();
                }
            });
            self.waiting -= batch.size;
            if self.batches.is_empty() {
                // Its memory is used again.
                batch.clear();
                self.batches.push_back(batch);
                break;
            }
        }
        Ok(())
    }

    /// Gives up the oldest batch that waits, because it can't be written. Its records are missing on disk from then on.
    pub fn drop_waiting(&mut self) -> Option<Dropped> {
        let batch = self.batches.pop_front().filter(|batch| batch.size > 0)?;
        self.waiting -= batch.size;
        Some(Dropped { lost: batch.count, next: RecordId(batch.next()), size: batch.size })
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
        self.batches.clear();
        self.waiting = 0;
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

    fn write(&mut self, batch: &Batch) -> io::Result<()> {
        if !self.has_open_segment(batch.first) {
            self.begin_segment(batch.first)?;
        }
        let end = self.torn.then(|| self.end());
        let Some(file) = &mut self.writing else { return Err(io::ErrorKind::NotFound.into()) };
        if let Some(end) = end {
            file.set_len(end)?;
            file.seek(SeekFrom::Start(end))?;
        }
        self.torn = true;
        #[cfg(test)]
        batch.write_to(&mut super::spool_tests::Narrow { file, room: &mut self.room })?;
        #[cfg(not(test))]
        batch.write_to(file)?;
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

    /// Whether a batch that begins with this record goes into the newest file: unless that is full or gone, or records are missing
    /// between the two.
    fn has_open_segment(&self, first: u64) -> bool {
        let limit = self.segment_size;
        let fits = |segments: &mut VecDeque<Segment>| {
            segments.back().is_some_and(|newest| newest.next == first && (newest.size < limit || newest.next == newest.first))
        };
        self.writing.as_ref().is_some_and(|file| !is_deleted(file)) && self.index.with(fits)
    }

    fn begin_segment(&mut self, first: u64) -> io::Result<()> {
        self.trim();
        std::fs::create_dir_all(&self.folder)?;
        let path = self.folder.join(format!("{first:020}.{ENDING}"));
        let begun = begin(&path).inspect_err(|_| remove(&path));
        let (writing, reading) = begun?;
        self.writing = Some(writing);
        self.torn = false;
        let size = MAGIC.len() as u64;
        // A batch counts its points from its own begin; the first record of a file always has one.
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

/// A file that can't be deleted takes room until the program ends and its folder is cleared; nothing else depends on it.
fn remove(path: &Path) {
    std::fs::remove_file(path).ok();
}
