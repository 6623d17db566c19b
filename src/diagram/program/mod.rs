//! 同一个程序: what a session did, as a program in Python 3 and in Rust that does the same, to be copied and run. Pure: a specification and
//! records in, a text out. Must never write a byte that was not sent, nor leave one out without saying so.
//!
//! | file | what it answers |
//! | --- | --- |
//! | `script` | what was done, in order, out of the records |
//! | `literal` | bytes as both languages write them |
//! | `python` | the program in Python 3, with its standard library alone |
//! | `rust` | the program in Rust, with its standard library alone |

mod literal;
mod python;
mod rust;
pub mod script;

pub use python::python;
pub use rust::rust;

#[cfg(test)]
mod tests;
