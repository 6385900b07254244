//! What each source covers, in words that the text and the page share.

use deprovision_core::audit::Audit;
use deprovision_core::time::{Period, Timestamp, Window};
use deprovision_core::usage::SourceCoverage;
use serde::Serialize;

use crate::reading::Read;
use crate::words::{count, minute};

/// How many stretches of time or lines are shown.
const SHOWN: usize = 5;

/// What one source covers.
#[derive(Debug, Serialize)]
pub(crate) struct SourceView {
    pub(crate) name: String,
    pub(crate) complete: bool,
    pub(crate) lines: String,
    /// What was found out about its formats.
    pub(crate) formats: Vec<String>,
    pub(crate) covered: Vec<String>,
    pub(crate) gaps: Vec<String>,
    /// The first malformed lines: file, line, reason.
    pub(crate) samples: Vec<String>,
    pub(crate) missing: Vec<String>,
}

pub(crate) fn sources(audit: &Audit, read: &Read) -> Vec<SourceView> {
    audit
        .sources
        .iter()
        .map(|source| one(source, read))
        .collect()
}

fn one(source: &SourceCoverage, read: &Read) -> SourceView {
    let mut lines = vec![count(source.lines, "line")];
    if source.malformed > 0 {
        lines.push(format!("{} malformed", count(source.malformed, "line")));
    }
    if source.future > 0 {
        lines.push(format!(
            "{} stamped later than now",
            count(source.future, "line")
        ));
    }
    SourceView {
        name: source.source.clone(),
        complete: source.is_complete(),
        lines: lines.join(", "),
        formats: formats(source, read),
        covered: windows(&source.covered),
        gaps: windows(&source.gaps),
        samples: some_of(source.samples.iter(), source.malformed),
        missing: source.missing.clone(),
    }
}

/// What was found out, with inputs of the same finding together.
fn formats(source: &SourceCoverage, read: &Read) -> Vec<String> {
    let found = read.detected.iter().filter(|d| d.source == source.source);
    let found: Vec<String> = found.map(|d| format!("{}: {}", d.input, d.why)).collect();
    if found.is_empty() {
        return vec!["the format was given".to_owned()];
    }
    let all = found.len() as u64;
    some_of(found, all)
}

fn windows(windows: &[Window]) -> Vec<String> {
    // The newest say most about now.
    let shown = windows.iter().rev().map(|window| {
        let length = Period::between(window.from, window.to);
        format!(
            "{} to {} ({})",
            minute(window.from),
            minute(window.to),
            in_words(length)
        )
    });
    some_of(shown, windows.len() as u64)
}

/// The first few, and how many more there are.
fn some_of<T: ToString>(things: impl IntoIterator<Item = T>, all: u64) -> Vec<String> {
    let things = things.into_iter().take(SHOWN);
    let mut shown: Vec<String> = things.map(|thing| thing.to_string()).collect();
    let more = all.saturating_sub(shown.len() as u64);
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    shown
}

/// A length of time as people say it.
fn in_words(length: Period) -> String {
    let seconds = length.as_seconds();
    match seconds {
        172_800.. => count(seconds / 86_400, "day"),
        7_200.. => count(seconds / 3_600, "hour"),
        120.. => count(seconds / 60, "minute"),
        _ => count(seconds, "second"),
    }
}

/// The last line of all, where it is so old that no API can be told to be unused.
pub(crate) fn newest_if_old(audit: &Audit) -> Option<Timestamp> {
    let windows = audit.sources.iter().flat_map(|source| &source.covered);
    let newest = windows.map(|window| window.to).max()?;
    (Period::days(1).after(newest) < audit.as_of).then_some(newest)
}
