//! Pages in Markdown: a banner below the first heading.

use deprovision_core::provider::DocumentMark;
use deprovision_core::time::Timestamp;

use crate::document::edits::Edits;
use crate::document::mark::date;

/// The edits that give a page its banner; none when it has it.
pub(crate) fn edits(source: &str, mark: &DocumentMark) -> Result<Edits, String> {
    let mut edits = Edits::default();
    let (word, text) = says(mark).ok_or("it can not carry a mark of this kind")?;
    let ending = line_ending(source);
    let (begin, end) = fences(&subject(mark)?);
    let banner = format!("{begin}{ending}> **{word}.** {text}{ending}{end}");
    if let Some((from, to)) = banner_in(source, &begin, &end)? {
        let old = &source[from..to];
        if old != banner {
            edits.replace(from, old, banner);
        }
        return Ok(edits);
    }
    match place(source) {
        Place::After(at) if source[..at].ends_with('\n') => {
            edits.insert(at, format!("{ending}{banner}{ending}"));
        }
        // The heading is the last line, and has no end.
        Place::After(at) => edits.insert(at, format!("{ending}{ending}{banner}")),
        Place::Before(at) => edits.insert(at, format!("{banner}{ending}{ending}")),
    }
    Ok(edits)
}

/// Where a banner stands, from fence to fence.
fn banner_in(source: &str, begin: &str, end: &str) -> Result<Option<(usize, usize)>, String> {
    let count = (source.matches(begin).count(), source.matches(end).count());
    match (count, source.find(begin), source.find(end)) {
        ((0, 0), ..) => Ok(None),
        ((1, 1), Some(from), Some(to)) if from < to => Ok(Some((from, to + end.len()))),
        _ => Err(format!(
            "its banner is damaged: {begin} and {end} must stand once, in that order"
        )),
    }
}

fn fences(subject: &str) -> (String, String) {
    (
        format!("<!-- deprovision:begin {subject} -->"),
        format!("<!-- deprovision:end {subject} -->"),
    )
}

/// What a mark is about, as comments of ours name it.
pub(crate) fn subject(mark: &DocumentMark) -> Result<String, String> {
    let (api, operation) = match mark {
        DocumentMark::Deprecated { api, .. } | DocumentMark::Retired { api, .. } => (api, None),
        DocumentMark::OperationDeprecated {
            api, method, path, ..
        } => (api, Some((method, path))),
        _ => return Err("it can not carry a mark of this kind".to_owned()),
    };
    let Some((method, path)) = operation else {
        return Ok(api.to_string());
    };
    // In a comment and in a span of code, these would end it.
    if path.contains("--") || path.contains(|c: char| c == '`' || c == '>' || c.is_control()) {
        return Err(format!("the path {path:?} can not be written in a page"));
    }
    Ok(format!("{api} {method} {path}"))
}

/// The word for a mark, and a sentence that says it.
pub(crate) fn says(mark: &DocumentMark) -> Option<(&'static str, String)> {
    let ends = |at: &Option<Timestamp>| match at {
        Some(at) => format!(" and ends on {}", date(*at)),
        None => String::new(),
    };
    let (word, text, successor) = match mark {
        DocumentMark::Deprecated {
            api,
            sunset,
            successor,
        } => {
            let text = format!("`{api}` is deprecated{}.", ends(sunset));
            ("Deprecated", text, successor)
        }
        DocumentMark::OperationDeprecated {
            api,
            method,
            path,
            sunset,
            successor,
        } => {
            let end = ends(sunset);
            let text = format!("`{method} {path}` of `{api}` is deprecated{end}.");
            ("Deprecated", text, successor)
        }
        DocumentMark::Retired {
            api,
            retired_at,
            successor,
        } => {
            let text = format!("`{api}` was retired on {}.", date(*retired_at));
            ("Retired", text, successor)
        }
        _ => return None,
    };
    Some(match successor {
        Some(successor) => (word, format!("{text} Use `{successor}` instead.")),
        None => (word, text),
    })
}

pub(crate) fn line_ending(source: &str) -> &'static str {
    let first = source.find('\n').map(|at| &source[..at]);
    if first.is_some_and(|line| line.ends_with('\r')) {
        "\r\n"
    } else {
        "\n"
    }
}

enum Place {
    /// Behind the line of the first heading.
    After(usize),
    /// There is no heading: before the text.
    Before(usize),
}

/// Behind the first heading.
fn place(source: &str) -> Place {
    match headings(source).first() {
        Some(heading) => Place::After(heading.end),
        None => Place::Before(front_matter(source)),
    }
}

/// A heading: its lines, from the first byte to behind the last, and what it says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Heading<'a> {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) level: usize,
    pub(crate) text: &'a str,
}

/// The headings (`# x`, or a line above `===` or `---`) that are neither in the front
/// matter nor in a block of code.
pub(crate) fn headings(source: &str) -> Vec<Heading<'_>> {
    let mut headings = Vec::new();
    let mut at = front_matter(source);
    let mut fence: Option<&str> = None;
    // A line of text, which an underline would make a heading.
    let mut previous: Option<(usize, &str)> = None;
    for line in source[at..].split_inclusive('\n') {
        let start = at;
        at += line.len();
        let text = line.trim_end();
        let inner = text.trim_start();
        let indented = text.len() - inner.len() > 3;
        if let Some(mark) = fence {
            if inner.starts_with(mark) && inner.trim_matches(['`', '~']).is_empty() {
                fence = None;
            }
            continue;
        }
        if !indented && (inner.starts_with("```") || inner.starts_with("~~~")) {
            fence = Some(&inner[..3]);
            previous = None;
            continue;
        }
        let level = inner.chars().take_while(|c| *c == '#').count();
        let atx = (1..=6).contains(&level)
            && inner[level..]
                .chars()
                .next()
                .is_none_or(char::is_whitespace);
        let double = !inner.is_empty() && inner.chars().all(|c| c == '=');
        let underline = double || (!inner.is_empty() && inner.chars().all(|c| c == '-'));
        if !indented && atx {
            headings.push(Heading {
                start,
                end: at,
                level,
                text: inner.trim_matches('#').trim(),
            });
        } else if let (false, true, Some((start, text))) = (indented, underline, previous) {
            headings.push(Heading {
                start,
                end: at,
                level: if double { 1 } else { 2 },
                text,
            });
        }
        let marks = ['>', '-', '*', '+', '|', '<', '#'];
        let is_text = !inner.is_empty() && !indented && !inner.starts_with(marks) && !underline;
        previous = is_text.then_some((start, inner));
    }
    headings
}

/// The length of the front matter: from `---` in the first line to the next `---`.
fn front_matter(source: &str) -> usize {
    let mut at = 0;
    for (index, line) in source.split_inclusive('\n').enumerate() {
        at += line.len();
        match (index, line.trim_end()) {
            (0, "---") => {}
            (0, _) => return 0,
            (_, "---" | "...") => return at,
            (_, _) => {}
        }
    }
    0
}
