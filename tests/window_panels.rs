//! Every panel of the window, by what can be read on it, in both languages, over real sockets.

mod support;

use support::{LANGUAGES, Side, Window};

#[test]
fn the_first_start_offers_the_loopback_pair() {
    for language in LANGUAGES {
        let window = Window::open(language);
        for key in ["welcome.title", "welcome.subtitle", "welcome.pair_tcp", "welcome.tip"] {
            assert!(window.reads(&window.tr(key)), "{key}: {}", window.told());
        }
        for key in ["pair.tcp", "pair.udp", "role.tcp_client", "role.tcp_server", "role.udp"] {
            assert!(window.control(&window.tr(key), Side::Any).enabled, "{key}");
        }
    }
}

#[test]
fn one_click_makes_a_connected_pair_and_text_goes_both_ways() {
    for language in LANGUAGES {
        for (pair, said) in [("pair.tcp", "你好，TCP"), ("pair.udp", "你好，UDP")] {
            let mut window = Window::open(language);
            window.press(pair, Side::Any);
            let open = if pair == "pair.tcp" { "state.listening" } else { "state.open" };
            for state in [open, "state.open"] {
                window.wait_for(&window.tr(state));
            }
            for (from, to) in [(Side::Right, Side::Left), (Side::Left, Side::Right)] {
                let text = format!("{said} {from:?}");
                let button = window.tr("send.button");
                window.write(&text, from);
                window.until("a message that may leave", |window| window.control(&button, from).enabled);
                window.click(&button, from);
                let sent = window.wait_for_row(from, &text);
                let received = window.wait_for_row(to, &text);
                assert!(sent.starts_with('→') && received.starts_with('←'), "{sent} / {received}");
                assert!(received.contains(&format!(" {} B ", text.len())), "{received}");
            }
        }
    }
}
