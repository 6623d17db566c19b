//! Sockscope (套接字示波器), a network debugging assistant: TCP clients, TCP servers, UDP sockets and Unix-domain sockets in a window, and
//! the same engine without one. This page is the map of the house.
//!
//! # Three threads
//!
//! ```text
//!    ui thread (eframe)                recorder thread                    net thread (tokio, one thread)
//!  ┌──────────────────────┐        ┌──────────────────────┐         ┌────────────────────────────────────┐
//!  │ look: a glance        │ Mutex  │ for each parcel:      │ parcels │ hub: command → session's task      │
//!  │ draw: panels          │◄──────►│   file, write to disk │◄════════│ tcp_client │ tcp_server │ udp     │
//!  │ carry out: intents    │<Model> │ then model.apply      │ +credit │ each: read → outbox                │
//!  └──────────┬───────────┘        └──────┬───────────────┘         └─────────────────▲──────────────────┘
//!             └──────────────────────── commands, bounded, never waiting ──────────────┘
//!                       │                 ▼
//!   pages, scan, export │◄──────── the spool on disk
//! ```
//!
//! Everything else that takes time has a thread of its own that ends with what asked for it: the pages that a frame wants from disk
//! ([`store::pages`]), a filter, search or framing over all rows ([`history::feed`]), an export, a file that is opened, a recording that
//! copies what was before it began, the states of sockets while someone looks at them ([`os::sampler`]), a capture of packets
//! ([`os::packets`]), what the address desk asks of the system. Sockets are sampled ([`os::sampler`]) only while someone looks, packets taken ([`os::packets`]) only
//! where someone asked.
//!
//! The headless twin is the same net and recorder with a printer (a [`recorder::Tap`]) instead of a window.
//! A window that is hidden gets no frames, so nothing may depend on frames: the recorder takes everything in.
//!
//! # Who may import whom
//!
//! Arrows run down only; `tests/layers.rs` reads the `use` lines.
//!
//! ```text
//! main → {ui, cli} → lesson → history → recorder → {net, store, capture}     {store, capture} → traffic → describe → {session, i18n}
//!         ui → settings → {session, i18n}    {ui, lesson} → {diagram, os} → capture     net → session → codec
//! ```
//!
//! 1. [`codec`], [`session`], [`traffic`] and [`capture`] are pure: no sockets, threads or clock; time and bytes are arguments.
//!    [`store`] is the only place that writes records to disk, [`history`] the only way to read them back.
//! 2. [`net`] is the only place with sockets and tokio, [`ui`] the only one with egui; `ui` and [`cli`] never see each other.
//! 3. [`describe`] is the only place that turns what happened into sentences, so window, twin and saved log say the same.
//!    (It is not in the first sketch of the architecture; without it three places would each have phrased failures.)
//! 4. [`i18n`] imports nothing of ours.
//! 5. [`os`] asks the system what sockets do not tell; [`diagram`] is pure and makes pictures as data, which window and hand-outs draw;
//!    [`lesson`] does with the engine what a user could do by hand.
//!
//! # Invariants
//!
//! 1. **Bytes are the record.** A [`traffic::record::Record`] owns exactly the bytes of one read, datagram or send and is never changed.
//!    Text is decoded when it is looked at ([`traffic::text`]), from the nearest place in the stream that is certainly between characters.
//! 2. **Nothing is lost in silence.** A parcel carries its own credit, so the channel to the recorder is never full. TCP waits for
//!    credit before it reads; UDP that finds none counts the datagram, and so is what the kernel dropped: sent = recorded + gaps.
//!    A record is written to disk before anyone sees it ([`recorder::Order`]), so what was shown survives the end of the program by whatever
//!    means; a power cut may take what the system had not yet written, some 30 seconds, as nothing is synced per record. Records that
//!    leave the disk budget, or that the disk would not take, are counted and shown; with "stop reading" none does.
//! 3. **Each opened session ends in exactly one `Closed` or `Failed`** ([`session::event::What`]).
//! 4. **The window never waits.** It tries the model's lock for two milliseconds, else draws its last glance; a frame costs what is in
//!    view, not what is in the log ([`ui::widget::rows`] keeps a row, never a pixel offset), and never reads a file: what is not in
//!    memory is asked for, waited for a few milliseconds at most, and drawn as "…" until it comes.
//!    A replay is a bound on what a look may see ([`traffic::view::View::records`]), the same for every page of a tab; its place is
//!    searched in the same way ([`traffic::seek`]).
//! 5. **Every queue has a bound in bytes and says what happens at it**: parcels 16 MiB and 4 more for datagrams alone ([`net::Outbox`]), commands 64 MiB
//!    ([`net::Handle`]), sends 4 MiB per peer, 64 bytes for each message included (refused, and told), records 64 MiB (oldest go, counted),
//!    records that the disk does not take 8 MiB (oldest go, counted and told; or reading stops, as the user chose),
//!    a recording whose file takes nothing 8 MiB (the rest is counted as missing in it),
//!    what waits in a relay 256 KiB each way of a TCP connection (then reading stops) and 1 MiB for each of 128 UDP clients (the rest is
//!    thrown away and told; the client that was silent longest makes room for a new one),
//!    the socket calls of a session 4 MiB (oldest go, counted),
//!    a capture of packets 32 MiB, and 1 MiB more that may be another program's and is held back (oldest go, counted; the held ones unseen).
//!    Pages from disk 24 MiB, a stream's unfinished frame 64 KiB (cut, and said so), a search's view across reads 4 KiB,
//!    what tells the encodings of a session's streams some 10 MiB (the streams silent longest are forgotten, and judged anew).
//! 6. **An encoding is a way to look.** Which one a record is read in is chosen for it, its peer or its direction, or told by its stream
//!    ([`traffic::encodings`]); display, search, filter, copy and export ask the same place. A guess ([`codec::detect`]) changes nothing
//!    by itself unless "auto" was chosen; then each stream is judged once, by its first telling bytes ([`traffic::heads`]), so the answer
//!    does not depend on who asks or when.
//! 7. **Encoding never replaces.** A character that an encoding lacks is refused with its place ([`codec::encoding::Encoding::encode`]).
//! 8. **Stop is a message.** Threads are named, owned and joined; closing under flood ends within two seconds.
//! 9. **Memory does not grow with the history.** There is a point per 256 KiB on disk, a chunk per 1,024 records of a framed view, a
//!    compressed bitmap for what a filter admits and a search finds; ten million rows are a few MiB.
//! 10. **A socket file is only ever replaced on request, and only one that nobody holds**; ours goes with its socket (`net::unix::file`),
//!     also where the process ends without closing it ([`recorder::remove_socket_files`]), but for SIGKILL.
//! 11. **Nothing inferred is drawn as observed.** What a picture is made of says which of the two it is ([`diagram::scene::Certainty`]), and
//!     whoever draws has one line for each. A capture takes the place of an inference that it confirms, and of nothing else.
//! 12. **A lesson is what a user could do.** Its runner ([`lesson::run`]) sends commands and reads the model like any other hand and eye;
//!     window and twin step the same runner; all of it is on loopback, and ends with nothing left open.

rust_i18n::i18n!("assets/locales", fallback = "en");
// The macro reads these without telling the compiler; named here, a changed word is compiled in.
const _: [&str; 2] = [include_str!("../assets/locales/en.toml"), include_str!("../assets/locales/zh-CN.toml")];

pub mod capture;
pub mod cli;
pub mod codec;
pub mod describe;
pub mod diagram;
pub mod history;
pub mod i18n;
pub mod lesson;
pub mod net;
pub mod os;
pub mod recorder;
pub mod session;
pub mod settings;
pub mod store;
pub mod traffic;
pub mod ui;
