//! When a letter goes: not before its digest is full, and not at night.

use deprovision_core::catalog::TimeZoneName;
use deprovision_core::provider::{Notice, NoticeStage};
use deprovision_core::time::{Period, Timestamp};
use jiff::ToSpan as _;
use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;

use super::config::{CourierConfig, QuietHours};

/// Who is told in the morning of what comes sooner than this is told in the evening.
const LEAD: Period = Period::hours(1);
/// So many stretches of quiet hours may follow each other: nights, weekend days, and
/// the odd shift of a clock.
const STRETCHES: u32 = 16;

/// When a notice goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) due: Timestamp,
    pub(super) zone: Option<TimeZoneName>,
    pub(super) patient: bool,
    pub(super) moment: Option<Timestamp>,
    /// What is wrong with the person's time zone.
    pub(super) finding: Option<String>,
}

/// The rules by which a courier decides when letters go.
#[derive(Debug, Clone)]
pub(super) struct Timing {
    quiet: QuietHours,
    zone: Option<TimeZoneName>,
    digest: Period,
    digest_urgent: Period,
}

impl Timing {
    pub(super) fn of(config: &CourierConfig) -> Self {
        Self {
            quiet: config.quiet,
            zone: config.time_zone.clone(),
            digest: config.digest,
            digest_urgent: config.digest_urgent,
        }
    }

    /// When the notice goes, if it is the first one of its letter.
    pub(super) fn plan(&self, notice: &Notice, now: Timestamp) -> Plan {
        let mut finding = None;
        let zone = match &notice.to.time_zone {
            Some(name) if is_known(name) => Some(name.clone()),
            Some(name) => {
                finding = Some(format!(
                    "{} has the time zone {name}, which is in no time zone database; \
                     write one such as Europe/Berlin in the catalog",
                    notice.to.person
                ));
                self.zone.clone()
            }
            None => self.zone.clone(),
        };
        let (patient, moment) = (is_patient(notice.stage), moment(notice));
        let window = if is_urgent(notice.stage) {
            self.digest_urgent
        } else {
            self.digest
        };
        let ready = window.after(now);
        let due = match moment {
            // There is no time to wait for others.
            Some(moment) if moment <= ready => now,
            _ => self.earliest(ready, zone.as_ref(), patient, moment),
        };
        Plan {
            due,
            zone,
            patient,
            moment,
            finding,
        }
    }

    /// The first moment from `at` on at which the letter may go.
    pub(super) fn earliest(
        &self,
        at: Timestamp,
        zone: Option<&TimeZoneName>,
        patient: bool,
        moment: Option<Timestamp>,
    ) -> Timestamp {
        let Some(zone) = zone.filter(|_| patient) else {
            return at;
        };
        let Ok(zone) = TimeZone::get(zone.as_str()) else {
            return at;
        };
        let morning = self.quiet.morning(at, &zone);
        match moment {
            Some(moment) if LEAD.after(morning) >= moment => at,
            _ => morning,
        }
    }
}

pub(super) fn is_known(zone: &TimeZoneName) -> bool {
    TimeZone::get(zone.as_str()).is_ok()
}

/// Whether it can wait for the morning. What has just happened can not: whoever is
/// awake needs to know.
fn is_patient(stage: NoticeStage) -> bool {
    !matches!(stage, NoticeStage::Closed | NoticeStage::Restored)
}

fn is_urgent(stage: NoticeStage) -> bool {
    matches!(
        stage,
        NoticeStage::LastCall
            | NoticeStage::BrownOut { .. }
            | NoticeStage::Closed
            | NoticeStage::Restored
    )
}

/// What the person must know of before it comes.
fn moment(notice: &Notice) -> Option<Timestamp> {
    let facts = &notice.facts;
    let brown_out = facts.brown_out.map(|brown_out| brown_out.not_before);
    match notice.stage {
        NoticeStage::BrownOut { .. } => brown_out.or(facts.ends),
        NoticeStage::Announcement
        | NoticeStage::Reminder { .. }
        | NoticeStage::Postponement { .. }
        | NoticeStage::LastCall => facts.ends.into_iter().chain(brown_out).min(),
        NoticeStage::Approval { .. }
        | NoticeStage::Closed
        | NoticeStage::Restored
        | NoticeStage::Retired
        | NoticeStage::Withdrawal
        | NoticeStage::Unused
        | NoticeStage::Drift
        | NoticeStage::Digest => None,
    }
}

impl QuietHours {
    /// The first moment from `at` on that is not quiet in that zone.
    fn morning(&self, at: Timestamp, zone: &TimeZone) -> Timestamp {
        let mut at = at;
        for _ in 0..STRETCHES {
            let there = zone.to_datetime(at);
            let Some(end) = self.end(there) else {
                return at;
            };
            // A clock that is set shows the end twice, or not at all.
            let shown = zone.to_ambiguous_timestamp(end);
            let next = [shown.compatible(), shown.later()];
            let Some(next) = next.into_iter().flatten().find(|next| *next > at) else {
                return at;
            };
            at = next;
        }
        at
    }

    /// When the quiet stretch that this moment lies in ends; none when it is not quiet.
    fn end(&self, there: DateTime) -> Option<DateTime> {
        let (today, time) = (there.date(), there.time());
        let tomorrow = today.checked_add(1.day()).ok()?;
        if self.weekends && matches!(today.weekday(), Weekday::Saturday | Weekday::Sunday) {
            return Some(tomorrow.at(0, 0, 0, 0));
        }
        if self.from <= self.to {
            return (self.from <= time && time < self.to).then(|| today.to_datetime(self.to));
        }
        if time >= self.from {
            return Some(tomorrow.to_datetime(self.to));
        }
        (time < self.to).then(|| today.to_datetime(self.to))
    }
}

#[cfg(test)]
#[path = "quiet_tests.rs"]
mod tests;
