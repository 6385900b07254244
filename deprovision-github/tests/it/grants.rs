//! Deploy keys, webhooks and secrets, by the suite of core and beyond it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use deprovision_core::conformance::{self, GrantFixture, Trouble, done, known};
use deprovision_core::id::ApiId;
use deprovision_core::provider::{
    ErrorKind, GrantObserver, GrantState, Outcome, PermissionAuditor,
};
use deprovision_core::resource::{GrantId, IssuerId};
use deprovision_github::GitHubGrants;

use crate::world::{World, v1};

fn api(id: &str) -> ApiId {
    ApiId::parse(id).unwrap()
}

fn issuer() -> IssuerId {
    "github:acme:127.0.0.1:grants".parse().unwrap()
}

fn grants(world: &World) -> GitHubGrants {
    GitHubGrants::new(&world.github(), "acme")
        .deploy_keys(&api("orders-v1"), ["orders"])
        .secrets(&api("orders-v1"), ["ORDERS_TOKEN"])
        .deploy_keys(&api("bills-v1"), ["bills"])
}

/// The grants that name an API, all of them.
async fn listed(grants: &GitHubGrants, api: &ApiId) -> Result<Vec<GrantId>, Trouble> {
    let found = known(grants.grants(&issuer(), api).await?)?;
    Ok(found.naming.into_iter().collect())
}

#[tokio::test]
async fn deploy_keys_keep_what_the_grant_ports_promise() {
    let world = World::new().await;
    world.shop("shop");
    world.shop("billing");
    let fixture = Keys {
        grants: grants(&world),
        world,
        made: AtomicU64::new(0),
        keys: Mutex::default(),
    };
    assert_eq!(conformance::grant(&fixture).await.unwrap(), 7);
}

struct Keys {
    grants: GitHubGrants,
    world: World,
    made: AtomicU64,
    keys: Mutex<BTreeMap<GrantId, String>>,
}

#[async_trait]
impl GrantFixture for Keys {
    fn observer(&self) -> &dyn GrantObserver {
        &self.grants
    }

    fn auditor(&self) -> &dyn PermissionAuditor {
        &self.grants
    }

    fn issuer(&self) -> IssuerId {
        issuer()
    }

    fn api(&self) -> ApiId {
        api("orders-v1")
    }

    fn other_api(&self) -> ApiId {
        api("bills-v1")
    }

    fn foreign(&self) -> GrantId {
        "github:other:127.0.0.1:deploy-key/shop/00".parse().unwrap()
    }

    async fn grant(&self, api: &ApiId) -> Result<GrantId, Trouble> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let key = format!("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5{number:08}");
        let title = if api.as_str() == "orders-v1" {
            "orders"
        } else {
            "bills"
        };
        let before = listed(&self.grants, api).await?;
        self.world.fake.deploy_key("acme/shop", title, &key)?;
        let after = listed(&self.grants, api).await?;
        let new = after.into_iter().find(|id| !before.contains(id));
        let id = new.ok_or("the new key is not listed")?;
        self.keys.lock().unwrap().insert(id.clone(), key);
        Ok(id)
    }

    async fn allows(&self, id: &GrantId, _: &ApiId) -> Result<bool, Trouble> {
        let key = self.keys.lock().unwrap().get(id).cloned();
        self.world
            .fake
            .lets_in("acme/shop", &key.ok_or("an unknown key")?)
    }

    fn more_than_a_page(&self) -> usize {
        101
    }

    async fn undecidable(&self, _: &ApiId, there: bool) -> Result<bool, Trouble> {
        let selected: Option<&[&str]> = if there { None } else { Some(&[]) };
        self.world
            .fake
            .organisation_secret("acme", "ORDERS_TOKEN", selected)?;
        Ok(true)
    }

    async fn settle(&self) -> Result<(), Trouble> {
        Ok(())
    }
}

/// Removes a grant and puts it back, each twice; what it was is what it is.
async fn there_and_back(world: &World, grants: &GitHubGrants, id: &GrantId) {
    let before = known(grants.grant(id).await.unwrap()).unwrap();
    let GrantState::Present { document, .. } = &before else {
        panic!("{id} is {before:?}");
    };
    let permit = world.permits.permit().await.unwrap();
    for _ in 0..2 {
        done(grants.remove(id, &permit).await.unwrap()).unwrap();
        let gone = known(grants.grant(id).await.unwrap()).unwrap();
        assert!(matches!(gone, GrantState::Absent { .. }), "{gone:?}");
    }
    for _ in 0..2 {
        done(grants.put_back(id, document, &permit).await.unwrap()).unwrap();
        assert_eq!(known(grants.grant(id).await.unwrap()).unwrap(), before);
    }
    let nonsense = serde_json::json!({ "kind": "nothing" });
    assert!(grants.put_back(id, &nonsense, &permit).await.is_err());
}

#[tokio::test]
async fn webhooks_to_the_apis_hosts_are_switched_off_and_on() {
    let world = World::new().await;
    world.shop("shop");
    let theirs = "https://Orders.V1.example/hook?token=hunter2";
    let hook = world.fake.webhook("acme/shop", theirs).unwrap();
    let other = world
        .fake
        .webhook("acme/shop", "https://ci.example/")
        .unwrap();
    let shared = world
        .fake
        .organisation_webhook("acme", "https://orders.v1.example/");
    let grants = GitHubGrants::new(&world.github(), "acme").of(&v1());
    let found = listed(&grants, &v1().id).await.unwrap();
    let names: Vec<&str> = found.iter().map(GrantId::name).collect();
    assert_eq!(
        names,
        [
            format!("organisation-webhook/{shared}"),
            format!("webhook/shop/{hook}")
        ]
    );
    for id in &found {
        let seen = known(grants.grant(id).await.unwrap()).unwrap();
        assert!(
            !format!("{seen:?}").contains("hunter2"),
            "an address may hold a token"
        );
        there_and_back(&world, &grants, id).await;
    }
    assert!(world.fake.delivers("acme/shop", other).unwrap());
    let gone: GrantId = "github:acme:127.0.0.1:webhook/shop/999".parse().unwrap();
    let seen = known(grants.grant(&gone).await.unwrap()).unwrap();
    assert!(matches!(seen, GrantState::Absent { .. }));
    let gone: GrantId = "github:acme:127.0.0.1:organisation-webhook/999"
        .parse()
        .unwrap();
    let seen = known(grants.grant(&gone).await.unwrap()).unwrap();
    assert!(matches!(seen, GrantState::Absent { .. }));
}

#[tokio::test]
async fn a_repository_may_read_a_secret_no_longer_and_then_again() {
    let world = World::new().await;
    world.shop("shop");
    world.shop("billing");
    world
        .fake
        .organisation_secret("acme", "ORDERS_TOKEN", Some(&["shop", "billing"]))
        .unwrap();
    let grants = grants(&world);
    let found = listed(&grants, &api("orders-v1")).await.unwrap();
    assert_eq!(found.len(), 2);
    let shop: GrantId = "github:acme:127.0.0.1:secret/ORDERS_TOKEN/shop"
        .parse()
        .unwrap();
    there_and_back(&world, &grants, &shop).await;
    let permit = world.permits.permit().await.unwrap();
    done(grants.remove(&shop, &permit).await.unwrap()).unwrap();
    assert!(!world.fake.may_read("acme/shop", "ORDERS_TOKEN").unwrap());
    assert!(world.fake.may_read("acme/billing", "ORDERS_TOKEN").unwrap());
}

#[tokio::test]
async fn a_secret_of_a_repository_is_found_and_never_removed() {
    let world = World::new().await;
    world.shop("shop");
    world.fake.secret("acme/shop", "ORDERS_TOKEN").unwrap();
    let grants = grants(&world);
    let orders = api("orders-v1");
    let found = known(grants.grants(&issuer(), &orders).await.unwrap()).unwrap();
    assert!(
        found.naming.is_empty(),
        "the plan says it at once: {found:?}"
    );
    let (id, why) = found.undecided.first_key_value().unwrap();
    assert_eq!(id.name(), "repository-secret/shop/ORDERS_TOKEN");
    assert!(why.contains("nothing brings it back"), "{why}");
    let permit = world.permits.permit().await.unwrap();
    let error = grants.remove(id, &permit).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Unsupported, "{error}");
    let seen = known(grants.grant(id).await.unwrap()).unwrap();
    assert!(matches!(seen, GrantState::Present { .. }));
    let unbound = grants.grants(&issuer(), &api("unbound")).await.unwrap();
    assert!(unbound.known_completely().is_none());
}

#[tokio::test]
async fn a_key_that_lets_somebody_in_elsewhere_meanwhile_does_not_come_back() {
    let world = World::new().await;
    world.shop("shop");
    world.shop("billing");
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE500000000";
    world.fake.deploy_key("acme/shop", "orders", key).unwrap();
    let grants = grants(&world);
    let found = listed(&grants, &api("orders-v1")).await.unwrap();
    let GrantState::Present { document, .. } =
        known(grants.grant(&found[0]).await.unwrap()).unwrap()
    else {
        panic!("it is there");
    };
    let permit = world.permits.permit().await.unwrap();
    done(grants.remove(&found[0], &permit).await.unwrap()).unwrap();
    world.fake.deploy_key("acme/billing", "other", key).unwrap();
    let outcome = grants
        .put_back(&found[0], &document, &permit)
        .await
        .unwrap();
    assert!(matches!(outcome, Outcome::NotDone { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_secret_for_all_repositories_is_left_to_a_person_and_never_removed() {
    let world = World::new().await;
    world.shop("shop");
    world
        .fake
        .organisation_secret("acme", "ORDERS_TOKEN", None)
        .unwrap();
    let grants = grants(&world);
    let orders = api("orders-v1");
    let found = known(grants.grants(&issuer(), &orders).await.unwrap()).unwrap();
    assert!(found.naming.is_empty(), "{found:?}");
    let (id, why) = found.undecided.first_key_value().unwrap();
    assert_eq!(id.name(), "organisation-secret/ORDERS_TOKEN/all");
    assert!(why.contains("for all repositories of acme"), "{why}");
    let state = known(grants.grant(id).await.unwrap()).unwrap();
    assert!(
        matches!(state, GrantState::Present { .. }),
        "{id} is {state:?}"
    );
    let permit = world.permits.permit().await.unwrap();
    let error = grants.remove(id, &permit).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Unsupported);
    // Narrowed, it is another grant.
    world
        .fake
        .organisation_secret("acme", "ORDERS_TOKEN", Some(&["shop"]))
        .unwrap();
    let state = known(grants.grant(id).await.unwrap()).unwrap();
    assert!(
        matches!(state, GrantState::Absent { .. }),
        "{id} is {state:?}"
    );
    let found = known(grants.grants(&issuer(), &orders).await.unwrap()).unwrap();
    assert!(found.undecided.is_empty(), "{found:?}");
    assert_eq!(found.naming.len(), 1);
}
