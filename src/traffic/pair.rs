//! Which two sessions of this program talk to each other: each one's own address is the other's remote one. Must never guess: addresses
//! that are not known match nothing.

use super::model::{Connection, Model, Session};
use crate::session::address::{Address, Host};
use crate::session::id::{ConnectionId, SessionId};
use crate::session::spec::SessionSpec;
use std::net::SocketAddr;

/// The other end of a conversation, in this program too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherEnd {
    /// Its session.
    pub session: SessionId,
    /// Its name there; `None` for datagrams.
    pub connection: Option<ConnectionId>,
}

impl Session {
    /// A connection by its name, or the latest; those that live first, then those that have ended and are remembered.
    pub fn any_connection(&self, wanted: Option<ConnectionId>) -> Option<&Connection> {
        let all = || self.connections.values().rev().chain(&self.ended);
        match wanted {
            Some(id) => all().find(|connection| connection.peer.connection == Some(id)),
            None => all().next(),
        }
    }

    /// Where a datagram session sends to: as it was opened, else whoever sent last.
    pub fn datagram_remote(&self) -> Option<Address> {
        let given = match &self.spec {
            Some(SessionSpec::Udp(spec)) => spec.remote.as_ref().and_then(|remote| match remote.host {
                Host::Ip(ip) => Some(Address::Ip(SocketAddr::new(ip, remote.port))),
                Host::Name(_) => None,
            }),
            Some(SessionSpec::UnixDatagram(spec)) => spec.remote.map(Address::Unix),
            _ => None,
        };
        given.or_else(|| self.senders.front().copied())
    }
}

/// The session at the other end of a connection (`None`: the latest) or of a datagram socket.
pub fn other_end(model: &Model, id: SessionId, connection: Option<ConnectionId>) -> Option<OtherEnd> {
    let session = model.session(id)?;
    if let Some(ours) = session.any_connection(connection) {
        let theirs = |other: &&Connection| other.local == ours.peer.address && other.peer.address == ours.local;
        return others(model, id).find_map(|(session, other)| {
            let found = other.connections.values().rev().chain(&other.ended).find(theirs)?;
            Some(OtherEnd { session, connection: found.peer.connection })
        });
    }
    let local = session.local?;
    let is_datagram = |session: &Session| matches!(session.spec, Some(SessionSpec::Udp(_) | SessionSpec::UnixDatagram(_)));
    if !is_datagram(session) {
        return None;
    }
    let found = |wanted: &dyn Fn(&Session) -> bool| others(model, id).find(|(_, other)| is_datagram(other) && wanted(other));
    let remote = session.datagram_remote();
    let sends_here = |other: &Session| other.datagram_remote() == Some(local);
    // Whoever each sends to the other; else whoever sends here and is sent nothing yet, or is sent to and has sent nothing yet.
    let mutual = found(&|other| remote.is_some() && other.local == remote && sends_here(other));
    let one_way = || {
        let quiet = |other: &Session| remote.is_some() && other.local == remote && other.datagram_remote().is_none();
        found(&|other| quiet(other) || remote.is_none() && other.local.is_some() && sends_here(other))
    };
    mutual.or_else(one_way).map(|(session, _)| OtherEnd { session, connection: None })
}

fn others(model: &Model, id: SessionId) -> impl Iterator<Item = (SessionId, &Session)> {
    model.sessions().filter(move |(other, _)| *other != id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::draft::Draft;
    use crate::session::event::{Event, SessionEvent, What};
    use crate::session::id::Peer;
    use crate::session::spec::Role;
    use crate::session::timestamp::Timestamp;
    use crate::traffic::filing::Filing;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_connection_finds_its_other_end_also_after_both_have_ended() {
        let (mut model, mut filing) = (Model::default(), Filing::default());
        let mut tell = |model: &mut Model, session: u64, what: What| {
            model.apply(filing.file(Event::Session(SessionEvent { session: SessionId(session), at: Timestamp(0), what })));
        };
        for (session, role) in [(1, Role::TcpServer), (2, Role::TcpClient), (3, Role::TcpClient)] {
            tell(&mut model, session, What::Opening { spec: Box::new(Draft::new(role).spec().unwrap()) });
        }
        let (server, client) = (address("127.0.0.1:9000"), address("127.0.0.1:50000"));
        let joined = Peer::connected(ConnectionId(7), client.into());
        tell(&mut model, 1, What::PeerJoined { peer: joined, local: server.into() });
        tell(&mut model, 2, What::Connected { peer: Peer::connected(ConnectionId(8), server.into()), local: client.into() });
        let elsewhere = Peer::connected(ConnectionId(9), server.into());
        tell(&mut model, 3, What::Connected { peer: elsewhere, local: address("127.0.0.1:50001").into() });
        let at_client = Some(OtherEnd { session: SessionId(2), connection: Some(ConnectionId(8)) });
        assert_eq!(other_end(&model, SessionId(1), Some(ConnectionId(7))), at_client);
        assert_eq!(other_end(&model, SessionId(2), None).unwrap().connection, Some(ConnectionId(7)));
        assert_eq!(other_end(&model, SessionId(3), None), None);
        let ending = crate::session::event::Ending { by: crate::session::event::EndedBy::Us, received: 0, sent: 0 };
        tell(&mut model, 2, What::Closed { ending: ending.clone() });
        tell(&mut model, 1, What::PeerLeft { peer: joined, ending });
        assert_eq!(other_end(&model, SessionId(1), Some(ConnectionId(7))), at_client);
    }
}
