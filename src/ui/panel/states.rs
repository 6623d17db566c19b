//! 状态图: where TCP's connections are, as the system says. Must never ask the system in a frame: the sampler's thread does while this page
//! is looked at.

use crate::describe::{self, grouped};
use crate::diagram::states::{DIAGRAM_WIDTH, Mark, Picture, Place};
use crate::session::id::SessionId;
use crate::session::sample::{Sample, TcpState};
use crate::session::spec::{Protocol, SessionSpec};
use crate::session::timestamp::Timestamp;
use crate::session::trail::Watch;
use crate::traffic::ends;
use crate::traffic::model::Session;
use crate::traffic::record::RecordId;
use crate::ui::hand_out::{HandOut, svg_button};
use crate::ui::intent::Intent;
use crate::ui::page::PageLook;
use crate::ui::scene_view::SceneView;
use crate::ui::session::{SessionTab, Surroundings};
use crate::ui::theme::{self, space};
use crate::ui::widget::control::palette;
use egui::{ComboBox, Grid, Label, RichText, Ui};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// How often the page is drawn while nothing happens: seconds are counted down in it, and the sampler goes on only while it is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// The smallest that the diagram is drawn at first; it can be scrolled and zoomed after that.
const SMALLEST: f32 = 0.7;
/// Connections in the list to choose from, the latest.
const LISTED: usize = 64;

/// A connection by both its ends: this one first.
type Pair = (SocketAddr, SocketAddr);

/// What the page keeps from one frame to the next.
#[derive(Default)]
pub struct States {
    /// What is to be shown.
    pub subject: Subject,
    /// What the system said.
    pub watch: Arc<Watch>,
    /// The moment of the last look.
    pub now: Timestamp,
    /// For pictures: what is shown in the place of what the system says, and of the moment.
    pub instead: Option<(Arc<Watch>, Timestamp)>,
    /// The connections to choose from, the latest first.
    pub pairs: Vec<Pair>,
    /// The one that was chosen; `None` for the latest.
    pub chosen: Option<Pair>,
    /// Where the server listens.
    pub listener: Option<SocketAddr>,
    view: SceneView,
    mark: Option<Mark>,
    /// The state that was scrolled to.
    revealed: Option<Place>,
    /// Whether it was made to fit the room that there was at first.
    fitted: bool,
}

/// What kind of thing there is to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Subject {
    /// Nothing was opened yet.
    #[default]
    Nothing,
    /// TCP's states.
    Tcp,
    /// Queues of datagrams.
    Udp,
    /// No states.
    Unix,
}

impl States {
    /// Takes out of the model what this frame shows, and tells the sampler that someone looks.
    pub fn look(&mut self, look: &PageLook<'_>) -> Vec<(SessionId, RecordId)> {
        self.now = self.instead.as_ref().map_or(look.now, |(_, now)| *now);
        let Some(session) = look.model.session(look.id) else { return Vec::new() };
        self.subject = subject(session);
        match &self.instead {
            Some((watch, _)) => self.watch = Arc::clone(watch),
            None if matches!(self.subject, Subject::Tcp | Subject::Udp) => {
                self.watch = look.sampler.look(look.id.0, &ends::of_session(session));
            }
            None => {}
        }
        self.listener =
            session.local.and_then(|local| local.ip()).filter(|_| !matches!(session.spec, Some(SessionSpec::TcpClient(_))));
        let all = session.connections.values().rev().chain(&session.ended);
        let pairs =
            all.filter_map(|connection| Some((canonical(connection.local.ip()?), canonical(connection.peer.address.ip()?))));
        self.pairs = pairs.take(LISTED).collect();
        if self.pairs.is_empty() {
            // One that is still connecting is known to the system alone.
            let connecting = self.watch.samples.iter().filter(|sample| sample.state == Some(TcpState::SynSent));
            self.pairs.extend(connecting.filter_map(|sample| Some((sample.local, sample.remote?))));
        }
        self.chosen = self.chosen.filter(|chosen| self.pairs.contains(chosen));
        Vec::new()
    }

    /// What is drawn of TCP.
    fn picture(&self) -> Picture {
        Picture::of(&self.watch, self.chosen.or(self.pairs.first().copied()), self.listener, self.now)
    }
}

fn subject(session: &Session) -> Subject {
    match &session.spec {
        Some(SessionSpec::TcpClient(_) | SessionSpec::TcpServer(_)) => Subject::Tcp,
        Some(SessionSpec::Relay(relay)) if relay.protocol == Protocol::Tcp => Subject::Tcp,
        Some(SessionSpec::Udp(_) | SessionSpec::Relay(_)) => Subject::Udp,
        Some(SessionSpec::UnixClient(_) | SessionSpec::UnixServer(_) | SessionSpec::UnixDatagram(_)) => Subject::Unix,
        None => Subject::Nothing,
    }
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// ```text
/// [连接 ▾]   [− 100 % ＋]                [⤓ 存为 SVG…]
/// ■ 本端 127.0.0.1:5  TIME-WAIT  还剩 42 秒      and what is worth a remark
/// the diagram, and beneath it the figures
/// ```
pub fn show(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
    theme::card(palette(ui)).show(ui, |ui| {
        ui.set_min_size(ui.available_size());
        let says = |ui: &mut Ui, key: &str| {
            ui.add(Label::new(RichText::new(around.language.tr(key)).color(palette(ui).weak)).wrap());
        };
        if tab.about.is_some() {
            return says(ui, "states.file");
        }
        if let Some(failure) = &tab.states.watch.failure {
            let text = RichText::new(describe::with_advice(around.language, failure)).color(palette(ui).error);
            ui.add(Label::new(text).wrap());
        }
        match tab.states.subject {
            Subject::Nothing => says(ui, "states.closed"),
            Subject::Unix => says(ui, "states.unix"),
            Subject::Udp => {
                says(ui, "states.udp");
                queues(&tab.states, ui, around);
            }
            Subject::Tcp => diagram(&mut tab.states, ui, around, intents),
        }
        ui.ctx().request_repaint_after(EVERY);
    });
}

fn diagram(states: &mut States, ui: &mut Ui, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
    if !std::mem::replace(&mut states.fitted, true) {
        states.view.set_zoom((ui.available_width() / DIAGRAM_WIDTH).clamp(SMALLEST, 1.0));
    }
    let picture = states.picture();
    let scene = picture.scene(around.language);
    ui.horizontal_wrapped(|ui| {
        choose(states, ui, around);
        states.view.zoom_buttons(ui, around.language);
        svg_button(ui, around.language, intents, || hand_out(&picture, around));
    });
    // Where both ends are stands above the picture, which may be scrolled away.
    for (ink, line) in picture.standing(around.language) {
        ui.label(RichText::new(line).color(palette(ui).ink(ink)).strong());
    }
    for (ink, remark) in picture.remarks(around.language) {
        ui.add(Label::new(RichText::new(remark).color(palette(ui).ink(ink))).wrap());
    }
    // A new state comes into view; after that the picture is left where the user puts it.
    let place = picture.place();
    if states.revealed != place {
        states.revealed = place;
        if let Some(place) = place {
            states.view.reveal(place.area());
        }
    }
    ui.add_space(space::TINY);
    let touched = states.view.show(ui, &around.language.tr("states.diagram"), &scene, states.mark.as_ref());
    if touched.chosen.is_some() {
        // Once more lets it go.
        states.mark = touched.chosen.filter(|mark| states.mark != Some(*mark));
    }
}

fn hand_out(picture: &Picture, around: &Surroundings<'_>) -> HandOut {
    HandOut::svg("states", &picture.whole_scene(around.language), &around.language.tr("states.title"), around.language)
}

/// Which connection, where there are several.
fn choose(states: &mut States, ui: &mut Ui, around: &Surroundings<'_>) {
    let Some(latest) = states.pairs.first().copied().filter(|_| states.pairs.len() > 1) else { return };
    let label = ui.label(around.language.tr("states.choose"));
    let word = |(local, remote): Pair| format!("{local} ↔ {remote}");
    let mut chosen = states.chosen.unwrap_or(latest);
    let combo = ComboBox::from_id_salt("states-connection").selected_text(word(chosen));
    let shown = combo.show_ui(ui, |ui| {
        for pair in &states.pairs {
            ui.selectable_value(&mut chosen, *pair, word(*pair));
        }
    });
    shown.response.labelled_by(label.id);
    // The latest is followed, also when another comes.
    states.chosen = Some(chosen).filter(|chosen| *chosen != latest || states.chosen.is_some());
}

/// The queues of datagram sockets.
fn queues(states: &States, ui: &mut Ui, around: &Surroundings<'_>) {
    let language = around.language;
    let listener = states.listener.map(canonical);
    let is_own = |sample: &&Sample| listener.is_some_and(|own| crate::session::ends::names(own, sample.local));
    let Some(sample) = states.watch.samples.iter().find(is_own) else {
        ui.label(RichText::new(language.tr("states.waiting_for_system")).color(palette(ui).weak));
        return;
    };
    let bytes = |count: u32| format!("{} B", grouped(count.into()));
    let lines = [
        ("states.udp_received", sample.receive_queue.map(bytes)),
        ("states.receive_buffer", sample.receive_buffer.map(bytes)),
        ("states.udp_sent", sample.send_queue.map(bytes)),
        ("states.send_buffer", sample.send_buffer.map(bytes)),
        ("states.dropped", sample.dropped.map(|count| grouped(count.into()))),
    ];
    ui.add_space(space::SMALL);
    ui.label(RichText::new(language.tr_with("states.ours", &[("address", &sample.local)])).color(palette(ui).strong));
    Grid::new("states-queues").num_columns(2).spacing([space::LARGE, space::TINY]).show(ui, |ui| {
        for (key, figure) in lines {
            ui.label(RichText::new(language.tr(key)).color(palette(ui).weak));
            ui.label(figure.unwrap_or_else(|| language.tr("states.unknown").into_owned()));
            ui.end_row();
        }
    });
}
