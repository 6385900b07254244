//! Tells owners, stakeholders and every consumer that was seen.

use async_trait::async_trait;

use super::Providers;
use super::common::{action, applied, log_value, not_applied, read_back, wrong_target};
use super::recipient::Recipient;
use super::recipients::unreachable;
use crate::catalog::Contact;
use crate::digest::Digest;
use crate::id::{PersonId, StepId};
use crate::observation::Observation;
use crate::permit::WritePermit;
use crate::plan::Action;
use crate::provider::{
    Delivery, EffectClass, Notice, NoticeFacts, NoticeStage, Outcome, ProviderError, Reversibility,
};
use crate::resource::{NoticeId, ResourceRef};
use crate::retirement::Reading;
use crate::step::{Step, StepContext, StepDescription, StepPlan, Teller, WriteAuthority};
use crate::time::Timestamp;

/// Sends one announcement to each person; its undo sends a withdrawal, which a notifier
/// may drop when it could take the announcement back before it went.
///
/// Who called lately and has no contact keeps the plan from being made
/// (invariant I-22: every known consumer is told), except in an emergency.
#[derive(Debug)]
pub struct Announce {
    pub(super) providers: Providers,
}

impl Announce {
    /// The step over the providers' notifier and owner resolvers.
    #[must_use]
    pub fn new(providers: Providers) -> Self {
        Self { providers }
    }

    fn id(
        &self,
        cx: &StepContext<'_>,
        stage: NoticeStage,
        person: &PersonId,
    ) -> Result<NoticeId, ProviderError> {
        self.providers
            .notices()?
            .id(cx.id, &stage.to_string(), person)
    }

    /// Links to answer by, while an answer changes something.
    pub(super) fn add_links(
        &self,
        facts: &mut NoticeFacts,
        stage: NoticeStage,
        id: &NoticeId,
        to: &Contact,
        cx: &StepContext<'_>,
    ) {
        let Some(desk) = self.providers.answers() else {
            return;
        };
        match stage {
            NoticeStage::Announcement
            | NoticeStage::Reminder { .. }
            | NoticeStage::Postponement { .. }
            | NoticeStage::BrownOut { .. }
            | NoticeStage::LastCall => {
                // Counted from the end, and not from now: a notice that is sent again is the same.
                let from = cx.retirement.promised_end();
                facts.links = Some(desk.links(cx.id, &to.person, id, from));
            }
            NoticeStage::Approval { .. } => {
                let Some((of, from)) = asked(stage, cx) else {
                    return;
                };
                let mut links = desk.links(cx.id, &to.person, id, from);
                links.approve = Some(desk.approval(cx.id, &to.person, id, of, from));
                facts.links = Some(links);
            }
            NoticeStage::Closed
            | NoticeStage::Restored
            | NoticeStage::Retired
            | NoticeStage::Withdrawal
            | NoticeStage::Unused
            | NoticeStage::Drift
            | NoticeStage::Digest => {}
        }
    }

    async fn send(
        &self,
        id: NoticeId,
        stage: NoticeStage,
        recipient: Recipient,
        cx: &StepContext<'_>,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let mut facts = recipient.facts(cx);
        self.add_links(&mut facts, stage, &id, &recipient.to, cx);
        let notice = Notice::new(id, stage, recipient.to, facts);
        self.providers
            .notices()?
            .notifier
            .send(&notice, permit)
            .await
    }
}

/// What a stage asks to approve, and since when.
fn asked(
    stage: NoticeStage,
    cx: &StepContext<'_>,
) -> Option<((Digest, Option<StepId>), Timestamp)> {
    let state = cx.retirement;
    let (_, plan) = state.plan()?;
    let step = state.asked_for(stage)?.map(|step| step.id.clone());
    Some(((plan, step), state.asked_since(stage, cx.now)?))
}

fn notice(action: &Action) -> Result<&NoticeId, ProviderError> {
    match &action.target {
        ResourceRef::Notice(id) => Ok(id),
        other => Err(wrong_target(action, other)),
    }
}

/// Only what was delivered counts as told (invariant I-22).
fn reading(delivery: Delivery) -> Reading {
    match delivery {
        Delivery::NotSent => not_applied(serde_json::Value::Null),
        Delivery::Pending { until } => Reading::Pending {
            why: "the notice is on its way".to_owned(),
            look_again: until,
        },
        Delivery::Delivered { at } => applied(format!("delivered at {at}")),
        Delivery::Bounced { why } => not_applied(serde_json::json!({ "bounced": why })),
        Delivery::Unsure { why } => not_applied(serde_json::json!({ "unsure": why })),
    }
}

/// An announcement of which no withdrawal was sent stands, unless it never arrived.
fn standing(announcement: Delivery) -> Reading {
    match announcement {
        Delivery::NotSent | Delivery::Bounced { .. } => not_applied(serde_json::Value::Null),
        Delivery::Pending { .. } | Delivery::Delivered { .. } | Delivery::Unsure { .. } => {
            applied("the announcement stands")
        }
    }
}

#[async_trait]
impl Step for Announce {
    fn teller(&self) -> Option<&dyn Teller> {
        Some(self)
    }

    fn describe(&self) -> StepDescription {
        StepDescription::new(
            "tell owners, stakeholders and consumers",
            Reversibility::Reversible,
            EffectClass::Deduplicated,
        )
    }

    async fn plan(&self, cx: &StepContext<'_>) -> Result<StepPlan, ProviderError> {
        let mut found = self.recipients(cx).await?;
        for stranger in &found.strangers {
            found.gaps.push(unreachable(cx, stranger)?);
        }
        let mut plan = StepPlan::default();
        for (person, recipient) in found.people {
            let id = self.id(cx, NoticeStage::Announcement, &person)?;
            let summary = format!("tell {} ({})", recipient.to.email, recipient.roles());
            let detail = log_value(&recipient)?;
            plan.actions
                .push(action(cx, id, summary)?.with_detail(detail));
        }
        plan.gaps = found.gaps;
        Ok(plan)
    }

    async fn apply(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
        authority: &WriteAuthority,
    ) -> Result<Outcome, ProviderError> {
        let recipient: Recipient = read_back(action, &action.detail)?;
        let id = notice(action)?.clone();
        let stage = NoticeStage::Announcement;
        self.send(id, stage, recipient, cx, authority.permit())
            .await
    }

    async fn observe(
        &self,
        action: &Action,
        _: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        let observer = &self.providers.notices()?.observer;
        Ok(observer.delivery(notice(action)?).await?.map(reading))
    }

    async fn undo(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let recipient: Recipient = read_back(action, &action.detail)?;
        let stage = NoticeStage::Withdrawal;
        let id = self.id(cx, stage, &recipient.to.person)?;
        self.send(id, stage, recipient, cx, permit).await
    }

    async fn observe_undo(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        let recipient: Recipient = read_back(action, &action.detail)?;
        let id = self.id(cx, NoticeStage::Withdrawal, &recipient.to.person)?;
        let observer = &self.providers.notices()?.observer;
        let seen = observer.delivery(&id).await?;
        if matches!(seen.known_completely(), Some(Delivery::NotSent)) {
            // Taken back before it went: then there is nothing to withdraw.
            return Ok(observer.delivery(notice(action)?).await?.map(standing));
        }
        Ok(seen.map(|delivery| match delivery {
            Delivery::Delivered { .. } => not_applied(serde_json::Value::Null),
            Delivery::NotSent => applied("the announcement stands"),
            Delivery::Bounced { why } => applied(format!("the withdrawal bounced: {why}")),
            Delivery::Unsure { why } => applied(format!("the withdrawal may be lost: {why}")),
            Delivery::Pending { until } => Reading::Pending {
                why: "the withdrawal is on its way".to_owned(),
                look_again: until,
            },
        }))
    }
}
