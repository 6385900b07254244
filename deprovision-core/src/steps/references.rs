//! Removes every reference in code, as a change to review.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::Providers;
use super::common::{action, repository};
use super::documents::{backward, forward};
use crate::observation::Observation;
use crate::permit::WritePermit;
use crate::plan::Action;
use crate::provider::{EffectClass, Outcome, ProviderError, Removal, Reversibility};
use crate::retirement::Reading;
use crate::step::{Step, StepContext, StepDescription, StepPlan, WriteAuthority};

/// Proposes the removal in every repository, and waits for its merge.
#[derive(Debug)]
pub struct RemoveReferences {
    providers: Providers,
}

impl RemoveReferences {
    /// The step over the providers' repositories.
    #[must_use]
    pub fn new(providers: Providers) -> Self {
        Self { providers }
    }
}

pub(super) fn removal(cx: &StepContext<'_>) -> Removal {
    Removal::new(cx.api.clone(), cx.successor().cloned())
}

#[async_trait]
impl Step for RemoveReferences {
    fn describe(&self) -> StepDescription {
        StepDescription::new(
            "remove every reference in code, as a change to review",
            Reversibility::Reversible,
            EffectClass::Conditional,
        )
    }

    async fn plan(&self, cx: &StepContext<'_>) -> Result<StepPlan, ProviderError> {
        let mut plan = StepPlan::default();
        let mut proposals = BTreeMap::<_, u64>::new();
        for id in &cx.api.resources.repositories {
            let ports = self.providers.repository(id.provider())?;
            // Counted for whoever approves; the count is no part of the plan,
            // since people go on working in the repository.
            plan = match ports.search.references(id, cx.api).await? {
                Observation::Known { value, .. } => plan.noting(format!(
                    "{} has {} references to {}",
                    id.name(),
                    value.len(),
                    cx.api.id
                )),
                Observation::Unknown { why } => plan.lacking(format!(
                    "the references in {} could not be counted: {why}",
                    id.name()
                )),
            };
            let summary = format!("propose the removal of all references in {}", id.name());
            plan.actions.push(action(cx, id.clone(), summary)?);
            *proposals.entry(id.provider()).or_default() += 1;
        }
        for (provider, count) in proposals {
            let ports = self.providers.repository(provider)?;
            if let Some(pace) = ports.proposer.pace(count) {
                plan = plan.noting(format!("proposing it at {provider} takes {pace}"));
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
        let id = repository(action)?;
        let ports = self.providers.repository(id.provider())?;
        ports
            .proposer
            .propose(id, &removal(cx), authority.permit())
            .await
    }

    async fn observe(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        let id = repository(action)?;
        let ports = self.providers.repository(id.provider())?;
        let seen = ports.observer.change(id, &removal(cx)).await?;
        Ok(seen.map(forward))
    }

    async fn undo(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let id = repository(action)?;
        let ports = self.providers.repository(id.provider())?;
        ports.proposer.withdraw(id, &removal(cx), permit).await
    }

    async fn observe_undo(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        let id = repository(action)?;
        let ports = self.providers.repository(id.provider())?;
        let seen = ports.observer.change(id, &removal(cx)).await?;
        Ok(seen.map(backward))
    }
}
