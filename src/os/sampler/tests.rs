//! Who looks sees what it asks for, and nobody waits.

use super::*;
use crate::session::ends::Protocol;
use crate::session::sample::TcpState;
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

fn start() -> (Sampler, Receiver<()>) {
    let (told, news) = channel();
    let wake: Wake = Box::new(move || {
        told.send(()).ok();
    });
    (Sampler::start(|| Timestamp(1), wake).unwrap(), news)
}

#[test]
fn each_who_looks_sees_its_own_and_the_thread_ends_at_once() {
    let (sampler, news) = start();
    let [one, other] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let ends = |listener: &TcpListener| Ends::Local { protocol: Protocol::Tcp, local: listener.local_addr().unwrap() };
    let client = TcpStream::connect(one.local_addr().unwrap()).unwrap();
    let connected = |watch: &Watch| watch.sample(client.local_addr().unwrap(), one.local_addr().unwrap()).is_some();
    while !connected(&sampler.look(1, &[ends(&one)])) {
        news.recv().unwrap();
    }
    // The port may have been another test's a moment ago: what is left of that waits in TIME-WAIT.
    let living = |watch: &Watch| watch.trails.iter().filter(|trail| trail.last().state != TcpState::TimeWait).count();
    let watch = sampler.look(1, &[ends(&one)]);
    assert_eq!(living(&watch), 2, "{watch:?}");
    loop {
        let watch = sampler.look(2, &[ends(&other)]);
        assert_eq!(living(&watch), 0, "{watch:?}");
        if watch.samples.iter().any(|sample| sample.state == Some(TcpState::Listen)) {
            break;
        }
        news.recv().unwrap();
    }
    sampler.forget(1);
    assert_eq!(*sampler.look(1, &[]), Watch::default());
}

#[test]
fn nothing_is_asked_while_nobody_looks() {
    let (sampler, news) = start();
    drop(sampler);
    assert!(news.recv().is_err());
}
