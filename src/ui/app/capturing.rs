//! What the app does about packets: a capture per session that asks for one, aimed at that session's own ends in every frame. Must never
//! capture for a session that did not ask, nor wait for a packet.

use super::{App, pacing};
use crate::os::packets::Sniffer;
use crate::session::id::SessionId;
use crate::session::spec::{SessionSpec, Switch};
use crate::session::state::State;
use crate::traffic::ends;
use crate::traffic::model::Model;

impl App {
    /// Begins to capture a session's packets, or ends it. What was captured stays until the next capture begins.
    pub(super) fn capture(&mut self, id: SessionId, wanted: Switch) {
        let Some(tab) = self.tabs.get_mut(&id) else { return };
        if wanted == Switch::Off {
            self.sniffers.remove(&id);
            tab.capture.running = Switch::Off;
            return;
        }
        match Sniffer::start(&tab.capture.ends, pacing(self.ctx.clone())) {
            Ok(sniffer) => {
                tab.capture.packets = Some(sniffer.packets().clone());
                (tab.capture.running, tab.capture.failure) = (Switch::On, None);
                self.sniffers.insert(id, sniffer);
            }
            // Shown beside the switch, for as long as it is so.
            Err(failure) => (tab.capture.running, tab.capture.failure) = (Switch::Off, Some(failure)),
        }
    }

    /// Aims a capture at what is about to be opened, so that its first packet is seen.
    pub(super) fn aim_before(&mut self, id: SessionId, spec: &SessionSpec) {
        let Some(tab) = self.tabs.get_mut(&id) else { return };
        tab.capture.opening = ends::of_spec(spec);
        let ends = tab.capture.ends.iter().chain(&tab.capture.opening).copied().collect();
        tab.capture.ends = ends;
        if let Some(sniffer) = self.sniffers.get_mut(&id) {
            sniffer.aim(&tab.capture.ends);
        }
    }

    /// Aims every capture at what its session's ends are now.
    pub(super) fn aim(&mut self, model: &Model) {
        for tab in self.tabs.values_mut() {
            let Some(session) = model.session(tab.id) else { continue };
            // What is being opened counts until it is seen to be on its way.
            if !matches!(session.state, State::Closed | State::Failed) {
                tab.capture.opening.clear();
            }
            let mut ends = ends::of_session(session);
            let more = tab.capture.opening.iter().filter(|opening| !ends.contains(opening)).copied().collect::<Vec<_>>();
            ends.extend(more);
            tab.capture.ends = ends;
            if let Some(sniffer) = self.sniffers.get_mut(&tab.id) {
                sniffer.aim(&tab.capture.ends);
            }
        }
    }
}
