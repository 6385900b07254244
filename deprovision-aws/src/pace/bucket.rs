//! What a token bucket that ran dry twice says about its rate.

use std::time::Duration;

/// What was served since a moment at which the bucket was empty.
///
/// Between two moments at which it was empty, what came in is what went out: that IS
/// its rate, unless it was full in between and ran over.
#[derive(Debug, Clone)]
pub(super) struct SinceEmpty {
    at: Duration,
    served: Vec<Duration>,
}

/// More than this says nothing more about the rate.
const KEPT: usize = 4096;

/// Fewer calls than this have no rate of their own.
const LATELY: usize = 12;

impl SinceEmpty {
    pub(super) fn new(at: Duration) -> Self {
        Self {
            at,
            served: Vec::new(),
        }
    }

    pub(super) fn served(&mut self, at: Duration) {
        if self.served.len() < KEPT {
            self.served.push(at);
        }
    }

    pub(super) fn count(&self) -> usize {
        self.served.len()
    }

    /// The rate of a bucket of that size that is empty again now, and not more than
    /// what was served in a second of late: that emptied it.
    ///
    /// A bucket that ran over took in more than went out: the higher the rate, the
    /// fuller it is at the end, so the one rate at which it is just empty is found by
    /// halving.
    pub(super) fn rate(&self, size: impl Fn(f64) -> f64, now: Duration) -> f64 {
        let seconds = now.saturating_sub(self.at).as_secs_f64().max(1e-3);
        #[expect(clippy::cast_precision_loss, reason = "at most 4096")]
        let mean = self.served.len() as f64 / seconds;
        let (mut low, mut high) = (mean, self.lately(now).max(mean));
        for _ in 0..24 {
            let middle = f64::midpoint(low, high);
            if self.left(middle, size(middle), now) >= 1.0 {
                high = middle;
            } else {
                low = middle;
            }
        }
        low
    }

    /// What was served in a second of late.
    fn lately(&self, now: Duration) -> f64 {
        let calls = (self.served.len() / 4).max(LATELY).min(self.served.len());
        let since = self.served.iter().rev().nth(calls).copied();
        let seconds = now.saturating_sub(since.unwrap_or(self.at)).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "at most 4096")]
        let rate = calls as f64 / seconds.max(1e-3);
        rate
    }

    /// How full a bucket of that rate and size would be.
    fn left(&self, rate: f64, size: f64, now: Duration) -> f64 {
        let (mut tokens, mut before) = (0.0_f64, self.at);
        for at in &self.served {
            tokens = (tokens + rate * at.saturating_sub(before).as_secs_f64()).min(size) - 1.0;
            before = *at;
        }
        (tokens + rate * now.saturating_sub(before).as_secs_f64()).min(size)
    }
}
