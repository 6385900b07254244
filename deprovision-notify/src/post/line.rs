//! Texts of a post.

use crate::text::is_direction;

/// One line of at most so many bytes. Control characters and marks of direction become
/// spaces, since a text could pose as another with them.
pub(crate) fn line(text: &str, max: usize) -> String {
    let mut line = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control() || is_direction(c)) {
        if word.is_empty() {
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > max {
            break;
        }
    }
    cut(&line, max)
}

/// The text, with an ellipsis where it was cut to so many bytes.
pub(crate) fn cut(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let max = max.saturating_sub('…'.len_utf8());
    let end = (0..=max).rev().find(|at| text.is_char_boundary(*at));
    format!("{}…", text.get(..end.unwrap_or(0)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_line_is_one_line_within_its_length(text in any::<String>(), max in 4..300usize) {
            let line = line(&text, max);
            prop_assert!(line.len() <= max);
            prop_assert!(!line.chars().any(|c| c.is_control() || is_direction(c)));
        }
    }
}
