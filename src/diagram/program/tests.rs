//! Programs that run.
