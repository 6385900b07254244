//! Closes the access paths: 410 Gone, seen from outside.

use async_trait::async_trait;

use super::Providers;
use super::common::{action, path};
use super::signal::{abilities, beyond, look, set_back};
use crate::observation::Observation;
use crate::permit::WritePermit;
use crate::plan::Action;
use crate::provider::{
    EffectClass, GoneNotice, Outcome, PathProbe, PathState, ProbeAnswer, ProviderError,
    Reversibility,
};
use crate::resource::AccessPathId;
use crate::retirement::Reading;
use crate::step::{Step, StepContext, StepDescription, StepPlan, WriteAuthority};

/// Answers 410 Gone on every access path. It holds when the provider says so
/// *and* a probe of every face got it (invariant I-5). A path that can not be closed
/// keeps the plan from being made.
#[derive(Debug)]
pub struct Close {
    providers: Providers,
}

impl Close {
    /// The step over the providers' access paths and probes.
    #[must_use]
    pub fn new(providers: Providers) -> Self {
        Self { providers }
    }
}

/// What a closed path tells.
fn gone(cx: &StepContext<'_>) -> GoneNotice {
    let mut notice = GoneNotice::new(&cx.api.title);
    notice.successor = cx.successor().and_then(|api| api.url.clone());
    notice.documentation.clone_from(&cx.api.documentation);
    notice
}

/// Whether every face answers 410 to a stranger: how many were asked, or what is
/// not as agreed. 401, 403, 429, 5xx and time-outs are not (invariant I-5).
pub(super) async fn probe_all(
    probe: &dyn PathProbe,
    id: &AccessPathId,
) -> Result<Observation<Result<usize, String>>, ProviderError> {
    let seen = probe.probe(id).await?;
    Ok(seen.map(|faces| {
        if faces.is_empty() {
            return Err("[I-5] there is no face to probe".to_owned());
        }
        for face in &faces {
            match &face.answer {
                ProbeAnswer::Gone => {}
                ProbeAnswer::Other { status } => {
                    return Err(format!("[I-5] {} answered {status}, not 410", face.request));
                }
                ProbeAnswer::None { why } => {
                    return Err(format!("[I-5] {} got no answer: {why}", face.request));
                }
            }
        }
        Ok(faces.len())
    }))
}

#[async_trait]
impl Step for Close {
    fn describe(&self) -> StepDescription {
        StepDescription::new(
            "answer 410 Gone on every access path",
            Reversibility::Reversible,
            EffectClass::Absorbing,
        )
    }

    async fn plan(&self, cx: &StepContext<'_>) -> Result<StepPlan, ProviderError> {
        let mut plan = StepPlan::default();
        for id in &cx.api.resources.access_paths {
            if let Some(why) = abilities(&self.providers, id).await?.close.lack() {
                let instead = "nothing is planned for an API that can not be closed";
                return Err(beyond("close", id, why, instead));
            }
            let summary = format!("answer 410 Gone on {}", id.name());
            plan.actions.push(action(cx, id.clone(), summary)?);
        }
        Ok(plan)
    }

    async fn apply(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
        authority: &WriteAuthority,
    ) -> Result<Outcome, ProviderError> {
        let state = PathState::Closed { notice: gone(cx) };
        let id = path(action)?;
        let ports = self.providers.path(id.provider())?;
        ports.path.set(id, &state, authority.permit()).await
    }

    async fn observe(
        &self,
        action: &Action,
        _: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        let seen = look(&self.providers, action, |state| match state {
            PathState::Closed { .. } => Some("closed".to_owned()),
            PathState::Open { .. } | PathState::BrownOut { .. } => None,
        })
        .await?;
        if !matches!(seen.known_completely(), Some(Reading::Applied { .. })) {
            return Ok(seen);
        }
        let id = path(action)?;
        let ports = self.providers.path(id.provider())?;
        Ok(match probe_all(ports.probe.as_ref(), id).await? {
            Observation::Unknown { why } => Observation::Unknown { why },
            Observation::Known {
                value: Err(why), ..
            } => Observation::unknown(format!("the provider says closed, but {why}")),
            Observation::Known {
                value: Ok(faces),
                as_of,
                coverage,
            } => Observation::Known {
                value: super::common::applied(format!(
                    "closed, and {faces} probes from outside were answered 410"
                )),
                as_of,
                coverage,
            },
        })
    }

    async fn undo(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        set_back(&self.providers, action, cx, permit).await
    }

    async fn observe_undo(
        &self,
        action: &Action,
        _: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        look(&self.providers, action, |state| match state {
            PathState::Closed { .. } => Some("closed".to_owned()),
            PathState::Open { .. } | PathState::BrownOut { .. } => None,
        })
        .await
    }
}
