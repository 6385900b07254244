//! Texts of a notice as a message may hold them.

/// How many characters of a subject are kept; no mail program shows more.
const MAX_SUBJECT: usize = 200;

/// A subject: one line, at most [`MAX_SUBJECT`] characters. Control characters and
/// marks that change the direction of the text become spaces, since a subject could
/// pose as another with them; an `=?` that a mail program would decode is broken up.
pub(crate) fn subject(text: &str) -> String {
    let mut line = String::new();
    let mut length = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control() || is_direction(c)) {
        if word.is_empty() {
            continue;
        }
        if length > 0 {
            line.push(' ');
            length += 1;
        }
        for c in word.chars() {
            if length >= MAX_SUBJECT {
                line.push('…');
                return line;
            }
            if c == '?' && line.ends_with('=') {
                line.push(' ');
                length += 1;
            }
            line.push(c);
            length += 1;
        }
    }
    line
}

/// A body: lines end with CR LF, and a control character other than a tab becomes
/// U+FFFD, since mail can not carry it.
pub(crate) fn body(text: &str) -> String {
    let mut body = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                body.push_str("\r\n");
            }
            '\n' => body.push_str("\r\n"),
            '\t' => body.push(c),
            c if c.is_control() => body.push('\u{fffd}'),
            c => body.push(c),
        }
    }
    // The message's writer ends the last line.
    if body.ends_with("\r\n") {
        body.truncate(body.len() - 2);
    }
    body
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
