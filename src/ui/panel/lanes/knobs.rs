//! The controls over the lanes: what is sent and how, how it is read, and how it is looked at. Must never turn a knob of a session that is
//! not here: it says why.

use super::{Anchor, Facts, Lanes, Party, Shape};
use crate::describe::{grouped, size_text};
use crate::diagram::lanes::picture;
use crate::i18n::Language;
use crate::session::burst::{Burst, Composed};
use crate::session::command::{Action, Message, Target};
use crate::session::framing::FramingKind;
use crate::session::id::SessionId;
use crate::session::knob::{Buffers, Parts};
use crate::session::spec::{Reading, Switch};
use crate::traffic::record::Direction;
use crate::ui::hand_out::{HandOut, svg_button};
use crate::ui::intent::Intent;
use crate::ui::session::{SessionTab, Surroundings};
use crate::ui::theme::{self, size, space};
use crate::ui::widget::control::{self, palette};
use egui::{Frame, Margin, Response, Ui, vec2};
use egui_material_icons::icons::{ICON_FIT_WIDTH, ICON_HISTORY, ICON_LAST_PAGE, ICON_SEND, ICON_ZOOM_IN, ICON_ZOOM_OUT};
use std::num::NonZeroU32;
use std::time::Duration;

/// How much of a burst one write takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteSize {
    /// So many messages.
    Messages(u32),
    /// All of them.
    All,
    /// So many bytes.
    Bytes(u32),
}

/// What is chosen in the controls, where it is no knob of a session.
#[derive(Clone, Debug)]
pub struct Typed {
    burst: Burst,
    write: WriteSize,
    gap: Duration,
    /// Whether datagrams stand beside the stream.
    pub beside: bool,
    /// Whether the knobs are shown, as chosen; else where there is room for them.
    knobs: Option<bool>,
}

impl Default for Typed {
    fn default() -> Self {
        Self {
            burst: Burst { count: 10, length: None },
            write: WriteSize::Messages(1),
            gap: Duration::ZERO,
            beside: false,
            knobs: None,
        }
    }
}

const COUNTS: [u32; 7] = [1, 2, 5, 10, 20, 50, 100];
const LENGTHS: [u32; 7] = [50, 100, 500, 1000, 1472, 10_000, 60_000];
const WRITES: [WriteSize; 10] = [
    WriteSize::Messages(1),
    WriteSize::Messages(2),
    WriteSize::Messages(5),
    WriteSize::All,
    WriteSize::Bytes(1),
    WriteSize::Bytes(3),
    WriteSize::Bytes(5),
    WriteSize::Bytes(16),
    WriteSize::Bytes(100),
    WriteSize::Bytes(1000),
];
const GAPS: [u64; 7] = [0, 1, 10, 50, 100, 200, 500];
const SIZES: [u32; 10] = [1, 2, 4, 8, 16, 64, 256, 1024, 4096, 16_384];
const PAUSES: [u64; 6] = [1, 10, 50, 100, 200, 500];
const BUFFERS: [u32; 6] = [2 << 10, 8 << 10, 32 << 10, 128 << 10, 512 << 10, 2 << 20];

/// The controls; where they end.
///
/// ```text
/// [写 →|← 读] [发送 10 条] 条数 10 ▾ 每条 … ▾ 每次写 1 条 ▾ 间隔 0 ▾ ☐ NODELAY
/// 读 不限 ▾ 停顿 0 ▾ ☐ 不读 ☐ 不接受 接收缓冲 ▾ 发送缓冲 ▾
/// 分帧 ▾ ☐ UDP 对照   [−][适应][＋] [更早][最新] [存为 SVG…]
/// ```
pub fn show(lanes: &mut Lanes, tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, intents: &mut Vec<Intent>) -> f32 {
    let frame = Frame::new().fill(palette(ui).panel).inner_margin(Margin::symmetric(8, 4));
    let shown = frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing = vec2(space::TINY, space::TINY);
        if !matches!(lanes.facts.shape, Shape::Stream | Shape::Datagrams) {
            return;
        }
        let knobs = lanes.typed.knobs.unwrap_or(ui.available_width() >= ROOMY);
        ui.horizontal_wrapped(|ui| {
            ui.set_min_height(size::CONTROL);
            way(lanes, ui, around.language);
            send(lanes, tab, ui, around, intents);
            let word = around.language.tr("lanes.knobs");
            room(ui, width_of_word(ui, &word) + 2.0 * size::CONTROL);
            if control::choice(ui, knobs, &word).on_hover_text(around.language.tr("lanes.knobs_hint")).clicked() {
                lanes.typed.knobs = Some(!knobs);
            }
            view(lanes, tab.id, ui, around, intents);
        });
        if !knobs {
            return;
        }
        ui.horizontal_wrapped(|ui| {
            ui.set_min_height(size::CONTROL);
            writing(lanes, tab.id, ui, around.language, intents);
            reading(lanes, tab.id, ui, around.language, intents);
            cure(lanes, tab, ui, around.language, intents);
        });
    });
    shown.response.rect.bottom()
}

/// Which way is shown.
fn way(lanes: &mut Lanes, ui: &mut Ui, language: Language) {
    let facts = &lanes.facts;
    let now = match (&lanes.way, &lanes.guessed) {
        (Some(way), _) | (None, Some(way)) => *way,
        (None, None) if facts.writer.is_none() => Direction::Received,
        (None, None) => lanes.key.as_ref().map_or(Direction::Sent, |key| key.way),
    };
    for (way, key) in [(Direction::Sent, "lanes.way_sent"), (Direction::Received, "lanes.way_received")] {
        let response = control::choice(ui, now == way, &language.tr(key)).on_hover_text(language.tr("lanes.way_hint"));
        if response.clicked() && now != way {
            (lanes.way, lanes.anchor) = (Some(way), Anchor::Newest);
            ui.ctx().request_repaint();
        }
    }
}

/// The burst.
fn send(lanes: &mut Lanes, tab: &SessionTab, ui: &mut Ui, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
    let language = around.language;
    let writer = lanes.facts.writer.filter(|writer| writer.live);
    let word = language.tr_with("lanes.send", &[("count", &lanes.typed.burst.count)]);
    room(ui, SEND_WIDTH);
    let hint = if lanes.facts.writer.is_some() { "lanes.send_ended" } else { "lanes.writer_unseen" };
    let button = ui.add_enabled_ui(writer.is_some(), |ui| {
        ui.set_max_width(SEND_WIDTH);
        control::primary(ui, ICON_SEND, &word)
    });
    let button = button.inner.on_disabled_hover_text(language.tr(hint)).on_hover_text(language.tr("lanes.send_hint"));
    if let Some(writer) = writer.filter(|_| button.clicked()) {
        // What comes of it is looked at.
        lanes.anchor = Anchor::Newest;
        intents.extend(burst(lanes, tab, writer, language));
    }
}

/// The wishes that a burst is made of.
fn burst(lanes: &Lanes, tab: &SessionTab, writer: Party, language: Language) -> Vec<Intent> {
    let words = |number: &str| language.tr_with("lanes.message", &[("number", &number)]);
    let Composed { bytes, each } = lanes.typed.burst.compose(&tab.rule, tab.draft.send_encoding, words);
    let size = match lanes.typed.write {
        WriteSize::Messages(count) => each.saturating_mul(count as usize),
        WriteSize::All => bytes.len(),
        WriteSize::Bytes(size) => size as usize,
    };
    let size = u32::try_from(size).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
    let parts = Parts { size, gap: lanes.typed.gap };
    let to = |target: Target| Action::SendInParts { message: Message { bytes: bytes.clone().into(), target }, parts };
    let target = lanes.facts.target.clone().unwrap_or(Target::Everyone);
    let mut intents = vec![Intent::To(writer.end.session, to(target))];
    if let Some((first, _, endpoint)) = &lanes.facts.beside {
        intents.push(Intent::To(*first, to(Target::Address(endpoint.clone()))));
    }
    intents
}

/// How a burst is written.
fn writing(lanes: &mut Lanes, id: SessionId, ui: &mut Ui, language: Language, intents: &mut Vec<Intent>) {
    let live = lanes.facts.writer.is_some_and(|writer| writer.live);
    let typed = &mut lanes.typed;
    let counts = COUNTS.map(|count| (count, count.to_string()));
    combo(ui, (id, live, language), ("lanes.count", "lanes.count_hint"), &mut typed.burst.count, &counts);
    let short = (None, language.tr("lanes.length_words").into_owned());
    let lengths = std::iter::once(short).chain(LENGTHS.map(|length| (Some(length), format!("{} B", grouped(u64::from(length))))));
    combo(ui, (id, live, language), ("lanes.length", "lanes.length_hint"), &mut typed.burst.length, &lengths.collect::<Vec<_>>());
    let writes = WRITES.map(|write| (write, write_word(language, write)));
    combo(ui, (id, live, language), ("lanes.write", "lanes.write_hint"), &mut typed.write, &writes);
    let gaps = GAPS.map(|gap| (Duration::from_millis(gap), format!("{gap} ms")));
    combo(ui, (id, live, language), ("lanes.gap", "lanes.gap_hint"), &mut typed.gap, &gaps);
    let Some(writer) = lanes.facts.writer else { return };
    if lanes.facts.shape == Shape::Stream && writer.has_nagle {
        let mut on = writer.knobs.no_delay.is_on();
        if tick(ui, (writer.live, language), ("lanes.no_delay", "lanes.no_delay_hint"), &mut on) {
            intents.push(Intent::To(writer.end.session, Action::SetNoDelay(on.into())));
        }
    }
    let granted = writer.knobs.buffers.map(|(_, send)| send);
    if let Some(bytes) = buffer(ui, (id, language), "lanes.send_buffer", (writer.live, granted)) {
        let buffers = Buffers { send: Some(bytes), receive: None };
        intents.push(Intent::To(writer.end.session, Action::SetBuffers(buffers)));
    }
}

fn write_word(language: Language, write: WriteSize) -> String {
    match write {
        WriteSize::Messages(1) => language.tr("lanes.write_one").into_owned(),
        WriteSize::Messages(count) => language.tr_with("lanes.write_some", &[("count", &count)]),
        WriteSize::All => language.tr("lanes.write_all").into_owned(),
        WriteSize::Bytes(size) => format!("{} B", grouped(u64::from(size))),
    }
}

/// How it is read. Datagrams beside a stream are read alike.
fn reading(lanes: &Lanes, id: SessionId, ui: &mut Ui, language: Language, intents: &mut Vec<Intent>) {
    let Facts { reader, beside, server, .. } = &lanes.facts;
    let Some(reader) = reader else { return };
    let before = reader.knobs.reading;
    let mut now = before;
    let free = (None, language.tr("lanes.read_free").into_owned());
    let sizes = std::iter::once(free).chain(SIZES.map(|size| (Some(size), format!("{} B", grouped(u64::from(size))))));
    combo(
        ui,
        (id, reader.live, language),
        ("lanes.read_size", "lanes.read_size_hint"),
        &mut now.size,
        &sizes.collect::<Vec<_>>(),
    );
    let none = (None, "0 ms".to_owned());
    let pauses = std::iter::once(none).chain(PAUSES.map(|pause| (Some(Duration::from_millis(pause)), format!("{pause} ms"))));
    combo(ui, (id, reader.live, language), ("lanes.pause", "lanes.pause_hint"), &mut now.pause, &pauses.collect::<Vec<_>>());
    let mut held = now.held.is_on();
    tick(ui, (reader.live, language), ("lanes.hold", "lanes.hold_hint"), &mut held);
    now.held = Switch::from(held);
    if now != before {
        read_in(intents, reader.end.session, now);
        if let Some((_, second, _)) = beside {
            read_in(intents, *second, now);
        }
    }
    if let Some((server, accepting)) = server {
        let mut paused = !accepting.is_on();
        if tick(ui, (true, language), ("lanes.no_accept", "lanes.no_accept_hint"), &mut paused) {
            intents.push(Intent::To(*server, Action::SetAccepting(Switch::from(!paused))));
        }
    }
    let granted = reader.knobs.buffers.map(|(receive, _)| receive);
    if let Some(bytes) = buffer(ui, (id, language), "lanes.receive_buffer", (reader.live, granted)) {
        let buffers = Buffers { receive: Some(bytes), send: None };
        intents.push(Intent::To(reader.end.session, Action::SetBuffers(buffers)));
    }
}

fn read_in(intents: &mut Vec<Intent>, session: SessionId, reading: Reading) {
    intents.push(Intent::To(session, Action::SetReading(reading)));
}

/// The cure, and the other way: framing, and datagrams.
fn cure(lanes: &mut Lanes, tab: &mut SessionTab, ui: &mut Ui, language: Language, intents: &mut Vec<Intent>) {
    if lanes.facts.shape != Shape::Stream {
        return;
    }
    let kinds = [
        (FramingKind::Read, "lanes.framing_none"),
        (FramingKind::Line, "framing.line"),
        (FramingKind::Length, "framing.length"),
        (FramingKind::Fixed, "framing.fixed"),
        (FramingKind::Delimiter, "framing.delimiter"),
        (FramingKind::Idle, "framing.idle"),
        (FramingKind::Json, "framing.json"),
    ];
    let kinds = kinds.map(|(kind, key)| (kind, language.tr(key).into_owned()));
    if combo(ui, (tab.id, true, language), ("lanes.framing", "lanes.framing_hint"), &mut tab.draft.framing.kind, &kinds) {
        ui.ctx().request_repaint();
    }
    let live = lanes.facts.writer.is_some_and(|writer| writer.live);
    let mut beside = lanes.typed.beside;
    if tick(ui, (live || beside, language), ("lanes.beside", "lanes.beside_hint"), &mut beside) {
        lanes.typed.beside = beside;
        if beside && lanes.beside().is_none() {
            intents.push(Intent::Beside(tab.id));
        }
    }
}

/// How it is looked at.
fn view(lanes: &mut Lanes, id: SessionId, ui: &mut Ui, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
    let language = around.language;
    if control::bare(ui, ICON_ZOOM_OUT, &language.tr("lanes.narrower")).clicked() {
        lanes.zoom(-1);
    }
    if control::bare(ui, ICON_ZOOM_IN, &language.tr("lanes.wider")).clicked() {
        lanes.zoom(1);
    }
    if control::bare(ui, ICON_FIT_WIDTH, &language.tr("lanes.fit")).clicked() {
        lanes.scale = None;
    }
    if lanes.facts.has_older && control::bare(ui, ICON_HISTORY, &language.tr("lanes.older")).clicked() {
        if let Some(first) = lanes.first_record(id) {
            lanes.anchor = Anchor::At(first);
        }
        ui.ctx().request_repaint();
    }
    if lanes.anchor != Anchor::Newest && control::bare(ui, ICON_LAST_PAGE, &language.tr("lanes.newest")).clicked() {
        lanes.anchor = Anchor::Newest;
        ui.ctx().request_repaint();
    }
    if let Some(plan) = &lanes.plan {
        room(ui, SEND_WIDTH);
        svg_button(ui, language, intents, || {
            let title = language.tr("lanes.title");
            HandOut::svg("lanes", &picture(plan, 0.0..plan.height()), &title, language)
        });
    }
}

/// Room that the filled button and that for a file take at least.
const SEND_WIDTH: f32 = 148.0;
/// Room of a drop-down.
const COMBO: f32 = 120.0;
/// A tile as wide as this has its knobs in two or three lines; a narrower one shows them on request.
const ROOMY: f32 = 640.0;

/// Goes on in the next line where there is no room: what has a place of its own does not wrap by itself.
fn room(ui: &mut Ui, width: f32) {
    if ui.available_size_before_wrap().x < width {
        ui.end_row();
    }
}

/// A drop-down that says what it is for and what is chosen. Returns whether that changed.
fn combo<T: Copy + PartialEq>(
    ui: &mut Ui,
    (id, live, language): (SessionId, bool, Language),
    (name, hint): (&str, &str),
    value: &mut T,
    choices: &[(T, String)],
) -> bool {
    let before = *value;
    let shown = choices.iter().find(|(choice, _)| *choice == before).map_or("…", |(_, word)| word);
    let label = language.tr(name).into_owned();
    let text = format!("{label} {shown}");
    room(ui, COMBO);
    let combo = egui::ComboBox::from_id_salt((name, id)).selected_text(text).width(COMBO).truncate();
    let combo = ui.add_enabled_ui(live, |ui| {
        combo.show_ui(ui, |ui| {
            for (choice, word) in choices {
                ui.selectable_value(value, *choice, word);
            }
        })
    });
    named(ui, &combo.inner.response.on_hover_text(language.tr(hint)), label);
    *value != before
}

/// A drop-down for a buffer: what the system granted stands in it. What is asked for, if something is.
fn buffer(ui: &mut Ui, (id, language): (SessionId, Language), name: &str, (live, granted): (bool, Option<u64>)) -> Option<u32> {
    let label = language.tr(name).into_owned();
    let shown = granted.map_or_else(|| language.tr("lanes.buffer_system").into_owned(), size_text);
    let mut asked = None;
    room(ui, COMBO);
    let combo = egui::ComboBox::from_id_salt((name, id)).selected_text(format!("{label} {shown}")).width(COMBO).truncate();
    let combo = ui.add_enabled_ui(live, |ui| {
        combo.show_ui(ui, |ui| {
            for bytes in BUFFERS {
                if ui.selectable_label(false, format!("{} KiB", bytes >> 10)).clicked() {
                    asked = Some(bytes);
                }
            }
        })
    });
    named(ui, &combo.inner.response.on_hover_text(language.tr("lanes.buffer_hint")), label);
    asked
}

/// A box to tick. Returns whether it changed.
fn tick(ui: &mut Ui, (live, language): (bool, Language), (name, hint): (&str, &str), value: &mut bool) -> bool {
    let word = language.tr(name).into_owned();
    room(ui, width_of_word(ui, &word) + size::CONTROL);
    ui.add_enabled(live, egui::Checkbox::new(value, word.as_str())).on_hover_text(language.tr(hint)).changed()
}

/// How wide a word is in a control.
fn width_of_word(ui: &Ui, word: &str) -> f32 {
    ui.painter().layout_no_wrap(word.to_owned(), theme::font(size::CONTROL_TEXT), palette(ui).text).size().x
}

fn named(ui: &Ui, response: &Response, name: String) {
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(name));
}
