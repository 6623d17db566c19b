//! Frames against etherparse, checksums against etherparse, pieces put together again.
