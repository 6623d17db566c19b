//! `--record`: the recording is asked for before the session is, and what is missing in it is said at the end. It must never write the
//! file itself: the recorder does, before anything is printed.

use super::{REFUSED, complain};
use crate::describe::grouped;
use crate::i18n::Language;
use crate::recorder::{Engine, Order, Request};
use crate::session::failure::Failure;
use crate::session::id::SessionId;
use crate::session::recording::{Begin, Existing, RecordingStatus};
use crossbeam_channel::bounded;
use std::path::Path;

/// Begins the recording, before anything can happen.
///
/// # Errors
/// Why there is no file to record to.
pub fn begin(engine: &Engine, session: SessionId, path: &Path) -> Result<(), Failure> {
    let (answer, answered) = bounded(1);
    let (existing, from) = (Existing::Replace, Begin::FirstRecord);
    let order = Order { session, path: path.to_owned(), existing, from, answer };
    // The first request of all finds room, and the recorder answers each.
    engine.requests().send(Request::Record(order)).ok();
    answered.recv().unwrap_or(Ok(()))
}

/// Says what is missing in the file at the end; then the run has not done what it was asked for.
pub fn incomplete(language: Language, recording: &RecordingStatus) -> Option<u8> {
    if recording.missing == 0 {
        return None;
    }
    let values: &[(&str, &dyn std::fmt::Display)] =
        &[("count", &grouped(recording.missing)), ("path", &recording.path.display())];
    complain(&language.tr_with("cli.record_incomplete", values));
    Some(REFUSED)
}
