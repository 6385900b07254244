//! What those who were announced an end are told later.

use async_trait::async_trait;

use super::Announce;
use super::common::read_back;
use super::recipient::Recipient;
use crate::digest::Digest;
use crate::observation::Observation;
use crate::permit::WritePermit;
use crate::provider::{Delivery, Notice, NoticeStage, Outcome, ProviderError, RoleFacts};
use crate::resource::NoticeId;
use crate::retirement::{ActionRun, Retirement};
use crate::step::{StepContext, Teller};

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
        let mut people = match stage {
            NoticeStage::Approval { .. } => approvers(stage, cx),
            _ => announced(cx)?,
        };
        match stage {
            NoticeStage::LastCall => {
                let calling = self.calling(cx).await;
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
            let round = round(stage, cx.retirement);
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

    async fn delivery(&self, id: &NoticeId) -> Result<Observation<Delivery>, ProviderError> {
        self.providers.notices()?.observer.delivery(id).await
    }
}

/// Who is asked to approve, in the roles that the catalog has them in.
fn approvers(stage: NoticeStage, cx: &StepContext<'_>) -> Vec<Recipient> {
    let Some(step) = cx.retirement.asked_for(stage) else {
        return Vec::new();
    };
    let people = cx.retirement.approvers(step.map(|step| &step.id), cx.now);
    people
        .into_iter()
        .map(|(contact, roles)| {
            let mut recipient = Recipient::new(contact.clone());
            if cx
                .api
                .owner
                .as_ref()
                .is_some_and(|o| o.person == contact.person)
            {
                recipient.responsible(RoleFacts::owner());
            }
            for role in roles {
                recipient.responsible(RoleFacts::stakeholder(role));
            }
            recipient
        })
        .collect()
}

/// What tells a notice from that of another round of its stage.
fn round(stage: NoticeStage, state: &Retirement) -> String {
    let (one, two) = state.round(stage);
    let digest = |texts: &[String]| {
        let digest = Digest::of_bytes(texts.join("\n").as_bytes()).to_hex();
        format!("-{}", digest.get(..12).unwrap_or(&digest))
    };
    match stage {
        NoticeStage::Drift => digest(&[state.drift().join("\n"), one.to_string()]),
        NoticeStage::Approval { .. } => {
            let plan = state.plan().map(|(_, digest)| digest.to_string());
            let plan = plan.unwrap_or_default();
            digest(&[plan, one.to_string(), two.to_string()])
        }
        _ => match state.moved() {
            0 => String::new(),
            moved => format!("-{moved}"),
        },
    }
}
