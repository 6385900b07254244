//! The rules applied to one file, each edit checked again afterwards.

use std::borrow::Cow;

use deprovision_core::provider::{Provenance, Reference, ReferenceKind};

use crate::removal::book::{LineEdit, Rulebook};
use crate::removal::calls::Marks;
use crate::removal::lines::{Continuation, is_balanced, is_settings_file, setting_key};
use crate::removal::manifest::{Manifest, cut_toml_settings, manifest_of};
use crate::removal::structured::{Cut, cut_json, cut_yaml};
use crate::removal::{HookEdit, HookFile, Job};
use crate::search::{FoundFile, Hit, Kinds, kind_of_file};

/// What became of one file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct EditedFile {
    /// The whole file with its removed references, when any was removed.
    pub(crate) bytes: Option<Vec<u8>>,
    /// How many lines changed.
    pub(crate) lines: usize,
    /// What stays.
    pub(crate) left: Vec<Left>,
}

/// A reference that stays, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) marker: String,
    /// Whether what it names is still needed because of it.
    pub(crate) needs_it: bool,
    /// Where, in the file as it is afterwards.
    pub(crate) place: String,
    /// What, and why.
    pub(crate) what: String,
}

/// Whether a line of a manifest gives its package a name.
fn is_own_name(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    let rest = [b"name".as_slice(), b"\"name\"", b"module"]
        .iter()
        .find_map(|key| line.strip_prefix(*key));
    rest.is_some_and(|rest| !rest.first().is_some_and(u8::is_ascii_alphanumeric))
}

/// Prose and comments name what is gone without harm.
pub(crate) fn needs_it(kind: ReferenceKind) -> bool {
    !matches!(kind, ReferenceKind::Comment | ReferenceKind::Document)
}

/// What is compiled or run.
fn is_code(kind: ReferenceKind) -> bool {
    matches!(
        kind,
        ReferenceKind::Call | ReferenceKind::String | ReferenceKind::Code | ReferenceKind::Test
    )
}

/// Why a file is not edited at all, and whether what it names is needed because of it.
fn untouchable(file: &FoundFile, name: &str, bytes: &[u8]) -> Option<(String, bool)> {
    const ELSEWHERE: &str = "copied or generated: update it where it comes from";
    let path = &file.entry.path;
    let last = path.rsplit(|b| *b == b'/').next()?;
    let provenance = file.provenance();
    if provenance == Provenance::Vendored {
        Some((ELSEWHERE.to_owned(), false))
    } else if last.to_ascii_lowercase().starts_with(b"changelog") {
        let why = "history: say there what changed, if it has to be said";
        Some((why.to_owned(), false))
    } else if let Manifest::Lock(program) = manifest_of(name) {
        let why = format!("a lock file: write it again with {program}");
        Some((why, false))
    } else if provenance != Provenance::Written {
        // It is built along with the rest until it is made again.
        Some((ELSEWHERE.to_owned(), true))
    } else if bytes.contains(&0) {
        Some(("not plain text: edit it by hand".to_owned(), true))
    } else {
        None
    }
}

/// Applies the rules to a file. A line changes as a whole or not at all: it has
/// to hold no marker afterwards.
pub(crate) fn edit_file(
    file: &FoundFile,
    bytes: &[u8],
    job: &Job<'_>,
    book: &Rulebook,
) -> EditedFile {
    let name = crate::git::printable(&file.entry.path);
    if let Some((why, needed)) = untouchable(file, &name, bytes) {
        return all_left(file, &why, needed);
    }
    let references = || file.references.iter().map(|(reference, _)| reference);
    let mut current = Cow::Borrowed(bytes);
    let mut lines = 0;
    for hook in job.hooks {
        let view = HookFile {
            path: &name,
            bytes: &current,
            references: references().collect::<Vec<&Reference>>(),
            removal: job.removal,
        };
        match hook.edit(&view) {
            HookEdit::Nothing => {}
            HookEdit::Bytes(new) => {
                lines += lines_changed(&current, &new);
                current = Cow::Owned(new);
            }
            HookEdit::Leave(why) => {
                return all_left(file, &format!("{}: {why}", hook.name()), true);
            }
        }
    }
    if let Some(cut) = structure(&name, &current, book) {
        lines += cut.lines.max(1);
        current = Cow::Owned(cut.text.into_bytes());
    }
    let (edited, changed, left) = edit_lines(&name, &current, job, book);
    lines += changed;
    EditedFile {
        bytes: (edited != bytes).then_some(edited),
        lines,
        left,
    }
}

/// A file in which nothing is done.
fn all_left(file: &FoundFile, why: &str, needed: bool) -> EditedFile {
    let left = file.references.iter().map(|(reference, _)| Left {
        marker: reference.marker.text.clone(),
        needs_it: needed && needs_it(reference.kind),
        place: format!("{}:{}", reference.file, reference.line),
        what: format!(
            "{} {}: {why}",
            reference.marker.origin, reference.marker.text
        ),
    });
    EditedFile {
        left: left.collect(),
        ..EditedFile::default()
    }
}

/// How many lines two texts differ in between their common ends.
fn lines_changed(old: &[u8], new: &[u8]) -> usize {
    let lines = |bytes| <[u8]>::split_inclusive(bytes, |b: &u8| *b == b'\n').collect::<Vec<_>>();
    let (old, new) = (lines(old), lines(new));
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev());
    let tail = tail.take(most).take_while(|(a, b)| a == b).count();
    old.len().max(new.len()) - head - tail
}

/// Dependencies and settings of files that are more than lines.
fn structure(name: &str, bytes: &[u8], book: &Rulebook) -> Option<Cut> {
    let source = std::str::from_utf8(bytes).ok()?;
    let manifest = manifest_of(name);
    let mut done: Option<Cut> = None;
    for package in book.dependencies.keys() {
        let text = done.as_ref().map_or(source, |cut| cut.text.as_str());
        if let Some(cut) = manifest.without(text, package) {
            let lines = done.map_or(0, |done| done.lines) + cut.lines;
            done = Some(Cut { lines, ..cut });
        }
    }
    if manifest != Manifest::Other || book.settings.is_empty() {
        return done;
    }
    let lower = name.to_ascii_lowercase();
    match lower.rsplit_once('.').map(|(_, extension)| extension) {
        Some("yaml" | "yml") => cut_yaml(source, &book.settings),
        Some("json") => cut_json(source, |_, key| book.settings.contains(key)),
        Some("toml") => cut_toml_settings(source, &book.settings),
        _ => None,
    }
}

/// The lines of a file after the rules, how many changed, and what stays in them.
fn edit_lines(
    name: &str,
    bytes: &[u8],
    job: &Job<'_>,
    book: &Rulebook,
) -> (Vec<u8>, usize, Vec<Left>) {
    let mut result = Vec::with_capacity(bytes.len());
    let (mut changed, mut left) = (0, Vec::new());
    let settings = is_settings_file(name);
    // What a package manager reads is no place for edits of single lines.
    let fixed = manifest_of(name) != Manifest::Other
        || kind_of_file(name) == Some(ReferenceKind::Dependency);
    let marks = Marks::of(name, bytes, job, book.calls);
    let mut kinds = Kinds::new(name, bytes);
    let mut continuation = Continuation::default();
    let (mut continued, mut number, mut after) = (false, 1_u64, 0);
    for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let start = after;
        after += line.len();
        let hits = job.scanner.hits(line);
        let alone = Alone {
            setting: settings && !continued,
            whole: !continued && !continuation.leaves_open(line) && marks.can_go(index),
        };
        continued = continuation.after(line);
        let edited = if hits.is_empty() {
            Edited::Untouched
        } else if fixed {
            let kept = hits.iter().map(|hit| (*hit, book.why(&hit.marker.text)));
            let say = |why| format!("{why}; or change it with its package manager");
            Edited::Kept(kept.map(|(hit, why)| (hit, say(why))).collect())
        } else {
            edit_line(name, line, &hits, job, book, alone)
        };
        let new = match edited {
            Edited::Untouched => Cow::Borrowed(line),
            Edited::Deleted => {
                changed += 1;
                continue;
            }
            Edited::Replaced(new) => {
                changed += 1;
                Cow::Owned(new)
            }
            Edited::Kept(why) => {
                let kept: Vec<ReferenceKind> = why
                    .iter()
                    .map(|(hit, _)| kinds.kind(start + hit.start, start + hit.end))
                    .collect();
                let code = kept.iter().any(|kind| is_code(*kind));
                let new = if code {
                    marks.around(index, line, &result)
                } else {
                    None
                };
                let (at, stays) = match &new {
                    None => (number, true),
                    Some(call) => (number + call.above, call.stays),
                };
                if stays {
                    // A package does not need itself.
                    let itself = fixed && is_own_name(line);
                    left.extend(why.into_iter().zip(kept).map(|((hit, why), kind)| Left {
                        needs_it: needs_it(kind) && !itself,
                        place: format!("{name}:{at}"),
                        what: format!("{} {}: {why}", hit.marker.origin, hit.marker.text),
                        marker: hit.marker.text.clone(),
                    }));
                }
                match new {
                    None => Cow::Borrowed(line),
                    Some(call) => {
                        changed += 1;
                        Cow::Owned(call.bytes)
                    }
                }
            }
        };
        number += new.iter().filter(|b| **b == b'\n').count() as u64;
        result.extend_from_slice(&new);
    }
    (result, changed, left)
}

enum Edited<'a> {
    Untouched,
    Replaced(Vec<u8>),
    Deleted,
    /// Why, for each marker.
    Kept(Vec<(Hit<'a>, String)>),
}

/// Whether a line is a whole.
#[derive(Debug, Clone, Copy)]
struct Alone {
    /// It may be a setting.
    setting: bool,
    /// It neither goes on with the line before nor opens one after it.
    whole: bool,
}

fn edit_line<'a>(
    path: &str,
    line: &[u8],
    hits: &[Hit<'a>],
    job: &Job<'a>,
    book: &Rulebook,
    alone: Alone,
) -> Edited<'a> {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let ending = &line[text.len()..];
    match book.line_edit(path, text) {
        Some(LineEdit::Delete) if alone.whole && is_balanced(text) => return Edited::Deleted,
        Some(LineEdit::Rewrite(new)) if !new.contains(&b'\n') => {
            let new = [&new, ending].concat();
            if job.scanner.hits(&new).is_empty() {
                return Edited::Replaced(new);
            }
        }
        Some(LineEdit::Delete | LineEdit::Rewrite(_)) | None => {}
    }
    if alone.setting && setting_key(line).is_some_and(|key| book.settings.contains(key)) {
        return Edited::Deleted;
    }
    let apart = hits.windows(2).all(|pair| pair[0].end <= pair[1].start);
    let mut new = line.to_vec();
    let mut missing = Vec::new();
    for hit in hits.iter().rev() {
        let text = hit.marker.text.as_str();
        let why = match book.replace.get(text) {
            Some(with) if apart => {
                new.splice(hit.start..hit.end, with.bytes());
                continue;
            }
            Some(_) => "it overlaps with another marker".to_owned(),
            None if book.settings.contains(text) => {
                "what stands here is more than this setting".to_owned()
            }
            None => book.why(text),
        };
        missing.push((*hit, why));
    }
    if missing.is_empty() {
        let still = job.scanner.hits(&new);
        if still.is_empty() {
            return Edited::Replaced(new);
        }
        let why = "it would still be there after the replacement";
        missing.extend(hits.iter().map(|hit| (*hit, why.to_owned())));
    } else {
        missing.reverse();
    }
    Edited::Kept(missing)
}
