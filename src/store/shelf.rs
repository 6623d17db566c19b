//! The folders of spools: one for this run, locked while it lives, and those that runs left that did not end as they should.
//! Must never touch the folder of a run that lives.
//!
//! ```text
//! <root>/<microseconds since 1970>-<process>/lock
//!                                           /<session>/<first record>.spool
//! ```

use crate::session::id::SessionId;
use crate::session::timestamp::Timestamp;
use parking_lot::Mutex;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const LOCK: &str = "lock";
/// In the folder of a session that is a copy of a file of the user's.
const COPY: &str = "copy";

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
        Self { folder: root.join(format!("{}-{}", started.0, std::process::id())), lock: Arc::default() }
    }

    /// Where a session's spool is.
    pub fn session(&self, session: SessionId) -> PathBuf {
        self.folder.join(session.0.to_string())
    }

    /// Makes the folder and locks it, so that the next start knows it from one that was left.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn make(&self) -> io::Result<()> {
        let mut held = self.lock.lock();
        if held.is_none() {
            std::fs::create_dir_all(&self.folder)?;
            let lock = File::create(self.folder.join(LOCK))?;
            lock.try_lock().map_err(|problem| match problem {
                TryLockError::Error(problem) => problem,
                TryLockError::WouldBlock => io::Error::from(io::ErrorKind::ResourceBusy),
            })?;
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
        if self.lock.lock().take().is_some() {
            // What can't be deleted now is found and offered by the next start.
            std::fs::remove_dir_all(&self.folder).ok();
        }
    }
}

/// A folder that a run left. It is locked as long as this value lives.
pub struct Leftover {
    folder: PathBuf,
    _lock: File,
}

impl Leftover {
    /// The folders with the spools of its sessions, in the order in which the tabs were made; without copies of the user's own files.
    pub fn sessions(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return Vec::new() };
        let mut found: Vec<(u64, PathBuf)> = entries
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                Some((path.file_name()?.to_str()?.parse().ok()?, path))
            })
            .collect();
        found.sort();
        found.into_iter().map(|(_, path)| path).filter(|path| !path.join(COPY).exists()).collect()
    }

    /// When its run began, as its name says.
    pub fn started(&self) -> Option<Timestamp> {
        let name = self.folder.file_name()?.to_str()?;
        name.split('-').next()?.parse().ok().map(Timestamp)
    }

    /// Bytes on disk.
    pub fn size(&self) -> u64 {
        let files = self.sessions().into_iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
        files.filter_map(|file| file.ok()?.metadata().ok()).map(|data| data.len()).sum()
    }

    /// Deletes it.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn delete(self) -> io::Result<()> {
        std::fs::remove_dir_all(&self.folder)
    }
}

/// What runs left below `root` that ended without deleting it, oldest first; without those that live, and without empty ones, which
/// are deleted.
pub fn leftovers(root: &Path) -> Vec<Leftover> {
    let Ok(entries) = std::fs::read_dir(root) else { return Vec::new() };
    let mut folders: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).collect();
    folders.sort();
    let mut found = Vec::new();
    for folder in folders {
        let Ok(lock) = File::open(folder.join(LOCK)) else { continue };
        if lock.try_lock().is_err() {
            continue;
        }
        let left = Leftover { folder, _lock: lock };
        if left.size() == 0 {
            // Nothing was recorded, so there is nothing to offer; if it can't be deleted it harms nobody.
            left.delete().ok();
        } else {
            found.push(left);
        }
    }
    found
}
