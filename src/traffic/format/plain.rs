//! Lines for people. Must never be parsed by us again: NetAssist's format and JSON lines are for that.

use super::{Style, one_line};
use crate::codec::decoder::Piece;
use crate::codec::hex;
use crate::describe;
use crate::session::event::What;
use crate::traffic::record::{Data, Record};

/// `20:34:05.093 ← 127.0.0.1:51512 5 B  `
fn head(style: &Style, record: &Record, data: &Data) -> String {
    let arrow = data.direction.arrow();
    format!("{} {arrow} {} {} B", record.at.clock(&style.zone), data.peer.address, data.bytes.len())
}

pub fn text(style: &Style, record: &Record, data: &Data, pieces: &[Piece], out: &mut Vec<u8>) {
    line(out, &format!("{}  {}", head(style, record, data), one_line(pieces)));
}

pub fn hex(style: &Style, record: &Record, data: &Data, out: &mut Vec<u8>) {
    line(out, &format!("{}  {}", head(style, record, data), hex::spaced(&data.bytes)));
}

pub fn both(style: &Style, record: &Record, data: &Data, out: &mut Vec<u8>) {
    line(out, &head(style, record, data));
    let dump = hex::dump(&data.bytes, data.offset);
    out.extend_from_slice(dump.as_bytes());
    if !dump.is_empty() && !dump.ends_with('\n') {
        out.push(b'\n');
    }
}

pub fn note(style: &Style, record: &Record, what: &What, out: &mut Vec<u8>) {
    if let Some((told, _)) = describe::note(style.language, what) {
        line(out, &format!("{} • {told}", record.at.clock(&style.zone)));
    }
}

fn line(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
    out.push(b'\n');
}
