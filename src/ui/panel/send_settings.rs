//! 发送设置: how what is typed becomes bytes, and what is answered by itself. Must never send.

use crate::codec::message::{Input, LineEnding};
use crate::session::command::Action;
use crate::session::draft::{Field, ReplyChoice};
use crate::session::spec::Role;
use crate::traffic::record::Direction;
use crate::ui::intent::Intent;
use crate::ui::page::TabPage;
use crate::ui::session::{SessionTab, Surroundings};
use crate::ui::widget::field::Fields;
use crate::ui::widget::{control, encoding, field};
use egui::Ui;

/// ```text
/// 发送设置
/// [ 文本 | HEX | 转义 ]
/// 编码 [GBK ▾]
/// 行尾 [无 ▾]
/// 自动应答 [无 ▾]
/// ☐ 发送后清空
/// ```
pub fn show(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
    let problem = tab.draft.reply().err();
    let fields = Fields { language: around.language, problems: problem.as_slice() };
    let tr = |key: &str| fields.tr(key);
    field::caption(ui, &tr("send_settings.title"));
    control::segments(
        ui,
        &mut tab.draft.input,
        &[
            (Input::Text, tr("send_settings.text"), tr("send_settings.text_hint")),
            (Input::Hex, tr("send_settings.hex"), tr("send_settings.hex_hint")),
            (Input::Escaped, tr("send_settings.escaped"), tr("send_settings.escaped_hint")),
        ],
    );
    let mut reply_changed =
        encoding::choose(ui, &fields, ("send_settings.encoding", "send_settings.encoding_hint"), &mut tab.draft.send_encoding);
    if reply_changed {
        tab.pins.clear(Direction::Sent);
    }
    let endings =
        [LineEnding::None, LineEnding::CrLf, LineEnding::Lf, LineEnding::Cr].map(|ending| (ending, ending_text(&fields, ending)));
    fields.choice(ui, "send_settings.line_ending", &mut tab.draft.line_ending, &endings);
    let mut replies = vec![ReplyChoice::None, ReplyChoice::Echo, ReplyChoice::Upper, ReplyChoice::Fixed, ReplyChoice::Chat];
    // It answers messages, which streams do not have.
    replies.extend((tab.draft.role == Role::Udp).then_some(ReplyChoice::IpMsg));
    let replies: Vec<_> = replies.into_iter().map(|reply| (reply, tr(reply_key(reply)))).collect();
    reply_changed |= fields.choice(ui, "send_settings.reply", &mut tab.draft.reply, &replies);
    // Beside its messages the names stand where they are said.
    if tab.draft.reply == ReplyChoice::IpMsg && tab.page != TabPage::Messages {
        let names = &mut tab.draft.messenger;
        for (key, field, name) in [
            ("messenger.user", Field::MessengerUser, &mut names.user),
            ("messenger.host", Field::MessengerHost, &mut names.host),
            ("messenger.group", Field::MessengerGroup, &mut names.group),
        ] {
            reply_changed |= fields.text(ui, key, field, name, "").changed();
        }
    }
    if tab.draft.reply == ReplyChoice::Fixed {
        reply_changed |= fields.text(ui, "send_settings.reply_text", Field::ReplyText, &mut tab.draft.reply_text, "").changed();
    }
    fields.check(ui, "send_settings.clear", "send_settings.clear_hint", &mut tab.draft.clear_after_send);
    if reply_changed {
        if let Ok(reply) = tab.draft.reply() {
            intents.push(Intent::To(tab.id, Action::SetReply(reply)));
        }
        tab.check();
    }
}

fn ending_text(fields: &Fields<'_>, ending: LineEnding) -> String {
    match ending {
        LineEnding::None => fields.tr("send_settings.no_ending"),
        LineEnding::Lf => "LF  \\n".into(),
        LineEnding::Cr => "CR  \\r".into(),
        LineEnding::CrLf => "CRLF  \\r\\n".into(),
    }
}

fn reply_key(reply: ReplyChoice) -> &'static str {
    match reply {
        ReplyChoice::None => "reply.none",
        ReplyChoice::Echo => "reply.echo",
        ReplyChoice::Upper => "reply.upper",
        ReplyChoice::Fixed => "reply.fixed",
        ReplyChoice::Chat => "reply.chat",
        ReplyChoice::IpMsg => "reply.ipmsg",
    }
}
