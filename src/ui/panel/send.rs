//! 数据发送: the message, the exact bytes it will be, to whom it goes, and the buttons. Must never send what it cannot show.

use super::send_boxes::{self, Boxed};
use crate::codec::message::MessageError;
use crate::describe;
use crate::describe::grouped;
use crate::session::address::{Address, Endpoint};
use crate::session::command::{Action, Message, Target};
use crate::session::draft::{Draft, Field};
use crate::session::messenger;
use crate::session::spec::Role;
use crate::session::state::State;
use crate::settings::{Remembered, SendKey};
use crate::ui::intent::Intent;
use crate::ui::page::TabPage;
use crate::ui::session::{SessionTab, Surroundings};
use crate::ui::theme::{self, size, space};
use crate::ui::widget::bytes::hex_line;
use crate::ui::widget::control::{self, palette};
use crate::ui::widget::field::Fields;
use crate::ui::widget::keys;
use egui::text::{CCursor, CCursorRange, LayoutJob, TextFormat};
use egui::{Align, Key, KeyboardShortcut, Layout, Modifiers, RichText, ScrollArea, Stroke, TextEdit, Ui, UiBuilder, vec2};
use egui_material_icons::icons::{ICON_HISTORY, ICON_REPEAT, ICON_SEND, ICON_STOP};
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::sync::Arc;

/// Height below which the send box would not show a line.
pub const LEAST_HEIGHT: f32 = 136.0;
/// Bytes that the preview shows.
const PREVIEW: usize = 48;

/// The send box's share of a tile.
pub fn height(available: f32) -> f32 {
    (available * 0.4).clamp(LEAST_HEIGHT, 220.0)
}

/// Whom a UDP message goes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum UdpTarget {
    /// The remote host and port of the network settings.
    #[default]
    Remote,
    /// Whoever sent the last datagram.
    LastSender,
    /// One of the recent senders.
    Sender(Address),
}

/// What a typed message comes to, worked out when it changes and not each frame.
struct Preview {
    draft: Draft,
    bytes: Result<Arc<[u8]>, MessageError>,
    boxed: Arc<Boxed>,
}

/// The send box's own state.
#[derive(Default)]
pub struct Sending {
    preview: Option<Preview>,
    /// Why the last press of the send key did nothing; shown until a message can leave.
    refused: Option<&'static str>,
    /// Which message of the history is shown, counted from the latest; and what was typed before.
    recalled: Option<(usize, Remembered)>,
}

impl Sending {
    fn bytes(&mut self, draft: &Draft) -> Result<Arc<[u8]>, MessageError> {
        let fresh = self.preview.as_ref().filter(|preview| {
            let old = &preview.draft;
            (old.input, old.send_encoding, old.line_ending) == (draft.input, draft.send_encoding, draft.line_ending)
                && old.message == draft.message
        });
        if let Some(preview) = fresh {
            return preview.bytes.clone();
        }
        let bytes = draft.bytes().map(Arc::from);
        let boxed = Arc::new(Boxed::of(draft, &bytes));
        self.preview = Some(Preview { draft: draft.clone(), bytes: bytes.clone(), boxed });
        bytes
    }

    /// The characters of the message that [`Sending::bytes`] was asked for last.
    fn boxed(&self) -> Option<Arc<Boxed>> {
        self.preview.as_ref().map(|preview| preview.boxed.clone())
    }
}

/// ```text
/// 数据发送                        对象 [全部客户端 ▾]   [历史]
/// ┌──────────────────────────────────────────────────────────┐
/// └──────────────────────────────────────────────────────────┘
/// 5 B  C4 E3 BA C3                  循环 [1000 ms] 次数 [ ]  [ 发送 ]
/// ```
pub fn show(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
    let bytes = tab.sending.bytes(&tab.draft);
    let problems = tab.draft.repetition().err().unwrap_or_default();
    let fields = Fields { language: around.language, problems: &problems };
    let card = ui.available_rect_before_wrap();
    let colors = palette(ui);
    ui.painter().rect(card, size::CORNER, colors.card, theme::line(colors), egui::StrokeKind::Inside);
    let ui = &mut ui.new_child(UiBuilder::new().max_rect(card.shrink2(vec2(space::MEDIUM, space::SMALL))));
    let area = ui.available_size();
    ui.horizontal(|ui| {
        ui.label(RichText::new(fields.tr("send.title")).size(size::CAPTION_TEXT).color(palette(ui).weak).strong());
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            history_button(tab, ui, around);
            target_choice(tab, ui, &fields);
        });
    });
    // Where there is room the complaint stands beside the buttons, so that nothing jumps while hex is typed, which is wrong at every
    // other digit.
    let complaint = bytes.as_ref().err().map(|problem| describe::message_error(around.language, problem));
    let above =
        complaint.as_ref().filter(|_| area.x < ROOM_FOR_COMPLAINT).map(|text| complaint_lines(ui, text, area.x, usize::MAX));
    let room = area.y - send_boxes::HEIGHT > LEAST_HEIGHT;
    let strip = tab.sending.boxed().filter(|boxed| room && !boxed.is_empty());
    let below = above.as_ref().map_or(0.0, |galley| galley.size().y + space::SMALL)
        + strip.as_ref().map_or(0.0, |_| send_boxes::HEIGHT + space::SMALL);
    let height = area.y - 2.0 * (size::CONTROL + space::SMALL) - space::TINY - below;
    let asked = message_box(tab, ui, around, &bytes, height.max(size::CONTROL));
    let boxed = strip.is_some();
    if let Some(strip) = strip {
        send_boxes::show(ui, tab, around.language, &strip);
    }
    let beside = if above.is_some() { None } else { complaint };
    if let Some(galley) = above {
        ui.add(egui::Label::new(galley));
    }
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let pressed = buttons(tab, ui, &fields, &bytes, problems.is_empty(), intents);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| match (&bytes, beside) {
                (Ok(_), _) if tab.sending.refused.is_some() => {
                    let why = fields.tr(tab.sending.refused.unwrap_or_default());
                    ui.add(egui::Label::new(RichText::new(why).color(palette(ui).warning)).truncate());
                }
                (Ok(bytes), _) => preview(ui, bytes, boxed),
                (Err(_), Some(text)) => {
                    let galley = complaint_lines(ui, &text, ui.available_width(), 2);
                    ui.add(egui::Label::new(galley)).on_hover_text(text);
                }
                (Err(_), None) => {}
            });
            let hindrance = hindrance(tab);
            tab.sending.refused = if asked { hindrance } else { tab.sending.refused.and(hindrance) };
            if (asked || pressed)
                && let Ok(bytes) = &bytes
            {
                send(tab, bytes.clone(), intents);
            }
        });
    });
}

/// Where the message goes, as chosen; `None` while the typed remote address is wrong.
pub fn target(tab: &SessionTab) -> Option<Target> {
    Some(match (tab.draft.role, &tab.target) {
        (Role::TcpClient | Role::UnixClient | Role::Relay, _) => Target::Everyone,
        (Role::TcpServer | Role::UnixServer, _) if tab.chosen.is_empty() => Target::Everyone,
        (Role::TcpServer | Role::UnixServer, _) => Target::Connections(tab.chosen.clone()),
        (Role::Udp, UdpTarget::Remote) => Target::Address(tab.draft.remote().ok()?),
        (Role::Udp | Role::UnixDatagram, UdpTarget::LastSender) => Target::LastSender,
        (Role::Udp | Role::UnixDatagram, UdpTarget::Sender(Address::Ip(address))) => Target::Address(Endpoint::from(*address)),
        (Role::Udp | Role::UnixDatagram, UdpTarget::Sender(Address::Unix(path))) => Target::Path(*path),
        (Role::UnixDatagram, UdpTarget::Remote) => Target::Path(tab.draft.remote_place().ok()?),
    })
}

/// Whether a message can leave now; else the key of the reason.
pub fn hindrance(tab: &SessionTab) -> Option<&'static str> {
    match (tab.glance.state, tab.draft.role) {
        (State::Open | State::HalfClosed, Role::TcpClient | Role::UnixClient)
            if tab.glance.connections.first().is_some_and(|one| one.finished) =>
        {
            Some("send.finished")
        }
        (State::Listening, _) if tab.glance.connection_count == 0 => Some("send.no_clients"),
        (State::Listening, _) if !tab.chosen.is_empty() && tab.glance.chosen_live == 0 => Some("send.chosen_gone"),
        (State::Open | State::HalfClosed | State::Listening, _) => target(tab).is_none().then_some("send.bad_target"),
        _ => Some("send.not_open"),
    }
}

fn send(tab: &mut SessionTab, bytes: Arc<[u8]>, intents: &mut Vec<Intent>) {
    if hindrance(tab).is_some() {
        return;
    }
    let Some(target) = target(tab) else { return };
    // A stream has no empty messages; a datagram may be empty.
    if bytes.is_empty() && !tab.draft.role.is_datagram() {
        return;
    }
    intents.push(Intent::To(tab.id, Action::Send(Message { bytes, target })));
    intents.push(Intent::Remember(typed(&tab.draft)));
    tab.sending.recalled = None;
}

/// The list of those that a message can go to.
pub fn target_choice(tab: &mut SessionTab, ui: &mut Ui, fields: &Fields<'_>) {
    match tab.draft.role {
        Role::TcpClient | Role::UnixClient | Role::Relay => {}
        Role::TcpServer | Role::UnixServer => {
            let text = if tab.chosen.is_empty() {
                fields.tr("send.to_all")
            } else {
                fields.language.tr_with("send.to_chosen", &[("count", &tab.chosen.len())])
            };
            ui.label(RichText::new(text).color(palette(ui).accent_text)).on_hover_text(fields.tr("send.target_hint"));
        }
        Role::Udp | Role::UnixDatagram => {
            let remote = fields.language.tr_with(to_remote_key(tab.draft.role), &[("address", &remote_text(&tab.draft))]);
            let last = fields.tr("send.to_last");
            let shown = match &tab.target {
                UdpTarget::Remote => remote.clone(),
                UdpTarget::LastSender => last.clone(),
                UdpTarget::Sender(address) => address.to_string(),
            };
            let combo = egui::ComboBox::from_id_salt(("target", tab.id.0)).selected_text(shown).width(size::COLUMN);
            let response = combo.show_ui(ui, |ui| {
                ui.selectable_value(&mut tab.target, UdpTarget::Remote, remote);
                ui.selectable_value(&mut tab.target, UdpTarget::LastSender, last);
                // One datagram to all of the network, where that is allowed.
                if tab.page == TabPage::Messages && tab.glance.broadcast {
                    let all = SocketAddr::from((Ipv4Addr::BROADCAST, messenger::PORT));
                    let words = fields.language.tr_with("messenger.to_all", &[("address", &all)]);
                    ui.selectable_value(&mut tab.target, UdpTarget::Sender(all.into()), words);
                }
                // A socket without a name can be sent nothing.
                let nameless = |sender: &Address| matches!(sender, Address::Unix(path) if path.is_unnamed());
                for sender in tab.glance.senders.iter().filter(|sender| !nameless(sender)) {
                    ui.selectable_value(&mut tab.target, UdpTarget::Sender(*sender), sender.to_string());
                }
            });
            let label = ui.label(fields.tr("send.target"));
            response.response.labelled_by(label.id);
        }
    }
}

fn to_remote_key(role: Role) -> &'static str {
    if role.is_unix() { "unix.sent_to_remote" } else { "send.to_remote" }
}

fn remote_text(draft: &Draft) -> String {
    if draft.role == Role::UnixDatagram {
        return draft.remote_place().map_or_else(|_| "?".to_owned(), |remote| remote.to_string());
    }
    draft.remote().map_or_else(|_| "?".to_owned(), |remote| remote.to_string())
}

/// What is in the box, with how it is read.
fn typed(draft: &Draft) -> Remembered {
    Remembered { text: draft.message.clone(), input: draft.input }
}

fn bring_back(draft: &mut Draft, message: &Remembered) {
    draft.message.clone_from(&message.text);
    draft.input = message.input;
}

fn history_button(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>) {
    let name = around.language.tr("send.history").into_owned();
    let button = ui.add_enabled_ui(!around.history.is_empty(), |ui| control::bare(ui, ICON_HISTORY, &name)).inner;
    let button = button.on_disabled_hover_text(around.language.tr("send.history_empty"));
    egui::Popup::menu(&button).accessible_name(name).show(|ui| {
        ui.set_min_width(size::COLUMN);
        ScrollArea::vertical().max_height(size::COLUMN).show(ui, |ui| {
            for message in around.history.iter().rev() {
                let line: String = message.text.chars().take(60).map(|c| if c == '\n' { '↵' } else { c }).collect();
                if ui.add(egui::Button::new(line).frame_when_inactive(false).truncate()).clicked() {
                    bring_back(&mut tab.draft, message);
                }
            }
        });
    });
}

/// The box itself. Returns whether the send key was pressed in it.
fn message_box(
    tab: &mut SessionTab,
    ui: &mut Ui,
    around: &Surroundings<'_>,
    bytes: &Result<Arc<[u8]>, MessageError>,
    height: f32,
) -> bool {
    let colors = palette(ui);
    let wrong = bytes.as_ref().err().map(|problem| problem.range(&tab.draft.message));
    let id = egui::Id::unique(("message", tab.id.0));
    let focused = ui.memory(|memory| memory.has_focus(id));
    let sends = focused && {
        let modifiers = match around.send_key {
            SendKey::CtrlEnter => Modifiers::COMMAND,
            SendKey::Enter => Modifiers::NONE,
        };
        keys::pressed(ui, modifiers, Key::Enter)
    };
    if focused {
        recall(tab, ui, around, id);
    }
    let mut layouter = |ui: &Ui, text: &dyn egui::TextBuffer, width: f32| {
        let job = marked(text.as_str(), wrong.clone(), width, colors);
        ui.fonts_mut(|fonts| fonts.layout_job(job))
    };
    let return_key = match around.send_key {
        SendKey::CtrlEnter => KeyboardShortcut::new(Modifiers::NONE, Key::Enter),
        SendKey::Enter => KeyboardShortcut::new(Modifiers::SHIFT, Key::Enter),
    };
    // The frame stands still while the text in it scrolls.
    let stroke = Stroke::new(1.0, if focused { colors.accent } else { colors.line });
    let frame = egui::Frame::new().fill(colors.field).stroke(stroke).corner_radius(size::CORNER).inner_margin(BOX_MARGIN);
    frame.show(ui, |ui| {
        let height = height - 2.0 * (f32::from(BOX_MARGIN) + 1.0);
        let area =
            ScrollArea::vertical().id_salt(("message", tab.id.0)).max_height(height).min_scrolled_height(0.0).auto_shrink(false);
        area.show(ui, |ui| {
            let edit = TextEdit::multiline(&mut tab.draft.message)
                .id(id)
                .hint_text(around.language.tr("send.hint").into_owned())
                .font(theme::mono())
                .frame(egui::Frame::NONE)
                .desired_width(f32::INFINITY)
                .desired_rows(1)
                .min_size(vec2(0.0, height))
                .return_key(return_key)
                .layouter(&mut layouter);
            let response = ui.add(edit);
            let name = around.language.tr("send.box").into_owned();
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(name));
        });
    });
    sends
}

/// The typed text with the wrong part underlined in the error colour.
fn marked(text: &str, wrong: Option<Range<usize>>, width: f32, colors: &theme::Palette) -> LayoutJob {
    let plain = TextFormat::simple(theme::mono(), colors.text);
    let mut job = LayoutJob::default();
    job.wrap.max_width = width;
    let Some(wrong) = wrong.filter(|range| !range.is_empty() && text.get(range.clone()).is_some()) else {
        job.append(text, 0.0, plain);
        return job;
    };
    let mut bad = TextFormat::simple(theme::mono(), colors.error);
    bad.underline = Stroke::new(2.0, colors.error);
    job.append(&text[..wrong.start], 0.0, plain.clone());
    job.append(&text[wrong.clone()], 0.0, bad);
    job.append(&text[wrong.end..], 0.0, plain);
    job
}

/// ↑ in the first line brings back earlier messages, ↓ in the last one later ones and at last what was typed.
fn recall(tab: &mut SessionTab, ui: &Ui, around: &Surroundings<'_>, id: egui::Id) {
    let single = !tab.draft.message.contains('\n');
    let recalling = tab.sending.recalled.is_some();
    if !(single || recalling) {
        return;
    }
    let pressed = |key| keys::pressed(ui, Modifiers::NONE, key);
    let next = match &tab.sending.recalled {
        None if pressed(Key::ArrowUp) && !around.history.is_empty() => Some((0, typed(&tab.draft))),
        Some((index, typed)) if pressed(Key::ArrowUp) => Some(((index + 1).min(around.history.len() - 1), typed.clone())),
        Some((0, typed)) if pressed(Key::ArrowDown) => {
            let typed = typed.clone();
            bring_back(&mut tab.draft, &typed);
            tab.sending.recalled = None;
            return;
        }
        Some((index, typed)) if pressed(Key::ArrowDown) => Some((index - 1, typed.clone())),
        _ => return,
    };
    if let Some((index, _)) = &next
        && let Some(message) = around.history.iter().rev().nth(*index)
    {
        bring_back(&mut tab.draft, message);
        if let Some(mut state) = TextEdit::load_state(ui.ctx(), id) {
            let end = CCursor::new(message.text.chars().count());
            state.cursor.set_char_range(Some(CCursorRange::one(end)));
            TextEdit::store_state(ui.ctx(), id, state);
        }
        tab.sending.recalled = next;
    }
}

/// Narrower than this, what is wrong has lines of its own: beside the buttons it would be cut off.
const ROOM_FOR_COMPLAINT: f32 = 640.0;

/// What is wrong with the message: the place, and the way out.
fn complaint_lines(ui: &Ui, text: &str, width: f32, rows: usize) -> Arc<egui::Galley> {
    let mut job = LayoutJob::simple(text.to_owned(), theme::font(size::CAPTION_TEXT), palette(ui).error, width);
    job.wrap.max_rows = rows;
    ui.fonts_mut(|fonts| fonts.layout_job(job))
}

/// The exact bytes and their number; the number alone where the bytes stand under boxes.
fn preview(ui: &mut Ui, bytes: &[u8], boxed: bool) {
    ui.label(RichText::new(format!("{} B", grouped(bytes.len() as u64))).strong());
    if boxed {
        return;
    }
    let line = RichText::new(hex_line(bytes, PREVIEW)).monospace().color(palette(ui).weak);
    ui.add(egui::Label::new(line).truncate());
}

/// Periodic sending and the send button, from the right. Returns whether the send button was pressed.
fn buttons(
    tab: &mut SessionTab,
    ui: &mut Ui,
    fields: &Fields<'_>,
    bytes: &Result<Arc<[u8]>, MessageError>,
    period_is_right: bool,
    intents: &mut Vec<Intent>,
) -> bool {
    let hindrance = hindrance(tab);
    let empty = bytes.as_ref().is_ok_and(|bytes| bytes.is_empty()) && !tab.draft.role.is_datagram();
    let may_send = hindrance.is_none() && bytes.is_ok() && !empty;
    let response = ui.add_enabled_ui(may_send, |ui| control::primary(ui, ICON_SEND, &fields.tr("send.button"))).inner;
    let reason = hindrance.unwrap_or(if bytes.is_err() { "send.wrong" } else { "send.empty" });
    let pressed = response.on_disabled_hover_text(fields.tr(reason)).on_hover_text(fields.tr("send.button_hint")).clicked();
    if tab.glance.repeating {
        if control::danger(ui, ICON_STOP, &fields.tr("send.stop")).clicked() {
            intents.push(Intent::To(tab.id, Action::StopRepeat));
        }
        return pressed;
    }
    let may_repeat = may_send && period_is_right;
    // In a narrow tile the fields give way first; their values hold all the same.
    let width = ui.available_width();
    let repeat = ui.add_enabled_ui(may_repeat, |ui| match width > ROOM_FOR_WORDS {
        true => control::quiet(ui, ICON_REPEAT, &fields.tr("send.repeat")),
        false => control::bare(ui, ICON_REPEAT, &fields.tr("send.repeat")),
    });
    let repeat = repeat.inner;
    if repeat.on_hover_text(fields.tr("send.repeat_hint")).clicked()
        && let (Ok(bytes), Ok((every, times)), Some(target)) = (bytes, tab.draft.repetition(), target(tab))
    {
        let message = Message { bytes: bytes.clone(), target };
        intents.push(Intent::To(tab.id, Action::Repeat { message, every, times }));
        intents.push(Intent::Remember(typed(&tab.draft)));
    }
    if width < ROOM_FOR_FIELDS {
        return pressed;
    }
    let times = fields.edit(ui, &mut tab.draft.repeat_times, &fields.tr("unit.times"), TIMES_WIDTH, Field::RepeatTimes);
    name(ui, times.on_hover_text(fields.tr("send.times_hint")).id, fields.tr("send.times"));
    let every = fields.edit(ui, &mut tab.draft.repeat_every, "ms", EVERY_WIDTH, Field::RepeatEvery);
    name(ui, every.on_hover_text(fields.tr("send.every_hint")).id, fields.tr("send.every"));
    pressed
}

/// Room beside the send button for the word of the repeat button.
const ROOM_FOR_WORDS: f32 = 330.0;
/// Room for the fields of periodic sending.
const ROOM_FOR_FIELDS: f32 = 240.0;
/// Around the text in the box.
const BOX_MARGIN: i8 = 6;
/// Room for `1000 ms`.
const EVERY_WIDTH: f32 = 88.0;
/// Room for `100 次`.
const TIMES_WIDTH: f32 = 72.0;

/// Names a field that has no label beside it.
fn name(ui: &Ui, id: egui::Id, name: String) {
    ui.ctx().accesskit_node_builder(id, |node| node.set_label(name));
}
