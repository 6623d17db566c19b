//! A comma-separated table (RFC 4180) through the `csv` crate. Must never quote by hand.

use super::Style;
use crate::codec::decoder::{Piece, escaped};
use crate::codec::hex;
use crate::describe;
use crate::session::event::What;
use crate::traffic::record::{Data, Direction, Record};

/// The byte order mark makes spreadsheets read UTF-8.
pub const HEADER: &[u8] = "\u{FEFF}time,event,peer,length,hex,text\r\n".as_bytes();

pub fn data(style: &Style, record: &Record, data: &Data, pieces: &[Piece], out: &mut Vec<u8>) {
    let event = match data.direction {
        Direction::Received => "received",
        Direction::Sent => "sent",
    };
    let peer = data.peer.address.to_string();
    let length = data.bytes.len().to_string();
    row(out, &[&record.at.rfc3339(&style.zone), event, &peer, &length, &hex::spaced(&data.bytes), &escaped(pieces)]);
}

pub fn note(style: &Style, record: &Record, what: &What, out: &mut Vec<u8>) {
    if let Some((told, _)) = describe::note(style.language, what) {
        let peer = record.peer().map_or_else(String::new, |peer| peer.address.to_string());
        row(out, &[&record.at.rfc3339(&style.zone), "note", &peer, "", "", &told]);
    }
}

fn row(out: &mut Vec<u8>, fields: &[&str; 6]) {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    // A vector takes everything, so neither call can fail.
    writer.write_record(fields).ok();
    writer.flush().ok();
}
