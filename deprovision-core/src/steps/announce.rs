//! Tells owners, stakeholders and every consumer that was seen.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::Providers;
use super::common::{action, applied, log_value, not_applied, read_back, wrong_target};
use super::recipient::Recipient;
use crate::catalog::Contact;
use crate::digest::Digest;
use crate::id::{CallerId, PersonId};
use crate::observation::Observation;
use crate::permit::WritePermit;
use crate::plan::Action;
use crate::provider::{
    CallFacts, Delivery, EffectClass, ErrorKind, Notice, NoticeFacts, NoticeStage, Outcome,
    ProviderError, Reversibility,
};
use crate::resource::{NoticeId, ResourceRef};
use crate::retirement::{ActionRun, Reading};
use crate::step::{Step, StepContext, StepDescription, StepPlan, Teller, WriteAuthority};
use crate::usage::CallerUse;

/// Sends one announcement to each person; its undo sends a withdrawal, which a notifier
/// may drop when it could take the announcement back before it went.
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
        let mut people: BTreeMap<PersonId, Recipient> = BTreeMap::new();
        if let Some(owner) = &api.owner {
            told(&mut people, owner).responsible("its owner".to_owned());
        }
        for stakeholder in &api.stakeholders {
            let role = format!("a stakeholder ({})", stakeholder.role);
            told(&mut people, &stakeholder.contact).responsible(role);
        }
        for (caller, contact) in &api.consumers {
            let role = format!("the contact of its consumer {caller}");
            told(&mut people, contact).add(role, None);
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
                    told(&mut people, contact).add(role, Some(calls(used)));
                    continue;
                }
                let contacts = self.behind(cx, caller).await?;
                if contacts.is_empty() {
                    gaps.push(unreachable(cx, caller)?);
                }
                for contact in &contacts {
                    let role = format!("behind the caller {caller}");
                    told(&mut people, contact).add(role, Some(calls(used)));
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
        self.providers
            .notices()?
            .id(cx.id, &stage.to_string(), person)
    }

    /// Links to answer by, while an answer changes something.
    fn add_links(
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

/// The one entry of a person.
fn told<'a>(people: &'a mut BTreeMap<PersonId, Recipient>, to: &Contact) -> &'a mut Recipient {
    let person = people.entry(to.person.clone());
    person.or_insert_with(|| Recipient::new(to.clone()))
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

/// Who was announced it, as planned.
fn announced(cx: &StepContext<'_>) -> Result<Vec<Recipient>, ProviderError> {
    let actions = cx
        .retirement
        .plan()
        .map(|(plan, _)| plan.actions(&cx.step.id));
    let told = actions.unwrap_or_default().iter().filter(|action| {
        // Of those whose announcement is gone for good, nobody is told more.
        cx.run(action).is_some_and(ActionRun::may_have_effect)
    });
    told.map(|action| read_back(action, &action.detail))
        .collect()
}

#[async_trait]
impl Teller for Announce {
    async fn notices(
        &self,
        stage: NoticeStage,
        cx: &StepContext<'_>,
    ) -> Result<Vec<Notice>, ProviderError> {
        let mut people = announced(cx)?;
        match stage {
            NoticeStage::LastCall => {
                let (calling, _) = self.recipients(cx).await?;
                people.retain_mut(|recipient| {
                    let now = calling.get(&recipient.to.person);
                    now.is_some_and(|now| recipient.calls_now(now))
                });
            }
            NoticeStage::Reminder { .. } => {
                let called = cx.retirement.told_of(NoticeStage::LastCall);
                people.retain(|r| !called.is_some_and(|told| told.contains(&r.to.person)));
            }
            NoticeStage::Drift => people.retain(Recipient::answers_for_it),
            _ => {}
        }
        let port = self.providers.notices()?;
        let mut notices = Vec::with_capacity(people.len());
        for recipient in people {
            let round = match stage {
                NoticeStage::Drift => digest_of(cx.retirement.drift()),
                _ => match cx.retirement.moved() {
                    0 => String::new(),
                    moved => format!("-{moved}"),
                },
            };
            let id = port.id(cx.id, &format!("{stage}{round}"), &recipient.to.person)?;
            let mut facts = recipient.facts_at(stage, cx);
            self.add_links(&mut facts, stage, &id, &recipient.to, cx);
            notices.push(Notice::new(id, stage, recipient.to, facts));
        }
        Ok(notices)
    }

    async fn send(&self, notice: &Notice, permit: &WritePermit) -> Result<Outcome, ProviderError> {
        self.providers
            .notices()?
            .notifier
            .send(notice, permit)
            .await
    }
}

/// Another drift is another notice.
fn digest_of(drift: &[String]) -> String {
    let digest = Digest::of_bytes(drift.join("\n").as_bytes()).to_hex();
    format!("-{}", digest.get(..12).unwrap_or(&digest))
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
