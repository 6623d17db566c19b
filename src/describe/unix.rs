//! What only Unix-domain sockets have, in words: places without a name, who is at the other end, paths that cannot be.

use crate::i18n::Language;
use crate::session::address::{Address, UnixPathError};
use crate::session::credentials::Credentials;
use std::fmt::Display;

/// An end of a socket; one without a name is called that.
pub fn place(language: Language, address: Address) -> String {
    match address {
        Address::Unix(path) if path.is_unnamed() && path.number() == 0 => language.tr("unix.nameless").into_owned(),
        other => other.to_string(),
    }
}

/// What is wrong with a typed path.
pub fn path_error(language: Language, problem: &UnixPathError) -> String {
    match problem {
        UnixPathError::Empty => language.tr("address.no_path").into_owned(),
        UnixPathError::TooLong(length) => language.tr_with("address.path_too_long", &[("length", length)]),
        UnixPathError::Nul => language.tr("address.path_nul").into_owned(),
    }
}

/// Who is at the other end, in one line that names it.
pub fn peer_is(language: Language, remote: Address, credentials: &Credentials) -> String {
    language.tr_with("unix.peer_is", &[("remote", &remote), ("who", &who(language, credentials))])
}

/// `python3 (process 1234), user 1000`
pub fn who(language: Language, credentials: &Credentials) -> String {
    let Credentials { process, name, user, .. } = credentials;
    let mut values: Vec<(&str, &dyn Display)> = vec![("user", user)];
    if let Some(process) = process {
        values.push(("process", process));
    }
    if let Some(name) = name {
        values.push(("name", name));
    }
    language.tr_with(
        match (process, name) {
            (Some(_), Some(_)) => "unix.who_named",
            (Some(_), None) => "unix.who",
            (None, _) => "unix.who_user",
        },
        &values,
    )
}
