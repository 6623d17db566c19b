//! Pictures of what happened, as data: pure functions of records, socket calls, packets and what the system says. What was seen and what
//! must have been are never drawn alike. It must never draw, ask the system, or look at a clock: the window and the hand-outs do.
//!
//! | module | what it is |
//! | --- | --- |
//! | `encapsulation` | a message inside its headers |
//! | `lanes` | what was written above, what was read below |
//! | `scene` | lines, boxes and words, coloured by role |
//! | `outline` | dashes, arrow heads, which shape is under a place: what both who draw have to agree on |
//! | `ink` | the colours of print |
//! | `ladder` | two life-lines, and what went between them |
//! | `names` | how a name is looked up, as it is taught |
//! | `program` | what a session did, as a program |
//! | `svg` | a picture as a file |
//! | `states` | the states of TCP, and where both ends of a connection are |

pub mod encapsulation;
pub mod ink;
pub mod ladder;
pub mod lanes;
pub mod names;
pub mod outline;
pub mod program;
pub mod scene;
pub mod states;
pub mod svg;
