//! The sockets of a session: a listener with its queue and one per connection, or the only one there is. Must never ask the system: the
//! sampler does.

use crate::session::address::Address;
use crate::session::spec::{Role, SessionSpec};
use crate::traffic::ends;
use crate::traffic::model::Session;
use crate::ui::page::PageLook;

/// Connections that the tree shows, the newest.
const SHOWN: usize = 4;

/// The tree of a session's sockets.
#[derive(Default)]
pub struct Sockets {
    /// The listening socket, and how full its queue is.
    pub listener: Option<Listener>,
    /// A socket for each connection: this end and the other.
    pub connections: Vec<[Address; 2]>,
    /// Connections that are not among them.
    pub more: usize,
}

/// A socket that listens.
pub struct Listener {
    /// Where.
    pub local: Address,
    /// The second argument of `listen`.
    pub backlog: u32,
    /// Connections that wait to be accepted, and how many may; `None` where the system does not tell.
    pub queue: Option<(u32, u32)>,
}

impl Sockets {
    /// Those of a session as it stands.
    pub fn of(session: &Session, look: &PageLook<'_>) -> Self {
        let Some(spec) = session.spec.as_ref().filter(|_| session.state.is_live()) else { return Self::default() };
        let backlog = match spec {
            SessionSpec::TcpServer(spec) => Some(spec.backlog),
            SessionSpec::UnixServer(spec) => Some(spec.backlog),
            _ => None,
        };
        let listener = session.local.zip(backlog).map(|(local, backlog)| Listener { local, backlog, queue: None });
        let listener = listener.map(|listener| match spec.role() {
            Role::TcpServer => Listener { queue: queue(session, look), ..listener },
            _ => listener,
        });
        let newest = session.connections.values().rev().take(SHOWN);
        let connections: Vec<_> = newest.map(|connection| [connection.local, connection.peer.address]).collect();
        Self { listener, more: session.connections.len() - connections.len(), connections }
    }
}

/// How full the accept queue is, as the system says.
fn queue(session: &Session, look: &PageLook<'_>) -> Option<(u32, u32)> {
    let local = session.local?.ip()?;
    let watch = look.sampler.look(look.id.0, &ends::of_session(session));
    let listener = watch.samples.iter().find(|sample| sample.remote.is_none() && sample.local.port() == local.port())?;
    listener.receive_queue.zip(listener.send_queue)
}
