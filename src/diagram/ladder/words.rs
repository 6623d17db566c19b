//! What is written on a ladder, in both languages. Must never decide what stands there.

use super::join::{Arrow, Fate};
use super::step::{Again, Captured, Failed, Says, Segment, Step};
use crate::describe::{self, Tone};
use crate::diagram::scene::{Certainty, Ink};
use crate::i18n::Language;
use crate::session::event::What;
use crate::traffic::record::Direction;

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
        Says::Call { text, result, failed } => {
            let ink = if *failed == Failed::Yes { Ink::Error } else { Ink::Normal };
            Beside { text: format!("{} = {result}", shortened(text)), ink }
        }
        Says::Send(bytes) => Beside { text: format!("send {} B", grouped(*bytes)), ink: Ink::Sent },
        Says::Receive(bytes) => Beside { text: format!("recv {} B", grouped(*bytes)), ink: Ink::Received },
        Says::Aside(direction, bytes, peer) => {
            let (call, arrow) = match direction {
                Direction::Sent => ("send", "→"),
                Direction::Received => ("recv", "←"),
            };
            Beside { text: format!("{call} {} B {arrow} {peer}", grouped(*bytes)), ink: Ink::Weak }
        }
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

/// A call with its address as people write it: `connect(7, 127.0.0.1:9000)`.
fn shortened(call: &str) -> String {
    let short = || {
        let (before, rest) = call.split_once('{')?;
        let (address, rest) = rest.split_once('}')?;
        let quoted = || Some(address.split_once('"')?.1.split_once('"')?.0);
        let port = address.split_once("htons(").and_then(|(_, rest)| rest.split_once(')')).map(|(port, _)| port);
        let short = match (address.split_once(',').map_or(address, |(family, _)| family), port) {
            ("sa_family=AF_INET", Some(port)) => format!("{}:{port}", quoted()?),
            ("sa_family=AF_INET6", Some(port)) => format!("[{}]:{port}", quoted()?),
            ("sa_family=AF_UNIX", None) => quoted()?.to_owned(),
            _ => return None,
        };
        // What follows is the address's length, and after it the flags, which say nothing here.
        let after = if rest.ends_with(')') { ")" } else { rest };
        Some(format!("{before}{short}{after}"))
    };
    short().unwrap_or_else(|| call.to_owned())
}

/// A note in fewer words than the log has for it; the hint has them all.
fn short(language: Language, what: &What) -> Option<String> {
    let key = match what {
        What::Opening { .. } => "ladder.opening",
        What::Trying { .. } => "ladder.trying",
        What::Connected { .. } => "ladder.connected",
        What::Listening { .. } => "ladder.listening",
        What::Bound { .. } => "ladder.bound",
        What::PeerJoined { .. } => "ladder.joined",
        What::PeerFinished { .. } => "ladder.peer_finished",
        What::Finished { .. } => "ladder.finished",
        What::PeerLeft { ending, .. } | What::Closed { ending } => {
            return Some(language.tr(&format!("ended.{}", ending.by.word())).into_owned());
        }
        What::Trouble(failure) | What::TryFailed(failure) | What::Failed(failure) => {
            return Some(describe::cause_text(language, &failure.cause));
        }
        _ => return None,
    };
    Some(language.tr(key).into_owned())
}

/// All there is to say about a step, for who rests on it or hears it.
pub fn step_hint(language: Language, step: &Step) -> String {
    match &step.says {
        Says::Note(note) => describe::note(language, &note.0).map_or_else(String::new, |(text, _)| text),
        Says::Call { text, result, .. } => format!("{text} = {result}"),
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
    let what = match &drawn.segment {
        Segment::Captured(captured) => format!("{}  {}", captured.flags, captured.details),
        segment => arrow(segment),
    };
    let why = language.tr(key(&drawn.segment)).into_owned();
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
        Segment::Syn => "ladder.why.syn",
        Segment::SynAgain => "ladder.why.syn_again",
        Segment::SynAck => "ladder.why.syn_ack",
        Segment::Ack => "ladder.why.ack",
        Segment::Data { .. } => "ladder.why.data",
        Segment::Fin => "ladder.why.fin",
        Segment::Reset => "ladder.why.reset",
        Segment::Datagram(_) => "ladder.why.datagram",
        Segment::Unreachable => "ladder.why.unreachable",
        Segment::Captured(captured) if captured.again == Again::Retransmitted => "ladder.why.captured_again",
        Segment::Captured(_) => "ladder.why.captured",
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
    fn a_call_names_its_address_as_people_do() {
        let v4 = r#"{sa_family=AF_INET, sin_port=htons(9000), sin_addr=inet_addr("127.0.0.1")}, 16"#;
        let v6 = r#"{sa_family=AF_INET6, sin6_port=htons(9), sin6_addr=inet_pton("::1")}, 28"#;
        let unix = r#"{sa_family=AF_UNIX, sun_path="/run/x"}, 110"#;
        let table = [
            (format!("connect(7, {v4})"), "connect(7, 127.0.0.1:9000)"),
            (format!("bind(7, {v6})"), "bind(7, [::1]:9)"),
            (format!("bind(7, {unix})"), "bind(7, /run/x)"),
            (
                "setsockopt(7, SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=0}, 8)".to_owned(),
                "setsockopt(7, SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=0}, 8)",
            ),
            ("listen(7, 5)".to_owned(), "listen(7, 5)"),
        ];
        for (call, expected) in table {
            assert_eq!(shortened(&call), expected);
        }
    }

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
