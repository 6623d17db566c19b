//! Lanes by tables and by properties: every byte written stands once below, in the colour of its write.

use super::*;
use crate::codec::encoding::Encoding;
use crate::codec::framing::{End, Rule};
use crate::diagram::scene::{Area, Certainty, Ink, Scene, Shape};
use crate::i18n::Language;
use jiff::tz::TimeZone;
use proptest::prelude::*;

const WRITER: SessionId = SessionId(1);
const READER: SessionId = SessionId(2);

/// Chunks of these lengths, one behind the other from `first` on, `step` microseconds apart.
fn chunks_from(first: u64, lengths: &[usize], step: i64) -> Vec<Chunk> {
    let mut offset = first;
    let chunk = |(index, length): (usize, &usize)| {
        let bytes: Arc<[u8]> = (0..*length).map(|place| b'a' + ((offset as usize + place) % 26) as u8).collect();
        let chunk = Chunk { record: RecordId(index as u64), at: Timestamp(index as i64 * step), offset, bytes };
        offset = chunk.end();
        chunk
    };
    lengths.iter().enumerate().map(chunk).collect()
}

fn chunks(lengths: &[usize]) -> Vec<Chunk> {
    chunks_from(0, lengths, 10)
}

fn stream(writes: Vec<Chunk>, reads: Vec<Chunk>) -> Stream {
    Stream {
        title: "a → b".into(),
        writes: Some(Lane { session: WRITER, chunks: writes }),
        reads: Some(Lane { session: READER, chunks: reads }),
        first_number: 1,
        frames: Frames::Off,
        open: true,
    }
}

fn style(scale: f32) -> Style {
    Style { language: Language::English, zone: TimeZone::UTC, encoding: Encoding::UTF_8, width: 900.0, scale }
}

fn drawn(part: Part, scale: f32) -> Scene<Mark> {
    let plan = Plan::new(vec![part], style(scale));
    let height = plan.height();
    picture(&plan, 0.0..height)
}

fn verdict(part: Part) -> Vec<String> {
    let plan = Plan::new(vec![part], style(8.0));
    plan.exchanges().map(|(_, exchange)| exchange.tally.words(Language::English)).collect()
}

/// Writes, reads, what the turns are, and how many bytes nobody has read.
type Talk<'a> = (&'a [usize], &'a [usize], &'a [Kind], u64);

#[test]
fn what_became_of_boundaries() {
    use Kind::{Coalesced, Kept, Shifted, Split};
    let table: &[Talk<'_>] = &[
        (&[5], &[5], &[Kept], 0),
        (&[5, 5, 5], &[15], &[Coalesced], 0),
        (&[12], &[5, 5, 2], &[Split], 0),
        (&[5, 5, 5], &[7, 8], &[Shifted], 0),
        (&[5, 5, 4, 6], &[5, 5, 10], &[Kept, Kept, Coalesced], 0),
        (&[5, 5], &[], &[Kept, Kept], 10),
        (&[5, 5], &[5], &[Kept, Kept], 5),
        (&[5, 5], &[5, 2], &[Kept, Kept], 3),
        (&[5, 5], &[7], &[Coalesced], 3),
        (&[], &[], &[], 0),
    ];
    for (writes, reads, kinds, unread) in table {
        let found = turns(&chunks(writes), &chunks(reads));
        let told: Vec<Kind> = found.iter().map(|turn| Kind::of(turn.writes, turn.reads)).collect();
        assert_eq!(told, *kinds, "{writes:?} {reads:?}");
        assert_eq!(found.iter().map(|turn| turn.unread).sum::<u64>(), *unread, "{writes:?} {reads:?}");
        assert!(found.iter().all(|turn| turn.whole));
    }
}

#[test]
fn a_view_that_begins_in_the_middle_claims_nothing_about_what_it_does_not_see() {
    // The first read has bytes of writes that are not in the view.
    let found = turns(&chunks_from(100, &[10, 10], 10), &chunks_from(95, &[15, 10], 10));
    assert_eq!(
        found.iter().map(|turn| (turn.range.clone(), turn.whole)).collect::<Vec<_>>(),
        [(100..110, false), (110..120, true)]
    );
    // Reads whose records are gone in the middle.
    let mut reads = chunks(&[10, 10, 10]);
    reads.remove(1);
    let found = turns(&chunks(&[10, 10, 10]), &reads);
    assert_eq!(found.iter().map(|turn| turn.whole).collect::<Vec<_>>(), [true, true]);
    assert_eq!(found.iter().map(|turn| turn.range.clone()).collect::<Vec<_>>(), [0..10, 20..30]);
    // A read whose write is still on its way to the log.
    let found = turns(&chunks(&[10]), &chunks(&[25]));
    assert_eq!((found[0].range.clone(), found[0].whole, found[0].unread), (0..25, false, 0));
}

#[test]
fn the_verdict_in_words() {
    let table: &[(&[usize], &[usize], &str)] = &[
        (&[5; 10], &[50], "10 writes became 1 read"),
        (&[12], &[5, 5, 2], "1 write became 3 reads"),
        (&[5, 5], &[5, 5], "Boundaries kept: 2 writes, 2 reads"),
        (&[5, 5, 5], &[5, 10], "3 writes became 2 reads (kept 1 · coalesced 1)"),
        (&[5, 5], &[], "not read yet"),
    ];
    for (writes, reads, told) in table {
        let words = verdict(Part::Stream(stream(chunks(writes), chunks(reads))));
        assert!(words.len() == 1 && words[0].contains(told), "{words:?}: {told}");
    }
}

#[test]
fn a_pause_ends_an_exchange_and_a_hole_too() {
    let apart = PAUSE as i64 + 1;
    let part = |step| Part::Stream(stream(chunks_from(0, &[5, 5, 5], step), chunks_from(0, &[5, 5, 5], step)));
    assert_eq!(verdict(part(apart)).len(), 3);
    assert_eq!(verdict(part(apart / 2)).len(), 1);
}

fn datagrams(sent: &[&str], received: &[(&str, Option<Option<u64>>)]) -> Datagrams {
    let chunk = |index: usize, text: &str| Chunk {
        record: RecordId(index as u64),
        at: Timestamp(index as i64 * 10),
        offset: 0,
        bytes: text.as_bytes().into(),
    };
    let arrived = |(index, (text, cut)): (usize, &(&str, Option<Option<u64>>))| Arrived {
        chunk: chunk(index, text),
        cut: cut.map(|whole| Cut { whole }),
    };
    let sent = sent.iter().enumerate().map(|(index, text)| chunk(index, text)).collect();
    let received = received.iter().enumerate().map(arrived).collect();
    let (sent, received) = (Lane { session: WRITER, chunks: sent }, Lane { session: READER, chunks: received });
    Datagrams::new("a → b".into(), Some(sent), Some(received), 1)
}

#[test]
fn datagrams_find_each_other() {
    let got = |texts: &[&'static str]| texts.iter().map(|text| (*text, None)).collect::<Vec<_>>();
    let fates = |found: &Datagrams| {
        let fate = |slot: &Slot| match slot {
            Slot::Sent(_, Fate::Arrived(indices)) => format!("{indices:?}"),
            Slot::Sent(_, Fate::Missing) => "missing".into(),
            Slot::Sent(_, Fate::OnItsWay) => "on its way".into(),
            Slot::Sent(_, Fate::Unseen) => "unseen".into(),
            Slot::Received(index) => format!("stranger {index}"),
        };
        found.slots().iter().map(fate).collect::<Vec<String>>()
    };
    let table: &[(&[&str], &[&'static str], &[&str])] = &[
        (&["a", "b", "c"], &["a", "b", "c"], &["[0]", "[1]", "[2]"]),
        (&["a", "b", "c"], &["a", "c"], &["[0]", "missing", "[1]"]),
        (&["a", "b", "c"], &["a"], &["[0]", "on its way", "on its way"]),
        (&["a", "b", "c"], &["b", "a", "c"], &["[1]", "[0]", "[2]"]),
        (&["a", "b"], &["a", "a", "b"], &["[0, 1]", "[2]"]),
        // The same bytes twice are two datagrams, and a third is a repetition of the last.
        (&["a", "a"], &["a", "a", "a"], &["[0]", "[1, 2]"]),
        (&["a"], &["a", "z"], &["[0]", "stranger 1"]),
        (&["", "a"], &["", "a"], &["[0]", "[1]"]),
    ];
    for (sent, received, expected) in table {
        assert_eq!(fates(&datagrams(sent, &got(received))), *expected, "{sent:?} {received:?}");
    }
    // Cut: by what was kept and by the length that the system told.
    let found = datagrams(&["hello", "help", "helmet"], &[("hel", Some(Some(6))), ("hel", Some(None)), ("help", None)]);
    assert_eq!(fates(&found), ["[1]", "[2]", "[0]"]);
    let words = verdict(Part::Datagrams(found));
    assert!(words[0].contains("3 sent, 3 received") && words[0].contains("cut 2"), "{words:?}");
    // What arrived whole leaves fewer to choose from; of the rest it is the next.
    let cut = Some(Some(2));
    let found = datagrams(&["m1", "m2", "m3", "m4"], &[("m1", None), ("m2", None), ("m", cut)]);
    assert_eq!(fates(&found), ["[0]", "[1]", "[2]", "on its way"]);
    let found = datagrams(&["m1", "m2", "m3", "m4"], &[("m1", None), ("m3", None), ("m", cut), ("m2", None)]);
    assert_eq!(fates(&found), ["[0]", "[3]", "[1]", "[2]"]);
    let words = verdict(Part::Datagrams(datagrams(&["a", "b", "c"], &got(&["c", "a"]))));
    assert!(words[0].contains("missing 1") && words[0].contains("late 1"), "{words:?}");
    let words = verdict(Part::Datagrams(datagrams(&["a", "b"], &got(&["a", "b"]))));
    assert!(words[0].contains("Boundaries kept"), "{words:?}");
}

#[test]
fn frames_begin_where_they_certainly_begin() {
    let reads = |first: u64, texts: &[&str]| {
        let mut offset = first;
        let chunk = |(index, text): (usize, &&str)| {
            let bytes = text.as_bytes().into();
            let chunk = Chunk { record: RecordId(index as u64), at: Timestamp(index as i64 * 300_000), offset, bytes };
            offset = chunk.end();
            chunk
        };
        texts.iter().enumerate().map(chunk).collect::<Vec<_>>()
    };
    let known = |rule: &str, first: u64, texts: &[&str]| match frames(&rule.parse::<Rule>().unwrap(), &reads(first, texts)) {
        Frames::Known(found) => found.iter().map(|frame| (frame.range.clone(), frame.record.0, frame.end)).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    use End::{Complete, Unfinished};
    assert_eq!(
        known("line", 0, &["a\nb\nc", "d\ne"]),
        [(0..2, 0, Complete), (2..4, 0, Complete), (4..7, 1, Complete), (7..8, 1, Unfinished)]
    );
    // In the middle a line begins after the first line end.
    assert_eq!(known("line", 100, &["x\nab\n"]), [(102..105, 0, Complete)]);
    assert_eq!(known("line", 100, &["xyz"]), []);
    assert_eq!(known("fixed:4", 0, &["abcdefgh"]), [(0..4, 0, Complete), (4..8, 0, Complete)]);
    assert_eq!(known("fixed:4", 6, &["a", "bcdefg"]), [(8..12, 1, Complete), (12..13, 1, Unfinished)]);
    assert_eq!(known("length:1", 0, &["\u{2}ab\u{1}", "c"]), [(0..3, 0, Complete), (3..5, 1, Complete)]);
    // A silence belongs to nobody's bytes: the frame ends with the read before it.
    assert_eq!(known("idle:200", 0, &["ab", "cd"]), [(0..2, 0, Complete), (2..4, 1, Unfinished)]);
    assert_eq!(frames(&"length:2".parse().unwrap(), &reads(9, &["abc"])), Frames::Unknown);
    assert_eq!(frames(&Rule::None, &reads(0, &["abc"])), Frames::Off);
}

/// Boxes of a lane: the session that they are of, and how their ground is coloured.
fn boxes(scene: &Scene<Mark>, session: SessionId) -> Vec<(Area, Ink)> {
    let of = scene.items.iter().filter(|item| item.mark.is_some_and(|mark| mark.session == session));
    of.filter_map(|item| match &item.shape {
        Shape::Box { area, fill: Some(fill @ Ink::Series(_)), certainty: Certainty::Observed, .. } => Some((*area, *fill)),
        _ => None,
    })
    .collect()
}

fn lengths() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(1_usize..40, 1..40)
}

/// Cuts `total` bytes into reads at other places.
fn cut(total: usize, sizes: &[usize]) -> Vec<usize> {
    let mut left = total;
    let mut reads = Vec::new();
    for size in sizes.iter().cycle() {
        if left == 0 {
            break;
        }
        let taken = left.min(*size);
        reads.push(taken);
        left -= taken;
    }
    reads
}

proptest! {
    #[test]
    fn every_byte_written_stands_once_below_in_the_colour_of_its_write(writes in lengths(), sizes in lengths()) {
        let total: usize = writes.iter().sum();
        let reads = cut(total, &sizes);
        let scale = 8.0;
        let scene = drawn(Part::Stream(stream(chunks(&writes), chunks(&reads))), scale);
        // The writes' boxes tell which colour each byte has; a line is known by its top.
        let (above, below) = (boxes(&scene, WRITER), boxes(&scene, READER));
        let bytes = |area: &Area| {
            let first = ((area.at.x - layout::GUTTER) / scale).round() as i64;
            let last = ((area.at.x + area.width - layout::GUTTER) / scale).round() as i64;
            first..last
        };
        let line = |area: &Area| (area.at.y / (2.0 * (layout::LANE + layout::BETWEEN) + 14.0)).floor() as i64;
        let mut colors = std::collections::BTreeMap::new();
        for (area, ink) in &above {
            for byte in bytes(area) {
                prop_assert!(colors.insert((line(area), byte), *ink).is_none(), "a byte is written twice");
            }
        }
        prop_assert_eq!(colors.len(), total);
        for (area, ink) in &below {
            for byte in bytes(area) {
                prop_assert_eq!(colors.remove(&(line(area), byte)), Some(*ink), "a byte read in another colour, or twice");
            }
        }
        prop_assert!(colors.is_empty(), "a byte that is not read: {:?}", colors);
    }

    #[test]
    fn turns_leave_no_chunk_and_no_byte_out(writes in lengths(), sizes in lengths()) {
        let total: usize = writes.iter().sum();
        let reads = cut(total, &sizes);
        let found = turns(&chunks(&writes), &chunks(&reads));
        prop_assert_eq!(found.iter().map(|turn| turn.writes).sum::<usize>(), writes.len());
        prop_assert_eq!(found.iter().map(|turn| turn.reads).sum::<usize>(), reads.len());
        prop_assert!(found.iter().all(|turn| turn.whole && turn.unread == 0));
        prop_assert_eq!(found[0].range.start, 0);
        prop_assert!(found.windows(2).all(|pair| pair[0].range.end == pair[1].range.start));
        prop_assert_eq!(found.last().map(|turn| turn.range.end), Some(total as u64));
    }

    #[test]
    fn lanes_from_anywhere_never_panic(
        writes in lengths(), sizes in lengths(), from in (0_u64..60, 0_u64..60), gone in (0_usize..40, 0_usize..40), scale in 0.01_f32..14.0
    ) {
        let (mut writes, mut reads) = (chunks_from(from.0, &writes, 10), chunks_from(from.1, &sizes, 10));
        writes.remove(gone.0 % writes.len());
        reads.remove(gone.1 % reads.len());
        let found = turns(&writes, &reads);
        prop_assert!(found.windows(2).all(|pair| pair[0].range.end <= pair[1].range.start));
        let frames = frames(&Rule::Line, &reads);
        drawn(Part::Stream(Stream { frames, ..stream(writes, reads) }), scale);
    }
}

#[test]
fn only_what_is_in_view_is_drawn() {
    let part = Part::Stream(stream(chunks(&[1000; MOST_CHUNKS]), chunks(&[1000; MOST_CHUNKS])));
    let plan = Plan::new(vec![part], style(8.0));
    assert!(plan.height() > 100_000.0);
    let middle = plan.height() / 2.0;
    let scene = picture(&plan, middle..middle + 600.0);
    assert!(scene.items.len() < 120, "{}", scene.items.len());
    let inside = |item: &crate::diagram::scene::Item<Mark>| {
        let area = item.shape.bounds();
        area.at.y + area.height > middle - 120.0 && area.at.y < middle + 720.0
    };
    assert!(scene.items.iter().all(inside));
    // A record is found where it is drawn.
    let mark = Mark::of(WRITER, RecordId(200));
    let place = plan.find(mark).unwrap();
    assert!(picture(&plan, place).items.iter().any(|item| item.mark == Some(mark)));
}

#[test]
fn a_picture_has_a_height_that_can_be_told_apart_whatever_there_is() {
    let part = Part::Stream(stream(chunks(&[64 << 10; MOST_CHUNKS]), chunks(&[64 << 10; MOST_CHUNKS])));
    let plan = Plan::new(vec![part], style(14.0));
    assert!(plan.height() < 2_000_000.0, "{}", plan.height());
}

#[test]
fn a_line_ends_where_a_write_ends() {
    // 816 points are 102 bytes at this scale: three writes of 30, and not a piece of the fourth.
    let scene = drawn(Part::Stream(stream(chunks(&[30; 5]), chunks(&[150]))), 8.0);
    let widths: Vec<i32> = boxes(&scene, WRITER).iter().map(|(area, _)| area.width.round() as i32).collect();
    assert_eq!(widths, [238; 5]);
    // One that is longer than a line goes on in the next.
    let scene = drawn(Part::Stream(stream(chunks(&[250]), chunks(&[250]))), 8.0);
    assert_eq!(boxes(&scene, WRITER).len(), 3);
}

#[test]
fn what_nobody_saw_is_dashed() {
    let scene = drawn(Part::Stream(stream(chunks(&[20, 20]), chunks(&[20]))), 8.0);
    let dashed =
        scene.items.iter().filter(|item| matches!(item.shape, Shape::Box { certainty: Certainty::Inferred, .. })).count();
    assert_eq!(dashed, 1, "what waits");
    let scene = drawn(Part::Stream(Stream { reads: None, ..stream(chunks(&[20, 20]), Vec::new()) }), 8.0);
    let dashed =
        scene.items.iter().filter(|item| matches!(item.shape, Shape::Box { certainty: Certainty::Inferred, .. })).count();
    assert_eq!(dashed, 1, "another program's reads");
    let scene = drawn(Part::Datagrams(datagrams(&["a", "b", "c"], &[("a", None), ("c", None)])), 8.0);
    let dashed =
        scene.items.iter().filter(|item| matches!(item.shape, Shape::Box { certainty: Certainty::Inferred, .. })).count();
    assert_eq!(dashed, 1, "what is missing");
}

#[test]
fn blocks_have_room_for_words_at_the_fitting_scale() {
    let parts = |length: usize| vec![Part::Stream(stream(chunks(&[length; 5]), Vec::new()))];
    for (length, scale) in [(1, 14.0), (11, 10.0), (100, 1.0), (64 << 10, 0.001953125)] {
        assert_eq!(fitting_scale(&parts(length), 900.0).to_bits(), f32::to_bits(scale), "{length}");
    }
    // One that nearly fits into a line does: 10 messages of 9 bytes in 816 points.
    let burst = vec![Part::Stream(stream(chunks(&[9; 10]), chunks(&[90])))];
    assert_eq!(fitting_scale(&burst, 900.0).to_bits(), 8.0_f32.to_bits());
    assert_eq!(step_scale(1.0, 1).to_bits(), 2.0_f32.to_bits());
    assert_eq!(step_scale(14.0, 1).to_bits(), 14.0_f32.to_bits());
    assert_eq!(step_scale(1.0, -1).to_bits(), 0.5_f32.to_bits());
}
