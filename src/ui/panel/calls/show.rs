//! 调用, drawn: the row of choices, the tree of sockets, then the trace or the program. Must never look at the model.

use super::{Calls, Kind, Row, View};
use crate::describe::{self, grouped};
use crate::diagram::ladder::words::pause;
use crate::diagram::ladder::{End, Mark};
use crate::diagram::program;
use crate::ui::intent::Intent;
use crate::ui::session::{SessionTab, Surroundings};
use crate::ui::theme::{self, size, space};
use crate::ui::widget::control::{self, palette};
use egui::accesskit::Role as Access;
use egui::{Align2, ComboBox, Rect, RichText, ScrollArea, Sense, TextEdit, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use egui_material_icons::icons::ICON_CONTENT_COPY;

/// Width of the list of connections.
const LIST: f32 = 190.0;
/// Width of the three choices.
const CHOICES: f32 = 260.0;
/// The column of times.
const TIME: f32 = 104.0;
/// The column of results.
const RESULT: f32 = 190.0;
/// The column of durations.
const TOOK: f32 = 76.0;

/// ```text
/// [调用 | Python | Rust] [连接 ▾]                     [⧉ 复制]
/// 监听 127.0.0.1:9000  队列 0 / 4096
///   └ 127.0.0.1:9000 ↔ 127.0.0.1:51512
/// ┌ 时间 ─────── 调用 ─────────────────── 结果 ──── 用时 ┐
/// ```
pub fn show(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
    let colors = palette(ui);
    let card = ui.available_rect_before_wrap();
    ui.advance_cursor_after_rect(card);
    ui.painter().rect(card, size::CORNER, colors.card, theme::line(colors), egui::StrokeKind::Inside);
    let area = card.shrink(1.0);
    let ui = &mut ui.new_child(UiBuilder::new().max_rect(area.shrink2(vec2(space::SMALL, space::TINY))));
    ui.set_clip_rect(ui.clip_rect().intersect(area));
    ui.spacing_mut().item_spacing = vec2(space::SMALL, space::TINY);
    ui.horizontal_wrapped(|ui| tools(&mut tab.calls, ui, around, tab.id.0));
    tree(&tab.calls, ui, around);
    let view = Rect::from_min_max(pos2(area.left(), ui.cursor().top()), area.max);
    if view.height() < 2.0 * size::ROW {
        return;
    }
    let ui = &mut ui.new_child(UiBuilder::new().max_rect(view));
    ui.set_clip_rect(ui.clip_rect().intersect(view));
    match tab.calls.view {
        View::Trace => trace(tab, ui, around, view, intents),
        View::Python | View::Rust => text(&tab.calls, ui, around, view),
    }
}

fn tools(calls: &mut Calls, ui: &mut Ui, around: &Surroundings<'_>, salt: u64) {
    let tr = |key: &str| around.language.tr(key).into_owned();
    let choices = [
        (View::Trace, tr("page.calls"), tr("page.calls_hint")),
        (View::Python, "Python".to_owned(), tr("calls.python_hint")),
        (View::Rust, "Rust".to_owned(), tr("calls.rust_hint")),
    ];
    ui.scope(|ui| {
        ui.set_max_width(CHOICES);
        control::segments(ui, &mut calls.view, &choices);
    });
    if calls.talks.len() > 1 {
        let word = |talk: Option<crate::session::id::ConnectionId>| {
            let found = calls.talks.iter().find(|(id, _)| Some(*id) == talk);
            found.map_or_else(|| tr("calls.all"), |(_, address)| address.to_string())
        };
        let combo = ComboBox::from_id_salt(("calls-talk", salt)).selected_text(word(calls.wanted)).truncate().width(LIST);
        let response = combo.show_ui(ui, |ui| {
            ui.selectable_value(&mut calls.wanted, None, tr("calls.all"));
            for (id, address) in &calls.talks {
                ui.selectable_value(&mut calls.wanted, Some(*id), address.to_string());
            }
        });
        let name = tr("ladder.connection");
        ui.ctx().accesskit_node_builder(response.response.id, |node| node.set_label(&*name));
    }
    if calls.view != View::Trace {
        let written = written(calls, around);
        if control::quiet_if(ui, written.is_some(), ICON_CONTENT_COPY, &tr("calls.copy")).clicked()
            && let Some(written) = written
        {
            ui.ctx().copy_text(written);
        }
    }
    if calls.lost > 0 && calls.view == View::Trace {
        let text = around.language.tr_with("calls.lost", &[("count", &grouped(calls.lost))]);
        ui.label(RichText::new(text).color(palette(ui).warning));
    }
}

/// The listener, its queue, its connections.
fn tree(calls: &Calls, ui: &mut Ui, around: &Surroundings<'_>) {
    let colors = palette(ui);
    let tr = |key: &str, values: &[(&str, &dyn std::fmt::Display)]| around.language.tr_with(key, values);
    let line = |ui: &mut Ui, depth: usize, text: String| {
        ui.horizontal(|ui| {
            ui.add_space(depth as f32 * space::LARGE);
            let font = RichText::new(text).font(theme::small_mono()).color(colors.text);
            ui.add(egui::Label::new(font).truncate());
        });
    };
    let sockets = &calls.sockets;
    let Some(listener) = &sockets.listener else { return };
    let queue = match listener.queue {
        Some((waiting, most)) => tr("calls.queue", &[("waiting", &waiting), ("most", &most)]),
        None => tr("calls.queue_unknown", &[("backlog", &listener.backlog)]),
    };
    line(ui, 0, format!("● {}   {queue}", tr("calls.listener", &[("local", &listener.local)])));
    for [local, remote] in &sockets.connections {
        line(ui, 1, format!("└ {local} ↔ {remote}"));
    }
    if sockets.more > 0 {
        line(ui, 1, tr("calls.more", &[("count", &grouped(sockets.more as u64))]));
    }
}

fn trace(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, view: Rect, intents: &mut Vec<Intent>) {
    let colors = palette(ui);
    let id = egui::Id::unique(("calls", tab.id.0));
    let heads = Rect::from_min_size(view.min, vec2(view.width(), size::ROW));
    ui.painter().rect_filled(heads, 0.0, colors.panel);
    let right = view.right() - size::SCROLL_BAR - space::SMALL;
    let caption = theme::font(size::CAPTION_TEXT);
    let head = |x: f32, align: Align2, key: &str| {
        ui.painter().text(pos2(x, heads.center().y), align, around.language.tr(key), caption.clone(), colors.weak);
    };
    let wide = view.width() > TIME + RESULT + TOOK + LIST;
    let result = if wide { right - TOOK - RESULT } else { right };
    head(view.left() + space::SMALL, Align2::LEFT_CENTER, "log.time");
    head(view.left() + TIME, Align2::LEFT_CENTER, "calls.call");
    if wide {
        head(result, Align2::LEFT_CENTER, "calls.result");
        head(right, Align2::RIGHT_CENTER, "calls.took");
    }
    let list = view.with_min_y(heads.bottom());
    let name = around.language.tr("page.calls").into_owned();
    let (inner, _) = tab.calls.run.room(ui, list, id, &name);
    if tab.calls.shown.is_empty() {
        let at = list.center_top() + vec2(0.0, space::HUGE);
        ui.painter().text(
            at,
            Align2::CENTER_CENTER,
            around.language.tr("calls.empty"),
            theme::font(size::CONTROL_TEXT),
            colors.weak,
        );
    }
    let shown = std::mem::take(&mut tab.calls.shown);
    let clip = ui.clip_rect().intersect(inner);
    for (index, (top, row)) in shown.iter().enumerate() {
        let rect = Rect::from_min_size(pos2(inner.left(), inner.top() + top), vec2(inner.width(), size::ROW));
        if !rect.intersects(inner) {
            continue;
        }
        let place = Place { rect, clip, call: view.left() + TIME, result, right, wide };
        let response = ui.interact(rect.intersect(inner), id.with(("row", index)), Sense::click());
        let label = full(row, around);
        response.widget_info(|| WidgetInfo::labeled(Access::ListItem, true, &label));
        let response = response.on_hover_text(&label);
        if response.hovered() {
            ui.painter_at(clip).rect_filled(rect, 0.0, colors.hovered);
        }
        if response.clicked()
            && let Some(Mark::Record(End::Own, record)) = row.mark
        {
            intents.push(Intent::Select { session: tab.id, record, frame: None });
        }
        draw(ui, around, row, &place);
    }
    tab.calls.shown = shown;
    let (rows, fully) = (tab.calls.rows.clone(), (list.height() / size::ROW) as usize);
    tab.calls.run.bar(ui, list, id.with("bar"), &rows, fully);
}

/// Where a row and its columns are.
struct Place {
    rect: Rect,
    clip: Rect,
    call: f32,
    result: f32,
    right: f32,
    wide: bool,
}

/// All of a row, for who rests on it or hears it.
fn full(row: &Row, around: &Surroundings<'_>) -> String {
    if let Some(note) = &row.note {
        return describe::note(around.language, &note.0).map_or_else(String::new, |(text, _)| text);
    }
    let result = if row.result.is_empty() { String::new() } else { format!(" = {}", row.result) };
    let took = row.took.map_or_else(String::new, |took| format!(" · {}", pause(took.as_micros() as u64)));
    format!("{}{result}{took}", row.text)
}

fn draw(ui: &Ui, around: &Surroundings<'_>, row: &Row, place: &Place) {
    let colors = palette(ui);
    let color = match row.kind {
        Kind::Call => colors.text,
        Kind::Failed => colors.error,
        Kind::Sent => colors.sent,
        Kind::Received => colors.received,
        Kind::Note | Kind::Coming => colors.weak,
    };
    let painter = ui.painter_at(place.clip);
    let y = place.rect.center().y;
    if row.kind != Kind::Coming {
        let at = pos2(place.rect.left() + space::SMALL, y);
        painter.text(at, Align2::LEFT_CENTER, row.at.clock(around.zone), theme::small_mono(), colors.weak);
    }
    let until = if place.wide && row.kind != Kind::Note { place.result - space::SMALL } else { place.right };
    let text = if place.wide && row.note.is_none() { row.text.clone() } else { full(row, around) };
    let clip = place.clip.with_max_x(until);
    let font = if row.kind == Kind::Note { theme::font(size::CAPTION_TEXT) } else { theme::small_mono() };
    ui.painter_at(clip).text(pos2(place.call, y), Align2::LEFT_CENTER, text, font, color);
    if !place.wide || row.kind == Kind::Note {
        return;
    }
    let clip = place.clip.with_max_x(place.right - TOOK);
    ui.painter_at(clip).text(pos2(place.result, y), Align2::LEFT_CENTER, &row.result, theme::small_mono(), color);
    if let Some(took) = row.took {
        let took = pause(took.as_micros() as u64);
        painter.text(pos2(place.right, y), Align2::RIGHT_CENTER, took, theme::small_mono(), colors.weak);
    }
}

/// The program that is chosen.
fn written(calls: &Calls, around: &Surroundings<'_>) -> Option<String> {
    let script = calls.written.script.as_ref()?;
    match calls.view {
        View::Trace => None,
        View::Python => Some(program::python(script, around.language)),
        View::Rust => Some(program::rust(script, around.language)),
    }
}

fn text(calls: &Calls, ui: &mut Ui, around: &Surroundings<'_>, view: Rect) {
    let Some(text) = written(calls, around) else {
        let at = view.center_top() + vec2(0.0, space::HUGE);
        let words = around.language.tr("calls.no_program");
        ui.painter().text(at, Align2::CENTER_CENTER, words, theme::font(size::CONTROL_TEXT), palette(ui).weak);
        return;
    };
    let ui = &mut ui.new_child(UiBuilder::new().max_rect(view.shrink2(vec2(space::MEDIUM, space::TINY))));
    ScrollArea::both().id_salt("calls-program").auto_shrink(false).show(ui, |ui| {
        let mut shown = text.as_str();
        let edit = TextEdit::multiline(&mut shown).font(theme::mono()).frame(egui::Frame::NONE).desired_width(f32::INFINITY);
        let response = ui.add(edit);
        let name = around.language.tr("calls.program").into_owned();
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(&*name));
    });
}
