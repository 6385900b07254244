//! The built-in steps of the standard pipeline, generic over the provider traits.
//!
//! Each is thin: it turns a port's states into readings and a plan's actions into
//! calls. [`standard_steps`] gives them all, by the ids that
//! [`Pipeline::standard`](crate::pipeline::Pipeline::standard) uses.

mod announce;
mod archive;
mod brown_out;
mod close;
mod common;
mod confirm;
mod credentials;
mod documents;
mod drill;
mod erase;
mod grants;
mod issuance;
mod providers;
mod recipient;
mod recipients;
mod references;
mod signal;
mod telling;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use announce::Announce;
pub use archive::ArchiveData;
pub use brown_out::BrownOut;
pub use close::Close;
pub use confirm::Confirm;
pub use credentials::{DeleteCredentials, DisableCredentials};
pub use documents::{DeprecateDocuments, RetireDocuments};
pub use drill::DrillRestore;
pub use erase::EraseData;
pub use grants::RemoveGrants;
pub use issuance::FreezeIssuance;
pub use providers::Providers;
pub use references::RemoveReferences;
pub use signal::Signal;

use crate::id::{ParseIdError, StepId};
use crate::pipeline::ids;
use crate::step::Step;

/// Steps by the ids that pipelines name them with.
pub type StepSet = BTreeMap<StepId, Arc<dyn Step>>;

/// All built-in steps over the providers. A numbered step of a pipeline
/// (`brown-out-2`) is done by the step without the number (`brown-out`).
///
/// # Errors
/// [`ParseIdError`], which the built-in ids never give.
pub fn standard_steps(providers: &Providers) -> Result<StepSet, ParseIdError> {
    let p = || providers.clone();
    let steps: [(&str, Arc<dyn Step>); 15] = [
        (ids::ANNOUNCE, Arc::new(Announce::new(p()))),
        (ids::SIGNAL, Arc::new(Signal::new(p()))),
        (
            ids::DEPRECATE_DOCUMENTS,
            Arc::new(DeprecateDocuments::new(p())),
        ),
        (ids::FREEZE_ISSUANCE, Arc::new(FreezeIssuance::new(p()))),
        (ids::BROWN_OUT, Arc::new(BrownOut::new(p()))),
        (ids::CLOSE, Arc::new(Close::new(p()))),
        (
            ids::DISABLE_CREDENTIALS,
            Arc::new(DisableCredentials::new(p())),
        ),
        (ids::REMOVE_GRANTS, Arc::new(RemoveGrants::new(p()))),
        (ids::ARCHIVE, Arc::new(ArchiveData::new(p()))),
        (ids::RESTORE_DRILL, Arc::new(DrillRestore::new(p()))),
        (ids::DOCUMENT, Arc::new(RetireDocuments::new(p()))),
        (ids::REMOVE_REFERENCES, Arc::new(RemoveReferences::new(p()))),
        (
            ids::DELETE_CREDENTIALS,
            Arc::new(DeleteCredentials::new(p())),
        ),
        (ids::ERASE, Arc::new(EraseData::new(p()))),
        (ids::CONFIRM, Arc::new(Confirm::new(p()))),
    ];
    steps
        .into_iter()
        .map(|(id, step)| Ok((StepId::parse(id)?, step)))
        .collect()
}
