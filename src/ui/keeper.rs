//! Writes the settings on a thread of its own, one at a time, so that no frame waits for a disk. Must never lose the last state.

use crate::settings::{self, Settings};
use std::io;
use std::path::PathBuf;
use std::thread::JoinHandle;

/// What is on disk, and what is on its way there.
pub struct Keeper {
    path: Option<PathBuf>,
    saved: Settings,
    writing: Option<(JoinHandle<io::Result<()>>, Settings)>,
}

/// Where writing failed, and why.
pub type Failed = (PathBuf, io::Error);

impl Keeper {
    /// Knows what was read; without a path nothing is kept.
    pub fn new(path: Option<PathBuf>, saved: Settings) -> Self {
        Self { path, saved, writing: None }
    }

    /// Starts writing what has changed, unless the last write is still under way. Tells how that one ended, once.
    pub fn keep(&mut self, now: Settings) -> Option<Failed> {
        if self.writing.as_ref().is_some_and(|(thread, _)| !thread.is_finished()) {
            return None;
        }
        let failed = self.join();
        let path = self.path.clone()?;
        if failed.is_none() && now != self.saved {
            let content = now.clone();
            match std::thread::Builder::new().name("settings".into()).spawn(move || settings::save(&path, &content)) {
                Ok(thread) => self.writing = Some((thread, now)),
                Err(problem) => return self.path.clone().map(|path| (path, problem)),
            }
        }
        failed
    }

    /// Waits for the write under way and writes what is left: the window closes.
    pub fn finish(&mut self, now: Settings) -> Option<Failed> {
        self.join();
        let path = self.path.clone()?;
        if now == self.saved {
            return None;
        }
        settings::save(&path, &now).err().map(|problem| (path, problem))
    }

    fn join(&mut self) -> Option<Failed> {
        let (thread, content) = self.writing.take()?;
        let written = thread.join().unwrap_or_else(|_| Err(io::Error::other("the writing thread ended unexpectedly")));
        // Remembered as written also when it failed: the user is told once for each change, not every few seconds.
        self.saved = content;
        Some((self.path.clone()?, written.err()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_once_and_the_last_state_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = folder.path().join("file");
        std::fs::write(&blocked, "").unwrap();
        let mut keeper = Keeper::new(Some(blocked.join("settings.json")), Settings::default());
        let changed = Settings { zoom: 2.0, ..Settings::default() };
        assert!(keeper.keep(changed.clone()).is_none());
        let mut told = 0;
        for _ in 0..200 {
            told += usize::from(keeper.keep(changed.clone()).is_some());
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        assert_eq!(told, 1);
        let path = folder.path().join("settings.json");
        let mut keeper = Keeper::new(Some(path.clone()), Settings::default());
        assert!(keeper.keep(changed.clone()).is_none());
        let last = Settings { zoom: 1.5, ..Settings::default() };
        assert!(keeper.finish(last.clone()).is_none());
        assert_eq!(settings::load(&path).settings, last);
    }
}
