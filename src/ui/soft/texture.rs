//! A texture in memory: how it is changed and read. It must never know about triangles.

use super::pixel::pack;
use egui::{ColorImage, TextureFilter, TextureOptions, TextureWrapMode};

/// An image that meshes are covered with.
pub struct Texture {
    width: usize,
    height: usize,
    pixels: Vec<u32>,
    options: TextureOptions,
}

impl Texture {
    /// A texture with the contents of an image.
    pub fn new(image: &ColorImage, options: TextureOptions) -> Self {
        let [width, height] = image.size;
        let pixels = image.pixels.iter().map(|color| pack(*color)).collect();
        Self { width, height, pixels, options }
    }

    /// Replaces the part of the texture whose top left corner is `at`. What would lie outside is left out.
    pub fn update(&mut self, at: [usize; 2], image: &ColorImage, options: TextureOptions) {
        self.options = options;
        let [x, y] = at;
        let width = image.size[0].min(self.width.saturating_sub(x));
        let height = image.size[1].min(self.height.saturating_sub(y));
        for row in 0..height {
            let from = &image.pixels[row * image.size[0]..][..width];
            let into = &mut self.pixels[(y + row) * self.width + x..][..width];
            for (texel, color) in into.iter_mut().zip(from) {
                *texel = pack(*color);
            }
        }
    }

    /// Width and height in texels.
    pub fn size(&self) -> [f32; 2] {
        [self.width as f32, self.height as f32]
    }

    /// `count` texels of one row, or `None` if they are not all inside.
    pub fn row(&self, x: i32, y: i32, count: usize) -> Option<&[u32]> {
        let (x, y) = (usize::try_from(x).ok()?, usize::try_from(y).ok()?);
        if y >= self.height || x + count > self.width {
            return None;
        }
        self.pixels.get(y * self.width + x..)?.get(..count)
    }

    /// The filter to read with, when one pixel of the window covers `texels` texels.
    pub fn filter(&self, texels: f32) -> TextureFilter {
        if texels > 1.0 { self.options.minification } else { self.options.magnification }
    }

    /// The colour at a place given in texels, where (0.5, 0.5) is the middle of the first one.
    pub fn sample(&self, x: f32, y: f32, filter: TextureFilter) -> u32 {
        match filter {
            TextureFilter::Nearest => self.texel(x.floor() as i32, y.floor() as i32),
            TextureFilter::Linear => self.linear(x - 0.5, y - 0.5),
        }
    }

    /// Mixes the four neighbours, with weights in steps of 1/256 as graphics cards do.
    fn linear(&self, x: f32, y: f32) -> u32 {
        let (left, top) = (x.floor(), y.floor());
        let right_part = ((x - left) * 256.0) as u32;
        let bottom_part = ((y - top) * 256.0) as u32;
        let (left, top) = (left as i32, top as i32);
        if right_part == 0 && bottom_part == 0 {
            return self.texel(left, top);
        }
        let below = top.saturating_add(1);
        let pair = |y: i32| match self.row(left, y, 2) {
            Some(&[left, right]) => [left, right],
            _ => [self.texel(left, y), self.texel(left.saturating_add(1), y)],
        };
        let [upper, lower] = [pair(top), pair(below)].map(|[left, right]| mix(left, right, right_part));
        mix(upper, lower, bottom_part)
    }

    /// One texel; outside of the texture the wrap mode says which.
    fn texel(&self, x: i32, y: i32) -> u32 {
        let x = wrap(x, self.width, self.options.wrap_mode);
        let y = wrap(y, self.height, self.options.wrap_mode);
        self.pixels.get(y * self.width + x).copied().unwrap_or(0)
    }
}

/// `a` and `b` mixed, with `part` of 256 taken from `b`.
fn mix(a: u32, b: u32, part: u32) -> u32 {
    let lanes = |shift: u32| {
        let a = (a >> shift) & 0x00ff_00ff;
        let b = (b >> shift) & 0x00ff_00ff;
        ((a * (256 - part) + b * part + 0x0080_0080) >> 8) & 0x00ff_00ff
    };
    lanes(0) | (lanes(8) << 8)
}

fn wrap(at: i32, length: usize, mode: TextureWrapMode) -> usize {
    let length = i32::try_from(length).unwrap_or(i32::MAX).max(1);
    let inside = match mode {
        TextureWrapMode::ClampToEdge => at.clamp(0, length - 1),
        TextureWrapMode::Repeat => at.rem_euclid(length),
        TextureWrapMode::MirroredRepeat => {
            let at = at.rem_euclid(length.saturating_mul(2));
            if at < length { at } else { 2 * length - 1 - at }
        }
    };
    usize::try_from(inside).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::Color32;

    fn image(width: usize, colors: &[u8]) -> ColorImage {
        let pixels = colors.iter().map(|gray| Color32::from_gray(*gray)).collect();
        ColorImage::new([width, colors.len() / width], pixels)
    }

    fn gray(texture: &Texture, x: i32, y: i32) -> u32 {
        texture.texel(x, y) & 0xff
    }

    #[test]
    fn a_partial_update_changes_its_part_and_nothing_else() {
        let mut texture = Texture::new(&image(3, &[1, 2, 3, 4, 5, 6, 7, 8, 9]), TextureOptions::LINEAR);
        texture.update([1, 1], &image(2, &[50, 60, 80, 90]), TextureOptions::LINEAR);
        let all: Vec<u32> = texture.pixels.iter().map(|pixel| pixel & 0xff).collect();
        assert_eq!(all, [1, 2, 3, 4, 50, 60, 7, 80, 90]);
        texture.update([2, 2], &image(2, &[1, 2, 3, 4]), TextureOptions::LINEAR);
        assert_eq!(gray(&texture, 2, 2), 1, "what hangs over the edge is left out");
        texture.update([7, 7], &image(1, &[1]), TextureOptions::LINEAR);
    }

    #[test]
    fn wrap_modes() {
        use TextureWrapMode::{ClampToEdge, MirroredRepeat, Repeat};
        let table =
            [(ClampToEdge, [0, 0, 0, 1, 2, 2, 2]), (Repeat, [1, 2, 0, 1, 2, 0, 1]), (MirroredRepeat, [1, 0, 0, 1, 2, 2, 1])];
        for (mode, expected) in table {
            let got = [-2, -1, 0, 1, 2, 3, 4].map(|at| wrap(at, 3, mode));
            assert_eq!(got, expected, "{mode:?}");
        }
    }

    #[test]
    fn linear_is_exact_in_the_middle_of_a_texel_and_mixes_between() {
        let texture = Texture::new(&image(2, &[0, 200]), TextureOptions::LINEAR);
        let at = |x| texture.sample(x, 0.5, TextureFilter::Linear) & 0xff;
        assert_eq!([at(0.5), at(1.0), at(1.5), at(9.0)], [0, 100, 200, 200]);
        assert_eq!(texture.sample(0.9, 0.5, TextureFilter::Nearest) & 0xff, 0);
    }

    #[test]
    fn a_row_is_given_only_if_it_is_whole() {
        let texture = Texture::new(&image(3, &[1, 2, 3, 4, 5, 6]), TextureOptions::LINEAR);
        assert_eq!(texture.row(1, 1, 2).map(<[u32]>::len), Some(2));
        for (x, y, count) in [(-1, 0, 1), (2, 0, 2), (0, 2, 1), (0, -1, 1)] {
            assert!(texture.row(x, y, count).is_none(), "{x} {y} {count}");
        }
    }
}
