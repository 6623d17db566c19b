//! What left one end and what arrived at the other, joined to arrows. Must never call seen what only one end knows of.
//!
//! 1. **A stream is joined by its offsets** (RFC 9293 section 3.4: every byte has its number), so one write that became several reads, and
//!    several that became one, are seen as they are. Both ends saw these bytes: solid.
//! 2. **Datagrams are joined in order by their payload.** On one machine none overtakes another. Which of two equal ones was lost no one
//!    can tell.
//! 3. **FIN and RST are joined one to one**: there is one of each kind in a direction. Nobody saw them: dashed.
//! 4. **What left and is not among what arrived** is lost if it is a datagram and the other end then got a later one, told of a hole, or
//!    ended. A byte of a stream that the other end has read, further down, runs off the picture, solid.
//! 5. Everything else of which one end alone knows stands level, on that end's line: what arrived was seen (solid), what left was not.

use super::step::{End, Mark, Says, Segment, Step, Way};
use crate::diagram::scene::Certainty;
use crate::session::event::What;
use crate::session::id::ConnectionId;

/// How far ahead a datagram's equal is looked for among those that arrived.
const AHEAD: usize = 64;

/// Where an arrow begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foot {
    /// At this step.
    At(usize),
    /// On the line of its other foot: nobody saw when.
    Level,
    /// Outside of the part that is looked at: above where it begins, below where it ends.
    Off,
}

/// An arrow from one life-line to the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrow {
    /// Who sent it.
    pub sender: End,
    /// Where it begins.
    pub from: Foot,
    /// Where it ends.
    pub to: Foot,
    /// What travels.
    pub segment: Segment,
    /// Whether that was seen.
    pub certainty: Certainty,
    /// Whether it came.
    pub fate: Fate,
    /// What it belongs to.
    pub mark: Mark,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrived, or nothing speaks against it.
    Came,
    /// It never arrived.
    Lost,
}

/// Whether the other end is seen from inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Its own log tells what arrived there.
    Both,
    /// Nothing but what came from it is known.
    OwnAlone,
}

/// How many bytes of a connection's streams have been read, as far as anyone knows.
pub trait Reach {
    /// How many that `sender` sent; `None` where nobody knows.
    fn read(&self, talk: ConnectionId, sender: End) -> Option<u64>;
}

/// Joins steps, which are in order, to arrows.
pub fn join(steps: &[Step], seen: Seen, reach: &impl Reach) -> Vec<Arrow> {
    let mut arrows = Vec::new();
    for sender in [End::Own, End::Other] {
        let mut left = Vec::new();
        let mut arrived = Vec::new();
        for (index, step) in steps.iter().enumerate().filter(|(_, step)| step.sender() == Some(sender)) {
            match step.signal.as_ref().map(|signal| signal.way) {
                Some(Way::Leaves) => left.push(index),
                Some(Way::Arrives) => arrived.push(index),
                None => {}
            }
        }
        let lane = Lane { steps, sender, seen };
        lane.streams(&left, &arrived, reach, &mut arrows);
        lane.datagrams(&left, &arrived, &mut arrows);
        lane.once(&left, &arrived, &mut arrows);
        lane.level(&left, &arrived, &mut arrows);
    }
    arrows.sort_by_key(|arrow| arrow.first());
    arrows
}

impl Arrow {
    /// The step that it is drawn with, for their order.
    fn first(&self) -> usize {
        match (self.from, self.to) {
            (Foot::At(step), _) | (_, Foot::At(step)) => step,
            _ => 0,
        }
    }
}

/// What one end sent.
struct Lane<'a> {
    steps: &'a [Step],
    sender: End,
    seen: Seen,
}

/// A stretch of a stream at a step.
#[derive(Clone, Copy)]
struct Stretch {
    step: usize,
    talk: Option<ConnectionId>,
    start: u64,
    end: u64,
}

impl Lane<'_> {
    fn segment(&self, step: usize) -> Option<&Segment> {
        self.steps[step].signal.as_ref().map(|signal| &signal.segment)
    }

    fn arrow(&self, from: Foot, to: Foot, segment: Segment, certainty: Certainty) -> Option<Arrow> {
        let ((Foot::At(step), _) | (_, Foot::At(step))) = (from, to) else { return None };
        let mark = self.steps[step].mark;
        Some(Arrow { sender: self.sender, from, to, segment, certainty, fate: Fate::Came, mark })
    }

    fn stretches(&self, of: &[usize]) -> Vec<Stretch> {
        let stretch = |step: &usize| match self.segment(*step) {
            Some(Segment::Data { offset, bytes }) => {
                Some(Stretch { step: *step, talk: self.steps[*step].talk, start: *offset, end: offset + bytes })
            }
            _ => None,
        };
        of.iter().filter_map(stretch).collect()
    }

    /// Rules 1 and 4.
    fn streams(&self, left: &[usize], arrived: &[usize], reach: &impl Reach, arrows: &mut Vec<Arrow>) {
        let (left, arrived) = (self.stretches(left), self.stretches(arrived));
        let data = |start, end| Segment::Data { offset: start, bytes: end - start };
        let mut covered: Vec<u64> = arrived.iter().map(|stretch| stretch.start).collect();
        for sent in &left {
            let mut done = sent.start;
            for (read, covered) in arrived.iter().zip(&mut covered) {
                let (start, end) = (sent.start.max(read.start), sent.end.min(read.end));
                if read.talk != sent.talk || start >= end {
                    continue;
                }
                if start > *covered {
                    // It was sent above the part that is looked at.
                    arrows.extend(self.arrow(Foot::Off, Foot::At(read.step), data(*covered, start), Certainty::Observed));
                }
                let feet = (Foot::At(sent.step), Foot::At(read.step));
                arrows.extend(self.arrow(feet.0, feet.1, data(start, end), Certainty::Observed));
                (done, *covered) = (end, end);
            }
            if done < sent.end {
                arrows.extend(self.unseen(sent, done, reach));
            }
        }
        for (read, covered) in arrived.iter().zip(covered) {
            if covered < read.end {
                let from = if self.seen == Seen::Both { Foot::Off } else { Foot::Level };
                arrows.extend(self.arrow(from, Foot::At(read.step), data(covered, read.end), Certainty::Observed));
            }
        }
    }

    /// The rest of a write of which nothing arrived in the part that is looked at.
    fn unseen(&self, sent: &Stretch, from: u64, reach: &impl Reach) -> Option<Arrow> {
        let read = sent.talk.and_then(|talk| reach.read(talk, self.sender)).filter(|_| self.seen == Seen::Both);
        let segment = Segment::Data { offset: from, bytes: sent.end - from };
        match read {
            Some(read) if read >= sent.end => self.arrow(Foot::At(sent.step), Foot::Off, segment, Certainty::Observed),
            _ => self.arrow(Foot::At(sent.step), Foot::Level, segment, Certainty::Inferred),
        }
    }

    /// Rules 2 and 4.
    fn datagrams(&self, left: &[usize], arrived: &[usize], arrows: &mut Vec<Arrow>) {
        let is_datagram = |step: &&usize| matches!(self.segment(**step), Some(Segment::Datagram(_)));
        let left: Vec<usize> = left.iter().filter(is_datagram).copied().collect();
        let arrived: Vec<usize> = arrived.iter().filter(is_datagram).copied().collect();
        let mut partner: Vec<Option<usize>> = vec![None; left.len()];
        let mut taken = vec![false; arrived.len()];
        let mut next = 0;
        for (sent, partner) in left.iter().zip(&mut partner) {
            // What arrived before this one left is another's.
            while next < arrived.len() && self.steps[arrived[next]].at < self.steps[*sent].at {
                next += 1;
            }
            let found =
                (next..arrived.len().min(next + AHEAD)).find(|place| self.segment(arrived[*place]) == self.segment(*sent));
            if let Some(found) = found {
                *partner = Some(arrived[found]);
                taken[found] = true;
                next = found + 1;
            }
        }
        let mut later = self.end_of_arrivals();
        for (sent, partner) in left.iter().zip(&partner).rev() {
            let Some(segment) = self.segment(*sent).cloned() else { continue };
            match partner {
                Some(to) => {
                    // Of equal ones of which not all arrived, no one can tell which did.
                    let equal = |of: &[usize]| of.iter().filter(|step| self.segment(**step) == Some(&segment)).count();
                    let certainty = if equal(&left) == equal(&arrived) { Certainty::Observed } else { Certainty::Inferred };
                    arrows.extend(self.arrow(Foot::At(*sent), Foot::At(*to), segment, certainty));
                    later = Some(*to);
                }
                None => {
                    let lost = self.seen == Seen::Both && later.is_some_and(|step| step > *sent && !self.hides(*sent, step));
                    let arrow = self.arrow(Foot::At(*sent), Foot::Level, segment, Certainty::Inferred);
                    arrows.extend(arrow.map(|arrow| Arrow { fate: if lost { Fate::Lost } else { Fate::Came }, ..arrow }));
                }
            }
        }
        for (place, read) in arrived.iter().enumerate().filter(|(place, _)| !taken[*place]) {
            let Some(segment) = self.segment(*read).cloned() else { continue };
            // Where the other end is looked at from its beginning of this part, what it sent before that stands above.
            let above = self.seen == Seen::Both && place == 0 && left.first().is_none_or(|first| first > read);
            let from = if above { Foot::Off } else { Foot::Level };
            arrows.extend(self.arrow(from, Foot::At(*read), segment, Certainty::Observed));
        }
    }

    /// Whether something that arrived between two steps is not among them.
    fn hides(&self, from: usize, to: usize) -> bool {
        let hides = |step: &Step| step.end != self.sender && matches!(step.says, Says::More(_));
        self.steps.get(from..to).is_some_and(|between| between.iter().any(hides))
    }

    /// The last step after which nothing that was sent before it can still arrive.
    fn end_of_arrivals(&self) -> Option<usize> {
        self.steps.iter().rposition(|step| {
            let ends = match &step.says {
                Says::Note(note) => matches!(*note.0, What::Gap { .. } | What::Closed { .. } | What::Failed(_)),
                _ => false,
            };
            ends && step.end != self.sender
        })
    }

    /// Rule 3.
    fn once(&self, left: &[usize], arrived: &[usize], arrows: &mut Vec<Arrow>) {
        for kind in [Segment::Fin, Segment::Reset] {
            let of_kind = |steps: &[usize]| -> Vec<usize> {
                steps.iter().copied().filter(|step| self.segment(*step) == Some(&kind)).collect()
            };
            let mut arrived = of_kind(arrived);
            for sent in of_kind(left) {
                let talk = self.steps[sent].talk;
                let found = arrived.iter().position(|step| self.steps[*step].talk == talk);
                let to = found.map_or(Foot::Level, |found| Foot::At(arrived.remove(found)));
                arrows.extend(self.arrow(Foot::At(sent), to, kind.clone(), Certainty::Inferred));
            }
            for read in arrived {
                arrows.extend(self.arrow(Foot::Level, Foot::At(read), kind.clone(), Certainty::Inferred));
            }
        }
    }

    /// Rule 5: what the systems say to each other, and packets that were captured.
    fn level(&self, left: &[usize], arrived: &[usize], arrows: &mut Vec<Arrow>) {
        let alone = |segment: &Segment| match segment {
            Segment::Syn | Segment::SynAgain | Segment::SynAck | Segment::Ack | Segment::Unreachable | Segment::Captured(_) => {
                true
            }
            Segment::Data { .. } | Segment::Fin | Segment::Reset | Segment::Datagram(_) => false,
        };
        for (steps, leaves) in [(left, true), (arrived, false)] {
            for step in steps {
                let Some(signal) = self.steps[*step].signal.as_ref().filter(|signal| alone(&signal.segment)) else { continue };
                let feet = if leaves { (Foot::At(*step), Foot::Level) } else { (Foot::Level, Foot::At(*step)) };
                arrows.extend(self.arrow(feet.0, feet.1, signal.segment.clone(), signal.certainty));
            }
        }
    }
}
