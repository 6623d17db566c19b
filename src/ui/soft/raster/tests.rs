//! Which pixels a shape covers, and with what. It must never need a window.

use super::*;
use egui::{ColorImage, Pos2, TextureOptions, pos2, vec2};
use std::sync::Arc;

const SIZE: usize = 64;
/// Adds exactly 16 to red each time it is drawn, so that a pixel drawn twice shows.
const ONCE: Color32 = Color32::from_rgba_premultiplied(16, 0, 0, 0);

fn raster(pixels: &[Color32], width: usize, options: TextureOptions) -> Raster {
    let mut raster = Raster::default();
    let image = ColorImage::new([width, pixels.len() / width], pixels.to_vec());
    set(&mut raster, image, None, options);
    raster
}

fn set(raster: &mut Raster, image: ColorImage, pos: Option<[usize; 2]>, options: TextureOptions) {
    let mut delta = TexturesDelta::default();
    let image = ImageData::Color(Arc::new(image));
    delta.push(TextureId::default(), egui::epaint::ImageDelta { image, options, pos });
    raster.update(&mut delta);
}

fn white() -> Raster {
    raster(&[Color32::WHITE], 1, TextureOptions::LINEAR)
}

fn draw(raster: &Raster, mesh: Mesh, clip: Rect, pixels_per_point: f32) -> Vec<u32> {
    let mut pixels = vec![0; SIZE * SIZE];
    let mut canvas = Canvas { pixels: &mut pixels, width: SIZE, height: SIZE };
    let shape = ClippedPrimitive { clip_rect: clip, primitive: Primitive::Mesh(mesh) };
    raster.paint(&mut canvas, &[shape], pixels_per_point);
    pixels
}

fn polygon(corners: &[Pos2], triangles: &[u32], color: Color32) -> Mesh {
    let mut mesh = Mesh::default();
    for corner in corners {
        mesh.colored_vertex(*corner, color);
    }
    mesh.indices.extend_from_slice(triangles);
    mesh
}

fn reds(pixels: &[u32]) -> Vec<u32> {
    pixels.iter().map(|pixel| pixel >> 16).collect()
}

/// A small generator, so that the test needs no crate and is the same each time.
fn random(state: &mut u64) -> f32 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 40) as f32 / (1_u64 << 24) as f32
}

#[test]
fn triangles_around_a_point_cover_each_pixel_once() {
    let raster = white();
    let mut state = 7;
    for round in 0..500 {
        let mut at = |low: f32, high: f32| low + random(&mut state) * (high - low);
        let (mut x, mut y) = (at(1.0, 63.0), at(1.0, 63.0));
        if round % 3 == 0 {
            // Exactly on the middle of a pixel, where the rule for edges decides.
            (x, y) = (x.floor() + 0.5, y.floor() + 0.5);
        }
        let corners = [pos2(0.0, 0.0), pos2(64.0, 0.0), pos2(64.0, 64.0), pos2(0.0, 64.0), pos2(x, y)];
        let mesh = polygon(&corners, &[0, 1, 4, 2, 1, 4, 2, 3, 4, 3, 4, 0], ONCE);
        let reds = reds(&draw(&raster, mesh, Rect::EVERYTHING, 1.0));
        assert!(reds.iter().all(|red| *red == 16), "round {round}: hub at {x}, {y}");
    }
}

#[test]
fn a_grid_of_slivers_has_no_seam_and_no_double_blend() {
    let raster = white();
    let mut state = 3;
    for round in 0..50 {
        let mut cuts: Vec<f32> = (0..40).map(|_| random(&mut state) * 64.0).collect();
        cuts.extend([0.0, 64.0]);
        cuts.sort_by(f32::total_cmp);
        let mut mesh = Mesh::default();
        for pair in cuts.windows(2) {
            let skew = 3.0;
            let first = mesh.vertices.len() as u32;
            for corner in
                [pos2(pair[0] - skew, 0.0), pos2(pair[1] - skew, 0.0), pos2(pair[0] + skew, 64.0), pos2(pair[1] + skew, 64.0)]
            {
                mesh.colored_vertex(corner, ONCE);
            }
            mesh.indices.extend([0, 1, 2, 2, 1, 3].map(|index| first + index));
        }
        let pixels = reds(&draw(&raster, mesh, Rect::EVERYTHING, 1.0));
        for y in 0..SIZE {
            let row = &pixels[y * SIZE + 4..y * SIZE + 60];
            assert!(row.iter().all(|red| *red == 16), "round {round}, row {y}: {row:?}");
        }
    }
}

#[test]
fn the_fast_rectangle_covers_what_its_two_triangles_cover() {
    let raster = white();
    let mut state = 11;
    for round in 0..300 {
        let mut at = |high: f32| (random(&mut state) * high * 4.0).round() / 4.0;
        let rect = Rect::from_min_size(pos2(at(60.0) - 4.0, at(60.0) - 4.0), vec2(at(30.0) + 0.25, at(30.0) + 0.25));
        let corners = [rect.left_top(), rect.right_top(), rect.left_bottom(), rect.right_bottom()];
        let fast = polygon(&corners, &[0, 1, 2, 2, 1, 3], ONCE);
        let slow = polygon(&corners, &[0, 1, 2, 1, 3, 2], ONCE);
        let everything = Rect::EVERYTHING;
        assert_eq!(
            reds(&draw(&raster, fast, everything, 1.0)),
            reds(&draw(&raster, slow, everything, 1.0)),
            "round {round}: {rect:?}"
        );
    }
}

#[test]
fn a_rectangle_covers_the_pixels_whose_middle_it_holds() {
    let table = [
        (2.0, 5.0, [2, 3, 4].as_slice(), "on the pixels"),
        (2.5, 4.5, &[2, 3], "a middle on the left edge is in, on the right edge out"),
        (2.6, 4.4, &[3], "less than half of a pixel"),
        (2.6, 3.4, &[], "no middle at all"),
        (-9.0, 1.0, &[0], "over the edge of the canvas"),
    ];
    for (from, to, expected, name) in table {
        let mut mesh = Mesh::default();
        mesh.add_colored_rect(Rect::from_min_max(pos2(from, 0.0), pos2(to, 1.0)), ONCE);
        let row = reds(&draw(&white(), mesh, Rect::EVERYTHING, 1.0));
        let covered: Vec<usize> = (0..SIZE).filter(|x| row[*x] == 16).collect();
        assert_eq!(covered, expected, "{name}");
    }
}

#[test]
fn nothing_is_drawn_outside_of_the_clip() {
    let clip = Rect::from_min_max(pos2(3.0, 4.0), pos2(10.0, 8.0));
    let mut upright = Mesh::default();
    upright.add_colored_rect(Rect::from_min_max(pos2(-100.0, -100.0), pos2(100.0, 100.0)), ONCE);
    let huge = polygon(&[pos2(-1e9, -1e9), pos2(1e9, -1e9), pos2(0.0, 1e9)], &[0, 1, 2], ONCE);
    for (name, mesh) in [("rectangle", upright), ("triangle", huge)] {
        let pixels = reds(&draw(&white(), mesh, clip, 2.0));
        for (index, red) in pixels.iter().enumerate() {
            let (x, y) = (index % SIZE, index / SIZE);
            let inside = (6..20).contains(&x) && (8..16).contains(&y);
            assert_eq!(*red, if inside { 16 } else { 0 }, "{name} at {x}, {y}");
        }
    }
}

#[test]
fn odd_numbers_do_no_harm() {
    let bad = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN];
    for x in bad {
        for y in bad {
            let mesh = polygon(&[pos2(x, 1.0), pos2(9.0, y), pos2(y, x)], &[0, 1, 2], ONCE);
            draw(&white(), mesh, Rect::EVERYTHING, 1.0);
            let mesh = polygon(&[pos2(x, y), pos2(9.0, y), pos2(x, 9.0), pos2(9.0, 9.0)], &[0, 1, 2, 2, 1, 3], ONCE);
            draw(&white(), mesh, Rect::from_min_max(pos2(x, y), pos2(y, x)), 1.0);
        }
    }
    let lost = Mesh { indices: vec![0, 1, 2, 9, 9, 9, 0], ..polygon(&[Pos2::ZERO; 3], &[], ONCE) };
    draw(&white(), lost, Rect::EVERYTHING, 1.0);
    white().paint(&mut Canvas { pixels: &mut [], width: 0, height: 0 }, &[], 1.0);
}

#[test]
fn colours_run_evenly_between_corners() {
    let mut mesh = Mesh::default();
    for (corner, gray) in [(pos2(0.0, 0.0), 0), (pos2(64.0, 0.0), 255), (pos2(0.0, 64.0), 0), (pos2(64.0, 64.0), 255)] {
        mesh.colored_vertex(corner, Color32::from_gray(gray));
    }
    mesh.indices = vec![0, 1, 2, 2, 1, 3];
    let pixels = reds(&draw(&white(), mesh, Rect::EVERYTHING, 1.0));
    for (index, red) in pixels.iter().enumerate() {
        let exact = ((index % SIZE) as f32 + 0.5) / 64.0 * 255.0;
        assert!((*red as f32 - exact).abs() <= 0.51, "{index}: {red} for {exact}");
    }
}

#[test]
fn a_partial_update_shows_at_its_place() {
    let gray = Color32::from_gray;
    let mut raster = raster(&[gray(10); 16], 4, TextureOptions::NEAREST);
    set(&mut raster, ColorImage::new([2, 1], vec![gray(70), gray(80)]), Some([1, 2]), TextureOptions::NEAREST);
    let mut mesh = Mesh::default();
    let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
    mesh.add_rect_with_uv(Rect::from_min_size(Pos2::ZERO, vec2(4.0, 4.0)), whole, Color32::WHITE);
    let pixels = reds(&draw(&raster, mesh.clone(), Rect::EVERYTHING, 1.0));
    let row = |y: usize| pixels[y * SIZE..y * SIZE + 5].to_vec();
    assert_eq!([row(1), row(2), row(3)], [[10, 10, 10, 10, 0], [10, 70, 80, 10, 0], [10, 10, 10, 10, 0]]);

    let twice = reds(&draw(&raster, mesh, Rect::EVERYTHING, 2.0));
    assert_eq!(twice[5 * SIZE..5 * SIZE + 9], [10, 10, 70, 70, 80, 80, 10, 10, 0], "nearest, twice as big");
}

#[test]
fn an_image_on_triangles_looks_like_the_image_on_a_rectangle() {
    let colors: Vec<Color32> = (0..64).map(|index| Color32::from_gray(index * 4)).collect();
    for options in [TextureOptions::NEAREST, TextureOptions::LINEAR] {
        let raster = raster(&colors, 8, options);
        let mut mesh = Mesh::default();
        let uv = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
        mesh.add_rect_with_uv(Rect::from_min_size(Pos2::ZERO, vec2(30.0, 30.0)), uv, Color32::WHITE);
        let fast = reds(&draw(&raster, mesh.clone(), Rect::EVERYTHING, 1.0));
        mesh.indices = vec![0, 1, 2, 1, 3, 2];
        let slow = reds(&draw(&raster, mesh, Rect::EVERYTHING, 1.0));
        let off = fast.iter().zip(&slow).filter(|(a, b)| a.abs_diff(**b) > 1).count();
        assert!(off <= 4, "{options:?}: {off} pixels differ");
    }
}

#[test]
fn a_texture_lives_through_the_frame_that_frees_it() {
    let mut raster = white();
    let mut delta = TexturesDelta::default();
    delta.free(TextureId::default());
    raster.update(&mut delta);
    let mut mesh = Mesh::default();
    mesh.add_colored_rect(Rect::from_min_size(Pos2::ZERO, vec2(1.0, 1.0)), ONCE);
    assert_eq!(reds(&draw(&raster, mesh.clone(), Rect::EVERYTHING, 1.0))[0], 16);
    raster.update(&mut TexturesDelta::default());
    assert_eq!(reds(&draw(&raster, mesh, Rect::EVERYTHING, 1.0))[0], 0);
}
