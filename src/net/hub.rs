//! The network thread: commands to sessions' tasks, and the promise that each opened session ends in exactly one
//! `Closed` or `Failed`. Must never do a session's work itself.

use super::outbox::{Gate, Outbox, Parcel, Reporter};
use super::queue::Refused;
#[cfg(unix)]
use super::unix;
use super::{clock, interface, relay, tcp_client, tcp_server, udp};
use crate::session::command::{Action, Command};
use crate::session::event::{EndedBy, Ending, Event, SessionEvent, Unsent, What};
use crate::session::failure::{Cause, Failure, Operation};
use crate::session::id::SessionId;
use crate::session::spec::SessionSpec;
use crossbeam_channel::Receiver;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::{self, JoinError, JoinSet, LocalSet};

/// Bytes of commands that may wait; at the bound the window keeps what was typed and says so.
const COMMAND_BUDGET: usize = 64 << 20;
/// What even an empty command holds, so that [`COMMAND_SLOTS`] of them fill the budget and the channels are never full.
const COMMAND_FLOOR: usize = 4 << 10;
const COMMAND_SLOTS: usize = COMMAND_BUDGET / COMMAND_FLOOR;
/// How long a shutdown waits for the sessions before it aborts them.
const SHUTDOWN_PATIENCE: Duration = Duration::from_millis(1500);

/// The command queue is full; the command was not taken.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the network thread is busy: its command queue is full")]
pub struct Busy(pub Box<Command>);

/// A command and its place in the queue's budget.
struct Ticket<T> {
    content: T,
    permit: OwnedSemaphorePermit,
}

/// Where commands go in. Cheap to clone; never waits.
#[derive(Clone)]
pub struct Handle {
    channel: mpsc::Sender<Ticket<Command>>,
    budget: Arc<Semaphore>,
}

impl Handle {
    /// Queues a command.
    ///
    /// # Errors
    /// [`Busy`] gives it back when the queue is full. A network thread that has ended takes no commands and needs none.
    pub fn send(&self, command: Command) -> Result<(), Busy> {
        let weight = u32::try_from(command.weight().clamp(COMMAND_FLOOR, COMMAND_BUDGET / 2)).unwrap_or(u32::MAX);
        match self.budget.clone().try_acquire_many_owned(weight) {
            Ok(permit) => {
                self.channel.try_send(Ticket { content: command, permit }).ok();
                Ok(())
            }
            Err(_) => Err(Busy(Box::new(command))),
        }
    }
}

/// The network thread.
pub struct Net {
    thread: JoinHandle<()>,
    handle: Handle,
}

impl Net {
    /// Starts it; events come out of the receiver, and the gate stops its reading.
    ///
    /// # Errors
    /// When the system gives no thread or no event queue.
    pub fn start() -> io::Result<(Self, Receiver<Parcel>, Gate)> {
        raise_file_limit();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (outbox, inbox, gate) = Outbox::new();
        let (channel, commands) = mpsc::channel(COMMAND_SLOTS);
        let handle = Handle { channel, budget: Arc::new(Semaphore::new(COMMAND_BUDGET)) };
        let thread = std::thread::Builder::new().name("net".into()).spawn(move || {
            let local = LocalSet::new();
            runtime.block_on(local.run_until(Hub::new(outbox).run(commands)));
            // A name look-up cannot be cancelled; it must not hold up the end.
            runtime.shutdown_background();
        })?;
        Ok((Self { thread, handle }, inbox, gate))
    }

    /// Where commands go in.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Ends every session and the thread, and waits for it.
    pub fn shut_down(self) {
        // A full command queue is being emptied: ask again until the question is in.
        while let Err(Busy(_)) = self.handle.send(Command::ShutDown) {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.thread.join().ok();
    }
}

/// Every connection is a file descriptor, and desktops start programs with a soft limit of 1,024.
#[cfg(unix)]
fn raise_file_limit() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard).ok();
    }
}

#[cfg(not(unix))]
fn raise_file_limit() {}

/// The actions of one session, in order. Closed when the hub is gone.
pub struct Actions(mpsc::Receiver<Ticket<Action>>);

impl Actions {
    /// The next action; `None` when there will be no more.
    pub async fn next(&mut self) -> Option<Action> {
        self.0.recv().await.map(|ticket| ticket.content)
    }

    /// Takes no more, and counts the messages that came too late for the session.
    fn abandon(&mut self) -> Refused {
        self.0.close();
        let mut late = Refused::default();
        while let Ok(ticket) = self.0.try_recv() {
            if let Action::Send(message) | Action::SendInParts { message, .. } | Action::Repeat { message, .. } = ticket.content {
                late.messages += 1;
                late.bytes += message.bytes.len() as u64;
            }
        }
        late
    }
}

/// A session's task as the hub sees it.
struct Running {
    actions: mpsc::Sender<Ticket<Action>>,
    forget: bool,
    task: task::Id,
}

struct Hub {
    outbox: Outbox,
    sessions: HashMap<SessionId, Running>,
    tasks: JoinSet<SessionId>,
    /// Lists of interfaces under way.
    lists: JoinSet<()>,
}

impl Hub {
    fn new(outbox: Outbox) -> Self {
        Self { outbox, sessions: HashMap::new(), tasks: JoinSet::new(), lists: JoinSet::new() }
    }

    async fn run(mut self, mut commands: mpsc::Receiver<Ticket<Command>>) {
        loop {
            tokio::select! {
                // Endings first: an Open right behind a session's end must not find the session still there.
                biased;
                Some(ended) = self.tasks.join_next() => self.ended(ended).await,
                Some(_) = self.lists.join_next() => {}
                ticket = commands.recv() => match ticket {
                    None => break,
                    Some(Ticket { content: Command::ShutDown, .. }) => break,
                    Some(Ticket { content: Command::ListInterfaces, permit }) => {
                        let listing = list_interfaces(self.outbox.clone());
                        // The command goes on counting until it is answered, so that not too many wait.
                        self.lists.spawn_local(async move {
                            listing.await;
                            drop(permit);
                        });
                    }
                    Some(Ticket { content: Command::To(session, action), permit }) => {
                        self.act(session, Ticket { content: action, permit }).await;
                    }
                },
            }
        }
        self.shut_down().await;
    }

    async fn act(&mut self, session: SessionId, ticket: Ticket<Action>) {
        match (&ticket.content, self.sessions.get_mut(&session)) {
            (Action::Clear, _) => self.report(session, What::Cleared).await,
            (Action::ResetCounters, _) => self.report(session, What::CountersReset).await,
            (Action::Open(_), Some(_)) => {
                let failure = Failure { operation: Operation::Socket, address: String::new(), cause: Cause::Busy, os_code: None };
                self.report(session, What::Trouble(failure)).await;
            }
            (Action::Forget, None) => self.report(session, What::Forgotten).await,
            (action, Some(running)) => {
                running.forget |= *action == Action::Forget;
                // The queue has as many places as the budget has floors, so it is never full; closed it is once the session ends.
                if let Err(refused) = running.actions.try_send(ticket)
                    && let Action::Send(_) | Action::SendInParts { .. } | Action::Repeat { .. } = refused.into_inner().content
                {
                    self.report(session, What::Trouble(not_connected())).await;
                }
            }
            (Action::Open(_), None) => {
                if let Action::Open(spec) = ticket.content {
                    self.open(session, spec);
                }
            }
            (Action::Send(_) | Action::SendInParts { .. } | Action::Repeat { .. }, None) => {
                self.report(session, What::Trouble(not_connected())).await;
            }
            // Ending or changing what is not open: nothing to do, and nothing to say.
            (_, None) => {}
        }
    }

    fn open(&mut self, session: SessionId, spec: SessionSpec) {
        let (sender, receiver) = mpsc::channel(COMMAND_SLOTS);
        let reporter = Reporter::new(session, self.outbox.clone());
        let task = self.tasks.spawn_local(async move {
            reporter.report(What::Opening { spec: Box::new(spec.clone()) }).await;
            let mut actions = Actions(receiver);
            let outcome = match spec {
                SessionSpec::TcpClient(spec) => tcp_client::run(spec, &mut actions, &reporter).await,
                SessionSpec::TcpServer(spec) => tcp_server::run(spec, &mut actions, &reporter).await,
                SessionSpec::Udp(spec) => udp::run(spec, &mut actions, &reporter).await,
                SessionSpec::Relay(spec) => relay::run(spec, &mut actions, &reporter).await,
                #[cfg(unix)]
                SessionSpec::UnixClient(spec) => unix::client(spec, &mut actions, &reporter).await,
                #[cfg(unix)]
                SessionSpec::UnixServer(spec) => unix::server(spec, &mut actions, &reporter).await,
                #[cfg(unix)]
                SessionSpec::UnixDatagram(spec) => unix::datagram(spec, &mut actions, &reporter).await,
                #[cfg(not(unix))]
                SessionSpec::UnixClient(_) | SessionSpec::UnixServer(_) | SessionSpec::UnixDatagram(_) => Err(not_here()),
            };
            let Refused { messages, bytes } = actions.abandon();
            if messages > 0 {
                reporter.report(What::Unsent { peer: None, messages, bytes, reason: Unsent::Ended }).await;
            }
            reporter
                .report(match outcome {
                    Ok(ending) => What::Closed { ending },
                    Err(failure) => What::Failed(failure),
                })
                .await;
            session
        });
        self.sessions.insert(session, Running { actions: sender, forget: false, task: task.id() });
    }

    /// A session's task has ended and has said why; one that panicked has not, and is spoken for.
    async fn ended(&mut self, ended: Result<SessionId, JoinError>) {
        let session = match ended {
            Ok(session) => session,
            Err(problem) => {
                let found = self.sessions.iter().find(|(_, running)| running.task == problem.id());
                let Some(session) = found.map(|(session, _)| *session) else { return };
                let cause = Cause::Other(problem.to_string());
                let failure = Failure { operation: Operation::Socket, address: String::new(), cause, os_code: None };
                self.report(session, What::Failed(failure)).await;
                session
            }
        };
        if self.sessions.remove(&session).is_some_and(|running| running.forget) {
            self.report(session, What::Forgotten).await;
        }
    }

    async fn report(&self, session: SessionId, what: What) {
        let credit = self.outbox.credit(0).await;
        self.outbox.post(Event::Session(SessionEvent { session, at: clock::now(), what }), credit);
    }

    /// Closes every session; one that does not end in time is aborted and reported as closed by us.
    async fn shut_down(&mut self) {
        let budget = Arc::new(Semaphore::new(self.sessions.len()));
        for running in self.sessions.values() {
            if let Ok(permit) = budget.clone().try_acquire_owned() {
                running.actions.try_send(Ticket { content: Action::Close, permit }).ok();
            }
        }
        let deadline = tokio::time::Instant::now() + SHUTDOWN_PATIENCE;
        while let Ok(Some(ended)) = tokio::time::timeout_at(deadline, self.tasks.join_next()).await {
            self.ended(ended).await;
        }
        self.tasks.abort_all();
        for session in self.sessions.keys().copied().collect::<Vec<_>>() {
            self.report(session, What::Closed { ending: Ending { by: EndedBy::Us, received: 0, sent: 0 } }).await;
        }
    }
}

/// Answers with this machine's interfaces. Not in the hub's own turn: a strange driver must not hold up commands.
async fn list_interfaces(outbox: Outbox) {
    let found = task::spawn_blocking(interface::list).await.unwrap_or_default();
    let credit = outbox.credit(0).await;
    outbox.post(Event::Interfaces(found), credit);
}

/// A kind of session that this system does not have.
#[cfg(not(unix))]
fn not_here() -> Failure {
    Failure { operation: Operation::Socket, address: String::new(), cause: Cause::NotHere, os_code: None }
}

/// A send without a session that could take it.
fn not_connected() -> Failure {
    Failure { operation: Operation::Send, address: String::new(), cause: Cause::NotConnected, os_code: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_ends_its_session() {
        let (outbox, inbox, _gate) = Outbox::new();
        let local = LocalSet::new();
        let session = SessionId(7);
        let work = async {
            let mut hub = Hub::new(outbox);
            let (actions, _receiver) = mpsc::channel(1);
            let task = hub.tasks.spawn_local(async { panic!("a bug") });
            hub.sessions.insert(session, Running { actions, forget: false, task: task.id() });
            let ended = hub.tasks.join_next().await.unwrap();
            hub.ended(ended).await;
            assert!(hub.sessions.is_empty(), "it can be opened again");
        };
        local.run_until(work).await;
        let event = inbox.try_recv().unwrap().event;
        assert!(matches!(event, Event::Session(SessionEvent { what: What::Failed(_), .. })), "{event:?}");
    }
}
