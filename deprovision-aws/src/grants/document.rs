//! What the log keeps of a grant: enough to show the difference, and to put it back.

use deprovision_core::provider::ProviderError;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::invalid;
use crate::grants::inline::trust_nobody;
use crate::grants::managed::Surroundings;
use crate::grants::target::Target;
use crate::policy_language::{Document, Edit, Removed, StatementKey};

/// The document of a grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantDocument {
    /// The form: 1.
    pub(crate) form: u64,
    /// The policy, for a person.
    pub(crate) policy: String,
    /// What is taken out.
    pub(crate) removes: Vec<Removed>,
    /// The whole policy with the grant.
    pub(crate) before: Value,
    /// The whole policy without it; none when nothing remains of it.
    pub(crate) after: Option<Value>,
    /// What a managed policy is besides.
    pub(crate) managed: Option<Surroundings>,
}

impl GrantDocument {
    pub(crate) fn new(
        policy: String,
        before: &Document,
        edit: Edit,
        managed: Option<Surroundings>,
    ) -> Self {
        Self {
            form: 1,
            policy,
            removes: edit.removed,
            before: before.value().clone(),
            after: edit.after,
            managed,
        }
    }

    /// Reads a document back, when it is one of this grant.
    pub(crate) fn read(
        operation: &str,
        target: &Target,
        key: &StatementKey,
        value: &Value,
    ) -> Result<(Self, Document), ProviderError> {
        let refuse = || invalid(operation, "the document is not the one of this grant");
        let read = Self::deserialize(value).map_err(|error| refuse().with_source(error))?;
        let before = Document::of(read.before.clone()).map_err(|_| refuse())?;
        let edit = edit(target, &before, key).ok_or_else(refuse)?;
        if read.form != 1 || edit.removed != read.removes || edit.after != read.after {
            return Err(refuse());
        }
        Ok((read, before))
    }
}

/// What removing a grant does to a policy; nothing when the grant is not in it.
pub(crate) fn edit(target: &Target, document: &Document, key: &StatementKey) -> Option<Edit> {
    let mut edit = document.without(key)?;
    // A role has a trust policy always.
    if let (Target::Trust(_), None) = (target, &edit.after) {
        edit.after = Some(trust_nobody());
    }
    Some(edit)
}
