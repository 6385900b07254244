//! What all trees hold, and the JSON of it.

use std::collections::{BTreeMap, BTreeSet};

use deprovision_core::id::ApiId;
use deprovision_core::provider::{CodeOwner, Confidence, PastReference, Provenance, Reference};
use serde::Serialize;

/// What was found, as the JSON has it.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) trees: Vec<TreeReport>,
    /// What the markers of an API do not cover.
    pub(crate) doubts: BTreeMap<ApiId, Vec<String>>,
}

/// What one tree holds.
#[derive(Debug, Serialize)]
pub(crate) struct TreeReport {
    pub(crate) repository: String,
    pub(crate) folder: String,
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) references: Vec<Reference>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) past: Vec<PastReference>,
    /// What could not be read: with anything here, the answer is partial.
    pub(crate) missing: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) patches: Vec<String>,
    /// Why there is no patch though one was wanted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) unpatched: Vec<String>,
}

/// What all trees together say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Found,
    /// Everything was looked for, everywhere.
    Nothing,
    /// Nothing was found, but not everything could be read or looked for.
    Unknown,
}

/// A line of the table.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) references: usize,
    pub(crate) files: BTreeSet<String>,
    /// How many are in files that people wrote, and mean the API for sure.
    pub(crate) sure: usize,
    pub(crate) kinds: BTreeMap<&'static str, usize>,
    pub(crate) owners: BTreeMap<String, usize>,
}

impl Report {
    /// The table: by API and repository.
    pub(crate) fn lines(&self) -> BTreeMap<(&ApiId, &str), Line> {
        let mut lines: BTreeMap<(&ApiId, &str), Line> = BTreeMap::new();
        for tree in &self.trees {
            for reference in &tree.references {
                let line = lines
                    .entry((&reference.api, tree.repository.as_str()))
                    .or_default();
                line.references += 1;
                line.files.insert(reference.file.clone());
                let written = reference.provenance == Provenance::Written;
                line.sure += usize::from(written && reference.confidence == Confidence::High);
                *line.kinds.entry(reference.kind.name()).or_default() += 1;
                for owner in names(reference.owner.as_ref()) {
                    *line.owners.entry(owner).or_default() += 1;
                }
            }
        }
        lines
    }

    pub(crate) fn answer(&self) -> Answer {
        let mut trees = self.trees.iter();
        let finds = |tree: &TreeReport| !tree.references.is_empty() || !tree.past.is_empty();
        if trees.any(finds) {
            return Answer::Found;
        }
        let whole = self.trees.iter().all(|tree| tree.missing.is_empty());
        match whole && self.doubts.is_empty() {
            true => Answer::Nothing,
            false => Answer::Unknown,
        }
    }
}

/// The owners, as a person writes them.
pub(crate) fn names(owner: Option<&CodeOwner>) -> Vec<String> {
    match owner {
        Some(CodeOwner::Named(names)) => names.clone(),
        Some(CodeOwner::LastAuthor(author)) => vec![author.clone()],
        // A way of naming that comes later has no words yet.
        Some(_) | None => Vec::new(),
    }
}
