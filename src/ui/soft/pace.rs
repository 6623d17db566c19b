//! When the window draws next. It must never know a window, nor read the clock: the time is an argument.

use std::time::{Duration, Instant};

/// At most about sixty frames a second: there is no vertical sync that would hold back a CPU window on X11.
const FRAME: Duration = Duration::from_millis(16);
/// A hidden window shows nothing, but has to notice that it shall close or come back.
const HIDDEN: Duration = Duration::from_millis(100);
/// A compositor may keep back the frame that was asked for, and not say that the window is hidden.
const OVERDUE: Duration = Duration::from_millis(250);

/// What the event loop shall do now.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask the window system for a redraw, and come back at this time if it does not grant it.
    Ask(Instant),
    /// Obey commands without drawing: nobody would see it.
    Obey,
    /// Sleep until then.
    Until(Instant),
    /// Sleep until something happens.
    Sleep,
}

/// The one appointment a window has.
#[derive(Debug, Default)]
pub struct Pace {
    due: Option<Instant>,
    asked: Option<Instant>,
    last: Option<Instant>,
}

impl Pace {
    /// A frame is wanted at `when`. An earlier appointment stays.
    pub fn want(&mut self, when: Instant) {
        self.due = Some(self.due.map_or(when, |due| due.min(when)));
    }

    /// A frame is being drawn (or the commands are being obeyed), so what was wanted until now is served.
    pub fn begin(&mut self, now: Instant) {
        *self = Self { due: None, asked: None, last: Some(now) };
    }

    /// True when it is time to do something; then [`Pace::step`] wants to know whether the window is hidden.
    pub fn is_due(&self, now: Instant) -> bool {
        self.next(FRAME).is_some_and(|next| next <= now)
    }

    /// What to do now.
    ///
    /// 1. A redraw that was asked for and never came is given up.
    /// 2. A visible window draws when it is due, but not sooner than one frame after the last.
    /// 3. A hidden window only obeys, and seldom.
    pub fn step(&mut self, now: Instant, hidden: bool) -> Step {
        if self.asked.is_some_and(|asked| asked + OVERDUE <= now) {
            return Step::Obey;
        }
        let Some(next) = self.next(if hidden { HIDDEN } else { FRAME }) else {
            return Step::Sleep;
        };
        if next > now {
            return Step::Until(next);
        }
        if hidden {
            return Step::Obey;
        }
        self.due = None;
        Step::Ask(*self.asked.get_or_insert(now) + OVERDUE)
    }

    /// The next moment at which something has to be done.
    fn next(&self, spacing: Duration) -> Option<Instant> {
        let draw = self.due.map(|due| self.last.map_or(due, |last| due.max(last + spacing)));
        let give_up = self.asked.map(|asked| asked + OVERDUE);
        match (draw, give_up) {
            (Some(draw), Some(give_up)) => Some(draw.min(give_up)),
            (one, other) => one.or(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn an_idle_window_sleeps() {
        let now = Instant::now();
        let mut pace = Pace::default();
        assert_eq!(pace.step(now, false), Step::Sleep);
        pace.want(now);
        assert_eq!(pace.step(now, false), Step::Ask(now + OVERDUE));
        pace.begin(now);
        assert_eq!(pace.step(now + ms(5), false), Step::Sleep);
    }

    #[test]
    fn a_delay_is_kept_and_the_earliest_wins() {
        let now = Instant::now();
        let mut pace = Pace::default();
        pace.want(now + ms(500));
        pace.want(now + ms(300));
        pace.want(now + ms(400));
        assert_eq!(pace.step(now, false), Step::Until(now + ms(300)));
        assert!(matches!(pace.step(now + ms(300), false), Step::Ask(_)));
    }

    #[test]
    fn a_flood_of_wishes_draws_at_most_sixty_frames_a_second() {
        let start = Instant::now();
        let mut pace = Pace::default();
        let mut frames = 0;
        for tick in 0..1000 {
            let now = start + ms(tick);
            pace.want(now);
            if let Step::Ask(_) = pace.step(now, false) {
                frames += 1;
                pace.begin(now);
            }
        }
        assert!((60..=63).contains(&frames), "{frames}");
    }

    #[test]
    fn a_hidden_window_only_obeys_and_seldom() {
        let start = Instant::now();
        let mut pace = Pace::default();
        let mut count = 0;
        for tick in 0..1000 {
            let now = start + ms(tick);
            pace.want(now);
            match pace.step(now, true) {
                Step::Obey => {
                    count += 1;
                    pace.begin(now);
                }
                step => assert!(matches!(step, Step::Until(_)), "{step:?}"),
            }
        }
        assert_eq!(count, 10);
    }

    #[test]
    fn wishes_do_not_put_off_giving_up() {
        let start = Instant::now();
        let mut pace = Pace::default();
        let obeyed = (0..1000).filter(|tick| {
            let now = start + ms(*tick);
            pace.want(now);
            let obey = pace.step(now, false) == Step::Obey;
            if obey {
                pace.begin(now);
            }
            obey
        });
        assert!((3..=4).contains(&obeyed.count()));
    }

    #[test]
    fn a_redraw_that_never_comes_is_given_up() {
        let now = Instant::now();
        let mut pace = Pace::default();
        pace.want(now);
        assert_eq!(pace.step(now, false), Step::Ask(now + OVERDUE));
        assert_eq!(pace.step(now, false), Step::Until(now + OVERDUE));
        assert_eq!(pace.step(now + OVERDUE, false), Step::Obey);
        pace.begin(now + OVERDUE);
        assert_eq!(pace.step(now + OVERDUE, false), Step::Sleep);
    }
}
