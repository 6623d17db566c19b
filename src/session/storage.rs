//! What is said about keeping records on disk. Must never know how it is done.

use serde::{Deserialize, Serialize};

/// What happens when the disk budget is used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AtLimit {
    /// The oldest records go, counted and shown as the first row.
    #[default]
    DropOldest,
    /// Reading stops: TCP's window holds the peers, and datagrams are counted as lost.
    StopReading,
}

/// Something about keeping the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Storage {
    /// Reading stops as chosen, because the disk budget of so many bytes is used up or the disk takes no more.
    Held {
        /// In bytes.
        limit: u64,
    },
    /// Reading goes on.
    Released,
    /// Records are written again; these could not be, and are gone once they leave memory.
    Resumed {
        /// How many records.
        records: u64,
        /// Their payload.
        bytes: u64,
    },
    /// The recording to a file goes on; these are missing in the file.
    Recording {
        /// How many records.
        records: u64,
        /// Their payload.
        bytes: u64,
    },
}

impl Storage {
    /// The word in JSON lines, and the end of its wording's key.
    pub fn word(self) -> &'static str {
        match self {
            Self::Held { .. } => "held",
            Self::Released => "released",
            Self::Resumed { .. } => "resumed",
            Self::Recording { .. } => "recording",
        }
    }
}
