//! A TCP server session: listens, accepts, and runs a task per client on shared tables. Must never let one client hold up another.

use super::automation;
use super::calls::{self, Trace};
use super::clock::now;
use super::connection::{self, Connection, Totals};
use super::error;
use super::hub::Actions;
use super::outbox::Reporter;
use super::owner::Protocol;
use super::queue::SendQueue;
use super::repeat::{self, Repeat};
use super::socket;
use super::steering;
use super::stream::{Listener, Stream};
use crate::session::address::Address;
use crate::session::call::{Call, Function};
use crate::session::command::{Action, End, Message, Selection, Target};
use crate::session::event::{EndedBy, Ending, Origin, What};
use crate::session::failure::{Cause, Failure, Operation, OptionName};
use crate::session::id::{ConnectionId, Peer};
use crate::session::knob::{Knob, Parts};
use crate::session::reply::{Answer, Reply, Responder};
use crate::session::spec::{Switch, TcpOptions, TcpServerSpec};
use socket2::Type;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How long accepting rests when there is no file descriptor (or memory) left: the clients that are there go on.
const ACCEPT_REST: Duration = Duration::from_millis(500);
/// How long closing waits for the clients' tasks.
const CLOSE_PATIENCE: Duration = Duration::from_millis(1200);

/// Runs the session to its end; the caller reports the ending.
///
/// # Errors
/// The failure that kept it from listening.
pub async fn run(spec: TcpServerSpec, actions: &mut Actions, reporter: &Reporter) -> Result<Ending, Failure> {
    let listener = listen(&spec, reporter).await?;
    let local = listener.local_addr().map_err(|problem| error::at(Operation::Listen, spec.local, &problem))?;
    let TcpServerSpec { options, reply, .. } = spec;
    serve(Listener::Tcp(listener), local.into(), Manner { options, reply }, actions, reporter).await
}

/// How a server behaves, whatever it listens on.
pub struct Manner {
    /// Of every accepted socket; those that only TCP has hold for TCP alone.
    pub options: TcpOptions,
    /// Answers given without being asked.
    pub reply: Option<Reply>,
}

/// Accepts clients until the session is closed.
///
/// # Errors
/// None after it listens; the type is that of every session.
pub async fn serve(
    listener: Listener,
    local: Address,
    manner: Manner,
    actions: &mut Actions,
    reporter: &Reporter,
) -> Result<Ending, Failure> {
    reporter.report(What::Listening { local }).await;
    let room = Rc::new(Room {
        reporter: reporter.clone(),
        options: Cell::new(manner.options),
        clients: RefCell::default(),
        responder: RefCell::default(),
        totals: Totals::default(),
    });
    room.responder.borrow_mut().set(manner.reply);
    let mut tasks = JoinSet::new();
    let mut repetition: Option<Repeat> = None;
    let mut rest_until: Option<Instant> = None;
    // While it does not accept, clients wait in the system's accept queue, connected for all they know.
    let mut accepting = Switch::On;
    loop {
        tokio::select! {
            accepted = listener.accept(), if rest_until.is_none() && accepting.is_on() => match accepted {
                Ok((stream, address)) => {
                    let id = connection::next_id();
                    let result = Ok(calls::descriptor(&stream.socket()).map_or(0, i64::from));
                    tell_accept(&room.reporter, &listener, result, Some((id, address))).await;
                    let peer = Peer::connected(id, address);
                    let (queue, totals) = (Rc::<SendQueue>::default(), Rc::<Totals>::default());
                    // In the table before its task first runs, so that a close that comes at once ends it as well, and before it is
                    // announced, so that whoever answers the announcement finds it.
                    room.clients.borrow_mut().insert(id, Client { peer, queue: queue.clone(), totals: totals.clone() });
                    tasks.spawn_local(room.clone().serve(stream, id, peer, queue, totals));
                }
                Err(problem) => {
                    tell_accept(&room.reporter, &listener, Err(&problem), None).await;
                    let failure = error::at(Operation::Accept, local, &problem);
                    // A client that has gone again is its own trouble; what lasts would fail again at once, and fill the log.
                    if let Cause::TooManyFiles | Cause::Other(_) = failure.cause {
                        rest_until = Some(Instant::now() + ACCEPT_REST);
                    }
                    reporter.report(What::Trouble(failure)).await;
                }
            },
            () = rest(rest_until) => rest_until = None,
            Some(_) = tasks.join_next() => {}
            action = actions.next() => match action {
                None | Some(Action::Close | Action::Forget) => break,
                Some(Action::Send(message)) => {
                    room.send(message, Origin::User, None).await;
                }
                Some(Action::SendInParts { message, parts }) => {
                    room.send(message, Origin::User, Some(parts)).await;
                }
                Some(Action::SetAccepting(switch)) => {
                    accepting = switch;
                    reporter.report(What::Turned(Knob::Accepting(switch))).await;
                }
                Some(Action::End { connections, how }) => room.end(&connections, how),
                Some(other) => {
                    let queues: Vec<_> = room.clients.borrow().values().map(|client| client.queue.clone()).collect();
                    if let Some(other) = steering::steer(other, &room.options, queues.iter().map(|queue| &**queue), reporter).await {
                        automation::change(other, reporter, &room.responder, &mut repetition).await;
                    }
                }
            },
            due = repeat::due(&mut repetition) => match due {
                Some(message) => {
                    if !room.send(message, Origin::Repeat, None).await {
                        repeat::unreached(reporter, &mut repetition).await;
                    }
                }
                None => repeat::ended(reporter, &mut repetition).await,
            },
        }
    }
    let descriptor = listener.descriptor();
    let begun = std::time::Instant::now();
    drop(listener);
    reporter.report(What::Called(calls::call(Function::Close, descriptor, "", Ok(0), begun))).await;
    repeat::ended(reporter, &mut repetition).await;
    room.end(&Selection::All, End::Close);
    let all_ended = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(CLOSE_PATIENCE, all_ended).await.is_err() {
        tasks.shutdown().await;
        let left: Vec<_> = std::mem::take(&mut *room.clients.borrow_mut()).into_values().collect();
        for client in left {
            let ending = client.totals.ending(EndedBy::Us);
            room.totals.add(&ending);
            reporter.report(What::PeerLeft { peer: client.peer, ending }).await;
        }
    }
    Ok(room.totals.ending(EndedBy::Us))
}

/// Tells that a client was taken from the accept queue, or that none could be.
async fn tell_accept(
    reporter: &Reporter,
    listener: &Listener,
    result: Result<i64, &io::Error>,
    client: Option<(ConnectionId, Address)>,
) {
    let arguments = client.map_or_else(
        || "NULL, NULL, SOCK_CLOEXEC|SOCK_NONBLOCK".to_owned(),
        |(_, address)| format!("{}, SOCK_CLOEXEC|SOCK_NONBLOCK", calls::address(address)),
    );
    let call = calls::call(Function::Accept, listener.descriptor(), &arguments, result, std::time::Instant::now());
    reporter.report(What::Called(Call { connection: client.map(|(id, _)| id), ..call })).await;
}

/// A socket that listens as asked.
pub(super) async fn listen(spec: &TcpServerSpec, reporter: &Reporter) -> Result<TcpListener, Failure> {
    let mut trace = Trace::default();
    let listening = begin_to_listen(spec, &mut trace).await;
    trace.tell(reporter, None).await;
    listening
}

async fn begin_to_listen(spec: &TcpServerSpec, trace: &mut Trace) -> Result<TcpListener, Failure> {
    let made = socket::new(spec.local, Type::STREAM, trace)?;
    let option = |name, problem| error::at(Operation::Option(OptionName(name)), spec.local, &problem);
    // On Windows SO_REUSEADDR means that two programs may hold one port, which nobody asks for here.
    #[cfg(unix)]
    {
        let reuse = spec.reuse_address.is_on();
        let set = trace.option("SOL_SOCKET, SO_REUSEADDR", u8::from(reuse), || made.set_reuse_address(reuse));
        set.map_err(|problem| option("SO_REUSEADDR", problem))?;
    }
    // Buffers are set before listening: the window scale is agreed in the handshake (RFC 7323 section 2.2).
    if let Some(bytes) = spec.options.receive_buffer {
        let set = trace.option("SOL_SOCKET, SO_RCVBUF", bytes, || made.set_recv_buffer_size(bytes as usize));
        set.map_err(|problem| option("SO_RCVBUF", problem))?;
    }
    if spec.local.is_ipv6() && spec.local.ip().is_unspecified() {
        let set = trace.option("SOL_IPV6, IPV6_V6ONLY", 0, || made.set_only_v6(false));
        set.map_err(|problem| option("IPV6_V6ONLY", problem))?;
    }
    let address = calls::address(spec.local.into());
    if let Err(problem) = trace.call(Function::Bind, &address, || made.bind(&spec.local.into())) {
        return Err(error::at_local(Operation::Bind, spec.local, Protocol::Tcp, &problem).await);
    }
    let backlog = i32::try_from(spec.backlog).unwrap_or(i32::MAX);
    if let Err(problem) = trace.call(Function::Listen, &backlog.to_string(), || made.listen(backlog)) {
        return Err(error::at_local(Operation::Listen, spec.local, Protocol::Tcp, &problem).await);
    }
    TcpListener::from_std(made.into()).map_err(|problem| error::at(Operation::Listen, spec.local, &problem))
}

async fn rest(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// One client as the others see it.
struct Client {
    peer: Peer,
    queue: Rc<SendQueue>,
    totals: Rc<Totals>,
}

/// What all clients of a server share.
struct Room {
    reporter: Reporter,
    options: Cell<TcpOptions>,
    clients: RefCell<BTreeMap<ConnectionId, Client>>,
    responder: RefCell<Responder>,
    /// Of the clients that have left.
    totals: Totals,
}

impl connection::Listener for Room {
    fn received(&self, peer: Peer, bytes: &Arc<[u8]>) {
        let answer = self.responder.borrow_mut().answer(peer, bytes, now());
        let clients = self.clients.borrow();
        match answer {
            None => {}
            Some(Answer::Back(bytes)) => {
                if let Some(client) = peer.connection.and_then(|id| clients.get(&id)) {
                    client.queue.push(bytes, Origin::Reply);
                }
            }
            Some(Answer::Others(bytes)) => {
                for client in clients.values().filter(|client| client.peer != peer) {
                    client.queue.push(bytes.clone(), Origin::Reply);
                }
            }
        }
    }

    fn answers(&self) -> bool {
        self.responder.borrow().is_active()
    }
}

impl Room {
    /// Runs one client from accepted to left.
    async fn serve(self: Rc<Self>, stream: Stream, id: ConnectionId, peer: Peer, queue: Rc<SendQueue>, totals: Rc<Totals>) {
        let local = stream.local().unwrap_or(peer.address);
        self.reporter.report(What::PeerJoined { peer, local }).await;
        if let Some(credentials) = stream.credentials() {
            self.reporter.report(What::PeerIs { peer, credentials }).await;
        }
        let options = self.options.get();
        queue.steering.read_in(options.reading);
        if let Some(address) = peer.address.ip() {
            let mut trace = Trace::of(calls::descriptor(&stream.socket()));
            let applied = socket::apply(&stream.socket(), &options, address, &mut trace);
            trace.tell(&self.reporter, Some(id)).await;
            if let Err(failure) = applied {
                self.reporter.report(What::Trouble(failure)).await;
            }
        }
        let after_peer_fin = options.after_peer_fin;
        let connection = Connection { stream, peer, queue, totals, after_peer_fin, reporter: &self.reporter, listener: &*self };
        let ending = connection.run().await;
        self.clients.borrow_mut().remove(&id);
        self.responder.borrow_mut().forget(id);
        self.totals.add(&ending);
        self.reporter.report(What::PeerLeft { peer, ending }).await;
    }

    /// Queues a message for those it is for, in parts if that is asked for; without any of them the user is told, and it is `false`.
    async fn send(&self, message: Message, origin: Origin, parts: Option<Parts>) -> bool {
        let Message { bytes, target } = message;
        let mut reached = false;
        for client in self.clients.borrow().values() {
            let wanted = match (&target, client.peer.connection) {
                (Target::Connections(wanted), Some(id)) => wanted.contains(&id),
                _ => true,
            };
            if wanted {
                reached = true;
                match parts {
                    Some(parts) => client.queue.push_parts(bytes.clone(), origin, parts),
                    None => client.queue.push(bytes.clone(), origin),
                }
            }
        }
        if !reached {
            let failure =
                Failure { operation: Operation::Send, address: String::new(), cause: Cause::NotConnected, os_code: None };
            self.reporter.report(What::Trouble(failure)).await;
        }
        reached
    }

    fn end(&self, connections: &Selection, how: End) {
        for (id, client) in self.clients.borrow().iter() {
            let wanted = match connections {
                Selection::All => true,
                Selection::Only(wanted) => wanted.contains(id),
            };
            if wanted {
                client.queue.end(how);
            }
        }
    }
}
