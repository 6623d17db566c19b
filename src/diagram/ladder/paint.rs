//! The picture of a part of the ladder. Must never know how it came about, nor draw what is not in it.
//!
//! ```text
//!  ┌ time ────┬───── own calls ┌──────┐            ┌──────┐ the other's calls ─┐
//!  │          │                │client│            │server│                    │
//!  │ 20:34:05 │  connect(…) = 0 ──────── SYN ─ ─ ─ ─► │                        │
//!  │   +12 µs │                 ◄─ ─ ─ SYN, ACK ─ ─ ─ │                        │
//!  │          │        send 5 B │──────── 5 B ────────►│ recv 5 B               │
//! ```

use super::Spacing;
use super::join::{Arrow, Fate, Foot};
use super::step::{Again, End, Mark, Says, Segment, Step};
use super::words;
use crate::diagram::scene::{Anchor, Area, Certainty, Face, Head, Ink, Point, Scale, Scene, Shape, width_of};
use crate::i18n::Language;
use jiff::tz::TimeZone;

/// Height of a line.
pub const LINE: f32 = 24.0;
/// Height of the heads of the two life-lines.
pub const HEAD: f32 = 44.0;
/// What a written pause takes where every line is as far from the next.
const PAUSE: f32 = 18.0;
/// The shortest pause that is written there, in microseconds.
const LONG: u64 = 200_000;
/// The longest that a pause is drawn where time is.
const LONGEST: f32 = 360.0;
/// Room for a written pause.
const ROOM_FOR_PAUSE: f32 = 14.0;
/// The column of times.
const TIME: f32 = 92.0;
/// Between a life-line and what is written beside it.
const BESIDE: f32 = 8.0;
/// Half the mark on a life-line where something is said.
const TICK: f32 = 3.0;
/// Between the letters on an arrow and the arrow.
const ABOVE: f32 = 8.0;
/// How far an arrow that ends nowhere runs on out of the picture.
const BEYOND: f32 = 40.0;

/// A step and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The middle of its line, from the top of the picture.
    pub y: f32,
    /// What happened.
    pub step: Step,
    /// The time since the line before it, in microseconds; `None` for the first of all.
    pub pause: Option<u64>,
}

/// What the picture is framed by.
pub struct Frame<'a> {
    /// Its width.
    pub width: f32,
    /// Its height, heads included.
    pub height: f32,
    /// What the own life-line is called: a title and an address.
    pub own: [&'a str; 2],
    /// The same of the other one.
    pub other: [&'a str; 2],
    /// Which of the two stands left: who began.
    pub left: End,
    /// Whether the other one has calls to be written beside it.
    pub other_speaks: Speaks,
    /// How time is drawn.
    pub spacing: Spacing,
    /// In which words.
    pub language: Language,
    /// Times in this zone.
    pub zone: &'a TimeZone,
}

/// Whether an end has something written beside its life-line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// It is a session too.
    Yes,
    /// It is seen from outside.
    No,
}

/// The room that a pause takes above its line, in points.
pub fn room_for(spacing: Spacing, pause: Option<u64>) -> f32 {
    match (spacing, pause) {
        (_, None) => 0.0,
        (Spacing::Even, Some(pause)) => {
            if pause >= LONG {
                PAUSE
            } else {
                0.0
            }
        }
        (Spacing::Time(scale), Some(pause)) => (pause as f32 / 1e3 * scale).min(LONGEST),
    }
}

/// Where things stand across.
struct Columns {
    own: f32,
    other: f32,
    left: f32,
    right: f32,
}

impl Columns {
    fn new(frame: &Frame<'_>) -> Self {
        let room = frame.width - TIME;
        let calls = (room * 0.26).clamp(90.0, 300.0);
        let (left_calls, right_calls) = match (frame.other_speaks, frame.left) {
            (Speaks::Yes, _) => (calls, calls),
            (Speaks::No, End::Own) => (calls * 1.3, calls * 0.4),
            (Speaks::No, End::Other) => (calls * 0.4, calls * 1.3),
        };
        let (left, right) = (TIME + left_calls, frame.width - right_calls);
        let (own, other) = if frame.left == End::Own { (left, right) } else { (right, left) };
        Self { own, other, left, right }
    }

    fn of(&self, end: End) -> f32 {
        match end {
            End::Own => self.own,
            End::Other => self.other,
        }
    }
}

/// The picture of these lines and the arrows between them, the indexes of which are those of the lines.
pub fn scene(lines: &[Line], arrows: &[Arrow], frame: &Frame<'_>) -> Scene<Mark> {
    let columns = Columns::new(frame);
    let mut scene = Scene::new(frame.width, frame.height);
    for x in [columns.left, columns.right] {
        scene.draw(Shape::Line {
            from: Point { x, y: HEAD },
            to: Point { x, y: frame.height },
            ink: Ink::Weak,
            width: 1.0,
            certainty: Certainty::Observed,
            head: Head::None,
        });
    }
    let in_view = |y: f32| (HEAD..frame.height).contains(&y);
    let mut clock = String::new();
    let told = told(lines, arrows, frame.language);
    // Words first: the place of a mark's first shape is where the keyboard finds it.
    for (line, told) in lines.iter().zip(&told).filter(|(line, _)| in_view(line.y)) {
        times(&mut scene, line, &mut clock, (frame, &columns));
        beside(&mut scene, line, told, (frame, &columns));
    }
    for drawn in arrows {
        arrow(&mut scene, lines, drawn, (frame, &columns));
    }
    heads(&mut scene, frame, &columns);
    scene
}

/// All that is to be told of each line: what was called, and what left or arrived with it.
fn told(lines: &[Line], arrows: &[Arrow], language: Language) -> Vec<String> {
    let mut told: Vec<String> = lines.iter().map(|line| words::step_hint(language, &line.step)).collect();
    for drawn in arrows {
        for foot in [drawn.from, drawn.to] {
            if let Foot::At(step) = foot
                && let Some(told) = told.get_mut(step)
            {
                if !told.is_empty() {
                    told.push('\n');
                }
                told.push_str(&words::arrow_hint(language, drawn));
            }
        }
    }
    told
}

fn words_at(x: f32, y: f32, anchor: Anchor, text: String, ink: Ink) -> Shape {
    Shape::Words { at: Point { x, y }, anchor, text, ink, face: Face::Plain, scale: Scale::Caption }
}

/// Whether a line is there only for what must have been: then its place is known, and not its time.
fn nobody_saw_when(step: &Step) -> bool {
    step.says == Says::Nothing && step.signal.as_ref().is_some_and(|signal| signal.certainty == Certainty::Inferred)
}

/// The clock where it has moved on, else how long after the line before.
fn times(scene: &mut Scene<Mark>, line: &Line, clock: &mut String, (frame, columns): (&Frame<'_>, &Columns)) {
    if nobody_saw_when(&line.step) {
        return;
    }
    let now = line.step.at.clock(frame.zone);
    let text = match line.pause {
        Some(pause) if now == *clock => format!("+{}", words::pause(pause)),
        _ => now.clone(),
    };
    *clock = now;
    let at = Point { x: TIME - BESIDE, y: line.y };
    let scale = Scale::Caption;
    scene.draw(Shape::Words { at, anchor: Anchor::Right, text, ink: Ink::Weak, face: Face::Mono, scale });
    let room = room_for(frame.spacing, line.pause);
    if let Some(pause) = line.pause.filter(|_| room >= ROOM_FOR_PAUSE) {
        let y = line.y - LINE / 2.0 - room / 2.0;
        let shortened = matches!(frame.spacing, Spacing::Time(_)) && room >= LONGEST || frame.spacing == Spacing::Even;
        let text = if shortened { format!("⋮ {}", words::pause(pause)) } else { words::pause(pause) };
        scene.draw(words_at((columns.left + columns.right) / 2.0, y, Anchor::Middle, text, Ink::Weak));
    }
}

/// What the end says, on its own side.
fn beside(scene: &mut Scene<Mark>, line: &Line, told: &str, (frame, columns): (&Frame<'_>, &Columns)) {
    let step = &line.step;
    let Some(words::Beside { text, ink }) = words::beside(frame.language, step) else { return };
    let x = columns.of(step.end);
    let is_left = step.end == frame.left;
    let (anchor, at, room) = if is_left {
        (Anchor::Right, x - BESIDE, x - BESIDE - TIME)
    } else {
        (Anchor::Left, x + BESIDE, frame.width - x - BESIDE)
    };
    let text = cut(text, room);
    let tick = |by: f32| Point { x: x + by, y: line.y };
    let (from, to, certainty) = (tick(-TICK), tick(TICK), Certainty::Observed);
    scene.draw(Shape::Line { from, to, ink, width: TICK, certainty, head: Head::None });
    let shape = words_at(at, line.y, anchor, text, ink);
    scene.mark(shape, step.mark, told.to_owned());
}

/// As much of it as there is room for.
fn cut(text: String, room: f32) -> String {
    if width_of(&text, Face::Plain, Scale::Caption) <= room {
        return text;
    }
    let mut kept = String::new();
    for character in text.chars() {
        kept.push(character);
        if width_of(&kept, Face::Plain, Scale::Caption) + width_of("…", Face::Plain, Scale::Caption) > room {
            kept.pop();
            break;
        }
    }
    kept.push('…');
    kept
}

fn arrow(scene: &mut Scene<Mark>, lines: &[Line], drawn: &Arrow, (frame, columns): (&Frame<'_>, &Columns)) {
    let y = |foot: Foot| if let Foot::At(step) = foot { lines.get(step).map(|line| line.y) } else { None };
    let (from, to) = match (drawn.from, drawn.to, y(drawn.from), y(drawn.to)) {
        (_, _, Some(from), Some(to)) => (from.min(to), to),
        (_, Foot::Off, Some(from), None) => (from, frame.height.max(from) + BEYOND),
        (Foot::Off, _, None, Some(to)) => (HEAD.min(to) - BEYOND, to),
        (_, _, Some(at), None) | (_, _, None, Some(at)) => (at, at),
        (_, _, None, None) => return,
    };
    let (start, end) = (columns.of(drawn.sender), columns.of(drawn.sender.opposite()));
    let lost = drawn.fate == Fate::Lost;
    // A cross stands on the way: no one knows where it was lost.
    let end = if lost { start + (end - start) * 0.6 } else { end };
    let whole = (Point { x: start, y: from }, Point { x: end, y: to });
    let Some((near, far, shown)) = clip(whole, HEAD, frame.height) else { return };
    let head = match (shown, lost) {
        (Shown::CutOff, _) => Head::None,
        (Shown::Whole, true) => Head::Lost,
        (Shown::Whole, false) => Head::End,
    };
    let ink = ink(drawn);
    let step = match (drawn.from, drawn.to) {
        (Foot::At(step), _) | (_, Foot::At(step)) => lines.get(step),
        _ => None,
    };
    // Whoever hears the picture hears what was called as well as what that sent.
    let said = step.map(|line| words::step_hint(frame.language, &line.step)).filter(|said| !said.is_empty());
    let told = words::arrow_hint(frame.language, drawn);
    let hint = said.map_or_else(|| told.clone(), |said| format!("{said}\n{told}"));
    let shape = Shape::Line { from: near, to: far, ink, width: 1.5, certainty: drawn.certainty, head };
    scene.mark(shape, drawn.mark, hint.clone());
    // Near the foot that is in view, so that many that come together do not write over each other.
    let part = match (drawn.from, drawn.to) {
        (Foot::At(_), Foot::At(_)) if (to - from).abs() > 1.0 => 0.3,
        (Foot::At(_), Foot::Off) => 0.2,
        (Foot::Off, _) => 0.8,
        _ => 0.5,
    };
    let at = Point { x: start + (end - start) * part, y: from + (to - from) * part - ABOVE };
    if !(HEAD..frame.height).contains(&at.y) {
        return;
    }
    let text = cut(words::arrow(&drawn.segment), (end - start).abs() - 2.0 * BESIDE);
    scene.mark(words_at(at.x, at.y, Anchor::Middle, text, ink), drawn.mark, hint);
}

/// Whether the end of an arrow is in the picture.
enum Shown {
    /// It is.
    Whole,
    /// It lies beyond the edge.
    CutOff,
}

/// The part of a line that lies between two heights.
fn clip((from, to): (Point, Point), top: f32, bottom: f32) -> Option<(Point, Point, Shown)> {
    if to.y < top || from.y > bottom {
        return None;
    }
    let at = |y: f32| {
        let part = if to.y > from.y { ((y - from.y) / (to.y - from.y)).clamp(0.0, 1.0) } else { 0.0 };
        Point { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }
    };
    let near = if from.y < top { at(top) } else { from };
    let (far, shown) = if to.y > bottom { (at(bottom), Shown::CutOff) } else { (to, Shown::Whole) };
    Some((near, far, shown))
}

fn ink(drawn: &Arrow) -> Ink {
    if drawn.fate == Fate::Lost {
        return Ink::Error;
    }
    match &drawn.segment {
        Segment::Data { .. } | Segment::Datagram(_) => match drawn.sender {
            End::Own => Ink::Sent,
            End::Other => Ink::Received,
        },
        Segment::Ack => Ink::Weak,
        Segment::Reset | Segment::Unreachable => Ink::Error,
        Segment::SynAgain => Ink::Warning,
        Segment::Syn | Segment::SynAck | Segment::Fin => Ink::Accent,
        Segment::Captured(captured) => match captured.again {
            Again::Retransmitted => Ink::Warning,
            Again::First if captured.flags.contains("RST") || captured.flags.contains("ICMP") => Ink::Error,
            Again::First if captured.bytes > 0 && drawn.sender == End::Own => Ink::Sent,
            Again::First if captured.bytes > 0 => Ink::Received,
            Again::First if captured.flags == "ACK" => Ink::Weak,
            Again::First => Ink::Accent,
        },
    }
}

/// The two names, over everything that scrolls beneath.
fn heads(scene: &mut Scene<Mark>, frame: &Frame<'_>, columns: &Columns) {
    let bar = Area { at: Point::default(), width: frame.width, height: HEAD };
    scene.draw(Shape::Box { area: bar, fill: Some(Ink::Card), edge: None, certainty: Certainty::Observed });
    for (end, names) in [(End::Own, frame.own), (End::Other, frame.other)] {
        let x = columns.of(end);
        let widest = (columns.right - columns.left) * 0.9;
        let name = cut(names[0].to_owned(), widest);
        let address = cut(names[1].to_owned(), widest);
        let width =
            [&name, &address].map(|text| width_of(text, Face::Plain, Scale::Caption)).into_iter().fold(40.0, f32::max) + 16.0;
        let left = (x - width / 2.0).clamp(0.0, (frame.width - width).max(0.0));
        let area = Area { at: Point { x: left, y: 4.0 }, width, height: HEAD - 8.0 };
        let fill = if end == End::Own { Ink::Lit } else { Ink::Card };
        scene.draw(Shape::Box { area, fill: Some(fill), edge: Some(Ink::Weak), certainty: Certainty::Observed });
        let middle = left + width / 2.0;
        scene.draw(words_at(middle, 14.0, Anchor::Middle, name, Ink::Strong));
        scene.draw(words_at(middle, 29.0, Anchor::Middle, address, Ink::Weak));
    }
}
