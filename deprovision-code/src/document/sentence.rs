//! The sentence at the beginning of a description, in every style of scalar.

use deprovision_core::provider::DocumentMark;

use crate::document::mark::date;
use crate::document::tree::{Kind, Node};

/// A sentence to be put at the beginning of a scalar.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// It is there.
    Said,
    /// A part of the source is replaced; then the scalar has that value.
    Edit {
        at: usize,
        old: String,
        new: String,
        value: String,
    },
}

/// What the description of a marked operation begins with: letters, digits and signs
/// that need no escape in any style.
pub(crate) fn sentence(mark: &DocumentMark) -> Option<String> {
    let (mut text, successor) = match mark {
        DocumentMark::Deprecated {
            sunset, successor, ..
        }
        | DocumentMark::OperationDeprecated {
            sunset, successor, ..
        } => {
            let end = sunset.map_or(String::new(), |at| format!(" and ends on {}", date(at)));
            (format!("Deprecated{end}."), successor)
        }
        DocumentMark::Retired {
            retired_at,
            successor,
            ..
        } => (format!("Retired on {}.", date(*retired_at)), successor),
        _ => return None,
    };
    if let Some(successor) = successor {
        text.push_str(&format!(" Use `{successor}` instead."));
    }
    Some(text)
}

/// The length of a sentence of ours at the beginning of a text.
fn ours(text: &str) -> usize {
    let day = |text: &str| {
        let bytes = text.as_bytes().get(..10)?;
        let digits = |range: std::ops::Range<usize>| bytes[range].iter().all(u8::is_ascii_digit);
        let fits = digits(0..4) && digits(5..7) && digits(8..10);
        (fits && bytes[4] == b'-' && bytes[7] == b'-').then_some(10)
    };
    let mut length = 0;
    for (begin, dated) in [
        ("Deprecated.", false),
        ("Deprecated and ends on ", true),
        ("Retired on ", true),
    ] {
        let Some(rest) = text.strip_prefix(begin) else {
            continue;
        };
        length = match dated {
            false => begin.len(),
            true => match day(rest) {
                Some(day) if rest[day..].starts_with('.') => begin.len() + day + 1,
                Some(_) | None => 0,
            },
        };
        if length > 0 {
            break;
        }
    }
    if length > 0
        && let Some(rest) = text[length..].strip_prefix(" Use `")
        && let Some(end) = rest.find("` instead.")
        && !rest[..end].contains(char::is_whitespace)
    {
        length += " Use `".len() + end + "` instead.".len();
    }
    length
}

/// Puts the sentence at the beginning of a description. Why not, when that is not safe.
pub(crate) fn put(source: &str, node: &Node, sentence: &str) -> Result<Put, &'static str> {
    const UNSAFE: &str = "its description is written in a way that can not be added to safely";
    let Kind::Scalar { value, quoted } = &node.kind else {
        return Err("its description is no text");
    };
    let raw = source.get(node.start..node.end).unwrap_or_default();
    let first = raw.chars().next();
    if node.anchor != 0 || node.tag.is_some() || raw.is_empty() {
        return Err(UNSAFE);
    }
    let begin = match (quoted, first) {
        (true, Some('"' | '\'')) => node.start + 1,
        (true, Some('|' | '>')) => first_line(source, node.start).ok_or(UNSAFE)?,
        (false, Some(_)) if !matches!(value.as_str(), "null" | "~" | "Null" | "NULL") => node.start,
        (_, _) => return Err(UNSAFE),
    };
    let text = &source[begin..];
    // A quoted text may begin with white space or an escape; ours does not.
    let old = ours(value);
    if !text.starts_with(&value[..old]) {
        return Err(UNSAFE);
    }
    if &value[..old] == sentence {
        return Ok(Put::Said);
    }
    if old > 0 {
        return Ok(Put::Edit {
            at: begin,
            old: value[..old].to_owned(),
            new: sentence.to_owned(),
            value: format!("{sentence}{}", &value[old..]),
        });
    }
    let (new, between) = match first {
        Some(style @ ('|' | '>')) if *quoted => {
            let line = source[..begin].rfind('\n').map_or(0, |at| at + 1);
            let ending = if source[..line].ends_with("\r\n") {
                "\r\n"
            } else {
                "\n"
            };
            let indent = &source[line..begin];
            // An empty line is one end of a line in a folded text, two in a literal one.
            let between = if style == '|' { "\n\n" } else { "\n" };
            (format!("{sentence}{ending}{ending}{indent}"), between)
        }
        _ if value.is_empty() => (sentence.to_owned(), ""),
        _ => (format!("{sentence} "), " "),
    };
    Ok(Put::Edit {
        at: begin,
        old: String::new(),
        new,
        value: format!("{sentence}{between}{value}"),
    })
}

/// Where the text of a block scalar begins, when its indentation is seen from its
/// first line.
fn first_line(source: &str, start: usize) -> Option<usize> {
    let rest = &source[start..];
    let header = rest.find('\n')?;
    if rest[1..header].chars().take(2).any(|c| c.is_ascii_digit()) {
        return None;
    }
    let line = &rest[header + 1..];
    let indent = line.len() - line.trim_start_matches(' ').len();
    let plain = line[indent..]
        .chars()
        .next()
        .is_some_and(|c| !c.is_whitespace());
    (indent > 0 && plain).then_some(start + header + 1 + indent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_of_ours_is_told_from_others() {
        for (text, length) in [
            ("Deprecated. More", 11),
            (
                "Deprecated and ends on 2027-01-31. Use `orders-v2` instead. x",
                59,
            ),
            ("Deprecated and ends on 2027-01-31 ", 0),
            ("Deprecated and ends on 2027-0131.", 0),
            ("Retired on 2027-02-01.", 22),
            ("Retired on é", 0),
            ("Deprecated", 0),
            ("Deprecated. Use `a b` instead.", 11),
            ("", 0),
        ] {
            assert_eq!(ours(text), length, "{text}");
        }
    }
}
