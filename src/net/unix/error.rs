//! What the system says about Unix-domain sockets, told apart: the same numbers mean other things than for TCP. Must never phrase it.

use super::super::error;
use crate::session::address::{Address, UnixPath};
use crate::session::failure::{Cause, Failure, Operation};
use nix::libc;
use std::io::Error;
use std::os::unix::fs::FileTypeExt;

/// The cause behind a system error with the socket at `place`.
pub fn cause(operation: Operation, place: UnixPath, error: &Error) -> Cause {
    match error.raw_os_error().unwrap_or(0) {
        // Also for a file that is no socket at all.
        libc::ECONNREFUSED if is_another_file(place) => Cause::NotASocket,
        libc::ECONNREFUSED if place.is_abstract() => Cause::NoSocket,
        libc::ECONNREFUSED => Cause::StaleSocket,
        libc::ENOENT | libc::ENOTDIR if operation == Operation::Bind => Cause::NoFolder,
        libc::ENOENT | libc::ENOTDIR => Cause::NoSocket,
        libc::EPROTOTYPE => Cause::WrongKind,
        libc::EACCES | libc::EROFS => Cause::ClosedFile,
        libc::ENAMETOOLONG => Cause::PathTooLong,
        // A full accept queue (connect(2)): TCP would be silent and try again.
        libc::EAGAIN => Cause::TimedOut,
        // A path that is too long for this system never gets as far as the system.
        0 if error.kind() == std::io::ErrorKind::InvalidInput => Cause::PathTooLong,
        _ => error::cause(error, operation, None),
    }
}

/// A failure at a place.
pub fn at(operation: Operation, place: UnixPath, error: &Error) -> Failure {
    failure(operation, place, cause(operation, place, error), error.raw_os_error())
}

/// The same with a cause that is known.
pub fn failure(operation: Operation, place: UnixPath, cause: Cause, os_code: Option<i32>) -> Failure {
    Failure { operation, address: Address::Unix(place).to_string(), cause, os_code }
}

fn is_another_file(place: UnixPath) -> bool {
    super::file_of(place).is_some_and(|path| std::fs::metadata(path).is_ok_and(|data| !data.file_type().is_socket()))
}
