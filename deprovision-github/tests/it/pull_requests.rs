//! One pull request a repository, from its opening to its end.

use std::collections::BTreeSet;

use deprovision_core::conformance::not_done;
use deprovision_core::provider::{ChangeState, CodeSearch, ErrorKind, Outcome};
use deprovision_github_fake::Fault;

use crate::world::{World, done, id, v1};

const BRANCH: &str = "deprovision/orders-v1/remove-references";

#[tokio::test]
async fn a_pull_request_says_what_and_why_and_asks_the_owners() {
    let world = World::new().await;
    let shop = world.shop("shop");
    let receipt = done(world.propose(&shop).await);
    let pull = world.pull("shop");
    assert!(receipt.starts_with(&pull.url), "{receipt}");
    assert_eq!(pull.title, "Remove references to orders-v1");
    assert!(
        pull.body.contains("`orders-v2` comes instead"),
        "{}",
        pull.body
    );
    assert!(pull.body.contains("`src/client.py`") && pull.body.contains("`config/shop.ini`"));
    assert_eq!(pull.labels, ["deprovision"]);
    let asked = BTreeSet::from(["ann".to_owned(), "platform".to_owned()]);
    assert_eq!(pull.reviewers, asked);
    assert_eq!(pull.head, BRANCH);
}

#[tokio::test]
async fn a_finished_proposal_writes_nothing_when_it_is_repeated() {
    let world = World::new().await;
    let shop = world.shop("shop");
    done(world.propose(&shop).await);
    world.fake.review("acme/shop", 1, "ann").unwrap();
    let before = world.fake.recorded().len();
    done(world.propose(&shop).await);
    let writes: Vec<String> = world.fake.recorded()[before..]
        .iter()
        .map(|request| request.operation.clone())
        .filter(|operation| !operation.starts_with("GET "))
        .collect();
    assert_eq!(
        writes,
        Vec::<String>::new(),
        "who has reviewed is not asked again"
    );
}

/// The number of the call that does this in a proposal, from 1.
async fn nth(operation: &str) -> u64 {
    let world = World::new().await;
    done(world.propose(&world.shop("shop")).await);
    let recorded = world.fake.recorded();
    let at = recorded.iter().position(|it| it.operation == operation);
    u64::try_from(at.expect("it is sent")).unwrap() + 1
}

#[tokio::test]
async fn one_that_was_opened_and_left_there_is_unfinished_until_it_is_proposed_again() {
    let open = nth("POST /repos/{owner}/{repo}/pulls").await;
    let ask = nth("POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers").await;
    let label = nth("POST /repos/{owner}/{repo}/issues/{issue_number}/labels").await;
    for call in [open + 1, ask, label] {
        let world = World::new().await;
        let shop = world.shop("shop");
        world.fake.fault(call, Fault::FailsBefore);
        let outcome = world.propose(&shop).await.unwrap();
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
        let before = world.fake.recorded().len();
        let state = world.state(&shop).await;
        assert!(
            matches!(&state, ChangeState::Unfinished { at, .. } if *at == world.pull("shop").url),
            "call {call}: {state:?}"
        );
        let only_read = |it: &deprovision_github_fake::Recorded| it.operation.starts_with("GET ");
        assert!(world.fake.recorded()[before..].iter().all(only_read));
        done(world.propose(&shop).await);
        let pull = world.pull("shop");
        assert_eq!(pull.labels, ["deprovision"]);
        assert_eq!(pull.reviewers.len(), 2);
        let state = world.state(&shop).await;
        assert!(matches!(state, ChangeState::Proposed { .. }), "{state:?}");
    }
}

#[tokio::test]
async fn a_label_that_github_refuses_does_not_stop_the_proposal_and_is_told_once() {
    let world = World::new().await;
    let shop = world.shop("shop");
    let call = nth("POST /repos/{owner}/{repo}/issues/{issue_number}/labels").await;
    world.fake.fault(call, Fault::Refused);
    let receipt = done(world.propose(&shop).await);
    assert!(receipt.contains("labels were refused"), "{receipt}");
    let state = world.state(&shop).await;
    assert!(matches!(state, ChangeState::Proposed { .. }), "{state:?}");
    assert_eq!(world.pull("shop").labels, Vec::<String>::new());
    done(world.propose(&shop).await);
    assert_eq!(world.pull("shop").labels, ["deprovision"]);
    assert_eq!(world.pull("shop").body.matches("unlabelled").count(), 1);
}

#[tokio::test]
async fn what_people_write_into_the_text_stays() {
    let world = World::new().await;
    let shop = world.shop("shop");
    done(world.propose(&shop).await);
    // A person's commit on top keeps the branch, and the text is theirs too.
    world
        .fake
        .commit("acme/shop", BRANCH, &[("by-hand.txt", Some("x\n"))])
        .unwrap();
    let before = world.pull("shop");
    done(world.propose(&shop).await);
    assert_eq!(world.pull("shop"), before);
    assert!(
        world
            .fake
            .files("acme/shop", BRANCH)
            .unwrap()
            .contains_key("by-hand.txt")
    );
}

#[tokio::test]
async fn one_that_a_person_closed_stays_closed_until_it_is_withdrawn() {
    let world = World::new().await;
    let shop = world.shop("shop");
    done(world.propose(&shop).await);
    let url = world.pull("shop").url;
    world.fake.set_open("acme/shop", 1, false).unwrap();
    assert_eq!(
        world.state(&shop).await,
        ChangeState::Declined { at: url.clone() }
    );
    not_done(world.propose(&shop).await.unwrap(), "a person said no");
    assert!(!world.pull("shop").open);
    // Reopened, it is proposed again.
    world.fake.set_open("acme/shop", 1, true).unwrap();
    assert!(matches!(world.state(&shop).await, ChangeState::Proposed { at, .. } if at == url));
    world.fake.set_open("acme/shop", 1, false).unwrap();
    done(world.withdraw(&shop).await);
    assert_eq!(world.state(&shop).await, ChangeState::Absent);
    done(world.propose(&shop).await);
    let open: Vec<bool> = world.pulls("shop").iter().map(|pull| pull.open).collect();
    assert_eq!(open, [false, true]);
}

#[tokio::test]
async fn one_that_conflicts_says_so_and_is_put_on_top_when_proposed_again() {
    let world = World::new().await;
    let shop = world.shop("shop");
    done(world.propose(&shop).await);
    let text = "A = 2\nget('https://orders.v1.example/v1/orders/8')\n";
    world
        .fake
        .commit("acme/shop", "main", &[("src/client.py", Some(text))])
        .unwrap();
    assert!(matches!(
        world.state(&shop).await,
        ChangeState::Conflicting { .. }
    ));
    done(world.propose(&shop).await);
    assert!(
        matches!(world.state(&shop).await, ChangeState::Proposed { left, .. } if left.is_empty())
    );
    let merged = world.fake.files_once_merged("acme/shop", 1).unwrap();
    let expected = "A = 2\nget('https://orders.v2.example/v2/orders/8')\n";
    assert_eq!(merged["src/client.py"], expected.as_bytes());
    assert_eq!(world.pull("shop").labels, ["deprovision"]);
}

#[tokio::test]
async fn withdrawing_closes_with_a_word_and_deletes_the_branch() {
    let world = World::new().await;
    let shop = world.shop("shop");
    done(world.propose(&shop).await);
    for _ in 0..2 {
        done(world.withdraw(&shop).await);
        let pull = world.pull("shop");
        assert!(!pull.open && !pull.merged);
        assert_eq!(pull.comments.len(), 1, "{:?}", pull.comments);
        assert!(
            !world
                .fake
                .branches("acme/shop")
                .unwrap()
                .contains_key(BRANCH)
        );
    }
}

#[tokio::test]
async fn an_archived_repository_is_searched_and_not_written_to() {
    let world = World::new().await;
    let shop = world.shop("shop");
    world.fake.archive("acme/shop").unwrap();
    let error = world.propose(&shop).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Unsupported, "{error}");
    assert!(error.to_string().contains("archived"), "{error}");
    let found = world.code().references(&shop, &v1()).await.unwrap();
    assert_eq!(found.known_completely().map(Vec::len), Some(3), "{found:?}");
}

#[tokio::test]
async fn a_fork_is_changed_in_itself() {
    let world = World::new().await;
    let shop = world.shop("shop");
    world.fake.make_fork("acme/shop").unwrap();
    done(world.propose(&shop).await);
    assert!(world.pull("shop").open);
}

#[tokio::test]
async fn a_reviewer_that_github_refuses_does_not_stop_the_proposal() {
    let world = World::new().await;
    let shop = world.shop("shop");
    world.fake.collaborators("acme/shop", &["bob"]).unwrap();
    let receipt = done(world.propose(&shop).await);
    assert!(receipt.contains("reviewers were refused"), "{receipt}");
    assert!(world.pull("shop").open);
}

#[tokio::test]
async fn a_branch_of_somebody_else_is_never_touched() {
    let world = World::new().await;
    let shop = world.shop("shop");
    world
        .fake
        .commit("acme/shop", BRANCH, &[("theirs", Some("x"))])
        .unwrap();
    let before = world.fake.branches("acme/shop").unwrap();
    let error = world.propose(&shop).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Conflict, "{error}");
    done(world.withdraw(&shop).await);
    assert_eq!(world.fake.branches("acme/shop").unwrap(), before);
    assert!(world.pulls("shop").is_empty());
}

#[tokio::test]
async fn a_repository_that_is_not_there_is_an_error_and_an_empty_one_is_unknown() {
    let world = World::new().await;
    let error = world
        .code()
        .references(&id("nowhere"), &v1())
        .await
        .unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::NotFound);
    let none: &[(&str, &str)] = &[];
    world.fake.repository("acme", "empty", none).unwrap();
    let seen = world.code().references(&id("empty"), &v1()).await.unwrap();
    assert!(seen.known_completely().is_none(), "{seen:?}");
    not_done(
        world.propose(&id("empty")).await.unwrap(),
        "nothing to propose in",
    );
}
