//! Typed references to the things that a retirement touches.
//!
//! Every reference names its provider, account and region, so the same key name
//! in two accounts is two resources, and no destructive call takes a bare string.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::{ParseIdError, ProviderId};

/// The longest name of a resource, in bytes.
const MAX_NAME_BYTES: usize = 1024;

/// Where a resource lives: `provider:account:region:name`.
///
/// The first three parts hold no colon; the name may (as ARNs do). A provider
/// without accounts or regions uses a constant, for example `local`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Locator {
    provider: ProviderId,
    account: String,
    region: String,
    name: String,
}

impl Locator {
    /// Puts a locator together from its parts.
    ///
    /// # Errors
    /// [`ParseIdError`] when the provider, account or region is empty or holds a
    /// colon or a space, or the name is empty, too long or holds a control character.
    pub fn new(
        provider: &str,
        account: &str,
        region: &str,
        name: &str,
    ) -> Result<Self, ParseIdError> {
        Self::checked("resource", provider, account, region, name)
    }

    fn checked(
        kind: &'static str,
        provider: &str,
        account: &str,
        region: &str,
        name: &str,
    ) -> Result<Self, ParseIdError> {
        let fail = |value, reason| Err(ParseIdError::new(kind, value, reason));
        for part in [provider, account, region] {
            if part.is_empty()
                || !part
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
            {
                return fail(
                    part,
                    "provider, account and region are letters, digits and . _ - (write provider:account:region:name)",
                );
            }
        }
        if name.is_empty() {
            return fail(
                name,
                "the name is empty (write provider:account:region:name)",
            );
        }
        if name.len() > MAX_NAME_BYTES {
            return fail(name, "the name is longer than 1024 bytes");
        }
        if name.chars().any(char::is_control) {
            return fail(name, "the name holds a control character");
        }
        Ok(Self {
            provider: ProviderId::parse(provider)?,
            account: account.to_owned(),
            region: region.to_owned(),
            name: name.to_owned(),
        })
    }

    /// The same with another name, which may be none.
    fn rechecked(self, kind: &'static str) -> Result<Self, ParseIdError> {
        let provider = self.provider.as_str();
        Self::checked(kind, provider, &self.account, &self.region, &self.name)
    }

    fn parse(kind: &'static str, text: &str) -> Result<Self, ParseIdError> {
        let mut parts = text.splitn(4, ':');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(provider), Some(account), Some(region), Some(name)) => {
                Self::checked(kind, provider, account, region, name)
            }
            _ => Err(ParseIdError::new(
                kind,
                text,
                "write provider:account:region:name, for example keyfile:shop:local:ak_1",
            )),
        }
    }

    /// The adapter that it lives behind.
    #[must_use]
    pub fn provider(&self) -> &ProviderId {
        &self.provider
    }

    /// The account, tenant, organisation or directory.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The region, or a constant where there are none.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The provider's own name for it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}:{}",
            self.provider, self.account, self.region, self.name
        )
    }
}

impl fmt::Debug for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Locator({self})")
    }
}

macro_rules! references {
    ($($(#[$doc:meta])* $name:ident / $variant:ident = $kind:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(Locator);

            impl $name {
                /// Types a locator.
                #[must_use]
                pub fn new(locator: Locator) -> Self {
                    Self(locator)
                }

                /// Where it lives.
                #[must_use]
                pub fn locator(&self) -> &Locator {
                    &self.0
                }

                /// The adapter that it lives behind.
                #[must_use]
                pub fn provider(&self) -> &ProviderId {
                    self.0.provider()
                }

                /// The provider's own name for it.
                #[must_use]
                pub fn name(&self) -> &str {
                    self.0.name()
                }
            }

            impl FromStr for $name {
                type Err = ParseIdError;
                fn from_str(text: &str) -> Result<Self, ParseIdError> {
                    Locator::parse($kind, text).map(Self)
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    fmt::Display::fmt(&self.0, f)
                }
            }

            impl fmt::Debug for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    write!(f, concat!(stringify!($name), "({})"), self.0)
                }
            }

            impl Serialize for $name {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.collect_str(self)
                }
            }

            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    String::deserialize(deserializer)?
                        .parse()
                        .map_err(serde::de::Error::custom)
                }
            }

            impl From<$name> for ResourceRef {
                fn from(id: $name) -> Self {
                    Self::$variant(id)
                }
            }
        )*

        /// A reference to any resource, with its type.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(tag = "kind", content = "id", rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum ResourceRef {
            $($(#[$doc])* $variant($name),)*
        }

        impl ResourceRef {
            /// Where it lives.
            #[must_use]
            pub fn locator(&self) -> &Locator {
                match self {
                    $(Self::$variant(id) => id.locator(),)*
                }
            }

            /// What kind of thing it is, for a person.
            #[must_use]
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $kind,)*
                }
            }
        }
    };
}

references! {
    /// One key, token or secret (never the user that owns it).
    CredentialId / Credential = "credential";
    /// One permission: a policy statement, a role attachment, a scope of a client.
    GrantId / Grant = "grant";
    /// One way in: a route of a gateway, a stage, a custom domain.
    AccessPathId / AccessPath = "access path";
    /// Data that belongs to the API: a directory, a bucket, a table.
    DatasetId / Dataset = "dataset";
    /// A copy of a dataset that is made before it is erased.
    ArchiveId / Archive = "archive";
    /// A description of the API: an OpenAPI file, a catalog entity, a page.
    DocumentId / Document = "document";
    /// Code that may call the API: a repository or a working copy.
    RepositoryId / Repository = "repository";
    /// The place where new credentials for the API are issued.
    IssuerId / Issuer = "credential issuer";
    /// One notice to one recipient.
    NoticeId / Notice = "notice";
}

impl RepositoryId {
    /// The document at this path: its name is `<repository>/<path>`.
    ///
    /// ```
    /// use deprovision_core::resource::RepositoryId;
    /// let shop: RepositoryId = "git:acme:local:shop".parse()?;
    /// let page = shop.document("docs/a.md")?;
    /// assert_eq!(page.in_repository()?, (shop, "docs/a.md"));
    /// # Ok::<(), deprovision_core::id::ParseIdError>(())
    /// ```
    ///
    /// # Errors
    /// [`ParseIdError`] when the path is none, or too long for a name.
    pub fn document(&self, path: &str) -> Result<DocumentId, ParseIdError> {
        check_path(path)?;
        let locator = Locator {
            name: format!("{}/{path}", self.name()),
            ..self.0.clone()
        };
        locator.rechecked(DOCUMENT).map(DocumentId)
    }
}

impl DocumentId {
    /// The repository that a document lies in, and its path there. A repository's name
    /// holds no slash, so the first one ends it.
    ///
    /// # Errors
    /// [`ParseIdError`] when the name is not `<repository>/<path>`, or the path has an
    /// empty part, `.` or `..`.
    pub fn in_repository(&self) -> Result<(RepositoryId, &str), ParseIdError> {
        let Some((name, path)) = self.name().split_once('/') else {
            let reason = "it has no path (write <repository>/<path>)";
            return Err(ParseIdError::new(DOCUMENT, self.name(), reason));
        };
        check_path(path)?;
        let locator = Locator {
            name: name.to_owned(),
            ..self.0.clone()
        };
        Ok((locator.rechecked("repository").map(RepositoryId)?, path))
    }
}

const DOCUMENT: &str = "document";

fn check_path(path: &str) -> Result<(), ParseIdError> {
    let odd = |part: &str| part.is_empty() || part == "." || part == "..";
    if path.split('/').any(odd) {
        let reason = "its path has an empty part, `.` or `..`";
        return Err(ParseIdError::new(DOCUMENT, path, reason));
    }
    Ok(())
}

impl fmt::Display for ResourceRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.locator())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_may_hold_colons_and_the_rest_may_not() {
        let id: CredentialId = "aws-iam:1234:global:arn:aws:iam::1234:user/ci"
            .parse()
            .unwrap();
        assert_eq!(id.name(), "arn:aws:iam::1234:user/ci");
        assert_eq!(id.to_string().parse::<CredentialId>().unwrap(), id);
    }

    #[test]
    fn a_reference_without_account_or_region_is_refused() {
        for bad in [
            "",
            "x",
            "a:b:c",
            "a::c:d",
            "a:b:c:",
            "a b:c:d:e",
            "a:b:c:d\n",
        ] {
            assert!(bad.parse::<DatasetId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_document_lies_at_one_path_of_one_repository_or_nowhere() {
        let id: DocumentId = "git:shop:local:orders/docs/a b.md".parse().unwrap();
        let (repository, path) = id.in_repository().unwrap();
        assert_eq!(repository.to_string(), "git:shop:local:orders");
        assert_eq!(path, "docs/a b.md");
        assert_eq!(repository.document(path).unwrap(), id);
        for bad in [
            "orders",
            "orders/",
            "/a.md",
            "orders//a.md",
            "orders/../a.md",
            "orders/./a",
            "orders/a/..",
        ] {
            let id: DocumentId = format!("git:shop:local:{bad}").parse().unwrap();
            assert!(id.in_repository().is_err(), "{bad}");
        }
        for bad in ["", "../a", "a//b", "a\nb"] {
            assert!(repository.document(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused_and_round_trips(text in ".{0,60}") {
            if let Ok(id) = text.parse::<GrantId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
