//! What was found out about the bytes under the lens, once for the same bytes. Must never be worked out again in a frame in which nothing
//! has changed.

use super::subject::Subject;
use crate::codec::cells::{Cell, Content, Excerpt, cells};
use crate::codec::detect::{Candidate, Guess, Verdict, judge};
use crate::codec::differences::{Difference, Kind, differences};
use crate::codec::encoding::Encoding;
use std::ops::Range;

/// What is known of some bytes.
pub struct Seen {
    subject: Subject,
    /// Which of them were judged; `None` for all.
    pub picked: Option<Range<isize>>,
    /// What those may be.
    pub verdict: Verdict,
    /// A row for each encoding and one for no text, the best for all bytes first: it stays where it is while some are selected.
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
    /// Which; `None` for no text.
    pub encoding: Option<Encoding>,
    /// How likely it is for the bytes that were judged, and why.
    pub candidate: Candidate,
    /// Its characters.
    pub cells: Vec<Cell>,
    /// What is worth knowing about it here.
    pub differences: Vec<Difference>,
}

/// Bytes drawn of what stands before: no character is longer than one more.
const DRAWN_BEFORE: usize = 3;
/// Characters of another reading that a sentence quotes.
const QUOTED: usize = 12;

impl Seen {
    /// Looks at bytes.
    pub fn of(subject: &Subject) -> Self {
        let excerpt = Excerpt {
            before: &subject.around.before,
            bytes: &subject.bytes,
            after: &subject.around.after,
            stream_offset: subject.offset,
            ends: subject.ends,
        };
        let mut verdict = judge(&subject.bytes);
        let row = |candidate: &Candidate| {
            let encoding = match candidate.guess {
                Guess::Text(encoding) => Some(encoding),
                Guess::Binary => None,
            };
            let cells = encoding.map_or_else(Vec::new, |encoding| cells(encoding, &excerpt));
            let mut differences = encoding.map_or_else(Vec::new, |encoding| differences(encoding, &cells, &subject.bytes));
            // A byte order mark is one where a stream begins, or a datagram.
            let is_mark = |kind: &Kind| matches!(kind, Kind::Bom(_) | Kind::BomOfOther { .. });
            differences.retain(|difference| subject.offset == 0 || !is_mark(&difference.kind));
            Row { encoding, candidate: candidate.clone(), cells, differences }
        };
        let rows: Vec<Row> = verdict.candidates.iter().map(row).collect();
        // What is quoted is what stands in the boxes: the bytes before may complete the first character.
        if let Some(rival) = &mut verdict.rival
            && let Guess::Text(encoding) = rival.guess
            && !subject.around.before.is_empty()
            && let Some(row) = rows.iter().find(|row| row.encoding == Some(encoding))
        {
            rival.excerpt = quoted(&row.cells, &subject.bytes);
        }
        let before = &subject.around.before;
        let before = before.get(before.len().saturating_sub(DRAWN_BEFORE)..).unwrap_or_default();
        Self {
            rows,
            verdict,
            picked: None,
            drawn: [before, &subject.bytes, &subject.around.after].concat(),
            start: -(before.len() as isize),
            length: subject.bytes.len() as isize,
            subject: subject.clone(),
        }
    }

    /// Judges some of the bytes; `None` for all again. The rows stay in their order, so that none moves away under the pointer.
    pub fn pick(&mut self, picked: Option<Range<isize>>) {
        if picked == self.picked {
            return;
        }
        let place = |byte: isize| usize::try_from(byte.max(0)).unwrap_or_default().min(self.subject.bytes.len());
        let judged = picked.as_ref().and_then(|range| self.subject.bytes.get(place(range.start)..place(range.end)));
        self.verdict = judge(judged.unwrap_or(&self.subject.bytes));
        for row in &mut self.rows {
            let found = self.verdict.candidates.iter().find(|candidate| candidate.guess == row.candidate.guess);
            match found {
                Some(candidate) => row.candidate = candidate.clone(),
                None => row.candidate.confidence = 0.0,
            }
        }
        self.picked = picked;
    }

    /// Whether it is about these bytes.
    pub fn is_of(&self, subject: &Subject) -> bool {
        self.subject.same_bytes(subject)
    }
}

/// The first characters of some cells, with `\xHH` for what does not decode.
fn quoted(cells: &[Cell], bytes: &[u8]) -> String {
    let mut text = String::new();
    for cell in cells.iter().take(QUOTED) {
        match &cell.content {
            Content::Character(character) => text.push(*character),
            Content::Characters(characters) => text.push_str(characters),
            Content::Switch => {}
            Content::Invalid(_) | Content::Unfinished => {
                let own = cell.bytes.clone().filter_map(|byte| usize::try_from(byte).ok().and_then(|byte| bytes.get(byte)));
                own.for_each(|byte| text.push_str(&format!("\\x{byte:02X}")));
            }
        }
    }
    if cells.len() > QUOTED {
        text.push('…');
    }
    text
}
