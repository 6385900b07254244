//! The service's side: may this secret call this API?

use deprovision_core::id::ApiId;
use deprovision_core::resource::CredentialId;
use deprovision_core::secret::Secret;

use crate::keyfile::KeyFile;
use crate::keyfile::contents::{Contents, Key, KeyState};

/// The answer to a request with a key. Only [`Allowed`](Self::Allowed) lets it in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Authorization {
    /// The key is active, is for this API, and its principal may call it.
    Allowed {
        /// Which key.
        key: CredentialId,
        /// Who holds it.
        principal: String,
    },
    /// The key is disabled.
    Disabled {
        /// Which key.
        key: CredentialId,
    },
    /// The key is for another API.
    OtherApi {
        /// Which key.
        key: CredentialId,
        /// The API it is for.
        api: ApiId,
    },
    /// No grant lets the principal call this API.
    NotGranted {
        /// Which key.
        key: CredentialId,
        /// Who holds it.
        principal: String,
    },
    /// No key has this secret.
    Unknown,
    /// The key file can not be read, so nobody is let in.
    Unavailable {
        /// What is wrong with the file, for its operator and not for the caller.
        why: String,
    },
}

impl Authorization {
    /// Whether the request is let in.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed { .. })
    }
}

impl KeyFile {
    /// Whether a secret may call an API, by what the file says now.
    ///
    /// Costs one look at the file's metadata and one SHA-256; the file is read
    /// again only when it was changed, by whichever process. Digests are compared
    /// in constant time. A file that can not be read lets nobody in.
    ///
    /// When a key was last used is not recorded: the service's access log knows
    /// it, and a writer on the path of every request could undo what a revoker
    /// just did (Cloudflare, January 2023).
    #[must_use]
    pub fn authorize(&self, secret: &Secret, api: &ApiId) -> Authorization {
        self.try_authorize(secret, api)
            .unwrap_or_else(|error| Authorization::Unavailable {
                why: error.to_string(),
            })
    }

    fn try_authorize(
        &self,
        secret: &Secret,
        api: &ApiId,
    ) -> Result<Authorization, crate::keyfile::KeyFileError> {
        let contents = self.contents()?;
        let Some((id, key)) = find(&contents, secret) else {
            return Ok(Authorization::Unknown);
        };
        let id = self.key_id(id)?;
        let granted = || {
            contents
                .grants
                .values()
                .any(|grant| grant.principal == key.principal && grant.api == *api)
        };
        Ok(match key.state {
            KeyState::Disabled => Authorization::Disabled { key: id },
            KeyState::Active if key.api != *api => Authorization::OtherApi {
                key: id,
                api: key.api.clone(),
            },
            KeyState::Active if !granted() => Authorization::NotGranted {
                key: id,
                principal: key.principal.clone(),
            },
            KeyState::Active => Authorization::Allowed {
                key: id,
                principal: key.principal.clone(),
            },
        })
    }
}

/// The key that has this secret. A secret that was issued here names its key
/// (`ak_billing.…`), so one comparison is enough; an adopted one is compared
/// with every key, and all of them are compared before the answer.
fn find<'a>(contents: &'a Contents, secret: &Secret) -> Option<(&'a String, &'a Key)> {
    let named = secret
        .expose()
        .split_once('.')
        .and_then(|(id, _)| contents.keys.get_key_value(id))
        .filter(|(_, key)| secret.has_sha256(&key.sha256));
    if named.is_some() {
        return named;
    }
    let digest = secret.sha256();
    let mut found = None;
    for entry in &contents.keys {
        if constant_time_eq(digest.as_bytes(), entry.1.sha256.as_bytes()) {
            found = Some(entry);
        }
    }
    found
}

fn constant_time_eq(a: &[u8; 32], b: &[u8; 32]) -> bool {
    subtle::ConstantTimeEq::ct_eq(a.as_slice(), b.as_slice()).into()
}
