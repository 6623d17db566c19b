//! A file written whole or not at all. The one place of this module that knows the file system. Must never leave half a file behind.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Bytes gathered before the system is asked to write them.
const GATHERED: usize = 1 << 18;

/// Writes beside the file and then over it: an old file of that name is replaced only by a whole new one, and whatever goes wrong,
/// `write` giving up included, leaves nothing behind.
///
/// # Errors
/// Those of `write` and of the file system; [`io::ErrorKind::IsADirectory`] where the path names no file.
pub fn save<T>(path: &Path, write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<T>) -> io::Result<T> {
    if path.is_dir() || path.file_name().is_none() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Like any file that a program writes: what the user's mask allows, not the owner alone.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let part = builder.prefix(".sockscope-").tempfile_in(folder)?;
    let mut file = BufWriter::with_capacity(GATHERED, part.as_file());
    let done = write(&mut file)?;
    file.flush()?;
    drop(file);
    part.persist(path)?;
    Ok(done)
}
