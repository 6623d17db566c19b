//! A relay session: listens at one address, forwards to another, and impairs what passes. Each arrival and each departure is a record of its
//! own, at the end of the relay where it happened; what was done in between is an event. Must never decide what is done: that is
//! [`crate::session::impairment`]'s.
//!
//! | file | what it does |
//! | --- | --- |
//! | `tcp` | listens, accepts, and runs a conversation for each client |
//! | `dial` | connects to the target |
//! | `control` | what the session asks of a conversation |
//! | `pump` | one conversation over TCP: two connections, two streams |
//! | `udp` | reads the clients' datagrams from one socket |
//! | `flow` | one client's datagrams: a socket of its own to the target, and both ways' waiting |

mod control;
mod dial;
mod flow;
mod pump;
mod tcp;
mod udp;

use super::hub::Actions;
use super::outbox::Reporter;
use crate::session::event::{Ending, What};
use crate::session::failure::{Cause, Failure, Operation};
use crate::session::id::Peer;
use crate::session::impairment::{Done, Impaired, Impairment, Spot, Way};
use crate::session::spec::{Protocol, RelaySpec};
use std::cell::Cell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Runs the session to its end; the caller reports the ending.
///
/// # Errors
/// The failure that kept it from listening.
pub async fn run(spec: RelaySpec, actions: &mut Actions, reporter: &Reporter) -> Result<Ending, Failure> {
    match spec.protocol {
        Protocol::Tcp => tcp::run(spec, actions, reporter).await,
        Protocol::Udp => udp::run(spec, actions, reporter).await,
    }
}

/// What is done belongs into the log, before anything it is done to.
async fn announce(impairment: &Impairment, reporter: &Reporter) {
    if !impairment.does_nothing() {
        reporter.report(What::ImpairmentSet(*impairment)).await;
    }
}

/// Something was to be sent, which a relay has no place for.
async fn refuse(reporter: &Reporter) {
    let failure = Failure { operation: Operation::Send, address: String::new(), cause: Cause::OnlyForwards, os_code: None };
    reporter.report(What::Trouble(failure)).await;
}

/// A relay that forwarded to itself would do so for ever.
///
/// # Errors
/// `Connect` with [`Cause::OwnAddress`].
fn not_itself(local: SocketAddr, target: SocketAddr) -> Result<(), Failure> {
    let ip = target.ip().to_canonical();
    // A socket can have an address if it is one of this machine's.
    let own = || ip.is_loopback() || std::net::UdpSocket::bind((ip, 0)).is_ok();
    let same = ip.is_unspecified() || ip == local.ip().to_canonical() || local.ip().is_unspecified() && own();
    if target.port() != local.port() || !same {
        return Ok(());
    }
    Err(Failure { operation: Operation::Connect, address: target.to_string(), cause: Cause::OwnAddress, os_code: None })
}

/// What all conversations of a relay share.
struct Shared {
    reporter: Reporter,
    impairment: Cell<Impairment>,
    started: Instant,
}

impl Shared {
    fn new(reporter: &Reporter, impairment: Impairment) -> Self {
        Self { reporter: reporter.clone(), impairment: Cell::new(impairment), started: Instant::now() }
    }

    /// The time as impairments want it.
    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// The moment of a time of theirs.
    fn moment(&self, time: Duration) -> Option<tokio::time::Instant> {
        self.started.checked_add(time).map(tokio::time::Instant::from_std)
    }

    /// Another impairment from now on.
    async fn set(&self, impairment: Impairment) {
        self.impairment.set(impairment);
        self.reporter.report(What::ImpairmentSet(impairment)).await;
    }
}

/// The two ends between which something passes.
#[derive(Clone, Copy)]
struct Ends {
    client: Peer,
    target: Peer,
}

impl Ends {
    /// What was done to something; `None` when nothing was.
    fn impaired(self, way: Way, spot: Spot, length: usize, done: Vec<Done>) -> Option<What> {
        let (from, to) = match way {
            Way::ToTarget => (self.client, self.target),
            Way::ToClient => (self.target, self.client),
        };
        let length = length as u64;
        (!done.is_empty()).then(|| What::Impaired(Box::new(Impaired { from, to, way, spot, length, done })))
    }

    /// Where a way leads.
    fn into(self, way: Way) -> Peer {
        match way {
            Way::ToTarget => self.target,
            Way::ToClient => self.client,
        }
    }
}

/// Waits until then; forever without a moment.
async fn at(moment: Option<tokio::time::Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_knows_itself() {
        let table = [
            ("127.0.0.1:9", "127.0.0.1:9", false),
            ("127.0.0.1:9", "127.0.0.1:8", true),
            ("127.0.0.1:9", "127.0.0.2:9", true),
            ("0.0.0.0:9", "127.0.0.2:9", false),
            ("0.0.0.0:9", "192.0.2.1:9", true),
            ("127.0.0.1:9", "0.0.0.0:9", false),
            ("[::]:9", "[::ffff:127.0.0.1]:9", false),
            ("[::1]:9", "127.0.0.1:9", true),
        ];
        for (local, target, allowed) in table {
            let result = not_itself(local.parse().unwrap(), target.parse().unwrap());
            assert_eq!(result.is_ok(), allowed, "{local} {target}");
        }
    }
}
