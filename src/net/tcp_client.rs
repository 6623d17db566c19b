//! A TCP client session: resolve, try each address, run the connection, and come back where that is asked for.
//! Must never decide how bytes are shown.

use super::automation;
use super::calls::{self, Trace};
use super::clock::now;
use super::connection::{self, Connection, Listener, Totals};
use super::error;
use super::hub::Actions;
use super::outbox::Reporter;
use super::owner::Protocol;
use super::queue::SendQueue;
use super::repeat::{self, Repeat};
use super::steering;
use super::stream::Stream;
use super::{resolve, socket};
use crate::session::address::{Address, Host, UnixPath};
use crate::session::call::Function;
use crate::session::command::{Action, End, Message};
use crate::session::event::{EndedBy, Ending, Origin, What};
use crate::session::failure::{Cause, Failure, Operation, OptionName};
use crate::session::id::{ConnectionId, Peer};
use crate::session::reply::{Answer, Reply, Responder};
use crate::session::spec::{Backoff, TcpClientSpec, TcpOptions};
use socket2::{SockRef, Socket, Type};
use std::cell::{Cell, RefCell};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::{TcpSocket, TcpStream};

/// Runs the session to its end; the caller reports the ending.
///
/// # Errors
/// The failure that ended it: the last address that was tried.
pub async fn run(spec: TcpClientSpec, actions: &mut Actions, reporter: &Reporter) -> Result<Ending, Failure> {
    let TcpClientSpec { reconnect, options, ref reply, .. } = spec;
    let manner = Manner { reconnect, options, reply: reply.clone() };
    let connecting =
        async |options| connect(&spec, options, reporter).await.map(|(stream, remote)| (stream.into(), remote.into()));
    stay(manner, connecting, actions, reporter).await
}

/// How a client behaves, whatever it connects over.
pub struct Manner {
    /// Whether it comes back after a failure or a loss.
    pub reconnect: Option<Backoff>,
    /// As it begins; those that only TCP has hold for TCP alone.
    pub options: TcpOptions,
    /// Answers given without being asked.
    pub reply: Option<Reply>,
}

/// Connects, runs the connection, and comes back where that is asked for.
///
/// # Errors
/// What `connect` said last.
pub async fn stay(
    manner: Manner,
    connect: impl AsyncFn(TcpOptions) -> Result<(Stream, Address), Failure>,
    actions: &mut Actions,
    reporter: &Reporter,
) -> Result<Ending, Failure> {
    let options = Cell::new(manner.options);
    let client = Client { reporter, queue: RefCell::default(), responder: RefCell::default(), options };
    client.responder.borrow_mut().set(manner.reply.clone());
    // Of all connections of the session.
    let life = Totals::default();
    let mut attempt = 0;
    loop {
        let asked = client.options.get();
        let outcome = tokio::select! {
            outcome = connect(asked) => outcome,
            // Only closing ends this wait, and dropping the connect cancels it.
            () = client.until_closed(actions) => return Ok(life.ending(EndedBy::Cancelled)),
        };
        let lost = match outcome {
            Ok((stream, remote)) => {
                attempt = 0;
                let ending = client.converse(stream, (remote, asked), &manner, actions).await;
                life.add(&ending);
                let lost = !matches!(ending.by, EndedBy::Us | EndedBy::OurReset);
                if manner.reconnect.is_none() || !lost {
                    return Ok(life.ending(ending.by));
                }
                None
            }
            Err(failure) => Some(failure),
        };
        let Some(backoff) = manner.reconnect else {
            return lost.map_or_else(|| Ok(life.ending(EndedBy::Us)), Err);
        };
        if let Some(failure) = lost {
            reporter.report(What::Trouble(failure)).await;
        }
        attempt += 1;
        let after = backoff.wait(attempt);
        reporter.report(What::Retrying { after, attempt }).await;
        tokio::select! {
            () = tokio::time::sleep(after) => {}
            () = client.until_closed(actions) => return Ok(life.ending(EndedBy::Cancelled)),
        }
    }
}

/// Tries every address in the resolver's order; the one that answered comes with the stream, which no longer knows it after a RST.
async fn connect(spec: &TcpClientSpec, options: TcpOptions, reporter: &Reporter) -> Result<(TcpStream, SocketAddr), Failure> {
    let addresses = resolve::addresses(&spec.remote).await?;
    if let Host::Name(host) = &spec.remote.host {
        reporter.report(What::Resolved { host: host.clone(), addresses: addresses.clone() }).await;
    }
    let mut last = None;
    let count = addresses.len();
    for (index, address) in addresses.into_iter().enumerate() {
        reporter.report(What::Trying { remote: address }).await;
        match connect_one(spec, options, address, reporter).await {
            Ok(stream) => return Ok((stream, address)),
            // The last failure is told by the session's own ending.
            Err(failure) if index + 1 == count => last = Some(failure),
            Err(failure) => reporter.report(What::TryFailed(failure)).await,
        }
    }
    Err(last.unwrap_or_else(|| Failure {
        operation: Operation::Resolve,
        address: spec.remote.to_string(),
        cause: Cause::NameNotFound,
        os_code: None,
    }))
}

async fn connect_one(
    spec: &TcpClientSpec,
    options: TcpOptions,
    remote: SocketAddr,
    reporter: &Reporter,
) -> Result<TcpStream, Failure> {
    let mut trace = Trace::default();
    let made = set_up(spec, options, remote, &mut trace).await;
    trace.tell(reporter, None).await;
    connect_to(made?, remote, (spec.connect_timeout, reporter), None).await
}

/// Connects a socket, within so long.
///
/// # Errors
/// What the system said; of a connect that takes too long this side has had enough.
pub(super) async fn connect_to(
    made: Socket,
    remote: SocketAddr,
    (patience, reporter): (Duration, &Reporter),
    connection: Option<ConnectionId>,
) -> Result<TcpStream, Failure> {
    let mut trace = Trace::of(calls::descriptor(&made));
    let (arguments, begun) = (calls::address(remote.into()), Instant::now());
    let connecting = TcpSocket::from_std_stream(made.into()).connect(remote);
    let outcome = tokio::time::timeout(patience, connecting).await;
    // Of a connect that has not come to an end.
    let in_progress = in_progress();
    let result = match &outcome {
        Ok(Ok(_)) => Ok(0),
        Ok(Err(problem)) => Err(problem),
        Err(_) => Err(&in_progress),
    };
    trace.note(Function::Connect, &arguments, result, begun);
    if !matches!(outcome, Ok(Ok(_))) {
        trace.note(Function::Close, "", Ok(0), Instant::now());
    }
    trace.tell(reporter, connection).await;
    match outcome {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(problem)) => Err(error::at(Operation::Connect, remote, &problem)),
        Err(_) => {
            Err(Failure { operation: Operation::Connect, address: remote.to_string(), cause: Cause::TimedOut, os_code: None })
        }
    }
}

/// What a connect that does not wait says while it is under way.
fn in_progress() -> io::Error {
    #[cfg(unix)]
    return io::Error::from_raw_os_error(nix::libc::EINPROGRESS);
    #[cfg(not(unix))]
    io::ErrorKind::WouldBlock.into()
}

/// A socket with its options and, where that was chosen, its own address.
async fn set_up(spec: &TcpClientSpec, options: TcpOptions, remote: SocketAddr, trace: &mut Trace) -> Result<Socket, Failure> {
    let made = socket::new(remote, Type::STREAM, trace)?;
    socket::apply(&SockRef::from(&made), &options, remote, trace)?;
    if let Some(local) = spec.local {
        // A client that chose its port wants it again at once, although the last connection is still in TIME_WAIT.
        #[cfg(unix)]
        trace
            .option("SOL_SOCKET, SO_REUSEADDR", 1, || made.set_reuse_address(true))
            .map_err(|problem| error::at(Operation::Option(OptionName("SO_REUSEADDR")), local, &problem))?;
        if let Err(problem) = trace.call(Function::Bind, &calls::address(local.into()), || made.bind(&local.into())) {
            return Err(error::at_local(Operation::Bind, local, Protocol::Tcp, &problem).await);
        }
    }
    Ok(made)
}

/// What the session keeps across connections.
struct Client<'a> {
    reporter: &'a Reporter,
    queue: RefCell<Rc<SendQueue>>,
    responder: RefCell<Responder>,
    /// As they stand now: those of the next connection too.
    options: Cell<TcpOptions>,
}

impl Listener for Client<'_> {
    fn received(&self, peer: Peer, bytes: &Arc<[u8]>) {
        // With one peer there are no others, so a chat is silent.
        if let Some(Answer::Back(bytes)) = self.responder.borrow_mut().answer(peer, bytes, now()) {
            self.queue.borrow().push(bytes, Origin::Reply);
        }
    }

    fn answers(&self) -> bool {
        self.responder.borrow().is_active()
    }
}

impl Client<'_> {
    /// Runs one connection and the actions that come meanwhile.
    async fn converse(
        &self,
        stream: Stream,
        (remote, asked): (Address, TcpOptions),
        manner: &Manner,
        actions: &mut Actions,
    ) -> Ending {
        let peer = Peer::connected(connection::next_id(), remote);
        // A peer that resets at once may take the socket's addresses with it; that is the connection's end and not the session's.
        let local = stream.local().unwrap_or_else(|_| unspecified(remote));
        self.reporter.report(What::Connected { peer, local }).await;
        if let Some(credentials) = stream.credentials() {
            self.reporter.report(What::PeerIs { peer, credentials }).await;
        }
        let queue = Rc::<SendQueue>::default();
        queue.steering.read_in(self.options.get().reading);
        queue.steering.catch_up(asked, self.options.get());
        *self.queue.borrow_mut() = queue.clone();
        let connection = Connection {
            stream,
            peer,
            queue: queue.clone(),
            totals: Rc::default(),
            after_peer_fin: self.options.get().after_peer_fin,
            reporter: self.reporter,
            listener: self,
        };
        let running = connection.run();
        tokio::pin!(running);
        let mut repetition: Option<Repeat> = None;
        let mut asked = true;
        let ending = loop {
            tokio::select! {
                ending = &mut running => break ending,
                action = actions.next(), if asked => match action {
                    None => { asked = false; queue.end(End::Close); }
                    Some(action) => self.act(action, &mut repetition).await,
                },
                due = repeat::due(&mut repetition) => match due {
                    Some(message) => queue.push(message.bytes, Origin::Repeat),
                    None => repeat::ended(self.reporter, &mut repetition).await,
                },
            }
        };
        repeat::ended(self.reporter, &mut repetition).await;
        if manner.reconnect.is_some() && !matches!(ending.by, EndedBy::Us | EndedBy::OurReset) {
            self.reporter.report(What::PeerLeft { peer, ending: ending.clone() }).await;
        }
        ending
    }

    async fn act(&self, action: Action, repetition: &mut Option<Repeat>) {
        let queue = self.queue.borrow().clone();
        match action {
            Action::Close | Action::Forget => queue.end(End::Close),
            Action::Send(Message { bytes, .. }) => queue.push(bytes, Origin::User),
            Action::SendInParts { message, parts } => queue.push_parts(message.bytes, Origin::User, parts),
            Action::End { how, .. } => queue.end(how),
            other => {
                let steered = steering::steer(other, &self.options, std::iter::once(&*queue), self.reporter).await;
                if let Some(other) = steered {
                    automation::change(other, self.reporter, &self.responder, repetition).await;
                }
            }
        }
    }

    /// Waits for the close while there is no connection; a send meanwhile is refused.
    async fn until_closed(&self, actions: &mut Actions) {
        let mut repetition = None;
        while let Some(action) = actions.next().await {
            match action {
                Action::Close | Action::Forget | Action::End { .. } => return,
                Action::Send(_) | Action::SendInParts { .. } | Action::Repeat { .. } => {
                    self.reporter.report(What::Trouble(not_connected())).await
                }
                other => {
                    if let Some(other) = steering::steer(other, &self.options, std::iter::empty(), self.reporter).await {
                        automation::change(other, self.reporter, &self.responder, &mut repetition).await;
                    }
                }
            }
        }
    }
}

/// This end of a connection when the system does not know it any more.
fn unspecified(remote: Address) -> Address {
    match remote {
        Address::Ip(SocketAddr::V4(_)) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)).into(),
        Address::Ip(SocketAddr::V6(_)) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)).into(),
        Address::Unix(_) => UnixPath::UNNAMED.into(),
    }
}

/// A send without a connection.
fn not_connected() -> Failure {
    Failure { operation: Operation::Send, address: String::new(), cause: Cause::NotConnected, os_code: None }
}
