//! The suite of core over real repositories.

use std::collections::BTreeMap;

use async_trait::async_trait;
use deprovision_code::GitDocuments;
use deprovision_core::conformance::{
    self, CodeFixture, DOCUMENT_CASES, DocumentFixture, Files, FixtureError,
};
use deprovision_core::observation::Observation;
use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{
    DocumentMark, DocumentObserver, DocumentState, DocumentUpdater, Outcome, ProviderError,
};
use deprovision_core::resource::{DocumentId, RepositoryId};

use crate::code_conformance::Clones;

#[tokio::test]
async fn git_working_copies_keep_what_the_document_ports_promise() {
    let cases = conformance::document(&Documents::default()).await.unwrap();
    assert_eq!(cases, DOCUMENT_CASES);
}

/// Registered anew for every call, as after a restart.
#[derive(Default)]
struct Documents(Clones);

impl Documents {
    async fn documents_now(&self) -> GitDocuments {
        GitDocuments::new(self.0.registered().await)
    }

    fn repository_of(&self, id: &DocumentId) -> Result<RepositoryId, FixtureError> {
        let (name, _) = id.name().split_once('/').ok_or("no path")?;
        Ok(format!("git:suite:local:{name}").parse()?)
    }
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
            .map(|name| Ok((name.clone(), format!("{repository}/{name}").parse()?)))
            .collect()
    }

    async fn default_files(&self, of: &DocumentId) -> Result<Files, FixtureError> {
        self.0.default_files(&self.repository_of(of)?).await
    }

    async fn open_changes(
        &self,
        of: &DocumentId,
    ) -> Result<BTreeMap<String, (Files, String)>, FixtureError> {
        self.0.open_changes(&self.repository_of(of)?).await
    }

    async fn merge(&self, of: &DocumentId, at: &str) -> Result<(), FixtureError> {
        self.0.merge(&self.repository_of(of)?, at).await
    }

    async fn user_state(&self, of: &DocumentId) -> Result<String, FixtureError> {
        self.0.user_state(&self.repository_of(of)?).await
    }
}

#[async_trait]
impl DocumentObserver for Documents {
    async fn document(
        &self,
        id: &DocumentId,
        mark: &DocumentMark,
    ) -> Result<Observation<DocumentState>, ProviderError> {
        self.documents_now().await.document(id, mark).await
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
        self.documents_now().await.mark(id, mark, permit).await
    }

    async fn unmark(
        &self,
        id: &DocumentId,
        mark: &DocumentMark,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        self.documents_now().await.unmark(id, mark, permit).await
    }
}
