//! When a log was written: what its lines prove about its gaps.

use std::collections::BTreeMap;

use deprovision_core::time::{Period, Timestamp, Window};

/// The moments at which a log was certainly written, and with them its gaps.
///
/// The lines may come in any order. What is kept does not grow with the lines: at
/// most one stretch for each longest gap in the window.
#[derive(Debug)]
pub(crate) struct Written {
    window: Window,
    max_gap: Period,
    /// The newest line before the window.
    before: Option<Timestamp>,
    /// The first and the last line of each stretch inside the window. No two
    /// stretches are within `max_gap` of each other.
    stretches: BTreeMap<Timestamp, Timestamp>,
    /// The oldest line after the window.
    after: Option<Timestamp>,
    newest: Option<Timestamp>,
}

impl Written {
    pub(crate) fn new(window: Window, max_gap: Period) -> Self {
        Self {
            window,
            max_gap,
            before: None,
            stretches: BTreeMap::new(),
            after: None,
            newest: None,
        }
    }

    /// Something was written at this moment.
    pub(crate) fn at(&mut self, moment: Timestamp) {
        self.newest = self.newest.max(Some(moment));
        if moment < self.window.from {
            self.before = self.before.max(Some(moment));
        } else if moment >= self.window.to {
            self.after = Some(self.after.map_or(moment, |after| after.min(moment)));
        } else {
            self.inside(moment);
        }
    }

    fn inside(&mut self, moment: Timestamp) {
        let below = self.stretches.range(..=moment).next_back();
        let below = below
            .map(|(start, end)| (*start, *end))
            .filter(|(_, end)| self.max_gap.after(*end) >= moment);
        let above = self.stretches.range(moment..).next();
        let above = above
            .map(|(start, end)| (*start, *end))
            .filter(|(start, _)| self.max_gap.after(moment) >= *start);
        let start = below.map_or(moment, |(start, _)| start);
        let end = below.map_or(moment, |(_, end)| end.max(moment));
        let end = above.map_or(end, |(_, above)| end.max(above));
        if let Some((start, _)) = above {
            self.stretches.remove(&start);
        }
        self.stretches.insert(start, end);
    }

    /// The newest moment at which the log was written.
    pub(crate) fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    /// The parts of the window of which nothing is known: before the first line,
    /// and between lines that are further apart than the longest gap.
    pub(crate) fn gaps(&self) -> Vec<Window> {
        let Window { from, to, .. } = self.window;
        if from >= to {
            return Vec::new();
        }
        let mut gaps = Vec::new();
        // A line at the very beginning needs no line before it.
        let mut last = self.before;
        for (&start, &end) in &self.stretches {
            gaps.extend(self.gap(last, start));
            last = Some(end);
        }
        gaps.extend(self.gap(last, self.after.unwrap_or(to)));
        gaps
    }

    /// The gap between two lines, as far as it lies in the window.
    fn gap(&self, last: Option<Timestamp>, next: Timestamp) -> Option<Window> {
        let Window { from, to, .. } = self.window;
        let (start, is_gap) = match last {
            None => (from, next > from),
            Some(last) => (last, self.max_gap.after(last) < next),
        };
        let gap = Window::new(start.max(from), next.min(to));
        (is_gap && gap.from < gap.to).then_some(gap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn moment(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn window(from: i64, to: i64) -> Window {
        Window::new(moment(from), moment(to))
    }

    fn gaps(lines: &[i64], from: i64, to: i64) -> Vec<(i64, i64)> {
        let mut written = Written::new(window(from, to), Period::seconds(10));
        for line in lines {
            written.at(moment(*line));
        }
        written
            .gaps()
            .iter()
            .map(|gap| (gap.from.as_second(), gap.to.as_second()))
            .collect()
    }

    #[test]
    fn i_9_what_no_line_proves_is_a_gap() {
        assert_eq!(gaps(&[], 100, 130), [(100, 130)]);
        assert_eq!(gaps(&[95, 105, 115, 125], 100, 130), []);
        assert_eq!(gaps(&[125, 105, 115, 95], 100, 130), []);
        assert_eq!(gaps(&[101, 110, 120], 100, 130), [(100, 101)]);
        assert_eq!(gaps(&[100, 110, 120], 100, 130), []);
        assert_eq!(gaps(&[100, 110, 119], 100, 130), [(119, 130)]);
        assert_eq!(gaps(&[80, 105, 125], 100, 130), [(100, 105), (105, 125)]);
        assert_eq!(gaps(&[99], 100, 130), [(100, 130)]);
        assert_eq!(gaps(&[99, 140], 100, 130), [(100, 130)]);
        assert_eq!(gaps(&[99, 109], 100, 105), []);
        assert_eq!(gaps(&[140], 100, 130), [(100, 130)]);
        assert_eq!(gaps(&[5], 130, 130), []);
    }

    /// The same by sorting all lines.
    fn by_sorting(lines: &[i64], from: i64, to: i64) -> Vec<(i64, i64)> {
        let mut lines = lines.to_vec();
        lines.sort_unstable();
        let mut gaps = Vec::new();
        for pair in lines.windows(2) {
            if pair[1] - pair[0] > 10 {
                gaps.push((pair[0], pair[1]));
            }
        }
        match (lines.first(), lines.last()) {
            (Some(&first), Some(&last)) => {
                if first > from {
                    gaps.insert(0, (i64::MIN, first));
                }
                if to - last > 10 {
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
        fn i_9_no_order_of_lines_changes_the_gaps(
            lines in prop::collection::vec(0i64..300, 0..40), from in 0i64..200, length in 1i64..100,
        ) {
            prop_assert_eq!(gaps(&lines, from, from + length), by_sorting(&lines, from, from + length));
        }

        #[test]
        fn what_is_kept_does_not_grow_with_the_lines(
            lines in prop::collection::vec(0i64..1000, 0..500),
        ) {
            let mut written = Written::new(window(100, 900), Period::seconds(10));
            for line in lines {
                written.at(moment(line));
                prop_assert!(written.stretches.len() <= 800 / 10 + 1);
            }
        }
    }
}
