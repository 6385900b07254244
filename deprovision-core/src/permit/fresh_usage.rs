//! Nobody called, seen a moment ago.

use serde::{Deserialize, Serialize};

use crate::id::{ApiId, CallerId};
use crate::observation::Observation;
use crate::time::{Period, Timestamp, Window};
use crate::usage::UsageEvidence;

/// What makes usage fresh and quiet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FreshUsageRule {
    /// No request may lie in a window of this length before the read.
    pub quiet: Period,
    /// The read must not be older than this (invariant I-8: 15 minutes).
    pub max_age: Period,
    /// The source's records must reach to within this of the read.
    pub lag: Period,
}

impl FreshUsageRule {
    /// A rule.
    #[must_use]
    pub fn new(quiet: Period, max_age: Period, lag: Period) -> Self {
        Self {
            quiet,
            max_age,
            lag,
        }
    }
}

/// Proof that nobody called in the quiet window (invariant I-8): made only by
/// [`FreshUsage::check`] from complete and fresh observations.
///
/// Nobody else can write one down, for its fields are private:
///
/// ```compile_fail
/// # use deprovision_core::permit::FreshUsage;
/// fn forge(from: FreshUsage) -> FreshUsage {
///     FreshUsage { ..from }
/// }
/// ```
#[derive(Debug)]
pub struct FreshUsage {
    api: ApiId,
    window: Window,
    as_of: Timestamp,
}

/// Why usage is not fresh and quiet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotQuiet {
    /// Somebody called.
    #[error("[I-8] {requests} requests in the quiet window, the last at {}, by {}",
        last_seen.map_or_else(|| "an unknown time".to_owned(), |at| at.to_string()),
        if callers.is_empty() { "unknown callers".to_owned() } else { callers.iter().map(CallerId::as_str).collect::<Vec<_>>().join(", ") })]
    Traffic {
        /// How often.
        requests: u64,
        /// When last.
        last_seen: Option<Timestamp>,
        /// Who.
        callers: Vec<CallerId>,
    },
    /// It can not be told.
    #[error("[I-9] usage is unknown: {0}")]
    Unknown(String),
    /// The read is too old.
    #[error("[I-8] usage was read at {as_of}, longer than {max_age} ago; read it again")]
    Stale {
        /// When it was read.
        as_of: Timestamp,
        /// How old it may be.
        max_age: Period,
    },
    /// The records do not reach far enough.
    #[error(
        "[I-8] the records reach to {watermark} only, more than {lag} before the read; wait for the source to catch up"
    )]
    Behind {
        /// How far they reach.
        watermark: Timestamp,
        /// How far they may lie behind.
        lag: Period,
    },
    /// The window that was read is shorter than the rule wants.
    #[error("[I-8] usage was read since {from}, and the quiet window begins at {needed}")]
    ShortWindow {
        /// Where the read began.
        from: Timestamp,
        /// Where it should have begun.
        needed: Timestamp,
    },
    /// There is no source at all.
    #[error("[I-8] no usage source is set for {0}; name one in the catalog")]
    NoSource(ApiId),
}

impl FreshUsage {
    /// Checks every source's observation; all must be complete, fresh and quiet.
    ///
    /// # Errors
    /// [`NotQuiet`]: the first reason found, unknown before traffic.
    pub fn check(
        api: &ApiId,
        sources: &[Observation<UsageEvidence>],
        rule: &FreshUsageRule,
        now: Timestamp,
    ) -> Result<Self, NotQuiet> {
        if sources.is_empty() {
            return Err(NotQuiet::NoSource(api.clone()));
        }
        let mut oldest = now;
        for observation in sources {
            let evidence = match observation {
                Observation::Unknown { why } => return Err(NotQuiet::Unknown(why.clone())),
                Observation::Known { value, as_of, .. } => {
                    if *as_of > now || rule.max_age.after(*as_of) < now {
                        return Err(NotQuiet::Stale {
                            as_of: *as_of,
                            max_age: rule.max_age,
                        });
                    }
                    oldest = oldest.min(*as_of);
                    value
                }
            };
            if evidence.api != *api {
                return Err(NotQuiet::Unknown(format!(
                    "the source {} answered about {}",
                    evidence.source, evidence.api
                )));
            }
            if evidence.requests > 0 {
                return Err(NotQuiet::Traffic {
                    requests: evidence.requests,
                    last_seen: evidence.last_seen,
                    callers: evidence.callers.iter().map(|c| c.caller.clone()).collect(),
                });
            }
            if let Some(doubt) = observation.doubt() {
                return Err(NotQuiet::Unknown(doubt));
            }
            let needed = rule.quiet.before(oldest);
            if evidence.window.from > needed {
                return Err(NotQuiet::ShortWindow {
                    from: evidence.window.from,
                    needed,
                });
            }
            if rule.lag.after(evidence.watermark) < oldest {
                return Err(NotQuiet::Behind {
                    watermark: evidence.watermark,
                    lag: rule.lag,
                });
            }
        }
        Ok(Self {
            api: api.clone(),
            window: Window::ending_at(oldest, rule.quiet),
            as_of: oldest,
        })
    }

    /// Of which API.
    #[must_use]
    pub fn api(&self) -> &ApiId {
        &self.api
    }

    /// In which window nobody called.
    #[must_use]
    pub fn window(&self) -> Window {
        self.window
    }

    /// When that was read.
    #[must_use]
    pub fn as_of(&self) -> Timestamp {
        self.as_of
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> FreshUsageRule {
        FreshUsageRule::new(Period::days(14), Period::minutes(15), Period::minutes(5))
    }

    fn now() -> Timestamp {
        Period::days(100).after(Timestamp::UNIX_EPOCH)
    }

    fn evidence(requests: u64) -> UsageEvidence {
        let api = ApiId::parse("a").unwrap();
        UsageEvidence::new(
            api,
            "log",
            Window::ending_at(now(), Period::days(14)),
            requests,
            None,
            now(),
        )
    }

    fn check(
        sources: &[Observation<UsageEvidence>],
        at: Timestamp,
    ) -> Result<FreshUsage, NotQuiet> {
        FreshUsage::check(&ApiId::parse("a").unwrap(), sources, &rule(), at)
    }

    #[test]
    fn i_8_fresh_complete_and_quiet_is_a_proof() {
        assert!(check(&[Observation::complete(evidence(0), now())], now()).is_ok());
    }

    #[test]
    fn i_8_and_i_9_anything_less_is_none() {
        let quiet = || Observation::complete(evidence(0), now());
        assert!(matches!(check(&[], now()), Err(NotQuiet::NoSource(_))));
        assert!(matches!(
            check(&[quiet()], Period::minutes(16).after(now())),
            Err(NotQuiet::Stale { .. })
        ));
        assert!(matches!(
            check(&[Observation::unknown("gap")], now()),
            Err(NotQuiet::Unknown(_))
        ));
        assert!(matches!(
            check(&[quiet(), Observation::unknown("gap")], now()),
            Err(NotQuiet::Unknown(_))
        ));
        assert!(matches!(
            check(
                &[Observation::partial(evidence(0), now(), "an hour")],
                now()
            ),
            Err(NotQuiet::Unknown(_))
        ));
        assert!(matches!(
            check(&[Observation::complete(evidence(1), now())], now()),
            Err(NotQuiet::Traffic { .. })
        ));
        let mut behind = evidence(0);
        behind.watermark = Period::minutes(6).before(now());
        assert!(matches!(
            check(&[Observation::complete(behind, now())], now()),
            Err(NotQuiet::Behind { .. })
        ));
        let mut short = evidence(0);
        short.window.from = Period::days(13).before(now());
        assert!(matches!(
            check(&[Observation::complete(short, now())], now()),
            Err(NotQuiet::ShortWindow { .. })
        ));
    }
}
