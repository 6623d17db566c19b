//! Frames of protocols of numbers, alike in every run. It must never know what a verdict on them is.

/// Numbers that look like chance and are the same in every run.
pub struct Dice(pub u64);

impl Dice {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 to `most` - 1.
    pub fn below(&mut self, most: usize) -> usize {
        (self.next() % most as u64) as usize
    }

    /// Bytes that are any.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}

/// A frame of a protocol of numbers, by its name.
pub fn frame(kind: &str, dice: &mut Dice) -> Vec<u8> {
    let mut bytes = Vec::new();
    match kind {
        "16 random bytes" => bytes = dice.bytes(16),
        "Modbus RTU request" => {
            bytes.extend([
                1 + dice.below(40) as u8,
                [1, 2, 3, 4, 6][dice.below(5)],
                0,
                dice.next() as u8,
                0,
                1 + dice.below(60) as u8,
            ]);
            bytes.extend(crc16(&bytes));
        }
        "Modbus RTU answer" => {
            let count = 2 + dice.below(6);
            bytes.extend([1 + dice.below(40) as u8, 3, count as u8 * 2]);
            (0..count).for_each(|_| bytes.extend((dice.below(4000) as u16).to_be_bytes()));
            bytes.extend(crc16(&bytes));
        }
        "Modbus TCP" => {
            bytes.extend((dice.below(60000) as u16).to_be_bytes());
            bytes.extend([0, 0, 0, 6, 1, 3, 0, dice.next() as u8, 0, 1 + dice.below(60) as u8]);
        }
        "DNS" => {
            bytes.extend(dice.bytes(2));
            let answer = dice.below(2) as u8;
            bytes.extend([1 + 0x80 * answer, 0x80 * answer, 0, 1, 0, answer, 0, 0, 0, 0]);
            for label in [["www", "mail", "api"][dice.below(3)], ["example", "sensors", "baidu"][dice.below(3)], "com"] {
                bytes.push(label.len() as u8);
                bytes.extend(label.as_bytes());
            }
            bytes.extend([0, 0, 1, 0, 1]);
            if answer == 1 {
                bytes.extend([0xC0, 0x0C, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
                bytes.extend(dice.bytes(4));
            }
        }
        "TLS client hello" => {
            bytes.extend(b"\x16\x03\x01\x00\xC8\x01\x00\x00\xC4\x03\x03");
            bytes.extend(dice.bytes(32));
            bytes.push(32);
            bytes.extend(dice.bytes(32));
            bytes.extend(
                b"\x00\x08\x13\x02\x13\x03\x13\x01\x00\xFF\x01\x00\x00\x75\x00\x00\x00\x10\x00\x0E\x00\x00\x0Bexample.com",
            );
        }
        "DL/T 645" => {
            bytes.push(0x68);
            (0..6).for_each(|_| bytes.push((dice.below(10) * 16 + dice.below(10)) as u8));
            bytes.extend([0x68, 0x11, 0x04, 0x33, 0x33, 0x34, 0x33]);
            bytes.push(bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)));
            bytes.push(0x16);
        }
        "MQTT" => match dice.below(2) {
            0 => bytes.extend([0x10, 0x0E, 0, 4, b'M', b'Q', b'T', b'T', 4, 2, 0, 60, 0, 2, b'd', b'0' + dice.below(10) as u8]),
            _ => bytes.extend([0x32, 7, 0, 1, b't', 0, dice.next() as u8, dice.next() as u8, 0x80 + dice.below(100) as u8]),
        },
        "protobuf" => {
            (1..6).for_each(|field| bytes.extend([field << 3, 0x80 | dice.next() as u8, 1 + dice.below(4) as u8]));
        }
        "floats" => (0..4).for_each(|_| bytes.extend((dice.below(10000) as f32 / 10.0 + 0.05).to_le_bytes())),
        "gzip" => {
            bytes.extend([0x1F, 0x8B, 8, 0]);
            bytes.extend(dice.bytes(4));
            bytes.extend([0, 3]);
            bytes.extend(dice.bytes(12));
        }
        _ => {
            bytes.extend([0x78, [0x01, 0x9C, 0xDA][dice.below(3)]]);
            bytes.extend(dice.bytes(14));
        }
    }
    bytes
}

fn crc16(bytes: &[u8]) -> [u8; 2] {
    let crc = bytes.iter().fold(0xFFFF_u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xA001 } else { crc >> 1 })
    });
    crc.to_le_bytes()
}
