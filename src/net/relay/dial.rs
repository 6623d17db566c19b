//! Connects to a relay's target, for one client. Must never know what passes afterwards.

use super::super::outbox::Reporter;
use super::super::{error, resolve, socket};
use crate::session::address::Endpoint;
use crate::session::event::What;
use crate::session::failure::{Cause, Failure, Operation};
use crate::session::spec::{Switch, TcpOptions};
use socket2::{SockRef, Type};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};

/// How long each address is tried.
const PATIENCE: Duration = Duration::from_secs(10);

/// What both ends of a relay need: a piece leaves when it is written, and not when Nagle's algorithm thinks so.
pub fn options() -> TcpOptions {
    TcpOptions { no_delay: Switch::On, ..TcpOptions::default() }
}

/// Tries every address of the target in the resolver's order.
///
/// # Errors
/// The failure of the last one; those before it are told.
pub async fn dial(to: &Endpoint, reporter: &Reporter) -> Result<(TcpStream, SocketAddr), Failure> {
    let addresses = resolve::addresses(to).await?;
    let mut last = None;
    for address in addresses {
        if let Some(failure) = last.take() {
            reporter.report(What::TryFailed(failure)).await;
        }
        match dial_one(address).await {
            Ok(stream) => return Ok((stream, address)),
            Err(failure) => last = Some(failure),
        }
    }
    let unknown =
        || Failure { operation: Operation::Resolve, address: to.to_string(), cause: Cause::NameNotFound, os_code: None };
    Err(last.unwrap_or_else(unknown))
}

async fn dial_one(remote: SocketAddr) -> Result<TcpStream, Failure> {
    let made = socket::new(remote, Type::STREAM)?;
    socket::apply(&SockRef::from(&made), &options(), remote)?;
    let connecting = TcpSocket::from_std_stream(made.into()).connect(remote);
    match tokio::time::timeout(PATIENCE, connecting).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(problem)) => Err(error::at(Operation::Connect, remote, &problem)),
        Err(_) => {
            Err(Failure { operation: Operation::Connect, address: remote.to_string(), cause: Cause::TimedOut, os_code: None })
        }
    }
}
