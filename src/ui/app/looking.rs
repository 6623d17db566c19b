//! What the app does about rows: a glance at every tab, the pages and scans for it, and copying. Must never wait for a file in a frame
//! but for a few milliseconds.

use super::{App, FRAME};
use crate::history::at_hand::AtHand;
use crate::history::direct::Direct;
use crate::history::feed::Feed;
use crate::history::walk::History;
use crate::recorder::now;
use crate::session::id::SessionId;
use crate::session::timestamp::Timestamp;
use crate::traffic::model::Model;
use crate::traffic::record::RecordId;
use crate::traffic::view::RowKey;
use crate::ui::clipboard;
use crate::ui::intent::CopyAs;
use crate::ui::panel::inspector::Inspected;
use crate::ui::session::{Rows, SessionTab};
use crate::ui::tiles;
use crossbeam_channel::bounded;
use egui::Context;
use std::time::Duration;

/// How soon a frame that could not see the model tries again.
pub(super) const RETRY: Duration = Duration::from_millis(5);
/// How long a frame waits for the first rows of a new filter.
const SCAN_PATIENCE: Duration = Duration::from_millis(8);
/// How long a frame waits for pages from disk, the first time and for what those lead to.
const PAGE_PATIENCE: [Duration; 3] = [Duration::from_millis(6), Duration::from_millis(3), Duration::from_millis(3)];
/// How often rates that fade are drawn.
const FADE: Duration = Duration::from_millis(250);

impl App {
    /// Copies out of the model what this frame shows; draws the last glance again when the recorder is busy.
    pub(super) fn look(&mut self, ctx: &Context) {
        let now = now();
        let mut patience = PAGE_PATIENCE.into_iter();
        let look = self.look.clone();
        loop {
            let Some(model) = look.glance() else {
                ctx.request_repaint_after(RETRY);
                return;
            };
            let wanted = self.look_at(&model, now);
            drop(model);
            let Some(patience) = patience.next().filter(|_| !wanted.is_empty()) else { break };
            // Pages from disk are nearly always there at once; what is not comes with a frame of its own.
            self.pages.ask(wanted);
            self.pages.wait(patience);
        }
        if self.tabs.values().any(|tab| tab.glance.reading.history.iter().any(|bytes| *bytes > 0)) {
            ctx.request_repaint_after(FADE);
        }
        if self.tabs.values().any(|tab| tab.replay.is_playing()) {
            ctx.request_repaint_after(FRAME);
        }
        if let Some(soon) = self.tabs.values().filter_map(|tab| tab.searches_again_in(now)).min() {
            ctx.request_repaint_after(soon.max(FRAME));
        }
        if self.feed()
            && let Some(model) = look.glance()
        {
            let wanted = self.look_at(&model, now);
            drop(model);
            self.pages.ask(wanted);
        }
    }

    /// Copies out of the model what is to be drawn; the records for it that are not at hand.
    pub(super) fn look_at(&mut self, model: &Model, now: Timestamp) -> Vec<(SessionId, RecordId)> {
        let visible = tiles::visible(&self.tree);
        let mut wanted = Vec::new();
        self.aim(model);
        for tab in self.tabs.values_mut() {
            let rows = if visible.contains(&tab.id) { Rows::InView } else { Rows::Hidden };
            let id = tab.id;
            wanted.extend(tab.look(model, &self.pages, now, &self.zone, rows).into_iter().map(|record| (id, record)));
            if rows == Rows::InView {
                wanted.extend(tab.look_at_page(model, (&self.pages, &self.sampler), now, &self.zone));
            }
        }
        if self.interfaces != model.interfaces() {
            self.interfaces = model.interfaces().to_vec();
        }
        self.storage = model.storage().clone();
        self.inspected = None;
        if self.settings.inspector
            && let Some(tab) = self.focused.and_then(|id| self.tabs.get(&id))
            && let Some(key) = tab.selection.last
            && let Some(session) = model.session(tab.id)
        {
            let records = AtHand::new(&session.log, &self.pages, tab.id);
            let row = SessionTab::rows_of(tab.scanner.as_deref(), &[key], &records);
            self.inspected = row.first().and_then(|row| Inspected::of(&records, row, tab));
            wanted.extend(records.wanted().into_iter().map(|record| (tab.id, record)));
        }
        self.look_through_lens(model, &mut wanted);
        self.look_at_encapsulation(model, &mut wanted);
        wanted
    }

    /// Gives every tab that asks something of all rows a thread that finds it out. Whether there is something new to look at.
    pub(super) fn feed(&mut self) -> bool {
        let mut new = false;
        let is_wanted = |id: &SessionId, feed: &mut Feed| {
            let scanner = self.tabs.get(id).and_then(|tab| tab.scanner.as_ref());
            scanner.is_some_and(|scanner| feed.feeds(scanner))
        };
        // A thread in the middle of a chunk ends after it, and no frame waits for that.
        let old = self.feeds.extract_if(.., |id, feed| !is_wanted(id, feed)).map(|(_, feed)| feed);
        self.ending.extend(old.inspect(Feed::stop));
        self.ending.retain(|feed| !feed.has_ended());
        new |= self.feed_ladders();
        for tab in self.tabs.values() {
            let Some(scanner) = &tab.scanner else { continue };
            match self.feeds.get(&tab.id) {
                Some(feed) if tab.glance.sought.is_some_and(|sought| sought.done < sought.total) => feed.more(),
                Some(_) => {}
                None => {
                    let waker = self.ctx.clone();
                    let wake = Box::new(move || waker.request_repaint_after(FRAME));
                    match Feed::start(self.history(tab.id), scanner.clone(), wake) {
                        Ok(feed) => {
                            feed.wait(SCAN_PATIENCE);
                            new = true;
                            self.feeds.insert(tab.id, feed);
                        }
                        Err(problem) => self.notices.bad(problem.to_string()),
                    }
                }
            }
        }
        new
    }

    /// The same for the connections that ladders look at.
    fn feed_ladders(&mut self) -> bool {
        let mut new = false;
        let wanted = |feed: &Feed| {
            let mut scanners = self.tabs.values().flat_map(SessionTab::lanes_to_feed);
            scanners.any(|(_, scanner)| feed.feeds(scanner))
        };
        let (kept, old): (Vec<Feed>, Vec<Feed>) = std::mem::take(&mut self.ladder_feeds).into_iter().partition(wanted);
        old.iter().for_each(Feed::stop);
        self.ending.extend(old);
        self.ladder_feeds = kept;
        for tab in self.tabs.values() {
            for (id, scanner) in tab.lanes_to_feed() {
                if let Some(feed) = self.ladder_feeds.iter().find(|feed| feed.feeds(scanner)) {
                    if tab.ladder.is_finding() || tab.calls.is_finding() {
                        feed.more();
                    }
                    continue;
                }
                let waker = self.ctx.clone();
                let wake = Box::new(move || waker.request_repaint_after(FRAME));
                match Feed::start(self.history(id), scanner.clone(), wake) {
                    Ok(feed) => {
                        feed.wait(SCAN_PATIENCE);
                        new = true;
                        self.ladder_feeds.push(feed);
                    }
                    Err(problem) => self.notices.bad(problem.to_string()),
                }
            }
        }
        new
    }

    pub(super) fn history(&self, id: SessionId) -> History {
        History::new(self.look.clone(), self.readers.clone(), id)
    }

    /// Puts rows on the clipboard; reading them may take a while, so a thread does it.
    pub(super) fn copy(&mut self, id: SessionId, keys: &[RowKey], how: CopyAs) {
        let Some(tab) = self.tabs.get(&id) else { return };
        let (encodings, scanner, language) = (tab.encodings(), tab.scanner.clone(), self.language());
        let keys = keys.to_vec();
        let history = self.history(id);
        let (sender, receiver) = bounded(1);
        let ctx = self.ctx.clone();
        let job = move || {
            let records = Direct::new(history);
            let rows = SessionTab::rows_of(scanner.as_deref(), &keys, &records);
            sender.send(clipboard::text(&records, &rows, &encodings, how, language)).ok();
            ctx.request_repaint();
        };
        match std::thread::Builder::new().name("copy".into()).spawn(job) {
            // Not joined: it ends by itself, and a later copy takes its place.
            Ok(_) => self.copying = Some(receiver),
            Err(problem) => self.notices.bad(problem.to_string()),
        }
    }

    /// Takes what a copy has brought.
    pub(super) fn take_copied(&mut self, ctx: &Context) {
        let Some(copied) = self.copying.as_ref().and_then(|copying| copying.try_recv().ok()) else { return };
        self.copying = None;
        match copied {
            // Nothing to copy leaves what was copied before.
            Ok(text) if text.is_empty() => {}
            Ok(text) => ctx.copy_text(text),
            Err(clipboard::TooLarge) => self.notices.bad(self.language().tr("notice.copy_too_large")),
        }
    }
}
