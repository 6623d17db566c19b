//! A file written whole or not at all. The one place of this module that knows the file system. Must never leave half a file behind.

use std::fs::{File, Metadata};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Bytes gathered before the system is asked to write them.
const GATHERED: usize = 1 << 18;
/// Links behind links that are followed.
const LINKS: usize = 40;

/// Writes beside the file and then over it: an old file of that name is replaced only by a whole new one, and whatever goes wrong,
/// `write` giving up included, leaves nothing behind. Of a link the target is written, and a new file has the old one's permissions.
/// A device or a pipe is not replaced but written to as it goes.
///
/// # Errors
/// Those of `write` and of the file system; [`io::ErrorKind::IsADirectory`] where the path names no file.
pub fn save<T>(path: &Path, write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<T>) -> io::Result<T> {
    if path.is_dir() || path.file_name().is_none() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let old = path.metadata().ok();
    let target = if old.is_some() { path.canonicalize().ok() } else { Some(end_of_links(path)) };
    let Some(target) = target.filter(|_| old.as_ref().is_none_or(Metadata::is_file)) else {
        // What has no name of its own, as a redirected standard output that was deleted, can't be replaced either.
        return fill(&File::create(path)?, write);
    };
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Like any file that a program writes: what the user's mask allows, not the owner alone.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let part = builder.prefix(".sockscope-").tempfile_in(folder)?;
    #[cfg(unix)]
    if let Some(old) = old {
        use std::os::unix::fs::PermissionsExt;
        let permissions = std::fs::Permissions::from_mode(old.permissions().mode() & 0o777);
        part.as_file().set_permissions(permissions)?;
    }
    let done = fill(part.as_file(), write)?;
    part.persist(target)?;
    Ok(done)
}

fn fill<T>(file: &File, write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<T>) -> io::Result<T> {
    let mut gathering = BufWriter::with_capacity(GATHERED, file);
    let done = write(&mut gathering)?;
    gathering.flush()?;
    Ok(done)
}

/// Where links lead whose target is not there yet.
fn end_of_links(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        let Ok(next) = path.read_link() else { break };
        path = path.parent().unwrap_or(Path::new("")).join(next);
    }
    path
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::save;
    use std::fs::{File, Permissions, read, read_dir, set_permissions, symlink_metadata, write};
    use std::io::{Read, Write};
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
    use std::path::Path;

    fn put(path: &Path, bytes: &[u8]) {
        save(path, |file| file.write_all(bytes)).unwrap();
    }

    #[test]
    fn a_link_stays_and_its_target_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("deep")).unwrap();
        write(path("deep/there"), "old").unwrap();
        for (link, target) in [("one", "deep/there"), ("two", "one"), ("new", "deep/new"), ("newer", "new")] {
            symlink(target, path(link)).unwrap();
        }
        put(&path("two"), b"over");
        put(&path("newer"), b"new");
        assert_eq!((read(path("deep/there")).unwrap(), read(path("deep/new")).unwrap()), (b"over".to_vec(), b"new".to_vec()));
        for link in ["one", "two", "new", "newer"] {
            assert!(symlink_metadata(path(link)).unwrap().is_symlink(), "{link}");
        }
        assert_eq!(read_dir(path("deep")).unwrap().count(), 2);
    }

    #[test]
    fn a_replaced_file_keeps_its_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path, "old").unwrap();
        for mode in [0o600, 0o640, 0o755] {
            set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            put(&path, b"new");
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, mode);
        }
        let failed = save(&path, |file| file.write_all(b"half").and(Err::<(), _>(std::io::ErrorKind::Interrupted.into())));
        assert!(failed.is_err());
        assert_eq!((read(&path).unwrap(), read_dir(folder.path()).unwrap().count()), (b"new".to_vec(), 1));
    }

    #[test]
    fn devices_and_pipes_are_written_to_and_stay() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let (name, mut heard) = (pipe.clone(), String::new());
        let reader = std::thread::spawn(move || File::open(name).unwrap().read_to_string(&mut heard).map(|_| heard));
        put(&pipe, b"through it");
        assert_eq!(reader.join().unwrap().unwrap(), "through it");
        assert!(pipe.metadata().unwrap().file_type().is_fifo());
        let null = folder.path().join("null");
        symlink("/dev/null", &null).unwrap();
        put(&null, b"gone");
        assert!(null.metadata().unwrap().file_type().is_char_device());
        assert!(symlink_metadata(&null).unwrap().is_symlink());
        assert_eq!(read_dir(folder.path()).unwrap().count(), 2);
    }
}
