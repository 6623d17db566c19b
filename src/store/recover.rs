//! A spool that another run left: read up to its last whole record, whatever happened to that run. Must never change what is in the files.

use super::entry::{self, Parsed, Raw, Trust};
use super::index::{PAGE, Point, Segment};
use super::opened::{Opened, Reading};
use super::spool::{ENDING, MAGIC, Spool};
use crate::traffic::record::RecordId;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes read at once.
const CHUNK: usize = 1 << 20;
/// Records between two looks whether to go on.
const LOOK_EVERY: u64 = 4096;

/// The segments of a folder, oldest first, with their first record's number as their name says it.
///
/// # Errors
/// When the folder can't be read.
pub fn segments(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let first = path.file_stem().and_then(|name| name.to_str()?.parse().ok());
        if let Some(first) = first.filter(|_| path.extension().is_some_and(|ending| ending == ENDING)) {
            found.push((first, path));
        }
    }
    found.sort();
    Ok(found)
}

/// What reading a segment gave.
pub struct Found {
    /// What is whole.
    pub segment: Segment,
    /// Bytes behind it that are no whole record.
    pub cut: u64,
}

/// Reads one segment; `each` gets every whole record in order and says whether to go on.
///
/// # Errors
/// When the file can't be read, or is no segment.
pub fn read(first: u64, path: &Path, mut each: impl FnMut(RecordId, &Raw<'_>) -> bool) -> io::Result<Found> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut magic = [0; MAGIC.len()];
    (&file).read_exact(&mut magic)?;
    if &magic != MAGIC {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "this is no spool of Sockscope"));
    }
    let begin = MAGIC.len() as u64;
    let points = vec![Point { id: first, at: begin }];
    let file = Arc::new(file);
    let mut segment = Segment { file: file.clone(), path: path.to_owned(), first, next: first, size: begin, payload: 0, points };
    let mut buffer: Vec<u8> = Vec::new();
    let mut used = 0;
    loop {
        match entry::parse(&buffer[used..], Trust::Found) {
            Parsed::Whole(raw, size) => {
                if segment.points.last().is_none_or(|point| segment.size - point.at >= PAGE) {
                    segment.points.push(Point { id: segment.next, at: segment.size });
                }
                let go_on = each(RecordId(segment.next), &raw);
                segment.payload += raw.data_len();
                segment.next += 1;
                segment.size += size as u64;
                used += size;
                if !go_on {
                    break;
                }
            }
            Parsed::Damaged => break,
            Parsed::Cut => {
                buffer.drain(..used);
                used = 0;
                if (&*file).take(CHUNK as u64).read_to_end(&mut buffer)? == 0 {
                    break;
                }
            }
        }
    }
    let cut = length.saturating_sub(segment.size);
    Ok(Found { segment, cut })
}

/// A session's spool as another run left it, opened to be looked at. `each` is told the bytes read so far and says whether to go on.
///
/// # Errors
/// When a file can't be read, or `each` said no ([`io::ErrorKind::Interrupted`]).
pub fn open(folder: &Path, mut each: impl FnMut(u64) -> bool) -> io::Result<(Opened, u64)> {
    let mut reading = Reading::new();
    let mut segments = Vec::new();
    let (mut read_so_far, mut cut, mut go_on) = (0, 0, true);
    for (first, path) in self::segments(folder)? {
        let found = read(first, &path, |id, raw| {
            if let Some(record) = raw.record() {
                reading.record(id, &record);
            }
            go_on = !id.0.is_multiple_of(LOOK_EVERY) || each(read_so_far);
            go_on
        })?;
        if !go_on {
            return Err(io::ErrorKind::Interrupted.into());
        }
        read_so_far += found.segment.size;
        cut += found.cut;
        segments.push(found.segment);
    }
    Ok((reading.finish(Spool::of(folder.to_owned(), segments)), cut))
}
