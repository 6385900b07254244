//! Puts `Deprecation`, `Sunset` and `Link` headers on the access paths.

use async_trait::async_trait;

use super::Providers;
use super::common::{action, applied, before, complete, log_value, not_applied, path, read_back};
use crate::observation::Observation;
use crate::permit::WritePermit;
use crate::plan::Action;
use crate::provider::{
    Ability, EffectClass, ErrorKind, Outcome, PathAbilities, PathState, ProviderError,
    Reversibility, SunsetNotice,
};
use crate::resource::AccessPathId;
use crate::retirement::Reading;
use crate::step::{Step, StepContext, StepDescription, StepPlan, WriteAuthority};

/// Announces the end to programs, on every path whose answers can carry a header. Of
/// the others the plan says that only people are told (invariant I-22 counts those).
#[derive(Debug)]
pub struct Signal {
    providers: Providers,
}

impl Signal {
    /// The step over the providers' access paths.
    #[must_use]
    pub fn new(providers: Providers) -> Self {
        Self { providers }
    }
}

/// What callers are told while the path is open.
pub(super) fn notice(cx: &StepContext<'_>) -> SunsetNotice {
    let mut notice = SunsetNotice::new(cx.retirement.proposed_at());
    notice.sunset = Some(cx.retirement.promised_end());
    notice.successor = cx.successor().and_then(|api| api.url.clone());
    notice.documentation.clone_from(&cx.api.documentation);
    notice
}

/// What a path can. It is asked when the plan is made: what it can not do would
/// otherwise be refused weeks later, when the step acts.
pub(super) async fn abilities(
    providers: &Providers,
    id: &AccessPathId,
) -> Result<PathAbilities, ProviderError> {
    let observer = &providers.path(id.provider())?.observer;
    let seen = observer.abilities(id).await?;
    complete(seen, "ask what an access path can")
}

/// The refusal to plan what a path can not do.
pub(super) fn beyond(doing: &str, id: &AccessPathId, why: &str, instead: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Unsupported,
        format!("{doing} {}", id.name()),
        format!("{why}; {instead}"),
    )
}

/// Sets a path to how it was before the action.
pub(super) async fn set_back(
    providers: &Providers,
    action: &Action,
    cx: &StepContext<'_>,
    permit: &WritePermit,
) -> Result<Outcome, ProviderError> {
    let state: PathState = read_back(action, before(action, cx)?)?;
    let id = path(action)?;
    providers
        .path(id.provider())?
        .path
        .set(id, &state, permit)
        .await
}

/// A look at a path, judged with its state for the log.
pub(super) async fn look(
    providers: &Providers,
    action: &Action,
    judge: impl Fn(&PathState) -> Option<String> + Send,
) -> Result<Observation<Reading>, ProviderError> {
    let id = path(action)?;
    let seen = providers.path(id.provider())?.observer.path(id).await?;
    Ok(match seen {
        Observation::Unknown { why } => Observation::Unknown { why },
        Observation::Known {
            value,
            as_of,
            coverage,
        } => Observation::Known {
            value: match judge(&value) {
                Some(evidence) => applied(evidence),
                None => not_applied(log_value(&value)?),
            },
            as_of,
            coverage,
        },
    })
}

#[async_trait]
impl Step for Signal {
    fn describe(&self) -> StepDescription {
        StepDescription::new(
            "put Deprecation, Sunset and Link headers on the access paths",
            Reversibility::Reversible,
            EffectClass::Absorbing,
        )
    }

    async fn plan(&self, cx: &StepContext<'_>) -> Result<StepPlan, ProviderError> {
        let mut plan = StepPlan::default();
        for id in &cx.api.resources.access_paths {
            let name = id.name();
            match abilities(&self.providers, id).await?.notice {
                Ability::Can => {
                    let summary = format!("send Deprecation and Sunset headers on {name}");
                    plan.actions.push(action(cx, id.clone(), summary)?);
                }
                Ability::CanNot { why } => {
                    plan = plan.noting(format!(
                        "{name} sends no Deprecation and Sunset headers, and its callers are \
                         told by letter alone: {why}"
                    ));
                }
            }
        }
        Ok(plan)
    }

    async fn apply(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
        authority: &WriteAuthority,
    ) -> Result<Outcome, ProviderError> {
        let state = PathState::Open {
            notice: Some(notice(cx)),
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
        let wanted = Some(notice(cx));
        look(&self.providers, action, |state| match state {
            PathState::Open { notice } | PathState::BrownOut { notice, .. } => {
                (*notice == wanted).then(|| "the headers are set".to_owned())
            }
            // A path that is closed is not opened to put headers on it.
            PathState::Closed { .. } => Some("the path is closed already".to_owned()),
        })
        .await
    }

    async fn undo(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        set_back(&self.providers, action, cx, permit).await
    }
}
