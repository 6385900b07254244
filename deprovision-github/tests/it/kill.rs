//! A process that is killed at any call: the next one finishes what it began.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use deprovision_core::conformance::Permits;
use deprovision_core::provider::{ChangeProposer, DocumentUpdater};
use deprovision_core::resource::RepositoryId;
use deprovision_github::GitHubDocuments;
use deprovision_github_fake::Fault;

use crate::world::{ENTITY, PAGE, World, code_at, deprecated, done, removal};

const JOB: &str = "DEPROVISION_GITHUB_JOB";

/// What the killed process does: nothing, unless a test of this file started it.
#[tokio::test]
async fn the_process_that_is_killed() {
    let Ok(job) = std::env::var(JOB) else {
        return;
    };
    let [what, url, folder, repository] = job.split('|').collect::<Vec<_>>()[..] else {
        panic!("{job}");
    };
    let code = code_at(url, folder.as_ref());
    let repository: RepositoryId = repository.parse().unwrap();
    let page = repository.document(PAGE).unwrap();
    let documents = GitHubDocuments::new(&code);
    let permit = Permits::new().permit().await.unwrap();
    let outcome = match what {
        "propose" => code.propose(&repository, &removal(), &permit).await,
        "withdraw" => code.withdraw(&repository, &removal(), &permit).await,
        "mark" => documents.mark(&page, &deprecated(), &permit).await,
        "unmark" => documents.unmark(&page, &deprecated(), &permit).await,
        _ => panic!("{what}"),
    };
    done(outcome);
}

fn start(world: &World, what: &str, repository: &RepositoryId) -> Child {
    let job = format!(
        "{what}|{}|{}|{repository}",
        world.fake.url(),
        world.folder.path().display()
    );
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::the_process_that_is_killed"])
        .env(JOB, job)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills it with SIGKILL once the call hangs; `false` when it ended before.
async fn killed_at(world: &World, child: &mut Child, call: u64) -> bool {
    let give_up = Instant::now() + Duration::from_secs(60);
    loop {
        if world.fake.hanging() > 0 {
            break;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(Instant::now() < give_up, "call {call} never came");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    true
}

/// How many calls were hit, each before and after its effect.
async fn at_every_call(
    what: &str,
    prepare: impl AsyncFn(&World, &RepositoryId),
    finish: impl AsyncFn(&World, &str, &RepositoryId),
) -> u64 {
    for call in 1.. {
        for fault in [Fault::HangsBefore, Fault::HangsAfter] {
            let world = World::new().await;
            let shop = world.shop("shop");
            prepare(&world, &shop).await;
            world.fake.fault(call, fault);
            let mut child = start(&world, what, &shop);
            if !killed_at(&world, &mut child, call).await {
                return call - 1;
            }
            finish(&world, "shop", &shop).await;
        }
    }
    unreachable!("the calls end")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proposal_that_is_killed_at_any_call_is_finished_by_the_next_process() {
    let calls = at_every_call(
        "propose",
        async |_, _| {},
        async |world, name, shop| {
            done(world.propose(shop).await);
            let pull = world.pull(name);
            assert!(pull.open);
            assert_eq!(pull.labels, ["deprovision"]);
            assert_eq!(pull.reviewers.len(), 2);
            assert_eq!(pull.comments, Vec::<String>::new());
        },
    )
    .await;
    assert!(calls >= 9, "a proposal has more than {calls} calls");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawal_that_is_killed_at_any_call_is_finished_by_the_next_process() {
    let calls = at_every_call(
        "withdraw",
        async |world, shop| {
            done(world.propose(shop).await);
        },
        async |world, name, shop| {
            done(world.withdraw(shop).await);
            let pull = world.pull(name);
            assert!(!pull.open);
            assert_eq!(pull.comments.len(), 1, "{:?}", pull.comments);
            assert_eq!(world.fake.branches("acme/shop").unwrap().len(), 1);
        },
    )
    .await;
    assert!(calls >= 6, "a withdrawal has more than {calls} calls");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_mark_that_is_killed_at_any_call_extends_the_pull_request_of_the_first() {
    let calls = at_every_call(
        "mark",
        async |world, shop| {
            done(world.mark(&shop.document(ENTITY).unwrap()).await);
        },
        async |world, name, shop| {
            done(world.mark(&shop.document(PAGE).unwrap()).await);
            let pull = world.pull(name);
            assert!(pull.open);
            assert!(pull.body.contains(PAGE) && pull.body.contains(ENTITY));
            assert_eq!(pull.labels, ["deprovision"]);
            assert_eq!(pull.reviewers.len(), 2);
            assert_eq!(pull.comments, Vec::<String>::new());
        },
    )
    .await;
    assert!(calls >= 9, "a second mark has more than {calls} calls");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_marks_that_is_taken_back_and_killed_at_any_call_leaves_the_other() {
    let calls = at_every_call(
        "unmark",
        async |world, shop| {
            for path in [PAGE, ENTITY] {
                done(world.mark(&shop.document(path).unwrap()).await);
            }
        },
        async |world, name, shop| {
            done(world.unmark(&shop.document(PAGE).unwrap()).await);
            let pull = world.pull(name);
            assert!(pull.open);
            assert!(!pull.body.contains(PAGE) && pull.body.contains(ENTITY));
            let files = world.fake.files_once_merged("acme/shop", 1).unwrap();
            let before = world.fake.files("acme/shop", "main").unwrap();
            assert_eq!(files[PAGE], before[PAGE]);
            assert_ne!(files[ENTITY], before[ENTITY]);
        },
    )
    .await;
    assert!(calls >= 6, "taking a mark back has more than {calls} calls");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_killed_while_it_clones_leaves_nothing_that_the_next_can_not_use() {
    let world = World::new().await;
    for (index, wait) in [20, 40, 60, 80, 120, 160, 240].into_iter().enumerate() {
        let name = format!("shop-{index}");
        let shop = world.shop(&name);
        let mut child = start(&world, "propose", &shop);
        tokio::time::sleep(Duration::from_millis(wait)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        done(world.propose(&shop).await);
        assert_eq!(
            world.pull(&name).labels,
            ["deprovision"],
            "killed after {wait} ms"
        );
    }
}
