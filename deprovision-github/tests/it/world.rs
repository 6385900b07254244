//! A GitHub of one's own, and who works on it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use deprovision_code::GitWorkshop;
use deprovision_core::catalog::{Api, Method, Route};
use deprovision_core::conformance::Permits;
use deprovision_core::id::ApiId;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{
    ChangeObserver, ChangeProposer, ChangeState, DocumentMark, DocumentObserver, DocumentUpdater,
    Outcome, ProviderError, Removal,
};
use deprovision_core::resource::{DocumentId, RepositoryId};
use deprovision_core::secret::Secret;
use deprovision_github::{Auth, GitHub, GitHubCode, GitHubDocuments, Limits, Server};
use deprovision_github_fake::{Fake, ShownPull};

/// The fake, and a folder for clones.
pub(crate) struct World {
    pub(crate) fake: Fake,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) permits: Permits,
}

impl Drop for World {
    fn drop(&mut self) {
        crate::calls::record(self);
        // Everything that this crate sends is as GitHub describes it, in every test.
        let violations = self.fake.violations();
        if std::thread::panicking() {
            println!("not as GitHub describes it: {violations:#?}");
        } else {
            assert_eq!(violations, Vec::<String>::new());
        }
    }
}

/// No waiting: the limits have tests of their own.
pub(crate) fn unlimited() -> Limits {
    let mut limits = Limits::default();
    limits.between_writes = Duration::ZERO;
    limits.points_a_minute = u32::MAX;
    limits.content_a_minute = u32::MAX;
    limits.content_an_hour = u32::MAX;
    limits.searches_a_minute = u32::MAX;
    limits
}

/// A new private key of an app, in PEM.
pub(crate) fn private_key() -> Secret {
    let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = key.as_der().unwrap();
    let body = BASE64_STANDARD.encode(der.as_ref());
    // In two parts, so that nobody takes this for a key.
    let (begin, end) = ("-----BEGIN PRIVATE", "-----END PRIVATE");
    Secret::new(format!("{begin} KEY-----\n{body}\n{end} KEY-----\n"))
}

/// GitHub as the robot sees it.
pub(crate) fn github_at(url: &str) -> GitHub {
    let server = Server::cloud(url, url).unwrap();
    GitHub::new(server, Auth::token(Secret::new(Fake::TOKEN)))
        .unwrap()
        .with_limits(unlimited())
}

pub(crate) fn code_at(url: &str, folder: &Path) -> GitHubCode {
    GitHubCode::new(&github_at(url), Arc::new(GitWorkshop::default()), folder)
}

impl World {
    pub(crate) async fn new() -> Self {
        Self {
            fake: Fake::start().await.unwrap(),
            folder: tempfile::tempdir().unwrap(),
            permits: Permits::new(),
        }
    }

    pub(crate) fn github(&self) -> GitHub {
        github_at(&self.fake.url())
    }

    /// Made anew for every call, as after a restart.
    pub(crate) fn code(&self) -> GitHubCode {
        code_at(&self.fake.url(), self.folder.path())
    }

    /// The same over a GitHub with other limits.
    pub(crate) fn code_over(&self, github: &GitHub) -> GitHubCode {
        GitHubCode::new(github, Arc::new(GitWorkshop::default()), self.folder.path())
    }

    /// The same for documents.
    pub(crate) fn documents(&self) -> GitHubDocuments {
        GitHubDocuments::new(&self.code())
    }

    /// A repository that calls version 1, with owners.
    pub(crate) fn shop(&self, name: &str) -> RepositoryId {
        self.fake.repository("acme", name, SHOP).unwrap();
        id(name)
    }

    pub(crate) async fn propose(&self, id: &RepositoryId) -> Result<Outcome, ProviderError> {
        let permit = self.permits.permit().await.unwrap();
        self.code().propose(id, &removal(), &permit).await
    }

    pub(crate) async fn withdraw(&self, id: &RepositoryId) -> Result<Outcome, ProviderError> {
        let permit = self.permits.permit().await.unwrap();
        self.code().withdraw(id, &removal(), &permit).await
    }

    pub(crate) async fn state(&self, id: &RepositoryId) -> ChangeState {
        match self.code().change(id, &removal()).await.unwrap() {
            Observation::Known { value, .. } => value,
            Observation::Unknown { why } => panic!("{why}"),
        }
    }

    pub(crate) async fn mark(&self, id: &DocumentId) -> Result<Outcome, ProviderError> {
        let permit = self.permits.permit().await.unwrap();
        self.documents().mark(id, &deprecated(), &permit).await
    }

    pub(crate) async fn unmark(&self, id: &DocumentId) -> Result<Outcome, ProviderError> {
        let permit = self.permits.permit().await.unwrap();
        self.documents().unmark(id, &deprecated(), &permit).await
    }

    pub(crate) async fn mark_state(&self, id: &DocumentId) -> ChangeState {
        match self.documents().document(id, &deprecated()).await.unwrap() {
            Observation::Known { value, .. } => value.change,
            Observation::Unknown { why } => panic!("{why}"),
        }
    }

    pub(crate) fn pulls(&self, name: &str) -> Vec<ShownPull> {
        self.fake.pulls(&format!("acme/{name}")).unwrap()
    }

    /// The only pull request that there ever was.
    pub(crate) fn pull(&self, name: &str) -> ShownPull {
        let pulls = self.pulls(name);
        let [pull] = pulls.as_slice() else {
            panic!("one pull request was expected: {pulls:#?}");
        };
        pull.clone()
    }
}

pub(crate) fn done(outcome: Result<Outcome, ProviderError>) -> String {
    match outcome {
        Ok(Outcome::Done { receipt }) => receipt,
        other => panic!("it should be done: {other:?}"),
    }
}

/// Two documents of the shop.
pub(crate) const PAGE: &str = "docs/orders.md";
pub(crate) const ENTITY: &str = "catalog-info.yaml";

pub(crate) const SHOP: &[(&str, &str)] = &[
    (
        "src/client.py",
        "A = 1\nget('https://orders.v1.example/v1/orders/7')\n",
    ),
    ("config/shop.ini", "base = https://orders.v1.example\n"),
    ("README.md", "# Shop\n"),
    (PAGE, "# Orders\n\nHow to order.\n"),
    (
        ENTITY,
        "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata:\n  name: orders-v1\nspec:\n  type: openapi\n  lifecycle: production\n",
    ),
    (
        ".github/CODEOWNERS",
        "* @ann\nconfig/ @acme/platform\ndocs/ @dora\n",
    ),
];

pub(crate) fn id(name: &str) -> RepositoryId {
    format!("github:acme:127.0.0.1:{name}").parse().unwrap()
}

pub(crate) fn api(id: &str, host: &str, path: &str) -> Api {
    let mut api = Api::new(ApiId::parse(id).unwrap(), id);
    api.hosts.push(host.to_owned());
    api.routes
        .push(Route::new(Method::Get, format!("{path}/{{id}}")));
    api
}

pub(crate) fn v1() -> Api {
    api("orders-v1", "orders.v1.example", "/v1/orders")
}

pub(crate) fn removal() -> Removal {
    Removal::new(
        v1(),
        Some(api("orders-v2", "orders.v2.example", "/v2/orders")),
    )
}

pub(crate) fn deprecated() -> DocumentMark {
    DocumentMark::Deprecated {
        api: ApiId::parse("orders-v1").unwrap(),
        sunset: Some("2027-01-31T00:00:00Z".parse().unwrap()),
        successor: Some(ApiId::parse("orders-v2").unwrap()),
    }
}
