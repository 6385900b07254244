//! Removes every grant that names the API.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use serde_json::{Value, json};

use super::Providers;
use super::common::{action, applied, before, complete, grant, not_applied};
use crate::observation::Observation;
use crate::permit::{Waived, WaivedGrants, WritePermit};
use crate::plan::Action;
use crate::provider::{
    EffectClass, ErrorKind, GrantState, GrantsFound, Outcome, ProviderError, Reversibility,
};
use crate::resource::{GrantId, IssuerId};
use crate::retirement::Reading;
use crate::step::{Step, StepContext, StepDescription, StepPlan, WriteAuthority};

/// Removes the grants, keeping each whole so that it can be put back; what is waived
/// stays, and the plan says so (invariant I-6). A grant that nobody can decide and that
/// is not waived keeps the plan from being made.
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

/// What there is, with what may stay taken aside.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    /// They name the API and have to go.
    pub(super) lingering: BTreeSet<GrantId>,
    /// Nobody can say, and why.
    pub(super) undecided: BTreeMap<GrantId, String>,
    /// They stay, under waivers, with what those say.
    pub(super) staying: BTreeMap<GrantId, String>,
}

impl Sorted {
    fn add(&mut self, found: GrantsFound, waived: &WaivedGrants) {
        let mut stays = |id: &GrantId| {
            let waived = waived.waived(id);
            if let Some(waived) = waived {
                self.staying.insert(id.clone(), words(waived));
            }
            waived.is_some()
        };
        let GrantsFound { naming, undecided } = found;
        let naming = naming.into_iter().filter(|id| !stays(id));
        self.lingering.extend(naming.collect::<Vec<_>>());
        let undecided = undecided.into_iter().filter(|(id, _)| !stays(id));
        self.undecided.extend(undecided.collect::<Vec<_>>());
    }

    /// What nobody can say, in one sentence; `None` when there is nothing.
    pub(super) fn doubt(&self) -> Option<String> {
        const SHOWN: usize = 5;
        let shown = self.undecided.iter().take(SHOWN);
        let shown: Vec<String> = shown.map(|(id, why)| format!("{id} ({why})")).collect();
        let more = match self.undecided.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        (!shown.is_empty()).then(|| {
            format!(
                "[I-6] these may let somebody in without naming the API; look at each, and \
                 narrow it or waive it: {}{more}",
                shown.join("; ")
            )
        })
    }
}

/// Who lets a grant stay, until when and why.
pub(super) fn words(waived: &Waived) -> String {
    let given = waived.waivers.iter();
    let given: Vec<String> = given
        .map(|it| format!("{} ({})", it.by, it.reason))
        .collect();
    format!(
        "until {} by the word of {}",
        waived.until,
        given.join(" and ")
    )
}

/// Every grant that one issuer knows of.
pub(super) async fn of_issuer(
    providers: &Providers,
    issuer: &IssuerId,
    cx: &StepContext<'_>,
) -> Result<Observation<Sorted>, ProviderError> {
    let Some(ports) = providers.grants_of(issuer.provider()) else {
        return Ok(Observation::complete(Sorted::default(), cx.now));
    };
    let seen = ports.observer.grants(issuer, &cx.api.id).await?;
    Ok(seen.map(|found| {
        let mut sorted = Sorted::default();
        sorted.add(found, &cx.waived());
        sorted
    }))
}

/// Every grant that the issuers know of, and those of the catalog that still exist.
async fn enumerate(providers: &Providers, cx: &StepContext<'_>) -> Result<Sorted, ProviderError> {
    let mut all = Sorted::default();
    for issuer in &cx.api.resources.issuers {
        let seen = of_issuer(providers, issuer, cx).await?;
        let seen = complete(seen, "enumerate grants")?;
        all.lingering.extend(seen.lingering);
        all.undecided.extend(seen.undecided);
        all.staying.extend(seen.staying);
    }
    for id in &cx.api.resources.grants {
        let seen = providers.grant(id.provider())?.observer.grant(id).await?;
        match complete(seen, "read a grant")? {
            GrantState::Present { .. } => {
                let named = GrantsFound::naming([id.clone()]);
                all.add(named, &cx.waived());
            }
            GrantState::Absent { .. } => {}
        }
    }
    Ok(all)
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
        let found = enumerate(&self.providers, cx).await?;
        if let Some(why) = found.doubt() {
            let doing = "audit permissions";
            return Err(ProviderError::new(ErrorKind::Unsupported, doing, why));
        }
        let mut plan = StepPlan::default();
        for (id, why) in found.staying {
            plan = plan.noting(format!("{id} stays {why}"));
        }
        for id in found.lingering {
            let ports = self.providers.grant(id.provider())?;
            let seen = ports.observer.grant(&id).await?;
            // What is gone since it was listed needs no action.
            if let GrantState::Present { document, .. } = complete(seen, "read a grant")? {
                let summary = summary(&id, &document);
                plan.actions.push(action(cx, id, summary)?);
            }
        }
        Ok(plan)
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
