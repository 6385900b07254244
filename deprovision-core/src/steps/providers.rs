//! Which adapter serves which provider.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::answer::AnswerDesk;
use crate::id::{PersonId, ProviderId, RetirementId};
use crate::provider::{
    AccessPath, AccessPathObserver, ArchiveReader, Archiver, ChangeObserver, ChangeProposer,
    CodeSearch, CredentialObserver, CredentialRevoker, DatasetReader, DeliveryObserver,
    DocumentObserver, DocumentUpdater, Eraser, ErrorKind, GrantObserver, Notifier, OwnerResolver,
    PathProbe, PermissionAuditor, ProviderError,
};
use crate::resource::{Locator, NoticeId};

/// The ports of a provider of access paths.
#[derive(Clone)]
pub(super) struct PathPorts {
    pub(super) observer: Arc<dyn AccessPathObserver>,
    pub(super) path: Arc<dyn AccessPath>,
    pub(super) probe: Arc<dyn PathProbe>,
}

/// The ports of a provider of credentials.
#[derive(Clone)]
pub(super) struct CredentialPorts {
    pub(super) observer: Arc<dyn CredentialObserver>,
    pub(super) revoker: Arc<dyn CredentialRevoker>,
}

/// The ports of a provider of grants.
#[derive(Clone)]
pub(super) struct GrantPorts {
    pub(super) observer: Arc<dyn GrantObserver>,
    pub(super) auditor: Arc<dyn PermissionAuditor>,
}

/// The ports of the place where archives go.
#[derive(Clone)]
pub(super) struct ArchivePorts {
    pub(super) archiver: Arc<dyn Archiver>,
    pub(super) reader: Arc<dyn ArchiveReader>,
    pub(super) scratch: Arc<dyn DatasetReader>,
}

/// The ports of a provider of documents.
#[derive(Clone)]
pub(super) struct DocumentPorts {
    pub(super) observer: Arc<dyn DocumentObserver>,
    pub(super) updater: Arc<dyn DocumentUpdater>,
}

/// The ports of a provider of repositories.
#[derive(Clone)]
pub(super) struct RepositoryPorts {
    pub(super) search: Arc<dyn CodeSearch>,
    pub(super) observer: Arc<dyn ChangeObserver>,
    pub(super) proposer: Arc<dyn ChangeProposer>,
}

/// The ports of the way notices go, and the account they go under.
#[derive(Clone)]
pub(super) struct NoticePorts {
    account: String,
    region: String,
    provider: ProviderId,
    pub(super) observer: Arc<dyn DeliveryObserver>,
    pub(super) notifier: Arc<dyn Notifier>,
}

impl NoticePorts {
    /// The id of a notice: one a retirement, stage and person.
    pub(super) fn id(
        &self,
        retirement: &RetirementId,
        stage: &str,
        person: &PersonId,
    ) -> Result<NoticeId, ProviderError> {
        let name = format!("{retirement}/{stage}/{person}");
        Locator::new(self.provider.as_str(), &self.account, &self.region, &name)
            .map(NoticeId::new)
            .map_err(|error| {
                ProviderError::new(ErrorKind::Invalid, "name a notice", "shorten the ids")
                    .with_source(error)
            })
    }
}

/// The adapters that the built-in steps use, by the provider that a resource's
/// reference names: one API may have keys in two places.
#[derive(Clone, Default)]
pub struct Providers {
    paths: BTreeMap<ProviderId, PathPorts>,
    credentials: BTreeMap<ProviderId, CredentialPorts>,
    grants: BTreeMap<ProviderId, GrantPorts>,
    datasets: BTreeMap<ProviderId, Arc<dyn DatasetReader>>,
    erasers: BTreeMap<ProviderId, Arc<dyn Eraser>>,
    archive: Option<ArchivePorts>,
    documents: BTreeMap<ProviderId, DocumentPorts>,
    repositories: BTreeMap<ProviderId, RepositoryPorts>,
    notices: Option<NoticePorts>,
    owners: Vec<Arc<dyn OwnerResolver>>,
    answers: Option<Arc<AnswerDesk>>,
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Providers")
            .field("paths", &self.paths.keys())
            .field("credentials", &self.credentials.keys())
            .field("grants", &self.grants.keys())
            .field("datasets", &self.datasets.keys())
            .field("erasers", &self.erasers.keys())
            .field("archive", &self.archive.is_some())
            .field("documents", &self.documents.keys())
            .field("repositories", &self.repositories.keys())
            .field("notices", &self.notices.is_some())
            .field("owners", &self.owners.len())
            .finish()
    }
}

impl Providers {
    /// No adapter at all.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With access paths behind `provider`.
    #[must_use]
    pub fn with_paths<A>(
        mut self,
        provider: ProviderId,
        adapter: Arc<A>,
        probe: Arc<dyn PathProbe>,
    ) -> Self
    where
        A: AccessPathObserver + AccessPath + 'static,
    {
        let ports = PathPorts {
            observer: adapter.clone(),
            path: adapter,
            probe,
        };
        self.paths.insert(provider, ports);
        self
    }

    /// With credentials behind `provider`; the observer may be another client
    /// than the revoker (invariant I-13).
    #[must_use]
    pub fn with_credentials(
        mut self,
        provider: ProviderId,
        observer: Arc<dyn CredentialObserver>,
        revoker: Arc<dyn CredentialRevoker>,
    ) -> Self {
        let ports = CredentialPorts { observer, revoker };
        self.credentials.insert(provider, ports);
        self
    }

    /// With grants behind `provider`.
    #[must_use]
    pub fn with_grants(
        mut self,
        provider: ProviderId,
        observer: Arc<dyn GrantObserver>,
        auditor: Arc<dyn PermissionAuditor>,
    ) -> Self {
        self.grants
            .insert(provider, GrantPorts { observer, auditor });
        self
    }

    /// With data behind `provider`, to be read.
    #[must_use]
    pub fn with_datasets(mut self, provider: ProviderId, reader: Arc<dyn DatasetReader>) -> Self {
        self.datasets.insert(provider, reader);
        self
    }

    /// With data behind `provider`, to be erased.
    #[must_use]
    pub fn with_eraser(mut self, provider: ProviderId, eraser: Arc<dyn Eraser>) -> Self {
        self.erasers.insert(provider, eraser);
        self
    }

    /// With the place where archives go; `scratch` reads what the archiver restores.
    #[must_use]
    pub fn with_archive<A>(mut self, archive: Arc<A>, scratch: Arc<dyn DatasetReader>) -> Self
    where
        A: Archiver + ArchiveReader + 'static,
    {
        self.archive = Some(ArchivePorts {
            archiver: archive.clone(),
            reader: archive,
            scratch,
        });
        self
    }

    /// With documents behind `provider`.
    #[must_use]
    pub fn with_documents<A>(mut self, provider: ProviderId, adapter: Arc<A>) -> Self
    where
        A: DocumentObserver + DocumentUpdater + 'static,
    {
        let ports = DocumentPorts {
            observer: adapter.clone(),
            updater: adapter,
        };
        self.documents.insert(provider, ports);
        self
    }

    /// With repositories behind `provider`.
    #[must_use]
    pub fn with_repositories<A>(mut self, provider: ProviderId, adapter: Arc<A>) -> Self
    where
        A: CodeSearch + ChangeObserver + ChangeProposer + 'static,
    {
        let ports = RepositoryPorts {
            search: adapter.clone(),
            observer: adapter.clone(),
            proposer: adapter,
        };
        self.repositories.insert(provider, ports);
        self
    }

    /// With the way that notices go: they are named `provider:account:region:…`.
    #[must_use]
    pub fn with_notices<A>(
        mut self,
        provider: ProviderId,
        account: impl Into<String>,
        region: impl Into<String>,
        adapter: Arc<A>,
    ) -> Self
    where
        A: DeliveryObserver + Notifier + 'static,
    {
        self.notices = Some(NoticePorts {
            account: account.into(),
            region: region.into(),
            provider,
            observer: adapter.clone(),
            notifier: adapter,
        });
        self
    }

    /// With links in notices by which people answer.
    #[must_use]
    pub fn with_answers(mut self, desk: Arc<AnswerDesk>) -> Self {
        self.answers = Some(desk);
        self
    }

    /// With one more way to find out who is behind a caller.
    #[must_use]
    pub fn with_owners(mut self, resolver: Arc<dyn OwnerResolver>) -> Self {
        self.owners.push(resolver);
        self
    }

    pub(super) fn path(&self, provider: &ProviderId) -> Result<&PathPorts, ProviderError> {
        find(&self.paths, provider, "access paths")
    }

    pub(super) fn credential(
        &self,
        provider: &ProviderId,
    ) -> Result<&CredentialPorts, ProviderError> {
        find(&self.credentials, provider, "credentials")
    }

    /// `None` when the provider has no grants: not every issuer of keys has.
    pub(super) fn grants_of(&self, provider: &ProviderId) -> Option<&GrantPorts> {
        self.grants.get(provider)
    }

    pub(super) fn grant(&self, provider: &ProviderId) -> Result<&GrantPorts, ProviderError> {
        find(&self.grants, provider, "grants")
    }

    pub(super) fn dataset(
        &self,
        provider: &ProviderId,
    ) -> Result<&Arc<dyn DatasetReader>, ProviderError> {
        find(&self.datasets, provider, "datasets")
    }

    pub(super) fn eraser(&self, provider: &ProviderId) -> Result<&Arc<dyn Eraser>, ProviderError> {
        find(&self.erasers, provider, "erasing datasets")
    }

    pub(super) fn archive(&self) -> Result<&ArchivePorts, ProviderError> {
        self.archive
            .as_ref()
            .ok_or_else(|| missing("archives", "any provider"))
    }

    pub(super) fn document(&self, provider: &ProviderId) -> Result<&DocumentPorts, ProviderError> {
        find(&self.documents, provider, "documents")
    }

    pub(super) fn repository(
        &self,
        provider: &ProviderId,
    ) -> Result<&RepositoryPorts, ProviderError> {
        find(&self.repositories, provider, "repositories")
    }

    pub(super) fn notices(&self) -> Result<&NoticePorts, ProviderError> {
        self.notices
            .as_ref()
            .ok_or_else(|| missing("notices", "any provider"))
    }

    pub(super) fn answers(&self) -> Option<&AnswerDesk> {
        self.answers.as_deref()
    }

    pub(super) fn owners(&self) -> &[Arc<dyn OwnerResolver>] {
        &self.owners
    }
}

fn find<'a, T>(
    ports: &'a BTreeMap<ProviderId, T>,
    provider: &ProviderId,
    what: &str,
) -> Result<&'a T, ProviderError> {
    ports
        .get(provider)
        .ok_or_else(|| missing(what, provider.as_str()))
}

fn missing(what: &str, provider: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Unsupported,
        format!("find an adapter for {what} behind {provider}"),
        "plug one in with `Providers`",
    )
}
