//! One call of the sockets interface as this program made it: what a trace of system calls would show. Must never make one.

use super::id::ConnectionId;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A call and what came of it. Reading and writing are no calls here: each record of the log is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Which function.
    pub function: Function,
    /// The file descriptor that it was called with, or that `socket` and `accept` gave; `None` where the system has none.
    pub descriptor: Option<i32>,
    /// The connection that it is about, where it is about one.
    pub connection: Option<ConnectionId>,
    /// The arguments after the descriptor, as in C: `SOL_TCP, TCP_NODELAY, 1`.
    pub arguments: String,
    /// What it returned.
    pub result: Returned,
    /// How long it took; for a call that did not block until it was through.
    pub took: Duration,
}

/// The functions of POSIX.1-2024's `<sys/socket.h>` and `<unistd.h>` that a session calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Function {
    /// Makes a socket.
    Socket,
    /// Sets an option.
    SetSockOpt,
    /// Asks for an option; here for the error that waits at the socket.
    GetSockOpt,
    /// Takes a local address.
    Bind,
    /// Begins to listen.
    Listen,
    /// Connects.
    Connect,
    /// Takes a connection from the accept queue.
    Accept,
    /// Shuts one direction or both.
    Shutdown,
    /// A read that gave no bytes: the peer's end, or an error.
    Recv,
    /// A write that failed, or took a part.
    Send,
    /// Gives the descriptor back.
    Close,
}

impl Function {
    /// Its name in C.
    pub fn name(self) -> &'static str {
        match self {
            Self::Socket => "socket",
            Self::SetSockOpt => "setsockopt",
            Self::GetSockOpt => "getsockopt",
            Self::Bind => "bind",
            Self::Listen => "listen",
            Self::Connect => "connect",
            Self::Accept => "accept",
            Self::Shutdown => "shutdown",
            Self::Recv => "recv",
            Self::Send => "send",
            Self::Close => "close",
        }
    }
}

/// What a call returned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Returned {
    /// A number: 0, a descriptor, a count of bytes.
    Value(i64),
    /// -1, and this number in `errno` with its name.
    Error {
        /// The system's number.
        code: i32,
        /// `ECONNREFUSED`.
        name: String,
    },
}

impl Call {
    /// What it costs in memory, in bytes, its bookkeeping included.
    pub fn cost(&self) -> usize {
        let name = match &self.result {
            Returned::Value(_) => 0,
            Returned::Error { name, .. } => name.len(),
        };
        std::mem::size_of::<Self>() + self.arguments.len() + name + 32
    }
}
