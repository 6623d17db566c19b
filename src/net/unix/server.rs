//! A Unix-domain stream server: how it comes to listen. Must never serve a client: that is what every server does.

use super::super::calls::Trace;
use super::super::hub::Actions;
use super::super::outbox::Reporter;
use super::super::stream::Listener;
use super::super::tcp_server::{Manner, serve};
use super::{bound, error};
use crate::session::call::Function;
use crate::session::event::Ending;
use crate::session::failure::{Failure, Operation};
use crate::session::spec::{TcpOptions, UnixServerSpec};
use socket2::Type;
use std::cell::Cell;
use tokio::net::UnixListener;

/// Runs the session to its end; the caller reports the ending.
///
/// # Errors
/// The failure that kept it from listening.
pub async fn run(spec: UnixServerSpec, actions: &mut Actions, reporter: &Reporter) -> Result<Ending, Failure> {
    let mut trace = Trace::default();
    let listening = listen(&spec, &mut trace).await;
    trace.tell(reporter, None).await;
    let listener = listening?;
    let UnixServerSpec { path, after_peer_fin, reply, .. } = spec;
    let options = TcpOptions { after_peer_fin, ..TcpOptions::default() };
    serve(listener, path.into(), Manner { options, reply }, actions, reporter).await
}

async fn listen(spec: &UnixServerSpec, trace: &mut Trace) -> Result<Listener, Failure> {
    let failed = |problem| error::at(Operation::Listen, spec.path, &problem);
    let made = bound::new(Type::STREAM, spec.path, trace)?;
    let file = bound::take(&made, spec.path, spec.replace_stale, trace).await?;
    let backlog = i32::try_from(spec.backlog).unwrap_or(i32::MAX);
    trace.call(Function::Listen, &backlog.to_string(), || made.listen(backlog)).map_err(failed)?;
    let listener = UnixListener::from_std(made.into()).map_err(failed)?;
    Ok(Listener::Unix { _file: file, listener, nameless: Cell::new(0) })
}
