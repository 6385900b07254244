//! What a courier needs to know.

use std::path::PathBuf;

use deprovision_core::catalog::TimeZoneName;
use deprovision_core::policy::Retry;
use deprovision_core::time::Period;
use jiff::civil::Time;
use serde::{Deserialize, Serialize};

/// Where a courier keeps its letters, and when they go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CourierConfig {
    /// The file of the queue, for this courier alone. It is made when it is not there,
    /// and only its owner may read it: it holds links to answer by.
    pub file: PathBuf,
    /// The account in the ids of its notices: `courier:<account>:local:<name>`.
    pub account: String,
    /// The time zone of people whose own is not known. Default none: mail to them waits
    /// for no morning, for nobody knows when theirs is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<TimeZoneName>,
    /// When people are left alone.
    #[serde(default)]
    pub quiet: QuietHours,
    /// How long a letter waits for more to say to the same person at the same stage.
    /// Default 10 min: an engine takes minutes to go through many retirements.
    #[serde(default = "digest")]
    pub digest: Period,
    /// The same, for last calls, brown-outs, and what has just been closed or opened
    /// again. Default 1 min.
    #[serde(default = "digest_urgent")]
    pub digest_urgent: Period,
    /// How many letters are under way at most: so many are sent again after a crash.
    /// Default 64, at most 1024.
    #[serde(default = "at_once")]
    pub at_once: usize,
    /// How long one attempt may take. Default 1 min.
    #[serde(default = "send_timeout")]
    pub send_timeout: Period,
    /// How often a letter that was certainly not taken is tried (invariant I-17).
    /// Default 8 tries over about six hours; then it has bounced.
    #[serde(default)]
    pub retry: Retry,
}

impl CourierConfig {
    /// A courier with the defaults.
    #[must_use]
    pub fn new(file: impl Into<PathBuf>, account: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            account: account.into(),
            time_zone: None,
            quiet: QuietHours::default(),
            digest: digest(),
            digest_urgent: digest_urgent(),
            at_once: at_once(),
            send_timeout: send_timeout(),
            retry: Retry::default(),
        }
    }

    /// What is wrong with it: the field, and what to write instead.
    pub(super) fn fault(&self) -> Option<(&'static str, &'static str)> {
        if !(1..=1024).contains(&self.at_once) {
            return Some(("at_once", "write a number from 1 to 1024"));
        }
        if self.send_timeout == Period::ZERO {
            return Some(("send_timeout", "give an attempt some time, for example 1m"));
        }
        if self.retry.attempts == 0 || self.retry.first_wait == Period::ZERO {
            return Some(("retry", "allow one attempt at least, and a wait"));
        }
        None
    }
}

fn digest() -> Period {
    Period::minutes(10)
}

fn digest_urgent() -> Period {
    Period::minutes(1)
}

fn at_once() -> usize {
    64
}

fn send_timeout() -> Period {
    Period::minutes(1)
}

/// When people are left alone, by the clock where they are.
///
/// A letter that would come in these hours waits until they end, but for one whose
/// moment would pass meanwhile (a brown-out that begins, an API that ends, or less than
/// an hour before), and for what has just happened: an API that was closed, or answers
/// again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct QuietHours {
    /// From then on. Default 20:00.
    pub from: Time,
    /// Until then, on the next day when it is earlier. Default 08:00. With the same as
    /// `from` no hours are quiet.
    pub to: Time,
    /// All of Saturday and Sunday too. Default no: two days are a decision.
    pub weekends: bool,
}

impl Default for QuietHours {
    fn default() -> Self {
        Self {
            from: Time::constant(20, 0, 0, 0),
            to: Time::constant(8, 0, 0, 0),
            weekends: false,
        }
    }
}

impl QuietHours {
    /// Quiet between these times of the day.
    #[must_use]
    pub fn between(from: Time, to: Time) -> Self {
        Self {
            from,
            to,
            weekends: false,
        }
    }

    /// Nobody is left alone.
    #[must_use]
    pub fn none() -> Self {
        Self::between(Time::midnight(), Time::midnight())
    }

    /// And on weekends.
    #[must_use]
    pub fn and_weekends(mut self) -> Self {
        self.weekends = true;
        self
    }
}
