//! Searching an organisation, and the issue that shows how far it has come.

use deprovision_core::conformance::done;
use deprovision_core::observation::Observation;
use deprovision_core::provider::ChangeState;
use deprovision_github::{OrganisationSearch, Reach, TrackingIssue};

use crate::world::{World, id, v1};

async fn organisation() -> World {
    let world = World::new().await;
    world.shop("shop");
    world.shop("old");
    world.fake.archive("acme/old").unwrap();
    world.shop("copy");
    world.fake.make_fork("acme/copy").unwrap();
    world
        .fake
        .repository("acme", "clean", &[("a.txt", "nothing\n")])
        .unwrap();
    // The hint sees it, and the search in the clone knows better.
    let longer = [("a.txt", "eu.orders.v1.example.org\n")];
    world.fake.repository("acme", "longer", &longer).unwrap();
    for number in 0..2 {
        let name = format!("other-{number}");
        let none: &[(&str, &str)] = &[];
        world.fake.repository("acme", &name, none).unwrap();
    }
    world
}

fn names(
    found: &Observation<Vec<deprovision_github::FoundRepository>>,
) -> Vec<(String, bool, usize)> {
    let Observation::Known { value, .. } = found else {
        panic!("{found:?}");
    };
    value
        .iter()
        .map(|f| (f.id.name().to_owned(), f.archived, f.references.len()))
        .collect()
}

#[tokio::test]
async fn the_hint_is_confirmed_in_clones_and_says_what_it_does_not_see() {
    let world = organisation().await;
    let search = OrganisationSearch::new(&world.github(), &world.code(), "acme");
    let found = search.find(&v1()).await.unwrap();
    let expected = [("old".to_owned(), true, 3), ("shop".to_owned(), false, 3)];
    assert_eq!(names(&found), expected);
    let doubt = found.doubt().unwrap();
    for part in ["384 KB", "default branch alone", "fork copy"] {
        assert!(doubt.contains(part), "{doubt}");
    }
    let cloned = world.folder.path().join("127.0.0.1/acme/clean.git");
    assert!(!cloned.exists(), "what is not hinted is not cloned");
}

#[tokio::test]
async fn every_repository_can_be_searched_forks_too() {
    let world = organisation().await;
    let search = OrganisationSearch::new(&world.github(), &world.code(), "acme")
        .reaching(Reach::Every)
        .with_forks();
    let found = search.find(&v1()).await.unwrap();
    let all: Vec<String> = names(&found).into_iter().map(|(name, ..)| name).collect();
    assert_eq!(all, ["copy", "old", "shop"]);
    let doubt = found.doubt().unwrap();
    assert!(
        doubt.contains("has no commit") && !doubt.contains("384"),
        "{doubt}"
    );
}

#[tokio::test]
async fn one_issue_tracks_all_and_is_closed_at_the_end() {
    let world = World::new().await;
    world.shop("retirements");
    let issue = TrackingIssue::new(&world.github(), id("retirements"));
    let permit = world.permits.permit().await.unwrap();
    let api = v1().id;
    let show = async |states: [ChangeState; 2]| {
        let changes: Vec<_> = ["shop", "billing"]
            .map(id)
            .into_iter()
            .zip(states)
            .collect();
        done(issue.show(&api, &changes, &permit).await.unwrap()).unwrap()
    };
    let merged = || ChangeState::Merged { at: "c".to_owned() };
    let waiting = ChangeState::Proposed {
        at: "https://x/pull/1".to_owned(),
        left: vec![],
    };
    for _ in 0..2 {
        show([waiting.clone(), ChangeState::Absent]).await;
    }
    let issues = world.fake.issues("acme/retirements").unwrap();
    assert_eq!(issues.len(), 1);
    assert!(
        issues[0].open
            && issues[0]
                .body
                .contains("- [ ] acme/shop: https://x/pull/1 waits")
    );
    show([merged(), waiting]).await;
    let before = world.fake.recorded().len();
    show([merged(), merged()]).await;
    show([merged(), merged()]).await;
    let writes = world.fake.recorded()[before..]
        .iter()
        .filter(|request| !request.operation.starts_with("GET"))
        .count();
    assert_eq!(writes, 1, "what is up to date is not written again");
    let issues = world.fake.issues("acme/retirements").unwrap();
    assert_eq!(issues.len(), 1);
    assert!(!issues[0].open && issues[0].body.contains("- [x] acme/shop: done"));
}
