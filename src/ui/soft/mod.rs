//! The CPU renderer: egui drawn without any GPU, in a window or in a test. It must never know what is shown.
//!
//! ```text
//!   window  winit, egui-winit and softbuffer: the window itself
//!     │  └── pace     when the next frame is due (pure)
//!   raster  meshes → rows of pixels
//!     ├── texture     what a mesh may be covered with
//!     └── pixel       the arithmetic of one colour
//! ```

mod pace;
mod pixel;
pub mod raster;
mod texture;
pub mod window;
