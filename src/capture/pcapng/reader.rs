//! pcapng files, ours and anyone's: sections of either byte order, several interfaces, any resolution of time. Must never trust a
//! length, and never show as ours what does not carry our mark.

use super::mark::{Ends, MAGIC, Mark, PEN, Part};
use super::writer::Note;
use crate::capture::Seen;
use crate::capture::flow::Told;
use crate::capture::fragments::Fragments;
use crate::capture::input::{Input, LARGEST};
use crate::capture::link::{self, Packet};
use crate::capture::pcap::{Frame, Frames};
use crate::session::address::Address;
use crate::session::event::{SessionEvent, What};
use crate::session::id::{Peer, SessionId};
use crate::session::timestamp::Timestamp;
use crate::traffic::record::{Direction, Entry, Record, RecordId};
use pcap_parser::pcapng::{
    Block, CB_MAGIC, EPB_MAGIC, EnhancedPacketBlock, IDB_MAGIC, InterfaceDescriptionBlock, OptionCode, PcapNGOption, SHB_MAGIC,
    SPB_MAGIC, parse_block_be, parse_block_le,
};
use pcap_parser::traits::PcapNGPacketBlock;
use std::io;
use std::net::SocketAddr;

/// A section's byte order mark, in its own order.
const BYTE_ORDER: u32 = 0x1A2B_3C4D;
/// The pieces of one of our records, together, at most.
const LARGEST_RECORD: usize = 64 << 20;
/// `epb_flags`, option 2: bits 0 and 1 are the direction.
const EPB_FLAGS: u16 = 2;
/// Options that a private enterprise defines, in bytes; the second is not to be copied.
const CUSTOM_BYTES: [u16; 2] = [2989, 19373];

/// A pcapng file that is being read.
#[derive(Default)]
pub struct Pcapng {
    big_endian: bool,
    interfaces: Vec<Interface>,
    frames: Frames,
    /// Pieces of one of our records, so far.
    record: Option<Pieces>,
    /// The last packet's time: simple packets have none of their own.
    last: Timestamp,
    buffer: Vec<u8>,
}

struct Interface {
    link: i32,
    resolution: u8,
    /// Added to each time, in seconds.
    offset: i64,
}

struct Pieces {
    id: RecordId,
    seen: Seen,
    bytes: Vec<u8>,
}

/// Whether a file begins with a section header.
pub fn is_pcapng(head: &[u8]) -> bool {
    head.starts_with(&SHB_MAGIC.to_le_bytes())
}

/// Whether a file's first section was written by this program.
pub fn is_ours(head: &[u8]) -> bool {
    let Ok((_, Block::SectionHeader(section))) = parse_block_le(head) else { return false };
    section.shb_userappl().is_some_and(|name| name.is_ok_and(|name| name.as_bytes().starts_with(MAGIC)))
}

impl Pcapng {
    /// Reads a block; `false` at the end.
    ///
    /// # Errors
    /// When reading fails.
    pub fn step(&mut self, input: &mut Input, told: &mut Told) -> io::Result<bool> {
        self.buffer.clear();
        // Type, length, and for a section its byte order, which says how to read the length.
        if !input.append(8, &mut self.buffer)? {
            return Ok(self.end(self.buffer.len() as u64, told));
        }
        let is_section = self.buffer.starts_with(&SHB_MAGIC.to_le_bytes());
        if is_section && !input.append(4, &mut self.buffer)? {
            return Ok(self.end(self.buffer.len() as u64, told));
        }
        if is_section {
            self.big_endian = self.buffer.get(8..) == Some(&BYTE_ORDER.to_be_bytes());
        }
        let (kind, length) = (self.number(0).unwrap_or(0), self.number(4).unwrap_or(0));
        let rest = u64::from(length).checked_sub(self.buffer.len() as u64);
        let Some(rest) = rest.filter(|rest| *rest >= 4 && length.is_multiple_of(4)) else {
            // Where the next block begins cannot be known. Zeros are what a crash leaves behind.
            let cut = self.buffer.len() as u64 + input.skip(u64::MAX)?;
            return Ok(self.end(cut, told));
        };
        let wanted = [SHB_MAGIC, IDB_MAGIC, EPB_MAGIC, SPB_MAGIC, CB_MAGIC].contains(&kind);
        if !wanted || rest > LARGEST as u64 {
            let skipped = input.skip(rest)?;
            if skipped < rest {
                return Ok(self.end(self.buffer.len() as u64 + skipped, told));
            }
            // Names, statistics and the like: they hold nothing that could be shown here.
            told.summary.unread += u64::from(wanted);
            return Ok(true);
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        let whole = input.append(rest as usize, &mut buffer)?;
        if whole {
            self.block(&buffer, told);
        }
        let length = buffer.len() as u64;
        self.buffer = buffer;
        Ok(whole || self.end(length, told))
    }

    fn number(&self, at: usize) -> Option<u32> {
        let bytes = *self.buffer.get(at..)?.first_chunk()?;
        Some(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    /// The end of the file, or of what can be read of it.
    fn end(&mut self, cut: u64, told: &mut Told) -> bool {
        told.summary.cut += cut;
        self.flush(told);
        self.frames.flows.end(told);
        false
    }

    fn block(&mut self, bytes: &[u8], told: &mut Told) {
        let parse = if self.big_endian { parse_block_be } else { parse_block_le };
        match parse(bytes) {
            Ok((_, Block::SectionHeader(_))) => self.interfaces.clear(),
            Ok((_, Block::InterfaceDescription(block))) => self.interfaces.push(self.interface(&block)),
            Ok((_, Block::EnhancedPacket(block))) => self.packet(&block, told),
            Ok((_, Block::SimplePacket(block))) => match self.interfaces.first() {
                Some(interface) => {
                    let frame = Frame { at: self.last, link: interface.link, bytes: block.packet_data(), way: None };
                    self.frames.take(&frame, told);
                }
                None => told.summary.unread += 1,
            },
            Ok((_, Block::Custom(block))) => {
                if block.pen == PEN
                    && let Some(json) = block.data.strip_prefix(MAGIC)
                {
                    self.flush(told);
                    note(json, told);
                }
            }
            _ => told.summary.unread += 1,
        }
    }

    fn interface(&self, block: &InterfaceDescriptionBlock) -> Interface {
        // Read here, because pcap-parser 0.17 reads the offset in the wrong byte order in sections with the high byte first.
        let offset = block.options.iter().find(|option| option.code == OptionCode::IfTsoffset);
        let offset = offset
            .and_then(|option| option.value().first_chunk::<8>())
            .map_or(0, |bytes| if self.big_endian { i64::from_be_bytes(*bytes) } else { i64::from_le_bytes(*bytes) });
        Interface { link: block.linktype.0, resolution: block.if_tsresol, offset }
    }

    fn packet(&mut self, block: &EnhancedPacketBlock, told: &mut Told) {
        let Some(interface) = self.interfaces.get(block.if_id as usize) else {
            told.summary.unread += 1;
            return;
        };
        let link = interface.link;
        let at = interface.moment(u64::from(block.ts_high) << 32 | u64::from(block.ts_low));
        self.last = at;
        match block.options.iter().find_map(|option| self.mark(option)) {
            Some(mark) => self.piece(at, mark, link, block.packet_data(), told),
            None => {
                self.flush(told);
                let way = block.options.iter().find(|option| option.code.0 == EPB_FLAGS).and_then(|option| self.way(option));
                self.frames.take(&Frame { at, link, bytes: block.packet_data(), way }, told);
            }
        }
    }

    fn way(&self, option: &PcapNGOption) -> Option<Direction> {
        let bytes = *option.value().first_chunk()?;
        let flags = if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
        match flags & 0b11 {
            1 => Some(Direction::Received),
            2 => Some(Direction::Sent),
            _ => None,
        }
    }

    fn mark(&self, option: &PcapNGOption) -> Option<Mark> {
        if !CUSTOM_BYTES.contains(&option.code.0) {
            return None;
        }
        let (number, content) = option.as_bytes().ok()?.split_first_chunk::<4>()?;
        let number = if self.big_endian { u32::from_be_bytes(*number) } else { u32::from_le_bytes(*number) };
        if number != PEN {
            return None;
        }
        Mark::decode(content.strip_prefix(MAGIC)?)
    }

    /// A packet of ours: a piece of a record, or one that was made up and shows nothing.
    fn piece(&mut self, at: Timestamp, mark: Mark, link: i32, frame: &[u8], told: &mut Told) {
        if mark.part == Part::MadeUp {
            return;
        }
        let (mut none, mut whole) = (Fragments::default(), Vec::new());
        let Ok(packet) = link::packet(link, frame, &mut none, &mut whole) else {
            told.summary.others += 1;
            return;
        };
        if self.record.as_ref().is_some_and(|pieces| pieces.id != mark.record) {
            self.flush(told);
        }
        let pieces =
            self.record.get_or_insert_with(|| Pieces { id: mark.record, seen: begin(at, &mark, &packet), bytes: Vec::new() });
        pieces.bytes.extend_from_slice(packet.payload);
        told.summary.missing += packet.missing;
        told.summary.truncated += u64::from(packet.missing > 0);
        if mark.part == Part::Last || pieces.bytes.len() > LARGEST_RECORD {
            self.flush(told);
        }
    }

    /// Shows the record that is there so far.
    fn flush(&mut self, told: &mut Told) {
        let Some(Pieces { mut seen, bytes: gathered, .. }) = self.record.take() else { return };
        if let What::Received { bytes, .. } | What::Sent { bytes, .. } = &mut seen.what {
            *bytes = gathered.into();
        }
        told.out.push_back(seen);
    }
}

/// The event of a record whose bytes are not there yet.
fn begin(at: Timestamp, mark: &Mark, packet: &Packet) -> Seen {
    let (address, local) = match mark.origin {
        None => (packet.source, packet.destination),
        Some(_) => (packet.destination, packet.source),
    };
    let (address, local) = match mark.ends {
        Ends::InPacket => (address.into(), Some(local.into())),
        Ends::Ip(peer) => (SocketAddr::V6(peer).into(), Some(local.into())),
        Ends::Unix { peer, local } => (peer.into(), local.map(Address::Unix)),
    };
    let peer = Peer { address, connection: mark.connection };
    let bytes = [].into();
    let what = match mark.origin {
        None => What::Received { peer, bytes },
        Some(origin) => What::Sent { peer, bytes, origin },
    };
    Seen { at, what, local }
}

fn note(json: &[u8], told: &mut Told) {
    match serde_json::from_slice::<Note<What>>(json) {
        // Commands to the log are no notes: a file must not be able to empty it.
        Ok(Note { at, what }) if is_note(&what) => told.out.push_back(Seen { at, what, local: None }),
        _ => told.summary.unread += 1,
    }
}

fn is_note(what: &What) -> bool {
    let event = SessionEvent { session: SessionId(0), at: Timestamp(0), what: what.clone() };
    Record::of(&event).is_some_and(|record| matches!(record.entry, Entry::Note(_)))
}

impl Interface {
    /// The moment that a timestamp means (`if_tsresol`, section 4.2: a negative power of ten, or with the high bit of two), rounded down
    /// to microseconds. One that has no place in time is the nearest that has.
    fn moment(&self, units: u64) -> Timestamp {
        // As we write it: every microsecond reads back as it was, also one before 1970.
        if self.resolution == 6 && self.offset == 0 {
            return Timestamp(units.cast_signed());
        }
        let power = u32::from(self.resolution & 0x7F);
        let micros = u128::from(units) * 1_000_000;
        let micros =
            if self.resolution & 0x80 != 0 { micros >> power } else { 10u128.checked_pow(power).map_or(0, |unit| micros / unit) };
        let micros = i128::try_from(micros).unwrap_or(i128::MAX).saturating_add(i128::from(self.offset) * 1_000_000);
        Timestamp(i64::try_from(micros).unwrap_or(if micros < 0 { i64::MIN } else { i64::MAX }))
    }
}
