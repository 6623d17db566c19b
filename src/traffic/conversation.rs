//! The connections that a session has had: where in the log each began, fell half silent and ended. With it a picture of any part of a
//! long log knows what was before, without reading it. Must never keep a record.

use super::record::{Direction, Entry, Record, RecordId};
use crate::session::address::Address;
use crate::session::event::{EndedBy, What};
use crate::session::id::{ConnectionId, Peer};
use std::collections::BTreeMap;

/// Conversations that are remembered, the newest; half a megabyte. At the bound the oldest is forgotten, and what its records imply is
/// told from each alone.
const REMEMBERED: usize = 4096;

/// One connection, from the record that tells of its beginning.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    /// With whom, and which connection it is.
    pub peer: Peer,
    /// This end.
    pub local: Address,
    /// The record of its beginning.
    pub began: RecordId,
    /// The record that tells of our FIN while it went on.
    pub finished: Option<RecordId>,
    /// The record that tells of the peer's FIN while it went on.
    pub peer_finished: Option<RecordId>,
    /// How it ended.
    pub ended: Option<Ended>,
    /// Payload bytes received so far.
    pub received: u64,
    /// Payload bytes sent so far.
    pub sent: u64,
    /// Messages sent so far.
    pub messages: u64,
}

/// How a conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The record that tells of it.
    pub at: RecordId,
    /// In which way.
    pub way: Way,
}

/// The ways in which a conversation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// This side closed it.
    Closed,
    /// The peer's FIN, and then ours.
    PeerClosed,
    /// Our RST.
    Reset,
    /// The peer's RST.
    PeerReset,
    /// Nothing came any more.
    Silence,
    /// Another error, or the log does not tell.
    Unknown,
}

impl Way {
    /// The same as an ending tells it.
    pub fn of(by: &EndedBy) -> Self {
        match by {
            EndedBy::Us | EndedBy::Idle => Self::Closed,
            EndedBy::OurReset => Self::Reset,
            EndedBy::PeerFin | EndedBy::PeerClosed => Self::PeerClosed,
            EndedBy::PeerReset | EndedBy::PeerClosedUnread => Self::PeerReset,
            EndedBy::TimedOut => Self::Silence,
            EndedBy::Cancelled | EndedBy::Error(_) => Self::Unknown,
        }
    }
}

/// The conversations of a session.
#[derive(Clone, Debug, Default)]
pub struct Conversations {
    all: BTreeMap<ConnectionId, Conversation>,
    /// The one that began last: a client's only one ends with its session.
    last: Option<ConnectionId>,
}

impl Conversations {
    /// Takes in a record of the session; to be called in order.
    pub fn note(&mut self, id: RecordId, record: &Record) {
        match &record.entry {
            Entry::Data(data) => self.change(data.peer, |conversation| {
                let length = data.bytes.len() as u64;
                match data.direction {
                    Direction::Received => conversation.received += length,
                    Direction::Sent => {
                        conversation.sent += length;
                        conversation.messages += 1;
                    }
                }
            }),
            Entry::Note(what) => self.note_event(id, what),
        }
    }

    fn note_event(&mut self, id: RecordId, what: &What) {
        match what {
            What::PeerFinished { peer } => self.change(*peer, |conversation| conversation.peer_finished = Some(id)),
            What::Finished { peer } => self.change(*peer, |conversation| conversation.finished = Some(id)),
            What::PeerLeft { peer, ending } => self.end(*peer, Ended { at: id, way: Way::of(&ending.by) }),
            What::Closed { ending } => self.end_last(Ended { at: id, way: Way::of(&ending.by) }),
            What::Failed(_) => self.end_last(Ended { at: id, way: Way::Unknown }),
            other => other.begun().into_iter().for_each(|(peer, local)| self.begin(id, peer, local)),
        }
    }

    fn begin(&mut self, id: RecordId, peer: Peer, local: Address) {
        let Some(connection) = peer.stream() else { return };
        let new = Conversation {
            peer,
            local,
            began: id,
            finished: None,
            peer_finished: None,
            ended: None,
            received: 0,
            sent: 0,
            messages: 0,
        };
        self.all.insert(connection, new);
        self.last = Some(connection);
        if self.all.len() > REMEMBERED {
            self.all.pop_first();
        }
    }

    fn change(&mut self, peer: Peer, change: impl FnOnce(&mut Conversation)) {
        if let Some(conversation) = peer.connection.and_then(|id| self.all.get_mut(&id)) {
            change(conversation);
        }
    }

    fn end(&mut self, peer: Peer, ended: Ended) {
        self.change(peer, |conversation| {
            conversation.ended.get_or_insert(ended);
        });
    }

    /// A client's conversation ends with its session; those of a server have ended before.
    fn end_last(&mut self, ended: Ended) {
        if let Some(conversation) = self.last.take().and_then(|id| self.all.get_mut(&id)) {
            conversation.ended.get_or_insert(ended);
        }
    }

    /// One of them.
    pub fn get(&self, connection: ConnectionId) -> Option<&Conversation> {
        self.all.get(&connection)
    }

    /// All that are remembered, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (ConnectionId, &Conversation)> {
        self.all.iter().map(|(id, conversation)| (*id, conversation))
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there was none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::event::{Ending, Event, SessionEvent};
    use crate::session::id::SessionId;
    use crate::session::timestamp::Timestamp;
    use crate::traffic::filing::Filing;

    fn peer(number: u32) -> Peer {
        Peer::connected(ConnectionId(number), "127.0.0.1:9".parse().unwrap())
    }

    fn told(events: Vec<What>) -> Conversations {
        let (mut filing, mut conversations) = (Filing::default(), Conversations::default());
        for what in events {
            let event = Event::Session(SessionEvent { session: SessionId(1), at: Timestamp(0), what });
            let (id, record) = filing.file(event).record.unwrap();
            conversations.note(id, &record);
        }
        conversations
    }

    #[test]
    fn a_half_close_and_an_end_are_remembered_where_they_stand() {
        let local = "127.0.0.1:8".parse().unwrap();
        let ending = Ending { by: EndedBy::PeerFin, received: 3, sent: 0 };
        let told = told(vec![
            What::PeerJoined { peer: peer(1), local },
            What::PeerJoined { peer: peer(2), local },
            What::Received { peer: peer(1), bytes: vec![1, 2, 3].into() },
            What::Finished { peer: peer(1) },
            What::PeerLeft { peer: peer(1), ending },
        ]);
        let one = told.get(ConnectionId(1)).unwrap();
        assert_eq!((one.began, one.finished, one.peer_finished), (RecordId(0), Some(RecordId(3)), None));
        assert_eq!(one.ended, Some(Ended { at: RecordId(4), way: Way::PeerClosed }));
        assert_eq!((one.received, one.sent), (3, 0));
        assert_eq!(told.get(ConnectionId(2)).unwrap().ended, None);
    }

    #[test]
    fn a_clients_only_conversation_ends_with_its_session() {
        let local = "127.0.0.1:8".parse().unwrap();
        let ending = Ending { by: EndedBy::OurReset, received: 0, sent: 0 };
        let told = told(vec![What::Connected { peer: peer(7), local }, What::Closed { ending }]);
        assert_eq!(told.get(ConnectionId(7)).unwrap().ended, Some(Ended { at: RecordId(1), way: Way::Reset }));
    }

    #[test]
    fn the_oldest_is_forgotten_at_the_bound() {
        let local = "127.0.0.1:8".parse().unwrap();
        let count = REMEMBERED as u32 + 2;
        let told = told((1..=count).map(|number| What::PeerJoined { peer: peer(number), local }).collect());
        assert_eq!(told.len(), REMEMBERED);
        assert!(told.get(ConnectionId(2)).is_none() && told.get(ConnectionId(3)).is_some());
    }
}
