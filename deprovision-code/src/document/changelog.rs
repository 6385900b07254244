//! Changelogs: an entry among what is not released yet.
//!
//! The form of <https://keepachangelog.com>: a section `Unreleased` with the lists
//! `Deprecated` and `Removed`. An entry is found again by its comment, wherever a
//! release has moved it.

use deprovision_core::provider::DocumentMark;

use crate::document::edits::Edits;
use crate::document::markdown::{Heading, headings, line_ending, says, subject};

/// Whether a Markdown file of that name, in lower case and without its ending, is one.
pub(crate) fn is_changelog(stem: &str) -> bool {
    ["changelog", "changes", "history", "news"].contains(&stem)
}

/// The edits that give a changelog its entry; none when it has it.
pub(crate) fn edits(source: &str, mark: &DocumentMark) -> Result<Edits, String> {
    let mut edits = Edits::default();
    let (word, text) = says(mark).ok_or("it can not carry a mark of this kind")?;
    let list = match word {
        "Retired" => "Removed",
        _ => "Deprecated",
    };
    let comment = format!(
        "<!-- deprovision:{} {} -->",
        word.to_ascii_lowercase(),
        subject(mark)?
    );
    let ending = line_ending(source);
    let entry = format!("{} {text} {comment}", bullet(source));
    if let Some(at) = source.find(&comment) {
        if source.matches(&comment).count() > 1 {
            return Err(format!("its entry stands there twice: {comment}"));
        }
        let start = source[..at].rfind('\n').map_or(0, |end| end + 1);
        let old = &source[start..at + comment.len()];
        // Its bullet and indentation stay.
        let body = old
            .find('`')
            .ok_or_else(|| format!("its entry is damaged: {old}"))?;
        if old[body..] != format!("{text} {comment}") {
            edits.replace(start + body, &old[body..], format!("{text} {comment}"));
        }
        return Ok(edits);
    }
    let headings = headings(source);
    let unreleased = headings.iter().position(|heading| {
        let name = heading.text.trim_matches(['[', ']']);
        heading.level == 2 && name.eq_ignore_ascii_case("unreleased")
    });
    let Some(index) = unreleased else {
        let new =
            format!("## [Unreleased]{ending}{ending}### {list}{ending}{ending}{entry}{ending}");
        match headings.iter().find(|heading| heading.level == 2) {
            Some(first) => edits.insert(first.start, format!("{new}{ending}")),
            None => edits.insert(source.len(), format!("{}{new}", gap(source, ending))),
        }
        return Ok(edits);
    };
    let section: Vec<&Heading<'_>> = headings[index + 1..]
        .iter()
        .take_while(|heading| heading.level > 2)
        .collect();
    let there = section
        .iter()
        .find(|heading| heading.level == 3 && heading.text.eq_ignore_ascii_case(list));
    let (after, new) = match there {
        Some(list) => (list.end, format!("{entry}{ending}")),
        None => {
            let after = headings[index].end;
            let new = format!("### {list}{ending}{ending}{entry}{ending}{ending}");
            (after, new)
        }
    };
    // An empty line below a heading stays there.
    let empty = source[after..].split_inclusive('\n').next();
    let blank = empty.filter(|line| line.ends_with('\n') && line.trim().is_empty());
    let at = after + blank.map_or(0, str::len);
    let before = match (blank, source[..at].ends_with('\n')) {
        (Some(_), _) => String::new(),
        (None, true) if at == source.len() => ending.to_owned(),
        (None, true) => ending.to_owned(),
        (None, false) => format!("{ending}{ending}"),
    };
    edits.insert(at, format!("{before}{new}"));
    Ok(edits)
}

/// What comes between the end of a text and something new.
fn gap(source: &str, ending: &str) -> String {
    if source.is_empty() {
        String::new()
    } else if source.ends_with('\n') {
        ending.to_owned()
    } else {
        format!("{ending}{ending}")
    }
}

/// The sign before the entries of lists that the file uses.
fn bullet(source: &str) -> char {
    source
        .lines()
        .find_map(|line| {
            let (sign, rest) = line.split_at_checked(1)?;
            (rest.starts_with(' ') && ["-", "*", "+"].contains(&sign)).then(|| sign.chars().next())
        })
        .flatten()
        .unwrap_or('-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use deprovision_core::id::ApiId;

    fn mark() -> DocumentMark {
        DocumentMark::Deprecated {
            api: ApiId::parse("a").unwrap(),
            sunset: None,
            successor: None,
        }
    }

    const ENTRY: &str = "`a` is deprecated. <!-- deprovision:deprecated a -->";

    #[test]
    fn an_entry_stands_among_what_is_not_released() {
        for (source, expected) in [
            (
                "# Changes\n\n## [Unreleased]\n\n### Deprecated\n\n- b\n\n## 1.0\n",
                format!(
                    "# Changes\n\n## [Unreleased]\n\n### Deprecated\n\n- {ENTRY}\n- b\n\n## 1.0\n"
                ),
            ),
            (
                "# Changes\n## Unreleased\n* b\n## 1.0\n### Deprecated\n* c\n",
                format!(
                    "# Changes\n## Unreleased\n\n### Deprecated\n\n* {ENTRY}\n\n* b\n## 1.0\n### Deprecated\n* c\n"
                ),
            ),
            (
                "# Changes\r\n\r\n## 1.0\r\n",
                format!(
                    "# Changes\r\n\r\n## [Unreleased]\r\n\r\n### Deprecated\r\n\r\n- {ENTRY}\r\n\r\n## 1.0\r\n"
                ),
            ),
            (
                "# Changes",
                format!("# Changes\n\n## [Unreleased]\n\n### Deprecated\n\n- {ENTRY}\n"),
            ),
            (
                "",
                format!("## [Unreleased]\n\n### Deprecated\n\n- {ENTRY}\n"),
            ),
            (
                "## Unreleased",
                format!("## Unreleased\n\n### Deprecated\n\n- {ENTRY}\n\n"),
            ),
            (
                "```\n## Unreleased\n```\n## 1.0\n",
                format!(
                    "```\n## Unreleased\n```\n## [Unreleased]\n\n### Deprecated\n\n- {ENTRY}\n\n## 1.0\n"
                ),
            ),
        ] {
            let marked = edits(source, &mark()).unwrap().apply(source).unwrap();
            assert_eq!(marked, expected, "{source:?}");
            assert!(edits(&marked, &mark()).unwrap().is_empty());
        }
    }

    #[test]
    fn an_entry_that_a_release_has_moved_is_found_again() {
        let source = "## 2.0\n\n * `a` is something else. <!-- deprovision:deprecated a -->\n";
        let marked = edits(source, &mark()).unwrap().apply(source).unwrap();
        assert_eq!(marked, format!("## 2.0\n\n * {ENTRY}\n"));
    }
}
