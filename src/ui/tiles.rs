//! Tabs that can be dragged side by side. Must never know what a tab shows: it asks the session's tab.

use super::intent::Intent;
use super::panel::file;
use super::panel::network::role_key;
use super::session::{SessionTab, Surroundings};
use super::theme::{self, size, space};
use super::widget::control::{self, palette};
use super::widget::path;
use crate::session::address::Address;
use crate::session::id::SessionId;
use egui::accesskit::Role as Access;
use egui::{Align2, Color32, CursorIcon, Id, Rect, Response, Sense, Stroke, Ui, Visuals, WidgetInfo, WidgetText, pos2, vec2};
use egui_material_icons::icons::ICON_CLOSE;
use egui_tiles::{Behavior, Container, SimplificationOptions, TabState, Tile, TileId, Tiles, Tree, UiResponse};
use std::collections::BTreeMap;

/// An arrangement without tabs.
pub fn empty() -> Tree<SessionId> {
    Tree::empty(Id::unique("sessions"))
}

/// Adds a tab beside the focused one, or into the first place there is.
pub fn add(tree: &mut Tree<SessionId>, focused: Option<SessionId>, id: SessionId) {
    let pane = tree.tiles.insert_pane(id);
    let beside = focused.and_then(|focused| tree.tiles.find_pane(&focused)).and_then(|tile| tree.tiles.parent_of(tile));
    let place = beside.or_else(|| first_tabs(tree));
    match place.and_then(|place| tree.tiles.get_mut(place)) {
        Some(Tile::Container(Container::Tabs(tabs))) => {
            tabs.add_child(pane);
            tabs.set_active(pane);
        }
        _ => tree.root = Some(tree.tiles.insert_tab_tile(vec![pane])),
    }
}

/// Adds a tab behind another one, which stays in front.
pub fn add_behind(tree: &mut Tree<SessionId>, front: SessionId, id: SessionId) {
    let beside = tree.tiles.find_pane(&front).and_then(|tile| tree.tiles.parent_of(tile));
    let pane = tree.tiles.insert_pane(id);
    match beside.and_then(|place| tree.tiles.get_mut(place)) {
        Some(Tile::Container(Container::Tabs(tabs))) => tabs.add_child(pane),
        _ => tree.root = Some(tree.tiles.insert_tab_tile(vec![pane])),
    }
}

/// Brings a tab in front of those in its place.
pub fn bring_to_front(tree: &mut Tree<SessionId>, id: SessionId) {
    if let Some(tile) = tree.tiles.find_pane(&id) {
        tree.make_active(|candidate, _| candidate == tile);
    }
}

/// Adds two tabs side by side: the second in a column of its own at the right.
pub fn add_pair(tree: &mut Tree<SessionId>, left: SessionId, right: SessionId) {
    add(tree, None, left);
    add_right(tree, right);
}

/// Adds a tab in a column of its own at the right.
pub fn add_right(tree: &mut Tree<SessionId>, right: SessionId) {
    let pane = tree.tiles.insert_pane(right);
    let Some(root) = tree.root else { return };
    let columns = match tree.tiles.get(root) {
        Some(Tile::Container(Container::Linear(linear))) => linear.children.clone(),
        _ => Vec::new(),
    };
    // A second column that is there already takes the tab, so that pairs do not make the columns ever narrower.
    if let Some(Tile::Container(Container::Tabs(tabs))) = columns.get(1).and_then(|second| tree.tiles.get_mut(*second)) {
        tabs.add_child(pane);
        tabs.set_active(pane);
        return;
    }
    let column = tree.tiles.insert_tab_tile(vec![pane]);
    tree.root = Some(tree.tiles.insert_horizontal_tile(vec![root, column]));
}

/// Takes a tab away.
pub fn remove(tree: &mut Tree<SessionId>, id: SessionId) {
    if let Some(tile) = tree.tiles.find_pane(&id) {
        tree.remove_recursively(tile);
        tree.simplify(&simplification());
    }
}

/// The sessions whose tabs are in front.
pub fn visible(tree: &Tree<SessionId>) -> Vec<SessionId> {
    let panes = tree.active_tiles().into_iter();
    panes.filter_map(|tile| if let Some(Tile::Pane(id)) = tree.tiles.get(tile) { Some(*id) } else { None }).collect()
}

fn first_tabs(tree: &Tree<SessionId>) -> Option<TileId> {
    let mut tile = tree.root?;
    loop {
        match tree.tiles.get(tile)? {
            Tile::Container(Container::Tabs(_)) => return Some(tile),
            Tile::Container(container) => tile = *container.children().next()?,
            Tile::Pane(_) => return None,
        }
    }
}

fn simplification() -> SimplificationOptions {
    SimplificationOptions { all_panes_must_have_tabs: true, ..SimplificationOptions::default() }
}

/// What the tabs need while they are drawn.
pub struct Shown<'a> {
    /// Every session's tab.
    pub tabs: &'a mut BTreeMap<SessionId, SessionTab>,
    /// What the panels need.
    pub around: &'a Surroundings<'a>,
    /// Where wishes go.
    pub intents: &'a mut Vec<Intent>,
    /// The tile that was touched last.
    pub focused: &'a mut Option<SessionId>,
}

impl Shown<'_> {
    fn title(&self, id: SessionId) -> String {
        let Some(tab) = self.tabs.get(&id) else { return String::new() };
        if let Some(about) = &tab.about {
            return file::title(about, self.around.language);
        }
        let role = self.around.language.tr(role_key(tab.draft.role));
        let address = match tab.glance.local.filter(|_| !tab.draft.role.is_client()) {
            // The role says already that it is a path.
            Some(Address::Unix(place)) if tab.glance.state.is_live() && !place.is_unnamed() => place.to_string(),
            Some(local @ Address::Ip(_)) if tab.glance.state.is_live() => local.to_string(),
            _ => tab.draft.address(),
        };
        let address = if tab.draft.role.is_unix() { path::short(&address, PATH_CELLS) } else { address };
        match &tab.called {
            // A lesson calls it by what it is for.
            Some(called) => format!("{} {address}", called.of(self.around.language)),
            None => format!("{role} {address}"),
        }
    }
}

/// The most characters of a path in a title.
const PATH_CELLS: usize = 36;
/// Room for the dot, the icon and the button of a tab.
const DOT_ROOM: f32 = size::DOT + 8.0;
const ICON_ROOM: f32 = size::ICON + space::TINY;
const CLOSE_ROOM: f32 = 22.0;

impl Behavior<SessionId> for Shown<'_> {
    fn pane_ui(&mut self, ui: &mut Ui, _tile: TileId, pane: &mut SessionId) -> UiResponse {
        let Some(tab) = self.tabs.get_mut(pane) else { return UiResponse::None };
        if ui.input(|input| input.pointer.any_pressed()) && ui.rect_contains_pointer(ui.max_rect()) {
            *self.focused = Some(*pane);
        }
        tab.show(ui, self.around, self.intents);
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, pane: &SessionId) -> WidgetText {
        self.title(*pane).into()
    }

    /// `● ⇥ TCP 客户端 127.0.0.1:9000 ×`
    fn tab_ui(&mut self, tiles: &mut Tiles<SessionId>, ui: &mut Ui, id: Id, tile: TileId, state: &TabState) -> Response {
        let colors = palette(ui);
        let Some(Tile::Pane(session)) = tiles.get(tile) else { return ui.interact(Rect::NOTHING, id, Sense::hover()) };
        let session = *session;
        let title = self.title(session);
        let color = if state.active { colors.strong } else { colors.weak };
        let galley = ui.painter().layout_no_wrap(title.clone(), theme::font(size::CONTROL_TEXT), color);
        let width = space::MEDIUM + DOT_ROOM + ICON_ROOM + galley.size().x + space::SMALL + CLOSE_ROOM;
        let (_, rect) = ui.allocate_space(vec2(width, ui.available_height()));
        let response = ui.interact(rect, id, Sense::click_and_drag()).on_hover_cursor(CursorIcon::PointingHand);
        response.widget_info(|| WidgetInfo::selected(Access::Tab, true, state.active, &title));
        let painter = ui.painter();
        if state.active {
            painter.rect_filled(rect, 0.0, colors.window);
            painter.hline(rect.x_range(), rect.top() + 1.0, Stroke::new(2.0, colors.accent));
        } else if response.hovered() {
            painter.rect_filled(rect, 0.0, colors.hovered);
        }
        let middle = rect.center().y;
        let mut x = rect.left() + space::MEDIUM;
        if let Some(tab) = self.tabs.get(&session) {
            painter.circle_filled(
                pos2(x + size::DOT / 2.0, middle),
                size::DOT / 2.0,
                control::state_color(colors, tab.glance.state),
            );
            x += DOT_ROOM;
            let family = egui::FontFamily::Name(egui_material_icons::FONT_FAMILY.into());
            let icon = tab.about.as_ref().map_or_else(|| control::role_icon(tab.draft.role), file::icon).codepoint;
            painter.text(pos2(x, middle), Align2::LEFT_CENTER, icon, egui::FontId::new(size::ICON, family), color);
            x += ICON_ROOM;
        }
        let text_height = galley.size().y;
        painter.galley(pos2(x, middle - text_height / 2.0), galley, color);
        let close = Rect::from_center_size(pos2(rect.right() - CLOSE_ROOM / 2.0 - 2.0, middle), vec2(CLOSE_ROOM, CLOSE_ROOM));
        let name = self.around.language.tr_with("tab.close", &[("title", &title)]);
        let button = ui.interact(close, id.with("close"), Sense::click());
        button.widget_info(|| WidgetInfo::labeled(Access::Button, true, &name));
        let closing = button.clicked() || response.clicked_by(egui::PointerButton::Middle);
        let color = if button.hovered() { colors.error } else { colors.weak };
        let family = egui::FontFamily::Name(egui_material_icons::FONT_FAMILY.into());
        let font = egui::FontId::new(size::CONTROL_TEXT, family);
        ui.painter().text(close.center(), Align2::CENTER_CENTER, ICON_CLOSE.codepoint, font, color);
        button.on_hover_text(name);
        if closing {
            self.intents.push(Intent::CloseTab(session));
        } else if response.clicked() {
            *self.focused = Some(session);
        }
        response
    }

    fn tab_bar_height(&self, _style: &egui::Style) -> f32 {
        size::TAB_BAR
    }

    fn tab_bar_color(&self, visuals: &Visuals) -> Color32 {
        theme::of_visuals(visuals).panel
    }

    fn gap_width(&self, _style: &egui::Style) -> f32 {
        space::TINY
    }

    fn min_size(&self) -> f32 {
        size::COLUMN
    }

    fn simplification_options(&self) -> SimplificationOptions {
        simplification()
    }
}
