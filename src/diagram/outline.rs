//! What everyone who draws a picture agrees on: dashes, arrow heads, and which shape is at a place. Must never know colours.

use super::scene::{Area, Item, Point, Scene, Shape};

/// Length of a dash and of the gap after it, in points.
pub const DASH: [f32; 2] = [5.0, 4.0];
/// Length and half the width of an arrow head.
const HEAD: [f32; 2] = [9.0, 3.6];
/// Half the size of the cross of what never arrived.
const CROSS: f32 = 4.5;
/// How far from a line it can still be chosen.
const REACH: f32 = 5.0;

/// The corners of the head of an arrow, its tip first; `None` where the line has no direction.
pub fn head(from: Point, to: Point) -> Option<[Point; 3]> {
    let (x, y) = (to.x - from.x, to.y - from.y);
    let length = x.hypot(y);
    if length < 1.0 {
        return None;
    }
    let (x, y) = (x / length, y / length);
    let [long, half] = HEAD.map(|size| size.min(length));
    let foot = Point { x: to.x - x * long, y: to.y - y * long };
    Some([to, Point { x: foot.x - y * half, y: foot.y + x * half }, Point { x: foot.x + y * half, y: foot.y - x * half }])
}

/// The two strokes of a cross.
pub fn cross(at: Point) -> [[Point; 2]; 2] {
    let corner = |x: f32, y: f32| Point { x: at.x + x * CROSS, y: at.y + y * CROSS };
    [[corner(-1.0, -1.0), corner(1.0, 1.0)], [corner(-1.0, 1.0), corner(1.0, -1.0)]]
}

/// Whether a shape can be chosen at a place.
pub fn reaches(shape: &Shape, place: Point) -> bool {
    match shape {
        Shape::Line { from, to, .. } => distance(*from, *to, place) <= REACH,
        Shape::Box { .. } | Shape::Words { .. } => contains(shape.bounds(), place),
    }
}

/// The uppermost item at a place that has a mark or says something.
pub fn at<M>(scene: &Scene<M>, place: Point) -> Option<&Item<M>> {
    let mut items = scene.items.iter().rev();
    items.find(|item| (item.mark.is_some() || item.hint.is_some()) && reaches(&item.shape, place))
}

/// Whether two areas have a place in common.
pub fn meet(one: Area, other: Area) -> bool {
    let meets = |a: f32, long: f32, b: f32, wide: f32| a <= b + wide && b <= a + long;
    meets(one.at.x, one.width, other.at.x, other.width) && meets(one.at.y, one.height, other.at.y, other.height)
}

fn contains(area: Area, place: Point) -> bool {
    (area.at.x..=area.at.x + area.width).contains(&place.x) && (area.at.y..=area.at.y + area.height).contains(&place.y)
}

/// How far a place is from a line from one point to another.
fn distance(from: Point, to: Point, place: Point) -> f32 {
    let (x, y) = (to.x - from.x, to.y - from.y);
    let square = x * x + y * y;
    let along = if square > 0.0 { ((place.x - from.x) * x + (place.y - from.y) * y) / square } else { 0.0 };
    let along = along.clamp(0.0, 1.0);
    (place.x - from.x - x * along).hypot(place.y - from.y - y * along)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagram::scene::{Certainty, Head, Ink};

    fn line(from: (f32, f32), to: (f32, f32)) -> Shape {
        let point = |(x, y)| Point { x, y };
        let certainty = Certainty::Observed;
        Shape::Line { from: point(from), to: point(to), ink: Ink::Normal, width: 1.0, certainty, head: Head::End }
    }

    #[test]
    fn the_uppermost_shape_is_chosen() {
        let mut scene = Scene::new(100.0, 100.0);
        let area = Area { at: Point { x: 10.0, y: 10.0 }, width: 50.0, height: 50.0 };
        let square = Shape::Box { area, fill: Some(Ink::Card), edge: None, certainty: Certainty::Observed };
        scene.mark(square, 1, "box".into());
        scene.mark(line((0.0, 20.0), (100.0, 20.0)), 2, "line".into());
        scene.draw(line((0.0, 30.0), (100.0, 30.0)));
        let at = |x, y| super::at(&scene, Point { x, y }).and_then(|item| item.mark);
        assert_eq!([at(20.0, 22.0), at(20.0, 30.0), at(80.0, 30.0), at(80.0, 24.0)], [Some(2), Some(1), None, Some(2)]);
    }

    #[test]
    fn a_head_points_where_the_line_goes() {
        let at = |x, y| Point { x, y };
        let [tip, one, other] = head(at(0.0, 0.0), at(100.0, 0.0)).unwrap();
        assert_eq!(tip, at(100.0, 0.0));
        assert!(one.x < 95.0 && other.x < 95.0 && one.y == -other.y && one.y != 0.0);
        assert_eq!(head(at(5.0, 5.0), at(5.0, 5.0)), None);
    }

    #[test]
    fn areas_that_meet() {
        let area = |x, y, width, height| Area { at: Point { x, y }, width, height };
        assert!(meet(area(0.0, 0.0, 10.0, 10.0), area(5.0, -5.0, 1.0, 30.0)));
        // A level line has no height and is still there.
        assert!(meet(area(0.0, 0.0, 10.0, 10.0), area(-5.0, 5.0, 50.0, 0.0)));
        assert!(!meet(area(0.0, 0.0, 10.0, 10.0), area(11.0, 0.0, 5.0, 5.0)));
    }
}
