//! A key file for the suites of core.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

use async_trait::async_trait;
use deprovision_core::conformance::{CredentialFixture, GrantFixture, Trouble};
use deprovision_core::id::ApiId;
use deprovision_core::provider::{
    CredentialObserver, CredentialRevoker, GrantObserver, PermissionAuditor,
};
use deprovision_core::resource::{CredentialId, GrantId, IssuerId};
use deprovision_core::secret::Secret;
use deprovision_local::{KeyFile, KeyFileError, NewKey};
use tempfile::TempDir;

pub(crate) fn api(name: &str) -> ApiId {
    ApiId::parse(name).unwrap()
}

/// A key file in a directory of its own, and a service that reads it through
/// another handle, as another process would.
pub(crate) struct Shop {
    pub(crate) _dir: TempDir,
    pub(crate) path: PathBuf,
    pub(crate) keys: KeyFile,
    pub(crate) service: KeyFile,
    /// What callers hold.
    secrets: Mutex<BTreeMap<CredentialId, Secret>>,
    /// The key of each principal that was given a grant.
    holders: Mutex<BTreeMap<GrantId, Secret>>,
}

impl Shop {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.json");
        let keys = KeyFile::create(&path, "shop").unwrap();
        let service = KeyFile::open(&path, "shop").unwrap();
        Self {
            _dir: dir,
            path,
            keys,
            service,
            secrets: Mutex::default(),
            holders: Mutex::default(),
        }
    }

    pub(crate) fn text(&self) -> String {
        std::fs::read_to_string(&self.path).unwrap()
    }
}

#[async_trait]
impl CredentialFixture for Shop {
    fn observer(&self) -> &dyn CredentialObserver {
        &self.keys
    }
    fn revoker(&self) -> &dyn CredentialRevoker {
        &self.keys
    }
    fn issuer(&self) -> IssuerId {
        self.keys.issuer_id().unwrap()
    }
    fn api(&self) -> ApiId {
        api("orders-v1")
    }
    fn other_api(&self) -> ApiId {
        api("orders-v2")
    }
    fn foreign(&self) -> CredentialId {
        "keyfile:another:local:ak_billing".parse().unwrap()
    }
    async fn issue(&self, api: &ApiId) -> Result<Option<CredentialId>, Trouble> {
        match self.keys.issue(NewKey::new(api.clone(), "billing")) {
            Ok((id, secret)) => {
                self.keys
                    .grant("billing", api)
                    .or_else(|error| match error {
                        KeyFileError::Frozen(_) => self.keys.grant("billing", &self.other_api()),
                        other => Err(other),
                    })?;
                self.secrets.lock().unwrap().insert(id.clone(), secret);
                Ok(Some(id))
            }
            Err(KeyFileError::Frozen(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
    async fn accepts(&self, id: &CredentialId, api: &ApiId) -> Result<bool, Trouble> {
        let secret = self.secrets.lock().unwrap()[id].clone();
        Ok(self.service.authorize(&secret, api).is_allowed())
    }
    fn more_than_a_page(&self) -> usize {
        // One file, one page.
        3
    }
    fn can_freeze(&self) -> bool {
        true
    }
    async fn blind(&self, blind: bool) -> Result<(), Trouble> {
        let aside = self.path.with_extension("aside");
        if blind {
            let bytes = std::fs::read(&self.path)?;
            std::fs::rename(&self.path, &aside)?;
            std::fs::write(&self.path, &bytes[..bytes.len() / 2])?;
        } else {
            std::fs::rename(&aside, &self.path)?;
        }
        Ok(())
    }
    async fn settle(&self) -> Result<(), Trouble> {
        Ok(())
    }
}

/// The same for grants: each grant is given to a principal of its own.
pub(crate) struct Grants(pub(crate) Shop);

#[async_trait]
impl GrantFixture for Grants {
    fn observer(&self) -> &dyn GrantObserver {
        &self.0.keys
    }
    fn auditor(&self) -> &dyn PermissionAuditor {
        &self.0.keys
    }
    fn issuer(&self) -> IssuerId {
        self.0.keys.issuer_id().unwrap()
    }
    fn api(&self) -> ApiId {
        api("orders-v1")
    }
    fn other_api(&self) -> ApiId {
        api("orders-v2")
    }
    fn foreign(&self) -> GrantId {
        "keyfile:another:local:gr_1".parse().unwrap()
    }
    async fn grant(&self, api: &ApiId) -> Result<GrantId, Trouble> {
        let mut holders = self.0.holders.lock().unwrap();
        let principal = format!("team-{}", holders.len());
        let (_, secret) = self.0.keys.issue(NewKey::new(api.clone(), &principal))?;
        let id = self.0.keys.grant(&principal, api)?;
        holders.insert(id.clone(), secret);
        Ok(id)
    }
    async fn allows(&self, id: &GrantId, api: &ApiId) -> Result<bool, Trouble> {
        let secret = self.0.holders.lock().unwrap()[id].clone();
        Ok(self.0.service.authorize(&secret, api).is_allowed())
    }
    fn more_than_a_page(&self) -> usize {
        3
    }
    async fn undecidable(&self, _: &ApiId, _: bool) -> Result<bool, Trouble> {
        // A key file has neither wildcards nor conditions.
        Ok(false)
    }
    async fn settle(&self) -> Result<(), Trouble> {
        Ok(())
    }
}
