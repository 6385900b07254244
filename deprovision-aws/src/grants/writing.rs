//! What became of a write that takes several calls.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use deprovision_core::provider::{Outcome, ProviderError};

use crate::call::Call;
use crate::error::Failed;

/// Whether something was changed already: an error after that is no error but unknown.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    changed: bool,
}

/// Why a write stopped.
#[derive(Debug)]
pub(crate) enum Stop {
    /// A call failed, and nothing was changed before it.
    Failed(ProviderError),
    /// Something was changed, or may have been.
    Unsure(String),
    /// It can not be done so; nothing was changed.
    NotDone(String),
}

impl Steps {
    /// Notes the answer to one write.
    pub(crate) fn note<T, E>(
        &mut self,
        call: Call,
        answer: Result<T, SdkError<E, HttpResponse>>,
    ) -> Result<T, Stop>
    where
        E: ProvideErrorMetadata,
    {
        match answer {
            Ok(answer) => {
                self.changed = true;
                Ok(answer)
            }
            Err(error) => Err(match Failed::of(call, &error) {
                Failed::Unsure(error) => Stop::Unsure(error.to_string()),
                Failed::Refused(error) => self.failed(error),
            }),
        }
    }

    /// Notes the answer to a write after which the thing is gone: gone already is as good.
    pub(crate) fn note_gone<T, E>(
        &mut self,
        call: Call,
        answer: Result<T, SdkError<E, HttpResponse>>,
    ) -> Result<(), Stop>
    where
        E: ProvideErrorMetadata,
    {
        match self.note(call, answer) {
            Ok(_) => Ok(()),
            Err(Stop::Failed(error)) if is_absent(&error) => Ok(()),
            Err(stop) => Err(stop),
        }
    }

    /// What a failed read in between means.
    pub(crate) fn failed(&self, error: ProviderError) -> Stop {
        if self.changed {
            Stop::Unsure(error.to_string())
        } else {
            Stop::Failed(error)
        }
    }
}

impl Stop {
    /// The outcome of the write.
    pub(crate) fn outcome(self) -> Result<Outcome, ProviderError> {
        match self {
            Self::Failed(error) => Err(error),
            Self::Unsure(why) => Ok(Outcome::unknown(why)),
            Self::NotDone(why) => Ok(Outcome::not_done(why)),
        }
    }
}

/// Whether AWS said that it does not know the thing.
pub(crate) fn is_absent(error: &ProviderError) -> bool {
    *error.kind() == deprovision_core::provider::ErrorKind::NotFound
}
