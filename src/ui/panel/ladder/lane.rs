//! The records of one end of the ladder: all of a session's, or those of some connections, found by a thread. Must never wait for it.

use crate::codec::encoding::Encoding;
use crate::codec::framing::Rule;
use crate::session::id::{ConnectionId, SessionId};
use crate::session::timestamp::Timestamp;
use crate::traffic::encodings::Encodings;
use crate::traffic::model::Session;
use crate::traffic::query::{FilterDraft, Pattern};
use crate::traffic::scan::{Question, Scanner};
use jiff::tz::TimeZone;
use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How long a frame waits for a scanner, which is held for a slice at a time.
const PATIENCE: Duration = Duration::from_millis(4);

/// Which records of a session are looked at, and who finds them.
#[derive(Default)]
pub struct Chosen {
    session: Option<SessionId>,
    connections: Option<BTreeSet<ConnectionId>>,
    scanner: Option<Arc<Mutex<Scanner>>>,
}

impl Chosen {
    /// Looks at these records from now on. Whether that is something new.
    pub fn choose(
        &mut self,
        session: Option<SessionId>,
        connections: Option<BTreeSet<ConnectionId>>,
        (now, zone): (Timestamp, &TimeZone),
    ) -> bool {
        if self.session == session && self.connections == connections {
            return false;
        }
        self.scanner = connections.as_ref().and_then(|connections| {
            let question = Question {
                protocol: None,
                rule: Rule::None,
                filter: FilterDraft::default(),
                connections: Some(connections.clone()),
                search: Pattern::default(),
                encodings: Encodings::fixed(Encoding::UTF_8, Encoding::UTF_8),
            };
            Some(Arc::new(Mutex::new(question.read(now, zone).scanner()?)))
        });
        (self.session, self.connections) = (session, connections);
        true
    }

    /// The connections that it is about; `None` for all.
    pub fn connections(&self) -> Option<&BTreeSet<ConnectionId>> {
        self.connections.as_ref()
    }

    /// Who finds the records, and in which session; `None` where it is all of them.
    pub fn scanner(&self) -> Option<(SessionId, &Arc<Mutex<Scanner>>)> {
        Some((self.session?, self.scanner.as_ref()?))
    }
}

/// A scanner's list, with what was dropped taken off it; the outer `None` where it is held too long.
#[allow(clippy::option_option, reason = "no scanner and one that is busy are two things")]
pub fn locked<'a>(
    scanner: &'a mut Option<Arc<Mutex<Scanner>>>,
    session: Option<&Session>,
) -> Option<Option<MutexGuard<'a, Scanner>>> {
    let Some(scanner) = scanner else { return Some(None) };
    let mut scanner = scanner.try_lock_for(PATIENCE)?;
    if let Some(session) = session {
        scanner.forget_before(session.log.first());
    }
    Some(Some(scanner))
}
