//! A lesson without a window: the same run over an engine of its own, woken when something happened, answered as the lesson expects.
//! Must never sleep to let something happen, nor leave a socket behind.

use super::report::{self, Picture};
use super::run::{Effect, Run, Stage};
use super::script::Lesson;
use crate::os::sampler::Sampler;
use crate::recorder::{Engine, Options, now};
use crate::session::id::SessionId;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Memory for records: some hundreds of them.
const BUDGET: usize = 8 << 20;
/// How soon a look that came while the recorder was at work is tried again.
const RETRY: Duration = Duration::from_millis(2);
/// The longest between two looks where nothing happens: what only time changes, such as a timer of the system's, wakes nobody.
const TICK: Duration = Duration::from_millis(50);

/// What can end a lesson before its time.
pub struct Stop(Receiver<()>);

impl Stop {
    /// Something that stops it, and the way to do so.
    pub fn new() -> (Sender<()>, Self) {
        let (sender, receiver) = bounded(1);
        (sender, Self(receiver))
    }

    /// Nothing.
    pub fn never() -> Self {
        Self(crossbeam_channel::never())
    }
}

/// Plays a lesson from its beginning to its end, and gives it back as it went, with pictures of it; `None` when it was stopped. `seen` is told of each step
/// once it is revealed.
///
/// # Errors
/// When the system gives no thread, or no folder for the files of sockets.
pub fn play(lesson: Arc<Lesson>, stop: &Stop, mut seen: impl FnMut(&Run)) -> io::Result<Option<(Run, Vec<Picture>)>> {
    let (woken, news) = bounded(1);
    // One that waits already is as good as two.
    let ring = woken.clone();
    let wake = Box::new(move || {
        woken.try_send(()).ok();
    });
    let sampler = Sampler::start(
        now,
        Box::new(move || {
            ring.try_send(()).ok();
        }),
    )?;
    let engine = Engine::start(Options { budget: BUDGET, archive: None, tap: None, wake })?;
    let sessions: Vec<SessionId> = (1..=lesson.ends.len() as u64).map(SessionId).collect();
    let folder = tempfile::Builder::new().prefix("sockscope-").tempdir()?;
    let mut run = Run::new(lesson, &sessions, folder.path().to_owned());
    let finished = drive(&engine, &sampler, &mut run, (&news, stop), &mut seen);
    let pictures = report::draw(&run, &engine.look().wait());
    // Every session ends with its engine, and its socket with it.
    engine.shut_down();
    Ok(finished.then_some((run, pictures)))
}

/// `false` when it was stopped.
fn drive(
    engine: &Engine,
    sampler: &Sampler,
    run: &mut Run,
    (news, stop): (&Receiver<()>, &Stop),
    seen: &mut impl FnMut(&Run),
) -> bool {
    loop {
        let ends = run.watches();
        if !ends.is_empty() {
            run.watch(&sampler.look(0, &ends));
        }
        let mut effects = Vec::new();
        let Some(model) = engine.look().glance() else {
            if wait(news, stop, RETRY) {
                continue;
            }
            return false;
        };
        let more = run.poll(&model, now(), &mut effects);
        drop(model);
        let did = !effects.is_empty();
        for effect in effects {
            if let Effect::Command(command) = effect {
                // A queue of 64 MiB that a lesson fills is a lesson whose wait then says that nothing came.
                engine.commands().send(*command).ok();
            }
        }
        match run.stage() {
            Stage::Asking => {
                let asked = run.played().last().and_then(|played| played.asked.as_ref());
                if let Some(expected) = asked.map(|asked| asked.expected) {
                    run.predict(expected);
                }
                run.go();
            }
            Stage::Revealed => {
                seen(run);
                if run.is_over() {
                    return true;
                }
                run.next();
            }
            Stage::Beginning | Stage::Doing if more || did => {}
            Stage::Beginning | Stage::Doing => {
                let until = run.deadline().map(|deadline| Duration::from_micros(deadline.micros_since(now())));
                if !wait(news, stop, until.unwrap_or(TICK).clamp(RETRY, TICK)) {
                    return false;
                }
            }
        }
    }
}

/// Waits for news or for so long; `false` when it is to stop.
fn wait(news: &Receiver<()>, stop: &Stop, longest: Duration) -> bool {
    crossbeam_channel::select! {
        recv(news) -> _ => true,
        recv(stop.0) -> _ => false,
        default(longest) => true,
    }
}
