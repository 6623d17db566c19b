//! Pictures of what happened, as data: pure functions of records, socket calls, packets and what the system says. What was seen and what
//! must have been are never drawn alike. It must never draw, ask the system, or look at a clock: the window and the hand-outs do.

pub mod scene;
