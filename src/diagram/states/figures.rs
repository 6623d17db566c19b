//! What the system says, in figures, beneath the diagram: a table with a column for each end, the accept queue, and what is worth a
//! remark. Must never show a figure that the system did not tell.

use super::draw::{area, filled, ink, name, time, words};
use super::{End, Mark, Picture, Whose};
use crate::describe::grouped;
use crate::diagram::scene::{Anchor, Certainty, Face, Head, Ink, Point, Scale, Scene, Shape, width_of};
use crate::i18n::Language;
use crate::session::sample::{Held, Path, Sample, TcpState, Timer};
use std::time::Duration;

/// Height of a line of the table.
const ROW: f32 = 20.0;
/// Where the columns begin.
const COLUMNS: [f32; 3] = [8.0, 220.0, 500.0];
/// Length and height of the bar of the accept queue.
const QUEUE: (f32, f32) = (200.0, 12.0);
/// How long CLOSE-WAIT must last to be worth a remark: a program that closes at once is in it for less.
const FORGOTTEN: Duration = Duration::from_secs(2);

/// A line of the table: the key of its name, and what it says of one socket; `None` where the system does not tell.
type Line = (&'static str, fn(&Sample, &Picture, Language) -> Option<String>);

/// The lines of what TCP measured.
const MEASURED: [&str; 11] = [
    "states.not_sent",
    "states.round_trip",
    "states.shortest",
    "states.retransmit_after",
    "states.congestion_window",
    "states.threshold",
    "states.peer_window",
    "states.segment_size",
    "states.unacknowledged",
    "states.lost",
    "states.retransmitted",
];

/// All lines, in their order.
const LINES: [Line; 19] = [
    ("states.held", |sample, _, language| {
        let key = match sample.held? {
            Held::Program => "states.held_program",
            Held::System if sample.state == Some(TcpState::Established) => "states.held_queue",
            Held::System => "states.held_system",
        };
        Some(language.tr(key).into_owned())
    }),
    ("states.timer", |sample, picture, language| {
        // That no timer runs is told too, where timers are told at all.
        sample.retries?;
        let Some((timer, left)) = sample.left(picture.now) else { return Some(language.tr("states.timer_none").into_owned()) };
        let key = match timer {
            Timer::Retransmission => "states.timer_retransmission",
            Timer::KeepAlive => "states.timer_keep_alive",
            Timer::TimeWait => "states.timer_time_wait",
            Timer::ZeroWindow => "states.timer_zero_window",
        };
        Some(language.tr_with(key, &[("time", &time(language, left))]))
    }),
    ("states.receive_queue", |sample, _, _| Some(bytes(sample.receive_queue?))),
    ("states.send_queue", |sample, _, _| Some(bytes(sample.send_queue?))),
    ("states.measured", |_, _, _| None),
    ("states.not_sent", |sample, _, _| Some(bytes(sample.path?.not_sent?))),
    ("states.round_trip", |sample, _, _| {
        let Path { round_trip, round_trip_variation, .. } = sample.path?;
        Some(format!("{} ± {}", millis(round_trip?), millis(round_trip_variation?)))
    }),
    ("states.shortest", |sample, _, _| Some(millis(sample.path?.shortest_round_trip?))),
    ("states.retransmit_after", |sample, _, _| Some(millis(sample.path?.retransmit_after))),
    ("states.congestion_window", |sample, _, language| {
        let path = sample.path?;
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("segments", &grouped(path.congestion_window.into())), ("bytes", &grouped(path.congestion_bytes()))];
        Some(language.tr_with("states.segments", &values))
    }),
    ("states.threshold", |sample, _, language| {
        let path = sample.path?;
        Some(match path.slow_start_threshold {
            Some(segments) => grouped(segments.into()),
            None => language.tr("states.no_loss").into_owned(),
        })
    }),
    ("states.peer_window", |sample, _, _| Some(bytes(sample.path?.peer_window?))),
    ("states.segment_size", |sample, _, _| {
        let path = sample.path?;
        Some(format!("{} B / {} B", grouped(path.segment_size.into()), grouped(path.mtu.into())))
    }),
    ("states.unacknowledged", |sample, _, _| Some(grouped(sample.path?.unacknowledged.into()))),
    ("states.lost", |sample, _, _| Some(grouped(sample.path?.lost.into()))),
    ("states.retransmitted", |sample, _, _| Some(grouped(sample.path?.retransmitted.into()))),
    ("states.retries", |sample, _, _| Some(sample.retries?.to_string())),
    ("states.congestion_control", |sample, _, _| sample.congestion_control.clone()),
    ("states.agreed", |sample, _, _| {
        let words: Vec<&str> = sample.path?.agreed.words().collect();
        Some(if words.is_empty() { "—".to_owned() } else { words.join(", ") })
    }),
];

fn bytes(count: u32) -> String {
    format!("{} B", grouped(count.into()))
}

/// `0.031 ms`, `200 ms`.
fn millis(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1000.0;
    if millis < 10.0 { format!("{millis:.3} ms") } else { format!("{millis:.0} ms") }
}

/// Adds all beneath what there is.
pub(super) fn add(picture: &Picture, language: Language, scene: &mut Scene<Mark>, remarks: Vec<(Ink, String)>) {
    let mut y = scene.height + ROW;
    for (ink, text) in remarks {
        scene.width = scene.width.max(COLUMNS[0] + width_of(&text, Face::Plain, Scale::Normal));
        scene.draw(words((COLUMNS[0], y), Anchor::Left, text, ink));
        y += ROW;
    }
    y = accept_queue(picture, language, scene, y);
    y = counts(picture, language, scene, y);
    scene.height = table(picture, language, scene, y);
}

fn table(picture: &Picture, language: Language, scene: &mut Scene<Mark>, mut y: f32) -> f32 {
    if picture.ends.is_empty() {
        return y;
    }
    y += ROW / 2.0;
    for (index, end) in picture.ends.iter().enumerate() {
        let state = end.trail.as_ref().map_or("", |trail| trail.last().state.name());
        let head = format!("{}  {state}", name(end, language));
        let square = area(COLUMNS[index + 1], y - 6.0, 12.0, 12.0);
        scene.draw(Shape::Box { area: square, fill: Some(ink(index)), edge: Some(ink(index)), certainty: Certainty::Observed });
        scene.draw(words((COLUMNS[index + 1] + 18.0, y), Anchor::Left, head, Ink::Strong));
    }
    // What TCP measured is one line where nobody tells of it: in TIME-WAIT the system has forgotten it, and some never say.
    let measured = picture.ends.iter().any(|end| end.sample.as_ref().is_some_and(|sample| sample.path.is_some()));
    let lines = LINES.iter().filter(|(key, _)| *key == "states.measured" || measured || !MEASURED.contains(key));
    let lines = lines.filter(|(key, _)| *key != "states.measured" || !measured);
    for (number, (key, of)) in lines.enumerate() {
        y += ROW;
        if number % 2 == 0 {
            scene.draw(filled(area(0.0, y - ROW / 2.0, scene.width, ROW), Ink::Card));
        }
        scene.draw(words((COLUMNS[0], y), Anchor::Left, language.tr(key).into_owned(), Ink::Normal));
        for (index, end) in picture.ends.iter().enumerate() {
            let (text, ink) = match end.sample.as_ref() {
                Some(sample) => match of(sample, picture, language) {
                    Some(text) => (text, Ink::Strong),
                    None => (language.tr("states.unknown").into_owned(), Ink::Weak),
                },
                None => ("—".to_owned(), Ink::Weak),
            };
            scene.draw(words((COLUMNS[index + 1], y), Anchor::Left, text, ink));
        }
    }
    y + ROW
}

/// `全连接队列 ▓▓▓░░░ 2 / 128`.
fn accept_queue(picture: &Picture, language: Language, scene: &mut Scene<Mark>, y: f32) -> f32 {
    let Some(listener) = &picture.listener else { return y };
    let title = language.tr_with("states.accept_queue", &[("address", &listener.local)]);
    scene.draw(words((COLUMNS[0], y), Anchor::Left, title, Ink::Normal));
    let (Some(length), Some(backlog)) = (listener.receive_queue, listener.send_queue) else {
        scene.draw(words((COLUMNS[2], y), Anchor::Left, language.tr("states.unknown").into_owned(), Ink::Weak));
        return y + ROW;
    };
    // Linux lets one more in than was asked for.
    let (share, full) = (length as f32 / (backlog + 1).max(1) as f32, length > backlog);
    let track = area(COLUMNS[1] + 60.0, y - QUEUE.1 / 2.0, QUEUE.0, QUEUE.1);
    scene.draw(Shape::Box { area: track, fill: Some(Ink::Card), edge: Some(Ink::Weak), certainty: Certainty::Observed });
    let color = if full { Ink::Warning } else { Ink::Accent };
    let at = |x| Point { x, y };
    let bar = |to| Shape::Line {
        from: at(track.at.x),
        to,
        ink: color,
        width: QUEUE.1,
        certainty: Certainty::Observed,
        head: Head::None,
    };
    if length > 0 {
        scene.draw(bar(at(track.at.x + QUEUE.0 * share.min(1.0))));
    }
    let text = language.tr_with("states.waiting", &[("length", &length), ("backlog", &backlog)]);
    scene.draw(words((COLUMNS[2], y), Anchor::Left, text, if full { Ink::Warning } else { Ink::Strong }));
    y + ROW
}

/// `12 ESTABLISHED   3 TIME-WAIT`.
fn counts(picture: &Picture, language: Language, scene: &mut Scene<Mark>, y: f32) -> f32 {
    if picture.counts.is_empty() {
        return y;
    }
    let list: Vec<String> =
        picture.counts.iter().map(|(state, count)| format!("{} {}", grouped(*count as u64), state.name())).collect();
    let text = language.tr_with("states.counts", &[("list", &list.join("   "))]);
    scene.draw(words((COLUMNS[0], y), Anchor::Left, text, Ink::Normal));
    y + ROW
}

/// What a student should not overlook.
pub(super) fn remarks(picture: &Picture, language: Language) -> Vec<(Ink, String)> {
    let mut remarks = Vec::new();
    let full =
        |listener: &Sample| listener.receive_queue.zip(listener.send_queue).is_some_and(|(length, backlog)| length > backlog);
    if picture.listener.as_ref().is_some_and(full) {
        remarks.push((Ink::Warning, language.tr("states.queue_full").into_owned()));
    }
    for end in &picture.ends {
        let Some(trail) = &end.trail else { continue };
        let last = trail.last();
        let here = Duration::from_micros(last.until.micros_since(last.since));
        let key = match (last.state, held(end)) {
            (TcpState::CloseWait, _) if here >= FORGOTTEN => Some((Ink::Warning, "states.close_wait")),
            (TcpState::FinWait2, Some(Held::Program)) if here >= FORGOTTEN => Some((Ink::Note, "states.half_closed")),
            (TcpState::SynSent, _) if here >= FORGOTTEN => Some((Ink::Warning, "states.no_answer")),
            (TcpState::TimeWait, _) => Some((Ink::Note, "states.closed_first")),
            _ => None,
        };
        if let Some((ink, key)) = key {
            let told = language.tr_with(key, &[("end", &name(end, language)), ("time", &time(language, here))]);
            remarks.push((ink, told));
        }
    }
    if picture.ends.iter().any(|end| end.whose == Whose::Ours && end.trail.is_none()) {
        remarks.push((Ink::Weak, language.tr("states.not_yet").into_owned()));
    }
    remarks
}

fn held(end: &End) -> Option<Held> {
    end.sample.as_ref()?.held
}
