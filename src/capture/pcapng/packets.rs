//! Packets that were seen on an interface, as a file that every capture program opens. Must never mark them as ours: they are not made up.

use super::block;
use crate::capture::caught::Caught;
use crate::i18n::Language;
use std::sync::Arc;

/// The whole file.
pub fn file(packets: &[Arc<Caught>]) -> Vec<u8> {
    let length: usize = packets.iter().map(|caught| caught.packet.bytes.len() + 64).sum();
    let mut out = Vec::with_capacity(length + 512);
    let comment = [Language::Chinese.tr("packets.comment"), Language::English.tr("packets.comment")].join("\n");
    // Not our name first: by that the records that we wrote are known.
    block::header(concat!("captured by sockscope ", env!("CARGO_PKG_VERSION")), &comment, &mut out);
    for caught in packets {
        let packet = &caught.packet;
        block::seen(packet.at, &packet.bytes, packet.length, caught.lost_before, &mut out);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::caught::Packets;
    use crate::capture::packet::Packet;
    use crate::capture::{Kind, Options, open};
    use crate::codec::encoding::Encoding;
    use crate::session::event::What;
    use crate::session::timestamp::Timestamp;
    use etherparse::PacketBuilder;
    use jiff::tz::TimeZone;

    fn packets() -> Vec<Arc<Caught>> {
        let mut packets = Packets::default();
        for (at, text) in [(1_700_000_000_000_001, "one"), (1_700_000_000_000_002, "three")] {
            let mut bytes = Vec::new();
            PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 2], 64).udp(5, 6).write(&mut bytes, text.as_bytes()).unwrap();
            packets.push(Packet::parse(Timestamp(at), &bytes).unwrap());
            packets.lose(4);
        }
        packets.range(0..9).cloned().collect()
    }

    #[test]
    fn it_opens_as_anyone_s_capture() {
        let file = file(&packets());
        let options = Options { encoding: Encoding::UTF_8, zone: TimeZone::UTC };
        let capture = open(std::io::Cursor::new(file), &options).unwrap();
        assert_eq!(capture.kind(), Kind::Pcapng);
        let texts: Vec<String> = capture
            .filter_map(|seen| match seen.unwrap().what {
                What::Received { bytes, .. } | What::Sent { bytes, .. } => Some(String::from_utf8(bytes.to_vec()).unwrap()),
                _ => None,
            })
            .collect();
        assert_eq!(texts, ["one", "three"]);
    }

    #[test]
    fn tshark_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seen.pcapng");
        std::fs::write(&path, file(&packets())).unwrap();
        let fields = ["-T", "fields", "-e", "ip.src", "-e", "udp.dstport", "-e", "data.data", "-t", "e", "-e", "_ws.col.Time"];
        // Where there is no tshark, the test above must do.
        let Ok(told) = std::process::Command::new("tshark").arg("-r").arg(&path).args(fields).output() else { return };
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        let text = String::from_utf8(told.stdout).unwrap();
        let first = text.lines().next().unwrap();
        assert!(first.starts_with("127.0.0.1\t6\t6f6e65\t") && first.contains("000001"), "{text}");
        assert_eq!(text.lines().count(), 2);
    }
}
