//! What was turned on a session, and what a receive buffer that is too small cost, in words. Must never know who turned it.

use super::number::{grouped, size_text};
use crate::i18n::Language;
use crate::session::knob::Knob;
use crate::session::spec::{Reading, Switch};

/// What was turned.
pub fn turned(language: Language, knob: &Knob) -> String {
    match knob {
        Knob::Reading(reading) => read(language, reading),
        Knob::NoDelay(switch) => language.tr(of(*switch, "knob.no_delay_on", "knob.no_delay_off")).into_owned(),
        Knob::Accepting(switch) => language.tr(of(*switch, "knob.accepting_on", "knob.accepting_off")).into_owned(),
        Knob::Buffers { peer, receive, send } => {
            let remote = peer.map_or_else(String::new, |peer| peer.address.to_string());
            let values: [(&str, &dyn std::fmt::Display); 3] =
                [("receive", &grouped(*receive)), ("send", &grouped(*send)), ("remote", &remote)];
            let key = if peer.is_some() { "knob.buffers_of" } else { "knob.buffers" };
            language.tr_with(key, &values)
        }
    }
}

fn of(switch: Switch, on: &'static str, off: &'static str) -> &'static str {
    if switch.is_on() { on } else { off }
}

fn read(language: Language, reading: &Reading) -> String {
    if reading.held.is_on() {
        return language.tr("knob.reading_held").into_owned();
    }
    let size = reading.size.map(|size| size_text(u64::from(size)));
    let pause = reading.pause.map(|pause| pause.as_millis());
    match (size, pause) {
        (None, None) => language.tr("knob.reading_free").into_owned(),
        (Some(size), None) => language.tr_with("knob.reading_size", &[("size", &size)]),
        (None, Some(pause)) => language.tr_with("knob.reading_pause", &[("pause", &pause)]),
        (Some(size), Some(pause)) => language.tr_with("knob.reading_both", &[("size", &size), ("pause", &pause)]),
    }
}

/// A datagram of which not everything was kept.
pub fn truncated(language: Language, kept: u64, whole: Option<u64>) -> String {
    match whole {
        Some(whole) => {
            let lost = whole.saturating_sub(kept);
            let values: [(&str, &dyn std::fmt::Display); 3] =
                [("kept", &grouped(kept)), ("whole", &grouped(whole)), ("lost", &grouped(lost))];
            language.tr_with("knob.truncated", &values)
        }
        None => language.tr_with("knob.truncated_somewhere", &[("kept", &grouped(kept))]),
    }
}
