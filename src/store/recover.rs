//! A spool that another run left: read up to its last whole record, whatever happened to that run. Must never change what is in the files.

use super::entry::{self, Parsed, Raw, Trust};
use super::index::{PAGE, Point, Segment};
use super::opened::{Opened, Reading};
use super::spool::{ENDING, MAGIC, Spool};
use crate::traffic::record::RecordId;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes read at once.
const CHUNK: usize = 1 << 20;
/// Records between two looks whether to go on.
const LOOK_EVERY: u64 = 4096;

/// A larger number is no record's: nobody can have recorded so many.
const LAST: u64 = 1 << 60;

/// The segments of a folder, oldest first, with their first record's number as their name says it.
///
/// # Errors
/// When the folder can't be read.
pub fn segments(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let first = path.file_stem().and_then(|name| name.to_str()?.parse().ok()).filter(|first| *first < LAST);
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

/// A segment's file, behind what it begins with; `None` when it does not begin like one: it is another program's, or its own was killed
/// as it began it.
fn start(path: &Path) -> io::Result<Option<File>> {
    let file = File::open(path)?;
    let mut magic = Vec::new();
    (&file).take(MAGIC.len() as u64).read_to_end(&mut magic)?;
    Ok((magic == MAGIC).then_some(file))
}

/// Reads the segment that begins with the record `ids.start` and ends before `ids.end`; `each` gets every whole record in order and says
/// whether to go on.
fn read(ids: Range<u64>, path: PathBuf, file: File, mut each: impl FnMut(RecordId, &Raw<'_>) -> bool) -> io::Result<Found> {
    let length = file.metadata()?.len();
    let (first, begin) = (ids.start, MAGIC.len() as u64);
    let points = vec![Point { id: first, at: begin }];
    let mut segment = Segment { file: Arc::new(file), path, first, next: first, size: begin, payload: 0, points };
    let file = segment.file.clone();
    let mut buffer: Vec<u8> = Vec::new();
    let mut used = 0;
    while segment.next < ids.end {
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

/// A session's spool as another run left it, opened to be looked at, and the bytes in its folder that are no whole record. `each` is told
/// the bytes read so far and says whether to go on.
///
/// # Errors
/// When a file can't be read, or `each` said no ([`io::ErrorKind::Interrupted`]).
pub fn open(folder: &Path, mut each: impl FnMut(u64) -> bool) -> io::Result<(Opened, u64)> {
    let mut reading = Reading::default();
    let (mut segments, mut started) = (Vec::new(), Vec::new());
    let (mut read_so_far, mut cut, mut go_on) = (0, 0, true);
    for (first, path) in self::segments(folder)? {
        match start(&path)? {
            Some(file) => started.push((first, path, file)),
            None => cut += std::fs::metadata(&path)?.len(),
        }
    }
    // Where a write failed and its records went elsewhere, part of them may still stand at the end of the segment before.
    let ends: Vec<u64> = started.iter().skip(1).map(|(first, ..)| *first).chain([LAST]).collect();
    for ((first, path, file), end) in started.into_iter().zip(ends) {
        let mut here = 0;
        let found = read(first..end, path, file, |id, raw| {
            reading.record(id, raw.record().as_ref());
            here += raw.size();
            go_on = !id.0.is_multiple_of(LOOK_EVERY) || each(read_so_far + here);
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
