//! The pictures of a frame: its layers one inside the other, its fields and bytes, its checksums worked out, and the pieces that a link
//! cuts it into. Real values plain, example values grey.

mod dump;
mod frame;
mod layers;
mod pieces;
mod sums;
mod table;

pub use frame::{WIDE, frame};
pub use pieces::pieces;
pub use sums::sums;

use super::fields::{Kind, Layer};
use super::subject::Truth;
use crate::diagram::scene::{Anchor, Area, Certainty, Face, Head, Ink, Point, Scale, Scene, Shape, width_of};

/// What of a picture can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// A field, wherever it is drawn.
    Field(Kind),
    /// A layer's header.
    Layer(Layer),
    /// A piece, counted from 0.
    Piece(usize),
    /// A part of a checksum: of which, and which.
    Part(usize, usize),
}

/// Distance between parts of a picture.
const GAP: f32 = 12.0;
/// Height of a line of words.
const LINE: f32 = 18.0;

/// The colour of a layer, everywhere.
fn ink_of(layer: Layer) -> Ink {
    Ink::Series(match layer {
        Layer::Application => 4,
        Layer::Udp | Layer::Tcp => 2,
        Layer::Ipv4 | Layer::Ipv6 => 0,
        Layer::Ethernet | Layer::EthernetEnd => 7,
    })
}

/// The colour of a value.
fn ink_of_value(truth: Truth) -> Ink {
    match truth {
        Truth::Real => Ink::Strong,
        Truth::Example => Ink::Weak,
    }
}

/// Draws with less said than a shape wants.
struct Pen {
    scene: Scene<Mark>,
}

/// How words look.
#[derive(Clone, Copy)]
struct Look {
    ink: Ink,
    face: Face,
    scale: Scale,
}

/// Captions.
const CAPTION: Look = Look { ink: Ink::Weak, face: Face::Plain, scale: Scale::Caption };
/// Ordinary words.
const NORMAL: Look = Look { ink: Ink::Normal, face: Face::Plain, scale: Scale::Normal };
/// Bytes.
const BYTES: Look = Look { ink: Ink::Strong, face: Face::Mono, scale: Scale::Caption };

impl Look {
    const fn ink(self, ink: Ink) -> Self {
        Self { ink, ..self }
    }
}

impl Pen {
    fn new() -> Self {
        Self { scene: Scene::new(0.0, 0.0) }
    }

    /// Words whose left or middle is at a place.
    fn words(&mut self, (x, y): (f32, f32), anchor: Anchor, text: impl Into<String>, Look { ink, face, scale }: Look) {
        self.scene.draw(Shape::Words { at: Point { x, y }, anchor, text: text.into(), ink, face, scale });
    }

    /// A box with nothing to choose.
    fn square(&mut self, area: Area, fill: Option<Ink>, edge: Option<Ink>) {
        self.scene.draw(Shape::Box { area, fill, edge, certainty: Certainty::Observed });
    }

    /// A box that can be chosen.
    fn part(&mut self, area: Area, (fill, edge): (Option<Ink>, Option<Ink>), mark: Mark, hint: String) {
        self.scene.mark(Shape::Box { area, fill, edge, certainty: Certainty::Observed }, mark, hint);
    }

    /// A hairline from left to right.
    fn rule(&mut self, (x, y): (f32, f32), width: f32) {
        let (from, to) = (Point { x, y }, Point { x: x + width, y });
        let certainty = Certainty::Observed;
        self.scene.draw(Shape::Line { from, to, ink: Ink::Lit, width: 1.0, certainty, head: Head::None });
    }

    /// The picture, as large as what is in it.
    fn done(mut self) -> Scene<Mark> {
        for item in &self.scene.items {
            let area = item.shape.bounds();
            self.scene.width = self.scene.width.max(area.at.x + area.width);
            self.scene.height = self.scene.height.max(area.at.y + area.height);
        }
        self.scene
    }
}

fn area(x: f32, y: f32, width: f32, height: f32) -> Area {
    Area { at: Point { x, y }, width, height }
}

/// The text, or as much of it as fits into a width, with "…" for the rest; nothing where not even that fits.
fn fit(text: &str, width: f32, face: Face, scale: Scale) -> String {
    if width_of(text, face, scale) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        kept.push(character);
        if width_of(&kept, face, scale) + width_of("…", face, scale) > width {
            kept.pop();
            break;
        }
    }
    if kept.is_empty() { String::new() } else { kept + "…" }
}
