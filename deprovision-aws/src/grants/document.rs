//! What the log keeps of a grant: enough to show the difference, and to put it back.

use deprovision_core::provider::ProviderError;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::invalid;
use crate::grants::inline::trust_nobody;
use crate::grants::managed::Surroundings;
use crate::grants::target::Target;
use crate::policy_language::{Document, Edit, Removed, StatementKey, resources};

/// The document of a grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantDocument {
    /// The form: 1.
    pub(crate) form: u64,
    /// What goes and what remains, for a person.
    pub(crate) summary: String,
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
        target: &Target,
        principal: &str,
        before: &Document,
        edit: Edit,
        managed: Option<Surroundings>,
    ) -> Self {
        Self {
            form: 1,
            summary: summary(target, principal, before, &edit),
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

/// The difference, in one line.
fn summary(target: &Target, principal: &str, before: &Document, edit: &Edit) -> String {
    let gone: Vec<String> = edit.removed.iter().map(told).collect();
    let touched = edit.removed.len();
    let others = match before.statements().len().saturating_sub(touched) {
        0 => "no other statement".to_owned(),
        1 => "1 other statement".to_owned(),
        more => format!("{more} other statements"),
    };
    let remains = match &edit.after {
        Some(_) => format!("{others} of the {target} remain"),
        None => format!("the {target} held nothing else and is deleted"),
    };
    let text = format!("{principal} loses {}; {remains}", gone.join(" and "));
    let text: String = text.chars().take(MAX_SUMMARY).collect();
    text + target.takes_effect()
}

/// The longest summary, in characters, without when it takes effect.
const MAX_SUMMARY: usize = 600;

fn told(removed: &Removed) -> String {
    let texts = |name: &str| match removed.statement.get(name) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Array(list)) => Some(
            list.iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(", "),
        ),
        _ => None,
    };
    let actions = texts("Action")
        .or_else(|| texts("NotAction").map(|but| format!("everything but {but}")))
        .unwrap_or_else(|| "something".to_owned());
    let all = resources(&removed.statement).len();
    if removed.resources.is_empty() {
        actions
    } else if removed.resources.len() < all {
        let (some, of) = (removed.resources.len(), removed.resources.join(", "));
        format!("{actions} on {of} ({some} of {all} resources)")
    } else {
        format!("{actions} on {}", removed.resources.join(", "))
    }
}
