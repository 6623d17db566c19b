//! Connects to a relay's target, for one client. Must never know what passes afterwards.

use super::super::calls::Trace;
use super::super::outbox::Reporter;
use super::super::tcp_client::connect_to;
use super::super::{resolve, socket};
use super::not_itself;
use crate::session::address::Endpoint;
use crate::session::event::What;
use crate::session::failure::{Cause, Failure, Operation};
use crate::session::id::ConnectionId;
use crate::session::spec::{Switch, TcpOptions};
use socket2::{SockRef, Socket, Type};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;

/// How long each address is tried.
const PATIENCE: Duration = Duration::from_secs(10);

/// What both ends of a relay need: a piece leaves when it is written, and not when Nagle's algorithm thinks so.
pub fn options() -> TcpOptions {
    TcpOptions { no_delay: Switch::On, ..TcpOptions::default() }
}

/// Tries every address of the target in the resolver's order; `own` is where the relay listens, `id` the number that the
/// connection gets.
///
/// # Errors
/// The failure of the last one; those before it are told.
pub async fn dial(
    to: &Endpoint,
    own: SocketAddr,
    (reporter, id): (&Reporter, ConnectionId),
) -> Result<(TcpStream, SocketAddr), Failure> {
    let addresses = resolve::addresses(to).await?;
    let mut last = None;
    for address in addresses {
        if let Some(failure) = last.take() {
            reporter.report(What::TryFailed(failure)).await;
        }
        not_itself(own, address)?;
        match dial_one(address, (reporter, id)).await {
            Ok(stream) => return Ok((stream, address)),
            Err(failure) => last = Some(failure),
        }
    }
    let unknown =
        || Failure { operation: Operation::Resolve, address: to.to_string(), cause: Cause::NameNotFound, os_code: None };
    Err(last.unwrap_or_else(unknown))
}

async fn dial_one(remote: SocketAddr, (reporter, id): (&Reporter, ConnectionId)) -> Result<TcpStream, Failure> {
    let mut trace = Trace::default();
    let made = set_up(remote, &mut trace);
    trace.tell(reporter, Some(id)).await;
    connect_to(made?, remote, (PATIENCE, reporter), Some(id)).await
}

fn set_up(remote: SocketAddr, trace: &mut Trace) -> Result<Socket, Failure> {
    let made = socket::new(remote, Type::STREAM, trace)?;
    socket::apply(&SockRef::from(&made), &options(), remote, trace)?;
    Ok(made)
}
