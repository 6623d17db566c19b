//! egui's meshes drawn by the CPU, row by row. It must never know a window, nor what the meshes show.
//!
//! 1. Corners are snapped to 1/256 of a pixel and everything about *which* pixels belong to a shape is exact
//!    integer arithmetic, so that two triangles with a common edge neither overlap nor leave a seam.
//! 2. A pixel belongs to a shape if its middle does; a middle on an edge belongs to the shape below or right
//!    of that edge (the "top-left rule" of graphics cards).
//! 3. What egui draws most is done by whole rows: one colour, and glyphs copied texel by pixel.

use super::pixel::{self, pack};
use super::texture::Texture;
use egui::epaint::{ClippedPrimitive, Mesh, Primitive, Vertex};
use egui::{Color32, ImageData, Rect, TextureFilter, TextureId, TexturesDelta};
use std::collections::HashMap;

/// Sub-pixel steps.
const STEPS: i64 = 256;
/// The middle of a pixel.
const MIDDLE: i64 = STEPS / 2;
/// Corners further away than this many pixels are moved here: products of two distances still fit an `i64`.
const FAR: f32 = 1_048_576.0;

/// Where to draw: rows of `0x00RRGGBB` from the top, `width * height` of them.
pub struct Canvas<'a> {
    /// The pixels.
    pub pixels: &'a mut [u32],
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// The pixel of an opaque colour, to clear a canvas with.
pub fn clear_color(color: Color32) -> u32 {
    pack(color) & 0x00ff_ffff
}

/// The renderer: the textures, and how to draw with them.
#[derive(Default)]
pub struct Raster {
    textures: HashMap<TextureId, Texture>,
    /// Textures are freed after the frame that used them for the last time, hence at the next update.
    unused: Vec<TextureId>,
}

impl Raster {
    /// Takes in what changed. To be called before each [`Raster::paint`], in order.
    pub fn update(&mut self, delta: &mut TexturesDelta) {
        for id in self.unused.drain(..) {
            self.textures.remove(&id);
        }
        for (id, changes) in delta.set.drain() {
            for change in changes {
                let ImageData::Color(image) = &change.image;
                match (change.pos, self.textures.get_mut(&id)) {
                    (None, _) => {
                        self.textures.insert(id, Texture::new(image, change.options));
                    }
                    (Some(at), Some(texture)) => texture.update(at, image, change.options),
                    // A part of a texture that was never set: egui does not do that, and there is nothing to show.
                    (Some(_), None) => {}
                }
            }
        }
        self.unused.extend(delta.free.drain());
    }

    /// Draws the shapes over what is on the canvas. Paint callbacks (raw OpenGL) are left out.
    pub fn paint(&self, canvas: &mut Canvas<'_>, shapes: &[ClippedPrimitive], pixels_per_point: f32) {
        if canvas.width == 0 || canvas.pixels.len() < canvas.width * canvas.height {
            return;
        }
        for shape in shapes {
            let Primitive::Mesh(mesh) = &shape.primitive else { continue };
            let Some(texture) = self.textures.get(&mesh.texture_id) else { continue };
            let Some(clip) = Area::of_clip(shape.clip_rect, pixels_per_point, canvas) else { continue };
            Painter { canvas: &mut *canvas, texture, clip, pixels_per_point }.mesh(mesh);
        }
    }
}

/// Pixels from `left`, `top` up to and without `right`, `bottom`; never empty, and inside the canvas.
#[derive(Clone, Copy)]
struct Area {
    left: i64,
    top: i64,
    right: i64,
    bottom: i64,
}

impl Area {
    /// The clip rectangle in pixels, rounded as egui's other renderers do; `None` if nothing is left of it.
    fn of_clip(clip: Rect, pixels_per_point: f32, canvas: &Canvas<'_>) -> Option<Self> {
        // A float that is no number or too big becomes a limit of the canvas.
        let cut = |at: f32, limit: usize| (at * pixels_per_point).round().max(0.0).min(limit as f32) as i64;
        let area = Self {
            left: cut(clip.min.x, canvas.width),
            top: cut(clip.min.y, canvas.height),
            right: cut(clip.max.x, canvas.width),
            bottom: cut(clip.max.y, canvas.height),
        };
        area.not_empty()
    }

    fn not_empty(self) -> Option<Self> {
        (self.left < self.right && self.top < self.bottom).then_some(self)
    }

    fn intersect(self, other: Self) -> Option<Self> {
        let area = Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        };
        area.not_empty()
    }
}

/// A corner in sub-pixel steps.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Corner {
    x: i64,
    y: i64,
}

/// The first pixel whose middle is at or after `at`.
const fn first_at(at: i64) -> i64 {
    -((MIDDLE - at).div_euclid(STEPS))
}

/// One mesh being drawn.
struct Painter<'a, 'b> {
    canvas: &'a mut Canvas<'b>,
    texture: &'a Texture,
    clip: Area,
    pixels_per_point: f32,
}

impl Painter<'_, '_> {
    fn mesh(&mut self, mesh: &Mesh) {
        let vertex = |index: u32| mesh.vertices.get(index as usize);
        let mut indices = mesh.indices.as_slice();
        while let [a, b, c, rest @ ..] = indices {
            indices = rest;
            let (Some(a), Some(b), Some(c)) = (vertex(*a), vertex(*b), vertex(*c)) else { continue };
            if let [e, f, d, after @ ..] = rest
                && let (Some(e), Some(f), Some(d)) = (vertex(*e), vertex(*f), vertex(*d))
                && e.pos == c.pos
                && f.pos == b.pos
                && self.rectangle([a, b, c, d])
            {
                indices = after;
                continue;
            }
            self.triangle([a, b, c]);
        }
    }

    fn corner(&self, vertex: &Vertex) -> Option<Corner> {
        let scale = self.pixels_per_point;
        let (x, y) = (vertex.pos.x * scale, vertex.pos.y * scale);
        let snap = |at: f32| (at.clamp(-FAR, FAR) * STEPS as f32).round() as i64;
        (!x.is_nan() && !y.is_nan()).then(|| Corner { x: snap(x), y: snap(y) })
    }

    /// The pixels `from..to` of a row; both lie inside the clip area and thereby inside the canvas.
    fn row(&mut self, y: i64, from: i64, to: i64) -> &mut [u32] {
        let start = y as usize * self.canvas.width;
        self.canvas.pixels.get_mut(start + from as usize..start + to as usize).unwrap_or_default()
    }

    /// Draws the corners (left top, right top, left bottom, right bottom) of egui's way to draw a rectangle
    /// as two triangles, if it really is upright and has one colour. That is every glyph.
    fn rectangle(&mut self, corners: [&Vertex; 4]) -> bool {
        let [a, b, c, d] = corners;
        let upright = a.pos.y == b.pos.y && c.pos.y == d.pos.y && a.pos.x == c.pos.x && b.pos.x == d.pos.x;
        let plain = a.uv.y == b.uv.y && c.uv.y == d.uv.y && a.uv.x == c.uv.x && b.uv.x == d.uv.x;
        let ordered = a.pos.x < b.pos.x && a.pos.y < c.pos.y;
        let one_color = corners.iter().all(|corner| corner.color == a.color);
        if !(upright && plain && ordered && one_color) {
            return false;
        }
        let (Some(start), Some(end)) = (self.corner(a), self.corner(d)) else { return false };
        let area = Area { left: first_at(start.x), top: first_at(start.y), right: first_at(end.x), bottom: first_at(end.y) };
        let Some(area) = area.intersect(self.clip) else { return true };
        let color = pack(a.color);
        let [width, height] = self.texture.size();
        if a.uv == d.uv {
            let texel = self.texture.sample(a.uv.x * width, a.uv.y * height, self.texture.filter(0.0));
            self.solid(area, pixel::modulate(texel, color));
            return true;
        }
        let pixels = |from: i64, to: i64| (to - from) as f32 / STEPS as f32;
        let step_x = (d.uv.x - a.uv.x) * width / pixels(start.x, end.x);
        let step_y = (d.uv.y - a.uv.y) * height / pixels(start.y, end.y);
        let to_middle = |pixel: i64, corner: i64| (pixel * STEPS + MIDDLE - corner) as f32 / STEPS as f32;
        let image = Image {
            x: a.uv.x * width + to_middle(area.left, start.x) * step_x,
            y: a.uv.y * height + to_middle(area.top, start.y) * step_y,
            step_x,
            step_y,
        };
        match image.aligned() {
            Some(first) => self.copy(area, first, color),
            None => self.stretch(area, &image, color),
        }
        true
    }

    /// One colour.
    fn solid(&mut self, area: Area, color: u32) {
        if color == 0 {
            return;
        }
        for y in area.top..area.bottom {
            pixel::fill(self.row(y, area.left, area.right), color);
        }
    }

    /// One texel for each pixel: the glyphs.
    fn copy(&mut self, area: Area, first: [i32; 2], color: u32) {
        let texture = self.texture;
        for y in area.top..area.bottom {
            let row = self.row(y, area.left, area.right);
            let texture_y = first[1] + (y - area.top) as i32;
            // Half a texel over the edge of the atlas never holds ink.
            let Some(texels) = texture.row(first[0], texture_y, row.len()) else { continue };
            for (pixel, texel) in row.iter_mut().zip(texels) {
                match *texel {
                    0 => {}
                    pixel::WHITE => *pixel = pixel::over(*pixel, color),
                    texel => *pixel = pixel::over(*pixel, pixel::modulate(texel, color)),
                }
            }
        }
    }

    /// An image in another size.
    fn stretch(&mut self, area: Area, image: &Image, color: u32) {
        let texture = self.texture;
        let filter = texture.filter(image.step_x.abs().max(image.step_y.abs()));
        for y in area.top..area.bottom {
            let texture_y = image.y + (y - area.top) as f32 * image.step_y;
            for (column, pixel) in self.row(y, area.left, area.right).iter_mut().enumerate() {
                let texture_x = image.x + column as f32 * image.step_x;
                let texel = texture.sample(texture_x, texture_y, filter);
                *pixel = pixel::over(*pixel, pixel::modulate(texel, color));
            }
        }
    }

    fn triangle(&mut self, mut vertices: [&Vertex; 3]) {
        let [Some(a), Some(mut b), Some(mut c)] = vertices.map(|vertex| self.corner(vertex)) else { return };
        let mut area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
        if area == 0 {
            return;
        }
        if area < 0 {
            // Clockwise from here on, so that "inside" is the positive side of each edge.
            std::mem::swap(&mut b, &mut c);
            vertices.swap(1, 2);
            area = -area;
        }
        let top = first_at(a.y.min(b.y).min(c.y)).max(self.clip.top);
        let bottom = first_at(a.y.max(b.y).max(c.y)).min(self.clip.bottom);
        // The edge opposite of each corner: its value grows towards that corner.
        let edges = [Edge::new(b, c), Edge::new(c, a), Edge::new(a, b)];
        let (clip, texture) = (self.clip, self.texture);
        let mut paint = None;
        for y in top..bottom {
            let Some((from, to)) = span(&edges, y, clip) else { continue };
            // Many triangles are thinner than a pixel and cover none, so the colours are thought about last.
            let paint = paint.get_or_insert_with(|| Paint::new(vertices, &edges, area, texture));
            paint.row(&edges, [from, y], self.row(y, from, to), texture);
        }
    }
}

/// The pixels `from..to` of row `y` that lie inside all three edges.
fn span(edges: &[Edge; 3], y: i64, clip: Area) -> Option<(i64, i64)> {
    let (mut from, mut to) = (clip.left, clip.right);
    for edge in edges {
        let value = edge.at_row(y) + edge.bias;
        match edge.per_pixel {
            0 if value < 0 => return None,
            0 => {}
            rising if rising > 0 => from = from.max(-value.div_euclid(rising)),
            falling => to = to.min(value.div_euclid(-falling) + 1),
        }
    }
    (from < to).then_some((from, to))
}

/// The straight line through two corners, as a function that is positive on the inner side.
struct Edge {
    from: Corner,
    x: i64,
    y: i64,
    /// How much the value grows from one pixel to the next on its right.
    per_pixel: i64,
    /// Takes the points on the line itself away, if they belong to the neighbour.
    bias: i64,
}

impl Edge {
    fn new(from: Corner, to: Corner) -> Self {
        let (x, y) = (to.x - from.x, to.y - from.y);
        let owns_its_points = y < 0 || (y == 0 && x > 0);
        Self { from, x, y, per_pixel: -y * STEPS, bias: if owns_its_points { 0 } else { -1 } }
    }

    /// The value at the middle of pixel 0 of a row.
    fn at_row(&self, row: i64) -> i64 {
        self.x * (row * STEPS + MIDDLE - self.from.y) - self.y * (MIDDLE - self.from.x)
    }

    fn at(&self, column: i64, row: i64) -> i64 {
        self.at_row(row) + self.per_pixel * column
    }
}

/// An upright image: the texel under the first pixel, and the way to the next one.
struct Image {
    x: f32,
    y: f32,
    step_x: f32,
    step_y: f32,
}

impl Image {
    /// The first texel, if pixels and texels lie exactly upon each other.
    fn aligned(&self) -> Option<[i32; 2]> {
        const SLACK: f32 = 1.0 / 64.0;
        let one = |step: f32| (step - 1.0).abs() < 1.0e-3;
        let middle = |at: f32| (at - at.floor() - 0.5).abs() < SLACK;
        (one(self.step_x) && one(self.step_y) && middle(self.x) && middle(self.y))
            .then(|| [self.x.floor() as i32, self.y.floor() as i32])
    }
}

/// What a triangle is filled with.
enum Paint {
    Solid(u32),
    Gradient(Gradient),
    Textured(Textured),
}

/// Colours that change from corner to corner: the soft edges and the shadows.
struct Gradient {
    corners: [[f32; 4]; 3],
    area: f64,
    /// In 1/65536, as it is added up from pixel to pixel.
    step: [i32; 4],
}

/// A texture and colours, both changing.
struct Textured {
    /// Red, green, blue, alpha, and the place in the texture.
    corners: [[f32; 6]; 3],
    area: f64,
    step: [f32; 6],
    /// The colour, if it does not change.
    color: Option<u32>,
    filter: TextureFilter,
}

impl Paint {
    fn new(vertices: [&Vertex; 3], edges: &[Edge; 3], area: i64, texture: &Texture) -> Self {
        let [width, height] = texture.size();
        let [a, b, c] = vertices;
        let one_color = a.color == b.color && b.color == c.color;
        let one_texel = a.uv == b.uv && b.uv == c.uv;
        let area = area as f64;
        let per_pixel = |index: usize| (edges[index].per_pixel as f64 / area) as f32;
        let to_the_right = [per_pixel(0), per_pixel(1), per_pixel(2)];
        if one_texel {
            let texel = texture.sample(a.uv.x * width, a.uv.y * height, texture.filter(0.0));
            if one_color {
                return Self::Solid(pixel::modulate(texel, pack(a.color)));
            }
            let [alpha, red, green, blue] = texel.to_be_bytes().map(|channel| f32::from(channel) / 255.0);
            let corners = vertices.map(|vertex| {
                let [r, g, b, a] = vertex.color.to_array().map(f32::from);
                [r * red, g * green, b * blue, a * alpha]
            });
            let step = mix(&corners, to_the_right).map(to_fixed);
            return Self::Gradient(Gradient { corners, area, step });
        }
        let corners = vertices.map(|vertex| {
            let [red, green, blue, alpha] = vertex.color.to_array().map(f32::from);
            [red, green, blue, alpha, vertex.uv.x * width, vertex.uv.y * height]
        });
        let step = mix(&corners, to_the_right);
        let per_row = |index: usize| (edges[index].x as f64 * STEPS as f64 / area) as f32;
        let down = mix(&corners, [per_row(0), per_row(1), per_row(2)]);
        let filter = texture.filter(step[4].hypot(step[5]).max(down[4].hypot(down[5])));
        let color = one_color.then(|| pack(a.color));
        Self::Textured(Textured { corners, area, step, color, filter })
    }

    /// Fills the pixels of a row that begins at column and row `at`.
    fn row(&self, edges: &[Edge; 3], at: [i64; 2], row: &mut [u32], texture: &Texture) {
        match self {
            Self::Solid(color) => pixel::fill(row, *color),
            Self::Gradient(gradient) => gradient.row(edges, at, row),
            Self::Textured(textured) => textured.row(edges, at, row, texture),
        }
    }
}

impl Gradient {
    fn row(&self, edges: &[Edge; 3], at: [i64; 2], row: &mut [u32]) {
        let start = mix(&self.corners, weights(edges, at, self.area));
        let mut value = start.map(|channel| to_fixed(channel + 0.5));
        for pixel in row {
            let [red, green, blue, alpha] = value.map(|channel| (channel >> 16).clamp(0, 255) as u32);
            *pixel = pixel::over(*pixel, (alpha << 24) | (red << 16) | (green << 8) | blue);
            for (channel, step) in value.iter_mut().zip(self.step) {
                *channel = channel.wrapping_add(step);
            }
        }
    }
}

impl Textured {
    fn row(&self, edges: &[Edge; 3], at: [i64; 2], row: &mut [u32], texture: &Texture) {
        let mut value = mix(&self.corners, weights(edges, at, self.area));
        for pixel in row {
            let [red, green, blue, alpha, x, y] = value;
            let color = self.color.unwrap_or_else(|| {
                // A cast to u8 saturates.
                u32::from_be_bytes([alpha, red, green, blue].map(|channel| (channel + 0.5) as u8))
            });
            *pixel = pixel::over(*pixel, pixel::modulate(texture.sample(x, y, self.filter), color));
            for (value, step) in value.iter_mut().zip(self.step) {
                *value += step;
            }
        }
    }
}

/// How much of each corner there is in a pixel. From exact integers: a sliver of a triangle would magnify every
/// rounding error made on the way along it.
fn weights(edges: &[Edge; 3], [column, row]: [i64; 2], area: f64) -> [f32; 3] {
    let weight = |index: usize| (edges[index].at(column, row) as f64 / area) as f32;
    [weight(0), weight(1), weight(2)]
}

/// The corners' values, weighted.
fn mix<const N: usize>(corners: &[[f32; N]; 3], weights: [f32; 3]) -> [f32; N] {
    std::array::from_fn(|index| corners[0][index] * weights[0] + corners[1][index] * weights[1] + corners[2][index] * weights[2])
}

/// In 1/65536. A cast saturates; a step that large belongs to a sliver with a single pixel in each row.
fn to_fixed(value: f32) -> i32 {
    (value * 65536.0) as i32
}

#[cfg(test)]
mod tests;
