//! How a relay's session reaches one of its conversations over TCP. Must never touch a socket.

use super::super::connection::Totals;
use crate::session::impairment::Way;
use std::cell::RefCell;
use std::collections::VecDeque;
use tokio::sync::Notify;

/// What the user can ask of a conversation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// End it: FIN to both.
    Close,
    /// End it at once: RST to both.
    Reset,
    /// FIN this way, behind what waits.
    Finish(Way),
}

/// How a conversation is reached from its session.
#[derive(Default)]
pub struct Control {
    asks: RefCell<VecDeque<Ask>>,
    changed: Notify,
    /// What has passed at the end that a way leads to, for a session that can't wait until the conversation tells it.
    pub totals: [Totals; 2],
}

impl Control {
    /// Asks for something.
    pub fn ask(&self, ask: Ask) {
        self.asks.borrow_mut().push_back(ask);
        self.changed.notify_one();
    }

    /// What was asked for next.
    pub fn next(&self) -> Option<Ask> {
        self.asks.borrow_mut().pop_front()
    }

    /// The impairment is another one.
    pub fn touch(&self) {
        self.changed.notify_one();
    }

    /// Whether it is to end, whatever else was asked.
    pub fn ends(&self) -> Option<Ask> {
        self.asks.borrow().iter().copied().find(|ask| matches!(ask, Ask::Close | Ask::Reset))
    }

    /// Waits for the next ask or touch; one made before is not missed.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }
}
