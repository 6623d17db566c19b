//! 状态图: the states of TCP (RFC 9293 figure 5), with where both ends of a connection are, how they came there, and what the system says
//! about them. It must never light what was not seen as if it had been: a state is lit where the system told it, a way between two states
//! is solid where it is the only one, and dashed where it must have been gone.
//!
//! | module | what it is |
//! | --- | --- |
//! | `chart` | the states, the ways between them, and where all stand |
//! | `path` | which ways an end must have gone |
//! | `draw` | the diagram |
//! | `figures` | the table beneath it |

mod chart;
mod draw;
mod figures;
mod path;

use crate::diagram::scene::{Ink, Scene};
use crate::i18n::Language;
use crate::session::sample::{Sample, TcpState};
use crate::session::timestamp::Timestamp;
use crate::session::trail::{Trail, Watch};
use std::net::SocketAddr;

pub use chart::{Place, TRANSITIONS, Transition};
pub use path::{Gone, gone};

/// How wide the diagram is, in points.
pub const DIAGRAM_WIDTH: f32 = chart::SIZE.0;

/// Which part of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// A state.
    State(Place),
    /// A way between two, by its number in [`TRANSITIONS`].
    Way(usize),
}

/// Both ends of a connection, as they are to be drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// This session's end, and the other where it is on this machine too.
    pub ends: Vec<End>,
    /// What listens at one of them.
    pub listener: Option<Sample>,
    /// All connections of the session by state, where there are several.
    pub counts: Vec<(TcpState, usize)>,
    /// The moment that is drawn.
    pub now: Timestamp,
}

/// One end of a connection.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// Its address.
    pub local: SocketAddr,
    /// Whose it is.
    pub whose: Whose,
    /// The states that it was seen in.
    pub trail: Option<Trail>,
    /// What the system said about it last; `None` where it lists it no more.
    pub sample: Option<Sample>,
}

/// Whose an end is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// This session's.
    Ours,
    /// That of whom it talks to, on this machine.
    Theirs,
}

impl Picture {
    /// What is known of a connection; `None` for a listener alone.
    pub fn of(watch: &Watch, connection: Option<(SocketAddr, SocketAddr)>, listener: Option<SocketAddr>, now: Timestamp) -> Self {
        let end = |local, remote, whose| {
            let (trail, sample) = (watch.trail(local, remote).cloned(), watch.sample(local, remote).cloned());
            End { local, whose, trail, sample }
        };
        let mut ends = Vec::new();
        if let Some((local, remote)) = connection {
            ends.push(end(local, remote, Whose::Ours));
            let other = end(remote, local, Whose::Theirs);
            if other.trail.is_some() {
                ends.push(other);
            }
        }
        let listens = |port: u16| {
            move |sample: &&Sample| {
                sample.state == Some(TcpState::Listen) && sample.remote.is_none() && sample.local.port() == port
            }
        };
        let ports = listener.into_iter().chain(connection.into_iter().flat_map(|(local, remote)| [local, remote]));
        let listener = ports.into_iter().find_map(|end| watch.samples.iter().find(listens(end.port()))).cloned();
        Self { ends, listener, counts: counts(watch, connection), now }
    }

    /// Each end with where it is now, in one line: `本端 127.0.0.1:5  TIME-WAIT  还剩 42 秒`; the ink is its colour in the diagram.
    pub fn standing(&self, language: Language) -> Vec<(Ink, String)> {
        let line = |(index, end): (usize, &End)| {
            let trail = end.trail.as_ref()?;
            let left = draw::left_of_time_wait(end, self.now);
            let left =
                left.map(|left| format!("  {}", language.tr_with("states.left", &[("time", &draw::time(language, left))])));
            let line = format!("{}  {}{}", draw::name(end, language), trail.last().state.name(), left.unwrap_or_default());
            Some((draw::ink(index), line))
        };
        self.ends.iter().enumerate().filter_map(line).collect()
    }

    /// What a student should not overlook, with how it is to be taken.
    pub fn remarks(&self, language: Language) -> Vec<(Ink, String)> {
        figures::remarks(self, language)
    }

    /// Where this session's end is now.
    pub fn place(&self) -> Option<Place> {
        let end = self.ends.first()?;
        Some(Place::of(end.trail.as_ref()?.last().state))
    }

    /// The diagram, and beneath it the figures; for a page that has the remarks above it.
    pub fn scene(&self, language: Language) -> Scene<Mark> {
        let mut scene = draw::diagram(self, language);
        figures::add(self, language, &mut scene, Vec::new());
        scene
    }

    /// The same with the remarks, for a picture that stands alone.
    pub fn whole_scene(&self, language: Language) -> Scene<Mark> {
        let mut scene = draw::diagram(self, language);
        figures::add(self, language, &mut scene, self.remarks(language));
        scene
    }
}

/// The session's own ends by state, in the order of a connection's life; nothing for a single one.
fn counts(watch: &Watch, connection: Option<(SocketAddr, SocketAddr)>) -> Vec<(TcpState, usize)> {
    let Some((local, _)) = connection else { return Vec::new() };
    let mut counts = std::collections::BTreeMap::new();
    for sample in watch.samples.iter().filter(|sample| sample.local.port() == local.port() && sample.remote.is_some()) {
        if let Some(state) = sample.state {
            *counts.entry(state).or_insert(0) += 1;
        }
    }
    if counts.values().sum::<usize>() > 1 { counts.into_iter().collect() } else { Vec::new() }
}

#[cfg(test)]
mod tests;
