//! A whole lesson as one page that needs nothing else: no script, no font, no picture from elsewhere; in both languages, one of them shown.
//! Must never hold a text that is not escaped.

use super::pictures::Picture;
use super::{observed, predicted, sign};
use crate::codec::hex;
use crate::describe;
use crate::i18n::Language;
use crate::lesson::prose::{self, Word};
use crate::lesson::run::{Played, Run, Shown, Verdict};
use crate::lesson::script::End;
use crate::lesson::seen::{Seen, note_of};
use crate::session::timestamp::Timestamp;
use crate::traffic::format::one_line;
use crate::traffic::record::{Data, Direction, Record};
use std::fmt::Write as _;

/// Bytes of a record that are written out; how many there were stands beside them.
const MOST_BYTES: usize = 64;
/// Records of one step that are listed; how many more there were is said.
const MOST_RECORDS: usize = 200;

const STYLE: &str = "
:root{font:16px/1.6 'Noto Sans SC','PingFang SC','Microsoft YaHei',system-ui,sans-serif;color:#16202e;background:#fff}
body{max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;margin:.6rem 0}h2{font-size:1.15rem;margin:2.2rem 0 .4rem;border-top:1px solid #d5dce5;padding-top:1rem}
.goal{color:#51606f}code,.bytes{font-family:ui-monospace,'Noto Sans Mono CJK SC',Consolas,monospace;font-size:.86em}
code{background:#f0f3f7;border-radius:4px;padding:.05em .3em}
table{border-collapse:collapse;margin:.8rem 0;width:100%}
th{text-align:left;font-weight:600;color:#51606f}td,th{border-bottom:1px solid #e3e8ee;padding:.25rem .6rem .25rem 0;vertical-align:top}
.n{text-align:right;white-space:nowrap}.bytes{overflow-wrap:anywhere}.holds{color:#0a6b45}.fails{color:#be2525}.unknown{color:#8a5000}
.in{color:#1b56c2}.out{color:#0a6b45}.note{color:#51606f}figure{margin:1rem 0;overflow-x:auto}figcaption{color:#51606f;font-size:.9rem}
.choose{float:right;color:#51606f}.zh,.en{display:none}#zh:checked~main .zh,#en:checked~main .en{display:block}
@media print{.choose,input{display:none}h2{break-after:avoid}}
";

/// The page; the language is the one that is shown first.
pub fn page(run: &Run, pictures: &[Picture], language: Language) -> String {
    let lesson = run.lesson();
    let checked = |of: Language| if of == language { " checked" } else { "" };
    let mut out = String::from("<!doctype html>\n");
    let title = escaped(lesson.title.of(language));
    writes(&mut out, format_args!("<html lang=\"{}\"><head><meta charset=\"utf-8\">", language.code()));
    writes(&mut out, format_args!("<meta name=\"viewport\" content=\"width=device-width\"><title>{title} – Sockscope</title>"));
    writes(&mut out, format_args!("<style>{STYLE}</style></head><body>\n"));
    for (id, word, of) in [("zh", "中文", Language::Chinese), ("en", "English", Language::English)] {
        writes(&mut out, format_args!("<input type=\"radio\" name=\"language\" id=\"{id}\"{}>", checked(of)));
        writes(&mut out, format_args!("<label for=\"{id}\">{word}</label>\n"));
    }
    out.push_str("<main>\n");
    for (id, of) in [("zh", Language::Chinese), ("en", Language::English)] {
        writes(&mut out, format_args!("<article class=\"{id}\" lang=\"{}\">\n", of.code()));
        article(&mut out, run, pictures, of);
        out.push_str("</article>\n");
    }
    out.push_str("</main></body></html>\n");
    out
}

/// Writing to a string cannot fail.
fn writes(out: &mut String, what: std::fmt::Arguments<'_>) {
    out.write_fmt(what).ok();
}

fn article(out: &mut String, run: &Run, pictures: &[Picture], language: Language) {
    let lesson = run.lesson();
    writes(out, format_args!("<h1>{}</h1>\n", escaped(lesson.title.of(language))));
    writes(out, format_args!("<p class=\"goal\">{}</p>\n", escaped(lesson.goal.of(language))));
    let start = run.ends().filter_map(|(_, _, seen)| seen.records().first().map(|(_, record)| record.at)).min();
    for (number, played) in run.played().iter().enumerate() {
        let title = lesson.steps.get(number).map_or("", |step| step.title.of(language));
        writes(out, format_args!("<h2>{}. {}</h2>\n", number + 1, escaped(title)));
        text(out, played.text.of(language));
        answers(out, played, language);
        if let Some(trouble) = &played.trouble {
            writes(out, format_args!("<p class=\"fails\">✗ {}</p>\n", escaped(trouble.of(language))));
        }
        records(out, run, played, (start.unwrap_or_default(), language));
        text(out, played.explain.of(language));
    }
    for Picture { title, ladder, lanes } in pictures {
        writes(out, format_args!("<h2>{}</h2>\n", escaped(title.of(language))));
        for picture in [Some(ladder), lanes.as_ref()].into_iter().flatten() {
            // The declaration of an XML file has no place inside a page.
            let svg = picture.of(language);
            let svg = svg.find("<svg").map_or("", |start| &svg[start..]);
            writes(out, format_args!("<figure>{svg}</figure>\n"));
        }
    }
}

/// What was asked, predicted and observed, and what else was looked at.
fn answers(out: &mut String, played: &Played, language: Language) {
    if let Some(asked) = &played.asked {
        writes(out, format_args!("<p><strong>{}</strong></p>\n", inline(asked.ask.of(language))));
    }
    if !played.revealed || (played.asked.is_none() && played.findings.is_empty()) {
        return;
    }
    out.push_str("<table>\n");
    let row = |out: &mut String, label: &str, value: &str, verdict: Option<Verdict>| {
        let (class, sign) = verdict.map_or(("", ""), |verdict| (class(verdict), sign(verdict)));
        let (label, value) = (inline(label), inline(value));
        writes(out, format_args!("<tr><td class=\"{class}\">{sign}</td><th>{label}</th><td>{value}</td></tr>\n"));
    };
    if let Some(text) = predicted(played, language) {
        row(out, &language.tr("lesson.predicted"), text, None);
    }
    if let Some(text) = observed(played, language) {
        let right = played.asked.as_ref().is_some_and(|asked| played.observed == Some(played.chosen.unwrap_or(asked.expected)));
        row(out, &language.tr("lesson.observed"), &text, Some(if right { Verdict::Holds } else { Verdict::Fails }));
    }
    for Shown { label, value, verdict } in &played.findings {
        row(out, label.of(language), value.of(language), *verdict);
    }
    out.push_str("</table>\n");
}

fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Fails => "fails",
        Verdict::Unknown => "unknown",
    }
}

/// What every end saw in a step, in order of time.
fn records(out: &mut String, run: &Run, played: &Played, (start, language): (Timestamp, Language)) {
    let mut rows: Vec<(&End, &Record)> = Vec::new();
    for ((end, _, seen), range) in run.ends().zip(&played.records) {
        let records: &Seen = seen;
        rows.extend(records.records().get(range.clone()).unwrap_or_default().iter().map(|(_, record)| (end, record)));
    }
    if rows.is_empty() {
        return;
    }
    rows.sort_by_key(|(_, record)| record.at);
    let more = rows.len().saturating_sub(MOST_RECORDS);
    out.push_str("<table>\n");
    for (end, record) in rows.iter().take(MOST_RECORDS) {
        let millis = record.at.micros_since(start) as f64 / 1000.0;
        writes(out, format_args!("<tr><td class=\"n\">{millis:.3} ms</td><td>{}</td>", escaped(end.title.of(language))));
        match record.data() {
            Some(data) => bytes(out, end, data),
            None => {
                let told =
                    note_of(record).and_then(|what| describe::note(language, what)).map_or_else(String::new, |(told, _)| told);
                writes(out, format_args!("<td colspan=\"3\" class=\"note\">{}</td>", escaped(&told)));
            }
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</table>\n");
    if more > 0 {
        writes(
            out,
            format_args!("<p class=\"note\">{}</p>\n", escaped(&language.tr_with("lesson.more_rows", &[("count", &more)]))),
        );
    }
}

fn bytes(out: &mut String, end: &End, data: &Data) {
    let (class, encoding) = match data.direction {
        Direction::Received => ("in", end.draft.receive_encoding),
        Direction::Sent => ("out", end.draft.send_encoding),
    };
    let shown = &data.bytes[..data.bytes.len().min(MOST_BYTES)];
    let dots = if shown.len() < data.bytes.len() { " …" } else { "" };
    let (arrow, length) = (data.direction.arrow(), data.bytes.len());
    let (digits, text) = (hex::spaced(shown), escaped(&one_line(&encoding.decode(shown))));
    writes(out, format_args!("<td class=\"n {class}\">{arrow} {length} B</td>"));
    writes(out, format_args!("<td class=\"bytes\">{digits}{dots}</td><td class=\"bytes\">{text}{dots}</td>"));
}

/// A text of the lesson: paragraphs and lists.
fn text(out: &mut String, text: &str) {
    let mut in_list = false;
    for block in prose::blocks(text) {
        if block.item != in_list {
            out.push_str(if block.item { "<ul>" } else { "</ul>\n" });
            in_list = block.item;
        }
        let tag = if block.item { "li" } else { "p" };
        let words: String = block.words.iter().map(|word| marked(*word)).collect();
        writes(out, format_args!("<{tag}>{words}</{tag}>\n"));
    }
    if in_list {
        out.push_str("</ul>\n");
    }
}

/// One line of a text.
fn inline(text: &str) -> String {
    prose::blocks(text).iter().flat_map(|block| block.words.iter().map(|word| marked(*word))).collect()
}

fn marked(word: Word<'_>) -> String {
    match word {
        Word::Plain(text) => escaped(text),
        Word::Code(text) => format!("<code>{}</code>", escaped(text)),
    }
}

/// Text that stands as it is in a page.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}
