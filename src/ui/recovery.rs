//! What another run left when it did not end as it should: said calmly over the tabs, with the choice. Must never delete anything that
//! was not asked for twice, and never stand in the way.

use super::theme::space;
use super::widget::control::{self, palette};
use crate::describe::{grouped, size_text};
use crate::history::errand::{Answer, Errand};
use crate::history::left::Left;
use crate::i18n::Language;
use crate::session::timestamp::Timestamp;
use egui::{Context, Frame, Margin, Panel, Ui};
use egui_material_icons::icons::{ICON_CLOSE, ICON_DELETE, ICON_HISTORY, ICON_SCHEDULE};
use jiff::tz::TimeZone;
use std::io;
use std::path::PathBuf;

/// What there is.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// Sessions.
    pub sessions: usize,
    /// Their bytes on disk.
    pub bytes: u64,
    /// When the oldest began.
    pub started: Option<Timestamp>,
}

/// What is to become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Tabs.
    Open,
    /// Nothing; it is deleted.
    Discard,
    /// It stays for the next start.
    Later,
}

/// See the module.
#[derive(Default)]
pub struct Recovery {
    looking: Option<Errand<Option<Left>>>,
    left: Option<Left>,
    /// Whether to delete it was asked once.
    sure: bool,
    deleting: Option<Errand<io::Result<()>>>,
}

impl Recovery {
    /// Begins to look below `root`.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(root: PathBuf, ctx: &Context) -> io::Result<Self> {
        let ctx = ctx.clone();
        let looking = Errand::start("leftovers", move || Left::find(&root), move || ctx.request_repaint())?;
        Ok(Self { looking: Some(looking), ..Self::default() })
    }

    /// Draws what there is to choose, if anything is; what is to be opened.
    pub fn show(&mut self, ui: &mut Ui, language: Language, zone: &TimeZone) -> Option<Left> {
        if let Some(looking) = &mut self.looking {
            match looking.answer() {
                Answer::Coming => {}
                Answer::Is(left) => (self.left, self.looking) = (left, None),
                Answer::Broken => self.looking = None,
            }
        }
        let left = self.left.as_ref()?;
        let found = Found { sessions: left.sessions, bytes: left.bytes, started: left.started };
        match banner(ui, language, zone, &found, &mut self.sure)? {
            Choice::Open => self.left.take(),
            Choice::Later => {
                self.left = None;
                None
            }
            Choice::Discard => {
                let left = self.left.take()?;
                let ctx = ui.ctx().clone();
                // Without a thread it stays, and is offered again.
                self.deleting = Errand::start("discard", move || left.delete(), move || ctx.request_repaint()).ok();
                None
            }
        }
    }

    /// Why what was to be deleted could not be, once.
    pub fn trouble(&mut self) -> Option<io::Error> {
        match self.deleting.as_mut()?.answer() {
            Answer::Coming => None,
            Answer::Is(outcome) => {
                self.deleting = None;
                outcome.err()
            }
            Answer::Broken => {
                self.deleting = None;
                None
            }
        }
    }
}

/// ```text
/// ⟲ Sockscope 上次没有正常结束：2 个会话的记录还在，共 1.2 GB，开始于 2026-07-21 08:20:34   [打开] [丢弃…] [以后再说]
/// ```
pub fn banner(ui: &mut Ui, language: Language, zone: &TimeZone, found: &Found, sure: &mut bool) -> Option<Choice> {
    let colors = palette(ui);
    let tr = |key: &str| language.tr(key).into_owned();
    let frame = Frame::new().fill(colors.card).inner_margin(Margin::symmetric(12, 6));
    let mut choice = None;
    Panel::top("recovery").frame(frame).show_separator_line(true).show(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = space::SMALL;
            let (icon, color) = if *sure { (ICON_DELETE, colors.error) } else { (ICON_HISTORY, colors.accent_text) };
            ui.label(control::icon(icon).color(color));
            let time = found.started.map_or_else(String::new, |at| at.date_and_clock(zone));
            let time = time.split('.').next().unwrap_or_default().to_owned();
            let values: [(&str, &dyn std::fmt::Display); 3] =
                [("sessions", &grouped(found.sessions as u64)), ("size", &size_text(found.bytes)), ("time", &time)];
            let text = language.tr_with(if *sure { "recovery.sure" } else { "recovery.found" }, &values);
            ui.add(egui::Label::new(text).wrap());
            if *sure {
                if control::danger(ui, ICON_DELETE, &tr("recovery.delete")).clicked() {
                    choice = Some(Choice::Discard);
                }
                if control::quiet(ui, ICON_CLOSE, &tr("recovery.keep")).clicked() {
                    *sure = false;
                }
                return;
            }
            if control::primary(ui, ICON_HISTORY, &tr("recovery.open")).on_hover_text(tr("recovery.open_hint")).clicked() {
                choice = Some(Choice::Open);
            }
            if control::quiet(ui, ICON_DELETE, &tr("recovery.discard")).clicked() {
                *sure = true;
            }
            if control::quiet(ui, ICON_SCHEDULE, &tr("recovery.later")).on_hover_text(tr("recovery.later_hint")).clicked() {
                choice = Some(Choice::Later);
            }
        });
    });
    choice
}
