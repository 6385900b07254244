//! The rules and how grave each is.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::ApiId;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing; nothing breaks.
    Low,
    /// Somebody will be surprised: write it down before the API is retired.
    Medium,
    /// The API can not be retired safely, or another one would go down with it.
    High,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LintRule {
    /// Nobody answers for the API, or nobody who can be reached.
    NoOwner,
    /// No usage source: that nobody calls it could never be shown.
    NoUsageSource,
    /// It is deprecated, and nobody was promised when it ends.
    DeprecatedWithoutSunset,
    /// Another API holds the same resource, and would lose it.
    SharedResource,
    /// Another API serves the same route on the same host.
    SharedRoute,
    /// The successors lead in a circle.
    SuccessorCircle,
    /// It is deprecated, and callers are not told what to use instead.
    DeprecatedWithoutSuccessor,
    /// It is deprecated, and there is no page that explains the change.
    DeprecatedWithoutDocumentation,
    /// Its successor is itself deprecated or retired.
    SuccessorEnds,
    /// All its operations are deprecated, and the API is not.
    RoutesDeprecatedAlone,
    /// An operation outlives the API.
    RouteOutlivesApi,
    /// It is not said which hosts serve it.
    NoHosts,
    /// It is not said what it serves.
    NoRoutes,
    /// There is no way in that could be closed.
    NoAccessPath,
    /// There is neither an issuer of credentials nor a credential: keys would be left.
    NoCredentials,
    /// A consumer is known by name and can not be reached.
    UnreachableConsumer,
    /// A short marker that would take unrelated code for a caller.
    VagueMarker,
    /// Neither a sunset nor documentation says how this version will end.
    NoRetirementPlan,
    /// It is not said in which environment it runs.
    NoEnvironment,
    /// It is not said who may reach it.
    NoExposure,
    /// It is not said which version it is.
    NoVersion,
    /// There is neither a description nor a page about it.
    NoDocument,
    /// A host that looks like a test system serves a production API.
    TestHost,
}

impl LintRule {
    /// How grave it is when the rule is broken.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::NoOwner
            | Self::NoUsageSource
            | Self::DeprecatedWithoutSunset
            | Self::SharedResource
            | Self::SharedRoute
            | Self::SuccessorCircle => Severity::High,
            Self::DeprecatedWithoutSuccessor
            | Self::DeprecatedWithoutDocumentation
            | Self::SuccessorEnds
            | Self::RoutesDeprecatedAlone
            | Self::RouteOutlivesApi
            | Self::NoHosts
            | Self::NoRoutes
            | Self::NoAccessPath
            | Self::NoCredentials
            | Self::UnreachableConsumer
            | Self::VagueMarker => Severity::Medium,
            Self::NoRetirementPlan
            | Self::NoEnvironment
            | Self::NoExposure
            | Self::NoVersion
            | Self::NoDocument
            | Self::TestHost => Severity::Low,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::NoOwner => "write owner: with a person and an e-mail address that is read",
            Self::NoUsageSource => {
                "write usage_sources: with the log or metric in which its calls are seen"
            }
            Self::DeprecatedWithoutSunset => {
                "write sunset: with the date that callers are promised"
            }
            Self::SharedResource => {
                "give each API a resource of its own, or take it out of the one that does not own it"
            }
            Self::SharedRoute => "leave the route with the API that serves it",
            Self::SuccessorCircle => "let the newest of them have no successor",
            Self::DeprecatedWithoutSuccessor => {
                "write successor:, or say in the documentation that there is none"
            }
            Self::DeprecatedWithoutDocumentation => {
                "write documentation: with the address of a page about the change"
            }
            Self::SuccessorEnds => "name the API that callers can stay with",
            Self::RoutesDeprecatedAlone => "write lifecycle: deprecated, and a sunset",
            Self::RouteOutlivesApi => "let the sunset of the API be the last one",
            Self::NoHosts => "write hosts: with every name under which it is served",
            Self::NoRoutes => "write routes:, or add its OpenAPI description",
            Self::NoAccessPath => "write resources.access_paths: with the routes of the gateway",
            Self::NoCredentials => {
                "write resources.issuers: with the place where its keys are issued"
            }
            Self::UnreachableConsumer => "add the e-mail address of the consumer's owner",
            Self::VagueMarker => "write a longer text that only callers have",
            Self::NoRetirementPlan => {
                "write sunset:, or documentation: with how long a version is kept"
            }
            Self::NoEnvironment => "write labels.environment: production, staging, test …",
            Self::NoExposure => "write labels.exposure: public, partner or internal",
            Self::NoVersion => "write labels.version:, or the version into the id: orders-v1",
            Self::NoDocument => "write resources.documents: with its OpenAPI description",
            Self::TestHost => {
                "take the test system out, or close it: it often has real data and weaker checks"
            }
        }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lint {
    /// The API that it is about.
    pub api: ApiId,
    /// The rule that is broken.
    pub rule: LintRule,
    /// How grave that is.
    pub severity: Severity,
    /// What was found.
    pub message: String,
}

impl Lint {
    pub(super) fn new(api: &ApiId, rule: LintRule, message: impl Into<String>) -> Self {
        Self {
            api: api.clone(),
            rule,
            severity: rule.severity(),
            message: message.into(),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        self.rule.advice()
    }
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}: {} ({})",
            self.api,
            self.severity,
            crate::catalog::error::printable(&self.message),
            self.advice()
        )
    }
}
