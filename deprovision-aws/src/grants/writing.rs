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
        self.judge(call, answer)?
            .map_err(|error| self.failed(error))
    }

    /// Notes the answer to one write; `None` when AWS does not know the thing, which is
    /// as good as done for a delete.
    pub(crate) fn note_unless_absent<T, E>(
        &mut self,
        call: Call,
        answer: Result<T, SdkError<E, HttpResponse>>,
    ) -> Result<Option<T>, Stop>
    where
        E: ProvideErrorMetadata,
    {
        match self.judge(call, answer)? {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn judge<T, E>(
        &mut self,
        call: Call,
        answer: Result<T, SdkError<E, HttpResponse>>,
    ) -> Result<Result<T, ProviderError>, Stop>
    where
        E: ProvideErrorMetadata,
    {
        match answer {
            Ok(answer) => {
                self.changed = true;
                Ok(Ok(answer))
            }
            Err(error) => match Failed::of(call, &error) {
                Failed::Unsure(error) => Err(Stop::Unsure(error.to_string())),
                Failed::Refused(error) => Ok(Err(error)),
            },
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
