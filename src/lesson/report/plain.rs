//! A lesson as text in a terminal. Must never need a colour to be understood.

use super::{observed, predicted, sign};
use crate::i18n::Language;
use crate::lesson::run::{Played, Verdict};
use crate::lesson::script::Lesson;

/// A step once it is revealed: what was said, predicted and observed.
pub fn step(lesson: &Lesson, number: usize, played: &Played, language: Language) -> String {
    let mut out = String::new();
    let title = lesson.steps.get(number).map_or("", |step| step.title.of(language));
    out.push_str(&format!("\n{}. {title}\n", number + 1));
    indent(&mut out, "   ", played.text.of(language));
    if let Some(asked) = &played.asked {
        indent(&mut out, " ? ", asked.ask.of(language));
    }
    let named = |key: &str, text: &str| format!("{}{text}", language.tr(key));
    if let Some(text) = predicted(played, language) {
        indent(&mut out, "   ", &named("lesson.predicted_is", text));
    }
    if let Some(text) = observed(played, language) {
        let right = played.asked.as_ref().is_some_and(|asked| played.observed == Some(asked.expected));
        let sign = sign(if right { Verdict::Holds } else { Verdict::Fails });
        indent(&mut out, &format!(" {sign} "), &named("lesson.observed_is", &text));
    }
    for shown in &played.findings {
        let sign = shown.verdict.map_or(" ", sign);
        let (label, value) = (shown.label.of(language), shown.value.of(language));
        let text = if value.is_empty() {
            label.to_owned()
        } else {
            language.tr_with("lesson.fact", &[("what", &label), ("value", &value)])
        };
        indent(&mut out, &format!(" {sign} "), &text);
    }
    if let Some(trouble) = &played.trouble {
        indent(&mut out, " ✗ ", trouble.of(language));
    }
    indent(&mut out, "   ", played.explain.of(language));
    out
}

/// How the whole lesson went, in a line.
pub fn summary(played: &[Played], language: Language) -> String {
    let count = |wanted: Verdict| played.iter().filter(|played| played.verdict() == wanted).count();
    let (fails, unknown) = (count(Verdict::Fails), count(Verdict::Unknown));
    let key = match (fails, unknown) {
        (0, 0) => "lesson.all_hold",
        (0, _) => "lesson.some_unknown",
        _ => "lesson.some_fail",
    };
    language.tr_with(key, &[("steps", &played.len()), ("fails", &fails), ("unknown", &unknown)])
}

/// Lines with something before the first, and as much room before the others.
fn indent(out: &mut String, first: &str, text: &str) {
    for (number, line) in text.trim().lines().enumerate() {
        out.push_str(if number == 0 { first } else { "   " });
        out.push_str(line);
        out.push('\n');
    }
}
