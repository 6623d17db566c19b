//! 数据日志: one row per read, datagram or send, newest at the end, drawn from the glance alone. Must never decode, lock or lay out a row
//! that is not in view.

use super::log_row::{self, Columns, LARGEST_SELECTION};
use super::{filter, find};
use crate::describe::{self, grouped};
use crate::session::draft::Shown;
use crate::session::spec::Role;
use crate::traffic::query::FilterDraft;
use crate::traffic::record::Direction;
use crate::ui::glance::Row;
use crate::ui::intent::{CopyAs, Intent};
use crate::ui::session::{SessionTab, Surroundings};
use crate::ui::theme::{self, size, space};
use crate::ui::widget::control::{self, palette};
use crate::ui::widget::encoding::choice_name;
use crate::ui::widget::rows::Move;
use egui::accesskit::Role as Access;
use egui::{Align2, Event, EventFilter, Key, Modifiers, Rect, Response, RichText, Sense, Ui, WidgetInfo, pos2, vec2};
use egui_material_icons::icons::{ICON_ARROW_DOWNWARD, ICON_FILTER_ALT, ICON_PAUSE, ICON_SEARCH, ICON_SWAP_HORIZ};

/// Height of the card with two rows.
pub const LEAST_HEIGHT: f32 = size::HEAD + 2.0 * size::ROW;

/// The same with the search and the filter, as far as they are in use.
pub fn least_height(tab: &SessionTab) -> f32 {
    let line = size::CONTROL + space::TINY;
    let find = if tab.finding.open { line } else { 0.0 };
    let filter = if tab.filter_open || tab.filter != FilterDraft::default() { 2.0 * line } else { 0.0 };
    let frame = if find + filter > 0.0 { space::SMALL } else { 0.0 };
    LEAST_HEIGHT + find + filter + frame
}

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
    let view = Rect::from_min_max(pos2(area.left(), area.top() + size::HEAD), area.max);
    let mut view = bars(tab, ui, around, view);
    if tab.glance.lost.records > 0 {
        let text = around.language.tr_with(
            "log.lost",
            &[("records", &grouped(tab.glance.lost.records)), ("bytes", &describe::size_text(tab.glance.lost.bytes))],
        );
        let strip = Rect::from_min_size(view.min, vec2(view.width(), size::ROW));
        ui.painter().rect_filled(strip, 0.0, colors.row_alternate);
        let name = ui.interact(strip, egui::Id::unique(("lost", tab.id.0)), Sense::hover());
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

fn heads(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, columns: &Columns) {
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
        _ => {
            let name = |direction| choice_name(around.language, tab.encoding_of(direction));
            format!("← {}   → {}", name(Direction::Received), name(Direction::Sent))
        }
    };
    let left = tools(tab, ui, around, rect);
    let at = pos2(left - space::SMALL, rect.center().y);
    let galley = painter.layout_no_wrap(encodings, theme::font(size::CAPTION_TEXT), colors.weak);
    let place = Align2::RIGHT_CENTER.anchor_size(at, galley.size());
    // The settings column says it as well.
    if place.left() > content.right() + space::SMALL {
        painter.galley(place.min, galley, colors.weak);
    }
}

/// The buttons at the end of the heads: search and filter. Where they begin.
fn tools(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, heads: Rect) -> f32 {
    let layout = egui::Layout::right_to_left(egui::Align::Center);
    let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(heads.with_max_x(heads.right() - size::SCROLL_BAR)).layout(layout));
    ui.spacing_mut().item_spacing.x = 0.0;
    let filtered = tab.filter_open || tab.filter != FilterDraft::default();
    if control::toggle(&mut ui, ICON_FILTER_ALT, &around.language.tr("filter.open"), filtered).clicked() {
        tab.filter_open = !tab.filter_open;
    }
    if control::toggle(&mut ui, ICON_SEARCH, &around.language.tr("find.open"), tab.finding.open).clicked() {
        if tab.finding.open {
            tab.finding.open = false;
        } else {
            tab.finding.open();
        }
    }
    ui.min_rect().left()
}

/// The search and the filter, as far as they are in use. The room that is left for the rows.
fn bars(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, room: Rect) -> Rect {
    if !tab.finding.open && !tab.filter_open && tab.filter == FilterDraft::default() {
        return room;
    }
    let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(room));
    let frame = egui::Frame::new().fill(palette(&ui).panel).inner_margin(egui::Margin::symmetric(8, 4));
    let used = frame.show(&mut ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing = vec2(space::TINY, space::TINY);
        if tab.finding.open {
            find::show(tab, ui, around);
        }
        filter::show(tab, ui, around);
    });
    room.with_min_y(used.response.rect.bottom().min(room.bottom() - size::ROW))
}

/// Height below which the sentence alone stands in an empty log.
const ROOM_FOR_ICON: f32 = 120.0;

/// What to do while there is nothing to see.
fn empty(tab: &SessionTab, ui: &mut Ui, around: &Surroundings<'_>) {
    let colors = palette(ui);
    let key = match (tab.glance.state.is_live(), tab.draft.role) {
        _ if tab.glance.sought.is_some_and(|sought| sought.admitted.is_some_and(|(_, all)| all > 0)) => "log.empty_filter",
        _ if tab.about.is_some() => "log.empty_file",
        (false, Role::TcpClient) => "log.empty_client",
        (false, Role::TcpServer) => "log.empty_server",
        (false, Role::Udp | Role::UnixDatagram) => "log.empty_udp",
        (false, Role::UnixClient) => "log.empty_client",
        (false, Role::UnixServer) => "log.empty_server",
        (false, Role::Relay) => "relay.empty",
        (true, _) => "log.empty_live",
    };
    ui.vertical_centered(|ui| {
        let room = ui.available_height();
        ui.add_space((room / 4.0).min(space::HUGE * 2.0));
        if room > ROOM_FOR_ICON {
            ui.label(control::icon(ICON_SWAP_HORIZ).size(space::HUGE).color(colors.weak));
        }
        let address = tab.draft.address();
        ui.set_max_width(size::READABLE.min(ui.available_width() - space::HUGE));
        ui.label(RichText::new(around.language.tr_with(key, &[("address", &address)])).color(colors.weak));
    });
}

fn rows(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, view: Rect, columns: &Columns, intents: &mut Vec<Intent>) {
    let name = around.language.tr("log.title");
    list(tab, ui, around, (view, &name), intents, |tab, ui, place, row, intents| {
        log_row::show(tab, ui, around, place, columns, row, intents);
    });
}

/// The rows of the glance, moved through by wheel, keys and bar. How one is drawn at its distance from the top of the view, its page says.
pub fn list(
    tab: &mut SessionTab,
    ui: &mut Ui,
    around: &Surroundings<'_>,
    (view, name): (Rect, &str),
    intents: &mut Vec<Intent>,
    mut draw: impl FnMut(&mut SessionTab, &mut Ui, (Rect, f32), &Row, &mut Vec<Intent>),
) {
    let id = egui::Id::unique(("log", tab.id.0));
    let list = ui.interact(view, id, Sense::click());
    list.widget_info(|| WidgetInfo::labeled(Access::List, true, name));
    move_by_wheel(tab, ui, &list);
    if list.has_focus() {
        // The arrow keys move the log, not the focus.
        let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
        keys(tab, ui, intents);
    }
    let inner = Rect::from_min_max(view.min, pos2(view.right() - size::SCROLL_BAR, view.bottom()));
    let shown = std::mem::take(&mut tab.glance.shown);
    for (top, row) in &shown {
        draw(tab, ui, (inner, *top), row, intents);
    }
    let fully = shown.iter().filter(|(top, _)| *top >= 0.0 && *top + size::ROW <= view.height()).count();
    tab.glance.shown = shown;
    scroll_bar(tab, ui, view, fully.max(1));
    if list.clicked() {
        list.request_focus();
    }
    if tab.about.is_none() && (!tab.place.follows() || tab.view.is_paused()) {
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
        tab.selection.rows = all.filter_map(|row| tab.key_at(row)).collect();
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
