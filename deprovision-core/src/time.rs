//! Time: instants, periods, windows and the clock port.
//!
//! Instants are [`Timestamp`] (re-exported from `jiff`), always UTC. Lengths of
//! time in policies and pipelines are [`Period`], written as `14d` or `15m`.

use std::fmt;
use std::str::FromStr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use async_trait::async_trait;
pub use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tokio::sync::watch;

/// A length of time in whole seconds, never negative.
///
/// ```
/// use deprovision_core::time::Period;
/// let soak: Period = "14d".parse()?;
/// assert_eq!(soak, Period::days(14));
/// assert_eq!(soak.to_string(), "14d");
/// # Ok::<(), deprovision_core::time::ParsePeriodError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Period {
    seconds: u64,
}

/// No [`Period`] is longer than this: a hundred years, far inside what a
/// [`Timestamp`] can hold.
const MAX_SECONDS: u64 = 100 * 365 * 86_400;

impl Period {
    /// No time at all.
    pub const ZERO: Self = Self { seconds: 0 };

    /// A period of so many seconds (at most a hundred years; longer is cut to that).
    #[must_use]
    pub const fn seconds(seconds: u64) -> Self {
        Self {
            seconds: if seconds > MAX_SECONDS {
                MAX_SECONDS
            } else {
                seconds
            },
        }
    }

    /// A period of so many minutes.
    #[must_use]
    pub const fn minutes(minutes: u64) -> Self {
        Self::seconds(minutes.saturating_mul(60))
    }

    /// A period of so many hours.
    #[must_use]
    pub const fn hours(hours: u64) -> Self {
        Self::seconds(hours.saturating_mul(3_600))
    }

    /// A period of so many days of 24 hours.
    #[must_use]
    pub const fn days(days: u64) -> Self {
        Self::seconds(days.saturating_mul(86_400))
    }

    /// The length in seconds.
    #[must_use]
    pub const fn as_seconds(self) -> u64 {
        self.seconds
    }

    /// The length as a [`Duration`].
    #[must_use]
    pub const fn to_duration(self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// Both lengths together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self::seconds(self.seconds.saturating_add(other.seconds))
    }

    /// The instant this long after `start`, or the last instant there is.
    #[must_use]
    pub fn after(self, start: Timestamp) -> Timestamp {
        start
            .checked_add(jiff::SignedDuration::from_secs(self.signed()))
            .unwrap_or(Timestamp::MAX)
    }

    /// The instant this long before `end`, or the first instant there is.
    #[must_use]
    pub fn before(self, end: Timestamp) -> Timestamp {
        end.checked_sub(jiff::SignedDuration::from_secs(self.signed()))
            .unwrap_or(Timestamp::MIN)
    }

    /// The whole seconds from `start` to `end`; zero when `end` is not later.
    #[must_use]
    pub fn between(start: Timestamp, end: Timestamp) -> Self {
        Self::seconds(u64::try_from(end.duration_since(start).as_secs()).unwrap_or(0))
    }

    fn signed(self) -> i64 {
        i64::try_from(self.seconds).unwrap_or(i64::MAX)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, name) = match self.seconds {
            0 => (1, 's'),
            s if s % 86_400 == 0 => (86_400, 'd'),
            s if s % 3_600 == 0 => (3_600, 'h'),
            s if s % 60 == 0 => (60, 'm'),
            _ => (1, 's'),
        };
        write!(f, "{}{name}", self.seconds / unit)
    }
}

impl fmt::Debug for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Period({self})")
    }
}

/// Why a text is not a [`Period`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a period: write a whole number and a unit, one of s, m, h, d or w, for example 14d"
)]
pub struct ParsePeriodError(String);

impl FromStr for Period {
    type Err = ParsePeriodError;

    fn from_str(text: &str) -> Result<Self, ParsePeriodError> {
        let fail = || ParsePeriodError(text.chars().take(40).collect());
        let trimmed = text.trim();
        let unit = trimmed.chars().last().ok_or_else(fail)?;
        let factor: u64 = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 7 * 86_400,
            _ => return Err(fail()),
        };
        let digits = &trimmed[..trimmed.len() - 1];
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(fail());
        }
        let count: u64 = digits.parse().map_err(|_| fail())?;
        let seconds = count.checked_mul(factor).ok_or_else(fail)?;
        if seconds > MAX_SECONDS {
            return Err(fail());
        }
        Ok(Self { seconds })
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A stretch of time from `from` (inclusive) to `to` (exclusive).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Window {
    /// The first instant inside.
    pub from: Timestamp,
    /// The first instant after.
    pub to: Timestamp,
}

impl Window {
    /// The window between two instants; empty when `to` is not after `from`.
    #[must_use]
    pub fn new(from: Timestamp, to: Timestamp) -> Self {
        Self { from, to }
    }

    /// The window of that length which ends at `to`.
    #[must_use]
    pub fn ending_at(to: Timestamp, length: Period) -> Self {
        Self {
            from: length.before(to),
            to,
        }
    }

    /// Whether the instant lies inside.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }
}

/// Where the engine gets the time from: the machine's clock, or one that tests
/// and demos move by hand.
///
/// # Behaviour
/// - `now` may step backwards or forwards, as real clocks do; the engine never
///   trusts a single reading (invariant I-21).
/// - `monotonic` never goes back, and advances with real elapsed time.
#[async_trait]
pub trait Clock: Send + Sync + fmt::Debug {
    /// The wall-clock time.
    fn now(&self) -> Timestamp;

    /// Time elapsed since some fixed moment, unaffected by changes of the wall clock.
    fn monotonic(&self) -> Duration;

    /// Returns when `now` has reached `at`, at once when it already has.
    async fn sleep_until(&self, at: Timestamp);
}

/// The machine's own clock.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// The machine's clock.
    #[must_use]
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

/// The longest that a sleeper waits before it looks at the wall clock again, so
/// that a clock that is set forward wakes it.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }

    async fn sleep_until(&self, at: Timestamp) {
        loop {
            let left = at.duration_since(self.now());
            let Ok(left) = Duration::try_from(left) else {
                return;
            };
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
        }
    }
}

/// A clock that stands still until it is moved.
///
/// ```
/// use deprovision_core::time::{Clock, ManualClock, Period};
/// let clock = ManualClock::starting_at("2027-01-01T00:00:00Z".parse()?);
/// clock.advance(Period::days(30));
/// assert_eq!(clock.now().to_string(), "2027-01-31T00:00:00Z");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ManualClock {
    state: Mutex<(Timestamp, Duration)>,
    moved: watch::Sender<u64>,
}

impl ManualClock {
    /// A clock that shows `at` until it is moved.
    #[must_use]
    pub fn starting_at(at: Timestamp) -> Self {
        Self {
            state: Mutex::new((at, Duration::ZERO)),
            moved: watch::Sender::new(0),
        }
    }

    /// Lets time pass: the wall clock and the monotonic clock move together.
    pub fn advance(&self, by: Period) {
        self.change(|(wall, monotonic)| {
            *wall = by.after(*wall);
            *monotonic = monotonic.saturating_add(by.to_duration());
        });
    }

    /// Lets time pass until `at`; does nothing when that moment is over.
    pub fn advance_to(&self, at: Timestamp) {
        self.change(|(wall, monotonic)| {
            if let Ok(by) = Duration::try_from(at.duration_since(*wall))
                && at > *wall
            {
                *wall = at;
                *monotonic = monotonic.saturating_add(by);
            }
        });
    }

    /// Sets the wall clock alone, as an operator or a faulty time server would.
    pub fn step_to(&self, at: Timestamp) {
        self.change(|(wall, _)| *wall = at);
    }

    fn change(&self, change: impl FnOnce(&mut (Timestamp, Duration))) {
        {
            // A poisoned lock still holds a valid time: both fields are plain values.
            let mut state = self.state.lock().unwrap_or_else(|p| p.into_inner());
            change(&mut state);
        }
        self.moved.send_modify(|n| *n = n.wrapping_add(1));
    }

    fn read(&self) -> (Timestamp, Duration) {
        *self.state.lock().unwrap_or_else(|p| p.into_inner())
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.read().0
    }

    fn monotonic(&self) -> Duration {
        self.read().1
    }

    async fn sleep_until(&self, at: Timestamp) {
        let mut moved = self.moved.subscribe();
        while self.now() < at {
            // The sender lives in `self`, so waiting can not fail while we do.
            if moved.changed().await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_read_as_it_is_written() {
        for text in ["0s", "90s", "15m", "36h", "14d"] {
            assert_eq!(text.parse::<Period>().unwrap().to_string(), text);
        }
        assert_eq!("2w".parse::<Period>().unwrap(), Period::days(14));
    }

    #[test]
    fn what_is_no_period_is_refused() {
        for bad in [
            "",
            "d",
            "-1d",
            "1.5h",
            "14",
            "14 days",
            "99999999999999999999d",
            "9999999999w",
            "1é",
        ] {
            assert!(bad.parse::<Period>().is_err(), "{bad}");
        }
    }

    #[test]
    fn arithmetic_stays_in_range() {
        assert_eq!(Period::days(u64::MAX).after(Timestamp::MAX), Timestamp::MAX);
        assert_eq!(
            Period::days(u64::MAX).before(Timestamp::MIN),
            Timestamp::MIN
        );
        assert_eq!(
            Period::between(Timestamp::MAX, Timestamp::MIN),
            Period::ZERO
        );
    }

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_manual_clock_is_moved() {
        let clock = std::sync::Arc::new(ManualClock::starting_at(Timestamp::UNIX_EPOCH));
        let until = Period::hours(1).after(Timestamp::UNIX_EPOCH);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(until).await }
        });
        clock.advance(Period::minutes(59));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Period::minutes(1));
        sleeper.await.unwrap();
    }
}
