//! Seeded runs in which calls go wrong: one pull request, one comment, no label twice.
//!
//! 60 seeds; `DEPROVISION_SEEDS=1000` runs as many as that.

use std::collections::BTreeMap;
use std::time::Duration;

use deprovision_core::provider::{ChangeState, Outcome, ProviderError};
use deprovision_core::resource::RepositoryId;
use deprovision_github_fake::Fault;

use crate::world::World;

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
    let mut lanes = tokio::task::JoinSet::new();
    for lane in 0..LANES {
        lanes.spawn(async move {
            let world = World::new().await;
            let mut faults = 0;
            for seed in (lane..seeds()).step_by(usize::try_from(LANES).unwrap()) {
                faults += run(&world, seed).await;
            }
            faults
        });
    }
    let faults: usize = lanes.join_all().await.into_iter().sum();
    println!("{} seeds, {faults} faults", seeds());
    let least = usize::try_from(seeds()).unwrap();
    assert!(faults >= least, "only {faults} calls went wrong");
}

/// One retirement of one repository; gives how many calls went wrong.
async fn run(world: &World, seed: u64) -> usize {
    let mut random = Random(seed);
    let name = format!("shop-{seed}");
    let shop = world.shop(&name);
    let mut faults = until_done(world, &shop, &mut random, seed, true).await;
    assert_one(world, &name, seed);
    if random.below(3) == 0 {
        let text = format!("A = {seed}\nget('https://orders.v1.example/v1/orders/7')\n");
        let full = format!("acme/{name}");
        world
            .fake
            .commit(&full, "main", &[("src/client.py", Some(text))])
            .unwrap();
        assert!(matches!(
            world.state(&shop).await,
            ChangeState::Conflicting { .. }
        ));
        faults += until_done(world, &shop, &mut random, seed, true).await;
        assert_one(world, &name, seed);
    }
    if random.below(2) == 0 {
        faults += until_done(world, &shop, &mut random, seed, false).await;
        let pull = world.pull(&name);
        assert!(!pull.open, "seed {seed}");
        assert_eq!(pull.comments.len(), 1, "seed {seed}: {:?}", pull.comments);
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

fn assert_one(world: &World, name: &str, seed: u64) {
    let pull = world.pull(name);
    assert!(pull.open, "seed {seed}");
    assert_eq!(pull.labels, ["deprovision"], "seed {seed}");
    assert_eq!(pull.reviewers.len(), 2, "seed {seed}: {:?}", pull.reviewers);
    assert_eq!(pull.comments, Vec::<String>::new(), "seed {seed}");
}

/// Tries as the engine does: an outcome is never believed, and what is not seen to be done
/// is sent again after the settle time.
async fn until_done(
    world: &World,
    shop: &RepositoryId,
    random: &mut Random,
    seed: u64,
    forward: bool,
) -> usize {
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
        let work = async {
            match forward {
                true => world.propose(shop).await,
                false => world.withdraw(shop).await,
            }
        };
        // Whoever waits for an answer that never comes is stopped there.
        let given_up = async {
            while world.fake.hanging() == hanging {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let tried: Option<Result<Outcome, ProviderError>> = tokio::select! {
            outcome = work => Some(outcome),
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
