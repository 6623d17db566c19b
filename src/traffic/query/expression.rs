//! A typed regex as a tree over bytes. Must never give a character beyond ASCII another meaning than its bytes in the view's encoding.
//!
//! 1. `.` is any byte, and classes like `\w` are ASCII, until `(?u)` asks for characters of UTF-8.
//! 2. A character beyond ASCII stands for its bytes in the view's encoding, as one item: `好+` repeats both bytes of GBK. Where case is
//!    ignored, its other cases stand beside it.
//! 3. A class with such a character is one over characters in UTF-8, and refused elsewhere.
//! 4. A regex may match across two characters of GBK and the like: it was asked for bytes.

use super::error::QueryError;
use super::letters;
use crate::codec::encoding::Encoding;
use regex_syntax::ast::{
    Alternation, Ast, ClassBracketed, ClassSet, ClassSetItem, Concat, Flag, Flags, FlagsItem, FlagsItemKind, Group, GroupKind,
    HexLiteralKind, Literal, LiteralKind, Span, parse,
};
use regex_syntax::hir::Hir;
use regex_syntax::hir::translate::TranslatorBuilder;
use std::fmt::Display;

/// The deepest nesting of groups, so that no stack overflows.
const NEST: u32 = 100;

/// The tree of a regex.
///
/// # Errors
/// What the library says of it, or a character that the encoding lacks.
pub(super) fn tree(typed: &str, encoding: Encoding, ignore_case: bool) -> Result<Hir, QueryError> {
    let mut parser = parse::ParserBuilder::new().nest_limit(NEST).build();
    let mut ast = parser.parse(typed).map_err(|error| refusal(error.span(), error.kind()))?;
    // A `(?i)` anywhere is taken for all the letters beyond ASCII: flags inside groups are the library's to follow, not ours.
    let ignores = ignore_case || mentions(&ast, &Flag::CaseInsensitive);
    Spelling { encoding, ignore_case: ignores }.spell(&mut ast)?;
    TranslatorBuilder::new()
        .utf8(false)
        .unicode(false)
        .dot_matches_new_line(true)
        .case_insensitive(ignore_case)
        .build()
        .translate(typed, &ast)
        .map_err(|error| refusal(error.span(), error.kind()))
}

fn refusal(span: &Span, message: &impl Display) -> QueryError {
    QueryError::Regex { line: span.start.line, column: span.start.column, message: message.to_string() }
}

/// Whether a flag is switched on somewhere.
fn mentions(ast: &Ast, flag: &Flag) -> bool {
    match ast {
        Ast::Flags(set) => set.flags.flag_state(*flag) == Some(true),
        Ast::Group(group) => {
            group.flags().is_some_and(|flags| flags.flag_state(*flag) == Some(true)) || mentions(&group.ast, flag)
        }
        Ast::Repetition(repetition) => mentions(&repetition.ast, flag),
        Ast::Alternation(alternation) => alternation.asts.iter().any(|ast| mentions(ast, flag)),
        Ast::Concat(concat) => concat.asts.iter().any(|ast| mentions(ast, flag)),
        _ => false,
    }
}

/// Spells characters beyond ASCII in bytes.
struct Spelling {
    encoding: Encoding,
    ignore_case: bool,
}

impl Spelling {
    fn spell(&self, ast: &mut Ast) -> Result<(), QueryError> {
        match ast {
            Ast::Literal(literal) if is_foreign(literal) => *ast = self.bytes_of(literal)?,
            Ast::ClassBracketed(class) => {
                if let Some(literal) = foreign_in(&class.kind) {
                    if self.encoding != Encoding::UTF_8 {
                        let start = literal.span.start;
                        return Err(QueryError::Class { line: start.line, column: start.column, encoding: self.encoding });
                    }
                    *ast = of_characters(class);
                }
            }
            Ast::Group(group) => self.spell(&mut group.ast)?,
            Ast::Repetition(repetition) => self.spell(&mut repetition.ast)?,
            Ast::Alternation(alternation) => alternation.asts.iter_mut().try_for_each(|ast| self.spell(ast))?,
            Ast::Concat(concat) => concat.asts.iter_mut().try_for_each(|ast| self.spell(ast))?,
            _ => {}
        }
        Ok(())
    }

    /// `(?-ui:\xC4\xE3|…)`. Without case, because a byte of a character may look like an ASCII letter.
    fn bytes_of(&self, literal: &Literal) -> Result<Ast, QueryError> {
        let span = literal.span;
        let forms = letters::forms(literal.c, self.encoding, self.ignore_case)?;
        let byte = |byte: u8| Ast::literal(Literal { span, kind: LiteralKind::HexFixed(HexLiteralKind::X), c: char::from(byte) });
        let spelt = |form: Vec<u8>| Ast::concat(Concat { span, asts: form.into_iter().map(byte).collect() });
        let asts = forms.into_iter().map(spelt).collect();
        let flags = [FlagsItemKind::Negation, FlagsItemKind::Flag(Flag::Unicode), FlagsItemKind::Flag(Flag::CaseInsensitive)];
        Ok(group(span, flags.into(), Ast::alternation(Alternation { span, asts })))
    }
}

/// `(?u:[…])`.
fn of_characters(class: &ClassBracketed) -> Ast {
    group(class.span, vec![FlagsItemKind::Flag(Flag::Unicode)], Ast::class_bracketed(class.clone()))
}

fn group(span: Span, flags: Vec<FlagsItemKind>, ast: Ast) -> Ast {
    let items = flags.into_iter().map(|kind| FlagsItem { span, kind }).collect();
    Ast::group(Group { span, kind: GroupKind::NonCapturing(Flags { span, items }), ast: Box::new(ast) })
}

/// Whether it stands for a character that is not one byte everywhere; `\xE9` stands for a byte.
fn is_foreign(literal: &Literal) -> bool {
    !literal.c.is_ascii() && literal.byte().is_none()
}

/// The first such character in a class.
fn foreign_in(set: &ClassSet) -> Option<&Literal> {
    match set {
        ClassSet::Item(item) => foreign_item(item),
        ClassSet::BinaryOp(operation) => foreign_in(&operation.lhs).or_else(|| foreign_in(&operation.rhs)),
    }
}

fn foreign_item(item: &ClassSetItem) -> Option<&Literal> {
    match item {
        ClassSetItem::Literal(literal) => Some(literal).filter(|literal| is_foreign(literal)),
        ClassSetItem::Range(range) => [&range.start, &range.end].into_iter().find(|literal| is_foreign(literal)),
        ClassSetItem::Bracketed(class) => foreign_in(&class.kind),
        ClassSetItem::Union(union) => union.items.iter().find_map(foreign_item),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::encodings::Encodings;
    use crate::traffic::query::{Kind, Pattern, Query};
    use crate::traffic::record::Direction;
    use std::ops::Range;

    fn found(typed: &str, encoding: Encoding, ignore_case: bool, bytes: &[u8]) -> Vec<Range<usize>> {
        let pattern = Pattern { kind: Kind::Regex, typed: typed.to_owned(), ignore_case };
        Query::compile(&pattern, &Encodings::fixed(encoding, encoding)).unwrap().unwrap().find_going(bytes, Direction::Received)
    }

    /// What is typed, in which encoding, whether case is ignored, in which bytes, and where it is found.
    type Row = (&'static str, Encoding, bool, &'static [u8], &'static [(usize, usize)]);

    #[test]
    fn bytes_first_and_characters_when_asked() {
        const GBK: Encoding = Encoding::GBK;
        const UTF_8: Encoding = Encoding::UTF_8;
        let table: [Row; 19] = [
            ("a.c", UTF_8, false, b"a\nc a\xFFc", &[(0, 3), (4, 7)]),
            (r"\xFF+", UTF_8, false, b"a\xFF\xFF", &[(1, 3)]),
            (r"\w+", UTF_8, false, "é1".as_bytes(), &[(2, 3)]),
            (r"(?u)\w+", UTF_8, false, "é1".as_bytes(), &[(0, 3)]),
            ("好+", UTF_8, false, "a好好".as_bytes(), &[(1, 7)]),
            ("(?u)好+", UTF_8, false, "a好好".as_bytes(), &[(1, 7)]),
            ("好+", GBK, false, b"a\xBA\xC3\xBA\xC3", &[(1, 5)]),
            (r"\u{597D}{2}", GBK, false, b"a\xBA\xC3\xBA\xC3", &[(1, 5)]),
            ("(?u)好", GBK, false, b"a\xBA\xC3", &[(1, 3)]),
            ("[你好]", UTF_8, false, "a好你".as_bytes(), &[(1, 4), (4, 7)]),
            ("[^a]", UTF_8, false, "a好\n".as_bytes(), &[(1, 2), (2, 3), (3, 4), (4, 5)]),
            ("[^好]", UTF_8, false, "a好\n".as_bytes(), &[(0, 1), (4, 5)]),
            ("é", UTF_8, true, "Éé".as_bytes(), &[(0, 2), (2, 4)]),
            ("(?i)é", UTF_8, false, "Éé".as_bytes(), &[(0, 2), (2, 4)]),
            ("é", Encoding::WINDOWS_1252, true, b"\xC9\xE9", &[(0, 1), (1, 2)]),
            // 俛 is 82 61, and the byte 41 in place of 61 is another character.
            ("俛", GBK, true, b"\x82\x61\x82\x41", &[(0, 2)]),
            ("a*", UTF_8, false, b"baab", &[(1, 3)]),
            ("^a|b$", UTF_8, false, b"aabb", &[(0, 1), (3, 4)]),
            ("(?m)^a", UTF_8, false, b"a\naa", &[(0, 1), (2, 3)]),
        ];
        for (typed, encoding, ignore_case, bytes, expected) in table {
            let found: Vec<(usize, usize)> =
                found(typed, encoding, ignore_case, bytes).into_iter().map(|range| (range.start, range.end)).collect();
            assert_eq!(found, expected, "{typed} in {encoding}");
        }
    }

    #[test]
    fn refusals() {
        let refused = |typed: &str, encoding| {
            let pattern = Pattern { kind: Kind::Regex, typed: typed.to_owned(), ignore_case: false };
            Query::compile(&pattern, &Encodings::fixed(encoding, encoding)).map(|_| ()).unwrap_err()
        };
        for (typed, expected) in [
            ("a(b", "line 1, column 2: unclosed group"),
            ("好(?P<a", "line 1, column 7: unclosed capture group name"),
            ("好\\d[z-a]", "line 1, column 5: invalid character class range, the start must be <= the end"),
            ("\\pL", "line 1, column 1: Unicode not allowed here"),
            ("((a{1000}){1000}){1000}", "the regex needs too much memory"),
            ("(?u)\\w{10000}", "the regex needs too much memory"),
        ] {
            assert_eq!(refused(typed, Encoding::UTF_8).to_string(), expected, "{typed}");
        }
        let nested = "(".repeat(1000) + &")".repeat(1000);
        assert!(matches!(refused(&nested, Encoding::UTF_8), QueryError::Regex { .. }));
        assert_eq!(refused("ab[x好]", Encoding::GBK), QueryError::Class { line: 1, column: 5, encoding: Encoding::GBK });
        assert!(matches!(refused("ab🌏", Encoding::GBK), QueryError::Unmappable(_)));
    }
}
