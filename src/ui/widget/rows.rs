//! Where a long list stands: an anchor row and a distance, never a pixel offset from the top, so that ten million rows of different
//! heights cost no more than ten. Pure; must never draw.

use std::ops::Range;

/// A place in a list whose rows are known by number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// The first row in view.
    anchor: u64,
    /// How much of it is hidden above, in points.
    hidden: f32,
    /// Whether the end is followed as rows come.
    follow: bool,
}

impl Default for Place {
    fn default() -> Self {
        Self { anchor: 0, hidden: 0.0, follow: true }
    }
}

/// How a user moves through the list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Move {
    /// By so many points, downwards positive.
    By(f32),
    /// By so many views.
    Pages(f32),
    /// To this part of the list, 0 to 1.
    To(f64),
    /// So that this row is in view; in its upper third if it was not.
    Reveal(u64),
    /// To the newest row, and follow it.
    End,
}

impl Place {
    /// Whether the end is followed.
    pub fn follows(&self) -> bool {
        self.follow
    }

    /// Follows the end, or stops where it is.
    pub fn set_follow(&mut self, follow: bool) {
        self.follow = follow;
    }

    /// Takes a move into account and returns the rows in view with their distance from the top of the view.
    /// `height` is asked for rows in and around the view only.
    pub fn settle(
        &mut self,
        rows: &Range<u64>,
        view: f32,
        movement: Option<Move>,
        height: impl Fn(u64) -> f32,
    ) -> Vec<(u64, f32)> {
        if rows.is_empty() {
            *self = Self { anchor: rows.start, hidden: 0.0, follow: self.follow };
            return Vec::new();
        }
        if self.anchor < rows.start {
            (self.anchor, self.hidden) = (rows.start, 0.0);
        }
        let last = Self::last_place(rows, view, &height);
        self.anchor = self.anchor.min(rows.end - 1);
        match movement {
            Some(Move::By(points)) => self.scroll(points, rows, last, &height),
            Some(Move::Pages(pages)) => self.scroll(pages * view, rows, last, &height),
            Some(Move::To(part)) => {
                let span = last.0 - rows.start;
                let target = part.clamp(0.0, 1.0) * span as f64;
                (self.anchor, self.hidden) = (rows.start + target as u64, 0.0);
                self.follow = part >= 1.0;
            }
            Some(Move::Reveal(row)) if rows.contains(&row) => self.reveal(row, rows, view, &height),
            Some(Move::Reveal(_)) => {}
            Some(Move::End) => self.follow = true,
            None => {}
        }
        if self.follow || (self.anchor, self.hidden) > last {
            (self.anchor, self.hidden) = last;
        }
        let mut top = -self.hidden;
        let mut shown = Vec::new();
        for row in self.anchor..rows.end {
            if top >= view {
                break;
            }
            shown.push((row, top));
            top += height(row);
        }
        shown
    }

    /// The part of the list above the view and the part in it, 0 to 1, for the scroll bar.
    pub fn bar(&self, rows: &Range<u64>, shown: usize) -> (f64, f64) {
        let count = (rows.end - rows.start).max(1) as f64;
        let part = (shown as f64 / count).clamp(0.0, 1.0);
        let span = (count - shown as f64).max(1.0);
        let above = if self.follow { 1.0 } else { (self.anchor.saturating_sub(rows.start) as f64 / span).clamp(0.0, 1.0) };
        (above, part)
    }

    fn scroll(&mut self, points: f32, rows: &Range<u64>, last: (u64, f32), height: &impl Fn(u64) -> f32) {
        // Whoever scrolls up wants to read there; whoever reaches the end wants to see what comes.
        if points < 0.0 {
            self.follow = false;
        }
        self.hidden += points;
        while self.hidden < 0.0 && self.anchor > rows.start {
            self.anchor -= 1;
            self.hidden += height(self.anchor);
        }
        self.hidden = self.hidden.max(0.0);
        while self.anchor + 1 < rows.end && self.hidden >= height(self.anchor) {
            self.hidden -= height(self.anchor);
            self.anchor += 1;
        }
        if points > 0.0 && (self.anchor, self.hidden) >= last {
            self.follow = true;
        }
    }

    fn reveal(&mut self, row: u64, rows: &Range<u64>, view: f32, height: &impl Fn(u64) -> f32) {
        self.follow = false;
        let up_to = rows.start..row + 1;
        let in_view =
            (self.anchor, self.hidden) <= (row, 0.0) && (self.anchor, self.hidden) >= Self::last_place(&up_to, view, height);
        if !in_view {
            // With what comes before it in the upper third, and nothing that floats at an edge over it.
            let (anchor, hidden) = Self::last_place(&up_to, view / 3.0, height);
            (self.anchor, self.hidden) = if anchor == row { (row, 0.0) } else { (anchor, hidden) };
        }
    }

    /// The place at which the last row ends at the bottom of the view.
    fn last_place(rows: &Range<u64>, view: f32, height: &impl Fn(u64) -> f32) -> (u64, f32) {
        let mut left = view;
        let mut row = rows.end;
        while row > rows.start {
            row -= 1;
            left -= height(row);
            if left <= 0.0 {
                return (row, -left);
            }
        }
        (rows.start, 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every third row is three lines high.
    fn height(row: u64) -> f32 {
        if row.is_multiple_of(3) { 60.0 } else { 20.0 }
    }

    #[test]
    fn the_end_is_followed_until_someone_scrolls_up() {
        let mut place = Place::default();
        let last = |shown: Vec<(u64, f32)>| shown.last().copied().unwrap();
        assert_eq!(last(place.settle(&(0..100), 200.0, None, |_| 20.0)), (99, 180.0));
        assert_eq!(last(place.settle(&(0..150), 200.0, None, |_| 20.0)), (149, 180.0));
        assert_eq!(last(place.settle(&(0..150), 200.0, Some(Move::By(-30.0)), |_| 20.0)).0, 148);
        assert!(!place.follows());
        assert_eq!(last(place.settle(&(0..900), 200.0, None, |_| 20.0)).0, 148, "new rows do not move a reader");
        place.settle(&(0..900), 200.0, Some(Move::End), |_| 20.0);
        assert!(place.follows());
    }

    #[test]
    fn eviction_keeps_the_reader_on_what_is_left() {
        let mut place = Place::default();
        place.settle(&(0..100), 100.0, Some(Move::To(0.0)), |_| 20.0);
        assert_eq!(place.settle(&(40..100), 100.0, None, |_| 20.0)[0], (40, 0.0));
        assert_eq!(place.settle(&(100..100), 100.0, None, |_| 20.0), []);
    }

    #[test]
    fn a_short_list_stands_at_the_top() {
        let mut place = Place::default();
        assert_eq!(place.settle(&(5..7), 100.0, Some(Move::By(50.0)), |_| 20.0), [(5, 0.0), (6, 20.0)]);
    }

    proptest! {
        /// Wherever it goes, the view is filled without holes and never runs past the ends.
        #[test]
        fn the_view_is_always_filled(start in 0u64..1_000_000_000_000, count in 1u64..10_000, moves in proptest::collection::vec(
            prop_oneof![(-5e4f32..5e4).prop_map(Move::By), (-3f32..3.0).prop_map(Move::Pages), (0f64..1.0).prop_map(Move::To), Just(Move::End)], 1..30)) {
            let rows = start..start + count;
            let mut place = Place::default();
            for movement in moves {
                let shown = place.settle(&rows, 333.0, Some(movement), height);
                prop_assert!(shown[0].1 <= 0.0 && shown[0].1 > -height(shown[0].0));
                for pair in shown.windows(2) {
                    prop_assert_eq!(pair[1].0, pair[0].0 + 1);
                    prop_assert!((pair[1].1 - pair[0].1 - height(pair[0].0)).abs() < 0.01);
                }
                let (last, top) = shown[shown.len() - 1];
                let total: f32 = if count < 20 { rows.clone().map(height).sum() } else { f32::MAX };
                prop_assert!(total <= 333.0 || top + height(last) >= 332.9, "bottom at {}", top + height(last));
                prop_assert!(rows.contains(&last));
            }
        }

        #[test]
        fn a_revealed_row_is_in_view(count in 30u64..1000, from in 0f64..1.0, row in 0u64..30) {
            let mut place = Place::default();
            place.settle(&(0..count), 333.0, Some(Move::To(from)), height);
            let shown = place.settle(&(0..count), 333.0, Some(Move::Reveal(row)), height);
            let (_, top) = shown.iter().find(|(shown, _)| *shown == row).copied().unwrap();
            prop_assert!(top > -height(row) && top + height(row) <= 333.1 + height(row));
        }
    }
}
