//! Whether daily counts rise or fall, and how sure that is. Pure.

use std::collections::{BTreeMap, BTreeSet};

/// Weekdays, each of which is compared with its own kind alone.
const SEASONS: usize = 7;

/// How daily counts change over time.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Trend {
    /// How many days were looked at.
    pub days: usize,
    /// How many there are of the rarest weekday.
    pub weeks: usize,
    /// By how many requests a day's count changes each week: the median of the slopes
    /// between all days of one weekday.
    pub per_week: f64,
    /// The change from the first day to the last, as a part of the first: `-0.5` is
    /// half as much. Nothing when the line through the counts begins at zero.
    pub change: Option<f64>,
    /// How sure it is that there is any change at all, from 0 to 1: one minus the
    /// two-sided p-value.
    pub confidence: f64,
}

/// The trend of the counts of some days: pairs of a day's number and its count, in
/// any order, each day once. Days may be missing.
///
/// The test is the seasonal one of Hirsch, Slack and Smith ("Techniques of Trend
/// Analysis for Monthly Water Quality Data", Water Resources Research 18, 1982), with
/// weekdays as seasons: it looks at the order of the counts alone, so that neither
/// one strange day nor the calm of each Sunday is taken for a trend. Its variance is
/// that of Hirsch and Slack ("A Nonparametric Trend Test for Seasonal Data With
/// Serial Dependence", Water Resources Research 20, 1984), which also holds when the
/// days of one week go up and down together, as the calls of an API do; it counts
/// ties, and is never taken to be less than that of independent days. How steep the
/// trend is, is the median slope of Theil and Sen, over pairs of one weekday.
///
/// ```
/// use deprovision_core::audit::trend;
/// let falling: Vec<(i32, u64)> = (0..84).map(|day| (day, 1_000 - 10 * day as u64)).collect();
/// let trend = trend(&falling);
/// assert_eq!(trend.per_week, -70.0);
/// assert!(trend.change < Some(-0.8) && trend.confidence > 0.95);
/// ```
#[must_use]
pub fn trend(counts: &[(i32, u64)]) -> Trend {
    let days: BTreeMap<i32, f64> = counts
        .iter()
        .map(|(day, count)| (*day, *count as f64))
        .collect();
    let first = days.keys().next().copied().unwrap_or(0);
    // Where a day stands: its weekday, and the week counted from the first day.
    let mut seasons = vec![BTreeMap::<i64, f64>::new(); SEASONS];
    for (day, count) in &days {
        let from_first = i64::from(*day) - i64::from(first);
        let season = usize::try_from(from_first % SEASONS as i64).unwrap_or(0);
        if let Some(season) = seasons.get_mut(season) {
            season.insert(from_first / SEASONS as i64, *count);
        }
    }
    let per_week = median(slopes(&seasons)).unwrap_or(0.0);
    Trend {
        days: days.len(),
        weeks: seasons.iter().map(BTreeMap::len).min().unwrap_or(0),
        per_week,
        change: change(&days, per_week),
        confidence: confidence(&seasons),
    }
}

/// The slopes between all days of each weekday, a week.
fn slopes(seasons: &[BTreeMap<i64, f64>]) -> Vec<f64> {
    pairs(seasons)
        .map(|((week, count), (later, then))| (then - count) / (later - week) as f64)
        .collect()
}

type Counted = (i64, f64);

/// Each two days of one weekday, the earlier first.
fn pairs(seasons: &[BTreeMap<i64, f64>]) -> impl Iterator<Item = (Counted, Counted)> + '_ {
    seasons.iter().flat_map(|season| {
        season
            .iter()
            .enumerate()
            .flat_map(move |(at, (week, count))| {
                let later = season.iter().skip(at + 1);
                later.map(move |(later, then)| ((*week, *count), (*later, *then)))
            })
    })
}

/// The change from the first day to the last by the line of that slope through the
/// middle of all counts.
fn change(days: &BTreeMap<i32, f64>, per_week: f64) -> Option<f64> {
    let (first, last) = (*days.keys().next()?, *days.keys().next_back()?);
    let weeks = |day: i32| (i64::from(day) - i64::from(first)) as f64 / SEASONS as f64;
    let begins = median(
        days.iter()
            .map(|(day, count)| count - per_week * weeks(*day))
            .collect(),
    )?;
    (begins > 0.0).then(|| (per_week * weeks(last) / begins).max(-1.0))
}

fn confidence(seasons: &[BTreeMap<i64, f64>]) -> f64 {
    let score: f64 = pairs(seasons)
        .map(|((_, count), (_, then))| sign(then - count))
        .sum();
    let weeks: BTreeSet<i64> = seasons.iter().flat_map(|s| s.keys().copied()).collect();
    let weeks: Vec<i64> = weeks.into_iter().collect();
    let columns: Vec<Column> = seasons.iter().map(|s| Column::of(s, &weeks)).collect();
    let mut alone = 0.0;
    let mut together = 0.0;
    for (at, column) in columns.iter().enumerate() {
        alone += column.covariance(column);
        for other in columns.iter().skip(at + 1) {
            together += 2.0 * column.covariance(other);
        }
    }
    let deviation = (alone + f64::max(together, 0.0)).sqrt();
    if deviation > 0.0 {
        // The score moves in steps, of which the continuity correction takes half.
        let z = (score.abs() - 1.0).max(0.0) / deviation;
        erf(z / std::f64::consts::SQRT_2)
    } else {
        0.0
    }
}

/// One weekday over all weeks.
struct Column {
    counts: Vec<Option<f64>>,
    /// The rank of each count in its column; the middle one where there is none.
    ranks: Vec<f64>,
    present: f64,
}

impl Column {
    fn of(season: &BTreeMap<i64, f64>, weeks: &[i64]) -> Self {
        let counts: Vec<Option<f64>> = weeks.iter().map(|w| season.get(w).copied()).collect();
        let present = season.len() as f64;
        let ranks = counts
            .iter()
            .map(|count| {
                let above: f64 = match count {
                    Some(count) => season.values().map(|other| sign(count - other)).sum(),
                    None => 0.0,
                };
                (present + 1.0 + above) / 2.0
            })
            .collect();
        Self {
            counts,
            ranks,
            present,
        }
    }

    /// The covariance of the scores of two weekdays (Hirsch and Slack 1984, after
    /// Dietz and Killeen 1981); of one with itself, its variance with ties.
    fn covariance(&self, other: &Self) -> f64 {
        let both: Vec<(f64, f64)> = std::iter::zip(&self.counts, &other.counts)
            .filter_map(|(a, b)| Some(((*a)?, (*b)?)))
            .collect();
        let mut concordant = 0.0;
        for (at, (a, b)) in both.iter().enumerate() {
            for (later_a, later_b) in both.iter().skip(at + 1) {
                concordant += sign((later_a - a) * (later_b - b));
            }
        }
        let ranks: f64 = std::iter::zip(&self.ranks, &other.ranks)
            .map(|(a, b)| a * b)
            .sum();
        let weeks = self.counts.len() as f64;
        (concordant + 4.0 * ranks - weeks * (self.present + 1.0) * (other.present + 1.0)) / 3.0
    }
}

fn sign(number: f64) -> f64 {
    if number > 0.0 {
        1.0
    } else if number < 0.0 {
        -1.0
    } else {
        0.0
    }
}

fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    let upper = numbers.get(middle)?;
    if numbers.len() % 2 == 1 {
        return Some(*upper);
    }
    let lower = numbers.get(middle.checked_sub(1)?)?;
    Some((lower + upper) / 2.0)
}

/// The error function for what is not negative, to seven digits (Abramowitz and
/// Stegun, "Handbook of Mathematical Functions", 7.1.26).
fn erf(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let factors = [
        1.061_405_429,
        -1.453_152_027,
        1.421_413_741,
        -0.284_496_736,
        0.254_829_592,
    ];
    let sum = factors.iter().fold(0.0, |sum, factor| (sum + factor) * t);
    (1.0 - sum * (-x * x).exp()).clamp(0.0, 1.0)
}

#[cfg(test)]
#[path = "trend_tests.rs"]
mod tests;
