//! Stops the issue of new credentials, before the old ones are disabled.

use async_trait::async_trait;

use super::Providers;
use super::common::{action, applied, complete, issuer, not_applied};
use crate::observation::Observation;
use crate::permit::WritePermit;
use crate::plan::Action;
use crate::provider::{EffectClass, IssuerState, Outcome, ProviderError, Reversibility};
use crate::retirement::Reading;
use crate::step::{Step, StepContext, StepDescription, StepPlan, WriteAuthority};

/// Freezes every issuer for the API.
#[derive(Debug)]
pub struct FreezeIssuance {
    providers: Providers,
}

impl FreezeIssuance {
    /// The step over the providers' credentials.
    #[must_use]
    pub fn new(providers: Providers) -> Self {
        Self { providers }
    }
}

#[async_trait]
impl Step for FreezeIssuance {
    fn describe(&self) -> StepDescription {
        StepDescription::new(
            "stop issuing new credentials",
            Reversibility::Reversible,
            EffectClass::Absorbing,
        )
    }

    async fn plan(&self, cx: &StepContext<'_>) -> Result<StepPlan, ProviderError> {
        let (mut actions, mut notes) = (Vec::new(), Vec::new());
        for id in &cx.api.resources.issuers {
            let ports = self.providers.credential(id.provider())?;
            let seen = ports.observer.issuer(id, &cx.api.id).await?;
            match complete(seen, "look at issuance")? {
                IssuerState::Open | IssuerState::Frozen => {
                    let name = id.name();
                    let summary = format!("refuse new credentials for {} at {name}", cx.api.id);
                    actions.push(action(cx, id.clone(), summary)?);
                }
                IssuerState::Unfreezable { why } => notes.push(format!(
                    "{} goes on issuing credentials: {why}; each look at it finds the new ones",
                    id.name()
                )),
            }
        }
        Ok(notes
            .into_iter()
            .fold(StepPlan::new(actions), StepPlan::noting))
    }

    async fn apply(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
        authority: &WriteAuthority,
    ) -> Result<Outcome, ProviderError> {
        let id = issuer(action)?;
        let ports = self.providers.credential(id.provider())?;
        ports
            .revoker
            .freeze_issuance(id, &cx.api.id, authority.permit())
            .await
    }

    async fn observe(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        let id = issuer(action)?;
        let ports = self.providers.credential(id.provider())?;
        let seen = ports.observer.issuer(id, &cx.api.id).await?;
        Ok(seen.map(|state| match state {
            IssuerState::Frozen => applied("new credentials are refused"),
            IssuerState::Open | IssuerState::Unfreezable { .. } => {
                not_applied(serde_json::Value::Null)
            }
        }))
    }

    async fn undo(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let id = issuer(action)?;
        let ports = self.providers.credential(id.provider())?;
        ports
            .revoker
            .unfreeze_issuance(id, &cx.api.id, permit)
            .await
    }
}
