//! The bar at the top: new sessions at the left, the window's own settings at the right. Must never know a session.

use super::intent::{Change, Intent, Pair};
use super::panel::network::role_key;
use super::theme::{self, size, space};
use super::widget::control::{self, palette};
use crate::i18n::Language;
use crate::session::spec::Role;
use crate::settings::Settings;
use egui::{Align, Frame, Layout, Margin, Panel, RichText, Ui};
use egui_material_icons::icons::{
    ICON_ADD, ICON_DARK_MODE, ICON_EXPAND_MORE, ICON_FILE_OPEN, ICON_FONT_DOWNLOAD, ICON_LAN, ICON_LAYERS, ICON_LIGHT_MODE,
    ICON_SCHOOL, ICON_SETTINGS, ICON_SWAP_HORIZ, ICON_TRANSLATE, ICON_VIEW_SIDEBAR,
};

/// `Sockscope  [＋ 新建会话 ▾] [⇄ 本机对连][▾] [打开…]          检查器  设置  中/EN  ☾/☀`
pub fn show(ui: &mut Ui, language: Language, settings: &Settings, intents: &mut Vec<Intent>) {
    let colors = palette(ui);
    let tr = |key: &str| language.tr(key).into_owned();
    let frame = Frame::new().fill(colors.panel).inner_margin(Margin::symmetric(12, 6));
    Panel::top("top-bar").frame(frame).show_separator_line(true).show(ui, |ui| {
        ui.horizontal(|ui| {
            let whole = ui.available_width();
            let worded = whole >= ROOM_FOR_WORDS;
            // At twice the size in a small window there is room for the icons alone.
            let tight = ui.available_width() < size::READABLE + 2.0 * size::LABEL;
            let button = |ui: &mut Ui, symbol, word: &str| {
                if tight { control::bare(ui, symbol, word) } else { control::quiet(ui, symbol, word) }
            };
            let title = RichText::new("Sockscope").font(theme::font(size::TITLE_TEXT)).color(colors.strong);
            // A window scaled up may be narrower than its least width: the buttons come first.
            let titled = if tight { whole > size::READABLE } else { whole > ROOM_FOR_TITLE };
            if titled {
                ui.label(title);
                ui.add_space(space::SMALL);
            }
            let new = button(ui, ICON_ADD, &tr("top.new")).on_hover_text(tr("top.new_hint"));
            egui::Popup::menu(&new).accessible_name(tr("top.new")).show(|ui| {
                for role in Role::HERE {
                    if menu_item(ui, control::role_icon(*role), &tr(role_key(*role))) {
                        intents.push(Intent::New(*role));
                    }
                }
            });
            // One click for the pair that a first minute needs; the other kind is behind the arrow.
            if button(ui, ICON_SWAP_HORIZ, &tr("top.pair")).on_hover_text(tr("top.pair_hint")).clicked() {
                intents.push(Intent::Pair(Pair::Tcp));
            }
            ui.add_space(space::TINY - ui.spacing().item_spacing.x);
            let more = control::bare(ui, ICON_EXPAND_MORE, &tr("top.pair_more"));
            egui::Popup::menu(&more).accessible_name(tr("top.pair_more")).show(|ui| {
                let pairs = [
                    (Pair::Tcp, Role::TcpServer, "pair.tcp"),
                    (Pair::Udp, Role::Udp, "pair.udp"),
                    (Pair::Unix, Role::UnixServer, "unix.pair"),
                ];
                for (kind, role, key) in pairs.into_iter().filter(|(_, role, _)| Role::HERE.contains(role)) {
                    if menu_item(ui, control::role_icon(role), &tr(key)) {
                        intents.push(Intent::Pair(kind));
                    }
                }
            });
            let open = if !worded {
                control::bare(ui, ICON_FILE_OPEN, &tr("top.open"))
            } else {
                control::quiet(ui, ICON_FILE_OPEN, &tr("top.open"))
            };
            if open.on_hover_text(tr("top.open_hint")).clicked() {
                intents.push(Intent::Open);
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = space::TINY;
                let symbol = if ui.visuals().dark_mode { ICON_LIGHT_MODE } else { ICON_DARK_MODE };
                if control::bare(ui, symbol, &tr("top.theme")).clicked() {
                    intents.push(Intent::Settings(Change::NextTheme));
                }
                let language_button = if !worded {
                    control::bare(ui, ICON_TRANSLATE, "中/EN")
                } else {
                    control::quiet(ui, ICON_TRANSLATE, "中/EN")
                };
                if language_button.on_hover_text(tr("top.language")).clicked() {
                    intents.push(Intent::Settings(Change::NextLanguage));
                }
                let settings_button = if !worded {
                    control::bare(ui, ICON_SETTINGS, &tr("top.settings"))
                } else {
                    control::quiet(ui, ICON_SETTINGS, &tr("top.settings"))
                };
                if settings_button.clicked() {
                    intents.push(Intent::Settings(Change::ShowSettings(true)));
                }
                let Settings { inspector, lens, encapsulation, desk, lessons, .. } = *settings;
                if control::toggle(ui, ICON_VIEW_SIDEBAR, &tr("top.inspector"), inspector).clicked() {
                    intents.push(Intent::Settings(Change::Inspector(!inspector)));
                }
                if control::toggle(ui, ICON_FONT_DOWNLOAD, &tr("top.lens"), lens).on_hover_text(tr("top.lens_hint")).clicked() {
                    intents.push(Intent::Settings(Change::Lens(!lens)));
                }
                let layers = control::toggle(ui, ICON_LAYERS, &tr("encap.title"), encapsulation);
                if layers.on_hover_text(tr("encap.hint")).clicked() {
                    intents.push(Intent::Settings(Change::Encapsulation(!encapsulation)));
                }
                let word = tr("desk.title");
                let button = if worded {
                    control::worded_toggle(ui, ICON_LAN, &word, desk)
                } else {
                    control::toggle(ui, ICON_LAN, &word, desk)
                };
                if button.on_hover_text(tr("desk.open_hint")).clicked() {
                    intents.push(Intent::Settings(Change::Desk(!desk)));
                }
                // The classroom is a way in, so it has its word where there is room.
                let word = tr("lessons.title");
                let school = if !worded {
                    control::toggle(ui, ICON_SCHOOL, &word, lessons)
                } else {
                    control::worded_toggle(ui, ICON_SCHOOL, &word, lessons)
                };
                if school.on_hover_text(tr("lessons.hint")).clicked() {
                    intents.push(Intent::Settings(Change::Lessons(!lessons)));
                }
            });
        });
    });
}

/// Below this the buttons for what there is already, and those at the right, are icons alone.
const ROOM_FOR_WORDS: f32 = 990.0;
/// Below this new sessions need the room of the title, until they are icons too.
const ROOM_FOR_TITLE: f32 = 800.0;

/// A line of a menu with an icon; `true` when it was chosen.
fn menu_item(ui: &mut Ui, icon: egui_material_icons::MaterialIcon, word: &str) -> bool {
    let response = ui.add(
        egui::Button::new((control::icon(icon), word.to_owned()))
            .frame_when_inactive(false)
            .min_size(egui::vec2(160.0, size::CONTROL)),
    );
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::MenuItem, true, word));
    response.clicked()
}
