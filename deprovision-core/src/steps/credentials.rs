//! Disables credentials, and deletes them much later.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde_json::json;

use super::Providers;
use super::common::{action, applied, complete, credential, not_applied};
use crate::observation::Observation;
use crate::permit::WritePermit;
use crate::pipeline::ids;
use crate::plan::Action;
use crate::provider::{
    CredentialState, EffectClass, ErrorKind, Outcome, ProviderError, Reversibility,
};
use crate::resource::{CredentialId, ResourceRef};
use crate::retirement::Reading;
use crate::step::{Step, StepContext, StepDescription, StepPlan, WriteAuthority};

/// Disables every credential of the API, so that it can be restored.
#[derive(Debug)]
pub struct DisableCredentials {
    providers: Providers,
}

/// Deletes every disabled credential. Nothing brings them back.
#[derive(Debug)]
pub struct DeleteCredentials {
    providers: Providers,
}

impl DisableCredentials {
    /// The step over the providers' credentials.
    #[must_use]
    pub fn new(providers: Providers) -> Self {
        Self { providers }
    }
}

impl DeleteCredentials {
    /// The step over the providers' credentials.
    #[must_use]
    pub fn new(providers: Providers) -> Self {
        Self { providers }
    }
}

/// What this retirement has disabled, or found disabled: it is asked for by its id from
/// then on. Some issuers find a credential by the grants that name the API, and those
/// are removed before the credential is deleted: that nothing lists it any more does
/// not say that it is gone (invariant I-9). What was not touched yet is not carried:
/// a credential that no longer qualifies is not disabled.
pub(super) fn carried<'a>(cx: &StepContext<'a>) -> BTreeSet<&'a CredentialId> {
    let actions = cx.retirement.actions().iter();
    actions
        .filter(|(_, run)| run.is_complete() || run.may_have_effect())
        .filter(|(id, _)| {
            let step = cx.retirement.step_of(id).map(|step| step.as_str());
            matches!(
                step,
                Some(ids::DISABLE_CREDENTIALS | ids::DELETE_CREDENTIALS)
            )
        })
        .filter_map(|(id, _)| match &cx.retirement.known_action(id)?.target {
            ResourceRef::Credential(credential) => Some(credential),
            _of_another_kind => None,
        })
        .collect()
}

/// Every credential that the issuers know of, and those of the catalog and those that
/// are [`carried`] that still exist: single keys, never their users.
async fn enumerate(
    providers: &Providers,
    cx: &StepContext<'_>,
) -> Result<BTreeSet<CredentialId>, ProviderError> {
    let mut found = BTreeSet::new();
    for issuer in &cx.api.resources.issuers {
        let ports = providers.credential(issuer.provider())?;
        let seen = ports.observer.credentials(issuer, &cx.api.id).await?;
        found.extend(complete(seen, "enumerate credentials")?);
    }
    let named = cx.api.resources.credentials.iter().chain(carried(cx));
    for id in named.collect::<BTreeSet<_>>() {
        if found.contains(id) {
            continue;
        }
        let seen = state(providers, id).await?;
        match complete(seen, "read a credential")? {
            CredentialState::Active { .. } | CredentialState::Disabled { .. } => {
                found.insert(id.clone());
            }
            CredentialState::Absent { .. } => {}
        }
    }
    Ok(found)
}

async fn plan(
    providers: &Providers,
    cx: &StepContext<'_>,
    what: &str,
) -> Result<StepPlan, ProviderError> {
    let found = enumerate(providers, cx).await?;
    let actions = found.into_iter().map(|id| {
        let summary = format!("{what} {}", id.name());
        action(cx, id, summary)
    });
    Ok(StepPlan::new(actions.collect::<Result<_, _>>()?))
}

pub(super) async fn state(
    providers: &Providers,
    id: &CredentialId,
) -> Result<Observation<CredentialState>, ProviderError> {
    providers
        .credential(id.provider())?
        .observer
        .credential(id)
        .await
}

#[async_trait]
impl Step for DisableCredentials {
    fn describe(&self) -> StepDescription {
        StepDescription::new(
            "disable every credential",
            Reversibility::Reversible,
            EffectClass::Absorbing,
        )
    }

    async fn plan(&self, cx: &StepContext<'_>) -> Result<StepPlan, ProviderError> {
        plan(&self.providers, cx, "disable").await
    }

    async fn apply(
        &self,
        action: &Action,
        _: &StepContext<'_>,
        authority: &WriteAuthority,
    ) -> Result<Outcome, ProviderError> {
        let id = credential(action)?;
        let ports = self.providers.credential(id.provider())?;
        ports.revoker.disable(id, authority.permit()).await
    }

    async fn observe(
        &self,
        action: &Action,
        _: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        let seen = state(&self.providers, credential(action)?).await?;
        Ok(seen.map(|state| match state {
            CredentialState::Active { last_used } => not_applied(json!({ "last_used": last_used })),
            CredentialState::Disabled { .. } => applied("disabled"),
            CredentialState::Absent { control } => applied(format!("absent; {control}")),
        }))
    }

    async fn undo(
        &self,
        action: &Action,
        _: &StepContext<'_>,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let id = credential(action)?;
        let ports = self.providers.credential(id.provider())?;
        ports.revoker.restore(id, permit).await
    }
}

#[async_trait]
impl Step for DeleteCredentials {
    fn describe(&self) -> StepDescription {
        StepDescription::new(
            "delete every credential",
            Reversibility::Irreversible,
            EffectClass::Absorbing,
        )
    }

    async fn plan(&self, cx: &StepContext<'_>) -> Result<StepPlan, ProviderError> {
        plan(&self.providers, cx, "delete").await
    }

    async fn apply(
        &self,
        action: &Action,
        _: &StepContext<'_>,
        authority: &WriteAuthority,
    ) -> Result<Outcome, ProviderError> {
        let id = credential(action)?;
        let ports = self.providers.credential(id.provider())?;
        ports.revoker.delete(id, authority.warrant()?).await
    }

    async fn observe(
        &self,
        action: &Action,
        _: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        let seen = state(&self.providers, credential(action)?).await?;
        Ok(match seen {
            Observation::Unknown { why } => Observation::Unknown { why },
            // Whoever restored it needs it: that is for people to settle (I-3).
            Observation::Known {
                value: CredentialState::Active { .. },
                ..
            } => {
                Observation::unknown("[I-3] it is active again, and only disabled ones are deleted")
            }
            Observation::Known {
                value,
                as_of,
                coverage,
            } => Observation::Known {
                value: match value {
                    CredentialState::Absent { control } => applied(format!("absent; {control}")),
                    CredentialState::Active { .. } | CredentialState::Disabled { .. } => {
                        not_applied(json!({ "state": "disabled" }))
                    }
                },
                as_of,
                coverage,
            },
        })
    }

    async fn undo(
        &self,
        action: &Action,
        _: &StepContext<'_>,
        _: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        Err(nothing_brings_it_back(action))
    }
}

/// The answer to an undo of what is irreversible, which the engine never asks for.
pub(super) fn nothing_brings_it_back(action: &Action) -> ProviderError {
    ProviderError::new(
        ErrorKind::Unsupported,
        format!("undo {}", action.id),
        "it was approved as irreversible, and is",
    )
}
