//! The program: the window, or the headless twin; nothing else.

use sockscope::cli::{self, Parsed};
use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::parse() {
        // The window comes with `ui`.
        Parsed::Window(_) => ExitCode::from(2),
        Parsed::Headless(job) => job.run(),
    }
}
