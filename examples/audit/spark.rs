//! Requests day by day as a small picture: in characters, and as the path of an SVG.

use std::fmt::Write as _;

use deprovision_core::audit::{ApiSummary, Audit};
use deprovision_core::time::Period;
use deprovision_core::usage::Days;

/// The heights of a column.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// How high a column is in the SVG.
const HEIGHT: u64 = 24;

/// The days of the audit's period, in equal parts.
#[derive(Debug)]
pub(crate) struct Spark {
    /// For each part from when to when it is, as numbers of days, and whether every
    /// source covers some of it.
    parts: Vec<(i32, i32, bool)>,
}

impl Spark {
    /// The period in at most so many parts.
    pub(crate) fn of(audit: &Audit, most: usize) -> Self {
        let (first, last) = (Days::of(audit.since), Days::of(audit.as_of));
        let days = usize::try_from(i64::from(last) - i64::from(first) + 1).unwrap_or(1);
        let each = i32::try_from(days.div_ceil(most.max(1)))
            .unwrap_or(i32::MAX)
            .max(1);
        let mut parts = Vec::new();
        let mut from = first;
        while from <= last {
            let to = from.saturating_add(each - 1).min(last);
            parts.push((from, to, is_covered(audit, from, to)));
            from = match to.checked_add(1) {
                Some(next) => next,
                None => break,
            };
        }
        Self { parts }
    }

    fn counts(&self, api: &ApiSummary) -> Vec<u64> {
        let each = self.parts.iter().map(|(from, to, _)| {
            let days = (*from..=*to).map(|day| api.days.on(day));
            days.fold(0, u64::saturating_add)
        });
        each.collect()
    }

    /// One character a part: nothing where no log tells, a dot for no request.
    pub(crate) fn blocks(&self, api: &ApiSummary) -> String {
        let counts = self.counts(api);
        let most = counts.iter().copied().max().unwrap_or(0);
        let columns = counts.iter().zip(&self.parts);
        columns
            .map(|(count, (_, _, covered))| match (count, covered) {
                (0, false) => ' ',
                (0, true) => '·',
                (count, _) => {
                    let step = usize::try_from(scaled(*count, most, 8)).unwrap_or(8);
                    BLOCKS.get(step.saturating_sub(1)).copied().unwrap_or('█')
                }
            })
            .collect()
    }

    /// The width of the picture.
    pub(crate) fn width(&self) -> usize {
        self.parts.len() * 4
    }

    /// The columns of an API as an SVG path.
    pub(crate) fn path(&self, api: &ApiSummary) -> String {
        let counts = self.counts(api);
        let most = counts.iter().copied().max().unwrap_or(0);
        let mut path = String::new();
        for (at, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let height = scaled(*count, most, HEIGHT);
            // Writing to a String does not fail.
            let _ = write!(path, "M{} {HEIGHT}v-{height}h3v{height}z", at * 4);
        }
        path
    }

    /// Where no log tells, as an SVG path.
    pub(crate) fn gaps(&self) -> String {
        let mut path = String::new();
        for (at, _) in self.parts.iter().enumerate().filter(|(_, part)| !part.2) {
            let _ = write!(path, "M{} {HEIGHT}v-{HEIGHT}h4v{HEIGHT}z", at * 4);
        }
        path
    }
}

/// From one to `steps`, for a count from one to the greatest one.
fn scaled(count: u64, most: u64, steps: u64) -> u64 {
    let steps = u128::from(steps);
    let height = (u128::from(count) * steps).div_ceil(u128::from(most.max(1)));
    u64::try_from(height.clamp(1, steps)).unwrap_or(1)
}

fn is_covered(audit: &Audit, from: i32, to: i32) -> bool {
    let start = Days::start(from);
    let end = Period::days(1).after(Days::start(to));
    !audit.sources.is_empty()
        && audit.sources.iter().all(|source| {
            let mut covered = source.covered.iter();
            covered.any(|window| window.from < end && window.to >= start)
        })
}
