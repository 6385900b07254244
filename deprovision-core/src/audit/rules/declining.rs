//! It is called less and less.

use crate::audit::trend::{Trend, trend};
use crate::audit::view::{One, View};
use crate::audit::words::{count, day};
use crate::audit::{Change, Finding, FindingKind};
use crate::catalog::{Lifecycle, Severity};
use crate::policy::Percent;
use crate::usage::{Days, Verdict};

/// How the daily counts of an API change, when enough whole days say so.
pub(in crate::audit) fn measure(view: &View<'_>, one: &One<'_>) -> Option<Trend> {
    measure_with(view, one, false)
}

/// The same; or, as if every line that could not be read had been a call of the API.
fn measure_with(view: &View<'_>, one: &One<'_>, with_unreadable: bool) -> Option<Trend> {
    let total = &one.usage.total;
    // Calls that no day has.
    if total.consumers.undated > 0 || total.malformed > view.policy.unreadable {
        return None;
    }
    let counts: Vec<(i32, u64)> = view
        .trend_days
        .iter()
        .map(|day| {
            let unreadable = match with_unreadable {
                true => view.unreadable.get(day).copied().unwrap_or(0),
                false => 0,
            };
            (
                *day,
                total.consumers.days.on(*day).saturating_add(unreadable),
            )
        })
        .collect();
    let trend = trend(&counts);
    let is_enough = u32::try_from(trend.weeks).is_ok_and(|weeks| weeks >= view.policy.trend.weeks);
    is_enough.then_some(trend)
}

/// A trend as it is told.
pub(in crate::audit) fn told(trend: &Trend) -> Option<Change> {
    let change = trend.change?;
    Some(Change {
        percent: (change * 100.0).trunc() as i64,
        confidence: Percent::new((trend.confidence * 100.0).floor() as u8),
        days: trend.days as u64,
    })
}

pub(in crate::audit) fn find(
    view: &View<'_>,
    one: &One<'_>,
    measured: Option<&Trend>,
) -> Option<Finding> {
    match &one.judgement.verdict {
        Verdict::InUse { .. } => {}
        Verdict::Idle { .. } | Verdict::NeverSeen { .. } | Verdict::Unknown { .. } => return None,
    }
    let measured = measured.filter(|trend| falls(view, trend))?;
    // A log that turns unreadable looks like a decline: it must hold both ways.
    if !view.unreadable.is_empty() && !falls(view, &measure_with(view, one, true)?) {
        return None;
    }
    let change = told(measured)?;
    let next_step = match (one.api.lifecycle, one.owner()) {
        // What is gone and still called is another finding.
        (Lifecycle::Retired, _) => return None,
        (Lifecycle::Deprecated, _) => {
            "remind the callers that are left; when they are few, move them one by one".to_owned()
        }
        (Lifecycle::Experimental | Lifecycle::Production, Some(owner)) => format!(
            "ask {owner} whether the callers move elsewhere on purpose; if so, mark it deprecated and write its successor and sunset"
        ),
        (Lifecycle::Experimental | Lifecycle::Production, None) => {
            "find who answers for it, and ask whether the callers move elsewhere on purpose"
                .to_owned()
        }
    };
    let id = &one.api.id;
    let (first, last) = (view.trend_days.first()?, view.trend_days.last()?);
    let mut finding = view.finding(
        FindingKind::Declining,
        one.subject(),
        Severity::Low,
        format!(
            "{id} is called {}% less than on {}",
            change.percent.unsigned_abs(),
            day(Days::start(*first))
        ),
    );
    finding.evidence.push(format!(
        "the requests of a day fall by {:.1} each week, over {} from {} to {}",
        -measured.per_week,
        count(change.days, "whole day"),
        day(Days::start(*first)),
        day(Days::start(*last)),
    ));
    finding.evidence.push(format!(
        "of a hundred APIs that stay level, at most {} would seem to change so clearly (seasonal Mann-Kendall test by weekday)",
        100 - change.confidence.hundredths()
    ));
    if !view.unreadable.is_empty() {
        finding.evidence.push(
            "it falls also when every unreadable line of these days is taken for a call".to_owned(),
        );
    }
    finding.would_change = format!(
        "daily counts that stay level: the fall becomes less than {}, or less sure than {}",
        view.policy.trend.decline, view.policy.trend.confidence
    );
    finding.next_step = next_step;
    Some(finding)
}

/// Whether the counts fall by enough, and surely enough.
fn falls(view: &View<'_>, trend: &Trend) -> bool {
    let policy = &view.policy.trend;
    trend.confidence >= policy.confidence.as_fraction()
        && trend.per_week < 0.0
        && trend
            .change
            .is_some_and(|change| -change >= policy.decline.as_fraction())
}
