//! Owners by Backstage's groups, as they are when a plan is made.

use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use crate::catalog::{BackstageOwners, Contact, Reached, Source, Unresolved};
use crate::digest::Digest;
use crate::id::{ApiId, CallerId};
use crate::observation::Observation;
use crate::provider::{ErrorKind, OwnerResolver, ProviderError};
use crate::time::Timestamp;

/// Where files of Backstage's entities come from: a disk, a repository, Backstage itself.
///
/// A function that gives names and texts is one; a slow one belongs on a thread of its own.
#[async_trait]
pub trait EntityFiles: Send + Sync {
    /// All files, each with its name and its text as it is now.
    ///
    /// # Errors
    /// [`ProviderError`] when one of them can not be had: a part of them is not enough.
    async fn entity_files(&self) -> Result<Vec<(String, String)>, ProviderError>;
}

#[async_trait]
impl<F> EntityFiles for F
where
    F: Fn() -> Result<Vec<(String, String)>, ProviderError> + Send + Sync,
{
    async fn entity_files(&self) -> Result<Vec<(String, String)>, ProviderError> {
        self()
    }
}

/// Finds owners and who is behind callers in Backstage's entities, groups and all: see
/// [`BackstageOwners`] for who that is.
///
/// The files are asked for each time, so that a plan is made with the groups of that
/// moment; they are read anew only when a text has changed.
///
/// # Behaviour
/// - A mistake in a file is an error that names the file, the line and the field: with a
///   part of the groups, some people would not be told (invariant I-22).
/// - An owner who is reached in part, or not at all, is a gap that the plan shows:
///   [`Unresolved`] in words.
/// - An API or a caller that no entity names has an empty list.
///
/// ```
/// use deprovision_core::provider::{BackstageGroups, ErrorKind, OwnerResolver, ProviderError};
///
/// let path = "catalog-info.yaml";
/// let resolver = BackstageGroups::new(move || {
///     let text = std::fs::read_to_string(path).map_err(|error| {
///         ProviderError::new(ErrorKind::NotFound, "read the entities", path).with_source(error)
///     })?;
///     Ok(vec![(path.to_owned(), text)])
/// });
/// # let _: &dyn OwnerResolver = &resolver;
/// // Providers::new().with_owners(Arc::new(resolver))
/// ```
pub struct BackstageGroups {
    files: Box<dyn EntityFiles>,
    last: Mutex<Option<(Digest, Arc<BackstageOwners>)>>,
}

impl fmt::Debug for BackstageGroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackstageGroups").finish_non_exhaustive()
    }
}

impl BackstageGroups {
    /// Over files of entities.
    #[must_use]
    pub fn new(files: impl EntityFiles + 'static) -> Self {
        Self {
            files: Box::new(files),
            last: Mutex::default(),
        }
    }

    /// What the files say now.
    async fn owners_now(&self) -> Result<Arc<BackstageOwners>, ProviderError> {
        let files = self.files.entity_files().await?;
        let digest = digest(&files);
        // A poisoned lock still holds a whole entry.
        let last = self.last.lock().unwrap_or_else(|p| p.into_inner()).clone();
        if let Some((_, owners)) = last.filter(|(of, _)| *of == digest) {
            return Ok(owners);
        }
        let sources: Vec<Source<'_>> = files
            .iter()
            .map(|(name, text)| Source::new(name, text))
            .collect();
        let owners = BackstageOwners::read(&sources).map_err(|errors| {
            let why = "correct the files of entities";
            ProviderError::new(ErrorKind::Invalid, "read Backstage's entities", why)
                .with_source(errors)
        })?;
        let owners = Arc::new(owners);
        let mut last = self.last.lock().unwrap_or_else(|p| p.into_inner());
        *last = Some((digest, Arc::clone(&owners)));
        Ok(owners)
    }
}

/// Of names and texts, each with its length, so that no two lists look the same.
fn digest(files: &[(String, String)]) -> Digest {
    let mut bytes = Vec::new();
    for part in files.iter().flat_map(|(name, text)| [name, text]) {
        bytes.extend_from_slice(&part.len().to_le_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    Digest::of_bytes(&bytes)
}

/// Who was reached, and whom that missed, as an observation of now.
fn seen(behind: Option<Result<Reached, Unresolved>>) -> Observation<Vec<Contact>> {
    let (found, missed) = match behind {
        None => (Vec::new(), Vec::new()),
        Some(Ok(reached)) => (reached.people, reached.missed),
        Some(Err(why)) => (Vec::new(), vec![why]),
    };
    let now = Timestamp::now();
    if missed.is_empty() {
        return Observation::complete(found, now);
    }
    let why: Vec<String> = missed.iter().map(ToString::to_string).collect();
    Observation::partial(found, now, why.join("; "))
}

#[async_trait]
impl OwnerResolver for BackstageGroups {
    async fn owners(&self, api: &ApiId) -> Result<Observation<Vec<Contact>>, ProviderError> {
        Ok(seen(self.owners_now().await?.of(api)))
    }

    async fn consumer(
        &self,
        _api: &ApiId,
        caller: &CallerId,
    ) -> Result<Observation<Vec<Contact>>, ProviderError> {
        Ok(seen(self.owners_now().await?.behind(caller)))
    }
}
