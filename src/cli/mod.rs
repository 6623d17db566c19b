//! The headless twin: the same engine and the same records as the window, on standard input and output. It must never see the window,
//! tokio or a socket.
//!
//! | file | what it answers |
//! | --- | --- |
//! | `args` | which words there are (clap) |
//! | `spec` | what those words ask for: a plan that is valid, or why it is not |
//! | `run` | one session from opened to ended, driven by standard input and the options |
//! | `tap` | what the recorder's thread prints and tells the driver |
//! | `signal` | which of the engine's events the driver acts on |
//! | `pace` | how much may be on its way, so that piped input is never refused by a full queue |
//! | `stdin` | standard input as lines |
//! | `relay` | the words of a relay and what they ask for |
//! | `record` | everything to a capture file besides |
//! | `printer` | records to standard output, state changes to standard error |
//! | `decode` | what some bytes say, in every encoding |
//! | `garbled` | what happened to a garbled text |
//! | `convert` | a capture or a log into another format |
//! | `demo` | the main job without a display |
//! | `lesson` | the classroom's lessons, predicted beside observed |
//!
//! Exit status: 0 done, 1 the network (or a file) said no, 2 wrong usage.

mod args;
mod boxes;
mod convert;
mod decode;
mod demo;
mod garbled;
mod lesson;
mod pace;
mod printer;
mod record;
mod relay;
mod run;
mod signal;
mod spec;
mod stdin;
mod table;
mod tap;

use crate::i18n::Language;
use args::{Args, Command};
use clap::Parser;
use std::io::Write;
use std::process::ExitCode;

/// Everything was done.
const DONE: u8 = 0;
/// The network, or a file, said no.
const REFUSED: u8 = 1;
/// The command line asks for something that there is not.
const USAGE: u8 = 2;

/// What the command line asks for.
pub enum Parsed {
    /// The window, in this language where one was asked for.
    Window(Option<Language>),
    /// Something without a window.
    Headless(Box<Job>),
}

/// A command for the terminal.
pub struct Job {
    language: Language,
    command: Command,
}

/// Reads the command line. What is wrong with it, `--help` and `--version` end the process here, as clap does it (2 or 0).
pub fn parse() -> Parsed {
    main_entry(Args::parse())
}

/// The same for arguments already read.
fn main_entry(args: Args) -> Parsed {
    let language = args.lang.map(args::Lang::language);
    match args.command {
        None => Parsed::Window(language),
        Some(command) => Parsed::Headless(Box::new(Job { language: language.unwrap_or_else(Language::of_system), command })),
    }
}

impl Job {
    /// Does it; the exit status tells how it went.
    pub fn run(self) -> ExitCode {
        let Self { language, command } = self;
        if matches!(command, Command::Demo | Command::Decode(_)) {
            // These hold nothing open that would have to be ended. A handler that is there already does it instead.
            ctrlc::set_handler(|| std::process::exit(DONE.into())).ok();
        }
        ExitCode::from(match &command {
            Command::Demo => demo::run(language),
            Command::Decode(decode) => match &decode.garbled {
                Some(text) => garbled::run(language, text, decode),
                None => decode::run(language, decode),
            },
            Command::Convert(convert) => convert::run(language, convert),
            Command::Lesson(words) => lesson::run(language, words),
            session => match spec::plan(language, session) {
                Ok(plan) => run::run(language, plan),
                Err(usage) => refuse(&usage),
            },
        })
    }
}

/// Says on standard error why a command line cannot be done.
fn refuse(usage: &str) -> u8 {
    complain(usage);
    USAGE
}

/// A line on standard error. Where nobody reads it there is nobody to tell, so a failure is no error.
fn complain(text: &str) {
    writeln!(std::io::stderr(), "sockscope: {text}").ok();
}
