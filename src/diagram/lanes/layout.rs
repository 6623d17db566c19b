//! Where everything of a picture stands, and which of it is in view. Must never draw a block itself, nor go through what is not in view.

use super::draw::{self, Canvas};
use super::exchange::{self, Exchange};
use super::{Chunk, Datagrams, Frames, Mark, Part};
use crate::codec::encoding::Encoding;
use crate::diagram::scene::{Anchor, Face, Ink, Item, Point, Scale, Scene, Shape, width_of};
use crate::i18n::Language;
use jiff::tz::TimeZone;
use std::ops::Range;

/// The names of the lanes at the left.
pub(super) const GUTTER: f32 = 72.0;
/// Free at the right.
const MARGIN: f32 = 12.0;
/// Height of a lane.
pub(super) const LANE: f32 = 24.0;
/// Between two lanes of a line.
pub(super) const BETWEEN: f32 = 6.0;
/// Under a line.
const UNDER: f32 = 14.0;
/// The line that says what became of an exchange.
const CAPTION: f32 = 28.0;
/// Between two datagrams.
const APART: f32 = 10.0;
/// The narrowest datagram, so that an empty one can be seen too.
const NARROWEST: f32 = 46.0;
/// A block as wide as this has room for its number and some words.
const EASY: f32 = 130.0;
/// A block as wide as this still has room for its number and a word.
const COSY: f32 = 62.0;
/// Points per byte to choose from, the largest first: the last shows 64 KiB in a few points.
const SCALES: [f32; 16] =
    [14.0, 10.0, 8.0, 6.0, 4.0, 2.0, 1.0, 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125, 0.00390625, 0.001953125];
/// The most lines of a picture. Below them the scale gives way, so that its height stays a number of points that can be told apart.
const MOST_LINES: f32 = 20_000.0;

/// How it is drawn.
#[derive(Clone, Debug)]
pub struct Style {
    /// Words.
    pub language: Language,
    /// Times.
    pub zone: TimeZone,
    /// What the bytes are read in.
    pub encoding: Encoding,
    /// Room in points.
    pub width: f32,
    /// Points per byte.
    pub scale: f32,
}

/// The parts of a picture and where each stands: worked out once for a look, drawn as far as it is in view.
#[derive(Clone, Debug)]
pub struct Plan {
    style: Style,
    parts: Vec<Part>,
    sections: Vec<Section>,
    height: f32,
}

/// An exchange and its lines.
#[derive(Clone, Debug)]
struct Section {
    part: usize,
    exchange: Exchange,
    top: f32,
    lines: Lines,
    /// Height of one line.
    line: f32,
}

#[derive(Clone, Debug)]
enum Lines {
    /// Of bytes, from each of these places to the next.
    Bytes(Vec<u64>),
    /// Of these slots each, every one with its left and its width.
    Slots(Vec<Vec<(usize, f32, f32)>>),
}

impl Section {
    fn count(&self) -> u64 {
        match &self.lines {
            Lines::Bytes(starts) => starts.len() as u64,
            Lines::Slots(lines) => lines.len() as u64,
        }
    }

    fn height(&self) -> f32 {
        CAPTION + self.count() as f32 * self.line
    }
}

/// The scale at which blocks of these parts are easily read: the largest step at which an ordinary block is not wider than it needs for
/// its words; and one or two steps less where the last exchange of a stream then fits into one line.
pub fn fitting_scale(parts: &[Part], width: f32) -> f32 {
    let lengths: Vec<usize> = parts
        .iter()
        .flat_map(|part| match part {
            Part::Stream(stream) => stream.leading().iter().collect::<Vec<&Chunk>>(),
            Part::Datagrams(datagrams) => datagrams.sent.iter().flat_map(|lane| &lane.chunks).collect(),
        })
        .map(|chunk| chunk.bytes.len())
        .collect();
    let mean = lengths.iter().sum::<usize>() as f32 / lengths.len().max(1) as f32;
    let last = SCALES[SCALES.len() - 1];
    let easy = SCALES.into_iter().find(|scale| scale * mean <= EASY).unwrap_or(last);
    let newest = parts.iter().find_map(|part| match part {
        Part::Stream(stream) => exchange::of_stream(stream).pop().map(|last| last.range.end - last.range.start),
        Part::Datagrams(_) => None,
    });
    let Some(bytes) = newest else { return easy };
    let room = width - GUTTER - MARGIN;
    let narrower = SCALES.into_iter().filter(|scale| *scale <= easy && scale * mean >= COSY);
    narrower.clone().find(|scale| scale * bytes as f32 <= room).unwrap_or(easy)
}

/// The next scale that shows more (`-1`) or larger blocks (`1`).
pub fn step_scale(scale: f32, way: i32) -> f32 {
    let at = SCALES.iter().position(|known| *known <= scale).unwrap_or(SCALES.len() - 1);
    let next = at.saturating_add_signed(if way > 0 { -1 } else { 1 });
    SCALES[next.min(SCALES.len() - 1)]
}

impl Plan {
    /// Works it out.
    pub fn new(parts: Vec<Part>, mut style: Style) -> Self {
        let room = (style.width - GUTTER - MARGIN).max(NARROWEST);
        let bytes: u64 = parts.iter().map(bytes_of).sum();
        style.scale = style.scale.min(MOST_LINES * room / bytes.max(1) as f32);
        let per_line = ((room / style.scale) as u64).max(1);
        let mut sections: Vec<Section> = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let exchanges = match part {
                Part::Stream(stream) => exchange::of_stream(stream),
                Part::Datagrams(datagrams) => exchange::of_datagrams(datagrams),
            };
            let line = lanes_of(part) as f32 * (LANE + BETWEEN) + UNDER;
            for exchange in exchanges {
                let lines = match part {
                    Part::Stream(stream) => Lines::Bytes(lines(stream.leading(), &exchange.range, per_line)),
                    Part::Datagrams(datagrams) => Lines::Slots(wrap(datagrams, &exchange.range, style.scale, room)),
                };
                sections.push(Section { part: index, exchange, top: 0.0, lines, line });
            }
        }
        // One thing that was done over a stream and over datagrams stands together. The sort keeps the order of the parts.
        sections.sort_by_key(|section| section.exchange.at);
        let mut top = 0.0;
        for section in &mut sections {
            section.top = top;
            top += section.height();
        }
        Self { style, parts, sections, height: top }
    }

    /// Its height in points.
    pub fn height(&self) -> f32 {
        self.height
    }

    /// Points per byte.
    pub fn scale(&self) -> f32 {
        self.style.scale
    }

    /// Its exchanges, the oldest first, each with the part that it belongs to.
    pub fn exchanges(&self) -> impl Iterator<Item = (&Part, &Exchange)> {
        self.sections.iter().map(|section| (&self.parts[section.part], &section.exchange))
    }

    /// Its parts.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Where a record stands, from its top to its bottom; `None` when it is not in the picture.
    pub fn find(&self, mark: Mark) -> Option<Range<f32>> {
        self.sections.iter().find_map(|section| {
            let line = match (&self.parts[section.part], &section.lines) {
                (Part::Stream(stream), Lines::Bytes(starts)) => {
                    let lanes = [stream.writes.as_ref(), stream.reads.as_ref()];
                    let lane = lanes.into_iter().flatten().find(|lane| lane.session == mark.session)?;
                    let chunk = lane.chunks.iter().find(|chunk| chunk.record == mark.record)?;
                    let range = &section.exchange.range;
                    let inside = range.start <= chunk.offset && chunk.offset < range.end;
                    inside.then(|| starts.partition_point(|start| *start <= chunk.offset) as u64 - 1)
                }
                (Part::Datagrams(datagrams), Lines::Slots(lines)) => {
                    let has = |slot: usize| datagrams.has(slot, mark);
                    lines.iter().position(|line| line.iter().any(|(slot, ..)| has(*slot))).map(|line| line as u64)
                }
                _ => None,
            }?;
            let top = section.top + CAPTION + line as f32 * section.line;
            Some(top..top + section.line)
        })
    }
}

fn bytes_of(part: &Part) -> u64 {
    match part {
        Part::Stream(stream) => {
            let ends =
                [stream.written(), stream.read()].map(|lane| (lane.first().map(|c| c.offset), lane.last().map(Chunk::end)));
            let first = ends.iter().filter_map(|(first, _)| *first).min().unwrap_or(0);
            let last = ends.iter().filter_map(|(_, last)| *last).max().unwrap_or(0);
            last - first
        }
        Part::Datagrams(datagrams) => {
            datagrams.sent.iter().flat_map(|lane| &lane.chunks).map(|chunk| chunk.bytes.len() as u64).sum()
        }
    }
}

fn lanes_of(part: &Part) -> usize {
    match part {
        Part::Stream(stream) if stream.frames != Frames::Off => 3,
        Part::Stream(_) | Part::Datagrams(_) => 2,
    }
}

/// Where the lines of a stretch begin: a block that does not fit into the rest of one begins the next, if not much is left free by that; a
/// block that is longer than a line goes on in the next.
fn lines(leading: &[Chunk], range: &Range<u64>, per_line: u64) -> Vec<u64> {
    let mut starts = vec![range.start];
    let mut start = range.start;
    while range.end.saturating_sub(start) > per_line {
        let limit = start + per_line;
        let fits = leading.partition_point(|chunk| chunk.end() <= limit);
        let whole = fits.checked_sub(1).and_then(|last| leading.get(last)).map(Chunk::end);
        start = whole.filter(|end| *end > start + per_line / 2).unwrap_or(limit);
        starts.push(start);
    }
    starts
}

/// Slots in lines, each with its left and its width.
fn wrap(datagrams: &Datagrams, slots: &Range<u64>, scale: f32, room: f32) -> Vec<Vec<(usize, f32, f32)>> {
    let mut lines: Vec<Vec<(usize, f32, f32)>> = Vec::new();
    let mut left = 0.0;
    for slot in slots.start as usize..slots.end as usize {
        let width = (datagrams.length(slot) as f32 * scale).clamp(NARROWEST, room);
        if lines.is_empty() || left + width > room {
            lines.push(Vec::new());
            left = 0.0;
        }
        if let Some(line) = lines.last_mut() {
            line.push((slot, GUTTER + left, width));
        }
        left += width + APART;
    }
    lines
}

/// What of it is in view, from one height to another; shapes stand where they stand in the whole picture.
pub fn picture(plan: &Plan, view: Range<f32>) -> Scene<Mark> {
    let mut scene = Scene::new(plan.style.width, plan.height);
    let first = plan.sections.partition_point(|section| section.top + section.height() < view.start);
    for section in plan.sections[first..].iter().take_while(|section| section.top <= view.end) {
        let lines = section.top + CAPTION;
        if lines >= view.start {
            caption(&mut scene, plan, section);
        }
        let from = ((view.start - lines) / section.line).floor().max(0.0) as u64;
        let until = (((view.end - lines) / section.line).ceil().max(0.0) as u64).min(section.count());
        let part = &plan.parts[section.part];
        for line in from..until {
            let mut canvas = Canvas { scene: &mut scene, style: &plan.style, top: lines + line as f32 * section.line };
            match (part, &section.lines) {
                (Part::Stream(stream), Lines::Bytes(starts)) => {
                    let at = |line: u64| usize::try_from(line).ok().and_then(|line| starts.get(line).copied());
                    let end = section.exchange.range.end;
                    draw::stream(&mut canvas, stream, at(line).unwrap_or(end)..at(line + 1).unwrap_or(end));
                }
                (Part::Datagrams(datagrams), Lines::Slots(lines)) => {
                    let line = usize::try_from(line).ok().and_then(|line| lines.get(line));
                    draw::datagrams(&mut canvas, datagrams, line.map_or(&[], Vec::as_slice));
                }
                // A part has lines of its own kind.
                (Part::Stream(_), Lines::Slots(_)) | (Part::Datagrams(_), Lines::Bytes(_)) => {}
            }
        }
    }
    scene
}

/// `TCP   10 writes became 1 read (粘包)                     127.0.0.1:50000 → 127.0.0.1:9000   16:20:34.093`
fn caption(scene: &mut Scene<Mark>, plan: &Plan, section: &Section) {
    let style = &plan.style;
    let (kind, title) = match &plan.parts[section.part] {
        Part::Stream(stream) => ("lanes.stream", &stream.title),
        Part::Datagrams(datagrams) => ("lanes.datagrams", &datagrams.title),
    };
    let middle = section.top + CAPTION / 2.0;
    let (at, text) = (Point { x: 0.0, y: middle }, style.language.tr(kind).into_owned());
    scene.draw(Shape::Words { at, anchor: Anchor::Left, text, ink: Ink::Weak, face: Face::Plain, scale: Scale::Normal });
    let verdict = section.exchange.tally.words(style.language);
    let used = GUTTER + width_of(&verdict, Face::Plain, Scale::Normal) + 2.0 * APART;
    let ink = section.exchange.tally.ink();
    let at = Point { x: GUTTER, y: middle };
    let hint = section.exchange.tally.why().map(|key| style.language.tr(key).into_owned());
    let shape = Shape::Words { at, anchor: Anchor::Left, text: verdict, ink, face: Face::Plain, scale: Scale::Normal };
    scene.items.push(Item { shape, mark: None, hint });
    let time = section.exchange.at.clock(&style.zone);
    let full = format!("{title}   {time}");
    let room = style.width - MARGIN - used;
    for text in [full, time] {
        if width_of(&text, Face::Plain, Scale::Caption) <= room {
            let at = Point { x: style.width - MARGIN, y: middle };
            let (ink, face, scale) = (Ink::Weak, Face::Plain, Scale::Caption);
            scene.draw(Shape::Words { at, anchor: Anchor::Right, text, ink, face, scale });
            return;
        }
    }
}
