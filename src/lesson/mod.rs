//! 课堂: experiments with real sockets on this machine: files that say what is set up, predicted, done and claimed, and the runner that
//! finds out what really happens. It must never open a socket past the engine, nor send anything beyond this machine.
