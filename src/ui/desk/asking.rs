//! A question to the system that a thread of its own asks. Must never be waited for: a resolver may take half a minute, and whoever has
//! given up hears no answer.

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use egui::Context;

/// See the module.
pub struct Asking<T> {
    answer: Receiver<T>,
    /// When it was asked, in the window's seconds.
    since: f64,
}

/// How it stands.
pub enum Heard<T> {
    /// Nothing yet, after so many seconds.
    Waiting(f64),
    /// The answer; it is given once.
    Answer(T),
    /// There will be none: the thread ended unexpectedly.
    Broken,
}

impl<T: Send + 'static> Asking<T> {
    /// Asks; the window is woken when the answer is there. The thread is not joined: it ends by itself once the system has answered, and
    /// giving up is to drop this.
    ///
    /// # Errors
    /// When the system gives no thread, in its words.
    pub fn start(ctx: &Context, name: &str, ask: impl FnOnce() -> T + Send + 'static) -> Result<Self, String> {
        let (sender, answer) = bounded(1);
        let waker = ctx.clone();
        let work = move || {
            sender.send(ask()).ok();
            drop(sender);
            waker.request_repaint();
        };
        std::thread::Builder::new().name(name.into()).spawn(work).map_err(|problem| problem.to_string())?;
        Ok(Self { answer, since: ctx.input(|input| input.time) })
    }

    /// How it stands; never waits.
    pub fn heard(&self, ctx: &Context) -> Heard<T> {
        match self.answer.try_recv() {
            Ok(answer) => Heard::Answer(answer),
            Err(TryRecvError::Empty) => Heard::Waiting(ctx.input(|input| input.time) - self.since),
            Err(TryRecvError::Disconnected) => Heard::Broken,
        }
    }
}
