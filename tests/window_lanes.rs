//! The lanes: pictures of the page, the same on every machine, and the page in the window with real sockets, through labels.

mod support;

use egui::accesskit::Role as Access;
use egui::{Rangef, Theme};
use sockscope::i18n::Language::{self, Chinese, English};
use sockscope::session::draft::Draft;
use sockscope::session::event::What;
use sockscope::session::framing::FramingKind;
use sockscope::session::id::{Peer, SessionId};
use sockscope::session::spec::Role;
use sockscope::ui::page::TabPage;
use sockscope::ui::theme::size;
use support::stage::{Stage, connection, crowding};
use support::{LANGUAGES, Side, Window};

/// The least window that nothing may be wrong in.
const WINDOW: [f32; 2] = [1024.0, 640.0];
/// One as most people have it.
const TALL: [f32; 2] = [1180.0, 820.0];
const SERVER: &str = "127.0.0.1:9000";
const CLIENT: &str = "127.0.0.1:51512";
const BESIDE: [&str; 2] = ["127.0.0.1:41000", "127.0.0.1:41001"];

/// Compares the picture and looks whether everything has its place. The blocks of the page stand in one another.
fn check(name: &str, stage: Stage, points: [f32; 2]) {
    // The settings and the picture scroll.
    let scrolled = [Rangef::new(0.0, size::COLUMN), Rangef::new(size::COLUMN, f32::INFINITY)];
    let mut harness = stage.harness(points, 1.0);
    let mut wrong = crowding(&harness, &scrolled);
    wrong.extend(harness.try_snapshot(name).err().map(|problem| problem.to_string()));
    assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
}

fn name(view: &str, language: Language, theme: Theme) -> String {
    let theme = if theme == Theme::Dark { "dark" } else { "light" };
    format!("lanes-{view}-{}-{theme}", language.code())
}

const LOOKS: [(Language, Theme); 4] =
    [(Chinese, Theme::Light), (English, Theme::Light), (Chinese, Theme::Dark), (English, Theme::Dark)];

fn message(language: Language, number: usize) -> String {
    match language {
        Chinese => format!("第{number:02}条"),
        English => format!("msg {number:02} "),
    }
}

/// A server and its client in two tabs, one behind the other; the client's page is that of the lanes.
fn pair(language: Language, theme: Theme, typed: impl FnOnce(&mut Draft)) -> (Stage, [SessionId; 2]) {
    let mut stage = Stage::new(language, theme);
    let server = stage.tab(Role::TcpServer, |_| {});
    let client = stage.tab(Role::TcpClient, typed);
    join(&mut stage, [server, client]);
    stage.tabs.get_mut(&client).unwrap().page = TabPage::Lanes;
    (stage, [server, client])
}

/// The client connects to the server.
fn join(stage: &mut Stage, [server, client]: [SessionId; 2]) {
    stage.opens(server);
    stage.happens(server, What::Listening { local: SERVER.parse().unwrap() });
    stage.opens(client);
    stage.happens(client, What::Connected { peer: connection(1, SERVER), local: CLIENT.parse().unwrap() });
    stage.happens(server, What::PeerJoined { peer: connection(1, CLIENT), local: SERVER.parse().unwrap() });
}

/// The client writes these, the server reads them in pieces of these sizes.
fn talk(stage: &mut Stage, [server, client]: [SessionId; 2], writes: &[Vec<u8>], reads: &[usize]) {
    for write in writes {
        stage.sends(client, connection(1, SERVER), write);
    }
    let mut stream: Vec<u8> = writes.concat();
    for size in reads {
        let rest = stream.split_off((*size).min(stream.len()));
        stage.receives(server, connection(1, CLIENT), &stream);
        stream = rest;
    }
}

#[test]
fn one_read_of_ten_writes_one_write_in_many_reads_and_what_waits() {
    for (language, theme) in LOOKS {
        let (mut stage, ends) = pair(language, theme, |_| {});
        let burst: Vec<Vec<u8>> = (1..=10).map(|number| message(language, number).into_bytes()).collect();
        let total = burst.concat().len();
        talk(&mut stage, ends, &burst, &[total]);
        stage.waits(3_000_000);
        let one = "一次写入，分成几次读取 / one write in several reads".as_bytes().to_vec();
        talk(&mut stage, ends, &[one], &[16, 16, 16, 100]);
        stage.waits(3_000_000);
        talk(&mut stage, ends, &burst[..4], &[9, 13]);
        check(&name("stream", language, theme), stage, TALL);
    }
}

#[test]
fn the_cure_and_datagrams_beside_the_stream() {
    for (language, theme) in LOOKS {
        let (mut stage, ends) = pair(language, theme, |draft| draft.framing.kind = FramingKind::Line);
        let beside = [stage.tab(Role::Udp, |_| {}), stage.tab(Role::Udp, |_| {})];
        for (id, local) in beside.into_iter().zip(BESIDE) {
            stage.opens(id);
            stage.happens(id, What::Bound { local: local.parse().unwrap(), receive_buffer: 425_984 });
        }
        let burst: Vec<Vec<u8>> = (1..=6).map(|number| format!("{}\n", message(language, number)).into_bytes()).collect();
        talk(&mut stage, ends, &burst, &[20, 25, 100]);
        let [to, from] = [BESIDE[1], BESIDE[0]].map(|address| Peer::datagram(address.parse().unwrap()));
        for datagram in &burst {
            stage.sends(beside[0], to, datagram);
        }
        // The first comes twice, the third never, the last two the other way round, one of them cut.
        for index in [0, 0, 1, 3] {
            stage.receives(beside[1], from, &burst[index]);
        }
        stage.receives(beside[1], from, &burst[5][..6]);
        stage.happens(beside[1], What::Truncated { peer: from, kept: 6, whole: Some(burst[5].len() as u64) });
        stage.receives(beside[1], from, &burst[4]);
        // The tabs of the datagrams stand behind.
        let tab = stage.tabs.get_mut(&ends[1]).unwrap();
        tab.lanes.set_beside(beside);
        tab.lanes.show_beside();
        stage.front(ends[1]);
        check(&name("beside", language, theme), stage, TALL);
    }
}

#[test]
fn another_program_at_the_other_end_and_the_least_window() {
    for (language, theme) in LOOKS {
        let mut stage = Stage::new(language, theme);
        let client = stage.tab(Role::TcpClient, |_| {});
        stage.opens(client);
        stage.happens(client, What::Connected { peer: connection(1, SERVER), local: CLIENT.parse().unwrap() });
        for number in 1..=3 {
            stage.sends(client, connection(1, SERVER), message(language, number).as_bytes());
        }
        stage.tabs.get_mut(&client).unwrap().page = TabPage::Lanes;
        check(&name("alone", language, theme), stage, WINDOW);
    }
}

/// The loopback pair as it comes: two tiles side by side, each with its own way of the same stream.
#[test]
fn both_ends_side_by_side() {
    for (language, theme) in LOOKS {
        let mut stage = Stage::new(language, theme);
        let ends = stage.pair((Role::TcpServer, |_: &mut Draft| {}), (Role::TcpClient, |_: &mut Draft| {}));
        join(&mut stage, ends);
        let burst: Vec<Vec<u8>> = (1..=10).map(|number| message(language, number).into_bytes()).collect();
        let total = burst.concat().len();
        talk(&mut stage, ends, &burst, &[total]);
        for end in ends {
            stage.tabs.get_mut(&end).unwrap().page = TabPage::Lanes;
        }
        let mut harness = stage.harness([1600.0, 900.0], 1.0);
        let mut wrong = crowding(&harness, &[Rangef::EVERYTHING]);
        wrong.extend(harness.try_snapshot(name("pair", language, theme)).err().map(|problem| problem.to_string()));
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

#[test]
fn before_anything_was_sent() {
    for (language, theme) in LOOKS {
        let (stage, _) = pair(language, theme, |_| {});
        check(&name("empty", language, theme), stage, WINDOW);
    }
}

// ---- with real sockets

/// Blocks of the picture, as they are read aloud.
fn blocks(window: &Window, side: Side) -> Vec<String> {
    window.find_all(&[Access::ListBoxOption], side).into_iter().map(|seen| seen.label).collect()
}

#[test]
fn ten_messages_become_fewer_reads_with_one_click() {
    for language in LANGUAGES {
        let mut window = Window::open(language);
        window.press("pair.tcp", Side::Any);
        window.wait_for(&language.tr("state.open"));
        window.press("page.lanes", Side::Right);
        window.click(&language.tr_with("lanes.send", &[("count", &10)]), Side::Right);
        // What the writer wrote, each with its number and words.
        let first = language.tr_with("lanes.message", &[("number", &"01")]);
        window.until("ten writes", |window| {
            let blocks = blocks(window, Side::Right);
            let written =
                language.tr_with("lanes.hint_write", &[("number", &10), ("bytes", &"X"), ("offset", &"X"), ("text", &"X")]);
            let begin = written.split('X').next().unwrap().to_owned();
            blocks.iter().any(|block| block.starts_with(&begin)) && blocks.iter().any(|block| block.contains(first.trim()))
        });
        // Fewer reads than writes: that is what one sees first of all.
        window.until("a verdict", |window| {
            let coalesced = language.tr_with("lanes.verdict_coalesced", &[("writes", &10), ("reads", &1)]);
            let others = language.tr_with("lanes.verdict_mixed", &[("writes", &10), ("reads", &"N")]);
            window.reads(&coalesced) || window.reads(others.split('N').next().unwrap())
        });
    }
}

#[test]
fn a_block_selects_its_record_and_a_record_its_block() {
    let mut window = Window::open(English);
    window.press("pair.tcp", Side::Any);
    window.wait_for(&English.tr("state.open"));
    window.press("page.lanes", Side::Right);
    window.click(&English.tr_with("lanes.send", &[("count", &10)]), Side::Right);
    window.until("a write", |window| blocks(window, Side::Right).iter().any(|block| block.contains("msg 04")));
    let block = window.find_all(&[Access::ListBoxOption], Side::Right);
    let block = block.into_iter().find(|seen| seen.label.starts_with("Write 4:")).unwrap();
    window.click_on(&block);
    window.until("lit", |window| {
        window.find_all(&[Access::ListBoxOption], Side::Right).iter().any(|seen| seen.on && seen.label.starts_with("Write 4:"))
    });
    window.press("page.log", Side::Right);
    window.until("selected", |window| {
        window.all().iter().any(|seen| seen.role == Access::ListItem && seen.on && seen.label.contains("msg 04"))
    });
    // And the other way.
    let row = window.all().into_iter().find(|seen| seen.role == Access::ListItem && seen.label.contains("msg 07")).unwrap();
    window.click_on(&row);
    window.press("page.lanes", Side::Right);
    window.until("lit", |window| {
        window.find_all(&[Access::ListBoxOption], Side::Right).iter().any(|seen| seen.on && seen.label.starts_with("Write 7:"))
    });
}

#[test]
fn a_block_selects_the_frame_that_its_bytes_are_in() {
    let mut window = Window::open(English);
    window.press("pair.tcp", Side::Any);
    window.wait_for(&English.tr("state.open"));
    window.press("page.lanes", Side::Right);
    window.press("lanes.knobs", Side::Right);
    window.choose(&English.tr("lanes.framing"), 0, &English.tr("framing.line"), Side::Right);
    window.click(&English.tr_with("lanes.send", &[("count", &10)]), Side::Right);
    window.until("frames", |window| {
        blocks(window, Side::Right).iter().filter(|block| block.starts_with("One frame:")).count() >= 1
    });
    // Several frames came in one read; the one that is clicked is the one that is selected.
    let frame = window.find_all(&[Access::ListBoxOption], Side::Right);
    let frame = frame.into_iter().find(|seen| seen.label.starts_with("One frame: 8 B from byte 16")).unwrap();
    window.click_on(&frame);
    // The reader's log is by reads, the writer's by frames.
    window.until("the read", |window| window.all().iter().any(|seen| seen.role == Access::ListItem && seen.on));
    let write = window.find_all(&[Access::ListBoxOption], Side::Right);
    let write = write.into_iter().find(|seen| seen.label.starts_with("Write 3:")).unwrap();
    window.click_on(&write);
    window.press("page.log", Side::Right);
    window.until("selected", |window| {
        window.all().iter().any(|seen| seen.role == Access::ListItem && seen.on && seen.label.contains("msg 03"))
    });
}

#[test]
fn a_pair_of_udp_sockets_keeps_boundaries_in_both_tabs() {
    for language in LANGUAGES {
        let mut window = Window::open(language);
        window.press("pair.udp", Side::Any);
        let open = language.tr("state.open").into_owned();
        window.until("both open", |window| window.all().iter().filter(|seen| seen.text() == open).count() >= 2);
        window.press("page.lanes", Side::Right);
        window.press("page.lanes", Side::Left);
        window.click(&language.tr_with("lanes.send", &[("count", &10)]), Side::Right);
        let kept = language.tr_with("lanes.verdict_datagrams_kept", &[("sent", &10), ("received", &10)]);
        for side in [Side::Left, Side::Right] {
            window.until("kept", |window| window.find(&[Access::Label], &kept, side).len() == 1);
        }
    }
}

#[test]
fn reading_less_at_once_cuts_one_write_and_datagrams_beside_it_keep_theirs() {
    let mut window = Window::open(English);
    window.press("pair.tcp", Side::Any);
    window.wait_for(&English.tr("state.open"));
    window.press("page.lanes", Side::Right);
    window.press("lanes.knobs", Side::Right);
    window.press("lanes.beside", Side::Right);
    window.choose(&English.tr("lanes.count"), 0, "1", Side::Right);
    window.choose(&English.tr("lanes.read_size"), 0, "4 B", Side::Right);
    window.click(&English.tr_with("lanes.send", &[("count", &1)]), Side::Right);
    window.until("both", |window| window.reads("1 write became 2 reads") && window.reads("1 sent, 1 received"));
    // The datagram was cut by the same read size.
    window.wait_for("cut 1");
}
