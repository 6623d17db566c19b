//! NetAssist V5's log: `[2026-07-21 08:20:34.093]# RECV HEX/21 <<<`, the payload on the next line, a blank line. Engineers keep and
//! parse these, so the letters matter. Must never add anything to them.

use super::Style;
use crate::codec::decoder::{Piece, escaped};
use crate::codec::hex;
use crate::traffic::record::{Data, Direction, Record};

pub fn text(style: &Style, record: &Record, data: &Data, pieces: &[Piece], out: &mut Vec<u8>) {
    block(style, record, data, "ASCII", &escaped(pieces), out);
}

pub fn hex(style: &Style, record: &Record, data: &Data, out: &mut Vec<u8>) {
    block(style, record, data, "HEX", &hex::spaced(&data.bytes), out);
}

fn block(style: &Style, record: &Record, data: &Data, kind: &str, payload: &str, out: &mut Vec<u8>) {
    let (verb, mark) = match data.direction {
        Direction::Received => ("RECV", "<<<"),
        Direction::Sent => ("SEND", ">>>"),
    };
    let head = format!("[{}]# {verb} {kind}/{} {mark}\n", record.at.date_and_clock(&style.zone), data.bytes.len());
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(payload.as_bytes());
    out.extend_from_slice(b"\n\n");
}
