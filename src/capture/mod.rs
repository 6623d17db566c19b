//! Capture files: writing what a session recorded so that Wireshark opens it, and reading captures and logs back. Pure over bytes: it
//! must never open a file by itself, and never know sockets, threads or the clock.

pub mod pcapng;
