//! JSON lines: the twin's contract, and the same in saved files. Words here are stable; scripts depend on them. Must never translate
//! a key or a word: only `advice` and `message` are sentences.

use super::{Style, relay};
use crate::codec::decoder::{Piece, escaped};
use crate::codec::framing::End;
use crate::codec::hex;
use crate::describe;
use crate::i18n::Language;
use crate::session::address::Address;
use crate::session::event::{EndedBy, Ending, What};
use crate::session::failure::{Cause, Failure};
use crate::traffic::record::{Data, Direction, Record};
use serde_json::{Map, Value, json};

type Object = Map<String, Value>;

pub fn data(style: &Style, record: &Record, data: &Data, end: End, pieces: &[Piece], local: Option<Address>, out: &mut Vec<u8>) {
    let event = match data.direction {
        Direction::Received => "data",
        Direction::Sent => "sent",
    };
    let mut object = head(style, record, event, local);
    object.insert("peer".into(), json!(data.peer.address.to_string()));
    object.insert("len".into(), json!(data.bytes.len()));
    object.insert("hex".into(), json!(hex::compact(&data.bytes)));
    object.insert("text".into(), json!(escaped(pieces)));
    if end != End::Complete {
        object.insert("end".into(), json!(end.word()));
    }
    line(object, out);
}

pub fn note(style: &Style, record: &Record, what: &What, local: Option<Address>, rest: Option<&str>, out: &mut Vec<u8>) {
    let (event, fields) = match what {
        What::Listening { .. } => ("listening", Object::new()),
        What::Bound { receive_buffer, .. } => ("listening", fields(&[("receive_buffer", json!(receive_buffer))])),
        What::Connected { .. } => ("connected", Object::new()),
        What::PeerJoined { .. } => ("peer-joined", Object::new()),
        What::PeerIs { credentials, .. } => {
            let fields = fields(&[
                ("pid", json!(credentials.process)),
                ("name", json!(credentials.name)),
                ("uid", json!(credentials.user)),
                ("gid", json!(credentials.group)),
            ]);
            ("peer-credentials", fields)
        }
        What::PeerLeft { ending, .. } => ("peer-left", ended(style.language, ending)),
        What::Closed { ending } => ("closed", ended(style.language, ending)),
        What::Dialled(dialled) => {
            // `peer` is the client, whose conversation it is; `local` is this end towards the target.
            ("dialled", fields(&[("target", json!(dialled.target.address.to_string()))]))
        }
        What::Impaired(impaired) => ("impaired", relay::impaired(impaired)),
        What::ImpairmentSet(impairment) => ("impairment", relay::impairment(impairment)),
        What::Gap { datagrams, bytes, place } => {
            let fields = fields(&[("datagrams", json!(datagrams)), ("bytes", json!(bytes)), ("where", json!(place.word()))]);
            ("gap", fields)
        }
        What::Failed(failure) | What::TryFailed(failure) | What::Trouble(failure) => ("failed", failed(style.language, failure)),
        What::Unsent { messages, bytes, reason, .. } => {
            let fields = fields(&[
                ("op", json!("send")),
                ("cause", json!(reason.word())),
                ("messages", json!(messages)),
                ("bytes", json!(bytes)),
                ("os_code", Value::Null),
                ("advice", json!(style.language.tr(&format!("advice.unsent-{}", reason.word())))),
            ]);
            ("failed", fields)
        }
        What::SentPartly { sent, length, .. } => {
            let fields = fields(&[
                ("op", json!("send")),
                ("cause", json!("partly-sent")),
                ("sent", json!(sent)),
                ("length", json!(length)),
                ("os_code", Value::Null),
                ("advice", json!(style.language.tr("advice.partly"))),
            ]);
            ("failed", fields)
        }
        What::Truncated { kept, whole, .. } => ("truncated", fields(&[("kept", json!(kept)), ("length", json!(whole))])),
        What::Storage(storage) => ("storage", fields(&[("state", json!(storage.word())), ("detail", json!(storage))])),
        // The rest are steps on the way, which the contract does not have.
        _ => return,
    };
    let mut object = head(style, record, event, local);
    if let Some(peer) = record.peer() {
        object.insert("peer".into(), json!(peer.address.to_string()));
        object.entry("address").or_insert_with(|| json!(peer.address.to_string()));
    }
    object.extend(fields);
    if event != "failed" {
        object.remove("address");
    }
    if let Some(rest) = rest {
        object.insert("rest".into(), json!(rest));
    }
    line(object, out);
}

fn head(style: &Style, record: &Record, event: &str, local: Option<Address>) -> Object {
    fields(&[
        ("event", json!(event)),
        ("at", json!(record.at.rfc3339(&style.zone))),
        ("local", json!(local.map(|local| local.to_string()))),
    ])
}

fn fields(pairs: &[(&str, Value)]) -> Object {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn ended(language: Language, ending: &Ending) -> Object {
    let mut object = fields(&[
        ("by", json!(ending.by.word())),
        ("received", json!(ending.received)),
        ("sent", json!(ending.sent)),
        ("message", json!(describe::ending(language, ending))),
    ]);
    if let EndedBy::Error(failure) = &ending.by {
        object.extend(failed(language, failure));
    }
    object
}

fn failed(language: Language, failure: &Failure) -> Object {
    let told = describe::failure(language, failure);
    let mut object = fields(&[
        ("op", json!(failure.operation.word())),
        ("address", json!(failure.address)),
        ("cause", json!(failure.cause.word())),
        ("os_code", json!(failure.os_code)),
        ("advice", json!(told.advice)),
        ("message", json!(told.what)),
    ]);
    if let Cause::AddressInUse(Some(owner)) = &failure.cause {
        object.insert("owner_pid".into(), json!(owner.pid));
        object.insert("owner".into(), json!(owner.name));
    }
    object
}

fn line(object: Object, out: &mut Vec<u8>) {
    out.extend_from_slice(Value::Object(object).to_string().as_bytes());
    out.push(b'\n');
}
