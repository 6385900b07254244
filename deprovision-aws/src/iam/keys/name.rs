//! What a reference to an access key says: `USER/AKIA…`.

use deprovision_core::provider::ProviderError;
use deprovision_core::resource::{CredentialId, IssuerId};

use crate::error::invalid;
use crate::scope::Scope;

/// The provider part of references.
pub(crate) const PROVIDER: &str = "aws-iam";

/// The name of the account's IAM as an issuer of keys; grants are asked for under the
/// same name.
pub(crate) const ISSUER: &str = "access-keys";

/// One access key and the user that has it. Neither names hold a slash.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KeyName {
    pub(super) user: String,
    pub(super) key: String,
}

impl KeyName {
    /// The key that a reference names, when it is one of this account.
    pub(super) fn of(
        operation: &str,
        scope: &Scope,
        id: &CredentialId,
    ) -> Result<Self, ProviderError> {
        let name = scope.ours_globally(operation, PROVIDER, id.locator())?;
        match name.split_once('/') {
            Some((user, key)) if is_user(user) && is_key(key) => Ok(Self {
                user: user.to_owned(),
                key: key.to_owned(),
            }),
            Some(_) | None => Err(invalid(
                operation,
                format!("{id} names no access key; write USER/AKIA… as its name"),
            )),
        }
    }

    /// The reference to it.
    pub(super) fn id(&self, scope: &Scope) -> Result<CredentialId, ProviderError> {
        let name = format!("{}/{}", self.user, self.key);
        scope.global_locator(PROVIDER, &name).map(CredentialId::new)
    }
}

/// Refuses an issuer that is not the IAM of this account.
pub(crate) fn check_issuer(
    operation: &str,
    scope: &Scope,
    issuer: &IssuerId,
) -> Result<(), ProviderError> {
    if scope.ours_globally(operation, PROVIDER, issuer.locator())? == ISSUER {
        Ok(())
    } else {
        Err(invalid(
            operation,
            format!("{issuer} is no issuer of IAM; write {ISSUER} as its name"),
        ))
    }
}

/// Whether a text can be the name of a user
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html>).
pub(super) fn is_user(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
}

/// Whether a text can be the id of an access key
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html>).
pub(super) fn is_key(text: &str) -> bool {
    (16..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod unit {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_a_user_and_a_key_and_nothing_else() {
        let scope = Scope::new("123456789012", "us-east-1").unwrap();
        let parse = |name: &str| {
            let id = CredentialId::new(scope.global_locator(PROVIDER, name).unwrap());
            KeyName::of("look", &scope, &id).map(|key| (key.user, key.key))
        };
        assert_eq!(
            parse("ci@example.com/AKIAIOSFODNN7EXAMPLE").unwrap(),
            ("ci@example.com".into(), "AKIAIOSFODNN7EXAMPLE".into())
        );
        for bad in [
            "ci",
            "ci/",
            "/AKIAIOSFODNN7EXAMPLE",
            "a/b/AKIAIOSFODNN7EXAMPLE",
            "ci/AKIA",
            "c i/AKIAIOSFODNN7EXAMPLE",
            "ci/AKIAIOSFODNN7EXAMPL*",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_key_that_was_named_is_the_key_that_is_read(user in "[a-zA-Z0-9_+=,.@-]{1,64}", key in "[A-Z0-9]{16,128}") {
            let scope = Scope::new("123456789012", "us-east-1").unwrap();
            let name = KeyName { user, key };
            let id = name.id(&scope).unwrap();
            prop_assert_eq!(KeyName::of("look", &scope, &id).unwrap(), name);
        }
    }
}
