//! Descriptions of an API: OpenAPI files, catalog entities, pages.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::catalog::Method;
use crate::id::ApiId;
use crate::observation::Observation;
use crate::permit::WritePermit;
use crate::provider::{ChangeState, Outcome, ProviderError};
use crate::resource::DocumentId;
use crate::time::Timestamp;

/// What a document should say of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DocumentMark {
    /// Deprecated, with its sunset and successor.
    Deprecated {
        /// The API as the documents name it.
        api: ApiId,
        /// When it ends.
        sunset: Option<Timestamp>,
        /// What to use instead.
        successor: Option<ApiId>,
    },
    /// One operation is deprecated; the rest of the API stays as it is.
    OperationDeprecated {
        /// The API as the documents name it.
        api: ApiId,
        /// The method of the operation.
        method: Method,
        /// Its path, as the documents have it: `/v1/orders/{id}`.
        path: String,
        /// When it ends.
        sunset: Option<Timestamp>,
        /// What to use instead.
        successor: Option<ApiId>,
    },
    /// Retired.
    Retired {
        /// The API as the documents name it.
        api: ApiId,
        /// Since when.
        retired_at: Timestamp,
        /// What to use instead.
        successor: Option<ApiId>,
    },
}

impl DocumentMark {
    /// The API that it speaks of.
    #[must_use]
    pub fn api(&self) -> &ApiId {
        match self {
            Self::Deprecated { api, .. }
            | Self::OperationDeprecated { api, .. }
            | Self::Retired { api, .. } => api,
        }
    }

    /// What comes instead.
    #[must_use]
    pub fn successor(&self) -> Option<&ApiId> {
        match self {
            Self::Deprecated { successor, .. }
            | Self::OperationDeprecated { successor, .. }
            | Self::Retired { successor, .. } => successor.as_ref(),
        }
    }
}

/// Where a mark stands on its way into a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DocumentState {
    /// The reviewable change that carries the mark.
    pub change: ChangeState,
}

impl DocumentState {
    /// A state.
    #[must_use]
    pub fn new(change: ChangeState) -> Self {
        Self { change }
    }
}

/// Reads documents.
#[async_trait]
pub trait DocumentObserver: Send + Sync {
    /// How far the mark has come in that document. `Merged` when the default
    /// version of the document says it.
    async fn document(
        &self,
        id: &DocumentId,
        mark: &DocumentMark,
    ) -> Result<Observation<DocumentState>, ProviderError>;
}

/// Marks documents, as a reviewable change.
///
/// # Behaviour
/// What every implementation keeps:
/// - Everything that the mark does not concern stays byte for byte: comments,
///   order, quotes.
/// - `mark` twice is `mark` once; `unmark` takes the proposed change back, and gives
///   back the bytes that were there before.
/// - A mark of one operation changes what is said of that operation alone.
/// - A document that can not carry the mark surely is left as it is, and said to be.
#[async_trait]
pub trait DocumentUpdater: Send + Sync {
    /// Proposes the change that puts the mark into the document.
    async fn mark(
        &self,
        id: &DocumentId,
        mark: &DocumentMark,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError>;

    /// Withdraws the change; one that is merged already is reverted by a change of its own.
    async fn unmark(
        &self,
        id: &DocumentId,
        mark: &DocumentMark,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError>;
}
