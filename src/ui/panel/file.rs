//! What a tab was read from, in place of the network settings: a file, or records of a run that did not end as it should. Must never
//! offer what can't be done with it.

use crate::capture::Kind;
use crate::describe::{grouped, size_text};
use crate::history::open::{About, Origin};
use crate::i18n::Language;
use crate::session::draft::Draft;
use crate::session::id::SessionId;
use crate::session::spec::{Role, SessionSpec};
use crate::ui::intent::Intent;
use crate::ui::panel::network::role_key;
use crate::ui::session::{SessionTab, Surroundings};
use crate::ui::theme::{self, size, space};
use crate::ui::widget::control::{self, palette};
use crate::ui::widget::field::{caption, labelled};
use egui::{Align, Label, Layout, RichText, Ui, UiBuilder, vec2};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons::{ICON_DESCRIPTION, ICON_HISTORY, ICON_LOCK, ICON_SAVE_ALT, ICON_WARNING};

/// The word for what it is.
pub fn state_key(about: &About) -> &'static str {
    match about.origin {
        Origin::File { .. } => "file.state",
        Origin::Left { .. } => "file.recovered",
    }
}

/// Its icon.
pub fn icon(about: &About) -> MaterialIcon {
    match about.origin {
        Origin::File { .. } => ICON_DESCRIPTION,
        Origin::Left { .. } => ICON_HISTORY,
    }
}

/// The tab's title: the name of the file, or what the session was.
pub fn title(about: &About, language: Language) -> String {
    match &about.origin {
        Origin::File { path, .. } => {
            path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
        }
        Origin::Left { number, spec, local } => {
            let local = local.map(|local| local.to_string());
            let name = match spec {
                Some(SessionSpec::TcpClient(spec)) => named(language, Role::TcpClient, &spec.remote.to_string()),
                Some(SessionSpec::TcpServer(spec)) => {
                    named(language, Role::TcpServer, &local.unwrap_or_else(|| spec.local.to_string()))
                }
                Some(SessionSpec::Udp(spec)) => named(language, Role::Udp, &local.unwrap_or_else(|| spec.local.to_string())),
                Some(SessionSpec::Relay(spec)) => named(language, Role::Relay, &local.unwrap_or_else(|| spec.listen.to_string())),
                Some(SessionSpec::UnixClient(spec)) => named(language, Role::UnixClient, &spec.path.to_string()),
                Some(SessionSpec::UnixServer(spec)) => named(language, Role::UnixServer, &spec.path.to_string()),
                Some(SessionSpec::UnixDatagram(spec)) => {
                    named(language, Role::UnixDatagram, &spec.path.map_or_else(String::new, |path| path.to_string()))
                }
                None => language.tr_with("file.session", &[("number", number)]),
            };
            language.tr_with("file.title_recovered", &[("name", &name)])
        }
    }
}

fn named(language: Language, role: Role, address: &str) -> String {
    format!("{} {address}", language.tr(role_key(role)))
}

/// How its bytes are shown at first.
pub fn draft(about: &About) -> Draft {
    let role = match &about.origin {
        Origin::Left { spec: Some(spec), .. } => spec.role(),
        // Its rows are of any peer.
        _ => Role::Udp,
    };
    let mut draft = Draft::new(role);
    if let Origin::File { encoding: Some(encoding), .. } = about.origin {
        draft.receive_encoding = encoding;
        draft.send_encoding = encoding;
    } else {
        // Nobody has chosen yet, and nobody knows what a stranger's capture holds.
        draft.auto_encoding = true;
    }
    draft
}

fn kind_key(kind: Kind) -> &'static str {
    match kind {
        Kind::Own => "file.own",
        Kind::Pcapng => "file.pcapng",
        Kind::Pcap => "file.pcap",
        Kind::NetAssist => "file.netassist",
        Kind::JsonLines => "file.jsonl",
    }
}

/// ```text
/// 捕获文件
/// 文件  trace.pcapng
/// 类型  pcapng
/// 大小  1.2 MB
/// 记录  12,345
/// 开始  2026-07-21 08:20:34.093
/// 结束  2026-07-21 08:21:04.511
/// ⚠ 文件在末尾被截断…
/// ```
pub fn show(tab: &SessionTab, ui: &mut Ui, around: &Surroundings<'_>) {
    let Some(about) = &tab.about else { return };
    let language = around.language;
    let colors = palette(ui);
    let line_of = |ui: &mut Ui, key: &str, text: &str, whole: &str| {
        labelled(ui, &language.tr(key), |ui, id| {
            let label = Label::new(RichText::new(text).color(colors.strong)).truncate();
            ui.add(label).on_hover_text(whole).labelled_by(id);
        });
    };
    let line = |ui: &mut Ui, key: &str, text: &str| line_of(ui, key, text, text);
    caption(ui, &language.tr(state_key(about)));
    ui.spacing_mut().item_spacing.y = 0.0;
    match &about.origin {
        Origin::File { path, kind, .. } => {
            line_of(ui, "file.path", &title(about, language), &path.display().to_string());
            line(ui, "file.kind", &language.tr(kind_key(*kind)));
        }
        Origin::Left { .. } => line(ui, "file.path", &title(about, language)),
    }
    line(ui, "file.size", &size_text(about.size));
    line(ui, "file.records", &grouped(about.records));
    if let Some((first, last)) = about.span {
        for (key, at) in [("file.first", first), ("file.last", last)] {
            let whole = at.date_and_clock(around.zone);
            line_of(ui, key, whole.split('.').next().unwrap_or(&whole), &whole);
        }
    }
    let mut warnings = about.summary.warnings(language);
    if about.summary.repeated > 0 {
        warnings.push(language.tr_with("file.repeated", &[("count", &grouped(about.summary.repeated))]));
    }
    for warning in warnings {
        ui.add_space(space::TINY);
        ui.horizontal_top(|ui| {
            ui.label(control::icon(ICON_WARNING).size(size::CONTROL_TEXT).color(colors.warning));
            ui.add(Label::new(RichText::new(warning).size(size::CAPTION_TEXT).color(colors.text)).wrap());
        });
    }
    if matches!(about.origin, Origin::Left { .. }) {
        ui.add_space(space::TINY);
        ui.add(Label::new(RichText::new(language.tr("file.goes")).size(size::CAPTION_TEXT).color(colors.weak)).wrap());
    }
}

/// Height of the line that stands where the send box would.
pub const LINE: f32 = size::CONTROL + 2.0 * space::SMALL;

/// `🔒 只读：可以查看、查找、筛选、复制和导出                  [导出…]`
pub fn read_only(session: SessionId, ui: &mut Ui, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
    let colors = palette(ui);
    let tr = |key: &str| around.language.tr(key).into_owned();
    let card = ui.available_rect_before_wrap();
    ui.painter().rect(card, size::CORNER, colors.card, theme::line(colors), egui::StrokeKind::Inside);
    let inner = UiBuilder::new().max_rect(card.shrink2(vec2(space::MEDIUM, 0.0)));
    let ui = &mut ui.new_child(inner.layout(Layout::right_to_left(Align::Center)));
    if control::quiet(ui, ICON_SAVE_ALT, &tr("receive.save")).on_hover_text(tr("receive.save_hint")).clicked() {
        intents.push(Intent::Export(session));
    }
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        ui.label(control::icon(ICON_LOCK).size(size::CONTROL_TEXT).color(colors.weak));
        ui.add(Label::new(RichText::new(tr("file.read_only")).color(colors.weak)).truncate());
    });
}
