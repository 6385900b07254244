//! References in registered repositories: found, and removed on a branch.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use deprovision_core::catalog::{Api, Catalog};
use deprovision_core::observation::Observation;
use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{
    ChangeObserver, ChangeProposer, ChangeState, ErrorKind, Outcome, ProviderError, Reference,
    Removal,
};
use deprovision_core::resource::RepositoryId;

use crate::change::{
    BranchState, ChangeName, Published, Selection, publish, retract, reversal_proposed,
    revert_merged,
};
use crate::error::GitError;
use crate::git::Git;
use crate::references::{no_commit, no_marker, scanner};
use crate::registry::{GitRepositories, Repository};
use crate::removal::{RemovalSettings, fingerprint};
use crate::search::{Found, Markers, Scanner, SearchCache, search};

/// Searches registered repositories, and proposes removals as branches in them.
///
/// Only the default branch counts, as it is committed. The documents of the API
/// (`resources.documents`) are left out: they describe it, and the document step
/// marks them.
///
/// A removal is one commit on the branch `deprovision/<api>/remove-references`.
/// It is made from objects, with an index of its own: working tree, index, `HEAD`
/// and current branch of the user stay as they are.
#[derive(Debug)]
pub struct GitCode {
    pub(crate) repositories: Arc<GitRepositories>,
    pub(crate) catalog: Catalog,
    pub(crate) cache: SearchCache,
    settings: RemovalSettings,
}

impl GitCode {
    /// Over these repositories.
    #[must_use]
    pub fn new(repositories: Arc<GitRepositories>) -> Self {
        Self {
            repositories,
            catalog: Catalog::default(),
            settings: RemovalSettings::new(),
            cache: SearchCache::in_memory(),
        }
    }

    /// With another cache: one that outlives the process, or is shared. Without it,
    /// what was searched is remembered as long as this value lives.
    #[must_use]
    pub fn with_cache(mut self, cache: SearchCache) -> Self {
        self.cache = cache;
        self
    }

    /// Knowing the other APIs, so that what they share (a host, an operation id)
    /// marks no caller. Without it, `references` takes a shared host for a reference.
    #[must_use]
    pub fn knowing(mut self, catalog: Catalog) -> Self {
        self.catalog = catalog;
        self
    }

    /// Removing by more rules, by hooks, or only what a judge accepts.
    #[must_use]
    pub fn removing(mut self, settings: RemovalSettings) -> Self {
        self.settings = settings;
        self
    }

    pub(crate) fn settings(&self) -> &RemovalSettings {
        &self.settings
    }

    pub(crate) fn git(
        &self,
        repository: &RepositoryId,
        operation: &str,
    ) -> Result<&Git, ProviderError> {
        Ok(&self.repositories.find(repository, operation)?.git)
    }

    /// The proposed change as a patch for `git apply`; empty when the change edits
    /// nothing. It has the bytes of the files, which may be no UTF-8.
    ///
    /// # Errors
    /// [`ProviderError`] of kind `NotFound` when nothing is proposed.
    pub async fn patch(
        &self,
        repository: &RepositoryId,
        removal: &Removal,
    ) -> Result<Vec<u8>, ProviderError> {
        const OPERATION: &str = "patch of a removal";
        let failed = |error: GitError| error.in_operation(OPERATION);
        let Repository { git, branch, .. } = self.repositories.find(repository, OPERATION)?;
        let name = change_name(removal);
        let none = || {
            ProviderError::new(
                ErrorKind::NotFound,
                OPERATION,
                format!(
                    "{repository} has no branch {}; propose it first",
                    name.branch()
                ),
            )
        };
        let default = git
            .commit_of(branch)
            .await
            .map_err(failed)?
            .ok_or_else(none)?;
        let (from, to) = match name.state(git, &default).await.map_err(failed)? {
            BranchState::Ours { tip, commit } => (commit.base, tip.commit),
            BranchState::Extended { tip } => (default, tip.commit),
            BranchState::Absent | BranchState::Foreign { .. } => return Err(none()),
        };
        git.diff(&from, &to).await.map_err(failed)
    }

    pub(crate) fn markers(&self, api: &Api, successor: Option<&Api>) -> Markers {
        Markers::of(api, self.catalog.apis.values().chain(successor))
    }

    pub(crate) async fn look(
        &self,
        git: &Git,
        repository: &RepositoryId,
        api: &Api,
        successor: Option<&Api>,
        operation: &str,
    ) -> Result<Result<Look, String>, ProviderError> {
        let branch = &self.repositories.find(repository, operation)?.branch;
        let failed = |error: GitError| error.in_operation(operation);
        let markers = self.markers(api, successor);
        if markers.is_empty() {
            return Ok(Err(no_marker(api)));
        }
        let Some(default) = git.commit_of(branch).await.map_err(failed)? else {
            return Ok(Err(no_commit(branch, repository)));
        };
        let scanner = scanner([&markers], operation)?;
        let left_out = documents_in(repository, api);
        let mut found = search(git, &default, &scanner, &left_out, &self.cache)
            .await
            .map_err(failed)?;
        found.missing.extend(markers.doubts().iter().cloned());
        Ok(Ok(Look {
            default,
            fingerprint: String::new(),
            markers,
            scanner,
            left_out,
            found,
        }))
    }

    pub(crate) async fn look_for(
        &self,
        git: &Git,
        repository: &RepositoryId,
        removal: &Removal,
        operation: &str,
    ) -> Result<Result<Look, String>, ProviderError> {
        let successor = removal.successor.as_ref();
        let look = self
            .look(git, repository, &removal.api, successor, operation)
            .await?;
        Ok(look.map(|look| Look {
            fingerprint: fingerprint(&look.markers, removal, &self.settings),
            ..look
        }))
    }

    pub(crate) fn observation<T>(&self, value: T, missing: &[String]) -> Observation<T> {
        let now = self.repositories.now();
        if missing.is_empty() {
            Observation::complete(value, now)
        } else {
            Observation::partial(value, now, missing.join("; "))
        }
    }
}

/// What the default version of a repository holds.
pub(crate) struct Look {
    pub(crate) default: String,
    fingerprint: String,
    markers: Markers,
    pub(crate) scanner: Arc<Scanner>,
    pub(crate) left_out: BTreeSet<Vec<u8>>,
    pub(crate) found: Found,
}

pub(crate) fn change_name(removal: &Removal) -> ChangeName {
    ChangeName::new(&removal.api.id, "remove-references")
}

/// The paths of the API's documents in a repository: `<repository>/<path>`.
pub(crate) fn documents_in(repository: &RepositoryId, api: &Api) -> BTreeSet<Vec<u8>> {
    let documents = api.resources.documents.iter();
    documents
        .filter_map(|id| id.in_repository().ok())
        .filter(|(of, _)| of == repository)
        .map(|(_, path)| path.as_bytes().to_vec())
        .collect()
}

#[async_trait]
impl ChangeObserver for GitCode {
    async fn change(
        &self,
        repository: &RepositoryId,
        removal: &Removal,
    ) -> Result<Observation<ChangeState>, ProviderError> {
        const OPERATION: &str = "look for a removal";
        let failed = |error: GitError| error.in_operation(OPERATION);
        let git = &self.repositories.find(repository, OPERATION)?.git;
        let look = match self.look_for(git, repository, removal, OPERATION).await? {
            Ok(look) => look,
            Err(why) => return Ok(Observation::unknown(why)),
        };
        if look.found.is_empty() {
            let name = change_name(removal);
            let reversal = reversal_proposed(git, &name, &look.default, None);
            let state = match reversal.await.map_err(failed)? {
                Some(at) => ChangeState::Reverting { at },
                None => ChangeState::Merged { at: look.default },
            };
            return Ok(self.observation(state, &look.found.missing));
        }
        let name = change_name(removal);
        let (tip, stale) = match name.state(git, &look.default).await.map_err(failed)? {
            BranchState::Absent | BranchState::Foreign { .. } => (None, false),
            BranchState::Ours { tip, commit } => {
                let stale = commit.base != look.default || commit.fingerprint != look.fingerprint;
                (Some(tip), stale)
            }
            BranchState::Extended { tip } => (Some(tip), false),
        };
        let Some(tip) = tip else {
            return Ok(self.observation(ChangeState::Absent, &look.found.missing));
        };
        if git
            .is_ancestor(&tip.commit, &look.default)
            .await
            .map_err(failed)?
        {
            // What it had to give is merged, and references are left.
            return Ok(self.observation(ChangeState::Absent, &look.found.missing));
        }
        let there = search(git, &tip.commit, &look.scanner, &look.left_out, &self.cache)
            .await
            .map_err(failed)?;
        let mut left: Vec<String> = there.references().map(describe).collect();
        if stale {
            left.push(format!(
                "the default branch or the API has changed since: propose again, on top of {}",
                look.default
            ));
        }
        let state = ChangeState::Proposed {
            at: name.branch(),
            left,
        };
        Ok(self.observation(state, &look.found.missing))
    }
}

fn describe(reference: &Reference) -> String {
    format!(
        "{}:{}: {} {}",
        reference.file, reference.line, reference.marker.origin, reference.marker.text
    )
}

#[async_trait]
impl ChangeProposer for GitCode {
    async fn propose(
        &self,
        repository: &RepositoryId,
        removal: &Removal,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        const OPERATION: &str = "propose a removal";
        let now = Instant::now();
        let end = now
            .checked_add(permit.call_timeout().to_duration())
            .unwrap_or(now);
        let failed = |error: GitError| error.in_operation(OPERATION);
        let git = self.writing(repository, permit, OPERATION)?;
        let look = match self.look_for(&git, repository, removal, OPERATION).await? {
            Ok(look) => look,
            Err(why) => return Ok(Outcome::not_done(why)),
        };
        if look.found.is_empty() {
            return Ok(Outcome::done(format!(
                "{} holds no reference",
                look.default
            )));
        }
        let name = change_name(removal);
        let seen = match name.state(&git, &look.default).await.map_err(failed)? {
            BranchState::Absent => None,
            BranchState::Ours { tip, commit } => {
                if commit.base == look.default && commit.fingerprint == look.fingerprint {
                    return Ok(Outcome::done(format!(
                        "{} at {}",
                        name.branch(),
                        tip.commit
                    )));
                }
                Some(tip)
            }
            BranchState::Extended { tip } => {
                return Ok(Outcome::done(format!(
                    "{} at {}, with the work of others on top",
                    name.branch(),
                    tip.commit
                )));
            }
            BranchState::Foreign { tip } => {
                return Err(BranchState::foreign(&name, &tip, OPERATION));
            }
        };
        let plan = self.planned(&git, &look, removal).await.map_err(failed)?;
        if let Some(why) = self.objection(&git, &look, &plan, end).await {
            return Ok(Outcome::not_done(why));
        }
        let text = plan.message(removal, &self.settings);
        let change = Published {
            name: &name,
            base: &look.default,
            edits: &plan.edits,
            text: &text,
            trailers: "",
            fingerprint: &look.fingerprint,
        };
        publish(&git, &change, seen.as_ref(), OPERATION).await
    }

    async fn withdraw(
        &self,
        repository: &RepositoryId,
        removal: &Removal,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        const OPERATION: &str = "withdraw a removal";
        let failed = |error: GitError| error.in_operation(OPERATION);
        let git = self.writing(repository, permit, OPERATION)?;
        let branch = &self.repositories.find(repository, OPERATION)?.branch;
        let Some(default) = git.commit_of(branch).await.map_err(failed)? else {
            return Ok(Outcome::done("there is nothing to withdraw"));
        };
        let name = change_name(removal);
        match name.state(&git, &default).await.map_err(failed)? {
            // A foreign branch is nothing that `propose` made.
            BranchState::Absent | BranchState::Foreign { .. } => {}
            BranchState::Ours { tip, .. } => {
                let merged = git
                    .is_ancestor(&tip.commit, &default)
                    .await
                    .map_err(failed)?;
                let outcome = retract(&git, &name, &tip, OPERATION).await?;
                let done = matches!(outcome, Outcome::Done { .. });
                if !(merged && done) {
                    return Ok(outcome);
                }
            }
            BranchState::Extended { tip } => {
                return Ok(Outcome::not_done(format!(
                    "{} at {} holds the work of others; remove it by hand",
                    name.branch(),
                    tip.commit
                )));
            }
        }
        revert_merged(&git, &name, &default, Selection::All, OPERATION).await
    }
}

impl GitCode {
    /// Git, for as long as the permit allows.
    fn writing(
        &self,
        repository: &RepositoryId,
        permit: &WritePermit,
        operation: &str,
    ) -> Result<Git, ProviderError> {
        let repository = self.repositories.find(repository, operation)?;
        Ok(repository.git.within(permit.call_timeout().to_duration()))
    }
}
