//! Which policy a grant stands in.

use std::fmt;

use deprovision_core::provider::{ErrorKind, ProviderError};
use deprovision_core::resource::{GrantId, Locator};

use crate::error::invalid;
use crate::iam::PROVIDER;
use crate::policy_language::StatementKey;
use crate::scope::Scope;

/// A policy that may hold grants.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// A managed policy of the account, by its path and name.
    Managed(String),
    /// A managed policy of AWS, by its path and name. It can not be changed.
    OfAws(String),
    /// A policy inside a user, a group or a role.
    Inline {
        holder: Holder,
        name: String,
        policy: String,
    },
    /// Who may take a role.
    Trust(String),
    /// The policy of a bucket.
    Bucket(String),
    /// The policy of a REST API of the scope.
    RestApi(String),
    /// The policy of a secret of the scope.
    Secret(String),
    /// The policy of a Lambda function of the scope, or of an alias or a version of one
    /// (`orders:live`).
    Function(String),
}

/// Who holds an inline policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Holder {
    User,
    Group,
    Role,
}

impl Holder {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Role => "role",
        }
    }
}

impl Target {
    /// The part of a grant's name before the statement, of this region.
    fn parse(text: &str, region: &str) -> Option<Self> {
        let (kind, rest) = text.split_once('/')?;
        let of_region = || {
            rest.split_once('/')
                .filter(|(at, _)| *at == region)
                .map(|(_, name)| name.to_owned())
        };
        let holder = match kind {
            "policy" => return Some(Self::Managed(rest.to_owned())),
            "aws" => return Some(Self::OfAws(rest.strip_prefix("policy/")?.to_owned())),
            "bucket" => return Some(Self::Bucket(rest.to_owned())),
            "rest-api" => return of_region().map(Self::RestApi),
            "secret" => return of_region().map(Self::Secret),
            "function" => return of_region().map(Self::Function),
            "user" => Holder::User,
            "group" => Holder::Group,
            "role" => Holder::Role,
            _ => return None,
        };
        match rest.split_once('/')? {
            (name, "trust") if holder == Holder::Role => Some(Self::Trust(name.to_owned())),
            (name, inline) => Some(Self::Inline {
                holder,
                name: name.to_owned(),
                policy: inline.strip_prefix("inline/")?.to_owned(),
            }),
        }
    }

    fn text(&self, region: &str) -> String {
        match self {
            Self::Managed(path) => format!("policy/{path}"),
            Self::OfAws(path) => format!("aws/policy/{path}"),
            Self::Inline {
                holder,
                name,
                policy,
            } => {
                format!("{}/{name}/inline/{policy}", holder.word())
            }
            Self::Trust(role) => format!("role/{role}/trust"),
            Self::Bucket(name) => format!("bucket/{name}"),
            Self::RestApi(id) => format!("rest-api/{region}/{id}"),
            Self::Secret(name) => format!("secret/{region}/{name}"),
            Self::Function(name) => format!("function/{region}/{name}"),
        }
    }

    /// What a person has to know of when a change takes effect; nothing when it does at
    /// once. API Gateway serves the policy that a stage was deployed with.
    pub(crate) fn takes_effect(&self) -> &'static str {
        match self {
            Self::RestApi(_) => "; this takes effect when its stages are deployed next",
            Self::Managed(_)
            | Self::OfAws(_)
            | Self::Inline { .. }
            | Self::Trust(_)
            | Self::Bucket(_)
            | Self::Secret(_)
            | Self::Function(_) => "",
        }
    }

    /// A policy of the same kind that hangs on something else.
    pub(crate) fn sibling(&self, name: String) -> Self {
        match self {
            Self::Bucket(_) => Self::Bucket(name),
            Self::RestApi(_) => Self::RestApi(name),
            Self::Secret(_) => Self::Secret(name),
            Self::Function(_) => Self::Function(name),
            Self::Managed(_) | Self::OfAws(_) | Self::Inline { .. } | Self::Trust(_) => {
                self.clone()
            }
        }
    }

    /// The grant that a part of a statement of this policy is.
    pub(crate) fn grant(
        &self,
        scope: &Scope,
        key: &StatementKey,
    ) -> Result<GrantId, ProviderError> {
        let name = format!("{}#{key}", self.text(scope.region()));
        scope.global_locator(PROVIDER, &name).map(GrantId::new)
    }

    /// The policy and the statement that a grant of this scope pins.
    pub(crate) fn of_grant(
        operation: &str,
        scope: &Scope,
        locator: &Locator,
    ) -> Result<(Self, StatementKey), ProviderError> {
        let name = scope.ours_globally(operation, PROVIDER, locator)?;
        name.rsplit_once('#')
            .and_then(|(target, key)| {
                Some((
                    Self::parse(target, scope.region())?,
                    StatementKey::parse(key)?,
                ))
            })
            .ok_or_else(|| {
                invalid(
                    operation,
                    format!("{locator} names no statement of a policy of this account and region"),
                )
            })
    }
}

/// The path and name in the ARN of a managed policy, and whether it is AWS's own.
pub(crate) fn managed_by_arn(scope: &Scope, arn: &str) -> Result<Target, ProviderError> {
    let mine = scope.global_arn("iam", "policy/");
    let theirs = format!("arn:{}:iam::aws:policy/", scope.partition());
    if let Some(path) = arn.strip_prefix(&mine) {
        Ok(Target::Managed(path.to_owned()))
    } else if let Some(path) = arn.strip_prefix(&theirs) {
        Ok(Target::OfAws(path.to_owned()))
    } else {
        Err(wrong_account(scope, arn))
    }
}

/// The client talks to another account than it should.
pub(crate) fn wrong_account(scope: &Scope, arn: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Invalid,
        "check the account",
        format!("the client sees {arn}, which is not of {}", scope.account()),
    )
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Managed(path) => write!(f, "policy {path}"),
            Self::OfAws(path) => write!(f, "AWS's policy {path}"),
            Self::Inline {
                holder,
                name,
                policy,
            } => {
                write!(f, "policy {policy} of {} {name}", holder.word())
            }
            Self::Trust(role) => write!(f, "trust policy of role {role}"),
            Self::Bucket(name) => write!(f, "policy of bucket {name}"),
            Self::RestApi(id) => write!(f, "policy of REST API {id}"),
            Self::Secret(name) => write!(f, "policy of secret {name}"),
            Self::Function(name) => write!(f, "policy of function {name}"),
        }
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_grant_names_one_policy_and_one_statement_and_nothing_else_is_a_grant() {
        let scope = Scope::new("123456789012", "eu-central-1").unwrap();
        let statement = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "a"});
        let key = StatementKey::of(&statement, &["a".to_owned()]).unwrap();
        let inline = |holder| Target::Inline {
            holder,
            name: "a".to_owned(),
            policy: "trust".to_owned(),
        };
        for target in [
            Target::Managed("team/orders".to_owned()),
            Target::OfAws("AdministratorAccess".to_owned()),
            inline(Holder::User),
            inline(Holder::Group),
            inline(Holder::Role),
            Target::Trust("a".to_owned()),
            Target::Bucket("orders".to_owned()),
            Target::RestApi("abc123".to_owned()),
            Target::Secret("orders/key".to_owned()),
            Target::Function("orders:live".to_owned()),
        ] {
            let id = target.grant(&scope, &key).unwrap();
            let read = Target::of_grant("look", &scope, id.locator()).unwrap();
            assert_eq!(read, (target, key.clone()));
        }
        for bad in [
            "user/a".to_owned(),
            format!("user/a/trust#{key}"),
            format!("rest-api/eu-west-1/abc#{key}"),
            format!("queue/a#{key}"),
            "policy/a#x".to_owned(),
        ] {
            let id = scope.global_locator(PROVIDER, &bad).unwrap();
            assert!(Target::of_grant("look", &scope, &id).is_err(), "{bad}");
        }
        let other = Scope::new("123456789013", "eu-central-1").unwrap();
        let foreign = Target::Bucket("b".to_owned()).grant(&other, &key).unwrap();
        assert!(Target::of_grant("look", &scope, foreign.locator()).is_err());
    }
}
