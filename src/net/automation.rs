//! What every kind of session does alike by itself: automatic answers and repetition. Must never know which kind it is.

use super::outbox::Reporter;
use super::repeat::{self, Repeat};
use crate::session::command::Action;
use crate::session::event::What;
use crate::session::reply::Responder;
use std::cell::RefCell;

/// Carries out an action that changes answers or repetition; any other means nothing to the session that hands it on.
pub async fn change(action: Action, reporter: &Reporter, responder: &RefCell<Responder>, repetition: &mut Option<Repeat>) {
    match action {
        Action::SetReply(reply) => responder.borrow_mut().set(reply),
        Action::Repeat { message, every, times } => {
            repeat::ended(reporter, repetition).await;
            reporter.report(What::RepeatStarted { every, times }).await;
            *repetition = Some(Repeat::new(message, every, times));
        }
        Action::StopRepeat => repeat::ended(reporter, repetition).await,
        _ => {}
    }
}
