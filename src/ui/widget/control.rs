//! Buttons, segments and dots: one filled button per panel, destructive ones outlined, the rest quiet. Must never be drawn without an
//! accessible name.

use crate::session::state::State;
use crate::ui::theme::{self, Palette, size};
use egui::accesskit::Role;
use egui::emath::Numeric;
use egui::{Button, Color32, Response, RichText, Sense, Slider, Stroke, Ui, WidgetInfo, vec2};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons;

/// The palette of this place.
pub fn palette(ui: &Ui) -> &'static Palette {
    theme::palette(ui.style())
}

/// An icon in the size of text in buttons.
pub fn icon(icon: MaterialIcon) -> RichText {
    icon.rich_text().size(size::ICON)
}

/// Gives a response a plain name: what is drawn may hold an icon, which no one can read aloud.
fn named(response: Response, name: &str) -> Response {
    let enabled = response.enabled();
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, name));
    response
}

/// The one filled button of a panel.
pub fn primary(ui: &mut Ui, symbol: MaterialIcon, word: &str) -> Response {
    let palette = palette(ui);
    ui.scope(|ui| {
        let widgets = &mut ui.visuals_mut().widgets;
        for widget in [&mut widgets.inactive, &mut widgets.hovered, &mut widgets.active] {
            widget.fg_stroke = Stroke::new(1.0, palette.on_accent);
            widget.bg_stroke = Stroke::NONE;
        }
        let hovered = ui.rect_contains_pointer(ui.available_rect_before_wrap());
        let fill = if hovered && ui.is_enabled() { palette.accent_hovered } else { palette.accent };
        let label = (icon(symbol).color(palette.on_accent), RichText::new(word).color(palette.on_accent));
        let width = ui.available_width();
        let button = Button::new(label).fill(fill).min_size(vec2(width.min(BUTTON_WIDTH), size::CONTROL + 2.0));
        named(ui.add(button), word)
    })
    .inner
}

/// The least width of a filled button where there is room.
const BUTTON_WIDTH: f32 = 92.0;

/// An outlined button that ends or destroys something.
pub fn danger(ui: &mut Ui, symbol: MaterialIcon, word: &str) -> Response {
    let color = palette(ui).error;
    let label = (icon(symbol).color(color), RichText::new(word).color(color));
    named(ui.add(Button::new(label).stroke(Stroke::new(1.0, color)).min_size(vec2(0.0, size::CONTROL))), word)
}

/// A quiet button with an icon and a word.
pub fn quiet(ui: &mut Ui, symbol: MaterialIcon, word: &str) -> Response {
    quiet_if(ui, true, symbol, word)
}

/// The same, which may be disabled. Not by a scope of its own around it: a scope does not wrap into the next line.
pub fn quiet_if(ui: &mut Ui, enabled: bool, symbol: MaterialIcon, word: &str) -> Response {
    let button = Button::new((icon(symbol), word.to_owned())).min_size(vec2(0.0, size::CONTROL));
    named(ui.add_enabled(enabled, button), word)
}

/// A quiet button of a word that says whether it is so already.
pub fn choice(ui: &mut Ui, on: bool, word: &str) -> Response {
    let response =
        if on { quiet(ui, icons::ICON_CHECK, word) } else { ui.add(Button::new(word).min_size(vec2(0.0, size::CONTROL))) };
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, on, word));
    response
}

/// A button of an icon alone; its name is its tooltip.
pub fn bare(ui: &mut Ui, symbol: MaterialIcon, name: &str) -> Response {
    let button = Button::new(icon(symbol)).frame_when_inactive(false).min_size(vec2(size::CONTROL, size::CONTROL));
    named(ui.add(button), name).on_hover_text(name)
}

/// The same, which may be disabled.
pub fn bare_if(ui: &mut Ui, enabled: bool, symbol: MaterialIcon, name: &str) -> Response {
    let button = Button::new(icon(symbol)).frame_when_inactive(false).min_size(vec2(size::CONTROL, size::CONTROL));
    named(ui.add_enabled(enabled, button), name).on_hover_text(name)
}

/// A button of an icon alone that is on or off.
pub fn toggle(ui: &mut Ui, symbol: MaterialIcon, name: &str, on: bool) -> Response {
    let color = if on { palette(ui).accent_text } else { palette(ui).text };
    let button = Button::new(icon(symbol).color(color)).selected(on).min_size(vec2(size::CONTROL, size::CONTROL));
    let response = ui.add(button.frame_when_inactive(on));
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, on, name));
    response.on_hover_text(name)
}

/// The same with a word beside the icon.
pub fn worded_toggle(ui: &mut Ui, symbol: MaterialIcon, word: &str, on: bool) -> Response {
    let color = if on { palette(ui).accent_text } else { palette(ui).text };
    let label = (icon(symbol).color(color), RichText::new(word).color(color));
    let response = ui.add(Button::new(label).selected(on).min_size(vec2(size::CONTROL, size::CONTROL)));
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, on, word));
    response
}

/// A knob on a rail that can be seen on every surface, filled up to the knob, its number beside it, and its name after that.
pub fn slider<T: Numeric>(
    ui: &mut Ui,
    value: &mut T,
    range: std::ops::RangeInclusive<T>,
    spread: Spread,
    name: &str,
) -> Response {
    let colors = palette(ui);
    ui.scope(|ui| {
        ui.spacing_mut().slider_width = size::SLIDER;
        ui.spacing_mut().slider_rail_height = size::RAIL;
        ui.visuals_mut().widgets.inactive.bg_fill = colors.line;
        ui.visuals_mut().selection.bg_fill = colors.accent;
        let slider = Slider::new(value, range).logarithmic(spread == Spread::Logarithmic).trailing_fill(true);
        ui.add(slider.text(name))
    })
    .inner
}

/// How values lie on a rail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Each takes as much of it as any other.
    Even,
    /// Each decade does.
    Logarithmic,
}

/// A row of choices of which one holds. Returns whether it changed.
pub fn segments<T: Copy + PartialEq>(ui: &mut Ui, value: &mut T, choices: &[(T, String, String)]) -> bool {
    let palette = palette(ui);
    let before = *value;
    egui::Frame::new().fill(palette.field).stroke(theme::line(palette)).corner_radius(size::CORNER).inner_margin(2).show(
        ui,
        |ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            let count = choices.len() as f32;
            let width = ((ui.available_width() - 2.0 * (count - 1.0)) / count).floor();
            ui.horizontal(|ui| {
                for (choice, word, hint) in choices {
                    let chosen = *value == *choice;
                    let color = if chosen { palette.on_accent } else { palette.text };
                    let fill = if chosen { palette.accent } else { Color32::TRANSPARENT };
                    let button = Button::new(RichText::new(word).color(color))
                        .fill(fill)
                        .stroke(Stroke::NONE)
                        .min_size(vec2(width, size::CONTROL - 4.0));
                    let response = ui.add(button);
                    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), chosen, word));
                    if response.on_hover_text(hint).clicked() {
                        *value = *choice;
                    }
                }
            });
        },
    );
    *value != before
}

/// The colour of a state.
pub fn state_color(palette: &Palette, state: State) -> Color32 {
    match state {
        State::Closed => palette.weak,
        State::Connecting => palette.busy,
        State::Open | State::Listening => palette.ok,
        State::HalfClosed => palette.received,
        State::Failed => palette.error,
    }
}

/// The dot of a state. It always stands beside the state's word or a tab's title, which names the state for screen readers.
pub fn dot(ui: &mut Ui, state: State) {
    light(ui, state_color(palette(ui), state));
}

/// A dot of a colour. What it means stands beside it.
pub fn light(ui: &mut Ui, color: Color32) {
    let (rect, _) = ui.allocate_exact_size(vec2(size::DOT, size::CONTROL), Sense::hover());
    ui.painter().circle_filled(rect.center(), size::DOT / 2.0, color);
}

/// The icon of a role.
pub fn role_icon(role: crate::session::spec::Role) -> MaterialIcon {
    use crate::session::spec::Role as Kind;
    match role {
        Kind::TcpClient => icons::ICON_LOGIN,
        Kind::TcpServer => icons::ICON_DNS,
        Kind::Udp => icons::ICON_MAIL,
        Kind::Relay => icons::ICON_ALT_ROUTE,
        Kind::UnixClient => icons::ICON_TERMINAL,
        Kind::UnixServer => icons::ICON_FOLDER_DATA,
        Kind::UnixDatagram => icons::ICON_CABLE,
    }
}
