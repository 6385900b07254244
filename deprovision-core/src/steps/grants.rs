//! Removes every grant that names the API.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::Providers;
use super::common::{action, applied, before, complete, grant, not_applied};
use crate::observation::Observation;
use crate::permit::WritePermit;
use crate::plan::Action;
use crate::provider::{EffectClass, ErrorKind, GrantState, Outcome, ProviderError, Reversibility};
use crate::resource::GrantId;
use crate::retirement::Reading;
use crate::step::{Step, StepContext, StepDescription, StepPlan, WriteAuthority};

/// Removes the grants, keeping each whole so that it can be put back.
#[derive(Debug)]
pub struct RemoveGrants {
    providers: Providers,
}

impl RemoveGrants {
    /// The step over the providers' grants.
    #[must_use]
    pub fn new(providers: Providers) -> Self {
        Self { providers }
    }
}

/// Every grant that the issuers know of, and those of the catalog that still exist.
pub(super) async fn enumerate(
    providers: &Providers,
    cx: &StepContext<'_>,
) -> Result<BTreeSet<GrantId>, ProviderError> {
    let mut found = BTreeSet::new();
    for issuer in &cx.api.resources.issuers {
        if let Some(ports) = providers.grants_of(issuer.provider()) {
            let seen = ports.observer.grants(issuer, &cx.api.id).await?;
            found.extend(complete(seen, "enumerate grants")?);
        }
    }
    for id in &cx.api.resources.grants {
        let seen = providers.grant(id.provider())?.observer.grant(id).await?;
        match complete(seen, "read a grant")? {
            GrantState::Present { .. } => {
                found.insert(id.clone());
            }
            GrantState::Absent { .. } => {}
        }
    }
    Ok(found)
}

/// What whoever approves the removal reads: with the difference, when the provider tells it.
fn summary(id: &GrantId, document: &Value) -> String {
    match document.get("summary").and_then(Value::as_str) {
        Some(difference) => format!("remove {}: {difference}", id.name()),
        None => format!("remove {}", id.name()),
    }
}

#[async_trait]
impl Step for RemoveGrants {
    fn describe(&self) -> StepDescription {
        StepDescription::new(
            "remove every grant that names the API",
            Reversibility::Reversible,
            EffectClass::Reconciled,
        )
    }

    async fn plan(&self, cx: &StepContext<'_>) -> Result<StepPlan, ProviderError> {
        let mut actions = Vec::new();
        for id in enumerate(&self.providers, cx).await? {
            let ports = self.providers.grant(id.provider())?;
            let seen = ports.observer.grant(&id).await?;
            // What is gone since it was listed needs no action.
            if let GrantState::Present { document, .. } = complete(seen, "read a grant")? {
                let summary = summary(&id, &document);
                actions.push(action(cx, id, summary)?);
            }
        }
        Ok(StepPlan::new(actions))
    }

    async fn apply(
        &self,
        action: &Action,
        _: &StepContext<'_>,
        authority: &WriteAuthority,
    ) -> Result<Outcome, ProviderError> {
        let id = grant(action)?;
        let ports = self.providers.grant(id.provider())?;
        ports.auditor.remove(id, authority.permit()).await
    }

    async fn observe(
        &self,
        action: &Action,
        _: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        let id = grant(action)?;
        let seen = self
            .providers
            .grant(id.provider())?
            .observer
            .grant(id)
            .await?;
        Ok(seen.map(|state| match state {
            GrantState::Present {
                principal,
                document,
            } => not_applied(json!({ "principal": principal, "document": document })),
            GrantState::Absent { control } => applied(format!("absent; {control}")),
        }))
    }

    async fn undo(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let id = grant(action)?;
        let document = before(action, cx)?
            .get("document")
            .filter(|d| **d != Value::Null);
        let document = document.ok_or_else(|| {
            ProviderError::new(
                ErrorKind::Invalid,
                action.id.to_string(),
                "the log does not hold the grant; put it back by hand",
            )
        })?;
        self.providers
            .grant(id.provider())?
            .auditor
            .put_back(id, document, permit)
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_shows_the_difference_that_the_provider_tells() {
        let id: GrantId = "aws-iam:123456789012:global:user/ci/inline/p#00"
            .parse()
            .unwrap();
        let told = json!({ "summary": "user ci loses s3:Get*; 1 other statement remains" });
        assert_eq!(
            summary(&id, &told),
            "remove user/ci/inline/p#00: user ci loses s3:Get*; 1 other statement remains"
        );
        for untold in [json!({}), json!({ "summary": 1 }), json!("summary")] {
            assert_eq!(summary(&id, &untold), "remove user/ci/inline/p#00");
        }
    }
}
