//! Which packets and which sockets are a session's: its ends, as far as they are known. Must never name anyone else's.

use super::model::{Connection, Session};
use crate::session::address::{Endpoint, Host};
use crate::session::ends::{Ends, Protocol};
use crate::session::spec::SessionSpec;
use crate::session::state::State;
use std::net::SocketAddr;

/// Connections that have ended and are still looked at, the latest: one of them may wait in TIME-WAIT.
const ENDED: usize = 8;
/// Live connections of one client or relay that are looked at, the latest.
const LIVE: usize = 16;

/// The ends of a session that is open, or was: a server's and a datagram socket's own address, a client's connections, or where it is
/// about to connect to.
pub fn of_session(session: &Session) -> Vec<Ends> {
    let Some(spec) = &session.spec else { return Vec::new() };
    let given = session.local.and_then(|local| local.ip());
    let mut ends = match (given, socket_of(spec)) {
        (Some(local), Some((protocol, _))) => vec![Ends::Local { protocol, local }],
        (None, Some((protocol, local))) if session.state == State::Connecting => asked(protocol, local),
        _ => Vec::new(),
    };
    if matches!(spec, SessionSpec::TcpClient(_) | SessionSpec::Relay(_)) {
        let protocol = if let SessionSpec::Relay(relay) = spec { relay.protocol } else { Protocol::Tcp };
        let live = session.connections.values().rev().take(LIVE);
        let all = live.chain(session.ended.iter().take(ENDED)).filter_map(|connection| both(protocol, connection));
        ends.extend(all);
    }
    // A client that is connected knows its port; until then, and where it never came to it, what goes to the server is told apart later.
    let opening = matches!(session.state, State::Connecting | State::Failed);
    if opening && let SessionSpec::TcpClient(client) = spec {
        ends.extend(literal(&client.remote).map(|remote| Ends::Remote { protocol: Protocol::Tcp, remote }));
    }
    ends
}

/// The ends that a session will have that is about to be opened, as far as they can be known: not a port that the system will choose, nor
/// the address of a name.
pub fn of_spec(spec: &SessionSpec) -> Vec<Ends> {
    let mut ends = socket_of(spec).map_or_else(Vec::new, |(protocol, local)| asked(protocol, local));
    if let SessionSpec::TcpClient(client) = spec {
        ends.extend(literal(&client.remote).map(|remote| Ends::Remote { protocol: Protocol::Tcp, remote }));
    }
    ends
}

/// Over what and where a session is to be bound, if it has a socket of its own that others talk to.
fn socket_of(spec: &SessionSpec) -> Option<(Protocol, SocketAddr)> {
    match spec {
        SessionSpec::TcpServer(server) => Some((Protocol::Tcp, server.local)),
        SessionSpec::Udp(udp) => Some((Protocol::Udp, udp.local)),
        SessionSpec::Relay(relay) => Some((relay.protocol, relay.listen)),
        SessionSpec::TcpClient(_) | SessionSpec::UnixClient(_) | SessionSpec::UnixServer(_) | SessionSpec::UnixDatagram(_) => {
            None
        }
    }
}

fn asked(protocol: Protocol, local: SocketAddr) -> Vec<Ends> {
    if local.port() == 0 { Vec::new() } else { vec![Ends::Asked { protocol, local }] }
}

fn both(protocol: Protocol, connection: &Connection) -> Option<Ends> {
    Some(Ends::Both { protocol, local: connection.local.ip()?, remote: connection.peer.address.ip()? })
}

fn literal(endpoint: &Endpoint) -> Option<SocketAddr> {
    match endpoint.host {
        Host::Ip(ip) => Some(SocketAddr::new(ip, endpoint.port)),
        Host::Name(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::draft::Draft;
    use crate::session::id::{ConnectionId, Peer};
    use crate::session::spec::Role;
    use crate::session::timestamp::Timestamp;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn spec(role: Role, edit: impl FnOnce(&mut Draft)) -> SessionSpec {
        let mut draft = Draft::new(role);
        edit(&mut draft);
        draft.spec().unwrap()
    }

    #[test]
    fn a_client_has_a_server_first_and_then_a_connection() {
        let spec = spec(Role::TcpClient, |draft| {
            draft.remote_host = "127.0.0.1".into();
            draft.remote_port = "80".into();
        });
        let remote = Ends::Remote { protocol: Protocol::Tcp, remote: at("127.0.0.1:80") };
        assert_eq!(of_spec(&spec), [remote]);
        let mut session = Session { spec: Some(spec), state: State::Connecting, ..Session::default() };
        assert_eq!(of_session(&session), [remote]);
        let peer = Peer::connected(ConnectionId(1), at("127.0.0.1:80").into());
        let (local, since) = (at("127.0.0.1:5").into(), Timestamp(0));
        let connection = Connection::new(peer, local, since);
        session.state = State::Open;
        session.connections.insert(ConnectionId(1), connection);
        let both = Ends::Both { protocol: Protocol::Tcp, local: at("127.0.0.1:5"), remote: at("127.0.0.1:80") };
        assert_eq!(of_session(&session), [both]);
        let ended = session.connections.remove(&ConnectionId(1)).unwrap();
        session.ended.push_front(ended);
        session.state = State::Closed;
        assert_eq!(of_session(&session), [both]);
    }

    #[test]
    fn a_port_that_the_system_will_choose_is_no_end_yet() {
        let spec = spec(Role::TcpServer, |draft| draft.local_port = "0".into());
        assert_eq!(of_spec(&spec), []);
        let session = Session { spec: Some(spec), local: Some(at("127.0.0.1:7").into()), ..Session::default() };
        assert_eq!(of_session(&session), [Ends::Local { protocol: Protocol::Tcp, local: at("127.0.0.1:7") }]);
    }

    #[test]
    fn a_port_that_was_refused_is_another_program_s() {
        let spec = spec(Role::TcpServer, |draft| draft.local_port = "7".into());
        let asked = Ends::Asked { protocol: Protocol::Tcp, local: at("127.0.0.1:7") };
        assert_eq!(of_spec(&spec), [asked]);
        let session = Session { spec: Some(spec), state: State::Failed, ..Session::default() };
        assert_eq!(of_session(&session), []);
    }
}
