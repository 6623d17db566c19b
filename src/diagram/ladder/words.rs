//! What is written on a ladder, in both languages. Must never decide what stands there.

use super::join::{Arrow, Fate};
use super::step::{Again, Captured, Failed, Says, Segment, Step};
use crate::describe::{self, Tone};
use crate::diagram::scene::{Certainty, Ink};
use crate::i18n::Language;
use crate::session::event::What;

/// What stands beside a life-line.
pub struct Beside {
    /// In one line; it may be longer than there is room.
    pub text: String,
    /// How it is to be taken.
    pub ink: Ink,
}

/// What stands beside the life-line at a step; `None` for nothing.
pub fn beside(language: Language, step: &Step) -> Option<Beside> {
    let grouped = describe::grouped;
    Some(match &step.says {
        Says::Nothing => return None,
        Says::Call { text, result, failed: Failed::No } => Beside { text: format!("{text} = {result}"), ink: Ink::Normal },
        Says::Call { text, result, failed: Failed::Yes } => Beside { text: format!("{text} = {result}"), ink: Ink::Error },
        Says::Send(bytes) => Beside { text: format!("send {} B", grouped(*bytes)), ink: Ink::Sent },
        Says::Receive(bytes) => Beside { text: format!("recv {} B", grouped(*bytes)), ink: Ink::Received },
        Says::More(count) => Beside { text: language.tr_with("ladder.more", &[("count", &grouped(*count))]), ink: Ink::Weak },
        Says::Note(note) => {
            let (text, tone) = describe::note(language, &note.0)?;
            let ink = match tone {
                Tone::Error => Ink::Error,
                Tone::Warning => Ink::Warning,
                Tone::Note | Tone::Good => Ink::Weak,
            };
            Beside { text: short(language, &note.0).unwrap_or(text), ink }
        }
    })
}

/// A note in fewer words than the log has for it; the hint has them all.
fn short(language: Language, what: &What) -> Option<String> {
    let key = match what {
        What::Opening { .. } => "opening",
        What::Trying { .. } => "trying",
        What::Connected { .. } => "connected",
        What::Listening { .. } => "listening",
        What::Bound { .. } => "bound",
        What::PeerJoined { .. } => "joined",
        What::PeerFinished { .. } => "peer_finished",
        What::Finished { .. } => "finished",
        What::PeerLeft { ending, .. } | What::Closed { ending } => {
            return Some(language.tr(&format!("ended.{}", ending.by.word())).into_owned());
        }
        What::Trouble(failure) | What::TryFailed(failure) | What::Failed(failure) => {
            return Some(describe::cause_text(language, &failure.cause));
        }
        _ => return None,
    };
    Some(language.tr(&format!("ladder.{key}")).into_owned())
}

/// All there is to say about a step, for who rests on it or hears it.
pub fn step_hint(language: Language, step: &Step) -> String {
    match &step.says {
        Says::Note(note) => describe::note(language, &note.0).map_or_else(String::new, |(text, _)| text),
        _ => beside(language, step).map_or_else(String::new, |beside| beside.text),
    }
}

/// What is written at an arrow.
pub fn arrow(segment: &Segment) -> String {
    match segment {
        Segment::Syn | Segment::SynAgain => "SYN".into(),
        Segment::SynAck => "SYN, ACK".into(),
        Segment::Ack => "ACK".into(),
        Segment::Data { bytes, .. } => format!("{} B", describe::grouped(*bytes)),
        Segment::Fin => "FIN".into(),
        Segment::Reset => "RST".into(),
        Segment::Datagram(bytes) => format!("UDP {} B", describe::grouped(bytes.len() as u64)),
        Segment::Unreachable => "ICMP".into(),
        Segment::Captured(captured) => captured_text(captured),
    }
}

fn captured_text(captured: &Captured) -> String {
    let Captured { flags, figures, .. } = captured;
    if figures.is_empty() { flags.clone() } else { format!("{flags}  {figures}") }
}

/// What an arrow is, why it is there, and whether it was seen.
pub fn arrow_hint(language: Language, drawn: &Arrow) -> String {
    let what = arrow(&drawn.segment);
    let why = language.tr(&format!("ladder.why.{}", key(&drawn.segment))).into_owned();
    let seen = language.tr(match (drawn.fate, drawn.certainty) {
        (Fate::Lost, _) => "ladder.lost",
        (Fate::Came, Certainty::Observed) => "ladder.observed",
        (Fate::Came, Certainty::Inferred) => "ladder.inferred",
    });
    let stop = if language == Language::Chinese { "。" } else { ". " };
    format!("{what}: {why}{stop}{seen}")
}

fn key(segment: &Segment) -> &'static str {
    match segment {
        Segment::Syn => "syn",
        Segment::SynAgain => "syn_again",
        Segment::SynAck => "syn_ack",
        Segment::Ack => "ack",
        Segment::Data { .. } => "data",
        Segment::Fin => "fin",
        Segment::Reset => "reset",
        Segment::Datagram(_) => "datagram",
        Segment::Unreachable => "unreachable",
        Segment::Captured(captured) if captured.again == Again::Retransmitted => "captured_again",
        Segment::Captured(_) => "captured",
    }
}

/// A pause as it is written down.
pub fn pause(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{:.1} ms", micros as f64 / 1e3),
        1_000_000..60_000_000 => format!("{:.1} s", micros as f64 / 1e6),
        60_000_000..3_600_000_000 => format!("{} min {} s", micros / 60_000_000, micros / 1_000_000 % 60),
        _ => format!("{} h {} min", micros / 3_600_000_000, micros / 60_000_000 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_have_two_figures_that_matter() {
        let table = [
            (0, "0 µs"),
            (999, "999 µs"),
            (1_249, "1.2 ms"),
            (1_500_000, "1.5 s"),
            (61_000_000, "1 min 1 s"),
            (7_260_000_000, "2 h 1 min"),
        ];
        for (micros, expected) in table {
            assert_eq!(pause(micros), expected);
        }
    }
}
