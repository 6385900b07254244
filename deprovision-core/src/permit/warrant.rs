//! All proofs together: what opens the doors that nothing closes again.

use std::collections::BTreeSet;

use crate::digest::Digest;
use crate::id::{ApiId, StepId};
use crate::permit::{ApprovalProof, FreshUsage, RestoreDrill, VerifiedArchive, WritePermit};
use crate::resource::ResourceRef;
use crate::time::{Period, Timestamp};

/// How old a proof about an archive may be (invariant I-1).
const ARCHIVE_PROOF_AGE: Period = Period::hours(24);

/// The right to do what the approved plan says and nothing brings back: a
/// permit, an approval bound to the plan and the step, and fresh quiet usage.
///
/// Nobody else can write one down, for its fields are private:
///
/// ```compile_fail
/// # use deprovision_core::permit::DestructionWarrant;
/// fn forge(from: DestructionWarrant) -> DestructionWarrant {
///     DestructionWarrant { ..from }
/// }
/// ```
#[derive(Debug)]
pub struct DestructionWarrant {
    permit: WritePermit,
    approval: ApprovalProof,
    usage: FreshUsage,
    targets: BTreeSet<ResourceRef>,
}

/// Proofs that do not belong together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WarrantMismatch {
    /// The approval is for another plan.
    #[error("[I-7] the approval is for plan {approved}, and the plan is {plan}")]
    Plan {
        /// What was approved.
        approved: Digest,
        /// What is to be done.
        plan: Digest,
    },
    /// The approval is not for this step.
    #[error("[I-7] the approval is not for step {0}")]
    Step(StepId),
    /// The usage is of another API.
    #[error("[I-8] the usage is of {0}")]
    Api(ApiId),
    /// The target is not in the approved plan.
    #[error("[I-12] {0} is not in the approved plan")]
    Target(ResourceRef),
    /// The drill is of another archive or manifest.
    #[error("[I-2] the restore drill is of another archive or manifest")]
    Drill,
    /// A proof about the archive is too old.
    #[error("[I-1] a proof about the archive is older than 24 h; verify it again")]
    Old,
}

impl DestructionWarrant {
    /// Puts the proofs together, after checking that they are about the same
    /// plan, step and API. `targets` are the ones that the plan names for the step.
    ///
    /// # Errors
    /// [`WarrantMismatch`] when they are not.
    pub fn issue(
        permit: WritePermit,
        approval: ApprovalProof,
        usage: FreshUsage,
        plan: Digest,
        step: &StepId,
        api: &ApiId,
        targets: BTreeSet<ResourceRef>,
    ) -> Result<Self, WarrantMismatch> {
        if approval.plan() != plan {
            return Err(WarrantMismatch::Plan {
                approved: approval.plan(),
                plan,
            });
        }
        if approval.step() != Some(step) {
            return Err(WarrantMismatch::Step(step.clone()));
        }
        if usage.api() != api {
            return Err(WarrantMismatch::Api(usage.api().clone()));
        }
        Ok(Self {
            permit,
            approval,
            usage,
            targets,
        })
    }

    /// Checks that the target is one that was approved.
    ///
    /// # Errors
    /// [`WarrantMismatch::Target`] when it is not.
    pub fn covers(&self, target: &ResourceRef) -> Result<(), WarrantMismatch> {
        if self.targets.contains(target) {
            Ok(())
        } else {
            Err(WarrantMismatch::Target(target.clone()))
        }
    }

    /// The permit inside.
    #[must_use]
    pub fn permit(&self) -> &WritePermit {
        &self.permit
    }

    /// The approval inside.
    #[must_use]
    pub fn approval(&self) -> &ApprovalProof {
        &self.approval
    }

    /// The usage inside.
    #[must_use]
    pub fn usage(&self) -> &FreshUsage {
        &self.usage
    }
}

/// The right to erase one dataset: a [`DestructionWarrant`] that covers it, a
/// verified archive of it, and a restore drill of that archive.
///
/// Nobody else can write one down, for its fields are private:
///
/// ```compile_fail
/// # use deprovision_core::permit::EraseWarrant;
/// fn forge<'a>(from: EraseWarrant<'a>) -> EraseWarrant<'a> {
///     EraseWarrant { ..from }
/// }
/// ```
#[derive(Debug)]
pub struct EraseWarrant<'a> {
    warrant: &'a DestructionWarrant,
    archive: VerifiedArchive,
    drill: RestoreDrill,
}

impl<'a> EraseWarrant<'a> {
    /// Puts the proofs together, after checking that they are about the same
    /// dataset, archive and manifest, and at most 24 h old.
    ///
    /// # Errors
    /// [`WarrantMismatch`] when they are not.
    pub fn issue(
        warrant: &'a DestructionWarrant,
        archive: VerifiedArchive,
        drill: RestoreDrill,
        now: Timestamp,
    ) -> Result<Self, WarrantMismatch> {
        warrant.covers(&archive.dataset().clone().into())?;
        if drill.archive() != archive.archive()
            || drill.manifest_digest() != archive.manifest_digest()
        {
            return Err(WarrantMismatch::Drill);
        }
        for at in [archive.verified_at(), drill.drilled_at()] {
            if at > now || ARCHIVE_PROOF_AGE.after(at) <= now {
                return Err(WarrantMismatch::Old);
            }
        }
        Ok(Self {
            warrant,
            archive,
            drill,
        })
    }

    /// The verified archive: its manifest says what may be erased.
    #[must_use]
    pub fn archive(&self) -> &VerifiedArchive {
        &self.archive
    }

    /// The drill.
    #[must_use]
    pub fn drill(&self) -> &RestoreDrill {
        &self.drill
    }

    /// The permit inside.
    #[must_use]
    pub fn permit(&self) -> &WritePermit {
        self.warrant.permit()
    }
}
