//! Every session as it stands: what was asked for, state, peers, log, counters. `apply` is its only writer, and only the recorder
//! thread calls it. Must never wait for anything.

use super::calls::{Calls, Placed};
use super::conversation::Conversations;
use super::filing::Filed;
use super::heads::Heads;
pub use super::log::Keeping;
use super::log::{Holding, Log};
use super::meter::Meter;
use super::record::{Direction, Entry, Record, RecordId};
use crate::session::address::Address;
use crate::session::credentials::Credentials;
use crate::session::event::{Dialled, Ending, Event, SessionEvent, What};
use crate::session::failure::Failure;
use crate::session::id::{ConnectionId, Peer, SessionId};
use crate::session::impairment::{Impairment, Tally};
use crate::session::knob::Knobs;
use crate::session::recording::RecordingStatus;
use crate::session::spec::{Interface, Membership, SessionSpec, Switch};
use crate::session::state::State;
use crate::session::timestamp::Timestamp;
use std::collections::{BTreeMap, VecDeque};

/// Memory for the records of all sessions together. At the bound the oldest of the largest log go, counted and shown.
pub const DEFAULT_BUDGET: usize = 64 << 20;
/// UDP senders remembered for the list of targets, the latest ones.
const SENDERS: usize = 32;
/// Connections that have ended and are remembered, the latest ones.
const ENDED: usize = 64;

/// A connection of a session while it lives.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Which.
    pub peer: Peer,
    /// This end.
    pub local: Address,
    /// When it was accepted or connected.
    pub since: Timestamp,
    /// Bytes from it.
    pub received: u64,
    /// Bytes to it.
    pub sent: u64,
    /// Whether it sent its FIN.
    pub peer_finished: bool,
    /// Whether we sent ours.
    pub finished: bool,
    /// The other end of a relay's conversation: what comes from here goes there.
    pub through: Option<Peer>,
    /// Whether a relay made it, for a client that it forwards.
    pub dialled: bool,
    /// Who is at the other end, where the system tells.
    pub credentials: Option<Credentials>,
}

impl Connection {
    /// One over which nothing went yet.
    pub fn new(peer: Peer, local: Address, since: Timestamp) -> Self {
        Self {
            peer,
            local,
            since,
            received: 0,
            sent: 0,
            peer_finished: false,
            finished: false,
            through: None,
            dialled: false,
            credentials: None,
        }
    }
}

/// A session.
#[derive(Default)]
pub struct Session {
    /// As it was last opened.
    pub spec: Option<SessionSpec>,
    /// Where it stands.
    pub state: State,
    /// Its own address, as the system gave it.
    pub local: Option<Address>,
    /// Live connections.
    pub connections: BTreeMap<ConnectionId, Connection>,
    /// UDP senders, the latest first.
    pub senders: VecDeque<Address>,
    /// Multicast groups joined.
    pub groups: Vec<Membership>,
    /// SO_BROADCAST.
    pub broadcast: Switch,
    /// How its knobs stand.
    pub knobs: Knobs,
    /// Whether a repetition is under way.
    pub repeating: bool,
    /// What a relay does to what passes.
    pub impairment: Impairment,
    /// How often it did each of that.
    pub tally: Tally,
    /// Why it failed, while it is failed.
    pub failure: Option<Failure>,
    /// Why it ended, while it is closed.
    pub ending: Option<Ending>,
    /// The file that it is being recorded to, while it is.
    pub recording: Option<RecordingStatus>,
    /// Its records.
    pub log: Log,
    /// The socket calls that it made.
    pub calls: Calls,
    /// Connections that have ended, the latest first.
    pub ended: VecDeque<Connection>,
    /// Its counters.
    pub meter: Meter,
    /// What tells the encoding of each of its streams.
    pub heads: Heads,
    /// The connections that it has had, and where in the log they are.
    pub conversations: Conversations,
}

/// How keeping records on disk stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Storage {
    /// Bytes on disk.
    pub used: u64,
    /// Those of them that sessions of this run recorded; the rest are of files that were opened, which the limit does not take away.
    pub live: u64,
    /// Bytes that there may be; 0 where nothing is kept on disk.
    pub limit: u64,
    /// Whether reading is stopped because there is no room.
    pub held: bool,
    /// Why records can't be written, while they can't.
    pub failing: Option<Failure>,
}

/// Everything the window shows.
pub struct Model {
    sessions: BTreeMap<SessionId, Session>,
    interfaces: Vec<Interface>,
    budget: usize,
    cost: usize,
    keeping: Keeping,
    storage: Storage,
}

impl Default for Model {
    fn default() -> Self {
        Self::new(DEFAULT_BUDGET, Keeping::InMemory)
    }
}

impl Model {
    /// An empty model that keeps records within so many bytes of memory, and the rest on disk or not at all.
    pub fn new(budget: usize, keeping: Keeping) -> Self {
        let storage = Storage::default();
        Self { sessions: BTreeMap::new(), interfaces: Vec::new(), budget, cost: 0, keeping, storage }
    }

    /// Another budget from now on, in bytes.
    pub fn set_budget(&mut self, budget: usize) {
        self.budget = budget;
        self.evict();
    }

    /// How keeping records on disk stands.
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Tells it how that stands.
    pub fn set_storage(&mut self, storage: Storage) {
        self.storage = storage;
    }

    /// Tells how a session's recording stands. A session may be recorded before anything has happened to it.
    pub fn set_recording(&mut self, session: SessionId, recording: Option<RecordingStatus>) {
        let keeping = self.keeping;
        match self.sessions.get_mut(&session) {
            Some(session) => session.recording = recording,
            None if recording.is_some() => {
                self.sessions.insert(session, Session { recording, log: Log::new(keeping), ..Session::default() });
            }
            None => {}
        }
    }

    /// The oldest records of a session went from disk.
    pub fn shrink(&mut self, session: SessionId, holding: Holding) {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.log.shrink(holding);
        }
    }

    /// Takes over a session that was read from a file.
    pub fn adopt(&mut self, id: SessionId, session: Session) {
        self.sessions.insert(id, session);
    }

    /// A session by its number.
    pub fn session(&self, id: SessionId) -> Option<&Session> {
        self.sessions.get(&id)
    }

    /// Every session in order.
    pub fn sessions(&self) -> impl Iterator<Item = (SessionId, &Session)> {
        self.sessions.iter().map(|(id, session)| (*id, session))
    }

    /// This machine's interfaces, as last listed.
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// Takes in what happened.
    pub fn apply(&mut self, filed: Filed) {
        match filed.event {
            Event::Interfaces(found) => self.interfaces = found,
            Event::Session(event) => self.apply_to_session(event, filed.record),
        }
    }

    fn apply_to_session(&mut self, event: SessionEvent, record: Option<(RecordId, Record)>) {
        if let What::Forgotten = event.what {
            if let Some(gone) = self.sessions.remove(&event.session) {
                self.cost -= gone.log.cost();
            }
            return;
        }
        let keeping = self.keeping;
        let session =
            self.sessions.entry(event.session).or_insert_with(|| Session { log: Log::new(keeping), ..Session::default() });
        session.take(&event);
        match event.what {
            What::Cleared => {
                session.calls.clear();
                self.cost -= session.log.clear();
            }
            What::CountersReset => {
                session.meter.reset();
                session.tally = Tally::default();
            }
            _ => {
                if let Some((id, record)) = record {
                    debug_assert_eq!(id, session.log.next());
                    session.conversations.note(id, &record);
                    self.cost += session.log.push(record);
                }
            }
        }
        self.evict();
    }

    /// Brings the records back within the budget, at the cost of the largest log, so that a flood does not push a quiet session out.
    fn evict(&mut self) {
        while self.cost > self.budget {
            let Some(largest) = self.sessions.values_mut().max_by_key(|session| session.log.cost()) else { return };
            // A slice at a time: looking for the largest costs more than dropping a record.
            for _ in 0..64 {
                let freed = largest.log.evict();
                self.cost -= freed;
                if freed == 0 || self.cost <= self.budget {
                    break;
                }
            }
            if largest.log.cost() == 0 {
                return;
            }
        }
    }
}

impl Session {
    /// Brings everything but the log up to date.
    pub fn take(&mut self, event: &SessionEvent) {
        if let What::Opening { spec } = &event.what {
            let Self { log, meter, recording, heads, calls, ended, conversations, tally, .. } = std::mem::take(self);
            *self = Self {
                spec: Some((**spec).clone()),
                log,
                meter,
                recording,
                heads,
                calls,
                ended,
                conversations,
                tally,
                ..Self::default()
            };
            self.knobs = Knobs::of(spec);
            match &**spec {
                SessionSpec::Udp(udp) => self.broadcast = udp.broadcast,
                SessionSpec::Relay(relay) => self.impairment = relay.impairment,
                _ => {}
            }
        }
        if let Some(role) = self.spec.as_ref().map(SessionSpec::role) {
            self.state = self.state.after(role, &event.what);
        }
        match &event.what {
            What::Received { peer, bytes } => {
                self.heads.push((*peer, Direction::Received), bytes);
                self.count(*peer, Direction::Received, bytes.len() as u64, event.at);
                if peer.connection.is_none() && self.senders.front() != Some(&peer.address) {
                    self.senders.retain(|known| *known != peer.address);
                    self.senders.push_front(peer.address);
                    self.senders.truncate(SENDERS);
                }
            }
            What::Sent { peer, bytes, .. } => {
                self.heads.push((*peer, Direction::Sent), bytes);
                self.count(*peer, Direction::Sent, bytes.len() as u64, event.at);
            }
            What::Gap { datagrams, .. } => self.meter.lose(*datagrams),
            What::Listening { local } | What::Bound { local, .. } => self.local = Some(*local),
            What::Connected { peer, local } => {
                self.local = Some(*local);
                self.end_connections();
                self.join(*peer, *local, event.at);
            }
            What::PeerJoined { peer, local } => self.join(*peer, *local, event.at),
            What::Dialled(dialled) => {
                let Dialled { client, target, local } = &**dialled;
                self.join(*target, *local, event.at);
                self.connection(*target, |connection| (connection.through, connection.dialled) = (Some(*client), true));
                self.connection(*client, |connection| connection.through = Some(*target));
            }
            What::ImpairmentSet(impairment) => self.impairment = *impairment,
            What::Impaired(impaired) => self.tally.count(&impaired.done),
            What::PeerLeft { peer, .. } => {
                let gone = peer.connection.and_then(|id| self.connections.remove(&id));
                self.remember_ended(gone);
            }
            What::PeerIs { peer, credentials } => {
                self.connection(*peer, |connection| connection.credentials = Some(credentials.clone()));
            }
            What::PeerFinished { peer } => self.connection(*peer, |connection| connection.peer_finished = true),
            What::Finished { peer } => self.connection(*peer, |connection| connection.finished = true),
            What::Called(call) => {
                self.calls.push(Placed { at: event.at, before: self.log.next(), call: call.clone() });
            }
            What::RepeatStarted { .. } => self.repeating = true,
            What::RepeatEnded { .. } => self.repeating = false,
            What::BroadcastSet(switch) => self.broadcast = *switch,
            What::Turned(knob) => self.knobs.turn(knob),
            What::GroupJoined(group) => self.groups.push(group.clone()),
            What::GroupLeft(group) => self.groups.retain(|joined| joined != group),
            What::Failed(failure) => {
                self.failure = Some(failure.clone());
                self.end();
            }
            What::Closed { ending } => {
                self.ending = Some(ending.clone());
                self.end();
            }
            _ => {}
        }
    }

    /// The other end of a relay's conversation, by the connection of this one; `None` for any other peer, and for one that left long ago.
    pub fn through(&self, peer: Peer) -> Option<(ConnectionId, Peer)> {
        let id = peer.connection?;
        let connection = self.connections.get(&id).or_else(|| self.ended.iter().find(|gone| gone.peer == peer))?;
        Some((id, connection.through?))
    }

    /// Nothing more will happen to it: it was read from a file.
    pub fn rest(&mut self) {
        self.state = State::Closed;
        self.end();
    }

    fn end_connections(&mut self) {
        let gone = std::mem::take(&mut self.connections);
        self.remember_ended(gone.into_values());
    }

    fn remember_ended(&mut self, gone: impl IntoIterator<Item = Connection>) {
        for connection in gone {
            self.ended.push_front(connection);
        }
        self.ended.truncate(ENDED);
    }

    fn end(&mut self) {
        self.end_connections();
        self.groups.clear();
        self.repeating = false;
    }

    fn join(&mut self, peer: Peer, local: Address, since: Timestamp) {
        if let Some(id) = peer.connection {
            self.connections.insert(id, Connection::new(peer, local, since));
        }
    }

    fn connection(&mut self, peer: Peer, change: impl FnOnce(&mut Connection)) {
        if let Some(connection) = peer.connection.and_then(|id| self.connections.get_mut(&id)) {
            change(connection);
        }
    }

    fn count(&mut self, peer: Peer, direction: Direction, bytes: u64, at: Timestamp) {
        self.meter.count(direction, bytes, at);
        self.connection(peer, |connection| match direction {
            Direction::Received => connection.received += bytes,
            Direction::Sent => connection.sent += bytes,
        });
    }
}

impl Entry {
    /// Whether this is data and not a note.
    pub fn is_data(&self) -> bool {
        matches!(self, Self::Data(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::filing::Filing;
    use crate::traffic::record::RecordId;

    fn received(session: u64, length: usize) -> Event {
        let peer = Peer::datagram("127.0.0.1:9".parse().unwrap());
        let what = What::Received { peer, bytes: vec![7; length].into() };
        Event::Session(SessionEvent { session: SessionId(session), at: Timestamp(0), what })
    }

    #[test]
    fn eviction_is_counted_and_takes_from_the_largest_log() {
        let (mut model, mut filing) = (Model::new(100_000, Keeping::InMemory), Filing::default());
        model.apply(filing.file(received(2, 10)));
        for _ in 0..1_000 {
            model.apply(filing.file(received(1, 1_000)));
        }
        assert!(model.cost <= 100_000);
        let flooded = &model.session(SessionId(1)).unwrap().log;
        let kept = flooded.next().0 - flooded.first().0;
        assert_eq!(flooded.lost().records + kept, 1_000);
        assert_eq!(flooded.lost().bytes, flooded.lost().records * 1_000);
        assert!(flooded.in_memory(RecordId(0)).is_none());
        assert_eq!(model.session(SessionId(2)).unwrap().log.lost().records, 0);
    }

    #[test]
    fn clearing_is_no_loss_and_a_forgotten_session_frees_its_memory() {
        let (mut model, mut filing) = (Model::default(), Filing::default());
        model.apply(filing.file(received(1, 10)));
        model.apply(filing.file(Event::Session(SessionEvent { session: SessionId(1), at: Timestamp(0), what: What::Cleared })));
        let session = model.session(SessionId(1)).unwrap();
        assert_eq!((session.log.first(), session.log.next()), (RecordId(1), RecordId(1)));
        assert_eq!(session.log.lost().records, 0);
        assert_eq!(session.meter.read(Timestamp(0)).received.records, 1);
        model.apply(filing.file(received(1, 10)));
        model.apply(filing.file(Event::Session(SessionEvent { session: SessionId(1), at: Timestamp(0), what: What::Forgotten })));
        assert!(model.session(SessionId(1)).is_none());
        assert_eq!(model.cost, 0);
    }

    /// A peer that sends on is read as before; a connection that comes anew has a number of its own and tells for itself.
    #[test]
    fn what_a_stream_has_told_outlives_its_records_and_a_session_that_is_opened_again() {
        use crate::codec::encoding::Encoding;
        use crate::session::draft::Draft;
        use crate::session::spec::Role;
        use crate::traffic::heads::Judged;
        let (mut model, mut filing) = (Model::default(), Filing::default());
        let peer = Peer::datagram("127.0.0.1:9".parse().unwrap());
        let mut tell = |model: &mut Model, what: What| {
            model.apply(filing.file(Event::Session(SessionEvent { session: SessionId(1), at: Timestamp(0), what })));
        };
        let said = Encoding::GBK.encode("服务器已经启动正在等待客户端的连接").unwrap();
        tell(&mut model, What::Received { peer, bytes: said.into() });
        let draft = Draft { local_port: "0".into(), ..Draft::new(Role::Udp) };
        tell(&mut model, What::Cleared);
        tell(&mut model, What::Opening { spec: Box::new(draft.spec().unwrap()) });
        let heads = &model.session(SessionId(1)).unwrap().heads;
        let told = heads.judged((peer, Direction::Received));
        assert!(matches!(told, Judged::Text { encoding, .. } if encoding == Encoding::GBK), "{told:?}");
        assert_eq!(heads.judged((peer, Direction::Sent)), Judged::NotYet { seen: 0 });
        tell(&mut model, What::Forgotten);
        assert!(model.session(SessionId(1)).is_none());
    }
}
