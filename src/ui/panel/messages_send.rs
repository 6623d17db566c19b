//! What is said to programs of IP Messenger: a preset, who one is, the text, and the exact datagram that would leave. Must never send what
//! it cannot show.

use super::send;
use crate::describe;
use crate::session::command::{Action, Message};
use crate::session::messenger::{Charset, MessengerDraft, Preset};
use crate::ui::intent::Intent;
use crate::ui::session::{SessionTab, Surroundings};
use crate::ui::theme::{self, size, space};
use crate::ui::widget::control::{self, palette};
use crate::ui::widget::field::Fields;
use egui::{Align, ComboBox, Key, Label, Layout, RichText, TextEdit, Ui, UiBuilder, vec2};
use egui_material_icons::icons::ICON_SEND;
use std::sync::Arc;

/// ```text
/// 飞秋消息                              对象 [网络设置中的远程 ▾]
/// [消息（要回执）▾] [你好                          ]  [ 发送 ]
/// 1:1784622034:zhang:PC-01:288:你好␀   38 B
/// [GBK][UTF-8] 用户 [zhang] 主机 [PC-01] 组 [研发部] 版本 [1]
/// ```
pub fn show(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
    let fields = Fields { language: around.language, problems: &[] };
    let colors = palette(ui);
    let card = ui.available_rect_before_wrap();
    ui.painter().rect(card, size::CORNER, colors.card, theme::line(colors), egui::StrokeKind::Inside);
    let ui = &mut ui.new_child(UiBuilder::new().max_rect(card.shrink2(vec2(space::MEDIUM, space::SMALL))));
    ui.spacing_mut().item_spacing.y = space::TINY;
    ui.horizontal(|ui| {
        ui.label(RichText::new(fields.tr("messenger.compose")).size(size::CAPTION_TEXT).color(colors.weak).strong());
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| send::target_choice(tab, ui, &fields));
    });
    // In a low tile the lines scroll, so that none lies over another.
    egui::ScrollArea::vertical().id_salt(("messenger", tab.id.0)).auto_shrink(false).show(ui, |ui| {
        let before = tab.draft.reply().ok();
        line(tab, ui, around, &fields, intents);
        let typed = &mut tab.draft.messenger;
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(space::SMALL, space::TINY);
            if typed.preset == Preset::Files {
                edit(ui, &fields.tr("messenger.file_name"), &mut typed.file, 2.0 * NAME);
                edit(ui, &fields.tr("messenger.file_size"), &mut typed.file_size, NAME);
            }
            charset(ui, &fields, typed);
            for (key, value, width) in [
                ("messenger.user", &mut typed.user, NAME),
                ("messenger.host", &mut typed.host, NAME),
                ("messenger.group", &mut typed.group, NAME),
                ("messenger.version", &mut typed.version, VERSION),
            ] {
                edit(ui, &fields.tr(key), value, width);
            }
        });
        // The bot speaks under the same name.
        if let Ok(reply) = tab.draft.reply()
            && before.as_ref() != Some(&reply)
        {
            intents.push(Intent::To(tab.id, Action::SetReply(reply)));
            tab.check();
        }
    });
}

/// Room for a name.
const NAME: f32 = 84.0;
/// Room for a version.
const VERSION: f32 = 44.0;
/// Room for the longest preset.
const PRESET: f32 = 150.0;

fn preset(ui: &mut Ui, fields: &Fields<'_>, typed: &mut MessengerDraft, tab: u64) {
    let combo = ComboBox::from_id_salt(("preset", tab)).selected_text(fields.tr(typed.preset.key())).width(PRESET);
    let response = combo.show_ui(ui, |ui| {
        for preset in Preset::all() {
            ui.selectable_value(&mut typed.preset, preset, fields.tr(preset.key()));
        }
    });
    ui.ctx().accesskit_node_builder(response.response.id, |node| node.set_label(fields.tr("messenger.preset")));
}

fn charset(ui: &mut Ui, fields: &Fields<'_>, typed: &mut MessengerDraft) {
    for (charset, word, hint) in [(Charset::Gbk, "GBK", "messenger.gbk_hint"), (Charset::Utf8, "UTF-8", "messenger.utf8_hint")] {
        if control::choice(ui, typed.charset == charset, word).on_hover_text(fields.tr(hint)).clicked() {
            typed.charset = charset;
        }
    }
}

/// A short field with its name before it.
fn edit(ui: &mut Ui, name: &str, value: &mut String, width: f32) {
    let colors = palette(ui);
    // Both wrap into the next line together, so their width must be known before.
    let galley = ui.painter().layout_no_wrap(name.to_owned(), theme::font(size::CAPTION_TEXT), colors.weak);
    let whole = vec2(galley.size().x + space::TINY + width, size::CONTROL);
    ui.allocate_ui_with_layout(whole, Layout::left_to_right(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = space::TINY;
        let label = ui.label(galley);
        let edit = TextEdit::singleline(value).align(egui::Align2::LEFT_CENTER);
        ui.add_sized(vec2(width, size::CONTROL), edit).labelled_by(label.id);
    });
}

/// The text, the button, and the datagram or what is wrong with it.
fn line(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, fields: &Fields<'_>, intents: &mut Vec<Intent>) {
    let now = tab.messages.now;
    let datagram = tab.draft.messenger.datagram(now);
    let hindrance = send::hindrance(tab);
    let mut asked = false;
    ui.horizontal(|ui| {
        preset(ui, fields, &mut tab.draft.messenger, tab.id.0);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let able = datagram.is_ok() && hindrance.is_none();
            let button = ui.add_enabled_ui(able, |ui| control::primary(ui, ICON_SEND, &fields.tr("send.button"))).inner;
            asked = button.clicked();
            let typed = &mut tab.draft.messenger;
            let hint = if typed.preset == Preset::Acknowledge { "messenger.packet_hint" } else { "messenger.text_hint" };
            let edit = TextEdit::singleline(&mut typed.text)
                .hint_text(fields.tr(hint))
                .desired_width(ui.available_width())
                .min_size(vec2(0.0, size::CONTROL))
                .align(egui::Align2::LEFT_CENTER);
            let response = ui.add_enabled(typed.preset.has_text(), edit);
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(fields.tr("messenger.text")));
            asked |= able && response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        });
    });
    let colors = palette(ui);
    let (text, color) = match (&datagram, hindrance) {
        (Err(problem), _) => (describe::messenger_problem(around.language, problem), colors.error),
        (Ok(_), Some(key)) => (fields.tr(key), colors.warning),
        (Ok(bytes), None) => (preview(bytes, tab.draft.messenger.charset), colors.weak),
    };
    ui.add(Label::new(RichText::new(text).font(theme::small_mono()).color(color)).truncate());
    if let (true, Ok(bytes), Some(target)) = (asked, datagram, send::target(tab)) {
        tab.draft.messenger.last_packet = tab.draft.messenger.next_packet(now);
        intents.push(Intent::To(tab.id, Action::Send(Message { bytes: Arc::from(bytes), target })));
    }
}

/// The datagram as it would leave; what ends a text is shown.
fn preview(bytes: &[u8], charset: Charset) -> String {
    let encoding = match charset {
        Charset::Gbk => crate::codec::encoding::Encoding::GBK,
        Charset::Utf8 => crate::codec::encoding::Encoding::UTF_8,
    };
    format!("{}   {} B", crate::traffic::format::one_line(&encoding.decode(bytes)), bytes.len())
}
