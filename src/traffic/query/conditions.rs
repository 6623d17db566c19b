//! What is asked of a record besides the pattern. Must never hide a loss that lies within what is looked at.

use super::address::AddressRange;
use super::pattern::Query;
use crate::codec::card::{Protocol, claims};
use crate::session::event::What;
use crate::session::id::ConnectionId;
use crate::session::timestamp::Timestamp;
use crate::traffic::record::{Data, Direction, Entry, Record};
use std::collections::BTreeSet;

/// All that can be asked for; by default nothing is, and every record is shown.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// What its bytes must touch.
    pub pattern: Option<Sought>,
    /// Which way it went.
    pub direction: Option<Direction>,
    /// Which connections. Datagrams have none and are not asked, as in the list of peers.
    pub connections: Option<BTreeSet<ConnectionId>>,
    /// Which addresses; one of them is enough.
    pub addresses: Option<Vec<AddressRange>>,
    /// At least so many bytes.
    pub shortest: Option<usize>,
    /// At most so many bytes.
    pub longest: Option<usize>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Not after.
    pub to: Option<Timestamp>,
    /// Bytes that claim to be a message of this protocol, whatever is wrong with it.
    pub protocol: Option<Protocol>,
}

/// A pattern, and on which side of it a record must be.
#[derive(Clone, Debug)]
pub struct Sought {
    /// The pattern.
    pub query: Query,
    /// Which records are wanted.
    pub wanted: Wanted,
}

/// Which records are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Those that a match touches.
    Touched,
    /// Those that no match touches.
    Untouched,
}

/// What the conditions other than the pattern say of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is shown.
    Shown,
    /// It is shown if the pattern says so too.
    AsPattern,
    /// It is hidden, but a match in its neighbours may use its bytes.
    Hidden,
    /// It is hidden, and so is all of its stream.
    Foreign,
}

impl Conditions {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.pattern.is_none()
            && self.direction.is_none()
            && self.connections.is_none()
            && self.addresses.is_none()
            && self.shortest.is_none()
            && self.longest.is_none()
            && self.from.is_none()
            && self.to.is_none()
            && self.protocol.is_none()
    }

    /// What they say of a record.
    pub fn admits(&self, record: &Record) -> Verdict {
        match &record.entry {
            Entry::Data(data) => self.admits_data(record, data),
            Entry::Note(what) if self.admits_note(record, what) => Verdict::Shown,
            Entry::Note(_) => Verdict::Hidden,
        }
    }

    fn admits_data(&self, record: &Record, data: &Data) -> Verdict {
        let length = data.bytes.len();
        if self.direction.is_some_and(|direction| direction != data.direction) || !self.admits_peer(record) {
            Verdict::Foreign
        } else if !self.admits_time(record.at)
            || self.shortest.is_some_and(|shortest| length < shortest)
            || self.longest.is_some_and(|longest| length > longest)
            || self.protocol.is_some_and(|protocol| !claims(protocol, &data.bytes))
        {
            Verdict::Hidden
        } else if self.pattern.is_some() {
            Verdict::AsPattern
        } else {
            Verdict::Shown
        }
    }

    /// 1. A loss of datagrams is shown, unless only what was sent is asked for, or another time: losses are of what is received, and
    ///    whatever else is asked for might have been among them.
    /// 2. Other notes have no bytes, so they are hidden where bytes are asked for: by pattern, direction, length or protocol.
    /// 3. Of the rest, those about the whole session are shown, and those about a peer as that peer's bytes are.
    fn admits_note(&self, record: &Record, what: &What) -> bool {
        let in_time = self.admits_time(record.at);
        if matches!(what, What::Gap { .. }) {
            return in_time && self.direction != Some(Direction::Sent);
        }
        let bytes_asked_for = self.pattern.is_some()
            || self.direction.is_some()
            || self.shortest.is_some()
            || self.longest.is_some()
            || self.protocol.is_some();
        in_time && !bytes_asked_for && self.admits_peer(record)
    }

    fn admits_peer(&self, record: &Record) -> bool {
        let Some(peer) = record.peer() else { return true };
        let connection = peer.connection;
        let chosen = self.connections.as_ref().is_none_or(|chosen| connection.is_none_or(|id| chosen.contains(&id)));
        chosen && self.addresses.as_ref().is_none_or(|ranges| ranges.iter().any(|range| range.contains(peer.address)))
    }

    fn admits_time(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at <= to)
    }
}
