//! A picture as data: lines, boxes and words in points, coloured by role. The window and the hand-outs draw the same one. Must never
//! know what it is a picture of, nor who draws it.

/// A place in points, from the top left.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f32,
    /// Down.
    pub y: f32,
}

/// An upright rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Area {
    /// Its top left.
    pub at: Point,
    /// Its width.
    pub width: f32,
    /// Its height.
    pub height: f32,
}

/// What a colour stands for; whoever draws has a colour for each, in each theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ink {
    /// Titles.
    Strong,
    /// Ordinary words and lines.
    Normal,
    /// What stands back: captions, example values, grids.
    Weak,
    /// What is chosen or lit.
    Accent,
    /// What came from the peer.
    Received,
    /// What went to the peer.
    Sent,
    /// Something that happened.
    Note,
    /// Something to look at.
    Warning,
    /// Something that went wrong.
    Error,
    /// Something that went well.
    Ok,
    /// The ground of a box.
    Card,
    /// The ground of a box that is lit.
    Lit,
    /// One of a row of colours that can be told apart by everyone, counted round and round: the same number is the same colour.
    Series(u8),
}

/// What is known about what a line stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// It was seen: drawn solid.
    Observed,
    /// It must have been: drawn dashed.
    Inferred,
}

/// Where a line has an arrow head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// Nowhere.
    None,
    /// At its end.
    End,
    /// At its end a cross: it never arrived.
    Lost,
}

/// Which letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// Those of the window.
    Plain,
    /// All of one width.
    Mono,
}

/// How large letters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Captions, 11 points.
    Caption,
    /// 12.5 points.
    Normal,
    /// 16 points.
    Title,
}

/// Which part of the words stands at their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Their left, at half their height.
    Left,
    /// Their middle.
    Middle,
    /// Their right, at half their height.
    Right,
}

/// Something drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A straight line.
    Line {
        /// From here.
        from: Point,
        /// To here.
        to: Point,
        /// Its colour.
        ink: Ink,
        /// Its width in points.
        width: f32,
        /// Solid or dashed.
        certainty: Certainty,
        /// Its arrow head.
        head: Head,
    },
    /// A box.
    Box {
        /// Where.
        area: Area,
        /// Its ground; `None` for none.
        fill: Option<Ink>,
        /// Its edge; `None` for none.
        edge: Option<Ink>,
        /// Solid or dashed edge.
        certainty: Certainty,
    },
    /// Words in one line.
    Words {
        /// Where.
        at: Point,
        /// Which part of them stands there.
        anchor: Anchor,
        /// The words.
        text: String,
        /// Their colour.
        ink: Ink,
        /// Their letters.
        face: Face,
        /// Their size.
        scale: Scale,
    },
}

/// A shape, and what it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct Item<M> {
    /// What is drawn.
    pub shape: Shape,
    /// What is chosen by a click on it; shapes of one mark are lit together.
    pub mark: Option<M>,
    /// What is told when the pointer rests on it, and read aloud.
    pub hint: Option<String>,
}

/// A picture whose parts are marked with `M`.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene<M> {
    /// Its width in points.
    pub width: f32,
    /// Its height in points.
    pub height: f32,
    /// What is drawn, the undermost first.
    pub items: Vec<Item<M>>,
}

impl<M> Scene<M> {
    /// An empty picture.
    pub fn new(width: f32, height: f32) -> Self {
        Self { width, height, items: Vec::new() }
    }

    /// Adds a shape that nothing can be done with.
    pub fn draw(&mut self, shape: Shape) {
        self.items.push(Item { shape, mark: None, hint: None });
    }

    /// Adds a shape that can be chosen.
    pub fn mark(&mut self, shape: Shape, mark: M, hint: String) {
        self.items.push(Item { shape, mark: Some(mark), hint: Some(hint) });
    }
}

impl Shape {
    /// The smallest area that holds it; of words, as wide as they probably are.
    pub fn bounds(&self) -> Area {
        match self {
            Self::Line { from, to, .. } => {
                let (left, top) = (from.x.min(to.x), from.y.min(to.y));
                Area { at: Point { x: left, y: top }, width: (from.x - to.x).abs(), height: (from.y - to.y).abs() }
            }
            Self::Box { area, .. } => *area,
            Self::Words { at, anchor, text, scale, face, .. } => {
                let width = width_of(text, *face, *scale);
                let left = match anchor {
                    Anchor::Left => at.x,
                    Anchor::Middle => at.x - width / 2.0,
                    Anchor::Right => at.x - width,
                };
                let height = scale.points() * 1.4;
                Area { at: Point { x: left, y: at.y - height / 2.0 }, width, height }
            }
        }
    }
}

impl Scale {
    /// The size of its letters in points.
    pub fn points(self) -> f32 {
        match self {
            Self::Caption => 11.0,
            Self::Normal => 12.5,
            Self::Title => 16.0,
        }
    }
}

/// How wide a line of words is, within a few points: a picture is laid out before anyone knows with which letters it will be drawn.
pub fn width_of(text: &str, face: Face, scale: Scale) -> f32 {
    let cells = unicode_width::UnicodeWidthStr::width(text) as f32;
    let cell = match face {
        Face::Plain => 0.54,
        Face::Mono => 0.6,
    };
    cells * cell * scale.points()
}
