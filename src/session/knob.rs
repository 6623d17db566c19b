//! What can be turned on an open session to see what becomes of boundaries: how it reads, writes and accepts. Must never turn anything.

use super::id::Peer;
use super::spec::{Reading, SessionSpec, Switch};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use std::time::Duration;

/// How a message is written in parts: each is a `write` of its own and a record of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Bytes of each but the last, which has what is left.
    pub size: NonZeroU32,
    /// The pause between two of them; none for as fast as the system takes them.
    pub gap: Duration,
}

impl Parts {
    /// Where the part that begins at `from` ends, in a message of so many bytes.
    pub fn end(self, from: usize, length: usize) -> usize {
        from.saturating_add(self.size.get() as usize).min(length)
    }
}

/// Other buffers for the sockets of a session; `None` leaves one as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Buffers {
    /// SO_RCVBUF in bytes.
    pub receive: Option<u32>,
    /// SO_SNDBUF in bytes.
    pub send: Option<u32>,
}

/// Something that was turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Knob {
    /// How it reads.
    Reading(Reading),
    /// TCP_NODELAY of its connections.
    NoDelay(Switch),
    /// Whether it accepts.
    Accepting(Switch),
    /// The buffers of one of its sockets, in bytes as the system granted them: Linux doubles what is asked for, for its own bookkeeping
    /// (socket(7)), and takes no more than `net.core.rmem_max` and `wmem_max`.
    Buffers {
        /// Of which connection; `None` for a datagram socket.
        peer: Option<Peer>,
        /// SO_RCVBUF.
        receive: u64,
        /// SO_SNDBUF.
        send: u64,
    },
}

/// How the knobs of a session stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knobs {
    /// How it reads.
    pub reading: Reading,
    /// TCP_NODELAY.
    pub no_delay: Switch,
    /// Whether it accepts, where it listens.
    pub accepting: Switch,
    /// SO_RCVBUF and SO_SNDBUF as they were last granted, in bytes; `None` until someone has asked for others.
    pub buffers: Option<(u64, u64)>,
}

impl Default for Knobs {
    fn default() -> Self {
        Self { reading: Reading::default(), no_delay: Switch::Off, accepting: Switch::On, buffers: None }
    }
}

impl Knobs {
    /// As a session is opened.
    pub fn of(spec: &SessionSpec) -> Self {
        let options = match spec {
            SessionSpec::TcpClient(spec) => Some(spec.options),
            SessionSpec::TcpServer(spec) => Some(spec.options),
            SessionSpec::Udp(spec) => return Self { reading: spec.reading, ..Self::default() },
            SessionSpec::Relay(_) | SessionSpec::UnixClient(_) | SessionSpec::UnixServer(_) | SessionSpec::UnixDatagram(_) => {
                None
            }
        };
        options.map_or_else(Self::default, |options| Self {
            reading: options.reading,
            no_delay: options.no_delay,
            ..Self::default()
        })
    }

    /// One was turned.
    pub fn turn(&mut self, knob: &Knob) {
        match knob {
            Knob::Reading(reading) => self.reading = *reading,
            Knob::NoDelay(switch) => self.no_delay = *switch,
            Knob::Accepting(switch) => self.accepting = *switch,
            Knob::Buffers { receive, send, .. } => self.buffers = Some((*receive, *send)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_the_message() {
        for (size, length, expected) in [(3, 10, vec![3, 6, 9, 10]), (10, 10, vec![10]), (u32::MAX, 3, vec![3])] {
            let parts = Parts { size: NonZeroU32::new(size).unwrap(), gap: Duration::ZERO };
            let mut ends = vec![parts.end(0, length)];
            while ends.last().is_some_and(|end| *end < length) {
                ends.push(parts.end(*ends.last().unwrap(), length));
            }
            assert_eq!(ends, expected);
        }
    }
}
