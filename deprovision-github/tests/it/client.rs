//! The client: who it is, page after page, and what it does when GitHub says no.

use std::time::{Duration, Instant};

use deprovision_core::provider::GrantObserver;
use deprovision_core::provider::{ChangeObserver, CodeSearch, ErrorKind, Outcome};
use deprovision_core::secret::Secret;
use deprovision_core::time::Timestamp;
use deprovision_github::{Auth, GitHub, GitHubGrants, Limits, Server};
use deprovision_github_fake::{Fake, Fault};

use crate::world::{World, done, private_key, removal, unlimited, v1};

/// Lists 101 deploy keys: two pages.
async fn two_pages(world: &World, github: &GitHub) {
    let api = v1().id;
    for number in 0..101 {
        let key = format!("ssh-ed25519 AAAA{number:08}");
        world.fake.deploy_key("acme/shop", "orders", &key).unwrap();
    }
    let grants = GitHubGrants::new(github, "acme").deploy_keys(&api, ["orders"]);
    let issuer = "github:acme:127.0.0.1:grants".parse().unwrap();
    let found = grants.grants(&issuer, &api).await.unwrap();
    assert_eq!(
        found.known_completely().map(|found| found.naming.len()),
        Some(101),
        "{found:?}"
    );
    let lists: Vec<_> = world
        .fake
        .recorded()
        .into_iter()
        .filter(|request| request.operation.ends_with("/keys"))
        .collect();
    assert_eq!(lists.len(), 2);
    assert!(
        lists.iter().all(|request| request.authorized),
        "on page two as well"
    );
}

#[tokio::test]
async fn page_two_is_read_as_oneself_by_token_and_by_app_on_both_kinds_of_server() {
    for enterprise in [false, true] {
        for app in [false, true] {
            let world = World::new().await;
            world.shop("shop");
            let url = world.fake.url();
            let server = match enterprise {
                true => Server::enterprise(&url),
                false => Server::cloud(&url, &url),
            };
            let auth = match app {
                true => Auth::app(7, &private_key(), world.fake.install_app("acme")).unwrap(),
                false => Auth::token(Secret::new(Fake::TOKEN)),
            };
            let github = GitHub::new(server.unwrap(), auth).unwrap();
            two_pages(&world, &github.with_limits(unlimited())).await;
            let minted = world
                .fake
                .recorded()
                .iter()
                .filter(|request| request.operation.ends_with("/access_tokens"))
                .count();
            assert_eq!(minted, usize::from(app), "one token serves for an hour");
        }
    }
}

#[tokio::test]
async fn a_throttled_call_says_until_when_and_does_not_wait() {
    let world = World::new().await;
    let shop = world.shop("shop");
    let started = Instant::now();
    world.fake.fault(1, Fault::Secondary { retry_after: 90 });
    let code = world.code();
    let error = code.change(&shop, &removal()).await.unwrap_err();
    let ErrorKind::Throttled { retry_at: Some(at) } = error.kind() else {
        panic!("{error}");
    };
    let wait = at.duration_since(Timestamp::now()).as_secs();
    assert!((85..=90).contains(&wait), "{wait}");
    // The next call does not even ask.
    let before = world.fake.count();
    let error = code.change(&shop, &removal()).await.unwrap_err();
    assert!(matches!(
        error.kind(),
        ErrorKind::Throttled { retry_at: Some(_) }
    ));
    assert_eq!(world.fake.count(), before);
    assert!(started.elapsed() < Duration::from_secs(5));
    let world = World::new().await;
    let shop = world.shop("shop");
    let reset = Timestamp::now().as_second() + 1800;
    world.fake.fault(1, Fault::Exhausted { reset });
    let error = world.code().change(&shop, &removal()).await.unwrap_err();
    let ErrorKind::Throttled { retry_at: Some(at) } = error.kind() else {
        panic!("{error}");
    };
    assert_eq!(at.as_second(), reset);
}

#[tokio::test]
async fn writes_are_a_second_apart() {
    let world = World::new().await;
    let shop = world.shop("shop");
    let mut limits = Limits::default();
    limits.patience = Duration::from_secs(2);
    let github = world.github().with_limits(limits);
    let workshop = std::sync::Arc::new(deprovision_code::GitWorkshop::default());
    let code = deprovision_github::GitHubCode::new(&github, workshop, world.folder.path());
    let permit = world.permits.permit().await.unwrap();
    use deprovision_core::provider::ChangeProposer;
    done(code.propose(&shop, &removal(), &permit).await);
    let writes: Vec<Instant> = world
        .fake
        .recorded()
        .iter()
        .filter(|request| !request.operation.starts_with("GET"))
        .map(|request| request.at)
        .collect();
    assert_eq!(writes.len(), 6);
    for pair in writes.windows(2) {
        let apart = pair[1] - pair[0];
        // A little less can be seen where the first was slow to arrive.
        assert!(apart >= Duration::from_millis(950), "{apart:?}");
    }
}

#[tokio::test]
async fn a_read_that_fails_is_an_error_and_a_write_whose_answer_is_lost_is_unknown() {
    let world = World::new().await;
    let shop = world.shop("shop");
    world.fake.fault(1, Fault::LosesReply);
    let error = world.code().references(&shop, &v1()).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Transient, "{error}");
    // The ref is the fifth call of a proposal, and reading it again the sixth.
    world.fake.fault(6, Fault::LosesReply);
    world.fake.fault(7, Fault::FailsBefore);
    let outcome = world.propose(&shop).await.unwrap();
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    done(world.propose(&shop).await);
    assert_eq!(world.pull("shop").labels, ["deprovision"]);
}

#[tokio::test]
async fn a_bad_token_is_denied_and_is_in_no_error() {
    let world = World::new().await;
    let shop = world.shop("shop");
    let url = world.fake.url();
    let auth = Auth::token(Secret::new("ghp_hunter2"));
    let github = GitHub::new(Server::cloud(&url, &url).unwrap(), auth).unwrap();
    let workshop = std::sync::Arc::new(deprovision_code::GitWorkshop::default());
    let code = deprovision_github::GitHubCode::new(&github, workshop, world.folder.path());
    let error = code.references(&shop, &v1()).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Denied);
    let all = format!("{error} {error:?} {github:?} {code:?}");
    assert!(!all.contains("hunter2"), "I-20: {all}");
    assert!(Auth::app(1, &Secret::new("no key"), 1).is_err());
}

#[tokio::test]
async fn a_name_in_another_spelling_is_the_same_repository() {
    let world = World::new().await;
    world.shop("shop");
    let other = "github:acme:127.0.0.1:SHOP".parse().unwrap();
    let found = world.code().references(&other, &v1()).await.unwrap();
    assert_eq!(found.known_completely().map(Vec::len), Some(3));
}
