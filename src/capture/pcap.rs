//! Classic pcap files (draft-ietf-opsawg-pcap): microseconds or nanoseconds, either byte order. Must never trust a length.

use super::flow::{Flows, Told};
use super::fragments::Fragments;
use super::input::{Input, LARGEST};
use super::link::{self, NoPacket};
use crate::session::timestamp::Timestamp;
use crate::traffic::record::Direction;
use pcap_parser::nom::IResult;
use pcap_parser::pcap::{LegacyPcapBlock, PcapHeader, parse_pcap_frame, parse_pcap_frame_be, parse_pcap_frame_modified};
use pcap_parser::{PcapError, parse_pcap_header};
use std::io;

/// The file header's length.
const HEADER: usize = 24;

/// Frames of either kind of file, and where they lead: the flows and the fragments of a capture.
#[derive(Default)]
pub struct Frames {
    /// Every flow so far.
    pub flows: Flows,
    fragments: Fragments,
}

/// A frame.
pub struct Frame<'a> {
    /// When it was captured.
    pub at: Timestamp,
    /// Its link type.
    pub link: i32,
    /// Its bytes, as many as were captured.
    pub bytes: &'a [u8],
    /// Its direction where the capture says it.
    pub way: Option<Direction>,
}

impl Frames {
    /// Takes in a frame.
    pub fn take(&mut self, frame: &Frame, told: &mut Told) {
        let mut whole = Vec::new();
        match link::packet(frame.link, frame.bytes, &mut self.fragments, &mut whole) {
            Ok(packet) => self.flows.take(frame.at, &packet, frame.way, told),
            Err(NoPacket::Other) => told.summary.others += 1,
            Err(NoPacket::Fragment) => {}
        }
        told.summary.fragments = self.fragments.lost();
    }
}

type ParseFrame = fn(&[u8]) -> IResult<&[u8], LegacyPcapBlock<'_>, PcapError<&[u8]>>;

/// A classic capture file that is being read.
pub struct Pcap {
    parse: ParseFrame,
    big_endian: bool,
    frame_header: usize,
    nanoseconds: bool,
    link: i32,
    frames: Frames,
    buffer: Vec<u8>,
}

/// Whether a file begins like a classic capture.
pub fn is_pcap(head: &[u8]) -> bool {
    // Microseconds, nanoseconds, and the "modified" format of old Linux systems.
    let magics = [0xA1B2_C3D4, 0xD4C3_B2A1, 0xA1B2_3C4D, 0x4D3C_B2A1, 0xA1B2_CD34];
    head.first_chunk().is_some_and(|first| magics.contains(&u32::from_le_bytes(*first)))
}

impl Pcap {
    /// Reads the file header; `None` where it is none, or cut.
    ///
    /// # Errors
    /// When reading fails.
    pub fn open(input: &mut Input) -> io::Result<Option<Self>> {
        let mut header = Vec::new();
        if !input.append(HEADER, &mut header)? {
            return Ok(None);
        }
        let Ok((_, header)) = parse_pcap_header(&header) else { return Ok(None) };
        let parse: ParseFrame = match &header {
            header if header.is_modified_format() => parse_pcap_frame_modified,
            header if header.is_bigendian() => parse_pcap_frame_be,
            _ => parse_pcap_frame,
        };
        Ok(Some(Self {
            parse,
            big_endian: header.is_bigendian(),
            frame_header: if header.is_modified_format() { 24 } else { 16 },
            nanoseconds: header.is_nanosecond_precision(),
            link: link_of(&header),
            frames: Frames::default(),
            buffer: Vec::new(),
        }))
    }

    /// Reads a packet; `false` at the end.
    ///
    /// # Errors
    /// When reading fails.
    pub fn step(&mut self, input: &mut Input, told: &mut Told) -> io::Result<bool> {
        self.buffer.clear();
        if !input.append(self.frame_header, &mut self.buffer)? {
            return self.end(self.buffer.len() as u64, told);
        }
        let length = self.captured_length();
        if length > LARGEST {
            // No packet is that long: this is no packet's header, and where the next one begins cannot be known.
            let rest = input.skip(u64::MAX)?;
            return self.end(self.buffer.len() as u64 + rest, told);
        }
        if !input.append(length, &mut self.buffer)? {
            return self.end(self.buffer.len() as u64, told);
        }
        match (self.parse)(&self.buffer) {
            Ok((_, frame)) => {
                let fraction = i64::from(frame.ts_usec) / if self.nanoseconds { 1000 } else { 1 };
                let at = Timestamp(i64::from(frame.ts_sec) * 1_000_000 + fraction);
                self.frames.take(&Frame { at, link: self.link, bytes: frame.data, way: None }, told);
            }
            Err(_) => told.summary.unread += 1,
        }
        Ok(true)
    }

    fn captured_length(&self) -> usize {
        let bytes = self.buffer.get(8..12).and_then(|bytes| bytes.first_chunk::<4>()).copied().unwrap_or_default();
        (if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }) as usize
    }

    fn end(&mut self, cut: u64, told: &mut Told) -> io::Result<bool> {
        told.summary.cut += cut;
        self.frames.flows.end(told);
        Ok(false)
    }
}

/// The upper half of the field tells of frame check sequences, which nothing here looks at.
fn link_of(header: &PcapHeader) -> i32 {
    header.network.0 & 0xFFFF
}
