//! stub
use super::cells::Cell;
use super::encoding::Encoding;
#[derive(Clone, Debug)]
pub struct Difference;
pub fn differences(_: Encoding, _: &[Cell], _: &[u8]) -> Vec<Difference> {
    vec![Difference]
}
