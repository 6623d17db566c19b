//! One line of the picture: its lanes, block by block. Solid is what was seen; dashed what must be. Must never decide where a line begins.

use super::datagrams::{Datagrams, Fate, Slot};
use super::frames::{Framed, Frames};
use super::layout::{BETWEEN, GUTTER, LANE, Style};
use super::stream::Stream;
use super::{Chunk, Mark};
use crate::codec::decoder::Piece;
use crate::codec::framing::End;
use crate::codec::visible::push_visible;
use crate::describe::{grouped, size_text};
use crate::diagram::scene::{Anchor, Area, Certainty, Face, Ink, Point, Scale, Scene, Shape, width_of};
use crate::session::id::SessionId;
use std::ops::Range;

/// Between a block's edge and its words.
const PAD: f32 = 5.0;
/// How far a read's bytes stand inside its box.
const INSET: f32 = 2.5;
/// Half the gap between two blocks.
const SEAM: f32 = 1.0;
/// The narrowest block.
const LEAST: f32 = 1.0;
/// Bytes of a block that are turned into words at most: no block has room for more.
const WORDY: usize = 512;
/// Letters of a hint.
const HINT: usize = 80;
/// Colours are counted round and round, so a number that all rows of up to ten colours divide is as good as any.
const ROUND: u64 = 240;

/// Where a line is drawn.
pub(super) struct Canvas<'a> {
    pub scene: &'a mut Scene<Mark>,
    pub style: &'a Style,
    /// The line's top.
    pub top: f32,
}

/// What a block looks like.
#[derive(Clone, Copy)]
struct Look {
    fill: Option<Ink>,
    edge: Option<Ink>,
    certainty: Certainty,
}

impl Look {
    /// Bytes that were seen, in the colour of their write.
    fn seen(number: u64) -> Self {
        Self { fill: Some(series(number)), edge: Some(series(number)), certainty: Certainty::Observed }
    }

    /// Bytes inside something else.
    fn within(number: u64) -> Self {
        Self { edge: None, ..Self::seen(number) }
    }

    /// The box of a read.
    const READ: Self = Self { fill: Some(Ink::Card), edge: Some(Ink::Normal), certainty: Certainty::Observed };
    /// What must be there and was not seen.
    const UNSEEN: Self = Self { fill: None, edge: Some(Ink::Weak), certainty: Certainty::Inferred };
    /// What must have been lost.
    const LOST: Self = Self { fill: None, edge: Some(Ink::Error), certainty: Certainty::Inferred };
}

/// The colour of a write.
fn series(number: u64) -> Ink {
    Ink::Series((number.saturating_sub(1) % ROUND) as u8)
}

impl Canvas<'_> {
    fn tr(&self, key: &str, values: &[(&str, &dyn std::fmt::Display)]) -> String {
        self.style.language.tr_with(key, values)
    }

    /// The height at which a lane begins.
    fn lane(&self, index: usize) -> f32 {
        self.top + index as f32 * (LANE + BETWEEN)
    }

    /// The name of a lane, at the left.
    fn name(&mut self, lane: usize, key: &str) {
        let at = Point { x: 0.0, y: self.lane(lane) + LANE / 2.0 };
        let text = self.style.language.tr(key).into_owned();
        self.words(at, Anchor::Left, (text, Ink::Weak, Face::Plain), None);
    }

    fn words(&mut self, at: Point, anchor: Anchor, (text, ink, face): (String, Ink, Face), mark: Option<(Mark, &str)>) {
        self.add(Shape::Words { at, anchor, text, ink, face, scale: Scale::Caption }, mark);
    }

    fn add(&mut self, shape: Shape, mark: Option<(Mark, &str)>) {
        match mark {
            Some((mark, hint)) => self.scene.mark(shape, mark, hint.to_owned()),
            None => self.scene.draw(shape),
        }
    }

    fn block(&mut self, area: Area, look: Look, mark: Option<(Mark, &str)>) {
        let Look { fill, edge, certainty } = look;
        self.add(Shape::Box { area, fill, edge, certainty }, mark);
    }

    /// A number and as many words as there is room for.
    fn label(&mut self, area: Area, number: Option<u64>, bytes: &[u8], mark: Option<(Mark, &str)>) {
        let middle = area.at.y + area.height / 2.0;
        let mut left = area.at.x + PAD;
        let right = area.at.x + area.width - PAD;
        if let Some(number) = number {
            let text = number.to_string();
            let width = width_of(&text, Face::Plain, Scale::Caption);
            if left + width > right + PAD / 2.0 {
                return;
            }
            self.words(Point { x: left, y: middle }, Anchor::Left, (text, Ink::Strong, Face::Plain), mark);
            left += width + PAD;
        }
        let text = fit(&readable(bytes, self.style), right - left);
        if !text.is_empty() {
            self.words(Point { x: left, y: middle }, Anchor::Left, (text, Ink::Normal, Face::Mono), mark);
        }
    }

    /// Words in the middle of an area, if they fit.
    fn centred(&mut self, area: Area, text: String, ink: Ink, mark: Option<(Mark, &str)>) {
        if width_of(&text, Face::Plain, Scale::Caption) + PAD <= area.width {
            let at = Point { x: area.at.x + area.width / 2.0, y: area.at.y + area.height / 2.0 };
            self.words(at, Anchor::Middle, (text, ink, Face::Plain), mark);
        }
    }

    /// The place of some bytes of a line. At an end that is a boundary of `whole` there is a seam; at one that the line cut there is none.
    fn place(&self, lane: usize, line: &Range<u64>, part: &Range<u64>, whole: &Range<u64>) -> Area {
        let at = |offset: u64| GUTTER + (offset - line.start) as f32 * self.style.scale;
        let (left, right) = (at(part.start), at(part.end));
        let seam = SEAM.min((right - left) / 4.0);
        let left = left + if part.start == whole.start { seam } else { 0.0 };
        let right = right - if part.end == whole.end { seam } else { 0.0 };
        Area { at: Point { x: left, y: self.lane(lane) }, width: (right - left).max(LEAST), height: LANE }
    }
}

/// Bytes as words in one line.
fn readable(bytes: &[u8], style: &Style) -> String {
    let mut decoder = style.encoding.decoder();
    let mut pieces = decoder.push(&bytes[..bytes.len().min(WORDY)]);
    if bytes.len() <= WORDY {
        pieces.extend(decoder.finish());
    }
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(part) => part.chars().for_each(|character| push_visible(&mut text, character)),
            Piece::Invalid(bytes) => bytes.iter().for_each(|byte| text.push_str(&format!("\\x{byte:02X}"))),
        }
    }
    text
}

/// As much of a text as there is room for.
fn fit(text: &str, room: f32) -> String {
    let width = |text: &str| width_of(text, Face::Mono, Scale::Caption);
    if width(text) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        kept.push(character);
        if width(&kept) + width("…") > room {
            kept.pop();
            break;
        }
    }
    // One letter alone says less than none.
    if kept.chars().count() < 2 { String::new() } else { kept + "…" }
}

fn hint_text(bytes: &[u8], style: &Style) -> String {
    let text = readable(bytes, style);
    if text.chars().count() <= HINT { text } else { text.chars().take(HINT).chain(['…']).collect() }
}

/// The chunks that have bytes in a range, with their indices.
fn within<'a>(chunks: &'a [Chunk], range: &Range<u64>) -> impl Iterator<Item = (usize, &'a Chunk, Range<u64>)> {
    let first = chunks.partition_point(|chunk| chunk.end() <= range.start);
    let (start, end) = (range.start, range.end);
    let inside = chunks[first..].iter().enumerate().take_while(move |(_, chunk)| chunk.offset < end);
    inside.map(move |(index, chunk)| (first + index, chunk, chunk.offset.max(start)..chunk.end().min(end)))
}

/// The bytes of a chunk in a part of its place.
fn bytes_in<'a>(chunk: &'a Chunk, part: &Range<u64>) -> &'a [u8] {
    let index = |offset: u64| usize::try_from(offset.saturating_sub(chunk.offset)).unwrap_or(usize::MAX);
    chunk.bytes.get(index(part.start)..index(part.end)).unwrap_or_default()
}

/// A line of a stream: the bytes from one place to another.
pub(super) fn stream(canvas: &mut Canvas<'_>, stream: &Stream, line: Range<u64>) {
    canvas.name(0, "lanes.written");
    canvas.name(1, "lanes.read");
    match &stream.writes {
        Some(lane) => writes(canvas, stream, lane.session, &line),
        None => elsewhere(canvas, 0, &line, "lanes.writer_unseen"),
    }
    match &stream.reads {
        Some(lane) => reads(canvas, stream, lane.session, &line),
        None => elsewhere(canvas, 1, &line, "lanes.reader_unseen"),
    }
    match &stream.frames {
        Frames::Off => {}
        Frames::Unknown => {
            canvas.name(2, "lanes.framed");
            elsewhere(canvas, 2, &line, "lanes.frames_unknown");
        }
        Frames::Known(found) => {
            canvas.name(2, "lanes.framed");
            if let Some(lane) = &stream.reads {
                frames(canvas, stream, (lane.session, found), &line);
            }
        }
    }
}

/// A lane of which nothing can be seen from here.
fn elsewhere(canvas: &mut Canvas<'_>, lane: usize, line: &Range<u64>, key: &str) {
    let area = canvas.place(lane, line, line, line);
    canvas.block(area, Look::UNSEEN, None);
    let text = canvas.tr(key, &[]);
    canvas.centred(area, text, Ink::Weak, None);
}

fn writes(canvas: &mut Canvas<'_>, stream: &Stream, session: SessionId, line: &Range<u64>) {
    for (index, chunk, part) in within(stream.written(), line) {
        let number = stream.number(index);
        let values: [(&str, &dyn std::fmt::Display); 4] = [
            ("number", &number),
            ("bytes", &grouped(chunk.bytes.len() as u64)),
            ("offset", &grouped(chunk.offset)),
            ("text", &hint_text(&chunk.bytes, canvas.style)),
        ];
        let hint = canvas.tr("lanes.hint_write", &values);
        let mark = Some((Mark::of(session, chunk.record), hint.as_str()));
        let area = canvas.place(0, line, &part, &chunk.range());
        canvas.block(area, Look::seen(number), mark);
        canvas.label(area, Some(number), bytes_in(chunk, &part), mark);
    }
}

fn reads(canvas: &mut Canvas<'_>, stream: &Stream, session: SessionId, line: &Range<u64>) {
    let alone = stream.writes.is_none();
    for (index, chunk, part) in within(stream.read(), line) {
        let range = chunk.range();
        let hint = if alone {
            let values: [(&str, &dyn std::fmt::Display); 4] = [
                ("number", &stream.number(index)),
                ("bytes", &grouped(chunk.bytes.len() as u64)),
                ("offset", &grouped(chunk.offset)),
                ("text", &hint_text(&chunk.bytes, canvas.style)),
            ];
            canvas.tr("lanes.hint_read_alone", &values)
        } else {
            let of = numbers(stream, &range);
            let bytes = grouped(chunk.bytes.len() as u64);
            let values: [(&str, &dyn std::fmt::Display); 4] = [
                ("bytes", &bytes),
                ("offset", &grouped(chunk.offset)),
                ("writes", &of),
                ("text", &hint_text(&chunk.bytes, canvas.style)),
            ];
            canvas.tr("lanes.hint_read", &values)
        };
        let mark = Some((Mark::of(session, chunk.record), hint.as_str()));
        let area = canvas.place(1, line, &part, &range);
        canvas.block(area, Look::READ, mark);
        if alone {
            let number = stream.number(index);
            canvas.block(inset(area), Look::within(number), mark);
            canvas.label(area, Some(number), bytes_in(chunk, &part), mark);
        } else {
            segments(canvas, stream, (chunk, 1), (line, &part), mark);
        }
    }
    unread(canvas, stream, line);
}

/// The bytes of a read or frame, write by write.
fn segments(
    canvas: &mut Canvas<'_>,
    stream: &Stream,
    (bytes, lane): (&Chunk, usize),
    (line, part): (&Range<u64>, &Range<u64>),
    mark: Option<(Mark, &str)>,
) {
    for (index, write, shared) in within(stream.written(), part) {
        let number = stream.number(index);
        let mut area = inset(canvas.place(lane, line, &shared, &write.range()));
        // Inside its box at the box's own ends too.
        if shared.start == bytes.offset {
            area.at.x += INSET;
            area.width -= INSET;
        }
        if shared.end == bytes.end() {
            area.width -= INSET;
        }
        area.width = area.width.max(LEAST);
        canvas.block(area, Look::within(number), mark);
        canvas.label(area, Some(number), bytes_in(bytes, &shared), mark);
    }
}

fn inset(area: Area) -> Area {
    Area { at: Point { x: area.at.x, y: area.at.y + INSET }, width: area.width, height: area.height - 2.0 * INSET }
}

/// `3`, or `3 – 7`: the writes that have bytes in a range.
fn numbers(stream: &Stream, range: &Range<u64>) -> String {
    let mut inside = within(stream.written(), range).map(|(index, ..)| stream.number(index));
    match (inside.next(), inside.last()) {
        (None, _) => "?".to_owned(),
        (Some(only), None) => only.to_string(),
        (Some(first), Some(last)) => format!("{first} – {last}"),
    }
}

/// What was written and not read: dashed, because nobody sees where it waits.
fn unread(canvas: &mut Canvas<'_>, stream: &Stream, line: &Range<u64>) {
    if stream.writes.is_none() {
        return;
    }
    let written = stream.written().last().map_or(0, Chunk::end);
    let read = stream.read().last().map_or_else(|| stream.written().first().map_or(0, |chunk| chunk.offset), Chunk::end);
    let waiting = read..written;
    let part = waiting.start.max(line.start)..waiting.end.min(line.end);
    if part.is_empty() {
        return;
    }
    let area = canvas.place(1, line, &part, &waiting);
    canvas.block(area, Look::UNSEEN, None);
    let key = if stream.open { "lanes.unread_open" } else { "lanes.unread_ended" };
    let text = canvas.tr(key, &[("bytes", &size_text(waiting.end - waiting.start))]);
    canvas.centred(area, text, Ink::Weak, None);
}

fn frames(canvas: &mut Canvas<'_>, stream: &Stream, (session, found): (SessionId, &[Framed]), line: &Range<u64>) {
    let first = found.partition_point(|frame| frame.range.end <= line.start);
    for frame in found[first..].iter().take_while(|frame| frame.range.start < line.end) {
        let part = frame.range.start.max(line.start)..frame.range.end.min(line.end);
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("bytes", &grouped(frame.range.end - frame.range.start)), ("offset", &grouped(frame.range.start))];
        let key = match frame.end {
            End::Complete => "lanes.hint_frame",
            End::Unfinished => "lanes.hint_frame_open",
            End::Cut | End::BadLength | End::NotJson => "lanes.hint_frame_bad",
        };
        let hint = canvas.tr(key, &values);
        let mark = Some((Mark { session, record: frame.record, frame: Some(frame.range.start) }, hint.as_str()));
        let look = match frame.end {
            End::Complete => Look { edge: Some(Ink::Ok), ..Look::READ },
            End::Unfinished => Look::UNSEEN,
            End::Cut | End::BadLength | End::NotJson => Look { edge: Some(Ink::Error), ..Look::READ },
        };
        let area = canvas.place(2, line, &part, &frame.range);
        canvas.block(area, look, mark);
        frame_bytes(canvas, stream, frame, (line, &part), mark);
    }
}

/// The bytes of a frame: in the colours of the writes that they came in, and its words.
fn frame_bytes(
    canvas: &mut Canvas<'_>,
    stream: &Stream,
    frame: &Framed,
    (line, part): (&Range<u64>, &Range<u64>),
    mark: Option<(Mark, &str)>,
) {
    let mut bytes = Vec::new();
    for (_, read, shared) in within(stream.read(), part) {
        bytes.extend_from_slice(bytes_in(read, &shared));
        if bytes.len() > WORDY {
            break;
        }
    }
    let area = canvas.place(2, line, part, &frame.range);
    let leading = if stream.writes.is_some() { stream.written() } else { stream.read() };
    for (index, chunk, shared) in within(leading, part) {
        let mut colored = inset(canvas.place(2, line, &shared, &chunk.range()));
        colored.at.x = colored.at.x.max(area.at.x + INSET);
        colored.width = colored.width.min(area.at.x + area.width - INSET - colored.at.x).max(LEAST);
        canvas.block(colored, Look::within(stream.number(index)), mark);
    }
    canvas.label(area, None, &bytes, mark);
}

/// A line of datagrams: these slots, each with its left and its width.
pub(super) fn datagrams(canvas: &mut Canvas<'_>, datagrams: &Datagrams, slots: &[(usize, f32, f32)]) {
    canvas.name(0, "lanes.sent");
    canvas.name(1, "lanes.received");
    for (slot, left, width) in slots {
        let place =
            |canvas: &Canvas<'_>, lane: usize| Area { at: Point { x: *left, y: canvas.lane(lane) }, width: *width, height: LANE };
        let (above, below) = (place(canvas, 0), place(canvas, 1));
        match datagrams.slots().get(*slot) {
            Some(Slot::Sent(index, fate)) => {
                sent(canvas, datagrams, *index, above);
                match fate {
                    Fate::Arrived(indices) => arrived(canvas, datagrams, (*index, indices), below),
                    Fate::Missing => missing(canvas, below),
                    Fate::OnItsWay => canvas.block(below, Look::UNSEEN, None),
                    Fate::Unseen => {
                        canvas.block(below, Look::UNSEEN, None);
                        canvas.centred(below, "?".to_owned(), Ink::Weak, None);
                    }
                }
            }
            Some(Slot::Received(index)) => {
                canvas.block(above, Look::UNSEEN, None);
                canvas.centred(above, "?".to_owned(), Ink::Weak, None);
                stranger(canvas, datagrams, *index, below);
            }
            None => {}
        }
    }
}

fn sent(canvas: &mut Canvas<'_>, datagrams: &Datagrams, index: usize, area: Area) {
    let (Some(chunk), Some(lane)) = (datagrams.sent_at(index), &datagrams.sent) else { return };
    let number = datagrams.number(index);
    let values: [(&str, &dyn std::fmt::Display); 3] =
        [("number", &number), ("bytes", &grouped(chunk.bytes.len() as u64)), ("text", &hint_text(&chunk.bytes, canvas.style))];
    let hint = canvas.tr("lanes.hint_sent", &values);
    let mark = Some((Mark::of(lane.session, chunk.record), hint.as_str()));
    canvas.block(area, Look::seen(number), mark);
    canvas.label(area, Some(number), &chunk.bytes, mark);
}

fn missing(canvas: &mut Canvas<'_>, area: Area) {
    canvas.block(area, Look::LOST, None);
    let text = canvas.tr("lanes.missing", &[]);
    let wide = width_of(&text, Face::Plain, Scale::Caption) + PAD <= area.width;
    canvas.centred(area, if wide { text } else { "×".to_owned() }, Ink::Error, None);
}

fn arrived(canvas: &mut Canvas<'_>, datagrams: &Datagrams, (sent, indices): (usize, &[usize]), area: Area) {
    let (Some(lane), Some(first)) = (&datagrams.received, indices.first()) else { return };
    let (Some(datagram), Some(whole)) = (datagrams.received_at(*first), datagrams.sent_at(sent)) else { return };
    let number = datagrams.number(sent);
    let late = datagrams.is_late(*first);
    let values: [(&str, &dyn std::fmt::Display); 3] = [
        ("number", &number),
        ("bytes", &grouped(datagram.chunk.bytes.len() as u64)),
        ("text", &hint_text(&datagram.chunk.bytes, canvas.style)),
    ];
    let mut hint = canvas.tr("lanes.hint_received", &values);
    if late {
        hint = format!("{hint} · {}", canvas.tr("lanes.hint_late", &[]));
    }
    if indices.len() > 1 {
        hint = format!("{hint} · {}", canvas.tr("lanes.hint_repeated", &[("times", &indices.len())]));
    }
    let lost = whole.bytes.len() - datagram.chunk.bytes.len().min(whole.bytes.len());
    if datagram.cut.is_some() {
        hint = format!("{hint} · {}", canvas.tr("lanes.hint_cut", &[("bytes", &grouped(lost as u64))]));
    }
    let mark = Some((Mark::of(lane.session, datagram.chunk.record), hint.as_str()));
    let mut kept = area;
    if datagram.cut.is_some() {
        kept.width = (area.width * datagram.chunk.bytes.len() as f32 / whole.bytes.len().max(1) as f32).max(LEAST);
        let gone = Area { at: Point { x: kept.at.x + kept.width, y: area.at.y }, width: area.width - kept.width, ..area };
        canvas.block(gone, Look::LOST, mark);
        canvas.centred(gone, format!("−{} B", grouped(lost as u64)), Ink::Error, mark);
    }
    let edge = if late { Ink::Warning } else { Ink::Normal };
    canvas.block(kept, Look { fill: Some(series(number)), edge: Some(edge), certainty: Certainty::Observed }, mark);
    let mut room = kept;
    if indices.len() > 1 {
        let text = format!("{}×", indices.len());
        let width = width_of(&text, Face::Plain, Scale::Caption);
        let at = Point { x: kept.at.x + kept.width - PAD, y: kept.at.y + LANE / 2.0 };
        canvas.words(at, Anchor::Right, (text, Ink::Warning, Face::Plain), mark);
        room.width -= width + PAD;
    }
    canvas.label(room, Some(number), &datagram.chunk.bytes, mark);
}

fn stranger(canvas: &mut Canvas<'_>, datagrams: &Datagrams, index: usize, area: Area) {
    let (Some(lane), Some(datagram)) = (&datagrams.received, datagrams.received_at(index)) else { return };
    let values: [(&str, &dyn std::fmt::Display); 2] =
        [("bytes", &grouped(datagram.chunk.bytes.len() as u64)), ("text", &hint_text(&datagram.chunk.bytes, canvas.style))];
    let hint = canvas.tr("lanes.hint_received_alone", &values);
    let mark = Some((Mark::of(lane.session, datagram.chunk.record), hint.as_str()));
    // Without a sender in the picture it has no write's colour; alone they are told apart by their own.
    let look = if datagrams.sent.is_none() { Look::seen(datagrams.number(index)) } else { Look::READ };
    canvas.block(area, Look { edge: Some(Ink::Normal), ..look }, mark);
    canvas.label(area, None, &datagram.chunk.bytes, mark);
    if let Some(cut) = datagram.cut {
        let text = cut.whole.map_or_else(|| "…".to_owned(), |whole| format!("/{} B", grouped(whole)));
        let at = Point { x: area.at.x + area.width - PAD, y: area.at.y + LANE / 2.0 };
        canvas.words(at, Anchor::Right, (text, Ink::Error, Face::Plain), mark);
    }
}
