//! What a UDP send or an ICMP message says went wrong. Must never end a session: a datagram's fate is a row.

use super::super::error;
use crate::session::address::Address;
use crate::session::failure::{Cause, Failure, Operation};
use std::io::Error;
use std::net::SocketAddr;

/// A send that the system refused.
pub fn of_send(to: SocketAddr, length: usize, problem: &Error) -> Failure {
    let mut failure = error::at(Operation::Send, to, problem);
    if matches!(failure.cause, Cause::MessageTooLong { .. }) {
        failure.cause = Cause::MessageTooLong { length };
    }
    failure
}

/// An error that came back by ICMP for a datagram sent to `to` (where that is known).
pub fn returned(to: Option<SocketAddr>, problem: &Error) -> Failure {
    let cause = match error::cause(problem, Operation::Receive, to.map(Address::from)) {
        // For a datagram "connection refused" is ICMP type 3 code 3 (RFC 1122 section 4.1.3.3).
        Cause::Refused | Cause::Reset => Cause::PortUnreachable,
        other => other,
    };
    let address = to.map(|to| to.to_string()).unwrap_or_default();
    Failure { operation: Operation::Send, address, cause, os_code: problem.raw_os_error() }
}
