//! What has happened to one end so far, out of its session's records: what expressions, tables and reports are about. Must never hold
//! what was meant to happen.

use crate::session::address::Address;
use crate::session::call::Call;
use crate::session::event::{EndedBy, What};
use crate::session::failure::Failure;
use crate::session::id::{ConnectionId, Peer};
use crate::session::state::State;
use crate::traffic::calls::Calls;
use crate::traffic::model::Session;
use crate::traffic::record::{Data, Direction, Record, RecordId, Records};
use std::collections::BTreeMap;

/// Records of one end that are kept: a lesson has dozens, and a curious student's flood is counted beyond this.
const MOST_RECORDS: usize = 4096;
/// Their bytes that are kept, likewise.
const MOST_BYTES: usize = 4 << 20;
/// Records taken in at one look, so that a frame never does more than that.
const AT_ONCE: u64 = 512;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The next record to look at.
    next: RecordId,
    /// Whether the session was ever looked at.
    began: bool,
    /// The records so far, the oldest first, with their numbers.
    records: Vec<(RecordId, Record)>,
    bytes: usize,
    /// Records that were not kept: too many, cleared, or no longer in memory.
    pub missed: u64,
    /// Where the session stands.
    pub state: State,
    /// Its own address, as it was last.
    pub local: Option<Address>,
    /// How often it was opened.
    pub openings: u64,
    /// Connections that live.
    pub live: usize,
    /// The other end of every connection that there was.
    pub peers: BTreeMap<ConnectionId, (Peer, Address)>,
    /// Multicast groups joined now.
    pub groups: usize,
    /// The next call to look at.
    next_call: u64,
    /// The socket calls so far.
    pub calls: Vec<Call>,
}

impl Seen {
    /// Takes in what is new. Whether there is more than one look takes in.
    pub fn look(&mut self, session: &Session) -> bool {
        self.began = true;
        self.state = session.state;
        self.local = session.local.or(self.local);
        self.live = session.connections.len();
        self.groups = session.groups.len();
        let log = &session.log;
        let oldest = log.oldest_in_memory();
        if self.next < oldest {
            self.missed += oldest.0 - self.next.0;
            self.next = oldest;
        }
        let end = RecordId(log.next().0.min(self.next.0 + AT_ONCE));
        while self.next < end {
            match log.get(self.next) {
                Some(record) => self.take(self.next, record),
                None => self.missed += 1,
            }
            self.next.0 += 1;
        }
        self.look_at_calls(&session.calls);
        self.next < log.next()
    }

    fn look_at_calls(&mut self, calls: &Calls) {
        self.next_call = self.next_call.max(calls.first());
        while self.next_call < calls.next() && self.calls.len() < MOST_RECORDS {
            self.calls.extend(calls.get(self.next_call).map(|placed| placed.call.clone()));
            self.next_call += 1;
        }
    }

    fn take(&mut self, id: RecordId, record: Record) {
        if let Some(what) = note_of(&record) {
            match what {
                What::Opening { .. } => self.openings += 1,
                What::Connected { peer, local } | What::PeerJoined { peer, local } => {
                    if let Some(connection) = peer.connection {
                        self.peers.insert(connection, (*peer, *local));
                    }
                }
                _ => {}
            }
        }
        let bytes = record.data().map_or(0, |data| data.bytes.len());
        if self.records.len() >= MOST_RECORDS || self.bytes + bytes > MOST_BYTES {
            self.missed += 1;
            return;
        }
        self.bytes += bytes;
        self.records.push((id, record));
    }

    /// Whether there ever was such a session.
    pub fn has_begun(&self) -> bool {
        self.began
    }

    /// The records so far, the oldest first.
    pub fn records(&self) -> &[(RecordId, Record)] {
        &self.records
    }

    /// What was received, or sent, in order, from the record at this place on.
    pub fn data(&self, direction: Direction, first: usize) -> impl Iterator<Item = &Data> {
        self.records.iter().skip(first).filter_map(|(_, record)| record.data()).filter(move |data| data.direction == direction)
    }

    /// What happened besides, in order, from the record at this place on.
    pub fn notes(&self, first: usize) -> impl DoubleEndedIterator<Item = &What> {
        self.records.iter().skip(first).filter_map(|(_, record)| note_of(record))
    }

    /// What went wrong, in order.
    pub fn failures(&self, first: usize) -> impl DoubleEndedIterator<Item = &Failure> {
        self.notes(first).filter_map(|what| match what {
            What::Failed(failure) | What::Trouble(failure) | What::TryFailed(failure) => Some(failure),
            What::PeerLeft { ending, .. } | What::Closed { ending } => match &ending.by {
                EndedBy::Error(failure) => Some(failure),
                _ => None,
            },
            _ => None,
        })
    }

    /// How connections, and the session, ended, in order.
    pub fn endings(&self, first: usize) -> impl DoubleEndedIterator<Item = &EndedBy> {
        self.notes(first).filter_map(|what| match what {
            What::PeerLeft { ending, .. } | What::Closed { ending } => Some(&ending.by),
            _ => None,
        })
    }

    /// The connection of it whose other end is there.
    pub fn connection_to(&self, address: Address) -> Option<ConnectionId> {
        let found = self.peers.iter().rev().find(|(_, (peer, _))| peer.address == address);
        found.map(|(connection, _)| *connection)
    }

    /// Its latest connection: the peer and this end of it.
    pub fn connection(&self) -> Option<(Peer, Address)> {
        self.peers.values().next_back().copied()
    }
}

/// What happened, where a record tells of that.
pub fn note_of(record: &Record) -> Option<&What> {
    match &record.entry {
        crate::traffic::record::Entry::Note(what) => Some(what),
        crate::traffic::record::Entry::Data(_) => None,
    }
}
