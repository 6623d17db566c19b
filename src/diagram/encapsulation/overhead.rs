//! How much of what is sent is not the message. Must never count what travels outside of frames: preamble and gap are only told.

use super::pieces::{Cut, FRAGMENT_HEADER, Plan};
use super::subject::Subject;

/// The header of Ethernet: two addresses of 6 bytes, a type of 2.
pub const ETHERNET_HEADER: usize = 14;
/// The checksum after a frame.
pub const FCS: usize = 4;
/// The least of a frame that a header and data have, without its checksum: shorter ones are filled up.
pub const LEAST_FRAME: usize = 60;

/// Bytes of all frames of a message, by what they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overhead {
    /// The message.
    pub payload: usize,
    /// UDP or TCP headers.
    pub transport: usize,
    /// IP headers.
    pub network: usize,
    /// Ethernet headers, checksums and fillings.
    pub link: usize,
}

impl Overhead {
    /// Adds up all pieces.
    pub fn of(subject: &Subject, plan: &Plan) -> Self {
        let payload = subject.payload.len();
        let (ip, own) = (subject.ip_header(), subject.transport_header());
        let mut sum = Self { payload, ..Self::default() };
        for piece in plan.pieces() {
            let (header, carried) = match plan.cut {
                Cut::Fragments(_) => (if subject.is_v4() { ip } else { ip + FRAGMENT_HEADER }, piece.data.len()),
                Cut::Segments(_) => (ip, own + piece.data.len()),
                Cut::Whole => (ip, own + payload),
            };
            sum.network += header;
            sum.link += frame_of(header + carried) - header - carried;
            if matches!(plan.cut, Cut::Segments(_)) {
                sum.transport += own;
            }
        }
        if !matches!(plan.cut, Cut::Segments(_)) {
            sum.transport = own;
        }
        sum
    }

    /// All of it.
    pub fn total(&self) -> usize {
        self.payload + self.transport + self.network + self.link
    }

    /// What of all is not the message, in percent.
    pub fn percent(&self) -> f64 {
        self.share(self.total() - self.payload)
    }

    /// So many bytes of all, in percent.
    pub fn share(&self, bytes: usize) -> f64 {
        // There is always a header.
        bytes as f64 * 100.0 / self.total().max(1) as f64
    }
}

/// How long a frame is that carries an IP packet.
pub fn frame_of(packet: usize) -> usize {
    (ETHERNET_HEADER + packet).max(LEAST_FRAME) + FCS
}
