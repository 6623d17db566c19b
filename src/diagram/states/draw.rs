//! The diagram: boxes, ways, and the two ends in their colours. Must never decide what was gone: `path` does.

use super::chart::{BOX, Place, SIZE, TRANSITIONS};
use super::path::gone;
use super::{End, Mark, Picture, Whose};
use crate::diagram::scene::{Anchor, Area, Certainty, Face, Head, Ink, Point, Scale, Scene, Shape};
use crate::i18n::Language;
use crate::session::sample::{TcpState, Timer};
use crate::session::timestamp::Timestamp;
use std::time::Duration;

/// Width of the bar that says that an end was here.
const BAR: f32 = 5.0;
/// How far the ways of both ends are from each other.
const APART: f32 = 2.5;
/// How long Linux waits in TIME-WAIT (`TCP_TIMEWAIT_LEN`): the whole of the bar. Elsewhere the bar may begin shorter.
const TIME_WAIT: Duration = Duration::from_secs(60);
/// Height of a line of the legend.
const LINE: f32 = 20.0;

pub(super) fn words(at: (f32, f32), anchor: Anchor, text: String, ink: Ink) -> Shape {
    Shape::Words { at: Point { x: at.0, y: at.1 }, anchor, text, ink, face: Face::Plain, scale: Scale::Normal }
}

pub(super) fn caption(at: (f32, f32), anchor: Anchor, text: String, ink: Ink) -> Shape {
    Shape::Words { at: Point { x: at.0, y: at.1 }, anchor, text, ink, face: Face::Plain, scale: Scale::Caption }
}

pub(super) fn area(x: f32, y: f32, width: f32, height: f32) -> Area {
    Area { at: Point { x, y }, width, height }
}

pub(super) fn filled(area: Area, fill: Ink) -> Shape {
    Shape::Box { area, fill: Some(fill), edge: None, certainty: Certainty::Observed }
}

/// The colour of an end: the first's and the second's.
pub(super) fn ink(index: usize) -> Ink {
    Ink::Series(u8::try_from(index).unwrap_or(0))
}

/// `本端 127.0.0.1:9000`.
pub(super) fn name(end: &End, language: Language) -> String {
    let key = match end.whose {
        Whose::Ours => "states.ours",
        Whose::Theirs => "states.theirs",
    };
    language.tr_with(key, &[("address", &end.local)])
}

/// 1.4 s, 12 s, 3 min.
pub(super) fn time(language: Language, time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 10.0 {
        language.tr_with("states.seconds", &[("seconds", &format!("{seconds:.1}"))])
    } else if seconds < 120.0 {
        language.tr_with("states.seconds", &[("seconds", &format!("{seconds:.0}"))])
    } else {
        language.tr_with("states.minutes", &[("minutes", &format!("{:.0}", seconds / 60.0))])
    }
}

pub(super) fn diagram(picture: &Picture, language: Language) -> Scene<Mark> {
    let mut scene = Scene::new(SIZE.0, SIZE.1);
    ways(picture, language, &mut scene);
    for place in Place::ALL {
        state(place, picture, language, &mut scene);
    }
    legend(picture, language, &mut scene);
    scene
}

fn ways(picture: &Picture, language: Language, scene: &mut Scene<Mark>) {
    let gone: Vec<_> = picture.ends.iter().map(|end| end.trail.as_ref().map(gone).unwrap_or_default()).collect();
    for (number, way) in TRANSITIONS.iter().enumerate() {
        let [from, to, label] = way.line;
        let taken: Vec<_> = gone
            .iter()
            .enumerate()
            .filter_map(|(index, ways)| Some((index, ways.iter().find(|gone| gone.way == number)?.certainty)))
            .collect();
        let hint = hint(number, &taken, picture, language);
        let line = |from, to, ink, width, certainty| Shape::Line { from, to, ink, width, certainty, head: Head::End };
        let point = |(x, y): (f32, f32)| Point { x, y };
        if taken.is_empty() {
            scene.mark(line(point(from), point(to), Ink::Weak, 1.0, Certainty::Observed), Mark::Way(number), hint.clone());
        }
        for (place, (index, certainty)) in taken.iter().enumerate() {
            // Two on one way go side by side.
            let offset = if taken.len() > 1 { (place as f32 * 2.0 - 1.0) * APART } else { 0.0 };
            let (from, to) = beside(from, to, offset);
            scene.mark(line(from, to, ink(*index), 2.5, *certainty), Mark::Way(number), hint.clone());
        }
        let color = if taken.is_empty() { Ink::Weak } else { Ink::Normal };
        scene.mark(caption(label, way.anchor, way.label.to_owned(), color), Mark::Way(number), hint);
    }
}

fn beside(from: (f32, f32), to: (f32, f32), offset: f32) -> (Point, Point) {
    let (x, y) = (to.0 - from.0, to.1 - from.1);
    let length = x.hypot(y).max(1.0);
    let (x, y) = (-y / length * offset, x / length * offset);
    (Point { x: from.0 + x, y: from.1 + y }, Point { x: to.0 + x, y: to.1 + y })
}

/// What a way means, and who went it.
fn hint(number: usize, taken: &[(usize, Certainty)], picture: &Picture, language: Language) -> String {
    let Some(way) = TRANSITIONS.get(number) else { return String::new() };
    let mut hint = format!("{} → {}: {}", way.from.state().name(), way.to.state().name(), language.tr(way.key));
    for (index, certainty) in taken {
        let key = match certainty {
            Certainty::Observed => "states.went",
            Certainty::Inferred => "states.must_have_gone",
        };
        if let Some(end) = picture.ends.get(*index) {
            hint.push('\n');
            hint.push_str(&language.tr_with(key, &[("end", &name(end, language))]));
        }
    }
    hint
}

fn state(place: Place, picture: &Picture, language: Language, scene: &mut Scene<Mark>) {
    let mark = Mark::State(place);
    let box_area = place.area();
    let mut hint = format!("{}: {}", place.state().name(), language.tr(place.key()));
    let mut present = Vec::new();
    let mut visited = Vec::new();
    for (index, end) in picture.ends.iter().enumerate() {
        let Some(trail) = &end.trail else { continue };
        let steps = trail.steps.iter().filter(|step| Place::of(step.state) == place);
        for step in steps {
            let lasted = Duration::from_micros(step.until.micros_since(step.since));
            let is_last = Place::of(trail.last().state) == place;
            let key = if is_last { "states.is_here" } else { "states.was_here" };
            hint.push('\n');
            hint.push_str(&language.tr_with(key, &[("end", &name(end, language)), ("time", &time(language, lasted))]));
            if is_last { &mut present } else { &mut visited }.push(index);
        }
    }
    let listens = place == Place::Listen && picture.listener.is_some();
    let ground = if listens { Ink::Lit } else { Ink::Card };
    let shape = Shape::Box { area: box_area, fill: Some(ground), edge: Some(Ink::Weak), certainty: Certainty::Observed };
    scene.mark(shape, mark, hint.clone());
    let share = box_area.width / present.len().max(1) as f32;
    for (count, index) in present.iter().enumerate() {
        let part = area(box_area.at.x + share * count as f32, box_area.at.y, share, box_area.height);
        let lit = Shape::Box { area: part, fill: Some(ink(*index)), edge: Some(ink(*index)), certainty: Certainty::Observed };
        scene.mark(lit, mark, hint.clone());
    }
    for index in visited {
        let x = if index == 0 { box_area.at.x } else { box_area.at.x + box_area.width - BAR };
        let bar = area(x, box_area.at.y, BAR, box_area.height);
        scene.mark(
            Shape::Box { area: bar, fill: Some(ink(index)), edge: Some(ink(index)), certainty: Certainty::Observed },
            mark,
            hint.clone(),
        );
    }
    let color = if present.is_empty() && !listens { Ink::Normal } else { Ink::Strong };
    let middle = Point { x: box_area.at.x + BOX.0 / 2.0, y: box_area.at.y + BOX.1 / 2.0 };
    let text = place.state().name().to_owned();
    let title = Shape::Words { at: middle, anchor: Anchor::Middle, text, ink: color, face: Face::Plain, scale: Scale::Normal };
    scene.mark(title, mark, hint);
    if place == Place::TimeWait {
        countdown(picture, language, scene);
    }
}

/// What is left of TIME-WAIT of an end that is in it.
pub(super) fn left_of_time_wait(end: &End, now: Timestamp) -> Option<Duration> {
    let sample = end.sample.as_ref().filter(|sample| sample.state == Some(TcpState::TimeWait))?;
    let (timer, left) = sample.left(now)?;
    (timer == Timer::TimeWait).then_some(left)
}

/// What is left of TIME-WAIT, beneath its box.
fn countdown(picture: &Picture, language: Language, scene: &mut Scene<Mark>) {
    let waiting = picture.ends.iter().enumerate().find_map(|(index, end)| Some((index, left_of_time_wait(end, picture.now)?)));
    let Some((index, left)) = waiting else { return };
    let under = Place::TimeWait.area();
    let y = under.at.y + under.height + 4.0;
    let share = (left.as_secs_f32() / TIME_WAIT.as_secs_f32()).min(1.0);
    scene.draw(filled(area(under.at.x, y, under.width, 4.0), Ink::Lit));
    let line = |from, to| Shape::Line { from, to, ink: ink(index), width: 4.0, certainty: Certainty::Observed, head: Head::None };
    let at = |x| Point { x, y: y + 2.0 };
    scene.draw(line(at(under.at.x), at(under.at.x + under.width * share)));
    let text = language.tr_with("states.left", &[("time", &time(language, left))]);
    scene.draw(caption((under.at.x + under.width / 2.0, y + 16.0), Anchor::Middle, text, Ink::Normal));
}

/// Who has which colour, and what solid and dashed mean.
fn legend(picture: &Picture, language: Language, scene: &mut Scene<Mark>) {
    for (index, end) in picture.ends.iter().enumerate() {
        let y = 12.0 + LINE * index as f32;
        let square = area(8.0, y - 6.0, 12.0, 12.0);
        scene.draw(Shape::Box { area: square, fill: Some(ink(index)), edge: Some(ink(index)), certainty: Certainty::Observed });
        scene.draw(words((28.0, y), Anchor::Left, name(end, language), Ink::Strong));
    }
    if picture.ends.is_empty() {
        return;
    }
    for (index, (certainty, key)) in
        [(Certainty::Observed, "states.observed"), (Certainty::Inferred, "states.inferred")].into_iter().enumerate()
    {
        let y = 12.0 + LINE * (picture.ends.len() + index) as f32;
        let at = |x| Point { x, y };
        scene.draw(Shape::Line { from: at(4.0), to: at(24.0), ink: ink(0), width: 2.5, certainty, head: Head::None });
        scene.draw(caption((28.0, y), Anchor::Left, language.tr(key).into_owned(), Ink::Weak));
    }
}
