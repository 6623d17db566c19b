//! The garbled lines of a text that is ordinary as a whole, such as a log. It must never touch a line that nothing explains, and never
//! search one that is all ASCII.

use std::collections::HashMap;

use super::search::{Found, MARGIN};
use super::{Diagnosis, Outcome, Step, TOLD, Why, explained, outcome_of};

/// From how many characters a line is looked at in pieces too.
const LONG: usize = 48;
/// From how many characters a piece of a long line ends at the next blank.
const PIECE: usize = 12;

/// A text in parts, and what was found in each.
struct Judged<'a> {
    /// The number of its line, from 1, and the part.
    parts: Vec<(usize, &'a str)>,
    found: HashMap<&'a str, Option<(f32, Found)>>,
}

/// What happened to single lines: a diagnosis for each chain of misreadings, the one that mends most lines first. Each has the whole text
/// with its own lines mended.
pub(super) fn judge(text: &str) -> Vec<Diagnosis> {
    let judged = Judged::of(text);
    let mut chains: Vec<(usize, &[Step])> = Vec::new();
    for (_, part) in &judged.parts {
        let Some((_, found)) = judged.of_part(part) else { continue };
        match chains.iter_mut().find(|(_, chain)| *chain == found.chain.as_slice()) {
            Some((count, _)) => *count += 1,
            None => chains.push((1, &found.chain)),
        }
    }
    chains.sort_by(|(a, _), (b, _)| b.cmp(a));
    chains.into_iter().take(TOLD).map(|(_, chain)| judged.diagnosis(chain)).collect()
}

impl<'a> Judged<'a> {
    fn of(text: &'a str) -> Self {
        // Every line is another chance to be wrong: a bit more is asked for whenever they double.
        let lines = text.lines().filter(|line| !line.is_ascii()).count();
        let margin = MARGIN + (lines.max(1) as f32).log2();
        let mut judged = Self { parts: Vec::new(), found: HashMap::from([(text, None)]) };
        for (number, line) in (1..).zip(text.split_inclusive('\n')) {
            let (line, end) = line.split_at(line.trim_end_matches(['\r', '\n']).len());
            let is_short = line.is_ascii() || line.chars().nth(LONG).is_none();
            if judged.judge(line, margin) || is_short {
                judged.parts.push((number, line));
            } else {
                for piece in pieces(line) {
                    judged.judge(piece, margin);
                    judged.parts.push((number, piece));
                }
            }
            judged.parts.push((number, end));
        }
        judged
    }

    /// Whether a part is garbled. Equal ones are looked at once.
    fn judge(&mut self, part: &'a str, margin: f32) -> bool {
        self.found.entry(part).or_insert_with(|| explained(part, margin).into_iter().next()).is_some()
    }

    fn of_part(&self, part: &str) -> Option<&(f32, Found)> {
        self.found.get(part)?.as_ref()
    }

    fn diagnosis(&self, chain: &[Step]) -> Diagnosis {
        let mut mended = String::new();
        let (mut lost, mut replaced, mut confidence) = (0, 0, 1.0_f32);
        let mut lines = Vec::new();
        let mut something = false;
        for (number, part) in &self.parts {
            let Some((sure, found)) = self.of_part(part).filter(|(_, found)| found.chain == chain) else {
                lost += part.matches(char::REPLACEMENT_CHARACTER).count();
                mended.push_str(part);
                continue;
            };
            let undone = &found.undone;
            let text = undone.text.strip_prefix('\u{FEFF}').unwrap_or(&undone.text);
            something |= !matches!(outcome_of(text.to_owned(), undone.lost, undone.replaced), Outcome::Gone(_));
            mended.push_str(text);
            lost += undone.lost;
            replaced += undone.replaced;
            confidence = confidence.min(*sure);
            if lines.last() != Some(number) {
                lines.push(*number);
            }
        }
        let outcome = match something {
            true => outcome_of(mended, lost, replaced),
            false => Outcome::Gone(Why::Replaced { count: lost + replaced }),
        };
        Diagnosis { lines, chain: chain.to_vec(), ..Diagnosis::new(outcome, confidence) }
    }
}

/// A long line cut behind blanks.
fn pieces(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut from, mut count) = (0, 0);
    for (at, character) in line.char_indices() {
        count += 1;
        if count >= PIECE && character == ' ' {
            pieces.extend(line.get(from..=at));
            (from, count) = (at + 1, 0);
        }
    }
    pieces.extend(line.get(from..));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_line() {
        for line in ["", "abc", &"设备 正常 ".repeat(40), &"x".repeat(200), &" ".repeat(100)] {
            let pieces = pieces(line);
            assert_eq!(pieces.concat(), line);
            assert!(pieces.iter().all(|piece| !piece.contains(' ') || piece.chars().count() <= PIECE + 2), "{pieces:?}");
        }
    }
}
