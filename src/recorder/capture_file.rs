//! One capture file that is being written: whole blocks gathered, then one `write`, and no buffer of our own left behind. What was
//! flushed survives the end of this program by whatever means; a power cut may take what the system had not yet written (some 30
//! seconds), for no `fsync` is ever waited for. Must never leave part of a block in the file without trying to cut it off, and never
//! drop a record without counting it.

use crate::capture::pcapng::Writer;
use crate::session::failure::{Cause, Failure, Operation};
use crate::session::recording::Existing;
use crate::store::archive::is_full;
use crate::traffic::log::Lost;
use crate::traffic::record::{Record, RecordId};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Memory that is kept for the next slice.
const KEPT: usize = 2 << 20;

/// See the module.
pub struct CaptureFile {
    path: Arc<Path>,
    /// `None` after it has vanished.
    file: Option<File>,
    writer: Writer,
    /// Whole blocks.
    waiting: Vec<u8>,
    /// The records in them.
    waiting_count: Lost,
    /// Bytes in the file that are whole blocks.
    end: u64,
    /// Whether there may be part of a block behind them.
    torn: bool,
    /// Records in the file.
    written: Lost,
    /// Records that can't come into the file any more.
    missing: Lost,
}

impl CaptureFile {
    /// A file with nothing in it but its header: a capture of no packets.
    ///
    /// # Errors
    /// When the system does not allow it, a file that is to be kept is there, something else is being recorded to it, or it is no
    /// regular file.
    pub fn create(path: &Path, existing: Existing) -> io::Result<Self> {
        let file = open(path, existing)?;
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let mut created = Self {
            path: path.into(),
            file: Some(file),
            writer: Writer::new(),
            waiting: Vec::new(),
            waiting_count: Lost::default(),
            end: 0,
            torn: false,
            written: Lost::default(),
            missing: Lost::default(),
        };
        created.writer.header(&mut created.waiting);
        match created.flush() {
            Ok(()) => Ok(created),
            Err(problem) => {
                if existing == Existing::Keep {
                    remove(&created.path);
                }
                Err(problem)
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// For telling it what was there before.
    pub fn writer(&mut self) -> &mut Writer {
        &mut self.writer
    }

    /// Records in the file.
    pub fn written(&self) -> Lost {
        self.written
    }

    /// Its size.
    pub fn size(&self) -> u64 {
        self.end
    }

    /// Records that are missing in it.
    pub fn missing(&self) -> Lost {
        self.missing
    }

    /// Bytes that wait for a flush.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Takes a record; it is in the file after the next flush.
    pub fn append(&mut self, id: RecordId, record: &Record) {
        self.writer.record(id, record, &mut self.waiting);
        self.waiting_count += Lost { records: 1, bytes: record.data().map_or(0, |data| data.bytes.len() as u64) };
    }

    /// Records are gone that should have come next.
    pub fn miss(&mut self, records: u64) {
        self.missing += Lost { records, bytes: 0 };
    }

    /// Writes what waits. What fails stays and is tried again by the next flush.
    ///
    /// # Errors
    /// Whatever the system says; [`ErrorKind::NotFound`] when the file was deleted: then all that was in it is missing, and the next
    /// flush makes a new one.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.make_ready()?;
        let written = self.file.as_ref().map_or(Ok(()), |mut file| file.write_all(&self.waiting));
        if let Err(problem) = written {
            self.torn = true;
            // Also now, so that the file is whole while it waits. The next flush tries again.
            self.cut().ok();
            return Err(problem);
        }
        self.end += self.waiting.len() as u64;
        self.written += std::mem::take(&mut self.waiting_count);
        self.waiting.clear();
        self.waiting.shrink_to(KEPT);
        Ok(())
    }

    /// Gives up what waits, because it can't be written.
    pub fn drop_waiting(&mut self) {
        self.missing += std::mem::take(&mut self.waiting_count);
        self.waiting.clear();
    }

    /// Brings the file to the place where the next block belongs.
    fn make_ready(&mut self) -> io::Result<()> {
        if self.file.as_ref().is_some_and(|file| is_deleted(file, &self.path)) {
            self.file = None;
            self.missing += std::mem::take(&mut self.written);
            self.end = 0;
            return Err(ErrorKind::NotFound.into());
        }
        if self.file.is_none() {
            // Whatever else has this name by now is not ours to write to.
            let mut file = open(&self.path, Existing::Keep)?;
            let mut header = Vec::new();
            self.writer.header(&mut header);
            if let Err(problem) = file.write_all(&header) {
                remove(&self.path);
                return Err(problem);
            }
            (self.end, self.torn) = (header.len() as u64, false);
            self.file = Some(file);
        }
        if self.torn { self.cut() } else { Ok(()) }
    }

    /// Cuts off what an attempt that failed may have left.
    fn cut(&mut self) -> io::Result<()> {
        if let Some(mut file) = self.file.as_ref() {
            file.set_len(self.end)?;
            file.seek(SeekFrom::Start(self.end))?;
            self.torn = false;
        }
        Ok(())
    }
}

fn open(path: &Path, existing: Existing) -> io::Result<File> {
    // To open a pipe waits for its reader, and to write into one waits for it to read on: neither may hold up the recorder.
    if let Ok(there) = std::fs::metadata(path)
        && !there.is_file()
    {
        return Err(if there.is_dir() { ErrorKind::IsADirectory } else { ErrorKind::NotSeekable }.into());
    }
    let mut options = OpenOptions::new();
    options.write(true);
    match existing {
        Existing::Keep => options.create_new(true),
        // Emptied below: only once it is certain that nobody records to it.
        Existing::Replace => options.create(true).truncate(false),
    };
    let file = options.open(path)?;
    // On Windows a lock would keep Wireshark from reading along.
    if cfg!(unix) && matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
        return Err(ErrorKind::ResourceBusy.into());
    }
    if existing == Existing::Replace {
        file.set_len(0)?;
    }
    Ok(file)
}

/// Takes away a file that was made a moment ago. Where that fails too, it stays behind without a packet, and harms nobody.
fn remove(path: &Path) {
    std::fs::remove_file(path).ok();
}

/// Whether a file has no name any more. One that was renamed is written on.
#[cfg(unix)]
fn is_deleted(file: &File, _: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    file.metadata().is_ok_and(|data| data.nlink() == 0)
}

#[cfg(not(unix))]
fn is_deleted(_: &File, path: &Path) -> bool {
    path.try_exists().is_ok_and(|exists| !exists)
}

/// One name for a file, by whichever way it was named; also for one that is not there any more.
pub fn same_name(path: &Path) -> PathBuf {
    let whole = || path.canonicalize();
    let by_folder = |_| {
        let path = std::path::absolute(path)?;
        match (path.parent(), path.file_name()) {
            (Some(folder), Some(name)) => Ok(folder.canonicalize()?.join(name)),
            _ => Ok(path),
        }
    };
    whole().or_else(by_folder).unwrap_or_else(|_: io::Error| path.to_owned())
}

/// Why a recording can't be written, for the user.
pub fn failure(path: &Path, problem: &io::Error) -> Failure {
    let cause = match problem.kind() {
        _ if is_full(problem) => Cause::DiskFull,
        ErrorKind::AlreadyExists => Cause::FileExists,
        ErrorKind::NotFound => Cause::FileGone,
        ErrorKind::ResourceBusy => Cause::FileInUse,
        ErrorKind::IsADirectory => Cause::IsFolder,
        ErrorKind::NotSeekable => Cause::NotAFile,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::NotADirectory => Cause::NotWritable,
        _ => Cause::Other(problem.to_string()),
    };
    Failure { operation: Operation::Record, address: path.display().to_string(), cause, os_code: problem.raw_os_error() }
}
