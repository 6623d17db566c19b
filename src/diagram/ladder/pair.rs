//! Which session of this program is the other end of one: their addresses match. Must never guess.

use crate::session::address::{Address, Host};
use crate::session::id::{ConnectionId, SessionId};
use crate::session::spec::{Role, SessionSpec};
use crate::traffic::model::{Model, Session};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

/// Connections of ours that are looked for at the other end, the newest.
const NEWEST: usize = 256;

/// The other end of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pairing {
    /// Which session it is.
    pub session: SessionId,
    /// Our connections by theirs; empty for datagrams.
    pub talks: BTreeMap<ConnectionId, ConnectionId>,
}

/// The session at the other end of one, of these connections of it or of all.
///
/// 1. Two connections are one where each has the other's address as its peer's.
/// 2. Most clients of Unix-domain sockets have no name that could match: theirs is the server's only connection, if each has but one.
/// 3. Of datagrams, two sockets are a pair where each talks to the other: it sent there, or is set to send there.
/// 4. Where several sessions qualify, it is the one that was opened last.
pub fn other_end(model: &Model, id: SessionId, of: Option<&BTreeSet<ConnectionId>>) -> Option<Pairing> {
    let session = model.session(id)?;
    let others = || model.sessions().filter(|(other, _)| *other != id).collect::<Vec<_>>().into_iter().rev();
    if let Some(talks) = others().find_map(|(other, theirs)| Some((other, talks(session, theirs, of)?))) {
        return Some(Pairing { session: talks.0, talks: talks.1 });
    }
    let role = session.spec.as_ref()?.role();
    if !matches!(role, Role::Udp | Role::UnixDatagram) {
        return None;
    }
    let found = others().find(|(_, theirs)| {
        let same = theirs.spec.as_ref().is_some_and(|spec| spec.role() == role);
        same && (talks_to(session, theirs) || talks_to(theirs, session))
    });
    found.map(|(other, _)| Pairing { session: other, talks: BTreeMap::new() })
}

/// Rule 1.
fn talks(
    session: &Session,
    theirs: &Session,
    of: Option<&BTreeSet<ConnectionId>>,
) -> Option<BTreeMap<ConnectionId, ConnectionId>> {
    let newest = |session: &Session| -> Vec<(ConnectionId, Address, Address)> {
        let all = session.conversations.iter().rev().take(NEWEST);
        all.map(|(id, conversation)| (id, conversation.local, conversation.peer.address)).collect()
    };
    let there = newest(theirs);
    let mut talks = BTreeMap::new();
    for (ours, local, remote) in newest(session).into_iter().filter(|(id, ..)| of.is_none_or(|of| of.contains(id))) {
        // A port may have been used again: the newest of theirs is the same as the newest of ours.
        let same = |(theirs, at, to): &&(ConnectionId, Address, Address)| {
            *at == remote && *to == local && !talks.contains_key(theirs) && matches!(local, Address::Ip(_))
        };
        if let Some((theirs, ..)) = there.iter().find(same) {
            talks.insert(*theirs, ours);
        }
    }
    if talks.is_empty() {
        talks.extend(only(session, theirs));
    }
    (!talks.is_empty()).then_some(talks)
}

/// Rule 2: their connection and ours.
fn only(session: &Session, theirs: &Session) -> Option<(ConnectionId, ConnectionId)> {
    let one = |session: &Session| -> Option<(ConnectionId, Address, Address)> {
        let (id, conversation) = session.conversations.iter().next()?;
        (session.conversations.len() == 1).then_some((id, conversation.local, conversation.peer.address))
    };
    let ((ours, local, remote), (other, at, to)) = (one(session)?, one(theirs)?);
    let same = |place: Address, also: Address| matches!(place, Address::Unix(path) if !path.is_unnamed()) && place == also;
    (same(remote, at) || same(to, local)).then_some((other, ours))
}

/// Rule 3, from one side.
fn talks_to(session: &Session, theirs: &Session) -> bool {
    let Some(at) = theirs.local else { return false };
    let heard = session.senders.iter().any(|sender| is(*sender, at));
    let meant = target(session).is_some_and(|target| is(target, at));
    heard || meant
}

/// Where a socket for datagrams is set to send to, where that is no name.
fn target(session: &Session) -> Option<Address> {
    match session.spec.as_ref()? {
        SessionSpec::Udp(spec) => {
            let remote = spec.remote.as_ref()?;
            match remote.host {
                Host::Ip(ip) => Some(Address::Ip(SocketAddr::new(ip, remote.port))),
                Host::Name(_) => None,
            }
        }
        SessionSpec::UnixDatagram(spec) => spec.remote.map(Address::Unix),
        _ => None,
    }
}

/// Whether an address that was seen is the one that a socket is bound to, which may be bound to all of them.
pub fn is(seen: Address, bound: Address) -> bool {
    match (seen, bound) {
        (Address::Ip(seen), Address::Ip(bound)) => {
            seen == bound || bound.ip().is_unspecified() && seen.port() == bound.port() && is_here(seen.ip())
        }
        (Address::Unix(seen), Address::Unix(bound)) => seen == bound && !seen.is_unnamed(),
        (Address::Ip(_), Address::Unix(_)) | (Address::Unix(_), Address::Ip(_)) => false,
    }
}

/// Whether it is certainly this machine's.
fn is_here(ip: IpAddr) -> bool {
    ip.is_loopback()
}
