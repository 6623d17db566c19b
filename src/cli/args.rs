//! The words of the command line, as clap types. It must never know what they lead to: `spec` does.

use super::relay::Relay;
use crate::codec::encoding::Encoding;
use crate::i18n::Language;
use crate::session::messenger::name;
use crate::traffic::encodings::Choice;
use crate::traffic::record::Direction;
use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// A network debugging assistant. Without a command it opens the window.
#[derive(Debug, Parser)]
#[command(name = "sockscope", version, disable_help_subcommand = true)]
#[command(
    after_help = "Exit status: 0 done, 1 the network (or a file) said no, 2 wrong usage. Ctrl-C and a broken pipe end cleanly with 0."
)]
pub struct Args {
    /// The language of messages; the system's unless given
    #[arg(long, value_enum, global = true, value_name = "LANGUAGE")]
    pub lang: Option<Lang>,
    /// What to do without a window.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The languages by their words on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// 简体中文
    #[value(alias = "zh-CN", alias = "zh_CN")]
    Zh,
    /// English
    En,
}

impl Lang {
    /// The language itself.
    pub fn language(self) -> Language {
        match self {
            Self::Zh => Language::Chinese,
            Self::En => Language::English,
        }
    }
}

/// What to do without a window.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the main job on this machine alone: TCP and UDP pairs, GBK and UTF-8, a character cut in two
    Demo,
    /// Connect to a TCP server
    TcpClient {
        /// Where to connect; IPv6 in brackets, as in `[::1]:80`
        #[arg(value_name = "HOST:PORT")]
        remote: String,
        #[command(flatten)]
        talk: Talk,
    },
    /// Listen for TCP clients
    TcpServer {
        /// Where to listen; the host is 127.0.0.1 unless given (* is every IPv4 address), port 0 lets the system choose
        #[arg(value_name = "[HOST]:PORT")]
        local: String,
        #[command(flatten)]
        talk: Talk,
    },
    /// Send and receive datagrams
    Udp {
        #[command(flatten)]
        udp: Datagrams,
        #[command(flatten)]
        talk: Talk,
    },
    /// Say what bytes mean, in every encoding, with a verdict
    Decode(Decode),
    /// Turn a capture (pcapng, pcap) or a log (NetAssist, jsonl) into another format
    Convert(Convert),
    /// The class room's lessons, on real sockets of this machine: what was predicted beside what happened
    Lesson(Lesson),
    /// Forward TCP or UDP, and drop, repeat, delay, reorder, cut up, slow down, stall or reset what passes
    Relay(Relay),
    /// Connect to a Unix-domain socket
    UnixClient {
        /// Its path; @NAME is an abstract name (Linux)
        #[arg(value_name = "PATH")]
        path: String,
        #[command(flatten)]
        talk: Talk,
    },
    /// Listen on a Unix-domain socket; its file is removed at the end
    UnixServer {
        /// Its path; @NAME is an abstract name (Linux)
        #[arg(value_name = "PATH")]
        path: String,
        /// Replace a socket file that nobody listens on any more
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        talk: Talk,
    },
    /// Send and receive datagrams over Unix-domain sockets
    UnixDatagram {
        #[command(flatten)]
        unix: UnixDatagrams,
        #[command(flatten)]
        talk: Talk,
    },
}

/// Whatever is said to a command that does not exist yet.
#[derive(Debug, clap::Args)]
pub struct Later {
    /// Not read yet.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub words: Vec<String>,
}

/// `lesson`.
#[derive(Debug, clap::Args)]
pub struct Lesson {
    /// What to do with them.
    #[command(subcommand)]
    pub word: LessonWord,
}

/// `lesson list`, `lesson run`.
#[derive(Debug, Subcommand)]
pub enum LessonWord {
    /// Show which lessons there are
    List {
        /// A list for people, or a JSON object per lesson
        #[arg(long, value_enum, default_value = "text")]
        format: LessonFormat,
    },
    /// Do one from beginning to end; the exit status is 1 when something does not come out as it should
    Run(LessonRun),
}

/// `lesson run`.
#[derive(Debug, clap::Args)]
pub struct LessonRun {
    /// One of the list, or a file that ends in .toml
    #[arg(value_name = "NAME | FILE")]
    pub lesson: String,
    /// Text for people, a JSON object per step, or one page that holds everything
    #[arg(long, value_enum, default_value = "text")]
    pub format: LessonFormat,
    /// Where to instead of standard output; a file that is there is replaced
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `lesson … --format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LessonFormat {
    /// For people
    Text,
    /// A JSON object per line
    Jsonl,
    /// A page
    Html,
}

/// What only UDP has.
#[derive(Debug, clap::Args)]
pub struct Datagrams {
    /// The local address; the host is 127.0.0.1 unless given, port 0 lets the system choose
    #[arg(long, value_name = "[HOST]:PORT")]
    pub bind: Option<String>,
    /// Where datagrams go; without it, typed lines go to whoever sent last
    #[arg(long, value_name = "HOST:PORT")]
    pub to: Option<String>,
    /// Allow sending to broadcast addresses (SO_BROADCAST)
    #[arg(long)]
    pub broadcast: bool,
    /// Join a multicast group, on the interface with this name or address; repeatable
    #[arg(long, value_name = "GROUP[@INTERFACE]")]
    pub join: Vec<String>,
}

/// What only datagrams over Unix-domain sockets have.
#[derive(Debug, clap::Args)]
pub struct UnixDatagrams {
    /// The socket's own path, @NAME for an abstract name (Linux); without it nobody can answer. Its file is removed at the end
    #[arg(long, value_name = "PATH")]
    pub bind: Option<String>,
    /// Where datagrams go; without it, typed lines go to whoever sent last
    #[arg(long, value_name = "PATH", required_unless_present = "bind")]
    pub to: Option<String>,
    /// Replace a socket file that nobody has bound any more
    #[arg(long, requires = "bind")]
    pub replace: bool,
}

/// What every session has.
#[derive(Debug, clap::Args)]
pub struct Talk {
    /// The encoding of both directions: any WHATWG label (utf-8, gbk, gb18030, big5, shift_jis, utf-16le, latin1, …)
    #[arg(long, value_name = "NAME", value_parser = encoding, default_value = "utf-8")]
    pub encoding: Encoding,
    /// The encoding of what is received, where it differs; auto judges each connection or peer by its first bytes
    #[arg(long, value_name = "NAME", value_parser = choice)]
    pub recv_encoding: Option<Choice>,
    /// The encoding of what is sent, where it differs
    #[arg(long, value_name = "NAME", value_parser = encoding)]
    pub send_encoding: Option<Encoding>,
    /// How --send and the lines of standard input are read
    #[arg(long, value_enum, default_value = "text")]
    pub input: InputWord,
    /// Appended to each message
    #[arg(long, value_enum, default_value = "none", value_name = "ENDING")]
    pub line_ending: EndingWord,
    /// Send this at the start (a server: to each client that joins); repeatable
    #[arg(long, value_name = "MESSAGE", allow_hyphen_values = true)]
    pub send: Vec<String>,
    /// Answer what arrives: echo, upper, chat (to all the others), text:MESSAGE, or to datagrams ipmsg (IP Messenger, FeiQ: receipts, who
    /// is there), which may say who one is: ipmsg:USER@HOST or ipmsg:USER@HOST/GROUP
    #[arg(long, value_name = "echo|upper|chat|text:MESSAGE|ipmsg", value_parser = reply)]
    pub reply: Option<ReplyWord>,
    /// Append a checksum to each message (not available yet)
    #[arg(long, value_name = "NAME")]
    pub checksum: Option<String>,
    /// Send again and again, every so many milliseconds: the last --send (those before it once), or the first line of standard input.
    /// The end of standard input waits for the last of --times
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    pub every: Option<u64>,
    /// How often --every sends
    #[arg(long, value_name = "N", requires = "every", value_parser = clap::value_parser!(u64).range(1..))]
    pub times: Option<u64>,
    /// How received bytes become rows, whatever reads they came in: none, line, fixed:N, `length:WIDTH[be|le][,offset=N][,adjust=N]`
    /// (a frame is offset + WIDTH + its number + adjust bytes long; WIDTH is 1, 2, 4 or 8), delimiter:HEX or delimiter:\r\n, idle:MS, json
    #[arg(long, value_name = "RULE")]
    pub frame: Option<String>,
    /// What standard output gets; raw is the received bytes alone, netassist is in hex with --input hex
    #[arg(long, value_enum, default_value = "text")]
    pub format: FormatWord,
    /// No data records on standard output, state changes only
    #[arg(long)]
    pub quiet: bool,
    /// Record everything, from the first event on, to a capture for Wireshark (pcapng); a file that is there is replaced. Whatever
    /// happens to this program, what it has printed is in the file
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Stop after so many received records (with --frame: frames)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// Stop after so many seconds
    #[arg(long = "for", value_name = "SECONDS", value_parser = seconds)]
    pub limit: Option<Duration>,
    /// What the end of standard input does [default: half-close for a client, keep for the rest]
    #[arg(long, value_enum)]
    pub eof: Option<EofWord>,
}

/// `--input`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InputWord {
    /// As the characters that they are
    Text,
    /// As hex digits: 48 65 6C, 0x48, a pasted dump
    Hex,
    /// As characters with escapes: \r \n \x00 \u{4E2D}
    Escaped,
}

/// `--line-ending`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EndingWord {
    /// Nothing
    None,
    /// \n
    Lf,
    /// \r
    Cr,
    /// \r\n
    Crlf,
}

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatWord {
    /// A line per record, its text
    Text,
    /// A line per record, its bytes in hex
    Hex,
    /// Offset, hex and text columns
    Both,
    /// A JSON object per line, state changes too
    Jsonl,
    /// The received bytes alone
    Raw,
    /// NetAssist V5's log
    Netassist,
}

/// `--eof`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EofWord {
    /// Nothing
    Keep,
    /// Finish sending (FIN), go on receiving
    HalfClose,
    /// End the session
    Close,
}

/// `--reply`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplyWord {
    /// The same bytes back.
    Echo,
    /// The same text in upper case.
    Upper,
    /// To all the other clients.
    Chat,
    /// This text.
    Text(String),
    /// As a program of IP Messenger.
    IpMsg {
        /// One's name.
        user: String,
        /// One's machine.
        host: String,
        /// One's group; empty for none.
        group: String,
    },
}

/// `decode`.
#[derive(Debug, clap::Args)]
pub struct Decode {
    /// Bytes in hex, @FILE, or - for standard input (the default); a file and standard input are the bytes themselves
    #[arg(value_name = "TEXT-OF-HEX | @FILE | -")]
    pub source: Vec<String>,
    /// What happened to this garbled text, and what can be recovered of it; - for standard input
    #[arg(long, value_name = "TEXT", conflicts_with = "source", allow_hyphen_values = true)]
    pub garbled: Option<String>,
    /// A table for people, or a JSON object per candidate
    #[arg(long, value_enum, default_value = "text")]
    pub format: DecodeFormat,
}

/// `convert`.
#[derive(Debug, clap::Args)]
pub struct Convert {
    /// The capture or log; what it is follows from its content
    #[arg(value_name = "IN")]
    pub input: String,
    /// The new file, or - for standard output. Its ending says what it is: txt, hex, csv, jsonl, log (NetAssist), raw or bin, pcapng
    #[arg(value_name = "OUT")]
    pub output: String,
    /// What OUT is, whatever its ending
    #[arg(long, value_enum)]
    pub format: Option<ConvertFormat>,
    /// The encoding of the bytes, for text that is read from a log or written: any WHATWG label, or auto, which judges each stream
    #[arg(long, value_name = "NAME", value_parser = choice, default_value = "utf-8")]
    pub encoding: Choice,
    /// Records of this direction only [default: both, for raw those received]
    #[arg(long, value_enum)]
    pub direction: Option<Way>,
}

/// `convert --format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ConvertFormat {
    /// A line per record, its text
    #[value(alias = "txt")]
    Text,
    /// A line per record, its bytes in hex
    Hex,
    /// Offset, hex and text columns
    Both,
    /// A table
    Csv,
    /// A JSON object per line
    Jsonl,
    /// NetAssist V5's log, as text
    Netassist,
    /// NetAssist V5's log, in hex
    NetassistHex,
    /// The bytes of one direction alone
    Raw,
    /// A capture for Wireshark, with made-up packet headers
    Pcapng,
}

/// `convert --direction`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// What came from the peer
    Received,
    /// What went to the peer
    Sent,
}

impl Way {
    /// The direction itself.
    pub fn direction(self) -> Direction {
        match self {
            Self::Received => Direction::Received,
            Self::Sent => Direction::Sent,
        }
    }
}

/// `decode --format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DecodeFormat {
    /// A table, best reading first
    Text,
    /// A JSON object per reading, best first
    Jsonl,
}

pub(super) fn encoding(label: &str) -> Result<Encoding, String> {
    Encoding::for_label(label).ok_or_else(|| "not the name of an encoding (utf-8, gbk, gb18030, big5, shift_jis, …)".to_owned())
}

/// An encoding, or `auto`, which is the default encoding where a stream does not tell.
pub(super) fn choice(label: &str) -> Result<Choice, String> {
    if label.eq_ignore_ascii_case("auto") { Ok(Choice::Auto(Encoding::UTF_8)) } else { encoding(label).map(Choice::Fixed) }
}

fn reply(word: &str) -> Result<ReplyWord, String> {
    match word {
        "echo" => Ok(ReplyWord::Echo),
        "upper" => Ok(ReplyWord::Upper),
        "chat" => Ok(ReplyWord::Chat),
        "ipmsg" => Ok(messenger("sockscope", "sockscope", "")),
        _ => match (word.strip_prefix("text:"), word.strip_prefix("ipmsg:")) {
            (Some(text), _) => Ok(ReplyWord::Text(text.to_owned())),
            (None, Some(who)) => {
                let (user, place) = who.split_once('@').ok_or("USER@HOST is missing behind ipmsg:")?;
                let (host, group) = place.split_once('/').unwrap_or((place, ""));
                match (name(user), name(host)) {
                    (Ok(user), Ok(host)) => Ok(messenger(&user, &host, group)),
                    (Err(problem), _) | (_, Err(problem)) => Err(problem.to_string()),
                }
            }
            (None, None) => Err("one of echo, upper, chat, text:MESSAGE and ipmsg".to_owned()),
        },
    }
}

fn messenger(user: &str, host: &str, group: &str) -> ReplyWord {
    ReplyWord::IpMsg { user: user.to_owned(), host: host.to_owned(), group: group.to_owned() }
}

pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let number: Option<f64> = text.parse().ok();
    number
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "not a number of seconds above 0".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_words_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn seconds_and_replies() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for bad in ["0", "-1", "x", "inf", "NaN", "1e300"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
        assert_eq!(reply("text:a:b"), Ok(ReplyWord::Text("a:b".into())));
        assert!(reply("txt").is_err());
        assert_eq!(reply("ipmsg"), Ok(messenger("sockscope", "sockscope", "")));
        assert_eq!(reply("ipmsg:李雷@PC-02"), Ok(messenger("李雷", "PC-02", "")));
        assert_eq!(reply("ipmsg:li@PC-02/研发部"), Ok(messenger("li", "PC-02", "研发部")));
        for bad in ["ipmsg:li", "ipmsg:@PC", "ipmsg:a:b@PC", "ipmsg:li@"] {
            assert!(reply(bad).is_err(), "{bad}");
        }
    }
}
