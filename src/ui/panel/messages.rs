//! 飞秋: the datagrams that are, or claim to be, messages of IP Messenger, a row each, field by field. Must never lay out a row that is not
//! in view, nor read one again in each frame.

use super::log;
use crate::codec::card::ipmsg::{Message, command};
use crate::codec::encoding::Encoding;
use crate::describe::{self, grouped};
use crate::session::id::SessionId;
use crate::session::messenger;
use crate::session::spec::Role;
use crate::session::timestamp::Timestamp;
use crate::traffic::record::{Data, Direction, Entry, RecordId};
use crate::traffic::view::RowKey;
use crate::ui::glance::{Content, Row};
use crate::ui::intent::Intent;
use crate::ui::page::PageLook;
use crate::ui::panel::log_row::{self, direction_color};
use crate::ui::session::{SessionTab, Surroundings};
use crate::ui::theme::{self, Palette, size, space};
use crate::ui::widget::bytes::Line;
use crate::ui::widget::control::{self, palette};
use egui::accesskit::Role as Access;
use egui::{Align2, Color32, Rect, RichText, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use egui_material_icons::icons::ICON_FORUM;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows that are kept as they were read, with their bytes of 64 KiB at most: more than a screenful. At the bound all go.
const MOST_READ: usize = 256;

/// What the page keeps from one frame to the next.
#[derive(Default)]
pub struct Messages {
    /// The moment of the last look, which the next packet's number follows.
    pub(super) now: Timestamp,
    /// Rows as they were read, by key.
    read: BTreeMap<RowKey, Arc<Told>>,
}

impl Messages {
    /// Takes the moment out of the look; the rows are those of the log under the page's own condition.
    pub fn look(&mut self, look: &PageLook<'_>) -> Vec<(SessionId, RecordId)> {
        self.now = look.now;
        Vec::new()
    }

    /// A row's fields, read once.
    fn told(&mut self, key: RowKey, data: &Data, chosen: Encoding) -> Arc<Told> {
        // By another framing rule the same key is another row, with bytes of its own.
        let is_same = |told: &&Arc<Told>| told.chosen == chosen && Arc::ptr_eq(&told.bytes, &data.bytes);
        if let Some(told) = self.read.get(&key).filter(is_same) {
            return told.clone();
        }
        if self.read.len() >= MOST_READ {
            self.read.clear();
        }
        let told = Arc::new(Told::of(data, chosen));
        self.read.insert(key, told.clone());
        told
    }
}

/// What a row says.
struct Told {
    bytes: Arc<[u8]>,
    /// What it is read in if it does not say.
    chosen: Encoding,
    encoding: Encoding,
    message: Result<Message, crate::codec::card::Words>,
    /// The beginning of what is none.
    raw: String,
}

/// Bytes of a malformed one that its row shows.
const RAW: usize = 256;

impl Told {
    fn of(data: &Data, chosen: Encoding) -> Self {
        let encoding = messenger::encoding_of(&data.bytes, chosen);
        let message = Message::parse(&data.bytes, encoding);
        let raw = match &message {
            Ok(_) => String::new(),
            Err(_) => crate::traffic::format::one_line(&encoding.decode(&data.bytes[..data.bytes.len().min(RAW)])),
        };
        let encoding = message.as_ref().map_or(encoding, |message| message.encoding);
        Self { bytes: data.bytes.clone(), chosen, encoding, message, raw }
    }
}

/// Where the columns stand, in points from the left edge.
#[derive(Clone, Copy)]
struct Columns {
    time: f32,
    arrow: f32,
    version: f32,
    packet: f32,
    who: f32,
    command: f32,
    text: f32,
    encoding: f32,
}

impl Columns {
    /// ```text
    /// 20:34:05.093 ← 1  1001  zhang@PC-01  SENDMSG|SENDCHECK  你好，飞秋   GBK
    /// ```
    fn new(width: f32, cell: f32) -> Self {
        let time = space::SMALL + 4.0;
        let arrow = time + 13.0 * cell;
        let version = arrow + 2.0 * cell;
        let packet = version + 7.0 * cell;
        let who = packet + 11.0 * cell;
        let encoding = width - 9.0 * cell;
        let rest = (encoding - who).max(0.0);
        Self { time, arrow, version, packet, who, command: who + rest * 0.22, text: who + rest * 0.52, encoding }
    }
}

/// The page, in the room of the log.
pub fn show(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
    let colors = palette(ui);
    let card = ui.available_rect_before_wrap();
    ui.advance_cursor_after_rect(card);
    ui.painter().rect(card, size::CORNER, colors.card, theme::line(colors), egui::StrokeKind::Inside);
    let area = card.shrink(1.0);
    let ui = &mut ui.new_child(UiBuilder::new().max_rect(area));
    ui.set_clip_rect(ui.clip_rect().intersect(area));
    ui.spacing_mut().item_spacing.y = 0.0;
    let cell = ui.fonts_mut(|fonts| fonts.glyph_width(&theme::mono(), '0'));
    let columns = Columns::new(area.width() - size::SCROLL_BAR, cell);
    heads(ui, around, &columns, tab);
    let view = area.with_min_y(area.top() + size::HEAD);
    tab.log_height = view.height();
    if tab.glance.rows.is_empty() {
        ui.scope_builder(UiBuilder::new().max_rect(view), |ui| empty(tab, ui, around));
        return;
    }
    let name = around.language.tr("messenger.list");
    log::list(tab, ui, around, (view, &name), intents, |tab, ui, place, shown, intents| {
        row(tab, ui, around, place, &columns, shown, intents);
    });
}

fn heads(ui: &mut Ui, around: &Surroundings<'_>, columns: &Columns, tab: &SessionTab) {
    let colors = palette(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::HEAD), Sense::hover());
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, egui::CornerRadius { nw: size::CORNER, ne: size::CORNER, sw: 0, se: 0 }, colors.panel);
    painter.hline(rect.x_range(), rect.bottom(), theme::line(colors));
    let head = |from: f32, to: f32, text: &str| {
        let mut line = Line::caption(to - from - space::TINY);
        line.push(text, colors.weak);
        let galley = ui.fonts_mut(|fonts| fonts.layout_job(line.finish()));
        painter.galley(pos2(rect.left() + from, rect.center().y - galley.size().y / 2.0), galley, colors.weak);
    };
    let tr = |key: &str| around.language.tr(key).into_owned();
    head(columns.time, columns.arrow, &tr("log.time"));
    head(columns.version, columns.packet, &tr("messenger.version"));
    head(columns.packet, columns.who, &tr("messenger.packet"));
    head(columns.who, columns.command, &tr("messenger.who"));
    head(columns.command, columns.text, &tr("messenger.command"));
    let scanning = super::find::scanned(tab).map(|percent| around.language.tr_with("find.scanning", &[("percent", &percent)]));
    let text = tr("messenger.text");
    let text = scanning.map_or(text.clone(), |scanning| format!("{text}   {scanning}"));
    head(columns.text, columns.encoding, &text);
    head(columns.encoding, rect.width(), &tr("messenger.encoding"));
}

/// What to do while there is nothing to see.
fn empty(tab: &SessionTab, ui: &mut Ui, around: &Surroundings<'_>) {
    let colors = palette(ui);
    let key = match tab.draft.role {
        _ if tab.about.is_some() => "messenger.empty_file",
        Role::Udp => "messenger.empty",
        Role::TcpClient | Role::TcpServer | Role::Relay | Role::UnixClient | Role::UnixServer | Role::UnixDatagram => {
            "messenger.empty_stream"
        }
    };
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() / 4.0).min(space::HUGE * 2.0));
        ui.label(control::icon(ICON_FORUM).size(space::HUGE).color(colors.weak));
        ui.set_max_width(size::READABLE.min(ui.available_width() - space::HUGE));
        let port = messenger::PORT;
        ui.label(RichText::new(around.language.tr_with(key, &[("port", &port)])).color(colors.weak));
    });
}

fn row(
    tab: &mut SessionTab,
    ui: &mut Ui,
    around: &Surroundings<'_>,
    (view, top): (Rect, f32),
    columns: &Columns,
    row: &Row,
    intents: &mut Vec<Intent>,
) {
    let colors = palette(ui);
    let rect = Rect::from_min_size(view.min + vec2(0.0, top), vec2(view.width(), size::ROW));
    let visible = rect.intersect(view);
    if !visible.is_positive() {
        return;
    }
    let response = ui.interact(visible, egui::Id::unique(("message-row", tab.id.0, row.key.0)), Sense::click());
    let selected = tab.selection.rows.contains(&row.key);
    let painter = ui.painter_at(view);
    let fill = match (selected, response.hovered(), row.position.is_multiple_of(2)) {
        (true, ..) => colors.selected,
        (false, true, _) => colors.hovered,
        (false, false, true) => colors.card,
        (false, false, false) => colors.row_alternate,
    };
    painter.rect_filled(rect, 0.0, fill);
    let put = |from: f32, to: f32, text: &str, color: Color32| {
        let mut line = Line::prose((to - from - space::SMALL).max(1.0));
        line.push(text, color);
        let galley = ui.fonts_mut(|fonts| fonts.layout_job(line.finish()));
        let elided = galley.elided;
        painter.galley(pos2(rect.left() + from, rect.center().y - galley.size().y / 2.0), galley, color);
        elided
    };
    let Content::Record { record, encoding, .. } = &row.content else {
        let key = if matches!(row.content, Content::Coming) { "log.coming" } else { "log.missing" };
        let text = around.language.tr(key);
        put(columns.version, rect.width(), &text, colors.weak);
        response.widget_info(|| WidgetInfo::selected(Access::ListItem, true, selected, &*text));
        return;
    };
    painter.text(
        pos2(rect.left() + columns.time, rect.center().y),
        Align2::LEFT_CENTER,
        record.at.clock(around.zone),
        theme::mono(),
        colors.weak,
    );
    let (told, elided) = match &record.entry {
        Entry::Note(what) => {
            let text = describe::note(around.language, what).map_or_else(String::new, |(text, _)| text);
            let elided = put(columns.arrow, rect.width(), &text, colors.warning);
            (text, elided)
        }
        Entry::Data(data) => {
            let color = direction_color(colors, data.direction);
            painter.rect_filled(Rect::from_min_size(rect.min, vec2(3.0, rect.height())), 0.0, color);
            put(columns.arrow, columns.version, data.direction.arrow(), color);
            // What was chosen for this record or its peer, or what its stream tells, comes first.
            let chosen = encoding.unwrap_or(tab.encoding_of(data.direction).otherwise());
            let told = tab.messages.told(row.key, data, chosen);
            match &told.message {
                Ok(message) => {
                    let cells = cells(around, message, told.encoding);
                    let places = [columns.version, columns.packet, columns.who, columns.command, columns.text, columns.encoding];
                    let ends = places.into_iter().skip(1).chain([rect.width()]);
                    let inks = inks(colors);
                    let mut elided = false;
                    for ((text, (from, to)), ink) in cells.iter().zip(places.into_iter().zip(ends)).zip(inks) {
                        elided |= put(from, to, text, ink);
                    }
                    (format!("{} {}", data.direction.arrow(), cells.join("  ")), elided)
                }
                Err(reason) => {
                    let reason = describe::card_words(around.language, reason);
                    put(columns.version, columns.command, &reason, colors.error);
                    put(columns.command, rect.width(), &told.raw, colors.weak);
                    let length = grouped(data.bytes.len() as u64);
                    (format!("{} {reason}  {}  {length} B", data.direction.arrow(), told.raw), true)
                }
            }
        }
    };
    response.widget_info(|| WidgetInfo::selected(Access::ListItem, true, selected, &told));
    log_row::clicked(tab, ui, &response, row);
    response.context_menu(|ui| {
        if let Some(data) = record.data() {
            acknowledge(tab, ui, around, row.key, data);
        }
        log_row::copy_menu(tab, ui, around, row, intents);
    });
    if elided {
        response.on_hover_text(told);
    }
}

/// The texts of a row: version, number, who, command, text, encoding.
fn cells(around: &Surroundings<'_>, message: &Message, encoding: Encoding) -> [String; 6] {
    let version = message.version.split('#').next().unwrap_or_default().to_owned();
    let mut text = message.body.clone();
    if let Some(group) = message.group.as_ref().filter(|group| !group.is_empty()) {
        text.push_str(&format!("   [{group}]"));
    }
    for file in &message.files {
        let size = describe::size_text(file.size);
        text.push_str("   ");
        text.push_str(&around.language.tr_with("messenger.file", &[("name", &file.name), ("size", &size)]));
    }
    let text = text.replace(['\r', '\n'], " ↵ ");
    [
        version,
        message.packet.to_string(),
        format!("{}@{}", message.user, message.host),
        command::line(message.command),
        text,
        encoding.name().to_owned(),
    ]
}

fn inks(colors: &Palette) -> [Color32; 6] {
    [colors.weak, colors.text, colors.text, colors.accent_text, colors.strong, colors.weak]
}

/// Fills in the compose row so that it acknowledges this message.
fn acknowledge(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, key: RowKey, data: &Data) {
    let chosen = tab.encoding_of(data.direction).otherwise();
    let told = tab.messages.told(key, data, chosen);
    let Ok(message) = &told.message else { return };
    if tab.about.is_some() || data.direction == Direction::Sent {
        return;
    }
    let words = around.language.tr_with("messenger.acknowledge_this", &[("packet", &message.packet)]);
    if ui.button(words).clicked() {
        tab.draft.messenger.preset = messenger::Preset::Acknowledge;
        tab.draft.messenger.text = message.packet.to_string();
        tab.target = super::send::UdpTarget::Sender(data.peer.address);
        ui.close();
    }
    ui.separator();
}
