//! Erases the data, once its archive was verified and restored again.

use async_trait::async_trait;

use super::Providers;
use super::archive::plan_datasets;
use super::common::{applied, dataset, not_applied};
use super::credentials::nothing_brings_it_back;
use super::drill::{as_error, drill};
use crate::observation::Observation;
use crate::permit::{EraseWarrant, SourceState, WritePermit};
use crate::plan::Action;
use crate::provider::{
    ArchiveState, EffectClass, ErrorKind, Outcome, ProviderError, Reversibility,
};
use crate::retirement::Reading;
use crate::step::{Step, StepContext, StepDescription, StepPlan, WriteAuthority};

/// Erases every dataset. Its proofs are made in the same call, never taken from
/// the log: the archive is read back and drilled again right before (I-1, I-2).
#[derive(Debug)]
pub struct EraseData {
    providers: Providers,
}

impl EraseData {
    /// The step over the providers' datasets, erasers and archive.
    #[must_use]
    pub fn new(providers: Providers) -> Self {
        Self { providers }
    }
}

#[async_trait]
impl Step for EraseData {
    fn describe(&self) -> StepDescription {
        StepDescription::new(
            "erase the data",
            Reversibility::Irreversible,
            EffectClass::Absorbing,
        )
    }

    async fn plan(&self, cx: &StepContext<'_>) -> Result<StepPlan, ProviderError> {
        plan_datasets(cx, "erase")
    }

    async fn apply(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
        authority: &WriteAuthority,
    ) -> Result<Outcome, ProviderError> {
        let warrant = authority.warrant()?;
        let id = dataset(action)?;
        // Only what an attempt of this approved action began may be missing.
        let state = match cx.run(action) {
            Some(run) if run.attempts > 1 => SourceState::PartlyErased,
            Some(_) | None => SourceState::Whole,
        };
        let (verified, drilled) = drill(&self.providers, action, cx, state, warrant.permit())
            .await
            .map_err(|doubt| as_error(doubt, "prove the archive"))?;
        let erase = EraseWarrant::issue(warrant, verified, drilled, cx.now).map_err(|error| {
            ProviderError::new(ErrorKind::Conflict, "prove the archive", "try again")
                .with_source(error)
        })?;
        self.providers.eraser(id.provider())?.erase(&erase).await
    }

    async fn observe(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        let id = dataset(action)?;
        let objects = self.providers.dataset(id.provider())?.objects(id).await?;
        let Some(left) = objects.known_completely().map(|objects| objects.len()) else {
            let why = objects.doubt().unwrap_or_default();
            return Ok(Observation::unknown(why));
        };
        if left > 0 {
            let before = serde_json::json!({ "objects": left as u64 });
            return Ok(Observation::complete(not_applied(before), cx.now));
        }
        // Nothing left is believed only beside the archive of it.
        let ports = self.providers.archive()?;
        let archive = ports.archiver.archive_of(id, cx.id)?;
        let seen = ports.reader.archive(&archive).await?;
        Ok(match seen {
            Observation::Unknown { why } => Observation::Unknown { why },
            Observation::Known {
                value: ArchiveState::Finished { manifest, .. },
                as_of,
                coverage,
            } => Observation::Known {
                value: applied(format!(
                    "no object left; its archive still holds {}",
                    manifest.objects.len()
                )),
                as_of,
                coverage,
            },
            Observation::Known {
                value: ArchiveState::Absent { .. } | ArchiveState::Unfinished,
                ..
            } => Observation::unknown("[I-1] the data is gone and so is its archive"),
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
