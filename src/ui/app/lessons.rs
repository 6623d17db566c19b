//! What the app does about the classroom: tabs for a lesson's ends, what the lesson asks for, and their end. Must never answer for a lesson.

use super::App;
use crate::lesson::report;
use crate::lesson::run::Effect;
use crate::lesson::script::{Lesson, Page, Whereto};
use crate::recorder::now;
use crate::session::command::{Action, Command};
use crate::session::id::SessionId;
use crate::ui::hand_out::{Contents, HandOut};
use crate::ui::intent::Intent;
use crate::ui::lessons::Wish;
use crate::ui::page::TabPage;
use crate::ui::tiles;
use egui::{Context, Ui};
use std::sync::Arc;
use std::time::Duration;

/// How soon a lesson under way is looked at again when nothing wakes the window: for what only time changes.
const TICK: Duration = Duration::from_millis(50);
/// Who asks the system about the sockets of the lesson: no session has this number.
const WATCHER: u64 = u64::MAX;

impl App {
    pub(super) fn show_lessons(&mut self, ui: &mut Ui, intents: &mut Vec<Intent>) {
        if self.settings.lessons {
            let language = self.language();
            self.lessons.panel(ui, language, &self.settings.lessons_done, intents);
        }
    }

    /// Lets the lesson under way see what happened, and does what it asks for.
    pub(super) fn drive_lesson(&mut self, ctx: &Context) {
        let Some(run) = self.lessons.run_mut() else { return };
        let ends = run.watches();
        if !ends.is_empty() {
            run.watch(&self.sampler.look(WATCHER, &ends));
        }
        let mut effects = Vec::new();
        let look = self.look.clone();
        let Some(model) = look.glance() else {
            ctx.request_repaint_after(TICK);
            return;
        };
        let soon = self.lessons.drive(&model, now(), &mut effects);
        drop(model);
        if soon {
            ctx.request_repaint_after(if effects.is_empty() { TICK } else { Duration::ZERO });
        }
        for effect in effects {
            match effect {
                Effect::Draft(id, draft) => {
                    if let Some(tab) = self.tabs.get_mut(&id) {
                        tab.draft = *draft;
                        tab.check();
                    }
                }
                Effect::Command(command) => {
                    if let Command::To(id, Action::Open(spec)) = &*command {
                        self.aim_before(*id, spec);
                    }
                    self.command(*command);
                }
            }
        }
    }

    /// Carries out what the classroom asks for.
    pub(super) fn classroom(&mut self, wish: Wish, ctx: &Context) {
        match wish {
            Wish::Begin(lesson) => {
                self.leave_lesson(ctx);
                self.begin_lesson(lesson);
            }
            Wish::Leave => self.leave_lesson(ctx),
            Wish::Save => self.save_lesson(),
            Wish::Done(id) => {
                self.settings.lessons_done.insert(id);
                self.leave_lesson(ctx);
            }
            Wish::Look(id, page) => {
                if let Some(tab) = self.tabs.get_mut(&id) {
                    tab.page = match page {
                        Page::Log => TabPage::Log,
                        Page::Ladder => TabPage::Ladder,
                        Page::States => TabPage::States,
                        Page::Lanes => TabPage::Lanes,
                        Page::Calls => TabPage::Calls,
                        Page::Messages => TabPage::Messages,
                    };
                    tiles::bring_to_front(&mut self.tree, id);
                    self.focused = Some(id);
                }
            }
        }
        ctx.request_repaint();
    }

    /// Asks where the page of the lesson is to go. It is made here, of what is still in memory: a lesson has dozens of records.
    fn save_lesson(&mut self) {
        let language = self.language();
        let Some(run) = self.lessons.run() else { return };
        let Some(model) = self.look.glance() else {
            self.notices.bad(language.tr("notice.busy"));
            return;
        };
        let pictures = report::draw(run, &model);
        drop(model);
        let bytes = report::page(run, &pictures, language).into_bytes().into();
        let subject = run.lesson().id.clone();
        self.begin_hand_out(HandOut { subject, ending: "html", contents: Contents::Ready(bytes) });
    }

    /// A tab for each end: those that others go to at the left, the others at the right.
    fn begin_lesson(&mut self, lesson: Arc<Lesson>) {
        let folder = match tempfile::Builder::new().prefix("sockscope-").tempdir() {
            Ok(folder) => folder,
            Err(problem) => {
                self.lessons.refuse(problem.to_string());
                return;
            }
        };
        let mut sessions = Vec::new();
        let (mut left, mut right): (Option<SessionId>, Option<SessionId>) = (None, None);
        for end in &lesson.ends {
            let id = self.new_tab(end.draft.clone());
            if let Some(tab) = self.tabs.get_mut(&id) {
                tab.called = Some(end.title.clone());
            }
            sessions.push(id);
            let any = left.or(right);
            let side = if end.to == Whereto::Draft { &mut left } else { &mut right };
            match *side {
                Some(beside) => tiles::add(&mut self.tree, Some(beside), id),
                // The first of the second side gets a column of its own.
                None if any.is_some() => tiles::add_right(&mut self.tree, id),
                None => tiles::add(&mut self.tree, None, id),
            }
            side.get_or_insert(id);
        }
        // In front stand the first of each side: what the lesson begins with.
        for first in [left, right].into_iter().flatten() {
            tiles::bring_to_front(&mut self.tree, first);
        }
        self.focused = sessions.first().copied();
        self.lessons.begin(lesson, &sessions, folder);
    }

    /// Closes every tab of the lesson, and its sockets with it.
    fn leave_lesson(&mut self, ctx: &Context) {
        for id in self.lessons.leave() {
            if self.tabs.contains_key(&id) {
                self.carry_out(Intent::CloseTab(id), ctx);
            } else {
                // Its tab was closed, and a later step may have opened it again.
                self.command(Command::To(id, Action::Forget));
            }
        }
        self.sampler.forget(WATCHER);
    }
}
