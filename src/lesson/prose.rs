//! The little that texts of lessons can do besides being read: paragraphs, lists, and words in letters of one width between `` ` ``. Must
//! never know how they are drawn.

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block<'a> {
    /// Whether it is an item of a list.
    pub item: bool,
    /// Its words, those of one width marked.
    pub words: Vec<Word<'a>>,
}

/// Some words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word<'a> {
    /// As any others.
    Plain(&'a str),
    /// In letters of one width: names of calls, bytes, addresses.
    Code(&'a str),
}

/// The parts of a text: an empty line or a line that begins with `- ` begins a new one.
pub fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut fresh = true;
    for line in text.lines() {
        let line = line.trim();
        if line.is_empty() {
            fresh = true;
            continue;
        }
        let item = line.strip_prefix("- ");
        match blocks.last_mut().filter(|_| !fresh && item.is_none()) {
            Some(block) => {
                // Between Chinese characters a line break is no space.
                let joins = block.words.last().is_some_and(|word| word.text().ends_with(is_wide)) && line.starts_with(is_wide);
                if !joins {
                    block.words.push(Word::Plain(" "));
                }
                block.words.extend(words(line));
            }
            None => blocks.push(Block { item: item.is_some(), words: words(item.unwrap_or(line)) }),
        }
        fresh = false;
    }
    blocks
}

impl<'a> Word<'a> {
    /// The words themselves.
    pub fn text(self) -> &'a str {
        match self {
            Self::Plain(text) | Self::Code(text) => text,
        }
    }
}

/// Chinese characters and their punctuation.
fn is_wide(character: char) -> bool {
    character >= '\u{2E80}'
}

fn words(line: &str) -> Vec<Word<'_>> {
    let parts = line.split('`').enumerate().filter(|(_, part)| !part.is_empty());
    parts.map(|(number, part)| if number % 2 == 1 { Word::Code(part) } else { Word::Plain(part) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_lists_and_letters_of_one_width() {
        let read = blocks("一行`send`\n二行\n\nEnglish\nlines:\n- an `item`\n- two");
        let flat: Vec<(bool, String)> =
            read.iter().map(|block| (block.item, block.words.iter().map(|word| word.text()).collect())).collect();
        let expected = [(false, "一行send 二行"), (false, "English lines:"), (true, "an item"), (true, "two")];
        assert_eq!(flat, expected.map(|(item, text)| (item, text.to_owned())));
        assert_eq!(read[0].words[1], Word::Code("send"));
        assert_eq!(blocks("中文\n中文")[0].words, [Word::Plain("中文"), Word::Plain("中文")]);
        assert!(blocks(" \n\n").is_empty());
    }
}
