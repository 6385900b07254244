//! What a line is on its own: a setting, balanced, the beginning of something longer.

/// Formats in which each line is a setting of its own.
pub(crate) fn is_settings_file(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    name.ends_with(".properties")
        || name.ends_with(".ini")
        || name.ends_with(".env")
        || name == ".env"
        || name.starts_with(".env.")
}

/// The key that a line sets, when it does that and nothing else.
pub(crate) fn setting_key(line: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(line).ok()?;
    let text = text.trim_end_matches(['\n', '\r']);
    let text = text.strip_prefix("export ").unwrap_or(text);
    let (key, value) = text.split_once('=')?;
    let value = value.trim();
    let quoted = |quote: char| {
        value.len() >= 2
            && value.starts_with(quote)
            && value.ends_with(quote)
            && value.matches(quote).count() == 2
    };
    let whole = quoted('"') || quoted('\'') || !value.contains(['"', '\'', '`', '$', '\\']);
    (whole && !text.ends_with('\\')).then(|| key.trim())
}

/// Whether every bracket that a line opens is closed in it, and every quote.
pub(crate) fn is_balanced(line: &[u8]) -> bool {
    let mut open = Vec::new();
    for byte in line {
        match byte {
            b'(' => open.push(b')'),
            b'[' => open.push(b']'),
            b'{' => open.push(b'}'),
            b')' | b']' | b'}' if open.pop() != Some(*byte) => return false,
            _ => {}
        }
    }
    let even = |quote: u8| line.iter().filter(|b| **b == quote).count() % 2 == 0;
    open.is_empty() && [b'"', b'\'', b'`'].into_iter().all(even)
}

/// Whether the next line goes on with this one: a backslash, or a quote that is open.
#[derive(Debug, Default)]
pub(crate) struct Continuation {
    open: bool,
}

impl Continuation {
    pub(crate) fn after(&mut self, line: &[u8]) -> bool {
        let line = line.trim_ascii();
        if line.starts_with(b"#") && !self.open {
            return false;
        }
        let quotes = line.iter().filter(|b| matches!(b, b'"' | b'\'')).count();
        self.open ^= quotes % 2 == 1;
        self.open || line.ends_with(b"\\")
    }

    /// Whether a line would leave something open, or closes something.
    pub(crate) fn leaves_open(&self, line: &[u8]) -> bool {
        self.open || line.trim_ascii().ends_with(b"\\")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_line_that_is_one_setting_has_a_key() {
        for (line, key) in [
            ("A=b\n", Some("A")),
            ("export A=\"b c\"\r\n", Some("A")),
            ("A = b", Some("A")),
            ("A=\"b", None),
            ("A=b \\\n", None),
            ("A=$(cat x)", None),
            ("A", None),
        ] {
            assert_eq!(setting_key(line.as_bytes()), key, "{line:?}");
        }
    }

    #[test]
    fn a_line_that_opens_or_closes_something_is_not_balanced() {
        for (line, expected) in [
            ("a(b[c]) { }", true),
            ("a(", false),
            ("a)", false),
            (")(", false),
            ("a([)]", false),
            ("'a' \"b\"", true),
            ("it's", false),
        ] {
            assert_eq!(is_balanced(line.as_bytes()), expected, "{line}");
        }
    }
}
