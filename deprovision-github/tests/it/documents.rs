//! One pull request for all documents of a repository, from its opening to its end.

use std::collections::BTreeSet;

use deprovision_core::conformance::not_done;
use deprovision_core::provider::{ChangeState, ErrorKind};
use deprovision_core::resource::{DocumentId, RepositoryId};
use deprovision_github_fake::ShownPull;

use crate::world::{ENTITY, PAGE, World, done};

const BRANCH: &str = "deprovision/orders-v1/documents-deprecated";
const REVERSAL: &str = "deprovision/orders-v1/revert-documents-deprecated";

fn two_of(shop: &RepositoryId) -> [DocumentId; 2] {
    [PAGE, ENTITY].map(|path| shop.document(path).unwrap())
}

fn original(world: &World, path: &str) -> Vec<u8> {
    world.fake.files("acme/shop", "main").unwrap()[path].clone()
}

/// The files that a pull request changes.
fn changed(world: &World, pull: &ShownPull) -> BTreeSet<String> {
    let now = world.fake.files("acme/shop", "main").unwrap();
    let then = world.fake.files_once_merged("acme/shop", pull.number);
    let then = then.unwrap();
    then.into_iter()
        .filter(|(path, bytes)| now.get(path) != Some(bytes))
        .map(|(path, _)| path)
        .collect()
}

#[tokio::test]
async fn two_documents_share_one_pull_request_that_says_what_and_asks_the_owners_of_both() {
    let world = World::new().await;
    let [page, entity] = two_of(&world.shop("shop"));
    done(world.mark(&entity).await);
    let first = world.pull("shop");
    assert_eq!(first.title, "Mark documents of orders-v1 as deprecated");
    assert!(first.body.contains("ends on 2027-01-31"), "{}", first.body);
    assert!(
        first.body.contains("`orders-v2` comes instead"),
        "{}",
        first.body
    );
    assert!(!first.body.contains(PAGE), "{}", first.body);
    assert_eq!(first.reviewers, BTreeSet::from(["ann".to_owned()]));
    let receipt = done(world.mark(&page).await);
    let pull = world.pull("shop");
    assert!(receipt.starts_with(&pull.url), "{receipt}");
    assert_eq!(pull.head, BRANCH);
    assert_eq!(pull.labels, ["deprovision"]);
    let both = ["ann".to_owned(), "dora".to_owned()];
    assert_eq!(pull.reviewers, BTreeSet::from(both));
    for path in [PAGE, ENTITY] {
        let listed = format!("- `{path}`");
        assert!(pull.body.contains(&listed), "{}", pull.body);
    }
    assert_eq!(changed(&world, &pull).len(), 2);
    for id in [&page, &entity] {
        let state = world.mark_state(id).await;
        assert!(
            matches!(&state, ChangeState::Proposed { at, left } if *at == pull.url && left.is_empty()),
            "{state:?}"
        );
    }
}

#[tokio::test]
async fn a_mark_that_is_repeated_writes_nothing_whichever_document_comes_last() {
    let world = World::new().await;
    let text = "openapi: 3.0.3\ninfo: {title: Orders}\npaths:\n  /v1/orders:\n    get: &all\n      \
                responses: {}\n    post: *all\n";
    let shop = world.shop("shop");
    world
        .fake
        .commit("acme/shop", "main", &[("openapi.yaml", Some(text))])
        .unwrap();
    let [page, entity] = two_of(&shop);
    let partly = shop.document("openapi.yaml").unwrap();
    let all = [&page, &partly, &entity];
    for id in all {
        done(world.mark(id).await);
    }
    let state = world.mark_state(&partly).await;
    let ChangeState::Proposed { left, .. } = state else {
        panic!("{state:?}");
    };
    assert_ne!(left, Vec::<String>::new(), "an alias is for a person");
    let body = world.pull("shop").body;
    assert!(
        body.contains(&format!("openapi.yaml: {}", left[0])),
        "{body}"
    );
    let before = world.fake.recorded().len();
    for id in all {
        done(world.mark(id).await);
    }
    let writes: Vec<String> = world.fake.recorded()[before..]
        .iter()
        .map(|request| request.operation.clone())
        .filter(|operation| !operation.starts_with("GET "))
        .collect();
    assert_eq!(writes, Vec::<String>::new());
}

#[tokio::test]
async fn taking_one_mark_back_leaves_the_other_and_taking_both_back_closes_with_a_word() {
    let world = World::new().await;
    let [page, entity] = two_of(&world.shop("shop"));
    done(world.mark(&page).await);
    done(world.mark(&entity).await);
    for _ in 0..2 {
        done(world.unmark(&page).await);
        let pull = world.pull("shop");
        assert!(pull.open);
        assert_eq!(changed(&world, &pull), BTreeSet::from([ENTITY.to_owned()]));
        assert!(!pull.body.contains(PAGE), "{}", pull.body);
        assert_eq!(pull.comments, Vec::<String>::new());
        assert_eq!(world.mark_state(&page).await, ChangeState::Absent);
        let other = world.mark_state(&entity).await;
        assert!(matches!(other, ChangeState::Proposed { .. }), "{other:?}");
    }
    for _ in 0..2 {
        done(world.unmark(&entity).await);
        let pull = world.pull("shop");
        assert!(!pull.open && !pull.merged);
        assert_eq!(pull.comments.len(), 1, "{:?}", pull.comments);
        let branches = world.fake.branches("acme/shop").unwrap();
        assert!(!branches.contains_key(BRANCH), "{branches:?}");
        assert_eq!(world.mark_state(&entity).await, ChangeState::Absent);
    }
    // Called off, and on again.
    done(world.mark(&page).await);
    let open: Vec<bool> = world.pulls("shop").iter().map(|pull| pull.open).collect();
    assert_eq!(open, [false, true]);
}

#[tokio::test]
async fn what_is_merged_is_merged_and_taken_back_by_one_pull_request_for_both() {
    let world = World::new().await;
    let [page, entity] = two_of(&world.shop("shop"));
    let before = [PAGE, ENTITY].map(|path| original(&world, path));
    done(world.mark(&page).await);
    done(world.mark(&entity).await);
    world.fake.merge("acme/shop", 1).unwrap();
    for id in [&page, &entity] {
        let state = world.mark_state(id).await;
        assert!(matches!(state, ChangeState::Merged { .. }), "{state:?}");
    }
    done(world.mark(&page).await);
    assert_eq!(world.pulls("shop").len(), 1, "there is nothing to propose");
    for _ in 0..2 {
        done(world.unmark(&page).await);
        let pulls = world.pulls("shop");
        assert_eq!(pulls.len(), 2);
        assert_eq!(pulls[1].head, REVERSAL);
        assert_eq!(changed(&world, &pulls[1]).len(), 1);
        let state = world.mark_state(&page).await;
        assert_eq!(
            state,
            ChangeState::Reverting {
                at: pulls[1].url.clone()
            }
        );
        let other = world.mark_state(&entity).await;
        assert!(matches!(other, ChangeState::Merged { .. }), "{other:?}");
    }
    done(world.unmark(&entity).await);
    let pulls = world.pulls("shop");
    assert_eq!(pulls.len(), 2, "{pulls:#?}");
    assert_eq!(
        pulls[1].title,
        "Take back the mark of documents of orders-v1 as deprecated"
    );
    assert!(pulls[1].body.contains(PAGE) && pulls[1].body.contains(ENTITY));
    world.fake.merge("acme/shop", 2).unwrap();
    assert_eq!([PAGE, ENTITY].map(|path| original(&world, path)), before);
    assert_eq!(world.mark_state(&page).await, ChangeState::Absent);
}

#[tokio::test]
async fn one_that_a_person_closes_is_a_no_to_every_document_of_the_repository() {
    let world = World::new().await;
    let [page, entity] = two_of(&world.shop("shop"));
    done(world.mark(&page).await);
    let url = world.pull("shop").url;
    world.fake.set_open("acme/shop", 1, false).unwrap();
    let declined = ChangeState::Declined { at: url.clone() };
    for id in [&page, &entity] {
        assert_eq!(world.mark_state(id).await, declined);
        not_done(world.mark(id).await.unwrap(), "a person said no");
    }
    assert!(!world.pull("shop").open);
    world.fake.set_open("acme/shop", 1, true).unwrap();
    done(world.mark(&entity).await);
    assert_eq!(changed(&world, &world.pull("shop")).len(), 2);
    world.fake.set_open("acme/shop", 1, false).unwrap();
    // The no stays until nothing of it is wanted any more.
    done(world.unmark(&page).await);
    not_done(world.mark(&page).await.unwrap(), "the no stands");
    done(world.unmark(&entity).await);
    assert_eq!(world.mark_state(&page).await, ChangeState::Absent);
    done(world.mark(&page).await);
    assert!(world.pulls("shop")[1].open);
}

#[tokio::test]
async fn one_that_conflicts_is_put_on_top_with_all_its_documents() {
    let world = World::new().await;
    let [page, entity] = two_of(&world.shop("shop"));
    done(world.mark(&page).await);
    done(world.mark(&entity).await);
    let text = String::from_utf8(original(&world, ENTITY)).unwrap();
    let text = text.replace("production", "experimental");
    world
        .fake
        .commit("acme/shop", "main", &[(ENTITY, Some(text))])
        .unwrap();
    for id in [&page, &entity] {
        let state = world.mark_state(id).await;
        assert!(
            matches!(state, ChangeState::Conflicting { .. }),
            "{state:?}"
        );
    }
    done(world.mark(&page).await);
    for id in [&page, &entity] {
        let state = world.mark_state(id).await;
        assert!(
            matches!(&state, ChangeState::Proposed { left, .. } if left.is_empty()),
            "{state:?}"
        );
    }
}

#[tokio::test]
async fn the_work_of_others_on_the_branch_is_kept() {
    let world = World::new().await;
    let [page, entity] = two_of(&world.shop("shop"));
    done(world.mark(&page).await);
    world
        .fake
        .commit("acme/shop", BRANCH, &[("by-hand.txt", Some("x\n"))])
        .unwrap();
    let tip = world.fake.branches("acme/shop").unwrap()[BRANCH].clone();
    for outcome in [world.mark(&entity).await, world.unmark(&page).await] {
        not_done(outcome.unwrap(), "somebody works on it");
    }
    assert_eq!(world.fake.branches("acme/shop").unwrap()[BRANCH], tip);
    assert!(world.pull("shop").open);
}

#[tokio::test]
async fn an_archived_repository_is_looked_at_and_not_written_to() {
    let world = World::new().await;
    let shop = world.shop("shop");
    let [page, entity] = two_of(&shop);
    let readme = shop.document("README.md").unwrap();
    done(world.mark(&page).await);
    done(world.mark(&entity).await);
    world.fake.archive("acme/shop").unwrap();
    let before = world.fake.branches("acme/shop").unwrap();
    for outcome in [world.mark(&readme).await, world.unmark(&page).await] {
        let error = outcome.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Unsupported, "{error}");
        assert!(error.to_string().contains("archived"), "{error}");
    }
    assert_eq!(world.fake.branches("acme/shop").unwrap(), before);
    let state = world.mark_state(&page).await;
    assert!(matches!(state, ChangeState::Proposed { .. }), "{state:?}");
}

#[tokio::test]
async fn code_and_documents_of_one_repository_do_not_meet() {
    let world = World::new().await;
    let shop = world.shop("shop");
    let [page, _] = two_of(&shop);
    done(world.propose(&shop).await);
    done(world.mark(&page).await);
    let heads: Vec<String> = world
        .pulls("shop")
        .into_iter()
        .map(|pull| pull.head)
        .collect();
    assert_eq!(heads, ["deprovision/orders-v1/remove-references", BRANCH]);
    done(world.unmark(&page).await);
    let open: Vec<bool> = world.pulls("shop").iter().map(|pull| pull.open).collect();
    assert_eq!(open, [true, false]);
}

#[tokio::test]
async fn an_id_that_names_no_document_says_how_it_is_written() {
    let world = World::new().await;
    world.shop("shop");
    for bad in ["shop", "shop/", "shop/../x.md"] {
        let id: DocumentId = format!("github:acme:127.0.0.1:{bad}").parse().unwrap();
        let error = world.mark(&id).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Invalid, "{error}");
        let advice = "github:OWNER:HOST:REPO/PATH";
        assert!(error.to_string().contains(advice), "{error}");
    }
}
