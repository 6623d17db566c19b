//! Numbers records and finds their place in their stream: what stands before them, and at which offset. The recorder files an event
//! before anyone sees it, so that what is written to disk is what is shown. Must never keep a record.

use super::record::{Data, Direction, Entry, Record, RecordId};
use crate::session::event::{Event, SessionEvent, What};
use crate::session::id::{ConnectionId, SessionId};
use std::collections::HashMap;

/// An event and the record that it leaves, if it leaves one.
pub struct Filed {
    /// What happened.
    pub event: Event,
    /// The record and its number.
    pub record: Option<(RecordId, Record)>,
}

/// The streams of every session.
#[derive(Default)]
pub struct Filing {
    sessions: HashMap<SessionId, Streams>,
}

impl Filing {
    /// Files an event.
    pub fn file(&mut self, event: Event) -> Filed {
        let record = match &event {
            Event::Session(SessionEvent { session, what: What::Forgotten, .. }) => {
                self.sessions.remove(session);
                None
            }
            Event::Session(event) => self.sessions.entry(event.session).or_default().file(event),
            Event::Interfaces(_) => None,
        };
        Filed { event, record }
    }

    /// Goes on with a session whose records so far were filed elsewhere.
    pub fn adopt(&mut self, session: SessionId, streams: Streams) {
        self.sessions.insert(session, streams);
    }
}

/// The end of a stream so far.
#[derive(Clone, Copy)]
struct Tail {
    last: RecordId,
    length: u64,
}

/// The streams of one session: the end of each that is still open.
#[derive(Default)]
pub struct Streams {
    next: u64,
    tails: HashMap<(ConnectionId, Direction), Tail>,
}

impl Streams {
    /// Goes on after the records before `next`.
    pub fn starting_at(next: RecordId) -> Self {
        Self { next: next.0, tails: HashMap::new() }
    }

    /// The record that an event leaves, numbered and with its place in its stream.
    pub fn file(&mut self, event: &SessionEvent) -> Option<(RecordId, Record)> {
        let mut record = Record::of(event)?;
        let id = RecordId(self.next);
        self.next += 1;
        match &mut record.entry {
            Entry::Data(data) => self.place(id, data),
            // An ended connection gets no more bytes.
            Entry::Note(what) => match &**what {
                What::PeerLeft { peer, .. } => {
                    if let Some(connection) = peer.connection {
                        self.tails.remove(&(connection, Direction::Received));
                        self.tails.remove(&(connection, Direction::Sent));
                    }
                }
                // Nor does any connection of a session that has ended; a client's only one is not told to have left.
                What::Opening { .. } | What::Closed { .. } | What::Failed(_) => self.tails.clear(),
                _ => {}
            },
        }
        Some((id, record))
    }

    fn place(&mut self, id: RecordId, data: &mut Data) {
        let Some(connection) = data.peer.stream() else { return };
        let tail = self.tails.get(&(connection, data.direction)).copied();
        data.previous = tail.map(|tail| tail.last);
        data.offset = tail.map_or(0, |tail| tail.length);
        let length = data.offset + data.bytes.len() as u64;
        self.tails.insert((connection, data.direction), Tail { last: id, length });
    }
}
