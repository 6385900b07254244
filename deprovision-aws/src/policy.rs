//! The IAM policy that a step needs, and nothing more.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::call::Call;

/// An identity policy that allows exactly the calls that a step makes, as IAM takes
/// it (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>).
///
/// It is put together from the calls in the code; `Display` writes it as JSON, to be
/// attached to the role that runs the step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct NeededPolicy {
    /// The version of the policy language.
    pub version: &'static str,
    /// What is allowed, one statement for each set of resources.
    pub statement: Vec<NeededStatement>,
}

/// A statement of a [`NeededPolicy`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct NeededStatement {
    /// Always `Allow`.
    pub effect: &'static str,
    /// The actions, sorted.
    pub action: BTreeSet<&'static str>,
    /// The ARNs that they are needed on, sorted.
    pub resource: BTreeSet<String>,
}

/// Actions by the resources that they are needed on.
type ByResource = BTreeMap<BTreeSet<String>, BTreeSet<&'static str>>;

impl NeededPolicy {
    /// A policy that allows each group of calls on its resources.
    pub(crate) fn allowing<R: Into<String>>(
        groups: impl IntoIterator<Item = (Vec<Call>, Vec<R>)>,
    ) -> Self {
        let mut needed = ByResource::new();
        for (calls, resources) in groups {
            let resources = resources.into_iter().map(Into::into).collect();
            let actions = needed.entry(resources).or_default();
            actions.extend(calls.iter().flat_map(|call| call.actions));
        }
        Self::of(needed)
    }

    /// One policy for all that both allow.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let mut needed = ByResource::new();
        for statement in self.statement.into_iter().chain(other.statement) {
            let actions = needed.entry(statement.resource).or_default();
            actions.extend(statement.action);
        }
        Self::of(needed)
    }

    fn of(needed: ByResource) -> Self {
        let statement = needed
            .into_iter()
            .map(|(resource, action)| NeededStatement {
                effect: "Allow",
                action,
                resource,
            });
        Self {
            version: "2012-10-17",
            statement: statement.collect(),
        }
    }
}

impl fmt::Display for NeededPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Strings and lists of strings: this can not fail.
        f.write_str(&serde_json::to_string_pretty(self).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn calls_on_the_same_resources_share_a_statement_and_a_policy_is_json_of_iam() {
        let list = Call::same(&["iam:ListUsers"]);
        let keys = Call::same(&["iam:ListAccessKeys"]);
        let head = Call::of("s3:HeadObject", &["s3:GetObject"]);
        let policy = NeededPolicy::allowing([(vec![list], vec!["*"])])
            .and(NeededPolicy::allowing([(vec![keys, list], vec!["*"])]))
            .and(NeededPolicy::allowing([(
                vec![head],
                vec!["arn:aws:s3:::b/*"],
            )]));
        let json: serde_json::Value = serde_json::from_str(&policy.to_string()).unwrap();
        assert_eq!(
            json,
            serde_json::json!({ "Version": "2012-10-17", "Statement": [
                { "Effect": "Allow", "Action": ["iam:ListAccessKeys", "iam:ListUsers"], "Resource": ["*"] },
                { "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::b/*"] },
            ]})
        );
    }
}
