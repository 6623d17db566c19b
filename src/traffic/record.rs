//! One record: exactly the bytes of one read, datagram or send, or a note of what happened. Immutable, and must never hold a view of
//! them: text is made when it is looked at.

use crate::session::event::{Origin, SessionEvent, What};
use crate::session::failure::Failure;
use crate::session::id::Peer;
use crate::session::timestamp::Timestamp;
use std::sync::Arc;

/// A record's number within its session, from 0. It survives eviction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(pub u64);

/// Which way bytes went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the peer to us.
    Received,
    /// From us to the peer.
    Sent,
}

impl Direction {
    /// The arrow that stands for it, everywhere.
    pub fn arrow(self) -> &'static str {
        match self {
            Self::Received => "←",
            Self::Sent => "→",
        }
    }

    /// The other one.
    pub fn opposite(self) -> Self {
        match self {
            Self::Received => Self::Sent,
            Self::Sent => Self::Received,
        }
    }
}

/// Something that stands in the log.
#[derive(Clone, Debug)]
pub struct Record {
    /// When it was seen.
    pub at: Timestamp,
    /// What.
    pub entry: Entry,
}

/// Bytes or a note.
#[derive(Clone, Debug)]
pub enum Entry {
    /// Bytes that travelled.
    Data(Data),
    /// Anything else that happened.
    Note(Box<What>),
}

/// Bytes that travelled.
#[derive(Clone, Debug)]
pub struct Data {
    /// Which way.
    pub direction: Direction,
    /// From or to whom.
    pub peer: Peer,
    /// Exactly these.
    pub bytes: Arc<[u8]>,
    /// Who asked for a send; `None` for what was received.
    pub origin: Option<Origin>,
    /// The record before this in the same stream (connection and direction); `None` at its start and for datagrams.
    pub previous: Option<RecordId>,
    /// How many bytes of the stream come before this record.
    pub offset: u64,
}

impl Record {
    /// The record that an event leaves in the log; `None` for those that leave none.
    /// Its place in its stream is filled in by [`super::filing`].
    pub fn of(event: &SessionEvent) -> Option<Self> {
        let entry = match &event.what {
            What::Received { peer, bytes } => data(Direction::Received, *peer, bytes, None),
            What::Sent { peer, bytes, origin } => data(Direction::Sent, *peer, bytes, Some(*origin)),
            What::Called(_) | What::Cleared | What::CountersReset | What::Forgotten => return None,
            other => Entry::Note(Box::new(other.clone())),
        };
        Some(Self { at: event.at, entry })
    }

    /// The data, if it is that.
    pub fn data(&self) -> Option<&Data> {
        match &self.entry {
            Entry::Data(data) => Some(data),
            Entry::Note(_) => None,
        }
    }

    /// The peer it is about; `None` where it is about the whole session.
    pub fn peer(&self) -> Option<Peer> {
        match &self.entry {
            Entry::Data(data) => Some(data.peer),
            Entry::Note(what) => match &**what {
                What::Connected { peer, .. }
                | What::PeerJoined { peer, .. }
                | What::PeerIs { peer, .. }
                | What::PeerFinished { peer }
                | What::Truncated { peer, .. }
                | What::Finished { peer }
                | What::PeerLeft { peer, .. }
                | What::SentPartly { peer, .. } => Some(*peer),
                What::Unsent { peer, .. } => *peer,
                // Either end would do; the client's tells which conversation it is.
                What::Impaired(impaired) => Some(impaired.client()),
                What::Dialled(dialled) => Some(dialled.client),
                _ => None,
            },
        }
    }

    /// What went wrong, where the record tells of that and of nothing else.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.entry {
            Entry::Note(what) => match &**what {
                What::Trouble(failure) | What::Failed(failure) => Some(failure),
                _ => None,
            },
            Entry::Data(_) => None,
        }
    }

    /// What it costs in memory, in bytes, its bookkeeping included.
    pub fn cost(&self) -> usize {
        let own = std::mem::size_of::<Self>();
        match &self.entry {
            // The two counters of the shared bytes, and what an allocator adds.
            Entry::Data(data) => own + data.bytes.len() + 32,
            Entry::Note(_) => own + std::mem::size_of::<What>() + 128,
        }
    }
}

/// Records by their number, wherever they are kept.
pub trait Records {
    /// A record; `None` when it is gone, not yet there, or not at hand just now.
    fn get(&self, id: RecordId) -> Option<Record>;
    /// Whether a later record continues the stream of this one, so that a character begun here may be ended there. Datagrams never do:
    /// this is only asked of records that have a connection.
    fn continues(&self, id: RecordId) -> bool;
}

fn data(direction: Direction, peer: Peer, bytes: &Arc<[u8]>, origin: Option<Origin>) -> Entry {
    Entry::Data(Data { direction, peer, bytes: bytes.clone(), origin, previous: None, offset: 0 })
}
