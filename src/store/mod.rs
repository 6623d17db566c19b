//! Every record since the start, on disk. The recorder writes a record here before anyone sees it; everyone else reads through an
//! [`index::Index`]. Must never know sockets, tokio or the window, and never ask the clock.
//!
//! | file | what it answers |
//! | --- | --- |
//! | `batch` | records on their way to disk |
//! | `entry` | one record as bytes, and back |
//! | `index` | where each record lies, and the way to read it |
//! | `spool` | one session's records: append, flush, drop the oldest |
//! | `opened` | a session that is read from a file instead of being recorded |
//! | `recover` | a spool that another run left |
//! | `shelf` | the folders: this run's, and those that are left |
//! | `archive` | every session's spool within the disk budget, and what happens at the bound |
//! | `kept` | a spool in the archive, and how it fares |
//! | `pages` | the records that a frame wants, read by a thread of their own |

pub mod archive;
mod batch;
pub mod entry;
pub mod index;
mod kept;
pub mod opened;
pub mod pages;
pub mod recover;
pub mod shelf;
pub mod spool;

#[cfg(test)]
mod archive_tests;
#[cfg(test)]
mod recover_tests;
#[cfg(test)]
pub(crate) mod spool_tests;
