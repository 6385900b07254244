//! The counts of one endpoint, as lines are added one by one.

use deprovision_core::time::Timestamp;
use deprovision_core::usage::{StatusCounts, Traffic};

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// Requests, counted line by line; [`Traffic`] is what comes of it.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    requests: u64,
    bytes: u64,
    first: i64,
    last: i64,
    /// The day that requests are counted for now, and how many it has.
    day: i64,
    on_day: u64,
    /// By class of the status; zero for none.
    statuses: [u64; 6],
    undated: u64,
    /// Days before, in the order in which they came.
    days: Vec<(i64, u64)>,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            requests: 0,
            bytes: 0,
            first: i64::MAX,
            last: i64::MIN,
            day: i64::MIN,
            on_day: 0,
            statuses: [0; 6],
            undated: 0,
            days: Vec::new(),
        }
    }
}

impl Tally {
    /// Adds one request; without a time when it is not known.
    pub(super) fn add(&mut self, at: Option<i64>, class: u8, bytes: u64) {
        self.requests += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        if let Some(count) = self.statuses.get_mut(usize::from(class)) {
            *count += 1;
        }
        let Some(at) = at else {
            self.undated += 1;
            return;
        };
        self.first = self.first.min(at);
        self.last = self.last.max(at);
        let day = at.div_euclid(DAY);
        if day != self.day {
            self.end_day();
            self.day = day;
        }
        self.on_day += 1;
    }

    fn end_day(&mut self) {
        if self.on_day > 0 {
            // Lines out of order come back to a day; the list stays one of days.
            match self.days.iter_mut().rev().find(|(day, _)| *day == self.day) {
                Some((_, count)) => *count += self.on_day,
                None => self.days.push((self.day, self.on_day)),
            }
        }
        self.on_day = 0;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.requests == 0
    }

    pub(super) fn into_traffic(mut self) -> Traffic {
        self.end_day();
        let [
            other,
            informational,
            success,
            redirect,
            client_error,
            server_error,
        ] = self.statuses;
        let mut statuses = StatusCounts::default();
        statuses.informational = informational;
        statuses.success = success;
        statuses.redirect = redirect;
        statuses.client_error = client_error;
        statuses.server_error = server_error;
        statuses.other = other;
        let mut traffic = Traffic::default();
        traffic.requests = self.requests;
        traffic.statuses = statuses;
        traffic.bytes = self.bytes;
        traffic.undated = self.undated;
        if self.first <= self.last {
            traffic.first_seen = Timestamp::from_second(self.first).ok();
            traffic.last_seen = Timestamp::from_second(self.last).ok();
        }
        for (day, count) in self.days {
            traffic
                .days
                .add(i32::try_from(day).unwrap_or(i32::MAX), count);
        }
        traffic
    }
}

/// The class of a status: its first digit, zero for none and for what is none.
pub(super) fn class_of(status: u16) -> u8 {
    match status / 100 {
        class @ 1..=5 => u8::try_from(class).unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use deprovision_core::usage::Days;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_tally_is_the_sum_of_its_lines(
            lines in prop::collection::vec(
                (prop::option::of(0i64..500_000), 0u16..700, 0u64..100), 0..60),
        ) {
            let mut tally = Tally::default();
            let mut sum = Traffic::default();
            for (at, status, bytes) in lines {
                tally.add(at, class_of(status), bytes);
                let mut one = Traffic::default();
                one.requests = 1;
                *one.statuses.of(Some(status)) += 1;
                one.bytes = bytes;
                match at {
                    Some(at) => {
                        let at = Timestamp::from_second(at).unwrap();
                        one.first_seen = Some(at);
                        one.last_seen = Some(at);
                        one.days.add(Days::of(at), 1);
                    }
                    None => one.undated = 1,
                }
                sum.merge(&one);
            }
            prop_assert_eq!(tally.is_empty(), sum.is_empty());
            prop_assert_eq!(tally.into_traffic(), sum);
        }
    }
}
