//! Which ways one end must have gone from state to state. Must never choose where there is a choice.
//!
//! 1. Between two states that were seen one after the other, a way is inferred if it is part of every path from one to the other.
//! 2. It counts as observed if it is the whole of the only path, and both states were seen: that a connection is gone is only not seen.
//! 3. Before the first state that was seen, the path begins at CLOSED for an end that called `connect`, and at LISTEN for one that was
//!    accepted; where it is not known which, nothing is inferred.
//! 4. A connection that is gone may have been reset in any state, and no reset is in the figure. So its end follows only from
//!    TIME-WAIT; what ended LAST-ACK may also have been the last of many retransmissions.
//! 5. Never inferred are: sending from LISTEN, which sockets can't do; the ways of the listening socket itself, and back to the beginning,
//!    which lead to no connection; and both ends connecting at once, unless the state that comes of it was seen.

use super::chart::{Place, TRANSITIONS};
use crate::diagram::scene::Certainty;
use crate::session::trail::{Opener, Trail};

/// A way that was gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Its number in [`TRANSITIONS`].
    pub way: usize,
    /// Whether it was the only one, or is part of every one.
    pub certainty: Certainty,
}

/// The ways that an end has gone, in order.
pub fn gone(trail: &Trail) -> Vec<Gone> {
    let seen: Vec<Place> = trail.steps.iter().map(|step| Place::of(step.state)).collect();
    let mut ways = Vec::new();
    let begin = match trail.opener {
        Opener::Active => Some(Place::Start),
        Opener::Passive => Some(Place::Listen),
        Opener::Unknown => None,
    };
    if let (Some(begin), Some(first)) = (begin, seen.first().filter(|first| **first != Place::End)) {
        // What was before the first look was not seen, however short the path.
        ways.extend(between(begin, *first, &seen).into_iter().map(|gone| Gone { certainty: Certainty::Inferred, ..gone }));
    }
    for pair in seen.windows(2) {
        let [from, to] = *pair else { continue };
        match to {
            Place::End if from == Place::TimeWait => {
                let over = between(from, to, &seen).into_iter();
                ways.extend(over.map(|gone| Gone { certainty: Certainty::Inferred, ..gone }));
            }
            Place::End => {}
            _ => ways.extend(between(from, to, &seen)),
        }
    }
    ways
}

fn between(from: Place, to: Place, seen: &[Place]) -> Vec<Gone> {
    let mut paths = Vec::new();
    walk(from, to, seen, &mut Vec::new(), &mut paths);
    let Some((first, others)) = paths.split_first() else { return Vec::new() };
    let certainty = if others.is_empty() && first.len() == 1 { Certainty::Observed } else { Certainty::Inferred };
    let in_all = first.iter().filter(|way| others.iter().all(|path| path.contains(way)));
    in_all.map(|way| Gone { way: *way, certainty }).collect()
}

/// Every path without a circle.
fn walk(from: Place, to: Place, seen: &[Place], path: &mut Vec<usize>, paths: &mut Vec<Vec<usize>>) {
    if from == to {
        paths.push(path.clone());
        return;
    }
    for (way, transition) in TRANSITIONS.iter().enumerate() {
        let possible = match (transition.from, transition.to) {
            (Place::Listen, Place::SynSent) | (_, Place::Listen | Place::Start) => false,
            (Place::SynSent, Place::SynReceived) => seen.contains(&Place::SynReceived),
            _ => true,
        };
        let back = path.iter().any(|gone| TRANSITIONS.get(*gone).is_some_and(|gone| gone.from == transition.to));
        if transition.from == from && possible && !back && transition.to != from {
            path.push(way);
            walk(transition.to, to, seen, path, paths);
            path.pop();
        }
    }
}
