//! The empty window: what can be done here, with the loopback pair as the way in. Must never be shown beside a session.

use super::intent::{Change, Intent, Pair};
use super::panel::network::role_key;
use super::theme::{self, size, space};
use super::widget::control::{self, palette};
use crate::i18n::Language;
use crate::session::spec::Role;
use egui::accesskit::Role as Access;
use egui::{Align, Layout, RichText, Sense, Stroke, Ui, UiBuilder, WidgetInfo, vec2};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons::{ICON_FILE_OPEN, ICON_SCHOOL, ICON_SWAP_HORIZ};

/// Widest that the page gets.
const WIDTH: f32 = 620.0;
/// Height of a card.
const CARD: f32 = 112.0;

/// ```text
///            网络调试，看得见
///  ┌ ⇄ 本机对连 ────────────────────────┐
///  └────────────────────────────────────┘
///  ┌ TCP 客户端 ┐ ┌ TCP 服务端 ┐ ┌ UDP ┐
/// ```
pub fn show(ui: &mut Ui, language: Language, intents: &mut Vec<Intent>) {
    let colors = palette(ui);
    let tr = |key: &str| language.tr(key).into_owned();
    ui.vertical_centered(|ui| {
        ui.set_max_width(WIDTH.min(ui.available_width() - space::HUGE));
        ui.add_space((ui.available_height() * 0.14).min(96.0));
        ui.label(RichText::new(tr("welcome.title")).size(size::TITLE_TEXT * 1.6).color(colors.strong));
        ui.label(RichText::new(tr("welcome.subtitle")).color(colors.weak));
        ui.add_space(space::LARGE);
        let width = ui.available_width();
        ui.horizontal(|ui| {
            let half = (width - space::SMALL) / 2.0;
            if card(ui, half, ICON_SWAP_HORIZ, &tr("pair.tcp"), &tr("welcome.pair_tcp"), true) {
                intents.push(Intent::Pair(Pair::Tcp));
            }
            if card(ui, half, ICON_SWAP_HORIZ, &tr("pair.udp"), &tr("welcome.pair_udp"), true) {
                intents.push(Intent::Pair(Pair::Udp));
            }
        });
        ui.horizontal(|ui| {
            let third = (width - 2.0 * space::SMALL) / 3.0;
            for (role, key) in
                [(Role::TcpClient, "welcome.tcp_client"), (Role::TcpServer, "welcome.tcp_server"), (Role::Udp, "welcome.udp")]
            {
                if card(ui, third, control::role_icon(role), &tr(role_key(role)), &tr(key), false) {
                    intents.push(Intent::New(role));
                }
            }
        });
        if control::quiet(ui, ICON_SCHOOL, &tr("welcome.lessons")).on_hover_text(tr("lessons.hint")).clicked() {
            intents.push(Intent::Settings(Change::Lessons(true)));
        }
        if control::quiet(ui, ICON_FILE_OPEN, &tr("welcome.open")).on_hover_text(tr("top.open_hint")).clicked() {
            intents.push(Intent::Open);
        }
        ui.add_space(space::TINY);
        ui.label(RichText::new(tr("welcome.tip")).size(size::CAPTION_TEXT).color(colors.weak));
    });
}

/// A large button with a title and a sentence.
fn card(ui: &mut Ui, width: f32, icon: MaterialIcon, title: &str, text: &str, main: bool) -> bool {
    let colors = palette(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(width, CARD), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Access::Button, true, title));
    let active = response.hovered() || response.has_focus();
    let line = if active || main { Stroke::new(if active { 2.0 } else { 1.0 }, colors.accent) } else { theme::line(colors) };
    let fill = if active { colors.hovered } else { colors.card };
    ui.painter().rect(rect, size::CORNER, fill, line, egui::StrokeKind::Inside);
    let inner = UiBuilder::new().max_rect(rect.shrink(space::MEDIUM)).layout(Layout::top_down(Align::Min));
    // A child that takes no room: the card itself has taken it.
    let ui = &mut ui.new_child(inner);
    ui.style_mut().interaction.selectable_labels = false;
    ui.spacing_mut().item_spacing.y = space::TINY;
    ui.horizontal(|ui| {
        ui.label(control::icon(icon).color(colors.accent_text));
        ui.label(RichText::new(title).color(colors.strong));
    });
    ui.add(egui::Label::new(RichText::new(text).size(size::CAPTION_TEXT).color(colors.weak)).wrap());
    response.clicked()
}
