//! What one conversation of a session did, in order. Must never hold more than a page's worth.

use crate::session::address::{Address, Endpoint, Host, UnixPath};
use crate::session::event::What;
use crate::session::failure::Cause;
use crate::session::id::ConnectionId;
use crate::session::spec::{Membership, SessionSpec, Switch, TcpOptions};
use crate::traffic::conversation::Way;
use crate::traffic::record::{Data, Direction, Entry, Record};
use std::net::SocketAddr;
use std::sync::Arc;

/// Messages that are written out, the first ones; of the others there is a line that says how many.
pub const MOST_SENDS: usize = 50;
/// Steps in all: what is received counts too.
const MOST_ACTS: usize = 400;
/// Bytes of all messages together that are written out; a longer one stands as so many zeros, and says so.
const MOST_BYTES: usize = 16 << 10;

/// Where a socket is, as a program says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An IP address and a port.
    Ip(SocketAddr),
    /// A name for the resolver, and a port.
    Name(String, u16),
    /// A Unix-domain socket.
    Unix(UnixPath),
}

impl From<&Endpoint> for Place {
    fn from(endpoint: &Endpoint) -> Self {
        match &endpoint.host {
            Host::Ip(ip) => Self::Ip(SocketAddr::new(*ip, endpoint.port)),
            Host::Name(name) => Self::Name(name.clone(), endpoint.port),
        }
    }
}

impl From<Address> for Place {
    fn from(address: Address) -> Self {
        match address {
            Address::Ip(address) => Self::Ip(address),
            Address::Unix(path) => Self::Unix(path),
        }
    }
}

/// How a conversation begins.
#[derive(Clone, Debug, PartialEq)]
pub enum Opening {
    /// It connects.
    Connect {
        /// To where.
        to: Place,
        /// From where, if that was chosen.
        from: Option<SocketAddr>,
        /// Options of the socket.
        options: TcpOptions,
    },
    /// It listens, and takes a connection.
    Serve {
        /// Where.
        at: Place,
        /// The second argument of `listen`.
        backlog: u32,
        /// SO_REUSEADDR.
        reuse: Switch,
        /// Options of the accepted socket.
        options: TcpOptions,
    },
    /// It sends and receives datagrams.
    Datagrams(Datagrams),
}

/// A socket for datagrams.
#[derive(Clone, Debug, PartialEq)]
pub struct Datagrams {
    /// Where it is bound; `None` for nowhere.
    pub at: Option<Place>,
    /// SO_REUSEADDR.
    pub reuse: Switch,
    /// SO_BROADCAST.
    pub broadcast: Switch,
    /// IP_TTL.
    pub time_to_live: Option<u8>,
    /// Groups joined.
    pub groups: Vec<Membership>,
}

/// One thing that is done.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Writes.
    Send(Bytes),
    /// Reads so many bytes, however many reads that takes.
    Receive(u64),
    /// Sends a datagram.
    SendTo(Place, Bytes),
    /// Receives one.
    ReceiveFrom,
    /// Shuts its own direction.
    Shutdown,
    /// Reads the peer's end.
    ReadEnd,
    /// Ends it with RST.
    Reset,
    /// Is reset by the peer.
    BeReset,
}

/// Bytes of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Bytes {
    /// These.
    Exact(Arc<[u8]>),
    /// So many: they are not written out.
    Long(usize),
}

/// A conversation as a program.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// How it begins.
    pub opening: Opening,
    /// What is done then.
    pub acts: Vec<Act>,
    /// Messages that were sent besides.
    pub more: u64,
}

/// Puts a script together, a record at a time.
pub struct Writer {
    script: Script,
    connection: Option<ConnectionId>,
    bytes: usize,
    sends: usize,
    done: Done,
}

/// Whether a conversation goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Done {
    Yes,
    No,
}

/// Whether a writer wants the next record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// It does.
    More,
    /// The rest would not be written.
    NoMore,
}

impl Writer {
    /// For a conversation of a session with this specification; `None` for a relay, which has no program of its own.
    pub fn new(spec: &SessionSpec, connection: Option<ConnectionId>) -> Option<Self> {
        let stream = TcpOptions::default();
        let opening = match spec {
            SessionSpec::TcpClient(spec) => {
                Opening::Connect { to: Place::from(&spec.remote), from: spec.local, options: spec.options }
            }
            SessionSpec::TcpServer(spec) => Opening::Serve {
                at: Place::Ip(spec.local),
                backlog: spec.backlog,
                reuse: spec.reuse_address,
                options: spec.options,
            },
            SessionSpec::Udp(spec) => Opening::Datagrams(Datagrams {
                at: Some(Place::Ip(spec.local)),
                reuse: spec.reuse_address,
                broadcast: spec.broadcast,
                time_to_live: spec.time_to_live,
                groups: spec.groups.clone(),
            }),
            SessionSpec::UnixClient(spec) => Opening::Connect { to: Place::Unix(spec.path), from: None, options: stream },
            SessionSpec::UnixServer(spec) => {
                let at = Place::Unix(spec.path);
                Opening::Serve { at, backlog: spec.backlog, reuse: Switch::Off, options: stream }
            }
            SessionSpec::UnixDatagram(spec) => Opening::Datagrams(Datagrams {
                at: spec.path.map(Place::Unix),
                reuse: Switch::Off,
                broadcast: Switch::Off,
                time_to_live: None,
                groups: Vec::new(),
            }),
            SessionSpec::Relay(_) => return None,
        };
        let script = Script { opening, acts: Vec::new(), more: 0 };
        Some(Self { script, connection, bytes: 0, sends: 0, done: Done::No })
    }

    /// Takes in a record of the session, in order; those of other connections are passed over.
    pub fn record(&mut self, record: &Record) -> Wants {
        if self.done == Done::Yes {
            return Wants::NoMore;
        }
        match &record.entry {
            Entry::Data(data) if data.peer.connection == self.connection => self.data(data),
            Entry::Data(_) => {}
            Entry::Note(what) => self.note(what),
        }
        if self.sends >= MOST_SENDS || self.script.acts.len() >= MOST_ACTS {
            self.done = Done::Yes;
        }
        if self.done == Done::Yes { Wants::NoMore } else { Wants::More }
    }

    fn data(&mut self, data: &Data) {
        match data.direction {
            Direction::Sent => {
                self.sends += 1;
                self.bytes += data.bytes.len();
                let long = self.bytes > MOST_BYTES;
                let bytes = if long { Bytes::Long(data.bytes.len()) } else { Bytes::Exact(data.bytes.clone()) };
                self.script.acts.push(match self.connection {
                    Some(_) => Act::Send(bytes),
                    None => Act::SendTo(data.peer.address.into(), bytes),
                });
            }
            Direction::Received if self.connection.is_none() => self.script.acts.push(Act::ReceiveFrom),
            Direction::Received => {
                let length = data.bytes.len() as u64;
                if let Some(Act::Receive(bytes)) = self.script.acts.last_mut() {
                    *bytes += length;
                } else {
                    self.script.acts.push(Act::Receive(length));
                }
            }
        }
    }

    fn note(&mut self, what: &What) {
        let ours = |connection: Option<ConnectionId>| connection.is_some() && connection == self.connection;
        match what {
            What::Finished { peer } if ours(peer.connection) => self.script.acts.push(Act::Shutdown),
            What::PeerFinished { peer } if ours(peer.connection) => self.script.acts.push(Act::ReadEnd),
            What::PeerLeft { peer, ending } if ours(peer.connection) => self.end(Way::of(&ending.by)),
            What::Closed { ending } => self.end(Way::of(&ending.by)),
            What::Failed(failure) => {
                // A connect that failed is the whole of it.
                self.done = if matches!(failure.cause, Cause::Busy) { Done::No } else { Done::Yes };
            }
            _ => {}
        }
    }

    fn end(&mut self, way: Way) {
        self.done = Done::Yes;
        let read = self.script.acts.contains(&Act::ReadEnd);
        match way {
            Way::PeerClosed if !read => self.script.acts.push(Act::ReadEnd),
            Way::Reset => self.script.acts.push(Act::Reset),
            Way::PeerReset => self.script.acts.push(Act::BeReset),
            Way::Closed | Way::PeerClosed | Way::Silence | Way::Unknown => {}
        }
    }

    /// Everything was taken in, and so many messages were sent in all.
    pub fn finish(mut self, sent: u64) -> Script {
        self.script.more = sent.saturating_sub(self.sends as u64);
        self.script
    }
}
