//! The folders of spools: one for this run, locked while it lives, and those that runs left that did not end as they should.
//! Must never touch the folder of a run that lives.
//!
//! ```text
//! <root>/<microseconds since 1970>-<process>-<engine>/lock
//!                                                    /<session>/<first record>.spool
//! ```

use super::spool::{ENDING, MAGIC, is_deleted};
use crate::session::id::SessionId;
use crate::session::timestamp::Timestamp;
use parking_lot::Mutex;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const LOCK: &str = "lock";
/// In the folder of a session that is a copy of a file of the user's.
const COPY: &str = "copy";
/// Of the time in a folder's name, so that no date or version is taken for one.
const DIGITS: usize = 16;
/// Engines that this process has started.
static ENGINES: AtomicU64 = AtomicU64::new(0);

/// The folder under which the spools of every run lie, unless the user chose another.
pub fn default_root() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "sockscope").map(|dirs| dirs.data_local_dir().join("spool"))
}

/// This run's folder. It is made when the first record is to be written, and deleted when the run ends as it should. Cheap to clone.
#[derive(Clone)]
pub struct Shelf {
    folder: PathBuf,
    lock: Arc<Mutex<Option<File>>>,
}

impl Shelf {
    /// A folder below `root`; nothing is made yet.
    pub fn new(root: &Path, started: Timestamp) -> Self {
        let engine = ENGINES.fetch_add(1, Ordering::Relaxed);
        Self { folder: root.join(format!("{:0DIGITS$}-{}-{engine}", started.0.max(0), std::process::id())), lock: Arc::default() }
    }

    /// Where a session's spool is.
    pub fn session(&self, session: SessionId) -> PathBuf {
        self.folder.join(session.0.to_string())
    }

    /// Makes the folder and locks it, so that the next start knows it from one that was left.
    ///
    /// # Errors
    /// When the system does not allow it; once, when somebody has deleted the folder, which the next call makes again.
    pub fn make(&self) -> io::Result<()> {
        let mut held = self.lock.lock();
        if held.as_ref().is_some_and(is_deleted) {
            *held = None;
            return Err(io::Error::new(io::ErrorKind::NotFound, "somebody has deleted the folder of the records"));
        }
        if held.is_none() {
            std::fs::create_dir_all(&self.folder)?;
            // Another start may look at any moment. A folder without a lock is nobody's to it, so the lock comes in when it is locked.
            let new = self.folder.with_extension("lock");
            let lock = File::create(&new)?;
            let locked = lock.try_lock().map_err(|problem| match problem {
                TryLockError::Error(problem) => problem,
                TryLockError::WouldBlock => io::ErrorKind::ResourceBusy.into(),
            });
            if let Err(problem) = locked.and_then(|()| std::fs::rename(&new, self.folder.join(LOCK))) {
                std::fs::remove_file(&new).ok();
                return Err(problem);
            }
            *held = Some(lock);
        }
        Ok(())
    }

    /// Marks a session's spool as a copy of a file that the user has: nobody is offered it after a crash, and it goes with its folder.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn mark_copy(&self, session: SessionId) -> io::Result<()> {
        let folder = self.session(session);
        std::fs::create_dir_all(&folder)?;
        File::create(folder.join(COPY)).map(drop)
    }

    /// Deletes the folder and everything in it.
    pub fn delete(&self) {
        if let Some(lock) = self.lock.lock().take() {
            delete(&self.folder, lock).ok();
        }
    }
}

/// Deletes a run's folder. What can't be deleted now is found and offered by the next start.
fn delete(folder: &Path, lock: File) -> io::Result<()> {
    // Locked to the end, so that no other start finds half of it; a system that does not delete what is open gets a second try.
    let deleted = std::fs::remove_dir_all(folder);
    drop(lock);
    if deleted.is_err() && folder.exists() { std::fs::remove_dir_all(folder) } else { Ok(()) }
}

/// A folder that a run left. It is locked as long as this value lives.
pub struct Leftover {
    folder: PathBuf,
    lock: File,
}

impl Leftover {
    /// The folders with the spools of its sessions, in the order in which the tabs were made; without copies of the user's own files.
    /// None where they can't be listed: then nothing of them is offered, and nothing deleted.
    pub fn sessions(&self) -> Vec<PathBuf> {
        self.list().unwrap_or_default()
    }

    fn list(&self) -> io::Result<Vec<PathBuf>> {
        let mut found: Vec<(u64, PathBuf)> = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let number = path.file_name().and_then(|name| name.to_str()?.parse().ok());
            if let Some(number) = number
                && std::fs::metadata(&path)?.is_dir()
                && !path.join(COPY).try_exists()?
            {
                found.push((number, path));
            }
        }
        found.sort();
        Ok(found.into_iter().map(|(_, path)| path).collect())
    }

    /// When its run began, as its name says.
    pub fn started(&self) -> Option<Timestamp> {
        let name = self.folder.file_name()?.to_str()?;
        name.split('-').next()?.parse().ok().map(Timestamp)
    }

    /// Bytes on disk.
    pub fn size(&self) -> u64 {
        let sizes = |files: Vec<(PathBuf, u64)>| files.into_iter().map(|(_, size)| size).sum();
        self.files().map_or(0, sizes)
    }

    /// Deletes it.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn delete(self) -> io::Result<()> {
        delete(&self.folder, self.lock)
    }

    /// Deletes it unless there are still records in it, which nobody could read: the folder that they are in.
    ///
    /// # Errors
    /// When the system does not allow it, or does not tell what is in it.
    pub fn delete_emptied(self) -> io::Result<Option<PathBuf>> {
        let is_segment = |path: &Path| path.extension().is_some_and(|ending| ending == ENDING);
        let kept = self.files()?.into_iter().find(|(path, size)| is_segment(path) && !is_nothing(*size));
        match kept {
            Some((path, _)) => Ok(Some(path.parent().map_or(path.clone(), Path::to_owned))),
            None => self.delete().map(|()| None),
        }
    }

    /// Whether nothing was recorded, so that there is nothing to offer. What can't be looked at may be anything.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.files()?.into_iter().all(|(_, size)| is_nothing(size)))
    }

    fn files(&self) -> io::Result<Vec<(PathBuf, u64)>> {
        let mut found = Vec::new();
        for folder in self.list()? {
            for file in std::fs::read_dir(folder)? {
                let file = file?;
                found.push((file.path(), file.metadata()?.len()));
            }
        }
        Ok(found)
    }
}

/// Whether a file of so many bytes was only begun.
fn is_nothing(size: u64) -> bool {
    size <= MAGIC.len() as u64
}

/// Whether a folder is a run's, as far as its name tells. The root may be any folder of the user's, and others lock files too.
fn is_run(folder: &Path) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let name = folder.file_name().and_then(|name| name.to_str());
    let is_ours = |name: &str| name.split('-').count() == 3 && name.split('-').all(is_number) && name.find('-') >= Some(DIGITS);
    name.is_some_and(is_ours) && folder.is_dir()
}

/// What runs left below `root` that ended without deleting it, oldest first; without those that live, and without empty ones, which
/// are deleted.
pub fn leftovers(root: &Path) -> Vec<Leftover> {
    let Ok(entries) = std::fs::read_dir(root) else { return Vec::new() };
    let mut folders: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_run(path)).collect();
    folders.sort();
    let mut found = Vec::new();
    for folder in folders {
        let Ok(lock) = File::open(folder.join(LOCK)) else { continue };
        if lock.try_lock().is_err() {
            continue;
        }
        let left = Leftover { folder, lock };
        match left.is_empty() {
            // If it can't be deleted it harms nobody.
            Ok(true) => {
                left.delete().ok();
            }
            Ok(false) => found.push(left),
            // A disk that is not there just now, a right that is missing: another start may see it.
            Err(_) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_by(shelf: &Shelf) {
        shelf.make().unwrap();
        std::fs::create_dir_all(shelf.session(SessionId(3))).unwrap();
        std::fs::write(shelf.session(SessionId(3)).join("00000000000000000000.spool"), "SKSPOOL1 and more").unwrap();
    }

    #[test]
    fn a_run_that_lives_is_never_offered_and_one_that_ends_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        // Two at once, in the same microsecond.
        let (one, other) = (Shelf::new(root.path(), Timestamp(7)), Shelf::new(root.path(), Timestamp(7)));
        assert_ne!(one.session(SessionId(1)), other.session(SessionId(1)));
        left_by(&one);
        left_by(&other);
        assert!(leftovers(root.path()).is_empty());
        one.delete();
        other.delete();
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
    }

    #[test]
    fn one_that_was_left_is_offered_to_one_start_alone() {
        let root = tempfile::tempdir().unwrap();
        left_by(&Shelf::new(root.path(), Timestamp(7)));
        let left = leftovers(root.path());
        assert_eq!(left.len(), 1);
        assert_eq!((left[0].started(), left[0].size(), left[0].sessions().len()), (Some(Timestamp(7)), 17, 1));
        assert!(leftovers(root.path()).is_empty(), "another start looks at it");
        drop(left);
        for left in leftovers(root.path()) {
            left.delete().unwrap();
        }
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn one_that_cannot_be_looked_at_is_not_taken_for_an_empty_one() {
        let root = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(root.path(), Timestamp(7));
        shelf.make().unwrap();
        // Nobody can follow it, whatever rights he has.
        let session = shelf.session(SessionId(3));
        std::os::unix::fs::symlink(&session, &session).unwrap();
        drop(shelf);
        assert!(leftovers(root.path()).is_empty());
        assert!(session.is_symlink());
    }

    #[test]
    fn a_run_that_was_emptied_goes_and_one_with_records_left_stays() {
        let root = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(root.path(), Timestamp(7));
        left_by(&shelf);
        let session = shelf.session(SessionId(3));
        drop(shelf);
        let kept = leftovers(root.path()).remove(0).delete_emptied().unwrap();
        assert_eq!(kept, Some(session.clone()));
        let left = leftovers(root.path()).remove(0);
        std::fs::remove_file(session.join("00000000000000000000.spool")).unwrap();
        assert_eq!(left.delete_emptied().unwrap(), None);
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
    }

    #[test]
    fn empty_ones_are_deleted_and_what_is_not_ours_is_not_touched() {
        let root = tempfile::tempdir().unwrap();
        let empty = Shelf::new(root.path(), Timestamp(7));
        empty.make().unwrap();
        let begun = Shelf::new(root.path(), Timestamp(8));
        begun.make().unwrap();
        std::fs::create_dir_all(begun.session(SessionId(1))).unwrap();
        std::fs::write(begun.session(SessionId(1)).join("00000000000000000000.spool"), MAGIC).unwrap();
        drop((empty, begun));
        // A user may choose any folder for the records, with anything in it.
        for name in ["profile", "2024-05", "2024-05-06", "2024-05-06-07", "1-2-"] {
            std::fs::create_dir_all(root.path().join(name)).unwrap();
            std::fs::write(root.path().join(name).join(LOCK), "").unwrap();
            std::fs::write(root.path().join(name).join("precious"), "").unwrap();
        }
        assert!(leftovers(root.path()).is_empty());
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 5);
    }
}
