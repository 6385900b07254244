//! Steps with a point before and after every call.

use std::sync::Arc;

use async_trait::async_trait;
use deprovision_core::observation::Observation;
use deprovision_core::plan::Action;
use deprovision_core::provider::{
    Delivery, Notice, NoticeStage, Outcome, ProviderError, WritePermit,
};
use deprovision_core::resource::NoticeId;
use deprovision_core::retirement::Reading;
use deprovision_core::step::{
    Step, StepContext, StepDescription, StepPlan, Teller, WriteAuthority,
};
use deprovision_core::steps::StepSet;

use crate::crash::{Points, Side};

/// Wraps every step of a set.
pub fn dying_steps(steps: StepSet, points: &Arc<Points>) -> StepSet {
    let wrap = |step| {
        Arc::new(DyingStep {
            inner: step,
            points: points.clone(),
        }) as Arc<dyn Step>
    };
    steps
        .into_iter()
        .map(|(id, step)| (id, wrap(step)))
        .collect()
}

struct DyingStep {
    inner: Arc<dyn Step>,
    points: Arc<Points>,
}

impl DyingStep {
    async fn between<T>(&self, name: String, call: impl Future<Output = T>) -> T {
        self.points.at(&name, Side::Before);
        let result = call.await;
        self.points.at(&name, Side::After);
        result
    }
}

/// What a notice is called in every run: its id without what tells its round, which is of
/// one plan.
fn name(id: &NoticeId) -> String {
    let is_digest = |text: &str| text.len() == 12 && text.chars().all(|c| c.is_ascii_hexdigit());
    let parts = id
        .name()
        .split('/')
        .map(|part| match part.rsplit_once('-') {
            Some((stage, round)) if is_digest(round) => stage,
            _ => part,
        });
    parts.collect::<Vec<_>>().join("/")
}

#[async_trait]
impl Teller for DyingStep {
    async fn notices(
        &self,
        stage: NoticeStage,
        cx: &StepContext<'_>,
    ) -> Result<Vec<Notice>, ProviderError> {
        match self.inner.teller() {
            Some(teller) => {
                let call = teller.notices(stage, cx);
                self.between(format!("notices {stage}"), call).await
            }
            None => Ok(Vec::new()),
        }
    }

    async fn send(&self, notice: &Notice, permit: &WritePermit) -> Result<Outcome, ProviderError> {
        match self.inner.teller() {
            Some(teller) => {
                let call = teller.send(notice, permit);
                self.between(format!("send {}", name(&notice.id)), call)
                    .await
            }
            None => Ok(Outcome::not_done("this step tells nobody")),
        }
    }

    async fn delivery(&self, id: &NoticeId) -> Result<Observation<Delivery>, ProviderError> {
        let Some(teller) = self.inner.teller() else {
            let error = "this step tells nobody";
            return Ok(Observation::unknown(error));
        };
        self.between(format!("delivery {}", name(id)), teller.delivery(id))
            .await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Step for DyingStep {
    fn describe(&self) -> StepDescription {
        self.inner.describe()
    }

    fn teller(&self) -> Option<&dyn Teller> {
        self.inner.teller().map(|_| self as &dyn Teller)
    }

    async fn plan(&self, cx: &StepContext<'_>) -> Result<StepPlan, ProviderError> {
        self.between(format!("plan {}", cx.step.id), self.inner.plan(cx))
            .await
    }

    async fn apply(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
        authority: &WriteAuthority,
    ) -> Result<Outcome, ProviderError> {
        let call = self.inner.apply(action, cx, authority);
        self.between(format!("apply {}", action.id), call).await
    }

    async fn observe(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        let call = self.inner.observe(action, cx);
        self.between(format!("observe {}", action.id), call).await
    }

    async fn undo(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let call = self.inner.undo(action, cx, permit);
        self.between(format!("undo {}", action.id), call).await
    }

    async fn observe_undo(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        let call = self.inner.observe_undo(action, cx);
        self.between(format!("observe undo of {}", action.id), call)
            .await
    }
}
