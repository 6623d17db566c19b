//! A Unix-domain stream client: how its connection comes to be. Must never run it: that is what every client does.

use super::super::calls::{self, Trace};
use super::super::hub::Actions;
use super::super::outbox::Reporter;
use super::super::stream::Stream;
use super::super::tcp_client::{Manner, stay};
use super::{address_of, bound, error};
use crate::session::call::Function;
use crate::session::event::Ending;
use crate::session::failure::{Failure, Operation};
use crate::session::spec::{TcpOptions, UnixClientSpec};
use socket2::Type;
use std::io::ErrorKind;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::time::Instant;

/// How long a connect waits for room in the server's accept queue.
const PATIENCE: Duration = Duration::from_secs(5);
/// The pause between two tries: the system tells nobody that there is room again.
const TRY_AGAIN: Duration = Duration::from_millis(5);

/// Runs the session to its end; the caller reports the ending.
///
/// # Errors
/// The failure that ended it.
pub async fn run(spec: UnixClientSpec, actions: &mut Actions, reporter: &Reporter) -> Result<Ending, Failure> {
    let UnixClientSpec { after_peer_fin, reconnect, ref reply, .. } = spec;
    let options = TcpOptions { after_peer_fin, ..TcpOptions::default() };
    let manner = Manner { reconnect, options, reply: reply.clone() };
    let connecting = async |_| {
        let mut trace = Trace::default();
        let connected = connect(&spec, &mut trace).await;
        trace.tell(reporter, None).await;
        Ok((connected?, spec.path.into()))
    };
    stay(manner, connecting, actions, reporter).await
}

async fn connect(spec: &UnixClientSpec, trace: &mut Trace) -> Result<Stream, Failure> {
    let path = spec.path;
    let failed = |problem| error::at(Operation::Connect, path, &problem);
    let made = bound::new(Type::STREAM, path, trace)?;
    let file = match spec.local {
        Some(local) => bound::take(&made, local, spec.replace_stale, trace).await?,
        None => None,
    };
    let address = address_of(path).map_err(failed)?;
    let until = Instant::now() + PATIENCE;
    loop {
        match trace.call(Function::Connect, &calls::address(path.into()), || made.connect(&address)) {
            Ok(()) => break,
            // A full accept queue: a socket that does not wait is refused at once (connect(2)), where TCP would try again in silence.
            Err(problem) if problem.kind() == ErrorKind::WouldBlock && Instant::now() < until => {
                tokio::time::sleep(TRY_AGAIN).await
            }
            Err(problem) => return Err(failed(problem)),
        }
    }
    let stream = UnixStream::from_std(made.into()).map_err(failed)?;
    Ok(Stream::Unix { _file: file, stream })
}
