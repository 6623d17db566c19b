//! What happened, in words: the one place that turns failures, endings and notes into sentences, in both languages, for the window,
//! the twin and the saved log. Must never decide anything.

mod card;
mod framing;
mod knob;
mod lens;
mod message;
mod messenger;
mod mojibake;
mod number;
mod relay;
mod unix;
mod verdict;

use crate::i18n::Language;
use crate::session::event::{Dialled, EndedBy, Ending, Place, What};
use crate::session::failure::{Cause, Failure, Operation};
use crate::session::spec::Switch;
use crate::session::storage::Storage;

pub use card::{Line, card_lines, card_problem, card_words, protocol_name};
pub use framing::rule_error;
pub use lens::{character, difference, fault, lacking};
pub use message::message_error;
pub use messenger::messenger_problem;
pub use mojibake::{mojibake, mojibake_confidence, mojibake_outcome, mojibake_part, mojibake_report, mojibake_story};
pub use number::{grouped, size_text};
pub use relay::{impaired, impairment, tally};
pub use unix::{path_error, place, who};
pub use verdict::{guess, reason, settle, verdict};

/// How a note is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Something that happens.
    Note,
    /// Something that began as wished.
    Good,
    /// Something was lost or refused; the session goes on.
    Warning,
    /// Something failed.
    Error,
}

/// A failure in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Operation, address, cause and the system's number.
    pub what: String,
    /// What to do next.
    pub advice: String,
}

/// A failure in words: operation, address, cause, number; and the next step.
pub fn failure(language: Language, failure: &Failure) -> Told {
    let Failure { operation, address, cause, os_code } = failure;
    let step = match operation {
        Operation::Option(name) => language.tr_with("op.setsockopt", &[("option", name)]),
        other => language.tr(&format!("op.{}", other.word())).into_owned(),
    };
    let step = if address.is_empty() { step } else { format!("{step} {address}") };
    let code = os_code.map_or_else(String::new, |code| language.tr_with("failure.code", &[("code", &code)]));
    let reason = cause_text(language, cause);
    Told {
        what: language.tr_with("failure.sentence", &[("step", &step), ("reason", &reason), ("code", &code)]),
        advice: advice(language, failure),
    }
}

/// What to do next. Where records are kept is a setting; where they are recorded to, the user has just said.
fn advice(language: Language, failure: &Failure) -> String {
    if let Cause::CaptureNotPermitted { program } = &failure.cause {
        return language.tr_with("advice.capture-not-permitted", &[("program", &quoted_path(program))]);
    }
    let key = match (failure.operation, &failure.cause) {
        (Operation::Record, Cause::DiskFull) => "advice.record-disk-full".to_owned(),
        (Operation::Record, Cause::NotWritable) => "advice.record-not-writable".to_owned(),
        // Whoever binds may replace the file, whoever connects needs the one that should hold it.
        (Operation::Bind, Cause::StaleSocket) => "advice.bind-stale-socket".to_owned(),
        (Operation::Bind, Cause::ClosedFile) => "advice.bind-closed-file".to_owned(),
        // There are no ports to choose from.
        (_, Cause::AddressInUse(_)) if failure.address.starts_with("unix:") => "unix.advice_in_use".to_owned(),
        (_, cause) => format!("advice.{}", cause.word()),
    };
    language.tr(&key).into_owned()
}

/// A path as a shell takes it: in quotes where it has blanks or signs of the shell's own.
fn quoted_path(path: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || "/._-+".contains(character);
    if path.chars().all(plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

/// A failure and its next step in one line.
pub fn with_advice(language: Language, problem: &Failure) -> String {
    let Told { what, advice } = failure(language, problem);
    // A Chinese full stop brings its own space.
    let space = if language == Language::Chinese { "" } else { " " };
    format!("{what}{space}{advice}")
}

/// The cause alone.
pub fn cause_text(language: Language, cause: &Cause) -> String {
    match cause {
        Cause::AddressInUse(Some(owner)) => {
            let name = owner.name.as_deref().unwrap_or("?");
            language.tr_with("cause.address-in-use-by", &[("name", &name), ("pid", &owner.pid)])
        }
        Cause::BeyondBuffer { length, buffer } => {
            language.tr_with("cause.beyond-buffer", &[("length", &grouped(*length as u64)), ("buffer", &grouped(*buffer as u64))])
        }
        Cause::MessageTooLong { length } if *length > 0 => language.tr_with("cause.message-too-long-by", &[("length", length)]),
        Cause::Unencodable(reason) | Cause::Other(reason) => reason.clone(),
        other => language.tr(&format!("cause.{}", other.word())).into_owned(),
    }
}

/// Why something ended and after how much.
pub fn ending(language: Language, ending: &Ending) -> String {
    let by = match &ending.by {
        EndedBy::Error(problem) => failure(language, problem).what,
        other => language.tr(&format!("ended.{}", other.word())).into_owned(),
    };
    language.tr_with("ended.after", &[("by", &by), ("received", &grouped(ending.received)), ("sent", &grouped(ending.sent))])
}

/// A note in one line, and how it is to be taken; `None` for what is no note (data, and what leaves no record).
pub fn note(language: Language, what: &What) -> Option<(String, Tone)> {
    let tr = |key: &str, values: &[(&str, &dyn std::fmt::Display)]| language.tr_with(key, values);
    Some(match what {
        What::Opening { .. } => (tr("note.opening", &[]), Tone::Note),
        What::Resolved { host, addresses } => {
            let list = addresses.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(", ");
            (tr("note.resolved", &[("host", host), ("addresses", &list)]), Tone::Note)
        }
        What::Trying { remote } => (tr("note.trying", &[("remote", remote)]), Tone::Note),
        What::TryFailed(problem) => (failure(language, problem).what, Tone::Warning),
        What::Connected { peer, local } => {
            (tr("note.connected", &[("remote", &peer.address), ("local", &place(language, *local))]), Tone::Good)
        }
        What::PeerIs { peer, credentials } => (unix::peer_is(language, peer.address, credentials), Tone::Note),
        What::Retrying { after, attempt } => {
            let seconds = format!("{:.1}", after.as_secs_f32());
            (tr("note.retrying", &[("seconds", &seconds), ("attempt", attempt)]), Tone::Warning)
        }
        What::Listening { local } => (tr("note.listening", &[("local", local)]), Tone::Good),
        What::Bound { local, receive_buffer } => {
            (tr("note.bound", &[("local", &place(language, *local)), ("buffer", &(receive_buffer / 1024))]), Tone::Good)
        }
        // Nobody connects with datagrams.
        What::PeerJoined { peer, .. } if peer.stream().is_none() => {
            (tr("relay.joined", &[("remote", &peer.address)]), Tone::Good)
        }
        What::PeerJoined { peer, .. } => (tr("note.joined", &[("remote", &peer.address)]), Tone::Good),
        What::Dialled(dialled) => {
            let Dialled { client, target, local } = &**dialled;
            let values: &[(&str, &dyn std::fmt::Display)] =
                &[("client", &client.address), ("target", &target.address), ("local", local)];
            (tr("relay.dialled", values), Tone::Good)
        }
        What::ImpairmentSet(set) => (tr("relay.set", &[("what", &impairment(language, set))]), Tone::Note),
        What::Impaired(one) => impaired(language, one),
        What::Gap { datagrams, bytes, place } => {
            let key = match place {
                Place::Kernel => "note.gap_kernel",
                Place::Sockscope => "note.gap_sockscope",
                Place::Capture => "note.gap_capture",
            };
            (tr(key, &[("datagrams", datagrams), ("bytes", &bytes.unwrap_or(0))]), Tone::Error)
        }
        What::Truncated { kept, whole, .. } => (knob::truncated(language, *kept, *whole), Tone::Error),
        What::PeerFinished { peer } => {
            let key = if peer.address.ip().is_some() { "note.peer_finished" } else { "unix.peer_finished" };
            (tr(key, &[("remote", &peer.address)]), Tone::Note)
        }
        What::Finished { peer } => {
            let key = if peer.address.ip().is_some() { "note.finished" } else { "unix.finished" };
            (tr(key, &[("remote", &peer.address)]), Tone::Note)
        }
        What::PeerLeft { peer, ending: how } => {
            let tone = if how.by.is_orderly() { Tone::Note } else { Tone::Error };
            (tr("note.left", &[("remote", &peer.address), ("ending", &ending(language, how))]), tone)
        }
        What::Unsent { messages, bytes, reason, peer } => {
            let key = format!("note.unsent-{}", reason.word());
            let to = peer.map_or_else(String::new, |peer| peer.address.to_string());
            (tr(&key, &[("messages", messages), ("bytes", bytes), ("remote", &to)]), Tone::Error)
        }
        What::Trouble(problem) => (with_advice(language, problem), Tone::Error),
        What::SentPartly { peer, sent, length } => {
            (tr("note.partly", &[("remote", &peer.address), ("sent", sent), ("length", length)]), Tone::Error)
        }
        What::RepeatStarted { every, times } => {
            let every = every.as_millis();
            match times {
                Some(times) => (tr("note.repeat_times", &[("every", &every), ("times", times)]), Tone::Note),
                None => (tr("note.repeat", &[("every", &every)]), Tone::Note),
            }
        }
        What::RepeatEnded { sent } => (tr("note.repeat_ended", &[("sent", sent)]), Tone::Note),
        What::BroadcastSet(Switch::On) => (tr("note.broadcast_on", &[]), Tone::Note),
        What::BroadcastSet(Switch::Off) => (tr("note.broadcast_off", &[]), Tone::Note),
        What::Turned(turned) => (knob::turned(language, turned), Tone::Note),
        What::GroupJoined(group) => (tr("note.group_joined", &[("group", group)]), Tone::Good),
        What::GroupLeft(group) => (tr("note.group_left", &[("group", group)]), Tone::Note),
        What::Failed(problem) => (with_advice(language, problem), Tone::Error),
        What::Closed { ending: how } => {
            let tone = if how.by.is_orderly() { Tone::Note } else { Tone::Error };
            (tr("note.closed", &[("ending", &ending(language, how))]), tone)
        }
        What::Storage(Storage::Held { limit }) => (tr("note.storage-held", &[("limit", &size_text(*limit))]), Tone::Warning),
        What::Storage(Storage::Released) => (tr("note.storage-released", &[]), Tone::Good),
        What::Storage(Storage::Resumed { records, bytes }) => {
            let tone = if *records > 0 { Tone::Error } else { Tone::Good };
            let key = if *records > 0 { "note.storage-resumed" } else { "note.storage-resumed_whole" };
            (tr(key, &[("records", &grouped(*records)), ("bytes", &grouped(*bytes))]), tone)
        }
        What::Storage(Storage::Recording { records, bytes }) => {
            let tone = if *records > 0 { Tone::Error } else { Tone::Good };
            let key = if *records > 0 { "note.storage-recording" } else { "note.storage-recording_whole" };
            (tr(key, &[("records", &grouped(*records)), ("bytes", &grouped(*bytes))]), tone)
        }
        What::Received { .. } | What::Sent { .. } | What::Called(_) | What::Cleared | What::CountersReset | What::Forgotten => {
            return None;
        }
    })
}
