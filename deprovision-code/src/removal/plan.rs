//! What a removal would do to the files of one commit.

use deprovision_core::digest::Digest;
use deprovision_core::provider::Removal;
use serde::Serialize;

use crate::error::GitError;
use crate::git::{FileEdit, Git};
use crate::removal::edit::{Rulebook, edit_file, is_settings_file, setting_key};
use crate::removal::{RemovalRule, removal_rules};
use crate::search::{Found, Markers, Scanner};

/// The edits of a removal, and what they leave.
#[derive(Debug, Default)]
pub(crate) struct RemovalPlan {
    pub(crate) edits: Vec<FileEdit>,
    pub(crate) lines: usize,
    /// For people, in order of files and lines.
    pub(crate) left: Vec<String>,
}

/// The most that a commit message lists.
const LISTED: usize = 500;

impl RemovalPlan {
    /// Subject and text of the commit.
    pub(crate) fn message(&self, removal: &Removal) -> String {
        let api = &removal.api.id;
        let mut text = format!("Remove references to {api}\n\n{api} is being retired");
        match &removal.successor {
            Some(successor) => text.push_str(&format!("; {} comes instead.\n", successor.id)),
            None => text.push_str(".\n"),
        }
        let files = self.edits.len();
        text.push_str(&format!(
            "Lines changed: {} in {files} files.\n",
            self.lines
        ));
        if !self.left.is_empty() {
            text.push_str("\nLeft to be done by hand:\n");
            for left in self.left.iter().take(LISTED) {
                text.push_str(&format!("- {left}\n"));
            }
            if let Some(more @ 1..) = self.left.len().checked_sub(LISTED) {
                text.push_str(&format!("- and {more} more\n"));
            }
        }
        text
    }
}

/// Plans the removal of what was found. Reads; writes nothing.
pub(crate) async fn plan_removal(
    git: &Git,
    found: &Found,
    scanner: &Scanner,
    removal: &Removal,
) -> Result<RemovalPlan, GitError> {
    let rules = removal_rules(removal);
    let mut book = Rulebook::new(&rules);
    let oids: Vec<String> = found.files.iter().map(|f| f.entry.oid.clone()).collect();
    // Only the files with references, so their number is bounded by what people review.
    let mut blobs = Vec::with_capacity(oids.len());
    let mut objects = git.open(oids)?;
    while let Some(bytes) = objects.next().await? {
        blobs.push(bytes);
    }
    let keys: Vec<&str> = book.keys().collect();
    for key in keys {
        if named_elsewhere(key, found, &blobs) {
            book.keep(key);
        }
    }
    let mut plan = RemovalPlan::default();
    for (file, bytes) in found.files.iter().zip(&blobs) {
        let edited = edit_file(file, bytes, scanner, &book);
        plan.lines += edited.lines;
        plan.left.extend(edited.left);
        if let Some(bytes) = edited.bytes {
            plan.edits.push(FileEdit {
                path: file.entry.path.clone(),
                mode: file.entry.mode.clone(),
                bytes,
            });
        }
    }
    Ok(plan)
}

/// Whether a key is named by anything but lines that set it.
fn named_elsewhere(key: &str, found: &Found, blobs: &[Vec<u8>]) -> bool {
    found.files.iter().zip(blobs).any(|(file, bytes)| {
        file.references
            .iter()
            .filter(|(reference, _)| reference.marker.text == key)
            .any(|(reference, _)| {
                let index = usize::try_from(reference.line - 1).unwrap_or(usize::MAX);
                let line = bytes.split_inclusive(|byte| *byte == b'\n').nth(index);
                !is_settings_file(&reference.file)
                    || line.and_then(setting_key).is_none_or(|set| set != key)
            })
    })
}

/// What a removal is made of: with another one, a change that was proposed is out of date.
pub(crate) fn fingerprint(markers: &Markers, removal: &Removal) -> String {
    #[derive(Serialize)]
    struct Parts<'a> {
        rules: &'a [RemovalRule],
        markers: Vec<String>,
        foreign: Vec<&'a String>,
    }
    let rules = removal_rules(removal);
    let parts = Parts {
        rules: &rules,
        markers: markers.iter().map(|(marker, _)| marker.text).collect(),
        foreign: markers.foreign.keys().collect(),
    };
    // Texts and lists of texts always have a canonical form.
    Digest::of_value("deprovision/code-removal/v1", &parts)
        .map_or_else(|_| "none".to_owned(), |digest| digest.to_hex())
}
