//! Counts by day.

use jiff::civil::Date;
use serde::de::Error as _;
use serde::{Deserialize, Serialize};

use crate::time::{Period, Timestamp};

const DAY: i64 = Period::days(1).as_seconds().cast_signed();

/// How much happened on each day (UTC). Days without anything are not kept.
///
/// ```
/// use deprovision_core::{time::Timestamp, usage::Days};
/// let mut days = Days::default();
/// days.add(Days::of(Timestamp::from_second(86_399)?), 2);
/// days.add(Days::of(Timestamp::from_second(86_400)?), 1);
/// let counts: Vec<u64> = days.iter().map(|(_, count)| count).collect();
/// assert_eq!(counts, [2, 1]);
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Days {
    /// Sorted by day, each once.
    counts: Vec<(i32, u64)>,
}

impl Days {
    /// The number of the day that a moment lies on: days since 1970-01-01, UTC.
    #[must_use]
    pub fn of(at: Timestamp) -> i32 {
        // Any second that a timestamp can hold is within 4 million days.
        i32::try_from(at.as_second().div_euclid(DAY)).unwrap_or(i32::MAX)
    }

    /// The first moment of a day.
    #[must_use]
    pub fn start(day: i32) -> Timestamp {
        Timestamp::from_second(i64::from(day) * DAY).unwrap_or(if day < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        })
    }

    /// Adds to a day.
    pub fn add(&mut self, day: i32, count: u64) {
        match self.counts.last_mut() {
            Some((last, sum)) if *last == day => *sum = sum.saturating_add(count),
            Some((last, _)) if *last > day => {
                match self.counts.binary_search_by_key(&day, |(day, _)| *day) {
                    Ok(at) => {
                        if let Some((_, sum)) = self.counts.get_mut(at) {
                            *sum = sum.saturating_add(count);
                        }
                    }
                    Err(at) => self.counts.insert(at, (day, count)),
                }
            }
            _ => self.counts.push((day, count)),
        }
    }

    /// Adds all that another one has.
    pub fn merge(&mut self, other: &Self) {
        for &(day, count) in &other.counts {
            self.add(day, count);
        }
    }

    /// Each day that has something, in order, and how much.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (i32, u64)> + '_ {
        self.counts.iter().copied()
    }

    /// How much on one day.
    #[must_use]
    pub fn on(&self, day: i32) -> u64 {
        let at = self.counts.binary_search_by_key(&day, |(day, _)| *day);
        at.ok()
            .and_then(|at| self.counts.get(at))
            .map_or(0, |(_, count)| *count)
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

impl Serialize for Days {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(day, count)| (date(day), count)))
    }
}

fn date(day: i32) -> Date {
    jiff::tz::Offset::UTC.to_datetime(Days::start(day)).date()
}

impl<'de> Deserialize<'de> for Days {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut days = Self::default();
        for (date, count) in std::collections::BTreeMap::<Date, u64>::deserialize(deserializer)? {
            let start = jiff::tz::Offset::UTC
                .to_timestamp(date.at(0, 0, 0, 0))
                .map_err(D::Error::custom)?;
            days.add(Self::of(start), count);
        }
        Ok(days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn days_count_as_a_map_does(
            all in prop::collection::vec((-100i32..30_000, 1u64..5), 0..60),
        ) {
            let mut days = Days::default();
            let mut map = BTreeMap::new();
            for (day, count) in all {
                days.add(day, count);
                *map.entry(day).or_insert(0) += count;
            }
            prop_assert!(map.iter().all(|(day, count)| days.on(*day) == *count));
            prop_assert_eq!(days.iter().collect::<Vec<_>>(), map.into_iter().collect::<Vec<_>>());
            let text = serde_json::to_string(&days).unwrap();
            prop_assert_eq!(serde_json::from_str::<Days>(&text).unwrap(), days);
        }
    }

    #[test]
    fn a_day_is_written_as_its_date() {
        let mut days = Days::default();
        days.add(19_875, 7);
        assert_eq!(serde_json::to_string(&days).unwrap(), r#"{"2024-06-01":7}"#);
    }
}
