//! What a pull request says, and how it is recognised.

use deprovision_core::digest::Digest;
use deprovision_core::id::ApiId;
use deprovision_core::provider::{DocumentMark, Removal};
use deprovision_core::time::Timestamp;

use crate::change::wanted::Wanted;

/// The most files and places that a text lists.
const LISTED: usize = 100;

/// What a pull request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It makes the change.
    Makes,
    /// It takes back what was merged of it.
    TakesBack,
}

/// Title and text of a pull request, with the marker at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) title: String,
    pub(crate) body: String,
}

impl Text {
    /// What a person needs to decide: what changes, why, what is left, what to do.
    pub(super) fn of(
        purpose: Purpose,
        wanted: Wanted<'_>,
        branch: &str,
        tip: &str,
        files: &[String],
        left: &[String],
    ) -> Self {
        let words = match wanted {
            Wanted::Removal(removal) => Words::of_removal(purpose, removal),
            Wanted::Mark { mark, .. } => Words::of_mark(purpose, mark),
        };
        let mut body = format!("## Why\n\n{}\n\n## What\n\n", words.why);
        match files {
            [] => body.push_str("No file is changed: no rule covers what was found.\n"),
            files => {
                body.push_str("One commit on top of the default branch, in these files:\n\n");
                list(&mut body, "- `", "`", files);
            }
        }
        if !left.is_empty() {
            body.push_str("\n## Left to be done by hand\n\nAdd it to this branch, it is kept:\n\n");
            list(&mut body, "- [ ] ", "", left);
        }
        body.push_str(&format!(
            "\n## What to do\n\n{} Close it to say no: then the retirement waits for a person.\n",
            words.advice
        ));
        let digest = &Digest::of_bytes(body.as_bytes()).to_hex()[..16];
        body.push_str(&format!("\n{}{digest} {tip} -->\n", marker(branch)));
        Self {
            title: words.title,
            body,
        }
    }
}

/// What is said of a change, by its kind.
struct Words {
    title: String,
    why: String,
    advice: &'static str,
}

impl Words {
    fn of_removal(purpose: Purpose, removal: &Removal) -> Self {
        let api = &removal.api.id;
        let (title, why) = match purpose {
            Purpose::Makes => (
                format!("Remove references to {api}"),
                format!(
                    "The API `{api}` is being retired, and this repository still names it. {}",
                    instead(removal.successor.as_ref().map(|next| &next.id))
                ),
            ),
            Purpose::TakesBack => (
                format!("Take back the removal of references to {api}"),
                format!(
                    "The retirement of the API `{api}` was called off, and the removal of its references was merged here."
                ),
            ),
        };
        let advice = "A rule made this change, and rules know texts, not programs: review it, \
                      run the tests, and merge it.";
        Self { title, why, advice }
    }

    fn of_mark(purpose: Purpose, mark: &DocumentMark) -> Self {
        let api = mark.api();
        let (what, fact) = said_by(mark);
        let (title, why) = match purpose {
            Purpose::Makes => (
                format!("Mark {what}"),
                format!(
                    "{fact} {} These documents describe it, and do not say so.",
                    instead(mark.successor())
                ),
            ),
            Purpose::TakesBack => (
                format!("Take back the mark of {what}"),
                format!(
                    "The retirement of the API `{api}` was called off, and the mark was merged here."
                ),
            ),
        };
        let advice = "Only the mark was written, and every other byte is as it was: review it, \
                      and merge it.";
        Self { title, why, advice }
    }
}

fn instead(successor: Option<&ApiId>) -> String {
    match successor {
        Some(next) => format!("`{next}` comes instead."),
        None => "Nothing comes instead.".to_owned(),
    }
}

/// What a mark says: in a title, and as a sentence.
fn said_by(mark: &DocumentMark) -> (String, String) {
    let day = |at: &Timestamp| at.strftime("%Y-%m-%d").to_string();
    let ends = |sunset: &Option<Timestamp>| match sunset {
        Some(at) => format!("is deprecated, and ends on {}.", day(at)),
        None => "is deprecated.".to_owned(),
    };
    let api = mark.api();
    match mark {
        DocumentMark::Deprecated { sunset, .. } => (
            format!("documents of {api} as deprecated"),
            format!("The API `{api}` {}", ends(sunset)),
        ),
        DocumentMark::OperationDeprecated {
            method,
            path,
            sunset,
            ..
        } => (
            format!("an operation of {api} as deprecated"),
            format!(
                "The operation `{}` of the API `{api}` {}",
                plain(&format!("{method} {path}")),
                ends(sunset)
            ),
        ),
        DocumentMark::Retired { retired_at, .. } => (
            format!("documents of {api} as retired"),
            format!("The API `{api}` is retired since {}.", day(retired_at)),
        ),
        _ => (
            format!("documents of {api}"),
            format!("What documents say of the API `{api}` is not so any more."),
        ),
    }
}

fn list(body: &mut String, before: &str, after: &str, items: &[String]) {
    for item in items.iter().take(LISTED) {
        body.push_str(&format!("{before}{}{after}\n", plain(item)));
    }
    if let Some(more @ 1..) = items.len().checked_sub(LISTED) {
        body.push_str(&format!("- and {more} more\n"));
    }
}

/// A name with a line's end or a backtick would write Markdown of its own.
fn plain(item: &str) -> String {
    let item: String = item
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    item.replace('`', "'").replace("<!--", "<!-")
}

/// The beginning of the marker of a branch's pull request.
pub(crate) fn marker(branch: &str) -> String {
    format!("<!-- deprovision: {branch} ")
}

/// The marker of a pull request that we closed ourselves.
pub(crate) fn withdrawn(branch: &str) -> String {
    format!("{}withdrawn -->", marker(branch))
}

/// What a pull request says that GitHub refused a label.
pub(crate) fn unlabelled(branch: &str) -> String {
    format!("<!-- deprovision-unlabelled: {branch} -->")
}

/// Whether a text was written for the branch as it is at this commit.
pub(crate) fn tells_of(branch: &str, text: &str, tip: &str) -> bool {
    last_marker(branch, text).is_some_and(|marker| marker.trim_end().ends_with(tip))
}

/// Whether a text has the marker that another text has: nothing of ours changed, and what
/// people added to it may stay.
pub(crate) fn same_marker(branch: &str, one: &str, other: &str) -> bool {
    let marker = last_marker(branch, one);
    marker.is_some() && marker == last_marker(branch, other)
}

fn last_marker<'a>(branch: &str, text: &'a str) -> Option<&'a str> {
    let (_, last) = text.rsplit_once(&marker(branch))?;
    last.split_once("-->").map(|(marker, _)| marker)
}

#[cfg(test)]
mod tests {
    use super::*;
    use deprovision_core::catalog::{Api, Method};

    fn text(files: &[&str], left: &[&str]) -> Text {
        let api = |id: &str| Api::new(ApiId::parse(id).unwrap(), id);
        let removal = Removal::new(api("orders-v1"), Some(api("orders-v2")));
        let owned = |all: &[&str]| all.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        Text::of(
            Purpose::Makes,
            Wanted::Removal(&removal),
            "deprovision/orders-v1/x",
            "c0ffee",
            &owned(files),
            &owned(left),
        )
    }

    #[test]
    fn the_text_says_what_and_why_and_what_is_left() {
        let text = text(&["src/a.py"], &["b.py:3: host v1.example: no rule"]);
        assert_eq!(text.title, "Remove references to orders-v1");
        for part in [
            "`orders-v2` comes instead",
            "- `src/a.py`",
            "- [ ] b.py:3",
            "## What to do",
        ] {
            assert!(text.body.contains(part), "{part}: {}", text.body);
        }
    }

    #[test]
    fn what_people_add_keeps_the_marker_and_another_text_has_another() {
        let branch = "deprovision/orders-v1/x";
        let (one, other) = (text(&["a"], &[]), text(&["b"], &[]));
        assert!(same_marker(
            branch,
            &one.body,
            &one.body.replace("## Why", "## Why?")
        ));
        assert!(!same_marker(branch, &one.body, &other.body));
        assert!(!same_marker(branch, "", ""));
        assert!(tells_of(branch, &one.body, "c0ffee"));
        assert!(!tells_of(branch, &one.body, "decade"));
        assert!(!tells_of(
            branch,
            &format!("{}{}", one.body, withdrawn(branch)),
            "c0ffee"
        ));
        assert!(tells_of(
            branch,
            &format!("{}{}", one.body, unlabelled(branch)),
            "c0ffee"
        ));
        assert!(!same_marker("deprovision/orders-v1", &one.body, &one.body));
    }

    #[test]
    fn a_file_name_can_not_write_markdown_or_a_marker() {
        let text = text(&["a`\n# b\n<!-- deprovision: x -->"], &[]);
        assert!(!text.body.contains("\n# b"));
        assert_eq!(text.body.matches("<!-- deprovision").count(), 1);
    }

    #[test]
    fn a_mark_says_since_when_and_what_comes_instead_and_can_not_write_markdown() {
        let api = |id: &str| ApiId::parse(id).unwrap();
        let said = |purpose, mark: &DocumentMark| {
            let path = "docs/a.md";
            let files = ["docs/a.md".to_owned()];
            Text::of(
                purpose,
                Wanted::Mark { path, mark },
                "b",
                "c0ffee",
                &files,
                &[],
            )
        };
        let mark = DocumentMark::Deprecated {
            api: api("orders-v1"),
            sunset: Some("2027-01-31T00:00:00Z".parse().unwrap()),
            successor: Some(api("orders-v2")),
        };
        let text = said(Purpose::Makes, &mark);
        assert_eq!(text.title, "Mark documents of orders-v1 as deprecated");
        for part in ["ends on 2027-01-31", "`orders-v2` comes", "- `docs/a.md`"] {
            assert!(text.body.contains(part), "{part}: {}", text.body);
        }
        let back = said(Purpose::TakesBack, &mark);
        assert!(back.body.contains("called off"), "{}", back.body);
        let mark = DocumentMark::OperationDeprecated {
            api: api("orders-v1"),
            method: Method::Get,
            path: "/a`\n# b".to_owned(),
            sunset: None,
            successor: None,
        };
        let text = said(Purpose::Makes, &mark);
        assert!(text.body.contains("`GET /a' # b`"), "{}", text.body);
    }
}
