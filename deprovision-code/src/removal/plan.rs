//! What a removal would do to the files of one commit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use deprovision_core::catalog::Api;
use deprovision_core::digest::Digest;
use deprovision_core::provider::{Provenance, Reference, ReferenceKind, Removal};
use serde::Serialize;

use crate::error::GitError;
use crate::git::{FileEdit, Git, printable};
use crate::removal::book::Rulebook;
use crate::removal::edit::{EditedFile, edit_file, needs_it};
use crate::removal::manifest::manifest_of;
use crate::removal::rules::reasons;
use crate::removal::{RemovalHook, RemovalRule, RemovalSettings, removal_rules};
use crate::search::{Found, Kinds, MarkerClass, Markers, Scanner, SearchCache, search};

/// The edits of a removal, and what they leave.
#[derive(Debug, Default)]
pub(crate) struct RemovalPlan {
    pub(crate) edits: Vec<FileEdit>,
    pub(crate) lines: usize,
    /// For people, in order of files and lines.
    pub(crate) left: Vec<String>,
}

/// What every edit of a removal needs.
pub(crate) struct Job<'a> {
    pub(crate) scanner: &'a Scanner,
    pub(crate) hooks: &'a [Arc<dyn RemovalHook>],
    pub(crate) removal: &'a Removal,
}

/// The version that a removal is planned for, and what was found in it.
pub(crate) struct Ground<'a> {
    pub(crate) git: &'a Git,
    pub(crate) commit: &'a str,
    pub(crate) found: &'a Found,
    pub(crate) scanner: &'a Scanner,
    pub(crate) left_out: &'a BTreeSet<Vec<u8>>,
    pub(crate) cache: &'a SearchCache,
}

/// The most that a commit message lists.
const LISTED: usize = 500;

impl RemovalPlan {
    /// Subject and text of the commit.
    pub(crate) fn message(&self, removal: &Removal, settings: &RemovalSettings) -> String {
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
        if let Some(judge) = settings.judge.as_ref().filter(|_| files > 0) {
            text.push_str(&format!(
                "In a fresh copy of the repository, `{judge}` accepted the change.\n"
            ));
        }
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
///
/// A setting or a dependency goes everywhere or nowhere: when something that the
/// rules can not edit still needs it, the plan is made again without that rule.
pub(crate) async fn plan_removal(
    ground: &Ground<'_>,
    removal: &Removal,
    settings: &RemovalSettings,
) -> Result<RemovalPlan, GitError> {
    let mut rules = removal_rules(removal);
    rules.extend(settings.rules.iter().cloned());
    let mut book = Rulebook::new(&rules, reasons(removal));
    let files = &ground.found.files;
    let oids: Vec<String> = files.iter().map(|f| f.entry.oid.clone()).collect();
    // Only the files with references, so their number is bounded by what people review.
    let mut blobs = Vec::with_capacity(oids.len());
    let mut objects = ground.git.open(oids)?;
    while let Some(bytes) = objects.next().await? {
        blobs.push(bytes);
    }
    let uses = Uses::of(ground, &removal.api, &blobs, &mut book).await?;
    let job = Job {
        scanner: ground.scanner,
        hooks: &settings.hooks,
        removal,
    };
    let mut waits = BTreeMap::new();
    loop {
        let edited: Vec<EditedFile> = files
            .iter()
            .zip(&blobs)
            .map(|(file, bytes)| edit_file(file, bytes, &job, &book))
            .collect();
        let needed = still_needed(ground.found, &edited, &book, &uses);
        if needed.is_empty() {
            return Ok(put_together(ground.found, edited, &waits));
        }
        for (text, place) in needed {
            book.keep(&text, format!("it is needed as long as {place} is there"));
            waits.insert(text, place);
        }
    }
}

fn put_together(
    found: &Found,
    edited: Vec<EditedFile>,
    waits: &BTreeMap<String, String>,
) -> RemovalPlan {
    let mut plan = RemovalPlan::default();
    for (file, edited) in found.files.iter().zip(edited) {
        plan.lines += edited.lines;
        let left = edited.left.iter();
        plan.left.extend(left.map(|left| {
            // Else it would wait for itself.
            let first = waits.get(&left.marker) == Some(&left.place);
            let marker = &left.marker;
            match first {
                true => format!(
                    "{}: {marker}: no rule covers it; the rest follows",
                    left.place
                ),
                false => format!("{}: {}", left.place, left.what),
            }
        }));
        if let Some(bytes) = edited.bytes {
            plan.edits.push(FileEdit {
                path: file.entry.path.clone(),
                mode: file.entry.mode.clone(),
                bytes,
            });
        }
    }
    plan
}

/// The settings and packages that the edits took out somewhere, though something
/// needs them: each with a place.
fn still_needed(
    found: &Found,
    edited: &[EditedFile],
    book: &Rulebook,
    uses: &Uses,
) -> BTreeMap<String, String> {
    let mut needed = BTreeMap::new();
    for text in book.settings.iter().chain(book.dependencies.keys()) {
        let gone = found.files.iter().zip(edited).any(|(file, edited)| {
            let before = file.references.iter();
            let before = before.filter(|(r, _)| r.marker.text == *text).count();
            edited.left.iter().filter(|l| l.marker == *text).count() < before
        });
        if !gone {
            continue;
        }
        let mut all_left = edited.iter().flat_map(|edited| &edited.left);
        let place = all_left
            .find(|left| left.marker == *text && left.needs_it)
            .map(|left| left.place.clone())
            .or_else(|| uses.place(text, found, edited));
        if let Some(place) = place {
            needed.insert(text.clone(), place);
        }
    }
    needed
}

/// Where code says that it uses a package.
#[derive(Default)]
struct Uses {
    /// By package: what code says that uses it.
    imports: BTreeMap<String, Vec<String>>,
    scanner: Option<Arc<Scanner>>,
    found: Found,
}

impl Uses {
    /// Looks for the imports of the packages that manifests declare. What can not be
    /// looked for is kept.
    async fn of(
        ground: &Ground<'_>,
        api: &Api,
        blobs: &[Vec<u8>],
        book: &mut Rulebook,
    ) -> Result<Self, GitError> {
        let mut uses = Self::default();
        let mut unknown = Vec::new();
        for (package, given) in &book.dependencies {
            for (file, bytes) in ground.found.files.iter().zip(blobs) {
                let name = printable(&file.entry.path);
                let manifest = manifest_of(&name);
                let declared = std::str::from_utf8(bytes)
                    .is_ok_and(|source| manifest.without(source, package).is_some());
                if !declared || file.provenance() != Provenance::Written {
                    continue;
                }
                let implied = manifest.imports(package);
                let imports = uses.imports.entry(package.clone()).or_default();
                imports.extend(given.iter().cloned());
                match implied {
                    Some(implied) if given.is_empty() => imports.extend(implied),
                    None if given.is_empty() => unknown.push(package.clone()),
                    Some(_) | None => {}
                }
            }
        }
        for package in unknown {
            let why = "drop it with its package manager, or say in a rule what code imports it as";
            uses.imports.remove(&package);
            book.keep(&package, why.to_owned());
        }
        let mut wanted = Api::new(api.id.clone(), "what code imports");
        wanted.markers = uses.imports.values().flatten().cloned().collect();
        wanted.markers.sort();
        wanted.markers.dedup();
        let mut markers = Markers::of(&wanted, []);
        // What follows from the id of the API is no import.
        markers.own.retain(|_, class| *class == MarkerClass::Given);
        uses.imports.retain(|package, imports| {
            let all = imports.iter().all(|text| markers.own.contains_key(text));
            if !all {
                let why = "what code imports it as is too general to search for";
                book.keep(package, why.to_owned());
            }
            all
        });
        if uses.imports.is_empty() {
            return Ok(uses);
        }
        let scanner = Scanner::of_all([&markers]).map_err(|error| GitError::Unexpected {
            command: "search".to_owned(),
            what: error.to_string(),
        })?;
        let scanner = Arc::new(scanner);
        let Ground {
            git,
            commit,
            left_out,
            cache,
            ..
        } = ground;
        uses.found = search(git, commit, &scanner, left_out, cache).await?;
        uses.scanner = Some(scanner);
        Ok(uses)
    }

    /// A place where code still uses a package after the edits.
    fn place(&self, package: &str, found: &Found, edited: &[EditedFile]) -> Option<String> {
        let imports = self.imports.get(package)?;
        let is_use = |reference: &Reference| {
            imports.contains(&reference.marker.text)
                && needs_it(reference.kind)
                // A manifest says itself whether it declares the package.
                && reference.kind != ReferenceKind::Dependency
        };
        for file in &self.found.files {
            let mut references = file.references.iter().map(|(reference, _)| reference);
            let Some(first) = references.find(|r| is_use(r)) else {
                continue;
            };
            if file.provenance() == Provenance::Vendored {
                continue;
            }
            let after = found
                .files
                .iter()
                .zip(edited)
                .find(|(other, _)| other.entry.path == file.entry.path)
                .and_then(|(_, edited)| edited.bytes.as_ref());
            match after {
                None => return Some(format!("{}:{}", first.file, first.line)),
                Some(bytes) => {
                    if let Some(line) = self.line_in(bytes, &first.file, imports) {
                        return Some(format!("{}:{line}", first.file));
                    }
                }
            }
        }
        None
    }

    fn line_in(&self, bytes: &[u8], file: &str, imports: &[String]) -> Option<usize> {
        let scanner = self.scanner.as_ref()?;
        let mut kinds = Kinds::new(file, bytes);
        let hits = scanner.hits(bytes);
        let first = hits.iter().find(|hit| {
            imports.contains(&hit.marker.text) && needs_it(kinds.kind(hit.start, hit.end))
        })?;
        let before = bytes.get(..first.start)?;
        Some(memchr::memchr_iter(b'\n', before).count() + 1)
    }
}

/// What a removal is made of: with another one, a change that was proposed is out of date.
pub(crate) fn fingerprint(
    markers: &Markers,
    removal: &Removal,
    settings: &RemovalSettings,
) -> String {
    #[derive(Serialize)]
    struct Parts<'a> {
        rules: &'a [RemovalRule],
        more: &'a [RemovalRule],
        hooks: Vec<&'a str>,
        judge: Option<String>,
        markers: Vec<String>,
        foreign: Vec<&'a String>,
    }
    let rules = removal_rules(removal);
    let parts = Parts {
        rules: &rules,
        more: &settings.rules,
        hooks: settings.hooks.iter().map(|hook| hook.name()).collect(),
        judge: settings.judge.as_ref().map(ToString::to_string),
        markers: markers.iter().map(|(marker, _)| marker.text).collect(),
        foreign: markers.foreign.keys().collect(),
    };
    // Texts and lists of texts always have a canonical form.
    Digest::of_value("deprovision/code-removal/v2", &parts)
        .map_or_else(|_| "none".to_owned(), |digest| digest.to_hex())
}
