//! Looks at everything again, from outside.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde_json::json;

use super::Providers;
use super::close::probe_all;
use super::common::{action, applied, not_applied, wrong_target};
use super::documents::forward;
use super::{credentials, grants, references};
use crate::id::StepId;
use crate::observation::Observation;
use crate::permit::WritePermit;
use crate::pipeline::ids;
use crate::plan::Action;
use crate::provider::{
    ArchiveState, ChangeState, CredentialState, EffectClass, ErrorKind, GrantState, IssuerState,
    Outcome, PathState, ProviderError, Reversibility,
};
use crate::resource::{
    AccessPathId, CredentialId, DatasetId, GrantId, IssuerId, RepositoryId, ResourceRef,
};
use crate::retirement::Reading;
use crate::step::{Step, StepContext, StepDescription, StepPlan, WriteAuthority};

/// Confirms what *retired* means: every path answers 410 (I-5), no credential is
/// left (I-4), no grant lingers (I-6), erased data is gone and its archive is
/// not, no reference is left in code.
#[derive(Debug)]
pub struct Confirm {
    providers: Providers,
}

impl Confirm {
    /// The step over all providers.
    #[must_use]
    pub fn new(providers: Providers) -> Self {
        Self { providers }
    }

    async fn path(&self, id: &AccessPathId) -> Result<Observation<Reading>, ProviderError> {
        let ports = self.providers.path(id.provider())?;
        // From outside a brown-out looks closed; the provider knows that it ends.
        let set = ports.observer.path(id).await?;
        match set.known_completely() {
            Some(PathState::Closed { .. }) => {}
            Some(PathState::Open { .. } | PathState::BrownOut { .. }) => {
                return Ok(set.map(|_| not_applied(json!("[I-5] the path is open again"))));
            }
            None => return Ok(Observation::unknown(set.doubt().unwrap_or_default())),
        }
        let seen = probe_all(ports.probe.as_ref(), id).await?;
        Ok(seen.map(|probed| match probed {
            Ok(faces) => applied(format!("{faces} probes from outside were answered 410")),
            Err(why) => not_applied(json!(why)),
        }))
    }

    /// Enumerated from the provider, with the issuer itself as the positive
    /// control of an empty list, and all that was ever disabled by its id
    /// (invariant I-4).
    async fn issuer(
        &self,
        id: &IssuerId,
        cx: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        let ports = self.providers.credential(id.provider())?;
        let control = ports.observer.issuer(id, &cx.api.id).await?;
        let issuance = match control.known_completely() {
            Some(IssuerState::Frozen) => "issuance is frozen",
            Some(IssuerState::Unfreezable { .. }) => "issuance can not be frozen",
            Some(IssuerState::Open) => {
                let why = "[I-4] new credentials can be issued again";
                return Ok(Observation::complete(not_applied(json!(why)), cx.now));
            }
            None => return Ok(Observation::unknown(control.doubt().unwrap_or_default())),
        };
        let listed = ports.observer.credentials(id, &cx.api.id).await?;
        let Some(listed) = listed.known_completely() else {
            return Ok(Observation::unknown(listed.doubt().unwrap_or_default()));
        };
        let carried = credentials::carried(cx).into_iter();
        let carried = carried.filter(|credential| credential.provider() == id.provider());
        let mut asked = 0;
        for credential in listed.iter().chain(carried).collect::<BTreeSet<_>>() {
            let seen = self.credential(credential, cx).await?;
            match seen.known_completely() {
                Some(Reading::Applied { .. }) => asked += 1,
                Some(Reading::NotApplied { .. } | Reading::Pending { .. }) | None => {
                    return Ok(seen);
                }
            }
        }
        let found = grants::of_issuer(&self.providers, id, cx).await?;
        let Some(found) = found.known_completely() else {
            return Ok(Observation::unknown(found.doubt().unwrap_or_default()));
        };
        if let Some(grant) = found.lingering.first() {
            let why = lingers(grant, cx);
            return Ok(Observation::complete(not_applied(json!(why)), cx.now));
        }
        if let Some(doubt) = found.doubt() {
            return Ok(Observation::unknown(doubt));
        }
        let staying = found.staying.iter();
        let staying: Vec<String> = staying.map(|(id, why)| format!("{id} {why}")).collect();
        let grants = match staying.len() {
            0 => "no grant is listed".to_owned(),
            1 => format!("1 grant stays, {}", staying.join("")),
            many => format!("{many} grants stay: {}", staying.join("; ")),
        };
        let evidence = format!(
            "{issuance}, no credential is listed and {asked} were asked for by their ids; {grants}"
        );
        Ok(Observation::complete(applied(evidence), cx.now))
    }

    /// One credential, by its id: that nothing lists it does not say that it is gone.
    async fn credential(
        &self,
        id: &CredentialId,
        cx: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        let seen = credentials::state(&self.providers, id).await?;
        Ok(seen.map(|state| match state {
            CredentialState::Absent { control } => applied(format!("absent; {control}")),
            CredentialState::Disabled { .. } if !deletes(cx) => applied("disabled"),
            CredentialState::Active { .. } | CredentialState::Disabled { .. } => {
                not_applied(json!(format!("[I-4] {id} is still there")))
            }
        }))
    }

    /// One grant of the catalog: it may be of a provider whose issuer is not in there.
    async fn grant(
        &self,
        id: &GrantId,
        cx: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        let ports = self.providers.grant(id.provider())?;
        let waived = cx.waived();
        let seen = ports.observer.grant(id).await?;
        Ok(seen.map(|state| match (state, waived.waived(id)) {
            (GrantState::Absent { control }, _) => applied(format!("absent; {control}")),
            (GrantState::Present { .. }, Some(waived)) => {
                applied(format!("it stays, {}", grants::words(waived)))
            }
            (GrantState::Present { .. }, None) => not_applied(json!(lingers(id, cx))),
        }))
    }

    async fn dataset(
        &self,
        id: &DatasetId,
        cx: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        let ports = self.providers.archive()?;
        let archive = ports.archiver.archive_of(id, cx.id)?;
        let kept = ports.reader.archive(&archive).await?;
        let objects = match kept.known_completely() {
            Some(ArchiveState::Finished { manifest, .. }) => manifest.objects.len(),
            Some(ArchiveState::Absent { .. } | ArchiveState::Unfinished) => {
                let why = "[I-1] its archive is gone";
                return Ok(Observation::complete(not_applied(json!(why)), cx.now));
            }
            None => return Ok(Observation::unknown(kept.doubt().unwrap_or_default())),
        };
        if erases(cx) {
            let left = self.providers.dataset(id.provider())?.objects(id).await?;
            match left.known_completely().map(|left| left.len()) {
                Some(0) => {}
                Some(left) => {
                    let why = format!("{left} objects are there again");
                    return Ok(Observation::complete(not_applied(json!(why)), cx.now));
                }
                None => return Ok(Observation::unknown(left.doubt().unwrap_or_default())),
            }
        }
        let evidence = format!("the archive holds {objects} objects");
        Ok(Observation::complete(applied(evidence), cx.now))
    }

    async fn repository(
        &self,
        id: &RepositoryId,
        cx: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        let ports = self.providers.repository(id.provider())?;
        let seen = ports.observer.change(id, &references::removal(cx)).await?;
        Ok(seen.map(|change| match change {
            // Whatever is proposed, a reference is in the default version.
            ChangeState::Absent
            | ChangeState::Proposed { .. }
            | ChangeState::Conflicting { .. }
            | ChangeState::Unfinished { .. }
            | ChangeState::Declined { .. } => not_applied(json!("references are there again")),
            ChangeState::Merged { .. } | ChangeState::Reverting { .. } => forward(change),
        }))
    }
}

/// That a grant is there, and what became of its waiver, if it had one.
fn lingers(grant: &GrantId, cx: &StepContext<'_>) -> String {
    let given = cx.retirement.waivers().iter().rev();
    let mut given = given.filter(|waiver| waiver.grant == *grant && waiver.expires <= cx.now);
    match given.next() {
        None => format!("[I-6] {grant} is still there"),
        Some(waiver) => format!(
            "[I-6] {grant} is still there, and the waiver of {} ran out at {}",
            waiver.by, waiver.expires
        ),
    }
}

fn has_step(cx: &StepContext<'_>, id: &str) -> bool {
    StepId::parse(id).is_ok_and(|id| cx.retirement.pipeline().step(&id).is_some())
}

fn deletes(cx: &StepContext<'_>) -> bool {
    has_step(cx, ids::DELETE_CREDENTIALS)
}

fn erases(cx: &StepContext<'_>) -> bool {
    has_step(cx, ids::ERASE)
}

#[async_trait]
impl Step for Confirm {
    fn describe(&self) -> StepDescription {
        StepDescription::new(
            "look at every target again, from outside",
            Reversibility::Reversible,
            EffectClass::Reading,
        )
    }

    async fn plan(&self, cx: &StepContext<'_>) -> Result<StepPlan, ProviderError> {
        let resources = &cx.api.resources;
        let mut targets: Vec<ResourceRef> = Vec::new();
        targets.extend(resources.access_paths.iter().cloned().map(Into::into));
        targets.extend(resources.issuers.iter().cloned().map(Into::into));
        targets.extend(resources.credentials.iter().cloned().map(Into::into));
        targets.extend(resources.grants.iter().cloned().map(Into::into));
        targets.extend(resources.datasets.iter().cloned().map(Into::into));
        targets.extend(resources.repositories.iter().cloned().map(Into::into));
        let actions = targets.into_iter().map(|target| {
            let summary = format!(
                "look at {} {} again",
                target.kind(),
                target.locator().name()
            );
            action(cx, target, summary)
        });
        Ok(StepPlan::new(actions.collect::<Result<_, _>>()?))
    }

    async fn apply(
        &self,
        action: &Action,
        _: &StepContext<'_>,
        _: &WriteAuthority,
    ) -> Result<Outcome, ProviderError> {
        Err(ProviderError::new(
            ErrorKind::Unsupported,
            action.id.to_string(),
            "this step only reads; declare its effect as reading in the pipeline",
        ))
    }

    async fn observe(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        match &action.target {
            ResourceRef::AccessPath(id) => self.path(id).await,
            ResourceRef::Issuer(id) => self.issuer(id, cx).await,
            ResourceRef::Credential(id) => self.credential(id, cx).await,
            ResourceRef::Grant(id) => self.grant(id, cx).await,
            ResourceRef::Dataset(id) => self.dataset(id, cx).await,
            ResourceRef::Repository(id) => self.repository(id, cx).await,
            other @ (ResourceRef::Archive(_)
            | ResourceRef::Document(_)
            | ResourceRef::Notice(_)) => Err(wrong_target(action, other)),
        }
    }

    async fn undo(
        &self,
        _: &Action,
        _: &StepContext<'_>,
        _: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        Ok(Outcome::done("looking leaves nothing behind"))
    }
}
