//! One row of the log: time, direction, peer, length and content, or a note; its selection and its menu. Must never lay out more of a
//! record than the row shows.

use crate::codec::framing::End;
use crate::describe::{self, Tone, grouped};
use crate::session::draft::Shown;
use crate::session::spec::Role;
use crate::traffic::record::{Data, Direction, Entry};
use crate::traffic::text::Span;
use crate::ui::glance::{Content, DUMP_LINES, Row};
use crate::ui::intent::{CopyAs, Intent};
use crate::ui::lens::Page;
use crate::ui::session::{Selection, SessionTab, Surroundings};
use crate::ui::theme::{self, Palette, size, space};
use crate::ui::widget::bytes::{self, Line};
use crate::ui::widget::control::palette;
use crate::ui::widget::path;
use egui::accesskit::Role as Access;
use egui::{Align2, Color32, Rect, Response, Sense, Ui, WidgetInfo, pos2, vec2};
use std::ops::Range;

/// Where the columns of the log stand, in points from its left edge.
#[derive(Clone, Copy)]
pub struct Columns {
    /// The time's left edge.
    pub time: f32,
    /// The arrow's.
    pub arrow: f32,
    /// The peer's, or a note's.
    pub peer: f32,
    /// Where the peer ends.
    pub length: f32,
    /// Cells for the peer; none where there is no such column.
    peer_cells: usize,
    /// The content's left edge.
    pub content: f32,
    /// Width of one cell of the monospace font.
    pub cell: f32,
}

impl Columns {
    /// ```text
    /// 20:34:05.093  ← 127.0.0.1:51512      5 B  你好…
    /// ```
    /// A client has one peer, and a narrow tile no room: then there is no peer column. A relay has two, from whom and to whom.
    pub fn new(ui: &Ui, width: f32, tab: &SessionTab) -> Self {
        let cell = ui.fonts_mut(|fonts| fonts.glyph_width(&theme::mono(), '0'));
        let time = space::SMALL + 4.0;
        let arrow = time + 13.0 * cell;
        let peer = arrow + 2.0 * cell;
        // Beside the other columns, the content needs room for some words, or for eight bytes of a dump.
        let least = if tab.draft.shown == Shown::Both { 96.0 } else { 64.0 };
        let with_peer = !tab.draft.role.is_client() && width > least * cell;
        let both = tab.draft.role == Role::Relay && width > (least + PEER_CELLS as f32) * cell;
        let peer_cells = match (with_peer, both) {
            (false, _) => 0,
            (true, false) => PEER_CELLS,
            (true, true) => 2 * PEER_CELLS + 2,
        };
        let length = peer + peer_cells as f32 * cell;
        Self { time, arrow, peer, length, peer_cells, content: length + 9.0 * cell, cell }
    }

    /// Whether there is a peer column.
    pub fn has_peer(&self) -> bool {
        self.length > self.peer
    }
}

/// Cells for an IPv4 address and port; longer ones are cut, and whole in the tooltip and the inspector.
const PEER_CELLS: usize = 22;

/// Draws a row at its distance from the top of the view.
pub fn show(
    tab: &mut SessionTab,
    ui: &mut Ui,
    around: &Surroundings<'_>,
    (view, top): (Rect, f32),
    columns: &Columns,
    row: &Row,
    intents: &mut Vec<Intent>,
) {
    let colors = palette(ui);
    let lines = row.record().map_or(1, |record| tab.row_style().lines(record));
    let rect = Rect::from_min_size(view.min + vec2(0.0, top), vec2(view.width(), lines as f32 * size::ROW));
    let visible = rect.intersect(view);
    if !visible.is_positive() {
        return;
    }
    let response = ui.interact(visible, egui::Id::unique(("row", tab.id.0, row.key.0)), Sense::click());
    let selected = tab.selection.rows.contains(&row.key);
    let painter = ui.painter_at(view);
    let fill = if selected {
        colors.selected
    } else if response.hovered() {
        colors.hovered
    } else if row.position.is_multiple_of(2) {
        colors.card
    } else {
        colors.row_alternate
    };
    painter.rect_filled(rect, 0.0, fill);
    let at = |x: f32, line: usize| pos2(rect.left() + x, rect.top() + (line as f32 + 0.5) * size::ROW);
    let put = |x: f32, align: Align2, text: String, color: Color32| {
        painter.text(at(x, 0), align, text, theme::mono(), color);
    };
    let Content::Record { record, lines, encoding, marks, end } = &row.content else {
        let key = if matches!(row.content, Content::Coming) { "log.coming" } else { "log.missing" };
        let text = around.language.tr(key);
        put(columns.peer, Align2::LEFT_CENTER, text.to_string(), colors.weak);
        response.widget_info(|| WidgetInfo::selected(Access::ListItem, true, selected, &*text));
        return;
    };
    put(columns.time, Align2::LEFT_CENTER, record.at.clock(around.zone), colors.weak);
    let mut content_width = view.width() - columns.content - space::SMALL;
    let told = match &record.entry {
        Entry::Data(data) => {
            let color = direction_color(colors, data.direction);
            painter.rect_filled(Rect::from_min_size(rect.min, vec2(3.0, rect.height())), 0.0, color);
            put(columns.arrow, Align2::LEFT_CENTER, data.direction.arrow().into(), color);
            let peer = data.peer.address.to_string();
            // What passes a relay comes from someone and goes to someone, and the arrow says whether it was read or written here.
            let way = data.peer.connection.and_then(|id| tab.glance.through.get(&id)).map(|other| match data.direction {
                Direction::Received => format!("{peer} ⇢ {}", other.address),
                Direction::Sent => format!("{} ⇢ {peer}", other.address),
            });
            let peer = way.filter(|_| columns.peer_cells != PEER_CELLS).unwrap_or(peer);
            if columns.has_peer() {
                let most = columns.peer_cells - 1;
                let shown =
                    if data.peer.address.ip().is_some() { cut(&peer, most) } else { cut(&path::short(&peer, most), most) };
                put(columns.peer, Align2::LEFT_CENTER, shown, colors.text);
            }
            put(columns.content - 2.0 * columns.cell, Align2::RIGHT_CENTER, grouped(data.bytes.len() as u64), colors.weak);
            let tagged = encoding.filter(|_| tab.draft.shown != Shown::Hex);
            if let Some(encoding) = tagged {
                content_width -= tag(&painter, rect, encoding.name(), colors) + space::SMALL;
            }
            let unfinished = end.filter(|end| *end != End::Complete).map(|end| around.language.tr(end_key(end)));
            let jobs = content(tab, data, (lines, marks), columns, content_width, colors);
            let mut told = format!("{} {} {} B", data.direction.arrow(), peer, data.bytes.len());
            for (line, job) in jobs.into_iter().enumerate() {
                if line == 0 || tab.draft.shown == Shown::Both {
                    told.push_str("  ");
                    told.push_str(&job.text);
                }
                if line == 0
                    && let Some(why) = &unfinished
                {
                    put(columns.content - columns.cell, Align2::LEFT_CENTER, "⋯".into(), colors.warning);
                    response.clone().on_hover_text(&**why);
                    told.push_str("  ");
                    told.push_str(why);
                }
                let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
                let place = at(columns.content, line) - vec2(0.0, galley.size().y / 2.0);
                painter.galley(place, galley, colors.text);
            }
            if let Some(encoding) = tagged {
                told.push_str("  ");
                told.push_str(encoding.name());
            }
            told
        }
        Entry::Note(what) => {
            let (text, tone) = describe::note(around.language, what).unwrap_or((String::new(), Tone::Note));
            let color = tone_color(colors, tone);
            put(columns.arrow, Align2::LEFT_CENTER, "•".into(), color);
            let parts = match record.failure() {
                Some(failure) => {
                    let told = describe::failure(around.language, failure);
                    vec![(told.what, color), (told.advice, colors.text)]
                }
                None => vec![(text.clone(), color)],
            };
            let mut elided = false;
            for (index, (part, color)) in parts.iter().enumerate() {
                let mut line = Line::prose(view.width() - columns.peer - space::SMALL);
                line.push(part, *color);
                let galley = ui.fonts_mut(|fonts| fonts.layout_job(line.finish()));
                elided |= galley.elided;
                painter.galley(at(columns.peer, index) - vec2(0.0, galley.size().y / 2.0), galley, *color);
            }
            if elided {
                response.clone().on_hover_text(&text);
            }
            text
        }
    };
    response.widget_info(|| WidgetInfo::selected(Access::ListItem, true, selected, &told));
    clicked(tab, ui, &response, row);
    response.context_menu(|ui| copy_menu(tab, ui, around, row, intents));
}

/// Names, at the end of a row, what it is read in where that was not chosen for its direction; how wide that is.
fn tag(painter: &egui::Painter, row: Rect, name: &str, colors: &Palette) -> f32 {
    let galley = painter.layout_no_wrap(name.to_owned(), theme::font(size::CAPTION_TEXT), colors.accent_text);
    let box_size = galley.size() + vec2(space::SMALL, 0.0);
    let right = row.right_top() + vec2(-space::SMALL, (size::ROW - box_size.y) / 2.0);
    let place = Rect::from_min_size(pos2(right.x - box_size.x, right.y), box_size);
    painter.rect(place, size::CORNER, colors.card, theme::line(colors), egui::StrokeKind::Inside);
    painter.galley(place.min + vec2(space::SMALL / 2.0, 0.0), galley, colors.accent_text);
    box_size.x
}

/// Why a frame ends otherwise than its rule says, in words.
fn end_key(end: End) -> &'static str {
    match end {
        End::Complete | End::Cut => "framing.cut",
        End::BadLength => "framing.bad_length",
        End::NotJson => "framing.not_json",
        End::Unfinished => "framing.unfinished",
    }
}

/// The colour of a direction.
pub fn direction_color(colors: &Palette, direction: Direction) -> Color32 {
    match direction {
        Direction::Received => colors.received,
        Direction::Sent => colors.sent,
    }
}

fn tone_color(colors: &Palette, tone: Tone) -> Color32 {
    match tone {
        Tone::Note => colors.weak,
        Tone::Good => colors.ok,
        Tone::Warning => colors.warning,
        Tone::Error => colors.error,
    }
}

fn cut(text: &str, cells: usize) -> String {
    if text.chars().count() <= cells {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(cells - 1).collect();
    cut.push('…');
    cut
}

/// The lines of a record's content, each already cut to the width.
fn content(
    tab: &SessionTab,
    data: &Data,
    (texts, marks): (&[Vec<Span>], &[Range<usize>]),
    columns: &Columns,
    width: f32,
    colors: &Palette,
) -> Vec<egui::text::LayoutJob> {
    let cells = ((width / columns.cell) as usize).max(1);
    let color = colors.text;
    match tab.draft.shown {
        Shown::Hex => {
            let mut line = Line::new(width);
            // Three characters a byte; the space behind the last of a match is not part of it.
            let marked = marks.iter().map(|mark| mark.start * 3..(mark.end * 3).saturating_sub(1));
            line.push_marked(&bytes::hex_line(&data.bytes, cells / 3 + 1), marked, color, colors);
            vec![line.finish()]
        }
        Shown::Text => {
            let mut line = Line::new(width);
            for spans in texts {
                line.push_spans(spans, cells, color, colors);
            }
            if data.bytes.is_empty() {
                line.push("∅", colors.weak);
            } else if texts.iter().all(Vec::is_empty) {
                // The bytes begin a character that a later row ends.
                line.push("…", colors.weak);
            }
            vec![line.finish()]
        }
        Shown::Both => {
            let count = tab.columns;
            let mut jobs: Vec<_> = data
                .bytes
                .chunks(count)
                .zip(texts)
                .enumerate()
                .map(|(index, (part, spans))| {
                    let mut line = Line::new(width);
                    let text = bytes::dump_columns(index * count, part, count);
                    let (offset, hex) = text.split_at(6);
                    line.push(offset, colors.weak);
                    let marked = marks_in(marks, index * count..index * count + part.len());
                    // The dump has a gap in its middle.
                    let place = |byte: usize| byte * 3 + usize::from(byte >= count / 2);
                    let marked = marked.map(|mark| place(mark.start)..place(mark.end - 1) + 2);
                    line.push_marked(hex, marked, color, colors);
                    line.push_spans(spans, count * 4, direction_color(colors, data.direction), colors);
                    line.finish()
                })
                .collect();
            if data.bytes.len() > count * DUMP_LINES
                && let Some(last) = jobs.last_mut()
            {
                let mut line = Line::new(width);
                line.push(&format!("…  +{} B", grouped((data.bytes.len() - count * (DUMP_LINES - 1)) as u64)), colors.weak);
                *last = line.finish();
            }
            jobs
        }
    }
}

/// The parts of marks that lie in a line of a dump, relative to it.
fn marks_in(marks: &[Range<usize>], line: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let within =
        move |mark: &Range<usize>| mark.start.max(line.start) - line.start..mark.end.min(line.end).saturating_sub(line.start);
    marks.iter().map(within).filter(|mark| mark.start < mark.end)
}

/// Click selects, Ctrl-click adds, Shift-click extends.
pub fn clicked(tab: &mut SessionTab, ui: &Ui, response: &Response, row: &Row) {
    if response.secondary_clicked() && !tab.selection.rows.contains(&row.key) {
        tab.selection = Selection { rows: [row.key].into(), from: Some(row.key), last: Some(row.key) };
    }
    if !response.clicked() {
        return;
    }
    ui.memory_mut(|memory| memory.request_focus(egui::Id::unique(("log", tab.id.0))));
    let modifiers = ui.input(|input| input.modifiers);
    if modifiers.shift
        && let Some(from) = tab.selection.from
    {
        let (low, high) = (from.min(row.key), from.max(row.key));
        // By the rows of the view: what a filter hides is not selected.
        tab.selection.rows = tab.between(low, high, LARGEST_SELECTION).into_iter().collect();
    } else if modifiers.command {
        if !tab.selection.rows.remove(&row.key) {
            tab.selection.rows.insert(row.key);
        }
        tab.selection.from = Some(row.key);
    } else {
        tab.selection.rows = [row.key].into();
        tab.selection.from = Some(row.key);
    }
    tab.selection.last = Some(row.key);
}

/// Rows that one selection can hold; more belong into a file.
pub const LARGEST_SELECTION: usize = 100_000;

/// What can be done with a row: its bytes copied, or looked at under the lens.
pub fn copy_menu(tab: &SessionTab, ui: &mut Ui, around: &Surroundings<'_>, row: &Row, intents: &mut Vec<Intent>) {
    let ids: Vec<_> = if tab.selection.rows.is_empty() { vec![row.key] } else { tab.selection.rows.iter().copied().collect() };
    let ways = [(CopyAs::Text, "copy.text"), (CopyAs::Hex, "copy.hex"), (CopyAs::C, "copy.c"), (CopyAs::Python, "copy.python")];
    for (way, key) in ways {
        if ui.button(around.language.tr(key)).clicked() {
            intents.push(Intent::Copy(tab.id, ids.clone(), way));
            ui.close();
        }
    }
    if row.record().is_some_and(|record| record.entry.is_data()) {
        ui.separator();
        for (page, key) in [(Page::Selected, "lens.look"), (Page::Doctor, "lens.examine")] {
            if ui.button(around.language.tr(key)).clicked() {
                intents.push(Intent::Lens(page));
                ui.close();
            }
        }
        if ui.button(around.language.tr("encap.look")).clicked() {
            intents.push(Intent::Encapsulate);
            ui.close();
        }
    }
}
