//! The sending half of a UDP session: at once where it can, else in turn behind a look-up or a full socket. Must never read.

use super::super::calls;
use super::super::queue::{OVERHEAD, Refused};
use super::super::{family, resolve};
use super::{Udp, errors};
use crate::session::address::{Endpoint, Host};
use crate::session::call::Function;
use crate::session::command::{Message, Target};
use crate::session::event::{Origin, Unsent, What};
use crate::session::failure::{Cause, Failure, Operation};
use crate::session::id::Peer;
use crate::session::knob::Parts;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Bytes that may wait to be sent; at the bound a message is refused and the user is told.
const SEND_BOUND: usize = 4 << 20;
/// Datagrams sent before other work gets its turn.
const BATCH: usize = 64;
/// How often refused messages are summed up into one row while nothing can leave.
const REFUSAL_ROW_EVERY: Duration = Duration::from_millis(500);

/// A message that waits for its address, for the socket, or for its turn.
pub(super) struct Waiting {
    bytes: Arc<[u8]>,
    to: To,
    origin: Origin,
    /// How it is cut, if it is: each part is a datagram.
    parts: Option<Parts>,
    /// Where the next part begins.
    from: usize,
}

impl Waiting {
    /// The datagram that is next, and where it ends.
    fn next(&self) -> (Arc<[u8]>, usize) {
        match self.parts {
            None => (self.bytes.clone(), self.bytes.len()),
            Some(parts) => {
                let end = parts.end(self.from, self.bytes.len());
                (Arc::from(&self.bytes[self.from..end]), end)
            }
        }
    }
}

/// A message that leaves in parts, each a datagram, with pauses between them.
pub(super) struct Parted {
    bytes: Arc<[u8]>,
    to: To,
    origin: Origin,
    parts: Parts,
    /// Where the next part begins.
    from: usize,
    due: Instant,
}

/// Where a datagram goes.
#[derive(Clone)]
pub(super) enum To {
    /// As a socket address. One that a datagram came from is never made into text and back: that could lose an IPv6 zone.
    Address(SocketAddr),
    /// What the resolver has to be asked for.
    Name(Endpoint),
}

impl From<Endpoint> for To {
    fn from(endpoint: Endpoint) -> Self {
        match endpoint.host {
            Host::Ip(ip) => Self::Address(SocketAddr::new(ip, endpoint.port)),
            Host::Name(_) => Self::Name(endpoint),
        }
    }
}

/// What became of a message.
#[derive(PartialEq)]
pub(super) enum Queued {
    /// It was sent, or waits, or was refused, and each of that is told.
    Somewhere,
    /// There is nobody to send it to, which is told.
    Nowhere,
}

pub(super) type Resolving = Pin<Box<dyn Future<Output = Result<Vec<SocketAddr>, Failure>>>>;

impl Udp<'_> {
    /// Finds out where a message goes and sends it after those that wait.
    pub(super) async fn queue(&mut self, message: Message, origin: Origin) -> Queued {
        match self.destination(message.target).await {
            Some(to) => {
                self.transmit(message.bytes, to, origin).await;
                Queued::Somewhere
            }
            None => Queued::Nowhere,
        }
    }

    /// Where a message goes; `None` when there is nobody, which is told.
    async fn destination(&mut self, target: Target) -> Option<To> {
        let to = match target {
            Target::Address(to) => Ok(To::from(to)),
            Target::LastSender => self.last_sender.map(To::Address).ok_or(Cause::NoSender),
            Target::Path(_) => Err(Cause::BadAddress),
            Target::Everyone | Target::Connections(_) => self.spec.remote.clone().map(To::from).ok_or(Cause::NoTarget),
        };
        match to {
            Ok(to) => Some(to),
            Err(cause) => {
                self.trouble(Failure { operation: Operation::Send, address: String::new(), cause, os_code: None }).await;
                None
            }
        }
    }

    /// Sends a message in parts: without a pause in its turn and a batch at a time, else one now and the others in time, and then what is
    /// sent meanwhile overtakes them. At the bound it is refused as a whole.
    pub(super) async fn queue_parts(&mut self, message: Message, parts: Parts) {
        let Some(to) = self.destination(message.target).await else { return };
        let (bytes, origin) = (message.bytes, Origin::User);
        let cost = bytes.len() + OVERHEAD;
        if self.waiting_bytes + cost > SEND_BOUND {
            self.refused.add(bytes.len());
            self.tell_refused.get_or_insert_with(Instant::now);
            return;
        }
        self.waiting_bytes += cost;
        if parts.gap.is_zero() {
            let is_first = self.waiting.is_empty();
            self.waiting.push_back(Waiting { bytes, to, origin, parts: Some(parts), from: 0 });
            if is_first {
                self.send_waiting().await;
            }
        } else {
            self.parted.push_back(Parted { bytes, to, origin, parts, from: 0, due: Instant::now() });
        }
    }

    /// When the next part is due.
    pub(super) fn next_part(&self) -> Option<Instant> {
        self.parted.front().map(|parted| parted.due)
    }

    /// Sends the part that is due.
    pub(super) async fn send_part(&mut self) {
        let Some(parted) = self.parted.front_mut() else { return };
        let end = parted.parts.end(parted.from, parted.bytes.len());
        let (part, to, origin) = (Arc::from(&parted.bytes[parted.from..end]), parted.to.clone(), parted.origin);
        parted.from = end;
        parted.due = Instant::now() + parted.parts.gap;
        let length = parted.bytes.len();
        if end >= length {
            self.parted.pop_front();
            self.waiting_bytes = self.waiting_bytes.saturating_sub(length + OVERHEAD);
        }
        self.transmit(part, to, origin).await;
    }

    /// Sends at once where it can: nothing waits, the address is known, the socket takes it. Else it waits, within the bound.
    pub(super) async fn transmit(&mut self, bytes: Arc<[u8]>, to: To, origin: Origin) {
        if self.waiting.is_empty()
            && let Some(address) = self.address_of(&to)
            && self.try_send(&bytes, address, origin).await
        {
            return;
        }
        let cost = bytes.len() + OVERHEAD;
        if self.waiting_bytes + cost > SEND_BOUND {
            self.refused.add(bytes.len());
            // The first one is told at once, those of the next while in one row.
            self.tell_refused.get_or_insert_with(Instant::now);
            return;
        }
        self.waiting_bytes += cost;
        self.waiting.push_back(Waiting { bytes, to, origin, parts: None, from: 0 });
    }

    /// Tells what was refused since the last time, and looks again later; quiet when nothing was.
    pub(super) async fn tell_refused(&mut self) {
        self.tell_refused = None;
        if let Some(Refused { messages, bytes }) = self.refused.take() {
            self.tell_refused = Some(Instant::now() + REFUSAL_ROW_EVERY);
            self.reporter.report(What::Unsent { peer: None, messages, bytes, reason: Unsent::QueueFull }).await;
        }
    }

    pub(super) fn address_of(&self, to: &To) -> Option<SocketAddr> {
        match to {
            To::Address(address) => Some(*address),
            To::Name(name) => self.known.get(name).copied(),
        }
    }

    /// `false` when the socket takes nothing now.
    pub(super) async fn try_send(&mut self, bytes: &Arc<[u8]>, to: SocketAddr, origin: Origin) -> bool {
        let to = family::as_shown(to);
        loop {
            match self.socket.try_send_to(bytes, family::as_sent(to, self.local)) {
                Ok(_) => {
                    self.sent += bytes.len() as u64;
                    let what = What::Sent { peer: Peer::datagram(to.into()), bytes: bytes.clone(), origin };
                    self.reporter.report_bytes(what, bytes.len()).await;
                    return true;
                }
                Err(problem) if problem.kind() == ErrorKind::WouldBlock => return false,
                // With IP_RECVERR an earlier datagram's ICMP error is returned by the next call, whatever that sends.
                Err(problem) if is_from_earlier(&problem) && self.take_error_queue().await => {}
                Err(problem) => {
                    let arguments = format!("…, {}, MSG_NOSIGNAL, {}", bytes.len(), calls::address(to.into()));
                    let call = calls::call(Function::Send, self.descriptor(), &arguments, Err(&problem), calls::Instant::now());
                    self.reporter.report(What::Called(call)).await;
                    self.trouble(errors::of_send(to, bytes.len(), &problem)).await;
                    return true;
                }
            }
        }
    }

    /// Whether the first datagram that waits has an address, so that the socket should be watched.
    pub(super) fn may_send(&self) -> bool {
        self.waiting.front().is_some_and(|first| self.address_of(&first.to).is_some())
    }

    /// Sends what waits, up to a batch.
    pub(super) async fn send_waiting(&mut self) {
        for _ in 0..BATCH {
            let Some(first) = self.waiting.front() else { return };
            let Some(address) = self.address_of(&first.to) else { return };
            let ((bytes, end), origin) = (first.next(), first.origin);
            if !self.try_send(&bytes, address, origin).await {
                return;
            }
            let Some(first) = self.waiting.front_mut() else { return };
            first.from = end;
            let length = first.bytes.len();
            if end >= length {
                self.waiting_bytes -= length + OVERHEAD;
                self.waiting.pop_front();
            }
        }
        // A socket that takes everything would never let the thread hear what else there is.
        tokio::task::yield_now().await;
    }

    pub(super) fn start_resolving(&mut self) {
        if self.resolving.is_none()
            && let Some(first) = self.waiting.front()
            && let To::Name(name) = &first.to
            && !self.known.contains_key(name)
        {
            let to = name.clone();
            self.resolving = Some(Box::pin(async move { resolve::addresses(&to).await }));
        }
    }

    /// The look-up for the first datagram that waits has ended.
    pub(super) async fn learn(&mut self, found: Result<Vec<SocketAddr>, Failure>) {
        self.resolving = None;
        let Some(Waiting { to: To::Name(name), .. }) = self.waiting.front() else { return };
        match found {
            Ok(addresses) => {
                // A socket of one family can't reach the other; a wildcard IPv6 socket reaches IPv4 through mapped addresses.
                let own = addresses.iter().find(|address| address.is_ipv4() == self.local.is_ipv4());
                let Some(address) = own.or(addresses.first()).copied() else { return };
                let host = name.host.to_string();
                self.known.insert(name.clone(), address);
                self.reporter.report(What::Resolved { host, addresses }).await;
                self.send_waiting().await;
            }
            Err(failure) => {
                if let Some(first) = self.waiting.pop_front() {
                    self.waiting_bytes -= first.bytes.len() + OVERHEAD;
                }
                self.trouble(failure).await;
            }
        }
    }

    pub(super) async fn abandon(&mut self) {
        self.tell_refused().await;
        if !self.waiting.is_empty() || !self.parted.is_empty() {
            // A message of which parts have left counts with the rest of it.
            let messages = (self.waiting.len() + self.parted.len()) as u64;
            let parted = self.parted.iter().map(|parted| (parted.bytes.len() - parted.from) as u64);
            let bytes = self.waiting.iter().map(|waiting| (waiting.bytes.len() - waiting.from) as u64).chain(parted).sum();
            self.reporter.report(What::Unsent { peer: None, messages, bytes, reason: Unsent::Ended }).await;
        }
    }
}

/// Whether an error returned by a send can stem from an earlier datagram.
fn is_from_earlier(problem: &io::Error) -> bool {
    matches!(
        problem.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::ConnectionReset
    )
}

pub(super) async fn resolved(resolving: &mut Option<Resolving>) -> Result<Vec<SocketAddr>, Failure> {
    match resolving {
        Some(resolving) => resolving.await,
        None => std::future::pending().await,
    }
}
