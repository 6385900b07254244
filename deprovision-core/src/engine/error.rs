//! What can go wrong with a call to the engine.

use crate::digest::CanonicalError;
use crate::id::{ApiId, ParseIdError, RetirementId, StepId};
use crate::journal::{AppendError, JournalError, LeaseError, Version};
use crate::provider::ProviderError;
use crate::retirement::Refusal;

/// Why an engine can not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A part that the engine can not do without was not given.
    #[error("the engine has no {0}; give it one with the builder")]
    Missing(&'static str),
    /// A worker's name could not be made.
    #[error(transparent)]
    Id(#[from] ParseIdError),
    /// Two usage sources have one name.
    #[error("two usage sources are called {0:?}; give each a name of its own")]
    DuplicateSource(String),
}

/// Why a call to the engine did not do what it was asked.
///
/// A caller's mistake, a refusal by rule, a provider's trouble and the journal's
/// trouble are different variants, because what to do next differs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// A rule forbids it now. Nothing was changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The API is being retired already.
    #[error("{api} is being retired already, as {retirement}; cancel that first, or go on with it")]
    AlreadyUnderWay {
        /// Which API.
        api: ApiId,
        /// As which retirement.
        retirement: RetirementId,
    },
    /// The catalog does not know the API.
    #[error("there is no API {0} in the catalog; add it, or correct the id")]
    NoSuchApi(ApiId),
    /// A step of the pipeline has no implementation here.
    #[error("no implementation of step {0} is plugged in; give the engine one with `step`")]
    NoSuchStep(StepId),
    /// The pipeline says something else of a step than its implementation.
    #[error(
        "step {step} is {said} in the pipeline and {is} in its implementation; correct the pipeline"
    )]
    StepMismatch {
        /// Which step.
        step: StepId,
        /// What the pipeline says.
        said: String,
        /// What the implementation says.
        is: String,
    },
    /// The catalog names a usage source that is not plugged in.
    #[error(
        "no usage source {name:?} of {api} is plugged in; give the engine one with `usage_source`, or correct `usage_sources`"
    )]
    NoSuchSource {
        /// Of which API.
        api: ApiId,
        /// Which source.
        name: String,
    },
    /// A step could not be planned.
    #[error("step {step} could not be planned")]
    Planning {
        /// Which step.
        step: StepId,
        /// The provider's trouble.
        #[source]
        source: ProviderError,
    },
    /// The log holds an entry that is not in its place or not understood. Nothing
    /// is done to this retirement until a person looked at it.
    #[error(
        "[I-19] the log of {stream} can not be followed at entry {version}: {why}; verify it, and restore it from a copy or use a newer version"
    )]
    Unreadable {
        /// Which retirement.
        stream: RetirementId,
        /// Which entry.
        version: Version,
        /// What is wrong.
        why: String,
    },
    /// A value can not be put into the log.
    #[error("a value can not be put into the log")]
    Unloggable(#[from] CanonicalError),
    /// There is no certificate yet.
    #[error("{0} has no certificate: it is not retired yet")]
    NoCertificate(RetirementId),
    /// No signing key was given.
    #[error("the engine has no signing key; give it one with `signer`")]
    NoSigner,
    /// The certificate could not be made.
    #[error("the certificate could not be made: {0}")]
    Certificate(String),
    /// An id could not be made.
    #[error(transparent)]
    Id(#[from] ParseIdError),
    /// Someone else went on with the retirement meanwhile.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// The log could not be written.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The log could not be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
}
