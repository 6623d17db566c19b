//! Pictures of what happened between two ends of a lesson: the ladder, and what was written above what was read. Must never draw what did
//! not happen, nor more of it than a page has room for.

use crate::codec::framing::Rule;
use crate::diagram::ladder::join::join;
use crate::diagram::ladder::paint::{self, Frame, HEAD, LINE, Line, Speaks, room_for};
use crate::diagram::ladder::pair::{self, Pairing};
use crate::diagram::ladder::told::Told;
use crate::diagram::ladder::window::{self, Block, Places};
use crate::diagram::ladder::wire::Wire;
use crate::diagram::ladder::{Acks, End as Side, Spacing};
use crate::diagram::lanes::{self, Arrived, Chunk, Datagrams, MOST_CHUNKS, Part, Plan, Stream, Style};
use crate::diagram::svg::svg;
use crate::i18n::Language;
use crate::lesson::both::Both;
use crate::lesson::run::Run;
use crate::lesson::script::{End, Whereto};
use crate::lesson::seen::Seen;
use crate::session::address::Address;
use crate::session::id::SessionId;
use crate::session::spec::Role;
use crate::traffic::log::Log;
use crate::traffic::model::{Model, Session};
use crate::traffic::record::{Data, Direction, RecordId};
use jiff::tz::TimeZone;
use std::cell::RefCell;
use std::sync::Arc;

/// How wide a picture is, in points: a page's text is about as wide.
const WIDTH: f32 = 900.0;
/// Lines of a ladder; the rest is in the table of the step.
const MOST_LINES: usize = 120;
/// The most of a picture's height, in points.
const MOST_HEIGHT: f32 = 2400.0;
/// Pairs that are drawn: a chat room of sixteen would fill a book.
const MOST_PAIRS: usize = 6;

/// Two pictures of one conversation, as SVG in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Whose.
    pub title: Both,
    /// The ladder.
    pub ladder: Both,
    /// What was written above what was read; `None` where nothing was.
    pub lanes: Option<Both>,
}

/// Draws every conversation of a lesson, as the model has it now.
pub fn draw(run: &Run, model: &Model) -> Vec<Picture> {
    let ends: Vec<(&End, SessionId, &Seen)> = run.ends().collect();
    let mut pictures = Vec::new();
    for (end, id, seen) in &ends {
        let Whereto::End { end: other, .. } = end.to else { continue };
        let (Some(session), Some((to, other_id, other_seen))) = (model.session(*id), ends.get(other)) else { continue };
        if pictures.len() >= MOST_PAIRS || session.log.next() == RecordId(0) {
            continue;
        }
        let title = Both::from_fn(|language| format!("{} – {}", end.title.of(language), to.title.of(language)));
        let pairing = pair::other_end(model, *id, None);
        let ladder = Both::from_fn(|language| ladder(model, session, pairing.as_ref(), (end, to), (&title, language)));
        let parts = parts((end, *id, seen), (to, *other_id, other_seen));
        let lanes = (!parts.is_empty()).then(|| Both::from_fn(|language| lanes(&parts, end, (&title, language))));
        pictures.push(Picture { title, ladder, lanes });
    }
    pictures
}

fn lane<'a>(session: &'a Session, told: &'a Told) -> window::Lane<'a, Log> {
    window::Lane {
        records: &session.log,
        kept: session.log.first().0..session.log.next().0,
        admitted: None,
        calls: &session.calls,
        conversations: &session.conversations,
        told,
        connections: None,
        local: session.local,
    }
}

fn ladder(
    model: &Model,
    session: &Session,
    pairing: Option<&Pairing>,
    (own_end, other_end): (&End, &End),
    (title, language): (&Both, Language),
) -> String {
    let other = pairing.and_then(|pairing| Some((model.session(pairing.session)?, &pairing.talks)));
    let mut told = [Told::default(), Told::default()];
    told[0].take(&session.calls, &session.conversations);
    if let Some((other, _)) = &other {
        told[1].take(&other.calls, &other.conversations);
    }
    let (wire, places) = (Wire::default(), RefCell::<Places>::default());
    let ladder = window::Ladder {
        own: lane(session, &told[0]),
        other: other.map(|(other, talks)| (lane(other, &told[1]), talks)),
        wire: &wire,
        acks: Acks::Shown,
        spacing: Spacing::Even,
        places: &places,
    };
    let (mut lines, mut steps, mut y) = (Vec::new(), Vec::new(), HEAD);
    'blocks: for position in ladder.blocks() {
        let Block::Steps(block) = ladder.block(position) else { continue };
        for (step, pause) in block {
            if lines.len() >= MOST_LINES {
                break 'blocks;
            }
            y += room_for(Spacing::Even, pause);
            steps.push(step.clone());
            lines.push(Line { y: y + LINE / 2.0, step, pause });
            y += LINE;
        }
    }
    let arrows = join(&steps, ladder.seen(), &ladder);
    let address = |local: Option<Address>| local.map_or_else(String::new, |local| local.to_string());
    let remote = session.conversations.iter().next_back().map(|(_, conversation)| conversation.peer.address);
    let (own, far) = (address(session.local), address(other.and_then(|(other, _)| other.local).or(remote)));
    let frame = Frame {
        width: WIDTH,
        height: y + LINE,
        own: [own_end.title.of(language), &own],
        other: [other_end.title.of(language), &far],
        left: Side::Own,
        other_speaks: if other.is_some() { Speaks::Yes } else { Speaks::No },
        spacing: Spacing::Even,
        language,
        zone: &TimeZone::system(),
    };
    let scene = paint::scene(&lines, &arrows, &frame);
    svg(&scene, &format!("{} · {}", language.tr("page.ladder"), title.of(language)), language)
}

/// What went one way and the other.
fn parts(one: (&End, SessionId, &Seen), other: (&End, SessionId, &Seen)) -> Vec<Part> {
    // What a relay forwards is another's conversation.
    let direct = one.0.draft.role != Role::Relay && other.0.draft.role != Role::Relay;
    let ways = [(one, other), (other, one)].into_iter().filter(|_| direct);
    ways.filter_map(|(from, to)| part(from, to)).collect()
}

fn part((from, from_id, from_seen): (&End, SessionId, &Seen), (to, to_id, to_seen): (&End, SessionId, &Seen)) -> Option<Part> {
    let title = format!("{} → {}", from_seen.local?, to_seen.local?);
    let is_stream = !matches!(from.draft.role, Role::Udp | Role::UnixDatagram);
    // Of a server only what belongs to this client.
    let between = |seen: &Seen, far: &Seen, data: &Data| match data.peer.connection {
        Some(connection) => seen.peers.len() < 2 || far.local.and_then(|local| seen.connection_to(local)) == Some(connection),
        None => far.local.is_none_or(|local| data.peer.address == local),
    };
    let chunks = |seen: &Seen, far: &Seen, direction: Direction| -> Vec<Chunk> {
        let all = seen.records().iter().filter_map(|(id, record)| Some((*id, record, record.data()?)));
        let of_pair = all.filter(|(_, _, data)| data.direction == direction && between(seen, far, data));
        of_pair.take(MOST_CHUNKS).map(|(record, whole, data)| chunk(record, whole.at, data)).collect()
    };
    let written = chunks(from_seen, to_seen, Direction::Sent);
    let read = chunks(to_seen, from_seen, Direction::Received);
    if written.is_empty() {
        return None;
    }
    if is_stream {
        let rule: Rule = to.draft.framing.rule().unwrap_or_default();
        let frames = lanes::frames(&rule, &read);
        let reads = Some(lanes::Lane { session: to_id, chunks: read });
        let writes = Some(lanes::Lane { session: from_id, chunks: written });
        return Some(Part::Stream(Stream { title, writes, reads, first_number: 1, frames, open: false }));
    }
    let arrived = read.into_iter().map(|chunk| Arrived { chunk, cut: None }).collect();
    let sent = Some(lanes::Lane { session: from_id, chunks: written });
    let received = Some(lanes::Lane { session: to_id, chunks: arrived });
    Some(Part::Datagrams(Datagrams::new(title, sent, received, 1)))
}

fn chunk(record: RecordId, at: crate::session::timestamp::Timestamp, data: &Data) -> Chunk {
    Chunk { record, at, offset: data.offset, bytes: Arc::clone(&data.bytes) }
}

fn lanes(parts: &[Part], end: &End, (title, language): (&Both, Language)) -> String {
    let style = Style {
        language,
        zone: TimeZone::system(),
        encoding: end.draft.receive_encoding,
        width: WIDTH,
        scale: lanes::fitting_scale(parts, WIDTH),
    };
    let plan = Plan::new(parts.to_vec(), style);
    let mut scene = lanes::picture(&plan, 0.0..MOST_HEIGHT);
    scene.height = scene.height.min(MOST_HEIGHT);
    svg(&scene, &format!("{} · {}", language.tr("page.lanes"), title.of(language)), language)
}
