//! List 300 users, disable their keys, verify: next to Cloud Custodian.

use std::path::Path;

use super::contest::{Contest, Contestant};
use super::options::Options;
use super::show;
use super::stub::Stub;
use crate::bench::aim::{self, Aim, Limit};
use crate::bench::build_example;
use crate::{Failure, Places};

const USERS: u32 = 300;

/// Calls a second and calls at once, of the bucket that throttles.
const BUCKET: (u32, u32) = (20, 100);

const OURS: &str = "**deprovision**: list, disable";
const VERIFIED: &str = "**deprovision**: list, disable, verify";
const NAMED: &str = "**deprovision**: disable what the catalog names";
const CUSTODIAN: &str = "Cloud Custodian: list, disable";

pub(crate) fn run(
    places: &Places,
    programs: &Path,
    options: &Options,
) -> Result<(Vec<Contest>, Vec<Aim>), Failure> {
    let ours = build_example(places, "deprovision-aws", "iam_sweep", &["--all-features"])?;
    let folder = std::env::temp_dir().join(format!("deprovision-sweep-{}", std::process::id()));
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("{} can not be made: {error}", folder.display()))?;
    let names = folder.join("names");
    std::fs::write(&names, named())
        .map_err(|error| format!("{} can not be written: {error}", names.display()))?;
    let mut contests = Vec::new();
    for bucket in [None, Some(BUCKET)] {
        let stub = Stub::start(places, programs, &folder, USERS, bucket)?;
        let mut contest = contest(places, programs, (&folder, &names), &ours, &stub, bucket);
        contest.run(
            places,
            options.rounds,
            |_| stub.reset(),
            |_, _| {
                let stats = stub.stats()?;
                if stats.inactive != u64::from(USERS) {
                    return Err(format!("{} keys are disabled, of {USERS}", stats.inactive));
                }
                Ok(vec![stats.total, stats.throttled, stats.peak])
            },
        )?;
        show(&contest);
        contests.push(contest);
    }
    let _ = std::fs::remove_dir_all(&folder);
    let aims = aims(&contests);
    println!("{}", aim::table(&aims));
    Ok((contests, aims))
}

fn contest(
    places: &Places,
    programs: &Path,
    (folder, names): (&Path, &Path),
    ours: &Path,
    stub: &Stub,
    bucket: Option<(u32, u32)>,
) -> Contest {
    let url = stub.url();
    let sweep = |more: &[&str]| {
        let mut command = vec![ours.display().to_string()];
        command.extend(["--endpoint", &url, "--concurrency", "16"].map(str::to_owned));
        command.extend(more.iter().map(|&word| word.to_owned()));
        command
    };
    let custodian = [
        "env".to_owned(),
        "AWS_ACCESS_KEY_ID=nobody".to_owned(),
        "AWS_SECRET_ACCESS_KEY=nothing".to_owned(),
        format!("AWS_ENDPOINT_URL={url}"),
        programs.join("custodian").display().to_string(),
        "run".to_owned(),
        "--output-dir".to_owned(),
        folder.join("custodian").display().to_string(),
        "--cache-period=0".to_owned(),
        "--region=us-east-1".to_owned(),
        places
            .root
            .join("xtask/bench/custodian.yml")
            .display()
            .to_string(),
    ];
    let mut contestants = vec![
        Contestant::new(OURS, sweep(&["--no-verify"])),
        Contestant::new(CUSTODIAN, custodian),
        Contestant::new(VERIFIED, sweep(&[])),
    ];
    let title = match bucket {
        None => {
            let names = names.display().to_string();
            contestants.push(Contestant::new(
                NAMED,
                sweep(&["--no-verify", "--named", &names]),
            ));
            format!("{USERS} users, 30 ms a call")
        }
        Some((rate, burst)) => format!(
            "{USERS} users, 30 ms a call, {rate} calls a second and {burst} at once, then throttled"
        ),
    };
    Contest {
        title,
        columns: vec!["calls", "throttled", "at once"],
        contestants,
    }
}

/// The keys as a catalog names them: those that the stand-in has.
fn named() -> String {
    (0..USERS)
        .map(|number| format!("svc-{number:04}/AKIASTUB{number:012}\n"))
        .collect()
}

fn aims(contests: &[Contest]) -> Vec<Aim> {
    let mut aims = Vec::new();
    if let [free, throttled] = contests {
        aims.extend(free_aims(free));
        for name in [OURS, VERIFIED] {
            aims.extend(
                throttled
                    .find(name)
                    .and_then(throttled_aims)
                    .into_iter()
                    .flatten(),
            );
        }
    }
    aims
}

fn free_aims(contest: &Contest) -> Vec<Aim> {
    let mut aims = Vec::new();
    let theirs = contest.find(CUSTODIAN).and_then(Contestant::wall);
    for name in [OURS, VERIFIED] {
        let ours = contest.find(name).and_then(Contestant::wall);
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            aims.push(Aim {
                what: format!("time of Cloud Custodian over {name}"),
                limit: Limit::AtLeast(14.0),
                measured: theirs / ours,
            });
        }
    }
    for (name, most) in [(OURS, 604.0), (NAMED, 301.0)] {
        if let Some(calls) = contest.find(name).and_then(|one| most_counted(one, 0)) {
            aims.push(Aim {
                what: format!("{name}: calls"),
                limit: Limit::AtMost(most),
                measured: calls,
            });
        }
    }
    aims
}

fn throttled_aims(ours: &Contestant) -> Option<[Aim; 2]> {
    let (rate, burst) = (f64::from(BUCKET.0), f64::from(BUCKET.1));
    let (calls, throttled) = (most_counted(ours, 0)?, most_counted(ours, 1)?);
    // What was throttled took no token.
    let floor = (calls - throttled - burst) / rate;
    Some([
        Aim {
            what: format!(
                "throttled, {}: time over the floor of {floor:.1} s",
                ours.name
            ),
            limit: Limit::AtMost(1.05),
            measured: ours.wall()? / floor,
        },
        Aim {
            what: format!("throttled, {}: refused calls, percent of all", ours.name),
            limit: Limit::AtMost(1.0),
            measured: throttled / calls * 100.0,
        },
    ])
}

/// The most that was counted in a column, in any run.
fn most_counted(one: &Contestant, column: usize) -> Option<f64> {
    let counts = one.counted.iter().filter_map(|counted| counted.get(column));
    counts.max().copied().map(precise)
}

#[expect(clippy::cast_precision_loss, reason = "counts of calls are small")]
fn precise(count: u64) -> f64 {
    count as f64
}
