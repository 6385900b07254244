//! Which account and region an adapter serves.

use std::fmt;

use deprovision_core::provider::{ErrorKind, ProviderError};
use deprovision_core::resource::Locator;

/// The region of what has none, as IAM and STS.
pub(crate) const GLOBAL: &str = "global";

/// One account and region of AWS, in its partition.
///
/// An adapter touches nothing outside its scope: a reference to another account or
/// region is an error, and not absent.
///
/// ```
/// use deprovision_aws::Scope;
/// let scope = Scope::new("123456789012", "eu-central-1")?;
/// assert_eq!(scope.to_string(), "123456789012 in eu-central-1");
/// assert_eq!(Scope::new("123456789012", "cn-north-1")?.partition(), "aws-cn");
/// assert!(Scope::new("my-account", "eu-central-1").is_err());
/// # Ok::<(), deprovision_aws::ScopeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    account: String,
    region: String,
}

/// Why something is no account or no region.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScopeError {
    /// An account is 12 digits.
    #[error("{0:?} is no AWS account: write its 12 digits")]
    Account(String),
    /// A region is letters, digits and hyphens.
    #[error("{0:?} is no AWS region: write it as `eu-central-1`")]
    Region(String),
}

impl Scope {
    /// An account by its 12 digits, and a region by its code.
    ///
    /// # Errors
    /// [`ScopeError`] when one of them can not be that.
    pub fn new(account: impl Into<String>, region: impl Into<String>) -> Result<Self, ScopeError> {
        let (account, region) = (account.into(), region.into());
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ScopeError::Account(account.chars().take(80).collect()));
        }
        let letters = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        if !region.contains('-') || !region.split('-').all(letters) {
            return Err(ScopeError::Region(region.chars().take(80).collect()));
        }
        Ok(Self { account, region })
    }

    /// The account: 12 digits.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The partition that the region lies in, as ARNs name it
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>).
    #[must_use]
    pub fn partition(&self) -> &'static str {
        if self.region.starts_with("cn-") {
            "aws-cn"
        } else if self.region.starts_with("us-gov-") {
            "aws-us-gov"
        } else {
            "aws"
        }
    }

    /// An ARN of a service of this region, with the account.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        let (partition, region, account) = (self.partition(), &self.region, &self.account);
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }

    /// An ARN of a service without regions, with the account.
    pub(crate) fn global_arn(&self, service: &str, resource: &str) -> String {
        format!(
            "arn:{}:{service}::{}:{resource}",
            self.partition(),
            self.account
        )
    }

    /// The locator of something that `provider` keeps in this region.
    pub(crate) fn locator(&self, provider: &str, name: &str) -> Result<Locator, ProviderError> {
        self.at(provider, &self.region, name)
    }

    /// The locator of something that `provider` keeps for the whole account.
    pub(crate) fn global_locator(
        &self,
        provider: &str,
        name: &str,
    ) -> Result<Locator, ProviderError> {
        self.at(provider, GLOBAL, name)
    }

    fn at(&self, provider: &str, region: &str, name: &str) -> Result<Locator, ProviderError> {
        Locator::new(provider, &self.account, region, name).map_err(|error| {
            ProviderError::new(
                ErrorKind::Invalid,
                format!("name something of {provider}"),
                "AWS gave it a name that no reference can hold; report it",
            )
            .with_source(error)
        })
    }

    /// The name inside a reference, when it is one of `provider` in this region.
    pub(crate) fn ours<'a>(
        &self,
        operation: &str,
        provider: &str,
        locator: &'a Locator,
    ) -> Result<&'a str, ProviderError> {
        self.owned(operation, provider, &self.region, locator)
    }

    /// The name inside a reference, when it is one of `provider` for the whole account.
    pub(crate) fn ours_globally<'a>(
        &self,
        operation: &str,
        provider: &str,
        locator: &'a Locator,
    ) -> Result<&'a str, ProviderError> {
        self.owned(operation, provider, GLOBAL, locator)
    }

    fn owned<'a>(
        &self,
        operation: &str,
        provider: &str,
        region: &str,
        locator: &'a Locator,
    ) -> Result<&'a str, ProviderError> {
        let account = &self.account;
        if locator.provider().as_str() != provider
            || locator.account() != account
            || locator.region() != region
        {
            return Err(ProviderError::new(
                ErrorKind::Invalid,
                operation,
                format!(
                    "{locator} lives elsewhere; this adapter serves {provider}:{account}:{region}:…"
                ),
            ));
        }
        Ok(locator.name())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.account, self.region)
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn a_reference_of_another_provider_account_or_region_is_an_error() {
        let scope = Scope::new("123456789012", "eu-central-1").unwrap();
        let mine = scope.locator("aws-apigateway", "abc").unwrap();
        assert_eq!(scope.ours("look", "aws-apigateway", &mine).unwrap(), "abc");
        let user = scope.global_locator("aws-iam", "AKIA/ci").unwrap();
        assert_eq!(
            scope.ours_globally("look", "aws-iam", &user).unwrap(),
            "AKIA/ci"
        );
        assert!(scope.ours("look", "aws-iam", &user).is_err());
        for other in [
            Locator::new("aws-apigateway", "123456789013", "eu-central-1", "abc"),
            Locator::new("aws-apigateway", "123456789012", "eu-central-2", "abc"),
            Locator::new("aws-s3", "123456789012", "eu-central-1", "abc"),
        ] {
            let other = other.unwrap();
            let error = scope.ours("look", "aws-apigateway", &other);
            assert_eq!(*error.unwrap_err().kind(), ErrorKind::Invalid);
        }
    }
}
