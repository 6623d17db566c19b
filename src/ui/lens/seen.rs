//! What was found out about the bytes under the lens, once for the same bytes. Must never be worked out again in a frame in which nothing
//! has changed.

use super::subject::Subject;
use crate::codec::cells::{Cell, Excerpt, cells};
use crate::codec::detect::{Candidate, Guess, Verdict, judge};
use crate::codec::differences::{Difference, Kind, differences};
use crate::codec::encoding::Encoding;
use std::ops::Range;

/// What is known of some bytes.
pub struct Seen {
    subject: Subject,
    /// Which of them were judged; `None` for all.
    pub picked: Option<Range<isize>>,
    /// What they may be.
    pub verdict: Verdict,
    /// A row for each encoding, best first.
    pub rows: Vec<Row>,
    /// The bytes that are drawn: a few that stand before, the bytes, a few that stand after.
    pub drawn: Vec<u8>,
    /// Where the drawn ones begin.
    pub start: isize,
    /// How many are looked at.
    pub length: isize,
}

/// The bytes in one encoding.
pub struct Row {
    /// Which.
    pub encoding: Encoding,
    /// How likely it is, and why.
    pub candidate: Candidate,
    /// Its characters.
    pub cells: Vec<Cell>,
    /// What is worth knowing about it here.
    pub differences: Vec<Difference>,
}

/// Bytes drawn of what stands before: no character is longer than one more.
const DRAWN_BEFORE: usize = 3;

impl Seen {
    /// Looks at bytes, and judges the selected ones of them.
    pub fn of(subject: &Subject, picked: Option<Range<isize>>) -> Self {
        let excerpt = Excerpt {
            before: &subject.around.before,
            bytes: &subject.bytes,
            after: &subject.around.after,
            stream_offset: subject.offset,
            ends: subject.ends,
        };
        let judged = picked.as_ref().and_then(|range| {
            let place = |byte: isize| usize::try_from(byte).ok();
            subject.bytes.get(place(range.start.max(0))?..place(range.end)?.min(subject.bytes.len()))
        });
        let verdict = judge(judged.unwrap_or(&subject.bytes));
        let row = |candidate: &Candidate| match candidate.guess {
            Guess::Text(encoding) => {
                let cells = cells(encoding, &excerpt);
                let mut differences = differences(encoding, &cells, &subject.bytes);
                // A byte order mark is one where a stream begins, or a datagram.
                let is_mark = |kind: &Kind| matches!(kind, Kind::Bom(_) | Kind::BomOfOther { .. });
                differences.retain(|difference| subject.offset == 0 || !is_mark(&difference.kind));
                Some(Row { encoding, candidate: candidate.clone(), cells, differences })
            }
            Guess::Binary => None,
        };
        let rows = verdict.candidates.iter().filter_map(row).collect();
        let before = &subject.around.before;
        let before = before.get(before.len().saturating_sub(DRAWN_BEFORE)..).unwrap_or_default();
        Self {
            rows,
            verdict,
            picked,
            drawn: [before, &subject.bytes, &subject.around.after].concat(),
            start: -(before.len() as isize),
            length: subject.bytes.len() as isize,
            subject: subject.clone(),
        }
    }

    /// Whether it is about these bytes.
    pub fn is_of(&self, subject: &Subject) -> bool {
        self.subject.same_bytes(subject)
    }
}
