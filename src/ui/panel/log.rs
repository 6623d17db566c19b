//! 数据日志: one row per read, datagram or send, newest at the end, drawn from the glance alone. Must never decode, lock or lay out a row
//! that is not in view.

use crate::describe::{self, Tone, grouped};
use crate::session::draft::Shown;
use crate::session::spec::Role;
use crate::traffic::record::{Data, Direction, Entry};
use crate::ui::glance::{DUMP_LINES, Row};
use crate::ui::intent::{CopyAs, Intent};
use crate::ui::session::{Selection, SessionTab, Surroundings};
use crate::ui::theme::{self, Palette, size, space};
use crate::ui::widget::bytes::{self, Line};
use crate::ui::widget::control::{self, palette};
use crate::ui::widget::rows::Move;
use egui::accesskit::Role as Access;
use egui::{Align2, Color32, Event, Key, Modifiers, Rect, Response, RichText, Sense, Ui, WidgetInfo, pos2, vec2};
use egui_material_icons::icons::{ICON_ARROW_DOWNWARD, ICON_PAUSE, ICON_SWAP_HORIZ};

/// Where the columns of the log stand, in points from its left edge.
#[derive(Clone, Copy)]
struct Columns {
    time: f32,
    arrow: f32,
    peer: f32,
    length: f32,
    content: f32,
    /// Width of one cell of the monospace font.
    cell: f32,
}

impl Columns {
    /// ```text
    /// 20:34:05.093  ← 127.0.0.1:51512      5 B  你好…
    /// ```
    /// A client has one peer, and a narrow tile no room: then there is no peer column.
    fn new(ui: &Ui, width: f32, tab: &SessionTab) -> Self {
        let cell = ui.fonts_mut(|fonts| fonts.glyph_width(&theme::mono(), '0'));
        let time = space::SMALL + 4.0;
        let arrow = time + 13.0 * cell;
        let peer = arrow + 2.0 * cell;
        // Beside the other columns, the content needs room for some words, or for eight bytes of a dump.
        let least = if tab.draft.shown == Shown::Both { 96.0 } else { 64.0 };
        let with_peer = tab.draft.role != Role::TcpClient && width > least * cell;
        let length = if with_peer { peer + PEER_CELLS as f32 * cell } else { peer };
        Self { time, arrow, peer, length, content: length + 9.0 * cell, cell }
    }

    fn has_peer(&self) -> bool {
        self.length > self.peer
    }
}

/// Cells for an IPv4 address and port; longer ones are cut, and whole in the tooltip and the inspector.
const PEER_CELLS: usize = 22;

/// Height of the card with two rows.
pub const LEAST_HEIGHT: f32 = size::HEAD + 2.0 * size::ROW;

/// The log's card: column heads, rows, scroll bar; or what to do while there is nothing.
pub fn show(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
    let colors = palette(ui);
    // The card takes exactly the room that is left, however little, and nothing in it can make it larger.
    let card = ui.available_rect_before_wrap();
    ui.advance_cursor_after_rect(card);
    ui.painter().rect(card, size::CORNER, colors.card, theme::line(colors), egui::StrokeKind::Inside);
    let area = card.shrink(1.0);
    let ui = &mut ui.new_child(egui::UiBuilder::new().max_rect(area));
    ui.set_clip_rect(ui.clip_rect().intersect(area));
    ui.spacing_mut().item_spacing.y = 0.0;
    let columns = Columns::new(ui, area.width(), tab);
    heads(tab, ui, around, &columns);
    let mut view = Rect::from_min_max(pos2(area.left(), area.top() + size::HEAD), area.max);
    if tab.glance.evicted.records > 0 {
        let text = around.language.tr_with(
            "log.evicted",
            &[("records", &grouped(tab.glance.evicted.records)), ("bytes", &describe::size_text(tab.glance.evicted.bytes))],
        );
        let strip = Rect::from_min_size(view.min, vec2(view.width(), size::ROW));
        ui.painter().rect_filled(strip, 0.0, colors.row_alternate);
        let name = ui.interact(strip, egui::Id::unique(("evicted", tab.id.0)), Sense::hover());
        name.widget_info(|| WidgetInfo::labeled(Access::Label, true, &text));
        ui.painter().text(
            strip.left_center() + vec2(columns.time, 0.0),
            Align2::LEFT_CENTER,
            text,
            theme::font(size::CAPTION_TEXT),
            colors.warning,
        );
        view.min.y += size::ROW;
    }
    tab.log_height = view.height();
    tab.columns = dump_width(view.width(), &columns);
    if tab.glance.rows.is_empty() {
        ui.scope_builder(egui::UiBuilder::new().max_rect(view), |ui| empty(tab, ui, around));
    } else {
        rows(tab, ui, around, view, &columns, intents);
    }
}

/// 16 bytes a line where there is room, else 8.
fn dump_width(width: f32, columns: &Columns) -> usize {
    let room = (width - columns.content - size::SCROLL_BAR) / columns.cell;
    if room >= 6.0 + 16.0 * 4.0 + 2.0 { 16 } else { 8 }
}

fn heads(tab: &SessionTab, ui: &mut Ui, around: &Surroundings<'_>, columns: &Columns) {
    let colors = palette(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::HEAD), Sense::hover());
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, egui::CornerRadius { nw: size::CORNER, ne: size::CORNER, sw: 0, se: 0 }, colors.panel);
    painter.hline(rect.x_range(), rect.bottom(), theme::line(colors));
    let head = |x: f32, align: Align2, key: &str| {
        let at = pos2(rect.left() + x, rect.center().y);
        painter.text(at, align, around.language.tr(key), theme::font(size::CAPTION_TEXT), colors.weak)
    };
    head(columns.time, Align2::LEFT_CENTER, "log.time");
    if columns.has_peer() {
        head(columns.peer, Align2::LEFT_CENTER, "log.peer");
    }
    head(columns.content - 2.0 * columns.cell, Align2::RIGHT_CENTER, "log.length");
    let content = head(columns.content, Align2::LEFT_CENTER, "log.content");
    let encodings = match tab.draft.shown {
        Shown::Hex => String::new(),
        _ => format!("← {}   → {}", tab.draft.receive_encoding.name(), tab.draft.send_encoding.name()),
    };
    let at = pos2(rect.right() - space::SMALL - size::SCROLL_BAR, rect.center().y);
    let galley = painter.layout_no_wrap(encodings, theme::font(size::CAPTION_TEXT), colors.weak);
    let place = Align2::RIGHT_CENTER.anchor_size(at, galley.size());
    // The settings column says it as well.
    if place.left() > content.right() + space::SMALL {
        painter.galley(place.min, galley, colors.weak);
    }
}

/// Height below which the sentence alone stands in an empty log.
const ROOM_FOR_ICON: f32 = 120.0;

/// What to do while there is nothing to see.
fn empty(tab: &SessionTab, ui: &mut Ui, around: &Surroundings<'_>) {
    let colors = palette(ui);
    let key = match (tab.glance.state.is_live(), tab.draft.role) {
        (false, Role::TcpClient) => "log.empty_client",
        (false, Role::TcpServer) => "log.empty_server",
        (false, Role::Udp) => "log.empty_udp",
        (true, _) => "log.empty_live",
    };
    ui.vertical_centered(|ui| {
        let room = ui.available_height();
        ui.add_space((room / 4.0).min(space::HUGE * 2.0));
        if room > ROOM_FOR_ICON {
            ui.label(control::icon(ICON_SWAP_HORIZ).size(space::HUGE).color(colors.weak));
        }
        let local = tab.glance.local.map_or_else(|| tab.draft.address(), |local| local.to_string());
        ui.set_max_width(size::READABLE);
        ui.label(RichText::new(around.language.tr_with(key, &[("address", &local)])).color(colors.weak));
    });
}

fn rows(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, view: Rect, columns: &Columns, intents: &mut Vec<Intent>) {
    let id = egui::Id::unique(("log", tab.id.0));
    let list = ui.interact(view, id, Sense::click());
    list.widget_info(|| WidgetInfo::labeled(Access::List, true, around.language.tr("log.title")));
    move_by_wheel(tab, ui, &list);
    if list.has_focus() {
        keys(tab, ui, intents);
    }
    let inner = Rect::from_min_max(view.min, pos2(view.right() - size::SCROLL_BAR, view.bottom()));
    let shown = std::mem::take(&mut tab.glance.shown);
    for (top, row) in &shown {
        draw_row(tab, ui, around, (inner, *top), columns, row, intents);
    }
    let fully = shown.iter().filter(|(top, _)| *top >= 0.0 && *top + size::ROW <= view.height()).count();
    tab.glance.shown = shown;
    scroll_bar(tab, ui, view, fully.max(1));
    if list.clicked() {
        list.request_focus();
    }
    if !tab.place.follows() || tab.view.is_paused() {
        behind(tab, ui, around, inner);
    }
}

/// The way back to the newest row, with how many wait.
fn behind(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, view: Rect) {
    let paused = tab.view.is_paused();
    let text = if paused {
        around.language.tr_with("log.paused", &[("count", &grouped(tab.glance.waiting))])
    } else {
        around.language.tr("log.to_end").into_owned()
    };
    let size = vec2(text.chars().count() as f32 * 14.0 + space::HUGE, size::CONTROL);
    let place = Rect::from_center_size(pos2(view.center().x, view.bottom() - size::CONTROL), size);
    ui.scope_builder(egui::UiBuilder::new().max_rect(place).layout(egui::Layout::top_down(egui::Align::Center)), |ui| {
        let icon = if paused { ICON_PAUSE } else { ICON_ARROW_DOWNWARD };
        if control::quiet(ui, icon, &text).clicked() {
            tab.pause_asked = Some(false);
            tab.movement = Some(Move::End);
        }
    });
}

fn move_by_wheel(tab: &mut SessionTab, ui: &Ui, list: &Response) {
    if list.contains_pointer() {
        let wheel = ui.input(|input| input.smooth_scroll_delta().y);
        if wheel != 0.0 {
            tab.movement = Some(Move::By(-wheel));
            // The place is settled when the next frame looks at the model.
            ui.request_repaint();
        }
    }
}

fn keys(tab: &mut SessionTab, ui: &Ui, intents: &mut Vec<Intent>) {
    let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let movement = if pressed(Key::PageUp) {
        Some(Move::Pages(-1.0))
    } else if pressed(Key::PageDown) {
        Some(Move::Pages(1.0))
    } else if pressed(Key::Home) {
        Some(Move::To(0.0))
    } else if pressed(Key::End) {
        Some(Move::End)
    } else if pressed(Key::ArrowUp) {
        Some(Move::By(-size::ROW))
    } else if pressed(Key::ArrowDown) {
        Some(Move::By(size::ROW))
    } else {
        None
    };
    if movement.is_some() {
        tab.movement = movement;
        ui.request_repaint();
    }
    if ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::A)) {
        let all = tab.glance.rows.clone().rev().take(LARGEST_SELECTION);
        tab.selection.rows = all.filter_map(|row| tab.view.record(row)).collect();
    }
    let copied = ui.input(|input| input.events.iter().any(|event| matches!(event, Event::Copy)));
    if copied && !tab.selection.rows.is_empty() {
        let how = if tab.draft.shown == Shown::Hex { CopyAs::Hex } else { CopyAs::Text };
        intents.push(Intent::Copy(tab.id, tab.selection.rows.iter().copied().collect(), how));
    }
}

fn scroll_bar(tab: &mut SessionTab, ui: &mut Ui, view: Rect, shown: usize) {
    let colors = palette(ui);
    let track = Rect::from_min_max(pos2(view.right() - size::SCROLL_BAR, view.top()), view.max);
    let (above, part) = tab.place.bar(&tab.glance.rows, shown);
    if part >= 1.0 {
        return;
    }
    let length = ((f64::from(track.height()) * part) as f32).max(size::ROW);
    let free = track.height() - length;
    let response = ui.interact(track, egui::Id::unique(("log-bar", tab.id.0)), Sense::click_and_drag());
    if let Some(pointer) = response.interact_pointer_pos()
        && (response.dragged() || response.clicked())
    {
        let part = (pointer.y - track.top() - length / 2.0) / free.max(1.0);
        tab.movement = Some(Move::To(f64::from(part)));
        ui.request_repaint();
    }
    let thumb =
        Rect::from_min_size(pos2(track.left() + 2.0, track.top() + free * above as f32), vec2(size::SCROLL_BAR - 4.0, length));
    let color = if response.hovered() || response.dragged() { colors.weak } else { colors.line };
    ui.painter().rect_filled(thumb, size::SCROLL_BAR / 2.0, color);
}

fn draw_row(
    tab: &mut SessionTab,
    ui: &mut Ui,
    around: &Surroundings<'_>,
    (view, top): (Rect, f32),
    columns: &Columns,
    row: &Row,
    intents: &mut Vec<Intent>,
) {
    let colors = palette(ui);
    let lines = tab.row_style().lines(&row.record);
    let rect = Rect::from_min_size(view.min + vec2(0.0, top), vec2(view.width(), lines as f32 * size::ROW));
    let visible = rect.intersect(view);
    if !visible.is_positive() {
        return;
    }
    let response = ui.interact(visible, egui::Id::unique(("row", tab.id.0, row.id.0)), Sense::click());
    let selected = tab.selection.rows.contains(&row.id);
    let painter = ui.painter_at(view);
    let fill = if selected {
        colors.selected
    } else if response.hovered() {
        colors.hovered
    } else if row.number.is_multiple_of(2) {
        colors.card
    } else {
        colors.row_alternate
    };
    painter.rect_filled(rect, 0.0, fill);
    let at = |x: f32, line: usize| pos2(rect.left() + x, rect.top() + (line as f32 + 0.5) * size::ROW);
    let put = |x: f32, align: Align2, text: String, color: Color32| {
        painter.text(at(x, 0), align, text, theme::mono(), color);
    };
    put(columns.time, Align2::LEFT_CENTER, row.record.at.clock(around.zone), colors.weak);
    let content_width = view.width() - columns.content - space::SMALL;
    let told = match &row.record.entry {
        Entry::Data(data) => {
            let color = direction_color(colors, data.direction);
            painter.rect_filled(Rect::from_min_size(rect.min, vec2(3.0, rect.height())), 0.0, color);
            put(columns.arrow, Align2::LEFT_CENTER, data.direction.arrow().into(), color);
            let peer = data.peer.address.to_string();
            if columns.has_peer() {
                put(columns.peer, Align2::LEFT_CENTER, cut(&peer, PEER_CELLS - 1), colors.text);
            }
            put(columns.content - 2.0 * columns.cell, Align2::RIGHT_CENTER, grouped(data.bytes.len() as u64), colors.weak);
            let jobs = content(tab, data, row, columns, content_width, colors);
            let mut told = format!("{} {} {} B", data.direction.arrow(), peer, data.bytes.len());
            for (line, job) in jobs.into_iter().enumerate() {
                if line == 0 || tab.draft.shown == Shown::Both {
                    told.push_str("  ");
                    told.push_str(&job.text);
                }
                let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
                let place = at(columns.content, line) - vec2(0.0, galley.size().y / 2.0);
                painter.galley(place, galley, colors.text);
            }
            told
        }
        Entry::Note(what) => {
            let (text, tone) = describe::note(around.language, what).unwrap_or_default_note();
            let color = tone_color(colors, tone);
            put(columns.arrow, Align2::LEFT_CENTER, "•".into(), color);
            let mut line = Line::prose(view.width() - columns.peer - space::SMALL);
            line.push(&text, color);
            let galley = ui.fonts_mut(|fonts| fonts.layout_job(line.finish()));
            let elided = galley.elided;
            painter.galley(at(columns.peer, 0) - vec2(0.0, galley.size().y / 2.0), galley, color);
            if elided {
                response.clone().on_hover_text(&text);
            }
            text
        }
    };
    response.widget_info(|| WidgetInfo::selected(Access::ListItem, true, selected, &told));
    clicked(tab, ui, &response, row);
    response.context_menu(|ui| copy_menu(tab, ui, around, row, intents));
}

/// A note without words does not exist, but a row must show something.
trait OrNote {
    fn unwrap_or_default_note(self) -> (String, Tone);
}

impl OrNote for Option<(String, Tone)> {
    fn unwrap_or_default_note(self) -> (String, Tone) {
        self.unwrap_or_else(|| (String::new(), Tone::Note))
    }
}

/// The colour of a direction.
pub fn direction_color(colors: &Palette, direction: Direction) -> Color32 {
    match direction {
        Direction::Received => colors.received,
        Direction::Sent => colors.sent,
    }
}

fn tone_color(colors: &Palette, tone: Tone) -> Color32 {
    match tone {
        Tone::Note => colors.weak,
        Tone::Good => colors.ok,
        Tone::Warning => colors.warning,
        Tone::Error => colors.error,
    }
}

fn cut(text: &str, cells: usize) -> String {
    if text.chars().count() <= cells {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(cells - 1).collect();
    cut.push('…');
    cut
}

/// The lines of a record's content, each already cut to the width.
fn content(
    tab: &SessionTab,
    data: &Data,
    row: &Row,
    columns: &Columns,
    width: f32,
    colors: &Palette,
) -> Vec<egui::text::LayoutJob> {
    let cells = ((width / columns.cell) as usize).max(1);
    let color = colors.text;
    match tab.draft.shown {
        Shown::Hex => {
            let mut line = Line::new(width);
            line.push(&bytes::hex_line(&data.bytes, cells / 3 + 1), color);
            vec![line.finish()]
        }
        Shown::Text => {
            let mut line = Line::new(width);
            for pieces in &row.lines {
                line.push_pieces(pieces, cells, color, colors);
            }
            if data.bytes.is_empty() {
                line.push("∅", colors.weak);
            } else if data.continues && row.lines.iter().all(Vec::is_empty) {
                // The bytes begin a character that a later row ends.
                line.push("…", colors.weak);
            }
            vec![line.finish()]
        }
        Shown::Both => {
            let count = tab.columns;
            let mut jobs: Vec<_> = data
                .bytes
                .chunks(count)
                .zip(&row.lines)
                .enumerate()
                .map(|(index, (part, pieces))| {
                    let mut line = Line::new(width);
                    let text = bytes::dump_columns(index * count, part, count);
                    let (offset, hex) = text.split_at(6);
                    line.push(offset, colors.weak);
                    line.push(hex, color);
                    line.push_pieces(pieces, count * 4, direction_color(colors, data.direction), colors);
                    line.finish()
                })
                .collect();
            if data.bytes.len() > count * DUMP_LINES
                && let Some(last) = jobs.last_mut()
            {
                let mut line = Line::new(width);
                line.push(&format!("…  +{} B", grouped((data.bytes.len() - count * (DUMP_LINES - 1)) as u64)), colors.weak);
                *last = line.finish();
            }
            jobs
        }
    }
}

/// Click selects, Ctrl-click adds, Shift-click extends.
fn clicked(tab: &mut SessionTab, ui: &Ui, response: &Response, row: &Row) {
    if response.secondary_clicked() && !tab.selection.rows.contains(&row.id) {
        tab.selection = Selection { rows: [row.id].into(), from: Some(row.id), last: Some(row.id) };
    }
    if !response.clicked() {
        return;
    }
    ui.memory_mut(|memory| memory.request_focus(egui::Id::unique(("log", tab.id.0))));
    let modifiers = ui.input(|input| input.modifiers);
    let selection = &mut tab.selection;
    if modifiers.shift
        && let Some(from) = selection.from
    {
        let (low, high) = (from.min(row.id), from.max(row.id));
        selection.rows = (low.0..=high.0).take(LARGEST_SELECTION).map(crate::traffic::record::RecordId).collect();
    } else if modifiers.command {
        if !selection.rows.remove(&row.id) {
            selection.rows.insert(row.id);
        }
        selection.from = Some(row.id);
    } else {
        selection.rows = [row.id].into();
        selection.from = Some(row.id);
    }
    selection.last = Some(row.id);
}

/// Rows that one selection can hold; more belong into a file.
const LARGEST_SELECTION: usize = 100_000;

fn copy_menu(tab: &SessionTab, ui: &mut Ui, around: &Surroundings<'_>, row: &Row, intents: &mut Vec<Intent>) {
    let ids: Vec<_> = if tab.selection.rows.is_empty() { vec![row.id] } else { tab.selection.rows.iter().copied().collect() };
    let ways = [(CopyAs::Text, "copy.text"), (CopyAs::Hex, "copy.hex"), (CopyAs::C, "copy.c"), (CopyAs::Python, "copy.python")];
    for (way, key) in ways {
        if ui.button(around.language.tr(key)).clicked() {
            intents.push(Intent::Copy(tab.id, ids.clone(), way));
            ui.close();
        }
    }
}
