//! Draws a picture that is data: zoomed, scrolled, its marked parts hovered, chosen and read aloud. Must never know what it is a picture
//! of, and never lay out what is not in view.
//!
//! 1. Every mark is one stop of the keyboard, where its first shape is, and is called by that shape's hint; in a picture of very many,
//!    those in view alone. Words without a mark are labels.
//! 2. The pointer chooses the uppermost shape under it, not the stop: a picture's boxes may lie in one another.
//! 3. All shapes of the mark that is chosen, hovered or focused are lit together.

mod paint;

use super::theme::size;
use super::widget::control;
use crate::diagram::outline;
use crate::diagram::scene::{Area, Point, Scene, Shape};
use crate::i18n::Language;
use egui::accesskit::Role;
use egui::{Id, Pos2, Rect, Response, ScrollArea, Sense, Ui, Vec2, WidgetInfo, pos2, vec2};
use egui_material_icons::icons::{ICON_FIT_WIDTH, ICON_ZOOM_IN, ICON_ZOOM_OUT};
use paint::Canvas;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// How far it can be zoomed.
const ZOOM: std::ops::RangeInclusive<f32> = 0.4..=3.0;
/// One press of a zoom button.
const STEP: f32 = 1.25;
/// Marks of a picture that all are stops of the keyboard; of more, those in view.
const MOST_STOPS: usize = 400;

/// Where a picture stands.
#[derive(Clone, Debug)]
pub struct SceneView {
    zoom: f32,
    offset: Vec2,
    /// How wide there was room in the last frame.
    room: f32,
    /// How wide the picture was.
    wide: f32,
    reveal: Option<Area>,
}

/// What a user did to a picture in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touched<M> {
    /// This was clicked, or chosen by the keyboard.
    pub chosen: Option<M>,
    /// This is under the pointer, or has the keyboard.
    pub hovered: Option<M>,
}

impl Default for SceneView {
    fn default() -> Self {
        Self { zoom: 1.0, offset: Vec2::ZERO, room: 0.0, wide: 0.0, reveal: None }
    }
}

impl SceneView {
    /// How large it is drawn; 1 is as it is.
    pub fn zoom(&self) -> f32 {
        self.zoom
    }

    /// Draws it as large as this, within what there is.
    pub fn set_zoom(&mut self, zoom: f32) {
        self.zoom = zoom.clamp(*ZOOM.start(), *ZOOM.end());
    }

    /// Scrolls to a part in the next frame.
    pub fn reveal(&mut self, area: Area) {
        self.reveal = Some(area);
    }

    /// `[−] 100 % [＋] [适应宽度]`, for the row above the picture.
    pub fn zoom_buttons(&mut self, ui: &mut Ui, language: Language) {
        let hint = language.tr("diagram.zoom_hint");
        if control::bare(ui, ICON_ZOOM_OUT, &language.tr("diagram.zoom_out")).on_hover_text(&*hint).clicked() {
            self.set_zoom(self.zoom / STEP);
        }
        ui.label(format!("{:.0} %", self.zoom * 100.0));
        if control::bare(ui, ICON_ZOOM_IN, &language.tr("diagram.zoom_in")).on_hover_text(&*hint).clicked() {
            self.set_zoom(self.zoom * STEP);
        }
        if control::bare(ui, ICON_FIT_WIDTH, &language.tr("diagram.zoom_fit")).clicked() && self.wide > 0.0 {
            self.set_zoom((self.room - size::SCROLL_BAR) / self.wide);
        }
    }

    /// Draws a picture in all the room that there is, with bars to scroll it. `name` is what it is called, once in its place.
    pub fn show<M: Clone + PartialEq + Hash>(
        &mut self,
        ui: &mut Ui,
        name: &str,
        scene: &Scene<M>,
        chosen: Option<&M>,
    ) -> Touched<M> {
        let room = ui.available_rect_before_wrap();
        (self.room, self.wide) = (room.width(), scene.width);
        let mut scroll = ScrollArea::both().id_salt(("scene", name)).auto_shrink(false);
        let pointer = ui.input(|input| input.pointer.hover_pos()).filter(|_| ui.rect_contains_pointer(room));
        let pinch = ui.input(|input| input.zoom_delta());
        if let Some(pointer) = pointer.filter(|_| pinch.total_cmp(&1.0).is_ne()) {
            let before = self.zoom;
            self.set_zoom(before * pinch);
            // What is under the pointer stays there.
            let pointer = pointer - room.min;
            let offset = (self.offset + pointer) * (self.zoom / before) - pointer;
            scroll = scroll.scroll_offset(offset.max(Vec2::ZERO));
        }
        let zoom = self.zoom;
        let reveal = self.reveal.take();
        let output = scroll.show(ui, |ui| {
            let (rect, _) = ui.allocate_exact_size(vec2(scene.width, scene.height) * zoom, Sense::hover());
            if let Some(area) = reveal {
                ui.scroll_to_rect(Canvas { origin: rect.min, zoom }.rect(area), None);
            }
            show_at(ui, name, scene, (rect.min, zoom), chosen)
        });
        self.offset = output.state.clamped_offset();
        output.inner
    }
}

/// Draws a picture with its top left at a place, as large as `zoom` says, cut off where this `Ui` is: for whoever scrolls it himself.
pub fn show_at<M: Clone + PartialEq + Hash>(
    ui: &mut Ui,
    name: &str,
    scene: &Scene<M>,
    (origin, zoom): (Pos2, f32),
    chosen: Option<&M>,
) -> Touched<M> {
    let canvas = Canvas { origin, zoom };
    let whole = Rect::from_min_size(origin, vec2(scene.width, scene.height) * zoom);
    let id = ui.scope_id().with(("scene", name));
    let stops = stops(ui, (scene, canvas), id, chosen);
    let mut touched = Touched { chosen: stops.pressed.cloned(), hovered: stops.focused.cloned() };
    // Over the stops, so that it alone hears the pointer.
    let pointer = ui.interact(whole.intersect(ui.clip_rect()), id, Sense::CLICK);
    pointer.widget_info(|| WidgetInfo::labeled(Role::Figure, true, name));
    let under = pointer.hover_pos().and_then(|place| outline::at(scene, canvas.point(place)));
    if let Some(item) = under {
        if let Some(mark) = &item.mark {
            touched.hovered = Some(mark.clone());
        }
        tell(&pointer, item.hint.as_deref());
    }
    if pointer.clicked()
        && let Some(mark) = pointer.interact_pointer_pos().and_then(|place| outline::at(scene, canvas.point(place))?.mark.clone())
    {
        touched.chosen = Some(mark);
    }
    let lit = |mark: &Option<M>| mark.as_ref().is_some_and(|mark| Some(mark) == chosen || Some(mark) == touched.hovered.as_ref());
    paint::paint(ui, scene, canvas, lit);
    touched
}

fn tell(pointer: &Response, hint: Option<&str>) {
    if let Some(hint) = hint.filter(|hint| !hint.is_empty()) {
        pointer.clone().on_hover_text_at_pointer(hint);
    }
}

/// What the keyboard did.
struct Stops<'a, M> {
    pressed: Option<&'a M>,
    focused: Option<&'a M>,
}

/// Makes every mark a stop of the keyboard, and of other words labels.
fn stops<'a, M: PartialEq + Hash>(ui: &Ui, (scene, canvas): (&'a Scene<M>, Canvas), id: Id, chosen: Option<&M>) -> Stops<'a, M> {
    let mut found = Stops { pressed: None, focused: None };
    let view = ui.clip_rect();
    let mut seen: HashMap<u64, ()> = HashMap::new();
    for (index, item) in scene.items.iter().enumerate() {
        let rect = canvas.rect(item.shape.bounds());
        let in_view = rect.intersects(view);
        let Some(mark) = &item.mark else {
            if let Shape::Words { text, .. } = &item.shape
                && in_view
            {
                let label = ui.interact(rect, id.with(("words", index)), Sense::hover());
                label.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
            }
            continue;
        };
        let name = hash(mark);
        // The same mark again; and of very many, those that are not in view.
        if (seen.len() >= MOST_STOPS && !in_view) || seen.insert(name, ()).is_some() {
            continue;
        }
        let stop = ui.interact(rect.expand(1.0), id.with(("mark", name)), Sense::click());
        let label = item.hint.as_deref().unwrap_or_default();
        stop.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, chosen == Some(mark), label));
        if stop.clicked() {
            found.pressed = Some(mark);
        }
        if stop.gained_focus() && !view.contains_rect(rect) {
            ui.scroll_to_rect(rect, None);
        }
        if stop.has_focus() {
            found.focused = Some(mark);
        }
    }
    found
}

fn hash(mark: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    mark.hash(&mut hasher);
    hasher.finish()
}

impl Canvas {
    /// A place of the window in the picture.
    fn point(&self, place: Pos2) -> Point {
        let place = (place - self.origin) / self.zoom;
        Point { x: place.x, y: place.y }
    }

    /// A part of the picture in the window.
    fn rect(&self, area: Area) -> Rect {
        Rect::from_min_size(self.pos(area.at), vec2(area.width, area.height) * self.zoom)
    }

    /// A place of the picture in the window.
    fn pos(&self, point: Point) -> Pos2 {
        pos2(self.origin.x + point.x * self.zoom, self.origin.y + point.y * self.zoom)
    }
}
