//! Who counts as told: the announcing step and the machine together.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt;

use super::world::*;
use crate::id::{ProviderId, RetirementId};
use crate::observation::Observation;
use crate::permit::WritePermit;
use crate::pipeline::ids;
use crate::plan::Action;
use crate::provider::{Delivery, DeliveryObserver, Notice, Notifier, Outcome, ProviderError};
use crate::resource::NoticeId;
use crate::retirement::*;
use crate::step::{Step, StepContext};
use crate::steps::{Announce, Providers};

/// A post office that says one thing of every notice.
struct Says(Observation<Delivery>);

#[async_trait]
impl DeliveryObserver for Says {
    async fn delivery(&self, _: &NoticeId) -> Result<Observation<Delivery>, ProviderError> {
        Ok(self.0.clone())
    }
}

#[async_trait]
impl Notifier for Says {
    async fn send(&self, _: &Notice, _: &WritePermit) -> Result<Outcome, ProviderError> {
        Ok(Outcome::done("accepted"))
    }
}

/// Where the first announcement is after the provider accepted it and three
/// looks showed `delivery`; and whether closing may be asked for long after that.
fn announced(delivery: Observation<Delivery>) -> (ActionPhase, bool) {
    let mut case = ready();
    case.until_act(ids::ANNOUNCE);
    case.drive(&mut || 255);
    let action = id(ids::ANNOUNCE, 0);
    let providers = Providers::new().with_notices(
        ProviderId::parse("post").unwrap(),
        "shop",
        "local",
        Arc::new(Says(delivery)),
    );
    let step = Announce::new(providers);
    let notice: NoticeId = "post:shop:local:announcement-ann".parse().unwrap();
    let asked = Action::new(action.clone(), notice.into(), "tell ann");
    for _ in 0..3 {
        let reading = {
            let stream = RetirementId::parse("r").unwrap();
            let spec = &case.retirement.pipeline().steps()[0];
            let cx = StepContext::new(&stream, &case.retirement, spec, case.now);
            step.observe(&asked, &cx).now_or_never().unwrap().unwrap()
        };
        let command = Command::Observe {
            action: action.clone(),
            reading,
        };
        // Once it is verified or sent again, there is nothing to look at.
        let _ = case.give(command);
    }
    let phase = case.retirement.actions()[&action].phase;
    (phase, case.retirement.completed().contains_key(&step_id()))
}

fn step_id() -> crate::id::StepId {
    crate::id::StepId::parse(ids::ANNOUNCE).unwrap()
}

#[test]
fn i_22_only_what_was_delivered_counts_as_told() {
    let known = |delivery| Observation::complete(delivery, start());
    let delivered = known(Delivery::Delivered { at: start() });
    assert_eq!(announced(delivered.clone()).0, ActionPhase::Verified);
    let bounced = known(Delivery::Bounced {
        why: "550 no such user".into(),
    });
    for untold in [
        Observation::unknown("the outbox can not be read"),
        Observation::partial(Delivery::Delivered { at: start() }, start(), "page 2"),
        known(Delivery::NotSent),
        known(Delivery::Pending { until: None }),
        known(Delivery::Unsure {
            why: "its answer was lost".into(),
        }),
        bounced,
    ] {
        let (phase, complete) = announced(untold.clone());
        assert_ne!(phase, ActionPhase::Verified, "{untold:?}");
        assert!(!complete, "{untold:?}");
    }
}

#[test]
fn i_22_notice_is_counted_from_the_last_delivery() {
    let mut case = ready();
    // One of the two is told at once, the other a month later.
    case.until_act(ids::ANNOUNCE);
    case.drive(&mut || 255);
    while case.retirement.actions()[&id(ids::ANNOUNCE, 0)].phase != ActionPhase::Verified {
        case.drive(&mut || 255);
    }
    case.drive(&mut || 255);
    case.now = crate::time::Period::days(31).after(case.now);
    case.until_act(ids::CLOSE);
    let told = case.retirement.completed()[&step_id()];
    assert!(case.now >= case.retirement.policy().notice.after(told));
    assert!(told >= crate::time::Period::days(31).after(start()));
}
