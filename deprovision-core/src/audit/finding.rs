//! One finding.

use std::cmp::{Ordering, Reverse};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalog::Severity;
use crate::catalog::error::printable;
use crate::id::ApiId;

/// What a finding says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingKind {
    /// A retired API is still called.
    Zombie,
    /// What answers requests and is in no catalog.
    Shadow,
    /// The sunset of an API, or of some of its operations, is past, and it is not retired.
    Overdue,
    /// Nobody answers for an API.
    Orphaned,
    /// An API that is to end has callers behind whom nobody is known.
    Unreachable,
    /// No source ever saw a call, and each of them would have.
    Unused,
    /// Nobody called for long, and each source would have seen it.
    Idle,
    /// An API has a successor, which has most of the calls already.
    Superseded,
    /// Two APIs do one job.
    Redundant,
    /// An API is called less and less.
    Declining,
    /// It can not be told whether an API is used. A result of its own: neither used
    /// nor unused.
    Unknown,
}

impl FindingKind {
    /// Its name, as in a report: `unused`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Zombie => "zombie",
            Self::Shadow => "shadow",
            Self::Overdue => "overdue",
            Self::Orphaned => "orphaned",
            Self::Unreachable => "unreachable",
            Self::Unused => "unused",
            Self::Idle => "idle",
            Self::Superseded => "superseded",
            Self::Redundant => "redundant",
            Self::Declining => "declining",
            Self::Unknown => "unknown",
        }
    }
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Subject {
    /// One API.
    Api(ApiId),
    /// Two APIs that belong together, or many that one reason holds for.
    Apis(Vec<ApiId>),
    /// Paths that no API of the catalog has.
    Paths {
        /// The host, where the log tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        host: Option<String>,
        /// The path templates, as they were inferred from the requests.
        templates: Vec<String>,
    },
}

impl Subject {
    /// The APIs that it names.
    #[must_use]
    pub fn apis(&self) -> &[ApiId] {
        match self {
            Self::Api(id) => std::slice::from_ref(id),
            Self::Apis(ids) => ids,
            Self::Paths { .. } => &[],
        }
    }
}

/// What an audit found, with what says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Finding {
    /// What it says.
    pub kind: FindingKind,
    /// What it is about.
    pub subject: Subject,
    /// How grave it is.
    pub severity: Severity,
    /// All of it in one sentence.
    pub title: String,
    /// What says so, one fact each.
    pub evidence: Vec<String>,
    /// What the evidence covers, and what it does not.
    pub coverage: String,
    /// What would change the verdict.
    pub would_change: String,
    /// What to do next.
    pub next_step: String,
}

impl Finding {
    /// A finding without evidence yet.
    #[must_use]
    pub fn new(
        kind: FindingKind,
        subject: Subject,
        severity: Severity,
        title: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            subject,
            severity,
            title: title.into(),
            evidence: Vec::new(),
            coverage: String::new(),
            would_change: String::new(),
            next_step: String::new(),
        }
    }

    /// The order in which findings are told: the gravest first, then by API (what is
    /// in no catalog comes last), then by kind and title.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }

    fn key(
        &self,
    ) -> (
        Reverse<Severity>,
        bool,
        Option<&ApiId>,
        FindingKind,
        &Subject,
        &str,
    ) {
        let first = self.subject.apis().first();
        (
            Reverse(self.severity),
            first.is_none(),
            first,
            self.kind,
            &self.subject,
            &self.title,
        )
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Paths and names of files come from logs, which anybody can write to.
        writeln!(f, "[{}] {}", self.severity, printable(&self.title))?;
        for fact in &self.evidence {
            writeln!(f, "    {}", printable(fact))?;
        }
        writeln!(f, "    coverage: {}", printable(&self.coverage))?;
        writeln!(f, "    would change: {}", printable(&self.would_change))?;
        write!(f, "    next: {}", printable(&self.next_step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_called_as_it_is_written() {
        for kind in [
            FindingKind::Zombie,
            FindingKind::Shadow,
            FindingKind::Overdue,
            FindingKind::Orphaned,
            FindingKind::Unreachable,
            FindingKind::Unused,
            FindingKind::Idle,
            FindingKind::Superseded,
            FindingKind::Redundant,
            FindingKind::Declining,
            FindingKind::Unknown,
        ] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
