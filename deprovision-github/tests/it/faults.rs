//! Seeded runs in which calls go wrong: one pull request, one comment, no label twice.
//!
//! 60 seeds; `DEPROVISION_SEEDS=1000` runs as many as that.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;

use deprovision_core::provider::{ChangeState, Outcome, ProviderError};
use deprovision_core::resource::{DocumentId, RepositoryId};
use deprovision_github_fake::Fault;

use crate::world::{ENTITY, PAGE, World};

/// SplitMix64: the same numbers for the same seed, everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    fn fault(&mut self) -> Fault {
        match self.below(8) {
            0 => Fault::FailsBefore,
            1 | 2 => Fault::FailsAfter,
            3 | 4 => Fault::LosesReply,
            5 => Fault::Secondary { retry_after: 60 },
            6 => Fault::Stale,
            // Given up by whoever waits: the same as a process that dies.
            _ => Fault::HangsAfter,
        }
    }
}

fn seeds() -> u64 {
    std::env::var("DEPROVISION_SEEDS").ok().map_or(60, |text| {
        text.parse().expect("DEPROVISION_SEEDS is a number")
    })
}

/// As many at once as there are cores to use, each on a GitHub of its own.
const LANES: u64 = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_there_is_one_pull_request_and_nothing_twice() {
    in_lanes(seeds(), |world, seed| Box::pin(run(world, seed))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_documents_share_one_pull_request_and_nothing_is_lost() {
    // Each is as long as three of the others.
    in_lanes(seeds().div_ceil(3), |world, seed| {
        Box::pin(run_of_documents(world, seed))
    })
    .await;
}

/// A run of one seed; gives how many calls went wrong.
type Run = for<'a> fn(&'a World, u64) -> Pin<Box<dyn Future<Output = usize> + Send + 'a>>;

async fn in_lanes(seeds: u64, run: Run) {
    let mut lanes = tokio::task::JoinSet::new();
    for lane in 0..LANES {
        lanes.spawn(async move {
            let world = World::new().await;
            let mut faults = 0;
            for seed in (lane..seeds).step_by(usize::try_from(LANES).unwrap()) {
                faults += run(&world, seed).await;
            }
            faults
        });
    }
    let faults: usize = lanes.join_all().await.into_iter().sum();
    println!("{} seeds, {faults} faults", seeds);
    let least = usize::try_from(seeds).unwrap();
    assert!(faults >= least, "only {faults} calls went wrong");
}

/// One retirement of one repository; gives how many calls went wrong.
async fn run(world: &World, seed: u64) -> usize {
    let mut random = Random(seed);
    let name = format!("shop-{seed}");
    let shop = world.shop(&name);
    let propose = Job::Propose(&shop);
    let mut faults = until_done(world, &mut random, seed, propose).await;
    assert_one(world, &name, seed);
    if random.below(3) == 0 {
        // Another line than the shop has, whatever the seed.
        let text = format!(
            "A = {}\nget('https://orders.v1.example/v1/orders/7')\n",
            seed + 2
        );
        let full = format!("acme/{name}");
        world
            .fake
            .commit(&full, "main", &[("src/client.py", Some(text))])
            .unwrap();
        let state = world.state(&shop).await;
        assert!(
            matches!(state, ChangeState::Conflicting { .. }),
            "seed {seed}: {state:?}"
        );
        faults += until_done(world, &mut random, seed, propose).await;
        assert_one(world, &name, seed);
    }
    if random.below(2) == 0 {
        let withdraw = Job::Withdraw(&shop);
        faults += until_done(world, &mut random, seed, withdraw).await;
        assert_closed(world, &name, seed);
        assert_eq!(world.state(&shop).await, ChangeState::Absent, "seed {seed}");
    } else {
        world.fake.merge(&format!("acme/{name}"), 1).unwrap();
        assert!(
            matches!(world.state(&shop).await, ChangeState::Merged { .. }),
            "seed {seed}"
        );
    }
    faults
}

/// The same for two documents of one repository.
async fn run_of_documents(world: &World, seed: u64) -> usize {
    let mut random = Random(seed);
    let name = format!("shop-{seed}");
    let shop = world.shop(&name);
    let mut faults = 0;
    let all = [PAGE, ENTITY].map(|path| shop.document(path).unwrap());
    for id in &all {
        faults += until_done(world, &mut random, seed, Job::Mark(id)).await;
    }
    assert_one(world, &name, seed);
    assert_eq!(listed(world, &name), [true, true], "seed {seed}");
    let [page, entity] = &all;
    if random.below(2) == 0 {
        faults += until_done(world, &mut random, seed, Job::Unmark(page)).await;
        assert_one(world, &name, seed);
        assert_eq!(listed(world, &name), [false, true], "seed {seed}");
        let state = world.mark_state(page).await;
        assert_eq!(state, ChangeState::Absent, "seed {seed}");
        faults += until_done(world, &mut random, seed, Job::Unmark(entity)).await;
        assert_closed(world, &name, seed);
        let state = world.mark_state(entity).await;
        assert_eq!(state, ChangeState::Absent, "seed {seed}");
        return faults;
    }
    world.fake.merge(&format!("acme/{name}"), 1).unwrap();
    for id in &all {
        let state = world.mark_state(id).await;
        assert!(
            matches!(state, ChangeState::Merged { .. }),
            "seed {seed}: {state:?}"
        );
    }
    for id in &all {
        faults += until_done(world, &mut random, seed, Job::Unmark(id)).await;
    }
    let pulls = world.pulls(&name);
    assert_eq!(pulls.len(), 2, "seed {seed}: {pulls:#?}");
    assert_eq!(pulls[1].labels, ["deprovision"], "seed {seed}");
    for path in [PAGE, ENTITY] {
        assert!(
            pulls[1].body.contains(path),
            "seed {seed}: {}",
            pulls[1].body
        );
    }
    faults
}

/// Whether the text of the pull request and the change itself have the two documents.
fn listed(world: &World, name: &str) -> [bool; 2] {
    let pull = world.pull(name);
    let full = format!("acme/{name}");
    let now = world.fake.files(&full, "main").unwrap();
    let then = world.fake.files_once_merged(&full, pull.number).unwrap();
    [PAGE, ENTITY].map(|path| {
        let is_changed = now[path] != then[path];
        assert_eq!(
            pull.body.contains(path),
            is_changed,
            "{path}: {}",
            pull.body
        );
        is_changed
    })
}

fn assert_one(world: &World, name: &str, seed: u64) {
    let pull = world.pull(name);
    assert!(pull.open, "seed {seed}");
    assert_eq!(pull.labels, ["deprovision"], "seed {seed}");
    assert_eq!(pull.reviewers.len(), 2, "seed {seed}: {:?}", pull.reviewers);
    assert_eq!(pull.comments, Vec::<String>::new(), "seed {seed}");
}

fn assert_closed(world: &World, name: &str, seed: u64) {
    let pull = world.pull(name);
    assert!(!pull.open, "seed {seed}");
    assert_eq!(pull.comments.len(), 1, "seed {seed}: {:?}", pull.comments);
}

/// What is sent until it is done.
#[derive(Clone, Copy)]
enum Job<'a> {
    Propose(&'a RepositoryId),
    Withdraw(&'a RepositoryId),
    Mark(&'a DocumentId),
    Unmark(&'a DocumentId),
}

impl Job<'_> {
    async fn send(self, world: &World) -> Result<Outcome, ProviderError> {
        match self {
            Self::Propose(id) => world.propose(id).await,
            Self::Withdraw(id) => world.withdraw(id).await,
            Self::Mark(id) => world.mark(id).await,
            Self::Unmark(id) => world.unmark(id).await,
        }
    }
}

/// Tries as the engine does: an outcome is never believed, and what is not seen to be done
/// is sent again after the settle time.
async fn until_done(world: &World, random: &mut Random, seed: u64, job: Job<'_>) -> usize {
    let mut happened = 0;
    for attempt in 0..8 {
        world.fake.settle();
        let count = match attempt {
            0 => 1 + random.below(2),
            1..4 => random.below(3),
            _ => 0,
        };
        let mut planned = BTreeMap::new();
        for _ in 0..count {
            planned.insert(1 + random.below(12), random.fault());
        }
        for (call, fault) in &planned {
            world.fake.fault(*call, *fault);
        }
        let hanging = world.fake.hanging();
        // Whoever waits for an answer that never comes is stopped there.
        let given_up = async {
            while world.fake.hanging() == hanging {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let tried: Option<Result<Outcome, ProviderError>> = tokio::select! {
            outcome = job.send(world) => Some(outcome),
            () = given_up => None,
        };
        // Two at one call are one.
        happened += planned.len() - world.fake.no_more_faults();
        if let Some(Ok(Outcome::NotDone { why })) = &tried {
            panic!("seed {seed}, attempt {attempt}: {why}");
        }
        if matches!(tried, Some(Ok(Outcome::Done { .. }))) {
            return happened;
        }
    }
    panic!("seed {seed}: it was never done");
}
