//! Asking Linux through NETLINK_SOCK_DIAG, as `ss` does. A socket in TIME-WAIT belongs to no process any more; it is found by its ports.

use super::{MOST_SOCKETS, belongs, failed};
use crate::os::sock_diag::{Answer, Family, Question, answers};
use crate::session::ends::{Ends, Protocol};
use crate::session::failure::Failure;
use crate::session::sample::Sample;
use crate::session::timestamp::Timestamp;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket};
use socket2::SockRef;
use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

/// The kernel answers at once. Should it ever not, the thread that asks must still end.
const PATIENCE: Duration = Duration::from_secs(1);
/// The kernel fills up to 32 KiB at once.
const ROOM: usize = 64 << 10;

/// A way to ask.
pub struct Sockets {
    netlink: OwnedFd,
    number: u32,
    buffer: Vec<u8>,
}

impl Sockets {
    /// Opens it.
    ///
    /// # Errors
    /// `inspect`, with what the system said.
    pub fn open() -> Result<Self, Failure> {
        let make = || -> io::Result<OwnedFd> {
            let netlink = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkSockDiag)?;
            SockRef::from(&netlink).set_read_timeout(Some(PATIENCE))?;
            Ok(netlink)
        };
        let netlink = make().map_err(|problem| failed(&problem))?;
        Ok(Self { netlink, number: 0, buffer: vec![0; ROOM] })
    }

    /// What the system says about the sockets of these ends now.
    ///
    /// # Errors
    /// `inspect`, with what the system said.
    pub fn sample(&mut self, ends: &[Ends], at: Timestamp) -> Result<Vec<Sample>, Failure> {
        let mut found: Vec<Sample> = Vec::new();
        for question in questions(ends) {
            let before = found.len();
            let taken = self.ask(question, at, |sample| {
                // What two questions find is one socket; within one question each is another.
                let ends_of = |sample: &Sample| (sample.protocol, sample.local, sample.remote);
                let is_new = |known: &Sample| ends_of(known) != ends_of(&sample);
                if found.len() < MOST_SOCKETS && belongs(&sample, ends) && found.iter().take(before).all(is_new) {
                    found.push(sample);
                }
            });
            taken.map_err(|problem| failed(&problem))?;
        }
        Ok(found)
    }

    fn ask(&mut self, question: Question, at: Timestamp, mut each: impl FnMut(Sample)) -> io::Result<()> {
        self.number = self.number.wrapping_add(1);
        send(self.netlink.as_raw_fd(), &question.message(self.number), MsgFlags::empty())?;
        loop {
            let length = recv(self.netlink.as_raw_fd(), &mut self.buffer, MsgFlags::empty())?;
            if length == 0 {
                return Ok(());
            }
            for answer in answers(self.buffer.get(..length).unwrap_or_default(), self.number, question.protocol, at) {
                match answer {
                    Answer::Socket(sample) => each(*sample),
                    Answer::Done => return Ok(()),
                    // A kernel without a module for a family has no socket of it.
                    Answer::Refused(nix::libc::ENOENT) => return Ok(()),
                    Answer::Refused(code) => return Err(io::Error::from_raw_os_error(code)),
                    Answer::Other => {}
                }
            }
        }
    }
}

/// Questions that find both ends of each: by ports alone, which the kernel compares itself.
fn questions(ends: &[Ends]) -> BTreeSet<Question> {
    let mut questions = BTreeSet::new();
    for ends in ends {
        let port = |end: Option<SocketAddr>| end.map_or(0, |end| end.port());
        let (local, remote) = (port(ends.local()), port(ends.remote()));
        for family in [Family::V4, Family::V6] {
            for (local, remote) in [(local, remote), (remote, local)] {
                questions.insert(Question { protocol: ends.protocol(), family, local, remote });
            }
            // What listens at the other end, if that is here.
            if let (Some(remote), Protocol::Tcp) = (ends.remote(), ends.protocol()) {
                questions.insert(Question { protocol: Protocol::Tcp, family, local: remote.port(), remote: 0 });
            }
        }
    }
    questions
}
