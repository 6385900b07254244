//! Giving out keys and grants.

use std::collections::BTreeMap;
use std::time::Duration;

use deprovision_core::digest::Digest;
use deprovision_core::id::ApiId;
use deprovision_core::resource::{CredentialId, GrantId};
use deprovision_core::secret::Secret;

use crate::keyfile::contents::{Contents, Grant, Key, KeyState, is_id, is_principal};
use crate::keyfile::{KeyFile, KeyFileError};

/// How long a change waits for other writers.
const WAIT: Duration = Duration::from_secs(10);

/// A key to be issued: for one API, held by one principal.
///
/// A key is for exactly one API. A secret that opened several could not be
/// disabled for one of them without cutting off the others, so a caller of three
/// APIs holds three keys.
#[derive(Debug, Clone)]
pub struct NewKey {
    api: ApiId,
    principal: String,
    id: Option<String>,
    labels: BTreeMap<String, String>,
}

impl NewKey {
    /// A key for an API, held by a principal (a team, a service, a person).
    pub fn new(api: ApiId, principal: impl Into<String>) -> Self {
        Self {
            api,
            principal: principal.into(),
            id: None,
            labels: BTreeMap::new(),
        }
    }

    /// With this id, for example `ak_billing`, instead of a random one.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// With a label, for people.
    #[must_use]
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(name.into(), value.into());
        self
    }
}

impl KeyFile {
    /// Issues a key. The secret is shown this once: the file keeps its SHA-256 only.
    /// It works once a [grant](Self::grant) lets its principal call the API.
    ///
    /// Blocks while it writes.
    ///
    /// # Errors
    /// [`KeyFileError::Frozen`] when the API is being retired,
    /// [`KeyFileError::Taken`] when the id is or was in use, and others when the
    /// file can not be used.
    pub fn issue(&self, key: NewKey) -> Result<(CredentialId, Secret), KeyFileError> {
        let id = match &key.id {
            Some(id) => id.clone(),
            None => format!("ak_{}", random_hex::<6>()?),
        };
        let secret = Secret::new(format!("{id}.{}", random_hex::<32>()?));
        let id = self.insert(id, key, secret.sha256())?;
        Ok((id, secret))
    }

    /// Takes over a key that callers hold already, by the SHA-256 of its secret,
    /// which must be long and random: a short one can be guessed from the digest.
    ///
    /// Blocks while it writes.
    ///
    /// # Errors
    /// As [`issue`](Self::issue), and [`KeyFileError::SameSecret`].
    pub fn adopt(&self, key: NewKey, sha256: Digest) -> Result<CredentialId, KeyFileError> {
        let id = match &key.id {
            Some(id) => id.clone(),
            None => format!("ak_{}", random_hex::<6>()?),
        };
        self.insert(id, key, sha256)
    }

    fn insert(
        &self,
        id: String,
        key: NewKey,
        sha256: Digest,
    ) -> Result<CredentialId, KeyFileError> {
        if !is_id(&id) {
            return Err(KeyFileError::Name { field: "id" });
        }
        if !is_principal(&key.principal) {
            return Err(KeyFileError::Name { field: "principal" });
        }
        let reference = self.key_id(&id)?;
        self.change(WAIT, |contents| {
            if contents.frozen.contains(&key.api) {
                return Err(KeyFileError::Frozen(key.api));
            }
            if is_taken(contents, &id) {
                return Err(KeyFileError::Taken(id));
            }
            if contents.keys.values().any(|other| other.sha256 == sha256) {
                return Err(KeyFileError::SameSecret);
            }
            let key = Key {
                api: key.api,
                principal: key.principal,
                sha256,
                state: KeyState::Active,
                labels: key.labels,
            };
            contents.keys.insert(id, key);
            Ok(())
        })?;
        Ok(reference)
    }

    /// Lets a principal call an API. Granting what is granted changes nothing
    /// and gives the grant that is there.
    ///
    /// Blocks while it writes.
    ///
    /// # Errors
    /// [`KeyFileError::Frozen`] when the API is being retired, and others when the
    /// principal is not one or the file can not be used.
    pub fn grant(&self, principal: &str, api: &ApiId) -> Result<GrantId, KeyFileError> {
        if !is_principal(principal) {
            return Err(KeyFileError::Name { field: "principal" });
        }
        let fresh = format!("gr_{}", random_hex::<6>()?);
        let id = self.change(WAIT, |contents| {
            let there = contents
                .grants
                .iter()
                .find(|(_, grant)| grant.principal == principal && grant.api == *api);
            if let Some((id, _)) = there {
                return Ok(id.clone());
            }
            if contents.frozen.contains(api) {
                return Err(KeyFileError::Frozen(api.clone()));
            }
            let grant = Grant {
                principal: principal.to_owned(),
                api: api.clone(),
            };
            contents.grants.insert(fresh.clone(), grant);
            Ok(fresh)
        })?;
        self.grant_id(&id)
    }
}

fn is_taken(contents: &Contents, id: &str) -> bool {
    contents.keys.contains_key(id) || contents.deleted.contains(id) || KeyFile::is_issuer(id)
}

/// So many random bytes in hexadecimal digits.
fn random_hex<const BYTES: usize>() -> Result<String, KeyFileError> {
    use std::fmt::Write as _;
    let mut bytes = [0u8; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| KeyFileError::Random(error.into()))?;
    let mut text = String::with_capacity(BYTES * 2);
    for byte in bytes {
        // Writing to a String can not fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}
