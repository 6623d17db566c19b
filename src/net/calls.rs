//! Socket calls as this program makes them, told as a trace of system calls shows them. Must never make one: it is handed the call, and
//! tells what came of it.
//!
//! What is told is what a program that waits in each call would see: `connect` here is tried without waiting and waited for, and is told
//! once it is through.

use super::clock;
use super::outbox::Reporter;
use crate::session::address::{Address, UnixPath};
use crate::session::call::{Call, Function, Returned};
use crate::session::event::What;
use crate::session::id::ConnectionId;
use crate::session::timestamp::Timestamp;
use socket2::Socket;
use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
/// Measures calls.
pub use std::time::Instant;

/// Calls of one socket that were made and are not told yet.
#[derive(Default)]
pub struct Trace {
    descriptor: Option<i32>,
    made: Vec<(Timestamp, Call)>,
}

impl Trace {
    /// Of a socket that is there already.
    pub fn of(descriptor: Option<i32>) -> Self {
        Self { descriptor, made: Vec::new() }
    }

    /// Makes a socket.
    pub fn socket(&mut self, arguments: &str, make: impl FnOnce() -> io::Result<Socket>) -> io::Result<Socket> {
        let begun = Instant::now();
        let made = make();
        self.descriptor = made.as_ref().ok().and_then(descriptor);
        let result = match &made {
            Ok(_) => Ok(self.descriptor.map_or(0, i64::from)),
            Err(problem) => Err(problem),
        };
        self.note(Function::Socket, arguments, result, begun);
        made
    }

    /// Makes a call that returns nothing but whether it worked.
    pub fn call(&mut self, function: Function, arguments: &str, make: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let begun = Instant::now();
        let made = make();
        self.note(function, arguments, made.as_ref().map(|()| 0), begun);
        made
    }

    /// Sets an option: `SOL_TCP, TCP_NODELAY` to a number.
    pub fn option(&mut self, option: &str, value: impl Display, set: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        self.call(Function::SetSockOpt, &format!("{option}, [{value}], 4"), set)
    }

    /// Notes a call that was made, and began then.
    pub fn note(&mut self, function: Function, arguments: &str, result: Result<i64, &io::Error>, begun: Instant) {
        let call = call(function, self.descriptor, arguments, result, begun);
        self.made.push((clock::now(), call));
    }

    /// Tells them, as those of a connection where there is one.
    pub async fn tell(&mut self, reporter: &Reporter, connection: Option<ConnectionId>) {
        for (at, call) in self.made.drain(..) {
            reporter.report_of(at, What::Called(Call { connection, ..call })).await;
        }
    }
}

/// A call that was made, and began then.
pub fn call(
    function: Function,
    descriptor: Option<i32>,
    arguments: &str,
    result: Result<i64, &io::Error>,
    begun: Instant,
) -> Call {
    let result = match result {
        Ok(value) => Returned::Value(value),
        Err(problem) => Returned::Error { code: problem.raw_os_error().unwrap_or(0), name: name(problem) },
    };
    Call { function, descriptor, connection: None, arguments: arguments.to_owned(), result, took: begun.elapsed() }
}

/// The file descriptor of a socket; `None` where the system has none.
#[cfg(unix)]
pub fn descriptor(socket: &Socket) -> Option<i32> {
    use std::os::fd::AsRawFd;
    Some(socket.as_raw_fd())
}

/// The file descriptor of a socket; `None` where the system has none.
#[cfg(not(unix))]
pub fn descriptor(_socket: &Socket) -> Option<i32> {
    None
}

/// `ECONNREFUSED`.
#[cfg(unix)]
pub fn name(problem: &io::Error) -> String {
    match problem.raw_os_error() {
        Some(code) => format!("{:?}", nix::errno::Errno::from_raw(code)),
        None => problem.kind().to_string(),
    }
}

/// The system's number: Windows has other names.
#[cfg(not(unix))]
pub fn name(problem: &io::Error) -> String {
    problem.raw_os_error().map_or_else(|| problem.kind().to_string(), |code| format!("WSA {code}"))
}

/// The family's name.
pub fn family(address: SocketAddr) -> &'static str {
    if address.is_ipv4() { "AF_INET" } else { "AF_INET6" }
}

/// An address and its length, as a trace shows them.
pub fn address(address: Address) -> String {
    match address {
        Address::Ip(SocketAddr::V4(v4)) => {
            format!("{{sa_family=AF_INET, sin_port=htons({}), sin_addr=inet_addr(\"{}\")}}, 16", v4.port(), v4.ip())
        }
        Address::Ip(SocketAddr::V6(v6)) => format!(
            "{{sa_family=AF_INET6, sin6_port=htons({}), inet_pton(AF_INET6, \"{}\", &sin6_addr), sin6_scope_id={}}}, 28",
            v6.port(),
            v6.ip(),
            v6.scope_id()
        ),
        Address::Unix(path) => unix(path),
    }
}

fn unix(path: UnixPath) -> String {
    // The family's two bytes, and the NUL that ends a path.
    let length = 2 + path.as_bytes().len() + usize::from(!path.is_abstract() && !path.is_unnamed());
    match path.as_bytes() {
        [] => "{sa_family=AF_UNIX}, 2".into(),
        [0, name @ ..] => format!("{{sa_family=AF_UNIX, sun_path=@\"{}\"}}, {length}", name.escape_ascii()),
        path => format!("{{sa_family=AF_UNIX, sun_path=\"{}\"}}, {length}", path.escape_ascii()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_a_trace_shows_them() {
        let ip = |text: &str| Address::from(text.parse::<SocketAddr>().unwrap());
        let path = |text: &str| Address::from(UnixPath::parse(text).unwrap());
        let table = [
            (ip("127.0.0.1:9000"), r#"{sa_family=AF_INET, sin_port=htons(9000), sin_addr=inet_addr("127.0.0.1")}, 16"#),
            (
                ip("[::1]:9"),
                r#"{sa_family=AF_INET6, sin6_port=htons(9), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28"#,
            ),
            (path("/run/x"), r#"{sa_family=AF_UNIX, sun_path="/run/x"}, 9"#),
            (path("@x"), r#"{sa_family=AF_UNIX, sun_path=@"x"}, 4"#),
        ];
        for (address, expected) in table {
            assert_eq!(super::address(address), expected);
        }
    }

    #[cfg(unix)]
    #[test]
    fn errors_by_their_names() {
        assert_eq!(name(&io::Error::from_raw_os_error(nix::libc::ECONNREFUSED)), "ECONNREFUSED");
    }
}
