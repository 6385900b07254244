//! The pace as a machine without a clock.

use std::time::Duration;

use super::bucket::SinceEmpty;
use super::kind::{Limit, Pace};

/// AWS tells nobody how large IAM's buckets are. The one that it publishes, for the reads
/// of EC2, holds 100 calls and gets 20 a second
/// (<https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>): around
/// that number a first refusal is expected, and all that is under way then is refused.
const WARY_FROM: u64 = 92;

/// Served without a refusal, this many calls show that the bucket is larger or faster.
const TRUSTED: u64 = 108;

/// Calls under way between the two.
const CAREFUL: usize = 3;

/// After the first refusal the pace is this part of what was served in a second until
/// then, which is far more than the rate when the bucket was large.
const BACK_OFF: f64 = 1.0 / 40.0;

/// The lowest pace to look for the rate from, in calls a second.
const LOWEST: f64 = 4.0;

/// The pace doubles every so many served calls while the rate is looked for.
const DOUBLES: f64 = 32.0;

/// Fewer served calls between two empty moments say too little about the rate.
const ENOUGH: usize = 12;

/// Fewer served calls until the first refusal bound the rate of nothing.
const TELLING: u64 = 50;

/// How far below the measured rate the pace starts, and over how many served calls it
/// comes back to it: what is not used is saved up in the bucket, not lost.
const BELOW: f64 = 0.05;
const RECOVERS: f64 = 290.0;

/// What counts as a token: AWS's sums and ours are not rounded in the same way.
const WHOLE: f64 = 1.000_001;

/// How late a call may be and still be made up for, in calls.
const LATE: f64 = 2.0;

/// May a call go out?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ready {
    /// Yes.
    Now,
    /// Not before this moment.
    At(Duration),
    /// Not before one that is under way is answered.
    WhenAnswered,
}

/// Decides when the next call goes out. Moments are counted from any fixed one; it is
/// told them and reads no clock.
#[derive(Debug)]
pub(super) struct Pacer {
    phase: Phase,
    at_once: usize,
    under_way: usize,
    /// No call goes out before it.
    next: Duration,
    /// When the pace was last lowered: the refusal of what was sent before tells
    /// nothing new.
    refused: Option<Duration>,
    first_sent: Option<Duration>,
    /// Served until the first refusal.
    served: u64,
    /// How long that took.
    served_in: Duration,
}

#[derive(Debug)]
enum Phase {
    /// No refusal yet.
    Open,
    /// A rate is looked for, from a pace that is surely too low.
    Looking { from: f64, since: SinceEmpty },
    /// The rate was measured.
    Measured { rate: f64, since: SinceEmpty },
    /// The rate is known, and what is saved up of it.
    Known {
        per_second: f64,
        burst: f64,
        tokens: f64,
        as_of: Duration,
    },
}

impl Pacer {
    pub(super) fn new(pace: Pace) -> Self {
        let phase = match pace.limit {
            Limit::Unknown => Phase::Open,
            Limit::Bucket { per_second, burst } => Phase::Known {
                per_second,
                burst,
                tokens: burst,
                as_of: Duration::ZERO,
            },
        };
        Self {
            phase,
            at_once: pace.at_once,
            under_way: 0,
            next: Duration::ZERO,
            refused: None,
            first_sent: None,
            served: 0,
            served_in: Duration::ZERO,
        }
    }

    /// Whether a call may go out now.
    pub(super) fn ready(&self, now: Duration) -> Ready {
        if self.under_way >= self.allowed() {
            return Ready::WhenAnswered;
        }
        let mut next = self.next;
        if let Phase::Known {
            per_second,
            burst,
            tokens,
            as_of,
        } = &self.phase
        {
            let there = refilled(*tokens, *per_second, *burst, *as_of, now);
            if there < WHOLE {
                next = next.max(now + seconds((WHOLE - there) / per_second));
            }
        }
        if next > now {
            Ready::At(next)
        } else {
            Ready::Now
        }
    }

    /// A call goes out.
    pub(super) fn sent(&mut self, now: Duration) {
        self.under_way += 1;
        self.first_sent.get_or_insert(now);
        if let Some(rate) = self.rate() {
            let late = now.saturating_sub(seconds(LATE / rate));
            self.next = self.next.max(late) + seconds(1.0 / rate);
        }
        if let Phase::Known {
            per_second,
            burst,
            tokens,
            as_of,
        } = &mut self.phase
        {
            *tokens = refilled(*tokens, *per_second, *burst, *as_of, now) - 1.0;
            *as_of = now;
        }
    }

    /// It was answered, in whatever way but with a refusal for its pace.
    pub(super) fn answered(&mut self, now: Duration) {
        self.gone();
        match &mut self.phase {
            Phase::Open => self.served = self.served.saturating_add(1),
            Phase::Looking { since, .. } | Phase::Measured { since, .. } => since.served(now),
            Phase::Known { .. } => {}
        }
    }

    /// It was refused for its pace; `sent` is when it went out, `wait` how long AWS
    /// asks to wait.
    pub(super) fn throttled(&mut self, sent: Duration, wait: Option<Duration>, now: Duration) {
        self.gone();
        let news = self.refused.is_none_or(|refused| sent > refused);
        if news {
            self.refused = Some(now);
        }
        self.phase = match std::mem::replace(&mut self.phase, Phase::Open) {
            Phase::Open => {
                self.served_in = now.saturating_sub(self.first_sent.unwrap_or(now));
                Phase::Looking {
                    from: (self.mean() * BACK_OFF).max(LOWEST),
                    since: SinceEmpty::new(now),
                }
            }
            Phase::Looking { from, since } if news => {
                if since.count() < ENOUGH {
                    Phase::Looking {
                        from: from / 4.0,
                        since: SinceEmpty::new(now),
                    }
                } else {
                    self.measured(&since, now)
                }
            }
            Phase::Measured { rate, since } if news => {
                if since.count() < ENOUGH {
                    // It was far too high: others use the bucket too, or it ran over.
                    Phase::Measured {
                        rate: rate / 1.5,
                        since: SinceEmpty::new(now),
                    }
                } else {
                    self.measured(&since, now)
                }
            }
            // More of what was under way at that moment: the bucket is empty still.
            Phase::Looking { from, .. } => Phase::Looking {
                from,
                since: SinceEmpty::new(now),
            },
            Phase::Measured { rate, .. } => Phase::Measured {
                rate,
                since: SinceEmpty::new(now),
            },
            Phase::Known {
                per_second, burst, ..
            } => Phase::Known {
                per_second,
                burst,
                tokens: 0.0,
                as_of: now,
            },
        };
        let pause = self
            .rate()
            .map_or(Duration::ZERO, |rate| seconds(1.0 / rate));
        self.next = self
            .next
            .max(now + wait.unwrap_or(Duration::ZERO).max(pause));
    }

    /// Nobody waits for its answer any more.
    pub(super) fn abandoned(&mut self) {
        self.gone();
    }

    fn gone(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    fn measured(&self, since: &SinceEmpty, now: Duration) -> Phase {
        // What was served until the first refusal is the bucket and what flowed in.
        let size = |rate: f64| (count(self.served) - rate * self.served_in.as_secs_f64()).max(1.0);
        Phase::Measured {
            rate: since.rate(size, now),
            since: SinceEmpty::new(now),
        }
    }

    /// Served in a second until the first refusal.
    fn mean(&self) -> f64 {
        count(self.served) / self.served_in.as_secs_f64().max(1e-3)
    }

    /// Calls that may be under way.
    fn allowed(&self) -> usize {
        match self.phase {
            Phase::Open => {
                let sent = self.served.saturating_add(count_of(self.under_way));
                if sent >= WARY_FROM && self.served < TRUSTED {
                    CAREFUL.min(self.at_once)
                } else {
                    self.at_once
                }
            }
            Phase::Looking { .. } | Phase::Measured { .. } | Phase::Known { .. } => self.at_once,
        }
    }

    /// The pace in calls a second, where it is not left to the answers.
    fn rate(&self) -> Option<f64> {
        match &self.phase {
            Phase::Open | Phase::Known { .. } => None,
            Phase::Looking { from, since } => {
                let pace = from * (count(since.count()) / DOUBLES).exp2();
                // What was served until the first refusal is more than what flowed in;
                // unless it is next to nothing, and the bucket ran over.
                Some(if self.served < TELLING {
                    pace
                } else {
                    pace.min(self.mean())
                })
            }
            Phase::Measured { rate, since } => {
                let share = count(since.count()) / RECOVERS;
                Some(rate * (1.0 - BELOW + BELOW * share * share))
            }
        }
    }
}

/// What a bucket holds at a moment, after what it held at an earlier one.
fn refilled(tokens: f64, per_second: f64, burst: f64, as_of: Duration, now: Duration) -> f64 {
    (tokens + per_second * now.saturating_sub(as_of).as_secs_f64()).min(burst.max(WHOLE))
}

/// A length of time, at most a day.
fn seconds(seconds: f64) -> Duration {
    const DAY: f64 = 86_400.0;
    Duration::try_from_secs_f64(seconds.clamp(0.0, DAY)).unwrap_or(Duration::from_secs(86_400))
}

/// A number of calls that are under way.
fn count_of(calls: usize) -> u64 {
    u64::try_from(calls).unwrap_or(u64::MAX)
}

/// A number of calls, for reckoning with rates.
#[expect(clippy::cast_precision_loss, reason = "no run makes 2^52 calls")]
fn count(calls: impl TryInto<u64>) -> f64 {
    calls.try_into().unwrap_or(u64::MAX) as f64
}
