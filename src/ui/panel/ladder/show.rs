//! 时序图, drawn: the row of tools, the picture in the room that is left, its bar. Must never look at the model.

use super::{Alive, Ladder, Name};
use crate::describe::grouped;
use crate::diagram::ladder::paint::{self, Frame, HEAD, Speaks};
use crate::diagram::ladder::wire::Numbers;
use crate::diagram::ladder::{Acks, End, Mark, Spacing};
use crate::diagram::scene::{Anchor, Certainty, Face, Ink, Point, Scale, Scene, Shape};
use crate::session::spec::Role;
use crate::ui::hand_out::{self, HandOut};
use crate::ui::intent::Intent;
use crate::ui::panel::network::role_key;
use crate::ui::scene_view::show_at;
use crate::ui::session::{SessionTab, Surroundings};
use crate::ui::theme::{self, size, space};
use crate::ui::widget::control::{self, palette};
use egui::{ComboBox, Rect, RichText, Slider, Ui, UiBuilder, pos2, vec2};

/// How far it can be zoomed.
const ZOOM: std::ops::RangeInclusive<f32> = 0.5..=2.5;
/// Points per millisecond that can be chosen: from a day in a screen to microseconds apart.
const SCALES: std::ops::RangeInclusive<f32> = 0.001..=1_000.0;
/// Where that begins.
const SCALE: f32 = 1.0;
/// Width of the list of connections.
const LIST: f32 = 190.0;

/// ```text
/// [连接 ▾] [✓ ACK] [时间间隔 ──●──] [绝对序号] [◎ 抓包] …          [⤓ 存为 SVG…]
/// ┌ 时间 ──────── 程序 ─────────────────── 对方 ───────────┐
/// ```
pub fn show(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
    if tab.ladder.has_more {
        ui.ctx().request_repaint();
    }
    let colors = palette(ui);
    let card = ui.available_rect_before_wrap();
    ui.advance_cursor_after_rect(card);
    ui.painter().rect(card, size::CORNER, colors.card, theme::line(colors), egui::StrokeKind::Inside);
    let area = card.shrink(1.0);
    let ui = &mut ui.new_child(UiBuilder::new().max_rect(area.shrink2(vec2(space::SMALL, space::TINY))));
    ui.set_clip_rect(ui.clip_rect().intersect(area));
    ui.spacing_mut().item_spacing = vec2(space::SMALL, space::TINY);
    ui.horizontal_wrapped(|ui| tools(tab, ui, around, intents));
    if tab.about.is_none() {
        tab.capture.refusal(ui, around.language);
    }
    let view = Rect::from_min_max(pos2(area.left(), ui.cursor().top()), area.max);
    if view.height() < HEAD {
        return;
    }
    let ui = &mut ui.new_child(UiBuilder::new().max_rect(view));
    ui.set_clip_rect(ui.clip_rect().intersect(view));
    picture(tab, ui, around, view, intents);
}

fn tools(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
    let tr = |key: &str| around.language.tr(key).into_owned();
    let id = tab.id;
    let ladder = &mut tab.ladder;
    if ladder.shown.talks.len() > 1 && ladder.talk.is_some() {
        connections(ladder, ui, around, id.0);
    }
    let acks = ladder.acks == Acks::Shown;
    if control::choice(ui, acks, "ACK").on_hover_text(tr("ladder.acks_hint")).clicked() {
        ladder.acks = if acks { Acks::Hidden } else { Acks::Shown };
    }
    let timed = matches!(ladder.spacing, Spacing::Time(_));
    if control::choice(ui, timed, &tr("ladder.time")).on_hover_text(tr("ladder.time_hint")).clicked() {
        ladder.spacing = if timed { Spacing::Even } else { Spacing::Time(SCALE) };
    }
    if let Spacing::Time(scale) = &mut ladder.spacing {
        let slider = ui.add(Slider::new(scale, SCALES).logarithmic(true).show_value(false));
        let name = tr("ladder.scale");
        slider.widget_info(|| egui::WidgetInfo::slider(true, f64::from(*scale), &name));
        slider.on_hover_text(around.language.tr_with("ladder.scale_is", &[("points", &format!("{scale:.3}"))]));
    }
    if !ladder.wire.is_empty() {
        let absolute = ladder.numbers == Numbers::Absolute;
        if control::choice(ui, absolute, &tr("ladder.absolute")).on_hover_text(tr("ladder.absolute_hint")).clicked() {
            ladder.numbers = if absolute { Numbers::Relative } else { Numbers::Absolute };
        }
    }
    if tab.about.is_none() && travels(tab.draft.role) {
        tab.capture.bar(ui, id, around.language, intents);
    }
    hand_out::svg_button(ui, around.language, intents, || {
        let ladder = &tab.ladder;
        let scene = scene(ladder, (ladder.run.width.max(HEAD), ladder.run.height.max(HEAD)), around);
        HandOut::svg("ladder", &scene, &tr("page.ladder"), around.language)
    });
    legend(ui, around);
}

/// Whether packets carry what such a session says.
fn travels(role: Role) -> bool {
    match role {
        Role::TcpClient | Role::TcpServer | Role::Udp | Role::Relay => true,
        Role::UnixClient | Role::UnixServer | Role::UnixDatagram => false,
    }
}

fn connections(ladder: &mut Ladder, ui: &mut Ui, around: &Surroundings<'_>, salt: u64) {
    let word = |(_, address, alive): &(_, crate::session::address::Address, Alive)| match alive {
        Alive::Yes => address.to_string(),
        Alive::No => around.language.tr_with("ladder.ended", &[("address", address)]),
    };
    let now = ladder.shown.talks.iter().find(|(talk, ..)| Some(*talk) == ladder.talk);
    let text = now.map_or_else(String::new, word);
    let combo = ComboBox::from_id_salt(("ladder-talk", salt)).selected_text(text).truncate().width(LIST);
    let response = combo.show_ui(ui, |ui| {
        for entry in &ladder.shown.talks {
            ui.selectable_value(&mut ladder.wanted, Some(entry.0), word(entry));
        }
    });
    let name = around.language.tr("ladder.connection");
    ui.ctx().accesskit_node_builder(response.response.id, |node| node.set_label(&*name));
}

/// `── 实线：观察到   ╌╌ 虚线：推断`
fn legend(ui: &mut Ui, around: &Surroundings<'_>) {
    let colors = palette(ui);
    for (certainty, key) in [(Certainty::Observed, "diagram.observed"), (Certainty::Inferred, "diagram.inferred")] {
        let (rect, _) = ui.allocate_exact_size(vec2(space::LARGE * 1.5, size::CONTROL), egui::Sense::hover());
        let (from, to) = (rect.left_center(), rect.right_center());
        let stroke = egui::Stroke::new(1.5, colors.text);
        match certainty {
            Certainty::Observed => {
                ui.painter().line_segment([from, to], stroke);
            }
            Certainty::Inferred => {
                ui.painter().extend(egui::Shape::dashed_line(&[from, to], stroke, space::TINY, space::TINY));
            }
        }
        ui.label(RichText::new(around.language.tr(key)).size(size::CAPTION_TEXT).color(colors.weak));
    }
}

fn picture(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, view: Rect, intents: &mut Vec<Intent>) {
    let id = egui::Id::unique(("ladder", tab.id.0));
    let name = around.language.tr("page.ladder").into_owned();
    let (inner, _) = tab.ladder.run.room(ui, view, id, &name);
    zoom(&mut tab.ladder, ui, inner);
    let ladder = &mut tab.ladder;
    let size = inner.size() / ladder.zoom;
    (ladder.run.width, ladder.run.height) = (size.x, size.y);
    if ladder.shown.lines.is_empty() && ladder.shown.coming.is_empty() {
        let text = around.language.tr("ladder.empty");
        ui.vertical_centered(|ui| {
            ui.add_space(space::HUGE);
            ui.set_max_width(size::READABLE.min(ui.available_width() - space::HUGE));
            ui.label(RichText::new(text).color(palette(ui).weak));
        });
        return;
    }
    let drawn = scene(ladder, (size.x, size.y), around);
    let child = &mut ui.new_child(UiBuilder::new().max_rect(inner));
    child.set_clip_rect(child.clip_rect().intersect(inner));
    let touched = show_at(child, &name, &drawn, (inner.min, ladder.zoom), ladder.chosen.as_ref());
    if let Some(mark) = touched.chosen {
        ladder.chosen = Some(mark);
        let other = ladder.pairing.as_ref().map(|pairing| pairing.session);
        match mark {
            Mark::Record(End::Own, record) => intents.push(Intent::Select { session: tab.id, record, frame: None }),
            Mark::Record(End::Other, record) => {
                intents.extend(other.map(|session| Intent::Select { session, record, frame: None }))
            }
            Mark::Call(..) | Mark::Packet(_) => {}
        }
    }
    let (rows, blocks) = (ladder.shown.rows.clone(), ladder.shown.blocks);
    ladder.run.bar(ui, view, id.with("bar"), &rows, blocks);
}

/// Ctrl and the wheel.
fn zoom(ladder: &mut Ladder, ui: &Ui, view: Rect) {
    let pinch = ui.input(|input| input.zoom_delta());
    if pinch.total_cmp(&1.0).is_ne() && ui.rect_contains_pointer(view) {
        ladder.zoom = (ladder.zoom * pinch).clamp(*ZOOM.start(), *ZOOM.end());
    }
}

fn scene(ladder: &Ladder, (width, height): (f32, f32), around: &Surroundings<'_>) -> Scene<Mark> {
    let shown = &ladder.shown;
    let other_speaks = if ladder.pairing.is_some() { Speaks::Yes } else { Speaks::No };
    let [own, other] = [title(&shown.own, Speaks::Yes, around), title(&shown.other, other_speaks, around)];
    let address = |name: &Name| name.address.map_or_else(String::new, |address| address.to_string());
    let (own_address, other_address) = (address(&shown.own), address(&shown.other));
    let frame = Frame {
        width,
        height,
        own: [&own, &own_address],
        other: [&other, &other_address],
        left: shown.left.unwrap_or(End::Own),
        other_speaks,
        spacing: ladder.spacing,
        language: around.language,
        zone: around.zone,
    };
    let mut scene = paint::scene(&shown.lines, &shown.arrows, &frame);
    let word = |text: String, y: f32| Shape::Words {
        at: Point { x: width / 2.0, y },
        anchor: Anchor::Middle,
        text,
        ink: Ink::Weak,
        face: Face::Plain,
        scale: Scale::Caption,
    };
    for y in shown.coming.iter().filter(|y| (HEAD..height).contains(*y)) {
        scene.draw(word("…".into(), *y));
    }
    if let Some((done, total)) = shown.finding {
        let text = around.language.tr_with("ladder.finding", &[("done", &grouped(done)), ("total", &grouped(total))]);
        scene.draw(word(text, height - HEAD / 2.0));
    }
    scene
}

/// What stands over a life-line.
fn title(name: &Name, speaks: Speaks, around: &Surroundings<'_>) -> String {
    let key = match (speaks, name.role) {
        (Speaks::Yes, Some(role)) => role_key(role),
        (Speaks::Yes, None) => "ladder.this_program",
        (Speaks::No, _) => "ladder.peer",
    };
    around.language.tr(key).into_owned()
}
