//! A picture in the window: what is under the pointer, what the keyboard reaches, what zoom keeps in place, and how little a frame does.

mod support;

use egui::accesskit::{Role as Access, Toggled};
use egui::{Event, Key, Modifiers, MouseWheelSource, MouseWheelUnit, PointerButton, Pos2, Rect, Theme, TouchPhase, pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use sockscope::diagram::scene::{Anchor, Area, Certainty, Face, Head, Ink, Point, Scale, Scene, Shape};
use sockscope::i18n::Language;
use sockscope::ui::scene_view::{SceneView, Touched};
use sockscope::ui::{fonts, theme};
use support::soft_renderer::SoftRenderer;
use support::{still, whole};

struct State {
    view: SceneView,
    scene: Scene<u32>,
    chosen: Option<u32>,
    touched: Touched<u32>,
}

fn harness(scene: Scene<u32>, size: [f32; 2], theme: Theme) -> Harness<'static, State> {
    let nothing = Touched { chosen: None, hovered: None };
    let state = State { view: SceneView::default(), scene, chosen: None, touched: nothing };
    let mut harness = Harness::builder()
        .with_size(size)
        .with_theme(theme)
        .with_max_steps(20)
        .with_context_setup(|ctx| {
            fonts::install(ctx);
            theme::install(ctx);
        })
        .renderer(SoftRenderer::default())
        .build_ui_state(
            |ui, state: &mut State| {
                let ui = &mut whole(ui);
                ui.horizontal(|ui| state.view.zoom_buttons(ui, Language::English));
                let touched = state.view.show(ui, "picture", &state.scene, state.chosen.as_ref());
                state.chosen = touched.chosen.or(state.chosen);
                state.touched = touched;
            },
            state,
        );
    still(&harness.ctx);
    harness.run();
    harness
}

fn at(x: f32, y: f32) -> Point {
    Point { x, y }
}

fn square(area: (f32, f32, f32, f32), fill: Ink) -> Shape {
    let (x, y, width, height) = area;
    Shape::Box {
        area: Area { at: at(x, y), width, height },
        fill: Some(fill),
        edge: Some(Ink::Normal),
        certainty: Certainty::Observed,
    }
}

fn arrow(from: Point, to: Point, certainty: Certainty, head: Head) -> Shape {
    Shape::Line { from, to, ink: Ink::Sent, width: 1.5, certainty, head }
}

fn words(x: f32, y: f32, text: &str, ink: Ink) -> Shape {
    let (anchor, face, scale) = (Anchor::Left, Face::Plain, Scale::Normal);
    Shape::Words { at: at(x, y), anchor, text: text.to_owned(), ink, face, scale }
}

/// A box in a box, and an arrow over both.
fn nested() -> Scene<u32> {
    let mut scene = Scene::new(1000.0, 800.0);
    scene.mark(square((20.0, 20.0, 200.0, 200.0), Ink::Card), 1, "outer".into());
    scene.mark(square((60.0, 60.0, 80.0, 80.0), Ink::Card), 2, "inner".into());
    scene.mark(arrow(at(0.0, 100.0), at(300.0, 100.0), Certainty::Inferred, Head::End), 3, "arrow".into());
    scene.mark(square((700.0, 700.0, 50.0, 50.0), Ink::Card), 4, "far away".into());
    scene.draw(words(240.0, 40.0, "套接字 socket", Ink::Normal));
    scene
}

fn rect_of(harness: &Harness<'_, State>, label: &str) -> Rect {
    let rect = harness.get_by_label(label).accesskit_node().bounding_box().unwrap();
    Rect::from_min_max(pos2(rect.x0 as f32, rect.y0 as f32), pos2(rect.x1 as f32, rect.y1 as f32))
}

fn click(harness: &mut Harness<'_, State>, pos: Pos2) {
    harness.event(Event::PointerMoved(pos));
    for pressed in [true, false] {
        harness.event(Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE });
    }
    harness.run();
}

#[test]
fn the_pointer_chooses_what_is_uppermost() {
    let mut harness = harness(nested(), [600.0, 400.0], Theme::Light);
    let outer = rect_of(&harness, "outer");
    let origin = outer.min - vec2(19.0, 19.0);
    for (x, y, expected) in [(30.0, 30.0, 1), (70.0, 70.0, 2), (100.0, 100.0, 3), (280.0, 103.0, 3), (70.0, 130.0, 2)] {
        click(&mut harness, origin + vec2(x, y));
        assert_eq!(harness.state().chosen, Some(expected), "{x} {y}");
    }
    click(&mut harness, origin + vec2(280.0, 160.0));
    assert_eq!(harness.state().chosen, Some(2), "nothing is there, nothing changes");
    harness.event(Event::PointerMoved(origin + vec2(30.0, 30.0)));
    harness.run();
    assert_eq!(harness.state().touched.hovered, Some(1));
    // What it says is told beside the pointer, and read aloud as its name.
    assert!(harness.query_all_by_label("outer").count() >= 2, "a stop and a tooltip");
    harness.event(Event::PointerGone);
    harness.run();
    assert_eq!(harness.state().touched.hovered, None);
    assert!(harness.query_by_value("套接字 socket").is_some(), "words are read too");
}

#[test]
fn the_keyboard_reaches_every_part_and_brings_it_into_view() {
    let mut harness = harness(nested(), [600.0, 400.0], Theme::Light);
    let mut reached = Vec::new();
    for _ in 0..20 {
        harness.key_press(Key::Tab);
        harness.run();
        let focused = harness.root().children_recursive().find(|node| node.accesskit_node().is_focused());
        let label = focused.and_then(|node| node.accesskit_node().label()).unwrap_or_default();
        if ["outer", "inner", "arrow", "far away"].contains(&label.as_str()) {
            reached.push(label);
        }
        if reached.len() == 4 {
            break;
        }
    }
    assert_eq!(reached, ["outer", "inner", "arrow", "far away"]);
    assert_eq!(harness.state().touched.hovered, Some(4));
    harness.run();
    let view = harness.ctx.content_rect();
    assert!(view.contains_rect(rect_of(&harness, "far away")), "{:?}", rect_of(&harness, "far away"));
    for key in [Key::Space, Key::Enter] {
        harness.state_mut().chosen = None;
        harness.key_press(key);
        harness.run();
        assert_eq!(harness.state().chosen, Some(4), "{key:?}");
    }
    let node = harness.get_by_label("far away");
    let told = (node.accesskit_node().role(), node.accesskit_node().toggled());
    assert_eq!(told, (Access::ListBoxOption, Some(Toggled::True)));
}

#[test]
fn zoom_keeps_what_is_under_the_pointer() {
    let mut harness = harness(nested(), [600.0, 400.0], Theme::Light);
    let inner = rect_of(&harness, "inner");
    let pointer = inner.min + vec2(40.0, 40.0);
    harness.event(Event::PointerMoved(pointer));
    harness.run();
    harness.event(Event::Zoom(2.0));
    harness.run();
    assert_eq!(harness.state().view.zoom(), 2.0);
    let zoomed = rect_of(&harness, "inner");
    assert!((zoomed.width() - 2.0 * 80.0).abs() < 4.0, "{zoomed:?}");
    assert!((zoomed.min + vec2(80.0, 80.0)).distance(pointer) < 4.0, "{zoomed:?} under {pointer:?}");
    // Ctrl and the wheel do the same, within bounds.
    for _ in 0..80 {
        let delta = vec2(0.0, -300.0);
        let (unit, phase, modifiers) = (MouseWheelUnit::Point, TouchPhase::Move, Modifiers::CTRL);
        let source = MouseWheelSource::Wheel;
        harness.event_modifiers(Event::MouseWheel { unit, delta, phase, modifiers, source }, modifiers);
    }
    harness.run_ok();
    let zoom = harness.state().view.zoom();
    assert!((0.3..1.0).contains(&zoom), "{zoom}");
    for name in ["Larger", "Smaller", "Fit the width"] {
        harness.get_by_label(name).click();
        harness.run();
    }
    let zoom = harness.state().view.zoom();
    assert!((0.5..0.61).contains(&zoom), "1000 points in 600: {zoom}");
}

#[test]
fn a_part_is_revealed() {
    let mut harness = harness(nested(), [600.0, 400.0], Theme::Light);
    assert!(!harness.ctx.content_rect().contains_rect(rect_of(&harness, "far away")));
    harness.state_mut().view.reveal(Area { at: at(700.0, 700.0), width: 50.0, height: 50.0 });
    harness.run();
    assert!(harness.ctx.content_rect().contains_rect(rect_of(&harness, "far away")));
}

#[test]
fn a_frame_draws_what_is_in_view_alone() {
    let shapes = |count: usize| {
        let mut scene = Scene::new(400.0, count as f32 * 20.0);
        // Two life-lines as long as the picture, and an arrow with words for each step.
        for x in [50.0, 350.0] {
            scene.draw(arrow(at(x, 0.0), at(x, count as f32 * 20.0), Certainty::Inferred, Head::None));
        }
        for index in 0..count {
            let y = index as f32 * 20.0 + 10.0;
            scene.mark(arrow(at(50.0, y), at(350.0, y), Certainty::Inferred, Head::End), index as u32, format!("step {index}"));
            scene.draw(words(60.0, y - 6.0, &format!("send {index} B"), Ink::Normal));
        }
        let harness = harness(scene, [420.0, 300.0], Theme::Light);
        (harness.output().shapes.len(), harness.root().children_recursive().count())
    };
    let (few, many) = (shapes(1_000), shapes(20_000));
    assert!(few.0 > 30, "{few:?}");
    assert!(many.0 < few.0 + few.0 / 4, "{many:?} and {few:?}");
    assert!(many.1 < 600, "{many:?}: those in view, and a bound of others");
}

/// Everything that a shape can be.
fn everything() -> Scene<u32> {
    let mut scene = Scene::new(620.0, 300.0);
    let kinds = [
        ("observed", Certainty::Observed, Head::End),
        ("inferred", Certainty::Inferred, Head::End),
        ("lost", Certainty::Inferred, Head::Lost),
    ];
    for (index, (name, certainty, head)) in kinds.into_iter().enumerate() {
        let y = 30.0 + index as f32 * 30.0;
        scene.mark(arrow(at(20.0, y), at(300.0, y + 10.0), certainty, head), index as u32, name.into());
        scene.draw(words(320.0, y + 5.0, name, Ink::Normal));
    }
    let inks = [Ink::Card, Ink::Lit, Ink::Accent, Ink::Received, Ink::Sent, Ink::Note, Ink::Warning, Ink::Error, Ink::Ok];
    for (index, ink) in inks.into_iter().enumerate() {
        let x = 20.0 + index as f32 * 64.0;
        scene.draw(square((x, 130.0, 58.0, 30.0), ink));
        scene.draw(words(x + 6.0, 145.0, "字 Aa", Ink::Strong));
    }
    for number in 0..8 {
        let x = 20.0 + f32::from(number) * 72.0;
        let ink = Ink::Series(number);
        scene.draw(square((x, 180.0, 66.0, 40.0), ink));
        scene.draw(words(x + 8.0, 192.0, "字 Aa", Ink::Strong));
        scene.draw(words(x + 8.0, 208.0, "字 Aa", ink));
    }
    let area = Area { at: at(20.0, 240.0), width: 120.0, height: 40.0 };
    let dashed = Shape::Box { area, fill: None, edge: Some(Ink::Warning), certainty: Certainty::Inferred };
    scene.mark(dashed, 9, "guessed".into());
    scene
}

#[test]
fn solid_and_dashed_in_both_themes() {
    for (name, theme) in [("scene_light", Theme::Light), ("scene_dark", Theme::Dark)] {
        let mut harness = harness(everything(), [640.0, 360.0], theme);
        harness.state_mut().chosen = Some(0);
        harness.run();
        assert!(harness.try_snapshot(name).is_ok(), "{name}");
    }
}
