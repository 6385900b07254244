//! The suite of core over pull requests.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use deprovision_core::catalog::Api;
use deprovision_core::conformance::{self, CODE_CASES, CodeFixture, Files, FixtureError};
use deprovision_core::observation::Observation;
use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{
    ChangeObserver, ChangeProposer, ChangeState, CodeSearch, Outcome, ProviderError, Reference,
    Removal,
};
use deprovision_core::resource::RepositoryId;

use crate::world::{World, id};

#[tokio::test]
async fn pull_requests_keep_what_the_code_ports_promise() {
    let fixture = Hub::new().await;
    let cases = conformance::code(&fixture).await.unwrap();
    assert_eq!(cases, CODE_CASES);
}

/// Repositories on a GitHub of one's own.
pub(crate) struct Hub {
    pub(crate) world: World,
    made: AtomicU64,
}

impl Hub {
    pub(crate) async fn new() -> Self {
        Self {
            world: World::new().await,
            made: AtomicU64::new(0),
        }
    }
}

fn full_name(id: &RepositoryId) -> String {
    format!("{}/{}", id.locator().account(), id.name())
}

#[async_trait]
impl CodeFixture for Hub {
    fn search(&self) -> &dyn CodeSearch {
        self
    }

    fn observer(&self) -> &dyn ChangeObserver {
        self
    }

    fn proposer(&self) -> &dyn ChangeProposer {
        self
    }

    async fn repository(&self, files: Files) -> Result<RepositoryId, FixtureError> {
        let name = format!("r{}", self.made.fetch_add(1, Ordering::Relaxed));
        let files: Vec<(&str, &[u8])> = files
            .iter()
            .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
            .collect();
        self.world.fake.repository("acme", &name, &files)?;
        Ok(id(&name))
    }

    async fn commit(&self, repository: &RepositoryId, files: Files) -> Result<(), FixtureError> {
        let files: Vec<(&str, Option<&[u8]>)> = files
            .iter()
            .map(|(name, bytes)| (name.as_str(), Some(bytes.as_slice())))
            .collect();
        self.world
            .fake
            .commit(&full_name(repository), "main", &files)?;
        Ok(())
    }

    async fn default_files(&self, repository: &RepositoryId) -> Result<Files, FixtureError> {
        self.world.fake.files(&full_name(repository), "main")
    }

    async fn open_changes(
        &self,
        repository: &RepositoryId,
    ) -> Result<BTreeMap<String, (Files, String)>, FixtureError> {
        let name = full_name(repository);
        let mut open = BTreeMap::new();
        for pull in self.world.fake.pulls(&name)? {
            if pull.open {
                let files = self.world.fake.files_once_merged(&name, pull.number)?;
                open.insert(pull.url, (files, pull.head_sha));
            }
        }
        Ok(open)
    }

    async fn merge(&self, repository: &RepositoryId, at: &str) -> Result<(), FixtureError> {
        let number = at.rsplit('/').next().ok_or("no number")?.parse()?;
        self.world.fake.merge(&full_name(repository), number)
    }

    async fn user_state(&self, _: &RepositoryId) -> Result<String, FixtureError> {
        Ok("nobody's".to_owned())
    }
}

#[async_trait]
impl CodeSearch for Hub {
    async fn references(
        &self,
        repository: &RepositoryId,
        api: &Api,
    ) -> Result<Observation<Vec<Reference>>, ProviderError> {
        self.world.code().references(repository, api).await
    }
}

#[async_trait]
impl ChangeObserver for Hub {
    async fn change(
        &self,
        repository: &RepositoryId,
        removal: &Removal,
    ) -> Result<Observation<ChangeState>, ProviderError> {
        self.world.code().change(repository, removal).await
    }
}

#[async_trait]
impl ChangeProposer for Hub {
    async fn propose(
        &self,
        repository: &RepositoryId,
        removal: &Removal,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        self.world.code().propose(repository, removal, permit).await
    }

    async fn withdraw(
        &self,
        repository: &RepositoryId,
        removal: &Removal,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        self.world
            .code()
            .withdraw(repository, removal, permit)
            .await
    }
}
