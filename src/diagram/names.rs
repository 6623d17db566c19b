//! How a name is looked up, as it is taught: one question of this machine, and those that its resolver asks for it. Nothing of it is seen
//! by this program, so every line is dashed. It must never look a name up.

use super::scene::{Anchor, Area, Certainty, Face, Head, Ink, Point, Scale, Scene, Shape};
use crate::i18n::Language;
use std::fmt::Display;

/// The names of the servers that are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    name: String,
    /// The last label: whose servers the root names.
    top: String,
    /// The domain whose own servers know.
    domain: String,
}

/// What stands for any name where what was typed has no parents: an address, `localhost`.
const EXAMPLE: &str = "www.example.com";
/// The longest name in a box; a name may have 253 characters.
const LONGEST: usize = 24;

impl Asked {
    fn of(typed: &str) -> Self {
        let name = typed.trim().trim_end_matches('.');
        let is_name = name.split('.').count() > 1
            && name.split('.').all(|label| !label.is_empty())
            && !name.contains(':')
            && name.parse::<std::net::IpAddr>().is_err();
        let name = if is_name { name } else { EXAMPLE };
        let labels: Vec<&str> = name.split('.').collect();
        let top = labels.last().copied().unwrap_or_default();
        // A host stands in its domain; a domain stands for itself.
        let domain = if labels.len() > 2 { labels[1..].join(".") } else { name.to_owned() };
        Self { name: name.to_owned(), top: top.to_owned(), domain }
    }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST { text.to_owned() } else { text.chars().take(LONGEST - 1).chain(['…']).collect() }
}

/// The width of the picture in points.
pub const WIDTH: f32 = 470.0;
const HEIGHT: f32 = 214.0;
const BOX: f32 = 40.0;
/// Left edges and widths of the three columns.
const COLUMNS: [(f32, f32); 3] = [(0.0, 92.0), (162.0, 104.0), (340.0, 130.0)];
/// Tops of the servers.
const SERVERS: [f32; 3] = [0.0, 87.0, 174.0];
const MIDDLE: f32 = 107.0;

/// The picture for a name; its marks are the numbers of the steps, from 1.
pub fn scene(language: Language, typed: &str) -> Scene<u8> {
    let asked = Asked::of(typed);
    let values: [(&str, &dyn Display); 3] = [("name", &asked.name), ("top", &asked.top), ("domain", &asked.domain)];
    let tr = |key: &str| language.tr_with(key, &values);
    let mut scene = Scene::new(WIDTH, HEIGHT);
    station(&mut scene, (COLUMNS[0], MIDDLE - BOX / 2.0), &tr("desk.path.host"), "");
    station(&mut scene, (COLUMNS[1], MIDDLE - BOX / 2.0), &tr("desk.path.resolver"), "");
    station(&mut scene, (COLUMNS[2], SERVERS[0]), &tr("desk.path.root"), ".");
    station(&mut scene, (COLUMNS[2], SERVERS[1]), &tr("desk.path.top"), &cut(&asked.top));
    station(&mut scene, (COLUMNS[2], SERVERS[2]), &tr("desk.path.own"), &cut(&asked.domain));
    let (host, left, right) = (COLUMNS[0].1, COLUMNS[1].0, COLUMNS[1].0 + COLUMNS[1].1);
    let servers = COLUMNS[2].0;
    let ends = [
        ((host, MIDDLE - 9.0), (left, MIDDLE - 9.0)),
        ((right, MIDDLE - 15.0), (servers, SERVERS[0] + 12.0)),
        ((servers, SERVERS[0] + 30.0), (right, MIDDLE - 7.0)),
        ((right, MIDDLE - 2.0), (servers, SERVERS[1] + 11.0)),
        ((servers, SERVERS[1] + 29.0), (right, MIDDLE + 4.0)),
        ((right, MIDDLE + 9.0), (servers, SERVERS[2] + 10.0)),
        ((servers, SERVERS[2] + 28.0), (right, MIDDLE + 16.0)),
        ((left, MIDDLE + 9.0), (host, MIDDLE + 9.0)),
    ];
    let hints = [
        "desk.path.step1",
        "desk.path.step2",
        "desk.path.step3",
        "desk.path.step4",
        "desk.path.step5",
        "desk.path.step6",
        "desk.path.step7",
        "desk.path.step8",
    ];
    for ((number, (from, to)), hint) in (1_u8..).zip(ends).zip(hints) {
        step(&mut scene, number, (point(from), point(to)), tr(hint));
    }
    scene
}

fn point((x, y): (f32, f32)) -> Point {
    Point { x, y }
}

/// A machine: what it is, and of what.
fn station(scene: &mut Scene<u8>, ((left, width), top): ((f32, f32), f32), what: &str, of: &str) {
    let area = Area { at: point((left, top)), width, height: BOX };
    scene.draw(Shape::Box { area, fill: Some(Ink::Card), edge: Some(Ink::Weak), certainty: Certainty::Inferred });
    let lines = if of.is_empty() { 1.0 } else { 2.0 };
    let words = |text: &str, line: f32, ink, face| Shape::Words {
        at: point((left + width / 2.0, top + BOX * (line + 0.5) / lines)),
        anchor: Anchor::Middle,
        text: text.to_owned(),
        ink,
        face,
        scale: Scale::Caption,
    };
    scene.draw(words(what, 0.0, Ink::Strong, Face::Plain));
    if !of.is_empty() {
        scene.draw(words(of, 1.0, Ink::Accent, Face::Mono));
    }
}

/// A question or an answer, with its number where it begins.
fn step(scene: &mut Scene<u8>, number: u8, (from, to): (Point, Point), hint: String) {
    // Questions go to the right, answers come back.
    let ink = if from.x < to.x { Ink::Sent } else { Ink::Received };
    let line = Shape::Line { from, to, ink, width: 1.5, certainty: Certainty::Inferred, head: Head::End };
    scene.mark(line, number, hint.clone());
    let part = 0.22;
    let at = Point { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part - 7.0 };
    let words =
        Shape::Words { at, anchor: Anchor::Middle, text: number.to_string(), ink, face: Face::Plain, scale: Scale::Caption };
    scene.mark(words, number, hint);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_a_resolver_asks() {
        for (typed, name, top, domain) in [
            ("www.example.com", "www.example.com", "com", "example.com"),
            (" www.pku.edu.cn. ", "www.pku.edu.cn", "cn", "pku.edu.cn"),
            ("example.org", "example.org", "org", "example.org"),
            ("localhost", EXAMPLE, "com", "example.com"),
            ("127.0.0.1", EXAMPLE, "com", "example.com"),
            ("::1", EXAMPLE, "com", "example.com"),
            ("a..b", EXAMPLE, "com", "example.com"),
            ("", EXAMPLE, "com", "example.com"),
        ] {
            let expected = Asked { name: name.into(), top: top.into(), domain: domain.into() };
            assert_eq!(Asked::of(typed), expected, "{typed}");
        }
    }

    #[test]
    fn eight_steps_none_of_which_was_seen() {
        for language in [Language::Chinese, Language::English] {
            let scene = scene(language, &format!("{}.example.com", "很长".repeat(40)));
            let mut steps: Vec<u8> = scene.items.iter().filter_map(|item| item.mark).collect();
            steps.dedup();
            assert_eq!(steps, (1..=8).collect::<Vec<u8>>());
            for item in &scene.items {
                let seen = match &item.shape {
                    Shape::Line { certainty, .. } | Shape::Box { certainty, .. } => *certainty == Certainty::Observed,
                    Shape::Words { .. } => false,
                };
                assert!(!seen, "{item:?}");
                assert!(item.hint.as_ref().is_none_or(|hint| !hint.contains("%{") && !hint.contains("desk.")), "{item:?}");
                let bounds = item.shape.bounds();
                let inside = bounds.at.x >= -1.0 && bounds.at.x + bounds.width <= WIDTH + 1.0;
                assert!(inside && bounds.at.y >= -4.0 && bounds.at.y + bounds.height <= HEIGHT + 4.0, "{item:?}");
            }
        }
    }
}
