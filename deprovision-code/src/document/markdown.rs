//! Pages in Markdown: a banner below the first heading.

use deprovision_core::id::ApiId;
use deprovision_core::provider::DocumentMark;

use crate::document::edits::Edits;
use crate::document::mark::date;

/// The edits that give a page its banner; none when it has it.
pub(crate) fn edits(source: &str, mark: &DocumentMark) -> Result<Edits, String> {
    let mut edits = Edits::default();
    let (api, text) = match mark {
        DocumentMark::Deprecated {
            api,
            sunset,
            successor,
        } => {
            let end = sunset.map_or(String::new(), |at| format!(" and ends on {}", date(at)));
            let text = format!("**Deprecated.** `{api}` is deprecated{end}.");
            (api, with_successor(text, successor.as_ref()))
        }
        DocumentMark::Retired {
            api,
            retired_at,
            successor,
        } => {
            let text = format!("**Retired.** `{api}` was retired on {}.", date(*retired_at));
            (api, with_successor(text, successor.as_ref()))
        }
        _ => return Err("it can not carry a mark of this kind".to_owned()),
    };
    let ending = line_ending(source);
    let (begin, end) = fences(api);
    let banner = format!("{begin}{ending}> {text}{ending}{end}");
    if let Some((from, to)) = banner_in(source, api)? {
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

/// Where an API's banner stands, from fence to fence.
fn banner_in(source: &str, api: &ApiId) -> Result<Option<(usize, usize)>, String> {
    let (begin, end) = fences(api);
    let count = (source.matches(&begin).count(), source.matches(&end).count());
    match (count, source.find(&begin), source.find(&end)) {
        ((0, 0), ..) => Ok(None),
        ((1, 1), Some(from), Some(to)) if from < to => Ok(Some((from, to + end.len()))),
        _ => Err(format!(
            "its banner is damaged: {begin} and {end} must stand once, in that order"
        )),
    }
}

fn fences(api: &ApiId) -> (String, String) {
    (
        format!("<!-- deprovision:begin {api} -->"),
        format!("<!-- deprovision:end {api} -->"),
    )
}

fn with_successor(text: String, successor: Option<&ApiId>) -> String {
    match successor {
        Some(successor) => format!("{text} Use `{successor}` instead."),
        None => text,
    }
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

/// Behind the first heading (`# x`, or a line above `===` or `---`) that is
/// neither in the front matter nor in a block of code.
fn place(source: &str) -> Place {
    let mut at = front_matter(source);
    let begin = at;
    let mut fence: Option<&str> = None;
    let mut previous_is_text = false;
    for line in source[at..].split_inclusive('\n') {
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
            previous_is_text = false;
            continue;
        }
        let level = inner.chars().take_while(|c| *c == '#').count();
        let atx = (1..=6).contains(&level)
            && inner[level..]
                .chars()
                .next()
                .is_none_or(char::is_whitespace);
        let underline = !inner.is_empty()
            && (inner.chars().all(|c| c == '=') || inner.chars().all(|c| c == '-'));
        if !indented && (atx || (underline && previous_is_text)) {
            return Place::After(at);
        }
        let marks = ['>', '-', '*', '+', '|', '<'];
        previous_is_text = !inner.is_empty() && !indented && !inner.starts_with(marks);
    }
    Place::Before(begin)
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
