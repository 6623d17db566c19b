//! The same program: the first part of a conversation, read out of its records. Must never read more than a page's worth in a frame.

use crate::diagram::program::script::{Script, Wants, Writer};
use crate::history::at_hand::{AtHand, Found};
use crate::session::id::ConnectionId;
use crate::session::spec::{Role, SessionSpec};
use crate::session::timestamp::Timestamp;
use crate::traffic::model::Session;
use crate::traffic::record::RecordId;

/// Records that are looked at, from the beginning of the conversation.
const LOOKED_AT: u64 = 4096;

/// What was written last, and out of what.
#[derive(Default)]
pub struct Written {
    /// The program; `None` where there is none.
    pub script: Option<Script>,
    out_of: Option<(Option<ConnectionId>, RecordId, RecordId)>,
}

impl Written {
    /// Writes it anew, if there is something new.
    pub fn look(&mut self, session: &Session, records: &AtHand<'_>, (wanted, now): (Option<ConnectionId>, Timestamp)) {
        let newest = session.conversations.iter().next_back().map(|(id, _)| id);
        let role = session.spec.as_ref().map(SessionSpec::role);
        let connection = match role {
            Some(Role::Udp | Role::UnixDatagram) => None,
            _ => wanted.or(newest),
        };
        let first = connection.and_then(|id| session.conversations.get(id)).map(|conversation| conversation.began);
        let first = first.unwrap_or(session.log.first()).max(session.log.first());
        let end = RecordId(session.log.next().0.min(first.0 + LOOKED_AT));
        if self.out_of == Some((connection, first, end)) {
            return;
        }
        let Some(mut writer) = session.spec.as_ref().and_then(|spec| Writer::new(spec, connection)) else {
            self.script = None;
            return;
        };
        for id in (first.0..end.0).map(RecordId) {
            match records.look(id) {
                Found::Record(record) => {
                    if writer.record(&record) == Wants::NoMore {
                        break;
                    }
                }
                // The next frame has it.
                Found::Coming => return,
                Found::Missing => {}
            }
        }
        let sent = connection.and_then(|id| session.conversations.get(id)).map(|conversation| conversation.messages);
        let sent = sent.unwrap_or_else(|| session.meter.read(now).sent.records);
        self.script = Some(writer.finish(sent));
        self.out_of = Some((connection, first, end));
    }
}
