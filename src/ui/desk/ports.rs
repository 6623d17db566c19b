//! Who listens: every open port of this machine with its process, and what usually listens on one. Must never lay out more rows than are
//! in view.

use super::asking::{Asking, Heard};
use super::{remark, typed};
use crate::describe::grouped;
use crate::i18n::Language;
use crate::os::listeners::{Listener, list};
use crate::session::service::{part_of, service_of, services};
use crate::ui::theme::{self, size, space};
use crate::ui::widget::bytes::Line;
use crate::ui::widget::control::{self, palette};
use egui::accesskit::Role as Access;
use egui::{Align2, RichText, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};
use egui_material_icons::icons::ICON_REFRESH;

/// The page.
#[derive(Default)]
pub struct Ports {
    /// A port, or part of a service's or process's name.
    pub wanted: String,
    /// As last found, or why not; `None` before.
    pub found: Option<Result<Vec<Listener>, String>>,
    asking: Option<Asking<Result<Vec<Listener>, String>>>,
    /// What [`Ports::wanted`] admits, by its text.
    admitted: Option<(String, Vec<usize>)>,
}

impl Ports {
    /// ```text
    /// 查找 [2425 或 http]                                     [刷新]
    /// 2425：IP Messenger, FeiQ · TCP, UDP · 注册端口
    /// 协议  地址                 通常是            进程
    /// TCP   127.0.0.1:9000       —                 sockscope (4321)
    /// ```
    pub fn show(&mut self, ui: &mut Ui, language: Language) {
        let tr = |key: &str| language.tr(key).into_owned();
        match self.asking.as_ref().map(|asking| asking.heard(ui.ctx())) {
            None | Some(Heard::Waiting(_)) => {}
            Some(Heard::Answer(found)) => (self.found, self.asking, self.admitted) = (Some(found), None, None),
            Some(Heard::Broken) => (self.found, self.asking) = (Some(Err(tr("desk.broken"))), None),
        }
        if self.found.is_none() && self.asking.is_none() {
            self.ask(ui);
        }
        typed(ui, &tr("desk.find_port"), &mut self.wanted, &tr("desk.find_port_hint"), None);
        self.usual(ui, language);
        ui.horizontal(|ui| {
            if control::quiet_if(ui, self.asking.is_none(), ICON_REFRESH, &tr("desk.refresh")).clicked() {
                self.ask(ui);
            }
            let told = match (&self.found, &self.asking) {
                (_, Some(_)) | (None, None) => tr("desk.asking"),
                (Some(Ok(found)), None) => {
                    let shown = self.admitted.as_ref().map_or(found.len(), |(_, admitted)| admitted.len());
                    let counts: [(&str, &dyn std::fmt::Display); 2] =
                        [("shown", &grouped(shown as u64)), ("all", &grouped(found.len() as u64))];
                    language.tr_with("desk.ports_shown", &counts)
                }
                (Some(Err(problem)), None) => problem.clone(),
            };
            ui.label(RichText::new(told).color(palette(ui).weak));
        });
        self.table(ui, language);
    }

    fn ask(&mut self, ui: &Ui) {
        match Asking::start(ui.ctx(), "listeners", list) {
            Ok(asking) => self.asking = Some(asking),
            Err(problem) => self.found = Some(Err(problem)),
        }
    }

    /// What usually listens on the port that is typed, or has the name.
    fn usual(&self, ui: &mut Ui, language: Language) {
        let wanted = self.wanted.trim();
        if let Ok(port) = wanted.parse::<u16>() {
            let part = language.tr(part_of(port).key());
            let text = match service_of(port) {
                Some(service) => format!("{port}: {} · {} · {part}", service.name, service.by.text()),
                None => format!("{port}: {} · {part}", language.tr("desk.no_service")),
            };
            super::explained(ui, &text);
        } else if wanted.len() > 1 {
            let named = |name: &str| name.to_lowercase().contains(&wanted.to_lowercase());
            let found = services().iter().filter(|service| named(service.name)).take(MOST_NAMED);
            let lines: Vec<String> =
                found.map(|service| format!("{}: {} · {}", service.port, service.name, service.by.text())).collect();
            if !lines.is_empty() {
                super::explained(ui, &lines.join("\n"));
            }
        }
    }

    /// The rows that are looked for, found out when that changes.
    fn admit(&mut self) {
        let fresh = self.admitted.as_ref().is_some_and(|(wanted, _)| *wanted == self.wanted);
        if fresh {
            return;
        }
        let wanted = self.wanted.trim().to_lowercase();
        let found = self.found.as_ref().and_then(|found| found.as_ref().ok()).map(Vec::as_slice).unwrap_or_default();
        let admits = |listener: &Listener| wanted.is_empty() || text_of(listener).to_lowercase().contains(&wanted);
        let rows = found.iter().enumerate().filter(|(_, listener)| admits(listener)).map(|(index, _)| index).collect();
        self.admitted = Some((self.wanted.clone(), rows));
    }

    fn table(&mut self, ui: &mut Ui, language: Language) {
        self.admit();
        let colors = palette(ui);
        let Some(Ok(found)) = &self.found else { return };
        let rows = self.admitted.as_ref().map(|(_, rows)| rows.as_slice()).unwrap_or_default();
        let columns = Columns::of(ui.available_width() - size::SCROLL_BAR);
        let (head, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::hover());
        for (x, key) in [
            (0.0, "desk.transport"),
            (columns.address, "desk.local"),
            (columns.service, "desk.usually"),
            (columns.process, "desk.process"),
        ] {
            let at = pos2(head.left() + space::TINY + x, head.center().y);
            let font = theme::font(size::CAPTION_TEXT);
            ui.painter().text(at, Align2::LEFT_CENTER, language.tr(key), font, colors.weak);
        }
        let below = size::ROW * 2.0;
        let height = (ui.available_height() - below).max(size::ROW * 3.0);
        let area = ScrollArea::vertical().id_salt("desk-ports").auto_shrink(false).max_height(height);
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            area.show_rows(ui, size::ROW, rows.len(), |ui, visible| {
                for index in visible {
                    let Some(listener) = rows.get(index).and_then(|row| found.get(*row)) else { continue };
                    row(ui, language, listener, (index, &columns));
                }
            });
        });
        remark(ui, &language.tr("desk.ports_note"));
    }
}

/// Services named for a word.
const MOST_NAMED: usize = 6;

/// Where the columns stand.
struct Columns {
    address: f32,
    service: f32,
    process: f32,
    width: f32,
}

impl Columns {
    fn of(width: f32) -> Self {
        let rest = width - TRANSPORT;
        Self { address: TRANSPORT, service: TRANSPORT + rest * 0.42, process: TRANSPORT + rest * 0.7, width }
    }
}

/// Room for `TCP`.
const TRANSPORT: f32 = 64.0;

fn row(ui: &mut Ui, language: Language, listener: &Listener, (index, columns): (usize, &Columns)) {
    let colors = palette(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(columns.width, size::ROW), Sense::click());
    let fill = match index % 2 {
        _ if response.hovered() => colors.hovered,
        0 => colors.card,
        _ => colors.row_alternate,
    };
    ui.painter().rect_filled(rect, 0.0, fill);
    let service = service_of(listener.address.port()).map_or("—", |service| service.name);
    let owners = owners_of(listener);
    let unknown = language.tr("desk.unknown");
    let process = if owners.is_empty() { &*unknown } else { owners.as_str() };
    let address = listener.address.to_string();
    let mut elided = false;
    for (from, to, text, color) in [
        (0.0, columns.address, listener.transport.text(), colors.text),
        (columns.address, columns.service, address.as_str(), colors.strong),
        (columns.service, columns.process, service, colors.weak),
        (columns.process, columns.width, process, colors.text),
    ] {
        let mut line = Line::prose(to - from - space::SMALL);
        line.push(text, color);
        let galley = ui.fonts_mut(|fonts| fonts.layout_job(line.finish()));
        elided |= galley.elided;
        let place = pos2(rect.left() + space::TINY + from, rect.center().y - galley.size().y / 2.0);
        ui.painter().galley(place, galley, color);
    }
    let told = format!("{} {address} {service} {process}", listener.transport.text());
    response.widget_info(|| WidgetInfo::labeled(Access::ListItem, true, &told));
    if elided {
        response.on_hover_text(told);
    }
}

fn owners_of(listener: &Listener) -> String {
    let owners = listener.owners.iter().map(|owner| match &owner.name {
        Some(name) => format!("{name} ({})", owner.pid),
        None => owner.pid.to_string(),
    });
    owners.collect::<Vec<_>>().join(", ")
}

/// What is searched in.
fn text_of(listener: &Listener) -> String {
    let service = service_of(listener.address.port()).map_or("", |service| service.name);
    format!("{} {} {service} {}", listener.transport.text(), listener.address, owners_of(listener))
}
