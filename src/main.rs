//! The program: the window, or the headless twin; nothing else.
fn main() {}
