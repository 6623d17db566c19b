//! The sockets of this machine as the system has them: states, queues, timers, what TCP measured. Must never be asked by a frame: the
//! sampler's thread asks, and a lesson.

use crate::session::ends::Ends;
use crate::session::failure::{Cause, Failure, Operation};
use crate::session::sample::{Sample, TcpState};
use crate::session::timestamp::Timestamp;
use std::io;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub use linux::Sockets;

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(not(target_os = "linux"))]
pub use elsewhere::Sockets;

/// The most sockets that one question yields; a server with more connections shows the first ones.
pub const MOST_SOCKETS: usize = 4096;

/// What the system says about the sockets of these ends: both ends of a conversation, where both are on this machine, whoever has them
/// by now, and what listens there. A conversation whose own port is not known yet shows only sockets that are about to connect.
///
/// # Errors
/// `inspect`, with what the system said.
pub fn sample(ends: &[Ends], at: Timestamp) -> Result<Vec<Sample>, Failure> {
    Sockets::open()?.sample(ends, at)
}

/// Whether a socket is to be shown for these ends.
fn belongs(sample: &Sample, ends: &[Ends]) -> bool {
    ends.iter().any(|ends| match ends {
        Ends::Both { .. } | Ends::Local { .. } => sample.is_of(*ends),
        // Anyone may talk to that server; only what is about to connect may be ours.
        Ends::Asked { .. } => false,
        Ends::Remote { .. } => sample.is_of(*ends) && matches!(sample.state, Some(TcpState::SynSent | TcpState::Listen)),
    })
}

fn failed(problem: &io::Error) -> Failure {
    let cause = Cause::Other(problem.to_string());
    Failure { operation: Operation::Inspect, address: String::new(), cause, os_code: problem.raw_os_error() }
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
