//! What a step may do in one call.

use crate::permit::{DestructionWarrant, WritePermit};
use crate::provider::{ErrorKind, ProviderError};

/// What the engine hands to a step for one write.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a write can be taken back or it can not"
)]
pub enum WriteAuthority {
    /// For what can be taken back.
    Permit(WritePermit),
    /// For what nothing brings back.
    Warrant(DestructionWarrant),
}

impl WriteAuthority {
    /// The permit, which both kinds have.
    #[must_use]
    pub fn permit(&self) -> &WritePermit {
        match self {
            Self::Permit(permit) => permit,
            Self::Warrant(warrant) => warrant.permit(),
        }
    }

    /// The warrant.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] when the step is reversible in its pipeline: then
    /// it was given a permit only, and may not destroy.
    pub fn warrant(&self) -> Result<&DestructionWarrant, ProviderError> {
        match self {
            Self::Warrant(warrant) => Ok(warrant),
            Self::Permit(_) => Err(ProviderError::new(
                ErrorKind::Invalid,
                "destroy",
                "[I-7] the step is not declared irreversible; declare it so in the pipeline",
            )),
        }
    }
}
