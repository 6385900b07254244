//! `CODEOWNERS`: whom to ask for a review
//! (<https://docs.github.com/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners>).

use std::collections::BTreeSet;

/// Where GitHub looks for the file, in its order.
pub(crate) const PLACES: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

/// GitHub reads no larger file.
pub(crate) const MOST_BYTES: usize = 3 << 20;

/// Who owns which files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CodeOwners {
    /// Patterns with their owners; the last that matches counts.
    rules: Vec<(String, Vec<String>)>,
}

/// Whom to ask: people by login, teams by slug.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Owners {
    pub(crate) people: BTreeSet<String>,
    pub(crate) teams: BTreeSet<String>,
}

impl CodeOwners {
    /// Reads the file. As GitHub does, it skips lines that it can not use: those with `!`
    /// and with ranges.
    pub(crate) fn parse(text: &str) -> Self {
        let rules = text.lines().filter_map(|line| {
            let line = line.split(" #").next().unwrap_or_default().trim();
            let mut words = words(line).into_iter();
            let pattern = words.next()?;
            let usable = !pattern.starts_with(['#', '!']) && !pattern.contains('[');
            usable.then(|| (pattern, words.collect()))
        });
        Self {
            rules: rules.collect(),
        }
    }

    /// The owners of these files. Addresses of mail are nobody whom GitHub can ask.
    pub(crate) fn of<'a>(&self, files: impl IntoIterator<Item = &'a str>) -> Owners {
        let mut owners = Owners::default();
        for file in files {
            let last = self
                .rules
                .iter()
                .rev()
                .find(|(pattern, _)| matches(pattern, file));
            for owner in last.into_iter().flat_map(|(_, owners)| owners) {
                match owner.strip_prefix('@').map(|name| name.split_once('/')) {
                    Some(Some((_, team))) => owners.teams.insert(team.to_owned()),
                    Some(None) => owners.people.insert(owner[1..].to_owned()),
                    None => false,
                };
            }
        }
        owners
    }
}

/// The words of a line; `\ ` is a space in a word.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (c, words.last_mut()) {
            ('\\', Some(word)) => word.extend(chars.next()),
            (c, _) if c.is_whitespace() => words.push(String::new()),
            (c, Some(word)) => word.push(c),
            (_, None) => {}
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a pattern covers a file.
fn matches(pattern: &str, file: &str) -> bool {
    let anchored = pattern.trim_end_matches('/').contains('/');
    let folder = pattern.ends_with('/');
    let parts: Vec<&str> = pattern.trim_matches('/').split('/').collect();
    let path: Vec<&str> = file.split('/').collect();
    // `docs/*` covers the files of docs and not those of its folders.
    let below = folder
        || parts
            .last()
            .is_none_or(|last| *last != "*" || parts.len() == 1);
    let starts = if anchored { 0..1 } else { 0..path.len() };
    starts
        .into_iter()
        .any(|start| covers(&parts, &path[start..], folder, below))
}

fn covers(parts: &[&str], path: &[&str], folder: bool, below: bool) -> bool {
    match (parts, path) {
        ([], []) => !folder,
        ([], _) => below,
        (["**"], rest) => !rest.is_empty(),
        (["**", rest @ ..], path) => {
            (0..=path.len()).any(|skipped| covers(rest, &path[skipped..], folder, below))
        }
        ([part, rest @ ..], [segment, path @ ..]) => {
            glob(part.as_bytes(), segment.as_bytes()) && covers(rest, path, folder, below)
        }
        (_, []) => false,
    }
}

/// `*` and `?` within one segment, in time that grows with both lengths and no faster.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == b'?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            Some(_) | None => match star {
                Some((at, taken)) => {
                    p = at + 1;
                    t = taken + 1;
                    star = Some((at, taken + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of GitHub's page.
    const PAGE: &str = "\
# a comment
*       @global-owner1 @global-owner2
*.js    @js-owner #inline comment
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/*  docs@example.com @docs-owner
apps/ @octocat
/scripts/ @doctocat @octocat
**/logs @loggers
/apps/github
";

    #[test]
    fn the_examples_of_githubs_page_mean_what_it_says() {
        let owners = CodeOwners::parse(PAGE);
        let of = |file: &str| {
            let owners = owners.of([file]);
            let mut all: Vec<String> = owners.people.into_iter().collect();
            all.extend(owners.teams.iter().map(|team| format!("team {team}")));
            all.join(" ")
        };
        assert_eq!(of("README.md"), "global-owner1 global-owner2");
        assert_eq!(of("src/a.js"), "js-owner");
        assert_eq!(of("src/a.go"), "", "an address is nobody to ask");
        assert_eq!(of("a/b.txt"), "team octocats");
        assert_eq!(of("build/logs/x"), "loggers");
        assert_eq!(of("docs/getting-started.md"), "docs-owner");
        assert_eq!(
            of("docs/build-app/troubleshooting.md"),
            "global-owner1 global-owner2"
        );
        assert_eq!(of("some/apps/x.md"), "octocat");
        assert_eq!(of("scripts/deep/x"), "doctocat octocat");
        assert_eq!(of("deeply/nested/logs/x"), "loggers");
        assert_eq!(of("apps/github"), "", "nobody, on purpose");
        assert_eq!(of("apps/github/x"), "");
    }

    #[test]
    fn a_pattern_of_many_stars_is_decided_at_once() {
        let pattern = "*a".repeat(40) + "b";
        assert!(!glob(pattern.as_bytes(), "a".repeat(4000).as_bytes()));
    }

    #[test]
    fn a_space_is_escaped() {
        let owners = CodeOwners::parse("with\\ space/ @a\n!x @b\n[ab] @c\n");
        assert_eq!(owners.of(["with space/x"]).people.len(), 1);
        assert_eq!(owners.of(["x", "a"]), Owners::default());
    }
}
