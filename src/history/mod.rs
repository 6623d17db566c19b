//! Everything that a session has, read back wherever it lies: what a frame wants at hand, and what a job on a thread of its own walks
//! through. Must never write a record, and never know the window.
//!
//! | file | what it answers |
//! | --- | --- |
//! | `at_hand` | the records of a frame: from memory, or from pages that are asked for |
//! | `direct` | records by number, for jobs |
//! | `errand` | work on a thread of its own that has an answer |
//! | `export` | rows into a file |
//! | `feed` | what filters, searches and frames are fed by |
//! | `left` | what other runs left |
//! | `open` | captures, logs and what was left, as sessions of this run |

pub mod at_hand;
pub mod direct;
pub mod errand;
pub mod export;
pub mod feed;
pub mod left;
pub mod open;

/// Every record in order, for searches, filters and exports. The recorder has it, which copies a session's past into a recording.
pub use crate::recorder::walk;

#[cfg(test)]
mod tests;
