//! The clients of a server: who, since when, how much. The choice is a filter and a send target; it never drops another client's bytes.

use crate::describe::{self, grouped, size_text};
use crate::session::address::Address;
use crate::session::command::{Action, End, Selection};
use crate::session::spec::Role;
use crate::traffic::model::Connection;
use crate::ui::intent::Intent;
use crate::ui::panel::log;
use crate::ui::session::{SessionTab, Surroundings};
use crate::ui::theme::{self, size, space};
use crate::ui::widget::control::{self, palette};
use crate::ui::widget::path;
use egui::accesskit::Role as Access;
use egui::{Align, Layout, RichText, ScrollArea, Ui, UiBuilder, WidgetInfo, vec2};
use egui_material_icons::icons::{ICON_CLOSE, ICON_FILTER_ALT_OFF, ICON_LINK_OFF};
use std::collections::BTreeSet;

/// Lines of the list before it scrolls.
pub const LINES: usize = 4;
/// The card's height without its lines, with the space beneath it.
const FRAME: f32 = 70.0;
/// The card's height with one line.
pub const LEAST_HEIGHT: f32 = FRAME + size::CONTROL;

/// Room for `← 999.9 MB`.
const COUNT_WIDTH: f32 = 76.0;

/// ```text
/// 客户端 3                        ☐ 全选   [断开所选]
/// ☑ 127.0.0.1:51512   20:34:05   ← 5 B   → 12 B   ×
/// ```
pub fn show(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
    let tr = |key: &str| around.language.tr(key).into_owned();
    let fitting = ((ui.available_height() - log::least_height(tab) - FRAME) / size::CONTROL).max(1.0) as usize;
    theme::card(palette(ui)).inner_margin(space::SMALL).show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.horizontal(|ui| {
            let past = tab.about.is_some();
            let title = if past { "clients.title_past" } else { "clients.title" };
            let count = around.language.tr_with(title, &[("count", &grouped(tab.glance.connection_count as u64))]);
            ui.label(RichText::new(count).strong());
            if tab.chosen.is_empty() {
                ui.label(RichText::new(tr(hint(tab, past))).size(size::CAPTION_TEXT).color(palette(ui).weak));
                return;
            }
            let chosen = around.language.tr_with("clients.chosen", &[("count", &chosen_count(tab))]);
            ui.label(RichText::new(chosen).color(palette(ui).accent_text));
            if control::quiet(ui, ICON_FILTER_ALT_OFF, &tr("clients.all"))
                .on_hover_text(tr(if past { "clients.all_past" } else { "clients.all_hint" }))
                .clicked()
            {
                tab.chosen.clear();
                return;
            }
            if !past && control::danger(ui, ICON_LINK_OFF, &tr("clients.disconnect_chosen")).clicked() {
                intents.push(end(tab, tab.chosen.clone(), End::Close));
            }
        });
        let lines = tab.glance.connection_count.min(LINES).min(fitting);
        let area = ScrollArea::vertical()
            .id_salt(("clients", tab.id.0))
            .max_height(lines as f32 * size::CONTROL)
            .min_scrolled_height(lines as f32 * size::CONTROL)
            .auto_shrink([false, true]);
        ui.spacing_mut().item_spacing.y = 0.0;
        area.show_rows(ui, size::CONTROL, tab.glance.connection_count, |ui, range| {
            tab.clients_in_view = range;
            for connection in tab.glance.connections.clone() {
                line(tab, ui, around, &connection, intents);
            }
        });
    });
}

fn line(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, connection: &Connection, intents: &mut Vec<Intent>) {
    let Some(id) = connection.peer.connection else { return };
    let colors = palette(ui);
    ui.horizontal(|ui| {
        ui.set_height(size::CONTROL);
        let address = connection.peer.address.to_string();
        // What was read may hold connections of several addresses here, to one server.
        let name = match connection.through {
            Some(target) => format!("{address} → {}", target.address),
            None if tab.about.is_some() => format!("{} ⇄ {address}", connection.local),
            None => address.clone(),
        };
        // Of a relay's conversation both ends are chosen: what was read at one was written at the other.
        let ids = [Some(id), connection.through.and_then(|target| target.connection)].into_iter().flatten();
        let mut chosen = tab.chosen.contains(&id);
        let hint = around.language.tr(if tab.about.is_some() { "clients.hint_past" } else { "clients.choose_hint" });
        let (shown, hint) = match connection.peer.address {
            Address::Ip(_) => (name.clone(), hint.into_owned()),
            // A path can be longer than the tile is wide.
            Address::Unix(_) => {
                let cell = ui.fonts_mut(|fonts| fonts.glyph_width(&theme::mono(), '0'));
                let cells = ((ui.available_width() - ROOM_BESIDE) / cell).max(LEAST_CELLS) as usize;
                (path::short(&name, cells), format!("{name}\n{hint}"))
            }
        };
        let response = ui.checkbox(&mut chosen, RichText::new(shown).monospace());
        response.widget_info(|| WidgetInfo::selected(Access::CheckBox, ui.is_enabled(), chosen, &name));
        if response.on_hover_text(hint).changed() {
            if chosen {
                tab.chosen.extend(ids);
            } else {
                let gone: BTreeSet<_> = ids.collect();
                tab.chosen.retain(|id| !gone.contains(id));
            }
        }
        // In a narrow tile the counts and the button come first.
        if ui.available_width() > ROOM_FOR_SINCE {
            ui.label(RichText::new(connection.since.clock(around.zone)).color(colors.weak))
                .on_hover_text(around.language.tr("clients.since"));
        }
        let counts = [("←", connection.received, colors.received), ("→", connection.sent, colors.sent)];
        // And where there is no room for those either, the button alone.
        let room = ui.available_width() - size::CONTROL - 2.0 * ui.spacing().item_spacing.x;
        let shown = if room < 2.0 * COUNT_WIDTH { &counts[..0] } else { &counts[..] };
        for (arrow, bytes, color) in shown.iter().copied() {
            // A column of its own, so that the buttons behind it stand still while bytes come.
            let (_, room) = ui.allocate_space(vec2(COUNT_WIDTH, size::CONTROL));
            let line = Layout::left_to_right(Align::Center);
            let text = RichText::new(format!("{arrow} {}", size_text(bytes))).color(color);
            ui.new_child(UiBuilder::new().max_rect(room).layout(line)).label(text);
        }
        // It has ended long ago.
        if tab.about.is_some() {
            return;
        }
        if connection.peer_finished {
            let room = (ui.available_width() - size::CONTROL - 2.0 * ui.spacing().item_spacing.x).max(0.0);
            let text = RichText::new(around.language.tr("clients.peer_finished")).color(colors.busy);
            ui.scope(|ui| {
                ui.set_max_width(room);
                ui.add(egui::Label::new(text).truncate());
            });
        }
        // The button comes first.
        let rest = ui.available_width() - size::CONTROL - 2.0 * space::SMALL;
        if let Some(credentials) = connection.credentials.as_ref().filter(|_| rest > COUNT_WIDTH) {
            let who = describe::who(around.language, credentials);
            let text = RichText::new(&who).size(size::CAPTION_TEXT).color(colors.weak);
            ui.scope(|ui| {
                ui.set_max_width(rest);
                ui.add(egui::Label::new(text).truncate())
                    .on_hover_text(format!("{who}\n{}", around.language.tr("unix.who_hint")));
            });
        }
        let disconnect = around.language.tr_with("clients.disconnect", &[("remote", &address)]);
        let response = control::bare(ui, ICON_CLOSE, &disconnect);
        if response.clicked() {
            intents.push(end(tab, BTreeSet::from([id]), End::Close));
        }
        response.context_menu(|ui| {
            // Between Unix-domain sockets there is no RST.
            let has_reset = connection.peer.address.ip().is_some();
            let ways = [("network.half_close", End::HalfClose), ("network.reset", End::Reset)];
            for (key, how) in ways.into_iter().filter(|(_, how)| has_reset || *how != End::Reset) {
                if ui.button(around.language.tr(key)).clicked() {
                    intents.push(end(tab, BTreeSet::from([id]), how));
                }
            }
        });
    });
}

/// Beside a path: the box to tick, both counts and the button.
const ROOM_BESIDE: f32 = 2.0 * COUNT_WIDTH + 116.0;
/// Cells that a path has in any case.
const LEAST_CELLS: f32 = 16.0;
/// Beside an address: the moment, both counts and the button.
const ROOM_FOR_SINCE: f32 = 2.0 * COUNT_WIDTH + 156.0;

/// What a choice does.
fn hint(tab: &SessionTab, past: bool) -> &'static str {
    match tab.draft.role {
        _ if past => "clients.hint_past",
        Role::Relay => "relay.choose_hint",
        _ => "clients.hint",
    }
}

/// How many lines are chosen: a relay's conversations have two ends each.
fn chosen_count(tab: &SessionTab) -> usize {
    if tab.draft.role == Role::Relay { tab.chosen.len().div_ceil(2) } else { tab.chosen.len() }
}

fn end(tab: &SessionTab, connections: BTreeSet<crate::session::id::ConnectionId>, how: End) -> Intent {
    Intent::To(tab.id, Action::End { connections: Selection::Only(connections), how })
}
