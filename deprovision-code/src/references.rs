//! The ports that search: references to one API, to all of them, and in the history.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use deprovision_core::catalog::Api;
use deprovision_core::id::ApiId;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{
    CodeHistory, CodeOwner, CodeSearch, ErrorKind, PastReference, ProviderError, Reference,
};
use deprovision_core::resource::RepositoryId;

use crate::code::{GitCode, documents_in};
use crate::error::GitError;
use crate::git::Git;
use crate::registry::Repository;
use crate::search::{
    CodeOwners, Markers, Scanner, SearchCache, add_authors, search, search_history,
};

/// What finds these markers.
pub(crate) fn scanner<'a>(
    markers: impl IntoIterator<Item = &'a Markers>,
    operation: &str,
) -> Result<Arc<Scanner>, ProviderError> {
    let scanner = Scanner::of_all(markers).map_err(|error| {
        ProviderError::new(
            ErrorKind::Invalid,
            operation,
            "the markers are too many or too long to search for",
        )
        .with_source(error)
    })?;
    Ok(Arc::new(scanner))
}

/// Says whom to ask about each reference: who is named for the file, else who changed
/// it last.
async fn add_owners(
    cache: &SearchCache,
    git: &Git,
    commit: &str,
    references: &mut [Reference],
) -> Result<(), GitError> {
    if references.is_empty() {
        return Ok(());
    }
    let owners = CodeOwners::in_commit(git, commit).await?;
    let mut unowned = BTreeSet::new();
    for reference in &mut *references {
        reference.owner = owners.of(&reference.file).map(CodeOwner::Named);
        if reference.owner.is_none() {
            unowned.insert(reference.file.clone());
        }
    }
    let authors = cache.last_authors(git, commit, &unowned).await?;
    add_authors(references, &authors);
    Ok(())
}

#[async_trait]
impl CodeSearch for GitCode {
    async fn references(
        &self,
        repository: &RepositoryId,
        api: &Api,
    ) -> Result<Observation<Vec<Reference>>, ProviderError> {
        const OPERATION: &str = "search for references";
        let git = &self.repositories.find(repository, OPERATION)?.git;
        match self.look(git, repository, api, None, OPERATION).await? {
            Ok(look) => {
                let mut references: Vec<Reference> = look.found.references().cloned().collect();
                add_owners(&self.cache, git, &look.default, &mut references)
                    .await
                    .map_err(|error| error.in_operation(OPERATION))?;
                Ok(self.observation(references, &look.found.missing))
            }
            Err(why) => Ok(Observation::unknown(why)),
        }
    }

    async fn references_to_all(
        &self,
        repository: &RepositoryId,
        apis: &[Api],
    ) -> Result<BTreeMap<ApiId, Observation<Vec<Reference>>>, ProviderError> {
        const OPERATION: &str = "search for references to all APIs";
        let Repository { git, branch, .. } = self.repositories.find(repository, OPERATION)?;
        let failed = |error: GitError| error.in_operation(OPERATION);
        let unknown = |api: &Api, why: String| (api.id.clone(), Observation::unknown(why));
        let Some(default) = git.commit_of(branch).await.map_err(failed)? else {
            let why = no_commit(branch, repository);
            return Ok(apis.iter().map(|api| unknown(api, why.clone())).collect());
        };
        let mut known = self.catalog.clone();
        known
            .apis
            .extend(apis.iter().map(|api| (api.id.clone(), api.clone())));
        let asked: BTreeMap<&ApiId, &Api> = apis.iter().map(|api| (&api.id, api)).collect();
        let markers = Markers::of_all(&known).into_iter();
        let markers: Vec<Markers> = markers
            .map(|markers| match asked.get(markers.api()) {
                Some(_) => markers,
                None => markers.of_somebody_else(),
            })
            .collect();
        let scanner = scanner(&markers, OPERATION)?;
        let none = BTreeSet::new();
        let found = search(git, &default, &scanner, &none, &self.cache)
            .await
            .map_err(failed)?;
        let mut references: Vec<Reference> = found.references().cloned().collect();
        add_owners(&self.cache, git, &default, &mut references)
            .await
            .map_err(failed)?;
        let mut by_api: BTreeMap<ApiId, Vec<Reference>> = BTreeMap::new();
        for reference in references {
            let references = by_api.entry(reference.api.clone()).or_default();
            references.push(reference);
        }
        let answer = |markers: &Markers| {
            let api = asked.get(markers.api())?;
            if markers.is_empty() {
                return Some(unknown(api, no_marker(api)));
            }
            let documents = documents_in(repository, api);
            let mut references = by_api.remove(&api.id).unwrap_or_default();
            references.retain(|reference| !documents.contains(reference.file.as_bytes()));
            let mut missing = found.missing.clone();
            missing.extend(markers.doubts().iter().cloned());
            Some((api.id.clone(), self.observation(references, &missing)))
        };
        Ok(markers.iter().filter_map(answer).collect())
    }
}

#[async_trait]
impl CodeHistory for GitCode {
    async fn past_references(
        &self,
        repository: &RepositoryId,
        api: &Api,
    ) -> Result<Observation<Vec<PastReference>>, ProviderError> {
        const OPERATION: &str = "search the history";
        let git = &self.repositories.find(repository, OPERATION)?.git;
        let markers = self.markers(api, None);
        if markers.is_empty() {
            return Ok(Observation::unknown(no_marker(api)));
        }
        let scanner = scanner([&markers], OPERATION)?;
        let mut past = search_history(git, &scanner)
            .await
            .map_err(|error| error.in_operation(OPERATION))?;
        past.missing.extend(markers.doubts().iter().cloned());
        Ok(self.observation(past.references, &past.missing))
    }
}

pub(crate) fn no_marker(api: &Api) -> String {
    format!(
        "nothing marks a caller of {}; give texts in its `markers`",
        api.id
    )
}

pub(crate) fn no_commit(branch: &str, repository: &RepositoryId) -> String {
    format!("the branch {branch} of {repository} has no commit")
}
