//! What a relay did, as fields of JSON lines. Words here are stable; scripts depend on them. Must never translate one.

use crate::session::impairment::{Done, Impaired, Impairment, Spot};
use serde_json::{Map, Value, json};

/// `from`, `to`, `way`, the datagram's `number` or the stream's `offset`, `len`, `done`, and the amounts of what was done.
pub fn impaired(impaired: &Impaired) -> Map<String, Value> {
    let Impaired { from, to, way, spot, length, done } = impaired;
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("from", json!(from.address.to_string()));
    put("to", json!(to.address.to_string()));
    put("way", json!(way.word()));
    match spot {
        Spot::Datagram(number) => put("number", json!(number)),
        Spot::Stream(offset) => put("offset", json!(offset)),
    };
    put("len", json!(length));
    put("done", json!(done.iter().map(|done| done.word()).collect::<Vec<_>>()));
    for one in done {
        match one {
            Done::Delayed(by) => put("delay_ms", millis(*by)),
            Done::Cut(pieces) => put("pieces", json!(pieces)),
            Done::Slowed(rate) => put("rate", json!(rate)),
            Done::Stalled(pause) => put("stall_ms", millis(*pause)),
            Done::Dropped | Done::Overflowed | Done::Repeated | Done::HeldBack | Done::NotOvertaken | Done::Reset => continue,
        };
    }
    object
}

/// The knobs that are set, by the names of the options that set them.
pub fn impairment(impairment: &Impairment) -> Map<String, Value> {
    let Impairment { seed, drop, repeat, reorder, delay, jitter, rechunk, rate, stall, reset } = *impairment;
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("seed", json!(seed));
    for (name, share) in [("drop", drop), ("repeat", repeat), ("reorder", reorder)] {
        if !share.is_none() {
            put(name, json!(share.percent()));
        }
    }
    for (name, time) in [("delay_ms", delay), ("jitter_ms", jitter)] {
        if !time.is_zero() {
            put(name, millis(time));
        }
    }
    if let Some(rechunk) = rechunk {
        put("rechunk", json!(rechunk.size));
        put("rechunk_ms", millis(rechunk.pause));
    }
    if let Some(rate) = rate {
        put("rate", json!(rate));
    }
    if let Some(stall) = stall {
        put("stall_after", json!(stall.after));
        put("stall_ms", millis(stall.pause));
    }
    if let Some(after) = reset {
        put("reset", json!(after));
    }
    object
}

/// Milliseconds, with as many decimals as there are.
fn millis(time: std::time::Duration) -> Value {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    if micros.is_multiple_of(1000) { json!(micros / 1000) } else { json!(micros as f64 / 1000.0) }
}
