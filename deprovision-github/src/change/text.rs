//! What a pull request says, and how it is recognised.

use deprovision_core::digest::Digest;
use deprovision_core::provider::Removal;

/// The most files and places that a text lists.
const LISTED: usize = 100;

/// What a pull request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It removes references.
    Removes,
    /// It takes a removal back.
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
    pub(crate) fn of(
        purpose: Purpose,
        removal: &Removal,
        branch: &str,
        files: &[String],
        left: &[String],
    ) -> Self {
        let api = removal.api.id.as_str();
        let title = match purpose {
            Purpose::Removes => format!("Remove references to {api}"),
            Purpose::TakesBack => format!("Take back the removal of references to {api}"),
        };
        let mut body = String::from("## Why\n\n");
        match (purpose, &removal.successor) {
            (Purpose::Removes, Some(next)) => body.push_str(&format!(
                "The API `{api}` is being retired, and this repository still names it. `{}` comes instead.\n",
                next.id
            )),
            (Purpose::Removes, None) => body.push_str(&format!(
                "The API `{api}` is being retired, and this repository still names it. Nothing comes instead.\n"
            )),
            (Purpose::TakesBack, _) => body.push_str(&format!(
                "The retirement of the API `{api}` was called off, and the removal of its references was merged here.\n"
            )),
        }
        body.push_str("\n## What\n\n");
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
        body.push_str(
            "\n## What to do\n\nA rule made this change, and rules know texts, not programs: review it, \
             run the tests, and merge it. Close it to say no: then the retirement waits for a person.\n",
        );
        let digest = &Digest::of_bytes(body.as_bytes()).to_hex()[..16];
        body.push_str(&format!("\n{}{digest} -->\n", marker(branch)));
        Self { title, body }
    }
}

fn list(body: &mut String, before: &str, after: &str, items: &[String]) {
    for item in items.iter().take(LISTED) {
        // A name with a line's end would write Markdown of its own.
        let item: String = item
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        body.push_str(&format!(
            "{before}{}{after}\n",
            item.replace('`', "'").replace("<!--", "<!-")
        ));
    }
    if let Some(more @ 1..) = items.len().checked_sub(LISTED) {
        body.push_str(&format!("- and {more} more\n"));
    }
}

/// The beginning of the marker of a branch's pull request.
pub(crate) fn marker(branch: &str) -> String {
    format!("<!-- deprovision: {branch} ")
}

/// The marker of a pull request that we closed ourselves.
pub(crate) fn withdrawn(branch: &str) -> String {
    format!("{}withdrawn -->", marker(branch))
}

/// Whether a text has the marker that another text has: nothing of ours changed, and what
/// people added to it may stay.
pub(crate) fn same_marker(branch: &str, one: &str, other: &str) -> bool {
    let of = |text: &str| {
        let start = text.rfind(&marker(branch))?;
        let end = text[start..].find("-->")?;
        Some(text[start..start + end].to_owned())
    };
    of(one).is_some() && of(one) == of(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use deprovision_core::catalog::Api;
    use deprovision_core::id::ApiId;

    fn text(files: &[&str], left: &[&str]) -> Text {
        let api = |id: &str| Api::new(ApiId::parse(id).unwrap(), id);
        let removal = Removal::new(api("orders-v1"), Some(api("orders-v2")));
        let owned = |all: &[&str]| all.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        Text::of(
            Purpose::Removes,
            &removal,
            "deprovision/orders-v1/x",
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
        assert!(!same_marker("deprovision/orders-v1", &one.body, &one.body));
    }

    #[test]
    fn a_file_name_can_not_write_markdown_or_a_marker() {
        let text = text(&["a`\n# b\n<!-- deprovision: x -->"], &[]);
        assert!(!text.body.contains("\n# b"));
        assert_eq!(text.body.matches("<!-- deprovision").count(), 1);
    }
}
