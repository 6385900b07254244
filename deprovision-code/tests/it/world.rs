//! Real repositories in temporary directories, as a user would have them.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use deprovision_code::{DefaultBranch, GitRepositories};
use deprovision_core::catalog::{Api, Method, Route};
use deprovision_core::conformance::{Files, FixtureError};
use deprovision_core::id::ApiId;
use deprovision_core::provider::Removal;
use deprovision_core::resource::RepositoryId;

/// One working copy.
pub(crate) struct WorkingCopy {
    directory: tempfile::TempDir,
}

impl WorkingCopy {
    /// A working copy on `main` without a commit.
    pub(crate) fn empty() -> Self {
        let copy = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        copy.git(&["init", "--quiet", "--initial-branch=main", "."]);
        copy
    }

    /// A working copy whose `main` holds these files.
    pub(crate) fn with(files: &Files) -> Self {
        let copy = Self::empty();
        copy.commit(files);
        copy
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn git_dir(&self) -> PathBuf {
        self.path().join(".git")
    }

    /// Writes files and commits everything on the current branch.
    pub(crate) fn commit(&self, files: &Files) {
        for (name, bytes) in files {
            self.write(name.as_bytes(), bytes);
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", "a change"]);
    }

    pub(crate) fn write(&self, name: &[u8], bytes: &[u8]) {
        let path = self.path().join(OsStr::from_bytes(name));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub(crate) fn try_git(&self, arguments: &[&str]) -> (bool, Vec<u8>) {
        let output = Command::new("git")
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "user")
            .env("GIT_AUTHOR_EMAIL", "user@example.com")
            .env("GIT_COMMITTER_NAME", "user")
            .env("GIT_COMMITTER_EMAIL", "user@example.com")
            .args(["-c", "core.autocrlf=false", "-c", "core.quotePath=false"])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (output.status.success(), output.stdout)
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let (success, output) = self.try_git(arguments);
        assert!(success, "git {arguments:?} failed");
        String::from_utf8_lossy(&output).trim_end().to_owned()
    }

    /// The files of a version, with names as bytes.
    pub(crate) fn raw_files(&self, version: &str) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let (_, output) = self.try_git(&["ls-tree", "-r", "-z", version]);
        output
            .split(|byte| *byte == 0)
            .filter(|record| !record.is_empty())
            .map(|record| {
                let tab = record.iter().position(|b| *b == b'\t').unwrap();
                let head = std::str::from_utf8(&record[..tab]).unwrap();
                let oid = head.split(' ').nth(2).unwrap();
                let bytes = self.try_git(&["cat-file", "blob", oid]).1;
                (record[tab + 1..].to_vec(), bytes)
            })
            .collect()
    }

    /// The files of a version.
    pub(crate) fn files(&self, version: &str) -> Files {
        self.raw_files(version)
            .into_iter()
            .map(|(name, bytes)| (String::from_utf8(name).unwrap(), bytes))
            .collect()
    }

    /// The branches that were made for retirements, with their commits.
    pub(crate) fn our_branches(&self) -> BTreeMap<String, String> {
        self.git(&[
            "for-each-ref",
            "--format=%(refname:lstrip=2) %(objectname)",
            "refs/heads/deprovision/",
        ])
        .lines()
        .map(|line| {
            let (name, commit) = line.split_once(' ').unwrap();
            (name.to_owned(), commit.to_owned())
        })
        .collect()
    }

    /// What the user sees: status, `HEAD`, every byte of the index, every file.
    pub(crate) fn user_state(&self) -> String {
        let index = std::fs::read(self.git_dir().join("index")).unwrap_or_default();
        let mut state = format!(
            "{}\n{}\n{:?}\n",
            std::fs::read_to_string(self.git_dir().join("HEAD")).unwrap(),
            self.git(&[
                "status",
                "--porcelain=v2",
                "--branch",
                "--untracked-files=all"
            ]),
            deprovision_core::digest::Digest::of_bytes(&index),
        );
        describe(self.path(), &mut state);
        state
    }

    pub(crate) fn merge(&self, branch: &str) {
        self.git(&["merge", "--quiet", "--no-ff", "-m", "merge", branch]);
        self.git(&["branch", "--quiet", "-D", branch]);
    }

    /// Everything that a search of this one copy needs.
    pub(crate) async fn registered(&self) -> (Arc<GitRepositories>, RepositoryId) {
        let id: RepositoryId = "git:shop:local:orders".parse().unwrap();
        let mut repositories = GitRepositories::new();
        repositories
            .register(id.clone(), self.path(), DefaultBranch::named("main"))
            .await
            .unwrap();
        (Arc::new(repositories), id)
    }
}

/// Every file of the working tree with its bytes and modification time.
fn describe(directory: &Path, state: &mut String) {
    let mut entries: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name() != Some(OsStr::new(".git")))
        .collect();
    entries.sort();
    for path in entries {
        let about = path.symlink_metadata().unwrap();
        state.push_str(&format!("{path:?} {:?}\n", about.modified().unwrap()));
        if about.is_dir() {
            describe(&path, state);
        } else if about.is_file() {
            state.push_str(&format!("{:?}\n", std::fs::read(&path).unwrap()));
        }
    }
}

pub(crate) fn files(files: &[(&str, &str)]) -> Files {
    files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()))
        .collect()
}

pub(crate) fn api(id: &str, host: &str, path: &str) -> Api {
    let mut api = Api::new(ApiId::parse(id).unwrap(), id);
    api.hosts.push(host.to_owned());
    api.routes
        .push(Route::new(Method::Get, format!("{path}/{{id}}")));
    api
}

pub(crate) fn v1() -> Api {
    api("orders-v1", "v1.shop.example", "/v1/orders")
}

pub(crate) fn removal() -> Removal {
    Removal::new(
        v1(),
        Some(api("orders-v2", "v2.shop.example", "/v2/orders")),
    )
}

/// A name that a test's error can carry.
pub(crate) fn missing(what: &str) -> FixtureError {
    format!("{what} is not there").into()
}
