//! Pictures of what happened, as data: pure functions of records, socket calls, packets and what the system says. What was seen and what
//! must have been are never drawn alike. It must never draw, ask the system, or look at a clock: the window and the hand-outs do.
//!
//! | module | what it is |
//! | --- | --- |
//! | `scene` | lines, boxes and words, coloured by role |
//! | `outline` | dashes, arrow heads, which shape is under a place: what both who draw have to agree on |
//! | `ink` | the colours of print |
//! | `svg` | a picture as a file |
//! | `states` | the states of TCP, and where both ends of a connection are |

pub mod ink;
pub mod outline;
pub mod scene;
pub mod states;
pub mod svg;
