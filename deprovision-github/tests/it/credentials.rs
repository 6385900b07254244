//! Installations of an app, by the suite of core; and tokens, which have no way back.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use deprovision_core::conformance::{self, CredentialFixture, Trouble, done, known, not_done};
use deprovision_core::id::ApiId;
use deprovision_core::provider::{CredentialObserver, CredentialRevoker, CredentialState, Outcome};
use deprovision_core::resource::{CredentialId, IssuerId};
use deprovision_core::secret::Secret;
use deprovision_github::{AppInstallations, Auth, GitHub, GitHubTokens, Server};
use deprovision_github_fake::Fault;

use crate::world::{World, private_key, unlimited};

fn api(id: &str) -> ApiId {
    ApiId::parse(id).unwrap()
}

#[tokio::test]
async fn installations_keep_what_the_credential_ports_promise() {
    let world = World::new().await;
    let url = world.fake.url();
    let server = Server::enterprise(&url).unwrap();
    let auth = Auth::app_itself(7, &private_key()).unwrap();
    let github = GitHub::new(server, auth).unwrap().with_limits(unlimited());
    let installations = AppInstallations::new(&github, "orders-app")
        .in_accounts(&api("orders-v1"), ["Customer-One"])
        .in_accounts(&api("orders-v2"), ["customer-two"]);
    let fixture = Installed {
        world,
        installations,
        made: AtomicU64::new(0),
    };
    assert_eq!(conformance::credential(&fixture).await.unwrap(), 14);
}

struct Installed {
    world: World,
    installations: AppInstallations,
    made: AtomicU64,
}

fn number(id: &CredentialId) -> u64 {
    id.name()
        .trim_start_matches("installation/")
        .parse()
        .unwrap()
}

#[async_trait]
impl CredentialFixture for Installed {
    fn observer(&self) -> &dyn CredentialObserver {
        &self.installations
    }

    fn revoker(&self) -> &dyn CredentialRevoker {
        &self.installations
    }

    fn issuer(&self) -> IssuerId {
        "github:orders-app:127.0.0.1:installations".parse().unwrap()
    }

    fn api(&self) -> ApiId {
        api("orders-v1")
    }

    fn other_api(&self) -> ApiId {
        api("orders-v2")
    }

    fn foreign(&self) -> CredentialId {
        "github:other-app:127.0.0.1:installation/1".parse().unwrap()
    }

    async fn issue(&self, api: &ApiId) -> Result<Option<CredentialId>, Trouble> {
        self.made.fetch_add(1, Ordering::Relaxed);
        let account = match api.as_str() {
            "orders-v1" => "customer-one",
            _ => "customer-two",
        };
        let id = self.world.fake.install_app(account);
        let name = format!("github:orders-app:127.0.0.1:installation/{id}");
        Ok(Some(name.parse()?))
    }

    async fn accepts(&self, id: &CredentialId, _: &ApiId) -> Result<bool, Trouble> {
        Ok(self.world.fake.installation_works(number(id)))
    }

    fn more_than_a_page(&self) -> usize {
        101
    }

    fn can_freeze(&self) -> bool {
        false
    }

    async fn blind(&self, blind: bool) -> Result<(), Trouble> {
        if blind {
            self.world.fake.fault(1, Fault::FailsBefore);
        }
        Ok(())
    }

    async fn settle(&self) -> Result<(), Trouble> {
        Ok(())
    }
}

const TOKEN: &str = "ghp_leaked_000000000000000000000000000000";

#[tokio::test]
async fn a_token_is_revoked_for_good_without_telling_github_com_who_asks() {
    let world = World::new().await;
    world.fake.issue_token(TOKEN, "eve");
    let mut tokens = GitHubTokens::new(&world.github(), "acme");
    let id = tokens.add(&api("orders-v1"), Secret::new(TOKEN)).unwrap();
    revoke(&world, &tokens, &id).await;
    let sent: Vec<bool> = world
        .fake
        .recorded()
        .iter()
        .filter(|request| request.operation == "POST /credentials/revoke")
        .map(|request| request.authorized)
        .collect();
    assert_eq!(sent, [false]);
}

#[tokio::test]
async fn an_enterprise_server_wants_to_know_who_asks() {
    let world = World::new().await;
    world.fake.issue_token(TOKEN, "eve");
    let server = Server::enterprise(&world.fake.url()).unwrap();
    let auth = Auth::token(Secret::new(deprovision_github_fake::Fake::TOKEN));
    let github = GitHub::new(server, auth).unwrap().with_limits(unlimited());
    let mut tokens = GitHubTokens::new(&github, "acme");
    assert!(tokens.add(&api("orders-v1"), Secret::new("gho_x")).is_err());
    let id = tokens.add(&api("orders-v1"), Secret::new(TOKEN)).unwrap();
    revoke(&world, &tokens, &id).await;
}

async fn revoke(world: &World, tokens: &GitHubTokens, id: &CredentialId) {
    assert!(!format!("{tokens:?} {id}").contains("leaked"), "I-20");
    let state = async || known(tokens.credential(id).await.unwrap()).unwrap();
    assert!(matches!(state().await, CredentialState::Active { .. }));
    let orders = api("orders-v1");
    let other: CredentialId = "github:acme:127.0.0.1:token/00".parse().unwrap();
    let wrong = world
        .permits
        .warrant(&orders, [other.into()])
        .await
        .unwrap();
    not_done(
        tokens
            .revoke(std::slice::from_ref(id), &wrong)
            .await
            .unwrap(),
        "I-12: not in the warrant",
    );
    assert!(world.fake.accepts_token(TOKEN));
    let warrant = world
        .permits
        .warrant(&orders, [id.clone().into()])
        .await
        .unwrap();
    let outcome = tokens
        .revoke(std::slice::from_ref(id), &warrant)
        .await
        .unwrap();
    assert!(
        matches!(outcome, Outcome::Unknown { .. }),
        "202 is no promise: {outcome:?}"
    );
    // Accepted, and not done yet; then it is.
    let mut looks = 0;
    while matches!(state().await, CredentialState::Active { .. }) {
        looks += 1;
        assert!(looks < 10);
    }
    assert!(looks > 0, "the fake revokes later, as GitHub does");
    done(
        tokens
            .revoke(std::slice::from_ref(id), &warrant)
            .await
            .unwrap(),
    )
    .unwrap();
    let issuer: IssuerId = "github:acme:127.0.0.1:tokens".parse().unwrap();
    let listed = tokens.credentials(&issuer, &orders).await.unwrap();
    assert!(listed.doubt().is_some(), "GitHub lists no tokens");
}
