//! A picture as a file of its own, for print: light colours, dashes where it was inferred, and a line that says so. Must never draw
//! anything that the window does not.

use super::ink::{self, Rgb};
use super::outline::{self, DASH};
use super::scene::{Anchor, Certainty, Face, Head, Ink, Item, Point, Scale, Scene, Shape, width_of};
use crate::codec::visible::push_visible;
use crate::i18n::Language;
use svg::Document;
use svg::Node;
use svg::node::Text;
use svg::node::element::{Element, Group, Line, Polygon, Rectangle, Title};

/// Letters that have Chinese on every system: first those of Windows, then of macOS, then of Linux.
const PLAIN: &str = "system-ui, 'Microsoft YaHei', 'PingFang SC', 'Noto Sans CJK SC', 'Noto Sans SC', sans-serif";
/// The same of one width.
const MONO: &str = "Consolas, Menlo, 'DejaVu Sans Mono', 'Noto Sans Mono CJK SC', 'Microsoft YaHei', monospace";
/// Around the picture, in points.
const MARGIN: f32 = 16.0;
/// Height of the title and of the legend.
const LINE: f32 = 28.0;
/// Length of the strokes in the legend.
const SAMPLE: f32 = 32.0;
/// Round corners of boxes.
const CORNER: f32 = 3.0;
/// Letters stand so much of their height below the middle of their line.
const MIDDLE: f32 = 0.35;

/// The text of a file that needs no other.
pub fn svg<M>(scene: &Scene<M>, title: &str, language: Language) -> String {
    let legend = scene.items.iter().any(|item| needs_legend(&item.shape));
    let width = scene.width.max(least_width(title, language, legend)) + 2.0 * MARGIN;
    let height = LINE + scene.height + if legend { LINE } else { 0.0 } + 2.0 * MARGIN;
    let mut document = Document::new()
        .set("width", number(width))
        .set("height", number(height))
        .set("viewBox", format!("0 0 {} {}", number(width), number(height)))
        .set("role", "img")
        .set("lang", language.code())
        .set("font-family", PLAIN)
        .add(Title::new(visible(title)))
        .add(Rectangle::new().set("width", "100%").set("height", "100%").set("fill", color(ink::CARD)));
    document.append(words(
        Point { x: MARGIN, y: MARGIN + LINE / 2.0 },
        title,
        Ink::Strong,
        (Anchor::Left, Face::Plain, Scale::Title),
    ));
    let mut picture = Group::new().set("transform", format!("translate({MARGIN} {})", MARGIN + LINE));
    for item in &scene.items {
        add(&mut picture, item);
    }
    document.append(picture);
    if legend {
        document.append(the_legend(language, height - MARGIN - LINE / 2.0));
    }
    // A declaration, so that whoever opens the file does not guess its encoding.
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{document}\n")
}

/// Whether it matters for a shape how certain it is.
fn needs_legend(shape: &Shape) -> bool {
    match shape {
        Shape::Line { certainty, head, .. } => *certainty == Certainty::Inferred || *head != Head::None,
        Shape::Box { certainty, .. } => *certainty == Certainty::Inferred,
        Shape::Words { .. } => false,
    }
}

fn least_width(title: &str, language: Language, legend: bool) -> f32 {
    let title = width_of(title, Face::Plain, Scale::Title);
    let words = |key: &str| SAMPLE + 2.0 * MARGIN + width_of(&language.tr(key), Face::Plain, Scale::Caption);
    let legend = if legend { words("diagram.observed") + words("diagram.inferred") } else { 0.0 };
    title.max(legend)
}

/// `─── observed   ╌╌╌ inferred`
fn the_legend(language: Language, y: f32) -> Group {
    let mut group = Group::new();
    let mut x = MARGIN;
    for (certainty, key) in [(Certainty::Observed, "diagram.observed"), (Certainty::Inferred, "diagram.inferred")] {
        let text = language.tr(key);
        let stroke = straight(Point { x, y }, Point { x: x + SAMPLE, y }, Ink::Normal, 1.5);
        group.append(dashed(stroke, certainty));
        x += SAMPLE + MARGIN / 2.0;
        group.append(words(Point { x, y }, &text, Ink::Weak, (Anchor::Left, Face::Plain, Scale::Caption)));
        x += width_of(&text, Face::Plain, Scale::Caption) + 1.5 * MARGIN;
    }
    group
}

fn add<M>(picture: &mut Group, item: &Item<M>) {
    let mut group = Group::new();
    // Viewers show a title when the pointer rests on what it belongs to.
    if let Some(hint) = item.hint.as_ref().filter(|hint| !hint.is_empty()) {
        group.append(Title::new(hint.lines().map(visible).collect::<Vec<_>>().join("\n")));
    }
    match &item.shape {
        Shape::Line { from, to, ink, width, certainty, head } => {
            group.append(dashed(straight(*from, *to, *ink, *width), *certainty));
            match head {
                Head::None => {}
                Head::End => {
                    if let Some(corners) = outline::head(*from, *to) {
                        let points = corners.map(|corner| format!("{},{}", number(corner.x), number(corner.y))).join(" ");
                        group.append(Polygon::new().set("points", points).set("fill", color(ink::line(*ink))));
                    }
                }
                Head::Lost => outline::cross(*to).into_iter().for_each(|[a, b]| group.append(straight(a, b, *ink, *width))),
            }
        }
        Shape::Box { area, fill, edge, certainty } => {
            let mut square = Rectangle::new()
                .set("x", number(area.at.x))
                .set("y", number(area.at.y))
                .set("width", number(area.width.max(0.0)))
                .set("height", number(area.height.max(0.0)))
                .set("rx", CORNER)
                .set("fill", fill.map_or_else(|| "none".to_owned(), |ink| color(ink::ground(ink))));
            if let Some(edge) = edge {
                square.assign("stroke", color(ink::edge(*edge)));
            }
            if *certainty == Certainty::Inferred {
                square.assign("stroke-dasharray", dashes());
            }
            group.append(square);
        }
        Shape::Words { at, anchor, text, ink, face, scale } => group.append(words(*at, text, *ink, (*anchor, *face, *scale))),
    }
    picture.append(group);
}

fn straight(from: Point, to: Point, ink: Ink, width: f32) -> Line {
    Line::new()
        .set("x1", number(from.x))
        .set("y1", number(from.y))
        .set("x2", number(to.x))
        .set("y2", number(to.y))
        .set("stroke", color(ink::line(ink)))
        .set("stroke-width", number(width))
}

fn dashed(line: Line, certainty: Certainty) -> Line {
    match certainty {
        Certainty::Observed => line,
        Certainty::Inferred => line.set("stroke-dasharray", dashes()),
    }
}

/// Words in one line. Not by the crate's own element for them, which breaks the line before and after what it holds: blanks count here.
fn words(at: Point, text: &str, ink: Ink, (anchor, face, scale): (Anchor, Face, Scale)) -> Element {
    let anchor = match anchor {
        Anchor::Left => "start",
        Anchor::Middle => "middle",
        Anchor::Right => "end",
    };
    let mut element = Element::new("text");
    element.assign("x", number(at.x));
    element.assign("y", number(at.y + scale.points() * MIDDLE));
    element.assign("font-size", number(scale.points()));
    element.assign("text-anchor", anchor);
    element.assign("xml:space", "preserve");
    element.assign("fill", color(ink::line(ink)));
    match face {
        Face::Plain => {}
        Face::Mono => {
            element.assign("font-family", MONO);
            // Fonts differ in how wide they are; what stands in columns stays over its boxes.
            if text.is_ascii() && text.len() > 1 {
                element.assign("textLength", number(width_of(text, face, scale)));
            }
        }
    }
    element.append(Text::new(visible(text)));
    element
}

fn dashes() -> String {
    format!("{} {}", number(DASH[0]), number(DASH[1]))
}

/// A text without what XML can't hold: control characters and the two that are none.
fn visible(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars() {
        match character {
            '\u{FFFE}' | '\u{FFFF}' => shown.push_str(&format!("\\u{{{:X}}}", u32::from(character))),
            _ => push_visible(&mut shown, character),
        }
    }
    shown
}

fn color([red, green, blue]: Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// A length with at most two places; what is no number is none.
fn number(value: f32) -> String {
    let value = if value.is_finite() { value } else { 0.0 };
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagram::scene::Area;
    use roxmltree::{Document, Node};

    fn picture(certainty: Certainty) -> Scene<u8> {
        let mut scene = Scene::new(200.0, 100.0);
        let at = |x, y| Point { x, y };
        scene.mark(
            Shape::Line { from: at(0.0, 10.0), to: at(200.0, 20.0), ink: Ink::Sent, width: 1.5, certainty, head: Head::End },
            1,
            "“5 B” <to> & 'fro'\u{1}".into(),
        );
        let area = Area { at: at(10.0, 30.0), width: 50.0, height: 20.0 };
        scene.draw(Shape::Box { area, fill: Some(Ink::Series(9)), edge: Some(Ink::Weak), certainty: Certainty::Observed });
        let (anchor, face, scale) = (Anchor::Middle, Face::Mono, Scale::Caption);
        scene.draw(Shape::Words {
            at: at(35.0, 40.0),
            anchor,
            text: "<套接字>  \"a\"\0\u{FFFF}".into(),
            ink: Ink::Normal,
            face,
            scale,
        });
        scene
    }

    fn texts(document: &Document) -> Vec<String> {
        document
            .descendants()
            .filter(|node| node.has_tag_name("text"))
            .filter_map(|node| node.text().map(str::to_owned))
            .collect()
    }

    fn is_dashed(node: Node) -> bool {
        node.attribute("stroke-dasharray").is_some()
    }

    #[test]
    fn it_is_well_formed_and_says_everything() {
        for language in [Language::Chinese, Language::English] {
            let text = svg(&picture(Certainty::Inferred), "时序图 & <ladder>", language);
            let document = Document::parse(&text).unwrap();
            assert_eq!(document.root_element().tag_name().name(), "svg");
            assert_eq!(document.root_element().tag_name().namespace(), Some("http://www.w3.org/2000/svg"));
            let texts = texts(&document);
            for part in ["时序图 & <ladder>", "<套接字>  \"a\"\\0\\u{FFFF}", &language.tr("diagram.inferred")] {
                assert!(texts.iter().any(|text| text == part), "{part}: {texts:?}");
            }
            let hint = document.descendants().rfind(|node| node.has_tag_name("title")).unwrap();
            assert_eq!(hint.text(), Some("“5 B” <to> & 'fro'\\x01"));
            assert!(!text.contains("href") && !text.contains("url("), "it needs no other file");
        }
    }

    #[test]
    fn dashed_is_what_was_inferred_alone() {
        for (certainty, dashes) in [(Certainty::Observed, 1), (Certainty::Inferred, 2)] {
            let text = svg(&picture(certainty), "", Language::English);
            let document = Document::parse(&text).unwrap();
            // One of them is the legend's.
            assert_eq!(document.descendants().filter(|node| is_dashed(*node)).count(), dashes, "{text}");
            assert_eq!(document.descendants().filter(|node| node.has_tag_name("polygon")).count(), 1);
        }
        let mut words = picture(Certainty::Observed);
        words.items.remove(0);
        let text = svg(&words, "", Language::English);
        assert!(!text.contains("dasharray"), "nothing in it is more or less certain");
    }

    #[test]
    fn numbers_that_are_none_do_no_harm() {
        assert_eq!([1.5, -0.25, 100.0, f32::NAN, f32::INFINITY, 0.001].map(number), ["1.5", "-0.25", "100", "0", "0", "0"]);
    }
}
