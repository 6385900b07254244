//! What the records of one source cover.

use serde::{Deserialize, Serialize};

use super::source::Source;
use crate::time::{Period, Timestamp, Window};
use crate::usage::{Malformed, MalformedSample};

/// What the records of one source cover, and what they do not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SourceCoverage {
    /// The source's name.
    pub source: String,
    /// When it was read last.
    pub read_at: Timestamp,
    /// Since when it was asked about.
    pub since: Timestamp,
    /// From the first line to the last, split where there was none for too long.
    pub covered: Vec<Window>,
    /// Where there was none for too long, since then and until it was read.
    pub gaps: Vec<Window>,
    /// How many lines are well formed.
    pub lines: u64,
    /// How many are not.
    pub malformed: u64,
    /// How many of those may be a call of any API in this time.
    pub unreadable: u64,
    /// How many lines are stamped later than they were read: a clock was wrong.
    pub future: u64,
    /// The first malformed lines, without their text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<MalformedSample>,
    /// Everything that may hide a call of any API in this time, in words. Nothing
    /// when the source is complete.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

impl SourceCoverage {
    pub(super) fn of(
        source: &Source<'_>,
        missing: Vec<String>,
        window: Window,
        max_gap: Period,
    ) -> Self {
        let sum = |of: fn(&super::Shard) -> u64| {
            let each = source.shards.iter().map(|shard| of(shard));
            each.fold(0, u64::saturating_add)
        };
        let mut samples: Vec<MalformedSample> = source
            .shards
            .iter()
            .flat_map(|shard| shard.malformed.samples.iter().cloned())
            .collect();
        samples.sort();
        samples.truncate(Malformed::MAX_SAMPLES);
        Self {
            source: source.name.to_owned(),
            read_at: source.read_at,
            since: window.from,
            covered: covered(source, max_gap),
            gaps: source.seen.gaps(window, max_gap),
            lines: sum(|shard| shard.lines),
            malformed: sum(|shard| shard.malformed.lines),
            unreadable: source.unreadable_in(window, max_gap),
            future: source.future(),
            samples,
            missing,
        }
    }

    /// Whether nothing hides a call since then and until it was read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }
}

fn covered(source: &Source<'_>, max_gap: Period) -> Vec<Window> {
    let mut covered: Vec<Window> = Vec::new();
    for (from, to, _) in source.seen.iter() {
        match covered.last_mut() {
            Some(last) if max_gap.after(last.to) >= from => last.to = to,
            Some(_) | None => covered.push(Window::new(from, to)),
        }
    }
    covered
}
