//! Documents on GitHub.

use std::fmt;

use async_trait::async_trait;
use deprovision_core::observation::Observation;
use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{
    DocumentMark, DocumentObserver, DocumentState, DocumentUpdater, Outcome, ProviderError,
};
use deprovision_core::resource::{DocumentId, RepositoryId};

use crate::change::GitHubCode;
use crate::change::pull_requests::PullRequests;
use crate::change::wanted::Wanted;
use crate::error::invalid;

/// Documents in repositories on GitHub: marked by a pull request.
///
/// A document is `github:OWNER:HOST:REPO/PATH`. It is marked in a clone by the
/// [`CloneWorkshop`](deprovision_core::provider::CloneWorkshop), and the branch goes to GitHub as that of [`GitHubCode`] does.
///
/// All documents of one repository that get the same mark of one API share the branch, and
/// so the pull request: marking one more extends it, taking one mark back leaves the
/// others, and a person who closes it has said no to all of them. Each document is observed
/// on its own.
///
/// ```no_run
/// # // no_run: it would call GitHub.
/// use deprovision_core::id::ApiId;
/// use deprovision_core::provider::{DocumentMark, DocumentObserver};
/// use deprovision_github::{GitHubCode, GitHubDocuments};
///
/// # async fn look(code: GitHubCode) -> Result<(), Box<dyn std::error::Error>> {
/// let documents = GitHubDocuments::new(&code);
/// let page = "github:acme:github.com:shop/docs/orders.md".parse()?;
/// let mark = DocumentMark::Deprecated {
///     api: ApiId::parse("orders-v1")?,
///     sunset: Some("2027-01-31T00:00:00Z".parse()?),
///     successor: Some(ApiId::parse("orders-v2")?),
/// };
/// println!("{:?}", documents.document(&page, &mark).await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct GitHubDocuments {
    requests: PullRequests,
}

impl fmt::Debug for GitHubDocuments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.requests.shown(f.debug_struct("GitHubDocuments"))
    }
}

impl GitHubDocuments {
    /// In the same clones, with the same workshop, labels and reviewers as code.
    #[must_use]
    pub fn new(code: &GitHubCode) -> Self {
        Self {
            requests: code.requests.clone(),
        }
    }
}

/// The repository and the path of a document.
fn place<'a>(
    operation: &str,
    id: &'a DocumentId,
) -> Result<(RepositoryId, &'a str), ProviderError> {
    id.in_repository().map_err(|error| {
        let advice = "write github:OWNER:HOST:REPO/PATH";
        invalid(operation, format!("{id} names no document; {advice}")).with_source(error)
    })
}

#[async_trait]
impl DocumentObserver for GitHubDocuments {
    async fn document(
        &self,
        id: &DocumentId,
        mark: &DocumentMark,
    ) -> Result<Observation<DocumentState>, ProviderError> {
        let (repository, path) = place("look at a document", id)?;
        let wanted = Wanted::Mark { path, mark };
        let seen = self.requests.look(&repository, wanted).await?;
        Ok(seen.map(DocumentState::new))
    }
}

#[async_trait]
impl DocumentUpdater for GitHubDocuments {
    async fn mark(
        &self,
        id: &DocumentId,
        mark: &DocumentMark,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let (repository, path) = place("mark a document", id)?;
        let wanted = Wanted::Mark { path, mark };
        self.requests.propose(&repository, wanted, permit).await
    }

    async fn unmark(
        &self,
        id: &DocumentId,
        mark: &DocumentMark,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let (repository, path) = place("take a mark back", id)?;
        let wanted = Wanted::Mark { path, mark };
        self.requests.take_back(&repository, wanted, permit).await
    }
}
