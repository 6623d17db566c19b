//! Capture files: writing what a session recorded so that Wireshark opens it, and reading captures and logs back. Pure over bytes, but
//! for [`save`]: it must never know sockets, threads or the clock.
//!
//! | file | what it answers |
//! | --- | --- |
//! | [`pcapng`] | records as a capture file, and back, exactly |
//! | [`export`] | records as any kind of file |
//! | [`save`] | a file written whole or not at all |
//! | `pcap` | classic capture files |
//! | `link`, `fragments` | from a captured frame to its TCP or UDP packet |
//! | `flow`, `sequence` | from packets to what a socket would have told |
//! | [`packet`], [`follow`], [`caught`] | a packet as it was seen, what it means in its connection, and those of one capture |
//! | `netassist`, `log_text` | NetAssist's logs |
//! | `json_lines` | the twin's own lines |
//! | `input`, `summary`, `error` | where bytes come from, with bounds, what was left out of them, and why there are none |
//!
//! Whatever a file holds, reading it ends, never panics and never takes memory because a length field says so.

pub mod caught;
mod error;
pub mod export;
mod flow;
pub mod follow;
mod fragments;
mod input;
mod json_lines;
mod link;
mod log_text;
mod netassist;
pub mod packet;
mod pcap;
pub mod pcapng;
pub mod save;
mod sequence;
mod summary;

use crate::codec::encoding::Encoding;
use crate::session::address::Address;
use crate::session::event::What;
use crate::session::timestamp::Timestamp;
use flow::Told;
use input::Input;
use jiff::tz::TimeZone;
use json_lines::JsonLines;
use netassist::NetAssist;
use pcap::Pcap;
use pcapng::reader::Pcapng;
use std::collections::VecDeque;
use std::io::{self, Read};

pub use error::{CaptureError, system};
pub use summary::Summary;

/// How much of a file is looked at to tell what it is.
const HEAD: u64 = 64 << 10;

/// What a text log does not say itself.
#[derive(Clone, Debug)]
pub struct Options {
    /// In which encoding its text was sent. (That of the file is found out.)
    pub encoding: Encoding,
    /// In which zone its times are.
    pub zone: TimeZone,
}

/// What a file turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A pcapng of this program: the records as they were.
    Own,
    /// Anyone's pcapng.
    Pcapng,
    /// A classic capture file.
    Pcap,
    /// A log of NetAssist, or in its format.
    NetAssist,
    /// The lines of `--format jsonl`.
    JsonLines,
}

/// One event of a capture.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When it was captured.
    pub at: Timestamp,
    /// What would have been told.
    pub what: What,
    /// This end, where the file says it: one capture may hold flows of several addresses.
    pub local: Option<Address>,
}

/// A capture that is being read: an iterator of events in the order of the file. It is one session that holds all flows.
pub struct Capture {
    kind: Kind,
    input: Input,
    source: Source,
    waiting: VecDeque<Seen>,
    summary: Summary,
    ended: bool,
}

/// Who reads.
enum Source {
    Pcapng(Box<Pcapng>),
    Pcap(Box<Pcap>),
    NetAssist(Box<NetAssist>),
    JsonLines(Box<JsonLines>),
}

/// Opens a capture or a log; what it is follows from its content.
///
/// # Errors
/// When it is neither, or can't be read.
pub fn open(read: impl Read + Send + 'static, options: &Options) -> Result<Capture, CaptureError> {
    let (head, mut input) = Input::open(read, HEAD)?;
    let unknown = || CaptureError::Unknown { first: head.iter().take(16).copied().collect() };
    let (kind, source) = if head.is_empty() {
        return Err(CaptureError::Empty);
    } else if pcapng::reader::is_pcapng(&head) {
        let kind = if pcapng::reader::is_ours(&head) { Kind::Own } else { Kind::Pcapng };
        (kind, Source::Pcapng(Box::default()))
    } else if pcap::is_pcap(&head) {
        (Kind::Pcap, Source::Pcap(Box::new(Pcap::open(&mut input)?.ok_or_else(unknown)?)))
    } else if netassist::is_netassist(&head) {
        (Kind::NetAssist, Source::NetAssist(Box::new(NetAssist::new(options))))
    } else if json_lines::is_json_lines(&head) {
        (Kind::JsonLines, Source::JsonLines(Box::default()))
    } else {
        return Err(unknown());
    };
    Ok(Capture { kind, input, source, waiting: VecDeque::new(), summary: Summary::default(), ended: false })
}

impl Capture {
    /// What it turned out to be.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// How far it has been read, in bytes.
    pub fn position(&self) -> u64 {
        self.input.position()
    }

    /// What has been left out so far.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    fn step(&mut self) -> io::Result<bool> {
        let mut told = Told { out: &mut self.waiting, summary: &mut self.summary };
        match &mut self.source {
            Source::Pcapng(source) => source.step(&mut self.input, &mut told),
            Source::Pcap(source) => source.step(&mut self.input, &mut told),
            Source::NetAssist(source) => source.step(&mut self.input, &mut told),
            Source::JsonLines(source) => source.step(&mut self.input, &mut told),
        }
    }
}

impl Iterator for Capture {
    type Item = Result<Seen, CaptureError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.waiting.is_empty() && !self.ended {
            match self.step() {
                Ok(more) => self.ended = !more,
                Err(problem) => {
                    self.ended = true;
                    return Some(Err(problem.into()));
                }
            }
        }
        self.waiting.pop_front().map(Ok)
    }
}

#[cfg(test)]
mod tests;
