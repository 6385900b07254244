//! The one thing in which JSON is no part of YAML: characters beyond U+FFFF that are
//! written as two escapes, `\ud83d\ude00` (RFC 8259, section 7).

/// The text with such pairs written as the characters that they are; nothing when it
/// does not look like JSON or holds no pair.
pub(super) fn join_surrogates(text: &str) -> Option<String> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let mut joined = String::with_capacity(text.len());
    let mut rest = text;
    let mut found = false;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        joined.push_str(before);
        let (pair, length) = match pair(escape) {
            Some(c) => (Some(c), 12),
            // The backslash and what it escapes, which may be a backslash.
            None => (None, escape.chars().take(2).map(char::len_utf8).sum()),
        };
        let (escape, after) = escape.split_at(length);
        match pair {
            Some(c) => joined.push(c),
            None => joined.push_str(escape),
        }
        found |= pair.is_some();
        rest = after;
    }
    joined.push_str(rest);
    found.then_some(joined)
}

/// The character that two escapes at the start of the text stand for.
fn pair(text: &str) -> Option<char> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let units = [unit(0)?, unit(6)?];
    let mut chars = char::decode_utf16(units);
    match (chars.next()?.ok()?, chars.next()) {
        (c, None) => Some(c),
        (_, Some(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_become_characters_and_all_else_stays() {
        let join = |text: &str| join_surrogates(text).unwrap_or_else(|| "-".to_owned());
        assert_eq!(join(r#"["\ud83d\ude00!"]"#), "[\"😀!\"]");
        assert_eq!(
            join(r#" {"a": "\uD83D\uDE00\n\u00e9"}"#),
            "{\"a\": \"😀\\n\\u00e9\"}".replace("{", " {")
        );
        assert_eq!(join(r#"["\\ud83d\ude00"]"#), "-", "an escaped backslash");
        assert_eq!(join(r#"["\ud83d"]"#), "-");
        assert_eq!(join(r#"["\ude00\ud83d"]"#), "-");
        assert_eq!(join(r#"["\u0041\u0042"]"#), "-");
        assert_eq!(join(r#"a: "\ud83d\ude00""#), "-", "this is no JSON");
        assert_eq!(join("[\\"), "-");
        assert_eq!(join("[\\é\\u00é"), "-");
    }
}
