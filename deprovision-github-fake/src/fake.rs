//! The fake, as tests see it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::fault::{Fault, Faults};
use crate::git::{Bare, Files};
use crate::routes::{merge, url};
use crate::server::{Recorded, Shared, accept, locked};
use crate::state::{DeployKey, Hook, Installation, OrganisationSecret, Pull, Repository, State};

/// What went wrong in the fake.
pub type Problem = Box<dyn std::error::Error + Send + Sync>;

/// A GitHub on a free port of this machine, until it is dropped.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use deprovision_github_fake::Fake;
/// let github = Fake::start().await?;
/// github.repository("acme", "shop", &[("a.txt", "one\n")])?;
/// github.commit("acme/shop", "main", &[("a.txt", Some("two\n"))])?;
/// assert_eq!(github.files("acme/shop", "main")?["a.txt"], b"two\n");
/// # Ok::<(), deprovision_github_fake::Problem>(()) })?;
/// # Ok::<(), deprovision_github_fake::Problem>(())
/// ```
#[derive(Debug)]
pub struct Fake {
    shared: Arc<Shared>,
    server: JoinHandle<()>,
    _root: tempfile::TempDir,
}

/// A pull request, as a person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShownPull {
    /// Its number.
    pub number: u64,
    /// Where a person sees it.
    pub url: String,
    /// The branch.
    pub head: String,
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// Whether it waits.
    pub open: bool,
    /// Whether it was merged.
    pub merged: bool,
    /// Its labels, in order; one that is there twice is twice here.
    pub labels: Vec<String>,
    /// Who is asked for a review: people, and teams.
    pub reviewers: BTreeSet<String>,
    /// The commit of its branch.
    pub head_sha: String,
    /// The texts of its comments.
    pub comments: Vec<String>,
}

/// An issue, as a person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShownIssue {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// Whether it is open.
    pub open: bool,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Fake {
    /// The token of `robot`, who may do everything.
    pub const TOKEN: &'static str = "ghp_fake_robot_0000000000000000000000000";

    /// Starts it, empty.
    ///
    /// # Errors
    /// When no port or no folder can be had.
    pub async fn start() -> Result<Self, Problem> {
        let root = tempfile::tempdir()?;
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let mut state = State::default();
        state
            .tokens
            .insert(Self::TOKEN.to_owned(), "robot".to_owned());
        let shared = Arc::new(Shared {
            address: listener.local_addr()?,
            root: root.path().to_owned(),
            state: Mutex::new(state.clone()),
            before: Mutex::new(state),
            faults: Mutex::new(Faults::default()),
            recorded: Mutex::default(),
            violations: Mutex::default(),
            hanging: AtomicU64::new(0),
        });
        let server = tokio::spawn(accept(listener, shared.clone()));
        Ok(Self {
            shared,
            server,
            _root: root,
        })
    }

    /// Where it is, without a slash at the end: the API as on github.com, git below
    /// `/OWNER/REPO.git`, and the API as of an Enterprise Server below `/api/v3`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.shared.address)
    }

    fn change<T>(
        &self,
        full_name: &str,
        change: impl FnOnce(&mut Repository) -> T,
    ) -> Result<T, Problem> {
        let (owner, name) = full_name.split_once('/').ok_or("write OWNER/REPO")?;
        let mut state = locked(&self.shared.state);
        let repository = state
            .repository_mut(owner, name)
            .ok_or_else(|| format!("there is no {full_name}"))?;
        Ok(change(repository))
    }

    /// Makes a repository whose `main` holds these files; none without a file.
    ///
    /// # Errors
    /// When git fails.
    pub fn repository<T: AsRef<[u8]>>(
        &self,
        owner: &str,
        name: &str,
        files: &[(&str, T)],
    ) -> Result<(), Problem> {
        let directory = self.shared.root.join(owner).join(format!("{name}.git"));
        let bare = Bare::create(&directory, "main")?;
        if !files.is_empty() {
            let files = files
                .iter()
                .map(|(name, bytes)| ((*name).to_owned(), Some(bytes.as_ref().to_vec())))
                .collect();
            bare.commit("main", &files, "the first")?;
        }
        let mut state = locked(&self.shared.state);
        let repository = Repository {
            id: state.id(),
            owner: owner.to_owned(),
            name: name.to_owned(),
            default_branch: "main".to_owned(),
            archived: false,
            fork: false,
            private: true,
            bare,
            last_number: 0,
            pulls: BTreeMap::new(),
            issues: BTreeMap::new(),
            comments: BTreeMap::new(),
            keys: Vec::new(),
            hooks: Vec::new(),
            secrets: BTreeSet::new(),
            collaborators: BTreeSet::new(),
        };
        state
            .repositories
            .insert((owner.to_owned(), name.to_owned()), repository);
        Ok(())
    }

    /// Somebody changes files of a branch; `None` removes one.
    ///
    /// # Errors
    /// When git fails.
    pub fn commit<T: AsRef<[u8]>>(
        &self,
        full_name: &str,
        branch: &str,
        files: &[(&str, Option<T>)],
    ) -> Result<String, Problem> {
        let files = files
            .iter()
            .map(|(name, bytes)| {
                let bytes = bytes.as_ref().map(|bytes| bytes.as_ref().to_vec());
                ((*name).to_owned(), bytes)
            })
            .collect();
        let bare = self.change(full_name, |repository| repository.bare.clone())?;
        Ok(bare.commit(branch, &files, "somebody's change")?)
    }

    /// The files of a branch, commit or tree.
    ///
    /// # Errors
    /// When git fails.
    pub fn files(&self, full_name: &str, version: &str) -> Result<Files, Problem> {
        let bare = self.change(full_name, |repository| repository.bare.clone())?;
        Ok(bare.files(version)?)
    }

    /// The files as they will be when the pull request is merged.
    ///
    /// # Errors
    /// When git fails, or it conflicts.
    pub fn files_once_merged(&self, full_name: &str, number: u64) -> Result<Files, Problem> {
        let (bare, pull) = self.change(full_name, |repository| {
            (
                repository.bare.clone(),
                repository.pulls.get(&number).cloned(),
            )
        })?;
        let pull = pull.ok_or("there is no such pull request")?;
        let tree = bare
            .merged_tree(&pull.base, &pull.head)
            .ok_or("it conflicts")?;
        Ok(bare.files(&tree)?)
    }

    /// The branches, each with its commit.
    ///
    /// # Errors
    /// When git fails.
    pub fn branches(&self, full_name: &str) -> Result<BTreeMap<String, String>, Problem> {
        let bare = self.change(full_name, |repository| repository.bare.clone())?;
        Ok(bare.branches()?)
    }

    /// The pull requests, closed ones too.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn pulls(&self, full_name: &str) -> Result<Vec<ShownPull>, Problem> {
        self.change(full_name, |repository| {
            let shown = |pull: &Pull| ShownPull {
                number: pull.number,
                url: url(repository, pull.number),
                head: pull.head.clone(),
                title: pull.title.clone(),
                body: pull.body.clone(),
                open: pull.open,
                merged: pull.merged.is_some(),
                labels: pull.labels.clone(),
                reviewers: pull.reviewers.union(&pull.teams).cloned().collect(),
                head_sha: repository.bare.tip(&pull.head).unwrap_or_default(),
                comments: repository
                    .comments
                    .get(&pull.number)
                    .into_iter()
                    .flatten()
                    .map(|comment| comment.body.clone())
                    .collect(),
            };
            repository.pulls.values().map(shown).collect()
        })
    }

    /// The issues, closed ones too.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn issues(&self, full_name: &str) -> Result<Vec<ShownIssue>, Problem> {
        self.change(full_name, |repository| {
            let issues = repository.issues.values();
            issues
                .map(|issue| ShownIssue {
                    number: issue.number,
                    title: issue.title.clone(),
                    body: issue.body.clone(),
                    open: issue.open,
                })
                .collect()
        })
    }

    /// A person merges a pull request, and their branch is deleted.
    ///
    /// # Errors
    /// When it is not open or conflicts.
    pub fn merge(&self, full_name: &str, number: u64) -> Result<(), Problem> {
        self.change(full_name, |repository| {
            merge(repository, number)?;
            let head = repository.pulls[&number].head.clone();
            repository
                .bare
                .run(&["update-ref", "-d", &format!("refs/heads/{head}")], b"")
        })??;
        Ok(())
    }

    /// A person closes a pull request, or opens it again.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn set_open(&self, full_name: &str, number: u64, open: bool) -> Result<(), Problem> {
        self.change(full_name, |repository| {
            if let Some(pull) = repository.pulls.get_mut(&number) {
                pull.open = open;
            }
        })
    }

    /// A person reviews a pull request, and is no longer asked to.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn review(&self, full_name: &str, number: u64, login: &str) -> Result<(), Problem> {
        self.change(full_name, |repository| {
            if let Some(pull) = repository.pulls.get_mut(&number) {
                pull.reviewers.remove(login);
                pull.reviewed_by.insert(login.to_owned());
            }
        })
    }

    /// Makes a repository read-only.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn archive(&self, full_name: &str) -> Result<(), Problem> {
        self.change(full_name, |repository| repository.archived = true)
    }

    /// Makes a repository a fork.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn make_fork(&self, full_name: &str) -> Result<(), Problem> {
        self.change(full_name, |repository| repository.fork = true)
    }

    /// Only these may be asked for reviews.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn collaborators(&self, full_name: &str, logins: &[&str]) -> Result<(), Problem> {
        self.change(full_name, |repository| {
            repository.collaborators = logins.iter().map(|login| (*login).to_owned()).collect();
        })
    }

    /// Adds a deploy key; gives its id.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn deploy_key(&self, full_name: &str, title: &str, key: &str) -> Result<u64, Problem> {
        let id = locked(&self.shared.state).id();
        let new = DeployKey {
            id,
            title: title.to_owned(),
            key: key.to_owned(),
            read_only: true,
        };
        self.change(full_name, |repository| repository.keys.push(new))?;
        Ok(id)
    }

    /// Whether a deploy key with this public key lets somebody in.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn lets_in(&self, full_name: &str, key: &str) -> Result<bool, Problem> {
        self.change(full_name, |repository| {
            repository.keys.iter().any(|known| known.key == key)
        })
    }

    /// Adds a webhook; gives its id.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn webhook(&self, full_name: &str, url: &str) -> Result<u64, Problem> {
        let id = locked(&self.shared.state).id();
        let new = Hook {
            id,
            url: url.to_owned(),
            active: true,
        };
        self.change(full_name, |repository| repository.hooks.push(new))?;
        Ok(id)
    }

    /// Adds a webhook of an organisation; gives its id.
    #[must_use]
    pub fn organisation_webhook(&self, organisation: &str, url: &str) -> u64 {
        let mut state = locked(&self.shared.state);
        let id = state.id();
        let hooks = state
            .organisation_hooks
            .entry(organisation.to_owned())
            .or_default();
        hooks.push(Hook {
            id,
            url: url.to_owned(),
            active: true,
        });
        id
    }

    /// Whether a webhook of the repository delivers.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn delivers(&self, full_name: &str, id: u64) -> Result<bool, Problem> {
        self.change(full_name, |repository| {
            repository
                .hooks
                .iter()
                .any(|hook| hook.id == id && hook.active)
        })
    }

    /// Adds a secret of Actions to a repository.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn secret(&self, full_name: &str, name: &str) -> Result<(), Problem> {
        self.change(full_name, |repository| {
            repository.secrets.insert(name.to_owned());
        })
    }

    /// Adds a secret of an organisation: for all its repositories, or for those given.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn organisation_secret(
        &self,
        organisation: &str,
        name: &str,
        selected: Option<&[&str]>,
    ) -> Result<(), Problem> {
        let mut ids = BTreeSet::new();
        for repository in selected.unwrap_or_default() {
            ids.insert(self.change(&format!("{organisation}/{repository}"), |r| r.id)?);
        }
        let secret = OrganisationSecret {
            visibility: if selected.is_some() {
                "selected"
            } else {
                "all"
            }
            .to_owned(),
            repositories: ids,
        };
        locked(&self.shared.state)
            .organisation_secrets
            .insert((organisation.to_owned(), name.to_owned()), secret);
        Ok(())
    }

    /// Whether a repository may read a secret of its organisation.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn may_read(&self, full_name: &str, name: &str) -> Result<bool, Problem> {
        let (id, owner) = self.change(full_name, |repository| {
            (repository.id, repository.owner.clone())
        })?;
        let state = locked(&self.shared.state);
        let secret = state.organisation_secrets.get(&(owner, name.to_owned()));
        Ok(secret.is_some_and(|s| s.visibility != "selected" || s.repositories.contains(&id)))
    }

    /// Somebody installs the app; gives the installation's id.
    #[must_use]
    pub fn install_app(&self, account: &str) -> u64 {
        let mut state = locked(&self.shared.state);
        let id = state.id();
        let new = Installation {
            id,
            account: account.to_owned(),
            suspended: false,
        };
        state.installations.insert(id, new);
        id
    }

    /// Whether an installation of the app lets it in.
    #[must_use]
    pub fn installation_works(&self, id: u64) -> bool {
        locked(&self.shared.state)
            .installations
            .get(&id)
            .is_some_and(|installation| !installation.suspended)
    }

    /// A new token for somebody.
    pub fn issue_token(&self, token: &str, login: &str) {
        locked(&self.shared.state)
            .tokens
            .insert(token.to_owned(), login.to_owned());
    }

    /// Whether a token works.
    #[must_use]
    pub fn accepts_token(&self, token: &str) -> bool {
        locked(&self.shared.state).tokens.contains_key(token)
    }

    /// Lets the n-th request to the API from now on go wrong, counted from 1.
    pub fn fault(&self, nth: u64, fault: Fault) {
        let mut faults = locked(&self.shared.faults);
        let at = faults.requests + nth;
        faults.planned.insert(at, fault);
    }

    /// All that was written can be seen from now on, by stale reads too.
    pub fn settle(&self) {
        let state = locked(&self.shared.state).clone();
        *locked(&self.shared.before) = state;
    }

    /// No request goes wrong any more. Gives how many of the planned faults did not come
    /// to pass.
    pub fn no_more_faults(&self) -> usize {
        std::mem::take(&mut locked(&self.shared.faults).planned).len()
    }

    /// How many requests there were that hang.
    #[must_use]
    pub fn hanging(&self) -> u64 {
        self.shared.hanging.load(Ordering::Relaxed)
    }

    /// How many requests to the API there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        locked(&self.shared.faults).requests
    }

    /// What was asked of the API.
    #[must_use]
    pub fn recorded(&self) -> Vec<Recorded> {
        locked(&self.shared.recorded).clone()
    }

    /// What was not as GitHub describes it, of requests and of our own replies.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        locked(&self.shared.violations).clone()
    }
}
