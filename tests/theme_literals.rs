//! Colours and sizes of letters stand in `ui/theme.rs` alone, so that both themes, and the test of their contrast, know all of them. Read from the source.

use std::path::{Path, PathBuf};

/// What makes a colour out of numbers, or names one. A transparent fill has no colour.
const FORBIDDEN: [&str; 15] = [
    "from_rgb",
    "from_rgba",
    "from_black_alpha",
    "from_white_alpha",
    "from_gray",
    "from_additive",
    "from_hex",
    "hex_color!",
    "rgb(",
    "rgba(",
    "Rgba::",
    "Hsva::",
    "Color32::WHITE",
    "Color32::BLACK",
    "Color32::PLACEHOLDER",
];
/// The rasteriser moves colours about; it has none of its own.
const EXCEPT: [&str; 2] = ["src/ui/theme.rs", "src/ui/soft"];
/// egui's other named colours.
const NAMED: [&str; 12] =
    ["GRAY", "GREEN", "RED", "BLUE", "YELLOW", "ORANGE", "CYAN", "MAGENTA", "PURPLE", "BROWN", "GOLD", "KHAKI"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The lines that are in the program: neither comments nor the unit tests at a file's end.
fn code(source: &str) -> impl Iterator<Item = (usize, &str)> {
    let program = source.lines().take_while(|line| line.trim() != "#[cfg(test)]");
    program.enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn names_a_color(line: &str) -> bool {
    let named = line
        .split("Color32::")
        .skip(1)
        .any(|rest| NAMED.iter().any(|name| rest.trim_start_matches("DARK_").trim_start_matches("LIGHT_").starts_with(name)));
    named || FORBIDDEN.iter().any(|forbidden| line.contains(forbidden))
}

/// `"#1B56C2"` in any length that egui reads.
fn has_hex_color(line: &str) -> bool {
    line.split('#').skip(1).any(|rest| {
        let digits = rest.chars().take_while(char::is_ascii_hexdigit).count();
        matches!(digits, 3 | 4 | 6 | 8) && rest[digits..].starts_with('"')
    })
}

#[test]
fn no_color_and_no_size_of_letters_stands_outside_the_theme() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    assert!(files.len() > 40, "only {} files were found", files.len());
    let mut wrong = Vec::new();
    let mut read = 0;
    for file in files {
        let name = file.strip_prefix(root).unwrap().display().to_string().replace('\\', "/");
        if EXCEPT.iter().any(|except| name.starts_with(except)) {
            continue;
        }
        read += 1;
        let source = std::fs::read_to_string(&file).unwrap();
        for (number, line) in code(&source) {
            if names_a_color(line) || has_hex_color(line) || has_font_size(line) {
                wrong.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(read > 30, "only {read} files were read");
    assert!(wrong.is_empty(), "colours or sizes of letters outside ui/theme.rs:\n{}", wrong.join("\n"));
}

/// A size of letters written as a number: `.size(13.0)`, `FontId::monospace(12.5)`.
fn has_font_size(line: &str) -> bool {
    [".size(", "FontId::new(", "FontId::monospace(", "FontId::proportional(", "theme::font("]
        .iter()
        .any(|call| line.split(call).skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_digit())))
}

#[test]
fn the_test_sees_what_it_looks_for() {
    for line in [
        "let c = Color32::from_rgb(1, 2, 3);",
        "fill(rgb(0x12_34_56))",
        "Color32::from_hex(\"#12AB34\")",
        "theme(\"#12AB34\")",
        "Color32::DARK_GREEN",
        "egui::Color32::WHITE",
        "hex_color!(\"abcdef\")",
    ] {
        assert!(names_a_color(line) || has_hex_color(line), "{line}");
    }
    for line in ["let color = colors.accent;", "Color32::TRANSPARENT", "format!(\"]# RECV HEX/21\")", "\"#not\""] {
        assert!(!names_a_color(line) && !has_hex_color(line), "{line}");
    }
    assert!(has_font_size("text.size(13.0)") && !has_font_size("text.size(size::ICON)"));
    let source = "//! Color32::RED\nlet a = 1; // fine\n    // Color32::RED\n#[cfg(test)]\nColor32::RED\n";
    assert_eq!(code(source).collect::<Vec<_>>(), [(1, "let a = 1; // fine")]);
}
