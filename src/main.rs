//! The program: the window, or the headless twin; nothing else.

use sockscope::cli::{self, Parsed};
use sockscope::ui::start;
use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::parse() {
        Parsed::Window(language) => start::main(language),
        Parsed::Headless(job) => job.run(),
    }
}
