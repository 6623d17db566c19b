//! Columns that line up on a terminal, where a Chinese character is two cells wide. It must never know what stands in them.

use unicode_width::UnicodeWidthChar;

/// Rows of text in columns; the last one is as wide as it likes.
pub struct Table<const N: usize> {
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    /// A table with these titles.
    pub fn new(titles: [String; N]) -> Self {
        Self { rows: vec![titles] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells);
    }

    /// The lines.
    pub fn text(&self) -> String {
        let width_of = |column: usize| self.rows.iter().map(|row| width(&row[column])).max().unwrap_or(0);
        let widths: Vec<usize> = (0..N).map(width_of).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::from("  ");
            for (cell, wanted) in row.iter().zip(&widths) {
                line.push_str(cell);
                line.push_str(&" ".repeat(wanted - width(cell) + 2));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// Cells that a text takes on a terminal (UAX #11); a mark that is drawn over another character takes none.
pub fn width(text: &str) -> usize {
    text.chars().filter_map(UnicodeWidthChar::width).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_in_cells() {
        let mut table = Table::new(["编码".to_owned(), "n".to_owned(), "x".to_owned()]);
        table.row(["GBK".to_owned(), "10".to_owned(), "好".to_owned()]);
        assert_eq!(table.text(), "  编码  n   x\n  GBK   10  好\n");
    }
}
