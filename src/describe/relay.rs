//! What a relay is asked to do and what it did, in words. It must never decide anything.

use super::{Tone, grouped};
use crate::i18n::Language;
use crate::session::impairment::{Done, Impaired, Impairment, Rechunk, Spot, Stall, Tally};
use std::fmt::Display;
use std::time::Duration;

/// What was done to a datagram or to the bytes of a read, in one line with both ends.
pub fn impaired(language: Language, impaired: &Impaired) -> (String, Tone) {
    let Impaired { from, to, spot, length, done, .. } = impaired;
    let words: Vec<String> = done.iter().map(|done| done_text(language, *done)).collect();
    let done_words = words.join(&language.tr("relay.and"));
    let (key, place) = match spot {
        Spot::Datagram(number) => ("relay.datagram", *number),
        Spot::Stream(offset) if *length == 0 => ("relay.stream_at", *offset),
        Spot::Stream(offset) => ("relay.stream", *offset),
    };
    let (place, length) = (grouped(place), grouped(*length));
    let values: &[(&str, &dyn Display)] =
        &[("from", &from.address), ("to", &to.address), ("place", &place), ("length", &length), ("done", &done_words)];
    // What is done on purpose is no error; what is lost by it should be seen.
    let loses = done.iter().any(|done| done.loses() || *done == Done::Reset);
    (language.tr_with(key, values), if loses { Tone::Warning } else { Tone::Note })
}

fn done_text(language: Language, done: Done) -> String {
    let tr = |key: &str, values: &[(&str, &dyn Display)]| language.tr_with(key, values);
    match done {
        Done::Dropped => tr("relay.done-dropped", &[]),
        Done::Overflowed => tr("relay.done-overflowed", &[]),
        Done::Delayed(by) => tr("relay.done-delayed", &[("ms", &millis(by))]),
        Done::Repeated => tr("relay.done-repeated", &[]),
        Done::HeldBack => tr("relay.done-held-back", &[]),
        Done::NotOvertaken => tr("relay.done-not-overtaken", &[]),
        Done::Cut(pieces) => tr("relay.done-cut", &[("pieces", &grouped(pieces))]),
        Done::Slowed(rate) => tr("relay.done-slowed", &[("rate", &grouped(rate))]),
        Done::Stalled(pause) => tr("relay.done-stalled", &[("ms", &millis(pause))]),
        Done::Reset => tr("relay.done-reset", &[]),
    }
}

/// What a relay does to what passes, all of it, in one line.
pub fn impairment(language: Language, impairment: &Impairment) -> String {
    if impairment.does_nothing() {
        return language.tr("relay.nothing").into_owned();
    }
    let Impairment { seed, drop, repeat, reorder, delay, jitter, rechunk, rate, stall, reset } = *impairment;
    let mut parts = Vec::new();
    let mut put = |key: &str, values: &[(&str, &dyn Display)]| parts.push(language.tr_with(key, values));
    for (key, share) in [("relay.does_drop", drop), ("relay.does_repeat", repeat), ("relay.does_reorder", reorder)] {
        if !share.is_none() {
            put(key, &[("share", &share)]);
        }
    }
    if !delay.is_zero() {
        put("relay.does_delay", &[("ms", &millis(delay))]);
    }
    if !jitter.is_zero() {
        put("relay.does_jitter", &[("ms", &millis(jitter))]);
    }
    if let Some(rate) = rate {
        put("relay.does_slow", &[("rate", &grouped(rate.get()))]);
    }
    if let Some(Rechunk { size, pause }) = rechunk {
        put("relay.does_cut", &[("size", &grouped(size.get().into())), ("ms", &millis(pause))]);
    }
    if let Some(Stall { after, pause }) = stall {
        put("relay.does_stall", &[("after", &grouped(after)), ("ms", &millis(pause))]);
    }
    if let Some(after) = reset {
        put("relay.does_reset", &[("after", &grouped(after))]);
    }
    if !(drop.is_none() && repeat.is_none() && reorder.is_none() && jitter.is_zero()) {
        put("relay.does_seed", &[("seed", &seed)]);
    }
    parts.join(&language.tr("relay.and"))
}

/// How often each thing was done, without those that never were; `None` when nothing was.
pub fn tally(language: Language, tally: &Tally) -> Option<String> {
    let Tally { dropped, overflowed, delayed, repeated, reordered, cut, stalled, reset } = *tally;
    let counts = [
        ("relay.count_dropped", dropped),
        ("relay.count_overflowed", overflowed),
        ("relay.count_repeated", repeated),
        ("relay.count_reordered", reordered),
        ("relay.count_delayed", delayed),
        ("relay.count_cut", cut),
        ("relay.count_stalled", stalled),
        ("relay.count_reset", reset),
    ];
    let told: Vec<String> = counts
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(key, count)| language.tr_with(key, &[("count", &grouped(count))]))
        .collect();
    (!told.is_empty()).then(|| told.join(&language.tr("relay.and")))
}

/// Milliseconds, with as many decimals as there are.
fn millis(time: Duration) -> String {
    let micros = time.as_micros();
    if micros.is_multiple_of(1000) {
        grouped(u64::try_from(micros / 1000).unwrap_or(u64::MAX))
    } else {
        (micros as f64 / 1000.0).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Language::{Chinese, English};
    use crate::session::id::{ConnectionId, Peer};
    use crate::session::impairment::Way;

    #[test]
    fn what_was_done_names_both_ends() {
        let [from, to] = [7, 9].map(|port| Peer::flow(ConnectionId(port), format!("127.0.0.1:{port}").parse().unwrap()));
        let done = vec![Done::Delayed(Duration::from_micros(120_500)), Done::Repeated];
        let one = Impaired { from, to, way: Way::ToTarget, spot: Spot::Datagram(3), length: 5, done };
        let told = impaired(English, &one);
        assert_eq!(told, ("127.0.0.1:7 → 127.0.0.1:9  #3, 5 B: delayed by 120.5 ms, sent twice".into(), Tone::Note));
        let lost = Impaired { done: vec![Done::Dropped], ..one.clone() };
        assert_eq!(impaired(Chinese, &lost), ("127.0.0.1:7 → 127.0.0.1:9  #3，5 B：丢弃".into(), Tone::Warning));
        let stalled =
            Impaired { spot: Spot::Stream(1000), length: 0, done: vec![Done::Stalled(Duration::from_millis(300))], ..one };
        assert!(
            impaired(English, &stalled).0.ends_with("after 1,000 B: nothing leaves for 300 ms"),
            "{:?}",
            impaired(English, &stalled)
        );
    }

    #[test]
    fn everything_set_is_told_and_nothing_else() {
        let set =
            Impairment { seed: 7, drop: "12.5".parse().unwrap(), delay: Duration::from_millis(20), ..Impairment::default() };
        assert_eq!(impairment(English, &set), "drops 12.5 %, delays by 20 ms, seed 7");
        assert_eq!(impairment(Chinese, &set), "丢弃 12.5 %，延迟 20 ms，种子 7");
        let nothing = Impairment { seed: 9, ..Impairment::default() };
        assert_eq!(impairment(English, &nothing), "none, everything passes as it comes");
        let counted = Tally { dropped: 3, delayed: 1200, ..Tally::default() };
        assert_eq!(tally(English, &counted).unwrap(), "dropped 3, delayed 1,200");
        assert_eq!(tally(English, &Tally::default()), None);
    }
}
