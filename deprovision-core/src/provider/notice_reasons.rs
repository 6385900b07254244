//! Why people are told, and what was found: as names that stay, and in English.

use serde::{Deserialize, Serialize};

use crate::id::{CallerId, Role};

/// Why a person is told: in which role.
///
/// `kind` and `name` say it for programs and for templates of other languages, `text` says
/// it in English.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RoleFacts {
    /// Which.
    pub kind: RoleKind,
    /// What the role is called, or whose it is: of a stakeholder the role, of a consumer or
    /// a caller its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// After *you are*, as in *its owner*.
    pub text: String,
}

/// The roles in which people are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RoleKind {
    /// They own it.
    Owner,
    /// They have a say in it.
    Stakeholder,
    /// The catalog names them for one that consumes it.
    Consumer,
    /// They are behind one that called it.
    Caller,
    /// Their code names it.
    Code,
    /// Another, in words alone.
    Other,
}

impl RoleKind {
    /// Its name, as in the facts: `owner`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Stakeholder => "stakeholder",
            Self::Consumer => "consumer",
            Self::Caller => "caller",
            Self::Code => "code",
            Self::Other => "other",
        }
    }
}

impl RoleFacts {
    fn new(kind: RoleKind, name: Option<String>, text: impl Into<String>) -> Self {
        Self {
            kind,
            name,
            text: text.into(),
        }
    }

    /// The owner of the API.
    #[must_use]
    pub fn owner() -> Self {
        Self::new(RoleKind::Owner, None, "its owner")
    }

    /// A stakeholder in a role.
    #[must_use]
    pub fn stakeholder(role: &Role) -> Self {
        let text = format!("a stakeholder ({role})");
        Self::new(RoleKind::Stakeholder, Some(role.to_string()), text)
    }

    /// The contact that the catalog has for a consumer.
    #[must_use]
    pub fn consumer(caller: &CallerId) -> Self {
        let text = format!("the contact of its consumer {caller}");
        Self::new(RoleKind::Consumer, Some(caller.to_string()), text)
    }

    /// Whoever a resolver found behind a caller.
    #[must_use]
    pub fn caller(caller: &CallerId) -> Self {
        let text = format!("behind the caller {caller}");
        Self::new(RoleKind::Caller, Some(caller.to_string()), text)
    }

    /// Somebody whose code names the API.
    #[must_use]
    pub fn code() -> Self {
        Self::new(RoleKind::Code, None, "somebody whose code names it")
    }

    /// A role of one's own, in words.
    #[must_use]
    pub fn other(text: impl Into<String>) -> Self {
        Self::new(RoleKind::Other, None, text)
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FindingFacts {
    /// What kind of thing, by a name that stays: of an audit's finding that of its
    /// `FindingKind` (`unused`), of what came back `drift`, of
    /// what to do next `next_step`. `None` where there is only the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// All of it, in English.
    pub text: String,
}

impl FindingFacts {
    /// A finding of a kind.
    #[must_use]
    pub fn new(kind: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            kind: Some(kind.into()),
            text: text.into(),
        }
    }

    /// A finding in words alone.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            kind: None,
            text: text.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_called_as_it_is_written() {
        for kind in [
            RoleKind::Owner,
            RoleKind::Stakeholder,
            RoleKind::Consumer,
            RoleKind::Caller,
            RoleKind::Code,
            RoleKind::Other,
        ] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
