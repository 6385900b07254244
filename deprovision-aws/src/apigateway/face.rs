//! The faces of an API: every URL under which callers may know it.

use std::collections::BTreeSet;
use std::fmt;

use deprovision_core::observation::Observation;
use deprovision_core::time::Timestamp;

use crate::scope::Scope;

/// A URL under which callers reach an API: the default endpoint of a stage, or a
/// mapping of a custom domain. It ends with a slash; what the API serves is below it.
///
/// Give each to the probe of the path, so that all of them are seen closed
/// (invariants I-5 and I-18).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Face {
    url: String,
    stage: String,
    custom: bool,
}

impl Face {
    /// The URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The stage behind it.
    #[must_use]
    pub fn stage(&self) -> &str {
        &self.stage
    }

    /// Whether it is on a custom domain, and not the default endpoint.
    #[must_use]
    pub fn is_on_custom_domain(&self) -> bool {
        self.custom
    }

    /// The default endpoint of a stage. The stage `$default` of an HTTP API is served
    /// at the root.
    pub(super) fn default_endpoint(scope: &Scope, api: &str, stage: &str) -> Self {
        let suffix = if scope.partition() == "aws-cn" {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        };
        let region = scope.region();
        let path = if stage == "$default" {
            String::new()
        } else {
            format!("{stage}/")
        };
        Self {
            url: format!("https://{api}.execute-api.{region}.{suffix}/{path}"),
            stage: stage.to_owned(),
            custom: false,
        }
    }

    /// A mapping of a custom domain: `key` is the base path, empty for the root. A
    /// mapping of no stage leaves the stage to the caller, who writes it into the path.
    pub(super) fn mapping(domain: &str, key: &str, stage: &str, caller_names_it: bool) -> Self {
        let key = key.trim_matches('/');
        let mut url = format!("https://{domain}/");
        for part in [key, if caller_names_it { stage } else { "" }] {
            if !part.is_empty() {
                url.push_str(part);
                url.push('/');
            }
        }
        Self {
            url,
            stage: stage.to_owned(),
            custom: true,
        }
    }
}

impl fmt::Display for Face {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// The faces of an API, and what keeps them from being all of them.
#[derive(Debug)]
pub(super) struct Faces {
    pub(super) seen: BTreeSet<Face>,
    pub(super) gaps: Vec<String>,
    /// The names of all stages, for mappings that name none.
    pub(super) stages: Vec<String>,
}

impl Faces {
    /// No face yet.
    pub(super) fn of_stages(stages: Vec<String>) -> Self {
        Self {
            seen: BTreeSet::new(),
            gaps: Vec::new(),
            stages,
        }
    }

    /// What was seen, as an observation.
    pub(super) fn observed(self, now: Timestamp) -> Observation<Vec<Face>> {
        let faces = self.seen.into_iter().collect();
        if self.gaps.is_empty() {
            Observation::complete(faces, now)
        } else {
            Observation::partial(faces, now, self.gaps.join("; "))
        }
    }

    /// Adds a mapping. One of no stage reaches every stage.
    pub(super) fn map(&mut self, domain: &str, key: &str, stage: Option<&str>) {
        match stage.filter(|stage| !stage.is_empty() && *stage != "(none)") {
            Some(stage) => {
                self.seen.insert(Face::mapping(domain, key, stage, false));
            }
            None => {
                let all = self.stages.iter();
                let all = all.map(|stage| Face::mapping(domain, key, stage, true));
                self.seen.extend(all);
            }
        }
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn the_urls_are_those_of_awss_documents() {
        let scope = Scope::new("123456789012", "us-west-2").unwrap();
        let china = Scope::new("123456789012", "cn-north-1").unwrap();
        for (face, url) in [
            (
                Face::default_endpoint(&scope, "a1b2", "prod"),
                "https://a1b2.execute-api.us-west-2.amazonaws.com/prod/",
            ),
            (
                Face::default_endpoint(&scope, "a1b2", "$default"),
                "https://a1b2.execute-api.us-west-2.amazonaws.com/",
            ),
            (
                Face::default_endpoint(&china, "a1b2", "prod"),
                "https://a1b2.execute-api.cn-north-1.amazonaws.com.cn/prod/",
            ),
            (
                Face::mapping("api.example.com", "", "prod", false),
                "https://api.example.com/",
            ),
            (
                Face::mapping("api.example.com", "orders/v1", "prod", false),
                "https://api.example.com/orders/v1/",
            ),
            (
                Face::mapping("api.example.com", "orders", "prod", true),
                "https://api.example.com/orders/prod/",
            ),
        ] {
            assert_eq!(face.url(), url);
        }
    }
}
