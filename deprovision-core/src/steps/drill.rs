//! Restores the archive into scratch and compares it.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::Providers;
use super::archive::{plan_datasets, verify};
use super::common::{applied, dataset, not_applied};
use crate::digest::Digest;
use crate::observation::Observation;
use crate::permit::{
    ArchiveDoubt, RestoreDrill, SourceState, VerifiedArchive, WritePermit, run_restore_drill,
};
use crate::plan::Action;
use crate::provider::{
    ArchiveState, EffectClass, ErrorKind, Outcome, ProviderError, Reversibility, error_chain,
};
use crate::retirement::Reading;
use crate::step::{Step, StepContext, StepDescription, StepPlan, WriteAuthority};

/// Drills the restore of every archive (invariant I-2).
///
/// The drill leaves nothing behind that could be looked at, so the comparison it
/// made is its effect: it holds as long as the archive has the manifest that was
/// drilled. Erasing drills once more.
#[derive(Debug)]
pub struct DrillRestore {
    providers: Providers,
}

/// What the log keeps of a drill.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Receipt {
    manifest: Digest,
    objects: u64,
    bytes: u64,
}

impl DrillRestore {
    /// The step over the providers' datasets and archive.
    #[must_use]
    pub fn new(providers: Providers) -> Self {
        Self { providers }
    }
}

/// Verifies the archive of a dataset and drills its restore.
pub(super) async fn drill(
    providers: &Providers,
    action: &Action,
    cx: &StepContext<'_>,
    state: SourceState,
    permit: &WritePermit,
) -> Result<(VerifiedArchive, RestoreDrill), ArchiveDoubt> {
    let verified = verify(providers, action, cx, state).await?;
    let source = providers.dataset(dataset(action)?.provider())?;
    let ports = providers.archive()?;
    // Another sample each time, and the same one when the log is replayed.
    let seed = verified.manifest_digest().as_bytes().iter().fold(
        u64::from_ne_bytes(cx.now.as_second().to_ne_bytes()),
        |seed, byte| seed.rotate_left(8) ^ u64::from(*byte),
    );
    let drill = run_restore_drill(
        source.as_ref(),
        ports.archiver.as_ref(),
        ports.scratch.as_ref(),
        &verified,
        seed,
        permit,
        cx.now,
    )
    .await?;
    Ok((verified, drill))
}

/// A doubt as a provider's error: nothing was changed by the check.
pub(super) fn as_error(doubt: ArchiveDoubt, doing: &str) -> ProviderError {
    match doubt {
        ArchiveDoubt::Provider(error) => error,
        doubt @ (ArchiveDoubt::Unknown(_)
        | ArchiveDoubt::NotFinished(_)
        | ArchiveDoubt::WrongSource { .. }
        | ArchiveDoubt::Object { .. }
        | ArchiveDoubt::SourceChanged(_)
        | ArchiveDoubt::Read { .. }
        | ArchiveDoubt::Manifest(_)) => {
            ProviderError::new(ErrorKind::Conflict, doing, error_chain(&doubt))
        }
    }
}

#[async_trait]
impl Step for DrillRestore {
    fn describe(&self) -> StepDescription {
        StepDescription::new(
            "restore the copy into scratch and compare it",
            Reversibility::Reversible,
            EffectClass::Absorbing,
        )
    }

    async fn plan(&self, cx: &StepContext<'_>) -> Result<StepPlan, ProviderError> {
        plan_datasets(cx, "restore and compare the archive of")
    }

    async fn apply(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
        authority: &WriteAuthority,
    ) -> Result<Outcome, ProviderError> {
        let (_, drill) = drill(
            &self.providers,
            action,
            cx,
            SourceState::Whole,
            authority.permit(),
        )
        .await
        .map_err(|doubt| as_error(doubt, "drill the restore"))?;
        let receipt = Receipt {
            manifest: drill.manifest_digest(),
            objects: drill.objects() as u64,
            bytes: drill.bytes(),
        };
        Ok(Outcome::done(
            super::common::log_value(&receipt)?.to_string(),
        ))
    }

    async fn observe(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        let reported = cx.run(action).and_then(|run| run.reported.as_ref());
        let receipt: Option<Receipt> = match reported {
            Some(Outcome::Done { receipt }) => serde_json::from_str(receipt).ok(),
            Some(Outcome::NotDone { .. } | Outcome::Unknown { .. }) | None => None,
        };
        let ports = self.providers.archive()?;
        let archive = ports.archiver.archive_of(dataset(action)?, cx.id)?;
        let seen = ports.reader.archive(&archive).await?;
        Ok(seen.map(|state| match (state, receipt) {
            (ArchiveState::Finished { manifest, .. }, Some(receipt))
                if manifest
                    .digest()
                    .is_ok_and(|digest| digest == receipt.manifest) =>
            {
                applied(format!(
                    "{} objects, {} bytes restored and compared; manifest {}",
                    receipt.objects, receipt.bytes, receipt.manifest
                ))
            }
            (
                ArchiveState::Finished { .. }
                | ArchiveState::Unfinished
                | ArchiveState::Absent { .. },
                _,
            ) => not_applied(serde_json::Value::Null),
        }))
    }

    async fn undo(
        &self,
        _: &Action,
        _: &StepContext<'_>,
        _: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        Ok(Outcome::done("a drill leaves nothing behind"))
    }

    async fn observe_undo(
        &self,
        _: &Action,
        cx: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        let nothing = not_applied(serde_json::Value::Null);
        Ok(Observation::complete(nothing, cx.now))
    }
}
