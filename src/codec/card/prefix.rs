//! The card of messages that say first how long they are: by the session's framing rule, or by trying what is usual. It must never frame
//! otherwise than the framing rule does.

use std::ops::Range;

use super::node::{Card, Node, Words, part, raw, rest};
use super::{Hint, Protocol};
use crate::codec::encoding::Encoding;
use crate::codec::framing::{End, Endian, Length, Rule, Splitter, State, Width};

/// What is tried, the least likely to fit by chance first. A number of one byte has no order.
const USUAL: [(Width, Endian); 5] = [
    (Width::Four, Endian::Big),
    (Width::Four, Endian::Little),
    (Width::Two, Endian::Big),
    (Width::Two, Endian::Little),
    (Width::One, Endian::Big),
];

fn usual(width: Width, endian: Endian) -> Length {
    Length { offset: 0, width, endian, adjust: 0 }
}

/// Whether the session's rule divides the bytes without a rest; without such a rule, whether a number of two or four bytes does.
pub(super) fn fits(bytes: &[u8], hint: &Hint) -> bool {
    match hint.framing {
        Some(rule) => divides(bytes, rule),
        None => USUAL.iter().any(|(width, endian)| *width != Width::One && divides(bytes, usual(*width, *endian))),
    }
}

/// The card.
pub(super) fn read(bytes: &[u8], encoding: Encoding, hint: &Hint) -> Card {
    if let Some(rule) = hint.framing {
        return by_rule(bytes, rule, encoding, None);
    }
    let fitting: Vec<Length> =
        USUAL.iter().map(|(width, endian)| usual(*width, *endian)).filter(|rule| divides(bytes, *rule)).collect();
    match fitting.split_first() {
        Some((first, others)) => {
            let note = match others {
                [] => Words::of("card.note.only_fit").with("rule", Rule::Length(*first)),
                _ => Words::of("card.note.fits").with("rule", Rule::Length(*first)).with("others", list(others)),
            };
            by_rule(bytes, *first, encoding, Some(note))
        }
        None => unknown(bytes),
    }
}

fn list(rules: &[Length]) -> String {
    rules.iter().map(|rule| Rule::Length(*rule).to_string()).collect::<Vec<_>>().join(", ")
}

/// None fits: what each would say.
fn unknown(bytes: &[u8]) -> Card {
    let said = |(width, endian): &(Width, Endian)| {
        let value = number(part(bytes, &(0..width.bytes())), *endian);
        (bytes.len() >= width.bytes()).then(|| format!("{} → {value}", Rule::Length(usual(*width, *endian))))
    };
    let tried: Vec<String> = USUAL.iter().filter_map(said).collect();
    let problem = Words::of("card.fault.no_prefix").with("length", bytes.len()).with("tried", tried.join(", "));
    let nodes = rest(bytes, 0).map(|node| node.faulty(Some(problem.clone()))).into_iter().collect();
    Card::new(Protocol::LengthPrefix, raw(bytes), nodes, Some(problem), bytes.len())
}

/// The frames of the bytes, why each ends, and where an incomplete one begins.
fn frames(bytes: &[u8], rule: Length) -> (Vec<(Range<usize>, End)>, usize) {
    let mut found = Vec::new();
    let mut start = 0;
    Splitter::new(&Rule::Length(rule)).push(&mut State::default(), bytes, 0, &mut |cut| {
        found.push((start..cut.end, cut.why));
        start = cut.end;
    });
    (found, start)
}

/// Whether the bytes are frames that are all complete, one of them with something in it.
fn divides(bytes: &[u8], rule: Length) -> bool {
    let header = usize::from(rule.offset) + rule.width.bytes();
    let (frames, end) = frames(bytes, rule);
    let whole = frames.iter().all(|(_, why)| matches!(why, End::Complete | End::Cut));
    whole && end == bytes.len() && frames.iter().any(|(range, _)| range.len() > header)
}

fn by_rule(bytes: &[u8], rule: Length, encoding: Encoding, note: Option<Words>) -> Card {
    let (frames, end) = frames(bytes, rule);
    let mut nodes = Vec::new();
    let mut problem = None;
    let mut goes_on = false;
    for (range, why) in &frames {
        let fault = matches!(why, End::BadLength).then(|| Words::of("card.fault.bad_length"));
        problem = problem.or_else(|| fault.clone());
        nodes.push(frame(bytes, range.clone(), rule, encoding, nodes.len() + 1, goes_on).faulty(fault));
        goes_on = *why == End::Cut;
    }
    if end < bytes.len() {
        let fault = Words::of("card.fault.incomplete_frame");
        nodes.push(frame(bytes, end..bytes.len(), rule, encoding, nodes.len() + 1, goes_on).faulty(Some(fault.clone())));
        problem = problem.or(Some(fault));
    }
    if let (Some(first), Some(note)) = (nodes.first_mut(), note) {
        first.note = Some(note);
    }
    let lengths: Vec<String> = nodes.iter().take(16).map(|node| node.value.clone()).collect();
    let summary = format!("{}: {}", Rule::Length(rule), lengths.join(" + "));
    Card::new(Protocol::LengthPrefix, summary, nodes, problem, bytes.len())
}

/// A frame: what stands before the number, the number, what it counts. A piece of a frame that was cut has no number.
fn frame(bytes: &[u8], range: Range<usize>, rule: Length, encoding: Encoding, number_of: usize, goes_on: bool) -> Node {
    let name = Words::of("card.field.frame").with("number", number_of);
    let node = Node::new(name, range.clone(), range.len());
    if goes_on {
        return node.holding(vec![Node::text(Words::of("card.field.payload"), bytes, range, encoding)]);
    }
    let at = range.end.min(range.start + usize::from(rule.offset));
    let after = range.end.min(at + rule.width.bytes());
    let mut parts = Vec::new();
    if at > range.start {
        parts.push(Node::raw(Words::of("card.field.before_length"), bytes, range.start..at));
    }
    let complete = after - at == rule.width.bytes();
    let value = number(part(bytes, &(at..after)), rule.endian);
    parts.push(if complete {
        Node::word("card.field.length", at..after, value)
    } else {
        Node::raw(Words::of("card.field.length"), bytes, at..after)
    });
    if range.end > after {
        parts.push(Node::text(Words::of("card.field.payload"), bytes, after..range.end, encoding));
    }
    node.holding(parts)
}

fn number(bytes: &[u8], endian: Endian) -> u64 {
    let join = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    match endian {
        Endian::Big => bytes.iter().fold(0, join),
        Endian::Little => bytes.iter().rev().fold(0, join),
    }
}
