//! Lines such as a device sends, for the benchmarks that search.

use std::io::Write;

/// So many bytes of them.
pub fn lines(length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length + 100);
    let mut number = 1_u64;
    while bytes.len() < length {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let value = number >> 33;
        writeln!(bytes, "2026-07-21T08:20:34 sensor {} reads {value} mV, status {:x}", value % 100, value % 7919).unwrap();
    }
    bytes.truncate(length);
    bytes
}
