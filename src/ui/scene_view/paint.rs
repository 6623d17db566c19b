//! The shapes of a picture in the window's colours: solid what was observed, dashed what was inferred. Must never hear the pointer.

use crate::diagram::outline::{self, DASH};
use crate::diagram::scene::{Anchor, Certainty, Face, Head, Ink, Item, Point, Scale, Scene, Shape};
use crate::ui::theme::{self, Palette, size};
use crate::ui::widget::control::palette;
use egui::{Align2, Color32, CornerRadius, FontFamily, FontId, Painter, Pos2, Rect, Stroke, StrokeKind, Ui};

/// How much wider a lit line is.
const WIDER: f32 = 1.2;
/// Sizes of letters are steps of this: every size has glyphs of its own in memory.
const LETTERS: f32 = 0.5;

/// Where a picture is, and how large.
#[derive(Clone, Copy, Debug)]
pub(super) struct Canvas {
    /// Its top left.
    pub origin: Pos2,
    /// How large.
    pub zoom: f32,
}

/// Draws what is in view; `lit` says of which marks the shapes are lit.
pub(super) fn paint<M>(ui: &Ui, scene: &Scene<M>, canvas: Canvas, lit: impl Fn(&Option<M>) -> bool) {
    let view = ui.clip_rect();
    let brush = Brush { painter: ui.painter().clone(), colors: palette(ui), canvas };
    // A head or a lit edge may stand out of its shape a little.
    let near = view.expand(size::ROW * canvas.zoom);
    for item in &scene.items {
        if near.intersects(canvas.rect(item.shape.bounds())) {
            brush.item(item, lit(&item.mark));
        }
    }
}

struct Brush<'a> {
    painter: Painter,
    colors: &'a Palette,
    canvas: Canvas,
}

impl Brush<'_> {
    fn item<M>(&self, item: &Item<M>, lit: bool) {
        match &item.shape {
            Shape::Line { from, to, ink, width, certainty, head } => {
                let ink = if lit { Ink::Accent } else { *ink };
                let width = if lit { width + WIDER } else { *width };
                let stroke = Stroke::new(width * self.canvas.zoom, self.colors.ink(ink));
                self.line([*from, *to], stroke, *certainty);
                match head {
                    Head::None => {}
                    Head::End => self.head(*from, *to, stroke.color),
                    Head::Lost => {
                        for stroke_of in outline::cross(*to) {
                            self.line(stroke_of, stroke, Certainty::Observed);
                        }
                    }
                }
            }
            Shape::Box { area, fill, edge, certainty } => {
                let rect = self.canvas.rect(*area);
                let ground = if lit && (fill.is_some() || edge.is_none()) { Some(Ink::Lit) } else { *fill };
                let corner = CornerRadius::same(size::CORNER / 2);
                if let Some(ground) = ground {
                    self.painter.rect_filled(rect, corner, self.colors.ground(ground));
                }
                let edge = if lit { Some(Ink::Accent) } else { *edge };
                if let Some(edge) = edge {
                    let color = self.colors.edge(edge);
                    let stroke = if lit { Stroke::new(1.0 + WIDER, color) } else { theme::stroke(color) };
                    self.edge(rect, corner, stroke, *certainty);
                }
            }
            Shape::Words { at, anchor, text, ink, face, scale } => {
                let font = self.font(*face, *scale);
                let color = self.colors.ink(*ink);
                let galley = self.painter.layout_no_wrap(text.clone(), font, color);
                let rect = align(*anchor).anchor_size(self.canvas.pos(*at), galley.size());
                if lit {
                    self.painter.rect_filled(rect.expand(1.0), CornerRadius::same(size::CORNER / 3), self.colors.selected);
                }
                self.painter.galley(rect.min, galley, color);
            }
        }
    }

    fn line(&self, [from, to]: [Point; 2], stroke: Stroke, certainty: Certainty) {
        let ends = [self.canvas.pos(from), self.canvas.pos(to)];
        match certainty {
            Certainty::Observed => {
                self.painter.line_segment(ends, stroke);
            }
            Certainty::Inferred => self.dashes(&ends, stroke),
        }
    }

    fn edge(&self, rect: Rect, corner: CornerRadius, stroke: Stroke, certainty: Certainty) {
        match certainty {
            Certainty::Observed => {
                self.painter.rect_stroke(rect, corner, stroke, StrokeKind::Inside);
            }
            Certainty::Inferred => {
                let rect = rect.shrink(stroke.width / 2.0);
                let corners = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
                self.dashes(&corners, stroke);
            }
        }
    }

    /// Dashes along a path, of which those that are not in view are not made: a life-line may be very long.
    fn dashes(&self, path: &[Pos2], stroke: Stroke) {
        let [dash, gap] = DASH.map(|length| length * self.canvas.zoom);
        let view = self.painter.clip_rect().expand(dash + gap);
        for ends in path.windows(2) {
            if let [from, to] = *ends
                && let Some(ends) = within(view, from, to, dash + gap)
            {
                self.painter.extend(egui::Shape::dashed_line(&ends, stroke, dash, gap));
            }
        }
    }

    fn head(&self, from: Point, to: Point, color: Color32) {
        if let Some(corners) = outline::head(from, to) {
            let corners = corners.map(|corner| self.canvas.pos(corner)).to_vec();
            self.painter.add(egui::Shape::convex_polygon(corners, color, Stroke::NONE));
        }
    }

    fn font(&self, face: Face, scale: Scale) -> FontId {
        let family = match face {
            Face::Plain => FontFamily::Proportional,
            Face::Mono => FontFamily::Monospace,
        };
        let points = (scale.points() * self.canvas.zoom / LETTERS).round().max(1.0) * LETTERS;
        FontId::new(points, family)
    }
}

/// The part of a line that may be in view, cut at whole periods of its dashes, so that they stand still while it scrolls.
fn within(view: Rect, from: Pos2, to: Pos2, period: f32) -> Option<[Pos2; 2]> {
    let length = from.distance(to);
    if length <= f32::EPSILON {
        return None;
    }
    let way = (to - from) / length;
    // How far along it is beside the view, for each of both axes.
    let (mut first, mut last) = (0.0_f32, length);
    for (start, way, near, far) in [(from.x, way.x, view.left(), view.right()), (from.y, way.y, view.top(), view.bottom())] {
        if way.abs() <= f32::EPSILON {
            if start < near || start > far {
                return None;
            }
            continue;
        }
        let (one, other) = ((near - start) / way, (far - start) / way);
        first = first.max(one.min(other));
        last = last.min(one.max(other));
    }
    if first >= last {
        return None;
    }
    let first = (first / period).floor() * period;
    Some([from + way * first, from + way * last])
}

fn align(anchor: Anchor) -> Align2 {
    match anchor {
        Anchor::Left => Align2::LEFT_CENTER,
        Anchor::Middle => Align2::CENTER_CENTER,
        Anchor::Right => Align2::RIGHT_CENTER,
    }
}

#[cfg(test)]
mod tests {
    use super::within;
    use egui::{Rect, pos2};

    #[test]
    fn dashes_are_made_where_they_are_seen() {
        let view = Rect::from_min_max(pos2(0.0, 1000.0), pos2(500.0, 1100.0));
        let [from, to] = within(view, pos2(20.0, 0.0), pos2(20.0, 1e6), 9.0).unwrap();
        assert!((991.0..=1000.0).contains(&from.y) && (1099.0..=1101.0).contains(&to.y), "{from:?} {to:?}");
        assert!((from.y / 9.0).fract() < 0.01);
        assert_eq!(within(view, pos2(20.0, 0.0), pos2(20.0, 900.0), 9.0), None);
        assert_eq!(within(view, pos2(600.0, 1050.0), pos2(700.0, 1050.0), 9.0), None);
        assert!(within(view, pos2(-600.0, 1050.0), pos2(700.0, 1050.0), 9.0).is_some());
        // Backwards too.
        let [from, to] = within(view, pos2(400.0, 1050.0), pos2(-400.0, 1050.0), 9.0).unwrap();
        assert!(from.x == 400.0 && to.x.abs() < 1.0);
    }
}
