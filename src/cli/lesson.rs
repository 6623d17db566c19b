//! The classroom without a window: which lessons there are, and one of them done, predicted beside observed. It must never answer for what
//! happened: the run does.

use super::args::{Lesson as Words, LessonFormat, LessonRun, LessonWord};
use super::{DONE, REFUSED, complain, refuse};
use crate::capture::save::save;
use crate::i18n::Language;
use crate::lesson::library::{self, Library};
use crate::lesson::play::{Stop, play};
use crate::lesson::problem::LessonError;
use crate::lesson::report;
use crate::lesson::run::{Run, Verdict};
use crate::lesson::script::{Lesson, Topic};
use serde_json::json;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::Arc;

/// Does what was asked; the exit status.
pub fn run(language: Language, words: &Words) -> u8 {
    match &words.word {
        LessonWord::List { format } => list(language, *format),
        LessonWord::Run(run) => match find(&run.lesson) {
            Ok(lesson) => do_it(language, run, lesson),
            Err(Missing::Unknown(near)) => {
                let key = if near.is_empty() { "lesson.unknown" } else { "lesson.unknown_near" };
                refuse(&language.tr_with(key, &[("name", &run.lesson), ("near", &near)]))
            }
            Err(Missing::Broken(problem)) => refuse(&problem.told(language)),
        },
    }
}

/// Why there is no such lesson.
enum Missing {
    /// No name is like it; those that are most like it.
    Unknown(String),
    /// Its file is wrong.
    Broken(LessonError),
}

fn find(name: &str) -> Result<Arc<Lesson>, Missing> {
    if name.ends_with(".toml") {
        return library::load(Path::new(name)).map(Arc::new).map_err(Missing::Broken);
    }
    let library = Library::read(library::folder().as_deref());
    match library.find(name) {
        Some(lesson) => Ok(lesson.clone()),
        None => Err(Missing::Unknown(library.near(name).join(", "))),
    }
}

fn list(language: Language, format: LessonFormat) -> u8 {
    let library = Library::read(library::folder().as_deref());
    let mut text = String::new();
    if format == LessonFormat::Jsonl {
        for lesson in &library.lessons {
            let line = json!({
                "lesson": lesson.id,
                "topic": lesson.topic.word(),
                "title": lesson.title.of(language),
                "goal": lesson.goal.of(language),
                "steps": lesson.steps.len(),
                "available": lesson.needs.are_met(),
            });
            text.push_str(&format!("{line}\n"));
        }
    } else {
        for topic in Topic::ALL {
            let mut lessons = library.lessons.iter().filter(|lesson| lesson.topic == topic).peekable();
            if lessons.peek().is_none() {
                continue;
            }
            text.push_str(&format!("{}\n", language.tr(topic.key())));
            for lesson in lessons {
                text.push_str(&format!("  {:<22}{}\n", lesson.id, lesson.title.of(language)));
                text.push_str(&format!("  {:<22}{}\n", "", lesson.goal.of(language)));
            }
        }
    }
    print(&text);
    // What is wrong with one file is no reason to hide the others.
    library.problems.iter().for_each(|problem| complain(&problem.told(language)));
    DONE
}

fn do_it(language: Language, words: &LessonRun, lesson: Arc<Lesson>) -> u8 {
    if let Some(key) = lesson.needs.key().filter(|_| !lesson.needs.are_met()) {
        complain(&language.tr(key));
        return REFUSED;
    }
    let (stopper, stop) = Stop::new();
    // A handler that is there already does it instead.
    ctrlc::set_handler(move || {
        stopper.try_send(()).ok();
    })
    .ok();
    let mut text = match words.format {
        LessonFormat::Text => format!("{}\n{}\n", lesson.title.of(language), lesson.goal.of(language)),
        LessonFormat::Jsonl | LessonFormat::Html => String::new(),
    };
    let to_file = words.out.is_some();
    let told = |run: &Run| {
        let number = run.step();
        let Some(played) = run.played().last() else { return };
        let step = match words.format {
            LessonFormat::Text => report::step(run.lesson(), number, played, language),
            LessonFormat::Jsonl => report::line(run.lesson(), number, played, language) + "\n",
            LessonFormat::Html => return,
        };
        text.push_str(&step);
        if !to_file {
            print(&std::mem::take(&mut text));
        }
    };
    let (run, pictures) = match play(lesson, &stop, told) {
        Ok(Some(played)) => played,
        // Ctrl-C: what was seen so far has been told.
        Ok(None) => return DONE,
        Err(problem) => {
            complain(&problem.to_string());
            return REFUSED;
        }
    };
    match words.format {
        LessonFormat::Text => text.push_str(&format!("\n{}\n", report::summary(run.played(), language))),
        LessonFormat::Html => text = report::page(&run, &pictures, language),
        LessonFormat::Jsonl => {}
    }
    if let Some(path) = &words.out {
        if let Err(problem) = save(path, |file| file.write_all(text.as_bytes())) {
            complain(
                &language.tr_with(
                    "save.failed",
                    &[("path", &path.display()), ("reason", &crate::capture::system(language, &problem))],
                ),
            );
            return REFUSED;
        }
    } else {
        print(&text);
    }
    if run.played().iter().any(|played| played.verdict() == Verdict::Fails) { REFUSED } else { DONE }
}

/// Standard output; whoever reads no more has read enough.
fn print(text: &str) {
    let mut out = io::stdout().lock();
    if let Err(problem) = out.write_all(text.as_bytes()).and_then(|()| out.flush())
        && problem.kind() != ErrorKind::BrokenPipe
    {
        complain(&problem.to_string());
    }
}
