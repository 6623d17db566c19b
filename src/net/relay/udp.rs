//! A relay for UDP: one socket that the clients know, and a conversation for each address that speaks to it.
//! Must never glue or cut a datagram.

use super::super::calls::Trace;
use super::super::hub::Actions;
use super::super::outbox::Reporter;
use super::super::udp::{bound, kernel};
use super::super::{connection, error, family, resolve, socket};
use super::flow::{Arrived, Burst, CLOSE_READS_FOR, DRAIN_PAUSE, Drops, Flow, Missed, read, take_errors};
use super::{Ends, Shared, announce, at, not_itself, refuse};
use crate::session::address::Host;
use crate::session::command::{Action, Selection};
use crate::session::event::{Dialled, EndedBy, Ending, What};
use crate::session::failure::{Cause, Failure, Operation, OptionName};
use crate::session::id::{ConnectionId, Peer};
use crate::session::impairment::Way;
use crate::session::spec::{DEFAULT_UDP_BUFFER, Reading, RelaySpec, Switch, UdpSpec};
use socket2::{SockRef, Type};
use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Clients that have a conversation at a time. At the bound the one that was silent longest is forgotten, and that is told.
pub const CLIENTS: usize = 128;
/// Datagrams read before other work gets its turn.
const BURST: usize = 256;
/// How long after the last datagram the system's drop count is looked up: a burst's tail may have been dropped with nothing behind it.
const DROPS_AFTER: Duration = Duration::from_millis(200);
/// How long closing waits for the conversations' tasks.
const CLOSE_PATIENCE: Duration = Duration::from_millis(800);

/// Runs the session to its end; the caller reports the ending.
///
/// # Errors
/// The failure that kept it from binding, or from finding the target's address.
pub async fn run(mut spec: RelaySpec, actions: &mut Actions, reporter: &Reporter) -> Result<Ending, Failure> {
    let opened = spec.impairment;
    let Some(found) = look_up(&mut spec, actions, reporter).await? else {
        return Ok(Ending { by: EndedBy::Cancelled, received: 0, sent: 0 });
    };
    let own = found.iter().find(|address| address.is_ipv4() == spec.listen.is_ipv4()).or(found.first());
    let target = *own.ok_or_else(|| Failure {
        operation: Operation::Resolve,
        address: spec.to.to_string(),
        cause: Cause::NameNotFound,
        os_code: None,
    })?;
    if let Host::Name(host) = &spec.to.host {
        reporter.report(What::Resolved { host: host.clone(), addresses: found }).await;
    }
    let mut trace = Trace::default();
    let socket = bound::bind(&bound_spec(spec.listen), &mut trace).await;
    trace.tell(reporter, None).await;
    let socket = socket?;
    let local = socket.local_addr().map_err(|problem| error::at(Operation::Bind, spec.listen, &problem))?;
    not_itself(local, target)?;
    let receive_buffer = SockRef::from(&socket).recv_buffer_size().unwrap_or(0);
    reporter.report(What::Bound { local: local.into(), receive_buffer }).await;
    if spec.impairment == opened {
        announce(&spec.impairment, reporter).await;
    } else {
        // Even one that does nothing: the session was opened with another.
        reporter.report(What::ImpairmentSet(spec.impairment)).await;
    }
    if let Err(problem) = kernel::enable(&socket, local) {
        reporter.report(What::Trouble(error::at(Operation::Option(OptionName("SO_RXQ_OVFL")), local, &problem))).await;
    }
    let mut relay = Relay {
        shared: Rc::new(Shared::new(reporter, spec.impairment)),
        socket: Rc::new(socket),
        local,
        target,
        clients: HashMap::new(),
        tasks: JoinSet::new(),
        drops: Drops::default(),
        missed: Missed::default(),
        look_for_drops: None,
        totals: (0, 0),
    };
    loop {
        tokio::select! {
            ready = relay.socket.ready(Interest::READABLE | Interest::ERROR) => match ready {
                Ok(_) => {
                    relay.receive().await;
                }
                Err(problem) => reporter.report(What::Trouble(error::at(Operation::Receive, local, &problem))).await,
            },
            action = actions.next() => match action {
                None | Some(Action::Close | Action::Forget) => break,
                Some(Action::End { connections, .. }) => relay.end(&connections),
                Some(Action::SetImpairment(impairment)) => {
                    relay.shared.set(impairment).await;
                    relay.clients.values().for_each(|client| client.flow.set(&relay.shared));
                }
                Some(Action::Send(_) | Action::SendInParts { .. } | Action::Repeat { .. }) => refuse(reporter).await,
                // The rest is about sockets that a relay does not have.
                Some(_) => {}
            },
            Some(ended) = relay.tasks.join_next() => relay.count(ended),
            () = at(relay.look_for_drops) => relay.look_for_drops().await,
            () = at(relay.missed.due()) => relay.missed.tell(reporter).await,
        }
    }
    relay.drain().await;
    relay.missed.tell(reporter).await;
    relay.look_for_drops().await;
    relay.end(&Selection::All);
    let deadline = Instant::now() + CLOSE_PATIENCE;
    while let Ok(Some(ended)) = tokio::time::timeout_at(deadline, relay.tasks.join_next()).await {
        relay.count(ended);
    }
    relay.tasks.shutdown().await;
    Ok(Ending { by: EndedBy::Us, received: relay.totals.0, sent: relay.totals.1 })
}

/// The target's addresses; `None` when it was closed before they were found. Nothing is open meanwhile: what is to be sent is refused, and
/// another impairment is the one it begins with.
///
/// # Errors
/// The failure that kept it from finding them.
async fn look_up(spec: &mut RelaySpec, actions: &mut Actions, reporter: &Reporter) -> Result<Option<Vec<SocketAddr>>, Failure> {
    let to = spec.to.clone();
    let looking = resolve::addresses(&to);
    tokio::pin!(looking);
    loop {
        tokio::select! {
            found = &mut looking => return found.map(Some),
            action = actions.next() => match action {
                None | Some(Action::Close | Action::Forget | Action::End { .. }) => return Ok(None),
                Some(Action::SetImpairment(impairment)) => spec.impairment = impairment,
                Some(Action::Send(_) | Action::SendInParts { .. } | Action::Repeat { .. }) => refuse(reporter).await,
                // The rest is about sockets that a relay does not have.
                Some(_) => {}
            },
        }
    }
}

/// A plain socket at an address.
fn bound_spec(local: SocketAddr) -> UdpSpec {
    UdpSpec {
        local,
        remote: None,
        broadcast: Switch::Off,
        groups: Vec::new(),
        time_to_live: None,
        multicast_loop: Switch::On,
        reuse_address: Switch::Off,
        receive_buffer: None,
        send_buffer: None,
        reading: Reading::default(),
        reply: None,
    }
}

/// A client's conversation, and when it last spoke.
struct Client {
    flow: Rc<Flow>,
    seen: Instant,
}

struct Relay {
    shared: Rc<Shared>,
    /// The one that the clients know.
    socket: Rc<UdpSocket>,
    local: SocketAddr,
    target: SocketAddr,
    clients: HashMap<SocketAddr, Client>,
    tasks: JoinSet<[Ending; 2]>,
    drops: Drops,
    missed: Missed,
    look_for_drops: Option<Instant>,
    /// Bytes received and sent by conversations that have ended.
    totals: (u64, u64),
}

impl Relay {
    /// Reads what has arrived, up to a burst; whether that was all.
    async fn receive(&mut self) -> Burst {
        let mut burst = Burst::Full;
        for _ in 0..BURST {
            match read(&self.socket) {
                Ok(arrived) => self.keep(arrived).await,
                Err(problem) if problem.kind() == ErrorKind::WouldBlock => {
                    burst = Burst::Done;
                    break;
                }
                // Left there by ICMP for a client that is gone: the error queue says for which.
                Err(problem) => {
                    if !take_errors(&self.socket, &self.shared.reporter).await {
                        let failure = error::at(Operation::Receive, self.local, &problem);
                        self.shared.reporter.report(What::Trouble(failure)).await;
                    }
                }
            }
        }
        take_errors(&self.socket, &self.shared.reporter).await;
        self.look_for_drops = Some(Instant::now() + DROPS_AFTER);
        burst
    }

    /// Reports a datagram and hands it to its client's conversation, or counts it as lost when the recorder is behind.
    async fn keep(&mut self, Arrived { from, bytes, dropped }: Arrived) {
        let reporter = self.shared.reporter.clone();
        if let Some(count) = dropped {
            self.drops.tell(count, &reporter).await;
        }
        // Before the conversation: the rows of a new one would fill the very disk that has no room.
        let Some(credit) = reporter.outbox().try_credit(bytes.len()) else {
            self.missed.add(bytes.len());
            return;
        };
        let Some(flow) = self.flow(from).await else {
            // Why is told; this is which.
            self.missed.add(bytes.len());
            return;
        };
        // The hole stands before the datagram that follows it.
        self.missed.tell(&reporter).await;
        reporter.post(What::Received { peer: flow.ends.client, bytes: bytes.clone() }, credit);
        flow.take(Way::ToTarget, bytes, &self.shared).await;
    }

    /// The conversation of a client, a new one where it has none; `None` when no socket could be had for it.
    async fn flow(&mut self, from: SocketAddr) -> Option<Rc<Flow>> {
        // One whose socket has failed begins anew.
        if let Some(client) = self.clients.get_mut(&from).filter(|client| !client.flow.is_over()) {
            client.seen = Instant::now();
            return Some(client.flow.clone());
        }
        let upstream = match upstream(self.target).await {
            Ok(upstream) => upstream,
            Err(failure) => {
                self.shared.reporter.report(What::Trouble(failure)).await;
                return None;
            }
        };
        if self.clients.len() >= CLIENTS
            && let Some(silent) = self.clients.iter().min_by_key(|(_, client)| client.seen).map(|(address, _)| *address)
            && let Some(client) = self.clients.remove(&silent)
        {
            client.flow.end(EndedBy::Idle);
        }
        let client = Peer::flow(connection::next_id(), from.into());
        let target = Peer::flow(connection::next_id(), family::as_shown(self.target).into());
        let own = upstream.local_addr().unwrap_or(self.local);
        let reporter = &self.shared.reporter;
        reporter.report_gap(What::PeerJoined { peer: client, local: self.local.into() }).await;
        reporter.report_gap(What::Dialled(Box::new(Dialled { client, target, local: own.into() }))).await;
        if let Err(problem) = kernel::enable(&upstream, own) {
            reporter.report(What::Trouble(error::at(Operation::Option(OptionName("SO_RXQ_OVFL")), own, &problem))).await;
        }
        let flow = Rc::new(Flow::new(Ends { client, target }, upstream, &self.shared));
        self.clients.insert(from, Client { flow: flow.clone(), seen: Instant::now() });
        self.tasks.spawn_local(flow.clone().run(self.shared.clone(), self.socket.clone()));
        Some(flow)
    }

    async fn look_for_drops(&mut self) {
        self.look_for_drops = None;
        if let Some(count) = kernel::dropped(&self.socket) {
            self.drops.tell(count, &self.shared.reporter).await;
        }
    }

    /// Reads what had arrived before the close: it waits in the system's buffer, and is part of what was sent.
    async fn drain(&mut self) {
        let until = Instant::now() + CLOSE_READS_FOR;
        while Instant::now() < until {
            let more = self.receive().await == Burst::Full;
            // Tokio may not have heard yet of what has arrived since the last read.
            if !more && tokio::time::timeout(DRAIN_PAUSE, self.socket.readable()).await.is_err() {
                return;
            }
        }
    }

    fn end(&mut self, connections: &Selection) {
        let chosen = |peer: Peer| match connections {
            Selection::All => true,
            Selection::Only(chosen) => peer.connection.is_some_and(|id: ConnectionId| chosen.contains(&id)),
        };
        self.clients.retain(|_, Client { flow, .. }| {
            let ends = chosen(flow.ends.client) || chosen(flow.ends.target);
            if ends {
                flow.end(EndedBy::Us);
            }
            !ends
        });
    }

    fn count<E>(&mut self, ended: Result<[Ending; 2], E>) {
        for ending in ended.into_iter().flatten() {
            self.totals.0 += ending.received;
            self.totals.1 += ending.sent;
        }
    }
}

/// A socket for one client's datagrams, connected to the target: it hears nobody else, and what ICMP says belongs to that client.
async fn upstream(target: SocketAddr) -> Result<UdpSocket, Failure> {
    let made = socket::new(target, Type::DGRAM, &mut Trace::default())?;
    let any = if target.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    // A burst of answers should find room, as it does at a UDP session's socket; where it is refused the system's own must do.
    made.set_recv_buffer_size(DEFAULT_UDP_BUFFER as usize).ok();
    made.bind(&SocketAddr::new(any, 0).into()).map_err(|problem| error::at(Operation::Bind, target, &problem))?;
    let upstream = UdpSocket::from_std(made.into()).map_err(|problem| error::at(Operation::Socket, target, &problem))?;
    upstream.connect(target).await.map_err(|problem| error::at(Operation::Connect, target, &problem))?;
    Ok(upstream)
}
