//! The CPU renderer for `egui_kittest`: snapshots without a GPU, GL or a display. It must never know what is tested.

use egui_kittest::TestRenderer;
use sockscope::ui::soft::raster::{Canvas, Raster, clear_color};

/// Draws a harness with the same rasteriser as the CPU window: `Harness::builder().renderer(SoftRenderer::default())`.
#[derive(Default)]
pub struct SoftRenderer(Raster);

impl TestRenderer for SoftRenderer {
    fn handle_delta(&mut self, delta: &mut egui::TexturesDelta) {
        self.0.update(delta);
    }

    fn render(&mut self, ctx: &egui::Context, output: &egui::FullOutput) -> Result<image::RgbaImage, String> {
        let pixels_per_point = ctx.pixels_per_point();
        let size = ctx.content_rect().size() * pixels_per_point;
        let (width, height) = (size.x.round() as u32, size.y.round() as u32);
        let shapes = ctx.tessellate(output.shapes.clone(), pixels_per_point);
        let background = clear_color(ctx.global_style().visuals.panel_fill);
        let mut pixels = vec![background; width as usize * height as usize];
        let mut canvas = Canvas { pixels: &mut pixels, width: width as usize, height: height as usize };
        self.0.paint(&mut canvas, &shapes, pixels_per_point);
        let bytes = pixels.iter().flat_map(|pixel| {
            let [_, red, green, blue] = pixel.to_be_bytes();
            [red, green, blue, 255]
        });
        image::RgbaImage::from_raw(width, height, bytes.collect()).ok_or_else(|| format!("no image of {width}x{height}"))
    }
}
