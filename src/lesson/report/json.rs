//! A step as a JSON line. Its keys are a contract: scripts depend on them. Must never translate one.

use super::{observed, predicted};
use crate::i18n::Language;
use crate::lesson::run::{Played, Verdict};
use crate::lesson::script::Lesson;
use serde_json::{Value, json};

/// The line of step `number` (from 0), without its end. `holds` is null where the system does not tell.
pub fn line(lesson: &Lesson, number: usize, played: &Played, language: Language) -> String {
    let title = lesson.steps.get(number).map_or("", |step| step.title.of(language));
    let facts: Vec<Value> = played
        .findings
        .iter()
        .map(|shown| {
            let holds = shown.verdict.map_or(Value::Null, holds);
            json!({ "what": shown.label.of(language), "value": shown.value.of(language), "holds": holds })
        })
        .collect();
    let mut line = json!({
        "lesson": lesson.id,
        "step": number + 1,
        "title": title,
        "predicted": predicted(played, language),
        "observed": observed(played, language),
        "holds": holds(played.verdict()),
        "facts": facts,
    });
    if let (Some(trouble), Some(object)) = (&played.trouble, line.as_object_mut()) {
        object.insert("trouble".into(), json!(trouble.of(language)));
    }
    line.to_string()
}

fn holds(verdict: Verdict) -> Value {
    match verdict {
        Verdict::Holds => Value::Bool(true),
        Verdict::Fails => Value::Bool(false),
        Verdict::Unknown => Value::Null,
    }
}
