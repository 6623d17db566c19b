//! pcapng blocks, little-endian, appended whole. Must never know what the packets in them mean.

use super::mark::{MAGIC, PEN};
use crate::session::timestamp::Timestamp;

/// Section Header Block (section 4.1 of the draft).
const SECTION: u32 = 0x0A0D_0D0A;
/// Interface Description Block (4.2).
const INTERFACE: u32 = 1;
/// Enhanced Packet Block (4.3).
const PACKET: u32 = 6;
/// Custom Block that tools may copy (4.8).
const CUSTOM: u32 = 0x0000_0BAD;
/// The byte order mark of a section.
const BYTE_ORDER: u32 = 0x1A2B_3C4D;
/// Packets that begin with their IP header.
const LINKTYPE_RAW: u16 = 101;

/// Options (3.5) by number; some numbers mean something else in another block.
mod option {
    /// Any block: the last one.
    pub const END: u16 = 0;
    /// Any block: UTF-8 for people.
    pub const COMMENT: u16 = 1;
    /// Section: the program that wrote it.
    pub const USERAPPL: u16 = 4;
    /// Interface: its name.
    pub const IF_NAME: u16 = 2;
    /// Interface: what a timestamp counts.
    pub const IF_TSRESOL: u16 = 9;
    /// Packet: its direction and more.
    pub const FLAGS: u16 = 2;
    /// Packet: how many were lost before it.
    pub const DROPCOUNT: u16 = 4;
    /// Any block: bytes that a private enterprise defines, and that tools may copy.
    pub const CUSTOM_BYTES: u16 = 2989;
}

/// `if_tsresol`: negative powers of ten, here microseconds.
const MICROSECONDS: u8 = 6;
/// `epb_flags`: the packet came in.
pub const INBOUND: u32 = 0b01;
/// `epb_flags`: the packet went out.
pub const OUTBOUND: u32 = 0b10;

/// What stands beside a packet's bytes.
pub struct Beside<'a> {
    /// When.
    pub at: Timestamp,
    /// [`INBOUND`] or [`OUTBOUND`].
    pub direction: u32,
    /// Packets lost since the one before; 0 for none.
    pub dropped: u64,
    /// The content of our option, without number and magic.
    pub mark: &'a [u8],
}

/// The section header and the one interface.
pub fn header(application: &str, comment: &str, out: &mut Vec<u8>) {
    let mut section = Block::begin(SECTION, out);
    section.bytes(&BYTE_ORDER.to_le_bytes());
    // Version 1.0; the section's length is not known while it is written.
    section.bytes(&1u16.to_le_bytes());
    section.bytes(&0u16.to_le_bytes());
    section.bytes(&(-1i64).to_le_bytes());
    section.option(option::COMMENT, &[comment.as_bytes()]);
    section.option(option::USERAPPL, &[application.as_bytes()]);
    section.option(option::END, &[]);
    section.end();
    let mut interface = Block::begin(INTERFACE, out);
    interface.bytes(&LINKTYPE_RAW.to_le_bytes());
    // Reserved; and a snapshot length of 0, which is none.
    interface.bytes(&[0; 6]);
    interface.option(option::IF_NAME, &[MAGIC]);
    interface.option(option::IF_TSRESOL, &[&[MICROSECONDS]]);
    interface.option(option::END, &[]);
    interface.end();
}

/// A packet; `bytes` appends its bytes, and says whether it could. Where it could not, nothing is written.
pub fn packet(beside: &Beside, out: &mut Vec<u8>, bytes: impl FnOnce(&mut Vec<u8>) -> bool) {
    let mut block = Block::begin(PACKET, out);
    // The interface; the high half of the time first.
    block.bytes(&0u32.to_le_bytes());
    let micros = beside.at.0.cast_unsigned();
    block.bytes(&((micros >> 32) as u32).to_le_bytes());
    block.bytes(&(micros as u32).to_le_bytes());
    let lengths = block.out.len();
    block.bytes(&[0; 8]);
    let start = block.out.len();
    if !bytes(block.out) {
        block.out.truncate(block.start);
        return;
    }
    let length = (block.out.len() - start) as u32;
    // As captured and as it was: nothing is ever cut off.
    block.put(lengths, length);
    block.put(lengths + 4, length);
    block.pad(0);
    block.option(option::FLAGS, &[&beside.direction.to_le_bytes()]);
    if beside.dropped > 0 {
        block.option(option::DROPCOUNT, &[&beside.dropped.to_le_bytes()]);
    }
    block.option(option::CUSTOM_BYTES, &[&PEN.to_le_bytes(), MAGIC, beside.mark]);
    block.option(option::END, &[]);
    block.end();
}

/// A packet that was seen: `length` bytes on the wire, of which there are these; so many were lost before it.
pub fn seen(at: Timestamp, bytes: &[u8], length: usize, lost: u64, out: &mut Vec<u8>) {
    let mut block = Block::begin(PACKET, out);
    block.bytes(&0u32.to_le_bytes());
    let micros = at.0.cast_unsigned();
    block.bytes(&((micros >> 32) as u32).to_le_bytes());
    block.bytes(&(micros as u32).to_le_bytes());
    block.bytes(&(bytes.len() as u32).to_le_bytes());
    block.bytes(&(length as u32).to_le_bytes());
    block.bytes(bytes);
    block.pad(0);
    if lost > 0 {
        block.option(option::DROPCOUNT, &[&lost.to_le_bytes()]);
        block.option(option::END, &[]);
    }
    block.end();
}

/// A Custom Block of ours. The block does not hold its content's length, so the content is filled up with blanks.
pub fn custom(content: &[u8], out: &mut Vec<u8>) {
    let mut block = Block::begin(CUSTOM, out);
    block.bytes(&PEN.to_le_bytes());
    block.bytes(MAGIC);
    block.bytes(content);
    block.pad(b' ');
    block.end();
}

/// A block that is being appended.
struct Block<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> Block<'a> {
    fn begin(kind: u32, out: &'a mut Vec<u8>) -> Self {
        let start = out.len();
        out.extend_from_slice(&kind.to_le_bytes());
        // Its length, which is known at its end.
        out.extend_from_slice(&[0; 4]);
        Self { out, start }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    fn put(&mut self, at: usize, value: u32) {
        if let Some(place) = self.out.get_mut(at..at + 4) {
            place.copy_from_slice(&value.to_le_bytes());
        }
    }

    fn option(&mut self, code: u16, parts: &[&[u8]]) {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        self.bytes(&code.to_le_bytes());
        self.bytes(&(length as u16).to_le_bytes());
        for part in parts {
            self.bytes(part);
        }
        self.pad(0);
    }

    /// Fills up to a multiple of four bytes.
    fn pad(&mut self, with: u8) {
        let length = (self.out.len() - self.start).next_multiple_of(4);
        self.out.resize(self.start + length, with);
    }

    fn end(mut self) {
        let length = (self.out.len() - self.start + 4) as u32;
        self.bytes(&length.to_le_bytes());
        self.put(self.start + 4, length);
    }
}
