//! The suite of core over pull requests that mark documents.

use std::collections::BTreeMap;

use async_trait::async_trait;
use deprovision_core::conformance::{
    self, CodeFixture, DOCUMENT_CASES, DocumentFixture, Files, FixtureError,
};
use deprovision_core::observation::Observation;
use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{
    DocumentMark, DocumentObserver, DocumentState, DocumentUpdater, Outcome, ProviderError,
};
use deprovision_core::resource::{DocumentId, RepositoryId};

use crate::code_conformance::Hub;

#[tokio::test]
async fn pull_requests_keep_what_the_document_ports_promise() {
    let fixture = Documents(Hub::new().await);
    let cases = conformance::document(&fixture).await.unwrap();
    assert_eq!(cases, DOCUMENT_CASES);
}

struct Documents(Hub);

fn repository_of(id: &DocumentId) -> Result<RepositoryId, FixtureError> {
    Ok(id.in_repository()?.0)
}

#[async_trait]
impl DocumentFixture for Documents {
    fn observer(&self) -> &dyn DocumentObserver {
        self
    }

    fn updater(&self) -> &dyn DocumentUpdater {
        self
    }

    async fn documents(&self, files: Files) -> Result<BTreeMap<String, DocumentId>, FixtureError> {
        let names: Vec<String> = files.keys().cloned().collect();
        let repository = self.0.repository(files).await?;
        names
            .into_iter()
            .map(|name| Ok((name.clone(), repository.document(&name)?)))
            .collect()
    }

    async fn default_files(&self, of: &DocumentId) -> Result<Files, FixtureError> {
        self.0.default_files(&repository_of(of)?).await
    }

    async fn open_changes(
        &self,
        of: &DocumentId,
    ) -> Result<BTreeMap<String, (Files, String)>, FixtureError> {
        self.0.open_changes(&repository_of(of)?).await
    }

    async fn merge(&self, of: &DocumentId, at: &str) -> Result<(), FixtureError> {
        self.0.merge(&repository_of(of)?, at).await
    }

    async fn user_state(&self, of: &DocumentId) -> Result<String, FixtureError> {
        self.0.user_state(&repository_of(of)?).await
    }
}

#[async_trait]
impl DocumentObserver for Documents {
    async fn document(
        &self,
        id: &DocumentId,
        mark: &DocumentMark,
    ) -> Result<Observation<DocumentState>, ProviderError> {
        self.0.world.documents().document(id, mark).await
    }
}

#[async_trait]
impl DocumentUpdater for Documents {
    async fn mark(
        &self,
        id: &DocumentId,
        mark: &DocumentMark,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        self.0.world.documents().mark(id, mark, permit).await
    }

    async fn unmark(
        &self,
        id: &DocumentId,
        mark: &DocumentMark,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        self.0.world.documents().unmark(id, mark, permit).await
    }
}
