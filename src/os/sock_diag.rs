//! The messages of NETLINK_SOCK_DIAG (sock_diag(7), linux/inet_diag.h and linux/tcp.h): a question and its answers, as bytes. Pure: it
//! asks nobody.
//!
//! The crate netlink-packet-sock-diag reads them too, but leaves out how long TIME-WAIT lasts, which is what people want to see.

use crate::session::ends::Protocol;
use crate::session::sample::{Agreed, Held, Path, Sample, TcpState, Timer};
use crate::session::timestamp::Timestamp;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// Which sockets are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    /// TCP's or UDP's.
    pub protocol: Protocol,
    /// `AF_INET` or `AF_INET6`.
    pub family: Family,
    /// The port of this end; 0 for any.
    pub local: u16,
    /// The port of the other end; 0 for any.
    pub remote: u16,
}

/// Which IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// `AF_INET`.
    V4,
    /// `AF_INET6`; of a dual-stack socket's IPv4 connections too.
    V6,
}

/// A part of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A socket.
    Socket(Box<Sample>),
    /// That was all.
    Done,
    /// The system refuses, with this number.
    Refused(i32),
    /// Something that is not understood, and passed over.
    Other,
}

/// `AF_INET` and `AF_INET6` on Linux.
const INET: u8 = 2;
const INET6: u8 = 10;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// `NLM_F_REQUEST | NLM_F_DUMP`.
const DUMP: u16 = 0x301;
/// `NLMSG_ERROR` and `NLMSG_DONE`.
const ERROR: u16 = 2;
const DONE: u16 = 3;
/// The header of every message, and that of a socket behind it (`struct inet_diag_msg`).
const HEADER: usize = 16;
const SOCKET: usize = 72;
/// Attributes: `INET_DIAG_INFO`, `INET_DIAG_CONG`, `INET_DIAG_SKMEMINFO`.
const INFO: u16 = 2;
const CONGESTION: u16 = 4;
const MEMORY: u16 = 7;
/// What is asked for besides: a bit for each attribute, counted from 1.
const EXTENSIONS: u8 = 1 << (INFO - 1) | 1 << (CONGESTION - 1) | 1 << (MEMORY - 1);
/// What a threshold says that was never set.
const NO_THRESHOLD: u32 = 0x7FFF_FFFF;

impl Question {
    /// The question as a message with this number.
    pub fn message(&self, number: u32) -> Vec<u8> {
        let mut out = Vec::with_capacity(72);
        out.extend(72u32.to_ne_bytes());
        out.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
        out.extend(DUMP.to_ne_bytes());
        out.extend(number.to_ne_bytes());
        // The sender's port: the system fills it in.
        out.extend([0; 4]);
        let family = match self.family {
            Family::V4 => INET,
            Family::V6 => INET6,
        };
        let protocol = match self.protocol {
            Protocol::Tcp => 6,
            Protocol::Udp => 17,
        };
        out.extend([family, protocol, EXTENSIONS, 0]);
        // Sockets in every state, TIME-WAIT included.
        out.extend(u32::MAX.to_ne_bytes());
        out.extend(self.local.to_be_bytes());
        out.extend(self.remote.to_be_bytes());
        // Any address, any interface, no cookie.
        out.extend([0; 36]);
        out.extend([0xFF; 8]);
        out
    }
}

/// The answers in what was read at once, to the question of this number.
pub fn answers(mut bytes: &[u8], number: u32, protocol: Protocol, at: Timestamp) -> Vec<Answer> {
    let mut answers = Vec::new();
    while let Some(length) = long(bytes, 0).map(|length| length as usize).filter(|length| *length >= HEADER) {
        let Some(message) = bytes.get(..length) else { break };
        let body = message.get(HEADER..).unwrap_or_default();
        if long(message, 8) == Some(number) {
            answers.push(match half(message, 4) {
                Some(DONE) => Answer::Done,
                Some(ERROR) => Answer::Refused(long(body, 0).map_or(0, |code| -code.cast_signed())),
                Some(SOCK_DIAG_BY_FAMILY) => {
                    socket(body, protocol, at).map_or(Answer::Other, |sample| Answer::Socket(Box::new(sample)))
                }
                _ => Answer::Other,
            });
        }
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    answers
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn socket(body: &[u8], protocol: Protocol, at: Timestamp) -> Option<Sample> {
    let family = *body.first()?;
    let port = |at: usize| Some(u16::from_be_bytes(*body.get(at..)?.first_chunk()?));
    let address = |at: usize| -> Option<IpAddr> {
        match family {
            INET => Some(Ipv4Addr::from(*body.get(at..)?.first_chunk::<4>()?).into()),
            INET6 => Some(IpAddr::from(Ipv6Addr::from(*body.get(at..)?.first_chunk::<16>()?)).to_canonical()),
            _ => None,
        }
    };
    let local = SocketAddr::new(address(8)?, port(4)?);
    let remote = SocketAddr::new(address(24)?, port(6)?);
    let mut sample = Sample::new(at, protocol, local, (remote.port() != 0).then_some(remote));
    sample.state = (protocol == Protocol::Tcp).then(|| state(*body.get(1)?)).flatten();
    sample.timer = timer(*body.get(2)?, Duration::from_millis(long(body, 52)?.into()));
    sample.retries = (protocol == Protocol::Tcp).then_some(*body.get(3)?);
    sample.receive_queue = long(body, 56);
    sample.send_queue = long(body, 60);
    sample.held = long(body, 68).map(|inode| if inode == 0 { Held::System } else { Held::Program });
    for (kind, content) in attributes(body.get(SOCKET..).unwrap_or_default()) {
        match kind {
            INFO if protocol == Protocol::Tcp => sample.path = path(content).filter(|_| sample.state != Some(TcpState::Listen)),
            CONGESTION => {
                let name = content.split(|byte| *byte == 0).next().unwrap_or_default();
                sample.congestion_control = Some(String::from_utf8_lossy(name).into_owned()).filter(|name| !name.is_empty());
            }
            MEMORY => {
                sample.receive_buffer = long(content, 4);
                sample.send_buffer = long(content, 12);
                sample.dropped = long(content, 32);
            }
            _ => {}
        }
    }
    Some(sample)
}

/// Attributes: length and kind of two bytes each, content, filled up to four.
fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from(half(bytes, 0)?);
        let content = bytes.get(4..length)?;
        // The two highest bits are no part of the kind.
        let kind = half(bytes, 2)? & 0x3FFF;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, content))
    })
}

/// `include/net/tcp_states.h`; 12 is a connection whose handshake is not through, as seen from a listener.
fn state(number: u8) -> Option<TcpState> {
    Some(match number {
        1 => TcpState::Established,
        2 => TcpState::SynSent,
        3 | 12 => TcpState::SynReceived,
        4 => TcpState::FinWait1,
        5 => TcpState::FinWait2,
        6 => TcpState::TimeWait,
        7 => TcpState::Closed,
        8 => TcpState::CloseWait,
        9 => TcpState::LastAck,
        10 => TcpState::Listen,
        11 => TcpState::Closing,
        _ => return None,
    })
}

fn timer(number: u8, left: Duration) -> Option<(Timer, Duration)> {
    let timer = match number {
        1 => Timer::Retransmission,
        2 => Timer::KeepAlive,
        3 => Timer::TimeWait,
        4 => Timer::ZeroWindow,
        _ => return None,
    };
    Some((timer, left))
}

/// `struct tcp_info`, which grows at its end.
fn path(info: &[u8]) -> Option<Path> {
    let micros = |at: usize| long(info, at).map(|micros| Duration::from_micros(micros.into()));
    Some(Path {
        round_trip: micros(68).filter(|time| !time.is_zero()),
        round_trip_variation: micros(72).filter(|_| micros(68).is_some_and(|time| !time.is_zero())),
        // All ones is what the kernel says while nothing was measured.
        shortest_round_trip: long(info, 148).filter(|micros| *micros > 0 && *micros != u32::MAX).and(micros(148)),
        retransmit_after: micros(8)?,
        congestion_window: long(info, 80)?,
        slow_start_threshold: long(info, 76).filter(|segments| *segments < NO_THRESHOLD),
        segment_size: long(info, 16)?,
        mtu: long(info, 60)?,
        unacknowledged: long(info, 24)?,
        lost: long(info, 32)?,
        retransmitted: long(info, 100)?,
        not_sent: long(info, 144),
        peer_window: long(info, 228),
        agreed: Agreed(*info.get(5)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A socket in TIME-WAIT, as Linux 6.18 answered.
    fn time_wait() -> Vec<u8> {
        let mut body = vec![INET, 6, 3, 0];
        body.extend(40_000u16.to_be_bytes());
        body.extend(80u16.to_be_bytes());
        body.extend([127, 0, 0, 1]);
        body.extend([0; 12]);
        body.extend([127, 0, 0, 2]);
        body.extend([0; 12]);
        body.extend([0; 12]);
        body.extend(59_000u32.to_ne_bytes());
        body.extend([0; 16]);
        let mut message = ((HEADER + body.len()) as u32).to_ne_bytes().to_vec();
        message.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
        message.extend([0, 0]);
        message.extend(7u32.to_ne_bytes());
        message.extend([0; 4]);
        message.extend(body);
        message
    }

    #[test]
    fn time_wait_says_what_is_left() {
        let found = answers(&time_wait(), 7, Protocol::Tcp, Timestamp(5));
        let [Answer::Socket(sample)] = &found[..] else { panic!("{found:?}") };
        assert_eq!(sample.timer, Some((Timer::TimeWait, Duration::from_secs(59))));
        assert_eq!((sample.state, sample.held, sample.path), (Some(TcpState::TimeWait), Some(Held::System), None));
        assert_eq!(
            (sample.local.to_string(), sample.remote.unwrap().to_string()),
            ("127.0.0.1:40000".into(), "127.0.0.2:80".into())
        );
        assert!(answers(&time_wait(), 8, Protocol::Tcp, Timestamp(5)).is_empty());
    }

    #[test]
    fn the_question_is_as_long_as_it_says() {
        let question = Question { protocol: Protocol::Tcp, family: Family::V6, local: 1, remote: 2 };
        assert_eq!(question.message(3).len(), 72);
    }

    proptest! {
        #[test]
        fn whatever_is_answered_reading_it_ends(mut bytes in proptest::collection::vec(any::<u8>(), 0..400), length in 0u32..300) {
            answers(&bytes, 0, Protocol::Tcp, Timestamp(0));
            // The same with a header that holds.
            if bytes.len() > 16 {
                bytes[..4].copy_from_slice(&length.to_ne_bytes());
                bytes[4..6].copy_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
                bytes[8..12].copy_from_slice(&7u32.to_ne_bytes());
            }
            for protocol in [Protocol::Tcp, Protocol::Udp] {
                answers(&bytes, 7, protocol, Timestamp(0));
            }
        }

        #[test]
        fn nor_a_broken_answer(flips in proptest::collection::vec((0usize..120, any::<u8>()), 0..6), more in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut bytes = time_wait();
            bytes.extend(more);
            let length = bytes.len() as u32;
            bytes[..4].copy_from_slice(&length.to_ne_bytes());
            for (at, value) in flips {
                if let Some(byte) = bytes.get_mut(at) { *byte ^= value; }
            }
            answers(&bytes, 7, Protocol::Tcp, Timestamp(0));
        }
    }
}
