//! What the system says about a socket at one moment. Every figure that a system may not tell is optional. Must never ask for it.

use super::ends::{Ends, Protocol};
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
    /// Over what.
    pub protocol: Protocol,
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
    /// The most bytes of memory that its receive queue takes (SO_RCVBUF as the system counts it).
    pub receive_buffer: Option<u32>,
    /// The most bytes of memory that its send queue takes (SO_SNDBUF as the system counts it).
    pub send_buffer: Option<u32>,
    /// Packets that it dropped since it was made, because its queue was full.
    pub dropped: Option<u32>,
    /// Who has it.
    pub held: Option<Held>,
    /// The timer that runs, and what is left of it.
    pub timer: Option<(Timer, Duration)>,
    /// How often the oldest unacknowledged segment was sent again so far.
    pub retries: Option<u8>,
    /// The congestion control in force (`cubic`).
    pub congestion_control: Option<String>,
    /// What TCP knows of the path.
    pub path: Option<Path>,
}

/// Who has a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// A program.
    Program,
    /// The system alone: it was not accepted yet, or its program has closed it.
    System,
}

/// Which timer of a connection runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// A segment is sent again when it is through.
    Retransmission,
    /// A keep-alive probe is sent.
    KeepAlive,
    /// TIME-WAIT ends. In FIN-WAIT-2 the system may count this down too, once the program has closed.
    TimeWait,
    /// The peer's closed window is probed.
    ZeroWindow,
}

/// What TCP has measured (Linux's `TCP_INFO`). The optional figures came with later systems.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Path {
    /// Smoothed round-trip time (RFC 6298); `None` before anything was measured.
    pub round_trip: Option<Duration>,
    /// Its variation.
    pub round_trip_variation: Option<Duration>,
    /// The shortest that was measured.
    pub shortest_round_trip: Option<Duration>,
    /// Retransmission time-out.
    pub retransmit_after: Duration,
    /// Congestion window in segments (RFC 5681).
    pub congestion_window: u32,
    /// Slow-start threshold in segments; `None` before the first loss.
    pub slow_start_threshold: Option<u32>,
    /// Largest segment that is sent, in bytes.
    pub segment_size: u32,
    /// Largest packet that the path takes, in bytes.
    pub mtu: u32,
    /// Segments that are not acknowledged.
    pub unacknowledged: u32,
    /// Segments that are thought lost.
    pub lost: u32,
    /// Segments sent again in its life.
    pub retransmitted: u32,
    /// Bytes in its send queue that were not sent at all.
    pub not_sent: Option<u32>,
    /// The window that the peer offers, in bytes.
    pub peer_window: Option<u32>,
    /// What both ends agreed on in the handshake.
    pub agreed: Agreed,
}

/// TCP options that both ends agreed on, as the bits of `tcpi_options`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agreed(pub u8);

impl Agreed {
    /// Their names.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        const ORDER: [(u8, &str); 4] = [(1, "Timestamps"), (2, "SACK"), (4, "Window scale"), (8, "ECN")];
        ORDER.into_iter().filter(move |(bit, _)| self.0 & bit != 0).map(|(_, word)| word)
    }
}

impl Path {
    /// Congestion window in bytes.
    pub fn congestion_bytes(&self) -> u64 {
        u64::from(self.congestion_window) * u64::from(self.segment_size)
    }
}

impl Sample {
    /// A socket of which nothing is known but its ends.
    pub fn new(at: Timestamp, protocol: Protocol, local: SocketAddr, remote: Option<SocketAddr>) -> Self {
        Self {
            at,
            protocol,
            local,
            remote,
            state: None,
            receive_queue: None,
            send_queue: None,
            receive_buffer: None,
            send_buffer: None,
            dropped: None,
            held: None,
            timer: None,
            retries: None,
            congestion_control: None,
            path: None,
        }
    }

    /// Whether it is a socket of a conversation: one of its two ends, or what listens at one.
    pub fn is_of(&self, ends: Ends) -> bool {
        match self.remote {
            Some(remote) => ends.hold(self.protocol, self.local, remote),
            None => ends.is_at(self.protocol, self.local),
        }
    }

    /// What is left of its timer at a moment after it was asked.
    pub fn left(&self, now: Timestamp) -> Option<(Timer, Duration)> {
        let (timer, left) = self.timer?;
        Some((timer, left.saturating_sub(Duration::from_micros(now.micros_since(self.at)))))
    }
}
