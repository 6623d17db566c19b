//! The log written out, record by record: for the twin's standard output and for saved files. One writer, so that both say the same.
//! Must never know where the lines go.

mod csv;
mod json;
mod netassist;
mod plain;
mod relay;

use super::encodings::{Choice, Encodings};
use super::record::{Data, Direction, Entry, Record};
use crate::codec::decoder::{Decoder, Piece};
use crate::codec::encoding::Encoding;
use crate::codec::framing::End;
pub use crate::codec::visible::push_visible;
use crate::i18n::Language;
use crate::session::address::Address;
use crate::session::event::What;
use crate::session::id::ConnectionId;
use jiff::tz::TimeZone;
use std::collections::HashMap;

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A line per record with its text; control characters are escaped.
    Text,
    /// A line per record with its bytes in hex.
    Hex,
    /// A header per record, then offset, hex and text columns.
    Both,
    /// An object per line; see `cli.md`'s contract in the README.
    JsonLines,
    /// NetAssist V5's log, text payload.
    NetAssistText,
    /// NetAssist V5's log, hex payload.
    NetAssistHex,
    /// A comma-separated table with a header.
    Csv,
    /// The received bytes alone.
    Raw,
}

/// What a writer needs to know besides the records.
#[derive(Clone)]
pub struct Style {
    /// Which format.
    pub format: Format,
    /// What bytes are read in; what was chosen for one record alone is for looking at it.
    pub encodings: Encodings,
    /// In which zone times are written.
    pub zone: TimeZone,
    /// The language of notes.
    pub language: Language,
    /// Whether notes (connected, closed, …) are written too, in the formats that have a place for them.
    pub notes: bool,
}

/// Bytes of a stream that are kept to find the place between two characters, once it is told to be in another encoding.
const KEPT: usize = 256;

/// How far a stream is read.
struct Reading {
    decoder: Decoder,
    /// Its last bytes, where its encoding may still change.
    before: Vec<u8>,
    /// How many there were in all.
    length: u64,
}

impl Reading {
    fn new(encoding: Encoding) -> Self {
        Self { decoder: encoding.decoder(), before: Vec::new(), length: 0 }
    }

    fn remember(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        self.before.extend_from_slice(bytes.get(bytes.len().saturating_sub(KEPT)..).unwrap_or(bytes));
        self.before.drain(..self.before.len().saturating_sub(KEPT));
    }

    /// Goes on in another encoding, if it is another: from where a character of it begins. What of the character begun in the old one does
    /// not belong to that.
    fn turn_to(&mut self, encoding: Encoding) -> Vec<Piece> {
        if self.decoder.encoding() == encoding {
            return Vec::new();
        }
        let start = encoding.safe_start(&self.before, self.length - self.before.len() as u64);
        let mut decoder = encoding.decoder();
        decoder.push(start.and_then(|start| self.before.get(start..)).unwrap_or_default());
        let old = std::mem::replace(&mut self.decoder, decoder);
        let begun = old.pending();
        match begun.get(..begun.len().saturating_sub(self.decoder.pending().len())) {
            None | Some([]) => Vec::new(),
            Some(left) => vec![Piece::Invalid(left.to_vec())],
        }
    }
}

/// Writes records in order; it keeps a decoder per stream, so that a character cut in two comes out whole in the record that ends it.
pub struct Writer {
    style: Style,
    decoders: HashMap<(ConnectionId, Direction), Reading>,
    local: Option<Address>,
    peer_locals: HashMap<ConnectionId, Address>,
}

impl Writer {
    /// Starts a log.
    pub fn new(style: Style) -> Self {
        Self { style, decoders: HashMap::new(), local: None, peer_locals: HashMap::new() }
    }

    /// What stands before the first record.
    pub fn header(&self) -> &'static [u8] {
        if self.style.format == Format::Csv { csv::HEADER } else { b"" }
    }

    /// Writes one record, with its line end, or nothing where the format has no place for it.
    pub fn record(&mut self, record: &Record, out: &mut Vec<u8>) {
        self.frame(record, End::Complete, out);
    }

    /// The same for a record that is a frame, which may not be complete.
    pub fn frame(&mut self, record: &Record, end: End, out: &mut Vec<u8>) {
        match &record.entry {
            Entry::Data(data) => {
                let pieces = self.decode(data);
                match self.style.format {
                    Format::Text => plain::text(&self.style, record, data, &pieces, out),
                    Format::Hex => plain::hex(&self.style, record, data, out),
                    Format::Both => plain::both(&self.style, record, data, out),
                    Format::JsonLines => json::data(&self.style, record, data, end, &pieces, self.local_of(data), out),
                    Format::NetAssistText => netassist::text(&self.style, record, data, &pieces, out),
                    Format::NetAssistHex => netassist::hex(&self.style, record, data, out),
                    Format::Csv => csv::data(&self.style, record, data, &pieces, out),
                    Format::Raw if data.direction == Direction::Received => out.extend_from_slice(&data.bytes),
                    Format::Raw => {}
                }
            }
            Entry::Note(what) => {
                self.learn(what);
                let rest = self.finish(what);
                // Lost datagrams are part of the record of what arrived, whatever else is left out.
                let wanted = self.style.notes || matches!(**what, What::Gap { .. });
                match self.style.format {
                    Format::JsonLines => json::note(&self.style, record, what, self.local_of_note(what), rest.as_deref(), out),
                    Format::Text | Format::Hex | Format::Both if wanted => plain::note(&self.style, record, what, out),
                    Format::Csv if wanted => csv::note(&self.style, record, what, out),
                    _ => {}
                }
                self.forget(what);
            }
        }
    }

    fn decode(&mut self, data: &Data) -> Vec<Piece> {
        let encoding = self.style.encodings.of_stream((data.peer, data.direction));
        let Some(id) = data.peer.stream() else { return encoding.decode(&data.bytes) };
        // What can still turn out to be in another encoding.
        let is_open = matches!(self.style.encodings.choice(data.direction), Choice::Auto(_));
        let reading = self.decoders.entry((id, data.direction)).or_insert_with(|| Reading::new(encoding));
        let mut pieces = reading.turn_to(encoding);
        pieces.extend(reading.decoder.push(&data.bytes));
        if is_open {
            reading.remember(&data.bytes);
        }
        pieces
    }

    fn local_of(&self, data: &Data) -> Option<Address> {
        data.peer.connection.and_then(|id| self.peer_locals.get(&id).copied()).or(self.local)
    }

    fn local_of_note(&self, what: &What) -> Option<Address> {
        match what {
            What::PeerLeft { peer, .. } => peer.connection.and_then(|id| self.peer_locals.get(&id).copied()).or(self.local),
            other => other.begun().map(|(_, local)| local).or(self.local),
        }
    }

    fn learn(&mut self, what: &What) {
        match what {
            What::Listening { local } | What::Bound { local, .. } | What::Connected { local, .. } => self.local = Some(*local),
            _ => {}
        }
        if let Some((peer, local)) = what.begun()
            && let Some(id) = peer.connection
        {
            // A client that connects again starts new streams.
            self.decoders.remove(&(id, Direction::Received));
            self.decoders.remove(&(id, Direction::Sent));
            self.peer_locals.insert(id, local);
        }
    }

    /// The received bytes of a character that the end of its stream leaves unfinished, as `\xHH`.
    fn finish(&mut self, what: &What) -> Option<String> {
        let ended: Vec<ConnectionId> = match what {
            What::PeerLeft { peer, .. } => peer.connection.into_iter().collect(),
            What::Closed { .. } => self.peer_locals.keys().copied().collect(),
            _ => Vec::new(),
        };
        let mut rest = String::new();
        for id in ended {
            if let Some(mut reading) = self.decoders.remove(&(id, Direction::Received)) {
                rest.push_str(&crate::codec::decoder::escaped(&reading.decoder.finish()));
            }
        }
        (!rest.is_empty()).then_some(rest)
    }

    fn forget(&mut self, what: &What) {
        if let What::PeerLeft { peer, .. } = what
            && let Some(id) = peer.connection
        {
            self.peer_locals.remove(&id);
            self.decoders.remove(&(id, Direction::Sent));
        }
    }
}

/// Text for one line: line breaks, tabs, other control characters and backslashes' look-alikes are escaped, undecodable bytes are `\xHH`.
/// A terminal gets no escape sequence from the network.
pub fn one_line(pieces: &[Piece]) -> String {
    let mut line = String::new();
    for piece in pieces {
        match piece {
            Piece::Invalid(bytes) => bytes.iter().for_each(|byte| line.push_str(&format!("\\x{byte:02X}"))),
            Piece::Text(text) => {
                for character in text.chars() {
                    push_visible(&mut line, character);
                }
            }
        }
    }
    line
}
