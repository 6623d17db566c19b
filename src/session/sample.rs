//! What the system says about a socket at one moment. Every figure that a system may not tell is optional. Must never ask for it.

use super::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::time::Duration;

/// The states of a TCP connection (RFC 9293 section 3.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TcpState {
    /// Waits for a connection.
    Listen,
    /// Has sent a SYN and waits for one.
    SynSent,
    /// Has both and waits for the acknowledgement of its own.
    SynReceived,
    /// Data may flow.
    Established,
    /// Has sent a FIN.
    FinWait1,
    /// It was acknowledged; the peer's is still to come.
    FinWait2,
    /// The peer has sent a FIN; the program here has not closed.
    CloseWait,
    /// Both have sent a FIN at once.
    Closing,
    /// Waits for the acknowledgement of its FIN.
    LastAck,
    /// Waits until no old segment can be on its way.
    TimeWait,
    /// There is none.
    Closed,
}

impl TcpState {
    /// Its name in the RFC.
    pub fn name(self) -> &'static str {
        match self {
            Self::Listen => "LISTEN",
            Self::SynSent => "SYN-SENT",
            Self::SynReceived => "SYN-RECEIVED",
            Self::Established => "ESTABLISHED",
            Self::FinWait1 => "FIN-WAIT-1",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::CloseWait => "CLOSE-WAIT",
            Self::Closing => "CLOSING",
            Self::LastAck => "LAST-ACK",
            Self::TimeWait => "TIME-WAIT",
            Self::Closed => "CLOSED",
        }
    }
}

/// One socket.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// When it was asked.
    pub at: Timestamp,
    /// This end.
    pub local: SocketAddr,
    /// The other end; `None` for a listener and an unconnected UDP socket.
    pub remote: Option<SocketAddr>,
    /// Its state; `None` for UDP.
    pub state: Option<TcpState>,
    /// Bytes that were received and not read; for a listener connections that were not accepted.
    pub receive_queue: Option<u32>,
    /// Bytes that were sent and not acknowledged; for a listener the bound of its accept queue.
    pub send_queue: Option<u32>,
    /// The timer that runs, and what is left of it.
    pub timer: Option<(Timer, Duration)>,
    /// What TCP knows of the path.
    pub path: Option<Path>,
}

/// Which timer of a connection runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// A segment is sent again when it is through.
    Retransmission,
    /// A keep-alive probe is sent.
    KeepAlive,
    /// TIME-WAIT ends.
    TimeWait,
    /// The peer's closed window is probed.
    ZeroWindow,
}

/// What TCP has measured (Linux's `TCP_INFO`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Path {
    /// Smoothed round-trip time (RFC 6298).
    pub round_trip: Duration,
    /// Its variation.
    pub round_trip_variation: Duration,
    /// Retransmission time-out.
    pub retransmit_after: Duration,
    /// Congestion window in segments (RFC 5681).
    pub congestion_window: u32,
    /// Slow-start threshold in segments; `None` before the first loss.
    pub slow_start_threshold: Option<u32>,
    /// Largest segment that is sent, in bytes.
    pub segment_size: u32,
    /// Segments that are not acknowledged.
    pub unacknowledged: u32,
    /// Segments sent again in its life.
    pub retransmitted: u32,
}
