//! Typed text as a tree over the bytes of an encoding, each letter with its other cases where case is ignored. Must never know where
//! the bytes stand: that a match begins between two characters is `align`'s work.

use crate::codec::encoding::{Encoding, Unmappable};
use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange, Hir};

/// The bytes that `text` may be.
///
/// # Errors
/// The first character that the encoding lacks.
pub(super) fn tree(text: &str, encoding: Encoding, ignore_case: bool) -> Result<Hir, Unmappable> {
    // The whole first: it names the place of a refused character. And without letters' cases nothing is simpler, nor anything else right
    // in ISO-2022-JP, whose characters need each other's escape sequences (the last of which says only that the text ends).
    let whole = encoding.encode(text)?;
    if !ignore_case || text.chars().all(|character| cases(character).len() == 1) {
        let switched_back = whole.strip_suffix(b"\x1B(B").filter(|_| encoding.name() == "ISO-2022-JP");
        return Ok(Hir::literal(switched_back.unwrap_or(&whole)));
    }
    let letters = text.chars().map(|character| Ok(alternatives(forms(character, encoding, true)?)));
    Ok(Hir::concat(letters.collect::<Result<_, Unmappable>>()?))
}

/// The bytes of a character, and of its other cases if they are to be found too.
///
/// # Errors
/// The encoding lacks the character itself; another case that it lacks is left out.
pub(super) fn forms(character: char, encoding: Encoding, ignore_case: bool) -> Result<Vec<Vec<u8>>, Unmappable> {
    let mut forms = vec![encoding.encode(character.encode_utf8(&mut [0; 4]))?];
    if ignore_case {
        let others = cases(character).into_iter().filter(|other| *other != character);
        forms.extend(others.filter_map(|other| encoding.encode(other.encode_utf8(&mut [0; 4])).ok()));
    }
    Ok(forms)
}

fn alternatives(forms: Vec<Vec<u8>>) -> Hir {
    Hir::alternation(forms.into_iter().map(Hir::literal).collect())
}

/// A character and what Unicode folds together with it, one character each: k, K and the Kelvin sign.
fn cases(character: char) -> Vec<char> {
    let mut class = ClassUnicode::new([ClassUnicodeRange::new(character, character)]);
    class.case_fold_simple();
    class.ranges().iter().flat_map(|range| range.start()..=range.end()).collect()
}
