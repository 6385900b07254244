//! What is wanted of a repository, and how it is asked for in the clone.

use deprovision_core::catalog::Api;
use deprovision_core::observation::Observation;
use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{
    ChangeBranches, ChangeState, CloneWorkshop, DocumentMark, Outcome, ProviderError, Removal,
};
use deprovision_core::resource::DocumentId;

use crate::change::pull_requests::Work;
use crate::error::invalid;

/// A change that somebody wants. Everything but this is the same for all of them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted<'a> {
    Removal(&'a Removal),
    /// The mark of one document.
    Mark {
        path: &'a str,
        mark: &'a DocumentMark,
    },
}

impl Wanted<'_> {
    pub(super) fn branches(
        self,
        workshop: &dyn CloneWorkshop,
    ) -> Result<ChangeBranches, ProviderError> {
        match self {
            Self::Removal(removal) => Ok(workshop.branches(removal)),
            Self::Mark { mark, .. } => workshop.branches_of_mark(mark),
        }
    }
}

impl Work {
    /// Makes the change in the clone.
    pub(super) async fn make(
        &self,
        wanted: Wanted<'_>,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let opened = &self.opened;
        match wanted {
            Wanted::Removal(removal) => {
                let local = self.local_removal(removal);
                opened
                    .proposer
                    .propose(&opened.repository, &local, permit)
                    .await
            }
            Wanted::Mark { path, mark } => {
                let id = self.document(path)?;
                opened.document_updater.mark(&id, mark, permit).await
            }
        }
    }

    /// Takes the change back in the clone.
    pub(super) async fn unmake(
        &self,
        wanted: Wanted<'_>,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let opened = &self.opened;
        match wanted {
            Wanted::Removal(removal) => {
                let local = self.local_removal(removal);
                opened
                    .proposer
                    .withdraw(&opened.repository, &local, permit)
                    .await
            }
            Wanted::Mark { path, mark } => {
                let id = self.document(path)?;
                opened.document_updater.unmark(&id, mark, permit).await
            }
        }
    }

    /// How far the change has come, as far as the clone knows.
    pub(super) async fn seen(
        &self,
        wanted: Wanted<'_>,
    ) -> Result<Observation<ChangeState>, ProviderError> {
        let opened = &self.opened;
        match wanted {
            Wanted::Removal(removal) => {
                let local = self.local_removal(removal);
                opened.observer.change(&opened.repository, &local).await
            }
            Wanted::Mark { path, mark } => {
                let id = self.document(path)?;
                let seen = opened.document_observer.document(&id, mark).await?;
                Ok(seen.map(|state| state.change))
            }
        }
    }

    /// What a branch with changes in these files leaves to people, where the change itself
    /// leaves them `own`. Documents that share a branch are asked one by one, so that
    /// whichever is marked last tells of all.
    pub(super) async fn left(
        &self,
        wanted: Wanted<'_>,
        own: &[String],
        files: &[String],
    ) -> Vec<String> {
        let Wanted::Mark { mark, .. } = wanted else {
            return own.to_vec();
        };
        let mut all = Vec::new();
        for path in files {
            // A file that is none of the documents leaves nothing.
            if let Ok(seen) = self.seen(Wanted::Mark { path, mark }).await
                && let Some(ChangeState::Proposed { left, .. }) = known(&seen)
            {
                all.extend(left.iter().map(|left| format!("{path}: {left}")));
            }
        }
        all
    }

    /// The API, as those in the clone name things.
    pub(super) fn localised(&self, api: &Api) -> Api {
        let server = self.session.github().server();
        self.name.localised(api, server, &self.opened.repository)
    }

    fn local_removal(&self, removal: &Removal) -> Removal {
        let successor = removal.successor.as_ref();
        Removal::new(
            self.localised(&removal.api),
            successor.map(|api| self.localised(api)),
        )
    }

    fn document(&self, path: &str) -> Result<DocumentId, ProviderError> {
        self.opened.repository.document(path).map_err(|error| {
            let why = format!("{path} is no path of a document in {}", self.name);
            invalid("name a document", why).with_source(error)
        })
    }
}

/// What was seen, even where the files were not seen whole: a change that is there is there.
pub(super) fn known(seen: &Observation<ChangeState>) -> Option<&ChangeState> {
    match seen {
        Observation::Known { value, .. } => Some(value),
        Observation::Unknown { .. } => None,
    }
}
