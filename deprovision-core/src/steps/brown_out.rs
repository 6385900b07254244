//! Closes the access paths for a while, to see who notices.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Providers;
use super::common::{action, log_value, path, read_back};
use super::signal::{abilities, beyond, look, notice};
use crate::observation::Observation;
use crate::permit::WritePermit;
use crate::plan::Action;
use crate::provider::{
    Ability, EffectClass, ErrorKind, Outcome, PathState, ProviderError, Reversibility, SunsetNotice,
};
use crate::retirement::Reading;
use crate::step::{Step, StepContext, StepDescription, StepPlan, WriteAuthority};
use crate::time::Period;

/// The brown-out whose number the step's id ends with; its length is the policy's.
///
/// It is complete when it was seen to have begun; what follows waits for its end.
/// One that no look saw begin is repeated. A path that can not be browned out keeps
/// the plan from being made: the policy demands its brown-outs.
#[derive(Debug)]
pub struct BrownOut {
    providers: Providers,
}

/// What a plan says of a path whose answers can carry no header. Of the others it
/// says nothing.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Silent {
    notice: bool,
}

/// What callers are told before and after, as it was planned.
fn told(action: &Action, cx: &StepContext<'_>) -> Result<Option<SunsetNotice>, ProviderError> {
    if action.detail == Value::Null {
        return Ok(Some(notice(cx)));
    }
    let planned: Silent = read_back(action, &action.detail)?;
    Ok(planned.notice.then(|| notice(cx)))
}

impl BrownOut {
    /// The step over the providers' access paths.
    #[must_use]
    pub fn new(providers: Providers) -> Self {
        Self { providers }
    }
}

fn length(cx: &StepContext<'_>) -> Result<Period, ProviderError> {
    let id = cx.step.id.as_str();
    let number = id.rsplit('-').next().and_then(|n| n.parse::<usize>().ok());
    number
        .and_then(|n| cx.policy().brown_outs.get(n.checked_sub(1)?))
        .copied()
        .ok_or_else(|| {
            let next =
                format!("{id} has no length; let the policy list as many as the pipeline has");
            ProviderError::new(ErrorKind::Invalid, "brown out", next)
        })
}

#[async_trait]
impl Step for BrownOut {
    fn describe(&self) -> StepDescription {
        StepDescription::new(
            "answer 410 for a while, then serve again",
            Reversibility::Reversible,
            EffectClass::Absorbing,
        )
    }

    async fn plan(&self, cx: &StepContext<'_>) -> Result<StepPlan, ProviderError> {
        let length = length(cx)?;
        let mut plan = StepPlan::default();
        for id in &cx.api.resources.access_paths {
            let can = abilities(&self.providers, id).await?;
            if let Some(why) = can.brown_out.lack() {
                let instead = "propose it under a policy with `brown_outs = []`";
                return Err(beyond("brown out", id, why, instead));
            }
            let summary = format!("answer 410 for {length} on {}", id.name());
            let planned = action(cx, id.clone(), summary)?;
            plan.actions.push(match can.notice {
                Ability::Can => planned,
                Ability::CanNot { .. } => {
                    planned.with_detail(log_value(&Silent { notice: false })?)
                }
            });
        }
        Ok(plan)
    }

    async fn apply(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
        authority: &WriteAuthority,
    ) -> Result<Outcome, ProviderError> {
        let state = PathState::BrownOut {
            until: length(cx)?.after(cx.now),
            notice: told(action, cx)?,
        };
        let id = path(action)?;
        let ports = self.providers.path(id.provider())?;
        ports.path.set(id, &state, authority.permit()).await
    }

    async fn observe(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        look(&self.providers, action, |state| match state {
            PathState::BrownOut { until, .. } if *until > cx.now => {
                Some(format!("answers 410 until {until}"))
            }
            PathState::Closed { .. } => Some("the path is closed already".to_owned()),
            PathState::Open { .. } | PathState::BrownOut { .. } => None,
        })
        .await
    }

    async fn undo(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let id = path(action)?;
        let ports = self.providers.path(id.provider())?;
        match ports.observer.path(id).await? {
            // It is over by itself: opening it again could undo somebody else's change.
            Observation::Known {
                value: PathState::Open { .. },
                ..
            } => Ok(Outcome::done("the brown-out is over")),
            Observation::Known { .. } | Observation::Unknown { .. } => {
                let notice = told(action, cx)?;
                let state = PathState::Open { notice };
                ports.path.set(id, &state, permit).await
            }
        }
    }
}
