//! Where an organisation names an API.

use std::collections::BTreeSet;

use deprovision_core::catalog::Api;
use deprovision_core::observation::{Coverage, Observation};
use deprovision_core::provider::{CodeSearch, ErrorKind, ProviderError, Reference};
use deprovision_core::resource::RepositoryId;
use serde::Deserialize;

use crate::call::SEARCH_CODE;
use crate::change::GitHubCode;
use crate::client::{As, GitHub, Session};
use crate::error::Failed;
use crate::name::RepositoryName;
use crate::organisation::texts::texts;
use crate::organisation::{Listed, list_repositories};

/// GitHub's search gives no more than this.
const MOST_HITS: u64 = 1_000;

/// Which repositories are cloned and searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Reach {
    /// Those that GitHub's code search names. Quick, and never complete: the answer says
    /// what the code search does not see.
    #[default]
    Hinted,
    /// Every repository that can be seen. As complete as the clones are.
    Every,
}

/// A repository that names the API.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundRepository {
    /// Which.
    pub id: RepositoryId,
    /// Whether it is read-only: no change can be proposed to it.
    pub archived: bool,
    /// Whether it is a fork.
    pub fork: bool,
    /// Where it names the API, as seen in a clone.
    pub references: Vec<Reference>,
}

/// Searches all repositories of an organisation.
///
/// GitHub's code search is a hint: 10 requests a minute, 1,000 hits, the default branch
/// alone, no forks, no large files, and an index that is not of this moment. What it names
/// is cloned, shallowly, and searched as one's own repositories are; only that counts.
#[derive(Debug, Clone)]
pub struct OrganisationSearch {
    code: GitHubCode,
    github: GitHub,
    organisation: String,
    reach: Reach,
    forks: bool,
}

impl OrganisationSearch {
    /// In this organisation.
    #[must_use]
    pub fn new(github: &GitHub, code: &GitHubCode, organisation: impl Into<String>) -> Self {
        Self {
            code: code.clone(),
            github: github.clone(),
            organisation: organisation.into(),
            reach: Reach::default(),
            forks: false,
        }
    }

    /// In which of its repositories.
    #[must_use]
    pub fn reaching(mut self, reach: Reach) -> Self {
        self.reach = reach;
        self
    }

    /// In forks too. They are left out otherwise: what is removed upstream comes to them.
    #[must_use]
    pub fn with_forks(mut self) -> Self {
        self.forks = true;
        self
    }

    /// The repositories that name the API, each with its references.
    ///
    /// # Errors
    /// When the organisation can not be listed, or GitHub does not listen: then with the
    /// time when it does.
    pub async fn find(
        &self,
        api: &Api,
    ) -> Result<Observation<Vec<FoundRepository>>, ProviderError> {
        let session = self.github.reading();
        let texts = texts(api);
        if texts.is_empty() {
            return Ok(Observation::unknown(format!(
                "nothing marks a caller of {}; give texts in its `markers`",
                api.id
            )));
        }
        let mut missing = Vec::new();
        let listed = list_repositories(&session, &self.organisation)
            .await
            .map_err(Failed::of_read)?;
        let hinted = match self.reach {
            Reach::Hinted => Some(self.hints(&session, &texts, &mut missing).await?),
            Reach::Every => None,
        };
        let mut found = Vec::new();
        for repository in listed {
            if repository.fork && !self.forks {
                missing.push(format!("the fork {} was left out", repository.name));
                continue;
            }
            let is_hinted = |names: &BTreeSet<String>| names.contains(&repository.name);
            if hinted.as_ref().is_some_and(|names| !is_hinted(names)) {
                continue;
            }
            self.look_into(repository, api, &mut found, &mut missing)
                .await?;
        }
        let now = self.github.now();
        Ok(match missing.as_slice() {
            [] => Observation::complete(found, now),
            missing => Observation::partial(found, now, missing.join("; ")),
        })
    }

    /// The repositories that GitHub's search names.
    async fn hints(
        &self,
        session: &Session,
        texts: &BTreeSet<String>,
        missing: &mut Vec<String>,
    ) -> Result<BTreeSet<String>, ProviderError> {
        #[derive(Deserialize)]
        struct Page {
            total_count: u64,
            #[serde(default)]
            incomplete_results: bool,
            items: Vec<Item>,
        }
        #[derive(Deserialize)]
        struct Item {
            repository: InRepository,
        }
        #[derive(Deserialize)]
        struct InRepository {
            name: String,
        }
        missing.push(
            "GitHub's code search sees the default branch alone, no files over 384 KB, no forks, and an index that is not of this moment"
                .to_owned(),
        );
        let mut names = BTreeSet::new();
        for text in texts {
            let query = format!("\"{text}\" org:{}", self.organisation);
            let pages: Vec<Page> = session
                .pages(&SEARCH_CODE, As::Ourselves, &[], &[("q", query.as_str())])
                .await
                .map_err(Failed::of_read)?;
            if pages.iter().any(|page| page.total_count > MOST_HITS) {
                missing.push(format!(
                    "{text:?} has more than {MOST_HITS} hits, and GitHub shows no more"
                ));
            }
            if pages.iter().any(|page| page.incomplete_results) {
                missing.push(format!("GitHub did not finish its search for {text:?}"));
            }
            let items = pages.into_iter().flat_map(|page| page.items);
            names.extend(items.map(|item| item.repository.name));
        }
        Ok(names)
    }

    async fn look_into(
        &self,
        repository: Listed,
        api: &Api,
        found: &mut Vec<FoundRepository>,
        missing: &mut Vec<String>,
    ) -> Result<(), ProviderError> {
        const OPERATION: &str = "search an organisation";
        let name = RepositoryName::parse(OPERATION, &self.organisation, &repository.name)?;
        let id = name.id(OPERATION, self.github.server())?;
        let references = match self.code.references(&id, api).await {
            Ok(Observation::Known {
                value, coverage, ..
            }) => {
                if let Coverage::Partial { missing: what } = coverage {
                    missing.push(format!("{}: {what}", repository.name));
                }
                value
            }
            Ok(Observation::Unknown { why }) => {
                missing.push(format!("{}: {why}", repository.name));
                return Ok(());
            }
            // GitHub does not listen now: what is left would all be missing.
            Err(error) if matches!(error.kind(), ErrorKind::Throttled { .. }) => return Err(error),
            Err(error) => {
                missing.push(format!("{}: {error}", repository.name));
                return Ok(());
            }
        };
        if !references.is_empty() {
            found.push(FoundRepository {
                id,
                archived: repository.archived,
                fork: repository.fork,
                references,
            });
        }
        Ok(())
    }
}
