//! 接收设置: how what arrived is shown, and what can be done with the log. Must never change what is recorded.

use super::framing;
use crate::session::command::Action;
use crate::session::draft::Shown;
use crate::session::recording::Begin;
use crate::traffic::record::Direction;
use crate::ui::intent::Intent;
use crate::ui::session::{SessionTab, Surroundings};
use crate::ui::widget::field::Fields;
use crate::ui::widget::rows::Move;
use crate::ui::widget::{control, encoding, field};
use egui::Ui;
use egui_material_icons::icons::{ICON_DELETE_SWEEP, ICON_RADIO_BUTTON_CHECKED, ICON_SAVE_ALT, ICON_STOP_CIRCLE};

/// ```text
/// 接收设置
/// [ 文本 | HEX | 对照 ]
/// 编码 [GBK ▾]
/// 分帧 [按行 ▾]
/// ☑ 自动滚屏   ☐ 暂停显示
/// [清空] [导出…] [录制 ▾]
/// ```
pub fn show(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
    let tr = |key: &str| around.language.tr(key).into_owned();
    field::caption(ui, &tr(if tab.about.is_some() { "file.view" } else { "receive.title" }));
    control::segments(
        ui,
        &mut tab.draft.shown,
        &[
            (Shown::Text, tr("receive.text"), tr("receive.text_hint")),
            (Shown::Hex, tr("receive.hex"), tr("receive.hex_hint")),
            (Shown::Both, tr("receive.both"), tr("receive.both_hint")),
        ],
    );
    let fields = Fields { language: around.language, problems: &[] };
    let mut received = tab.encoding_of(Direction::Received);
    if encoding::choose_or_auto(ui, &fields, ("receive.encoding", "receive.encoding_hint"), &mut received) {
        tab.choose_encoding(Direction::Received, received);
        if let Ok(reply) = tab.draft.reply()
            && tab.about.is_none()
        {
            intents.push(Intent::To(tab.id, Action::SetReply(reply)));
        }
    }
    if tab.about.is_some() {
        // Beside a socket this stands in the settings for sending.
        let mut sent = tab.encoding_of(Direction::Sent);
        if encoding::choose_or_auto(ui, &fields, ("file.sent_encoding", "receive.encoding_hint"), &mut sent) {
            tab.choose_encoding(Direction::Sent, sent);
        }
    }
    framing::show(tab, ui, around);
    // A file does not grow, and its export stands beneath the log.
    if tab.about.is_some() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        let mut follow = tab.place.follows();
        if ui.checkbox(&mut follow, tr("receive.follow")).on_hover_text(tr("receive.follow_hint")).changed() {
            tab.place.set_follow(follow);
            tab.movement = follow.then_some(Move::End);
        }
        let mut paused = tab.view.is_paused();
        if ui.checkbox(&mut paused, tr("receive.pause")).on_hover_text(tr("receive.pause_hint")).changed() {
            tab.pause_asked = Some(paused);
        }
    });
    ui.horizontal_wrapped(|ui| {
        if control::quiet(ui, ICON_DELETE_SWEEP, &tr("receive.clear")).on_hover_text(tr("receive.clear_hint")).clicked() {
            tab.selection = crate::ui::session::Selection::default();
            intents.push(Intent::To(tab.id, Action::Clear));
        }
        if control::quiet(ui, ICON_SAVE_ALT, &tr("receive.save")).on_hover_text(tr("receive.save_hint")).clicked() {
            intents.push(Intent::Export(tab.id));
        }
        if tab.glance.recording.is_some() {
            let stop = control::quiet(ui, ICON_STOP_CIRCLE, &tr("record.stop"));
            if stop.on_hover_text(tr("record.stop_hint")).clicked() {
                intents.push(Intent::StopRecording(tab.id));
            }
            return;
        }
        let record =
            control::quiet(ui, ICON_RADIO_BUTTON_CHECKED, &tr("receive.record")).on_hover_text(tr("receive.record_hint"));
        egui::Popup::menu(&record).accessible_name(tr("receive.record")).show(|ui| {
            for (from, key) in [(Begin::Now, "record.now"), (Begin::FirstRecord, "record.all")] {
                if ui.button(tr(key)).clicked() {
                    intents.push(Intent::Record(tab.id, from));
                }
            }
        });
    });
}
