//! What a program sees that frames the stream by a rule, whatever the reads were: the cure for 粘包. Must never show a frame whose
//! beginning it does not know.

use super::Chunk;
use crate::codec::framing::{Cut, End, Rule, Splitter, State};
use crate::traffic::record::RecordId;
use std::ops::Range;

/// A frame and its place in the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Framed {
    /// Its place.
    pub range: Range<u64>,
    /// The record whose read completed it.
    pub record: RecordId,
    /// Why it ends; [`End::Unfinished`] for one that waits for more.
    pub end: End,
}

/// The frames of a lane of reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frames {
    /// There is no rule.
    Off,
    /// The view begins in the middle of a stream, where this rule does not tell what begins.
    Unknown,
    /// These.
    Known(Vec<Framed>),
}

/// Frames a lane of reads, from the first place in it where a frame certainly begins: the stream's beginning, else what follows a line
/// end, a delimiter or a silence, or a multiple of a fixed length.
pub fn frames(rule: &Rule, reads: &[Chunk]) -> Frames {
    if *rule == Rule::None {
        return Frames::Off;
    }
    let Some(first) = reads.first() else { return Frames::Known(Vec::new()) };
    // Bytes before the first certain beginning; the first frame that the splitter finds from the view's beginning ends there.
    let skip = match rule {
        _ if first.offset == 0 => Some(0),
        Rule::Line | Rule::Delimiter(_) | Rule::Idle(_) => None,
        Rule::Fixed(length) => Some((u64::from(length.get()) - first.offset % u64::from(length.get())) % u64::from(length.get())),
        Rule::None | Rule::Length(_) | Rule::Json => return Frames::Unknown,
    };
    let splitter = Splitter::new(rule);
    let mut state = State::default();
    let mut found = Vec::new();
    let begin = skip.map(|skip| first.offset + skip);
    let mut start = begin;
    let mut next = first.offset;
    for (index, read) in reads.iter().enumerate() {
        if read.offset != next {
            // Records are gone in between: what is under way will not be completed, and what follows begins anywhere.
            return Frames::Known(found);
        }
        next = read.end();
        let ahead = begin.map_or(0, |begin| begin.saturating_sub(read.offset)).min(read.bytes.len() as u64) as usize;
        let base = read.offset + ahead as u64;
        splitter.push(&mut state, &read.bytes[ahead..], read.at.0, &mut |Cut { end, why }| {
            let end = base + end as u64;
            if let Some(start) = start.filter(|start| *start < end) {
                // Where only these bytes showed that it had ended, the read before completed it.
                let by = if end == base { reads[index.saturating_sub(1)].record } else { read.record };
                found.push(Framed { range: start..end, record: by, end: why });
            }
            start = Some(end);
        });
    }
    if let (Some(start), Some(last)) = (start.filter(|start| *start < next), reads.last()) {
        found.push(Framed { range: start..next, record: last.record, end: End::Unfinished });
    }
    Frames::Known(found)
}
