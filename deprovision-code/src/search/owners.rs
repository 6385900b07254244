//! `CODEOWNERS`: whom a repository names for a file.

use std::io::Read;
use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::error::GitError;
use crate::git::Git;
use crate::search::beneath::Folder;

/// Where it may be; the first counts.
/// <https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners>
/// and <https://docs.gitlab.com/user/project/codeowners/>.
const PLACES: &[&str] = &[
    ".github/CODEOWNERS",
    "CODEOWNERS",
    "docs/CODEOWNERS",
    ".gitlab/CODEOWNERS",
];

/// Longer ones are not read, as GitHub does it.
const LARGEST: u64 = 3 * 1024 * 1024;

/// The rules of a repository.
#[derive(Debug, Default)]
pub(crate) struct CodeOwners {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    pattern: Gitignore,
    /// `docs/*` names the files of the folder, not those of the folders in it.
    flat: bool,
    owners: Vec<String>,
}

impl CodeOwners {
    /// Those of a tree on disk.
    pub(crate) fn in_folder(folder: &Folder) -> Self {
        let read = |place: &&str| {
            let file = folder.file(Path::new(place)).ok()?;
            let mut text = Vec::new();
            file.take(LARGEST + 1).read_to_end(&mut text).ok()?;
            (text.len() as u64 <= LARGEST).then_some(text)
        };
        let text = PLACES.iter().find_map(read);
        text.map_or_else(Self::default, |text| {
            Self::read(&String::from_utf8_lossy(&text))
        })
    }

    /// Those of a commit.
    pub(crate) async fn in_commit(git: &Git, commit: &str) -> Result<Self, GitError> {
        for place in PLACES {
            if let Some(entry) = git.file(commit, place).await? {
                let text = git.object(&entry.oid).await?;
                if text.len() as u64 <= LARGEST {
                    return Ok(Self::read(&String::from_utf8_lossy(&text)));
                }
            }
        }
        Ok(Self::default())
    }

    /// A line that can not be understood is left out, as the hosts do it.
    pub(crate) fn read(text: &str) -> Self {
        let mut rules = Vec::new();
        let mut of_section: Vec<String> = Vec::new();
        for line in text.lines() {
            let line = line.trim();
            // GitLab's sections: `[Name]`, `^[Name][2] @owner`.
            if line.starts_with('[') || line.starts_with("^[") {
                let owners = line.rsplit_once(']').map_or("", |(_, owners)| owners);
                of_section = names(owners);
                continue;
            }
            // A name may hold spaces that are escaped.
            let end = unescaped_space(line);
            let (pattern, owners) = line.split_at(end);
            if pattern.is_empty() || pattern.starts_with(['#', '!']) {
                continue;
            }
            let mut owners = names(owners);
            if owners.is_empty() {
                owners.clone_from(&of_section);
            }
            // Brackets have no meaning here.
            let escaped = pattern.replace('[', "\\[").replace(']', "\\]");
            let mut builder = GitignoreBuilder::new("");
            if builder.add_line(None, &escaped).is_err() {
                continue;
            }
            if let Ok(built) = builder.build() {
                rules.push(Rule {
                    pattern: built,
                    flat: pattern.ends_with("/*"),
                    owners,
                });
            }
        }
        Self { rules }
    }

    /// The owners of a file; nothing when nobody is named. The last rule that fits counts.
    pub(crate) fn of(&self, file: &str) -> Option<Vec<String>> {
        // A name in quotes, with odd bytes in it, still has its folders. The patterns
        // panic on a path that is not below their root.
        let file = file.trim_matches('"').trim_start_matches('/');
        let fits = |rule: &&Rule| {
            if rule.flat {
                rule.pattern.matched(file, false).is_ignore()
            } else {
                rule.pattern
                    .matched_path_or_any_parents(file, false)
                    .is_ignore()
            }
        };
        let rule = self.rules.iter().rev().find(fits)?;
        (!rule.owners.is_empty()).then(|| rule.owners.clone())
    }
}

fn names(text: &str) -> Vec<String> {
    let words = text.split_whitespace();
    let words = words.take_while(|word| !word.starts_with('#'));
    words.map(str::to_owned).collect()
}

fn unescaped_space(line: &str) -> usize {
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        if c.is_whitespace() && !escaped {
            return at;
        }
        escaped = c == '\\' && !escaped;
    }
    line.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_last_rule_that_fits_names_the_owners() {
        let owners = CodeOwners::read(
            "# comment\n\
             *       @all # everybody\n\
             *.js    @js @web\n\
             /build/ @build\n\
             docs/*  docs@example.com\n\
             apps/   @apps\n\
             /apps/github\n\
             a\\ b    @space\n\
             !x      @nobody\n\
             x[1]    @bracket\n",
        );
        for (file, expected) in [
            ("README", vec!["@all"]),
            ("src/a.js", vec!["@js", "@web"]),
            ("build/logs/a.txt", vec!["@build"]),
            ("x/build/a.txt", vec!["@all"]),
            ("docs/a.md", vec!["docs@example.com"]),
            ("docs/deep/a.md", vec!["@all"]),
            ("x/apps/deep/a.md", vec!["@apps"]),
            ("apps/github/a", vec![]),
            ("a b", vec!["@space"]),
            ("x1", vec!["@all"]),
            ("x[1]", vec!["@bracket"]),
        ] {
            assert_eq!(owners.of(file).unwrap_or_default(), expected, "{file}");
        }
        assert_eq!(CodeOwners::default().of("a"), None);
    }

    #[test]
    fn a_section_names_the_owners_of_rules_without() {
        let owners = CodeOwners::read("[Web] @web\na.js\nb.js @b\n^[Docs][2] @docs\nc.md\n");
        assert_eq!(owners.of("a.js").unwrap(), ["@web"]);
        assert_eq!(owners.of("b.js").unwrap(), ["@b"]);
        assert_eq!(owners.of("c.md").unwrap(), ["@docs"]);
    }

    proptest! {
        #[test]
        fn any_rules_are_read(text in "[a-z*/\\\\\\[\\]!#@ \n.{}?]{0,60}", file in "[a-z/.\"]{0,20}") {
            let _ = CodeOwners::read(&text).of(&file);
        }
    }
}
