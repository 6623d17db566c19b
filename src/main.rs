//! The program: the window, or the headless twin; nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    match sockscope::ui::start::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("sockscope: {problem}");
            ExitCode::from(2)
        }
    }
}
