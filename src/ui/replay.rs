//! 回放: what was read from a file, shown as it was at a moment: a slider through its time, and playing. Must never read the file in a
//! frame: the place of a moment is searched among records that are at hand, and asks for those that are not.

use super::session::{SessionTab, Surroundings};
use super::theme::{self, size, space};
use super::widget::control::{self, palette};
use crate::history::at_hand::{AtHand, Found};
use crate::session::timestamp::Timestamp;
use crate::traffic::record::{RecordId, Records};
use crate::traffic::scan::Scanner;
use crate::traffic::seek::Seek;
use crate::traffic::view::View;
use egui::style::HandleShape;
use egui::{Align, ComboBox, Layout, RichText, Slider, Ui, UiBuilder, vec2};
use egui_material_icons::icons::{ICON_PAUSE, ICON_PLAY_ARROW, ICON_SKIP_NEXT};
use std::ops::Range;

/// How fast a replay goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speed {
    /// As it was.
    #[default]
    Real,
    /// Ten times as fast.
    Ten,
    /// A row after the other, whatever time passed between them.
    Rows,
}

impl Speed {
    const ALL: [Self; 3] = [Self::Real, Self::Ten, Self::Rows];

    fn key(self) -> &'static str {
        match self {
            Self::Real => "replay.real",
            Self::Ten => "replay.ten",
            Self::Rows => "replay.rows",
        }
    }
}

/// How long each row stands before the next one comes, row by row, in microseconds: as often as frames are drawn.
const ROW_MICROS: u64 = 50_000;

/// From where a replay plays, so that it does not lag by what each frame takes.
#[derive(Clone, Copy, Debug)]
struct Playing {
    /// When it began, by the clock.
    since: Timestamp,
    /// The moment that was shown then.
    moment: Timestamp,
    /// The first record that was not.
    record: RecordId,
}

/// Whether the view has been told where the replay stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// It goes by rows.
    Known,
    /// It goes by moments, whose rows are to be found.
    ToSearch,
}

/// Where a tab's replay stands.
#[derive(Default)]
pub struct Replay {
    /// The moment that is shown; `None` is the end, and everything.
    moment: Option<Timestamp>,
    /// The search for its place, while it is not found.
    seek: Option<Seek>,
    playing: Option<Playing>,
    /// Whether it is to play from the next look on.
    starting: bool,
    speed: Speed,
    /// The first row that is not shown, with frames as rows; and for which record that was found.
    row: Option<(RecordId, u64)>,
}

impl Replay {
    /// Whether it plays, so that frames are needed.
    pub fn is_playing(&self) -> bool {
        self.playing.is_some() || self.starting
    }

    /// Whether something is left out of what is shown.
    pub fn is_on(&self) -> bool {
        self.moment.is_some()
    }

    /// Shows what was there by this moment.
    pub fn go_to(&mut self, moment: Timestamp) {
        (self.moment, self.playing, self.seek) = (Some(moment), None, None);
    }

    /// Shows everything.
    pub fn show_all(&mut self) {
        let speed = self.speed;
        *self = Self { speed, ..Self::default() };
    }

    /// Forgets what it knows of rows: they are others now.
    pub fn rows_changed(&mut self) {
        self.row = None;
    }

    /// Moves on to where it is by now, and as far as the records are at hand tells the view its place. `span` is the time of the file.
    pub fn step(
        &mut self,
        view: &mut View,
        span: (Timestamp, Timestamp),
        kept: &Range<u64>,
        records: &AtHand<'_>,
        now: Timestamp,
    ) {
        if std::mem::take(&mut self.starting) {
            // From the beginning, where everything is shown.
            let moment = *self.moment.get_or_insert(span.0);
            let record = view.until().unwrap_or(RecordId(kept.start));
            self.playing = Some(Playing { since: now, moment, record });
        }
        if let Some(playing) = self.playing
            && self.play(playing, view, kept, records, now) == Place::Known
        {
            return;
        }
        let Some(moment) = self.moment.filter(|moment| *moment < span.1) else {
            // Also where a capture's clock was set back, the end is the end.
            let speed = self.speed;
            *self = Self { speed, ..Self::default() };
            view.set_until(None);
            return;
        };
        if self.seek.as_ref().is_none_or(|seek| seek.found().is_some() && seek.moment() != moment) {
            let near = view.until().unwrap_or(RecordId(kept.start));
            self.seek = Some(Seek::new(moment, kept, near));
        }
        let Some(seek) = &mut self.seek else { return };
        while let Some(wanted) = seek.wanted() {
            match records.look(wanted) {
                Found::Record(record) => seek.tell(Some(record.at)),
                Found::Missing => seek.tell(None),
                Found::Coming => return,
            }
        }
        view.set_until(seek.found());
    }

    fn play(&mut self, playing: Playing, view: &mut View, kept: &Range<u64>, records: &AtHand<'_>, now: Timestamp) -> Place {
        let passed = now.micros_since(playing.since);
        let factor = match self.speed {
            Speed::Real => 1,
            Speed::Ten => 10,
            Speed::Rows => {
                let next = playing.record.0.saturating_add(1 + passed / ROW_MICROS);
                if next >= kept.end {
                    self.moment = None;
                    return Place::ToSearch;
                }
                view.set_until(Some(RecordId(next)));
                if let Some(last) = next.checked_sub(1).and_then(|last| records.get(RecordId(last))) {
                    self.moment = Some(last.at);
                }
                return Place::Known;
            }
        };
        let passed = i64::try_from(passed.saturating_mul(factor)).unwrap_or(i64::MAX);
        self.moment = Some(Timestamp(playing.moment.0.saturating_add(passed)));
        Place::ToSearch
    }

    /// The key behind the last row that is shown, where rows are frames.
    pub fn row_before(&mut self, scanner: &Scanner, until: RecordId, records: &AtHand<'_>) -> u64 {
        if let Some((known, row)) = self.row.filter(|(known, _)| *known == until) {
            debug_assert_eq!(known, until);
            return row;
        }
        let last = self.row.map_or(0, |(_, row)| row);
        match scanner.row_before(until, records) {
            Some(row) => {
                // A scanner that has not come so far will know more.
                self.row = (scanner.next() > until).then_some((until, row));
                row
            }
            // What was shown last stays until its records are there.
            None => last,
        }
    }
}

/// Height of the line.
pub const LINE: f32 = size::CONTROL + 2.0 * space::SMALL;

/// Whether a tab can be replayed: it was read from a file, and some time passed in it.
pub fn span(tab: &SessionTab) -> Option<(Timestamp, Timestamp)> {
    tab.about.as_ref().and_then(|about| about.span).filter(|(first, last)| first < last)
}

/// `▶ ────●──────────  08:20:34.093   [1× ▾]  ⏭`
pub fn show(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>) {
    let Some((first, last)) = span(tab) else { return };
    let colors = palette(ui);
    let tr = |key: &str| around.language.tr(key).into_owned();
    let card = ui.available_rect_before_wrap();
    ui.painter().rect(card, size::CORNER, colors.card, theme::line(colors), egui::StrokeKind::Inside);
    let inner = UiBuilder::new().max_rect(card.shrink2(vec2(space::MEDIUM, 0.0)));
    let ui = &mut ui.new_child(inner.layout(Layout::left_to_right(Align::Center)));
    let (symbol, word) =
        if tab.replay.is_playing() { (ICON_PAUSE, tr("replay.pause")) } else { (ICON_PLAY_ARROW, tr("replay.play")) };
    let play = control::bare(ui, symbol, &word);
    if play.clicked() {
        if tab.replay.is_playing() {
            (tab.replay.playing, tab.replay.starting) = (None, false);
        } else {
            tab.replay.starting = true;
            tab.place.set_follow(true);
        }
        ui.request_repaint();
    }
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let all = ui.add_enabled_ui(tab.replay.is_on(), |ui| control::bare(ui, ICON_SKIP_NEXT, &tr("replay.all"))).inner;
        if all.clicked() {
            tab.replay.show_all();
            ui.request_repaint();
        }
        let before = tab.replay.speed;
        let combo = ComboBox::from_id_salt(("replay", tab.id.0)).selected_text(tr(before.key())).width(SPEED);
        let response = combo.show_ui(ui, |ui| {
            for speed in Speed::ALL {
                ui.selectable_value(&mut tab.replay.speed, speed, tr(speed.key()));
            }
        });
        ui.ctx().accesskit_node_builder(response.response.id, |node| node.set_label(tr("replay.speed")));
        if before != tab.replay.speed && tab.replay.is_playing() {
            // From where it is.
            (tab.replay.playing, tab.replay.starting) = (None, true);
        }
        let moment = tab.replay.moment.unwrap_or(last).clamp(first, last);
        if ui.available_width() > ROOM_FOR_CLOCK {
            let text = RichText::new(moment.clock(around.zone)).font(theme::mono());
            ui.label(text.color(if tab.replay.is_on() { colors.accent_text } else { colors.weak }));
        }
        let length = last.micros_since(first);
        let mut at = moment.micros_since(first);
        let before = at;
        ui.spacing_mut().slider_width = (ui.available_width() - space::SMALL).max(size::CONTROL);
        // On a card of its own colour the rail would not be seen.
        ui.visuals_mut().widgets.inactive.bg_fill = colors.line;
        ui.visuals_mut().selection.bg_fill = colors.accent;
        let slider = Slider::new(&mut at, 0..=length).show_value(false).trailing_fill(true).handle_shape(HandleShape::Circle);
        let response = ui.add(slider);
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(tr("replay.moment")));
        if at != before {
            tab.place.set_follow(true);
            tab.replay.go_to(Timestamp(first.0.saturating_add(i64::try_from(at).unwrap_or(i64::MAX))));
            ui.request_repaint();
        }
        response.on_hover_text(tr("replay.hint"));
    });
}

/// Room for the longest word of a speed.
const SPEED: f32 = 84.0;
/// Below this there is no room for the moment in figures beside the slider.
const ROOM_FOR_CLOCK: f32 = 240.0;
