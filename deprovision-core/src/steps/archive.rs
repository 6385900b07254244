//! Copies the data and reads the copy back.

use async_trait::async_trait;

use super::Providers;
use super::common::{action, applied, dataset, log_value, not_applied};
use crate::ledger::certificate::ArchiveFact;
use crate::observation::Observation;
use crate::permit::{ArchiveDoubt, SourceState, VerifiedArchive, WritePermit, verify_archive};
use crate::plan::Action;
use crate::provider::{
    ArchiveState, EffectClass, Outcome, ProviderError, Reversibility, error_chain,
};
use crate::retirement::{Evidence, Reading};
use crate::step::{Step, StepContext, StepDescription, StepPlan, WriteAuthority};

/// Archives every dataset. It holds when every object was read back (invariant I-1).
#[derive(Debug)]
pub struct ArchiveData {
    providers: Providers,
}

impl ArchiveData {
    /// The step over the providers' datasets and archive.
    #[must_use]
    pub fn new(providers: Providers) -> Self {
        Self { providers }
    }
}

/// One action a dataset.
pub(super) fn plan_datasets(cx: &StepContext<'_>, what: &str) -> Result<StepPlan, ProviderError> {
    let datasets = cx.api.resources.datasets.iter();
    let actions = datasets.map(|id| action(cx, id.clone(), format!("{what} {}", id.name())));
    Ok(StepPlan::new(actions.collect::<Result<_, _>>()?))
}

/// Reads the whole archive of a dataset back.
pub(super) async fn verify(
    providers: &Providers,
    action: &Action,
    cx: &StepContext<'_>,
    state: SourceState,
) -> Result<VerifiedArchive, ArchiveDoubt> {
    let id = dataset(action)?;
    let source = providers.dataset(id.provider())?;
    let ports = providers.archive()?;
    let archive = ports.archiver.archive_of(id, cx.id)?;
    verify_archive(
        source.as_ref(),
        ports.reader.as_ref(),
        id,
        &archive,
        state,
        cx.now,
    )
    .await
}

#[async_trait]
impl Step for ArchiveData {
    fn describe(&self) -> StepDescription {
        StepDescription::new(
            "copy the data, with a manifest, and read it back",
            Reversibility::Reversible,
            EffectClass::Absorbing,
        )
    }

    async fn plan(&self, cx: &StepContext<'_>) -> Result<StepPlan, ProviderError> {
        plan_datasets(cx, "archive")
    }

    async fn apply(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
        authority: &WriteAuthority,
    ) -> Result<Outcome, ProviderError> {
        let id = dataset(action)?;
        let archiver = &self.providers.archive()?.archiver;
        let archive = archiver.archive_of(id, cx.id)?;
        archiver.archive(id, &archive, authority.permit()).await
    }

    async fn observe(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        match verify(&self.providers, action, cx, SourceState::Whole).await {
            Ok(verified) => {
                let evidence = format!(
                    "{} objects, {} bytes read back; manifest {}",
                    verified.manifest().objects.len(),
                    verified.manifest().total_bytes(),
                    verified.manifest_digest()
                );
                let fact = ArchiveFact::new(
                    verified.dataset().clone(),
                    verified.archive().clone(),
                    verified.manifest_digest(),
                );
                let evidence = Evidence::from(evidence).with_facts(log_value(&fact)?);
                Ok(Observation::complete(applied(evidence), cx.now))
            }
            Err(ArchiveDoubt::Provider(error)) => Err(error),
            // A copy of what has changed since is no copy: it is made anew.
            Err(ArchiveDoubt::NotFinished(_) | ArchiveDoubt::SourceChanged(_)) => Ok(
                Observation::complete(not_applied(serde_json::Value::Null), cx.now),
            ),
            Err(
                doubt @ (ArchiveDoubt::Unknown(_)
                | ArchiveDoubt::WrongSource { .. }
                | ArchiveDoubt::Object { .. }
                | ArchiveDoubt::Read { .. }
                | ArchiveDoubt::Manifest(_)),
            ) => Ok(Observation::unknown(error_chain(&doubt))),
        }
    }

    async fn undo(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let id = dataset(action)?;
        let archiver = &self.providers.archive()?.archiver;
        let archive = archiver.archive_of(id, cx.id)?;
        archiver.discard(&archive, permit).await
    }

    async fn observe_undo(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        let id = dataset(action)?;
        let ports = self.providers.archive()?;
        let archive = ports.archiver.archive_of(id, cx.id)?;
        let seen = ports.reader.archive(&archive).await?;
        Ok(seen.map(|state| match state {
            ArchiveState::Absent { .. } => not_applied(serde_json::Value::Null),
            ArchiveState::Unfinished | ArchiveState::Finished { .. } => {
                applied("the archive is there")
            }
        }))
    }
}
