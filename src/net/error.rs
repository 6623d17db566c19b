//! The system's errors, told apart. Must never phrase them.

use super::owner::{self, Protocol};
use crate::session::address::Address;
use crate::session::failure::{Cause, Failure, Operation};
use std::io::{Error, ErrorKind};
use std::net::SocketAddr;

/// `EMFILE` and `ENFILE`, which std has no kind for.
#[cfg(unix)]
const TOO_MANY_FILES: [i32; 2] = [nix::libc::EMFILE, nix::libc::ENFILE];
/// `WSAEMFILE`.
#[cfg(windows)]
const TOO_MANY_FILES: [i32; 1] = [10024];
/// `EPERM`, which std takes for the same as `EACCES`.
#[cfg(unix)]
const FIREWALL: i32 = nix::libc::EPERM;
/// Windows has one number for both.
#[cfg(windows)]
const FIREWALL: i32 = -1;
/// `EMSGSIZE`, which std has no stable kind for.
#[cfg(unix)]
const MESSAGE_TOO_LONG: i32 = nix::libc::EMSGSIZE;
/// `WSAEMSGSIZE`.
#[cfg(windows)]
const MESSAGE_TOO_LONG: i32 = 10040;

/// The cause behind a system error; `address` is the one it happened with, where it is known.
pub fn cause(error: &Error, operation: Operation, address: Option<Address>) -> Cause {
    let code = error.raw_os_error().unwrap_or(0);
    if TOO_MANY_FILES.contains(&code) {
        return Cause::TooManyFiles;
    }
    if code == MESSAGE_TOO_LONG {
        return Cause::MessageTooLong { length: 0 };
    }
    match error.kind() {
        ErrorKind::ConnectionRefused => Cause::Refused,
        ErrorKind::TimedOut => Cause::TimedOut,
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => Cause::Reset,
        ErrorKind::BrokenPipe => Cause::BrokenPipe,
        ErrorKind::HostUnreachable => Cause::HostUnreachable,
        ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => Cause::NetworkUnreachable,
        ErrorKind::AddrInUse => Cause::AddressInUse(None),
        ErrorKind::AddrNotAvailable => Cause::AddressNotAvailable,
        ErrorKind::NotConnected => Cause::NotConnected,
        ErrorKind::InvalidInput | ErrorKind::Unsupported => Cause::BadAddress,
        // EPERM is a firewall's word; a broadcast without SO_BROADCAST is EACCES (or WSAEACCES).
        ErrorKind::PermissionDenied if operation == Operation::Send && code != FIREWALL => Cause::BroadcastNotPermitted,
        ErrorKind::PermissionDenied => {
            let port = address.and_then(Address::port).unwrap_or(0);
            Cause::PermissionDenied { privileged_port: operation == Operation::Bind && (1..1024).contains(&port) }
        }
        _ => Cause::Other(error.to_string()),
    }
}

/// A failure at an address.
pub fn at(operation: Operation, address: impl Into<Address>, error: &Error) -> Failure {
    let address = address.into();
    Failure {
        operation,
        address: address.to_string(),
        cause: cause(error, operation, Some(address)),
        os_code: error.raw_os_error(),
    }
}

/// A failure to take a local address; for one in use the owner is looked up.
pub async fn at_local(operation: Operation, address: SocketAddr, protocol: Protocol, error: &Error) -> Failure {
    let mut failure = at(operation, address, error);
    if matches!(failure.cause, Cause::AddressInUse(_)) {
        let found = tokio::task::spawn_blocking(move || owner::find(address, protocol)).await;
        failure.cause = Cause::AddressInUse(found.ok().flatten());
    }
    failure
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_firewall_is_not_a_broadcast() {
        let of = |code, operation| cause(&Error::from_raw_os_error(code), operation, None);
        assert_eq!(of(nix::libc::EACCES, Operation::Send), Cause::BroadcastNotPermitted);
        assert_eq!(of(nix::libc::EPERM, Operation::Send), Cause::PermissionDenied { privileged_port: false });
        assert_eq!(of(nix::libc::EPERM, Operation::Connect), Cause::PermissionDenied { privileged_port: false });
    }
}
