//! What became of the notices beside the announcement. Nothing waits for it: it is
//! evidence. The announcement is a step, and is looked at as one (invariant I-22).

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::resource::NoticeId;
use crate::retirement::{Event, Refusal, Retirement, Told, Undelivered};
use crate::time::{Period, Timestamp};

/// The first look, after people were told.
const FIRST_LOOK: Period = Period::minutes(15);
/// The longest between two looks.
const LONGEST: Period = Period::days(1);
/// So long it is looked for. What a notifier learns later it has to tell itself.
const PATIENCE: Period = Period::days(7);

impl Retirement {
    /// The notices of which it is not known what became of them.
    pub fn awaited(&self) -> impl Iterator<Item = &NoticeId> {
        self.awaited.keys()
    }

    /// When what became of notices is looked at next; `None` when nothing is awaited.
    pub(super) fn deliveries_at(&self) -> Option<Timestamp> {
        self.deliveries_at.filter(|_| !self.awaited.is_empty())
    }

    /// Takes what a look showed: of what is in neither list it is not known yet.
    pub(super) fn record_deliveries(
        &self,
        mut delivered: Vec<NoticeId>,
        mut undelivered: Vec<Undelivered>,
        not_before: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Vec<Event>, Refusal> {
        if self.deliveries_at().is_none_or(|at| now < at) {
            return Err(Refusal::NotNow(
                "what became of notices was looked at already".to_owned(),
            ));
        }
        delivered.retain(|notice| self.awaited.contains_key(notice));
        undelivered.retain(|one| self.awaited.contains_key(&one.notice));
        let lost = undelivered.iter().map(|one| &one.notice);
        let known: BTreeSet<&NoticeId> = delivered.iter().chain(lost).collect();
        let open = self.awaited.iter();
        let open = open.filter(|(notice, _)| !known.contains(notice));
        let (mut given_up, mut newest) = (Vec::new(), None);
        for (notice, told) in open {
            if self.passed_at(*told, PATIENCE) <= now {
                let why = format!("nothing is known of it {PATIENCE} after it was handed over");
                given_up.push(Undelivered::new(notice.clone(), why));
            } else {
                newest = newest.max(Some(*told));
            }
        }
        undelivered.extend(given_up);
        let again = newest.map(|told| {
            // Ever rarer: what was not delivered in an hour will hardly be in the next minute.
            let age = Period::between(told, now).max(FIRST_LOOK).min(LONGEST);
            let next = age.after(now);
            not_before.map_or(next, |at| at.clamp(next, LONGEST.after(now).max(next)))
        });
        Ok(vec![Event::DeliveriesSeen {
            delivered,
            undelivered,
            again,
        }])
    }

    pub(super) fn await_deliveries(&mut self, told: &[Told], at: Timestamp) {
        if told.is_empty() {
            return;
        }
        let awaited = Arc::make_mut(&mut self.awaited);
        awaited.extend(told.iter().map(|told| (told.notice.clone(), at)));
        let first = FIRST_LOOK.after(at);
        self.deliveries_at = Some(self.deliveries_at.map_or(first, |next| next.min(first)));
    }

    pub(super) fn note_deliveries(
        &mut self,
        delivered: &[NoticeId],
        undelivered: &[Undelivered],
        again: Option<Timestamp>,
    ) {
        let awaited = Arc::make_mut(&mut self.awaited);
        for notice in delivered {
            awaited.remove(notice);
        }
        for one in undelivered {
            awaited.remove(&one.notice);
        }
        self.deliveries_at = again;
    }
}
