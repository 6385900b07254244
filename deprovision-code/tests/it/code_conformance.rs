//! The suite of core over real repositories.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use deprovision_code::{DefaultBranch, GitCode, GitRepositories};
use deprovision_core::catalog::Api;
use deprovision_core::conformance::{
    self, CODE_CASES, CODE_HISTORY_CASES, CodeFixture, CodeHistoryFixture, Files, FixtureError,
};
use deprovision_core::id::ApiId;
use deprovision_core::observation::Observation;
use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{
    ChangeObserver, ChangeProposer, ChangeState, CodeHistory, CodeSearch, Outcome, PastReference,
    ProviderError, Reference, Removal,
};
use deprovision_core::resource::RepositoryId;

use crate::world::{WorkingCopy, missing};

#[tokio::test]
async fn git_working_copies_keep_what_the_code_ports_promise() {
    let cases = conformance::code(&Clones::default()).await.unwrap();
    assert_eq!(cases, CODE_CASES);
}

#[tokio::test]
async fn git_working_copies_keep_what_the_history_port_promises() {
    let cases = conformance::code_history(&Clones::default()).await.unwrap();
    assert_eq!(cases, CODE_HISTORY_CASES);
}

/// Clones that are registered anew for every call, as after a restart: nothing
/// is remembered but what the repositories hold.
#[derive(Default)]
pub(crate) struct Clones {
    known: Mutex<BTreeMap<RepositoryId, Arc<WorkingCopy>>>,
}

impl Clones {
    fn copy(&self, id: &RepositoryId) -> Result<Arc<WorkingCopy>, FixtureError> {
        let known = self.known.lock().unwrap();
        known.get(id).cloned().ok_or_else(|| missing("the clone"))
    }

    pub(crate) async fn registered(&self) -> Arc<GitRepositories> {
        let known = self.known.lock().unwrap().clone();
        let mut repositories = GitRepositories::new();
        for (id, copy) in &known {
            repositories
                .register(id.clone(), copy.path(), DefaultBranch::Head)
                .await
                .unwrap();
        }
        Arc::new(repositories)
    }

    async fn code(&self) -> GitCode {
        GitCode::new(self.registered().await)
    }
}

#[async_trait]
impl CodeFixture for Clones {
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
        let mut known = self.known.lock().unwrap();
        let id: RepositoryId = format!("git:suite:local:r{}", known.len()).parse()?;
        let copy = WorkingCopy::with(&files);
        copy.write(b"untracked.txt", b"the user's own");
        copy.write(b"staged.txt", b"staged");
        copy.git(&["add", "staged.txt"]);
        copy.write(b"staged.txt", b"staged and changed");
        known.insert(id.clone(), Arc::new(copy));
        Ok(id)
    }

    async fn commit(&self, repository: &RepositoryId, files: Files) -> Result<(), FixtureError> {
        let copy = self.copy(repository)?;
        for (name, bytes) in &files {
            copy.write(name.as_bytes(), bytes);
            copy.git(&["add", "--", name]);
        }
        let mut arguments = vec!["commit", "--quiet", "-m", "theirs", "--"];
        arguments.extend(files.keys().map(String::as_str));
        copy.git(&arguments);
        Ok(())
    }

    async fn default_files(&self, repository: &RepositoryId) -> Result<Files, FixtureError> {
        Ok(self.copy(repository)?.files("refs/heads/main"))
    }

    async fn open_changes(
        &self,
        repository: &RepositoryId,
    ) -> Result<BTreeMap<String, (Files, String)>, FixtureError> {
        let copy = self.copy(repository)?;
        let branches = copy.our_branches();
        Ok(branches
            .into_iter()
            .map(|(branch, commit)| (branch, (copy.files(&commit), commit)))
            .collect())
    }

    async fn merge(&self, repository: &RepositoryId, at: &str) -> Result<(), FixtureError> {
        let copy = self.copy(repository)?;
        copy.git(&["reset", "--quiet"]);
        copy.merge(at);
        Ok(())
    }

    async fn user_state(&self, repository: &RepositoryId) -> Result<String, FixtureError> {
        Ok(self.copy(repository)?.user_state())
    }
}

#[async_trait]
impl CodeSearch for Clones {
    async fn references(
        &self,
        repository: &RepositoryId,
        api: &Api,
    ) -> Result<Observation<Vec<Reference>>, ProviderError> {
        self.code().await.references(repository, api).await
    }

    async fn references_to_all(
        &self,
        repository: &RepositoryId,
        apis: &[Api],
    ) -> Result<BTreeMap<ApiId, Observation<Vec<Reference>>>, ProviderError> {
        self.code().await.references_to_all(repository, apis).await
    }
}

impl CodeHistoryFixture for Clones {
    fn history(&self) -> &dyn CodeHistory {
        self
    }
}

#[async_trait]
impl CodeHistory for Clones {
    async fn past_references(
        &self,
        repository: &RepositoryId,
        api: &Api,
    ) -> Result<Observation<Vec<PastReference>>, ProviderError> {
        self.code().await.past_references(repository, api).await
    }
}

#[async_trait]
impl ChangeObserver for Clones {
    async fn change(
        &self,
        repository: &RepositoryId,
        removal: &Removal,
    ) -> Result<Observation<ChangeState>, ProviderError> {
        self.code().await.change(repository, removal).await
    }
}

#[async_trait]
impl ChangeProposer for Clones {
    async fn propose(
        &self,
        repository: &RepositoryId,
        removal: &Removal,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        self.code().await.propose(repository, removal, permit).await
    }

    async fn withdraw(
        &self,
        repository: &RepositoryId,
        removal: &Removal,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        self.code()
            .await
            .withdraw(repository, removal, permit)
            .await
    }
}
