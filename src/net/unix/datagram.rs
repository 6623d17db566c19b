//! A Unix-domain datagram session: one socket, messages with their boundaries both ways, and none lost. Must never glue or cut one.
//!
//! The system loses no datagram between Unix-domain sockets: whoever finds the receiver's queue full has to wait (unix(7)). So reading
//! waits for credit as TCP does, and there are no gaps to count.

use super::super::automation;
use super::super::clock::now;
use super::super::hub::Actions;
use super::super::outbox::Reporter;
use super::super::repeat::{self, Repeat};
use super::file::SocketFile;
use super::sending::{Outgoing, Queued};
use super::{bound, error, place_of};
use crate::session::address::UnixPath;
use crate::session::command::{Action, Message, Target};
use crate::session::event::{EndedBy, Ending, Origin, What};
use crate::session::failure::{Cause, Failure, Operation, OptionName};
use crate::session::id::Peer;
use crate::session::reply::{Answer, Responder};
use crate::session::spec::UnixDatagramSpec;
use socket2::{SockRef, Type};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixDatagram;
use tokio::time::Instant;

/// Datagrams read before other work gets its turn.
const BURST: usize = 64;
/// How long a close goes on reading what has already arrived.
const CLOSE_READS_FOR: Duration = Duration::from_millis(200);
/// Senders remembered for group chat, the latest ones.
const CHAT_MEMBERS: usize = 256;

/// Runs the session to its end; the caller reports the ending.
///
/// # Errors
/// The failure that kept it from binding.
pub async fn run(spec: UnixDatagramSpec, actions: &mut Actions, reporter: &Reporter) -> Result<Ending, Failure> {
    let (socket, file) = bind(&spec).await?;
    let local = spec.path.unwrap_or(UnixPath::UNNAMED);
    let receive_buffer = SockRef::from(&socket).recv_buffer_size().unwrap_or(0);
    reporter.report(What::Bound { local: local.into(), receive_buffer }).await;
    let responder = RefCell::<Responder>::default();
    responder.borrow_mut().set(spec.reply.clone());
    let mut session = Datagrams {
        outgoing: Outgoing::new(reporter.clone()),
        socket,
        local,
        remote: spec.remote,
        reporter,
        responder,
        last_sender: None,
        members: VecDeque::new(),
        received: 0,
    };
    let mut repetition: Option<Repeat> = None;
    loop {
        let held = reporter.outbox().is_held();
        // While answers pile up nothing more is read: the senders wait, as they would for any receiver that is slow.
        let must_wait = session.responder.borrow().is_active() && session.outgoing.is_high();
        tokio::select! {
            ready = session.socket.readable(), if !held && !must_wait => match ready {
                Ok(()) => {
                    session.receive().await;
                }
                Err(problem) => session.trouble(error::at(Operation::Receive, local, &problem)).await,
            },
            () = reporter.outbox().released(), if held => {}
            action = actions.next() => match action {
                None | Some(Action::Close | Action::Forget | Action::End { .. }) => break,
                Some(Action::Send(message)) => {
                    session.queue(message, Origin::User).await;
                }
                Some(other) => automation::change(other, reporter, &session.responder, &mut repetition).await,
            },
            due = repeat::due(&mut repetition) => match due {
                Some(message) => {
                    if session.queue(message, Origin::Repeat).await == Queued::Nowhere {
                        repeat::unreached(reporter, &mut repetition).await;
                    }
                }
                None => repeat::ended(reporter, &mut repetition).await,
            },
            () = session.outgoing.due() => session.outgoing.push_on(&session.socket).await,
        }
    }
    // First, so that nobody sends here any more.
    drop(file);
    repeat::ended(reporter, &mut repetition).await;
    session.drain().await;
    session.outgoing.abandon(&session.socket).await;
    Ok(Ending { by: EndedBy::Us, received: session.received, sent: session.outgoing.sent() })
}

async fn bind(spec: &UnixDatagramSpec) -> Result<(UnixDatagram, Option<SocketFile>), Failure> {
    let place = spec.path.unwrap_or(UnixPath::UNNAMED);
    let made = bound::new(Type::DGRAM, place)?;
    if let Some(bytes) = spec.send_buffer {
        let named = |problem| error::at(Operation::Option(OptionName("SO_SNDBUF")), place, &problem);
        made.set_send_buffer_size(bytes as usize).map_err(named)?;
    }
    let file = match spec.path {
        Some(place) => bound::take(&made, place, spec.replace_stale).await?,
        None => None,
    };
    let socket = UnixDatagram::from_std(made.into()).map_err(|problem| error::at(Operation::Bind, place, &problem))?;
    Ok((socket, file))
}

struct Datagrams<'a> {
    socket: UnixDatagram,
    local: UnixPath,
    /// Where datagrams go unless the send says otherwise.
    remote: Option<UnixPath>,
    reporter: &'a Reporter,
    responder: RefCell<Responder>,
    outgoing: Outgoing,
    last_sender: Option<UnixPath>,
    members: VecDeque<UnixPath>,
    received: u64,
}

/// How a burst of reads ended.
#[derive(PartialEq)]
enum Burst {
    /// There was no more to read.
    Done,
    /// Other work gets its turn before the rest.
    Full,
}

impl Datagrams<'_> {
    /// Reads what has arrived, up to a burst.
    async fn receive(&mut self) -> Burst {
        for _ in 0..BURST {
            match self.read().await {
                Ok(()) => {}
                Err(problem) if problem.kind() == ErrorKind::WouldBlock => return Burst::Done,
                Err(problem) => {
                    self.trouble(error::at(Operation::Receive, self.local, &problem)).await;
                    return Burst::Done;
                }
            }
        }
        Burst::Full
    }

    /// Reads one datagram. Credit comes first: without it the datagram stays in the queue and its sender waits.
    async fn read(&mut self) -> io::Result<()> {
        let length = next_length(&self.socket)?;
        let credit = self.reporter.outbox().credit(length).await;
        let mut buffer = vec![0; length];
        let (length, from) = self.socket.try_recv_from(&mut buffer)?;
        buffer.truncate(length);
        let bytes: Arc<[u8]> = buffer.into();
        let from = place_of(&from);
        self.received += length as u64;
        self.last_sender = Some(from);
        self.reporter.post(What::Received { peer: Peer::datagram(from.into()), bytes: bytes.clone() }, credit);
        // An echo of one's own words would never end.
        if from.is_unnamed() || from != self.local {
            self.answer(from, &bytes).await;
        }
        Ok(())
    }

    async fn answer(&mut self, from: UnixPath, bytes: &Arc<[u8]>) {
        let answer = self.responder.borrow_mut().answer(Peer::datagram(from.into()), bytes, now());
        match answer {
            None => {}
            Some(Answer::Back(bytes)) => self.outgoing.send(&self.socket, bytes, from, Origin::Reply).await,
            Some(Answer::Others(bytes)) => {
                let others: Vec<UnixPath> = self.members.iter().copied().filter(|member| *member != from).collect();
                for other in others {
                    self.outgoing.send(&self.socket, bytes.clone(), other, Origin::Reply).await;
                }
                if !from.is_unnamed() && !self.members.contains(&from) {
                    self.members.push_back(from);
                    if self.members.len() > CHAT_MEMBERS {
                        self.members.pop_front();
                    }
                }
            }
        }
    }

    /// Finds out where a message goes and sends it after those that wait.
    async fn queue(&mut self, message: Message, origin: Origin) -> Queued {
        let to = match message.target {
            Target::Path(to) => Ok(to),
            Target::LastSender => match self.last_sender {
                Some(sender) if sender.is_unnamed() => Err(Cause::UnnamedSender),
                sender => sender.ok_or(Cause::NoSender),
            },
            Target::Everyone | Target::Connections(_) | Target::Address(_) => self.remote.ok_or(Cause::NoTarget),
        };
        match to {
            Ok(to) => {
                self.outgoing.send(&self.socket, message.bytes, to, origin).await;
                Queued::Somewhere
            }
            Err(cause) => {
                self.trouble(Failure { operation: Operation::Send, address: String::new(), cause, os_code: None }).await;
                Queued::Nowhere
            }
        }
    }

    async fn trouble(&self, failure: Failure) {
        self.reporter.report(What::Trouble(failure)).await;
    }

    /// Reads what had arrived before the close; its file is gone, so nothing comes after it.
    async fn drain(&mut self) {
        let until = Instant::now() + CLOSE_READS_FOR;
        while !self.reporter.outbox().is_held() && Instant::now() < until && self.receive().await == Burst::Full {}
    }
}

/// The length of the datagram that a read would take next.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn next_length(socket: &UnixDatagram) -> io::Result<usize> {
    use nix::sys::socket::{MsgFlags, recv};
    use std::os::fd::AsRawFd;
    let look = || Ok(recv(socket.as_raw_fd(), &mut [], MsgFlags::MSG_PEEK | MsgFlags::MSG_TRUNC)?);
    socket.try_io(tokio::io::Interest::READABLE, look)
}

/// Room for any datagram: elsewhere the system does not tell a length beforehand, and allows far shorter ones (macOS: 2,048 bytes unless
/// raised).
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn next_length(_socket: &UnixDatagram) -> io::Result<usize> {
    Ok(256 << 10)
}
