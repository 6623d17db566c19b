//! Work that is done once, on a thread of its own, and has an answer. Must never be left behind: dropping it waits for it.

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use std::io;
use std::thread::JoinHandle;

/// See the module.
pub struct Errand<T> {
    answer: Receiver<T>,
    thread: Option<JoinHandle<()>>,
}

/// How an errand stands.
pub enum Answer<T> {
    /// It is under way.
    Coming,
    /// Here it is; it is given once.
    Is(T),
    /// There is none: the work ended unexpectedly.
    Broken,
}

impl<T: Send + 'static> Errand<T> {
    /// Starts it; `wake` is called once there is an answer.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
        wake: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let (sender, answer) = bounded(1);
        let thread = std::thread::Builder::new().name(name.into()).spawn(move || {
            // It is there before anyone is told to look for it; nobody waits for it when the errand was dropped.
            sender.send(work()).ok();
            drop(sender);
            wake();
        })?;
        Ok(Self { answer, thread: Some(thread) })
    }

    /// How it stands; never waits.
    pub fn answer(&mut self) -> Answer<T> {
        match self.answer.try_recv() {
            Ok(answer) => Answer::Is(answer),
            Err(TryRecvError::Empty) => Answer::Coming,
            Err(TryRecvError::Disconnected) => Answer::Broken,
        }
    }

    /// Waits for its end; the answer, if nobody has taken it.
    pub fn finish(mut self) -> Option<T> {
        self.join();
        self.answer.try_recv().ok()
    }
}

impl<T> Errand<T> {
    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

impl<T> Drop for Errand<T> {
    fn drop(&mut self) {
        self.join();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_there_when_someone_is_woken_and_is_given_once() {
        let (woken, waiting) = bounded(1);
        let mut errand = Errand::start("test", || 7, move || woken.send(()).unwrap()).unwrap();
        waiting.recv().unwrap();
        assert!(matches!(errand.answer(), Answer::Is(7)));
        assert!(matches!(errand.answer(), Answer::Broken));
        assert_eq!(Errand::start("test", || 7, || {}).unwrap().finish(), Some(7));
    }
}
