//! What the app does about files: opening captures and what was left, and exporting. Must never read or write one itself.

use super::App;
use crate::codec::framing::Rule;
use crate::describe::grouped;
use crate::history::export::{Exporting, Order};
use crate::history::open::{About, Failed, Opening, Origin, Place, Source, Whole};
use crate::recorder::{Request, now};
use crate::session::draft::Draft;
use crate::session::id::SessionId;
use crate::traffic::format::{Format, Style};
use crate::traffic::record::RecordId;
use crate::ui::opening::failure;
use crate::ui::panel::file;
use crate::ui::save::{Offer, Save, Saved};
use crate::ui::session::SessionTab;
use crate::ui::theme::{self, size, space};
use crate::ui::tiles;
use crate::ui::widget::control::{self, palette};
use egui::{Align2, Area, Key, Modifiers, Order as Layer, RichText, Ui};
use egui_material_icons::icons::ICON_FILE_OPEN;
use std::path::PathBuf;

impl App {
    /// Files that were dropped onto the window, the key that opens, and what is on its way; at the beginning of a frame.
    pub(super) fn open_files(&mut self, ui: &Ui) {
        let dropped = ui.input(|input| input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect::<Vec<_>>());
        self.openings.want(dropped);
        if ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::O)) {
            self.openings.ask();
        }
        for path in self.openings.tidy(ui.ctx()) {
            let text = self.language().tr_with("recovery.part_kept", &[("path", &path.display())]);
            self.notices.bad(text);
        }
        while let Some((source, session, outcome)) = self.openings.outcome() {
            match outcome {
                Ok(whole) => self.take_over(session, whole),
                Err(failed) => self.tell_failed(&source, &failed),
            }
        }
        while self.openings.next().is_some() && !self.open_next(ui) {}
        if let Some(problem) = self.recovery.trouble() {
            let text = self.language().tr_with("recovery.not_deleted", &[("why", &problem)]);
            self.notices.bad(text);
        }
        self.hand_over();
    }

    fn tell_failed(&mut self, source: &Source, failed: &Failed) {
        if let Some(text) = failure(self.language(), source, failed, self.room()) {
            self.notices.bad(text);
        }
    }

    /// Bytes that may still be opened, of how many. What is recorded does not count: it makes room for itself, and in a long run it always
    /// stands near the limit.
    fn room(&self) -> (u64, u64) {
        let limit = match self.storage.limit {
            // The recorder has not told yet.
            0 => u64::from(self.settings.disk_mib) << 20,
            told => told,
        };
        let opened = self.storage.used.saturating_sub(self.storage.live);
        (limit.saturating_sub(opened), limit)
    }

    /// Starts the next; `false` when it was refused.
    fn open_next(&mut self, ui: &Ui) -> bool {
        let Some(source) = self.openings.next().cloned() else { return false };
        let Some(shelf) = self.engine.as_ref().and_then(|engine| engine.shelf().cloned()) else {
            self.openings.refused();
            let text = self.language().tr_with("open.no_disk", &[("path", &source.path().display())]);
            self.notices.bad(text);
            return false;
        };
        let session = SessionId(self.next_id);
        self.next_id += 1;
        let place = Place { session, shelf, room: self.room().0, zone: self.zone.clone() };
        let ctx = ui.ctx().clone();
        match Opening::start(source.clone(), place, move || ctx.request_repaint()) {
            Ok(opening) => {
                self.openings.started(session, opening);
                true
            }
            Err(problem) => {
                self.openings.refused();
                self.tell_failed(&source, &Failed::Writing(problem));
                false
            }
        }
    }

    /// A tab for what was read.
    fn take_over(&mut self, session: SessionId, whole: Whole) {
        let Whole { opened, about } = whole;
        let draft = self.draft_of(&about);
        self.handing.push_back(Request::Adopt(session, Box::new(opened)));
        self.tabs.insert(session, SessionTab::of_file(session, about, draft));
        tiles::add(&mut self.tree, self.focused, session);
        self.focused = Some(session);
    }

    /// How its bytes are shown at first: a session that was left as its tab, which came back, is shown now.
    fn draft_of(&self, about: &About) -> Draft {
        let draft = file::draft(about);
        let Origin::Left { number, .. } = about.origin else { return draft };
        let same = self.tabs.get(&SessionId(number)).filter(|tab| tab.about.is_none() && tab.draft.role == draft.role);
        same.map_or(draft, |tab| tab.draft.clone())
    }

    /// Gives the recorder what it is to take over.
    fn hand_over(&mut self) {
        let Some(engine) = &self.engine else { return };
        while let Some(request) = self.handing.pop_front() {
            if let Err(refused) = engine.requests().send(request) {
                // It has much to do: with the next frame.
                self.handing.push_front(*refused);
                self.ctx.request_repaint_after(super::looking::RETRY);
                return;
            }
        }
    }

    /// What stands between the top bar and the tabs, and over them.
    pub(super) fn show_reading(&mut self, ui: &mut Ui) {
        let language = self.language();
        if let Some(left) = self.recovery.show(ui, language, &self.zone) {
            self.openings.want_left(left);
            ui.ctx().request_repaint();
        }
        self.openings.show(ui, language);
    }

    /// The dialogues.
    pub(super) fn ask_reading(&mut self, ui: &mut Ui) {
        let language = self.language();
        let files = self.openings.ask_for_files(ui, language);
        if !files.is_empty() {
            self.openings.want(files);
            ui.ctx().request_repaint();
        }
        self.ask_export(ui);
        if ui.input(|input| !input.raw.hovered_files.is_empty()) {
            let area = Area::new(egui::Id::unique("drop")).order(Layer::Foreground).anchor(Align2::CENTER_CENTER, [0.0, 0.0]);
            area.show(ui.ctx(), |ui| {
                let colors = palette(ui);
                let stroke = egui::Stroke::new(2.0, colors.accent);
                theme::card(colors).stroke(stroke).inner_margin(space::HUGE).show(ui, |ui| {
                    ui.horizontal(|ui| {
                        ui.label(control::icon(ICON_FILE_OPEN).color(colors.accent_text));
                        ui.label(RichText::new(language.tr("open.drop")).size(size::TITLE_TEXT).color(colors.strong));
                    });
                });
            });
        }
    }

    /// Asks what of a tab is to be exported.
    pub(super) fn begin_export(&mut self, id: SessionId) {
        let Some(tab) = self.tabs.get(&id) else { return };
        let stamp = now().date_and_clock(&self.zone).replace([' ', ':'], "-");
        self.save = Some(Save::new(id, &offer(tab), stamp.split('.').next().unwrap_or(&stamp)));
    }

    fn ask_export(&mut self, ui: &mut Ui) {
        let language = self.language();
        let Some(mut save) = self.save.take() else { return };
        let Some(tab) = self.tabs.get(&save.session) else { return };
        let offer = offer(tab);
        if let Some(wanted) = save.wanted() {
            let style =
                Style { format: Format::Text, encodings: tab.encodings(), zone: self.zone.clone(), language, notes: true };
            // What there was when it was asked for, however much comes meanwhile.
            if save.end.is_none() {
                save.end = self.look.glance().and_then(|model| model.session(save.session).map(|session| session.log.next()));
            }
            let scanner = tab.scanner.as_ref().filter(|_| wanted.needs_scan(&offer));
            let seen = |end: &RecordId| scanner.is_none_or(|scanner| scanner.try_lock().is_some_and(|it| it.next() >= *end));
            match save.end.filter(seen) {
                Some(end) => {
                    let order = Order {
                        history: self.history(save.session),
                        scanner: tab.scanner.clone(),
                        end,
                        rows: wanted.rows(&tab.selection),
                        form: wanted.form(style),
                        locals: tab.about.as_ref().map(|about| about.locals.clone()).unwrap_or_default(),
                        replace: wanted.replace,
                        path: wanted.path,
                    };
                    let ctx = ui.ctx().clone();
                    save.begun(Exporting::start(order, move || ctx.request_repaint()));
                }
                // The filter has not come so far, or the recorder has the model: with the next frame.
                None => ui.ctx().request_repaint_after(super::looking::RETRY),
            }
        }
        match save.show(ui, language, &offer) {
            Saved::Open => self.save = Some(save),
            Saved::Cancelled => {}
            Saved::Done(written, path) => {
                let saved = [("count", &grouped(written.rows) as &dyn std::fmt::Display), ("path", &path)];
                self.notices.good(language.tr_with("notice.saved", &saved));
                if written.missing > 0 {
                    self.notices.bad(language.tr_with("notice.saved_without", &[("count", &grouped(written.missing))]));
                }
            }
        }
    }

    /// Whether what is on disk stays there although the window was closed: something that was left is only half taken over, or its tab is
    /// open.
    pub(super) fn must_leave(&self) -> bool {
        // The records of a tab that was left are the only ones there are, and closing the window is not said of them: only their tab's
        // close deletes them. The sessions of this run are offered again with them, which costs a look; copies of files are not.
        let is_left = |tab: &SessionTab| tab.about.as_ref().is_some_and(|about| matches!(about.origin, Origin::Left { .. }));
        self.openings.holds_left() || !self.handing.is_empty() || self.tabs.values().any(is_left)
    }

    /// What the command line or a test asks to be opened.
    pub fn open_paths(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        self.openings.want(paths);
        self.ctx.request_repaint();
    }
}

/// What of a tab there is to export.
fn offer(tab: &SessionTab) -> Offer {
    let sought = tab.glance.sought;
    Offer {
        all: tab.glance.all.end - tab.glance.all.start,
        filtered: sought.and_then(|sought| sought.admitted).map(|(shown, _)| shown),
        selected: tab.selection.rows.len() as u64,
        framed: tab.rule != Rule::None,
        seen: sought.map_or(100, |sought| sought.done * 100 / sought.total.max(1)),
    }
}
