//! Records written as any kind of file that there is: the log formats of [`crate::traffic::format`], the bytes of one direction, or a
//! capture. Must never know where the bytes go.

use super::pcapng;
use crate::codec::framing::End;
use crate::session::address::Address;
use crate::traffic::format::{self, Format, Style};
use crate::traffic::record::{Direction, Entry, Record, RecordId};

/// What records are written as.
#[derive(Clone)]
pub enum Form {
    /// A log.
    Log(Style),
    /// The bytes of one direction alone.
    Raw(Direction),
    /// A capture for Wireshark, and for reading back exactly.
    Pcapng,
}

/// The endings of file names and what they ask for; the first one of each is the usual one.
const ENDINGS: [(&str, Kind); 9] = [
    ("txt", Kind::Log(Format::Text)),
    ("hex", Kind::Log(Format::Hex)),
    ("csv", Kind::Log(Format::Csv)),
    ("jsonl", Kind::Log(Format::JsonLines)),
    ("json", Kind::Log(Format::JsonLines)),
    ("log", Kind::Log(Format::NetAssistText)),
    ("bin", Kind::Raw),
    ("raw", Kind::Raw),
    ("pcapng", Kind::Pcapng),
];

/// What a file is to be, before it is known how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A log in this format.
    Log(Format),
    /// The bytes of one direction.
    Raw,
    /// A capture.
    Pcapng,
}

impl Kind {
    /// What the ending of a file's name asks for.
    pub fn of_name(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        ENDINGS.iter().find(|(known, _)| known.eq_ignore_ascii_case(ending)).map(|(_, kind)| *kind)
    }
}

/// Writes records in order.
pub struct Export {
    writer: Writer,
    only: Option<Direction>,
    records: u64,
    bytes: u64,
}

enum Writer {
    Log(Box<format::Writer>),
    Raw,
    Pcapng(pcapng::Writer),
}

impl Export {
    /// Starts a file; `only` leaves out the records of the other direction.
    pub fn new(form: Form, only: Option<Direction>) -> Self {
        let (writer, only) = match form {
            Form::Log(style) => (Writer::Log(Box::new(format::Writer::new(style))), only),
            Form::Raw(direction) => (Writer::Raw, Some(direction)),
            Form::Pcapng => (Writer::Pcapng(pcapng::Writer::new()), only),
        };
        Self { writer, only, records: 0, bytes: 0 }
    }

    /// Appends what stands before the first record.
    pub fn header(&self, out: &mut Vec<u8>) {
        match &self.writer {
            Writer::Log(writer) => out.extend_from_slice(writer.header()),
            Writer::Raw => {}
            Writer::Pcapng(writer) => writer.header(out),
        }
    }

    /// Appends a record, or nothing where the form has no place for it; `local` is this end, where it is known of this record.
    pub fn record(&mut self, id: RecordId, record: &Record, local: Option<Address>, out: &mut Vec<u8>) {
        if let Entry::Data(data) = &record.entry {
            if self.only.is_some_and(|only| only != data.direction) {
                return;
            }
            self.records += 1;
            self.bytes += data.bytes.len() as u64;
        }
        match (&mut self.writer, &record.entry) {
            (Writer::Log(writer), _) => writer.record(record, out),
            (Writer::Raw, Entry::Data(data)) => out.extend_from_slice(&data.bytes),
            (Writer::Raw, Entry::Note(_)) => {}
            (Writer::Pcapng(writer), entry) => {
                if let (Some(local), Entry::Data(data)) = (local, entry) {
                    match data.peer.connection {
                        Some(_) => writer.knows(data.peer, local),
                        None => writer.bound(local),
                    }
                }
                writer.record(id, record, out);
            }
        }
    }

    /// Appends a frame, which may not be complete, in the forms that have a row for each; elsewhere it is what a record is.
    pub fn frame(&mut self, record: &Record, end: End, out: &mut Vec<u8>) {
        if let (Writer::Log(writer), Entry::Data(data)) = (&mut self.writer, &record.entry) {
            if self.only.is_none_or(|only| only == data.direction) {
                self.records += 1;
                self.bytes += data.bytes.len() as u64;
                writer.frame(record, end, out);
            }
        } else {
            self.record(RecordId(0), record, None, out);
        }
    }

    /// How many records of bytes were written so far.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// How many bytes these records have.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings() {
        assert_eq!(Kind::of_name("a.b/c.PCAPNG"), Some(Kind::Pcapng));
        assert_eq!(Kind::of_name("x.log"), Some(Kind::Log(Format::NetAssistText)));
        for none in ["", "-", "pcapng", "a.exe"] {
            assert_eq!(Kind::of_name(none), None, "{none}");
        }
    }
}
