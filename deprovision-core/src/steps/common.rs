//! What the built-in steps share.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::observation::Observation;
use crate::plan::Action;
use crate::provider::{ErrorKind, ProviderError};
use crate::resource::{
    AccessPathId, CredentialId, DatasetId, DocumentId, GrantId, IssuerId, RepositoryId, ResourceRef,
};
use crate::retirement::{Evidence, Reading};
use crate::step::StepContext;

/// The action of a step on a target.
pub(super) fn action(
    cx: &StepContext<'_>,
    target: impl Into<ResourceRef>,
    summary: impl Into<String>,
) -> Result<Action, ProviderError> {
    cx.action(target, summary).map_err(|error| {
        ProviderError::new(
            ErrorKind::Invalid,
            "name an action",
            "shorten the step's id",
        )
        .with_source(error)
    })
}

macro_rules! targets {
    ($($name:ident: $variant:ident($type:ty);)*) => {$(
        /// The target, when it is of that kind.
        pub(super) fn $name(action: &Action) -> Result<&$type, ProviderError> {
            match &action.target {
                ResourceRef::$variant(id) => Ok(id),
                other => Err(wrong_target(action, other)),
            }
        }
    )*};
}

targets! {
    path: AccessPath(AccessPathId);
    issuer: Issuer(IssuerId);
    credential: Credential(CredentialId);
    grant: Grant(GrantId);
    dataset: Dataset(DatasetId);
    document: Document(DocumentId);
    repository: Repository(RepositoryId);
}

pub(super) fn wrong_target(action: &Action, target: &ResourceRef) -> ProviderError {
    ProviderError::new(
        ErrorKind::Invalid,
        action.id.to_string(),
        format!("this step does nothing to {target}; make the plan with the step that executes it"),
    )
}

/// A value for a plan: what was not seen completely can not be planned on.
pub(super) fn complete<T>(seen: Observation<T>, doing: &str) -> Result<T, ProviderError> {
    if let Some(doubt) = seen.doubt() {
        let context = format!("[I-9] {doubt}; a plan needs the whole");
        return Err(ProviderError::new(ErrorKind::Transient, doing, context));
    }
    match seen {
        Observation::Known { value, .. } => Ok(value),
        Observation::Unknown { why } => Err(ProviderError::new(ErrorKind::Transient, doing, why)),
    }
}

/// The reading that the effect is not there, with what undo restores.
pub(super) fn not_applied(before: Value) -> Reading {
    Reading::NotApplied { before }
}

/// The reading that the effect is there.
pub(super) fn applied(evidence: impl Into<Evidence>) -> Reading {
    Reading::Applied {
        evidence: evidence.into(),
    }
}

/// What a plan or a log holds for a step, read back.
pub(super) fn read_back<T: DeserializeOwned>(
    action: &Action,
    value: &Value,
) -> Result<T, ProviderError> {
    T::deserialize(value).map_err(|error| {
        ProviderError::new(
            ErrorKind::Invalid,
            action.id.to_string(),
            "the log holds something else than this step wrote; use the version that wrote it",
        )
        .with_source(error)
    })
}

/// A value for the log.
pub(super) fn log_value(value: &impl serde::Serialize) -> Result<Value, ProviderError> {
    serde_json::to_value(value).map_err(|error| {
        ProviderError::new(ErrorKind::Invalid, "write the log", "report this as a bug")
            .with_source(error)
    })
}

/// What `prepare` saw before the action.
pub(super) fn before<'a>(
    action: &Action,
    cx: &StepContext<'a>,
) -> Result<&'a Value, ProviderError> {
    cx.run(action).map(|run| &run.before).ok_or_else(|| {
        ProviderError::new(
            ErrorKind::Invalid,
            action.id.to_string(),
            "the action is not in the plan; make the plan again",
        )
    })
}
