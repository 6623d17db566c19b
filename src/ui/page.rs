//! The pages of a session's tab, and the row in which one is chosen. Must never know what a page shows.

use super::capture::Capture;
use super::session::{SessionTab, Surroundings};
use super::theme::{self, size, space};
use super::widget::control::palette;
use crate::codec::framing::Rule;
use crate::os::sampler::Sampler;
use crate::session::address::Endpoint;
use crate::session::id::SessionId;
use crate::session::spec::Role;
use crate::session::timestamp::Timestamp;
use crate::store::pages::Pages;
use crate::traffic::encodings::Encodings;
use crate::traffic::model::Model;
use crate::traffic::record::RecordId;
use crate::traffic::scan::Scanner;
use crate::traffic::view::RowKey;
use egui::accesskit::Role as Access;
use egui::{Align2, ComboBox, CursorIcon, Rect, Sense, Stroke, Ui, WidgetInfo, vec2};
use jiff::tz::TimeZone;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

/// The ways to look at a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TabPage {
    /// Its records.
    #[default]
    Log,
    /// Two life-lines and what went between them.
    Ladder,
    /// The states of TCP.
    States,
    /// What was written above, what was read below.
    Lanes,
    /// Its socket calls.
    Calls,
    /// Its messages by IP Messenger.
    Messages,
}

impl TabPage {
    /// All of them, in the order of the row.
    pub const ALL: [Self; 6] = [Self::Log, Self::Ladder, Self::States, Self::Lanes, Self::Calls, Self::Messages];

    /// Those that a tab has. Messages of IP Messenger are datagrams; a file may hold anyone's.
    pub fn of(tab: &SessionTab) -> impl Iterator<Item = Self> + use<> {
        let has_datagrams = tab.about.is_some() || tab.draft.role == Role::Udp;
        Self::ALL.into_iter().filter(move |page| has_datagrams || *page != Self::Messages)
    }

    /// The key of its name.
    pub fn key(self) -> &'static str {
        match self {
            Self::Log => "page.log",
            Self::Ladder => "page.ladder",
            Self::States => "page.states",
            Self::Lanes => "page.lanes",
            Self::Calls => "page.calls",
            Self::Messages => "page.messages",
        }
    }

    /// The key of what it is for.
    pub fn hint_key(self) -> &'static str {
        match self {
            Self::Log => "page.log_hint",
            Self::Ladder => "page.ladder_hint",
            Self::States => "page.states_hint",
            Self::Lanes => "page.lanes_hint",
            Self::Calls => "page.calls_hint",
            Self::Messages => "page.messages_hint",
        }
    }
}

/// What a page may look at, for one frame.
pub struct PageLook<'a> {
    /// Every session.
    pub model: &'a Model,
    /// Records that memory has no room for.
    pub pages: &'a Pages,
    /// What asks the system about sockets: [`Sampler::look`] never waits.
    pub sampler: &'a Sampler,
    /// The session of the tab.
    pub id: SessionId,
    /// What is captured for it, and whether.
    pub capture: &'a Capture,
    /// The moment.
    pub now: Timestamp,
    /// Times.
    pub zone: &'a TimeZone,
    /// The row that is selected in the log.
    pub selected: Option<RowKey>,
    /// What the records are read in.
    pub encodings: Encodings,
    /// Where a replay has come: records from this one on are not to be shown; `None` shows all.
    pub until: Option<RecordId>,
}

impl PageLook<'_> {
    /// The records of the session that may be shown, by number.
    pub fn records(&self) -> Range<u64> {
        let Some(session) = self.model.session(self.id) else { return 0..0 };
        let (first, next) = (session.log.first().0, session.log.next().0);
        first..self.until.map_or(next, |until| until.0.clamp(first, next))
    }
}

impl SessionTab {
    /// Who finds the records that the page looks at, and in which sessions, where those are not all of a session's.
    pub fn lanes_to_feed(&self) -> Vec<(SessionId, &Arc<Mutex<Scanner>>)> {
        match self.page {
            TabPage::Ladder => self.ladder.scanners().collect(),
            TabPage::Calls => self.calls.scanner().into_iter().collect(),
            TabPage::Log | TabPage::States | TabPage::Lanes | TabPage::Messages => Vec::new(),
        }
    }

    /// Takes out of the model what the chosen page shows; the records for it that are not at hand.
    pub fn look_at_page(
        &mut self,
        model: &Model,
        (pages, sampler): (&Pages, &Sampler),
        now: Timestamp,
        zone: &TimeZone,
    ) -> Vec<(SessionId, RecordId)> {
        if self.page == TabPage::Log {
            return Vec::new();
        }
        // A row that is a frame is no record.
        let (selected, encodings) = (self.selection.last.filter(|_| self.rule == Rule::None), self.encodings());
        let (capture, until) = (&self.capture, self.view.until());
        let look = PageLook { model, pages, sampler, id: self.id, capture, now, zone, selected, encodings, until };
        match self.page {
            TabPage::Log => Vec::new(),
            TabPage::Ladder => self.ladder.look(&look),
            TabPage::States => self.states.look(&look),
            TabPage::Lanes => {
                let record = self.selected_record();
                let remote = self.draft.remote().ok().filter(|_| self.draft.role == Role::Udp);
                self.lanes.focus(self.chosen.first().copied(), &self.rule, record);
                self.lanes.send_to(remote.and_then(Endpoint::address));
                self.lanes.look(&look)
            }
            TabPage::Calls => self.calls.look(&look),
            TabPage::Messages => self.messages.look(&look),
        }
    }
}

/// `日志   时序图   状态   边界   调用   飞秋`; a list to choose from where there is no room for a row.
pub fn bar(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>) {
    let colors = palette(ui);
    let tr = |key: &str| around.language.tr(key).into_owned();
    let font = theme::font(size::CONTROL_TEXT);
    if !TabPage::of(tab).any(|page| page == tab.page) {
        tab.page = TabPage::Log;
    }
    let laid_out = |page: TabPage| (page, ui.painter().layout_no_wrap(tr(page.key()), font.clone(), colors.text));
    let galleys: Vec<_> = TabPage::of(tab).map(laid_out).collect();
    let width: f32 = galleys.iter().map(|(_, galley)| galley.size().x + 2.0 * space::SMALL).sum();
    let (_, room) = ui.allocate_space(vec2(ui.available_width(), size::CONTROL));
    let ui = &mut ui.new_child(egui::UiBuilder::new().max_rect(room).layout(egui::Layout::left_to_right(egui::Align::Center)));
    if width > room.width() {
        let combo = ComboBox::from_id_salt(("page", tab.id.0)).selected_text(tr(tab.page.key())).truncate().width(room.width());
        let response = combo.show_ui(ui, |ui| {
            for page in TabPage::of(tab) {
                ui.selectable_value(&mut tab.page, page, tr(page.key()));
            }
        });
        ui.ctx().accesskit_node_builder(response.response.id, |node| node.set_label(tr("page.choose")));
        return;
    }
    let mut left = room.left();
    for (page, galley) in galleys {
        let place = Rect::from_min_size(egui::pos2(left, room.top()), vec2(galley.size().x + 2.0 * space::SMALL, room.height()));
        left = place.right();
        let chosen = tab.page == page;
        let response = ui.interact(place, egui::Id::unique(("page", tab.id.0, page)), Sense::click());
        let word = tr(page.key());
        response.widget_info(|| WidgetInfo::selected(Access::RadioButton, true, chosen, &word));
        let color = match (chosen, response.hovered()) {
            (true, _) => colors.accent_text,
            (false, true) => colors.strong,
            (false, false) => colors.weak,
        };
        ui.painter().text(place.center(), Align2::CENTER_CENTER, &word, font.clone(), color);
        if chosen {
            let line = place.shrink2(vec2(space::SMALL, 0.0));
            ui.painter().hline(line.x_range(), place.bottom() - 2.0, Stroke::new(2.0, colors.accent));
        }
        if response.has_focus() {
            ui.painter().rect_stroke(place, size::CORNER, Stroke::new(1.0, colors.accent), egui::StrokeKind::Inside);
        }
        let response = response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(tr(page.hint_key()));
        if response.clicked() {
            tab.page = page;
        }
    }
}
