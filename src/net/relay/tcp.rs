//! A relay for TCP: listens, accepts, connects to the target for each client, and runs their conversations on one impairment.
//! Must never let one conversation hold up another.

use super::super::calls::{self, Trace};
use super::super::connection::{self, Totals};
use super::super::hub::Actions;
use super::super::outbox::Reporter;
use super::super::{error, family, socket, tcp_server};
use super::control::{Ask, Control};
use super::pump::{self, Conversation};
use super::{Ends, Shared, announce, at, dial, refuse};
use crate::session::address::Endpoint;
use crate::session::call::{Call, Function};
use crate::session::command::{Action, End, Selection};
use crate::session::event::{Dialled, EndedBy, Ending, What};
use crate::session::failure::{Cause, Failure, Operation};
use crate::session::id::{ConnectionId, Peer};
use crate::session::impairment::Way;
use crate::session::spec::{DEFAULT_BACKLOG, RelaySpec, Switch, TcpServerSpec};
use socket2::SockRef;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How long accepting rests when there is no file descriptor (or memory) left: the conversations that are there go on.
const ACCEPT_REST: Duration = Duration::from_millis(500);
/// How long closing waits for the conversations' tasks.
const CLOSE_PATIENCE: Duration = Duration::from_millis(1200);

/// Runs the session to its end; the caller reports the ending.
///
/// # Errors
/// The failure that kept it from listening.
pub async fn run(spec: RelaySpec, actions: &mut Actions, reporter: &Reporter) -> Result<Ending, Failure> {
    let server = TcpServerSpec {
        local: spec.listen,
        backlog: DEFAULT_BACKLOG,
        reuse_address: Switch::On,
        options: dial::options(),
        reply: None,
    };
    let listener = tcp_server::listen(&server, reporter).await?;
    let local = listener.local_addr().map_err(|problem| error::at(Operation::Listen, spec.listen, &problem))?;
    reporter.report(What::Listening { local: local.into() }).await;
    announce(&spec.impairment, reporter).await;
    let room = Rc::new(Room {
        shared: Shared::new(reporter, spec.impairment),
        to: spec.to,
        local,
        conversations: RefCell::default(),
        totals: Totals::default(),
    });
    let mut tasks = JoinSet::new();
    let mut rest_until: Option<Instant> = None;
    loop {
        tokio::select! {
            accepted = listener.accept(), if rest_until.is_none() => match accepted {
                Ok((stream, address)) => {
                    let client = Peer::connected(connection::next_id(), family::as_shown(address).into());
                    tell_accept(reporter, (&listener, &stream), client).await;
                    let control = Rc::<Control>::default();
                    // In the table before its task first runs, so that a close that comes at once ends it as well.
                    let entry = Entry { client, target: None, control: control.clone() };
                    room.conversations.borrow_mut().extend(client.connection.map(|id| (id, entry)));
                    tasks.spawn_local(room.clone().serve(stream, client, control));
                }
                Err(problem) => {
                    let failure = error::at(Operation::Accept, local, &problem);
                    // A client that has gone again is its own trouble; what lasts would fail again at once, and fill the log.
                    if let Cause::TooManyFiles | Cause::Other(_) = failure.cause {
                        rest_until = Some(Instant::now() + ACCEPT_REST);
                    }
                    reporter.report(What::Trouble(failure)).await;
                }
            },
            () = at(rest_until) => rest_until = None,
            Some(_) = tasks.join_next() => {}
            action = actions.next() => match action {
                None | Some(Action::Close | Action::Forget) => break,
                Some(Action::End { connections, how }) => room.end(&connections, how),
                Some(Action::SetImpairment(impairment)) => {
                    room.shared.set(impairment).await;
                    room.conversations.borrow().values().for_each(|entry| entry.control.touch());
                }
                Some(Action::Send(_) | Action::SendInParts { .. } | Action::Repeat { .. }) => refuse(reporter).await,
                // The rest is about sockets that a relay does not have.
                Some(_) => {}
            },
        }
    }
    drop(listener);
    room.end(&Selection::All, End::Close);
    let all_ended = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(CLOSE_PATIENCE, all_ended).await.is_err() {
        tasks.shutdown().await;
        let left: Vec<_> = std::mem::take(&mut *room.conversations.borrow_mut()).into_values().collect();
        for Entry { client, target, control } in left {
            for (way, peer) in target.map(|target| (Way::ToTarget, target)).into_iter().chain([(Way::ToClient, client)]) {
                let ending = control.totals[way.index()].ending(EndedBy::Us);
                room.totals.add(&ending);
                reporter.report(What::PeerLeft { peer, ending }).await;
            }
        }
    }
    Ok(room.totals.ending(EndedBy::Us))
}

/// Tells that a client was taken from the accept queue.
async fn tell_accept(reporter: &Reporter, (listener, stream): (&TcpListener, &TcpStream), client: Peer) {
    let arguments = format!("{}, SOCK_CLOEXEC|SOCK_NONBLOCK", calls::address(client.address));
    let result = Ok(calls::descriptor(&SockRef::from(stream)).map_or(0, i64::from));
    let call =
        calls::call(Function::Accept, calls::descriptor(&SockRef::from(listener)), &arguments, result, calls::Instant::now());
    reporter.report(What::Called(Call { connection: client.connection, ..call })).await;
}

/// A conversation as the session sees it.
struct Entry {
    client: Peer,
    /// The connection to the target, once it is up.
    target: Option<Peer>,
    control: Rc<Control>,
}

/// What all conversations of a relay share, and the table of them.
struct Room {
    shared: Shared,
    to: Endpoint,
    /// Where it listens.
    local: SocketAddr,
    /// By the client's connection.
    conversations: RefCell<BTreeMap<ConnectionId, Entry>>,
    /// Of the connections that have ended.
    totals: Totals,
}

impl Room {
    /// Runs one client from accepted to left.
    async fn serve(self: Rc<Self>, stream: TcpStream, client: Peer, control: Rc<Control>) {
        let reporter = &self.shared.reporter;
        let local = stream.local_addr().map_or(client.address, |local| family::as_shown(local).into());
        reporter.report(What::PeerJoined { peer: client, local }).await;
        let mut trace = Trace::of(calls::descriptor(&SockRef::from(&stream)));
        let applied = socket::apply(&SockRef::from(&stream), &dial::options(), client.address, &mut trace);
        trace.tell(reporter, client.connection).await;
        if let Err(failure) = applied {
            reporter.report(What::Trouble(failure)).await;
        }
        let endings = match self.dial(client, &control).await {
            Some((out, target)) => {
                let ends = Ends { client, target };
                Conversation::new(&self.shared, &control, ends, stream, out).run().await.into()
            }
            None => {
                // The client asked for the target, and the target is not there: it is told as the target would have told it.
                let by = if control.ends() == Some(Ask::Close) {
                    EndedBy::Us
                } else {
                    pump::linger_to_reset(&stream, client, reporter).await
                };
                pump::close(stream, client, &by, reporter).await;
                vec![(client, Ending { by, received: 0, sent: 0 })]
            }
        };
        self.conversations.borrow_mut().retain(|_, entry| entry.client != client);
        for (peer, ending) in endings {
            self.totals.add(&ending);
            reporter.report(What::PeerLeft { peer, ending }).await;
        }
    }

    /// The connection to the target; `None` when there is none, which is told, or when the user wanted no more.
    async fn dial(&self, client: Peer, control: &Control) -> Option<(TcpStream, Peer)> {
        let reporter = &self.shared.reporter;
        let ended = async {
            while control.ends().is_none() {
                control.changed().await;
            }
        };
        // Before there is one, so that the calls that make it are its own.
        let id = connection::next_id();
        let dialled = tokio::select! {
            dialled = dial::dial(&self.to, self.local, (reporter, id)) => dialled,
            () = ended => return None,
        };
        match dialled {
            Ok((stream, remote)) => {
                let target = Peer::connected(id, remote.into());
                let local = stream.local_addr().map_or(target.address, |local| family::as_shown(local).into());
                for entry in self.conversations.borrow_mut().values_mut().filter(|entry| entry.client == client) {
                    entry.target = Some(target);
                }
                reporter.report(What::Dialled(Box::new(Dialled { client, target, local }))).await;
                Some((stream, target))
            }
            Err(failure) => {
                reporter.report(What::Trouble(failure)).await;
                None
            }
        }
    }

    fn end(&self, connections: &Selection, how: End) {
        for (id, entry) in self.conversations.borrow().iter() {
            let chosen = |id: Option<ConnectionId>| match connections {
                Selection::All => true,
                Selection::Only(chosen) => id.is_some_and(|id| chosen.contains(&id)),
            };
            let target = chosen(entry.target.and_then(|target| target.connection)) && entry.target.is_some();
            let client = chosen(Some(*id));
            match how {
                End::Close if client || target => entry.control.ask(Ask::Close),
                End::Reset if client || target => entry.control.ask(Ask::Reset),
                End::HalfClose => {
                    for (way, chosen) in [(Way::ToTarget, target), (Way::ToClient, client)] {
                        if chosen {
                            entry.control.ask(Ask::Finish(way));
                        }
                    }
                }
                End::Close | End::Reset => {}
            }
        }
    }
}
