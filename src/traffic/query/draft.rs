//! A filter as a person types it, field by field, and what is wrong with each. Must never refuse without naming the field.

use super::address::AddressRange;
use super::conditions::{Conditions, Sought, Wanted};
use super::moment;
use super::pattern::{Pattern, Query};
use crate::i18n::Language;
use crate::session::address::AddressError;
use crate::session::timestamp::Timestamp;
use crate::traffic::encodings::Encodings;
use crate::traffic::record::Direction;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::fmt::Display;

/// A filter as typed. Empty fields ask for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FilterDraft {
    /// What to search for.
    pub pattern: Pattern,
    /// Whether the records without it are wanted.
    pub invert: bool,
    /// Which way.
    pub direction: DirectionChoice,
    /// Addresses, networks and ports: `10.0.0.0/8, :9000`.
    pub peer: String,
    /// At least so many bytes.
    pub shortest: String,
    /// At most so many bytes.
    pub longest: String,
    /// From this moment on.
    pub from: String,
    /// Up to this moment, all of it: `16:20` is to the end of that minute.
    pub to: String,
}

/// Which way the bytes asked for went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DirectionChoice {
    /// Either.
    #[default]
    Both,
    /// From the peer to us.
    Received,
    /// From us to the peer.
    Sent,
}

impl DirectionChoice {
    /// The only direction asked for.
    pub fn only(self) -> Option<Direction> {
        match self {
            Self::Both => None,
            Self::Received => Some(Direction::Received),
            Self::Sent => Some(Direction::Sent),
        }
    }
}

/// A field of [`FilterDraft`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// The pattern.
    Pattern,
    /// The addresses.
    Peer,
    /// The least length.
    Shortest,
    /// The greatest length.
    Longest,
    /// The beginning.
    From,
    /// The end.
    To,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// Which.
    pub field: Field,
    /// The key of the wording in the locale files.
    pub key: &'static str,
    /// What fills its places.
    pub values: Vec<(&'static str, String)>,
}

impl FieldProblem {
    /// The wording.
    pub fn words(&self, language: Language) -> String {
        let values: Vec<(&str, &dyn Display)> = self.values.iter().map(|(name, value)| (*name, value as &dyn Display)).collect();
        language.tr_with(self.key, &values)
    }
}

/// What a draft is read against.
#[derive(Clone, Debug)]
pub struct Reading {
    /// How the view reads its streams.
    pub encodings: Encodings,
    /// The day of a time typed without one.
    pub today: Timestamp,
    /// Where times are typed.
    pub zone: TimeZone,
}

impl FilterDraft {
    /// The conditions typed. The connections are not typed but chosen, so they are the caller's to add.
    ///
    /// # Errors
    /// Every field that is wrong.
    pub fn conditions(&self, reading: &Reading) -> Result<Conditions, Vec<FieldProblem>> {
        let mut problems = Vec::new();
        let mut refuse = |field, key, values| problems.push(FieldProblem { field, key, values });
        let mut conditions = Conditions { direction: self.direction.only(), ..Conditions::default() };
        match Query::compile(&self.pattern, &reading.encodings) {
            Ok(query) => {
                let wanted = if self.invert { Wanted::Untouched } else { Wanted::Touched };
                conditions.pattern = query.map(|query| Sought { query, wanted });
            }
            Err(error) => refuse(Field::Pattern, error.key(), error.values()),
        }
        match AddressRange::parse_all(&self.peer) {
            Ok(ranges) => conditions.addresses = Some(ranges).filter(|ranges| !ranges.is_empty()),
            Err(error) => {
                // A peer is not one of this machine's addresses, which is what that error is worded for.
                let key = if matches!(error, AddressError::NotAnIp(_)) { "query.bad_address" } else { error.key() };
                refuse(Field::Peer, key, vec![("text", error.quoted().to_owned())]);
            }
        }
        for (field, typed, place) in [
            (Field::Shortest, &self.shortest, &mut conditions.shortest),
            (Field::Longest, &self.longest, &mut conditions.longest),
        ] {
            match length(typed) {
                Ok(length) => *place = length,
                Err(text) => refuse(field, "query.bad_length", vec![("text", text)]),
            }
        }
        for (field, typed) in [(Field::From, &self.from), (Field::To, &self.to)] {
            if typed.trim().is_empty() {
                continue;
            }
            match (moment::parse(typed, reading.today, &reading.zone), field) {
                (Some((start, _)), Field::From) => conditions.from = Some(start),
                (Some((_, end)), _) => conditions.to = Some(end),
                (None, _) => refuse(field, "query.bad_moment", vec![("text", typed.trim().to_owned())]),
            }
        }
        if conditions.shortest.zip(conditions.longest).is_some_and(|(shortest, longest)| shortest > longest) {
            refuse(Field::Longest, "query.length_order", Vec::new());
        }
        if conditions.from.zip(conditions.to).is_some_and(|(from, to)| from > to) {
            refuse(Field::To, "query.moment_order", Vec::new());
        }
        if problems.is_empty() { Ok(conditions) } else { Err(problems) }
    }
}

/// A typed number of bytes; `Err` is what was typed instead.
fn length(typed: &str) -> Result<Option<usize>, String> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let digits = typed.bytes().all(|byte| byte.is_ascii_digit());
    typed.parse().ok().filter(|_| digits).map(Some).ok_or_else(|| typed.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::encoding::Encoding;
    use crate::traffic::query::Kind;

    fn reading() -> Reading {
        let zone = TimeZone::fixed(jiff::tz::offset(8));
        Reading { encodings: Encodings::fixed(Encoding::GBK, Encoding::GBK), today: Timestamp(1_784_622_034_093_001), zone }
    }

    #[test]
    fn nothing_typed_asks_for_nothing() {
        let draft: FilterDraft = serde_json::from_str("{}").unwrap();
        assert!(draft.conditions(&reading()).unwrap().is_empty());
    }

    #[test]
    fn everything_typed() {
        let draft = FilterDraft {
            pattern: Pattern { kind: Kind::Hex, typed: "4?".into(), ignore_case: false },
            invert: true,
            direction: DirectionChoice::Sent,
            peer: "10.0.0.0/8".into(),
            shortest: " 1 ".into(),
            longest: "1".into(),
            from: "16:20".into(),
            to: "16:20".into(),
        };
        let conditions = draft.conditions(&reading()).unwrap();
        assert_eq!(conditions.pattern.map(|sought| sought.wanted), Some(Wanted::Untouched));
        assert_eq!((conditions.direction, conditions.shortest, conditions.longest), (Some(Direction::Sent), Some(1), Some(1)));
        assert_eq!(conditions.to.unwrap().micros_since(conditions.from.unwrap()), 59_999_999);
        let text = serde_json::to_string(&draft).unwrap();
        assert_eq!(serde_json::from_str::<FilterDraft>(&text).unwrap(), draft);
    }

    #[test]
    fn every_wrong_field_is_told_in_both_languages() {
        let pattern = |kind, typed: &str| FilterDraft {
            pattern: Pattern { kind, typed: typed.into(), ignore_case: false },
            ..FilterDraft::default()
        };
        let none = FilterDraft::default;
        let table: [(FilterDraft, &[(Field, &str)]); 13] = [
            (pattern(Kind::Text, "a🌏"), &[(Field::Pattern, "GBK")]),
            (pattern(Kind::Hex, "123"), &[(Field::Pattern, "1")]),
            (pattern(Kind::Hex, "12\n?G"), &[(Field::Pattern, "2")]),
            (pattern(Kind::Hex, "0x"), &[(Field::Pattern, "\\x")]),
            (pattern(Kind::Regex, "a("), &[(Field::Pattern, "unclosed group")]),
            (pattern(Kind::Regex, "[好]"), &[(Field::Pattern, "GBK")]),
            (pattern(Kind::Regex, "((a{1000}){1000}){1000}"), &[(Field::Pattern, "")]),
            (pattern(Kind::Text, &"a".repeat(5000)), &[(Field::Pattern, "4096")]),
            (FilterDraft { peer: "1.2.3.4 host".into(), ..none() }, &[(Field::Peer, "host")]),
            (FilterDraft { peer: ":70000".into(), ..none() }, &[(Field::Peer, "70000")]),
            (
                FilterDraft { shortest: "-1".into(), longest: "+1".into(), ..none() },
                &[(Field::Shortest, "-1"), (Field::Longest, "+1")],
            ),
            (
                FilterDraft { shortest: "2".into(), longest: "1".into(), to: "x".into(), ..none() },
                &[(Field::To, "x"), (Field::Longest, "")],
            ),
            (FilterDraft { from: "16:20:01".into(), to: "16:20:00".into(), ..none() }, &[(Field::To, "")]),
        ];
        for (draft, expected) in table {
            let problems = draft.conditions(&reading()).unwrap_err();
            assert_eq!(
                problems.iter().map(|problem| problem.field).collect::<Vec<_>>(),
                expected.iter().map(|(field, _)| *field).collect::<Vec<_>>()
            );
            for (problem, (_, word)) in problems.iter().zip(expected) {
                for language in [Language::English, Language::Chinese] {
                    let words = problem.words(language);
                    assert!(words.contains(word) && !words.contains("%{") && words != problem.key, "{words}");
                }
            }
        }
    }
}
