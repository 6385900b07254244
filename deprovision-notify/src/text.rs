//! Texts of a notice as a message may hold them.

/// How many characters of a subject are kept; no mail program shows more.
const MAX_SUBJECT: usize = 200;

/// A subject: a [`line`] of at most [`MAX_SUBJECT`] characters, in which an `=?` that a
/// mail program would decode is broken up.
pub(crate) fn subject(text: &str) -> String {
    let mut subject = String::new();
    for (length, c) in line(text).chars().enumerate() {
        if length >= MAX_SUBJECT {
            subject.push('…');
            break;
        }
        if c == '?' && subject.ends_with('=') {
            subject.push(' ');
        }
        subject.push(c);
    }
    subject
}

/// One line: control characters, ends of lines and marks that change the direction of
/// the text become spaces, since a text could pose as another with them; of several
/// spaces one stays.
pub(crate) fn line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || c.is_control() || is_direction(c)) {
        if !word.is_empty() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    line
}

/// A text of several lines: without marks of direction, and with U+FFFD for control
/// characters, since mail can not carry them.
pub(crate) fn paragraph(text: &str) -> String {
    let text: String = text.chars().filter(|c| !is_direction(*c)).collect();
    body(text.trim()).replace("\r\n", "\n")
}

/// The text, if it is an address that a link may go to: `http` or `https`, a host, no
/// user name before it (it could pose as the host), and only characters that an address
/// consists of (RFC 3986).
pub(crate) fn link(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    let scheme_ok = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let plain = rest
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b));
    (scheme_ok && plain && !host.is_empty() && !host.contains('@')).then_some(text)
}

/// A body: lines end with CR LF, and a control character other than a tab becomes
/// U+FFFD, since mail can not carry it.
pub(crate) fn body(text: &str) -> String {
    let mut body = String::with_capacity(text.len() + text.len() / 16);
    let mut rest = text;
    // Most of it is copied as it is, whole lines at once.
    while let Some((plain, control, after)) = split(rest) {
        body.push_str(plain);
        rest = after;
        match control {
            '\r' => {
                rest = rest.strip_prefix('\n').unwrap_or(rest);
                body.push_str("\r\n");
            }
            '\n' => body.push_str("\r\n"),
            '\t' => body.push('\t'),
            _ => body.push('\u{fffd}'),
        }
    }
    body.push_str(rest);
    // The message's writer ends the last line.
    if body.ends_with("\r\n") {
        body.truncate(body.len() - 2);
    }
    body
}

/// What is before the first control character, the character, and what is after it.
fn split(text: &str) -> Option<(&str, char, &str)> {
    let (plain, rest) = text.split_at(text.find(char::is_control)?);
    let mut chars = rest.chars();
    Some((plain, chars.next()?, chars.as_str()))
}

/// Marks that change in which direction text is shown (Unicode Annex 9), and the
/// two separators that some programs break lines at.
pub(crate) fn is_direction(c: char) -> bool {
    matches!(
        c,
        '\u{061c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{2028}'
            | '\u{2029}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_subject_is_one_line_without_disguise() {
        assert_eq!(
            subject(" Orders\r\nBcc: a@b\0\u{202e}x "),
            "Orders Bcc: a@b x"
        );
        assert_eq!(subject("=?utf-8?q?x?="), "= ?utf-8?q?x?=");
        assert_eq!(subject("заказы %0a"), "заказы %0a");
        assert_eq!(subject(&"x".repeat(300)).chars().count(), MAX_SUBJECT + 1);
    }

    #[test]
    fn a_body_has_lines_that_mail_can_carry() {
        assert_eq!(body("a\nb\rc\r\nd\te\0"), "a\r\nb\r\nc\r\nd\te\u{fffd}");
        assert_eq!(body("a\n\n"), "a\r\n");
    }

    #[test]
    fn only_addresses_of_the_web_are_links() {
        for good in [
            "https://example.com",
            "HTTP://example.com:8080/a?b=c&d=%20#e",
            "https://docs.example.com/orders(v2)",
        ] {
            assert_eq!(link(good), Some(good));
        }
        for bad in [
            "",
            "javascript:alert(1)",
            "javascript://example.com/%0aalert(1)",
            "data:text/html,x",
            "https://",
            "https:///path",
            "https://example.com@thief.example.net/",
            "https://example.com/a b",
            "https://example.com/\"onclick=x",
            "https://example.com/<b>",
            "https://example.com/\r\nBcc: a@b",
            "https://exämple.com",
            " https://example.com",
            "//example.com",
        ] {
            assert_eq!(link(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_paragraph_keeps_its_lines_and_nothing_that_disguises() {
        assert_eq!(paragraph(" a\r\n\n.\nb\0\u{202e}c\n"), "a\n\n.\nb\u{fffd}c");
    }

    proptest! {
        #[test]
        fn nothing_that_breaks_a_header_is_left(text in any::<String>()) {
            let line = subject(&text);
            prop_assert!(!line.chars().any(|c| c.is_control() || is_direction(c)));
            prop_assert!(!line.contains("=?"));
            prop_assert!(line.chars().count() <= MAX_SUBJECT + 2);
        }
    }
}
