//! Stretches of time, with how many things happened in each.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::{Period, Timestamp, Window};

/// Moments, joined to stretches where they are close: the first and the last moment
/// of each stretch are exact, and what lies between two stretches is longer than
/// [`Stretches::RESOLUTION`].
///
/// No order of insertion or merging changes the result. What is kept grows with the
/// time that is covered, never with the number of moments.
///
/// ```
/// use deprovision_core::{time::{Period, Timestamp, Window}, usage::Stretches};
/// let at = |second| Timestamp::from_second(second).unwrap();
/// let mut seen = Stretches::default();
/// for second in [0, 50, 100, 4000] {
///     seen.insert(at(second), at(second), 1);
/// }
/// let gaps = seen.gaps(Window::new(at(0), at(4100)), Period::minutes(30));
/// assert_eq!(gaps, [Window::new(at(100), at(4000))]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stretches {
    /// From its first moment to its last, and the count.
    stretches: BTreeMap<Timestamp, (Timestamp, u64)>,
}

/// One stretch in writing.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stretch {
    from: Timestamp,
    to: Timestamp,
    count: u64,
}

impl Stretches {
    /// Moments that are at most this far apart are one stretch.
    pub const RESOLUTION: Period = Period::minutes(1);

    /// Something happened `count` times from the one moment to the other, both
    /// included, without a pause longer than the resolution.
    pub fn insert(&mut self, from: Timestamp, to: Timestamp, count: u64) {
        let (mut start, mut end, mut total) = (from.min(to), from.max(to), count);
        // Everything that begins before our end and is near enough; the stretches
        // are disjoint, so the first that is too far below ends the search.
        while let Some((&first, &(last, more))) = self
            .stretches
            .range(..=Self::RESOLUTION.after(end))
            .next_back()
        {
            if Self::RESOLUTION.after(last) < start {
                break;
            }
            self.stretches.remove(&first);
            start = start.min(first);
            end = end.max(last);
            total = total.saturating_add(more);
        }
        self.stretches.insert(start, (end, total));
    }

    /// Adds all that another one has.
    pub fn merge(&mut self, other: &Self) {
        for (&from, &(to, count)) in &other.stretches {
            self.insert(from, to, count);
        }
    }

    /// The first moment.
    #[must_use]
    pub fn first(&self) -> Option<Timestamp> {
        self.stretches.keys().next().copied()
    }

    /// The last moment.
    #[must_use]
    pub fn last(&self) -> Option<Timestamp> {
        self.stretches.values().map(|(to, _)| *to).next_back()
    }

    /// Whether nothing happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stretches.is_empty()
    }

    /// Each stretch: its first and last moment, and the count.
    pub fn iter(&self) -> impl Iterator<Item = (Timestamp, Timestamp, u64)> + '_ {
        self.stretches
            .iter()
            .map(|(from, (to, count))| (*from, *to, *count))
    }

    /// How often something happened in stretches that touch the window, or its end: a
    /// reading ends in the middle of a second.
    #[must_use]
    pub fn count_near(&self, window: Window) -> u64 {
        self.iter()
            .filter(|(from, to, _)| *from <= window.to && *to >= window.from)
            .fold(0, |sum, (_, _, count)| sum.saturating_add(count))
    }

    /// The parts of the window of which nothing is known: before the first moment
    /// (a moment at the very beginning needs none before it), and between two that
    /// are further apart than the longest gap allowed, which is at least the
    /// resolution. What lies outside of the window counts as a neighbour.
    #[must_use]
    pub fn gaps(&self, window: Window, longest: Period) -> Vec<Window> {
        let longest = longest.max(Self::RESOLUTION);
        let mut gaps = Vec::new();
        if window.from >= window.to {
            return gaps;
        }
        let mut gap = |last: Option<Timestamp>, next: Timestamp| {
            let (start, is_gap) = match last {
                None => (window.from, next > window.from),
                Some(last) => (last, longest.after(last) < next),
            };
            let gap = Window::new(start.max(window.from), next.min(window.to));
            if is_gap && gap.from < gap.to {
                gaps.push(gap);
            }
        };
        let before = self.stretches.range(..window.from).next_back();
        let mut last = before.map(|(_, (to, _))| *to);
        for (&from, &(to, _)) in self.stretches.range(window.from..) {
            gap(last, from);
            last = Some(to);
            if from >= window.to {
                return gaps;
            }
        }
        gap(last, window.to);
        gaps
    }
}

impl Serialize for Stretches {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            self.iter()
                .map(|(from, to, count)| Stretch { from, to, count }),
        )
    }
}

impl<'de> Deserialize<'de> for Stretches {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut all = Self::default();
        for stretch in Vec::<Stretch>::deserialize(deserializer)? {
            all.insert(stretch.from, stretch.to, stretch.count);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn moment(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn of(moments: &[i64]) -> Stretches {
        let mut all = Stretches::default();
        for second in moments {
            all.insert(moment(*second), moment(*second), 1);
        }
        all
    }

    fn gaps(moments: &[i64], from: i64, to: i64, longest: u64) -> Vec<(i64, i64)> {
        let window = Window::new(moment(from), moment(to));
        of(moments)
            .gaps(window, Period::seconds(longest))
            .iter()
            .map(|gap| (gap.from.as_second(), gap.to.as_second()))
            .collect()
    }

    #[test]
    fn i_9_what_no_line_proves_is_a_gap() {
        assert_eq!(gaps(&[], 1000, 1300, 100), [(1000, 1300)]);
        assert_eq!(gaps(&[950, 1050, 1150, 1250], 1000, 1300, 100), []);
        assert_eq!(gaps(&[1010, 1100, 1200], 1000, 1300, 100), [(1000, 1010)]);
        assert_eq!(gaps(&[1000, 1100, 1200], 1000, 1300, 100), []);
        assert_eq!(gaps(&[1000, 1100, 1190], 1000, 1300, 100), [(1190, 1300)]);
        assert_eq!(
            gaps(&[800, 1050, 1250], 1000, 1300, 100),
            [(1000, 1050), (1050, 1250)]
        );
        assert_eq!(gaps(&[990], 1000, 1300, 100), [(1000, 1300)]);
        assert_eq!(gaps(&[990, 1400], 1000, 1300, 100), [(1000, 1300)]);
        assert_eq!(gaps(&[990, 1090], 1000, 1050, 100), []);
        assert_eq!(gaps(&[1400], 1000, 1300, 100), [(1000, 1300)]);
        assert_eq!(gaps(&[50], 1300, 1300, 100), []);
    }

    /// The same by sorting all moments.
    fn by_sorting(moments: &[i64], from: i64, to: i64, longest: i64) -> Vec<(i64, i64)> {
        let mut moments = moments.to_vec();
        moments.sort_unstable();
        let mut gaps = Vec::new();
        for pair in moments.windows(2) {
            if pair[1] - pair[0] > longest {
                gaps.push((pair[0], pair[1]));
            }
        }
        match (moments.first(), moments.last()) {
            (Some(&first), Some(&last)) => {
                if first > from {
                    gaps.insert(0, (i64::MIN, first));
                }
                if to - last > longest {
                    gaps.push((last, i64::MAX));
                }
            }
            _ => gaps.push((i64::MIN, i64::MAX)),
        }
        gaps.into_iter()
            .map(|(a, b)| (a.max(from), b.min(to)))
            .filter(|(a, b)| a < b)
            .collect()
    }

    proptest! {
        #[test]
        fn i_9_no_order_of_moments_changes_the_gaps(
            moments in prop::collection::vec(0i64..3000, 0..40),
            from in 0i64..2000, length in 1i64..1000, longest in 60i64..400,
        ) {
            prop_assert_eq!(
                gaps(&moments, from, from + length, longest.unsigned_abs()),
                by_sorting(&moments, from, from + length, longest)
            );
        }

        #[test]
        fn merging_is_inserting_all(
            a in prop::collection::vec(0i64..3000, 0..40),
            b in prop::collection::vec(0i64..3000, 0..40),
        ) {
            let mut merged = of(&a);
            merged.merge(&of(&b));
            let all: Vec<i64> = b.iter().chain(&a).copied().collect();
            prop_assert_eq!(&merged, &of(&all));
            prop_assert_eq!(merged.iter().map(|s| s.2).sum::<u64>(), all.len() as u64);
            let read: Stretches =
                serde_json::from_str(&serde_json::to_string(&merged).unwrap()).unwrap();
            prop_assert_eq!(read, merged);
        }

        #[test]
        fn what_is_kept_does_not_grow_with_the_moments(
            moments in prop::collection::vec(0i64..6000, 0..500),
        ) {
            prop_assert!(of(&moments).stretches.len() <= 6000 / 60 + 1);
        }
    }
}
