//! Which records are shown under conditions and a pattern, fed with all records in order. Must never let a record through that is not
//! asked for, nor hold one back to be surer.

use super::conditions::{Conditions, Verdict, Wanted};
use super::finder::Finder;
use crate::traffic::record::{Entry, Record, RecordId};

/// What is newly known of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is shown. Not always in order: a match that ends in a later record brings in the one where it began.
    Shown(RecordId),
    /// It was shown because no match touched it, and now one does. Only where untouched records are wanted.
    Withdrawn(RecordId),
}

/// Which records are shown.
pub struct Sieve {
    conditions: Conditions,
    finder: Option<(Finder, Wanted)>,
}

impl Sieve {
    /// A sieve that has seen nothing.
    pub fn new(conditions: Conditions) -> Self {
        let finder = conditions.pattern.as_ref().map(|sought| (Finder::new(sought.query.clone()), sought.wanted));
        Self { conditions, finder }
    }

    /// What it sieves by.
    pub fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// Takes in the next record and tells what is now known, of it and of earlier ones.
    pub fn push(&mut self, id: RecordId, record: &Record, changes: &mut impl FnMut(Change)) {
        let verdict = self.conditions.admits(record);
        if verdict == Verdict::Shown {
            changes(Change::Shown(id));
        }
        let Some((finder, wanted)) = &mut self.finder else { return };
        match (&record.entry, verdict) {
            (Entry::Note(what), _) => finder.note(what),
            (Entry::Data(_), Verdict::Foreign) => {}
            (Entry::Data(data), verdict) => {
                let asked = verdict == Verdict::AsPattern;
                let mut touched = false;
                let mut hits = |hit: RecordId| match wanted {
                    Wanted::Touched => changes(Change::Shown(hit)),
                    Wanted::Untouched if hit == id => touched = true,
                    Wanted::Untouched => changes(Change::Withdrawn(hit)),
                };
                if asked {
                    finder.push(id, data.into(), &mut hits);
                } else {
                    finder.pass(id, data.into(), &mut hits);
                }
                if asked && *wanted == Wanted::Untouched && !touched {
                    changes(Change::Shown(id));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::card::Protocol;
    use crate::codec::encoding::Encoding;
    use crate::session::event::{EndedBy, Ending, Origin, Place, SessionEvent, What};
    use crate::session::id::{ConnectionId, Peer, SessionId};
    use crate::session::timestamp::Timestamp;
    use crate::traffic::encodings::Encodings;
    use crate::traffic::filing::Streams;
    use crate::traffic::query::conditions::Sought;
    use crate::traffic::query::{Pattern, Query};
    use crate::traffic::record::Direction;
    use std::collections::BTreeSet;

    fn peer(connection: u32) -> Peer {
        let address = format!("10.0.0.{connection}:9").parse().unwrap();
        Peer::connected(ConnectionId(connection), address)
    }

    /// What the records are, by number, one per second.
    fn story() -> Vec<What> {
        let bytes = |text: &str| text.as_bytes().into();
        vec![
            What::Bound { local: "127.0.0.1:1".parse().unwrap(), receive_buffer: 0 },
            What::PeerJoined { peer: peer(1), local: "127.0.0.1:1".parse().unwrap() },
            What::Received { peer: peer(1), bytes: bytes("ping") },
            What::Received { peer: peer(2), bytes: bytes("data pi") },
            What::Gap { datagrams: 1, bytes: None, place: Place::Kernel },
            What::Sent { peer: peer(1), bytes: bytes("pong"), origin: Origin::User },
            What::Received { peer: peer(2), bytes: bytes("ng") },
            What::Received { peer: Peer::datagram("10.0.0.3:9".parse().unwrap()), bytes: bytes("x") },
            What::PeerLeft { peer: peer(2), ending: Ending { by: EndedBy::Us, received: 9, sent: 0 } },
        ]
    }

    fn changes(conditions: Conditions) -> Vec<Change> {
        let mut streams = Streams::default();
        let mut sieve = Sieve::new(conditions);
        let mut changes = Vec::new();
        for (second, what) in story().into_iter().enumerate() {
            let event = SessionEvent { session: SessionId(1), at: Timestamp(second as i64 * 1_000_000), what };
            let (id, record) = streams.file(&event).unwrap();
            sieve.push(id, &record, &mut |change| changes.push(change));
        }
        changes
    }

    fn shown(conditions: Conditions) -> Vec<u64> {
        let mut shown = BTreeSet::new();
        for change in changes(conditions) {
            match change {
                Change::Shown(id) => assert!(shown.insert(id.0)),
                Change::Withdrawn(id) => assert!(shown.remove(&id.0)),
            }
        }
        shown.into_iter().collect()
    }

    fn sought(wanted: Wanted) -> Option<Sought> {
        let pattern = Pattern { typed: "ping".into(), ..Pattern::default() };
        let query = Query::compile(&pattern, &Encodings::fixed(Encoding::UTF_8, Encoding::UTF_8)).unwrap().unwrap();
        Some(Sought { query, wanted })
    }

    #[test]
    fn what_each_condition_lets_through() {
        let all = Conditions::default;
        assert!(all().is_empty());
        assert_eq!(shown(all()), (0..9).collect::<Vec<_>>());
        let range = |typed: &str| Some(crate::traffic::query::address::AddressRange::parse_all(typed).unwrap());
        let table: [(Conditions, &[u64]); 12] = [
            (Conditions { direction: Some(Direction::Sent), ..all() }, &[5]),
            (Conditions { direction: Some(Direction::Received), ..all() }, &[2, 3, 4, 6, 7]),
            (Conditions { connections: Some(BTreeSet::from([ConnectionId(2)])), ..all() }, &[0, 3, 4, 6, 7, 8]),
            (Conditions { addresses: range("10.0.0.1, 10.0.0.3"), ..all() }, &[0, 1, 2, 4, 5, 7]),
            (Conditions { shortest: Some(3), longest: Some(4), ..all() }, &[2, 4, 5]),
            (Conditions { from: Some(Timestamp(1_000_000)), to: Some(Timestamp(3_000_000)), ..all() }, &[1, 2, 3]),
            (Conditions { pattern: sought(Wanted::Touched), ..all() }, &[2, 3, 4, 6]),
            // Nothing here says that it is a message; a loss may have been one.
            (Conditions { protocol: Some(Protocol::IpMsg), ..all() }, &[4]),
            (Conditions { pattern: sought(Wanted::Untouched), ..all() }, &[4, 5, 7]),
            // The match is completed by a record that is not asked for itself.
            (Conditions { pattern: sought(Wanted::Touched), shortest: Some(5), ..all() }, &[3, 4]),
            (Conditions { pattern: sought(Wanted::Untouched), to: Some(Timestamp(3_000_000)), ..all() }, &[]),
            (Conditions { pattern: sought(Wanted::Touched), addresses: range("10.0.0.1"), ..all() }, &[2, 4]),
        ];
        for (conditions, expected) in table {
            assert_eq!(shown(conditions.clone()), expected, "{conditions:?}");
        }
    }

    #[test]
    fn a_record_is_shown_at_once_and_withdrawn_when_a_match_reaches_back() {
        let changes = changes(Conditions { pattern: sought(Wanted::Untouched), ..Conditions::default() });
        let of_3: Vec<&Change> = changes
            .iter()
            .filter(|change| matches!(change, Change::Shown(RecordId(3)) | Change::Withdrawn(RecordId(3))))
            .collect();
        assert_eq!(of_3, [&Change::Shown(RecordId(3)), &Change::Withdrawn(RecordId(3))]);
    }
}
