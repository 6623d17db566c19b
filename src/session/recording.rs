//! What is said about recording a session to a file. Must never know how it is done.

use super::failure::Failure;
use std::path::Path;
use std::sync::Arc;

/// Where a recording begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// With the next record.
    Now,
    /// With the first record that is kept.
    FirstRecord,
}

/// What happens to a file that is already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays as it is, and the recording does not begin.
    Keep,
    /// Its content goes.
    Replace,
}

/// How a recording stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingStatus {
    /// The file.
    pub path: Arc<Path>,
    /// Records in it, notes included.
    pub records: u64,
    /// Its size.
    pub bytes: u64,
    /// Records that should be in it and are not: they could not be written, or were gone before they could be copied.
    pub missing: u64,
    /// What it does now.
    pub phase: Phase,
}

/// What a recording does now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// What happened before it began is being copied.
    CatchingUp {
        /// Records so far.
        done: u64,
        /// Records that there are; it grows with the session.
        total: u64,
    },
    /// Each record is written before it is shown.
    Live,
    /// Nothing can be written just now; it is tried again.
    Failing(Failure),
}
