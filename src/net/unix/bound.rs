//! Taking a place: a path or an abstract name. Must never send or receive.

use super::super::calls::{self, Trace};
use super::file::{self, SocketFile, Standing};
use super::{address_of, error, file_of, owner};
use crate::session::address::UnixPath;
use crate::session::call::Function;
use crate::session::failure::{Cause, Failure, Operation};
use crate::session::spec::Switch;
use socket2::{Domain, Socket, Type};
use std::io::{self, ErrorKind};

/// A socket that does not wait.
///
/// # Errors
/// The system has none left.
pub fn new(kind: Type, place: UnixPath, trace: &mut Trace) -> Result<Socket, Failure> {
    let make = || -> io::Result<Socket> {
        let socket = Socket::new(Domain::UNIX, kind, None)?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    };
    let kind = if kind == Type::DGRAM { "SOCK_DGRAM" } else { "SOCK_STREAM" };
    let arguments = format!("AF_UNIX, {kind}|SOCK_CLOEXEC, 0");
    trace.socket(&arguments, make).map_err(|problem| error::at(Operation::Socket, place, &problem))
}

/// Binds a socket; the file that it makes comes with it. `replace` says whether a stale socket file may go first.
///
/// # Errors
/// Why the place can't be had: see [`file`] for what may stand there.
pub async fn take(socket: &Socket, place: UnixPath, replace: Switch, trace: &mut Trace) -> Result<Option<SocketFile>, Failure> {
    let failed = |problem: &io::Error| error::at(Operation::Bind, place, problem);
    let told = |cause, os_code| error::failure(Operation::Bind, place, cause, os_code);
    if place.is_abstract() && !cfg!(any(target_os = "linux", target_os = "android")) {
        return Err(told(Cause::NotHere, None));
    }
    let address = address_of(place).map_err(|problem| failed(&problem))?;
    let arguments = calls::address(place.into());
    let mut bind = || trace.call(Function::Bind, &arguments, || socket.bind(&address));
    let mut outcome = bind();
    if let Err(problem) = &outcome
        && problem.kind() == ErrorKind::AddrInUse
    {
        let code = problem.raw_os_error();
        let standing =
            file_of(place).map_or(Ok(Standing::Live), |path| file::standing(&path)).map_err(|problem| failed(&problem))?;
        match standing {
            Standing::NotASocket => return Err(told(Cause::NotASocket, code)),
            Standing::Live => {
                let found = tokio::task::spawn_blocking(move || owner::find(place)).await;
                return Err(told(Cause::AddressInUse(found.ok().flatten()), code));
            }
            Standing::Stale(_) if !replace.is_on() => return Err(told(Cause::StaleSocket, code)),
            Standing::Stale(stale) => {
                stale.remove().map_err(|problem| failed(&problem))?;
                outcome = bind();
            }
            // It went meanwhile.
            Standing::Nothing => outcome = bind(),
        }
    }
    outcome.map_err(|problem| failed(&problem))?;
    match file_of(place) {
        Some(path) => SocketFile::bound(&path).map(Some).map_err(|problem| failed(&problem)),
        None => Ok(None),
    }
}
