//! Tells owners, stakeholders and every consumer that was seen.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::Providers;
use super::common::{action, applied, log_value, not_applied, read_back, wrong_target};
use super::recipient::Recipient;
use crate::catalog::Contact;
use crate::id::{CallerId, PersonId};
use crate::observation::Observation;
use crate::permit::WritePermit;
use crate::plan::Action;
use crate::provider::{
    CallFacts, Delivery, EffectClass, ErrorKind, Notice, NoticeStage, Outcome, ProviderError,
    Reversibility,
};
use crate::resource::{NoticeId, ResourceRef};
use crate::retirement::Reading;
use crate::step::{Step, StepContext, StepDescription, StepPlan, WriteAuthority};
use crate::usage::CallerUse;

/// Sends one announcement to each person; its undo sends a withdrawal.
///
/// Who called lately and has no contact keeps the plan from being made
/// (invariant I-22: every known consumer is told), except in an emergency.
#[derive(Debug)]
pub struct Announce {
    providers: Providers,
}

impl Announce {
    /// The step over the providers' notifier and owner resolvers.
    #[must_use]
    pub fn new(providers: Providers) -> Self {
        Self { providers }
    }

    async fn recipients(
        &self,
        cx: &StepContext<'_>,
    ) -> Result<(BTreeMap<PersonId, Recipient>, Vec<String>), ProviderError> {
        let api = cx.api;
        let mut people = BTreeMap::new();
        let mut add = |to: &Contact, role: String, calls: Option<CallFacts>| {
            let recipient = people
                .entry(to.person.clone())
                .or_insert_with(|| Recipient::new(to.clone()));
            recipient.add(role, calls);
        };
        if let Some(owner) = &api.owner {
            add(owner, "its owner".to_owned(), None);
        }
        for stakeholder in &api.stakeholders {
            add(
                &stakeholder.contact,
                format!("a stakeholder ({})", stakeholder.role),
                None,
            );
        }
        for (caller, contact) in &api.consumers {
            let role = format!("the contact of its consumer {caller}");
            add(contact, role, None);
        }
        let mut gaps = Vec::new();
        for source in cx.usage {
            if let Some(doubt) = source.doubt() {
                gaps.push(format!(
                    "who called lately is not known completely: {doubt}"
                ));
            }
            let Observation::Known { value, .. } = source else {
                continue;
            };
            for used in &value.callers {
                let caller = &used.caller;
                if let Some(contact) = api.consumers.get(caller) {
                    let role = format!("the contact of its consumer {caller}");
                    add(contact, role, Some(calls(used)));
                    continue;
                }
                let contacts = self.behind(cx, caller).await?;
                if contacts.is_empty() {
                    gaps.push(unreachable(cx, caller)?);
                }
                for contact in &contacts {
                    add(
                        contact,
                        format!("behind the caller {caller}"),
                        Some(calls(used)),
                    );
                }
            }
        }
        Ok((people, gaps))
    }

    async fn behind(
        &self,
        cx: &StepContext<'_>,
        caller: &CallerId,
    ) -> Result<Vec<Contact>, ProviderError> {
        let mut contacts = Vec::new();
        for resolver in self.providers.owners() {
            match resolver.consumer(&cx.api.id, caller).await? {
                Observation::Known { value, .. } => contacts.extend(value),
                Observation::Unknown { why } => {
                    return Err(ProviderError::new(
                        ErrorKind::Transient,
                        format!("find out who is behind {caller}"),
                        why,
                    ));
                }
            }
        }
        Ok(contacts)
    }

    fn id(
        &self,
        cx: &StepContext<'_>,
        stage: NoticeStage,
        person: &PersonId,
    ) -> Result<NoticeId, ProviderError> {
        self.providers.notices()?.id(cx.id, stage, person)
    }

    async fn send(
        &self,
        id: NoticeId,
        stage: NoticeStage,
        recipient: Recipient,
        cx: &StepContext<'_>,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let facts = recipient.facts(cx);
        let notice = Notice::new(id, stage, recipient.to, facts);
        self.providers
            .notices()?
            .notifier
            .send(&notice, permit)
            .await
    }
}

fn calls(used: &CallerUse) -> CallFacts {
    CallFacts::new(used.caller.clone(), used.requests, used.last_seen)
}

/// A caller whom nobody can tell: an error, but in an emergency a note.
fn unreachable(cx: &StepContext<'_>, caller: &CallerId) -> Result<String, ProviderError> {
    let why = format!("{caller} called lately and has no contact");
    if cx.policy().emergency {
        return Ok(why);
    }
    let next = format!(
        "[I-22] {why}; name one in `consumers` of {} in the catalog, or plug in an owner resolver",
        cx.api.id
    );
    Err(ProviderError::new(
        ErrorKind::Invalid,
        "find whom to tell",
        next,
    ))
}

fn notice(action: &Action) -> Result<&NoticeId, ProviderError> {
    match &action.target {
        ResourceRef::Notice(id) => Ok(id),
        other => Err(wrong_target(action, other)),
    }
}

/// Only what was delivered counts as told (invariant I-22).
fn told(delivery: Delivery) -> Reading {
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

#[async_trait]
impl Step for Announce {
    fn describe(&self) -> StepDescription {
        StepDescription::new(
            "tell owners, stakeholders and consumers",
            Reversibility::Reversible,
            EffectClass::Deduplicated,
        )
    }

    async fn plan(&self, cx: &StepContext<'_>) -> Result<StepPlan, ProviderError> {
        let (people, gaps) = self.recipients(cx).await?;
        let mut plan = StepPlan::default();
        for (person, recipient) in people {
            let id = self.id(cx, NoticeStage::Announcement, &person)?;
            let summary = format!("tell {} ({})", recipient.to.email, recipient.roles());
            let detail = log_value(&recipient)?;
            plan.actions
                .push(action(cx, id, summary)?.with_detail(detail));
        }
        plan.gaps = gaps;
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
        Ok(observer.delivery(notice(action)?).await?.map(told))
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
        let seen = self.providers.notices()?.observer.delivery(&id).await?;
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
