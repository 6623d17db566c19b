//! Pictures as data, which the window and the hand-outs draw alike. It must never know a window, a file, a socket or the clock.
//!
//! | module | what it is |
//! | --- | --- |
//! | `encapsulation` | a message inside its headers |
//! | `scene` | lines, boxes and words, coloured by role |
//! | `outline` | dashes, arrow heads, which shape is under a place: what both who draw have to agree on |
//! | `ink` | the colours of print |
//! | `svg` | a picture as a file |

pub mod encapsulation;
pub mod ink;
pub mod outline;
pub mod scene;
pub mod svg;
