//! `relay`: its words, as clap types, and what they ask for. It must never open anything.

use super::args::{EndingWord, EofWord, FormatWord, InputWord, Talk, choice, encoding, seconds};
use super::spec::wrong_address;
use crate::codec::encoding::Encoding;
use crate::i18n::Language;
use crate::session::address::{self, Endpoint};
use crate::session::impairment::{DEFAULT_PAUSE, Impairment, MILLIS, PIECES, PLACES, RATES, Rechunk, Share, Stall};
use crate::session::spec::{Protocol, RelaySpec};
use crate::traffic::encodings::Choice;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

/// `relay`.
#[derive(Debug, clap::Args)]
pub struct Relay {
    /// Where to listen; the host is 127.0.0.1 unless given (* is every IPv4 address), port 0 lets the system choose
    #[arg(long, value_name = "[HOST]:PORT")]
    listen: String,
    /// Where to forward to
    #[arg(long, value_name = "HOST:PORT")]
    to: String,
    /// Forward datagrams instead of TCP connections
    #[arg(long)]
    udp: bool,
    #[command(flatten)]
    knobs: Knobs,
    #[command(flatten)]
    watch: Watch,
}

/// What it does to what passes. Both directions, each by itself; the same seed does the same to the same datagrams.
#[derive(Debug, clap::Args)]
struct Knobs {
    /// Which dice decide about datagrams: the same number decides the same
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Datagrams that do not leave, in percent (--udp)
    #[arg(long, value_name = "PERCENT", value_parser = share)]
    drop: Option<Share>,
    /// Datagrams that leave twice, in percent (--udp)
    #[arg(long, value_name = "PERCENT", value_parser = share)]
    repeat: Option<Share>,
    /// Datagrams that are held back until the next one has overtaken them, in percent (--udp)
    #[arg(long, value_name = "PERCENT", value_parser = share)]
    reorder: Option<Share>,
    /// Everything leaves so much later
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(MILLIS))]
    delay: Option<u64>,
    /// Up to so much later still, another amount for each datagram; the order stays (--udp)
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(MILLIS))]
    jitter: Option<u64>,
    /// No write is longer than N bytes, or crosses a multiple of N, with a pause between two pieces (TCP) [default pause: 10]
    #[arg(long, value_name = "N[:MS]", value_parser = rechunk)]
    rechunk: Option<Rechunk>,
    /// Bytes that leave in a second (TCP)
    #[arg(long, value_name = "BYTES/S", value_parser = clap::value_parser!(u64).range(RATES))]
    rate: Option<u64>,
    /// Stand still for a while, once, when N bytes have left (TCP)
    #[arg(long, value_name = "N:MS", value_parser = stall)]
    stall: Option<Stall>,
    /// Reset both ends when N bytes have left (TCP)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(PLACES))]
    reset: Option<u64>,
}

/// How what passes is written. As for every session, but for what has to do with sending.
#[derive(Debug, clap::Args)]
struct Watch {
    /// The encoding of both directions: any WHATWG label (utf-8, gbk, gb18030, big5, shift_jis, utf-16le, latin1, …)
    #[arg(long, value_name = "NAME", value_parser = encoding, default_value = "utf-8")]
    encoding: Encoding,
    /// The encoding of what is received, where it differs; auto judges each connection or peer by its first bytes
    #[arg(long, value_name = "NAME", value_parser = choice)]
    recv_encoding: Option<Choice>,
    /// The encoding of what is sent on, where it differs
    #[arg(long, value_name = "NAME", value_parser = encoding)]
    send_encoding: Option<Encoding>,
    /// How received bytes become rows, as for tcp-server
    #[arg(long, value_name = "RULE")]
    frame: Option<String>,
    /// What standard output gets; raw is the received bytes alone, of both directions
    #[arg(long, value_enum, default_value = "text")]
    format: FormatWord,
    /// No data records on standard output, state changes only
    #[arg(long)]
    quiet: bool,
    /// Record everything, both ends, to a capture for Wireshark (pcapng); a file that is there is replaced
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Stop after so many received records, of both directions
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Stop after so many seconds
    #[arg(long = "for", value_name = "SECONDS", value_parser = seconds)]
    limit: Option<Duration>,
}

impl Relay {
    /// What to open.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn spec(&self, language: Language) -> Result<RelaySpec, String> {
        let listen = address::parse_local(&self.listen).map_err(|error| wrong_address(language, &self.listen, &error))?;
        let to = Endpoint::parse(&self.to).map_err(|error| wrong_address(language, &self.to, &error))?;
        let protocol = if self.udp { Protocol::Udp } else { Protocol::Tcp };
        let impairment = self.knobs.impairment(language, protocol)?;
        Ok(RelaySpec { protocol, listen, to, impairment })
    }

    /// What is written of it.
    pub fn talk(&self) -> Talk {
        let Watch { encoding, recv_encoding, send_encoding, frame, format, quiet, record, count, limit } = &self.watch;
        Talk {
            encoding: *encoding,
            recv_encoding: *recv_encoding,
            send_encoding: *send_encoding,
            input: InputWord::Text,
            line_ending: EndingWord::None,
            send: Vec::new(),
            reply: None,
            checksum: None,
            every: None,
            times: None,
            frame: frame.clone(),
            format: *format,
            quiet: *quiet,
            record: record.clone(),
            count: *count,
            limit: *limit,
            // It says nothing of its own, so the end of standard input changes nothing.
            eof: Some(EofWord::Keep),
        }
    }
}

impl Knobs {
    fn impairment(&self, language: Language, protocol: Protocol) -> Result<Impairment, String> {
        let Self { seed, drop, repeat, reorder, delay, jitter, rechunk, rate, stall, reset } = *self;
        let others: &[(&str, bool)] = match protocol {
            Protocol::Tcp => &[
                ("--drop", drop.is_some()),
                ("--repeat", repeat.is_some()),
                ("--reorder", reorder.is_some()),
                ("--jitter", jitter.is_some()),
            ],
            Protocol::Udp => &[
                ("--rechunk", rechunk.is_some()),
                ("--rate", rate.is_some()),
                ("--stall", stall.is_some()),
                ("--reset", reset.is_some()),
            ],
        };
        if let Some((option, _)) = others.iter().find(|(_, given)| *given) {
            let key = match protocol {
                Protocol::Tcp => "relay.udp_only",
                Protocol::Udp => "relay.tcp_only",
            };
            return Err(language.tr_with(key, &[("option", option)]));
        }
        let millis = |millis: Option<u64>| Duration::from_millis(millis.unwrap_or(0));
        Ok(Impairment {
            seed,
            drop: drop.unwrap_or_default(),
            repeat: repeat.unwrap_or_default(),
            reorder: reorder.unwrap_or_default(),
            delay: millis(delay),
            jitter: millis(jitter),
            rechunk,
            rate: rate.and_then(NonZeroU64::new),
            stall,
            reset,
        })
    }
}

fn share(text: &str) -> Result<Share, String> {
    text.parse().map_err(|_| "not a percentage (0 to 100, with up to four decimals)".to_owned())
}

fn within(text: &str, range: std::ops::RangeInclusive<u64>) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| format!("'{text}' is not a whole number from {} to {}", range.start(), range.end()))
}

fn rechunk(text: &str) -> Result<Rechunk, String> {
    let (size, pause) = match text.split_once(':') {
        Some((size, pause)) => (size, Duration::from_millis(within(pause, MILLIS)?)),
        None => (text, DEFAULT_PAUSE),
    };
    let size = u32::try_from(within(size, PIECES)?).ok().and_then(NonZeroU32::new);
    size.map(|size| Rechunk { size, pause }).ok_or_else(|| "a piece has at least one byte".to_owned())
}

fn stall(text: &str) -> Result<Stall, String> {
    let (after, pause) = text.split_once(':').ok_or("bytes and milliseconds, as in 1000:500")?;
    Ok(Stall { after: within(after, PLACES)?, pause: Duration::from_millis(within(pause, 1..=*MILLIS.end())?) })
}

#[cfg(test)]
mod tests {
    use super::super::args::{Args, Command};
    use super::*;
    use clap::Parser;

    fn spec(line: &str) -> Result<RelaySpec, String> {
        let args = Args::try_parse_from(line.split(' ')).map_err(|error| error.to_string())?;
        match args.command {
            Some(Command::Relay(relay)) => relay.spec(Language::English),
            _ => Err("another command".into()),
        }
    }

    #[test]
    fn what_is_asked_for() {
        let udp = spec("sockscope relay --listen :0 --to localhost:9 --udp --seed 7 --drop 12.5 --repeat 1% --reorder 0 --delay 20 --jitter 5")
            .unwrap();
        let expected = Impairment {
            seed: 7,
            drop: "12.5".parse().unwrap(),
            repeat: "1".parse().unwrap(),
            delay: Duration::from_millis(20),
            jitter: Duration::from_millis(5),
            ..Impairment::default()
        };
        assert_eq!(
            (udp.protocol, udp.listen.to_string(), udp.to.to_string()),
            (Protocol::Udp, "127.0.0.1:0".into(), "localhost:9".into())
        );
        assert_eq!(udp.impairment, expected);
        let tcp = spec("sockscope relay --listen *:0 --to [::1]:9 --rechunk 3 --rate 1000 --stall 0:500 --reset 10").unwrap();
        let Impairment { seed, rechunk, rate, stall, reset, .. } = tcp.impairment;
        assert_eq!((seed, rechunk), (1, NonZeroU32::new(3).map(|size| Rechunk { size, pause: DEFAULT_PAUSE })));
        assert_eq!((rate, reset), (NonZeroU64::new(1000), Some(10)));
        assert_eq!(stall, Some(Stall { after: 0, pause: Duration::from_millis(500) }));
        let free = spec("sockscope relay --listen :0 --to a:9 --rechunk 1:0").unwrap().impairment.rechunk;
        assert_eq!(free.map(|rechunk| rechunk.pause), Some(Duration::ZERO));
    }

    #[test]
    fn what_is_refused() {
        let table = [
            ("", "--to"),
            (" --to a:0", "Port 0"),
            (" --to a:9 --drop 10", "--drop"),
            (" --to a:9 --jitter 10", "--jitter"),
            (" --to a:9 --udp --reset 10", "--reset"),
            (" --to a:9 --udp --drop 101", "percentage"),
            (" --to a:9 --rechunk 0", "from 1"),
            (" --to a:9 --rechunk 3:x", "'x'"),
            (" --to a:9 --stall 10", "1000:500"),
            (" --to a:9 --stall 10:0", "from 1"),
            (" --to a:9 --rate 0", "--rate"),
            (" --to a:9 --send x", "--send"),
        ];
        for (rest, word) in table {
            let usage = spec(&format!("sockscope relay --listen :0{rest}")).expect_err(rest);
            assert!(usage.contains(word), "{rest}: {usage}");
        }
    }
}
