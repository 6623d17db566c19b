//! What other runs left on disk. It reads and deletes files, so never in a frame. Must never delete anything that was not asked for.

use crate::session::timestamp::Timestamp;
use crate::store::shelf::{self, Leftover};
use std::io;
use std::path::{Path, PathBuf};

/// What runs left that did not end as they should. It is nobody else's as long as this value lives.
pub struct Left {
    runs: Vec<Run>,
    /// Sessions in them.
    pub sessions: usize,
    /// Their bytes on disk.
    pub bytes: u64,
    /// When the oldest began.
    pub started: Option<Timestamp>,
}

/// One of them.
pub struct Run {
    leftover: Leftover,
    /// The folders of its sessions.
    pub sessions: Vec<PathBuf>,
}

impl Left {
    /// Looks below `root`; `None` when there is nothing.
    pub fn find(root: &Path) -> Option<Self> {
        let left = shelf::leftovers(root);
        let bytes = left.iter().map(Leftover::size).sum();
        let started = left.iter().filter_map(Leftover::started).min();
        let runs = left.into_iter().map(|leftover| Run { sessions: leftover.sessions(), leftover });
        // One that can't be listed just now is neither opened nor deleted.
        let runs: Vec<Run> = runs.filter(|run| !run.sessions.is_empty()).collect();
        let sessions = runs.iter().map(|run| run.sessions.len()).sum();
        (sessions > 0).then_some(Self { runs, sessions, bytes, started })
    }

    /// Each run for itself.
    pub fn into_runs(self) -> Vec<Run> {
        self.runs
    }

    /// Deletes all of it.
    ///
    /// # Errors
    /// The first thing that can't be deleted; the rest is deleted all the same.
    pub fn delete(self) -> io::Result<()> {
        self.runs.into_iter().map(Run::delete).fold(Ok(()), io::Result::and)
    }
}

impl Run {
    /// Deletes it once its sessions were taken over, unless a part of them could not be: the folder that this is in.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn delete_emptied(self) -> io::Result<Option<PathBuf>> {
        self.leftover.delete_emptied()
    }

    /// Deletes it.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn delete(self) -> io::Result<()> {
        self.leftover.delete()
    }
}
